"""What a clock runs towards: targets, and the rungs of their escalation ladders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Final

from servflow.core.citations import Clause
from servflow.core.clocks.allowances import Allowance
from servflow.core.errors import InvalidValue
from servflow.core.worktime import Calendar

__all__ = ["CLOSED", "Rung", "Target"]

CLOSED: Final = "closed"
"""The reason of the pause between a closing and a reopening; every target accepts it, nothing else has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung of an escalation ladder (升级阶梯): when, to which level, and who is told.

    Either ``fraction`` of what is allowed has run off, or it has but for ``offset`` (negative before
    the end, positive after it), in the time in which the target runs: working time, or day and night.

    Raises:
        InvalidValue: the level is negative, the action is empty, the fraction is none or negative, the
            offset is no length of time, or fraction and offset are both there or both missing.
    """

    level: int
    action: str
    fraction: Fraction | None = None
    offset: timedelta | None = None

    def __post_init__(self) -> None:
        if isinstance(self.level, bool) or not isinstance(self.level, int) or self.level < 0:
            raise InvalidValue("level", self.level, "a whole number, 0 or more")
        if not self.action:
            raise InvalidValue("action", self.action, "what the rung does, or who is told")
        if (self.fraction is None) == (self.offset is None):
            raise InvalidValue("rung", self.action, "a fraction or an offset, one of the two")
        if self.fraction is not None and (not isinstance(self.fraction, Fraction) or self.fraction < 0):
            raise InvalidValue("fraction", self.fraction, "a fraction, 0 or more")
        if self.offset is not None and not isinstance(self.offset, timedelta):
            raise InvalidValue("offset", self.offset, "a length of time, negative before the end")

    def after(self, duration: timedelta) -> timedelta:
        """How much has run off when the rung is reached, up to a whole microsecond; not below nothing.

        Raises:
            InvalidValue: it is longer than Python can count.
        """
        try:
            if self.offset is not None:
                return max(duration + self.offset, timedelta())
            assert self.fraction is not None
            microseconds = duration // timedelta(microseconds=1)
            return timedelta(
                microseconds=-(-microseconds * self.fraction.numerator // self.fraction.denominator)
            )
        except OverflowError:
            raise InvalidValue("rung", self.action, "a rung that can be reached") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One promise to one case (目标): within what, by which calendar, and what stops its clock from running.

    ``kind`` is the word for what is promised (``on-site``). ``pauses`` are the reasons for which it stands
    still, ``excuses`` those for which a delay is not held against anybody (its due date stays),
    ``extended_by`` the role whose approval moves the due date; ``None``: nobody's. ``version`` names the
    policy that it was picked from, and stays with it: a policy that is changed later changes no target.

    Raises:
        InvalidValue: the kind is empty, ``within`` is no allowance (a text is read by ``parse_allowance``),
            or the pauses or excuses are no frozen set of texts.
    """

    kind: str
    within: Allowance
    calendar: Calendar
    pauses: frozenset[str] = frozenset()
    excuses: frozenset[str] = frozenset()
    extended_by: str | None = None
    ladder: tuple[Rung, ...] = ()
    clause: Clause | None = None
    version: str = ""

    def __post_init__(self) -> None:
        if not self.kind:
            raise InvalidValue("kind", self.kind, "the word for what is promised, such as on-site")
        if not isinstance(self.within, Allowance):
            raise InvalidValue("within", self.within, "an allowance, such as parse_allowance('4 hours')")
        for name, reasons in (("pauses", self.pauses), ("excuses", self.excuses)):
            if not isinstance(reasons, frozenset) or not all(isinstance(each, str) for each in reasons):
                raise InvalidValue(name, reasons, "a frozen set of reasons")

    def accepts(self, reason: str) -> bool:
        """Whether the clock stands still for ``reason``."""
        return reason == CLOSED or reason in self.pauses
