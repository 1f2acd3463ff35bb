"""What a storage has to hold after each step, worked out as ``servflow.codec.records`` says it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import Any, TypeVar

import pytest

from servflow.codec import Codec
from servflow.codec.records import Overtaking, claimable, lapsed, settled, writes
from servflow.core.changes import Aggregate, Change, Command, Key, Message, Withdrawal
from servflow.core.errors import AlreadyExists
from servflow.core.ledger import Posting
from servflow.core.lifecycle import decide
from servflow.core.ports import Status, Storage
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
)
from servflow.testing.contracts._steps import (
    C1,
    HOLDER,
    a_message,
    a_posting,
    claim,
    do,
    instant,
    key_of,
    to_close,
    to_count,
    to_open,
    to_open_holder,
)
from servflow.testing.toys import POLICY, TOYS, Counter, CounterState

__all__ = ["Reference", "few", "in_order", "live", "long_history", "renamed"]

T = TypeVar("T")


def in_order(records: Iterable[Record]) -> list[Record]:
    """The records in the order in which a storage gives them; postings and messages as they come."""

    def place(record: Record) -> tuple[int, Key, int, str]:
        match record:
            case AggregateRecord(key):
                return 0, key, 0, ""
            case EntryRecord(key, seq):
                return 0, key, seq, ""
            case ReceiptRecord(command_id):
                return 1, C1, 0, command_id
            case PostingRecord():
                return 2, C1, 0, ""
            case MessageRecord():
                return 3, C1, 0, ""

    return sorted(records, key=place)


def renamed(value: T, old: str, new: str) -> T:
    """A record, or a part of one, with another text in all its texts."""
    result: Any = value
    if isinstance(value, str):
        result = value.replace(old, new)
    elif isinstance(value, tuple):
        parts = [renamed(part, old, new) for part in value]
        result = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return result  # type: ignore[no-any-return]


class Reference:
    """The records of a storage, and the values in it, kept in the plainest way."""

    def __init__(self) -> None:
        self.codec = Codec(TOYS)
        self.values: dict[Key, Aggregate] = {}
        self.commands: list[tuple[Command, tuple[Key, ...]]] = []
        self._aggregates: dict[Key, AggregateRecord] = {}
        self._lasting: list[EntryRecord | ReceiptRecord | PostingRecord] = []
        self._messages: dict[str, MessageRecord] = {}

    def records(self) -> list[Record]:
        """All of them, in the order in which a storage gives them."""
        return in_order([*self._aggregates.values(), *self._lasting, *self._messages.values()])

    def do(self, command: Command, *also: Key) -> Change:
        """Decide a new command and commit it."""
        read = {key: self.values[key] for key in (key_of(command), *also) if key in self.values}
        change = decide(TOYS, command, read, policy=POLICY)
        self.commands.append((command, also))
        self.values |= {it.key: it for it in change.becomes}
        for write in writes(self.codec, change):
            match write:
                case AggregateRecord():
                    self._aggregates[write.key] = write
                case MessageRecord():
                    self._messages[write.key] = write
                case Overtaking():
                    self._replace(write.of(record) for record in self._messages.values())
                case _:
                    self._lasting.append(write)
        return change

    def _replace(self, records: Iterable[MessageRecord | None]) -> None:
        self._messages |= {record.key: record for record in list(records) if record is not None}

    def claim(self, at: datetime, *, until: datetime, limit: int) -> list[str]:
        """The keys of what is claimed."""
        self._replace(lapsed(record, at) for record in self._messages.values())
        claimed = [record for record in self._messages.values() if claimable(record, at)][:limit]
        self._replace(record._replace(claimed_until=until) for record in claimed)
        return [record.key for record in claimed]

    def settle(self, key: str, *, at: datetime, status: Status, note: str) -> None:
        """As the port's."""
        self._replace([settled(self._messages[key], at=at, status=status, note=note)])


def _parts(
    random: Random, step: int, about: Key
) -> tuple[tuple[Message, ...], tuple[Withdrawal, ...], tuple[Posting, ...]]:
    """What a command carries: to three parties, some of it to be sent later, some overtaking."""
    messages = tuple(
        a_message(
            f"m{step}-{part}",
            about,
            to=f"party-{random.randint(1, 3)}",
            kind=random.choice(("reminder", "notice")),
            not_before=random.choice((None, None, instant(step + 9))),
            supersedes=random.choice(((), (), ("reminder",), ("reminder", "notice"))),
        )
        for part in range(random.randint(0, 3))
    )
    withdrawals = (Withdrawal(about, ("notice",)),) if random.random() < 1 / 8 else ()
    postings = tuple(
        a_posting(f"p{step}-{part}", subject=about.id, owner=f"party-{random.randint(1, 3)}")
        for part in range(random.randint(0, 2))
    )
    return messages, withdrawals, postings


class _Life:
    """A history in the making, in the reference and in a storage beside it; what they answer is compared."""

    def __init__(self, reference: Reference, storage: Storage | None, seed: int) -> None:
        self.reference = reference
        self.storage = storage
        self.random = Random(seed)  # noqa: S311 -- the same every time

    def do(self, command: Command, *also: Key) -> None:
        change = self.reference.do(command, *also)
        if self.storage is not None:
            receipt = do(self.storage, command, *also)
            assert receipt.versions == tuple((it.key, it.version) for it in change.becomes)
            assert not receipt.repeated

    def count(self, step: int, it: Aggregate) -> None:
        messages, withdrawals, postings = _parts(self.random, step, it.key)
        command = to_count(
            f"count {step}",
            it.id,
            recorded=step,
            look_at=self.random.choice((None, instant(step + 30))),
            messages=messages,
            withdrawals=withdrawals,
            postings=postings,
        )
        self.do(command)

    def send(self, step: int) -> None:
        claimed = self.reference.claim(instant(step), until=instant(step + 5), limit=3)
        if self.storage is not None:
            assert claim(self.storage, step, until=step + 5, limit=3) == claimed
        for key in claimed:
            status = self.random.choice((Status.SENT, Status.SENT, Status.PENDING, Status.FAILED, None))
            for side in (self.reference, self.storage):
                if status is not None and side is not None:
                    side.settle(key, at=instant(step + 1), status=status, note=f"after {step}")

    def leave(self, step: int) -> None:
        """Messages in the middle of things: claimed, given back, and overtaken while they are claimed."""
        case = f"case-{step}-left"
        about = Key(Counter.kind, case)
        keys = [f"{what} {step}" for what in ("overtaken", "withdrawn", "given back", "claimed")]
        kinds = ("reminder", "notice", "answer", "answer")
        messages = tuple(a_message(key, about, kind=kind) for key, kind in zip(keys, kinds, strict=True))
        self.do(to_open(f"open {case}", case))
        self.do(to_count(f"tell {case}", case, recorded=step, messages=messages))
        for side in (self.reference, self.storage):
            if side is not None:
                side.claim(instant(step), until=instant(step + 20), limit=100)
                side.settle(keys[2], at=instant(step), status=Status.PENDING, note="no answer")
        new, withdrawn = (
            a_message(f"new {step}", about, supersedes=("reminder",)),
            Withdrawal(about, ("notice",)),
        )
        count = to_count(f"tell more {case}", case, recorded=step, messages=(new,), withdrawals=(withdrawn,))
        self.do(count)


def live(reference: Reference, storage: Storage | None = None, *, first: int = 0, steps: int = 60) -> None:
    """A long and mixed history, the same every time: in the reference, and in a storage beside it.

    Cases are opened, counted on and closed, messages claimed and settled; some commands fail, some
    come twice. What the two answer is compared. It goes on after one that ended before ``first``,
    and leaves messages that are claimed, some of them overtaken.
    """
    life = _Life(reference, storage, first)
    if HOLDER not in reference.values:
        life.do(to_open_holder("holder", HOLDER.id, 1000))
    for step in range(first, first + steps):
        running = [it for it in reference.values.values() if it.state is CounterState.OPEN]
        choice = life.random.random()
        if not running or choice < 1 / 8:
            life.do(to_open(f"open {step}", f"case-{step}-李雷", holder=HOLDER.id), HOLDER)
        elif choice < 1 / 6:
            life.do(to_close(f"close {step}", life.random.choice(running).id), HOLDER)
        elif choice < 2 / 3:
            life.count(step, life.random.choice(running))
        else:
            life.send(step)
        if storage is not None and step % 5 == 0:
            _misunderstood(step, reference, storage)
    life.leave(first + steps)


def _misunderstood(step: int, reference: Reference, storage: Storage) -> None:
    """A command that fails for its last message, and one that was committed before."""
    taken = [outgoing.message for outgoing in storage.outbox()]
    it = next(it for it in reference.values.values() if isinstance(it, Counter))
    if taken and it.state is CounterState.OPEN:
        lost = (a_message(f"lost {step}", it.key), taken[0])
        with pytest.raises(AlreadyExists):
            do(storage, to_count(f"lost {step}", it.id, messages=lost, postings=(a_posting(f"lost {step}"),)))
    command, also = reference.commands[step % len(reference.commands)]
    assert do(storage, command, *also).repeated


def long_history(entries: int) -> Reference:
    """One counter of so many entries, each with a posting and a message."""
    reference = Reference()
    reference.do(to_open("0", C1.id))
    for number in range(1, entries):
        messages, postings = (a_message(f"m{number}"),), (a_posting(f"p{number}"),)
        reference.do(to_count(str(number), C1.id, messages=messages, postings=postings))
    return reference


def few() -> Reference:
    """One or two records of every kind."""
    reference = Reference()
    for case in ("one", "two"):
        reference.do(to_open(f"open-{case}", case))
    messages = (a_message("m-one", Key(Counter.kind, "one")), a_message("m-two", Key(Counter.kind, "two")))
    postings = (a_posting("p-one", subject="one"), a_posting("p-two", subject="two"))
    reference.do(to_count("count-one", "one", messages=messages, postings=postings))
    return reference
