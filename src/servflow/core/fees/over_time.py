"""Rules by when: versions that hold from a day on, and balances that change.

1. A version, and a balance, holds from its day on, that day included, until the day before the next.
2. Days lie in ``(after, through]``, cut where another version or balance begins; each stretch is worked
   out on its own, and they add up.
3. Within a stretch nothing is known of the others: what is to hold for all days stands around.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from typing import Final

from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees.charges import Operation, Step
from servflow.core.fees.daycounts import DayCountConvention
from servflow.core.fees.expressions import Expression, Read, facts_read
from servflow.core.fees.facts import FactKind, Facts, History, check_name, spans
from servflow.core.fees.measures import (
    Between,
    Converted,
    DayCount,
    Measure,
    Months,
    Pair,
    check_span,
)
from servflow.core.fees.rules import (
    Cap,
    Choose,
    Gap,
    Given,
    Percent,
    PerUnit,
    Ratio,
    Rule,
    Scale,
    Special,
    Sum,
    Under,
    When,
    Zero,
    greatest,
    lowest_floor,
)
from servflow.core.fees.tiers import Compound
from servflow.core.money import Money

__all__ = [
    "AsOf",
    "OverBalance",
    "Segmented",
    "Start",
    "adds_up",
    "daily_surcharge",
    "interest",
]

Start = date | str
"""From when a version of a rule holds: a day, or the name of the fact that is the day."""


def _check_stretches(rule: Rule, after: str, through: str) -> None:
    """What is counted from only one end of the span would be counted again in every stretch."""
    for each in _spans_in(rule):
        if each.kind is FactKind.DAY and len({each.after, each.through} & {after, through}) == 1:
            found = f"what lies between {each.after} and {each.through}"
            raise InvalidValue("rule", found, f"what lies between {after} and {through}, stretch by stretch")


def _spans_in(expression: Expression) -> Iterator[Between]:
    if isinstance(expression, Between):
        yield expression
    for part in expression.parts:
        yield from _spans_in(part)


def _check_versions(versions: Sequence[tuple[Start | None, Rule]], *, named: bool) -> None:
    """Days ascend, and so may names of days among them; only the first version may hold from ever."""
    starts = [start for start, _ in versions]
    names = [start for start in starts if isinstance(start, str)]
    days = [start for start in starts if type(start) is date]
    for name in names if named else ():
        check_name("versions", name)
    known = len(days) + starts[:1].count(None) + (len(names) if named else 0)
    ascending = all(one < other for one, other in pairwise(days))
    if not starts or known < len(starts) or not ascending or len(set(names)) < len(names):
        expected = "at least one version; days that ascend, and only the first without one"
        raise InvalidValue("versions", [str(start) for start in starts], expected)


@dataclass(frozen=True, slots=True)
class AsOf(Rule):
    """The version in force on one day, the fact called ``anchor``: a rule pinned at checkout.

    A version holds from its day until the day before the next; ``None`` as the first one's is
    from ever.

    Raises:
        InvalidValue: there is no version, the days do not ascend, or the anchor is no name of a fact.
        CurrencyMismatch: the versions are of different currencies.
    """

    operation = Operation.AS_OF
    anchor: str
    versions: tuple[tuple[date | None, Rule], ...]

    def __post_init__(self) -> None:
        check_name("anchor", self.anchor)
        object.__setattr__(self, "versions", tuple((start, rule) for start, rule in self.versions))
        _check_versions(self.versions, named=False)
        self._check_parts()

    @property
    def most(self) -> Fraction | None:
        """The most of any version."""
        return greatest([rule.most for _, rule in self.versions])

    @property
    def least_set(self) -> Fraction | None:
        """The lowest floor of those that may apply, if all have one."""
        return lowest_floor([rule for _, rule in self.versions])

    def _parts(self) -> tuple[Expression, ...]:
        return tuple(rule for _, rule in self.versions)

    def _reads(self) -> tuple[Read, ...]:
        return ((self.anchor, FactKind.DAY, 0),)

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """The version in force, under the clause that it stands under itself.

        Raises:
            MissingValue: a fact is missing, or the day lies before the first version.
        """
        start, rule = self._version(facts)
        part = rule.derive(facts, clause)
        anchor = (self.anchor, facts.day(self.anchor))
        inputs = (anchor,) if start is None else (anchor, ("start", start))
        return Step.taken(self.operation, self.currency, part.clause, inputs, (part,))

    def _version(self, facts: Facts) -> tuple[date | None, Rule]:
        day = facts.day(self.anchor)
        found = bisect_right(self.versions, day, key=lambda version: version[0] or date.min)
        if not found:
            raise MissingValue("rule", self.before(day))
        return self.versions[found - 1]

    def before(self, day: date) -> str:
        """Where the rule is missing, if ``day`` lies before its first version."""
        return f"on {day.isoformat()} ({self.anchor}); its first day is {self.versions[0][0]}"

    def _taken(self, facts: Facts) -> tuple[Expression, ...]:
        return (self._version(facts)[1],)


@dataclass(frozen=True, slots=True)
class Segmented(Rule):
    """Each stretch of the days in ``(after, through]`` by the version in force on them, added up.

    A version sees its own stretch as the days ``after`` and ``through``: a cap, a grace or brackets in it
    hold for each stretch anew, and what is to hold for all days stands around (see ``adds_up``).
    It holds from its day, or from the day that is the fact of that name (``recalled_on``), until the
    day before the next; ``None`` as the first one's is from ever. A version that would begin before
    the one above it takes its place from then on.

    Raises:
        InvalidValue: there is no version, days do not ascend, or a name is no name of a fact.
        CurrencyMismatch: the versions are of different currencies.
    """

    operation = Operation.SEGMENTED
    after: str
    through: str
    versions: tuple[tuple[Start | None, Rule], ...]

    def __post_init__(self) -> None:
        check_span(self.after, self.through)
        object.__setattr__(self, "versions", tuple((start, rule) for start, rule in self.versions))
        _check_versions(self.versions, named=True)
        self._check_parts()
        _check_stretches(self, self.after, self.through)

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """A part for each stretch.

        Raises:
            MissingValue: a fact is missing, or the days begin before the first version.
        """
        parts = tuple(part.derive(seen, clause) for part, seen in self._seen(facts))
        return Step.taken(self.operation, self.currency, clause, parts=parts)

    def _seen(self, facts: Facts) -> Iterator[tuple[Expression, Facts]]:
        named = {name: facts.day(name) for name, _ in self.versions if isinstance(name, str)}
        span = facts.day(self.after), facts.day(self.through)
        for number, after, through in self.stretches(*span, named):
            yield self.versions[number][1], facts.within({self.after: after, self.through: through})

    def stretches(
        self, after: date, through: date, named: dict[str, date]
    ) -> Iterator[tuple[int, date, date]]:
        """Which version holds, by its number, and on which days ``(after, through]``."""
        starts: list[tuple[date, int]] = []
        for number, (start, _) in enumerate(self.versions):
            day = named[start] if isinstance(start, str) else start or date.min
            while starts and starts[-1][0] >= day:
                starts.pop()
            starts.append((day, number))
        first = starts[0][0]
        if after < through and first > date.min and first > date.fromordinal(after.toordinal() + 1):
            raise MissingValue(
                "rule", f"before {first.isoformat()}; the days begin after {after.isoformat()}"
            )
        for place, begins, ends in spans(after, through, [day for day, _ in starts]):
            yield starts[place][1], begins, ends

    def _parts(self) -> tuple[Expression, ...]:
        return tuple(rule for _, rule in self.versions)

    def _reads(self) -> tuple[Read, ...]:
        named = tuple((name, FactKind.DAY, 0) for name, _ in self.versions if isinstance(name, str))
        return ((self.after, FactKind.DAY, -1), (self.through, FactKind.DAY, 1), *named)


@dataclass(frozen=True, slots=True)
class OverBalance(Rule):
    """Each stretch of the days in ``(after, through]`` on which a balance stays the same, added up.

    ``rule`` sees the stretch as the days ``after`` and ``through``, and the balance as the amount
    that is called like the history: a cap, a grace or brackets in it hold for each stretch anew.
    A balance holds from its day on, so that what is paid on a day is charged up to the day before.
    Where the balance is nothing, the rule is not asked.

    Raises:
        InvalidValue: a name is no name of a fact, or the rule counts from one of the two days to a
            third one, which stretches would count again and again.
    """

    operation = Operation.OVER_BALANCE
    history: str
    rule: Rule
    _: KW_ONLY
    after: str = "due"
    through: str = "end"

    def __post_init__(self) -> None:
        check_name("history", self.history)
        check_span(self.after, self.through)
        self._check_parts()
        _check_stretches(self, self.after, self.through)

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """A part for each stretch with a balance.

        Raises:
            MissingValue: a fact is missing, or the days begin before the history does.
            CurrencyMismatch: the history is of another currency.
        """
        parts = tuple(part.derive(seen, clause) for part, seen in self._seen(facts))
        inputs = (("history", self.history),)
        return Step.taken(self.operation, self.currency, clause, inputs, parts)

    def _seen(self, facts: Facts) -> Iterator[tuple[Expression, Facts]]:
        span = facts.day(self.after), facts.day(self.through)
        for balance, after, through in self.stretches(facts.history(self.history), *span):
            days = {self.after: after, self.through: through}
            yield self.rule, facts.within(days, {self.history: balance})

    def stretches(self, history: History, after: date, through: date) -> Iterator[tuple[Money, date, date]]:
        """Each balance above nothing, and the days ``(after, through]`` on which it was that.

        A day of the history on which the balance stays what it was begins no stretch.
        """
        first, money = history[0]
        if money.currency != self.currency:
            raise CurrencyMismatch(self.currency, money.currency)
        if after < through and first > date.fromordinal(after.toordinal() + 1):
            raise MissingValue(
                self.history, f"before {first.isoformat()}; the days begin after {after.isoformat()}"
            )
        changes = [history[0], *(other for one, other in pairwise(history) if one[1] != other[1])]
        for number, begins, ends in spans(after, through, [day for day, _ in changes]):
            if changes[number][1]:
                yield changes[number][1], begins, ends

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule,)

    def _bound_amount(self) -> str | None:
        return self.history

    def _reads(self) -> tuple[Read, ...]:
        return (
            (self.history, FactKind.HISTORY, 0),
            (self.after, FactKind.DAY, -1),
            (self.through, FactKind.DAY, 1),
        )


# --- what adds up ------------------------------------------------------------------------------------


def adds_up(rule: Rule, after: str, through: str) -> bool:
    """Whether the days in ``(after, through]``, cut in two anywhere, cost in parts what they cost whole.

    So does a rate for each day; a cap, a grace, brackets, begun periods or a flat amount do not: within
    ``Segmented`` and ``OverBalance`` they hold for each stretch anew.
    """
    return _shape(rule, frozenset((after, through))) in {_Shape.ADDS, _Shape.NOTHING}


class _Shape(Enum):
    """How an expression goes with the days of a span."""

    FREE = "does not read them"
    ADDS = "adds up"
    NOTHING = "is nothing, whatever they are"
    OTHER = "neither"


_ADDING: Final = frozenset({_Shape.ADDS, _Shape.NOTHING})
_KEEPING: Final = frozenset({_Shape.FREE, _Shape.NOTHING})


def _shape(expression: Expression, span: frozenset[str]) -> _Shape:  # noqa: C901 -- one case a form
    parts = [_shape(part, span) for part in expression.parts]
    if not parts and not span & {name for name, _, _ in expression._reads()}:  # noqa: SLF001 -- its own family
        return _Shape.NOTHING if isinstance(expression, (Zero, Gap)) else _Shape.FREE
    match expression:
        case Months():
            return _Shape.OTHER
        case DayCount(convention=convention) if not convention.adds_up:
            return _Shape.OTHER
        case Between():
            return _Shape.ADDS if span == {expression.after, expression.through} else _Shape.OTHER
        case Scale() | Pair(operation=Operation.TIMES):
            if _Shape.NOTHING in parts:
                return _Shape.NOTHING
            once = set(parts) == {_Shape.ADDS, _Shape.FREE}
            return _Shape.ADDS if once else _alike(parts, _KEEPING)
        case PerUnit() | Percent() | Converted() | Under():
            return parts[0]
        case Sum() | Pair(operation=Operation.PLUS) | When() | Choose() | Special():
            return _alike(parts, _ADDING, _KEEPING)
        case AsOf(anchor=anchor) if anchor not in span:
            return _alike(parts, _ADDING, _KEEPING)
        case Segmented(versions=versions) if span == {expression.after, expression.through}:
            return _Shape.OTHER if span & {start for start, _ in versions} else _alike(parts, _ADDING)
        case OverBalance() if span == {expression.after, expression.through}:
            return _alike(parts, _ADDING)
        case _:
            reads = span & facts_read(expression).keys()
            return _Shape.OTHER if reads else _alike(parts, _KEEPING)


def _alike(parts: Sequence[_Shape], *shapes: frozenset[_Shape]) -> _Shape:
    """What all parts are, if they are all of one of these sets."""
    found = set(parts)
    if not any(found <= each for each in shapes):
        return _Shape.OTHER
    return next(iter(found - {_Shape.NOTHING}), _Shape.NOTHING)


# --- the common cases over time --------------------------------------------------------------------


def daily_surcharge(base: Rule, ratio: Ratio, days: Measure, *, compounded: bool, capped: bool) -> Rule:
    """``ratio`` of ``base`` for each of ``days`` (日加收, 滞纳金).

    Three things are visible choices: whether the surcharge itself bears surcharge (``compounded``);
    whether it is at most the base (``capped``); and whether it is on the unpaid part only: then
    this stands within an ``OverBalance``, and ``base`` is the balance. There, compounding and the cap
    would begin anew with each balance: leave both out, and put a cap on the principal around the whole.

    Raises:
        InvalidValue: the ratio is negative or a float; or compounded over days that are not whole.
    """
    rule: Rule = Compound(base, ratio, days) if compounded else Scale(Percent(base, ratio), days)
    return Cap(rule, base) if capped else rule


def interest(
    history: str,
    currency: str,
    rates: Sequence[tuple[Start | None, Ratio]],
    convention: DayCountConvention,
    *,
    after: str = "due",
    through: str = "end",
) -> Rule:
    """Simple interest on the balance called ``history``, each day at the yearly rate in force on it.

    Days are counted by ``convention`` in ``(after, through]``.

    Raises:
        InvalidValue: there is no rate, the days do not ascend, a rate is negative or a float.
    """
    balance, years = Given(history, currency), DayCount(convention, after=after, through=through)
    versions = tuple((start, Scale(Percent(balance, ratio), years)) for start, ratio in rates)
    return OverBalance(history, Segmented(after, through, versions), after=after, through=through)
