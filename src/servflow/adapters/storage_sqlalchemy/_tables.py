"""The tables, as SQLAlchemy knows them; whose they are, and how they come to the present layout.

Texts are compared by code point (``COLLATE "C"``). Documents are texts, not ``jsonb``: what is
stored comes back byte for byte. ``n`` orders postings and messages.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Date, Identity, Index, MetaData, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from servflow.adapters.storage_sqlalchemy._sending import Send, Statement
from servflow.core.errors import UnusableStorage

__all__ = ["LAYOUT", "METADATA", "STEPS", "prepare", "stands"]

STEPS: Final[tuple[tuple[str, ...], ...]] = ()
"""What makes the next layout of one: the first item of layout 1, and so on."""

LAYOUT: Final = 1 + len(STEPS)
"""The number of the table layout; the documents in the tables carry the number of their own format."""

METADATA: Final = MetaData()
"""The tables, for a host whose migrations look at all that is in its database."""


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text(collation="C"), nullable=False, primary_key=key)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=False, primary_key=key, autoincrement=False)


def _instant(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, postgresql.TIMESTAMP(timezone=True), nullable=nullable)


def _counted() -> Column[int]:
    return Column("n", BigInteger, Identity(always=True), primary_key=True)


Table("servflow_layout", METADATA, _number("number", key=True))
_aggregate = Table(
    "servflow_aggregate",
    METADATA,
    _text("kind", key=True),
    _text("id", key=True),
    _number("version"),
    _text("state"),
    _instant("wake"),
    _text("document"),
)
Index("servflow_aggregate_state", _aggregate.c.kind, _aggregate.c.state, _aggregate.c.id)
Index(
    "servflow_aggregate_wake",
    _aggregate.c.wake,
    _aggregate.c.kind,
    _aggregate.c.id,
    postgresql_where=_aggregate.c.wake.is_not(None),
)
Table(
    "servflow_journal",
    METADATA,
    _text("kind", key=True),
    _text("id", key=True),
    _number("seq", key=True),
    _text("command_id"),
    _text("document"),
)
Table("servflow_receipt", METADATA, _text("command_id", key=True), _text("fingerprint"), _text("document"))
_posting = Table(
    "servflow_posting",
    METADATA,
    _counted(),
    _text("key"),
    _text("subject"),
    _text("debit"),
    _text("credit"),
    _number("minor"),
    _text("currency"),
    Column("value_date", Date, nullable=False),
    _text("document"),
)
Index("servflow_posting_key", _posting.c.key, unique=True)
Index("servflow_posting_subject", _posting.c.subject, _posting.c.n)
Index("servflow_posting_debit", _posting.c.debit, _posting.c.n)
Index("servflow_posting_credit", _posting.c.credit, _posting.c.n)
_outbox = Table(
    "servflow_outbox",
    METADATA,
    _counted(),
    _text("key"),
    _text("kind"),
    _text("about_kind"),
    _text("about_id"),
    _text("party"),
    _instant("not_before"),
    _text("document"),
    _instant("changed_at", nullable=False),
    _text("status"),
    _instant("claimed_until"),
    Column("overtaken", Text(collation="C")),
    _number("attempts"),
    _text("note"),
)
Index("servflow_outbox_key", _outbox.c.key, unique=True)
Index("servflow_outbox_about", _outbox.c.about_kind, _outbox.c.about_id, _outbox.c.n)
Index("servflow_outbox_status", _outbox.c.status, _outbox.c.n)
# A message that is overtaken while somebody is sending it stays pending; `overtaken` is what becomes
# of it if that try fails or is never settled.
Index("servflow_outbox_overtaken", _outbox.c.n, postgresql_where=_outbox.c.overtaken.is_not(None))

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]

# Where our tables are, or are to be: all are looked for beside each other.
_SCHEMA: Final = """
    coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass('servflow_layout')),
             (SELECT oid FROM pg_namespace WHERE nspname = current_schema()))
"""
_COLUMNS: Final = f"""
    SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
           || CASE WHEN l.collname = 'C' THEN ' collate C' ELSE '' END
           || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE c.relnamespace = {_SCHEMA} AND c.relname = ANY(%s)
"""  # noqa: S608 -- no value of anybody's
_INDEXES: Final = f"""
    SELECT 'index ' || x.relname || CASE WHEN i.indisunique THEN ' unique' ELSE '' END
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indisvalid AND c.relnamespace = {_SCHEMA} AND c.relname = ANY(%s)
"""  # noqa: S608
# Statements name them without a schema: each is to be found where the others are.
_ELSEWHERE: Final = f"""
    SELECT name || ' in the schema ' || nspname FROM unnest(%s::text[]) AS name
    JOIN pg_class c ON c.oid = to_regclass(name) JOIN pg_namespace s ON s.oid = c.relnamespace
    WHERE relnamespace <> {_SCHEMA} ORDER BY name
"""  # noqa: S608
_WHERE: Final = f"SELECT nspname, current_setting('server_encoding') FROM pg_namespace WHERE oid = {_SCHEMA}"  # noqa: S608


def _expected() -> frozenset[str]:
    """Every column and index of the present layout, as the questions above name them."""
    parts: list[str] = []
    for table in METADATA.tables.values():
        for column in table.columns:
            kind = column.type.compile(_DIALECT).lower().removesuffix(' collate "c"')
            collated = " collate C" if isinstance(column.type, Text) else ""
            parts.append(
                f"{table.name}.{column.name} {kind}{collated}{'' if column.nullable else ' not null'}"
            )
        parts.append(f"index {table.name}_pkey unique")
        parts += [f"index {index.name}{' unique' if index.unique else ''}" for index in table.indexes]
    return frozenset(parts)


_EXPECTED: Final = _expected()


def _making() -> list[Statement]:
    made = [str(CreateTable(table).compile(dialect=_DIALECT)) for table in METADATA.sorted_tables]
    indexes = sorted(
        (each for table in METADATA.sorted_tables for each in table.indexes), key=lambda it: str(it.name)
    )
    made += [str(CreateIndex(index).compile(dialect=_DIALECT)) for index in indexes]
    return [(statement, None) for statement in made]


def stands(send: Send, place: str) -> bool:
    """Whether the tables of the present layout are there; not, if there are none, or those of an earlier one.

    Raises:
        UnusableStorage: the tables of these names are another program's, of a newer layout, or not
            complete.
    """
    if _layout(send, place) != LAYOUT:
        return False
    _check_complete(send, place)
    return True


def prepare(send: Send, place: str) -> None:
    """Make or alter the tables, within a transaction that no writer is beside.

    Raises:
        UnusableStorage: as ``stands``.
    """
    layout = _layout(send, place)
    if layout is None:
        send(*_making(), ("INSERT INTO servflow_layout VALUES (%s)", (LAYOUT,)))
    else:
        steps = [(step, None) for steps in STEPS[layout - 1 :] for step in steps]
        send(*steps, ("UPDATE servflow_layout SET number = %s", (LAYOUT,)))
    _check_complete(send, place)


def _layout(send: Send, place: str) -> int | None:
    """The number of the layout that is there; None where there is nothing of ours."""
    names = sorted(METADATA.tables)
    where, columns = send((_WHERE, None), (_COLUMNS, (names,)))
    found = where.fetchall()
    if not found:
        raise UnusableStorage(place, "no schema on the search path", "one in which the tables can be")
    if found[0][1] != "UTF8":
        raise UnusableStorage(place, f"a database in {found[0][1]}", "one in UTF8")
    there = {row[0] for row in columns.fetchall()}
    if not there:
        return None
    if "servflow_layout.number bigint not null" not in there:
        tables = sorted({part.partition(".")[0] for part in there})
        raise UnusableStorage(
            place,
            f"{', '.join(tables)} in the schema {found[0][0]}, without a layout number",
            "the tables of servflow, or none of these names",
        )
    (elsewhere,) = send((_ELSEWHERE, (names,)))
    if others := [row[0] for row in elsewhere.fetchall()]:
        expected = f"those of the schema {found[0][0]} first on the search path"
        raise UnusableStorage(place, ", ".join(others), expected)
    schema = found[0][0].replace('"', '""')
    (numbers,) = send((f'SELECT number FROM "{schema}".servflow_layout', None))  # noqa: S608 -- quoted
    rows = numbers.fetchall()
    if len(rows) != 1 or not 1 <= rows[0][0] <= LAYOUT:
        layouts = ", ".join(str(row[0]) for row in rows) or "without a number"
        raise UnusableStorage(place, f"layout {layouts}", f"layout {LAYOUT}, or an earlier one from 1 on")
    return int(rows[0][0])


def _check_complete(send: Send, place: str) -> None:
    names = sorted(METADATA.tables)
    there = {row[0] for found in send((_COLUMNS, (names,)), (_INDEXES, (names,))) for row in found.fetchall()}
    missing = sorted(_EXPECTED - there)
    if missing:
        raise UnusableStorage(place, f"no {', no '.join(missing)}", f"all of layout {LAYOUT}")
