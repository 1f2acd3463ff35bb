"""Vacations, closures that come again, public holidays and make-up working days: days, and mistakes."""

from __future__ import annotations

import doctest
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servflow.core.errors import InvalidRulebook, InvalidValue
from servflow.core.fees import Facts, evaluate
from servflow.rulebooks import closures, load, shipped
from servflow.rulebooks.closures import LONGEST, Closure, days_that_differ, holiday_list, holiday_lists

CN = "cn/public-holidays"
ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
WEEK = dict.fromkeys(range(4), ((time(9), time(17)),)) | {4: ((time(9), time(12)),)}
WEEKLY = {
    "monday": ["09:00-17:00"],
    "tuesday": ["09:00-17:00"],
    "wednesday": ["09:00-17:00"],
    "thursday": ["09:00-17:00"],
    "friday": ["09:00-12:00"],
}


def calendar(**changes):
    """A desk that is open on weekdays, as an author writes it."""
    return {"name": "desk", "clause": "PRACTICE", "note": "an example", "weekly": WEEKLY} | changes


def holidays_of_a_town(**changes):
    """A list of public holidays as an author writes it."""
    notice = {
        "title": "town day",
        "closures": [holiday(date(2026, 5, 8))],
        "openings": [date(2026, 5, 9)],
    }
    return {
        "format": 1,
        "title": "holidays of the town",
        "verified-on": date(2026, 1, 1),
        "from": date(2026, 1, 1),
        "through": date(2026, 12, 31),
        "notices": [notice],
    } | changes


def holiday(day):
    """One public holiday of a day, as an author of a list writes it."""
    return {"name": "town day", "from": day, "through": day}


def days(first, *others):
    """Days in words: ``days("2026-01-30", "02-27")`` are two of one year."""
    return {date.fromisoformat(first), *(date.fromisoformat(f"{first[:4]}-{each}") for each in others)}


@pytest.fixture
def desk(draft):
    """The calendar that an author writes, loaded."""

    def made(**changes):
        return load(draft.put("calendar", calendar(**changes)).write()).calendar

    return made


@pytest.fixture
def town(draft):
    """The list of a town, written beside the draft under a name, with changes."""

    def write(name="town.toml", **changes):
        made = type(draft)(draft.path.parent)
        made.path, made.tables = draft.path.with_name(name), holidays_of_a_town(**changes)
        return made.write()

    return write


# --- which days a closure has -----------------------------------------------------------------------


def test_a_span_is_closed_from_its_first_day_through_its_last(desk):
    """A vacation over New Year: both ends are closed, the days beside them are not."""
    open_ = desk(closures=[{"from": date(2026, 12, 24), "through": date(2027, 1, 5), "note": "vacation"}])

    assert [open_.is_open_on(date(2026, 12, 23)), open_.is_open_on(date(2026, 12, 24))] == [True, False]
    assert [open_.is_open_on(date(2027, 1, 5)), open_.is_open_on(date(2027, 1, 6))] == [False, True]
    assert open_.open_days(date(2026, 12, 23), date(2027, 1, 6)) == 1
    assert len(open_.exceptions) == 13


def test_the_last_friday_of_each_month_is_closed(desk):
    """A rule closes the days that it names, and no others."""
    rule = {"from": date(2026, 1, 1), "rrule": "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260630"}

    assert set(desk(closures=[rule]).exceptions) == days(
        "2026-01-30", "02-27", "03-27", "04-24", "05-29", "06-26"
    )


@pytest.mark.parametrize(
    ("first", "through", "rrule", "length", "closed"),
    [
        # the 29th of February comes in leap years only, every month or every year
        (date(2024, 2, 29), None, "FREQ=YEARLY;COUNT=3", 1, days("2024-02-29") | days("2028-02-29") | days("2032-02-29")),
        (date(2026, 1, 29), date(2026, 4, 30), "FREQ=MONTHLY", 1, days("2026-01-29", "03-29", "04-29")),
        (date(2028, 1, 29), date(2028, 3, 28), "FREQ=MONTHLY", 1, days("2028-01-29", "02-29")),
        (date(2026, 1, 1), None, "FREQ=YEARLY;BYYEARDAY=-1;UNTIL=20281231", 1, {date(y, 12, 31) for y in (2026, 2027, 2028)}),
        # from is closed only if the rule names it
        (date(2026, 1, 1), None, "FREQ=WEEKLY;BYDAY=MO;COUNT=2", 1, days("2026-01-05", "01-12")),
        # the days of one occurrence go on after UNTIL, never after through
        (date(2026, 1, 5), None, "FREQ=WEEKLY;UNTIL=20260112", 3, days("2026-01-05", "01-06", "01-07", "01-12", "01-13", "01-14")),
        (date(2026, 1, 5), date(2026, 1, 13), "FREQ=WEEKLY", 3, days("2026-01-05", "01-06", "01-07", "01-12", "01-13")),
        (date(2026, 1, 5), date(2026, 1, 6), "FREQ=DAILY;COUNT=9", 1, days("2026-01-05", "01-06")),
        (date(2026, 1, 5), date(2026, 1, 12), "FREQ=DAILY;INTERVAL=7;UNTIL=20260105", 1, days("2026-01-05")),
        # occurrences that overlap close a day once
        (date(2026, 1, 1), None, "FREQ=DAILY;COUNT=2", 2, days("2026-01-01", "01-02", "01-03")),
        # small letters, a sign, a week that begins on Sunday
        (date(2026, 1, 1), None, "freq=monthly;byday=+1mo;count=2", 1, days("2026-01-05", "02-02")),
        (date(1997, 8, 5), None, "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", 1, days("1997-08-05", "08-10", "08-19", "08-24")),
        (date(1997, 8, 5), None, "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", 1, days("1997-08-05", "08-17", "08-19", "08-31")),
        # the ends of the calendar
        (date(9999, 12, 30), None, "FREQ=DAILY;UNTIL=99991231", 5, days("9999-12-30", "12-31")),
        (date(9999, 12, 30), date(9999, 12, 31), "", 1, days("9999-12-30", "12-31")),
        (date(1, 1, 1), None, "FREQ=DAILY;COUNT=2", 1, days("0001-01-01", "01-02")),
        (date(9990, 2, 28), date(9999, 12, 31), "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 1, {date(9992, 2, 29), date(9996, 2, 29)}),
    ],
)  # fmt: skip
def test_a_rule_closes_the_days_of_rfc_5545(first, through, rrule, length, closed):
    """Leap days, ends, lengths; the weeks that begin on another day are RFC 5545's own example."""
    assert Closure(first=first, through=through, rrule=rrule, days=length).closed == closed


def test_a_closure_of_the_longest_length_is_taken():
    """Ten years, the first day and the last one included."""
    assert len(Closure(first=date(2026, 1, 1), rrule=f"FREQ=DAILY;COUNT={LONGEST}").closed) == LONGEST
    last = date(2026, 1, 1) + (LONGEST - 1) * DAY
    assert len(Closure(first=date(2026, 1, 1), through=last).closed) == LONGEST


@pytest.mark.parametrize("year", [1, 1600, 1900, 2026, 2400, 9588, 9589, 9988, 9990])
def test_a_rule_has_the_same_days_in_every_century(year):
    """A year from its weekdays, counted by hand: the day of Thanksgiving, and the weeks of ISO 8601."""
    first = date(year, 1, 1)
    fourth = [day for n in range(28) if (day := date(year, 11, 1) + n * DAY).weekday() == 3]
    monday = date.fromisocalendar(year, 20, 1)

    found = Closure(first=first, rrule=f"FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL={year:04}1231")
    assert found.closed == {fourth[3]}
    found = Closure(first=first, rrule=f"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;UNTIL={year:04}1231")
    assert found.closed == {monday}


# --- what stands above what -------------------------------------------------------------------------


def test_the_day_is_what_the_first_of_them_says(desk):
    """Exceptions, openings, closures, make-up working days, days off, the week: each wins over the next."""
    monday, friday, short = WEEK[0], WEEK[4], ((time(10), time(11)),)
    open_ = desk(
        holidays=[CN],
        **{"make-up-as": "friday"},
        closures=[{"from": date(2026, 2, 9), "through": date(2026, 2, 14)}],
        openings=[
            {"on": date(2026, 2, 13), "as": "monday"},
            {"on": date(2026, 2, 16), "hours": ["10:00-11:00"]},
            {"on": date(2026, 2, 12), "as": "monday"},
        ],
        exceptions=[
            {"on": date(2026, 2, 12), "hours": []},
            {"on": date(2026, 2, 10), "hours": ["10:00-11:00"]},
        ],
    )
    said = {
        each.day: hours for each, hours in open_.exceptions.items() if (each.year, each.month) == (2026, 2)
    }

    assert said == {
        9: (),  # a closure over the week
        10: short,  # an exception over a closure
        11: (),
        12: (),  # an exception over an opening
        13: monday,  # an opening over a closure
        14: (),  # a closure over a make-up working day
        15: (),
        16: short,  # an opening over a day off
        **dict.fromkeys(range(17, 24), ()),
        28: friday,  # a make-up working day over the week
    }  # fmt: skip


def test_make_up_days_of_any_list_stand_over_days_off_of_any_list(desk, town):
    """A town's make-up Saturday stays one where another list has the day off."""
    town()
    town("other.toml", notices=[{"title": "another town", "closures": [holiday(date(2026, 5, 9))]}])

    for names in (["town.toml", "other.toml"], ["other.toml", "town.toml"]):
        open_ = desk(holidays=names, **{"make-up-as": "monday"})
        assert open_.exceptions == {date(2026, 5, 8): (), date(2026, 5, 9): WEEK[0]}


def test_a_make_up_sunday_has_the_hours_of_a_friday(desk):
    """4 January 2026 is a Sunday that is worked, here until noon."""
    open_ = desk(holidays=[CN], **{"make-up-as": "friday"})

    assert open_.opening(date(2026, 1, 4)) == (
        (datetime(2026, 1, 4, 1, tzinfo=UTC), datetime(2026, 1, 4, 4, tzinfo=UTC)),
    )
    assert not open_.is_open_on(date(2026, 1, 11))


def test_an_opening_has_its_own_hours_or_those_of_a_weekday(desk):
    """A Sunday as Friday, and one with hours of its own."""
    open_ = desk(
        openings=[
            {"on": date(2026, 3, 1), "as": "friday"},
            {"on": date(2026, 3, 8), "hours": ["13:00-24:00"]},
        ]
    )

    assert open_.exceptions == {date(2026, 3, 1): WEEK[4], date(2026, 3, 8): ((time(13), time(0)),)}


def test_a_desk_that_opens_on_single_days_only_has_a_calendar(desk):
    """Openings with hours are open days, even without a week."""
    open_ = desk(weekly={}, openings=[{"on": date(2026, 3, 1), "hours": ["13:00-14:00"]}])

    assert open_.next_open_day(date(2026, 1, 1)) == date(2026, 3, 1)


# --- due dates over Spring Festival 2026 -------------------------------------------------------------


def test_due_dates_over_spring_festival(desk):
    """Off from Sunday 15 to Monday 23 February; worked on Saturday 14 and Saturday 28."""
    open_ = desk(holidays=[CN], **{"make-up-as": "friday"})

    # Fri 13, Sat 14 | Tue 24, Wed 25, Thu 26, Fri 27, Sat 28 | Mon 2 March
    assert open_.open_days(date(2026, 2, 12), date(2026, 3, 2)) == 8
    assert open_.open_days(date(2026, 2, 14), date(2026, 2, 23)) == 0
    assert open_.add_open_days(date(2026, 2, 12), 2) == date(2026, 2, 14)
    assert open_.add_open_days(date(2026, 2, 12), 3) == date(2026, 2, 24)
    assert open_.add_open_days(date(2026, 2, 12), 7) == date(2026, 2, 28)
    assert open_.add_open_days(date(2026, 2, 12), 8) == date(2026, 3, 2)
    assert open_.next_open_day(date(2026, 2, 14)) == date(2026, 2, 14)
    assert open_.next_open_day(date(2026, 2, 15)) == date(2026, 2, 24)
    assert open_.add_open_time(datetime(2026, 2, 14, 3, tzinfo=UTC), timedelta(hours=2)) == datetime(
        2026, 2, 24, 2, tzinfo=UTC
    )


# --- lists of public holidays ------------------------------------------------------------------------


def test_the_shipped_list_is_no_rulebook_and_has_no_mistakes():
    """It has a name of its own, and covers whole years without a hole between its notices."""
    assert holiday_lists() == (CN,)
    assert not any("holidays" in name for name in shipped())
    cn = holiday_list(CN)
    assert (cn.name, cn.first, cn.through) == (CN, date(2023, 1, 1), date(2026, 12, 31))
    years = [int(each["title"].removeprefix("国务院办公厅关于")[:4]) for each in cn.content["notices"]]
    assert years == list(range(cn.first.year, cn.through.year + 1))
    for year, each in zip(years, cn.content["notices"], strict=True):
        assert f"〔{year - 1}〕" in each["number"]
        assert each["issued"].year == year - 1


@pytest.mark.parametrize(
    ("year", "lengths", "public"),
    [
        (2023, [3, 7, 1, 5, 3, 8], 11),
        (2024, [1, 8, 3, 5, 1, 3, 7], 11),
        (2025, [1, 8, 3, 5, 3, 8], 13),
        (2026, [3, 9, 3, 5, 3, 3, 7], 13),
    ],
)
def test_the_shipped_list_adds_up_to_the_notices_and_to_the_law(year, lengths, public):
    """Each holiday has the length that its notice says; what is not made up are the public holidays of the law.

    全国年节及纪念日放假办法: 11 days in a year, and 13 from 2025 on. Weekends alone are worked in their place.
    """
    notice = holiday_list(CN).content["notices"][year - 2023]
    spans = [(each["from"], (each["through"] - each["from"]).days + 1) for each in notice["closures"]]
    off = [first + n * DAY for first, length in spans for n in range(length)]

    assert str(year) in notice["title"]
    assert [length for _, length in spans] == lengths
    assert all(day.weekday() >= 5 for day in notice["openings"])
    assert sum(day.weekday() < 5 for day in off) - len(notice["openings"]) == public


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        ("2022-12-31", True),
        ("2023-10-06", True),
        ("2024-02-09", False),  # the eve of Spring Festival is left to the employers
        ("2024-02-17", True),
        ("2024-02-18", None),
        ("2024-06-10", True),
        ("2025-01-28", True),
        ("2025-02-04", True),
        ("2025-02-05", False),
        ("2025-10-08", True),
        ("2025-10-11", None),
        ("2026-01-02", True),
        ("2026-09-20", None),
        ("2026-09-25", True),
        ("2026-10-07", True),
        ("2026-10-08", False),
    ],
)
def test_the_days_at_the_edges_of_the_notices(day, closed):
    """Off, worked in its place (``None``), or as the week has it."""
    cn, each = holiday_list(CN), date.fromisoformat(day)

    assert (each in cn.closed, each in cn.openings) == (closed is True, closed is None)


def test_a_list_may_be_a_file_beside_the_rulebook(desk, town):
    """It is looked for from the rulebook's folder, whatever folder one is in."""
    path = town()

    assert desk(holidays=["town.toml"], **{"make-up-as": "friday"}).exceptions == {
        date(2026, 5, 8): (),
        date(2026, 5, 9): WEEK[4],
    }
    assert holiday_list(path).closed == days("2026-05-08")
    assert holiday_list(str(path)).openings == days("2026-05-09")


def test_a_list_without_make_up_days_needs_no_weekday_for_them(desk, town):
    """What is not needed is not asked for."""
    town(notices=[{"title": "town day", "closures": [holiday(date(2026, 5, 8))]}])

    assert desk(holidays=["town.toml"]).exceptions == {date(2026, 5, 8): ()}


def test_a_rulebook_says_how_far_its_calendar_is_known(draft, town):
    """The days that all lists cover; a line for people says so, too, and what is not covered is as the week."""
    town(through=date(2026, 6, 30))
    draft.put("calendar", calendar(holidays=[CN, "town.toml"], **{"make-up-as": "friday"}))
    book = load(draft.write())

    assert book.calendar_known == (date(2026, 1, 1), date(2026, 6, 30))
    line = book.lines()[0]
    assert (line.rule, line.start, line.clause, line.label) == ("calendar", "2026-01-01", "PRACTICE", "desk")
    assert line.value == "public holidays known through 2026-06-30"
    assert book.calendar.is_open_on(date(2027, 1, 1))


def test_a_calendar_without_lists_claims_to_know_nothing(draft):
    """Neither a span nor a line."""
    book = load(draft.put("calendar", calendar()).write())

    assert book.calendar_known is None
    assert {line.rule for line in book.lines()} == set(book.rules)


def test_a_list_that_changes_makes_another_rulebook(draft, town):
    """The digest is over what a list says, not over its name; its layout makes no difference."""
    draft.put("calendar", calendar(holidays=["town.toml"], **{"make-up-as": "friday"}))
    path = town()
    before = load(draft.write()).digest
    path.write_text("# a comment\n" + path.read_text("utf-8"), "utf-8")
    assert load(draft.path).digest == before
    town(notices=[{"title": "town day", "closures": [], "openings": [date(2026, 5, 9)]}])
    assert load(draft.path).digest != before


def test_closures_and_openings_may_cite_a_clause(draft):
    """What they cite is carried by the calendar."""
    draft.put(
        "calendar",
        calendar(
            closures=[
                {"from": date(2026, 7, 20), "through": date(2026, 8, 14), "clause": "CQ-2", "at": "二"}
            ],
            openings=[{"on": date(2026, 8, 1), "as": "monday", "clause": "PRACTICE", "note": "open house"}],
        ),
    )
    book = load(draft.write())

    assert book.citations["CQ-2"] == ("calendar",)
    assert [str(each.id) for each in book.closure_clauses] == ["CQ-2", "PRACTICE"]


# --- mistakes ---------------------------------------------------------------------------------------

FIRST, RULE = date(2026, 1, 1), "calendar.closures[0].rrule"
PARTS = "parts that go by days: FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY, BYDAY, BYSETPOS, WKST"
FREQS = "DAILY, WEEKLY, MONTHLY or YEARLY"
COUNTS = "a whole number from 1 to 9999"
UNTIL = "a day such as 20261231, without a time or a zone"
WEEKDAYS = "one of monday, tuesday, wednesday, thursday, friday, saturday, sunday"


@pytest.mark.parametrize(
    ("rrule", "found", "expected"),
    [
        ("FREQ=DAILY", "no end", "UNTIL or COUNT in the rule, or a day as through"),
        ("FREQ=HOURLY;COUNT=2", "'FREQ=HOURLY'", FREQS),
        ("FREQ=SECONDLY;COUNT=2", "'FREQ=SECONDLY'", FREQS),
        ("FREQ=;COUNT=2", "'FREQ='", FREQS),
        ("BYDAY=MO;COUNT=2", "no FREQ", f"FREQ, one of {FREQS}"),
        ("RRULE:FREQ=DAILY;COUNT=2", "'RRULE:FREQ=DAILY'", None),
        ("FREQ=DAILY;COUNT=2;", "''", PARTS),
        ("FREQ=DAILY;COUNT=2;BYHOUR=9", "'BYHOUR=9'", PARTS),
        ("FREQ=DAILY;COUNT=2;TZID=Asia/Shanghai", "'TZID=ASIA/SHANGHAI'", PARTS),
        ("FREQ=YEARLY;COUNT=2;BYEASTER=0", "'BYEASTER=0'", PARTS),
        ("FREQ=DAILY;COUNT=2\nEXDATE:20260101", "'COUNT=2\\nEXDATE:20260101'", COUNTS),
        ("FREQ=DAILY;UNTIL=20261231T000000Z", "'UNTIL=20261231T000000Z'", UNTIL),
        ("FREQ=DAILY;UNTIL=20261231T090000", "'UNTIL=20261231T090000'", UNTIL),
        ("FREQ=DAILY;UNTIL=20260230", "'UNTIL=20260230'", UNTIL),
        ("FREQ=DAILY;UNTIL=00000101", "'UNTIL=00000101'", UNTIL),
        ("FREQ=DAILY;UNTIL=2026-12-31", "'UNTIL=2026-12-31'", UNTIL),
        ("FREQ=DAILY;COUNT=0", "'COUNT=0'", COUNTS),
        ("FREQ=DAILY;COUNT=-1", "'COUNT=-1'", COUNTS),
        ("FREQ=DAILY;COUNT=2;INTERVAL=0", "'INTERVAL=0'", COUNTS),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "COUNT twice", "each part once"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261231", "UNTIL and COUNT", "one of them"),
        ("FREQ=YEARLY;COUNT=2;BYMONTH=13", "'BYMONTH=13'", "months from 1 to 12"),
        ("FREQ=YEARLY;COUNT=2;BYMONTH=1,", "'BYMONTH=1,'", "months from 1 to 12"),
        ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=32", "'BYMONTHDAY=32'", "days from 1 to 31, or from -31 to -1"),
        ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=0", "'BYMONTHDAY=0'", "days from 1 to 31, or from -31 to -1"),
        ("FREQ=YEARLY;COUNT=2;BYYEARDAY=367", "'BYYEARDAY=367'", "days from 1 to 366, or from -366 to -1"),
        ("FREQ=YEARLY;COUNT=2;BYWEEKNO=54", "'BYWEEKNO=54'", "weeks from 1 to 53, or from -53 to -1"),
        ("FREQ=WEEKLY;COUNT=2;BYDAY=FRI", "'BYDAY=FRI'", "weekdays such as MO, or -1FR for the last Friday"),
        ("FREQ=YEARLY;COUNT=2;BYDAY=54FR", "'BYDAY=54FR'", "weekdays such as MO, or -1FR for the last Friday"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=MO;BYSETPOS=0", "'BYSETPOS=0'", "places from 1 to 366, or from -366 to -1"),
        ("FREQ=WEEKLY;COUNT=2;WKST=1", "'WKST=1'", "a weekday such as MO"),
        ("FREQ=WEEKLY;COUNT=2;BYDAY=-1FR", "a numbered weekday in WEEKLY", "FREQ=MONTHLY, or YEARLY without BYWEEKNO"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=53TU", "weekday 53 of a month", "at most 5"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=-6TU,1MO", "weekday 6 of a month", "at most 5"),
        ("FREQ=YEARLY;COUNT=2;BYMONTH=12;BYDAY=53TU", "weekday 53 of a month", "at most 5"),
        ("FREQ=YEARLY;COUNT=2;BYDAY=1MO;BYWEEKNO=1", "a numbered weekday in YEARLY", "FREQ=MONTHLY, or YEARLY without BYWEEKNO"),
        ("FREQ=MONTHLY;COUNT=2;BYWEEKNO=1", "BYWEEKNO in MONTHLY", "FREQ=YEARLY"),
        ("FREQ=DAILY;COUNT=2;BYYEARDAY=1", "BYYEARDAY in DAILY", "FREQ=YEARLY"),
        ("FREQ=WEEKLY;COUNT=2;BYMONTHDAY=1", "BYMONTHDAY in WEEKLY", "FREQ=DAILY, MONTHLY or YEARLY"),
        ("FREQ=MONTHLY;COUNT=2;BYSETPOS=-1", "BYSETPOS alone", "another part that begins with BY"),
        ("FREQ=YEARLY;COUNT=2;BYMONTH=2;BYMONTHDAY=30", "no day at all", "a rule that closes at least one day"),
        ("FREQ=DAILY;COUNT=2;BYMONTH=2;BYMONTHDAY=30", "no day at all", "a rule that closes at least one day"),
        ("FREQ=DAILY;UNTIL=20251231", "no day at all", "a rule that closes at least one day"),
        ("FREQ=DAILY;UNTIL=20360109", "UNTIL=20360109", "a day of the 3660 days from 2026-01-01, 20360108 at the latest"),
        ("FREQ=DAILY;COUNT=3661", "COUNT=3661", "an end within 3660 days from 2026-01-01, 2036-01-08 at the latest"),
        ("FREQ=YEARLY;COUNT=12", "COUNT=12", "an end within 3660 days from 2026-01-01, 2036-01-08 at the latest"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_stand_is_refused_at_its_place(draft, rrule, found, expected):
    """No end, less than days, times and zones, parts that are none or do not go together."""
    draft.put("calendar", calendar(closures=[{"from": FIRST, "rrule": rrule}]))

    problems = draft.problems()
    assert problems[0][:2] == (RULE, found)
    assert problems[0][2] == (expected or PARTS)
    assert len(problems) == (2 if "RRULE:" in rrule else 1)  # a name before it hides FREQ
    with pytest.raises(InvalidValue):
        Closure(first=FIRST, rrule=rrule)


@pytest.mark.parametrize("first", [date(10, 1, 1), date(2026, 1, 1), date(9995, 1, 1)])
def test_a_rule_that_ended_before_it_began_closes_nothing(first):
    """Thousands of years before, too; and a year of one digit is a year."""
    with pytest.raises(InvalidValue, match="no day at all"):
        Closure(first=first, rrule="FREQ=DAILY;UNTIL=00091231")


def test_all_mistakes_of_a_rule_come_at_once(draft):
    """Each part with its own message."""
    draft.put(
        "calendar", calendar(closures=[{"from": FIRST, "rrule": "FREQ=HOURLY;COUNT=0;BYDAY=X;UNTIL=soon"}])
    )

    assert [(where, found) for where, found, _ in draft.problems()] == [
        (RULE, "'FREQ=HOURLY'"),
        (RULE, "'COUNT=0'"),
        (RULE, "'BYDAY=X'"),
        (RULE, "'UNTIL=SOON'"),
        (RULE, "UNTIL and COUNT"),
    ]


@pytest.mark.parametrize(
    ("where", "said", "found", "expected"),
    [
        ("closures", "august", "'august'", "a list"),
        ("closures[0]", FIRST, "2026-01-01", "a table with from, through, rrule, days, clause, at, note"),
        ("closures[0].until", FIRST, "an unknown field", "one of from, through, rrule, days, clause, at, note"),
        ("closures[0].from", "2026-07-20", "'2026-07-20'", "a day such as 2026-01-31"),
        ("closures[0].from", datetime(2026, 7, 20), "2026-07-20 00:00:00", "a day such as 2026-01-31"),
        ("closures[0].through", "august", "'august'", "a day such as 2026-01-31"),
        ("closures[0].through", date(2026, 7, 19), "2026-07-19", "the last day, 2026-07-20 or later"),
        ("closures[0].through", date(2036, 7, 27), "2036-07-27", "a day of the 3660 days from 2026-07-20, 2036-07-26 at the latest"),
        ("closures[0].rrule", "", "''", "a text that is not empty"),
        ("closures[0].rrule", 7, "7", "a text that is not empty"),
        ("closures[0].days", 3, "3 without rrule", "the last day as through, or a rule"),
        ("closures[0].clause", "NLC-99", "'NLC-99'", "a clause of the register, such as NLC-10, or PRACTICE"),
        ("closures[0].at", "二", None, None),
        ("closures[1].days", 0, "0", "a whole number from 1 to 366"),
        ("closures[1].days", 367, "367", "a whole number from 1 to 366"),
        ("closures[1].days", "two", "'two'", "a whole number"),
        ("closures[1].days", True, "True", "a whole number"),
        ("openings", FIRST, "2026-01-01", "a list"),
        ("openings[0]", FIRST, "2026-01-01", "a table with on, hours, as, clause, at, note"),
        ("openings[0].off", True, "an unknown field", "one of on, hours, as, clause, at, note"),
        ("openings[0].on", "sunday", "'sunday'", "a day such as 2026-01-31"),
        ("openings[0].on", date(2026, 8, 9), "2026-08-09", None),
        ("openings[0].as", "fri", "'fri'", WEEKDAYS),
        ("openings[0].as", 5, "5", WEEKDAYS),
        ("openings[0].as", "sunday", "'sunday', which is closed", "a weekday with hours"),
        ("openings[1].hours", [], "[]", "hours, or a weekday under as"),
        ("openings[1].hours", ["9-17"], "['9-17']", "hours in order such as ['09:00-12:00', '13:00-24:00'], or [] for closed"),
        ("openings[1].as", "friday", "a weekday beside hours", "either hours or a weekday"),
        ("holidays", CN, f"'{CN}'", "a list"),
        ("holidays[0]", "", "''", "a text that is not empty"),
        ("holidays[0]", 2026, "2026", "a text that is not empty"),
        ("holidays[0]", "cn/holidays", "'cn/holidays': No such file or directory", f"a file that can be read, or the name of a list that ships: {CN}"),
        ("make-up-as", "sunday", "'sunday', which is closed", "a weekday with hours"),
        ("make-up-as", "off", "'off'", WEEKDAYS),
    ],
)  # fmt: skip
def test_closures_and_openings_are_checked_where_they_are_written(draft, where, said, found, expected):
    """The message names the key path, what is written there, and what may be."""
    draft.put(
        "calendar",
        calendar(
            holidays=[CN],
            closures=[
                {"from": date(2026, 7, 20), "through": date(2026, 8, 14)},
                {"from": FIRST, "rrule": "FREQ=YEARLY;COUNT=2", "days": 2},
            ],
            openings=[
                {"on": date(2026, 8, 1), "as": "friday"},
                {"on": date(2026, 8, 2), "hours": ["09:00-12:00"]},
            ],
            **{"make-up-as": "friday"},
        ),
    ).put(f"calendar.{where}", said)

    if where == "closures[0].at":
        assert draft.problems() == [
            ("calendar.closures[0].clause", "nothing", "the clause that stands at this place")
        ]
    elif expected is None:
        assert draft.problems() == []
    else:
        assert draft.problems() == [(f"calendar.{where}", found, expected)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"closures": [{"through": FIRST}]}, ("closures[0].from", "nothing", "a value; the field is missing")),
        ({"closures": [{"from": FIRST}]}, ("closures[0].through", "nothing", "the last day")),
        (
            {"closures": [{"from": FIRST, "through": FIRST, "clause": "PRACTICE"}]},
            ("closures[0].note", "nothing", "why the desk chose so; no source says it"),
        ),
        ({"openings": [{"as": "friday"}]}, ("openings[0].on", "nothing", "a value; the field is missing")),
        ({"openings": [{"on": FIRST}]}, ("openings[0].hours", "nothing", "hours, or a weekday under as")),
        (
            {"openings": [{"on": FIRST, "as": "monday"}, {"on": FIRST, "as": "friday"}]},
            ("openings[1].on", "2026-01-01, as in openings[0]", "each day once"),
        ),
        ({"holidays": [CN, CN], "make-up-as": "monday"}, ("holidays[1]", f"'{CN}' again", "each list once")),
        (
            {"holidays": [CN]},
            ("make-up-as", "nothing", "the weekday whose hours the make-up working days of the lists have"),
        ),
        (
            {"make-up-as": "monday"},
            ("make-up-as", "a weekday without holidays", "a list of public holidays as well"),
        ),
        ({"weekly": {}, "closures": [{"from": FIRST, "through": FIRST}]}, ("weekly", "no hours at all", "at least one open day")),
    ],
)  # fmt: skip
def test_what_is_missing_or_does_not_go_together_is_named(draft, changes, problem):
    """At the key at which something should stand, or at the second of two that contradict each other."""
    draft.put("calendar", calendar(**changes))

    assert draft.problems() == [(f"calendar.{problem[0]}", *problem[1:])]


def test_one_mistake_of_a_closure_does_not_hide_another(draft):
    """The day, the rule, the source and a key are all wrong, and all reported."""
    closure = {"from": "soon", "rrule": "FREQ=HOURLY", "clause": "PRACTICE", "until": FIRST}
    draft.put("calendar", calendar(closures=[closure], openings=[{"on": 1}]))

    assert [where.removeprefix("calendar.") for where, _, _ in draft.problems()] == [
        "closures[0].from",
        "closures[0].until",
        "openings[0].on",
        "closures[0].note",
        "closures[0].rrule",
        "openings[0].hours",
    ]


@pytest.mark.parametrize(
    ("changes", "where", "found", "expected"),
    [
        ({"format": 2}, "format", "2", "1"),
        ({"year": 2026}, "year", "an unknown field", "one of format, title, verified-on, from, through, notices"),
        ({"through": date(2025, 12, 31)}, "through", "2025-12-31", "the last day that is covered, 2026-01-01 or later"),
        ({"verified-on": "today"}, "verified-on", "'today'", "a day such as 2026-01-31"),
        ({"notices": [{"title": ""}]}, "notices[0].title", "''", "a text that is not empty"),
        (
            {"notices": [{"title": "x", "closures": [{"name": "x", "from": date(2026, 5, 8), "through": date(2026, 5, 7)}]}]},
            "notices[0].closures[0].through", "2026-05-07", "the last of at most 366 days, 2026-05-08 or later",
        ),
        (
            {"notices": [{"title": "x", "closures": [{"name": "x", "from": date(2026, 1, 1), "through": date(2027, 1, 2)}]}]},
            "notices[0].closures[0].through", "2027-01-02", "the last of at most 366 days, 2026-01-01 or later",
        ),
        (
            {"notices": [{"title": "x", "closures": [{"name": "x", "from": date(2062, 5, 8), "through": date(2062, 5, 8)}]}]},
            "notices[0].closures[0].from", "2062-05-08", "days from 2026-01-01 through 2026-12-31",
        ),
        (
            {"notices": [{"title": "x", "closures": [{"name": "x", "from": date(2026, 5, 8), "through": date(2026, 5, 9)}]}, {"title": "y", "openings": [date(2026, 5, 9)]}]},
            "notices[1].openings[0]", "2026-05-09, closed by notices[0].closures[0]", "a day that is no day off",
        ),
        (
            {"notices": [{"title": "x", "openings": [date(2026, 5, 9), date(2026, 5, 9)]}]},
            "notices[0].openings[1]", "2026-05-09, as in notices[0].openings[0]", "each day once",
        ),
        (
            {"notices": [{"title": "x", "openings": [date(2027, 5, 9)]}]},
            "notices[0].openings[0]", "2027-05-09", "days from 2026-01-01 through 2026-12-31",
        ),
    ],
)  # fmt: skip
def test_the_mistakes_of_a_list_are_named_at_their_place_in_it(draft, town, changes, where, found, expected):
    """Behind the place at which the rulebook names the list; and alone, behind the file."""
    path = town(**changes)
    draft.put("calendar", calendar(holidays=["town.toml"], **{"make-up-as": "friday"}))

    assert draft.problems() == [(f"calendar.holidays[0]: {where}", found, expected)]
    with pytest.raises(InvalidRulebook) as raised:
        holiday_list(path)
    assert [(each.where, each.found) for each in raised.value.problems] == [(f"{path}: {where}", found)]


def test_lists_that_cover_no_common_day_are_refused(draft, town):
    """Of one list's years the other knows nothing: nothing would be known."""
    town(**{"from": date(2031, 1, 1), "through": date(2031, 12, 31), "notices": [{"title": "none"}]})
    draft.put("calendar", calendar(holidays=[CN, "town.toml"], **{"make-up-as": "friday"}))

    assert draft.problems() == [
        ("calendar.holidays", "lists that cover no common day", "lists of the same days")
    ]


def test_a_list_that_cannot_be_read_alone_says_so(tmp_path):
    """The file, and the lists that ship."""
    with pytest.raises(InvalidRulebook, match=r"or the name of a list that ships: cn/public-holidays"):
        holiday_list(tmp_path / "none.toml")


# --- for hosts that make their own calendar -----------------------------------------------------------


def test_the_example_of_the_module_holds():
    """Word for word."""
    assert doctest.testmod(closures) == (0, 7)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"first": datetime(2026, 1, 1), "through": FIRST}, "first"),
        ({"first": None, "through": FIRST}, "first"),
        ({"first": FIRST, "through": datetime(2026, 1, 1)}, "through"),
        ({"first": FIRST}, "through"),
        ({"first": FIRST, "rrule": None, "through": FIRST}, "rrule"),
        ({"first": FIRST, "rrule": "FREQ=DAILY;COUNT=1", "days": 1.0}, "days"),
        ({"first": FIRST, "rrule": "FREQ=DAILY;COUNT=1", "days": True}, "days"),
        ({"first": FIRST, "rrule": "FREQ=DAILY;COUNT=1", "days": 0}, "days"),
        ({"first": FIRST, "rrule": "FREQ=DAILY;COUNT=2", "through": date(2025, 1, 1)}, "through"),
    ],
)
def test_a_closure_of_another_type_is_refused(said, field):
    """The error names the field."""
    with pytest.raises(InvalidValue) as raised:
        Closure(**said)
    assert raised.value.field == field


def test_make_up_working_days_without_hours_are_refused():
    """They would be closed, and nobody would have said so."""
    with pytest.raises(InvalidValue, match="make_up"):
        days_that_differ(holidays=[holiday_list(CN)])


def test_nothing_differs_without_closures():
    """An empty answer, and every time another one."""
    assert days_that_differ() == {}
    assert days_that_differ() is not days_that_differ()


# --- whatever is written ----------------------------------------------------------------------------

NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
KEYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SMALL = {
    "format": 1,
    "authority": "town-library",
    "subject": "desk",
    "policy": "fees",
    "title": "rules",
    "currency": "CNY",
    "zone": "Asia/Shanghai",
    "verified-on": date(2026, 11, 29),
    "rules": {},
}
DAYS = st.dates(date(2023, 12, 1), date(2027, 3, 1))


@st.composite
def rules(draw):
    """A rule as it is written, and whether a day is one of it, for the day from which it counts."""
    every, nth = draw(st.integers(1, 3)), draw(st.sampled_from([-2, -1, 1, 2, 5]))
    weekdays = draw(st.sets(st.integers(0, 6), min_size=1, max_size=3))
    names = ",".join(NAMES[day] for day in sorted(weekdays))
    month, number = draw(st.integers(1, 12)), draw(st.sampled_from([1, 13, 28, 29, 30]))

    def nth_weekday(day, first):
        same = [
            each
            for n in range(monthrange(day.year, day.month)[1])
            if (each := day.replace(day=n + 1)).weekday() == min(weekdays)
        ]
        return (nth - 1 if nth > 0 else nth) in range(-len(same), len(same)) and same[
            nth - 1 if nth > 0 else nth
        ] == day

    def week(day):
        return (day.toordinal() - 1) // 7  # the first day of the year 1 was a Monday

    return draw(st.sampled_from([
        (f"FREQ=DAILY;INTERVAL={every}", lambda day, first: (day - first).days % every == 0),
        (f"FREQ=DAILY;BYMONTH={month}", lambda day, first: day.month == month),
        (f"FREQ=WEEKLY;INTERVAL={every};BYDAY={names}", lambda day, first: day.weekday() in weekdays and (week(day) - week(first)) % every == 0),
        (f"FREQ=MONTHLY;BYDAY={nth}{NAMES[min(weekdays)]}", nth_weekday),
        (f"FREQ=MONTHLY;INTERVAL={every};BYMONTHDAY={number}", lambda day, first: day.day == number and (12 * day.year + day.month - 12 * first.year - first.month) % every == 0),
        (f"FREQ=MONTHLY;BYMONTHDAY=-{number}", lambda day, first: day.day == monthrange(day.year, day.month)[1] + 1 - number),
        (f"FREQ=YEARLY;INTERVAL={every};BYMONTH={month};BYMONTHDAY={number}", lambda day, first: (day.month, day.day) == (month, number) and (day.year - first.year) % every == 0),
        (f"FREQ=YEARLY;BYWEEKNO={number};BYDAY={names}", lambda day, first: day.isocalendar()[1] == number and day.weekday() in weekdays),
    ]))  # fmt: skip


def closed_by(first, rrule, length):
    """The days of the closure, ``None`` where it is refused."""
    try:
        return Closure(first=first, rrule=rrule, days=length).closed
    except InvalidValue:
        return None


PIECES = {
    "FREQ": ["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"],
    "INTERVAL": ["1", "7", "9999", "0"],
    "COUNT": ["1", "3", "9999"],
    "UNTIL": ["20260601", "20351231", "20260601T000000Z"],
    "BYMONTH": ["2", "02,12", "13"],
    "BYWEEKNO": ["1", "53,-53"],
    "BYYEARDAY": ["366", "+1,-366"],
    "BYMONTHDAY": ["31", "-31,+29", "30"],
    "BYDAY": ["MO", "-1FR,+5SU", "53TU", "FR,FR"],
    "BYSETPOS": ["1", "-1,366", "-366"],
    "WKST": ["SU", "MO"],
}


@settings(max_examples=500, deadline=None)
@given(
    st.dates(date(1, 1, 1), date(9999, 12, 31)),
    st.fixed_dictionaries({}, optional={name: st.sampled_from(said) for name, said in PIECES.items()}),
)
def test_whatever_a_rule_is_made_of_it_closes_days_or_is_refused(first, parts):
    """No rule that is taken stumbles later; the days lie within the longest time there is."""
    rrule = ";".join(f"{name}={value}" for name, value in parts.items())
    closed = closed_by(first, rrule, 2 if rrule else 1)

    assert closed is None or first <= min(closed)
    assert closed is None or (max(closed) - first).days <= LONGEST


@given(st.text(st.sampled_from("FREQ=DAILY;COUNTBYMS+-,:019ſ٣ \n"), max_size=40))
def test_any_text_is_a_rule_or_is_refused(text):
    """Whatever is typed, nothing but the error for it is raised."""
    assert closed_by(FIRST, text, 1) != frozenset()


@st.composite
def written_closures(draw):
    """A closure as its author writes it, and the days that it closes by a walk through all days."""
    first, length = draw(DAYS), draw(st.integers(0, 60))
    if draw(st.booleans()):
        through = first + length * DAY
        return {"from": first, "through": through}, {first + n * DAY for n in range(length + 1)}
    rule, holds = draw(rules())
    begin = [day for n in range(LONGEST) if holds(day := first + n * DAY, first)]
    until, count, run = (
        first + draw(st.integers(0, 900)) * DAY,
        draw(st.integers(1, 9)),
        draw(st.integers(1, 4)),
    )
    closed = lambda begin: {day + n * DAY for day in begin for n in range(run)}  # noqa: E731
    table = {"from": first, "rrule": rule, "days": run}
    match draw(st.sampled_from(["until", "count", "through"])):
        case "until":
            begin = [day for day in begin if day <= until]
            return table | {"rrule": f"{rule};UNTIL={until:%Y%m%d}"}, closed(begin)
        case "count":
            begin = begin[:count] if len(begin) >= count else []
            return table | {"rrule": f"{rule};COUNT={count}"}, closed(begin)
        case _:
            begin = [day for day in begin if day <= until]
            return table | {"through": until}, {day for day in closed(begin) if day <= until}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.lists(written_closures(), max_size=4),
    st.dictionaries(DAYS, st.sampled_from(["as", "hours"]), max_size=4),
    st.dictionaries(DAYS, st.booleans(), max_size=4),
    st.booleans(),
)
def test_a_calendar_is_open_on_the_days_that_a_walk_through_all_rules_finds(
    draft, week, shut, opened, exceptions, listed
):
    """Day by day over four years; and a closure is refused where the walk finds no day, or too few."""
    hours, some = ["09:00-12:00"], KEYS[min(week)]
    table = calendar(
        weekly={KEYS[day]: hours for day in week},
        closures=[each for each, _ in shut],
        openings=[{"on": day, key: hours if key == "hours" else some} for day, key in opened.items()],
        exceptions=[{"on": day, "hours": hours if is_open else []} for day, is_open in exceptions.items()],
        **({"holidays": [CN], "make-up-as": some} if listed else {}),
    )
    draft.tables = SMALL | {"calendar": table}
    path = draft.write()
    refused = [f"{path}: calendar.closures[{n}].rrule" for n, (_, closed) in enumerate(shut) if not closed]
    if refused:
        with pytest.raises(InvalidRulebook) as raised:
            load(path)
        assert [each.where for each in raised.value.problems] == refused
        return
    desk, cn = load(path).calendar, holiday_list(CN)

    def is_open(day):
        if day in exceptions:
            return exceptions[day]
        if day in opened:
            return True
        if any(day in closed for _, closed in shut):
            return False
        if listed and day in cn.closed | cn.openings:
            return day in cn.openings
        return day.weekday() in week

    for n in range(1500):
        day = date(2023, 11, 1) + n * DAY
        assert desk.is_open_on(day) is is_open(day), day
    assert desk.open_days(date(2023, 12, 31), date(2026, 12, 31)) == sum(
        is_open(date(2024, 1, 1) + n * DAY) for n in range(1096)
    )


# --- the page that describes the form ---------------------------------------------------------------


def test_the_example_of_a_calendar_in_the_description_loads(tmp_path):
    """Word for word; and its closures, openings and public holidays are what the page says of them."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    path = tmp_path / "example.toml"
    path.write_text(page.partition("## `[calendar]`")[2].split("```")[1].removeprefix("toml\n"), "utf-8")
    book = load(path)

    def cents(due: date, end: date) -> int:
        return evaluate(book.fees["rate"], Facts(days={"due": due, "end": end})).money.minor

    assert book.calendar_known == (date(2023, 1, 1), date(2026, 12, 31))
    assert cents(date(2026, 2, 12), date(2026, 3, 2)) == 7 * 20  # Spring Festival, and the last Friday
    assert cents(date(2026, 7, 17), date(2026, 8, 14)) == 20  # the vacation, with one Saturday open
    assert book.calendar.exceptions[date(2026, 8, 1)] == book.calendar.weekly[0]


def test_the_description_says_how_long_a_closure_may_be():
    """The number of the page is the one that is kept."""
    assert f"at most {LONGEST} days" in (ROOT / "docs/rulebook-format.md").read_text("utf-8")
