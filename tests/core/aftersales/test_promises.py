"""From a fault report to promises with their clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from servflow.core.aftersales.circumstances import (
    Band,
    Distance,
    Distances,
    MeasuredBy,
    Question,
    When,
)
from servflow.core.aftersales.policy import Ladder, Named, Promise, ServicePolicy, ServiceRules
from servflow.core.aftersales.promises import FaultReport, possible, promised
from servflow.core.aftersales.words import Event, PauseReason, TargetKind
from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.clocks import Rung, evaluate, parse_allowance
from servflow.core.errors import ConflictingRules, InvalidValue, MissingValue
from servflow.core.worktime import Calendar

ZONE = ZoneInfo("Asia/Shanghai")
WEEK = Calendar("firm", ZONE, weekly=dict.fromkeys(range(5), ((time(8), time(12)), (time(14), time(18)))))
MONDAY = datetime(2026, 5, 4, 9, tzinfo=ZONE)
LEVEL = Question("level", ("1", "2", "3", "4"))
RADIUS = Distances(MeasuredBy.RADIUS, (Band("near", 100_000), Band("far")))
NEAR, FAR = When((("distance", ("near",)),)), When((("distance", ("far",)),))
SITE, ANSWER = TargetKind.ON_SITE, TargetKind.ANSWER


def promise(kind, within, **said):
    return Promise(kind=kind, within=parse_allowance(within), **said)


def rules(**said):
    """Rules of a firm, each with a clause that is named after it."""
    named = tuple(Named(name, each, Clause(f"X-{name}")) for name, each in said.items())
    return ServiceRules(
        firm="firm", version="v 2026", day=date(2026, 5, 4), calendar=WEEK, currency="CNY", rules=named
    )


def report(metres=None, by=MeasuredBy.RADIUS, given=None, **answers):
    distance = None if metres is None else Distance(metres, by)
    return FaultReport(at=MONDAY, answers=answers, distance=distance, given=given or {})


def due(found, kind, happened=None):
    """When a promise is due, by its own clock."""
    (each,) = (each for each in found if each.kind is kind)
    known = happened or {Event.REPORTED: MONDAY}
    clock = evaluate(each.target, each.run(known), max(known.values()))
    return None if clock.due_at is None else clock.due_at.astimezone(ZONE)


BY_DISTANCE = rules(
    bands=RADIUS,
    near=promise(SITE, "24 hours", when=NEAR),
    far_answer=promise(ANSWER, "12 hours", when=FAR),
    far_site=promise(SITE, "72 hours", when=FAR),
)


@pytest.mark.clause("AS-SLA-4", "AS-SLA-6")
@pytest.mark.parametrize(("metres", "kinds"), [(0, [SITE]), (100_000, [SITE]), (100_001, [ANSWER, SITE])])
def test_what_is_promised_hangs_on_the_distance(metres, kinds):
    """Exactly 100 km are near: on site within 24 hours, and no answer is promised."""
    found = promised(BY_DISTANCE, report(metres))

    assert [each.kind for each in found] == kinds
    days = 1 if metres <= 100_000 else 3
    assert due(found, SITE) == MONDAY.replace(day=4 + days)


def test_an_unknown_distance_is_an_error_and_never_near():
    """It is asked for."""
    with pytest.raises(MissingValue, match="distance"):
        promised(BY_DISTANCE, report())


def test_an_unknown_distance_is_what_the_rulebook_says_of_one():
    """If it names a band for that."""
    far = Distances(MeasuredBy.RADIUS, RADIUS.bands, unknown="far")
    found = promised(rules(bands=far, near=promise(SITE, "24 hours", when=NEAR)), report())

    assert found == ()


def test_a_distance_by_road_says_nothing_of_a_radius():
    """It is refused, even if it is short."""
    with pytest.raises(InvalidValue, match="metres by radius"):
        promised(BY_DISTANCE, report(1, MeasuredBy.ROAD))


def test_a_band_is_no_answer():
    """That something is near is not said but measured."""
    with pytest.raises(InvalidValue, match="a distance in metres"):
        report(distance="near")


def test_what_would_change_nothing_is_not_asked_for():
    """A rule that holds says the same as one that hangs on the distance; nothing decides between them."""
    contacted = When((("supplier", ("yes",)),))
    firm = rules(
        supplier=Question("supplier", ("yes", "no")),
        bands=RADIUS,
        far=promise(ANSWER, "12 hours", when=FAR),
        contacted=promise(ANSWER, "12 hours", when=contacted),
        half=Ladder(rungs=(rung(1, 50),), when=contacted),
        far_half=Ladder(rungs=(rung(1, 50),), when=FAR),
    )
    (found,) = promised(firm, report(supplier="yes"))

    assert (found.rules, found.target.ladder) == (("contacted",), (rung(1, 50),))
    with pytest.raises(MissingValue, match="distance"):
        promised(firm, report(supplier="no"))


@pytest.mark.parametrize(
    "other", [promise(ANSWER, "24 hours", when=FAR), promise(SITE, "12 hours", when=FAR)]
)
def test_what_would_change_something_is_asked_for(other):
    """Another length, or the same for something else."""
    with pytest.raises(MissingValue, match="distance"):
        promised(rules(bands=RADIUS, near=promise(ANSWER, "12 hours"), other=other), report())


def test_a_firm_without_bands_takes_any_distance():
    """Nothing of it hangs on one."""
    assert due(promised(rules(a=promise(SITE, "24 hours")), report(5)), SITE) == MONDAY.replace(day=5)


@pytest.mark.clause("AS-SLA-8")
def test_each_fault_level_has_its_own_promise():
    """A level that there is not is refused; one that was not said is asked for."""
    firm = rules(
        level=LEVEL,
        one=promise(ANSWER, "1 hour", when=When((("level", ("1",)),))),
        others=promise(ANSWER, "1 working day", when=When((("level", ("2", "3", "4")),))),
    )

    assert due(promised(firm, report(level="1")), ANSWER) == MONDAY.replace(hour=10)
    assert due(promised(firm, report(level="4")), ANSWER) == MONDAY.replace(day=5)
    with pytest.raises(InvalidValue, match="one of 1, 2, 3, 4"):
        promised(firm, report(level="0"))
    with pytest.raises(MissingValue, match="level"):
        promised(firm, report())


@pytest.mark.clause("AS-SLA-20")
def test_what_the_source_leaves_blank_is_asked_for():
    """By its name; a number from 1 on fills it, nothing else does."""
    firm = rules(visit=promise(SITE, "{visit-days} working days to closing"))

    with pytest.raises(MissingValue, match="visit-days"):
        promised(firm, report())
    for bad in (0, -1, True, "3"):
        with pytest.raises(InvalidValue, match="visit-days"):
            promised(firm, report(given={"visit-days": bad}))
    assert due(promised(firm, report(given={"visit-days": 3})), SITE) == datetime(2026, 5, 7, 18, tzinfo=ZONE)


@pytest.mark.clause("AS-SLA-13")
def test_a_day_that_is_agreed_is_given_as_an_instant():
    """A naive one is refused, a missing one is asked for."""
    firm = rules(visit=promise(SITE, "agreed customers-time"))
    at = datetime(2026, 5, 6, 15, tzinfo=ZONE)

    assert due(promised(firm, report(given={"customers-time": at})), SITE) == at
    with pytest.raises(MissingValue, match="customers-time"):
        promised(firm, report())
    with pytest.raises(InvalidValue, match="customers-time"):
        promised(firm, report(given={"customers-time": datetime(2026, 5, 6, 15)}))


def test_two_promises_that_disagree_are_an_error():
    """Neither is taken, and both are named."""
    firm = rules(
        day=promise(SITE, "24 hours"),
        paid=promise(SITE, "48 hours", when=When((("coverage", ("paid",)),))),
    )

    assert due(promised(firm, report(coverage="free")), SITE) == MONDAY.replace(day=5)
    with pytest.raises(ConflictingRules) as caught:
        promised(firm, report(coverage="paid"))
    assert caught.value.names == ("day", "paid")


@pytest.mark.parametrize(
    "other",
    [
        {"since": Event.RECEIVED},
        {"round_the_clock": True},
        {"pauses": (PauseReason.WAITING_PART,)},
        {"excuses": ("festival",)},
        {"extended_by": "director"},
    ],
)
def test_promises_disagree_in_whatever_they_say(other):
    """Not only in their length."""
    with pytest.raises(ConflictingRules):
        promised(rules(one=promise(SITE, "24 hours"), two=promise(SITE, "24 hours", **other)), report())


def test_two_promises_that_agree_are_one_by_both():
    """Under other conditions the same is promised once, by both clauses."""
    firm = rules(
        one=promise(SITE, "24 hours"), two=promise(SITE, "1440 minutes", when=When((("opened", ("no",)),)))
    )
    (found,) = promised(firm, report(opened="no"))

    assert found.rules == ("one", "two")
    assert found.clauses == (Clause("X-one"), Clause("X-two"))
    assert found.target.clause == Clause("X-one")


@pytest.mark.clause("AS-SLA-1", "AS-SLA-7")
def test_a_target_is_what_the_rule_says():
    """Pauses, excuses, who extends it, its calendar, and the version of the rules."""
    (found,) = promised(
        rules(
            plan=promise(
                TargetKind.PLAN,
                "4 working days",
                since=Event.RECEIVED,
                pauses=(PauseReason.WAITING_CUSTOMER,),
                excuses=("festival", "no-tickets"),
                extended_by="operations-director",
            )
        ),
        report(),
    )
    target = found.target

    assert (target.kind, found.since) == ("plan", Event.RECEIVED)
    assert target.pauses == {"waiting-customer"}
    assert target.excuses == {"festival", "no-tickets"}
    assert target.extended_by == "operations-director"
    assert (target.calendar, target.version, target.ladder) == (WEEK, "v 2026", ())


def test_nobody_extends_a_target_if_the_rule_names_nobody():
    """And its clock has no pauses."""
    (found,) = promised(rules(visit=promise(SITE, "24 hours")), report())

    assert (found.target.extended_by, found.target.pauses) == (None, frozenset())


@pytest.mark.clause("AS-SLA-18")
def test_round_the_clock_is_an_always_open_calendar():
    """Of the firm's hours nothing is asked: working hours are then hours."""
    friday = datetime(2026, 5, 8, 17, tzinfo=ZONE)
    firm = rules(
        normal=promise(ANSWER, "4 working hours"),
        urgent=promise(SITE, "4 working hours", round_the_clock=True),
    )
    found = promised(firm, FaultReport(at=friday))

    happened = {Event.REPORTED: friday}
    assert due(found, ANSWER, happened) == datetime(2026, 5, 11, 11, tzinfo=ZONE)
    assert due(found, SITE, happened) == datetime(2026, 5, 8, 21, tzinfo=ZONE)


def test_round_the_clock_keeps_the_days_of_the_firms_zone():
    """Reported on a Saturday, the same day ends on Saturday, at the firm's midnight."""
    saturday = datetime(2026, 5, 9, 7, tzinfo=ZONE)
    firm = rules(arrange=promise(SITE, "later: same day 24:00", round_the_clock=True))
    found = promised(firm, FaultReport(at=saturday))

    assert due(found, SITE, {Event.REPORTED: saturday}) == datetime(2026, 5, 10, tzinfo=ZONE)


@pytest.mark.clause("AS-SLA-1")
def test_a_promise_waits_for_its_event():
    """Its clock begins when that happens, and not with the report."""
    firm = rules(carry_out=promise(TargetKind.CARRY_OUT, "3 working days", since=Event.PLANNED))
    found = promised(firm, report())
    planned = datetime(2026, 5, 7, 10, tzinfo=ZONE)

    assert due(found, TargetKind.CARRY_OUT) is None
    assert due(found, TargetKind.CARRY_OUT, {Event.PLANNED: planned}) == datetime(
        2026, 5, 12, 10, tzinfo=ZONE
    )


def rung(level, percent):
    return Rung(level=level, action=f"level {level}", fraction=Fraction(percent, 100))


def test_each_fault_level_has_its_own_ladder():
    """For the kinds of targets that it names, or for all."""
    steep, flat, quotes = (rung(1, 0), rung(2, 50)), (rung(1, 100),), (rung(3, 100),)
    firm = rules(
        level=LEVEL,
        answer=promise(ANSWER, "4 hours"),
        visit=promise(SITE, "24 hours"),
        steep=Ladder(rungs=steep, when=When((("level", ("1",)),)), kinds=(SITE,)),
        flat=Ladder(rungs=flat, when=When((("level", ("2", "3", "4")),))),
        quotes=Ladder(rungs=quotes, kinds=(TargetKind.QUOTE,)),
    )

    assert [each.target.ladder for each in promised(firm, report(level="1"))] == [(), steep]
    assert [each.target.ladder for each in promised(firm, report(level="4"))] == [flat, flat]


def test_two_ladders_that_disagree_are_an_error():
    """Two that say the same are one."""
    half, full = Ladder(rungs=(rung(1, 50),)), Ladder(rungs=(rung(1, 100),))
    visit = promise(SITE, "24 hours")

    (found,) = promised(rules(visit=visit, a=half, b=half), report())
    assert found.target.ladder == half.rungs
    with pytest.raises(ConflictingRules) as caught:
        promised(rules(visit=visit, a=half, b=full), report())
    assert caught.value.names == ("a", "b")


def test_a_case_keeps_the_rules_of_the_day_of_its_report():
    """What is changed later has another version, and moves no target of an older report."""
    old, new = promise(SITE, "24 hours"), promise(SITE, "48 hours")
    clause = Clause("X-1")
    visit = Dated("visit", [Since(date.min, Cited(old, clause)), Since(date(2026, 6, 1), Cited(new, clause))])
    firm = ServicePolicy(
        firm="firm", rulebook="digest", calendar=WEEK, currency="CNY", rules={"visit": visit}
    )

    (before,), (after,) = (promised(firm.on(date(2026, month, 1)), report()) for month in (5, 6))
    assert (before.target.version, before.target.within) == ("digest 2026-05-01", old.within)
    assert (after.target.version, after.target.within) == ("digest 2026-06-01", new.within)


@pytest.mark.parametrize(
    "at", [datetime(2026, 5, 4, 9), datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))]
)
def test_a_report_has_an_instant_that_exists(at):
    """A naive time is refused, and one that the clocks skip."""
    with pytest.raises(InvalidValue, match="at"):
        FaultReport(at=at)


def test_a_report_is_kept_in_utc():
    """Whatever zone it was made in."""
    assert report().at == MONDAY
    assert report().at.tzinfo is UTC


# --- what may be promised ---------------------------------------------------------------------------------


def test_what_may_be_promised_says_what_it_hangs_on():
    """The questions that were not answered, and the blank that was not given."""
    firm = rules(
        level=LEVEL,
        bands=RADIUS,
        near=promise(SITE, "24 hours", when=NEAR),
        far=promise(SITE, "{far-days} working days", when=FAR),
        one=promise(ANSWER, "agreed answer-date", when=When((("level", ("1",)), ("opened", ("no",))))),
    )

    def found(said):
        return [(each.rule.name, each.open, each.asks) for each in possible(firm, said)]

    assert found(report()) == [
        ("near", ("distance",), None),
        ("far", ("distance",), "far-days"),
        ("one", ("level", "opened"), "answer-date"),
    ]
    assert found(report(200_000, level="1", given={"far-days": 2})) == [
        ("far", (), None),
        ("one", ("opened",), "answer-date"),
    ]
    assert found(report(5, level="2")) == [("near", (), None)]


def test_what_a_firm_does_not_ask_is_passed_over_to_compare_it():
    """Questions of other firms, and a distance measured in another way; a wrong answer is still refused."""
    firm = rules(level=LEVEL, bands=RADIUS, near=promise(SITE, "24 hours", when=NEAR))

    assert [each.open for each in possible(firm, report(5, MeasuredBy.ROAD, urgency="urgent"))] == [
        ("distance",)
    ]
    assert possible(rules(level=LEVEL), report(5)) == ()
    with pytest.raises(InvalidValue, match="level"):
        possible(firm, report(level="5"))


def test_a_fault_report_keeps_what_was_reported() -> None:
    """What is changed afterwards where the answers came from changes no report."""
    answers, given = {"urgency": "urgent"}, {"hours": 4}
    report = FaultReport(at=datetime(2026, 5, 4, 9, tzinfo=UTC), answers=answers, given=given)
    answers.clear()
    given.clear()

    assert (report.answers, report.given) == ({"urgency": "urgent"}, {"hours": 4})
