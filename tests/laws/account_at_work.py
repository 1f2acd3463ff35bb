"""What the desk of accounts says when it is at work: every message it tells, and what it refuses for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from account_desk import CENTRE, CLOCK, HIMSELF, HOME, OPERATOR, PROGRAM, AccountDesk, cny

from servflow.core.changes import Actor, Message, Office
from servflow.core.citations import Reason
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.effects import wake
from servflow.core.ill.accounts.model import CaseOnAccount
from servflow.core.ill.accounts.states import HolderKind, IdentityKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.network.modes import ModeName

__all__ = ["every_message", "every_refusal"]


def every_message() -> Iterator[Message]:
    """Messages of every kind to the holder of an account, each made by a decision."""
    desk = AccountDesk()
    told: list[Message] = []

    def do(*said: object, **fields: object) -> None:
        told.extend(desk.do(*said, **fields).messages)  # type: ignore[arg-type]

    term = {"valid_from": date(2026, 3, 1), "valid_through": date(2026, 6, 30)}
    do(c.RegisterAccount, by=HIMSELF)
    do(c.DeclineAccount, reason="资料不全")
    do(c.RegisterAgain, by=HIMSELF)
    do(c.ConfirmAccount, overdraft=cny(50), deposit=cny(100), **term)
    do(c.PayDeposit, amount=cny(100))
    do(c.BindIdentity, kind=IdentityKind.CAMPUS_CARD, token="t-1")
    do(c.SuspendAccount, reason="图书遗失")
    do(c.ReinstateAccount)
    do(c.SetTerms, overdraft=cny(50), deposit=cny(100), **term)
    do(c.PayIn, amount=cny(20))
    do(c.GiveBack, amount=cny(5))
    while (command := wake(desk.account(), desk.network, desk.at("2026-12-31"))) is not None:
        told.extend(desk.take(command).messages)
    do(c.Clear)
    do(c.CloseAccount, reason="毕业离校")
    yield from told
    plain = AccountDesk()
    yield from plain.do(c.RegisterAccount).messages
    yield from plain.do(c.ConfirmAccount).messages
    yield from plain.do(c.BindIdentity, kind=IdentityKind.OFF_CAMPUS, token="t-1").messages
    yield from plain.do(c.SetTerms).messages
    yield from plain.do(c.CloseAccount, reason="毕业离校").messages


def every_refusal() -> Iterator[Reason]:
    """Why something done out of place is refused, and why a request is blocked for the account's sake."""
    desk = AccountDesk()
    desk.draft("loan-1")
    desk.do(b.Submit, case="loan-1")
    yield from desk.case("loan-1").reasons
    yield from desk.reasons(c.RegisterAccount, by=HIMSELF, case="CN-X1", given=())
    yield from desk.reasons(c.RegisterAccount, holder=HolderKind.INSTITUTION, home=HOME)
    desk.do(c.RegisterAccount)
    yield from desk.reasons(
        c.ConfirmAccount, by=OPERATOR, overdraft=cny(9999), valid_through=date(2026, 1, 1)
    )
    yield from desk.reasons(c.ConfirmAccount, overdraft=cny(9999), valid_through=date(2026, 1, 1))
    yield from desk.reasons(c.ReleaseIdentity, kind=IdentityKind.EMAIL)
    yield from desk.reasons(c.NoticeExpiry, by=CLOCK, case="p-17", through=date(2026, 1, 1), step=1)
    desk.do(c.ConfirmAccount, deposit=cny(10))
    yield from desk.reasons(c.ChooseMode, mode=ModeName.EMAIL)
    yield from desk.reasons(c.Activate, by=PROGRAM)
    desk.do(c.PayDeposit, amount=cny(10))
    desk.do(c.BindIdentity, kind=IdentityKind.CAMPUS_CARD, token="t-1")
    yield from desk.reasons(c.BindIdentity, kind=IdentityKind.CAMPUS_CARD, token="t-2")
    desk.set_up_operator()
    yield from desk.reasons(c.BindIdentity, case=OPERATOR.party, kind=IdentityKind.CAMPUS_CARD, token="t-1")
    yield from desk.reasons(c.SuspendAccount, case=OPERATOR.party, by=OPERATOR, reason="离职")
    elsewhere = Actor("ils", "CN-OTHER", Office.SYSTEM)
    yield from desk.reasons(c.ClaimIdentity, case="email:t-9", by=elsewhere, account="p-17")
    desk.do(b.Recheck, case="loan-1")
    yield from desk.case("loan-1").reasons
    desk.do(c.BookCase, by=PROGRAM, request="loan-1", on_account=CaseOnAccount(volumes=1))
    yield from desk.reasons(c.CloseAccount, reason="毕业离校")
    yield from desk.reasons(c.RefundDeposit, amount=cny(11))
    desk.rule(identities=(), modes=())
    yield from desk.reasons(c.BindIdentity, kind=IdentityKind.EMAIL, token="t-3")
    desk.institution(CENTRE)
    yield from desk.reasons(c.ChooseMode, case=CENTRE, mode=ModeName.BROADCAST)
