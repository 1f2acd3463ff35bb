"""The cases beside the rulebooks, in plain words, run against the policy that each rulebook fills."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from filing_desk import HOME, READER, Gateway

from servflow.core.changes import Actor, Office
from servflow.core.errors import MissingValue
from servflow.core.ill import BorrowingCase, BorrowingFacts, BorrowingPolicy
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.accounts.states import AccountState, HolderKind
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.charges import owed as borrowed
from servflow.core.ill.borrowing.guards import blocks
from servflow.core.ill.borrowing.model import Attempt
from servflow.core.ill.borrowing.states import AttemptState, BorrowingRole, CaseState
from servflow.core.ill.filing.commands import FileRequest
from servflow.core.ill.lending.charges import owed
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Place, SupplyState
from servflow.core.ill.network.modes import ModeName, Route
from servflow.core.ill.terms import CostKind, CostLine, Level, Requested, Service
from servflow.core.lifecycle import Situation
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, lending_policy, load, network_policy, shipped

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
    known = {name: value for name, value in given.items() if name != "account"}
    facts = BorrowingFacts(**{**known, **debt})
    account = IllAccount(
        id="reader",
        overdraft=Money(100, "CNY"),
        state=AccountState.ACTIVE,
        holder=HolderKind.PATRON,
        keeper=policy.library,
        home="home",
    )
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
    found = blocks(
        Situation(
            it,
            said,
            policy,
            facts,
            BorrowingRole.PATRON,
            {account.key: account} if given.get("account") else {},
        )
    )
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


@pytest.mark.clause("CQ-1", "CQ-2", "CQ-4", "CQ-5", "CQ-8")
@pytest.mark.parametrize(("given", "expect"), cases("cque/partnership-borrowing"))
def test_a_case_of_the_service_with_partners(given, expect):
    """What stands in a reader's way, his last day, what he owes, and what staff do is what the case says."""
    lender = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
    book = load("cque/partnership-borrowing")
    policy = borrowing_policy(book, library="CN-CQ", lenders={"CN-NLC": lender})
    if "blocks" in expect:
        assert blocked(policy, given) == expect["blocks"]
    elif "renewals" in expect:
        found = policy.renewals.on(given["on"]), policy.mediated.on(given["on"])
        assert {"renewals": found[0].value, "seen-by-staff": found[1].value} == expect
    elif "back" in given:
        assert brought_back(policy, given) == expect
    else:
        told = policy.patron_due(given["due"], given["taken"])
        assert policy.lent_until(told, given["taken"]) == expect["patron-due"]


@pytest.mark.clause("CQ-2", "CQ-6", "CQ-7", "CQ-8")
@pytest.mark.parametrize(("given", "expect"), cases("cque/partnership"))
def test_a_day_of_the_partnership(given, expect):
    """Partners, clearance, what is asked for at the desk, and whether it is open: as the case says."""
    policy = network_policy(load("cque/partnership"), library="CN-CQ")
    if "open" in expect:
        assert policy.calendar.is_open_on(given["on"]) == expect["open"]
        return
    if "registered-with" in expect:
        fields, bound = policy.registration_fields.on(given["on"]), policy.bound_first.on(given["on"])
        assert {
            "registered-with": list(fields.value),
            "bound-first": [kind.value for kind in bound.value],
        } == expect
        return
    if not expect:
        with pytest.raises(MissingValue):
            policy.partners.on(given["on"])
        return
    found = policy.partners.on(given["on"]), policy.clearance.on(given["on"])
    assert {"partners": list(found[0].value), "clearance": found[1].value} == expect
    assert [value.clause.id for value in found] == ["CQ-7", "CQ-6"]


@pytest.mark.clause("CALIS-1", "CALIS-3", "CALIS-14", "CALIS-15")
@pytest.mark.parametrize(("given", "expect"), cases("calis/thesis-centre"))
def test_a_case_of_the_thesis_system(given, expect):
    """Who takes a request in, and by when it is answered, or why it is not taken, is what the case says."""
    gateway = Gateway(mode=ModeName(given["mode"]))
    if given.get("account"):
        gateway.account(READER)
    if given["mode"].startswith("centre"):
        gateway.know(accounts_at=())
        gateway.account(HOME, HolderKind.INSTITUTION, mode=ModeName(given["mode"]))
    said = {"route": Route(given["route"]), "details": tuple(given.get("details", ["name", "email"]))}
    if given.get("librarian"):
        said["by"] = Actor("librarian", HOME, Office.STAFF)
    refused = [reason.code for reason in gateway.reasons(FileRequest, str(given["on"]), **said)]
    if "refused" in expect:
        assert refused == [f"ill.gateway.{code}" for code in expect["refused"]]
        return
    gateway.do(FileRequest, str(given["on"]), **said)
    it = gateway.filing()
    assert {"taken-in": it.intake.value, "answer-by": it.answer_by} == expect


@pytest.mark.clause("CALIS-4", "CALIS-7", "CALIS-10")
@pytest.mark.parametrize(("given", "expect"), cases("calis/centre-borrowing"))
def test_a_case_of_the_centre_that_borrows(given, expect):
    """The account is all that counts at the centre; what a reader pays, and who routes, is as the case says."""
    policy = borrowing_policy(load("calis/centre-borrowing"), library="CN-CALIS")
    if "reader-pays" in expect:
        pays, delegated = policy.patron_pays.on(given["on"]), policy.rota_delegated.on(given["on"])
        found = {"reader-pays": [kind.value for kind in pays.value], "rota-delegated": delegated.value}
        assert found == expect
        return
    assert blocked(policy, given) == expect["blocks"]


@pytest.mark.parametrize(("given", "expect"), cases("calis/centre-lending"))
def test_a_case_of_the_centre_that_lends(given, expect):
    """The centre charges nothing of its own."""
    policy = lending_policy(load("calis/centre-lending"), library="CN-CALIS")
    it = loan(policy, given)
    charges = {kind: charge.money for kind, charge in owed(it, policy, given["back"]) if charge.money}
    assert {"due": it.due, **charges} == expect


def test_every_shipped_rulebook_has_cases():
    """No rulebook comes without cases in plain words, and no cases without their rulebook."""
    assert {path.relative_to(CASES).with_suffix("").as_posix() for path in CASES.rglob("*.toml")} == set(
        shipped()
    )
