"""Closures of a desk as days: spans, RFC 5545 rules, public holidays, make-up working days (闭馆日, 调休).

1. ``days_that_differ`` is what a rulebook's calendar is made of, for hosts that make their own: its result
   is the ``exceptions`` of a ``Calendar``.
2. A rule is all-day and ends: daily or rarer, no times, no zones, and no day later than ``LONGEST`` days
   from its first.
3. What is worked out is as long as the days that are closed; nothing walks through the days between.

>>> from datetime import UTC
>>> from servflow.core.worktime import Calendar
>>> week = dict.fromkeys(range(5), ((time(9), time(17)),))
>>> stocktaking = Closure(first=date(2026, 1, 1), through=date(2026, 12, 31), rrule="FREQ=MONTHLY;BYDAY=-1FR")
>>> differ = days_that_differ(
...     holidays=[holiday_list("cn/public-holidays")], make_up=week[4], closures=[stocktaking]
... )
>>> desk = Calendar("desk", UTC, weekly=week, exceptions=differ)
>>> [desk.is_open_on(date(2026, 2, day)) for day in (14, 16, 27, 28)]
[True, False, False, True]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from functools import partial
from itertools import islice
from re import findall, fullmatch
from reprlib import repr as shortened
from types import MappingProxyType
from typing import Final

import attrs
from dateutil.rrule import rrulestr

from servflow.core.errors import InvalidValue, Problem
from servflow.core.worktime import Hours
from servflow.rulebooks._holidays import HolidayList, days_between, holiday_list, holiday_lists

__all__ = [
    "LONGEST",
    "Closure",
    "HolidayList",
    "closure_problems",
    "days_that_differ",
    "holiday_list",
    "holiday_lists",
    "rule_problems",
]

LONGEST: Final = 3660
"""The most days, the first included, from the first day of a closure to its end: ten years."""

_MOST_DAYS: Final = 366  # of one occurrence
_WEEKS_OF_A_MONTH: Final = 5
_WEEKDAY: Final = "MO|TU|WE|TH|FR|SA|SU"
_NUMBERED: Final = rf"([+-]?([1-9]|[1-4][0-9]|5[0-3]))?({_WEEKDAY})"
_UNTIL: Final = r"[0-9]{8}"
_COUNT: Final = r"[1-9][0-9]{0,3}"

# The calendar repeats itself every 400 years, weekdays and numbers of weeks included. A rule that never
# comes true is looked for up to the year 9999: from a year close to it, that is soon over.
_CYCLE: Final = 400
_LATEST: Final = 9988


def _number(text: str, most: int) -> bool:
    return fullmatch("[+-]?[0-9]{1,3}", text) is not None and 1 <= abs(int(text)) <= most


def _each(holds: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: all(map(holds, text.split(",")))


def _is_day(text: str) -> bool:
    return fullmatch(_UNTIL, text) is not None and _day(text) is not None


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _text(day: date) -> str:
    return day.isoformat().replace("-", "")


_PARTS: Final[Mapping[str, tuple[Callable[[str], object], str]]] = MappingProxyType(
    {
        "FREQ": (partial(fullmatch, "DAILY|WEEKLY|MONTHLY|YEARLY"), "DAILY, WEEKLY, MONTHLY or YEARLY"),
        "INTERVAL": (partial(fullmatch, _COUNT), "a whole number from 1 to 9999"),
        "COUNT": (partial(fullmatch, _COUNT), "a whole number from 1 to 9999"),
        "UNTIL": (_is_day, "a day such as 20261231, without a time or a zone"),
        "BYMONTH": (_each(partial(fullmatch, "0?[1-9]|1[0-2]")), "months from 1 to 12"),
        "BYWEEKNO": (_each(partial(_number, most=53)), "weeks from 1 to 53, or from -53 to -1"),
        "BYYEARDAY": (_each(partial(_number, most=366)), "days from 1 to 366, or from -366 to -1"),
        "BYMONTHDAY": (_each(partial(_number, most=31)), "days from 1 to 31, or from -31 to -1"),
        "BYDAY": (_each(partial(fullmatch, _NUMBERED)), "weekdays such as MO, or -1FR for the last Friday"),
        "BYSETPOS": (_each(partial(_number, most=366)), "places from 1 to 366, or from -366 to -1"),
        "WKST": (partial(fullmatch, _WEEKDAY), "a weekday such as MO"),
    }
)
"""What may stand in a rule that goes by days: each part, whether a text is a value of it, and which are."""


@attrs.frozen(kw_only=True)
class Closure:
    """Days on which a desk is closed: a span of days, or one that comes again.

    Without ``rrule`` from ``first`` through ``through``, both included. With it, RFC 5545 text without a
    name before it, such as ``FREQ=YEARLY;UNTIL=20301231``: ``days`` days, 1 to 366, from each day on that
    the rule names, ``first`` being its DTSTART; ``first`` itself is closed only if the rule names it. The
    rule ends with its UNTIL (the last day on which an occurrence may begin) or COUNT; no day after
    ``through`` is closed. At most ``LONGEST`` days lie from ``first`` through the last beginning.

    Raises:
        InvalidValue: a field has another type; there is no end, no day, or one too far; the rule cannot be
            read, goes by less than days, or names a time or a zone. The first mistake is raised.
    """

    first: date
    through: date | None = None
    rrule: str = ""
    days: int = 1
    closed: frozenset[date] = attrs.field(init=False, eq=False, repr=False)
    """The days on which the desk is closed."""

    def __attrs_post_init__(self) -> None:
        for name, day in (("first", self.first), ("through", self.through)):
            if type(day) is not date and (name == "first" or day is not None):
                raise InvalidValue(name, day, "a date")
        if type(self.rrule) is not str:
            raise InvalidValue("rrule", self.rrule, "a rule as text")
        if type(self.days) is not int:
            raise InvalidValue("days", self.days, f"a whole number from 1 to {_MOST_DAYS}")
        found = closure_problems(self.first, through=self.through, rrule=self.rrule, days=self.days)
        for problem in (*rule_problems(self.rrule), *found):
            raise InvalidValue(problem.where, problem.found, problem.expected)
        object.__setattr__(self, "closed", _closed(self))


def days_that_differ(
    *,
    holidays: Iterable[HolidayList] = (),
    make_up: Hours = (),
    closures: Iterable[Closure] = (),
    openings: Mapping[date, Hours] = MappingProxyType({}),
    exceptions: Mapping[date, Hours] = MappingProxyType({}),
) -> dict[date, Hours]:
    """The hours of every day that is not as its weekday, for ``Calendar(exceptions=...)``.

    What stands further down wins: the days off of all lists of ``holidays``; their make-up working days,
    open at ``make_up``; the desk's own ``closures``; its ``openings``; ``exceptions``. So a vacation stays
    closed on a make-up working day. A list says nothing of days outside its ``first`` and ``through``:
    there the week stands, and whoever counts on such days asks the list first.

    Raises:
        InvalidValue: a list has make-up working days, and ``make_up`` has no hours.
    """
    lists = tuple(holidays)
    if not make_up and any(each.openings for each in lists):
        raise InvalidValue("make_up", make_up, "the hours of the make-up working days")
    days: dict[date, Hours] = {}
    for closed in (each.closed for each in lists):
        days |= dict.fromkeys(closed, ())
    for worked in (each.openings for each in lists):
        days |= dict.fromkeys(worked, make_up)
    for closed in (each.closed for each in closures):
        days |= dict.fromkeys(closed, ())
    return {**days, **openings, **exceptions}


def rule_problems(rrule: str) -> Iterator[Problem]:
    """What is wrong with the text of a rule by itself, at ``rrule``; nothing with an empty one."""
    parts: dict[str, str] = {}
    for part in rrule.upper().split(";") if rrule else ():
        name, _, value = part.partition("=")
        if name not in _PARTS:
            yield Problem("rrule", shortened(part), f"parts that go by days: {', '.join(_PARTS)}")
        elif name in parts:
            yield Problem("rrule", f"{name} twice", "each part once")
        elif not _PARTS[name][0](value):
            yield Problem("rrule", shortened(part), _PARTS[name][1])
        parts[name] = value
    if rrule and "FREQ" not in parts:
        yield Problem("rrule", "no FREQ", f"FREQ, one of {_PARTS['FREQ'][1]}")
    if {"UNTIL", "COUNT"} <= parts.keys():
        yield Problem("rrule", "UNTIL and COUNT", "one of them")
    yield from _not_together(parts)


def _not_together(parts: Mapping[str, str]) -> Iterator[Problem]:
    """Parts that RFC 5545, 3.3.10, does not take together; what they would mean is anybody's guess."""
    freq = parts.get("FREQ")
    numbers = [int(number) for number in findall("[0-9]+", parts.get("BYDAY", ""))]
    if numbers and (freq == "MONTHLY" or "BYMONTH" in parts) and max(numbers) > _WEEKS_OF_A_MONTH:
        yield Problem("rrule", f"weekday {max(numbers)} of a month", f"at most {_WEEKS_OF_A_MONTH}")
    if numbers and (freq in {"DAILY", "WEEKLY"} or "BYWEEKNO" in parts):
        yield Problem("rrule", f"a numbered weekday in {freq}", "FREQ=MONTHLY, or YEARLY without BYWEEKNO")
    if "BYWEEKNO" in parts and freq in {"DAILY", "WEEKLY", "MONTHLY"}:
        yield Problem("rrule", f"BYWEEKNO in {freq}", "FREQ=YEARLY")
    if "BYYEARDAY" in parts and freq in {"DAILY", "WEEKLY", "MONTHLY"}:
        yield Problem("rrule", f"BYYEARDAY in {freq}", "FREQ=YEARLY")
    if "BYMONTHDAY" in parts and freq == "WEEKLY":
        yield Problem("rrule", "BYMONTHDAY in WEEKLY", "FREQ=DAILY, MONTHLY or YEARLY")
    if "BYSETPOS" in parts and not any(name.startswith("BY") for name in parts.keys() - {"BYSETPOS"}):
        yield Problem("rrule", "BYSETPOS alone", "another part that begins with BY")


def closure_problems(first: date, *, through: date | None, rrule: str, days: int) -> Iterator[Problem]:
    """What of a closure does not go together, at its key; only that, where the rule itself is wrong."""
    end = _latest(first)
    if through is not None and through < first:
        yield Problem("through", str(through), f"the last day, {first} or later")
    elif through is not None and through > end:
        yield Problem(
            "through", str(through), f"a day of the {LONGEST} days from {first}, {end} at the latest"
        )
    if not 1 <= days <= _MOST_DAYS:
        yield Problem("days", str(days), f"a whole number from 1 to {_MOST_DAYS}")
    elif not rrule and days != 1:
        yield Problem("days", f"{days} without rrule", "the last day as through, or a rule")
    if not rrule:
        if through is None:
            yield Problem("through", "nothing", "the last day")
    elif not any(rule_problems(rrule)):
        yield from _end_problems(first, through, rrule)


def _end_problems(first: date, through: date | None, rrule: str) -> Iterator[Problem]:
    parts, end = _parts(rrule), _latest(first)
    until = _day(parts.get("UNTIL", ""))
    if until is not None and until > end:
        expected = f"a day of the {LONGEST} days from {first}, {_text(end)} at the latest"
        yield Problem("rrule", f"UNTIL={parts['UNTIL']}", expected)
    elif until is None and "COUNT" not in parts and through is None:
        yield Problem("rrule", "no end", "UNTIL or COUNT in the rule, or a day as through")
    elif through is None or first <= through <= end:
        found = len(_beginnings(first, through, rrule))
        if not found:
            yield Problem("rrule", "no day at all", "a rule that closes at least one day")
        elif through is None and found < int(parts.get("COUNT", 0)):
            expected = f"an end within {LONGEST} days from {first}, {end} at the latest"
            yield Problem("rrule", f"COUNT={parts['COUNT']}", expected)


def _parts(rrule: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in rrule.upper().split(";"))}


def _latest(first: date) -> date:
    return date.fromordinal(min(first.toordinal() + LONGEST - 1, date.max.toordinal()))


def _closed(closure: Closure) -> frozenset[date]:
    first, through = closure.first, closure.through or date.max
    if not closure.rrule:
        return frozenset(days_between(first, through))
    begin = _beginnings(first, closure.through, closure.rrule)
    last = through.toordinal()
    spans = (range(day, min(day + closure.days - 1, last) + 1) for day in map(date.toordinal, begin))
    return frozenset(date.fromordinal(day) for span in spans for day in span)


def _beginnings(first: date, through: date | None, rrule: str) -> tuple[date, ...]:
    """The days that the rule names, in order, up to its end."""
    parts = _parts(rrule)
    count, until = int(parts.pop("COUNT", 0)), _day(parts.pop("UNTIL", ""))
    end = min(day for day in (_latest(first), until, through) if day is not None)
    years = max(0, (_LATEST - first.year) // _CYCLE) * _CYCLE
    moved = date(first.year + years, first.month, first.day)
    away = moved - first
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    rule = rrulestr(f"{text};UNTIL={_text(end + away)}", dtstart=datetime.combine(moved, time()))
    return tuple(at.date() - away for at in islice(rule, count or None))
