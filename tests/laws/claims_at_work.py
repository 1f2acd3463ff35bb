"""A desk of deposits with one building that was handed over, and claims to the use of its deposit.

Whatever is decided is tried by the laws of every decision; what is refused leaves no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from change_laws import decided, happened
from deposit_desk import ACCOUNT, AUTHORITY, CLOCK, DEVELOPER, OURS, DepositDesk, account, cny, policy
from deposit_desk import said as said_at_desk

from servflow.core.changes import Actor, Change, Command, Message, Office
from servflow.core.citations import Reason
from servflow.core.dates import Period
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims.model import Applicant, CostLine, DepositClaim, claim_key
from servflow.core.deposits.claims.states import ClaimDeadline, ClaimState, DeveloperSays
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.warranties import warranty_term
from servflow.core.deposits.words import PartKind, Payee
from servflow.core.errors import Refused
from servflow.core.money import Money

__all__ = [
    "BODY",
    "CLAIM",
    "COMMITTEE",
    "FOREMAN",
    "HANDED_OVER",
    "MANAGER",
    "NEIGHBOUR",
    "OWNER",
    "REPRESENTATIVE",
    "ClaimDesk",
    "held",
    "lines",
    "with_",
]

CLAIM: Final = "claim-1"
HANDED_OVER: Final = date(2026, 3, 2)

OWNER: Final = Actor("owner-1201", OURS, Office.PERSON)
NEIGHBOUR: Final = Actor("owner-1101", OURS, Office.PERSON)
REPRESENTATIVE: Final = Actor("representative", OURS, Office.PERSON, ("owners-representative",))
MANAGER: Final = Actor("manager-clerk", "property-manager", Office.STAFF, ("property-manager",))
COMMITTEE: Final = Actor("committee-secretary", "committee", Office.STAFF, ("owners-committee",))
FOREMAN: Final = Actor("foreman", "contractor-1", Office.STAFF)
BODY: Final = Actor("tester", "inspection-body", Office.STAFF)


def held(
    *, handed_over: date = HANDED_OVER, rules: DepositPolicy | None = None, **changes: Any
) -> DepositAccount:
    """The account of a building that was paid for in full and handed over on that day."""
    known = rules or policy()
    it = account(paid=((date(2026, 2, 2), cny(6_000_000)),), state=AccountState.HELD, **changes)
    parts = {}
    for name, part in it.parts.items():
        least = known.least(name, handed_over)
        assert least is not None
        term = warranty_term(
            least.value.least,
            handed_over,
            seasons=known.seasons.on(handed_over).value,
            under_way_counts=known.season_under_way_counts.on(handed_over).value,
            first_day_counts=known.first_day_counts.on(handed_over).value,
            design_life=Period(months=50 * 12),
        )
        parts[name] = replace(part, until=term.last_day.fromordinal(term.last_day.toordinal() + 1))
    return replace(it, parts=parts, handed_over_on=handed_over)


def lines(*amounts: int | str | Money) -> tuple[CostLine, ...]:
    """A cost list of so many yuan a line."""
    each = (amount if isinstance(amount, Money) else cny(amount) for amount in amounts)
    return tuple(CostLine(what=f"work {n}", amount=amount) for n, amount in enumerate(each, 1))


def with_(actor: Actor, role: str, signed: str = "paper-1") -> Applicant:
    """Somebody who asks with whoever speaks, and signed a paper."""
    party = actor.serves if actor.office is Office.STAFF else actor.party
    return Applicant(role=role, party=party, signed=signed)


_BY: Final[Mapping[type[Command], Actor]] = {
    c.FileClaim: MANAGER,
    c.FileEmergencyClaim: OWNER,
    c.DisputeLiability: DEVELOPER,
    c.RecordTest: BODY,
    c.WithdrawClaim: MANAGER,
    c.HandInBudget: FOREMAN,
    c.FinishRepair: FOREMAN,
    c.HandInCostList: FOREMAN,
    c.SignCostList: MANAGER,
    c.RemindDeadline: CLOCK,
}
_ASKED: Final[Mapping[str, Any]] = {
    "account": ACCOUNT,
    "ground": "not-performed",
    "reported_on": date(2026, 6, 1),
}
_USUAL: Final[Mapping[type[Command], Mapping[str, Any]]] = {
    c.FileClaim: {
        **_ASKED,
        "part": "roof-waterproofing",
        "parts": PartKind.COMMON,
        "what": "the roof leaks",
        "role": "property-manager",
    },
    c.FileEmergencyClaim: {
        **_ASKED,
        "part": "leakage",
        "parts": PartKind.PRIVATE,
        "unit": "1201",
        "what": "the ceiling came down",
        "role": "owner",
        "emergency": "structural-safety",
        "repaired_on": date(2026, 6, 1),
        "lines": lines(5_000, 3_000),
        "evidence": ("photo-1",),
    },
    c.CheckWithDeveloper: {"says": DeveloperSays.REFUSES},
    c.DisputeLiability: {"reason": "we did not build it so", "body": BODY.serves},
    c.OrderTest: {"body": BODY.serves},
    c.RecordTest: {"liable": True, "report": "report-1"},
    c.RefuseClaim: {"reason": "not serious"},
    c.WithdrawClaim: {"reason": "it is dry again"},
    c.ReplaceApplicant: {
        "replaced": MANAGER.serves,
        "party": "new-manager",
        "reason": "the owners have a new manager",
    },
    c.AssignRepairer: {"repairer": FOREMAN.serves, "kind": "contractor", "qualification": "grade 2"},
    c.HandInBudget: {"plan": "plan-1", "amount": cny(30_000)},
    c.HandInCostList: {"lines": lines(20_000, 8_000)},
    c.ReturnCostList: {"reason": "the second line is not clear"},
    c.PayOut: {"amount": cny(28_000), "payee": Payee.REPAIRER},
    c.RemindDeadline: {"deadline": ClaimDeadline.PAY_OUT},
    c.SeeToClaim: {"code": "deposits.budget-above-deposit"},
}
_S: Final = ClaimState
_WAY: Final = (
    (_S.CHECKED, c.CheckWithDeveloper),
    (_S.APPROVED, c.ApproveClaim),
    (_S.ASSIGNED, c.AssignRepairer),
    (_S.ASSIGNED, c.HandInBudget),
    (_S.BUDGETED, c.ApproveBudget),
    (_S.REPAIRED, c.FinishRepair),
    (_S.REPAIRED, c.HandInCostList),
    (_S.COST_LISTED, c.SignCostList),
    (_S.PAID, c.PayOut),
    (_S.NOTIFIED, c.NotifyUse),
)
_BESIDE: Final[Mapping[ClaimState, tuple[type[Command], ...]]] = {
    _S.FILED: (),
    _S.DISPUTED: (c.DisputeLiability,),
    _S.TESTED: (c.CheckWithDeveloper, c.OrderTest, c.RecordTest),
    _S.REFUSED: (c.RefuseClaim,),
    _S.PERFORMED: (c.ConfirmPerformance,),
    _S.WITHDRAWN: (c.WithdrawClaim,),
}


class ClaimDesk(DepositDesk):
    """The desk with the account of one building; what is said of claims is said to ``CLAIM``.

    Everything happens on 10 June 2026 unless a test says when; the account is ``held`` unless another is given.
    """

    def __init__(self, it: DepositAccount | None = None, **rules: Any) -> None:
        super().__init__(policy(**rules))
        there = held() if it is None else it
        self.aggregates[there.key] = there

    def said(self, kind: type[Command], on: str | date | datetime = "2026-06-10", /, **given: Any) -> Any:
        """The command as it is usually said."""
        usual = {"case": CLAIM, "by": _BY.get(kind, AUTHORITY), **_USUAL.get(kind, {})}
        return said_at_desk(kind, on, **(usual | given))

    def do(self, kind: type[Command], on: str | date | datetime = "2026-06-10", /, **given: Any) -> Change:
        """Decide what is usually said, and remember what became of it."""
        return self.take(self.said(kind, on, **given))

    def take(self, command: Command) -> Change:
        """Decide this command, try the laws on what was decided, and remember it."""
        happened(decided(self.lifecycles, command, self.aggregates, policy=self.rules))
        return super().take(command)

    def reasons(
        self, kind: type[Command], on: str | date | datetime = "2026-06-10", /, **given: Any
    ) -> tuple[Reason, ...]:
        """Every reason for which it is refused; nothing has changed."""
        result = decided(self.lifecycles, self.said(kind, on, **given), self.aggregates, policy=self.rules)
        assert isinstance(result, Refused), result
        return result.reasons

    def codes(
        self, kind: type[Command], on: str | date | datetime = "2026-06-10", /, **given: Any
    ) -> list[tuple[str, str | None]]:
        """The code and the clause of each of them, the code without what all claims' codes begin with."""
        found = self.reasons(kind, on, **given)
        return [
            (each.code.removeprefix("deposits."), each.clause.id if each.clause else None) for each in found
        ]

    def file(self, on: str | date | datetime = "2026-06-10", /, **given: Any) -> DepositClaim:
        """An ordinary claim is filed, by the property manager for the roof."""
        self.do(c.FileClaim, on, **given)
        return self.claim(given.get("case", CLAIM))

    def reach(self, state: ClaimState, on: str | date | datetime = "2026-06-10", /) -> DepositClaim:
        """An ordinary claim that has come as far as ``state``; every step was on that day."""
        self.file(on)
        if state in _BESIDE:
            for kind in _BESIDE[state]:
                self.do(kind, on)
            return self.claim()
        for number, (reached, kind) in enumerate(_WAY):
            self.do(kind, on)
            if reached is state and state not in {each for each, _ in _WAY[number + 1 :]}:
                break
        return self.claim()

    def emergency(self, state: ClaimState, on: str = "2026-06-10", /) -> DepositClaim:
        """The owner's claim for what he repaired at once, as far as ``state``."""
        self.do(c.FileEmergencyClaim, on)
        way: tuple[tuple[ClaimState, type[Command] | None, Mapping[str, Any]], ...] = (
            (_S.FILED, None, {}),
            (_S.CHECKED, c.CheckWithDeveloper, {}),
            (_S.REPAIRED, c.ApproveClaim, {}),
            (_S.COST_LISTED, c.SignCostList, {"by": OWNER}),
            (_S.PAID, c.PayOut, {"payee": Payee.APPLICANT, "amount": cny(8_000)}),
            (_S.NOTIFIED, c.NotifyUse, {}),
        )
        for reached, kind, given in way:
            if kind is not None:
                self.do(kind, on, **given)
            if reached is state:
                break
        return self.claim()

    def claim(self, case: str = CLAIM) -> DepositClaim:
        """The claim as it is."""
        it = self.aggregates[claim_key(case)]
        assert isinstance(it, DepositClaim)
        return it

    def told(self, kind: str) -> dict[str, dict[str, Any]]:
        """What was told of that kind: to whom which facts, beside those that every message has, and the clauses."""
        found: dict[str, dict[str, Any]] = {}
        for message in self.messages:
            if message.kind == kind:
                assert message.to not in found
                found[message.to] = _more(message)
        return found


def _more(message: Message) -> dict[str, Any]:
    beside = {"claim", "account", "part", "what", "clauses"}
    return {name: value for name, value in message.facts if name not in beside}
