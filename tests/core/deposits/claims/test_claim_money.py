"""The money of a claim: what is paid from the deposit, to whom, and what the developer is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from claims_at_work import CLAIM, OWNER, ClaimDesk, held
from deposit_desk import ACCOUNT, AUTHORITY, OURS, PROGRAM, DepositDesk, cny

from servflow.core.changes import Actor
from servflow.core.citations import Clause, Reason
from servflow.core.deposits.accounts.model import ClaimBooked, DepositAccount
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims import messages
from servflow.core.deposits.claims.model import PaidOut
from servflow.core.deposits.claims.states import ClaimState
from servflow.core.deposits.interest import with_movement
from servflow.core.deposits.words import Payee
from servflow.core.money import Money

S = ClaimState


def with_only(amount: int, **changes: Any) -> DepositAccount:
    """The account of the building, of which other claims took all but so many yuan."""
    it = with_movement(held(), MovementKind.USED, date(2026, 4, 1), cny(6_000_000 - amount), part="leakage")
    return replace(it, **changes)


def emptied(desk: ClaimDesk, state: AccountState = AccountState.HELD) -> None:
    """All that the account held goes elsewhere."""
    it = desk.account()
    left = with_movement(it, MovementKind.USED, date(2026, 6, 1), it.balance, part="leakage")
    desk.aggregates[it.key] = replace(left, state=state)


@pytest.mark.clause("SD-14")
@pytest.mark.parametrize(
    ("payee", "to"), [(Payee.REPAIRER, "contractor-1"), (Payee.APPLICANT, "property-manager")]
)
def test_a_repair_is_paid_from_the_deposit(payee: Payee, to: str) -> None:
    """To the repairer or to who filed it; the account's book names the claim, the part and the payee."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    change = desk.do(c.PayOut, "2026-06-20", payee=payee)
    assert desk.claim().state is S.PAID
    assert desk.claim().paid == PaidOut(on=date(2026, 6, 20), amount=cny(28_000), payee=payee, to=to)
    assert [type(entry.command).__name__ for entry in change.entries] == ["PayOut", "DrawDeposit"]
    draw = change.entries[1].command
    assert (draw.by, draw.case) == (Actor.policy(OURS), ACCOUNT)
    used = [each for each in desk.account().movements if each.kind is MovementKind.USED]
    assert [(each.amount, each.claim, each.part) for each in used] == [
        (cny(28_000), CLAIM, "roof-waterproofing")
    ]
    assert not desk.account().claims[CLAIM].open
    facts = {"amount": cny(28_000), "to": to}
    assert desk.told(messages.PAID) == dict.fromkeys({"property-manager": 0, to: 0}, facts)


@pytest.mark.clause("SD-14")
@pytest.mark.parametrize("amount", ["28000.01", "6000000.01"])
def test_no_more_is_paid_than_was_listed(amount: str) -> None:
    """To the cent; where the account does not hold it either, both reasons come."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    reason, *more = desk.reasons(c.PayOut, amount=cny(amount))
    assert (reason.code, reason.clause) == ("deposits.above-cost-list", Clause("SD-14"))
    assert dict(reason.facts) == {"amount": cny(amount), "listed": cny(28_000)}
    assert [each.code for each in more] == ["deposits.above-balance"] * (cny(amount) > cny(6_000_000))


@pytest.mark.clause("SD-14")
def test_no_more_is_paid_than_the_account_holds() -> None:
    """To the cent; what it holds is paid, and the account holds nothing then."""
    desk = ClaimDesk(with_only(10_000))
    desk.reach(S.COST_LISTED)
    (reason,) = desk.reasons(c.PayOut, amount=cny("10000.01"))
    assert (reason.code, reason.clause) == ("deposits.above-balance", Clause("SD-14"))
    assert dict(reason.facts) == {"amount": cny("10000.01"), "held": cny(10_000)}
    desk.do(c.PayOut, amount=cny(10_000))
    assert desk.claim().state is S.PAID


@pytest.mark.clause("SD-14")
@pytest.mark.parametrize("amount", ["0.01", "27999.99"])
def test_no_less_is_paid_than_was_listed(amount: str) -> None:
    """A yuan does not settle a claim of 28,000."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    (reason,) = desk.reasons(c.PayOut, amount=cny(amount))
    assert (reason.code, reason.clause) == ("deposits.not-in-full", Clause("SD-14"))
    assert dict(reason.facts) == {"amount": cny(amount), "expected": cny(28_000)}


@pytest.mark.clause("SD-14")
def test_no_less_is_paid_than_the_account_can_pay() -> None:
    """Where it holds less than was listed, all of it."""
    desk = ClaimDesk(with_only(10_000))
    desk.reach(S.COST_LISTED)
    (reason,) = desk.reasons(c.PayOut, amount=cny("9999.99"))
    assert reason.code == "deposits.not-in-full"
    assert dict(reason.facts) == {"amount": cny("9999.99"), "expected": cny(10_000)}


def test_a_payment_is_in_the_currency_of_the_deposit() -> None:
    """Another cannot be compared with the list."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    (reason,) = desk.reasons(c.PayOut, amount=Money("5", "EUR"))
    assert reason == Reason("deposits.wrong-currency", None, (("currency", "CNY"),))


@pytest.mark.clause("SD-13")
def test_nothing_is_paid_before_the_list_is_signed() -> None:
    """The refusal says whose signature is missing."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    (reason,) = desk.reasons(c.PayOut)
    assert (reason.code, reason.clause) == ("deposits.cost-list-not-signed", Clause("SD-13"))
    assert dict(reason.facts) == {"missing": "property-manager"}


@pytest.mark.clause("SD-14")
def test_whom_it_is_paid_to_is_said_by_the_rulebook() -> None:
    """Where only repairers are paid, no applicant is."""
    desk = ClaimDesk(payees=(Payee.REPAIRER,))
    desk.reach(S.COST_LISTED)
    (reason,) = desk.reasons(c.PayOut, payee=Payee.APPLICANT)
    assert (reason.code, reason.clause) == ("deposits.payee-not-taken", Clause("SD-14"))
    assert dict(reason.facts) == {"payee": "applicant", "known": "repairer"}


@pytest.mark.clause("SD-16")
def test_who_paid_first_is_reimbursed() -> None:
    """Where there is no repairer nobody can be paid as one."""
    desk = ClaimDesk()
    desk.emergency(S.COST_LISTED)
    said = {"amount": cny(8_000)}
    assert desk.codes(c.PayOut, payee=Payee.REPAIRER, **said) == [("no-repairer", "SD-14")]
    desk.do(c.PayOut, payee=Payee.APPLICANT, **said)
    paid = desk.claim().paid
    assert paid is not None
    assert (paid.to, paid.amount) == (OWNER.party, cny(8_000))
    assert desk.account().balance >= cny(5_992_000)
    assert list(desk.told(messages.PAID)) == [OWNER.party]


@pytest.mark.clause("SD-17")
@pytest.mark.parametrize("by", [AUTHORITY, PROGRAM])
def test_the_developer_is_sent_the_detail_of_use(by: Actor) -> None:
    """What was listed, paid, when and to whom, and what is left of the deposit."""
    desk = ClaimDesk()
    desk.reach(S.PAID)
    desk.do(c.NotifyUse, "2026-06-25", by=by)
    assert (desk.claim().state, desk.claim().notified_on) == (S.NOTIFIED, date(2026, 6, 25))
    assert desk.told(messages.USED) == {
        "developer": {
            "listed": cny(28_000),
            "amount": cny(28_000),
            "paid_on": date(2026, 6, 10),
            "to": "contractor-1",
            "held": desk.account().balance,
        }
    }


# --- no dead ends ---------------------------------------------------------------------------------------


def test_what_an_empty_account_cannot_pay_is_refused() -> None:
    """Else the claim would never end; as long as something is held, it is paid as far as that goes."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    (reason,) = desk.reasons(c.RefuseClaim)
    assert (reason.code, reason.clause) == ("deposits.deposit-not-used-up", Clause("SD-14"))
    assert dict(reason.facts) == {"held": cny(6_000_000)}
    emptied(desk)
    desk.do(c.RefuseClaim, reason="the deposit is used up")
    assert desk.claim().state is S.REFUSED
    assert desk.account().claims[CLAIM] == ClaimBooked(part="roof-waterproofing", open=False)


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (S.FILED, c.RefuseClaim),
        (S.CHECKED, c.RefuseClaim),
        (S.APPROVED, c.WithdrawClaim),
        (S.ASSIGNED, c.ConfirmPerformance),
        (S.COST_LISTED, c.RefuseClaim),
    ],
)
def test_a_claim_ends_also_where_the_account_was_released_before(state: ClaimState, end: Any) -> None:
    """A rulebook may let shares go back while claims are open; these are still settled on the account."""
    desk = ClaimDesk()
    desk.reach(state)
    emptied(desk, AccountState.RELEASED)
    desk.do(end)
    assert not desk.account().claims[CLAIM].open


def test_a_released_account_pays_nothing() -> None:
    """The refusal is the claim's own."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    emptied(desk, AccountState.RELEASED)
    assert desk.codes(c.PayOut) == [("above-balance", "SD-14")]


@pytest.mark.clause("SD-14")
def test_the_postings_of_a_claim_are_those_of_the_account() -> None:
    """One payment is one posting, about the claim, from the deposit of its building."""
    desk = ClaimDesk()
    desk.reach(S.PAID)
    used = [posting for posting in desk.postings if posting.subject == CLAIM]
    assert [(posting.amount, str(posting.debit)) for posting in used] == [(cny(28_000), f"deposit/{ACCOUNT}")]


@pytest.mark.clause("SD-10", "SD-13", "SD-14", "SD-17")
def test_a_claim_from_the_assessment_to_the_notice() -> None:
    """On an account as its own commands make it: assessed, paid, handed over; then the roof leaks."""
    before = DepositDesk()
    before.hold()
    desk = ClaimDesk(before.account())
    assert {name: part.until for name, part in desk.account().parts.items()} == {
        name: part.until for name, part in held().parts.items()
    }
    assert desk.codes(c.FileClaim, "2031-03-03", reported_on=date(2031, 3, 3)) == [
        ("out-of-warranty", "SD-10")
    ]
    desk.reach(S.NOTIFIED, "2031-03-02")
    booked = {each.kind for each in desk.account().movements}
    assert MovementKind.USED in booked
    assert (desk.claim().state, desk.account().claims[CLAIM].open) == (S.NOTIFIED, False)
