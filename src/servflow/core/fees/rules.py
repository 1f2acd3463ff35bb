"""Rules: immutable expressions that say what is owed, in terms of facts.

1. Arithmetic is exact to the end. Amounts become money once; a rule whose amounts may lie between
   two minor units must say how they are rounded, by a ``Rounded`` around it.
2. A rule is of one currency, known without any facts; two do not meet in one rule.
3. Nothing is negative. No cap is no ``Cap``, never a cap of 0.
4. A limit is a rule itself: "at most the item's price" is ``Cap(rule, Given("item_price", "CNY"))``.
5. What a rule does not say is an error where it is needed, never 0: a day before its first version,
   a word without a case, an amount that the source left open.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import pairwise

from servflow.core.citations import Clause
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees.charges import MOST_PERIODS, Charge, Input, Operation, Reach, Step, growth
from servflow.core.fees.daycounts import DayCountConvention
from servflow.core.fees.expressions import Constant, Expression, Read, check_kind
from servflow.core.fees.facts import (
    FactKind,
    Facts,
    History,
    check_member,
    check_name,
    exact,
    simplest,
    spans,
)
from servflow.core.fees.measures import (
    Between,
    Converted,
    DayCount,
    Fixed,
    Measure,
    Months,
    Pair,
    check_span,
    positive,
)
from servflow.core.money import Money, Rounding, minor_digits

__all__ = [
    "AsOf",
    "Bracket",
    "Cap",
    "Choose",
    "Compound",
    "Flat",
    "Floor",
    "Gap",
    "Given",
    "Ladder",
    "Less",
    "MaxOf",
    "MinOf",
    "OverBalance",
    "PerUnit",
    "Percent",
    "Ratio",
    "Rounded",
    "Rule",
    "Scale",
    "Segmented",
    "Special",
    "Start",
    "Sum",
    "Tiered",
    "Tiering",
    "Under",
    "When",
    "Zero",
    "adds_up",
    "clauses_of",
    "daily_surcharge",
    "evaluate",
    "interest",
]

Ratio = int | Fraction | Decimal
"""An exact ratio: ``Fraction(3, 1000)`` or ``Decimal("0.003")`` is 0.3 %."""

Start = date | str
"""From when a version of a rule holds: a day, or the name of the fact that is the day."""


class Rule(Expression):
    """An expression that gives an amount, in exact minor units of its currency."""

    __slots__ = ()

    @property
    def currency(self) -> str:
        """The currency of every amount it gives; that of the rules it is made of."""
        return next(part.currency for part in self._parts() if isinstance(part, Rule))

    @property
    def unit(self) -> str:
        """The currency."""
        return self.currency

    @property
    def bound(self) -> Money | None:
        """An amount it never exceeds, whatever the facts; None if none is known."""
        most = self.most
        return None if most is None else Money.of_minor(Rounding.UP.whole(most), self.currency)

    @property
    def least_set(self) -> Fraction | None:
        """Below what floors in it never let it fall, where these are fixed amounts; None without such."""
        return None

    def _check_parts(self) -> None:
        """All parts are rules of one currency."""
        for part in self._parts():
            check_kind(self.operation.value, part, Rule, "rule")
            if part.unit != self.currency:
                raise CurrencyMismatch(self.currency, part.unit)

    # --- the short way to write it: a rule that reads like what it says ---------------------------------

    def at_most(self, limit: Rule | Money) -> Rule:
        """This, but at most ``limit``.

        Raises:
            CurrencyMismatch: the two are of different currencies.
            InvalidValue: the limit lies below a floor of this rule.
        """
        return Cap(self, _rule(limit))

    def at_least(self, limit: Rule | Money) -> Rule:
        """This, but at least ``limit``.

        Raises:
            CurrencyMismatch: the two are of different currencies.
            InvalidValue: the limit lies above a cap of this rule.
        """
        return Floor(self, _rule(limit))

    def less(self, deduction: Rule | Money) -> Rule:
        """This less ``deduction``; nothing where that is more.

        Raises:
            CurrencyMismatch: the two are of different currencies.
        """
        return Less(self, _rule(deduction))

    def percent(self, ratio: Ratio) -> Rule:
        """``ratio`` of this: 0.3 % is ``Decimal("0.003")``.

        Raises:
            InvalidValue: the ratio is negative or a float.
        """
        return Percent(self, ratio)

    def rounded(self, mode: Rounding, *, step: int = 1) -> Rule:
        """This, rounded to a multiple of ``step`` minor units.

        Raises:
            InvalidValue: ``step`` is not a whole number of at least 1.
        """
        return Rounded(self, mode, step=step)

    def under(self, clause: Clause) -> Rule:
        """This, as ``clause`` says it."""
        return Under(clause, self)

    def when(self, flag: str, *, otherwise: Rule | Money | None = None) -> Rule:
        """This where the fact ``flag`` is true; else ``otherwise``, or nothing.

        Raises:
            CurrencyMismatch: the two are of different currencies.
        """
        return When(flag, self, otherwise=Zero(self.currency) if otherwise is None else _rule(otherwise))

    def __add__(self, other: Rule) -> Rule:
        if not isinstance(other, Rule):
            return NotImplemented
        return Sum((*_added(self), *_added(other)))

    def __mul__(self, by: Measure | Ratio) -> Rule:
        """So many times this: by a quantity, or by a number."""
        if isinstance(by, (int, Fraction, Decimal)) and not isinstance(by, bool):
            by = Fixed(by, "time")
        return Scale(self, by) if isinstance(by, Measure) else NotImplemented


def _added(rule: Rule) -> tuple[Rule, ...]:
    return rule.rules if type(rule) is Sum else (rule,)


def _rule(limit: Rule | Money) -> Rule:
    return Flat(limit) if isinstance(limit, Money) else limit


def evaluate(rule: Rule, facts: Facts) -> Charge:
    """What ``rule`` charges on ``facts``: the same rule and facts give the same charge for ever.

    Raises:
        InvalidValue: amounts of the rule may lie between two minor units, and it is not ``Rounded``; one
            name is read as two kinds of facts; something is compounded over more than 10,000 periods.
        MissingValue: a fact it needs was not given, or the rule says nothing for these facts.
        CurrencyMismatch: an amount given is of another currency than the rule.
        ConflictingRules: two special rules apply and disagree.
    """
    if not rule.is_whole:
        raise InvalidValue("rule", rule, "a Rounded around a rule that gives parts of a minor unit")
    return Charge(rule.derive(facts))


def clauses_of(rule: Expression) -> tuple[Clause, ...]:
    """Every clause that ``rule`` stands under somewhere, in the order in which they come."""
    own = (rule.clause,) if isinstance(rule, Under) else ()
    return tuple(dict.fromkeys((*own, *(c for part in rule.parts for c in clauses_of(part)))))


def _check_amount(name: str, money: Money) -> None:
    if not isinstance(money, Money) or money.minor < 0:
        raise InvalidValue(name, money, "an amount of money, 0 or more; credits are not charges")


def _ratio(name: str, ratio: object) -> int | Fraction:
    return simplest(exact(name, ratio, "an int, a Fraction or a Decimal, 0 or more; never a float"))


def _least(amounts: Iterator[Fraction | None]) -> Fraction | None:
    return min((each for each in amounts if each is not None), default=None)


def _greatest(amounts: Sequence[Fraction | None]) -> Fraction | None:
    return None if None in amounts else max(each for each in amounts if each is not None)


def _lowest_floor(rules: Sequence[Rule]) -> Fraction | None:
    floors = [rule.least_set for rule in rules]
    return None if None in floors else min(floor for floor in floors if floor is not None)


# --- atoms -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Zero(Constant, Rule):
    """Nothing is owed.

    Raises:
        InvalidValue: the currency is not one.
    """

    operation = Operation.ZERO
    currency: str = field()  # field(): the base's property is no default

    def __post_init__(self) -> None:
        minor_digits(self.currency)

    @property
    def most(self) -> Fraction | None:
        """Nothing."""
        return Fraction()


@dataclass(frozen=True, slots=True)
class Flat(Constant, Rule):
    """The same amount for all facts.

    Raises:
        InvalidValue: the amount is negative.
    """

    operation = Operation.FLAT
    money: Money

    def __post_init__(self) -> None:
        _check_amount("money", self.money)

    @property
    def currency(self) -> str:
        """That of the amount."""
        return self.money.currency

    @property
    def most(self) -> Fraction | None:
        """The amount."""
        return Fraction(self.money.minor)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("money", self.money),)


@dataclass(frozen=True, slots=True)
class Gap(Rule):
    """The source gives no amount here, and nobody is asked for one: whatever needs it is an error.

    Raises:
        InvalidValue: the currency is not one.
    """

    operation = Operation.ZERO
    currency: str = field()

    def __post_init__(self) -> None:
        minor_digits(self.currency)

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:  # noqa: ARG002
        """Nothing ever.

        Raises:
            MissingValue: always.
        """
        raise MissingValue("amount", self.where(clause))

    def where(self, clause: Clause | None) -> str:
        """Where the amount is missing."""
        return f"in the source{f' ({clause.id})' if clause else ''}: it is left open there"


@dataclass(frozen=True, slots=True)
class PerUnit(Rule):
    """``rate`` for each ``per`` units of ``quantity``; parts count in proportion.

    Raises:
        InvalidValue: the rate is negative, or ``per`` is not above 0 or a float.
    """

    operation = Operation.PER_UNIT
    quantity: Measure
    rate: Money
    _: KW_ONLY
    per: Ratio = 1

    def __post_init__(self) -> None:
        check_kind("quantity", self.quantity, Measure, "measure")
        _check_amount("rate", self.rate)
        object.__setattr__(self, "per", simplest(positive("per", self.per)))

    @property
    def currency(self) -> str:
        """That of the rate."""
        return self.rate.currency

    @property
    def whole(self) -> bool:
        """Whether the quantity is, and each unit costs a whole number of minor units."""
        return self.quantity.whole and (self.rate.minor / Fraction(self.per)).denominator == 1

    @property
    def most(self) -> Fraction | None:
        """What as much as there can be would cost."""
        if not self.rate:
            return Fraction()
        most = self.quantity.most
        return None if most is None else most * self.rate.minor / Fraction(self.per)

    def _parts(self) -> tuple[Expression, ...]:
        return (self.quantity,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        rate = ("rate", self.rate)
        return (rate,) if self.per == 1 else (rate, ("per", Fraction(self.per)))


@dataclass(frozen=True, slots=True)
class Percent(Rule):
    """``ratio`` of what ``base`` gives.

    Raises:
        InvalidValue: the ratio is negative or a float.
    """

    operation = Operation.PERCENT
    base: Rule
    ratio: Ratio

    def __post_init__(self) -> None:
        check_kind("base", self.base, Rule, "rule")
        object.__setattr__(self, "ratio", _ratio("ratio", self.ratio))

    @property
    def whole(self) -> bool:
        """Whether the base is, and the ratio is a whole number."""
        return self.base.whole and Fraction(self.ratio).denominator == 1

    @property
    def most(self) -> Fraction | None:
        """That ratio of the most the base can be."""
        most = self.base.most
        return None if most is None else most * Fraction(self.ratio)

    def _parts(self) -> tuple[Expression, ...]:
        return (self.base,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("ratio", Fraction(self.ratio)),)


@dataclass(frozen=True, slots=True)
class Given(Rule):
    """An amount that no rule gives: a person decides it, and it comes as the fact called ``name``.

    Raises:
        InvalidValue: the currency is not one, or the name is no name of a fact.
    """

    operation = Operation.GIVEN
    name: str
    currency: str = field()

    def __post_init__(self) -> None:
        check_name("name", self.name)
        minor_digits(self.currency)

    def _reads(self) -> tuple[Read, ...]:
        return ((self.name, FactKind.AMOUNT, 1),)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        money = facts.amount(self.name)
        if money.currency != self.currency:
            raise CurrencyMismatch(self.currency, money.currency)
        return ((self.name, money),)


# --- by how much there is ----------------------------------------------------------------------------


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
                _check_amount(name, limit)
            else:
                object.__setattr__(self, name, _ratio(name, limit))
        if isinstance(self.rate, Money):
            _check_amount("rate", self.rate)
        else:
            object.__setattr__(self, "rate", _ratio("rate", self.rate))
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
            _check_amount("steps", money)
            made.append((_ratio("steps", threshold), money))
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
        object.__setattr__(self, "ratio", _ratio("ratio", self.ratio))
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


# --- by what is so -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class When(Rule):
    """``rule`` if the fact called ``flag`` is true, else ``otherwise``; the other one is not looked at.

    Raises:
        CurrencyMismatch: the two are of different currencies.
        InvalidValue: the flag is no name of a fact.
    """

    operation = Operation.WHEN
    flag: str
    rule: Rule
    _: KW_ONLY
    otherwise: Rule

    def __post_init__(self) -> None:
        check_name("flag", self.flag)
        self._check_parts()

    @property
    def most(self) -> Fraction | None:
        """The more of the two."""
        return _greatest((self.rule.most, self.otherwise.most))

    @property
    def least_set(self) -> Fraction | None:
        """The lowest floor of those that may apply, if all have one."""
        return _lowest_floor((self.rule, self.otherwise))

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule, self.otherwise)

    def _reads(self) -> tuple[Read, ...]:
        return ((self.flag, FactKind.FLAG, 0),)

    def _taken(self, facts: Facts) -> tuple[Expression, ...]:
        return (self.rule if facts.flag(self.flag) else self.otherwise,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return ((self.flag, facts.flag(self.flag)),)


@dataclass(frozen=True, slots=True)
class Choose(Rule):
    """The rule of the case that the fact called ``word`` names; the others are not looked at.

    Raises:
        InvalidValue: there is no case, a word stands twice or is empty, or the name is no name of a fact.
        CurrencyMismatch: the cases are of different currencies.
    """

    operation = Operation.CHOOSE
    word: str
    cases: tuple[tuple[str, Rule], ...]

    def __post_init__(self) -> None:
        check_name("word", self.word)
        object.__setattr__(self, "cases", tuple((word, rule) for word, rule in self.cases))
        words = [word for word, _ in self.cases]
        named = all(isinstance(word, str) and word for word in words)
        if not words or not named or len(set(words)) < len(words):
            raise InvalidValue("cases", words, "at least one case, each with a word of its own")
        self._check_parts()

    @property
    def most(self) -> Fraction | None:
        """The most of any case."""
        return _greatest([rule.most for _, rule in self.cases])

    @property
    def least_set(self) -> Fraction | None:
        """The lowest floor of those that may apply, if all have one."""
        return _lowest_floor([rule for _, rule in self.cases])

    def _parts(self) -> tuple[Expression, ...]:
        return tuple(rule for _, rule in self.cases)

    def _reads(self) -> tuple[Read, ...]:
        return ((self.word, FactKind.WORD, 0),)

    def _taken(self, facts: Facts) -> tuple[Expression, ...]:
        found = facts.word(self.word)
        for word, rule in self.cases:
            if word == found:
                return (rule,)
        raise MissingValue("rule", self.unknown(found))

    def unknown(self, word: str) -> str:
        """Where the rule is missing, if ``word`` has no case."""
        known = ", ".join(word for word, _ in self.cases)
        return f"for {self.word} = {word!r}; there is one for {known}"

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return ((self.word, facts.word(self.word)),)


@dataclass(frozen=True, slots=True)
class Special(Rule):
    """``rule``, unless a special one applies: each of ``cases`` does where its flag is true.

    Where several apply they must come to the same: their order has no say.

    Raises:
        InvalidValue: there is no case, a flag stands twice or is no name of a fact.
        CurrencyMismatch: they are of different currencies.
    """

    operation = Operation.SPECIAL
    rule: Rule
    cases: tuple[tuple[str, Rule], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "cases", tuple((flag, rule) for flag, rule in self.cases))
        flags = [flag for flag, _ in self.cases]
        if not flags or len(set(flags)) < len(flags):
            raise InvalidValue("cases", flags, "at least one case, each with a flag of its own")
        for flag in flags:
            check_name("flag", flag)
        self._check_parts()

    @property
    def most(self) -> Fraction | None:
        """The most of any of them."""
        return _greatest([self.rule.most, *(rule.most for _, rule in self.cases)])

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """The special rules that apply, or the general one.

        Raises:
            ConflictingRules: those that apply disagree.
        """
        parts = tuple(part.derive(facts, clause) for part in self._taken(facts))
        if len({part.exact for part in parts}) > 1:
            raise ConflictingRules(tuple(flag for flag, _ in self.cases if facts.flag(flag)))
        inputs = self._inputs(facts)
        return Step.taken(self.operation, self.currency, clause, inputs, parts)

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule, *(rule for _, rule in self.cases))

    def _reads(self) -> tuple[Read, ...]:
        return tuple((flag, FactKind.FLAG, 0) for flag, _ in self.cases)

    def _taken(self, facts: Facts) -> tuple[Expression, ...]:
        return tuple(rule for flag, rule in self.cases if facts.flag(flag)) or (self.rule,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        applying = ", ".join(flag for flag, _ in self.cases if facts.flag(flag))
        return (("because", applying),) if applying else ()


# --- by when -----------------------------------------------------------------------------------------


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
        return _greatest([rule.most for _, rule in self.versions])

    @property
    def least_set(self) -> Fraction | None:
        """The lowest floor of those that may apply, if all have one."""
        return _lowest_floor([rule for _, rule in self.versions])

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


# --- combinators -------------------------------------------------------------------------------------


class _Several(Rule):
    """Rules of one currency, taken together; at least one."""

    __slots__ = ()
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        if not self.rules:
            raise InvalidValue("rules", self.rules, "at least one rule; nothing owed is Zero")
        self._check_parts()

    def _parts(self) -> tuple[Expression, ...]:
        return self.rules


@dataclass(frozen=True, slots=True)
class Sum(_Several):
    """All of ``rules`` together.

    Raises:
        InvalidValue: there is none; nothing owed is ``Zero``.
        CurrencyMismatch: they are of different currencies.
    """

    operation = Operation.SUM
    rules: tuple[Rule, ...]

    @property
    def most(self) -> Fraction | None:
        """The sum of what they are at the most."""
        known = [most for rule in self.rules if (most := rule.most) is not None]
        return sum(known, Fraction()) if len(known) == len(self.rules) else None

    @property
    def least_set(self) -> Fraction | None:
        """The floors of them all together; who has none is at least nothing."""
        known = [floor for rule in self.rules if (floor := rule.least_set) is not None]
        return sum(known, Fraction()) if known else None


@dataclass(frozen=True, slots=True)
class MaxOf(_Several):
    """The most of ``rules``.

    Raises:
        InvalidValue: there is none.
        CurrencyMismatch: they are of different currencies.
    """

    operation = Operation.MAX_OF
    rules: tuple[Rule, ...]

    @property
    def most(self) -> Fraction | None:
        """The most of any."""
        return _greatest([rule.most for rule in self.rules])

    @property
    def least_set(self) -> Fraction | None:
        """The highest floor of any."""
        return max((floor for rule in self.rules if (floor := rule.least_set) is not None), default=None)


@dataclass(frozen=True, slots=True)
class MinOf(_Several):
    """The least of ``rules``.

    Raises:
        InvalidValue: there is none.
        CurrencyMismatch: they are of different currencies.
    """

    operation = Operation.MIN_OF
    rules: tuple[Rule, ...]

    @property
    def most(self) -> Fraction | None:
        """The least of those that are known."""
        return _least(rule.most for rule in self.rules)


class _Limited(Rule):
    """A rule and its limit, of one currency."""

    __slots__ = ()
    rule: Rule
    limit: Rule

    @property
    def currency(self) -> str:
        """That of the rule."""
        return self.rule.currency

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule, self.limit)


@dataclass(frozen=True, slots=True)
class Cap(_Limited):
    """``rule``, but at most ``limit``, which is a rule itself: ``Cap(fine, Given("item_price", "CNY"))``.

    Raises:
        CurrencyMismatch: the two are of different currencies.
        InvalidValue: the limit lies below a floor of the rule, whatever the facts.
    """

    operation = Operation.CAP
    rule: Rule
    limit: Rule

    def __post_init__(self) -> None:
        self._check_parts()
        most, floor = self.limit.most, self.rule.least_set
        if most is not None and floor is not None and most < floor:
            raise InvalidValue(
                "limit", self.limit.bound, f"a cap of at least the floor, {_money(floor, self)}"
            )

    @property
    def most(self) -> Fraction | None:
        """The less of the two, as far as they are known."""
        return _least(each.most for each in (self.rule, self.limit))

    @property
    def least_set(self) -> Fraction | None:
        """The floor below the cap still holds."""
        return self.rule.least_set


@dataclass(frozen=True, slots=True)
class Floor(_Limited):
    """``rule``, but at least ``limit``, which is a rule itself.

    Raises:
        CurrencyMismatch: the two are of different currencies.
        InvalidValue: the limit is a fixed amount that lies above what the rule can ever be.
    """

    operation = Operation.FLOOR
    rule: Rule
    limit: Rule

    def __post_init__(self) -> None:
        self._check_parts()
        most, floor = self.rule.most, _fixed(self.limit)
        if (
            isinstance(_bare(self.rule), (Cap, MinOf))
            and most is not None
            and floor is not None
            and floor > most
        ):
            raise InvalidValue("limit", _money(floor, self), f"a floor of at most the cap, {self.rule.bound}")

    @property
    def most(self) -> Fraction | None:
        """The more of the two."""
        return _greatest((self.rule.most, self.limit.most))

    @property
    def least_set(self) -> Fraction | None:
        """The higher of the limit, where it is a fixed amount, and a floor further in."""
        known = [each for each in (_fixed(self.limit), self.rule.least_set) if each is not None]
        return max(known, default=None)


def _bare(rule: Rule) -> Rule:
    """The rule without what only cites or rounds it, or floors it once more."""
    while isinstance(rule, (Under, Rounded, Floor)):
        rule = rule.rule
    return rule


def _fixed(rule: Rule) -> Fraction | None:
    """The amount of a rule that is always the same, however it is cited and rounded."""
    match rule:
        case Flat(money=money):
            return Fraction(money.minor)
        case Under(rule=inner):
            return _fixed(inner)
        case Rounded(rule=inner, mode=mode, step=step) if (amount := _fixed(inner)) is not None:
            return Fraction(mode.whole(amount / step) * step)
        case _:
            return None


def _money(minor: Fraction, rule: Rule) -> Money:
    return Money.of_minor(int(minor), rule.currency)


@dataclass(frozen=True, slots=True)
class Less(Rule):
    """``rule`` less ``deduction``; nothing where that is more.

    Raises:
        CurrencyMismatch: the two are of different currencies.
    """

    operation = Operation.LESS
    rule: Rule
    deduction: Rule

    def __post_init__(self) -> None:
        self._check_parts()

    @property
    def most(self) -> Fraction | None:
        """What the rule is at the most."""
        return self.rule.most

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule, self.deduction)

    def _signs(self) -> tuple[int, ...]:
        return (1, -1)


@dataclass(frozen=True, slots=True)
class Scale(Rule):
    """``rule`` times the quantity ``by``: for each volume, for each day, for each part of a year."""

    operation = Operation.SCALE
    rule: Rule
    by: Measure

    def __post_init__(self) -> None:
        check_kind("rule", self.rule, Rule, "rule")
        check_kind("by", self.by, Measure, "measure")

    @property
    def most(self) -> Fraction | None:
        """The most of the rule times the most of the quantity."""
        most, by = self.rule.most, self.by.most
        return None if most is None or by is None else most * by

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule, self.by)


@dataclass(frozen=True, slots=True)
class Under(Rule):
    """``rule``, as ``clause`` says it: every step below cites it, unless it stands under another one.

    It is no step of its own, and changes no amount.
    """

    clause: Clause
    rule: Rule

    def __post_init__(self) -> None:
        if not isinstance(self.clause, Clause):
            raise InvalidValue("clause", self.clause, "a Clause")
        check_kind("rule", self.rule, Rule, "rule")

    @property
    def operation(self) -> Operation:
        """That of the rule."""
        return self.rule.operation

    @property
    def most(self) -> Fraction | None:
        """That of the rule."""
        return self.rule.most

    @property
    def least_set(self) -> Fraction | None:
        """That of the rule."""
        return self.rule.least_set

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:  # noqa: ARG002
        """What the rule gives on ``facts``, every step under this clause or one further in."""
        return self.rule.derive(facts, self.clause)

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule,)


@dataclass(frozen=True, slots=True)
class Rounded(Rule):
    """``rule``, rounded to a multiple of ``step`` minor units.

    It belongs around the whole; further in only where the source says so.

    Raises:
        InvalidValue: ``step`` is not a whole number of at least 1.
    """

    operation = Operation.ROUNDED
    rule: Rule
    mode: Rounding
    _: KW_ONLY
    step: int = 1

    def __post_init__(self) -> None:
        check_kind("rule", self.rule, Rule, "rule")
        check_member("mode", self.mode, Rounding)
        if type(self.step) is not int or self.step < 1:
            raise InvalidValue("step", self.step, "a whole number of minor units, at least 1")

    @property
    def whole(self) -> bool:
        """It is, by its rounding."""
        return True

    @property
    def most(self) -> Fraction | None:
        """The most of the rule, rounded."""
        most = self.rule.most
        return None if most is None else Fraction(self.mode.whole(most / self.step) * self.step)

    @property
    def least_set(self) -> Fraction | None:
        """The floor of the rule, rounded."""
        least = self.rule.least_set
        return None if least is None else Fraction(self.mode.whole(least / self.step) * self.step)

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("mode", self.mode.value), ("step", self.step))


# --- what adds up ------------------------------------------------------------------------------------


def adds_up(rule: Rule, after: str, through: str) -> bool:
    """Whether the days in ``(after, through]``, cut in two anywhere, cost in parts what they cost whole.

    So does a rate for each day; a cap, a grace, brackets, begun periods or a flat amount do not: within
    ``Segmented`` and ``OverBalance`` they hold for each stretch anew.
    """
    return _shape(rule, frozenset((after, through))) in {_ADDS, _NOTHING}


_FREE, _ADDS, _NOTHING, _OTHER = "free of the span", "adds up", "always nothing", "neither"


def _shape(expression: Expression, span: frozenset[str]) -> str:
    """How an expression goes with the days of the span."""
    parts = [_shape(part, span) for part in expression.parts]
    match expression:
        case Zero() | Gap():
            return _NOTHING
        case Months():
            return _OTHER if span & {expression.after, expression.through} else _FREE
        case Between():
            ends = {expression.after, expression.through}
            return _ADDS if ends == span else (_OTHER if span & ends else _FREE)
        case Scale() | Pair(operation=Operation.TIMES):
            if _NOTHING in parts:
                return _NOTHING
            return _ADDS if sorted(parts) == sorted((_ADDS, _FREE)) else _alike(parts, {_FREE})
        case PerUnit() | Percent() | Converted() | Under():
            return parts[0]
        case Sum() | Pair(operation=Operation.PLUS) | When() | Choose() | Special() | AsOf():
            anchored = isinstance(expression, AsOf) and expression.anchor in span
            return _OTHER if anchored else _alike(parts, {_ADDS, _NOTHING}, {_FREE, _NOTHING})
        case Segmented() | OverBalance() if span == {expression.after, expression.through}:
            return _alike(parts, {_ADDS, _NOTHING})
        case _:
            return _alike(parts, {_FREE, _NOTHING})


def _alike(parts: Sequence[str], *shapes: set[str]) -> str:
    """The first of each set of shapes, if all parts are of that set."""
    if set(parts) == {_NOTHING}:
        return _NOTHING
    for shape in (_ADDS, _FREE):
        if any(shape in each and set(parts) <= each for each in shapes):
            return shape
    return _OTHER


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
