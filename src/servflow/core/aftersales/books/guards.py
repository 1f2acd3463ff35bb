"""Named conditions of books of numbers: each yields a reason for everything it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from servflow.core.aftersales.books.commands import TakeNumbers, VoidNumber
from servflow.core.aftersales.books.model import Book, BookRole, book_key
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.lifecycle import Situation

__all__ = [
    "BY_HAND",
    "Taking",
    "Voiding",
    "by_hand",
    "in_order",
    "of_this_firm",
    "used",
    "void_once",
]

BY_HAND: Final = (Series.DAILY_REPORT, Series.SUPERVISOR_REPORT)
"""What no case issues (表006, 表007): a supervisor takes its numbers and voids them himself."""

_IN_ORDER: Final = Clause("AS-FORM-1", "维修单使用规定 5")
_SPOILED: Final = Clause("AS-FORM-1", "维修单使用规定 6")

Taking = Situation[Book | None, TakeNumbers, ServicePolicy, Any]
Voiding = Situation[Book, VoidNumber, ServicePolicy, Any]


def of_this_firm(s: Taking) -> Iterator[Reason]:
    """It is the firm's own book of the series, and one of the firm's speaks."""
    said = s.command
    if said.firm != s.policy.firm or said.by.serves != said.firm:
        yield Reason("aftersales.another-firm", None, (("firm", said.firm), ("ours", s.policy.firm)))
    elif said.case != book_key(said.firm, said.series).id:
        facts = (("book", said.case), ("series", said.series.value))
        yield Reason("aftersales.another-book", PRACTICE, facts)


def in_order(s: Taking) -> Iterator[Reason]:
    """The first number is the next one, 1 in a new book: none is skipped or used twice (AS-FORM-1)."""
    expected = 1 if s.it is None else s.it.next
    said = s.command
    if said.first != expected:
        facts = (("series", said.series.value), ("number", said.first), ("next", expected))
        code = "aftersales.number-skipped" if said.first > expected else "aftersales.number-used"
        yield Reason(code, _IN_ORDER, facts)


def by_hand(s: Situation[Book | None, Any, ServicePolicy, Any]) -> Iterator[Reason]:
    """A supervisor takes and voids only what no case issues: a case's own papers are void there."""
    series = s.command.series if s.it is None else s.it.series
    if s.role is BookRole.SUPERVISOR and series not in BY_HAND:
        yield Reason("aftersales.paper-of-a-case", PRACTICE, (("series", series.value),))


def used(s: Voiding) -> Iterator[Reason]:
    """The number was used: what was never issued cannot be spoiled (AS-FORM-1)."""
    number = s.command.number
    if not 1 <= number < s.it.next:
        facts = (("series", s.it.series.value), ("number", number), ("next", s.it.next))
        yield Reason("aftersales.number-not-used", _SPOILED, facts)


def void_once(s: Voiding) -> Iterator[Reason]:
    """It is not void yet (AS-FORM-1)."""
    number = s.command.number
    if str(number) in s.it.voided:
        facts = (("series", s.it.series.value), ("number", number))
        yield Reason("aftersales.paper-void", _SPOILED, facts)
