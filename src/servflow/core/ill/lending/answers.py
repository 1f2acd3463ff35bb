"""What follows when a request comes in, is answered, offered, cancelled or passed on: see also ``effects``.

Below them, what the desk answers by its rules at once (``follow``), and what is done with things
that are heard where they have no place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from servflow.core.attention import seen_to
from servflow.core.changes import Actor, Command
from servflow.core.citations import Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.ill.lending import charges, messages
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import guards as g
from servflow.core.ill.lending.booking import (
    CANCEL_ASKED,
    DEFECT,
    cancel_refused,
    closed,
)
from servflow.core.ill.lending.guards import Supply
from servflow.core.ill.lending.model import Defect, LendingFacts, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Closing, Material, Place, SupplyState
from servflow.core.ill.terms import Offer, OfferState, Service, Unfilled, attend
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "answer_unfilled",
    "ask_cancel",
    "cancel",
    "clear_attention",
    "decline_offer",
    "expire",
    "follow",
    "forward",
    "keep_going",
    "lapse_offer",
    "note_before_shipping",
    "note_claim",
    "note_out_of_order",
    "offer",
    "take_acceptance",
    "take_in",
    "take_note",
    "tell_expected",
    "tell_promised",
    "tell_status",
    "try_again",
]


# --- a request and its answer ---------------------------------------------------------------------


def take_in(s: Situation[None, c.ReceiveRequest, LendingPolicy, LendingFacts]) -> Outcome:
    """The transaction as it begins."""
    said = s.command
    it = SupplyTransaction(
        id=said.case,
        state=SupplyState.NEW,
        requester=said.requester,
        supplier=said.supplier,
        request_id=said.request_id,
        requested=said.requested,
        place=s.facts.place,
        received_on=today(s),
        need_before=said.need_before,
        service=said.service,
        level=said.level,
        max_cost=said.max_cost,
        previous=said.previous,
        forwardable=said.forwardable or None,
        delivery_wished=said.delivery,
        note=said.note or None,
    )
    return Outcome(it=it, messages=messages.tell(s, it, messages.RECEIVED))


def tell_expected(s: Supply) -> Outcome:
    """The requester hears that it is likely."""
    return Outcome(it=s.it, messages=messages.tell(s, s.it, messages.EXPECTED))


def tell_promised(s: Supply) -> Outcome:
    """The requester hears that it will be supplied."""
    return Outcome(it=s.it, messages=messages.tell(s, s.it, messages.PROMISED))


def answer_unfilled(s: Situation[SupplyTransaction, c.CannotSupply, LendingPolicy, LendingFacts]) -> Outcome:
    """The requester hears why not (CALIS-9), and what else it can do."""
    said = s.command
    return _unfilled(s, Closing.UNFILLED, said.why, said.reasons, _delivery_offer(s), note=said.note)


def _unfilled(
    s: Supply,
    closing: Closing,
    why: Unfilled,
    reasons: tuple[Reason, ...],
    advice: tuple[Reason, ...] = (),
    note: str = "",
) -> Outcome:
    it = closed(s.it, closing, why_unfilled=why, reasons=reasons)
    facts: tuple[tuple[str, Plain], ...] = (("why", why.value), *messages.said("note", note))
    return Outcome(it=it, messages=messages.tell(s, it, messages.UNFILLED, facts, reasons + advice))


def _delivery_offer(s: Supply) -> tuple[Reason, ...]:
    """Document delivery instead, for what is not lent because of its kind."""
    day = today(s)
    limited, not_lent = s.policy.delivery_limited.on(day), s.policy.not_lent.on(day)
    material: Material | None = s.facts.material
    if material in limited.value:
        return (Reason("ill.delivery-offered-within-limits", limited.clause),)
    if material in not_lent.value:
        return (Reason("ill.delivery-offered", not_lent.clause),)
    return ()


def try_again(s: Situation[SupplyTransaction, c.AskRetry, LendingPolicy, LendingFacts]) -> Outcome:
    """The requester hears why not now, from when and until when it may ask again, and at what cost."""
    said = s.command
    it = closed(s.it, Closing.RETRY_ANSWERED, why_retry=said.why)
    facts: tuple[tuple[str, Plain], ...] = (
        ("why", said.why.value),
        *messages.said("after", said.after),
        *messages.said("before", said.before),
        *messages.said("cost", said.cost),
        *messages.said("note", said.note),
    )
    return Outcome(it=it, messages=messages.tell(s, it, messages.RETRY, facts))


def forward(s: Situation[SupplyTransaction, c.Forward, LendingPolicy, LendingFacts]) -> Outcome:
    """The requester hears that we do not supply it, and who was asked instead."""
    said = s.command
    reason = Reason("ill.forwarded", None, (("to", said.to),))
    it = closed(s.it, Closing.FORWARDED, why_unfilled=Unfilled.OTHER, reasons=(reason,), forwarded_to=said.to)
    facts: tuple[tuple[str, Plain], ...] = (
        ("why", Unfilled.OTHER.value),
        ("forwarded_to", said.to),
        *messages.said("note", said.note),
    )
    return Outcome(it=it, messages=messages.tell(s, it, messages.UNFILLED, facts))


def expire(s: Supply) -> Outcome:
    """Nobody needs it any more; the requester hears that it was not supplied in time."""
    return _unfilled(s, Closing.EXPIRED, Unfilled.OTHER, tuple(g.still_needed(s)))


# --- offers ---------------------------------------------------------------------------------------


def offer(s: Situation[SupplyTransaction, c.MakeOffer, LendingPolicy, LendingFacts]) -> Outcome:
    """The requester hears our terms; what was offered before does not hold any more."""
    said = s.command
    made = Offer(
        revision=s.it.offer.revision + 1 if s.it.offer is not None else 1,
        conditions=said.conditions,
        cost=said.cost,
        reply_by=said.reply_by or s.policy.reply_by(today(s)),
        note=said.note,
        made_at=said.recorded_at,
    )
    it = replace(s.it, offer=made)
    facts: tuple[tuple[str, Plain], ...] = (
        ("revision", made.revision),
        ("conditions", ",".join(condition.value for condition in made.conditions)),
        *messages.said("cost", made.cost),
        *messages.said("reply_by", made.reply_by),
        *messages.said("note", made.note),
    )
    return Outcome(it=it, messages=messages.tell(s, it, messages.OFFERED, facts))


def take_acceptance(s: Supply) -> Outcome:
    """The terms are agreed, and the requester hears that it will be supplied."""
    it = replace(s.it, offer=_offer_as(s.it, OfferState.ACCEPTED))
    return Outcome(it=it, messages=messages.tell(s, it, messages.PROMISED))


def decline_offer(s: Situation[SupplyTransaction, c.DeclineOffer, LendingPolicy, LendingFacts]) -> Outcome:
    """On other terms we do not supply it."""
    reason = Reason("ill.offer-declined", None, (("revision", s.command.revision),))
    declined = s._replace(it=replace(s.it, offer=_offer_as(s.it, OfferState.REJECTED)))
    return _unfilled(declined, Closing.UNFILLED, Unfilled.OTHER, (reason,))


def lapse_offer(s: Supply) -> Outcome:
    """Nobody has accepted our terms in time."""
    assert s.it.offer is not None  # it waits for an answer
    assert s.it.offer.reply_by is not None  # every offer has its last day
    reason = Reason("ill.offer-lapsed", None, (("reply_by", s.it.offer.reply_by),))
    return _unfilled(s, Closing.UNFILLED, Unfilled.OTHER, (reason,))


def _offer_as(it: SupplyTransaction, state: OfferState) -> Offer:
    assert it.offer is not None  # it waits for an answer
    return replace(it.offer, state=state)


# --- cancellations --------------------------------------------------------------------------------


def ask_cancel(s: Situation[SupplyTransaction, c.RequestCancel, LendingPolicy, LendingFacts]) -> Outcome:
    """The cancellation waits for its answer; until then nothing is shipped."""
    it = replace(s.it, cancel_asked_on=s.it.cancel_asked_on or today(s), cancel_refused=None)
    return Outcome(it=attend(it, CANCEL_ASKED, *messages.said("note", s.command.note)))


def cancel(s: Supply) -> Outcome:
    """It is over; answers that were not sent yet are not sent any more."""
    it = closed(s.it, Closing.CANCELLED)
    told = messages.cancel_answered(s, it, messages.status_of(it, today(s)), yes=True)
    return Outcome(it=it, messages=told, withdrawals=messages.no_more_answers(it.key))


def keep_going(s: Situation[SupplyTransaction, c.AnswerCancel, LendingPolicy, LendingFacts]) -> Outcome:
    """Nothing moves, and the requester hears how it stands; what was cancelled already stays so."""
    it = replace(cancel_refused(s.it), cancel_refused=None if s.command.yes else True)
    status = messages.status_of(it, today(s))
    return Outcome(it=it, messages=messages.cancel_answered(s, it, status, yes=s.command.yes))


# --- what is heard in every state -----------------------------------------------------------------


def tell_status(s: Supply) -> Outcome:
    """The requester hears how it stands, until when, and what was charged so far."""
    due = s.it.due if s.it.still_out and s.it.closing is None else None
    facts: tuple[tuple[str, Plain], ...] = (
        ("status", messages.status_of(s.it, today(s)).value),
        *messages.said("due", due),
        *messages.charged_so_far(s.it),
    )
    return Outcome(it=s.it, messages=messages.tell(s, s.it, messages.STATUS, facts))


def take_note(s: Situation[SupplyTransaction, c.Notify, LendingPolicy, LendingFacts]) -> Outcome:
    """Staff read it; nothing else follows from it, whatever it says."""
    return Outcome(it=attend(s.it, "note", ("note", s.command.note)))


def note_claim(s: Situation[SupplyTransaction, c.ClaimDefect, LendingPolicy, LendingFacts]) -> Outcome:
    """The claim is open until the copy is sent again."""
    said = s.command
    defect = Defect(on=today(s), what=said.what, note=said.note)
    it = replace(s.it, defects=(*s.it.defects, defect))
    return Outcome(it=attend(it, DEFECT, ("what", said.what), *messages.said("note", said.note)))


def note_out_of_order(s: Supply) -> Outcome:
    """It is taken down for staff to look at, and changes nothing."""
    said, state = type(s.command).__name__, s.it.state.value
    return Outcome(it=attend(s.it, "out-of-order", ("said", said), ("state", state)))


def note_before_shipping(s: Supply) -> Outcome:
    """What is said of volumes on a day on which they had not left yet is taken down, and changes nothing.

    No day is made up for it, by which a fine would end or a term begin: staff ask, and enter what was meant.
    """
    assert s.it.shipped_on is not None  # it was shipped
    said, shipped_on = type(s.command).__name__, s.it.shipped_on
    return Outcome(it=attend(s.it, "before-it-was-shipped", ("said", said), ("shipped_on", shipped_on)))


def clear_attention(
    s: Situation[SupplyTransaction, c.ClearSupplyAttention, LendingPolicy, LendingFacts],
) -> Outcome:
    """Staff have seen to it."""
    return Outcome(it=seen_to(s.it, s.command.code))


# --- what the rules answer at once ----------------------------------------------------------------

_BEFORE_SUPPLY: Final = (SupplyState.NEW, SupplyState.CHECKING, SupplyState.PROMISED, SupplyState.OFFERED)


def follow(s: Situation[SupplyTransaction, Any, LendingPolicy, Any]) -> Command | None:
    """What the rules do not allow is answered no at once, with every rule that says so.

    A request that they allow may be promised at once; a cancellation that comes too late is answered.
    """
    if isinstance(s.command, c.ReceiveRequest):
        return _refusal(s) or _promise(s)
    if isinstance(s.command, c.RequestRenewal):
        return _no_renewal(s)
    if isinstance(s.command, c.RequestCancel):
        return _late_cancel(s)
    return None


def _answer(s: Supply, kind: type[Command], **said: Any) -> Command:
    by = Actor.policy(s.it.supplier)
    return kind(**s.command.entailed("answer", case=s.it.id, by=by), **said)


def _refusal(s: Supply) -> Command | None:
    who = (*g.related(s), *g.not_held_locally(s))
    what = tuple(g.lendable(s))
    if not who and not what:
        return None
    why = Unfilled.POLICY_PROBLEM if who else Unfilled.NON_CIRCULATING
    return _answer(s, c.CannotSupply, why=why, reasons=who + what)


def _promise(s: Supply) -> Command | None:
    """Only what staff would promise without a second look: known, in good standing, and not too dear."""
    rule = s.policy.promises_by_itself.on(today(s))
    if not rule.value or s.facts.material is None or not _price_is_clear(s):
        return None
    if any(reason for guard in (g.still_needed, g.in_good_standing, g.slip_filed) for reason in guard(s)):
        return None
    return _answer(s, c.Promise)


def _price_is_clear(s: Supply) -> bool:
    """Whether a volume costs no more than the requester pays unasked, by what is known now."""
    most = s.it.max_cost
    if most is None:
        return True
    if s.it.service is not Service.LOAN or s.it.place is Place.ABROAD or most.currency != s.policy.currency:
        return False
    return charges.loan_fee(s.policy, today(s), s.it.place, volumes=1, tariff=None).money <= most


def _no_renewal(s: Situation[SupplyTransaction, c.RequestRenewal, LendingPolicy, Any]) -> Command | None:
    wish = s.it.renewal_wish
    if wish is None or wish.said_in != s.command.id:  # one that came before still waits
        return None
    rules = (g.renewals_left, g.asked_before_due, g.nobody_waits, g.reason_given, g.not_recalled)
    reasons = tuple(reason for rule in rules for reason in rule(s))
    return _answer(s, c.DeclineRenewal, reasons=reasons) if reasons else None


def _late_cancel(s: Supply) -> Command | None:
    if s.it.state in _BEFORE_SUPPLY:
        return None
    return _answer(s, c.AnswerCancel, yes=s.it.closing is Closing.CANCELLED)
