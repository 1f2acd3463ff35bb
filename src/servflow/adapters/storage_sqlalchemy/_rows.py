"""Records as rows and back: one table each.

What somebody else has written into a column comes as it stands; whoever needs more of it than that
says ``DamagedRecord``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import attrs
from sqlalchemy import BigInteger, Date
from sqlalchemy.dialects.postgresql import TIMESTAMP

from servflow.adapters.storage_sqlalchemy._tables import METADATA
from servflow.codec import canonical, read
from servflow.core.changes import Key
from servflow.core.errors import InvalidValue
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
    Status,
)

__all__ = ["AGGREGATES", "ENTRIES", "MESSAGES", "POSTINGS", "RECEIPTS", "TABLES", "TableOf", "as_utc"]

R = TypeVar("R", bound=Record)
Row = tuple[Any, ...]

_KINDS: Final = {TIMESTAMP: "timestamptz", BigInteger: "bigint", Date: "date"}
_STATUSES: Final = frozenset(status.value for status in Status)


def as_utc(at: Any) -> Any:
    """An instant as it was read: what time it is in UTC, without an offset (see ``TableOf.selected``)."""
    return at.replace(tzinfo=UTC) if isinstance(at, datetime) else at


@attrs.frozen
class TableOf(Generic[R]):
    """One kind of records and its table; ``key`` are the columns of its key, ``order`` how it is read."""

    name: str
    key: tuple[str, ...]
    order: tuple[str, ...]
    row: Callable[[R], Row]
    record: Callable[[Row], R]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All of them that a record fills."""
        return tuple(each.name for each in METADATA.tables[self.name].columns if each.name != "n")

    @cached_property
    def selected(self) -> str:
        """What to select; instants in UTC, whatever the time zone of the connection is."""
        columns = METADATA.tables[self.name].columns
        return ", ".join(
            f"{name} AT TIME ZONE 'UTC'" if isinstance(columns[name].type, TIMESTAMP) else name
            for name in self.columns
        )

    @cached_property
    def insert(self) -> str:
        """How an insert begins, before the values; with ``marks`` for each row of them."""
        return f"INSERT INTO {self.name} ({', '.join(self.columns)})"

    @cached_property
    def insert_counted(self) -> str:
        """The same for rows that begin with the number ``n`` that they had before."""
        return f"INSERT INTO {self.name} (n, {', '.join(self.columns)}) OVERRIDING SYSTEM VALUE"

    @cached_property
    def marks(self) -> str:
        """For the values of one row."""
        return f"({', '.join(['%s'] * len(self.columns))})"

    @cached_property
    def insert_many(self) -> str:
        """For a list of values for each column; what is taken is left out, the others' keys come back."""
        columns = METADATA.tables[self.name].columns
        kinds = (_KINDS.get(type(columns[name].type), "text") for name in self.columns)
        lists = ", ".join(f"%s::{kind}[]" for kind in kinds)
        return (
            f"{self.insert} SELECT * FROM unnest({lists})"  # noqa: S608
            f" ON CONFLICT ({', '.join(self.key)}) DO NOTHING RETURNING {', '.join(self.key)}"
        )

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The columns in which a text can stand."""
        columns = METADATA.tables[self.name].columns
        return tuple(name for name in self.columns if type(columns[name].type) not in _KINDS)


def _aggregate(row: Row) -> AggregateRecord:
    kind, id, version, state, wake, document = row
    return AggregateRecord(Key(kind, id), version, state, as_utc(wake), document)


def _entry(row: Row) -> EntryRecord:
    kind, id, seq, command_id, document = row
    return EntryRecord(Key(kind, id), seq, command_id, document)


def _receipt(row: Row) -> ReceiptRecord:
    command_id, fingerprint, document = row
    return ReceiptRecord(command_id, fingerprint, _versions(document))


def _versions(document: str) -> Any:
    try:
        found = read(document)
    except InvalidValue:
        return document
    if not isinstance(found, list) or any(
        not isinstance(it, list) or [type(part) for part in it] != [str, str, int] for it in found
    ):
        return document
    return tuple((Key(kind, id), version) for kind, id, version in found)


def _receipt_row(record: ReceiptRecord) -> Row:
    versions: Any = record.versions
    if isinstance(versions, tuple):
        versions = canonical([[*key, version] for key, version in versions])
    return record.command_id, record.fingerprint, versions


def _status(value: Any) -> Any:
    return Status(value) if value in _STATUSES else value


def _status_text(status: Any) -> Any:
    return status.value if isinstance(status, Status) else status


def _message(row: Row) -> MessageRecord:
    (
        key,
        kind,
        about_kind,
        about_id,
        party,
        not_before,
        document,
        changed_at,
        status,
        claimed_until,
        overtaken,
        attempts,
        note,
    ) = row
    return MessageRecord(
        key,
        kind,
        Key(about_kind, about_id),
        party,
        as_utc(not_before),
        document,
        as_utc(changed_at),
        _status(status),
        as_utc(claimed_until),
        _status(overtaken),
        attempts,
        note,
    )


def _message_row(record: MessageRecord) -> Row:
    (
        key,
        kind,
        about,
        to,
        not_before,
        document,
        changed_at,
        status,
        claimed_until,
        overtaken,
        attempts,
        note,
    ) = record
    return (
        key,
        kind,
        *about,
        to,
        not_before,
        document,
        changed_at,
        _status_text(status),
        claimed_until,
        _status_text(overtaken),
        attempts,
        note,
    )


AGGREGATES: Final = TableOf[AggregateRecord](
    "servflow_aggregate",
    ("kind", "id"),
    ("kind", "id"),
    lambda it: (*it.key, *it[1:]),
    _aggregate,
)
ENTRIES: Final = TableOf[EntryRecord](
    "servflow_journal",
    ("kind", "id", "seq"),
    ("kind", "id", "seq"),
    lambda it: (*it.key, *it[1:]),
    _entry,
)
RECEIPTS: Final = TableOf[ReceiptRecord](
    "servflow_receipt",
    ("command_id",),
    ("command_id",),
    _receipt_row,
    _receipt,
)
POSTINGS: Final = TableOf[PostingRecord]("servflow_posting", ("key",), ("n",), tuple, PostingRecord._make)
MESSAGES: Final = TableOf[MessageRecord]("servflow_outbox", ("key",), ("n",), _message_row, _message)

TABLES: Final[dict[type[Record], TableOf[Any]]] = {
    AggregateRecord: AGGREGATES,
    EntryRecord: ENTRIES,
    ReceiptRecord: RECEIPTS,
    PostingRecord: POSTINGS,
    MessageRecord: MESSAGES,
}
