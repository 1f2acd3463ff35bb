"""Days that come again by a rule."""

from __future__ import annotations

from datetime import date

import pytest

from servflow.core.errors import InvalidValue
from servflow.rulebooks.recurring import Recurrence

START = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("rrule", "days"),
    [
        ("FREQ=YEARLY;BYMONTH=6,7;BYMONTHDAY=1", ["2026-06-01", "2026-07-01"]),
        ("FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=-1", ["2026-07-31"]),
        ("FREQ=MONTHLY;INTERVAL=3;COUNT=2;BYMONTHDAY=1", ["2026-04-01", "2026-07-01"]),
        ("FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=30", ["2026-03-30"]),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20260215", ["2026-02-02", "2026-02-09"]),
    ],
)
def test_days_come_by_the_rule(rrule, days):
    """After the first day of the window, up to and including its last one."""
    found = Recurrence(rrule).between(START, START, date(2026, 12, 31))

    assert [day.isoformat() for day in found] == days


def test_the_last_day_of_a_window_is_in_it_and_the_first_is_not():
    """So that windows that follow each other have every day once."""
    monthly = Recurrence("FREQ=MONTHLY;BYMONTHDAY=1")

    assert monthly.between(START, date(2026, 2, 1), date(2026, 3, 1)) == (date(2026, 3, 1),)
    assert monthly.between(START, date(2026, 1, 31), date(2026, 2, 1)) == (date(2026, 2, 1),)


def test_a_rule_begins_with_its_start():
    """However early a window begins, nothing comes before; the start itself comes if the rule has it."""
    found = Recurrence("FREQ=WEEKLY").between(START, date(2025, 1, 1), date(2026, 2, 8))

    assert found == (START, date(2026, 2, 7))


def test_a_rule_is_its_text():
    """As it is written."""
    assert str(Recurrence("FREQ=WEEKLY")) == "FREQ=WEEKLY"


def test_a_window_that_is_too_long_is_refused():
    """A hundred years are looked at, and no more."""
    yearly = Recurrence("FREQ=YEARLY")

    assert len(yearly.between(START, START, date(2126, 1, 31))) == 100
    with pytest.raises(InvalidValue, match="within 100 years of 2026-01-31"):
        yearly.between(START, START, date(2127, 1, 1))


@pytest.mark.parametrize(
    ("rrule", "found"),
    [
        ("", ""),
        (None, None),
        ("weekly", "'WEEKLY'"),
        ("FREQ=HOURLY", "'FREQ=HOURLY'"),
        ("INTERVAL=2", "no FREQ"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        ("FREQ=DAILY;BYMONTH=4,6;BYMONTHDAY=-31", "FREQ=DAILY;BYMONTH=4,6;BYMONTHDAY=-31"),
    ],
)
def test_what_is_no_rule_is_refused(rrule, found):
    """It goes by days, and it comes."""
    with pytest.raises(InvalidValue) as caught:
        Recurrence(rrule)

    assert (caught.value.field, caught.value.found) == ("rrule", found)
