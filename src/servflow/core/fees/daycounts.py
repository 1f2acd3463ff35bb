"""Day counts: which part of a year lies between two days, exactly (计息天数惯例).

Each convention says how many days are counted, and how many make a year. A span is half-open: one of
the two ends counts, not both. All of them are 0 if the end does not lie after the start.

Sources: ISDA 2006 Definitions, section 4.16; ISO 20022 interest calculation codes.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Final

__all__ = ["DayCountConvention"]


class DayCountConvention(Enum):
    """A way of counting. The values are stored data: never renamed."""

    ACT_365F = "act_365f"  # actual days, a year has 365
    ACT_360 = "act_360"  # actual days, a year has 360
    ACT_ACT_ISDA = "act_act_isda"  # days in leap years over 366, the others over 365
    E30_360 = "e30_360"  # a 31st is a 30th; a year has 360 (30E/360, Eurobond basis)
    E30_365 = "e30_365"  # the same days, a year has 365 (30/365)
    B30_360 = "b30_360"  # a 31st as the end is a 30th only after a 30th or 31st (30/360, bond basis)
    U30_360 = "u30_360"  # the same, and the end of February is a 30th (30/360, US)

    @property
    def year(self) -> int:
        """How many days make a year.

        Raises:
            KeyError: in ACT/ACT it depends on the year.
        """
        return _YEAR[self]

    @property
    def adds_up(self) -> bool:
        """Whether two spans that meet count as much as both together.

        Not where what a 31st or the end of February counts for depends on the other end.
        """
        return self not in {DayCountConvention.B30_360, DayCountConvention.U30_360}

    def days(self, start: date, end: date) -> int:
        """The days that are counted from ``start`` to ``end``; 0 if that is not later."""
        if end <= start:
            return 0
        if self in _ACTUAL:
            return (end - start).days
        first, last = _DAYS[self](start, end)
        months = (end.year - start.year) * 12 + end.month - start.month
        return months * _MONTH + last - first

    def years(self, start: date, end: date) -> Fraction:
        """The part of a year from ``start`` to ``end``, exactly; 0 if that is not later."""
        if self is not DayCountConvention.ACT_ACT_ISDA:
            return Fraction(self.days(start, end), self.year)
        if end <= start:
            return Fraction()
        # Whole years between, and the two parts at the ends, each over the length of its own year.
        return end.year - start.year + _passed(end) - _passed(start)


def _passed(day: date) -> Fraction:
    """How much of its year lies before ``day``."""
    return Fraction(day.toordinal() - date(day.year, 1, 1).toordinal(), 366 if isleap(day.year) else 365)


_FEBRUARY: Final = 2
_MONTH: Final = 30  # days of every month, in the conventions that say so


def _european(start: date, end: date) -> tuple[int, int]:
    return min(start.day, _MONTH), min(end.day, _MONTH)


def _bond(start: date, end: date) -> tuple[int, int]:
    return min(start.day, _MONTH), end.day if start.day < _MONTH else min(end.day, _MONTH)


def _us(start: date, end: date) -> tuple[int, int]:
    if not _ends_february(start):
        return _bond(start, end)
    return _MONTH, _MONTH if _ends_february(end) else min(end.day, _MONTH)


def _ends_february(day: date) -> bool:
    return (day.month, day.day) == (_FEBRUARY, monthrange(day.year, _FEBRUARY)[1])


_ACTUAL = frozenset(
    {DayCountConvention.ACT_365F, DayCountConvention.ACT_360, DayCountConvention.ACT_ACT_ISDA}
)
_DAYS = {
    DayCountConvention.E30_360: _european,
    DayCountConvention.E30_365: _european,
    DayCountConvention.B30_360: _bond,
    DayCountConvention.U30_360: _us,
}
_YEAR = {
    DayCountConvention.ACT_365F: 365,
    DayCountConvention.ACT_360: 360,
    DayCountConvention.E30_360: 360,
    DayCountConvention.E30_365: 365,
    DayCountConvention.B30_360: 360,
    DayCountConvention.U30_360: 360,
}
