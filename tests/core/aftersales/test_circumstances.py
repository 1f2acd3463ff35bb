"""Questions and answers, distances and their bands, conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.circumstances import (
    ALWAYS,
    STANDARD,
    Band,
    Distance,
    Distances,
    MeasuredBy,
    Question,
    When,
)
from servflow.core.aftersales.complaints.model import Attribution
from servflow.core.aftersales.tickets.states import Route, ServiceKind
from servflow.core.aftersales.words import Coverage
from servflow.core.errors import InvalidValue, MissingValue

ROAD, RADIUS = MeasuredBy.ROAD, MeasuredBy.RADIUS
HUNDRED = Distances(RADIUS, (Band("near", 100_000), Band("far")))
THREE = Distances(ROAD, (Band("near", 300_000), Band("middle", 1_000_000), Band("far")), unknown="far")


# --- questions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("coverage", [each.value for each in Coverage]),
        ("term", ["before", "in", "after"]),
        (
            "cause",
            [
                *("manufacture", "assembly", "material", "design", "software", "workmanship"),
                *("wear", "misuse", "improper-care", "people", "owner", "force-majeure"),
            ],
        ),
        ("maker", ["own", "parent", "partner", "supplier", "brand", "competitor"]),
        ("seller", ["own", "parent", "dealer", "partner"]),
        ("service", ["visit", "shop", "phone", "remote", "self-repair", "upgrade", "training"]),
        ("class", ["A", "B", "C", "D"]),
        ("route", [each.value for each in Route]),
        ("kind", [each.value for each in ServiceKind]),
        ("attributed", [each.value for each in Attribution]),
        *((name, ["yes", "no"]) for name in ("delayed", "rework", "session", "opened", "proof")),
    ],
)
def test_a_rulebook_may_count_on_the_answers_of_the_field(name, answers):
    """Each question of the field has these; where the code has words for them, it knows them all."""
    assert set(STANDARD[name].answers) == set(answers)


def test_an_answer_that_the_question_knows_is_taken():
    """It comes back as it is."""
    assert Question("level", ("1", "2", "3", "4")).checked("4") == "4"


def test_a_fault_level_that_there_is_not_is_refused():
    """With those that there are."""
    with pytest.raises(InvalidValue) as caught:
        Question("level", ("1", "2", "3", "4")).checked("5")

    assert (caught.value.field, caught.value.found) == ("level", "5")
    assert caught.value.expected == "one of 1, 2, 3, 4"


@pytest.mark.parametrize("name", ["", " "])
def test_a_question_has_a_name(name):
    """One that has none cannot be answered."""
    with pytest.raises(InvalidValue, match="a name that is not empty") as caught:
        Question(name, ("yes", "no"))

    assert caught.value.field == "name"


@pytest.mark.parametrize("answers", [(), ("1",), ("1", "1"), ("1", "2", "1"), ("1", ""), ("1", " ")])
def test_a_question_leaves_a_choice(answers):
    """One answer is none, one that comes twice is a mistake, and so is an empty one."""
    with pytest.raises(InvalidValue, match="answers"):
        Question("level", answers)


def test_a_default_is_one_of_the_answers():
    """Another one is refused."""
    assert Question("opened", ("yes", "no"), default="no").default == "no"
    with pytest.raises(InvalidValue, match="default"):
        Question("opened", ("yes", "no"), default="maybe")


def test_the_questions_of_the_field_have_no_default():
    """What decides who pays is never guessed."""
    assert [question.default for question in STANDARD.values()] == [None] * len(STANDARD)
    assert all(name == question.name for name, question in STANDARD.items())


# --- distances --------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-SLA-4", "AS-SLA-6")
@pytest.mark.parametrize(
    ("metres", "band"), [(0, "near"), (99_999, "near"), (100_000, "near"), (100_001, "far"), (10**9, "far")]
)
def test_exactly_100_km_lie_inside(metres, band):
    """A band ends with its last metre; one metre more lies in the next."""
    assert HUNDRED.band(Distance(metres, RADIUS)) == band


@pytest.mark.clause("AS-SLA-7")
@pytest.mark.parametrize(
    ("metres", "band"), [(300_000, "near"), (300_001, "middle"), (1_000_000, "middle"), (1_000_001, "far")]
)
def test_three_bands_have_two_limits(metres, band):
    """Each limit lies in the nearer band."""
    assert THREE.band(Distance(metres, ROAD)) == band


def test_an_unknown_distance_is_asked_for():
    """It is never taken to be near."""
    with pytest.raises(MissingValue, match="distance") as caught:
        HUNDRED.band(None)

    assert caught.value.name == "distance"


def test_an_unknown_distance_lies_in_the_band_that_the_rulebook_names():
    """If it names one."""
    assert THREE.band(None) == "far"


@pytest.mark.parametrize(("bands", "by"), [(HUNDRED, ROAD), (THREE, RADIUS)])
def test_a_radius_is_no_road(bands, by):
    """A distance that was measured otherwise is refused, however short."""
    with pytest.raises(InvalidValue, match="as the bands are") as caught:
        bands.band(Distance(1, by))

    assert caught.value.found == f"1 m by {by.value}"


@pytest.mark.parametrize("metres", [-1, True, 1.5, "100", None])
def test_a_distance_is_a_whole_number_of_metres(metres):
    """From 0 on; anything else is refused."""
    with pytest.raises(InvalidValue, match="whole metres, 0 or more"):
        Distance(metres, ROAD)


@pytest.mark.parametrize("by", ["road", None])
def test_a_distance_is_measured_in_one_of_two_ways(by):
    """A word in the place of the way is refused where it is said, and not first where it is compared."""
    with pytest.raises(InvalidValue, match="measured by") as caught:
        Distance(3, by)
    assert (caught.value.field, caught.value.found) == ("distance", by)
    with pytest.raises(InvalidValue, match="MeasuredBy") as caught:
        Distances(by, (Band("all"),))
    assert (caught.value.field, caught.value.found) == ("by", by)


@pytest.mark.parametrize("metres", [0, -5, 1.5, True, "100"])
def test_a_band_ends_with_a_whole_metre(metres):
    """From 1 on: a band up to nothing has no room."""
    with pytest.raises(InvalidValue, match="whole metres, 1 or more") as caught:
        Band("near", metres)

    assert (caught.value.field, caught.value.found) == ("metres", metres)


@pytest.mark.parametrize("name", ["", " "])
def test_a_band_has_a_name(name):
    """It is what a condition names."""
    with pytest.raises(InvalidValue, match="a name that is not empty"):
        Band(name, 100)


def test_the_first_band_may_be_a_metre_long():
    """No limit is too near but none."""
    assert Distances(ROAD, (Band("here", 1), Band("far"))).band(Distance(1, ROAD)) == "here"


def test_a_distance_says_where_it_was_got_from():
    """Declared, if nothing else was said."""
    assert Distance(5, ROAD).source == "declared"
    assert Distance(5, ROAD, "contract").source == "contract"


@pytest.mark.parametrize(
    "bands",
    [
        (),
        (Band("near", 100),),
        (Band("near", 100), Band("far", 200)),
        (Band("near"), Band("far")),
        (Band("near", 200), Band("middle", 100), Band("far")),
        (Band("near", 100), Band("middle", 100), Band("far")),
    ],
)
def test_bands_ascend_and_the_last_has_no_end(bands):
    """So that every distance lies in exactly one."""
    with pytest.raises(InvalidValue, match="limits ascend, and a last one without a limit"):
        Distances(ROAD, bands)


def test_bands_that_cannot_stand_are_shown_as_they_are_written():
    """Each with its limit, or without."""
    with pytest.raises(InvalidValue) as caught:
        Distances(ROAD, (Band("near", 100), Band("middle"), Band("far", 9)))

    assert (caught.value.field, caught.value.found) == ("bands", ["near to 100 m", "middle", "far to 9 m"])


def test_bands_have_names_of_their_own():
    """Each once; and the band of the unknown distance is one of them."""
    with pytest.raises(InvalidValue, match="each name once"):
        Distances(ROAD, (Band("near", 100), Band("near")))
    with pytest.raises(InvalidValue, match="one of near, far") as caught:
        Distances(ROAD, (Band("near", 100), Band("far")), unknown="close")
    assert caught.value.field == "unknown"


@given(limits=st.sets(st.integers(1, 10**6), min_size=1, max_size=4), metres=st.integers(0, 2 * 10**6))
def test_every_distance_lies_in_the_first_band_that_reaches_it(limits, metres):
    """However many bands there are."""
    ascending = sorted(limits)
    bands = Distances(ROAD, (*(Band(f"b{limit}", limit) for limit in ascending), Band("beyond")))

    reached = [limit for limit in ascending if metres <= limit]
    assert bands.band(Distance(metres, ROAD)) == (f"b{reached[0]}" if reached else "beyond")


# --- conditions -------------------------------------------------------------------------------------------

URGENT = When((("level", ("1", "2")), ("distance", ("near",))))


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        ({}, ("level", "distance")),
        ({"level": "1"}, ("distance",)),
        ({"distance": "near"}, ("level",)),
        ({"level": "2", "distance": "near", "more": "x"}, ()),
        ({"level": "3"}, None),
        ({"distance": "far"}, None),
        ({"level": "1", "distance": "far"}, None),
    ],
)
def test_a_condition_hangs_on_what_was_not_answered(answers, left):
    """In its own order; one answer that says no is enough, whatever is missing."""
    assert URGENT.open(answers) == left


def test_a_condition_holds_or_not():
    """All of it, or nothing."""
    assert URGENT.holds("visit", {"level": "2", "distance": "near"})
    assert not URGENT.holds("visit", {"level": "3"})
    assert ALWAYS.holds("visit", {})


def test_a_condition_that_was_not_answered_is_asked_for():
    """The first question is named, and the rule that asks it."""
    with pytest.raises(MissingValue, match="level has no value which visit asks about") as caught:
        URGENT.holds("visit", {"distance": "near"})

    assert caught.value.name == "level"


def test_what_a_condition_names_and_nobody_knows_is_told():
    """An unknown question, and each unknown answer of a known one."""
    known = {"level": Question("level", ("1", "3"))}

    assert list(URGENT.problems(known)) == [
        ("level", "'2'", "one of 1, 3"),
        ("distance", "an unknown question", "one of level"),
    ]
    assert list(ALWAYS.problems(known)) == []


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (("x", "1", "y"), "'x', 'y'"),
        (("w", "x", "y"), "'w', 'x', 'y'"),
        (("v", "w", "x", "y"), "'v', 'w', 'x' and 1 more"),
        (tuple(f"c{number}" for number in range(3000)), "'c0', 'c1', 'c2' and 2997 more"),
    ],
    ids=["two", "three", "four", "three thousand"],
)
def test_many_unknown_answers_are_one_mistake(named, found):
    """The first three are shown, and the others counted."""
    known = {"level": Question("level", ("1", "2"))}

    assert list(When((("level", named),)).problems(known)) == [("level", found, "one of 1, 2")]


def test_a_condition_is_readable():
    """Questions with their answers."""
    assert str(URGENT) == "level: 1 or 2, distance: near"
    assert str(ALWAYS) == ""


@pytest.mark.parametrize(
    "conditions",
    [(("level", ()),), (("level", ("1", "1")),), (("level", ("1",)), ("level", ("2",)))],
)
def test_a_condition_has_each_question_once_with_answers(conditions):
    """A question without an answer never holds, and one that comes twice contradicts itself."""
    with pytest.raises(InvalidValue, match="level"):
        When(conditions)
