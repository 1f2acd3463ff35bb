"""The rules of a service firm: what each kind refuses, how they go together, what holds on a day."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from servflow.core.aftersales.circumstances import STANDARD, Band, Distances, MeasuredBy, Question, When
from servflow.core.aftersales.policy import (
    Checklist,
    Collection,
    Duty,
    Exclusion,
    Grant,
    Handling,
    Ladder,
    Named,
    Promise,
    RepairWarranty,
    Retention,
    ServicePolicy,
    ServiceRules,
    Warranty,
)
from servflow.core.aftersales.words import (
    LIFETIME,
    NONE,
    Bearer,
    ChargeClass,
    CollectionWay,
    Coverage,
    DutyKind,
    Event,
    Lasting,
    PauseReason,
    TargetKind,
)
from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.clocks import Rung, parse_allowance
from servflow.core.dates import Period
from servflow.core.errors import ConflictingRules, InvalidTable, InvalidValue, MissingValue
from servflow.core.worktime import Calendar

CLAUSE = Clause("AS-SLA-2", "无偿1")
LEVEL = Question("level", ("1", "2"), default="2")
MONTH, YEAR = Period(months=1), Period(months=12)


class Yearly:
    """Some days that come again."""

    def between(self, start, after, through):
        return (through,)


def rules(*said, day=date(2026, 5, 4)):
    """Rules of a firm, named by their numbers."""
    named = tuple(Named(f"r{number}", each, CLAUSE) for number, each in enumerate(said))
    return ServiceRules(
        firm="firm", version="v", day=day, calendar=Calendar.always(UTC), currency="CNY", rules=named
    )


def promise(**said):
    return Promise(kind=TargetKind.ON_SITE, within=parse_allowance("24 hours"), **said)


# --- what each kind refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: promise(pauses=(PauseReason.AT_VENDOR, PauseReason.AT_VENDOR)), "pauses"),
        (lambda: promise(excuses=("festival", "festival")), "excuses"),
        (lambda: promise(excuses=("",)), "excuses"),
        (lambda: Exclusion(outcome=Coverage.FREE), "outcome"),
        (lambda: Exclusion(outcome=Coverage.PAID, classes=()), "classes"),
        (lambda: Exclusion(outcome=Coverage.PAID, classes=(ChargeClass.PARTS, ChargeClass.PARTS)), "classes"),
        (lambda: Exclusion(outcome=Coverage.AT_COST, discount=True), "discount"),
        (
            lambda: Exclusion(outcome=Coverage.PAID, classes=(ChargeClass.LABOUR,), discount=True),
            "discount",
        ),
        (lambda: Grant(outcome=Coverage.PAID), "outcome"),
        (lambda: Grant(outcome=Coverage.FREE, classes=()), "classes"),
        (Handling, "bearer"),
        (lambda: Handling(all_of_it=True, refer="brand"), "all_of_it"),
        (lambda: Handling(notify=("dealer", "dealer")), "notify"),
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD), "offsets"),
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, offsets=(MONTH,), every=YEAR), "every"),
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, every=YEAR, recurrence=Yearly()), "recurrence"),
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, offsets=(MONTH, MONTH)), "offsets"),
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, every=YEAR, before=True), "before"),
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, every=YEAR, not_before=Event.YEAR), "not_before"),
        (
            lambda: Duty(
                kind=DutyKind.VISIT, since=Event.SOLD, offsets=(MONTH,), before=True, on_the_day=True
            ),
            "before",
        ),
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, every=YEAR, checks=("bolts", "bolts")), "checks"),
        (lambda: Checklist(step="", items=("slip",)), "step"),
        (lambda: Checklist(step="visit", items=()), "items"),
        (lambda: Checklist(step="visit", items=("slip", "slip")), "items"),
        (lambda: Ladder(rungs=()), "rungs"),
        (
            lambda: Ladder(rungs=(Rung(level=1, action="a", fraction=Fraction(1, 2)),) * 2),
            "rungs",
        ),
        (
            lambda: Ladder(
                rungs=(Rung(level=1, action="a", offset=timedelta(hours=-1)),),
                kinds=(TargetKind.QUOTE, TargetKind.QUOTE),
            ),
            "kinds",
        ),
        (lambda: Retention(records=(), at_least=YEAR), "records"),
        (lambda: Retention(records=("record",), at_least=YEAR, at_most=MONTH), "at_most"),
    ],
)  # fmt: skip
def test_a_rule_that_contradicts_itself_is_refused(make, field):
    """At the field that does not fit."""
    with pytest.raises(InvalidValue) as caught:
        make()

    assert caught.value.field == field


@pytest.mark.parametrize(
    "make",
    [
        lambda: Exclusion(outcome=Coverage.PAID, discount=True),
        lambda: Exclusion(outcome=Coverage.AT_COST, classes=(ChargeClass.LABOUR,)),
        lambda: Grant(outcome=Coverage.FREE, classes=(ChargeClass.PARTS,)),
        lambda: Checklist(step="visit", items=("slip",)),
        lambda: Handling(bearer=Bearer.DEALER, all_of_it=True),
        lambda: Handling(may_refuse=True),
        lambda: Handling(contract_governs=True),
        lambda: Handling(refer="brand"),
        lambda: Handling(through=("purchasing",)),
        lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, on_the_day=True),
        lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, on_the_day=True, every=YEAR),
        lambda: Duty(kind=DutyKind.VISIT, since=Event.WARRANTY_END, offsets=(MONTH,), before=True),
        lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, recurrence=Yearly()),
        lambda: Retention(records=("record",), at_least=YEAR, at_most=YEAR),
        lambda: Retention(records=("record",), at_least=YEAR),
    ],
)
def test_a_rule_that_says_one_thing_stands(make):
    """Each of them is one that a firm may have."""
    assert make() == make() or isinstance(make().recurrence, Yearly)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD), "nothing"),
        (
            lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, offsets=(MONTH,), every=YEAR),
            "offsets and every",
        ),
        (
            lambda: Duty(kind=DutyKind.VISIT, since=Event.SOLD, offsets=(MONTH, MONTH)),
            ["1 months", "1 months"],
        ),
        (lambda: Checklist(step="visit", items=("slip", "slip")), ["slip", "slip"]),
        (
            lambda: Grant(outcome=Coverage.FREE, classes=(ChargeClass.PARTS, ChargeClass.PARTS)),
            ["parts", "parts"],
        ),
    ],
)  # fmt: skip
def test_what_was_found_is_shown_as_it_is_written(make, found):
    """Words as a rulebook writes them, and the ways in which a duty comes."""
    with pytest.raises(InvalidValue) as caught:
        make()

    assert caught.value.found == found


def test_a_warranty_has_a_term_for_each_class():
    """Parts, labour and travel apart."""
    two = Lasting(period=Period(months=24))
    warranty = Warranty(since=Event.SOLD, parts=two, labour=LIFETIME, travel=NONE)

    assert {charge: warranty.lasting(charge) for charge in ChargeClass} == {
        ChargeClass.PARTS: two,
        ChargeClass.LABOUR: LIFETIME,
        ChargeClass.TRAVEL: NONE,
    }


# --- rules together ---------------------------------------------------------------------------------------


def test_the_rules_of_a_kind_come_in_their_order():
    """With their names; of a kind that there is not, none."""
    found = rules(promise(), LEVEL, promise(round_the_clock=True))

    assert [each.name for each in found.of(Promise)] == ["r0", "r2"]
    assert found.of(Ladder) == ()


def test_a_firm_asks_its_own_questions_and_those_of_the_field():
    """Its bands of distances are answers too."""
    bands = Distances(MeasuredBy.ROAD, (Band("near", 100), Band("far")))

    assert set(rules().questions) == set(STANDARD)
    assert rules().distances is None
    assert set(rules(LEVEL, bands).questions) == {*STANDARD, "level", "distance"}
    assert rules(LEVEL, bands).questions["distance"].answers == ("near", "far")
    assert rules(bands).distances == bands


def test_an_answer_that_was_not_given_is_the_default_if_there_is_one():
    """What was said wins; what has no default stays open."""
    assert rules(LEVEL).answered({}) == {"level": "2"}
    assert rules(LEVEL).answered({"level": "1", "opened": "no"}) == {"level": "1", "opened": "no"}


@pytest.mark.clause("AS-SLA-8")
@pytest.mark.parametrize(
    ("answers", "field", "found"),
    [({"level": "5"}, "level", "5"), ({"levle": "1"}, "question", "levle"), ({"cause": "x"}, "cause", "x")],
)
def test_a_question_or_a_fault_level_that_there_is_not_is_refused(answers, field, found):
    """Never passed over."""
    with pytest.raises(InvalidValue) as caught:
        rules(LEVEL).answered(answers)

    assert (caught.value.field, caught.value.found) == (field, found)


def test_rules_that_do_not_go_together_are_refused_with_all_their_mistakes():
    """Two rules that ask one question, two sets of bands, conditions on what nobody asks or answers."""
    bands = Distances(MeasuredBy.ROAD, (Band("near", 100), Band("far")))
    said = (
        LEVEL,
        LEVEL,
        Question("distance", ("short", "long")),
        bands,
        bands,
        promise(when=When((("level", ("1", "3")), ("colour", ("red",))))),
    )
    with pytest.raises(InvalidTable, match="firm's rules on 2026-05-04") as caught:
        rules(*said)

    assert [(each.where, each.found) for each in caught.value.problems] == [
        ("r1", "the question level again"),
        ("r2", "the question distance, which a distance answers"),
        ("r4", "bands of distances again"),
        ("r5.when.level", "'3'"),
        ("r5.when.colour", "an unknown question"),
    ]


@pytest.mark.parametrize("name", ["term", "coverage"])
def test_what_the_verdict_answers_is_asked_by_nobody(name):
    """Not with its own answers either: a default would be an answer."""
    answers = STANDARD[name].answers
    with pytest.raises(InvalidTable) as caught:
        rules(Question(name, answers, default=answers[0]))

    assert [(each.where, each.found, each.expected) for each in caught.value.problems] == [
        ("r0", f"the question {name}, which the verdict answers", "a question of another name")
    ]


def test_a_question_of_the_field_may_be_narrowed():
    """With some of its answers, and a default; others are refused, all at once."""
    narrow = Question("maker", ("own", "supplier"), default="own")

    assert rules(narrow).answered({}) == {"maker": "own"}
    assert rules(Question("maker", STANDARD["maker"].answers)).questions["maker"] == STANDARD["maker"]
    with pytest.raises(InvalidTable) as caught:
        rules(Question("maker", ("own", "neighbour", "friend")))
    assert [(each.where, each.found, each.expected) for each in caught.value.problems] == [
        (
            "r0.answers",
            "'neighbour', 'friend'",
            "some of the answers of the field's question maker: own, parent, partner, supplier, brand, competitor",
        )
    ]


FOR_A_YEAR = Lasting(period=YEAR)
LATER: dict[str, tuple[Any, dict[str, Any]]] = {
    "warranty": (Warranty, {"since": Event.SOLD, "parts": FOR_A_YEAR, "labour": NONE, "travel": NONE}),
    "exclusion": (Exclusion, {"outcome": Coverage.PAID}),
    "grant": (Grant, {"outcome": Coverage.FREE}),
    "governs": (Handling, {"contract_governs": True}),
    "bearer": (Handling, {"bearer": Bearer.SUPPLIER}),
    "repair": (RepairWarranty, {"lasting": FOR_A_YEAR}),
    "collection": (Collection, {"way": CollectionWay.NOTHING}),
}


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("warranty", {"term", "coverage"}),
        ("governs", {"term", "coverage"}),
        ("exclusion", {"coverage"}),
        ("grant", {"coverage"}),
        ("bearer", set()),
        ("repair", set()),
        ("collection", set()),
    ],
)
def test_a_rule_hangs_on_nothing_that_is_answered_after_it(name, refused):
    """It would fail in every case; what comes after the answer may hang on it."""
    kind, said = LATER[name]
    found = set()
    for question, answer in (("term", "in"), ("coverage", "paid"), ("opened", "no")):
        try:
            rules(kind(**said, when=When(((question, (answer,)),))))
        except InvalidTable as error:
            ((place, there, may),) = [(each.where, each.found, each.expected) for each in error.problems]
            assert (place, may) == (f"r0.when.{question}", f"conditions without {question}")
            assert there == "a question that is answered only after this rule"
            found.add(question)

    assert found == refused


def test_the_one_rule_of_a_kind_is_the_one_that_holds():
    """Several that say the same are the first; two that disagree are an error, and so is none."""

    def collected(way, level):
        return Collection(way=way, when=When((("level", (level,)),)))

    spot, later = CollectionWay.ON_THE_SPOT, CollectionWay.INVOICE_SAME_DAY
    said = rules(LEVEL, collected(spot, "1"), collected(later, "2"), collected(later, "2"))

    assert said.the_one(Collection, {"level": "1"}).name == "r1"
    assert said.the_one(Collection, {}).name == "r2"
    with pytest.raises(MissingValue, match="Collection"):
        rules(LEVEL, collected(spot, "1")).the_one(Collection, {"level": "2"})
    with pytest.raises(ConflictingRules) as caught:
        rules(LEVEL, collected(spot, "1"), collected(later, "1")).the_one(Collection, {"level": "1"})
    assert caught.value.names == ("r1", "r2")


# --- rules over time --------------------------------------------------------------------------------------


def policy(**said):
    return ServicePolicy(
        firm="firm", rulebook="digest", calendar=Calendar.always(UTC), currency="CNY", rules=said
    )


def test_a_day_has_the_rules_of_that_day():
    """A rule that has not begun, or has a gap, is left out; the version names rulebook and day."""
    early, late = promise(), promise(round_the_clock=True)
    visit = Dated(
        "visit",
        [
            Since(date(2026, 1, 1), Cited(early, CLAUSE)),
            Since(date(2026, 7, 1), None),
            Since(date(2027, 1, 1), Cited(late, CLAUSE)),
        ],
    )
    firm = policy(level=Dated.always("level", LEVEL, CLAUSE), visit=visit)

    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 7, 1), date(2027, 1, 1)]
    assert [[each.rule for each in firm.on(day).of(Promise)] for day in days] == [[], [early], [], [late]]
    assert firm.on(days[1]).version == "digest 2026-01-01"
    assert firm.on(days[1]).rules[0] == Named("level", LEVEL, CLAUSE)
    assert (firm.on(days[1]).firm, firm.on(days[1]).day) == ("firm", days[1])


def test_a_day_on_which_rules_do_not_go_together_is_refused():
    """Though on others they do."""
    asked = Dated("level", [Since(date(2026, 7, 1), Cited(LEVEL, CLAUSE))])
    hangs = Dated.always("visit", promise(when=When((("level", ("1",)),))), CLAUSE)
    firm = policy(level=asked, visit=hangs)

    assert len(firm.on(date(2026, 7, 1)).rules) == 2
    with pytest.raises(InvalidTable, match=r"visit\.when\.level: found an unknown question"):
        firm.on(date(2026, 6, 30))
