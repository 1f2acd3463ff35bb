"""What a charge must come to when the span it is charged for is cut in two, as far as its form says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from typing import Final

from servflow.core.fees import (
    AsOf,
    Cap,
    Choose,
    Compound,
    Counting,
    DayCount,
    Days,
    Expression,
    Floor,
    Gap,
    Less,
    MaxOf,
    MinOf,
    Minutes,
    OpenDays,
    OpenMinutes,
    Operation,
    OverBalance,
    Percent,
    PerUnit,
    Rounded,
    Rule,
    Scale,
    Segmented,
    Special,
    Sum,
    Tiered,
    Tiering,
    Under,
    When,
    Zero,
)
from servflow.core.fees.measures import Converted, Pair, Periods, RoundedQuantity
from servflow.core.money import Rounding
from servflow.testing._trees import bare, nodes, spans_in


class Splitting(Enum):
    """What becomes of a charge whose span is cut in two."""

    ADDS = "the same"
    NO_LESS = "no less"  # begun periods, caps: each part may pay for what it began
    NO_MORE = "no more"  # completed periods, grace: each part may fall short

    def holds(self, whole: Fraction, apart: Fraction) -> bool:
        """Whether the parts together may come to ``apart``."""
        match self:
            case Splitting.ADDS:
                return apart == whole
            case Splitting.NO_LESS:
                return apart >= whole
            case _:
                return apart <= whole


_Sides = frozenset[Splitting]
_BOTH: Final[_Sides] = frozenset({Splitting.NO_LESS, Splitting.NO_MORE})
_LESS: Final[_Sides] = frozenset({Splitting.NO_LESS})
_MORE: Final[_Sides] = frozenset({Splitting.NO_MORE})
_NEITHER: Final[_Sides] = frozenset()


def splitting(rule: Rule) -> tuple[str, str, Splitting] | None:
    """The span that ``rule`` is charged for, as two facts, and what it must come to when that is cut.

    What is around it, a rounding or a clause, is not looked at. None where nothing is known: months from
    a 31st, a ladder, a volume tariff, somebody else's form.
    """
    charged = bare(rule)
    for span in spans_in(charged):
        sides = _sides(charged, span)
        if sides:
            return (*span, Splitting.ADDS if sides == _BOTH else next(iter(sides)))
    return None


def _common(parts: Iterable[Expression], span: tuple[str, str]) -> _Sides:
    found = _BOTH
    for part in parts:
        found &= _sides(part, span)
    return found


def _reads(expression: Expression, span: tuple[str, str]) -> bool:
    return bool({name for node in nodes(expression) for name, _, _ in node._reads()} & set(span))  # noqa: SLF001


def _sides(it: Expression, span: tuple[str, str]) -> _Sides:  # noqa: C901, PLR0912 -- one case a form
    """On which sides of the whole the parts may lie; on both of them only if they are equal."""
    if isinstance(it, (Zero, Gap)):
        return _BOTH
    if not _reads(it, span):
        return _LESS  # what is the same for each part is charged twice
    match it:
        case Days() | OpenDays() | Minutes() | OpenMinutes() if (it.after, it.through) == span:
            return _BOTH
        case DayCount() if (it.after, it.through) == span and it.convention.adds_up:
            return _BOTH
        case Pair(operation=operation, one=one, other=other):
            return _sides_of_pair(operation, one, other, span)
        case Periods(measure=measure, counting=counting):
            return _sides(measure, span) & (_LESS if counting is Counting.START else _MORE)
        case RoundedQuantity(measure=part, mode=mode) | Rounded(rule=part, mode=mode):
            sides = {Rounding.UP: _LESS, Rounding.DOWN: _MORE}.get(mode, _NEITHER)
            return _sides(part, span) & sides
        case Converted() | PerUnit() | Percent() | Sum() | When() | Choose() | Special() | Under():
            return _common(it.parts, span)
        case AsOf(anchor=anchor) if anchor not in span:
            return _common(it.parts, span)
        case Segmented() if (it.after, it.through) == span and not set(span) & set(_named_starts(it)):
            return _common(it.parts, span)
        case OverBalance(rule=rule) if (it.after, it.through) == span:
            return _sides(rule, span)
        case Scale(rule=one, by=by):
            return _sides_of_pair(Operation.TIMES, one, by, span)
        case Cap(rule=one, limit=other):
            return _sides_of_least((one, other), span)
        case MinOf(rules=rules):
            return _sides_of_least(rules, span)
        case Floor() | MaxOf():
            return _common(it.parts, span) & _LESS
        case Less(rule=one, deduction=other):
            return _sides_of_pair(Operation.DEDUCT, one, other, span)
        case Tiered(quantity=quantity, tiering=Tiering.GRADUATED):
            return _sides_of_brackets(it, quantity, span)
        case Compound(base=base, periods=periods) if not _reads(base, span):
            return _sides(periods, span) & _MORE
        case _:
            return _NEITHER


def _named_starts(rule: Segmented) -> tuple[str, ...]:
    return tuple(start for start, _ in rule.versions if isinstance(start, str))


def _sides_of_pair(operation: Operation, one: Expression, other: Expression, span: tuple[str, str]) -> _Sides:
    fixed = not _reads(other, span)
    match operation:
        case Operation.PLUS:
            return _common((one, other), span)
        case Operation.TIMES if fixed:
            return _sides(one, span)
        case Operation.TIMES if not _reads(one, span):
            return _sides(other, span)
        case Operation.AT_MOST:
            return _sides_of_least((one, other), span)
        case Operation.DEDUCT | Operation.CLIFF if fixed:
            return _sides(one, span) & _MORE
        case _:
            return _NEITHER


def _sides_of_least(parts: Sequence[Expression], span: tuple[str, str]) -> _Sides:
    moving = [part for part in parts if _reads(part, span)]
    return (_common(parts, span) & _MORE) | (
        _sides(moving[0], span) & _LESS if len(moving) == 1 else _NEITHER
    )


def _sides_of_brackets(rule: Tiered, quantity: Expression, span: tuple[str, str]) -> _Sides:
    if rule.start is not None and _reads(rule.start, span):
        return _NEITHER
    rises = [one.slope <= other.slope for one, other in pairwise(rule.brackets)]
    falls = [one.slope >= other.slope for one, other in pairwise(rule.brackets)]
    sides = (_MORE if all(rises) else _NEITHER) | (_LESS if all(falls) else _NEITHER)
    return _sides(quantity, span) & sides
