"""Corrective action: cause, responsibility, measures, their carrying out and whether they helped (AS-QA-7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from change_laws import Store
from desk_at_work import CLOCK, CUSTOMER, DESK, FIRM, MONDAY, SYSTEM, THE_CUSTOMER, policy, staff, ticket
from table_grid import differences, grid_of, read_grid

from servflow.core.aftersales.complaints.model import Complaint, ComplaintState
from servflow.core.aftersales.corrective import commands as c
from servflow.core.aftersales.corrective import messages
from servflow.core.aftersales.corrective.model import (
    ActionRole,
    ActionState,
    CauseKind,
    CorrectiveAction,
    Source,
    action_key,
)
from servflow.core.aftersales.corrective.table import CORRECTIVE_ACTION
from servflow.core.aftersales.policy import Checklist, ServiceRule
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.changes import Actor, Aggregate, Change, Command, Message
from servflow.core.citations import Clause, Reason
from servflow.core.errors import InvalidValue, NotFound, Refused
from servflow.core.lifecycle import Lifecycles

S = ActionState
STATES = {state.name: state for state in ActionState}
ROLES = {
    "D": ActionRole.DESK,
    "E": ActionRole.ENGINEER,
    "Q": ActionRole.QUALITY,
    "S": ActionRole.SUPERVISOR,
    "R": ActionRole.RESPONSIBLE,
    "Y": ActionRole.SYSTEM,
    "K": ActionRole.CLOCK,
}

GRID = """
              -              OPENED        ANALYSED      PLANNED           CARRIED_OUT          CLOSED
OpenAction    DEQSY>OPENED   .             .             .                 .                    .
AnalyseFault  .              QS>ANALYSED   QS>=          .                 .                    .
PlanMeasures  .              QS>=          RQS>PLANNED   RQS>=             .                    .
CarryOut      .              .             .             RQS>CARRIED_OUT   .                    .
VerifyAction  .              DEQS>=        DEQS>=        DEQS>=            DEQS>CLOSED/PLANNED  .
RemindAction  .              .             .             K>=               .                    .
"""

QUALITY = staff("inspector", "quality")
HEAD = staff("head", "supervisor")
WORKER = staff("worker", "winding-shop")
ENGINEER = staff("fitter", "engineer")
DUE = date(2026, 5, 8)
IN_TURN = Clause("AS-QA-7", "二4-5")

_numbers = count(1)
_BY: Mapping[type[Command], Actor] = {
    c.CarryOut: WORKER,
    c.VerifyAction: ENGINEER,
    c.RemindAction: CLOCK,
}
_USUAL: Mapping[type[Command], Mapping[str, Any]] = {
    c.OpenAction: {
        "firm": FIRM,
        "fault": "the winding burns through",
        "source": Source.FEEDBACK_FORM,
        "reference": "form 12",
        "product": "motor 60",
    },
    c.AnalyseFault: {
        "cause": "the varnish was too thin",
        "cause_kind": CauseKind.TECHNICAL,
        "department": "winding-shop",
        "responsible": "foreman",
    },
    c.PlanMeasures: {
        "corrective": "the lot is varnished again",
        "preventive": "each lot is measured",
        "whom": "worker",
        "due": DUE,
    },
    c.CarryOut: {"done": "40 motors varnished, gauge bought"},
    c.VerifyAction: {"effective": True, "found": "no fault in 40"},
    c.RemindAction: {"overdue": False},
}
_WAY = (
    (S.OPENED, c.OpenAction),
    (S.ANALYSED, c.AnalyseFault),
    (S.PLANNED, c.PlanMeasures),
    (S.CARRIED_OUT, c.CarryOut),
    (S.CLOSED, c.VerifyAction),
)


class Actions:
    """The corrective actions of a firm, and all that was said of them."""

    def __init__(self, *there: Aggregate, **changed: ServiceRule | None) -> None:
        self.policy = policy(**changed)
        self.store = Store(Lifecycles(CORRECTIVE_ACTION), self.policy)
        self.store.aggregates |= {it.key: it for it in there}
        self.now = MONDAY

    def said(self, kind: type[Command], **said: Any) -> Any:
        usual: dict[str, Any] = {
            "id": f"a-{next(_numbers)}",
            "case": "A-1",
            "by": _BY.get(kind, QUALITY),
            "happened_at": self.now,
            "recorded_at": said.get("happened_at", self.now),
        }
        return kind(**(usual | dict(_USUAL[kind]) | said))

    def do(self, kind: type[Command], **said: Any) -> Change:
        result = self.store.do(self.said(kind, **said))
        if not isinstance(result, Change):
            raise result
        return result

    def reasons(self, kind: type[Command], **said: Any) -> list[Reason]:
        """For what it is refused; nothing has changed."""
        result = self.store.do(self.said(kind, **said))
        assert isinstance(result, Refused), result
        return list(result.reasons)

    def codes(self, kind: type[Command], **said: Any) -> list[str]:
        return [reason.code for reason in self.reasons(kind, **said)]

    def reach(self, state: ActionState) -> CorrectiveAction:
        """An action that has come as far as ``state``."""
        for reached, kind in _WAY:
            self.do(kind)
            if reached is state:
                break
        return self.it

    @property
    def it(self) -> CorrectiveAction:
        found = self.store.aggregates[action_key("A-1")]
        assert isinstance(found, CorrectiveAction)
        return found

    def told(self, kind: str) -> list[Message]:
        return [message for message in self.store.messages if message.kind == kind]

    def let_clock_speak(self, until: datetime) -> list[tuple[bool, datetime]]:
        """All that it says by then, one after the other: whether it is overdue, as of when."""
        spoken = []
        while (command := CORRECTIVE_ACTION.wake(self.it, self.policy, until)) is not None:
            assert isinstance(command, c.RemindAction)
            assert isinstance(self.store.do(command), Change)
            spoken.append((command.overdue, command.happened_at))
            assert len(spoken) < 9  # it says each thing once
        return spoken


@pytest.fixture
def desk() -> Actions:
    return Actions()


def facts(each: Reason | Message) -> dict[str, Any]:
    return dict(each.facts)


def midnight(day: int) -> datetime:
    return datetime(2026, 5, day, tzinfo=MONDAY.tzinfo)


# --- the table ------------------------------------------------------------------------------------------


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(CORRECTIVE_ACTION)) == []


def test_the_grid_has_every_role_and_state() -> None:
    """None is forgotten when one is added."""
    assert set(ROLES.values()) == set(ActionRole)
    assert set(GRID.split("OpenAction", maxsplit=1)[0].split()) == {"-", *STATES}


@pytest.mark.parametrize(
    ("actor", "opening", "kept"),
    [
        (THE_CUSTOMER, [], []),
        (staff("x", "desk", "engineer", "supervisor"), ["supervisor", "engineer", "desk"], None),
        (staff("x", "quality", serves="another firm"), ["quality"], []),
        (staff("x", "winding-shop"), [], ["responsible"]),
        (staff("worker"), [], ["responsible"]),
        (staff("foreman", "quality"), ["quality"], ["quality", "responsible"]),
        (SYSTEM, ["system"], None),
        (CLOCK, ["clock"], None),
    ],
)
def test_who_speaks_in_which_role(
    desk: Actions, actor: Actor, opening: list[str], kept: list[str] | None
) -> None:
    """Staff in their posts; the department responsible, the responsible, and who has to carry it out."""
    it = desk.reach(S.PLANNED)

    assert [role.value for role in CORRECTIVE_ACTION.roles_of(None, actor)] == opening
    assert [role.value for role in CORRECTIVE_ACTION.roles_of(it, actor)] == (
        opening if kept is None else kept
    )


# --- opened ---------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-7")
def test_a_fault_on_a_feedback_form_is_taken_up(desk: Actions) -> None:
    """With all that is said of it; quality hears of it (AS-QA-7)."""
    desk.do(c.OpenAction, by=DESK, shown={"photograph": ("p-1",)})

    it = desk.it
    assert (it.state, it.fault, it.product) == (S.OPENED, "the winding burns through", "motor 60")
    assert (it.source, it.reference, it.opened_at) == (Source.FEEDBACK_FORM, "form 12", MONDAY)
    assert it.shown == {"photograph": ("p-1",)}
    (told,) = desk.told(messages.OPENED)
    assert told.to == f"{FIRM}/quality"
    assert facts(told) == {
        "action": "A-1",
        "fault": it.fault,
        "source": "feedback-form",
        "reference": "form 12",
    }


COMPLAINT = Complaint(
    id="C-1",
    state=ComplaintState.FILED,
    firm=FIRM,
    customer=CUSTOMER,
    filed_at=MONDAY,
    channel=Channel.LETTER,
    what="it burns",
)


@pytest.mark.parametrize(
    ("source", "reference", "refused"),
    [
        (Source.COMPLAINT, "C-1", False),
        (Source.COMPLAINT, "T-1", True),
        (Source.TICKET, "T-1", False),
        (Source.TICKET, "T-2", True),
        (Source.TICKET, "C-1", True),
    ],
)
def test_what_it_comes_from_is_there_and_the_firms(source: Source, reference: str, refused: bool) -> None:
    """A complaint or a ticket; a form is a paper, and is not looked for."""
    desk = Actions(COMPLAINT, ticket(), ticket(id="T-2", firm="another"))
    said: dict[str, Any] = {"source": source, "reference": reference}

    if refused:
        (reason,) = desk.reasons(c.OpenAction, **said)
        assert reason.code == "aftersales.corrective.no-such-source"
        assert facts(reason) == {"source": source.value, "reference": reference}
    else:
        desk.do(c.OpenAction, **said)
        assert desk.it.source is source


def test_an_action_is_opened_at_the_firm_whose_rules_these_are(desk: Actions) -> None:
    """Not at another one's; and nothing but its opening is said to one that is not there."""
    assert desk.codes(c.OpenAction, firm="another") == ["aftersales.another-firm"]
    assert isinstance(desk.store.do(desk.said(c.AnalyseFault)), NotFound)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (c.OpenAction, "fault"),
        (c.OpenAction, "reference"),
        (c.AnalyseFault, "cause"),
        (c.AnalyseFault, "department"),
        (c.PlanMeasures, "corrective"),
        (c.PlanMeasures, "preventive"),
        (c.PlanMeasures, "whom"),
        (c.CarryOut, "done"),
        (c.VerifyAction, "found"),
    ],
)
@pytest.mark.clause("AS-QA-7")
def test_what_has_to_be_said_is_said(desk: Actions, kind: type[Command], field: str) -> None:
    """A cause, a department, a corrective and a preventive measure, each (AS-QA-7)."""
    with pytest.raises(InvalidValue, match=field):
        desk.said(kind, **{field: " "})


@pytest.mark.parametrize("kind", [c.PlanMeasures, c.VerifyAction])
def test_a_day_that_has_no_next_one_is_no_day_for_measures(desk: Actions, kind: type[Command]) -> None:
    """Nobody could be reminded after it."""
    with pytest.raises(InvalidValue, match="due"):
        desk.said(kind, due=date(9999, 1, 1))


# --- analysed, planned ----------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-7")
def test_cause_and_responsibility_are_found(desk: Actions) -> None:
    """The department responsible is told to plan measures; a better finding may follow (AS-QA-7)."""
    desk.reach(S.ANALYSED)
    it = desk.it
    assert (it.cause, it.cause_kind) == ("the varnish was too thin", CauseKind.TECHNICAL)
    assert (it.department, it.responsible) == ("winding-shop", "foreman")
    (told,) = desk.told(messages.ANALYSED)
    assert (told.to, facts(told)["cause"]) == (f"{FIRM}/winding-shop", it.cause)
    desk.do(c.AnalyseFault, department="stores", responsible="", cause_kind=CauseKind.SERVICE)

    assert (desk.it.department, desk.it.responsible) == ("stores", "")


@pytest.mark.clause("AS-QA-7")
def test_measures_are_planned_once_the_cause_is_known(desk: Actions) -> None:
    """Not before (AS-QA-7)."""
    desk.reach(S.OPENED)

    assert desk.reasons(c.PlanMeasures) == [Reason("aftersales.corrective.not-analysed", IN_TURN)]


def test_the_department_responsible_plans_its_measures(desk: Actions) -> None:
    """By whom and by what day; who has to do it hears of it, and of every change."""
    desk.reach(S.ANALYSED)
    desk.do(c.PlanMeasures, by=WORKER, shown={"drawing": ("d-1",)})

    it = desk.it
    assert (it.state, it.whom, it.due, it.planned_at) == (S.PLANNED, "worker", DUE, MONDAY)
    assert (it.corrective, it.preventive) == ("the lot is varnished again", "each lot is measured")
    (told,) = desk.told(messages.PLANNED)
    assert (told.to, facts(told)["due"]) == ("worker", DUE)
    desk.do(c.PlanMeasures, by=WORKER, corrective="the lot is scrapped")
    assert desk.it.corrective == "the lot is scrapped"
    assert desk.it.state is S.PLANNED


@pytest.mark.parametrize(("due", "refused"), [(date(2026, 5, 3), True), (date(2026, 5, 4), False)])
def test_the_day_lies_ahead(desk: Actions, due: date, refused: bool) -> None:
    """Today is early enough."""
    desk.reach(S.ANALYSED)
    if refused:
        (reason,) = desk.reasons(c.PlanMeasures, due=due)
        assert (reason.code, facts(reason)) == (
            "aftersales.corrective.no-day-ahead",
            {"earliest": date(2026, 5, 4)},
        )
    else:
        desk.do(c.PlanMeasures, due=due)


# --- carried out, verified ------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-7")
def test_what_was_done_is_verified_by_service_and_goes_to_appraisal(desk: Actions) -> None:
    """The finding on the responsible goes there, with the cause (AS-QA-7)."""
    desk.reach(S.CARRIED_OUT)
    it = desk.it
    assert (it.done, it.carried_out_by) == ("40 motors varnished, gauge bought", "worker")
    assert it.carried_out_on == date(2026, 5, 4)
    (told,) = desk.told(messages.CARRIED_OUT)
    assert (told.to, facts(told)["done"]) == (f"{FIRM}/supervisor", it.done)
    desk.do(c.VerifyAction)

    assert (desk.it.state, desk.it.verified) == (S.CLOSED, "no fault in 40")
    assert desk.it.closed_on == date(2026, 5, 4)
    (finding,) = desk.told(messages.FINDING)
    assert finding.to == f"{FIRM}/appraisal"
    assert facts(finding) == {
        "action": "A-1",
        "fault": it.fault,
        "department": "winding-shop",
        "responsible": "foreman",
        "cause": it.cause,
    }


@pytest.mark.clause("AS-QA-7")
@pytest.mark.parametrize("state", [S.OPENED, S.ANALYSED, S.PLANNED])
def test_only_what_was_carried_out_is_verified(desk: Actions, state: ActionState) -> None:
    """Whatever was found (AS-QA-7)."""
    desk.reach(state)

    for found in (True, False):
        assert desk.reasons(c.VerifyAction, effective=found) == [
            Reason("aftersales.corrective.not-carried-out", IN_TURN)
        ]


@pytest.mark.clause("AS-QA-7")
@pytest.mark.parametrize("party", ["worker", "foreman"])
@pytest.mark.parametrize("effective", [True, False])
def test_nobody_verifies_his_own_work(desk: Actions, party: str, effective: bool) -> None:
    """Neither who carried it out nor who is responsible, even if he is of service (AS-QA-7)."""
    desk.reach(S.CARRIED_OUT)

    assert desk.reasons(c.VerifyAction, by=staff(party, "quality"), effective=effective, due=DUE) == [
        Reason("aftersales.corrective.own-work", IN_TURN, (("party", party),))
    ]


def test_what_did_not_help_goes_back(desk: Actions) -> None:
    """By another day, which has to be said; then it is carried out and verified again."""
    desk.reach(S.CARRIED_OUT)
    said: dict[str, Any] = {"effective": False, "found": "3 of 40 burn"}
    for due in (None, date(2026, 5, 3)):
        assert desk.codes(c.VerifyAction, due=due, **said) == ["aftersales.corrective.no-day-ahead"]
    desk.do(c.VerifyAction, due=date(2026, 5, 20), **said)

    it = desk.it
    assert (it.state, it.due, it.rounds, it.verified) == (S.PLANNED, date(2026, 5, 20), 1, "3 of 40 burn")
    (told,) = desk.told(messages.NOT_EFFECTIVE)
    assert (told.to, facts(told)["due"], facts(told)["found"]) == ("worker", it.due, "3 of 40 burn")
    assert desk.told(messages.FINDING) == []
    desk.do(c.CarryOut)
    desk.do(c.VerifyAction)
    assert desk.it.state is S.CLOSED


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (c.OpenAction, "feedback-form"),
        (c.AnalyseFault, "analysis"),
        (c.PlanMeasures, "measures"),
        (c.CarryOut, "carrying-out"),
        (c.VerifyAction, "verification"),
    ],
)
def test_a_checklist_of_each_step_is_held(kind: type[Command], step: str) -> None:
    """The rulebook says what has to be on record before it."""
    desk = Actions(list=Checklist(step=step, items=("signature of the head",)))
    for _, each in _WAY:
        if each is kind:
            break
        desk.do(each)

    assert desk.reasons(kind) == [
        Reason(
            "aftersales.lacking",
            Clause("X-list"),
            (("item", "signature of the head"), ("needed", 1), ("found", 0), ("step", step)),
        )
    ]
    desk.do(kind, shown={"signature of the head": ("s-1",)})


def test_what_the_action_proves_itself() -> None:
    """The form that it comes from, cause, department and measures need not be shown to its checklists."""
    items = ("feedback-form", "cause", "responsible-department", "corrective-measure", "preventive-measure")
    desk = Actions(COMPLAINT, list=Checklist(step="measures", items=items))
    desk.reach(S.PLANNED)
    other = Actions(COMPLAINT, list=Checklist(step="analysis", items=items))
    other.store.commit(_opened(other, Source.COMPLAINT))

    lacking = [facts(each)["item"] for each in other.reasons(c.AnalyseFault)]
    assert lacking == ["feedback-form", "corrective-measure", "preventive-measure"]


def _opened(desk: Actions, source: Source) -> Change:
    change = desk.store.decide(desk.said(c.OpenAction, source=source, reference="C-1"))
    assert isinstance(change, Change)
    return change


# --- the clock ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("daily", [True, False])
def test_the_clock_reminds_on_the_day_and_once_it_has_passed(desk: Actions, daily: bool) -> None:
    """Daily, or once after a month: the same; the supervisor hears when it has passed."""
    desk.reach(S.PLANNED)
    spoken = []
    for day in range(5, 32) if daily else (31,):
        spoken += desk.let_clock_speak(midnight(day))

    assert spoken == [(False, midnight(8)), (True, midnight(9))]
    assert [each.to for each in desk.told(messages.DUE)] == ["worker"]
    late = desk.told(messages.OVERDUE)
    assert [each.to for each in late] == ["worker", f"{FIRM}/supervisor"]
    assert {facts(each)["due"] for each in late} == {DUE}
    assert CORRECTIVE_ACTION.next_wake(desk.it, desk.policy) is None


def test_a_reminder_does_not_come_before_the_measures_were_planned(desk: Actions) -> None:
    """A day that has begun already reminds at once; each reminder has an id of its own."""
    desk.reach(S.ANALYSED)
    desk.do(c.PlanMeasures, due=date(2026, 5, 4))

    assert CORRECTIVE_ACTION.next_wake(desk.it, desk.policy) == MONDAY
    first = CORRECTIVE_ACTION.wake(desk.it, desk.policy, MONDAY)
    assert CORRECTIVE_ACTION.wake(desk.it, desk.policy, MONDAY - timedelta(seconds=1)) is None
    assert desk.let_clock_speak(midnight(6)) == [(False, MONDAY), (True, midnight(5))]
    assert first is not None
    assert first.id == f"clock/A-1/remind/{desk.it.version - 2}"


def test_other_measures_are_reminded_of_anew(desk: Actions) -> None:
    """As are those that go back; what is done, or over, is not."""
    desk.reach(S.PLANNED)
    desk.let_clock_speak(midnight(31))
    desk.now = midnight(31)
    desk.do(c.PlanMeasures, due=date(2026, 6, 2))
    assert CORRECTIVE_ACTION.next_wake(desk.it, desk.policy) == midnight(31) + timedelta(days=2)
    desk.do(c.CarryOut)
    assert CORRECTIVE_ACTION.next_wake(desk.it, desk.policy) is None
    desk.do(c.VerifyAction, effective=False, due=date(2026, 6, 3))
    assert CORRECTIVE_ACTION.next_wake(desk.it, desk.policy) == midnight(31) + timedelta(days=3)
    desk.let_clock_speak(midnight(31) + timedelta(days=9))
    desk.now += timedelta(days=9)
    desk.do(c.CarryOut)
    desk.do(c.VerifyAction, effective=False, due=date(2026, 6, 20))
    assert CORRECTIVE_ACTION.next_wake(desk.it, desk.policy) == midnight(31) + timedelta(days=20)


@pytest.mark.parametrize(
    ("overdue", "at"), [(False, midnight(8) - timedelta(seconds=1)), (True, midnight(9))]
)
def test_a_reminder_is_given_in_its_turn(desk: Actions, overdue: bool, at: datetime) -> None:
    """Not before its day, and the second one only after the first."""
    desk.reach(S.PLANNED)

    (reason,) = desk.reasons(c.RemindAction, overdue=overdue, happened_at=at)
    assert (reason.code, facts(reason)) == ("aftersales.corrective.not-due", {"overdue": overdue})


def test_a_third_reminder_is_refused(desk: Actions) -> None:
    """Two are all that there are."""
    desk.reach(S.PLANNED)
    desk.let_clock_speak(midnight(31))

    assert desk.codes(c.RemindAction, overdue=True, happened_at=midnight(31)) == [
        "aftersales.corrective.not-due"
    ]
