"""Days that come again by a rule of RFC 5545 (周期): for duties, and for whoever needs such days."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

import attrs
from dateutil.rrule import rrulestr

from servflow.core.errors import InvalidValue
from servflow.rulebooks.closures import rule_problems

__all__ = ["LONGEST_YEARS", "Recurrence"]

LONGEST_YEARS: Final = 100
"""How far, in years, the days that are asked for may lie from the first."""


_MONTH_DAYS: Final = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


@attrs.frozen
class Recurrence:
    """A rule without a name before it, such as ``FREQ=YEARLY;BYMONTH=6,7;BYMONTHDAY=1``; it goes by days.

    Raises:
        InvalidValue: it is no text, has a mistake, or never comes; the first one is raised.
    """

    rrule: str

    def __attrs_post_init__(self) -> None:
        if type(self.rrule) is not str or not self.rrule:
            raise InvalidValue("rrule", self.rrule, "a rule such as FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1")
        for problem in rule_problems(self.rrule):
            raise InvalidValue(problem.where, problem.found, problem.expected)
        days, months = self._numbers("BYMONTHDAY"), self._numbers("BYMONTH")
        if days and months and min(days) > max(_MONTH_DAYS.get(month, 31) for month in months):
            raise InvalidValue("rrule", self.rrule, f"a rule that comes; no such month has a day {min(days)}")

    def _numbers(self, part: str) -> list[int]:
        found = re.search(rf"\b{part}=([-+0-9,]+)", self.rrule.upper())
        return [abs(int(number)) for number in found[1].split(",")] if found else []

    def between(self, start: date, after: date, through: date) -> tuple[date, ...]:
        """The days after ``after``, up to and including ``through``, of the rule from ``start`` on.

        Raises:
            InvalidValue: ``through`` lies more than a hundred years after ``start``.
        """
        if through.year - start.year > LONGEST_YEARS:
            raise InvalidValue("through", through, f"a day within {LONGEST_YEARS} years of {start}")
        rule = rrulestr(self.rrule, dtstart=datetime.combine(start, time()))
        found = []
        for at in rule:
            if at.date() > through:
                break
            if at.date() > after:
                found.append(at.date())
        return tuple(found)

    def __str__(self) -> str:
        return self.rrule
