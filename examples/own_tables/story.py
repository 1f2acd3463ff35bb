"""A library lends to another one, in its own tables and its own transactions.

Run it: `python examples/own_tables/story.py [folder]`. It makes `library.db` there, or in a temporary
folder, and tells what it does. Needs no server and no extra.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from library import Library, LibraryFacts, LibraryMail, hand_out, note
from library_storage import LibraryStorage, LibrarysTransaction, OwnTransactions, stamp

from servflow.adapters.text_babel import BabelWording
from servflow.codec import Codec
from servflow.core.changes import Actor, Command, Office
from servflow.core.errors import Refused
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import InstitutionKind, SecurityKind
from servflow.core.ill.terms import Requested
from servflow.core.money import Money
from servflow.desk import Desk
from servflow.rulebooks import lending_policy, load

LENDER, BORROWER, CASE = "CN-NLC", "CN-110108", "CN-110108/42"
STAFF, THEY = Actor("librarian-1", LENDER, Office.STAFF), Actor(BORROWER, BORROWER, Office.STAFF)
SYSTEM = Actor(BORROWER, BORROWER, Office.SYSTEM)
AT = datetime(2026, 1, 30, 9, tzinfo=UTC)


class Desks:
    """The same desk over two storages: in a transaction of the library's, and with its own for mail."""

    def __init__(self, library: Library) -> None:
        self._facts = LibraryFacts(library)
        self._codec = Codec(ILL)  # made once: it learns the classes it meets
        self._policy = lending_policy(load("nlc/interlibrary-loan"), library=LENDER)
        self.own = LibraryStorage(self._codec, OwnTransactions(library.connect))
        self.mail = Desk(
            ILL,
            storage=self.own,
            facts=self._facts,
            policy=self._policy,
            mail=LibraryMail(),
            wording=BabelWording("The library"),
        )

    def within(self, connection: sqlite3.Connection) -> Desk:
        """For as long as the transaction on ``connection``; it costs next to nothing to make."""
        storage = LibraryStorage(self._codec, LibrarysTransaction(connection))
        return Desk(ILL, storage=storage, facts=self._facts, policy=self._policy)


def say(command: type[Command], case: str, by: Actor = STAFF, **fields: object) -> Command:
    """A command whose id says what is said, so that said again it is the same one.

    This story says everything once. A program takes the token of the form that was filled in: by an id
    such as this one, a case would hear each kind of command a single time.
    """
    id = f"{command.__name__}/{case}"
    return command(id=id, case=case, by=by, happened_at=AT, recorded_at=AT, **fields)


def begin(connection: sqlite3.Connection, desk: Desk) -> None:
    """Rows of the library's, then an agreement and a request: all of it in one transaction."""
    agency = (BORROWER, "A university library", "ill@university.example", "en")
    connection.execute("INSERT INTO agency VALUES (?, ?, ?, ?)", agency)
    connection.execute("INSERT INTO item VALUES ('NLC-1', '溪山琴谱', 1)")
    connection.execute(
        "INSERT INTO mail_queue (recipient, body, status_code, changed_at)"
        " VALUES ('reader 7', 'The book you wait for is here.', 'pending', ?)",
        (stamp(AT),),
    )
    kind, amount = InstitutionKind.UNIVERSITY_LIBRARY, Money("500", "CNY")
    desk.do(say(c.Apply, BORROWER, THEY, lender=LENDER, kind=kind))
    desk.do(say(c.Approve, BORROWER))
    desk.do(say(c.Sign, BORROWER, agreements=("borrowing", "copyright")))
    desk.do(say(c.IssueCard, BORROWER, card="NLC-ILL-0108"))
    desk.do(say(c.PaySecurity, BORROWER, kind=SecurityKind.DEPOSIT, amount=amount))
    book = {"card": "NLC-ILL-0108", "requested": Requested(title="溪山琴谱")}
    desk.do(say(c.ReceiveRequest, CASE, THEY, requester=BORROWER, supplier=LENDER, request_id="42", **book))
    desk.do(say(c.Promise, CASE))


def ship(connection: sqlite3.Connection, desk: Desk, barcode: str) -> None:
    """Our commit, and the library's own bookkeeping after it: both count, or neither."""
    desk.do(say(c.Ship, CASE, items=(barcode,)))
    connection.execute("UPDATE ill_request SET pickup_shelf = 'post room' WHERE case_id = ?", (CASE,))
    hand_out(connection, barcode, who=STAFF.party, at=stamp(AT))


def show(library: Library, heading: str) -> None:
    """What stands in the library's tables."""
    print(heading)
    with closing(library.connect()) as connection:
        for number, state, title, due, shelf in connection.execute(
            "SELECT request_no, status_code, title, due_on, pickup_shelf FROM ill_desk"
        ):
            print(f"   request {number}: {title}, {state}, due {due or '-'}, shelf {shelf or '-'}")
        for barcode, in_house in connection.execute("SELECT barcode, in_house FROM item"):
            print(f"   item {barcode}: {'in the house' if in_house else 'out'}")
        for who, what in connection.execute("SELECT who, what FROM audit_line"):
            print(f"   audit: {who}: {what}")


def tell(folder: Path) -> None:
    """The story: together, not at all, refused, and the mail."""
    library = Library(folder / "library.db")
    desks = Desks(library)
    with library.transaction() as connection:
        begin(connection, desks.within(connection))
    show(library, "A request has come in, and is promised:")

    try:
        with library.transaction() as connection:
            ship(connection, desks.within(connection), "NLC-2")
    except LookupError as error:
        show(library, f"Shipped, said servflow; the library said: {error}. So nothing happened:")

    with library.transaction() as connection:
        ship(connection, desks.within(connection), "NLC-1")
    show(library, "Shipped, and the item is out; one commit:")

    with library.transaction() as connection:
        note(connection, "asked for a renewal", who=BORROWER, at=stamp(AT))
        try:
            desks.within(connection).do(say(c.GrantRenewal, CASE, STAFF))
        except Refused as error:
            refused = error
    show(library, f"Refused ({refused}); what the library wrote it keeps:")

    print("Mail leaves by a storage with transactions of its own:")
    deliveries = desks.mail.deliver(AT + timedelta(minutes=1))
    with closing(library.connect()) as connection:
        ((waiting,),) = connection.execute("SELECT count(*) FROM mail_queue WHERE message_key IS NULL")
    print(f"   {deliveries.sent} sent; of the library's own mail {waiting} waits as before")
    desks.own.close()


def main() -> int:
    """In the folder that is named, or in one that is gone afterwards."""
    if len(sys.argv) == 1:
        with tempfile.TemporaryDirectory() as temporary:
            tell(Path(temporary))
        return 0
    folder = Path(sys.argv[1])
    if not folder.is_dir() or (folder / "library.db").exists():
        print(f"{folder} is no folder, or has a library.db already; name another one", file=sys.stderr)
        return 2
    tell(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
