"""What can be said to a supplying transaction and to a relation: one class for one thing said.

A command that is allowed in several states is one class; where it leads is the table's business.
The file is long because two lifecycles are told many things; each is a few lines and stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from servflow.core.changes import Command
from servflow.core.checks import check_above_nothing, check_not_negative
from servflow.core.citations import Reason
from servflow.core.errors import InvalidValue
from servflow.core.ill.lending.model import OutOnLoan
from servflow.core.ill.lending.states import BESIDE_THE_LOAN, InstitutionKind, SecurityKind
from servflow.core.ill.terms import (
    Condition,
    CostLine,
    Delivery,
    Level,
    Requested,
    Retry,
    Service,
    Settlement,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

__all__ = [
    "AgreeToOffer",
    "AnswerCancel",
    "Apply",
    "Approve",
    "AskRetry",
    "Assess",
    "BookLoan",
    "CannotSupply",
    "CheckIn",
    "ClaimDefect",
    "ClearSupplyAttention",
    "CloseManually",
    "Compensate",
    "ConfirmReceipt",
    "DeclareChange",
    "DeclareLost",
    "Decline",
    "DeclineOffer",
    "DeclineRenewal",
    "Expect",
    "ExpireRequest",
    "Forward",
    "FromRequester",
    "GrantRenewal",
    "HoldReturn",
    "IssueCard",
    "LapseOffer",
    "MakeOffer",
    "NoteReturnDelay",
    "NoticeDue",
    "Notify",
    "Pay",
    "PaySecurity",
    "Promise",
    "Reapply",
    "Recall",
    "ReceiveRequest",
    "RecordDamage",
    "RefundSecurity",
    "Reinstate",
    "ReleaseItem",
    "ReportFound",
    "ReportLost",
    "ReportReturn",
    "RequestCancel",
    "RequestRenewal",
    "RequestStatus",
    "SettleDues",
    "SettleLoss",
    "Ship",
    "Sign",
    "SupplyCopy",
    "Suspend",
    "Terminate",
    "UndoShipment",
    "Waive",
]


def _beside_the_loan(costs: tuple[CostLine, ...]) -> None:
    fit = isinstance(costs, tuple) and all(isinstance(line, CostLine) for line in costs)
    if not fit or any(line.kind not in BESIDE_THE_LOAN for line in costs):
        kinds = ", ".join(kind.value for kind in BESIDE_THE_LOAN)
        raise InvalidValue("costs", costs, f"costs of these kinds: {kinds}; all others follow from the rules")


def _pieces(items: tuple[str, ...], *, at_least: int) -> None:
    fit = isinstance(items, tuple) and all(isinstance(item, str) and item.strip() for item in items)
    if not fit or len(items) < at_least or len(set(items)) < len(items):
        raise InvalidValue("items", items, f"{at_least} or more item ids, each once, none empty")


# --- to a supplying transaction -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRequester(Command):
    """What the requesting library says about its request. Never given itself.

    Its message says so, or staff enter what came by mail or telephone; ``evidence`` is by what it is known
    then: the Message-ID of a mail, a note of the call. Without any it counts all the same: who took it
    down stands in the journal, and a refusal would only keep what was said out of it.
    """

    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveRequest(FromRequester):
    """A request has come in (ISO 18626 Request); opens the transaction.

    ``requester`` and ``supplier`` are agency references, ``request_id`` is the requester's own.
    ``card`` is the card number shown with it (NLC-14); ``need_before`` the last day of use;
    ``max_cost`` the most that is paid for it without asking first; ``previous`` the id of the request
    that it tries again or reminds of; ``delivery`` how the requester would like to have it. A
    ``forwardable`` one may be passed on to another library.

    Raises:
        InvalidValue: the most that is paid is below zero.
    """

    requester: str
    supplier: str
    request_id: str
    requested: Requested
    card: str | None = None
    need_before: date | None = None
    note: str = ""
    service: Service = Service.LOAN
    level: Level = Level.NORMAL
    max_cost: Money | None = None
    previous: str | None = None
    forwardable: bool = False
    delivery: Delivery | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_not_negative("max_cost", self.max_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect(Command):
    """It is likely that we can supply; after a promise it takes the promise back (ExpectToSupply)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise(Command):
    """We will supply (WillSupply)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotSupply(Command):
    """We will not supply (Unfilled): the code of ISO 18626, and the rules it rests on."""

    why: Unfilled
    reasons: tuple[Reason, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOffer(Command):
    """We would supply on these terms (WillSupply with conditions); replaces an offer that is open.

    ``cost`` is the whole cost; ``reply_by`` the last day on which the offer may be accepted (None:
    as the rules say).

    Raises:
        InvalidValue: neither a condition nor a cost, a condition twice, or a cost below zero.
    """

    conditions: tuple[Condition, ...] = ()
    cost: Money | None = None
    reply_by: date | None = None
    note: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if not self.conditions and self.cost is None:
            raise InvalidValue("offer", "neither a condition nor a cost", "at least one of them")
        if len(set(self.conditions)) < len(self.conditions):
            raise InvalidValue("conditions", self.conditions, "each condition once")
        check_not_negative("cost", self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseOffer(Command):
    """Nobody has accepted the offer by its last day: the request is answered no (Unfilled)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRetry(Command):
    """Not now or not so: try again (RetryPossible), not before ``after``, not later than ``before``.

    Raises:
        InvalidValue: ``after`` lies after ``before``, a cost below zero, or the cost is the reason and
            no cost is named.
    """

    why: Retry
    after: date | None = None
    before: date | None = None
    cost: Money | None = None
    note: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if self.after is not None and self.before is not None and self.after > self.before:
            raise InvalidValue("after", self.after, f"a day not after {self.before.isoformat()}")
        if self.why is Retry.COST_EXCEEDS_MAX_COST and self.cost is None:
            raise InvalidValue("cost", "nothing", "an amount, where the cost is the reason")
        check_not_negative("cost", self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward(Command):
    """The request is passed on to another library, ``to``; ours is answered no, with a note."""

    must_say = ("to",)

    to: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireRequest(Command):
    """The clock says that the day by which it was needed has passed (Unfilled)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCancel(Command):
    """The cancellation that was asked for is answered (CancelResponse); no leaves all as it is."""

    yes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship(Command):
    """The volumes go out (Loaned). ``tariff`` is the amount per volume of a request from abroad.

    ``costs`` are charged beside the loan fee; ``due`` is another due date than the rule's;
    ``refuse_cancel`` answers a cancellation that waits with no, before the volumes go out.

    Raises:
        InvalidValue: no item, an item twice, a tariff that is not above zero, or a cost of a kind
            that follows from the rules.
    """

    items: tuple[str, ...]
    tariff: Money | None = None
    costs: tuple[CostLine, ...] = ()
    delivery: Delivery | None = None
    due: date | None = None
    refuse_cancel: bool = False

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _pieces(self.items, at_least=1)
        _beside_the_loan(self.costs)
        if self.tariff is not None:
            check_above_nothing("tariff", self.tariff)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoShipment(Command):
    """The shipping was a mistake: nothing has left, nobody has been told, and so it is undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyCopy(Command):
    """A copy is sent (CopyCompleted), or sent again where a claim on it is open.

    ``items`` are what it was made from; ``copyright_checked`` says that somebody has seen that it may
    be made.

    Raises:
        InvalidValue: an item twice, fewer pages than one, or a cost of a kind that follows from the rules.
    """

    delivery: Delivery
    costs: tuple[CostLine, ...] = ()
    pages: int | None = None
    items: tuple[str, ...] = ()
    copyright_checked: bool = False

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _pieces(self.items, at_least=0)
        _beside_the_loan(self.costs)
        if self.pages is not None and (type(self.pages) is not int or self.pages < 1):
            raise InvalidValue("pages", self.pages, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmReceipt(FromRequester):
    """The requester has the volumes (Received); optional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRenewal(FromRequester):
    """The requester asks for a longer term (Renew), with its reason; until ``desired``, if it says so."""

    reason: str = ""
    desired: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRenewal(Command):
    """The renewal that was asked for is granted (RenewResponse Y), until ``due`` or as the rules give."""

    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineRenewal(Command):
    """The renewal that was asked for is not granted (RenewResponse N): why, and by which rules."""

    reason: str = ""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Command):
    """The lender wants the volumes back by ``due`` (Recalled), expired or not."""

    must_say = ("reason",)

    due: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDue(Command):
    """The clock reminds: ``step`` of the schedule for the due date ``due``, counted from 1."""

    due: date
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReturn(FromRequester):
    """The requester says that volumes are on their way back (ShippedReturn); optional.

    None named: all still out, but for those recorded as lost unless all of them are.
    """

    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _pieces(self.items, at_least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReturnDelay(Command):
    """The clock says that what was sent back should have come by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReturn(Command):
    """The requester is to keep the volumes until it hears more (HoldReturn), or no longer."""

    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseItem(Command):
    """The requester may keep what is still out and not lost (CompletedWithoutReturn)."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn(Command):
    """Volumes are back; ``happened_at`` is when they came, ``items`` which.

    None named: all still out, but for those recorded as lost unless all of them are. One that was
    recorded as lost may be named: it is found.
    """

    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _pieces(self.items, at_least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLost(FromRequester):
    """The requester declares volumes lost (NLC-7; none named: all that are out); ISO 18626 Lost."""

    note: str = ""
    items: tuple[str, ...] = ()
    where: WhereLost | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _pieces(self.items, at_least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFound(FromRequester):
    """The requester has found again all that was lost; it still has it."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareLost(Command):
    """The lender takes what is still out for lost; the clock does, so many days after the due date."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDamage(Command):
    """An item came back, or was found, damaged. ``in_post``: it happened on the way back."""

    item: str
    note: str
    in_post: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensate(Command):
    """The compensation for loss or damage, all in all, as the lender's own rules set it."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if not isinstance(self.amount, Money) or self.amount.minor < 0:
            raise InvalidValue("amount", str(self.amount), "an amount of zero or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleLoss(Command):
    """The loss is settled: paid, replaced, or waived."""

    how: Settlement
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assess(Command):
    """What is owed up to the day of this command is to be posted now, for a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseManually(Command):
    """Closed by hand, with a reason: the last resort."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSupplyAttention(Command):
    """Somebody has seen to it: what has this code (``ill.attention.note``) needs no attention any more."""

    must_say = ("code",)

    code: str


# --- heard from the requester, in every state -----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCancel(FromRequester):
    """The requester wants to cancel (Cancel); the lender answers."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeToOffer(FromRequester):
    """The requester accepts the offer of that revision; who enters it for the requester says how he knows."""

    revision: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineOffer(FromRequester):
    """The requester does not accept the offer of that revision."""

    revision: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStatus(FromRequester):
    """The requester asks how it stands (StatusRequest)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(FromRequester):
    """The requester says something that staff have to read (Notification); it changes nothing."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDefect(FromRequester):
    """Something is wrong with the copy: what ("page 12 is missing"), and a note."""

    must_say = ("what",)

    what: str
    note: str = ""


# --- to a relation --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Command):
    """An institution applies for a borrowing relation; opens it. The case id is its reference."""

    lender: str
    kind: InstitutionKind
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Command):
    """The lender approves the application; ``special`` approves one of a kind not listed."""

    special: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(Command):
    """The lender declines the application."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign(Command):
    """Agreements were signed, by name: the borrowing and the copyright agreement."""

    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCard(Command):
    """The institution gets its card number; the password is the host's affair."""

    must_say = ("card",)

    card: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaySecurity(Command):
    """The institution pays a deposit or a prepayment."""

    kind: SecurityKind
    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapply(Command):
    """One that was declined, or whose agreement has ended, applies again; what is left out is as it was."""

    kind: InstitutionKind | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSecurity(Command):
    """So much of the deposit, or of what is left of the prepayment, is given back."""

    kind: SecurityKind
    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareChange(Command):
    """The institution's name or contact has changed; ``contact`` is the reference from now on (NLC-2)."""

    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend(Command):
    """Borrowing is suspended by a decision."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstate(Command):
    """The suspension ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate(Command):
    """The agreement ends; ``reason`` says why: it was wished, or a case was serious (NLC-7)."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLoan(Command):
    """What the account holds of a loan from now on: what is out until when (None: nothing), new charges.

    ``charged`` lists kinds of charge and by how much each grew (below zero: was reversed).
    ``unsettled``: a loss or a damage is on record and its compensation has not been set.
    """

    loan: str
    out: OutOnLoan | None
    charged: tuple[tuple[str, Money], ...] = ()
    unsettled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Command):
    """The institution pays; charges kind by kind in the rulebook's order, the rest becomes prepayment."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDues(Command):
    """What a settlement says that the institution owes is paid; below 0: given back to it.

    ``set_off`` is how much of it is paid by what the lender owes the institution; ``settlement`` the id.

    Raises:
        InvalidValue: the amount is nothing, or the set-off is below 0 or above the amount.
    """

    amount: Money
    set_off: Money
    settlement: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        nothing = self.amount * 0
        if not self.amount:
            raise InvalidValue("amount", self.amount, "an amount other than nothing")
        if not nothing <= self.set_off <= max(self.amount, nothing):
            raise InvalidValue("set_off", self.set_off, "an amount from nothing to what is paid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waive(Command):
    """The lender waives an open charge, all of it or a part, with its reason."""

    loan: str
    kind: str
    amount: Money
    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)
