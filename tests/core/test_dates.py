"""Legal days: months with a named end-of-month rule, half-open terms, where a day begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.dates import (
    EndOfMonth,
    MonthDay,
    Period,
    Term,
    aware,
    day_of,
    existing,
    lies_after,
    months_between,
    start_of_day,
)
from servflow.core.errors import InvalidValue

CLAMP, NEXT = EndOfMonth.CLAMP, EndOfMonth.NEXT
BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")

# --- instants and days


def test_an_aware_datetime_passes_as_it_is():
    """The datetime itself comes back, in the zone it was written in."""
    at = datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)
    assert aware("happened_at", at) is at


@pytest.mark.parametrize("at", [datetime(2026, 1, 31), date(2026, 1, 31), "2026-01-31T00:00Z", None])
def test_what_is_no_aware_datetime_is_refused(at):
    """A naive datetime, a date, a text: refused under the name of the argument."""
    with pytest.raises(InvalidValue, match=r"^happened_at: found .*an aware datetime") as caught:
        aware("happened_at", at)
    assert caught.value.found is at


@pytest.mark.parametrize(
    ("at", "instant"),
    [
        (datetime(2026, 1, 31, 9, tzinfo=SHANGHAI), datetime(2026, 1, 31, 1, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (datetime(2026, 3, 29, 3, tzinfo=BERLIN), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (datetime(2026, 3, 29, 1, 59, fold=1, tzinfo=BERLIN), datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        (
            datetime(2026, 1, 31, 9, tzinfo=timezone(-timedelta(hours=9))),
            datetime(2026, 1, 31, 18, tzinfo=UTC),
        ),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_that_exists_is_kept_in_utc(at, instant):
    """An hour that comes twice means the first time, or the second by its fold."""
    found = existing("at", at)
    assert (found, found.tzinfo) == (instant, UTC)


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("minute", [0, 30, 59])
def test_a_time_that_the_clocks_skip_is_refused(minute, fold):
    """Between two and three there is no time in the night in which Berlin's clocks go forward."""
    skipped = datetime(2026, 3, 29, 2, minute, fold=fold, tzinfo=BERLIN)
    with pytest.raises(InvalidValue, match=r"^start: found .*the clocks of Europe/Berlin skip this one"):
        existing("start", skipped)


@pytest.mark.parametrize(
    "at",
    [
        datetime.min.replace(tzinfo=SHANGHAI),
        datetime.max.replace(tzinfo=ZoneInfo("America/New_York")),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=9))),
    ],
)
def test_an_instant_beyond_all_years_is_refused(at):
    """What has no date in UTC is refused, not an overflow."""
    with pytest.raises(InvalidValue, match=r"^start: found .*the years 1 to 9999"):
        existing("start", at)


def test_a_naive_instant_does_not_exist():
    """Without an offset it is no instant."""
    with pytest.raises(InvalidValue, match=r"^start: found .*an aware datetime"):
        existing("start", datetime(2026, 1, 31))


def test_the_day_of_an_instant_depends_on_the_zone():
    """At 16:30 in UTC it is the next day in Shanghai and the same in New York."""
    at = datetime(2026, 1, 31, 16, 30, tzinfo=UTC)
    assert day_of(at, SHANGHAI) == date(2026, 2, 1)
    assert day_of(at, ZoneInfo("America/New_York")) == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN), datetime(2026, 10, 25, 2, 45, tzinfo=BERLIN)),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN), datetime(2026, 10, 25, 0, 45, tzinfo=UTC)),
        (datetime(2026, 1, 31, 9, tzinfo=BERLIN), datetime(2026, 1, 31, 8, 59, tzinfo=BERLIN)),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 1, 31, 8, 59, tzinfo=UTC)),
        (datetime.max.replace(tzinfo=SHANGHAI), datetime.min.replace(tzinfo=SHANGHAI)),
    ],
)
def test_what_lies_after_what(one, other):
    """Instants are compared as instants, also two of one zone in the hour that comes twice in autumn."""
    assert lies_after(one, other)
    assert not lies_after(other, one)
    assert not lies_after(one, one)


def test_the_day_of_a_naive_datetime_is_refused():
    """There is no day without an offset."""
    with pytest.raises(InvalidValue, match=r"^at: found .*an aware datetime"):
        day_of(datetime(2026, 1, 31), SHANGHAI)


def test_a_day_beyond_the_calendar_is_refused():
    """The last hour of the year 9999 in UTC lies on no day of Shanghai; the first of the year 1 on none of New York."""
    for at, zone in (
        (datetime.max.replace(tzinfo=UTC), SHANGHAI),
        (datetime.min.replace(tzinfo=UTC), timezone(timedelta(hours=-5))),
    ):
        with pytest.raises(InvalidValue, match=r"^at: found .*the years 1 to 9999") as caught:
            day_of(at, zone)
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Asia/Shanghai", date(2026, 2, 1), "2026-01-31T16:00"),
        ("UTC", date(2026, 2, 1), "2026-02-01T00:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00"),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29T22:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00"),  # from 00:00 to 01:00
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00"),  # 00:00 comes twice
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30"),  # from 23:30 to 00:30
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00"),  # a day that never was
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00"),
    ],
)
def test_a_day_begins_at_its_first_instant(zone, day, start):
    """Where midnight is skipped, the first instant that exists; where it comes twice, the first one."""
    found = start_of_day(day, ZoneInfo(zone))
    assert found == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_day_that_begins_before_the_calendar_is_refused():
    """The first of January of the year 1 begins in Shanghai in a year that does not exist."""
    with pytest.raises(InvalidValue, match=r"^day: found .*the years 1 to 9999") as caught:
        start_of_day(date.min, SHANGHAI)
    assert caught.value.__suppress_context__


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(
        ["Asia/Shanghai", "America/Sao_Paulo", "America/Toronto", "Pacific/Apia", "Australia/Lord_Howe"]
    ),
)
def test_an_instant_lies_on_or_after_the_start_of_its_day(at, name):
    """The day of an instant has begun, and the instant before that start lies on an earlier day."""
    zone = ZoneInfo(name)
    day = day_of(at, zone)
    start = start_of_day(day, zone)
    assert start <= at
    assert day_of(start, zone) == day
    assert day_of(start - timedelta(microseconds=1), zone) < day


# --- periods


@pytest.mark.parametrize(
    ("period", "day", "clamped", "carried"),
    [
        (Period(months=1), date(2026, 1, 30), date(2026, 2, 28), date(2026, 3, 1)),
        (Period(months=1), date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 1)),
        (Period(months=1), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 1)),
        (Period(months=1), date(2024, 1, 29), date(2024, 2, 29), date(2024, 2, 29)),
        (Period(months=1), date(2026, 1, 28), date(2026, 2, 28), date(2026, 2, 28)),
        (Period(months=1), date(2026, 12, 31), date(2027, 1, 31), date(2027, 1, 31)),
        (Period(months=3), date(2026, 11, 30), date(2027, 2, 28), date(2027, 3, 1)),
        (Period(months=12), date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1)),
        (Period(days=15), date(2026, 2, 28), date(2026, 3, 15), date(2026, 3, 15)),
        (Period(months=1, days=1), date(2026, 1, 31), date(2026, 3, 1), date(2026, 3, 2)),
    ],
)
def test_a_period_after_a_day(period, day, clamped, carried):
    """Months first, then days; a day the month lacks is its last day, or the first of the next month."""
    assert period.after(day, CLAMP) == clamped
    assert period.after(day, NEXT) == carried


@pytest.mark.parametrize(
    ("period", "day", "clamped", "carried"),
    [
        (Period(months=1), date(2026, 3, 31), date(2026, 2, 28), date(2026, 3, 1)),
        (Period(months=1), date(2026, 1, 31), date(2025, 12, 31), date(2025, 12, 31)),
        (Period(months=1, days=1), date(2026, 3, 31), date(2026, 2, 27), date(2026, 2, 28)),
        (Period(days=31), date(2026, 1, 31), date(2025, 12, 31), date(2025, 12, 31)),
        (Period(months=14), date(2026, 1, 15), date(2024, 11, 15), date(2024, 11, 15)),
    ],
)
def test_a_period_before_a_day(period, day, clamped, carried):
    """Backwards the same: months first, then days."""
    assert period.before(day, CLAMP) == clamped
    assert period.before(day, NEXT) == carried


@pytest.mark.parametrize("part", [-1, 1.0, True, "1", None])
def test_the_parts_of_a_period_are_whole_numbers(part):
    """Neither part may be negative, broken or a truth value; the error names the part."""
    with pytest.raises(InvalidValue, match=r"^months: found .*a whole number, 0 or more"):
        Period(months=part, days=1)
    with pytest.raises(InvalidValue, match=r"^days: found .*a whole number, 0 or more"):
        Period(months=1, days=part)


def test_a_period_has_a_length():
    """No months and no days are no period."""
    with pytest.raises(
        InvalidValue, match=r"^period: found '0 months and 0 days', expected a length above zero"
    ):
        Period()


def test_a_period_never_leaves_the_calendar():
    """Beyond the year 9999, and before the year 1, there is an error and no overflow."""
    cases = [
        (Period(days=1), date.max, "after", "1 days from 9999-12-31"),
        (Period(months=1), date.max, "after", "1 months from 9999-12-31"),
        (Period(months=10**30), date(2026, 1, 1), "after", f"{10**30} months from 2026-01-01"),
        (Period(days=10**30), date(2026, 1, 1), "after", f"{10**30} days from 2026-01-01"),
        (Period(days=1), date.min, "before", "1 days from 0001-01-01"),
        (Period(months=1, days=2), date.min, "before", "1 months and 2 days from 0001-01-01"),
    ]
    for period, day, direction, found in cases:
        with pytest.raises(InvalidValue, match="a day between the years 1 and 9999") as caught:
            getattr(period, direction)(day, CLAMP)
        assert (caught.value.field, caught.value.found) == ("period", found)
    assert Period(days=1).after(date(9999, 12, 30), CLAMP) == date.max
    assert Period(months=1).after(date(9999, 11, 30), NEXT) == date(9999, 12, 30)


def test_a_period_is_shown_by_its_parts():
    """Only the parts that count are shown."""
    assert [str(period) for period in (Period(months=1), Period(days=15), Period(months=1, days=15))] == [
        "1 months",
        "15 days",
        "1 months and 15 days",
    ]


def test_periods_are_values():
    """Equal periods are one key; nothing of one can be changed; positions are not taken."""
    with pytest.raises(AttributeError):
        Period(days=1).days = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Term(date(2026, 1, 1), date(2026, 2, 1)).start = date(2025, 1, 1)  # type: ignore[misc]
    assert {Period(months=12), Period(months=12, days=0)} == {Period(months=12)}
    with pytest.raises(TypeError):
        Period(1)  # type: ignore[call-arg]


anyday = st.dates(date(1900, 1, 1), date(2200, 12, 31))


@given(anyday, st.integers(0, 600), st.integers(0, 400))
def test_a_clamped_period_lands_in_the_month_it_names(day, months, days):
    """Clamped months move the month by exactly that many; days are added to that day."""
    if months:
        moved = Period(months=months).after(day, CLAMP)
        assert (moved.year - day.year) * 12 + moved.month - day.month == months
        assert moved.day <= day.day
        assert Period(months=months).after(day, NEXT) - moved in (timedelta(), timedelta(days=1))
        assert Period(months=months).before(moved, CLAMP) <= day
        if days:
            assert Period(months=months, days=days).after(day, CLAMP) == moved + timedelta(days=days)


@given(anyday, anyday, st.integers(1, 600), st.sampled_from(EndOfMonth))
def test_later_days_never_land_earlier(one, other, months, rule):
    """The order of two days is kept, so that a later loan is never due first."""
    first, second = sorted((one, other))
    period = Period(months=months)
    assert period.after(first, rule) <= period.after(second, rule)
    assert period.before(first, rule) <= period.before(second, rule)


# --- terms


def test_a_term_has_its_start_and_not_its_end():
    """The start is in it; the day before, and the first day after, are not."""
    term = Term(date(2026, 1, 1), date(2026, 2, 1))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [day in term for day in days] == [False, True, True, False]
    assert term.last_day == date(2026, 1, 31)
    assert term.days == 31


def test_only_days_are_in_a_term():
    """A text is in no term."""
    assert "2026-01-01" not in Term(date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize("until", [date(2026, 1, 1), date(2025, 12, 31)])
def test_a_term_ends_after_it_starts(until):
    """A term without a day is refused."""
    with pytest.raises(InvalidValue, match=r"^term: found .*an end after its start") as caught:
        Term(date(2026, 1, 1), until)
    assert caught.value.found == f"2026-01-01 until {until}"


@given(anyday, st.integers(1, 1000))
def test_a_term_has_as_many_days_as_it_counts(start, days):
    """The number of days is the number of dates in it, the last day among them."""
    term = Term(start, start + timedelta(days=days))
    assert term.days == days == sum(start + timedelta(days=n) in term for n in range(-3, days + 3))
    assert term.last_day in term
    assert term.last_day + timedelta(days=1) not in term


def test_the_stored_names_of_the_rules_stay():
    """The values of the end-of-month rules are stored data."""
    assert {rule.name: rule.value for rule in EndOfMonth} == {"CLAMP": "clamp", "NEXT": "next"}


def test_start_of_day_is_midnight_where_clocks_are_plain():
    """Away from any change a day begins at midnight."""
    assert start_of_day(date(2026, 6, 1), SHANGHAI).astimezone(SHANGHAI).time() == time()


# --- months between two days


@pytest.mark.parametrize(
    ("after", "through", "end_of_month", "months", "rest"),
    [
        (date(2026, 3, 15), date(2026, 3, 15), CLAMP, 0, False),
        (date(2026, 3, 15), date(2026, 1, 1), CLAMP, 0, False),
        (date(2026, 3, 15), date(2026, 3, 16), CLAMP, 0, True),
        (date(2026, 3, 15), date(2026, 4, 14), CLAMP, 0, True),
        (date(2026, 3, 15), date(2026, 4, 15), CLAMP, 1, False),
        (date(2026, 3, 15), date(2026, 4, 16), CLAMP, 1, True),
        (date(2026, 3, 15), date(2027, 3, 15), CLAMP, 12, False),
        (date(2026, 1, 31), date(2026, 2, 27), CLAMP, 0, True),
        (date(2026, 1, 31), date(2026, 2, 28), CLAMP, 1, False),
        (date(2026, 1, 31), date(2026, 3, 1), CLAMP, 1, True),
        (date(2026, 1, 31), date(2026, 2, 28), NEXT, 0, True),
        (date(2026, 1, 31), date(2026, 3, 1), NEXT, 1, False),
        (date(2026, 1, 31), date(2026, 3, 2), NEXT, 1, True),
        (date(2024, 2, 29), date(2025, 2, 28), CLAMP, 12, False),
        (date(2024, 2, 29), date(2025, 2, 28), NEXT, 11, True),
        (date.min, date.max, CLAMP, 12 * 9999 - 1, True),
        (date(9999, 10, 31), date.max, NEXT, 2, False),
    ],
)
def test_months_between_two_days(after, through, end_of_month, months, rest):
    """A month is whole on its own day of the next one; where that lacks the day, the rule says which."""
    assert months_between(after, through, end_of_month) == (months, rest)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 1200), st.sampled_from(EndOfMonth))
def test_months_between_is_period_after_backwards(day, months, end_of_month):
    """So many months after a day lie so many months, whole; and a day before, one less."""
    later = Period(months=months).after(day, end_of_month) if months else day
    assert months_between(day, later, end_of_month) == (months, False)
    if months:
        assert months_between(day, later - timedelta(1), end_of_month) == (months - 1, True)


# --- days that come every year


@pytest.mark.parametrize("text", ["01-01", "02-28", "03-20", "11-15", "12-31"])
def test_a_day_of_every_year_reads_back(text):
    """Two digits each, month first."""
    day = MonthDay.parse(text)
    assert (str(day), day.in_year(2027).isoformat()) == (text, f"2027-{text}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11",
        "1115",
        "11-15-",
        "11/15",
        "1-15",
        "11-5",
        "011-5",
        "1-005",
        "-11-5",
        "+1-15",
        "1１-15",
        "mm-dd",
    ],
)
def test_what_is_no_day_of_a_year_is_refused(text):
    """It names what was found, and how such a day is written."""
    with pytest.raises(InvalidValue, match=r"^month_day: found .*a month and a day such as 11-15") as caught:
        MonthDay.parse(text)
    assert caught.value.found == text


@pytest.mark.parametrize(
    ("month", "day"), [(2, 29), (2, 30), (4, 31), (0, 1), (13, 1), (1, 0), (1, 32), ("11", "15"), (1.5, 1)]
)
def test_a_day_that_not_every_year_has_is_refused(month, day):
    """29 February is one of them, and what is no number of a month or a day."""
    with pytest.raises(InvalidValue, match=r"^month_day: found .*a month and a day that every year has"):
        MonthDay(month, day)
    if isinstance(month, int):
        with pytest.raises(InvalidValue, match="month_day"):
            MonthDay.parse(f"{month:02}-{day:02}")


@pytest.mark.parametrize("year", [0, -1, 10_000, 10**30])
def test_no_day_lies_in_a_year_beyond_the_calendar(year):
    """The years are 1 to 9999."""
    with pytest.raises(InvalidValue, match=r"^year: found .*a year between 1 and 9999"):
        MonthDay(11, 15).in_year(year)
