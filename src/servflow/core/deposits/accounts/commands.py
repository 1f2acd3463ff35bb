"""What can be said to a deposit account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from servflow.core.changes import Command
from servflow.core.checks import check_above_nothing, check_not_negative, check_said, each_once
from servflow.core.dates import Period
from servflow.core.deposits.accounts.model import Building, Ground
from servflow.core.deposits.accounts.states import Gate
from servflow.core.deposits.policy import PartShare
from servflow.core.deposits.warranties import WarrantyLength
from servflow.core.deposits.words import Origin, Payee
from servflow.core.errors import InvalidValue
from servflow.core.money import Money

__all__ = [
    "AgreedTerm",
    "AnswerReview",
    "AskReview",
    "AssessDeposit",
    "BookDepositClaim",
    "CloseDeposit",
    "ConfirmLetter",
    "CreditInterest",
    "DrawDeposit",
    "HandOverBuilding",
    "LodgeDeposit",
    "NameParties",
    "NoteDefault",
    "NoteLimit",
    "NoteWarrantyEnd",
    "NotifyAssessment",
    "OrderPayment",
    "PassGate",
    "PaySurcharge",
    "PublishStatement",
    "ReassessDeposit",
    "RecordDefect",
    "RefundSurcharge",
    "ReleasePart",
    "ReleaseRest",
    "RemindRelease",
    "RemindReview",
    "RepairDefect",
    "RequestRelease",
    "ReversePayment",
    "SeeToDeposit",
    "WithdrawOrder",
]


def _check_base(cost: Money | None, average_cost: Money | None, floor_area: Decimal | None) -> None:
    check_not_negative("cost", cost)
    check_not_negative("average_cost", average_cost)
    if (cost is None) == (average_cost is None) or (average_cost is None) != (floor_area is None):
        found = ", ".join(
            name
            for name, value in (("cost", cost), ("average_cost", average_cost), ("floor_area", floor_area))
            if value is not None
        )
        expected = "the cost, or the average cost and the floor area"
        raise InvalidValue("cost", found or "nothing", expected)
    if floor_area is not None and not (floor_area.is_finite() and floor_area > 0):
        raise InvalidValue("floor_area", floor_area, "square metres, above 0")


def _check_decision(decision: str) -> None:
    if decision:
        check_said("decision", decision)


# --- assessment and review --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessDeposit(Command):
    """The authority works out the deposit of a building (核定交存标准和数额); opens its account.

    The base is ``cost``, or ``average_cost`` for each square metre of ``floor_area`` (SD-29). ``shares`` are
    the weights of the building's parts; empty: the rulebook's.

    Raises:
        InvalidValue: neither base is given, or both, or half of the second; an amount below zero; a ground
            or a part that comes twice; shares of which none has a weight.
    """

    building: Building
    cost: Money | None = None
    average_cost: Money | None = None
    floor_area: Decimal | None = None
    grounds: tuple[Ground, ...] = ()
    shares: tuple[PartShare, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _check_base(self.cost, self.average_cost, self.floor_area)
        each_once("grounds", tuple(each.name for each in self.grounds))
        each_once("shares", tuple(each.part for each in self.shares))
        if self.shares and not any(each.weight for each in self.shares):
            raise InvalidValue("shares", "no weight", "at least one weight above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassessDeposit(Command):
    """The deposit is worked out anew: after a final review, an award, a corrected cost (SD-3, SD-28).

    What was deposited above it is refunded at once, in one posting.

    Raises:
        InvalidValue: as for ``AssessDeposit``; or it does not say why.
    """

    must_say = ("reason",)

    reason: str
    cost: Money | None = None
    average_cost: Money | None = None
    floor_area: Decimal | None = None
    grounds: tuple[Ground, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _check_base(self.cost, self.average_cost, self.floor_area)
        each_once("grounds", tuple(each.name for each in self.grounds))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyAssessment(Command):
    """The letter with rate and amount goes to developer and supervisor of pre-sale funds (SD-5, SD-29)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmLetter(Command):
    """The developer received the letter, on the day on which this happened: the days for a review begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReview(Command):
    """The developer objects to the amount (申请复核; SD-5).

    Raises:
        InvalidValue: there are no grounds.
    """

    must_say = ("objection",)

    objection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindReview(Command):
    """The clock: today is the last day on which a review may be asked for (SD-5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReview(Command):
    """The authority answers (复核处理意见); what is to be changed is assessed anew before (SD-5).

    Raises:
        InvalidValue: there is no answer.
    """

    must_say = ("answer",)

    answer: str


# --- payment ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LodgeDeposit(Command):
    """Money arrived in the special account (交存), from the developer, pre-sale or retained funds.

    It counts from the day on which this happened. ``receipt`` is the number of the receipt (SD-7).

    Raises:
        InvalidValue: the amount is not above zero.
    """

    amount: Money
    origin: Origin = Origin.DEVELOPER
    receipt: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversePayment(Command):
    """A payment that was entered did not arrive after all (冲销); ``number`` is that of its movement.

    Raises:
        InvalidValue: it does not say why.
    """

    must_say = ("reason",)

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPayment(Command):
    """The authority orders payment by a day, that day included (责令限期交纳; SD-32)."""

    by_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawOrder(Command):
    """The order in force is withdrawn: there is no surcharge by it.

    Raises:
        InvalidValue: it does not say why.
    """

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaySurcharge(Command):
    """The developer pays surcharge (滞纳金), which is no deposit money.

    Raises:
        InvalidValue: the amount is not above zero.
    """

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSurcharge(Command):
    """Surcharge that was paid beyond what is owed goes back to the developer (退还多收滞纳金; SD-8).

    Raises:
        InvalidValue: the amount is not above zero.
    """

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDefault(Command):
    """The clock: the day that was ordered has passed, and something is unpaid (SD-8, SD-32)."""

    by_day: date


# --- handover and the parts --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedTerm:
    """What the contract says of a part's warranty (合同约定): where it binds, no less than the least (SD-33).

    Raises:
        InvalidValue: the part has no name, or the length is itself left to the contract.
    """

    part: str
    length: WarrantyLength

    def __post_init__(self) -> None:
        check_said("part", self.part)
        if self.length.contract:
            raise InvalidValue("length", str(self.length), "what the contract says")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverBuilding(Command):
    """The building is handed over for use (交付使用) on the day on which this happened: warranties begin.

    Raises:
        InvalidValue: a part is agreed on twice.
    """

    design_life: Period | None = None
    agreed: tuple[AgreedTerm, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        each_once("agreed", tuple(each.part for each in self.agreed))


@dataclass(frozen=True, slots=True, kw_only=True)
class PassGate(Command):
    """Acceptance is filed, or title registered (综合验收备案、确权登记; SD-31).

    Raises:
        InvalidValue: it is the handover, which is a command of its own.
    """

    gate: Gate

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if self.gate is Gate.HANDOVER:
            raise InvalidValue("gate", self.gate.value, "acceptance-filing or title-registration")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameParties(Command):
    """Who manages the building, its owners' committee, its owners' representative; ``None``: as before."""

    property_manager: str | None = None
    committee: str | None = None
    representative: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDefect(Command):
    """A serious defect, repaired again and again, still affects use (SD-21); ``name`` is its reference.

    Raises:
        InvalidValue: a text is empty.
    """

    must_say = ("name", "part", "what")

    name: str
    part: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairDefect(Command):
    """The defect is repaired: it holds nothing any more (SD-21)."""

    name: str


# --- use, by the claims -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDepositClaim(Command):
    """A claim is open, what was approved for it, or that it is settled; said by the claim itself."""

    claim: str
    part: str
    open: bool
    budget: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawDeposit(Command):
    """A repair is paid from the deposit, for one claim, and settles it; said by the claim itself (SD-14)."""

    claim: str
    part: str
    amount: Money
    payee: Payee
    to: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


# --- interest, statements, release -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditInterest(Command):
    """All interest that is to be credited by now is (SD-18); whoever releases or publishes does so, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishStatement(Command):
    """The statement of a calendar year is published to owners and developer (SD-19)."""

    year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWarrantyEnd(Command):
    """The clock: the warranty of a part is over (SD-20)."""

    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRelease(Command):
    """The developer asks for the share of a part (申请返还)."""

    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindRelease(Command):
    """The clock: today is the last day for the release of a part's share (SD-20)."""

    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePart(Command):
    """The share of a part goes back to the developer, with interest, less uses (退还; SD-20).

    ``decision`` says why, where the deposit had to be used for it.

    Raises:
        InvalidValue: the decision is nothing but spaces.
    """

    part: str
    decision: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _check_decision(self.decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLimit(Command):
    """The clock: the deposit has been kept as long as it may be (SD-18)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRest(Command):
    """At the end of the longest keeping all that is left goes back (SD-35); ``decision`` says why.

    Raises:
        InvalidValue: the decision is nothing but spaces.
    """

    decision: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _check_decision(self.decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeToDeposit(Command):
    """Staff have seen to what is on the list, by its code.

    Raises:
        InvalidValue: the code is empty.
    """

    must_say = ("code",)

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDeposit(Command):
    """The account is closed (销户): nothing is held, or the building is exempt, or its project was given up.

    Raises:
        InvalidValue: it does not say why.
    """

    must_say = ("reason",)

    reason: str
