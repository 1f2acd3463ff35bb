"""Rules: immutable expressions that say what is owed, in terms of facts.

1. Arithmetic is exact to the end. Amounts become money once; a rule whose amounts may lie between
   two minor units must say how they are rounded, by a ``Rounded`` around it.
2. A rule is of one currency, known without any facts; two do not meet in one rule.
3. Nothing is negative. No cap is no ``Cap``, never a cap of 0.
4. A limit is a rule itself: "at most the item's price" is ``Cap(rule, Given("item_price", "CNY"))``.
5. What a rule does not say is an error where it is needed, never 0: a day before its first version,
   a word without a case, an amount that the source left open.

It is long because it holds every form that does not go by how much or by when, each beside its like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal
from fractions import Fraction

from servflow.core.citations import Clause
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees.charges import Charge, Input, Operation, Step
from servflow.core.fees.expressions import Constant, Expression, Read, check_kind
from servflow.core.fees.facts import (
    FactKind,
    Facts,
    check_member,
    check_name,
    exact,
    simplest,
)
from servflow.core.fees.measures import (
    Fixed,
    Measure,
    positive,
)
from servflow.core.money import Money, Rounding, minor_digits

__all__ = [
    "Cap",
    "Choose",
    "Flat",
    "Floor",
    "Gap",
    "Given",
    "Less",
    "MaxOf",
    "MinOf",
    "PerUnit",
    "Percent",
    "Ratio",
    "Rounded",
    "Rule",
    "Scale",
    "Special",
    "Sum",
    "Under",
    "When",
    "Zero",
    "check_amount",
    "evaluate",
    "exact_ratio",
    "greatest",
    "lowest_floor",
]

Ratio = int | Fraction | Decimal
"""An exact ratio: ``Fraction(3, 1000)`` or ``Decimal("0.003")`` is 0.3 %."""


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


def check_amount(name: str, money: Money) -> None:
    """Refuse what is no amount of 0 or more.

    Raises:
        InvalidValue: it is none.
    """
    if not isinstance(money, Money) or money.minor < 0:
        raise InvalidValue(name, money, "an amount of money, 0 or more; credits are not charges")


def exact_ratio(name: str, ratio: object) -> int | Fraction:
    """A ratio of 0 or more, exactly.

    Raises:
        InvalidValue: it is negative or a float.
    """
    return simplest(exact(name, ratio, "an int, a Fraction or a Decimal, 0 or more; never a float"))


def _least(amounts: Iterator[Fraction | None]) -> Fraction | None:
    return min((each for each in amounts if each is not None), default=None)


def greatest(amounts: Sequence[Fraction | None]) -> Fraction | None:
    """The most of all, if all are known."""
    return None if None in amounts else max(each for each in amounts if each is not None)


def lowest_floor(rules: Sequence[Rule]) -> Fraction | None:
    """The lowest floor of several rules of which one applies, if all have one."""
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
        check_amount("money", self.money)

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
        check_amount("rate", self.rate)
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
        object.__setattr__(self, "ratio", exact_ratio("ratio", self.ratio))

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
        return greatest((self.rule.most, self.otherwise.most))

    @property
    def least_set(self) -> Fraction | None:
        """The lowest floor of those that may apply, if all have one."""
        return lowest_floor((self.rule, self.otherwise))

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
        return greatest([rule.most for _, rule in self.cases])

    @property
    def least_set(self) -> Fraction | None:
        """The lowest floor of those that may apply, if all have one."""
        return lowest_floor([rule for _, rule in self.cases])

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
        return greatest([self.rule.most, *(rule.most for _, rule in self.cases)])

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
        return greatest([rule.most for rule in self.rules])

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
        return greatest((self.rule.most, self.limit.most))

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
