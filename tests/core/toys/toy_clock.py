"""A service ticket against the clock: paused, resumed, breached.

1. When it is due was promised to somebody: it is stored. A pause moves it, by as long as it lasts.
2. When to look again is not stored but follows from the ticket (``next_wake``). Whoever looks late
   still says what happened at the instant when it did; whoever looks early says nothing.
3. The first instant that is too late is the due instant itself. That it was reached is found by the
   clock or, if nobody looked, by the next command: it is the same breach, at the same instant.
4. A breach on record is never taken back, whatever is heard afterwards of what happened before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Final

from servflow.core.changes import Actor, Aggregate, Command, Office
from servflow.core.citations import Reason
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Lifecycles, Outcome, Row, Situation

__all__ = [
    "LIFECYCLES",
    "TICKETS",
    "Breach",
    "ClockPolicy",
    "Finish",
    "OpenTicket",
    "Pause",
    "Resume",
    "Ticket",
    "TicketRole",
    "TicketState",
]


class TicketState(Enum):
    """Where a ticket stands. Breached is no state: a breached ticket is still worked on."""

    RUNNING = "running"
    PAUSED = "paused"  # waits for the customer
    DONE = "done"


class TicketRole(Enum):
    """Who speaks to a ticket."""

    DESK = "desk"
    CLOCK = "clock"


# --- the aggregate and its commands ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(Aggregate):
    """A ticket. ``since`` is when its state began, ``due_at`` the first instant that is too late."""

    kind: ClassVar[str] = "toy.ticket"

    state: TicketState
    since: datetime
    due_at: datetime
    breached_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket(Command):
    """The ticket is opened, and its clock runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Command):
    """The customer is asked for something; the clock waits with us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """The customer has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish(Command):
    """The work is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach(Command):
    """The clock says that the due instant has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """``target`` is how long a ticket may run."""

    target: timedelta = timedelta(hours=4)
    rulebook: str = "clock"
    calendar_digest: str = "every-day"


S = Situation[Ticket, Any, ClockPolicy, None]

# --- when to look again ---------------------------------------------------------------------------


def next_breach(it: Ticket, _policy: ClockPolicy) -> datetime | None:
    """The due instant, while the clock runs towards it."""
    return it.due_at if it.state is TicketState.RUNNING and it.breached_at is None else None


def look(it: Ticket, policy: ClockPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says by ``recorded_at``: the breach, at its own instant, or nothing yet."""
    at = next_breach(it, policy)
    if at is None or at > recorded_at:
        return None
    clock = Actor("clock", "toys", Office.CLOCK)
    return Breach(id=f"{it.id}/breach", case=it.id, by=clock, happened_at=at, recorded_at=recorded_at)


# --- guards ---------------------------------------------------------------------------------------


def in_order(s: S) -> Iterator[Reason]:
    """It did not happen before the ticket's state began."""
    if s.command.happened_at < s.it.since:
        yield Reason("clock.out-of-order", None, (("since", s.it.since.isoformat()),))


def due_then(s: S) -> Iterator[Reason]:
    """The breach is said of the instant at which the ticket was due."""
    if s.command.happened_at != next_breach(s.it, s.policy):
        yield Reason("clock.not-due-then")


# --- effects --------------------------------------------------------------------------------------


def start(s: Situation[None, OpenTicket, ClockPolicy, None]) -> Outcome:
    """The ticket as it begins, and what is promised."""
    at = s.command.happened_at
    return Outcome(
        Ticket(id=s.command.case, state=TicketState.RUNNING, since=at, due_at=at + s.policy.target)
    )


def stop(s: S) -> Outcome:
    """The clock stands still; if it had run too long by then, it is a breach, wake or no wake."""
    at, due = s.command.happened_at, next_breach(s.it, s.policy)
    breached_at = due if due is not None and due <= at else s.it.breached_at
    return Outcome(replace(s.it, since=at, breached_at=breached_at))


def go_on(s: S) -> Outcome:
    """The clock runs again; the due instant lies later by as long as it stood still."""
    at = s.command.happened_at
    return Outcome(replace(s.it, since=at, due_at=s.it.due_at + (at - s.it.since)))


def breach(s: S) -> Outcome:
    """It is on record."""
    return Outcome(replace(s.it, breached_at=s.command.happened_at))


# --- the table ------------------------------------------------------------------------------------


def _roles(_it: Ticket | None, actor: Actor) -> tuple[TicketRole, ...]:
    roles = {Office.STAFF: (TicketRole.DESK,), Office.CLOCK: (TicketRole.CLOCK,)}
    return roles.get(actor.office, ())


T = TicketState
DESK, CLOCK = TicketRole.DESK, TicketRole.CLOCK

# fmt: off
TICKETS: Final = Lifecycle(
    model=Ticket,
    states=TicketState,
    roles=TicketRole,
    final=(T.DONE,),
    roles_of=_roles,
    next_wake=next_breach,
    wake=look,
    rows=(
        #   in state                on command  to state   given by  when    needs        does
        Row(OPENING,                OpenTicket, T.RUNNING, DESK,     ALWAYS, (),          start),
        Row(T.RUNNING,              Pause,      T.PAUSED,  DESK,     ALWAYS, (in_order,), stop),
        Row(T.PAUSED,               Resume,     T.RUNNING, DESK,     ALWAYS, (in_order,), go_on),
        Row((T.RUNNING, T.PAUSED),  Finish,     T.DONE,    DESK,     ALWAYS, (in_order,), stop),
        Row(T.RUNNING,              Breach,     SAME,      CLOCK,    ALWAYS, (due_then,), breach),
    ),
)
# fmt: on

LIFECYCLES: Final = Lifecycles(TICKETS)
