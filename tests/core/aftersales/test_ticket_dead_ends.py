"""What a ticket is asked for can be told to it where it is asked: no rulebook leads into a dead end."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from desk_at_work import ENGINEER, FIRM, Desk, policy

from servflow.core.aftersales.circumstances import (
    Band,
    Distance,
    Distances,
    MeasuredBy,
    Question,
    When,
)
from servflow.core.aftersales.policy import Ladder, Promise, RepairWarranty, Warranty
from servflow.core.aftersales.technicians.commands import RegisterTechnician
from servflow.core.aftersales.technicians.model import technician_key
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.states import Route, Stage, VisitState
from servflow.core.aftersales.words import Event, TargetKind, parse_lasting
from servflow.core.clocks import Rung, parse_allowance

TERM = parse_lasting("given warranty-term")
ONE_YEAR = parse_lasting("1 year")


def test_a_term_and_a_number_that_the_verdict_asks_for_come_with_it():
    """A warranty's length by the contract, and a blank of a promise that hangs on who pays."""
    free = When((("coverage", ("free",)),))
    parts = Promise(kind=TargetKind.PARTS, within=parse_allowance("{parts-days} days"), when=free)
    warranty = Warranty(since=Event.SOLD, parts=TERM, labour=TERM, travel=TERM)
    desk = Desk(policy(warranty=warranty, parts=parts))
    desk.come_to(Stage.TRIAGED)

    assert desk.codes(c.DecideCoverage) == ["aftersales.asked"]
    assert desk.codes(c.DecideCoverage, terms={"warranty-term": ONE_YEAR}) == ["aftersales.asked"]
    desk.do(c.DecideCoverage, terms={"warranty-term": ONE_YEAR}, given={"parts-days": 3})
    it = desk.ticket()
    assert (it.terms, it.given) == ({"warranty-term": ONE_YEAR}, {"parts-days": 3})
    assert str(it.commitments["parts"].within) == "3 days"


def test_a_distance_that_hangs_on_the_verdict_comes_with_it():
    """Nobody measured how far it is before it was known that the way is on the firm."""
    near = When((("distance", ("near",)), ("term", ("in",)), ("urgent", ("yes",))))
    desk = Desk(
        policy(
            bands=Distances(MeasuredBy.ROAD, (Band("near", 100_000), Band("far"))),
            on_site=Promise(kind=TargetKind.ON_SITE, within=parse_allowance("24 hours"), when=near),
        )
    )
    desk.come_to(Stage.TRIAGED)
    distance = Distance(20_000, MeasuredBy.ROAD)

    assert desk.codes(c.DecideCoverage, answers={"urgent": "yes"}) == ["aftersales.asked"]
    desk.do(c.DecideCoverage, answers={"urgent": "yes"}, distance=distance)
    assert desk.ticket().distance == distance
    assert "on-site" in desk.ticket().commitments


def test_the_fault_and_the_part_may_be_named_with_the_verdict():
    """What was not known at the triage is on record from the verdict on; what was known stays."""
    desk = Desk(policy(repair_warranty=RepairWarranty(lasting=ONE_YEAR)))
    desk.do(c.ReportFault)
    desk.do(c.Triage, fault_group="")

    desk.do(c.DecideCoverage, fault_group="seal", part="P-1")
    assert (desk.ticket().fault_group, desk.ticket().part) == ("seal", "P-1")
    desk.do(c.ReviseCoverage)
    assert (desk.ticket().fault_group, desk.ticket().part) == ("seal", "P-1")


def test_a_number_that_another_severity_asks_for_comes_with_it():
    """A blank length of the promise at the gravest level."""
    desk = Desk(
        policy(
            level=Question("level", ("1", "2", "3", "4")),
            grave=Promise(
                kind=TargetKind.PLAN,
                within=parse_allowance("{plan-hours} hours"),
                when=When((("level", ("1",)),)),
            ),
        )
    )
    desk.come_to(Stage.TRIAGED)

    assert desk.codes(c.ChangeSeverity, severity=1, reason="it stands still") == ["aftersales.asked"]
    desk.do(c.ChangeSeverity, severity=1, reason="it stands still", given={"plan-hours": 2})
    assert desk.ticket().given == {"plan-hours": 2}
    assert str(desk.ticket().commitments["plan"].within) == "2 hours"


def test_work_of_the_firms_own_is_not_asked_how_its_warranty_stands():
    """A promise and a ladder that hang on the term are not made for it; one on who pays is."""
    within = When((("term", ("in",)),))
    free = When((("coverage", ("free",)),))
    rungs = (Rung(level=1, action="supervisor", fraction=Fraction(1, 2)),)
    desk = Desk(
        policy(
            on_site=Promise(kind=TargetKind.ON_SITE, within=parse_allowance("24 hours"), when=within),
            resolve=Promise(kind=TargetKind.RESOLVE, within=parse_allowance("3 working days"), when=free),
            by_term=Ladder(rungs=rungs, when=within),
            by_coverage=Ladder(rungs=rungs, kinds=(TargetKind.RESOLVE,), when=free),
        )
    )
    desk.do(c.ReportFault, internal=True, by=desk.command(c.Triage).by)
    desk.do(c.Triage)
    desk.do(c.DecideCoverage)

    commitments = desk.ticket().commitments
    assert "on-site" not in commitments
    assert len(commitments["resolve"].ladder) == 1
    assert commitments["answer"].ladder == ()


def test_a_matter_that_was_solved_from_afar_was_done_so():
    """What lists and rules ask about the way of a service is known then."""
    desk = Desk()
    desk.come_to(Stage.COVERED)

    desk.do(c.AdviseRemotely)
    assert desk.ticket().route is Route.REMOTE


def test_work_that_begins_in_the_shop_with_the_yes_has_its_engineer():
    """It was brought before who pays was known; with his yes it is in the shop, and somebody gets the job."""
    desk = Desk(policy(quote=None))
    desk.come_to(Stage.TRIAGED)
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.DecideCoverage)
    desk.do(c.ApproveFree)
    assert desk.ticket().state is Stage.IN_SHOP
    assert desk.ticket().visit is None

    desk.do(c.BeginInShop)
    first = desk.ticket().visit
    assert first is not None
    assert (first.state, desk.ticket().state) == (VisitState.ON_SITE, Stage.IN_SHOP)


def test_a_job_in_the_shop_goes_to_somebody_else():
    """Whoever had it is free from then on; the next one finishes it."""
    desk = Desk()
    for who in (ENGINEER, "other"):
        desk.do(RegisterTechnician, case=who, firm=FIRM)
    desk.come_to(Stage.APPROVED)
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.BeginInShop)
    desk.now += timedelta(hours=1)

    desk.do(c.BeginInShop, engineer="other")
    first, second = desk.ticket().visits.values()
    assert (first.state, first.left_at) == (VisitState.DONE, desk.now)
    assert (second.engineer, second.state) == ("other", VisitState.ON_SITE)
    agendas = {who: set(desk.aggregates[technician_key(who)].agenda) for who in (ENGINEER, "other")}
    assert agendas == {ENGINEER: set(), "other": {"T-1"}}
