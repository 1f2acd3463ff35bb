"""The clauses of the university of education in Chongqing about what it borrows, as its source states them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from borrowing_desk import LENDER, BorrowingDesk, costs, yuan

from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.terms import WhereLost

S = CaseState


@pytest.fixture
def desk() -> BorrowingDesk:
    """A desk under the shipped rules, without any case yet."""
    return BorrowingDesk()


def blocked(desk: BorrowingDesk, **facts: Any) -> list[tuple[str, str | None]]:
    """For what a request is blocked at once, and by which clause."""
    desk.know(**facts)
    desk.submit()
    if desk.case().state is not S.BLOCKED:
        return []
    return [(each.code, each.clause.id if each.clause else None) for each in desk.case().reasons]


# --- 一: who may order --------------------------------------------------------------------------------------


@pytest.mark.clause("CQ-1")
@pytest.mark.parametrize("category", ["teacher", "full-time-student"])
def test_teachers_and_full_time_students_are_served(desk: BorrowingDesk, category: str) -> None:
    """Their requests come to the desk."""
    assert blocked(desk, category=category) == []


@pytest.mark.clause("CQ-1")
@pytest.mark.parametrize("category", ["part-time-student", "visitor", ""])
def test_nobody_else_is_served(desk: BorrowingDesk, category: str) -> None:
    """Not even by an exception of the staff: the source's own words are the clause."""
    assert blocked(desk, category=category) == [("ill.block.not-eligible", "CQ-1")]
    assert [each[0] for each in desk.refused(c.OverrideBlock, "2026-01-05")] == ["ill.block-not-overridable"]


@pytest.mark.clause("CQ-1")
def test_who_has_overdue_books_is_refused(desk: BorrowingDesk) -> None:
    """One is enough."""
    assert blocked(desk, overdue=1) == [("ill.block.overdue", "CQ-1")]


@pytest.mark.clause("CQ-1")
def test_who_has_unpaid_debts_is_refused(desk: BorrowingDesk) -> None:
    """One cent is enough; paid, the request goes on."""
    assert blocked(desk, debt=yuan("0.01")) == [("ill.block.debt", "CQ-1")]
    desk.know(debt=None)
    desk.do(c.Recheck, "2026-01-05")
    assert desk.case().state is S.IN_REVIEW


# --- 二: when the desk is open -------------------------------------------------------------------------------


@pytest.mark.clause("CQ-2")
@pytest.mark.parametrize(
    ("due", "patron_due"),
    [
        (date(2026, 3, 6), date(2026, 3, 6)),  # a Friday
        (date(2026, 3, 7), date(2026, 3, 6)),  # a Saturday
        (date(2026, 3, 8), date(2026, 3, 6)),  # a Sunday
        (date(2026, 3, 9), date(2026, 3, 9)),
        (date(2026, 5, 3), date(2026, 4, 30)),  # the holiday of 1 May
        (date(2026, 10, 7), date(2026, 9, 30)),  # the National Day
    ],
)
def test_nothing_is_brought_back_at_weekends_and_on_holidays(
    desk: BorrowingDesk, due: date, patron_due: date
) -> None:
    """The patron is told the last open day before the lender's due date."""
    desk.ship(due=due)

    assert desk.case().patron_due == patron_due


@pytest.mark.clause("CQ-2")
@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 1, 5), True),
        (date(2026, 1, 10), False),  # a Saturday
        (date(2026, 1, 11), False),  # a Sunday
        (date(2026, 2, 17), False),  # the Spring Festival
        (date(2026, 10, 1), False),  # the National Day
    ],
)
def test_when_the_desk_is_open(desk: BorrowingDesk, day: date, is_open: bool) -> None:
    """Neither at weekends nor on national holidays; on working days in the morning and the afternoon."""
    assert desk.policy.calendar.is_open_on(day) is is_open
    assert len(desk.policy.calendar.opening(day)) == (2 if is_open else 0)


@pytest.mark.clause("CQ-2")
def test_a_supplier_is_waited_for_in_working_time(desk: BorrowingDesk) -> None:
    """Asked on a Friday, it has its week from Monday on."""
    desk.send("2026-01-09T17:30")

    assert desk.refused(c.TimeOut, "2026-01-16T17:29") != []
    assert desk.refused(c.TimeOut, "2026-01-16T17:30") == []


# --- 三5: penalties ---------------------------------------------------------------------------------------------


@pytest.mark.clause("CQ-4")
def test_overdue_is_charged_by_the_lenders_rule(desk: BorrowingDesk) -> None:
    """The National Library's rate and clause, on the days on which the patron had it too long."""
    desk.lend(items=("a", "b"))
    desk.do(c.TakeBack, "2026-03-09")

    posting = desk.postings[-1]
    assert desk.charged() == yuan(30)
    assert posting.charge is not None
    assert posting.charge.derivation.clause is not None
    assert posting.charge.derivation.clause.id == "NLC-12"


@pytest.mark.clause("CQ-4")
def test_where_the_lenders_rules_are_not_known_its_bill_is_charged(desk: BorrowingDesk) -> None:
    """By this clause: not by anything of the borrowing library's own."""
    desk.send(suppliers=("CN-ZJU",))
    desk.do(c.HearShipped, "2026-01-07")
    for kind in (c.Receive, c.CheckOut):
        desk.do(kind, "2026-01-12")
    desk.do(c.HearOverdue, "2026-03-09", costs=costs(overdue=7))

    charge = desk.postings[0].charge
    assert desk.charged() == yuan(7)
    assert charge is not None
    assert charge.derivation.clause is not None
    assert charge.derivation.clause.id == "CQ-4"


@pytest.mark.clause("CQ-4")
@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_loss_and_damage_are_charged_by_the_lenders_bill(desk: BorrowingDesk, how: str) -> None:
    """What the lender asks for, cited by this clause, of the patron who had it."""
    desk.lend()
    if how == "lost":
        desk.do(c.RecordLoss, "2026-02-02", where=WhereLost.PATRON)
    else:
        desk.do(c.ReportDamage, "2026-02-02")
    desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=120))

    charge = desk.postings[0].charge
    assert (desk.charged(), desk.payable(LENDER)) == (yuan(120), yuan(120))
    assert charge is not None
    assert charge.derivation.clause is not None
    assert charge.derivation.clause.id == "CQ-4"


# --- 四1: limits -------------------------------------------------------------------------------------------------


@pytest.mark.clause("CQ-5")
@pytest.mark.parametrize(
    ("active", "found"), [(0, []), (1, []), (2, [("ill.block.too-many-active", "CQ-5")])]
)
def test_at_most_two_at_the_same_time(desk: BorrowingDesk, active: int, found: list[tuple[str, str]]) -> None:
    """The third has to wait."""
    assert blocked(desk, active=active) == found


@pytest.mark.clause("CQ-5")
def test_nothing_is_renewed(desk: BorrowingDesk) -> None:
    """Whatever the lender would say; the lender is not even asked."""
    desk.lend()

    for by in (desk.patron, desk.staff):
        assert desk.refused(c.RenewLoan, "2026-03-02", reason="课程未结束", by=by) == [
            ("ill.renewals-used-up", "CQ-5", {"allowed": 0})
        ]
