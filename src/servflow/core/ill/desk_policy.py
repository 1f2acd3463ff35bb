"""What the rulebooks of both desks of interlibrary loan have in common: whose they are, days, notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from servflow.core.citations import Dated
from servflow.core.dates import day_of
from servflow.core.worktime import Calendar

__all__ = ["DeskPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPolicy:
    """The rules of a library's desk, whichever side it is on.

    ``library`` is its reference, ``rulebook`` the digest of the rulebook, ``calendar`` the desk's
    opening hours and the zone in which its days lie.
    """

    library: str
    rulebook: str
    calendar: Calendar
    currency: str
    closed_through: date | None = None
    """The last day of the books' closed periods; postings for a day in them count on the first open day."""
    notices: Dated[tuple[int, ...]]
    """Days after the due date (below zero: before it) on which a borrower is reminded, ascending."""
    undo_minutes: Dated[int]
    """For how many minutes a step at the desk can be undone; so long its messages wait. 0: it cannot."""

    @property
    def calendar_digest(self) -> str:
        """The digest of the calendar."""
        return self.calendar.digest

    @property
    def zone(self) -> tzinfo:
        """The zone in which legal days lie."""
        return self.calendar.zone

    def day(self, at: datetime) -> date:
        """The legal day on which ``at`` lies."""
        return day_of(at, self.zone)

    def reminders(self, due: date) -> tuple[date, ...]:
        """The days on which a borrower is reminded of ``due``, in their order; none beyond the calendar."""
        first, last = (date.min - due).days, (date.max - due).days
        steps = self.notices.on(due).value
        return tuple(due + timedelta(days=step) for step in steps if first <= step <= last)
