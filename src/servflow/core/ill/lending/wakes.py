"""When the clock looks at a supplying transaction, and what it says then.

Each thing is said once, at its scheduled instant, the earliest first; what was said is on record,
so that the clock may speak daily, or once after a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from servflow.core.changes import Command
from servflow.core.dates import start_of_day
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import guards as g
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import SupplyState
from servflow.core.waking import Wake, at_of, next_of, said_by

__all__ = ["next_wake", "wake"]

_BEFORE: Final = (SupplyState.NEW, SupplyState.CHECKING, SupplyState.PROMISED, SupplyState.OFFERED)
_WITH_THEM: Final = (SupplyState.SHIPPED, SupplyState.AT_REQUESTER)
_OUT: Final = (*_WITH_THEM, SupplyState.RETURN_IN_TRANSIT)


def next_wake(it: SupplyTransaction, policy: LendingPolicy) -> datetime | None:
    """The beginning of the day on which the clock has something to say next; None: never."""
    return at_of(next_of(_wakes(it, policy)))


def wake(it: SupplyTransaction, policy: LendingPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says next, if its instant has come by ``recorded_at``."""
    return said_by(next_of(_wakes(it, policy)), it, it.supplier, recorded_at)


def _wakes(it: SupplyTransaction, policy: LendingPolicy) -> Iterator[Wake]:
    """All that is to come as it stands, in the order in which it is said on one day.

    What happens once for a state of things has the transaction's version in its id: as long as
    nothing else is said, it is the same.
    """
    if it.state in _BEFORE and (passed := _day_after(it.need_before)):
        on = max(passed, it.received_on or passed)
        yield Wake(start_of_day(on, policy.zone), c.ExpireRequest, f"expire/{it.version}")
    if it.state is SupplyState.OFFERED and it.offer is not None and (passed := _day_after(it.offer.reply_by)):
        yield Wake(start_of_day(passed, policy.zone), c.LapseOffer, f"lapse/{it.offer.revision}")
    if it.state not in _OUT or it.due is None:
        return
    if it.renewal_asked_on is not None and (passed := _day_after(it.due)):
        yield Wake(start_of_day(passed, policy.zone), c.DeclineRenewal, f"renewal/{it.version}")
    if it.state in _WITH_THEM:
        notice_on = g.notice_on(it, policy)
        if notice_on is not None:
            step = it.noticed + 1
            said = {"due": it.due, "step": step}
            yield Wake(start_of_day(notice_on, policy.zone), c.NoticeDue, f"term-{it.terms}/{step}", said)
    elif it.return_reported_on is not None and not it.return_delay_noted:
        late_from = policy.return_late_from(it.return_reported_on)
        if late_from is not None:
            yield Wake(start_of_day(late_from, policy.zone), c.NoteReturnDelay, f"return/{it.version}")
    lost_on = g.taken_for_lost_on(it, policy)
    if lost_on is not None:
        yield Wake(start_of_day(lost_on, policy.zone), c.DeclareLost, f"lost/{it.version}")


def _day_after(day: date | None) -> date | None:
    """The next day, if there is one in the calendar."""
    return None if day is None or day == date.max else day + timedelta(days=1)
