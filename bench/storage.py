"""How fast a durable ``desk.do`` is, beside the bare transactions that it needs.

Two measurements, each over SQLite (a file, write-ahead log, ``synchronous = FULL``) and PostgreSQL
(a server started for it, its settings as they come: ``fsync`` and ``synchronous_commit`` on):

1. ``do``: one command on one of many cases, against two peers in the same run, on the same disk or
   server: the bare minimal transaction (begin, insert one row of the size of an entry, commit),
   and the same statements that ``do`` gave to the database, with their values ready-made. Contestants
   take turns, so that noise hits all; a ratio is the median of the rounds' ratios.
2. ``history``: the same command on a case of 10 entries and on one of 10,000.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy

from servflow.adapters.storage_sqlalchemy import PostgresStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.codec.records import (
    aggregate_record,
    entry_record,
    receipt_record,
)
from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Office
from servflow.core.lifecycle import OPENING, SAME, Lifecycle, Lifecycles, Outcome, Row, Situation, decide
from servflow.core.ports import Party, Storage
from servflow.core.records import Record
from servflow.desk import Desk

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "calls"))
from postgres import served

GOAL = 0.7  # of the rate of the bare minimal transaction
START = datetime(2026, 1, 31, 8, tzinfo=UTC)


# --- a desk of next to nothing --------------------------------------------------------------------


class Stage(Enum):
    """Where a case stands."""

    OPEN = "open"
    CLOSED = "closed"


class Role(Enum):
    """Who may give its commands."""

    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Aggregate):
    """A case as large as a small loan; ``seen`` counts, so that it does not grow."""

    kind: ClassVar[str] = "bench.case"
    state: Stage
    title: str = ""
    patron: str = ""
    seen: int = 0
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Command):
    """Opens the case."""

    look_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class See(Command):
    """One more step in its history."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """The last one."""


@dataclass(frozen=True)
class Rules:
    """A policy with nothing but its digests."""

    rulebook: str = "none"
    calendar_digest: str = "none"


def opened(s: Situation[Any, Any, Any, Any]) -> Outcome:
    """The case as it begins."""
    case = s.command.case
    look_at = s.command.look_at
    return Outcome(
        it=Case(id=case, state=Stage.OPEN, title=f"古城水系考 {case}", patron="P-1", look_at=look_at)
    )


def seen(s: Situation[Any, Any, Any, Any]) -> Outcome:
    """The case, seen once more."""
    return Outcome(it=replace(s.it, seen=s.it.seen + 1))


TABLE = Lifecycles(
    Lifecycle(
        model=Case,
        states=Stage,
        roles=Role,
        final=(Stage.CLOSED,),
        roles_of=lambda _it, _actor: (Role.STAFF,),
        next_wake=lambda it, _policy: it.look_at,
        rows=(
            Row(OPENING, Open, Stage.OPEN, Role.STAFF, does=opened),
            Row(Stage.OPEN, See, SAME, Role.STAFF, does=seen),
            Row(Stage.OPEN, Close, Stage.CLOSED, Role.STAFF),
        ),
    )
)
CODEC = Codec(TABLE)
ACTOR = Actor("librarian-1", "bench", Office.STAFF)
RULES = Rules()


class Host:
    """Facts of a host that knows nothing."""

    def ask(self, command: Command, it: Aggregate | None) -> None:
        """Nothing."""

    def party(self, ref: str) -> Party:
        """Somebody."""
        return Party(ref=ref, name=ref, email="", language="en")


def said(kind: type[Command], id: str, case: str, **fields: Any) -> Command:
    """One command of the library's staff."""
    return kind(id=id, case=case, by=ACTOR, happened_at=START, recorded_at=START, **fields)


def desk_over(storage: Storage) -> Desk:
    """A desk over it."""
    return Desk(TABLE, storage=storage, facts=Host(), policy=RULES)


# --- where ----------------------------------------------------------------------------------------

Run = Callable[[int], None]  # so many transactions
Transaction = Callable[[tuple[tuple[str, dict[str, Any]], ...]], None]  # these statements, committed

MAKE = (
    "CREATE TABLE bare_case (id {text} PRIMARY KEY, version INTEGER NOT NULL, document TEXT NOT NULL)",
    "CREATE TABLE bare_entry (id {text}, seq INTEGER, document TEXT NOT NULL, PRIMARY KEY (id, seq))",
    "CREATE TABLE bare_receipt (id {text} PRIMARY KEY, document TEXT NOT NULL)",
)
CASE = "INSERT INTO bare_case VALUES (:id, :seq, :document)"
ENTRY = "INSERT INTO bare_entry VALUES (:id, :seq, :document)"
RECEIPT = "INSERT INTO bare_receipt VALUES (:id, :document)"
ASK_RECEIPT = "SELECT document FROM bare_receipt WHERE id = :id"
ASK_CASE = "SELECT version, document FROM bare_case WHERE id = :id"
STEP = "UPDATE bare_case SET version = :seq, document = :document WHERE id = :id"


class Sqlite:
    """SQLite files in a folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def _path(self) -> Path:
        return self._folder / f"{next(self._numbers)}.db"

    @contextmanager
    def storage(self) -> Iterator[Storage]:
        """A new, empty one."""
        storage = SqliteStorage(self._path(), CODEC)
        yield storage
        storage.close()

    @contextmanager
    def by_hand(self) -> Iterator[Transaction]:
        """A new database with the same settings, and what runs a transaction in it."""
        with closing(sqlite3.connect(self._path(), isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            for statement in MAKE:
                connection.execute(statement.format(text="TEXT"))
            cursor = connection.cursor()

            def transaction(statements: tuple[tuple[str, dict[str, Any]], ...]) -> None:
                cursor.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    cursor.execute(statement, values).fetchall()
                cursor.execute("COMMIT")

            yield transaction


class Postgres:
    """Databases of a server."""

    name = "postgresql"

    def __init__(self, database: Callable[[], AbstractContextManager[str]]) -> None:
        self._database = database

    @contextmanager
    def storage(self) -> Iterator[Storage]:
        """A new, empty one."""
        with self._database() as url:
            storage = PostgresStorage(url, CODEC)
            yield storage
            storage.close()

    @contextmanager
    def by_hand(self) -> Iterator[Transaction]:
        """A new database, and what runs a transaction in it through SQLAlchemy."""
        with self._database() as url:
            engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
            with engine.begin() as connection:
                for statement in MAKE:
                    connection.exec_driver_sql(statement.format(text='TEXT COLLATE "C"'))
            texts = {
                each: sqlalchemy.text(each + (" FOR UPDATE" if each is ASK_CASE else ""))
                for each in (CASE, ENTRY, RECEIPT, ASK_RECEIPT, ASK_CASE, STEP)
            }
            with engine.connect() as connection:

                def transaction(statements: tuple[tuple[str, dict[str, Any]], ...]) -> None:
                    with connection.begin():
                        for statement, values in statements:
                            found = connection.execute(texts[statement], values)
                            if found.returns_rows:
                                found.fetchall()

                yield transaction
            engine.dispose()


Place = Sqlite | Postgres


# --- do -------------------------------------------------------------------------------------------


def id_of(number: int) -> str:
    """The id of a case."""
    return f"case-{number:07}"


def hand_written(transaction: Transaction, cases: int) -> tuple[Run, Run]:
    """One row a transaction; and the rows of one command, read and written as a desk must."""
    document, entry = "x" * 100, "y" * 500  # as long as those of the desk
    for number in range(cases):
        transaction(((CASE, {"id": id_of(number), "seq": 1, "document": document}),))
    rows, steps = count(1), count(0)

    def one_row(times: int) -> None:
        for _ in range(times):
            transaction(((ENTRY, {"id": "one row", "seq": next(rows), "document": entry}),))

    def same_rows(times: int) -> None:
        for _ in range(times):
            step = next(steps)
            id, seq, said_as = id_of(step % cases), step // cases + 2, f"step-{step}"
            transaction(
                (
                    (ASK_RECEIPT, {"id": said_as}),
                    (ASK_CASE, {"id": id}),
                    (STEP, {"id": id, "seq": seq, "document": document}),
                    (ENTRY, {"id": id, "seq": seq, "document": entry}),
                    (RECEIPT, {"id": said_as, "document": document}),
                )
            )

    return one_row, same_rows


def by_desk(storage: Storage, cases: int) -> Run:
    """One command a transaction."""
    desk = desk_over(storage)
    for number in range(cases):
        desk.do(said(Open, f"open-{number}", id_of(number)))
    steps = count(0)

    def run(times: int) -> None:
        for _ in range(times):
            step = next(steps)
            desk.do(said(See, f"step-{step}", id_of(step % cases)))

    return run


def seconds(run: Run, times: int) -> float:
    """How long it takes for each."""
    start = time.perf_counter()
    run(times)
    return (time.perf_counter() - start) / times


def measure_do(place: Place, *, rounds: int, times: int) -> dict[str, Any]:
    """The rate of ``do`` as a share of both peers' rates."""
    shares: dict[str, list[float]] = {"one row": [], "same rows": []}
    micros: list[float] = []
    with place.storage() as storage, place.by_hand() as transaction:
        one_row, same_rows = hand_written(transaction, times)
        do = by_desk(storage, times)
        for _ in range(rounds):
            taken = {"one row": seconds(one_row, times), "same rows": seconds(same_rows, times)}
            own = seconds(do, times)
            micros.append(own * 1e6)
            for peer, value in taken.items():
                shares[peer].append(value / own)
    return {
        "measurement": "do",
        "storage": place.name,
        "microseconds": round(statistics.median(micros)),
        "shares": {peer: round(statistics.median(values), 2) for peer, values in shares.items()},
        "goal": GOAL,
    }


# --- history --------------------------------------------------------------------------------------


def case_records(number: int, *, entries: int, receipts: bool = True) -> list[Record]:
    """The records of one case that was opened and seen ``entries - 1`` times."""
    id, key = id_of(number), Key(Case.kind, id_of(number))
    commands = [said(Open, f"open-{number}", id, look_at=wake_of(number))]
    commands += [said(See, f"see-{seq}-{number}", id) for seq in range(2, entries + 1)]
    found: dict[Key, Aggregate] = {}
    written: list[Record] = []
    given: list[Record] = []
    for command in commands:
        change: Change = decide(TABLE, command, found, policy=RULES)
        found = {key: change.becomes[0]}
        written.append(entry_record(CODEC, change.entries[0]))
        given.append(receipt_record(CODEC, change))
    return [aggregate_record(CODEC, found[key], wake_of(number)), *written, *(given if receipts else ())]


def wake_of(number: int) -> datetime:
    """One case wakes every minute, in an order that is not that of the ids."""
    return START + timedelta(days=365, minutes=number * 7_919 % 1_000_003)


def measure_history(place: Place, *, rounds: int, times: int, short: int, long: int) -> dict[str, Any]:
    """How much longer a command takes on a case with a long history than on one with a short one."""
    with place.storage() as storage:
        storage.restore(
            [*case_records(0, entries=short, receipts=False), *case_records(1, entries=long, receipts=False)]
        )
        desk = desk_over(storage)
        steps = count(0)

        def on(number: int) -> Run:
            def run(times: int) -> None:
                for _ in range(times):
                    desk.do(said(See, f"step-{next(steps)}", id_of(number)))

            return run

        of_short, of_long = on(0), on(1)
        # The short one grows by rounds * times, too: few enough.
        ratios = [seconds(of_long, times) / seconds(of_short, times) for _ in range(rounds)]
    ratio = round(statistics.median(ratios), 2)
    return {"measurement": "history", "storage": place.name, "entries": [short, long], "ratio": ratio}


@contextmanager
def places(only: str | None) -> Iterator[list[Place]]:
    """Both, or the one of that name; what was started and written is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="servflow-bench-")))
        found: list[Place] = []
        if only != Postgres.name:
            found.append(Sqlite(folder))
        if only != Sqlite.name:
            found.append(Postgres(stack.enter_context(served()).database))
        yield found


# --- all of it ------------------------------------------------------------------------------------


def shown(result: dict[str, Any]) -> None:
    """A result for a person."""
    if result["measurement"] == "do":
        print(f"do, {result['storage']}: {result['microseconds']} us; its rate as a share of that of")
        for peer, share in result["shares"].items():
            goal = "" if share >= result["goal"] else f"   not {result['goal']}"
            print(f"  {'a bare transaction, ' + peer:<40}{share:>6}{goal}")
    else:
        short, long = result["entries"]
        print(f"do, {result['storage']}: {result['ratio']} times as long at {long:,} entries as at {short:,}")


def main() -> int:
    """Measure, print, and write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--times", type=int, default=200, help="transactions a round")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--json", metavar="FILE", help="write the result there, too")
    options = parser.parse_args()
    results = []
    with places(options.only) as found:
        for place in found:
            results.append(measure_do(place, rounds=options.rounds, times=options.times))
            shown(results[-1])
            results.append(measure_history(place, rounds=options.rounds, times=20, short=10, long=10_000))
            shown(results[-1])
    if options.json:
        Path(options.json).write_text(json.dumps({"results": results}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
