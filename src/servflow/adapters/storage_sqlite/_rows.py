"""Records as rows of the tables, and back. Instants are texts of one width, which sort as instants do.

What somebody else has written into a column comes as it stands; whoever needs more of it than that
says ``DamagedRecord``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any, Final, TypeVar

from servflow.adapters.storage_sqlite._layout import GREATEST
from servflow.codec import canonical, in_utc, read
from servflow.codec.records import Overtaking, named
from servflow.core.changes import Key
from servflow.core.errors import AlreadyExists, InvalidValue
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
    Status,
)

__all__ = [
    "AGGREGATE",
    "ALL",
    "ENTRY",
    "MESSAGE",
    "POSTING",
    "RECEIPT",
    "add",
    "aggregate_row",
    "as_text",
    "entry_row",
    "message_row",
    "overtake",
    "posting_row",
    "put",
    "receipt_row",
    "replace",
]

T = TypeVar("T")

_PAGE: Final = 500  # rows in memory at a time

AGGREGATE: Final = "kind, id, version, state, wake, document"
ENTRY: Final = "kind, id, seq, command_id, document"
RECEIPT: Final = "command_id, fingerprint, document"
POSTING: Final = "key, subject, debit, credit, minor, currency, value_date, document"
MESSAGE: Final = (
    "key, kind, about_kind, about_id, party, not_before, document, changed_at, status, claimed_until,"
    " overtaken, attempts, note"
)


def as_text(at: datetime) -> str:
    """An instant as it stands in a column."""
    return in_utc("at", at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _as_text(at: datetime | None) -> str | None:
    return None if at is None else as_text(at)


# --- from rows ------------------------------------------------------------------------------------


def _as(kind: Callable[[Any], T], value: Any) -> T:
    """The value that is written so; what cannot be read stays as it is."""
    try:
        return kind(value)
    except (TypeError, ValueError):
        return value  # type: ignore[no-any-return]


def _instant(text: Any) -> datetime | None:
    return None if text is None else _as(datetime.fromisoformat, text)


def aggregate_row(kind: str, id: str, version: int, state: str, wake: Any, document: str) -> AggregateRecord:
    """The record that stands in the columns ``AGGREGATE``."""
    return AggregateRecord(Key(kind, id), version, state, _instant(wake), document)


def entry_row(kind: str, id: str, seq: int, command_id: str, document: str) -> EntryRecord:
    """The record that stands in the columns ``ENTRY``."""
    return EntryRecord(Key(kind, id), seq, command_id, document)


def receipt_row(command_id: str, fingerprint: str, document: Any) -> ReceiptRecord:
    """The record that stands in the columns ``RECEIPT``."""
    return ReceiptRecord(command_id, fingerprint, _as(_versions, document))


def _versions(document: Any) -> tuple[tuple[Key, int], ...]:
    try:
        return tuple((Key(kind, id), version) for kind, id, version in read(document))
    except (InvalidValue, AttributeError) as error:
        raise ValueError(document) from error


def posting_row(
    key: str,
    subject: str,
    debit: str,
    credit: str,
    minor: int,
    currency: str,
    value_date: Any,
    document: str,
) -> PostingRecord:
    """The record that stands in the columns ``POSTING``."""
    day = _as(date.fromisoformat, value_date)
    return PostingRecord(key, subject, debit, credit, minor, currency, day, document)


def message_row(
    key: str,
    kind: str,
    about_kind: str,
    about_id: str,
    party: str,
    not_before: Any,
    document: str,
    changed_at: Any,
    status: Any,
    claimed_until: Any,
    overtaken: Any,
    attempts: int,
    note: str,
) -> MessageRecord:
    """The record that stands in the columns ``MESSAGE``."""
    return MessageRecord(
        key,
        kind,
        Key(about_kind, about_id),
        party,
        _instant(not_before),
        document,
        _as(datetime.fromisoformat, changed_at),
        _as(Status, status),
        _instant(claimed_until),
        None if overtaken is None else _as(Status, overtaken),
        attempts,
        note,
    )


# --- to rows --------------------------------------------------------------------------------------

_MARKS: Final = {
    columns: ", ".join("?" * len(columns.split(", ")))
    for columns in (AGGREGATE, ENTRY, RECEIPT, POSTING, MESSAGE)
}


def _insert(table: str, columns: str, conflict: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({_MARKS[columns]}) ON CONFLICT {conflict}"  # noqa: S608


_PUT: Final = _insert(
    "servflow_aggregate",
    AGGREGATE,
    "(kind, id) DO UPDATE SET version = excluded.version, state = excluded.state, wake = excluded.wake,"
    " document = excluded.document",
)
_UPDATE: Final = "UPDATE servflow_aggregate SET version = ?, document = ? WHERE kind = ? AND id = ?"
_ADD: Final = {
    AggregateRecord: _insert("servflow_aggregate", AGGREGATE, "DO NOTHING"),
    EntryRecord: _insert("servflow_journal", ENTRY, "DO NOTHING"),
    ReceiptRecord: _insert("servflow_receipt", RECEIPT, "DO NOTHING"),
    PostingRecord: _insert("servflow_posting", POSTING, "DO NOTHING"),
    MessageRecord: _insert("servflow_outbox", MESSAGE, "DO NOTHING"),
}


def _row(record: Record) -> tuple[Any, ...]:
    match record:
        case AggregateRecord(key, version, state, wake, document):
            return (*key, version, state, _as_text(wake), document)
        case EntryRecord(key, seq, command_id, document):
            return (*key, seq, command_id, document)
        case ReceiptRecord(command_id, fingerprint, versions):
            return command_id, fingerprint, canonical([[*key, version] for key, version in versions])
        case PostingRecord():
            if record.minor > GREATEST:
                raise InvalidValue("amount", record.minor, f"at most {GREATEST} minor units")
            return (*record[:6], record.value_date.isoformat(), record.document)
        case MessageRecord():
            return (
                record.key,
                record.kind,
                *record.about,
                record.to,
                _as_text(record.not_before),
                record.document,
                as_text(record.changed_at),
                record.status.value,
                _as_text(record.claimed_until),
                None if record.overtaken is None else record.overtaken.value,
                record.attempts,
                record.note,
            )


def put(cursor: sqlite3.Cursor, record: Record, before: AggregateRecord | None) -> None:
    """Write a record; an aggregate's takes the place of the one ``before``, if that is known.

    Raises:
        AlreadyExists: any other one has a key that is taken.
        InvalidValue: an amount is larger than a column can hold.
    """
    if type(record) is not AggregateRecord:
        add(cursor, record)
    elif before is not None and (before.state, before.wake) == (record.state, record.wake):
        # Their indexes are left alone.
        cursor.execute(_UPDATE, (record.version, record.document, *record.key))
    else:
        cursor.execute(_PUT, _row(record))


def add(cursor: sqlite3.Cursor, record: Record) -> None:
    """Write a new record.

    Raises:
        AlreadyExists, InvalidValue: as ``put``; an aggregate's key may be taken, too.
    """
    cursor.execute(_ADD[type(record)], _row(record))
    if not cursor.rowcount:
        raise AlreadyExists(*named(record))


def overtake(cursor: sqlite3.Cursor, it: Overtaking) -> None:
    """Unsent messages are not to be sent any more; those being sent, not to be tried again."""
    for kind in it.kinds:
        cursor.execute(
            "UPDATE servflow_outbox SET note = :note,"
            " status = CASE WHEN claimed_until > :at THEN status ELSE :status END,"
            " changed_at = CASE WHEN claimed_until > :at THEN changed_at ELSE :at END,"
            " overtaken = CASE WHEN claimed_until > :at THEN :status END"
            " WHERE about_kind = :about_kind AND about_id = :about_id AND kind = :kind"
            " AND (:to IS NULL OR party = :to) AND status = 'pending' AND overtaken IS NULL",
            {
                "note": it.note,
                "at": as_text(it.at),
                "status": it.status.value,
                "about_kind": it.about.kind,
                "about_id": it.about.id,
                "kind": kind,
                "to": it.to,
            },
        )


# --- all of them ----------------------------------------------------------------------------------


def _either(
    part: int, kind: str, id: str, number: int, text: str, wake: Any, document: str
) -> AggregateRecord | EntryRecord:
    if part:
        return entry_row(kind, id, number, text, document)
    return aggregate_row(kind, id, number, text, wake, document)


_CASES: Final = (
    "SELECT 0, kind, id, version, state, wake, document, 0 AS place FROM servflow_aggregate"
    " UNION ALL SELECT 1, kind, id, seq, command_id, NULL, document, seq FROM servflow_journal"
    " ORDER BY kind, id, place"
)

ALL: Final[tuple[tuple[str, Callable[..., Record]], ...]] = (
    (_CASES, lambda *row: _either(*row[:-1])),
    (f"SELECT {RECEIPT} FROM servflow_receipt ORDER BY command_id", receipt_row),  # noqa: S608
    (f"SELECT {POSTING} FROM servflow_posting ORDER BY n", posting_row),  # noqa: S608
    (f"SELECT {MESSAGE} FROM servflow_outbox ORDER BY n", message_row),  # noqa: S608
)
"""How all records are read, in the order of ``Storage.records``."""

_TABLES: Final[tuple[tuple[str, str, str, str, Callable[..., Record]], ...]] = (
    ("servflow_aggregate", "kind id", AGGREGATE, "kind id document", aggregate_row),
    ("servflow_journal", "kind id seq", ENTRY, "kind id command_id document", entry_row),
    ("servflow_receipt", "command_id", RECEIPT, "command_id fingerprint document", receipt_row),
    ("servflow_posting", "n", POSTING, "key subject debit credit document", posting_row),
    ("servflow_outbox", "n", MESSAGE, "key kind about_kind about_id party note document", message_row),
)
"""Each table: its key, all columns, those of them that hold texts, and how its rows are read."""


def replace(cursor: sqlite3.Cursor, containing: Collection[str], new: Callable[[Record], Record]) -> int:
    """Put what ``new`` gives in the place of every record that contains one of the texts by then.

    Raises:
        AlreadyExists: it gave a key that is taken.
    """
    changed = 0
    ((deferred,),) = cursor.execute("PRAGMA defer_foreign_keys").fetchall()
    cursor.execute("PRAGMA defer_foreign_keys = ON")  # an aggregate gets its new key before its entries
    for table, key, columns, texts, row_of in _TABLES:
        names = key.split()
        where = " AND ".join(f"{name} = ?" for name in names)
        update = f"UPDATE {table} SET ({columns}) = ({_MARKS[columns]}) WHERE {where}"  # noqa: S608
        places = " OR ".join(f"instr({table}.{text}, json_each.value)" for text in texts.split())
        select = (
            f"SELECT {', '.join(names)}, {columns} FROM {table}"  # noqa: S608
            f" WHERE EXISTS (SELECT 1 FROM json_each(?) WHERE {places})"
        )
        cursor.execute(select, (json.dumps(list(containing)),))
        replaced = []  # and written only when the table was read to its end
        while rows := cursor.fetchmany(_PAGE):
            for row in rows:
                before = row_of(*row[len(names) :])
                after = new(before)
                if after != before:
                    replaced.append((after, row[: len(names)]))
        for after, place in replaced:
            try:
                cursor.execute(update, (*_row(after), *place))
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(*named(after)) from error
        changed += len(replaced)
    cursor.execute(f"PRAGMA defer_foreign_keys = {int(deferred)}")
    return changed
