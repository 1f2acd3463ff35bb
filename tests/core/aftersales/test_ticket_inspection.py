"""Inspection first: the cause is found on the spot or in the shop, then it is decided who pays, and agreed to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from desk_at_work import (
    DESK,
    ENGINEER,
    FIRM,
    MONDAY,
    SUPERVISOR,
    THE_ENGINEER,
    Desk,
    case,
    command,
    lifecycles,
    policy,
    staff,
    ticket,
)
from work_at_desk import accepted, cited, cny, codes, extra, quote, verdict, work

from servflow.core.aftersales.circumstances import When
from servflow.core.aftersales.policy import Checklist, ServicePolicy
from servflow.core.aftersales.technicians.commands import FreeVisit
from servflow.core.aftersales.technicians.model import Booking, Technician, TechnicianState
from servflow.core.aftersales.tickets import billing, intake, visiting, working
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.messages import BILLED, JOB, JOB_OFF, LAPSED
from servflow.core.aftersales.tickets.model import Ticket, Visit
from servflow.core.aftersales.tickets.reading import reads
from servflow.core.aftersales.tickets.states import Outcome, Route, Stage, VisitState
from servflow.core.aftersales.tickets.wakes import next_wake, wake
from servflow.core.aftersales.words import Bearer, Coverage
from servflow.core.changes import Command
from servflow.core.errors import Refused

b: Any = billing
i: Any = intake
v: Any = visiting
w: Any = working
S = Stage
PAID: dict[str, Any] = {"answers": {"cause": "misuse"}}
PLANNER = staff("planner", "coordinator")
QUALITY = staff("judge", "quality")
BACK: dict[str, Any] = {"reason": "it needs a crane"}
TO_SHOP: dict[str, Any] = {"route": Route.SHOP, "reason": "no tools here"}
ON_SITE: dict[str, Any] = {"route": Route.ON_SITE, "reason": "another day"}


def inspected(rules: ServicePolicy | None = None, **report: Any) -> Desk:
    """An engineer is at the customer's to find the cause; nothing is decided."""
    desk = Desk() if rules is None else Desk(rules)
    desk.come_to(S.TRIAGED, **report)
    desk.do(c.Dispatch, inspection=True)
    desk.do(c.Arrive, by=THE_ENGINEER)
    return desk


def in_shop(**report: Any) -> Desk:
    """The unit is in the shop, and its cause is being looked for there; nothing is decided."""
    desk = Desk()
    desk.come_to(S.TRIAGED, **report)
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.BeginInShop, inspection=True, by=THE_ENGINEER)
    return desk


def quoted(desk: Desk, *lines: Any) -> Desk:
    """It is decided that the customer pays, and he is quoted on the spot."""
    if desk.ticket().verdict is None:
        desk.do(c.DecideCoverage, by=QUALITY)
    desk.do(c.GiveQuote, lines=lines or (work(),), by=THE_ENGINEER)
    return desk


def booked() -> Technician:
    """The engineer's record, with the visit in his agenda."""
    booking = Booking(ticket="T-1", visit=1)
    return Technician(
        id=ENGINEER, state=TechnicianState.ACTIVE, version=1, firm=FIRM, agenda={"T-1": booking}
    )


# --- who is sent, and who begins -----------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-12")
@pytest.mark.parametrize("stage", [S.TRIAGED, S.COVERED])
def test_somebody_is_sent_to_find_the_cause_before_who_pays_is_known(stage: Stage) -> None:
    """The engineer hears that it is an inspection; for anything else it is approved first."""
    desk = Desk()
    desk.come_to(stage, **PAID)

    assert desk.codes(c.Dispatch) == ["aftersales.not-approved"]
    told = desk.do(c.Dispatch, inspection=True).messages
    it = desk.ticket()
    assert (it.state, it.visit and it.visit.inspection) == (S.DISPATCHED, True)
    assert [(each.kind, dict(each.facts)["inspection"]) for each in told] == [(JOB, True)]


@pytest.mark.clause("AS-FLOW-5")
@pytest.mark.parametrize("stage", [S.TRIAGED, S.COVERED])
def test_the_cause_is_found_in_the_shop_before_who_pays_is_known(stage: Stage) -> None:
    """As soon as the item is there; for anything else it is approved first."""
    desk = Desk()
    desk.come_to(stage, **PAID)

    assert desk.codes(c.BeginInShop, inspection=True) == ["aftersales.nothing-in-shop"]
    desk.do(c.TakeIn, items=("U-1",))
    assert desk.codes(c.BeginInShop) == ["aftersales.not-approved"]
    desk.do(c.BeginInShop, inspection=True, by=THE_ENGINEER)
    it = desk.ticket()
    assert (it.state, it.visit and it.visit.inspection) == (S.IN_SHOP, True)


@pytest.mark.parametrize("kind", [c.Dispatch, c.BeginInShop])
def test_nobody_inspects_what_is_not_triaged_or_is_quoted(kind: type[Command]) -> None:
    """A quote that is out is answered first."""
    desk = Desk()
    desk.come_to(S.REPORTED, **PAID)
    assert desk.codes(kind, inspection=True) == ["aftersales.not-approved"]
    desk.do(c.Triage)
    desk.do(c.DecideCoverage)
    desk.do(c.GiveQuote, lines=(work(),))
    assert desk.codes(kind, inspection=True) == ["aftersales.not-approved"]


def test_a_visit_that_was_approved_is_no_inspection() -> None:
    """It says so only where it is one."""
    desk = Desk()
    desk.come_to(S.DISPATCHED)
    visit = desk.ticket().visit

    assert visit is not None
    assert not visit.inspection
    assert all("inspection" not in dict(each.facts) for each in desk.messages)


# --- who pays is decided there -------------------------------------------------------------------------------


def test_who_pays_is_decided_where_the_cause_is_found() -> None:
    """Once, while the engineer is under way or there; after that the decision is revised."""
    desk = Desk()
    desk.come_to(S.TRIAGED)
    desk.do(c.Dispatch, inspection=True)
    assert desk.codes(c.DecideCoverage, by=THE_ENGINEER) == ["lifecycle.not-yours"]
    desk.do(c.DecideCoverage, by=QUALITY)

    it = desk.ticket()
    assert (it.state, it.verdict and it.verdict.coverage) == (S.DISPATCHED, Coverage.FREE)
    (again,) = desk.refusals(c.DecideCoverage, by=QUALITY)
    assert (again.code, again.facts) == ("aftersales.coverage-decided", (("coverage", "free"),))
    desk.do(c.ReviseCoverage, answers={"cause": "misuse"})
    assert len(desk.ticket().earlier_verdicts) == 1


def test_what_is_free_is_repaired_as_soon_as_that_is_decided() -> None:
    """Not before: who pays is decided before it is done (AS-WARR-5)."""
    desk = inspected()
    finish = {"by": THE_ENGINEER, "lines": (work(),)}
    assert set(desk.codes(c.Finish, **finish)) == {"aftersales.coverage-undecided"}
    assert desk.codes(c.Finish, by=THE_ENGINEER) == ["aftersales.coverage-undecided"]

    desk.do(c.DecideCoverage, by=QUALITY)
    desk.do(c.Finish, **finish)
    assert desk.ticket().state is S.REPAIRED


@pytest.mark.clause("AS-FLOW-12")
def test_what_the_rulebook_asks_for_before_a_repair_is_there_before_it_is_done() -> None:
    """Also of what nobody had to approve; what was shown at the approval counts."""
    agreement = policy(agreement=Checklist(step="repair", items=("signed repair agreement",)))
    desk = inspected(agreement)
    desk.do(c.DecideCoverage, by=QUALITY)
    (reason,) = desk.refusals(c.Finish, by=THE_ENGINEER)
    assert (reason.code, reason.clause and reason.clause.id) == ("aftersales.lacking", "X-agreement")
    desk.do(c.Finish, by=THE_ENGINEER, shown={"signed repair agreement": ("paper-1",)})

    approved = Desk(agreement)
    approved.come_to(S.COVERED)
    approved.do(c.ApproveFree, shown={"signed repair agreement": ("paper-1",)})
    approved.do(c.Dispatch)
    approved.do(c.Arrive, by=THE_ENGINEER)
    assert approved.codes(c.Finish, by=THE_ENGINEER) == []


# --- the customer is quoted there ----------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-12")
@pytest.mark.parametrize("begin", [inspected, in_shop])
def test_the_customer_is_quoted_and_agrees_before_the_repair(begin: Any) -> None:
    """Where the engineer is: nothing is done while the quote is out, all of it afterwards."""
    desk = begin(**PAID)
    place = desk.ticket().state
    desk.do(c.DecideCoverage, by=QUALITY)
    assert desk.codes(c.Finish, by=THE_ENGINEER) == ["aftersales.agreement-first"] * 3
    assert desk.codes(c.AddWork, by=THE_ENGINEER, lines=(work(),)) == ["aftersales.agreement-first"]

    quoted(desk)
    assert desk.codes(c.Finish, by=THE_ENGINEER) == ["aftersales.quote-unanswered"]
    desk.do(c.AcceptQuote)
    it = desk.ticket()
    assert (it.state, it.open_quote, it.agreed) == (place, None, it.quote)
    desk.do(c.Finish, by=THE_ENGINEER, lines=(work(),))
    assert desk.ticket().state is S.REPAIRED


def test_whoever_answers_the_telephone_names_no_price_there_either() -> None:
    """Nor does a rulebook's barred post; the engineer does on his own visit only (AS-FLOW-31)."""
    desk = inspected(**PAID)
    lines = (work(),)
    assert desk.codes(c.GiveQuote, lines=lines) == ["aftersales.coverage-undecided"]
    desk.do(c.DecideCoverage, by=QUALITY)

    assert desk.codes(c.GiveQuote, lines=lines, by=DESK) == ["aftersales.quoting-not-theirs"]
    another = staff("another", "engineer")
    assert desk.codes(c.GiveQuote, lines=lines, by=another) == ["aftersales.anothers-visit"]
    assert desk.codes(c.GiveQuote, lines=lines, by=PLANNER) == []


@pytest.mark.parametrize("kind", [c.AcceptQuote, c.DeclineQuote, c.LapseQuote])
def test_no_quote_is_answered_that_was_not_given(kind: type[Command]) -> None:
    """At work there may be none."""
    desk = inspected(**PAID)
    (reason,) = desk.refusals(kind)
    assert (reason.code, str(reason.clause)) == ("aftersales.no-quote", "AS-WARR-2")


def test_a_quote_is_answered_once_at_work_as_anywhere() -> None:
    """What was accepted is not declined."""
    desk = quoted(inspected(**PAID))
    desk.do(c.AcceptQuote)
    assert desk.codes(c.DeclineQuote) == ["quote.answered"]
    assert desk.codes(c.LapseQuote, by=PLANNER) == ["aftersales.quote-not-lapsed"]


def test_a_declined_quote_ends_the_visit_and_costs_the_inspection() -> None:
    """The engineer is free and told; nothing goes on."""
    desk = quoted(inspected(**PAID))
    desk.put(booked())
    told = desk.do(c.DeclineQuote, fee=cny(50)).messages

    it = desk.ticket()
    assert (it.state, it.visit and it.visit.state) == (S.DECLINED, VisitState.DONE)
    assert [(each.kind, each.to) for each in told] == [(JOB_OFF, ENGINEER), (BILLED, it.customer)]
    record = desk.aggregates[booked().key]
    assert isinstance(record, Technician)
    assert record.agenda == {}
    assert b.outstanding(it, it.customer, "CNY") == cny(50)


def test_a_unit_in_the_shop_goes_back_after_a_declined_quote() -> None:
    """Nothing is closed before."""
    desk = quoted(in_shop(**PAID))
    desk.do(c.DeclineQuote)
    assert "aftersales.item-not-back" in desk.codes(c.CloseTicket)
    desk.do(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": ("receipt/1",)})
    desk.do(c.CloseTicket)
    assert desk.ticket().state is S.CLOSED


@pytest.mark.parametrize("begin", [inspected, in_shop])
def test_a_quote_that_nobody_answers_at_work_lapses_by_the_clock(begin: Any) -> None:
    """The instant after its last one; the visit ends with it."""
    desk = quoted(begin(**PAID))
    it = desk.ticket()
    assert it.quote is not None
    desk.put(replace(it, commitments={}))
    lapses = it.quote.valid_until + timedelta(microseconds=1)
    assert next_wake(desk.ticket(), desk.policy) == lapses
    said = wake(desk.ticket(), desk.policy, lapses)
    assert isinstance(said, c.LapseQuote)
    told = desk.take(said).messages

    it = desk.ticket()
    assert (it.state, it.visit and it.visit.state) == (S.DECLINED, VisitState.DONE)
    assert [each.kind for each in told] == [JOB_OFF, LAPSED]
    assert it.open_quote is None
    assert next_wake(replace(it, commitments={}), desk.policy) is None


def test_an_accepted_quote_at_work_does_not_lapse() -> None:
    """The clock has nothing to say of it."""
    desk = quoted(inspected(**PAID))
    desk.do(c.AcceptQuote)
    assert next_wake(replace(desk.ticket(), commitments={}), desk.policy) is None


def test_nobody_is_told_off_where_nobody_is_at_work() -> None:
    """A quote that is declined at the desk, or after a visit was over."""
    it = quote(ticket(S.QUOTED, verdict=verdict()), work())
    for visits in ({}, {"1": Visit(number=1, engineer="e", route=Route.SHOP, state=VisitState.DONE)}):
        made = b.decline_quote(case(replace(it, visits=visits), command(c.DeclineQuote)))
        assert (made.messages, made.commands, made.it.visits) == ((), (), visits)


def test_whose_appointment_ends_with_a_quote_is_read_with_it() -> None:
    """His agenda is changed in the same change."""
    it = quote(ticket(S.ON_SITE, verdict=verdict()), work())
    it = replace(it, visits={"1": Visit(number=1, engineer=ENGINEER, route=Route.ON_SITE)})
    for kind in (c.DeclineQuote, c.LapseQuote):
        assert booked().key in reads(it, command(kind))
    made = b.lapse_quote(case(it, command(c.LapseQuote), others=[booked()]))
    assert [type(each) for each in made.commands] == [FreeVisit]


# --- more is found ------------------------------------------------------------------------------------------


def test_more_is_found_and_quoted_anew() -> None:
    """Until he accepts it, the quote before it bounds what is done; then the new one does."""
    desk = quoted(inspected(**PAID))
    desk.do(c.AcceptQuote)
    first = desk.ticket().quote
    quoted(desk, work(), work(200, item="shaft"))

    it = desk.ticket()
    assert (it.agreed, it.open_quote, it.earlier_quotes) == (first, it.quote, (first,))
    desk.do(c.AddWork, by=THE_ENGINEER, lines=(work(),))
    more = (work(200, item="shaft"),)
    assert desk.codes(c.AddWork, by=THE_ENGINEER, lines=more) == ["quote.exceeded"]
    desk.do(c.AcceptQuote)
    assert desk.ticket().agreed == desk.ticket().quote
    desk.do(c.Finish, by=THE_ENGINEER, lines=more)
    assert b.customers_share(b.prices(desk.ticket(), "CNY")) == cny(300)


def test_what_was_agreed_before_is_billed_where_more_is_declined() -> None:
    """And before anything goes back or is closed (AS-FLOW-4)."""
    desk = quoted(inspected(**PAID))
    desk.do(c.AcceptQuote)
    desk.do(c.AddWork, by=THE_ENGINEER, lines=(work(),))
    quoted(desk, work(), work(200, item="shaft"))
    quoted(desk, work(), work(150, item="shaft"))
    desk.do(c.DeclineQuote)

    assert desk.codes(c.CloseTicket) == ["aftersales.unbilled"]
    back = case(desk.ticket(), command(c.ReturnUnit, items=("U-1",)))
    assert codes(b.charges_settled(back)) == ["aftersales.unbilled"]
    desk.do(c.BillService)
    assert b.outstanding(desk.ticket(), "customer", "CNY") == cny(100)
    desk.do(c.CloseTicket)


def test_what_is_done_again_is_quoted_only_for_what_is_asked_for_besides() -> None:
    """The rest costs him nothing, and needs no approval."""
    it = ticket(S.ON_SITE, verdict=verdict(), rework=True, reworks=1)
    again = command(c.GiveQuote, lines=(work(),))
    assert codes(b.somebody_pays(case(it, again))) == ["aftersales.nothing-to-quote"]
    besides = quote(it, work(), extra())
    assert besides.quote is not None
    assert b.customers_share(besides.quote.prices) == cny(30)
    assert [each.rework for each in besides.quoted] == [True, True]
    assert codes(b.nothing_to_pay(case(it, command(c.ApproveFree)))) == []


def test_a_reopened_service_is_agreed_to_anew() -> None:
    """Neither quote that was accepted before bounds it."""
    it = replace(accepted(ticket(S.ON_SITE, verdict=verdict()), work()), outcome=Outcome.REPAIRED)
    it = replace(accepted(it, work(50)), state=S.CLOSED, finished_at=MONDAY, closed_at=MONDAY)
    assert it.agreed_before is not None
    again = working_on(it, c.ReopenTicket, reason="again")
    assert (again.agreed, again.agreed_before, len(again.earlier_quotes)) == (None, None, 2)


def working_on(it: Ticket, kind: type[Command], **said: Any) -> Ticket:
    """What the effect of the table makes of a ticket made by hand."""
    rows = next(iter(lifecycles().of(kind).cell(it.state, kind).values()))
    assert rows[0].does is not None
    made = rows[0].does(case(it, command(kind, **said))).it
    assert isinstance(made, Ticket)
    return made


# --- back to where it stands otherwise ------------------------------------------------------------------------


def stands(desk: Desk) -> Stage:
    stage: Stage = desk.ticket().state
    return stage


def test_an_inspection_that_is_given_back_stands_where_it_stood() -> None:
    """It is not decided who pays; or he has still to agree; or the work may be planned."""
    undecided = Desk()
    undecided.come_to(S.TRIAGED)
    undecided.do(c.Dispatch, inspection=True)
    undecided.do(c.MoveAppointment, **BACK)
    assert stands(undecided) is S.TRIAGED

    pays = Desk()
    pays.come_to(S.COVERED, **PAID)
    pays.do(c.Dispatch, inspection=True)
    pays.do(c.MoveAppointment, **BACK)
    assert stands(pays) is S.COVERED

    free = Desk()
    free.come_to(S.DISPATCHED)
    free.do(c.MoveAppointment, **BACK)
    assert stands(free) is S.APPROVED


def test_another_way_leads_to_where_it_stands() -> None:
    """Also while a quote is out, and once it is accepted."""
    desk = inspected(**PAID)
    desk.do(c.SwitchRoute, **TO_SHOP)
    assert stands(desk) is S.TRIAGED

    desk = inspected(**PAID)
    desk.do(c.DecideCoverage, by=QUALITY)
    desk.do(c.SwitchRoute, **TO_SHOP)
    assert stands(desk) is S.COVERED

    desk = quoted(inspected(**PAID))
    desk.do(c.SwitchRoute, **TO_SHOP)
    assert stands(desk) is S.QUOTED
    desk.do(c.AcceptQuote)
    assert stands(desk) is S.APPROVED

    desk = quoted(inspected(**PAID))
    desk.do(c.AcceptQuote)
    desk.do(c.SwitchRoute, **ON_SITE)
    assert stands(desk) is S.APPROVED

    desk = inspected()
    desk.do(c.DecideCoverage, by=QUALITY)
    desk.do(c.SwitchRoute, **TO_SHOP)
    assert stands(desk) is S.APPROVED


def test_a_repair_agreement_that_is_shown_is_an_agreement() -> None:
    """As a quote that was accepted is one, and what is done again needs none."""
    it = ticket(S.ON_SITE, verdict=verdict())
    said = command(c.SwitchRoute, **TO_SHOP)
    assert b.to_be_agreed(case(it, said))
    for agreed in (
        replace(it, shown={"repair-agreement": ("paper-1",)}),
        accepted(it, work()),
        quote(accepted(it, work()), work(50)),
        replace(it, rework=True, reworks=1),
        replace(it, verdict=verdict(Coverage.FREE, Bearer.FIRM)),
        replace(it, verdict=None),
    ):
        assert not b.to_be_agreed(case(agreed, said))


def test_what_cannot_be_repaired_is_decided_before_anything_is_given_for_it() -> None:
    """It goes back to the triage where it is not decided who pays; a quote that is out is behind."""
    desk = inspected()
    desk.do(c.FindUnrepairable, by=THE_ENGINEER)
    assert (stands(desk), desk.ticket().unrepairable) == (S.TRIAGED, "report-1")
    desk.do(c.DecideCoverage)
    desk.do(c.ReturnUnrepaired)
    assert stands(desk) is S.REPAIRED

    desk = quoted(inspected(**PAID))
    given = desk.ticket().quote
    desk.do(c.FindUnrepairable, by=THE_ENGINEER)
    it = desk.ticket()
    assert (it.state, it.quote, it.quoted, it.earlier_quotes) == (S.COVERED, None, (), (given,))


# --- nothing is finished before he agreed ----------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-12")
def test_what_the_verdict_has_him_pay_he_agrees_to_though_nothing_is_written_down() -> None:
    """But for an inspection that finds no fault, and where the firm gives no quotes."""
    it = ticket(S.ON_SITE, verdict=verdict(labour=Coverage.FREE))
    found = list(w.agreement_first(case(it, command(c.Finish))))
    assert cited(found) == [("aftersales.agreement-first", "AS-FLOW-12")] * 2
    assert [dict(each.facts)["charge"] for each in found] == ["parts", "travel"]
    fine = command(c.Finish, outcome=Outcome.NO_FAULT_FOUND)
    assert codes(w.agreement_first(case(it, fine))) == []
    assert codes(w.agreement_first(case(it, command(c.Finish), rules=policy(quote=None)))) == []


def test_a_repair_list_that_hangs_on_who_pays_is_asked_by_the_last_verdict() -> None:
    """Where it was approved as free, and is paid after all."""
    rules = policy(
        agreement=Checklist(step="repair", items=("signature",), when=When((("coverage", ("paid",)),)))
    )
    it = ticket(S.ON_SITE, verdict=verdict(), shown={"repair-agreement": ("paper-1",)})
    assert codes(w.agreement_first(case(it, command(c.Finish), rules=rules))) == ["aftersales.lacking"]
    free = replace(it, verdict=verdict(Coverage.FREE, Bearer.FIRM))
    assert codes(w.agreement_first(case(free, command(c.Finish), rules=rules))) == []


def test_an_inspection_refused_leaves_no_trace() -> None:
    """As anything that is refused."""
    desk = Desk()
    desk.come_to(S.TRIAGED)
    before = desk.ticket()
    with pytest.raises(Refused):
        desk.do(c.Dispatch, by=SUPERVISOR)
    assert desk.ticket() == before
