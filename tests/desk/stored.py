"""Something stored, for the tests of what is done with all of it: a loan desk's story, toys' histories."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from loan_desk import CITY, NLC, PERSON, TOWN, LoanDesk, of

from servflow.codec import Codec
from servflow.core.changes import Actor, Command, Key, Message, Office, Withdrawal
from servflow.core.citations import Clause, Reason
from servflow.core.errors import AlreadyExists, NotFound, Refused
from servflow.core.fees.charges import Charge, Operation, Step
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Status, Storage
from servflow.desk import export
from servflow.testing import toys

__all__ = [
    "BESIDE",
    "NAMES",
    "READER",
    "Saying",
    "archive_of",
    "edited",
    "loan_story",
    "policies",
    "sayings",
    "tell",
    "toy_story",
]

READER: Final = "7R"  # the reference of a person; it is part of 17R, who is somebody else
BESIDE: Final = "17R"
NAMES: Final = ('李"小\\龙', "长安街 1\n号", "O'Brien & sons")
"""What a host knows of the reader: texts with signs that JSON escapes, and others."""

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def policies() -> dict[tuple[str, str], Any]:
    """The policy of the loan desk by its digests."""
    return {(NLC.rulebook, NLC.calendar_digest): NLC}


def archive_of(storage: Storage) -> bytes:
    """All that is stored, as an archive."""
    written = BytesIO()
    export(storage.records(), written.write)
    return written.getvalue()


def edited(path: Path, *statements: str) -> None:
    """A SQLite file after somebody has worked on it by hand; each statement has changed one row at least."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            assert connection.execute(statement).rowcount, statement
        connection.commit()


def loan_story(storage: Storage) -> LoanDesk:
    """Two institutions: one with two loans, of which one came back late, and one with none out."""
    desk = LoanDesk(storage, Codec(ILL))
    desk.relate(TOWN)
    desk.relate(CITY, security=SecurityKind.PREPAYMENT, amount=50, day="2026-01-06")
    desk.lend("loan-1", TOWN, items=2)
    desk.lend("loan-2", TOWN, day="2026-02-02")
    desk.request("loan-3", PERSON, day="2026-02-03")
    desk.night("2026-03-10")
    desk.say(c.CheckIn, "loan-1", "2026-03-12")
    desk.say(c.RequestRenewal, "loan-2", "2026-02-20", recorded="2026-03-13", by=of(TOWN), reason="more time")
    return desk


# --- toys -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Saying:
    """What is said to the toys: about whom, and with what."""

    what: str
    who: str
    number: int
    text: str


_WHAT: Final = (
    "open",
    "open held",
    "count",
    "count",
    "tell",
    "tell",
    "post",
    "post",
    "close",
    "mail",
    "withdraw",
)
sayings: Final = st.builds(
    Saying,
    what=st.sampled_from(_WHAT),
    who=st.sampled_from((READER, BESIDE)),
    number=st.integers(1, 3),
    text=st.sampled_from(("hello", *NAMES, f"for {NAMES[0]}{NAMES[1]}"))
    | st.text(max_size=5).filter(str.isprintable),
)


def tell(storage: Storage, told: Iterable[Saying]) -> list[Command]:
    """Say it all, one a minute; the commands that were taken."""
    taken = []
    for n, saying in enumerate(told):
        at = _START + timedelta(minutes=n)
        if saying.what == "mail":
            _mail(storage, saying, at)
            continue
        for command in _commands(saying, n, at):
            try:
                _do(storage, command, saying.who)
                taken.append(command)
            except (AlreadyExists, NotFound, Refused):
                continue
    return taken


def toy_story(storage: Storage) -> list[Command]:
    """A short one, with everything in it."""
    words = ("open held", "count", "tell", "post", "mail", "tell", "withdraw", "tell", "open", "post", "tell")
    said = [Saying(what, who, 1, NAMES[0]) for what in words for who in (READER, BESIDE)]
    said.insert(12, Saying("mail", READER, 3, NAMES[1]))
    return tell(storage, [*said, *(Saying("tell", READER, 1, f"for {name}") for name in NAMES)])


def _mail(storage: Storage, saying: Saying, at: datetime) -> None:
    statuses = (Status.SENT, Status.FAILED, Status.PENDING)
    for n, outgoing in enumerate(storage.claim(at, until=at + timedelta(minutes=3), limit=2)):
        if n < saying.number - 1:
            status = statuses[(saying.number + n) % 3]
            storage.settle(
                outgoing.message.key, at=at, status=status, note=f"to {outgoing.message.to}, {saying.text}"
            )


def _commands(saying: Saying, n: int, at: datetime) -> Iterator[Command]:
    case = f"{saying.who}/{saying.number}"
    said: dict[str, Any] = {
        "id": f"clock/{saying.who}/{n}" if n % 2 else f"said-{n}",
        "case": case,
        "by": Actor(saying.who, "library", Office.PERSON),
        "happened_at": at,
        "recorded_at": at,
    }
    about = Key(toys.Counter.kind, case)
    match saying.what:
        case "open":
            yield toys.Open(**said)
        case "open held":
            yield toys.OpenHolder(**{**said, "id": f"{said['id']}/holder", "case": saying.who}, limit=2)
            yield toys.Open(**said, holder=saying.who)
        case "tell":
            message = Message(
                key=f"{about.kind}/{case}/{n}",
                to=saying.who,
                kind="toy.told",
                about=about,
                facts=(("name", saying.text), ("number", saying.number), ("day", at.date())),
                reasons=(Reason("toy.reason", Clause("TOY-1", "7"), (("name", saying.text),)),),
                not_before=at if saying.number == 1 else None,
                supersedes=("toy.told",) if saying.number == 2 else (),
            )
            yield toys.Count(**said, note=saying.text or "-", messages=(message,))
        case "post":
            yield toys.Count(
                **said, note="posted", marks={saying.who: Money(n, "JPY")}, postings=(_posting(saying, n),)
            )
        case "withdraw":
            yield toys.Count(**said, note="no more", withdrawals=(Withdrawal(about, ("toy.told",)),))
        case "close":
            yield toys.Close(**said)
        case _:
            yield toys.Count(**said, note=saying.text or "-", look_at=at + timedelta(days=1))


def _posting(saying: Saying, n: int) -> Posting:
    rate = Money(saying.number, "JPY")
    count = Step.taken(Operation.COUNT, "day", None, (("days", n + 1),))
    charge = Charge(Step.taken(Operation.PER_UNIT, "JPY", Clause("TOY-2"), (("rate", rate),), (count,)))
    return Posting(
        key=f"{saying.who}/{saying.number}/fee/{n}",
        debit=Account(AccountKind.RECEIVABLE, saying.who),
        credit=Account(AccountKind.INCOME, "fee"),
        amount=charge.money,
        value_date=date(2026, 1, 1),
        subject=f"{saying.who}/{saying.number}",
        kind="fee",
        charge=charge,
    )


def _do(storage: Storage, command: Command, holder: str) -> None:
    own = Key(toys.TOYS.of(type(command)).name, command.case)
    with storage.writing() as writing:
        if writing.receipt(command) is not None:
            return
        read = {key: writing.load(key) for key in {own: 0, Key(toys.Holder.kind, holder): 0}}
        there = {key: it for key, it in read.items() if it is not None}
        writing.commit(decide(toys.TOYS, command, there, policy=toys.POLICY))
