"""What the rulebooks of service firms say of services, complaints and people holds where somebody acts by it.

The words of a rulebook and those that the core looks for have to be the same: each test is one command, or
one look at what was noted, by the rules of a shipped firm.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from servflow.core.aftersales import people
from servflow.core.aftersales.books.table import BOOK
from servflow.core.aftersales.complaints import commands as complaints
from servflow.core.aftersales.complaints.model import Attribution, Complaint, DamageShown, complaint_key
from servflow.core.aftersales.complaints.table import COMPLAINT
from servflow.core.aftersales.corrective import commands as corrective
from servflow.core.aftersales.corrective.model import CauseKind
from servflow.core.aftersales.corrective.model import Source as Because
from servflow.core.aftersales.corrective.table import CORRECTIVE_ACTION
from servflow.core.aftersales.costs import Billing, WorkLine
from servflow.core.aftersales.findings import commands as findings
from servflow.core.aftersales.findings.states import Source
from servflow.core.aftersales.findings.table import FINDING
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.reports.recurring import FaultSeen, recurring
from servflow.core.aftersales.showing import LACKING
from servflow.core.aftersales.technicians import commands as technicians
from servflow.core.aftersales.technicians.model import Attendance
from servflow.core.aftersales.technicians.table import TECHNICIAN
from servflow.core.aftersales.tickets import commands as tickets
from servflow.core.aftersales.tickets.model import DutyDone, Ticket, Work
from servflow.core.aftersales.tickets.states import Channel, ServiceKind
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.aftersales.units import commands as units
from servflow.core.aftersales.units.guards import owed_to
from servflow.core.aftersales.units.model import Unit, unit_key
from servflow.core.aftersales.units.table import UNIT
from servflow.core.aftersales.words import ChargeClass
from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.fees import Facts, Flat, evaluate
from servflow.core.lifecycle import Lifecycles, check, decide
from servflow.core.money import Money
from servflow.rulebooks import load, service_policy

ZONE = ZoneInfo("Asia/Shanghai")
TABLES = Lifecycles(COMPLAINT, BOOK, TICKET, UNIT, TECHNICIAN, FINDING, CORRECTIVE_ACTION)
LI = "li"
COMES, GOES = datetime(2026, 5, 18, 8, tzinfo=ZONE), datetime(2026, 5, 18, 18, tzinfo=ZONE)


@cache
def rules_of(firm: str) -> ServicePolicy:
    """The rules of a shipped firm."""
    return service_policy(load(f"{firm}/service"))


class Firm:
    """A shipped firm, what is said there, and what has become of it: each command a day after the other."""

    def __init__(self, name: str) -> None:
        self.policy = rules_of(name)
        self.name = self.policy.firm
        self.now = datetime(2026, 5, 4, 9, tzinfo=ZONE)
        self.aggregates: Mapping[Key, Aggregate] = {}

    def staff(self, party: str, *posts: str) -> Actor:
        """Somebody of the firm's in these posts."""
        return Actor(party, self.name, Office.STAFF, posts)

    def command(self, kind: type[Command], by: Actor, case: str, said: Mapping[str, Any]) -> Command:
        """The command, a day after the last one."""
        self.now += timedelta(days=1)
        usual: dict[str, Any] = {
            "id": f"{self.now}",
            "case": case,
            "by": by,
            "happened_at": self.now,
            "recorded_at": self.now,
        }
        return kind(**usual, **said)

    def do(self, kind: type[Command], by: Actor, case: str = LI, **said: Any) -> None:
        """It is said, and nothing speaks against it."""
        change = decide(TABLES, self.command(kind, by, case, said), self.aggregates, policy=self.policy)
        self.aggregates = {**self.aggregates, **{it.key: it for it in change.becomes}}

    def with_all(self, kind: type[Command], by: Actor, case: str, **said: Any) -> None:
        """It is said, with everything on record that the rulebook asks for at this step."""
        reasons = check(TABLES, self.command(kind, by, case, said), self.aggregates, policy=self.policy)
        items = {str(dict(each.facts)["item"]) for each in reasons if each.code == LACKING}
        self.do(kind, by, case, **said, shown=dict.fromkeys(items, ("shown",)))

    def refused(self, kind: type[Command], by: Actor, case: str = LI, **said: Any) -> list[str]:
        """For what it would be refused: codes, with their clauses, and the item where one is lacking."""
        command = self.command(kind, by, case, said)
        return [
            " ".join(
                map(
                    str,
                    filter(None, (each.code, dict(each.facts).get("item"), each.clause and each.clause.id)),
                )
            )
            for each in check(TABLES, command, self.aggregates, policy=self.policy)
        ]


def complaint(firm: Firm, **said: Any) -> dict[str, Any]:
    """What is said of a complaint that somebody takes by telephone."""
    usual = {"firm": firm.name, "customer": "customer", "channel": Channel.HOTLINE, "what": "a complaint"}
    return {**usual, "evidence": "the call", **said}


# --- services -------------------------------------------------------------------------------------------

SERVICE = "T-1"
WORK = Work(
    line=WorkLine(
        item="labour",
        charge=ChargeClass.LABOUR,
        billing=Billing.AS_RULED,
        listed=evaluate(Flat(Money("50.00", "CNY")), Facts()),
    ),
    by="zhou",
    on=date(2026, 5, 4),
)


def reported(name: str, **said: Any) -> Firm:
    """A firm to which a service was reported that it has triaged, whatever it asks for before."""
    firm = Firm(name)
    day = date(2026, 1, 15)
    usual = {"firm": firm.name, "customer": "customer", "channel": Channel.HOTLINE, "symptom": "it is dead"}
    more = {"unit": "U-1", "dates": {"sold": day, "fixed": day, "installed": day}}
    firm.with_all(tickets.ReportFault, firm.staff("desk", "desk"), SERVICE, **{**usual, **more, **said})
    head = firm.staff("head", "supervisor")
    firm.with_all(tickets.Triage, head, SERVICE, severity=3, fault_code="dead")
    return firm


def served_on_site(firm: Firm) -> None:
    """Somebody went, and did what the customer had agreed to pay for."""
    head, zhou = firm.staff("head", "supervisor"), firm.staff("zhou", "engineer")
    until = datetime(2027, 1, 1, tzinfo=ZONE)
    firm.with_all(tickets.DecideCoverage, head, SERVICE)
    firm.with_all(tickets.GiveQuote, head, SERVICE, lines=(WORK,), valid_until=until)
    firm.with_all(tickets.AcceptQuote, head, SERVICE, evidence="his letter")
    firm.with_all(tickets.Dispatch, head, SERVICE, engineer="zhou")
    firm.with_all(tickets.Depart, zhou, SERVICE)
    firm.with_all(tickets.Arrive, zhou, SERVICE)
    firm.with_all(tickets.Finish, zhou, SERVICE, lines=(WORK,))


@pytest.mark.clause("AS-FLOW-27")
def test_what_the_engineer_cannot_solve_goes_to_head_office():
    """Whoever reports it is none of those to whom it is passed on."""
    firm = reported("machine-maker", answers={"maker": "own", "service": "phone"})
    firm.do(tickets.EscalateTicket, firm.staff("zhou", "engineer"), SERVICE, reason="he cannot solve it")

    it = firm.aggregates[Key(Ticket.kind, SERVICE)]
    assert isinstance(it, Ticket)
    assert [each.to for each in it.passed] == ["head-office"]


@pytest.mark.clause("AS-FLOW-27")
@pytest.mark.parametrize(
    ("to", "reasons"),
    [("service", ["aftersales.not-their-turn AS-FLOW-27"]), ("departments-responsible", [])],
)
def test_a_major_fault_goes_to_the_departments_responsible(to, reasons):
    """They are the first who receive it: service has it already."""
    firm = reported("machine-maker", answers={"maker": "own", "service": "phone"})

    head = firm.staff("head", "supervisor")
    said = {"of": "major-quality-problem", "to": to}
    assert firm.refused(tickets.PassTicketOn, head, SERVICE, **said) == reasons


@pytest.mark.clause("AS-FLOW-8")
@pytest.mark.parametrize(
    ("channel", "refused"), [(Channel.FAX, False), (Channel.TEXT_MESSAGE, False), (Channel.WECHAT, True)]
)
def test_customers_report_by_fax_and_by_text_message(channel, refused):
    """The list names them, and ends there."""
    firm = Firm("construction-supplier")
    said = {"firm": firm.name, "customer": "customer", "symptom": "a leak", "channel": channel}

    reasons = firm.refused(tickets.ReportFault, firm.staff("desk", "desk"), SERVICE, **said)
    assert ("aftersales.channel-not-listed AS-FLOW-8" in reasons) is refused


@pytest.mark.clause("AS-FLOW-1", "AS-FLOW-4")
def test_a_dealer_collects_by_the_class_and_the_place_that_the_service_knows():
    """Nobody types them in: what is asked for of a paid visit is whether the charge is small, and no more."""
    firm = reported("service-dealer", answers={"cause": "material", "seller": "parent"})
    served_on_site(firm)
    finance = firm.staff("finance", "finance")

    assert firm.refused(tickets.BillService, finance, SERVICE) == ["aftersales.asked AS-FLOW-4"]
    firm.do(tickets.BillService, finance, SERVICE, answers={"amount": "small"})
    amount = Money("50.00", "CNY")
    assert firm.refused(tickets.CollectPayment, firm.staff("zhou", "engineer"), SERVICE, amount=amount) == [
        "aftersales.lacking money handed to the accountant AS-FLOW-4"
    ]


@pytest.mark.clause("AS-FLOW-28")
@pytest.mark.parametrize(("name", "refused"), [("equipment-service", False), ("clothing-seller", True)])
def test_a_list_of_examples_lets_other_channels_in(name, refused):
    """A letter to the service of equipment, which names its channels as examples (等)."""
    firm = Firm(name)
    said = {"firm": firm.name, "customer": "customer", "symptom": "a leak", "channel": Channel.LETTER}

    reasons = firm.refused(tickets.ReportFault, firm.staff("desk", "desk"), SERVICE, **said)
    assert ("aftersales.channel-not-listed AS-FLOW-28" in reasons) is refused


@pytest.mark.clause("AS-FLOW-2")
@pytest.mark.parametrize(
    ("post", "reasons"), [("coordinator", ["aftersales.barred AS-FLOW-2"]), ("supervisor", [])]
)
def test_the_supervisor_of_a_dealer_sends_the_technicians(post, reasons):
    """The coordinator does not."""
    firm = reported("service-dealer", answers={"cause": "material", "seller": "parent"})

    by = firm.staff("somebody", post)
    assert firm.refused(tickets.Dispatch, by, SERVICE, engineer="zhou", inspection=True) == reasons


@pytest.mark.clause("AS-FLOW-19")
@pytest.mark.parametrize(("crew", "asked"), [((), False), (("chen",), True)])
def test_of_two_who_go_out_one_is_in_charge(crew, asked):
    """That somebody goes along the visit says."""
    firm = reported(
        "coach-maker",
        answers={"cause": "material", "vehicle-fault": "chassis-or-engine", "reported-to": "others"},
    )
    head, zhou = firm.staff("head", "supervisor"), firm.staff("zhou", "engineer")
    firm.with_all(tickets.Dispatch, head, SERVICE, engineer="zhou", crew=crew, inspection=True)

    reasons = firm.refused(tickets.Depart, zhou, SERVICE)
    assert ("aftersales.lacking person in charge AS-FLOW-19" in reasons) is asked


@pytest.mark.clause("AS-STAFF-11")
def test_by_what_somebody_travels_is_asked_for_as_he_leaves():
    """A taxi needs the consent of the supervisor, a bus needs nothing."""
    firm = reported("system-installer", answers={"origin": "report", "cause": "material"})
    head, zhou = firm.staff("head", "supervisor"), firm.staff("zhou", "engineer")
    firm.with_all(tickets.Dispatch, head, SERVICE, engineer="zhou", inspection=True)

    def leaving(**answers: str) -> list[str]:
        shown = {"customer contacted": ("call-1",)}
        return firm.refused(tickets.Depart, zhou, SERVICE, shown=shown, answers=answers)

    assert set(leaving()) == {"aftersales.asked AS-STAFF-11"}
    assert leaving(transport="bus") == []
    assert leaving(transport="taxi") == ["aftersales.lacking consent of the supervisor AS-STAFF-11"]


@pytest.mark.clause("AS-RET-7")
def test_goods_come_back_with_the_consent_of_the_sales_supervisor():
    """It is asked for as they are taken in, and no later; they have their return form from then on."""
    firm = Firm("motor-maker")
    said = {"firm": firm.name, "customer": "customer", "channel": Channel.HOTLINE, "symptom": "it hums"}
    goods = {"service": ServiceKind.RETURN, "unit": "U-1"}
    firm.do(tickets.ReportFault, firm.staff("desk", "desk"), SERVICE, **said, **goods)

    reasons = firm.refused(tickets.TakeIn, firm.staff("stores", "stores"), SERVICE, items=("U-1",))
    assert "aftersales.lacking consent of the sales supervisor AS-RET-7" in reasons
    firm.with_all(tickets.TakeIn, firm.staff("stores", "stores"), SERVICE, items=("U-1",))
    it = firm.aggregates[Key(Ticket.kind, SERVICE)]
    assert isinstance(it, Ticket)
    assert [*it.papers] == ["return-form/1"]


# --- complaints -----------------------------------------------------------------------------------------


@pytest.mark.clause("AS-COMP-2", "AS-COMP-5")
def test_a_claim_for_damage_in_transit_lacks_its_third_photograph():
    """Two photographs of a crushed door are too few; three, from other angles and at pick-up, are enough."""
    firm = Firm("production-company")
    desk = firm.staff("desk", "desk")
    shown = {"taken from different angles": ("p-1", "p-2"), "taken at pick-up": ("p-1",)}

    def claim(*photographs: str) -> list[str]:
        damages = (DamageShown(what="door", photographs=photographs),)
        said = complaint(firm, category="transit", code="crushed-or-broken", damages=damages, shown=shown)
        return firm.refused(complaints.FileComplaint, desk, "C-1", **said)

    assert claim("p-1", "p-2") == ["aftersales.complaint.too-few-photographs AS-COMP-2"]
    assert claim("p-1", "p-2", "p-3") == []


@pytest.mark.clause("AS-COMP-1", "AS-COMP-5")
def test_a_code_belongs_to_its_category():
    """A rusty window guard is a fault of production and not damage in transit."""
    firm = Firm("production-company")
    said = complaint(firm, category="others", code="window-guard-rusty")

    assert firm.refused(complaints.FileComplaint, firm.staff("desk", "desk"), "C-1", **said) == [
        "aftersales.complaint.unknown-code AS-COMP-5"
    ]


@pytest.mark.clause("AS-COMP-4")
def test_what_is_no_complaint_by_the_model_rules_is_not_taken_as_one():
    """It is about somebody's conduct at work, or about the service."""
    firm = Firm("service-model")
    desk = firm.staff("desk", "desk")

    for code, reasons in (
        ("conduct-at-work", []),
        ("price", ["aftersales.complaint.unknown-code AS-COMP-4"]),
    ):
        assert firm.refused(complaints.FileComplaint, desk, "C-1", **complaint(firm, code=code)) == reasons


@pytest.mark.clause("AS-COMP-7")
@pytest.mark.parametrize(
    ("post", "reasons"), [("engineer", ["aftersales.barred AS-COMP-7"]), ("complaints", []), ("quality", [])]
)
def test_the_service_department_takes_no_complaints(post, reasons):
    """Who answers the line for complaints belongs to another department."""
    firm = Firm("service-scheme")

    by = firm.staff("somebody", post)
    assert firm.refused(complaints.FileComplaint, by, "C-1", **complaint(firm)) == reasons


@pytest.mark.clause("AS-COMP-7")
@pytest.mark.parametrize(
    ("who", "post", "reasons"),
    [
        ("head", "supervisor", ["aftersales.barred AS-COMP-7"]),
        ("taker", "complaints", ["aftersales.barred AS-COMP-7"]),
        ("another", "complaints", []),
    ],
)
def test_the_service_department_settles_no_complaints_nor_does_their_handler(who, post, reasons):
    """Neither its supervisor nor whoever handled it: somebody else who stands apart does."""
    firm = Firm("service-scheme")
    taker = firm.staff("taker", "complaints")
    firm.do(complaints.FileComplaint, taker, "C-1", **complaint(firm))
    firm.do(complaints.GradeComplaint, taker, "C-1", handler="taker")
    firm.do(complaints.AnswerComplaint, taker, "C-1", answer="that is why")
    firm.do(complaints.AttributeCause, taker, "C-1", attribution=Attribution.SERVICE)

    by = firm.staff(who, post)
    assert firm.refused(complaints.SettleComplaint, by, "C-1", result="done") == reasons


@pytest.mark.clause("AS-COMP-7")
def test_the_service_department_neither_grades_nor_answers_complaints():
    """Whoever stands apart from it does."""
    firm = Firm("service-scheme")
    taker, head = firm.staff("taker", "complaints"), firm.staff("head", "supervisor")
    barred = ["aftersales.barred AS-COMP-7"]
    firm.do(complaints.FileComplaint, taker, "C-1", **complaint(firm))

    assert firm.refused(complaints.GradeComplaint, head, "C-1", handler="taker") == barred
    firm.do(complaints.GradeComplaint, taker, "C-1", handler="taker")
    assert firm.refused(complaints.AnswerComplaint, head, "C-1", answer="that is why") == barred


@pytest.mark.clause("AS-COMP-3")
def test_a_complaint_is_graded_and_its_grade_is_asked_for():
    """The technical department says whether it is a major one; the ledger has its number."""
    firm = Firm("technical-department")
    taker, head = firm.staff("taker", "complaints"), firm.staff("head", "supervisor")
    firm.do(complaints.FileComplaint, taker, "C-1", **complaint(firm))

    assert firm.refused(complaints.GradeComplaint, head, "C-1", handler="taker") == [
        "aftersales.asked AS-COMP-3"
    ]
    firm.do(complaints.GradeComplaint, head, "C-1", handler="taker", answers={"major": "yes"})
    it = firm.aggregates[complaint_key("C-1")]
    assert isinstance(it, Complaint)
    assert (it.grade, it.rank, it.number) == ("major", 1, 1)


@pytest.mark.clause("AS-QA-9")
def test_a_builder_looks_on_site_and_plans_with_the_owner():
    """What was found is the survey, and a plan is a plan; that there was a visit and who planned is shown."""
    firm = Firm("project-builder")
    quality = firm.staff("inspector", "quality")
    firm.do(complaints.FileComplaint, quality, "C-1", **complaint(firm))
    firm.do(complaints.GradeComplaint, quality, "C-1", handler="inspector")

    assert firm.refused(
        complaints.InvestigateComplaint, quality, "C-1", found="a leak", plan="a new seal"
    ) == [
        "aftersales.lacking visit to the owner AS-QA-9",
        "aftersales.lacking plan made together with the owner AS-QA-9",
    ]


@pytest.mark.clause("AS-COMP-8")
@pytest.mark.parametrize(
    ("whose", "items"),
    [
        (Attribution.MAKER, ["maker notified", "negotiated with the maker"]),
        (Attribution.SELLER, ["acted on at once"]),
        (Attribution.USER, ["explained to the user"]),
        (Attribution.NOBODY, []),
    ],
)
def test_whose_fault_it_was_decides_what_is_done(whose, items):
    """By the cause that is on record a seller of medical devices has to do something else."""
    firm = Firm("medical-device-seller")
    quality = firm.staff("inspector", "quality")
    firm.do(complaints.FileComplaint, quality, "C-1", **complaint(firm))
    firm.do(complaints.GradeComplaint, quality, "C-1", handler="inspector")
    firm.do(complaints.InvestigateComplaint, quality, "C-1", found="what it was")
    firm.do(complaints.AttributeCause, quality, "C-1", attribution=whose)
    firm.do(complaints.AnswerComplaint, quality, "C-1", answer="that is why")

    assert firm.refused(complaints.SettleComplaint, quality, "C-1", result="done") == [
        f"aftersales.lacking {item} AS-COMP-8" for item in items
    ]


# --- quality --------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-6")
def test_a_problem_that_keeps_coming_back_is_raised_by_month_quarter_and_year():
    """Three times, where the firm says that three are too many, on days of one month."""
    seen = [
        FaultSeen(case=f"T-{day}", on=date(2026, 5, day), product="lamp", code="dark") for day in (4, 5, 6)
    ]
    rules = rules_of("product-seller").on(date(2026, 5, 31))

    found = recurring(seen, rules, date(2026, 5, 31), {"recurring-times": 3})
    assert [(each.times, each.clause.id) for each in found] == [(3, "AS-QA-6")] * 3
    assert recurring(seen, rules, date(2026, 5, 31), {"recurring-times": 4}) == ()


@pytest.mark.clause("AS-QA-7")
def test_a_quality_fault_has_its_feedback_form():
    """One that comes from a complaint has none by itself."""
    firm = Firm("motor-maker")
    said = {"firm": firm.name, "fault": "hums", "reference": "C-1"}
    quality = firm.staff("inspector", "quality")
    firm.do(complaints.FileComplaint, quality, "C-1", **complaint(firm))

    for source, reasons in (
        (Because.FEEDBACK_FORM, []),
        (Because.COMPLAINT, ["aftersales.lacking feedback-form AS-QA-7"]),
    ):
        assert firm.refused(corrective.OpenAction, quality, "A-1", source=source, **said) == reasons


@pytest.mark.clause("AS-QA-8")
def test_where_an_owner_is_not_satisfied_the_cause_is_analysed_and_put_right():
    """The analysis and the measures are papers; which department it was is said with the analysis."""
    firm = Firm("project-builder")
    said = {"firm": firm.name, "fault": "a leak", "source": Because.FEEDBACK_FORM, "reference": "form-1"}
    quality = firm.staff("inspector", "quality")
    firm.do(corrective.OpenAction, quality, "A-1", **said)
    cause: dict[str, Any] = {"cause": "no seal", "cause_kind": CauseKind.SERVICE, "department": "roofs"}
    measures = {"corrective": "a seal", "preventive": "a check", "whom": "wang", "due": date(2026, 6, 1)}

    assert firm.refused(corrective.AnalyseFault, quality, "A-1", **cause) == [
        "aftersales.lacking cause-analysis AS-QA-8"
    ]
    firm.with_all(corrective.AnalyseFault, quality, "A-1", **cause)
    assert firm.refused(corrective.PlanMeasures, quality, "A-1", **measures) == [
        "aftersales.lacking corrective-measures AS-QA-8"
    ]


@pytest.mark.clause("AS-QA-8")
@pytest.mark.parametrize(
    ("duty", "checked", "reasons"),
    [
        ("visit", (), ["aftersales.lacking visit-record AS-QA-8"]),
        ("plan", ("every-project-in-warranty",), []),
    ],
)
def test_a_visit_to_a_project_leaves_a_record(duty, checked, reasons):
    """A plan is a paper itself."""
    firm = Firm("project-builder")
    firm.now, handover = datetime(2026, 1, 9, 9, tzinfo=ZONE), date(2026, 1, 10)
    head = firm.staff("head", "supervisor")
    days = {"handed-over": handover, "warranty-end": date(2028, 1, 10)}
    unit = {"firm": firm.name, "customer": "customer", "product": "hall", "to_be_installed": False}
    firm.do(units.RegisterUnit, head, "U-1", **unit, dates=days)
    it = firm.aggregates[unit_key("U-1")]
    assert isinstance(it, Unit)
    owed = owed_to(it, firm.policy)
    assert owed is not None
    (key,) = [each.key for each in owed.on(handover) if each.kind.value == duty]

    done = DutyDone(key=key, done_on=date(2026, 1, 11), by="head", outcome="seen", checked=checked)
    assert firm.refused(units.RecordUnitDuty, head, "U-1", done=done) == reasons


@pytest.mark.clause("AS-QA-11")
def test_of_a_complaint_that_comes_by_itself_no_result_is_confirmed():
    """Only of what a survey or a call-back found."""
    firm = Firm("system-installer")
    quality = firm.staff("inspector", "quality")
    firm.do(complaints.FileComplaint, quality, "C-1", **complaint(firm))
    firm.do(complaints.GradeComplaint, quality, "C-1", handler="inspector")
    firm.do(complaints.AnswerComplaint, quality, "C-1", answer="that is why")
    firm.do(complaints.AttributeCause, quality, "C-1", attribution=Attribution.NOBODY)

    assert firm.refused(complaints.SettleComplaint, quality, "C-1", result="done") == []


@pytest.mark.clause("AS-QA-23", "AS-QA-25", "AS-STAFF-7")
@pytest.mark.parametrize(
    ("name", "source", "lacking"),
    [
        ("service-department", Source.UNANNOUNCED_CHECK, "check-record AS-QA-23"),
        ("service-scheme", Source.POSING_CUSTOMER, "check-record AS-QA-25"),
        ("it-operations", Source.ATTENDANCE, "original attendance record AS-STAFF-7"),
    ],
)
def test_a_check_has_its_record(name, source, lacking):
    """Without it nothing was found."""
    firm = Firm(name)
    said = {"firm": firm.name, "concerns": LI, "faults": ("what was found",)}

    head = firm.staff("head", "supervisor")
    assert firm.refused(findings.RecordFinding, head, "F-1", source=source, **said) == [
        f"aftersales.lacking {lacking}"
    ]


@pytest.mark.clause("AS-STAFF-5")
@pytest.mark.parametrize(("serious", "lacking"), [("no", 0), ("yes", 3)])
def test_only_a_serious_breach_is_verified_by_two_offices(serious, lacking):
    """What the attendance of somebody shows else is confirmed as any other finding is."""
    firm = Firm("it-operations")
    head = firm.staff("head", "supervisor")
    said = {"firm": firm.name, "concerns": LI, "faults": ("late",), "answers": {"serious-breach": serious}}
    firm.with_all(findings.RecordFinding, head, "F-1", source=Source.ATTENDANCE, **said)

    reasons = firm.refused(findings.ConfirmFinding, head, "F-1")
    assert [each.rpartition(" ")[2] for each in reasons] == ["AS-STAFF-5"] * lacking


# --- people ---------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-STAFF-1", "AS-STAFF-2")
def test_sixteen_minutes_are_late_and_an_absence_counts():
    """Fifteen are not; whoever does not come and says nothing is absent."""
    rules = rules_of("it-operations").on(date(2026, 5, 18))

    def noted(came: datetime | None, went: datetime | None = None) -> list[tuple[str, int]]:
        by = Actor("head", "it-operations", Office.STAFF, ("supervisor",))
        said = technicians.NoteAttendance(
            id="1", case=LI, by=by, happened_at=GOES, recorded_at=GOES, on=COMES.date(),
            should_come=COMES, should_go=GOES, came=came, went=went,
        )  # fmt: skip
        return [(each.what, each.minutes) for each in people.attendance(rules, said)]

    minutes = [timedelta(minutes=number) for number in (15, 16)]
    assert [noted(COMES + each, GOES) for each in minutes] == [[], [("late", 16)]]
    assert [noted(COMES, GOES - each) for each in minutes] == [[], [("left-early", 16)]]
    assert noted(None) == [("absence", 0)]


@pytest.mark.clause("AS-STAFF-5")
def test_the_fourth_absence_of_a_month_needs_a_statement():
    """Three do not; nor do three hours late in a month, and a minute more does."""
    rules = rules_of("it-operations").on(date(2026, 5, 31))

    def more(*noted: Attendance) -> list[tuple[Any, str]]:
        found = people.exceeded(rules, noted, date(2026, 5, 31))
        return [(dict(each.facts)["then"], each.clause.id) for each in found if each.clause]

    absent = [Attendance(on=date(2026, 5, day), what="absence") for day in range(1, 5)]
    late = [Attendance(on=date(2026, 5, 6), what="late", minutes=number) for number in (180, 1)]
    assert more(*absent[:3]) == more(late[0]) == []
    assert more(*absent) == more(*late) == [("written-statement", "AS-STAFF-5")]


@pytest.mark.clause("AS-STAFF-3", "AS-STAFF-4")
def test_ordinary_leave_is_asked_for_ahead_and_urgent_leave_is_not():
    """Three days are asked for two days ahead, on the form; in an emergency somebody is told, and that is all."""
    firm = Firm("it-operations")
    li, head = firm.staff(LI, "engineer"), firm.staff("head", "supervisor")
    firm.do(technicians.RegisterTechnician, head, firm=firm.name)

    def leave(ahead: int, days: int, **said: Any) -> list[str]:
        first = (firm.now + timedelta(days=1 + ahead)).date()
        usual = {"reason": "family", "substitute": "wang", "reachable": "by phone", "first": first}
        last = first + timedelta(days=days - 1)
        return firm.refused(technicians.AskLeave, li, **{**usual, "last": last, **said})

    form = {"leave-form": ("form-1",)}
    assert leave(2, 3, shown=form) == leave(1, 2, shown=form) == leave(0, 3, urgent=True) == []
    assert leave(1, 3, shown=form) == leave(0, 1, shown=form) == ["aftersales.staff.told-too-late AS-STAFF-3"]
    assert leave(2, 1) == ["aftersales.lacking leave-form AS-STAFF-3"]


@pytest.mark.clause("AS-STAFF-6")
def test_a_change_of_personnel_is_announced_a_month_before():
    """And by its notice."""
    firm = Firm("it-operations")
    head = firm.staff("head", "supervisor")
    firm.do(technicians.RegisterTechnician, head, firm=firm.name)  # on 5 May

    late = firm.refused(technicians.AnnounceLeaving, head, on=date(2026, 6, 5))  # said on 6 May
    assert late == [
        "aftersales.staff.told-too-late AS-STAFF-6",
        "aftersales.lacking notice of the change AS-STAFF-6",
    ]
    shown = {"notice of the change": ("paper-1",)}
    assert firm.refused(technicians.AnnounceLeaving, head, on=date(2026, 6, 7), shown=shown) == []  # on 7 May


@pytest.mark.clause("AS-STAFF-8")
def test_in_the_campaign_there_is_no_leave_but_for_grave_family_matters():
    """A longer one then costs the award."""
    firm = Firm("harvest-machine-maker")
    li, head = firm.staff(LI, "engineer"), firm.staff("head", "supervisor")
    firm.do(technicians.RegisterTechnician, head, firm=firm.name)
    first, last = date(2026, 6, 1), date(2026, 6, 4)
    leave: dict[str, Any] = {
        "first": first,
        "last": last,
        "reason": "family",
        "substitute": "wang",
        "reachable": "by phone",
    }

    assert firm.refused(technicians.AskLeave, li, **leave) == ["aftersales.barred AS-STAFF-8"]
    grave = {"grave-family-matter": "yes"}
    assert firm.refused(technicians.AskLeave, li, **leave, answers=grave) == []
    rules = firm.policy.on(date(2026, 6, 1))
    found = people.leave_too_long(rules, first, last, grave)
    assert [dict(each.facts)["then"] for each in found] == ["award-lapses"]
