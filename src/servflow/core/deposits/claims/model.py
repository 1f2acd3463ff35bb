"""A claim: a repair for which the deposit is to be used, from its filing until the developer is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from servflow.core.changes import Aggregate, Key
from servflow.core.checks import check_said
from servflow.core.citations import Reason
from servflow.core.deposits.claims.states import ClaimState, DeveloperSays
from servflow.core.deposits.words import PartKind, Payee
from servflow.core.money import Money

__all__ = ["Applicant", "Budget", "CostLine", "CostList", "DepositClaim", "PaidOut", "Test", "claim_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who asks for the use of the deposit: in which role, who, and by what he is known to (申请人).

    ``signed`` is the reference of what he signed; empty for who gives the command himself.

    Raises:
        InvalidValue: the role or the party is empty.
    """

    role: str
    party: str
    signed: str = ""

    def __post_init__(self) -> None:
        check_said("role", self.role)
        check_said("party", self.party)


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test by an inspection body (检测): who ordered it, when, and what it found.

    ``liable`` says whether the developer is; ``cause`` what the cause was, by the rulebook's words, if it is
    one of the excluded. ``report`` is its reference.
    """

    body: str
    ordered_on: date
    by_order: bool
    liable: bool | None = None
    cause: str = ""
    report: str = ""
    found_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the repairer plans and what it may cost (维修方案及资金预算)."""

    plan: str
    amount: Money
    handed_in_on: date
    approved_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One line of a cost list.

    Raises:
        InvalidValue: it does not say for what.
    """

    what: str
    amount: Money

    def __post_init__(self) -> None:
        check_said("what", self.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostList:
    """The list of what a repair cost (物业维修工程费用清单); its lines add up to ``total``.

    ``signed_on`` is when the last of those who have to sign did: with that the authority has it, and the days
    for its payment count from then.
    """

    lines: tuple[CostLine, ...]
    total: Money
    handed_in_on: date
    signed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOut:
    """What was paid from the deposit, to whom."""

    on: date
    amount: Money
    payee: Payee
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositClaim(Aggregate):
    """A claim to the use of a building's deposit (保修金使用申请).

    ``account`` is that of the building, ``part`` the part of it by the account's words, ``unit`` the flat or
    shop of a private part. ``reported_on`` is the day on which the defect was reported, for which the
    warranty is asked; ``cause`` what caused it, as far as is known. ``evidence`` are references.
    ``last_on`` is the day of the last step that was taken: nothing that stands on it happens before.
    """

    kind: ClassVar[str] = "deposits.claim"

    state: ClaimState
    authority: str
    account: str
    developer: str
    part: str
    parts: PartKind
    unit: str
    what: str
    ground: str
    cause: str
    reported_on: date
    filed_on: date
    last_on: date
    applicants: tuple[Applicant, ...]
    emergency: str = ""
    evidence: tuple[str, ...] = ()
    developer_says: DeveloperSays | None = None
    disputed: str = ""
    tests: tuple[Test, ...] = ()
    repairer: str = ""
    repairer_kind: str = ""
    qualification: str = ""
    budget: Budget | None = None
    repaired_on: date | None = None
    costs: CostList | None = None
    signed_by: tuple[str, ...] = ()
    returned: str = ""
    paid: PaidOut | None = None
    notified_on: date | None = None
    reminded: tuple[str, ...] = ()
    why: str = ""
    attention: tuple[Reason, ...] = ()

    @property
    def finding(self) -> Test | None:
        """The test whose finding holds: the last that found something; ``None`` while one is open.

        A test that was not brought leaves the finding before it as it was.
        """
        if self.state is ClaimState.DISPUTED:
            return None
        return next((test for test in reversed(self.tests) if test.found_on is not None), None)

    @property
    def found_liable(self) -> bool | None:
        """What that test found; ``None`` without one."""
        return None if self.finding is None else self.finding.liable


def claim_key(claim: str) -> Key:
    """The key of a claim."""
    return Key(DepositClaim.kind, claim)
