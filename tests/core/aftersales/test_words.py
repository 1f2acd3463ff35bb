"""The words of after-sales service: terms as texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.words import LIFETIME, NONE, TOO_LONG, Lasting, parse_lasting
from servflow.core.dates import Period
from servflow.core.errors import InvalidValue


@pytest.mark.parametrize(
    ("text", "term", "written"),
    [
        ("2 years", Lasting(period=Period(months=24)), "2 years"),
        ("1 year", Lasting(period=Period(months=12)), "1 year"),
        ("18 months", Lasting(period=Period(months=18)), "1 year 6 months"),
        ("1 year 6 months 10 days", Lasting(period=Period(months=18, days=10)), "1 year 6 months 10 days"),
        ("90 days", Lasting(period=Period(days=90)), "90 days"),
        (" 90  days ", Lasting(period=Period(days=90)), "90 days"),
        ("1 month 0 days", Lasting(period=Period(months=1)), "1 month"),
        ("lifetime", LIFETIME, "lifetime"),
        ("none", NONE, "none"),
        ("given warranty-term", Lasting(given="warranty-term"), "given warranty-term"),
    ],
)
def test_a_term_is_read_and_written(text, term, written):
    """A length, for ever, not at all, or what a contract names; its text says the same again."""
    assert parse_lasting(text) == term
    assert str(term) == written
    assert parse_lasting(written) == term


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        None,
        2,
        "2",
        "two years",
        "2 years or so",
        "about 2 years",
        "2 years 3 years",
        "2 weeks",
        "0 days",
        "0 years 0 months",
        "-1 year",
        "1.5 years",
        "1234567 days",
        "２ years",
        "٢ years",
        "2years",
        "Lifetime",
        "given",
        "given Term",
        "none lifetime",
    ],
)
def test_what_is_no_term_is_refused(text):
    """An empty term is no term, and never for ever."""
    with pytest.raises(InvalidValue, match="a term such as '2 years'"):
        parse_lasting(text)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, "nothing"),
        ({"given": ""}, "nothing"),
        ({"lifetime": True, "none": True}, "lifetime and none"),
        ({"period": Period(days=1), "given": "term"}, "a period and given term"),
        ({"period": Period(days=1), "lifetime": True}, "a period and lifetime"),
        ({"given": "A b"}, "given A b"),
        ({"given": "term\n"}, "given term\n"),
    ],
)
def test_a_term_is_exactly_one_of_four_things(said, found):
    """Nothing said is refused, two things at once are, and a name that no text can say."""
    with pytest.raises(InvalidValue, match="term") as caught:
        Lasting(**said)

    assert (caught.value.field, caught.value.found) == ("term", found)


@pytest.mark.parametrize(
    ("longest", "longer"),
    [
        ("100 years", "101 years"),
        ("1200 months", "1201 months"),
        ("36525 days", "36526 days"),
        ("99 years 12 months", "99 years 13 months"),
    ],
)
def test_a_length_has_at_most_100_years(longest, longer):
    """One more is refused as it was written, not only where somebody counts with it."""
    assert parse_lasting(longest).period is not None
    with pytest.raises(InvalidValue) as caught:
        parse_lasting(longer)

    assert (caught.value.found, caught.value.expected) == (longer, TOO_LONG)


@pytest.mark.parametrize("period", [Period(months=1201), Period(days=36526)], ids=str)
def test_a_term_that_no_text_says_has_at_most_100_years_too(period):
    """Whoever makes it."""
    with pytest.raises(InvalidValue, match="at most 100 years, 1200 months or 36525 days"):
        Lasting(period=period)


@given(years=st.integers(0, 99), months=st.integers(0, 11), days=st.integers(0, 999))
def test_every_length_comes_back_from_its_text(years, months, days):
    """Writing a term and reading it loses nothing."""
    if years or months or days:
        term = Lasting(period=Period(months=12 * years + months, days=days))
        assert parse_lasting(str(term)) == term


@given(st.text("0123456789 yearsmonthdaylifgv-", max_size=20))
def test_any_text_is_a_term_or_refused(text):
    """No other exception comes out."""
    try:
        term = parse_lasting(text)
    except InvalidValue:
        return
    assert parse_lasting(str(term)) == term
