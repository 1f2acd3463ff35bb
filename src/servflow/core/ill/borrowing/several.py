"""Several suppliers asked at the same time: who is in front, who beside, and who is left.

The case stands for one of them, the one in front; the others say themselves how it stands with them
(``Attempt.beside``). Whoever promises or ships first gets in front, and the others are left. What one of
them says beside is heard as if it were in front, and leaves the case where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from servflow.core.changes import Message
from servflow.core.citations import Reason
from servflow.core.dates import lies_after
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import messages
from servflow.core.ill.borrowing.guards import (
    Case,
    asked_too,
    attempt_named,
    from_its_supplier,
    has_offer,
    is_beside,
    wishes_the_end,
)
from servflow.core.ill.borrowing.hearing import decision, out_of_place
from servflow.core.ill.borrowing.model import Attempt, Beside, BorrowingCase, Cancellation
from servflow.core.ill.borrowing.outcomes import done, with_attempt
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.states import AttemptState, CancelState, CaseState
from servflow.core.ill.terms import CancelIntent, OfferState
from servflow.core.lifecycle import Effect, Outcome, chooser

__all__ = [
    "alone",
    "also_asked",
    "answers_by",
    "aside",
    "being_left",
    "beside",
    "cancel_beside",
    "first_in_line",
    "from_whom",
    "go_on",
    "in_front",
    "is_overdue",
    "is_settled",
    "its_cancel_pending",
    "its_offer_open",
    "late",
    "leads",
    "leave",
    "of_one_beside",
    "offers_terms",
    "overdue",
    "silence_ends",
    "stands_expected",
    "stands_offered",
    "stands_promised",
    "time_out_beside",
    "timed_out",
    "wave",
    "whose",
]

_LEAVE: Final = (("intent", CancelIntent.LEAVE_SUPPLIER.value),)
_SENT_TO_US: Final = (CaseState.SHIPPED, CaseState.RECEIVED, CaseState.DELIVERED)


# --- who is asked ---------------------------------------------------------------------------------


def wave(s: Case) -> tuple[Attempt, ...]:
    """Whom a ``Send`` asks: the next supplier, and with it as many that can be asked now as the rules say.

    None of them twice; those that cannot be asked now, for any reason for which the next one would not be,
    keep their place.
    """
    first, *rest = s.it.ahead
    most = s.policy.ask_at_once.on(today(s)).value
    taken = {first.supplier}
    asked = [first]
    for attempt in rest:
        if len(asked) < most and attempt.supplier not in taken and asked_too(s, attempt):
            asked.append(attempt)
            taken.add(attempt.supplier)
    return tuple(asked)


# --- how it stands with one of them ---------------------------------------------------------------


def _beside(s: Case) -> Beside | None:
    attempt = attempt_named(s)
    return attempt.beside if attempt is not None else None


@chooser
def beside(s: Case) -> bool:
    """A supplier that has the request beside the one in front speaks of it."""
    return is_beside(s)


@chooser
def alone(s: Case) -> bool:
    """No other supplier has the request."""
    return not s.it.beside


@chooser
def its_offer_open(s: Case) -> bool:
    """An offer of the supplier that speaks waits for our decision."""
    return has_offer(attempt_named(s))


@chooser
def its_cancel_pending(s: Case) -> bool:
    """A cancellation of ours waits for the answer of the supplier that speaks."""
    it = _beside(s)
    return it is not None and it.cancelling


def _leaves(cancel: Cancellation | None) -> bool:
    pending = cancel is not None and cancel.state is CancelState.PENDING
    return cancel is not None and pending and cancel.intent is CancelIntent.LEAVE_SUPPLIER


@chooser
def being_left(s: Case) -> bool:
    """The supplier that speaks was asked to cancel, because somebody else is to supply."""
    it = _beside(s)
    return it is not None and _leaves(it.cancel)


@chooser
def stands_promised(s: Case) -> bool:
    """That supplier has promised it."""
    it = _beside(s)
    return it is not None and it.stands is CaseState.PROMISED


@chooser
def stands_offered(s: Case) -> bool:
    """That supplier has made an offer."""
    it = _beside(s)
    return it is not None and it.stands is CaseState.OFFERED


@chooser
def stands_expected(s: Case) -> bool:
    """That supplier thinks that it can."""
    it = _beside(s)
    return it is not None and it.stands is CaseState.EXPECTED


def also_asked(s: Case) -> Iterator[Reason]:
    """The attempt is with a supplier that has the request beside the one in front."""
    if _beside(s) is None:
        yield Reason("ill.not-also-asked", None, (("attempt", s.command.attempt),))


def offers_terms(s: Case) -> Iterator[Reason]:
    """Its offer waits for our decision."""
    attempt = attempt_named(s)
    if _beside(s) is not None and attempt is not None and not has_offer(attempt):
        yield Reason("ill.no-offer-of-it", None, (("supplier", attempt.supplier),))


def whose(s: Case) -> Iterator[Reason]:
    """From whom it came is known: one supplier only has the request, or staff say which."""
    named = s.command.attempt
    if named is None:
        if s.it.beside:
            yield Reason("ill.supplier-not-said")
    elif named != s.it.current:
        yield from also_asked(s)


# --- who is in front ------------------------------------------------------------------------------


def in_front(it: BorrowingCase, number: int) -> BorrowingCase:
    """The case as it stands for that attempt; the one before stands beside, if it has the request still."""
    before, attempt = it.attempt, it.numbered(number)
    assert attempt is not None
    assert attempt.beside is not None  # it has the request
    if before is not None and before.state is AttemptState.ACTIVE:
        assert it.since is not None  # it is with a supplier
        place = Beside(stands=it.state, since=it.since, cancel=it.cancel)
        it = with_attempt(it, replace(before, beside=place))
    place = attempt.beside
    it = with_attempt(it, replace(attempt, beside=None))
    return replace(it, current=number, state=place.stands, since=place.since, cancel=place.cancel)


def leads(effect: Effect) -> Effect:
    """What the supplier says takes it to the front."""

    def from_the_front(s: Case) -> Outcome:
        return effect(s._replace(it=in_front(s.it, s.command.attempt)))

    return from_the_front


def aside(effect: Effect, stands: CaseState | None = None) -> Effect:
    """What the supplier says is about its own attempt, which then ``stands`` there (None: as before).

    Nothing that was told about the one in front is withdrawn.
    """

    def from_beside(s: Case) -> Outcome:
        front = s.it.current
        assert front is not None  # somebody was asked
        outcome = effect(s._replace(it=in_front(s.it, s.command.attempt)))
        it: BorrowingCase = outcome.it  # type: ignore[assignment]  # effects of this desk give cases
        it = in_front(replace(it, state=stands or it.state), front)
        return outcome._replace(it=replace(it, delayed=s.it.delayed), withdrawals=())

    return from_beside


def from_whom(effect: Effect) -> Effect:
    """What has come takes the supplier that sent it to the front."""

    def received_from(s: Case) -> Outcome:
        return leads(effect)(s) if _beside(s) is not None else effect(s)

    return received_from


def first_in_line(it: BorrowingCase) -> Attempt | None:
    """Who gets in front when the one before is out of it: who offers, is not cancelled, has promised."""

    def rank(attempt: Attempt) -> tuple[bool, bool, bool]:
        assert attempt.beside is not None
        promised = attempt.beside.stands is CaseState.PROMISED
        return not has_offer(attempt), attempt.beside.cancelling, not promised

    return min(it.beside, key=rank, default=None)


def go_on(s: Case) -> Outcome:
    """The case stands for that supplier; if it has made an offer, who decides hears of it."""
    it = in_front(s.it, s.command.attempt)
    return decision(s, it) if has_offer(it.attempt) else done(s, it)


# --- who is left ----------------------------------------------------------------------------------


def is_settled(it: BorrowingCase) -> bool:
    """Whether the one in front supplies: it has sent something, or has promised and is not left itself."""
    return it.state in _SENT_TO_US or (it.state is CaseState.PROMISED and not _leaves(it.cancel))


def leave(s: Case) -> Outcome:
    """It is told that it is not asked any more, unless it was asked to cancel already."""
    attempt = attempt_named(s)
    assert attempt is not None
    assert attempt.beside is not None  # a guard has seen it
    told: tuple[Message, ...] = ()
    if not attempt.beside.cancelling:
        told = messages.tell_supplier(s.it, messages.CANCEL, _LEAVE, attempt=attempt)
    offer = attempt.offer
    if offer is not None and has_offer(attempt):
        offer = replace(offer, state=OfferState.LAPSED)
    gone = replace(attempt, state=AttemptState.CANCELLED, offer=offer, beside=None, left=True)
    return done(s, with_attempt(s.it, gone), told=told)


def answers_by(it: BorrowingCase, policy: BorrowingPolicy, attempt: Attempt) -> datetime | None:
    """Until when somebody beside answers; None where its answer is not waited for.

    Whoever has promised or made an offer has answered; a cancellation has a time of its own.
    """
    place = attempt.beside
    if place is None or place.cancelling or place.stands not in {CaseState.SENT, CaseState.EXPECTED}:
        return None
    return policy.answer_by(place.since, it.level)


def overdue(s: Case) -> tuple[Attempt, ...]:
    """Who of those beside has not answered within its time either."""
    times = ((each, answers_by(s.it, s.policy, each)) for each in s.it.beside)
    now: datetime = s.command.happened_at
    return tuple(each for each, by in times if by is not None and not lies_after(by, now))


@chooser
def silence_ends(s: Case) -> bool:
    """The case was to end, and every other supplier that has the request is as late as the one in front."""
    return wishes_the_end(s.it) and len(overdue(s)) == len(s.it.beside)


@chooser
def of_one_beside(s: Case) -> bool:
    """It is about a supplier beside the one in front, by the number of its attempt."""
    return s.command.attempt is not None and s.command.attempt != s.it.current


def is_overdue(s: Case) -> Iterator[Reason]:
    """That supplier's time to answer is over, and it has not answered."""
    attempt = attempt_named(s)
    by = answers_by(s.it, s.policy, attempt) if attempt is not None else None
    if by is not None and lies_after(by, s.command.happened_at):
        yield Reason("ill.too-early", None, (("from", by.astimezone(s.policy.zone).isoformat()),))
    elif by is None and _beside(s) is not None:
        yield Reason("ill.answer-not-awaited", None, (("attempt", s.command.attempt),))


def time_out_beside(s: Case) -> Outcome:
    """The silent one is told that it is not asked any more; the case goes on with the others."""
    attempt = attempt_named(s)
    assert attempt is not None  # a guard has seen it
    told = messages.tell_supplier(s.it, messages.CANCEL, _LEAVE, attempt=attempt)
    return done(s, with_attempt(s.it, timed_out(attempt)), told=told)


def timed_out(attempt: Attempt) -> Attempt:
    """The attempt, given up because its supplier does not answer."""
    return replace(attempt, state=AttemptState.TIMED_OUT, beside=None)


def late(s: Case) -> Outcome:
    """Whoever was left and would supply all the same is told again; otherwise it has no place here."""
    attempt = attempt_named(s)
    if attempt is None or not attempt.left or attempt.returns is not None or not from_its_supplier(s):
        return out_of_place(s)
    return done(s, s.it, told=messages.tell_supplier(s.it, messages.CANCEL, _LEAVE, attempt=attempt))


def cancel_beside(it: BorrowingCase, cancel: Cancellation) -> tuple[BorrowingCase, tuple[Message, ...]]:
    """Those beside are asked to cancel as the one in front is; who was asked already is not asked again."""
    told: tuple[Message, ...] = ()
    facts = (("intent", cancel.intent.value), ("note", cancel.reason))
    for attempt in it.beside:
        place = attempt.beside
        assert place is not None
        if place.cancel is not None and place.cancelling:
            asked = replace(place.cancel, intent=cancel.intent)
        else:
            asked = replace(cancel, of_offer=False)
            told += messages.tell_supplier(it, messages.CANCEL, facts, attempt=attempt)
        it = with_attempt(it, replace(attempt, beside=replace(place, cancel=asked)))
    return it, told
