"""The report, the triage and the verdict of a ticket: who may say what, what is asked for, what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from desk_at_work import (
    CUSTOMER,
    DESK,
    FIRM,
    MONDAY,
    POLICY,
    SOLD,
    THE_CUSTOMER,
    Desk,
    case,
    command,
    policy,
    staff,
    ticket,
)

from servflow.core.aftersales.books.commands import TakeNumbers
from servflow.core.aftersales.circumstances import Band, Distance, Distances, MeasuredBy, Question, When
from servflow.core.aftersales.claims import PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.policy import Checklist, Ladder, Promise, Warranty
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import intake
from servflow.core.aftersales.tickets.messages import COVERED, REPORTED
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.aftersales.tickets.reading import reads
from servflow.core.aftersales.tickets.states import (
    Channel,
    Route,
    ServiceClass,
    ServiceKind,
    Stage,
    TicketRole,
)
from servflow.core.aftersales.tickets.states import Outcome as Ending
from servflow.core.aftersales.units.model import Unit, UnitState
from servflow.core.aftersales.warranty import verdict
from servflow.core.aftersales.words import (
    Bearer,
    Coverage,
    Event,
    Lasting,
    TargetKind,
    parse_lasting,
)
from servflow.core.changes import Key
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.clocks import Rung, parse_allowance
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue

i: Any = intake
R = TicketRole
DAY = MONDAY.date()
YEAR = parse_lasting("1 year")
ONE_DAY = parse_lasting("1 day")
FREE_ONLY = When((("coverage", ("free",)),))
IN_TERM_ONLY = Promise(kind=TargetKind.ON_SITE, within=parse_allowance("24 hours"), when=FREE_ONLY)
PUMP = Question("product", ("pump", "boiler"))
ROAD = Distances(MeasuredBy.ROAD, (Band("near", 100_000), Band("far")))


def unit(**said: Any) -> Unit:
    usual: dict[str, Any] = {
        "id": "U-1",
        "state": UnitState.IN_SERVICE,
        "firm": FIRM,
        "customer": CUSTOMER,
        "dates": {"sold": SOLD},
    }
    return Unit(**(usual | said))


def triaged(**said: Any) -> Any:
    usual: dict[str, Any] = {"answers": {"cause": "material"}, "fault_group": "pump", "severity": 3}
    return ticket(Stage.TRIAGED, **(usual | said))


def codes(guard: Any, situation: Any) -> list[str]:
    return [reason.code.removeprefix("aftersales.") for reason in guard(situation)]


def reported(*others: Any, rules: Any = POLICY, **said: Any) -> Any:
    return i.take_down(case(None, command(c.ReportFault, **said), others=others, rules=rules))


def decided(it: Ticket, *others: Any, rules: Any = POLICY, facts: Any = None, **said: Any) -> Any:
    what = command(c.DecideCoverage, **said)
    return i.decide_coverage(case(it, what, others=others, rules=rules, facts=facts)).it


# --- who may report, and by what way ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "by", "said", "found"),
    [
        (R.CUSTOMER, THE_CUSTOMER, {}, []),
        (R.CUSTOMER, THE_CUSTOMER, {"customer": "somebody else"}, ["not-for-himself"]),
        (R.CUSTOMER, THE_CUSTOMER, {"internal": True}, ["internal-by-staff"]),
        (R.DESK, DESK, {"customer": "somebody else"}, []),
        (R.DESK, DESK, {"internal": True}, []),
    ],
)
def test_a_customer_reports_for_himself_and_staff_for_anybody(role, by, said, found):
    """And work of the firm's own is asked for by its staff."""
    what = command(c.ReportFault, by=by, **said)

    assert codes(i.speaks_for_himself, case(None, what, role=role)) == found


@pytest.mark.clause("AS-FLOW-28")
def test_a_report_comes_in_by_a_channel_of_the_firm():
    """One that its rulebook does not list is refused with the clause of the list; without a list, none is."""
    letter = command(c.ReportFault, channel=Channel.LETTER)
    (reason,) = i.channel_listed(case(None, letter))

    assert (reason.code, str(reason.clause)) == ("aftersales.channel-not-listed", "X-channels")
    assert dict(reason.facts) == {"channel": "letter", "known": "hotline, website, outlet"}
    assert not codes(i.channel_listed, case(None, command(c.ReportFault)))
    assert not codes(i.channel_listed, case(None, letter, rules=policy(channels=None)))


# --- what is said ---------------------------------------------------------------------------------------


def test_every_answer_that_the_rules_do_not_know_is_named():
    """A question that there is not, and an answer, the latter with the clause of the firm's own question."""
    what = command(c.ReportFault, answers={"colour": "red", "urgent": "very", "cause": "love"})
    found = {reason.code: reason for reason in i.answers_known(case(None, what))}
    reasons = list(i.answers_known(case(None, what)))

    assert [each.code for each in reasons] == [
        "aftersales.unknown-question",
        "aftersales.unknown-answer",
        "aftersales.unknown-answer",
    ]
    assert [str(each.clause) for each in reasons[1:]] == ["X-urgent", "PRACTICE"]
    assert dict(found["aftersales.unknown-question"].facts)["answer"] == "red"


@pytest.mark.parametrize("question", ["coverage", "term", "distance"])
def test_what_the_verdict_or_a_distance_says_is_no_answer(question):
    """Nobody says himself that it is free, in the warranty, or near."""
    answers = {question: {"coverage": "free", "term": "in", "distance": "near"}[question]}
    what = command(c.Triage, answers=answers)

    rules = policy(bands=ROAD)
    assert codes(i.answers_known, case(ticket(), what, rules=rules)) == ["unknown-question"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"dates": {"bought": SOLD}}, ["unknown-event"]),
        ({"dates": {"sold": DAY}}, []),
        ({"dates": {"sold": DAY + timedelta(1)}}, ["unfit"]),
        ({"dates": {"manufactured": SOLD, "installed": SOLD - timedelta(1)}}, ["unfit"]),
        ({"terms": {"contract-term": YEAR}}, []),
        ({"terms": {"contract-term": Lasting(given="term")}}, ["unfit"]),
        ({"distance": Distance(5, MeasuredBy.ROAD)}, []),
        ({"distance": Distance(5, MeasuredBy.RADIUS)}, ["unfit"]),
    ],
)
def test_dates_terms_and_a_distance_have_to_fit(said, found):
    """Nothing lies after the report or in another order; a distance is measured as the bands are."""
    situation = case(None, command(c.ReportFault, **said), rules=policy(bands=ROAD))

    assert codes(i.answers_known, situation) == found


def test_dates_are_held_against_those_of_the_ticket():
    """A date that a triage adds goes with what was said at the report."""
    it = ticket(dates={"manufactured": SOLD})
    early = command(c.Triage, dates={"installed": SOLD - timedelta(1)})

    assert codes(i.answers_known, case(it, early)) == ["unfit"]
    assert not codes(i.answers_known, case(it, command(c.ChangeSeverity, severity=1, reason="worse")))


def test_a_distance_without_bands_is_only_noted():
    """Where the rulebook has no bands, nothing is asked of a distance."""
    far = command(c.ReportFault, distance=Distance(5, MeasuredBy.RADIUS))

    assert not codes(i.answers_known, case(None, far))


@pytest.mark.parametrize(
    ("before", "named", "found"),
    [
        (None, None, []),
        (None, "U-2", []),
        ("U-1", "U-1", []),
        ("U-1", None, []),
        ("U-1", "U-2", ["another-unit"]),
    ],
)
def test_which_unit_it_is_is_said_once(before, named, found):
    """Another unit is another service."""
    situation = case(ticket(unit=before), command(c.Triage, unit=named))

    assert codes(i.unit_named_once, situation) == found


# --- the ticket is opened ---------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-2")
def test_a_report_is_entered_and_the_customer_told_its_number():
    """In the register, with a voucher; both numbers are taken with it (AS-FLOW-2)."""
    done = reported()
    (told,) = done.messages

    assert done.it.state is Stage.REPORTED
    assert done.it.reported_at == MONDAY
    assert set(done.it.papers) == {"call-register/1", "voucher/1"}
    assert [(each.series.value, each.first) for each in done.commands] == [
        ("call-register", 1),
        ("voucher", 1),
    ]
    assert all(isinstance(each, TakeNumbers) for each in done.commands)
    assert (told.kind, told.to) == (REPORTED, CUSTOMER)
    assert {("register", 1), ("voucher", 1)} <= set(told.facts)
    assert not done.it.attention
    assert done.it.internal is None


def test_a_firm_without_books_gives_no_numbers():
    """Where the rulebook keeps no register and no voucher, the message names none."""
    done = reported(rules=policy(register=None, voucher=None))

    assert not done.commands
    assert [name for name, _ in done.messages[0].facts] == ["ticket", "symptom"]


def test_promises_run_from_the_report_where_nothing_is_missing():
    """And wait for the triage where something is: the report is taken all the same."""
    level = Question("level", ("1", "2", "3", "4"))
    by_level = Promise(
        kind=TargetKind.ON_SITE, within=parse_allowance("4 hours"), when=When((("level", ("1",)),))
    )

    assert set(reported().it.commitments) == {"answer", "on-site", "resolve"}
    assert not reported(rules=policy(level=level, on_site=by_level)).it.commitments


def test_a_unit_that_nobody_names_is_on_the_list():
    """Until somebody finds out which it is; where it was sold by an order line, that names it."""
    (reason,) = reported(unit=None).it.attention

    assert reason.code == "aftersales.attention.unidentified"
    assert not reported(unit=None, order_line="order 7/2").it.attention


def test_the_record_of_the_unit_answers_and_dates():
    """What it says of what these rules ask, up to the day of the report; what was said goes before it."""
    record = unit(
        product="pump",
        answers={"urgent": "yes", "colour": "red", "coverage": "free", "cause": "wear"},
        dates={"sold": SOLD - timedelta(1), "installed": SOLD, "accepted": DAY + timedelta(1)},
    )
    it = reported(record, rules=policy(product=PUMP)).it

    assert it.answers == {"urgent": "yes", "cause": "material", "product": "pump"}
    assert it.dates == {"sold": SOLD, "installed": SOLD}


def test_the_record_of_another_firm_is_not_read():
    """One firm's unit of the same id says nothing to another."""
    it = reported(unit(firm="another firm", answers={"urgent": "yes"}), dates={}).it

    assert it.answers == {"cause": "material"}
    assert it.dates == {}


def test_a_unit_of_another_customer_is_on_the_list():
    """By its record it belongs to somebody else; the report is taken all the same."""
    (reason,) = reported(unit(customer="somebody else")).it.attention

    assert reason == Reason("aftersales.attention.anothers-unit", None, (("unit", "U-1"),))


@pytest.mark.parametrize(
    ("earlier", "linked"),
    [
        ({"unit": "U-9"}, True),  # his own
        ({"customer": "somebody else"}, True),  # of this unit
        ({"customer": "somebody else", "unit": "U-9"}, False),
        ({"firm": "another firm"}, False),
        (None, False),
    ],
)
def test_a_repeat_that_is_named_is_linked(earlier, linked):
    """If it is a service of this customer or unit at this firm; else staff look at it."""
    others = [] if earlier is None else [replace(ticket(Stage.CLOSED), id="T-0", **earlier)]
    it = reported(*others, repeats="T-0").it

    assert it.repeats == ("T-0" if linked else None)
    assert [each.code for each in it.attention] == [] if linked else ["aftersales.attention.unknown-repeat"]


def test_a_repeat_of_no_unit_is_none_of_this_unit():
    """Two services without a unit have no unit in common."""
    earlier = replace(ticket(Stage.CLOSED), id="T-0", unit=None, customer="somebody else")
    it = reported(earlier, repeats="T-0", unit=None, order_line="order 7/2").it

    assert it.repeats is None


# --- triage --------------------------------------------------------------------------------------------------


def test_a_triage_says_what_is_the_matter():
    """Its facts are added to those of the report; the promises are picked."""
    what = command(
        c.Triage,
        answers={"urgent": "yes"},
        dates={"installed": SOLD},
        terms={"contract-term": YEAR},
        given={"visit-days": 3},
        part="seal",
        route=Route.SHOP,
        distance=Distance(5, MeasuredBy.ROAD),
    )
    it = i.triage(case(ticket(answers={"cause": "material"}), what)).it

    assert (it.severity, it.fault_code, it.fault_group, it.part) == (3, "F-1", "pump", "seal")
    assert (it.route, it.distance) == (Route.SHOP, Distance(5, MeasuredBy.ROAD))
    assert it.answers == {"cause": "material", "urgent": "yes"}
    assert it.dates == {"sold": SOLD, "installed": SOLD}
    assert (it.terms, it.given) == ({"contract-term": YEAR}, {"visit-days": 3})
    assert set(it.commitments) == {"answer", "on-site", "resolve"}


def test_a_triage_identifies_the_unit():
    """It is off the list then, and its record is read; what else is on the list stays."""
    it = i.take_down(case(None, command(c.ReportFault, unit=None, dates={}, repeats="T-0"))).it
    named = i.triage(case(it, command(c.Triage, unit="U-1"), others=[unit(customer="somebody else")])).it

    assert (named.unit, named.dates) == ("U-1", {"sold": SOLD})
    assert [each.code for each in named.attention] == [
        "aftersales.attention.unknown-repeat",
        "aftersales.attention.anothers-unit",
    ]


def test_a_triage_is_refused_for_what_the_promises_ask():
    """The level of the fault comes from the severity; the kind of trouble has to be said."""
    trouble = Question("trouble", ("power", "water"))
    by_trouble = Promise(
        kind=TargetKind.ON_SITE, within=parse_allowance("4 hours"), when=When((("trouble", ("power",)),))
    )
    rules = policy(trouble=trouble, on_site=by_trouble)
    (reason,) = i.promises_known(case(ticket(), command(c.Triage), rules=rules))
    answered = command(c.Triage, answers={"trouble": "power"})

    assert (reason.code, reason.clause, reason.facts[0]) == (
        "aftersales.asked",
        PRACTICE,
        ("asked", "trouble"),
    )
    assert not codes(i.promises_known, case(ticket(), answered, rules=rules))
    worse = command(c.ChangeSeverity, severity=1, reason="worse")
    assert codes(i.promises_known, case(ticket(), worse, rules=rules)) == ["asked"]


@pytest.mark.clause("AS-SLA-8")
def test_the_severity_answers_what_level_the_fault_is():
    """Where the rules ask the level (AS-SLA-8) nobody has to say it twice."""
    level = Question("level", ("1", "2", "3", "4"))
    promise = Promise(
        kind=TargetKind.ON_SITE, within=parse_allowance("4 hours"), when=When((("level", ("3",)),))
    )
    rules = policy(level=level, on_site=promise)

    assert not codes(i.promises_known, case(ticket(), command(c.Triage), rules=rules))
    assert "on-site" in i.triage(case(ticket(), command(c.Triage), rules=rules)).it.commitments


def test_promises_that_disagree_or_do_not_fit_are_refused():
    """Two that say different things are named; so is what is given and is of no use."""
    slower = Promise(kind=TargetKind.ON_SITE, within=parse_allowance("48 hours"))
    blank = Promise(kind=TargetKind.ON_SITE, within=parse_allowance("{visit-days} working days"))
    twice = case(ticket(), command(c.Triage), rules=policy(slower=slower))
    none = case(ticket(), command(c.Triage, given={"visit-days": 0}), rules=policy(on_site=blank))

    assert [dict(each.facts) for each in i.promises_known(twice)] == [{"rules": "on-site, slower"}]
    assert codes(i.promises_known, none) == ["unfit"]


def test_promises_that_hang_on_the_verdict_go_by_what_it_would_be():
    """In the warranty the visit is promised at the triage already; nobody has decided yet."""
    it = i.triage(
        case(ticket(), command(c.Triage, answers={"cause": "wear"}), rules=policy(on_site=IN_TERM_ONLY))
    ).it

    assert "on-site" in it.commitments
    assert it.verdict is None


def test_promises_that_hang_on_a_verdict_that_is_not_known_wait_for_it():
    """The others run already; those of the ladder, too, that say nothing of it."""
    rung = Rung(level=1, action="supervisor", offset=timedelta(0))
    rules = policy(
        on_site=IN_TERM_ONLY,
        ladder=Ladder(rungs=(rung,)),
        of_the_free=Ladder(rungs=(rung, replace(rung, level=2)), kinds=(TargetKind.ON_SITE,), when=FREE_ONLY),
    )
    it = i.triage(case(ticket(dates={}), command(c.Triage), rules=rules)).it

    assert set(it.commitments) == {"answer", "resolve"}
    assert it.commitments["answer"].ladder == (rung,)
    later = decided(it, rules=policy(on_site=IN_TERM_ONLY), dates={"sold": SOLD}, answers={"cause": "wear"})
    assert set(later.commitments) == {"answer", "resolve", "on-site"}
    assert later.commitments["on-site"].run.anchored_at == MONDAY


# --- the claim ---------------------------------------------------------------------------------------------------


def claim(it: Ticket, record: Unit | None = None, facts: TicketFacts | None = None, **more: Any) -> Any:
    return i.claim_of(it, record, facts, POLICY, more.get("answers", {}), more.get("dates", {}))


def test_a_claim_is_made_of_the_ticket_the_record_and_what_the_host_knows():
    """What was said to the ticket goes before the record, what is said now before both."""
    here = ServiceContract(name="contract", term=Term(SOLD, date(2027, 3, 1)))
    there = replace(here, gives=Coverage.FREE)
    other = replace(here, name="another")
    record = unit(
        answers={"urgent": "yes", "opened": "no"},
        dates={"manufactured": SOLD, "sold": SOLD, "accepted": DAY + timedelta(1)},
        contracts=(here,),
        repairs=(PastRepair(ref="R-1", finished_on=SOLD, fault_group="pump"),),
    )
    facts = TicketFacts(
        contracts=(there, other),
        repairs=(PastRepair(ref="R-1", finished_on=DAY, fault_group="pump"),),
    )
    it = triaged(
        answers={"cause": "material", "opened": "yes"}, dates={"sold": DAY}, part="seal", terms={"t": YEAR}
    )
    found = claim(it, record, facts, answers={"cause": "wear"}, dates={"installed": DAY})

    assert {"urgent": "yes", "opened": "yes", "cause": "wear", "kind": "repair"}.items() <= (
        found.answers.items()
    )
    assert dict(found.dates) == {
        Event.MANUFACTURED: SOLD,
        Event.SOLD: DAY,
        Event.ACCEPTED: None,
        Event.INSTALLED: DAY,
    }
    assert found.contracts == (here, other)
    assert found.repairs == record.repairs
    assert (found.reported_on, found.part, found.fault_group) == (DAY, "seal", "pump")
    assert dict(found.given) == {"t": YEAR}


def test_a_unit_that_changed_hands_before_the_report_is_transferred():
    """On that day, too; without a record nobody knows of it."""
    assert not claim(triaged()).transferred
    assert not claim(triaged(), unit()).transferred
    for day, expected in ((DAY - timedelta(1), True), (DAY, True), (DAY + timedelta(1), False)):
        assert claim(triaged(), unit(transferred_on=day)).transferred is expected


def repaired(**said: Any) -> Ticket:
    """An earlier service of this unit, which repaired its pump and was accepted."""
    usual: dict[str, Any] = {
        "id": "T-0",
        "fault_group": "pump",
        "outcome": Ending.REPAIRED,
        "finished_at": MONDAY,
        "accepted_at": MONDAY,
    }
    it: Ticket = triaged(**(usual | said))
    return it


def test_a_ticket_without_a_record_of_its_unit_knows_its_own_repairs():
    """Those before it was reopened; the record's word of the same one counts where there is one."""
    own = PastRepair(ref="T-1", finished_on=DAY, fault_group="pump", parts=("seal",))
    it = triaged(repairs=(own,))
    assert claim(it).repairs == (own,)
    noted = replace(own, parts=("gear",))
    assert claim(it, unit(repairs=(noted,))).repairs == (noted,)


def test_a_repair_is_known_by_the_fault_code_where_no_group_was_said():
    """But a code says nothing of repairs that are known by their group: that is asked."""
    own = PastRepair(ref="T-1", finished_on=DAY, fault_group="F-1")
    it = triaged(fault_group="", fault_code="F-1", repairs=(own,))
    assert claim(it).fault_group == "F-1"
    assert claim(replace(it, repairs=(replace(own, fault_group="pump"),))).fault_group == ""


def test_what_the_ticket_that_is_repeated_repaired_is_a_past_repair():
    """Of this unit, at this firm, and once it was accepted; with what it had repaired before."""
    first = PastRepair(ref="T-00", finished_on=DAY, fault_group="belt")
    last = PastRepair(ref="T-0", finished_on=DAY, fault_group="pump")
    now = triaged(repeats="T-0")

    def known(earlier: Ticket | None, it: Ticket = now) -> list[str]:
        return [each.ref for each in i.claim_of(it, None, None, POLICY, {}, {}, earlier).repairs]

    made = i.claim_of(now, None, None, POLICY, {}, {}, repaired(repairs=(first,)))
    assert made.repairs == (first, last)
    assert known(repaired(reopened=1)) == ["T-0/2"]
    assert known(None) == []
    for other in (
        repaired(unit="U-2"),
        repaired(firm="another"),
        repaired(accepted_at=None),
        repaired(finished_at=None),
        repaired(outcome=Ending.DONE),
        repaired(fault_group="", fault_code=""),
    ):
        assert known(other) == []
    nowhere = {"unit": None, "order_line": None}
    assert known(repaired(**nowhere), triaged(**nowhere)) == []
    line = {"unit": None, "order_line": "o-1"}
    assert known(repaired(**line), triaged(**line)) == ["T-0"]


def test_a_service_that_repeats_an_earlier_one_is_rework_without_a_record_of_the_unit():
    """The ticket that is named is read with it; one that was reopened knows itself."""
    desk = Desk(policy(warranty=Warranty(since=Event.SOLD, parts=ONE_DAY, labour=ONE_DAY, travel=ONE_DAY)))
    desk.put(repaired(verdict=None))
    desk.wait(days=5)
    desk.do(c.ReportFault, repeats="T-0")
    desk.do(c.Triage)
    desk.do(c.DecideCoverage)
    it = desk.ticket()
    assert (it.repeats, it.rework) == ("T-0", True)
    assert Key(Ticket.kind, "T-0") in reads(it, command(c.ReviseCoverage))

    alone = Desk(desk.policy)
    alone.put(replace(repaired(id="T-1"), state=Stage.ACCEPTED))
    alone.wait(days=5)
    alone.do(c.ReopenTicket, reason="again")
    alone.do(c.DecideCoverage)
    assert (alone.ticket().rework, alone.ticket().repeats) == (True, None)


def test_what_came_after_the_report_does_not_count():
    """Neither a repair nor a replacement."""
    after = PastRepair(ref="R-2", finished_on=DAY + timedelta(1), fault_group="pump")
    late = Replacement(on=DAY + timedelta(1), lasting=YEAR)
    early = Replacement(on=SOLD, lasting=YEAR)
    found = claim(triaged(), unit(repairs=(after,), replacement=late), TicketFacts(replacement=early))

    assert found.repairs == ()
    assert found.replacement is None
    assert claim(triaged(), unit(), TicketFacts(replacement=early)).replacement == early
    assert claim(triaged()).replacement is None


def test_a_verdict_that_there_was_answers_no_question_of_the_next():
    """Who pays, whether a warranty runs and the class are what is asked."""
    it = triaged(verdict=verdict(POLICY.on(DAY), claim(triaged())))

    assert not {"coverage", "term", "class"} & set(claim(it).answers)


def test_a_date_of_no_event_is_refused():
    """Whatever the record calls it."""
    with pytest.raises(InvalidValue) as caught:
        claim(triaged(), unit(dates={"bought": SOLD}))

    assert caught.value.field == "dates"


# --- who pays -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-1")
def test_in_the_warranty_the_service_is_free_and_the_customer_hears_why():
    """Class by class, with the clauses (AS-FLOW-1)."""
    done = i.decide_coverage(case(triaged(), command(c.DecideCoverage)))
    (told,) = done.messages

    assert done.it.verdict.coverage is Coverage.FREE
    assert done.it.service_class is ServiceClass.C
    assert (told.kind, told.to, told.reasons) == (COVERED, CUSTOMER, done.it.verdict.reasons)
    assert told.facts[2:] == (("class", "C"), ("parts", "free"), ("labour", "free"), ("travel", "free"))
    assert Clause("X-warranty") in {each.clause for each in told.reasons}


@pytest.mark.clause("AS-WARR-5")
def test_a_verdict_is_refused_for_what_it_asks():
    """The day of the sale is not known: it is named, with the clause by which it is asked (AS-WARR-5)."""
    (reason,) = i.verdict_known(case(triaged(dates={}), command(c.DecideCoverage)))

    assert (reason.code, str(reason.clause)) == ("aftersales.asked", "AS-WARR-5")
    assert dict(reason.facts)["asked"] == "sold"
    said = command(c.DecideCoverage, dates={"sold": SOLD})
    assert not codes(i.verdict_known, case(triaged(dates={}), said))
    other_part = triaged(part="seal", answers={"part": "valve", "cause": "material"})
    rules = policy(part=Question("part", ("seal", "valve")))
    assert codes(i.verdict_known, case(other_part, command(c.DecideCoverage), rules=rules)) == ["unfit"]


def test_a_verdict_is_refused_for_what_promises_ask_by_then():
    """Where only a free service is promised a visit by trouble, the trouble is asked with the verdict."""
    trouble = Question("trouble", ("power", "water"))
    when = When((("coverage", ("free",)), ("trouble", ("power",))))
    rules = policy(trouble=trouble, on_site=replace(IN_TERM_ONLY, when=when))
    (reason,) = i.verdict_known(case(triaged(), command(c.DecideCoverage), rules=rules))

    assert (reason.code, str(reason.clause)) == ("aftersales.asked", "AS-FLOW-8")
    answered = command(c.DecideCoverage, answers={"trouble": "water"})
    assert not codes(i.verdict_known, case(triaged(), answered, rules=rules))


@pytest.mark.parametrize(
    ("role", "goodwill", "found"),
    [
        (R.QUALITY, {}, []),
        (R.QUALITY, {"labour": "the manager"}, ["goodwill-by-supervisor"]),
        (R.SUPERVISOR, {"labour": "the manager"}, []),
    ],
)
def test_only_the_supervisor_lets_charges_go(role, goodwill, found):
    """Quality decides by the rules alone."""
    what = command(c.DecideCoverage, by=staff("someone", role.value), goodwill=goodwill)

    assert codes(i.goodwill_by_supervisor, case(triaged(), what, role=role)) == found


def test_what_is_let_go_is_free_at_the_firms_cost():
    """The other classes stay as they are; the verdict says who approved it."""
    misused = {"cause": "misuse"}
    it = decided(triaged(), answers=misused, goodwill={"labour": "the manager"})
    parts, labour, travel = it.verdict.rulings

    assert [each.coverage for each in (parts, labour, travel)] == [
        Coverage.PAID,
        Coverage.FREE,
        Coverage.PAID,
    ]
    assert (labour.bearer, labour.clauses) == (Bearer.FIRM, (PRACTICE,))
    assert it.goodwill == {"labour": "the manager"}
    assert it.service_class is ServiceClass.A
    assert it.verdict.reasons[-1] == Reason(
        "aftersales.goodwill", PRACTICE, (("charge", "labour"), ("approved_by", "the manager"))
    )


def test_what_is_free_already_needs_no_goodwill():
    """Its ruling keeps the clause of the warranty, and no reason is added."""
    it = decided(triaged(), goodwill={"labour": "the manager"})

    assert it.verdict == decided(triaged()).verdict


@pytest.mark.clause("AS-FLOW-1")
def test_work_of_the_firms_own_is_class_d():
    """No warranty is asked, whatever is not known of the unit; the firm bears all of it (AS-FLOW-1)."""
    it = triaged(internal=True, dates={}, unit=None, service=ServiceKind.INTERNAL)
    what = command(c.DecideCoverage)
    done = i.decide_coverage(case(it, what))

    assert not codes(i.verdict_known, case(it, what))
    assert done.it.service_class is ServiceClass.D
    assert done.messages[0].facts[2] == ("class", "D")
    assert {each.bearer for each in done.it.verdict.rulings} == {Bearer.FIRM}
    assert done.it.verdict.version == POLICY.on(DAY).version


# --- repeats and revisions ---------------------------------------------------------------------------------


PUMP_BEFORE = PastRepair(ref="T-0", finished_on=DAY - timedelta(10), fault_group="pump")
OUT_OF_WARRANTY = {"sold": date(2020, 1, 1)}


@pytest.mark.clause("AS-QA-5")
def test_a_repair_that_is_repeated_is_linked_and_is_rework():
    """Within the warranty of the repair the labour is free: the firm does its work again (AS-QA-5)."""
    it = decided(triaged(dates=OUT_OF_WARRANTY), unit(dates={}, repairs=(PUMP_BEFORE,)))

    assert (it.repeats, it.rework) == ("T-0", True)


@pytest.mark.parametrize(
    ("ref", "tickets", "linked"),
    [
        ("T-0/2", ("T-0",), "T-0"),
        ("T-0/2/3", ("T-0", "T-0/2"), "T-0/2"),
        ("T-00", ("T-0",), "T-00"),
        ("of a paper file", (), "of a paper file"),
        ("T-1/2", (), None),
    ],
)
def test_a_repeat_is_linked_to_the_ticket_of_the_repair(ref, tickets, linked):
    """One that was reopened repaired more than once; a repair of before has no ticket; none repeats itself."""
    before = replace(PUMP_BEFORE, ref=ref)
    it = decided(triaged(dates=OUT_OF_WARRANTY), unit(dates={}, repairs=(before,), tickets=tickets))

    assert (it.repeats, it.rework) == (linked, True)


def test_a_repeat_that_is_paid_is_linked_and_is_no_rework():
    """The customer broke it again: the verdict says which repair it is, before his own word."""
    it = triaged(dates=OUT_OF_WARRANTY, repeats="T-9", answers={"cause": "misuse"})
    repeated = decided(it, unit(dates={}, repairs=(PUMP_BEFORE,)))

    assert repeated.verdict.coverage is Coverage.PAID
    assert (repeated.repeats, repeated.rework) == ("T-0", None)


def test_a_verdict_without_a_repeat_leaves_the_customers_word():
    """What he named at the report stays linked."""
    assert decided(triaged(repeats="T-9")).repeats == "T-9"


def test_a_revised_verdict_keeps_the_earlier_one():
    """And lets go what it names, nothing else; the customer is told anew."""
    first = decided(triaged(), goodwill={"travel": "the manager"})
    revise = command(c.ReviseCoverage, answers={"cause": "misuse"})
    done = i.revise_coverage(case(first, revise))

    assert done.it.verdict.coverage is Coverage.PAID
    assert done.it.earlier_verdicts == (first.verdict,)
    assert done.it.goodwill == {}
    assert done.it.answers["cause"] == "misuse"
    assert [each.kind for each in done.messages] == [COVERED]


def test_a_revision_takes_rework_back_that_the_verdict_made():
    """But not what the customer's refusal of the work made."""
    first = decided(triaged(dates=OUT_OF_WARRANTY), unit(dates={}, repairs=(PUMP_BEFORE,)))
    revise = command(c.ReviseCoverage, reason="another fault")
    refused = replace(first, reworks=1)

    assert i.revise_coverage(case(first, revise)).it.rework is None
    assert i.revise_coverage(case(refused, revise)).it.rework is True
    assert i.revise_coverage(case(replace(decided(triaged()), rework=True), revise)).it.rework is True


# --- through the tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.REPORTED, Stage.TRIAGED, Stage.COVERED, Stage.CLOSED])
def test_a_repair_on_the_spot_comes_as_far_as_it_should(stage):
    """The row's stage is reached, and all that was said on the way is decided."""
    assert Desk().come_to(stage).state is stage


def test_what_the_rules_do_not_know_is_refused_and_not_raised():
    """At every step that takes answers, also where a checklist asks by them; nothing is opened."""
    listed = Checklist(step="intake", items=("symptom",), when=When((("urgent", ("yes",)),)))
    desk = Desk(policy(listed=listed))
    wrong = {"answers": {"urgent": "very"}}

    assert desk.codes(c.ReportFault, **wrong) == ["aftersales.unknown-answer"]
    assert not desk.aggregates
    desk.come_to(Stage.REPORTED)
    assert desk.codes(c.Triage, **wrong) == ["aftersales.unknown-answer"]
    desk.do(c.Triage)
    assert desk.codes(c.DecideCoverage, **wrong) == ["aftersales.unknown-answer"]


def test_a_triage_of_an_unidentified_unit_looks_at_its_record():
    """Though the ticket did not name it before."""
    desk = Desk()
    desk.put(unit(answers={"urgent": "yes"}))
    desk.do(c.ReportFault, unit=None, dates={})
    desk.do(c.Triage, unit="U-1")

    assert desk.ticket().answers == {"cause": "material", "urgent": "yes"}
    assert not desk.ticket().attention


def test_a_contract_of_the_unit_counts_where_the_severity_changes():
    """The promises go by what the verdict would be, the record of the unit read."""
    contract = ServiceContract(name="contract", term=Term(SOLD, date(2027, 3, 1)), gives=Coverage.FREE)
    desk = Desk(policy(on_site=IN_TERM_ONLY))
    desk.put(unit(dates={}, contracts=(contract,)))
    desk.do(c.ReportFault, dates={"sold": date(2020, 1, 1)})
    desk.do(c.Triage)
    desk.do(c.ChangeSeverity, severity=1, reason="worse")

    assert desk.ticket().verdict is None
    assert desk.ticket().commitments["on-site"].run.voided_at is None


def test_a_reopened_ticket_repeats_its_own_repair():
    """Judged as of its reopening it is rework, free though the first time was paid; it is no repeat of itself."""
    desk = Desk()
    desk.put(unit(dates={}))
    desk.come_to(Stage.TRIAGED, dates=OUT_OF_WARRANTY, unit="U-1")
    desk.do(c.DecideCoverage)
    first = desk.ticket().verdict
    assert first is not None
    desk.put(replace(desk.ticket(), state=Stage.ACCEPTED, accepted_at=MONDAY))
    desk.put(unit(dates={}, repairs=(PastRepair(ref="T-1", finished_on=DAY, fault_group="pump"),)))
    desk.wait(days=2)
    desk.do(c.ReopenTicket, reason="it does not start again")
    desk.do(c.DecideCoverage)
    again = desk.ticket()
    assert again.verdict is not None

    assert (first.labour.coverage, again.verdict.labour.coverage) == (Coverage.PAID, Coverage.FREE)
    assert again.verdict.reported_on == DAY + timedelta(2)
    assert (again.rework, again.repeats) == (True, None)
