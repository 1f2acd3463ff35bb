"""What was due to a service by a day, and what was done about each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from desk_at_work import Desk, policy

from servflow.core.aftersales.duties import DutyState
from servflow.core.aftersales.duties_kept import kept
from servflow.core.aftersales.policy import Duty
from servflow.core.aftersales.tickets.model import DutyDone
from servflow.core.aftersales.tickets.promising import owed_to
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.aftersales.words import DutyKind, Event
from servflow.core.dates import Period

CALLS = Duty(
    kind=DutyKind.CALL_BACK,
    since=Event.FINISHED,
    offsets=(Period(days=7), Period(days=30)),
    within=Period(days=3),
)


def test_each_thing_that_was_due_stands_with_its_record():
    """One call was made, one is overdue; a record of something that was never due is passed over."""
    rules = policy(calls=CALLS)
    desk = Desk(rules)
    it = desk.come_to(Stage.REPAIRED)
    owed = owed_to(it, rules)
    finished = date(2026, 5, 4)
    (first,) = owed.on(finished + timedelta(days=7))
    done = DutyDone(key=first.key, done_on=first.day, by="clerk", outcome="it runs")
    never = DutyDone(key="never", done_on=first.day, by="clerk", outcome="it runs")

    items = kept(owed, (done, never), finished + timedelta(days=60))

    assert [(each.due.key, each.state) for each in items] == [
        (first.key, DutyState.DONE),
        ("calls/2026-05-04/30 days", DutyState.OVERDUE),
    ]
    assert kept(owed, (), owed.after) == ()


def test_what_is_due_after_decades_is_found() -> None:
    """For over thirty-two years after the day from which on it is looked; what is due later than that is not."""
    farthest = 11_712
    rules = policy(calls=replace(CALLS, offsets=(Period(days=farthest), Period(days=farthest + 1))))
    desk = Desk(rules)
    owed = replace(owed_to(desk.come_to(Stage.REPAIRED), rules), after=date(2026, 5, 4))

    far = owed.next(())
    assert far is not None
    assert far.day == owed.after + timedelta(days=farthest)
    assert owed.named(far.key) == far
    assert owed.next({far.key}) is None
