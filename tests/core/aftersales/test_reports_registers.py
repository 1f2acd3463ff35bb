"""Reports: daily, weekly and monthly ones, registers, the complaint ledger, recurring problems, retention."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_at_work import POLICY, ZONE, Desk

from servflow.core.aftersales.complaints.model import Attribution, Complaint, ComplaintState
from servflow.core.aftersales.costs import Billing, WorkLine
from servflow.core.aftersales.desk_rules import Every, Recurring, Reporting, Series
from servflow.core.aftersales.policy import Named, Retention, ServiceRules
from servflow.core.aftersales.reports.complaint_ledger import ledger
from servflow.core.aftersales.reports.export import row, rows
from servflow.core.aftersales.reports.periods import period
from servflow.core.aftersales.reports.recurring import FaultCause, FaultSeen, faults, recurring
from servflow.core.aftersales.reports.registers import (
    calls_and_letters,
    compiled,
    costs,
    dispatches,
    monthly,
    weekly,
)
from servflow.core.aftersales.reports.retention import RecordMade, records_of, retained
from servflow.core.aftersales.reports.samples import Judged, samples
from servflow.core.aftersales.reports.work import SupervisorReport, daily, supervised
from servflow.core.aftersales.tickets.model import Call, Help, Paper, SurveyAnswer, Ticket, Visit, Work
from servflow.core.aftersales.tickets.states import (
    Channel,
    Outcome,
    PaperState,
    Route,
    ServiceKind,
    Stage,
    VisitState,
)
from servflow.core.aftersales.warranty import Ruling, Verdict
from servflow.core.aftersales.words import Bearer, ChargeClass, Coverage
from servflow.core.citations import Clause
from servflow.core.dates import Period, Term, day_of
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import Facts, Flat, evaluate
from servflow.core.ledger import Account, AccountKind, Posting, reversal
from servflow.core.money import Money
from servflow.core.worktime import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLAUSE = Clause("AS-QA-6", "2(2)")
MAY = Term(date(2026, 5, 1), date(2026, 6, 1))
DAY = date(2026, 5, 4)
YEAR = Period(months=12)


def at(day: int, hour: int = 9, *, month: int = 5) -> datetime:
    """An instant of 2026, in Shanghai."""
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def ticket(id: str = "T1", coverage: Coverage | None = None, **said) -> Ticket:
    """A ticket that was reported on 4 May at nine; with a verdict, if there is a coverage."""
    usual: dict[str, Any] = {
        "state": Stage.TRIAGED,
        "firm": "firm",
        "customer": "customer",
        "reported_at": at(4),
        "channel": Channel.HOTLINE,
        "service": ServiceKind.REPAIR,
        "symptom": "no light",
        "verdict": None if coverage is None else verdict(coverage),
    }
    return Ticket(id=id, **{**usual, **said})


def verdict(coverage: Coverage) -> Verdict:
    """A verdict that says the same of every class of charges."""
    parts, labour, travel = (
        Ruling(charge=each, coverage=coverage, bearer=Bearer.FIRM, basis=(), clauses=())
        for each in ChargeClass
    )
    return Verdict(reported_on=DAY, term=None, parts=parts, labour=labour, travel=travel, covers=())


def complaint(id: str = "C1", **said) -> Complaint:
    """A complaint that was filed on 6 May."""
    usual: dict[str, Any] = {
        "state": ComplaintState.FILED,
        "firm": "firm",
        "customer": "customer",
        "filed_at": at(6),
        "channel": Channel.LETTER,
        "what": "nobody came",
    }
    return Complaint(id=id, **{**usual, **said})


def work(by: str, hours: Fraction | int | None = 1, on: date = DAY, **said) -> Work:
    """An hour of work; what it lists and costs."""
    listed = said.pop("listed", Money("10", "CNY"))
    line: dict[str, Any] = {
        "item": "repair",
        "charge": ChargeClass.LABOUR,
        "billing": Billing.AS_RULED,
        "listed": evaluate(Flat(listed), Facts()),
    }
    exact = None if hours is None else Fraction(hours)
    return Work(line=WorkLine(**{**line, **said}), by=by, on=on, hours=exact)


def rules(*said) -> ServiceRules:
    """Rules of a firm, named by their numbers."""
    named = tuple(Named(f"r{number}", each, CLAUSE) for number, each in enumerate(said))
    calendar = Calendar.always(SHANGHAI)
    return ServiceRules(firm="firm", version="v", day=DAY, calendar=calendar, currency="CNY", rules=named)


# --- the day ------------------------------------------------------------------------------------------------


def the_day() -> list[Ticket]:
    """A day with work of every class."""
    return [
        ticket("a", Coverage.PAID, work=(work("li", Fraction(1, 3)), work("li", Fraction(1, 6)), work("wu"))),
        ticket("b", Coverage.AT_COST, work=(work("li", 2),)),
        ticket("c", Coverage.CONTRACT, work=(work("li"),)),
        ticket("d", Coverage.FREE, work=(work("li", None, item="fuse", charge=ChargeClass.PARTS),)),
        ticket("e", internal=True, service=ServiceKind.INTERNAL, work=(work("li", 3),)),
        ticket("f", work=(work("li"), work("li", on=DAY - timedelta(days=1)))),
    ]


@pytest.mark.clause("AS-FLOW-7")
def test_a_technician_reports_work_by_class_and_hours():
    """Form 006: every line of the day, and by class A to D how many services, in how many hours (AS-FLOW-7)."""
    li, wu = daily(the_day(), DAY)
    assert (li.technician, li.on, len(li.lines), li.hours) == ("li", DAY, 7, Fraction(15, 2))
    assert [(each.service_class, each.services, each.hours) for each in li.totals] == [
        ("A", 2, Fraction(5, 2)),
        ("B", 1, 1),
        ("C", 1, 0),
        ("D", 1, 3),
        ("", 1, 1),
    ]
    assert (wu.technician, wu.hours) == ("wu", Fraction(1))
    assert row(li.lines[0]) == {
        "technician": "li",
        "on": "2026-05-04",
        "ticket": "a",
        "service_class": "A",
        "service": "repair",
        "item": "repair",
        "hours": "1/3",
    }


@pytest.mark.clause("AS-FLOW-7")
def test_the_supervisor_reports_the_totals():
    """Form 007: by technician and class, and of all; what two have worked on is one service."""
    it = supervised(daily(the_day(), DAY), DAY)
    assert [(each.technician, each.service_class, each.services) for each in it.lines] == [
        ("li", "A", 2),
        ("li", "B", 1),
        ("li", "C", 1),
        ("li", "D", 1),
        ("li", "", 1),
        ("wu", "A", 1),
    ]
    assert [(each.service_class, each.services, each.hours) for each in it.totals][:2] == [
        ("A", 2, Fraction(7, 2)),
        ("B", 1, 1),
    ]
    assert it.hours == sum(each.hours for each in it.lines) == Fraction(17, 2)


def test_a_report_is_of_its_day():
    """Nobody worked, nobody reports; what is of another day is not in the totals."""
    assert daily(the_day(), DAY + timedelta(days=1)) == ()
    it = supervised(daily(the_day(), DAY - timedelta(days=1)), DAY)
    assert it == SupervisorReport(on=DAY, lines=(), totals=())
    assert not it.hours


# --- calls, dispatches, costs -------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-22")
def test_what_came_in_is_registered_in_its_order():
    """Reports and complaints by every channel, with their numbers, and whether they are struck off (AS-QA-22)."""
    entry = Paper(series=Series.CALL_REGISTER, number=7, issued_on=DAY, state=PaperState.FILED)
    tickets = [
        ticket("b", papers={"voucher/1": Paper(series=Series.VOUCHER, number=1, issued_on=DAY)}),
        ticket("a", papers={"call-register/7": entry}, reported_at=at(3), unit="SN-1"),
        ticket("c", reported_at=at(1, 0, month=6)),
    ]
    complaints = [complaint(number=3), complaint("C2", state=ComplaintState.SETTLED, filed_at=at(31, 23))]
    found = calls_and_letters(tickets, complaints, MAY, SHANGHAI)
    assert [(each.case, each.about, each.number, each.struck_off) for each in found] == [
        ("a", "service", 7, True),
        ("b", "service", None, False),
        ("C1", "complaint", 3, False),
        ("C2", "complaint", None, True),
    ]
    assert (found[0].channel, found[0].unit, found[0].said) == (Channel.HOTLINE, "SN-1", "no light")
    assert (found[3].on, found[3].said) == (date(2026, 5, 31), "nobody came")


def visit(number: int, **said) -> Visit:
    """A visit on site."""
    return Visit(**{"number": number, "engineer": "li", "route": Route.ON_SITE, **said})


@pytest.mark.clause("AS-QA-22")
def test_who_was_sent_out_is_on_record():
    """By the day of arrival, departure, or what was agreed, else of the report; the shop sends nobody out."""
    visits = {
        "1": visit(1, arrived_at=at(9), departed_at=at(8), window_from=at(7), state=VisitState.DONE),
        "2": visit(2, departed_at=at(8), window_from=at(7), crew=("wu",), outlet=True, order=12),
        "3": visit(3, window_from=at(7), moved=2),
        "4": visit(4),
        "5": visit(5, route=Route.SHOP),
        "6": visit(6, arrived_at=at(1, month=6), departed_at=at(31)),
    }
    found = dispatches([ticket(visits=visits)], MAY, SHANGHAI)
    assert [(each.on.day, each.visit) for each in found] == [(4, 4), (7, 3), (8, 2), (9, 1)]
    assert (found[1].moved, found[2].crew, found[2].outlet, found[2].order) == (2, ("wu",), True, 12)
    assert row(found[2])["crew"] == "wu"


@pytest.mark.clause("AS-QA-18")
def test_each_trip_has_a_feedback_form():
    """The first form belongs to the first trip; who is not back need not have handed one in (AS-QA-18)."""
    visits = {str(n): visit(n, arrived_at=at(n), state=VisitState.DONE) for n in (1, 2, 3)}
    visits["1"] = visit(1, departed_at=at(1), state=VisitState.OFF)
    visits["4"] = visit(4, arrived_at=at(4), state=VisitState.ON_SITE)
    it = ticket(visits=visits, shown={"feedback-form": ("F1",), "form": ("G1", "G2")})
    found = dispatches([it], MAY, SHANGHAI)
    assert [(each.form, each.lacks_form) for each in found] == [
        ("", False),
        ("F1", False),
        ("", True),
        ("", False),
    ]
    assert [each.visit for each in weekly([it], MAY, SHANGHAI).trips_without_form] == [3]
    assert weekly([it], MAY, SHANGHAI, form="form").trips_without_form == ()


def posting(key: str, on: date = DAY, credit: AccountKind = AccountKind.INCOME) -> Posting:
    """Something that was charged to the customer."""
    return Posting(
        key=key,
        debit=Account(AccountKind.RECEIVABLE, "customer"),
        credit=Account(credit, "service"),
        amount=Money("30", "CNY"),
        value_date=on,
        subject="T1",
        kind="service-customer",
    )


@pytest.mark.clause("AS-QA-22")
def test_what_services_cost_is_reported():
    """Every line of work with list price and cost, by class of charges; and what was charged, less reversals."""
    part = work("li", None, item="fuse", charge=ChargeClass.PARTS, cost=Money("4", "CNY"))
    posted = (
        posting("1"),
        posting("2", date(2026, 6, 1)),
        reversal(posting("1"), date(2026, 5, 20), key="3"),
        posting("4"),
        posting("5", credit=AccountKind.CASH),
    )
    tickets = [
        ticket("b", work=(work("li", 2), part, work("li", on=date(2026, 6, 1))), posted=posted),
        ticket("a", work=(work("wu"),)),
    ]
    it = costs(tickets, MAY, "CNY")
    assert [(each.ticket, each.item) for each in it.lines] == [
        ("a", "repair"),
        ("b", "repair"),
        ("b", "fuse"),
    ]
    assert [
        (each.charge.value, each.lines, str(each.listed), str(each.cost), each.unknown) for each in it.totals
    ] == [
        ("parts", 1, "CNY 10.00", "CNY 4.00", 0),
        ("labour", 2, "CNY 20.00", "None", 2),
        ("travel", 0, "CNY 0.00", "CNY 0.00", 0),
    ]
    assert [str(each.amount) for each in it.charges] == ["CNY 30.00", "CNY 30.00", "CNY -30.00"]
    assert it.charged == Money("30", "CNY")
    assert (it.charges[0].debtor, it.charges[0].kind) == ("customer", "service-customer")


def test_the_totals_of_costs_can_be_worked_out_from_their_rows():
    """A plain loop over the rows finds them again."""
    it = costs(
        [ticket(str(n), work=(work("li", listed=Money(f"{n}.25", "CNY")),)) for n in range(5)], MAY, "CNY"
    )
    cents = sum(int(str(each["listed"]).removeprefix("CNY ").replace(".", "")) for each in rows(it.lines))
    assert cents == it.totals[1].listed.minor == 1125


def test_costs_are_in_one_currency():
    """What is in another one is never added to it."""
    with pytest.raises(CurrencyMismatch):
        costs([ticket(work=(work("li", listed=Money("1", "EUR")),))], MAY, "CNY")


# --- the week and the month ---------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-18")
def test_the_week_has_telephone_records_website_questions_and_requests():
    """What came in, help that was given and calls that were made, in the order of time (AS-QA-18)."""
    tickets = [
        ticket(
            "a",
            helps=(Help(at=at(5), by="desk", route=Route.REMOTE, solved=False, note="reset"),),
            calls=(
                Call(at=at(4, 10), by="desk", about="call-back", taken=True),
                Call(at=at(20), by="desk", about="call-back", taken=True),
            ),
        ),
        ticket("b", channel=Channel.WEBSITE),
        ticket("c", reported_at=at(12)),
    ]
    week = Term(date(2026, 5, 4), date(2026, 5, 11))
    it = weekly(tickets, week, SHANGHAI)
    assert [(each.ticket, each.what, each.by, each.about, each.done) for each in it.telephone] == [
        ("a", "report", "customer", "no light", True),
        ("a", "call", "desk", "call-back", True),
        ("a", "help", "desk", "reset", False),
    ]
    assert [each.case for each in it.website] == ["b"]
    assert [each.case for each in it.requests] == ["a", "b"]


@pytest.mark.clause("AS-QA-19")
def test_the_month_has_the_sheets_that_were_filed_and_the_services_that_were_finished():
    """For the general manager: by class, with all hours that they took (AS-QA-19)."""
    filed: dict[str, Any] = {"state": PaperState.FILED, "ended_on": DAY, "issued_on": DAY}
    papers = {
        "voucher/1": Paper(series=Series.VOUCHER, number=1, **filed),
        "repair-order/2": Paper(series=Series.REPAIR_ORDER, number=2, **filed),
        "tag/3": Paper(series=Series.TAG, number=3, **filed),
        "voucher/4": Paper(series=Series.VOUCHER, number=4, **{**filed, "state": PaperState.VOID}),
        "voucher/5": Paper(series=Series.VOUCHER, number=5, issued_on=DAY, state=PaperState.FILED),
        "voucher/6": Paper(series=Series.VOUCHER, number=6, **{**filed, "ended_on": date(2026, 6, 1)}),
    }
    done: dict[str, Any] = {"finished_at": at(31, 23), "outcome": Outcome.REPAIRED}
    tickets = [
        ticket("a", Coverage.FREE, papers=papers, work=(work("li", 2), work("li", None)), **done),
        ticket("b", **done),
        ticket("c", finished_at=at(1, month=6)),
        ticket("d"),
    ]
    it = monthly(tickets, MAY, SHANGHAI)
    assert [each.paper for each in it.sheets] == ["repair-order/2", "voucher/1"]
    assert [(each.ticket, each.service_class, str(each.hours)) for each in it.services] == [
        ("a", "C", "2"),
        ("b", "", "0"),
    ]
    assert [(each.service_class, each.services, str(each.hours)) for each in it.totals] == [
        ("A", 0, "0"),
        ("B", 0, "0"),
        ("C", 1, "2"),
        ("D", 0, "0"),
        ("", 1, "0"),
    ]


def test_the_month_is_in_the_order_of_its_days() -> None:
    """Of services and sheets alike; those of a day stand in the order of their tickets."""
    ends = {"a": 20, "b": 19, "c": 19}
    paper = Paper(
        series=Series.VOUCHER, number=1, state=PaperState.FILED, ended_on=date(2026, 5, 7), issued_on=DAY
    )
    tickets = [
        ticket("c", finished_at=at(ends["c"]), papers={"voucher/1": paper}),
        ticket("a", finished_at=at(ends["a"]), papers={"voucher/1": replace(paper, ended_on=DAY)}),
        ticket("b", finished_at=at(ends["b"]), papers={"voucher/1": paper}),
    ]
    for order in permutations(tickets):
        it = monthly(order, MAY, SHANGHAI)
        assert [each.ticket for each in it.services] == ["b", "c", "a"]
        assert [each.ticket for each in it.sheets] == ["a", "b", "c"]


@pytest.mark.clause("AS-QA-18")
def test_a_report_holds_the_records_that_its_rule_names():
    """To whom it goes, what is on record of each kind, and of which there is nothing (AS-QA-18)."""
    held = ("telephone-record", "feedback-form", "repair-tag")
    month = Reporting(name="records", every=Every.MONTH, by="service", to="quality", holds=held)
    week = Reporting(name="week", every=Every.WEEK, to="supervisor")
    tag = Paper(series=Series.TAG, number=3, issued_on=DAY)
    tickets = [
        ticket("a", shown={"telephone-record": ("R1", "R2")}, papers={"repair-tag/3": tag}),
        ticket("b", shown={"feedback-form": ("F1",)}, reported_at=at(1, month=6)),
    ]
    (it,) = compiled(tickets, rules(week, month), Every.MONTH, MAY, SHANGHAI)
    assert (it.rule, it.by, it.to, it.clause) == ("r1", "service", "quality", CLAUSE)
    assert [(each.record, each.ref) for each in it.lines] == [
        ("telephone-record", "R1"),
        ("telephone-record", "R2"),
        ("repair-tag", "repair-tag/3"),
    ]
    assert it.empty == ("feedback-form",)


# --- complaints ---------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-COMP-3")
def test_the_ledger_of_complaints_is_in_the_order_of_its_numbers():
    """Those without a number come last; the summary says how many there are and how many are open (AS-COMP-3)."""
    complaints = [
        complaint("c", filed_at=at(9)),
        complaint("b", number=2, category="transit", grade="major", rank=1, attribution=Attribution.CARRIER),
        complaint("a", number=1, category="transit", state=ComplaintState.SETTLED, settled_on=DAY),
        complaint("d", filed_at=at(1, month=6)),
    ]
    it = ledger(complaints, MAY, SHANGHAI)
    assert [(each.number, each.complaint) for each in it.lines] == [(1, "a"), (2, "b"), (None, "c")]
    assert (it.lines[1].grade, it.lines[1].attribution) == ("major", Attribution.CARRIER)
    assert [(each.by, each.value, each.complaints, each.open) for each in it.totals] == [
        ("category", "", 1, 1),
        ("category", "transit", 2, 1),
        ("code", "", 3, 2),
        ("grade", "", 2, 1),
        ("grade", "major", 1, 1),
        ("attribution", "", 2, 1),
        ("attribution", "carrier", 1, 1),
        ("state", "filed", 2, 2),
        ("state", "settled", 1, 0),
    ]


# --- problems that come back --------------------------------------------------------------------------------


def seen(case: str, on: date = DAY, product: str = "pump", **said) -> FaultSeen:
    """A fault of a pump."""
    return FaultSeen(**{"case": case, "on": on, "product": product, "code": "E1", **said})


@pytest.mark.clause("AS-QA-6")
def test_a_problem_that_comes_back_is_a_warning():
    """From so many times on within the month, the quarter, the year; split by what lies behind it (AS-QA-6)."""
    rule = rules(
        Recurring(every=Every.MONTH, times=3),
        Recurring(every=Every.QUARTER, times=4),
        Recurring(every=Every.YEAR, times=6),
    )
    found = [
        seen("a", cause=FaultCause.TECHNICAL),
        seen("b", cause=FaultCause.TECHNICAL),
        seen("c", cause=FaultCause.SERVICE),
        seen("d", on=date(2026, 6, 30)),
        seen("e", on=date(2026, 7, 1)),
        seen("f", product="fan"),
        seen("g", code="E2"),
    ]
    month, quarter = recurring(found, rule, DAY)
    assert (month.rule, month.period, month.product, month.code, month.clause) == (
        "r0",
        MAY,
        "pump",
        "E1",
        CLAUSE,
    )
    assert (month.times, month.technical, month.service, month.unknown) == (3, 2, 1, 0)
    assert (quarter.rule, quarter.times, quarter.unknown, quarter.cases) == ("r1", 4, 1, ("a", "b", "c", "d"))
    assert recurring(found[1:], rules(Recurring(every=Every.MONTH, times=3)), DAY) == ()


def test_the_most_frequent_problem_comes_first():
    """Then by product and code."""
    found = [seen(str(n), product=product) for product in ("b", "a", "c", "c") for n in range(2)]
    warned = recurring(found, rules(Recurring(every=Every.WEEK, times=2)), DAY)
    assert [(each.product, each.times) for each in warned] == [("c", 4), ("a", 2), ("b", 2)]


@pytest.mark.clause("AS-QA-6")
def test_how_often_may_be_left_to_the_firm():
    """Then it is asked for, and once is no recurrence."""
    rule = rules(Recurring(every=Every.MONTH, given="warn-at"))
    twice = [seen("a"), seen("b")]
    assert len(recurring(twice, rule, DAY, {"warn-at": 2})) == 1
    assert recurring(twice, rule, DAY, {"warn-at": 3}) == ()
    with pytest.raises(MissingValue, match="warn-at"):
        recurring(twice, rule, DAY)
    for wrong in (1, True):
        with pytest.raises(InvalidValue, match="2 or more"):
            recurring(twice, rule, DAY, {"warn-at": wrong})


def test_faults_are_those_of_tickets_with_a_code():
    """On the day of the report; without what was rejected, cancelled, or the same as another one."""
    tickets = [
        ticket("a", fault_code="E1", fault_group="power", unit="SN-1", answers={"product": "fan"}),
        ticket("b", fault_group="power", answers={"product": "fan", "model": "X"}, reported_at=at(4, 23)),
        ticket("c", fault_code="E1"),
        ticket("d"),
        ticket("e", fault_code="E1", state=Stage.REJECTED),
        ticket("f", fault_code="E1", state=Stage.CANCELLED),
        ticket("g", fault_code="E1", merged_into="a"),
    ]
    found = list(faults(tickets, SHANGHAI, products={"SN-1": "pump"}, causes={"b": FaultCause.SERVICE}))
    assert found == [
        FaultSeen(case="a", on=DAY, product="pump", code="E1"),
        FaultSeen(case="b", on=DAY, product="fan", code="power", cause=FaultCause.SERVICE),
        FaultSeen(case="c", on=DAY, product="", code="E1"),
    ]
    assert [each.product for each in faults(tickets, SHANGHAI, question="model")] == ["", "X", ""]


# --- retention ----------------------------------------------------------------------------------------------

KEPT = Retention(records=("service",), at_least=Period(months=36), at_most=Period(months=60))


@pytest.mark.clause("AS-QA-14")
@pytest.mark.parametrize(
    ("on", "keeping"),
    [
        (date(2026, 5, 4), "keep"),
        (date(2029, 5, 4), "keep"),
        (date(2029, 5, 5), "may-go"),
        (date(2031, 5, 4), "may-go"),
        (date(2031, 5, 5), "must-go"),
    ],
)
def test_records_are_kept_three_to_five_years(on, keeping):
    """The day on which a record was filed does not count; the last day is included (AS-QA-14)."""
    (it,) = retained([RecordMade(record="service", ref="T1", on=DAY)], rules(KEPT), on)
    assert it.keeping.value == keeping
    assert (it.keep_through, it.may_be_kept_through) == (date(2029, 5, 4), date(2031, 5, 4))
    assert (it.rules, it.clauses, it.ref) == (("r0",), (CLAUSE,), "T1")


def test_what_no_rule_names_is_kept():
    """Nothing is destroyed in silence; and what has no end may be kept for ever."""
    record = RecordMade(record="photograph", ref="P", on=DAY)
    late = date(2099, 1, 1)
    (kept,) = retained([record], rules(KEPT), late)
    assert (kept.keeping.value, kept.keep_through, kept.rules) == ("keep", None, ())
    (open_,) = retained([record], rules(Retention(records=("photograph",), at_least=YEAR)), late)
    assert (open_.keeping.value, open_.may_be_kept_through) == ("may-go", None)


def test_of_several_rules_the_longest_keeps_a_record():
    """And the shortest ends it, but never while another one keeps it."""
    record = [RecordMade(record="service", ref="T1", on=DAY)]
    short = Retention(records=("service",), at_least=YEAR, at_most=Period(months=48))
    (it,) = retained(record, rules(KEPT, short), DAY)
    assert (it.keep_through, it.may_be_kept_through) == (date(2029, 5, 4), date(2030, 5, 4))
    shorter = Retention(records=("service",), at_least=YEAR, at_most=YEAR)
    (it,) = retained(record, rules(KEPT, shorter), DAY)
    assert it.keep_through == it.may_be_kept_through == date(2029, 5, 4)


def test_a_closed_ticket_leaves_records_behind():
    """Of the service when it was closed, and of each call-back; what is at work, or reopened, leaves none yet."""
    calls = (
        Call(at=at(5, 23), by="desk", about="call-back", taken=False),
        Call(at=at(6), by="desk", about="appointment", taken=True),
    )
    survey = SurveyAnswer(on=date(2026, 5, 8), by="desk", scores={}, satisfied=True, dissatisfied=False)
    closed: dict[str, Any] = {"state": Stage.CLOSED, "closed_at": at(9, 23)}
    tickets = [
        ticket("a", calls=calls, survey=survey, **closed),
        ticket("b", **closed),
        ticket("c"),
        ticket("d", closed_at=at(9)),
    ]
    found = records_of(tickets, SHANGHAI, service="service records", call_back="call-back records")
    assert [(each.record, each.ref, each.on.day) for each in found] == [
        ("service records", "a", 9),
        ("call-back records", "a/call-back/1", 5),
        ("call-back records", "a/call-back/2", 8),
        ("service records", "b", 9),
    ]


# --- a ticket that went its way -----------------------------------------------------------------------------


def test_a_service_that_went_its_way_is_in_every_report():
    """What the table makes of a ticket is what the reports read: its call, dispatch, sheet, service, promises."""
    desk = Desk()
    it = desk.come_to(Stage.CLOSED)
    year = period(Every.YEAR, day_of(it.reported_at, ZONE))
    assert [each.number for each in calls_and_letters([it], (), year, ZONE)] == [1]
    assert [each.engineer for each in dispatches([it], year, ZONE)] == ["engineer"]
    month = monthly([it], year, ZONE)
    assert [each.paper for each in month.sheets] == ["voucher/1"]
    assert [(each.service_class, each.outcome) for each in month.services] == [("C", Outcome.REPAIRED)]
    later = it.reported_at + timedelta(days=60)
    judged = {each.promise: each.judged for each in samples([it], POLICY, later)}
    assert judged == {"answer": Judged.MET, "on-site": Judged.MET, "resolve": Judged.MET}
