"""The ``Storage`` port over a library's own tables (``library.sql``). Copy it, and put yours in.

1. What a change writes is worked out by ``servflow.codec.records.writes``; here it gets its columns.
2. The documents count. They are stored and read as they are; all other columns are there to be found by.
3. A writer has the database to himself from before his first look (``BEGIN IMMEDIATE``) until he is
   through, so that nobody decides on what another one is about to change. Readers never wait.
4. The transaction is the library's, where it has one open (``LibrarysTransaction``); otherwise, and
   always for mail, one of our own (``OwnTransactions``). Nothing else differs between the two.
5. ``mail_queue`` holds mail of the library's own; what has no ``message_key`` is none of our affair.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias

from servflow.codec import Codec, in_utc
from servflow.codec import records as of
from servflow.core.changes import Aggregate, Change, Command, Key
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    DamagedRecord,
    InvalidValue,
    NotFound,
    StorageBusy,
    StorageFull,
    UnusableStorage,
)
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

__all__ = ["LibraryStorage", "LibrarysTransaction", "OwnTransactions", "stamp"]

# --- whose transaction it is ----------------------------------------------------------------------

_PLACE: Final = "the library's database"
_GREATEST: Final = 2**63 - 1  # what SQLite's integers hold
_as_it_stands: Final = partial(str, encoding="utf-8", errors="surrogateescape")  # also what is no text


@contextmanager
def _translated(wait: int) -> Iterator[None]:
    """SQLite's errors of the world outside as the port's; a mistake of ours stays what it is."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidValue("text", error.object, "text in Unicode") from None
    except OverflowError as error:
        raise InvalidValue("number", str(error), f"at most {_GREATEST}") from None
    except sqlite3.Error as error:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise StorageBusy(_PLACE, wait) from error
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                raise StorageFull(_PLACE) from error
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                raise UnusableStorage(_PLACE, str(error), "one that can be read and written") from error
        raise


class OwnTransactions:
    """Transactions of our own, on connections that ``connect`` opens. May be shared by threads.

    A connection begins and commits nothing by itself, is not bound to a thread, and waits for another
    writer as many seconds as ``connect`` is given.
    """

    def __init__(self, connect: Callable[[int], sqlite3.Connection], *, wait: int = 10) -> None:
        self.wait = wait
        self._connect = connect
        self._idle: list[sqlite3.Connection] = []
        self._turn = Lock()  # threads queue here, where they are woken at once; processes at the file

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one moment, and waits for nobody."""
        with self._lent() as connection, _translated(self.wait):
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection on which nobody else writes."""
        if not self._turn.acquire(timeout=self.wait):
            raise StorageBusy(_PLACE, self.wait)
        try:
            with self._lent() as connection:
                with _translated(self.wait):
                    connection.execute("BEGIN IMMEDIATE")
                yield connection
        finally:
            self._turn.release()

    @contextmanager
    def whole(self, connection: sqlite3.Connection) -> Iterator[None]:
        """What is written within is there at its end, all of it, or after an error nothing of it."""
        with _translated(self.wait):
            yield
            connection.execute("COMMIT")  # what does not get here is rolled back below

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            with _translated(self.wait):
                connection = self._connect(self.wait)
            connection.text_factory = _as_it_stands
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class LibrarysTransaction:
    """The transaction that the library has open on ``connection``, begun with ``BEGIN IMMEDIATE``.

    It ends as the library wants. A savepoint in it undoes what is ours, and only that.
    """

    wait: Final = 0

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with _translated(self.wait):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        if not self._connection.in_transaction:
            raise InvalidValue("connection", "no open transaction", "one begun with BEGIN IMMEDIATE")
        yield self._connection

    @contextmanager
    def whole(self, connection: sqlite3.Connection) -> Iterator[None]:
        with _translated(self.wait):
            connection.execute("SAVEPOINT servflow")
            try:
                yield
            except BaseException:
                if connection.in_transaction:  # on a full disk SQLite may have rolled back all of it
                    connection.execute("ROLLBACK TO servflow")
                    connection.execute("RELEASE servflow")
                raise
            connection.execute("RELEASE servflow")

    def close(self) -> None:
        """The connection is the library's."""


Transactions: TypeAlias = OwnTransactions | LibrarysTransaction

# --- records as rows ------------------------------------------------------------------------------

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def stamp(at: datetime) -> int:
    """An instant as the library writes it down; ``in_utc`` refuses those that are none."""
    return (in_utc("at", at) - _EPOCH) // _MICROSECOND


def _as(kind: Callable[[Any], Any], value: Any) -> Any:
    """What stands in a column; what cannot be read stays as it is, and is named by whoever needs it."""
    try:
        return None if value is None else kind(value)
    except (TypeError, ValueError, OverflowError):
        return value


def _instant(stamp: Any) -> Any:
    return _as(lambda number: _EPOCH + number * _MICROSECOND, stamp)


def _versions(text: str) -> tuple[tuple[Key, int], ...]:
    return tuple((Key(kind, case), version) for (kind, case), version in json.loads(text))


def _row(record: Iterable[Any]) -> Iterator[str | int | None]:
    """The values of a record as they stand in columns: a key is two, the rest of them one each."""
    for value in record:
        match value:
            case Key():
                yield from value
            case datetime():
                yield stamp(value)
            case date():
                yield value.isoformat()
            case Status():
                yield value.value
            case tuple():  # the versions of a receipt
                yield json.dumps(value, ensure_ascii=False)
            case _:
                yield value


class _Table(NamedTuple):
    """Where records of one kind stand: their columns, in the order in which ``_row`` gives the values."""

    name: str
    kind: str  # as AlreadyExists calls it
    columns: str
    values: str
    select: str  # the number of the row goes before; conditions may follow
    order: str  # of Storage.records
    record: Callable[..., Any]

    def read(self, connection: sqlite3.Connection, more: str = "", *values: Any) -> Iterator[Any]:
        """The records of all rows, or of those that ``more`` says."""
        return (self.record(*row) for _, *row in connection.execute(self.select + more, values))

    def add(self, connection: sqlite3.Connection, record: Record, more: str = "") -> None:
        """One more row. Raises ``AlreadyExists``: its key is taken."""
        insert = f"INSERT INTO {self.name} ({self.columns}) VALUES ({self.values}) {more}"  # noqa: S608
        self._write(connection, insert, record)

    def replace(self, connection: sqlite3.Connection, number: int, record: Record) -> None:
        """Another record in a row, whose other columns stay. Raises ``AlreadyExists``, as ``add``."""
        update = f"UPDATE {self.name} SET ({self.columns}) = ({self.values}) WHERE rowid = ?"  # noqa: S608
        self._write(connection, update, record, number)

    def _write(self, connection: sqlite3.Connection, statement: str, record: Record, *more: int) -> None:
        try:
            connection.execute(statement, (*_row(record), *more))
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorname in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
                raise self.taken(record) from error
            raise

    def taken(self, record: Record) -> AlreadyExists:
        return AlreadyExists(
            *(record.key if type(record) is AggregateRecord else (self.kind, str(record[0])))
        )


def _table(name: str, kind: str, columns: str, order: str, record: Callable[..., Any]) -> _Table:
    names = columns.split(", ")
    marks = ", ".join("?" for _ in names)
    select = f"SELECT rowid, {columns} FROM {name} WHERE {names[0]} IS NOT NULL"  # noqa: S608
    return _Table(name, kind, columns, marks, select, f" ORDER BY {order}", record)


_REQUEST: Final = _table(
    "ill_request",
    "aggregate",
    "kind, case_id, version, status_code, look_at, document",
    "kind, case_id",
    lambda kind, case, version, state, wake, document: AggregateRecord(
        Key(kind, case), version, state, _instant(wake), document
    ),
)
# INSERT OR REPLACE would make a new row, with a new number and without the library's own columns.
_OR_UPDATE: Final = (
    "ON CONFLICT (kind, case_id) DO UPDATE SET version = excluded.version, look_at = excluded.look_at,"
    " status_code = excluded.status_code, document = excluded.document"
)
_EVENT: Final = _Table(  # the library finds the request of an event by its number
    "ill_event",
    "entry",
    "request_no, seq, command_id, document",
    "(SELECT request_no FROM ill_request WHERE kind = ? AND case_id = ?), ?, ?, ?",
    "SELECT e.rowid, kind, case_id, seq, command_id, e.document"
    " FROM ill_request JOIN ill_event AS e USING (request_no) WHERE 1",
    " ORDER BY kind, case_id, seq",
    lambda kind, case, *row: EntryRecord(Key(kind, case), *row),
)
_COMMAND: Final = _table(
    "done_command",
    "receipt",
    "command_id, fingerprint, versions",
    "command_id",
    lambda command_id, fingerprint, versions: ReceiptRecord(
        command_id, fingerprint, _as(_versions, versions)
    ),
)
_LINE: Final = _table(
    "fee_line",
    "posting",
    "line_key, subject, debit, credit, minor, currency, value_date, document",
    "line_no",
    lambda key, subject, debit, credit, minor, currency, day, document: PostingRecord(
        key, subject, debit, credit, minor, currency, _as(date.fromisoformat, day), document
    ),
)
_MAIL: Final = _table(  # where message_key is not NULL
    "mail_queue",
    "message",
    "message_key, message_kind, about_kind, about_id, recipient, not_before, body, changed_at, status_code,"
    " claimed_until, overtaken_code, tries, remark",
    "mail_no",
    lambda key, kind, about_kind, about_id, to, not_before, body, at, status, until, overtaken, *rest: (
        MessageRecord(
            key,
            kind,
            Key(about_kind, about_id),
            to,
            _instant(not_before),
            body,
            _instant(at),
            _as(Status, status),
            _instant(until),
            _as(Status, overtaken),
            *rest,
        )
    ),
)
_TABLES: Final = {
    AggregateRecord: _REQUEST,
    EntryRecord: _EVENT,
    ReceiptRecord: _COMMAND,
    PostingRecord: _LINE,
    MessageRecord: _MAIL,
}


# --- the port -------------------------------------------------------------------------------------


def _limit(limit: int) -> int:
    if limit < 1:
        raise InvalidValue("limit", limit, "1 or more")
    return min(limit, _GREATEST)


def _wake(record: AggregateRecord) -> tuple[Key, datetime]:
    if not isinstance(record.wake, datetime):
        raise DamagedRecord(f"aggregate {record.key}", f"look_at {record.wake!r}", "an instant")
    return record.key, record.wake


def _records(connection: sqlite3.Connection) -> Iterator[Record]:
    events: Iterator[EntryRecord] = _EVENT.read(connection, _EVENT.order)
    event = next(events, None)
    for request in _REQUEST.read(connection, _REQUEST.order):
        yield request
        while event is not None and event.key == request.key:
            yield event
            event = next(events, None)
    for table in (_COMMAND, _LINE, _MAIL):
        yield from table.read(connection, table.order)


def _become(connection: sqlite3.Connection, record: MessageRecord | None) -> None:
    """What ``servflow.codec.records`` says became of a message; None is nothing."""
    if record is not None:
        update = (
            "UPDATE mail_queue SET (changed_at, status_code, claimed_until, overtaken_code, tries, remark)"
            " = (?, ?, ?, ?, ?, ?) WHERE message_key = ?"
        )
        connection.execute(update, (*_row(record[6:]), record.key))  # what it says stays as it is


class LibraryStorage:
    """The ``Storage`` port; what each method promises is said there."""

    def __init__(self, codec: Codec, transactions: Transactions) -> None:
        self._codec = codec
        self._transactions = transactions

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._transactions.writing() as connection:
            writing = _Writing(self._codec, self._transactions, connection)
            try:
                yield writing
            finally:
                writing.over = True

    @contextmanager
    def _whole(self) -> Iterator[sqlite3.Connection]:
        """For what is written without a decision."""
        with self._transactions.writing() as connection, self._transactions.whole(connection):
            yield connection

    def _read(self, table: _Table, more: str, *values: Any) -> list[Any]:
        """All at once: no statement is open while the caller does something else."""
        with self._transactions.reading() as connection:
            return list(table.read(connection, more, *values))

    def load(self, key: Key) -> Aggregate:
        for record in self._read(_REQUEST, " AND kind = ? AND case_id = ?", *key):
            return of.aggregate_of(self._codec, record)
        raise NotFound(key.kind, key.id)

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        where = " AND kind = ? AND case_id = ? AND seq > ? ORDER BY seq"
        yield from map(of.entry_of, self._read(_EVENT, where, *key, after))

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        where, values = " AND kind = ? AND case_id > ?", [kind, after]
        if state is not None:
            where, values = f"{where} AND status_code = ?", [*values, state]
        found = self._read(_REQUEST, f"{where} ORDER BY case_id LIMIT ?", *values, _limit(limit))
        return tuple(of.aggregate_of(self._codec, record) for record in found)

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        where = " AND look_at <= ? ORDER BY look_at, kind, case_id LIMIT ?"
        return tuple(map(_wake, self._read(_REQUEST, where, stamp(at), _limit(limit))))

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        where, values = "", []
        if subject is not None:
            where, values = " AND subject = ?", [subject]
        if account is not None:
            where, values = f"{where} AND (debit = ? OR credit = ?)", [*values, str(account), str(account)]
        for record in self._read(_LINE, where + _LINE.order, *values):
            yield of.posting_of(self._codec, record)

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        now, then, most = stamp(at), stamp(until), _limit(limit)
        free = " AND status_code = 'pending' AND (claimed_until IS NULL OR claimed_until <= ?)"
        ready = f"{free} AND (not_before IS NULL OR not_before <= ?){_MAIL.order} LIMIT ?"
        with self._whole() as connection:
            # Overtaken while they were being sent by somebody who never said what became of them.
            for record in list(_MAIL.read(connection, f"{free} AND overtaken_code IS NOT NULL", now)):
                _become(connection, of.lapsed(record, at))
            claimed = list(_MAIL.read(connection, ready, now, now, most))
            connection.executemany(
                "UPDATE mail_queue SET claimed_until = ? WHERE message_key = ?",
                [(then, record.key) for record in claimed],
            )
        return of.readable(self._codec, claimed)

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        with self._whole() as connection:
            for record in list(_MAIL.read(connection, " AND message_key = ?", message_key)):
                return _become(connection, of.settled(record, at=at, status=status, note=note))
        raise NotFound("message", message_key)

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        where, values = "", []
        if about is not None:
            where, values = " AND about_kind = ? AND about_id = ?", [*about]
        if status is not None:
            where, values = f"{where} AND status_code = ?", [*values, status.value]
        for record in self._read(_MAIL, where + _MAIL.order, *values):
            yield of.outgoing_of(self._codec, record)

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        update = (
            "UPDATE ill_request SET look_at = ?1"
            " WHERE kind = ?2 AND case_id = ?3 AND version = ?4 AND look_at IS NOT ?1"
        )
        with self._whole() as connection:
            rows = ((wake and stamp(wake), *key, version) for key, version, wake in wakes)
            return sum(connection.execute(update, row).rowcount for row in rows)

    def records(self) -> Iterator[Record]:
        with self._transactions.reading() as connection:
            if isinstance(self._transactions, LibrarysTransaction):
                # It sees what is written in it from now on; so here all are read at once.
                yield from list(_records(connection))
            else:
                yield from _records(connection)

    def restore(self, records: Iterable[Record]) -> int:
        count = 0
        with self._whole() as connection:
            for table in _TABLES.values():
                for record in table.read(connection, " LIMIT 1"):
                    raise table.taken(record)
            for record in records:
                _TABLES[type(record)].add(connection, record)
                count += 1
        return count

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:  # noqa: ARG002
        """``new`` is asked for every record. To ``VACUUM`` its file afterwards is the library's affair."""
        changed: list[tuple[_Table, int, Record]] = []
        with self._whole() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            # All are read first: an event has the key of its request, which may be about to change.
            for table in _TABLES.values():
                for number, *row in connection.execute(table.select + table.order):
                    before = table.record(*row)
                    after = new(before)
                    if after != before:
                        changed.append((table, number, after))
            for table, number, record in changed:
                table.replace(connection, number, record)
        return len(changed)

    def close(self) -> None:
        self._transactions.close()


class _Writing:
    """See the port: one writer's transaction."""

    def __init__(self, codec: Codec, transactions: Transactions, connection: sqlite3.Connection) -> None:
        self._codec = codec
        self._transactions = transactions
        self._connection = connection
        self.over = False

    def _one(self, table: _Table, where: str, *values: str) -> Any:
        if self.over:
            raise TypeError("this transaction is over; ask the storage for another one")
        with _translated(self._transactions.wait):
            found = list(table.read(self._connection, where, *values))
        return found[0] if found else None

    def receipt(self, command: Command) -> Receipt | None:
        record = self._one(_COMMAND, " AND command_id = ?", command.id)
        if record is None:
            return None
        if record.fingerprint != self._codec.fingerprint(command):
            raise CommandReused(command.id)
        return of.receipt_of(record, repeated=True)

    def _standing(self, key: Key) -> AggregateRecord | None:
        # Where rows are locked, not the whole database, this is a SELECT ... FOR UPDATE.
        found: AggregateRecord | None = self._one(_REQUEST, " AND kind = ? AND case_id = ?", *key)
        return found

    def load(self, key: Key) -> Aggregate | None:
        record = self._standing(key)
        return None if record is None else of.aggregate_of(self._codec, record)

    def commit(self, change: Change) -> Receipt:
        first = self.receipt(change.command)
        if first is None:
            for key, expected in change.expects:
                record = self._standing(key)
                found = record.version if record else 0
                if found != expected:
                    raise change.clash(key, expected, found)
        self.over = True  # whatever comes of it now
        if first is not None:
            return first
        with self._transactions.whole(self._connection):
            for write in of.writes(self._codec, change):
                match write:
                    case of.Overtaking():
                        self._overtake(write)
                    case AggregateRecord():
                        _REQUEST.add(self._connection, write, _OR_UPDATE)
                    case _:
                        _TABLES[type(write)].add(self._connection, write)
        assert isinstance(write, ReceiptRecord)  # always the last
        return of.receipt_of(write, repeated=False)

    def _overtake(self, it: of.Overtaking) -> None:
        pending = " AND about_kind = ? AND about_id = ? AND status_code = 'pending'"
        for record in list(_MAIL.read(self._connection, pending, *it.about)):
            if not isinstance(record.claimed_until, datetime | None):
                found = f"claimed_until {record.claimed_until!r}"
                raise DamagedRecord(f"message {record.key}", found, "an instant")
            _become(self._connection, it.of(record))
