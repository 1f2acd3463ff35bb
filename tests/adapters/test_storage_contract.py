"""Both storages keep the contract; and the contract catches storages that do not."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from threading import Condition, Event, current_thread, main_thread
from typing import Any
from unicodedata import normalize

import pytest

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec, canonical, in_utc, read
from servflow.codec.records import Overtaking, aggregate_record, message_record, named, settled, writes
from servflow.core.changes import Aggregate, Change, Command, Key, Message
from servflow.core.errors import AlreadyExists, DamagedRecord, NotFound, StorageBusy
from servflow.core.ledger import Account, Posting
from servflow.core.ports import Outgoing, Receipt, Status, Storage, StoredEntry, Writing
from servflow.core.records import AggregateRecord, EntryRecord, MessageRecord, ReceiptRecord, Record
from servflow.testing.contracts import StorageContract
from servflow.testing.contracts._reference import long_history
from servflow.testing.toys import TOYS, Counter

CODEC = Codec(TOYS)


class TestMemoryStorage(StorageContract):
    """Storage in memory keeps the contract."""

    @pytest.fixture
    def storage(self) -> Storage:
        return MemoryStorage(CODEC)

    def impatient(self, storage: Storage) -> Storage:
        assert isinstance(storage, MemoryStorage)
        storage._busy_seconds = 0
        return storage


class Stumbling:
    """A cursor that fails at one write of many, which are counted in ``left``."""

    def __init__(self, cursor: sqlite3.Cursor, left: list[int]) -> None:
        self._cursor = cursor
        self._left = left

    def _count(self, statement: str) -> None:
        if statement.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE", "COMMIT"}:
            if not self._left[0]:
                error = sqlite3.OperationalError("made to fail")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            self._left[0] -= 1

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self._count(statement)
        return self._cursor.execute(statement, *values)

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        self._count(statement)
        return self._cursor.executemany(statement, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class TestSqliteStorage(StorageContract):
    """Storage in a SQLite file keeps the contract."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[Storage]:
        self.folder = tmp_path
        self.opened: list[SqliteStorage] = []
        yield self.open("servflow.db")
        for storage in self.opened:
            storage.close()

    def open(self, name: str, *, busy_seconds: int = 10) -> SqliteStorage:
        self.opened.append(SqliteStorage(self.folder / name, CODEC, busy_seconds=busy_seconds))
        return self.opened[-1]

    def reopened(self, storage: Storage) -> Storage:
        return self.open("servflow.db")

    @contextmanager
    def failing(self, storage: Storage, n: int) -> Iterator[None]:
        assert isinstance(storage, SqliteStorage)
        access: Any = storage._access
        left, begun = [n], access.writing

        @contextmanager
        def stumbling() -> Iterator[Any]:
            with begun() as transaction:
                transaction.cursor = Stumbling(transaction.cursor, left)
                yield transaction

        access.writing = stumbling
        try:
            yield
        finally:
            del access.writing

    def impatient(self, storage: Storage) -> Storage:
        return self.open("servflow.db", busy_seconds=0)

    def earlier(self, storage: Storage) -> Iterable[Storage]:
        for file in sorted(Path(__file__).parent.glob("layout-*.sql")):
            with closing(sqlite3.connect(self.folder / file.stem)) as connection:
                connection.executescript(file.read_text(encoding="utf-8"))
            yield self.open(file.stem)


# --- broken on purpose: each forgets one promise --------------------------------------------------


class DatabaseError(Exception):
    """What a database says that cannot write."""


class Whole(MemoryStorage):
    """A memory storage that keeps every promise, as if over a database whose writes can fail."""

    left: int | None = None  # so many writes go well before one fails

    def __init__(self, codec: Codec = CODEC) -> None:
        super().__init__(codec)

    def write(self) -> None:
        if self.left is not None:
            if not self.left:
                raise DatabaseError
            self.left -= 1

    @contextmanager
    def failing(self, n: int) -> Iterator[None]:
        self.left = n
        try:
            yield
        finally:
            self.left = None

    def impatient(self) -> Storage:
        self._busy_seconds = 0
        return self

    def earlier(self) -> Iterable[Storage]:
        storage = type(self)()
        storage._tables = filled(long_history(3).records())._tables
        yield storage

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with super().writing() as writing:
            yield self.Transaction(self, writing)

    class Transaction:
        def __init__(self, storage: Any, writing: Writing) -> None:
            self.storage = storage
            self.writing = writing

        def receipt(self, command: Command) -> Receipt | None:
            return self.writing.receipt(command)

        def load(self, key: Key) -> Aggregate | None:
            return self.writing.load(key)

        def commit(self, change: Change) -> Receipt:
            if self.storage.left is not None:
                for _ in writes(CODEC, change):
                    self.storage.write()
            return self.writing.commit(change)

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        return super().reschedule(self.written(wakes))

    def restore(self, records: Iterable[Record]) -> int:
        return super().restore(self.written(records))

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        def written(record: Record) -> Record:
            self.write()
            return new(record)

        return super().rewrite(containing, written)

    def written(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.write()
            yield item


def filled(records: Iterable[Record]) -> MemoryStorage:
    storage = MemoryStorage(CODEC)
    storage.restore(records)
    return storage


# --- commits


class StoresNoPostings(Whole):
    """Forgets a part of every change."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            return super().commit(change._replace(postings=tuple(change.postings)[:0]))


class KeepsItsLock(Whole):
    """Has no more room for writers once one of them stumbled."""

    stuck = False

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        if self.stuck:
            raise StorageBusy("memory", 0)
        try:
            with super().writing() as writing:
                yield writing
        except Exception as error:
            self.stuck = type(error).__module__ != "servflow.core.errors"
            raise


def leave_aggregates(storage: MemoryStorage, change: Change) -> None:
    for it in change.becomes:
        storage._tables.aggregates[it.key] = aggregate_record(CODEC, it, None)


class WritesInParts(Whole):
    """Puts the aggregates in place before it has looked at the rest."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            try:
                return super().commit(change)
            except DatabaseError:
                raise
            except Exception:
                aggregates = getattr(change.becomes, "_items", change.becomes)
                leave_aggregates(self.storage, change._replace(becomes=aggregates))
                raise


class RollsNothingBack(Whole):
    """Leaves what it has written when the database fails."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            try:
                return super().commit(change)
            except DatabaseError:
                leave_aggregates(self.storage, change)
                raise


class CutsLongTexts(Whole):
    """Has columns of a million characters."""

    def load(self, key: Key) -> Aggregate:
        it = super().load(key)
        return replace(it, log=tuple(text[: 10**6] for text in it.log)) if isinstance(it, Counter) else it


class ChecksNoVersions(Whole):
    """Writes over whatever is there."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            for it in change.becomes:
                self.storage._tables.entries.pop((it.key, it.version), None)
            return super().commit(change._replace(expects=()))


class ChecksOnlyWhatItWrites(Whole):
    """Does not check an aggregate that was only read."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            written = {it.key for it in change.becomes}
            expects = tuple(each for each in change.expects if each[0] in written)
            return super().commit(change._replace(expects=expects))


class DropsRepeatedPostings(Whole):
    """Leaves out a posting whose key is taken, and says nothing."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            fresh = {posting.key: posting for posting in change.postings}
            postings = tuple(fresh[key] for key in fresh if key not in self.storage._tables.postings)
            return super().commit(change._replace(postings=postings))


# --- commands


class RemembersNoCommands(Whole):
    """Knows of no command that it was given before."""

    class Transaction(Whole.Transaction):
        def receipt(self, command: Command) -> Receipt | None:
            self.storage._tables.receipts.pop(command.id, None)
            return None

        def commit(self, change: Change) -> Receipt:
            self.receipt(change.command)
            return super().commit(change)


class RemembersTenCommands(Whole):
    """Throws away the receipts of older ones."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[str] = []

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            receipt = super().commit(change)
            self.storage.known.append(receipt.command_id)
            for old in self.storage.known[:-10]:
                self.storage._tables.receipts.pop(old, None)
            return receipt


class TakesAnyPayload(Whole):
    """Takes a command id for the whole command."""

    class Transaction(Whole.Transaction):
        def receipt(self, command: Command) -> Receipt | None:
            given = self.storage._tables.receipts.get(command.id)
            return given and Receipt(command_id=command.id, versions=given.versions, repeated=True)

        def commit(self, change: Change) -> Receipt:
            return self.receipt(change.command) or super().commit(change)


class ComparesRecordedAt(Whole):
    """Takes a second delivery for another command."""

    class Transaction(Whole.Transaction):
        def receipt(self, command: Command) -> Receipt | None:
            receipt = super().receipt(command)
            assert receipt is None or command.id != "2" or command.recorded_at.hour == 8
            return receipt


# --- reading


class MakesUpWhatIsMissing(Whole):
    """Says something of its own about a key that it does not know."""

    def load(self, key: Key) -> Aggregate:
        try:
            return super().load(key)
        except NotFound:
            raise KeyError(key) from None


class ReadsBackwards(Whole):
    """Gives the newest entry first."""

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        return reversed([*super().journal(key, after=after)])


class ForgetsRoles(Whole):
    """Gives entries without the role in which somebody was heard."""

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        for entry in super().journal(key, after=after):
            document = {name: part for name, part in entry.document.items() if name != "role"}
            yield replace(entry, document=document)


class ReadsOnePage(Whole):
    """Gives a thousand entries and no more."""

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        return islice(super().journal(key, after=after), 1000)


class HandsOutWhatIsStored(Whole):
    """Gives everybody the same objects."""

    def __init__(self) -> None:
        super().__init__()
        self.given: dict[tuple[Key, int], Aggregate] = {}

    def load(self, key: Key) -> Aggregate:
        it = super().load(key)
        return self.given.setdefault((key, it.version), it)

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        found = super().aggregates(kind, state=state, after=after, limit=limit)
        return tuple(self.load(it.key) for it in found)


class PagesByState(Whole):
    """Forgets where the last page ended when it is asked for a state."""

    pages = 0

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        self.pages += 1
        assert self.pages < 1000, "no end of pages"
        return super().aggregates(kind, state=state, after="" if state else after, limit=limit)


class SortsAsUtf16(Whole):
    """Compares ids as some programming languages do."""

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        found = super().aggregates(kind, state=state, limit=max(limit, 10**6) if limit > 0 else limit)

        def place(id: str) -> bytes:
            return id.encode("utf-16-be")

        beyond = [it for it in sorted(found, key=lambda it: place(it.id)) if place(it.id) > place(after)]
        return tuple(beyond[:limit])


class ComposesTexts(Whole):
    """Brings texts into one form of Unicode."""

    def load(self, key: Key) -> Aggregate:
        it = super().load(key)
        return (
            replace(it, log=tuple(normalize("NFC", text) for text in it.log))
            if isinstance(it, Counter)
            else it
        )


class EndsTextsAtZero(Whole):
    """Takes U+0000 for the end of a text."""

    def load(self, key: Key) -> Aggregate:
        it = super().load(key)
        return (
            replace(it, log=tuple(text.split("\0")[0] for text in it.log)) if isinstance(it, Counter) else it
        )


class DropsWhatIsNoText(Whole):
    """Does not store what cannot be stored, and says nothing."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            if "\\ud800" in repr(change.command):
                return Receipt(command_id=change.command.id, versions=())
            return super().commit(change)


class SortsPostings(Whole):
    """Gives ledger lines by key."""

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        return iter(sorted(super().postings(subject=subject, account=account), key=lambda line: line.key))


class TakesNaiveInstants(Whole):
    """Takes an instant without an offset for one in UTC."""

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        return super().due(at if at.tzinfo else at.replace(tzinfo=UTC), limit=limit)


class LooksFarAhead(Whole):
    """Takes the end of time for a moment before it."""

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        return super().due(at if at.year < 9999 else at.replace(month=1), limit=limit)


class TakesAnyLimit(Whole):
    """Gives nothing to whoever asks for nothing."""

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        return super().due(at, limit=limit) if limit > 0 else ()


# --- wakes


class LeavesOutTheBound(Whole):
    """Takes "by then" for "before then"."""

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        return super().due(at - timedelta(microseconds=1) if at.tzinfo else at, limit=limit)


class KeepsOldWakes(Whole):
    """Does not take back a wake that nobody wishes any more."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            known = {key: record.wake for key, record in self.storage._tables.aggregates.items()}
            wakes = tuple((key, wake or known.get(key)) for key, wake in change.wakes)
            return super().commit(change._replace(wakes=wakes))


class ReschedulesNothing(Whole):
    """Trusts the wakes that it has."""

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        return super().reschedule([each for each in wakes if each[2] and each[2].tzinfo is None])


class ReschedulesWhatIsOutdated(Whole):
    """Does not look at the version that a wake was worked out for."""

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        stored = self._tables.aggregates
        return super().reschedule((key, stored[key].version, wake) for key, _, wake in wakes if key in stored)


class ReschedulesOneByOne(Whole):
    """Puts each wake in place as it comes."""

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        return sum(super(ReschedulesOneByOne, self).reschedule([each]) for each in wakes)


# --- the outbox


class SortsMessages(Whole):
    """Gives messages by key."""

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        return iter(sorted(super().outbox(about=about, status=status), key=lambda each: each.message.key))


class IgnoresTheStatus(Whole):
    """Gives all messages, whatever became of them."""

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        return super().outbox(about=about)


class ReservesNothing(Whole):
    """Gives every claimant the same messages."""

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        claimed = super().claim(at, until=until, limit=limit)
        for key, record in list(self._tables.messages.items()):
            self._tables.messages[key] = record._replace(claimed_until=None)
        return claimed


class ClaimsForEver(Whole):
    """Never gives a message to anybody else, though its claimant may be dead."""

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        until = until + timedelta(days=9999) if until.year < 9999 else until
        return super().claim(at, until=until, limit=limit)


class ReopensWhatIsSettled(Whole):
    """Lets a late claimant give back what was sent."""

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        record = self._tables.messages.get(message_key)
        if record is not None:
            self._tables.messages[message_key] = record._replace(status=Status.PENDING)
        super().settle(message_key, at=at, status=status, note=note)


class CountsNoAttempts(Whole):
    """Forgets how often it was tried."""

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        super().settle(message_key, at=at, status=status, note=note)
        record = self._tables.messages[message_key]
        self._tables.messages[message_key] = record._replace(attempts=0)


class SettlesAnything(Whole):
    """Says nothing of a message that it does not know."""

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        if message_key in self._tables.messages:
            super().settle(message_key, at=at, status=status, note=note)


class GivesUpForGood(Whole):
    """Does not hear of a letter that left after all."""

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        record = self._tables.messages.get(message_key)
        if record is None or record.status is not Status.FAILED:
            super().settle(message_key, at=at, status=status, note=note)


class HoldsClaimsToTheEnd(Whole):
    """Takes the instant at which a claim ends for a moment of it."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            messages = self.storage._tables.messages
            before = dict(messages)
            receipt = super().commit(change)
            for key, record in before.items():
                after = messages[key]
                if record.claimed_until == change.command.recorded_at and after != record:
                    messages[key] = record._replace(overtaken=after.status, note=after.note)
            return receipt


class WithdrawsNothing(Whole):
    """Forgets withdrawals."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            return super().commit(change._replace(withdrawals=tuple(change.withdrawals)[:0]))


class SupersedesNothing(Whole):
    """Forgets what a message supersedes."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            receipt = super().commit(change)
            for key, record in list(self.storage._tables.messages.items()):
                if record.status is Status.SUPERSEDED or record.overtaken is Status.SUPERSEDED:
                    left = record._replace(status=Status.PENDING, overtaken=None)
                    self.storage._tables.messages[key] = left
            return receipt


class SupersedesForAll(Whole):
    """Takes a message to one party for one to all of them."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            receipt = super().commit(change)
            mine = {message.key for message in change.messages}
            for message in change.messages:
                at, note = change.command.recorded_at, f"superseded by {message.key}"
                overtaking = Overtaking(message.about, message.supersedes, None, Status.SUPERSEDED, note, at)
                for key, record in list(self.storage._tables.messages.items()):
                    if key not in mine:
                        self.storage._tables.messages[key] = overtaking.of(record) or record
            return receipt


class OneMessageForAll(Whole):
    """Keeps one message of a kind, whoever else it is to."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            found: dict[str, Message] = {}
            for message in change.messages:
                key = message.kind if message.key.startswith("to ") else message.key
                found.setdefault(key, message)
            return super().commit(change._replace(messages=tuple(found.values())))


class SendsWhatFailed(Whole):
    """Leaves the first message of a change that is refused."""

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            try:
                return super().commit(change)
            except AlreadyExists:
                for message in change.messages[:1]:
                    record = message_record(CODEC, message, change.command.recorded_at)
                    self.storage._tables.messages.setdefault(message.key, record)
                raise


# --- several at once


class DoesNotQueue(Whole):
    """Lets all decide at once, and takes whoever commits first."""

    def __init__(self) -> None:
        super().__init__()
        self.happened = 0  # what was read and what was committed, counted together
        self.changed = Condition()

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        yield self.Transaction(self, self)  # type: ignore[arg-type]

    def happens(self) -> int:
        with self.changed:
            self.happened += 1
            self.changed.notify_all()
            return self.happened

    class Transaction(Whole.Transaction):
        seen = 0

        def receipt(self, command: Command) -> Receipt | None:
            with MemoryStorage.writing(self.storage) as writing:
                return writing.receipt(command)

        def load(self, key: Key) -> Aggregate | None:
            with MemoryStorage.writing(self.storage) as writing:
                it = writing.load(key)
            self.seen = self.storage.happens()
            return it

        def commit(self, change: Change) -> Receipt:
            for _ in writes(CODEC, change):
                self.storage.write()
            if current_thread() is not main_thread():  # nobody commits before somebody else has read
                with self.storage.changed:
                    self.storage.changed.wait_for(lambda: self.storage.happened > self.seen, 1)
            with MemoryStorage.writing(self.storage) as writing:
                receipt = writing.commit(change)
            self.storage.happens()
            return receipt


class ReadersWait(Whole):
    """Has one lock for readers and writers."""

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        if self._writer.locked():
            raise StorageBusy("memory", 0)
        return super().aggregates(kind, state=state, after=after, limit=limit)


class RewritesAtOnce(Whole):
    """Does not wait for the writer at work."""

    def __init__(self) -> None:
        super().__init__()
        self.rewritten = Event()

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        copy = filled(self._tables.records())

        def written(record: Record) -> Record:
            self.write()
            return new(record)

        count = copy.rewrite(containing, written)
        self._tables = copy._tables
        self.rewritten.set()
        return count

    class Transaction(Whole.Transaction):
        def commit(self, change: Change) -> Receipt:
            if current_thread() is not main_thread():
                self.storage.rewritten.wait(0.5)
            return super().commit(change)


class ReschedulesUnlocked(Whole):
    """Looks at the versions, then writes the wakes, and keeps nobody from committing in between."""

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        copy = filled(self._tables.records())
        count = copy.reschedule(self.written(wakes))
        self._tables.aggregates.update(copy._tables.aggregates)
        return count


class SettlesUnlocked(Whole):
    """Writes what became of a message though somebody is at work on it."""

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        record = self._tables.messages.get(message_key)
        if record is None:
            raise NotFound("message", message_key)
        after = settled(record, at=in_utc("at", at), status=status, note=read(canonical(note)))
        self._tables.messages[message_key] = after or record


class RestoresUnlocked(Whole):
    """Looks whether something is there, then restores: what was committed in between is lost."""

    def restore(self, records: Iterable[Record]) -> int:
        for stored in self._tables.records():
            raise AlreadyExists(*named(stored))
        copy = MemoryStorage(CODEC)
        count = copy.restore(self.written(records))
        self._tables = copy._tables
        return count


class WaitsForEver(Whole):
    """Knows no time-out."""

    def impatient(self) -> Storage:
        self._busy_seconds = -1
        return self


# --- records


class KeepsReceiptsBack(Whole):
    """Has no record of which commands it was given."""

    def records(self) -> Iterator[Record]:
        return (record for record in super().records() if not isinstance(record, ReceiptRecord))


class ReadsRecordsAsTheyCome(Whole):
    """Gives what is there by the time it is asked for."""

    def records(self) -> Iterator[Record]:
        first = next(super().records(), None)
        if first is not None:
            yield first
            yield from islice(super().records(), 1, None)


class MiscountsRecords(Whole):
    """Counts one more than there are."""

    def restore(self, records: Iterable[Record]) -> int:
        return super().restore(records) + 1


def freed(record: Record) -> Record:
    return record._replace(claimed_until=None) if isinstance(record, MessageRecord) else record


class ForgetsClaims(Whole):
    """Restores messages as nobody's."""

    def restore(self, records: Iterable[Record]) -> int:
        return super().restore(map(freed, records))


class RestoresOver(Whole):
    """Restores in the place of what is there."""

    def restore(self, records: Iterable[Record]) -> int:
        self._tables = MemoryStorage(CODEC)._tables
        return super().restore(records)


class RestoresInParts(Whole):
    """Leaves what came before the error."""

    def restore(self, records: Iterable[Record]) -> int:
        good: list[Record] = []
        before = self._tables

        def kept() -> Iterator[Record]:
            for record in records:
                yield record
                good.append(record)

        try:
            return super().restore(kept())
        except Exception:
            if self._tables is before and not before.aggregates:
                self._tables = filled(good)._tables
            raise


class DropsDoubles(Whole):
    """Takes two records of one key for one."""

    def restore(self, records: Iterable[Record]) -> int:
        found: list[Record] = []
        for record in records:
            if record not in found[-1:]:
                found.append(record)
        return super().restore(found)


class KeepsOldKeys(Whole):
    """Rewrites documents, and leaves aggregates where they stood."""

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        def kept(record: Record) -> Record:
            after = new(record)
            if isinstance(record, AggregateRecord) and isinstance(after, AggregateRecord):
                return after._replace(key=record.key)
            if isinstance(record, EntryRecord) and isinstance(after, EntryRecord):
                return after._replace(key=record.key)
            return after

        return super().rewrite(containing, kept)


class TakesTextsForPatterns(Whole):
    """Finds what looks like the text."""

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        def found(record: Record) -> bool:
            return any(re.search(text, str(part)) for text in containing for part in record)

        return super().rewrite(containing, lambda record: new(record) if found(record) else record)


class LooksInDocumentsOnly(Whole):
    """Does not find a text that stands beside the document."""

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        def found(record: Record) -> bool:
            return any(text in getattr(record, "document", "") for text in containing)

        return super().rewrite(containing, lambda record: new(record) if found(record) else record)


class FindsNothingOnTheWay(Whole):
    """Looks for the texts that a rewrite began with."""

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        texts = tuple(containing)
        return super().rewrite(
            texts, lambda record: new(record) if any(text in repr(record) for text in texts) else record
        )


class RewritesInParts(Whole):
    """Leaves what it had rewritten before the error."""

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        done: dict[Record, Record] = {}

        def noted(record: Record) -> Record:
            done[record] = new(record)
            return done[record]

        try:
            return super().rewrite(containing, noted)
        except Exception:
            changed = [done.get(record, record) for record in self._tables.records()]
            self._tables = filled(dict.fromkeys(changed))._tables
            raise


class RewritesOverOthers(Whole):
    """Gives a key to two, and keeps one of them."""

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        try:
            return super().rewrite(containing, new)
        except AlreadyExists:
            return 0


class HidesWhatIsDamaged(Whole):
    """Leaves out what cannot be read."""

    def load(self, key: Key) -> Aggregate:
        try:
            return super().load(key)
        except DamagedRecord:
            raise NotFound(key.kind, key.id) from None


class StopsAtWhatIsDamaged(Whole):
    """Says what is damaged to whoever sends the mail, and claims nothing."""

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        before = dict(self._tables.messages)
        claimed = super().claim(at, until=until, limit=limit)
        try:
            list(self.outbox())
        except DamagedRecord:
            self._tables.messages.update(before)
            raise
        return claimed


class ForgetsOldFormats(Whole):
    """Cannot read the journals of an earlier release."""

    def earlier(self) -> Iterable[Storage]:
        for storage in super().earlier():
            assert isinstance(storage, ForgetsOldFormats)
            for key, record in list(storage._tables.entries.items()):
                document = record.document.replace('"format":1', '"format":0')
                storage._tables.entries[key] = record._replace(document=document)
            yield storage


# --- and what catches each ------------------------------------------------------------------------


class Tried(StorageContract):
    """The contract with the hooks of the storages above."""

    def failing(self, storage: Any, n: int) -> AbstractContextManager[object]:
        fault: AbstractContextManager[object] = storage.failing(n)
        return fault

    def impatient(self, storage: Any) -> Storage:
        found: Storage = storage.impatient()
        return found

    def earlier(self, storage: Any) -> Iterable[Storage]:
        found: Iterable[Storage] = storage.earlier()
        return found


SLOW = frozenset(
    {
        "test_a_command_counts_once_at_every_moment_of_a_history",
        "test_a_limit_holds_round_after_round",
        "test_a_limit_holds_when_many_try_at_once",
        "test_a_long_history_is_read_to_its_end",
        "test_a_reschedule_writes_over_no_commit",
        "test_a_restore_loses_no_commit",
        "test_a_rewrite_changes_what_contains_the_text",
        "test_a_rewrite_waits_for_the_writer_at_work",
        "test_a_very_large_document_is_stored_or_refused",
        "test_no_message_is_lost_and_none_invented",
        "test_numbers_have_no_gaps_though_some_writers_fail",
        "test_records_are_all_that_is_stored",
        "test_records_are_of_one_moment",
        "test_settling_beside_a_writer_loses_neither",
        "test_two_hundred_writers_on_one_case_are_all_served",
        "test_wakes_are_those_that_the_lifecycles_say",
        "test_what_was_restored_goes_on",
        "test_what_was_restored_is_what_it_was",
        "test_writers_on_one_key_queue",
        "test_writers_that_need_the_same_two_in_turn_do_not_hang",
        "test_wrong_wakes_are_put_right",
    }
)
"""Long histories and many threads: tried on the storages that are to fail them, and on no others."""

CAUGHT: dict[type[Whole], set[str]] = {
    Whole: set(),
    StoresNoPostings: {
        "test_a_commit_stores_all_of_a_change",
        "test_a_fault_between_any_two_writes_leaves_nothing",
        "test_a_key_is_never_stored_twice",
        "test_a_text_with_a_zero_is_stored_or_refused",
        "test_a_write_that_fails_leaves_nothing_of_its_commit",
        "test_ids_are_any_text_in_the_order_of_code_points",
        "test_postings_come_in_the_order_of_their_commit",
    },
    KeepsItsLock: {
        "test_a_transaction_left_without_a_commit_wrote_nothing",
        "test_a_write_that_fails_leaves_nothing_of_its_commit",
    },
    WritesInParts: {
        "test_a_change_decided_on_an_old_version_is_refused",
        "test_a_command_id_is_not_used_for_another_command",
        "test_a_fault_between_any_two_writes_leaves_nothing",
        "test_a_key_is_never_stored_twice",
        "test_an_aggregate_that_was_only_read_is_checked_too",
        "test_an_instant_beyond_the_calendar_is_refused",
        "test_half_a_surrogate_pair_is_refused",
        "test_numbers_have_no_gaps_though_some_writers_fail",
    },
    RollsNothingBack: {"test_a_write_that_fails_leaves_nothing_of_its_commit"},
    CutsLongTexts: {"test_a_very_large_document_is_stored_or_refused"},
    ChecksNoVersions: {
        "test_a_change_decided_on_an_old_version_is_refused",
        "test_a_commit_of_a_committed_command_writes_nothing",
        "test_an_aggregate_that_was_only_read_is_checked_too",
        "test_what_exists_is_not_opened_again",
    },
    ChecksOnlyWhatItWrites: {"test_an_aggregate_that_was_only_read_is_checked_too"},
    DropsRepeatedPostings: {"test_a_key_is_never_stored_twice"},
    RemembersNoCommands: {
        "test_a_command_delivered_later_again_is_the_same_one",
        "test_a_command_id_is_not_used_for_another_command",
        "test_a_commit_of_a_committed_command_writes_nothing",
        "test_ids_are_any_text_in_the_order_of_code_points",
        "test_one_command_at_once_many_times_counts_once",
        "test_the_same_command_twice_counts_once",
    },
    RemembersTenCommands: {
        "test_a_command_counts_once_at_every_moment_of_a_history",
        "test_ids_are_any_text_in_the_order_of_code_points",
    },
    TakesAnyPayload: {"test_a_command_id_is_not_used_for_another_command"},
    ComparesRecordedAt: {"test_a_command_delivered_later_again_is_the_same_one"},
    MakesUpWhatIsMissing: {"test_an_unknown_key_is_not_found"},
    ReadsBackwards: {
        "test_a_commit_stores_all_of_a_change",
        "test_a_journal_is_in_order_without_gaps",
        "test_a_text_with_a_zero_is_stored_or_refused",
        "test_a_write_that_fails_leaves_nothing_of_its_commit",
        "test_every_text_comes_back_as_it_was",
        "test_folding_a_journal_gives_what_is_stored",
        "test_ids_are_any_text_in_the_order_of_code_points",
        "test_what_an_earlier_format_stored_is_read_and_goes_on",
        "test_what_is_damaged_is_named",
    },
    ForgetsRoles: {"test_an_entry_says_who_said_what_and_on_what_it_was_decided"},
    ReadsOnePage: {"test_a_long_history_is_read_to_its_end"},
    HandsOutWhatIsStored: {"test_what_was_read_is_not_what_is_stored"},
    PagesByState: {
        "test_a_listing_is_in_pages_by_id",
        "test_pages_follow_each_other_without_gaps",
    },
    SortsAsUtf16: {
        "test_ids_are_any_text_in_the_order_of_code_points",
        "test_what_is_damaged_is_named",
    },
    ComposesTexts: {"test_every_text_comes_back_as_it_was"},
    EndsTextsAtZero: {"test_a_text_with_a_zero_is_stored_or_refused"},
    DropsWhatIsNoText: {"test_half_a_surrogate_pair_is_refused"},
    SortsPostings: {"test_postings_come_in_the_order_of_their_commit"},
    TakesNaiveInstants: {"test_an_instant_without_an_offset_is_refused"},
    LooksFarAhead: {"test_an_instant_beyond_the_calendar_is_refused"},
    TakesAnyLimit: {"test_a_limit_below_one_is_refused"},
    LeavesOutTheBound: {
        "test_a_commit_stores_all_of_a_change",
        "test_wakes_are_changed_all_or_none",
        "test_what_is_due_at_once_is_worked_through_in_batches",
        "test_what_is_due_comes_earliest_first",
    },
    KeepsOldWakes: {
        "test_wakes_are_those_that_the_lifecycles_say",
        "test_what_is_due_at_once_is_worked_through_in_batches",
        "test_what_is_due_comes_earliest_first",
    },
    ReschedulesNothing: {
        "test_a_wake_of_an_outdated_version_is_ignored",
        "test_wakes_are_changed_all_or_none",
        "test_wrong_wakes_are_put_right",
    },
    ReschedulesWhatIsOutdated: {"test_a_wake_of_an_outdated_version_is_ignored"},
    ReschedulesOneByOne: {"test_wakes_are_changed_all_or_none"},
    SortsMessages: {
        "test_a_message_waits_in_the_outbox",
        "test_an_outbox_can_be_asked_by_status",
        "test_every_recipient_has_a_message_of_his_own",
    },
    IgnoresTheStatus: {"test_an_outbox_can_be_asked_by_status"},
    ReservesNothing: {
        "test_a_damaged_message_keeps_no_other_waiting",
        "test_a_message_is_claimed_by_one",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
        "test_claimants_at_once_never_share_a_message",
        "test_every_recipient_has_a_message_of_his_own",
    },
    ClaimsForEver: {
        "test_a_claim_has_run_out_when_it_ends",
        "test_a_damaged_message_keeps_no_other_waiting",
        "test_a_message_given_up_may_turn_out_to_be_sent",
        "test_a_message_is_claimed_by_one",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
        "test_an_outbox_can_be_asked_by_status",
    },
    ReopensWhatIsSettled: {
        "test_a_claim_has_run_out_when_it_ends",
        "test_a_message_given_up_may_turn_out_to_be_sent",
        "test_what_was_sent_is_never_claimed_again",
    },
    CountsNoAttempts: {
        "test_a_message_given_back_can_be_claimed_at_once",
        "test_a_message_given_up_may_turn_out_to_be_sent",
        "test_no_message_is_lost_and_none_invented",
        "test_what_was_sent_is_never_claimed_again",
    },
    SettlesAnything: {"test_an_unknown_message_cannot_be_settled"},
    GivesUpForGood: {"test_a_message_given_up_may_turn_out_to_be_sent"},
    HoldsClaimsToTheEnd: {"test_a_claim_has_run_out_when_it_ends"},
    WithdrawsNothing: {
        "test_a_claim_has_run_out_when_it_ends",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
        "test_a_withdrawal_reaches_the_unsent_ones_it_names",
        "test_an_outbox_can_be_asked_by_status",
    },
    SupersedesNothing: {
        "test_a_claim_has_run_out_when_it_ends",
        "test_a_later_message_supersedes_an_unsent_one",
        "test_a_message_of_the_same_change_can_supersede",
        "test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again",
        "test_every_recipient_has_a_message_of_his_own",
    },
    SupersedesForAll: {
        "test_a_later_message_supersedes_an_unsent_one",
        "test_no_message_is_lost_and_none_invented",
    },
    OneMessageForAll: {
        "test_a_key_is_never_stored_twice",
        "test_every_recipient_has_a_message_of_his_own",
    },
    SendsWhatFailed: {
        "test_a_key_is_never_stored_twice",
        "test_no_message_is_lost_and_none_invented",
    },
    DoesNotQueue: {
        "test_a_limit_holds_round_after_round",
        "test_a_limit_holds_when_many_try_at_once",
        "test_a_writer_who_waits_too_long_is_told_so",
        "test_numbers_have_no_gaps_though_some_writers_fail",
        "test_two_hundred_writers_on_one_case_are_all_served",
        "test_writers_on_one_key_queue",
        "test_writers_that_need_the_same_two_in_turn_do_not_hang",
    },
    ReadersWait: {"test_a_reader_sees_what_was_committed_last"},
    RewritesAtOnce: {"test_a_rewrite_waits_for_the_writer_at_work"},
    ReschedulesUnlocked: {"test_a_reschedule_writes_over_no_commit"},
    SettlesUnlocked: {"test_settling_beside_a_writer_loses_neither"},
    RestoresUnlocked: {"test_a_restore_loses_no_commit"},
    WaitsForEver: {"test_a_writer_who_waits_too_long_is_told_so"},
    KeepsReceiptsBack: {
        "test_a_restore_that_breaks_off_leaves_nothing",
        "test_a_write_that_fails_leaves_nothing_of_a_restore",
        "test_a_write_that_fails_leaves_nothing_of_a_rewrite",
        "test_records_are_all_that_is_stored",
        "test_what_is_damaged_is_named",
        "test_what_was_restored_is_what_it_was",
    },
    ReadsRecordsAsTheyCome: {"test_records_are_of_one_moment"},
    MiscountsRecords: {
        "test_a_restore_that_breaks_off_leaves_nothing",
        "test_an_empty_storage_has_no_records",
        "test_two_records_of_one_key_are_refused",
    },
    ForgetsClaims: {
        "test_what_was_restored_goes_on",
        "test_what_was_restored_is_what_it_was",
    },
    RestoresOver: {"test_only_an_empty_storage_is_restored"},
    RestoresInParts: {
        "test_a_restore_that_breaks_off_leaves_nothing",
        "test_a_write_that_fails_leaves_nothing_of_a_restore",
        "test_two_records_of_one_key_are_refused",
    },
    DropsDoubles: {"test_two_records_of_one_key_are_refused"},
    KeepsOldKeys: {
        "test_a_rewrite_changes_what_contains_the_text",
        "test_a_rewrite_gives_no_key_that_is_taken",
        "test_a_write_that_fails_leaves_nothing_of_a_rewrite",
    },
    TakesTextsForPatterns: {"test_a_rewrite_finds_the_text_as_it_stands"},
    LooksInDocumentsOnly: {
        "test_a_rewrite_finds_each_of_several_texts",
        "test_a_rewrite_finds_the_text_as_it_stands",
        "test_a_rewrite_gives_no_key_that_is_taken",
        "test_a_rewrite_looks_for_what_it_finds_on_the_way",
        "test_a_write_that_fails_leaves_nothing_of_a_rewrite",
    },
    FindsNothingOnTheWay: {"test_a_rewrite_looks_for_what_it_finds_on_the_way"},
    RewritesInParts: {
        "test_a_rewrite_gives_no_key_that_is_taken",
        "test_a_rewrite_that_breaks_off_changes_nothing",
        "test_a_write_that_fails_leaves_nothing_of_a_rewrite",
    },
    RewritesOverOthers: {"test_a_rewrite_gives_no_key_that_is_taken"},
    HidesWhatIsDamaged: {"test_what_is_damaged_is_named"},
    StopsAtWhatIsDamaged: {"test_a_damaged_message_keeps_no_other_waiting"},
    ForgetsOldFormats: {"test_what_an_earlier_format_stored_is_read_and_goes_on"},
}


def promises() -> dict[str, list[tuple[Any, ...]]]:
    """Every test of the contract, with the parameters that it is run with."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name in dir(StorageContract):
        if name.startswith("test_"):
            marks = [
                each
                for each in getattr(getattr(StorageContract, name), "pytestmark", ())
                if each.name == "parametrize"
            ]
            values = chain.from_iterable(mark.args[1] for mark in marks)
            found[name] = [value if isinstance(value, tuple) else (value,) for value in values] or [()]
    return found


def fails(broken: type[Whole], name: str, parameters: list[tuple[Any, ...]]) -> bool:
    """Whether the storage fails the test, with any of its parameters."""
    for values in parameters:
        try:
            getattr(Tried(), name)(broken(), *values)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 -- it may fail as it likes
            return True
    return False


@pytest.mark.parametrize("broken", CAUGHT, ids=lambda broken: broken.__name__)
def test_the_contract_catches_a_storage_that_breaks_a_promise(broken: type[Whole]):
    """Exactly the tests of the promise that a storage breaks fail on it; none on one that breaks none."""
    expected = CAUGHT[broken]
    tried = {name: values for name, values in promises().items() if name in expected or name not in SLOW}
    assert {name for name, values in tried.items() if fails(broken, name, values)} == expected


def test_every_promise_is_broken_by_some_storage():
    """No test of the contract passes whatever the storage does."""
    assert set().union(*CAUGHT.values()) == promises().keys()


def test_a_contract_without_a_storage_says_what_is_missing():
    """Whoever forgets the fixture is told its name."""
    fixture: Any = StorageContract.storage
    with pytest.raises(NotImplementedError, match="fixture `storage`"):
        fixture.__wrapped__(StorageContract())
