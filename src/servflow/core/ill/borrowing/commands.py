"""What can be said to a borrowing case: one class for one thing said.

What the supplier says begins with ``Hear``: its message says so, or staff enter what came by mail or
telephone. Each names the ``attempt`` it is about, counted from 1, so that a supplier asked twice is
not misunderstood. What a ``Hear`` finds no place for is taken down and shown to staff, not refused.
The file is long because a desk is told many things; each is a few lines and stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from servflow.core.changes import Command
from servflow.core.checks import check_id, check_not_negative
from servflow.core.citations import Reason
from servflow.core.errors import InvalidValue
from servflow.core.ill.borrowing.states import DelayKind
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    CostLine,
    Delivery,
    Level,
    Requested,
    Retry,
    Service,
    Settlement,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

__all__ = [
    "Abandon",
    "AcceptOffer",
    "AcceptRetry",
    "AmendRequest",
    "ApproveRequest",
    "AskCentre",
    "AssessCase",
    "Block",
    "CancelRequest",
    "CheckOut",
    "ClearAttention",
    "CloseAsDuplicate",
    "CloseCaseManually",
    "CloseLoss",
    "CloseUnconfirmed",
    "DeclineRequest",
    "DeclineRetry",
    "DraftRequest",
    "Exhaust",
    "Expire",
    "FillLocally",
    "GiveUp",
    "GoOnWith",
    "HandOver",
    "Hear",
    "HearCancelAnswer",
    "HearCheckedIn",
    "HearCosts",
    "HearExpect",
    "HearHoldReturn",
    "HearLost",
    "HearNoReturnNeeded",
    "HearNotification",
    "HearOffer",
    "HearOverdue",
    "HearPromise",
    "HearRecall",
    "HearReceived",
    "HearRenewalAnswer",
    "HearRetry",
    "HearRota",
    "HearShipped",
    "HearStatus",
    "HearUnfilled",
    "HearWithdrawn",
    "LeaveSupplier",
    "NoteDelay",
    "OpenReturn",
    "OverrideBlock",
    "QueryStatus",
    "Receive",
    "Recheck",
    "RecordFound",
    "RecordLoss",
    "Refer",
    "RegisterAtDesk",
    "RejectOffer",
    "RemindPatron",
    "RenewLoan",
    "ReportDamage",
    "ReportDefect",
    "Resubmit",
    "Send",
    "SetPickUp",
    "SetRota",
    "ShipBack",
    "SkipSupplier",
    "Submit",
    "TakeBack",
    "TimeOut",
    "Undo",
    "Withdraw",
]


_MOST_SUPPLIERS: Final = 100  # nobody asks more for one need; each is an attempt of its own


def _reference(name: str, text: str) -> None:
    if not isinstance(text, str) or not text or text != text.strip():
        raise InvalidValue(name, text, "a reference without spaces around it")


def _rota(suppliers: tuple[str, ...]) -> None:
    fit = isinstance(suppliers, tuple) and all(
        isinstance(each, str) and each and each == each.strip() for each in suppliers
    )
    if not fit or any(one == other for one, other in pairwise(suppliers)):
        raise InvalidValue("suppliers", suppliers, "references, none empty, none twice in a row")
    if len(suppliers) > _MOST_SUPPLIERS:
        raise InvalidValue("suppliers", len(suppliers), f"at most {_MOST_SUPPLIERS} suppliers")


def _once(name: str, texts: tuple[str, ...]) -> None:
    fit = isinstance(texts, tuple) and all(isinstance(text, str) and text.strip() for text in texts)
    if not fit or len(set(texts)) < len(texts):
        raise InvalidValue(name, texts, "texts, each once, none empty")


# --- the request, until it is with a supplier ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest(Command):
    """A patron's need is written down; opens the case.

    ``patron`` is the patron's reference, ``library`` the borrowing library's. ``need_before`` is
    the last day on which it is of use, ``max_cost`` what it may cost altogether without asking.
    ``suppliers`` are those to be asked, in their order. ``preceded_by`` is the case that this one
    takes up again. ``forwardable``: a supplier may pass it on. ``routed_by`` is the centre that says
    which suppliers are asked (调度中心), None where the library does. ``fills`` is the transaction of this
    desk that the case is to fill, at a centre; only its own program says so. ``delivery`` is told to the
    supplier: an e-mail address in it is the library's own, as in ISO 18626, and not the patron's.
    ``declared`` says that the patron accepted the terms where he filed it, and asks now: it is submitted at
    once if nothing is lacking.

    Raises:
        InvalidValue: a reference is empty or has spaces around it, a supplier comes twice in a row,
            the cost is below zero, the centre is the library itself, a case that a centre routes
            names suppliers, or the case's id is none that suppliers can be told (``check_id``).
    """

    patron: str
    library: str
    service: Service
    requested: Requested
    level: Level = Level.NORMAL
    need_before: date | None = None
    max_cost: Money | None = None
    delivery: Delivery | None = None
    suppliers: tuple[str, ...] = ()
    forwardable: bool = False
    preceded_by: str | None = None
    note: str = ""
    routed_by: str | None = None
    fills: str | None = None
    declared: bool = False

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_id("case", self.case)
        _reference("patron", self.patron)
        _reference("library", self.library)
        _rota(self.suppliers)
        if self.routed_by is not None:
            _reference("routed_by", self.routed_by)
            if self.routed_by == self.library:
                raise InvalidValue("routed_by", self.routed_by, "another institution than the library itself")
            if self.suppliers:
                raise InvalidValue("suppliers", self.suppliers, "none: the centre says who is asked")
        check_not_negative("max_cost", self.max_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRequest(Command):
    """What is asked for is put right; the old citation stays in the journal. None leaves as it is.

    Raises:
        InvalidValue: the cost is below zero.
    """

    requested: Requested | None = None
    service: Service | None = None
    level: Level | None = None
    need_before: date | None = None
    max_cost: Money | None = None
    delivery: Delivery | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_not_negative("max_cost", self.max_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit(Command):
    """The request is filed. ``declared``: the patron has accepted the terms (copyright declaration)."""

    declared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """It is not wanted any more, and no supplier holds it."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Command):
    """The rules do not let it be ordered now: every one that says so."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refer(Command):
    """Staff are to look at it, and why."""

    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAtDesk(Command):
    """The patron registers in person at a desk, with the application form ``form`` and his card."""

    must_say = ("desk",)

    desk: str
    form: str = ""
    card_shown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveRequest(Command):
    """It may be ordered. ``copyright_basis`` is the ground on which a copy may be made, where asked for."""

    copyright_basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck(Command):
    """What stood in the way may be gone: check again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideBlock(Command):
    """Staff let it pass all the same, and say why."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAsDuplicate(Command):
    """Another case has the same need."""

    must_say = ("other",)

    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillLocally(Command):
    """The library has it itself after all; ``item`` says what."""

    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineRequest(Command):
    """The library does not order it, and says why."""

    must_say = ("reason",)

    reason: str


# --- suppliers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRota(Command):
    """These suppliers are to be asked from now on, in this order, after those that were asked.

    Whoever was in the rota, has not been asked, and is not named is skipped.

    Raises:
        InvalidValue: a reference is empty or has spaces around it, or comes twice in a row.
    """

    suppliers: tuple[str, ...]

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _rota(self.suppliers)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCentre(Command):
    """The centre that routes the case is asked whom to ask: nobody is left, or nobody was named yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearRota(Command):
    """The centre says which suppliers are to be asked, in this order; without any, nobody is left.

    Its message says so, or staff enter what came by mail or telephone; ``evidence`` is by what it is
    known then. Of the library's own staff it is not taken without: whom to ask is not theirs to say. Those
    who were in the rota, have not been asked, and are not named are skipped.

    Raises:
        InvalidValue: a reference is empty or has spaces around it, or comes twice in a row.
    """

    suppliers: tuple[str, ...] = ()
    note: str = ""
    evidence: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _rota(self.suppliers)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipSupplier(Command):
    """The next supplier of the rota is passed over, and why."""

    reasons: tuple[Reason, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Command):
    """The next supplier of the rota is asked. ``override``: although it does not take requests now.

    Where the rules ask several at the same time, those after it that can be asked now are asked with
    it. From the clock, a supplier that cannot be asked on the day on which it may be is passed over.
    """

    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOnWith(Command):
    """Of several suppliers that have the request, the case stands for that of this ``attempt`` now.

    A program says so when the one before is out of it; staff, when they prefer another one's offer.
    """

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveSupplier(Command):
    """Of several suppliers that have the request, this one is told that it is not asked any more.

    Its answer is not waited for: what it promises is cancelled again, what it ships goes back.
    """

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhaust(Command):
    """No supplier is left to be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp(Command):
    """It cannot be had."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmit(Command):
    """A new case takes it up again; ``successor`` is its id. It is not checked for duplicates."""

    must_say = ("successor",)

    successor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Command):
    """The clock: the day on which it was last of use has passed; with a supplier it is cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOut(Command):
    """The supplier has not answered within its time: the next one is asked, this one is told.

    ``attempt`` names one of several that have the request (None: the one in front).
    """

    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDelay(Command):
    """The clock: something did not come when it was to come."""

    kind: DelayKind


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryStatus(Command):
    """The supplier is asked how it stands (StatusRequest)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer(Command):
    """The terms are taken, as of that ``revision`` of the offer.

    ``attempt`` says whose offer: revisions are counted by each supplier for itself. None is the one in front,
    and refused as soon as more than one supplier has made an offer.
    """

    revision: int
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectOffer(Command):
    """The terms are not taken: the supplier is asked to cancel, and ``intent`` says what then.

    ``attempt`` says whose offer, as in ``AcceptOffer``.
    """

    revision: int
    intent: CancelIntent = CancelIntent.LEAVE_SUPPLIER
    note: str = ""
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest(Command):
    """The supplier is asked to cancel (Cancel); its answer decides.

    That the case is to end takes the place of a wish to leave this supplier that still waits for its answer.
    """

    intent: CancelIntent = CancelIntent.END_CASE
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandon(Command):
    """A cancellation was not answered in time: it is taken as made, and the supplier is told."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRetry(Command):
    """The same supplier is asked again on its terms, before any other.

    ``attempt`` names the one that said "try again" (None: the last one that was asked): of several that had
    the request, another may have said no after it.

    Raises:
        InvalidValue: the cost is below zero.
    """

    requested: Requested | None = None
    max_cost: Money | None = None
    attempt: int | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_not_negative("max_cost", self.max_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineRetry(Command):
    """The supplier is not asked again."""


# --- heard from the supplier ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hear(Command):
    """What a supplier says about one attempt. Never given itself.

    ``costs`` are what the supplier has charged by now, in all, by kind; none where it does not say.
    ``as_of`` counts up with all it says: what is as of less than has been heard has been overtaken on
    its way, and changes nothing that can change again. None takes it as the latest. ``evidence`` is by
    what it is known, where staff enter it: the Message-ID of a mail, a note of a telephone call. Without
    any it counts all the same: who took it down stands in the journal, and a refusal would only keep
    what the supplier said out of it. ``their_id`` is what the supplier calls the request, where it has a
    number of its own.
    """

    attempt: int
    note: str = ""
    costs: tuple[CostLine, ...] = ()
    as_of: int | None = None
    evidence: str = ""
    their_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearReceived(Hear):
    """It has the request (RequestReceived)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearExpect(Hear):
    """It thinks it can (ExpectToSupply)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearPromise(Hear):
    """It will supply, without conditions (WillSupply)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearOffer(Hear):
    """It would supply on conditions or at a cost. ``revision`` is the supplier's count, 0 where it has none.

    Raises:
        InvalidValue: neither a condition nor a cost, or a cost below zero.
    """

    conditions: tuple[Condition, ...] = ()
    cost: Money | None = None
    reply_by: date | None = None
    revision: int = 0

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if not self.conditions and self.cost is None:
            raise InvalidValue("offer", "neither a condition nor a cost", "at least one of them")
        if self.revision < 0:
            raise InvalidValue("revision", self.revision, "0 or more")
        check_not_negative("cost", self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class HearUnfilled(Hear):
    """It will not supply (Unfilled); ``forwarded_to`` is the library to which it has passed it on."""

    why: Unfilled = Unfilled.OTHER
    forwarded_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HearRetry(Hear):
    """Not now, but if asked again (RetryPossible): ``after`` and ``before`` are days, both included.

    Raises:
        InvalidValue: the cost is below zero.
    """

    why: Retry = Retry.OTHER
    after: date | None = None
    before: date | None = None
    cost: Money | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_not_negative("cost", self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class HearWithdrawn(Hear):
    """It cancels, and nobody asked it to (StatusChange Cancelled)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearShipped(Hear):
    """It was sent (Loaned, CopyCompleted); once more: a correction, or a copy in place of a bad one.

    ``service`` is LOAN or COPY: what was sent resolves "copy or loan". ``due`` is the last day of
    the term of a loan, None where it names none. ``renewable``: it may be asked for longer.

    Raises:
        InvalidValue: ``service`` is neither, an item is named twice, or something online has no
            reference.
    """

    service: Service = Service.LOAN
    items: tuple[str, ...] = ()
    due: date | None = None
    renewable: bool = True
    delivery: Delivery | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if self.service is Service.COPY_OR_LOAN:
            raise InvalidValue("service", self.service.value, "Loan or Copy: what was sent is one of them")
        _once("items", self.items)
        if self.delivery is not None and self.delivery.via.online and not self.delivery.reference.strip():
            raise InvalidValue("delivery", self.delivery.reference, "a link or a name of what was sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class HearCancelAnswer(Hear):
    """Its answer to our cancellation (CancelResponse). The answer outranks the ``status`` beside it.

    ``yes`` is None where the message has no answer: then the status says what it was.

    Raises:
        InvalidValue: neither an answer nor a status.
    """

    yes: bool | None = None
    status: Status | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if self.yes is None and self.status is None:
            raise InvalidValue("answer", "neither an answer nor a status", "at least one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class HearRenewalAnswer(Hear):
    """Its answer to our wish to renew (RenewResponse). With a "no", ``due`` does not matter.

    Raises:
        InvalidValue: a "yes" without the new due date.
    """

    yes: bool
    due: date | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if self.yes and self.due is None:
            raise InvalidValue("due", None, "the new due date")


@dataclass(frozen=True, slots=True, kw_only=True)
class HearRecall(Hear):
    """It wants it back (Recalled), by ``due``; None where it names no day: the term stays as it is."""

    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HearOverdue(Hear):
    """It reminds us that it is overdue (Overdue)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearHoldReturn(Hear):
    """It asks us to keep it for now, or no longer (HoldReturn, ReleaseHoldReturn)."""

    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HearLost(Hear):
    """It says that it never came, there or back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearNoReturnNeeded(Hear):
    """It is not to come back (CompletedWithoutReturn)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearCheckedIn(Hear):
    """It has it back (LoanCompleted)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearStatus(Hear):
    """How it stands with the supplier, in answer to our question (StatusRequestResponse)."""

    status: Status
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HearCosts(Hear):
    """What it has charged by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearNotification(Hear):
    """A note; it never changes a state, whatever status stands beside it (Notification)."""


# --- what is here ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReturn(Command):
    """Something came of a request that had been given up: a case that only sends it back; opens it.

    ``origin`` is the case it belongs to, ``request_id`` what its supplier knows the request by, ``their_id``
    what the supplier calls it, where it has said so.
    """

    origin: str
    library: str
    patron: str
    supplier: str
    request_id: str
    requested: Requested
    service: Service
    items: tuple[str, ...]
    due: date | None
    costs: tuple[CostLine, ...] = ()
    as_of: int | None = None
    delivery: Delivery | None = None
    their_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive(Command):
    """It is here, all of it or the pieces named (Received).

    ``unannounced``: the supplier's message that it was sent never came. ``service`` says then what
    came, and ``due`` by when it is to be back, as far as the parcel says so; ``attempt`` from whom it
    came, which is needed where several suppliers have the request. ``pick_up_by`` is the last day on which
    the patron can pick it up, where staff set one.
    """

    items: tuple[str, ...] = ()
    unannounced: bool = False
    service: Service | None = None
    due: date | None = None
    attempt: int | None = None
    pick_up_by: date | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _once("items", self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPickUp(Command):
    """Staff tell the patron until which day, included, he can pick it up."""

    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOut(Command):
    """The patron takes it. ``acknowledged`` are the lender's conditions that he has been told of.

    ``desk`` is where, ``signed`` the pick-up form that he has signed, and ``card_shown`` says that he has
    shown his card: as far as the library's rules ask for them.
    """

    acknowledged: tuple[Condition, ...] = ()
    desk: str = ""
    signed: str = ""
    card_shown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack(Command):
    """The patron brings it back; ``happened_at`` is when, ``desk`` where."""

    desk: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipBack(Command):
    """It is sent back, all of it or the pieces named (ShippedReturn).

    ``although_held``: the lender had asked us to keep it for now.
    """

    items: tuple[str, ...] = ()
    although_held: bool = False

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _once("items", self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewLoan(Command):
    """A longer term is asked for (Renew), with its reason; ``desired`` is the day wished for."""

    desired: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindPatron(Command):
    """The clock reminds the patron: ``step`` of the schedule for the due date ``due``, from 1."""

    due: date
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Command):
    """The patron has the copy, or its link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDefect(Command):
    """The copy is of no use as it is (pages missing, illegible, another article): the supplier is told."""

    must_say = ("note",)

    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDamage(Command):
    """A damage is on record, and the supplier is told. ``on_arrival``: it came so."""

    must_say = ("note",)

    note: str
    item: str = ""
    on_arrival: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLoss(Command):
    """It is lost, all that is out or the pieces named, and where (Lost)."""

    where: WhereLost
    items: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _once("items", self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFound(Command):
    """What was lost is here, all of it or the pieces named."""

    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _once("items", self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseLoss(Command):
    """The loss is settled with the lender: paid, replaced or waived."""

    how: Settlement
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUnconfirmed(Command):
    """The lender never said that it is back; closed, and flagged so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessCase(Command):
    """What the patron owes up to the day of this command is to be posted now, for a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCaseManually(Command):
    """Closed by hand, with a reason: the last resort."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearAttention(Command):
    """Staff have looked at what was called to their attention: every reason of that code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Command):
    """The last thing done here was a mistake, and nobody has been told yet."""
