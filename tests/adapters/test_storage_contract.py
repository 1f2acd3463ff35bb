"""Both storages keep the contract; and the contract catches storages that do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from servflow.adapters import storage_memory
from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.changes import Aggregate, Change, Command, Key
from servflow.core.errors import ServflowError, StaleVersion
from servflow.core.ledger import Account, Posting
from servflow.core.ports import Outgoing, Receipt, Status, Storage, StoredEntry, Writing
from servflow.testing.contracts import StorageContract
from servflow.testing.toys import TOYS


class TestMemoryStorage(StorageContract):
    """Storage in memory keeps the contract."""

    @pytest.fixture
    def storage(self) -> Storage:
        return MemoryStorage(Codec(TOYS))


class TestSqliteStorage(StorageContract):
    """Storage in a SQLite file keeps the contract."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[Storage]:
        self.path = tmp_path / "servflow.db"
        self.opened = [SqliteStorage(self.path, Codec(TOYS))]
        yield self.opened[0]
        for storage in self.opened:
            storage.close()

    def reopened(self, storage: Storage) -> Storage:
        self.opened.append(SqliteStorage(self.path, Codec(TOYS)))
        return self.opened[-1]


# --- broken on purpose: each forgets one promise --------------------------------------------------


class _Broken(MemoryStorage):
    """A memory storage whose transactions are of a class of its own."""

    transaction: type[storage_memory._Writing]

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._alone():
            yield self.transaction(self._codec, self._tables)


class WritesInParts(_Broken):
    """Puts the aggregates in place before it has looked at the rest."""

    class transaction(storage_memory._Writing):
        def commit(self, change: Change) -> Receipt:
            if self.receipt(change.command) is None:
                self._tables.put(list(self._aggregates(change)))
            return super().commit(change._replace(expects=()))


class ChecksNoVersions(_Broken):
    """Writes over whatever is there."""

    class transaction(storage_memory._Writing):
        def commit(self, change: Change) -> Receipt:
            return super().commit(change._replace(expects=()))


class ChecksOnlyWhatItWrites(_Broken):
    """Does not check an aggregate that was only read."""

    class transaction(storage_memory._Writing):
        def commit(self, change: Change) -> Receipt:
            written = {it.key for it in change.becomes}
            expects = tuple(each for each in change.expects if each[0] in written)
            return super().commit(change._replace(expects=expects))


class RemembersNoCommands(_Broken):
    """Knows of no command that it was given before."""

    class transaction(storage_memory._Writing):
        def receipt(self, command: Command) -> Receipt | None:
            return None


class TakesAnyPayload(_Broken):
    """Takes a command id for the whole command."""

    class transaction(storage_memory._Writing):
        def receipt(self, command: Command) -> Receipt | None:
            given = self._tables.receipts.get(command.id)
            return given and Receipt(command_id=command.id, versions=given.versions, repeated=True)


class ComparesRecordedAt(_Broken):
    """Takes a second delivery for another command."""

    class transaction(storage_memory._Writing):
        def receipt(self, command: Command) -> Receipt | None:
            receipt = super().receipt(command)
            assert receipt is None or command.recorded_at == datetime.fromisoformat("2026-01-31T08:00Z")
            return receipt


class WithdrawsNothing(_Broken):
    """Forgets withdrawals."""

    class transaction(storage_memory._Writing):
        def commit(self, change: Change) -> Receipt:
            return super().commit(change._replace(withdrawals=tuple(change.withdrawals)[:0]))


class SupersedesNothing(_Broken):
    """Forgets what a message supersedes."""

    class transaction(storage_memory._Writing):
        def commit(self, change: Change) -> Receipt:
            messages = tuple(replace(message, supersedes=()) for message in change.messages)
            return super().commit(change._replace(messages=messages))


class SupersedesForAll(_Broken):
    """Takes a message to one party for one to all of them."""

    class transaction(storage_memory._Writing):
        def _outbox(self, change: Change) -> Iterable[tuple[dict[Any, Any], Any, Any]]:
            for table, key, row in super()._outbox(change):
                yield table, key, row
                if isinstance(row, storage_memory._Sending) and row.status is Status.SUPERSEDED:
                    for other, old in self._tables.outbox.items():
                        if (old.about, old.kind) == (row.about, row.kind):
                            yield table, other, old.overtake(row.status, row.note, row.changed_at)


class DropsRepeatedPostings(_Broken):
    """Leaves out a posting whose key is taken, and says nothing."""

    class transaction(storage_memory._Writing):
        def commit(self, change: Change) -> Receipt:
            fresh = {posting.key: posting for posting in change.postings}
            postings = tuple(fresh[key] for key in fresh if key not in self._tables.postings)
            return super().commit(change._replace(postings=postings))


class ReservesNothing(MemoryStorage):
    """Gives every claimant the same messages."""

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        claimed = super().claim(at, until=until, limit=limit)
        for key, row in list(self._tables.outbox.items()):
            self._tables.put([(self._tables.outbox, key, row._replace(claimed_until=None))])
        return claimed


class ClaimsForEver(MemoryStorage):
    """Never gives a message to anybody else, though its claimant may be dead."""

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        until = until + timedelta(days=9999) if until.year < 9999 else until
        return super().claim(at, until=until, limit=limit)


class ReopensWhatIsSettled(MemoryStorage):
    """Lets a late claimant give back what was sent."""

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        row = self._tables.outbox.get(message_key)
        if row is not None:
            self._tables.put([(self._tables.outbox, message_key, row._replace(status=Status.PENDING))])
        super().settle(message_key, at=at, status=status, note=note)


class ReadsBackwards(MemoryStorage):
    """Gives the newest entry first."""

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        return reversed([*super().journal(key, after=after)])


class LeavesOutTheBound(MemoryStorage):
    """Takes "by then" for "before then"."""

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        return super().due(at - timedelta(microseconds=1) if at.tzinfo else at, limit=limit)


class PagesByState(MemoryStorage):
    """Forgets where the last page ended when it is asked for a state."""

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        return super().aggregates(kind, state=state, after="" if state else after, limit=limit)


class TakesAnyLimit(MemoryStorage):
    """Gives nothing to whoever asks for nothing."""

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        return super().due(at, limit=limit) if limit > 0 else ()


class LooksFarAhead(MemoryStorage):
    """Takes the end of time for a moment before it."""

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        return super().due(at if at.year < 9999 else at.replace(month=1), limit=limit)


class SortsPostings(MemoryStorage):
    """Gives ledger lines by key."""

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        return iter(sorted(super().postings(subject=subject, account=account), key=lambda line: line.key))


class HandsOutWhatIsStored(MemoryStorage):
    """Gives everybody the same objects."""

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec)
        self.given: dict[tuple[Key, int], Aggregate] = {}

    def load(self, key: Key) -> Aggregate:
        it = super().load(key)
        return self.given.setdefault((key, it.version), it)

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        found = super().aggregates(kind, state=state, after=after, limit=limit)
        return tuple(self.load(it.key) for it in found)


CAUGHT: dict[type[MemoryStorage], set[str]] = {
    WritesInParts: {
        "test_a_fault_between_any_two_writes_leaves_nothing",
        "test_a_key_is_never_stored_twice",
        "test_a_change_decided_on_an_old_version_is_refused",
        "test_an_aggregate_that_was_only_read_is_checked_too",
        "test_what_exists_is_not_opened_again",
    },
    ChecksNoVersions: {
        "test_a_change_decided_on_an_old_version_is_refused",
        "test_an_aggregate_that_was_only_read_is_checked_too",
        "test_what_exists_is_not_opened_again",
    },
    ChecksOnlyWhatItWrites: {"test_an_aggregate_that_was_only_read_is_checked_too"},
    RemembersNoCommands: {
        "test_the_same_command_twice_counts_once",
        "test_a_command_delivered_later_again_is_the_same_one",
        "test_a_commit_of_a_committed_command_writes_nothing",
        "test_a_command_id_is_not_used_for_another_command",
        "test_one_command_at_once_many_times_counts_once",
    },
    TakesAnyPayload: {"test_a_command_id_is_not_used_for_another_command"},
    ComparesRecordedAt: {"test_a_command_delivered_later_again_is_the_same_one"},
    WithdrawsNothing: {
        "test_a_withdrawal_reaches_the_unsent_ones_it_names",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
    },
    SupersedesNothing: {
        "test_a_later_message_supersedes_an_unsent_one",
        "test_a_message_of_the_same_change_can_supersede",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
    },
    SupersedesForAll: {"test_a_later_message_supersedes_an_unsent_one"},
    DropsRepeatedPostings: {"test_a_key_is_never_stored_twice"},
    ReservesNothing: {
        "test_a_message_is_claimed_by_one",
        "test_claimants_at_once_never_share_a_message",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
    },
    ClaimsForEver: {
        "test_a_message_is_claimed_by_one",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
    },
    ReopensWhatIsSettled: {"test_what_was_sent_is_never_claimed_again"},
    ReadsBackwards: {
        "test_a_commit_stores_all_of_a_change",
        "test_a_journal_is_in_order_without_gaps",
        "test_folding_a_journal_gives_what_is_stored",
    },
    LeavesOutTheBound: {"test_a_commit_stores_all_of_a_change", "test_what_is_due_comes_earliest_first"},
    PagesByState: {"test_a_listing_is_in_pages_by_id"},
    TakesAnyLimit: {"test_a_limit_below_one_is_refused"},
    LooksFarAhead: {"test_an_instant_beyond_the_calendar_is_refused"},
    SortsPostings: {"test_postings_come_in_the_order_of_their_commit"},
    HandsOutWhatIsStored: {"test_what_was_read_is_not_what_is_stored"},
}


def _promises() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every test of the contract with every parameter it is run with."""
    for name, test in vars(StorageContract).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
            values = list(chain.from_iterable(mark.args[1] for mark in marks))
            yield from ((name, (value,)) for value in values) if marks else iter([(name, ())])


@pytest.mark.parametrize("broken", CAUGHT, ids=lambda broken: broken.__name__)
def test_the_contract_catches_a_storage_that_breaks_a_promise(broken: type[MemoryStorage]):
    """Exactly the tests of the promise that a storage breaks fail on it."""
    failed = set()
    for name, values in _promises():
        try:
            getattr(StorageContract(), name)(broken(Codec(TOYS)), *values)
        except (AssertionError, LookupError, ServflowError, pytest.fail.Exception):
            failed.add(name)
    assert failed == CAUGHT[broken]


def test_the_contract_catches_writers_that_do_not_queue():
    """A storage that lets two decide on the same version at once refuses one of them, and is caught."""
    second_committed = Event()

    class Transaction(storage_memory._Writing):
        def commit(self, change: Change) -> Receipt:
            if change.command.id == "2":
                assert second_committed.wait(10)
            receipt = super().commit(change)
            if change.command.id == "3":
                second_committed.set()
            return receipt

    class LetsAllIn(MemoryStorage):
        @contextmanager
        def writing(self) -> Iterator[Writing]:
            yield Transaction(self._codec, self._tables)

    with pytest.raises(StaleVersion):
        StorageContract().test_writers_on_one_key_queue(LetsAllIn(Codec(TOYS)))


def test_a_contract_without_a_storage_says_what_is_missing():
    """Whoever forgets the fixture is told its name."""
    fixture: Any = StorageContract.storage
    with pytest.raises(NotImplementedError, match="fixture `storage`"):
        fixture.__wrapped__(StorageContract())
