"""Money on an account, clearance, and the cases that run on it."""

from __future__ import annotations

from datetime import date

import pytest
from account_desk import CENTRE, HOME, OPERATOR, PROGRAM, READER, AccountDesk, cny

from servflow.core.errors import InvalidValue
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import CaseOnAccount, account_of
from servflow.core.ill.accounts.states import AccountState, HolderKind, IdentityKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.ill.terms import CostKind, CostLine, WhereLost
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money

DAY = date(2026, 3, 2)
LOAN = "case-1"
LENDER_COSTS = (CostLine(kind=CostKind.LOAN, amount=cny(20)),)


def held(desk: AccountDesk, kind: AccountKind, owner: str = READER) -> Money:
    """What an account of the ledger holds by now."""
    return balance(desk.postings, Account(kind, owner), "CNY")


def book(desk: AccountDesk, *charged: tuple[str, Money], loan: str = LOAN, volumes: int = 0) -> None:
    """A case that is on the account, with these charges more."""
    desk.do(c.BookCase, by=PROGRAM, request=loan, on_account=CaseOnAccount(volumes=volumes), charged=charged)


def over(desk: AccountDesk, loan: str = LOAN) -> None:
    """The case is over."""
    desk.do(c.BookCase, by=PROGRAM, request=loan, on_account=None)


# --- paying -----------------------------------------------------------------------------------------


def test_a_payment_pays_in_the_order_of_the_rules_and_the_rest_is_prepaid(desk: AccountDesk) -> None:
    """The loan fee before the fine, although it is younger; what is left pays the next charge at once."""
    desk.open()
    book(desk, ("overdue", cny(5)))
    book(desk, ("loan-fee", cny(20)))
    change = desk.do(c.PayIn, amount=cny(22))

    assert {about: item.outstanding for about, item in desk.account().open.items()} == {
        "case-1/overdue": cny(3)
    }
    assert dict(change.messages[0].facts) == {"amount": cny(22), "rest": cny(0)}
    desk.do(c.PayIn, amount=cny(10))
    assert desk.account().balance("CNY") == cny(7)
    book(desk, ("copy-fee", cny(4)))
    assert (desk.account().open, desk.account().balance("CNY")) == ({}, cny(3))
    assert (held(desk, AccountKind.PREPAYMENT), held(desk, AccountKind.CASH, CENTRE)) == (cny(3), cny(32))


def test_what_is_reversed_after_it_was_paid_is_prepaid(desk: AccountDesk) -> None:
    """What was waived of it is not: nobody gets what he never paid."""
    desk.open()
    book(desk, ("overdue", cny(10)))
    desk.do(c.WaiveCharge, loan=LOAN, kind="overdue", amount=cny(4), reason="snow")
    desk.do(c.PayIn, amount=cny(6))
    book(desk, ("overdue", cny(-10)))

    assert (desk.account().balance("CNY"), desk.account().waived) == (cny(6), {})
    assert held(desk, AccountKind.WAIVED, CENTRE) == cny(0)


@pytest.mark.parametrize(("waived", "prepaid"), [(0, 10), (10, 0)])
def test_what_was_only_paid_or_only_waived_is_reversed_as_such(
    desk: AccountDesk, waived: int, prepaid: int
) -> None:
    """All of it comes back as prepayment, or none of it; no posting of nothing is made."""
    desk.open()
    book(desk, ("overdue", cny(10)))
    if waived:
        desk.do(c.WaiveCharge, loan=LOAN, kind="overdue", amount=cny(10), reason="snow")
    else:
        desk.do(c.PayIn, amount=cny(10))
    before = len(desk.postings)
    book(desk, ("overdue", cny(-10)))

    assert (desk.account().balance("CNY"), desk.account().waived) == (cny(prepaid), {})
    assert len(desk.postings) == before + 1


def test_what_is_not_open_is_not_waived(desk: AccountDesk) -> None:
    """Nor more than is open; the reason is part of it."""
    desk.open()
    book(desk, ("overdue", cny(10)))
    said = {"loan": LOAN, "reason": "snow"}

    assert desk.codes(c.WaiveCharge, kind="copy-fee", amount=cny(1), **said) == [("ill.no-such-charge", None)]
    assert desk.codes(c.WaiveCharge, kind="overdue", amount=cny(11), **said) == [
        ("ill.waiver-above-charge", None)
    ]
    assert desk.codes(c.WaiveCharge, kind="overdue", amount=Money(1, "EUR"), **said) == [
        ("ill.wrong-currency", None)
    ]
    assert desk.codes(c.WaiveCharge, kind="overdue", amount=cny(10), **said) == []


@pytest.mark.parametrize("kind", [c.PayDeposit, c.PayIn, c.RefundDeposit, c.GiveBack])
def test_an_amount_is_above_nothing_and_in_the_desks_currency(desk: AccountDesk, kind) -> None:
    """Nothing, and what is no money of the desk's, is not paid."""
    desk.open()
    with pytest.raises(InvalidValue, match="amount"):
        desk.command(kind, amount=cny(0))

    assert desk.codes(kind, amount=Money(1, "EUR")) == [("ill.wrong-currency", None)]


def test_a_waiver_has_an_amount_and_a_reason() -> None:
    """Of nothing, or without a reason, it is none."""
    for said in ({"amount": cny(0), "reason": "x"}, {"amount": cny(1), "reason": " "}):
        with pytest.raises(InvalidValue):
            AccountDesk().command(c.WaiveCharge, loan=LOAN, kind="overdue", **said)


@pytest.mark.clause("CALIS-10")
def test_a_deposit_is_kept_and_given_back(desk: AccountDesk) -> None:
    """It pays no charge, and comes back when nothing is open, on loan or owed; no more than is held."""
    desk.open(deposit=cny(100))
    desk.do(c.PayDeposit, amount=cny(100))
    book(desk, ("overdue", cny(5)), volumes=1)
    book(desk, loan="case-2")

    assert desk.account().held(SecurityKind.DEPOSIT, "CNY") == cny(100)
    assert [code for code, _ in desk.codes(c.RefundDeposit, amount=cny(101))] == [
        "ill.security-not-held",
        "ill.account.on-loan",
        "ill.charge-unpaid",
        "ill.account.case-open",
    ]
    over(desk)
    over(desk, "case-2")
    desk.do(c.PayIn, amount=cny(5))
    change = desk.do(c.RefundDeposit, amount=cny(60))
    assert [message.kind for message in change.messages] == ["ill.account.given-back"]
    assert (held(desk, AccountKind.DEPOSIT), held(desk, AccountKind.CASH, CENTRE)) == (cny(40), cny(45))
    assert not desk.account().usable_on(DAY)


def test_what_is_left_of_a_prepayment_is_given_back(desk: AccountDesk) -> None:
    """So much as is there."""
    desk.open()
    desk.do(c.PayIn, amount=cny(30))

    assert desk.codes(c.GiveBack, amount=cny("30.01")) == [("ill.security-not-held", None)]
    desk.do(c.GiveBack, amount=cny(30))
    assert (desk.account().security, held(desk, AccountKind.PREPAYMENT)) == ({}, cny(0))


# --- clearance, and leaving -------------------------------------------------------------------------


def test_a_clearance_says_of_which_day_it_is(desk: AccountDesk) -> None:
    """Whoever is shown the letter sees how old it is."""
    desk.set_up_operator()
    desk.open()

    (letter,) = desk.do(c.Clear, by=OPERATOR).messages

    assert dict(letter.facts)["cleared_on"] == DAY


@pytest.mark.clause("CQ-6")
def test_clearance_is_issued_with_nothing_on_loan_and_nothing_owed(desk: AccountDesk) -> None:
    """Every item and every charge that stands against it is named; it holds until something is filed again."""
    desk.set_up_operator()
    desk.open()
    book(desk, ("overdue", cny(5)), volumes=2)

    (on_loan, unpaid) = desk.reasons(c.Clear)
    assert (on_loan.code, on_loan.facts) == ("ill.account.on-loan", (("loan", LOAN),))
    assert (unpaid.code, dict(unpaid.facts)["amount"]) == ("ill.charge-unpaid", cny(5))
    over(desk)
    desk.do(c.PayIn, by=OPERATOR, amount=cny(5))
    change = desk.do(c.Clear, by=OPERATOR)
    assert ([message.kind for message in change.messages], desk.account().cleared_on) == (
        ["ill.account.cleared"],
        DAY,
    )
    book(desk, loan="case-2")
    assert desk.account().cleared_on is None
    assert desk.codes(c.Clear) == [("ill.account.case-open", None)]


@pytest.mark.clause("CQ-6")
def test_who_leaves_needs_clearance_and_gets_his_money_back(desk: AccountDesk) -> None:
    """Deposit and prepayment are posted back, his identities are free, and the account cannot be used."""
    desk.open(deposit=cny(100))
    desk.do(c.PayDeposit, amount=cny(100))
    desk.do(c.PayIn, amount=cny(7))
    book(desk, volumes=1)

    assert desk.codes(c.CloseAccount, reason="graduated")[0][0] == "ill.account.on-loan"
    over(desk)
    change = desk.do(c.CloseAccount, reason="graduated")
    assert dict(change.messages[0].facts) == {
        "reason": "graduated",
        "deposit": cny(100),
        "prepayment": cny(7),
    }
    account = desk.account()
    assert (account.state, account.security, account.identities) == (AccountState.CLOSED, {}, {})
    assert account_of(desk.identity(IdentityKind.CAMPUS_CARD, f"card-{READER}")) is None
    assert held(desk, AccountKind.CASH, CENTRE) == cny(0)
    assert len({posting.key for posting in desk.postings}) == len(desk.postings)


@pytest.mark.parametrize("left", ["a charge", "a case"])
def test_where_no_clearance_is_asked_for_what_is_open_stays(desk: AccountDesk, left: str) -> None:
    """And the money that secures it; it can still be paid, and the case goes on."""
    desk.rule(clearance=False)
    desk.open()
    book(desk, *((("overdue", cny(5)),) if left == "a charge" else ()))
    if left == "a charge":
        over(desk)
    desk.do(c.PayDeposit, amount=cny(10))
    desk.do(c.CloseAccount, reason="gone")

    assert desk.account().held(SecurityKind.DEPOSIT, "CNY") == cny(10)
    book(desk, ("overdue", cny(1)))
    desk.do(c.PayIn, amount=cny(6))


def test_who_has_left_registers_again(desk: AccountDesk) -> None:
    """Under the same reference: terms are set anew, and what is still his is found."""
    desk.open(valid_through=date(2026, 12, 31))
    desk.do(c.Clear)
    desk.do(c.CloseAccount, reason="graduated")
    desk.do(c.RegisterAgain)

    account = desk.account()
    assert (account.state, account.why, account.cleared_on) == (AccountState.REGISTERED, None, None)
    assert (account.overdraft, account.valid_through) == (None, None)


# --- cases on the account ---------------------------------------------------------------------------


@pytest.mark.clause("CALIS-10")
def test_what_is_available_is_the_balance_and_the_overdraft_less_what_is_reserved(desk: AccountDesk) -> None:
    """Reserved is the most that the case may cost, or what the rules say; an expired account has no overdraft."""
    desk.open(overdraft=cny(100), valid_through=date(2026, 6, 30))
    desk.do(c.PayIn, amount=cny(10))
    assert desk.account().available_on(DAY, "CNY") == cny(110)
    desk.file("case-1", max_cost=cny(12))
    assert desk.account().available_on(DAY, "CNY") == cny(98)
    desk.file("case-2")
    assert desk.account().cases["case-2"].reserved == cny(30)
    assert desk.account().available_on(DAY, "CNY") == cny(68)
    assert desk.account().available_on(date(2026, 7, 1), "CNY") == cny(-32)
    desk.hold(overdraft=None)
    assert desk.account().available_on(DAY, "CNY") == cny(-32)


def test_the_account_follows_the_case_from_its_filing_to_its_end(desk: AccountDesk) -> None:
    """A draft is not on it; filed it counts, with the patron it is on loan until he brings it back; then it is over."""
    desk.open()
    desk.draft()
    assert desk.account().cases == {}
    desk.do(b.Submit, case=LOAN)
    assert desk.case().state is CaseState.ROUTABLE
    assert (desk.account().filed, desk.account().on_loan) == ({"2026": 1}, ())

    desk.do(b.Send, case=LOAN)
    said = {"case": LOAN, "attempt": 1, "items": ("NLC-1", "NLC-2")}
    desk.do(b.HearShipped, "2026-03-04", due=date(2026, 4, 20), costs=LENDER_COSTS, **said)
    desk.do(b.Receive, "2026-03-06", case=LOAN)
    desk.do(b.CheckOut, "2026-03-09", case=LOAN)
    account = desk.account()
    assert (account.cases[LOAN].volumes, account.cases[LOAN].due) == (2, desk.case().patron_due)
    assert account.on_loan == (LOAN,)
    assert (account.overdue_on(date(2026, 4, 21)), account.overdue_on(date(2026, 4, 1))) == ((LOAN,), ())

    desk.do(b.TakeBack, "2026-03-16", case=LOAN)
    assert (desk.account().on_loan, set(desk.account().cases)) == ((), {LOAN})
    desk.do(b.ShipBack, "2026-03-17", case=LOAN)
    desk.do(b.HearCheckedIn, "2026-03-20", case=LOAN, attempt=1)
    assert (desk.account().cases, desk.account().filed) == ({}, {"2026": 1})


def test_what_is_charged_for_a_case_is_owed_on_the_account(desk: AccountDesk) -> None:
    """In the same change, and from then on nothing is reserved for it; a payment on the account settles it."""
    desk.rule_of_cases(patron_pays=(CostKind.LOAN,), by_lenders_rules=())
    desk.open()
    desk.file(max_cost=cny(40))
    desk.do(b.Send, case=LOAN)
    said = {"case": LOAN, "attempt": 1, "items": ("NLC-1",), "due": date(2026, 4, 20)}
    change = desk.do(b.HearShipped, "2026-03-04", costs=LENDER_COSTS, **said)

    assert [type(entry.command) for entry in change.entries] == [b.HearShipped, c.BookCase]
    account = desk.account()
    assert {about: item.outstanding for about, item in account.open.items()} == {"case-1/loan-fee": cny(20)}
    assert (account.cases[LOAN].reserved, account.available_on(DAY, "CNY")) == (None, cny(80))
    assert held(desk, AccountKind.RECEIVABLE) == cny(20)
    more = (CostLine(kind=CostKind.LOAN, amount=cny(25)),)
    desk.do(b.HearCosts, "2026-03-05", case=LOAN, attempt=1, costs=more)
    assert desk.account().open["case-1/loan-fee"].outstanding == cny(25)
    desk.do(c.PayIn, amount=cny(25))
    assert (desk.account().open, held(desk, AccountKind.RECEIVABLE)) == ({}, cny(0))


@pytest.mark.clause("CALIS-11", "CALIS-21", "CALIS-22")
def test_a_group_users_case_runs_on_the_institutions_account(desk: AccountDesk) -> None:
    """Its patron is the institution, once that is confirmed; its reader needs no account and owes nothing here."""
    desk.rule_of_cases(patron_pays=(CostKind.LOAN,), by_lenders_rules=())
    desk.do(c.RegisterAccount, holder=HolderKind.INSTITUTION, case=HOME)
    assert [each.code for each in desk.file("case-0", patron=HOME).reasons] == ["ill.block.no-account"]
    desk.do(c.ConfirmAccount, case=HOME, overdraft=cny(100))
    desk.file(patron=HOME)
    desk.do(b.Send, case=LOAN)
    said = {"case": LOAN, "attempt": 1, "items": ("NLC-1",), "due": date(2026, 4, 20)}
    desk.do(b.HearShipped, "2026-03-04", costs=LENDER_COSTS, **said)

    assert {about: item.outstanding for about, item in desk.account(HOME).open.items()} == {
        "case-1/loan-fee": cny(20)
    }
    assert held(desk, AccountKind.RECEIVABLE, HOME) == cny(20)


def test_nobody_without_an_account_is_booked(desk: AccountDesk) -> None:
    """Nor on an account that another library keeps under the same reference."""
    desk.rule_of_cases(accounts=False)
    desk.file()
    assert desk.case().state is CaseState.ROUTABLE
    desk.open()
    desk.hold(keeper="CN-OTHER")
    desk.file("case-2")
    assert desk.account().cases == {}


def test_what_is_lost_is_no_longer_counted_as_on_loan(desk: AccountDesk) -> None:
    """But the case stays open until the loss is settled, and so does the way to a clearance."""
    desk.open()
    desk.file()
    desk.do(b.Send, case=LOAN)
    desk.do(b.HearShipped, "2026-03-04", case=LOAN, attempt=1, items=("NLC-1",), due=date(2026, 4, 20))
    desk.do(b.Receive, "2026-03-06", case=LOAN)
    desk.do(b.CheckOut, "2026-03-09", case=LOAN)
    desk.do(b.RecordLoss, "2026-03-10", case=LOAN, where=WhereLost.PATRON)

    assert desk.account().on_loan == ()
    assert desk.codes(c.Clear, "2026-03-10") == [("ill.account.case-open", None)]


# --- what an account allows -------------------------------------------------------------------------


@pytest.mark.clause("CALIS-4", "CALIS-24")
@pytest.mark.parametrize("why", ["none", "registered", "suspended", "expired", "deposit"])
def test_nothing_is_ordered_without_an_account_that_can_be_used(desk: AccountDesk, why: str) -> None:
    """None, one that is not confirmed, suspended, expired, or without its deposit: the request is blocked."""
    if why == "registered":
        desk.do(c.RegisterAccount)
    elif why != "none":
        desk.open()
    if why == "suspended":
        desk.do(c.SuspendAccount, reason="a book is lost")
    elif why == "expired":
        desk.hold(valid_through=date(2026, 3, 1))
    elif why == "deposit":
        desk.do(c.SetTerms, deposit=cny(1))

    case = desk.file()
    assert case.state is CaseState.BLOCKED
    assert [reason.code for reason in case.reasons] == ["ill.block.no-account"]


@pytest.mark.clause("CALIS-10")
def test_nothing_is_ordered_beyond_the_overdraft(desk: AccountDesk) -> None:
    """A request that takes just all of it passes; a fen more, and it is blocked, by how much it is too much."""
    desk.open(overdraft=cny(50))

    assert desk.file("case-1", max_cost=cny(20)).state is CaseState.ROUTABLE
    assert desk.file("case-2", max_cost=cny(30)).state is CaseState.ROUTABLE
    case = desk.file("case-3", max_cost=cny("0.01"))
    assert case.state is CaseState.BLOCKED
    (reason,) = case.reasons
    assert (reason.code, reason.facts) == ("ill.block.overdrawn", (("amount", cny("0.01")),))
    desk.do(c.PayIn, amount=cny("0.01"))
    desk.do(b.Recheck, case="case-3")
    assert desk.case("case-3").state is CaseState.ROUTABLE


def test_the_account_counts_what_the_host_does_not_know_yet(desk: AccountDesk) -> None:
    """Cases that are open, those of the year, and what is overdue: the larger figure counts, this case left out."""
    desk.rule_of_cases(most_active=1, most_per_year=2, refused_while_overdue=True, accounts=False)
    desk.open()
    desk.file("case-1")
    blocked = desk.file("case-2")
    assert [(each.code, dict(each.facts)) for each in blocked.reasons] == [
        ("ill.block.too-many-active", {"allowed": 1, "there_are": 1})
    ]
    desk.do(b.Withdraw, case="case-1")
    desk.do(b.Recheck, case="case-2")
    assert desk.case("case-2").state is CaseState.ROUTABLE
    desk.do(b.Withdraw, case="case-2")
    assert [each.code for each in desk.file("case-3").reasons] == ["ill.block.too-many-this-year"]
    assert desk.file("case-4", "2027-01-04").state is CaseState.ROUTABLE  # what is blocked is in nobody's way
    desk.do(b.Recheck, "2027-01-04", case="case-3")
    assert [each.code for each in desk.case("case-3").reasons] == ["ill.block.too-many-active"]
    desk.do(b.Withdraw, "2027-01-04", case="case-4")
    desk.do(b.Recheck, "2027-01-04", case="case-3")
    assert desk.case("case-3").state is CaseState.ROUTABLE
    cases = {**desk.account().cases, "old": CaseOnAccount(volumes=1, due=date(2026, 12, 1))}
    desk.hold(cases=cases)
    desk.rule_of_cases(most_active=None)
    assert [each.code for each in desk.file("case-5", "2027-01-05").reasons] == ["ill.block.overdue"]
