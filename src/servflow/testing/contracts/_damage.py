"""What is damaged is named, never hidden; and it keeps nobody from the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import pytest

from servflow.core.changes import Aggregate, Key
from servflow.core.errors import DamagedRecord
from servflow.core.ports import Storage
from servflow.core.records import AggregateRecord, EntryRecord, MessageRecord, PostingRecord, Record
from servflow.testing.contracts._hooks import StorageHooks
from servflow.testing.contracts._reference import few
from servflow.testing.contracts._steps import claim, do, to_count
from servflow.testing.toys import Counter

__all__ = ["Damage"]

_ONE, _TWO = Key(Counter.kind, "one"), Key(Counter.kind, "two")


def _locked(storage: Storage) -> Aggregate | None:
    with storage.writing() as writing:
        return writing.load(_ONE)


class _Damaged(NamedTuple):
    """Of the first record of a kind nothing can be read: who meets it, and whom it is no concern of."""

    name: str
    met: tuple[Callable[[Storage], object], ...]
    served: tuple[tuple[Callable[[Storage], object], object], ...]


_DAMAGED: Final[dict[type[Record], _Damaged]] = {
    AggregateRecord: _Damaged(
        "one",
        (lambda it: it.load(_ONE), _locked, lambda it: it.aggregates(Counter.kind)),
        (
            (lambda it: it.load(_TWO).version, 1),
            (lambda it: [found.id for found in it.aggregates(Counter.kind, after="one")], ["two"]),
            (lambda it: [entry.seq for entry in it.journal(_ONE)], [1, 2]),
        ),
    ),
    EntryRecord: _Damaged(
        "one",
        (lambda it: list(it.journal(_ONE)),),
        (
            (lambda it: [entry.seq for entry in it.journal(_ONE, after=1)], [2]),
            (lambda it: [entry.seq for entry in it.journal(_TWO)], [1]),
            (lambda it: it.load(_ONE).version, 2),
        ),
    ),
    PostingRecord: _Damaged(
        "p-one",
        (lambda it: list(it.postings()), lambda it: list(it.postings(subject="one"))),
        ((lambda it: [posting.key for posting in it.postings(subject="two")], ["p-two"]),),
    ),
    MessageRecord: _Damaged(
        "m-one",
        (lambda it: list(it.outbox()), lambda it: list(it.outbox(about=_ONE))),
        ((lambda it: [each.message.key for each in it.outbox(about=_TWO)], ["m-two"]),),
    ),
}


def _damage(kind: type[Record]) -> list[Record]:
    """Records, the first of the kind with a document that is none."""
    records = few().records()
    at = next(number for number, record in enumerate(records) if isinstance(record, kind))
    broken = records[at]
    assert not isinstance(broken, EntryRecord) or broken.seq == 1
    records[at] = broken._replace(document="not what was written")  # type: ignore[call-arg]
    return records


class Damage(StorageHooks):
    """What is damaged is named, never hidden; and it keeps nobody from the rest."""

    @pytest.mark.parametrize("kind", _DAMAGED)
    def test_what_is_damaged_is_named(self, storage: Storage, kind: type[Record]) -> None:
        """Whoever would be given it is told which it is; all others are served; it is moved as it stands."""
        records, damaged = _damage(kind), _DAMAGED[kind]
        storage.restore(records)
        for ask in damaged.met:
            with pytest.raises(DamagedRecord) as refused:
                ask(storage)
            assert damaged.name in refused.value.record
        for ask, answer in damaged.served:
            assert ask(storage) == answer
        assert list(storage.records()) == records
        do(storage, to_count("5", "two"))

    def test_a_damaged_message_keeps_no_other_waiting(self, storage: Storage) -> None:
        """A claim leaves it out and gives the others, also one at a time."""
        storage.restore(_damage(MessageRecord))
        assert [key for _ in range(2) for key in claim(storage, 0, until=10, limit=1)] == ["m-two"]
        assert claim(storage, 10, until=20) == ["m-two"]
