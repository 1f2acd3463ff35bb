"""When the clock looks at a ticket, and what it says then.

Each thing is said once, at its scheduled instant, the earliest first; what was said is on record, so that
the clock may speak daily, or once after a month. Nothing is said that would be refused: of a service that
is over nothing but its duties comes, and one that lies in the firm's hands is not deemed accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from servflow.core.aftersales import commitments
from servflow.core.aftersales.desk_rules import Deemed
from servflow.core.aftersales.policy import Duty, ServicePolicy
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.ending import silent_until
from servflow.core.aftersales.tickets.ground import NOT_TO_BE_HAD
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.promising import owed_to
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.aftersales.words import PauseReason
from servflow.core.changes import Command
from servflow.core.dates import existing, start_of_day
from servflow.core.waking import Wake, at_of, next_of, said_by

__all__ = ["next_wake", "wake"]

_NEXT: Final = timedelta(microseconds=1)
_NEVER: Final = (Stage.REJECTED, Stage.CANCELLED)
_QUOTED: Final = (Stage.QUOTED, Stage.ON_SITE, Stage.IN_SHOP)
"""Where a quote may lapse: while it is waited for, or while somebody is at work on what he found."""


def next_wake(it: Ticket, policy: ServicePolicy) -> datetime | None:
    """The instant at which the clock has something to say next; None: never."""
    return at_of(_first(it, policy))


def wake(it: Ticket, policy: ServicePolicy, recorded_at: datetime) -> Command | None:
    """What the clock says next, if its instant has come by ``recorded_at``."""
    return said_by(_first(it, policy), it, it.firm, recorded_at, named=f"{it.kind}/{it.id}")


def _first(it: Ticket, policy: ServicePolicy) -> Wake | None:
    """What comes first as it stands; at one instant clocks, holds and stage before duties."""
    if it.state in _NEVER:
        return None
    first = None
    if it.state is not Stage.CLOSED:
        first = next_of((*_of_clocks(it, policy), *_of_holds(it, policy), *_of_stage(it, policy)))
    duty = _of_duties(it, policy, date.max if first is None else policy.day(first.at))
    return next_of(each for each in (first, duty) if each is not None)


def _coming(it: Ticket, at: datetime, kind: type[Command], word: str, /, **said: Any) -> Wake:
    return Wake(at, kind, f"{word}/{it.version}", said)


def _of_clocks(it: Ticket, policy: ServicePolicy) -> Iterator[Wake]:
    for each in commitments.coming(it.commitments, policy.calendar):
        if each.rung is None:
            yield _coming(it, each.at, c.MarkBreach, f"breach/{each.what}", what=each.what)
        else:
            said = {
                "what": each.what,
                "rung": each.name,
                "level": each.rung.level,
                "action": each.rung.action,
            }
            yield _coming(it, each.at, c.FireRung, f"rung/{each.what}/{each.name}", **said)


def _of_holds(it: Ticket, policy: ServicePolicy) -> Iterator[Wake]:
    for name, hold in it.holds.items():
        reason = PauseReason(name)
        if hold.remind_on is not None:
            on = start_of_day(hold.remind_on, policy.zone)
            yield _coming(it, on, c.RemindHold, f"hold/{name}", reason=reason)
        if hold.until is not None:
            yield _coming(it, existing("until", hold.until), c.ResumeWork, f"resume/{name}", reason=reason)


def _of_stage(it: Ticket, policy: ServicePolicy) -> Iterator[Wake]:
    quote = it.open_quote
    if quote is not None and it.state in _QUOTED:
        yield _coming(it, existing("valid_until", quote.valid_until) + _NEXT, c.LapseQuote, "lapse")
    if it.state is Stage.REPAIRED and not it.in_firms_hands:
        at = _silent_until(it, policy)
        if at is not None:
            yield _coming(it, at, c.DeemAccepted, "deemed")


def _silent_until(it: Ticket, policy: ServicePolicy) -> datetime | None:
    """When a customer who has said nothing is taken to have accepted; ``None``: never.

    What he was given back later than that he accepts on the day after.
    """
    rules = policy.on(policy.day(it.reported_at))
    if not rules.of(Deemed):
        return None
    try:
        at = silent_until(it, rules)
    except NOT_TO_BE_HAD:
        return None
    if at is None:
        return None
    back = [item.given_back_on for item in it.items.values() if item.given_back_on is not None]
    return max([at, *(start_of_day(day + timedelta(days=1), policy.zone) for day in back)])


def _of_duties(it: Ticket, policy: ServicePolicy, through: date) -> Wake | None:
    """The first thing that is due by itself, through that day."""
    if not policy.on(policy.day(it.reported_at)).of(Duty):
        return None
    seen = {*it.reminded, *(done.key for done in it.duties)}
    found = owed_to(it, policy).next(seen, through)
    if found is None:
        return None
    at, word = start_of_day(found.day, policy.zone), f"duty/{found.key}"
    return _coming(it, at, c.RemindDuty, word, key=found.key, due_on=found.day)
