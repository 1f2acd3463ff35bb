"""A library, a centre and two lending libraries, each a process of its own: two loans, and the month settled.

A reader's library asks the centre for a book. The centre asks the nearest library that holds it, hears
"no", and asks the next one; the reader's library hears of none of that. What the libraries say to each
other goes over HTTP, in ISO 18626; what is printed is what was heard at the other end.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from servflow.adapters.facts_file import FactsFile
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import Texts
from servflow.codec import Codec
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.dates import Term
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.centre.effects import via
from servflow.core.ill.centre.settlement import settle
from servflow.core.ill.centre.settling import DrawUpSettlement, SettleMember, Settlement
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.filing.commands import FileRequest
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import InstitutionKind, SecurityKind
from servflow.core.ill.network.modes import Route
from servflow.core.ill.terms import Requested, Service, Unfilled
from servflow.core.ledger import Account, AccountKind, statement
from servflow.core.money import Money, total

HERE = Path(__file__).parent
DESK = HERE / "desk.py"
REFS = {"home": "CN-500107", "centre": "CN-CENTRE", "lender-1": "CN-440100", "lender-2": "CN-320500"}
HOME, THERE, FIRST, SECOND = REFS.values()
CODEC = Codec(CENTRE)
TEXTS = Texts("en")
MARCH = Term(date(2026, 3, 1), date(2026, 4, 1))
LONGEST = 10  # seconds for which a process may take to end


class Library:
    """A library that runs in a process of its own, and how it is spoken to."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(  # noqa: S603 -- this interpreter, a file beside this one
            [sys.executable, DESK, name, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    @property
    def port(self) -> int:
        """Where it listens: the first thing that it says."""
        port: int = self._read()["port"]
        return port

    def meet(self, peers: Mapping[str, tuple[int, str]]) -> None:
        """It is told where the others listen, and by which keys they know each other."""
        self._write(peers)

    def tell(self, **told: Any) -> Any:
        """It does what it is told, and answers."""
        self._write(told)
        answer = self._read()
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer["done"]

    def end(self) -> None:
        """Its input ends, and so does it."""
        with suppress(BrokenPipeError):
            self._pipe.close()
        try:
            code = self._process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if code:
            print(f"{self.name}: its process ended with {code}", file=sys.stderr)

    @property
    def _pipe(self) -> Any:
        return self._process.stdin

    def _write(self, told: object) -> None:
        with suppress(BrokenPipeError):  # it has ended: the next thing that is read says so
            self._pipe.write(f"{json.dumps(told)}\n")
            self._pipe.flush()

    def _read(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise RuntimeError(f"{self.name}: its process has ended")
        return json.loads(line)


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Library]]:
    """All four libraries by their references; each pair of them shares a key. They end with the block."""
    with ExitStack() as ends:
        libraries: dict[str, Library] = {}
        for name, ref in REFS.items():
            libraries[ref] = Library(name, folder)
            ends.callback(libraries[ref].end)
        ports = {ref: library.port for ref, library in libraries.items()}
        keys = {frozenset(pair): secrets.token_hex(16) for pair in combinations(ports, 2)}
        for ref, library in libraries.items():
            others = {other: port for other, port in ports.items() if other != ref}
            library.meet({other: (port, keys[frozenset((ref, other))]) for other, port in others.items()})
        yield libraries


class Story:
    """What is said at the desks, one thing after the other, and what the libraries hear of it."""

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self.libraries = libraries
        self.number = 0
        self.today: date | None = None

    def say(self, at: datetime, ref: str, command: type[Command], case: str, by: Actor, **said: Any) -> None:
        """A command at one desk; an hour later all that has to be told because of it is told."""
        self.number += 1
        document = CODEC.encode_command(
            command(id=f"network-{self.number}", case=case, by=by, happened_at=at, recorded_at=at, **said)
        )
        if self.today != at.date():
            self.today = at.date()
            print(TEXTS.day(self.today))
        who = by.party if by.serves == ref else by.serves
        print(f"  {ref}: {TEXTS.command(command)} ({who})")
        self.libraries[ref].tell(do=document)
        self.post(at + timedelta(hours=1))

    def post(self, at: datetime) -> None:
        """All clocks are set, and whatever waits is sent, until nobody has anything to say."""
        for library in self.libraries.values():
            library.tell(at=at.isoformat())
        sent = 1
        while sent:
            sent = sum(map(self._sent, self.libraries.values()))

    def _sent(self, library: Library) -> int:
        sent: int = library.tell(send=True)
        for ref, listener in self.libraries.items():
            for sender, words in listener.tell(heard=True):
                print(f"    {sender} -> {ref}  {words}")
        return sent


@dataclass(frozen=True)
class Loan:
    """A reader's need, and by which ids it is known at each desk."""

    case: str
    patron: str
    title: str

    @property
    def taken(self) -> str:
        """The centre's transaction towards the library that asks."""
        return f"{HOME}/{self.case}~1"

    def asked(self, number: int) -> str:
        """The transaction of the library that the centre asks as the first, or as the second one."""
        return f"{THERE}/{via(self.taken)}~{number}"


def staff(ref: str) -> Actor:
    """A librarian of that library."""
    return Actor("librarian", ref, Office.STAFF)


def at(day: str, hour: int = 10) -> datetime:
    """An hour of a day in Beijing."""
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+08:00")


def relations(story: Story) -> None:
    """The library has joined the centre, and the centre borrows from both lenders."""
    university = InstitutionKind.UNIVERSITY_LIBRARY
    for lender, borrower, agreements in (
        (THERE, HOME, ()),
        (FIRST, THERE, ("borrowing", "copyright")),
        (SECOND, THERE, ("borrowing", "copyright")),
    ):
        day = at("2026-02-02")
        story.say(day, lender, c.Apply, borrower, staff(borrower), lender=lender, kind=university)
        story.say(day, lender, c.Approve, borrower, staff(lender))
        story.say(day, lender, c.Sign, borrower, staff(lender), agreements=agreements)
        if lender != THERE:
            paid = {"kind": SecurityKind.DEPOSIT, "amount": Money("500", "CNY")}
            story.say(day, lender, c.PaySecurity, borrower, staff(lender), **paid)


def order(story: Story, loan: Loan, day: str) -> None:
    """A reader files at his library's gateway; it asks the centre, which asks whoever holds it nearest."""
    reader = Actor(loan.patron, HOME, Office.PERSON)
    asked = {"patron": loan.patron, "service": Service.LOAN, "requested": Requested(title=loan.title)}
    story.say(at(day), HOME, FileRequest, loan.case, reader, library=HOME, route=Route.LOGIN, **asked)
    story.say(at(day, 14), HOME, b.ApproveRequest, loan.case, staff(HOME))


def lend(story: Story, loan: Loan, lender: str, number: int, days: tuple[str, str, str, str]) -> None:
    """It is sent, comes through the post, is read, and goes the same way back."""
    sent, came, back, home = days
    story.say(at(sent), lender, c.Ship, loan.asked(number), staff(lender), items=(f"{lender}-0077",))
    story.say(at(came), HOME, b.Receive, loan.case, staff(HOME))
    story.say(at(came, 14), HOME, b.CheckOut, loan.case, staff(HOME))
    story.say(at(back), HOME, b.TakeBack, loan.case, staff(HOME))
    story.say(at(back, 14), HOME, b.ShipBack, loan.case, staff(HOME))
    story.say(at(home), lender, c.CheckIn, loan.asked(number), staff(lender))


def loans(story: Story) -> None:
    """One book is not where it should be, and comes from the second library; another one comes at once."""
    first, second = Loan("W-1", "p-9", "古城水系考"), Loan("W-2", "p-14", "海上丝路港口志")
    order(story, first, "2026-03-02")
    missing = {"why": Unfilled.NOT_ON_SHELF}
    story.say(at("2026-03-03"), FIRST, c.CannotSupply, first.asked(1), staff(FIRST), **missing)
    lend(story, first, SECOND, 2, ("2026-03-04", "2026-03-09", "2026-03-13", "2026-03-17"))
    order(story, second, "2026-03-18")
    lend(story, second, FIRST, 1, ("2026-03-19", "2026-03-23", "2026-03-27", "2026-03-31"))


def month(story: Story) -> None:
    """The centre draws up what everybody owes for March; all of them pay, or are paid."""
    term = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
    story.say(at("2026-04-01"), THERE, DrawUpSettlement, "2026-03", staff(THERE), **term)
    for number, member in enumerate((HOME, FIRST, SECOND)):
        story.say(
            at("2026-04-07", 9 + 2 * number), THERE, SettleMember, "2026-03", staff(THERE), member=member
        )


def books(folder: Path) -> dict[str, SqliteStorage]:
    """What every library of the network has stored, once its process has ended."""
    return {ref: SqliteStorage(folder / f"{name}.db", CODEC) for name, ref in REFS.items()}


def tell(folder: Path) -> None:
    """The whole story, in processes that are gone at its end."""
    folder.mkdir()
    for name, ref in REFS.items():
        print(f"{ref}  {FactsFile(HERE / f'{name}.toml').library.name} ({name})")
    print()
    with running(folder) as libraries:
        story = Story(libraries)
        relations(story)
        loans(story)
        month(story)


def settlement(storages: Mapping[str, SqliteStorage]) -> bool:
    """Shows what each gets for March by the centre's books, and by its own.

    True if both say the same, all of it sums to nothing, and everybody is level.
    """
    members = [ref for ref in storages if ref != THERE]
    sheet = settle(storages[THERE].postings(), members, MARCH, centre=THERE, currency="CNY")
    gets = {**sheet.positions, THERE: sheet.gained}  # its own gain as counted from the other side
    print(f"{'':<12} {'owes':>12} {'is owed':>12} {'gets':>12} {'by its own books':>18}")
    for due in sheet.dues:
        shown = (due.owes, due.owed, gets[due.member], _by_its_own(storages[due.member]))
        print(f"{due.member:<12} {'{:>12} {:>12} {:>12} {:>18}'.format(*map(TEXTS.money, shown))}")
    print(f"{THERE:<12} {TEXTS.money(sheet.gained):>38}")
    in_all = total(gets.values(), "CNY")
    print(f"{'in all':<12} {TEXTS.money(in_all):>38}")
    it = storages[THERE].load(Key(Settlement.kind, "2026-03"))
    assert isinstance(it, Settlement)
    print(f"The settlement {it.id} of {THERE}: {TEXTS.state(it.kind, it.state)}")
    agreed = all(_by_its_own(storages[ref]) == gets[ref] for ref in members)
    return agreed and not in_all and sheet.balanced and not it.unpaid


def _by_its_own(storage: SqliteStorage) -> Money:
    """What the centre owes a library for March, less what it owes the centre, by the library's own books."""
    postings = tuple(storage.postings())
    owed, owes = (
        statement(postings, Account(kind, THERE), "CNY", MARCH)
        for kind in (AccountKind.RECEIVABLE, AccountKind.PAYABLE)
    )
    return (owed.closing - owed.opening) - (owes.closing - owes.opening)
