"""Where a value comes from and since when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.citations import PRACTICE, Cited, Clause, Dated, Reason, Since
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.money import Money

ONE, TWO = Clause("NLC-9", "5.1"), Clause("NLC-10")
FEE = Dated(
    "shipping fee",
    [
        Since(date(2026, 7, 1), Cited(25, TWO)),
        Since(date(2026, 1, 1), Cited(20, ONE)),
        Since(date(2027, 1, 1), None),
        Since(date(2027, 3, 1), Cited(30, TWO)),
    ],
)


def test_a_clause_is_shown_by_its_id():
    """The place in the document is kept beside the id, not shown with it."""
    assert str(ONE) == "NLC-9"
    assert ONE.at == "5.1"
    assert TWO.at == ""


def test_practice_is_visible_as_such():
    """A value that no source gives cites PRACTICE, which says so."""
    assert PRACTICE.id == "PRACTICE"
    assert "no source" in PRACTICE.at


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 1), Cited(20, ONE)),
        (date(2026, 6, 30), Cited(20, ONE)),
        (date(2026, 7, 1), Cited(25, TWO)),
        (date(2026, 12, 31), Cited(25, TWO)),
        (date(2027, 3, 1), Cited(30, TWO)),
        (date.max, Cited(30, TWO)),
    ],
)
def test_a_value_holds_from_its_first_day_until_the_next(day, expected):
    """The first day has the new value, the day before it the old one; the order of writing means nothing."""
    assert FEE.on(day) == expected


@pytest.mark.parametrize("day", [date.min, date(2025, 12, 31), date(2027, 1, 1), date(2027, 2, 28)])
def test_a_day_without_a_value_has_none(day):
    """Before the first value, and in a written gap, there is an error and never a zero."""
    with pytest.raises(MissingValue) as caught:
        FEE.on(day)
    assert (caught.value.name, caught.value.where) == ("shipping fee", f"on {day.isoformat()}")


def test_a_value_for_every_day():
    """A source without a date gives a value that holds from the first day there is."""
    always = Dated.always("loan days", 30, ONE)
    assert always.on(date.min) == always.on(date.max) == Cited(30, ONE)
    assert always == Dated("loan days", [Since(date.min, Cited(30, ONE))])


def test_a_dated_value_needs_a_value():
    """A rule without any value is a mistake in the rulebook, found at once."""
    with pytest.raises(InvalidValue, match=r"^fee: found 'no value', expected at least one dated value"):
        Dated("fee", [])


def test_two_values_cannot_start_on_one_day():
    """Which of the two would hold is nobody's guess."""
    with pytest.raises(InvalidValue, match=r"^fee: found 'two values that start on one day'"):
        Dated("fee", [Since(date(2026, 1, 1), Cited(1, ONE)), Since(date(2026, 1, 1), Cited(2, ONE))])


def test_a_gap_may_say_by_which_clause():
    """It is known of each day in it; on a day with a value, before all of them or without a clause it is none."""
    gap: Since[int] = Since(date(2027, 1, 1), None, gap=ONE)
    dated = Dated("fee", [Since(date(2026, 1, 1), Cited(20, TWO)), gap, Since(date(2028, 1, 1), None)])
    days = (date(2025, 12, 31), date(2026, 12, 31), date(2027, 1, 1), date(2027, 12, 31), date(2028, 1, 1))
    assert [dated.gap_on(day) for day in days] == [None, None, ONE, ONE, None]


def test_dated_values_are_values():
    """Equal name and values are equal, with one hash, in whatever order they were written."""
    same = Dated("shipping fee", reversed(FEE.values))
    assert (same, hash(same)) == (FEE, hash(FEE))
    assert Dated("other fee", FEE.values) != FEE
    assert Dated("shipping fee", FEE.values[:2]) != FEE
    assert FEE != "shipping fee"
    assert repr(Dated.always("days", 30, TWO)) == (
        "Dated('days', [Since(start=datetime.date(1, 1, 1), cited=Cited(value=30, clause=Clause(id='NLC-10', at='')))])"
    )


@given(st.dictionaries(st.dates(), st.integers() | st.none(), min_size=1), st.dates(), st.integers())
def test_a_later_value_changes_no_earlier_day(values, day, new):
    """Appending a value leaves every day before it as it was, and holds on its own day."""

    def on(dated: Dated[int], day: date) -> int | None:
        try:
            return dated.on(day).value
        except MissingValue:
            return None

    sinces = [Since(start, None if value is None else Cited(value, ONE)) for start, value in values.items()]
    before = Dated("fee", sinces)
    last = before.values[-1].start
    if last < date.max:
        after = Dated("fee", [*sinces, Since(last + timedelta(days=1), Cited(new, TWO))])
        assert on(after, last) == on(before, last)
        assert on(after, last + timedelta(days=1)) == new
        if day <= last:
            assert on(after, day) == on(before, day)
    started = [start for start in values if start <= day]
    assert on(before, day) == (values[max(started)] if started else None)


def test_a_reason_is_shown_with_its_clause_and_facts():
    """Code, clause in brackets, facts in their order; each is left out if it is not there."""
    assert str(Reason("not-before-due")) == "not-before-due"
    assert str(Reason("renewed-before", ONE)) == "renewed-before [NLC-9]"
    assert str(Reason("owes", facts=(("amount", Money(35, "CNY")), ("volumes", 2)))) == (
        "owes (amount=CNY 35.00, volumes=2)"
    )
    assert str(Reason("late", TWO, (("due", date(2026, 2, 28)),))) == "late [NLC-10] (due=2026-02-28)"


@pytest.mark.parametrize(
    ("value", "name"),
    [(ONE, "id"), (Cited(20, ONE), "value"), (FEE.values[0], "cited"), (Reason("late"), "code")],
)
def test_citations_cannot_be_changed(value, name):
    """What was cited once stays as it was."""
    with pytest.raises(AttributeError):
        setattr(value, name, None)


def test_reasons_are_values():
    """The same code, clause and facts are one reason."""
    assert {Reason("late", TWO, (("days", 5),)), Reason("late", Clause("NLC-10"), (("days", 5),))} == {
        Reason("late", TWO, (("days", 5),))
    }
