"""Rules by how much there is: brackets, steps, and what grows with every period."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from fractions import Fraction
from itertools import pairwise

from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees.charges import MOST_PERIODS, Input, Operation, Reach, Step, growth
from servflow.core.fees.expressions import Expression, check_kind
from servflow.core.fees.facts import Facts, check_member, simplest
from servflow.core.fees.measures import (
    Measure,
    positive,
)
from servflow.core.fees.rules import Ratio, Rule, check_amount, exact_ratio
from servflow.core.money import Money

__all__ = [
    "Bracket",
    "Compound",
    "Ladder",
    "Tiered",
    "Tiering",
]


class Tiering(Enum):
    """How brackets apply."""

    GRADUATED = "graduated"  # each part of the quantity at the rate of the bracket it lies in (超额累进)
    VOLUME = "volume"  # the whole quantity at the rate of the bracket it falls in (全额累进)


@dataclass(frozen=True, slots=True)
class Bracket:
    """What lies in ``(after, upto]``, at ``rate``; ``upto=None`` is without end.

    For a quantity the limits are numbers and the rate is an amount for each ``per`` units; for an
    amount the limits are amounts and the rate is a ratio. What is free has a rate of 0.

    Raises:
        InvalidValue: it is empty, a limit or the rate is negative or a float, or the two kinds are mixed.
    """

    after: Ratio | Money
    upto: Ratio | Money | None
    rate: Money | Ratio
    _: KW_ONLY
    per: Ratio = 1

    def __post_init__(self) -> None:
        of_amount = not isinstance(self.rate, Money)
        limits = {"after": self.after} if self.upto is None else {"after": self.after, "upto": self.upto}
        for name, limit in limits.items():
            if isinstance(limit, Money) is not of_amount:
                kinds = "limits in money and a ratio, or limits in units and a rate in money"
                raise InvalidValue(name, limit, kinds)
            if isinstance(limit, Money):
                check_amount(name, limit)
            else:
                object.__setattr__(self, name, exact_ratio(name, limit))
        if isinstance(self.rate, Money):
            check_amount("rate", self.rate)
        else:
            object.__setattr__(self, "rate", exact_ratio("rate", self.rate))
        object.__setattr__(self, "per", simplest(positive("per", self.per)))
        if of_amount and self.per != 1:
            raise InvalidValue("per", self.per, "1: a ratio is of the whole")
        if self.upto is not None and not self.after < self.upto:  # type: ignore[operator]  # of one kind
            raise InvalidValue("upto", self.upto, f"more than {self.after}")

    @property
    def begins(self) -> Fraction:
        """Above what it begins: units, or minor units."""
        return _number(self.after)

    @property
    def ends(self) -> Fraction | None:
        """Up to what it goes, that included: units, or minor units."""
        return None if self.upto is None else _number(self.upto)

    @property
    def slope(self) -> Fraction:
        """Minor units for one unit, or for one minor unit."""
        return _number(self.rate) / Fraction(self.per)

    @property
    def inputs(self) -> tuple[tuple[str, Input], ...]:
        """As the inputs of a step."""
        upto = () if self.upto is None else (("upto", _input(self.upto)),)
        return (
            ("after", _input(self.after)),
            *upto,
            ("rate", _input(self.rate)),
            ("per", Fraction(self.per)),
        )


def _number(value: Money | Ratio) -> Fraction:
    return Fraction(value.minor if isinstance(value, Money) else value)


def _input(value: Money | Ratio) -> Money | Fraction:
    return value if isinstance(value, Money) else Fraction(value)


@dataclass(frozen=True, slots=True)
class Tiered(Rule):
    """``quantity`` charged by ``brackets``: each part in its own, or the whole in the one it falls in.

    The brackets leave no hole and do not overlap; in whatever order they come, they are kept in
    their own. What is free is a bracket at rate 0, and the last one is without end. ``quantity`` may
    be a rule: then the brackets are of amounts.

    With ``start``, units before these were charged already: what is charged are those from ``start``
    to ``start`` and ``quantity`` together, so that two parts cost what they cost at once.

    Raises:
        InvalidValue: there is a hole or an overlap; or a start where the whole falls in one bracket.
        CurrencyMismatch: the brackets are of different currencies, or of another than the amount.
        TypeError: ``start`` is of another unit, or brackets of amounts meet a quantity.
    """

    operation = Operation.TIERED
    quantity: Measure | Rule
    brackets: tuple[Bracket, ...]
    tiering: Tiering
    _: KW_ONLY
    start: Measure | Rule | None = None

    def __post_init__(self) -> None:
        check_member("tiering", self.tiering, Tiering)
        if not isinstance(self.quantity, Rule):
            check_kind("quantity", self.quantity, Measure, "measure or rule")
        if not self.brackets:
            raise InvalidValue("brackets", self.brackets, "at least one bracket")
        for each in self.brackets:
            if isinstance(each.after, Money) is not isinstance(self.quantity, Rule):
                found = "money" if isinstance(each.after, Money) else "units"
                raise TypeError(f"brackets: found {found}, expected {self.quantity.unit}")
        ordered = tuple(sorted(self.brackets, key=lambda each: each.begins))
        object.__setattr__(self, "brackets", ordered)
        self._check_brackets()
        for amount in (value for each in ordered for value in (each.after, each.upto, each.rate)):
            if isinstance(amount, Money) and amount.currency != self.currency:
                raise CurrencyMismatch(self.currency, amount.currency)
        if self.start is not None:
            if self.tiering is Tiering.VOLUME:
                raise InvalidValue("start", self.start, "none: the whole falls in one bracket")
            if self.start.unit != self.quantity.unit:
                raise TypeError(f"start: found {self.start.unit}, expected {self.quantity.unit}")

    def _check_brackets(self) -> None:
        first, *_, last = (*self.brackets, self.brackets[-1])
        if first.begins:
            raise InvalidValue(
                "brackets", f"nothing up to {first.after}", "a first bracket from 0; free is a rate of 0"
            )
        for one, other in pairwise(self.brackets):
            if one.ends is None or one.ends > other.begins:
                found = f"{_shown(one)} and {_shown(other)}"
                raise InvalidValue("brackets", found, "brackets that do not overlap")
            if one.ends < other.begins:
                found = f"nothing above {one.upto} up to {other.after}"
                raise InvalidValue("brackets", found, "no hole; what is free is a bracket at rate 0")
        if last.upto is not None:
            raise InvalidValue("brackets", f"nothing above {last.upto}", "a last bracket without end")

    @property
    def currency(self) -> str:
        """That of the amounts."""
        if isinstance(self.quantity, Rule):
            return self.quantity.currency
        rates = (each.rate.currency for each in self.brackets if isinstance(each.rate, Money))
        return next(rates)

    @property
    def whole(self) -> bool:
        """Whether everything in it is."""
        numbers = (n for each in self.brackets for n in (each.begins, each.slope))
        return all(part.whole for part in self._parts()) and all(n.denominator == 1 for n in numbers)

    @property
    def most(self) -> Fraction | None:
        """What as much as there can be would cost, by the dearest bracket that it reaches."""
        most = self.quantity.most
        if most is None:
            return Fraction() if not any(each.slope for each in self.brackets) else None
        if self.start is None and self.tiering is Tiering.GRADUATED:
            return sum((_within(each, most) * each.slope for each in self.brackets), Fraction())
        return most * max(each.slope for each in self.brackets if each.begins <= most or self.start)

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """A step for each bracket that is reached, at least the first; each stands on the quantity."""
        parts = tuple(part.derive(facts, clause) for part in self._parts())
        begins = parts[1].exact if self.start is not None else Fraction()
        ends = begins + parts[0].exact
        reached = [each for each in self.brackets if each.begins < ends and (each.ends or ends) > begins]
        operation = Operation.BRACKET
        if self.tiering is Tiering.VOLUME:
            operation, reached = Operation.VOLUME, reached[-1:]
        steps = tuple(
            Step.taken(operation, self.currency, clause, each.inputs, parts)
            for each in reached or self.brackets[:1]
        )
        return Step.taken(self.operation, self.currency, clause, parts=steps)

    def _parts(self) -> tuple[Expression, ...]:
        return (self.quantity,) if self.start is None else (self.quantity, self.start)

    def _signs(self) -> tuple[int, ...]:
        slopes = [each.slope for each in self.brackets]
        rising = int(slopes == sorted(slopes))
        quantity = 1 if self.tiering is Tiering.GRADUATED else rising
        return (quantity,) if self.start is None else (quantity, rising)


def _within(bracket: Bracket, quantity: Fraction) -> Fraction:
    ends = quantity if bracket.ends is None else min(quantity, bracket.ends)
    return max(ends - bracket.begins, Fraction())


def _shown(bracket: Bracket) -> str:
    return f"{bracket.after} to {'the end' if bracket.upto is None else bracket.upto}"


@dataclass(frozen=True, slots=True)
class Ladder(Rule):
    """The amount of the highest of ``steps`` that ``quantity`` reaches; nothing below the first.

    A step is its threshold and its amount. ``reach`` says whether it is reached from the threshold on
    or only above it.

    Raises:
        InvalidValue: there is no step, two have one threshold, or a number is negative or a float.
        CurrencyMismatch: the amounts are of different currencies.
    """

    operation = Operation.LADDER
    quantity: Measure
    steps: tuple[tuple[Ratio, Money], ...]
    reach: Reach

    def __post_init__(self) -> None:
        check_kind("quantity", self.quantity, Measure, "measure")
        check_member("reach", self.reach, Reach)
        made = []
        for threshold, money in self.steps:
            check_amount("steps", money)
            made.append((exact_ratio("steps", threshold), money))
        made.sort(key=lambda step: step[0])
        if len({threshold for threshold, _ in made}) < max(len(made), 1):
            raise InvalidValue("steps", self.steps, "at least one step, each with a threshold of its own")
        object.__setattr__(self, "steps", tuple(made))
        for _, money in made:
            if money.currency != self.currency:
                raise CurrencyMismatch(self.currency, money.currency)

    @property
    def currency(self) -> str:
        """That of the amounts."""
        return self.steps[0][1].currency

    @property
    def whole(self) -> bool:
        """It is."""
        return True

    @property
    def most(self) -> Fraction | None:
        """The highest amount."""
        return Fraction(max(money.minor for _, money in self.steps))

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """The step that is reached; it stands on the quantity."""
        quantity = self.quantity.derive(facts, clause)
        inputs: tuple[tuple[str, Input], ...] = ()
        for threshold, money in self.steps:
            if self.reach.reached(quantity.exact, Fraction(threshold)):
                inputs = (("reach", self.reach.value), ("threshold", Fraction(threshold)), ("amount", money))
        return Step.taken(self.operation, self.currency, clause, inputs, (quantity,))

    def _parts(self) -> tuple[Expression, ...]:
        return (self.quantity,)

    def _signs(self) -> tuple[int, ...]:
        amounts = [money.minor for _, money in self.steps]
        return (int(amounts == sorted(amounts)),)


@dataclass(frozen=True, slots=True)
class Compound(Rule):
    """What ``base`` grows by in so many ``periods`` if ``ratio`` is added each time (复利).

    At most 10,000 periods; of more, its value is an ``InvalidValue``.

    Raises:
        InvalidValue: the ratio is negative or a float, or the periods may be no whole number.
    """

    operation = Operation.COMPOUND
    base: Rule
    ratio: Ratio
    periods: Measure

    def __post_init__(self) -> None:
        check_kind("base", self.base, Rule, "rule")
        check_kind("periods", self.periods, Measure, "measure")
        object.__setattr__(self, "ratio", exact_ratio("ratio", self.ratio))
        if not self.periods.whole:
            raise InvalidValue("periods", self.periods, "whole periods; count them with periods()")

    @property
    def whole(self) -> bool:
        """Whether the base is, and the ratio is a whole number."""
        return self.base.whole and Fraction(self.ratio).denominator == 1

    @property
    def most(self) -> Fraction | None:
        """What the most that the base can be grows by in as many periods as there can be."""
        base, periods = self.base.most, self.periods.most
        if base is None or periods is None or periods > MOST_PERIODS:
            return None
        return base * growth(Fraction(self.ratio), int(periods))

    def _parts(self) -> tuple[Expression, ...]:
        return (self.base, self.periods)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("ratio", Fraction(self.ratio)),)
