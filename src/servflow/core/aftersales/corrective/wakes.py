"""When the clock looks at a corrective action: as the day of its measures begins, and once it has passed.

Each is said once, at its instant; what was said is on record, so that the clock may speak daily, or once
after a month.
"""

from __future__ import annotations

from datetime import datetime

from servflow.core.aftersales.corrective.commands import RemindAction
from servflow.core.aftersales.corrective.guards import reminded_at
from servflow.core.aftersales.corrective.model import CorrectiveAction
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.changes import Command
from servflow.core.waking import Wake, said_by

__all__ = ["next_wake", "wake"]


def next_wake(it: CorrectiveAction, policy: ServicePolicy) -> datetime | None:
    """The instant of the next reminder; None: never, as it stands."""
    return reminded_at(it, policy)


def wake(it: CorrectiveAction, policy: ServicePolicy, recorded_at: datetime) -> Command | None:
    """The reminder that is next, if its instant has come by ``recorded_at``."""
    at = reminded_at(it, policy)
    if at is None:
        return None
    coming = Wake(at, RemindAction, f"remind/{it.version}", {"overdue": bool(it.reminders)})
    return said_by(coming, it, it.firm, recorded_at)
