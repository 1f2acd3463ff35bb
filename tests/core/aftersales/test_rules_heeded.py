"""Rules that bind a step: lists, questions, posts, forms, what is delayed or repeated, and what is corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from change_laws import Store
from desk_at_work import (
    DESK,
    FIRM,
    HOURS,
    MONDAY,
    SUPERVISOR,
    SYSTEM,
    THE_ENGINEER,
    ZONE,
    Desk,
    case,
    command,
    policy,
    staff,
    ticket,
)
from work_at_desk import codes as codes_of
from work_at_desk import work

from servflow.core.aftersales import commitments
from servflow.core.aftersales.circumstances import Band, Distance, Distances, MeasuredBy, Question, When
from servflow.core.aftersales.claims import PastRepair
from servflow.core.aftersales.complaints.commands import (
    AnswerComplaint,
    AttributeCause,
    FileComplaint,
    GradeComplaint,
    SettleComplaint,
    ShowComplaintFacts,
)
from servflow.core.aftersales.complaints.model import Attribution, Complaint, RaisedBy, complaint_key
from servflow.core.aftersales.corrective.commands import AnalyseFault, OpenAction
from servflow.core.aftersales.corrective.model import CauseKind, CorrectiveAction, Source
from servflow.core.aftersales.corrective.table import CORRECTIVE_ACTION
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import Barred, Listing, Numbering, Series
from servflow.core.aftersales.policy import Checklist, Duty, Ladder, Promise, ReturnRight
from servflow.core.aftersales.showing import LACKING, lacking
from servflow.core.aftersales.tickets import clockwork, ground, intake, promising, working
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import messages as m
from servflow.core.aftersales.tickets.model import Commitment, DutyDone, Item, Ticket, Visit
from servflow.core.aftersales.tickets.reading import reads
from servflow.core.aftersales.tickets.states import (
    Channel,
    Custody,
    Route,
    ServiceKind,
    Stage,
    TicketRole,
    VisitState,
)
from servflow.core.aftersales.tickets.wakes import wake
from servflow.core.aftersales.units.commands import (
    AcceptInstallation,
    RecordUnitDuty,
    RegisterUnit,
    RetireUnit,
)
from servflow.core.aftersales.units.model import Unit, UnitState, unit_key
from servflow.core.aftersales.words import DutyKind, Event, PauseReason, TargetKind, parse_lasting
from servflow.core.changes import Change, Key
from servflow.core.citations import Clause
from servflow.core.clocks import Breach, Excuse, Run, Rung, parse_allowance
from servflow.core.errors import InvalidValue, Refused
from servflow.core.lifecycle import Lifecycles

S = Stage
K = TargetKind
NEXT = timedelta(microseconds=1)
PLANNER = staff("planner", "coordinator")
MISUSED: dict[str, Any] = {"answers": {"cause": "misuse"}}
KM: Any = MeasuredBy.ROAD


def codes(reasons: Any) -> list[str]:
    return list(codes_of(reasons))


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=ZONE)


def asks(step: str, *items: str, **when: str) -> Checklist:
    conditions = tuple((question, (answer,)) for question, answer in when.items())
    return Checklist(step=step, items=items, when=When(conditions))


def unit(**said: Any) -> Unit:
    usual: dict[str, Any] = {
        "id": "U-1",
        "state": UnitState.IN_SERVICE,
        "version": 1,
        "firm": FIRM,
        "customer": "customer",
        "registered_on": date(2026, 1, 1),
    }
    return Unit(**(usual | said))


# --- questions that a list hangs on ---------------------------------------------------------------------------


def test_a_list_asks_for_the_answer_that_it_hangs_on() -> None:
    """By its own clause, with its step and its name; one that another answer rules out asks for nothing."""
    rules = policy(
        transport=Question("transport", ("taxi", "car")),
        night=Question("night", ("yes", "no")),
        taxi=asks("departure", "consent", transport="taxi", night="yes"),
    ).on(MONDAY.date())

    found = list(lacking(rules, "departure", {}, {}))
    assert [(each.code, each.clause, dict(each.facts)) for each in found] == [
        (
            "aftersales.asked",
            Clause("X-taxi"),
            {"asked": question, "where": "departure", "rule": "taxi"},
        )
        for question in ("transport", "night")
    ]
    assert codes(lacking(rules, "departure", {"night": "yes"}, {})) == ["aftersales.asked"]
    assert list(lacking(rules, "departure", {"night": "no"}, {})) == []
    assert codes(lacking(rules, "departure", {"night": "yes", "transport": "taxi"}, {})) == [LACKING]
    assert list(lacking(rules, "departure", {}, {}, frozenset({"night"}))) == []


def test_nobody_is_asked_for_what_the_verdict_answers() -> None:
    """Who pays, whether it is in its term, which class it is."""
    for question, answer in (("coverage", "free"), ("term", "in"), ("class", "A")):
        rules = policy(proof=asks("take-in", "warranty-card", **{question: answer}))
        assert list(lacking(rules.on(MONDAY.date()), "take-in", {}, {})) == []


def test_any_step_may_bring_the_answer_and_it_stays() -> None:
    """Departure by taxi needs the consent; what is not asked at all is refused with what is."""
    rules = policy(
        transport=Question("transport", ("taxi", "car")), taxi=asks("departure", "consent", transport="taxi")
    )
    desk = Desk(rules)
    desk.come_to(S.DISPATCHED)

    assert desk.codes(c.Depart) == ["aftersales.asked"]
    assert desk.codes(c.Depart, answers={"transport": "taxi"}) == [LACKING]
    (reason,) = desk.refusals(c.Depart, answers={"transport": "car", "wheels": "four"})
    assert (reason.code, dict(reason.facts)["question"]) == ("aftersales.unknown-question", "wheels")
    (reason,) = desk.refusals(c.LogCall, about="the way", taken=True, answers={"transport": "boat"})
    assert (reason.code, reason.clause) == ("aftersales.unknown-answer", Clause("X-transport"))
    desk.do(c.Depart, answers={"transport": "car"})
    assert desk.ticket().answers == {"cause": "material", "transport": "car"}


def test_a_customer_answers_with_what_he_says() -> None:
    """Nobody answers who pays."""
    desk = Desk()
    desk.come_to(S.REPORTED)

    desk.do(c.NoteMessage, note="it is urgent", answers={"urgent": "yes"})
    assert desk.ticket().answers["urgent"] == "yes"
    assert desk.codes(c.NoteMessage, note="free", answers={"coverage": "free"}) == [
        "aftersales.unknown-question"
    ]


# --- departure, dispatch ---------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-18")
def test_nobody_arrives_who_has_not_left_where_a_list_asks_for_something_first() -> None:
    """The refusal is the list's; without a list that may hold nobody has to say that he leaves."""
    desk = Desk(policy(tools=asks("departure", "tools")))
    desk.come_to(S.DISPATCHED)

    (reason,) = desk.refusals(c.Arrive, by=THE_ENGINEER)
    assert (reason.code, reason.clause) == ("aftersales.not-departed", Clause("X-tools"))
    assert dict(reason.facts) == {"visit": 1, "rule": "tools"}
    desk.do(c.Depart, by=THE_ENGINEER, shown={"tools": ("list-1",)})
    desk.do(c.Arrive, by=THE_ENGINEER)

    other = Desk(policy(tools=asks("departure", "tools", kind="training")))
    other.come_to(S.ON_SITE)


@pytest.mark.clause("AS-FLOW-2")
def test_who_is_barred_from_arranging_sends_nobody() -> None:
    """All his posts count, in whichever he speaks; another one does it."""
    desk = Desk(policy(head=Barred(step="arrange", posts=("coordinator",))))
    desk.come_to(S.APPROVED)

    (reason,) = desk.refusals(c.Dispatch, by=PLANNER)
    assert (reason.code, reason.clause) == ("aftersales.barred", Clause("X-head"))
    assert desk.codes(c.Dispatch, by=staff("both", "supervisor", "coordinator")) == ["aftersales.barred"]
    assert desk.codes(c.Dispatch, by=SUPERVISOR) == []

    desk = Desk(
        policy(head=Barred(step="arrange", posts=("coordinator",), when=When((("urgent", ("yes",)),))))
    )
    desk.come_to(S.TRIAGED)
    assert desk.codes(c.Dispatch, by=PLANNER, inspection=True) == []
    urgent = {"inspection": True, "answers": {"urgent": "yes"}}
    assert desk.codes(c.Dispatch, by=PLANNER, **urgent) == ["aftersales.barred"]


def test_only_staff_are_barred_and_those_who_had_a_part_whatever_their_post() -> None:
    """A program of the firm is in no post."""
    rules = policy(apart=Barred(step="arrange", posts=("system",), involved=True))
    it = ticket(S.APPROVED, visits={"1": Visit(number=1, engineer="supervisor", route=Route.ON_SITE)})
    by_it: dict[str, Any] = {"role": TicketRole.SUPERVISOR, "rules": rules}

    assert codes(ground.not_barred(case(it, command(c.Dispatch), **by_it))) == ["aftersales.barred"]
    assert not codes(ground.not_barred(case(ticket(S.APPROVED), command(c.Dispatch), **by_it)))
    program: dict[str, Any] = {"role": TicketRole.SYSTEM, "rules": rules}
    assert not codes(ground.not_barred(case(it, command(c.Dispatch, by=SYSTEM), **program)))


# --- goods that are returned, and what is promised back -------------------------------------------------------------


@pytest.mark.clause("AS-RET-7")
def test_returned_goods_get_their_form_when_they_are_taken_in() -> None:
    """One, however often something comes in; a spoiled one is followed by another; a repair gets none."""
    rules = policy(form=Numbering(series=Series.RETURN_FORM, copies=("office", "dispatcher", "service")))
    desk = Desk(rules)
    desk.come_to(S.TRIAGED, service=ServiceKind.RETURN)
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.TakeIn, items=("U-2",))

    forms = [paper for paper in desk.ticket().papers.values() if paper.series is Series.RETURN_FORM]
    assert [(each.ref, each.copies) for each in forms] == [
        ("return-form/1", ("office", "dispatcher", "service"))
    ]
    desk.do(c.VoidPaper, series=Series.RETURN_FORM, number=1, reason="spilt")
    desk.do(c.TakeIn, items=("U-3",))
    assert "return-form/2" in desk.ticket().papers

    repair = Desk(rules)
    repair.come_to(S.TRIAGED)
    repair.do(c.TakeIn, items=("U-1",))
    assert all(paper.series is not Series.RETURN_FORM for paper in repair.ticket().papers.values())


@pytest.mark.clause("AS-RET-7")
def test_goods_are_announced_and_taken_in_with_what_the_rulebook_asks_for() -> None:
    """The supervisor's consent, before they are sent and before they are in."""
    sent, taken = (asks(step, "consent", kind="return") for step in ("inbound", "take-in"))
    desk = Desk(policy(sent=sent, taken=taken))
    desk.come_to(S.TRIAGED, service=ServiceKind.RETURN)

    for kind in (c.AnnounceInbound, c.TakeIn):
        assert desk.codes(kind, items=("U-1",)) == [LACKING]
    desk.do(c.AnnounceInbound, items=("U-1",), shown={"consent": ("note-1",)})
    desk.do(c.TakeIn, items=("U-1",), promised_back_on=date(2026, 5, 8))
    assert desk.ticket().items["U-1"].promised_back_on == date(2026, 5, 8)
    desk.do(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": ("receipt/1",)})
    desk.do(c.TakeIn, items=("U-1",))
    assert desk.ticket().items["U-1"].promised_back_on == date(2026, 5, 8)


def test_dates_of_no_event_are_passed_over_where_a_return_is_judged() -> None:
    """None comes in; what is there all the same is no reason to fail."""
    rules = policy(returns=ReturnRight(since=Event.SOLD, lasting=parse_lasting("1 year")))
    dates = {"sold": date(2026, 3, 1), "party": date(2026, 3, 2)}
    it = ticket(S.COVERED, service=ServiceKind.RETURN, dates=dates)
    said = command(c.ReplaceUnit, unit="U-1", serial="U-2")

    assert not codes(working.unrepairable(case(it, said, rules=rules)))


# --- work, and what is asked for before it ----------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-12")
def test_no_work_goes_on_record_before_what_a_repair_asks_for() -> None:
    """But for what is let go: the hours of the inspection."""
    desk = Desk(policy(signed=asks("repair", "plan confirmed")))
    desk.come_to(S.TRIAGED)
    desk.do(c.Dispatch, inspection=True)
    desk.do(c.Arrive, by=THE_ENGINEER)
    desk.do(c.DecideCoverage)

    assert desk.codes(c.AddWork, lines=(work(),), by=THE_ENGINEER) == [LACKING]
    let_go = work(billing=Billing.GOODWILL, approved_by="supervisor")
    desk.do(c.AddWork, lines=(let_go,), by=THE_ENGINEER)
    desk.do(c.AddWork, tests=("pressure",), by=THE_ENGINEER)
    assert desk.codes(c.AddWork, lines=(let_go, work()), by=THE_ENGINEER) == [LACKING]
    desk.do(c.AddWork, lines=(work(),), shown={"plan confirmed": ("s-1",)}, by=THE_ENGINEER)


@pytest.mark.clause("AS-FLOW-12")
def test_what_the_customer_pays_is_agreed_before_it_is_done() -> None:
    """The agreement is named, as it is when the service is finished."""
    desk = Desk()
    desk.come_to(S.TRIAGED, **MISUSED)
    desk.do(c.Dispatch, inspection=True)
    desk.do(c.Arrive, by=THE_ENGINEER)
    desk.do(c.DecideCoverage)

    assert desk.codes(c.AddWork, lines=(work(),), by=THE_ENGINEER) == ["aftersales.agreement-first"]
    desk.do(c.AddWork, lines=(work(),), shown={"repair-agreement": ("s-1",)}, by=THE_ENGINEER)


@pytest.mark.clause("AS-FORM-1", "AS-FORM-4")
@pytest.mark.parametrize(("bound", "found"), [(True, ["aftersales.order-missing"]), (False, [])])
def test_repair_orders_are_checked_where_they_come_in_books(bound, found) -> None:
    """Whether the source says how many a book holds or not."""
    rules = policy(orders=Numbering(series=Series.REPAIR_ORDER, bound=bound))

    assert codes(working.order_in_turn(case(ticket(S.ON_SITE), command(c.Finish), rules=rules))) == found


# --- what is delayed, carried over, complained of --------------------------------------------------------------------


def late(**said: Any) -> bool:
    return clockwork.is_late(ticket(S.REPAIRED, **said), HOURS)


@pytest.mark.clause("AS-FORM-2")
def test_a_service_is_delayed_after_the_window_that_was_agreed_last() -> None:
    """Its end included, of a visit that was not called off; without a window nothing was agreed."""

    def visits(*hours: int | None, **said: Any) -> dict[str, Visit]:
        made = {}
        for number, hour in reversed(list(enumerate(hours, 1))):
            window: dict[str, Any] = (
                {} if hour is None else {"window_from": at(4, 9), "window_until": at(4, hour)}
            )
            made[str(number)] = Visit(number=number, engineer="e", route=Route.ON_SITE, **window, **said)
        return made

    assert not late(visits=visits(11), finished_at=at(4, 11))
    assert late(visits=visits(11), finished_at=at(4, 11) + NEXT)
    assert not late(visits=visits(11), finished_at=None)
    assert not late(visits=visits(11, 14), finished_at=at(4, 12))
    assert late(visits=visits(14, 11), finished_at=at(4, 12))
    assert late(visits=visits(11, None), finished_at=at(4, 12))
    assert not late(visits=visits(11, state=VisitState.OFF), finished_at=at(4, 12))
    assert not late(visits=visits(None), finished_at=at(4, 12))


@pytest.mark.clause("AS-FORM-2")
def test_a_service_is_delayed_after_the_day_for_which_the_unit_was_promised() -> None:
    """That day included."""
    items = {"U-1": Item(serial="U-1", custody=Custody.SHOP, promised_back_on=date(2026, 5, 5))}

    assert not late(items=items, finished_at=at(5, 23))
    assert late(items=items, finished_at=at(6, 0))
    bare = {"U-1": replace(items["U-1"], promised_back_on=None)}
    assert not late(items=bare, finished_at=at(6, 0))


@pytest.mark.clause("AS-FORM-1", "AS-FORM-2")
def test_what_is_carried_over_is_delayed_and_has_its_list_at_the_end() -> None:
    """The step that carries it over answers so itself; afterwards the visit tells."""
    asked = Question("carried-over", ("no", "yes"), default="no")
    slip = Question("delayed", ("yes", "no"))
    rules = policy(
        asked=asked,
        slip=slip,
        both=asks("service-finished", "both numbers", **{"carried-over": "yes"}),
    )
    it = ticket(S.ON_SITE)

    def known(**said: Any) -> tuple[str, str]:
        found = ground.answers_of(case(it, command(c.Finish, **said), rules=rules))
        return found["carried-over"], found["delayed"]

    assert known() == ("no", "no")
    assert known(order=8, carried_over_from=7) == ("yes", "yes")
    said = command(c.Finish, order=8, carried_over_from=7)
    assert codes(ground.complete(case(it, said, rules=rules))) == [LACKING]
    carried = Visit(number=1, engineer="e", route=Route.ON_SITE, order=7, carried_over_to=8)
    it = ticket(S.REPAIRED, visits={"1": carried})
    assert clockwork.is_late(it, HOURS)
    assert clockwork.known_answers(it, rules.on(MONDAY.date()))["carried-over"] == "yes"


def test_what_is_finished_is_late_with_the_step_that_finishes_it() -> None:
    """The list of a delay is asked for then."""
    rules = policy(slip=asks("service-finished", "delay-slip", delayed="yes"))
    window: dict[str, Any] = {"window_from": at(4, 9), "window_until": at(4, 11)}
    it = ticket(S.ON_SITE, visits={"1": Visit(number=1, engineer="e", route=Route.ON_SITE, **window)})

    def asked(hour: int) -> list[str]:
        return codes(ground.complete(case(it, command(c.Finish, happened_at=at(4, hour)), rules=rules)))

    assert (asked(11), asked(12)) == ([], [LACKING])


@pytest.mark.clause("AS-SLA-7")
def test_an_excused_delay_is_none() -> None:
    """As far as the excuse goes; nothing that is void is held against anybody."""
    told = Commitment(
        kind=K.ANSWER,
        since=Event.REPORTED,
        within=parse_allowance("4 hours"),
        clause=Clause("X-answer"),
        version="1",
        round_the_clock=True,
        excuses=("storm",),
        run=Run(anchored_at=at(4, 9), breach=Breach(at(4, 14))),
    )

    def delayed(**said: Any) -> bool:
        run = replace(told.run, **said)
        return clockwork.is_late(ticket(commitments={"answer": replace(told, run=run)}), HOURS)

    storm = Excuse("storm", at(4, 10), at(4, 14))
    assert delayed()
    assert not delayed(excuses=(storm,))
    assert not delayed(excuses=(storm,), stopped_at=at(4, 15))
    assert delayed(excuses=(storm,), stopped_at=at(4, 23))
    assert delayed(excuses=(Excuse("storm", at(4, 10), at(4, 10, 30)),))
    assert not delayed(voided_at=at(4, 15))
    assert not delayed(breach=None)


def test_the_ticket_answers_whether_it_has_a_complaint_and_who_goes_along() -> None:
    """So does the step that sends somebody."""
    rules = policy(complained=Question("complaint", ("no", "yes")), along=Question("crew", ("no", "yes")))

    def known(it: Ticket, said: Any) -> tuple[str, str]:
        found = ground.answers_of(case(it, said, rules=rules))
        return found["complaint"], found["crew"]

    look = command(c.AnswerCustomer, note="we look")
    assert known(ticket(), look) == ("no", "no")
    assert known(ticket(complaints={"C-1": False}), look) == ("yes", "no")
    visits = {"1": Visit(number=1, engineer="e", route=Route.ON_SITE, crew=("helper",))}
    assert known(ticket(visits=visits), look) == ("no", "yes")
    assert known(ticket(), command(c.Dispatch, crew=("helper",))) == ("no", "yes")
    assert known(ticket(visits=visits), command(c.Dispatch)) == ("no", "no")


# --- the same fault again ----------------------------------------------------------------------------------------------


def repaired(ref: str = "T-0", on: date = date(2024, 1, 10), group: str = "pump") -> PastRepair:
    return PastRepair(ref=ref, finished_on=on, fault_group=group)


def repeats(desk: Desk) -> list[dict[str, Any]]:
    return [dict(each.facts) for each in desk.ticket().attention if each.code == intake.REPEAT]


@pytest.mark.clause("AS-QA-5")
def test_the_same_fault_of_the_unit_is_recognised_whatever_its_warranty() -> None:
    """Two years ago, and without a warranty of repairs: linked to the last one; who pays is as it was."""
    desk = Desk(policy(repair_warranty=None))
    desk.put(unit(repairs=(repaired(), repaired("T-00", date(2023, 1, 1))), tickets=("T-0", "T-00")))
    desk.come_to(S.TRIAGED, dates={"sold": date(2022, 1, 1)})

    assert desk.ticket().repeats == "T-0"
    assert repeats(desk) == [{"repeats": "T-0", "fault": "pump"}]
    desk.do(c.ClearTicketAttention, code=intake.REPEAT)
    desk.do(c.DecideCoverage)
    it = desk.ticket()
    assert it.verdict is not None
    assert (it.verdict.repeat, it.verdict.coverage.value, it.rework) == (None, "paid", None)
    assert (it.repeats, repeats(desk)) == ("T-0", [])


@pytest.mark.clause("AS-QA-5")
@pytest.mark.parametrize(
    "repair", [repaired(group="motor"), repaired(on=date(2026, 5, 5))], ids=["another fault", "later"]
)
def test_another_fault_is_no_repeat(repair) -> None:
    """Nor is what was repaired after the report."""
    desk = Desk()
    desk.put(unit(repairs=(repair,)))
    desk.come_to(S.COVERED)

    assert (desk.ticket().repeats, repeats(desk)) == (None, [])


@pytest.mark.clause("AS-QA-5")
def test_the_service_that_the_customer_names_stays_linked() -> None:
    """Staff hear of the repair of the same fault, once, with its own name."""
    desk = Desk()
    desk.put(unit(repairs=(repaired(),), tickets=("T-0",)))
    desk.put(ticket(S.CLOSED, id="T-9"))
    desk.come_to(S.TRIAGED, repeats="T-9")

    assert (desk.ticket().repeats, repeats(desk)) == ("T-9", [{"repeats": "T-0", "fault": "pump"}])
    desk.do(c.ClearTicketAttention, code=intake.REPEAT)
    desk.do(c.DecideCoverage)
    assert (desk.ticket().repeats, repeats(desk)) == ("T-9", [])


@pytest.mark.clause("AS-QA-5")
def test_the_fault_may_be_known_only_when_it_is_decided_who_pays() -> None:
    """And a ticket that was reopened does not repeat itself."""
    desk = Desk()
    desk.put(unit(repairs=(repaired(group="valve"),), tickets=("T-0",)))
    desk.come_to(S.TRIAGED)
    assert desk.ticket().repeats is None
    desk.do(c.DecideCoverage, fault_group="valve")
    assert desk.ticket().repeats == "T-0"

    again = Desk()
    again.come_to(S.ACCEPTED)
    again.wait(days=1)
    again.do(c.ReopenTicket, reason="the same")
    again.do(c.DecideCoverage)
    assert (again.ticket().repeats, repeats(again)) == (None, [])


# --- channels, records of duties, complaints from them --------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-28")
def test_an_open_list_of_channels_lets_others_come_too() -> None:
    """It names examples."""
    report = command(c.ReportFault, channel=Channel.FAX)
    listed = Listing(of="channels", entries=("hotline",))

    assert codes(intake.channel_listed(case(None, report, rules=policy(channels=listed)))) == [
        "aftersales.channel-not-listed"
    ]
    opened = policy(channels=replace(listed, open=True))
    assert not codes(intake.channel_listed(case(None, report, rules=opened)))
    assert not codes(intake.channel_listed(case(None, report, rules=policy(channels=None))))


CALLED = Duty(kind=DutyKind.CALL_BACK, since=Event.FINISHED, on_the_day=True)


def called(**said: Any) -> DutyDone:
    usual: dict[str, Any] = {
        "key": "called/2026-05-04/on the day",
        "done_on": date(2026, 5, 4),
        "by": "clerk",
        "outcome": "it drips",
    }
    return DutyDone(**(usual | said))


@pytest.mark.clause("AS-QA-11")
@pytest.mark.parametrize(("opinion", "what"), [("  ", "it drips"), ("never again", "never again")])
def test_a_dissatisfied_customers_word_is_a_complaint_of_its_ticket(opinion, what) -> None:
    """In the ledger, raised by the call-back; the head hears of it and confirms its result."""
    desk = Desk(policy(called=CALLED))
    desk.come_to(S.REPAIRED)
    desk.do(c.RecordDuty, by=DESK, done=called(dissatisfied=True, opinion=opinion))

    id = f"T-1/call-back/{desk.ticket().version - 1}"
    filed = desk.aggregates[complaint_key(id)]
    assert isinstance(filed, Complaint)
    assert (filed.what, filed.ticket, filed.unit, filed.number) == (what, "T-1", "U-1", 1)
    assert (filed.raised_by, filed.channel) == (RaisedBy.CALL_BACK, Channel.FOLLOW_UP)
    assert desk.ticket().complaints == {id: True}
    assert "aftersales.complaint.dissatisfied" in {each.kind for each in desk.messages}


def test_a_content_customers_word_is_none() -> None:
    """Nothing else is looked at for it."""
    desk = Desk(policy(called=CALLED))
    desk.come_to(S.REPAIRED)

    assert reads(desk.ticket(), desk.command(c.RecordDuty, done=called())) == ()
    desk.do(c.RecordDuty, by=DESK, done=called())
    assert desk.ticket().complaints == {}


@pytest.mark.clause("AS-QA-8")
def test_a_record_of_a_duty_lacks_nothing_that_the_rulebook_asks_for() -> None:
    """Its list hangs on an answer that comes with the record."""
    form = Question("form", ("short", "long"))
    desk = Desk(policy(called=CALLED, form=form, visit=asks("duty-record", "visit-record", form="long")))
    desk.come_to(S.REPAIRED)

    assert desk.codes(c.RecordDuty, done=called()) == ["aftersales.asked"]
    assert desk.codes(c.RecordDuty, done=called(), answers={"form": "long"}) == [LACKING]
    desk.do(c.RecordDuty, done=called(), answers={"form": "long"}, shown={"visit-record": ("v-1",)})


@pytest.mark.clause("AS-QA-11")
def test_a_complaint_answers_what_brought_it_up() -> None:
    """Its lists may hang on it."""
    asked = Question("raised-by", ("survey", "call-back", "other"))
    desk = Desk(
        policy(
            asked=asked,
            sent=asks("complaint", "how", **{"raised-by": "other"}),
            staff=asks("grading", "staff sent", **{"raised-by": "call-back"}),
        )
    )
    said = {"case": "C-1", "firm": FIRM, "customer": "customer", "channel": Channel.LETTER, "what": "rude"}
    taker = staff("taker", "complaints")

    assert desk.codes(FileComplaint, by=taker, **said) == [LACKING]
    desk.do(FileComplaint, by=taker, raised_by=RaisedBy.CALL_BACK, **said)
    grading = {"case": "C-1", "handler": "taker", "by": taker}
    assert desk.codes(GradeComplaint, **grading) == [LACKING]
    desk.do(GradeComplaint, **grading, shown={"staff sent": ("s-1",)}, answers={"urgent": "no"})
    assert desk.codes(SettleComplaint, case="C-1", by=taker, result="x", answers={"urgent": "maybe"})[
        -1:
    ] == ["aftersales.complaint.not-answered"]


@pytest.mark.clause("AS-QA-11")
def test_the_head_confirms_the_result_of_what_a_call_back_brought_up() -> None:
    """What is answered with any step stays on record of the complaint."""
    desk = Desk(policy(codes=Listing(of="complaints", entries=("rude",), group="conduct", open=True)))
    taker = staff("taker", "complaints")
    said = {"case": "C-1", "firm": FIRM, "customer": "customer", "channel": Channel.LETTER, "what": "rude"}
    desk.do(FileComplaint, by=taker, raised_by=RaisedBy.CALL_BACK, category="conduct", code="late", **said)
    desk.do(ShowComplaintFacts, case="C-1", by=taker, answers={"urgent": "no"})
    filed = desk.aggregates[complaint_key("C-1")]
    assert isinstance(filed, Complaint)
    assert dict(filed.answers) == {"urgent": "no"}
    desk.do(GradeComplaint, case="C-1", by=taker, handler="taker")
    desk.do(AttributeCause, case="C-1", by=taker, attribution=Attribution.SERVICE)
    desk.do(AnswerComplaint, case="C-1", by=taker, answer="we are sorry")

    assert desk.codes(SettleComplaint, case="C-1", by=taker, result="told") == [
        "aftersales.complaint.not-confirmed"
    ]
    desk.do(SettleComplaint, case="C-1", by=SUPERVISOR, result="told")


# --- a report that is corrected ----------------------------------------------------------------------------------------------

BANDS = Distances(
    by=MeasuredBy.ROAD,
    bands=(Band("near", 10_000), Band("far")),
)


@pytest.mark.clause("AS-FLOW-17")
def test_a_report_is_corrected_after_somebody_was_sent() -> None:
    """By the engineer on his visit: the unit's record goes with it, and he hears of the job anew."""
    desk = Desk(policy(product=Question("product", ("pump", "valve"))))
    sold = {"sold": date(2026, 3, 1), "installed": date(2026, 3, 9)}
    desk.put(
        unit(product="pump", dates=sold),
        unit(id="U-2", product="valve", dates={"sold": date(2025, 12, 1)}),
    )
    desk.come_to(S.DISPATCHED, dates={})
    assert desk.ticket().answers["product"] == "pump"

    said = {"reason": "the label", "unit": "U-2", "symptom": " it leaks ", "by": THE_ENGINEER}
    change = desk.do(c.CorrectReport, **said)
    it = desk.ticket()
    assert (it.unit, it.symptom, it.answers["product"]) == ("U-2", "it leaks", "valve")
    assert (dict(it.dates), it.state) == ({"sold": date(2025, 12, 1)}, S.DISPATCHED)
    assert [(each.kind, each.to) for each in change.messages] == [(m.JOB, "engineer")]
    assert [dict(each.facts) for each in it.attention if each.code == intake.CORRECTED] == [
        {"reason": "the label"}
    ]
    other = staff("other", "engineer")
    assert desk.codes(c.CorrectReport, reason="x", unit="U-1", by=other) == ["aftersales.anothers-visit"]


@pytest.mark.clause("AS-FLOW-17")
def test_what_was_said_to_the_ticket_stays_with_another_unit() -> None:
    """A unit that has no record says nothing; one that belongs to another customer is seen to."""
    desk = Desk()
    desk.put(unit(id="U-2", customer="another"))
    desk.come_to(S.TRIAGED, unit=None, order_line="O-1")

    assert desk.ticket().answers == {"cause": "material"}
    desk.do(c.CorrectReport, reason="the label", unit="U-2", answers={"urgent": "yes"}, by=DESK)
    it = desk.ticket()
    assert (it.unit, it.order_line) == ("U-2", None)
    assert it.answers == {"cause": "material", "urgent": "yes"}
    assert [each.code for each in it.attention] == [intake.ANOTHERS_UNIT]
    desk.do(c.CorrectReport, reason="no, this", unit="U-3", by=DESK)
    assert (desk.ticket().unit, desk.ticket().attention) == ("U-3", ())
    desk.do(c.CorrectReport, reason="it is", unit="U-3", by=DESK)
    assert desk.ticket().symptom == "it does not start"


@pytest.mark.clause("AS-FLOW-17")
def test_promises_are_picked_anew_by_what_is_corrected() -> None:
    """On the same clock; before the triage something may be missing, afterwards it is asked for."""
    far = Promise(kind=K.ON_SITE, within=parse_allowance("48 hours"), when=When((("distance", ("far",)),)))
    near = Promise(kind=K.ON_SITE, within=parse_allowance("2 hours"), when=When((("distance", ("near",)),)))
    rules = policy(bands=BANDS, on_site=far, nearby=near)
    desk = Desk(rules)
    desk.come_to(S.REPORTED)
    assert "on-site" not in desk.ticket().commitments
    desk.do(c.CorrectReport, reason="said again", symptom="it smokes", by=DESK)

    desk.do(c.Triage, distance=Distance(50_000, KM))
    assert desk.ticket().commitments["on-site"].within == far.within
    desk.wait(hours=4)
    change = desk.do(c.CorrectReport, reason="another street", distance=Distance(2_000, KM), by=DESK)
    told = desk.ticket().commitments["on-site"]
    assert (told.within, told.run.anchored_at, told.run.breach) == (
        near.within,
        MONDAY,
        Breach(desk.now, by_change=True, due=at(4, 11)),
    )
    assert {(each.kind, each.to) for each in change.messages} == {
        (m.BREACHED, "firm/supervisor"),
        (m.BREACHED, "firm/coordinator"),
    }
    without = replace(desk.ticket(), distance=None)
    said = command(c.CorrectReport, reason="x", symptom="y")
    assert codes(intake.promises_known(case(without, said, rules=rules))) == ["aftersales.asked"]


def test_a_correction_says_something() -> None:
    """A reason alone corrects nothing."""
    with pytest.raises(InvalidValue):
        command(c.CorrectReport, reason="hm", symptom="  ")
    with pytest.raises(InvalidValue):
        command(c.CorrectReport, reason=" ", unit="U-2")


# --- who is told that something is late ------------------------------------------------------------------------------------


def said_by_clock(desk: Desk, until: datetime) -> list[tuple[str, datetime]]:
    spoken = []
    while (word := wake(desk.ticket(), desk.policy, until)) is not None:
        desk.take(word)
        spoken.append((type(word).__name__, word.happened_at))
        assert len(spoken) < 20
    return spoken


def only(**rules: Any) -> Any:
    return policy(**({"answer": None, "on_site": None, "resolve": None, "deemed": None} | rules))


def breaches(desk: Desk) -> list[str]:
    return [each.to for each in desk.messages if each.kind == m.BREACHED]


BOTH = ["firm/supervisor", "firm/coordinator"]


def test_a_breach_that_came_with_another_promise_is_told_by_the_clock() -> None:
    """Once, at the instant at which it came on record."""
    free = Promise(kind=K.RESOLVE, within=parse_allowance("2 hours"), when=When((("coverage", ("free",)),)))
    desk = Desk(
        only(
            resolve=free,
            paid=replace(free, within=parse_allowance("8 days"), when=When((("coverage", ("paid",)),))),
        )
    )
    desk.come_to(S.TRIAGED, **MISUSED)
    desk.wait(hours=3)
    desk.do(c.DecideCoverage, answers={"cause": "material"})

    assert desk.ticket().commitments["resolve"].run.breach == Breach(desk.now, by_change=True, due=at(4, 11))
    assert breaches(desk) == []
    assert said_by_clock(desk, at(20)) == [("MarkBreach", desk.now)]
    assert (breaches(desk), said_by_clock(desk, at(30))) == (BOTH, [])
    assert desk.ticket().commitments["resolve"].run.breach == Breach(desk.now, by_change=True, due=at(4, 11))


def test_a_breach_that_came_on_record_with_the_end_is_told_too() -> None:
    """Nobody had looked before; what is void is told to nobody."""
    desk = Desk(only(answer=Promise(kind=K.ANSWER, within=parse_allowance("1 hour"), round_the_clock=True)))
    desk.come_to(S.TRIAGED)
    desk.wait(hours=2)
    desk.do(c.AnswerCustomer, note="at last")
    assert said_by_clock(desk, at(5)) == [("MarkBreach", desk.now)]
    assert breaches(desk) == BOTH

    gone = Desk(desk.policy)
    gone.come_to(S.TRIAGED)
    gone.wait(hours=2)
    gone.do(c.CancelTicket)
    assert said_by_clock(gone, at(5)) == []


def test_what_was_told_with_a_command_is_not_told_again() -> None:
    """Two that are late at once are told in one breath."""
    hour = parse_allowance("1 hour")
    desk = Desk(only(resolve=Promise(kind=K.RESOLVE, within=hour), parts=Promise(kind=K.PARTS, within=hour)))
    desk.come_to(S.TRIAGED)
    desk.wait(hours=2)
    desk.do(c.PutOnHold, reason=PauseReason.WAITING_CUSTOMER, remind_on=date(2026, 6, 30))

    told = [each for each in desk.messages if each.kind == m.BREACHED]
    assert [dict(each.facts)["what"] for each in told] == ["resolve, parts"] * 2
    assert all("breach" in each.fired for each in desk.ticket().commitments.values())
    assert said_by_clock(desk, at(20)) == []


def test_a_breach_is_marked_once_whoever_recorded_it() -> None:
    """Of what is void, or was never late, none is."""
    desk = Desk(only(answer=Promise(kind=K.ANSWER, within=parse_allowance("1 hour"))))
    it = desk.come_to(S.TRIAGED)
    broken = replace(it.commitments["answer"], run=Run(anchored_at=MONDAY, breach=Breach(at(4, 10))))

    def refused(each: Commitment) -> list[str]:
        said = command(c.MarkBreach, what="answer", happened_at=at(4, 11))
        return codes(promising.breached(case(replace(it, commitments={"answer": each}), said)))

    assert refused(broken) == []
    assert refused(replace(broken, run=replace(broken.run, stopped_at=at(4, 11)))) == []
    assert refused(replace(broken, fired=("breach",))) == ["aftersales.breach-on-record"]
    void = replace(broken, run=replace(broken.run, voided_at=at(4, 11)))
    assert refused(void) == ["aftersales.not-promised"]
    unbegun = replace(broken, run=replace(broken.run, anchored_at=None))
    assert [each.at for each in commitments.coming({"answer": unbegun}, HOURS)] == [at(4, 10)]


# --- a clock that began at another instant ------------------------------------------------------------------------------------


def test_the_supervisor_says_when_a_clock_began() -> None:
    """The due date is told anew, what that makes late is on record and told; rungs come from then on."""
    ladder = Ladder(rungs=(Rung(level=1, action="head", offset=timedelta(0)),))
    desk = Desk(
        only(
            answer=Promise(kind=K.ANSWER, within=parse_allowance("4 hours"), round_the_clock=True),
            ladder=ladder,
        )
    )
    desk.come_to(S.TRIAGED)
    desk.wait(hours=1)
    said = {"what": K.ANSWER, "reason": "he called on Sunday"}

    assert desk.codes(c.ReanchorTarget, at=at(4, 8), by=DESK, **said) == ["lifecycle.not-yours"]
    desk.do(c.ReanchorTarget, at=at(4, 8), **said)
    told = desk.ticket().commitments["answer"]
    assert (told.run.anchored_at, told.due, told.run.breach) == (at(4, 8), at(4, 12), None)
    assert breaches(desk) == []
    desk.do(c.ReanchorTarget, at=at(3, 20), **said)
    told = desk.ticket().commitments["answer"]
    assert told.run.breach == Breach(desk.now, by_change=True, due=at(4, 0))
    assert breaches(desk) == BOTH
    assert said_by_clock(desk, at(5)) == [("FireRung", desk.now)]


def test_a_breach_that_is_on_record_stays_whenever_the_clock_began() -> None:
    """And one that the old beginning shows is recorded first."""
    desk = Desk(only(answer=Promise(kind=K.ANSWER, within=parse_allowance("1 hour"), round_the_clock=True)))
    desk.come_to(S.TRIAGED)
    desk.wait(hours=2)
    desk.do(c.ReanchorTarget, what=K.ANSWER, at=at(4, 10, 30), reason="it was later")

    told = desk.ticket().commitments["answer"]
    assert (told.run.breach, told.due) == (Breach(desk.now, due=at(4, 10)), at(4, 11, 30))


def test_a_clock_does_not_begin_ahead_twice_or_where_there_is_none() -> None:
    """Each refusal has a name of its own."""
    rules = only(
        answer=Promise(kind=K.ANSWER, within=parse_allowance("1 hour")),
        call_back=Promise(kind=K.CALL_BACK, within=parse_allowance("1 day"), since=Event.FINISHED),
        plan=Promise(kind=K.PLAN, within=parse_allowance("1 hour")),
    )
    desk = Desk(rules)
    desk.come_to(S.TRIAGED)
    desk.wait(hours=1)

    def refused(what: TargetKind, when: datetime) -> list[str]:
        return list(desk.codes(c.ReanchorTarget, what=what, at=when, reason="x"))

    assert refused(K.ANSWER, MONDAY) == ["aftersales.anchored-so-already"]
    assert refused(K.ANSWER, at(4, 11)) == ["aftersales.anchor-ahead"]
    assert refused(K.CALL_BACK, MONDAY) == ["aftersales.promise-not-begun"]
    assert refused(K.PARTS, MONDAY) == ["aftersales.not-promised"]
    desk.do(c.Fulfil, what=K.PLAN)
    assert refused(K.PLAN, at(4, 8)) == ["aftersales.promise-over"]


def test_a_clock_does_not_begin_after_the_time_that_was_agreed() -> None:
    """What that would have to be is said."""
    rules = only(answer=Promise(kind=K.ANSWER, within=parse_allowance("agreed day")))
    desk = Desk(rules)
    desk.come_to(S.TRIAGED, given={"day": at(4, 10)})
    desk.wait(hours=3)

    (reason,) = desk.refusals(c.ReanchorTarget, what=K.ANSWER, at=at(4, 11), reason="x")
    assert (reason.code, reason.clause) == ("aftersales.anchor-unfit", Clause("X-answer"))
    assert "expected" in dict(reason.facts)
    with pytest.raises(InvalidValue):
        command(c.ReanchorTarget, what=K.ANSWER, at=at(4, 11), reason=" ")


# --- units, and corrective actions ------------------------------------------------------------------------------------------


def test_the_names_of_complaints_from_duties_differ_by_what_they_are_of() -> None:
    """A ticket and a unit of one id have not one complaint."""
    done = command(c.RecordDuty, done=called(dissatisfied=True))

    assert reads(ticket(), done) == (
        complaint_key("T-1/call-back/2"),
        Key("aftersales.book", f"{FIRM}/complaint"),
    )
    fixed = command(c.CorrectReport, reason="x", unit="U-2")
    assert reads(ticket(repeats="T-0"), fixed) == (
        unit_key("U-2"),
        unit_key("U-1"),
        Key(Ticket.kind, "T-0"),
    )


YEARLY = Duty(kind=DutyKind.VISIT, since=Event.REGISTERED, on_the_day=True)


@pytest.mark.clause("AS-QA-8", "AS-QA-11")
def test_a_dissatisfied_customers_word_about_a_unit_is_a_complaint_about_no_service() -> None:
    """Its number is the next of the ledger; what the rulebook asks for with the record is there."""
    desk = Desk(policy(visited=YEARLY, form=asks("duty-record", "visit-record")))
    desk.do(RegisterUnit, case="U-1", firm=FIRM, customer="customer")
    done = called(key="visited/on the day", dissatisfied=True)

    assert desk.codes(RecordUnitDuty, case="U-1", done=done) == [LACKING]
    shown = {"visit-record": ("v-1",)}
    desk.do(RecordUnitDuty, case="U-1", done=done, shown=shown, answers={"urgent": "yes"})
    filed = desk.aggregates[complaint_key("U-1/call-back/2")]
    assert isinstance(filed, Complaint)
    assert (filed.ticket, filed.unit, filed.number, filed.raised_by) == (None, "U-1", 1, RaisedBy.CALL_BACK)
    record = desk.aggregates[unit_key("U-1")]
    assert isinstance(record, Unit)
    assert (record.duties, dict(record.answers)) == ((done,), {"urgent": "yes"})


def test_a_unit_is_not_answered_for_what_nobody_asks() -> None:
    """With whatever is said to it; what has its own word is no complaint."""
    desk = Desk(policy(visited=YEARLY))
    desk.do(RegisterUnit, case="U-1", firm=FIRM, customer="customer")

    (reason,) = desk.refusals(RetireUnit, case="U-1", answers={"wheels": "four"})
    assert (reason.code, "known" in dict(reason.facts)) == ("aftersales.unknown-question", True)
    desk.do(RecordUnitDuty, case="U-1", done=called(key="visited/on the day"))
    assert complaint_key("U-1/call-back/2") not in desk.aggregates


def test_the_delivery_is_checked_where_the_list_for_it_may_hold() -> None:
    """Where an answer rules it out, nothing is to be checked."""
    product = Question("product", ("pump", "valve"))
    desk = Desk(policy(product=product, counted=asks("delivery-check", "list", product="pump")))
    for id, what in (("U-1", "pump"), ("U-2", "valve"), ("U-3", "")):
        said = {"firm": FIRM, "customer": "customer", "product": what, "to_be_installed": True}
        desk.do(RegisterUnit, case=id, **said)

    assert [desk.codes(AcceptInstallation, case=f"U-{number}") for number in (1, 2, 3)] == [
        ["aftersales.unit.delivery-not-checked"],
        [],
        ["aftersales.unit.delivery-not-checked"],
    ]


def test_an_answer_to_a_corrective_action_stays() -> None:
    """Its lists hang on it; what nobody asks is refused."""
    rules = policy(
        grave=Question("gravity", ("high", "low")), cause=asks("analysis", "report", gravity="high")
    )
    store = Store(Lifecycles(CORRECTIVE_ACTION), rules)

    def say(kind: Any, **said: Any) -> Any:
        usual = {
            "id": f"a-{len(store.aggregates)}-{kind.__name__}-{len(said)}",
            "case": "A-1",
            "by": SUPERVISOR,
        }
        made = kind(**(usual | {"happened_at": MONDAY, "recorded_at": MONDAY} | said))
        found = store.decide(made)
        if isinstance(found, Change):
            store.commit(found)
            return ()
        assert isinstance(found, Refused)
        return codes(found.reasons)

    opened = {"firm": FIRM, "fault": "it rusts", "source": Source.FEEDBACK_FORM, "reference": "F-1"}
    assert say(OpenAction, **opened, answers={"wheels": "four"}) == ["aftersales.unknown-question"]
    assert say(OpenAction, **opened) == ()
    analysed = {"cause": "paint", "cause_kind": CauseKind.TECHNICAL, "department": "paint-shop"}
    assert say(AnalyseFault, **analysed) == ["aftersales.asked"]
    assert say(AnalyseFault, **analysed, answers={"gravity": "high"}) == [LACKING]
    assert say(AnalyseFault, **analysed, answers={"gravity": "low"}) == ()
    (it,) = store.aggregates.values()
    assert isinstance(it, CorrectiveAction)
    assert dict(it.answers) == {"gravity": "low"}
    assert say(AnalyseFault, **(analysed | {"cause": "salt"})) == ()
