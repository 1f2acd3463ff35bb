"""What is due by itself: days counted from events, records of what was done, and how they stand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.duties import (
    MOST,
    DutyDue,
    DutyRecord,
    DutyState,
    Subject,
    due,
    kind_named,
    standing,
    waiting,
)
from servflow.core.aftersales.policy import Duty, Named, ServiceRules
from servflow.core.aftersales.words import DutyKind, Event
from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth, Period
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.worktime import Calendar
from servflow.rulebooks.recurring import Recurrence

MONTH, HALF_YEAR, YEAR = Period(months=1), Period(months=6), Period(months=12)
INSTALLED = date(2026, 1, 31)


def rules_of(*rules: Duty | Question, **named: Duty) -> ServiceRules:
    """A firm with these rules, numbered, or under their names."""
    numbered = {f"rule-{number}": rule for number, rule in enumerate(rules, 1)}
    return ServiceRules(
        firm="firm",
        version="1",
        day=date(2026, 1, 1),
        calendar=Calendar.always(UTC),
        currency="CNY",
        rules=tuple(Named(name, rule, Clause("X-1")) for name, rule in {**numbered, **named}.items()),
    )


def duty(since: Event = Event.INSTALLED, **said: Any) -> Duty:
    """A visit."""
    return Duty(**{"kind": DutyKind.VISIT, "since": since, **said})


def unit(*days: date, **said: Any) -> Subject:
    """A unit, installed on the day."""
    dates = {Event.INSTALLED: days[0]} if days else {}
    return Subject(**{"name": "unit-1", "dates": dates, **said})


def days(found: tuple[DutyDue, ...]) -> list[date]:
    """The days on which something is due."""
    return [each.day for each in found]


def year_of(rule: Duty, subject: Subject | None = None) -> list[date]:
    """What is due in 2026 and on the first day of 2027."""
    return days(due(rules_of(rule), subject or unit(INSTALLED), date(2025, 12, 31), date(2027, 1, 1)))


# --- days -----------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-2")
def test_call_backs_come_on_the_day_and_at_each_offset():
    """On the day of installation, after one month, half a year and a year; months end where they end."""
    call_backs = duty(
        kind=DutyKind.CALL_BACK, on_the_day=True, offsets=(MONTH, HALF_YEAR, YEAR), opinion=True
    )
    found = due(rules_of(call_backs), unit(INSTALLED), date(2026, 1, 30), date(2027, 1, 31))

    assert days(found) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 7, 31), date(2027, 1, 31)]
    assert {(each.kind, each.opinion) for each in found} == {(DutyKind.CALL_BACK, True)}


@pytest.mark.clause("AS-QA-10", "AS-MNT-5")
def test_a_period_is_counted_from_the_beginning():
    """Monthly from 31 January is 28 February and then 31 March, and not the day itself."""
    found = due(rules_of(duty(every=MONTH)), unit(INSTALLED), INSTALLED, date(2026, 5, 1))

    assert days(found) == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_a_leap_day_has_its_year_at_the_end_of_february():
    """Yearly from 29 February 2024: 28 February, and the 29th when there is one again."""
    found = due(rules_of(duty(every=YEAR)), unit(date(2024, 2, 29)), date(2024, 2, 29), date(2028, 2, 29))

    assert days(found) == [date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


def test_a_period_of_months_and_days_counts_both():
    """A month and a day, twice, is two months and two days."""
    rules = rules_of(duty(every=Period(months=1, days=1), on_the_day=True))

    assert days(due(rules, unit(INSTALLED), date(2026, 1, 1), date(2026, 4, 30))) == [
        date(2026, 1, 31),
        date(2026, 3, 1),
        date(2026, 4, 2),
    ]


@pytest.mark.parametrize(
    ("after", "through", "expected"),
    [
        (date(2026, 2, 27), date(2026, 2, 28), [date(2026, 2, 28)]),
        (date(2026, 2, 28), date(2026, 3, 30), []),
        (date(2026, 2, 28), date(2026, 2, 28), []),
        (date(2020, 1, 1), date(2026, 1, 30), []),
    ],
    ids=["its-last-day", "after-its-first", "no-day", "before-all"],
)
@pytest.mark.parametrize("rule", [duty(every=MONTH), duty(offsets=(MONTH,))], ids=["every", "offset"])
def test_a_window_begins_after_its_first_day_and_has_its_last(rule, after, through, expected):
    """What is due on ``after`` is not in it, what is due on ``through`` is."""
    assert days(due(rules_of(rule), unit(INSTALLED), after, through)) == expected


def test_a_window_that_ends_before_it_begins_is_refused():
    """The last day lies before the first."""
    with pytest.raises(
        InvalidValue, match=r"^through: found '2026-01-30', expected a day from 2026-01-31 on"
    ):
        due(rules_of(duty(every=MONTH)), unit(INSTALLED), date(2026, 1, 31), date(2026, 1, 30))


@pytest.mark.clause("AS-QA-3")
def test_some_duties_lie_before_their_event():
    """One month before the warranty ends, and one month before each heating season."""
    before_end = duty(Event.WARRANTY_END, offsets=(MONTH,), before=True)
    before_heating = duty(Event.HEATING, offsets=(MONTH,), before=True)
    subject = unit(
        dates={Event.WARRANTY_END: date(2026, 3, 31)},
        repeated={Event.HEATING: (date(2027, 1, 15), date(2026, 11, 15))},
    )

    assert year_of(before_end, subject) == [date(2026, 2, 28)]
    assert year_of(before_heating, subject) == [date(2026, 10, 15), date(2026, 12, 15)]


@pytest.mark.clause("AS-QA-3", "AS-QA-16")
def test_a_recurrence_goes_on_until_an_event():
    """The rainy season, each year while the warranty runs, its last day included."""
    rainy = duty(
        Event.HANDED_OVER,
        recurrence=Recurrence("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1"),
        within=Period(months=2),
        until=Event.WARRANTY_END,
    )
    dates = {Event.HANDED_OVER: date(2026, 6, 1), Event.WARRANTY_END: date(2028, 6, 1)}
    found = due(rules_of(rainy), unit(dates=dates), date(2020, 1, 1), date(2040, 1, 1))

    assert days(found) == [date(2026, 6, 1), date(2027, 6, 1), date(2028, 6, 1)]
    assert [each.last_day for each in found] == [date(2026, 8, 1), date(2027, 8, 1), date(2028, 6, 1)]


@pytest.mark.clause("AS-MNT-7")
def test_rounds_are_made_daily_in_each_season():
    """Every day from the first to the last of each season, and a check before it."""
    rounds = duty(Event.HARVEST, recurrence=Recurrence("FREQ=DAILY"), until=Event.HARVEST_END)
    check = duty(Event.HARVEST, kind=DutyKind.INSPECTION, offsets=(Period(days=7),), before=True)
    subject = unit(
        repeated={
            Event.HARVEST: (date(2026, 6, 1), date(2026, 9, 1)),
            Event.HARVEST_END: (date(2026, 6, 3), date(2026, 9, 2)),
        }
    )
    found = due(rules_of(rounds=rounds, check=check), subject, date(2025, 12, 31), date(2026, 12, 31))

    june = [date(2026, 5, 25), date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)]
    assert days(found) == [*june, date(2026, 8, 25), date(2026, 9, 1), date(2026, 9, 2)]
    assert [each.key for each in found[:2]] == ["check/2026-06-01/7 days", "rounds/2026-06-01/2026-06-01"]


def test_a_season_whose_end_is_not_known_waits_for_it():
    """The one that has ended is due, the one that has begun is not."""
    rounds = duty(Event.HARVEST, recurrence=Recurrence("FREQ=DAILY"), until=Event.HARVEST_END)
    starts = (date(2026, 6, 1), date(2026, 9, 1))
    subject = unit(repeated={Event.HARVEST: starts, Event.HARVEST_END: (date(2026, 6, 1),)})
    rules = rules_of(rounds=rounds)

    assert days(due(rules, subject, date(2025, 12, 31), date(2026, 12, 31))) == [date(2026, 6, 1)]
    assert [(each.rule, each.event) for each in waiting(rules, subject)] == [("rounds", Event.HARVEST_END)]


@pytest.mark.parametrize(
    "goes_on",
    [{"every": MONTH}, {"recurrence": Recurrence("FREQ=MONTHLY;BYMONTHDAY=10")}],
    ids=["every", "recurrence"],
)
def test_what_goes_on_ends_before_the_next_beginning(goes_on):
    """A period and a recurrence run to the day before their event comes again, told in whatever order."""
    services = {Event.FINISHED: (date(2026, 4, 11), date(2026, 1, 11))}
    found = due(
        rules_of(duty(Event.FINISHED, **goes_on)),
        unit(repeated=services),
        date(2026, 1, 1),
        date(2026, 5, 31),
    )

    assert [(each.day.month, each.key[:17]) for each in found] == [
        (2, "rule-1/2026-01-11"),
        (3, "rule-1/2026-01-11"),
        *([(4, "rule-1/2026-01-11")] if "recurrence" in goes_on else []),
        (5, "rule-1/2026-04-11"),
    ]


def test_an_offset_reaches_beyond_the_next_beginning():
    """Half a year after each of two services, though the second lies between."""
    services = {Event.FINISHED: (date(2026, 1, 10), date(2026, 4, 10))}
    found = year_of(duty(Event.FINISHED, offsets=(HALF_YEAR,)), unit(repeated=services))

    assert found == [date(2026, 7, 10), date(2026, 10, 10)]


def test_the_last_beginning_goes_on_to_the_end_of_the_calendar():
    """On 31 December 9999 something is due that is due every day."""
    subject = unit(repeated={Event.FINISHED: (date(9999, 12, 30),)})
    rules = rules_of(duty(Event.FINISHED, every=Period(days=1)))

    assert days(due(rules, subject, date(9999, 1, 1), date.max)) == [date.max]


def test_a_recurrence_that_has_ended_is_not_asked_again():
    """Over a hundred years of it lie before the window, and nothing is refused."""
    rules = rules_of(duty(recurrence=Recurrence("FREQ=DAILY"), until=Event.WARRANTY_END))
    subject = unit(dates={Event.INSTALLED: date(1800, 1, 1), Event.WARRANTY_END: date(1901, 1, 1)})

    assert due(rules, subject, date(2026, 1, 1), date(2026, 12, 31)) == ()
    with pytest.raises(InvalidValue, match=r"^through: found .* a day within 100 years of 1800-01-01"):
        due(rules, subject, date(1900, 12, 31), date(1901, 12, 31))


@pytest.mark.clause("AS-QA-12")
def test_every_service_has_its_call_back():
    """Each finished service, also two of one day, each with a key that stays when another is told."""
    rules = rules_of(
        call=duty(Event.FINISHED, kind=DutyKind.CALL_BACK, on_the_day=True, within=Period(days=3))
    )
    subject = unit(repeated={Event.FINISHED: (date(2026, 1, 10), date(2026, 4, 10), date(2026, 1, 10))})
    found = due(rules, subject, date(2025, 12, 31), date(2026, 12, 31))

    assert [each.key for each in found] == [
        "call/2026-01-10/on the day",
        "call/2026-01-10 no. 2/on the day",
        "call/2026-04-10/on the day",
    ]
    assert [each.last_day for each in found] == [date(2026, 1, 13), date(2026, 1, 13), date(2026, 4, 13)]
    fewer = unit(repeated={Event.FINISHED: (date(2026, 1, 10),)})
    assert due(rules, fewer, date(2025, 12, 31), date(2026, 12, 31)) == found[:1]


@pytest.mark.clause("AS-QA-12")
def test_one_call_does_not_answer_two_services():
    """Two services on one day, one of them called about: half of it is done."""
    rules = rules_of(duty(Event.FINISHED, kind=DutyKind.CALL_BACK, on_the_day=True))
    subject = unit(repeated={Event.FINISHED: (date(2026, 1, 10), date(2026, 1, 10))})
    found = due(rules, subject, date(2026, 1, 1), date(2026, 1, 31))

    assert standing(found, [record(found[0], date(2026, 1, 10))], date(2026, 1, 31)).rate == Fraction(1, 2)


def test_what_goes_on_after_two_events_of_one_day_goes_on_once():
    """The day itself is due for each of them, the periods after it for the last."""
    rules = rules_of(duty(Event.FINISHED, on_the_day=True, every=MONTH))
    subject = unit(repeated={Event.FINISHED: (date(2026, 1, 10), date(2026, 1, 10))})
    found = due(rules, subject, date(2026, 1, 1), date(2026, 2, 28))

    assert days(found) == [date(2026, 1, 10), date(2026, 1, 10), date(2026, 2, 10)]
    assert found[2].key == "rule-1/2026-01-10 no. 2/no. 1"


# --- the beginning and the end of a relation ------------------------------------------------------------

WHOLE = [(date(year, 6, 1), date(year, 8, 1)) for year in (2025, 2026, 2027)]
IN_SEASON = {"on_the_day": True, "within": Period(months=2)}
BEFORE_SEASON = {"before": True, "offsets": (MONTH,), "within": MONTH}
BY_YEAR = {"since": Event.YEAR, "offsets": (Period(months=5),), "within": Period(months=2)}
MONTHLY = {"since": Event.INSTALLED, "every": MONTH}


def windows(
    begins: date, ends: date, after: date = date(2024, 12, 31), **said: Any
) -> list[tuple[date, date]]:
    """The first and the last days of what is due in a relation, by a season of each of three years."""
    rule = duty(
        **{"since": Event.RAINY_SEASON, "not_before": Event.ACCEPTED, "until": Event.WARRANTY_END, **said}
    )
    subject = unit(
        dates={Event.INSTALLED: date(2025, 4, 1), Event.ACCEPTED: begins, Event.WARRANTY_END: ends},
        repeated={Event.RAINY_SEASON: tuple(first for first, _ in WHOLE)},
    )
    return [(each.day, each.last_day) for each in due(rules_of(rule), subject, after, date(2027, 12, 31))]


@pytest.mark.clause("AS-QA-3", "AS-QA-16")
@pytest.mark.parametrize("rule", [IN_SEASON, BY_YEAR], ids=["season", "year"])
@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (date(2025, 1, 1), date(2028, 1, 1), WHOLE),
        (date(2025, 8, 1), date(2028, 1, 1), [(date(2025, 8, 1), date(2025, 8, 1)), *WHOLE[1:]]),
        (date(2025, 8, 2), date(2028, 1, 1), WHOLE[1:]),
        (date(2025, 6, 10), date(2025, 6, 15), [(date(2025, 6, 10), date(2025, 6, 15))]),
        (date(2025, 1, 1), date(2026, 6, 1), [WHOLE[0], (date(2026, 6, 1), date(2026, 6, 1))]),
        (date(2025, 1, 1), date(2026, 5, 31), WHOLE[:1]),
        (date(2028, 1, 1), date(2029, 1, 1), []),
    ],
    ids=["all", "its-last-day", "a-day-too-late", "begun-and-ended-in-it", "its-first-day", "ended", "later"],
)
def test_a_window_is_cut_by_the_beginning_and_the_end_of_the_relation(rule, begins, ends, expected):
    """Of its days those from the one through the other are left; if none is, it is not due."""
    assert windows(begins, ends, **rule) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (BEFORE_SEASON, [(date(2025, 5, 20), date(2025, 6, 1)), (date(2026, 5, 1), date(2026, 5, 15))]),
        (
            MONTHLY,
            [(date(2025, month, 1), date(2025, month, 1)) for month in range(6, 13)]
            + [(date(2026, month, 1), date(2026, month, 1)) for month in range(1, 6)],
        ),
    ],
    ids=["before", "every"],
)
def test_what_prepares_and_what_goes_on_are_cut_as_well(rule, expected):
    """A season is prepared in the relation only; a period is counted from its event, and due in it only."""
    assert windows(date(2025, 5, 20), date(2026, 5, 15), **rule) == expected


def test_what_is_cut_is_due_once_however_the_days_are_asked_for():
    """It is due on the first day of the relation: in the window with that day, and in none that follows."""
    cut = (date(2025, 7, 1), date(2025, 8, 1))

    assert windows(date(2025, 7, 1), date(2028, 1, 1), date(2025, 6, 30), **IN_SEASON) == [cut, *WHOLE[1:]]
    assert windows(date(2025, 7, 1), date(2028, 1, 1), date(2025, 7, 1), **IN_SEASON) == WHOLE[1:]


def test_a_relation_that_is_not_known_to_have_begun_is_waited_for():
    """Nothing is due, and its beginning is among what is waited for; of several beginnings the first counts."""
    rules = rules_of(duty(Event.WINTER, on_the_day=True, not_before=Event.ACCEPTED))
    winters: dict[Event, tuple[date, ...]] = {
        Event.WINTER: (date(2025, 12, 1), date(2026, 12, 1), date(2027, 12, 1))
    }
    again: dict[Event, tuple[date, ...]] = {Event.ACCEPTED: (date(2027, 3, 1), date(2026, 3, 1))}

    def asked(repeated: dict[Event, tuple[date, ...]]) -> tuple[list[date], list[Event]]:
        subject = unit(repeated=repeated)
        found = due(rules, subject, date(2025, 1, 1), date(2027, 12, 31))
        return days(found), [each.event for each in waiting(rules, subject)]

    assert asked(winters) == ([], [Event.ACCEPTED])
    assert asked(winters | {Event.ACCEPTED: ()}) == ([], [])
    assert asked(winters | again) == ([date(2026, 12, 1), date(2027, 12, 1)], [])


def test_no_relation_begins_with_each_year():
    """The first of January is no day before which nothing is due."""
    with pytest.raises(InvalidValue, match=r"^not_before: found 'year', expected an event that has a day"):
        duty(on_the_day=True, not_before=Event.YEAR)


def test_windows_of_one_period_follow_one_another_without_a_gap():
    """A quarter of 30 November ends on the day of the next one, also after a short February."""
    rules = rules_of(duty(on_the_day=True, every=Period(months=3), within=Period(months=3)))
    found = due(rules, unit(date(2025, 11, 30)), date(2025, 11, 29), date(2026, 8, 29))

    assert [(each.day, each.last_day) for each in found] == [
        (date(2025, 11, 30), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 5, 30)),
        (date(2026, 5, 30), date(2026, 8, 30)),
    ]


@pytest.mark.clause("AS-QA-8")
def test_a_year_begins_by_itself():
    """The first of January needs no day; offsets reach over from other years."""
    plan, late, early = duty(Event.YEAR, on_the_day=True), Period(months=18), Period(months=1)

    assert year_of(plan) == [date(2026, 1, 1), date(2027, 1, 1)]
    assert year_of(duty(Event.YEAR, offsets=(late,))) == [date(2026, 7, 1)]
    assert year_of(duty(Event.YEAR, offsets=(Period(days=1500),))) == [date(2026, 2, 9)]
    before = duty(Event.YEAR, offsets=(Period(days=1),), before=True)
    assert days(due(rules_of(before), unit(), date(2026, 1, 1), date(2026, 12, 31))) == [date(2026, 12, 31)]
    assert year_of(duty(Event.YEAR, offsets=(early,), before=True)) == [date(2026, 12, 1)]
    assert year_of(duty(Event.YEAR, every=Period(months=3))) == [
        date(2026, 4, 1),
        date(2026, 7, 1),
        date(2026, 10, 1),
    ]


def test_a_duty_may_end_with_the_year():
    """The next first of January is its last day."""
    found = year_of(duty(every=Period(months=1), until=Event.YEAR), unit(date(2026, 10, 1)))

    assert found == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


def test_the_first_and_the_last_year_of_the_calendar_have_their_beginning():
    """Nothing is looked for before the year 1 or after 9999."""
    rules = rules_of(duty(Event.YEAR, on_the_day=True))

    assert days(due(rules, unit(), date(1, 1, 1), date(2, 1, 1))) == [date(2, 1, 1)]
    assert days(due(rules, unit(), date(9998, 6, 1), date(9999, 12, 31))) == [date(9999, 1, 1)]


def test_one_day_is_in_the_order_of_the_rules():
    """Days first, however long there is time; then the rulebook."""
    rules = rules_of(
        later=duty(offsets=(Period(days=29),)),
        one=duty(every=MONTH, within=YEAR),
        other=duty(offsets=(MONTH,)),
    )
    found = due(rules, unit(INSTALLED), INSTALLED, date(2026, 3, 30))

    assert [each.rule for each in found] == ["one", "other", "later"]


# --- conditions, and events without a day ---------------------------------------------------------------


def test_a_condition_decides_whether_anything_is_due():
    """Important customers only; who is one has to be known, and an answer of another kind is refused."""
    rules = rules_of(
        Question("customer", ("important", "other")),
        duty(every=MONTH, when=When((("customer", ("important",)),))),
    )

    def asked(**answers: str) -> tuple[int, int]:
        subject = unit(INSTALLED, answers=answers)
        return len(due(rules, subject, INSTALLED, date(2026, 2, 28))), len(
            waiting(rules, unit(answers=answers))
        )

    assert asked(customer="important") == (1, 1)
    assert asked(customer="other") == (0, 0)
    with pytest.raises(MissingValue, match=r"^customer has no value which rule-2 asks about"):
        asked()
    with pytest.raises(InvalidValue, match=r"^customer: found 'rich', expected one of important, other"):
        asked(customer="rich")


def test_a_duty_waits_for_the_day_of_its_event():
    """It is not due, whatever the window; it is listed, with what it waits for."""
    rules = rules_of(visits=duty(every=MONTH, until=Event.WARRANTY_END))

    def waits(**said: Any) -> list[Event]:
        assert due(rules, unit(**said), date(2000, 1, 1), date(2050, 1, 1)) == ()
        return [each.event for each in waiting(rules, unit(**said))]

    assert waits() == [Event.INSTALLED, Event.WARRANTY_END]
    assert waits(dates={Event.INSTALLED: INSTALLED}) == [Event.WARRANTY_END]
    assert waits(dates={Event.WARRANTY_END: INSTALLED}) == [Event.INSTALLED]
    assert waits(dates={Event.INSTALLED: INSTALLED}, repeated={Event.WARRANTY_END: (date(2025, 1, 1),)}) == [
        Event.WARRANTY_END
    ]
    assert waits(repeated={Event.INSTALLED: (), Event.WARRANTY_END: ()}) == []
    (first, _) = waiting(rules, unit())
    assert (first.rule, first.kind, first.clause.id) == ("visits", DutyKind.VISIT, "X-1")


def test_a_year_waits_for_nothing():
    """The first of January is always known."""
    assert waiting(rules_of(duty(Event.YEAR, on_the_day=True)), unit()) == ()


def test_a_first_of_january_cannot_be_told():
    """Nor can an event come once, and again."""
    with pytest.raises(InvalidValue, match=r"^dates: found 'year'"):
        unit(dates={Event.YEAR: date(2026, 1, 1)})
    with pytest.raises(InvalidValue, match=r"^dates: found 'year'"):
        unit(repeated={Event.YEAR: (date(2026, 1, 1),)})
    with pytest.raises(InvalidValue, match=r"^dates: found 'installed', expected an event that comes once"):
        unit(INSTALLED, repeated={Event.INSTALLED: (INSTALLED,)})


# --- keys, bounds, laws ---------------------------------------------------------------------------------


def test_a_key_stays_when_a_day_is_put_right():
    """What is counted from one event is numbered; another day of the event moves it and keeps its key."""
    rules = rules_of(visits=duty(every=MONTH), calls=duty(on_the_day=True, offsets=(YEAR,)))

    def keys(start: date) -> set[str]:
        return {each.key for each in due(rules, unit(start), date(2026, 1, 1), date(2027, 2, 10))}

    assert keys(INSTALLED) == keys(date(2026, 2, 2))
    assert {"visits/no. 12", "calls/on the day", "calls/1 year"} <= keys(INSTALLED)


@given(
    start=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    every=st.builds(Period, months=st.integers(1, 30), days=st.integers(0, 40)),
    after=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 2000),
    cut=st.integers(0, 2000),
)
def test_two_windows_say_what_one_does(start, every, after, length, cut):
    """However a stretch of days is cut, the same is due, under the same keys; and it is what counting gives."""
    rules, subject = rules_of(duty(every=every)), unit(start)
    middle, through = after + timedelta(days=min(cut, length)), after + timedelta(days=length)
    whole = due(rules, subject, after, through)
    counted = (
        Period(months=every.months * k, days=every.days * k).after(start, EndOfMonth.CLAMP)
        for k in range(1, 16_000 // (28 * every.months) + 1)
    )

    assert whole == due(rules, subject, after, middle) + due(rules, subject, middle, through)
    assert days(whole) == [day for day in counted if after < day <= through]


@given(
    rule=st.sampled_from(
        [
            {"every": MONTH},
            {"since": Event.YEAR, "offsets": (HALF_YEAR,)},
            {"since": Event.YEAR, "offsets": (MONTH,), "before": True},
            {"since": Event.FINISHED, "recurrence": Recurrence("FREQ=YEARLY;BYMONTH=5"), "on_the_day": True},
        ]
    ),
    within=st.none() | st.builds(Period, months=st.integers(0, 14), days=st.integers(1, 40)),
    begins=st.dates(date(2024, 1, 1), date(2029, 1, 1)),
    cut=st.dates(date(2024, 1, 1), date(2029, 1, 1)),
)
def test_two_windows_say_what_one_does_of_a_relation_too(rule, within, begins, cut):
    """Nothing is lost or due twice where the beginning cuts it, and each is done earliest on the same day."""
    rules = rules_of(duty(**rule, within=within, not_before=Event.ACCEPTED))
    dates = {Event.INSTALLED: INSTALLED, Event.ACCEPTED: begins}
    services = (date(2025, 5, 2), date(2027, 8, 1), date(2027, 8, 1))
    subject = unit(dates=dates, repeated={Event.FINISHED: services})
    first, last = date(2024, 1, 1), date(2029, 1, 1)
    whole = due(rules, subject, first, last)

    assert whole == due(rules, subject, first, cut) + due(rules, subject, cut, last)
    assert len({each.key for each in whole}) == len(whole)
    for each in whole:
        assert each.earliest is not None
        assert begins <= each.earliest <= each.day <= each.last_day


@pytest.mark.parametrize(
    "rule",
    [duty(every=Period(days=1)), duty(recurrence=Recurrence("FREQ=DAILY"))],
    ids=["every-day", "daily-recurrence"],
)
def test_a_hundred_years_of_daily_rounds_are_refused(rule):
    """The answer is bounded, and says by how much."""
    expected = rf"a day until which rule-1 is due at most {MOST} times"
    with pytest.raises(InvalidValue, match=expected):
        due(rules_of(rule), unit(INSTALLED), INSTALLED, date(2125, 1, 1))
    assert len(due(rules_of(rule), unit(INSTALLED), INSTALLED, INSTALLED + timedelta(days=MOST))) == MOST


def test_a_window_far_away_is_found_without_going_through_the_days(monkeypatch):
    """Daily rounds since the year 1, asked about in 9000: some dozens of days are looked at, not millions."""
    looked_at = []
    after = Period.after

    def counted(period: Period, day: date, end_of_month: EndOfMonth) -> date:
        looked_at.append(period)
        return after(period, day, end_of_month)

    monkeypatch.setattr(Period, "after", counted)
    rules, subject = rules_of(duty(every=Period(days=1))), unit(date(1, 1, 1))
    found = due(rules, subject, date(9000, 1, 1), date(9000, 1, 2))

    assert [each.key for each in found] == ["rule-1/no. 3286818"]
    assert len(looked_at) < 100


# --- records --------------------------------------------------------------------------------------------

CHECKS = ("bolts", "strips")


def one(day: date = date(2026, 4, 30), **said: Any) -> DutyDue:
    """One due, with a week to do it."""
    return DutyDue(
        **{
            "key": f"visits/{day}",
            "subject": "unit-1",
            "rule": "visits",
            "kind": DutyKind.MAINTENANCE,
            "day": day,
            "last_day": day + timedelta(days=7),
            "clause": Clause("AS-MNT-1"),
            "earliest": INSTALLED,
            **said,
        }
    )


def record(of: DutyDue, on: date, **said: Any) -> DutyRecord:
    """A record with all that may be asked for."""
    return DutyRecord(
        **{
            "due": of,
            "done_on": on,
            "by": "staff-7",
            "outcome": "in order",
            "checked": of.checks,
            "opinion": "content",
            "signed_for_firm": "staff-7",
            "signed_for_customer": "owner-1",
            **said,
        }
    )


@pytest.mark.clause("AS-MNT-1", "AS-MNT-3")
def test_a_record_is_signed_by_both_sides_where_the_rule_asks():
    """Without one of the signatures there is no record, and both are named."""
    asked = one(signed_by_both=True)
    record(asked, asked.day)
    record(one(), asked.day, signed_for_firm="", signed_for_customer="")
    with pytest.raises(
        InvalidValue, match="found 'no signature for the customer', expected what visits asks"
    ):
        record(asked, asked.day, signed_for_customer=" ")
    with pytest.raises(InvalidValue, match="'no signature for the firm, no signature for the customer'"):
        record(asked, asked.day, signed_for_firm="", signed_for_customer="")


@pytest.mark.clause("AS-QA-10")
def test_a_record_of_a_visit_carries_the_opinion_of_the_customer():
    """Where the rule asks for it, and not elsewhere."""
    record(one(), date(2026, 4, 30), opinion="")
    with pytest.raises(InvalidValue, match="found 'no opinion of the customer'"):
        record(one(opinion=True), date(2026, 4, 30), opinion="")


@pytest.mark.clause("AS-MNT-1", "AS-MNT-2", "AS-MNT-6")
def test_a_record_has_every_check():
    """What was not looked at is named, with all else that is lacking; nothing else can be ticked."""
    asked = one(checks=CHECKS)
    with pytest.raises(InvalidValue) as caught:
        record(asked, asked.day, checked=("bolts",), by="", outcome=" ")
    assert caught.value.found == "'strips' not looked at, nobody who did it, no outcome"
    assert caught.value.expected == "what visits asks for (AS-MNT-1)"
    with pytest.raises(InvalidValue, match=r"^checked: found 'paint', expected one of bolts, strips"):
        record(asked, asked.day, checked=(*CHECKS, "paint"))
    with pytest.raises(InvalidValue, match=r"^checked: found 'paint', expected one of none"):
        record(one(), asked.day, checked=("paint",))


def test_nothing_is_done_before_it_can_be():
    """On its first day at the earliest, if it has one."""
    record(one(), INSTALLED)
    record(one(earliest=None), date(2026, 1, 30))
    with pytest.raises(
        InvalidValue, match=r"^done_on: found '2026-01-30', expected a day from 2026-01-31 on"
    ):
        record(one(), date(2026, 1, 30))


def first_days(subject: Subject, **said: Any) -> list[tuple[date, date | None]]:
    """Each day on which something is due from 2025 through 2027, and when it may be done at the earliest."""
    found = due(rules_of(duty(**said)), subject, date(2024, 12, 31), date(2027, 12, 31))
    return [(each.day, each.earliest) for each in found]


@pytest.mark.clause("AS-QA-2", "AS-QA-10")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"on_the_day": True, "offsets": (YEAR, MONTH)},
            [
                (date(2026, 1, 31), date(2026, 1, 31)),
                (date(2026, 2, 28), date(2026, 2, 1)),
                (date(2027, 1, 31), date(2026, 3, 1)),
            ],
        ),
        (
            {"offsets": (MONTH, Period(days=28))},
            [(date(2026, 2, 28), date(2026, 1, 31)), (date(2026, 2, 28), date(2026, 1, 31))],
        ),
        (
            {"every": HALF_YEAR},
            [
                (date(2026, 7, 31), date(2026, 1, 31)),
                (date(2027, 1, 31), date(2026, 8, 1)),
                (date(2027, 7, 31), date(2027, 2, 1)),
            ],
        ),
        (
            {"every": YEAR, "on_the_day": True},
            [(date(2026, 1, 31), date(2026, 1, 31)), (date(2027, 1, 31), date(2026, 2, 1))],
        ),
        (
            {"recurrence": Recurrence("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1")},
            [(date(2026, 6, 1), date(2026, 1, 31)), (date(2027, 6, 1), date(2026, 6, 2))],
        ),
        (
            {"offsets": (MONTH, YEAR), "lead": Period(days=7)},
            [(date(2026, 2, 28), date(2026, 2, 21)), (date(2027, 1, 31), date(2027, 1, 24))],
        ),
        ({"offsets": (MONTH,), "lead": YEAR}, [(date(2026, 2, 28), date(2026, 1, 31))]),
        ({"offsets": (MONTH,), "within": MONTH}, [(date(2026, 2, 28), date(2026, 2, 28))]),
        (
            {"offsets": (MONTH,), "within": MONTH, "lead": Period(days=1)},
            [(date(2026, 2, 28), date(2026, 2, 27))],
        ),
    ],
    ids=["steps", "same-day", "every", "every-and-day", "recurrence", "lead", "long-lead", "window", "both"],
)
def test_what_is_done_belongs_to_its_own_due(said, expected):
    """Not before the event, nor before it was due the last time; a window and a lead say it themselves."""
    assert first_days(unit(INSTALLED), **said) == expected


def test_the_last_time_may_lie_before_the_days_that_are_asked_for():
    """What is due each June is not done before the last June, which was not asked about."""
    rules = rules_of(duty(recurrence=Recurrence("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1")), duty(every=YEAR))
    found = due(rules, unit(date(2020, 7, 1)), date(2026, 1, 1), date(2026, 12, 31))

    assert [each.earliest for each in found] == [date(2025, 6, 2), date(2025, 7, 2)]


@pytest.mark.clause("AS-QA-12")
def test_nothing_that_comes_again_is_done_before_it_comes():
    """A service of each year, called about when it is finished, and a month later at the latest."""
    services = unit(repeated={Event.FINISHED: (date(2026, 3, 1), date(2027, 3, 1))})

    assert first_days(services, since=Event.FINISHED, on_the_day=True) == [
        (date(2026, 3, 1), date(2026, 3, 1)),
        (date(2027, 3, 1), date(2027, 3, 1)),
    ]
    assert first_days(services, since=Event.FINISHED, offsets=(MONTH,)) == [
        (date(2026, 4, 1), date(2026, 3, 1)),
        (date(2027, 4, 1), date(2027, 3, 1)),
    ]


@pytest.mark.clause("AS-QA-16")
@pytest.mark.parametrize(
    ("said", "first", "second"),
    [
        ({}, None, date(2026, 6, 2)),
        ({"within": MONTH}, date(2026, 6, 1), date(2027, 6, 1)),
        ({"lead": Period(days=3)}, date(2026, 5, 29), date(2027, 5, 29)),
        ({"not_before": Event.ACCEPTED}, date(2026, 5, 20), date(2026, 6, 2)),
        ({"not_before": Event.ACCEPTED, "lead": MONTH}, date(2026, 5, 20), date(2027, 5, 1)),
    ],
    ids=["free", "window", "lead", "relation", "relation-and-lead"],
)
def test_a_season_may_be_prepared(said, first, second):
    """From when it was due for the season before on, or in the time that its rule has; whether it was told once, or again."""
    rule = {"since": Event.TYPHOON_SEASON, "before": True, "offsets": (MONTH,), **said}
    once, again = date(2026, 7, 1), date(2027, 7, 1)
    accepted = {Event.ACCEPTED: date(2026, 5, 20)}
    both = unit(dates=accepted, repeated={Event.TYPHOON_SEASON: (once, again)})

    assert first_days(unit(dates={Event.TYPHOON_SEASON: once, **accepted}), **rule) == [
        (date(2026, 6, 1), first)
    ]
    assert first_days(both, **rule) == [(date(2026, 6, 1), first), (date(2027, 6, 1), second)]


@pytest.mark.parametrize(
    ("ends", "offsets", "expected"),
    [
        (
            (date(2026, 3, 1), date(2026, 3, 20)),
            (MONTH,),
            [(date(2026, 2, 1), None), (date(2026, 2, 20), date(2026, 2, 2))],
        ),
        (
            (date(2026, 3, 30), date(2026, 3, 31)),
            (MONTH,),
            [(date(2026, 2, 28), None), (date(2026, 2, 28), date(2026, 2, 28))],
        ),
        (
            (date(2026, 3, 1), date(2026, 3, 20)),
            (MONTH, Period(days=7)),
            [
                (date(2026, 2, 1), None),
                (date(2026, 2, 20), date(2026, 2, 20)),
                (date(2026, 2, 22), date(2026, 2, 2)),
                (date(2026, 3, 13), date(2026, 2, 21)),
            ],
        ),
    ],
    ids=["apart", "same-day", "overlapping"],
)
def test_what_lies_before_one_event_may_lie_before_the_last_one_too(ends, offsets, expected):
    """It may be done once it was due for the event before, and never only after its own last day."""
    said = {"since": Event.WARRANTY_END, "before": True, "offsets": offsets}
    assert first_days(unit(repeated={Event.WARRANTY_END: ends}), **said) == expected


def test_a_fixed_day_may_be_anticipated():
    """Nothing happens on it: it is done from the fixed day before on, and two of one day alike."""
    plan = unit(repeated={Event.FIXED: (date(2026, 3, 1), date(2026, 9, 1), date(2026, 9, 1))})
    september = (date(2026, 9, 1), date(2026, 3, 2))

    assert first_days(plan, since=Event.FIXED, on_the_day=True) == [
        (date(2026, 3, 1), None),
        september,
        september,
    ]


@pytest.mark.clause("AS-QA-2", "AS-MNT-1")
@pytest.mark.parametrize(
    ("rule", "on"),
    [
        (duty(kind=DutyKind.CALL_BACK, on_the_day=True, offsets=(MONTH, YEAR)), INSTALLED),
        (duty(on_the_day=True, every=Period(months=3), within=Period(months=3)), date(2026, 2, 1)),
        (duty(Event.FINISHED, on_the_day=True), INSTALLED),
    ],
    ids=["call-backs", "quarters", "services"],
)
def test_one_day_does_not_do_for_all(rule, on):
    """Of all that is due in a year, what is recorded on one of the first days is done once, not always."""
    subject = unit(INSTALLED, repeated={Event.FINISHED: (INSTALLED, date(2027, 1, 31))})
    found = due(rules_of(rule), subject, date(2026, 1, 30), date(2027, 1, 31))

    record(found[0], on)
    for later in found[1:]:
        with pytest.raises(InvalidValue, match=r"^done_on: "):
            record(later, on)


# --- how they stand -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 4, 29), DutyState.UPCOMING),
        (date(2026, 4, 30), DutyState.DUE),
        (date(2026, 5, 7), DutyState.DUE),
        (date(2026, 5, 8), DutyState.OVERDUE),
    ],
    ids=["day-before", "its-day", "its-last-day", "day-after"],
)
def test_what_is_not_done_stands_by_the_day(on, expected):
    """Due from its day through its last day; then it is overdue."""
    (item,) = standing([one()], [], on).items

    assert (expected, None) == (item.state, item.record)


@pytest.mark.parametrize(
    ("done", "on", "expected"),
    [
        (date(2026, 4, 1), date(2026, 4, 2), DutyState.DONE),
        (date(2026, 5, 7), date(2026, 5, 7), DutyState.DONE),
        (date(2026, 5, 8), date(2026, 5, 8), DutyState.DONE_LATE),
        (date(2026, 5, 8), date(2026, 5, 7), DutyState.DUE),
        (date(2026, 5, 9), date(2026, 5, 8), DutyState.OVERDUE),
    ],
    ids=["early", "last-day", "late", "not-yet", "not-yet-and-late"],
)
def test_what_is_done_is_in_time_by_its_last_day(done, on, expected):
    """Early is in time; what is done after the day that is asked about does not count yet."""
    (item,) = standing([one()], [record(one(), done)], on).items

    assert item.state is expected


def test_the_earliest_record_counts_whatever_the_order():
    """A second one makes nothing better or worse, and records of other dues and units are passed over."""
    early, late = record(one(), date(2026, 5, 7)), record(one(), date(2026, 5, 9))
    other_unit = record(one(subject="unit-2"), date(2026, 4, 30))
    other_due = record(one(date(2026, 6, 30)), date(2026, 4, 30))

    for records in ([early, late], [late, early], [other_unit, other_due, late, early]):
        (item,) = standing([one()], records, date(2026, 12, 31)).items
        assert item.record is early
    (item,) = standing([one()], [other_unit, other_due], date(2026, 12, 31)).items
    assert item.state is DutyState.OVERDUE


@pytest.mark.clause("AS-QA-2")
def test_the_rate_is_what_was_done_in_time_of_what_was_to_be_done():
    """Overdue ones count against it, what may still be done does not; one of three is a third."""
    dues = [one(date(2026, month, 1)) for month in (2, 3, 4, 5, 6)]
    records = [record(dues[0], date(2026, 2, 8)), record(dues[1], date(2026, 3, 9))]
    found = standing(dues, records, date(2026, 5, 1))

    assert found.rate == Fraction(1, 3)
    assert [item.due for item in found.of(DutyState.OVERDUE)] == [dues[2]]
    assert found.on == date(2026, 5, 1)


@pytest.mark.clause("AS-QA-2")
def test_a_hundred_per_cent_is_one_and_nothing_is_no_rate():
    """All in time: exactly 1; nothing to be done yet: none, and not 1."""
    assert standing([one()], [record(one(), one().day)], one().day).rate == Fraction(1)
    assert standing([one()], [], date(2027, 1, 1)).rate == Fraction(0)
    assert standing([one()], [], one().day).rate is None
    assert standing([], [], one().day).rate is None


@pytest.mark.parametrize("name", ["after", "through"])
def test_an_instant_is_no_day(name):
    """What is due is asked for by days; an instant among them is refused, whichever of the two it is."""
    asked: dict[str, Any] = {
        "after": INSTALLED,
        "through": INSTALLED,
        name: datetime(2026, 1, 31, 9, tzinfo=UTC),
    }
    with pytest.raises(InvalidValue, match=f"{name}: .*a day, not an instant"):
        due(rules_of(duty(every=MONTH)), unit(INSTALLED), **asked)


def test_a_key_says_of_which_kind_it_is():
    """By the rule that it names; of a rule that there is not it says nothing."""
    rules = rules_of(rounds=duty(kind=DutyKind.INSPECTION, every=MONTH), calls=duty(on_the_day=True))
    (inspected,) = due(rules, unit(INSTALLED), date(2026, 2, 27), date(2026, 2, 28))

    assert kind_named(rules, inspected.key) == "inspection"
    assert kind_named(rules, "visits/2026-02-28") == ""
