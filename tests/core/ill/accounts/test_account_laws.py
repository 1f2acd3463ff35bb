"""What holds of an account whatever is said to it, in any order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from account_desk import PROGRAM, READER, AccountDesk, cny
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.changes import altered, fold
from servflow.core.errors import Refused
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import CaseOnAccount
from servflow.core.ill.accounts.states import AccountState, IdentityKind
from servflow.core.ill.accounts.table import ACCOUNT
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.ledger import Account, AccountKind, balance, trial_balance
from servflow.core.money import Money, total

_FEES: Final = ("loan-fee", "overdue")

amounts = st.integers(1, 30).map(cny)
loans = st.sampled_from(["case-1", "case-2"])
fees = st.sampled_from(_FEES)
steps: st.SearchStrategy[tuple[type[Any], Mapping[str, Any]]] = st.one_of(
    st.tuples(
        st.sampled_from([c.PayIn, c.PayDeposit, c.RefundDeposit, c.GiveBack]),
        st.fixed_dictionaries({"amount": amounts}),
    ),
    st.tuples(
        st.just(c.WaiveCharge),
        st.fixed_dictionaries({"loan": loans, "kind": fees, "amount": amounts, "reason": st.just("snow")}),
    ),
    st.tuples(
        st.just(c.BookCase),
        st.fixed_dictionaries(
            {
                "request": loans,
                "on_account": st.sampled_from([None, CaseOnAccount(), CaseOnAccount(volumes=2)]),
                "charged": st.lists(
                    st.tuples(fees, st.integers(-9, 30).filter(bool).map(cny)), max_size=1
                ).map(tuple),
            }
        ),
    ),
    st.sampled_from(
        [
            (c.CloseAccount, {"reason": "left"}),
            (c.RegisterAgain, {}),
            (c.ConfirmAccount, {}),
            (c.Clear, {}),
            (c.SuspendAccount, {"reason": "x"}),
            (c.ReinstateAccount, {}),
            (c.BindIdentity, {"kind": IdentityKind.CAMPUS_CARD, "token": "t-1"}),
            (c.ReleaseIdentity, {"kind": IdentityKind.CAMPUS_CARD}),
        ]
    ),
)


def held(desk: AccountDesk, kind: AccountKind) -> Money:
    return balance(desk.postings, Account(kind, READER), "CNY")


def no_more_than_charged(
    kind: type[Any], said: Mapping[str, Any], charged: dict[Any, int]
) -> Mapping[str, Any]:
    """A case reverses no more than it has charged."""
    if kind is not c.BookCase:
        return said
    kept = tuple(
        (fee, amount)
        for fee, amount in said["charged"]
        if charged.get((said["request"], fee), 0) + amount.minor >= 0
    )
    return {**said, "charged": kept}


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25))
def test_the_account_and_the_ledger_say_the_same(said: list[tuple[type[Any], Mapping[str, Any]]]) -> None:
    """Whatever was paid, charged, reversed, waived and given back: what is held and owed, to the fen.

    Whoever is closed has got all his money back, one who is cleared owes nothing, and the journal folds to
    the account.
    """
    desk = AccountDesk()
    desk.open()
    charged: dict[Any, int] = {}
    journal = fold({}, altered(None, desk.account()))
    for kind, fields in said:
        fields = no_more_than_charged(kind, fields, charged)  # noqa: PLW2901
        by = {"by": PROGRAM} if kind is c.BookCase else {}
        try:
            change = desk.do(kind, **by, **fields)
        except Refused:
            continue
        for fee, amount in fields.get("charged", ()):
            charged[fields["request"], fee] = charged.get((fields["request"], fee), 0) + amount.minor
            line = (Account(AccountKind.RECEIVABLE, READER), Account(AccountKind.INCOME, fee))
            desk.charge(*(line if amount.minor > 0 else line[::-1]), abs(amount), fields["request"], fee)
        account = desk.account()
        for entry in change.entries:
            if entry.key == account.key:
                journal = fold(journal, entry.alterations)
        assert journal == fold({}, altered(None, account))
        owed = total((item.outstanding for item in account.open.values()), "CNY")
        assert owed == held(desk, AccountKind.RECEIVABLE)
        assert account.held(SecurityKind.DEPOSIT, "CNY") == held(desk, AccountKind.DEPOSIT)
        assert account.held(SecurityKind.PREPAYMENT, "CNY") == held(desk, AccountKind.PREPAYMENT)
        assert not (owed and account.held(SecurityKind.PREPAYMENT, "CNY"))
        assert all(debits == credits_ for debits, credits_ in trial_balance(desk.postings).values())
        if kind in {c.CloseAccount, c.Clear}:
            assert (account.open, account.on_loan) == ({}, ())
        if kind is c.CloseAccount:
            assert (account.security, account.identities) == ({}, {})


def test_every_state_can_be_left_and_closed_reached() -> None:
    """By what people say alone: from each state there is a way to closed, and from closed back."""
    ways: dict[AccountState, set[AccountState]] = {state: set() for state in AccountState}
    for row in ACCOUNT.rows:
        for state in row.sources():
            if isinstance(state, AccountState) and isinstance(row.to, AccountState):
                ways[state].add(row.to)

    def reached(start: AccountState) -> set[AccountState]:
        found, fresh = {start}, {start}
        while fresh:
            fresh = {to for state in fresh for to in ways[state]} - found
            found |= fresh
        return found

    for state in AccountState:
        assert reached(state) == set(AccountState)
