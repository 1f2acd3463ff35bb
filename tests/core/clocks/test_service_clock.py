"""The service clock: due and in time, paused, stopped, reopened, extended, excused, never taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from servflow.core.citations import Clause
from servflow.core.clocks import (
    CLOSED,
    Breach,
    Clock,
    ClockState,
    Cycle,
    Excuse,
    Extension,
    Pause,
    Run,
    Rung,
    Target,
    by_urgency,
    evaluate,
    parse_allowance,
)
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.worktime import Calendar, Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)

STAFF: Hours = ((time(8), time(12)), (time(14), time(18)))
DESK = Calendar("desk", SHANGHAI, weekly=dict.fromkeys(range(5), STAFF), exceptions={date(2026, 3, 9): ()})


def at(text: str, zone: tzinfo = SHANGHAI) -> datetime:
    """An instant of March 2026, by day and time, or a whole one."""
    return datetime.fromisoformat(f"2026-03-{text}" if len(text) < 12 else text).replace(tzinfo=zone)


def target(within: str = "4 working hours", **more: object) -> Target:
    given: dict[str, object] = {"kind": "resolve", "calendar": DESK, "pauses": frozenset({"customer"})} | more
    return Target(within=parse_allowance(within), **given)  # type: ignore[arg-type]


FOUR = target()
DAY = target("24 hours", kind="on-site")
EXTENDABLE = target("4 working days to closing", extended_by="director", kind="plan")


def begun(text: str, *pauses: Pause, **more: object) -> Run:
    return Run(anchored_at=at(text), pauses=pauses, **more)  # type: ignore[arg-type]


def pause(start: str, end: str | None = None, reason: str = "customer") -> Pause:
    return Pause(reason, at(start), None if end is None else at(end))


def said(clock: Clock) -> tuple[object, ...]:
    """All that a clock says, but for what it was asked of."""
    told = (clock.state, clock.until, clock.due_at, clock.breach_at, clock.elapsed, clock.allowed)
    return (*told, clock.late, clock.excused, dict(clock.paused), clock.remaining)


# --- due and in time


def test_due_after_a_holiday():
    """Four working hours from Friday 16:30, the Monday a holiday, are due on Tuesday at 10:30."""
    clock = evaluate(FOUR, begun("06T16:30"), at("06T17:00"))
    assert clock.state is ClockState.RUNNING
    assert (clock.due_at, clock.breach_at) == (at("10T10:30"), at("10T10:30"))
    assert (clock.elapsed, clock.allowed, clock.remaining) == (HOUR / 2, 4 * HOUR, 3.5 * HOUR)
    assert (clock.late, clock.excused, clock.paused, clock.until) == (False, False, {}, at("06T17:00"))


def test_instants_come_in_utc():
    """Whatever zones went in, all instants of a clock are in UTC."""
    clock = evaluate(FOUR, begun("06T16:30"), at("06T17:00"))
    assert clock.due_at is not None
    assert clock.breach_at is not None
    assert {each.tzinfo for each in (clock.now, clock.until, clock.due_at, clock.breach_at)} == {UTC}


@pytest.mark.parametrize(
    ("now", "state", "remaining"),
    [
        ("05T18:00", ClockState.RUNNING, timedelta()),
        ("05T18:05", ClockState.RUNNING, timedelta()),
        ("06T08:00", ClockState.RUNNING, timedelta()),
        ("06T08:00:00.000001", ClockState.BREACHED, -TICK),
        ("06T09:00", ClockState.BREACHED, -HOUR),
    ],
)
def test_a_target_that_runs_out_at_a_closing(now, state, remaining):
    """Due at the closing, it is in time until the next opening: 18:05 is not later than 18:00 to a work clock."""
    clock = evaluate(FOUR, begun("05T14:00"), at(now) if len(now) < 12 else at(f"2026-03-{now}"))
    assert (clock.due_at, clock.breach_at) == (at("05T18:00"), at("06T08:00"))
    assert (clock.state, clock.remaining) == (state, remaining)


def test_elapsed_time_is_due_and_breached_at_once():
    """By day and night nothing lies between due and too late."""
    clock = evaluate(DAY, begun("05T18:00"), at("06T18:00"))
    assert (clock.due_at, clock.breach_at, clock.state) == (
        at("06T18:00"),
        at("06T18:00"),
        ClockState.RUNNING,
    )
    assert evaluate(DAY, begun("05T18:00"), at("06T18:00") + TICK).state is ClockState.BREACHED


def test_a_named_day_is_due_by_its_name():
    """A working day kept by its time is due at the opening, although the time ran out at the closing before."""
    clock = evaluate(target("1 working day"), begun("04T06:00"), at("04T19:00"))
    assert (clock.due_at, clock.breach_at) == (at("05T08:00"), at("05T08:00"))
    assert (clock.remaining, clock.state) == (timedelta(), ClockState.RUNNING)


def test_a_blank_or_an_agreed_date_is_asked_for():
    """A clock with something left blank is no clock yet."""
    for within in ("{days} working days", "agreed delivery-date"):
        with pytest.raises(MissingValue):
            evaluate(target(within), begun("05T14:00"), at("05T15:00"))


def test_the_due_date_lies_in_the_calendar():
    """A calendar with one day left has not eight working hours from its noon on."""
    fair = Calendar("fair", SHANGHAI, weekly={}, exceptions={date(2026, 3, 5): STAFF})
    with pytest.raises(InvalidValue, match=r"^duration: "):
        evaluate(target("8 working hours", calendar=fair), begun("05T12:00"), at("05T15:00"))
    clock = evaluate(target("4 working hours", calendar=fair), begun("05T12:00"), at("05T15:00"))
    assert (clock.due_at, clock.breach_at) == (at("05T18:00"), None)  # it never opens again
    late = evaluate(target("4 working hours", calendar=fair), begun("05T12:00"), at("08T15:00"))
    assert late.state is ClockState.RUNNING


def test_a_pause_may_leave_no_time_in_the_calendar():
    """What a pause pushes beyond the calendar's last closing has no due date, and no error either."""
    fair = Calendar("fair", SHANGHAI, weekly={}, exceptions={date(2026, 3, 5): STAFF})
    shown = target("4 working hours", calendar=fair, ladder=(HALF,))
    clock = evaluate(shown, begun("05T12:00", pause("05T14:00", "05T17:00")), at("05T17:30"))
    assert (clock.state, clock.due_at, clock.breach_at) == (ClockState.RUNNING, None, None)
    assert (clock.rung_at(HALF), clock.rungs()) == (None, ())
    with pytest.raises(InvalidValue, match=r"^at: found .*time enough"):
        clock.due_if_resumed(at("05T17:30"))
    extended = begun(
        "05T12:00", pause("05T14:00", "05T17:00"), extensions=(extension("05T17:10", "06T12:00"),)
    )
    granted = evaluate(replace(shown, extended_by="director"), extended, at("05T17:30"))
    assert granted.due_at == at("06T12:00")


# --- waiting


def test_a_clock_without_its_anchor_waits():
    """Until its anchor is seen nothing runs, nothing is due, and no rung is reached."""
    for run in (Run(), begun("05T14:00")):
        clock = evaluate(target(ladder=(HALF,)), run, at("05T13:59"))
        assert said(clock) == (
            ClockState.WAITING, at("05T13:59"), None, None, timedelta(), None, False, False, {}, None,
        )  # fmt: skip
        assert (clock.rung_at(HALF), clock.rungs()) == (None, ())
        with pytest.raises(InvalidValue, match=r"^clock: found 'waiting', expected a clock that has begun"):
            clock.due_if_resumed(at("05T14:00"))


def test_the_first_anchor_counts():
    """A second message restarts nothing."""
    run = Run().anchored(at("05T14:00"))
    assert run == begun("05T14:00")
    assert run.anchored(at("05T16:00")) is run


# --- pauses


def test_a_pause_moves_the_due_date():
    """Two hours of standing still are two hours more."""
    clock = evaluate(FOUR, begun("05T08:00", pause("05T09:00", "05T11:00")), at("05T16:00"))
    assert (clock.due_at, clock.elapsed, clock.paused) == (at("05T16:00"), 4 * HOUR, {"customer": 2 * HOUR})
    assert clock.state is ClockState.RUNNING


@pytest.mark.parametrize(
    ("span", "elapsed", "due"),
    [
        (("05T18:00", "06T08:00"), 2 * HOUR, "06T10:00"),  # outside the hours
        (("05T12:00", "05T14:00"), 2 * HOUR, "06T10:00"),  # in the break
        (("04T08:00", "05T16:00"), 2 * HOUR, "06T10:00"),  # up to the anchor
        (("04T08:00", "05T17:00"), HOUR, "06T11:00"),  # clipped at the anchor
        (("05T17:00", "05T17:00"), 2 * HOUR, "06T10:00"),  # no time at all
        (("05T17:00", "06T08:30"), HOUR, "06T11:30"),
    ],
)
def test_only_open_time_after_the_anchor_is_paused(span, elapsed, due):
    """A pause costs what it takes of the time that counts, and nothing else."""
    run = begun("05T16:00", pause(*span))
    clock = evaluate(FOUR, run, at("06T08:30"))
    assert clock.due_at == at(due)
    assert evaluate(FOUR, run, at("05T18:30")).elapsed == elapsed


def test_a_pause_that_costs_nothing_is_not_told():
    """Standing still outside the hours takes no time, and no reason is told for it."""
    clock = evaluate(FOUR, begun("05T16:00", pause("05T18:00", "06T08:00")), at("06T09:00"))
    assert clock.paused == {}


def test_a_clock_stands_still():
    """While it stands still it is due never; if it goes on, by as much later as it stood still."""
    clock = evaluate(FOUR, begun("05T08:00", pause("05T09:00")), at("05T11:00"))
    assert (clock.state, clock.due_at, clock.breach_at) == (ClockState.PAUSED, None, None)
    assert (clock.elapsed, clock.remaining, clock.paused) == (HOUR, 3 * HOUR, {"customer": 2 * HOUR})
    assert clock.due_if_resumed(at("05T11:00")) == at("05T16:00")
    assert clock.due_if_resumed(at("06T08:00")) == at("06T11:00")
    with pytest.raises(InvalidValue, match=r"^at: found .*an instant from 2026-03-05T03:00:00\+00:00 on"):
        clock.due_if_resumed(at("05T10:59"))
    with pytest.raises(InvalidValue, match=r"aware datetime"):
        clock.due_if_resumed(datetime(2026, 3, 5, 11))


def test_a_pause_is_half_open():
    """At its first instant the clock stands still, at its end it runs."""
    run = begun("05T08:00", pause("05T09:00", "05T10:00"))
    states = [evaluate(FOUR, run, at(now)).state for now in ("05T08:59", "05T09:00", "05T09:59", "05T10:00")]
    assert states == [ClockState.RUNNING, ClockState.PAUSED, ClockState.PAUSED, ClockState.RUNNING]


def test_a_target_that_runs_out_as_a_pause_begins():
    """Due as the customer is asked, it is in time until he has answered."""
    asked = begun("05T08:00", pause("05T12:00", "06T09:00"))
    clock = evaluate(FOUR, asked, at("06T09:30"))
    assert (clock.due_at, clock.breach_at, clock.state) == (
        at("05T12:00"),
        at("06T09:00"),
        ClockState.BREACHED,
    )
    assert evaluate(FOUR, asked, at("06T09:00")).state is ClockState.RUNNING


def test_a_target_used_up_before_a_pause_without_end():
    """With no time left it is due when that ran out, and while it stands still nothing can breach it."""
    clock = evaluate(FOUR, begun("05T08:00", pause("05T13:00")), at("06T15:00"))
    assert (clock.state, clock.due_at, clock.breach_at) == (ClockState.PAUSED, at("05T12:00"), None)
    resumed = evaluate(FOUR, begun("05T08:00", pause("05T13:00", "06T13:00")), at("06T15:00"))
    assert (resumed.due_at, resumed.breach_at) == (at("05T12:00"), at("06T14:00"))


def test_a_pause_that_begins_after_the_time_ran_out():
    """A pause later than the last instant in time changes nothing."""
    clock = evaluate(FOUR, begun("05T08:00", pause("05T15:00", "05T16:00")), at("05T17:00"))
    assert (clock.due_at, clock.breach_at) == (at("05T12:00"), at("05T14:00"))
    assert (clock.state, clock.remaining) == (ClockState.BREACHED, -2 * HOUR)


def test_a_named_day_after_a_pause():
    """A pause that costs nothing leaves the named day; one that takes an hour moves it by an hour."""
    three = target("1 working day")
    nothing = evaluate(three, begun("04T10:00", pause("04T12:00", "04T14:00")), at("04T17:00"))
    assert nothing.due_at == at("05T10:00")
    an_hour = evaluate(three, begun("04T10:00", pause("04T14:00", "04T15:00")), at("04T17:00"))
    assert an_hour.due_at == at("05T11:00")
    used_up = evaluate(three, begun("04T06:00", pause("04T18:30")), at("04T19:00"))
    assert used_up.due_at == at("05T08:00")


def test_overlapping_pauses_are_one():
    """Where reasons overlap, the clock stands still once; each reason is told its own time."""
    both = target(pauses=frozenset({"customer", "part"}))
    run = begun(
        "05T08:00",
        pause("05T10:00", "05T12:00", "part"),
        pause("05T09:00", "05T11:00"),
        pause("05T10:30", "05T10:45"),
        pause("05T12:00", "05T14:00"),
    )
    clock = evaluate(both, run, at("05T15:00"))
    assert (clock.elapsed, clock.due_at) == (2 * HOUR, at("05T17:00"))
    assert clock.paused == {"customer": 2 * HOUR, "part": 2 * HOUR}


def test_a_pause_without_end_takes_in_later_ones():
    """What begins within a pause that has not ended adds nothing."""
    run = begun("05T08:00", pause("05T09:00"), pause("05T10:00", "05T11:00"))
    clock = evaluate(FOUR, run, at("05T11:30"))
    assert (clock.state, clock.elapsed) == (ClockState.PAUSED, HOUR)


def test_a_longer_pause_that_has_not_ended_goes_on():
    """Of two that overlap, one without end, the clock stands still until further notice."""
    run = begun("05T08:00", pause("05T09:00", "05T10:00"), pause("05T09:30"))
    clock = evaluate(FOUR, run, at("05T11:30"))
    assert (clock.state, clock.elapsed, clock.due_at) == (ClockState.PAUSED, HOUR, None)


def test_only_reasons_of_the_target_stop_it():
    """A reason that the target does not name costs the desk its own time."""
    run = begun("05T08:00", pause("05T09:00", "05T11:00", "our-van-broke-down"))
    clock = evaluate(FOUR, run, at("05T11:00"))
    assert (clock.elapsed, clock.paused, clock.due_at) == (3 * HOUR, {}, at("05T12:00"))


def test_pausing_and_resuming():
    """A pause begins and ends by its reason; others go on."""
    run = begun("05T08:00").paused("customer", at("05T09:00")).paused("part", at("05T09:30"))
    run = run.resumed("customer", at("05T10:00"))
    assert run.pauses == (pause("05T09:00", "05T10:00"), pause("05T09:30", None, "part"))
    assert run.resumed("part", at("05T11:00")).paused("customer", at("05T12:00")).pauses == (
        pause("05T09:00", "05T10:00"),
        pause("05T09:30", "05T11:00", "part"),
        pause("05T12:00"),
    )


def test_a_clock_stands_still_once_for_a_reason():
    """A second pause for the same reason, and the end of one that is none, are refused."""
    run = begun("05T08:00", pause("05T09:00"))
    with pytest.raises(InvalidValue, match=r"^reason: found 'customer', .*not stand still yet"):
        run.paused("customer", at("05T10:00"))
    with pytest.raises(InvalidValue, match=r"^reason: found 'part', .*stands still"):
        run.resumed("part", at("05T10:00"))
    with pytest.raises(InvalidValue, match=r"^end: found '2026-03-05T00:59:00\+00:00', .*an instant from"):
        run.resumed("customer", at("05T08:59"))


def test_closed_is_no_reason_to_pause():
    """Only stopping and reopening close a clock: a pause of that name would read as a verdict."""
    run = begun("05T08:00", Pause(CLOSED, at("05T09:00")))
    with pytest.raises(InvalidValue, match=r"^reason: found 'closed', .*stopping and reopening"):
        begun("05T08:00").paused(CLOSED, at("05T10:00"))
    with pytest.raises(InvalidValue, match=r"^reason: found 'closed', .*stopping and reopening"):
        run.resumed(CLOSED, at("05T10:00"))


@pytest.mark.parametrize("make", [lambda *span: Pause("x", *span), lambda *span: Excuse("x", *span)])
def test_a_span_ends_after_it_starts(make):
    """A pause or an excuse that ends before it starts is refused, in an hour that comes twice as well."""
    make(at("05T09:00"), at("05T09:00"))
    with pytest.raises(InvalidValue, match=r"^end: found "):
        make(at("05T09:00"), at("05T08:59"))
    first = datetime(2026, 10, 25, 2, 50, tzinfo=BERLIN)
    again = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=BERLIN)
    assert make(first, again).end - make(first, again).start == HOUR / 3
    with pytest.raises(InvalidValue, match=r"^end: found "):
        make(again, first)


# --- stopped, void


@pytest.mark.parametrize(
    ("stop", "state", "late"),
    [("05T18:00", ClockState.MET, False), ("06T08:00", ClockState.MET, False), ("06T08:01", ClockState.MISSED, True)],
)  # fmt: skip
def test_a_stopped_clock_was_met_or_missed(stop, state, late):
    """In time until the last instant at which no more has run off than is allowed, however late it is asked."""
    run = begun("05T14:00").stopped(at(stop))
    for now in (stop, "20T12:00"):
        clock = evaluate(FOUR, run, at(now))
        assert (clock.state, clock.late, clock.until) == (state, late, at(stop))
        assert (clock.due_at, clock.breach_at) == (at("05T18:00"), at("06T08:00"))


def test_a_clock_stopped_while_it_stands_still():
    """A pause ends with the stop: the due date is that of a clock that went on then."""
    run = begun("05T08:00", pause("05T09:00")).stopped(at("05T11:00"))
    clock = evaluate(FOUR, run, at("06T11:00"))
    assert (clock.state, clock.elapsed, clock.due_at) == (ClockState.MET, HOUR, at("05T16:00"))
    assert clock.paused == {"customer": 2 * HOUR}


def test_a_clock_is_stopped_once():
    """A second stop would change the verdict, and so would a stop before the beginning."""
    run = begun("05T14:00").stopped(at("05T15:00"))
    with pytest.raises(InvalidValue, match=r"^stopped_at: found .*not stopped yet"):
        run.stopped(at("05T16:00"))
    with pytest.raises(InvalidValue, match=r"^stopped_at: found .*from the beginning of the clock on"):
        begun("05T14:00").stopped(at("05T13:59"))
    with pytest.raises(InvalidValue, match=r"^stopped_at: found .*from the beginning of the clock on"):
        Run().stopped(at("05T14:00"))
    assert evaluate(FOUR, begun("05T14:00").stopped(at("05T14:00")), at("05T15:00")).elapsed == timedelta()


def test_a_void_clock_counts_for_nothing():
    """Cancelled, it is due never, whatever it was before; before that it was what it was."""
    run = begun("05T08:00").voided(at("05T10:00"))
    clock = evaluate(FOUR, run, at("06T17:00"))
    assert (clock.state, clock.due_at, clock.breach_at) == (ClockState.VOID, None, None)
    assert (clock.elapsed, clock.until, clock.late) == (2 * HOUR, at("05T10:00"), False)
    assert evaluate(FOUR, run, at("05T09:59")).state is ClockState.RUNNING
    assert evaluate(FOUR, Run().voided(at("05T10:00")), at("05T10:00")).state is ClockState.VOID
    stopped = begun("05T08:00").stopped(at("05T09:00")).voided(at("05T10:00"))
    assert evaluate(FOUR, stopped, at("05T11:00")).state is ClockState.VOID
    with pytest.raises(InvalidValue, match=r"^voided_at: found .*not void yet"):
        run.voided(at("05T11:00"))


def test_open_states():
    """Something has still to be done while a clock waits, runs, stands still or is breached."""
    assert [state for state in ClockState if state.is_open] == [
        ClockState.WAITING,
        ClockState.RUNNING,
        ClockState.PAUSED,
        ClockState.BREACHED,
    ]


def test_the_stored_words_of_the_states_stay():
    """Journals and screens know these words."""
    words = ["waiting", "running", "paused", "breached", "met", "missed", "void"]
    assert [state.value for state in ClockState] == words


# --- a breach is never taken back


def breached() -> Run:
    run = begun("05T08:00")
    return run.recorded(evaluate(FOUR, run, at("05T15:00")))


def test_a_breach_is_recorded_once():
    """What is late is recorded when it is seen; what is in time, or recorded already, changes nothing."""
    run = breached()
    assert run.breach == Breach(at("05T15:00"), due=at("05T12:00"))
    assert run.recorded(evaluate(FOUR, run, at("05T17:00"))) is run
    in_time = begun("05T08:00")
    assert in_time.recorded(evaluate(FOUR, in_time, at("05T12:30"))) is in_time


@pytest.mark.parametrize(
    "later",
    [
        lambda run: replace(run, pauses=(pause("05T09:00", "05T18:00"),)),
        lambda run: run.stopped(at("05T15:30")).reopened(FOUR, at("05T15:40")),
        lambda run: run.extended(replace(EXTENDABLE, within=FOUR.within), extension("05T15:10", "06T18:00")),
        lambda run: replace(run, anchored_at=at("05T14:30")),
        lambda run: replace(run, anchored_at=at("05T18:30")),
    ],
    ids=["pause", "reopening", "extension", "backdating", "another-anchor"],
)
def test_a_recorded_breach_stays(later):
    """Neither pause, reopening, extension nor another anchor takes a recorded breach back."""
    run = later(breached())
    assert run.breach == Breach(at("05T15:00"), due=at("05T12:00"))
    clock = evaluate(replace(EXTENDABLE, within=FOUR.within), run, at("05T17:00"))
    assert (clock.state, clock.late) == (ClockState.BREACHED, True)


def test_another_policy_takes_no_breach_back():
    """With all the time of another target the breach stays, and so does the verdict when it is stopped."""
    clock = evaluate(target("30 days"), breached(), at("05T17:00"))
    assert (clock.state, clock.late, clock.due_at) == (ClockState.BREACHED, True, at("2026-04-04T08:00"))
    stopped = breached().stopped(at("05T17:00"))
    assert evaluate(target("30 days"), stopped, at("06T17:00")).state is ClockState.MISSED


def test_before_it_was_recorded_a_breach_is_not_known():
    """Asked for an earlier instant, the clock knows what was known then."""
    clock = evaluate(target("30 days"), breached(), at("05T14:59"))
    assert (clock.state, clock.late) == (ClockState.RUNNING, False)


def test_a_breach_is_known_from_its_instant_on():
    """At the very instant at which it was recorded it is a breach, whatever another target allows."""
    assert evaluate(target("30 days"), breached(), at("05T15:00")).state is ClockState.BREACHED
    assert evaluate(target("30 days"), breached(), at("05T15:00") - TICK).state is ClockState.RUNNING


def test_a_breach_has_an_instant():
    """It is kept in UTC; a naive one is refused."""
    assert Breach(at("05T15:00")).at.tzinfo is UTC
    with pytest.raises(InvalidValue, match=r"^at: found "):
        Breach(datetime(2026, 3, 5))
    assert Breach(at("05T15:00"), due=at("05T12:00")).due == at("05T12:00").astimezone(UTC)
    with pytest.raises(InvalidValue):
        Breach(at("05T15:00"), due=datetime(2026, 3, 5))


def test_whoever_enters_a_pause_late_records_first():
    """A breach that nobody recorded is gone with the pause that explains it; a recorded one stays."""
    run, morning = begun("05T08:00"), (pause("05T09:00", "05T12:00"),)
    seen = evaluate(FOUR, run, at("05T15:00"))
    assert seen.state is ClockState.BREACHED
    assert evaluate(FOUR, replace(run, pauses=morning), at("05T15:00")).state is ClockState.RUNNING
    clock = evaluate(FOUR, replace(run.recorded(seen), pauses=morning), at("05T15:00"))
    assert (clock.state, clock.remaining) == (ClockState.BREACHED, 2 * HOUR)


# --- another target for the same run


def test_a_severity_raised_may_breach_at_once():
    """The same anchor and pauses, less time: late by what has run off already, flagged as by change."""
    run = begun("05T08:00", pause("05T09:00", "05T10:00"))
    assert evaluate(target("8 working hours"), run, at("05T15:00")).state is ClockState.RUNNING
    urgent = evaluate(target("2 working hours"), run, at("05T15:00"))
    assert (urgent.state, urgent.due_at, urgent.remaining) == (
        ClockState.BREACHED,
        at("05T11:00"),
        -2 * HOUR,
    )
    run = run.recorded(urgent, by_change=True)
    assert run.breach == Breach(at("05T15:00"), by_change=True, due=at("05T11:00"))
    assert evaluate(target("8 working hours"), run, at("05T15:10")).state is ClockState.BREACHED


def test_a_severity_lowered_gives_more_time():
    """The same run has what the other target allows, from the same anchor on."""
    run = begun("05T08:00")
    assert evaluate(target("2 working hours"), run, at("05T09:00")).due_at == at("05T10:00")
    assert evaluate(target("8 working hours"), run, at("05T09:00")).due_at == at("05T18:00")


def test_an_open_clock_is_retargeted():
    """What waits, runs, stands still or is breached may get another target, for the same run and instant."""
    urgent, now = target("2 working hours"), at("05T11:00")
    for run in (Run(), begun("05T08:00"), begun("05T08:00", pause("05T09:00")), breached()):
        assert evaluate(FOUR, run, now).retargeted(urgent) == evaluate(urgent, run, now)


@pytest.mark.parametrize(
    "run",
    [begun("05T08:00").stopped(at("05T11:00")), begun("05T08:00").voided(at("05T11:00"))],
    ids=["stopped", "void"],
)
def test_a_stopped_clock_keeps_its_target(run):
    """A severity raised afterwards makes no miss of what was done in time."""
    clock = evaluate(FOUR, run, at("05T15:00"))
    with pytest.raises(InvalidValue, match=r"^target: found '(met|void)', expected a clock that still runs"):
        clock.retargeted(target("2 working hours"))


def test_a_target_keeps_its_calendar_and_its_version():
    """A holiday added to the firm's calendar moves no clock that runs already."""
    clause = Clause("AS-SLA-2", "answer within 4 hours")
    pinned = target(clause=clause, version="2026-01")
    DESK_LATER = Calendar(
        "desk", SHANGHAI, weekly=DESK.weekly, exceptions={**DESK.exceptions, date(2026, 3, 6): ()}
    )
    run = begun("05T16:00")
    assert evaluate(pinned, run, at("05T17:00")).due_at == at("06T10:00")
    later = replace(pinned, calendar=DESK_LATER, version="2026-03")
    assert evaluate(later, run, at("05T17:00")).due_at == at("10T10:00")
    assert (evaluate(pinned, run, at("05T17:00")).target.version, pinned.clause) == ("2026-01", clause)


# --- reopening


def test_a_reopened_clock_goes_on():
    """The time while it was closed is a pause; what ran off before still counts; the first verdict stays."""
    run = begun("05T08:00").stopped(at("05T10:00")).reopened(FOUR, at("06T09:00"))
    assert run.cycles == (Cycle(ClockState.MET, at("05T10:00")),)
    assert (run.stopped_at, run.breach) == (None, None)
    clock = evaluate(FOUR, run, at("06T10:00"))
    assert (clock.state, clock.elapsed, clock.due_at) == (ClockState.RUNNING, 3 * HOUR, at("06T11:00"))
    assert clock.paused == {CLOSED: 7 * HOUR}


def test_a_second_cycle_may_be_missed():
    """Met once, reopened and stopped too late: both verdicts are there."""
    run = begun("05T08:00").stopped(at("05T10:00")).reopened(FOUR, at("06T09:00")).stopped(at("06T17:00"))
    assert evaluate(FOUR, run, at("06T18:00")).state is ClockState.MISSED
    again = run.reopened(FOUR, at("10T08:00"))
    assert [cycle.state for cycle in again.cycles] == [ClockState.MET, ClockState.MISSED]
    assert again.breach == Breach(at("06T17:00"), due=at("06T11:00"))
    assert evaluate(FOUR, again, at("10T08:00")).state is ClockState.BREACHED


def test_a_cycle_keeps_whether_it_was_excused():
    """Missed for want of tickets, reopened and stopped again: the first cycle is excused, and so is the clock."""
    run = begun("05T08:00").excused(EXCUSABLE, Excuse("festival", at("06T08:00"), at("06T12:00")))
    run = run.stopped(at("06T12:00")).reopened(EXCUSABLE, at("07T08:00"))
    assert run.cycles == (Cycle(ClockState.MISSED, at("06T12:00"), excused=True),)
    assert evaluate(EXCUSABLE, run, at("07T08:00")).excused
    assert not evaluate(EXCUSABLE, run, at("07T08:01")).excused
    again = begun("05T08:00").stopped(at("06T12:00")).reopened(EXCUSABLE, at("07T08:00"))
    assert [cycle.excused for cycle in again.cycles] == [False]


def test_a_rung_fires_once_over_all_cycles():
    """What fired before a stop is reached still, at its instant, and does not fire again after the reopening."""
    shown = target(ladder=LADDER)
    stopped = begun("05T08:00").stopped(at("05T10:30"))
    fired = dict(evaluate(shown, stopped, at("05T10:30")).rungs())
    assert fired == {ONCE: at("05T08:00"), HALF: at("05T10:00")}
    run = stopped.reopened(shown, at("06T08:00"))
    assert evaluate(shown, run, at("06T08:00")).rungs() == tuple(fired.items())
    assert evaluate(shown, run, at("06T09:00")).rungs(fired) == ((BEFORE, at("06T08:30")),)


def test_a_reopened_clock_is_not_stopped_before_that():
    """A stop in an earlier cycle would take back the reopening; at its very instant it may be stopped."""
    run = begun("05T08:00").stopped(at("05T10:00")).reopened(FOUR, at("06T09:00"))
    run = run.stopped(at("06T10:00")).reopened(FOUR, at("06T11:00"))
    for early in ("05T15:00", "06T10:59"):
        with pytest.raises(
            InvalidValue, match=r"^stopped_at: found .*from its reopening on: 2026-03-06T03:00"
        ):
            run.stopped(at(early))
    assert run.stopped(at("06T11:00")).stopped_at == at("06T11:00")
    with pytest.raises(InvalidValue, match=r"^stopped_at: found .*aware datetime"):
        run.stopped(datetime(2026, 3, 6, 12))


def test_asked_for_the_time_between_it_was_stopped():
    """Between stop and reopening the clock was met, and a later reopening does not change what was said then."""
    stopped = begun("05T08:00", pause("05T08:30", "05T09:00")).stopped(at("05T10:00"))
    run = stopped.reopened(FOUR, at("06T09:00"))
    for now in ("05T09:30", "05T10:00", "05T17:00", "06T08:59"):
        assert said(evaluate(FOUR, run, at(now))) == said(evaluate(FOUR, stopped, at(now)))
    assert evaluate(FOUR, run, at("06T09:00")).state is ClockState.RUNNING
    at_once = stopped.reopened(FOUR, at("05T10:00"))
    assert evaluate(FOUR, at_once, at("05T10:00")).state is ClockState.RUNNING


def test_only_a_stopped_clock_is_reopened():
    """What runs, what is void, and an instant before the stop are refused."""
    run = begun("05T08:00")
    for never in (run, run.stopped(at("05T09:00")).voided(at("05T10:00"))):
        with pytest.raises(InvalidValue, match=r"^reopened: found 'resolve', expected a clock that was"):
            never.reopened(FOUR, at("05T11:00"))
    with pytest.raises(InvalidValue, match=r"^end: found "):
        run.stopped(at("05T10:00")).reopened(FOUR, at("05T09:00"))


@pytest.mark.parametrize("state", [ClockState.RUNNING, ClockState.VOID, "met"])
def test_a_cycle_ends_met_or_missed(state):
    """Nothing else is a verdict."""
    with pytest.raises(InvalidValue, match=r"^state: found "):
        Cycle(state, at("05T10:00"))
    assert Cycle(ClockState.MET, at("05T10:00")).stopped_at.tzinfo is UTC


# --- extensions


def extension(granted: str, until: str, by: str = "director") -> Extension:
    return Extension(at=at(granted), until=at(until), approved_by=by, reason="the part is out of stock")


@pytest.mark.clause("AS-SLA-1")
def test_an_extension_moves_the_due_date():
    """A plan within four working days, extended by the director: due when he said, and not before he did."""
    run = begun("02T10:00")
    assert evaluate(EXTENDABLE, run, at("05T10:00")).due_at == at("06T18:00")
    run = run.extended(EXTENDABLE, extension("05T15:00", "11T12:00"))
    clock = evaluate(EXTENDABLE, run, at("06T10:00"))
    assert (clock.due_at, clock.breach_at) == (at("11T12:00"), at("11T14:00"))
    assert clock.allowed == 6 * HOUR + 6 * 8 * HOUR - 4 * HOUR
    assert evaluate(EXTENDABLE, run, at("05T14:59")).due_at == at("06T18:00")


@pytest.mark.parametrize(
    ("shown", "more", "field"),
    [
        (target(extended_by=None), ("05T09:00", "06T18:00"), "extension"),
        (target(extended_by="director"), ("05T09:00", "06T18:00", "desk"), "approved_by"),
        (target(extended_by="director"), ("05T07:59", "06T18:00"), "clock"),
        (target(extended_by="director"), ("05T09:00", "05T12:00"), "until"),
        (target(extended_by="director"), ("05T17:00", "06T18:00"), "extension"),
    ],
    ids=["not-extendable", "another-role", "before-it-began", "no-later", "stopped"],
)
@pytest.mark.clause("AS-SLA-1")
def test_an_extension_is_granted_by_the_right_role_for_more_time(shown, more, field):
    """Extraordinary cases only: the target's role, while it runs, and later than what is due already."""
    run = begun("05T08:00").stopped(at("05T16:00"))
    with pytest.raises(InvalidValue) as caught:
        run.extended(shown, extension(*more))
    assert caught.value.field == field


def test_an_extension_may_come_late():
    """After the breach it moves the due date, and the breach is recorded if nobody has done so."""
    extendable = target(extended_by="director")
    granted = extension("05T17:00", "06T18:00")
    for before, recorded in ((begun("05T08:00"), "05T17:00"), (breached(), "05T15:00")):
        run = before.extended(extendable, granted)
        assert run.breach == Breach(at(recorded), due=at("05T12:00"))
        clock = evaluate(extendable, run, at("05T17:30"))
        assert (clock.state, clock.due_at) == (ClockState.BREACHED, at("06T18:00"))
        assert clock.remaining == 8.5 * HOUR  # late by the record, with time left
        missed = evaluate(extendable, run.stopped(at("05T18:00")), at("06T08:00"))
        assert missed.state is ClockState.MISSED
    in_time = begun("05T08:00").extended(extendable, extension("05T12:00", "06T18:00"))
    assert in_time.breach is None


def test_a_pause_before_an_extension_is_in_it():
    """Whoever extends knows how long it stood still; what it stands still afterwards comes on top."""
    extendable = target(extended_by="director")
    run = begun("05T08:00", pause("05T09:00", "05T10:00"))
    run = run.extended(extendable, extension("05T11:00", "06T10:00"))
    assert evaluate(extendable, run, at("05T12:00")).due_at == at("06T10:00")
    run = replace(run, pauses=(*run.pauses, pause("05T15:00", "05T17:00")))
    assert evaluate(extendable, run, at("05T17:00")).due_at == at("06T12:00")


def test_an_extension_in_a_pause():
    """What is left of a pause after it was extended comes on top as well."""
    extendable = target(extended_by="director")
    run = begun("05T08:00", pause("05T09:00")).extended(extendable, extension("05T11:00", "06T10:00"))
    assert evaluate(extendable, run, at("05T11:30")).due_at is None
    resumed = evaluate(extendable, run.resumed("customer", at("05T12:00")), at("05T12:00"))
    assert resumed.due_at == at("06T11:00")


def test_the_last_extension_counts():
    """Of two, the one that was granted later, in whatever order they stand."""
    extendable = target(extended_by="director")
    two = (extension("05T10:00", "11T12:00"), extension("05T09:00", "10T12:00"))
    for extensions in (two, two[::-1]):
        clock = evaluate(extendable, begun("05T08:00", extensions=extensions), at("05T11:00"))
        assert clock.due_at == at("11T12:00")
    same = (extension("05T09:00", "11T12:00"), extension("05T09:00", "10T12:00"))
    assert evaluate(extendable, begun("05T08:00", extensions=same), at("05T11:00")).due_at == at("10T12:00")


def test_another_target_heeds_an_extension():
    """What was granted stays granted, whoever extends the other target; one due later by itself stays so."""
    extendable = target(extended_by="director")
    run = begun("05T08:00").extended(extendable, extension("05T09:00", "06T10:00"))
    for other, due in (
        (target(extended_by=None), "06T10:00"),
        (target(extended_by="supervisor"), "06T10:00"),
        (target("2 working hours", extended_by="director"), "06T10:00"),
        (target("40 working hours", extended_by="director"), "12T18:00"),
    ):
        assert evaluate(extendable, run, at("05T11:00")).retargeted(other).due_at == at(due)


def test_extensions_are_entered_in_their_order():
    """One that was granted before the last one, or ends no later, would change nothing: it is refused."""
    extendable = target(extended_by="director")
    run = begun("05T08:00").extended(extendable, extension("05T10:00", "06T10:00"))
    with pytest.raises(InvalidValue, match=r"^at: found .*the last extension on: 2026-03-05T02:00:00"):
        run.extended(extendable, extension("05T09:59", "11T10:00"))
    with pytest.raises(InvalidValue, match=r"^until: found .*after what is due already"):
        run.extended(extendable, extension("05T10:00", "06T10:00"))
    more = run.extended(extendable, extension("05T10:00", "11T10:00"))
    assert evaluate(extendable, more, at("05T11:00")).due_at == at("11T10:00")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"until": "05T09:00"}, "until"),
        ({"until": "05T08:00"}, "until"),
        ({"by": ""}, "approved_by"),
    ],
)
def test_an_extension_says_until_when_and_by_whom(more, field):
    """Its end lies after its beginning, somebody approved it, and there is a reason."""
    with pytest.raises(InvalidValue) as caught:
        extension("05T09:00", **{"until": "06T18:00"} | more)
    assert caught.value.field == field
    with pytest.raises(InvalidValue, match=r"^reason: found ''"):
        Extension(at=at("05T09:00"), until=at("06T18:00"), approved_by="director", reason="")


# --- excuses


EXCUSABLE = target("24 hours", kind="on-site", excuses=frozenset({"no-tickets", "festival"}))


@pytest.mark.clause("AS-SLA-7")
@pytest.mark.parametrize(
    ("excuse", "excused"),
    [
        (("06T08:00", "06T12:00"), True),
        (("05T10:00", "05T14:00"), True),
        (("06T08:00", "06T11:59"), False),
        (("06T08:00", "07T00:00"), True),
        (("04T08:00", "05T09:00"), False),
        (("06T13:00", "07T00:00"), False),
    ],
)
def test_a_delay_is_excused(excuse, excused):
    """Four hours too late are excused if no tickets were to be had for four; the due date stays."""
    run = begun("05T08:00").excused(EXCUSABLE, Excuse("no-tickets", at(excuse[0]), at(excuse[1])))
    clock = evaluate(EXCUSABLE, run.stopped(at("06T12:00")), at("08T12:00"))
    assert (clock.state, clock.due_at, clock.late) == (ClockState.MISSED, at("06T08:00"), True)
    assert clock.excused is excused


def test_excuses_and_pauses_do_not_count_twice():
    """An excuse within a pause excuses nothing more."""
    shown = replace(EXCUSABLE, pauses=frozenset({"customer"}))
    run = begun("05T08:00", pause("05T09:00", "05T11:00"))
    run = run.excused(shown, Excuse("festival", at("05T09:00"), at("05T11:00"))).stopped(at("06T11:00"))
    clock = evaluate(shown, run, at("06T12:00"))
    assert (clock.remaining, clock.excused) == (-HOUR, False)
    more = run.excused(shown, Excuse("no-tickets", at("05T11:00"), at("05T12:00")))
    assert evaluate(shown, more, at("06T12:00")).excused


def test_what_is_in_time_needs_no_excuse():
    """In time it is not excused, whatever reason there was."""
    run = begun("05T08:00").excused(EXCUSABLE, Excuse("festival", at("05T08:00"), at("06T08:00")))
    assert not evaluate(EXCUSABLE, run, at("06T08:00")).excused


@pytest.mark.parametrize(
    ("breach", "excused"),
    [("05T09:59", False), ("05T10:00", True), ("05T11:59", True), ("05T12:00", False)],
)
def test_a_breach_that_only_the_record_knows_is_excused_by_its_instant(breach, excused):
    """Under a target with all its time left, or before another anchor, an excuse has to cover the breach."""
    run = begun("05T08:00", breach=Breach(at(breach)))
    run = run.excused(EXCUSABLE, Excuse("festival", at("05T10:00"), at("05T12:00")))
    for each in (run, replace(run, anchored_at=None)):
        clock = evaluate(EXCUSABLE, each, at("05T14:00"))
        assert (clock.late, clock.excused) == (True, excused)


@pytest.mark.clause("AS-SLA-7")
@pytest.mark.parametrize(
    ("excuse", "excused"),
    [(("05T11:00", "05T17:00"), True), (("05T14:30", "05T17:00"), False), (("05T08:00", "05T09:00"), True)],
)
def test_an_extension_leaves_an_excuse(excuse, excused):
    """An hour too late and excused, then extended: as excused as it was, however it ends in the longer time."""
    shown = target(excuses=frozenset({"festival"}), extended_by="director")
    run = begun("05T08:00").excused(shown, Excuse("festival", at(excuse[0]), at(excuse[1])))
    run = run.recorded(evaluate(shown, run, at("05T15:00")))
    assert evaluate(shown, run, at("05T15:00")).excused is excused
    run = run.extended(shown, extension("05T15:00", "06T10:00"))
    for each in (run, run.stopped(at("06T09:00"))):
        clock = evaluate(shown, each, at("06T09:30"))
        assert (clock.late, clock.excused) == (True, excused)
    assert not evaluate(shown, run, at("10T08:00")).excused  # late again, and for no reason


def test_what_was_in_time_when_it_was_extended_is_judged_by_the_extension():
    """A shorter target would have been late by then, but nothing was: only the later delay needs an excuse."""
    shown = target("8 working hours", excuses=frozenset({"festival"}), extended_by="director")
    run = begun("05T08:00").extended(shown, extension("05T15:00", "06T10:00"))
    run = run.excused(shown, Excuse("festival", at("06T10:00"), at("06T11:00")))
    clock = evaluate(shown, run, at("06T11:00")).retargeted(replace(shown, within=FOUR.within))
    assert (clock.remaining, clock.late, clock.excused) == (-HOUR, True, True)


@pytest.mark.clause("AS-SLA-7")
def test_only_excuses_that_the_target_knows():
    """A reason that the rules do not name excuses nothing, whoever says it."""
    with pytest.raises(InvalidValue, match=r"^excuse: found 'rain', expected one of festival, no-tickets"):
        begun("05T08:00").excused(EXCUSABLE, Excuse("rain", at("05T08:00"), at("06T08:00")))
    with pytest.raises(InvalidValue, match=r"expected one of none: this target knows no excuse"):
        begun("05T08:00").excused(DAY, Excuse("rain", at("05T08:00"), at("06T08:00")))
    run = begun("05T08:00", excuses=(Excuse("rain", at("06T08:00"), at("06T12:00")),))
    assert not evaluate(EXCUSABLE, run, at("06T12:00")).excused


# --- escalation ladders

HALF = Rung(level=1, action="tell the supervisor", fraction=Fraction(1, 2))
ONCE = Rung(level=1, action="tell the supervisor at once", fraction=Fraction(0))
WHOLE = Rung(level=2, action="tell quality", fraction=Fraction(1))
BEFORE = Rung(level=1, action="remind the engineer", offset=-HOUR)
AFTER = Rung(level=3, action="tell the director", offset=HOUR)
LADDER = (AFTER, WHOLE, BEFORE, HALF, ONCE)


def test_rungs_by_fraction_and_offset():
    """Half of four working hours, an hour before they end, their end, and an hour after it."""
    clock = evaluate(target(ladder=LADDER), begun("05T09:00"), at("05T09:00"))
    assert [clock.rung_at(rung) for rung in (ONCE, HALF, BEFORE, WHOLE, AFTER)] == [
        at("05T09:00"),
        at("05T11:00"),
        at("05T14:00"),  # 12:00 is the closing: reminders fall in open hours
        at("05T15:00"),
        at("05T16:00"),
    ]


def test_a_rung_moves_with_the_due_date():
    """A pause and an extension move the rungs with them; while the clock stands still none is reached."""
    shown = target(ladder=LADDER, extended_by="director")
    run = begun("05T08:00", pause("05T09:00", "05T10:00"))
    clock = evaluate(shown, run, at("05T10:00"))
    assert (clock.due_at, clock.rung_at(BEFORE)) == (at("05T15:00"), at("05T14:00"))
    extended = run.extended(shown, extension("05T10:00", "05T17:00"))
    assert evaluate(shown, extended, at("05T10:00")).rung_at(BEFORE) == at("05T16:00")
    standing = evaluate(shown, begun("05T08:00", pause("05T09:00")), at("05T18:00"))
    assert [standing.rung_at(rung) for rung in (ONCE, HALF, WHOLE)] == [at("05T08:00"), None, None]


def test_a_reminder_before_the_end_counts_working_time():
    """Eight working hours before a Friday morning is a time on Thursday, not eight hours by the clock."""
    hours: Hours = ((time(8, 30), time(19)),)
    shop = Calendar(
        "shop", SHANGHAI, weekly={0: ((time(10, 30), time(19)),)} | dict.fromkeys(range(1, 5), hours)
    )
    remind = Rung(level=1, action="remind", offset=-8 * HOUR)
    five = target("5 working days", calendar=shop, ladder=(remind,))
    clock = evaluate(five, Run(anchored_at=at("2034-06-09T08:46:12")), at("2034-06-09T09:00"))
    assert clock.due_at == at("2034-06-16T08:46:12")
    assert clock.rung_at(remind) == at("2034-06-15T11:16:12")


def test_a_reminder_longer_than_the_target_is_at_its_beginning():
    """Six hours before the end of four is the beginning, at its next opening."""
    early = Rung(level=1, action="remind", offset=-6 * HOUR)
    clock = evaluate(target(ladder=(early,)), begun("07T10:00"), at("07T11:00"))
    assert clock.rung_at(early) == at("10T08:00")
    assert clock.rungs() == ()


def test_whoever_looks_late_is_told_all_that_was_missed():
    """Every rung that was reached, in order of its instant; each fires once."""
    shown = target(ladder=LADDER)
    run = begun("05T09:00")
    late = evaluate(shown, run, at("05T15:30"))
    assert late.rungs() == (
        (ONCE, at("05T09:00")),
        (HALF, at("05T11:00")),
        (BEFORE, at("05T14:00")),
        (WHOLE, at("05T15:00")),
    )
    assert late.rungs({ONCE, HALF}) == ((BEFORE, at("05T14:00")), (WHOLE, at("05T15:00")))
    assert evaluate(shown, run, at("05T16:00")).rungs([ONCE, HALF, BEFORE, WHOLE]) == (
        (AFTER, at("05T16:00")),
    )
    assert [rung for rung, _ in evaluate(shown, run, at("05T10:59")).rungs()] == [ONCE]


def test_a_rung_fires_once_though_an_extension_changes_the_order():
    """What has fired is known by the rung itself, not by how many there were."""
    before = Rung(level=1, action="remind", offset=-2 * HOUR)
    shown = target("3 working hours", ladder=(HALF, before), extended_by="director")
    run = begun("05T08:00")
    assert [rung for rung, _ in evaluate(shown, run, at("05T09:00")).rungs()] == [before]
    run = run.extended(shown, extension("05T09:00", "05T18:00"))
    later = evaluate(shown, run, at("05T17:00")).rungs({before})
    assert later == ((HALF, at("05T14:00")),)


def test_a_rung_reached_before_an_extension_is_missed_by_nobody():
    """Half of four hours were gone before more was granted: whoever looks late is told, by that instant."""
    shown = target(ladder=LADDER, extended_by="director")
    run = begun("05T08:00").extended(shown, extension("05T11:00", "06T10:00"))
    told = ((ONCE, at("05T08:00")), (HALF, at("05T10:00")), (BEFORE, at("05T11:00")))
    for now in ("05T11:00", "06T09:00"):
        assert evaluate(shown, run, at(now)).rungs() == told
    clock = evaluate(shown, run, at("06T09:00"))
    assert clock.rungs({ONCE, HALF, BEFORE}) == ()
    assert (clock.rung_at(BEFORE), clock.rung_at(WHOLE)) == (at("05T11:00"), at("06T10:00"))
    more = run.extended(shown, extension("06T10:00", "10T10:00"))
    assert evaluate(shown, more, at("06T10:00")).rungs() == (*told, (WHOLE, at("06T10:00")))
    assert evaluate(shown, more, at("06T10:00")).rung_at(AFTER) == at("10T11:00")


def test_rungs_of_one_instant_come_by_level():
    """The lower level is told first."""
    low = Rung(level=0, action="remind", fraction=Fraction(1, 2))
    clock = evaluate(target(ladder=(HALF, low)), begun("05T08:00"), at("05T17:00"))
    assert [rung for rung, _ in clock.rungs()] == [low, HALF]


def test_what_was_stopped_or_void_climbs_no_further():
    """Rungs after the stop are never reached; those before it were."""
    shown = target(ladder=LADDER)
    for run in (begun("05T08:00").stopped(at("05T10:30")), begun("05T08:00").voided(at("05T10:30"))):
        assert [rung for rung, _ in evaluate(shown, run, at("20T10:00")).rungs()] == [ONCE, HALF]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"level": -1}, "level"),
        ({"level": True}, "level"),
        ({"level": 1.0}, "level"),
        ({"action": ""}, "action"),
        ({"fraction": None}, "rung"),
        ({"offset": HOUR}, "rung"),
        ({"fraction": Fraction(-1, 2)}, "fraction"),
        ({"fraction": 0.5}, "fraction"),
        ({"fraction": None, "offset": 3600}, "offset"),
    ],
)
def test_a_rung_is_a_fraction_or_an_offset(change, field):
    """One of the two, a level from 0 on, and what it does."""
    with pytest.raises(InvalidValue) as caught:
        Rung(**{"level": 1, "action": "tell", "fraction": Fraction(1, 2)} | change)
    assert caught.value.field == field


def test_a_rung_rounds_up_to_a_microsecond():
    """A third of a second is reached once more than a third has run off, not before."""
    third = Rung(level=1, action="tell", fraction=Fraction(1, 3))
    assert third.after(timedelta(seconds=1)) == timedelta(microseconds=333_334)
    assert third.after(timedelta(seconds=3)) == timedelta(seconds=1)


@pytest.mark.parametrize(
    "rung",
    [
        Rung(level=1, action="never", offset=timedelta.max),
        Rung(level=1, action="never", fraction=Fraction(10**30)),
    ],
    ids=["offset", "fraction"],
)
def test_a_rung_beyond_all_time_is_refused(rung):
    """What overflows is refused with the rung's name; what lies beyond the calendar is just never reached."""
    with pytest.raises(InvalidValue, match=r"^rung: found 'never'"):
        evaluate(target(ladder=(rung,)), begun("05T08:00"), at("05T09:00")).rungs()
    far = Rung(level=1, action="far", offset=timedelta(days=9_000_000))
    assert evaluate(target("4 hours", ladder=(far,)), begun("05T08:00"), at("05T09:00")).rungs() == ()


def test_a_target_has_a_kind():
    """Without a word for what is promised it is none."""
    with pytest.raises(InvalidValue, match=r"^kind: found ''"):
        target(kind="")


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("within", "4 hours"),
        ("pauses", "waiting"),
        ("pauses", {"waiting"}),
        ("pauses", frozenset({1})),
        ("excuses", "festival"),
    ],
    ids=["within-text", "pauses-text", "pauses-set", "pauses-number", "excuses-text"],
)
def test_a_target_is_made_of_what_it_says(field, bad):
    """A text is no allowance and no set of reasons, of which every part would be one."""
    with pytest.raises(InvalidValue) as caught:
        replace(FOUR, **{field: bad})
    assert (caught.value.field, caught.value.found) == (field, bad)


# --- the order of work


def test_the_most_urgent_first():
    """Breached, by how long; then by due date; then those that stand still, by what is left; then waiting."""
    now = at("06T09:00")
    runs = {
        "waiting": (FOUR, Run()),
        "paused, 3 h left": (FOUR, begun("05T08:00", pause("05T09:00"))),
        "paused, 1 h left": (FOUR, begun("05T08:00", pause("05T11:00"))),
        "due at 12:00": (FOUR, begun("06T08:00")),
        "due at 10:00": (FOUR, begun("05T16:00")),
        "an hour late": (FOUR, begun("05T10:00")),
        "five hours late": (FOUR, begun("05T08:00")),
        "stopped": (FOUR, begun("05T08:00").stopped(at("05T09:00"))),
        "void": (FOUR, begun("05T08:00").voided(at("05T09:00"))),
    }
    named = [(name, evaluate(*each, now)) for name, each in runs.items()]
    order = by_urgency(clock for _, clock in named)
    assert [next(name for name, clock in named if clock is each) for each in order] == [
        "five hours late",
        "an hour late",
        "due at 10:00",
        "due at 12:00",
        "paused, 1 h left",
        "paused, 3 h left",
        "waiting",
    ]


def test_equals_stay_in_their_order():
    """Two clocks as urgent as each other stand as they came."""
    clocks = [evaluate(target(kind=kind), begun("05T08:00"), at("05T09:00")) for kind in "bac"]
    assert by_urgency(clocks) == clocks
    waiting = [evaluate(target(kind=kind), Run(), at("05T09:00")) for kind in "bac"]
    assert by_urgency(waiting) == waiting


def test_a_recorded_breach_that_stands_still_is_ranked():
    """A breach without a due date stands among the breached ones by what is left."""
    run = replace(begun("05T08:00", pause("05T08:30")), breach=Breach(at("05T08:20"), by_change=True))
    clock = evaluate(FOUR, run, at("05T09:00"))
    assert (clock.state, clock.due_at) == (ClockState.BREACHED, None)
    assert by_urgency([evaluate(FOUR, begun("05T08:00"), at("05T09:00")), clock])[0] is clock


# --- bad input


def some(bad: Any) -> Any:
    """``bad``, and where nothing at all would be right as well, something else that is wrong."""
    return "never" if bad is None else bad


@pytest.mark.parametrize(
    "bad", [datetime(2026, 3, 5), datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN), "now", None]
)
@pytest.mark.parametrize(
    "make",
    [
        lambda bad: evaluate(FOUR, Run(), bad),
        lambda bad: Pause("x", bad),
        lambda bad: Excuse("x", at("05T08:00"), some(bad)),
        lambda bad: Extension(at=bad, until=at("05T08:00"), approved_by="x", reason="x"),
        lambda bad: Extension(at=at("05T08:00"), until=bad, approved_by="x", reason="x"),
        lambda bad: Run(anchored_at=some(bad)),
        lambda bad: begun("05T08:00").stopped(some(bad)),
        lambda bad: Run().voided(some(bad)),
        lambda bad: Cycle(ClockState.MET, bad),
    ],
    ids=["now", "pause", "excuse", "at", "until", "anchor", "stop", "void", "cycle"],
)  # fmt: skip
def test_an_instant_is_aware_and_exists(bad, make):
    """A naive instant, one that the clocks skip, and what is none are refused where they come in."""
    with pytest.raises(InvalidValue, match=r"aware datetime|a time that exists"):
        make(bad)


@pytest.mark.parametrize(
    "make", [lambda: pause("05T08:00", None, ""), lambda: Excuse("", at("05T08:00"), at("05T09:00"))]
)
def test_a_reason_is_a_text(make):
    """Nothing stands still and nothing is excused for no reason."""
    with pytest.raises(InvalidValue, match=r"^reason: found ''"):
        make()


def test_a_time_that_comes_twice_is_the_first_or_the_second():
    """The hour that Berlin has twice is told apart by its fold, and both are kept in UTC."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    run = Run(anchored_at=first).stopped(first.replace(minute=10, fold=1))
    clock = evaluate(target("1 hour"), run, at("2026-10-25T03:00", UTC))
    assert (clock.state, clock.elapsed) == (ClockState.MET, HOUR * 2 / 3)


def test_clocks_are_values():
    """The same target, run and instant give an equal clock."""
    assert evaluate(FOUR, begun("05T08:00"), at("05T09:00")) == evaluate(
        FOUR, begun("05T08:00"), at("05T09:00")
    )
    with pytest.raises(AttributeError):
        evaluate(FOUR, begun("05T08:00"), at("05T09:00")).late = True  # type: ignore[misc]
