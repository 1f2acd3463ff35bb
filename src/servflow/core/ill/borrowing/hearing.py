"""What follows from what a supplier says.

Out of place it is taken down and shown to staff, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from servflow.core.changes import Actor, Command, Message
from servflow.core.citations import Plain
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import messages
from servflow.core.ill.borrowing.guards import (
    Case,
    answers_yes,
    attempt_named,
    from_its_supplier,
    is_beside,
    is_ours,
    over_agreed,
    returns_of,
    takes_itself,
)
from servflow.core.ill.borrowing.model import (
    Attempt,
    BorrowingCase,
)
from servflow.core.ill.borrowing.outcomes import (
    assessed,
    booked,
    closed,
    costed,
    done,
    in_vain,
    left,
    present,
    staged,
    supplied,
    told_due,
    with_attempt,
)
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.states import (
    AttemptState,
    BorrowingRole,
    CancelState,
    CaseOutcome,
    CaseState,
)
from servflow.core.ill.terms import (
    Level,
    Offer,
    OfferState,
    Service,
    Status,
    Unfilled,
    WhereLost,
    attend,
)
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "CROSSES",
    "SAID",
    "SAYS",
    "cancel_answered_late",
    "cancel_granted",
    "cancel_not_granted",
    "checked_in",
    "decision",
    "expected",
    "filed",
    "heard",
    "hold_return",
    "kept",
    "link_came",
    "lost_by_supplier",
    "offer_kept",
    "offered",
    "open_return",
    "out_of_place",
    "overdue_noticed",
    "promised",
    "recalled",
    "renewal_answered",
    "replaced",
    "retry",
    "retry_noted",
    "send_back",
    "shipped",
    "shipped_again",
    "status_heard",
    "unfilled",
    "withdrawn_by_supplier",
]

S = CaseState


_OUT: Final = (S.SHIPPED, S.RECEIVED, S.ON_LOAN, S.AWAITING_RETURN, S.RETURNED)

CROSSES: Final[Mapping[type[Command], tuple[CaseState, ...]]] = {
    c.HearReceived: (*_OUT, S.DELIVERED, S.LOST, S.CLOSED),
    c.HearExpect: (*_OUT, S.DELIVERED, S.LOST, S.CLOSED),
    c.HearPromise: (*_OUT, S.DELIVERED, S.LOST, S.CLOSED),
    c.HearRenewalAnswer: (S.RETURNED, S.CLOSED),
    c.HearRecall: (S.RETURNED, S.CLOSED),
    c.HearOverdue: (S.RETURNED, S.LOST, S.CLOSED),
    c.HearHoldReturn: (S.RETURNED, S.CLOSED),
    c.HearLost: (S.LOST, S.CLOSED),
    c.HearCheckedIn: (S.CLOSED,),
    c.HearNoReturnNeeded: (S.CLOSED,),
}
"""What a supplier may say too late without anything being wrong: messages cross on their way."""


def heard(s: Case) -> Outcome:
    """It is on record; what it has charged is owed."""
    return done(s, s.it)


def expected(s: Case) -> Outcome:
    """It is likely; its time to answer runs anew."""
    return done(s, staged(s.it, s.command.happened_at))


def promised(s: Case) -> Outcome:
    """It will come; whether it will be of use still is for staff to see."""
    it = staged(s.it, s.command.happened_at)
    attempt = present(it)
    if attempt.offer is not None and attempt.offer.state is OfferState.OPEN:
        it = with_attempt(it, replace(attempt, offer=replace(attempt.offer, state=OfferState.LAPSED)))
    if it.need_before is not None and today(s) > it.need_before:
        it = attend(it, "late-promise", ("need_before", it.need_before))
    return done(s, it, withdrawn=messages.no_more(it.key, messages.DECISION))


def offered(s: Case) -> Outcome:
    """The terms are on record in the place of earlier ones; who decides hears of them."""
    return decision(s, _with_offer(s))


def offer_kept(s: Case) -> Outcome:
    """The terms are on record; they wait until the offer of the supplier in front is decided."""
    it = _with_offer(s)
    return done(s, attend(it, "another-offer", ("supplier", present(it).supplier)))


def _with_offer(s: Case) -> BorrowingCase:
    said: c.HearOffer = s.command
    attempt = present(s.it)
    before = attempt.offer.revision if attempt.offer is not None else 0
    offer = Offer(
        revision=said.revision or before + 1,
        conditions=said.conditions,
        cost=said.cost,
        reply_by=said.reply_by,
        note=said.note,
    )
    return staged(with_attempt(s.it, replace(attempt, offer=offer)), said.happened_at)


def decision(s: Case, it: BorrowingCase) -> Outcome:
    """Who decides hears of the offer that stands; of one that has lapsed, or is taken by rule, nobody."""
    offer = present(it).offer
    assert offer is not None  # it is offered
    if offer.reply_by is not None and today(s) > offer.reply_by:
        it = attend(it, "offer-lapsed", ("reply_by", offer.reply_by))
        return done(s, it, withdrawn=messages.no_more(it.key, messages.DECISION))
    if it.cancelling or takes_itself(s._replace(it=it, role=BorrowingRole.SYSTEM)):
        return done(s, it)  # nobody is asked
    facts: list[tuple[str, Plain]] = [("attempt", present(it).number), ("revision", offer.revision)]
    if offer.note:
        facts.append(("note", offer.note))
    if offer.conditions:
        facts.append(("conditions", ",".join(each.value for each in offer.conditions)))
    if offer.cost is not None:
        facts.append(("cost", offer.cost))
    if offer.reply_by is not None:
        facts.append(("reply_by", offer.reply_by))
    return done(s, it, told=messages.tell_patron(it, messages.DECISION, tuple(facts)))


def unfilled(s: Case) -> Outcome:
    """Not from this one. That it has our request already is for staff to see, before another is asked."""
    said: c.HearUnfilled = s.command
    if said.forwarded_to is not None:
        s = s._replace(it=attend(s.it, "forwarded", ("to", said.forwarded_to)))
        return left(s, AttemptState.UNFILLED, why=said.why)
    attention = "duplicate-at-supplier" if said.why is Unfilled.DUPLICATE else ""
    return left(s, AttemptState.UNFILLED, why=said.why, attention=attention)


def retry(s: Case) -> Outcome:
    """Not now: when, and on what terms, is on record."""
    return _retry(s)


def retry_noted(s: Case) -> Outcome:
    """Not now, while others have the request: the terms are on record, and staff may come back to them."""
    return _retry(s, "could-retry")


def _retry(s: Case, attention: str = "") -> Outcome:
    said: c.HearRetry = s.command
    before = max(said.before, today(s)) if said.before is not None else None  # not before it was said
    terms: dict[str, Any] = {"retry": said.why, "after": said.after, "before": before}
    if said.cost is not None:
        terms["agreed"] = None
        terms["offer"] = Offer(revision=1, cost=said.cost, state=OfferState.LAPSED)
    return left(s, AttemptState.RETRY, attention=attention, **terms)


def withdrawn_by_supplier(s: Case) -> Outcome:
    """It will not come after all. Where nobody had asked for that, staff are to know."""
    if s.it.cancelling:
        return left(s, AttemptState.CANCELLED)
    return left(s, AttemptState.WITHDREW, attention="supplier-cancelled")


def cancel_granted(s: Case) -> Outcome:
    """The supplier is out of it."""
    return left(s, AttemptState.CANCELLED)


def cancel_not_granted(s: Case) -> Outcome:
    """A "no" restores nothing, because nothing had moved. An answer that contradicts itself is none."""
    said: c.HearCancelAnswer = s.command
    if answers_yes(said) is None:
        assert said.status is not None  # an answer without one contradicts nothing
        answer = "yes" if said.yes else "nothing"
        return done(s, attend(s.it, "contradiction", ("said", answer), ("status", said.status.value)))
    it = s.it
    assert it.cancel is not None  # it is pending
    it = replace(it, cancel=replace(it.cancel, state=CancelState.REFUSED))
    it = attend(it, "cancel-refused", ("supplier", present(it).supplier))
    return done(s, it)


def cancel_answered_late(s: Case) -> Outcome:
    """After the shipment a "no" says nothing new, and a "yes" is for staff to clear up."""
    it = s.it
    if answers_yes(s.command) is not False:
        it = attend(it, "conflict", ("said", type(s.command).__name__), ("state", it.state.value))
    return done(s, it)


def shipped(s: Case) -> Outcome:
    """It is on its way, or here. Shipped beats cancel; what was not agreed is for staff to see."""
    said: c.HearShipped = s.command
    it = costed(s.it, said, s.policy.currency)
    attempt = present(it)
    if attempt.offer is not None and attempt.offer.state in {OfferState.OPEN, OfferState.REJECTED}:
        it = attend(it, "terms-not-accepted", ("supplier", attempt.supplier))
    if over_agreed(it):
        it = attend(it, "cost-over-agreed", ("supplier", attempt.supplier))
    if it.cancel is not None and it.cancel.state is not CancelState.MOOT:
        it = replace(it, cancel=replace(it.cancel, state=CancelState.MOOT))
        it = attend(it, "shipped-despite-cancel", ("supplier", attempt.supplier))
    if it.service not in {said.service, Service.COPY_OR_LOAN}:
        it = attend(it, "service-differs", ("said", said.service.value))
    it = supplied(it, said.service, said.items, today(s))
    it = replace(it, copy=said.delivery if it.is_copy else None)
    it = staged(it, said.happened_at)
    if said.due is not None:
        it = told_due(s, replace(it, renewable=said.renewable), said.due)
        if said.due < today(s):
            it = attend(it, "due-passed-already", ("due", said.due))
    elif not it.is_copy and it.due is None:
        it = attend(it, "due-unknown", ("supplier", attempt.supplier))
    told = _told_link(it) if it.is_copy and said.delivery is not None and said.delivery.via.online else ()
    return done(s, it, told=told, withdrawn=messages.no_more(it.key, messages.DECISION), charge=True)


def _told_link(it: BorrowingCase) -> tuple[Message, ...]:
    facts = (("link", it.copy.reference),) if it.copy is not None else ()
    return messages.tell_patron(it, messages.LINK, facts)


def shipped_again(s: Case) -> Outcome:
    """Said once more: what differs is put right; a later due date counts as a renewal granted."""
    said: c.HearShipped = s.command
    it = s.it
    new = tuple(item for item in said.items if item not in it.items)
    if new and it.items == (present(it).request_id,):
        it = _named(it, said.items)
    elif new:
        it = replace(it, items=(*it.items, *new))
        it = attend(it, "more-pieces", ("items", ", ".join(new)))
    if said.service is not it.supplied:
        it = attend(it, "service-differs", ("said", said.service.value))
    elif said.due is not None and it.due is not None and said.due < it.due:
        it = attend(it, "due-differs", ("ours", it.due), ("theirs", said.due))
    elif said.due is not None and said.due != it.due:
        return _granted(s, replace(it, renewable=said.renewable), said.due)
    return done(s, it, charge=True)


def _granted(s: Case, it: BorrowingCase, due: date) -> Outcome:
    """A longer term, asked for or not; the first one that is told is no renewal."""
    renewed = it.due is not None
    it = told_due(s, replace(it, renewal_asked_on=None), due)
    if not renewed:
        return done(s, it, charge=True)
    it = replace(it, renewals=(it.renewals or 0) + 1)
    assert it.patron_due is not None  # just told
    told = messages.tell_patron(it, messages.RENEWED, (("due", it.patron_due),))
    return done(s, it, told=told if it.received else (), charge=True)


def _named(it: BorrowingCase, items: tuple[str, ...]) -> BorrowingCase:
    """What came or was announced without a name has one; what became of it became of all of it."""
    (nameless,) = it.items
    return replace(
        it,
        items=items,
        received=dict.fromkeys(items, it.received[nameless]) if it.received else {},
        sent_back=dict.fromkeys(items, it.sent_back[nameless]) if it.sent_back else {},
    )


def link_came(s: Case) -> Outcome:
    """What was announced is there at once: the patron hears of the link."""
    said: c.HearShipped = s.command
    it = replace(s.it, copy=said.delivery, received=dict.fromkeys(s.it.items, today(s)))
    it = staged(it, said.happened_at)
    return done(s, it, told=_told_link(it), charge=True)


def replaced(s: Case) -> Outcome:
    """A better copy is here; without a complaint of ours it is the same one, said again."""
    it = s.it
    if it.defective:
        day = today(s)
        mended = tuple(replace(each, replaced_on=each.replaced_on or day) for each in it.defects)
        it = staged(replace(it, defects=mended, copy=s.command.delivery or it.copy), s.command.happened_at)
        return done(s, it, told=_told_link(it), charge=True)
    return done(s, it, charge=True)


def send_back(s: Case) -> Outcome:
    """What came of an attempt that had ended: a case of its own receives it and sends it back."""
    said: c.HearShipped = s.command
    attempt = attempt_named(s)
    assert attempt is not None  # it is a stray of that attempt
    to = returns_of(s.it, attempt.number)
    it = costed(s.it, said, s.policy.currency)
    costs = (it.numbered(attempt.number) or attempt).costs
    nothing = tuple(replace(line, amount=line.amount * 0) for line in costs)  # owed there, not here
    it = with_attempt(it, replace(attempt, returns=to, costs=nothing))
    it = attend(it, "shipped-after-end", ("supplier", attempt.supplier), ("case", to))
    opened = c.OpenReturn(
        **said.entailed("return", case=to, by=Actor.policy(it.library)),
        origin=it.id,
        library=it.library,
        patron=it.patron,
        supplier=attempt.supplier,
        request_id=attempt.request_id,
        requested=it.requested,
        service=said.service,
        items=said.items,
        due=said.due,
        delivery=said.delivery,
        costs=costs,
        as_of=(it.numbered(attempt.number) or attempt).costs_as_of,
        their_id=said.their_id or attempt.their_id or "",
    )
    return done(s, it, commands=(opened,), charge=True)


def open_return(s: Situation[None, c.OpenReturn, BorrowingPolicy, Any]) -> Outcome:
    """A case that begins with something on its way to us."""
    said = s.command
    attempt = Attempt(
        number=1,
        supplier=said.supplier,
        state=AttemptState.SUPPLIED,
        request_id=said.request_id,
        sent_at=said.happened_at,
        costs=said.costs,
        costs_as_of=said.as_of,
        their_id=said.their_id or None,
    )
    day = s.policy.day(said.happened_at)
    it = BorrowingCase(
        id=said.case,
        state=S.SHIPPED,
        patron=said.patron,
        library=said.library,
        service=said.service,
        requested=said.requested,
        level=Level.NORMAL,
        origin=said.origin,
        submitted_on=day,
        attempts=(attempt,),
        current=1,
        since=said.happened_at,
        supplied=said.service,
        items=said.items or (said.request_id,),
        shipped_on=day,
        copy=said.delivery if said.service is Service.COPY else None,
        due=said.due,
    )
    it, postings = assessed(s._replace(it=it), it)  # type: ignore[arg-type]
    it, commands = booked(s, it)
    return Outcome(it=it, postings=postings, commands=commands)


def renewal_answered(s: Case) -> Outcome:
    """Longer, or not. A "yes" to an earlier day is none: that would be a recall."""
    said: c.HearRenewalAnswer = s.command
    it = s.it
    if it.renewal_asked_on is None:
        if not said.yes:
            return done(s, it)
        assert said.due is not None  # the command takes no "yes" without it
        return done(s, attend(it, "renewal-not-asked", ("due", said.due)))
    if said.yes and said.due is not None and it.due is not None and said.due <= it.due:
        return done(s, attend(it, "contradiction", ("said", "renewed"), ("due", said.due)))
    it = replace(it, renewal_asked_on=None)
    if not said.yes:
        assert it.patron_due is not None  # what has no term is not renewed
        facts: tuple[tuple[str, Plain], ...] = (("note", said.note), ("due", it.patron_due))
        return done(s, it, told=messages.tell_patron(it, messages.RENEWAL_DECLINED, facts))
    assert said.due is not None  # the command takes no "yes" without it
    return _granted(s, it, said.due)


def recalled(s: Case) -> Outcome:
    """The term ends sooner; a renewal that waits is answered by it. Nothing keeps it from going back."""
    said: c.HearRecall = s.command
    if s.it.is_copy:
        return out_of_place(s)
    due = max(said.due, today(s)) if said.due is not None else None  # a day that has passed: at once
    due = min((day for day in (due, s.it.due) if day is not None), default=today(s))
    it = replace(s.it, recalled_on=today(s), renewal_asked_on=None)
    it = told_due(s, it, due, latest=s.it.patron_due)  # a recall forgives none of the days before
    if said.due is not None and said.due != due:
        it = attend(it, "due-differs", ("ours", due), ("theirs", said.due))
    if it.state is not S.ON_LOAN:
        withdrawn = messages.no_more(it.key, messages.READY)
        return done(s, attend(it, "recalled", ("due", due)), withdrawn=withdrawn)
    facts: tuple[tuple[str, Plain], ...] = (("due", s.policy.patron_due(due, today(s))),)
    return done(s, it, told=messages.tell_patron(it, messages.RECALLED, facts))


def overdue_noticed(s: Case) -> Outcome:
    """The lender misses it: whether the patron has it or it never came, staff are to see to it."""
    it = s.it
    if it.due is None or today(s) <= it.due:
        it = attend(it, "overdue-before-due", *((("due", it.due),) if it.due is not None else ()))
    elif it.state is not S.ON_LOAN:
        it = attend(it, "overdue-at-lender", ("due", it.due))
    return done(s, it)


def hold_return(s: Case) -> Outcome:
    """It is to be kept for now, or no longer."""
    return done(s, replace(s.it, held=s.command.held or None))


def lost_by_supplier(s: Case) -> Outcome:
    """It never came, there or back, as the lender says; staff look for it."""
    where = WhereLost.TRANSIT_BACK if s.it.state is S.RETURNED else WhereLost.TRANSIT_OUT
    it = attend(s.it, "lost", ("where", where.value))
    day, pieces = today(s), it.out
    it = replace(
        it,
        lost={**it.lost, **dict.fromkeys(pieces, where)},
        lost_days={**it.lost_days, **dict.fromkeys(pieces, day)},
        lost_on=day,
        since=None,
        renewal_asked_on=None,
    )
    return done(s, it, told=in_vain(it, s.it))


def kept(s: Case) -> Outcome:
    """It need not go back."""
    settled = s.it.state in {S.RETURNED, S.LOST}
    outcome = CaseOutcome.LOST_SETTLED if settled else CaseOutcome.KEPT
    it = closed(s, s.it, outcome)
    his = s.it.state in {S.SHIPPED, S.RECEIVED, S.ON_LOAN}  # he has it, or it is here for him, or will be
    told = messages.tell_patron(it, messages.KEPT) if his else ()
    return done(s, it, told=told, withdrawn=messages.no_more(it.key), charge=True)


def checked_in(s: Case) -> Outcome:
    """The lender has it back. Where our own records say otherwise, staff are to see."""
    it = s.it
    if it.state in {S.RECEIVED, S.ON_LOAN, S.AWAITING_RETURN}:
        it = attend(it, "checked-in-early", ("state", it.state.value))
    it = closed(s, it, CaseOutcome.RETURNED)
    return done(s, it, told=in_vain(it, s.it), withdrawn=messages.no_more(it.key), charge=True)


SAYS: Final[Mapping[Status, frozenset[CaseState]]] = {
    Status.REQUEST_RECEIVED: frozenset({S.SENT}),
    Status.EXPECT_TO_SUPPLY: frozenset({S.SENT, S.EXPECTED}),
    Status.WILL_SUPPLY: frozenset({S.PROMISED, S.OFFERED}),
    Status.LOANED: frozenset({*_OUT, S.LOST}),
    Status.OVERDUE: frozenset({*_OUT, S.LOST}),
    Status.RECALLED: frozenset({*_OUT, S.LOST}),
    Status.RETRY_POSSIBLE: frozenset(),
    Status.UNFILLED: frozenset(),
    Status.COPY_COMPLETED: frozenset({S.SHIPPED, S.DELIVERED, S.CLOSED}),
    Status.LOAN_COMPLETED: frozenset({S.CLOSED}),
    Status.COMPLETED_WITHOUT_RETURN: frozenset({S.CLOSED}),
    Status.CANCELLED: frozenset(),
}
"""In which states a status is nothing new."""

SAID: Final[Mapping[Status, type[c.Hear]]] = {
    Status.EXPECT_TO_SUPPLY: c.HearExpect,
    Status.WILL_SUPPLY: c.HearPromise,
    Status.UNFILLED: c.HearUnfilled,
    Status.RETRY_POSSIBLE: c.HearRetry,
    Status.CANCELLED: c.HearWithdrawn,
    Status.LOAN_COMPLETED: c.HearCheckedIn,
    Status.COMPLETED_WITHOUT_RETURN: c.HearNoReturnNeeded,
}
"""As what a status counts that is something new."""


def status_heard(s: Case) -> Outcome:
    """What we knew is nothing new. What we did not know is for staff to see, and counts as if said."""
    it = s.it
    status: Status = s.command.status
    if it.state not in SAYS[status]:
        it = attend(it, "status-differs", ("status", status.value), ("state", it.state.value))
    elif s.command.due is not None and it.due is not None and s.command.due != it.due:
        it = attend(it, "due-differs", ("ours", it.due), ("theirs", s.command.due))
    return done(s, it)


def filed(s: Case) -> Outcome:
    """A note is filed and shown to staff, whatever it is about; whom the case does not know is flagged."""
    if not from_its_supplier(s):
        return done(s, _unknown(s))
    attempt = attempt_named(s)
    assert attempt is not None  # its supplier speaks
    if attempt.returns is not None:
        return _passed_on(s, attempt.returns)
    note = s.command.note.strip()
    return done(s, attend(s.it, "note", ("note", note)) if note else s.it)


def _unknown(s: Case) -> BorrowingCase:
    said = type(s.command).__name__
    return attend(s.it, "unknown-sender", ("sender", s.command.by.serves), ("said", said))


_END: Final = (c.HearReceived, c.HearUnfilled, c.HearWithdrawn)
_CROSS_LEAVING: Final = (*_END, c.HearExpect, c.HearRetry)


def _confirms_the_end(s: Case) -> bool:
    """Whether an attempt's supplier says no more than that it is over, as we know already."""
    if isinstance(s.command, c.HearCancelAnswer):
        over = {Status.UNFILLED, Status.RETRY_POSSIBLE, Status.CANCELLED}
        return answers_yes(s.command) is True or s.command.status in over
    attempt = attempt_named(s)
    crossed = _CROSS_LEAVING if attempt is not None and attempt.left else _END
    return isinstance(s.command, crossed)


def out_of_place(s: Case) -> Outcome:
    """What is heard and has no place here is taken down; staff see it, unless messages merely crossed."""
    said = type(s.command)
    if not from_its_supplier(s):
        return done(s, _unknown(s))
    attempt = attempt_named(s)
    assert attempt is not None  # its supplier speaks
    if attempt.returns is not None:
        return _passed_on(s, attempt.returns)
    it = s.it
    facts: tuple[tuple[str, Plain], ...] = (("said", said.__name__), ("state", s.it.state.value))
    if not is_ours(s) and not is_beside(s):
        if not _confirms_the_end(s):
            it = attend(it, "ended-attempt", ("supplier", attempt.supplier), *facts)
    elif said is c.HearShipped and s.it.state is S.CLOSED and set(s.command.items) <= set(s.it.items):
        pass  # said again
    elif s.it.state not in CROSSES.get(said, ()):
        it = attend(it, "out-of-order", *facts)
    return done(s, it)


def _passed_on(s: Case, case: str) -> Outcome:
    """It is about what goes back: the case that sends it back hears it."""
    onward = replace(s.command, id=f"{s.command.id}/return", case=case, attempt=1)
    return done(s, s.it, commands=(onward,))
