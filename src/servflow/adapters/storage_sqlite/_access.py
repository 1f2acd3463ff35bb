"""Whose SQLite database it is, and the transactions in it: of a file of ours, or joined to a host's."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, ClassVar, Final, Self

from servflow.adapters.storage_sqlite._layout import (
    APPLICATION_ID,
    GREATEST,
    LAYOUT,
    TABLES,
    check_layout,
    check_tables,
    look_at_header,
    look_inside,
    upgrade,
)
from servflow.core.errors import (
    DamagedRecord,
    InvalidValue,
    ServflowError,
    StorageBusy,
    StorageFull,
    UnusableStorage,
)

__all__ = ["Access", "HostsTransaction", "OwnFile", "Transaction"]

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
        self._translated = _Translated(place, busy_seconds)

    @abstractmethod
    def reading(self) -> AbstractContextManager[sqlite3.Cursor]:
        """A cursor that sees what was committed last; errors within come translated."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[sqlite3.Cursor]:
        """A cursor that goes on seeing what was committed when it was first used."""

    @abstractmethod
    def wipe(self) -> None:
        """Leave nothing of what was replaced or deleted, as far as that is ours to do."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Transaction]:
        """A transaction; leaving it without a commit leaves nothing of it."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds."""

    def translated(self) -> AbstractContextManager[None]:
        """SQLite's errors of the world outside as ours; a mistake in a statement stays what it is."""
        return self._translated


class _Translated:
    """Not a generator, because it is around every statement."""

    __slots__ = ("_busy_seconds", "_place")

    def __init__(self, place: str, busy_seconds: int) -> None:
        self._place = place
        self._busy_seconds = busy_seconds

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, UnicodeEncodeError):
            raise InvalidValue("text", error.object, "text in Unicode") from None
        if isinstance(error, OverflowError):
            raise InvalidValue("number", str(error), f"at most {GREATEST}") from None
        if isinstance(error, sqlite3.Error):
            ours = self._ours(error)
            if ours is not None:
                raise ours from error

    def _ours(self, error: sqlite3.Error) -> ServflowError | None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
        if code in _FULL:
            return StorageFull(self._place)
        if code in _BUSY:
            return StorageBusy(self._place, self._busy_seconds)
        if code == sqlite3.SQLITE_CONSTRAINT:
            return DamagedRecord(self._place, str(error), "records that belong to each other")
        if code == sqlite3.SQLITE_TOOBIG:
            return InvalidValue("document", str(error), "one that SQLite can hold")
        if code in _UNUSABLE:
            expected = "a database of servflow that can be read and written"
            return UnusableStorage(self._place, str(error), expected)
        if not code and "UTF-8" in str(error):  # sqlite3 itself could not read it
            return DamagedRecord(self._place, str(error), "text in UTF-8")
        return None


_as_it_stands: Final = partial(str, encoding="utf-8", errors="surrogateescape")
"""How texts are read where one that is none is not to end it all, but to be named by an audit."""


@contextmanager
def _whole(cursor: sqlite3.Cursor) -> Iterator[None]:
    yield
    cursor.execute("COMMIT")


class OwnFile(Access):
    """Connections to a file of ours, each lent to one caller at a time."""

    alone = True

    def __init__(self, path: Path, busy_seconds: int) -> None:
        super().__init__(str(path), busy_seconds)
        self._path = path
        self._uri = path.as_uri()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        # Threads queue here and are woken at once; SQLite makes processes ask again and again.
        self._writer = Lock()
        application_id = look_at_header(path)
        with self.translated():
            if application_id == 0:
                self._look_before_writing()
            connection = self._connect(mode="rwc")
            try:
                self._prepare(connection)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.close()
                raise
        self._idle.append(connection)
        made = path.stat()
        self._file = (made.st_dev, made.st_ino)

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
            look_inside(connection.cursor(), self.place)
        finally:
            connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables, or what this layout needs more; asked again with the lock.

        For two may open a new file, or an old one.
        """
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        layout = look_inside(cursor, self.place)
        cursor.execute("COMMIT")
        if layout != LAYOUT:
            cursor.execute("BEGIN IMMEDIATE")
            layout = look_inside(cursor, self.place)
            if layout:
                upgrade(cursor, layout, self.place)
            else:
                for statement in TABLES:
                    cursor.execute(statement)
                cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            cursor.execute(f"PRAGMA user_version = {LAYOUT}")
            check_tables(cursor, self.place)
            cursor.execute("COMMIT")
        else:
            check_tables(cursor, self.place)
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
            self._check_file()
            yield connection
        finally:
            # One that an interrupt has left in a transaction would hold it for ever.
            if self._closed or connection.in_transaction:
                connection.close()
            else:
                self._idle.append(connection)

    def _check_file(self) -> None:
        """That the file is still the one that was opened: what goes to one without a name is lost."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise UnusableStorage(self.place, str(error.strerror), "the file that was opened") from error
        if (found.st_dev, found.st_ino) != self._file:
            expected = "the file that was opened; open the storage anew"
            raise UnusableStorage(self.place, "another file in its place", expected)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        with self._lent() as connection, self.translated():
            yield connection.cursor()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Cursor]:
        with self.reading() as cursor:
            cursor.execute("BEGIN")
            cursor.connection.text_factory = _as_it_stands
            try:
                yield cursor
            finally:
                cursor.connection.text_factory = str
                cursor.execute("ROLLBACK")

    def wipe(self) -> None:
        try:
            with self._lent() as connection, self.translated():
                connection.execute("VACUUM")
                self._empty_log(connection)
        except (StorageBusy, StorageFull) as error:
            found = f"all of it rewritten, but what was there before still beside it ({error})"
            raise UnusableStorage(
                self.place, found, "room, and nobody else for a moment; rewrite once more"
            ) from error

    def _empty_log(self, connection: sqlite3.Connection) -> None:
        """The log still has the old pages until everybody has read what is in it."""
        deadline = monotonic() + self.busy_seconds
        while True:
            ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if not busy:
                return
            if monotonic() >= deadline:
                raise StorageBusy(self.place, self.busy_seconds, "somebody else is reading")
            sleep(_PAUSE)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        if not self._writer.acquire(timeout=self.busy_seconds):
            raise StorageBusy(self.place, self.busy_seconds)
        try:
            with self._lent() as connection:
                transaction = Transaction(connection.cursor(), _whole)
                try:
                    with self.translated():
                        connection.execute("BEGIN IMMEDIATE")
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

    text_factory: Callable[[bytes], str] = str

    def execute(self, *statement: Any) -> Self:
        with self._as_text():
            return super().execute(*statement)

    def fetchall(self) -> list[Any]:
        with self._as_text():
            return super().fetchall()

    def fetchmany(self, size: int | None = None) -> list[Any]:
        with self._as_text():
            return super().fetchmany(size)

    @contextmanager
    def _as_text(self) -> Iterator[None]:
        theirs = self.connection.text_factory
        self.connection.text_factory = self.text_factory
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
        with self.writing() as transaction, self.translated():
            check_tables(transaction.cursor, self.place)

    def _check_open(self) -> None:
        if not self._connection.in_transaction:
            raise InvalidValue("connection", "no open transaction", "one begun with BEGIN IMMEDIATE")

    def _layout(self, cursor: sqlite3.Cursor) -> int:
        # The application id and the user version belong to the host.
        named = "SELECT count(*) FROM sqlite_master WHERE name = 'servflow_layout'"
        ((there,),) = cursor.execute(named).fetchall()
        if not there:
            return 0
        ((layout,),) = cursor.execute("SELECT number FROM servflow_layout").fetchall()
        check_layout(self.place, layout)
        return int(layout)

    def _prepare(self, cursor: sqlite3.Cursor, layout: int) -> None:
        with self._savepoint(cursor):
            if layout:
                upgrade(cursor, layout, self.place)
                cursor.execute("UPDATE servflow_layout SET number = ?", (LAYOUT,))
            else:
                for statement in TABLES:
                    cursor.execute(statement)
                cursor.execute("CREATE TABLE servflow_layout (number INTEGER NOT NULL)")
                cursor.execute("INSERT INTO servflow_layout VALUES (?)", (LAYOUT,))
            check_tables(cursor, self.place)

    @contextmanager
    def _savepoint(self, cursor: sqlite3.Cursor) -> Iterator[None]:
        """Only around what is written: one that lasted longer would hold other writers' commits too."""
        self._check_open()  # outside of a transaction it would be one, and its release a commit
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
            if self._layout(cursor):
                yield cursor
                return
        # A reader makes no tables; without any there is nothing stored.
        with closing(sqlite3.connect(":memory:")) as empty:
            for statement in TABLES:
                empty.execute(statement)
            yield empty.cursor()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        self._check_open()
        cursor = _Cursor(self._connection)
        with self.translated():
            layout = self._layout(cursor)
            if layout != LAYOUT:
                self._prepare(cursor, layout)
        transaction = Transaction(cursor, self._savepoint)
        try:
            yield transaction
        finally:
            transaction.over = True

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Cursor]:
        with self.reading() as cursor:
            if isinstance(cursor, _Cursor):
                cursor.text_factory = _as_it_stands
            yield cursor

    def wipe(self) -> None:
        """Its file is the host's."""

    def close(self) -> None:
        """The connection is the host's."""
