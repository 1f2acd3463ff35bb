"""Measures: from facts to an exact quantity with a unit.

1. Facts are given; one that is missing is an error, never 0.
2. A quantity is a ``Fraction``, never negative. Quantities of different units are never added.
3. Days lie in ``(after, through]``: the day ``after``, such as the due date, itself never counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Protocol, TypeVar

from servflow.core.citations import Clause
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.fees.charges import Input, Operation, Step
from servflow.core.money import Money

__all__ = ["Count", "Days", "Expression", "Facts", "Fixed", "Measure", "OpenDays", "OpenDaysCalendar"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a fee is worked out from, by name: nothing else has a say in it.

    Raises:
        InvalidValue: a day is no date (a datetime is none), a count is no whole number, an amount is
            no money, a flag is neither true nor false, or a count or an amount is negative.
    """

    days: Mapping[str, date] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    amounts: Mapping[str, Money] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, day in self.days.items():
            if type(day) is not date:
                raise InvalidValue(name, day, "a date")
        for name, count in self.counts.items():
            if type(count) is not int or count < 0:
                raise InvalidValue(name, count, "a whole number, 0 or more")
        for name, amount in self.amounts.items():
            if not isinstance(amount, Money) or amount.minor < 0:
                raise InvalidValue(name, amount, "an amount of money, 0 or more")
        for name, flag in self.flags.items():
            if type(flag) is not bool:
                raise InvalidValue(name, flag, "true or false")
        for kind in ("days", "counts", "amounts", "flags"):
            object.__setattr__(self, kind, MappingProxyType(dict(getattr(self, kind))))

    def day(self, name: str) -> date:
        """The day of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.days, name, "days")

    def count(self, name: str) -> int:
        """The count of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.counts, name, "counts")

    def amount(self, name: str) -> Money:
        """The amount of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.amounts, name, "amounts")

    def flag(self, name: str) -> bool:
        """The flag of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.flags, name, "flags")


def _given(values: Mapping[str, T], name: str, kind: str) -> T:
    if name not in values:
        raise MissingValue(name, f"among the {kind} given")
    return values[name]


class Expression(ABC):
    """What measures and rules have in common: a tree that facts turn into a tree of steps.

    A form says its operation, what it reads, and what it is made of; the arithmetic is the operation's.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def operation(self) -> Operation:
        """What it does, the code of its step."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """The unit of what it gives; a rule's is its currency."""

    @property
    def whole(self) -> bool:
        """Whether it gives whole numbers only, so that nothing is left to round."""
        return all(part.whole for part in self._parts())

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """Its value on ``facts`` with the steps that lead to it, all under ``clause``.

        Raises:
            MissingValue: a fact it needs was not given.
            CurrencyMismatch: an amount given is of another currency.
        """
        inputs = self._inputs(facts)
        parts = tuple(part.derive(facts, clause) for part in self._taken(facts))
        return Step.taken(self.operation, self.unit, clause, inputs=inputs, parts=parts)

    def _parts(self) -> tuple[Expression, ...]:
        return ()

    def _taken(self, facts: Facts) -> tuple[Expression, ...]:  # noqa: ARG002
        return self._parts()

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return ()


class Measure(Expression):
    """An expression that gives a quantity. Units are in lower case; a product's is ``day*volume``."""

    __slots__ = ()

    def deduct(self, grace: Measure) -> Measure:
        """Grace as an allowance: what lies above ``grace``, 0 up to it.

        Raises:
            TypeError: ``grace`` is of another unit.
        """
        return _Pair(Operation.DEDUCT, self, other=grace)

    def cliff(self, grace: Measure) -> Measure:
        """Grace as forgiveness: 0 up to ``grace``, and everything beyond it.

        Raises:
            TypeError: ``grace`` is of another unit.
        """
        return _Pair(Operation.CLIFF, self, other=grace)

    def __add__(self, other: Measure) -> Measure:
        if not isinstance(other, Measure):
            return NotImplemented
        return _Pair(Operation.PLUS, self, other=other)

    def __mul__(self, other: Measure) -> Measure:
        """Volumes times days are volume-days."""
        if not isinstance(other, Measure):
            return NotImplemented
        return _Pair(Operation.TIMES, self, other=other)


def _check_unit(unit: str) -> None:
    # lower case, so that a unit is never taken for a currency
    if not (isinstance(unit, str) and unit.islower() and "*" not in unit):
        raise InvalidValue("unit", unit, "a word in lower case, such as 'volume'")


@dataclass(frozen=True, slots=True)
class Fixed(Measure):
    """A quantity that is the same for all facts, such as a grace of ``Fixed(2, "day")``.

    Raises:
        InvalidValue: it is negative, a float or a bool, or the unit is not a word in lower case.
    """

    operation = Operation.FIXED
    quantity: int | Fraction
    unit: str = field()  # field(): the base's property is no default

    def __post_init__(self) -> None:
        _check_unit(self.unit)
        if type(self.quantity) not in (int, Fraction) or self.quantity < 0:
            raise InvalidValue("quantity", self.quantity, "an int or a Fraction, 0 or more")

    @property
    def whole(self) -> bool:
        """Whether the quantity is a whole number."""
        return self.quantity.denominator == 1

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("quantity", Fraction(self.quantity)),)


@dataclass(frozen=True, slots=True)
class Count(Measure):
    """The count called ``name`` among the facts, as so many of ``unit``.

    Raises:
        InvalidValue: the unit is not a word in lower case.
    """

    operation = Operation.COUNT
    name: str
    unit: str = field()

    def __post_init__(self) -> None:
        _check_unit(self.unit)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return ((self.name, facts.count(self.name)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days(Measure):
    """Calendar days in ``(after, through]``, named by their facts; 0 if ``through`` is not later."""

    operation = Operation.DAYS
    unit = "day"
    after: str = "due"
    through: str = "end"

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return ((self.after, facts.day(self.after)), (self.through, facts.day(self.through)))


class OpenDaysCalendar(Protocol):
    """What ``OpenDays`` asks of a calendar; ``servflow.core.worktime.Calendar`` is one."""

    def open_days(self, after: date, through: date) -> int:
        """How many days in ``(after, through]`` the desk is open; asked only if that is not empty."""
        ...


@dataclass(frozen=True, slots=True)
class OpenDays(Measure):
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
        after, through = facts.day(self.after), facts.day(self.through)
        # the count is stored as an input: a replay has no calendar to ask
        count = self.calendar.open_days(after, through) if through > after else 0
        return ((self.after, after), (self.through, through), ("open_days", count))


@dataclass(frozen=True, slots=True, repr=False)
class _Pair(Measure):
    """Two measures joined by an operation; only a product takes two different units."""

    operation: Operation = field()
    one: Measure
    _: KW_ONLY
    other: Measure

    def __post_init__(self) -> None:
        if self.operation is not Operation.TIMES and self.one.unit != self.other.unit:
            raise TypeError(f"{self.operation.value}: found {self.other.unit}, expected {self.one.unit}")

    @property
    def unit(self) -> str:
        """The common unit, or the product of the two."""
        if self.operation is not Operation.TIMES:
            return self.one.unit
        return "*".join(sorted(self.one.unit.split("*") + self.other.unit.split("*")))

    def _parts(self) -> tuple[Expression, ...]:
        return (self.one, self.other)

    def __repr__(self) -> str:
        match self.operation:
            case Operation.TIMES:
                return f"({self.one!r} * {self.other!r})"
            case Operation.PLUS:
                return f"({self.one!r} + {self.other!r})"
            case _:
                return f"{self.one!r}.{self.operation.value}({self.other!r})"
