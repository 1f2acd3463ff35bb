"""Three libraries that differ in everything lend to each other, each by its own rules and hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from servflow.core.changes import Actor, Office
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingFacts
from servflow.core.ill.borrowing.states import CaseOutcome, CaseState
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import InstitutionKind, SupplyState
from servflow.core.ill.terms import Requested, Service
from servflow.core.money import Money
from servflow.rulebooks import Rulebook, borrowing_policy, lending_policy, load
from servflow.testing.two_ends import Known, TwoEnds

RULES = Path(__file__).parents[1] / "rulebooks" / "consortium"
LIBRARIES = ("north", "river", "island")
STARTS = datetime.fromisoformat("2026-03-10T03:00:00+00:00")  # a Tuesday, at which all three are open


def book(library: str, side: str) -> Rulebook:
    """The rules of a library of the consortium for one side."""
    return load(RULES / f"{library}-{side}.toml")


def joined(borrower: str, lender: str) -> TwoEnds:
    """Both desks, the relation in force where the lender asks for one."""
    rules = lending_policy(book(lender, "lending"), library=lender)
    own = borrowing_policy(book(borrower, "borrowing"), library=borrower, lenders={lender: rules})
    ends = TwoEnds(own, rules, starts=STARTS, borrowing_facts=Known(BorrowingFacts(category="member")))
    if rules.security.on(STARTS.date()).value:
        ends.relate(lender, Money(500, "CNY"))
        return ends
    by = Actor("ils", borrower, Office.SYSTEM)
    ends.say(lender, c.Apply, borrower, by=by, lender=lender, kind=InstitutionKind.UNIVERSITY_LIBRARY)
    ends.say(lender, c.Approve, borrower)
    ends.say(lender, c.Sign, borrower, agreements=rules.agreements.on(STARTS.date()).value)
    return ends


@pytest.mark.parametrize(("borrower", "lender"), list(permutations(LIBRARIES, 2)))
def test_a_book_goes_there_and_back(borrower: str, lender: str) -> None:
    """Asked for, shipped, lent, brought back and checked in: both ends agree, whoever lends to whom."""
    ends = joined(borrower, lender)
    ends.say(
        borrower,
        b.DraftRequest,
        "B-1",
        patron="p-1",
        library=borrower,
        service=Service.LOAN,
        requested=Requested(title="江南书院史料选"),
        suppliers=(lender,),
    )
    ends.say(borrower, b.Submit, "B-1", declared=True)
    (case,) = ends.cases()
    if case.state is CaseState.IN_REVIEW:
        ends.say(borrower, b.ApproveRequest, "B-1")
    (case,) = ends.cases()
    if case.state is CaseState.ROUTABLE:
        ends.say(borrower, b.Send, "B-1")
    ends.pass_time(timedelta(hours=1))
    ends.drain()
    (loan,) = ends.transactions(lender)
    if loan.state in {SupplyState.NEW, SupplyState.CHECKING}:
        ends.say(lender, c.Promise, loan.id)
    ends.say(lender, c.Ship, loan.id, items=("V1",))
    ends.pass_time(timedelta(hours=1))
    ends.drain()
    for command in (b.Receive, b.CheckOut, b.TakeBack, b.ShipBack):
        ends.say(borrower, command, "B-1")
        ends.pass_time(timedelta(hours=1))
    ends.drain()
    ends.say(lender, c.CheckIn, loan.id)
    ends.drain()

    (case,), (loan,) = ends.cases(), ends.transactions(lender)
    assert (case.state, case.outcome) == (CaseState.CLOSED, CaseOutcome.RETURNED)
    assert loan.state is SupplyState.CLOSED
    assert case.due == loan.due
    assert (ends.bounced, ends.stuck) == ([], {})


def test_the_three_differ_in_everything() -> None:
    """Hours, zone or closures, fees, terms, renewals, fines, limits, services: no two libraries have the same."""
    day = STARTS.date()
    lending = [lending_policy(book(each, "lending"), library=each) for each in LIBRARIES]
    borrowing = [borrowing_policy(book(each, "borrowing"), library=each) for each in LIBRARIES]
    assert len({policy.calendar_digest for policy in (*lending, *borrowing)}) >= 3
    for name in (
        "fee_elsewhere",
        "loan_period",
        "renewals",
        "overdue_rate",
        "most_volumes",
        "notices",
        "lent",
    ):
        assert len({getattr(policy, name).on(day).value for policy in lending}) == 3, name
    for name in ("loan_period", "most_active", "served", "services", "cap", "transit_days"):
        assert len({getattr(policy, name).on(day).value for policy in borrowing}) == 3, name
