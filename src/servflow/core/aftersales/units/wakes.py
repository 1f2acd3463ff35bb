"""When the clock looks at a unit's record: on the day on which something is next due to it."""

from __future__ import annotations

from datetime import datetime

from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.units.commands import RemindUnitDuty
from servflow.core.aftersales.units.guards import owed_to
from servflow.core.aftersales.units.model import Unit, UnitState
from servflow.core.changes import Command
from servflow.core.dates import start_of_day
from servflow.core.waking import Wake, at_of, said_by

__all__ = ["next_wake", "wake"]


def next_wake(it: Unit, policy: ServicePolicy) -> datetime | None:
    """The beginning of the day on which something is next due; ``None``: of none."""
    return at_of(_next(it, policy))


def wake(it: Unit, policy: ServicePolicy, recorded_at: datetime) -> Command | None:
    """What the clock says next, if its instant has come by ``recorded_at``."""
    return said_by(_next(it, policy), it, it.firm, recorded_at, named=f"{it.kind}/{it.id}")


def _next(it: Unit, policy: ServicePolicy) -> Wake | None:
    """What is due next, and was neither done nor reminded of; what is retired is owed nothing."""
    owed = None if it.state is UnitState.RETIRED else owed_to(it, policy)
    due = None if owed is None else owed.next({*it.reminded, *(done.key for done in it.duties)})
    if due is None:
        return None
    word, said = f"duty/{due.key}/{it.version}", {"key": due.key, "due_on": due.day}
    return Wake(start_of_day(due.day, policy.zone), RemindUnitDuty, word, said)
