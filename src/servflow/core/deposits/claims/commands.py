"""What can be said to a claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from servflow.core.changes import Command
from servflow.core.checks import check_above_nothing, each_once
from servflow.core.deposits.claims.model import Applicant, CostLine
from servflow.core.deposits.claims.states import ClaimDeadline, DeveloperSays
from servflow.core.deposits.words import PartKind, Payee
from servflow.core.errors import InvalidValue
from servflow.core.money import Money

__all__ = [
    "ApproveBudget",
    "ApproveClaim",
    "AssignRepairer",
    "CheckWithDeveloper",
    "ConfirmPerformance",
    "DisputeLiability",
    "FileClaim",
    "FileEmergencyClaim",
    "Filing",
    "FinishRepair",
    "HandInBudget",
    "HandInCostList",
    "NotifyUse",
    "OrderTest",
    "PayOut",
    "RecordTest",
    "RefuseClaim",
    "RemindDeadline",
    "ReplaceApplicant",
    "ReturnCostList",
    "SeeToClaim",
    "SignCostList",
    "WithdrawClaim",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing(Command):
    """What is said wherever a claim is filed (提出使用申请): who asks, for which part, and why (SD-12).

    ``role`` is in which he asks (``owner``, ``property-manager``, …), ``together_with`` who asks with him.
    ``ground`` is why the deposit may be used (SD-9), ``cause`` what caused it, if it is known: one that is
    excluded is refused (SD-11).

    Raises:
        InvalidValue: a text that is needed is empty; a private part without a unit, or a common one with
            one; a role or a piece of evidence comes twice.
    """

    must_say: ClassVar[tuple[str, ...]] = ("account", "part", "what", "ground", "role")

    account: str
    part: str
    parts: PartKind
    what: str
    ground: str
    role: str
    reported_on: date
    unit: str = ""
    cause: str = ""
    together_with: tuple[Applicant, ...] = ()
    evidence: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if (self.parts is PartKind.PRIVATE) != bool(self.unit):
            expected = "the unit of a private part, and none of a common one"
            raise InvalidValue("unit", self.unit, expected)
        each_once("together_with", tuple(each.role for each in self.together_with))
        each_once("evidence", self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileClaim(Filing):
    """Somebody asks for the use of the deposit for a repair; opens the claim (SD-13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEmergencyClaim(Filing):
    """What was repaired at once is to be reimbursed (紧急抢修先行垫资; SD-16); opens the claim.

    ``emergency`` is what made it one, by the rulebook's words; ``evidence`` was kept, ``lines`` what it cost.
    ``reported_on`` is the day on which it first was reported to anybody: it was not repaired before.

    A claim sees no other claim. That the same bills do not come a second time is for whoever approves it.

    Raises:
        InvalidValue: as for every filing; or there is no line of costs.
    """

    must_say = (*Filing.must_say, "emergency")

    emergency: str
    repaired_on: date
    lines: tuple[CostLine, ...]

    def __post_init__(self) -> None:
        Filing.__post_init__(self)
        _check_lines(self.lines)


def _check_lines(lines: tuple[CostLine, ...]) -> None:
    if not lines:
        raise InvalidValue("lines", "none", "at least one line of costs")
    for number, line in enumerate(lines):
        check_above_nothing(f"lines[{number}].amount", line.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWithDeveloper(Command):
    """The authority checks it with the developer (向开发企业核实; SD-13), and what he says.

    While a test is open: he gives his dispute up, or does not bring the test (SD-15).
    """

    says: DeveloperSays


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeLiability(Command):
    """The developer disputes that it is liable, and has ``body`` test it (委托检测; SD-15).

    Raises:
        InvalidValue: a text is empty.
    """

    must_say = ("reason", "body")

    reason: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTest(Command):
    """The authority orders the developer to have ``body`` test it (责令委托检测; SD-15).

    Raises:
        InvalidValue: the body is empty.
    """

    must_say = ("body",)

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTest(Command):
    """What the inspection body found (检测结论): whether the developer is liable, and the cause.

    Raises:
        InvalidValue: the report has no reference.
    """

    must_say = ("report",)

    liable: bool
    report: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveClaim(Command):
    """The deposit is used (决定使用保修金)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseClaim(Command):
    """The deposit is not used for it, or not any more: what was approved wrongly is revoked.

    Raises:
        InvalidValue: it does not say why.
    """

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPerformance(Command):
    """The developer has repaired it after all: the deposit is not needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawClaim(Command):
    """Who filed it withdraws it.

    Raises:
        InvalidValue: it does not say why.
    """

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceApplicant(Command):
    """Another one takes the place of an applicant who is not there any more, in his role (申请人变更).

    A new property manager, a committee that was elected anew, another representative, whom the building names
    by now; or the next owner. From then on he signs, and is paid, as the one ``replaced`` would have.

    Raises:
        InvalidValue: a text is empty.
    """

    must_say = ("replaced", "party", "reason")

    replaced: str
    party: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignRepairer(Command):
    """Who repairs it (确定维修单位; SD-34), of which kind by the rulebook's words, with which qualification.

    Raises:
        InvalidValue: the repairer or its kind is empty.
    """

    must_say = ("repairer", "kind")

    repairer: str
    kind: str
    qualification: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandInBudget(Command):
    """The repairer hands in plan and budget (维修方案及资金预算; SD-34).

    Raises:
        InvalidValue: there is no plan, or the amount is not above zero.
    """

    must_say = ("plan",)

    plan: str
    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveBudget(Command):
    """The authority approves of plan and budget: work may start (SD-34)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishRepair(Command):
    """The repair is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandInCostList(Command):
    """The repairer hands in the list of costs (维修工程费用清单; SD-13).

    Raises:
        InvalidValue: there is no line, or an amount is not above zero.
    """

    lines: tuple[CostLine, ...]

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _check_lines(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignCostList(Command):
    """An applicant signs the cost list (签章确认; SD-13); after the last of them the authority pays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCostList(Command):
    """The authority gives the cost list back: it is to be corrected (核实).

    Raises:
        InvalidValue: it does not say why.
    """

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOut(Command):
    """The repair is paid from the deposit (列支; SD-14): what was listed, or if less, all that is held.

    Raises:
        InvalidValue: the amount is not above zero.
    """

    amount: Money
    payee: Payee

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyUse(Command):
    """The developer is sent the detail of use (函告使用明细; SD-17)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindDeadline(Command):
    """The clock: today is the last day for something."""

    deadline: ClaimDeadline


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeToClaim(Command):
    """Staff have seen to what is on the list, by its code.

    Raises:
        InvalidValue: the code is empty.
    """

    must_say = ("code",)

    code: str
