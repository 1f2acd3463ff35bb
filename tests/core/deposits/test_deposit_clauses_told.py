"""By which clauses each letter about a deposit is written: those of the rules in force, and no others."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any, Final

import pytest
from claims_at_work import ClaimDesk
from deposit_desk import BANK, DepositDesk, cny, fees, policy
from deposit_words import DEPOSIT_MESSAGES
from letters_of_deposits import deposit_messages

from servflow.core.changes import Message
from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import messages as of_accounts
from servflow.core.deposits.claims import commands as of_claims
from servflow.core.deposits.claims import messages as of_claim
from servflow.core.deposits.claims.states import ClaimState

_ACCOUNT: Final = {
    "notified": {"SD-1, SD-27, SD-4, SD-5"},
    "reassessed": {"SD-1, SD-27, SD-4, SD-5", "SD-1, SD-27, SD-28, SD-4, SD-5"},
    "exempted": {"SD-2"},
    "review-ends": {"SD-5"},
    "review-asked": {"SD-5"},
    "review-answered": {"SD-5"},
    "received": {"SD-7"},
    "paid-in-full": {"SD-32"},
    "proof": {"SD-7"},
    "reversed": {""},
    "ordered": {"SD-8, SD-32"},
    "order-withdrawn": {"SD-8, SD-32"},
    "defaulted": {"SD-8, SD-32"},
    "default-corrected": {"SD-8, SD-32"},
    "surcharge-paid": {"SD-8"},
    "surcharge-refunded": {"SD-8"},
    "refunded": {"SD-2", "SD-1, SD-27, SD-28, SD-4"},
    "released": {"SD-20"},
    "pay-out": {"SD-2", "SD-1, SD-27, SD-28, SD-4", "SD-14", "SD-20"},
    "defect": {"SD-21"},
    "warranty-ended": {"SD-10, SD-20"},
    "release-requested": {"SD-20"},
    "release-due": {"SD-20"},
    "release-free": {"SD-20"},
    "limit-reached": {"SD-18, SD-35"},
    "statement": {"SD-19"},
    "closed": {""},
}
_CLAIM: Final = {
    "filed": {"SD-12"},
    "checked": {"SD-13"},
    "test-ordered": {"SD-15"},
    "used": {"SD-17"},
    "disputed": {"SD-15"},
    "tested": {"SD-15"},
    "approved": {"SD-9"},
    "refused": {"SD-9, SD-15"},
    "performed": {"SD-9"},
    "withdrawn": {""},
    "applicant-replaced": {"SD-12"},
    "finished": {""},
    "costs-listed": {"SD-13"},
    "paid": {"SD-14"},
    "returned": {"SD-13"},
    "assigned": {"SD-34"},
    "relieved": {"SD-34"},
    "budget-approved": {"SD-34"},
    "budget-handed-in": {"SD-34"},
    "signed": {"SD-14"},
    "deadline": {"SD-14", "SD-17"},
}
CLAUSES: Final = {
    **{f"deposits.account.{kind}": clauses for kind, clauses in _ACCOUNT.items()},
    **{f"deposits.claim.{kind}": clauses for kind, clauses in _CLAIM.items()},
}
"""By kind, what the letters of desks at work name; "" is a letter that rests on no clause."""


@cache
def told() -> tuple[Message, ...]:
    return tuple(deposit_messages())


def clauses(message: Message) -> str:
    return str(dict(message.facts).get("clauses", ""))


def last(desk: DepositDesk, kind: str) -> str:
    """What the last message of that kind names."""
    return [clauses(each) for each in desk.messages if each.kind == kind][-1]


@pytest.mark.parametrize("kind", DEPOSIT_MESSAGES)
def test_a_letter_names_the_clauses_that_it_rests_on(kind: str) -> None:
    """Each once, those of the amount in the order in which it came about."""
    assert {clauses(each) for each in told() if each.kind == kind} == CLAUSES[kind]


def test_a_clause_is_that_of_the_rule_in_force() -> None:
    """Where a rule is replaced, letters name what replaced it from its first day on."""
    named = [(date(2010, 9, 15), "SD-5"), (date(2026, 1, 8), "X-9")]
    days = Dated("review_days", [Since(day, Cited(7, Clause(clause))) for day, clause in named])
    desk = DepositDesk(policy(review_days=days))
    desk.notify()
    assert last(desk, of_accounts.NOTIFIED).endswith("SD-5")
    desk.do(c.ReassessDeposit, "2026-01-08", cost=cny(100_000_000))
    assert last(desk, of_accounts.REASSESSED).endswith("SD-4, X-9")


def test_nothing_rests_on_a_rule_that_says_no() -> None:
    """Without numbered receipts, a report or a surcharge, no letter speaks of them."""
    desk = DepositDesk(policy(fees=fees(surcharge=None), receipt_numbered=False, default_reported=False))
    desk.notify()
    desk.do(c.OrderPayment, "2026-02-01", by_day=date(2026, 3, 1))
    desk.do(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny(1), receipt="")
    desk.clock("2026-03-02")
    for kind in (of_accounts.ORDERED, of_accounts.RECEIVED, of_accounts.DEFAULTED):
        assert last(desk, kind) == ""
    (ordered,) = [each for each in desk.messages if each.kind == of_accounts.ORDERED]
    assert "follows" not in dict(ordered.facts)


@pytest.mark.clause("SD-8", "SD-32")
@pytest.mark.parametrize(
    ("changes", "follows"),
    [
        ({}, "surcharge, credit-file"),
        ({"default_reported": False}, "surcharge"),
        ({"fees": fees(surcharge=None)}, "credit-file"),
    ],
)
def test_an_order_says_what_late_payment_brings(changes: dict[str, Any], follows: str) -> None:
    """A surcharge and an entry in the credit file, as far as the rules know of them; a default just so."""
    desk = DepositDesk(policy(**changes))
    desk.notify()
    desk.do(c.OrderPayment, "2026-02-01", by_day=date(2026, 3, 1))
    desk.clock("2026-03-02")
    said = [each for each in desk.messages if each.kind in {of_accounts.ORDERED, of_accounts.DEFAULTED}]
    assert {dict(each.facts)["follows"] for each in said} == {follows}
    assert len({each.kind for each in said}) == 2


@pytest.mark.clause("SD-16")
def test_an_emergency_is_filed_by_the_rule_for_emergencies() -> None:
    """Who may pay first is said there."""
    desk = ClaimDesk()
    desk.emergency(ClaimState.FILED)
    assert last(desk, of_claim.FILED) == "SD-16"


@pytest.mark.clause("SD-9", "SD-11", "SD-15")
@pytest.mark.parametrize(
    ("found", "named"),
    [
        (None, "SD-9"),
        ({}, "SD-9"),
        ({"cause": "misuse"}, "SD-9, SD-11"),
        ({"liable": False}, "SD-9, SD-15"),
        ({"liable": False, "cause": "misuse"}, "SD-9, SD-11, SD-15"),
    ],
)
def test_a_refusal_names_what_speaks_against_the_claim(found: dict[str, Any] | None, named: str) -> None:
    """When the deposit is used; a cause that is not covered; a test that found the developer not liable."""
    desk = ClaimDesk()
    desk.reach(ClaimState.CHECKED)
    if found is not None:
        desk.do(of_claims.OrderTest)
        desk.do(of_claims.RecordTest, **found)
    desk.do(of_claims.RefuseClaim)
    assert last(desk, of_claim.REFUSED) == named
