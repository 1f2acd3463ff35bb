"""The clocks of a ticket: what begins and stops them, holds, severity, extensions, escalation, and wakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from desk_at_work import (
    CLOCK,
    DESK,
    FIRM,
    HOURS,
    MONDAY,
    POLICY,
    SUPERVISOR,
    THE_ENGINEER,
    ZONE,
    Desk,
    case,
    command,
    lifecycles,
    policy,
    staff,
    ticket,
)
from hypothesis import given
from hypothesis import strategies as st
from work_at_desk import work

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.desk_rules import Chain, Deemed, Numbering, Series, Survey
from servflow.core.aftersales.policy import Ladder, Promise, QuoteValidity, ServicePolicy
from servflow.core.aftersales.tickets import clockwork, promising
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import messages as m
from servflow.core.aftersales.tickets.clockwork import heard, picked
from servflow.core.aftersales.tickets.model import Call, Commitment, Hold, Item, Ticket
from servflow.core.aftersales.tickets.states import Custody, Outcome, Route, Stage, TicketRole
from servflow.core.aftersales.tickets.wakes import next_wake, wake
from servflow.core.aftersales.words import Event, PauseReason, TargetKind
from servflow.core.changes import Command
from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.clocks import Breach, ClockState, Cycle, Run, Rung, parse_allowance
from servflow.core.errors import InvalidValue, MissingValue

K = TargetKind
NEXT = timedelta(microseconds=1)
WAITING = PauseReason.WAITING_CUSTOMER
LADDER = Ladder(
    kinds=(K.RESOLVE,),
    rungs=(
        Rung(level=1, action="supervisor", fraction=Fraction(1, 2)),
        Rung(level=2, action="head-office", fraction=Fraction(1)),
    ),
)


def at(text: str) -> datetime:
    """An instant at the firm, in May 2026: ``5 14:30``."""
    day, time = text.split()
    return datetime.fromisoformat(f"2026-05-{int(day):02}T{time}").replace(tzinfo=ZONE)


def promise(kind: TargetKind, within: str, **said: Any) -> Promise:
    return Promise(kind=kind, within=parse_allowance(within), **said)


def alone(**rules: Any) -> ServicePolicy:
    """The firm's rules, with none of its usual promises but these."""
    made: ServicePolicy = policy(**({"answer": None, "on_site": None, "resolve": None} | rules))
    return made


def reported(rules: ServicePolicy = POLICY, when: datetime = MONDAY, **said: Any) -> Ticket:
    """A ticket with what is promised for it."""
    it = ticket(**said)
    return picked(it, clockwork.rules_for(it, rules), rules, when)


def hears(
    it: Ticket, kind: type[Command], when: datetime, rules: ServicePolicy = POLICY, **said: Any
) -> Ticket:
    return heard(it, command(kind, happened_at=when, **said), rules)


def states(it: Ticket, now: datetime, rules: ServicePolicy = POLICY) -> dict[str, str]:
    """How each clock stands."""
    found = clockwork.clocks(it, rules.calendar, now)
    return {what: clock.state.value for what, clock in found.items()}


def codes(found: Any) -> list[str]:
    return [reason.code for reason in found]


def told(outcome: Any) -> list[tuple[str, str]]:
    return [(message.kind, message.to) for message in outcome.messages]


def due(it: Ticket, what: str) -> datetime:
    found = it.commitments[what].due
    assert found is not None
    return found


# --- what is promised ---------------------------------------------------------------------------------


def test_a_report_begins_the_clocks_and_the_due_dates_are_told() -> None:
    """What is round the clock runs at night, what is in working days does not."""
    it = reported()

    assert {what: each.run.anchored_at for what, each in it.commitments.items()} == dict.fromkeys(
        ("answer", "on-site", "resolve"), MONDAY
    )
    assert due(it, "answer") == at("4 13:00")
    assert due(it, "on-site") == at("5 09:00")
    assert due(it, "resolve") == at("7 09:00")
    assert it.commitments["resolve"].pauses == (WAITING, PauseReason.WAITING_PART)
    assert it.commitments["on-site"].round_the_clock
    assert not clockwork.is_late(it, HOURS)


def test_what_is_promised_to_complaints_is_not_promised_to_a_ticket() -> None:
    """A complaint has clocks of its own."""
    rules = alone(complaint=promise(K.COMPLAINT_ANSWER, "1 day"), parts=promise(K.PARTS, "1 day"))

    assert list(reported(rules).commitments) == ["parts"]


def test_a_promise_that_hangs_on_an_answer_asks_for_it() -> None:
    """So does one that hangs on a time that was agreed, which has to lie ahead."""
    asks = alone(
        level=Question("urgency", ("high", "low")),
        resolve=promise(K.RESOLVE, "1 day", when=When((("urgency", ("high",)),))),
    )
    with pytest.raises(MissingValue):
        reported(asks)
    agreed = alone(resolve=promise(K.RESOLVE, "agreed day"))
    with pytest.raises(MissingValue):
        reported(agreed)
    with pytest.raises(InvalidValue):
        reported(agreed, given={"day": at("4 08:00")})
    assert due(reported(agreed, given={"day": at("4 10:00")}), "resolve") == at("4 10:00")


def test_the_ticket_itself_answers_what_its_rules_ask() -> None:
    """Severity, route, kind of service, and whether it is late or done again."""
    rules = policy().on(date(2026, 5, 4))
    levels = policy(level=Question("level", ("1", "2", "3", "4")))
    late = replace(reported(), rework=True)
    late = replace(
        late,
        commitments={
            what: replace(e, run=replace(e.run, breach=Breach(MONDAY)))
            for what, e in late.commitments.items()
        },
    )
    it = ticket(severity=2)

    assert "level" not in clockwork.known_answers(it, rules)
    assert clockwork.known_answers(it, levels.on(date(2026, 5, 4)))["level"] == "2"
    answers = clockwork.known_answers(late, rules)
    assert (answers["delayed"], answers["rework"], answers["kind"]) == ("yes", "yes", "repair")
    assert clockwork.known_answers(ticket(), rules) == {"kind": "repair", "rework": "no", "delayed": "no"}


def test_the_verdict_and_the_route_answer_too() -> None:
    """As soon as they are there."""
    desk = Desk()
    desk.come_to(Stage.COVERED)
    it = replace(desk.ticket(), route=Route.SHOP)

    answers = clockwork.known_answers(it, policy().on(date(2026, 5, 4)))
    assert (answers["coverage"], answers["term"], answers["class"], answers["route"]) == (
        "free",
        "in",
        "C",
        "shop",
    )
    assert it.verdict is not None
    unknown = replace(it, verdict=replace(it.verdict, term=None))
    assert "term" not in clockwork.known_answers(unknown, policy().on(date(2026, 5, 4)))


# --- what is done, and in time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "what"),
    [
        (c.Triage, {}, (K.ACKNOWLEDGE,)),
        (c.AnswerCustomer, {"note": "tomorrow"}, (K.ACKNOWLEDGE, K.ANSWER, K.NOTICE)),
        (c.LogCall, {"about": "address", "taken": True}, (K.ACKNOWLEDGE, K.ANSWER)),
        (c.LogCall, {"about": "address", "taken": False}, ()),
        (c.LogCall, {"about": c.CALL_BACK, "taken": True}, (K.ACKNOWLEDGE, K.ANSWER, K.CALL_BACK)),
        (c.LogCall, {"about": c.CALL_BACK, "taken": False}, ()),
        (c.AdviseRemotely, {"solved": False}, (K.ACKNOWLEDGE, K.ANSWER)),
        (c.AdviseRemotely, {}, (K.ACKNOWLEDGE, K.ANSWER, K.RESOLVE, K.REPAIR, K.CARRY_OUT)),
        (c.Dispatch, {}, (K.ARRANGE,)),
        (c.BeginInShop, {}, (K.ARRANGE,)),
        (c.Arrive, {}, (K.ACKNOWLEDGE, K.ANSWER, K.ON_SITE, K.AT_POST)),
        (c.GiveQuote, {"lines": (work(),)}, (K.ACKNOWLEDGE, K.ANSWER, K.QUOTE)),
        (c.Finish, {}, (K.RESOLVE, K.REPAIR, K.CARRY_OUT)),
        (c.ReplaceUnit, {"unit": "U-1", "serial": "U-2"}, (K.RESOLVE, K.REPAIR, K.CARRY_OUT)),
        (c.ReturnUnrepaired, {}, (K.RESOLVE, K.REPAIR, K.CARRY_OUT)),
        (c.RecordSurvey, {"scores": {"quality": 5}}, (K.CALL_BACK,)),
        (c.Fulfil, {"what": K.PARTS}, (K.PARTS,)),
        (c.ShowFacts, {"shown": {"photographs": ("p-1",)}}, ()),
    ],
)
def test_each_command_stops_what_it_does(
    kind: type[Command], said: dict[str, Any], what: tuple[TargetKind, ...]
) -> None:
    """And nothing else is met by it."""
    every = {f"p-{each.value}": promise(each, "2 days") for each in K if each is not K.COMPLAINT_ANSWER}
    rules = alone(**every)
    it = hears(reported(rules), kind, at("4 10:00"), rules, **said)

    met = {name for name, state in states(it, at("4 11:00"), rules).items() if state == "met"}
    assert met == {each.value for each in what}


def test_the_first_stop_counts_and_one_before_the_beginning_does_not() -> None:
    """What was done before is not done again; what happened before the report answers nothing."""
    it = hears(reported(), c.AnswerCustomer, at("4 08:00"), note="earlier")
    assert it.commitments["answer"].run.stopped_at is None

    for when in ("4 10:00", "4 11:00"):
        it = hears(it, c.AnswerCustomer, at(when), note="it is known")
    assert it.commitments["answer"].run.stopped_at == at("4 10:00")


def test_a_clock_that_is_stopped_too_late_has_its_breach_on_record() -> None:
    """Nobody asked it before; what was in time has none."""
    it = hears(reported(), c.AnswerCustomer, at("4 13:00"), note="just in time")
    assert not clockwork.is_late(it, HOURS)

    it = hears(reported(), c.AnswerCustomer, at("4 14:30"), note="too late")
    assert it.commitments["answer"].run.breach == Breach(at("4 14:30"), due=at("4 13:00"))
    assert clockwork.is_late(it, HOURS)
    assert not clockwork.is_late(hears(reported(when=at("4 14:30")), c.CancelTicket, at("4 14:30")), HOURS)


def test_what_nobody_needs_any_more_is_void_while_it_is_in_time() -> None:
    """Solved from afar, nobody has to come any more: had he been late by then, he is late."""
    solved = hears(reported(), c.AdviseRemotely, at("4 10:00"))
    assert states(solved, at("9 09:00")) == {"answer": "met", "on-site": "void", "resolve": "met"}

    late = hears(reported(), c.AdviseRemotely, at("6 10:00"))
    assert states(late, at("9 09:00")) == {"answer": "missed", "on-site": "missed", "resolve": "met"}
    assert states(hears(late, c.TakeIn, at("6 11:00"), items=("U-1",)), at("9 09:00"))["on-site"] == "missed"


def test_a_unit_that_is_brought_needs_no_visit_and_free_work_no_quote() -> None:
    """Their clocks are void, those of the work go on."""
    rules = alone(
        on_site=promise(K.ON_SITE, "1 day"),
        quote_in=promise(K.QUOTE, "1 day"),
        repair=promise(K.REPAIR, "5 working days", since=Event.ARRIVED),
        arrange=promise(K.ARRANGE, "1 day", since=Event.ORDERED),
    )
    it = hears(reported(rules), c.ApproveFree, at("4 10:00"), rules)
    it = hears(it, c.TakeIn, at("4 11:00"), rules, items=("U-1",))
    it = hears(it, c.TakeIn, at("4 12:00"), rules, items=("U-2",))

    assert states(it, at("4 12:30"), rules) == {
        "on-site": "void",
        "quote": "void",
        "repair": "running",
        "arrange": "running",
    }
    assert it.happened == {"ordered": at("4 10:00"), "arrived": at("4 11:00")}
    assert it.commitments["repair"].run.anchored_at == at("4 11:00")
    assert due(it, "repair") == at("11 11:00")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.RejectTicket, {}),
        (c.CancelTicket, {}),
        (c.MergeTicket, {"into": "T-2"}),
        (c.DeclineQuote, {}),
        (c.LapseQuote, {}),
    ],
)
def test_what_comes_to_nothing_counts_for_nothing(kind: type[Command], said: dict[str, Any]) -> None:
    """But a breach is put on record before, and what was done before stays done."""
    it = hears(reported(), c.AnswerCustomer, at("4 10:00"), note="we are coming")
    it = hears(it, kind, at("5 10:00"), **said)

    assert states(it, at("9 09:00")) == {"answer": "met", "on-site": "void", "resolve": "void"}
    assert [each.run.breach is not None for each in it.commitments.values()] == [False, True, False]
    assert list(_coming(it)) == []


def _coming(it: Ticket, rules: ServicePolicy = POLICY) -> list[Any]:
    found = wake(it, rules, at("31 09:00"))
    return [] if found is None else [found]


def test_a_plan_begins_what_is_carried_out_by_it() -> None:
    """The plan within four working days, its execution within three more (AS-SLA-1)."""
    rules = alone(
        plan=promise(K.PLAN, "4 working days", since=Event.RECEIVED),
        carry_out=promise(K.CARRY_OUT, "3 working days", since=Event.PLANNED),
    )
    it = reported(rules)
    assert it.commitments["carry-out"].due is None

    it = hears(it, c.Fulfil, at("6 10:00"), rules, what=K.PARTS)
    assert it.happened == {}
    it = hears(it, c.Fulfil, at("6 10:00"), rules, what=K.PLAN)
    assert it.happened == {"planned": at("6 10:00")}
    assert due(it, "carry-out") == at("11 10:00")
    assert states(hears(it, c.Finish, at("8 10:00"), rules), at("8 11:00"), rules) == {
        "plan": "met",
        "carry-out": "met",
    }
    assert states(hears(reported(rules), c.Finish, at("5 10:00"), rules), at("8 11:00"), rules) == {
        "plan": "void",
        "carry-out": "void",
    }


def test_a_time_that_was_agreed_and_has_passed_begins_nothing() -> None:
    """The clock waits; nothing is raised."""
    rules = alone(resolve=promise(K.RESOLVE, "agreed day", since=Event.REACHED))
    it = hears(reported(rules, given={"day": at("4 12:00")}), c.Arrive, at("4 15:00"), rules)

    assert states(it, at("4 16:00"), rules) == {"resolve": "waiting"}


# --- again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [c.RejectWork, c.ReopenTicket])
def test_the_same_clock_goes_on_when_the_work_is_to_be_done_again(kind: type[Command]) -> None:
    """The time between was a pause; the first verdict stays, and an answer is owed."""
    it = hears(reported(), c.AnswerCustomer, at("4 10:00"), note="we are coming")
    it = hears(it, c.Arrive, at("4 11:00"))
    it = hears(it, c.Finish, at("4 12:00"))
    it = hears(it, kind, at("6 12:00"), reason="it leaks again")

    assert states(it, at("6 12:00")) == {
        "answer": "met",
        "on-site": "met",
        "resolve": "running",
        "answer/2": "running",
    }
    assert it.commitments["resolve"].run.cycles == (Cycle(ClockState.MET, at("4 12:00")),)
    assert due(it, "resolve") == at("11 09:00")
    assert due(it, "answer/2") == at("6 16:00")
    it = hears(it, c.Finish, at("7 09:00"))
    assert states(it, at("7 09:00"))["resolve"] == "met"
    it = hears(it, kind, at("7 10:00"), reason="still")
    assert list(it.commitments)[-1] == "answer/2"  # it was not answered yet


def test_a_rejection_that_happened_before_the_end_counts_from_it() -> None:
    """Nothing is raised for an instant that cannot be."""
    it = hears(reported(), c.Finish, at("4 12:00"))
    it = hears(it, c.RejectWork, at("4 11:00"), reason="it leaks")

    assert it.commitments["resolve"].run.cycles[0].stopped_at == at("4 12:00")
    assert states(it, at("4 12:00"))["resolve"] == "running"


def test_a_clock_that_goes_on_stands_still_where_the_ticket_does() -> None:
    """It was put on hold after the work was done."""
    it = hears(reported(), c.Finish, at("4 12:00"))
    it = clockwork.held(
        it, WAITING, Hold(since=at("4 14:00"), until=at("8 09:00")), POLICY.calendar, at("4 14:00")
    )
    it = hears(it, c.RejectWork, at("4 15:00"), reason="it leaks")
    assert states(it, at("4 16:00"))["resolve"] == "paused"

    it = clockwork.resumed(it, WAITING, at("4 17:00"), POLICY.calendar)
    assert states(it, at("4 17:30"))["resolve"] == "running"


def test_a_pause_that_began_before_the_end_ends_with_the_hold() -> None:
    """Also in a clock that was stopped meanwhile, so that it does not stand still for ever."""
    it = clockwork.held(
        reported(), WAITING, Hold(since=at("4 10:00"), until=at("8 09:00")), POLICY.calendar, at("4 10:00")
    )
    it = hears(it, c.Finish, at("4 12:00"))
    again = hears(it, c.RejectWork, at("4 15:00"), reason="it leaks")
    assert states(again, at("4 16:00"))["resolve"] == "paused"

    it = clockwork.resumed(it, WAITING, at("4 14:00"), POLICY.calendar)
    it = hears(it, c.RejectWork, at("4 15:00"), reason="it leaks")
    assert states(it, at("4 16:00"))["resolve"] == "running"


def test_which_cycle_is_the_last_one_does_not_hang_on_their_order() -> None:
    """Stored mappings come back with their keys in another order: ``answer/10`` before ``answer/2``."""
    it = reported()
    answer = it.commitments["answer"]
    ended = replace(answer, run=answer.run.stopped(at("4 10:00")))
    cycles = {"answer": ended, **{f"answer/{number}": ended for number in range(2, 11)}}
    for names in (sorted(cycles), sorted(cycles, reverse=True), list(cycles)):
        turned = replace(it, commitments={name: cycles[name] for name in names})
        found = clockwork.current(turned, K.ANSWER)
        assert found is not None
        assert found[0] == "answer/10"
        again = heard(turned, command(c.NoteMessage, note="and now?", happened_at=at("4 11:00")), POLICY)
        assert clockwork.current(again, K.ANSWER) == ("answer/11", again.commitments["answer/11"])
        still = replace(turned, commitments={**turned.commitments, "answer/10": answer})
        assert heard(still, command(c.NoteMessage, note="x", happened_at=at("4 11:00")), POLICY) == still
    assert clockwork.current(it, K.PARTS) is None


def test_a_call_back_waits_for_the_next_end_or_begins_a_new_cycle() -> None:
    """Called already, he is called again after the second end; not called yet, after the second only."""
    rules = alone(call_back=promise(K.CALL_BACK, "1 day", since=Event.FINISHED))
    done = hears(reported(rules), c.Finish, at("4 12:00"), rules)

    waits = hears(done, c.RejectWork, at("4 15:00"), rules, reason="it leaks")
    assert states(waits, at("9 15:00"), rules) == {"call-back": "waiting"}
    assert waits.happened == {}
    ended = hears(waits, c.Finish, at("6 12:00"), rules)
    assert due(ended, "call-back") == at("7 12:00")

    called = hears(done, c.LogCall, at("4 14:00"), rules, about=c.CALL_BACK, taken=True)
    again = hears(called, c.RejectWork, at("4 15:00"), rules, reason="it leaks")
    assert states(again, at("9 15:00"), rules) == {"call-back": "met", "call-back/2": "waiting"}
    assert due(hears(again, c.Finish, at("6 12:00"), rules), "call-back/2") == at("7 12:00")

    late = hears(done, c.RejectWork, at("6 15:00"), rules, reason="it leaks")
    assert late.commitments["call-back"].run.breach == Breach(at("6 15:00"), due=at("5 12:00"))


def test_whoever_was_called_in_vain_often_enough_counts_as_called() -> None:
    """As often as the survey says; without a survey, or one without a number, never."""
    call_back = promise(K.CALL_BACK, "5 days", since=Event.FINISHED)
    survey = Survey(questions=("quality",), lowest=1, highest=5, satisfied_from=4, dissatisfied_to=2)
    accepted = {"accepted_at": at("4 13:00")}

    def called(rules: ServicePolicy, *when: str) -> str:
        it = hears(reported(rules, **accepted), c.Finish, at("4 12:00"), rules)
        for each in when:
            call = Call(at=at(each), by="clerk", about=c.CALL_BACK, taken=False)
            it = replace(it, calls=(*it.calls, call))
            it = hears(it, c.LogCall, at(each), rules, about=c.CALL_BACK, taken=False)
        return states(it, at("6 09:00"), rules)["call-back"]

    twice = alone(call_back=call_back)
    assert called(twice, "5 09:00") == "running"
    assert called(twice, "5 09:00", "5 15:00") == "met"
    assert called(twice, "4 12:30", "5 15:00") == "running"  # the first one was before he accepted
    assert called(alone(call_back=call_back, survey=survey), "5 09:00", "5 15:00") == "running"
    assert called(alone(call_back=call_back, survey=None), "5 09:00", "5 15:00") == "running"


EVERY = alone(
    acknowledge=promise(K.ACKNOWLEDGE, "1 hour"),
    answer=promise(K.ANSWER, "4 hours"),
    on_site=promise(K.ON_SITE, "24 hours", round_the_clock=True),
    plan=promise(K.PLAN, "1 working day"),
    carry_out=promise(K.CARRY_OUT, "3 working days", since=Event.PLANNED, pauses=(WAITING,)),
    resolve=promise(K.RESOLVE, "2 working days", pauses=(WAITING,)),
    call_back=promise(K.CALL_BACK, "1 day", since=Event.FINISHED),
)
WORDS: tuple[tuple[type[Command], dict[str, Any]], ...] = (
    (c.Triage, {}),
    (c.AnswerCustomer, {"note": "tomorrow"}),
    (c.NoteMessage, {"note": "when?"}),
    (c.LogCall, {"about": c.CALL_BACK, "taken": False}),
    (c.AdviseRemotely, {"solved": False}),
    (c.AdviseRemotely, {}),
    (c.Arrive, {}),
    (c.Fulfil, {"what": K.PLAN}),
    (c.TakeIn, {"items": ("U-1",)}),
    (c.Finish, {}),
    (c.RejectWork, {"reason": "it leaks"}),
    (c.ReopenTicket, {"reason": "it leaks"}),
    (c.RecordSurvey, {"scores": {"quality": 5}}),
    (c.CancelTicket, {}),
)
"""What moves clocks; a hold is put, or ended where there is one, in between."""


@given(st.lists(st.tuples(st.sampled_from((*WORDS, None)), st.integers(-300, 2000)), max_size=12))
def test_whatever_is_said_in_whatever_order_nothing_is_raised_and_no_breach_goes_away(
    said: list[tuple[tuple[type[Command], dict[str, Any]] | None, int]],
) -> None:
    """Also what happened earlier than what was said before; and the clock is always able to say what comes."""
    it, now = reported(EVERY), MONDAY
    for word, minutes in said:
        now += timedelta(minutes=minutes)
        before = {what: each.run.breach for what, each in it.commitments.items() if each.run.breach}
        if word is not None:
            it = hears(it, word[0], now, EVERY, **word[1])
        elif WAITING.value in it.holds:
            it = clockwork.resumed(it, WAITING, now, EVERY.calendar)
        else:
            it = clockwork.held(it, WAITING, Hold(since=now), EVERY.calendar, now)
        assert before == {what: it.commitments[what].run.breach for what in before}
        coming = wake(it, EVERY, at("31 23:00"))
        assert coming is None or coming.happened_at == next_wake(it, EVERY)
        assert clockwork.clocks(it, EVERY.calendar, at("31 23:00")).keys() == it.commitments.keys()


# --- the customer's messages ------------------------------------------------------------------------------


def test_a_second_message_does_not_restart_the_answer_and_one_after_it_begins_a_new_one() -> None:
    """The earliest message that nobody has answered is the one that counts."""
    it = hears(reported(), c.NoteMessage, at("4 10:00"), note="when do you come?")
    assert list(it.commitments) == ["answer", "on-site", "resolve"]

    it = hears(it, c.AnswerCustomer, at("4 11:00"), note="tomorrow")
    for when in ("4 10:30", "4 11:00"):
        it = hears(it, c.NoteMessage, at(when), note="came before the answer, or with it")
    assert "answer/2" not in it.commitments
    for when in ("4 14:00", "4 15:00"):
        it = hears(it, c.NoteMessage, at(when), note="and when?")
    assert due(it, "answer/2") == at("4 18:00")
    assert (it.commitments["answer/2"].fired, it.commitments["answer"].run.stopped_at) == ((), at("4 11:00"))
    it = hears(it, c.AnswerCustomer, at("4 17:00"), note="at nine")
    assert states(it, at("4 17:00"))["answer/2"] == "met"
    assert "answer/3" in hears(it, c.NoteMessage, at("5 09:00"), note="nobody came").commitments


def test_who_promises_no_answer_owes_none() -> None:
    """Nor does a firm whose promise counts for nothing any more."""
    none = hears(reported(alone()), c.NoteMessage, at("4 10:00"), alone(), note="hello")
    assert none.commitments == {}
    void = hears(hears(reported(), c.DeclineQuote, at("4 10:00")), c.NoteMessage, at("4 11:00"), note="hello")
    assert "answer/2" not in void.commitments


# --- holds --------------------------------------------------------------------------------------------------


def hold(it: Ticket, when: str, **said: Any) -> Any:
    usual = {"reason": WAITING, "until": at("8 09:00"), "happened_at": at(when)}
    return promising.hold(case(it, command(c.PutOnHold, **(usual | said))))


def test_a_hold_stops_the_clocks_that_accept_its_reason_and_no_others() -> None:
    """The customer is told; the due date that was told stays until it goes on."""
    done = hold(reported(), "4 10:00")

    assert states(done.it, at("4 11:00")) == {"answer": "running", "on-site": "running", "resolve": "paused"}
    assert due(done.it, "resolve") == at("7 09:00")
    assert told(done) == [(m.HELD, "customer")]
    assert dict(done.messages[0].facts)["until"] == "2026-05-08T09:00:00+08:00"
    assert "until" not in dict(
        hold(reported(), "4 10:00", until=None, remind_on=date(2026, 5, 6)).messages[0].facts
    )
    on: Any = promising.resume(
        case(done.it, command(c.ResumeWork, reason=WAITING, happened_at=at("4 12:00")))
    )
    assert states(on.it, at("4 15:00"))["resolve"] == "running"
    assert due(on.it, "resolve") == at("7 11:00")
    assert told(on) == [(m.RESUMED, "customer")]
    assert dict(on.messages[0].facts)["due.resolve"] == "2026-05-07T11:00:00+08:00"
    assert (on.it.holds, [pause.end for pause in on.it.pauses]) == ({}, [at("4 12:00")])
    reminded = hold(reported(), "4 10:00", until=None, remind_on=date(2026, 5, 4) + timedelta(days=1)).it
    assert next_wake(reminded, alone()) == at("4 13:00") + NEXT


def test_what_is_promised_later_stands_still_for_what_the_ticket_did() -> None:
    """It knows the pause that began before it was promised."""
    it = hold(ticket(), "4 10:00").it
    it = picked(it, POLICY.on(date(2026, 5, 4)), POLICY, at("4 11:00"))

    assert states(it, at("4 11:00"))["resolve"] == "paused"
    it = clockwork.resumed(it, WAITING, at("4 12:00"), POLICY.calendar)
    assert due(it, "resolve") == at("7 11:00")


def test_a_hold_that_is_entered_late_hides_no_breach() -> None:
    """It was late when the hold was entered, and nobody had said so: supervisor and coordinator hear it."""
    done = hold(reported(), "7 08:30", recorded_at=at("7 15:00"), until=at("9 09:00"))

    assert done.it.commitments["resolve"].run.breach == Breach(at("7 15:00"), due=at("7 09:00"))
    assert told(done) == [
        (m.HELD, "customer"),
        (m.BREACHED, "firm/supervisor"),
        (m.BREACHED, "firm/coordinator"),
    ]
    assert dict(done.messages[1].facts)["what"] == "answer, on-site, resolve"


def test_a_hold_lies_ahead_and_is_put_once() -> None:
    """Its end and its reminder come after it; a second one for the same reason is refused."""
    it = hold(reported(), "4 10:00").it

    def refused(guard: Any, it: Ticket = it, kind: type[Command] = c.PutOnHold, **said: Any) -> list[str]:
        usual = {"happened_at": at("4 11:00"), "reason": WAITING}
        role = said.pop("role", TicketRole.COORDINATOR)
        return codes(guard(case(it, command(kind, **(usual | said)), role=role)))

    later = at("5 09:00")
    assert refused(promising.not_held_for_that, until=later) == ["aftersales.held-already"]
    assert refused(promising.not_held_for_that, until=later, reason=PauseReason.AT_VENDOR) == []
    assert refused(promising.hold_ahead, until=later) == []
    assert refused(promising.hold_ahead, until=at("4 11:00")) == ["aftersales.hold-not-ahead"]
    assert refused(promising.hold_ahead, remind_on=date(2026, 5, 4)) == ["aftersales.hold-not-ahead"]
    assert refused(promising.hold_ahead, remind_on=date(2026, 5, 5)) == []
    resume: dict[str, Any] = {"kind": c.ResumeWork}
    assert refused(promising.held_for_that, **resume) == []
    assert refused(promising.held_for_that, reported(), **resume) == ["aftersales.not-held"]
    assert refused(promising.hold_over, reported(), **resume) == []  # said by the other guard
    assert refused(promising.hold_over, **resume) == []
    assert refused(promising.hold_over, **resume, happened_at=at("4 09:30")) == [
        "aftersales.resumed-before-held"
    ]
    clock: dict[str, Any] = {**resume, "role": TicketRole.CLOCK, "by": CLOCK}
    assert refused(promising.hold_over, **clock) == ["aftersales.hold-not-over"]
    assert refused(promising.hold_over, **clock, happened_at=at("8 09:00")) == []
    reminded = hold(reported(), "4 10:00", until=None, remind_on=date(2026, 5, 6)).it
    assert refused(promising.hold_over, reminded, **clock) == ["aftersales.hold-not-over"]


def test_a_message_of_the_customer_ends_the_waiting_for_him() -> None:
    """Not one that came before he was waited for, and no other reason."""
    held = hold(reported(), "4 10:00").it
    done: Any = promising.note_message(
        case(held, command(c.NoteMessage, note="here it is", happened_at=at("4 12:00")))
    )
    assert told(done) == [(m.RESUMED, "customer")]
    assert due(done.it, "resolve") == at("7 11:00")

    early: Any = promising.note_message(
        case(held, command(c.NoteMessage, note="hello", happened_at=at("4 09:30")))
    )
    assert (told(early), early.it.holds) == ([], held.holds)
    other = hold(reported(), "4 10:00", reason=PauseReason.WAITING_PART).it
    done = promising.note_message(
        case(other, command(c.NoteMessage, note="hello", happened_at=at("4 12:00")))
    )
    assert (told(done), done.it.holds) == ([], other.holds)
    assert hears(held, c.AcceptQuote, at("4 12:00")).holds == {}
    assert hears(held, c.NoteMessage, at("4 10:00"), note="in the same instant").holds == {}


def test_the_clock_reminds_of_a_hold_once_and_ends_it_at_its_end() -> None:
    """At the beginning of the day that was named, and at the instant that was named."""
    desk = Desk(alone(resolve=promise(K.RESOLVE, "30 days", pauses=(WAITING,))))
    desk.come_to(Stage.TRIAGED)
    desk.do(c.PutOnHold, reason=WAITING, until=at("8 09:00"), remind_on=date(2026, 5, 6))
    assert next_wake(desk.ticket(), desk.policy) == at("6 00:00")

    assert speak(desk, at("9 09:00")) == [("RemindHold", at("6 00:00")), ("ResumeWork", at("8 09:00"))]
    assert [message.kind for message in desk.messages[-2:]] == [m.HOLD_DUE, m.RESUMED]
    assert desk.messages[-2].to == "firm/coordinator"
    assert desk.ticket().holds == {}


def speak(desk: Desk, until: datetime) -> list[tuple[str, datetime]]:
    """All that the clock says by then, one after the other: what, and as of when."""
    said = []
    while (word := wake(desk.ticket(), desk.policy, until)) is not None:
        assert word.id.startswith("clock/aftersales.ticket/T-1/")
        assert (word.recorded_at, word.happened_at) == (until, next_wake(desk.ticket(), desk.policy))
        desk.take(word)
        said.append((type(word).__name__, word.happened_at))
        assert len(said) < 40
    return said


# --- severity, and rules of another day ---------------------------------------------------------------------


def levelled(**rules: Any) -> ServicePolicy:
    """Severity 1 is resolved within a working hour, 3 and 4 within three working days; 4 is no visit."""
    low, high = When((("level", ("2", "3", "4")),)), When((("level", ("1",)),))
    return alone(
        **(
            {
                "level": Question("level", ("1", "2", "3", "4"), default="3"),
                "low": promise(K.RESOLVE, "3 working days", when=low, pauses=(WAITING,)),
                "high": promise(K.RESOLVE, "1 working hour", when=high),
                "visit": promise(K.ON_SITE, "24 hours", when=When((("level", ("1", "2", "3")),))),
                "ladder-low": replace(LADDER, when=low),
                "ladder-high": Ladder(
                    kinds=(K.RESOLVE,),
                    rungs=(
                        Rung(level=3, action="manager", fraction=Fraction(0)),
                        LADDER.rungs[0],
                    ),
                    when=high,
                ),
            }
            | rules
        )
    )


def severity(it: Ticket, level: int, when: str, rules: ServicePolicy) -> Any:
    said = command(c.ChangeSeverity, severity=level, reason="it is graver", happened_at=at(when))
    return promising.change_severity(case(it, said, rules=rules))


def test_a_graver_fault_has_other_targets_on_the_same_clock_and_may_be_late_at_once() -> None:
    """The breach says that the change brought it, and who has to know is told."""
    rules = levelled()
    done = severity(reported(rules, severity=3), 1, "4 12:00", rules)
    each: Commitment = done.it.commitments["resolve"]

    assert done.it.severity == 1
    assert (each.run.anchored_at, due(done.it, "resolve"), each.picked_at) == (
        MONDAY,
        at("4 10:00"),
        at("4 12:00"),
    )
    assert each.run.breach == Breach(at("4 12:00"), by_change=True, due=at("4 10:00"))
    assert told(done) == [(m.BREACHED, "firm/supervisor"), (m.BREACHED, "firm/coordinator")]
    lower = severity(done.it, 3, "4 14:00", rules)
    assert lower.it.commitments["resolve"].run.breach == each.run.breach
    assert (due(lower.it, "resolve"), told(lower)) == (at("7 09:00"), [])


def test_what_was_late_before_is_late_by_time_and_not_by_the_change() -> None:
    """It is recorded first."""
    rules = levelled()
    done = severity(reported(rules, severity=3), 1, "7 12:00", rules)

    assert done.it.commitments["resolve"].run.breach == Breach(at("7 12:00"), due=at("7 09:00"))


def test_a_promise_that_falls_away_is_void_and_goes_on_where_it_is_made_again() -> None:
    """On the same clock; what nobody needs any more stays void, what was done stays done."""
    rules = levelled()
    it = severity(reported(rules, severity=3), 4, "4 10:00", rules).it
    assert states(it, at("4 11:00"), rules)["on-site"] == "void"
    again = severity(it, 4, "4 10:30", rules).it
    assert again.commitments == it.commitments
    held = hold(it, "4 11:00").it
    back = severity(held, 3, "4 12:00", rules).it
    assert states(back, at("4 12:00"), rules)["on-site"] == "running"
    assert back.commitments["on-site"].run.pauses == held.pauses
    assert due(back, "on-site") == at("5 09:00")

    late = severity(reported(rules, severity=3), 4, "5 10:00", rules).it
    assert states(late, at("5 10:00"), rules)["on-site"] == "void"
    assert late.commitments["on-site"].run.breach == Breach(at("5 10:00"), due=at("5 09:00"))
    solved = hears(reported(rules, severity=3), c.AdviseRemotely, at("4 10:00"), rules)
    assert states(severity(solved, 2, "4 11:00", rules).it, at("4 11:00"), rules) == {
        "resolve": "met",
        "on-site": "void",
    }


def test_another_ladder_knows_which_of_its_rungs_have_fired() -> None:
    """A rung that both have does not fire again; the others count from the change on, not from before."""
    rules = levelled()
    desk = Desk(rules)
    desk.come_to(Stage.TRIAGED)
    assert speak(desk, at("5 15:00")) == [("MarkBreach", at("5 09:00") + NEXT), ("FireRung", at("5 15:00"))]
    assert (desk.ticket().commitments["resolve"].fired, desk.ticket().escalation) == (("1/1",), 1)

    desk.do(c.ChangeSeverity, severity=1, reason="graver", happened_at=at("5 16:00"))
    assert desk.ticket().commitments["resolve"].fired == ("1/2", "breach")
    assert speak(desk, at("9 09:00")) == [("FireRung", at("5 16:00"))]
    assert (desk.ticket().escalation, desk.messages[-1].to) == (3, "firm/manager")


def test_a_promise_that_begins_with_something_else_begins_with_that() -> None:
    """With the new event, if it has happened; the breach by the old one is on record."""
    low, high = When((("level", ("3",)),)), When((("level", ("1",)),))
    rules = alone(
        level=Question("level", ("1", "3")),
        low=promise(K.RESOLVE, "2 working hours", when=low),
        high=promise(K.RESOLVE, "1 working hour", since=Event.REACHED, when=high),
    )
    it = reported(rules, severity=3)
    waiting = severity(it, 1, "4 10:00", rules).it
    assert states(waiting, at("4 12:00"), rules) == {"resolve": "waiting"}

    reached = hears(it, c.Arrive, at("4 14:00"), rules)
    after = severity(reached, 1, "4 14:30", rules).it
    assert after.commitments["resolve"].run.anchored_at == at("4 14:00")
    assert after.commitments["resolve"].run.breach == Breach(at("4 14:30"), due=at("4 11:00"))


def test_a_later_answer_has_the_new_target_and_its_own_beginning() -> None:
    """It began with the customer's message."""
    low, high = When((("level", ("3",)),)), When((("level", ("1",)),))
    rules = alone(
        level=Question("level", ("1", "3")),
        low=promise(K.ANSWER, "4 hours", when=low),
        high=promise(K.ANSWER, "1 hour", since=Event.RECEIVED, when=high),
    )
    it = hears(reported(rules, severity=3), c.AnswerCustomer, at("4 10:00"), rules, note="we are coming")
    it = hears(it, c.NoteMessage, at("4 11:00"), rules, note="when?")
    after = severity(it, 1, "4 11:30", rules).it

    assert (due(after, "answer"), due(after, "answer/2")) == (at("4 13:00"), at("4 12:00"))
    assert after.commitments["answer/2"].run == it.commitments["answer/2"].run


def test_picked_again_with_the_same_facts_nothing_is_different() -> None:
    """Not even the instant from which its rungs count."""
    it = reported()
    assert picked(it, POLICY.on(date(2026, 5, 4)), POLICY, at("4 11:00")) == it


def test_a_ticket_is_repriced_by_the_rules_of_another_day() -> None:
    """They are named with each promise, and stay its rules; rules that do not fit are refused."""
    quick, slow = promise(K.RESOLVE, "1 working day"), promise(K.RESOLVE, "3 working days")
    cited: Dated[Any] = Dated(
        "resolve",
        [
            Since(date.min, Cited(slow, Clause("X-old"))),
            Since(date(2026, 5, 6), Cited(quick, Clause("X-new"))),
            Since(date(2026, 5, 10), Cited(promise(K.RESOLVE, "agreed day"), Clause("X-later"))),
        ],
    )
    rules = alone()
    rules = replace(rules, rules={**rules.rules, "resolve": cited})
    it = reported(rules)

    def reprice(day: int, when: str = "4 10:00") -> Any:
        said = command(c.RepriceTicket, rules_of=date(2026, 5, day), reason="goodwill", happened_at=at(when))
        return case(it, said, rules=rules)

    assert codes(promising.rules_there(reprice(6))) == []
    assert codes(promising.rules_there(reprice(12))) == ["aftersales.rules-do-not-fit"]
    done: Any = promising.reprice(reprice(6))
    each = done.it.commitments["resolve"]
    assert (due(done.it, "resolve"), each.version, each.clause.id) == (
        at("5 09:00"),
        "rulebook 2026-05-06",
        "X-new",
    )
    assert severity(done.it, 2, "4 11:00", rules).it.commitments == done.it.commitments
    late: Any = promising.reprice(reprice(6, "5 15:00"))
    assert late.it.commitments["resolve"].run.breach == Breach(
        at("5 15:00"), by_change=True, due=at("5 09:00")
    )
    assert [kind for kind, _ in told(late)] == [m.BREACHED, m.BREACHED]


# --- extensions, excuses, what is done ------------------------------------------------------------------------


def extended_by(post: str) -> ServicePolicy:
    return alone(resolve=promise(K.RESOLVE, "1 working day", extended_by=post, excuses=("storm",)))


def extension(
    it: Ticket, rules: ServicePolicy, role: TicketRole = TicketRole.COORDINATOR, **said: Any
) -> Any:
    usual = {
        "what": K.RESOLVE,
        "until": at("8 09:00"),
        "approved_by": "operations-director",
        "reason": "the part is on its way",
        "happened_at": at("4 15:00"),
    }
    return case(it, command(c.ExtendTarget, **(usual | said)), rules=rules, role=role)


def test_more_time_is_granted_by_the_post_that_the_promise_names() -> None:
    """Whoever enters it, and to a later day than is due; what was late before is on record (AS-SLA-1)."""
    rules = extended_by("operations-director")
    it = reported(rules)
    assert codes(promising.extendable(extension(it, rules))) == []
    done: Any = promising.extend(extension(it, rules))
    assert (due(done.it, "resolve"), told(done)) == (at("8 09:00"), [])
    late: Any = promising.extend(extension(it, rules, happened_at=at("6 09:00")))
    assert late.it.commitments["resolve"].run.breach == Breach(at("6 09:00"), due=at("5 09:00"))
    assert [kind for kind, _ in told(late)] == [m.BREACHED, m.BREACHED]

    (reason,) = promising.extendable(extension(it, rules, approved_by="coordinator"))
    assert (reason.code, reason.clause) == ("aftersales.not-extendable", Clause("X-resolve"))
    assert codes(promising.extendable(extension(it, rules, until=at("5 08:00")))) == [
        "aftersales.not-extendable"
    ]
    nobody = extended_by("")
    (reason,) = promising.extendable(extension(reported(nobody), nobody))
    assert dict(reason.facts)["extended_by"] == "nobody"


def test_a_post_of_the_desk_grants_it_itself_or_the_supervisor_for_it() -> None:
    """A coordinator does not speak for quality."""
    rules = extended_by("quality")
    it = reported(rules)
    said: dict[str, Any] = {"approved_by": "quality"}

    assert codes(promising.extendable(extension(it, rules, **said))) == ["aftersales.extension-not-theirs"]
    assert codes(promising.extendable(extension(it, rules, TicketRole.QUALITY, **said))) == []
    assert codes(promising.extendable(extension(it, rules, TicketRole.SUPERVISOR, **said))) == []


def test_only_what_was_promised_and_is_not_over_is_extended_or_excused() -> None:
    """A delay is excused afterwards, too, for a reason that the promise knows (AS-SLA-7)."""
    rules = extended_by("operations-director")
    it = reported(rules)
    over = hears(it, c.Finish, at("6 15:00"), rules)

    def excused(it: Ticket, **said: Any) -> Any:
        usual = {
            "what": K.RESOLVE,
            "reason": "storm",
            "start": at("5 08:00"),
            "end": at("6 14:00"),
            "happened_at": at("6 16:00"),
        }
        return case(it, command(c.ExcuseDelay, **(usual | said)), rules=rules)

    assert codes(promising.promised_so(extension(it, rules))) == []
    (reason,) = promising.promised_so(extension(over, rules))
    assert (reason.code, reason.clause) == ("aftersales.promise-over", Clause("X-resolve"))
    assert codes(promising.extendable(extension(over, rules))) == []
    missing = extension(it, rules, what=K.PARTS)
    assert codes(promising.promised_so(missing)) == ["aftersales.not-promised"]
    assert codes(promising.extendable(missing)) == []

    assert codes(promising.promised_so(excused(over))) == codes(promising.excusable(excused(over))) == []
    assert codes(promising.promised_so(excused(over, what=K.PARTS))) == ["aftersales.not-promised"]
    assert codes(promising.excusable(excused(over, what=K.PARTS))) == []
    assert codes(promising.excusable(excused(over, reason="rain"))) == ["aftersales.not-excusable"]
    done: Any = promising.excuse(excused(over))
    clock = clockwork.clocks(done.it, rules.calendar, at("6 17:00"))["resolve"]
    assert (clock.state, clock.excused) == (ClockState.MISSED, True)
    none = replace(over, commitments={"resolve": replace(over.commitments["resolve"], excuses=())})
    (reason,) = promising.excusable(excused(none))
    assert dict(reason.facts)["known"] == "none"


def test_what_is_said_to_be_done_was_promised_and_is_done_by_nothing_else() -> None:
    """Not before its clock has begun; a plan is given also where only what follows it is promised."""
    rules = alone(
        parts=promise(K.PARTS, "1 day"),
        order=promise(K.PURCHASE_ORDER, "1 day", since=Event.ORDERED),
        carry_out=promise(K.CARRY_OUT, "3 working days", since=Event.PLANNED),
    )
    it = reported(rules)

    def refused(what: TargetKind, it: Ticket = it, when: str = "4 10:00") -> list[str]:
        return codes(promising.promised_so(case(it, command(c.Fulfil, what=what, happened_at=at(when)))))

    assert refused(K.PARTS) == []
    assert refused(K.PARTS, when="4 08:00") == ["aftersales.promise-not-begun"]
    assert refused(K.PURCHASE_ORDER) == ["aftersales.promise-not-begun"]
    assert refused(K.RESOLVE) == ["aftersales.done-otherwise"]
    assert refused(K.DESIGN) == ["aftersales.not-promised"]
    assert refused(K.PLAN) == []
    assert refused(K.PLAN, reported(alone(parts=promise(K.PARTS, "1 day")))) == ["aftersales.not-promised"]
    done: Any = promising.fulfil(
        case(it, command(c.Fulfil, what=K.PARTS, happened_at=at("4 10:00")), rules=rules)
    )
    assert refused(K.PARTS, done.it) == ["aftersales.not-promised"]


def test_an_answer_of_a_person_is_heard() -> None:
    """Nothing else becomes of it."""
    it = reported()
    done: Any = promising.answer(
        case(it, command(c.AnswerCustomer, note="tomorrow", happened_at=at("4 10:00")))
    )

    assert states(done.it, at("4 10:00"))["answer"] == "met"
    assert told(done) == []


@pytest.mark.parametrize("kind", [c.DeclineQuote, c.LapseQuote])
def test_after_the_quote_nobody_waits_for_the_customer(kind: type[Command]) -> None:
    """A hold for his word ends with it, so that nobody is reminded of it; one for a part stays."""
    it = reported()
    for reason in (WAITING, PauseReason.WAITING_PART):
        it = clockwork.held(it, reason, Hold(since=at("4 10:00")), HOURS, at("4 10:00"))

    ended = heard(it, command(kind, happened_at=at("5 10:00")), POLICY)

    assert list(ended.holds) == ["waiting-part"]
    assert [pause.end for pause in ended.pauses] == [at("5 10:00"), None]
    assert states(ended, at("5 10:00"))["resolve"] == "void"


# --- escalation ---------------------------------------------------------------------------------------------


def test_each_rung_fires_once_and_the_breach_is_marked_once() -> None:
    """At their instants: half of three working days is Tuesday, 15:00; the post of the rung is told."""
    desk = Desk(alone(resolve=promise(K.RESOLVE, "3 working days"), ladder=LADDER))
    desk.come_to(Stage.TRIAGED)
    desk.put(replace(desk.ticket(), escalation=1))

    assert speak(desk, at("5 14:59")) == []
    assert speak(desk, at("31 09:00")) == [
        ("FireRung", at("5 15:00")),
        ("FireRung", at("7 09:00")),
        ("MarkBreach", at("7 09:00") + NEXT),
    ]
    assert (desk.ticket().escalation, desk.ticket().commitments["resolve"].fired) == (
        2,
        ("1/1", "1/2", "breach"),
    )
    assert [(message.kind, message.to) for message in desk.messages[-4:]] == [
        (m.ESCALATED, "firm/supervisor"),
        (m.ESCALATED, "firm/head-office"),
        (m.BREACHED, "firm/supervisor"),
        (m.BREACHED, "firm/coordinator"),
    ]
    assert clockwork.is_late(desk.ticket(), HOURS)


def test_the_clock_may_speak_daily_or_once_after_a_month() -> None:
    """What it says, and when that happened, is the same."""
    rules = alone(
        resolve=promise(K.RESOLVE, "3 working days", pauses=(WAITING,)),
        answer=promise(K.ANSWER, "4 hours"),
        ladder=LADDER,
        quote=QuoteValidity(within=parse_allowance("7 days")),
    )

    def journal(*until: datetime) -> list[tuple[str, str, datetime, Any]]:
        desk = Desk(rules)
        desk.come_to(Stage.TRIAGED)
        desk.do(
            c.PutOnHold,
            reason=WAITING,
            until=at("7 10:00"),
            remind_on=date(2026, 5, 6),
            happened_at=at("5 09:00"),
        )
        before = len(desk.changes)
        for each in until:
            speak(desk, each)
        return [
            (entry.command.id, type(entry.command).__name__, entry.command.happened_at, entry.alterations)
            for change in desk.changes[before:]
            for entry in change.entries
        ]

    once = journal(at("31 09:00"))
    assert [name for _, name, _, _ in once] == [
        "RemindHold",
        "ResumeWork",
        "FireRung",
        "FireRung",
        "MarkBreach",
    ]
    assert journal(*(at(f"{day} 09:00") for day in range(6, 32))) == once


def test_a_rung_that_is_not_there_or_not_reached_does_not_fire() -> None:
    """Nor one that has fired, or whose clock has stopped."""
    rules = alone(resolve=promise(K.RESOLVE, "3 working days"), ladder=LADDER)
    it = reported(rules)

    def refused(it: Ticket = it, when: str = "5 15:00", **said: Any) -> list[str]:
        usual = {
            "what": "resolve",
            "rung": "1/1",
            "level": 1,
            "action": "supervisor",
            "happened_at": at(when),
        }
        return codes(promising.rung_reached(case(it, command(c.FireRung, **(usual | said)), rules=rules)))

    assert refused() == []
    assert refused(when="5 14:59") == ["aftersales.rung-not-reached"]
    for said in ({"what": "answer"}, {"rung": "1/3"}, {"level": 2}, {"action": "manager"}):
        assert refused(**said) == ["aftersales.no-such-rung"]
    fired = replace(it, commitments={"resolve": replace(it.commitments["resolve"], fired=("1/1",))})
    assert refused(fired) == ["aftersales.no-such-rung"]
    assert refused(hears(it, c.Finish, at("4 12:00"), rules)) == ["aftersales.no-such-rung"]
    high = command(c.FireRung, what="resolve", rung="1/1", level=1, action="supervisor")
    done: Any = promising.fire(case(replace(it, escalation=5), high, rules=rules))
    assert (done.it.escalation, done.it.commitments["resolve"].fired) == (5, ("1/1",))
    unbegun = replace(it, commitments={"resolve": replace(it.commitments["resolve"], run=Run())})
    assert refused(unbegun) == ["aftersales.rung-not-reached"]


def test_a_breach_is_marked_of_what_is_late_and_was_not_marked() -> None:
    """At its last instant in time it is not."""
    it = reported()

    def refused(it: Ticket = it, what: str = "answer", when: datetime | None = None) -> list[str]:
        late = command(c.MarkBreach, what=what, happened_at=when or at("4 13:00") + NEXT)
        return codes(promising.breached(case(it, late)))

    assert refused() == []
    assert refused(when=at("4 13:00")) == ["aftersales.not-late"]
    assert refused(what="parts") == ["aftersales.not-promised"]
    assert refused(hears(it, c.AnswerCustomer, at("4 10:00"), note="yes")) == ["aftersales.not-promised"]
    done: Any = promising.mark_breach(
        case(it, command(c.MarkBreach, what="answer", happened_at=at("4 15:00")))
    )
    assert refused(done.it, when=at("4 16:00")) == ["aftersales.breach-on-record"]


def test_it_goes_up_the_chain_of_the_rulebook_whose_last_one_keeps_it() -> None:
    """The engineer, then head office, as the rulebook says (AS-FLOW-27)."""

    def escalated(it: Ticket, rules: ServicePolicy = POLICY) -> Any:
        said = command(c.EscalateTicket, reason="nobody knows it", happened_at=at("4 10:00"))
        return promising.escalate(case(it, said, rules=rules))

    levels, tos = [], []
    it = reported()
    for _ in range(3):
        done = escalated(it)
        it = done.it
        levels.append(it.escalation)
        tos += [to for _, to in told(done)]
    assert levels == [1, 2, 2]
    assert tos == ["firm/supervisor", "firm/head-office", "firm/head-office"]
    assert [(each.of, each.to, each.by) for each in it.passed[:1]] == [
        ("escalation", "supervisor", "supervisor")
    ]
    above = replace(reported(), escalation=5)  # a rung took it there
    assert escalated(above).it.escalation == 5
    free = policy(escalation=None)
    assert [escalated(replace(it, escalation=level), free).it.escalation for level in (0, 4)] == [1, 5]
    assert told(escalated(it, free)) == [(m.ESCALATED, "firm/supervisor")]


def test_nobody_higher_has_what_nobody_escalated() -> None:
    """What somebody has goes back at once."""
    said = command(c.Deescalate, reason="it is clear")
    assert codes(promising.escalated(case(reported(), said))) == ["aftersales.not-escalated"]

    up = replace(reported(), escalation=2)
    assert codes(promising.escalated(case(up, said))) == []
    done: Any = promising.deescalate(case(up, said))
    assert done.it.escalation == 0


def test_a_matter_is_passed_on_to_the_next_one_of_its_chain() -> None:
    """In its order, to its end; by another chain it is refused (AS-RET-7)."""
    chain = Chain(of="return", through=("sales", "dispatcher", "service"))
    rules = policy(
        returning=chain,
        grave=Chain(of="review", through=("quality",), when=When((("urgent", ("yes",)),))),
        slip=Numbering(series=Series.TRANSFER_SLIP),
    )

    def passed(it: Ticket, to: str, of: str = "return") -> Any:
        said = command(c.PassTicketOn, of=of, to=to, note="see the form", happened_at=at("4 10:00"))
        return case(it, said, rules=rules)

    it = reported()
    (reason,) = promising.next_in_chain(passed(it, "service"))
    assert (reason.code, reason.clause) == ("aftersales.not-their-turn", Clause("X-returning"))
    for to in chain.through:
        assert codes(promising.next_in_chain(passed(it, to))) == []
        done: Any = promising.pass_on(passed(it, to))
        it = done.it
        assert told(done) == [(m.PASSED_ON, f"{FIRM}/{to}")]
        assert len(done.commands) == 1
    assert len(it.papers) == 3
    (reason,) = promising.next_in_chain(passed(it, "sales"))
    assert dict(reason.facts)["turn"] == "nobody"
    assert codes(promising.next_in_chain(passed(it, "quality", "review"))) == ["aftersales.no-chain"]
    assert codes(promising.next_in_chain(passed(it, "quality", "leave"))) == ["aftersales.no-chain"]


# --- what else the clock says ---------------------------------------------------------------------------------


def test_a_quote_that_nobody_answers_lapses_after_its_last_instant() -> None:
    """Not at it; then the clocks count for nothing, and the clock has nothing more to say."""
    desk = Desk(alone(resolve=promise(K.RESOLVE, "30 days")))
    desk.come_to(Stage.TRIAGED, answers={"cause": "misuse"})
    desk.do(c.DecideCoverage)
    desk.do(c.GiveQuote, lines=(work(),))
    assert next_wake(desk.ticket(), desk.policy) == at("11 09:00") + NEXT

    assert speak(desk, at("31 09:00")) == [("LapseQuote", at("11 09:00") + NEXT)]
    assert states(desk.ticket(), at("31 09:00"), desk.policy) == {"resolve": "void"}
    assert next_wake(replace(desk.ticket(), state=Stage.QUOTED, quote=None), desk.policy) is None


def finished(rules: ServicePolicy = POLICY, **said: Any) -> Ticket:
    usual: dict[str, Any] = {
        "state": Stage.REPAIRED,
        "finished_at": at("4 12:00"),
        "outcome": Outcome.REPAIRED,
    }
    made: Ticket = ticket(**(usual | said))
    return made


def test_a_silent_customer_has_accepted_at_the_end_of_his_time() -> None:
    """By the rule of the rulebook, while he has everything, and has not complained."""
    assert next_wake(finished(), POLICY) == at("11 12:00")

    desk = Desk(alone())
    desk.put(finished())
    assert speak(desk, at("31 09:00")) == [("DeemAccepted", at("11 12:00"))]
    assert desk.ticket().state is Stage.ACCEPTED
    there = {"U-1": Item(serial="U-1", custody=Custody.SHOP)}
    assert next_wake(finished(items=there), POLICY) is None
    assert next_wake(finished(complaints={"C-1": True}), POLICY) is None
    assert next_wake(finished(complaints={"C-1": False}), POLICY) == at("11 12:00")
    assert next_wake(finished(finished_at=None), POLICY) is None
    assert next_wake(finished(), policy(deemed=None)) is None
    asks = policy(deemed=Deemed(within=parse_allowance("{days} days")))
    assert next_wake(finished(), asks) is None
    assert next_wake(finished(given={"days": 2}), asks) == at("6 12:00")


def test_what_came_back_after_his_time_is_accepted_on_the_day_after() -> None:
    """Nobody is silent about what he has not."""
    back = {
        "U-1": Item(serial="U-1", custody=Custody.CUSTOMER, given_back_on=date(2026, 5, 20)),
        "U-2": Item(serial="U-2", custody=Custody.DISPOSED),
    }
    assert next_wake(finished(items=back), POLICY) == at("21 00:00")


@pytest.mark.parametrize("state", [Stage.REJECTED, Stage.CANCELLED, Stage.CLOSED])
def test_the_clock_has_nothing_to_say_to_what_is_over(state: Stage) -> None:
    """Whatever was promised."""
    it = replace(reported(), state=state)

    assert next_wake(it, POLICY) is None
    assert wake(it, POLICY, at("31 09:00")) is None


def test_the_clock_says_nothing_before_its_time() -> None:
    """At the instant itself it does."""
    it = reported()
    assert next_wake(it, POLICY) == at("4 13:00") + NEXT
    assert wake(it, POLICY, at("4 13:00")) is None
    assert wake(it, POLICY, at("4 13:00") + NEXT) is not None


def test_through_the_table_a_visit_keeps_its_promises() -> None:
    """Answered, reached and resolved in time; nothing is late, and the severity may be changed before."""
    desk = Desk()
    desk.come_to(Stage.TRIAGED)
    desk.do(c.ChangeSeverity, severity=2, reason="graver", by=DESK)
    desk.do(c.AnswerCustomer, note="today", by=staff("clerk", "desk"))
    desk.do(c.EscalateTicket, reason="a big customer", by=SUPERVISOR)
    for kind, said in (
        (c.DecideCoverage, {}),
        (c.ApproveFree, {}),
        (c.Dispatch, {}),
        (c.Arrive, {"by": THE_ENGINEER}),
        (c.Finish, {"by": THE_ENGINEER}),
    ):
        desk.wait(minutes=30)
        desk.do(kind, **said)

    it = desk.ticket()
    assert states(it, desk.now) == {"answer": "met", "on-site": "met", "resolve": "met"}
    assert (it.severity, it.escalation, it.happened["reached"]) == (2, 1, desk.now - timedelta(minutes=30))
    assert lifecycles().named("aftersales.ticket").next_wake(it, desk.policy) == next_wake(it, desk.policy)
