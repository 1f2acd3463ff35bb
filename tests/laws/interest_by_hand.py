"""Interest on a deposit counted day by day, as somebody would by hand: what the tests hold the real one against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

__all__ = ["QUARTERS", "interest_by_hand"]

QUARTERS: Final = ((3, 20), (6, 20), (9, 20), (12, 20))
"""The bank's days: month and day."""
_RATES: Final = (("2010-09-15", "0.36"), ("2011-02-09", "0.40"), ("2012-07-06", "0.35"))
_DAY: Final = timedelta(days=1)


def _rate(day: date) -> Fraction:
    """What a yuan bears on that day."""
    percent = next(percent for since, percent in reversed(_RATES) if date.fromisoformat(since) <= day)
    return Fraction(percent) / 100 / 360


def interest_by_hand(
    moves: Iterable[tuple[date, int]],
    until: date,
    days: Sequence[tuple[int, int]] = QUARTERS,
    *,
    also: Iterable[date] = (),
) -> list[tuple[date, int]]:
    """What is credited by the beginning of ``until``: through which day, and how many minor units.

    ``moves`` are the days and minor units of what is paid in or leaves; ``also`` are days through which interest
    was counted besides ``days``.
    """
    moves, also = list(moves), set(also)
    day = min(on for on, _ in moves)
    held, earned, due = 0, Fraction(), 0
    found: list[tuple[date, int]] = []
    while day < until:
        held += due + sum(minor for on, minor in moves if on == day)
        due = 0
        earned += max(held, 0) * _rate(day)
        if (day.month, day.day) in days or day in also:
            due = int(earned + Fraction(1, 2))
            found.append((day, due))
            earned = Fraction()
        day += _DAY
    return found
