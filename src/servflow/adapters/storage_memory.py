"""Storage in memory: for tests, trials and single runs. It keeps every promise but durability.

What is stored are records, whose documents are texts, so nobody can change them from outside. A
commit works everything out first; then nothing can go wrong any more, and all of it is put in place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, Final

from servflow.codec import Codec, canonical, in_utc
from servflow.codec.records import (
    Overtaking,
    aggregate_of,
    claimable,
    entry_of,
    lapsed,
    named,
    outgoing_of,
    posting_of,
    readable,
    receipt_of,
    settled,
    writes,
)
from servflow.core.changes import Aggregate, Change, Command, Key
from servflow.core.errors import AlreadyExists, CommandReused, InvalidValue, NotFound, StorageBusy
from servflow.core.ledger import Account, Posting
from servflow.core.ports import Outgoing, Receipt, StoredEntry, Writing
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
    Status,
)

__all__ = ["MemoryStorage"]

_PLACE: Final = "memory"


class _Tables:
    """What is stored. Records are never changed, only put in place of others."""

    def __init__(self) -> None:
        self.aggregates: dict[Key, AggregateRecord] = {}
        self.entries: dict[tuple[Key, int], EntryRecord] = {}
        self.receipts: dict[str, ReceiptRecord] = {}
        self.postings: dict[str, PostingRecord] = {}
        self.messages: dict[str, MessageRecord] = {}
        self.about: dict[Key, tuple[str, ...]] = {}

    def records(self) -> Iterator[Record]:
        cases: list[AggregateRecord | EntryRecord] = [*self.aggregates.values(), *self.entries.values()]
        yield from sorted(cases, key=_place)
        yield from sorted(self.receipts.values())
        yield from self.postings.values()
        yield from self.messages.values()


def _place(record: AggregateRecord | EntryRecord) -> tuple[Key, int]:
    """Where it stands among the records: an aggregate before its entries."""
    return record.key, record.seq if isinstance(record, EntryRecord) else 0


class _Staged(_Tables):
    """What is to be put in place in one go, over what is stored already."""

    def __init__(self, stored: _Tables) -> None:
        super().__init__()
        self._stored = stored

    def add(self, record: Record) -> None:
        """A record under a key that is not taken; an aggregate's takes the place of the one before.

        Raises:
            AlreadyExists: another record has the key.
        """
        match record:
            case AggregateRecord():
                self.aggregates[record.key] = record
            case EntryRecord():
                self._new("entries", (record.key, record.seq), record)
            case ReceiptRecord():
                self._new("receipts", record.command_id, record)
            case PostingRecord():
                self._new("postings", record.key, record)
            case MessageRecord():
                self._new("messages", record.key, record)
                self.about[record.about] = (*self._about(record.about), record.key)

    def _new(self, table: str, key: Any, record: Record) -> None:
        if key in getattr(self, table) or key in getattr(self._stored, table):
            raise AlreadyExists(*named(record))
        getattr(self, table)[key] = record

    def _about(self, about: Key) -> tuple[str, ...]:
        return self.about.get(about, self._stored.about.get(about, ()))

    def overtake(self, overtaking: Overtaking) -> None:
        """What becomes of the messages that are there by now."""
        for key in self._about(overtaking.about):
            after = overtaking.of(self.messages.get(key) or self._stored.messages[key])
            if after is not None:
                self.messages[key] = after


class MemoryStorage:
    """The ``Storage`` port in memory. May be shared by threads; what is in it ends with it.

    A writer waits at most ``busy_seconds`` for the one before it. Readers never wait for writers
    and see what was committed last.
    """

    def __init__(self, codec: Codec, *, busy_seconds: int = 10) -> None:
        self._codec = codec
        self._busy_seconds = busy_seconds
        self._writer = Lock()  # held for a whole transaction
        self._placing = Lock()  # held while records are put in place, or read out together
        self._tables = _Tables()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._writer.acquire(timeout=self._busy_seconds):
            raise StorageBusy(_PLACE, self._busy_seconds)
        try:
            yield
        finally:
            self._writer.release()

    def _put(self, staged: _Tables) -> None:
        with self._placing:
            self._tables.entries.update(staged.entries)
            self._tables.receipts.update(staged.receipts)
            self._tables.postings.update(staged.postings)
            self._tables.messages.update(staged.messages)
            self._tables.about.update(staged.about)
            self._tables.aggregates.update(staged.aggregates)  # whoever sees one finds its entries

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """See the port."""
        with self._alone():
            writing = _Writing(self._codec, self._tables, self._put)
            try:
                yield writing
            finally:
                writing.over = True

    def load(self, key: Key) -> Aggregate:
        """See the port."""
        record = self._tables.aggregates.get(key)
        if record is None:
            raise NotFound(key.kind, key.id)
        return aggregate_of(self._codec, record)

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        """See the port."""
        record = self._tables.aggregates.get(key)
        for seq in range(after + 1, record.version + 1 if record else 0):
            entry = self._tables.entries.get((key, seq))
            if entry is not None:  # what was restored may lack one; the audit says so
                yield entry_of(entry)

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        """See the port."""
        _check_limit(limit)
        with self._placing:
            found = [
                record
                for key, record in self._tables.aggregates.items()
                if key.kind == kind and key.id > after and state in (None, record.state)
            ]
        return tuple(aggregate_of(self._codec, record) for record in sorted(found, key=_place)[:limit])

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        """See the port."""
        in_utc("at", at)
        _check_limit(limit)
        with self._placing:
            found = [
                (record.wake, key)
                for key, record in self._tables.aggregates.items()
                if record.wake is not None and record.wake <= at
            ]
        return tuple((key, wake) for wake, key in sorted(found)[:limit])

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        """See the port."""
        with self._placing:
            records = tuple(self._tables.postings.values())
        named = None if account is None else str(account)
        for record in records:
            if subject in (None, record.subject) and named in (None, record.debit, record.credit):
                yield posting_of(self._codec, record)

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        """See the port."""
        now, then = in_utc("at", at), in_utc("until", until)
        _check_limit(limit)
        claimed: list[MessageRecord] = []
        with self._alone():
            staged = _Tables()
            for key, record in self._tables.messages.items():
                late = lapsed(record, now)
                if late is not None:
                    staged.messages[key] = late
                elif claimable(record, now) and len(claimed) < limit:
                    staged.messages[key] = record._replace(claimed_until=then)
                    claimed.append(record)
            self._put(staged)
        return readable(self._codec, claimed)

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        """See the port."""
        now = in_utc("at", at)
        canonical(note)  # refuses what is no text that can be kept
        with self._alone():
            record = self._tables.messages.get(message_key)
            if record is None:
                raise NotFound("message", message_key)
            after = settled(record, at=now, status=status, note=note)
            if after is not None:
                staged = _Tables()
                staged.messages[message_key] = after
                self._put(staged)

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        """See the port."""
        with self._placing:
            keys = self._tables.messages if about is None else self._tables.about.get(about, ())
            records = [self._tables.messages[key] for key in keys]
        for record in records:
            if status in (None, record.status):
                yield outgoing_of(self._codec, record)

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        """See the port."""
        with self._alone():
            staged = _Tables()
            for key, version, wake in wakes:
                at = None if wake is None else in_utc("wake", wake)
                record = self._tables.aggregates.get(key)
                if record is not None and record.version == version and record.wake != at:
                    staged.aggregates[key] = record._replace(wake=at)
            self._put(staged)
        return len(staged.aggregates)

    def records(self) -> Iterator[Record]:
        """See the port."""
        with self._placing:
            found = list(self._tables.records())
        yield from found

    def restore(self, records: Iterable[Record]) -> int:
        """See the port."""
        with self._alone():
            for stored in self._tables.records():
                raise AlreadyExists(*named(stored))
            return self._replace(records)

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:  # noqa: ARG002
        """See the port; ``new`` is asked for every record."""
        with self._alone():
            before = list(self._tables.records())
            after = [new(record) for record in before]
            self._replace(after)
        return sum(one != other for one, other in zip(before, after, strict=True))

    def _replace(self, records: Iterable[Record]) -> int:
        """These in the place of all that is stored."""
        staged = _Staged(_Tables())
        count = 0
        for record in records:
            if isinstance(record, AggregateRecord) and record.key in staged.aggregates:
                raise AlreadyExists(*named(record))
            staged.add(record)
            count += 1
        with self._placing:
            self._tables = staged
        return count

    def close(self) -> None:
        """See the port; there is nothing to give back."""


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise InvalidValue("limit", limit, "1 or more")


class _Writing:
    """See ``servflow.core.ports.Writing``; the storage's lock is held while it lasts."""

    def __init__(self, codec: Codec, tables: _Tables, put: Callable[[_Tables], None]) -> None:
        self._codec = codec
        self._tables = tables
        self._put = put
        self.over = False

    def _check_open(self) -> None:
        if self.over:
            raise TypeError("this transaction is over; ask the storage for another one")

    def receipt(self, command: Command) -> Receipt | None:
        self._check_open()
        record = self._tables.receipts.get(command.id)
        if record is None:
            return None
        if record.fingerprint != self._codec.fingerprint(command):
            raise CommandReused(command.id)
        return receipt_of(record, repeated=True)

    def load(self, key: Key) -> Aggregate | None:
        self._check_open()
        record = self._tables.aggregates.get(key)
        return None if record is None else aggregate_of(self._codec, record)

    def commit(self, change: Change) -> Receipt:
        first = self.receipt(change.command)
        self.over = True
        if first is not None:
            return first
        for key, expected in change.expects:
            record = self._tables.aggregates.get(key)
            found = record.version if record else 0
            if found != expected:
                raise change.clash(key, expected, found)
        staged = _Staged(self._tables)
        for write in writes(self._codec, change):
            if isinstance(write, Overtaking):
                staged.overtake(write)
            else:
                staged.add(write)
        self._put(staged)
        return receipt_of(staged.receipts[change.command.id], repeated=False)
