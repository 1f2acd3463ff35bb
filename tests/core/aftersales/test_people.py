"""What a rulebook says of people: attendance, leave, notice, time off; the days and minutes around each limit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk_at_work import HOURS
from people_at_work import HEAD, LI, LONG, SHORT, at, by_code, rules

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.desk_rules import Ahead, Every, Limit, Listing
from servflow.core.aftersales.people import (
    ahead,
    attendance,
    exceeded,
    fitting,
    leave_too_long,
    length_of_leave,
    overstayed,
    time_off,
    too_late,
    unknown,
)
from servflow.core.aftersales.technicians.commands import NoteAttendance
from servflow.core.aftersales.technicians.model import Attendance
from servflow.core.clocks import parse_allowance
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.worktime import Calendar

MONDAY = date(2026, 5, 4)
numbers = count(1)


def noted(came: str | None = "08:00", went: str | None = "18:00", **said: Any) -> NoteAttendance:
    """Monday as it was noted, from eight to six."""
    return NoteAttendance(
        id=f"noted-{next(numbers)}",
        case=LI,
        by=HEAD,
        happened_at=at("04", "19:00"),
        recorded_at=at("04", "19:00"),
        on=MONDAY,
        should_come=at("04", "08:00"),
        should_go=at("04", "18:00"),
        came=None if came is None else at("04", came),
        went=None if went is None else at("04", went),
        **said,
    )


def counted(**said: Any) -> list[tuple[str, int, str]]:
    """What counts of a Monday that was noted so."""
    return [(each.what, each.minutes, each.note) for each in attendance(rules(), noted(**said))]


# --- attendance -----------------------------------------------------------------------------------------


@pytest.mark.clause("AS-STAFF-1")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"came": "08:15"}, []),
        ({"came": "08:16"}, [("late", 16, "")]),
        ({"came": "08:15:01"}, [("late", 15, "")]),
        ({"went": "17:45"}, []),
        ({"went": "17:44"}, [("left-early", 16, "")]),
        (
            {"came": "09:00", "went": "17:00", "why": "the train"},
            [("late", 60, "the train"), ("left-early", 60, "the train")],
        ),
        ({"came": "09:00", "went": "17:00", "permitted": True}, []),
        ({"went": None}, [("absence", 0, "unexplained")]),
        ({"went": None, "why": "the clock was broken"}, []),
        ({"went": None, "permitted": True}, []),
    ],
)
def test_more_than_fifteen_minutes_is_late_or_early(said: Any, expected: Any) -> None:
    """Exactly fifteen minutes are fine; a second more is late; what was permitted does not count.

    That nobody knows when he went, without an explanation, is attendance that is missing.
    """
    assert counted(**said) == expected


@pytest.mark.clause("AS-STAFF-2")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, [("absence", 0, "unexplained")]),
        ({"why": "the flood"}, []),
        ({"why": "the flood", "stood_in": "wang"}, [("absence", 0, "stood-in")]),
        ({"stood_in": "wang", "permitted": True}, []),
    ],
)
def test_who_is_not_there_without_explanation_is_absent(said: Any, expected: Any) -> None:
    """So is he who lets another stand in without permission, whatever the reason."""
    assert counted(came=None, went=None, **said) == expected


@pytest.mark.clause("AS-STAFF-2")
def test_going_out_in_working_time_is_absence_unless_permitted() -> None:
    """He came in time and went out against the rules."""
    assert counted(went_out="market") == [("absence", 0, "went-out")]
    assert counted(went_out="market", permitted=True) == []


@pytest.mark.clause("AS-STAFF-2")
def test_an_overstayed_leave_is_absence_and_a_leave_is_not() -> None:
    """After the last day of his leave he is missed; on its days nothing counts."""
    missing = noted(came=None, went=None)
    assert [each.note for each in attendance(rules(), missing, overstayed=True)] == ["overstayed-leave"]
    assert attendance(rules(), missing, on_leave=True) == ()
    assert attendance(rules(), noted(), overstayed=True) == ()
    assert overstayed(rules(), MONDAY) == (Attendance(on=MONDAY, what="absence", note="overstayed-leave"),)


def test_what_the_rulebook_does_not_say_does_not_count() -> None:
    """No limit, no lateness; no list, no absence; a kind of absence that is not listed is none."""
    late, missing = noted(came="12:00"), noted(came=None, went=None)
    assert attendance(rules(late=None), late) == ()
    assert attendance(rules(late=Limit(of="late", most=1, unit="times", then="late")), late) == ()
    assert attendance(rules(absences=None), missing) == ()
    assert attendance(rules(absences=Listing(of="absences", entries=("stood-in",))), missing) == ()
    assert overstayed(rules(absences=None), MONDAY) == ()


def test_lateness_is_measured_in_real_time_where_clocks_change() -> None:
    """From half past one to half past three, on the night of the spring change, is one hour."""
    berlin = ZoneInfo("Europe/Berlin")
    said = noted(came=None, went=None)
    night = NoteAttendance(
        id="night",
        case=LI,
        by=HEAD,
        happened_at=said.happened_at,
        recorded_at=said.recorded_at,
        on=date(2026, 3, 29),
        should_come=datetime(2026, 3, 29, 1, 30, tzinfo=berlin),
        should_go=datetime(2026, 3, 29, 9, tzinfo=berlin),
        came=datetime(2026, 3, 29, 3, 30, tzinfo=berlin),
        went=datetime(2026, 3, 29, 9, tzinfo=berlin),
    )
    assert [each.minutes for each in attendance(rules(), night)] == [60]


def absent(*days: str, what: str = "absence", minutes: int = 0) -> tuple[Attendance, ...]:
    """So it was noted on these days."""
    return tuple(Attendance(on=date.fromisoformat(day), what=what, minutes=minutes) for day in days)


@pytest.mark.clause("AS-STAFF-5")
def test_the_fourth_absence_of_a_month_needs_a_statement() -> None:
    """Three pass; a fourth in the same calendar month does not, and one of another month is not counted."""
    days = absent("2026-05-04", "2026-05-05", "2026-05-31", "2026-06-01")
    assert exceeded(rules(), days, MONDAY) == ()
    [more] = exceeded(rules(), (*days, *absent("2026-05-01")), MONDAY)
    assert by_code((more,)) == [("aftersales.staff.limit-exceeded", "X-most-absences")]
    assert dict(more.facts) == {
        "of": "absences",
        "since": date(2026, 5, 1),
        "found": 4,
        "most": 3,
        "unit": "times",
        "then": "written-statement",
    }


@pytest.mark.clause("AS-STAFF-5")
def test_more_than_three_hours_of_lateness_in_a_month_need_a_statement() -> None:
    """180 minutes pass, 181 do not; what was left early does not count."""
    late = absent("2026-05-04", "2026-05-05", what="late", minutes=90)
    early = absent("2026-05-06", what="left-early", minutes=90)
    assert exceeded(rules(), (*late, *early), MONDAY) == ()
    more = (*late, *absent("2026-05-29", what="late", minutes=1))
    assert by_code(exceeded(rules(), more, MONDAY)) == [("aftersales.staff.limit-exceeded", "X-lateness")]


@pytest.mark.parametrize(
    ("per", "found"),
    [(Every.DAY, 0), (Every.WEEK, 1), (Every.QUARTER, 1), (Every.YEAR, 1), (Every.TRIP, 0), (None, 0)],
)
def test_a_limit_counts_within_its_own_period(per: Every | None, found: int) -> None:
    """Two days of one week are more than one a week, and no more than one a day."""
    limit = Limit(of="late", most=1, unit="days", then="talk", per=per)
    late = absent("2026-05-04", "2026-05-04", "2026-05-05", what="late", minutes=20)
    reasons = exceeded(rules(lateness=None, most_absences=limit), late, MONDAY)
    assert len(reasons) == found


def test_a_limit_whose_condition_does_not_hold_is_none() -> None:
    """It is asked of nobody."""
    urgent = Limit(
        of="absences",
        most=0,
        unit="times",
        then="talk",
        per=Every.MONTH,
        when=When((("urgent", ("yes",)),)),
    )
    assert exceeded(rules(most_absences=urgent), absent("2026-05-04"), MONDAY) == ()


# --- leave, and what is announced --------------------------------------------------------------------------


@pytest.mark.clause("AS-STAFF-3")
@pytest.mark.parametrize(
    ("days", "answer"), [(1, "1 to 2"), (2, "1 to 2"), (3, "3 or more"), (30, "3 or more")]
)
def test_the_length_of_a_leave_answers_the_rulebooks_question(days: int, answer: str) -> None:
    """Its first and its last day are both counted."""
    last = MONDAY + timedelta(days=days - 1)
    assert length_of_leave(rules(), MONDAY, last) == {"leave-days": answer}


def test_a_length_that_no_range_holds_is_not_answered() -> None:
    """Nor is a question that nobody asks, or an answer that is no range; a bare number is that many days."""
    two = Question("leave-days", ("2", "half a day"))
    changed = {"short_notice": None, "long_notice": None}
    assert length_of_leave(rules(length=two, **changed), MONDAY, MONDAY) == {}
    assert length_of_leave(rules(length=two, **changed), MONDAY, date(2026, 5, 5)) == {"leave-days": "2"}
    assert length_of_leave(rules(length=None, **changed), MONDAY, MONDAY) == {}


def last_day(of: str, day: str, said: str = "", **changed: Any) -> date | None:
    """The last day on which it may be said."""
    answers = {"leave-days": said} if said else {}
    return ahead(rules(**changed), of, date.fromisoformat(day), answers, HOURS)


@pytest.mark.clause("AS-STAFF-3", "AS-STAFF-6")
@pytest.mark.parametrize(
    ("of", "day", "said", "last"),
    [
        ("leave", "2026-05-08", "1 to 2", "2026-05-07"),
        ("leave", "2026-05-08", "3 or more", "2026-05-06"),
        ("staff-change", "2026-06-30", "", "2026-05-30"),
        ("staff-change", "2026-03-31", "", "2026-02-28"),
        ("staff-change-paper", "2026-05-20", "", "2026-05-04"),
        ("staff-change-paper", "2026-05-23", "", "2026-05-07"),
    ],
)
def test_the_last_day_on_which_something_may_be_announced(of: str, day: str, said: str, last: str) -> None:
    """Days, a calendar month back, twelve working days before: that day is in time still."""
    assert last_day(of, day, said) == date.fromisoformat(last)


def test_of_several_times_of_notice_the_longest_counts() -> None:
    """What no rule wants announced may be said any time."""
    week = Ahead(of="staff-change", by=parse_allowance("2 months"))
    assert last_day("staff-change", "2026-06-30", change_paper=week) == date(2026, 4, 30)
    assert last_day("leave", "2026-06-30", "1 to 2", short_notice=None) is None


@pytest.mark.clause("AS-STAFF-3")
def test_a_day_too_late_is_named_with_the_rule() -> None:
    """On the last day nothing is said against it, on the next one its clause is named."""
    said = {"leave-days": "1 to 2"}
    friday = date(2026, 5, 8)
    assert list(too_late(rules(), "leave", friday, date(2026, 5, 7), said, HOURS)) == []
    [reason] = too_late(rules(), "leave", friday, friday, said, HOURS)
    assert by_code((reason,)) == [("aftersales.staff.told-too-late", "X-short-notice")]
    assert dict(reason.facts) == {"of": "leave", "day": friday, "last": date(2026, 5, 7), "said": friday}


def test_a_time_of_notice_that_cannot_be_counted_back_is_refused() -> None:
    """The answer it hangs on is asked for, a blank number by its name, hours are none."""
    with pytest.raises(MissingValue, match="leave-days"):
        last_day("leave", "2026-05-08")
    with pytest.raises(MissingValue, match="notice-days"):
        last_day(
            "leave",
            "2026-05-08",
            "1 to 2",
            short_notice=Ahead(of="leave", by=parse_allowance("{notice-days} days"), when=SHORT),
        )
    with pytest.raises(InvalidValue, match="days, months or working days"):
        last_day(
            "leave",
            "2026-05-08",
            "3 or more",
            long_notice=Ahead(of="leave", by=parse_allowance("24 hours"), when=LONG),
        )


@pytest.mark.clause("AS-STAFF-8")
def test_a_leave_of_more_than_three_days_has_what_the_rulebook_says() -> None:
    """Three days pass, four do not; a limit of another unit or for a period is none of each leave."""
    assert leave_too_long(rules(), MONDAY, date(2026, 5, 6), {}) == ()
    [reason] = leave_too_long(rules(), MONDAY, date(2026, 5, 7), {})
    assert (reason.clause and reason.clause.id, dict(reason.facts)["then"]) == (
        "X-long-leave",
        "award-lapses",
    )
    times = Limit(of="leave", most=0, unit="times", then="x")
    yearly = Limit(of="leave", most=0, unit="days", then="x", per=Every.YEAR)
    for limit in (times, yearly):
        assert leave_too_long(rules(long_leave=limit), MONDAY, date(2026, 5, 7), {}) == ()


def test_answers_that_nobody_asks_are_left_out_or_named() -> None:
    """``fitting`` keeps those that the rules know; ``unknown`` gives a reason for each of the others."""
    said = {"urgent": "yes", "grave-family-matter": "perhaps", "weather": "rain"}
    assert fitting(rules(), said) == {"urgent": "yes"}
    assert [(each.code, dict(each.facts)["question"]) for each in unknown(rules(), said)] == [
        ("aftersales.unknown-answer", "grave-family-matter"),
        ("aftersales.unknown-question", "weather"),
    ]


# --- time off -----------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-STAFF-10")
@pytest.mark.parametrize("day", ["2026-05-09", "2026-05-10"])
def test_a_repair_at_the_weekend_earns_time_off_in_the_following_week(day: str) -> None:
    """From the Monday to the Sunday after it."""
    week = time_off(HOURS, date.fromisoformat(day))
    assert week is not None
    assert (week.start, week.last_day) == (date(2026, 5, 11), date(2026, 5, 17))


@pytest.mark.clause("AS-STAFF-10")
def test_a_working_day_earns_none_and_a_holiday_does() -> None:
    """A closed Wednesday is a day of rest, a Sunday worked instead of it is not."""
    morning = HOURS.weekly[0]
    moved = Calendar(
        "moved",
        UTC,
        weekly=HOURS.weekly,
        exceptions={date(2026, 5, 6): (), date(2026, 5, 10): morning},
    )
    assert time_off(moved, date(2026, 5, 10)) is None
    week = time_off(moved, date(2026, 5, 6))
    assert week is not None
    assert week.start == date(2026, 5, 11)
