"""The end of a ticket: accepted or not, surveyed, called back, closed, reopened; rejected, cancelled, merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from desk_at_work import CLOCK, CUSTOMER, FIRM, MONDAY, ZONE, Desk, case, command, policy, ticket
from work_at_desk import TODAY, accepted, cited, cny, codes, facts, verdict, work

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.claims import PastRepair
from servflow.core.aftersales.complaints.commands import FileComplaint
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.desk_rules import Deemed, Reopening, Series, Survey
from servflow.core.aftersales.policy import Checklist
from servflow.core.aftersales.tickets import billing, ending
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.messages import CANCELLED, CLOSED, MERGED, REJECTED, REOPENED
from servflow.core.aftersales.tickets.model import Call, Item, Paper, SurveyAnswer, Visit
from servflow.core.aftersales.tickets.states import (
    Channel,
    Custody,
    Outcome,
    PaperState,
    Route,
    Stage,
    VisitState,
)
from servflow.core.aftersales.units.commands import NoteRepair
from servflow.core.aftersales.units.model import Unit, UnitState
from servflow.core.aftersales.words import Bearer, Coverage
from servflow.core.citations import Reason
from servflow.core.clocks import parse_allowance
from servflow.core.dates import Period
from servflow.core.errors import InvalidValue

b: Any = billing
e: Any = ending
DAY = timedelta(days=1)
GOOD = {"quality": 5, "attitude": 4}
RECORD = Unit(id="U-1", state=UnitState.IN_SERVICE, firm=FIRM, customer=CUSTOMER)


def done(state: Stage = Stage.REPAIRED, **said: Any) -> Any:
    """A repair that is done, free for the customer."""
    usual = {
        "verdict": verdict(Coverage.FREE, Bearer.FIRM),
        "outcome": Outcome.REPAIRED,
        "finished_at": MONDAY,
        "fault_code": "F-1",
        "fault_group": "pump",
    }
    return ticket(state, **(usual | said))


def over(state: Stage = Stage.ACCEPTED, **said: Any) -> Any:
    """A repair that was accepted on Monday."""
    return done(state, **({"accepted_at": MONDAY} | said))


def paper(series: Series, number: int = 1, **said: Any) -> dict[str, Paper]:
    """A paper of a ticket, by its reference."""
    made = Paper(series=series, number=number, issued_on=TODAY, **said)
    return {made.ref: made}


# --- acceptance -------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-3")
def test_signing_before_the_service_is_done_is_refused():
    """At every stage before it, and of a quote that was declined."""
    for stage in (Stage.REPORTED, Stage.ON_SITE, Stage.DECLINED):
        (reason,) = e.service_done(case(ticket(stage), command(c.AcceptWork)))
        assert (reason.code, reason.clause and reason.clause.id) == (
            "aftersales.signed-before-done",
            "AS-FLOW-3",
        )
        assert reason.facts == (("stage", stage.value),)


@pytest.mark.clause("AS-FLOW-3")
def test_a_service_that_is_accepted_is_struck_off_and_its_voucher_filed():
    """The customer signed the voucher; other papers, and those that are void, stay as they are."""
    papers = {
        **paper(Series.CALL_REGISTER),
        **paper(Series.VOUCHER, signed_by=("engineer",)),
        **paper(Series.VOUCHER, 2, state=PaperState.VOID),
        **paper(Series.INVOICE),
    }
    made = e.accept(case(done(papers=papers), command(c.AcceptWork)))
    assert made.it.accepted_at == MONDAY
    assert [(ref, each.state.value) for ref, each in made.it.papers.items()] == [
        ("call-register/1", "filed"),
        ("voucher/1", "filed"),
        ("voucher/2", "void"),
        ("invoice/1", "open"),
    ]
    voucher = made.it.papers["voucher/1"]
    assert (voucher.signed_by, voucher.ended_on) == (("engineer", CUSTOMER), TODAY)
    deemed = e.accept(case(done(papers=papers), command(c.DeemAccepted)))
    assert deemed.it.papers["voucher/1"].signed_by == ("engineer",)


def test_a_repair_goes_on_the_units_record():
    """With its fault, its part and who paid it; a second one of the same ticket has a name of its own."""
    s = case(done(part="seal"), command(c.AcceptWork), others=[RECORD])
    (noted,) = e.accept(s).commands
    assert (type(noted), noted.case, noted.ticket) == (NoteRepair, "U-1", "T-1")
    assert noted.repair == PastRepair(
        ref="T-1", finished_on=TODAY, fault_group="pump", parts=("seal",), coverage=Coverage.FREE
    )
    again = done(reopened=1, verdict=None, fault_group="")
    (noted,) = e.accept(case(again, command(c.AcceptWork), others=[RECORD])).commands
    assert (noted.repair.ref, noted.repair.parts, noted.repair.coverage) == ("T-1/2", (), None)
    assert noted.repair.fault_group == "F-1"


def test_what_was_no_repair_goes_on_no_record():
    """Nor a unit that has none, or is not known, or whose fault was never named."""
    said = command(c.AcceptWork)
    for it, others in (
        (done(outcome=Outcome.REFUNDED), [RECORD]),
        (done(unit=None), [RECORD]),
        (done(), []),
        (done(fault_code="", fault_group=""), [RECORD]),
    ):
        assert e.accept(case(it, said, others=others)).commands == ()


def test_a_silent_customer_has_accepted_after_the_firms_days():
    """At the last instant of the seven days, not before it; by the clock or a supervisor."""
    it = done()
    for later, expected in ((7 * DAY, []), (7 * DAY - DAY / 86_400, ["aftersales.not-silent-long-enough"])):
        s = case(it, command(c.DeemAccepted, happened_at=MONDAY + later))
        assert codes(e.silent_long_enough(s)) == expected


def test_who_got_his_unit_back_later_is_silent_from_then_on():
    """He has the rest of that day, at the least."""
    back = {
        "U-1": Item(serial="U-1", custody=Custody.CUSTOMER, given_back_on=date(2026, 5, 12)),
        "U-2": Item(serial="U-2", custody=Custody.DISPOSED),
    }
    rules = policy().on(TODAY)
    assert e.silent_until(done(items=back), rules) == datetime(2026, 5, 13, tzinfo=ZONE)
    assert e.silent_until(ticket(), rules) is None


def test_who_has_complained_is_not_silent():
    """Until the complaint is settled; and where the firm has no rule, silence means nothing."""
    said = command(c.DeemAccepted, happened_at=MONDAY + 9 * DAY)
    assert codes(e.silent_long_enough(case(done(complaints={"C-1": True}), said))) == [
        "aftersales.customer-not-silent"
    ]
    assert codes(e.silent_long_enough(case(done(complaints={"C-1": False}), said))) == []
    assert codes(e.silent_long_enough(case(done(), said, rules=policy(deemed=None)))) == ["aftersales.asked"]
    by_route = policy(deemed=Deemed(within=parse_allowance("1 day"), when=When((("route", ("shop",)),))))
    assert codes(e.silent_long_enough(case(done(route=Route.SHOP), said, rules=by_route))) == []


def test_work_that_is_not_accepted_is_done_again():
    """Free for the customer, who has to sign again; what was worked stays."""
    rules = policy(
        signs=Checklist(step="acceptance", items=("customer-signature",)),
        brings=Checklist(step="intake", items=("warranty-slip",)),
        both=Checklist(step="service-finished", items=("warranty-slip", "photograph")),
    )
    shown = {"customer-signature": ("s-1",), "warranty-slip": ("w-1",), "photograph": ("p-1",), "x": ("y",)}
    it = done(work=(work(),), shown=shown)
    made = e.reject_work(case(it, command(c.RejectWork, reason="it leaks"), rules=rules))
    assert (made.it.rework, made.it.reworks, made.it.outcome, made.it.finished_at) == (True, 1, None, None)
    assert made.it.work == it.work
    assert made.it.shown == {"warranty-slip": ("w-1",), "x": ("y",)}


@pytest.mark.parametrize(
    ("outcome", "refused"),
    [
        (Outcome.REPAIRED, False),
        (Outcome.DONE, False),
        (Outcome.ADVICE_ONLY, False),
        (Outcome.NO_FAULT_FOUND, False),
        (Outcome.REFUNDED, True),
        (Outcome.REPLACED, True),
        (Outcome.RETURNED_UNREPAIRED, True),
    ],
)
def test_only_work_is_done_again(outcome, refused):
    """What was refunded, replaced or given back as it came is not."""
    s = case(done(outcome=outcome), command(c.RejectWork, reason="x"))
    assert codes(e.work_was_done(s)) == (["aftersales.nothing-to-do-again"] if refused else [])


# --- survey and call-backs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"quality": 1, "attitude": 5}, []),
        ({"quality": 0, "attitude": 5}, ["aftersales.survey-score-outside"]),
        ({"quality": 6, "attitude": 5}, ["aftersales.survey-score-outside"]),
        ({"quality": 5}, ["aftersales.survey-unanswered"]),
        ({"quality": 5, "attitude": 5, "price": 5}, ["aftersales.survey-not-asked"]),
    ],
)
@pytest.mark.clause("AS-QA-4")
def test_every_question_has_a_score_on_its_scale(scores, expected):
    """Both ends of the scale included; a question left out, or one that is not asked, is refused."""
    s = case(over(), command(c.RecordSurvey, scores=scores))
    assert cited(e.scores_fit(s)) == [(code, "X-survey") for code in expected]


@pytest.mark.parametrize("scores", [{}, {"quality": True}, {"quality": 4.5}])
def test_a_score_is_a_whole_number(scores):
    """And there is at least one."""
    with pytest.raises(InvalidValue, match="scores"):
        command(c.RecordSurvey, scores=scores)


def test_a_firm_without_a_survey_records_none():
    """Nor one whose survey hangs on an answer that nobody gave."""
    s = case(over(), command(c.RecordSurvey, scores=GOOD), rules=policy(survey=None))
    assert cited(e.scores_fit(s)) == [("aftersales.asked", "AS-QA-4")]


@pytest.mark.parametrize(
    ("scores", "satisfied", "dissatisfied"),
    [
        ({"quality": 4, "attitude": 4}, True, False),
        ({"quality": 3, "attitude": 4}, False, False),
        ({"quality": 2, "attitude": 5}, False, True),
    ],
)
@pytest.mark.clause("AS-QA-11")
def test_a_dissatisfied_answer_is_a_complaint(scores, satisfied, dissatisfied):
    """Satisfied from 4 in all, dissatisfied with a 2 in one; in between neither, and no complaint."""
    made = e.record_survey(case(over(), command(c.RecordSurvey, scores=scores)))
    answer = made.it.survey
    assert (answer.satisfied, answer.dissatisfied, answer.on, answer.by) == (
        satisfied,
        dissatisfied,
        TODAY,
        CUSTOMER,
    )
    assert [type(each) for each in made.commands] == [FileComplaint] * dissatisfied
    for filed in made.commands:
        assert (filed.case, filed.ticket, filed.unit, filed.what) == ("T-1/survey/2", "T-1", "U-1", "quality")
        assert (filed.customer, filed.channel) == (CUSTOMER, Channel.FOLLOW_UP)


def test_a_complaint_by_survey_says_what_the_customer_said():
    """His opinion, where he has one, and by what it is known."""
    said = command(
        c.RecordSurvey, scores={"quality": 1, "attitude": 5}, opinion="it leaks", evidence="call-9"
    )
    (filed,) = e.record_survey(case(over(), said)).commands
    assert (filed.what, filed.evidence) == ("it leaks", "call-9")


def test_a_customer_answers_once():
    """Since he accepted the service; what he said before it was reopened is another answer."""
    answer = SurveyAnswer(on=TODAY, by=CUSTOMER, scores=GOOD, satisfied=True, dissatisfied=False)
    said = command(c.RecordSurvey, scores=GOOD)
    assert codes(e.not_surveyed(case(over(Stage.FOLLOWED_UP), said))) == []
    asked = over(Stage.FOLLOWED_UP, survey=answer)
    assert codes(e.not_surveyed(case(asked, said))) == ["aftersales.surveyed-already"]
    later = replace(asked, accepted_at=MONDAY + DAY)
    assert codes(e.not_surveyed(case(later, said))) == []


@pytest.mark.clause("AS-QA-4")
def test_a_ticket_is_closed_after_its_survey_where_the_firm_has_one():
    """By its clause; a firm without one, or with one for other services, closes at once."""
    s = case(over(), command(c.CloseTicket))
    assert cited(e.survey_not_asked(s)) == [("aftersales.survey-first", "X-survey")]
    assert codes(e.survey_not_asked(case(over(), command(c.CloseTicket), rules=policy(survey=None)))) == []
    of = Survey(
        questions=("x",),
        lowest=1,
        highest=5,
        satisfied_from=4,
        dissatisfied_to=2,
        when=When((("kind", ("training",)),)),
    )
    assert codes(e.survey_not_asked(case(over(), command(c.CloseTicket), rules=policy(survey=of)))) == []


def calls(*taken: bool, about: str = "call-back", at: datetime = MONDAY) -> tuple[Call, ...]:
    """Calls to the customer, taken or not."""
    return tuple(Call(at=at, by="clerk", about=about, taken=each) for each in taken)


def test_a_customer_who_is_never_reached_counts_as_asked():
    """After the second call that nobody took, since the service was accepted."""
    missed = command(c.LogCall, about="call-back", taken=False)
    for before, last in (
        ((), False),
        (calls(False), True),
        (calls(False, False), True),
        (calls(True), False),
        (calls(False, about="appointment"), False),
        (calls(False, at=MONDAY - DAY), False),
    ):
        assert e.last_attempt(case(over(calls=before), missed)) is last
    waiting = over(calls=calls(False))
    for said in (
        command(c.LogCall, about="call-back", taken=True),
        command(c.LogCall, about="appointment", taken=False),
    ):
        assert not e.last_attempt(case(waiting, said))
    assert not e.last_attempt(case(waiting, missed, rules=policy(survey=None)))
    endless = Survey(questions=("x",), lowest=1, highest=5, satisfied_from=4, dissatisfied_to=2)
    assert not e.last_attempt(case(waiting, missed, rules=policy(survey=endless)))
    assert e.last_attempt(case(replace(waiting, accepted_at=None), missed))


@pytest.mark.clause("AS-FLOW-17")
def test_a_call_that_nobody_took_is_followed_by_a_text_message():
    """Without one it is on the list of what staff have to see to."""
    for taken, messaged, listed in ((True, False, 0), (False, True, 0), (False, False, 1)):
        said = command(c.LogCall, about="appointment", taken=taken, messaged=messaged)
        made = e.log_call(case(over(), said))
        assert made.it.calls == (
            Call(at=MONDAY, by="supervisor", about="appointment", taken=taken, messaged=messaged),
        )
        assert len(made.it.attention) == listed


# --- closing ----------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-COMP-3")
def test_nothing_is_closed_with_a_complaint_open():
    """Each open one is named; settled ones are no hindrance."""
    s = case(over(complaints={"C-1": True, "C-2": False, "C-3": True}), command(c.CloseTicket))
    found = [*e.no_complaint_open(s)]
    assert cited(found) == [("aftersales.complaint-open", "AS-COMP-3")] * 2
    assert [reason.facts for reason in found] == [(("complaint", "C-1"),), (("complaint", "C-3"),)]


@pytest.mark.clause("AS-FLOW-3")
def test_a_ticket_is_closed_after_it_was_accepted():
    """Before, it says how far it is."""
    s = case(done(), command(c.CloseTicket))
    assert cited(e.accepted_first(s)) == [("aftersales.not-accepted", "AS-FLOW-3")]


def test_a_closed_ticket_has_no_open_paper():
    """They are filed, and the customer is told."""
    it = over(papers={**paper(Series.INVOICE), **paper(Series.RECEIPT, state=PaperState.VOID)})
    made = e.close(case(it, command(c.CloseTicket)))
    assert made.it.closed_at == MONDAY
    assert [each.state for each in made.it.papers.values()] == [PaperState.FILED, PaperState.VOID]
    assert [each.kind for each in made.messages] == [CLOSED]
    assert e.close(case(over(), command(c.CloseTicket))).it.papers == {}


# --- reopening --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("later", "refused"), [(30, False), (31, True)])
def test_a_ticket_is_reopened_up_to_the_last_day(later, refused):
    """Thirty days after it was closed, that day included; after it, it is a new ticket."""
    it = over(Stage.CLOSED, closed_at=MONDAY)
    s = case(it, command(c.ReopenTicket, reason="again", happened_at=MONDAY + later * DAY))
    found = [*e.may_be_reopened(s)]
    assert cited(found) == ([("aftersales.reopening-over", "X-reopening")] if refused else [])
    if refused:
        assert found[0].facts == (("last_day", date(2026, 6, 3)),)
    not_closed = replace(it, closed_at=None)
    assert codes(e.may_be_reopened(s._replace(it=not_closed))) == codes(found)


def test_a_firm_that_reopens_nothing_takes_a_new_ticket():
    """Which names the first one; rules that disagree are named."""
    said = command(c.ReopenTicket, reason="again")
    assert codes(e.may_be_reopened(case(over(), said, rules=policy(reopening=None)))) == [
        "aftersales.not-reopened"
    ]
    two = policy(another=Reopening(within=Period(days=5)))
    assert codes(e.may_be_reopened(case(over(), said, rules=two))) == ["aftersales.rules-disagree"]
    unanswered = policy(
        big=Question("big", ("yes", "no")),
        reopening=Reopening(within=Period(days=5), when=When((("big", ("yes",)),))),
    )
    assert codes(e.may_be_reopened(case(over(), said, rules=unanswered))) == ["aftersales.not-reopened"]


def test_what_was_done_is_billed_before_it_is_reopened():
    """Else it would be priced by another verdict."""
    it = over(verdict=verdict(), work=(work(),))
    assert codes(e.may_be_reopened(case(it, command(c.ReopenTicket, reason="x")))) == ["aftersales.unbilled"]


def test_a_ticket_that_was_merged_is_not_reopened():
    """It goes on in the other."""
    said = command(c.ReopenTicket, reason="again")
    assert codes(e.not_merged(case(over(), said))) == []
    (reason,) = e.not_merged(case(over(merged_into="T-9"), said))
    assert (reason.code, reason.facts) == ("aftersales.merged", (("into", "T-9"),))


def test_a_reopened_ticket_is_judged_and_signed_for_again():
    """What was done keeps its price and its visits; verdict, quote, invoice and signatures are behind."""
    rules = policy(closes=Checklist(step="closing", items=("service-report",)))
    it = accepted(ticket(Stage.COVERED, verdict=verdict()), work())
    it = replace(it, work=(work(),), finished_at=MONDAY)
    it = b.bill(case(it, command(c.BillService))).it
    it = replace(
        it,
        state=Stage.CLOSED,
        outcome=Outcome.REPAIRED,
        accepted_at=MONDAY,
        closed_at=MONDAY,
        unrepairable="x",
        rework=True,
        goodwill={"parts": "boss"},
        shown={"service-report": ("r-1",), "photographs": ("p-1",)},
        visits={"1": Visit(number=1, engineer="e", route=Route.ON_SITE, state=VisitState.DONE)},
    )
    made = e.reopen(case(it, command(c.ReopenTicket, reason="again"), rules=rules))
    again = made.it
    assert again.settled == b.prices(it, "CNY").lines
    assert b.prices(again, "CNY").total == cny(100)
    assert (again.earlier_verdicts, again.earlier_quotes) == ((it.verdict,), (it.quote,))
    assert (again.verdict, again.quote, again.quoted, again.goodwill) == (None, None, (), {})
    assert (again.invoiced_on, again.papers["invoice/1"].state) == (None, PaperState.FILED)
    assert (again.outcome, again.finished_at, again.accepted_at, again.closed_at) == (None, None, None, None)
    assert (again.unrepairable, again.rework, again.reopened) == ("", None, 1)
    assert (again.visits, again.shown) == (it.visits, {"photographs": ("p-1",)})
    (told,) = made.messages
    assert (told.kind, facts(told)) == (REOPENED, {"reason": "again"})

    bare = e.reopen(case(over(verdict=None), command(c.ReopenTicket, reason="again"))).it
    assert (bare.earlier_verdicts, bare.earlier_quotes, bare.settled) == ((), (), ())


def test_a_reopened_ticket_keeps_what_it_repaired():
    """Each time, under a name of its own; what ended otherwise repaired nothing."""
    again = command(c.ReopenTicket, reason="again")
    once = e.reopen(case(over(part="seal"), again)).it
    first = PastRepair(
        ref="T-1",
        finished_on=TODAY,
        fault_group="pump",
        parts=("seal",),
        coverage=Coverage.FREE,
    )
    assert once.repairs == (first,)
    done = {
        "outcome": Outcome.REPAIRED,
        "finished_at": MONDAY,
        "accepted_at": MONDAY,
        "state": Stage.ACCEPTED,
    }
    twice = e.reopen(case(replace(once, part="", **done), again)).it
    assert [each.ref for each in twice.repairs] == ["T-1", "T-1/2"]
    assert e.reopen(case(over(outcome=Outcome.NO_FAULT_FOUND), again)).it.repairs == ()


# --- other ends -------------------------------------------------------------------------------------------


def test_what_is_not_ours_is_rejected_with_a_reason():
    """It is told, on record, and the register entry struck off."""
    it = ticket(papers=paper(Series.CALL_REGISTER))
    made = e.reject(case(it, command(c.RejectTicket)))
    assert made.it.reasons == (Reason("aftersales.rejected", None, (("reason", "not our product"),)),)
    assert made.it.papers["call-register/1"].state is PaperState.FILED
    (told,) = made.messages
    assert (told.kind, facts(told)) == (REJECTED, {"reason": "not our product"})


def test_a_cancelled_service_frees_who_was_to_come():
    """His visit is off, and what was told of it is not sent any more."""
    visit = Visit(number=1, engineer="engineer", route=Route.ON_SITE)
    it = ticket(Stage.APPROVED, visits={"1": visit}, papers=paper(Series.VOUCHER))
    made = e.cancel(case(it, command(c.CancelTicket, reason="sold it")))
    assert made.it.visit.state is VisitState.OFF
    assert made.it.papers["voucher/1"].state is PaperState.FILED
    assert (made.messages[0].kind, facts(made.messages[0])) == (CANCELLED, {"reason": "sold it"})


def test_a_ticket_is_merged_only_into_another_open_one():
    """Of the same firm, customer and unit; not into itself, into none, nor into one that is over."""
    it, into = ticket(), ticket(id="T-2")
    for ours, other, name, expected in (
        (it, into, "T-2", []),
        (it, replace(into, unit=None), "T-2", []),
        (replace(it, unit=None), into, "T-2", []),
        (it, it, "T-1", ["aftersales.merge-into-itself"]),
        (it, None, "T-2", ["aftersales.merge-into-none"]),
        (it, replace(into, firm="other"), "T-2", ["aftersales.merge-into-none"]),
        (it, replace(into, state=Stage.CLOSED), "T-2", ["aftersales.merge-into-closed"]),
        (it, replace(into, unit="U-9"), "T-2", ["aftersales.merge-another-unit"]),
        (it, replace(into, customer="another"), "T-2", ["aftersales.merge-another-customer"]),
        (it, replace(into, state=Stage.CANCELLED), "T-2", ["aftersales.merge-into-closed"]),
    ):
        others = [] if other is None else [other]
        s = case(ours, command(c.MergeTicket, into=name), others=others)
        assert codes(e.merges_into_open(s)) == expected


def test_a_merged_ticket_names_the_other_and_is_over():
    """Whoever was to come is free, and the customer told."""
    visit = Visit(number=1, engineer="engineer", route=Route.ON_SITE)
    it = ticket(Stage.DISPATCHED, visits={"1": visit})
    made = e.merge(case(it, command(c.MergeTicket, into="T-2")))
    assert (made.it.merged_into, made.it.closed_at, made.it.visit.state) == ("T-2", MONDAY, VisitState.OFF)
    assert (made.messages[0].kind, facts(made.messages[0])) == (MERGED, {"into": "T-2"})


def test_complaints_are_on_record_with_how_they_stand():
    """Opened, and settled later; with the reasons that were found."""
    reason = Reason("aftersales.late", None)
    opened = e.note_complaint(case(over(), command(c.NoteComplaint, complaint="C-1", open=True))).it
    assert opened.complaints == {"C-1": True}
    said = command(c.NoteComplaint, complaint="C-1", open=False, reasons=(reason,))
    settled = e.note_complaint(case(opened, said)).it
    assert (settled.complaints, settled.reasons) == ({"C-1": False}, (reason,))


# --- through the table ------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-3", "AS-QA-4")
def test_a_ticket_goes_from_its_report_to_its_end():
    """Nothing signed too early, nothing closed before its survey."""
    desk = Desk()
    desk.come_to(Stage.ON_SITE)
    assert desk.codes(c.AcceptWork) == ["aftersales.signed-before-done"]
    assert "aftersales.not-accepted" in desk.codes(c.CloseTicket)
    desk.do(c.Finish)
    desk.do(c.AcceptWork)
    assert desk.codes(c.CloseTicket) == ["aftersales.survey-first"]
    desk.do(c.RecordSurvey, scores=GOOD)
    assert "aftersales.surveyed-already" in desk.codes(c.RecordSurvey, scores=GOOD)
    desk.do(c.CloseTicket)
    assert desk.ticket().state is Stage.CLOSED
    assert {each.state for each in desk.ticket().papers.values()} == {PaperState.FILED}


@pytest.mark.clause("AS-QA-11", "AS-COMP-3")
def test_a_dissatisfied_customer_keeps_his_ticket_open():
    """His answer opens a complaint, with which the ticket is not closed."""
    desk = Desk()
    desk.come_to(Stage.ACCEPTED)
    desk.do(c.RecordSurvey, scores={"quality": 1, "attitude": 5}, opinion="it leaks")
    (name,) = desk.ticket().complaints
    assert any(isinstance(each, Complaint) and each.id == name for each in desk.aggregates.values())
    assert desk.codes(c.CloseTicket) == ["aftersales.complaint-open"]


def test_a_customer_who_is_never_reached_does_not_hold_his_ticket_open():
    """Two calls in vain, and it may be closed."""
    desk = Desk()
    desk.come_to(Stage.ACCEPTED)
    desk.do(c.LogCall, about="call-back", taken=False, messaged=True)
    assert desk.ticket().state is Stage.ACCEPTED
    desk.do(c.LogCall, about="call-back", taken=False, messaged=True)
    assert desk.ticket().state is Stage.FOLLOWED_UP
    desk.do(c.CloseTicket)


def test_rework_is_free_and_comes_to_the_same_end():
    """Rejected, done again with a line of its own, accepted; the customer owes what he was quoted, no more."""
    desk = Desk()
    desk.come_to(Stage.COVERED, answers={"cause": "misuse"})
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.AcceptQuote)
    for lines in ((work(100),), (work(80),)):
        desk.do(c.Dispatch)
        desk.do(c.Arrive)
        desk.do(c.Finish, lines=lines)
        desk.do(c.BillService)
        if lines[0].line.listed.money == cny(100):
            desk.do(c.RejectWork, reason="it leaks")
            assert desk.ticket().state is Stage.APPROVED
    assert [posting.amount for posting in desk.postings] == [cny(100)]
    desk.do(c.AcceptWork)


def test_a_reopened_ticket_is_judged_anew_and_bills_only_what_is_new():
    """A paid repair, reopened: the work of the warranty of that repair is free, the first bill stands."""
    desk = Desk()
    desk.come_to(Stage.COVERED, answers={"cause": "misuse"})
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.AcceptQuote)
    desk.do(c.Dispatch)
    desk.do(c.Arrive)
    desk.do(c.Finish, lines=(work(100),))
    desk.do(c.BillService)
    desk.do(c.AcceptWork)
    desk.do(c.ReopenTicket, reason="again")
    assert desk.codes(c.GiveQuote, lines=(work(1),)) == ["aftersales.coverage-undecided"]
    desk.do(c.DecideCoverage, answers={"cause": "material"})
    desk.do(c.ApproveFree)
    desk.do(c.Dispatch)
    desk.do(c.Arrive)
    desk.do(c.Finish, lines=(work(70),))
    desk.do(c.AcceptWork)
    desk.do(c.RecordSurvey, scores=GOOD)
    desk.do(c.CloseTicket)
    assert [posting.amount for posting in desk.postings] == [cny(100)]


def test_the_clock_accepts_for_who_is_silent():
    """After seven days; before that it does not."""
    desk = Desk()
    desk.come_to(Stage.REPAIRED)
    desk.wait(days=6)
    assert desk.codes(c.DeemAccepted, by=CLOCK) == ["aftersales.not-silent-long-enough"]
    desk.wait(days=1)
    desk.do(c.DeemAccepted, by=CLOCK)
    assert desk.ticket().state is Stage.ACCEPTED
