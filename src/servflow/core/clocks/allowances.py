"""How long something may take (时限): the lengths of targets, each with its text form.

1. An allowance begins at its anchor, an instant, and is read on a calendar.
2. What it counts is part of it: working time, elapsed time, working days, calendar days and months,
   or a deadline by a cut-off. A day is never 24 hours, nor 8 working hours.
3. What a source leaves blank, or leaves to a contract or a customer, has a name and no default.
4. Nothing here loops over days.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from typing import Any, Final

from servflow.core.dates import EndOfMonth, Period, day_of, existing, start_of_day
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.worktime import Calendar

__all__ = [
    "Agreed",
    "Allowance",
    "Allowed",
    "Blank",
    "CalendarDays",
    "CutOff",
    "CutOffs",
    "ElapsedTime",
    "LandingDay",
    "Until",
    "WorkingDays",
    "WorkingTime",
    "parse_allowance",
]

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_UNITS: Final = {"hour": 3600, "minute": 60, "second": 1}
_PERIODS: Final = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "year": (12, 0)}
_YEARS: Final = range(2, 9999)
_MOST: Final = 100_000_000  # of any unit; beyond it, whoever wrote it did not mean it

_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_LENGTH: Final = re.compile(
    rf"(?P<number>[0-9]{{1,9}}(?:\.[0-9]{{1,9}})?|\{{{_NAME.pattern}\}}) (?P<working>working )?"
    r"(?P<unit>second|minute|hour|day|week|month|year)s?(?P<end> to closing| to midnight)?"
)
_AGREED: Final = re.compile(rf"agreed ({_NAME.pattern})")
_UNTIL: Final = re.compile(r"until (\S+)")
_CUT_OFF: Final = re.compile(r"(?:before ([0-9]{2}:[0-9]{2})|later): (.+)")
_LANDING: Final = re.compile(
    r"(?:(?P<named>same day|next day|next working day)"
    r"|(?P<number>[0-9]{1,9}) (?P<working>working )?days? later)(?: (?P<at>[0-9]{2}:[0-9]{2}))?"
)
_EXPECTED: Final = (
    "a length such as '4 working hours', '24 hours', '3 working days', '3 working days to closing', "
    "'1 month', '{visit-days} working days', 'agreed delivery-date', or cut-offs such as "
    "'before 12:00: same day; before 17:00: next day 12:00; later: next working day'"
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """An allowance from an anchor on.

    ``duration`` runs off while ``calendar`` is open; it is used up at ``due`` if nothing pauses it.
    """

    calendar: Calendar
    duration: timedelta
    due: datetime


class Allowance(ABC):
    """How long something may take; ``str`` gives a text that ``parse_allowance`` reads as the same."""

    __slots__ = ()

    @abstractmethod
    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:
        """What is allowed from ``anchor`` on, by ``calendar``.

        Raises:
            InvalidValue: ``anchor`` is naive, it or the end lies outside the years 2 to 9998, or a deadline
                that was named does not lie after it.
            MissingValue: the allowance has a blank; see ``filled``.
        """

    def filled(self, given: Mapping[str, Any]) -> Allowance:
        """The allowance with its blanks filled from ``given``, by name; itself if it has none.

        Raises:
            MissingValue: a name is not in ``given``.
            InvalidValue: what is given there is of the wrong kind or out of range.
        """
        del given
        return self

    @property
    def asks(self) -> str | None:
        """The name of the blank that has to be filled; ``None`` if there is none."""
        return None


@dataclass(frozen=True, slots=True)
class WorkingTime(Allowance):
    """Time during which the calendar is open (工作时间): ``4 working hours``.

    Raises:
        InvalidValue: the length is not above zero.
    """

    length: timedelta

    def __post_init__(self) -> None:
        _checked_length(self.length)

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        return Allowed(calendar, self.length, calendar.add_open_time(anchor, self.length))

    def __str__(self) -> str:
        return _written(self.length, "working ")


@dataclass(frozen=True, slots=True)
class ElapsedTime(Allowance):
    """Time by day and night (自然时间): ``24 hours``. The calendar is not asked.

    Raises:
        InvalidValue: the length is not above zero.
    """

    length: timedelta

    def __post_init__(self) -> None:
        _checked_length(self.length)

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        del calendar
        return Allowed(_always(), self.length, _always().add_open_time(anchor, self.length))

    def __str__(self) -> str:
        return _written(self.length, "")


@dataclass(frozen=True, slots=True)
class WorkingDays(Allowance):
    """Open days of the calendar (工作日): ``3 working days``; the day of the anchor never counts.

    The time of the anchor's day is kept, but not before that day's opening nor after its closing; what
    begins on a closed day begins at the next opening. ``to_closing`` is the closing of the last day, counted
    from the anchor's own day, open or closed. Pauses count in working time.

    Raises:
        InvalidValue: ``days`` is not a whole number from 1 to 100,000,000.
    """

    days: int
    to_closing: bool = False

    def __post_init__(self) -> None:
        _checked_number("days", self.days)

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        start = anchor if self.to_closing else _begin(anchor, calendar)
        opening = _opening(calendar.add_open_days(day_of(start, calendar.zone), self.days), calendar)
        due = opening[-1][1]
        if not self.to_closing:
            kept = _instant(day_of(opening[0][0], calendar.zone), _time_of(start, calendar), calendar)
            due = min(max(kept, opening[0][0]), due)
        return Allowed(calendar, calendar.open_time(anchor, due), due)

    def __str__(self) -> str:
        return f"{self.days} working day{'s' * (self.days > 1)}{' to closing' * self.to_closing}"


@dataclass(frozen=True, slots=True)
class CalendarDays(Allowance):
    """Calendar days and months (自然日): ``10 days``, ``1 month``; the anchor's day does not count.

    The time of the anchor's day is kept; a day that the last month lacks is that month's last one.
    ``to_midnight`` is the end of the last day. A last day on which the calendar is closed stays the last
    day. Pauses count by day and night.

    Raises:
        InvalidValue: the period is none, or has months and days as well.
    """

    period: Period
    to_midnight: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.period, Period):
            raise InvalidValue("period", self.period, "a Period, such as Period(months=1)")
        if self.period.months and self.period.days:
            raise InvalidValue("period", str(self.period), "months or days, not both")

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        last = self.period.after(day_of(anchor, calendar.zone), EndOfMonth.CLAMP)
        at = None if self.to_midnight else _time_of(anchor, calendar)
        return _deadline(anchor, _instant(last, at, calendar))

    def __str__(self) -> str:
        months = self.period.months
        if not months:
            written = _plural(self.period.days, "day")
        else:
            written = _plural(months, "month") if months % 12 else _plural(months // 12, "year")
        return written + " to midnight" * self.to_midnight


@dataclass(frozen=True, slots=True)
class LandingDay:
    """The day on which a deadline lies, and its time: ``next day 12:00``.

    ``after`` days after the anchor's day, open days if ``working``. With ``at`` it is that time of that day,
    open or closed; ``time(0)`` is 24:00. Without, it is the closing of that day (of the next open day, if
    that one is closed).

    Raises:
        InvalidValue: ``after`` is not a whole number from 0 to 100,000,000, or ``at`` is not a local time in
            whole minutes.
    """

    after: int
    working: bool = False
    at: time | None = None

    def __post_init__(self) -> None:
        if self.after != 0 or isinstance(self.after, bool):
            _checked_number("after", self.after)
        if self.at is not None:
            _checked_time("at", self.at)

    def instant(self, day: date, calendar: Calendar) -> datetime:
        """The deadline for what begins on ``day``, in UTC.

        Raises:
            InvalidValue: it lies outside the years 2 to 9998.
        """
        if self.working and self.after:
            landing = calendar.add_open_days(day, self.after)
        elif self.working:
            landing = calendar.next_open_day(day)
        else:
            landing = Period(days=self.after).after(day, EndOfMonth.CLAMP) if self.after else day
        if self.at is not None:
            return _instant(landing, self.at if self.at != time() else None, calendar)
        return _opening(calendar.next_open_day(landing), calendar)[-1][1]

    def __str__(self) -> str:
        named = {(0, False): "same day", (1, False): "next day", (1, True): "next working day"}
        days = named.get((self.after, self.working))
        if days is None:
            days = f"{self.after} {'working ' * self.working}days later"
        if self.at is None:
            return days
        return f"{days} {'24:00' if self.at == time() else f'{self.at:%H:%M}'}"


@dataclass(frozen=True, slots=True)
class CutOff:
    """What begins ``before`` that time of the day is due then; ``None``: whatever begins later.

    Raises:
        InvalidValue: ``before`` is not a local time in whole minutes, from 00:01 on.
    """

    before: time | None
    due: LandingDay

    def __post_init__(self) -> None:
        if self.before is not None:
            _checked_time("before", self.before)
            if self.before == time():
                raise InvalidValue("before", "00:00", "a time of the day, from 00:01 on")

    def __str__(self) -> str:
        return f"{'later' if self.before is None else f'before {self.before:%H:%M}'}: {self.due}"


@dataclass(frozen=True, slots=True)
class CutOffs(Allowance):
    """A deadline by the time of the day at which something begins (截止时间).

    ``before 12:00: same day; before 17:00: next day 12:00; later: next working day``: exactly 12:00 is
    not before 12:00. What begins on a day on which the calendar is closed begins at its next opening, and
    so does what begins after the closing that it would be due at. Pauses count by day and night.

    Raises:
        InvalidValue: the times are not in ascending order, the last row is not for what begins later,
            or a row may be due before it begins.
    """

    rows: tuple[CutOff, ...]

    def __post_init__(self) -> None:
        times = [row.before for row in self.rows]
        early = [at for at in times[:-1] if at is not None]
        if not times or times[-1] is not None or len(early) < len(times) - 1 or early != sorted(set(early)):
            raise InvalidValue("cut-offs", str(self), "times in ascending order, and at last: later")
        for row in self.rows:
            at = row.due.at
            late = at is not None and at != time() and (row.before is None or at < row.before)
            if row.due.after == 0 and late:
                raise InvalidValue("cut-offs", str(row), "a deadline that does not lie before the beginning")

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        start = _begin(anchor, calendar)
        due = self._due(start, calendar)
        if due <= start:
            due = self._due(calendar.next_opening(start), calendar)
        return _deadline(anchor, due)

    def _due(self, start: datetime, calendar: Calendar) -> datetime:
        at = _time_of(start, calendar)
        row = next(row for row in self.rows if row.before is None or at < row.before)
        return row.due.instant(day_of(start, calendar.zone), calendar)

    def __str__(self) -> str:
        return "; ".join(map(str, self.rows))


@dataclass(frozen=True, slots=True)
class Until(Allowance):
    """A deadline that was named as an instant, kept in UTC: ``until 2026-03-02T10:00:00+00:00``.

    Pauses count by day and night.

    Raises:
        InvalidValue: it is naive, or does not exist in its zone.
    """

    at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", existing("until", self.at))

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        del calendar
        return _deadline(anchor, self.at)

    def __str__(self) -> str:
        return f"until {self.at.isoformat()}"


@dataclass(frozen=True, slots=True)
class Agreed(Allowance):
    """A deadline that somebody else names (约定的时间), a contract or a customer: ``agreed delivery-date``.

    It is given by its name, as an instant.

    Raises:
        InvalidValue: the name is not of small letters, digits and hyphens.
    """

    name: str

    def __post_init__(self) -> None:
        _checked_name(self.name)

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        del anchor, calendar
        raise MissingValue(self.name, "for a deadline that is agreed")

    def filled(self, given: Mapping[str, Any]) -> Allowance:  # noqa: D102 -- Allowance
        if self.name not in given:
            raise MissingValue(self.name, "for a deadline that is agreed")
        return Until(existing(self.name, given[self.name]))

    @property
    def asks(self) -> str | None:  # noqa: D102 -- Allowance
        return self.name

    def __str__(self) -> str:
        return f"agreed {self.name}"


@dataclass(frozen=True, slots=True)
class Blank(Allowance):
    """A length whose number the source leaves blank: ``{visit-days} working days``, without default.

    ``unit`` is what follows the number in the text form. The number is given by its name.

    Raises:
        InvalidValue: the name is not of small letters, digits and hyphens, or the unit is none.
    """

    name: str
    unit: str

    def __post_init__(self) -> None:
        _checked_name(self.name)
        parse_allowance(f"2 {self.unit}")

    def allowed(self, anchor: datetime, calendar: Calendar) -> Allowed:  # noqa: D102 -- Allowance
        del anchor, calendar
        raise MissingValue(self.name, f"for '{self}', a number that the source leaves blank")

    def filled(self, given: Mapping[str, Any]) -> Allowance:  # noqa: D102 -- Allowance
        if self.name not in given:
            raise MissingValue(self.name, f"for '{self}', a number that the source leaves blank")
        number = given[self.name]
        _checked_number(self.name, number)
        return parse_allowance(f"{number} {self.unit}")

    @property
    def asks(self) -> str | None:  # noqa: D102 -- Allowance
        return self.name

    def __str__(self) -> str:
        return f"{{{self.name}}} {self.unit}"


def parse_allowance(text: str) -> Allowance:
    """The allowance that is written so; ``str`` writes its number in the largest unit that takes it whole.

    >>> str(parse_allowance("90 working minutes"))
    '90 working minutes'
    >>> str(parse_allowance("1.5 hours"))
    '90 minutes'

    Raises:
        InvalidValue: the text is none of the forms, or its number is not above zero.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidValue("length", text, _EXPECTED)
    plain = " ".join(text.split())
    if until := _UNTIL.fullmatch(plain):
        return Until(_named_instant(until[1], text))
    if ":" in plain:
        return CutOffs(tuple(_cut_off(part.strip(), text) for part in plain.split(";")))
    if agreed := _AGREED.fullmatch(plain):
        return Agreed(agreed[1])
    found = _LENGTH.fullmatch(plain)
    if found is None:
        raise InvalidValue("length", text, _EXPECTED)
    return _length(found, text)


def _length(found: re.Match[str], text: str) -> Allowance:
    number, unit, end = found["number"], found["unit"], found["end"]
    timed, working = unit in _UNITS, bool(found["working"])
    fitting = " to closing" if working else " to midnight"
    if (timed and end) or (end and end != fitting) or (working and not timed and unit != "day"):
        raise InvalidValue("length", text, _EXPECTED)
    if number.startswith("{"):
        return Blank(number[1:-1], f"{found['working'] or ''}{unit}s{end or ''}")
    exact = Fraction(number)
    if not 0 < exact <= _MOST:
        raise InvalidValue("length", text, f"a number above 0, at most {_MOST}")
    if timed:
        microseconds = exact * _UNITS[unit] * 1_000_000
        if microseconds.denominator > 1:
            raise InvalidValue("length", text, "a length in whole microseconds")
        length = timedelta(microseconds=microseconds.numerator)
        return WorkingTime(length) if working else ElapsedTime(length)
    if exact.denominator > 1:
        raise InvalidValue("length", text, f"a whole number of {unit}s")
    if working:
        return WorkingDays(exact.numerator, to_closing=bool(end))
    months, days = (part * exact.numerator for part in _PERIODS[unit])
    return CalendarDays(Period(months=months, days=days), to_midnight=bool(end))


def _cut_off(text: str, whole: str) -> CutOff:
    found = _CUT_OFF.fullmatch(text)
    landing = _LANDING.fullmatch(found[2]) if found else None
    if found is None or landing is None:
        raise InvalidValue("length", whole, _EXPECTED)
    before = _time(found[1], whole, end=False) if found[1] else None
    at = _time(landing["at"], whole, end=True) if landing["at"] else None
    if landing["named"]:
        after, working = int(landing["named"] != "same day"), "working" in landing["named"]
    else:
        after, working = int(landing["number"]), bool(landing["working"])
    return CutOff(before, LandingDay(after, working, at))


def _time(text: str, whole: str, *, end: bool) -> time:
    if end and text == "24:00":
        return time()
    try:
        at = time.fromisoformat(text)
    except ValueError:
        at = time()
    if at == time():
        raise InvalidValue("length", whole, "times of the day from 00:01 to 23:59, a deadline also 24:00")
    return at


def _named_instant(text: str, whole: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue("length", whole, "an instant such as 2026-03-02T10:00:00+00:00") from None


def _begin(anchor: datetime, calendar: Calendar) -> datetime:
    """``anchor`` itself on a day that has an opening, else the next opening."""
    day = day_of(anchor, calendar.zone)
    return anchor if calendar.is_open_on(day) else calendar.next_opening(anchor)


def _opening(day: date, calendar: Calendar) -> tuple[tuple[datetime, datetime], ...]:
    """The opening of an open ``day``; that of the next opening's day, where the clocks skip all its hours."""
    opening = calendar.opening(day)
    if opening:
        return opening
    following = calendar.next_opening(start_of_day(day + _DAY, calendar.zone))
    return calendar.opening(day_of(following, calendar.zone))


def _time_of(at: datetime, calendar: Calendar) -> time:
    """The time of the day; in an hour that comes twice, that of the first."""
    return at.astimezone(calendar.zone).time().replace(fold=0)


def _deadline(anchor: datetime, due: datetime) -> Allowed:
    """What runs until ``due`` by day and night.

    Raises:
        InvalidValue: it does not lie after the anchor.
    """
    if due <= anchor:
        expected = f"an instant after the beginning, {anchor.isoformat()}"
        raise InvalidValue("deadline", due.isoformat(), expected)
    return Allowed(_always(), _always().open_time(anchor, due), due)


def _instant(day: date, at: time | None, calendar: Calendar) -> datetime:
    """The instant at which it is ``at`` on ``day``, or the end of that day.

    Raises:
        InvalidValue: the day lies outside the years 2 to 9998.
    """
    if day.year not in _YEARS:
        raise InvalidValue("deadline", day.isoformat(), "a day in the years 2 to 9998")
    if at is None:
        return start_of_day(day + _DAY, calendar.zone)
    return datetime.combine(day, at, tzinfo=calendar.zone).astimezone(UTC)


@cache
def _always() -> Calendar:
    return Calendar.always(UTC)


def _checked_length(length: object) -> None:
    if not isinstance(length, timedelta) or length <= timedelta():
        raise InvalidValue("length", length, "a length of time above zero")


def _checked_number(name: str, number: object) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _MOST:
        raise InvalidValue(name, number, f"a whole number from 1 to {_MOST}")


def _checked_time(name: str, at: object) -> None:
    if not isinstance(at, time) or at.tzinfo is not None or at.fold or at.second or at.microsecond:
        raise InvalidValue(name, at, "a local time in whole minutes")


def _checked_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidValue("name", name, "small letters, digits and hyphens, a letter first")


def _written(length: timedelta, working: str) -> str:
    for unit, seconds in _UNITS.items():
        if length % timedelta(seconds=seconds) == timedelta():
            return _plural(length // timedelta(seconds=seconds), f"{working}{unit}")
    digits = f"{length // _SECOND}.{length.microseconds:06}".rstrip("0")
    return f"{digits} {working}seconds"


def _plural(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' * (number > 1)}"
