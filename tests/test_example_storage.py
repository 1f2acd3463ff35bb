"""examples/own_tables: a storage over a library's own tables keeps the contract, and joins its transaction."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from servflow.codec import Codec
from servflow.core.changes import Command, Key, Message, Withdrawal
from servflow.core.errors import (
    AlreadyExists,
    DamagedRecord,
    InvalidValue,
    Refused,
    StorageBusy,
    StorageFull,
)
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Status, Storage
from servflow.core.records import AggregateRecord, EntryRecord, Record
from servflow.testing.contracts import StorageContract
from servflow.testing.toys import NOBODY, POLICY, TOYS, Close, Count, Counter, Holder, Open, OpenHolder

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from examples.own_tables.library import Library, note  # noqa: E402 -- not installed, found from the root
from examples.own_tables.library_storage import (  # noqa: E402
    LibraryStorage,
    LibrarysTransaction,
    OwnTransactions,
    stamp,
)

CODEC = Codec(TOYS)
AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
C1 = Key(Counter.kind, "c1")
WRITES = ("INSERT", "UPDATE", "COMMIT", "RELEASE")


class Counting(sqlite3.Connection):
    """A connection that can be told that the write after the next ``left`` is to fail."""

    left: int | None = None

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self._count(statement)
        return super().execute(statement, *values)

    def executemany(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self._count(statement)
        return super().executemany(statement, *values)

    def _count(self, statement: str) -> None:
        if Counting.left is not None and statement.startswith(WRITES):
            Counting.left -= 1
            if Counting.left < 0:
                error = sqlite3.OperationalError("made to fail")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error


class CountingLibrary(Library):
    """A library of such connections, on a disk that is trusted: what is written is not waited for."""

    def connect(self, wait: int = 10) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=wait, isolation_level=None, check_same_thread=False, factory=Counting
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = OFF")
        return connection


class _Contract(StorageContract):
    """Beside the library's own rows, which are the same afterwards."""

    def storage_of(self, library: Library) -> LibraryStorage:
        raise NotImplementedError

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[Storage]:
        self.library = CountingLibrary(tmp_path / "library.db")
        own_rows(self.library)
        before = own(self.library)
        self.opened = [self.storage_of(self.library)]
        yield self.opened[0]
        for storage in self.opened:
            storage.close()
        assert own(self.library) == before

    def reopened(self, storage: Storage) -> Storage:
        self.opened.append(self.storage_of(self.library))
        return self.opened[-1]

    @contextmanager
    def failing(self, storage: Storage, n: int) -> Iterator[None]:
        Counting.left = n
        try:
            yield
        finally:
            Counting.left = None


class TestOwnTransactions(_Contract):
    """With transactions of its own the storage keeps the contract."""

    def storage_of(self, library: Library) -> LibraryStorage:
        return LibraryStorage(CODEC, OwnTransactions(library.connect))

    def impatient(self, storage: Storage) -> Storage:
        self.opened.append(LibraryStorage(CODEC, OwnTransactions(self.library.connect, wait=0)))
        return self.opened[-1]


class Within(OwnTransactions):
    """For each writer a transaction of the library's, which ends after he has left it."""

    def __init__(self, library: Library) -> None:
        super().__init__(library.connect)
        self._library = library
        self._queue = Lock()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with (
            self._queue,
            self._library.transaction() as connection,
            LibrarysTransaction(connection).writing() as joined,
        ):
            yield joined

    @contextmanager
    def whole(self, connection: sqlite3.Connection) -> Iterator[None]:
        with LibrarysTransaction(connection).whole(connection):
            yield


class TestLibrarysTransaction(_Contract):
    """In transactions of the library's the storage keeps the contract, once they are committed."""

    def storage_of(self, library: Library) -> LibraryStorage:
        return LibraryStorage(CODEC, Within(library))


def own_rows(library: Library) -> None:
    """What a library has in these tables without servflow."""
    with library.transaction() as connection:
        note(connection, "opened the doors", who="porter", at=stamp(AT))
        connection.execute(
            "INSERT INTO mail_queue (recipient, body, status_code, changed_at)"
            " VALUES ('reader 7', 'Your hold is here.', 'pending', ?)",
            (stamp(AT),),
        )


def own(library: Library) -> list[tuple[Any, ...]]:
    with closing(library.connect()) as connection:
        mail = connection.execute("SELECT * FROM mail_queue WHERE message_key IS NULL").fetchall()
        return mail + connection.execute("SELECT who, what FROM audit_line").fetchall()


# --- in the library's transaction -----------------------------------------------------------------


def said(kind: type[Command], id: str, case: str = "c1", **fields: Any) -> Command:
    return kind(id=id, case=case, by=NOBODY, happened_at=AT, recorded_at=AT, **fields)


def reminder(key: str) -> Message:
    return Message(key=key, to="party-1", kind="reminder", about=C1)


def do(storage: Storage, command: Command, *also: Key) -> None:
    with storage.writing() as writing:
        keys = (Key(TOYS.of(type(command)).name, command.case), *also)
        found = {key: it for key in keys if (it := writing.load(key)) is not None}
        writing.commit(decide(TOYS, command, found, policy=POLICY))


def within(connection: sqlite3.Connection) -> LibraryStorage:
    return LibraryStorage(CODEC, LibrarysTransaction(connection))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library.db")


@pytest.fixture
def storage(library: Library) -> Iterator[LibraryStorage]:
    """With transactions of its own, on an open counter."""
    storage = LibraryStorage(CODEC, OwnTransactions(library.connect, wait=0))
    do(storage, said(Open, "1"))
    yield storage
    storage.close()


def audited(library: Library) -> list[str]:
    with closing(library.connect()) as connection:
        return [what for (what,) in connection.execute("SELECT what FROM audit_line")]


def test_both_are_committed_together(library: Library, storage: LibraryStorage):
    """The library's row and ours are seen by nobody before its commit, and both after it."""
    with library.transaction() as connection:
        note(connection, "before", who="clerk", at=stamp(AT))
        do(within(connection), said(Count, "2", note="n", messages=(reminder("m1"),)))
        note(connection, "after", who="clerk", at=stamp(AT))
        assert (audited(library), storage.load(C1).version) == ([], 1)
        assert within(connection).load(C1).version == 2
    assert (audited(library), storage.load(C1).version) == (["before", "after"], 2)
    assert [each.message.key for each in storage.claim(AT, until=AT)] == ["m1"]


def test_an_error_of_the_library_after_our_commit_leaves_neither(library: Library, storage: LibraryStorage):
    """What was committed within a transaction that is rolled back never was, its command neither."""
    before = list(storage.records())

    def stumble() -> None:
        with library.transaction() as connection:
            note(connection, "before", who="clerk", at=stamp(AT))
            do(within(connection), said(Count, "2", note="n", messages=(reminder("m1"),)))
            raise LookupError("no such item")

    with pytest.raises(LookupError):
        stumble()
    assert (audited(library), list(storage.records())) == ([], before)
    do(storage, said(Count, "2", note="another payload, for the id is free"))


def test_a_refusal_leaves_what_the_library_wrote_to_the_library(library: Library, storage: LibraryStorage):
    """Refused, nothing of ours is there; the library goes on in its transaction, or does not."""
    do(storage, said(OpenHolder, "2", "h", limit=0))
    before = list(storage.records())
    for goes_on in (False, True):
        try:
            with library.transaction() as connection:
                note(connection, f"goes on: {goes_on}", who="clerk", at=stamp(AT))
                try:
                    do(within(connection), said(Open, "3", "c2", holder="h"), Key(Holder.kind, "h"))
                except Refused:
                    if not goes_on:
                        raise
        except Refused:
            assert not goes_on
    assert (audited(library), list(storage.records())) == (["goes on: True"], before)


def test_a_commit_that_fails_halfway_leaves_the_library_its_transaction(
    library: Library, storage: LibraryStorage
):
    """A change whose last message is taken is undone up to the savepoint, and not further."""
    do(storage, said(Count, "2", note="n", messages=(reminder("m1"),)))
    before = list(storage.records())
    with library.transaction() as connection:
        note(connection, "kept", who="clerk", at=stamp(AT))
        with pytest.raises(AlreadyExists):
            do(within(connection), said(Count, "3", note="n", messages=(reminder("m2"), reminder("m1"))))
        assert list(within(connection).records()) == before
    assert (audited(library), list(storage.records())) == (["kept"], before)


KILLED = """
import sys
sys.path[:0] = [sys.argv[2], *sys.argv[3:]]
from pathlib import Path
from test_example_storage import *

library = Library(Path(sys.argv[1]))
with library.transaction() as connection:
    note(connection, "lost", who="clerk", at=stamp(AT))
    do(within(connection), said(Count, "2", note="n"))
    note(connection, "lost, too", who="clerk", at=stamp(AT))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_between_our_commit_and_its_own_neither_is_there(library: Library, storage: LibraryStorage):
    """kill -9 after our commit and before the library's leaves nothing of either, and nothing locked."""
    before = list(storage.records())
    run = [sys.executable, "-c", KILLED, str(library.path), str(Path(__file__).parent), *sys.path]
    killed = subprocess.run(run, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, "")
    assert (audited(library), list(storage.records())) == ([], before)
    do(storage, said(Count, "2", note="another"))


def test_without_a_transaction_of_the_library_nothing_is_written(library: Library, storage: LibraryStorage):
    """A writer who would have no lock is refused; a reader needs none."""
    with closing(library.connect()) as connection:
        with pytest.raises(InvalidValue, match="no open transaction"), within(connection).writing():
            pass
        assert within(connection).load(C1) == storage.load(C1)


def test_records_are_of_one_moment_there_too(library: Library, storage: LibraryStorage):
    """What is committed within the transaction while its records are read is not among them."""
    before = list(storage.records())
    with library.transaction() as connection:
        records = within(connection).records()
        found = [next(records)]
        do(within(connection), said(Count, "2", note="n", messages=(reminder("m1"),)))
        assert [*found, *records] == before
        assert len(list(within(connection).records())) == len(before) + 3  # entry, receipt, message


# --- tables of the library's ----------------------------------------------------------------------


def request(library: Library) -> tuple[Any, ...]:
    with closing(library.connect()) as connection:
        find = "SELECT request_no, case_id, version, pickup_shelf FROM ill_request"
        (found,) = connection.execute(find).fetchall()
    return tuple(found)


def test_what_the_library_keeps_beside_a_case_stays(library: Library, storage: LibraryStorage):
    """Its own number and its own column outlive commits, wakes, and even another id."""
    with library.transaction() as connection:
        connection.execute("UPDATE ill_request SET pickup_shelf = 'B 7'")
    (number, *_) = request(library)
    do(storage, said(Count, "2", note="n"))
    storage.reschedule([(C1, 2, AT)])
    assert request(library) == (number, "c1", 2, "B 7")

    def renamed(record: Record) -> Record:
        key = Key(Counter.kind, "x")
        return record._replace(key=key) if isinstance(record, AggregateRecord | EntryRecord) else record

    assert storage.rewrite({"c1"}, renamed) == 3
    assert request(library) == (number, "x", 2, "B 7")
    assert [entry.seq for entry in storage.journal(Key(Counter.kind, "x"))] == [1, 2]


def test_instants_are_the_librarys_numbers(library: Library, storage: LibraryStorage):
    """To the microsecond, from the first year to the last."""
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    for at in (first, last, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)):
        storage.reschedule([(C1, 1, at)])
        assert storage.due(at) == ((C1, at),)
    with closing(library.connect()) as connection:
        assert connection.execute("SELECT look_at FROM ill_request").fetchall() == [(-1,)]


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("UPDATE ill_request SET document = CAST(x'ff' AS TEXT)", "aggregate toy.counter c1"),
        ("UPDATE ill_request SET look_at = 'soon'", None),
        ("UPDATE ill_request SET look_at = -9223372036854775807", "aggregate toy.counter c1"),
        ("UPDATE ill_event SET document = CAST(x'ff' AS TEXT) WHERE seq = 2", "entry 2 of toy.counter c1"),
        ("UPDATE done_command SET versions = '[1]' WHERE command_id = '2'", "receipt 2"),
        ("UPDATE fee_line SET value_date = 'one day'", None),
        ("UPDATE fee_line SET document = CAST(x'ff' AS TEXT)", "posting p1"),
        ("UPDATE mail_queue SET status_code = 'lost'", "message m1"),
        ("UPDATE mail_queue SET changed_at = 'once'", "message m1"),
        ("UPDATE mail_queue SET overtaken_code = 'lost'", None),
        ("UPDATE mail_queue SET claimed_until = 'never'", "message m1"),
        ("UPDATE mail_queue SET body = CAST(x'ff' AS TEXT)", "message m1"),
    ],
)
def test_what_is_damaged_is_a_record_as_it_stands(
    library: Library, storage: LibraryStorage, damage: str, name: str | None
):
    """Whatever stands in a column, all records are given; who needs what is no more is told which it is."""
    line = Posting(
        key="p1",
        debit=Account(AccountKind.RECEIVABLE, "party-1"),
        credit=Account(AccountKind.INCOME, "desk"),
        amount=Money("5", "CNY"),
        value_date=AT.date(),
        subject="c1",
        kind="fee",
    )
    count = said(Count, "2", note="n", messages=(reminder("m1"),), postings=(line,))
    do(storage, count)
    before = list(storage.records())
    with library.transaction() as connection:
        connection.execute(damage)
    after = list(storage.records())
    assert len([1 for one, other in zip(before, after, strict=True) if one != other]) == 1
    assert storage.rewrite({"c1"}, lambda record: record) == 0

    def again() -> None:
        with storage.writing() as writing:
            writing.receipt(count)

    asked: list[Callable[[], object]] = [
        lambda: list(storage.journal(C1)),
        lambda: list(storage.postings()),
        lambda: list(storage.outbox()),
        lambda: storage.due(AT),
        lambda: do(storage, said(Count, "3", note="n", withdrawals=(Withdrawal(C1, ("reminder",)),))),
        again,
    ]
    named = set()
    for ask in asked:
        try:
            ask()
        except DamagedRecord as error:
            named.add(error.record)
    assert named == ({name} if name else set())
    storage.claim(AT, until=AT)


def test_a_library_at_work_makes_us_busy_and_a_full_disk_full(library: Library, storage: LibraryStorage):
    """Both are said as the port says them; readers do not notice, and afterwards it goes on."""
    before = list(storage.records())
    with library.transaction() as connection:
        note(connection, "at work", who="clerk", at=stamp(AT))
        with pytest.raises(StorageBusy), storage.writing():  # before anything is decided
            pass
        with pytest.raises(StorageBusy):
            storage.claim(AT, until=AT)
        assert list(storage.records()) == before

    def overfill() -> None:
        with library.transaction() as connection:
            note(connection, "lost", who="clerk", at=stamp(AT))
            ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
            connection.execute(f"PRAGMA max_page_count = {pages}")
            do(within(connection), said(Count, "2", note="x" * 100_000))

    with pytest.raises(StorageFull):
        overfill()
    assert audited(library) == ["at work"]
    assert list(storage.records()) == before
    do(storage, said(Count, "2", note="x" * 100_000))


def test_every_query_has_its_index(library: Library, storage: LibraryStorage):
    """What is asked for is found by an index, and in its order; and every index is there for a query."""
    storage.close()
    seen: list[tuple[str, Any]] = []

    class Watched(sqlite3.Connection):
        def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
            seen.append((statement, values))
            return super().execute(statement, values)

    def connect(wait: int) -> sqlite3.Connection:
        return sqlite3.connect(library.path, timeout=wait, isolation_level=None, factory=Watched)

    watched = LibraryStorage(CODEC, OwnTransactions(connect))
    do(watched, said(Count, "2", note="n", messages=(replace(reminder("m1"), supersedes=("reminder",)),)))
    with watched.writing() as writing:
        writing.receipt(said(Close, "3"))
    watched.load(C1)
    list(watched.journal(C1))
    watched.aggregates(Counter.kind)
    watched.aggregates(Counter.kind, state="open")
    watched.due(AT)
    watched.reschedule([(C1, 2, AT)])
    watched.claim(AT, until=AT)
    watched.settle("m1", at=AT, status=Status.SENT)
    list(watched.outbox(about=C1))
    list(watched.outbox(status=Status.FAILED))
    list(watched.postings(subject="c1"))
    list(watched.postings(account=Account(AccountKind.RECEIVABLE, "party-1")))
    watched.close()
    steps = []
    with closing(library.connect()) as connection:
        for statement, values in seen:
            if " WHERE " in statement:
                steps += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        unused = [name for (name,) in named if not any(f" {name} " in step for step in steps)]
    assert [step for step in steps if "SCAN" in step and step != "SCAN CONSTANT ROW"] == []
    assert [step for step in steps if "TEMP B-TREE" in step] == ["USE TEMP B-TREE FOR ORDER BY"]  # an account
    assert unused == []


# --- the story ------------------------------------------------------------------------------------

STORY = ROOT / "examples" / "own_tables" / "story.py"


def tell(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, STORY, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONUTF8": "1"},
        check=False,
    )


def test_the_story(tmp_path: Path):
    """Run as a program it says what became of each step, and the library's tables hold it."""
    told = tell(tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    requests = [line.split(", ", 1)[1] for line in told.stdout.splitlines() if line.startswith("   request")]
    assert requests == [
        "promised, due -, shelf -",
        "promised, due -, shelf -",
        "shipped, due 2026-02-28, shelf post room",
        "shipped, due 2026-02-28, shelf post room",
    ]
    assert "NLC-2 in the house. So nothing happened" in told.stdout
    assert "ill.no-renewal-pending" in told.stdout
    assert "4 sent; of the library's own mail 1 waits as before" in told.stdout
    assert audited(Library(tmp_path / "library.db")) == ["NLC-1 left the house", "asked for a renewal"]


def test_the_story_is_told_once_in_a_folder(tmp_path: Path):
    """A folder that has a library already is left alone; without a folder nothing stays behind."""
    told = tell(tmp_path)
    before = (tmp_path / "library.db").read_bytes()
    assert tell(tmp_path).returncode == 2
    assert (tmp_path / "library.db").read_bytes() == before
    assert (tell().stdout, tell(tmp_path / "nowhere").returncode) == (told.stdout, 2)
