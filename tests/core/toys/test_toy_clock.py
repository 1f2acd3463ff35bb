"""A clock that is paused, resumed and breached."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest
from change_laws import Store, happened, heard
from hypothesis import given
from hypothesis import strategies as st
from table_grid import differences, grid_of, read_grid
from toy_cases import CLOCK, NOON, WORKER, Saying
from toy_clock import (
    LIFECYCLES,
    TICKETS,
    Breach,
    ClockPolicy,
    Finish,
    OpenTicket,
    Pause,
    Resume,
    Ticket,
    TicketRole,
    TicketState,
    look,
)

from servflow.core.changes import Aggregate, Change, Key, Set
from servflow.core.errors import Refused
from servflow.core.lifecycle import OPENING, SAME

GRID = """
            -           RUNNING    PAUSED      DONE
OpenTicket  D>RUNNING   .          .           .
Pause       .           D>PAUSED   .           .
Resume      .           .          D>RUNNING   .
Finish      .           D>DONE     D>DONE      .
Breach      .           C>=        .           .
"""

POLICY = ClockPolicy(target=timedelta(hours=4))
KEY = Key("toy.ticket", "ticket-1")
HOUR = timedelta(hours=1)
OPEN, PAUSE, RESUME, FINISH = (
    Saying(kind, "ticket-1", WORKER, {}) for kind in (OpenTicket, Pause, Resume, Finish)
)


def hours(number: float) -> datetime:
    """So many hours after the ticket was opened."""
    return NOON + number * HOUR


class Shop:
    """A shop with one ticket, in which time passes and somebody may look at the clock."""

    def __init__(self) -> None:
        self.store = Store(LIFECYCLES, POLICY)
        self.said = 0

    def say(self, saying: Saying, happened_at: datetime, *, recorded_at: datetime | None = None) -> Ticket:
        """Say it; a refusal is raised."""
        self.said += 1
        happened(self.store.do(saying.at(happened_at, self.said, recorded_at=recorded_at)))
        return self.ticket

    def look(self, at: datetime) -> bool:
        """Look at the clock; whether it said anything."""
        command = look(self.ticket, POLICY, at)
        if command is not None:
            happened(self.store.do(command))
        return command is not None

    @property
    def ticket(self) -> Ticket:
        """The ticket as it stands."""
        ticket = self.store.aggregates[KEY]
        assert isinstance(ticket, Ticket)
        return ticket

    @property
    def next_wake(self) -> datetime | None:
        """When it is to be looked at."""
        return TICKETS.next_wake(self.ticket, POLICY)


def opened() -> Shop:
    """A shop whose ticket was opened at noon, due after four hours."""
    shop = Shop()
    shop.say(OPEN, NOON)
    return shop


def test_the_table_is_the_grid() -> None:
    """Every cell is as it was written by hand, blank ones included."""
    roles = {"D": TicketRole.DESK, "C": TicketRole.CLOCK}
    grid = read_grid(GRID, states={each.name: each for each in TicketState}, roles=roles)

    assert differences(grid, grid_of(TICKETS)) == []


def test_deciding_keeps_to_the_grid() -> None:
    """A command goes where its cell says, and is refused in a blank one."""
    roles = {"D": TicketRole.DESK, "C": TicketRole.CLOCK}
    grid = read_grid(GRID, states={each.name: each for each in TicketState}, roles=roles)
    ticket = Ticket(id="ticket-1", state=TicketState.RUNNING, version=1, since=NOON, due_at=hours(4))
    for state, command, role in product((OPENING, *TicketState), TICKETS.commands, TicketRole):
        read: dict[Key, Aggregate] = {} if state is OPENING else {KEY: replace(ticket, state=state)}
        saying = Saying(command, "ticket-1", CLOCK.actors[role], {})
        at = hours(4) if command is Breach else hours(1)
        found = heard(LIFECYCLES, saying.at(at, 1), read, policy=POLICY)
        targets = {state if to is SAME else to for to in grid[state, command.__name__, role]}
        assert targets == ({found} if found else set()), (state, command, role)


def test_the_next_look_follows_from_the_ticket() -> None:
    """It is the due instant while the clock runs, never while it stands, later by the pause after it."""
    shop = opened()
    assert shop.next_wake == hours(4)
    shop.say(PAUSE, hours(1))
    assert shop.next_wake is None
    shop.say(RESUME, hours(11))
    assert shop.next_wake == hours(14)
    shop.say(FINISH, hours(12))
    assert shop.next_wake is None


def test_an_early_look_does_nothing() -> None:
    """A second before, the clock has nothing to say."""
    shop = opened()

    assert not shop.look(hours(4) - timedelta(seconds=1))
    assert shop.ticket.version == 1


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=40)])
def test_a_late_look_acts_at_the_due_instant(late: timedelta) -> None:
    """However late, the breach happened when it did; a second look says nothing more."""
    shop = opened()

    assert shop.look(hours(4) + late)
    assert shop.ticket.breached_at == hours(4)
    entry = shop.store.journal[-1]
    assert (entry.role, entry.command.happened_at, entry.command.recorded_at) == (
        "clock", hours(4), hours(4) + late,
    )  # fmt: skip
    assert entry.alterations == (Set("breached_at", hours(4)),)
    assert shop.next_wake is None
    assert not shop.look(hours(4) + late)


@pytest.mark.parametrize("saying", [PAUSE, FINISH])
def test_a_breach_that_nobody_saw_is_found_by_the_next_command(saying: Saying) -> None:
    """Nobody looked; the ticket was breached all the same, at the due instant."""
    assert opened().say(saying, hours(6)).breached_at == hours(4)


@pytest.mark.parametrize(
    ("at", "breached_at"), [(hours(4) - timedelta(microseconds=1), None), (hours(4), hours(4))]
)
def test_the_due_instant_is_too_late(at: datetime, breached_at: datetime | None) -> None:
    """Just before it is in time."""
    assert opened().say(FINISH, at).breached_at == breached_at


def test_a_breach_on_record_is_never_taken_back() -> None:
    """Heard too late that the ticket had been paused before it was due, the breach stays."""
    shop = opened()
    shop.look(hours(4))

    assert shop.say(PAUSE, hours(3), recorded_at=hours(5)).breached_at == hours(4)
    assert shop.say(RESUME, hours(30)).breached_at == hours(4)
    assert shop.say(FINISH, hours(31)).breached_at == hours(4)
    assert shop.next_wake is None


def test_the_clock_cannot_breach_at_another_instant() -> None:
    """Neither before it is due, nor after; and not twice."""
    shop = opened()
    breach = Saying(Breach, "ticket-1", CLOCK.actors[TicketRole.CLOCK], {})
    for at in (hours(3), hours(5)):
        with pytest.raises(Refused, match=r"clock\.not-due-then"):
            shop.say(breach, at)
    shop.say(breach, hours(4))
    with pytest.raises(Refused, match=r"clock\.not-due-then"):
        shop.say(breach, hours(4))


def test_what_lies_before_the_state_began_is_refused() -> None:
    """A resumption cannot have happened before the pause."""
    shop = opened()
    shop.say(PAUSE, hours(2))
    with pytest.raises(Refused, match=r"clock\.out-of-order"):
        shop.say(RESUME, hours(1))


def ran_too_long(moments: list[tuple[datetime, Saying]], until: datetime) -> datetime | None:
    """The instant at which the running time reached the target, counted span by span."""
    ran, started = timedelta(0), None
    for at, saying in [*moments, (until, PAUSE)]:
        if started is not None:
            if ran + (at - started) >= POLICY.target:
                return started + (POLICY.target - ran)
            ran += at - started
        started = at if saying in (OPEN, RESUME) else None
    return None


@given(
    steps=st.lists(st.tuples(CLOCK.gaps, st.sampled_from([PAUSE, RESUME, FINISH])), max_size=10),
    looks=st.lists(st.integers(0, 60), max_size=8),
)
def test_how_often_one_looks_makes_no_difference(
    steps: list[tuple[timedelta, Saying]], looks: list[int]
) -> None:
    """Looked at now and then or only at the end: one breach, when the running time reached the target."""
    watched, ignored = opened(), opened()
    now, moments = NOON, [(NOON, OPEN)]
    times = sorted(NOON + half * HOUR / 2 for half in looks)
    for gap, saying in steps:
        for at in [time for time in times if now < time <= now + gap]:
            watched.look(at)
        now += gap
        try:
            ignored.say(saying, now)
        except Refused:
            with pytest.raises(Refused):
                watched.say(saying, now)
            continue
        watched.say(saying, now)
        moments.append((now, saying))
    end = now + timedelta(days=1)
    for shop in (watched, ignored):
        shop.look(end)

    assert replace(watched.ticket, version=0) == replace(ignored.ticket, version=0)
    assert ignored.ticket.breached_at == ran_too_long(moments, end)


@given(st.lists(st.tuples(CLOCK.sayings, CLOCK.gaps, CLOCK.gaps), max_size=10))
def test_whatever_is_heard_late_a_breach_stays(steps: list[tuple[Saying, timedelta, timedelta]]) -> None:
    """Commands may be recorded long after they happened; what is breached stays so, at the same instant."""
    shop, now, known = opened(), NOON, None
    for saying, gap, delay in steps:
        now += gap
        shop.look(now)
        known = known or shop.ticket.breached_at
        shop.said += 1
        result = shop.store.do(saying.at(max(now - delay, NOON), shop.said, recorded_at=now))
        if isinstance(result, Change):
            known = known or shop.ticket.breached_at
        assert shop.ticket.breached_at == known
