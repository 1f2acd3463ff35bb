"""What the rulebooks of both desks of interlibrary loan have in common: whose they are, and notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from servflow.core.citations import Dated
from servflow.core.desk_rules import DeskRules

__all__ = ["DeskPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPolicy(DeskRules):
    """The rules of a library's desk, whichever side it is on; ``library`` is its reference."""

    library: str
    notices: Dated[tuple[int, ...]]
    """Days after the due date (below zero: before it) on which a borrower is reminded, ascending."""
    undo_minutes: Dated[int]
    """For how many minutes a step at the desk can be undone; so long its messages wait. 0: it cannot."""

    def reminders(self, due: date) -> tuple[date, ...]:
        """The days on which a borrower is reminded of ``due``, in their order; none beyond the calendar."""
        first, last = (date.min - due).days, (date.max - due).days
        steps = self.notices.on(due).value
        return tuple(due + timedelta(days=step) for step in steps if first <= step <= last)
