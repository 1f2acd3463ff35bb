"""When the clock looks at a claim, and what it says then: the last days for payment and for notice of use.

Each is said once, at the beginning of that day; what was said is on record, so that the clock may speak
daily, or once after a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from servflow.core.changes import Command
from servflow.core.dates import start_of_day
from servflow.core.deposits.claims.commands import RemindDeadline
from servflow.core.deposits.claims.guards import last_days
from servflow.core.deposits.claims.model import DepositClaim
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.waking import Wake, at_of, next_of, said_by

__all__ = ["next_wake", "wake"]


def next_wake(it: DepositClaim, policy: DepositPolicy) -> datetime | None:
    """The instant at which the clock has something to say next; None: never, as it stands."""
    return at_of(next_of(_wakes(it, policy)))


def wake(it: DepositClaim, policy: DepositPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says next, if its instant has come by ``recorded_at``."""
    return said_by(next_of(_wakes(it, policy)), it, it.authority, recorded_at)


def _wakes(it: DepositClaim, policy: DepositPolicy) -> Iterator[Wake]:
    for deadline, last, _ in last_days(it, policy):
        if deadline.value not in it.reminded:
            word = f"{deadline.value}/{it.version}"
            yield Wake(start_of_day(last, policy.zone), RemindDeadline, word, {"deadline": deadline})
