"""Ways round the flow of a ticket, each of them closed: out of order, out of turn, in two places."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from desk_at_work import (
    CUSTOMER,
    DESK,
    ENGINEER,
    FIRM,
    MONDAY,
    SUPERVISOR,
    SYSTEM,
    THE_CUSTOMER,
    THE_ENGINEER,
    Desk,
    case,
    command,
    policy,
    staff,
    ticket,
)
from work_at_desk import cited, cny, codes, facts, work

from servflow.core.aftersales.complaints import commands as complaints
from servflow.core.aftersales.complaints.model import Complaint, ComplaintState, complaint_key
from servflow.core.aftersales.desk_rules import Grade, Series
from servflow.core.aftersales.policy import Checklist, Collection
from servflow.core.aftersales.showing import different
from servflow.core.aftersales.technicians import guards as technician_guards
from servflow.core.aftersales.technicians.commands import BeginVisit, RegisterTechnician
from servflow.core.aftersales.technicians.model import Booking, Technician, technician_key
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import custody, ground
from servflow.core.aftersales.tickets.messages import JOB, REPORTED
from servflow.core.aftersales.tickets.model import Purchase, Visit
from servflow.core.aftersales.tickets.states import (
    Channel,
    Custody,
    PaperState,
    Route,
    Stage,
    TicketRole,
    VisitState,
)
from servflow.core.aftersales.words import CollectionWay, PauseReason
from servflow.core.changes import Command

OTHER = staff("other", "engineer")
OUTLET = staff("its-man", "engineer", serves="outlet")
SCORES = {"quality": 5, "attitude": 5}
BACK = {"receipt-returned": ("receipt/1",)}
EARLY = MONDAY - timedelta(days=3)


def at(stage: Stage, **report: Any) -> Desk:
    desk = Desk()
    desk.come_to(stage, **report)
    return desk


def in_shop(**report: Any) -> Desk:
    desk = at(Stage.APPROVED, **report)
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.BeginInShop)
    return desk


def paid(stage: Stage, **changed: Any) -> Desk:
    """A service that the customer pays 100 yuan for, by a quote that he took."""
    desk = Desk(policy(**changed))
    desk.do(c.ReportFault, answers={"cause": "misuse"})
    desk.do(c.Triage)
    desk.do(c.DecideCoverage)
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.AcceptQuote)
    desk.do(c.Dispatch)
    desk.do(c.Arrive, by=THE_ENGINEER)
    if stage is Stage.REPAIRED:
        desk.do(c.Finish, by=THE_ENGINEER, lines=(work(100),))
    return desk


# --- in order of time -------------------------------------------------------------------------------


def test_a_message_after_a_hold_tells_what_the_hold_moved() -> None:
    """The answer that is owed from the message on was not there before: no hold moved it."""
    desk = at(Stage.APPROVED)
    desk.do(c.AnswerCustomer, note="we have it")
    desk.do(c.PutOnHold, reason=PauseReason.WAITING_CUSTOMER, until=desk.now + timedelta(days=2))
    desk.wait(hours=1)

    told = facts(desk.do(c.NoteMessage, note="here they are").messages[0])
    assert [name for name in told if name.startswith("due.")] == ["due.resolve"]
    assert "answer/2" in desk.ticket().commitments


@pytest.mark.parametrize(
    ("stage", "kind", "said", "clause"),
    [
        (Stage.REPORTED, c.Triage, {}, "PRACTICE"),
        (Stage.APPROVED, c.CancelTicket, {}, "PRACTICE"),
        (Stage.ON_SITE, c.Finish, {}, "PRACTICE"),
        (Stage.REPAIRED, c.AcceptWork, {}, "AS-FLOW-3"),
        (Stage.REPAIRED, c.RejectWork, {"reason": "it leaks"}, "AS-FLOW-3"),
        (Stage.REPAIRED, c.BillService, {}, "PRACTICE"),
        (Stage.ACCEPTED, c.RecordSurvey, {"scores": SCORES}, "PRACTICE"),
        (Stage.ACCEPTED, c.LogCall, {"about": c.CALL_BACK, "taken": False}, "PRACTICE"),
        (Stage.FOLLOWED_UP, c.CloseTicket, {}, "PRACTICE"),
        (Stage.CLOSED, c.ReopenTicket, {"reason": "again"}, "PRACTICE"),
    ],
)
def test_nothing_comes_before_what_it_follows_on(
    stage: Stage, kind: type[Command], said: dict[str, Any], clause: str
) -> None:
    """What is entered late, too; in its order it is taken."""
    desk = at(stage)

    found = cited(desk.refusals(kind, happened_at=EARLY, recorded_at=MONDAY, **said))
    assert ("aftersales.before-its-turn", clause) in found
    assert desk.codes(kind, **said) == []


def test_each_step_of_the_work_and_of_the_end_keeps_its_order() -> None:
    """An hour between each: not before the arrival, the finish, the acceptance; another call is any time."""
    desk = at(Stage.DISPATCHED)
    desk.wait(hours=1)
    desk.do(c.Arrive, by=THE_ENGINEER)
    desk.wait(hours=1)
    assert desk.codes(c.Finish, happened_at=MONDAY, recorded_at=desk.now) == ["aftersales.before-its-turn"]
    desk.do(c.Finish, by=THE_ENGINEER)
    early = {"happened_at": desk.now - timedelta(minutes=1), "recorded_at": desk.now}
    for kind, said in ((c.AcceptWork, {}), (c.RejectWork, {"reason": "x"}), (c.BillService, {})):
        assert desk.codes(kind, **early, **said) == ["aftersales.before-its-turn"]
    assert "aftersales.before-its-turn" in desk.codes(c.DeemAccepted, by=SUPERVISOR, **early)
    desk.wait(hours=1)
    desk.do(c.AcceptWork)
    early = {"happened_at": desk.now - timedelta(minutes=1), "recorded_at": desk.now}
    calls = {"taken": True, **early}
    assert desk.codes(c.LogCall, about=c.CALL_BACK, **calls) == ["aftersales.before-its-turn"]
    assert desk.codes(c.LogCall, about="the invoice", **calls) == []
    assert desk.codes(c.RecordSurvey, scores=SCORES, **early) == ["aftersales.before-its-turn"]
    desk.do(c.RecordSurvey, scores=SCORES)
    assert desk.codes(c.RecordSurvey, scores=SCORES) == ["aftersales.surveyed-already"]
    assert desk.codes(c.CloseTicket, **early) == ["aftersales.before-its-turn"]


def test_an_item_goes_back_no_earlier_than_it_came() -> None:
    """By the day on which it was taken in; and comes in again no earlier than it went back."""
    desk = at(Stage.APPROVED)
    desk.wait(days=5)
    desk.do(c.TakeIn, items=("U-1",))
    said = {"items": ("U-1",), "recorded_at": desk.now}

    found = desk.codes(c.ReturnUnit, happened_at=MONDAY, shown=BACK, **said)
    assert found == ["aftersales.before-its-turn"]
    vendor = {"item": "U-1", "vendor": "v", "happened_at": MONDAY, "recorded_at": desk.now}
    assert desk.codes(c.SendToVendor, **vendor) == ["aftersales.before-its-turn"]
    desk.wait(days=2)
    desk.do(c.ReturnUnit, items=("U-1",), shown=BACK)
    said["recorded_at"] = desk.now
    for day in (MONDAY, desk.now - timedelta(days=1)):
        assert desk.codes(c.TakeIn, happened_at=day, **said) == ["aftersales.before-its-turn"]
    assert desk.codes(c.TakeIn, happened_at=desk.now, **said) == []
    assert desk.codes(c.TakeIn, items=("U-2",), happened_at=MONDAY, recorded_at=desk.now) == []


def test_what_no_instant_is_known_of_orders_nothing() -> None:
    """Work that is finished without a visit; the clock and a complaint speak of another day."""
    said = command(c.Finish, happened_at=MONDAY)
    assert codes(ground.in_order(case(ticket(Stage.IN_SHOP), said))) == []
    clock = command(c.RemindDuty, key="k", due_on=date(2026, 5, 1), happened_at=EARLY)
    assert codes(ground.in_order(case(ticket(), clock))) == []
    noted = command(c.NoteComplaint, by=SYSTEM, complaint="K", open=True, happened_at=EARLY)
    assert codes(ground.in_order(case(ticket(), noted))) == []


def test_a_reopening_that_staff_enter_counts_when_it_is_written_down() -> None:
    """The customer's own word counts when he says it."""
    desk = at(Stage.CLOSED)
    desk.wait(days=40)
    said = {"reason": "again", "happened_at": MONDAY + timedelta(days=20), "recorded_at": desk.now}

    assert desk.codes(c.ReopenTicket, by=DESK, evidence="call", **said) == ["aftersales.reopening-over"]
    assert desk.codes(c.ReopenTicket, **said) == []


# --- what is done, and owed, stays with its ticket ----------------------------------------------------


def test_a_unit_that_was_replaced_or_refunded_does_not_go_back() -> None:
    """By post neither: it is disposed of."""
    desk = in_shop(purchase=Purchase(price=cny(1000)))
    desk.do(c.FindUnrepairable, by=THE_ENGINEER)
    desk.do(c.RefundCustomer, amount=cny(1000))

    for by_post in (False, True):
        found = desk.refusals(c.ReturnUnit, items=("U-1",), by_post=by_post, shown=BACK)
        assert cited(found) == [("aftersales.given-up", "AS-RET-1")]
    assert desk.codes(c.Dispose, item="U-1", reason="scrap") == []

    desk = in_shop()
    desk.do(c.FindUnrepairable, by=THE_ENGINEER)
    desk.do(c.ReplaceUnit, unit="U-1", serial="N-1")
    assert desk.codes(c.ReturnUnit, items=("U-1",), shown=BACK) == ["aftersales.given-up"]


def test_of_several_that_were_bought_the_others_go_back() -> None:
    """A refund of a unit that is named is for that one; where none is named, for the only one bought."""
    desk = in_shop(purchase=Purchase(price=cny(1000)))
    desk.do(c.FindUnrepairable, by=THE_ENGINEER)
    desk.do(c.RefundCustomer, amount=cny(1000))
    it = desk.ticket()
    back = command(c.ReturnUnit, items=("U-2",))

    def found(purchase: Purchase | None, unit: str | None) -> Any:
        changed = ticket(Stage.REPAIRED, unit=unit, purchase=purchase, posted=it.posted)
        return codes(custody.not_given_up(case(changed, back)))

    assert found(Purchase(price=cny(1000)), "U-1") == []
    assert found(Purchase(price=cny(1000)), None) == ["aftersales.given-up"]
    assert found(Purchase(price=cny(1000), quantity=2), None) == []
    assert found(None, None) == []


def test_a_ticket_with_work_or_money_is_neither_cancelled_rejected_nor_merged() -> None:
    """Done again or opened again it goes on to its end; what is owed can be paid at every stage."""
    desk = paid(Stage.REPAIRED)
    desk.do(c.RejectWork, reason="it leaks")
    unbilled = ["aftersales.work-done-on-it", "aftersales.unbilled"]
    assert desk.codes(c.CancelTicket) == unbilled

    desk = paid(Stage.REPAIRED)
    desk.do(c.BillService)
    desk.do(c.RejectWork, reason="it leaks")
    assert desk.codes(c.CancelTicket) == ["aftersales.work-done-on-it", "aftersales.money-open"]
    desk.do(c.CollectPayment, amount=cny(100))
    assert desk.codes(c.CancelTicket) == ["aftersales.work-done-on-it"]
    assert desk.codes(c.ReturnPayment, amount=cny(1), reason="x") == ["aftersales.refund-above-paid"]

    desk = at(Stage.CLOSED)
    desk.do(c.ReopenTicket, reason="again")
    desk.do(c.ReportFault, case="T-2")
    for kind, said in ((c.CancelTicket, {}), (c.RejectTicket, {}), (c.MergeTicket, {"into": "T-2"})):
        assert desk.codes(kind, **said) == ["aftersales.work-done-on-it"]


def test_a_ticket_with_an_open_complaint_is_not_merged() -> None:
    """The customer hears its outcome first."""
    desk = at(Stage.TRIAGED)
    desk.do(c.ReportFault, case="T-2")
    assert desk.codes(c.MergeTicket, into="T-2") == []
    desk.do(c.NoteComplaint, by=SYSTEM, complaint="K", open=True)

    assert desk.codes(c.MergeTicket, into="T-2") == ["aftersales.complaint-open"]


def test_no_item_goes_back_before_the_work_on_it_is_billed() -> None:
    """Broken off on the spot and taken to the shop, it is not handed out for nothing."""
    desk = paid(Stage.ON_SITE)
    desk.do(c.AddWork, by=THE_ENGINEER, lines=(work(100),))
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.SwitchRoute, route=Route.SHOP, reason="no tools")

    assert desk.codes(c.ReturnUnit, items=("U-1",), shown=BACK) == ["aftersales.unbilled"]


def test_an_item_that_goes_back_in_between_waits_for_no_invoice_of_that_day() -> None:
    """Where the invoice goes with the item, that is once the service is done."""
    desk = paid(Stage.REPAIRED, collection=Collection(way=CollectionWay.INVOICE_ON_RETURN))
    desk.do(c.BillService)
    desk.do(c.RejectWork, reason="it leaks")
    desk.wait(days=1)
    desk.do(c.TakeIn, items=("U-1",))

    assert desk.codes(c.ReturnUnit, items=("U-1",), shown=BACK) == []


def test_what_is_closed_after_a_declined_quote_stands_still_for_nothing() -> None:
    """Else the hold would be there still when it is opened again."""
    desk = Desk()
    desk.do(c.ReportFault, answers={"cause": "misuse"})
    desk.do(c.Triage)
    desk.do(c.DecideCoverage)
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.PutOnHold, reason=PauseReason.WAITING_PART, until=desk.now + timedelta(days=2))
    desk.do(c.DeclineQuote)

    assert desk.codes(c.CloseTicket) == ["aftersales.held"]


# --- who acts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "kind", "said"),
    [
        (Stage.DISPATCHED, c.PutOnHold, {"reason": PauseReason.WAITING_PART, "remind_on": date(2026, 6, 1)}),
        (Stage.DISPATCHED, c.AdviseRemotely, {"solved": False}),
        (Stage.DISPATCHED, c.AdviseRemotely, {"solved": True}),
        (Stage.ON_SITE, c.NoteMessage, {"note": "x", "evidence": "x"}),
        (Stage.ON_SITE, c.VoidPaper, {"series": Series.VOUCHER, "number": 1, "reason": "spoiled"}),
        (Stage.ON_SITE, c.FilePaper, {"series": Series.CALL_REGISTER, "number": 1}),
        (Stage.ON_SITE, c.LogCall, {"about": "the way", "taken": True}),
        (Stage.REPAIRED, c.AcceptWork, {"evidence": "x"}),
        (Stage.REPAIRED, c.RejectWork, {"evidence": "x", "reason": "it leaks"}),
        (Stage.ACCEPTED, c.LogCall, {"about": c.CALL_BACK, "taken": False}),
    ],
)
def test_another_engineer_has_no_say(stage: Stage, kind: type[Command], said: dict[str, Any]) -> None:
    """The one whose visit it is has."""
    desk = at(stage)

    assert desk.codes(kind, by=OTHER, **said) == ["aftersales.anothers-visit"]
    assert desk.codes(kind, by=THE_ENGINEER, **said) == []


def test_another_engineer_ends_no_hold_and_answers_no_quote() -> None:
    """Nor does he say what the customer said of it."""
    desk = at(Stage.DISPATCHED)
    desk.do(c.PutOnHold, reason=PauseReason.WAITING_PART, remind_on=date(2026, 6, 1))
    assert desk.codes(c.ResumeWork, by=OTHER, reason=PauseReason.WAITING_PART) == [
        "aftersales.anothers-visit"
    ]

    desk = Desk()
    desk.do(c.ReportFault, answers={"cause": "misuse"})
    desk.do(c.Triage)
    desk.do(c.Dispatch, inspection=True)
    desk.do(c.Arrive, by=THE_ENGINEER)
    desk.do(c.DecideCoverage)
    desk.do(c.GiveQuote, by=THE_ENGINEER, lines=(work(100),))
    for kind in (c.AcceptQuote, c.DeclineQuote):
        assert desk.codes(kind, by=OTHER, evidence="x") == ["aftersales.anothers-visit"]
        assert desk.codes(kind, by=THE_ENGINEER, evidence="x") == []


def outlets(state: VisitState, **said: Any) -> tuple[TicketRole, ...]:
    """In which role the outlet's man is heard, its job being in this state."""
    visit = Visit(
        number=1, engineer="outlet", route=Route.ON_SITE, outlet=True, state=state, dispatched_at=MONDAY
    )
    stage = said.pop("stage", Stage.REPAIRED)
    return ground.roles_of(ticket(stage, visits={"1": visit}, **said), OUTLET)


def test_an_outlet_is_heard_while_the_job_is_its_own() -> None:
    """Under way, or done and not accepted yet; not once it was called off, accepted, ended or opened again."""
    later = MONDAY + timedelta(days=1)

    assert outlets(VisitState.PLANNED) == outlets(VisitState.DONE) == (TicketRole.ENGINEER,)
    assert outlets(VisitState.DONE, reopened_at=MONDAY) == (TicketRole.ENGINEER,)
    assert outlets(VisitState.OFF) == ()
    assert outlets(VisitState.DONE, accepted_at=later) == ()
    assert outlets(VisitState.DONE, closed_at=later) == ()
    assert outlets(VisitState.DONE, stage=Stage.CANCELLED) == ()
    assert outlets(VisitState.DONE, reopened_at=later) == ()
    assert ground.roles_of(ticket(), OUTLET) == ()


def registered() -> Desk:
    """A desk with the engineer's record, and two tickets of which the first one is his visit."""
    desk = Desk()
    desk.do(RegisterTechnician, case=ENGINEER, firm=FIRM)
    desk.come_to(Stage.DISPATCHED)
    for kind in (c.ReportFault, c.Triage, c.DecideCoverage, c.ApproveFree):
        desk.do(kind, case="T-2")
    return desk


@pytest.mark.parametrize("kind", [c.Depart, c.Arrive])
def test_nobody_is_on_two_visits(kind: type[Command]) -> None:
    """From his departure on he is out, until the first one is over."""
    desk = registered()
    desk.do(c.Dispatch, case="T-2")
    assert desk.codes(kind, case="T-2") == []
    desk.do(kind)

    assert desk.aggregates[technician_key(ENGINEER)].out_on == ("T-1",)
    for other in (c.Depart, c.Arrive):
        assert cited(desk.refusals(other, case="T-2")) == [("aftersales.technician-out", "AS-FLOW-16")]
    desk.do(c.Arrive) if kind is c.Depart else None
    desk.do(c.Finish, by=THE_ENGINEER)
    assert desk.codes(kind, case="T-2") == []


def test_nobody_begins_in_the_shop_who_is_out_or_away() -> None:
    """A visit, a leave and a farewell keep him from it; another unit in the shop does not."""
    desk = registered()
    desk.do(c.TakeIn, case="T-2", items=("U-2",))
    desk.do(c.Arrive, by=THE_ENGINEER)
    assert desk.codes(c.BeginInShop, case="T-2") == ["aftersales.technician-out"]
    assert desk.codes(c.BeginInShop, case="T-2", engineer="other") == []
    desk.do(c.Finish, by=THE_ENGINEER)
    desk.do(c.BeginInShop, case="T-2")

    away = Technician(
        id=ENGINEER, state=desk.aggregates[technician_key(ENGINEER)].state, version=9, firm=FIRM
    )
    desk = at(Stage.APPROVED)
    desk.do(c.TakeIn, items=("U-1",))
    desk.put(Technician(id=ENGINEER, state=away.state, version=1, firm=FIRM, leaves_on=date(2026, 5, 1)))
    assert desk.codes(c.BeginInShop) == ["aftersales.technician-left"]


def test_a_visit_that_is_not_his_is_not_begun() -> None:
    """His own record says so, whoever asks; and that he is out already."""
    said = command(BeginVisit, case=ENGINEER, by=SYSTEM, ticket="T-2")
    bookings = {"T-1": Booking(ticket="T-1", visit=1, begun=True)}
    record = Technician(
        id=ENGINEER, state=registered().aggregates[technician_key(ENGINEER)].state, firm=FIRM, agenda=bookings
    )
    expected = ["aftersales.technician-not-booked", "aftersales.technician-out"]

    assert codes(technician_guards.at_no_other_job(case(record, said))) == expected


def test_two_appointments_at_one_instant_meet() -> None:
    """However short they are; those that only touch do not."""
    desk = registered()
    begins = MONDAY + timedelta(hours=1)
    desk.do(c.MoveAppointment, window_from=begins, window_until=begins, consent="x")
    said = {"case": "T-2", "consent": "x"}

    found = desk.codes(c.Dispatch, window_from=begins, window_until=begins, **said)
    assert found == ["aftersales.technician-booked"]
    until = begins + timedelta(hours=1)
    assert desk.codes(c.Dispatch, window_from=begins + timedelta(minutes=1), window_until=until, **said) == []


def test_who_served_enters_no_end_of_a_complaint_about_it() -> None:
    """Neither that the customer withdrew it nor that he refused its answer; he himself says both."""
    desk = Desk(policy(ordinary=Grade(name="ordinary", rank=2), grave=None))
    desk.come_to(Stage.ON_SITE)
    desk.do(
        complaints.FileComplaint,
        case="K",
        by=THE_CUSTOMER,
        firm=FIRM,
        customer=CUSTOMER,
        channel=Channel.HOTLINE,
        what="slow",
        ticket="T-1",
    )
    served = staff(ENGINEER, "supervisor")
    said: dict[str, Any] = {"case": "K"}
    withdraw = complaints.WithdrawComplaint
    found = desk.codes(withdraw, by=served, evidence="x", **said)
    assert found == ["aftersales.complaint.has-a-part-in-it"]
    filed = desk.aggregates[complaint_key("K")]
    assert isinstance(filed, Complaint)
    answered = replace(filed, state=ComplaintState.ANSWERED)
    withdrawn = desk.aggregates
    desk.put(answered)
    refuse = {"case": "K", "reason": "it still leaks"}
    found = desk.codes(complaints.RefuseAnswer, by=served, evidence="x", **refuse)
    assert found == ["aftersales.complaint.has-a-part-in-it"]
    assert desk.codes(complaints.RefuseAnswer, evidence="x", **refuse) == []
    desk.aggregates = withdrawn
    assert desk.codes(withdraw, evidence="x", **said) == desk.codes(withdraw, by=THE_CUSTOMER, **said) == []


# --- papers and facts ---------------------------------------------------------------------------------


def test_a_void_paper_proves_nothing_and_a_spoiled_voucher_is_issued_again() -> None:
    """The next number takes its place, and the customer hears it; one that is void already stays so."""
    asked = Checklist(step="take-in", items=("voucher",))
    desk = Desk(policy(asked=asked))
    desk.come_to(Stage.APPROVED)
    spoiled = {"series": Series.VOUCHER, "reason": "spoiled"}
    desk.do(c.VoidPaper, number=1, **spoiled)
    assert desk.codes(c.TakeIn, items=("U-1",)) == ["aftersales.lacking"]

    desk = Desk(policy(asked=asked))
    desk.come_to(Stage.APPROVED)
    for series, word in ((Series.VOUCHER, "voucher"), (Series.CALL_REGISTER, "register")):
        told = desk.do(c.VoidPaper, series=series, number=1, reason="spoiled", reissue=True).messages
        assert [(each.kind, facts(each)) for each in told] == [(REPORTED, {word: 2})]
    papers = desk.ticket().papers
    assert (papers["voucher/1"].state, papers["voucher/2"].state) == (PaperState.VOID, PaperState.OPEN)
    assert desk.codes(c.TakeIn, items=("U-1",)) == []
    again = desk.codes(c.VoidPaper, number=1, reissue=True, **spoiled)
    assert again == ["aftersales.paper-void", "aftersales.not-reissued"]


def test_a_voucher_is_filed_once_the_service_is_done() -> None:
    """Before there is nothing signed on it; the register entry may be struck off."""
    desk = at(Stage.ON_SITE)
    voucher = {"series": Series.VOUCHER, "number": 1}

    (reason,) = desk.refusals(c.FilePaper, **voucher)
    assert cited([reason]) == [("aftersales.filed-before-done", "AS-FLOW-3")]
    assert dict(reason.facts) == {"paper": "voucher/1", "stage": "on-site"}
    assert desk.codes(c.FilePaper, series=Series.CALL_REGISTER, number=1) == []
    assert desk.codes(c.FilePaper, series=Series.VOUCHER, number=9) == ["aftersales.no-such-paper"]
    desk.do(c.Finish, by=THE_ENGINEER)
    assert desk.codes(c.FilePaper, **voucher) == []


@pytest.mark.parametrize(
    "name",
    ["advance-replacement", "receipt-lost", "receipt-returned", "service-report", "supervisor-approval"],
)
def test_the_customer_does_not_say_what_only_the_firm_can(name: str) -> None:
    """With no step; staff do, and he brings what is asked of him at that very step."""
    shown = {name: ("it",)}
    desk = at(Stage.APPROVED)
    for kind, said in ((c.ShowFacts, {}), (c.NoteMessage, {"note": "x"})):
        assert desk.codes(kind, by=THE_CUSTOMER, shown=shown, **said) == ["aftersales.firms-word"]
    assert desk.codes(c.ShowFacts, by=THE_CUSTOMER, shown={"photographs": ("a",)}) == []
    assert desk.codes(c.ShowFacts, shown=shown) == []

    desk = Desk(policy(asked=Checklist(step="acceptance", items=(name,))))
    desk.come_to(Stage.REPAIRED)
    assert desk.codes(c.AcceptWork, shown=shown) == []


def test_blanks_make_no_other_photograph() -> None:
    """Two references that differ by them are one."""
    assert different(("a", "a ", "b")) == 2


# --- where the unit is --------------------------------------------------------------------------------


def test_nobody_is_sent_while_the_unit_is_here() -> None:
    """In the shop, or on its way to it; one on its way back is to be fitted there."""
    desk = at(Stage.APPROVED)
    desk.do(c.AnnounceInbound, items=("U-1",))
    assert cited(desk.refusals(c.Dispatch)) == [("aftersales.unit-not-with-customer", "AS-FLOW-5")]
    desk.do(c.TakeIn, items=("U-1",))
    assert desk.codes(c.Dispatch) == ["aftersales.unit-not-with-customer"]
    desk.do(c.ReturnUnit, items=("U-1",), by_post=True)
    assert desk.ticket().items["U-1"].custody is Custody.OUTBOUND
    assert desk.codes(c.Dispatch) == []


def test_a_unit_that_comes_in_before_the_visit_is_taken_in() -> None:
    """Then nobody goes; it is done in the shop."""
    desk = at(Stage.DISPATCHED)
    desk.do(c.TakeIn, items=("U-1",))
    assert desk.ticket().state is Stage.DISPATCHED

    for kind in (c.Depart, c.Arrive):
        assert desk.codes(kind) == ["aftersales.unit-not-with-customer"]
    desk.do(c.SwitchRoute, route=Route.SHOP, reason="he brought it")
    desk.do(c.BeginInShop)
    assert desk.ticket().state is Stage.IN_SHOP


def test_a_job_names_its_unit() -> None:
    """The unit, or where it was sold; nothing where neither is known."""
    for report, expected in (
        ({}, "U-1"),
        ({"unit": None, "order_line": "O-1"}, "O-1"),
        ({"unit": None}, None),
    ):
        desk = at(Stage.DISPATCHED, **report)
        (job,) = (each for each in desk.messages if each.kind == JOB)
        assert facts(job).get("unit") == expected


def test_what_is_sent_in_has_a_list_of_its_own() -> None:
    """A list for the taking in asks for nothing when it is announced."""
    desk = Desk(policy(asked=Checklist(step="inbound", items=("consent",))))
    desk.come_to(Stage.APPROVED)

    assert desk.codes(c.AnnounceInbound, items=("U-1",)) == ["aftersales.lacking"]
    assert desk.codes(c.TakeIn, items=("U-1",)) == []
