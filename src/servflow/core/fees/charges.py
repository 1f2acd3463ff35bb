"""Charges: an amount together with every step that led to it.

1. A step names its operation, the plain values it read, and the steps it stands on. Its exact value
   follows from those alone, so that a stored derivation replays without the rule that made it.
2. Amounts count minor units (分), exactly. They become money once, at the root of a charge.
3. The values of ``Operation`` are stored data: never renamed, never given another meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import Enum
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from servflow.core.citations import Clause, Plain
from servflow.core.dates import EndOfMonth, months_between
from servflow.core.errors import InvalidValue
from servflow.core.fees.daycounts import DayCountConvention
from servflow.core.money import Money, Rounding, minor_digits

__all__ = [
    "MOST_PERIODS",
    "Charge",
    "Counting",
    "Input",
    "Operation",
    "Reach",
    "Step",
    "growth",
    "replay",
]

Input = Plain | Fraction
"""What a step may have read."""


class Operation(Enum):
    """What a step does with its inputs and parts; text in a language is made from this code."""

    FIXED = "fixed"
    COUNT = "count"
    QUANTITY = "quantity"
    DAYS = "days"
    OPEN_DAYS = "open_days"
    MINUTES = "minutes"
    OPEN_MINUTES = "open_minutes"
    MONTHS = "months"
    YEARS = "years"
    PLUS = "plus"
    TIMES = "times"
    DEDUCT = "deduct"
    CLIFF = "cliff"
    AT_MOST = "at_most"
    PERIODS = "periods"
    CONVERTED = "converted"
    ROUNDED_QUANTITY = "rounded_quantity"
    ZERO = "zero"
    FLAT = "flat"
    PER_UNIT = "per_unit"
    PERCENT = "percent"
    GIVEN = "given"
    TIERED = "tiered"
    BRACKET = "bracket"
    VOLUME = "volume"
    LADDER = "ladder"
    COMPOUND = "compound"
    WHEN = "when"
    CHOOSE = "choose"
    SPECIAL = "special"
    AS_OF = "as_of"
    SEGMENTED = "segmented"
    OVER_BALANCE = "over_balance"
    SUM = "sum"
    MAX_OF = "max_of"
    MIN_OF = "min_of"
    CAP = "cap"
    FLOOR = "floor"
    SCALE = "scale"
    LESS = "less"
    ROUNDED = "rounded"


class Counting(Enum):
    """Which periods count: those that began, or those that were completed. Stored data."""

    START = "start"
    END = "end"


class Reach(Enum):
    """When a step of a ladder is reached: from its threshold on, or only above it. Stored data."""

    FROM = "from"
    ABOVE = "above"

    def reached(self, quantity: Fraction | int, threshold: Fraction | int) -> bool:
        """Whether ``quantity`` reaches a step that stands at ``threshold``."""
        return quantity >= threshold if self is Reach.FROM else quantity > threshold


# --- the arithmetic, the only place where it is written down operation by operation ------------------


class _Form(NamedTuple):
    """What an operation takes: inputs of these types, so many parts (None: any); and what it does."""

    inputs: tuple[type, ...]
    parts: int | None
    work: Callable[..., Fraction]


_NOTHING: Final = Fraction()
_MINUTE: Final = timedelta(minutes=1) // timedelta(microseconds=1)


def _all(*parts: Fraction) -> Fraction:
    return sum(parts, _NOTHING)


def _some(one: Fraction, *others: Fraction) -> Fraction:
    return sum(others, one)


def _same(quantity: Fraction) -> Fraction:
    return quantity


def _plain(value: Money | Fraction) -> Fraction:
    return Fraction(value.minor) if isinstance(value, Money) else value


def _per_unit(rate: Money, quantity: Fraction) -> Fraction:
    if quantity.denominator == 1:
        return Fraction(rate.minor * quantity.numerator)  # a third of the time, and nearly always so
    return rate.minor * quantity


def _minutes(after: datetime, through: datetime) -> Fraction:
    return max(Fraction((through - after) // timedelta(microseconds=1), _MINUTE), _NOTHING)


def _months(after: date, through: date, mode: str, end_of_month: str) -> Fraction:
    whole, rest = months_between(after, through, EndOfMonth(end_of_month))
    return Fraction(whole + (rest and Rounding(mode) is Rounding.UP))


def _years(after: date, through: date, convention: str) -> Fraction:
    return DayCountConvention(convention).years(after, through)


def _periods(length: Fraction, counting: str, quantity: Fraction) -> Fraction:
    return Fraction(ceil(quantity / length) if Counting(counting) is Counting.START else quantity // length)


def _rounded(mode: str, step: Fraction, amount: Fraction) -> Fraction:
    if step <= 0:
        raise ValueError
    return Fraction(Rounding(mode).whole(amount / step) * step)


def _bracket(
    after: Any, upto: Any, rate: Any, per: Fraction, quantity: Fraction, start: Fraction = _NOTHING
) -> Fraction:
    """What lies in ``(after, upto]`` of ``(start, start + quantity]``, at the rate."""
    begins, ends = max(start, _plain(after)), min(start + quantity, _plain(upto))
    return max(ends - begins, _NOTHING) * _plain(rate) / per


def _last_bracket(
    after: Any, rate: Any, per: Fraction, quantity: Fraction, start: Fraction = _NOTHING
) -> Fraction:
    return _bracket(after, start + quantity, rate, per, quantity, start)


def _volume(after: Any, upto: Any, rate: Any, per: Fraction, quantity: Fraction) -> Fraction:
    if not _plain(after) <= quantity <= _plain(upto):
        raise ValueError
    return _last_volume(after, rate, per, quantity)


def _last_volume(after: Any, rate: Any, per: Fraction, quantity: Fraction) -> Fraction:
    if _plain(after) > quantity:
        raise ValueError
    return quantity * _plain(rate) / per


def _ladder(reach: str, threshold: Fraction, amount: Money, quantity: Fraction) -> Fraction:
    if not Reach(reach).reached(quantity, threshold):
        raise ValueError
    return Fraction(amount.minor)


MOST_PERIODS: Final = 10_000
"""How often something may be compounded: 27 years of days. The digits grow with every period."""


def growth(ratio: Fraction, periods: int) -> Fraction:
    """What 1 grows by in so many periods if ``ratio`` is added each time.

    Raises:
        InvalidValue: there are more than ``MOST_PERIODS``.
    """
    if periods > MOST_PERIODS:
        raise InvalidValue("periods", periods, f"at most {MOST_PERIODS} of them to compound over")
    return (1 + ratio) ** periods - 1


def _compound(ratio: Fraction, base: Fraction, periods: Fraction) -> Fraction:
    if periods.denominator != 1:
        raise ValueError
    return base * growth(ratio, periods.numerator)


def _agreed(*parts: Fraction) -> Fraction:
    if len(set(parts)) != 1:
        raise ValueError
    return parts[0]


_SPAN: Final = (date, date)
_FORMS: Final[Mapping[Operation, tuple[_Form, ...]]] = MappingProxyType(
    {
        Operation.FIXED: (_Form((Fraction,), 0, _same),),
        Operation.COUNT: (_Form((int,), 0, Fraction),),
        Operation.QUANTITY: (_Form((Fraction,), 0, _same),),
        Operation.DAYS: (_Form(_SPAN, 0, lambda after, through: Fraction(max(0, (through - after).days))),),
        Operation.OPEN_DAYS: (_Form((*_SPAN, int), 0, lambda _, __, number: Fraction(number)),),
        Operation.MINUTES: (_Form((datetime, datetime), 0, _minutes),),
        Operation.OPEN_MINUTES: (_Form((datetime, datetime, Fraction), 0, lambda _, __, number: number),),
        Operation.MONTHS: (_Form((*_SPAN, str, str), 0, _months),),
        Operation.YEARS: (_Form((*_SPAN, str), 0, _years),),
        Operation.PLUS: (_Form((), None, _some),),
        Operation.TIMES: (_Form((), 2, lambda one, other: one * other),),
        Operation.DEDUCT: (_Form((), 2, lambda quantity, grace: max(quantity - grace, _NOTHING)),),
        Operation.CLIFF: (_Form((), 2, lambda quantity, grace: quantity if quantity > grace else _NOTHING),),
        Operation.AT_MOST: (_Form((), 2, min),),
        Operation.PERIODS: (_Form((Fraction, str), 1, _periods),),
        Operation.CONVERTED: (_Form((Fraction,), 1, lambda ratio, quantity: ratio * quantity),),
        Operation.ROUNDED_QUANTITY: (_Form((str, Fraction), 1, _rounded),),
        Operation.ZERO: (_Form((), 0, Fraction),),
        Operation.FLAT: (_Form((Money,), 0, _plain),),
        Operation.PER_UNIT: (
            _Form((Money,), 1, _per_unit),
            _Form((Money, Fraction), 1, lambda rate, per, quantity: rate.minor * quantity / per),
        ),
        Operation.PERCENT: (_Form((Fraction,), 1, lambda ratio, base: base * ratio),),
        Operation.GIVEN: (_Form((Money,), 0, _plain),),
        Operation.TIERED: (_Form((), None, _some),),
        Operation.BRACKET: (
            _Form((Fraction, Fraction, Money, Fraction), None, _bracket),
            _Form((Fraction, Money, Fraction), None, _last_bracket),
            _Form((Money, Money, Fraction, Fraction), None, _bracket),
            _Form((Money, Fraction, Fraction), None, _last_bracket),
        ),
        Operation.VOLUME: (
            _Form((Fraction, Fraction, Money, Fraction), 1, _volume),
            _Form((Fraction, Money, Fraction), 1, _last_volume),
            _Form((Money, Money, Fraction, Fraction), 1, _volume),
            _Form((Money, Fraction, Fraction), 1, _last_volume),
        ),
        Operation.LADDER: (
            _Form((), 1, lambda _: _NOTHING),
            _Form((str, Fraction, Money), 1, _ladder),
        ),
        Operation.COMPOUND: (_Form((Fraction,), 2, _compound),),
        Operation.WHEN: (_Form((bool,), 1, lambda _, chosen: chosen),),
        Operation.CHOOSE: (_Form((str,), 1, lambda _, chosen: chosen),),
        Operation.SPECIAL: (_Form((), None, _agreed), _Form((str,), None, lambda _, *parts: _agreed(*parts))),
        Operation.AS_OF: (
            _Form((date,), 1, lambda _, chosen: chosen),
            _Form(_SPAN, 1, lambda _, __, chosen: chosen),
        ),
        Operation.SEGMENTED: (_Form((), None, _all),),
        Operation.OVER_BALANCE: (_Form((str,), None, lambda _, *parts: _all(*parts)),),
        Operation.SUM: (_Form((), None, _some),),
        Operation.MAX_OF: (_Form((), None, lambda *parts: max(parts)),),
        Operation.MIN_OF: (_Form((), None, lambda *parts: min(parts)),),
        Operation.CAP: (_Form((), 2, min),),
        Operation.FLOOR: (_Form((), 2, max),),
        Operation.SCALE: (_Form((), 2, lambda amount, by: amount * by),),
        Operation.LESS: (_Form((), 2, lambda amount, taken: max(amount - taken, _NOTHING)),),
        Operation.ROUNDED: (_Form((str, int), 1, _rounded),),
    }
)


_BY_CODE: Final = MappingProxyType({operation.value: forms for operation, forms in _FORMS.items()})
"""The same by code: an enum's hash is slow, and this is asked for every step."""


def _calculate(
    operation: Operation, inputs: tuple[tuple[str, Input], ...], parts: Sequence[Fraction]
) -> Fraction:
    values = [value for _, value in inputs]
    kinds = tuple([type(value) for value in values])
    for takes, count, work in _BY_CODE[operation._value_]:  # value, without a call
        if kinds == takes and (count is None or count == len(parts)):
            try:
                return work(*values, *parts)
            except InvalidValue:
                raise
            except (TypeError, ValueError, ArithmeticError):
                break
    found = f"{inputs!r} and {len(parts)} parts"
    raise InvalidValue(operation.value, found, "the inputs and parts of this operation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a derivation, with the steps it stands on as ``parts``.

    ``unit`` is the unit of a quantity (``day``), or a currency: ``exact`` then counts its minor units.
    ``inputs`` are named plain values, in the order that the operation takes them; the names are those
    of the facts read. ``clause`` is the innermost one that the rule stands under.
    """

    operation: Operation
    unit: str
    exact: Fraction
    clause: Clause | None = None
    inputs: tuple[tuple[str, Input], ...] = ()
    parts: tuple[Step, ...] = ()

    @classmethod
    def taken(
        cls,
        operation: Operation,
        unit: str,
        clause: Clause | None,
        inputs: tuple[tuple[str, Input], ...] = (),
        parts: tuple[Step, ...] = (),
    ) -> Step:
        """The step with its exact value worked out.

        Raises:
            InvalidValue: the operation does not take these inputs and parts.
        """
        exact = _calculate(operation, inputs, [part.exact for part in parts])
        step = object.__new__(cls)
        _put_operation(step, operation)
        _put_unit(step, unit)
        _put_exact(step, exact)
        _put_clause(step, clause)
        _put_inputs(step, inputs)
        _put_parts(step, parts)
        return step

    def lines(self, depth: int = 0) -> tuple[tuple[int, Step], ...]:
        """This step and all below it, each with its depth, in the order in which they are printed."""
        below = (line for part in self.parts for line in part.lines(depth + 1))
        return ((depth, self), *below)


# What a frozen dataclass does to make a value, without its calls by name: half the time, for every step.
_put_operation, _put_unit, _put_exact, _put_clause, _put_inputs, _put_parts = (
    getattr(Step, each.name).__set__ for each in fields(Step)
)


def replay(step: Step) -> Fraction:
    """The exact value of ``step``, worked out anew from its leaves; stored values are not looked at.

    Raises:
        InvalidValue: a step does not have the inputs and parts of its operation.
    """
    return _calculate(step.operation, step.inputs, tuple(replay(part) for part in step.parts))


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount and why: ``money`` is what the root of its ``derivation`` came to.

    Raises:
        InvalidValue: the root is no amount of money, is negative, or lies between two minor units.
    """

    derivation: Step

    def __post_init__(self) -> None:
        minor_digits(self.derivation.unit)
        if self.derivation.exact.denominator != 1 or self.derivation.exact.numerator < 0:
            expected = "a whole number of minor units, 0 or more"
            raise InvalidValue("charge", str(self.derivation.exact), expected)

    @property
    def money(self) -> Money:
        """The amount charged."""
        return Money.of_minor(self.derivation.exact.numerator, self.derivation.unit)

    @property
    def exact(self) -> Fraction:
        """The amount in minor units before it was rounded, where the outermost step is a rounding."""
        root = self.derivation
        return root.parts[0].exact if root.operation is Operation.ROUNDED else root.exact

    def lines(self) -> tuple[tuple[int, Step], ...]:
        """The derivation step by step, each with its depth, the root first."""
        return self.derivation.lines()
