"""The tables, whose database it is, and how one of an earlier layout becomes one of this."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

from servflow.core.errors import UnusableStorage

__all__ = [
    "APPLICATION_ID",
    "GREATEST",
    "LAYOUT",
    "TABLES",
    "check_layout",
    "check_tables",
    "look_at_header",
    "look_inside",
    "upgrade",
]

APPLICATION_ID: Final = 0x53464C57
"""``SFLW``: marks a SQLite file as one of servflow."""

LAYOUT: Final = 2
"""The number of the table layout; the documents in the tables carry the number of their own format."""

GREATEST: Final = 2**63 - 1
"""The greatest number that a column holds."""

TABLES: Final = (
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
        WITHOUT ROWID
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
    "CREATE INDEX servflow_outbox_status ON servflow_outbox (status, n)",
)
# A message that is overtaken while somebody is sending it stays pending; `overtaken` is what becomes
# of it if that try fails or is never settled.

_UPGRADES: Final[Mapping[int, tuple[str, ...]]] = {
    # One tree instead of two for receipts; what failed is found as quickly as what is pending.
    1: (
        # Nothing is renamed: that would change a host's views, or stumble over one.
        "CREATE TEMP TABLE servflow_receipt_1 AS SELECT * FROM servflow_receipt ORDER BY command_id",
        "DROP TABLE servflow_receipt",
        """
        CREATE TABLE main.servflow_receipt (
            command_id TEXT NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL, document TEXT NOT NULL)
            WITHOUT ROWID
        """,
        "INSERT INTO servflow_receipt SELECT * FROM temp.servflow_receipt_1",
        "DROP TABLE temp.servflow_receipt_1",
        "DROP INDEX servflow_outbox_pending",
        "CREATE INDEX servflow_outbox_status ON servflow_outbox (status, n)",
    ),
}
"""By layout, what makes the next one of it. What stands here never changes, whatever the tables become."""

_HEADER: Final = 100  # bytes, see https://www.sqlite.org/fileformat.html, 1.3


# --- what the tables are like ---------------------------------------------------------------------

_Shape = Mapping[str, tuple[str, ...]]  # the columns of each table and index of ours


def _shape(cursor: sqlite3.Cursor) -> _Shape:
    found = cursor.execute(
        "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
        " WHERE m.type = 'table' AND m.name LIKE 'servflow\\_%' ESCAPE '\\'"
        " UNION ALL SELECT m.name, c.name FROM sqlite_master AS m, pragma_index_info(m.name) AS c"
        " WHERE m.type = 'index' AND m.name LIKE 'servflow\\_%' ESCAPE '\\'"
    ).fetchall()
    shape: dict[str, tuple[str, ...]] = {}
    for name, column in found:
        shape[name] = (*shape.get(name, ()), column)
    return shape


@cache
def _wanted() -> _Shape:
    with closing(sqlite3.connect(":memory:")) as empty:
        for statement in TABLES:
            empty.execute(statement)
        return _shape(empty.cursor())


def check_tables(cursor: sqlite3.Cursor, place: str) -> None:
    """That all tables and indexes of this layout are there, whole.

    Raises:
        UnusableStorage: one is not; it says which.
    """
    found = _shape(cursor)
    for name, columns in _wanted().items():
        if found.get(name) != columns:
            there = "no " + name if name not in found else f"{name} ({', '.join(found[name])})"
            raise UnusableStorage(place, there, f"layout {LAYOUT} whole: {name} ({', '.join(columns)})")


def upgrade(cursor: sqlite3.Cursor, layout: int, place: str) -> None:
    """Make this layout of an earlier one, in the transaction that is open: all of it or nothing.

    Raises:
        UnusableStorage: the earlier one is not whole.
    """
    for number in range(layout, LAYOUT):
        for statement in _UPGRADES[number]:
            try:
                cursor.execute(statement)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # something of the world outside
                    raise
                raise UnusableStorage(place, str(error), f"layout {number} whole") from error


# --- whose database it is -------------------------------------------------------------------------


def check_layout(place: str, found: int) -> None:
    """That the layout is this one or can become it.

    Raises:
        UnusableStorage: it cannot.
    """
    if not 1 <= found <= LAYOUT:
        raise UnusableStorage(place, f"layout {found}", f"layout {LAYOUT}, or an earlier one from 1 on")


def _check_owner(place: str, application_id: int, layout: int, tables: int) -> bool:
    """Whether the database is ours; False for one with nothing in it, which may become ours."""
    if application_id == APPLICATION_ID:
        check_layout(place, layout)
        return True
    if application_id or tables:
        found = f"a database of another program (application id {application_id:#x})"
        raise UnusableStorage(place, found, "one of servflow, an empty file, or none")
    return False


def look_at_header(path: Path) -> int | None:
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


def look_inside(cursor: sqlite3.Cursor, place: str) -> int:
    """The layout of the database behind ``cursor``; 0 if there is nothing in it.

    To be asked within a transaction: between two answers another program could make it its own.
    """
    ((application_id,),) = cursor.execute("PRAGMA application_id").fetchall()
    ((layout,),) = cursor.execute("PRAGMA user_version").fetchall()
    ((tables,),) = cursor.execute("SELECT count(*) FROM sqlite_master").fetchall()
    return layout if _check_owner(place, application_id, layout, tables) else 0
