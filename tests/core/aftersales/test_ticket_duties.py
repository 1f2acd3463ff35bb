"""What is due to a ticket by itself: who is reminded when, and what is a record of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from desk_at_work import CLOCK, MONDAY, ZONE, Desk, case, command, policy, ticket

from servflow.core.aftersales import duties_kept
from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.duties_kept import owed
from servflow.core.aftersales.policy import Duty, ServicePolicy
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import messages as m
from servflow.core.aftersales.tickets import promising
from servflow.core.aftersales.tickets.model import DutyDone, Ticket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.aftersales.tickets.wakes import next_wake, wake
from servflow.core.aftersales.words import DutyKind, Event
from servflow.core.citations import Clause
from servflow.core.dates import Period

DAY, MONTH, YEAR = Period(days=1), Period(months=1), Period(months=12)
REPORTED_ON = date(2026, 5, 4)
FOLLOWED = Duty(
    kind=DutyKind.CALL_BACK,
    since=Event.FINISHED,
    on_the_day=True,
    within=Period(days=3),
    checks=("attitude", "fault-solved"),
)
QUIET: dict[str, Any] = {"answer": None, "on_site": None, "resolve": None, "deemed": None}


def duty(since: Event, **said: Any) -> Duty:
    return Duty(kind=DutyKind.VISIT, since=since, **said)


def firm(**rules: Any) -> ServicePolicy:
    """A firm that promises nothing, and has these duties."""
    made: ServicePolicy = policy(**(QUIET | rules))
    return made


def starts(day: int, month: int = 5) -> datetime:
    return datetime(2026, month, day, tzinfo=ZONE)


def finished(state: Stage = Stage.ACCEPTED, **said: Any) -> Ticket:
    usual: dict[str, Any] = {"state": state, "finished_at": starts(6) + timedelta(hours=10)}
    made: Ticket = ticket(**(usual | said))
    return made


def done(key: str = "followed/2026-05-06/on the day", **said: Any) -> DutyDone:
    usual: dict[str, Any] = {
        "key": key,
        "done_on": date(2026, 5, 7),
        "by": "clerk",
        "outcome": "it runs",
        "checked": ("attitude", "fault-solved"),
    }
    return DutyDone(**(usual | said))


def codes(found: Any) -> list[str]:
    return [reason.code for reason in found]


# --- which duties are those of a service --------------------------------------------------------------------


def test_a_service_has_the_duties_that_follow_from_it_and_a_unit_those_that_follow_from_the_unit() -> None:
    """Each once: a sale is the unit's, an end the service's."""
    rules = firm(
        followed=FOLLOWED, sold=duty(Event.SOLD, every=YEAR), season=duty(Event.YEAR, offsets=(MONTH,))
    )
    on = rules.on(REPORTED_ON)
    dates = {
        "sold": date(2026, 5, 1),
        "finished": date(2026, 5, 6),
        "year": date(2026, 1, 1),
        "party": REPORTED_ON,
    }

    service = owed(on, "T-1", {}, dates, of_the_service=True, after=REPORTED_ON)
    unit = owed(on, "U-1", {}, dates, of_the_service=False, after=REPORTED_ON)
    assert [named.name for named in service.among] == ["followed"]
    assert [named.name for named in unit.among] == ["sold", "season"]
    assert service.subject.dates == {Event.SOLD: date(2026, 5, 1), Event.FINISHED: date(2026, 5, 6)}


def test_a_duty_that_hangs_on_what_nobody_answered_is_not_due() -> None:
    """Nor is one whose answer says no; the rulebook's default answers."""
    rules = firm(
        trouble=Question("trouble", ("false-alarm", "real")),
        called=replace(FOLLOWED, when=When((("trouble", ("false-alarm",)),))),
    )

    assert next_wake(finished(), rules) is None
    assert next_wake(finished(answers={"trouble": "real"}), rules) is None
    assert next_wake(finished(answers={"trouble": "false-alarm"}), rules) == starts(6)


# --- when somebody is reminded ------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-12")
def test_somebody_is_reminded_at_the_beginning_of_the_day_and_once() -> None:
    """Of a service that is closed, too, but not of one that was merged into another or came to nothing."""
    rules = firm(followed=FOLLOWED, asked=duty(Event.FINISHED, offsets=(MONTH,)))
    desk = Desk(rules)
    desk.put(finished(Stage.CLOSED))

    said = []
    while (word := wake(desk.ticket(), rules, starts(1, 12))) is not None:
        desk.take(word)
        said.append((word.happened_at, word.id))
    assert said == [
        (starts(6), "clock/aftersales.ticket/T-1/duty/followed/2026-05-06/on the day/1"),
        (starts(6, 6), "clock/aftersales.ticket/T-1/duty/asked/2026-05-06/1 month/2"),
    ]
    assert [(message.kind, message.to) for message in desk.messages] == [(m.DUTY_DUE, "firm/coordinator")] * 2
    assert dict(desk.messages[0].facts)["due_on"] == date(2026, 5, 6)
    assert next_wake(finished(Stage.CLOSED, merged_into="T-2"), rules) is None
    assert next_wake(finished(Stage.CANCELLED), rules) is None


def test_what_is_done_is_not_reminded_of_and_a_rework_is_followed_again() -> None:
    """The second end has a day of its own."""
    rules = firm(followed=FOLLOWED)
    it = finished(duties=(done(),))
    assert next_wake(it, rules) is None

    again = replace(it, finished_at=starts(9) + timedelta(hours=9))
    assert next_wake(again, rules) == starts(9)


def test_a_service_is_owed_nothing_before_its_report() -> None:
    """What was due to the customer earlier is not this service's."""
    rules = firm(
        planned=duty(Event.REPORTED, before=True, offsets=(DAY,)),
        visited=duty(Event.REPORTED, on_the_day=True),
    )
    assert next_wake(ticket(), rules) == starts(4)
    assert next_wake(ticket(reminded=("visited/on the day",)), rules) is None


def test_the_days_of_the_unit_and_of_the_acceptance_bound_the_duties_of_the_service() -> None:
    """A visit every month from the end on, until the warranty ends, and not before it was accepted."""
    visits = duty(Event.FINISHED, every=MONTH, not_before=Event.ACCEPTED, until=Event.WARRANTY_END)
    rules = firm(visits=visits)
    end = {"warranty-end": date(2026, 8, 1)}

    assert next_wake(finished(dates=end), rules) is None
    it = finished(dates=end, accepted_at=starts(10))
    keys = []
    while (found := promising.owed_to(it, rules).next(it.reminded)) is not None:
        keys.append((found.day, found.key))
        it = replace(it, reminded=(*it.reminded, found.key))
    assert [day for day, _ in keys] == [date(2026, 6, 6), date(2026, 7, 6)]


def test_what_goes_on_for_ever_is_looked_for_far_enough_ahead() -> None:
    """Daily rounds for years, behind which the next one is found; what never comes is not looked for for ever."""
    rules = firm(rounds=duty(Event.FINISHED, every=DAY)).on(REPORTED_ON)
    dates = {"finished": REPORTED_ON}
    of = owed(rules, "T-1", {}, dates, of_the_service=True, after=REPORTED_ON)
    first = of.next(())
    assert first is not None
    assert (first.key, first.day) == ("rounds/no. 1", date(2026, 5, 5))
    later = of.next({f"rounds/no. {number}" for number in range(1, 400)})
    assert later is not None
    assert later.day == date(2027, 6, 8)
    found = of.named("rounds/no. 1000")
    assert found is not None
    assert found.day == date(2029, 1, 28)
    assert (of.named("rounds/no. 0"), of.named("others/no. 1")) == (None, None)
    assert of.on(REPORTED_ON) == ()

    last = owed(rules, "T-1", {}, {"finished": date(9990, 1, 1)}, of_the_service=True, after=date(9998, 1, 1))
    assert last.named("rounds/never") is None


def test_what_nothing_has_happened_for_is_not_due() -> None:
    """Also where no day at all is known."""
    rules = firm(followed=FOLLOWED).on(REPORTED_ON)
    of = owed(rules, "T-1", {}, {}, of_the_service=True, after=REPORTED_ON)

    assert of.next(()) is None
    assert of.named("followed/on the day") is None


@pytest.mark.parametrize(
    ("said", "happened", "code"),
    [
        ({}, starts(6), None),
        ({}, starts(9), None),
        ({}, starts(5), "aftersales.duty-not-due-yet"),
        ({"due_on": date(2026, 5, 7)}, starts(9), "aftersales.duty-not-due"),
        ({"key": "followed/no. 9"}, starts(9), "aftersales.duty-not-due"),
    ],
)
def test_a_reminder_is_of_what_is_due_that_day(
    said: dict[str, Any], happened: datetime, code: str | None
) -> None:
    """Which has come."""
    usual = {"key": "followed/2026-05-06/on the day", "due_on": date(2026, 5, 6)}
    reminder = command(c.RemindDuty, **(usual | said), happened_at=happened, by=CLOCK)
    rules = firm(followed=FOLLOWED)

    assert codes(promising.duty_due(case(finished(), reminder, rules=rules))) == ([code] if code else [])
    for it in (finished(reminded=("followed/2026-05-06/on the day",)), finished(duties=(done(),))):
        found = codes(promising.duty_due(case(it, reminder, rules=rules)))
        assert ("aftersales.duty-seen-to" in found) is ("key" not in said)


# --- what is a record ------------------------------------------------------------------------------------------


def recorded(it: Ticket, record: DutyDone, rules: ServicePolicy) -> Any:
    return case(it, command(c.RecordDuty, done=record, happened_at=starts(7)), rules=rules)


@pytest.mark.clause("AS-QA-12")
def test_a_record_lacks_nothing_that_its_rule_asks_for() -> None:
    """What is lacking is named with the clause of the rule; nothing is done ahead, nor twice."""
    rules = firm(followed=FOLLOWED)

    assert codes(promising.duty_fits(recorded(finished(), done(), rules))) == []
    (reason,) = promising.duty_fits(recorded(finished(), done(checked=("attitude",), by=""), rules))
    assert (reason.code, reason.clause) == ("aftersales.duty-not-done-so", Clause("X-followed"))
    assert dict(reason.facts)["found"] == "'fault-solved' not looked at, nobody who did it"
    early = done(done_on=date(2026, 5, 5))
    assert codes(promising.duty_fits(recorded(finished(), early, rules))) == ["aftersales.duty-not-done-so"]
    ahead = done(done_on=date(2026, 5, 8))
    assert codes(promising.duty_fits(recorded(finished(), ahead, rules))) == ["aftersales.duty-done-ahead"]
    twice = finished(duties=(done(),))
    assert codes(promising.duty_fits(recorded(twice, done(), rules))) == ["aftersales.duty-done-already"]
    never = done("followed/2026-05-07/on the day")
    assert codes(promising.duty_fits(recorded(finished(), never, rules))) == ["aftersales.duty-not-due"]


@pytest.mark.clause("AS-QA-10", "AS-MNT-3")
def test_opinion_and_signatures_are_part_of_the_record_where_the_rule_says_so() -> None:
    """The customer's opinion, and the names of both sides."""
    asked = replace(FOLLOWED, opinion=True, signed_by_both=True)
    rules = firm(followed=asked)
    (reason,) = promising.duty_fits(recorded(finished(), done(), rules))
    assert dict(reason.facts)["found"] == (
        "no opinion of the customer, no signature for the firm, no signature for the customer"
    )
    full = done(opinion="good", signed_for_firm="clerk", signed_for_customer="customer")
    assert codes(promising.duty_fits(recorded(finished(), full, rules))) == []


def test_through_the_table_it_is_reminded_of_and_done() -> None:
    """By the clock and by staff; the record stays with the ticket."""
    rules = firm(followed=FOLLOWED)
    desk = Desk(rules)
    desk.put(finished())
    word = wake(desk.ticket(), rules, starts(6))
    assert word is not None
    desk.take(word)
    desk.do(c.RecordDuty, done=done(), happened_at=starts(7))

    assert (desk.ticket().reminded, desk.ticket().duties) == (("followed/2026-05-06/on the day",), (done(),))
    assert next_wake(desk.ticket(), rules) is None
    assert desk.codes(c.RecordDuty, done=done(), happened_at=MONDAY + timedelta(days=9)) == [
        "aftersales.duty-done-already"
    ]
    assert duties_kept.OF_THE_SERVICE.isdisjoint({Event.SOLD, Event.ACCEPTED, Event.YEAR})
