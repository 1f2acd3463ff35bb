"""Whose SQLite database it is, and the transactions in it: of a file of ours, or joined to a host's."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, ClassVar, Final, Self

from servflow.core.errors import InvalidValue, StorageBusy, StorageFull, UnusableStorage

__all__ = ["APPLICATION_ID", "LAYOUT", "Access", "HostsTransaction", "OwnFile", "Transaction"]

APPLICATION_ID: Final = 0x53464C57
"""``SFLW``: marks a SQLite file as one of servflow."""

LAYOUT: Final = 1
"""The number of the table layout; the documents in the tables carry the number of their own format."""

_TABLES: Final = (
    """
    CREATE TABLE servflow_aggregate (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL,
        wake TEXT, document TEXT NOT NULL, PRIMARY KEY (kind, id))
    """,
    "CREATE INDEX servflow_aggregate_state ON servflow_aggregate (kind, state, id)",
    "CREATE INDEX servflow_aggregate_wake ON servflow_aggregate (wake, kind, id) WHERE wake IS NOT NULL",
    """
    CREATE TABLE servflow_journal (
        kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, command_id TEXT NOT NULL,
        document TEXT NOT NULL, PRIMARY KEY (kind, id, seq),
        FOREIGN KEY (kind, id) REFERENCES servflow_aggregate (kind, id))
    """,
    """
    CREATE TABLE servflow_receipt (
        command_id TEXT NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL, document TEXT NOT NULL)
    """,
    """
    CREATE TABLE servflow_posting (
        n INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, subject TEXT NOT NULL,
        debit TEXT NOT NULL, credit TEXT NOT NULL, minor INTEGER NOT NULL, currency TEXT NOT NULL,
        value_date TEXT NOT NULL, document TEXT NOT NULL)
    """,
    "CREATE INDEX servflow_posting_subject ON servflow_posting (subject, n)",
    "CREATE INDEX servflow_posting_debit ON servflow_posting (debit, n)",
    "CREATE INDEX servflow_posting_credit ON servflow_posting (credit, n)",
    """
    CREATE TABLE servflow_outbox (
        n INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        about_kind TEXT NOT NULL, about_id TEXT NOT NULL, party TEXT NOT NULL, not_before TEXT,
        status TEXT NOT NULL, claimed_until TEXT, overtaken TEXT, attempts INTEGER NOT NULL,
        changed_at TEXT NOT NULL, note TEXT NOT NULL, document TEXT NOT NULL)
    """,
    "CREATE INDEX servflow_outbox_about ON servflow_outbox (about_kind, about_id, n)",
    "CREATE INDEX servflow_outbox_pending ON servflow_outbox (n) WHERE status = 'pending'",
)
# A message that is overtaken while somebody is sending it stays pending; `overtaken` is what becomes
# of it if that try fails or is never settled.

_HEADER: Final = 100  # bytes, see https://www.sqlite.org/fileformat.html, 1.3
_PAUSE: Final = 0.005  # seconds


# --- errors ---------------------------------------------------------------------------------------

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


# --- whose database it is -------------------------------------------------------------------------


def _check_layout(place: str, found: int) -> None:
    if not 1 <= found <= LAYOUT:
        raise UnusableStorage(place, f"layout {found}", f"layout {LAYOUT}, or an earlier one from 1 on")


def _check_owner(place: str, application_id: int, layout: int, tables: int) -> bool:
    """Whether the database is ours; False for one with nothing in it, which may become ours."""
    if application_id == APPLICATION_ID:
        _check_layout(place, layout)
        return True
    if application_id or tables:
        found = f"a database of another program (application id {application_id:#x})"
        raise UnusableStorage(place, found, "one of servflow, an empty file, or none")
    return False


def _look_at_header(path: Path) -> int | None:
    """The application id in a file's header, read without SQLite; None for an empty file or none.

    SQLite itself could recover another program's journal or leave files beside its database.
    """
    place = str(path)
    try:
        if not path.exists():
            if not path.parent.is_dir():
                raise UnusableStorage(place, f"no folder {path.parent}", "a folder that exists")
            return None
        if not path.is_file():
            found = "a folder" if path.is_dir() else "something that is not a file"
            raise UnusableStorage(place, found, "a file, or nothing yet")
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError as error:
        raise UnusableStorage(place, str(error.strerror), "a file that can be read") from error
    if not header:
        return None
    if len(header) < _HEADER or not header.startswith(b"SQLite format 3\0"):
        raise UnusableStorage(place, "no SQLite database", "one of servflow, an empty file, or none")
    application_id = int.from_bytes(header[68:72], "big", signed=True)
    _check_owner(place, application_id, int.from_bytes(header[60:64], "big", signed=True), 0)
    return application_id


def _look_inside(cursor: sqlite3.Cursor, place: str) -> bool:
    """Whether the database behind ``cursor`` is ours; False if there is nothing in it.

    To be asked within a transaction: between two answers another program could make it its own.
    """
    ((application_id,),) = cursor.execute("PRAGMA application_id").fetchall()
    ((layout,),) = cursor.execute("PRAGMA user_version").fetchall()
    ((tables,),) = cursor.execute("SELECT count(*) FROM sqlite_master").fetchall()
    return _check_owner(place, application_id, layout, tables)


# --- transactions: of our own file, or joined -----------------------------------------------------


class Transaction:
    """A writer's transaction: statements through ``cursor``, and at most one ``commit``."""

    __slots__ = ("_block", "cursor", "over")

    def __init__(
        self, cursor: sqlite3.Cursor, block: Callable[[sqlite3.Cursor], AbstractContextManager[None]]
    ) -> None:
        self.cursor = cursor
        self.over = False
        self._block = block

    @contextmanager
    def commit(self) -> Iterator[None]:
        """What is written within is committed at its end; an error leaves nothing of it."""
        with self._block(self.cursor):
            yield
        self.over = True


class Access(ABC):
    """The way to a database; ``place`` names it in errors.

    ``alone`` says that nobody else can write while a transaction lasts, so that what was read in
    it need not be read again.
    """

    alone: ClassVar[bool]

    def __init__(self, place: str, busy_seconds: int) -> None:
        self.place = place
        self.busy_seconds = busy_seconds

    @abstractmethod
    def reading(self) -> AbstractContextManager[sqlite3.Cursor]:
        """A cursor that sees what was committed last; errors within come translated."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Transaction]:
        """A transaction; leaving it without a commit leaves nothing of it."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds."""

    @contextmanager
    def translated(self) -> Iterator[None]:
        """SQLite's errors of the world outside as ours; a mistake in a statement stays what it is."""
        try:
            yield
        except UnicodeEncodeError as error:
            raise InvalidValue("text", error.object, "text in Unicode") from None
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
            if code in _FULL:
                raise StorageFull(self.place) from error
            if code in _BUSY:
                raise StorageBusy(self.place, self.busy_seconds) from error
            if code in _UNUSABLE:
                expected = "a database of servflow that can be read and written"
                raise UnusableStorage(self.place, str(error), expected) from error
            raise


@contextmanager
def _whole(cursor: sqlite3.Cursor) -> Iterator[None]:
    yield
    cursor.execute("COMMIT")


class OwnFile(Access):
    """Connections to a file of ours, each lent to one caller at a time."""

    alone = True

    def __init__(self, path: Path, busy_seconds: int) -> None:
        super().__init__(str(path), busy_seconds)
        self._uri = path.as_uri()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        # Threads queue here and are woken at once; SQLite makes processes ask again and again.
        self._writer = Lock()
        application_id = _look_at_header(path)
        with self.translated():
            if application_id == 0:
                self._look_before_writing()
            connection = self._connect(mode="rwc")
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        self._idle.append(connection)

    def _connect(self, mode: str = "rw") -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._uri}?mode={mode}",
            uri=True,
            timeout=self.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:  # what cannot be opened is found out only now
            connection.close()
            raise
        return connection

    def _look_before_writing(self) -> None:
        connection = self._connect(mode="ro")
        try:
            connection.execute("BEGIN")
            _look_inside(connection.cursor(), self.place)
        finally:
            connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables if there are none; asked again with the lock, for two may open a new file."""
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        ours = _look_inside(cursor, self.place)
        cursor.execute("COMMIT")
        if not ours:
            cursor.execute("BEGIN IMMEDIATE")
            if not _look_inside(cursor, self.place):
                for statement in _TABLES:
                    cursor.execute(statement)
                cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                cursor.execute(f"PRAGMA user_version = {LAYOUT}")
            cursor.execute("COMMIT")
        # Only now: until here the header alone says whose file it is.
        mode = self._begin_log(cursor)
        if mode != "wal":
            expected = "a disk that can hold a write-ahead log"
            raise UnusableStorage(self.place, f"journal mode {mode}", expected)

    def _begin_log(self, cursor: sqlite3.Cursor) -> str:
        """The journal mode, after write-ahead logging was asked for; that needs the file alone once.

        For this one lock SQLite does not wait by itself: it could be for somebody who waits for us.
        """
        deadline = monotonic() + self.busy_seconds
        while True:
            try:
                ((mode,),) = cursor.execute("PRAGMA journal_mode = WAL").fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY or monotonic() >= deadline:
                    raise
                sleep(_PAUSE)
            else:
                return str(mode)

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        if self._closed:
            raise TypeError(f"the storage {self.place} is closed")
        try:
            connection = self._idle.pop()
        except IndexError:
            with self.translated():
                connection = self._connect()
        try:
            yield connection
        finally:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        with self._lent() as connection, self.translated():
            yield connection.cursor()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        if not self._writer.acquire(timeout=self.busy_seconds):
            raise StorageBusy(self.place, self.busy_seconds)
        try:
            with self._lent() as connection:
                with self.translated():
                    connection.execute("BEGIN IMMEDIATE")
                transaction = Transaction(connection.cursor(), _whole)
                try:
                    yield transaction
                finally:
                    transaction.over = True
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
        finally:
            self._writer.release()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class _Cursor(sqlite3.Cursor):
    """A cursor on a host's connection that reads texts as texts, whatever the host wants them as."""

    def execute(self, *statement: Any) -> Self:
        with self._as_text():
            return super().execute(*statement)

    def fetchall(self) -> list[Any]:
        with self._as_text():
            return super().fetchall()

    @contextmanager
    def _as_text(self) -> Iterator[None]:
        theirs = self.connection.text_factory
        self.connection.text_factory = str
        try:
            yield
        finally:
            self.connection.text_factory = theirs


class HostsTransaction(Access):
    """The transaction that a host has open on a connection of its own; it commits, or does not.

    The tables are looked for every time: a host that rolls back takes them away with the rest.
    """

    alone = False  # the host, or another storage of its own, may write between two of our statements

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__("the host's database", 0)
        self._connection = connection
        with self.writing():
            pass

    def _is_prepared(self, cursor: sqlite3.Cursor) -> bool:
        # The application id and the user version belong to the host.
        named = "SELECT count(*) FROM sqlite_master WHERE name = 'servflow_layout'"
        ((there,),) = cursor.execute(named).fetchall()
        if there:
            ((layout,),) = cursor.execute("SELECT number FROM servflow_layout").fetchall()
            _check_layout(self.place, layout)
        return bool(there)

    def _prepare(self, cursor: sqlite3.Cursor) -> None:
        with self._savepoint(cursor):
            for statement in _TABLES:
                cursor.execute(statement)
            cursor.execute("CREATE TABLE servflow_layout (number INTEGER NOT NULL)")
            cursor.execute("INSERT INTO servflow_layout VALUES (?)", (LAYOUT,))

    @contextmanager
    def _savepoint(self, cursor: sqlite3.Cursor) -> Iterator[None]:
        """Only around what is written: one that lasted longer would hold other writers' commits too."""
        cursor.execute("SAVEPOINT servflow")
        try:
            yield
        except BaseException:
            # On a full disk SQLite may have rolled the host's whole transaction back by itself.
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK TO servflow")
                cursor.execute("RELEASE servflow")
            raise
        cursor.execute("RELEASE servflow")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        with self.translated():
            cursor = _Cursor(self._connection)
            if self._is_prepared(cursor):
                yield cursor
                return
        # A reader makes no tables; without any there is nothing stored.
        with closing(sqlite3.connect(":memory:")) as empty:
            for statement in _TABLES:
                empty.execute(statement)
            yield empty.cursor()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        if not self._connection.in_transaction:
            raise InvalidValue("connection", "no open transaction", "one begun with BEGIN IMMEDIATE")
        cursor = _Cursor(self._connection)
        with self.translated():
            if not self._is_prepared(cursor):
                self._prepare(cursor)
        transaction = Transaction(cursor, self._savepoint)
        try:
            yield transaction
        finally:
            transaction.over = True

    def close(self) -> None:
        """The connection is the host's."""
