"""How long a part is under warranty: lengths as they are written, ends of periods, seasons, what is agreed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servflow.core.dates import MonthDay, Period
from servflow.core.deposits import PartWarranty, Season, WarrantyLength, parse_length
from servflow.core.deposits.warranties import warranty_term
from servflow.core.errors import InvalidValue, MissingValue

HEATING = Season(name="heating", begins=MonthDay(11, 15), ends=MonthDay(3, 15))
COOLING = Season(name="cooling", begins=MonthDay(6, 1), ends=MonthDay(9, 30))


def last_day(length: str, handed_over: str, **changes: Any) -> date:
    """The last day of the warranty; the day of handover does not count, unless it is said."""
    usual: dict[str, Any] = {
        "seasons": (COOLING, HEATING),
        "under_way_counts": False,
        "first_day_counts": False,
        "design_life": Period(months=600),
    }
    if agreed := changes.pop("agreed", None):
        changes["agreed"] = parse_length(agreed)
    return warranty_term(parse_length(length), date.fromisoformat(handed_over), **(usual | changes)).last_day


# --- lengths


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("5 years", WarrantyLength(period=Period(months=60))),
        ("1 year", WarrantyLength(period=Period(months=12))),
        ("1 year 6 months", WarrantyLength(period=Period(months=18))),
        ("2 years 1 month 10 days", WarrantyLength(period=Period(months=25, days=10))),
        ("45 days", WarrantyLength(period=Period(days=45))),
        ("1 day", WarrantyLength(period=Period(days=1))),
        ("200 years", WarrantyLength(period=Period(months=2400))),
        ("1 heating season", WarrantyLength(seasons=1, season="heating")),
        ("2 heating seasons", WarrantyLength(seasons=2, season="heating")),
        ("3 district-cooling seasons", WarrantyLength(seasons=3, season="district-cooling")),
        ("design life", WarrantyLength(design_life=True)),
        ("contract", WarrantyLength(contract=True)),
    ],
)
def test_a_length_reads_back_as_it_is_written(text, length):
    """Each of the four kinds has one way in which it is written."""
    assert (parse_length(text), str(length)) == (length, text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("18 months", Period(months=18)),
        ("6 months 1 year", Period(months=18)),
        ("1 years 1 days", Period(months=12, days=1)),
    ],
)
def test_a_length_may_be_written_in_another_way(text, length):
    """Many months, another order, a plural of one: what is meant is plain."""
    assert parse_length(text).period == length


@given(
    st.builds(Period, months=st.integers(0, 2400), days=st.integers(1, 9999)).map(
        lambda period: WarrantyLength(period=period)
    )
    | st.builds(Period, months=st.integers(1, 2400)).map(lambda period: WarrantyLength(period=period))
    | st.builds(
        lambda number, name: WarrantyLength(seasons=number, season=name),
        st.integers(1, 99),
        st.from_regex(r"\A[a-z][a-z-]{0,10}\Z"),
    )
)
def test_every_length_reads_back(length):
    """What is written of a length is read as that length."""
    assert parse_length(str(length)) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "5",
        "years",
        "5years",
        "five years",
        "5 years ",
        " 5 years",
        "5  years",
        "5 years, 6 months",
        "5 years and 6 months",
        "5 years 5 years",
        "1 year 2 years",
        "0 years",
        "0 years 6 months",
        "05 years",
        "-5 years",
        "1.5 years",
        "5 Years",
        "5 weeks",
        "201 years",
        "200 years 1 month",
        "10000 days",
        "٥ years",
        "2 seasons",
        "0 heating seasons",
        "100 heating seasons",
        "heating seasons",
        "2 Heating seasons",
        "2 heating seasons 1 year",
        "design lives",
        "Design life",
        "design life 1 year",
        "contract 1 year",
    ],
)
def test_what_is_no_length_is_refused(text):
    """It names what was found, and how a length is written."""
    with pytest.raises(InvalidValue, match=r"^length: found .*expected a length such as '5 years'") as caught:
        parse_length(text)
    assert caught.value.found == text


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"period": Period(months=1), "contract": True},
        {"period": Period(months=1), "design_life": True},
        {"design_life": True, "contract": True},
        {"seasons": 2, "season": "heating", "design_life": True},
        {"seasons": 2},
        {"season": "heating"},
        {"season": "heating", "contract": True},
        {"seasons": -1, "season": "heating"},
        {"period": Period(months=2401)},
    ],
)
def test_a_length_says_one_thing(said):
    """Nothing, two things, a season without its number or its name: refused."""
    with pytest.raises(InvalidValue, match=r"^length: found"):
        WarrantyLength(**said)


def test_a_part_and_a_season_have_names():
    """Without one nobody could ask for them."""
    with pytest.raises(InvalidValue, match=r"^part: found"):
        PartWarranty(part="", least=parse_length("1 year"))
    with pytest.raises(InvalidValue, match=r"^name: found"):
        Season(name="", begins=MonthDay(6, 1), ends=MonthDay(9, 30))


# --- periods


@pytest.mark.clause("SD-10")
@pytest.mark.parametrize(
    ("length", "handed_over", "not_counted", "counted"),
    [
        ("5 years", "2026-03-02", "2031-03-02", "2031-03-01"),
        ("2 years", "2026-01-01", "2028-01-01", "2027-12-31"),
        ("2 years", "2026-12-31", "2028-12-31", "2028-12-30"),
        # over leap days
        ("5 years", "2023-02-28", "2028-02-28", "2028-02-27"),
        ("5 years", "2023-03-01", "2028-03-01", "2028-02-29"),
        ("1 year", "2028-03-01", "2029-03-01", "2029-02-28"),
        # handed over on a day that the last year has not, or has
        ("5 years", "2024-02-29", "2029-02-28", "2029-02-28"),
        ("2 years", "2024-02-29", "2026-02-28", "2026-02-28"),
        ("4 years", "2024-02-29", "2028-02-29", "2028-02-28"),
        # and the last month
        ("1 month", "2026-01-31", "2026-02-28", "2026-02-28"),
        ("1 month", "2026-01-29", "2026-02-28", "2026-02-28"),
        ("1 month", "2026-01-28", "2026-02-28", "2026-02-27"),
        ("1 month", "2026-02-28", "2026-03-28", "2026-03-27"),
        ("18 months", "2026-08-31", "2028-02-29", "2028-02-29"),
        ("1 month 1 day", "2026-01-31", "2026-03-01", "2026-03-01"),
        ("30 days", "2026-03-02", "2026-04-01", "2026-03-31"),
        ("1 day", "2026-03-02", "2026-03-03", "2026-03-02"),
    ],
)
def test_a_period_ends_on_its_day(length, handed_over, not_counted, counted):
    """On the day of the same number, a month without it on its last; a day earlier if the first day counts."""
    assert last_day(length, handed_over).isoformat() == not_counted
    assert last_day(length, handed_over, first_day_counts=True).isoformat() == counted


@pytest.mark.clause("SD-10")
@given(
    st.dates(date(1990, 1, 1), date(2200, 12, 31)),
    st.builds(Period, months=st.integers(0, 1200), days=st.integers(1, 400)),
    st.booleans(),
)
@example(date(2024, 2, 29), Period(months=60), True)
def test_the_day_of_handover_costs_one_day_at_the_most(handed_over, period, first_day_counts):
    """Both readings lie a day apart or end on one day; the term begins with the handover."""
    given_both = {
        counts: warranty_term(
            WarrantyLength(period=period),
            handed_over,
            seasons=(),
            under_way_counts=False,
            first_day_counts=counts,
            design_life=None,
        )
        for counts in (True, False)
    }
    assert timedelta(0) <= given_both[False].last_day - given_both[True].last_day <= timedelta(days=1)
    assert given_both[first_day_counts].start == handed_over


@pytest.mark.clause("SD-10")
def test_a_structure_is_under_warranty_for_the_life_of_its_design():
    """It is what the design documents say; if they were not shown, nobody knows."""
    assert last_day("design life", "2026-03-02") == date(2076, 3, 2)
    assert last_day("design life", "2026-03-02", design_life=Period(months=840)) == date(2096, 3, 2)
    with pytest.raises(MissingValue, match=r"^design_life"):
        last_day("design life", "2026-03-02", design_life=None)


# --- seasons


@pytest.mark.clause("SD-10")
@pytest.mark.parametrize(
    ("handed_over", "new", "under_way"),
    [
        ("2026-11-14", "2027-03-15", "2027-03-15"),  # before it begins
        ("2026-11-15", "2027-03-15", "2027-03-15"),  # on its first day
        ("2026-11-16", "2028-03-15", "2027-03-15"),  # when it is under way, from its second day
        ("2026-12-31", "2028-03-15", "2027-03-15"),
        ("2027-01-01", "2028-03-15", "2027-03-15"),
        ("2027-03-14", "2028-03-15", "2027-03-15"),
        ("2027-03-15", "2028-03-15", "2027-03-15"),  # through its last day
        ("2027-03-16", "2028-03-15", "2028-03-15"),  # when it is over
        ("2027-07-01", "2028-03-15", "2028-03-15"),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_season_over_the_turn_of_the_year_ends_in_the_next(handed_over, new, under_way, number):
    """The first is the next one to begin, or the one under way where that counts; each more is a year later."""
    length = f"{number} heating season{'s' * (number > 1)}"
    for counts, first in ((False, new), (True, under_way)):
        expected = date.fromisoformat(first)
        found = last_day(length, handed_over, under_way_counts=counts)
        assert found == expected.replace(year=expected.year + number - 1)


@pytest.mark.clause("SD-10")
@pytest.mark.parametrize(
    ("handed_over", "new", "under_way"),
    [
        ("2026-05-31", "2027-09-30", "2027-09-30"),
        ("2026-06-01", "2027-09-30", "2027-09-30"),
        ("2026-06-02", "2028-09-30", "2027-09-30"),
        ("2026-09-30", "2028-09-30", "2027-09-30"),
        ("2026-10-01", "2028-09-30", "2028-09-30"),
    ],
)
def test_two_seasons_are_not_two_years(handed_over, new, under_way):
    """Sixteen months for who moves in on the first day of one, twenty-eight for who does on the second."""
    assert last_day("2 cooling seasons", handed_over).isoformat() == new
    assert last_day("2 cooling seasons", handed_over, under_way_counts=True).isoformat() == under_way


def test_a_season_may_be_one_day():
    """It begins and ends on it, and is never under way."""
    fair = Season(name="fair", begins=MonthDay(5, 1), ends=MonthDay(5, 1))
    for counts in (True, False):
        for day, end in (("2026-05-01", date(2026, 5, 1)), ("2026-05-02", date(2027, 5, 1))):
            assert last_day("1 fair season", day, seasons=(fair,), under_way_counts=counts) == end


def test_the_days_on_which_a_period_begins_have_no_say_in_seasons():
    """A season ends with its last day, whether or not the day of handover counts."""
    found = {last_day("1 heating season", "2026-11-01", first_day_counts=counts) for counts in (True, False)}
    assert found == {date(2027, 3, 15)}


def test_an_unknown_season_is_missing():
    """The rulebook has to say when it is."""
    with pytest.raises(MissingValue, match=r"^season .*heating"):
        last_day("2 heating seasons", "2026-03-02", seasons=(COOLING,))


# --- what is agreed


@pytest.mark.clause("SD-33")
@pytest.mark.parametrize(
    ("least", "agreed", "expected"),
    [
        ("5 years", "6 years", "2032-03-02"),
        ("5 years", "4 years", "2031-03-02"),
        ("5 years", "5 years", "2031-03-02"),
        ("5 years", "contract", "2031-03-02"),
        ("contract", "1 year", "2027-03-02"),
        ("2 heating seasons", "2 years", "2028-03-15"),
        ("2 heating seasons", "3 years", "2029-03-02"),
        ("2 years", "design life", "2076-03-02"),
    ],
)
def test_a_contract_gives_more_and_never_less(least, agreed, expected):
    """The later of both ends holds, whatever they are counted in."""
    assert last_day(least, "2026-03-02", agreed=agreed).isoformat() == expected


@pytest.mark.clause("SD-33")
@pytest.mark.parametrize("agreed", [None, "contract"])
def test_what_the_contract_has_to_name_is_missing_without_it(agreed):
    """The rulebook has no least length for it."""
    with pytest.raises(MissingValue, match=r"^length"):
        last_day("contract", "2026-03-02", agreed=agreed)


# --- the end of the calendar


@pytest.mark.parametrize(
    ("length", "handed_over", "changes"),
    [
        ("1 year", "9999-01-01", {}),
        ("1 day", "9999-12-31", {}),
        ("1 day", "9999-12-30", {}),  # its last day is there, the first after it is not
        ("1 day", "9999-12-31", {"first_day_counts": True}),
        ("1 heating season", "9999-03-01", {}),
        ("2 cooling seasons", "9999-03-01", {}),
        (
            "1 late season",
            "9999-03-01",
            {"seasons": (Season(name="late", begins=MonthDay(12, 1), ends=MonthDay(12, 31)),)},
        ),
    ],
)
def test_what_ends_beyond_the_calendar_is_refused(length, handed_over, changes):
    """No day after the last one is made up."""
    with pytest.raises(InvalidValue, match="9999"):
        last_day(length, handed_over, **changes)


@pytest.mark.parametrize("first_day_counts", [True, False])
def test_the_last_day_but_one_can_be_the_last(first_day_counts):
    """The last day of the calendar is then the first without warranty."""
    day = "9999-12-30" if first_day_counts else "9999-12-29"
    assert last_day("1 day", day, first_day_counts=first_day_counts) == date(9999, 12, 30)
    assert last_day("1 cooling season", "9999-06-01") == date(9999, 9, 30)
