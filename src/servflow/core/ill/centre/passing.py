"""What a centre passes on: how each half of its desk is brought into line with the other, as tables.

A request at the centre is two aggregates: the transaction T towards who asks, and the case C towards those
that are asked for it. Whatever moves one of them moves the other in the same change. ``TO_REQUESTER`` says
what is said to T for where C stands, ``TO_SUPPLIER`` what is said to C for where T stands. A line names
where C stands (its state, or its outcome once it is closed), where T stands likewise, what else must be so,
and the command. The first line that fits says what comes next; then both are looked at again, until none
fits. So nothing is said twice, and nothing that was heard is forgotten.

Some lines also ask what was just said, because the same two states may come of either side: a renewal
waits with T and not with C when it is to be passed on, and when it has just been declined.

The requester hears of the centre alone: no reference, no id and no note of a supplier's is passed on. It
never hears that something is unfilled while somebody is still to be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from servflow.core.changes import Command, Key
from servflow.core.citations import Reason
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.guards import has_offer
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import CancelState, CaseOutcome, CaseState
from servflow.core.ill.centre.commands import FlagCase, FlagTransaction, PassOn, PassOnCosts
from servflow.core.ill.centre.effects import PROGRAM, for_the_centre
from servflow.core.ill.filing.model import Filing
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import guards as g
from servflow.core.ill.lending.guards import Supply
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.network.modes import MODES, ModeName
from servflow.core.ill.terms import (
    CancelIntent,
    CostKind,
    CostLine,
    Delivery,
    OfferState,
    Retry,
    SentVia,
    Settlement,
    Unfilled,
    WhereLost,
)
from servflow.core.lifecycle import Situation

__all__ = [
    "ASKED",
    "BY_HAND",
    "ENDS",
    "HERE",
    "IDLE",
    "LENT",
    "MONEY",
    "NOT_SUPPLIED",
    "OUT",
    "REFUSED",
    "SUPPLIED",
    "TO_REQUESTER",
    "TO_SUPPLIER",
    "UNDECIDED",
    "UNSUPPLIED",
    "WITH_THEM",
    "Line",
    "Pair",
    "Standing",
    "next_said",
    "not_yet",
    "standing",
]

S = SupplyState
K = CaseState
CO = CaseOutcome

UNSUPPLIED: Final = (S.NEW, S.CHECKING, S.PROMISED, S.OFFERED)
WITH_THEM: Final = (S.SHIPPED, S.AT_REQUESTER)
OUT: Final = (*WITH_THEM, S.RETURN_IN_TRANSIT)
UNDECIDED: Final = (K.DRAFT, K.SUBMITTED, K.BLOCKED, K.IN_REVIEW)
IDLE: Final = (K.ROUTABLE, K.ROTA_EXHAUSTED, K.RETRY_OFFERED)
ASKED: Final = (K.SENT, K.EXPECTED, K.PROMISED, K.OFFERED)
HERE: Final = (K.RECEIVED, K.ON_LOAN, K.AWAITING_RETURN)
SUPPLIED: Final = (K.SHIPPED, *HERE, K.RETURNED)
NOT_SUPPLIED: Final = (CO.UNFILLED, CO.CANCELLED, CO.DECLINED, CO.EXPIRED)
BY_HAND: Final = (CO.FILLED_LOCALLY, CO.DUPLICATE, CO.SUPERSEDED, CO.MANUAL)
REFUSED: Final = (
    Closing.UNFILLED,
    Closing.RETRY_ANSWERED,
    Closing.CANCELLED,
    Closing.EXPIRED,
    Closing.FORWARDED,
    Closing.MANUAL,
)
LENT: Final = (*OUT, S.LOST)
ENDS: Final = (
    c.CannotSupply,
    c.AnswerCancel,
    c.ExpireRequest,
    c.CloseManually,
    c.LapseOffer,
    c.DeclineOffer,
)
"""What ends a request that nothing was sent for."""

Standing = CaseState | CaseOutcome | SupplyState | Closing


class Pair(NamedTuple):
    """Both halves of one request, and the situation in which one of them has just been spoken to."""

    it: SupplyTransaction
    case: BorrowingCase
    s: Situation[Any, Any, Any, Any]

    @property
    def word(self) -> str:
        """What was just said, by its name; costs are passed on before what they came with."""
        said = self.s.command
        return said.after if isinstance(said, PassOnCosts) else type(said).__name__

    def said(self, *kinds: type[Command]) -> bool:
        """Whether what was just said is one of these."""
        return self.word in {kind.__name__ for kind in kinds}


_Test = Callable[[Pair], bool]
_Says = Callable[[Pair], Command]


class Line(NamedTuple):
    """Where the case stands, where the transaction stands, what else must be so, and what is said then."""

    case: tuple[Standing, ...]
    transaction: tuple[Standing, ...]
    when: _Test
    says: _Says


def standing(it: SupplyTransaction | BorrowingCase) -> Standing:
    """Where one half stands: its state, or how it ended."""
    ended = it.closing if isinstance(it, SupplyTransaction) else it.outcome
    return it.state if ended is None else ended


# --- how a command is made --------------------------------------------------------------------------


def _command(s: Situation[Any, Any, Any, Any], kind: type[Command], case: str, **said: Any) -> Command:
    """It happens when it is passed on; what costs something on the day of what it costs on the other side."""
    before: Command = s.command
    envelope = before.entailed(kind.__name__, case=case, by=for_the_centre(s.policy.library))
    if kind is not PassOnCosts:
        envelope["happened_at"] = before.recorded_at
    return kind(**envelope, **said)


def _tell(kind: type[Command], said: Callable[[Pair], dict[str, Any]] = lambda _pair: {}) -> _Says:
    """Said to the transaction."""
    return lambda pair: _command(pair.s, kind, pair.it.id, **said(pair))


def _ask(kind: type[Command], said: Callable[[Pair], dict[str, Any]] = lambda _pair: {}) -> _Says:
    """Said to the case."""
    return lambda pair: _command(pair.s, kind, pair.case.id, **said(pair))


# --- what else must be so ---------------------------------------------------------------------------


def _always(_pair: Pair) -> bool:
    return True


def _heard(*kinds: type[Command], also: _Test = _always) -> _Test:
    return lambda pair: pair.said(*kinds) and also(pair)


def _cancel_waits(pair: Pair) -> bool:
    return pair.it.cancel_asked_on is not None


def _said_no(pair: Pair) -> bool:
    """Whether our supplier has refused to cancel; it is asked again once nobody wants it any more."""
    cancel = pair.case.cancel
    return cancel is not None and cancel.state is CancelState.REFUSED


def _cancel_refused(pair: Pair) -> bool:
    return _cancel_waits(pair) and _said_no(pair)


def _renewal_answered(pair: Pair) -> bool:
    return pair.it.renewal_asked_on is not None and pair.case.renewal_asked_on is None


def _longer(pair: Pair) -> bool:
    return pair.case.due is not None and pair.it.due is not None and pair.case.due > pair.it.due


def _held_otherwise(pair: Pair) -> bool:
    return bool(pair.case.held) != bool(pair.it.held_return)


def _better_copy(pair: Pair) -> bool:
    return bool(pair.it.defects) and not pair.case.defective


def _costs_differ(pair: Pair) -> bool:
    return pair.it.passed_on != _costs(pair)


def _is_loan(pair: Pair) -> bool:
    return not pair.case.is_copy


def _is_copy(pair: Pair) -> bool:
    return pair.case.is_copy


def _offer_differs(pair: Pair) -> bool:
    """Whether terms of our supplier's wait for an answer, and are not before the requester; in our money."""
    attempt = pair.case.attempt
    offer = attempt.offer if attempt is not None and has_offer(attempt) else None
    if offer is None or pair.case.cancelling:
        return False
    day = pair.s.policy.day(pair.s.command.recorded_at)
    if _other_money(pair) or (offer.reply_by is not None and offer.reply_by < day):
        return False
    told = pair.it.offer if pair.it.state is S.OFFERED else None
    return told is None or (told.conditions, told.cost) != (offer.conditions, offer.cost)


def _other_money(pair: Pair) -> bool:
    """Whether terms that wait for an answer are in another currency: what they come to is for staff."""
    attempt = pair.case.attempt
    cost = attempt.offer.cost if attempt is not None and attempt.offer is not None else None
    return has_offer(attempt) and cost is not None and cost.currency != pair.s.policy.currency


def _other_money_flagged(pair: Pair) -> bool:
    said = pair.s.command
    return isinstance(said, FlagCase) and said.what == b.HearOffer.__name__ and _other_money(pair)


def _offer_gone(pair: Pair) -> bool:
    return not has_offer(pair.case.attempt)


def _tried(pair: Pair) -> bool:
    return any(attempt.state.ended and attempt.request_id for attempt in pair.case.attempts)


def _others_left(pair: Pair) -> bool:
    return bool(pair.case.ahead)


def _recall_untold(pair: Pair) -> bool:
    if pair.case.recalled_on is None:
        return False
    due = pair.case.due
    earlier = due is not None and pair.it.due is not None and due < pair.it.due
    return pair.it.recalled_on is None or earlier


def _agreed(pair: Pair) -> bool:
    offer = pair.it.offer
    accepted = offer is not None and offer.state is OfferState.ACCEPTED
    return accepted and has_offer(pair.case.attempt) and not pair.case.cancelling


def _may_cancel(pair: Pair) -> bool:
    cancel = pair.case.cancel
    return cancel is None or cancel.state is CancelState.MOOT


def _asks_cancel(pair: Pair) -> bool:
    return _cancel_waits(pair) and _may_cancel(pair)


def _insists(pair: Pair) -> bool:
    return _cancel_refused(pair) and pair.said(c.RequestCancel)


def _offers(pair: Pair) -> bool:
    return _may_cancel(pair) and has_offer(pair.case.attempt)


def _with_requester(pair: Pair) -> bool:
    """Whether the requester has shown that it has it."""
    came = pair.it.state in {S.AT_REQUESTER, S.RETURN_IN_TRANSIT}
    return came or pair.said(c.ConfirmReceipt, c.RequestRenewal) or _wants_renewal(pair)


def _wants_renewal(pair: Pair) -> bool:
    return pair.it.renewal_asked_on is not None and pair.case.recalled_on is None


def _renewal_due(pair: Pair) -> bool:
    fresh = pair.case.renewal_asked_on is None
    return fresh and _wants_renewal(pair) and pair.said(c.RequestRenewal, b.Receive, b.CheckOut)


def _some_here(pair: Pair) -> bool:
    return bool(pair.case.here)


def _defect_open(pair: Pair) -> bool:
    return bool(pair.it.defects) and not pair.case.defective and pair.said(c.ClaimDefect)


# --- what is said with it ---------------------------------------------------------------------------


def _costs(pair: Pair) -> tuple[CostLine, ...]:
    """What our suppliers have charged in all, by kind; what is in another currency is for staff."""
    lines = [line for attempt in pair.case.attempts for line in attempt.costs]
    own = [line for line in lines if line.amount.currency == pair.s.policy.currency]
    nothing = {line.kind: line.amount * 0 for line in own}
    sums = {
        kind: sum((line.amount for line in own if line.kind is kind), nothing[kind])
        for kind in CostKind
        if kind in nothing
    }
    return tuple(CostLine(kind=kind, amount=amount) for kind, amount in sums.items())


def _charges(pair: Pair) -> dict[str, Any]:
    return {"costs": _costs(pair), "after": pair.word}


def _why(pair: Pair) -> dict[str, Any]:
    """Why the last one that said why did not fill it."""
    if pair.case.outcome is CO.DECLINED:
        return {"why": Unfilled.POLICY_PROBLEM}
    said = [attempt.why for attempt in pair.case.attempts if attempt.why is not None]
    return {"why": said[-1] if said else Unfilled.OTHER}


def _names(pair: Pair) -> tuple[str, ...]:
    """What was sent, by the names that our supplier gave it; what it did not name, by the request."""
    attempt = pair.case.attempt
    nameless = attempt.request_id if attempt is not None else ""
    return tuple(pair.it.request_id if item == nameless else item for item in pair.case.items)


def _shipment(pair: Pair) -> dict[str, Any]:
    return {"items": _names(pair), "due": pair.case.due}


def _copy(pair: Pair) -> dict[str, Any]:
    sent = pair.case.copy or Delivery(via=SentVia.MAIL)
    return {"delivery": sent, "items": _names(pair), "copyright_checked": True}


def _terms(pair: Pair) -> dict[str, Any]:
    attempt = pair.case.attempt
    assert attempt is not None  # it has offered
    assert attempt.offer is not None
    offer = attempt.offer
    return {"conditions": offer.conditions, "cost": offer.cost, "reply_by": offer.reply_by}


def _retry(pair: Pair) -> dict[str, Any]:
    attempt = pair.case.attempt
    assert attempt is not None  # it has said so
    cost = attempt.offer.cost if attempt.offer is not None else None
    ours = cost if cost is not None and cost.currency == pair.s.policy.currency else None
    why = attempt.retry or Retry.OTHER
    if why is Retry.COST_EXCEEDS_MAX_COST and ours is None:
        why = Retry.OTHER
    before = attempt.before
    after = attempt.after if before is None or attempt.after is None or attempt.after <= before else None
    return {"why": why, "after": after, "before": before, "cost": ours}


def _recall(pair: Pair) -> dict[str, Any]:
    return {"due": pair.case.due or pair.it.due, "reason": "recalled"}


def _what_was_said(pair: Pair) -> dict[str, Any]:
    return {"what": pair.word}


def _offer_not_passed_on(pair: Pair) -> dict[str, Any]:
    why = Reason("ill.wrong-currency", None, (("currency", pair.s.policy.currency),))
    return {"what": b.HearOffer.__name__, "reasons": (why,)}


def _revision(pair: Pair) -> dict[str, Any]:
    attempt = pair.case.attempt
    assert attempt is not None  # it has offered
    assert attempt.offer is not None
    return {"attempt": attempt.number, "revision": attempt.offer.revision}


def _rejection(pair: Pair) -> dict[str, Any]:
    return {**_revision(pair), "intent": CancelIntent.END_CASE}


def _settled(pair: Pair) -> dict[str, Any]:
    paid = any(line.kind is CostKind.COMPENSATION and line.amount for line in pair.it.passed_on)
    return {"how": Settlement.PAID if paid else Settlement.WAIVED}


def _wish(pair: Pair) -> dict[str, Any]:
    wish = pair.it.renewal_wish
    assert wish is not None  # it waits
    return {"desired": wish.desired, "reason": wish.reason}


def _loss(pair: Pair) -> dict[str, Any]:
    return {"where": pair.it.lost_where or WhereLost.PATRON}


def _all_pieces(pair: Pair) -> dict[str, Any]:
    return {"items": pair.it.still_out}


# --- the tables -------------------------------------------------------------------------------------

MONEY: Final[tuple[Line, ...]] = (
    Line((*K, *CO), (*S, *Closing), _costs_differ, _tell(PassOnCosts, _charges)),
)
"""What is passed on before anything else: both halves are charged by the same word, on the same day."""

TO_REQUESTER: Final = (
    # answers: what was just heard
    Line(
        ASKED,
        UNSUPPLIED,
        _heard(b.HearCancelAnswer, also=_cancel_refused),
        _tell(c.AnswerCancel, lambda _: {"yes": False}),
    ),
    Line(
        (K.SHIPPED, *HERE, K.RETURNED),
        OUT,
        _heard(b.HearRenewalAnswer, b.HearShipped, also=_longer),
        _tell(c.GrantRenewal, lambda p: {"due": p.case.due}),
    ),
    Line(
        (K.SHIPPED, *HERE, K.RETURNED),
        OUT,
        _heard(b.HearRenewalAnswer, also=_renewal_answered),
        _tell(c.DeclineRenewal),
    ),
    Line(
        (K.SHIPPED, *HERE),
        WITH_THEM,
        _heard(b.HearHoldReturn, also=_held_otherwise),
        _tell(c.HoldReturn, lambda p: {"held": bool(p.case.held)}),
    ),
    Line(
        (K.DELIVERED, CO.COPY_DELIVERED),
        (Closing.COPY_SUPPLIED,),
        _heard(b.HearShipped, also=_better_copy),
        _tell(c.SupplyCopy, _copy),
    ),
    Line((K.LOST,), OUT, _heard(b.HearLost), _tell(c.DeclareLost)),
    Line((*SUPPLIED, K.DELIVERED), REFUSED, _heard(b.HearShipped), _ask(FlagCase, _what_was_said)),
    Line(
        BY_HAND,
        UNSUPPLIED + LENT,
        _heard(b.FillLocally, b.CloseAsDuplicate, b.Resubmit, b.CloseCaseManually),
        _tell(FlagTransaction, _what_was_said),
    ),
    # a request that comes to nothing; of several suppliers the last one's word is passed on
    Line(NOT_SUPPLIED, UNSUPPLIED, _cancel_waits, _tell(c.AnswerCancel, lambda _: {"yes": True})),
    Line(NOT_SUPPLIED, UNSUPPLIED, _always, _tell(c.CannotSupply, _why)),
    Line((K.RETRY_OFFERED,), UNSUPPLIED, _others_left, _ask(b.DeclineRetry)),
    Line((K.RETRY_OFFERED,), UNSUPPLIED, _always, _tell(c.AskRetry, _retry)),
    # how it stands
    Line((K.EXPECTED,), (S.NEW, S.PROMISED, S.OFFERED), _always, _tell(c.Expect)),
    Line((K.ROUTABLE, K.ROTA_EXHAUSTED, K.SENT), (S.PROMISED, S.OFFERED), _always, _tell(c.Expect)),
    Line((K.ROUTABLE, K.ROTA_EXHAUSTED, K.SENT), (S.NEW,), _tried, _tell(c.Expect)),
    Line((K.PROMISED,), (S.NEW, S.CHECKING, S.OFFERED), _always, _tell(c.Promise)),
    Line((K.OFFERED,), UNSUPPLIED, _offer_differs, _tell(c.MakeOffer, _terms)),
    Line((K.OFFERED,), UNSUPPLIED, _heard(b.HearOffer, also=_other_money), _ask(FlagCase, _what_was_said)),
    Line((K.OFFERED,), UNSUPPLIED, _other_money_flagged, _tell(FlagTransaction, _offer_not_passed_on)),
    Line((K.OFFERED,), (S.OFFERED,), _offer_gone, _tell(c.Expect)),
    # what was sent
    Line(SUPPLIED, UNSUPPLIED, _is_loan, _tell(c.Ship, _shipment)),
    Line((K.SHIPPED, K.DELIVERED, CO.COPY_DELIVERED), UNSUPPLIED, _is_copy, _tell(c.SupplyCopy, _copy)),
    Line((K.SHIPPED, *HERE), WITH_THEM, _recall_untold, _tell(c.Recall, _recall)),
    Line((CO.RETURNED,), LENT, _always, _tell(c.CheckIn, _all_pieces)),
    Line((CO.KEPT, CO.LOST_SETTLED), OUT, _always, _tell(c.ReleaseItem)),
    Line((CO.KEPT, CO.LOST_SETTLED), (S.LOST,), _always, _tell(c.SettleLoss, _settled)),
)
TO_SUPPLIER: Final = (
    Line((K.DRAFT,), UNSUPPLIED, _always, _ask(b.Submit, lambda _: {"declared": True})),
    # nobody wants it any more
    Line(UNDECIDED + IDLE, UNSUPPLIED, _cancel_waits, _ask(b.Withdraw)),
    Line(ASKED, UNSUPPLIED, _asks_cancel, _ask(b.CancelRequest)),
    Line(ASKED, UNSUPPLIED, _insists, _ask(b.CancelRequest)),
    Line(UNDECIDED + IDLE, tuple(Closing) + LENT, _always, _ask(b.Withdraw)),
    Line((K.OFFERED,), tuple(Closing) + LENT, _offers, _ask(b.RejectOffer, _rejection)),
    Line(ASKED, tuple(Closing) + LENT, _may_cancel, _ask(b.CancelRequest)),
    Line(ASKED, REFUSED, _heard(*ENDS, also=_said_no), _ask(b.CancelRequest)),
    Line((*SUPPLIED, K.DELIVERED), REFUSED, _heard(*ENDS), _ask(FlagCase, _what_was_said)),
    # terms
    Line((K.OFFERED,), (S.PROMISED,), _agreed, _ask(b.AcceptOffer, _revision)),
    Line(
        (*IDLE, *ASKED),
        (S.PROMISED,),
        _heard(c.AgreeToOffer, also=lambda p: p.case.state is not K.PROMISED),
        _tell(c.Expect),
    ),
    # what the requester does with it
    Line((K.SHIPPED,), (*OUT, Closing.COPY_SUPPLIED), _with_requester, _ask(b.Receive)),
    Line((K.RECEIVED,), WITH_THEM, _with_requester, _ask(b.CheckOut)),
    Line((K.ON_LOAN,), (S.RETURN_IN_TRANSIT,), _always, _ask(b.TakeBack)),
    Line((K.RECEIVED, K.AWAITING_RETURN), (S.RETURN_IN_TRANSIT,), _some_here, _ask(b.ShipBack)),
    Line(HERE, OUT, _renewal_due, _ask(b.RenewLoan, _wish)),
    Line((*K, *CO), OUT, _heard(c.RequestRenewal, also=_renewal_answered), _tell(c.DeclineRenewal)),
    Line(SUPPLIED, (S.LOST,), _heard(c.ReportLost), _ask(b.RecordLoss, _loss)),
    Line((*K, *CO), OUT, _heard(c.ReportLost), _ask(FlagCase, _what_was_said)),
    Line((K.LOST,), OUT, _heard(c.ReportFound), _ask(b.RecordFound)),
    # it came to the centre's own staff, who are to see that it goes on to our supplier
    Line((*SUPPLIED, K.LOST), (*LENT, Closing.COMPLETED), _heard(c.CheckIn), _ask(FlagCase, _what_was_said)),
    Line(
        (K.DELIVERED,),
        (Closing.COPY_SUPPLIED,),
        _defect_open,
        _ask(b.ReportDefect, lambda p: {"note": p.it.defects[-1].what}),
    ),
    Line((K.SHIPPED, *CO), (Closing.COPY_SUPPLIED,), _heard(c.ClaimDefect), _ask(FlagCase, _what_was_said)),
)
"""What is said to each half: the first line that fits. ``_tell`` speaks to T, ``_ask`` to C."""


def next_said(s: Situation[Any, Any, Any, Any]) -> Command | None:
    """What the centre passes on now, after one of the halves was spoken to; None if both are in line."""
    pair = _pair(s)
    if pair is None:
        return _pass_on(s) if isinstance(s.it, SupplyTransaction) else _at_once(s, s.it)
    by_program = _by_program(s.command)
    tables: tuple[tuple[Line, ...], ...]
    if isinstance(s.it, SupplyTransaction):
        tables = (TO_REQUESTER, TO_SUPPLIER) if by_program else (TO_SUPPLIER,)
    else:
        tables = (TO_SUPPLIER, TO_REQUESTER) if by_program else (TO_REQUESTER, TO_SUPPLIER)
    tables = (MONEY, *tables)
    for table in tables:
        for line in table:
            here, there = standing(pair.case) in line.case, standing(pair.it) in line.transaction
            if here and there and line.when(pair):
                return line.says(pair)
    return _at_once(s, pair.case)


def _pair(s: Situation[Any, Any, Any, Any]) -> Pair | None:
    """Both halves, if there are two that belong together."""
    if isinstance(s.it, SupplyTransaction):
        case = s.others.get(Key(BorrowingCase.kind, s.it.via)) if s.it.via is not None else None
        return Pair(s.it, case, s) if isinstance(case, BorrowingCase) else None
    it = s.others.get(Key(SupplyTransaction.kind, s.it.fills)) if s.it.fills is not None else None
    return Pair(it, s.it, s) if isinstance(it, SupplyTransaction) and it.via == s.it.id else None


def not_yet(s: Supply) -> Iterator[Reason]:
    """It has not been passed on, and may be: what it may cost is in our money."""
    if s.it.via is not None:
        yield Reason("ill.passed-on-already", None, (("case", s.it.via),))
    most = s.it.max_cost
    if most is not None and most.currency != s.policy.currency:
        yield Reason("ill.wrong-currency", None, (("currency", s.policy.currency),))


def _pass_on(s: Supply) -> Command | None:
    """A request that just came in is passed on, unless our own rules have staff look at it first."""
    if not isinstance(s.command, c.ReceiveRequest) or s.it.state is not S.NEW:
        return None
    guards = (not_yet, g.still_needed, g.in_good_standing)
    reasons = tuple(reason for guard in guards for reason in guard(s))
    if not reasons:
        return _command(s, PassOn, s.it.id)
    return _command(s, FlagTransaction, s.it.id, what=PassOn.__name__, reasons=reasons)


def _at_once(s: Situation[Any, Any, Any, Any], case: BorrowingCase) -> Command | None:
    """Where shipping counts as receipt, what was shipped is received, and with whoever asked (CALIS-8)."""
    shipped = case.state is K.SHIPPED and isinstance(s.command, (b.HearShipped, c.Ship, c.SupplyCopy))
    received = case.state is K.RECEIVED and isinstance(s.command, b.Receive) and _by_program(s.command)
    if not (shipped or received) or not MODES[_mode(s, case)].shipping_is_receipt.value:
        return None
    return _command(s, b.Receive if shipped else b.CheckOut, case.id)


def _mode(s: Situation[Any, Any, Any, Any], case: BorrowingCase) -> ModeName:
    """The mode in which it was filed here; of what came from another desk, that of whoever asks."""
    filed = s.others.get(Key(Filing.kind, case.id))
    mode: ModeName = s.facts.mode
    return filed.mode if isinstance(filed, Filing) and filed.mode is not None else mode


def _by_program(command: Command) -> bool:
    return command.by.party == PROGRAM
