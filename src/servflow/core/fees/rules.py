"""Rules: immutable expressions that say what is owed, in terms of facts.

1. Arithmetic is exact to the end. Amounts become money once; a rule whose amounts may lie between
   two minor units must say how they are rounded, by a ``Rounded`` around it.
2. A rule is of one currency, known without any facts; two do not meet in one rule.
3. Nothing is negative. No cap is no ``Cap``, never a cap of 0.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees.charges import Charge, Input, Operation, Step
from servflow.core.fees.measures import Expression, Facts, Measure
from servflow.core.money import Money, Rounding, minor_digits

__all__ = ["Cap", "Flat", "Given", "PerUnit", "Rounded", "Rule", "Sum", "Under", "When", "Zero", "evaluate"]


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

    def _check_parts(self) -> None:
        for part in self._parts():
            if part.unit != self.currency:
                raise CurrencyMismatch(self.currency, part.unit)


def evaluate(rule: Rule, facts: Facts) -> Charge:
    """What ``rule`` charges on ``facts``: the same rule and facts give the same charge for ever.

    Raises:
        InvalidValue: amounts of the rule may lie between two minor units, and it is not ``Rounded``.
        MissingValue: a fact it needs was not given.
        CurrencyMismatch: an amount given is of another currency than the rule.
    """
    if not rule.whole:
        raise InvalidValue("rule", rule, "a Rounded around a rule that gives parts of a minor unit")
    return Charge(rule.derive(facts))


def _check_amount(name: str, money: Money) -> None:
    if money.minor < 0:
        raise InvalidValue(name, money, "an amount of 0 or more; credits are not charges")


@dataclass(frozen=True, slots=True)
class Zero(Rule):
    """Nothing is owed.

    Raises:
        InvalidValue: the currency is not one.
    """

    operation = Operation.ZERO
    currency: str = field()  # field(): the base's property is no default

    def __post_init__(self) -> None:
        minor_digits(self.currency)


@dataclass(frozen=True, slots=True)
class Flat(Rule):
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

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("money", self.money),)


@dataclass(frozen=True, slots=True)
class PerUnit(Rule):
    """``rate`` for each unit of ``quantity``; parts of a unit count in proportion.

    Raises:
        InvalidValue: the rate is negative.
    """

    operation = Operation.PER_UNIT
    quantity: Measure
    rate: Money

    def __post_init__(self) -> None:
        _check_amount("rate", self.rate)

    @property
    def currency(self) -> str:
        """That of the rate."""
        return self.rate.currency

    def _parts(self) -> tuple[Expression, ...]:
        return (self.quantity,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("rate", self.rate),)


@dataclass(frozen=True, slots=True)
class Given(Rule):
    """An amount that no rule gives: a person decides it, and it comes as the fact called ``name``.

    Raises:
        InvalidValue: the currency is not one.
    """

    operation = Operation.GIVEN
    name: str
    currency: str = field()

    def __post_init__(self) -> None:
        minor_digits(self.currency)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        money = facts.amount(self.name)
        if money.currency != self.currency:
            raise CurrencyMismatch(self.currency, money.currency)
        return ((self.name, money),)


@dataclass(frozen=True, slots=True)
class When(Rule):
    """``rule`` if the fact called ``flag`` is true, else ``otherwise``; the other one is not looked at.

    Raises:
        CurrencyMismatch: the two are of different currencies.
    """

    operation = Operation.WHEN
    flag: str
    rule: Rule
    _: KW_ONLY
    otherwise: Rule

    def __post_init__(self) -> None:
        self._check_parts()

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule, self.otherwise)

    def _taken(self, facts: Facts) -> tuple[Expression, ...]:
        return (self.rule if facts.flag(self.flag) else self.otherwise,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:
        return ((self.flag, facts.flag(self.flag)),)


@dataclass(frozen=True, slots=True)
class Sum(Rule):
    """All of ``rules`` together.

    Raises:
        InvalidValue: there is none; nothing owed is ``Zero``.
        CurrencyMismatch: they are of different currencies.
    """

    operation = Operation.SUM
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        if not self.rules:
            raise InvalidValue("rules", self.rules, "at least one rule; nothing owed is Zero")
        self._check_parts()

    def _parts(self) -> tuple[Expression, ...]:
        return self.rules


@dataclass(frozen=True, slots=True)
class Cap(Rule):
    """``rule``, but at most ``limit``, which is a rule itself: ``Cap(fine, Given("item_price", "CNY"))``.

    Raises:
        CurrencyMismatch: the two are of different currencies.
    """

    operation = Operation.CAP
    rule: Rule
    limit: Rule

    def __post_init__(self) -> None:
        self._check_parts()

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule, self.limit)


@dataclass(frozen=True, slots=True)
class Under(Rule):
    """``rule``, as ``clause`` says it: every step below cites it, unless it stands under another one.

    It is no step of its own, and changes no amount.
    """

    clause: Clause
    rule: Rule

    @property
    def operation(self) -> Operation:
        """That of the rule."""
        return self.rule.operation

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
        if type(self.step) is not int or self.step < 1:
            raise InvalidValue("step", self.step, "a whole number of minor units, at least 1")

    @property
    def whole(self) -> bool:
        """It is, by its rounding."""
        return True

    def _parts(self) -> tuple[Expression, ...]:
        return (self.rule,)

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return (("mode", self.mode.value), ("step", self.step))
