"""Day counts: each convention, with the days around every boundary."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.fees.daycounts import DayCountConvention

ACT_365F, ACT_360, ACT_ACT, E30_360, E30_365, B30_360, U30_360 = DayCountConvention
THIRTIES = (E30_360, B30_360, U30_360)


def test_conventions_are_stored_data():
    """The names written in journals: one may be added, none renamed."""
    known = {"act_365f", "act_360", "act_act_isda", "e30_360", "e30_365", "b30_360", "u30_360"}
    assert {convention.value for convention in DayCountConvention} >= known


@pytest.mark.parametrize(
    ("start", "end", "european", "bond", "us"),
    [
        # days of 30E/360, 30/360 and 30/360 US
        (date(2026, 1, 15), date(2026, 1, 16), 1, 1, 1),
        (date(2026, 1, 15), date(2026, 2, 15), 30, 30, 30),
        (date(2026, 1, 15), date(2027, 1, 15), 360, 360, 360),
        (date(2026, 1, 29), date(2026, 1, 31), 1, 2, 2),
        (date(2026, 1, 30), date(2026, 1, 31), 0, 0, 0),
        (date(2026, 1, 31), date(2026, 2, 1), 1, 1, 1),
        (date(2026, 1, 30), date(2026, 3, 31), 60, 60, 60),
        (date(2026, 1, 29), date(2026, 3, 31), 61, 62, 62),
        (date(2026, 1, 31), date(2026, 3, 31), 60, 60, 60),
        (date(2026, 1, 31), date(2026, 3, 30), 60, 60, 60),
        (date(2026, 1, 31), date(2026, 2, 28), 28, 28, 28),
        (date(2026, 2, 27), date(2026, 3, 31), 33, 34, 34),
        (date(2026, 2, 28), date(2026, 3, 1), 3, 3, 1),
        (date(2026, 2, 28), date(2026, 3, 31), 32, 33, 30),
        (date(2026, 2, 28), date(2027, 2, 28), 360, 360, 360),
        (date(2026, 2, 28), date(2028, 2, 28), 720, 720, 718),
        (date(2026, 2, 28), date(2028, 2, 29), 721, 721, 720),
        (date(2028, 2, 28), date(2028, 3, 1), 3, 3, 3),
        (date(2028, 2, 29), date(2028, 3, 1), 2, 2, 1),
        (date(2028, 2, 29), date(2029, 2, 28), 359, 359, 360),
    ],
)
def test_months_of_thirty_days(start, end, european, bond, us):
    """Around the end of a month, and of February, the three conventions part."""
    assert tuple(each.days(start, end) for each in THIRTIES) == (european, bond, us)
    assert [each.years(start, end) * 360 for each in THIRTIES] == [european, bond, us]
    assert E30_365.days(start, end) == european
    assert E30_365.years(start, end) == Fraction(european, 365)


@pytest.mark.parametrize(
    ("start", "end", "days", "leap"),
    [
        (date(2026, 3, 15), date(2026, 3, 16), 1, 0),
        (date(2026, 1, 1), date(2027, 1, 1), 365, 0),
        (date(2027, 12, 31), date(2028, 1, 1), 1, 0),
        (date(2027, 12, 31), date(2028, 1, 2), 2, 1),
        (date(2028, 1, 1), date(2029, 1, 1), 366, 366),
        (date(2028, 2, 28), date(2028, 3, 1), 2, 2),
        (date(2028, 12, 31), date(2029, 1, 2), 2, 1),
        (date(2027, 7, 1), date(2029, 7, 1), 731, 366),
        (date(2100, 2, 28), date(2100, 3, 1), 1, 0),
    ],
)
def test_actual_days(start, end, days, leap):
    """Days as they are; in ACT/ACT those of leap years over 366, the others over 365."""
    for convention, year in ((ACT_365F, 365), (ACT_360, 360)):
        assert convention.days(start, end) == days
        assert convention.years(start, end) == Fraction(days, year)
    assert ACT_ACT.days(start, end) == days
    assert ACT_ACT.years(start, end) == Fraction(leap, 366) + Fraction(days - leap, 365)


@pytest.mark.parametrize("convention", DayCountConvention)
def test_no_days_at_all(convention):
    """Where the end is not later than the start there is nothing, never less."""
    for end in (date(2026, 3, 15), date(2026, 3, 14), date(2025, 12, 31)):
        assert convention.days(date(2026, 3, 15), end) == 0
        assert convention.years(date(2026, 3, 15), end) == 0


def test_how_many_days_make_a_year():
    """365 or 360; in ACT/ACT it is not one number."""
    years = {ACT_365F: 365, ACT_360: 360, E30_360: 360, E30_365: 365, B30_360: 360, U30_360: 360}
    assert {convention: convention.year for convention in years} == years
    with pytest.raises(KeyError):
        _ = ACT_ACT.year


DAYS = st.one_of(
    st.dates(date(1996, 1, 1), date(2104, 12, 31)),
    st.sampled_from([date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 28), date(2028, 2, 29)]),
)


@given(DAYS, st.integers(0, 900), st.integers(0, 900))
def test_spans_add_up(start, first, second):
    """Split anywhere, both parts together are the whole: actual days, and those of 30E."""
    middle = start + timedelta(first)
    end = middle + timedelta(second)
    for convention in (ACT_365F, ACT_360, ACT_ACT, E30_360, E30_365):
        assert convention.years(start, middle) + convention.years(middle, end) == convention.years(start, end)


@given(DAYS, st.integers(0, 900))
def test_a_day_more_is_never_less(start, length):
    """A later end or an earlier start never makes the span shorter."""
    end = start + timedelta(length)
    for convention in DayCountConvention:
        years = convention.years(start, end)
        assert 0 <= years <= convention.years(start, end + timedelta(1))
        assert years <= convention.years(start - timedelta(1), end)
