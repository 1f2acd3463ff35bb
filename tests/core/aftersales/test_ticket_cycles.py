"""What a later cycle leaves as it was: breaches, invoices, who was billed, surveys, services, duties."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from desk_at_work import (
    CUSTOMER,
    FIRM,
    MONDAY,
    POLICY,
    THE_CUSTOMER,
    THE_ENGINEER,
    TICKET_ID,
    ZONE,
    Desk,
    case,
    command,
    policy,
    ticket,
)
from work_at_desk import cny, codes, verdict, work

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.complaints import commands as of_complaints
from servflow.core.aftersales.complaints.model import Attribution, Complaint, ComplaintState
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.duties_kept import kept
from servflow.core.aftersales.policy import Collection, Duty, Promise, ServicePolicy
from servflow.core.aftersales.reports.indicators import called_back, complained, served, surveyed
from servflow.core.aftersales.reports.retention import records_of
from servflow.core.aftersales.reports.samples import samples
from servflow.core.aftersales.tickets import billing, clockwork, ending
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.promising import owed_to
from servflow.core.aftersales.tickets.states import Channel, Stage
from servflow.core.aftersales.tickets.wakes import next_wake, wake
from servflow.core.aftersales.units import commands as of_units
from servflow.core.aftersales.units.guards import owed_to as owed_to_unit
from servflow.core.aftersales.units.model import Unit, unit_key
from servflow.core.aftersales.words import (
    Bearer,
    CollectionWay,
    Coverage,
    DutyKind,
    Event,
    PauseReason,
    TargetKind,
)
from servflow.core.clocks import parse_allowance
from servflow.core.dates import Period

SCORES = {"quality": 5, "attitude": 5}
ON_THE_SPOT = Collection(way=CollectionWay.ON_THE_SPOT)
ON_RETURN = Collection(way=CollectionWay.INVOICE_ON_RETURN)
CALL_BACK = Duty(
    kind=DutyKind.CALL_BACK, since=Event.FINISHED, offsets=(Period(days=1),), within=Period(days=2)
)


def repaired(rules: ServicePolicy | None = None, *, in_shop: bool = False) -> Desk:
    """A repair that the customer pays 100 for, done, not billed."""
    desk = Desk(rules or policy())
    desk.do(c.ReportFault, answers={"cause": "misuse"})
    desk.do(c.Triage)
    desk.do(c.DecideCoverage)
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.AcceptQuote)
    if in_shop:
        desk.do(c.TakeIn, items=("U-1",), condition={"U-1": "scratched"})
        desk.do(c.BeginInShop)
    else:
        desk.do(c.Dispatch)
        desk.do(c.Arrive, by=THE_ENGINEER)
    desk.do(c.Finish, by=THE_ENGINEER, lines=(work(100),))
    return desk


def end(desk: Desk) -> None:
    """Accepted, surveyed and closed."""
    desk.do(c.AcceptWork)
    desk.do(c.RecordSurvey, scores=SCORES)
    desk.do(c.CloseTicket)


def reopen(desk: Desk) -> None:
    """Reopened a day later."""
    desk.wait(days=1)
    desk.do(c.ReopenTicket, reason="again")


def done_free(desk: Desk) -> None:
    """Decided, planned and done once more, at no cost."""
    desk.do(c.DecideCoverage, answers={"cause": "material"})
    desk.do(c.ApproveFree)
    desk.do(c.Dispatch)
    desk.do(c.Arrive, by=THE_ENGINEER)
    desk.do(c.Finish, by=THE_ENGINEER)


def clock_runs(desk: Desk) -> None:
    """All that the clock says by now."""
    while (said := wake(desk.ticket(), desk.policy, desk.now)) is not None:
        desk.take(said)


def invoices(desk: Desk) -> list[tuple[str, str]]:
    """The invoices of the ticket, and how they stand."""
    papers = desk.ticket().papers.values()
    return [(paper.ref, paper.state.value) for paper in papers if paper.series is Series.INVOICE]


# --- clocks -----------------------------------------------------------------------------------------


def resolve(desk: Desk, now: datetime | None = None) -> list[tuple[str, str]]:
    """How the promise to resolve it is judged, and on which day it counts."""
    found = samples([desk.ticket()], desk.policy, now or desk.now)
    return [(each.judged.value, each.on.isoformat()) for each in found if each.kind == "resolve"]


def late(rules: ServicePolicy, **report: int) -> Desk:
    """A ticket whose eight hours are over, and whose breach is on record."""
    desk = Desk(rules)
    desk.do(c.ReportFault)
    desk.do(c.Triage, **report)
    desk.wait(days=2)
    clock_runs(desk)
    return desk


EIGHT_HOURS = parse_allowance("8 hours")
LEVEL = Question("level", ("1", "2", "3", "4"))
GRAVE = Promise(kind=TargetKind.RESOLVE, within=EIGHT_HOURS, when=When((("level", ("1", "2")),)))
USUAL = Promise(
    kind=TargetKind.RESOLVE, within=parse_allowance("30 days"), when=When((("level", ("3", "4")),))
)


def test_a_breach_keeps_its_day_under_another_target() -> None:
    """A lower severity gives more time, and moves a breach that is on record to no other day."""
    desk = late(policy(level=LEVEL, resolve=GRAVE, usual=USUAL), severity=2)
    assert resolve(desk) == [("breached", "2026-05-04")]
    desk.do(c.ChangeSeverity, severity=4, reason="it runs")
    assert resolve(desk) == [("breached", "2026-05-04")]


def test_a_breach_keeps_its_day_when_a_hold_is_entered_late() -> None:
    """One that began before it, and would have left the clock in time."""
    rule = Promise(kind=TargetKind.RESOLVE, within=EIGHT_HOURS, pauses=(PauseReason.WAITING_CUSTOMER,))
    desk = late(policy(resolve=rule))
    early = MONDAY + timedelta(hours=1)
    said = {"reason": PauseReason.WAITING_CUSTOMER, "until": desk.now + timedelta(days=9)}
    desk.do(c.PutOnHold, happened_at=early, recorded_at=desk.now, **said)
    desk.wait(hours=1)
    desk.do(c.ResumeWork, reason=PauseReason.WAITING_CUSTOMER)
    assert resolve(desk) == [("breached", "2026-05-04")]


def test_a_breach_stays_where_the_closing_is_dated_before_it() -> None:
    """What is entered late takes no verdict back that was recorded meanwhile."""
    desk = late(policy(resolve=Promise(kind=TargetKind.RESOLVE, within=EIGHT_HOURS)))
    (each,) = (it for it in desk.ticket().commitments.values() if it.kind is TargetKind.RESOLVE)
    run = each.run.stopped(MONDAY + timedelta(hours=2))
    early = MONDAY + timedelta(hours=3)
    desk.put(
        replace(
            desk.ticket(),
            state=Stage.CLOSED,
            closed_at=early,
            commitments={"resolve": replace(each, run=run)},
        )
    )
    assert resolve(desk) == [("missed", "2026-05-04")]
    assert resolve(desk, early) == [("not-due", "2026-05-04")]


def test_a_breach_stays_where_its_promise_falls_away() -> None:
    """It was broken while it held: it counts, and the service is delayed (AS-SLA-1)."""
    desk = late(policy(level=LEVEL, resolve=None, grave=GRAVE), severity=2)
    desk.do(c.ChangeSeverity, severity=4, reason="it runs")
    assert desk.ticket().commitments["resolve"].fell_away
    assert resolve(desk) == [("missed", "2026-05-04")]
    desk.put(replace(desk.ticket(), commitments={"resolve": desk.ticket().commitments["resolve"]}))
    assert clockwork.is_late(desk.ticket(), desk.policy.calendar)
    desk.put(replace(desk.ticket(), state=Stage.CANCELLED))
    assert resolve(desk) == [("void", "2026-05-04")]


def test_a_promise_that_falls_away_in_time_counts_for_nothing() -> None:
    """It was not late by then."""
    desk = Desk(policy(level=LEVEL, resolve=None, grave=GRAVE))
    desk.do(c.ReportFault)
    desk.do(c.Triage, severity=2)
    desk.do(c.ChangeSeverity, severity=4, reason="it runs")
    desk.wait(days=2)
    assert resolve(desk) == [("void", "2026-05-04")]


# --- money ------------------------------------------------------------------------------------------


def test_what_was_invoiced_before_is_not_invoiced_again() -> None:
    """The money for it that comes after it was reopened brings no second invoice."""
    desk = repaired()
    desk.do(c.BillService)
    end(desk)
    reopen(desk)
    done_free(desk)
    desk.do(c.CollectPayment, amount=cny(100))
    assert invoices(desk) == [("invoice/1", "filed")]


def test_what_had_no_invoice_before_is_invoiced_as_its_money_comes() -> None:
    """Collected on the spot, but only after it was reopened; and once."""
    desk = repaired(policy(collection=ON_THE_SPOT))
    desk.do(c.BillService)
    end(desk)
    assert invoices(desk) == []
    reopen(desk)
    assert desk.ticket().uninvoiced
    desk.do(c.CollectPayment, amount=cny(40))
    assert invoices(desk) == []
    desk.do(c.CollectPayment, amount=cny(60))
    assert invoices(desk) == [("invoice/1", "open")]
    assert not desk.ticket().uninvoiced


def test_an_item_goes_back_without_another_invoice_for_what_was_invoiced_before() -> None:
    """Only what was charged since then is invoiced as it goes back."""
    it = repaired(policy(collection=ON_RETURN), in_shop=True)
    it.do(c.BillService)
    now = it.ticket()
    again = replace(
        now, settled=billing.prices(now, "CNY").lines, settled_postings=len(now.posted), invoiced_on=None
    )
    back = case(again, command(c.ReturnUnit, items=("U-1",)), rules=it.policy)
    assert codes(billing.charges_settled(back)) == []
    back = case(replace(now, invoiced_on=None), command(c.ReturnUnit, items=("U-1",)), rules=it.policy)
    assert codes(billing.charges_settled(back)) == ["aftersales.not-invoiced-today"]


def test_an_invoice_on_the_spot_is_replaced_where_all_is_paid() -> None:
    """With the bill that makes it less: no money comes any more that it could follow (AS-FLOW-4)."""
    desk = repaired(policy(collection=ON_THE_SPOT))
    desk.put(replace(desk.ticket(), work=(work(60), work(40, item="travel"))))
    desk.do(c.BillService)
    desk.do(c.CollectPayment, amount=cny(100))
    assert invoices(desk) == [("invoice/1", "open")]
    desk.put(replace(desk.ticket(), work=(work(60),)))
    desk.do(c.BillService)
    assert invoices(desk) == [("invoice/1", "void"), ("invoice/2", "open")]
    assert desk.ticket().invoiced_on == MONDAY.date()


def declined(rules: ServicePolicy) -> Desk:
    """A quote that the customer did not take, with 30 for the inspection."""
    desk = Desk(rules)
    desk.do(c.ReportFault, answers={"cause": "misuse"})
    desk.do(c.Triage)
    desk.do(c.DecideCoverage)
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.DeclineQuote, fee=cny(30))
    return desk


@pytest.mark.clause("AS-FLOW-4")
@pytest.mark.parametrize("collected", [Collection(way=CollectionWay.INVOICE_SAME_DAY), None])
def test_a_declined_service_is_closed_once_its_inspection_is_invoiced(collected: Collection | None) -> None:
    """As the firm collects, or at once where no rule says how (AS-FLOW-4)."""
    desk = declined(policy(collection=collected))
    (reason,) = desk.refusals(c.CloseTicket)
    assert (reason.code, reason.facts) == ("aftersales.inspection-not-invoiced", (("amount", cny(30)),))
    desk.do(c.BillService)
    assert invoices(desk) == [("invoice/1", "open")]
    desk.do(c.CloseTicket)


def test_an_inspection_on_the_spot_is_invoiced_with_its_money() -> None:
    """So the ticket may be closed before; where it is not known how it is collected, it is said why not."""
    desk = declined(policy(collection=ON_THE_SPOT))
    desk.do(c.CloseTicket)
    desk.do(c.CollectPayment, amount=cny(30))
    assert [ref for ref, _ in invoices(desk)] == ["invoice/1"]
    contract = Question("contract", ("yes", "no"))
    asked = Collection(way=CollectionWay.ON_THE_SPOT, when=When((("contract", ("yes",)),)))
    desk = declined(policy(contract=contract, collection=asked))
    assert desk.codes(c.CloseTicket) == ["aftersales.asked"]


def test_billing_again_leaves_an_invoice_whose_item_is_gone() -> None:
    """Another day alone changes nothing, where nothing goes back any more; before that it does."""
    desk = repaired(policy(collection=ON_RETURN), in_shop=True)
    desk.do(c.BillService)
    desk.wait(days=1)
    desk.do(c.BillService)
    assert invoices(desk) == [("invoice/1", "void"), ("invoice/2", "open")]
    receipts = tuple(ref for ref in desk.ticket().papers if ref.startswith("receipt/"))
    desk.do(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": receipts})
    desk.wait(days=3)
    assert desk.do(c.BillService).postings == ()
    assert invoices(desk) == [("invoice/1", "void"), ("invoice/2", "open")]


def test_another_dealer_may_pay_for_the_next_cycle() -> None:
    """Who is billed as what holds for a cycle; what was posted before stays his who was billed (AS-WARR-4)."""
    desk = repaired()
    pays = verdict(Coverage.PAID, Bearer.DEALER)
    desk.put(replace(desk.ticket(), verdict=pays))
    desk.do(c.BillService, parties={"dealer": "D-1"})
    end(desk)
    reopen(desk)
    again = replace(desk.ticket(), verdict=pays, state=Stage.REPAIRED, finished_at=desk.now)
    desk.put(replace(again, work=(*again.work, work(70))))
    assert desk.codes(c.CollectPayment, amount=cny(100), payer="D-1") == []
    assert desk.codes(c.BillService) == ["aftersales.bearer-unnamed"]
    (posting,) = desk.do(c.BillService, parties={"dealer": "D-2"}).postings
    assert (posting.debit.owner, posting.amount, posting.key) == ("D-2", cny(70), "T-1/service-dealer/2")
    assert desk.codes(c.BillService, parties={"dealer": "D-3"}) == ["aftersales.billed-to-another"]


# --- a silent customer ------------------------------------------------------------------------------


def test_silence_counts_from_the_settlement_of_a_complaint() -> None:
    """He was not silent before, and is not taken to have accepted meanwhile."""
    desk = Desk()
    desk.come_to(Stage.REPAIRED)
    told = {
        "firm": FIRM,
        "customer": CUSTOMER,
        "channel": Channel.HOTLINE,
        "what": "bad",
        "ticket": TICKET_ID,
    }
    desk.do(of_complaints.FileComplaint, case="C-1", by=THE_CUSTOMER, **told)
    assert ending.silent_until(desk.ticket(), POLICY.on(MONDAY.date())) is None
    desk.wait(days=20)
    noted = command(c.NoteComplaint, complaint="C-1", open=False, happened_at=desk.now)
    desk.put(ending.note_complaint(case(desk.ticket(), noted)).it)
    assert desk.codes(c.DeemAccepted) == ["aftersales.not-silent-long-enough"]
    assert ending.silent_until(desk.ticket(), POLICY.on(MONDAY.date())) == desk.now + timedelta(days=7)


def test_silence_counts_from_the_end_of_a_hold() -> None:
    """While the service stands still nobody has to say anything, and the clock does not speak for him."""
    desk = Desk()
    desk.come_to(Stage.REPAIRED)
    desk.do(c.PutOnHold, reason=PauseReason.WAITING_CUSTOMER, remind_on=date(2026, 7, 1))
    desk.wait(days=30)
    clock_runs(desk)
    assert desk.ticket().state is Stage.REPAIRED
    assert desk.codes(c.DeemAccepted) == ["aftersales.held"]
    desk.do(c.ResumeWork, reason=PauseReason.WAITING_CUSTOMER)
    assert desk.codes(c.DeemAccepted) == ["aftersales.not-silent-long-enough"]
    assert next_wake(desk.ticket(), desk.policy) == desk.now + timedelta(days=7)


# --- what stays counted -----------------------------------------------------------------------------


def test_an_earlier_survey_stays_counted() -> None:
    """Beside the answer that came after it was reopened; a record of each is kept."""
    desk = Desk()
    desk.come_to(Stage.ACCEPTED)
    desk.do(c.RecordSurvey, scores={"quality": 3, "attitude": 5})
    desk.do(c.CloseTicket)
    reopen(desk)
    done_free(desk)
    end(desk)
    assert [(each.on, each.numerator) for each in surveyed([desk.ticket()])] == [
        (date(2026, 5, 4), 0),
        (date(2026, 5, 5), 1),
    ]
    kept_of = [each.ref for each in records_of([desk.ticket()], ZONE, service="s", call_back="c")]
    assert kept_of == ["T-1", "T-1/call-back/1", "T-1/call-back/2"]


def services(desk: Desk) -> list[tuple[str, str, int, int]]:
    """What the ticket adds to the services that were finished."""
    found = served([desk.ticket()], ZONE)
    return [(each.measure.value, str(each.on), each.numerator, each.denominator) for each in found]


def test_a_service_that_was_done_stays_one_when_it_is_reopened() -> None:
    """On its day, whatever comes of the rest; what is done then is one more, done again."""
    desk = Desk()
    desk.come_to(Stage.CLOSED)
    first = [("complaints", "2026-05-04", 0, 1), ("repeats", "2026-05-04", 0, 1)]
    assert services(desk) == first
    reopen(desk)
    assert services(desk) == first
    desk.put(replace(desk.ticket(), state=Stage.CANCELLED))
    assert services(desk) == first
    desk.put(replace(desk.ticket(), state=Stage.TRIAGED))
    done_free(desk)
    assert services(desk) == [*first, ("complaints", "2026-05-05", 0, 1), ("repeats", "2026-05-05", 1, 1)]
    end(desk)
    reopen(desk)
    assert [end.again for end in desk.ticket().earlier_ends] == [False, True]


def test_a_declined_service_was_not_done() -> None:
    """It is reopened all the same, and is none that was finished."""
    desk = declined(policy(collection=ON_THE_SPOT))
    desk.do(c.CloseTicket)
    reopen(desk)
    assert desk.ticket().earlier_ends == ()


def call_backs(desk: Desk) -> list[tuple[str, int, int]]:
    """The call-backs of the ticket that count."""
    it = desk.ticket()
    found = called_back(kept(owed_to(it, desk.policy), it.duties, desk.policy.day(desk.now)))
    return [(str(each.on), each.numerator, each.denominator) for each in found]


def test_a_call_back_that_was_overdue_stays_so_when_it_is_reopened() -> None:
    """One that could still be done in time is owed for the next end instead."""
    desk = Desk(policy(called=CALL_BACK))
    desk.come_to(Stage.CLOSED)
    desk.wait(days=10)
    assert call_backs(desk) == [("2026-05-07", 0, 1)]
    reopen(desk)
    assert call_backs(desk) == [("2026-05-07", 0, 1)]
    soon = Desk(policy(called=CALL_BACK))
    soon.come_to(Stage.CLOSED)
    reopen(soon)
    soon.wait(days=10)
    assert call_backs(soon) == []
    done_free(soon)
    soon.wait(days=10)
    assert call_backs(soon) == [("2026-05-18", 0, 1)]


# --- what ends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [c.CancelTicket, c.RejectTicket])
def test_duties_end_with_the_service(kind: type[c.CancelTicket | c.RejectTicket]) -> None:
    """What could still be done by then is not owed any more; what was overdue stays."""
    rule = replace(CALL_BACK, since=Event.REPORTED)
    for waited, expected in ((0, []), (4, [("2026-05-07", 0, 1)])):
        desk = Desk(policy(called=rule))
        desk.come_to(Stage.TRIAGED)
        desk.wait(days=waited)
        desk.do(kind)
        desk.wait(days=10)
        assert call_backs(desk) == expected


def test_duties_end_with_the_unit() -> None:
    """What is retired is owed nothing from that day on."""
    rule = Duty(kind=DutyKind.CALL_BACK, since=Event.SOLD, every=Period(months=1), within=Period(days=7))
    rules = policy(called=rule)
    desk = Desk(rules)
    sold = {"sold": MONDAY.date()}
    desk.do(of_units.RegisterUnit, case="U-1", firm=FIRM, customer=CUSTOMER, product="p", dates=sold)
    desk.wait(days=45)
    desk.do(of_units.RetireUnit, case="U-1")
    desk.wait(days=150)
    unit = desk.aggregates[unit_key("U-1")]
    assert isinstance(unit, Unit)
    owed = owed_to_unit(unit, rules)
    assert owed is not None
    found = called_back(kept(owed, unit.duties, desk.now.date()))
    assert [each.on for each in found] == [date(2026, 6, 11)]


@pytest.mark.clause("AS-QA-1")
def test_a_complaint_about_the_firms_own_work_is_in_neither_number() -> None:
    """Class D is no service to a customer: neither it nor what is said of it counts (AS-QA-1)."""
    own = ticket(Stage.CLOSED, id="T-9", internal=True, finished_at=MONDAY)
    usual = ticket(Stage.CLOSED, finished_at=MONDAY)
    found = [
        Complaint(
            id=f"C-{about}",
            state=ComplaintState.SETTLED,
            firm=FIRM,
            customer=CUSTOMER,
            filed_at=MONDAY,
            channel=Channel.HOTLINE,
            what="bad",
            ticket=about,
            attribution=Attribution.SERVICE,
        )
        for about in ("T-1", "T-9")
    ]
    assert [each.of for each in complained(found, [own, usual], ZONE)] == ["T-1"]
    assert {each.of for each in served([own, usual], ZONE)} == {"T-1"}
