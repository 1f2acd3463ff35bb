"""Accounts as they are stored: audited, and erased when a reader is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from account_desk import CENTRE, FIELDS, HOME, PROGRAM, READER, STAFF, AccountDesk, cny

from servflow.codec import Codec
from servflow.core.changes import Command, Key
from servflow.core.ill import ILL
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import Identity, IllAccount, account_of
from servflow.core.ill.accounts.states import AccountState, HolderKind, IdentityKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.terms import CostKind, CostLine, Requested, Service
from servflow.core.ports import Party, Storage
from servflow.desk import Desk, audit, erase, redecide

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
GONE = "7f3a"
FACTS: dict[str, type] = {BorrowingCase.kind: BorrowingFacts, IllAccount.kind: BorrowingFacts}
"""An account's own commands are decided on none; what a case books on it, on the case's."""


class Host:
    """A host that knows nothing of the reader."""

    def ask(self, command: Command, _it: object) -> object:
        """The facts of a borrowing case; an account is decided on none."""
        return BorrowingFacts() if ILL.of(type(command)).name == BorrowingCase.kind else None

    def party(self, ref: str) -> Party:
        """Nobody is written to here."""
        raise NotImplementedError(ref)


def told(storage: Storage) -> Desk:
    """A reader who has registered, borrowed, owes something and has paid something in."""
    rules = AccountDesk()
    rules.rule_of_cases(patron_pays=(CostKind.LOAN,), by_lenders_rules=())
    desk = Desk(ILL, storage=storage, facts=Host(), policy=rules.policies)

    def say(kind: type[Command], case: str = READER, /, **said: Any) -> None:
        envelope: dict[str, Any] = {"id": f"{kind.__name__}/{case}", "by": STAFF, "case": case}
        desk.do(kind(**({**envelope, "happened_at": NOON, "recorded_at": NOON} | said)))

    say(c.RegisterAccount, holder=HolderKind.PATRON, home=HOME, given=FIELDS)
    say(c.BindIdentity, kind=IdentityKind.CAMPUS_CARD, token="t-17")
    say(c.ConfirmAccount, overdraft=cny(40), deposit=cny(10))
    say(c.PayDeposit, amount=cny(10))
    request = {"patron": READER, "library": CENTRE, "service": Service.LOAN, "suppliers": ("CN-NLC",)}
    say(
        b.DraftRequest,
        "B-1",
        by=PROGRAM,
        requested=Requested(title="古城水系考"),
        max_cost=cny(30),
        **request,
    )
    say(b.Submit, "B-1")
    say(b.Send, "B-1")
    costs = (CostLine(kind=CostKind.LOAN, amount=cny(20)),)
    say(
        b.HearShipped,
        "B-1",
        attempt=1,
        items=("NLC-1",),
        due=datetime(2026, 4, 20, tzinfo=UTC).date(),
        costs=costs,
    )
    say(c.PayIn, amount=cny(5))
    return desk


def test_an_audit_finds_nothing(storage_for: Callable[[Codec], Storage]) -> None:
    """Every journal folds to what is stored, every decision is made again, and the books balance."""
    desk = told(storage_for(Codec(ILL)))
    records = list(desk.storage.records())
    assert isinstance(desk.policy, dict)
    policies = {(policy.rulebook, policy.calendar_digest): policy for policy in desk.policy.values()}

    assert list(audit(ILL, records, policy=desk.policy)) == []
    assert list(redecide(ILL, records, policies, facts=BorrowingFacts)) == []
    account = desk.storage.load(Key(IllAccount.kind, READER))
    assert isinstance(account, IllAccount)
    assert (account.state, account.balance("CNY")) == (AccountState.ACTIVE, cny(-15))


def test_a_reader_is_forgotten_with_his_account(storage_for: Callable[[Codec], Storage]) -> None:
    """His reference is nowhere any more: the account, its identities and its money go on under a pseudonym."""
    desk = told(storage_for(Codec(ILL)))
    erase(ILL, desk.storage, READER, pseudonym=GONE, at=NOON, facts=FACTS)

    account = desk.storage.load(Key(IllAccount.kind, GONE))
    identity = desk.storage.load(Identity.key_of(IdentityKind.CAMPUS_CARD, "t-17"))
    assert isinstance(account, IllAccount)
    assert isinstance(identity, Identity)
    assert (account.balance("CNY"), set(account.cases)) == (cny(-15), {"B-1"})
    assert account_of(identity) == GONE
    assert READER not in "".join(str(record) for record in desk.storage.records())
