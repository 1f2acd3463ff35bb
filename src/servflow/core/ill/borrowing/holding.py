"""What follows while something of a supplier's is here: received, lent, sent back, lost, undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from servflow.core.attention import seen_to
from servflow.core.changes import Message
from servflow.core.citations import Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import charges, messages
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.guards import (
    Case,
)
from servflow.core.ill.borrowing.model import (
    Attempt,
    BorrowingCase,
    Defect,
    ItemDamage,
    Step,
)
from servflow.core.ill.borrowing.outcomes import (
    closed,
    done,
    in_vain,
    present,
    staged,
    supplied,
    told_due,
    undoable,
)
from servflow.core.ill.borrowing.states import (
    AttemptState,
    CancelState,
    CaseOutcome,
    CaseState,
)
from servflow.core.ill.terms import (
    Service,
    WhereLost,
    attend,
)
from servflow.core.lifecycle import Outcome

__all__ = [
    "ask_renewal",
    "check_out",
    "clear",
    "close_by_hand",
    "close_unconfirmed",
    "found",
    "hand_over",
    "lose",
    "post_charges",
    "receive",
    "remind",
    "report_damage",
    "report_defect",
    "settle_loss",
    "ship_back",
    "take_back",
    "told_ready",
    "undo",
]

S = CaseState
_REMINDERS: Final = (messages.DUE_SOON, messages.OVERDUE)


def receive(s: Case) -> Outcome:
    """It is here; the patron hears when all of it is, and the supplier is told."""
    day, said = today(s), s.command
    it = s.it
    if it.supplied is None:
        came = said.service or it.service
        if it.service not in {came, Service.COPY_OR_LOAN}:
            it = attend(it, "service-differs", ("said", came.value))
        it = supplied(it, came, said.items, day)
        if it.cancel is not None:
            it = replace(it, cancel=replace(it.cancel, state=CancelState.MOOT))
        if said.due is not None:
            it = told_due(s, it, said.due)
        elif not it.is_copy:
            it = attend(it, "due-unknown", ("supplier", present(it).supplier))
    it = replace(it, pick_up_by=said.pick_up_by or it.pick_up_by)
    pieces = said.items or it.on_the_way
    it = replace(it, received={**it.received, **dict.fromkeys(pieces, day)})
    if it.on_the_way:
        it = attend(it, "partly-received", ("missing", ", ".join(it.on_the_way)))
        return done(s, it)
    it = staged(it, said.happened_at)
    step, waits = undoable(s, pieces) if s.it.state is S.SHIPPED else (None, None)
    told = messages.tell_supplier(it, messages.RECEIVED, not_before=waits)
    return done(s, it, told=told + told_ready(it, waits), step=step)


def told_ready(it: BorrowingCase, waits: datetime | None = None) -> tuple[Message, ...]:
    """The patron hears that it is here, until when, and on what conditions; not what is recalled."""
    if it.is_copy:
        return messages.tell_patron(it, messages.READY, not_before=waits)
    if it.recalled_on is not None:
        return ()
    facts: tuple[tuple[str, Plain], ...] = (("due", it.patron_due),) if it.patron_due is not None else ()
    if it.pick_up_by is not None:
        facts += (("pick_up_by", it.pick_up_by),)
    if it.desk is not None:
        facts += (("desk", it.desk),)
    conditions = tuple(each.value for each in present(it).conditions)
    if conditions:
        facts += (("conditions", ",".join(conditions)),)
    return messages.tell_patron(it, messages.READY, facts, not_before=waits)


def check_out(s: Case) -> Outcome:
    """The patron has it, and knows until when: reminders of days that have passed are none any more."""
    day, it = today(s), s.it
    step, _ = undoable(s, taken_back_on=it.taken_back_on)
    withdrawn = messages.no_more(it.key, messages.READY)
    since = it.checked_out_on or day
    it = replace(it, checked_out_on=since, taken_back_on=None, signed=s.command.signed or it.signed)
    it = replace(it, patron_due=s.policy.lent_until(it.patron_due, since))
    if it.patron_due is not None:
        behind = sum(step <= day for step in s.policy.reminders(it.patron_due))
        it = replace(it, noticed=max(behind, it.noticed or 0))
    return done(s, it, withdrawn=withdrawn, step=step)


def take_back(s: Case) -> Outcome:
    """The patron's term is over: what he owes by now is charged, and nothing reminds him any more."""
    step, _ = undoable(s)
    it = replace(s.it, taken_back_on=today(s))
    return done(s, it, withdrawn=messages.no_more(it.key, *_REMINDERS), charge=True, step=step)


def ship_back(s: Case) -> Outcome:
    """It is on its way back, or a part of it; the lender is told."""
    day = today(s)
    pieces = s.command.items or s.it.here
    it = replace(s.it, sent_back={**s.it.sent_back, **dict.fromkeys(pieces, day)})
    if it.here:
        it = attend(it, "partly-sent-back", ("left", ", ".join(it.here)))
        told = messages.tell_supplier(it, messages.RETURNED, (("items", "\n".join(pieces)),))
        return done(s, it, told=told)
    step, waits = undoable(s, pieces)
    it = staged(it, s.command.happened_at)
    told = messages.tell_supplier(it, messages.RETURNED, (("items", "\n".join(pieces)),), not_before=waits)
    told += in_vain(it, s.it, not_before=waits)  # if it was never lent
    return done(s, it, told=told, withdrawn=messages.no_more(it.key, messages.READY), step=step)


def ask_renewal(s: Case) -> Outcome:
    """The wish is on record and waits for the lender's answer."""
    said: c.RenewLoan = s.command
    it = replace(s.it, renewal_asked_on=today(s))
    facts: tuple[tuple[str, Plain], ...] = (("reason", said.reason),)
    if said.desired is not None:
        facts += (("desired", said.desired),)
    due = (("due", it.due),) if it.due is not None else ()  # a centre renews what has no term, too
    facts += (*due, ("items", "\n".join((*it.on_the_way, *it.here))))
    return done(s, it, told=messages.tell_supplier(it, messages.RENEW, facts))


def remind(s: Case) -> Outcome:
    """One step of the schedule: before the due date what is coming, after it what is owed by then."""
    day, due, step = today(s), s.command.due, s.command.step
    it = replace(s.it, noticed=step)
    if day <= due:
        return done(s, it, told=messages.reminder(s, messages.DUE_SOON, step, (("due", due),)))
    facts: tuple[tuple[str, Plain], ...] = (("due", due), ("days", (day - due).days))
    reasons: tuple[Reason, ...] = ()
    fine = dict(charges.owed(s.it, s.policy, day)).get("overdue")
    if fine is not None:
        facts += (("amount", fine.money),)
        if s.it.due is not None and s.it.due != due:
            facts += (("from", s.it.due),)  # the lender's own, after which it charges
        reasons = (Reason("ill.overdue-by-lenders-rules", fine.derivation.clause),)
    return done(s, it, told=messages.reminder(s, messages.OVERDUE, step, facts, reasons))


def hand_over(s: Case) -> Outcome:
    """The patron has the copy."""
    it = closed(s, s.it, CaseOutcome.COPY_DELIVERED)
    return done(s, it, withdrawn=messages.no_more(it.key, messages.READY), charge=True)


def report_defect(s: Case) -> Outcome:
    """The supplier is asked for a better one."""
    it = replace(s.it, defects=(*s.it.defects, Defect(on=today(s), note=s.command.note)))
    it = staged(it, s.command.happened_at)
    return done(s, it, told=messages.tell_supplier(it, messages.DEFECT, (("note", s.command.note),)))


def report_damage(s: Case) -> Outcome:
    """The damage is on record, and the lender knows."""
    said: c.ReportDamage = s.command
    his = s.it.state is S.ON_LOAN or (s.it.state is S.AWAITING_RETURN and s.it.checked_out_on is not None)
    damage = ItemDamage(
        on=today(s),
        note=said.note,
        item=said.item,
        on_arrival=said.on_arrival,
        by_patron=his and not said.on_arrival,
    )
    it = replace(s.it, damages=(*s.it.damages, damage))
    facts = (("item", said.item), ("note", said.note), ("on_arrival", said.on_arrival))
    return done(s, it, told=messages.tell_supplier(it, messages.DAMAGED, facts), charge=True)


def lose(s: Case) -> Outcome:
    """What is lost is on record with where, from which follows who answers for it; the lender is told."""
    said: c.RecordLoss = s.command
    back = set(s.it.sent_back) if s.it.state is not S.RETURNED else set()
    pieces = said.items or tuple(each for each in s.it.out if each not in back)
    it = replace(
        s.it,
        lost={**s.it.lost, **dict.fromkeys(pieces, said.where)},
        lost_days={**s.it.lost_days, **dict.fromkeys(pieces, today(s))},
    )
    facts = (("where", said.where.value), ("items", "\n".join(pieces)), ("note", said.note))
    told = messages.tell_supplier(it, messages.LOST, facts)
    if set(it.out) - back:
        it = attend(it, "partly-lost", ("items", ", ".join(pieces)))
        if it.state is S.SHIPPED and not it.on_the_way:  # the rest is here
            it = staged(it, s.command.happened_at)
            told += messages.tell_supplier(it, messages.RECEIVED) + told_ready(it)
        return done(s, it, told=told, charge=True)
    it = replace(it, lost_on=today(s), since=None, renewal_asked_on=None)
    his = said.where is WhereLost.PATRON
    told += messages.tell_patron(it, messages.LOST_BILL) if his else in_vain(it, s.it)
    return done(s, it, told=told, withdrawn=messages.no_more(it.key, *_REMINDERS), charge=True)


def found(s: Case) -> Outcome:
    """It is here after all, or a part of it; what was charged for the loss is charged anew."""
    day = today(s)
    pieces = s.command.items or tuple(s.it.lost)
    came = {each: s.it.received.get(each, day) for each in pieces}
    it = replace(
        s.it,
        lost={each: where for each, where in s.it.lost.items() if each not in pieces},
        lost_days={each: on for each, on in s.it.lost_days.items() if each not in pieces},
        lost_on=None,
        received={**s.it.received, **came},
        sent_back={each: on for each, on in s.it.sent_back.items() if each not in pieces},
    )
    told = messages.tell_supplier(it, messages.FOUND, (("items", "\n".join(pieces)),))
    if it.state not in {S.LOST, S.RETURNED}:
        return done(s, it, told=told, charge=True)
    it = replace(it, since=s.command.happened_at)
    it = replace(it, taken_back_on=it.taken_back_on or (day if it.checked_out_on is not None else None))
    if it.is_copy:
        told += told_ready(it)
    return done(s, it, told=told, charge=True)


def settle_loss(s: Case) -> Outcome:
    """The loss is over between the two libraries."""
    it = closed(s, s.it, CaseOutcome.LOST_SETTLED)
    return done(s, it, withdrawn=messages.no_more(it.key, *_REMINDERS), charge=True)


def close_unconfirmed(s: Case) -> Outcome:
    """Closed without the lender's word; flagged so, and shown to staff."""
    it = attend(closed(s, s.it, CaseOutcome.RETURNED), "unconfirmed", ("supplier", present(s.it).supplier))
    return done(s, replace(it, unconfirmed=True), withdrawn=messages.no_more(it.key), charge=True)


def post_charges(s: Case) -> Outcome:
    """What is owed by now is posted, less what was posted before; the last step can still be undone."""
    return done(s, s.it, charge=True, step=s.it.last)


def close_by_hand(s: Case) -> Outcome:
    """Closed as it stands."""
    it = closed(s, s.it, CaseOutcome.MANUAL)
    told = in_vain(it, s.it)
    return done(s, it, told=told, withdrawn=messages.no_more(it.key), charge=True)


def clear(s: Case) -> Outcome:
    """Staff have looked at it."""
    return done(s, seen_to(s.it, s.command.code))


def undo(s: Case) -> Outcome:
    """As it was before the last step; what that had to tell has not left, and never will."""
    last = s.it.last
    assert last is not None  # a guard has seen it
    it = _UNDOES[last.command](s.it, last)
    it = replace(it, since=s.command.happened_at, quiet_until=None)
    kinds = _TOLD_BY[last.command]
    withdrawn = messages.no_more(it.key, *kinds) if kinds else ()
    return done(s, it, withdrawn=withdrawn, charge=last.command == c.TakeBack.__name__)


def _unsent(it: BorrowingCase, _last: Step) -> BorrowingCase:
    """Whoever was asked comes next again, as if nobody had ever been asked.

    An attempt that was undone stays, as one that has ended: should its request have left all the same,
    what is said of it is known.
    """
    undone = [each for each in it.attempts if each.state is AttemptState.ACTIVE]
    first = max(each.number for each in it.attempts) + 1
    again = (
        Attempt(number=number, supplier=each.supplier, retry_of=each.retry_of, agreed=each.agreed)
        for number, each in enumerate(undone, start=first)
    )
    made = (
        replace(each, state=AttemptState.CANCELLED, sent_at=None, beside=None) if each in undone else each
        for each in it.attempts
        if each.state is not AttemptState.PENDING
    )
    return replace(it, attempts=(*made, *again, *it.ahead))


def _unreceived(it: BorrowingCase, last: Step) -> BorrowingCase:
    return replace(it, received={k: v for k, v in it.received.items() if k not in last.items})


def _not_checked_out(it: BorrowingCase, last: Step) -> BorrowingCase:
    first = last.state is S.RECEIVED
    out = None if first else it.checked_out_on
    return replace(it, checked_out_on=out, taken_back_on=last.taken_back_on)


def _not_taken_back(it: BorrowingCase, _last: Step) -> BorrowingCase:
    return replace(it, taken_back_on=None)


def _not_sent_back(it: BorrowingCase, last: Step) -> BorrowingCase:
    return replace(it, sent_back={k: v for k, v in it.sent_back.items() if k not in last.items})


_UNDOES: Final[Mapping[str, Callable[[BorrowingCase, Step], BorrowingCase]]] = {
    c.Send.__name__: _unsent,
    c.Receive.__name__: _unreceived,
    c.CheckOut.__name__: _not_checked_out,
    c.TakeBack.__name__: _not_taken_back,
    c.ShipBack.__name__: _not_sent_back,
}
_TOLD_BY: Final[Mapping[str, tuple[str, ...]]] = {
    c.Send.__name__: (messages.REQUEST, messages.ORDERED),
    c.Receive.__name__: (messages.RECEIVED, messages.READY),
    c.CheckOut.__name__: (),
    c.TakeBack.__name__: (),
    c.ShipBack.__name__: (messages.RETURNED, messages.NOT_COMING),
}
