"""PostgreSQL storage: the contract on a real server, and what is beyond it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import psycopg
import pytest
from postgres import Server
from sqlalchemy import Engine, Transaction, create_engine, event
from sqlalchemy.orm import Session

from servflow.adapters.storage_sqlalchemy import LAYOUT, METADATA, PostgresStorage, _access, _tables
from servflow.codec import Codec
from servflow.core.changes import Command, Key, Message
from servflow.core.errors import (
    AlreadyExists,
    DamagedRecord,
    InvalidValue,
    NotFound,
    StaleVersion,
    StorageBusy,
    UnusableStorage,
)
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Receipt, Status, Storage, Writing
from servflow.core.records import AggregateRecord, MessageRecord, PostingRecord, ReceiptRecord, Record
from servflow.testing.contracts import StorageContract
from servflow.testing.toys import NOBODY, POLICY, TOYS, Count, Counter, Holder, Open, OpenHolder

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
COUNTER, HOLDER = Key(Counter.kind, "c1"), Key(Holder.kind, "h")
CODEC = Codec(TOYS)
FIVE = Money("5", "CNY")
PATIENCE = 30  # seconds after which a thread that should have ended counts as hanging
DUMP = Path(__file__).parent / "postgres-layout-1.sql"


def said(kind: type[Command], id: str, case: str, **fields: Any) -> Any:
    return kind(id=id, case=case, by=NOBODY, happened_at=AT, recorded_at=AT, **fields)


def do(storage: Storage, command: Command, *also: Key) -> Receipt:
    with storage.writing() as writing:
        return writing.receipt(command) or commit(writing, command, *also)


def commit(writing: Writing, command: Command, *also: Key) -> Receipt:
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
    do(storage, said(Count, "3", "c1", note="n", messages=(message("m1"),), postings=(posting("p1"),)))


@contextmanager
def opened(url: str | Engine, **options: Any) -> Iterator[PostgresStorage]:
    storage = PostgresStorage(url, CODEC, **options)
    try:
        yield storage
    finally:
        storage.close()


@contextmanager
def asked(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else's."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def engine_of(url: str, **options: Any) -> Iterator[Engine]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), **options)
    try:
        yield engine
    finally:
        engine.dispose()


def together(*jobs: Callable[[], object]) -> list[BaseException]:
    """Run in a thread each, until all have ended; what they raised."""
    raised: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 -- looked at by the caller
            raised.append(error)

    threads = [Thread(target=run, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"a thread still hangs after {PATIENCE} s"
    return raised


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url


# --- the contract ---------------------------------------------------------------------------------


class TestPostgresStorage(StorageContract):
    """Storage in PostgreSQL keeps the contract."""

    @pytest.fixture
    def storage(self, url: str) -> Iterator[Storage]:
        self.url = url
        self.opened = [PostgresStorage(url, CODEC)]
        yield self.opened[0]
        for storage in self.opened:
            storage.close()

    def reopened(self, storage: Storage) -> Storage:
        self.opened.append(PostgresStorage(self.url, CODEC))
        return self.opened[-1]

    def impatient(self, storage: Storage) -> Storage:
        self.opened.append(PostgresStorage(self.url, CODEC, busy_seconds=1))
        return self.opened[-1]

    @contextmanager
    def failing(self, storage: Storage, n: int) -> Iterator[None]:
        """The server itself refuses the n-th statement that writes, the one that commits among them."""
        access: Any = _access
        send, left = access.send, n

        def sending(driver: Any, *statements: Any) -> Any:
            def disturbed(text: str, values: Any) -> Any:
                nonlocal left
                if text.split(maxsplit=1)[0] not in {"INSERT", "UPDATE", "DELETE", "WITH", "COMMIT"}:
                    return text, values
                left -= 1
                return ("SELECT 1 / 0", None) if left == -1 else (text, values)

            return send(driver, *(disturbed(*each) for each in statements))

        access.send = sending
        try:
            yield
        finally:
            access.send = send

    def earlier(self, storage: Storage) -> Iterator[Storage]:
        with asked(self.url) as connection:
            connection.execute(f"DROP TABLE {', '.join(METADATA.tables)}".encode())
            connection.execute(DUMP.read_bytes())
        self.opened.append(PostgresStorage(self.url, CODEC))
        yield self.opened[-1]


# --- whose tables they are ------------------------------------------------------------------------


def test_two_that_open_an_empty_database_at_once_make_the_tables_once(url: str):
    """Eight first openings at the same time all come through, and what each writes is there."""
    start = Barrier(8)

    def first(number: int) -> None:
        start.wait(PATIENCE)
        with opened(url) as storage:
            do(storage, said(Open, f"o{number}", f"c{number}"))

    assert together(*(lambda number=number: first(number) for number in range(8))) == []
    with opened(url) as storage:
        assert len(storage.aggregates(Counter.kind)) == 8


@pytest.mark.parametrize(
    ("disturbance", "found"),
    [
        ("UPDATE servflow_layout SET number = 2", f"layout {LAYOUT + 1}"),
        ("UPDATE servflow_layout SET number = 0", "layout 0"),
        ("DELETE FROM servflow_layout", "without a number"),
        ("DROP TABLE servflow_layout", "without a layout number"),
        ("DROP TABLE servflow_outbox", "no servflow_outbox.about_id"),
        ("ALTER TABLE servflow_posting DROP COLUMN minor", "no servflow_posting.minor"),
        ("ALTER TABLE servflow_posting ALTER COLUMN minor TYPE integer", "no servflow_posting.minor bigint"),
        ('ALTER TABLE servflow_aggregate ALTER COLUMN id TYPE text COLLATE "POSIX"', "aggregate.id text"),
        ("DROP INDEX servflow_posting_key", "no index servflow_posting_key unique"),
        ("ALTER TABLE servflow_journal DROP CONSTRAINT servflow_journal_pkey", "index servflow_journal_pkey"),
    ],
)
def test_tables_that_are_not_as_they_should_be_are_left_alone(url: str, disturbance: str, found: str):
    """A newer layout, a number that is missing, a table, a column or an index that is: said, not mended."""
    with opened(url) as storage:
        seeded(storage)
    with asked(url) as connection:
        connection.execute(disturbance.encode())
        before = connection.execute(SCHEMA).fetchall()
        with pytest.raises(UnusableStorage) as refused:
            PostgresStorage(url, CODEC)
        assert found in refused.value.found
        assert connection.execute(SCHEMA).fetchall() == before


SCHEMA = (
    "SELECT * FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, column_name"
)


def test_another_programs_tables_of_these_names_are_left_alone(url: str):
    """Tables that are called as ours and are not: refused, and nothing is made beside them."""
    with asked(url) as connection:
        connection.execute("CREATE TABLE servflow_layout (number text)")
        with pytest.raises(UnusableStorage, match="servflow_layout"):
            PostgresStorage(url, CODEC)
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (1,)


def next_layout(monkeypatch: pytest.MonkeyPatch, *steps: str) -> None:
    """As if the program were one that has another layout."""
    monkeypatch.setattr(_tables, "STEPS", (steps,))
    monkeypatch.setattr(_tables, "LAYOUT", 2)
    monkeypatch.setattr(_tables, "_EXPECTED", _tables._EXPECTED | {"servflow_receipt.seen bigint"})


def test_an_earlier_layout_is_brought_to_the_present_one(url: str, monkeypatch: pytest.MonkeyPatch):
    """An invented next step is taken once, by one of several that open; what was stored is there."""
    with opened(url) as storage:
        seeded(storage)
        before = list(storage.records())
    next_layout(monkeypatch, "ALTER TABLE servflow_receipt ADD COLUMN seen bigint")
    assert together(*[lambda: PostgresStorage(url, CODEC).close()] * 4) == []
    with opened(url) as storage, asked(url) as connection:
        assert list(storage.records()) == before
        assert connection.execute("SELECT number FROM servflow_layout").fetchall() == [(2,)]


@pytest.mark.parametrize("wrong", ["SELECT 1 / 0", "SELECT 1"])
def test_a_migration_that_fails_leaves_the_layout_it_found(
    url: str, monkeypatch: pytest.MonkeyPatch, wrong: str
):
    """A step that fails, or does not do what it should, leaves nothing of the steps before it."""
    with opened(url) as storage:
        seeded(storage)
        before = list(storage.records())
    with monkeypatch.context() as patched:
        next_layout(patched, "ALTER TABLE servflow_receipt ADD COLUMN other bigint", wrong)
        with pytest.raises((UnusableStorage, InvalidValue)):
            PostgresStorage(url, CODEC)
    with asked(url) as connection:
        assert "other" not in {row[3] for row in connection.execute(SCHEMA).fetchall()}
    with opened(url) as storage:
        assert list(storage.records()) == before


def test_a_database_without_a_server_cannot_be_used(tmp_path: Path):
    """Where nobody answers it is said at once, and what is not PostgreSQL's is no database for it."""
    with pytest.raises(UnusableStorage, match="database x at"):
        PostgresStorage(f"postgresql://me:secret@/x?host={tmp_path}", CODEC)
    for wrong in ("sqlite:///x.db", "postgresql+asyncpg://h/x", "no url", "mysql://u:secret@h/x"):
        with pytest.raises(InvalidValue) as refused:
            PostgresStorage(wrong, CODEC)
        assert "secret" not in str(refused.value)
    with closing(create_engine("sqlite://").connect()) as connection:
        with pytest.raises(InvalidValue):
            PostgresStorage(connection.engine, CODEC)
        with pytest.raises(InvalidValue):
            PostgresStorage.joining(connection, CODEC)


def test_another_spelling_of_the_url_is_taken_too(url: str):
    """``postgres://``, and the name of the driver, say the same."""
    for spelling in ("postgres://", "postgresql+psycopg://"):
        with opened(url.replace("postgresql://", spelling)) as storage:
            assert storage.aggregates(Counter.kind) == ()


def test_a_role_that_may_only_read_reads(url: str, postgres_server: Server):
    """Without the right to write there are answers and no commits; nothing is written."""
    with opened(url) as storage:
        seeded(storage)
    read_only = {"options": "-c default_transaction_read_only=on"}
    with engine_of(url, connect_args=read_only) as engine, opened(engine) as reader:
        assert reader.load(COUNTER).version == 2
        assert len(list(reader.records())) == 11
        with pytest.raises(UnusableStorage):
            do(reader, said(Count, "4", "c1", note="n"))
        with pytest.raises(UnusableStorage):
            reader.claim(AT, until=AT)
    with (
        postgres_server.database() as empty,
        engine_of(empty, connect_args=read_only) as other,
        pytest.raises(UnusableStorage),
    ):
        PostgresStorage(other, CODEC)


def test_tables_in_two_schemas_are_refused(url: str):
    """With one of these names earlier on the search path nothing is written, here or there."""
    with opened(url) as storage:
        seeded(storage)
    with asked(url) as connection:
        connection.execute("CREATE SCHEMA tenant")
        connection.execute("CREATE TABLE tenant.servflow_receipt (LIKE public.servflow_receipt)")
    with engine_of(url, connect_args={"options": "-c search_path=tenant,public"}) as engine:
        with pytest.raises(UnusableStorage, match="servflow_receipt in the schema tenant"):
            PostgresStorage(engine, CODEC)
        with (
            engine.begin() as connection,
            pytest.raises(UnusableStorage, match="servflow_receipt in the schema tenant"),
        ):
            PostgresStorage.joining(connection, CODEC)


def test_text_is_sent_in_utf8(url: str):
    """A URL that asks for another encoding is overruled; a host's connection in another one is refused."""
    with opened(f"{url}{'&' if '?' in url else '?'}client_encoding=latin1") as storage:
        do(storage, said(Open, "1", "书"))
        assert storage.load(Key(Counter.kind, "书")).version == 1
    for encoding in ("LATIN1", "SQL_ASCII"):
        with (
            engine_of(url, connect_args={"client_encoding": encoding}) as engine,
            pytest.raises(UnusableStorage, match="UTF8"),
        ):
            PostgresStorage(engine, CODEC)
        with engine_of(url) as engine, engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL client_encoding = {encoding}")
            with pytest.raises(UnusableStorage, match=encoding):
                PostgresStorage.joining(connection, CODEC)


def test_a_connection_that_a_host_has_left_in_a_transaction_can_be_lent(url: str):
    """What a listener of the host's asked of a new connection does not keep it from being used."""
    with engine_of(url) as engine:
        event.listen(engine, "connect", lambda driver, _: driver.execute("SELECT 1"))
        with opened(engine) as storage:
            seeded(storage)
            with storage.writing() as writing:
                writing.load(COUNTER)
                assert storage.load(COUNTER).version == 2  # over a second new connection


# --- values ---------------------------------------------------------------------------------------


def test_what_postgres_cannot_hold_is_refused(url: str):
    """U+0000 in an id, half a pair, more than a bigint, more than an index holds: nothing is written."""
    with opened(url) as storage:
        seeded(storage)
        before = list(storage.records())
        much = posting("p2", Money(str(2**63), "JPY"))
        wrong = [
            said(Open, "4", "a\0b"),
            said(Open, "4\0", "c2"),
            said(Open, "4", "\ud800"),
            said(Count, "4", "c1", note="n", postings=(much,)),
            said(Count, "4", "c1", note="n", postings=(replace(posting("p2"), subject="s\0"),)),
            said(Open, "4", os.urandom(5000).hex()),
        ]
        for command in wrong:
            with pytest.raises(InvalidValue):
                do(storage, command)
            assert list(storage.records()) == before
        do(storage, said(Count, "4", "c1", note="a\0b"))
        it = storage.load(COUNTER)
        assert isinstance(it, Counter)
        assert it.log[-1] == "a\0b"


def test_instants_come_back_whatever_zone_the_server_is_in(url: str):
    """A wake, and the first and the last instant there is, under a session of another zone and style."""
    options = "-c timezone=America/St_Johns -c datestyle=German"
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    with engine_of(url, connect_args={"options": options}) as engine, opened(engine) as storage:
        seeded(storage)
        for number, at in enumerate((first, last, AT)):
            do(storage, said(Open, f"o{number}", f"w{number}"))
            do(storage, said(Count, f"c{number}", f"w{number}", note="n", look_at=at))
        assert [at for _, at in storage.due(last)] == [first, AT, last]
        assert {it.wake for it in storage.records() if isinstance(it, AggregateRecord)} == {
            None,
            first,
            AT,
            last,
        }
        assert [line.value_date for line in storage.postings()] == [date(2026, 1, 31)]


def test_a_document_of_fifty_megabytes_is_stored(url: str):
    """A very long note comes back as it was; so it does from ``records``."""
    note = "借书" * 8_500_000
    with opened(url) as storage:
        seeded(storage)
        do(storage, said(Count, "4", "c1", note=note))
        it = storage.load(COUNTER)
        assert isinstance(it, Counter)
        assert it.log[-1] == note
        assert sum(len(getattr(record, "document", "")) for record in storage.records()) > 2 * len(note)


def test_rows_that_are_damaged_come_as_they_stand(url: str):
    """The audit is given all records; who needs the value is told which record has none."""
    with opened(url) as storage, asked(url) as connection:
        seeded(storage)
        number = len(list(storage.records()))
        connection.execute("UPDATE servflow_outbox SET status = 'odd', not_before = 'infinity'")
        connection.execute("UPDATE servflow_receipt SET document = '{}' WHERE command_id = '3'")
        connection.execute("UPDATE servflow_receipt SET document = '[[1, 2]]' WHERE command_id = '2'")
        connection.execute("UPDATE servflow_receipt SET document = 'x' WHERE command_id = '1'")
        connection.execute("UPDATE servflow_aggregate SET wake = '0044-03-15 12:00Z BC' WHERE id = 'c1'")
        connection.execute("UPDATE servflow_posting SET value_date = 'infinity'")
        damaged = list(storage.records())
        assert len(damaged) == number
        found: dict[type, list[Any]] = {}
        for it in damaged:
            found.setdefault(type(it), []).append(it)
        (letter,) = found[MessageRecord]
        assert (letter.status, letter.not_before) == ("odd", "infinity")
        assert [it.versions for it in found[ReceiptRecord]] == ["x", "[[1, 2]]", "{}"]
        assert [it.wake for it in found[AggregateRecord]] == ["0044-03-15 12:00:00 BC", None]
        assert [it.value_date for it in found[PostingRecord]] == ["infinity"]
        noted = letter._replace(note="n")
        assert storage.rewrite(["m1"], lambda it: noted if it == letter else it) == 1
        assert list(storage.records()) == [*damaged[:-1], noted]
        with pytest.raises(DamagedRecord, match=r"aggregate toy\.counter c1"):
            storage.due(AT)
        with pytest.raises(DamagedRecord, match="message m1"):
            list(storage.outbox())
        with pytest.raises(DamagedRecord, match="receipt 1"):
            do(storage, said(OpenHolder, "1", "h", limit=2))
        connection.execute("UPDATE servflow_aggregate SET version = 0")
        with pytest.raises(DamagedRecord, match=r"aggregate toy\.counter c1"):
            storage.load(COUNTER)


def test_a_message_that_is_damaged_keeps_no_other_waiting(url: str):
    """It is claimed and not given."""
    with opened(url) as storage, asked(url) as connection:
        seeded(storage)
        do(storage, said(Count, "4", "c1", note="n", messages=(message("m2"), message("m3"))))
        connection.execute("UPDATE servflow_outbox SET document = '{}' WHERE key = 'm1'")
        later = AT + timedelta(minutes=10)
        assert [it.message.key for it in storage.claim(AT, until=later, limit=2)] == ["m2"]
        assert [it.message.key for it in storage.claim(AT, until=later, limit=2)] == ["m3"]


# --- writers --------------------------------------------------------------------------------------


def test_a_writer_waits_only_so_long(url: str):
    """Who holds a key too long makes the next one busy, with nothing written; then it is free again."""
    with opened(url, busy_seconds=1) as storage:
        seeded(storage)
        for case in ("c1", "not there yet"):
            key = Key(Counter.kind, case)
            with storage.writing() as writing:
                writing.load(key)
                with pytest.raises(StorageBusy), storage.writing() as other:
                    other.load(key)
        do(storage, said(Count, "4", "c1", note="n"))


def test_writers_of_other_keys_do_not_wait(url: str):
    """Beside a transaction that holds one case another case is written."""
    with opened(url, busy_seconds=1) as storage:
        seeded(storage)
        do(storage, said(Open, "4", "c2"))
        with storage.writing() as writing:
            writing.load(COUNTER)
            do(storage, said(Count, "5", "c2", note="n"))
            commit(writing, said(Count, "6", "c1", note="n"))
        assert (storage.load(COUNTER).version, storage.load(Key(Counter.kind, "c2")).version) == (3, 2)


def test_of_two_that_wait_for_each_other_one_is_busy(url: str):
    """A deadlock is broken: one of the two is served, the other one told to try again."""
    with opened(url) as storage:
        seeded(storage)
        do(storage, said(Open, "4", "c2"))
        start = Barrier(2)

        def crossed(id: str, *cases: str) -> None:
            with storage.writing() as writing:
                writing.load(Key(Counter.kind, cases[0]))
                start.wait(PATIENCE)
                writing.load(Key(Counter.kind, cases[1]))
                commit(writing, said(Count, id, cases[0], note="n"))

        raised = together(lambda: crossed("5", "c1", "c2"), lambda: crossed("6", "c2", "c1"))
        assert [type(error) for error in raised] == [StorageBusy]
        versions = {it.id: it.version for it in storage.aggregates(Counter.kind)}
        assert sorted(versions.values()) in ([1, 3], [2, 2])


def test_whoever_gets_no_connection_is_busy(url: str):
    """A pool that is lent out makes the next one wait, then busy; a reader too."""
    with engine_of(url, pool_size=1, max_overflow=0, pool_timeout=1) as engine, opened(engine) as storage:
        seeded(storage)
        with storage.writing() as writing:
            writing.load(COUNTER)
            with pytest.raises(StorageBusy):
                storage.load(COUNTER)
        assert storage.load(COUNTER).version == 2


def test_an_engine_of_the_hosts_is_given_back_as_it_was(url: str):
    """Connections that a host lends have its own isolation and are in no transaction afterwards; it stays open."""
    with engine_of(url, isolation_level="SERIALIZABLE", pool_size=1, max_overflow=0) as engine:
        with opened(engine) as storage:
            seeded(storage)
            with pytest.raises(NotFound):
                storage.settle("nothing", at=AT, status=Status.SENT)
            assert len(list(storage.records())) == 11
        with pytest.raises(TypeError, match="closed"):
            storage.load(COUNTER)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "serializable"
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"
            assert connection.exec_driver_sql("SELECT count(*) FROM servflow_receipt").scalar() == 3


class Stopped(KeyboardInterrupt):
    """Raised where a signal would be."""


def interrupting(line: int) -> tuple[Callable[..., Any], list[int]]:
    """What traces the lending of connections, and is interrupted at its n-th line; where that was."""
    met: list[int] = []
    hit: list[int] = []

    def local(frame: Any, what: str, _: object) -> Any:
        if what == "line":
            met.append(frame.f_lineno)
            if len(met) == line and not hit:
                hit.append(frame.f_lineno)
                raise Stopped
        return local

    def trace(frame: Any, _what: str, _arg: object) -> Any:
        return local if frame.f_code is LENT else None

    return trace, hit


LENT = _access.OwnTransactions._lent.__wrapped__.__code__  # type: ignore[attr-defined]


def test_an_interrupt_leaves_the_host_no_connection_that_commits_by_itself(url: str):
    """At whatever line of lending one: the host gets back what begins transactions, and is in none."""
    with engine_of(url, pool_size=1, max_overflow=0, pool_timeout=5) as engine, opened(engine) as storage:
        seeded(storage)
        before = sys.gettrace()
        for line in range(1, 100):
            trace, hit = interrupting(line)
            sys.settrace(trace)
            try:
                with storage.writing() as writing:
                    writing.load(COUNTER)
            except Stopped:
                pass
            finally:
                sys.settrace(before)
            gc.collect()
            with closing(engine.raw_connection()) as lent:
                driver: Any = lent.driver_connection
                assert not driver.autocommit, hit
                assert driver.info.transaction_status == psycopg.pq.TransactionStatus.IDLE, hit
            if not hit:
                break
        assert 10 < line < 99


PROCESS = """
import sys
sys.path[:0] = sys.argv[2:]
from test_storage_sqlalchemy import *
with opened(sys.argv[1]) as storage:
    for number in range(40):
        do(storage, said(Count, f"{os.getpid()}-{number}", "c1", note="n"))
"""


def test_two_processes_on_one_case_queue(url: str):
    """Two programs that count on one case are both served, every time."""
    with opened(url) as storage:
        seeded(storage)
        paths = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "calls"), *sys.path]
        both = [subprocess.Popen([sys.executable, "-c", PROCESS, url, *paths]) for _ in range(2)]
        assert [each.wait(PATIENCE) for each in both] == [0, 0]
        assert storage.load(COUNTER).version == 82


# --- the server goes away -------------------------------------------------------------------------


@pytest.mark.parametrize("immediate", [True, False])
def test_a_server_that_was_restarted_is_found_again(url: str, postgres_server: Server, immediate: bool):
    """Between two calls: the next one works at once, with every idle connection gone."""
    if os.environ.get("SERVFLOW_TEST_DSN"):
        return
    with opened(url) as storage:
        seeded(storage)
        together(*[lambda: storage.load(COUNTER)] * 4)
        postgres_server.restart(immediate=immediate)
        assert storage.load(COUNTER).version == 2
        do(storage, said(Count, "4", "c1", note="n"))


def test_a_server_that_restarts_under_load_loses_nothing(url: str, postgres_server: Server):
    """Meanwhile there are errors of ours alone; who gives his command again has it counted once."""
    if os.environ.get("SERVFLOW_TEST_DSN"):
        return
    with opened(url) as storage:
        seeded(storage)
        going, done = Event(), Event()
        acknowledged: list[str] = []

        def work(name: str) -> None:
            for number in range(10_000):
                if done.is_set():
                    return
                command = said(Count, f"{name}-{number}", "c1", note="n")
                for _ in range(1000):
                    try:
                        do(storage, command)
                    except (StorageBusy, UnusableStorage):
                        done.wait(PATIENCE / 1000)  # a server that is down refuses a thousand times a second
                        continue
                    acknowledged.append(command.id)
                    break
                else:
                    raise AssertionError(f"{command.id} was refused for {PATIENCE} s")
                going.set()

        def restart() -> None:
            try:
                for _ in range(2):
                    assert going.wait(PATIENCE)
                    postgres_server.restart(immediate=True)
                    going.clear()
                assert going.wait(PATIENCE)
            finally:
                done.set()

        assert together(restart, *(lambda name=name: work(name) for name in "abcd")) == []
        journalled = [entry.command_id for entry in storage.journal(COUNTER, after=2)]
        assert sorted(journalled) == sorted(acknowledged)


def test_a_connection_that_is_cut_is_told_as_ours(url: str):
    """A writer whose connection is ended in the middle is busy, and the next one is served."""
    with opened(url) as storage, asked(url) as connection:
        seeded(storage)
        cut = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with storage.writing() as writing:
            writing.load(COUNTER)
            connection.execute(cut)
            with pytest.raises(StorageBusy):
                writing.load(HOLDER)
        command = said(Count, "4", "c1", note="n")
        change = decide(TOYS, command, {COUNTER: storage.load(COUNTER)}, policy=POLICY)
        with storage.writing() as writing:
            writing.load(COUNTER)
            writing.receipt(command)
            connection.execute(cut)
            with pytest.raises(UnusableStorage, match="same command once more"):
                writing.commit(change)
        do(storage, said(Count, "4", "c1", note="n"))
        assert storage.load(COUNTER).version == 3


# --- in a host's transaction ----------------------------------------------------------------------


def test_a_hosts_row_and_ours_are_committed_together_or_not_at_all(url: str):
    """With the host's own table in one transaction: both rows after its commit, none after its rollback."""
    with engine_of(url) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE loans (id text)")
        for ends, expected in (("rollback", 0), ("commit", 1)):
            with engine.connect() as connection:
                transaction = connection.begin()
                connection.exec_driver_sql("INSERT INTO loans VALUES ('c1')")
                storage = PostgresStorage.joining(connection, CODEC)
                seeded(storage)
                assert storage.load(COUNTER).version == 2
                getattr(transaction, ends)()
            with engine.connect() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM loans").scalar() == expected
                connection.rollback()
                there = connection.exec_driver_sql("SELECT to_regclass('servflow_aggregate')").scalar()
                assert (there is not None) == (ends == "commit")
        with opened(url) as storage:
            assert storage.load(COUNTER).version == 2


def test_a_session_can_be_joined(url: str):
    """The connection of an ORM session is one; without its commit nothing of ours is seen."""
    with engine_of(url) as engine, opened(url) as outside, Session(engine) as session:
        joined = PostgresStorage.joining(session.connection(), CODEC)
        seeded(joined)
        assert outside.aggregates(Counter.kind) == ()
        session.commit()
        assert outside.load(COUNTER).version == 2


def test_an_error_of_ours_leaves_the_hosts_transaction_whole(url: str):
    """What the host wrote before and after a change that was refused is committed."""
    with engine_of(url) as engine, opened(url) as outside:
        seeded(outside)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE loans (id text)")
            joined = PostgresStorage.joining(connection, CODEC)
            connection.exec_driver_sql("INSERT INTO loans VALUES ('a')")
            with pytest.raises(AlreadyExists) as refused:
                do(joined, said(Count, "4", "c1", note="n", postings=(posting("p2"), posting("p1"))))
            assert (refused.value.kind, refused.value.id) == ("posting", "p1")
            with pytest.raises(InvalidValue):
                do(joined, said(Open, "5", "a\0b"))
            connection.exec_driver_sql("INSERT INTO loans VALUES ('b')")
            do(joined, said(Count, "6", "c1", note="n"))
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM loans").scalar() == 2
        assert outside.load(COUNTER).version == 3
        assert [line.key for line in outside.postings()] == ["p1"]


def test_only_an_open_transaction_can_be_joined(url: str):
    """Without one it is refused, when it is joined and later; so is a connection that commits by itself."""
    with engine_of(url) as engine, engine.connect() as connection:
        with pytest.raises(InvalidValue, match="no open transaction"):
            PostgresStorage.joining(connection, CODEC)
        transaction = connection.begin()
        joined = PostgresStorage.joining(connection, CODEC)
        seeded(joined)
        transaction.rollback()
        for use in (lambda: joined.load(COUNTER), lambda: do(joined, said(Open, "9", "c9"))):
            with pytest.raises(InvalidValue, match="no open transaction"):
                use()
        with connection.begin():
            assert joined.aggregates(Counter.kind) == ()  # the tables went with the rest, and are made again
            seeded(joined)
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as other:
            other.exec_driver_sql("SELECT 1")
            with pytest.raises(InvalidValue, match="no open transaction"):
                PostgresStorage.joining(other, CODEC)


@pytest.mark.parametrize("ends", ["rolled back", "committed", "another", "nested", "by statement"])
def test_a_joined_writer_ends_with_the_hosts_transaction(url: str, ends: str):
    """Once that is over, or another one, nothing more is written, and no transaction is begun."""
    with engine_of(url) as engine, opened(url) as outside:
        seeded(outside)
        with engine.connect() as connection:
            transaction: Transaction = connection.begin()
            joined = PostgresStorage.joining(connection, CODEC)
            if ends == "nested":
                transaction = connection.begin_nested()
            command = said(Count, "4", "c1", note="n")
            with joined.writing() as writing:
                it = writing.load(COUNTER)
                assert it is not None
                change = decide(TOYS, command, {COUNTER: it}, policy=POLICY)
                if ends == "by statement":
                    connection.exec_driver_sql("ROLLBACK")
                else:
                    getattr(transaction, "commit" if ends == "committed" else "rollback")()
                if ends == "another":
                    connection.begin()
                with pytest.raises(InvalidValue, match="in which this was begun"):
                    writing.commit(change)
                with pytest.raises(TypeError, match="over"):
                    writing.load(COUNTER)
            driver: Any = connection.connection.driver_connection
            idle = driver.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            assert idle == (ends != "nested")
            connection.commit()
        assert outside.load(COUNTER).version == 2


def test_what_a_joined_writer_decided_on_is_looked_at_again(url: str):
    """What another writer in the host's transaction has changed since, and what was not locked any more."""
    other = Key(Counter.kind, "c2")
    with engine_of(url) as engine, opened(url) as outside:
        seeded(outside)
        do(outside, said(Open, "4", "c2"))

        def decided(writing: Writing, command: Command) -> Any:
            found = {key: it for key in (COUNTER, other) if (it := writing.load(key)) is not None}
            return decide(TOYS, command, found, policy=POLICY)

        with engine.begin() as connection:
            joined = PostgresStorage.joining(connection, CODEC)
            with joined.writing() as writing:
                change = decided(writing, said(Count, "5", "c1", note="n"))
                do(joined, said(Count, "6", "c1", note="n"))
                with pytest.raises(StaleVersion):
                    writing.commit(change)
            with joined.writing() as writing:
                command = said(Count, "7", "c1", note="n")
                assert writing.receipt(command) is None
                change = decided(writing, command)
                do(joined, command)
                assert writing.commit(change).repeated
        with (
            engine.begin() as connection,
            PostgresStorage.joining(connection, CODEC).writing() as writing,
        ):
            connection.exec_driver_sql("SAVEPOINT of_the_hosts")
            change = decided(writing, said(Count, "8", "c2", note="n"))
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT of_the_hosts")
            do(outside, said(Count, "9", "c2", note="n"))
            with pytest.raises(StaleVersion):
                writing.commit(change)
        assert (outside.load(COUNTER).version, outside.load(other).version) == (4, 2)


def test_a_joined_commit_keeps_out_who_writes_alone(url: str):
    """Whoever changes wakes waits for it, even if the host has taken back all that was asked before."""
    with engine_of(url) as engine, opened(url, busy_seconds=1) as outside:
        seeded(outside)
        with (
            engine.begin() as connection,
            PostgresStorage.joining(connection, CODEC).writing() as writing,
        ):
            connection.exec_driver_sql("SAVEPOINT of_the_hosts")
            writing.load(COUNTER)
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT of_the_hosts")
            commit(writing, said(Count, "4", "c1", note="n"))
            with pytest.raises(StorageBusy):
                outside.reschedule([])


def test_joined_writers_queue_with_others(url: str):
    """What a host's transaction has loaded waits for its end, for a writer beside it."""
    with engine_of(url) as engine, opened(url) as outside:
        seeded(outside)
        with engine.begin() as connection:
            joined = PostgresStorage.joining(connection, CODEC)
            do(joined, said(Count, "4", "c1", note="joined"))
            waiting = Thread(target=lambda: do(outside, said(Count, "5", "c1", note="after")), daemon=True)
            waiting.start()
            waiting.join(0.3)
            assert waiting.is_alive()
        waiting.join(PATIENCE)
        it = outside.load(COUNTER)
        assert isinstance(it, Counter)
        assert it.log == ("n", "joined", "after")


def test_joined_records_need_one_moment(url: str):
    """Under READ COMMITTED there is none; under REPEATABLE READ everything comes."""
    with engine_of(url) as engine, opened(url) as outside:
        seeded(outside)
        with engine.begin() as connection, pytest.raises(InvalidValue, match="repeatable read"):
            list(PostgresStorage.joining(connection, CODEC).records())
        snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
        with snapshot.begin() as connection:
            records = PostgresStorage.joining(connection, CODEC).records()
            first = next(records)
            do(outside, said(Count, "4", "c1", note="n"))
            assert [first, *records] != list(outside.records())


# --- moving and rewriting -------------------------------------------------------------------------


def test_keys_can_be_passed_on_in_one_rewrite(url: str):
    """A key that one record leaves another may take; the order of postings stays; a text is gone from the file."""
    with opened(url) as storage, asked(url) as connection:
        seeded(storage)
        do(storage, said(Count, "4", "c1", note="n", postings=(posting("p2"), posting("p3"))))
        renamed = {"p1": "p2", "p2": "p1"}

        def new(record: Record) -> Record:
            if isinstance(record, PostingRecord) and record.key in renamed:
                return record._replace(key=renamed[record.key])
            return record

        assert storage.rewrite(["p1", "p2"], new) == 2
        found = connection.execute("SELECT key FROM servflow_posting ORDER BY n").fetchall()
        assert found == [("p2",), ("p1",), ("p3",)]
        do(storage, said(Count, "5", "c1", note="n", postings=(posting("p4"),)))
        assert [line.key for line in storage.postings()][-1] == "p4"


def test_many_wakes_are_changed_in_one_go(url: str):
    """Thousands of aggregates get another wake in one statement; none that has gone on."""
    with opened(url) as storage:
        storage.restore(AggregateRecord(Key("k", f"{n:05}"), 1, "open", None, "{}") for n in range(12_000))
        later = AT + timedelta(days=1)
        wakes = [(Key("k", f"{n:05}"), 1 + n % 2, later) for n in range(12_000)]
        assert storage.reschedule(wakes) == 6_000
        assert storage.reschedule(wakes) == 0
        assert len(storage.due(later, limit=20_000)) == 6_000


def test_a_reader_keeps_what_was_rewritten_from_being_cleared_away(url: str):
    """Beside somebody who reads all records a rewrite is done, and says what it could not do."""
    with opened(url, busy_seconds=1) as storage:
        seeded(storage)
        records = storage.records()
        before = [next(records)]
        with pytest.raises(UnusableStorage, match="VACUUM"):
            storage.rewrite(
                ["p1"], lambda it: it._replace(subject="s") if isinstance(it, PostingRecord) else it
            )
        before += records
        assert [line.subject for line in before if isinstance(line, PostingRecord)] == ["c1"]
        assert [line.subject for line in storage.records() if isinstance(line, PostingRecord)] == ["s"]
        files = "SELECT relname, relfilenode FROM pg_class WHERE relname = ANY(%s)"
        with asked(url) as connection:
            tables = [name for name in METADATA.tables if name != "servflow_layout"]
            old = connection.execute(files, (tables,)).fetchall()
            assert storage.rewrite(["p1"], lambda it: it) == 0
            assert not {*old} & {*connection.execute(files, (tables,)).fetchall()}


@pytest.mark.parametrize(
    "instead",
    [
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "DO $$ BEGIN RAISE SQLSTATE '53100'; END $$",
        "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$",
    ],
)
def test_what_was_rewritten_and_not_cleared_away_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch, instead: str
):
    """A connection lost, a full disk, a lock after the commit: the records are rewritten, and it says so."""
    access: Any = _access
    send = access.send

    def sending(driver: Any, *statements: Any) -> Any:
        return send(
            driver,
            *(
                (instead, None) if text.startswith("VACUUM") else (text, values)
                for text, values in statements
            ),
        )

    with opened(url) as storage:
        seeded(storage)
        monkeypatch.setattr(_access, "send", sending)
        with pytest.raises(UnusableStorage, match="rewritten there, but not cleared away"):
            storage.rewrite(
                ["p1"], lambda it: it._replace(subject="s") if isinstance(it, PostingRecord) else it
            )
        assert [line.subject for line in storage.records() if isinstance(line, PostingRecord)] == ["s"]


def test_a_role_that_may_not_clear_away_says_so(url: str):
    """Whose tables are another role's has them rewritten, and is told that the old files are there."""
    role = f"servflow_test_{os.getpid()}"
    with opened(url) as storage, asked(url) as connection:
        seeded(storage)
        connection.execute(f"CREATE ROLE {role}".encode())
        try:
            granted = f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
            connection.execute(granted.encode())
            with (
                engine_of(url, connect_args={"options": f"-c role={role}"}) as engine,
                opened(engine) as theirs,
                pytest.raises(UnusableStorage, match="not cleared away: servflow_posting as before"),
            ):
                theirs.rewrite(
                    ["p1"], lambda it: it._replace(subject="s") if isinstance(it, PostingRecord) else it
                )
        finally:
            connection.execute(f"DROP OWNED BY {role}".encode())
            connection.execute(f"DROP ROLE {role}".encode())
        assert [line.subject for line in storage.records() if isinstance(line, PostingRecord)] == ["s"]
