"""The way to a PostgreSQL database: through an engine, or inside a transaction of a host's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import count
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection

from servflow.adapters.storage_sqlalchemy import _tables
from servflow.adapters.storage_sqlalchemy._sending import (
    Rows,
    Send,
    Statement,
    as_it_stands,
    locking,
    opening,
    send,
)
from servflow.core.errors import InvalidValue, ServflowError, StorageBusy, StorageFull, UnusableStorage

__all__ = ["Access", "HostsTransaction", "OwnTransactions", "Transaction", "engine_of", "rows_of"]

_DIALECT: Final = "postgresql"
_DRIVER: Final = "psycopg"


# --- errors ---------------------------------------------------------------------------------------

_LOCKED: Final = (
    "40001",  # could not serialize, under a host's isolation level
    "40P01",  # deadlock
    "55P03",  # lock not available in time
)
_AWAY: Final = (
    "08",  # connection exceptions
    "53300",  # too many connections
    "57014",  # statement time-out
    "57P",  # the server is going down or coming up
)
_FULL: Final = ("53100",)
_UNFIT: Final = ("22", "54000")  # data exceptions; a text too long to be found by


def _translated(error: psycopg.Error, place: str, busy_seconds: int) -> ServflowError | None:
    """An error of the world outside as ours; None for a mistake in a statement."""
    state = error.sqlstate or ""
    if state.startswith(_FULL):
        return StorageFull(place)
    if state.startswith(_LOCKED):
        return StorageBusy(place, busy_seconds)
    if state.startswith(_AWAY) or (not state and isinstance(error, psycopg.OperationalError)):
        return StorageBusy(place, busy_seconds, why=" ".join(str(error).split()))
    if state.startswith(_UNFIT) or isinstance(error, psycopg.DataError):
        return InvalidValue("text or number", str(error), "one that PostgreSQL can hold")
    if isinstance(error, psycopg.OperationalError | psycopg.ProgrammingError | psycopg.InternalError):
        return UnusableStorage(place, str(error), "the tables of servflow, to be read and written")
    return None


# --- transactions ---------------------------------------------------------------------------------


class Transaction(ABC):
    """A writer's transaction: statements, the last of them with ``commit``."""

    over = False
    _begin = ""

    def __init__(
        self, driver: psycopg.Connection[Any], access: Access, *, alone: bool, milliseconds: int | None = None
    ) -> None:
        self._driver = driver
        self._access = access
        self._alone = alone
        self._milliseconds = milliseconds
        self._opened = False

    def send(self, *statements: Statement, locks: Collection[int] = ()) -> list[Rows]:
        """Run these once these locks are taken; after an error the transaction is over."""
        with self._ending_with_an_error():
            self._lock(locks)
            return self._run(statements)

    def _lock(self, locks: Collection[int]) -> None:
        taken = locking(locks)
        if not self._opened:
            taken = opening(locks, alone=self._alone, milliseconds=self._milliseconds)
        if taken:
            # One query of numbers of ours alone: it needs neither parameters nor another round trip.
            self._driver.execute(
                f"{'' if self._opened else self._begin}SELECT {taken}".encode(), prepare=False
            )
        self._opened = True

    @contextmanager
    def _ending_with_an_error(self) -> Iterator[None]:
        try:
            with self._access.translated():
                yield
        except BaseException:
            self.over = True
            raise

    @abstractmethod
    def _run(self, statements: Iterable[Statement]) -> list[Rows]: ...

    @abstractmethod
    def commit(self, *statements: Statement) -> list[Rows]:
        """Run these and commit; after an error nothing of the transaction is there."""

    @abstractmethod
    def afterwards(self, *statements: Statement) -> list[Rows]:
        """Run these after a commit that failed: reading what is there without it."""


class Access(ABC):
    """The way to a database; ``place`` names it in errors."""

    locks_last = True  # from when they are taken to the end of the transaction

    def __init__(self, place: str, busy_seconds: int) -> None:
        self.place = place
        self.busy_seconds = busy_seconds

    @abstractmethod
    def reading(self) -> AbstractContextManager[Send]:
        """Statements that each see what was committed last; errors within come translated."""

    @abstractmethod
    def writing(self, *, alone: bool = False) -> AbstractContextManager[Transaction]:
        """A transaction; leaving it without a commit leaves nothing of it. ``alone``: of all writers."""

    @abstractmethod
    def looking(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """A connection that sees all tables as of one moment, until it is left."""

    @abstractmethod
    def clear(self, tables: tuple[str, ...]) -> None:
        """Have nothing left of rows that were rewritten, as far as that can be done from here."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds."""

    def _check_encoding(self, driver: psycopg.Connection[Any]) -> None:
        found = driver.info.parameter_status("client_encoding")
        if found != "UTF8":
            raise UnusableStorage(self.place, f"the client encoding {found}", "UTF8")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Errors of the driver and the pool as ours."""
        try:
            yield
        except UnicodeEncodeError as error:
            raise InvalidValue("text", error.object, "text in Unicode") from None
        except PoolTimeout as error:
            why = f"no connection was free for over {self.busy_seconds} s"
            raise StorageBusy(self.place, self.busy_seconds, why) from error
        except (psycopg.Error, SQLAlchemyError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if not isinstance(cause, psycopg.Error):
                raise UnusableStorage(self.place, str(error), "a connection that works") from error
            ours = _translated(cause, self.place, self.busy_seconds)
            if ours is None:
                raise
            raise ours from error


_cursors: Final = count()


def rows_of(driver: psycopg.Connection[Any], select: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a long answer, fetched by and by; within a transaction."""
    with driver.cursor(name=f"servflow_{next(_cursors)}", row_factory=tuple_row) as cursor:
        as_it_stands(cursor)
        cursor.itersize = 500
        cursor.execute(select)
        yield from cursor


# --- an engine, ours or a host's ------------------------------------------------------------------


def engine_of(source: Engine | URL | str, busy_seconds: int) -> tuple[Engine, bool]:
    """The engine of a URL, and whether it is ours to dispose of.

    Raises:
        InvalidValue: it is no URL of PostgreSQL, or an engine for something else.
    """
    expected = f"an engine or a URL of PostgreSQL through psycopg, {_DIALECT}://…"
    if isinstance(source, Engine):
        if (source.dialect.name, source.dialect.driver) != (_DIALECT, _DRIVER):
            raise InvalidValue("engine", f"{source.dialect.name}+{source.dialect.driver}", expected)
        return source, False
    try:
        url = make_url(source)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        found = "a text that is no URL"  # which is not shown: there may be a password in it
        raise InvalidValue("url", found, expected) from None
    if url.drivername not in {"postgres", _DIALECT, f"{_DIALECT}+{_DRIVER}"}:
        raise InvalidValue("url", url.drivername, expected)
    url = url.set(drivername=f"{_DIALECT}+{_DRIVER}")
    options = {"client_encoding": "UTF8"}
    return create_engine(url, connect_args=options, pool_timeout=busy_seconds, pool_use_lifo=True), True


def _named(url: URL) -> str:
    """A database as errors name it: nothing of who may get at it, and how."""
    hosts = (url.host, *url.normalized_query.get("host", ()))
    at = f" at {', '.join(filter(None, hosts))}" if any(hosts) else ""
    return f"database {url.database or ''}{at}"


class _OwnTransaction(Transaction):
    _begin = "BEGIN ISOLATION LEVEL READ COMMITTED; "

    def _run(self, statements: Iterable[Statement]) -> list[Rows]:
        return send(self._driver, *statements)

    def commit(self, *statements: Statement) -> list[Rows]:
        try:
            with self._ending_with_an_error():
                if not self._opened:
                    self._lock(())
                with self._driver.pipeline():  # all in one round trip
                    return send(self._driver, *statements, ("COMMIT", None))[:-1]
        except StorageBusy as error:
            if not self._driver.broken:
                raise
            raise UnusableStorage(
                self._access.place,
                "the connection lost before it said whether it has committed",
                "the same command once more, which counts once",
            ) from error.__cause__
        finally:
            self.over = True

    def afterwards(self, *statements: Statement) -> list[Rows]:
        with self._access.translated():
            self._driver.rollback()
            return send(self._driver, *statements)


class OwnTransactions(Access):
    """Connections of an engine, each lent to one caller at a time, in transactions of their own."""

    def __init__(self, engine: Engine, *, ours: bool, busy_seconds: int) -> None:
        super().__init__(_named(engine.url), busy_seconds)
        self._milliseconds = max(1, busy_seconds * 1000)  # 0 would be for ever
        self._engine = engine
        self._ours = ours
        self._closed = False
        try:
            with self._lent():
                pass
        except StorageBusy as error:
            if not isinstance(error.__cause__, psycopg.Error):
                raise
            raise UnusableStorage(
                self.place, str(error.__cause__), "a server that can be reached"
            ) from error.__cause__
        with self.reading() as look:
            if _tables.stands(look, self.place):
                return
        with self.writing(alone=True) as transaction:
            _tables.prepare(transaction.send, self.place)
            transaction.commit()

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection[Any]]:
        if self._closed:
            raise TypeError(f"the storage {self.place} is closed")
        with self.translated():
            lent, driver = self._checked_out()
        theirs = driver.autocommit
        as_it_was = False
        try:
            try:
                with self.translated():
                    self._check_encoding(driver)
                    driver.rollback()  # does nothing where nothing is open
                    driver.autocommit = True  # transactions begin and end by statements of ours
                yield driver
            finally:
                with suppress(psycopg.Error):
                    driver.rollback()
                if driver.info.transaction_status is TransactionStatus.IDLE:
                    driver.autocommit = theirs
                    as_it_was = True
        finally:
            if not as_it_was:
                lent.invalidate()
            lent.close()

    def _checked_out(self) -> tuple[PoolProxiedConnection, psycopg.Connection[Any]]:
        """A connection to a server that has not closed it while it was idle."""
        while True:
            try:
                lent = self._engine.raw_connection()
            except TypeError as error:  # SQLAlchemy's own, where the encoding has the driver give bytes
                raise UnusableStorage(self.place, str(error), "a client encoding of UTF8") from error
            driver: Any = lent.driver_connection
            try:
                # Without asking the server: what it said goodbye with, then the end, can be read here.
                driver.pgconn.consume_input()
                driver.pgconn.consume_input()
            except psycopg.OperationalError as error:
                lent.invalidate(error)
            except BaseException:
                lent.close()
                raise
            else:
                return lent, driver

    @contextmanager
    def reading(self) -> Iterator[Send]:
        with self._lent() as driver, self.translated():
            yield partial(send, driver)

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[Transaction]:
        with self._lent() as driver:
            transaction = _OwnTransaction(driver, self, alone=alone, milliseconds=self._milliseconds)
            try:
                yield transaction
            finally:
                transaction.over = True

    @contextmanager
    def looking(self) -> Iterator[psycopg.Connection[Any]]:
        with self._lent() as driver, self.translated():
            # Locked from now on, so that nobody clears away what is still to be read.
            tables = f"LOCK TABLE {', '.join(_tables.METADATA.tables)} IN ACCESS SHARE MODE"
            send(driver, ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", None), (tables, None))
            yield driver

    def clear(self, tables: tuple[str, ...]) -> None:
        found, expected = "what was rewritten there, but not cleared away", "VACUUM FULL by the tables' owner"
        try:
            with self._lent() as driver, self.translated():
                old = self._vacuum(driver, tables)
        except ServflowError as error:
            raise UnusableStorage(self.place, f"{found}: {error}", expected) from error
        if old:
            raise UnusableStorage(self.place, f"{found}: {', '.join(old)} as before", expected)

    def _vacuum(self, driver: psycopg.Connection[Any], tables: tuple[str, ...]) -> list[str]:
        """Have these written anew; the names of those that were not, as the role may not."""
        set_to = "SELECT set_config('lock_timeout', %s, false)"
        files = (
            "SELECT name, pg_relation_filenode(name::regclass) FROM unnest(%s::text[]) AS name",
            [[*tables]],
        )
        ((theirs,),) = send(driver, ("SHOW lock_timeout", None))[0].fetchall()
        send(driver, (set_to, (f"{self._milliseconds}ms",)))
        try:
            before, *_, after = send(driver, files, *((f"VACUUM FULL {it}", None) for it in tables), files)
        finally:
            if not driver.closed:
                send(driver, (set_to, (theirs,)))
        return [name for name, _ in {*before.fetchall()} & {*after.fetchall()}]

    def close(self) -> None:
        self._closed = True
        if self._ours:
            self._engine.dispose()


# --- a host's transaction -------------------------------------------------------------------------


class _HostsTransaction(Transaction):
    """What is sent stands between savepoints: an error of ours leaves the host's transaction whole."""

    def __init__(self, driver: psycopg.Connection[Any], access: HostsTransaction, *, alone: bool) -> None:
        super().__init__(driver, access, alone=alone)
        self._check_same = partial(access.check_same, access.transactions())

    def _run(self, statements: Iterable[Statement]) -> list[Rows]:
        with _savepoint(self._driver):
            return send(self._driver, *statements)

    def _lock(self, locks: Collection[int]) -> None:
        self._check_same(self._driver)
        with _savepoint(self._driver):
            super()._lock(locks)

    def commit(self, *statements: Statement) -> list[Rows]:
        self._opened = False  # the writers' lock may have gone with a savepoint of the host's
        try:
            return self.send(*statements)
        finally:
            self.over = True

    def afterwards(self, *statements: Statement) -> list[Rows]:
        with self._access.translated(), _savepoint(self._driver):
            return send(self._driver, *statements)


@contextmanager
def _savepoint(driver: psycopg.Connection[Any]) -> Iterator[None]:
    send(driver, ("SAVEPOINT servflow", None))
    try:
        yield
    except BaseException:
        if not driver.closed:
            send(driver, ("ROLLBACK TO servflow", None), ("RELEASE servflow", None))
        raise
    send(driver, ("RELEASE servflow", None))


class HostsTransaction(Access):
    """The transaction that a host has open on a connection of its own; it commits, or does not.

    The tables are looked for in every transaction: a host that rolls back takes them away with the rest.
    """

    locks_last = False  # the host may roll back to a savepoint; and two writers of ours share them

    def __init__(self, connection: Connection) -> None:
        super().__init__("the host's database", 0)
        dialect = connection.dialect
        if (dialect.name, dialect.driver) != (_DIALECT, _DRIVER):
            expected = "a connection to PostgreSQL through psycopg"
            raise InvalidValue("connection", f"{dialect.name}+{dialect.driver}", expected)
        self._connection = connection
        self._prepared: tuple[object, ...] = ()
        self._driver()

    def transactions(self) -> tuple[object, ...]:
        """The host's transaction, and the one nested in it."""
        return self._connection.get_transaction(), self._connection.get_nested_transaction()

    def check_same(self, began: tuple[object, ...], driver: psycopg.Connection[Any]) -> None:
        """Refuse to go on in another transaction; asked anything, the driver would silently begin one.

        Raises:
            InvalidValue: the transactions are not those any more.
        """
        if self.transactions() != began or driver.info.transaction_status is TransactionStatus.IDLE:
            expected = "the one in which this was begun"
            raise InvalidValue("connection", "another transaction, or none", expected)

    def _driver(self) -> psycopg.Connection[Any]:
        """The connection of the driver, in a transaction that has our tables."""
        connection = self._connection
        with self.translated():
            driver: Any = connection.connection.driver_connection
            transactions = self.transactions()
        if transactions[0] is None or driver.autocommit:
            raise InvalidValue("connection", "no open transaction", "one that the host has begun")
        self._check_encoding(driver)
        if transactions != self._prepared:
            with self.translated(), _savepoint(driver):
                if not _tables.stands(partial(send, driver), self.place):
                    _tables.prepare(_HostsTransaction(driver, self, alone=True).send, self.place)
            self._prepared = transactions
        return driver  # type: ignore[no-any-return]  # SQLAlchemy does not say whose it is

    @contextmanager
    def reading(self) -> Iterator[Send]:
        driver = self._driver()
        with self.translated(), _savepoint(driver):
            yield partial(send, driver)

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[Transaction]:
        transaction = _HostsTransaction(self._driver(), self, alone=alone)
        try:
            yield transaction
        finally:
            transaction.over = True

    @contextmanager
    def looking(self) -> Iterator[psycopg.Connection[Any]]:
        driver = self._driver()
        with self.translated():
            ((isolation,),) = send(driver, ("SHOW transaction_isolation", None))[0].fetchall()
            if isolation not in {"repeatable read", "serializable"}:
                raise InvalidValue("isolation level", isolation, "repeatable read: all is of one moment")
            yield driver

    def clear(self, tables: tuple[str, ...]) -> None:
        """That is the host's, after its commit: ``VACUUM FULL``."""

    def close(self) -> None:
        """The connection is the host's."""
