"""What an account bears: what is kept free for a case, what is refused for its sake, and who answers for it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from account_desk import CENTRE, CLOCK, HOME, PROGRAM, READER, SOON, AccountDesk, cny

from servflow.core.changes import Actor, Office
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.states import BlockKind, CaseState
from servflow.core.ill.terms import Condition, CostKind, CostLine
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money

DAY = date.fromisoformat(SOON)
SUPPLIER = Actor("ils", "CN-NLC", Office.SYSTEM)
PATRON = Actor(READER, CENTRE, Office.PERSON)
OVERDRAWN = [("ill.block.overdrawn", "PRACTICE")]
UNUSABLE = [("ill.block.no-account", "PRACTICE")]


def cost(amount: int, kind: CostKind = CostKind.LOAN) -> tuple[CostLine, ...]:
    """What a supplier charges."""
    return (CostLine(kind=kind, amount=cny(amount)),)


def free(desk: AccountDesk) -> Money:
    """What may still be charged to the reader."""
    return desk.account().available_on(DAY, "CNY")


def reserved(desk: AccountDesk, case: str = "case-1") -> Money | None:
    """What is kept free for the case."""
    return desk.account().cases[case].reserved


def said(desk: AccountDesk, kind: type[Any], case: str = "case-1", **fields: Any) -> None:
    """The supplier says this of its attempt."""
    desk.do(kind, case=case, by=SUPPLIER, **({"attempt": 1} | fields))


def shipped(desk: AccountDesk, case: str = "case-1", **fields: Any) -> None:
    """It was sent."""
    said(desk, b.HearShipped, case, items=(f"item-{case}",), due=date(2026, 4, 1), **fields)


def accepted(desk: AccountDesk, amount: int, case: str = "case-1", **fields: Any) -> None:
    """The supplier's offer of so much was accepted."""
    said(desk, b.HearOffer, case, cost=cny(amount), **fields)
    desk.do(b.AcceptOffer, case=case, revision=1)


@pytest.fixture
def sending(desk: AccountDesk) -> AccountDesk:
    """The desk, where approved requests are sent by rule, and the patron bears what the suppliers charge."""
    desk.rule_of_cases(sends_itself=True, patron_pays=tuple(CostKind), by_lenders_rules=(), cap=cny(0))
    return desk


# --- what is kept free ------------------------------------------------------------------------------


def test_the_first_small_charge_keeps_the_rest_reserved(sending: AccountDesk) -> None:
    """What may still come is the most that it may cost, less what was charged; another case finds no room."""
    sending.open(overdraft=cny(50))
    sending.file(max_cost=cny(50))
    accepted(sending, 50)
    said(sending, b.HearCosts, costs=cost(1, CostKind.SEARCH))

    assert (reserved(sending), free(sending)) == (cny(49), cny(0))
    assert sending.file("case-2", max_cost=cny(49)).state is CaseState.BLOCKED
    shipped(sending)
    assert reserved(sending) == cny(49)  # supplied, and the fee is not known yet
    said(sending, b.HearCosts, costs=cost(20))
    assert (reserved(sending), free(sending)) == (None, cny(29))


def test_more_than_was_reserved_leaves_nothing_reserved(sending: AccountDesk) -> None:
    """What was charged beyond it is owed, and no less than nothing is kept free."""
    sending.open(overdraft=cny(50))
    sending.file(max_cost=cny(10))
    accepted(sending, 10)
    said(sending, b.HearCosts, costs=cost(12, CostKind.SEARCH))

    assert (reserved(sending), free(sending)) == (None, cny(38))


def test_a_blocked_request_keeps_nothing_free_and_counts_for_nobody(desk: AccountDesk) -> None:
    """Checked again it is counted before the verdict; it was filed once, however often it is checked."""
    desk.open(overdraft=cny(100))
    for case in ("case-1", "case-2", "case-3"):
        desk.file(case, max_cost=cny(80))

    assert (set(desk.account().cases), free(desk)) == ({"case-1"}, cny(20))
    desk.rule_of_cases(desks=("reading room",))
    desk.do(b.RegisterAtDesk, case="case-2", desk="reading room", form="F-2", card_shown=True)
    desk.rule_of_cases(desks=())
    assert set(desk.account().cases) == {"case-1"}
    desk.do(b.Withdraw, case="case-1")
    desk.do(b.Recheck, case="case-2")
    desk.do(b.Recheck, case="case-3")
    assert [desk.case(case).state for case in ("case-2", "case-3")] == [CaseState.ROUTABLE, CaseState.BLOCKED]
    assert (set(desk.account().cases), desk.account().filed) == ({"case-2"}, {"2026": 3})


def test_what_only_fills_anothers_request_is_not_on_the_account(desk: AccountDesk) -> None:
    """The institution's relation is charged for it; its account keeps nothing free and counts nothing."""
    desk.institution()
    desk.draft("case-9", patron=HOME, fills="T-1")
    desk.do(b.Submit, case="case-9")

    assert desk.case("case-9").state is CaseState.ROUTABLE
    assert (desk.account(HOME).cases, desk.account(HOME).filed) == ({}, {})


# --- an account that is opened later ----------------------------------------------------------------


def test_an_account_opened_later_takes_over_what_is_owed(sending: AccountDesk) -> None:
    """All that was charged before, once: the account and the ledger say the same."""
    sending.rule_of_cases(accounts=False)
    sending.file()
    shipped(sending, costs=cost(40))
    sending.open()
    sending.do(b.Receive, case="case-1")

    assert sending.account().balance("CNY") == cny(-40)
    sending.do(b.ShipBack, case="case-1")
    said(sending, b.HearCheckedIn)
    said(sending, b.HearCosts, costs=cost(43))
    assert sending.account().balance("CNY") == cny(-43)
    assert balance(sending.postings, Account(AccountKind.RECEIVABLE, READER), "CNY") == cny(43)
    assert desk_codes(sending, c.Clear) == ["ill.charge-unpaid"]


def test_what_the_account_never_held_is_not_reversed_on_it(sending: AccountDesk) -> None:
    """Charged before it was opened and taken back after it: nobody gets money that he never paid."""
    sending.rule_of_cases(accounts=False)
    sending.file()
    shipped(sending, costs=cost(40))
    sending.open()
    said(sending, b.HearCosts, costs=cost(0))

    assert (sending.account().security, sending.account().open) == ({}, {})
    assert balance(sending.postings, Account(AccountKind.RECEIVABLE, READER), "CNY") == cny(0)


def desk_codes(desk: AccountDesk, kind: type[Any]) -> list[str]:
    """For what the command would be refused."""
    return [code for code, _ in desk.codes(kind)]


@pytest.mark.clause("CQ-6")
def test_a_late_charge_ends_a_clearance(sending: AccountDesk) -> None:
    """Who was cleared and is charged afterwards is not cleared any more; what is reversed leaves it."""
    sending.open()
    sending.file()
    shipped(sending)
    sending.do(b.Receive, case="case-1")
    sending.do(b.ShipBack, case="case-1")
    said(sending, b.HearCheckedIn)
    sending.do(c.Clear)
    said(sending, b.HearCosts, costs=cost(4))

    assert sending.account().cleared_on is None
    sending.do(c.PayIn, amount=cny(4))
    sending.do(c.Clear)
    said(sending, b.HearCosts, costs=cost(1))
    assert (sending.account().cleared_on, sending.account().balance("CNY")) == (DAY, cny(3))


# --- offers, and other terms ------------------------------------------------------------------------


@pytest.mark.clause("CALIS-10")
@pytest.mark.parametrize("by", [PATRON, PROGRAM, None], ids=["patron", "program", "staff"])
def test_an_offer_beyond_the_credit_is_not_accepted(sending: AccountDesk, by: Actor | None) -> None:
    """By nobody's word alone, up to the amount that is there; what is agreed is kept free from then on."""
    sending.rule_of_cases(cap=cny(1000))
    sending.open(overdraft=cny(100))
    sending.file(max_cost=cny(50))
    said(sending, b.HearOffer, cost=cny(101))
    speaks = {} if by is None else {"by": by}

    assert sending.case().state is CaseState.OFFERED
    (reason, *_) = sending.reasons(b.AcceptOffer, case="case-1", revision=1, **speaks)
    assert OVERDRAWN[0] in sending.codes(b.AcceptOffer, case="case-1", revision=1, **speaks)
    if by is not PROGRAM:
        assert reason.facts == (("amount", cny(1)),)
    said(sending, b.HearOffer, cost=cny(100), revision=2)
    if sending.case().state is CaseState.OFFERED:
        sending.do(b.AcceptOffer, case="case-1", revision=2)
    assert (sending.case().state, reserved(sending), free(sending)) == (CaseState.PROMISED, cny(100), cny(0))


def test_the_rules_take_no_offer_that_the_account_does_not_bear(sending: AccountDesk) -> None:
    """Within every other limit it is the patron's to decide, and he hears of it; what it bears they take."""
    sending.rule_of_cases(cap=cny(1000))
    sending.open(overdraft=cny(100))
    for case, amount, state in (("case-1", 101, CaseState.OFFERED), ("case-2", 70, CaseState.PROMISED)):
        sending.file(case)
        change = sending.do(b.HearOffer, case=case, by=SUPPLIER, attempt=1, cost=cny(amount))
        assert sending.case(case).state is state
        assert any(told.kind == "ill.patron.decision" for told in change.messages) is (amount == 101)


def test_an_offer_in_another_currency_is_the_librarys_to_bear(sending: AccountDesk) -> None:
    """The patron is charged none of it, so that what is reserved stays as it was."""
    sending.open()
    sending.file(max_cost=cny(50))
    said(sending, b.HearOffer, cost=Money(900, "EUR"))
    sending.do(b.AcceptOffer, case="case-1", revision=1)

    assert reserved(sending) == cny(50)


def test_when_the_offer_comes_to_nothing_the_request_counts_again(sending: AccountDesk) -> None:
    """What was agreed with one supplier is kept free as long as it has the request."""
    sending.open()
    sending.file(max_cost=cny(50), suppliers=("CN-NLC", "CN-SZU"))
    accepted(sending, 70)
    assert reserved(sending) == cny(70)
    said(sending, b.HearWithdrawn)

    assert (sending.case().state, reserved(sending)) == (CaseState.SENT, cny(50))


def test_to_be_asked_again_on_new_terms_is_within_the_credit(sending: AccountDesk) -> None:
    """The cost that the supplier named counts, or else the most that is said with the decision."""
    sending.open(overdraft=cny(100))
    sending.file(max_cost=cny(50))
    said(sending, b.HearRetry, cost=cny(101))
    assert sending.codes(b.AcceptRetry, case="case-1") == OVERDRAWN
    sending.do(c.SetTerms, overdraft=cny(101))
    sending.do(b.AcceptRetry, case="case-1")
    assert (sending.case().state, reserved(sending)) == (CaseState.SENT, cny(101))

    sending.open("p-18", overdraft=cny(100))
    sending.file("case-2", patron="p-18", max_cost=cny(50))
    said(sending, b.HearRetry, "case-2")
    assert sending.codes(b.AcceptRetry, case="case-2", max_cost=cny(101)) == OVERDRAWN
    assert sending.codes(b.AcceptRetry, case="case-2", max_cost=cny(100)) == []
    assert sending.codes(b.AcceptRetry, case="case-2") == []


@pytest.mark.parametrize("state", [CaseState.IN_REVIEW, CaseState.ROUTABLE])
def test_more_than_the_account_bears_is_not_allowed_afterwards(desk: AccountDesk, state: CaseState) -> None:
    """What a request may cost is raised within the credit, and reserved; less, and other words, always."""
    desk.rule_of_cases(mediated=state is CaseState.IN_REVIEW)
    desk.open(overdraft=cny(100))
    desk.file(max_cost=cny(50))
    assert desk.case().state is state

    assert desk.codes(b.AmendRequest, case="case-1", max_cost=cny(101)) == OVERDRAWN
    desk.do(b.AmendRequest, case="case-1", max_cost=cny(100))
    assert (reserved(desk), free(desk)) == (cny(100), cny(0))
    desk.do(c.SuspendAccount, reason="a book is lost")
    desk.do(b.AmendRequest, case="case-1", max_cost=cny(60))
    assert reserved(desk) == cny(60)
    assert desk.codes(b.AmendRequest, case="case-1", max_cost=cny(61)) == UNUSABLE


def test_without_an_account_nothing_is_looked_at_where_none_is_asked_for(sending: AccountDesk) -> None:
    """Where the rules ask for none, whoever has none accepts what he likes; where they do, staff answer."""
    sending.rule_of_cases(accounts=False)
    sending.file()
    said(sending, b.HearOffer, cost=cny(450))

    assert sending.codes(b.AcceptOffer, case="case-1", by=PATRON, revision=1) == []
    sending.rule_of_cases(accounts=True)
    assert sending.codes(b.AcceptOffer, case="case-1", by=PATRON, revision=1) == UNUSABLE


# --- an account that cannot be used -----------------------------------------------------------------


def test_nothing_is_ordered_on_an_account_that_is_suspended(desk: AccountDesk) -> None:
    """Neither approved nor sent, by staff, a program or the clock; once it is reinstated it goes on."""
    desk.rule_of_cases(mediated=True)
    desk.open()
    desk.file()
    desk.do(c.SuspendAccount, reason="a book is lost")
    assert desk.codes(b.ApproveRequest, case="case-1") == UNUSABLE
    desk.do(c.ReinstateAccount)
    desk.do(b.ApproveRequest, case="case-1")
    desk.do(c.SuspendAccount, reason="another one is lost")

    for by in (None, PROGRAM, CLOCK):
        assert desk.codes(b.Send, case="case-1", **({} if by is None else {"by": by})) == UNUSABLE
    desk.do(c.ReinstateAccount)
    assert desk.codes(b.Send, case="case-1") == []


def test_the_next_supplier_is_not_asked_on_an_account_that_has_ended(sending: AccountDesk) -> None:
    """What the supplier says is heard; the request waits, and the desk says when it is sent on."""
    sending.open(valid_through=date(2026, 3, 10))
    sending.file(suppliers=("CN-NLC", "CN-SZU"))
    sending.do(b.HearUnfilled, "2026-03-11", case="case-1", by=SUPPLIER, attempt=1)

    assert sending.case().state is CaseState.ROUTABLE
    assert sending.codes(b.Send, "2026-03-11", case="case-1") == UNUSABLE
    sending.do(c.SetTerms, "2026-03-11", overdraft=cny(100), valid_through=date(2026, 12, 31))
    assert sending.codes(b.Send, "2026-03-11", case="case-1") == []


def test_no_offer_is_accepted_while_the_account_is_suspended(sending: AccountDesk) -> None:
    """Also one that names no cost."""
    sending.open()
    sending.file()
    said(sending, b.HearOffer, note="under a lamp of its own", conditions=(Condition.OTHER,))
    sending.do(c.SuspendAccount, reason="a book is lost")

    assert sending.codes(b.AcceptOffer, case="case-1", by=PATRON, revision=1) == UNUSABLE


# --- who answers for it -----------------------------------------------------------------------------


def test_staff_answer_for_what_the_account_does_not_bear(sending: AccountDesk) -> None:
    """Once, with their reason: then whoever may accept it does, and the account is overdrawn by it."""
    sending.open(overdraft=cny(100))
    sending.file(max_cost=cny(50))
    said(sending, b.HearOffer, cost=cny(450))
    sending.do(b.OverrideBlock, case="case-1", reason="a doctoral thesis")
    sending.do(b.AcceptOffer, case="case-1", by=PATRON, revision=1)

    assert (sending.case().vouched, reserved(sending), free(sending)) == (True, cny(450), cny(-350))
    assert sending.file("case-2", max_cost=cny(1)).state is CaseState.BLOCKED


def test_a_block_for_the_account_that_was_overridden_stands_in_no_ones_way(sending: AccountDesk) -> None:
    """Approved and sent as if the account bore it; another block that was overridden says nothing of it."""
    sending.file()
    sending.do(b.OverrideBlock, case="case-1", reason="a guest")
    sending.do(b.ApproveRequest, case="case-1")
    assert (sending.case().state, sending.case().vouched) == (CaseState.SENT, True)

    sending.open()
    sending.rule_of_cases(most_active=0)
    sending.file("case-2")
    sending.do(b.OverrideBlock, case="case-2", reason="urgent")
    assert sending.case("case-2").vouched is None
    assert "case-2" in sending.account().cases


def test_what_the_rules_let_nobody_override_nobody_answers_for(desk: AccountDesk) -> None:
    """Where a rulebook names one of the blocks for the account, staff cannot let it pass later either."""
    desk.rule_of_cases(not_overridable=(BlockKind.COPYRIGHT_QUOTA, BlockKind.OVERDRAWN))
    desk.open()
    desk.file()

    (found,) = desk.reasons(b.OverrideBlock, case="case-1", reason="urgent")
    assert (found.code, found.facts) == ("ill.block-not-overridable", (("block", "overdrawn"),))
    desk.rule_of_cases(not_overridable=(BlockKind.COPYRIGHT_QUOTA,))
    assert desk.codes(b.OverrideBlock, case="case-1", reason="urgent") == []
