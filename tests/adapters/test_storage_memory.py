"""Storage in memory beyond the contract: what it does when it is used wrongly or is busy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Key
from servflow.core.errors import StorageBusy
from servflow.core.lifecycle import decide
from servflow.core.records import EntryRecord
from servflow.testing.toys import NOBODY, POLICY, TOYS, Close, Counter, Open

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)


def test_a_writer_beside_another_one_is_busy():
    """A second transaction beside an open one is refused in time, not left hanging."""
    storage = MemoryStorage(Codec(TOYS), busy_seconds=0)
    second = storage.writing()
    with storage.writing(), pytest.raises(StorageBusy) as refused:
        second.__enter__()
    assert (refused.value.place, refused.value.seconds) == ("memory", 0)
    with storage.writing() as writing:
        assert writing.load(Key(Counter.kind, "c1")) is None


def test_a_transaction_ends_with_its_commit():
    """After a commit, or after its block, a transaction takes nothing more."""
    storage = MemoryStorage(Codec(TOYS))
    command = Open(id="1", case="c1", by=NOBODY, happened_at=AT, recorded_at=AT)
    change = decide(TOYS, command, {}, policy=POLICY)
    with storage.writing() as writing:
        writing.commit(change)
        with pytest.raises(TypeError, match="over"):
            writing.commit(change)
    with storage.writing() as writing:
        pass
    with pytest.raises(TypeError, match="over"):
        writing.load(Key(Counter.kind, "c1"))
    storage.close()


def test_a_journal_with_a_gap_is_read_as_far_as_there_is_of_it():
    """What was restored without one of its entries gives the others; that one is missing, the audit says."""
    whole = MemoryStorage(Codec(TOYS))
    key = Key(Counter.kind, "c1")
    for number, command in enumerate((Open, Close)):
        with whole.writing() as writing:
            it = writing.load(key)
            said = command(id=str(number), case="c1", by=NOBODY, happened_at=AT, recorded_at=AT)
            writing.commit(decide(TOYS, said, {key: it} if it else {}, policy=POLICY))
    storage = MemoryStorage(Codec(TOYS))
    storage.restore(it for it in whole.records() if not (isinstance(it, EntryRecord) and it.seq == 1))

    assert [entry.seq for entry in storage.journal(key)] == [2]
