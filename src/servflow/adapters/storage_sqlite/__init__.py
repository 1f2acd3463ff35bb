"""Storage in one SQLite file, or in the tables of a host's own SQLite database.

1. A file of ours says so in its header (application id) and which layout it has (user version).
   Both are looked at before anything is touched; another program's file is left as it is.
2. A writer begins with ``BEGIN IMMEDIATE``: writers queue, and nobody decides on what another one
   is about to change. Readers never wait.
3. Write-ahead log with ``synchronous = FULL``: what was committed survives a crash and a power cut.
4. Columns are for finding; the documents, in the codec's format, are what counts.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from servflow.adapters.storage_sqlite._access import (
    APPLICATION_ID,
    LAYOUT,
    Access,
    HostsTransaction,
    OwnFile,
    Transaction,
)
from servflow.codec import Codec, canonical, in_utc, read
from servflow.core.changes import Aggregate, Change, Command, Key, Message
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    InvalidValue,
    NotFound,
)
from servflow.core.ledger import Account, Posting
from servflow.core.ports import Outgoing, Receipt, Status, StoredEntry, Writing

__all__ = ["APPLICATION_ID", "LAYOUT", "SqliteStorage"]


_PAGE: Final = 500  # rows that an iterator reads at a time, so that no statement stays open between
_GREATEST: Final = 2**63 - 1


def _text(at: datetime) -> str:
    """An instant as it stands in a column: of one width, so that texts sort as instants do."""
    return in_utc("at", at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _limit(limit: int) -> int:
    if limit < 1:
        raise InvalidValue("limit", limit, "1 or more")
    return min(limit, _GREATEST)


def _text_or_none(at: datetime | None) -> str | None:
    return None if at is None else _text(at)


class SqliteStorage:
    """The ``Storage`` port in one SQLite file, which is made if there is none.

    May be shared by threads, and the file by processes; a process that forks opens its own
    afterwards. A writer waits at most ``busy_seconds`` for the one before it (0: not at all).

    Raises:
        UnusableStorage: the place is a folder, cannot be read, or holds no database, another
            program's, or one of a newer layout. It is left as it is.
        StorageFull, StorageBusy: a new file has no room, or somebody else is making it.
    """

    def __init__(self, path: str | os.PathLike[str], codec: Codec, *, busy_seconds: int = 10) -> None:
        self._codec = codec
        self._access: Access = OwnFile(Path(path).absolute(), busy_seconds)

    @staticmethod
    def joining(connection: sqlite3.Connection, codec: Codec) -> SqliteStorage:
        """A storage in the host's own database, inside the transaction that it has open.

        The tables, all named ``servflow_…``, are made if there are none. Every write is part of
        the host's transaction: a commit here is durable when the host commits, and gone when it
        rolls back; tables that went with it are made again by the next write. Begin with
        ``BEGIN IMMEDIATE``, so that writers queue. To be used by one thread, as the connection is.

        Mail is delivered (``claim``, ``settle``) through a storage of its own, with transactions
        that are committed at once: a rollback here would forget what was sent, and it would be
        sent again.

        Raises:
            InvalidValue: the connection has no open transaction; so does every later write.
            UnusableStorage: its tables are of a newer layout.
        """
        return _JoinedStorage(connection, codec)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """See the port."""
        with self._access.writing() as transaction:
            yield _Writing(self._codec, self._access, transaction)

    def load(self, key: Key) -> Aggregate:
        """See the port."""
        with self._access.reading() as cursor:
            it = _load(cursor, self._codec, key)
        if it is None:
            raise NotFound(key.kind, key.id)
        return it

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        """See the port."""
        select = (
            "SELECT seq, command_id, document FROM servflow_journal"
            " WHERE kind = ? AND id = ? AND seq > ? ORDER BY seq LIMIT ?"
        )
        for seq, command_id, document in self._pages(select, key, after):
            yield StoredEntry(key=key, seq=seq, command_id=command_id, document=read(document))

    def _pages(self, select: str, values: tuple[Any, ...], after: int) -> Iterator[tuple[Any, ...]]:
        """Rows of a table that only grows, in the order of their first column, from above ``after``."""
        while True:
            with self._access.reading() as cursor:
                rows = cursor.execute(select, (*values, after, _PAGE)).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        """See the port."""
        select = "SELECT id, version, document FROM servflow_aggregate WHERE kind = ? AND id > ?"
        values: tuple[Any, ...] = (kind, after)
        if state is not None:
            select += " AND state = ?"
            values = (*values, state)
        with self._access.reading() as cursor:
            rows = cursor.execute(f"{select} ORDER BY id LIMIT ?", (*values, _limit(limit))).fetchall()
        return tuple(
            self._codec.decode_aggregate(Key(kind, id), version, read(document))
            for id, version, document in rows
        )

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        """See the port."""
        select = (
            "SELECT kind, id, wake FROM servflow_aggregate WHERE wake <= ? ORDER BY wake, kind, id LIMIT ?"
        )
        with self._access.reading() as cursor:
            rows = cursor.execute(select, (_text(at), _limit(limit))).fetchall()
        return tuple((Key(kind, id), datetime.fromisoformat(wake)) for kind, id, wake in rows)

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        """See the port."""
        where = ""
        values: tuple[str, ...] = ()
        if subject is not None:
            where, values = "subject = ? AND ", (subject,)
        if account is not None:
            where, values = where + "(debit = ? OR credit = ?) AND ", (*values, str(account), str(account))
        select = f"SELECT n, document FROM servflow_posting WHERE {where}n > ? ORDER BY n LIMIT ?"  # noqa: S608
        for _, document in self._pages(select, values, 0):
            yield self._codec.decode(read(document), Posting)

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        """See the port."""
        now, then, most = _text(at), _text(until), _limit(limit)
        free = "status = 'pending' AND (claimed_until IS NULL OR claimed_until <= ?)"
        with self._access.writing() as transaction, self._access.translated(), transaction.commit():
            cursor = transaction.cursor
            # Whoever had claimed these never said what became of them.
            cursor.execute(
                "UPDATE servflow_outbox SET status = overtaken, overtaken = NULL, changed_at = ?"  # noqa: S608
                f" WHERE {free} AND overtaken IS NOT NULL",
                (now, now),
            )
            rows = cursor.execute(
                f"SELECT n, {_OUTGOING} FROM servflow_outbox"  # noqa: S608
                f" WHERE {free} AND (not_before IS NULL OR not_before <= ?) ORDER BY n LIMIT ?",
                (now, now, most),
            ).fetchall()
            cursor.executemany(
                "UPDATE servflow_outbox SET claimed_until = ? WHERE n = ?", [(then, row[0]) for row in rows]
            )
        return tuple(self._outgoing(row[1:]) for row in rows)

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        """See the port."""
        now = _text(at)
        with self._access.writing() as transaction, self._access.translated(), transaction.commit():
            cursor = transaction.cursor
            found = cursor.execute(
                "SELECT status, overtaken, note FROM servflow_outbox WHERE key = ?", (message_key,)
            ).fetchall()
            if not found:
                raise NotFound("message", message_key)
            ((before, overtaken, overtaken_by),) = found
            if before != Status.PENDING.value:
                return
            if overtaken is not None and status is not Status.SENT:
                status, note = Status(overtaken), overtaken_by
            cursor.execute(
                "UPDATE servflow_outbox SET status = ?, claimed_until = NULL, overtaken = NULL,"
                " attempts = attempts + ?, changed_at = ?, note = ? WHERE key = ?",
                (status.value, int(status is not Status.SENT), now, note, message_key),
            )

    def outbox(self, *, about: Key | None = None) -> Iterator[Outgoing]:
        """See the port."""
        where = "" if about is None else "about_kind = ? AND about_id = ? AND "
        select = f"SELECT n, {_OUTGOING} FROM servflow_outbox WHERE {where}n > ? ORDER BY n LIMIT ?"  # noqa: S608
        for row in self._pages(select, about or (), 0):
            yield self._outgoing(row[1:])

    def _outgoing(self, row: tuple[Any, ...]) -> Outgoing:
        document, status, attempts, changed_at, note = row
        return Outgoing(
            message=self._codec.decode(read(document), Message),
            status=Status(status),
            attempts=attempts,
            changed_at=datetime.fromisoformat(changed_at),
            note=note,
        )

    def close(self) -> None:
        """See the port. A connection that a host has lent stays open."""
        self._access.close()


class _JoinedStorage(SqliteStorage):
    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._codec = codec
        self._access = HostsTransaction(connection)


_OUTGOING: Final = "document, status, attempts, changed_at, note"


def _load(cursor: sqlite3.Cursor, codec: Codec, key: Key) -> Aggregate | None:
    select = "SELECT version, document FROM servflow_aggregate WHERE kind = ? AND id = ?"
    rows = cursor.execute(select, key).fetchall()
    return codec.decode_aggregate(key, rows[0][0], read(rows[0][1])) if rows else None


class _Writing:
    """See ``servflow.core.ports.Writing``."""

    def __init__(self, codec: Codec, access: Access, transaction: Transaction) -> None:
        self._codec = codec
        self._transaction = transaction
        self._access = access
        # Where nobody else writes while this lasts, what it has read is not read again by its commit.
        self._new: Command | None = None
        self._versions: dict[Key, int] = {}
        self._called = False  # commit was: whatever came of it, nothing more belongs to this transaction

    def _cursor(self) -> sqlite3.Cursor:
        if self._called or self._transaction.over:
            raise TypeError("this transaction is over; ask the storage for another one")
        return self._transaction.cursor

    def receipt(self, command: Command) -> Receipt | None:
        cursor = self._cursor()
        with self._access.translated():
            rows = cursor.execute(
                "SELECT fingerprint, document FROM servflow_receipt WHERE command_id = ?", (command.id,)
            ).fetchall()
        if not rows:
            self._new = command if self._access.alone else None
            return None
        ((fingerprint, document),) = rows
        if fingerprint != self._codec.fingerprint(command):
            raise CommandReused(command.id)
        versions = tuple((Key(kind, id), version) for kind, id, version in read(document))
        return Receipt(command_id=command.id, versions=versions, repeated=True)

    def load(self, key: Key) -> Aggregate | None:
        cursor = self._cursor()
        with self._access.translated():
            it = _load(cursor, self._codec, key)
        if self._access.alone:
            self._versions[key] = it.version if it is not None else 0
        return it

    def commit(self, change: Change) -> Receipt:
        cursor = self._cursor()
        first = None if change.command is self._new else self.receipt(change.command)
        self._called = True
        if first is not None:
            return first
        with self._access.translated(), self._transaction.commit():
            self._check_versions(cursor, change)
            self._write_aggregates(cursor, change)
            self._write_postings(cursor, change)
            self._write_messages(cursor, change)
            return self._write_receipt(cursor, change)

    def _check_versions(self, cursor: sqlite3.Cursor, change: Change) -> None:
        select = "SELECT version FROM servflow_aggregate WHERE kind = ? AND id = ?"
        for key, expected in change.expects:
            found = self._versions.get(key)
            if found is None:
                rows = cursor.execute(select, key).fetchall()
                found = rows[0][0] if rows else 0
            if found != expected:
                raise change.clash(key, expected, found)

    def _write_aggregates(self, cursor: sqlite3.Cursor, change: Change) -> None:
        wakes = dict(change.wakes)
        for it in change.becomes:
            document = canonical(self._codec.encode_aggregate(it))
            cursor.execute(
                "INSERT INTO servflow_aggregate (kind, id, version, state, wake, document)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version,"
                " state = excluded.state, wake = excluded.wake, document = excluded.document",
                (*it.key, it.version, it.state.value, _text_or_none(wakes.get(it.key)), document),
            )
        for entry in change.entries:
            cursor.execute(
                "INSERT INTO servflow_journal (kind, id, seq, command_id, document) VALUES (?, ?, ?, ?, ?)",
                (*entry.key, entry.seq, entry.command.id, canonical(self._codec.encode_entry(entry))),
            )

    def _write_postings(self, cursor: sqlite3.Cursor, change: Change) -> None:
        for posting in change.postings:
            minor = posting.amount.minor
            if minor > _GREATEST:
                raise InvalidValue("amount", posting.amount, f"at most {_GREATEST} minor units")
            cursor.execute(
                "INSERT INTO servflow_posting"
                " (key, subject, debit, credit, minor, currency, value_date, document)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (
                    posting.key,
                    posting.subject,
                    str(posting.debit),
                    str(posting.credit),
                    minor,
                    posting.amount.currency,
                    posting.value_date.isoformat(),
                    canonical(self._codec.encode(posting)),
                ),
            )
            if not cursor.rowcount:
                raise AlreadyExists("posting", posting.key)

    def _write_messages(self, cursor: sqlite3.Cursor, change: Change) -> None:
        at = _text(change.command.recorded_at)
        for withdrawal in change.withdrawals:
            note = f"withdrawn by {type(change.command).__name__} {change.command.id}"
            for kind in withdrawal.kinds:
                self._overtake(cursor, withdrawal.about, kind, None, Status.WITHDRAWN, note, at)
        for message in change.messages:
            note = f"superseded by {message.key}"
            for kind in message.supersedes:
                self._overtake(cursor, message.about, kind, message.to, Status.SUPERSEDED, note, at)
            cursor.execute(
                "INSERT INTO servflow_outbox (key, kind, about_kind, about_id, party, not_before, status,"
                " attempts, changed_at, note, document) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, '', ?)"
                " ON CONFLICT (key) DO NOTHING",
                (
                    message.key,
                    message.kind,
                    *message.about,
                    message.to,
                    _text_or_none(message.not_before),
                    Status.PENDING.value,
                    at,
                    canonical(self._codec.encode(message)),
                ),
            )
            if not cursor.rowcount:
                raise AlreadyExists("message", message.key)

    def _overtake(
        self,
        cursor: sqlite3.Cursor,
        about: Key,
        kind: str,
        to: str | None,
        status: Status,
        note: str,
        at: str,
    ) -> None:
        """Unsent messages are not to be sent any more; those being sent, not to be tried again."""
        cursor.execute(
            "UPDATE servflow_outbox SET note = :note,"
            " status = CASE WHEN claimed_until > :at THEN status ELSE :status END,"
            " changed_at = CASE WHEN claimed_until > :at THEN changed_at ELSE :at END,"
            " overtaken = CASE WHEN claimed_until > :at THEN :status END"
            " WHERE about_kind = :about_kind AND about_id = :about_id AND kind = :kind"
            " AND (:to IS NULL OR party = :to) AND status = 'pending' AND overtaken IS NULL",
            {
                "note": note,
                "at": at,
                "status": status.value,
                "about_kind": about.kind,
                "about_id": about.id,
                "kind": kind,
                "to": to,
            },
        )

    def _write_receipt(self, cursor: sqlite3.Cursor, change: Change) -> Receipt:
        versions = tuple((it.key, it.version) for it in change.becomes)
        cursor.execute(
            "INSERT INTO servflow_receipt (command_id, fingerprint, document) VALUES (?, ?, ?)",
            (
                change.command.id,
                self._codec.fingerprint(change.command),
                canonical([[key.kind, key.id, version] for key, version in versions]),
            ),
        )
        return Receipt(command_id=change.command.id, versions=versions)
