"""A book of numbers: the next one, and those that are void.

Nothing is ever used twice or skipped (AS-FORM-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from servflow.core.aftersales.desk_rules import Series
from servflow.core.changes import Aggregate, Key

__all__ = ["Book", "BookRole", "BookState", "book_key"]


class BookState(Enum):
    """Where a book of numbers stands: it goes on for ever."""

    KEPT = "kept"


class BookRole(Enum):
    """In which role somebody speaks to a book."""

    SYSTEM = "system"  # the desk's own programs: a paper is issued with what it is about
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book(Aggregate):
    """The numbers of one series of one firm (编号簿): ``next`` is the first that was not used yet.

    ``voided`` are the numbers that are void, each with why; they stay used.
    """

    kind: ClassVar[str] = "aftersales.book"

    state: BookState
    firm: str
    series: Series
    next: int = 1
    voided: Mapping[str, str] = field(default_factory=dict)


def book_key(firm: str, series: Series) -> Key:
    """The key of the book in which the firm numbers a series."""
    return Key(Book.kind, f"{firm}/{series.value}")
