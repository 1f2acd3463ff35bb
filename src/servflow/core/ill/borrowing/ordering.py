"""What follows before something is sent to us: the request, its suppliers, offers, cancellations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servflow.core.changes import Actor, Message
from servflow.core.citations import Plain
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import messages
from servflow.core.ill.borrowing.guards import (
    ON_CREDIT,
    Case,
    retry_of,
)
from servflow.core.ill.borrowing.model import (
    Attempt,
    Beside,
    BorrowingCase,
    Cancellation,
)
from servflow.core.ill.borrowing.outcomes import (
    asked_at,
    closed,
    done,
    left,
    present,
    staged,
    undoable,
    with_attempt,
)
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.several import cancel_beside, overdue, timed_out, wave
from servflow.core.ill.borrowing.states import (
    AttemptState,
    BorrowingRole,
    CaseOutcome,
    CaseState,
    DelayKind,
)
from servflow.core.ill.terms import (
    CancelIntent,
    OfferState,
    attend,
)
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "abandon",
    "accept_offer",
    "accept_retry",
    "amend",
    "approve",
    "block",
    "cancel",
    "decline",
    "decline_retry",
    "draft",
    "duplicate",
    "exhaust",
    "expire",
    "expire_with_supplier",
    "fill_locally",
    "give_up",
    "note_delay",
    "override",
    "query_status",
    "recheck",
    "refer",
    "reject_offer",
    "resubmit",
    "send",
    "set_rota",
    "skip",
    "submit",
    "time_out",
    "vouch",
    "wanted",
    "withdraw",
]

S = CaseState


# --- the request, until it is with a supplier ------------------------------------------------------


def draft(s: Situation[None, c.DraftRequest, BorrowingPolicy, Any]) -> Outcome:
    """The case as it begins."""
    said = s.command
    it = BorrowingCase(
        id=said.case,
        state=S.DRAFT,
        patron=said.patron,
        library=said.library,
        service=said.service,
        requested=said.requested,
        level=said.level,
        need_before=said.need_before,
        max_cost=said.max_cost,
        wished=said.delivery,
        forwardable=said.forwardable,
        preceded_by=said.preceded_by,
        fills=said.fills,
        attempts=_rota((), said.suppliers),
        note=said.note or None,
        routed_by=said.routed_by,
    )
    return Outcome(it=it)


def _rota(attempts: tuple[Attempt, ...], suppliers: tuple[str, ...]) -> tuple[Attempt, ...]:
    """Those asked so far, then these, one attempt each."""
    asked = tuple(each for each in attempts if each.state is not AttemptState.PENDING)
    first = max((each.number for each in attempts), default=0) + 1
    ahead = (Attempt(number=number, supplier=name) for number, name in enumerate(suppliers, start=first))
    return (*asked, *ahead)


def amend(s: Case) -> Outcome:
    """What was given is so from now on."""
    said: c.AmendRequest = s.command
    it = replace(
        s.it,
        requested=said.requested or s.it.requested,
        service=said.service or s.it.service,
        level=said.level or s.it.level,
        need_before=said.need_before or s.it.need_before,
        max_cost=s.it.max_cost if said.max_cost is None else said.max_cost,
        wished=said.delivery or s.it.wished,
    )
    return done(s, it)


def submit(s: Case) -> Outcome:
    """The patron hears that it has been received."""
    it = replace(s.it, declared=s.command.declared, submitted_on=today(s))
    return done(s, it, told=messages.tell_patron(it, messages.SUBMITTED))


def block(s: Case) -> Outcome:
    """The patron hears why it cannot be ordered."""
    it = replace(s.it, reasons=s.command.reasons)
    told = messages.tell_patron(it, messages.BLOCKED, (), it.reasons)
    return done(s, it, told=told, stands=S.BLOCKED)


def refer(s: Case) -> Outcome:
    """Staff hear that there is something to look at, and why."""
    it = replace(s.it, reasons=s.command.reasons)
    return done(s, it, told=messages.tell_staff(it, messages.NEW_REQUEST, it.reasons))


def approve(s: Case) -> Outcome:
    """It may be ordered; suppliers that the host proposes are taken where neither case nor centre does."""
    it = replace(s.it, reasons=())
    if s.command.copyright_basis.strip():
        it = replace(it, copyright_basis=s.command.copyright_basis)
    if not it.attempts and it.routed_by is None:
        it = replace(it, attempts=_rota((), s.facts.suppliers))
    return done(s, it, withdrawn=messages.no_more(it.key, messages.NEW_REQUEST))


def recheck(s: Case) -> Outcome:
    """What was found before no longer counts."""
    return done(s, replace(s.it, reasons=()), stands=S.SUBMITTED)


def override(s: Case) -> Outcome:
    """Staff answer for it; also for the account, where that was what did not let it pass."""
    it = s.it
    if any(reason.code in ON_CREDIT for reason in it.reasons):
        it = replace(it, vouched=True)
    told = messages.tell_staff(it, messages.NEW_REQUEST, it.reasons)
    withdrawn = messages.no_more(it.key, messages.BLOCKED)
    return done(s, it, told=told, withdrawn=withdrawn, stands=S.IN_REVIEW)


def vouch(s: Case) -> Outcome:
    """Staff answer for what the patron's account does not bear, to the end of the case."""
    return done(s, replace(s.it, vouched=True))


def withdraw(s: Case) -> Outcome:
    """It is over before anybody had it."""
    return _closed_with(s, CaseOutcome.CANCELLED, messages.CANCELLED)


def decline(s: Case) -> Outcome:
    """The patron hears why not."""
    return _closed_with(s, CaseOutcome.DECLINED, messages.DECLINED, (("reason", s.command.reason),))


def duplicate(s: Case) -> Outcome:
    """The other case goes on for both, and the patron hears which."""
    it = replace(closed(s, s.it, CaseOutcome.DUPLICATE), filled_by=s.command.other)
    told = messages.tell_patron(it, messages.DUPLICATE, (("other", s.command.other),))
    return done(s, it, told=told, withdrawn=messages.no_more(it.key, messages.NEW_REQUEST))


def fill_locally(s: Case) -> Outcome:
    """The patron hears that it is here."""
    it = replace(closed(s, s.it, CaseOutcome.FILLED_LOCALLY), filled_by=s.command.item or None)
    withdrawn = messages.no_more(it.key, messages.NEW_REQUEST, messages.ROTA_END)
    return done(s, it, told=messages.tell_patron(it, messages.READY), withdrawn=withdrawn)


def expire(s: Case) -> Outcome:
    """It is of no use any more."""
    return _closed_with(s, CaseOutcome.EXPIRED, messages.EXPIRED)


def give_up(s: Case) -> Outcome:
    """The patron hears that it cannot be had, and why the last one that said why did not supply (CALIS-9)."""
    why = [each.why.value for each in s.it.attempts if each.why is not None]
    facts = (*(("why", each) for each in why[-1:]), ("note", s.command.note))
    return _closed_with(s, CaseOutcome.UNFILLED, messages.UNAVAILABLE, facts)


def _closed_with(
    s: Case, outcome: CaseOutcome, kind: str, facts: tuple[tuple[str, Plain], ...] = ()
) -> Outcome:
    it = closed(s, s.it, outcome)
    told = messages.tell_patron(it, kind, facts) if s.it.state is not S.DRAFT else ()
    withdrawn = messages.no_more(it.key, messages.NEW_REQUEST, messages.ROTA_END)
    return done(s, it, told=told, withdrawn=withdrawn)


# --- suppliers ------------------------------------------------------------------------------------


def set_rota(s: Case) -> Outcome:
    """Those asked so far stay; what comes after is as was said."""
    it = replace(s.it, attempts=_rota(s.it.attempts, s.command.suppliers), centre_asked=None)
    if it.state in {S.ROUTABLE, S.ROTA_EXHAUSTED}:
        it = replace(it, since=None)  # out of the staff's hands again
    return done(s, it, withdrawn=messages.no_more(it.key, messages.ROTA_END))


def skip(s: Case) -> Outcome:
    """The next one is never asked; staff who pass it over say what comes instead."""
    it = with_attempt(s.it, replace(s.it.ahead[0], state=AttemptState.SKIPPED))
    if s.role is BorrowingRole.STAFF:
        it = replace(it, since=s.command.happened_at)
    return done(s, it)


def send(s: Case) -> Outcome:
    """The next supplier is asked, or the next ones at once; the patron hears once that it was ordered."""
    at = asked_at(s)
    front, *others = (
        replace(each, state=AttemptState.ACTIVE, request_id=f"{s.it.id}~{each.number}", sent_at=at)
        for each in wave(s)
    )
    asked = (front, *(replace(each, beside=Beside(stands=S.SENT, since=at)) for each in others))
    first = all(each.sent_at is None for each in s.it.attempts)
    it = replace(s.it, current=front.number, delayed=(), since=at)
    step, waits = undoable(s)
    told: tuple[Message, ...] = ()
    for attempt in asked:
        it = with_attempt(it, attempt)
        facts = _order(it, attempt)
        told += messages.tell_supplier(it, messages.REQUEST, facts, attempt=attempt, not_before=waits)
    if first:
        told += messages.tell_patron(it, messages.ORDERED, not_before=waits)
    return done(s, it, told=told, step=step)


def _order(it: BorrowingCase, attempt: Attempt) -> tuple[tuple[str, Plain], ...]:
    """The request as the supplier needs it."""
    before = it.numbered(attempt.retry_of) if attempt.retry_of is not None else None
    facts: list[tuple[str, Plain | None]] = [
        ("kind_of", "retry" if before is not None else "new"),
        ("previous", before.request_id if before is not None else None),
    ]
    return wanted(it, *facts)


def wanted(it: BorrowingCase, *more: tuple[str, Plain | None]) -> tuple[tuple[str, Plain], ...]:
    """What is wanted, as whoever is to supply it, or to say who is, needs it; and what more is said."""
    facts: list[tuple[str, Plain | None]] = [
        ("service", it.service.value),
        ("level", it.level.value),
        *it.requested.facts,
        ("need_before", it.need_before),
        ("max_cost", it.max_cost),
        ("forwardable", bool(it.forwardable)),
        *more,
        ("via", it.wished.via.value if it.wished is not None else None),
        ("reference", it.wished.reference if it.wished is not None else None),
        ("declared", bool(it.declared)),
        ("note", it.note),
    ]
    return tuple((name, value) for name, value in facts if value is not None and value != "")


def exhaust(s: Case) -> Outcome:
    """Staff hear that somebody has to decide; it overtakes that the request came in."""
    return done(s, s.it, told=messages.tell_staff(s.it, messages.ROTA_END))


def resubmit(s: Case) -> Outcome:
    """A new case begins with what this one asked for."""
    it = replace(closed(s, s.it, CaseOutcome.SUPERSEDED), filled_by=s.command.successor)
    again = c.DraftRequest(
        **s.command.entailed("resubmit", case=s.command.successor, by=Actor.policy(it.library)),
        patron=it.patron,
        library=it.library,
        service=it.service,
        requested=it.requested,
        level=it.level,
        need_before=it.need_before,
        max_cost=it.max_cost,
        delivery=it.wished,
        forwardable=bool(it.forwardable),
        preceded_by=it.id,
        routed_by=it.routed_by,
    )
    withdrawn = messages.no_more(it.key, messages.ROTA_END)
    return done(s, it, commands=(again,), withdrawn=withdrawn)


def expire_with_supplier(s: Case) -> Outcome:
    """The supplier is asked to cancel; what it ships meanwhile still counts."""
    it = replace(s.it, delayed=(*s.it.delayed, DelayKind.NEED_BEFORE))
    return _cancelled(s, it, CancelIntent.END_CASE, "need-before-passed")


def time_out(s: Case) -> Outcome:
    """The silent supplier is told that it is not asked any more; a case that was to end has ended.

    So is every other one that is as late.
    """
    it, leave = s.it, (("intent", CancelIntent.LEAVE_SUPPLIER.value),)
    told = messages.tell_supplier(it, messages.CANCEL, leave)
    for each in overdue(s):
        told += messages.tell_supplier(it, messages.CANCEL, leave, attempt=each)
        it = with_attempt(it, timed_out(each))
    return left(s, AttemptState.TIMED_OUT, it=it, told=told)


def note_delay(s: Case) -> Outcome:
    """Staff are to look at it."""
    kind: DelayKind = s.command.kind
    it = attend(s.it, "late", ("kind", kind.value), ("since", today(s)))
    return done(s, replace(it, delayed=(*it.delayed, kind)))


def query_status(s: Case) -> Outcome:
    """The supplier is asked how it stands."""
    return done(s, s.it, told=messages.tell_supplier(s.it, messages.STATUS_REQUEST))


def accept_offer(s: Case) -> Outcome:
    """The terms are agreed: the cost, and the conditions. Whoever agrees wishes the case to go on."""
    attempt = present(s.it)
    offer = attempt.offer
    assert offer is not None  # it is offered
    accepted = replace(
        attempt,
        offer=replace(offer, state=OfferState.ACCEPTED),
        agreed=offer.cost if offer.cost is not None else attempt.agreed,
        conditions=offer.conditions,
    )
    it = replace(staged(with_attempt(s.it, accepted), s.command.happened_at), cancel=None)
    facts: tuple[tuple[str, Plain], ...] = (("revision", offer.revision),)
    if offer.cost is not None:
        facts += (("cost", offer.cost),)
    if offer.conditions:
        facts += (("conditions", ",".join(each.value for each in offer.conditions)),)
    told = messages.tell_supplier(it, messages.OFFER_ACCEPTED, facts)
    return done(s, it, told=told, withdrawn=messages.no_more(it.key, messages.DECISION))


def reject_offer(s: Case) -> Outcome:
    """The terms are not taken; the supplier's answer decides how it goes on."""
    attempt = present(s.it)
    offer = attempt.offer
    assert offer is not None  # it is offered
    it = with_attempt(s.it, replace(attempt, offer=replace(offer, state=OfferState.REJECTED)))
    cancel = Cancellation(
        intent=s.command.intent, asked_at=s.command.happened_at, of_offer=True, reason=s.command.note
    )
    it = replace(it, cancel=cancel)
    told = messages.tell_supplier(
        it, messages.OFFER_REJECTED, (("revision", offer.revision), ("note", s.command.note))
    )
    if cancel.intent is CancelIntent.END_CASE:
        it, others = cancel_beside(it, cancel)
        told += others
    return done(s, it, told=told, withdrawn=messages.no_more(it.key, messages.DECISION))


def cancel(s: Case) -> Outcome:
    """The supplier is asked to cancel."""
    return _cancelled(s, s.it, s.command.intent, s.command.reason)


def _cancelled(s: Case, it: BorrowingCase, intent: CancelIntent, reason: str) -> Outcome:
    told: tuple[Message, ...] = ()
    if it.cancel is not None and it.cancelling:  # the supplier was asked before: it is not asked twice
        cancel = replace(it.cancel, intent=intent, reason=reason or it.cancel.reason)
    else:
        cancel = Cancellation(intent=intent, asked_at=asked_at(s), reason=reason)
        told = messages.tell_supplier(it, messages.CANCEL, (("intent", intent.value), ("note", reason)))
    it = replace(it, cancel=cancel)
    if intent is CancelIntent.END_CASE:
        it, others = cancel_beside(it, cancel)
        told += others
    return done(s, it, told=told, withdrawn=messages.no_more(it.key, messages.DECISION))


def abandon(s: Case) -> Outcome:
    """Without an answer it is taken as cancelled; the supplier is told, and what it sends goes back."""
    told = messages.tell_supplier(s.it, messages.ABANDONED, (("note", s.command.reason),))
    return left(s, AttemptState.CANCELLED, told=told)


def accept_retry(s: Case) -> Outcome:
    """The same supplier comes next, on its terms, before any other; out of the staff's hands again."""
    last = retry_of(s)
    assert last is not None  # a guard has seen it
    number = max(each.number for each in s.it.attempts) + 1
    again = Attempt(
        number=number,
        supplier=last.supplier,
        retry_of=last.number,
        after=last.after if last.after is not None and last.after > today(s) else None,
        agreed=last.offer.cost if last.offer is not None else None,
    )
    asked = (each for each in s.it.attempts if each.state is not AttemptState.PENDING)
    it = replace(s.it, attempts=(*asked, again, *s.it.ahead), since=None)
    if s.command.requested is not None:
        it = replace(it, requested=s.command.requested)
    if s.command.max_cost is not None:
        it = replace(it, max_cost=s.command.max_cost)
    return done(s, it, withdrawn=messages.no_more(it.key, messages.ROTA_END))


def decline_retry(s: Case) -> Outcome:
    """The next one is asked."""
    return done(s, s.it)
