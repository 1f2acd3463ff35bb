"""What may stand in each column of each kind of record, whatever its document says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from servflow.codec import in_utc
from servflow.core.errors import InvalidValue
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Status,
)

__all__ = ["COLUMNS", "NEEDED", "is_count", "is_text"]


def is_text(value: object) -> bool:
    """Whether it is a text that can be stored."""
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, datetime) and bool(in_utc("", value))
    except InvalidValue:
        return False


def _is_versions(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(part, tuple) and len(part) == 2 and _is_key(part[0]) and is_count(part[1])  # noqa: PLR2004
        for part in value
    )


def _is_key(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(is_text, value))  # noqa: PLR2004


def is_count(value: object) -> bool:
    """Whether it is a whole number from 1 on."""
    return type(value) is int and 1 <= value < _MANY


_MANY: Final = 2**63  # what no database counts
_Fits = tuple[Callable[[object], bool], str]
_TEXT: Final[_Fits] = (is_text, "text in Unicode")
_KEY: Final[_Fits] = (_is_key, "a kind and an id")
_COUNT: Final[_Fits] = (is_count, "a whole number from 1 on")
_NUMBER: Final[_Fits] = (
    lambda value: type(value) is int and 0 <= value < 2**63,
    "a whole number, 0 or more, of at most 8 bytes",
)
_INSTANT: Final[_Fits] = (_is_instant, "an instant")
_MAYBE: Final[_Fits] = (lambda value: value is None or _is_instant(value), "an instant, or nothing")
_DAY: Final[_Fits] = (lambda value: type(value) is date, "a date")
_STATUS: Final[_Fits] = (
    lambda value: isinstance(value, Status),
    "one of " + ", ".join(status.value for status in Status),
)
_OVERTAKEN: Final[_Fits] = (
    lambda value: value in (None, Status.SUPERSEDED, Status.WITHDRAWN),
    "superseded or withdrawn, or nothing",
)

COLUMNS: Final[Mapping[type, Mapping[str, _Fits]]] = MappingProxyType(
    {
        AggregateRecord: {
            "key": _KEY,
            "version": _COUNT,
            "state": _TEXT,
            "wake": _MAYBE,
            "document": _TEXT,
        },
        EntryRecord: {"key": _KEY, "seq": _COUNT, "command_id": _TEXT, "document": _TEXT},
        ReceiptRecord: {
            "command_id": _TEXT,
            "fingerprint": _TEXT,
            "versions": (_is_versions, "kinds, ids and versions"),
        },
        PostingRecord: {
            "key": _TEXT,
            "subject": _TEXT,
            "debit": _TEXT,
            "credit": _TEXT,
            "minor": _COUNT,
            "currency": _TEXT,
            "value_date": _DAY,
            "document": _TEXT,
        },
        MessageRecord: {
            "key": _TEXT,
            "kind": _TEXT,
            "about": _KEY,
            "to": _TEXT,
            "not_before": _MAYBE,
            "document": _TEXT,
            "changed_at": _INSTANT,
            "status": _STATUS,
            "claimed_until": _MAYBE,
            "overtaken": _OVERTAKEN,
            "attempts": _NUMBER,
            "note": _TEXT,
        },
    }
)
NEEDED: Final = frozenset({"key", "seq", "command_id", "versions"})
"""Columns without which nothing more can be said about a record."""
