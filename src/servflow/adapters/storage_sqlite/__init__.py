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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from servflow.adapters.storage_sqlite._access import Access, HostsTransaction, OwnFile, Transaction
from servflow.adapters.storage_sqlite._layout import APPLICATION_ID, GREATEST, LAYOUT
from servflow.adapters.storage_sqlite._rows import (
    AGGREGATE,
    ALL,
    ENTRY,
    MESSAGE,
    POSTING,
    RECEIPT,
    add,
    aggregate_row,
    as_text,
    entry_row,
    message_row,
    overtake,
    posting_row,
    put,
    receipt_row,
    replace,
)
from servflow.codec import Codec
from servflow.codec.records import (
    Overtaking,
    aggregate_of,
    entry_of,
    named,
    outgoing_of,
    posting_of,
    readable,
    receipt_of,
    settled,
    writes,
)
from servflow.core.changes import Aggregate, Change, Command, Key
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    DamagedRecord,
    InvalidValue,
    NotFound,
    UnusableStorage,
)
from servflow.core.ledger import Account, Posting
from servflow.core.ports import Outgoing, Receipt, StoredEntry, Writing
from servflow.core.records import AggregateRecord, ReceiptRecord, Record, Status

__all__ = ["APPLICATION_ID", "LAYOUT", "SqliteStorage"]


_PAGE: Final = 500  # rows that an iterator reads at a time, so that no statement stays open between


def _limit(limit: int) -> int:
    if limit < 1:
        raise InvalidValue("limit", limit, "1 or more")
    return min(limit, GREATEST)


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
        if "\0" in os.fspath(path):  # SQLite would end the name there
            raise UnusableStorage(repr(path), "a name with U+0000 in it", "the name of a file")
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
            record = _standing(cursor, key)
        if record is None:
            raise NotFound(key.kind, key.id)
        return aggregate_of(self._codec, record)

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        """See the port."""
        select = (
            f"SELECT seq, {ENTRY} FROM servflow_journal"  # noqa: S608
            " WHERE kind = :kind AND id = :id AND seq > :after ORDER BY seq LIMIT :limit"
        )
        for _, *row in self._pages(select, key._asdict(), min(after, GREATEST)):
            yield entry_of(entry_row(*row))

    def _pages(self, select: str, named: Mapping[str, Any], after: int = 0) -> Iterator[tuple[Any, ...]]:
        """Rows of a table that only grows, in the order of their first column, from above ``after``."""
        while True:
            with self._access.reading() as cursor:
                rows = cursor.execute(select, {**named, "after": after, "limit": _PAGE}).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        """See the port."""
        select = f"SELECT {AGGREGATE} FROM servflow_aggregate WHERE kind = ? AND id > ?"  # noqa: S608
        values: tuple[Any, ...] = (kind, after)
        if state is not None:
            select += " AND state = ?"
            values = (*values, state)
        with self._access.reading() as cursor:
            rows = cursor.execute(f"{select} ORDER BY id LIMIT ?", (*values, _limit(limit))).fetchall()
        return tuple(aggregate_of(self._codec, aggregate_row(*row)) for row in rows)

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        """See the port."""
        select = (
            f"SELECT {AGGREGATE} FROM servflow_aggregate WHERE wake <= ?"  # noqa: S608
            " ORDER BY wake, kind, id LIMIT ?"
        )
        with self._access.reading() as cursor:
            rows = cursor.execute(select, (as_text(at), _limit(limit))).fetchall()
        return tuple(_wake(aggregate_row(*row)) for row in rows)

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        """See the port."""
        named: dict[str, str] = {}
        sides: tuple[str, ...] = ("",)
        if subject is not None:
            named["subject"] = subject
        if account is not None:
            named["account"] = str(account)
            sides = ("debit = :account AND ", "credit = :account AND ")  # one order out of two indexes
        about = "subject = :subject AND " if subject is not None else ""
        select = " UNION ALL ".join(
            f"SELECT n, {POSTING} FROM servflow_posting WHERE {about}{side}n > :after"  # noqa: S608
            for side in sides
        )
        for _, *row in self._pages(f"{select} ORDER BY n LIMIT :limit", named):
            yield posting_of(self._codec, posting_row(*row))

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        """See the port."""
        now, then, most = as_text(at), as_text(until), _limit(limit)
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
                f"SELECT n, {MESSAGE} FROM servflow_outbox"  # noqa: S608
                f" WHERE {free} AND (not_before IS NULL OR not_before <= ?) ORDER BY n LIMIT ?",
                (now, now, most),
            ).fetchall()
            cursor.executemany(
                "UPDATE servflow_outbox SET claimed_until = ? WHERE n = ?", [(then, row[0]) for row in rows]
            )
        return readable(self._codec, (message_row(*row[1:]) for row in rows))

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        """See the port."""
        now = as_text(at)
        with self._access.writing() as transaction, self._access.translated(), transaction.commit():
            cursor = transaction.cursor
            found = cursor.execute(
                f"SELECT {MESSAGE} FROM servflow_outbox WHERE key = ?",  # noqa: S608
                (message_key,),
            ).fetchall()
            if not found:
                raise NotFound("message", message_key)
            after = settled(message_row(*found[0]), at=at, status=status, note=note)
            if after is not None:
                cursor.execute(
                    "UPDATE servflow_outbox SET status = ?, claimed_until = NULL, overtaken = NULL,"
                    " attempts = ?, changed_at = ?, note = ? WHERE key = ?",
                    (after.status.value, after.attempts, now, after.note, message_key),
                )

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        """See the port."""
        where = ""
        named: dict[str, str] = {}
        if about is not None:
            where = "about_kind = :kind AND about_id = :id AND "
            named.update(about._asdict())
        if status is not None:
            where += "status = :status AND "
            named["status"] = status.value
        select = (
            f"SELECT n, {MESSAGE} FROM servflow_outbox"  # noqa: S608
            f" WHERE {where}n > :after ORDER BY n LIMIT :limit"
        )
        for _, *row in self._pages(select, named):
            yield outgoing_of(self._codec, message_row(*row))

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        """See the port."""
        changed = 0
        with self._access.writing() as transaction, self._access.translated(), transaction.commit():
            for key, version, wake in wakes:
                text = None if wake is None else as_text(wake)
                transaction.cursor.execute(
                    "UPDATE servflow_aggregate SET wake = ?"
                    " WHERE kind = ? AND id = ? AND version = ? AND wake IS NOT ?",
                    (text, *key, version, text),
                )
                changed += transaction.cursor.rowcount
        return changed

    def records(self) -> Iterator[Record]:
        """See the port. A file that is written to meanwhile grows until the last of them was taken."""
        with self._access.snapshot() as cursor:
            for select, row_of in ALL:
                cursor.execute(select)
                while rows := cursor.fetchmany(_PAGE):
                    for row in rows:
                        yield row_of(*row)

    def restore(self, records: Iterable[Record]) -> int:
        """See the port."""
        count = 0
        with self._access.writing() as transaction, self._access.translated(), transaction.commit():
            for select, row_of in ALL:
                for row in transaction.cursor.execute(f"{select} LIMIT 1").fetchall():
                    raise AlreadyExists(*named(row_of(*row)))
            for record in records:
                add(transaction.cursor, record)
                count += 1
        return count

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        """See the port. The file is written anew afterwards, so that nothing of the old one remains in it.

        Raises:
            UnusableStorage: it was rewritten, but there was no room for that, or somebody else was at
                work, so that the old records still stand beside it. Once more wipes them.
        """
        with self._access.writing() as transaction, self._access.translated(), transaction.commit():
            changed = replace(transaction.cursor, containing, new)
        self._access.wipe()
        return changed

    def close(self) -> None:
        """See the port. A connection that a host has lent stays open."""
        self._access.close()


class _JoinedStorage(SqliteStorage):
    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._codec = codec
        self._access = HostsTransaction(connection)

    def records(self) -> Iterator[Record]:
        yield from list(super().records())  # of one moment, whatever is written between two of them


def _standing(cursor: sqlite3.Cursor, key: Key) -> AggregateRecord | None:
    select = f"SELECT {AGGREGATE} FROM servflow_aggregate WHERE kind = ? AND id = ?"  # noqa: S608
    rows = cursor.execute(select, key).fetchall()
    return aggregate_row(*rows[0]) if rows else None


def _wake(record: AggregateRecord) -> tuple[Key, datetime]:
    if not isinstance(record.wake, datetime):
        raise DamagedRecord(f"aggregate {record.key}", f"wake {record.wake!r}", "an instant")
    return record.key, record.wake


class _Writing:
    """See ``servflow.core.ports.Writing``."""

    def __init__(self, codec: Codec, access: Access, transaction: Transaction) -> None:
        self._codec = codec
        self._transaction = transaction
        self._access = access
        # Where nobody else writes while this lasts, what it has read is not read again by its commit.
        self._new: Command | None = None
        self._read: dict[Key, AggregateRecord | None] = {}
        self._called = False  # commit was: whatever came of it, nothing more belongs to this transaction

    def _cursor(self) -> sqlite3.Cursor:
        if self._called or self._transaction.over:
            raise TypeError("this transaction is over; ask the storage for another one")
        return self._transaction.cursor

    def receipt(self, command: Command) -> Receipt | None:
        cursor = self._cursor()
        with self._access.translated():
            rows = cursor.execute(
                f"SELECT {RECEIPT} FROM servflow_receipt WHERE command_id = ?",  # noqa: S608
                (command.id,),
            ).fetchall()
        if not rows:
            self._new = command if self._access.alone else None
            return None
        record = receipt_row(*rows[0])
        if record.fingerprint != self._codec.fingerprint(command):
            raise CommandReused(command.id)
        return receipt_of(record, repeated=True)

    def load(self, key: Key) -> Aggregate | None:
        cursor = self._cursor()
        with self._access.translated():
            record = _standing(cursor, key)
        if self._access.alone:
            self._read[key] = record
        return aggregate_of(self._codec, record) if record is not None else None

    def commit(self, change: Change) -> Receipt:
        cursor = self._cursor()
        first = None if change.command is self._new else self.receipt(change.command)
        self._called = True
        if first is not None:
            return first
        with self._access.translated(), self._transaction.commit():
            self._check_versions(cursor, change)
            for write in writes(self._codec, change):
                if isinstance(write, Overtaking):
                    overtake(cursor, write)
                else:
                    put(cursor, write, self._read.get(write.key) if type(write) is AggregateRecord else None)
        assert isinstance(write, ReceiptRecord)  # the last of them
        return receipt_of(write, repeated=False)

    def _check_versions(self, cursor: sqlite3.Cursor, change: Change) -> None:
        for key, expected in change.expects:
            record = self._read[key] if key in self._read else _standing(cursor, key)
            found = record.version if record is not None else 0
            if found != expected:
                raise change.clash(key, expected, found)
