"""When the clock looks at a complaint, and what it says then: rungs reached, promises broken.

Each is said once, at its instant, the earliest first; what was said is on record, so that the clock may speak
daily, or once after a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from servflow.core.aftersales.commitments import coming
from servflow.core.aftersales.complaints.commands import FireComplaintRung, MarkComplaintBreach
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.changes import Command
from servflow.core.waking import Wake, at_of, next_of, said_by

__all__ = ["next_wake", "wake"]


def next_wake(it: Complaint, policy: ServicePolicy) -> datetime | None:
    """The instant at which the clock has something to say next; None: never, as it stands."""
    return at_of(next_of(_wakes(it, policy)))


def wake(it: Complaint, policy: ServicePolicy, recorded_at: datetime) -> Command | None:
    """What the clock says next, if its instant has come by ``recorded_at``."""
    return said_by(next_of(_wakes(it, policy)), it, it.firm, recorded_at)


def _wakes(it: Complaint, policy: ServicePolicy) -> Iterator[Wake]:
    if not it.is_open:
        return
    for each in coming(it.commitments, policy.calendar):
        if each.rung is None:
            yield Wake(each.at, MarkComplaintBreach, f"{each.what}/breach", {"what": each.what})
        else:
            said = {"level": each.rung.level, "action": each.rung.action}
            said |= {"what": each.what, "rung": each.name}
            yield Wake(each.at, FireComplaintRung, f"{each.what}/{each.name}", said)
