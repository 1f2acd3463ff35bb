"""Storage in memory: for tests, trials and single runs. It keeps every promise but durability.

What is stored is the text of each document, so nobody can change it from outside. A commit works
everything out first; then nothing can go wrong any more, and all of it is put in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, Final, NamedTuple

from servflow.codec import Codec, canonical, in_utc, read
from servflow.core.changes import Aggregate, Change, Command, Key, Message
from servflow.core.errors import AlreadyExists, CommandReused, InvalidValue, NotFound, StorageBusy
from servflow.core.ledger import Account, Posting
from servflow.core.ports import Outgoing, Receipt, Status, StoredEntry, Writing

__all__ = ["MemoryStorage"]

_PLACE: Final = "memory"


class _Standing(NamedTuple):
    version: int
    state: str
    wake: datetime | None
    document: str


class _Given(NamedTuple):
    fingerprint: str
    versions: tuple[tuple[Key, int], ...]


class _Sending(NamedTuple):
    """A message in the outbox. ``overtaken`` is what becomes of it unless its claimant sends it."""

    kind: str
    about: Key
    to: str
    not_before: datetime | None
    changed_at: datetime
    document: str
    status: Status = Status.PENDING
    claimed_until: datetime | None = None
    attempts: int = 0
    note: str = ""
    overtaken: Status | None = None

    def overtake(self, status: Status, note: str, at: datetime) -> _Sending:
        if self.claimed_until is not None and self.claimed_until > at:
            return self._replace(overtaken=status, note=note)
        return self._replace(status=status, note=note, changed_at=at)


_Staged = list[tuple[dict[Any, Any], Any, Any]]  # a table, a key, its row from now on


class _Tables:
    """What is stored. Rows are never changed, only put in place of others."""

    def __init__(self) -> None:
        self.lock = Lock()  # held while rows are put in place, or read out together
        self.aggregates: dict[Key, _Standing] = {}
        self.journal: dict[tuple[Key, int], tuple[str, str]] = {}
        self.receipts: dict[str, _Given] = {}
        self.postings: dict[str, str] = {}
        self.outbox: dict[str, _Sending] = {}
        self.about: dict[Key, tuple[str, ...]] = {}

    def put(self, staged: _Staged) -> None:
        with self.lock:
            for table, key, row in staged:
                table[key] = row

    def load(self, codec: Codec, key: Key) -> Aggregate | None:
        row = self.aggregates.get(key)
        return None if row is None else codec.decode_aggregate(key, row.version, read(row.document))


class MemoryStorage:
    """The ``Storage`` port in memory. May be shared by threads; what is in it ends with it.

    A writer waits at most ``busy_seconds`` for the one before it. Readers never wait for writers
    and see what was committed last.
    """

    def __init__(self, codec: Codec, *, busy_seconds: int = 10) -> None:
        self._codec = codec
        self._busy_seconds = busy_seconds
        self._writer = Lock()  # held for a whole transaction
        self._tables = _Tables()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._writer.acquire(timeout=self._busy_seconds):
            raise StorageBusy(_PLACE, self._busy_seconds)
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """See the port."""
        with self._alone():
            writing = _Writing(self._codec, self._tables)
            try:
                yield writing
            finally:
                writing.over = True

    def load(self, key: Key) -> Aggregate:
        """See the port."""
        it = self._tables.load(self._codec, key)
        if it is None:
            raise NotFound(key.kind, key.id)
        return it

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        """See the port."""
        standing = self._tables.aggregates.get(key)
        for seq in range(after + 1, standing.version + 1 if standing else 0):
            command_id, document = self._tables.journal[key, seq]
            yield StoredEntry(key=key, seq=seq, command_id=command_id, document=read(document))

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        """See the port."""
        _check_limit(limit)
        with self._tables.lock:
            found = [
                (key, standing)
                for key, standing in self._tables.aggregates.items()
                if key.kind == kind and key.id > after and state in (None, standing.state)
            ]
        return tuple(
            self._codec.decode_aggregate(key, row.version, read(row.document))
            for key, row in sorted(found)[:limit]
        )

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        """See the port."""
        in_utc("at", at)
        _check_limit(limit)
        with self._tables.lock:
            found = [
                (standing.wake, key)
                for key, standing in self._tables.aggregates.items()
                if standing.wake is not None and standing.wake <= at
            ]
        return tuple((key, wake) for wake, key in sorted(found)[:limit])

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        """See the port."""
        with self._tables.lock:
            documents = tuple(self._tables.postings.values())
        for document in documents:
            posting = self._codec.decode(read(document), Posting)
            if subject in (None, posting.subject) and account in (None, posting.debit, posting.credit):
                yield posting

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        """See the port."""
        for name, instant in (("at", at), ("until", until)):
            in_utc(name, instant)
        _check_limit(limit)
        staged: _Staged = []
        claimed: list[Outgoing] = []
        with self._alone():
            for key, row in self._tables.outbox.items():
                if row.status is not Status.PENDING or not _before(row.claimed_until, at):
                    continue
                if row.overtaken is not None:  # whoever had claimed it never said what became of it
                    staged.append((self._tables.outbox, key, row.overtake(row.overtaken, row.note, at)))
                elif _before(row.not_before, at) and len(claimed) < limit:
                    staged.append((self._tables.outbox, key, row._replace(claimed_until=until)))
                    claimed.append(self._outgoing(row))
            self._tables.put(staged)
        return tuple(claimed)

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        """See the port."""
        in_utc("at", at)
        with self._alone():
            row = self._tables.outbox.get(message_key)
            if row is None:
                raise NotFound("message", message_key)
            if row.status is not Status.PENDING:
                return
            if row.overtaken is not None and status is not Status.SENT:
                status, note = row.overtaken, row.note
            settled = row._replace(
                status=status,
                claimed_until=None,
                attempts=row.attempts + (status is not Status.SENT),
                changed_at=at,
                note=note,
                overtaken=None,
            )
            self._tables.put([(self._tables.outbox, message_key, settled)])

    def outbox(self, *, about: Key | None = None) -> Iterator[Outgoing]:
        """See the port."""
        with self._tables.lock:
            keys = self._tables.outbox if about is None else self._tables.about.get(about, ())
            rows = tuple(self._tables.outbox[key] for key in keys)
        return map(self._outgoing, rows)

    def _outgoing(self, row: _Sending) -> Outgoing:
        return Outgoing(
            message=self._codec.decode(read(row.document), Message),
            status=row.status,
            attempts=row.attempts,
            changed_at=row.changed_at,
            note=row.note,
        )

    def close(self) -> None:
        """See the port; there is nothing to give back."""


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise InvalidValue("limit", limit, "1 or more")


def _before(limit: datetime | None, at: datetime) -> bool:
    return limit is None or limit <= at


class _Writing:
    """See ``servflow.core.ports.Writing``; the storage's lock is held while it lasts."""

    def __init__(self, codec: Codec, tables: _Tables) -> None:
        self._codec = codec
        self._tables = tables
        self.over = False

    def _check_open(self) -> None:
        if self.over:
            raise TypeError("this transaction is over; ask the storage for another one")

    def receipt(self, command: Command) -> Receipt | None:
        self._check_open()
        given = self._tables.receipts.get(command.id)
        if given is None:
            return None
        if given.fingerprint != self._codec.fingerprint(command):
            raise CommandReused(command.id)
        return Receipt(command_id=command.id, versions=given.versions, repeated=True)

    def load(self, key: Key) -> Aggregate | None:
        self._check_open()
        return self._tables.load(self._codec, key)

    def commit(self, change: Change) -> Receipt:
        first = self.receipt(change.command)
        self.over = True
        if first is not None:
            return first
        for key, expected in change.expects:
            standing = self._tables.aggregates.get(key)
            found = standing.version if standing else 0
            if found != expected:
                raise change.clash(key, expected, found)
        versions = tuple((it.key, it.version) for it in change.becomes)
        given = _Given(self._codec.fingerprint(change.command), versions)
        self._tables.put(
            [
                *self._aggregates(change),
                *self._entries(change),
                *self._postings(change),
                *self._outbox(change),
                (self._tables.receipts, change.command.id, given),
            ]
        )
        return Receipt(command_id=change.command.id, versions=versions)

    def _aggregates(self, change: Change) -> Iterable[tuple[dict[Any, Any], Any, Any]]:
        wakes = dict(change.wakes)
        for it in change.becomes:
            document = canonical(self._codec.encode_aggregate(it))
            wake = wakes.get(it.key)
            if wake is not None:
                in_utc("wake", wake)
            row = _Standing(it.version, it.state.value, wake, document)
            yield self._tables.aggregates, it.key, row

    def _entries(self, change: Change) -> Iterable[tuple[dict[Any, Any], Any, Any]]:
        for entry in change.entries:
            row = (entry.command.id, canonical(self._codec.encode_entry(entry)))
            yield self._tables.journal, (entry.key, entry.seq), row

    def _postings(self, change: Change) -> Iterable[tuple[dict[Any, Any], Any, Any]]:
        keys = set()
        for posting in change.postings:
            if posting.key in self._tables.postings or posting.key in keys:
                raise AlreadyExists("posting", posting.key)
            keys.add(posting.key)
            yield self._tables.postings, posting.key, canonical(self._codec.encode(posting))

    def _outbox(self, change: Change) -> Iterable[tuple[dict[Any, Any], Any, Any]]:
        """The messages of the change, and those that it overtakes, its own earlier ones among them."""
        at = change.command.recorded_at
        rows: dict[str, _Sending] = {}  # as they stand after the change, those that it touches
        about: dict[Key, tuple[str, ...]] = {}

        def unsent(key: Key) -> list[tuple[str, _Sending]]:
            keys = about.get(key, self._tables.about.get(key, ()))
            found = ((each, rows.get(each) or self._tables.outbox[each]) for each in keys)
            return [(k, row) for k, row in found if row.status is Status.PENDING and row.overtaken is None]

        for withdrawal in change.withdrawals:
            for key, row in unsent(withdrawal.about):
                if row.kind in withdrawal.kinds:
                    note = f"withdrawn by {type(change.command).__name__} {change.command.id}"
                    rows[key] = row.overtake(Status.WITHDRAWN, note, at)
        for message in change.messages:
            if message.key in self._tables.outbox or message.key in rows:
                raise AlreadyExists("message", message.key)
            for key, row in unsent(message.about):
                if row.kind in message.supersedes and row.to == message.to:
                    rows[key] = row.overtake(Status.SUPERSEDED, f"superseded by {message.key}", at)
            rows[message.key] = _Sending(
                kind=message.kind,
                about=message.about,
                to=message.to,
                not_before=message.not_before,
                changed_at=at,
                document=canonical(self._codec.encode(message)),
            )
            before = about.get(message.about, self._tables.about.get(message.about, ()))
            about[message.about] = (*before, message.key)
        yield from ((self._tables.outbox, key, row) for key, row in rows.items())
        yield from ((self._tables.about, key, keys) for key, keys in about.items())
