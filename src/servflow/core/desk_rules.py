"""What the rulebooks of every desk have in common: their digest, a calendar, a currency, closed periods.

Days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from servflow.core.dates import day_of
from servflow.core.rows import Situation
from servflow.core.worktime import Calendar

__all__ = ["DeskRules", "today"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRules:
    """The rules that a desk decides by, whatever it does; the policy of a domain adds its own.

    ``rulebook`` is the digest of the rulebook, ``calendar`` the desk's opening hours and the zone in which
    its days lie.
    """

    rulebook: str
    calendar: Calendar
    currency: str
    closed_through: date | None = None
    """The last day of the books' closed periods; postings for a day in them count on the first open day."""

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


def today(s: Situation[Any, Any, Any, Any]) -> date:
    """The legal day on which the command happened, where the desk decides by ``DeskRules``."""
    rules: DeskRules = s.policy
    return rules.day(s.command.happened_at)
