"""The credit record of a developer: what it had to deposit, paid, was ordered and did not do, building by building."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from deposit_desk import ASSESSED_ON, COST, account, building, cny, policy

from servflow.core.deposits.accounts.model import Default, DepositAccount, Order
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.assessing import assessed
from servflow.core.deposits.credit_record import CreditLine, credit_record
from servflow.core.deposits.export import row
from servflow.core.deposits.interest import with_movement
from servflow.core.ledger import Account, AccountKind, Posting

POLICY = policy()
ORDERED = date(2026, 3, 1)
OWES = Account(AccountKind.RECEIVABLE, "developer")
INCOME = Account(AccountKind.INCOME, "authority")
TILL = Account(AccountKind.CASH, "authority")


def posting(key: str, debit: Account, credit: Account, on: date, amount: int, **said: Any) -> Posting:
    """A posting of the surcharge."""
    return Posting(
        key=key,
        debit=debit,
        credit=credit,
        amount=cny(amount),
        value_date=on,
        subject="building-1",
        kind="surcharge",
        **said,
    )


def late() -> DepositAccount:
    """4,800,000 of 6,000,000 in time, 700,000 on 21 March; ordered by 1 March, another order withdrawn."""
    it = account(
        paid=[
            (date(2026, 2, 2), cny(4_800_000)),
            (date(2026, 3, 21), cny(700_000)),
            (date(2026, 3, 30), cny(9)),
        ],
        notified_on=date(2026, 1, 6),
        orders=(
            Order(by_day=date(2026, 2, 20), on=date(2026, 2, 1), withdrawn=True),
            Order(by_day=ORDERED, on=date(2026, 2, 10)),
        ),
        defaults=(Default(ordered_by=ORDERED, unpaid=cny(1_200_000)),),
        surcharged=(
            posting("1", OWES, INCOME, date(2026, 3, 25), 80_000),
            posting("2", INCOME, OWES, date(2026, 3, 26), 2_000),
            posting("3", TILL, OWES, date(2026, 3, 27), 30_000),
            posting("4", OWES, INCOME, date(2026, 4, 5), 7, happened_on=date(2026, 3, 28)),
        ),
    )
    return with_movement(it, MovementKind.REVERSED, date(2026, 4, 1), cny(9), reverses=3)


def line(it: DepositAccount, day: date) -> CreditLine:
    """Its line of that day."""
    (found,) = credit_record([it], "developer", POLICY, day)
    return found


@pytest.mark.clause("SD-8", "SD-32")
def test_a_late_payment_is_on_record_with_all_that_came_of_it():
    """Assessed, paid, unpaid, orders, defaults and the surcharge: 72,000 through 21 March, then 1,500 a day."""
    assert line(late(), date(2026, 3, 31)) == CreditLine(
        authority="authority",
        developer="developer",
        project="project-1",
        building="1",
        account="building-1",
        assessed_on=ASSESSED_ON,
        assessed=cny(6_000_000),
        notified_on=date(2026, 1, 6),
        paid_in=cny(5_500_000),
        unpaid=cny(500_000),
        paid_in_full_on=None,
        orders=(date(2026, 2, 20), ORDERED),
        withdrawn=(date(2026, 2, 20),),
        defaults=(ORDERED,),
        surcharge=cny(72_000 + 10 * 1_500),
        surcharge_posted=cny(78_007),
        surcharge_paid=cny(30_000),
    )


@pytest.mark.clause("SD-32")
def test_what_came_after_the_day_is_not_in_it():
    """Each payment, order, default and posting is there from its day on, and not a day before."""
    before = {
        "orders": date(2026, 1, 31),
        "paid_in": date(2026, 2, 1),
        "notified_on": date(2026, 1, 5),
        "defaults": ORDERED,
        "surcharge_posted": date(2026, 3, 24),
        "surcharge_paid": date(2026, 3, 26),
    }
    for name, day in before.items():
        missing, there = (getattr(line(late(), each), name) for each in (day, day + timedelta(days=1)))
        assert not missing, name
        assert there, name
    assert line(late(), date(2026, 3, 25)).surcharge_posted == cny(80_000)
    assert line(late(), date(2026, 3, 26)).surcharge_posted == cny(78_000)


def test_a_payment_that_did_not_arrive_counts_on_no_day():
    """It was entered on 30 March and reversed on 1 April: on neither day it is paid in, and nothing is paid by it."""
    for day in (30, 31):
        found = line(late(), date(2026, 3, day))
        assert found.paid_in + found.unpaid == found.assessed
        assert found.paid_in == cny(5_500_000)


@pytest.mark.clause("SD-32")
def test_who_paid_in_time_has_a_record_without_a_stain():
    """Paid in full on a day, nothing unpaid, nothing ordered, no surcharge; before that day not paid yet."""
    it = account(paid=[(date(2026, 2, 2), cny(6_000_000))], paid_in_full_on=date(2026, 2, 2))

    then, before = line(it, date(2026, 2, 2)), line(it, date(2026, 2, 1))

    assert (then.paid_in_full_on, then.unpaid, then.orders, then.surcharge) == (
        date(2026, 2, 2),
        cny(0),
        (),
        cny(0),
    )
    assert (before.paid_in_full_on, before.unpaid) == (None, cny(6_000_000))


def test_what_holds_is_the_last_assessment_of_the_day():
    """A lower one counts from its own day on; a building that is not assessed yet has no line."""
    again = assessed(
        POLICY,
        date(2026, 5, 4),
        "multi_storey",
        cost=COST,
        average_cost=None,
        floor_area=None,
        grounds=(),
    )
    it = account()
    it = replace(it, assessments=(*it.assessments, again))

    assert line(it, date(2026, 5, 3)).assessed == cny(6_000_000)
    assert (line(it, date(2026, 5, 4)).assessed, line(it, date(2026, 5, 4)).assessed_on) == (
        cny(3_600_000),
        date(2026, 5, 4),
    )
    assert list(credit_record([it], "developer", POLICY, ASSESSED_ON - timedelta(days=1))) == []


def test_a_record_is_of_one_developer():
    """Its buildings in the order in which they come, and nobody else's."""
    theirs = [
        account(id=f"b{number}", building=building(developer=developer))
        for number, developer in enumerate(("d1", "d2", "d1"))
    ]

    assert [each.account for each in credit_record(theirs, "d1", POLICY, ASSESSED_ON)] == ["b0", "b2"]


def test_a_line_is_a_row():
    """Days of orders are one text with semicolons, and amounts are written out."""
    found = row(line(late(), date(2026, 3, 31)))

    assert found["orders"] == "2026-02-20; 2026-03-01"
    assert found["unpaid"] == "CNY 500000.00"
    assert found["paid_in_full_on"] is None


def test_without_a_rule_for_the_surcharge_nothing_is_owed_for_being_late():
    """An order then brings nothing; everything else is on record as ever."""
    fees = {name: rule for name, rule in POLICY.fees.items() if name != "surcharge"}
    rules = replace(POLICY, fees=fees)

    (found,) = credit_record([late()], "developer", rules, date(2026, 3, 31))

    assert found.surcharge == cny(0)
    assert found.defaults == (ORDERED,)
    assert found.unpaid == cny(500_000)
