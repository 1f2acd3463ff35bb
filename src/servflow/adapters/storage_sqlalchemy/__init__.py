"""Storage in a PostgreSQL database, of its own or the tables of a host's, through SQLAlchemy and psycopg.

1. Who is to change an aggregate holds a lock on its row from the moment he loads it, or on its key
   where there is none yet; who gives a command, a lock on its id. So writers on the same keys queue,
   and nobody decides on what another one is about to change. Readers never wait.
2. What is written of a change goes out in one round trip with its ``COMMIT``.
3. Columns are for finding; the documents, in the codec's format, are what counts.
4. The tables say which layout they have. It is looked at before anything is touched; another
   program's tables are left as they are, and those of an earlier layout are brought to the present
   one in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from heapq import merge
from itertools import chain
from typing import Any, Final

from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    DamagedRecord,
    InvalidValue,
    MissingExtra,
    NotFound,
    StorageBusy,
)

try:
    import psycopg
    import sqlalchemy
except ImportError as missing:
    raise MissingExtra(missing.name or "sqlalchemy", "sql") from missing

from servflow.adapters.storage_sqlalchemy._access import (
    Access,
    HostsTransaction,
    OwnTransactions,
    Transaction,
    engine_of,
    rows_of,
)
from servflow.adapters.storage_sqlalchemy._rows import (
    AGGREGATES,
    ENTRIES,
    MESSAGES,
    POSTINGS,
    RECEIPTS,
    TABLES,
    TableOf,
    as_utc,
)
from servflow.adapters.storage_sqlalchemy._sending import Statement, command_lock, key_lock
from servflow.adapters.storage_sqlalchemy._tables import LAYOUT, METADATA
from servflow.codec import Codec, in_utc
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
from servflow.core.ledger import Account, Posting
from servflow.core.ports import Outgoing, Receipt, StoredEntry, Writing
from servflow.core.records import AggregateRecord, EntryRecord, MessageRecord, PostingRecord, Record, Status

__all__ = ["LAYOUT", "METADATA", "PostgresStorage"]

_PAGE: Final = 500  # rows that an iterator reads at a time, so that no connection is held in between
_MOST_ROWS: Final = 5_000  # that are restored at a time, or of
_MOST_CHARACTERS: Final = 8_000_000
_MOST_TOGETHER: Final = 100  # rows that are put in one statement
_GREATEST: Final = 2**63 - 1


def _limit(limit: int) -> int:
    if limit < 1:
        raise InvalidValue("limit", limit, "1 or more")
    return min(limit, _GREATEST)


class PostgresStorage:
    """The ``Storage`` port in a PostgreSQL database; the tables are made if there are none.

    ``database`` is a URL (``postgresql://…``) or an engine of the host's. The tables, all named
    ``servflow_…``, stand where ``servflow_layout`` is found, or else in the first schema of the
    connection's search path. May be shared by threads, and the database by processes; a process
    that forks opens its own afterwards. A writer waits at most ``busy_seconds`` for each lock (0: not
    at all), and for a connection; for one of a host's engine, as long as that says.

    A connection that is lost before its commit was answered leaves it open whether the change is
    there (``UnusableStorage`` says so): give the command again, it counts once.

    Raises:
        InvalidValue: ``database`` is nothing of PostgreSQL's through psycopg.
        UnusableStorage: the server is not to be reached; there are tables of these names that are
            another program's, of a newer layout, not complete, or not all in one schema: they are left
            as they are. Or the client encoding of a host's engine is not UTF8.
        StorageFull, StorageBusy: there is no room for the tables, or somebody else is making them.
    """

    def __init__(
        self, database: sqlalchemy.Engine | sqlalchemy.URL | str, codec: Codec, *, busy_seconds: int = 10
    ) -> None:
        self._codec = codec
        engine, ours = engine_of(database, busy_seconds)
        try:
            self._access: Access = OwnTransactions(engine, ours=ours, busy_seconds=busy_seconds)
        except BaseException:
            if ours:
                engine.dispose()
            raise

    @staticmethod
    def joining(connection: sqlalchemy.Connection, codec: Codec) -> PostgresStorage:
        """A storage in the host's own database, inside the transaction that it has open.

        ``connection`` is SQLAlchemy's, as ``Session.connection()`` gives it. The tables are made if
        there are none. Every write is part of the host's transaction, between savepoints: a commit
        here is durable when the host commits, and gone when it rolls back. What was loaded stays
        locked until then; the time-outs are the host's. Under an isolation level above
        READ COMMITTED writers collide instead of queueing (``StorageBusy``). To be used by one
        thread, as the connection is.

        Mail is delivered (``claim``, ``settle``) through a storage of its own, with transactions
        that are committed at once: a rollback here would forget what was sent, and it would be
        sent again. ``records`` needs a transaction that is REPEATABLE READ. After ``rewrite`` and
        the commit, ``VACUUM FULL`` is the host's.

        Raises:
            InvalidValue: the connection has no open transaction; so does every later use. So does a
                use of what ``writing`` gave once the transaction, or the nested one, is not that in
                which it was given any more: nothing is written.
            UnusableStorage: its tables are another program's, of a newer layout, or not complete; or
                the client encoding is not UTF8.
        """
        return _JoinedStorage(connection, codec)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """See the port."""
        with self._access.writing() as transaction:
            yield _Writing(self._codec, self._access, transaction)

    def _read(self, select: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._access.reading() as send:
            (found,) = send((select, values))
            return found.fetchall()

    def load(self, key: Key) -> Aggregate:
        """See the port."""
        rows = self._read(_LOAD, *key)
        if not rows:
            raise NotFound(key.kind, key.id)
        return aggregate_of(self._codec, AGGREGATES.record(rows[0]))

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        """See the port."""
        select = f"SELECT {ENTRIES.selected} FROM servflow_journal WHERE kind = %s AND id = %s AND seq > %s"  # noqa: S608
        while rows := self._read(f"{select} ORDER BY seq LIMIT {_PAGE}", *key, after):
            for row in rows:
                yield entry_of(ENTRIES.record(row))
            if len(rows) < _PAGE:
                return
            after = rows[-1][2]

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        """See the port."""
        select = f"SELECT {AGGREGATES.selected} FROM servflow_aggregate WHERE kind = %s AND id > %s"  # noqa: S608
        values: tuple[Any, ...] = (kind, after)
        if state is not None:
            select += " AND state = %s"
            values = (*values, state)
        rows = self._read(f"{select} ORDER BY id LIMIT %s", *values, _limit(limit))
        return tuple(aggregate_of(self._codec, AGGREGATES.record(row)) for row in rows)

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        """See the port."""
        select = (
            "SELECT kind, id, wake AT TIME ZONE 'UTC' FROM servflow_aggregate"
            " WHERE wake <= %s ORDER BY wake, kind, id LIMIT %s"
        )
        rows = self._read(select, in_utc("at", at), _limit(limit))
        return tuple(_due(Key(kind, id), as_utc(wake)) for kind, id, wake in rows)

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        """See the port."""
        sides: tuple[tuple[str, tuple[str, ...]], ...] = (("", ()),)
        if account is not None:  # a page of each side, found in the order of n
            sides = tuple((f"{side} = %s AND ", (str(account),)) for side in ("debit", "credit"))
        if subject is not None:
            sides = tuple((f"{where}subject = %s AND ", (*values, subject)) for where, values in sides)
        for row in self._pages(POSTINGS, sides):
            yield posting_of(self._codec, POSTINGS.record(row))

    def _pages(
        self, table: TableOf[Any], parts: Iterable[tuple[str, tuple[Any, ...]]]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows in one of ``parts``, conditions that exclude each other, in the order of ``n``."""
        select = " UNION ALL ".join(
            f"(SELECT {table.selected}, n FROM {table.name} WHERE {where}n > %s ORDER BY n LIMIT {_PAGE})"  # noqa: S608
            for where, _ in parts
        )
        after = 0
        while rows := self._read(
            f"SELECT * FROM ({select}) AS parts ORDER BY n LIMIT {_PAGE}",  # noqa: S608
            *chain.from_iterable((*values, after) for _, values in parts),
        ):
            for row in rows:
                yield row[:-1]
            if len(rows) < _PAGE:
                return
            after = rows[-1][-1]

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        """See the port."""
        now, then, most = in_utc("at", at), in_utc("until", until), _limit(limit)
        with self._access.writing() as transaction:
            # Whoever had claimed these never said what became of them.
            _, claimed = transaction.commit((_LAPSE, (now, now)), (_CLAIM, (now, now, most, then)))
            rows = sorted(claimed.fetchall(), key=lambda row: row[-1])
        return readable(self._codec, (MESSAGES.record(row[:-1]) for row in rows))

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        """See the port."""
        now = in_utc("at", at)
        with self._access.writing() as transaction:
            select = f"SELECT {MESSAGES.selected} FROM servflow_outbox WHERE key = %s FOR UPDATE"  # noqa: S608
            (found,) = transaction.send((select, (message_key,)))
            rows = found.fetchall()
            if not rows:
                raise NotFound("message", message_key)
            after = settled(MESSAGES.record(rows[0]), at=now, status=status, note=note)
            if after is not None:
                transaction.commit(
                    (_SETTLE, (after.status.value, after.attempts, now, after.note, message_key))
                )

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        """See the port."""
        where, values = "", tuple[str, ...]()
        if about is not None:
            where, values = "about_kind = %s AND about_id = %s AND ", about
        if status is not None:
            where, values = f"{where}status = %s AND ", (*values, status.value)
        for row in self._pages(MESSAGES, ((where, values),)):
            yield outgoing_of(self._codec, MESSAGES.record(row))

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        """See the port."""
        wanted = {(key, version): wake and in_utc("wake", wake) for key, version, wake in wakes}
        lists: list[list[Any]] = [[], [], [], []]
        for (key, version), wake in wanted.items():
            for values, value in zip(lists, (*key, version, wake), strict=True):
                values.append(value)
        with self._access.writing(alone=True) as transaction:
            (changed,) = transaction.commit((_RESCHEDULE, lists))
            return changed.rowcount

    def records(self) -> Iterator[Record]:
        """See the port."""
        with self._access.looking() as driver:

            def stored(table: TableOf[Any]) -> Iterator[Any]:
                select = f"SELECT {table.selected} FROM {table.name} ORDER BY {', '.join(table.order)}"  # noqa: S608
                return map(table.record, rows_of(driver, select))

            yield from merge(stored(AGGREGATES), stored(ENTRIES), key=_place)
            for table in (RECEIPTS, POSTINGS, MESSAGES):
                yield from stored(table)

    def restore(self, records: Iterable[Record]) -> int:
        """See the port."""
        with self._access.writing(alone=True) as transaction:
            for table in TABLES.values():
                (found,) = transaction.send((f"SELECT {table.selected} FROM {table.name} LIMIT 1", None))  # noqa: S608
                for row in found.fetchall():
                    raise AlreadyExists(*named(table.record(row)))
            waiting: dict[type[Record], list[Record]] = {kind: [] for kind in TABLES}
            number = size = 0
            for record in records:
                number += 1
                size += len(getattr(record, "document", ""))
                waiting[type(record)].append(record)
                if number % _MOST_ROWS == 0 or size > _MOST_CHARACTERS:
                    _restore(transaction, waiting)
                    size = 0
            _restore(transaction, waiting)
            transaction.commit()
        return number

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        """See the port. What was there before is cleared away by ``VACUUM FULL`` after the commit.

        Raises:
            UnusableStorage: it was rewritten, but what was there before is not cleared away: somebody
                reads it, there is no room, or the tables belong to another role. Once more, with
                nothing left to rewrite, clears all tables.
        """
        rewritten: dict[TableOf[Any], list[tuple[Record, Record, int | None]]] = {}
        with self._access.writing(alone=True) as transaction:
            for table in TABLES.values():
                counted = "n" if "n" in table.order else "NULL"
                holds = " OR ".join(f"strpos({column}, text) > 0" for column in table.texts)
                select = (
                    f"SELECT {table.selected}, {counted} FROM {table.name}"  # noqa: S608
                    f" WHERE EXISTS (SELECT FROM unnest(%s::text[]) AS text WHERE {holds})"
                )
                (found,) = transaction.send((select, (list(containing),)))
                for *row, n in found:
                    before = table.record(tuple(row))
                    after = new(before)
                    if after != before:
                        rewritten.setdefault(table, []).append((before, after, n))
            for table, changes in rewritten.items():
                _replace(transaction, table, changes)
            transaction.commit()
        self._access.clear(tuple(table.name for table in rewritten or TABLES.values()))
        return sum(map(len, rewritten.values()))

    def close(self) -> None:
        """See the port. An engine or a connection that a host has lent stays open."""
        self._access.close()


class _JoinedStorage(PostgresStorage):
    def __init__(self, connection: sqlalchemy.Connection, codec: Codec) -> None:
        self._codec = codec
        self._access = HostsTransaction(connection)


# --- statements -----------------------------------------------------------------------------------

_LOAD: Final = f"SELECT {AGGREGATES.selected} FROM servflow_aggregate WHERE kind = %s AND id = %s"  # noqa: S608
_RECEIPT: Final = f"SELECT {RECEIPTS.selected} FROM servflow_receipt WHERE command_id = %s"  # noqa: S608
_VERSION: Final = "SELECT version FROM servflow_aggregate WHERE kind = %s AND id = %s"
_IN_PLACE: Final = (
    " ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version,"
    " state = excluded.state, wake = excluded.wake, document = excluded.document"
)
_OVERTAKE: Final = """
    UPDATE servflow_outbox SET note = %(note)s,
    status = CASE WHEN claimed_until > %(at)s THEN status ELSE %(status)s END,
    changed_at = CASE WHEN claimed_until > %(at)s THEN changed_at ELSE %(at)s END,
    overtaken = CASE WHEN claimed_until > %(at)s THEN %(status)s END
    WHERE about_kind = %(about_kind)s AND about_id = %(about_id)s AND kind = ANY(%(kinds)s)
    AND (%(to)s::text IS NULL OR party = %(to)s) AND status = 'pending' AND overtaken IS NULL
"""
_LAPSE: Final = """
    UPDATE servflow_outbox SET status = overtaken, overtaken = NULL, changed_at = %s
    WHERE n IN (SELECT n FROM servflow_outbox WHERE status = 'pending' AND overtaken IS NOT NULL
                AND (claimed_until IS NULL OR claimed_until <= %s) FOR UPDATE SKIP LOCKED)
"""
_CLAIM: Final = f"""
    WITH free AS MATERIALIZED (
        SELECT n FROM servflow_outbox WHERE status = 'pending' AND overtaken IS NULL
        AND (claimed_until IS NULL OR claimed_until <= %s) AND (not_before IS NULL OR not_before <= %s)
        ORDER BY n LIMIT %s FOR UPDATE SKIP LOCKED)
    UPDATE servflow_outbox SET claimed_until = %s WHERE n IN (SELECT n FROM free)
    RETURNING {MESSAGES.selected}, n
"""  # noqa: S608
_SETTLE: Final = """
    UPDATE servflow_outbox SET status = %s, claimed_until = NULL, overtaken = NULL,
    attempts = %s, changed_at = %s, note = %s WHERE key = %s
"""
_RESCHEDULE: Final = """
    UPDATE servflow_aggregate SET wake = wanted.wake
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::timestamptz[]) AS wanted (kind, id, version, wake)
    WHERE servflow_aggregate.kind = wanted.kind AND servflow_aggregate.id = wanted.id
    AND servflow_aggregate.version = wanted.version AND servflow_aggregate.wake IS DISTINCT FROM wanted.wake
"""


def _due(key: Key, wake: Any) -> tuple[Key, datetime]:
    if not isinstance(wake, datetime):
        raise DamagedRecord(f"aggregate {key}", f"wake {wake!r}", "an instant")
    return key, wake


def _place(record: AggregateRecord | EntryRecord) -> tuple[Key, int]:
    """Where it stands among the records: an aggregate before its entries."""
    return record.key, record.seq if isinstance(record, EntryRecord) else 0


def _overtaking(it: Overtaking) -> Statement:
    about = {"about_kind": it.about.kind, "about_id": it.about.id, "kinds": list(it.kinds)}
    return _OVERTAKE, {**about, "to": it.to, "status": it.status.value, "note": it.note, "at": it.at}


def _statements(items: Iterable[Record | Overtaking]) -> Iterator[Statement]:
    """What writes a change: what it overtakes of what is stored, then all records, together if they are few.

    Raises:
        AlreadyExists: two messages or two postings of it have one key.
    """
    records: dict[type[Record], dict[Any, Any]] = {kind: {} for kind in TABLES}
    for item in items:
        if isinstance(item, Overtaking):
            yield _overtaking(item)
            mine = records[MessageRecord]
            mine.update((key, after) for key, it in mine.items() if (after := item.of(it)) is not None)
        else:
            name = named(item)
            if name in records[type(item)]:
                raise AlreadyExists(*name)
            records[type(item)][name] = item
    rows = {
        TABLES[kind]: [TABLES[kind].row(it) for it in found.values()]
        for kind, found in records.items()
        if found
    }
    if sum(map(len, rows.values())) <= _MOST_TOGETHER:
        yield (
            _together(tuple((table.name, len(found)) for table, found in rows.items())),
            [*chain(*chain(*rows.values()))],
        )
    else:
        for table, found in rows.items():
            yield from ((_put(table, 1), row) for row in found)


def _put(table: TableOf[Any], rows: int) -> str:
    marks = ", ".join([table.marks] * rows)
    return f"{table.insert} VALUES {marks}{_IN_PLACE if table is AGGREGATES else ''}"


@lru_cache(maxsize=256)
def _together(numbers: tuple[tuple[str, int], ...]) -> str:
    """One statement that puts so many rows in each of these tables."""
    tables = {table.name: table for table in TABLES.values()}
    *first, last = (_put(tables[name], number) for name, number in numbers)
    parts = (f"part_{place} AS ({part})" for place, part in enumerate(first))
    return f"WITH {', '.join(parts)} {last}"


def _restore(transaction: Transaction, waiting: dict[type[Record], list[Record]]) -> None:
    """Write what waits, and have nothing waiting.

    Raises:
        AlreadyExists: a key is taken.
    """
    for kind, records in waiting.items():
        if records:
            table = TABLES[kind]
            rows = [table.row(record) for record in records]
            (written,) = transaction.send(
                (table.insert_many, [list(column) for column in zip(*rows, strict=True)])
            )
            if written.rowcount < len(rows):
                _refuse_taken(table, records, written.fetchall())
            records.clear()


def _refuse_taken(table: TableOf[Any], records: list[Any], written: Iterable[tuple[Any, ...]]) -> None:
    places = [table.columns.index(name) for name in table.key]
    left = Counter(written)
    for record in records:
        row = table.row(record)
        key = tuple(row[place] for place in places)
        left[key] -= 1
        if left[key] < 0:
            raise AlreadyExists(*named(record))


def _replace(
    transaction: Transaction, table: TableOf[Any], changes: list[tuple[Record, Record, int | None]]
) -> None:
    """Records in the place of others, all at once: what one leaves another may take."""
    places = [table.columns.index(name) for name in table.key]
    gone = f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = %s' for name in table.key)}"  # noqa: S608
    transaction.send(*((gone, [table.row(before)[place] for place in places]) for before, _, _ in changes))
    for _, after, n in changes:
        statement = f"{table.insert} VALUES {table.marks}", table.row(after)
        if n is not None:
            statement = f"{table.insert_counted} VALUES (%s, {table.marks[1:]}", (n, *table.row(after))
        (written,) = transaction.send((f"{statement[0]} ON CONFLICT DO NOTHING", statement[1]))
        if not written.rowcount:
            raise AlreadyExists(*named(after))


# --- a writer -------------------------------------------------------------------------------------


class _Writing:
    """See ``servflow.core.ports.Writing``."""

    def __init__(self, codec: Codec, access: Access, transaction: Transaction) -> None:
        self._codec = codec
        self._access = access
        self._transaction = transaction
        # What was read is not read again by the commit, if its lock is held until then.
        self._new: Command | None = None
        self._versions: dict[Key, int] = {}

    def _open(self) -> Transaction:
        if self._transaction.over:
            raise TypeError("this transaction is over; ask the storage for another one")
        return self._transaction

    def receipt(self, command: Command) -> Receipt | None:
        (found,) = self._open().send((_RECEIPT, (command.id,)), locks=(command_lock(command.id),))
        rows = found.fetchall()
        if not rows:
            self._new = command if self._access.locks_last else None
            return None
        record = RECEIPTS.record(rows[0])
        if record.fingerprint != self._codec.fingerprint(command):
            raise CommandReused(command.id)
        return receipt_of(record, repeated=True)

    def load(self, key: Key) -> Aggregate | None:
        row = self._locked(self._open(), _LOAD, key)
        it = aggregate_of(self._codec, AGGREGATES.record(row)) if row else None
        if self._access.locks_last:
            self._versions[key] = it.version if it is not None else 0
        return it

    @staticmethod
    def _locked(transaction: Transaction, select: str, key: Key) -> tuple[Any, ...] | None:
        """The row of an aggregate, locked; where there is none, its key is."""
        (found,) = transaction.send((f"{select} FOR NO KEY UPDATE", key))
        rows = found.fetchall()
        if not rows:  # whoever had the lock may have opened it
            (found,) = transaction.send((f"{select} FOR NO KEY UPDATE", key), locks=(key_lock(key),))
            rows = found.fetchall()
        return rows[0] if rows else None

    def commit(self, change: Change) -> Receipt:
        transaction = self._open()
        first = None if change.command is self._new else self.receipt(change.command)
        try:
            if first is not None:
                return first
            self._check_versions(transaction, change)
            items = tuple(writes(self._codec, change))
            statements = tuple(_statements(items))
            try:
                transaction.commit(*statements)
            except psycopg.errors.UniqueViolation as error:
                raise self._taken(transaction, items) from error
        finally:
            transaction.over = True
        return Receipt(
            command_id=change.command.id, versions=tuple((it.key, it.version) for it in change.becomes)
        )

    def _check_versions(self, transaction: Transaction, change: Change) -> None:
        for key in sorted(key for key, _ in change.expects if key not in self._versions):
            row = self._locked(transaction, _VERSION, key)
            self._versions[key] = row[0] if row else 0
        for key, expected in change.expects:
            if self._versions[key] != expected:
                raise change.clash(key, expected, self._versions[key])

    def _taken(self, transaction: Transaction, items: Iterable[Record | Overtaking]) -> Exception:
        """What to raise for a change of which another one has a key."""
        for kind in (PostingRecord, MessageRecord):
            keys = [item.key for item in items if isinstance(item, kind)]
            table = TABLES[kind]
            (found,) = transaction.afterwards(
                (f"SELECT key FROM {table.name} WHERE key = ANY(%s)", (keys,))  # noqa: S608
            )
            taken = {row[0] for row in found.fetchall()}
            for key in keys:
                if key in taken:
                    return AlreadyExists("posting" if kind is PostingRecord else "message", key)
        return StorageBusy(self._access.place, self._access.busy_seconds)  # not to be seen from here, yet
