"""How long something may take: each form, its text, and every boundary."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from servflow.core.clocks import (
    Agreed,
    Allowance,
    Blank,
    CalendarDays,
    CutOff,
    CutOffs,
    ElapsedTime,
    LandingDay,
    Until,
    WorkingDays,
    WorkingTime,
    parse_allowance,
)
from servflow.core.dates import Period
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.worktime import Calendar, Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)

STAFF: Hours = ((time(8), time(12)), (time(14), time(18)))
# Monday to Friday as of the on-site staff; Monday 9 March 2026 off, Saturday 14 March open in the morning.
DESK = Calendar(
    "desk",
    SHANGHAI,
    weekly=dict.fromkeys(range(5), STAFF),
    exceptions={date(2026, 3, 9): (), date(2026, 3, 14): ((time(8), time(11)),)},
)


def at(text: str, zone: tzinfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def due(text: str, anchor: str, calendar: Calendar = DESK) -> str:
    """When what was allowed from the anchor on is due, in the calendar's time."""
    found = parse_allowance(text).allowed(at(anchor, calendar.zone), calendar).due
    assert found.tzinfo is UTC
    return found.astimezone(calendar.zone).isoformat()[:16]


# --- working and elapsed time


@pytest.mark.clause("AS-SLA-11")
@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("2026-03-06T16:30", "2026-03-10T10:30"),  # Friday afternoon, the Monday is a holiday
        ("2026-03-05T08:00", "2026-03-05T12:00"),
        ("2026-03-05T10:00", "2026-03-05T16:00"),  # over noon
        ("2026-03-05T12:30", "2026-03-05T18:00"),  # within the break
        ("2026-03-05T14:00", "2026-03-05T18:00"),  # to the closing, not to the next opening
        ("2026-03-05T14:01", "2026-03-06T08:01"),
        ("2026-03-07T15:00", "2026-03-10T12:00"),  # a Saturday
        ("2026-03-05T20:00", "2026-03-06T12:00"),  # after the closing
        ("2026-03-13T17:00", "2026-03-14T11:00"),  # the Saturday that is open ends it
    ],
)
def test_working_hours_run_in_open_hours_only(anchor, expected):
    """Four working hours are four hours of 08:00-12:00 and 14:00-18:00, over breaks, nights and holidays."""
    assert due("4 working hours", anchor) == expected


def test_hours_run_day_and_night():
    """Twenty-four hours end a day later by the clock, whatever the calendar says."""
    assert due("24 hours", "2026-03-06T16:30") == "2026-03-07T16:30"
    assert due("90 minutes", "2026-03-09T03:00") == "2026-03-09T04:30"
    allowed = ElapsedTime(HOUR).allowed(at("2026-03-09T03:00"), DESK)
    assert (allowed.duration, allowed.calendar.name) == (HOUR, "always")


def test_hours_over_a_clock_change_are_hours():
    """Twenty-four hours over the night on which Berlin's clocks go forward end an hour later by the clock."""
    berlin = Calendar("b", BERLIN, weekly=dict.fromkeys(range(7), STAFF))
    assert due("24 hours", "2026-03-28T12:00", berlin) == "2026-03-29T13:00"
    assert due("1 day", "2026-03-28T12:00", berlin) == "2026-03-29T12:00"


@pytest.mark.parametrize("kind", [WorkingTime, ElapsedTime])
@pytest.mark.parametrize("length", [timedelta(), -HOUR, 3600, None])
def test_a_length_is_above_zero(kind, length):
    """No time at all, less than none and what is no length of time are refused."""
    with pytest.raises(InvalidValue, match=r"^length: found .*above zero"):
        kind(length)


# --- working days


@pytest.mark.clause("AS-SLA-10")
@pytest.mark.parametrize(
    ("anchor", "kept", "closing"),
    [
        ("2026-03-04T10:00", "2026-03-06T10:00", "2026-03-06T18:00"),
        ("2026-03-05T10:00", "2026-03-10T10:00", "2026-03-10T18:00"),  # over weekend and holiday
        ("2026-03-04T20:00", "2026-03-06T18:00", "2026-03-06T18:00"),  # capped at the closing
        ("2026-03-04T06:00", "2026-03-06T08:00", "2026-03-06T18:00"),  # raised to the opening
        ("2026-03-04T13:00", "2026-03-06T13:00", "2026-03-06T18:00"),  # within the break
        ("2026-03-12T15:00", "2026-03-14T11:00", "2026-03-14T11:00"),  # the Saturday closes at 11:00
        ("2026-03-01T10:00", "2026-03-04T08:00", "2026-03-03T18:00"),  # a Sunday: from its next opening on
        ("2026-03-07T10:00", "2026-03-12T08:00", "2026-03-11T18:00"),
    ],
)
def test_two_working_days(anchor, kept, closing):
    """The anchor's day never counts; its time is kept within the hours of the last day, or its closing taken."""
    assert due("2 working days", anchor) == kept
    assert due("2 working days to closing", anchor) == closing


def test_days_that_begin_on_a_closed_day_have_the_same_working_time_either_way():
    """From a Sunday on, the opening of the third working day and the closing of the second are one to a clock."""
    sunday = at("2026-03-01T10:00")
    kept, closing = (WorkingDays(2, to_closing).allowed(sunday, DESK) for to_closing in (False, True))
    assert kept.duration == closing.duration == 16 * HOUR
    assert DESK.next_opening(closing.due) == kept.due


def test_working_days_count_working_time():
    """What two working days allow is the working time between: 16 hours here, 24 from half past six on."""
    assert WorkingDays(2).allowed(at("2026-03-04T10:00"), DESK).duration == 16 * HOUR
    assert WorkingDays(2).allowed(at("2026-03-04T18:30"), DESK).duration == 16 * HOUR
    assert WorkingDays(2, to_closing=True).allowed(at("2026-03-04T06:00"), DESK).duration == 24 * HOUR


def test_working_days_to_24_00():
    """The closing of a day that is open until midnight is its end."""
    always = Calendar.always(SHANGHAI)
    assert due("1 working day to closing", "2026-03-04T10:00", always) == "2026-03-06T00:00"
    assert due("1 working day", "2026-03-04T10:00", always) == "2026-03-05T10:00"


def test_a_working_day_that_the_clocks_skip():
    """The Friday that Samoa skipped is an open day without hours: the opening after it is taken."""
    samoa = Calendar("s", ZoneInfo("Pacific/Apia"), weekly=dict.fromkeys(range(5), STAFF))
    assert due("1 working day", "2011-12-29T10:00", samoa) == "2012-01-02T10:00"
    assert due("1 working day to closing", "2011-12-29T10:00", samoa) == "2012-01-02T18:00"
    assert due("before 12:00: next day; later: next day", "2011-12-29T10:00", samoa) == "2012-01-02T18:00"


@pytest.mark.parametrize("days", [0, -1, True, 1.5, "2", 100_000_001])
def test_working_days_are_a_number(days):
    """Days are a whole number from one on."""
    with pytest.raises(InvalidValue, match=r"^days: found .*a whole number from 1"):
        WorkingDays(days)


# --- calendar days


@pytest.mark.parametrize(
    ("text", "anchor", "expected"),
    [
        ("10 days", "2026-03-05T10:00", "2026-03-15T10:00"),
        ("10 days to midnight", "2026-03-05T10:00", "2026-03-16T00:00"),
        ("2 weeks", "2026-03-05T10:00", "2026-03-19T10:00"),
        ("1 month", "2026-01-31T10:00", "2026-02-28T10:00"),
        ("1 month to midnight", "2026-01-31T10:00", "2026-03-01T00:00"),
        ("1 year", "2024-02-29T10:00", "2025-02-28T10:00"),
        ("1 day", "2026-03-06T10:00", "2026-03-07T10:00"),  # a closed day stays the last day
        ("1 day", "2026-03-06T00:00", "2026-03-07T00:00"),
    ],
)
@pytest.mark.clause("AS-SLA-14")
def test_calendar_days(text, anchor, expected):
    """Days and months are of the calendar: the time is kept, a day that a month lacks is its last."""
    assert due(text, anchor) == expected


def test_calendar_days_over_clock_changes():
    """The time of the day is kept; one that is skipped moves forward, one that comes twice is the first."""
    berlin = Calendar("b", BERLIN, weekly=dict.fromkeys(range(7), STAFF))
    assert due("1 day", "2026-03-28T02:30", berlin) == "2026-03-29T03:30"
    assert due("1 day", "2026-10-24T02:30", berlin) == "2026-10-25T02:30"
    second = datetime(2025, 10, 26, 2, 30, fold=1, tzinfo=BERLIN)
    assert CalendarDays(Period(days=1)).allowed(second, berlin).due == at("2025-10-27T01:30", UTC)
    in_march = CalendarDays(Period(days=154)).allowed(second, berlin).due
    assert in_march == at("2026-03-29T01:30", UTC)  # 02:30 is skipped: 03:30


def test_calendar_days_run_by_day_and_night():
    """Ten days are 240 hours of a calendar that never closes; in the week of the clock change one less."""
    berlin = Calendar("b", BERLIN, weekly=dict.fromkeys(range(7), STAFF))
    allowed = CalendarDays(Period(days=10)).allowed(at("2026-03-25T10:00", BERLIN), berlin)
    assert (allowed.duration, allowed.calendar.name) == (239 * HOUR, "always")


def test_months_and_days_together_are_refused():
    """There is no text for a month and three days, so there is no such allowance."""
    with pytest.raises(InvalidValue, match=r"^period: found '1 months and 3 days'"):
        CalendarDays(Period(months=1, days=3))


def test_a_text_is_no_period():
    """What is written is read by ``parse_allowance``, not by the allowance itself."""
    with pytest.raises(InvalidValue, match=r"^period: found '1 month', expected a Period"):
        CalendarDays("1 month")  # type: ignore[arg-type]


# --- cut-offs

QUOTE = "before 12:00: same day; before 17:00: next day 12:00; later: next working day"


@pytest.mark.clause("AS-SLA-5")
@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("2026-03-04T00:00", "2026-03-04T18:00"),
        ("2026-03-04T11:59", "2026-03-04T18:00"),
        ("2026-03-04T12:00", "2026-03-05T12:00"),
        ("2026-03-04T16:59", "2026-03-05T12:00"),
        ("2026-03-04T17:00", "2026-03-05T18:00"),
        ("2026-03-04T23:59", "2026-03-05T18:00"),
        ("2026-03-06T12:00", "2026-03-07T12:00"),  # the next day is a Saturday, and meant
        ("2026-03-06T17:00", "2026-03-10T18:00"),
        ("2026-03-07T16:00", "2026-03-10T18:00"),  # a Saturday: from Tuesday 08:00 on
        ("2026-03-14T10:59", "2026-03-14T11:00"),  # open until 11:00
        ("2026-03-14T11:00", "2026-03-16T18:00"),  # its closing has passed: from Monday 08:00 on
        ("2026-03-14T13:00", "2026-03-15T12:00"),
    ],
)
def test_cut_offs(anchor, expected):
    """Reported at 11:59 is due the same day, at 12:00 by 12:00 of the next, from 17:00 on a working day later."""
    assert due(QUOTE, anchor) == expected


@pytest.mark.parametrize(
    ("landing", "expected"),
    [
        ("same day", "2026-03-07T00:00"),
        ("same day 24:00", "2026-03-07T00:00"),
        ("next day", "2026-03-08T00:00"),
        ("next day 24:00", "2026-03-08T00:00"),
        ("2 days later 09:30", "2026-03-08T09:30"),
        ("2 working days later 09:30", "2026-03-08T09:30"),
        ("0 working days later", "2026-03-07T00:00"),
    ],
)
def test_where_a_deadline_lands(landing, expected):
    """On a calendar that never closes, a day ends at its midnight."""
    assert due(f"later: {landing}", "2026-03-06T17:00", Calendar.always(SHANGHAI)) == expected


@pytest.mark.parametrize(
    ("landing", "expected"),
    [
        ("next day", "2026-03-10T18:00"),
        ("next day 09:30", "2026-03-07T09:30"),
        ("next day 24:00", "2026-03-08T00:00"),
        ("next working day 09:30", "2026-03-10T09:30"),
        ("2 working days later", "2026-03-11T18:00"),
        ("2 days later", "2026-03-10T18:00"),
        ("0 working days later", "2026-03-06T18:00"),
    ],
)
def test_where_a_deadline_lands_before_closed_days(landing, expected):
    """Without a time it is the closing of an open day; with a time the day may be a closed one."""
    assert due(f"later: {landing}", "2026-03-06T17:00") == expected


def test_a_deadline_on_an_open_day_counted_from_a_closed_one():
    """The same working day of a Saturday is the next open day; without a calendar day's help."""
    assert LandingDay(0, working=True).instant(date(2026, 3, 7), DESK) == at("2026-03-10T18:00")
    assert LandingDay(1, working=True).instant(date(2026, 3, 7), DESK) == at("2026-03-10T18:00")


@pytest.mark.parametrize(
    "text",
    [
        "before 12:00: same day",
        "later: same day; before 12:00: same day",
        "before 17:00: next day; before 12:00: same day; later: next day",
        "before 12:00: same day; before 12:00: next day; later: next day",
        "later: same day; later: next day",
        "before 12:00: same day 11:59; later: next day",
        "later: same day 18:00",
        "later: 0 working days later 18:00",
    ],
)
def test_cut_offs_have_an_order_and_an_end(text):
    """Times ascend, the last row is for what begins later, and no row is due before it begins."""
    with pytest.raises(InvalidValue, match=r"^cut-offs: found "):
        parse_allowance(text)


def test_a_deadline_at_the_cut_off_itself():
    """What begins before noon may be due at noon."""
    assert due("before 12:00: same day 12:00; later: next day", "2026-03-04T11:59") == "2026-03-04T12:00"


def test_no_rows_are_no_cut_offs():
    """Cut-offs without any row say nothing."""
    with pytest.raises(InvalidValue, match=r"^cut-offs: found ''"):
        CutOffs(())


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: LandingDay(-1), "after"),
        (lambda: LandingDay(True), "after"),
        (lambda: LandingDay(False), "after"),
        (lambda: LandingDay(100_000_001), "after"),
        (lambda: LandingDay(0, at=time(9, 0, 1)), "at"),
        (lambda: LandingDay(0, at=time(9, tzinfo=UTC)), "at"),
        (lambda: LandingDay(0, at="09:00"), "at"),  # type: ignore[arg-type]
        (lambda: CutOff(time(9, 0, 0, 1), LandingDay(1)), "before"),
        (lambda: CutOff(time(9, fold=1), LandingDay(1)), "before"),
        (lambda: CutOff(time(), LandingDay(1)), "before"),
    ],
    ids=[
        "negative",
        "true",
        "false",
        "far",
        "seconds",
        "zone",
        "text",
        "microseconds",
        "fold",
        "midnight",
    ],
)
def test_what_has_no_text_is_no_landing(make, field):
    """Times are local, in whole minutes; days are counted in whole numbers."""
    with pytest.raises(InvalidValue) as caught:
        make()
    assert caught.value.field == field


def test_a_deadline_that_never_lies_after_its_beginning_is_refused():
    """A same-day deadline of an hour that comes twice cannot be met from its second coming on."""
    berlin = Calendar("b", BERLIN, weekly=dict.fromkeys(range(7), ((time(), time()),)))
    rows = parse_allowance("before 02:30: same day 02:30; later: next day")
    second = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=BERLIN)
    with pytest.raises(InvalidValue, match=r"^deadline: found .*after the beginning"):
        rows.allowed(second, berlin)


# --- deadlines that somebody names


def test_until_an_instant():
    """A deadline that was named is due then, by day and night, and is kept in UTC."""
    until = Until(at("2026-03-05T18:00"))
    allowed = until.allowed(at("2026-03-04T10:00"), DESK)
    assert (allowed.due, allowed.duration) == (at("2026-03-05T10:00", UTC), 32 * HOUR)
    assert until.at.tzinfo is UTC
    assert until == Until(at("2026-03-05T10:00", UTC))


def test_until_the_beginning_is_refused():
    """A deadline at the beginning or before it leaves no time at all."""
    for anchor in ("2026-03-05T18:00", "2026-03-05T18:01"):
        with pytest.raises(InvalidValue, match=r"^deadline: found .*an instant after the beginning"):
            Until(at("2026-03-05T18:00")).allowed(at(anchor), DESK)


@pytest.mark.parametrize(
    "instant", [datetime(2026, 3, 5), datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN), "2026-03-05", None]
)
def test_until_no_instant_is_refused(instant):
    """A naive time, one that the clocks skip and what is none are no deadline."""
    with pytest.raises(InvalidValue, match=r"^until: found "):
        Until(instant)
    with pytest.raises(InvalidValue, match=r"^delivery-date: found "):
        Agreed("delivery-date").filled({"delivery-date": instant})


@pytest.mark.clause("AS-SLA-13")
def test_an_agreed_deadline_is_asked_for():
    """What a contract or a customer names has no default: its name is asked for, and then it is a deadline."""
    agreed = parse_allowance("agreed delivery-date")
    assert agreed.asks == "delivery-date"
    with pytest.raises(MissingValue, match=r"^delivery-date has no value for a deadline that is agreed"):
        agreed.allowed(at("2026-03-04T10:00"), DESK)
    with pytest.raises(MissingValue, match=r"^delivery-date has no value for a deadline that is agreed"):
        agreed.filled({"other": at("2026-03-05T18:00")})
    filled = agreed.filled({"delivery-date": at("2026-03-05T18:00")})
    assert filled == Until(at("2026-03-05T18:00"))
    assert filled.asks is None


@pytest.mark.clause("AS-SLA-20")
def test_a_blank_is_asked_for():
    """A number that a source leaves blank has no default; with a number it is the length that it says."""
    blank = parse_allowance("{visit-days} working days")
    assert blank == Blank("visit-days", "working days")
    assert blank.asks == "visit-days"
    for ask in (lambda: blank.allowed(at("2026-03-04T10:00"), DESK), lambda: blank.filled({})):
        with pytest.raises(MissingValue, match=r"^visit-days has no value for '\{visit-days\} working days'"):
            ask()
    assert blank.filled({"visit-days": 3}) == WorkingDays(3)
    assert parse_allowance("{n} working days to closing").filled({"n": 1}) == WorkingDays(1, to_closing=True)
    assert parse_allowance("{n} weeks").filled({"n": 2}) == CalendarDays(Period(days=14))
    assert parse_allowance("{n} working hours").filled({"n": 4}) == WorkingTime(4 * HOUR)


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "3", None, 100_000_001])
def test_a_blank_takes_whole_numbers_only(number):
    """A blank is filled with a whole number from one on."""
    with pytest.raises(InvalidValue, match=r"^visit-days: found .*a whole number from 1"):
        Blank("visit-days", "working days").filled({"visit-days": number})


@pytest.mark.parametrize("name", ["", "Visit days", "3-days", "{x}", None])
def test_names_are_plain(name):
    """A name is of small letters, digits and hyphens, so that it has a text form."""
    for make in (lambda: Agreed(name), lambda: Blank(name, "days")):
        with pytest.raises(InvalidValue, match=r"^name: found "):
            make()


def test_a_blank_has_a_unit():
    """A unit that no length has is refused when the blank is made, not when it is filled."""
    with pytest.raises(InvalidValue, match=r"^length: found '2 fortnights'"):
        Blank("visit-days", "fortnights")


def test_what_is_no_blank_is_filled_with_nothing():
    """An allowance without a blank is itself, whatever is given."""
    four = WorkingTime(4 * HOUR)
    assert four.filled({"visit-days": 3}) is four
    assert four.asks is None


# --- the text form


@pytest.mark.parametrize(
    ("text", "allowance"),
    [
        ("4 working hours", WorkingTime(4 * HOUR)),
        ("1 working hour", WorkingTime(HOUR)),
        ("90 working minutes", WorkingTime(1.5 * HOUR)),
        ("1 working second", WorkingTime(timedelta(seconds=1))),
        ("24 hours", ElapsedTime(24 * HOUR)),
        ("10 minutes", ElapsedTime(timedelta(minutes=10))),
        ("0.5 seconds", ElapsedTime(timedelta(milliseconds=500))),
        ("1.000001 seconds", ElapsedTime(timedelta(seconds=1, microseconds=1))),
        ("1 working day", WorkingDays(1)),
        ("3 working days", WorkingDays(3)),
        ("3 working days to closing", WorkingDays(3, to_closing=True)),
        ("1 day", CalendarDays(Period(days=1))),
        ("10 days to midnight", CalendarDays(Period(days=10), to_midnight=True)),
        ("1 month", CalendarDays(Period(months=1))),
        ("18 months", CalendarDays(Period(months=18))),
        ("2 years to midnight", CalendarDays(Period(months=24), to_midnight=True)),
        ("{visit-days} working days", Blank("visit-days", "working days")),
        ("{n} months to midnight", Blank("n", "months to midnight")),
        ("agreed delivery-date", Agreed("delivery-date")),
        ("until 2026-03-05T10:00:00+00:00", Until(at("2026-03-05T18:00"))),
        (
            QUOTE,
            CutOffs(
                (
                    CutOff(time(12), LandingDay(0)),
                    CutOff(time(17), LandingDay(1, at=time(12))),
                    CutOff(None, LandingDay(1, working=True)),
                )
            ),
        ),
        (
            "before 00:01: same day 24:00; later: 2 days later",
            CutOffs((CutOff(time(0, 1), LandingDay(0, at=time())), CutOff(None, LandingDay(2)))),
        ),
        ("later: 3 working days later 09:30", CutOffs((CutOff(None, LandingDay(3, True, time(9, 30))),))),
        ("later: 0 working days later", CutOffs((CutOff(None, LandingDay(0, working=True)),))),
    ],
)
def test_a_text_and_back(text, allowance):
    """The text form is read as the allowance, and written again as it was."""
    assert parse_allowance(text) == allowance
    assert str(allowance) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("  4   working\thours ", "4 working hours"),
        ("1 hours", "1 hour"),
        ("60 minutes", "1 hour"),
        ("1.5 hours", "90 minutes"),
        ("2 weeks", "14 days"),
        ("12 months", "1 year"),
        ("3.0 working days", "3 working days"),
        ("{n} working day", "{n} working days"),
        ("later:  1 day later", "later: next day"),
        ("later: 1 working days later", "later: next working day"),
        ("until 2026-03-05T18:00:00+08:00", "until 2026-03-05T10:00:00+00:00"),
    ],
)
def test_other_texts_of_the_same(text, written):
    """Spaces, plurals and smaller units are read; one text is written."""
    allowance = parse_allowance(text)
    assert str(allowance) == written
    assert parse_allowance(written) == allowance


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        None,
        4,
        "4",
        "hours",
        "four hours",
        "4 Working Hours",
        "-4 hours",
        "0 hours",
        "0 working days",
        "0.0 seconds",
        "1.5 working days",
        "0.5 days",
        "0.1234567 seconds",
        "4 working weeks",
        "1 working month",
        "4 working hours to closing",
        "4 hours to midnight",
        "3 working days to midnight",
        "3 days to closing",
        "4 hours or so",
        "4hours",
        "1e3 hours",
        "4 fortnights",
        "1000000000000 hours",
        "999999999 hours",
        "9" * 5000 + " hours",
        "4\u0660 hours",
        "{} days",
        "{Visit} days",
        "{n} fortnights",
        "{n} working weeks",
        "agreed",
        "agreed Delivery date",
        "until",
        "until tomorrow",
        "until 2026-03-05T25:00:00+00:00",
        "before 12:00",
        "before 12:00:",
        "before 25:00: same day; later: next day",
        "before 24:00: same day; later: next day",
        "before 00:00: same day; later: next day",
        "before 9:00: same day; later: next day",
        "before 12:60: same day; later: next day",
        "before 12:00: today; later: next day",
        "before 12:00: next day 25:00; later: next day",
        "before 12:00: next day 00:00; later: next day",
        "before 12:00: same day;",
        "later: " + "9" * 5000 + " days later",
        "later: 999999999 days later",
    ],
)
def test_a_text_that_is_none_of_the_forms_is_refused(text):
    """Nothing is guessed: an empty text, a word, zero, half a day, an unknown unit, a time that is none."""
    with pytest.raises(InvalidValue) as caught:
        parse_allowance(text)
    assert caught.value.field in {"length", "after"}
    assert caught.value.expected


def test_numbers_have_a_limit():
    """A hundred million of a unit is the most; whoever wrote more did not mean it."""
    assert parse_allowance("100000000 hours") == ElapsedTime(100_000_000 * HOUR)
    assert parse_allowance("100000000 working days") == WorkingDays(100_000_000)
    for text in ("100000001 hours", "100000001 days", "later: 100000001 days later"):
        with pytest.raises(InvalidValue):
            parse_allowance(text)


def test_until_a_naive_instant_is_refused():
    """A deadline in a text says its offset."""
    with pytest.raises(InvalidValue, match=r"^until: found .*an aware datetime"):
        parse_allowance("until 2026-03-05T18:00:00")


# --- the ends of the calendar

EVERY: tuple[Allowance, ...] = (
    WorkingTime(4 * HOUR),
    WorkingTime(timedelta.max),
    ElapsedTime(4 * HOUR),
    ElapsedTime(timedelta.max),
    WorkingDays(3),
    WorkingDays(100_000_000, to_closing=True),
    CalendarDays(Period(days=10)),
    CalendarDays(Period(months=100_000_000)),
    CalendarDays(Period(days=1), to_midnight=True),
    CalendarDays(Period(days=100_000_000), to_midnight=True),
    parse_allowance(QUOTE),
    parse_allowance("later: 100000000 days later"),
    parse_allowance("later: 100000000 working days later 09:00"),
    parse_allowance("later: next day 24:00"),
)


@pytest.mark.parametrize("allowance", EVERY, ids=str)
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Adak")], ids=str)
def test_nothing_but_an_invalid_value_at_the_ends_of_the_calendar(allowance, zone):
    """Where no deadline can lie, it is refused; no arithmetic overflows."""
    calendar = Calendar("c", zone, weekly=dict.fromkeys(range(7), ((time(0), time(0)),)))
    ends = [
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999_999),
        datetime(2, 1, 1),
        datetime(9998, 12, 31, 23, 59),
        datetime(9999, 1, 1),
        datetime(9998, 12, 31),
    ]
    for instant in ends:
        for tz in (UTC, zone):
            with suppress(InvalidValue):
                assert allowance.allowed(instant.replace(tzinfo=tz), calendar).duration


@pytest.mark.parametrize("allowance", EVERY, ids=str)
def test_a_naive_anchor_is_refused(allowance):
    """Without an offset nobody knows when it begins."""
    with pytest.raises(InvalidValue, match=r"aware datetime"):
        allowance.allowed(datetime(2026, 3, 4, 10), DESK)


@pytest.mark.parametrize("allowance", EVERY[::2], ids=str)
def test_the_zone_of_the_anchor_does_not_matter(allowance):
    """One instant, written in another zone, is due at the same instant, and for as long."""
    here, there = at("2026-03-04T10:00"), at("2026-03-04T10:00").astimezone(BERLIN)
    try:
        allowed = allowance.allowed(here, DESK)
    except InvalidValue:
        with pytest.raises(InvalidValue):
            allowance.allowed(there, DESK)
    else:
        assert allowance.allowed(there, DESK) == allowed
