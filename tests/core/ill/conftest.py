"""A lending desk without a storage: what is said to it is decided at once and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from itertools import count
from typing import Any, Final

import pytest

from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Message, Office
from servflow.core.citations import Dated, Reason
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.charges import owed
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import InstitutionKind, Material, Place, SecurityKind, SupplyState
from servflow.core.ill.terms import Condition, Requested
from servflow.core.ledger import Posting
from servflow.core.lifecycle import check, decide
from servflow.core.money import Money
from servflow.rulebooks import lending_policy, load

LIBRARY: Final = "CN-NLC"
BORROWER: Final = "CN-320500"
LOAN: Final = "CN-320500/1"

_BY_THE_BORROWER: Final = (
    c.ReceiveRequest,
    c.ConfirmReceipt,
    c.RequestRenewal,
    c.ReportReturn,
    c.ReportLost,
    c.ReportFound,
    c.RequestCancel,
    c.AgreeToOffer,
    c.DeclineOffer,
    c.RequestStatus,
    c.Notify,
    c.ClaimDefect,
    c.Apply,
    c.DeclareChange,
)
_BY_THE_CLOCK: Final = (c.NoticeDue, c.ExpireRequest, c.LapseOffer, c.NoteReturnDelay)
_SHIPPED: Final = (c.Ship, {"items": ("a", "b")})
_WAYS: Final[Mapping[SupplyState, tuple[tuple[type[Command], Mapping[str, Any]], ...]]] = {
    SupplyState.NEW: (),
    SupplyState.CHECKING: ((c.Expect, {}),),
    SupplyState.PROMISED: ((c.Promise, {}),),
    SupplyState.OFFERED: ((c.MakeOffer, {"conditions": (Condition.SUPERVISED,)}),),
    SupplyState.SHIPPED: (_SHIPPED,),
    SupplyState.AT_REQUESTER: (_SHIPPED, (c.ConfirmReceipt, {})),
    SupplyState.RETURN_IN_TRANSIT: (_SHIPPED, (c.ReportReturn, {})),
    SupplyState.LOST: (_SHIPPED, (c.ReportLost, {})),
    SupplyState.CLOSED: (_SHIPPED, (c.CheckIn, {})),
}


class LendingDesk:
    """The desk of a lending library: its policy, what it knows of the borrower, and all it has decided.

    The facts are those of a university library of another place that asks for a Chinese book; ``know``
    changes them. A command is said on a day, at noon of the library's zone; by the library's staff, the
    borrower or the clock, whoever usually says it; to the loan or the relation of the borrower.
    """

    def __init__(self, policy: LendingPolicy) -> None:
        self.policy = policy
        self.facts = LendingFacts(
            kind=InstitutionKind.UNIVERSITY_LIBRARY, place=Place.ELSEWHERE, material=Material.CHINESE_BOOK
        )
        self.aggregates: Mapping[Key, Aggregate] = {}
        self.postings: tuple[Posting, ...] = ()
        self._numbers = count(1)

    def know(self, **facts: Any) -> None:
        """Other facts from now on."""
        self.facts = replace(self.facts, **facts)

    def rule(self, **values: Any) -> None:
        """Other values of these rules from now on, on every day, with the clauses they had."""
        rules: dict[str, Any] = {}
        for name, value in values.items():
            old = getattr(self.policy, name)
            rules[name] = Dated.always(old.name, value, old.on(date.max).clause)
        self.policy = replace(self.policy, **rules)

    def at(self, day: str) -> datetime:
        """Noon of ``day`` in the library's zone."""
        return datetime.combine(date.fromisoformat(day), time(12), tzinfo=self.policy.zone)

    def command(self, kind: type[Command], on: str, /, **said: Any) -> Command:
        """The command as it is usually said on that day; ``said`` adds to that, and overrides it."""
        by = Actor("a librarian", LIBRARY, Office.STAFF)
        if kind in _BY_THE_BORROWER:
            by = Actor("a borrower", said.get("requester", BORROWER), Office.STAFF)
        elif kind in _BY_THE_CLOCK:
            by = Actor("clock", LIBRARY, Office.CLOCK)
        case = LOAN if ILL.of(kind).name == SupplyTransaction.kind else BORROWER
        usual: dict[str, Any] = {
            "id": f"command-{next(self._numbers)}",
            "case": case,
            "by": by,
            "happened_at": self.at(on),
            "recorded_at": self.at(on),
        }
        return kind(**(usual | said))

    def do(self, kind: type[Command], on: str, /, **said: Any) -> Change:
        """Decide, and remember what became of it."""
        return self.take(self.command(kind, on, **said))

    def take(self, command: Command) -> Change:
        """Decide this command, and remember what became of it."""
        change = decide(ILL, command, self.aggregates, policy=self.policy, facts=self.facts)
        self.aggregates = {**self.aggregates, **{it.key: it for it in change.becomes}}
        self.postings += change.postings
        return change

    def reasons(self, kind: type[Command], on: str, /, **said: Any) -> tuple[Reason, ...]:
        """Every reason for which it would be refused."""
        command = self.command(kind, on, **said)
        return check(ILL, command, self.aggregates, policy=self.policy, facts=self.facts)

    # --- what is usually said before a test begins ---

    def relate(self, on: str = "2026-01-02", *, secured: bool = True, case: str = BORROWER) -> None:
        """A relation in force, with a deposit."""
        by = Actor("a borrower", case, Office.STAFF)
        self.do(c.Apply, on, lender=LIBRARY, kind=self.facts.kind, case=case, by=by)
        self.do(c.Approve, on, case=case)
        self.do(c.Sign, on, agreements=("borrowing", "copyright"), case=case)
        if secured:
            self.do(c.PaySecurity, on, kind=SecurityKind.DEPOSIT, amount=Money(500, "CNY"), case=case)

    def ask(self, on: str = "2026-01-31", **said: Any) -> Change:
        """A request for a loan comes in."""
        usual = {
            "requester": BORROWER,
            "supplier": LIBRARY,
            "request_id": "1",
            "requested": Requested(title="古城水系考"),
        }
        return self.do(c.ReceiveRequest, on, **(usual | said))

    def lend(self, on: str = "2026-01-31", *, items: tuple[str, ...] = ("NLC-1",), **said: Any) -> Change:
        """A request comes in and is shipped on the same day."""
        case = said.get("case", LOAN)
        self.ask(on, **said)
        return self.do(c.Ship, on, items=items, case=case)

    def renew(self, on: str) -> Change:
        """A renewal is asked for, with a reason, and granted on the same day."""
        self.do(c.RequestRenewal, on, reason="课程未结束")
        return self.do(c.GrantRenewal, on)

    def not_renewed(self, on: str, *, reason: str = "课程未结束") -> tuple[Reason, ...]:
        """A renewal is asked for; every rule by which it is answered no at once, none if it waits."""
        change = self.do(c.RequestRenewal, on, reason=reason)
        said = [entry.command for entry in change.entries]
        if len(said) == 1:
            assert self.loan().renewal_asked_on == date.fromisoformat(on)
            return ()
        assert [type(command) for command in said] == [c.RequestRenewal, c.DeclineRenewal]
        assert self.told(change).kind == "ill.supply.renewal-declined"
        assert self.loan().renewal_asked_on is None
        return self.told(change).reasons

    def reach(self, state: SupplyState, **said: Any) -> SupplyTransaction:
        """A request of 31 January (``said`` adds to it) that stands so on 5 February."""
        self.relate()
        self.ask(**said)
        for kind, more in _WAYS[state]:
            self.do(kind, "2026-02-05", **more)
        assert self.loan().state is state
        return self.loan()

    # --- what has become of it ---

    def loan(self, case: str = LOAN) -> SupplyTransaction:
        """The supplying transaction."""
        it = self.aggregates[Key(SupplyTransaction.kind, case)]
        assert isinstance(it, SupplyTransaction)
        return it

    def relation(self, case: str = BORROWER) -> Relation:
        """The borrower's relation."""
        it = self.aggregates[Key(Relation.kind, case)]
        assert isinstance(it, Relation)
        return it

    def owed(self, on: str, case: str = LOAN) -> dict[str, Money]:
        """What the loan costs as it stands on that day, by kind of charge."""
        found = owed(self.loan(case), self.policy, date.fromisoformat(on))
        return {kind: charge.money for kind, charge in found}

    @staticmethod
    def told(change: Change) -> Message:
        """The last thing that somebody was told by a change."""
        return change.messages[-1]

    @staticmethod
    def cited(reasons: tuple[Reason, ...]) -> list[tuple[str, str | None]]:
        """The code and the id of the clause of each reason."""
        return [(reason.code, reason.clause.id if reason.clause else None) for reason in reasons]


@pytest.fixture
def lending_desk() -> LendingDesk:
    """A desk under the shipped rules of the National Library of China, without any relation yet."""
    return LendingDesk(lending_policy(load("nlc/interlibrary-loan"), library=LIBRARY))
