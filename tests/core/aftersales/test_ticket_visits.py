"""Help from afar and visits of a ticket: who is sent, who may act, when, and how a visit ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from desk_at_work import (
    CUSTOMER,
    ENGINEER,
    FIRM,
    MONDAY,
    POLICY,
    SUPERVISOR,
    THE_ENGINEER,
    Desk,
    case,
    command,
    policy,
    staff,
    ticket,
)

from servflow.core.aftersales.circumstances import Question
from servflow.core.aftersales.policy import Checklist
from servflow.core.aftersales.technicians.commands import BookVisit, FreeVisit
from servflow.core.aftersales.technicians.model import (
    Booking,
    Leave,
    LeaveState,
    Technician,
    TechnicianState,
    technician_key,
)
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import visiting
from servflow.core.aftersales.tickets.ground import on_record, roles_of
from servflow.core.aftersales.tickets.messages import APPOINTMENT, APPOINTMENT_OFF, FINISHED, JOB, JOB_OFF
from servflow.core.aftersales.tickets.model import Help, Hold, Item, Visit
from servflow.core.aftersales.tickets.reading import reads
from servflow.core.aftersales.tickets.states import Custody, Outcome, Route, Stage, TicketRole, VisitState
from servflow.core.changes import Actor, Office

v: Any = visiting
R = TicketRole
TEN, NOON = MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=3)
DAY = MONDAY.date()
QUALIFIED = policy(
    qualified=Checklist(step="arrange", items=("qualified-engineer",)),
    product=Question("product", ("pump", "boiler")),
)


def visit(**said: Any) -> Any:
    """A visit that was planned on Monday at nine, for ten to noon, as the customer agreed."""
    usual: dict[str, Any] = {
        "number": 1,
        "engineer": ENGINEER,
        "route": Route.ON_SITE,
        "window_from": TEN,
        "window_until": NOON,
        "consent": "call-1",
        "dispatched_at": MONDAY,
    }
    return Visit(**(usual | said))


def sent(*, stage: Stage = Stage.DISPATCHED, it: Any = None, **said: Any) -> Any:
    """A ticket with such a visit."""
    return ticket(stage, visits={"1": visit(**said)}, route=Route.ON_SITE, **(it or {}))


def technician(id: str = ENGINEER, **said: Any) -> Any:
    usual: dict[str, Any] = {"state": TechnicianState.ACTIVE, "firm": FIRM}
    return Technician(id=id, **(usual | said))


def booked(id: str = ENGINEER, at: str = "T-1", start: Any = TEN, end: Any = NOON) -> Any:
    """A technician with one appointment."""
    booking = Booking(ticket=at, visit=1, window_from=start, window_until=end)
    return technician(id, agenda={at: booking})


def codes(guard: Any, situation: Any) -> list[str]:
    return [reason.code.removeprefix("aftersales.") for reason in guard(situation)]


def told(done: Any) -> list[tuple[str, str]]:
    return [(each.kind, each.to) for each in done.messages]


def entailed(done: Any) -> list[tuple[str, str]]:
    return [(type(each).__name__, each.case) for each in done.commands]


# --- help from afar ----------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-22")
@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, []),
        ({"session": True}, ["not-authorised"]),
        ({"session": True, "authorised": " "}, ["not-authorised"]),
        ({"session": True, "authorised": "call-1"}, []),
    ],
)
def test_nobody_is_in_the_customers_system_unless_he_let_him_in(said, found):
    """Advice by telephone needs no authorisation (AS-FLOW-22)."""
    situation = case(ticket(Stage.TRIAGED), command(c.AdviseRemotely, **said))

    assert codes(v.access_authorised, situation) == found


def test_the_authorisation_is_on_record_with_the_help():
    """A rulebook may list it as needed before the session."""
    said = command(c.AdviseRemotely, session=True, authorised="call-1")

    assert on_record(case(ticket(Stage.TRIAGED), said))["customer-authorisation"] == ("call-1",)


@pytest.mark.parametrize("solved", [True, False])
def test_whether_the_help_solved_the_matter_chooses_the_row(solved):
    """It is what the command says."""
    assert v.solved(case(ticket(Stage.TRIAGED), command(c.AdviseRemotely, solved=solved))) is solved


@pytest.mark.clause("AS-FLOW-22", "AS-SLA-23")
def test_advice_that_is_enough_is_the_outcome():
    """The service is done at that instant; the customer is told."""
    done = v.solve_remotely(
        case(ticket(Stage.TRIAGED), command(c.AdviseRemotely, by=THE_ENGINEER, authorised="a", note="n"))
    )

    assert (done.it.outcome, done.it.finished_at) == (Outcome.ADVICE_ONLY, MONDAY)
    assert done.it.helps == (
        Help(at=MONDAY, by=ENGINEER, route=Route.REMOTE, solved=True, authorised="a", note="n"),
    )
    assert told(done) == [(FINISHED, CUSTOMER)]
    assert not done.commands


def test_a_visit_that_is_not_needed_any_more_is_called_off():
    """His appointment is free again, he is told, and the customer that nobody comes."""
    said = command(c.AdviseRemotely)
    done = v.solve_remotely(case(sent(), said, others=[booked()]))

    assert done.it.visit.state is VisitState.OFF
    assert entailed(done) == [("FreeVisit", ENGINEER)]
    assert told(done) == [(FINISHED, CUSTOMER), (JOB_OFF, ENGINEER), (APPOINTMENT_OFF, CUSTOMER)]


def test_a_visit_that_is_over_is_not_called_off_again():
    """The one before was given back already."""
    it = ticket(Stage.APPROVED, visits={"1": visit(state=VisitState.OFF)})

    assert told(v.solve_remotely(case(it, command(c.AdviseRemotely)))) == [(FINISHED, CUSTOMER)]


def test_help_that_did_not_solve_it_is_noted():
    """Nothing else becomes of it."""
    done = v.note_help(case(sent(), command(c.AdviseRemotely, solved=False)))

    assert [each.solved for each in done.it.helps] == [False]
    assert (done.it.outcome, done.it.visit.state, done.messages) == (None, VisitState.PLANNED, ())


# --- who may act -----------------------------------------------------------------------------------------


def test_every_hold_is_a_reason():
    """A service that stands still goes on only when nothing holds it."""
    it = sent(it={"holds": {"waiting-part": Hold(since=MONDAY), "at-vendor": Hold(since=MONDAY)}})
    reasons = list(v.not_held(case(it, command(c.Depart))))

    assert [dict(each.facts) for each in reasons] == [
        {"reason": "waiting-part", "since": DAY},
        {"reason": "at-vendor", "since": DAY},
    ]
    assert not codes(v.not_held, case(sent(), command(c.Depart)))


@pytest.mark.clause("AS-FLOW-2")
@pytest.mark.parametrize(
    ("by", "role", "said", "found"),
    [
        (THE_ENGINEER, R.ENGINEER, {}, []),
        (staff("helper", "engineer"), R.ENGINEER, {"crew": ("helper",)}, []),
        (staff("another", "engineer"), R.ENGINEER, {}, ["anothers-visit"]),
        (staff("another", "engineer"), R.ENGINEER, {"state": VisitState.DONE}, ["anothers-visit"]),
        (staff("another", "engineer"), R.ENGINEER, {"state": VisitState.OFF}, []),
        (staff("another", "coordinator"), R.COORDINATOR, {}, []),
        (staff("of it", serves="outlet"), R.ENGINEER, {"outlet": True, "engineer": "outlet"}, []),
        (staff("of it", serves="outlet"), R.ENGINEER, {"engineer": "outlet"}, ["anothers-visit"]),
        (staff("x", serves="other"), R.ENGINEER, {"outlet": True, "engineer": "outlet"}, ["anothers-visit"]),
    ],
)
def test_an_engineer_acts_on_his_own_visit(by, role, said, found):
    """Or on one on which he goes along, or that is his outlet's; those who plan act on any (AS-FLOW-2)."""
    assert codes(v.own_visit, case(sent(**said), command(c.Arrive, by=by), role=role)) == found


def test_where_nobody_was_sent_it_is_nobody_elses_visit():
    """Any engineer takes an item in, or helps by telephone."""
    said = command(c.AdviseRemotely, by=THE_ENGINEER)

    assert not codes(v.own_visit, case(ticket(Stage.TRIAGED), said, role=R.ENGINEER))


@pytest.mark.clause("AS-FLOW-29")
@pytest.mark.parametrize(
    ("actor", "said", "found"),
    [
        (staff("x", serves="outlet"), {"outlet": True, "engineer": "outlet"}, (R.ENGINEER,)),
        (staff("x", serves="outlet"), {"engineer": "outlet"}, ()),
        (staff("x", serves="other"), {"outlet": True, "engineer": "outlet"}, ()),
        (Actor("x", "outlet", Office.SYSTEM), {"outlet": True, "engineer": "outlet"}, ()),
    ],
)
def test_an_outlets_staff_are_heard_while_the_job_is_theirs(actor, said, found):
    """Progress and result come back to the centre from them (AS-FLOW-29); nobody else's staff are heard."""
    assert roles_of(sent(**said), actor) == found
    assert roles_of(ticket(), actor) == ()


# --- when ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, []),
        ({"window_from": TEN, "window_until": NOON, "consent": "call-1"}, []),
        ({"window_from": TEN, "window_until": NOON}, ["no-consent"]),
        ({"window_from": TEN, "window_until": NOON, "consent": " "}, ["no-consent"]),
        (
            {"window_from": MONDAY - timedelta(2), "window_until": MONDAY - timedelta(1), "consent": "c"},
            ["window-past"],
        ),
        ({"window_from": MONDAY - timedelta(1), "window_until": MONDAY, "consent": "c"}, []),
    ],
)
def test_a_window_is_one_that_the_customer_agreed_to(said, found):
    """And it is not over when it is planned."""
    assert codes(v.window_agreed, case(ticket(Stage.APPROVED), command(c.Dispatch, **said))) == found


LATER = {"window_from": NOON, "window_until": NOON + timedelta(hours=2)}


@pytest.mark.clause("AS-FLOW-16")
@pytest.mark.parametrize(
    ("said", "found"),
    [
        (LATER | {"consent": "call-2"}, []),
        (LATER | {"engineer": "another"}, ["no-consent"]),
        ({"engineer": "another"}, []),
        ({"engineer": "another", "window_from": TEN, "window_until": NOON}, []),
        ({"consent": "call-2"}, ["nothing-moved"]),
        ({"consent": "call-2", "engineer": ENGINEER}, ["nothing-moved"]),
        ({"consent": "call-2", "window_from": TEN, "window_until": NOON}, ["nothing-moved"]),
    ],
)
def test_an_appointment_moves_with_consent_or_goes_to_somebody_else(said, found):
    """Who takes it over keeps to the time that was agreed (AS-FLOW-16)."""
    assert codes(v.window_agreed, case(sent(), command(c.MoveAppointment, **said))) == found


@pytest.mark.clause("AS-FLOW-16")
@pytest.mark.parametrize(
    ("said", "back"),
    [
        ({}, True),
        (LATER, True),
        ({"engineer": ENGINEER}, True),
        ({"consent": " "}, True),
        ({"consent": "call-2"}, False),
        ({"engineer": "another"}, False),
    ],
)
def test_without_consent_and_without_somebody_else_it_goes_back(said, back):
    """To dispatch (AS-FLOW-16)."""
    assert v.back_to_dispatch(case(sent(), command(c.MoveAppointment, **said))) is back


# --- whom -----------------------------------------------------------------------------------------------------


def at(hour: int) -> Any:
    return MONDAY.replace(hour=hour)


@pytest.mark.clause("AS-FLOW-16")
@pytest.mark.parametrize(
    ("other", "found"),
    [
        (booked(at="T-2", start=at(9), end=at(10)), []),  # touches
        (booked(at="T-2", start=at(12), end=at(13)), []),
        (booked(at="T-2", start=at(9), end=at(11)), ["technician-booked"]),
        (booked(at="T-2", start=at(11), end=at(11)), ["technician-booked"]),
        (booked(at="T-2", start=at(9), end=at(15)), ["technician-booked"]),
        (booked(at="T-2", start=None, end=None), []),
        (booked(at="T-1"), []),  # his appointment for this ticket is replaced
        (technician(), []),
    ],
)
def test_nobody_is_in_two_places_at_one_time(other, found):
    """Two windows that touch do not overlap (AS-FLOW-16)."""
    said = command(c.Dispatch, window_from=TEN, window_until=NOON, consent="call-1")

    assert codes(v.technician_free, case(ticket(Stage.APPROVED), said, others=[other])) == found


def test_without_a_window_no_appointment_clashes():
    """And of somebody without a record nothing is known."""
    said = command(c.Dispatch)

    assert not codes(v.technician_free, case(ticket(Stage.APPROVED), said, others=[booked(at="T-2")]))
    assert not codes(v.technician_free, case(ticket(Stage.APPROVED), said))


def test_who_goes_along_has_to_be_free_as_well():
    """Everyone who is sent is looked at."""
    said = command(c.Dispatch, crew=("helper",), window_from=TEN, window_until=NOON, consent="call-1")
    situation = case(ticket(Stage.APPROVED), said, others=[technician(), booked("helper", "T-2")])

    assert [dict(each.facts) for each in v.technician_free(situation)] == [
        {"engineer": "helper", "ticket": "T-2"}
    ]


@pytest.mark.parametrize(
    ("said", "clash"),
    [
        ({"engineer": "another"}, "another"),  # the window stays
        (LATER | {"consent": "call-2"}, ENGINEER),
        ({"engineer": "another", "consent": "call-2"} | LATER, None),
    ],
)
def test_a_moved_appointment_is_held_against_the_agenda_of_who_comes_then(said, clash):
    """In the window that is said, or else in the one that was agreed before."""
    others = [booked(at="T-2", start=at(12), end=at(13)), booked("another", "T-2", at(10), at(11))]
    reasons = v.technician_free(case(sent(), command(c.MoveAppointment, **said), others=others))

    assert [dict(each.facts)["engineer"] for each in reasons] == ([] if clash is None else [clash])


def leave(state: LeaveState, first: date, last: date) -> Any:
    return Leave(first=first, last=last, reason="family", state=state, asked_on=DAY)


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (technician(leaves=(leave(LeaveState.GRANTED, DAY, DAY),)), ["technician-on-leave"]),
        (technician(leaves=(leave(LeaveState.ASKED, DAY, DAY),)), []),
        (technician(leaves=(leave(LeaveState.GRANTED, DAY + timedelta(1), DAY + timedelta(2)),)), []),
        (technician(state=TechnicianState.LEFT), ["technician-left"]),
        (technician(state=TechnicianState.LEAVING, leaves_on=DAY), ["technician-left"]),
        (technician(state=TechnicianState.LEAVING, leaves_on=DAY + timedelta(1)), []),
    ],
)
def test_nobody_is_sent_who_is_not_there(record, found):
    """On the day of the window, or of the command where there is none."""
    early = {"happened_at": MONDAY - timedelta(3), "recorded_at": MONDAY}
    ahead = command(c.Dispatch, window_from=TEN, window_until=NOON, consent="call-1", **early)
    it = ticket(Stage.APPROVED)

    assert codes(v.technician_free, case(it, command(c.Dispatch), others=[record])) == found
    assert codes(v.technician_free, case(it, ahead, others=[record])) == found


@pytest.mark.clause("AS-STAFF-12")
@pytest.mark.parametrize(
    ("others", "said", "found"),
    [
        ([technician(qualified=("repair",))], {}, []),
        ([technician(qualified=("pump",))], {}, []),
        ([technician(qualified=("boiler", "training"))], {}, [ENGINEER]),
        ([], {}, [ENGINEER]),
        ([technician(qualified=("repair",)), technician("helper")], {"crew": ("helper",)}, ["helper"]),
        ([], {"outlet": True}, []),
    ],
)
def test_only_the_qualified_are_sent_where_the_rulebook_asks_it(others, said, found):
    """For the service, or for the product; an outlet answers for its own staff (AS-STAFF-12)."""
    it = ticket(Stage.APPROVED, answers={"product": "pump"})
    situation = case(it, command(c.Dispatch, **said), others=others, rules=QUALIFIED)
    reasons = list(v.technician_qualified(situation))

    assert [dict(each.facts)["engineer"] for each in reasons] == found
    assert {str(each.clause) for each in reasons} <= {"X-qualified"}
    assert not codes(v.technician_qualified, situation._replace(policy=POLICY))


def test_a_qualified_engineer_is_on_record_by_his_own_record():
    """So that nobody has to show what the desk knows."""
    good, bad = technician(qualified=("repair",)), technician()
    said = command(c.Dispatch)

    for record, found in ((good, (ENGINEER,)), (bad, None)):
        situation = case(ticket(Stage.APPROVED), said, others=[record], rules=QUALIFIED)
        assert on_record(situation).get("qualified-engineer") == found


@pytest.mark.parametrize(
    ("outlet", "said", "found"),
    [
        (False, {"engineer": "another"}, ["another"]),
        (False, {"consent": "call-2"}, [ENGINEER]),
        (True, {"consent": "call-2"}, []),
        (True, {"engineer": "another"}, ["another"]),
    ],
)
def test_who_takes_a_visit_over_has_to_be_qualified(outlet, said, found):
    """From an outlet, too."""
    what = command(c.MoveAppointment, **said)
    reasons = v.technician_qualified(case(sent(outlet=outlet), what, rules=QUALIFIED))

    assert [dict(each.facts)["engineer"] for each in reasons] == found


def test_who_works_in_the_shop_has_to_be_qualified():
    """As one who is sent."""
    situation = case(ticket(Stage.APPROVED), command(c.BeginInShop), rules=QUALIFIED)

    assert codes(v.technician_qualified, situation) == ["not-qualified"]


@pytest.mark.clause("AS-FLOW-12")
def test_nobody_is_sent_before_the_work_is_agreed():
    """The reason names how far the ticket is (AS-FLOW-12)."""
    (reason,) = v.approved_first(case(ticket(Stage.QUOTED), command(c.Dispatch)))

    assert (reason.code, str(reason.clause)) == ("aftersales.not-approved", "AS-FLOW-12")
    assert reason.facts == (("stage", "quoted"),)


def test_the_records_of_all_who_are_sent_or_were_are_read():
    """The engineer, those who go along, and those who had the visit before."""
    it = sent(crew=("helper",))
    dispatch = command(c.Dispatch, engineer="a", crew=("b",))
    move = command(c.MoveAppointment, engineer="a")

    assert [key.id for key in reads(ticket(Stage.APPROVED), dispatch)] == ["a", "b"]
    assert [key.id for key in reads(it, move)] == ["a", ENGINEER, "helper"]
    assert [key.id for key in reads(it, command(c.MoveAppointment))] == [ENGINEER, "helper"]


# --- sending somebody -------------------------------------------------------------------------------------------


def test_somebody_is_sent():
    """It is his appointment; he and those who go along are told, and the customer when they come."""
    said = command(c.Dispatch, crew=("helper",), window_from=TEN, window_until=NOON, consent="call-1")
    done = v.dispatch(case(ticket(Stage.APPROVED), said, others=[technician()]))
    (booking,) = done.commands

    assert done.it.visit == visit(crew=("helper",))
    assert done.it.route is Route.ON_SITE
    assert isinstance(booking, BookVisit)
    assert (booking.case, booking.ticket, booking.visit) == (ENGINEER, "T-1", 1)
    assert (booking.window_from, booking.window_until) == (TEN, NOON)
    assert booking.by == Actor("policy", FIRM, Office.SYSTEM)
    assert told(done) == [(JOB, ENGINEER), (JOB, "helper"), (APPOINTMENT, CUSTOMER)]
    assert done.messages[2].facts[2:] == (
        ("visit", 1),
        ("engineer", ENGINEER),
        ("from", TEN.isoformat()),
        ("until", NOON.isoformat()),
    )


def test_a_visit_without_a_window_tells_the_customer_no_time():
    """And a second visit is numbered after the first."""
    it = ticket(Stage.APPROVED, visits={"1": visit(state=VisitState.DONE)})
    done = v.dispatch(case(it, command(c.Dispatch, engineer="outlet", outlet=True)))

    assert (done.it.visit.number, done.it.visit.outlet, set(done.it.visits)) == (2, True, {"1", "2"})
    assert told(done) == [(JOB, "outlet")]
    assert not done.commands


def test_a_visit_that_goes_back_to_dispatch_is_off():
    """Who had it is free again and told, and the customer that nobody comes then."""
    said = command(c.MoveAppointment)
    done = v.give_back_visit(case(sent(crew=("helper",)), said, others=[booked(), technician("helper")]))

    assert done.it.visit.state is VisitState.OFF
    assert entailed(done) == [("FreeVisit", ENGINEER)]
    assert told(done) == [(JOB_OFF, ENGINEER), (JOB_OFF, "helper"), (APPOINTMENT_OFF, CUSTOMER)]


def test_no_time_that_was_told_is_no_time_to_call_off():
    """A customer who was told no time hears nothing."""
    it = sent(window_from=None, window_until=None)

    assert told(v.give_back_visit(case(it, command(c.MoveAppointment)))) == [(JOB_OFF, ENGINEER)]


def test_an_appointment_is_moved_with_the_customers_consent():
    """The same engineer has it booked anew; he and the customer are told."""
    said = command(c.MoveAppointment, consent="call-2", happened_at=TEN, **LATER)
    it = sent(crew=("helper",))
    left = replace(it, visits={"1": replace(it.visit, state=VisitState.DEPARTED, departed_at=MONDAY)})
    done = v.move_appointment(case(left, said, others=[booked()]))

    assert done.it.visit == visit(crew=("helper",), moved=1, consent="call-2", **LATER)
    assert entailed(done) == [("BookVisit", ENGINEER)]
    assert told(done) == [(JOB, ENGINEER), (JOB, "helper"), (APPOINTMENT, CUSTOMER)]


def test_somebody_else_takes_the_visit_over_at_the_same_time():
    """It is his from now on, on the customer's old consent; who had it is free and told."""
    said = command(c.MoveAppointment, engineer="helper", happened_at=TEN)
    others = [booked(), booked("helper"), technician("third")]
    done = v.move_appointment(case(sent(crew=("helper", "third"), outlet=True), said, others=others))

    assert done.it.visit == visit(engineer="helper", crew=("third",), dispatched_at=TEN)
    assert entailed(done) == [("FreeVisit", ENGINEER), ("BookVisit", "helper"), ("BookVisit", "third")]
    assert told(done) == [(JOB_OFF, ENGINEER), (JOB, "helper"), (JOB, "third"), (APPOINTMENT, CUSTOMER)]


def test_a_visit_without_a_time_is_taken_over_without_one():
    """The customer was told no time."""
    it = sent(window_from=None, window_until=None, consent="", outlet=True)
    done = v.move_appointment(case(it, command(c.MoveAppointment, engineer="another")))

    assert (done.it.visit.window_from, done.it.visit.moved, done.it.visit.outlet) == (None, 0, False)
    assert told(done) == [(JOB_OFF, ENGINEER), (JOB, "another")]


# --- on the way, and there ------------------------------------------------------------------------------------------


def test_he_leaves_once():
    """Who is on his way is on his way."""
    assert not codes(v.not_departed, case(sent(), command(c.Depart)))
    assert codes(v.not_departed, case(sent(state=VisitState.DEPARTED), command(c.Depart))) == ["departed"]


@pytest.mark.parametrize(
    ("said", "at", "found"),
    [
        ({}, MONDAY, []),
        ({}, MONDAY - timedelta(minutes=1), ["before-dispatch"]),
        ({"departed_at": TEN}, TEN, []),
        ({"departed_at": TEN}, MONDAY, ["before-dispatch"]),
        ({"dispatched_at": None}, MONDAY - timedelta(1), []),
    ],
)
def test_nobody_arrives_before_he_was_sent_or_has_left(said, at, found):
    """At the same instant he may."""
    assert codes(v.after_dispatch, case(sent(**said), command(c.Arrive, happened_at=at))) == found


def test_he_leaves_and_is_there():
    """Both instants are on record."""
    gone = v.depart(case(sent(), command(c.Depart, happened_at=TEN))).it
    there = v.arrive(case(gone, command(c.Arrive, happened_at=NOON))).it

    assert (gone.visit.state, gone.visit.departed_at) == (VisitState.DEPARTED, TEN)
    assert there.visit == visit(state=VisitState.ON_SITE, departed_at=TEN, arrived_at=NOON)


# --- another way, and the shop ---------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-5")
@pytest.mark.parametrize(
    ("route", "custody", "found"),
    [
        (Route.ON_SITE, Custody.CUSTOMER, []),
        (Route.ON_SITE, Custody.SHOP, ["unit-not-with-customer"]),
        (Route.REMOTE, Custody.VENDOR, ["unit-not-with-customer"]),
        (Route.SHOP, Custody.SHOP, []),
        (Route.SHOP, Custody.CUSTOMER, []),
    ],
)
def test_it_is_done_on_site_only_while_the_customer_has_the_unit(route, custody, found):
    """It goes into the shop any time (AS-FLOW-5)."""
    it = sent(it={"items": {"U-1": Item(serial="U-1", custody=custody)}})
    said = command(c.SwitchRoute, route=route, reason="not on the spot")

    assert codes(v.custody_fits_route, case(it, said)) == found


SHOP = {"route": Route.SHOP, "reason": "not on the spot"}


@pytest.mark.parametrize(
    ("before", "after", "off"),
    [
        (VisitState.PLANNED, VisitState.OFF, True),
        (VisitState.DEPARTED, VisitState.OFF, True),
        (VisitState.ON_SITE, VisitState.DONE, False),
    ],
)
def test_another_way_ends_the_visit(before, after, off):
    """He who was there has done it; he who was not is told that he need not come."""
    said = command(c.SwitchRoute, happened_at=NOON, **SHOP)
    done = v.switch_route(case(sent(state=before), said, others=[booked()]))

    assert (done.it.route, done.it.visit.state) == (Route.SHOP, after)
    assert done.it.visit.left_at == (None if off else NOON)
    assert entailed(done) == [("FreeVisit", ENGINEER)]
    assert told(done) == ([(JOB_OFF, ENGINEER), (APPOINTMENT_OFF, CUSTOMER)] if off else [])


def test_another_way_without_a_visit_is_another_way():
    """A unit came into the shop with the quote, and nobody was sent."""
    done = v.switch_route(case(ticket(Stage.IN_SHOP), command(c.SwitchRoute, **SHOP)))

    assert (done.it.route, done.it.visits, done.messages, done.commands) == (Route.SHOP, {}, (), ())
    off = ticket(Stage.IN_SHOP, visits={"1": visit(state=VisitState.OFF)})
    assert v.switch_route(case(off, command(c.SwitchRoute, **SHOP))).messages == ()


def test_the_work_in_the_shop_is_a_job_of_its_engineer():
    """He is told, and it is on his agenda without a time."""
    said = command(c.BeginInShop, happened_at=TEN)
    it = ticket(Stage.APPROVED, visits={"1": visit(state=VisitState.OFF)})
    done = v.begin_in_shop(case(it, said, others=[technician()]))

    assert done.it.visit == Visit(
        number=2, engineer=ENGINEER, route=Route.SHOP, state=VisitState.ON_SITE, dispatched_at=TEN
    )
    assert done.it.route is Route.SHOP
    assert entailed(done) == [("BookVisit", ENGINEER)]
    assert told(done) == [(JOB, ENGINEER)]


def test_a_visit_is_freed_once():
    """One that is over, or that there is not, stays as it is."""
    said = command(c.Finish, by=SUPERVISOR, happened_at=NOON)
    it = sent(stage=Stage.ON_SITE, state=VisitState.ON_SITE, crew=("helper",))
    situation = case(it, said, others=[booked(), booked("helper")])
    ended, commands = v.freed(situation, it, VisitState.DONE)

    assert (ended.visit.state, ended.visit.left_at) == (VisitState.DONE, NOON)
    assert [(type(each), each.case, each.ticket) for each in commands] == [
        (FreeVisit, ENGINEER, "T-1"),
        (FreeVisit, "helper", "T-1"),
    ]
    assert v.freed(situation, ended, VisitState.OFF) == (ended, ())
    assert v.freed(situation, ticket(), VisitState.OFF) == (ticket(), ())


# --- through the tables -----------------------------------------------------------------------------------------------


def window(hour: int) -> dict[str, Any]:
    """From that hour for two hours, as agreed."""
    return {"window_from": at(hour), "window_until": at(hour + 2), "consent": "call-1"}


def test_an_engineer_on_anothers_visit_changes_nothing():
    """Refused with the clause; the one whose visit it is arrives."""
    desk = Desk()
    before = desk.come_to(Stage.DISPATCHED)
    (reason,) = desk.refusals(c.Arrive, by=staff("another", "engineer"))

    assert (reason.code, str(reason.clause)) == ("aftersales.anothers-visit", "AS-FLOW-2")
    assert desk.ticket() == before
    assert desk.do(c.Arrive, by=THE_ENGINEER).becomes[0].state is Stage.ON_SITE


def test_two_tickets_do_not_get_one_technician_at_one_time():
    """Until the first is given to somebody else: then his appointment is free (AS-FLOW-16)."""
    desk = Desk()
    desk.put(technician(), technician("another"))
    desk.come_to(Stage.APPROVED)
    desk.put(replace(desk.ticket(), id="T-2", papers={}))
    desk.do(c.Dispatch, **window(10))

    assert desk.codes(c.Dispatch, case="T-2", **window(11)) == ["aftersales.technician-booked"]
    assert not desk.codes(c.Dispatch, case="T-2", **window(12))
    desk.do(c.MoveAppointment, engineer="another")
    desk.do(c.Dispatch, case="T-2", **window(11))

    agendas = [set(desk.aggregates[technician_key(who)].agenda) for who in (ENGINEER, "another")]
    assert agendas == [{"T-2"}, {"T-1"}]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.MoveAppointment, {}),
        (c.SwitchRoute, SHOP),
        (c.AdviseRemotely, {}),
    ],
)
def test_whatever_ends_a_visit_frees_the_appointment(kind, said):
    """So that he can be sent elsewhere."""
    desk = Desk()
    desk.put(technician())
    desk.come_to(Stage.APPROVED)
    desk.do(c.Dispatch, **window(10))
    booked = desk.aggregates[technician_key(ENGINEER)].agenda
    desk.do(kind, **said)

    assert set(booked) == {"T-1"}
    assert not desk.aggregates[technician_key(ENGINEER)].agenda


def test_an_outlet_does_its_job_and_nobody_elses():
    """Its staff arrive and finish on it, and are strangers to any other ticket (AS-FLOW-29)."""
    desk = Desk()
    outlet = staff("of the outlet", serves="outlet")
    desk.come_to(Stage.APPROVED)
    desk.put(replace(desk.ticket(), id="T-2", papers={}))
    desk.do(c.Dispatch, engineer="outlet", outlet=True)
    desk.do(c.Dispatch, case="T-2")

    assert desk.codes(c.Arrive, case="T-2", by=outlet) == ["lifecycle.not-yours"]
    desk.do(c.Arrive, by=outlet)
    desk.do(c.Finish, by=outlet)
    assert desk.ticket().state is Stage.REPAIRED


def test_a_rulebook_that_asks_for_a_qualified_engineer_is_content_with_his_record():
    """Nobody shows what the desk knows; without it both the list and the record are named."""
    desk = Desk(QUALIFIED)
    desk.come_to(Stage.APPROVED)

    assert desk.codes(c.Dispatch) == ["aftersales.not-qualified", "aftersales.lacking"]
    desk.put(technician(qualified=("repair",)))
    assert not desk.codes(c.Dispatch)


def test_a_job_in_the_shop_is_begun_and_finished():
    """Another way, the item taken in, and its engineer at work."""
    desk = Desk()
    desk.put(technician())
    desk.come_to(Stage.ON_SITE)
    desk.do(c.SwitchRoute, by=THE_ENGINEER, **SHOP)
    assert desk.codes(c.BeginInShop) == ["aftersales.nothing-in-shop"]
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.BeginInShop)
    assert set(desk.aggregates[technician_key(ENGINEER)].agenda) == {"T-1"}
    desk.do(c.Finish, by=THE_ENGINEER)

    assert [each.state for each in desk.ticket().visits.values()] == [VisitState.DONE] * 2
    assert not desk.aggregates[technician_key(ENGINEER)].agenda
