"""Complaints: taken by whom, graded, looked into, answered, settled; their ledger, promises and clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from change_laws import Store
from desk_at_work import CLOCK, CUSTOMER, DESK, ENGINEER, FIRM, MONDAY, SYSTEM, policy, staff, ticket
from desk_at_work import THE_CUSTOMER as OWNER
from table_grid import differences, grid_of, read_grid

from servflow.core.aftersales import commitments
from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.books.table import BOOK
from servflow.core.aftersales.circumstances import Band, Distances, MeasuredBy, Question, When
from servflow.core.aftersales.complaints import commands as c
from servflow.core.aftersales.complaints import messages
from servflow.core.aftersales.complaints.model import (
    Attribution,
    Complaint,
    ComplaintRole,
    ComplaintState,
    DamageShown,
    RaisedBy,
    by_rank,
    complaint_key,
)
from servflow.core.aftersales.complaints.table import COMPLAINT
from servflow.core.aftersales.desk_rules import Barred, Chain, Grade, Listing, Numbering, Series
from servflow.core.aftersales.policy import Checklist, Ladder, Promise, ServiceRule
from servflow.core.aftersales.tickets.model import Ticket, Visit
from servflow.core.aftersales.tickets.states import Channel, Route, Stage
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.aftersales.words import Event, PauseReason, TargetKind
from servflow.core.changes import Actor, Change, Command, Key, Message, Office
from servflow.core.citations import Clause, Reason
from servflow.core.clocks import Rung, parse_allowance
from servflow.core.errors import InvalidValue, NotFound, Refused
from servflow.core.lifecycle import Lifecycles

S = ComplaintState
STATES = {state.name: state for state in ComplaintState}
ROLES = {
    "C": ComplaintRole.CUSTOMER,
    "T": ComplaintRole.COMPLAINTS,
    "D": ComplaintRole.DESK,
    "E": ComplaintRole.ENGINEER,
    "Q": ComplaintRole.QUALITY,
    "S": ComplaintRole.SUPERVISOR,
    "Y": ComplaintRole.SYSTEM,
    "K": ComplaintRole.CLOCK,
}

GRID = """
                      -               FILED             GRADED              INVESTIGATED       ANSWERED            SETTLED  WITHDRAWN
FileComplaint         CTDEQSY>FILED   .                 .                   .                  .                   .        .
GradeComplaint        .               TQS>GRADED        TQS>=               TQS>=              .                   .        .
InvestigateComplaint  .               TEQS>=            TEQS>INVESTIGATED   TEQS>=             .                   .        .
AttributeCause        .               .                 TQS>=               TQS>=              TQS>=               .        .
AnswerComplaint       .               TQS>=             TQS>ANSWERED        TQS>ANSWERED       .                   .        .
RefuseAnswer          .               .                 .                   .                  CTDQS>INVESTIGATED  .        .
SettleComplaint       .               TQS>=             TQS>=               TQS>=              TQS>SETTLED         .        .
WithdrawComplaint     .               CTDQS>WITHDRAWN   CTDQS>WITHDRAWN     CTDQS>WITHDRAWN    CTDQS>WITHDRAWN     .        .
ShowComplaintFacts    .               CTDEQS>=          CTDEQS>=            CTDEQS>=           CTDEQS>=            .        .
PassComplaintOn       .               TDEQS>=           TDEQS>=             TDEQS>=            TDEQS>=             .        .
ExtendComplaint       .               TQS>=             TQS>=               TQS>=              TQS>=               .        .
FireComplaintRung     .               K>=               K>=                 K>=                K>=                 .        .
MarkComplaintBreach   .               K>=               K>=                 K>=                K>=                 .        .
"""

TAKER = staff("taker", "complaints")
QUALITY = staff("inspector", "quality")
HEAD = staff("head", "supervisor")
FITTER = staff("fitter", "engineer")
HANDLER = "inspector"

RULES: Mapping[str, ServiceRule | None] = {
    "product": Question("product", ("door", "rail"), default="door"),
    "transit": Listing(of="complaints", group="transit", entries=("crushed", "parts-lost", "both")),
    "production": Listing(of="complaints", group="production", entries=("rust", "both")),
    "photographs": Checklist(step="transit-claim", items=("3 photographs", "waybill")),
    "apart": Barred(step="complaint", posts=("desk", "engineer"), involved=True),
    "supervised": Barred(step="settlement", involved=True),
    "complaint_answer": Promise(kind=TargetKind.COMPLAINT_ANSWER, within=parse_allowance("2 working days")),
}
"""What a firm says about complaints, beside the rules of the desk: grave if urgent, numbered in a ledger."""

_numbers = count(1)


class Complaints:
    """The complaints of a firm, with the tickets that they are about, and all that was said of them."""

    def __init__(self, **changed: ServiceRule | None) -> None:
        self.policy = policy(**{**RULES, **changed})
        self.store = Store(Lifecycles(COMPLAINT, BOOK, TICKET), self.policy)
        self.now = MONDAY

    def have(self, **said: Any) -> Ticket:
        """A ticket on which the engineer was at the customer's, with a helper."""
        visit = Visit(number=1, engineer=ENGINEER, crew=("helper",), route=Route.ON_SITE)
        it: Ticket = ticket(Stage.REPAIRED, visits={"1": visit}, **said)
        self.store.aggregates[it.key] = it
        return it

    def said(self, kind: type[Command], **said: Any) -> Any:
        usual: dict[str, Any] = {
            "id": f"c-{next(_numbers)}",
            "case": "C-1",
            "by": _BY.get(kind, QUALITY),
            "happened_at": self.now,
            "recorded_at": said.get("happened_at", self.now),
        }
        return kind(**(usual | dict(_USUAL.get(kind, {})) | said))

    def do(self, kind: type[Command], **said: Any) -> Change:
        result = self.store.decide(self.said(kind, **said))
        if not isinstance(result, Change):
            raise result
        self.store.commit(result)
        return result

    def reasons(self, kind: type[Command], **said: Any) -> list[Reason]:
        """For what it is refused; nothing has changed."""
        result = self.store.decide(self.said(kind, **said))
        assert isinstance(result, Refused), result
        return list(result.reasons)

    def codes(self, kind: type[Command], **said: Any) -> list[str]:
        return [reason.code for reason in self.reasons(kind, **said)]

    def reach(self, state: ComplaintState, **filing: Any) -> Complaint:
        """A complaint that has come as far as ``state``."""
        for reached, kind in _WAY:
            self.do(kind, **(filing if kind is c.FileComplaint else {}))
            if reached is state:
                break
        return self.it

    @property
    def it(self) -> Complaint:
        found = self.store.aggregates[complaint_key("C-1")]
        assert isinstance(found, Complaint)
        return found

    @property
    def ticket(self) -> Ticket:
        found = self.store.aggregates[Key(Ticket.kind, "T-1")]
        assert isinstance(found, Ticket)
        return found

    def heard(self, kind: str) -> list[Message]:
        return [message for message in self.store.messages if message.kind == kind]

    def wait(self, **span: int) -> None:
        self.now += timedelta(**span)

    def let_clock_speak(self, until: datetime) -> list[tuple[str, str, datetime]]:
        """All that it says by then, one after the other: what, of which promise, as of when."""
        spoken = []
        while (command := COMPLAINT.wake(self.it, self.policy, until)) is not None:
            change = self.store.decide(command)
            assert isinstance(change, Change)
            self.store.commit(change)
            spoken.append((type(command).__name__, command.what, command.happened_at))  # type: ignore[attr-defined]
            assert len(spoken) < 20  # it says each thing once
        return spoken


_BY: Mapping[type[Command], Actor] = {
    c.FileComplaint: TAKER,
    c.RefuseAnswer: OWNER,
    c.WithdrawComplaint: OWNER,
    c.ShowComplaintFacts: OWNER,
    c.SettleComplaint: HEAD,
    c.FireComplaintRung: CLOCK,
    c.MarkComplaintBreach: CLOCK,
}
_USUAL: Mapping[type[Command], Mapping[str, Any]] = {
    c.FileComplaint: {
        "firm": FIRM,
        "customer": CUSTOMER,
        "channel": Channel.HOTLINE,
        "what": "the door is rusty",
    },
    c.GradeComplaint: {"handler": HANDLER},
    c.InvestigateComplaint: {"found": "rust on the hinge, a drill hole unpainted"},
    c.AttributeCause: {"attribution": Attribution.MAKER},
    c.PassComplaintOn: {"of": "escalation", "to": "supervisor"},
    c.ExtendComplaint: {
        "what": TargetKind.PLAN,
        "until": MONDAY + timedelta(days=30),
        "approved_by": "director",
        "reason": "the maker is closed",
    },
    c.AnswerComplaint: {"answer": "the hinge is exchanged: it was not painted"},
    c.RefuseAnswer: {"reason": "the frame is rusty as well"},
    c.SettleComplaint: {"result": "exchanged, no rust"},
    c.FireComplaintRung: {"what": "complaint-answer", "rung": "1/1", "level": 1, "action": "manager"},
    c.MarkComplaintBreach: {"what": "complaint-answer"},
}
_WAY = (
    (S.FILED, c.FileComplaint),
    (S.GRADED, c.GradeComplaint),
    (S.INVESTIGATED, c.InvestigateComplaint),
    (None, c.AttributeCause),
    (S.ANSWERED, c.AnswerComplaint),
    (S.SETTLED, c.SettleComplaint),
)


@pytest.fixture
def desk() -> Complaints:
    return Complaints()


def damage(what: str, *photographs: str) -> DamageShown:
    return DamageShown(what=what, photographs=photographs)


def facts(reason: Reason) -> dict[str, Any]:
    return dict(reason.facts)


# --- the table ------------------------------------------------------------------------------------------


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(COMPLAINT)) == []


def test_the_grid_has_every_role_and_state() -> None:
    """None is forgotten when one is added."""
    assert set(ROLES.values()) == set(ComplaintRole)
    assert set(GRID.split("FileComplaint", maxsplit=1)[0].split()) == {"-", *STATES}


@pytest.mark.parametrize(
    ("actor", "opening", "kept"),
    [
        (OWNER, ["customer"], ["customer"]),
        (Actor("neighbour", "neighbour", Office.PERSON), ["customer"], []),
        (staff("x", "desk", "engineer", "quality"), ["quality", "engineer", "desk"], None),
        (staff("x", "complaints", "supervisor"), ["supervisor", "complaints"], None),
        (staff("x", "gardener"), [], []),
        (staff("x", "quality", serves="another firm"), ["quality"], []),
        (SYSTEM, ["system"], None),
        (CLOCK, ["clock"], None),
    ],
)
def test_who_speaks_in_which_role(
    desk: Complaints, actor: Actor, opening: list[str], kept: list[str] | None
) -> None:
    """The customer for himself, staff of this firm in their posts, the strongest first; programs, the clock."""
    it = desk.reach(S.FILED)

    assert [role.value for role in COMPLAINT.roles_of(None, actor)] == opening
    assert [role.value for role in COMPLAINT.roles_of(it, actor)] == (opening if kept is None else kept)


def test_only_its_filing_opens_a_complaint(desk: Complaints) -> None:
    """What is said to one that is not there looks at nothing, and is not found."""
    said = desk.said(c.GradeComplaint)

    assert COMPLAINT.reads(None, said) == ()
    assert isinstance(desk.store.do(said), NotFound)


# --- filing ---------------------------------------------------------------------------------------------


def test_a_complaint_is_filed_with_all_that_was_said(desk: Complaints) -> None:
    """In the ledger under the next number; the customer hears of it (AS-COMP-3)."""
    desk.do(
        c.FileComplaint,
        unit="U-1",
        about="fitter",
        answers={"product": "rail"},
        category="production",
        code="rust",
        shown={"letter": ("l-1",)},
    )

    it = desk.it
    assert (it.state, it.number, it.channel, it.filed_at) == (S.FILED, 1, Channel.HOTLINE, MONDAY)
    assert (it.unit, it.about, it.category, it.code) == ("U-1", "fitter", "production", "rust")
    assert (it.answers, it.shown) == ({"product": "rail"}, {"letter": ("l-1",)})
    assert it.is_open
    (told,) = desk.store.messages
    assert (told.kind, told.to) == (messages.FILED, CUSTOMER)
    assert dict(told.facts) == {"complaint": "C-1", "what": "the door is rusty", "number": "1"}


def test_numbers_of_the_ledger_have_no_gap(desk: Complaints) -> None:
    """Each complaint takes the next one of the book, in the same change."""
    desk.do(c.FileComplaint)
    desk.do(c.FileComplaint, case="C-2")

    book = desk.store.aggregates[book_key(FIRM, Series.COMPLAINT)]
    second = desk.store.aggregates[complaint_key("C-2")]
    assert isinstance(book, Book)
    assert isinstance(second, Complaint)
    assert (desk.it.number, second.number, book.next) == (1, 2, 3)


def test_without_a_ledger_there_is_no_number() -> None:
    """The rulebook does not number complaints, or not those of this kind."""
    desk = Complaints(complaint=None)
    desk.do(c.FileComplaint)
    rails = Numbering(series=Series.COMPLAINT, when=When((("product", ("rail",)),)))
    other = Complaints(complaint=rails)
    other.do(c.FileComplaint)

    for each in (desk, other):
        assert each.it.number is None
        assert dict(each.heard(messages.FILED)[0].facts)["number"] == ""
        assert book_key(FIRM, Series.COMPLAINT) not in each.store.aggregates


def test_a_complaint_is_filed_at_the_firm_whose_rules_these_are(desk: Complaints) -> None:
    """Not at another one's."""
    assert desk.codes(c.FileComplaint, firm="another") == ["aftersales.another-firm"]


def test_a_customer_complains_for_himself(desk: Complaints) -> None:
    """Staff enter anybody's."""
    assert desk.codes(c.FileComplaint, by=OWNER, customer="neighbour") == ["aftersales.complaint.not-his-own"]
    desk.do(c.FileComplaint, by=OWNER)
    assert desk.it.customer == CUSTOMER


@pytest.mark.clause("AS-COMP-7")
@pytest.mark.parametrize("posts", [("desk",), ("complaints", "engineer")])
def test_who_takes_complaints_is_of_another_department_than_service(
    desk: Complaints, posts: tuple[str, ...]
) -> None:
    """Every post counts that somebody has, not only that in which he speaks (AS-COMP-7)."""
    (reason,) = desk.reasons(c.FileComplaint, by=staff("x", *posts))

    assert (reason.code, reason.clause) == ("aftersales.barred", Clause("X-apart"))
    assert facts(reason) == {"step": "complaint", "post": posts[-1]}


@pytest.mark.clause("AS-COMP-7")
@pytest.mark.parametrize(("party", "about"), [(ENGINEER, ""), ("helper", ""), ("x", "x")])
def test_who_takes_complaints_has_no_part_in_it(desk: Complaints, party: str, about: str) -> None:
    """Nobody who served on its ticket, and not he whom it is about (AS-COMP-7)."""
    desk.have()

    (reason,) = desk.reasons(c.FileComplaint, ticket="T-1", about=about, by=staff(party, "complaints"))
    assert (reason.code, facts(reason)["post"]) == ("aftersales.barred", "complaints")
    desk.do(c.FileComplaint, ticket="T-1", about=about)


def test_a_bar_holds_under_its_condition_and_for_its_step() -> None:
    """Another step, or a condition that does not hold, bars nobody; nor does one of posts somebody without."""
    rails = Barred(step="complaint", posts=("desk",), when=When((("product", ("rail",)),)))
    desk = Complaints(apart=rails)

    assert desk.codes(c.FileComplaint, by=DESK, answers={"product": "rail"}) == ["aftersales.barred"]
    desk.do(c.FileComplaint, by=DESK)


def test_a_complaint_opens_on_the_ticket_of_its_service(desk: Complaints) -> None:
    """The ticket hears of it in the same change, so that it cannot be closed."""
    desk.have()
    desk.do(c.FileComplaint, ticket="T-1")

    assert desk.ticket.complaints == {"C-1": True}


@pytest.mark.parametrize("firm", [None, "another"])
def test_the_ticket_that_is_named_has_to_be_there(desk: Complaints, firm: str | None) -> None:
    """And to be of this firm."""
    if firm is not None:
        desk.have(firm=firm)

    assert desk.codes(c.FileComplaint, ticket="T-1") == ["aftersales.complaint.no-such-ticket"]


def test_nobody_hears_of_another_customers_service(desk: Complaints) -> None:
    """A customer complains of a service of his own; staff may enter what a third party says (AS-QA-21)."""
    desk.have(customer="neighbour")

    (reason,) = desk.reasons(c.FileComplaint, by=OWNER, ticket="T-1")
    assert (reason.code, reason.clause) == (
        "aftersales.complaint.another-customer",
        Clause("AS-QA-21", "技术部售后规章制度 15"),
    )
    desk.do(c.FileComplaint, ticket="T-1")


def test_answers_are_to_the_firms_questions(desk: Complaints) -> None:
    """All that are not are named."""
    found = desk.codes(c.FileComplaint, answers={"colour": "red", "product": "roof"})

    assert found == ["aftersales.unknown-question", "aftersales.unknown-answer"]


@pytest.mark.clause("AS-COMP-1", "AS-COMP-5")
@pytest.mark.parametrize(
    ("said", "code", "clause"),
    [
        ({"category": "weather"}, "unknown-category", "X-transit"),
        ({"category": "production", "code": "crushed"}, "unknown-code", "X-production"),
        ({"code": "ugly"}, "unknown-code", "X-transit"),
    ],
)
def test_category_and_code_are_of_the_firms_lists(
    desk: Complaints, said: dict[str, str], code: str, clause: str
) -> None:
    """A code that its category does not have is refused by the category's list (AS-COMP-1, AS-COMP-5)."""
    (reason,) = desk.reasons(c.FileComplaint, **said)

    assert (reason.code, reason.clause) == (f"aftersales.complaint.{code}", Clause(clause))


def test_a_code_says_its_category(desk: Complaints) -> None:
    """If one list alone has it; one that two have says none."""
    desk.do(c.FileComplaint, code="rust")
    assert desk.it.category == "production"
    desk.do(c.FileComplaint, case="C-2", code="both")
    other = desk.store.aggregates[complaint_key("C-2")]
    assert isinstance(other, Complaint)
    assert other.category == ""


def test_without_lists_anything_may_be_complained_of() -> None:
    """A firm that lists no codes takes what is said."""
    desk = Complaints(transit=None, production=None)
    desk.do(c.FileComplaint, category="weather", code="rain")

    assert (desk.it.category, desk.it.code) == ("weather", "rain")


def test_a_checklist_of_the_filing_is_held(desk: Complaints) -> None:
    """What is complained of is on record by itself; anything else has to be shown (AS-RET-4)."""
    desk = Complaints(form=Checklist(step="complaint", items=("complaint", "date of purchase")))

    (reason,) = desk.reasons(c.FileComplaint)
    assert (reason.code, facts(reason)["item"]) == ("aftersales.lacking", "date of purchase")
    desk.do(c.FileComplaint, shown={"date of purchase": ("2026-01-02",)})


# --- damage in transit ----------------------------------------------------------------------------------


@pytest.mark.clause("AS-COMP-2")
def test_a_transit_claim_with_two_photographs_is_refused(desk: Complaints) -> None:
    """The damage is named that has too few; each needs its own three (AS-COMP-2)."""
    damages = (damage("left leaf", "p1", "p2"), damage("frame", "p3", "p4", "p5"))
    reasons = desk.reasons(c.FileComplaint, damages=damages, shown={"waybill": ("w-1",)})

    (reason,) = reasons
    assert (reason.code, reason.clause) == (
        "aftersales.complaint.too-few-photographs",
        Clause("X-photographs"),
    )
    assert facts(reason) == {"damage": "left leaf", "needed": 3, "found": 2}


@pytest.mark.clause("AS-COMP-2")
def test_one_photograph_three_times_is_one(desk: Complaints) -> None:
    """They have to differ (AS-COMP-2: from different angles)."""
    found = desk.codes(
        c.FileComplaint, damages=(damage("frame", "p1", "p1", "p2"),), shown={"waybill": ("w-1",)}
    )
    assert found == ["aftersales.complaint.too-few-photographs"]


@pytest.mark.clause("AS-COMP-2")
@pytest.mark.parametrize("said", [{"category": "transit"}, {"code": "crushed"}])
def test_a_transit_claim_names_its_damages(desk: Complaints, said: dict[str, str]) -> None:
    """And has what else the checklist asks for, once."""
    reasons = desk.reasons(c.FileComplaint, **said)

    assert [each.code for each in reasons] == ["aftersales.complaint.no-damage-named", "aftersales.lacking"]
    assert facts(reasons[1]) == {"item": "waybill", "needed": 1, "found": 0, "step": "transit-claim"}


def test_a_transit_claim_with_all_its_photographs_is_filed(desk: Complaints) -> None:
    """Three of each damage, and the waybill."""
    damages = (damage("left leaf", "p1", "p2", "p3"), damage("frame", "p1", "p4", "p5", "p4"))
    desk.do(c.FileComplaint, code="crushed", damages=damages, shown={"waybill": ("w-1",)})

    assert [each.photographs for each in desk.it.damages] == [("p1", "p2", "p3"), ("p1", "p4", "p5")]


def test_photographs_are_added_to_their_damage(desk: Complaints) -> None:
    """A damage that is found later needs its three as well; what is shown goes on record."""
    desk.reach(S.FILED, damages=(damage("frame", "p1", "p2", "p3"),), shown={"waybill": ("w-1",)})

    assert desk.codes(c.ShowComplaintFacts, damages=(damage("lock", "p9"),)) == [
        "aftersales.complaint.too-few-photographs"
    ]
    desk.do(c.ShowComplaintFacts, damages=(damage("frame", "p3", "p4"),), shown={"letter": ("l-1",)})
    assert desk.it.damages == (damage("frame", "p1", "p2", "p3", "p4"),)
    assert desk.it.shown == {"waybill": ("w-1",), "letter": ("l-1",)}


@pytest.mark.parametrize("kind", [c.FileComplaint, c.ShowComplaintFacts])
def test_a_damage_is_named_once(desk: Complaints, kind: type[Command]) -> None:
    """With all its photographs."""
    with pytest.raises(InvalidValue, match="each damage once"):
        desk.said(kind, damages=(damage("frame", "p1"), damage("frame", "p2")))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (c.FileComplaint, "what"),
        (c.GradeComplaint, "handler"),
        (c.InvestigateComplaint, "found"),
        (c.PassComplaintOn, "of"),
        (c.PassComplaintOn, "to"),
        (c.ExtendComplaint, "approved_by"),
        (c.ExtendComplaint, "reason"),
        (c.AnswerComplaint, "answer"),
        (c.RefuseAnswer, "reason"),
        (c.SettleComplaint, "result"),
    ],
)
def test_what_has_to_be_said_is_said(desk: Complaints, kind: type[Command], field: str) -> None:
    """An empty text is no text; an answer without an explanation is none (AS-COMP-3)."""
    with pytest.raises(InvalidValue, match=field):
        desk.said(kind, **{field: " "})


# --- grading --------------------------------------------------------------------------------------------


def test_what_is_given_as_it_is_graded_joins_what_was_given_before() -> None:
    """The rules may leave one number to the filing and another to whoever grades it."""
    blank = parse_allowance("{days} working days"), parse_allowance("{hours} hours")
    plan, answer = (
        Promise(kind=kind, within=within, since=Event.RECEIVED)
        for kind, within in zip((TargetKind.PLAN, TargetKind.COMPLAINT_ANSWER), blank, strict=True)
    )
    desk = Complaints(plan=plan, complaint_answer=answer)
    desk.do(c.FileComplaint, given={"days": 3, "hours": 9})
    desk.do(c.GradeComplaint, given={"hours": 4})

    assert desk.it.given == {"days": 3, "hours": 4}


@pytest.mark.clause("AS-COMP-3")
@pytest.mark.parametrize(("urgent", "grade"), [("yes", ("grave", 1)), ("no", ("ordinary", 2))])
def test_a_complaint_is_graded_by_its_answers(desk: Complaints, urgent: str, grade: tuple[str, int]) -> None:
    """And given to somebody, who hears of it (AS-COMP-3)."""
    desk.reach(S.FILED)
    desk.do(c.GradeComplaint, answers={"urgent": urgent})

    assert (desk.it.state, desk.it.grade, desk.it.rank) == (S.GRADED, *grade)
    assert (desk.it.handler, desk.it.answers) == (HANDLER, {"urgent": urgent})
    (told,) = desk.heard(messages.ASSIGNED)
    assert (told.to, dict(told.facts)["grade"]) == (HANDLER, grade[0])


def test_of_two_grades_that_hold_the_graver_is_taken() -> None:
    """Whichever the rulebook names first."""
    desk = Complaints(ordinary=Grade(name="ordinary", rank=3), grave=Grade(name="grave", rank=2))
    desk.reach(S.GRADED)

    assert (desk.it.grade, desk.it.rank) == ("grave", 2)


def test_what_may_make_it_graver_is_asked_for() -> None:
    """What can only make it less grave is not."""
    desk = Complaints(
        hurt=Question("hurt", ("yes", "no")),
        grave=Grade(name="grave", rank=1, when=When((("hurt", ("yes",)),))),
        ordinary=Grade(name="ordinary", rank=2),
        trifle=Grade(name="trifle", rank=3, when=When((("hurt", ("no",)),))),
    )
    desk.reach(S.FILED)

    (reason,) = desk.reasons(c.GradeComplaint)
    assert (reason.code, facts(reason)["asked"]) == ("aftersales.asked", "hurt")
    desk.do(c.GradeComplaint, answers={"hurt": "no"})
    assert desk.it.grade == "ordinary"


def test_a_complaint_of_no_grade_is_not_graded() -> None:
    """The firm has grades, and none of them holds."""
    desk = Complaints(ordinary=None)
    desk.reach(S.FILED)

    (reason,) = desk.reasons(c.GradeComplaint)
    assert (reason.code, reason.clause) == ("aftersales.complaint.no-grade", Clause("X-grave"))


def test_a_firm_without_grades_grades_nothing() -> None:
    """The complaint is given to somebody, and goes on."""
    desk = Complaints(ordinary=None, grave=None)
    desk.reach(S.GRADED)

    assert (desk.it.grade, desk.it.rank, desk.it.handler) == ("", None, HANDLER)


def test_a_complaint_may_be_graded_again(desk: Complaints) -> None:
    """When more is known, or to give it to somebody else."""
    desk.reach(S.INVESTIGATED)
    desk.do(c.GradeComplaint, answers={"urgent": "yes"}, handler="another")

    assert (desk.it.state, desk.it.grade, desk.it.handler) == (S.INVESTIGATED, "grave", "another")


def test_grading_takes_known_answers_only(desk: Complaints) -> None:
    """As the filing does; and what its own checklist asks for."""
    desk = Complaints(list=Checklist(step="grading", items=("call back",)))
    desk.reach(S.FILED)

    assert desk.codes(c.GradeComplaint, answers={"colour": "red"}) == [
        "aftersales.unknown-question",
        "aftersales.lacking",
    ]


@pytest.mark.clause("AS-COMP-3")
def test_major_complaints_are_seen_to_first(desk: Complaints) -> None:
    """What nobody graded yet before all, then by rank, then the oldest; what is over not at all (AS-COMP-3)."""
    it = desk.reach(S.FILED)

    def one(id: str, rank: int | None, hours: int, state: ComplaintState = S.GRADED) -> Complaint:
        return Complaint(
            id=id,
            state=state,
            firm=FIRM,
            customer=CUSTOMER,
            filed_at=MONDAY + timedelta(hours=hours),
            channel=Channel.LETTER,
            what="late",
            rank=rank,
        )

    found = by_rank(
        [
            one("young", 2, 3),
            one("old", 2, 1),
            one("major", 1, 5),
            one("settled", 1, 0, S.SETTLED),
            one("withdrawn", 1, 0, S.WITHDRAWN),
            it,
        ]
    )
    assert [each.id for each in found] == ["C-1", "major", "old", "young"]


# --- who handles it -------------------------------------------------------------------------------------

HANDLING = (c.GradeComplaint, c.InvestigateComplaint, c.AttributeCause, c.AnswerComplaint, c.SettleComplaint)


@pytest.mark.clause("AS-COMP-7")
@pytest.mark.parametrize("kind", [*HANDLING, c.PassComplaintOn, c.ExtendComplaint])
@pytest.mark.parametrize("party", [ENGINEER, "helper", "accused"])
def test_nobody_handles_what_he_has_a_part_in(kind: type[Command], party: str) -> None:
    """Whom it is about, and who served, never does, whatever the rulebook says (AS-COMP-7)."""
    desk = Complaints(apart=None, supervised=None)
    desk.have()
    before = next(state for state in (S.FILED, S.GRADED, S.ANSWERED) if COMPLAINT.cell(state, kind))
    desk.reach(S.ANSWERED if kind is c.SettleComplaint else S.GRADED if kind in _GRADED else before, **_BAD)

    reasons = desk.reasons(kind, by=staff(party, "supervisor"))
    assert ("aftersales.complaint.has-a-part-in-it", Clause("AS-COMP-7", "单位售后服务方案1 4")) in [
        (each.code, each.clause) for each in reasons
    ]


@pytest.mark.clause("AS-COMP-7")
def test_who_served_handles_no_complaint_about_nobody(desk: Complaints) -> None:
    """It need not be about him (AS-COMP-7)."""
    desk.have()
    desk.reach(S.FILED, ticket="T-1")

    assert desk.codes(c.GradeComplaint, by=staff("helper", "quality")) == [
        "aftersales.complaint.has-a-part-in-it"
    ]


_BAD: Mapping[str, Any] = {"ticket": "T-1", "about": "accused"}
_GRADED = (c.InvestigateComplaint, c.AttributeCause, c.AnswerComplaint)


@pytest.mark.clause("AS-COMP-7")
@pytest.mark.parametrize("handler", [ENGINEER, "accused"])
def test_a_complaint_is_given_to_nobody_who_has_a_part_in_it(desk: Complaints, handler: str) -> None:
    """Neither whom it is about nor who served (AS-COMP-7)."""
    desk.have()
    desk.reach(S.FILED, **_BAD)

    (reason,) = desk.reasons(c.GradeComplaint, handler=handler)
    assert (reason.code, facts(reason)) == ("aftersales.complaint.has-a-part-in-it", {"party": handler})


@pytest.mark.clause("AS-COMP-7")
def test_the_handling_is_itself_supervised(desk: Complaints) -> None:
    """Where the rulebook bars who had a part in it from settling, the handler is barred (AS-COMP-7)."""
    desk.reach(S.ANSWERED)

    (reason,) = desk.reasons(c.SettleComplaint, by=QUALITY)
    assert (reason.code, reason.clause) == ("aftersales.barred", Clause("X-supervised"))
    desk.do(c.SettleComplaint, by=TAKER)


def test_an_engineer_looks_into_a_complaint_that_was_given_to_him(desk: Complaints) -> None:
    """And into no other."""
    desk.reach(S.GRADED)
    assert desk.codes(c.InvestigateComplaint, by=FITTER) == ["aftersales.complaint.another-handler"]
    desk.do(c.GradeComplaint, handler="fitter")
    desk.do(c.InvestigateComplaint, by=FITTER)

    assert desk.it.state is S.INVESTIGATED


# --- its handling ---------------------------------------------------------------------------------------


@pytest.mark.clause("AS-COMP-3")
@pytest.mark.parametrize("kind", [c.InvestigateComplaint, c.AnswerComplaint])
def test_a_complaint_is_graded_before_it_is_looked_into(desk: Complaints, kind: type[Command]) -> None:
    """Major ones first: nobody knows before (AS-COMP-3)."""
    desk.reach(S.FILED)

    (reason,) = desk.reasons(kind)
    assert reason == Reason("aftersales.complaint.not-graded", Clause("AS-COMP-3", "客户投诉处理规定 十八"))


@pytest.mark.clause("AS-QA-9", "AS-FLOW-23")
def test_a_survey_on_site_and_a_plan_where_the_rulebook_asks_for_them() -> None:
    """A complaint leads to a visit and a plan made with the owner, before it is answered (AS-QA-9)."""
    desk = Complaints(
        visit=Checklist(step="investigation", items=("site-survey", "owner's agreement")),
        told=Checklist(step="answer", items=("problem-record", "plan", "explanation")),
    )
    desk.reach(S.GRADED)

    assert [facts(each)["item"] for each in desk.reasons(c.AnswerComplaint)] == ["problem-record", "plan"]
    assert [facts(each)["item"] for each in desk.reasons(c.InvestigateComplaint)] == ["owner's agreement"]
    desk.do(c.InvestigateComplaint, plan="a new hinge", shown={"owner's agreement": ("s-1",)})
    desk.do(c.InvestigateComplaint, found="also the lock", shown={"owner's agreement": ("s-2",)})
    assert (desk.it.found, desk.it.plan) == ("also the lock", "a new hinge")
    desk.do(c.AnswerComplaint)
    assert desk.it.state is S.ANSWERED


def test_a_simple_complaint_is_answered_at_once(desk: Complaints) -> None:
    """Where no checklist asks for more (AS-FLOW-23: simple ones are put right directly)."""
    desk.reach(S.GRADED)
    desk.do(c.AnswerComplaint)

    (told,) = desk.heard(messages.ANSWERED)
    assert (told.to, dict(told.facts)["answer"]) == (CUSTOMER, desk.it.answer)


@pytest.mark.clause("AS-COMP-8")
@pytest.mark.parametrize(
    ("attribution", "to"),
    [
        (Attribution.MAKER, f"{FIRM}/maker"),
        (Attribution.SELLER, f"{FIRM}/seller"),
        (Attribution.USER, CUSTOMER),
        (Attribution.SERVICE, f"{FIRM}/supervisor"),
        (Attribution.NOBODY, f"{FIRM}/supervisor"),
    ],
)
@pytest.mark.parametrize("kind", [c.AttributeCause, c.InvestigateComplaint])
def test_who_is_told_whose_fault_it_was(
    desk: Complaints, kind: type[Command], attribution: Attribution, to: str
) -> None:
    """The maker is notified, the seller acts, to the user it is explained (AS-COMP-8)."""
    desk.reach(S.GRADED)
    desk.do(kind, attribution=attribution)

    assert desk.it.attribution is attribution
    (told,) = desk.heard(messages.CAUSE)
    assert (told.to, dict(told.facts)["attributed"]) == (to, attribution.value)


@pytest.mark.clause("AS-COMP-8")
def test_a_complaint_is_settled_when_its_cause_is_attributed(desk: Complaints) -> None:
    """And what the attribution asks for is on record: the maker's is negotiated (AS-COMP-8)."""
    desk = Complaints(
        maker=Checklist(
            step="settlement", items=("maker's agreement",), when=When((("attributed", ("maker",)),))
        )
    )
    desk.reach(S.GRADED)
    desk.do(c.AnswerComplaint)

    (reason,) = desk.reasons(c.SettleComplaint)
    assert reason == Reason("aftersales.complaint.not-attributed", Clause("AS-COMP-8", "3.11"))
    desk.do(c.AttributeCause)
    assert [facts(each)["item"] for each in desk.reasons(c.SettleComplaint)] == ["maker's agreement"]
    desk.do(c.AttributeCause, attribution=Attribution.USER)
    desk.do(c.SettleComplaint)
    assert (desk.it.state, desk.it.result) == (S.SETTLED, "exchanged, no rust")


def test_what_the_complaint_proves_itself() -> None:
    """Its number in the ledger, its cause, its answer need not be shown to its checklists."""
    items = ("complaint", "complaint-ledger", "problem-record", "attribution", "answer", "plan")
    desk = Complaints(file=Checklist(step="settlement", items=items), complaint=None)
    desk.reach(S.ANSWERED)

    lacking = [facts(each)["item"] for each in desk.reasons(c.SettleComplaint)]
    assert lacking == ["complaint-ledger", "plan"]
    numbered = Complaints(file=Checklist(step="settlement", items=items[:-1]))
    numbered.reach(S.SETTLED)


@pytest.mark.clause("AS-COMP-3")
@pytest.mark.parametrize("state", [S.FILED, S.GRADED, S.INVESTIGATED])
def test_nothing_is_settled_before_the_customer_was_told(desk: Complaints, state: ComplaintState) -> None:
    """The outcome, with an explanation (AS-COMP-3)."""
    desk.reach(state)

    assert desk.reasons(c.SettleComplaint) == [
        Reason("aftersales.complaint.not-answered", Clause("AS-COMP-3", "客户投诉处理规定 十九"))
    ]


def test_the_ticket_hears_that_its_complaint_is_settled(desk: Complaints) -> None:
    """And the customer does, with the result."""
    desk.have()
    desk.reach(S.SETTLED, ticket="T-1")

    assert desk.ticket.complaints == {"C-1": False}
    assert desk.it.settled_on == date(2026, 5, 4)
    assert not desk.it.is_open
    (told,) = desk.heard(messages.SETTLED)
    assert (told.to, dict(told.facts)["result"]) == (CUSTOMER, "exchanged, no rust")


@pytest.mark.parametrize(("state", "told"), [(S.FILED, []), (S.GRADED, [HANDLER])])
def test_a_complaint_may_be_taken_back(desk: Complaints, state: ComplaintState, told: list[str]) -> None:
    """Whoever handles it hears of that; the ticket is free of it, and no promise runs on."""
    desk.have()
    desk.reach(state, ticket="T-1")
    desk.do(c.WithdrawComplaint)

    assert (desk.it.state, desk.ticket.complaints) == (S.WITHDRAWN, {"C-1": False})
    assert [each.to for each in desk.heard(messages.WITHDRAWN)] == told
    assert desk.it.commitments["complaint-answer"].run.voided_at == MONDAY
    assert COMPLAINT.next_wake(desk.it, desk.policy) is None


@pytest.mark.parametrize("kind", [c.WithdrawComplaint, c.RefuseAnswer])
def test_the_customers_word_is_known_by_something(desk: Complaints, kind: type[Command]) -> None:
    """Where staff enter it."""
    desk.reach(S.ANSWERED)

    assert desk.codes(kind, by=TAKER, evidence=" ") == ["aftersales.no-evidence"]
    desk.do(kind, by=TAKER, evidence="call of 4 May")


def test_an_answer_that_is_refused_is_looked_into_again(desk: Complaints) -> None:
    """The handler hears why; another answer is promised from then on, the first one's verdict stays."""
    desk.reach(S.ANSWERED)
    desk.wait(days=1)
    desk.do(c.RefuseAnswer)

    assert (desk.it.state, desk.it.reopened) == (S.INVESTIGATED, 1)
    (told,) = desk.heard(messages.REFUSED)
    assert (told.to, dict(told.facts)["reason"]) == (HANDLER, "the frame is rusty as well")
    first, again = (desk.it.commitments[what] for what in ("complaint-answer", "complaint-answer/2"))
    assert (first.run.stopped_at, again.run.anchored_at) == (MONDAY, desk.now)
    assert again.due == datetime(2026, 5, 7, 9, tzinfo=desk.policy.zone)
    desk.wait(hours=1)
    desk.do(c.AnswerComplaint)
    desk.do(c.RefuseAnswer)
    assert desk.it.commitments["complaint-answer/2"].run.stopped_at == desk.now
    assert desk.it.commitments["complaint-answer/3"].run.stopped_at is None


def test_an_answer_that_was_not_promised_is_not_promised_again() -> None:
    """A firm that promises nothing."""
    desk = Complaints(complaint_answer=None)
    desk.reach(S.ANSWERED)
    desk.do(c.RefuseAnswer)

    assert desk.it.commitments == {}


def test_a_complaint_is_passed_on_along_a_chain(desk: Complaints) -> None:
    """From one to the next, none left out, and not beyond its end; each hears of it (AS-FLOW-27)."""
    desk.reach(S.FILED)

    assert desk.codes(c.PassComplaintOn, of="gossip") == ["aftersales.no-chain"]
    (reason,) = desk.reasons(c.PassComplaintOn, to="head-office")
    assert (reason.code, reason.clause) == ("aftersales.not-their-turn", Clause("X-escalation"))
    assert facts(reason)["turn"] == "supervisor"
    desk.do(c.PassComplaintOn, note="he shouts")
    desk.do(c.PassComplaintOn, to="head-office")
    assert facts(desk.reasons(c.PassComplaintOn)[0])["turn"] == "nobody"
    assert [each.to for each in desk.it.passed] == ["supervisor", "head-office"]
    told = desk.heard(messages.PASSED_ON)
    assert [each.to for each in told] == [f"{FIRM}/supervisor", f"{FIRM}/head-office"]
    assert dict(told[0].facts)["note"] == "he shouts"


def test_a_chain_holds_under_its_condition() -> None:
    """Each chain goes on by itself."""
    desk = Complaints(
        review=Chain(of="review", through=("quality",)),
        rails=Chain(of="rails", through=("quality",), when=When((("product", ("rail",)),))),
    )
    desk.reach(S.FILED)
    desk.do(c.PassComplaintOn)
    desk.do(c.PassComplaintOn, of="review", to="quality")

    assert desk.codes(c.PassComplaintOn, of="rails", to="quality") == ["aftersales.no-chain"]


# --- dissatisfied answers to surveys --------------------------------------------------------------------


def from_survey(desk: Complaints, **said: Any) -> None:
    """The desk's own program files what a dissatisfied answer said."""
    desk.have()
    usual: dict[str, Any] = {"case": "T-1/survey/9", "by": SYSTEM, "ticket": "T-1"}
    usual["raised_by"] = RaisedBy.SURVEY
    desk.do(c.FileComplaint, **(usual | {"channel": Channel.FOLLOW_UP} | said))
    it = desk.store.aggregates[complaint_key("T-1/survey/9")]
    assert isinstance(it, Complaint)
    desk.store.aggregates[complaint_key("C-1")] = it  # for ``desk.it``


@pytest.mark.clause("AS-QA-11")
def test_a_dissatisfied_answer_goes_to_the_person_in_charge(desk: Complaints) -> None:
    """It is registered by itself; he confirms the result, and nobody else does (AS-QA-11)."""
    from_survey(desk)
    assert desk.it.raised_by is RaisedBy.SURVEY
    (told,) = desk.heard(messages.DISSATISFIED)
    assert told.to == f"{FIRM}/supervisor"
    case = {"case": "T-1/survey/9"}
    for kind in (c.GradeComplaint, c.AttributeCause, c.AnswerComplaint):
        desk.do(kind, **case)

    (reason,) = desk.reasons(c.SettleComplaint, by=TAKER, **case)
    assert reason == Reason("aftersales.complaint.not-confirmed", Clause("AS-QA-11", "回访制度 一3"))
    desk.do(c.SettleComplaint, **case)
    assert desk.ticket.complaints == {"T-1/survey/9": False}


def test_a_program_may_file_another_complaint(desk: Complaints) -> None:
    """One that came by mail, say: nothing of it is a survey's."""
    desk.have()
    desk.do(c.FileComplaint, by=SYSTEM, ticket="T-1")

    assert desk.it.raised_by is RaisedBy.OTHER
    assert desk.heard(messages.DISSATISFIED) == []


@pytest.mark.clause("AS-QA-11")
def test_a_dissatisfied_answer_is_not_lost_for_want_of_an_answer() -> None:
    """What decides its promise is asked for when it is graded; the clock begins with its filing."""
    desk = Complaints(
        hurt=Question("hurt", ("yes", "no")),
        complaint_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER,
            within=parse_allowance("2 hours"),
            when=When((("hurt", ("yes",)),)),
        ),
        form=Checklist(step="complaint", items=("date of purchase",)),
    )
    from_survey(desk)
    assert desk.it.commitments == {}
    case = {"case": "T-1/survey/9"}
    desk.wait(days=1)

    (reason,) = desk.reasons(c.GradeComplaint, **case)
    assert (reason.code, facts(reason)["asked"]) == ("aftersales.asked", "hurt")
    desk.do(c.GradeComplaint, answers={"hurt": "yes"}, **case)
    it = desk.store.aggregates[complaint_key("T-1/survey/9")]
    assert isinstance(it, Complaint)
    assert it.commitments["complaint-answer"].run.anchored_at == MONDAY
    assert COMPLAINT.next_wake(it, desk.policy) == desk.now  # late already; not before it was told


# --- promises -------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)
LADDER = Ladder(
    rungs=(
        Rung(level=1, action="manager", fraction=Fraction(1, 2)),
        Rung(level=2, action="director", offset=8 * HOUR),
    ),
    kinds=(TargetKind.COMPLAINT_ANSWER,),
)


def at(day: int, hour: int, desk: Complaints) -> datetime:
    return datetime(2026, 5, day, hour, tzinfo=desk.policy.zone)


def test_an_answer_is_promised_from_the_filing_on(desk: Complaints) -> None:
    """Its due date is told; the answer stops it."""
    desk.reach(S.FILED)
    promise = desk.it.commitments["complaint-answer"]
    assert (promise.due, promise.clause) == (at(6, 9, desk), Clause("X-complaint-answer"))
    desk.do(c.GradeComplaint)
    desk.wait(hours=3)
    desk.do(c.AnswerComplaint)

    assert desk.it.commitments["complaint-answer"].run.stopped_at == desk.now
    assert desk.let_clock_speak(at(30, 9, desk)) == []


def test_a_ticket_s_promises_are_not_a_complaint_s(desk: Complaints) -> None:
    """Of the desk's four promises the complaint has the one that is made for complaints."""
    desk.reach(S.FILED)

    assert list(desk.it.commitments) == ["complaint-answer"]


@pytest.mark.clause("AS-SLA-1")
def test_a_plan_and_its_carrying_out_are_promised() -> None:
    """The plan from the receipt on, the rest from the plan on, whenever it was given (AS-SLA-1)."""
    desk = Complaints(
        plan=Promise(kind=TargetKind.PLAN, within=parse_allowance("4 working days"), since=Event.RECEIVED),
        carry_out=Promise(
            kind=TargetKind.CARRY_OUT, within=parse_allowance("3 working days"), since=Event.PLANNED
        ),
        rail=Promise(
            kind=TargetKind.PLAN, within=parse_allowance("1 hours"), when=When((("product", ("rail",)),))
        ),
        blank=Promise(kind=TargetKind.CARRY_OUT, within=parse_allowance("{days} working days")),
    )
    desk.reach(S.GRADED)
    plan, rest = desk.it.commitments["plan"], desk.it.commitments["carry-out"]
    assert (plan.due, rest.run.anchored_at) == (at(8, 9, desk), None)
    desk.do(c.InvestigateComplaint)
    assert desk.it.commitments["plan"].run.stopped_at is None
    desk.wait(days=1)
    desk.do(c.InvestigateComplaint, plan="a new hinge")
    assert desk.it.commitments["plan"].run.stopped_at == desk.now
    assert desk.it.commitments["carry-out"].due == at(8, 9, desk)
    desk.do(c.AttributeCause)
    desk.do(c.AnswerComplaint)
    assert desk.it.commitments["plan"].run.stopped_at == at(5, 9, desk)
    desk.wait(days=1)
    desk.do(c.SettleComplaint)
    assert desk.it.commitments["carry-out"].run.stopped_at == desk.now


@pytest.mark.clause("AS-SLA-1")
def test_an_answer_is_a_plan_as_well() -> None:
    """The customer is told what is going to be done: the carrying out begins then (AS-SLA-1)."""
    desk = Complaints(
        plan=Promise(kind=TargetKind.PLAN, within=parse_allowance("4 working days")),
        carry_out=Promise(
            kind=TargetKind.CARRY_OUT, within=parse_allowance("3 working days"), since=Event.PLANNED
        ),
    )
    desk.reach(S.GRADED)
    desk.wait(hours=1)
    desk.do(c.AnswerComplaint)

    assert desk.it.commitments["plan"].run.stopped_at == desk.now
    assert desk.it.commitments["carry-out"].run.anchored_at == desk.now


def test_a_settled_complaint_comes_to_nothing() -> None:
    """Even where it was settled, as was entered late, before something was promised."""
    desk = Complaints(
        carry_out=Promise(
            kind=TargetKind.CARRY_OUT, within=parse_allowance("3 working days"), since=Event.PLANNED
        )
    )
    desk.reach(S.GRADED)
    desk.do(c.AttributeCause)
    desk.wait(hours=2)
    desk.do(c.AnswerComplaint)
    desk.do(c.SettleComplaint, happened_at=desk.now - HOUR)

    assert desk.it.commitments["carry-out"].run.stopped_at is None
    assert COMPLAINT.next_wake(desk.it, desk.policy) is None
    assert COMPLAINT.wake(desk.it, desk.policy, at(30, 9, desk)) is None


def test_what_a_promise_leaves_blank_is_given() -> None:
    """A plan that hangs on it is not promised before it is given; an answer asks for it."""
    blank = parse_allowance("{days} working days")
    desk = Complaints(
        plan=Promise(kind=TargetKind.PLAN, within=blank),
        complaint_answer=Promise(kind=TargetKind.COMPLAINT_ANSWER, within=blank),
    )
    (reason,) = desk.reasons(c.FileComplaint)
    assert (reason.code, facts(reason)["asked"]) == ("aftersales.asked", "days")
    (unfit,) = desk.reasons(c.FileComplaint, given={"days": -1})
    assert (unfit.code, facts(unfit)["what"]) == ("aftersales.unfit", "days")
    desk.do(c.FileComplaint, given={"days": 3})

    assert desk.it.given == {"days": 3}
    assert {what: each.due for what, each in desk.it.commitments.items()} == {
        "plan": at(7, 9, desk),
        "complaint-answer": at(7, 9, desk),
    }


def test_what_hangs_on_the_grade_is_promised_when_it_is_graded() -> None:
    """Before that it is not asked for; what was promised already stays as it was told."""
    desk = Complaints(
        asks=Question("grade", ("grave", "ordinary")),
        complaint_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER,
            within=parse_allowance("4 hours"),
            when=When((("grade", ("grave",)),)),
        ),
        ordinary_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER,
            within=parse_allowance("3 working days"),
            when=When((("grade", ("ordinary",)),)),
        ),
    )
    desk.reach(S.FILED)
    assert desk.it.commitments == {}
    desk.do(c.GradeComplaint)
    assert desk.it.commitments["complaint-answer"].due == at(7, 9, desk)
    desk.do(c.GradeComplaint, answers={"urgent": "yes"})
    assert (desk.it.grade, desk.it.commitments["complaint-answer"].due) == ("grave", at(7, 9, desk))


def test_a_grade_that_the_question_does_not_know_answers_nothing() -> None:
    """The firm asks for grades under other names."""
    desk = Complaints(
        asks=Question("grade", ("red", "green")),
        complaint_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER,
            within=parse_allowance("4 hours"),
            when=When((("grade", ("red",)),)),
        ),
    )
    desk.reach(S.GRADED)

    assert desk.it.commitments == {}


def test_a_complaint_has_no_distance() -> None:
    """A promise that hangs on one is not a complaint's, and is not asked for."""
    desk = Complaints(
        bands=Distances(by=MeasuredBy.ROAD, bands=(Band("near", 100_000), Band("far"))),
        complaint_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER,
            within=parse_allowance("4 hours"),
            when=When((("distance", ("near",)),)),
        ),
    )
    desk.reach(S.FILED)

    assert desk.it.commitments == {}


def test_rules_that_contradict_each_other_are_named() -> None:
    """Never a silent order."""
    desk = Complaints(again=Promise(kind=TargetKind.COMPLAINT_ANSWER, within=parse_allowance("4 hours")))

    (reason,) = desk.reasons(c.FileComplaint)
    assert reason.code == "aftersales.rules-disagree"
    assert facts(reason) == {"rules": "complaint-answer, again"}


@pytest.mark.clause("AS-SLA-1")
def test_more_time_is_granted_by_whom_the_promise_names() -> None:
    """To a promise that runs, and for a day after the due one (AS-SLA-1)."""
    desk = Complaints(
        plan=Promise(kind=TargetKind.PLAN, within=parse_allowance("4 working days"), extended_by="director")
    )
    desk.reach(S.FILED)
    code = ["aftersales.not-extendable"]

    assert desk.codes(c.ExtendComplaint, what=TargetKind.QUOTE) == ["aftersales.not-promised"]
    (reason,) = desk.reasons(c.ExtendComplaint, approved_by="clerk")
    assert ([reason.code], reason.clause) == (code, Clause("X-plan"))
    assert facts(reason)["expected"] == "the approval of director"
    assert desk.codes(c.ExtendComplaint, until=MONDAY - HOUR) == code
    assert desk.codes(c.ExtendComplaint, until=MONDAY + HOUR) == code
    assert desk.codes(c.ExtendComplaint, what=TargetKind.COMPLAINT_ANSWER) == code
    desk.do(c.ExtendComplaint)
    assert desk.it.commitments["plan"].due == MONDAY + timedelta(days=30)
    assert COMPLAINT.next_wake(desk.it, desk.policy) is not None


@pytest.mark.parametrize(
    ("by", "codes"), [(TAKER, ["aftersales.extension-not-theirs"]), (QUALITY, []), (HEAD, [])]
)
def test_a_post_of_the_desk_grants_time_itself(by: Actor, codes: list[str]) -> None:
    """Or the supervisor for him."""
    desk = Complaints(
        complaint_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER, within=parse_allowance("2 hours"), extended_by="quality"
        )
    )
    desk.reach(S.FILED)
    said = desk.said(c.ExtendComplaint, by=by, what=TargetKind.COMPLAINT_ANSWER, approved_by="quality")
    result = desk.store.decide(said)

    assert [each.code for each in result.reasons] == codes if isinstance(result, Refused) else codes == []


def test_of_several_answers_the_last_one_is_extended() -> None:
    """The tenth comes after the second, whatever the order in which they are kept."""
    desk = Complaints(
        complaint_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER, within=parse_allowance("2 hours"), extended_by="director"
        )
    )
    it = desk.reach(S.FILED)
    each = it.commitments["complaint-answer"]
    names = ("complaint-answer", "complaint-answer/10", "complaint-answer/2")
    desk.store.aggregates[it.key] = replace(it, commitments=dict.fromkeys(names, each))
    desk.do(c.ExtendComplaint, what=TargetKind.COMPLAINT_ANSWER)

    longer = [what for what, each in desk.it.commitments.items() if each.run.extensions]
    assert longer == ["complaint-answer/10"]


# --- the clock ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("daily", [True, False])
def test_the_clock_says_each_thing_once(daily: bool) -> None:
    """Daily, or once after a month: the same, each at its instant; posts hear of it."""
    desk = Complaints(ladder=LADDER)
    desk.reach(S.FILED)
    spoken = []
    for day in range(5, 32) if daily else (31,):
        spoken += desk.let_clock_speak(at(day, 9, desk))

    late = at(6, 9, desk).astimezone(UTC) + timedelta(microseconds=1)
    assert spoken == [
        ("FireComplaintRung", "complaint-answer", at(5, 9, desk)),
        ("MarkComplaintBreach", "complaint-answer", late),
        ("FireComplaintRung", "complaint-answer", at(7, 9, desk)),
    ]
    promise = desk.it.commitments["complaint-answer"]
    assert (promise.fired, desk.it.escalation) == (("1/1", "breach", "1/2"), 2)
    assert promise.run.breach is not None
    assert promise.run.breach.at == late
    told = [(each.to, dict(each.facts)["level"]) for each in desk.heard(messages.ESCALATED)]
    assert told == [(f"{FIRM}/manager", 1), (f"{FIRM}/director", 2)]
    assert [each.to for each in desk.heard(messages.BREACHED)] == [f"{FIRM}/supervisor"]
    assert COMPLAINT.next_wake(desk.it, desk.policy) is None


def test_an_escalation_never_goes_down_by_a_rung() -> None:
    """A later rung of a lower level leaves it with whoever has it."""
    down = (
        Rung(level=3, action="director", fraction=Fraction(1, 2)),
        Rung(level=1, action="manager", fraction=Fraction(3, 4)),
    )
    desk = Complaints(ladder=Ladder(rungs=down))
    desk.reach(S.FILED)
    desk.let_clock_speak(at(31, 9, desk))

    assert desk.it.escalation == 3


def test_the_ladder_of_the_next_answer_is_climbed_anew() -> None:
    """A rung that fired for the first answer fires for the second."""
    desk = Complaints(ladder=LADDER)
    desk.reach(S.GRADED)
    desk.now = at(5, 10, desk)
    assert len(desk.let_clock_speak(desk.now)) == 1
    desk.do(c.AnswerComplaint)
    desk.do(c.RefuseAnswer)

    assert desk.let_clock_speak(at(6, 11, desk)) == [
        ("FireComplaintRung", "complaint-answer/2", at(6, 10, desk))
    ]


def test_the_clock_does_not_speak_too_early() -> None:
    """It waits for the earliest instant."""
    desk = Complaints(ladder=LADDER)
    desk.reach(S.FILED)
    first = at(5, 9, desk)

    assert COMPLAINT.next_wake(desk.it, desk.policy) == first
    assert COMPLAINT.wake(desk.it, desk.policy, first - timedelta(microseconds=1)) is None
    command = COMPLAINT.wake(desk.it, desk.policy, first)
    assert command is not None
    assert command.id == "clock/C-1/complaint-answer/1/1"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"happened_at": MONDAY + HOUR}, "rung-not-reached"),
        ({"rung": "1/7", "happened_at": MONDAY + 90 * HOUR}, "rung-not-reached"),
        ({"rung": "", "happened_at": MONDAY + 90 * HOUR}, "rung-not-reached"),
    ],
)
def test_a_rung_fires_when_it_is_reached(said: dict[str, Any], code: str) -> None:
    """Not before, and only one that there is."""
    desk = Complaints(ladder=LADDER)
    desk.reach(S.FILED)

    (reason,) = desk.reasons(c.FireComplaintRung, **said)
    assert reason.code == f"aftersales.{code}"
    assert facts(reason) == {"what": "complaint-answer", "rung": said.get("rung", "1/1")}


@pytest.mark.parametrize("said", [{"happened_at": MONDAY + HOUR}, {"what": "plan"}])
def test_a_breach_is_marked_when_it_is_one(desk: Complaints, said: dict[str, Any]) -> None:
    """Of a promise that there is, once it is late."""
    desk.reach(S.FILED)

    assert desk.codes(c.MarkComplaintBreach, **said) == ["aftersales.not-late"]


# --- promises and their clocks, by themselves -----------------------------------------------------------


def commitment(given: Mapping[str, Any] | None = None, **said: Any) -> tuple[Any, Any]:
    """The promises of a complaint that was just filed, and the firm's calendar."""
    desk = Complaints(ladder=LADDER, **said)
    return desk.reach(S.FILED, given=given or {}).commitments, desk.policy.calendar


def test_a_clock_is_not_stopped_before_it_began_nor_twice() -> None:
    """What was stopped first stays; nothing is raised."""
    of, _ = commitment()
    kinds = (TargetKind.COMPLAINT_ANSWER,)

    assert commitments.stopped(of, kinds, MONDAY - HOUR) == of
    assert commitments.stopped(of, (TargetKind.PLAN,), MONDAY + HOUR) == of
    once = commitments.stopped(of, kinds, MONDAY + HOUR)
    assert commitments.stopped(once, kinds, MONDAY + 2 * HOUR) == once
    assert once["complaint-answer"].run.stopped_at == MONDAY + HOUR


def test_what_was_stopped_is_not_voided_and_what_is_void_is_not_stopped() -> None:
    """A verdict stays; a void clock counts for nothing for ever, and comes to nothing."""
    of, calendar = commitment()
    kinds = (TargetKind.COMPLAINT_ANSWER,)
    void, stopped = commitments.voided(of, MONDAY + HOUR), commitments.stopped(of, kinds, MONDAY + HOUR)

    assert commitments.voided(void, MONDAY + 2 * HOUR) == void
    assert commitments.stopped(void, kinds, MONDAY + 2 * HOUR) == void
    assert commitments.voided(stopped, MONDAY + 2 * HOUR) == stopped
    assert [*commitments.coming(void, calendar), *commitments.coming(stopped, calendar)] == []


def test_a_clock_that_has_not_begun_comes_to_nothing() -> None:
    """It is begun once, and by its event alone."""
    rest = Promise(kind=TargetKind.CARRY_OUT, within=parse_allowance("2 hours"), since=Event.PLANNED)
    of, calendar = commitment(carry_out=rest, complaint_answer=None)

    assert list(commitments.coming(of, calendar)) == []
    assert commitments.begun(of, Event.FINISHED, MONDAY, calendar) == of
    begun = commitments.begun(of, Event.PLANNED, MONDAY, calendar)
    assert begun["carry-out"].due == MONDAY + 2 * HOUR
    assert commitments.begun(begun, Event.PLANNED, MONDAY + HOUR, calendar) == begun


def test_a_clock_does_not_begin_after_the_time_that_was_agreed() -> None:
    """There is nothing to be measured any more."""
    rest = Promise(kind=TargetKind.CARRY_OUT, within=parse_allowance("agreed handover"), since=Event.PLANNED)
    of, calendar = commitment({"handover": MONDAY + HOUR}, carry_out=rest, complaint_answer=None)

    assert commitments.begun(of, Event.PLANNED, MONDAY + 2 * HOUR, calendar) == of
    begun = commitments.begun(of, Event.PLANNED, MONDAY, calendar)
    assert begun["carry-out"].due == MONDAY + HOUR


def test_a_clock_that_stands_still_comes_to_nothing() -> None:
    """The due date that was told last stays told."""
    of, calendar = commitment(
        complaint_answer=Promise(
            kind=TargetKind.COMPLAINT_ANSWER,
            within=parse_allowance("2 working days"),
            pauses=(PauseReason.WAITING_CUSTOMER,),
        )
    )
    each = of["complaint-answer"]
    still = replace(each, run=each.run.paused("waiting-customer", MONDAY + HOUR))

    assert list(commitments.coming({"complaint-answer": still}, calendar)) == []
    assert commitments.told(still, calendar) == still


def test_a_breach_that_is_on_record_stays() -> None:
    """A second one changes nothing."""
    of, calendar = commitment()
    once = commitments.breached(of, "complaint-answer", MONDAY + HOUR, calendar)

    assert commitments.breached(once, "complaint-answer", MONDAY + 2 * HOUR, calendar) == once


def test_the_clocks_are_read_at_an_instant() -> None:
    """What each of them says then."""
    of, calendar = commitment()

    assert commitments.clocks(of, calendar, MONDAY + HOUR)["complaint-answer"].elapsed == HOUR
