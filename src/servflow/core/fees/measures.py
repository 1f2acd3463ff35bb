"""Measures: from facts to an exact quantity with a unit.

1. A quantity is exact, never negative. Quantities of different units are never added.
2. Days lie in ``(after, through]``: the day ``after``, such as the due date, itself never counts.
   Minutes are half-open: from the instant ``after`` until the instant ``through``.
3. How parts of a month or a period count is said, never assumed.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol
from unicodedata import is_normalized

from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue
from servflow.core.fees.charges import Counting, Input, Operation
from servflow.core.fees.daycounts import DayCountConvention
from servflow.core.fees.expressions import Constant, Expression, Read, check_kind
from servflow.core.fees.facts import FactKind, Facts, check_member, check_name, exact, simplest
from servflow.core.money import Rounding

__all__ = [
    "Between",
    "Converted",
    "Count",
    "DayCount",
    "Days",
    "Fixed",
    "Measure",
    "Minutes",
    "Months",
    "OpenDays",
    "OpenDaysCalendar",
    "OpenMinutes",
    "OpenTimeCalendar",
    "Pair",
    "Periods",
    "Quantity",
    "RoundedQuantity",
    "check_span",
    "positive",
]

_MICROSECONDS = timedelta(minutes=1) // timedelta(microseconds=1)


class Measure(Expression):
    """An expression that gives a quantity. Units are in lower case; a product's is ``day*volume``."""

    __slots__ = ()

    def deduct(self, grace: Measure) -> Measure:
        """Grace as an allowance: what lies above ``grace``, 0 up to it.

        Raises:
            TypeError: ``grace`` is of another unit.
        """
        return Pair(Operation.DEDUCT, self, other=grace)

    def cliff(self, grace: Measure) -> Measure:
        """Grace as forgiveness: 0 up to ``grace``, and everything beyond it.

        Raises:
            TypeError: ``grace`` is of another unit.
        """
        return Pair(Operation.CLIFF, self, other=grace)

    def at_most(self, limit: Measure) -> Measure:
        """The quantity, but no more than ``limit``: overdue days, at most sixty of them.

        Raises:
            TypeError: ``limit`` is of another unit.
        """
        return Pair(Operation.AT_MOST, self, other=limit)

    def periods(self, length: int | Fraction | Decimal, counting: Counting) -> Measure:
        """How many periods of ``length`` units: those begun (``START``) or completed (``END``).

        Raises:
            InvalidValue: the length is not above 0, or a float.
        """
        return Periods(self, length, counting)

    def converted(self, ratio: int | Fraction | Decimal, unit: str) -> Measure:
        """The same in another unit, of which each of these is ``ratio``: minutes as hours, by 1/60.

        Raises:
            InvalidValue: the ratio is not above 0, or a float; the unit is not a word in lower case.
        """
        return Converted(self, ratio, unit)

    def rounded(self, mode: Rounding, step: int | Fraction | Decimal = 1) -> Measure:
        """The quantity as a multiple of ``step``: half kilograms, begun ones counted.

        Raises:
            InvalidValue: the step is not above 0, or a float.
        """
        return RoundedQuantity(self, mode, step)

    def __add__(self, other: Measure) -> Measure:
        if not isinstance(other, Measure):
            return NotImplemented
        return Pair(Operation.PLUS, self, other=other)

    def __mul__(self, other: Measure) -> Measure:
        """Volumes times days are volume-days."""
        if not isinstance(other, Measure):
            return NotImplemented
        return Pair(Operation.TIMES, self, other=other)


def _check_unit(unit: str) -> None:
    # never in capitals, so that a unit is never taken for a currency
    named = isinstance(unit, str) and _UNIT.fullmatch(unit) and unit == unit.lower()
    if not (named and is_normalized("NFKC", unit)):
        raise InvalidValue("unit", unit, "a word in lower case, such as 'volume'")


_UNIT = re.compile(r"[^\W\d_]\w*(-\w+)*")


def positive(field: str, number: object) -> Fraction:
    """An exact number above 0.

    Raises:
        InvalidValue: it is not, or a float.
    """
    expected = "an int, a Fraction or a Decimal above 0"
    found = exact(field, number, expected)
    if not found:
        raise InvalidValue(field, number, expected)
    return found


@dataclass(frozen=True, slots=True)
class Fixed(Constant, Measure):
    """A quantity that is the same for all facts, such as a grace of ``Fixed(2, "day")``.

    Raises:
        InvalidValue: it is negative, a float or a bool, or the unit is not a word in lower case.
    """

    operation = Operation.FIXED
    quantity: int | Fraction | Decimal
    unit: str = field()  # field(): the base's property is no default

    def __post_init__(self) -> None:
        _check_unit(self.unit)
        number = exact("quantity", self.quantity, "an int, a Fraction or a Decimal, 0 or more")
        object.__setattr__(self, "quantity", simplest(number))

    @property
    def whole(self) -> bool:
        """Whether the quantity is a whole number."""
        return Fraction(self.quantity).denominator == 1

    @property
    def most(self) -> Fraction | None:
        """The quantity."""
        return Fraction(self.quantity)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("quantity", Fraction(self.quantity)),)


@dataclass(frozen=True, slots=True)
class Count(Measure):
    """The count called ``name`` among the facts, as so many of ``unit``.

    Raises:
        InvalidValue: the unit is not a word in lower case, or the name is no name of a fact.
    """

    operation = Operation.COUNT
    name: str
    unit: str = field()

    def __post_init__(self) -> None:
        check_name("name", self.name)
        _check_unit(self.unit)

    def _reads(self) -> tuple[Read, ...]:
        return ((self.name, FactKind.COUNT, 1),)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return ((self.name, facts.count(self.name)),)


@dataclass(frozen=True, slots=True)
class Quantity(Measure):
    """The quantity called ``name`` among the facts, parts of a unit included: a weight, a distance.

    Raises:
        InvalidValue: the unit is not a word in lower case, or the name is no name of a fact.
    """

    operation = Operation.QUANTITY
    name: str
    unit: str = field()

    def __post_init__(self) -> None:
        check_name("name", self.name)
        _check_unit(self.unit)

    @property
    def whole(self) -> bool:
        """It need not be."""
        return False

    def _reads(self) -> tuple[Read, ...]:
        return ((self.name, FactKind.QUANTITY, 1),)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return ((self.name, facts.quantity(self.name)),)


def check_span(after: str, through: str) -> None:
    """Refuse what cannot be the two ends of a span.

    Raises:
        InvalidValue: one is no name of a fact, or both are the same: that would always be nothing.
    """
    check_name("after", after)
    check_name("through", through)
    if after == through:
        raise InvalidValue("through", through, "another fact than that after which the span begins")


class Between(Measure):
    """What is measured between two facts; it grows with the second and shrinks with the first.

    ``kind`` is what the two are: days or instants.
    """

    __slots__ = ()
    kind = FactKind.DAY
    after: str
    through: str

    def __post_init__(self) -> None:
        check_span(self.after, self.through)

    def _reads(self) -> tuple[Read, ...]:
        return ((self.after, self.kind, -1), (self.through, self.kind, 1))

    def _span(self, facts: Facts) -> tuple[date, date]:
        return facts.day(self.after), facts.day(self.through)

    def _ends(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return tuple((name, facts.get(self.kind, name)) for name in (self.after, self.through))

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return self._ends(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days(Between):
    """Calendar days in ``(after, through]``, named by their facts; 0 if ``through`` is not later."""

    operation = Operation.DAYS
    unit = "day"
    after: str = "due"
    through: str = "end"


class OpenDaysCalendar(Protocol):
    """What ``OpenDays`` asks of a calendar; ``servflow.core.worktime.Calendar`` is one."""

    def open_days(self, after: date, through: date) -> int:
        """How many days in ``(after, through]`` the desk is open; asked only if that is not empty."""
        ...


@dataclass(frozen=True, slots=True)
class OpenDays(Between):
    """Those days in ``(after, through]`` on which the desk is open; 0 if ``through`` is not later.

    They are no calendar days: their unit is ``open-day``, and a grace for them is said in it.
    """

    operation = Operation.OPEN_DAYS
    unit = "open-day"
    calendar: OpenDaysCalendar
    _: KW_ONLY
    after: str = "due"
    through: str = "end"

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        after, through = self._span(facts)
        # the count is stored as an input: a replay has no calendar to ask
        return ((self.after, after), (self.through, through), ("open_days", self.days(after, through)))

    def days(self, after: date, through: date) -> int:
        """How many days in ``(after, through]`` are open.

        Raises:
            InvalidValue: the calendar says what can be no count.
        """
        if through <= after:
            return 0
        count = self.calendar.open_days(after, through)
        if type(count) is not int or count < 0:
            raise InvalidValue("open_days", count, "a whole number, 0 or more, from the calendar")
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes(Between):
    """Minutes from the instant ``after`` until ``through``, exactly; 0 if ``through`` is not later."""

    operation = Operation.MINUTES
    unit = "minute"
    kind = FactKind.INSTANT
    after: str = "due_at"
    through: str = "end_at"

    @property
    def whole(self) -> bool:
        """It need not be: an instant may lie within a minute."""
        return False


class OpenTimeCalendar(Protocol):
    """What ``OpenMinutes`` asks of a calendar; ``servflow.core.worktime.Calendar`` is one."""

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` until ``end``; asked only if that is not empty."""
        ...


@dataclass(frozen=True, slots=True)
class OpenMinutes(Between):
    """Minutes within opening hours from the instant ``after`` until ``through``, exactly.

    Their unit is ``open-minute``. 0 if ``through`` is not later.
    """

    operation = Operation.OPEN_MINUTES
    unit = "open-minute"
    kind = FactKind.INSTANT
    calendar: OpenTimeCalendar
    _: KW_ONLY
    after: str = "due_at"
    through: str = "end_at"

    @property
    def whole(self) -> bool:
        """It need not be: an instant may lie within a minute."""
        return False

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        after, through = facts.instant(self.after), facts.instant(self.through)
        return ((self.after, after), (self.through, through), ("open_minutes", self.minutes(after, through)))

    def minutes(self, after: datetime, through: datetime) -> Fraction:
        """The minutes that are open between two instants.

        Raises:
            InvalidValue: the calendar says that they are below 0.
        """
        if through <= after:
            return Fraction()
        time = self.calendar.open_time(after, through)
        if time < timedelta():
            raise InvalidValue("open_minutes", time, "a length of time, 0 or more, from the calendar")
        return Fraction(time // timedelta(microseconds=1), _MICROSECONDS)


@dataclass(frozen=True, slots=True)
class Months(Between):
    """Calendar months in ``(after, through]``: begun ones (``UP``) or whole ones (``DOWN``).

    ``end_of_month`` says when a month from the 31st is over in a month that has none.

    Raises:
        InvalidValue: ``round`` is another rounding.
    """

    operation = Operation.MONTHS
    unit = "month"
    round: Rounding
    end_of_month: EndOfMonth
    _: KW_ONLY
    after: str = "due"
    through: str = "end"

    def __post_init__(self) -> None:
        Between.__post_init__(self)
        if self.round not in {Rounding.UP, Rounding.DOWN}:
            raise InvalidValue("round", self.round, "Rounding.UP for begun months, or Rounding.DOWN")
        check_member("end_of_month", self.end_of_month, EndOfMonth)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return (*self._ends(facts), ("round", self.round.value), ("end_of_month", self.end_of_month.value))


@dataclass(frozen=True, slots=True)
class DayCount(Between):
    """Years from the day ``after`` to ``through`` by a convention, as an exact part of a year (计息年数)."""

    operation = Operation.YEARS
    unit = "year"
    convention: DayCountConvention
    _: KW_ONLY
    after: str = "due"
    through: str = "end"

    def __post_init__(self) -> None:
        Between.__post_init__(self)
        check_member("convention", self.convention, DayCountConvention)

    @property
    def whole(self) -> bool:
        """It need not be."""
        return False

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return (*self._ends(facts), ("convention", self.convention.value))


@dataclass(frozen=True, slots=True, repr=False)
class Pair(Measure):
    """Two measures joined by an operation; only a product takes two different units.

    Made by the operators and methods of ``Measure``.
    """

    operation: Operation = field()
    one: Measure
    _: KW_ONLY
    other: Measure

    def __post_init__(self) -> None:
        check_kind(self.operation.value, self.one, Measure, "measure")
        check_kind(self.operation.value, self.other, Measure, "measure")
        if self.operation is not Operation.TIMES and self.one.unit != self.other.unit:
            raise TypeError(f"{self.operation.value}: found {self.other.unit}, expected {self.one.unit}")

    @property
    def unit(self) -> str:
        """The common unit, or the product of the two."""
        if self.operation is not Operation.TIMES:
            return self.one.unit
        return "*".join(sorted(self.one.unit.split("*") + self.other.unit.split("*")))

    @property
    def most(self) -> Fraction | None:
        """What the two come to at the most, as far as they are bounded."""
        one, other = self.one.most, self.other.most
        match self.operation:
            case Operation.AT_MOST:
                return min((each for each in (one, other) if each is not None), default=None)
            case Operation.PLUS:
                return None if one is None or other is None else one + other
            case Operation.TIMES:
                return None if one is None or other is None else one * other
            case _:
                return one

    def _parts(self) -> tuple[Expression, ...]:
        return (self.one, self.other)

    def _signs(self) -> tuple[int, ...]:
        return (1, -1 if self.operation in {Operation.DEDUCT, Operation.CLIFF} else 1)

    def __repr__(self) -> str:
        match self.operation:
            case Operation.TIMES:
                return f"({self.one!r} * {self.other!r})"
            case Operation.PLUS:
                return f"({self.one!r} + {self.other!r})"
            case _:
                return f"{self.one!r}.{self.operation.value}({self.other!r})"


@dataclass(frozen=True, slots=True)
class Periods(Measure):
    """Periods of ``length`` units of ``measure``; made by ``Measure.periods``."""

    operation = Operation.PERIODS
    unit = "period"
    measure: Measure
    length: int | Fraction | Decimal
    counting: Counting

    def __post_init__(self) -> None:
        check_kind("measure", self.measure, Measure, "measure")
        object.__setattr__(self, "length", simplest(positive("length", self.length)))
        check_member("counting", self.counting, Counting)

    @property
    def whole(self) -> bool:
        """It is."""
        return True

    @property
    def most(self) -> Fraction | None:
        """As many as the measure can have."""
        most = self.measure.most
        return None if most is None else Fraction(-(-most // Fraction(self.length)))

    def _parts(self) -> tuple[Expression, ...]:
        return (self.measure,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("length", Fraction(self.length)), ("counting", self.counting.value))


@dataclass(frozen=True, slots=True)
class Converted(Measure):
    """``measure`` in another unit; made by ``Measure.converted``."""

    operation = Operation.CONVERTED
    measure: Measure
    ratio: int | Fraction | Decimal
    unit: str = field()

    def __post_init__(self) -> None:
        check_kind("measure", self.measure, Measure, "measure")
        object.__setattr__(self, "ratio", simplest(positive("ratio", self.ratio)))
        _check_unit(self.unit)

    @property
    def whole(self) -> bool:
        """Whether the measure is, and so many of the other unit make one of this."""
        return self.measure.whole and Fraction(self.ratio).denominator == 1

    @property
    def most(self) -> Fraction | None:
        """As much as the measure can be."""
        most = self.measure.most
        return None if most is None else most * Fraction(self.ratio)

    def _parts(self) -> tuple[Expression, ...]:
        return (self.measure,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("ratio", Fraction(self.ratio)),)


@dataclass(frozen=True, slots=True)
class RoundedQuantity(Measure):
    """``measure`` as a multiple of ``step``; made by ``Measure.rounded``."""

    operation = Operation.ROUNDED_QUANTITY
    measure: Measure
    mode: Rounding
    step: int | Fraction | Decimal = 1

    def __post_init__(self) -> None:
        check_kind("measure", self.measure, Measure, "measure")
        check_member("mode", self.mode, Rounding)
        object.__setattr__(self, "step", simplest(positive("step", self.step)))

    @property
    def unit(self) -> str:
        """That of the measure."""
        return self.measure.unit

    @property
    def whole(self) -> bool:
        """Whether the step is a whole number."""
        return Fraction(self.step).denominator == 1

    @property
    def most(self) -> Fraction | None:
        """As much as the measure can be, rounded."""
        most, step = self.measure.most, Fraction(self.step)
        return None if most is None else self.mode.whole(most / step) * step

    def _parts(self) -> tuple[Expression, ...]:
        return (self.measure,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("mode", self.mode.value), ("step", Fraction(self.step)))
