"""Periods that reports are for: days, ISO weeks, months, quarters, years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from servflow.core.aftersales.desk_rules import Every
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue

__all__ = ["label", "period", "periods"]

_DAY: Final = timedelta(days=1)
_MONTHS: Final = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}


def period(every: Every, day: date) -> Term:
    """The day, week (from Monday, as ISO 8601 has it), month, quarter or year in which ``day`` lies.

    >>> period(Every.QUARTER, date(2026, 5, 4))
    Term(start=datetime.date(2026, 4, 1), until=datetime.date(2026, 7, 1))

    Raises:
        InvalidValue: ``every`` is a trip, which has no days of its own, or the period does not end within
            the year 9999.
    """
    if every is Every.TRIP:
        raise InvalidValue("every", every.value, "day, week, month, quarter or year")
    try:
        if every is Every.DAY:
            return Term(day, day + _DAY)
        if every is Every.WEEK:
            monday = day - day.weekday() * _DAY
            return Term(monday, monday + 7 * _DAY)
        months = _MONTHS[every]
        first = day.month - (day.month - 1) % months
        years, month = divmod(first - 1 + months, 12)
        return Term(date(day.year, first, 1), date(day.year + years, month + 1, 1))
    except (ValueError, OverflowError):
        raise InvalidValue("day", day.isoformat(), "a day whose period ends within the year 9999") from None


def periods(every: Every, term: Term) -> Iterator[Term]:
    """The periods one after the other, from that of the first day of ``term`` to that of its last one.

    Raises:
        InvalidValue: as ``period``.
    """
    found = period(every, term.start)
    yield found
    while found.until < term.until:
        found = period(every, found.until)
        yield found


def label(term: Term) -> str:
    """How a period is called: ``2026-05-04``, ``2026-W19``, ``2026-05``, ``2026-Q2``, ``2026``.

    Any other term by its first and its last day: ``2026-05-04/2026-05-06``.
    """
    start = term.start
    fitting = (every for every in Every if every is not Every.TRIP and _is_one(every, term))
    match next(fitting, None):
        case Every.DAY:
            return start.isoformat()
        case Every.WEEK:
            year, week, _ = start.isocalendar()
            return f"{year:04}-W{week:02}"
        case Every.MONTH:
            return f"{start.year:04}-{start.month:02}"
        case Every.QUARTER:
            return f"{start.year:04}-Q{(start.month + 2) // 3}"
        case Every.YEAR:
            return f"{start.year:04}"
        case _:
            return f"{start.isoformat()}/{term.last_day.isoformat()}"


def _is_one(every: Every, term: Term) -> bool:
    try:
        return period(every, term.start) == term
    except InvalidValue:  # at the end of the calendar
        return False
