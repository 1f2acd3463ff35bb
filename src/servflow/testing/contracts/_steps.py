"""What the tests of the contract do and compare: commands of the toys, and small steps with a storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from threading import Barrier, Thread
from typing import Any, Final, TypeVar

from servflow.core.changes import Aggregate, Change, Command, Key, Message, Withdrawal
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Outgoing, Receipt, Storage, Writing
from servflow.testing.toys import (
    NOBODY,
    POLICY,
    TOYS,
    Close,
    Count,
    Counter,
    Holder,
    Open,
    OpenHolder,
    OpenSeries,
    Series,
)

T = TypeVar("T")

START = datetime(2026, 1, 31, 8, tzinfo=UTC)
PATIENCE: Final = 30  # seconds after which a thread that should have ended counts as hanging

C1, C2 = Key(Counter.kind, "c1"), Key(Counter.kind, "c2")
HOLDER = Key(Holder.kind, "h")


EMPTY: Final[tuple[object, ...]] = ([], [], (), [], [], [])
"""What ``contents`` gives of a storage in which nothing is stored."""


def instant(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def to_open(id: str, case: str, *, holder: str | None = None, series: str | None = None) -> Open:
    return Open(
        id=id, case=case, by=NOBODY, happened_at=START, recorded_at=START, holder=holder, series=series
    )


def to_open_series(id: str, case: str) -> OpenSeries:
    return OpenSeries(id=id, case=case, by=NOBODY, happened_at=START, recorded_at=START)


def to_open_holder(id: str, case: str, limit: int) -> OpenHolder:
    return OpenHolder(id=id, case=case, by=NOBODY, happened_at=START, recorded_at=START, limit=limit)


def to_close(id: str, case: str) -> Close:
    return Close(id=id, case=case, by=NOBODY, happened_at=START, recorded_at=START)


def to_count(
    id: str,
    case: str,
    *,
    note: str = "one more",
    recorded: int = 0,
    marks: dict[str, Money] | None = None,
    look_at: datetime | None = None,
    messages: tuple[Message, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
    postings: tuple[Posting, ...] = (),
) -> Count:
    return Count(
        id=id,
        case=case,
        by=NOBODY,
        happened_at=START,
        recorded_at=instant(recorded),
        note=note,
        marks=marks or {},
        look_at=look_at,
        messages=messages,
        withdrawals=withdrawals,
        postings=postings,
    )


def a_message(
    key: str,
    about: Key = C1,
    *,
    to: str = "party-1",
    kind: str = "reminder",
    not_before: datetime | None = None,
    supersedes: tuple[str, ...] = (),
) -> Message:
    return Message(key=key, to=to, kind=kind, about=about, not_before=not_before, supersedes=supersedes)


def a_posting(key: str, *, subject: str = "c1", owner: str = "party-1") -> Posting:
    return Posting(
        key=key,
        debit=Account(AccountKind.RECEIVABLE, owner),
        credit=Account(AccountKind.INCOME, "desk"),
        amount=Money("5", "CNY"),
        value_date=date(2026, 1, 31),
        subject=subject,
        kind="fee",
    )


def key_of(command: Command) -> Key:
    return Key(TOYS.of(type(command)).name, command.case)


def decided(writing: Writing, command: Command, *also: Key) -> Change:
    found = ((key, writing.load(key)) for key in (key_of(command), *also))
    aggregates: dict[Key, Aggregate] = {key: it for key, it in found if it is not None}
    return decide(TOYS, command, aggregates, policy=POLICY)


def do(storage: Storage, command: Command, *also: Key) -> Receipt:
    """What a desk does: the first receipt, or load (``also`` these), decide, commit."""
    with storage.writing() as writing:
        return writing.receipt(command) or writing.commit(decided(writing, command, *also))


def counter_of(storage: Storage, key: Key) -> Counter:
    it = storage.load(key)
    assert isinstance(it, Counter)
    return it


def contents(storage: Storage) -> tuple[object, ...]:
    """All that can be read out of a storage, to be compared."""
    kinds = (Counter.kind, Holder.kind, Series.kind)
    aggregates = [it for kind in kinds for it in storage.aggregates(kind)]
    return (
        aggregates,
        [[dict(entry.document) for entry in storage.journal(it.key)] for it in aggregates],
        storage.due(instant(10**6)),
        list(storage.postings()),
        list(storage.outbox()),
        list(storage.records()),
    )


def outgoing(storage: Storage, key: str) -> Outgoing:
    (found,) = (outgoing for outgoing in storage.outbox() if outgoing.message.key == key)
    return found


def claim(storage: Storage, minute: int, *, until: int, limit: int = 100) -> list[str]:
    claimed = storage.claim(instant(minute), until=instant(until), limit=limit)
    return [outgoing.message.key for outgoing in claimed]


class FaultError(Exception):
    """What goes wrong on purpose, in the middle of something."""


class Breaking(Sequence[Any]):
    """A part of a change that breaks when the item after the first ``good`` ones is asked for."""

    def __init__(self, items: tuple[Any, ...], good: int) -> None:
        self._items = items
        self._good = good

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        if index >= self._good:
            raise FaultError
        return self._items[index]


class Pausing(Sequence[Any]):
    """Things to be taken in turn; ``pause`` is called when what comes after the first is asked for."""

    def __init__(self, items: tuple[Any, ...], pause: Callable[[], object]) -> None:
        self._items = items
        self._pause = pause

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        if index == 1:
            self._pause()
        return self._items[index]


def together(*jobs: Callable[[], None], barrier: Barrier | None = None) -> None:
    """Run in a thread each, until all have ended; what one of them raised is raised here."""
    raised: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 -- raised again below
            raised.append(error)
            if barrier is not None:
                barrier.abort()  # nobody waits there for one who will not come

    threads = [Thread(target=run, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"a thread still hangs after {PATIENCE} s"
    for error in raised:
        raise error


def breaking(items: Iterable[T], good: int) -> Iterator[T]:
    """The first ``good`` of the items, and then an error."""
    yield from islice(items, good)
    raise FaultError
