"""SQLite storage beyond the contract: kills, full disks, locks, other programs' files, hosts' transactions."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.adapters import storage_sqlite
from servflow.adapters.storage_sqlite import APPLICATION_ID, LAYOUT, SqliteStorage, _access, _layout
from servflow.codec import Codec, folded
from servflow.core.changes import Aggregate, Command, Key, Message, Withdrawal
from servflow.core.errors import (
    AlreadyExists,
    DamagedRecord,
    InvalidValue,
    NotFound,
    StaleVersion,
    StorageBusy,
    StorageFull,
    UnusableStorage,
)
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Outgoing, Receipt, Status, Storage, StoredEntry, Writing
from servflow.core.records import AggregateRecord, ReceiptRecord, Record
from servflow.testing.contracts import StorageContract
from servflow.testing.toys import NOBODY, POLICY, TOYS, Count, Counter, CounterState, Holder, Open, OpenHolder

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
COUNTER, HOLDER = Key(Counter.kind, "c1"), Key(Holder.kind, "h")
CODEC = Codec(TOYS)
FIVE = Money("5", "CNY")


def said(kind: type[Command], id: str, case: str, **fields: Any) -> Any:
    return kind(id=id, case=case, by=NOBODY, happened_at=AT, recorded_at=AT, **fields)


def do(storage: Storage, command: Command, *also: Key) -> Receipt:
    with storage.writing() as writing:
        keys = (Key(TOYS.of(type(command)).name, command.case), *also)
        found = {key: it for key in keys if (it := writing.load(key)) is not None}
        return writing.commit(decide(TOYS, command, found, policy=POLICY))


def message(key: str, **fields: Any) -> Message:
    return Message(key=key, to="party-1", kind="reminder", about=COUNTER, **fields)


def posting(key: str, amount: Money = FIVE) -> Posting:
    return Posting(
        key=key,
        debit=Account(AccountKind.RECEIVABLE, "party-1"),
        credit=Account(AccountKind.INCOME, "desk"),
        amount=amount,
        value_date=date(2026, 1, 31),
        subject="c1",
        kind="fee",
    )


def seeded(storage: Storage) -> None:
    """A counter that a holder holds, one message waiting."""
    do(storage, said(OpenHolder, "1", "h", limit=2))
    do(storage, said(Open, "2", "c1", holder="h"), HOLDER)
    do(storage, seed())


def seed() -> Command:
    command: Command = said(Count, "3", "c1", note="n", messages=(message("m1"),), postings=(posting("p1"),))
    return command


def everything() -> Command:
    """A command whose change writes to every table, several rows in some."""
    command: Command = said(
        Count,
        "4",
        "c1",
        note="n",
        look_at=AT + timedelta(days=1),
        messages=(message("m2", supersedes=("reminder",)), message("m3")),
        withdrawals=(Withdrawal(COUNTER, ("notice", "other")),),
        postings=(posting("p2"), posting("p3")),
    )
    return command


def contents(storage: Storage) -> tuple[Any, ...]:
    aggregates = (*storage.aggregates(Counter.kind), *storage.aggregates(Holder.kind))
    for it in aggregates:
        assert folded(storage.journal(it.key)) == CODEC.encode_aggregate(it)
    return (
        aggregates,
        [list(storage.journal(it.key)) for it in aggregates],
        storage.due(AT + timedelta(days=99)),
        list(storage.postings()),
        list(storage.outbox()),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "servflow.db"


@contextmanager
def opened(path: Path, *, busy_seconds: int = 10) -> Iterator[SqliteStorage]:
    storage = SqliteStorage(path, CODEC, busy_seconds=busy_seconds)
    try:
        yield storage
    finally:
        storage.close()


def connection_of(storage: SqliteStorage) -> sqlite3.Connection:
    """The connection that the next call will use."""
    access: Any = storage._access
    connection: sqlite3.Connection = access._idle[-1]
    return connection


# --- killed, and failing, between any two statements ----------------------------------------------

KILLED = """
import os, shutil, signal, sys
sys.path[:0] = sys.argv[3:]
from test_storage_sqlite import connection_of, do, everything, opened
from pathlib import Path

seed, target = map(Path, sys.argv[1:3])
for statements in range(200):
    copy = target / f"{statements}.db"
    shutil.copy(seed, copy)
    child = os.fork()
    if child == 0:
        with opened(copy) as storage:
            left = statements
            def count(_statement):
                global left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
            connection_of(storage).set_trace_callback(count)
            do(storage, everything())
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
"""


def test_killed_between_any_two_statements_a_commit_is_whole_or_nothing(path: Path, tmp_path: Path):
    """A process killed before each statement of a transaction in turn leaves all of it or none."""
    with opened(path) as storage:
        seeded(storage)
        before = contents(storage)
    copies = tmp_path / "copies"
    copies.mkdir()
    run = [sys.executable, "-c", KILLED, str(path), str(copies), str(Path(__file__).parent), *sys.path]
    subprocess.run(run, check=True, timeout=120)
    with opened(path) as storage:
        do(storage, everything())
        after = contents(storage)
    found = []
    for number in range(len(list(copies.glob("*.db")))):
        with opened(copies / f"{number}.db") as storage:
            found.append(contents(storage))
            assert found[-1] in (before, after)
            do(storage, said(Count, "5", "c1", note="goes on"))
    assert len(found) > 13  # one more than the transaction has statements
    assert found[:-1] == [before] * (len(found) - 1)
    assert found[-1] == after


class Stumbling:
    """A cursor whose ``n``-th statement fails with an error of SQLite's."""

    def __init__(self, cursor: sqlite3.Cursor, n: int, code: int) -> None:
        self._cursor = cursor
        self._left = n
        self._code = code

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        if self._left == 0:
            error = sqlite3.OperationalError("made to fail")
            error.sqlite_errorcode = self._code
            raise error
        self._left -= 1
        return self._cursor.execute(*statement)

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, StorageFull),
        (sqlite3.SQLITE_IOERR_WRITE, StorageFull),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StorageBusy),
        (sqlite3.SQLITE_CORRUPT, UnusableStorage),
        (sqlite3.SQLITE_READONLY, UnusableStorage),
        (sqlite3.SQLITE_ERROR, sqlite3.OperationalError),
    ],
)
def test_an_error_at_any_statement_leaves_nothing(path: Path, code: int, expected: type[Exception]):
    """Whichever statement of a commit fails, the error is ours, nothing was written, and it goes on."""
    with opened(path) as storage:
        seeded(storage)
        before = contents(storage)
        succeeded = False
        for n in range(200):
            with storage.writing() as writing:
                it = writing.load(COUNTER)
                assert it is not None
                change = decide(TOYS, everything(), {COUNTER: it}, policy=POLICY)
                transaction: Any = writing._transaction  # type: ignore[attr-defined]
                transaction.cursor = Stumbling(transaction.cursor, n, code)
                with suppress(expected):
                    writing.commit(change)
                    succeeded = True
            if succeeded:
                break
            assert contents(storage) == before
        assert n > 10
        assert contents(storage) != before


def test_a_full_disk_leaves_nothing(path: Path):
    """Without room for the change the error says so, nothing was written, and with room it goes on."""
    with opened(path) as storage:
        seeded(storage)
        before = contents(storage)
        connection = connection_of(storage)
        ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        long = said(Count, "4", "c1", note="x" * 100_000, messages=(message("m2"),))
        with pytest.raises(StorageFull) as refused:
            do(storage, long)
        assert refused.value.place == str(path)
        assert contents(storage) == before
        connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
        do(storage, long)
        assert storage.load(COUNTER).version == 3


# --- several processes and threads ----------------------------------------------------------------


def test_a_file_locked_by_another_program_is_busy(path: Path):
    """A writer that gets no lock in time is told so; readers are not disturbed; later it goes on."""
    with opened(path, busy_seconds=0) as storage:
        seeded(storage)
        before = contents(storage)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for attempt in (
                lambda: do(storage, said(Count, "4", "c1", note="n")),
                lambda: storage.claim(AT, until=AT),
                lambda: storage.settle("m1", at=AT, status=Status.SENT),
            ):
                with pytest.raises(StorageBusy) as refused:
                    attempt()
                assert (refused.value.place, refused.value.seconds) == (str(path), 0)
            assert contents(storage) == before
            with opened(path, busy_seconds=0) as another:
                assert contents(another) == before
        do(storage, said(Count, "4", "c1", note="n"))


def test_a_writer_in_the_same_process_is_busy_too(path: Path):
    """A second transaction beside an open one is refused in time, not left hanging."""
    with opened(path, busy_seconds=0) as storage:
        second = storage.writing()
        with storage.writing(), pytest.raises(StorageBusy):
            second.__enter__()


ADDING = """
import sys
sys.path[:0] = sys.argv[4:]
from test_storage_sqlite import Count, do, opened, said
from pathlib import Path

path, name, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with opened(path) as storage:
    for number in range(times):
        do(storage, said(Count, f"{name}-{number}", "c1", note=name))
"""


def test_processes_that_write_at_once_are_all_served(path: Path):
    """Three processes count on one counter; every command of each is there once."""
    with opened(path) as storage:
        do(storage, said(Open, "1", "c1"))
        rest = ["20", str(Path(__file__).parent), *sys.path]
        run = [[sys.executable, "-c", ADDING, str(path), name, *rest] for name in "abc"]
        processes = [subprocess.Popen(each) for each in run]
        assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
        counter = storage.load(COUNTER)
        assert isinstance(counter, Counter)
        assert sorted(counter.log) == ["a"] * 20 + ["b"] * 20 + ["c"] * 20
        assert [entry.seq for entry in storage.journal(COUNTER)] == list(range(1, 62))


def test_a_new_file_may_be_opened_by_many_at_once(path: Path):
    """Of those that find no file one makes it, and all can use it."""
    start = Barrier(6)
    made: list[SqliteStorage] = []
    wrong: list[Exception] = []

    def open_it() -> None:
        try:
            start.wait(30)
            made.append(SqliteStorage(path, CODEC))
        except Exception as error:  # noqa: BLE001 -- looked at below
            wrong.append(error)

    threads = [Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    for number, storage in enumerate(made):
        do(storage, said(Open, str(number), f"c{number}"))
    assert len(made[0].aggregates(Counter.kind)) == 6
    for storage in made:
        storage.close()


def test_a_file_that_is_being_written_gets_its_log_later(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write-ahead logging begins when the file is free; for one that never is the storage is busy."""
    with opened(path) as storage:
        seeded(storage)
    other_database(path, "PRAGMA journal_mode = DELETE")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy):
            SqliteStorage(path, CODEC, busy_seconds=0)
        monkeypatch.setattr(_access, "sleep", lambda _seconds: other.execute("COMMIT"))
        with opened(path) as storage:
            assert storage.load(COUNTER).version == 2
            assert connection_of(storage).execute("PRAGMA journal_mode").fetchone() == ("wal",)


# --- whose file it is -----------------------------------------------------------------------------


def surroundings(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted(path.parent.iterdir()) if each.is_file()}


def other_database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def layout_1(path: Path) -> None:
    """What the first release has stored."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.executescript((Path(__file__).parent / "layout-1.sql").read_text(encoding="utf-8"))


def no_database(path: Path) -> None:
    path.write_text("a shopping list, and long enough to have a header of a hundred bytes " * 3)


def too_short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


def other_program(path: Path) -> None:
    other_database(path, "PRAGMA application_id = 7", "CREATE TABLE loan (id)")


def other_program_without_a_mark(path: Path) -> None:
    other_database(path, "CREATE TABLE loan (id)", "INSERT INTO loan VALUES (1)")


def other_program_that_was_killed(path: Path) -> None:
    """Its write-ahead log was not taken in: whoever opened it with SQLite would do that."""
    source = path.with_name("source")
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA application_id = 7")
        connection.execute("CREATE TABLE loan (id)")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO loan VALUES (1)")
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").write_bytes(Path(f"{source}{suffix}").read_bytes())
    source.unlink()


def newer_layout(path: Path) -> None:
    SqliteStorage(path, CODEC).close()
    other_database(path, f"PRAGMA user_version = {LAYOUT + 1}", "CREATE TABLE servflow_new (id)")


def no_layout(path: Path) -> None:
    SqliteStorage(path, CODEC).close()
    other_database(path, "PRAGMA user_version = 0")


def half_migrated(path: Path) -> None:
    SqliteStorage(path, CODEC).close()
    other_database(path, "DROP INDEX servflow_outbox_status")


def half_a_table(path: Path) -> None:
    SqliteStorage(path, CODEC).close()
    other_database(path, "ALTER TABLE servflow_outbox DROP COLUMN note")


def half_of_an_old_one(path: Path) -> None:
    layout_1(path)
    other_database(path, "DROP TABLE servflow_receipt")


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (no_database, "no SQLite database"),
        (too_short, "no SQLite database"),
        (other_program, "another program (application id 0x7)"),
        (other_program_without_a_mark, "another program (application id 0x0)"),
        (other_program_that_was_killed, "another program (application id 0x7)"),
        (newer_layout, f"layout {LAYOUT + 1}"),
        (no_layout, "layout 0"),
        (half_migrated, "no servflow_outbox_status"),
        (half_a_table, "servflow_outbox (n, key"),
        (half_of_an_old_one, "no such table: servflow_receipt"),
        (folder, "a folder"),
        (pipe, "not a file"),
    ],
)
def test_what_is_not_ours_is_refused_and_left_as_it_is(path: Path, make: Callable[[Path], None], found: str):
    """Another program's file, a newer one, no database: a clear error, and not one byte is different."""
    make(path)
    before = surroundings(path)
    with pytest.raises(UnusableStorage) as refused:
        SqliteStorage(path, CODEC)
    assert refused.value.place == str(path)
    assert found in refused.value.found
    assert surroundings(path) == before


def test_a_place_without_a_folder_is_refused(tmp_path: Path):
    """Neither folders nor files are made where there is no folder, nor under a file."""
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "none" / "x.db", tmp_path / "file" / "x.db"):
        with pytest.raises(UnusableStorage, match="no folder"):
            SqliteStorage(place, CODEC)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_place_that_cannot_be_looked_at_is_refused(tmp_path: Path):
    """What the system does not let us look at is our error, with the system's words."""
    with pytest.raises(UnusableStorage, match="too long"):
        SqliteStorage(tmp_path / ("x" * 300), CODEC)


def test_an_empty_file_or_database_becomes_ours(tmp_path: Path):
    """A file made beforehand, with the rights one wants, may be empty or an empty database."""
    empty, database = tmp_path / "empty", tmp_path / "database"
    empty.touch()
    other_database(database, "CREATE TABLE t (x)", "DROP TABLE t")
    for place in (empty, database):
        with opened(place) as storage:
            seeded(storage)
        header = place.read_bytes()[:100]
        assert header[68:72] == APPLICATION_ID.to_bytes(4, "big")
        assert header[60:64] == LAYOUT.to_bytes(4, "big")
        with opened(place) as storage:
            assert storage.load(COUNTER).version == 2


def test_a_damaged_file_is_refused_when_it_is_met(path: Path):
    """Pages overwritten by something else are an error of ours, not of SQLite's."""
    with opened(path) as storage:
        seeded(storage)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with opened(path) as storage, pytest.raises(UnusableStorage, match="malformed"):
        storage.load(COUNTER)


def test_a_disk_that_cannot_hold_a_log_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a write-ahead log readers would wait for writers; the place is refused."""

    class NoLog(sqlite3.Connection):
        def cursor(self, *args: Any) -> Any:
            return super().cursor(NoLogCursor)

    class NoLogCursor(sqlite3.Cursor):
        def execute(self, statement: str, *args: Any) -> Any:
            return super().execute(statement.replace("journal_mode = WAL", "journal_mode = MEMORY"), *args)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=NoLog, **options))
    with pytest.raises(UnusableStorage, match="journal mode memory"):
        SqliteStorage(path, CODEC)


def test_every_connection_is_durable(path: Path):
    """Each connection, also one for a second thread, writes a log and waits for the disk."""
    with opened(path) as storage, storage._access.reading() as one, storage._access.reading() as two:
        for cursor in (one, two):
            pragmas = ("journal_mode", "synchronous", "foreign_keys")
            values = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
            assert values == ["wal", 2, 1]


def test_a_database_of_layout_1_loads_for_ever(path: Path):
    """What the first release has stored is read, folded and gone on with by every later one."""
    layout_1(path)
    with opened(path) as storage:
        (counter, _holder), journals, due, postings, outbox = contents(storage)
        assert counter == Counter(
            id="c1",
            state=CounterState.OPEN,
            version=5,
            holder="h",
            count=4,
            log=("n", "借书", "n", "n"),
            marks={"fee": Money("5", "CNY"), "new": Money("300", "JPY")},
        )
        assert [len(journal) for journal in journals] == [5, 2]
        assert due == ()
        assert [posting.key for posting in postings] == ["p1", "p2", "p3"]
        assert [outgoing.status for outgoing in outbox] == [
            Status.SUPERSEDED,
            Status.PENDING,
            Status.SENT,
        ]
        with storage.writing() as writing:
            first = writing.receipt(everything())
        assert first == Receipt(command_id="4", versions=((COUNTER, 4),), repeated=True)
        do(storage, said(Count, "9", "c1", note="goes on"))
        assert contents(storage)[0][0].version == 6


UPGRADE_KILLED = """
import os, shutil, signal, sqlite3, sys
sys.path[:0] = sys.argv[3:]
from test_storage_sqlite import opened
from pathlib import Path

seed, target = map(Path, sys.argv[1:3])
connect = sqlite3.connect
for statements in range(200):
    copy = target / f"{statements}.db"
    shutil.copy(seed, copy)
    child = os.fork()
    if child == 0:
        left = statements
        def count(_statement):
            global left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        def counted(*args, **options):
            connection = connect(*args, **options)
            if "memory" not in args[0]:
                connection.set_trace_callback(count)
            return connection
        sqlite3.connect = counted
        with opened(copy):
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
"""


def test_an_upgrade_killed_anywhere_is_done_by_the_next_that_opens(path: Path, tmp_path: Path):
    """Killed before each of its statements in turn, an upgrade leaves a file that the next one upgrades."""
    layout_1(path)
    copies = tmp_path / "copies"
    copies.mkdir()
    run = [
        sys.executable,
        "-c",
        UPGRADE_KILLED,
        str(path),
        str(copies),
        str(Path(__file__).parent),
        *sys.path,
    ]
    subprocess.run(run, check=True, timeout=120)
    with opened(path) as storage:
        upgraded = contents(storage)
    layouts = []
    for number in range(len(list(copies.glob("*.db")))):
        copy = copies / f"{number}.db"
        with closing(sqlite3.connect(copy)) as other:
            layouts.append(other.execute("PRAGMA user_version").fetchone()[0])
        with opened(copy) as storage:
            assert contents(storage) == upgraded
    assert set(layouts) == {1, LAYOUT}
    assert layouts == sorted(layouts)
    assert layouts.count(1) > 12  # before each of its statements


def test_an_upgrade_without_room_leaves_the_old_layout(path: Path, monkeypatch: pytest.MonkeyPatch):
    """A full disk in the middle of an upgrade is an error of ours, and the file is what it was."""
    layout_1(path)
    connect = sqlite3.connect
    before = surroundings(path)

    def small(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.execute("PRAGMA max_page_count = 1")  # it cannot grow
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    filled = (*_layout._UPGRADES[1], "CREATE TABLE large AS SELECT zeroblob(1000000)")
    monkeypatch.setattr(_layout, "_UPGRADES", {1: filled})
    with pytest.raises(StorageFull):
        SqliteStorage(path, CODEC)
    assert surroundings(path) == before


def test_an_upgrade_leaves_a_hosts_views_alone(path: Path):
    """A view on a table of ours still shows it afterwards, and one that is stale already stops nothing."""
    layout_1(path)
    other_database(
        path,
        "CREATE VIEW given AS SELECT command_id FROM servflow_receipt",
        "CREATE TABLE gone (id)",
        "CREATE VIEW stale AS SELECT id FROM gone",
        "DROP TABLE gone",
    )
    with opened(path) as storage:
        assert storage.load(COUNTER).version == 5
    with closing(sqlite3.connect(path)) as other:
        assert len(other.execute("SELECT * FROM given").fetchall()) == 6


def test_a_hosts_tables_of_layout_1_are_upgraded_with_its_transaction(path: Path):
    """Joined, the upgrade is part of the host's transaction: gone when it rolls back, there when it commits."""
    layout_1(path)
    other_database(path, "CREATE TABLE servflow_layout (number)", "INSERT INTO servflow_layout VALUES (1)")
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        for end, layout in (("ROLLBACK", 1), ("COMMIT", LAYOUT)):
            host.execute("BEGIN IMMEDIATE")
            storage = SqliteStorage.joining(host, CODEC)
            assert storage.load(COUNTER).version == 5
            host.execute(end)
            assert host.execute("SELECT number FROM servflow_layout").fetchall() == [(layout,)]


def test_a_file_that_may_only_be_read_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file that nobody may write to is an error of ours, whatever was asked of it, and is left as it is."""
    with opened(path) as storage:
        seeded(storage)
        before = contents(storage)
    connect = sqlite3.connect

    def read_only(place: str, *args: Any, **options: Any) -> sqlite3.Connection:
        place = place.replace("mode=rwc", "mode=ro").replace("mode=rw", "mode=ro")
        connection: sqlite3.Connection = connect(place, *args, **options)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", read_only)
        with opened(path) as storage:
            assert contents(storage) == before
            for attempt in (
                lambda: do(storage, said(Count, "9", "c1", note="n")),
                lambda: storage.claim(AT, until=AT),
                lambda: storage.reschedule([(COUNTER, 2, AT)]),
            ):
                with pytest.raises(UnusableStorage, match="readonly"):
                    attempt()
    with opened(path) as storage:
        assert contents(storage) == before


def test_an_interrupt_while_a_writer_waits_leaves_no_lock(path: Path):
    """A signal that comes while SQLite waits for another writer ends the wait, and nothing stays locked."""
    with opened(path) as storage, closing(sqlite3.connect(path, isolation_level=None)) as other:
        seeded(storage)
        other.execute("BEGIN IMMEDIATE")
        connection = connection_of(storage)

        class Interrupted:
            def execute(self, statement: str) -> sqlite3.Cursor:
                if statement != "BEGIN IMMEDIATE":
                    return connection.execute(statement)
                other.execute("COMMIT")
                connection.execute(statement)  # it has the lock by the time the signal is heard
                raise KeyboardInterrupt

            def __getattr__(self, name: str) -> Any:
                return getattr(connection, name)

        access: Any = storage._access
        access._idle[-1] = Interrupted()
        with pytest.raises(KeyboardInterrupt):
            do(storage, said(Count, "9", "c1", note="n"))
        access._idle[:] = []
        other.execute("BEGIN IMMEDIATE")
        other.execute("COMMIT")
        do(storage, said(Count, "9", "c1", note="n"))


def test_a_file_that_took_the_place_of_another_is_not_written_to(path: Path, tmp_path: Path):
    """What was restored under an open storage is noticed, and no receipt is given for what would be lost."""
    with opened(path) as storage, opened(tmp_path / "other.db") as other:
        seeded(storage)
        seeded(other)
        (tmp_path / "other.db").rename(path)
        with pytest.raises(UnusableStorage, match="another file in its place"):
            do(storage, said(Count, "9", "c1", note="n"))
        path.unlink()
        with pytest.raises(UnusableStorage, match="No such file"):
            storage.load(COUNTER)


def test_a_name_with_a_zero_sign_is_refused(tmp_path: Path):
    """SQLite would take the name to end there, and open another file."""
    with pytest.raises(UnusableStorage, match="U\\+0000"):
        SqliteStorage(f"{tmp_path}/b\0rest.db", CODEC)
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_large_for_sqlite_is_refused(path: Path):
    """Numbers beyond eight bytes and texts beyond SQLite's limit are errors of ours; nothing is written."""
    with opened(path) as storage:
        seeded(storage)
        before = contents(storage)
        assert list(storage.journal(COUNTER, after=2**70)) == []
        connection_of(storage).setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
        with pytest.raises(InvalidValue, match="too big"):
            do(storage, said(Count, "9", "c1", note="n" * 20_000))
        assert contents(storage) == before
        records = [
            record._replace(version=2**70) for record in storage.records() if type(record) is AggregateRecord
        ]
    with opened(path.with_name("new.db")) as storage, pytest.raises(InvalidValue, match="number"):
        storage.restore(records)


def test_a_wipe_that_cannot_be_done_says_that_all_is_rewritten(path: Path):
    """Another writer who comes between the rewrite and the wipe is told of; nobody hears of nothing written."""
    with (
        opened(path, busy_seconds=0) as storage,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        seeded(storage)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnusableStorage, match="all of it rewritten") as told:
            storage._access.wipe()
        assert "rewrite once more" in told.value.expected
        other.execute("COMMIT")


# --- hand-edited ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "ask", "record", "found"),
    [
        ("UPDATE servflow_aggregate SET document = '{'", "load", "aggregate toy.counter c1", "document"),
        ("UPDATE servflow_aggregate SET document = '[]'", "load", "aggregate toy.counter c1", "document"),
        ("UPDATE servflow_aggregate SET document = '{}'", "load", "aggregate toy.counter c1", "state"),
        ("UPDATE servflow_aggregate SET version = 'two'", "load", "aggregate toy.counter c1", "two"),
        ("UPDATE servflow_aggregate SET state = 'closed'", "list", "aggregate toy.counter c1", "closed"),
        ("UPDATE servflow_aggregate SET wake = '0 o''clock'", "due", "aggregate toy.counter c1", "0 o'clock"),
        ("UPDATE servflow_journal SET document = 'null'", "journal", "entry 1 of toy.counter c1", "None"),
        ("UPDATE servflow_receipt SET document = '[1]'", "receipt", "receipt 3", "[1]"),
        ("UPDATE servflow_posting SET document = '{}'", "postings", "posting p1", "nothing"),
        ("UPDATE servflow_outbox SET document = '{\"x\":1}'", "outbox", "message m1", "key"),
        ("UPDATE servflow_outbox SET status = 'lost'", "outbox", "message m1", "lost"),
        ("UPDATE servflow_outbox SET changed_at = 'once'", "outbox", "message m1", "once"),
        ("UPDATE servflow_aggregate SET document = CAST(x'ff' AS TEXT)", "load", "servflow.db", "UTF-8"),
    ],
)
def test_a_row_edited_by_hand_is_named(path: Path, edit: str, ask: str, record: str, found: str):
    """What servflow has not written so is met with an error that says which record, and what is wrong."""
    with opened(path) as storage:
        seeded(storage)
    other_database(path, edit)

    def receipt(storage: Storage) -> Receipt | None:
        with storage.writing() as writing:
            return writing.receipt(seed())

    asked: dict[str, Callable[[Storage], Any]] = {
        "load": lambda storage: storage.load(COUNTER),
        "list": lambda storage: storage.aggregates(Counter.kind),
        "due": lambda storage: storage.due(AT),
        "journal": lambda storage: list(storage.journal(COUNTER)),
        "receipt": receipt,
        "postings": lambda storage: list(storage.postings()),
        "outbox": lambda storage: list(storage.outbox()),
    }
    with opened(path) as storage:
        with pytest.raises(DamagedRecord) as damaged:
            asked[ask](storage)
        assert record in damaged.value.record
        assert found in damaged.value.found


def test_nothing_of_what_was_replaced_remains_in_the_file(path: Path, tmp_path: Path):
    """After a rewrite neither the file nor its log has the old text, though earlier versions had it too."""
    with opened(path) as storage:
        seeded(storage)
        for number in range(50):
            do(storage, said(Count, f"n{number}", "c1", note=f"a secret of {number}"))

        def new(record: Record) -> Record:
            assert not isinstance(record, ReceiptRecord)
            return record._replace(document=record.document.replace("secret", "matter"))

        assert b"secret" in b"".join(surroundings(path).values())
        assert storage.rewrite(["secret"], new) == 1 + 50
        assert b"secret" not in b"".join(surroundings(path).values())
        assert storage.rewrite(["secret"], new) == 0


def test_a_reader_that_does_not_end_keeps_what_was_replaced(path: Path):
    """Rewritten it is, but the error says that the old text still stands in the log, and what to do."""
    with opened(path, busy_seconds=0) as storage, opened(path) as reader:
        seeded(storage)
        records: Any = reader.records()
        next(records)
        with pytest.raises(UnusableStorage, match="rewrite once more"):
            storage.rewrite(['"n"'], lambda record: record)
        records.close()
        assert storage.rewrite(['"n"'], lambda record: record) == 0


# --- the rest of its own --------------------------------------------------------------------------


def test_a_transaction_ends_with_its_commit(path: Path):
    """After a commit, or after its block, a transaction takes nothing more; nor does a closed storage."""
    with opened(path) as storage:
        with storage.writing() as writing:
            command = said(Open, "1", "c1")
            change = decide(TOYS, command, {}, policy=POLICY)
            writing.commit(change)
            for attempt in (lambda: writing.commit(change), lambda: writing.load(COUNTER)):
                with pytest.raises(TypeError, match="over"):
                    attempt()
        with storage.writing() as writing:
            pass
        with pytest.raises(TypeError, match="over"):
            writing.receipt(command)
    with pytest.raises(TypeError, match="closed"):
        storage.load(COUNTER)


def test_closing_waits_for_nobody_and_leaves_nothing(path: Path):
    """A connection that is in use while the storage is closed is closed when it is given back."""
    with opened(path) as storage:
        seeded(storage)
        with storage._access.reading() as cursor:
            storage.close()
            assert cursor.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(sqlite3.ProgrammingError):
            cursor.execute("SELECT 1")
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_storage_of_many_pages_is_read_whole(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Iterators read on where a page ends, also when it is exactly full."""
    monkeypatch.setattr(storage_sqlite, "_PAGE", 4)
    with opened(path) as storage:
        do(storage, said(Open, "0", "c1"))
        messages = tuple(message(f"m{number}") for number in range(8))
        postings = tuple(posting(f"p{number}") for number in range(9))
        do(storage, said(Count, "1", "c1", note="n", messages=messages, postings=postings))
        for number in range(2, 8):
            do(storage, said(Count, str(number), "c1", note="n"))
        assert [outgoing.message for outgoing in storage.outbox()] == list(messages)
        assert [each.message for each in storage.outbox(about=COUNTER)] == list(messages)
        assert list(storage.postings()) == list(postings)
        assert [entry.seq for entry in storage.journal(COUNTER)] == list(range(1, 9))
        assert [entry.seq for entry in storage.journal(COUNTER, after=3)] == list(range(4, 9))


def test_a_reader_may_stop_in_the_middle(path: Path):
    """An iterator that was not read to its end holds no lock."""
    with opened(path, busy_seconds=0) as storage:
        seeded(storage)
        entries = storage.journal(COUNTER)
        assert next(entries).seq == 1
        do(storage, said(Count, "4", "c1", note="n"))
        assert [entry.seq for entry in entries] == [2]


def test_an_amount_beyond_a_column_is_refused(path: Path):
    """More minor units than SQLite's integers hold: an error of ours, and nothing was written."""
    with opened(path) as storage:
        seeded(storage)
        before = contents(storage)
        greatest = Money.of_minor(2**63 - 1, "CNY")
        more = Money.of_minor(2**63, "CNY")
        with pytest.raises(InvalidValue, match="minor units"):
            do(storage, said(Count, "4", "c1", note="n", postings=(posting("p2"), posting("p3", more))))
        assert contents(storage) == before
        do(storage, said(Count, "4", "c1", note="n", postings=(posting("p2", greatest),)))
        assert list(storage.postings())[-1].amount == greatest


def test_half_a_character_is_refused(path: Path):
    """An id that cannot be written as Unicode is an error of ours."""
    with opened(path) as storage:
        with pytest.raises(InvalidValue, match="Unicode"):
            storage.load(Key(Counter.kind, "\ud800"))
        with pytest.raises(InvalidValue, match="Unicode"):
            do(storage, said(Open, "1", "\ud800"))


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@settings(max_examples=40)
@given(case=texts, id=texts, note=texts, owner=texts.map(str.strip))
def test_any_text_is_kept_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, case: str, id: str, note: str, owner: str
):
    """Quotes, line ends, NUL, emoji in ids, notes and accounts come back as they were."""
    with opened(tmp_path_factory.mktemp("texts") / "servflow.db") as storage:
        do(storage, said(Open, f"{id}/0", case))
        key = Key(Counter.kind, case)
        line = Posting(
            key=id,
            debit=Account(AccountKind.RECEIVABLE, owner),
            credit=Account(AccountKind.INCOME, "desk"),
            amount=Money("1", "CNY"),
            value_date=date(2026, 1, 31),
            subject=case,
            kind=note,
        )
        told = Message(key=id, to=owner, kind=note, about=key)
        do(storage, said(Count, id, case, note=note, messages=(told,), postings=(line,)))
        counter = storage.load(key)
        assert isinstance(counter, Counter)
        assert (counter.id, counter.log) == (case, (note,))
        assert [entry.command_id for entry in storage.journal(key)] == [f"{id}/0", id]
        assert list(storage.postings(subject=case, account=line.debit)) == [line]
        assert [each.message for each in storage.outbox(about=key)] == [told]
        storage.settle(id, at=AT, status=Status.FAILED, note=note)
        assert [each.note for each in storage.outbox()] == [note]


# --- in a host's transaction ----------------------------------------------------------------------


class HostedStorage:
    """A host's database with tables of its own; every call is a transaction that the host has begun."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._joined("IMMEDIATE"):
            pass

    @contextmanager
    def _joined(self, mode: str) -> Iterator[SqliteStorage]:
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"BEGIN {mode}")
            storage = SqliteStorage.joining(connection, CODEC)
            yield storage
            storage.close()
            connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._joined("IMMEDIATE") as storage, storage.writing() as writing:
            yield writing

    def load(self, key: Key) -> Aggregate:
        with self._joined("DEFERRED") as storage:
            return storage.load(key)

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        with self._joined("DEFERRED") as storage:
            return iter(list(storage.journal(key, after=after)))

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        with self._joined("DEFERRED") as storage:
            return storage.aggregates(kind, state=state, after=after, limit=limit)

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        with self._joined("DEFERRED") as storage:
            return storage.due(at, limit=limit)

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        with self._joined("DEFERRED") as storage:
            return iter(list(storage.postings(subject=subject, account=account)))

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        with self._joined("IMMEDIATE") as storage:
            return storage.claim(at, until=until, limit=limit)

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        with self._joined("IMMEDIATE") as storage:
            storage.settle(message_key, at=at, status=status, note=note)

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        with self._joined("DEFERRED") as storage:
            return iter(list(storage.outbox(about=about, status=status)))

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        with self._joined("IMMEDIATE") as storage:
            return storage.reschedule(wakes)

    def records(self) -> Iterator[Record]:
        with self._joined("DEFERRED") as storage:
            return iter(list(storage.records()))

    def restore(self, records: Iterable[Record]) -> int:
        with self._joined("IMMEDIATE") as storage:
            return storage.restore(records)

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        with self._joined("IMMEDIATE") as storage:
            return storage.rewrite(containing, new)

    def close(self) -> None:
        pass


class TestHostedStorage(StorageContract):
    """Joined to a transaction of the host's, the storage keeps the same contract."""

    @pytest.fixture
    def storage(self, path: Path) -> Storage:
        return HostedStorage(path)

    def reopened(self, storage: Storage) -> Storage:
        assert isinstance(storage, HostedStorage)
        return HostedStorage(storage.path)


@pytest.fixture
def host(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE loan (id TEXT)")
        connection.execute("BEGIN IMMEDIATE")
        SqliteStorage.joining(connection, CODEC)
        connection.execute("COMMIT")
        yield connection


def test_a_change_and_the_hosts_own_rows_are_committed_together(host: sqlite3.Connection):
    """What servflow and the host write in one transaction is there together, or gone together."""
    for end, expected in (("ROLLBACK", 0), ("COMMIT", 1)):
        host.execute("BEGIN IMMEDIATE")
        host.execute("INSERT INTO loan VALUES ('l1')")
        storage = SqliteStorage.joining(host, CODEC)
        do(storage, said(Open, "1", "c1"))
        assert storage.load(COUNTER).version == 1
        host.execute(end)
        assert host.execute("SELECT count(*) FROM loan").fetchone() == (expected,)
        assert host.execute("SELECT count(*) FROM servflow_journal").fetchone() == (expected,)


def test_a_refused_change_leaves_the_hosts_own_rows(host: sqlite3.Connection):
    """A commit that is refused takes back its own statements and none of the host's."""
    host.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(host, CODEC)
    seeded(storage)
    host.execute("INSERT INTO loan VALUES ('l1')")
    with pytest.raises(AlreadyExists):
        do(storage, said(Count, "4", "c1", note="n", postings=(posting("p2"), posting("p1"))))
    with pytest.raises(NotFound):
        storage.settle("m9", at=AT, status=Status.SENT)
    host.execute("COMMIT")
    assert host.execute("SELECT id FROM loan").fetchall() == [("l1",)]
    assert host.execute("SELECT key FROM servflow_posting").fetchall() == [("p1",)]


def test_without_an_open_transaction_there_is_nothing_to_join(host: sqlite3.Connection):
    """A write outside a transaction of the host's is refused: nobody would commit it."""
    with pytest.raises(InvalidValue, match="no open transaction"):
        SqliteStorage.joining(host, CODEC)
    host.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(host, CODEC)
    do(storage, said(Open, "1", "c1"))
    host.execute("COMMIT")
    with pytest.raises(InvalidValue, match="no open transaction"):
        do(storage, said(Count, "2", "c1", note="n"))
    assert storage.load(COUNTER).version == 1


@pytest.fixture
def bare(path: Path) -> Iterator[sqlite3.Connection]:
    """A host's database without tables of ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE loan (id TEXT)")
        yield connection


def test_a_commit_after_the_end_of_the_hosts_transaction_is_refused(host: sqlite3.Connection):
    """Once the host has rolled back, a commit of ours would be one of its own: nothing is written."""
    host.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(host, CODEC)
    host.execute("INSERT INTO loan VALUES ('1')")
    with storage.writing() as writing:
        change = decide(TOYS, said(Open, "1", "c1"), {}, policy=POLICY)
        host.execute("ROLLBACK")
        with pytest.raises(InvalidValue, match="no open transaction"):
            writing.commit(change)
    host.execute("BEGIN IMMEDIATE")
    assert SqliteStorage.joining(host, CODEC).aggregates(Counter.kind) == ()


def test_joined_records_are_of_one_moment_and_come_as_they_stand(host: sqlite3.Connection):
    """What is written after the first of them is not among them; a text that is none ends nothing."""
    host.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(host, CODEC)
    seeded(storage)
    host.execute("UPDATE servflow_receipt SET fingerprint = CAST(x'ff' AS TEXT) WHERE command_id = '3'")
    number = len(list(storage.records()))
    records = storage.records()
    next(records)
    do(storage, said(Open, "9", "late"))
    assert len(list(records)) == number - 1


def test_a_rewrite_leaves_the_hosts_own_references_checked(host: sqlite3.Connection):
    """Only while it lasts are references of ours checked late."""
    host.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(host, CODEC)
    seeded(storage)
    storage.rewrite(["c1"], lambda record: record)
    assert host.execute("PRAGMA defer_foreign_keys").fetchone() == (0,)


def test_a_host_may_roll_back_the_tables_themselves(bare: sqlite3.Connection):
    """A storage whose tables were rolled back holds nothing, and makes them again when it writes."""
    bare.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(bare, CODEC)
    seeded(storage)
    bare.execute("ROLLBACK")
    for begin in ("SELECT 1", "BEGIN DEFERRED"):
        bare.execute(begin)
        assert contents(storage) == ((), [], (), [], [])
        assert list(storage.journal(COUNTER)) == []
        with pytest.raises(NotFound):
            storage.load(COUNTER)
        assert bare.execute("SELECT name FROM sqlite_master").fetchall() == [("loan",)]
    bare.execute("COMMIT")
    bare.execute("BEGIN IMMEDIATE")
    assert storage.claim(AT, until=AT) == ()
    seeded(storage)
    bare.execute("COMMIT")
    assert storage.load(COUNTER).version == 2


def test_tables_that_cannot_be_made_leave_none(bare: sqlite3.Connection):
    """Without room for the tables there is an error of ours, no table, and the host's rows are kept."""
    bare.execute("BEGIN IMMEDIATE")
    bare.execute("INSERT INTO loan VALUES ('l1')")
    bare.execute("PRAGMA max_page_count = 5")
    with pytest.raises(StorageFull):
        SqliteStorage.joining(bare, CODEC)
    bare.execute("COMMIT")
    assert bare.execute("SELECT name FROM sqlite_master").fetchall() == [("loan",)]
    assert bare.execute("SELECT id FROM loan").fetchall() == [("l1",)]


@pytest.mark.parametrize("same", [True, False], ids=["the same storage", "another one"])
def test_a_transaction_within_another_is_committed_first(host: sqlite3.Connection, same: bool):
    """What is decided meanwhile on the same connection counts; what was read before it is stale."""
    host.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(host, CODEC)
    other = storage if same else SqliteStorage.joining(host, CODEC)
    seeded(storage)

    def late(command: Command, meanwhile: Command) -> None:
        with storage.writing() as writing:
            assert writing.receipt(command) is None
            it = writing.load(COUNTER)
            assert it is not None
            change = decide(TOYS, command, {COUNTER: it}, policy=POLICY)
            do(other, meanwhile)
            assert writing.commit(change).repeated

    with pytest.raises(StaleVersion):
        late(said(Count, "4", "c1", note="late"), said(Count, "5", "c1", note="first"))
    again = said(Count, "6", "c1", note="once")
    late(again, again)
    host.execute("COMMIT")
    counter = storage.load(COUNTER)
    assert isinstance(counter, Counter)
    assert counter.log == ("n", "first", "once")
    assert [entry.command_id for entry in storage.journal(COUNTER)] == ["2", "3", "5", "6"]


@pytest.mark.parametrize("factory", [bytes, lambda text: text.decode().upper()], ids=["bytes", "capitals"])
def test_a_host_may_read_its_texts_as_it_likes(host: sqlite3.Connection, factory: Any):
    """What the host has texts turned into holds for its own statements, and not for ours."""
    host.text_factory = factory
    host.execute("BEGIN IMMEDIATE")
    host.execute("INSERT INTO loan VALUES ('l1')")
    storage = SqliteStorage.joining(host, CODEC)
    seeded(storage)
    do(storage, said(Count, "4", "c1", note="n", look_at=AT))
    host.execute("COMMIT")
    (counter, holder), journals, due, postings, outbox = contents(storage)
    assert (counter.key, holder.key) == (COUNTER, HOLDER)
    assert due == ((COUNTER, AT),)
    assert [entry.command_id for entry in journals[0]] == ["2", "3", "4"]
    assert [each.key for each in postings] == ["p1"]
    assert [each.message.key for each in outbox] == ["m1"]
    assert host.execute("SELECT id FROM loan").fetchall() == [(factory(b"l1"),)]
    assert host.text_factory is factory


def test_tables_of_a_newer_layout_are_not_joined(host: sqlite3.Connection):
    """A host's database that a later release has made ready is refused, and stays as it is."""
    host.execute("UPDATE servflow_layout SET number = ?", (LAYOUT + 1,))
    host.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnusableStorage, match="layout"):
        SqliteStorage.joining(host, CODEC)
    assert host.in_transaction


def test_a_transaction_that_the_full_disk_took_away_is_an_error_of_ours(host: sqlite3.Connection):
    """Where SQLite itself rolled the host's whole transaction back, the error still says why."""
    host.execute("BEGIN IMMEDIATE")
    storage = SqliteStorage.joining(host, CODEC)

    class Gone:
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if not statement.startswith("INSERT"):
                return host.execute(statement, *values)
            host.execute("ROLLBACK")
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    def write() -> None:
        with storage.writing() as writing:
            command = said(Open, "1", "c1")
            transaction: Any = writing._transaction  # type: ignore[attr-defined]
            transaction.cursor = Gone()
            writing.commit(decide(TOYS, command, {}, policy=POLICY))

    with pytest.raises(StorageFull) as refused:
        write()
    assert "host" in refused.value.place
    assert not host.in_transaction
