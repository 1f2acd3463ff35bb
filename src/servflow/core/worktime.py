"""Opening hours, closures, working time and working days (开放时间, 闭馆日, 工作时间, 工作日).

1. Hours are written in local time, per weekday; an exception replaces one whole day: closed, or open
   at other hours (a make-up working Sunday, 调休). Segments are half-open: open at the first instant,
   closed at the last.
2. Lengths of time are lengths in UTC. A local time that the clocks skip moves forward by the gap; one
   that comes twice means the first time (PEP 495, ``fold=0``).
3. A day is open if hours are written for it; clocks change how long it is open, never whether.
4. Nothing here walks through days: a sum over days is whole weeks, plus the days that differ.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import partial
from hashlib import sha256
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Final

from servflow.core.dates import aware, start_of_day
from servflow.core.errors import InvalidValue

__all__ = ["Calendar", "Hours"]

Hours = tuple[tuple[time, time], ...]
"""The open segments of one day, from and to, in local time; the end ``time(0)`` is 24:00."""

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1) // _MICROSECOND

# Instants keep a year's distance from the ends of the calendar, so that every day has a next midnight.
_FIRST: Final = date(2, 1, 1)
_LAST: Final = date(9998, 12, 31)

# No zone of the tz database changes its clocks and undoes that in less than 6.9 days
# (Recife 2000, Gaza 2040), so that no change hides between two looks.
_DAYS_BETWEEN_LOOKS: Final = 5

_MOST_DAYS_SEEN: Final = 4096  # a calendar remembers no more of them


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """When a desk is open: a zone, hours per weekday, and the days that differ; immutable, hashable.

    ``weekly`` maps a weekday (0 is Monday) to its hours; a weekday that is not there is closed.
    ``exceptions`` maps a date to the hours that replace those of its weekday; ``()`` is closed.
    ``zone`` keeps PEP 495, as ``ZoneInfo`` does. Two calendars are equal if all they say is equal,
    zones compared by name; segments that touch are kept as written.

    Instants that are given lie in the years 2 to 9998 of the zone; instants that come back are in UTC.

    >>> noon_break = ((time(8, 30), time(12)), (time(13), time(17)))
    >>> desk = Calendar("desk", UTC, weekly=dict.fromkeys(range(5), noon_break))
    >>> desk.add_open_time(datetime(2026, 1, 2, 16, 0, tzinfo=UTC), timedelta(hours=2)).isoformat()
    '2026-01-05T09:30:00+00:00'

    Raises:
        InvalidValue: a segment is empty, out of order or overlaps, hours are no segments; a time has a zone;
            a weekday or date is none; no day is ever open; the zone is none or has no name.
    """

    name: str
    zone: tzinfo
    weekly: Mapping[int, Hours] = field(kw_only=True)
    exceptions: Mapping[date, Hours] = field(kw_only=True, default_factory=dict)
    digest: str = field(init=False, repr=False)
    """SHA-256 over all the calendar says, in hex; the same in every process, so that journals store it."""
    _days: _Sums = field(init=False, repr=False)
    _ends: tuple[datetime, datetime] = field(init=False, repr=False)
    _never_closes: bool = field(init=False, repr=False)
    _known: _Known | None = field(init=False, repr=False)
    _seen: dict[date, _Day] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for weekday in self.weekly:
            if isinstance(weekday, bool) or not isinstance(weekday, int) or weekday not in range(7):
                raise InvalidValue("weekly", weekday, "a weekday from 0 (Monday) to 6 (Sunday)")
        weekly = {day: _checked(_WEEKDAYS[day], self.weekly[day]) for day in sorted(self.weekly)}
        weekly = {day: hours for day, hours in weekly.items() if hours}
        ordered = sorted(_plain("exceptions", day) for day in self.exceptions)
        exceptions = {day: _checked(day.isoformat(), self.exceptions[day]) for day in ordered}
        if not weekly and not any(exceptions.values()):
            raise InvalidValue(f"calendar {self.name}", "no hours at all", "at least one open day")
        days = _Sums(
            [int(day in weekly) for day in range(7)],
            {day.toordinal(): int(bool(hours)) for day, hours in exceptions.items()},
        )
        content = [
            "servflow calendar 1",
            self.name,
            _name_of(self.zone),
            [[day, _written(hours)] for day, hours in weekly.items()],
            [[day.isoformat(), _written(hours)] for day, hours in exceptions.items()],
        ]
        digest = sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
        object.__setattr__(self, "weekly", MappingProxyType(weekly))
        object.__setattr__(self, "exceptions", MappingProxyType(exceptions))
        object.__setattr__(self, "digest", digest)
        object.__setattr__(self, "_days", days)
        ends = tuple(start_of_day(day, self.zone) for day in (_FIRST, _LAST + timedelta(days=1)))
        object.__setattr__(self, "_ends", ends)
        lengths = {_length(hours) for hours in (*map(self._weekly, range(7)), *exceptions.values())}
        object.__setattr__(self, "_never_closes", lengths == {_DAY})
        object.__setattr__(self, "_known", None)
        object.__setattr__(self, "_seen", {})

    @classmethod
    def always(cls, zone: tzinfo) -> Calendar:
        """Open day and night, every day of the year."""
        return cls("always", zone, weekly=dict.fromkeys(range(7), ((time(), time()),)))

    def is_open_on(self, day: date) -> bool:
        """Whether hours are written for ``day``.

        Raises:
            InvalidValue: ``day`` is a datetime.
        """
        return bool(self._hours(_plain("day", day)))

    def open_days(self, after: date, through: date) -> int:
        """How many open days lie after ``after``, up to and including ``through``; 0 if none can.

        Raises:
            InvalidValue: one of the days is a datetime.
        """
        start, end = _plain("after", after).toordinal() + 1, _plain("through", through).toordinal() + 1
        return max(0, self._days.before(end) - self._days.before(start))

    def add_open_days(self, day: date, days: int) -> date:
        """The open day that is the ``days``-th after ``day``; ``day`` itself never counts.

        Raises:
            InvalidValue: ``days`` is not a whole number above zero, ``day`` is a datetime, or there
                are not so many open days before the end of the year 9999.
        """
        if isinstance(days, bool) or not isinstance(days, int) or days < 1:
            raise InvalidValue("days", days, "a whole number, 1 or more")
        total = self._days.before(_plain("day", day).toordinal() + 1) + days
        found = self._days.reach(total)
        if found > date.max.toordinal():
            raise InvalidValue("days", days, f"so many open days after {day.isoformat()}, by the year 9999")
        return date.fromordinal(found)

    def subtract_open_days(self, day: date, days: int) -> date:
        """The open day that is the ``days``-th before ``day``; ``day`` itself never counts.

        Raises:
            InvalidValue: ``days`` is not a whole number above zero, ``day`` is a datetime, or there
                are not so many open days after the start of the year 1.
        """
        if isinstance(days, bool) or not isinstance(days, int) or days < 1:
            raise InvalidValue("days", days, "a whole number, 1 or more")
        total = self._days.before(_plain("day", day).toordinal()) - days + 1
        if total < 1:
            raise InvalidValue("days", days, f"so many open days before {day.isoformat()}, since the year 1")
        return date.fromordinal(self._days.reach(total))

    def next_open_day(self, day: date) -> date:
        """``day`` itself if it is open, else the first open day after it.

        Raises:
            InvalidValue: ``day`` is a datetime, or no open day follows before the end of the year 9999.
        """
        return day if self.is_open_on(day) else self.add_open_days(day, 1)

    def opening(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The instants between which the desk is open on ``day``: in order, apart, in UTC, half-open.

        Segments that touch come as one. What the clocks skip on ``day`` may leave less than is
        written, or nothing.

        Raises:
            InvalidValue: ``day`` is a datetime, or lies outside the years 2 to 9998.
        """
        if not _FIRST <= _plain("day", day) <= _LAST:
            raise InvalidValue("day", day, "a day in the years 2 to 9998")
        return self._opening(day)

    def is_open_at(self, at: datetime) -> bool:
        """Whether the desk is open at the instant ``at``; at the closing it is not.

        Raises:
            InvalidValue: ``at`` is naive, or lies outside the years 2 to 9998.
        """
        day, at = self._place("at", at)
        return any(begins <= at < ends for begins, ends in day.opening)

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` until ``end``, to the microsecond; 0 if ``end`` lies before.

        Raises:
            InvalidValue: one of them is naive, or lies outside the years 2 to 9998.
        """
        if self._never_closes:
            self._date("start", start)
            self._date("end", end)
            return max(end.astimezone(UTC) - start.astimezone(UTC), timedelta())
        (first, start), (last, end) = self._place("start", start), self._place("end", end)
        if end <= start:
            return timedelta()
        worked = last.worked(end) - first.worked(start)
        if last is not first:
            sums = self._sums(first.on.year, last.on.year)
            worked += sums.before(last.on.toordinal()) - sums.before(first.on.toordinal())
        return worked * _MICROSECOND

    def add_open_time(self, start: datetime, duration: timedelta) -> datetime:
        """The earliest instant at which ``duration`` of working time has passed since ``start``, in UTC.

        If it runs out at a closing, that closing, not the next opening.

        Raises:
            InvalidValue: ``duration`` is not above zero, ``start`` is naive or outside the years
                2 to 9998, or there is not so much working time before the end of the year 9998.
        """
        if not isinstance(duration, timedelta) or duration <= timedelta():
            raise InvalidValue("duration", duration, "a length of time above zero")
        end = self._worked_off("start", start, duration // _MICROSECOND)
        if end is None:
            raise InvalidValue("duration", duration, f"so much working time after {start}, by the year 9998")
        return end

    def subtract_open_time(self, end: datetime, duration: timedelta) -> datetime:
        """The latest instant from which ``duration`` of working time passes until ``end``, in UTC.

        If that is reached at an opening, that opening, not the closing before it.

        Raises:
            InvalidValue: ``duration`` is not above zero, ``end`` is naive or outside the years
                2 to 9998, or there is not so much working time after the start of the year 2.
        """
        if not isinstance(duration, timedelta) or duration <= timedelta():
            raise InvalidValue("duration", duration, "a length of time above zero")
        start = self._worked_off("end", end, 1 - duration // _MICROSECOND)
        if start is None:
            raise InvalidValue("duration", duration, f"so much working time before {end}, since the year 2")
        return start - _MICROSECOND

    def last_closing(self, at: datetime) -> datetime:
        """``at`` itself (in UTC) if the desk is open until then, else the last closing before it.

        Raises:
            InvalidValue: ``at`` is naive or outside the years 2 to 9998, or the desk was not open
                before since the start of the year 2.
        """
        end = self._worked_off("at", at, 0)
        if end is None:
            raise InvalidValue("at", at, "an instant with a closing before it, since the year 2")
        return end

    def next_opening(self, at: datetime) -> datetime:
        """``at`` itself (in UTC) if the desk is open then, else the first instant after it at which it is.

        Raises:
            InvalidValue: ``at`` is naive or outside the years 2 to 9998, or the desk does not open
                again before the end of the year 9998.
        """
        end = self._worked_off("at", at, 1)
        if end is None:
            raise InvalidValue("at", at, "an instant with an opening after it, by the year 9998")
        return end - _MICROSECOND

    def _weekly(self, weekday: int) -> Hours:
        return self.weekly.get(weekday, ())

    def _hours(self, day: date) -> Hours:
        hours = self.exceptions.get(day)
        return self._weekly(day.weekday()) if hours is None else hours

    def _opening(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        midnight, following = (start_of_day(day + timedelta(days=n), self.zone) for n in (0, 1))
        instants = []
        for begins, ends in self._hours(day):
            start = self._instant(day, begins) if begins != time() else midnight
            end = self._instant(day, ends) if ends != time() else following
            instants.append((start, min(end, following)))
        opening: list[tuple[datetime, datetime]] = []
        # A skipped time moves forward past later ones: out of order, into the next segment or day.
        for start, end in sorted(instants):
            if opening and start <= opening[-1][1]:
                opening[-1] = opening[-1][0], max(opening[-1][1], end)
            elif start < end:
                opening.append((start, end))
        return tuple(opening)

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC)

    def _date(self, name: str, at: datetime) -> date:
        """The date on which ``at`` lies in the zone, if that lies in the years 2 to 9998."""
        try:
            day = aware(name, at).astimezone(self.zone).date()
        except OverflowError:
            day = date.max
        if not _FIRST <= day <= _LAST:
            raise InvalidValue(name, at, "an instant in the years 2 to 9998")
        return day

    def _place(self, name: str, at: datetime) -> tuple[_Day, datetime]:
        """The day on whose stretch from midnight to midnight ``at`` lies, and ``at`` in UTC.

        Where clocks go back over midnight, the evening that comes again belongs to the new day.
        """
        day = self._day(self._date(name, at))
        instant = at.astimezone(UTC)
        return (day if instant < day.until else self._day(day.on + timedelta(days=1))), instant

    def _day(self, on: date) -> _Day:
        """The day with its instants, which are looked up once."""
        day = self._seen.get(on)
        if day is None:
            if len(self._seen) >= _MOST_DAYS_SEEN:
                self._seen.clear()
            opening = self._opening(on)
            sums = tuple(accumulate((ends - begins) // _MICROSECOND for begins, ends in opening))
            day = _Day(on, start_of_day(on + timedelta(days=1), self.zone), opening, sums)
            self._seen[on] = day
        return day

    def _worked_off(self, name: str, start: datetime, microseconds: int) -> datetime | None:
        """The earliest instant with so much working time since ``start``, which may be negative.

        ``None`` where that lies before the year 2 or beyond the year 9998.
        """
        if self._never_closes:
            self._date(name, start)
            return self._later(start.astimezone(UTC), microseconds)
        day, at = self._place(name, start)
        wanted = day.worked(at) + microseconds
        if 0 < wanted <= day.length:
            return day.reach(wanted)
        first = last = day.on.year
        while True:  # the clocks of the years between may not be known yet: then look again
            sums = self._sums(first, last)
            total = sums.before(day.on.toordinal()) + wanted
            if total <= sums.before(_FIRST.toordinal()):
                return None
            found = sums.reach(total)
            year = date.fromordinal(min(found, _LAST.toordinal())).year
            if first <= year <= last:
                break
            first, last = min(first, year), max(last, year)
        if found > _LAST.toordinal():
            return None
        return self._day(date.fromordinal(found)).reach(total - sums.before(found))

    def _later(self, at: datetime, microseconds: int) -> datetime | None:
        """``at`` moved by elapsed time; ``None`` beyond the ends of the calendar."""
        try:
            moved = at + microseconds * _MICROSECOND
        except OverflowError:
            return None
        return moved if self._ends[0] < moved <= self._ends[1] else None

    def _sums(self, first: int, last: int) -> _Sums:
        """The working time of days in microseconds; right between days of the years asked for.

        The clocks of a year are looked up when it is first asked for, with its decade, and kept.
        """
        known = self._known
        if known is not None and known.first <= first and last <= known.last:
            return known.sums
        if known is not None:
            first, last = min(first, known.first), max(last, known.last)
        known = self._lookup(max(first // 10 * 10, _FIRST.year), min(last // 10 * 10 + 9, _LAST.year))
        object.__setattr__(self, "_known", known)  # whole, so that threads can at most do it twice
        return known.sums

    def _lookup(self, first: int, last: int) -> _Known:
        days = {day.toordinal(): _length(hours) for day, hours in self.exceptions.items()}
        changed: Iterable[int] = ()
        if not self.weekly:  # no other days are open at all
            changed = [day.toordinal() for day in self.exceptions if first <= day.year <= last]
        elif not isinstance(self.zone, timezone):
            changed = _clock_changes(self.zone, date(first, 1, 1), date(last, 12, 31))
        for ordinal in changed:
            opening = self._opening(date.fromordinal(ordinal))
            days[ordinal] = sum((ends - begins) // _MICROSECOND for begins, ends in opening)
        return _Known(first, last, _Sums([_length(self._weekly(day)) for day in range(7)], days))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[object, ...]:
        weekly, exceptions = dict(self.weekly), dict(self.exceptions)
        return partial(Calendar, self.name, self.zone, weekly=weekly, exceptions=exceptions), ()


class _Sums:
    """Sums over days of a whole number, 0 or more, that repeats weekly but for some days.

    A day is its ordinal; the sums count from the year 1. Neither question depends on any distance.
    """

    __slots__ = ("_before", "_days", "_extra", "_week")

    def __init__(self, week: Sequence[int], days: Mapping[int, int]) -> None:
        self._days = sorted(days)
        self._week = list(accumulate(week, initial=0))
        self._extra = list(accumulate((days[day] - week[(day - 1) % 7] for day in self._days), initial=0))
        self._before = [self.before(day) for day in self._days]

    def before(self, day: int) -> int:
        """The sum over all days before ``day``."""
        weeks, weekday = divmod(day - 1, 7)  # ordinal 1 is a Monday
        return weeks * self._week[7] + self._week[weekday] + self._extra[bisect_left(self._days, day)]

    def reach(self, total: int) -> int:
        """The first day with which the sum comes to ``total`` (above 0), perhaps beyond the calendar."""
        passed = bisect_left(self._before, total)  # so many special days begin below the total
        if passed and self.before(self._days[passed - 1] + 1) >= total:
            return self._days[passed - 1]
        if not self._week[7]:
            return date.max.toordinal() + 1
        weeks, rest = divmod(total - self._extra[passed] - 1, self._week[7])
        return weeks * 7 + bisect_right(self._week, rest)


@dataclass(frozen=True, slots=True)
class _Day:
    """A day until the midnight at its end, when it is open, and what was worked by each closing."""

    on: date
    until: datetime
    opening: tuple[tuple[datetime, datetime], ...]
    sums: tuple[int, ...]

    @property
    def length(self) -> int:
        """The microseconds for which it is open."""
        return self.sums[-1] if self.sums else 0

    def worked(self, at: datetime) -> int:
        """The microseconds open before ``at``, an instant of the day."""
        worked = 0
        for (begins, ends), total in zip(self.opening, self.sums, strict=True):
            if at < ends:
                return worked + (at - begins) // _MICROSECOND if at > begins else worked
            worked = total
        return worked

    def reach(self, worked: int) -> datetime:
        """The first instant with so many microseconds open before it, from 1 to ``length``."""
        segment = bisect_left(self.sums, worked)
        return self.opening[segment][1] - (self.sums[segment] - worked) * _MICROSECOND


@dataclass(frozen=True, slots=True)
class _Known:
    """The sums of working time with the clock changes of the years ``first`` to ``last``."""

    first: int
    last: int
    sums: _Sums


def _clock_changes(zone: tzinfo, first: date, last: date) -> Iterator[int]:
    """The ordinals of all days from ``first`` to ``last`` on which clocks change, and of days beside.

    ``zoneinfo`` has no list of its changes: look at the offset every few days and bisect between.
    """

    def offset(ordinal: int) -> timedelta | None:
        return datetime.combine(date.fromordinal(ordinal), time(), tzinfo=zone).utcoffset()

    def changed(old: timedelta | None, ordinal: int) -> bool:
        return offset(ordinal) != old

    looks = range(first.toordinal(), last.toordinal() + 2 * _DAYS_BETWEEN_LOOKS, _DAYS_BETWEEN_LOOKS)
    old = offset(looks[0])
    for earlier, later in pairwise(looks):
        day, new = earlier, offset(later)
        while old != new:
            day = bisect_left(range(later), True, day, key=partial(changed, old))
            old = offset(day)
            # The change lies before this midnight; a gap over the midnight before cuts two days.
            yield from (day - 2, day - 1)


def _plain(name: str, day: date) -> date:
    if isinstance(day, datetime) or not isinstance(day, date):
        raise InvalidValue(name, day, "a date; which date an instant lies on is asked with a zone")
    return day


def _name_of(zone: tzinfo) -> str:
    if not isinstance(zone, tzinfo):
        raise InvalidValue("zone", zone, "a tzinfo, such as ZoneInfo('Asia/Shanghai')")
    name = str(zone)
    if " at 0x" in name:  # an address in memory: another one in every process
        raise InvalidValue("zone", zone, "a zone with a name of its own, such as ZoneInfo('Asia/Shanghai')")
    return name


def _checked(where: str, hours: Hours) -> Hours:
    """The hours as tuples, if they are in order."""
    try:
        checked = tuple((begins, ends) for begins, ends in hours)
    except (TypeError, ValueError):
        expected = "segments, each from and to; () is closed"
        raise InvalidValue(f"hours on {where}", hours, expected) from None
    last = 0
    for begins, ends in checked:
        local = all(isinstance(at, time) and at.tzinfo is None and not at.fold for at in (begins, ends))
        if not local or not last <= _since_midnight(begins) < _end(ends):
            expected = "local times, in order, no overlap, each end after its begin; an end of 00:00 is 24:00"
            if local and begins > ends != time():
                expected += f"; past midnight: {begins:%H:%M}-24:00, and 00:00-{ends:%H:%M} of the next day"
            raise InvalidValue(f"hours on {where}", _written(checked), expected)
        last = _end(ends)
    return checked


def _written(hours: Hours) -> str:
    return ", ".join(f"{begins}-{ends}" for begins, ends in hours)


def _length(hours: Hours) -> int:
    """The microseconds of the hours as written, on a day without a clock change."""
    return sum(_end(ends) - _since_midnight(begins) for begins, ends in hours)


def _since_midnight(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def _end(at: time) -> int:
    return _since_midnight(at) or _DAY
