"""Payment: from where, in what sums, by when; orders, defaults, surcharge; payments that did not arrive."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from deposit_desk import (
    ACCOUNT,
    BANK,
    CLOCK,
    DEVELOPER,
    OURS,
    PROGRAM,
    SUPERVISOR,
    ZONE,
    DepositDesk,
    approved,
    building,
    cny,
    fees,
    policy,
)

from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import messages as m
from servflow.core.deposits.accounts.model import Default
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.accounts.table import DEPOSIT_ACCOUNT
from servflow.core.deposits.words import Origin, Payee
from servflow.core.ledger import AccountKind
from servflow.core.money import Money

S = AccountState
PRESALE = Origin.PRESALE_FUNDS
SINCE_2026 = (
    "rounded(over_balance(balance, segmented(after, through, [2026-01-01: scale(percent(given(balance, CNY), 0.35%),"
    " years(act_360, after, through))]), after, through), half_up)"
)
"""Interest of which no rate is known before 2026."""


def told(desk: DepositDesk, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """To whom messages of that kind went with the last command, and their facts but the clauses."""
    last = [each for each in desk.changes[-1].messages if each.kind == kind]
    return [(each.to, {name: it for name, it in each.facts if name != "clauses"}) for each in last]


def pay(desk: DepositDesk, on: str, amount: int | str, **given: Any) -> None:
    """So much arrives at the bank."""
    desk.do(c.LodgeDeposit, on, **({"by": BANK, "amount": cny(amount)} | given))


# --- money that arrives -----------------------------------------------------------------------------


@pytest.mark.clause("SD-6")
def test_paid_in_full_it_is_paid() -> None:
    """One payment of all, with one posting from the bank to this building's deposit."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-02", 6_000_000, receipt="R-1")
    it = desk.account()
    assert (it.state, it.balance, it.paid_in_full_on) == (S.PAID, cny(6_000_000), date(2026, 2, 2))
    (posting,) = desk.changes[-1].postings
    assert (posting.key, posting.kind, posting.subject) == (f"{ACCOUNT}/paid-in/1", "paid-in", ACCOUNT)
    assert (posting.debit, posting.credit) == (it.at_the_bank, it.deposit)
    assert desk.ledger() == cny(6_000_000)
    assert desk.ledger(AccountKind.CASH, "bank") == cny(6_000_000)


@pytest.mark.clause("SD-7")
def test_the_developer_has_a_receipt() -> None:
    """It says how much, from where, under what number, and what is unpaid."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-02", 2_000_000, receipt="R-1")
    assert desk.account().state is S.DUE
    ((to, facts),) = told(desk, m.RECEIVED)
    assert to == "developer"
    assert (facts["amount"], facts["receipt"], facts["origin"], facts["unpaid"]) == (
        cny(2_000_000),
        "R-1",
        "developer",
        cny(4_000_000),
    )


@pytest.mark.clause("SD-32")
def test_the_state_of_payment_is_reported() -> None:
    """The development authority hears that all is paid, once, and not where the rulebook has it unreported."""
    desk = DepositDesk()
    desk.pay()
    assert told(desk, m.PAID_IN_FULL)[0][0] == "development-authority"
    silent = DepositDesk(policy(default_reported=False))
    silent.pay()
    assert told(silent, m.PAID_IN_FULL) == []


@pytest.mark.clause("SD-7")
def test_a_receipt_has_a_number_of_its_own() -> None:
    """Without a number, or with that of another payment, nothing is taken; a reversed payment frees its number."""
    desk = DepositDesk()
    desk.notify()
    assert desk.refused(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny(1), receipt="") == [
        ("deposits.receipt-missing", "SD-7")
    ]
    pay(desk, "2026-02-02", 1_000, receipt="R-1")
    assert desk.refused(c.LodgeDeposit, "2026-02-03", by=BANK, amount=cny(1), receipt="R-1") == [
        ("deposits.receipt-used", "SD-7")
    ]
    desk.do(c.ReversePayment, "2026-02-03", by=BANK, number=1, reason="bounced")
    assert desk.codes(c.LodgeDeposit, "2026-02-03", by=BANK, amount=cny(1), receipt="R-1") == []
    desk.rules = policy(receipt_numbered=False)
    assert desk.codes(c.LodgeDeposit, "2026-02-03", by=BANK, amount=cny(1), receipt="") == []


def test_no_more_is_taken_than_is_unpaid() -> None:
    """A cent too much is refused, with what is unpaid; so is another currency."""
    desk = DepositDesk()
    desk.notify()
    found = desk.reasons(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny("6000000.01"))
    assert [(each.code, dict(each.facts)) for each in found] == [
        ("deposits.above-unpaid", {"amount": cny("6000000.01"), "unpaid": cny(6_000_000)})
    ]
    assert desk.refused(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny(7_000_000)) == [
        ("deposits.above-unpaid", None)
    ]
    dollars = Money(6_000_000, "USD")
    assert desk.refused(c.LodgeDeposit, "2026-02-02", by=BANK, amount=dollars) == [
        ("deposits.wrong-currency", None)
    ]


@pytest.mark.clause("SD-30")
def test_presale_funds_come_in_one_sum() -> None:
    """The supervisor transfers all that is unpaid, and the developer is told; a part of it is refused."""
    desk = DepositDesk()
    desk.notify()
    part = {"by": SUPERVISOR, "origin": PRESALE, "amount": cny(5_000_000)}
    found = desk.reasons(c.LodgeDeposit, "2026-02-02", **part)
    assert [(each.code, dict(each.facts)) for each in found] == [
        ("deposits.not-in-one-sum", {"unpaid": cny(6_000_000)})
    ]
    assert desk.refused(c.LodgeDeposit, "2026-02-02", **part) == [("deposits.not-in-one-sum", "SD-30")]
    pay(desk, "2026-02-02", 6_000_000, by=SUPERVISOR, origin=PRESALE)
    assert desk.account().state is S.PAID
    assert told(desk, m.RECEIVED)[0][1]["origin"] == "presale-funds"


@pytest.mark.clause("SD-30")
def test_where_the_rulebook_does_not_ask_for_one_sum_presale_funds_come_in_parts() -> None:
    """Each part counts, and no more comes than is unpaid."""
    desk = DepositDesk(policy(presale_in_one_sum=False))
    desk.notify()
    pay(desk, "2026-02-02", 5_000_000, by=SUPERVISOR, origin=PRESALE)
    assert desk.account().state is S.DUE
    more = {"by": SUPERVISOR, "origin": PRESALE, "amount": cny(1_000_001)}
    assert desk.refused(c.LodgeDeposit, "2026-02-03", **more) == [("deposits.above-unpaid", None)]


@pytest.mark.clause("SD-6")
def test_the_rest_of_what_was_paid_may_come_from_presale_funds() -> None:
    """One sum is all that is unpaid."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-02", 1_000_000)
    pay(desk, "2026-02-03", 5_000_000, by=SUPERVISOR, origin=PRESALE)
    assert desk.account().state is S.PAID


def test_presale_funds_need_a_supervisor_and_he_pays_from_them_alone() -> None:
    """Without a supervisor of the building there are none; and a supervisor does not pay for the developer."""
    desk = DepositDesk()
    desk.notify(building=building(supervisor=""))
    assert desk.refused(c.LodgeDeposit, "2026-02-02", by=BANK, origin=PRESALE, amount=cny(6_000_000)) == [
        ("deposits.not-supervised", "SD-6")
    ]
    supervised = DepositDesk()
    supervised.notify()
    assert supervised.refused(c.LodgeDeposit, "2026-02-02", by=SUPERVISOR, amount=cny(6_000_000)) == [
        ("deposits.origin-not-taken", "SD-6")
    ]


@pytest.mark.clause("SD-26")
def test_retained_money_is_turned_into_the_deposit() -> None:
    """Money retained for quality may be paid in, where the rulebook takes it."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-02", 6_000_000, origin=Origin.RETAINED_MONEY)
    assert desk.account().movements[0].origin is Origin.RETAINED_MONEY
    other = DepositDesk(policy(retained_money_turned_over=False))
    other.notify()
    retained = {"by": BANK, "origin": Origin.RETAINED_MONEY, "amount": cny(1)}
    assert other.refused(c.LodgeDeposit, "2026-02-02", **retained) == [("deposits.origin-not-taken", "SD-26")]


def test_all_is_paid_on_the_day_of_the_last_payment() -> None:
    """Whichever payment is entered last: paid in full is the later of the two days."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-10", 4_000_000)
    late = datetime(2026, 2, 12, 9, tzinfo=ZONE)
    pay(desk, "2026-02-05", 2_000_000, recorded_at=late)
    assert desk.account().paid_in_full_on == date(2026, 2, 10)


@pytest.mark.clause("SD-18")
def test_a_payment_entered_late_earns_from_its_own_day() -> None:
    """Entered after the interest day, what it earned until then is credited on the day of the entry."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-02", 3_000_000)
    desk.do(c.CreditInterest, "2026-03-21")
    assert desk.account().movements[-1].amount == cny("1370.83")  # 47 days
    late = datetime(2026, 3, 25, 9, tzinfo=ZONE)
    pay(desk, "2026-02-02", 3_000_000, recorded_at=late)
    *_, correction = desk.account().movements
    assert (correction.kind, correction.on) == (MovementKind.INTEREST, date(2026, 3, 25))
    assert correction.amount == cny("1370.84")  # both together have earned 2,741.67
    assert desk.ledger() == desk.account().balance


# --- payments that did not arrive -------------------------------------------------------------------


def test_a_payment_that_did_not_arrive_is_reversed() -> None:
    """PAID is DUE again; the developer and the development authority hear it, and the posting is swapped."""
    desk = DepositDesk()
    desk.pay()
    change = desk.do(c.ReversePayment, "2026-02-05", by=BANK, number=1, reason="bounced")
    it = desk.account()
    assert (it.state, it.balance, it.paid_in_full_on) == (S.DUE, cny(0), None)
    assert (it.movements[-1].reverses, it.movements[-1].on) == (1, date(2026, 2, 2))
    (posting,) = change.postings
    assert (posting.kind, posting.debit, posting.credit) == ("reversed", it.deposit, it.at_the_bank)
    assert [to for to, _ in told(desk, m.REVERSED)] == ["developer", "development-authority"]
    assert told(desk, m.REVERSED)[0][1]["reason"] == "bounced"
    assert desk.ledger() == cny(0)


def test_what_never_arrived_bore_no_interest() -> None:
    """The interest that was credited on it is taken back."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-02", 3_000_000)
    pay(desk, "2026-02-02", 2_000_000)
    desk.do(c.CreditInterest, "2026-03-21")
    desk.do(c.ReversePayment, "2026-03-25", by=PROGRAM, number=2, reason="bounced")
    it = desk.account()
    assert it.movements[-1].kind is MovementKind.INTEREST_TAKEN_BACK
    assert it.balance == cny("3001370.83")
    assert desk.ledger() == it.balance
    assert [to for to, _ in told(desk, m.REVERSED)] == ["developer"]


def test_only_a_payment_is_reversed_and_only_once() -> None:
    """Another movement, none at all, and one that was reversed before, are refused."""
    desk = DepositDesk()
    desk.notify()
    pay(desk, "2026-02-02", 3_000_000)
    desk.do(c.CreditInterest, "2026-03-21")
    refusal = [("deposits.no-such-payment", None)]
    assert desk.refused(c.ReversePayment, "2026-03-22", by=BANK, number=2, reason="x") == refusal
    assert desk.refused(c.ReversePayment, "2026-03-22", by=BANK, number=9, reason="x") == refusal
    desk.do(c.ReversePayment, "2026-03-22", by=BANK, number=1, reason="x")
    assert desk.refused(c.ReversePayment, "2026-03-22", by=BANK, number=1, reason="x") == refusal


def test_what_has_left_is_not_reversed() -> None:
    """A payment of which a claim used something on any day since cannot be taken out; staff see an open budget."""
    desk = DepositDesk()
    desk.hold()
    use(desk, 1_000_000)
    assert desk.refused(c.ReversePayment, "2026-03-20", by=BANK, number=1, reason="x") == [
        ("deposits.payment-spent", None)
    ]


def overpaid(left: int = 0) -> DepositDesk:
    """Two payments of 3,000,000 bore 2,741.67; one and the interest were used but for ``left``; one never arrived."""
    desk = DepositDesk()
    desk.pay(amount=cny(3_000_000))
    pay(desk, "2026-02-02", 3_000_000)
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    desk.do(c.CreditInterest, "2026-03-21")
    use(desk, cny("3002741.67") - cny(left), "2026-03-21")
    desk.do(c.ReversePayment, "2026-03-25", by=BANK, number=2, reason="bounced")
    return desk


@pytest.mark.clause("SD-18")
def test_interest_that_was_used_and_never_earned_is_for_staff() -> None:
    """What the account holds is taken back; staff see how much more was paid out too much."""
    for left, gone in ((0, "1370.84"), (100, "1270.84")):
        desk = overpaid(left)
        it = desk.account()
        (reason,) = it.attention
        assert (reason.code, reason.clause) == ("deposits.interest-overpaid", None)
        assert dict(reason.facts) == {"amount": cny(gone)}
        assert desk.ledger() == it.balance == cny(0)


@pytest.mark.clause("SD-18")
def test_interest_that_is_taken_back_after_all_is_off_the_list() -> None:
    """A payment of 1 March is entered later: the account holds enough, and nobody has to look at it any more."""
    desk = overpaid()
    late = datetime(2026, 4, 1, 9, tzinfo=ZONE)
    pay(desk, "2026-03-01", 3_000_000, recorded_at=late)
    it = desk.account()
    assert it.attention == ()
    # 2,741.67 were credited, and 1,954.17 were earned: on 3,000,000, 47 days and from 1 March on 20 more
    assert it.balance == cny(3_000_000) - (cny("2741.67") - cny("1954.17"))
    assert desk.ledger() == it.balance


@pytest.mark.clause("SD-18")
def test_what_is_entered_late_needs_the_rates_of_its_days() -> None:
    """A payment of a day without a rate is refused once interest was credited, and names the first such day."""
    desk = DepositDesk(policy(fees=fees(interest=SINCE_2026)))
    desk.notify()
    pay(desk, "2026-02-02", 3_000_000)
    before = {"by": BANK, "amount": cny(1), "recorded_at": datetime(2026, 3, 25, 9, tzinfo=ZONE)}
    assert desk.codes(c.LodgeDeposit, "2025-12-30", **before) == []
    desk.do(c.CreditInterest, "2026-03-21")
    assert desk.refused(c.LodgeDeposit, "2025-12-30", **before) == [("deposits.rate-missing", "SD-18")]
    (reason,) = desk.reasons(c.LodgeDeposit, "2025-12-30", **before)
    assert dict(reason.facts) == {"from": date(2025, 12, 30)}
    assert desk.codes(c.LodgeDeposit, "2026-01-01", **before) == []


@pytest.mark.clause("SD-18")
def test_a_use_or_a_reversal_needs_the_rates_of_its_days() -> None:
    """Where the rulebook has lost the rule by which interest was credited, the reason is the missing rate."""
    desk = DepositDesk()
    desk.pay(amount=cny(3_000_000))
    pay(desk, "2026-02-02", 3_000_000)
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    desk.do(c.CreditInterest, "2026-03-21")
    desk.do(c.BookDepositClaim, "2026-03-22", by=PROGRAM, claim="c-1", part="leakage", open=True)
    desk.rules = policy(fees=fees(interest=None))
    late = {"recorded_at": datetime(2026, 3, 25, 9, tzinfo=ZONE)}
    missing = [("deposits.rate-missing", "SD-18")]
    assert desk.refused(c.ReversePayment, "2026-03-25", by=BANK, number=2, reason="x") == missing
    draw = {"claim": "c-1", "part": "leakage", "amount": cny(1), "payee": Payee.REPAIRER, "to": "r"}
    assert desk.refused(c.DrawDeposit, "2026-03-20", by=PROGRAM, **draw, **late) == missing
    (reason,) = desk.reasons(c.DrawDeposit, "2026-03-20", by=PROGRAM, **draw, **late)
    assert dict(reason.facts) == {"from": date(2026, 2, 2)}
    assert desk.codes(c.DrawDeposit, "2026-03-21", by=PROGRAM, **draw, **late) == []


def test_a_reversal_that_uncovers_budgets_is_for_staff() -> None:
    """It did not arrive, whatever was approved; whoever approved sees it on the list."""
    desk = DepositDesk()
    desk.hold()
    desk.do(
        c.BookDepositClaim, "2026-03-05", by=PROGRAM, claim="c-1", part="leakage", open=True, budget=cny(1)
    )
    desk.do(c.ReversePayment, "2026-03-06", by=BANK, number=1, reason="bounced")
    it = desk.account()
    assert it.state is S.HELD
    assert [each.code for each in it.attention] == ["deposits.budgets-uncovered"]


def use(desk: DepositDesk, amount: int | Money, on: str = "2026-03-10") -> None:
    """A claim on the leakage of wet rooms is opened, and paid."""
    claim = f"claim-{len(desk.account().claims) + 1}"
    desk.do(c.BookDepositClaim, "2026-03-05", by=PROGRAM, claim=claim, part="leakage", open=True)
    desk.do(
        c.DrawDeposit,
        on,
        by=PROGRAM,
        claim=claim,
        part="leakage",
        amount=amount if isinstance(amount, Money) else cny(amount),
        payee=Payee.REPAIRER,
        to="repairer",
    )


# --- orders, defaults, surcharge --------------------------------------------------------------------


def ordered(rules: Any = None, *, paid: int = 4_800_000) -> DepositDesk:
    """A desk where 1,200,000 are unpaid, and ordered by 1 March."""
    desk = DepositDesk(rules)
    desk.notify()
    pay(desk, "2026-02-02", paid)
    desk.do(c.OrderPayment, "2026-02-10", by_day=date(2026, 3, 1))
    return desk


def owed(desk: DepositDesk, day: str) -> Money | None:
    """The surcharge up to that day, as the desk says what is owed."""
    found = dict(DEPOSIT_ACCOUNT.owed(desk.account(), desk.rules, date.fromisoformat(day)))
    return found["surcharge"].money if found else None


@pytest.mark.clause("SD-32")
def test_an_order_is_told_to_the_developer() -> None:
    """He hears by when, and what is unpaid; the day of the order may be the ordered one."""
    desk = ordered()
    ((to, facts),) = told(desk, m.ORDERED)
    assert (to, facts["by_day"], facts["unpaid"]) == ("developer", date(2026, 3, 1), cny(1_200_000))
    assert desk.codes(c.OrderPayment, "2026-02-10", by_day=date(2026, 2, 10)) == []


def test_an_order_needs_a_day_to_come_and_something_unpaid() -> None:
    """A day that has passed, the last one of the calendar, and an order where all is paid, are refused."""
    desk = ordered()
    past = [("deposits.ordered-day-past", None)]
    assert desk.refused(c.OrderPayment, "2026-02-10", by_day=date(2026, 2, 9)) == past
    assert desk.refused(c.OrderPayment, "2026-02-10", by_day=date.max) == past
    assert desk.refused(c.OrderPayment, "2026-01-02", by_day=date(2026, 1, 4)) == past
    held = DepositDesk()
    held.hold()
    assert held.refused(c.OrderPayment, "2026-03-03", by_day=date(2026, 4, 1)) == [
        ("deposits.nothing-unpaid", None)
    ]


@pytest.mark.clause("SD-8")
def test_the_surcharge_is_three_per_mille_a_day_of_what_is_unpaid() -> None:
    """1,200,000 unpaid after 1 March, 700,000 paid on the 21st: 72,000 up to that day, then 1,500 a day."""
    desk = ordered()
    assert owed(desk, "2026-03-01") is None
    assert owed(desk, "2026-03-02") == cny(3_600)
    pay(desk, "2026-03-21", 700_000)
    assert owed(desk, "2026-03-21") == cny(72_000)
    assert owed(desk, "2026-03-22") == cny(73_500)
    assert owed(desk, "2026-03-31") == cny(87_000)


@pytest.mark.clause("SD-8")
def test_surcharge_is_paid_into_an_account_of_its_own() -> None:
    """What is owed up to the day is posted, and what is paid is no deposit money."""
    desk = ordered()
    pay(desk, "2026-03-21", 1_200_000)
    change = desk.do(c.PaySurcharge, "2026-03-25", by=BANK, amount=cny(70_000))
    charged, paid = change.postings
    assert (charged.key, charged.amount) == (f"{ACCOUNT}/surcharge/1", cny(72_000))
    assert (charged.debit.kind, charged.debit.owner) == (AccountKind.RECEIVABLE, "developer")
    assert (charged.credit.kind, charged.credit.owner) == (AccountKind.INCOME, OURS)
    assert charged.charge is not None
    assert (paid.key, paid.amount) == (f"{ACCOUNT}/surcharge/paid/2", cny(70_000))
    assert (paid.debit.kind, paid.debit.owner) == (AccountKind.CASH, f"{OURS}/surcharge")
    assert told(desk, m.SURCHARGE_PAID)[0][1]["left"] == cny(2_000)
    assert desk.account().balance == desk.ledger() == cny(6_000_000)
    assert desk.ledger(AccountKind.RECEIVABLE, "developer") == cny(2_000)
    change = desk.do(c.PaySurcharge, "2026-03-26", by=BANK, amount=cny(2_000))
    assert len(change.postings) == 1
    assert desk.account().surcharged == (charged, paid, *change.postings)


@pytest.mark.clause("SD-8")
def test_no_more_surcharge_is_paid_than_is_owed() -> None:
    """Too much, nothing owed, and another currency, are refused."""
    desk = ordered()
    found = desk.reasons(c.PaySurcharge, "2026-03-02", by=BANK, amount=cny(3_601))
    assert [(each.code, dict(each.facts)) for each in found] == [
        ("deposits.above-surcharge", {"amount": cny(3_601), "owed": cny(3_600)})
    ]
    above = [("deposits.above-surcharge", "SD-8")]
    assert desk.refused(c.PaySurcharge, "2026-03-02", by=BANK, amount=cny(3_601)) == above
    fresh = DepositDesk()
    fresh.assess()
    assert fresh.refused(c.PaySurcharge, "2026-03-02", by=BANK, amount=cny(1)) == above
    assert desk.refused(c.PaySurcharge, "2026-03-05", by=BANK, amount=Money(1, "USD")) == [
        ("deposits.wrong-currency", None)
    ]


def test_a_withdrawn_order_takes_the_surcharge_back() -> None:
    """What was posted is reversed; what was paid of it staff see as too much, until they have seen to it."""
    desk = ordered()
    desk.do(c.PaySurcharge, "2026-03-02", by=BANK, amount=cny(3_600))
    change = desk.do(c.WithdrawOrder, "2026-03-10", reason="force majeure")
    (posting,) = change.postings
    assert (posting.amount, posting.debit.kind) == (cny(3_600), AccountKind.INCOME)
    assert owed(desk, "2026-03-31") is None
    (reason,) = desk.account().attention
    assert (reason.code, dict(reason.facts)) == ("deposits.surcharge-overpaid", {"amount": cny(3_600)})
    assert told(desk, m.ORDER_WITHDRAWN)[0][1]["reason"] == "force majeure"
    desk.do(c.SeeToDeposit, "2026-03-11", code="deposits.surcharge-overpaid")
    assert desk.account().attention == ()
    assert desk.refused(c.SeeToDeposit, "2026-03-11", code="deposits.surcharge-overpaid") == [
        ("deposits.not-on-the-list", None)
    ]


def test_an_order_that_is_not_there_is_not_withdrawn() -> None:
    """None was given, or it was withdrawn before."""
    desk = ordered()
    change = desk.do(c.WithdrawOrder, "2026-03-10", reason="mistake")
    assert change.postings == ()
    assert desk.refused(c.WithdrawOrder, "2026-03-10", reason="mistake") == [("deposits.no-order", None)]


def test_where_the_rulebook_has_no_surcharge_an_order_brings_none() -> None:
    """Payment may be ordered all the same."""
    desk = ordered(policy(fees=fees(surcharge=None)))
    assert owed(desk, "2026-05-01") is None


@pytest.mark.clause("SD-8", "SD-32")
def test_a_default_goes_into_the_credit_file() -> None:
    """With the day after the ordered one, what is unpaid is noted, and the development authority hears it."""
    desk = ordered()
    desk.clock("2026-03-01")
    assert desk.account().defaults == ()
    (command,) = desk.clock("2026-03-05")
    assert command.happened_at == datetime(2026, 3, 2, tzinfo=ZONE)
    assert desk.account().defaults == (Default(ordered_by=date(2026, 3, 1), unpaid=cny(1_200_000)),)
    assert desk.account().orders[0].noted
    found = told(desk, m.DEFAULTED)
    assert [to for to, _ in found] == ["developer", "development-authority", OURS]
    assert (found[1][1]["by_day"], found[1][1]["unpaid"]) == (date(2026, 3, 1), cny(1_200_000))
    assert desk.clock("2026-12-31") == []


def test_a_default_is_noted_though_it_was_paid_later() -> None:
    """The clock comes late: what counts is what was unpaid on the ordered day, also where all is paid now."""
    desk = ordered()
    pay(desk, "2026-03-03", 1_200_000)
    assert desk.account().state is S.PAID
    desk.clock("2026-03-05")
    assert desk.account().defaults == (Default(ordered_by=date(2026, 3, 1), unpaid=cny(1_200_000)),)


def test_paid_in_time_there_is_no_default() -> None:
    """Paid on the ordered day itself, the clock has nothing to note."""
    desk = ordered()
    pay(desk, "2026-03-01", 1_200_000)
    assert desk.clock("2026-03-05") == []


def test_a_default_is_none_if_a_payment_in_time_was_entered_late() -> None:
    """The default leaves the file, and those who had heard of it hear that."""
    desk = ordered()
    desk.clock("2026-03-02")
    late = datetime(2026, 3, 9, 9, tzinfo=ZONE)
    pay(desk, "2026-02-27", 200_000, recorded_at=late)
    assert len(desk.account().defaults) == 1
    pay(desk, "2026-02-28", 1_000_000, recorded_at=late)
    assert desk.account().defaults == ()
    assert [to for to, _ in told(desk, m.DEFAULT_CORRECTED)] == ["development-authority", "developer"]


def test_withdrawing_an_order_withdraws_its_default() -> None:
    """An order before it, and its default, stay."""
    desk = ordered()
    desk.do(c.OrderPayment, "2026-03-02", by_day=date(2026, 3, 10))
    desk.clock("2026-03-12")
    assert [each.ordered_by.day for each in desk.account().defaults] == [1, 10]
    desk.do(c.WithdrawOrder, "2026-03-12", reason="mistake")
    assert [each.ordered_by.day for each in desk.account().defaults] == [1]
    assert [each.withdrawn for each in desk.account().orders] == [False, True]
    assert [to for to, _ in told(desk, m.DEFAULT_CORRECTED)] == ["development-authority", "developer"]


def test_the_clock_notes_no_default_that_is_none() -> None:
    """Before its day, of an order that does not hold, twice, or where nothing was unpaid: refused."""
    desk = ordered()
    none = [("deposits.no-default", None)]

    def note(on: str, by_day: date) -> list[tuple[str, str | None]]:
        return desk.refused(c.NoteDefault, on, by=CLOCK, by_day=by_day)

    assert note("2026-03-01", date(2026, 3, 1)) == none
    assert note("2026-03-05", date(2026, 3, 2)) == none
    desk.clock("2026-03-02")
    assert note("2026-03-05", date(2026, 3, 1)) == none
    paid = ordered()
    pay(paid, "2026-02-20", 1_200_000)
    assert paid.refused(c.NoteDefault, "2026-03-05", by=CLOCK, by_day=date(2026, 3, 1)) == none
    withdrawn = ordered()
    withdrawn.do(c.WithdrawOrder, "2026-02-20", reason="mistake")
    assert withdrawn.refused(c.NoteDefault, "2026-03-05", by=CLOCK, by_day=date(2026, 3, 1)) == none
    assert withdrawn.clock("2026-03-05") == []


def test_surcharge_stays_owed_when_the_building_is_exempt() -> None:
    """An exemption asks for no deposit; what was overdue until then is paid, or the order withdrawn, before the end."""
    desk = ordered(paid=4_800_000)
    desk.do(
        c.ReassessDeposit,
        "2026-03-11",
        grounds=(approved("insurance", shown=("insured",)),),
        reason="insured",
    )
    assert desk.account().state is S.EXEMPT
    assert desk.refused(c.CloseDeposit, "2026-03-12", reason="exempt") == [
        ("deposits.surcharge-owed", "SD-8")
    ]
    found = desk.reasons(c.CloseDeposit, "2026-03-12", reason="exempt")
    assert dict(found[0].facts)["owed"] == cny(9 * 3_600)
    desk.do(c.PaySurcharge, "2026-03-12", by=BANK, amount=cny(9 * 3_600))
    desk.do(c.CloseDeposit, "2026-03-12", reason="exempt")
    assert desk.account().state is S.CLOSED


@pytest.mark.clause("SD-7")
def test_a_developer_does_not_book_payments() -> None:
    """What arrived, the bank, the supervisor and the authority say."""
    desk = DepositDesk()
    desk.notify()
    assert desk.refused(c.LodgeDeposit, "2026-02-02", by=DEVELOPER, amount=cny(1)) == [
        ("lifecycle.not-yours", None)
    ]


# --- what turns out otherwise ------------------------------------------------------------------------


@pytest.mark.clause("SD-8")
def test_surcharge_that_turns_out_too_much_goes_back() -> None:
    """A payment in time entered late: staff have the amount on their list, and nothing is closed before."""
    desk = DepositDesk()
    desk.notify()
    desk.do(c.OrderPayment, "2026-02-01", by_day=date(2026, 3, 1))
    desk.do(c.PaySurcharge, "2026-03-21", by=BANK, amount=cny(360_000))
    assert desk.refused(c.RefundSurcharge, "2026-03-21", amount=cny(1)) == [
        ("deposits.above-overpaid", "SD-8")
    ]
    pay(desk, "2026-02-27", 6_000_000, recorded_at=datetime(2026, 3, 25, 12, tzinfo=ZONE))
    assert attention(desk) == [("deposits.surcharge-overpaid", {"amount": cny(360_000)})]
    desk.do(c.ReassessDeposit, "2026-03-26", grounds=(approved("insurance", shown=("insured",)),))
    assert desk.refused(c.CloseDeposit, "2026-03-27", reason="insured") == [
        ("deposits.surcharge-overpaid", "SD-8")
    ]
    (reason,) = desk.reasons(c.RefundSurcharge, "2026-03-27", amount=cny("360000.01"))
    assert dict(reason.facts) == {"amount": cny("360000.01"), "overpaid": cny(360_000)}
    assert desk.codes(c.RefundSurcharge, "2026-03-27", amount=Money(1, "EUR")) == [
        ("deposits.wrong-currency", None)
    ]
    change = desk.do(c.RefundSurcharge, "2026-03-27", amount=cny(300_000))
    assert [(each.kind, each.amount) for each in change.postings] == [
        ("surcharge", cny(360_000)),
        ("surcharge", cny(300_000)),
    ]
    ((to, facts),) = told(desk, m.SURCHARGE_REFUNDED)
    assert (to, facts["amount"], facts["left"]) == ("developer", cny(300_000), cny(60_000))
    assert attention(desk) == [("deposits.surcharge-overpaid", {"amount": cny(60_000)})]
    desk.do(c.RefundSurcharge, "2026-03-28", amount=cny(60_000))
    assert attention(desk) == []
    keys = [posting.key for posting in desk.postings]
    assert len(set(keys)) == len(keys)
    for kind, owner in (
        (AccountKind.RECEIVABLE, "developer"),
        (AccountKind.INCOME, OURS),
        (AccountKind.CASH, f"{OURS}/surcharge"),
    ):
        assert desk.ledger(kind, owner) == cny(0)
    desk.do(c.CloseDeposit, "2026-03-29", reason="insured")


def attention(desk: DepositDesk) -> list[tuple[str, dict[str, Any]]]:
    """What staff have on their list."""
    return [(each.code, dict(each.facts)) for each in desk.account().attention]


@pytest.mark.clause("SD-8")
def test_what_was_seen_to_is_listed_again_only_when_it_changes() -> None:
    """Surcharge that is overpaid stays off the list, once seen to, until its amount is another."""
    desk = ordered()
    desk.do(c.PaySurcharge, "2026-03-11", by=BANK, amount=cny(36_000))
    pay(desk, "2026-02-20", 600_000, recorded_at=datetime(2026, 3, 11, 12, tzinfo=ZONE))
    assert attention(desk) == [("deposits.surcharge-overpaid", {"amount": cny(18_000)})]
    desk.do(c.SeeToDeposit, "2026-03-11", code="deposits.surcharge-overpaid")
    desk.do(c.NameParties, "2026-03-11", committee="c")
    assert attention(desk) == []


@pytest.mark.clause("SD-8")
def test_an_increase_needs_an_order_of_its_own() -> None:
    """What is asked for after an order is neither overdue by it nor a default of it."""
    desk = ordered()
    pay(desk, "2026-02-20", 1_199_999)
    desk.do(c.ReassessDeposit, "2026-02-25", cost=cny(150_000_000), reason="settled cost")
    desk.clock("2026-03-10")
    assert desk.account().defaults == (Default(ordered_by=date(2026, 3, 1), unpaid=cny(1)),)
    assert owed(desk, "2026-03-31") == cny("0.09")
    desk.do(c.OrderPayment, "2026-04-01", by_day=date(2026, 4, 10))
    assert owed(desk, "2026-04-11") == cny("0.12") + cny("4500.00")
    paid = ordered()
    pay(paid, "2026-02-20", 1_200_000)
    paid.do(c.ReassessDeposit, "2026-02-25", cost=cny(150_000_000), reason="settled cost")
    assert paid.clock("2026-03-10") == []
    assert paid.refused(c.NoteDefault, "2026-03-10", by=CLOCK, by_day=date(2026, 3, 1)) == [
        ("deposits.no-default", None)
    ]


@pytest.mark.clause("SD-8")
def test_an_order_ends_with_an_exemption() -> None:
    """No default is noted of it afterwards, and when the exemption ends it bears on nothing."""
    desk = ordered(paid=4_800_000)
    insured = approved("insurance", shown=("insured",))
    desk.do(c.ReassessDeposit, "2026-03-11", grounds=(insured,))
    assert desk.clock("2026-04-01") == []
    desk.do(c.ReassessDeposit, "2026-04-02", reason="insurance cancelled")
    desk.do(c.NotifyAssessment, "2026-04-03")
    assert desk.clock("2026-05-01") == []
    assert desk.account().defaults == ()
    assert owed(desk, "2026-05-01") == cny(3_600) * 9


@pytest.mark.clause("SD-2")
def test_what_arrived_before_an_exemption_is_entered_and_goes_back() -> None:
    """The day before is taken, up to what was unpaid on it; from the day of the exemption on nothing is."""
    desk = DepositDesk()
    desk.notify()
    insured = (approved("insurance", shown=("insured",)),)
    desk.do(c.ReassessDeposit, "2026-02-03", grounds=insured)
    entered: dict[str, Any] = {"by": BANK, "recorded_at": datetime(2026, 2, 4, 12, tzinfo=ZONE)}
    assert desk.refused(c.LodgeDeposit, "2026-02-03", amount=cny(1), **entered) == [
        ("deposits.paid-after-exemption", None),
        ("deposits.above-unpaid", None),
    ]
    assert desk.refused(c.LodgeDeposit, "2026-02-02", amount=cny(6_000_001), **entered) == [
        ("deposits.above-unpaid", None)
    ]
    presale = {"origin": Origin.PRESALE_FUNDS, **entered}
    assert desk.codes(c.LodgeDeposit, "2026-02-02", amount=cny(6_000_000), **presale) == []
    desk.do(c.LodgeDeposit, "2026-02-02", amount=cny(1_000_000), **entered)
    desk.do(c.LodgeDeposit, "2026-02-02", amount=cny(5_000_000), **entered)
    assert desk.account().state is S.EXEMPT
    assert attention(desk) == [("deposits.refund-due", {"amount": cny(6_000_000)})]
    desk.do(c.ReversePayment, "2026-02-04", by=BANK, number=1, reason="bounced")
    assert attention(desk) == [("deposits.refund-due", {"amount": cny(5_000_000)})]
    assert desk.refused(c.CloseDeposit, "2026-02-04", reason="insured") == [("deposits.still-held", None)]
    desk.do(c.ReassessDeposit, "2026-02-05", grounds=insured)
    assert (desk.account().balance, attention(desk)) == (cny(0), [])
    desk.do(c.CloseDeposit, "2026-02-05", reason="insured")


@pytest.mark.clause("SD-19")
def test_what_is_entered_into_a_published_year_is_for_staff() -> None:
    """The year is on the list once, whatever is entered into it; a year that was not published is not."""
    desk = DepositDesk()
    desk.hold()
    desk.do(c.ReassessDeposit, "2026-06-01", cost=cny(150_000_000), reason="settled cost")
    desk.clock("2027-04-01")
    late = datetime(2027, 4, 2, 12, tzinfo=ZONE)
    pay(desk, "2027-01-10", 100, recorded_at=late)
    assert attention(desk) == []
    pay(desk, "2026-12-01", 100, recorded_at=late)
    pay(desk, "2026-12-02", 100, recorded_at=late)
    assert attention(desk) == [("deposits.published-changed", {"year": 2026})]
