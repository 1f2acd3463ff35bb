"""Legal days: periods in years, months and days; terms; the instant a day begins.

1. A term is half-open: ``start`` is in it, ``until`` is the first day that is not.
2. A month is a calendar month. What happens on a day that the target month lacks is named by an
   ``EndOfMonth`` rule; there is no silent default.
3. A datetime is aware, or it is refused. Which day it lies on is asked with a zone.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum

from servflow.core.errors import InvalidValue

__all__ = [
    "EndOfMonth",
    "MonthDay",
    "Period",
    "Term",
    "aware",
    "day_of",
    "existing",
    "lies_after",
    "months_between",
    "start_of_day",
]


class EndOfMonth(Enum):
    """Where a month's arithmetic lands when the target month has no such day."""

    CLAMP = "clamp"  # 31 January + 1 month = 28 or 29 February
    NEXT = "next"  # 31 January + 1 month = 1 March


def aware(name: str, at: datetime) -> datetime:
    """``at`` itself.

    Raises:
        InvalidValue: it is naive (has no offset), or is no datetime.
    """
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise InvalidValue(name, at, "an aware datetime, with its offset from UTC")
    return at


def existing(name: str, at: datetime) -> datetime:
    """The instant ``at``, in UTC. An hour that comes twice means the first time, or the second by ``fold``.

    Raises:
        InvalidValue: it is naive, the clocks of its zone skip that time, or it lies outside the years
            1 to 9999.
    """
    try:
        instant = aware(name, at).astimezone(UTC)
        exists = isinstance(at.tzinfo, timezone) or instant.astimezone(at.tzinfo).replace(
            tzinfo=None, fold=0
        ) == at.replace(tzinfo=None, fold=0)
    except OverflowError:
        raise InvalidValue(name, at, "an instant in the years 1 to 9999") from None
    if not exists:
        raise InvalidValue(
            name, at.isoformat(), f"a time that exists: the clocks of {at.tzinfo} skip this one"
        )
    return instant


def lies_after(one: datetime, other: datetime) -> bool:
    """Whether the instant ``one`` lies after ``other``; both are aware.

    Two datetimes of one zone Python compares by the wall clock, also in an hour that comes twice.
    """
    if one.tzinfo is other.tzinfo and not isinstance(one.tzinfo, timezone):
        one, other = _at_its_offset(one), _at_its_offset(other)
    return one > other


def _at_its_offset(at: datetime) -> datetime:
    offset = at.utcoffset()
    assert offset is not None
    return at.replace(tzinfo=timezone(offset))


def day_of(at: datetime, zone: tzinfo) -> date:
    """The date on which the instant ``at`` lies in ``zone``.

    Raises:
        InvalidValue: ``at`` is naive, or that date lies outside the years 1 to 9999.
    """
    try:
        return aware("at", at).astimezone(zone).date()
    except OverflowError:
        raise InvalidValue("at", at, "an instant in the years 1 to 9999") from None


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """The instant (in UTC) at which ``day`` begins in ``zone``.

    Where clocks skip midnight, the first instant that exists; where it comes twice, the first.

    Raises:
        InvalidValue: that instant lies outside the years 1 to 9999.
    """
    midnight = datetime.combine(day, time(), tzinfo=zone)
    try:
        start = midnight.astimezone(UTC)
        if start.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
            return start
    except OverflowError:
        raise InvalidValue("day", day, "a day that begins in the years 1 to 9999") from None
    # The gap may begin before midnight (Toronto 1919: 23:30 to 00:30): find its end, at most a day away.
    earliest = start - timedelta(days=1)
    seconds = range(2 * 24 * 60 * 60)
    found = bisect_left(seconds, day, key=lambda n: (earliest + timedelta(seconds=n)).astimezone(zone).date())
    return earliest + timedelta(seconds=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A length of time in calendar months and days (借期, 续借期); a year is twelve months.

    >>> Period(months=1).after(date(2026, 1, 31), EndOfMonth.CLAMP)
    datetime.date(2026, 2, 28)

    Raises:
        InvalidValue: a part is negative, or both are zero.
    """

    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        for name, part in (("months", self.months), ("days", self.days)):
            if isinstance(part, bool) or not isinstance(part, int) or part < 0:
                raise InvalidValue(name, part, "a whole number, 0 or more")
        if not self.months and not self.days:
            raise InvalidValue("period", "0 months and 0 days", "a length above zero")

    def after(self, day: date, end_of_month: EndOfMonth) -> date:
        """The day that lies this period after ``day``: months first, then days.

        Raises:
            InvalidValue: the result lies beyond the calendar (year 9999).
        """
        return self._moved(day, 1, end_of_month)

    def before(self, day: date, end_of_month: EndOfMonth) -> date:
        """The day that lies this period before ``day``: months first, then days.

        Raises:
            InvalidValue: the result lies before the calendar (year 1).
        """
        return self._moved(day, -1, end_of_month)

    def _moved(self, day: date, sign: int, end_of_month: EndOfMonth) -> date:
        year, month = divmod(day.year * 12 + day.month - 1 + sign * self.months, 12)
        try:
            last = monthrange(year, month + 1)[1]
            if day.day <= last:
                moved = date(year, month + 1, day.day)
            elif end_of_month is EndOfMonth.CLAMP:
                moved = date(year, month + 1, last)
            else:
                moved = date(year, month + 1, last) + timedelta(days=1)
            return moved + timedelta(days=sign * self.days)
        except (ValueError, OverflowError):
            expected = "a day between the years 1 and 9999"
            raise InvalidValue("period", f"{self} from {day.isoformat()}", expected) from None

    def __str__(self) -> str:
        parts = [f"{n} {name}" for n, name in ((self.months, "months"), (self.days, "days")) if n]
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day that comes every year, such as 15 November; written ``11-15``. 29 February does not.

    Raises:
        InvalidValue: there is no such day in every year.
    """

    month: int
    day: int

    def __post_init__(self) -> None:
        try:
            date(2001, self.month, self.day)
        except (TypeError, ValueError):
            expected = "a month and a day that every year has"
            raise InvalidValue("month_day", f"{self.month}-{self.day}", expected) from None

    @classmethod
    def parse(cls, text: str) -> MonthDay:
        """The day that is written so: ``11-15``.

        Raises:
            InvalidValue: it is none.
        """
        month, _, day = text.partition("-")
        if [len(month), len(day)] != [2, 2] or not (text.isascii() and (month + day).isdecimal()):
            raise InvalidValue("month_day", text, "a month and a day such as 11-15")
        return cls(int(month), int(day))

    def in_year(self, year: int) -> date:
        """That day in ``year``.

        Raises:
            InvalidValue: the year is none between 1 and 9999.
        """
        try:
            return date(year, self.month, self.day)
        except (ValueError, OverflowError):
            raise InvalidValue("year", year, "a year between 1 and 9999") from None

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


def months_between(after: date, through: date, end_of_month: EndOfMonth) -> tuple[int, bool]:
    """How many whole months lie from ``after`` to ``through``, and whether something is left over.

    Nothing at all if ``through`` is not later.

    >>> months_between(date(2026, 1, 31), date(2026, 2, 28), EndOfMonth.CLAMP)
    (1, False)
    """
    if through <= after:
        return 0, False
    months = (through.year - after.year) * 12 + through.month - after.month
    while months and _months_after(after, months, end_of_month) > through:
        months -= 1  # at most twice: the target month may lack the day
    return months, not months or _months_after(after, months, end_of_month) < through


def _months_after(day: date, months: int, end_of_month: EndOfMonth) -> date:
    return Period(months=months).after(day, end_of_month)


@dataclass(frozen=True, slots=True)
class Term:
    """The days from ``start`` (in it) until ``until`` (the first day not in it).

    Raises:
        InvalidValue: ``until`` does not lie after ``start``.
    """

    start: date
    until: date

    def __post_init__(self) -> None:
        if self.until <= self.start:
            found = f"{self.start.isoformat()} until {self.until.isoformat()}"
            raise InvalidValue("term", found, "an end after its start")

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.until

    @property
    def last_day(self) -> date:
        """The last day in the term, as it is printed ("valid to")."""
        return self.until - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days the term has."""
        return (self.until - self.start).days
