"""The cases beside the rulebooks, in plain words, run against the policy that each rulebook fills."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from servflow.core.changes import Actor, Office
from servflow.core.ill import BorrowingCase, BorrowingFacts, BorrowingPolicy
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.charges import owed as borrowed
from servflow.core.ill.borrowing.guards import blocks
from servflow.core.ill.borrowing.model import Attempt
from servflow.core.ill.borrowing.states import AttemptState, BorrowingRole, CaseState
from servflow.core.ill.lending.charges import owed
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Place, SupplyState
from servflow.core.ill.terms import CostKind, CostLine, Level, Requested, Service
from servflow.core.lifecycle import Situation
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, lending_policy, load, shipped

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    """The cases of a rulebook, each with its name."""
    read = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"), parse_float=Decimal)
    return [pytest.param(case["given"], case["expect"], id=case["name"]) for case in read["case"]]


def loan(policy: LendingPolicy, given: Mapping[str, Any]) -> SupplyTransaction:
    """The transaction as the case describes it."""
    items = tuple(f"volume {number}" for number in range(1, given["volumes"] + 1))
    due = policy.due_after(given["shipped"])
    if "renewed" in given:
        due = policy.due_renewed(due, given["renewed"])
    stopped = given.get("lost") if policy.overdue_stops_when_lost.on(due).value else None
    return SupplyTransaction(
        id="case",
        state=SupplyState.SHIPPED,
        requester="borrower",
        supplier=policy.library,
        request_id="1",
        requested=Requested(),
        place=Place(given["place"]),
        items=items,
        shipped_on=given["shipped"],
        due=given.get("to", due),
        tariff=Money(given["tariff"], policy.currency) if "tariff" in given else None,
        returned=dict.fromkeys(items, given["back"]) if "back" in given else {},
        stopped_on=None if "back" in given else stopped,
    )


@pytest.mark.clause("NLC-4", "NLC-5", "NLC-10", "NLC-12")
@pytest.mark.parametrize(("given", "expect"), cases("nlc/interlibrary-loan"))
def test_a_case_of_the_national_library_of_china(given, expect):
    """The term and every charge are what the case says."""
    policy = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
    it = loan(policy, given)
    seen = given.get("seen") or given["back"]

    charges = {kind: charge.money for kind, charge in owed(it, policy, seen)}
    assert {"due": it.due, **charges} == {
        kind: said if isinstance(said, date) else Money(said, "CNY") for kind, said in expect.items()
    }
    if "back" in given:
        later = owed(it, policy, seen + timedelta(days=100))
        assert {kind: charge.money for kind, charge in later} == charges


@pytest.mark.clause("CQ-1", "CQ-2", "CQ-4", "CQ-5")
@pytest.mark.parametrize(("given", "expect"), cases("cque/interlibrary-loan"))
def test_a_case_of_the_chongqing_university_of_education(given, expect):
    """What stands in a reader's way, and what he owes, is what the case says."""
    lender = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
    book = load("cque/interlibrary-loan")
    policy = borrowing_policy(book, library="CN-CQ", lenders={"CN-NLC": lender})
    assert expect == (
        {"blocks": blocked(policy, given)} if "blocks" in expect else brought_back(policy, given)
    )


def blocked(policy: BorrowingPolicy, given: Mapping[str, Any]) -> list[str]:
    """The blocks that stand in a reader's way who files a request."""
    debt = {"debt": Money(given["debt"], "CNY")} if "debt" in given else {}
    facts = BorrowingFacts(**{**given, **debt})
    at = datetime(2026, 3, 2, 10, tzinfo=policy.zone)
    by = Actor("reader", policy.library, Office.PERSON)
    said = c.Submit(id="c", case="case", by=by, happened_at=at, recorded_at=at)
    it = BorrowingCase(
        id="case",
        state=CaseState.SUBMITTED,
        patron="reader",
        library=policy.library,
        service=Service.LOAN,
        requested=Requested(title="any"),
        level=Level.NORMAL,
    )
    found = blocks(Situation(it, said, policy, facts, BorrowingRole.PATRON, {}))
    return [reason.code.removeprefix("ill.block.") for reason in found]


def brought_back(policy: BorrowingPolicy, given: Mapping[str, Any]) -> dict[str, Any]:
    """The reader's last day, and what he owes by kind, for a volume received a month before it is due."""
    shipped = given["due"] - timedelta(days=30)
    fee = CostLine(kind=CostKind.LOAN, amount=Money(given["fee"], "CNY"))
    attempt = Attempt(number=1, supplier="CN-NLC", state=AttemptState.SUPPLIED, costs=(fee,))
    it = BorrowingCase(
        id="case",
        state=CaseState.AWAITING_RETURN,
        patron="reader",
        library=policy.library,
        service=Service.LOAN,
        requested=Requested(title="any"),
        level=Level.NORMAL,
        attempts=(attempt,),
        current=1,
        supplied=Service.LOAN,
        items=("volume",),
        received={"volume": shipped},
        shipped_on=shipped,
        due=given["due"],
        checked_out_on=shipped,
        taken_back_on=given["back"],
    )
    owes = {kind: int(charge.money.amount) for kind, charge in borrowed(it, policy, given["back"])}
    return {"patron-due": policy.patron_due(given["due"], shipped), **owes}


def test_every_shipped_rulebook_has_cases():
    """No rulebook comes without cases in plain words, and no cases without their rulebook."""
    assert {path.relative_to(CASES).with_suffix("").as_posix() for path in CASES.rglob("*.toml")} == set(
        shipped()
    )
