"""Charges: an amount together with every step that led to it.

1. A step names its operation, the plain values it read, and the steps it stands on. Its exact value
   follows from those alone, so that a stored derivation replays without the rule that made it.
2. Amounts count minor units (分), exactly. They become money once, at the root of a charge.
3. The values of ``Operation`` are stored data: never renamed, never given another meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction

from servflow.core.citations import Clause, Plain
from servflow.core.errors import InvalidValue
from servflow.core.money import Money, Rounding, minor_digits

__all__ = ["Charge", "Input", "Operation", "Step", "replay"]

Input = Plain | Fraction
"""What a step may have read."""


class Operation(Enum):
    """What a step does with its inputs and parts; text in a language is made from this code."""

    FIXED = "fixed"
    COUNT = "count"
    DAYS = "days"
    OPEN_DAYS = "open_days"
    PLUS = "plus"
    TIMES = "times"
    DEDUCT = "deduct"
    CLIFF = "cliff"
    ZERO = "zero"
    FLAT = "flat"
    PER_UNIT = "per_unit"
    GIVEN = "given"
    WHEN = "when"
    SUM = "sum"
    CAP = "cap"
    ROUNDED = "rounded"


_MODES = frozenset(mode.value for mode in Rounding)


def _calculate(  # noqa: C901, PLR0912 -- one case an operation
    operation: Operation, inputs: tuple[tuple[str, Input], ...], parts: tuple[Fraction, ...]
) -> Fraction:
    """The arithmetic of every operation, the only place where it is written."""
    match operation, tuple(value for _, value in inputs), parts:
        case Operation.FIXED, (Fraction() as number,), ():
            return number
        case Operation.COUNT, (int() as number,), ():
            return Fraction(number)
        case Operation.DAYS, (date() as after, date() as through), ():
            return Fraction(max(0, (through - after).days))
        case Operation.OPEN_DAYS, (date(), date(), int() as number), ():
            return Fraction(number)
        case Operation.PLUS | Operation.SUM, (), (_, *_):
            return sum(parts, Fraction())
        case Operation.TIMES, (), (one, other):
            return one * other
        case Operation.DEDUCT, (), (quantity, grace):
            return max(quantity - grace, Fraction())
        case Operation.CLIFF, (), (quantity, grace):
            return quantity if quantity > grace else Fraction()
        case Operation.ZERO, (), ():
            return Fraction()
        case Operation.FLAT | Operation.GIVEN, (Money() as money,), ():
            return Fraction(money.minor)
        case Operation.PER_UNIT, (Money() as rate,), (quantity,):
            return rate.minor * quantity
        case Operation.WHEN, (bool(),), (chosen,):
            return chosen
        case Operation.CAP, (), (amount, limit):
            return min(amount, limit)
        case Operation.ROUNDED, (str() as mode, int() as step), (amount,) if step > 0 and mode in _MODES:
            return Fraction(Rounding(mode).whole(amount / step) * step)
        case _:
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
        *,
        inputs: tuple[tuple[str, Input], ...] = (),
        parts: tuple[Step, ...] = (),
    ) -> Step:
        """The step with its exact value worked out.

        Raises:
            InvalidValue: the operation does not take these inputs and parts.
        """
        exact = _calculate(operation, inputs, tuple(part.exact for part in parts))
        return cls(operation=operation, unit=unit, exact=exact, clause=clause, inputs=inputs, parts=parts)

    def lines(self, depth: int = 0) -> tuple[tuple[int, Step], ...]:
        """This step and all below it, each with its depth, in the order in which they are printed."""
        below = (line for part in self.parts for line in part.lines(depth + 1))
        return ((depth, self), *below)


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
        if self.derivation.exact.denominator != 1 or self.derivation.exact < 0:
            expected = "a whole number of minor units, 0 or more"
            raise InvalidValue("charge", str(self.derivation.exact), expected)

    @property
    def money(self) -> Money:
        """The amount charged."""
        return Money.of_minor(self.derivation.exact.numerator, self.derivation.unit)

    @property
    def exact(self) -> Fraction:
        """The amount in minor units before it was rounded."""
        root = self.derivation
        return root.parts[0].exact if root.operation is Operation.ROUNDED else root.exact

    def lines(self) -> tuple[tuple[int, Step], ...]:
        """The derivation step by step, each with its depth, the root first."""
        return self.derivation.lines()
