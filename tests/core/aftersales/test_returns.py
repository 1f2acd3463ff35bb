"""Returning and exchanging goods: until when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.circumstances import When
from servflow.core.aftersales.policy import Named, ReturnRight, ServiceRules
from servflow.core.aftersales.returns import returnable
from servflow.core.aftersales.words import LIFETIME, NONE, Event, Lasting, parse_lasting
from servflow.core.citations import Clause
from servflow.core.dates import Period
from servflow.core.errors import ConflictingRules, InvalidValue, MissingValue
from servflow.core.worktime import Calendar

SOLD = date(2026, 5, 4)
CLAUSE = Clause("AS-RET-1", "4(一)")


def rules(*named: Named[Any]) -> ServiceRules:
    return ServiceRules(
        firm="clothing-seller",
        version="v",
        day=SOLD,
        calendar=Calendar.always(UTC),
        currency="CNY",
        rules=named,
    )


def right(
    lasting: str, name: str = "returns", since: Event = Event.SOLD, when: When | None = None
) -> Named[Any]:
    made = ReturnRight(since=since, lasting=parse_lasting(lasting), when=when or When())
    return Named(name, made, CLAUSE)


@pytest.mark.clause("AS-RET-1")
def test_seven_days_end_with_the_seventh_day_after_the_sale():
    """The day of the sale is the first on which goods may be returned; the 11th is in, the 12th is not."""
    made = returnable(rules(right("7 days")), {}, {Event.SOLD: SOLD}, {})

    assert (made.start, made.last_day, made.until) == (SOLD, date(2026, 5, 11), date(2026, 5, 12))
    assert (made.rule, made.clause) == ("returns", CLAUSE)
    days = [SOLD + timedelta(days=number) for number in (-1, 0, 7, 8)]
    assert [made.on(day) for day in days] == [False, True, True, False]


@pytest.mark.clause("AS-RET-6")
def test_days_that_the_source_leaves_blank_are_asked_for():
    """X days of use: without X nothing comes out."""
    blank = rules(right("given return-days", since=Event.ACTIVATED))
    dates = {Event.ACTIVATED: SOLD}

    with pytest.raises(MissingValue, match="return-days has no value which returns leaves blank"):
        returnable(blank, {}, dates, {})
    given_days = {"return-days": Lasting(period=Period(days=10))}
    assert returnable(blank, {}, dates, given_days).last_day == date(2026, 5, 14)
    with pytest.raises(InvalidValue, match="a length, 'lifetime' or 'none'"):
        returnable(blank, {}, dates, {"return-days": Lasting(given="more")})


def test_months_are_clamped_to_the_end_of_the_month():
    """Sold on 31 January with one month: to the last of February, included."""
    made = returnable(rules(right("1 month")), {}, {Event.SOLD: date(2026, 1, 31)}, {})
    assert made.last_day == date(2026, 2, 28)


def test_a_right_without_end_and_no_right_at_all():
    """For ever from the sale on; or never, whatever the day."""
    ever = returnable(rules(right("lifetime")), {}, {Event.SOLD: SOLD}, {})
    assert (ever.last_day, ever.on(date.max), ever.on(SOLD - timedelta(days=1))) == (None, True, False)
    never = returnable(rules(right("none")), {}, {}, {})
    assert (never.last_day, never.on(SOLD)) == (None, False)
    blank = rules(right("given term"))
    assert returnable(blank, {}, {Event.SOLD: SOLD}, {"term": LIFETIME}).on(date.max)
    assert not returnable(blank, {}, {Event.SOLD: SOLD}, {"term": NONE}).on(SOLD)


def test_the_day_from_which_it_counts_is_asked_for():
    """Not known when it was sold, not known until when it may come back."""
    with pytest.raises(MissingValue, match="sold has no value from which returns counts"):
        returnable(rules(right("7 days")), {}, {Event.DELIVERED: SOLD}, {})


def test_the_rule_that_holds_is_the_one_of_the_answers():
    """None that holds, or two that differ, are errors."""
    misused = When((("cause", ("misuse",)),))
    two = rules(right("7 days"), right("none", "misused", when=misused))
    with pytest.raises(ConflictingRules, match="returns, misused"):
        returnable(two, {"cause": "misuse"}, {Event.SOLD: SOLD}, {})
    assert returnable(two, {"cause": "material"}, {Event.SOLD: SOLD}, {}).rule == "returns"
    with pytest.raises(MissingValue, match="ReturnRight has no value in clothing-seller's rules"):
        returnable(rules(), {}, {}, {})


def test_an_end_beyond_the_calendar_is_refused():
    """The last day of year 9999 has no day after it."""
    with pytest.raises(InvalidValue, match="between the years 1 and 9999"):
        returnable(rules(right("1 day")), {}, {Event.SOLD: date(9999, 12, 30)}, {})


def test_an_instant_is_no_day():
    """The day of the event is a date; which day an instant lies on is for its zone to say."""
    at = datetime(2026, 5, 4, 10, tzinfo=UTC)
    with pytest.raises(InvalidValue, match="a date"):
        returnable(rules(right("7 days")), {}, {Event.SOLD: at}, {})


@pytest.mark.clause("AS-RET-6")
def test_damaged_goods_have_no_right_and_a_clause_that_says_so():
    """It is an answer, and no error."""
    damaged = When((("cause", ("misuse",)),))
    fine = When((("cause", ("material",)),))
    two = rules(right("7 days", when=fine), right("none", "damaged", when=damaged))
    made = returnable(two, {"cause": "misuse"}, {Event.SOLD: SOLD}, {})
    assert (made.rule, made.clause, made.on(SOLD)) == ("damaged", CLAUSE, False)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 400), st.integers(0, 30))
def test_a_longer_right_never_ends_earlier(sold, days, more):
    """Each further day is one further day."""
    ends = [
        returnable(rules(right(f"{length} days")), {}, {Event.SOLD: sold}, {}).last_day
        for length in (days, days + more)
    ]
    assert ends == [sold + timedelta(days=days), sold + timedelta(days=days + more)]
