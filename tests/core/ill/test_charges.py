"""What a loan costs on a day, worked out from the loan and the rules alone."""

from __future__ import annotations

from datetime import date

import pytest

from servflow.core.errors import MissingValue
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.charges import loan_fee, owed
from servflow.core.ill.lending.states import Place
from servflow.core.money import Money

JANUARY = date(2026, 1, 31)


def yuan(amount: int) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


def clauses(charge):
    """The clauses that a charge rests on."""
    return {step.clause.id for _, step in charge.lines() if step.clause}


@pytest.mark.parametrize(
    ("place", "volumes", "fee", "clause"),
    [
        (Place.SAME_CITY, 1, 10, "NLC-4"),
        (Place.SAME_CITY, 3, 30, "NLC-4"),
        (Place.ELSEWHERE, 1, 20, "NLC-4"),
        (Place.ELSEWHERE, 3, 60, "NLC-4"),
        (Place.ABROAD, 1, 160, "NLC-5"),
        (Place.ABROAD, 3, 480, "NLC-5"),
    ],
)
def test_the_fee_is_per_volume_by_place(lending_desk, place, volumes, fee, clause):
    """In the city, elsewhere and, by the tariff that is given, abroad: each with its clause."""
    tariff = yuan(160) if place is Place.ABROAD else None
    charge = loan_fee(lending_desk.policy, JANUARY, place, volumes=volumes, tariff=tariff)

    assert charge.money == yuan(fee)
    assert clauses(charge) == {clause}


def test_abroad_without_a_tariff_there_is_no_fee_not_even_nothing(lending_desk):
    """An amount that was not given is missing; it is never taken as zero."""
    with pytest.raises(MissingValue, match="tariff"):
        loan_fee(lending_desk.policy, JANUARY, Place.ABROAD, volumes=1, tariff=None)


def test_what_was_not_shipped_owes_nothing(lending_desk):
    """A request costs nothing on any day, however long it waits."""
    lending_desk.relate()
    lending_desk.ask()

    assert lending_desk.owed("2026-01-31") == lending_desk.owed("2027-01-31") == {}


def test_a_day_that_is_over_more_costs_one_day_more(lending_desk):
    """Two volumes: nothing on the due day, then ten yuan a day, with the clause."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    costs = [lending_desk.owed(f"2026-03-{day:02}").get("overdue") for day in (1, 2, 3)]

    assert "overdue" not in lending_desk.owed("2026-02-28")
    assert costs == [yuan(10), yuan(20), yuan(30)]
    charge = dict(owed(lending_desk.loan(), lending_desk.policy, date(2026, 3, 2)))["overdue"]
    assert clauses(charge) == {"NLC-12"}


def test_what_came_back_costs_nothing_more(lending_desk):
    """One of two volumes is back two days late: it stays at two days, the other goes on."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-03-02", items=("a",))

    assert lending_desk.owed("2026-03-02")["overdue"] == yuan(2 * 5 * 2)
    assert lending_desk.owed("2026-03-10")["overdue"] == yuan(2 * 5 + 10 * 5)


def test_what_is_owed_on_an_earlier_day_is_as_it_was(lending_desk):
    """The return of a later day does not count yet: asked for 2 March, both were two days late."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-03-05", items=("a",))

    assert lending_desk.owed("2026-03-02")["overdue"] == yuan(20)


def test_what_is_lost_is_overdue_up_to_the_day_of_the_loss(lending_desk):
    """By the library's own choice; under a rule that says otherwise the days go on."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    before = lending_desk.aggregates
    lending_desk.do(c.DeclareLost, "2026-03-03")
    costs = [lending_desk.owed(day)["overdue"] for day in ("2026-03-02", "2026-03-03", "2026-05-01")]
    assert costs == [yuan(10), yuan(15), yuan(15)]

    lending_desk.aggregates = before
    lending_desk.rule(overdue_stops_when_lost=False)
    lending_desk.do(c.DeclareLost, "2026-03-03")

    assert lending_desk.owed("2026-03-03")["overdue"] == yuan(15)
    assert lending_desk.owed("2026-03-04")["overdue"] == yuan(20)


def test_what_was_charged_and_is_not_owed_any_more_is_named_as_nothing(lending_desk):
    """So that it is reversed: a return that happened before the due day, entered after a fine."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Assess, "2026-03-05")
    assert lending_desk.owed("2026-03-05")["overdue"] == yuan(25)

    lending_desk.do(c.CheckIn, "2026-02-27", recorded_at=lending_desk.at("2026-03-06"))

    assert lending_desk.owed("2026-03-06") == {"loan-fee": yuan(20), "overdue": yuan(0)}


def test_a_compensation_that_was_taken_back_is_named_as_nothing(lending_desk):
    """What was lost and is found again costs its fee and its days, and no compensation."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(180))
    charge = dict(owed(lending_desk.loan(), lending_desk.policy, date(2026, 2, 12)))["compensation"]
    assert (charge.money, clauses(charge)) == (yuan(180), {"NLC-7"})

    lending_desk.do(c.CheckIn, "2026-02-20")

    assert lending_desk.owed("2026-02-20") == {"loan-fee": yuan(20), "compensation": yuan(0)}


@pytest.mark.parametrize(
    ("day", "overdue"), [("2026-02-27", False), ("2026-02-28", False), ("2026-03-01", True)]
)
def test_a_loan_is_overdue_while_something_is_out_after_its_due_day(lending_desk, day, overdue):
    """Not on the due day; not before it is shipped; not once everything is back."""
    lending_desk.relate()
    lending_desk.ask()
    on = date.fromisoformat(day)
    assert not lending_desk.loan().overdue_on(on)
    lending_desk.do(c.Ship, "2026-01-31", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-02-10", items=("a",))
    assert lending_desk.loan().overdue_on(on) is overdue

    lending_desk.do(c.CheckIn, "2026-03-01")

    assert not lending_desk.loan().overdue_on(on)
