"""What the rules about papers, people, complaints and reports refuse, and what they say."""

from __future__ import annotations

from fractions import Fraction

import pytest

from servflow.core.aftersales.desk_rules import (
    Ahead,
    Barred,
    Chain,
    Every,
    Grade,
    Indicator,
    Limit,
    Listing,
    Measure,
    Numbering,
    Recurring,
    Reporting,
    Series,
    Survey,
)
from servflow.core.clocks import parse_allowance
from servflow.core.errors import InvalidValue

SURVEY = {
    "questions": ("attitude",),
    "lowest": 1,
    "highest": 5,
    "satisfied_from": 4,
    "dissatisfied_to": 2,
}
LIMIT = {"of": "late", "most": 15, "unit": "minutes", "then": "late"}
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (Listing, {"of": "", "entries": ("a",)}, "of"),
        (Listing, {"of": "channels", "entries": ()}, "entries"),
        (Chain, {"of": "", "through": ("a",)}, "of"),
        (Chain, {"of": "leave", "through": ("a", "a")}, "through"),
        (Numbering, {"series": Series.TAG, "copies": ("a", "")}, "copies"),
        (Numbering, {"series": Series.TAG, "book": 0}, "book"),
        (Numbering, {"series": Series.TAG, "book": True}, "book"),
        (Numbering, {"series": Series.TAG, "book": 1}, "book"),
        (Barred, {"step": "", "posts": ("desk",)}, "step"),
        (Barred, {"step": "quote"}, "posts"),
        (Grade, {"name": "", "rank": 1}, "name"),
        (Grade, {"name": "major", "rank": 0}, "rank"),
        (Grade, {"name": "major", "rank": True}, "rank"),
        (Survey, {**SURVEY, "questions": ()}, "questions"),
        (Survey, {**SURVEY, "highest": 1}, "highest"),
        (Survey, {**SURVEY, "satisfied_from": 6}, "satisfied_from"),
        (Survey, {**SURVEY, "dissatisfied_to": 0}, "dissatisfied_to"),
        (Survey, {**SURVEY, "dissatisfied_to": 4}, "dissatisfied_to"),
        (Survey, {**SURVEY, "attempts": 0}, "attempts"),
        (Indicator, {"measure": Measure.ON_TIME}, "at_least"),
        (Indicator, {"measure": Measure.ON_TIME, "at_least": HALF, "below": HALF}, "at_least"),
        (Indicator, {"measure": Measure.ON_TIME, "at_least": Fraction(3, 2)}, "at_least"),
        (Indicator, {"measure": Measure.ON_TIME, "below": Fraction(-1, 2)}, "below"),
        (Recurring, {"every": Every.MONTH}, "times"),
        (Recurring, {"every": Every.MONTH, "times": 3, "given": "x"}, "times"),
        (Recurring, {"every": Every.MONTH, "times": 1}, "times"),
        (Recurring, {"every": Every.TRIP, "times": 3}, "every"),
        (Reporting, {"name": "", "every": Every.DAY, "to": "head"}, "name"),
        (Reporting, {"name": "daily", "every": Every.DAY, "to": ""}, "to"),
        (Reporting, {"name": "daily", "every": Every.DAY, "to": "head", "holds": ("a", "a")}, "holds"),
        (Limit, {**LIMIT, "of": ""}, "of"),
        (Limit, {**LIMIT, "then": ""}, "then"),
        (Limit, {**LIMIT, "most": -1}, "most"),
        (Limit, {**LIMIT, "most": True}, "most"),
        (Limit, {**LIMIT, "unit": "hours"}, "unit"),
        (Ahead, {"of": "", "by": parse_allowance("1 day")}, "of"),
    ],
)  # fmt: skip
def test_what_a_rule_cannot_say_is_refused(kind, said, field):
    """The field is named, and nothing is made."""
    with pytest.raises(InvalidValue) as caught:
        kind(**said)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Numbering, {"series": Series.TAG}),
        (Numbering, {"series": Series.TAG, "bound": True, "book": 1}),
        (Barred, {"step": "quote", "involved": True}),
        (Survey, {**SURVEY, "satisfied_from": 5, "dissatisfied_to": 1, "attempts": 1}),
        (Indicator, {"measure": Measure.ON_TIME, "at_least": Fraction(1)}),
        (Indicator, {"measure": Measure.ON_TIME, "below": Fraction(0)}),
        (Recurring, {"every": Every.WEEK, "times": 2}),
        (Limit, {**LIMIT, "most": 0}),
    ],
)
def test_the_least_and_the_most_may_be_said(kind, said):
    """Each end lies inside."""
    assert kind(**said)


def test_a_chain_goes_from_one_to_the_next():
    """From its beginning to its end; somebody from outside hands it to the first one."""
    chain = Chain(of="escalation", through=("engineer", "supervisor", "head-office"))

    assert [chain.after(who) for who in (None, "customer", "engineer", "supervisor", "head-office")] == [
        "engineer",
        "engineer",
        "supervisor",
        "head-office",
        None,
    ]


@pytest.mark.parametrize(
    ("said", "numerator", "denominator", "reached"),
    [
        ({"at_least": Fraction(9, 10)}, 9, 10, True),
        ({"at_least": Fraction(9, 10)}, 899, 1000, False),
        ({"below": Fraction(3, 100)}, 3, 100, False),
        ({"below": Fraction(3, 100)}, 299, 10000, True),
        ({"at_least": Fraction(9, 10)}, 0, 0, None),
        ({"below": Fraction(3, 100)}, 0, 0, None),
    ],
)
def test_an_indicator_is_reached_at_the_share_itself_or_only_below_it(said, numerator, denominator, reached):
    """Exactly 90 % is enough, exactly 3 % too much; of nothing there is nothing to judge."""
    indicator = Indicator(measure=Measure.ON_TIME, **said)

    assert indicator.reached(numerator, denominator) is reached
