"""Opening hours, working time and working days, beside a reference that walks every day."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servflow.core.dates import start_of_day
from servflow.core.errors import InvalidValue
from servflow.core.worktime import Calendar, Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)

OFFICE: Hours = ((time(8, 30), time(12)), (time(13), time(17)))
WHOLE_DAY: Hours = ((time(), time()),)
NIGHT: Hours = ((time(), time(6)), (time(22), time()))

# Spring Festival 2026: off from Sunday 15 to Monday 23 February, made up for on two Saturdays and Sundays.
DESK = Calendar(
    "desk",
    SHANGHAI,
    weekly=dict.fromkeys(range(5), OFFICE),
    exceptions={date(2026, 2, day): () for day in range(15, 24)}
    | {date(2026, 2, 14): OFFICE, date(2026, 2, 28): ((time(9), time(12)),)},
)


def at(text: str, zone: tzinfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def nearly_always(zone: tzinfo) -> Calendar:
    """Open day and night but for one day long ago, so that its working time is summed up day by day."""
    whole = dict.fromkeys(range(7), WHOLE_DAY)
    return Calendar("nearly always", zone, weekly=whole, exceptions={date(1850, 1, 1): ()})


# --- the calendar as a value


def test_weekdays_without_hours_are_closed():
    """A weekday left out, and one with no segments, are closed alike."""
    weekly = dict.fromkeys(range(5), OFFICE)
    assert Calendar("a", UTC, weekly=weekly) == Calendar("a", UTC, weekly={**weekly, 5: (), 6: ()})


def test_equal_content_is_equal():
    """Calendars that say the same are equal and have one hash, in whatever order it was written."""
    same = Calendar(
        "desk",
        ZoneInfo.no_cache("Asia/Shanghai"),
        weekly={day: DESK.weekly[day] for day in (4, 3, 2, 1, 0)},
        exceptions={day: DESK.exceptions[day] for day in sorted(DESK.exceptions, reverse=True)},
    )
    assert (same, hash(same), same.digest) == (DESK, hash(DESK), DESK.digest)
    assert {same} == {DESK}
    assert DESK != "desk"


@pytest.mark.parametrize(
    "other",
    [
        Calendar("desk 2", DESK.zone, weekly=DESK.weekly, exceptions=DESK.exceptions),
        Calendar(DESK.name, BERLIN, weekly=DESK.weekly, exceptions=DESK.exceptions),
        Calendar(DESK.name, DESK.zone, weekly={**DESK.weekly, 4: OFFICE[:1]}, exceptions=DESK.exceptions),
        Calendar(DESK.name, DESK.zone, weekly=DESK.weekly),
    ],
    ids=["name", "zone", "weekly", "exceptions"],
)
def test_any_difference_shows_in_the_digest(other):
    """Another name, zone, hours or exceptions give another digest, and another calendar."""
    assert other != DESK
    assert other.digest != DESK.digest


def test_the_digest_is_the_same_for_ever():
    """Journals store the digest, so its text form may never change."""
    calendar = Calendar("desk", SHANGHAI, weekly={0: OFFICE, 5: WHOLE_DAY}, exceptions={date(2026, 1, 1): ()})
    written = (
        '["servflow calendar 1","desk","Asia/Shanghai",'
        '[[0,"08:30:00-12:00:00, 13:00:00-17:00:00"],[5,"00:00:00-00:00:00"]],[["2026-01-01",""]]]'
    )
    assert calendar.digest == sha256(written.encode()).hexdigest()


def test_the_digest_is_the_same_in_another_process():
    """Neither hash seed nor memory address gets into the digest."""
    code = "from datetime import UTC; from servflow.core.worktime import Calendar; print(Calendar.always(UTC).digest)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == Calendar.always(UTC).digest


def test_a_calendar_cannot_be_changed():
    """Neither its attributes nor its mappings take a new value; the mappings given are copied."""
    weekly = {0: OFFICE}
    calendar = Calendar("a", UTC, weekly=weekly)
    weekly[1] = OFFICE
    assert dict(calendar.weekly) == {0: OFFICE}
    with pytest.raises(AttributeError):
        calendar.name = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        calendar.weekly[1] = OFFICE  # type: ignore[index]
    with pytest.raises(TypeError):
        calendar.exceptions[date(2026, 1, 1)] = ()  # type: ignore[index]


def test_hours_are_given_by_name():
    """Weekly hours and exceptions are never taken by position."""
    with pytest.raises(TypeError):
        Calendar("a", UTC, {0: OFFICE})  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Calendar("a", UTC, {}, weekly={0: OFFICE})  # type: ignore[misc]


def test_a_calendar_survives_a_pickle():
    """A pickled calendar comes back equal and working."""
    again = pickle.loads(pickle.dumps(DESK))
    assert again == DESK
    assert again.open_days(date(2026, 2, 1), date(2026, 2, 28)) == 16


def test_hours_given_as_lists_are_kept_as_tuples():
    """Hours may come as lists, as a loader of rulebooks gives them."""
    listed = Calendar("a", UTC, weekly={0: [[time(8), time(9)]]})  # type: ignore[dict-item]
    assert listed.weekly[0] == ((time(8), time(9)),)


def test_segments_are_shown_by_the_calendar():
    """The representation shows name, zone, hours and exceptions, and none of the workings."""
    shown = repr(Calendar("a", UTC, weekly={0: ((time(8), time(9)),)}))
    assert shown == (
        "Calendar(name='a', zone=datetime.timezone.utc, "
        "weekly=mappingproxy({0: ((datetime.time(8, 0), datetime.time(9, 0)),)}), exceptions=mappingproxy({}))"
    )


# --- mistakes


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        (((time(9), time(9)),), "09:00:00-09:00:00"),
        (((time(9), time(8)),), "09:00:00-08:00:00"),
        (((time(8), time(12)), (time(11), time(17))), "08:00:00-12:00:00, 11:00:00-17:00:00"),
        (((time(13), time(17)), (time(8), time(12))), "13:00:00-17:00:00, 08:00:00-12:00:00"),
        (((time(8), time()), (time(8), time(9))), "08:00:00-00:00:00, 08:00:00-09:00:00"),
        (((time(8, tzinfo=UTC), time(9)),), "08:00:00+00:00-09:00:00"),
        (((time(8), time(9, tzinfo=UTC)),), "08:00:00-09:00:00+00:00"),
        (((time(8), time(9, fold=1)),), "08:00:00-09:00:00"),
        ((("08:00", "09:00"),), "08:00-09:00"),
    ],
    ids=["empty", "backwards", "overlap", "unsorted", "after-24", "zone", "zone-end", "fold", "text"],
)
def test_hours_that_cannot_be_are_refused_with_their_place(hours, found):
    """Hours out of order or no local times are refused; the error names the weekday or date."""
    with pytest.raises(InvalidValue) as caught:
        Calendar("a", UTC, weekly={0: OFFICE, 6: hours})
    assert (caught.value.field, caught.value.found) == ("hours on Sunday", found)
    with pytest.raises(InvalidValue) as caught:
        Calendar("a", UTC, weekly={0: OFFICE}, exceptions={date(2026, 2, 28): hours})
    assert (caught.value.field, caught.value.found) == ("hours on 2026-02-28", found)
    assert caught.value.expected.startswith(
        "local times, in order, no overlap, each end after its begin; an end of 00:00 is 24:00"
    )


def test_hours_past_midnight_are_told_how_to_be_written():
    """A night shift is two segments on two days; an end at midnight is none."""
    for hours, hint in (
        (((time(22), time(6)),), "; past midnight: 22:00-24:00, and 00:00-06:00 of the next day"),
        (((time(13), time(17)), (time(8), time())), ""),
        (((time(9), time(9)),), ""),
    ):
        with pytest.raises(InvalidValue) as caught:
            Calendar("a", UTC, weekly={0: hours})
        assert caught.value.expected.partition("24:00")[2] == hint


@pytest.mark.parametrize("hours", [None, 8, (time(8), time(9)), ((time(8), time(9), time(10)),)])
def test_hours_are_segments(hours):
    """What is no row of segments, each from and to, is refused with its place."""
    with pytest.raises(InvalidValue, match=r"^hours on Monday: found .*segments, each from and to"):
        Calendar("a", UTC, weekly={0: hours})
    with pytest.raises(InvalidValue, match=r"^hours on 2026-02-28: found .*segments, each from and to"):
        Calendar("a", UTC, weekly={0: OFFICE}, exceptions={date(2026, 2, 28): hours})


@pytest.mark.parametrize("weekday", [7, -1, True, "Monday", 1.0])
def test_a_weekday_that_is_none_is_refused(weekday):
    """Weekdays run from 0 to 6."""
    with pytest.raises(InvalidValue, match=r"^weekly: found .*0 \(Monday\) to 6 \(Sunday\)"):
        Calendar("a", UTC, weekly={weekday: OFFICE})


@pytest.mark.parametrize("day", ["2026-01-01", datetime(2026, 1, 1)])
def test_an_exception_on_no_date_is_refused(day):
    """An exception stands on a date; a datetime is none, since it would never be found again."""
    with pytest.raises(InvalidValue, match=r"^exceptions: found .*a date"):
        Calendar("a", UTC, weekly={0: OFFICE}, exceptions={day: ()})


@pytest.mark.parametrize("weekly", [{}, {0: ()}])
def test_a_calendar_that_never_opens_is_refused(weekly):
    """Without any open day a due time would be searched for ever."""
    with pytest.raises(InvalidValue, match=r"^calendar shut: found 'no hours at all'"):
        Calendar("shut", UTC, weekly=weekly, exceptions={date(2026, 1, 1): ()})


def test_a_zone_is_a_zone():
    """The name of a zone is no zone: the core looks up nothing."""
    with pytest.raises(InvalidValue, match=r"^zone: found 'Asia/Shanghai'"):
        Calendar("a", "Asia/Shanghai", weekly={0: OFFICE})  # type: ignore[arg-type]


def test_a_zone_without_a_name_is_refused():
    """A zone known only by its place in memory would give another digest in every process."""
    nameless = ZoneInfo.from_file(io.BytesIO((files("tzdata") / "zoneinfo" / "UTC").read_bytes()))
    with pytest.raises(InvalidValue, match=r"a zone with a name"):
        Calendar("a", nameless, weekly={0: OFFICE})


def test_naive_datetimes_are_refused():
    """An instant without an offset is nobody's instant; the error says which argument it was."""
    naive, aware = datetime(2026, 1, 5, 9), at("2026-01-05T09:00")
    for call, field in (
        (lambda: DESK.is_open_at(naive), "at"),
        (lambda: DESK.next_opening(naive), "at"),
        (lambda: DESK.open_time(naive, aware), "start"),
        (lambda: DESK.open_time(aware, naive), "end"),
        (lambda: DESK.add_open_time(naive, HOUR), "start"),
        (lambda: DESK.subtract_open_time(naive, HOUR), "end"),
        (lambda: DESK.last_closing(naive), "at"),
    ):
        with pytest.raises(InvalidValue, match=r"aware datetime") as caught:
            call()
        assert caught.value.field == field


def test_a_datetime_is_no_day():
    """Where a day is asked for, an instant is refused: which day it lies on depends on a zone."""
    instant, day = at("2026-01-05T09:00"), date(2026, 1, 5)
    for call, field in (
        (lambda: DESK.is_open_on(instant), "day"),
        (lambda: DESK.opening(instant), "day"),
        (lambda: DESK.open_days(instant, day), "after"),
        (lambda: DESK.open_days(day, instant), "through"),
        (lambda: DESK.add_open_days(instant, 1), "day"),
        (lambda: DESK.subtract_open_days(instant, 1), "day"),
        (lambda: DESK.next_open_day(instant), "day"),
    ):
        with pytest.raises(InvalidValue, match=r"a date; which date an instant lies on") as caught:
            call()
        assert caught.value.field == field


@pytest.mark.parametrize("days", [0, -1, True, 1.5, "2"])
def test_only_whole_days_above_zero_are_added(days):
    """The zeroth open day after a day is nothing; neither is half of one."""
    for move in (DESK.add_open_days, DESK.subtract_open_days):
        with pytest.raises(InvalidValue, match=r"^days: found .*a whole number, 1 or more"):
            move(date(2026, 1, 5), days)


@pytest.mark.parametrize("duration", [timedelta(), -HOUR, 3600])
def test_only_time_above_zero_is_added(duration):
    """No working time at all has no earliest instant worth the name."""
    for move in (DESK.add_open_time, DESK.subtract_open_time):
        with pytest.raises(InvalidValue, match=r"^duration: found .*above zero"):
            move(at("2026-01-05T09:00"), duration)


# --- days


def test_an_exception_replaces_its_weekday():
    """A holiday on a Monday is closed; a make-up Saturday is open; the days beside keep their hours."""
    days = [date(2026, 2, day) for day in (13, 14, 15, 16, 23, 24, 28)]
    assert [DESK.is_open_on(day) for day in days] == [True, True, False, False, False, True, True]


def test_open_days_leave_out_the_first_and_take_in_the_last():
    """From Friday 13 through Saturday 14 February is one open day; from Saturday through Sunday none."""
    friday, saturday, sunday = (date(2026, 2, day) for day in (13, 14, 15))
    assert DESK.open_days(friday, friday) == 0
    assert DESK.open_days(friday, saturday) == 1
    assert DESK.open_days(date(2026, 2, 12), saturday) == 2
    assert DESK.open_days(saturday, sunday) == 0


def test_a_span_that_ends_before_it_starts_has_no_open_days():
    """Somebody who returns before the due day is no days late, not minus some."""
    assert DESK.open_days(date(2026, 2, 13), date(2026, 2, 2)) == 0


def test_a_closure_outside_the_span_never_matters():
    """A closure on the first day, or on the day after the last, changes no count."""
    span = date(2026, 3, 2), date(2026, 3, 6)
    closed = Calendar(
        "b",
        SHANGHAI,
        weekly=DESK.weekly,
        exceptions={date(2026, 3, 2): (), date(2026, 3, 7): (), date(2026, 3, 9): ()},
    )
    assert closed.open_days(*span) == DESK.open_days(*span) == 4


def test_open_days_are_added_over_the_festival():
    """The third working day after Thursday 12 February is Tuesday the 24th: Friday, Saturday, Tuesday."""
    assert DESK.add_open_days(date(2026, 2, 12), 1) == date(2026, 2, 13)
    assert DESK.add_open_days(date(2026, 2, 12), 3) == date(2026, 2, 24)


def test_open_days_are_taken_off_over_the_festival():
    """The third working day before Tuesday 24 February is Thursday the 12th: Saturday, Friday, Thursday."""
    assert DESK.subtract_open_days(date(2026, 2, 24), 1) == date(2026, 2, 14)
    assert DESK.subtract_open_days(date(2026, 2, 24), 3) == date(2026, 2, 12)
    assert DESK.subtract_open_days(date(2026, 2, 20), 1) == date(2026, 2, 14)


def test_days_run_back_to_the_start_of_the_calendar():
    """The first open day of the year 1 is found; the one before it is refused."""
    assert date.min.weekday() == 0
    assert DESK.subtract_open_days(date(1, 1, 2), 1) == date.min
    for days in (2, 10**30):
        with pytest.raises(InvalidValue, match=r"^days: found .*since the year 1"):
            DESK.subtract_open_days(date(1, 1, 2), days)
    fair = Calendar("fair", UTC, weekly={}, exceptions={date(2026, 5, 9): OFFICE})
    assert fair.subtract_open_days(date(2030, 1, 1), 1) == date(2026, 5, 9)
    with pytest.raises(InvalidValue, match=r"since the year 1"):
        fair.subtract_open_days(date(2026, 5, 9), 1)


def test_the_day_itself_never_counts():
    """One working day after a Saturday, and after the Sunday that follows it, is the same Monday."""
    assert (
        DESK.add_open_days(date(2026, 3, 7), 1) == DESK.add_open_days(date(2026, 3, 8), 1) == date(2026, 3, 9)
    )


def test_the_next_open_day_may_be_today():
    """An open day is its own next open day; a holiday's is the first day after the holidays."""
    assert DESK.next_open_day(date(2026, 2, 14)) == date(2026, 2, 14)
    assert DESK.next_open_day(date(2026, 2, 15)) == date(2026, 2, 24)


def test_a_calendar_of_single_days():
    """A desk that opens on written days only is searched along those, and not beyond the last."""
    fair = Calendar(
        "fair",
        UTC,
        weekly={},
        exceptions={date(2026, 5, 2): (), date(2026, 5, 9): OFFICE, date(2027, 5, 8): OFFICE},
    )
    assert fair.next_open_day(date(2026, 5, 10)) == date(2027, 5, 8)
    assert fair.add_open_days(date(2020, 1, 1), 2) == date(2027, 5, 8)
    assert fair.open_days(date(2020, 1, 1), date(2030, 1, 1)) == 2
    assert fair.add_open_time(at("2026-05-09T16:00", UTC), 2 * HOUR) == at("2027-05-08T09:30", UTC)
    with pytest.raises(InvalidValue, match=r"^days: found 1, expected so many open days after 2027-05-08"):
        fair.add_open_days(date(2027, 5, 8), 1)
    with pytest.raises(InvalidValue, match=r"^duration: found .* so much working time after 2027-05-08"):
        fair.add_open_time(at("2027-05-08T17:00", UTC), HOUR)
    with pytest.raises(InvalidValue, match=r"^at: found .* with an opening after it"):
        fair.next_opening(at("2027-05-08T17:00", UTC))
    with pytest.raises(InvalidValue, match=r"by the year 9999"):
        fair.add_open_days(date(2020, 1, 1), 3)


def test_days_run_to_the_end_of_the_calendar():
    """The last open day of the year 9999 is found; the one after it is refused, not an overflow."""
    assert date.max.weekday() == 4
    assert DESK.add_open_days(date(9999, 12, 30), 1) == date.max
    assert DESK.next_open_day(date.max) == date.max
    assert DESK.open_days(date.min, date.max) == 521722 * 5 + 5 - 1 - 6 + 2
    for days in (1, 10**30):
        with pytest.raises(InvalidValue, match=r"by the year 9999"):
            DESK.add_open_days(date.max, days)


# --- instants


def test_a_day_opens_by_local_time():
    """Office hours in Shanghai begin half past midnight in UTC, and break at noon."""
    assert DESK.opening(date(2026, 1, 5)) == (
        (at("2026-01-05T00:30", UTC), at("2026-01-05T04:00", UTC)),
        (at("2026-01-05T05:00", UTC), at("2026-01-05T09:00", UTC)),
    )
    assert all(instant.tzinfo is UTC for pair in DESK.opening(date(2026, 1, 5)) for instant in pair)
    assert DESK.opening(date(2026, 2, 16)) == ()
    assert DESK.opening(date(2026, 2, 28)) == ((at("2026-02-28T01:00", UTC), at("2026-02-28T04:00", UTC)),)


def test_midnight_as_an_end_is_the_end_of_the_day():
    """A segment from 22:00 to 00:00 ends where the next day begins."""
    calendar = Calendar("night", UTC, weekly={0: NIGHT})
    assert calendar.opening(date(2026, 1, 5)) == (
        (at("2026-01-05T00:00", UTC), at("2026-01-05T06:00", UTC)),
        (at("2026-01-05T22:00", UTC), at("2026-01-06T00:00", UTC)),
    )


def test_segments_that_touch_are_one_opening():
    """Eight to twelve and twelve to five are eight to five."""
    calendar = Calendar("a", UTC, weekly={0: ((time(8), time(12)), (time(12), time(17)))})
    assert calendar.opening(date(2026, 1, 5)) == ((at("2026-01-05T08:00", UTC), at("2026-01-05T17:00", UTC)),)


def test_open_from_the_opening_until_before_the_closing():
    """The opening instant is open, the closing instant is not; the noon break is closed."""
    stamps = ["08:29:59", "08:30", "11:59:59", "12:00", "12:59:59", "13:00", "16:59:59", "17:00"]
    found = [DESK.is_open_at(at(f"2026-01-05T{stamp}")) for stamp in stamps]
    assert found == [False, True, True, False, False, True, True, False]


def test_the_zone_of_an_instant_does_not_matter():
    """One instant, written in another zone, is as open and as far as before."""
    start, end = at("2026-01-05T09:00"), at("2026-01-06T09:00")
    berlin = start.astimezone(BERLIN)
    assert DESK.is_open_at(berlin)
    assert DESK.open_time(berlin, end) == DESK.open_time(start, end) == 7.5 * HOUR
    assert DESK.add_open_time(berlin, HOUR) == DESK.add_open_time(start, HOUR)


def test_working_time_counts_open_hours_only():
    """From Friday 13 February, 16:00, to Tuesday the 24th, 09:00: an hour, the make-up Saturday, half an hour."""
    assert DESK.open_time(at("2026-02-13T16:00"), at("2026-02-24T09:00")) == HOUR + 7.5 * HOUR + 0.5 * HOUR
    assert DESK.open_time(at("2026-02-15T00:00"), at("2026-02-24T08:30")) == timedelta()


def test_working_time_is_half_open():
    """The microsecond at the start counts, the one at the end does not."""
    opening = at("2026-01-05T08:30")
    assert DESK.open_time(opening, opening + TICK) == TICK
    assert DESK.open_time(opening - TICK, opening) == timedelta()
    assert DESK.open_time(opening, opening) == timedelta()


def test_working_time_backwards_is_none():
    """An end before the start spans no working time, and never less than none."""
    assert DESK.open_time(at("2026-01-06T09:00"), at("2026-01-05T09:00")) == timedelta()
    assert DESK.open_time(at("2026-01-05T10:00"), at("2026-01-05T09:00")) == timedelta()


def test_working_time_is_added_over_breaks_and_nights():
    """Two hours from 11:00 end at 14:00; two hours from Friday 16:30 end on Monday at 10:00."""
    assert DESK.add_open_time(at("2026-01-05T11:00"), 2 * HOUR) == at("2026-01-05T14:00")
    assert DESK.add_open_time(at("2026-01-09T16:30"), 2 * HOUR) == at("2026-01-12T10:00")
    assert DESK.add_open_time(at("2026-01-05T11:00"), HOUR).tzinfo is UTC


def test_time_that_runs_out_at_a_closing_ends_there():
    """The hour before a closing ends at that closing, at noon, in the evening and before the holidays."""
    assert DESK.add_open_time(at("2026-01-05T11:00"), HOUR) == at("2026-01-05T12:00")
    assert DESK.add_open_time(at("2026-01-05T16:00"), HOUR) == at("2026-01-05T17:00")
    assert DESK.add_open_time(at("2026-01-05T16:00"), HOUR + TICK) == at("2026-01-06T08:30") + TICK
    assert DESK.add_open_time(at("2026-02-14T16:00"), HOUR) == at("2026-02-14T17:00")
    assert DESK.add_open_time(at("2026-02-13T17:00"), 7.5 * HOUR) == at("2026-02-14T17:00")


def test_seconds_are_kept():
    """A start at 36 seconds past the minute gives an end at 36 seconds past."""
    assert DESK.add_open_time(at("2026-01-05T08:46:12"), HOUR) == at("2026-01-05T09:46:12")


def test_hours_may_be_given_to_the_microsecond():
    """Seconds and microseconds of the hours are counted on every day, whole or in part."""
    calendar = Calendar("a", UTC, weekly=dict.fromkeys(range(7), ((time(8, 0, 1, 1), time(9, 0, 3, 4)),)))
    a_day = HOUR + timedelta(seconds=2, microseconds=3)
    assert calendar.open_time(at("2026-01-05T08:30", UTC), at("2026-01-08T08:30", UTC)) == 3 * a_day
    assert calendar.add_open_time(at("2026-01-05T00:00", UTC), 3 * a_day) == at(
        "2026-01-07T09:00:03.000004", UTC
    )


def test_the_next_opening_is_now_if_open():
    """An open desk opens now; at the closing, in the break and on a holiday the next opening counts."""
    for stamp, opening in (
        ("2026-01-05T09:15", "2026-01-05T09:15"),
        ("2026-01-05T08:30", "2026-01-05T08:30"),
        ("2026-01-05T12:00", "2026-01-05T13:00"),
        ("2026-01-05T17:00", "2026-01-06T08:30"),
        ("2026-02-14T17:00", "2026-02-24T08:30"),
    ):
        found = DESK.next_opening(at(stamp))
        assert (found, found.tzinfo) == (at(opening), UTC)


def test_working_time_is_taken_off_over_breaks_and_nights():
    """Two hours before 14:00 begin at 11:00; two before Monday 10:00 on Friday at 16:30."""
    assert DESK.subtract_open_time(at("2026-01-05T14:00"), 2 * HOUR) == at("2026-01-05T11:00")
    assert DESK.subtract_open_time(at("2026-01-12T10:00"), 2 * HOUR) == at("2026-01-09T16:30")
    assert DESK.subtract_open_time(at("2026-02-24T09:00"), 9 * HOUR) == at("2026-02-13T16:00")
    assert DESK.subtract_open_time(at("2026-01-05T14:00"), HOUR).tzinfo is UTC


def test_time_that_begins_at_an_opening_begins_there():
    """The hour before 14:00 begins at 13:00, when the break ends, not at noon, when it began."""
    assert DESK.subtract_open_time(at("2026-01-05T14:00"), HOUR) == at("2026-01-05T13:00")
    assert DESK.subtract_open_time(at("2026-01-05T14:00"), HOUR + TICK) == at("2026-01-05T12:00") - TICK
    assert DESK.subtract_open_time(at("2026-01-12T09:30"), HOUR) == at("2026-01-12T08:30")
    assert DESK.subtract_open_time(at("2026-01-11T09:30"), 7.5 * HOUR) == at("2026-01-09T08:30")


def test_the_last_closing_is_now_if_it_was_open_until_now():
    """Within the hours and at their end it is now; in the break, at an opening and on a holiday it is earlier."""
    for stamp, closing in (
        ("2026-01-05T09:15", "2026-01-05T09:15"),
        ("2026-01-05T12:00", "2026-01-05T12:00"),
        ("2026-01-05T12:30", "2026-01-05T12:00"),
        ("2026-01-05T13:00", "2026-01-05T12:00"),
        ("2026-01-05T08:30", "2026-01-02T17:00"),
        ("2026-02-24T08:30", "2026-02-14T17:00"),
    ):
        found = DESK.last_closing(at(stamp))
        assert (found, found.tzinfo) == (at(closing), UTC)


def test_working_time_begins_with_the_year_2():
    """The first working time there is can be reached; a microsecond more is refused, and so is any more."""
    for calendar in (Calendar.always(SHANGHAI), Calendar("a", SHANGHAI, weekly={1: WHOLE_DAY, 2: OFFICE})):
        end = datetime(2, 1, 1, 2, tzinfo=SHANGHAI)  # a Tuesday
        assert calendar.subtract_open_time(end, 2 * HOUR) == end - 2 * HOUR
        for duration in (2 * HOUR + TICK, timedelta.max):
            with pytest.raises(InvalidValue, match=r"^duration: found .* since the year 2"):
                calendar.subtract_open_time(end, duration)
        with pytest.raises(InvalidValue, match=r"^at: found .*a closing before it, since the year 2"):
            calendar.last_closing(datetime(2, 1, 1, tzinfo=SHANGHAI))


def test_hours_that_leave_nothing_closed_are_elapsed_time():
    """Open until noon and from noon on, every day, is open day and night, whatever a holiday says of its hours."""
    halves: Hours = ((time(), time(12)), (time(12), time()))
    whole = Calendar(
        "a", BERLIN, weekly=dict.fromkeys(range(7), halves), exceptions={date(2026, 1, 1): WHOLE_DAY}
    )
    start, end = at("2026-03-28T12:00", BERLIN), at("2026-03-30T12:00", BERLIN)
    assert whole.open_time(start, end) == 47 * HOUR
    closed = Calendar("a", BERLIN, weekly=whole.weekly, exceptions={date(2026, 3, 29): ()})
    assert closed.open_time(start, end) == 24 * HOUR
    assert closed.add_open_time(start, 13 * HOUR) == at("2026-03-30T01:00", BERLIN)


def test_an_hour_that_comes_twice_is_told_apart_by_its_fold():
    """Twenty minutes lie between ten to three and ten past two of the hour that Berlin has twice."""
    first = datetime(2026, 10, 25, 2, 50, tzinfo=BERLIN)
    again = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=BERLIN)
    for calendar in (Calendar.always(BERLIN), Calendar("a", BERLIN, weekly={6: ((time(1), time(4)),)})):
        assert calendar.open_time(first, again) == 20 * timedelta(minutes=1)
        assert calendar.open_time(again, first) == timedelta()
        assert calendar.add_open_time(first, 20 * timedelta(minutes=1)) == again.astimezone(UTC)


def test_a_calendar_forgets_days_and_stays_right():
    """However many days it was asked about, the answers are the same."""
    calendar = Calendar("a", UTC, weekly=dict.fromkeys(range(7), OFFICE))
    start = at("2000-01-01T09:00", UTC)
    for day in range(5000):
        assert calendar.is_open_at(start + timedelta(days=day))
    assert calendar.open_time(start, start + timedelta(days=5000)) == 5000 * 7.5 * HOUR


def test_open_day_and_night():
    """On a calendar that never closes, working time is elapsed time, over clock changes and years."""
    always = Calendar.always(BERLIN)
    start, end = at("2026-03-01T12:34:56.789", BERLIN), at("2041-11-01T01:02:03.004", BERLIN)
    elapsed = end.astimezone(UTC) - start.astimezone(UTC)
    for calendar in (always, nearly_always(BERLIN)):
        assert calendar.open_time(start, end) == elapsed
        assert calendar.open_time(end, start) == timedelta()
        assert calendar.add_open_time(start, elapsed) == end
        assert calendar.subtract_open_time(end, elapsed) == start
        assert calendar.next_opening(end) == calendar.last_closing(end) == end
    assert always.open_days(date(2026, 1, 1), date(2027, 1, 1)) == 365
    assert always.name == "always"


# --- clocks that change


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Shanghai", date(2026, 3, 29), 24),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # midnight itself is skipped
        ("America/Havana", date(2026, 11, 1), 25),  # midnight comes twice
        ("America/St_Johns", date(2010, 11, 7), 25),  # one minute into the day, back into the day before
        ("America/Toronto", date(1919, 3, 30), 23.5),  # from 23:30 to 00:30
        ("America/Toronto", date(1919, 3, 31), 23.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # a Friday that never was
    ],
)
def test_the_length_of_a_day(zone, day, hours):
    """A whole day is as long as it is in UTC; its length is in every sum over it."""
    always = nearly_always(ZoneInfo(zone))
    assert sum((end - start for start, end in always.opening(day)), timedelta()) == hours * HOUR
    week = (
        start_of_day(day - timedelta(days=3), always.zone),
        start_of_day(day + timedelta(days=4), always.zone),
    )
    assert always.open_time(*week) == week[1] - week[0]
    assert always.add_open_time(week[0], week[1] - week[0]) == week[1]


def opening(zone: str, day: date, *segments: tuple[str, str]) -> list[tuple[str, str]]:
    """What becomes of the segments on the day, in local time."""
    written = tuple((time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in segments)
    calendar = Calendar("a", ZoneInfo(zone), weekly=dict.fromkeys(range(7), written))
    spans = calendar.opening(day)
    assert calendar.open_time(
        start_of_day(day, calendar.zone), start_of_day(day + timedelta(days=1), calendar.zone)
    ) == sum((end - start for start, end in spans), timedelta())
    return [
        (start.astimezone(calendar.zone).isoformat()[:16], end.astimezone(calendar.zone).isoformat()[:16])
        for start, end in spans
    ]


def test_a_skipped_time_moves_forward():
    """Half past two does not exist on the last Sunday of March in Berlin: half past three is meant."""
    march = date(2026, 3, 29)
    assert opening("Europe/Berlin", march, ("02:30", "02:45")) == [("2026-03-29T03:30", "2026-03-29T03:45")]
    assert opening("Europe/Berlin", march, ("01:00", "02:30")) == [("2026-03-29T01:00", "2026-03-29T03:30")]
    assert opening("Europe/Berlin", march, ("02:30", "05:00")) == [("2026-03-29T03:30", "2026-03-29T05:00")]


def test_a_segment_that_moves_past_its_end_is_gone():
    """From 02:30, which is 03:30, until 03:15 nothing is left."""
    assert opening("Europe/Berlin", date(2026, 3, 29), ("02:30", "03:15")) == []
    assert opening("Europe/Berlin", date(2026, 3, 29), ("02:30", "03:30")) == []
    rest = opening(
        "Europe/Berlin", date(2026, 3, 29), ("01:00", "01:30"), ("02:30", "03:15"), ("04:00", "05:00")
    )
    assert rest == [("2026-03-29T01:00", "2026-03-29T01:30"), ("2026-03-29T04:00", "2026-03-29T05:00")]


def test_a_segment_that_moves_into_the_next_is_counted_once():
    """From 02:00 to 02:45 and from 03:00 to 04:00 are the same hour on that day."""
    march = date(2026, 3, 29)
    assert opening("Europe/Berlin", march, ("02:00", "02:45"), ("03:00", "04:00")) == [
        ("2026-03-29T03:00", "2026-03-29T04:00")
    ]
    assert opening("Europe/Berlin", march, ("02:40", "02:55"), ("03:10", "03:20"), ("03:30", "05:00")) == [
        ("2026-03-29T03:10", "2026-03-29T03:20"),
        ("2026-03-29T03:30", "2026-03-29T05:00"),
    ]


def test_a_time_that_comes_twice_is_the_first():
    """Half past two comes twice on the last Sunday of October in Berlin; the first is meant."""
    october = date(2026, 10, 25)
    calendar = Calendar("a", BERLIN, weekly={6: ((time(2), time(2, 30)),)})
    assert calendar.opening(october) == ((at("2026-10-25T00:00", UTC), at("2026-10-25T00:30", UTC)),)
    calendar = Calendar("a", BERLIN, weekly={6: ((time(1), time(4)),)})
    assert calendar.open_time(at("2026-10-25T00:00", BERLIN), at("2026-10-25T12:00", BERLIN)) == 4 * HOUR


def test_a_skipped_midnight_opens_at_the_first_instant():
    """Where the day begins at one o'clock, hours from midnight begin there, and those from 00:30 at 01:30."""
    day = date(2018, 11, 4)
    assert opening("America/Sao_Paulo", day, ("00:00", "08:00")) == [("2018-11-04T01:00", "2018-11-04T08:00")]
    assert opening("America/Sao_Paulo", day, ("00:30", "08:00")) == [("2018-11-04T01:30", "2018-11-04T08:00")]
    eve = day - timedelta(days=1)
    assert opening("America/Sao_Paulo", eve, ("20:00", "00:00")) == [("2018-11-03T20:00", "2018-11-04T01:00")]


def test_a_time_never_moves_into_the_next_day():
    """A skipped 23:45 moves to 00:15 at most as far as midnight; a skipped day has no hours."""
    eve = date(1919, 3, 30)
    assert opening("America/Toronto", eve, ("20:00", "23:45")) == [("1919-03-30T20:00", "1919-03-31T00:30")]
    assert opening("America/Toronto", eve, ("23:40", "23:50")) == []
    assert opening("Pacific/Apia", date(2011, 12, 30), ("09:00", "17:00")) == []
    saturday = opening("Pacific/Apia", date(2011, 12, 31), ("09:00", "17:00"))
    assert saturday == [("2011-12-31T09:00", "2011-12-31T17:00")]


def test_a_skipped_day_is_an_open_day_without_time():
    """Whether a day is open is what is written; the Friday that Samoa skipped counts and lasts no time."""
    office = Calendar("a", ZoneInfo("Pacific/Apia"), weekly=dict.fromkeys(range(5), OFFICE))
    friday = date(2011, 12, 30)
    assert office.is_open_on(friday)
    assert office.open_days(date(2011, 12, 29), friday) == 1
    start = at("2011-12-29T16:00", office.zone)
    assert office.add_open_time(start, 2 * HOUR) == at("2012-01-02T09:30", office.zone)


def test_an_evening_that_comes_again_belongs_to_the_new_day():
    """At 00:01 the clocks of St. John's go back to 23:01: hours from midnight on are open through it."""
    zone = ZoneInfo("America/St_Johns")
    new_day = Calendar("a", zone, weekly={6: ((time(), time(8)),)})
    again = datetime(2010, 11, 6, 23, 30, fold=1, tzinfo=zone)
    assert new_day.is_open_at(again)
    assert not new_day.is_open_at(again.replace(fold=0))
    assert new_day.open_time(again, at("2010-11-07T02:00", zone)) == 2.5 * HOUR
    evening = Calendar("b", zone, weekly={5: ((time(20), time()),)})
    assert evening.is_open_at(again.replace(fold=0))
    assert not evening.is_open_at(again)


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("America/Recife", date(2000, 10, 8), date(2000, 10, 15)),
        ("Asia/Gaza", date(2040, 10, 20), date(2040, 10, 27)),
    ],
)
def test_changes_a_week_apart_are_both_seen(zone, start, end):
    """A summer of seven days, the shortest of any zone, leaves one day short and one day long."""
    always = nearly_always(ZoneInfo(zone))
    summer = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    assert {(ends - begins) // HOUR for day in summer for begins, ends in always.opening(day)} == {23, 24, 25}
    midnights = [start_of_day(day, always.zone) for day in summer]
    for midnight in midnights:
        assert always.open_time(midnights[0], midnight) == midnight - midnights[0]


class OnceForward(tzinfo):
    """UTC until an instant, an hour ahead from then on."""

    def __init__(self, change: datetime) -> None:
        self.change = change

    def utcoffset(self, dt):
        return HOUR * (dt.replace(tzinfo=None) >= self.change + HOUR)

    def fromutc(self, dt):
        return dt + HOUR * (dt.replace(tzinfo=None) >= self.change)

    def tzname(self, dt):
        return "once forward"

    def dst(self, dt):
        return timedelta()

    def __str__(self):
        return f"forward at {self.change}"


@pytest.mark.parametrize("day", [date(2019, 12, 20) + timedelta(days=n) for n in range(24)])
@pytest.mark.parametrize("clock", [time(), time(2), time(23, 30)])
def test_a_change_on_any_day_around_new_year_is_seen(day, clock):
    """Clocks that change at the very end or start of the years looked up are not overlooked."""
    always = nearly_always(OnceForward(datetime.combine(day, clock)))
    eve, new_year = at("2019-12-31T12:00", always.zone), at("2020-01-01T00:00", always.zone)
    for start, end in (
        (at("2019-12-15T00:00", always.zone), eve),
        (at("2019-12-15T00:00", always.zone), at("2020-01-20T00:00", always.zone)),
        (new_year, at("2020-01-20T00:00", always.zone)),
    ):
        fresh = nearly_always(always.zone)
        elapsed = end.astimezone(UTC) - start.astimezone(UTC)
        assert fresh.open_time(start, end) == elapsed
        assert nearly_always(always.zone).add_open_time(start, elapsed) == end


# --- the ends of the calendar, and the cost of distance


def test_instants_lie_in_the_years_2_to_9998():
    """Instants without a midnight on either side are refused, not an overflow."""
    always = Calendar.always(SHANGHAI)
    last = datetime(9998, 12, 31, 23, 59, tzinfo=SHANGHAI)
    assert always.is_open_at(datetime(2, 1, 1, tzinfo=SHANGHAI))
    assert always.is_open_at(last)
    assert always.opening(date(2, 1, 1))
    assert always.opening(date(9998, 12, 31))
    assert always.open_time(datetime(2, 1, 1, tzinfo=SHANGHAI), last) > timedelta(days=3651000)
    for far in (datetime(1, 12, 31, tzinfo=SHANGHAI), datetime(9999, 1, 1, tzinfo=SHANGHAI)):
        with pytest.raises(InvalidValue, match=r"^at: found .*the years 2 to 9998"):
            always.is_open_at(far)
        with pytest.raises(InvalidValue, match=r"^day: found .*the years 2 to 9998"):
            always.opening(far.date())
    west = datetime.max.replace(tzinfo=timezone(-HOUR))
    with pytest.raises(InvalidValue, match=r"^at: found "):
        always.is_open_at(west)


def test_working_time_ends_with_the_year_9998():
    """The last working time there is can be reached; a microsecond more is refused, and so is any more."""
    start = at("9998-12-31T22:00")
    for calendar in (Calendar.always(SHANGHAI), nearly_always(SHANGHAI)):
        assert calendar.add_open_time(start, 2 * HOUR) == start + 2 * HOUR
        for duration in (2 * HOUR + TICK, timedelta.max):
            with pytest.raises(InvalidValue, match=r"^duration: found .* by the year 9998"):
                calendar.add_open_time(start, duration)
        with pytest.raises(InvalidValue, match=r"^end: found .*the years 2 to 9998"):
            calendar.open_time(start, datetime(9999, 1, 1, tzinfo=SHANGHAI))
    with pytest.raises(InvalidValue, match=r"by the year 9998"):
        DESK.add_open_time(at("2026-01-05T09:00"), timedelta.max)


class CountingZone(tzinfo):
    """Berlin, counting how often it is asked."""

    asked = 0

    def utcoffset(self, dt):
        self.asked += 1
        return BERLIN.utcoffset(dt.replace(tzinfo=BERLIN))

    def dst(self, dt):
        return BERLIN.dst(dt.replace(tzinfo=BERLIN))

    def fromutc(self, dt):
        self.asked += 1
        return BERLIN.fromutc(dt.replace(tzinfo=BERLIN)).replace(tzinfo=self)

    def tzname(self, dt):
        return "counted"

    def __str__(self):
        return "Berlin, counted"


def test_distance_costs_nothing_once_the_clocks_are_known():
    """A due time ten years away asks the zone as often as one ten days away."""
    zone = CountingZone()
    holidays = {date(year, 1, day): () for year in range(2020, 2040) for day in (1, 2)}
    calendar = Calendar("a", zone, weekly=dict.fromkeys(range(5), OFFICE), exceptions=holidays)
    start = at("2026-01-05T09:00", zone)
    counts = []
    for duration in (19000 * HOUR, 60 * HOUR, 19000 * HOUR, 60 * HOUR):
        zone.asked = 0
        end = calendar.add_open_time(start, duration)
        assert calendar.open_time(start, end) == duration
        counts.append(zone.asked)
    first, _, far, near = counts
    assert end < at("2026-01-17T00:00", zone)
    assert calendar.add_open_time(start, 19000 * HOUR) > at("2035-06-01T00:00", zone)
    assert first > far
    assert far == near


def test_asking_for_earlier_years_afterwards_changes_nothing():
    """What was learnt of the clocks grows to both sides; sums over the same span stay the same."""
    calendar = Calendar("a", BERLIN, weekly=dict.fromkeys(range(7), ((time(1), time(4)),)))
    spans = [
        (at("2026-01-01T00:00", BERLIN), at("2026-07-01T00:00", BERLIN)),
        (at("1985-01-01T00:00", BERLIN), at("1985-07-01T00:00", BERLIN)),
        (at("2049-01-01T00:00", BERLIN), at("2053-07-01T00:00", BERLIN)),
        (at("1981-01-01T00:00", BERLIN), at("2053-07-01T00:00", BERLIN)),
    ]
    fresh = [Calendar("a", BERLIN, weekly=calendar.weekly).open_time(*span) for span in spans]
    assert [calendar.open_time(*span) for span in spans] == fresh
    assert [calendar.open_time(*span) for span in spans] == fresh
    # Three hours a day, but for the hour that the last Sunday of the last March lost.
    assert fresh == [
        timedelta(hours=3 * days - 1) for days in (181, 181, 4 * 365 + 1 + 181, 72 * 365 + 18 + 181)
    ]


def test_single_open_days_lose_the_hour_that_the_clocks_do():
    """Where no weekday is open, the Sunday of a clock change still has 23 hours, and the next 24."""
    sundays = dict.fromkeys((date(2026, 3, 29), date(2026, 4, 5)), WHOLE_DAY)
    calendar = Calendar("a", BERLIN, weekly={}, exceptions=sundays)
    start = at("2026-03-28T12:00", BERLIN)

    assert calendar.open_time(start, at("2026-04-05T01:00", BERLIN)) == 24 * HOUR
    assert calendar.add_open_time(start, 24 * HOUR) == at("2026-04-05T01:00", BERLIN)
    assert calendar.add_open_time(start, 47 * HOUR) == at("2026-04-06T00:00", BERLIN)


# --- against a reference that walks every day

unhurried = settings(deadline=None)  # the reference is slow, and nothing here is about speed

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Shanghai",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "UTC",
]


def reference_spans(calendar: Calendar, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """The open stretches of all days from first to last, each day on its own, by the written rule."""
    spans = []
    day = first
    while day <= last:
        midnights = [start_of_day(day + timedelta(days=n), calendar.zone) for n in (0, 1)]
        hours = (
            calendar.exceptions[day] if day in calendar.exceptions else calendar.weekly.get(day.weekday(), ())
        )
        taken: list[tuple[datetime, datetime]] = []
        for begins, ends in hours:
            start = datetime.combine(day, begins, tzinfo=calendar.zone).astimezone(UTC)
            end = (
                midnights[1]
                if ends == time()
                else datetime.combine(day, ends, tzinfo=calendar.zone).astimezone(UTC)
            )
            taken.append((start, min(end, midnights[1])))
        marks = sorted({mark for pair in taken for mark in pair})
        for start, end in pairwise(marks):
            if any(pair[0] <= start and end <= pair[1] for pair in taken):
                spans.append((start, end))
        day += timedelta(days=1)
    return spans


def reference_open_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    days = start.date() - timedelta(days=2), end.date() + timedelta(days=2)
    return sum(
        (
            max(timedelta(), min(end, to) - max(start, begin))
            for begin, to in reference_spans(calendar, *days)
        ),
        timedelta(),
    )


@st.composite
def hours_of_a_day(draw) -> Hours:
    marks = sorted(draw(st.sets(st.integers(0, 24 * 12), max_size=6)))
    if draw(st.booleans()):  # small hours, where clocks change
        marks = sorted({mark // 4 for mark in marks})
    times = [time(mark // 12 % 24, mark % 12 * 5) for mark in marks]
    return tuple(zip(times[::2], times[1::2], strict=False))


days = st.dates(date(2005, 1, 1), date(2045, 12, 31))


@st.composite
def calendars(draw) -> Calendar:
    weekly = draw(st.dictionaries(st.integers(0, 6), hours_of_a_day(), min_size=3))
    near = draw(days)
    offsets = draw(st.dictionaries(st.integers(-30, 400), hours_of_a_day(), max_size=8))
    exceptions = {near + timedelta(days=n): hours for n, hours in offsets.items()}
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    if not any(weekly.values()):
        weekly[0] = OFFICE
    return Calendar("any", zone, weekly=weekly, exceptions=exceptions)


instants = st.datetimes(datetime(2005, 1, 1), datetime(2045, 12, 31), timezones=st.just(UTC))


@unhurried
@given(calendars(), instants, st.integers(0, 900 * 24 * 60))
def test_working_time_is_that_of_the_days(calendar, start, minutes):
    """Working time is the sum over all days in between, each taken by itself."""
    end = start + timedelta(minutes=minutes)
    assert calendar.open_time(start, end) == reference_open_time(calendar, start, end)


@unhurried
@given(calendars(), instants, st.integers(1, 500 * 60))
def test_adding_is_the_inverse_of_counting(calendar, start, minutes):
    """After the added time exactly that much has been worked, and a microsecond earlier it had not."""
    duration = timedelta(minutes=minutes)
    end = calendar.add_open_time(start, duration)
    assert calendar.open_time(start, end) == duration
    assert calendar.open_time(start, end - TICK) == duration - TICK


@unhurried
@given(calendars(), instants, st.integers(1, 500 * 60))
def test_taking_off_is_the_inverse_of_counting(calendar, end, minutes):
    """From the start that is found exactly that much is worked, and a microsecond later it is not."""
    duration = timedelta(minutes=minutes)
    start = calendar.subtract_open_time(end, duration)
    assert calendar.open_time(start, end) == duration
    assert calendar.open_time(start + TICK, end) == duration - TICK
    closing = calendar.last_closing(end)
    assert calendar.open_time(closing, end) == timedelta()
    assert calendar.open_time(closing - TICK, closing) == TICK


@unhurried
@given(calendars(), days, st.integers(1, 900))
def test_open_days_taken_off_are_counted_again(calendar, day, n):
    """From the n-th open day before a day on, that day left out, n open days lie before the day."""
    found = calendar.subtract_open_days(day, n)
    assert calendar.is_open_on(found)
    assert calendar.open_days(found - timedelta(days=1), day - timedelta(days=1)) == n


@unhurried
@given(calendars(), instants, st.lists(st.integers(0, 10**6), min_size=2, max_size=2))
def test_working_time_adds_up(calendar, start, minutes):
    """The time of two spans that meet is the time of both together."""
    middle = start + timedelta(minutes=minutes[0])
    end = middle + timedelta(minutes=minutes[1])
    whole = calendar.open_time(start, end)
    assert whole == calendar.open_time(start, middle) + calendar.open_time(middle, end)


@unhurried
@given(calendars(), instants)
def test_open_is_what_the_days_say(calendar, instant):
    """An instant is open if it lies in the hours of some day, and then its next opening is itself."""
    spans = reference_spans(calendar, instant.date() - timedelta(days=2), instant.date() + timedelta(days=2))
    is_open = any(start <= instant < end for start, end in spans)
    assert calendar.is_open_at(instant) is is_open
    opening = calendar.next_opening(instant)
    assert calendar.is_open_at(opening)
    assert calendar.open_time(instant, opening) == timedelta()
    assert (opening == instant) is is_open


@unhurried
@given(calendars(), days, st.integers(-10, 900))
def test_open_days_are_those_written(calendar, after, span):
    """Counting is looking at every day after the first, up to and including the last."""
    through = after + timedelta(days=span)
    walked = [after + timedelta(days=n) for n in range(1, span + 1)]
    assert calendar.open_days(after, through) == sum(map(calendar.is_open_on, walked))


@unhurried
@given(calendars(), days, st.integers(1, 900))
def test_added_open_days_are_counted_again(calendar, day, n):
    """The n-th open day is open, and n open days lie between; so is the next open day, with none between."""
    found = calendar.add_open_days(day, n)
    assert calendar.is_open_on(found)
    assert calendar.open_days(day, found) == n
    following = calendar.next_open_day(day)
    assert calendar.is_open_on(following)
    assert calendar.open_days(day - timedelta(days=1), following) == 1


@unhurried
@given(calendars(), days, hours_of_a_day())
def test_an_exception_changes_its_own_day_only(calendar, day, hours):
    """Sums over spans that do not contain the day are the same with and without the exception."""
    changed = Calendar(
        "any", calendar.zone, weekly=calendar.weekly, exceptions={**calendar.exceptions, day: hours}
    )
    midnight, following = (start_of_day(day + timedelta(days=n), calendar.zone) for n in (0, 1))
    before, after = midnight - timedelta(days=40), following + timedelta(days=40)
    assert changed.open_time(before, midnight) == calendar.open_time(before, midnight)
    assert changed.open_time(following, after) == calendar.open_time(following, after)
    spans = [end - start for start, end in changed.opening(day)]
    assert changed.open_time(midnight, following) == sum(spans, timedelta())


@unhurried
@example("Africa/Casablanca", 2026)
@example("Europe/Warsaw", 1944)
@given(st.sampled_from(ZONES), st.integers(1900, 2100))
def test_every_day_of_every_year_has_its_length(zone, year):
    """Through every change of every zone, a calendar that never closes counts every second once."""
    always = Calendar.always(ZoneInfo(zone))
    marks = [start_of_day(date(year, month, 1), always.zone) for month in range(1, 13)]
    for start, end in pairwise(marks):
        assert always.open_time(start, end) == end - start
        assert always.add_open_time(start, end - start) == end
