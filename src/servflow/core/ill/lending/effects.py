"""What follows when volumes go out, are recalled, come back, are lost or damaged: see also ``answers``.

An effect is asked only after every guard has passed. It changes no state (the table does), and it
reads the clock nowhere: everything comes from the situation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from servflow.core.changes import Message
from servflow.core.citations import Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.ill.lending import charges, messages
from servflow.core.ill.lending.answers import note_out_of_order
from servflow.core.ill.lending.booking import (
    CANCEL_ASKED,
    DEFECT,
    assessed,
    booked,
    cancel_refused,
    closed,
    up_to,
)
from servflow.core.ill.lending.commands import (
    CheckIn,
    CloseManually,
    Compensate,
    DeclineRenewal,
    GrantRenewal,
    HoldReturn,
    NoticeDue,
    Recall,
    RecordDamage,
    ReleaseItem,
    ReportFound,
    ReportLost,
    ReportReturn,
    RequestRenewal,
    SettleLoss,
    Ship,
    SupplyCopy,
)
from servflow.core.ill.lending.guards import Supply, renewed_until
from servflow.core.ill.lending.model import (
    Damage,
    HeldSpan,
    LendingFacts,
    RenewalWish,
    ShippingStep,
    SupplyTransaction,
)
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Closing, Role, SupplyState
from servflow.core.ill.terms import Settlement, WhereLost, attend, seen_to
from servflow.core.lifecycle import Outcome, Situation
from servflow.core.money import Money, total

__all__ = [
    "ask_renewal",
    "check_in",
    "check_in_some",
    "close_by_hand",
    "compensate",
    "decline_renewal",
    "find",
    "hear_more_of_loss",
    "hold",
    "lose",
    "note_return_delay",
    "post_charges",
    "recall",
    "record_damage",
    "release",
    "remind",
    "renew",
    "replace_copy",
    "settle_loss",
    "ship",
    "supply_copy",
    "take_report_of_loss",
    "take_report_of_return",
    "take_report_of_some_lost",
    "told_due",
    "undo_shipment",
]


# --- lending, and supplying copies ----------------------------------------------------------------


def ship(s: Situation[SupplyTransaction, Ship, LendingPolicy, LendingFacts]) -> Outcome:
    """The term begins, all is charged, the requester hears both (CALIS-9); a cancellation that waits, no."""
    c, day = s.command, today(s)
    due = c.due or s.policy.due_after(day)
    before = s.it
    it = replace(
        before,
        items=c.items,
        tariff=c.tariff,
        shipped_on=day,
        costs=c.costs,
        delivery=c.delivery,
        last_step=_step(s),
    )
    told: tuple[Message, ...] = ()
    if before.cancel_asked_on is not None:
        it = cancel_refused(it)
        told = messages.cancel_answered(s, it, messages.status_of(before, day), yes=False)
    it = told_due(s, it, due)
    fee = charges.loan_fee(s.policy, day, it.place, volumes=len(it.items), tariff=it.tariff)
    facts: tuple[tuple[str, Plain], ...] = (
        ("items", "\n".join(it.items)),
        ("volumes", len(it.items)),
        ("due", due),
        ("fee", fee.money),
        *messages.sent(it.delivery),
    )
    packing, ownership = s.policy.packing.on(day), s.policy.ownership_stays.on(day)
    reasons = (
        Reason("ill.loan-charged", fee.derivation.clause),
        *((Reason("ill.pack-properly", packing.clause),) if packing.value else ()),
        *((Reason("ill.ownership-stays", ownership.clause),) if ownership.value else ()),
    )
    return assessed(s, it, messages.SHIPPED, facts, reasons, before=told)


def _step(s: Situation[SupplyTransaction, Ship, LendingPolicy, LendingFacts]) -> ShippingStep | None:
    """The shipping, to be undone for so many minutes; None where messages leave at once."""
    minutes = s.policy.undo_minutes.on(today(s)).value
    if not minutes:
        return None
    try:
        until = s.command.recorded_at + timedelta(minutes=minutes)
    except OverflowError:  # the calendar ends before the minutes do
        until = datetime.max.replace(tzinfo=UTC)
    return ShippingStep(
        before=s.it.state,
        until=until,
        version=s.it.version + 1,
        cancel_asked_on=s.it.cancel_asked_on,
    )


def undo_shipment(s: Supply) -> Outcome:
    """As if nothing had been shipped: what was charged is reversed, and what was told is not sent."""
    step = s.it.last_step
    assert step is not None  # it may be undone
    it = replace(
        s.it,
        items=(),
        tariff=None,
        shipped_on=None,
        due=None,
        terms=0,
        noticed=0,
        costs=(),
        delivery=None,
        last_step=None,
    )
    if step.cancel_asked_on is not None:
        it = attend(replace(it, cancel_asked_on=step.cancel_asked_on, cancel_refused=None), CANCEL_ASKED)
    return assessed(s, it, tells=False, withdrawals=messages.not_shipped(s.it))


def supply_copy(s: Situation[SupplyTransaction, SupplyCopy, LendingPolicy, LendingFacts]) -> Outcome:
    """The copy is sent and charged; the requester hears the whole cost (CALIS-9). Nothing comes back."""
    c = s.command
    it = closed(
        s.it,
        Closing.COPY_SUPPLIED,
        items=c.items,
        pages=c.pages,
        shipped_on=today(s),
        costs=c.costs,
        delivery=c.delivery,
    )
    return assessed(s, it, messages.COPY_SUPPLIED, _copy(it))


def replace_copy(s: Situation[SupplyTransaction, SupplyCopy, LendingPolicy, LendingFacts]) -> Outcome:
    """The copy is sent again: every claim on it is settled, and nothing more is charged."""
    c = s.command
    it = replace(seen_to(s.it, DEFECT), items=c.items, pages=c.pages, delivery=c.delivery, defects=())
    return assessed(s, it, messages.COPY_SUPPLIED, _copy(it))


def _copy(it: SupplyTransaction) -> tuple[tuple[str, Plain], ...]:
    items = messages.said("items", "\n".join(it.items))
    return (*items, *messages.sent(it.delivery), *messages.said("pages", it.pages))


def close_by_hand(s: Situation[SupplyTransaction, CloseManually, LendingPolicy, LendingFacts]) -> Outcome:
    """Closed as it stands: what is owed by now is charged, and nothing is out on the account any more."""
    it = closed(s.it, Closing.MANUAL, stopped_on=s.it.stopped_on or today(s))
    return assessed(s, it, withdrawals=messages.no_more_reminders(it.key))


# --- the term -------------------------------------------------------------------------------------


def told_due(s: Supply, it: SupplyTransaction, due: date) -> SupplyTransaction:
    """With another due date told: its reminders begin anew, but for those whose day has passed."""
    behind = sum(day <= today(s) for day in s.policy.reminders(due))
    return replace(it, due=due, terms=it.terms + 1, noticed=behind)


def ask_renewal(s: Situation[SupplyTransaction, RequestRenewal, LendingPolicy, LendingFacts]) -> Outcome:
    """The wish is on record and waits for its answer."""
    c = s.command
    wish = RenewalWish(said_in=c.id, reason=c.reason, desired=c.desired)
    it = replace(s.it, renewal_asked_on=today(s), renewal_wish=wish)
    return Outcome(it=it, messages=messages.tell(s, it, messages.RENEWAL_ASKED))


def renew(s: Situation[SupplyTransaction, GrantRenewal, LendingPolicy, LendingFacts]) -> Outcome:
    """The term is longer: until the day that is named, or by the renewal period from the old due date."""
    due = renewed_until(s)
    it = told_due(s, replace(_answered(s.it), renewals=s.it.renewals + 1), due)
    return booked(s, it, messages_=messages.tell(s, it, messages.RENEWED, (("yes", True), ("due", due))))


def decline_renewal(s: Situation[SupplyTransaction, DeclineRenewal, LendingPolicy, LendingFacts]) -> Outcome:
    """The old due date stays."""
    c, it = s.command, _answered(s.it)
    reasons = c.reasons
    if s.role is Role.CLOCK:
        assert it.due is not None  # it is out
        reasons += (Reason("ill.renewal-unanswered", None, (("due", it.due),)),)
    return Outcome(it=it, messages=_declined(s, it, c.reason, reasons))


def _answered(it: SupplyTransaction) -> SupplyTransaction:
    return replace(it, renewal_asked_on=None, renewal_wish=None)


def _declined(
    s: Supply, it: SupplyTransaction, reason: str, reasons: tuple[Reason, ...]
) -> tuple[Message, ...]:
    assert it.due is not None  # it is out
    facts: tuple[tuple[str, Plain], ...] = (
        ("status", messages.status_of(it, today(s)).value),
        ("yes", False),
        ("due", it.due),
        ("reason", reason),
    )
    return messages.tell(s, it, messages.RENEWAL_DECLINED, facts, reasons)


def recall(s: Situation[SupplyTransaction, Recall, LendingPolicy, LendingFacts]) -> Outcome:
    """The term ends sooner, if it has not ended already; a renewal that waits is answered with no first."""
    assert s.it.due is not None  # it is out
    day = today(s)
    rule = s.policy.recall_any_time.on(day)
    reason = Reason("ill.recalled", rule.clause, (("recalled_on", day),))
    told: tuple[Message, ...] = ()
    if s.it.renewal_asked_on is not None:
        told = _declined(s, _answered(s.it), "", (reason,))
    due = min(s.it.due, s.command.due)  # recalling what is overdue forgives none of the days before
    it = told_due(s, replace(_answered(s.it), recalled_on=day), due)
    facts = (("due", s.command.due), ("reason", s.command.reason))
    return booked(s, it, messages_=told + messages.tell(s, it, messages.RECALLED, facts, (reason,)))


def remind(s: Situation[SupplyTransaction, NoticeDue, LendingPolicy, LendingFacts]) -> Outcome:
    """One step of the schedule: before the due date what is coming, after it what is owed by then."""
    day, due, step = today(s), s.command.due, s.command.step
    it = replace(s.it, noticed=step)
    if day <= due:
        told = messages.reminder(s, messages.DUE_SOON, step, (("due", due),))
    else:
        assert s.it.shipped_on is not None  # it is out
        fine = dict(charges.owed(s.it, s.policy, day)).get(charges.OVERDUE)  # None where a day costs nothing
        rate = s.policy.overdue_rate.on(s.it.shipped_on)
        reason = Reason("ill.overdue-charged", rate.clause, (("rate", rate.value),))
        ours = s.it.via is None  # of what was passed on the rate is another library's
        facts: tuple[tuple[str, Plain], ...] = (
            ("due", due),
            ("days", (day - due).days - s.it.held_days(due, day)),
            ("volumes", len(s.it.awaited)),
            ("items", "\n".join(s.it.awaited)),
            *((("amount", fine.money if fine else rate.value * 0),) if fine or ours else ()),
        )
        told = messages.reminder(s, messages.OVERDUE, step, facts, (reason,) if ours else ())
    return Outcome(it=it, messages=told)


def hold(s: Situation[SupplyTransaction, HoldReturn, LendingPolicy, LendingFacts]) -> Outcome:
    """The requester hears that it is to keep the volumes for now, or not any more.

    Of the reminders whose day passed meanwhile the last one is still to come.
    """
    it, day, held = s.it, today(s), s.command.held
    if held:
        it = replace(it, held_return=True, held_spans=(*it.held_spans, HeldSpan(first=day)))
    else:
        assert it.due is not None  # it is out
        spans = tuple(_ended(span, day) for span in it.held_spans)
        behind = sum(passed <= day for passed in s.policy.reminders(it.due))
        it = replace(it, held_return=None, held_spans=spans, noticed=max(it.noticed, behind - 1))
    return booked(s, it, messages_=messages.tell(s, it, messages.HELD, (("held", held),)))


def _ended(span: HeldSpan, day: date) -> HeldSpan:
    return replace(span, last=max(span.first, day)) if span.last is None else span


# --- return, loss, damage -------------------------------------------------------------------------


def take_report_of_return(
    s: Situation[SupplyTransaction, ReportReturn, LendingPolicy, LendingFacts],
) -> Outcome:
    """Those pieces are on their way from that day on; where others are not, or it names others, staff look.

    What is on its way was not lost: once all that is still out is, no loss is left. That what is back
    already was sent is no news.
    """
    it, day = s.it, today(s)
    named = s.command.items or it.awaited
    if it.returned.keys() >= set(named):
        return Outcome(it=it)
    reported = {item: day for item in named if item in it.still_out} | dict(it.reported)
    it = seen_to(replace(it, reported=reported), _PARTLY_BACK)
    complete = set(it.awaited) <= reported.keys()
    if complete:
        it = _on_its_way(it, day)
    if not complete or not set(named) <= set(it.items):
        it = attend(it, _PARTLY_BACK, ("items", "\n".join(named)))
    if it.lost_on is not None and set(it.still_out) <= reported.keys():
        return assessed(s, _found(s, it), messages.FOUND)
    return Outcome(it=it)


_PARTLY_BACK: Final = "partly-on-its-way"


def _on_its_way(it: SupplyTransaction, since: date) -> SupplyTransaction:
    """``it`` with all that is awaited on its way; from then on it is waited for."""
    if it.state is SupplyState.RETURN_IN_TRANSIT:
        return it
    return replace(it, return_reported_on=since, return_delay_noted=None)


def _with_the_rest(it: SupplyTransaction) -> SupplyTransaction:
    """``it`` after some pieces came or were lost: what else is awaited may all be on its way already."""
    since = [it.reported.get(item) for item in it.still_out if item not in it.lost]
    days = [day for day in since if day is not None]
    return _on_its_way(it, max(days)) if days and len(days) == len(since) else it


def note_return_delay(s: Supply) -> Outcome:
    """Staff look for what was sent back and did not come."""
    assert s.it.return_reported_on is not None  # it is on its way
    it = replace(s.it, return_delay_noted=True)
    return Outcome(it=attend(it, "return-delayed", ("reported_on", s.it.return_reported_on)))


def check_in(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> Outcome:
    """Everything is back: what is owed is charged up to the day it came, and the loan is over."""
    it = closed(_returned(s), Closing.COMPLETED, stopped_on=None)
    owed = charges.owed(it, s.policy, up_to(s))
    charged = total((charge.money for _, charge in owed), s.policy.currency)
    facts: tuple[tuple[str, Plain], ...] = (
        ("volumes", len(it.items)),
        ("on", today(s)),
        ("charges", charged),
    )
    return assessed(s, it, messages.CHECKED_IN, facts, withdrawals=messages.no_more_reminders(it.key))


def check_in_some(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> Outcome:
    """Some pieces are back; the loan goes on with the rest, on its way or lost if all the rest is."""
    it = _returned(s)
    came = len(s.it.still_out) - len(it.still_out)
    it = replace(it, stopped_on=None if it.lost else it.stopped_on)
    if it.lost_on is not None and set(it.still_out) <= it.reported.keys():
        it = _found(s, it)
    it = _with_the_rest(it)
    facts: tuple[tuple[str, Plain], ...] = (("volumes", came), ("left", len(it.still_out)))
    return assessed(s, it, messages.PARTLY_BACK, facts)


def _returned(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> SupplyTransaction:
    """With these pieces back, neither on their way nor lost any more; without a loss where none is left."""
    it = s.it
    back = dict.fromkeys(s.command.items or it.awaited, today(s))
    it = replace(
        it,
        returned={**it.returned, **back},
        reported=_without(it.reported, back),
        lost=_without(it.lost, back),
    )
    if it.lost or (it.state is SupplyState.LOST and it.still_out):
        return it
    # compensation for a loss that was none is reversed
    return replace(it, lost_on=None, lost_where=None, compensation=_for_damage(it))


def _without(days: Mapping[str, date], items: Iterable[str]) -> Mapping[str, date]:
    gone = set(items)
    return {item: day for item, day in days.items() if item not in gone}


def _for_damage(it: SupplyTransaction) -> Money | None:
    """What is left of a compensation once nothing is lost."""
    return it.compensation if it.damages else None


def release(s: Situation[SupplyTransaction, ReleaseItem, LendingPolicy, LendingFacts]) -> Outcome:
    """The requester keeps what it has: what is owed by now is charged, and no day more.

    What is lost besides is not made good by that: its compensation may still be set.
    """
    it = replace(closed(s.it, Closing.WITHOUT_RETURN, stopped_on=today(s)), lost_on=s.it.lost_on)
    facts: tuple[tuple[str, Plain], ...] = (
        ("volumes", len(it.awaited)),
        *messages.said("note", s.command.note),
    )
    return assessed(s, it, messages.KEPT, facts, withdrawals=messages.no_more_reminders(it.key))


def take_report_of_loss(
    s: Situation[SupplyTransaction, ReportLost, LendingPolicy, LendingFacts],
) -> Outcome:
    """What the requester declares lost is all that was awaited; that it names other pieces, staff look at."""
    named = s.command.items
    outcome = _lost(s, s.command.where)
    if not named or set(named) <= set(s.it.items):
        return outcome
    assert isinstance(outcome.it, SupplyTransaction)
    return outcome._replace(it=attend(outcome.it, _PARTLY_LOST, ("items", "\n".join(named))))


_PARTLY_LOST: Final = "partly-lost"


def take_report_of_some_lost(
    s: Situation[SupplyTransaction, ReportLost, LendingPolicy, LendingFacts],
) -> Outcome:
    """These pieces are lost, and the loan goes on with the rest; staff look at it.

    What was recorded as lost already is no news.
    """
    it, day, named = s.it, today(s), s.command.items
    if it.lost.keys() >= set(named):
        return Outcome(it=it)
    it = attend(it, _PARTLY_LOST, ("items", "\n".join(named)))
    gone = tuple(item for item in named if item in it.awaited)
    if not gone:
        return Outcome(it=it)
    it = replace(_recorded_lost(s, it, gone), lost_on=day, lost_where=s.command.where or it.lost_where)
    return assessed(s, _with_the_rest(it))


def hear_more_of_loss(
    s: Situation[SupplyTransaction, ReportLost, LendingPolicy, LendingFacts],
) -> Outcome:
    """Where it was lost is known from now on; where it contradicts what is on record, staff look at it."""
    it, where = s.it, s.command.where
    contradicts = where is not None and it.lost_where not in {None, where}
    if contradicts or not set(s.command.items) <= set(it.still_out):
        return note_out_of_order(s)
    return Outcome(it=replace(it, lost_where=it.lost_where or where))


def lose(s: Supply) -> Outcome:
    """What is still out is lost; what is overdue by now is charged."""
    return _lost(s, None)


def _lost_from(s: Supply) -> date:
    """A borrower that dates its report back does not undo what it was charged before."""
    return up_to(s) if s.role is Role.REQUESTER else today(s)


def _recorded_lost(s: Supply, it: SupplyTransaction, items: tuple[str, ...]) -> SupplyTransaction:
    """``it`` with these pieces lost; what is lost is not on its way."""
    lost = dict.fromkeys(items, _lost_from(s)) | dict(it.lost)
    return replace(it, lost=lost, reported=_without(it.reported, items))


def _lost(s: Supply, where: WhereLost | None) -> Outcome:
    day = today(s)
    stops = s.policy.overdue_stops_when_lost.on(day).value
    it = replace(
        _answered(_recorded_lost(s, s.it, s.it.awaited)),
        lost_on=day,
        lost_where=where or s.it.lost_where,
        stopped_on=_lost_from(s) if stops else None,
    )
    sender = s.policy.return_post_at_senders_risk.on(day)
    sent_back = s.it.state is SupplyState.RETURN_IN_TRANSIT or where is WhereLost.TRANSIT_BACK
    if sent_back and sender.value:
        reason = Reason("ill.damaged-in-return-post", sender.clause)
    else:
        reason = Reason("ill.loss-compensated", s.policy.compensation.on(day).clause)
    return assessed(
        s,
        it,
        messages.LOST,
        (("volumes", len(it.still_out)), ("items", "\n".join(it.still_out))),
        (reason,),
        withdrawals=messages.no_more_reminders(it.key),
    )


def find(s: Situation[SupplyTransaction, ReportFound, LendingPolicy, LendingFacts]) -> Outcome:
    """What was lost was not: the requester has it, and is charged as if it had never been."""
    it = replace(s.it, reported=_without(s.it.reported, s.it.lost))
    return assessed(s, _found(s, it), messages.FOUND, messages.said("note", s.command.note))


def _found(s: Supply, it: SupplyTransaction) -> SupplyTransaction:
    """``it`` without any loss."""
    return replace(
        it,
        lost={},
        lost_on=None,
        lost_where=None,
        stopped_on=None,
        compensation=_for_damage(it),
        found_on=today(s),
    )


def record_damage(s: Situation[SupplyTransaction, RecordDamage, LendingPolicy, LendingFacts]) -> Outcome:
    """The damage is on record; in the return post it is the sender's liability."""
    c, day = s.command, today(s)
    damage = Damage(item=c.item, on=day, note=c.note, in_post=c.in_post)
    it = replace(s.it, damages=(*s.it.damages, damage))
    sender = s.policy.return_post_at_senders_risk.on(day)
    if c.in_post and sender.value:
        reason = Reason("ill.damaged-in-return-post", sender.clause)
    else:
        reason = Reason("ill.damage-compensated", s.policy.compensation.on(day).clause)
    facts: tuple[tuple[str, Plain], ...] = (("item", c.item), ("note", c.note), ("in_post", c.in_post))
    return booked(s, it, messages_=messages.tell(s, it, messages.DAMAGED, facts, (reason,)))


def compensate(s: Situation[SupplyTransaction, Compensate, LendingPolicy, LendingFacts]) -> Outcome:
    """The compensation is charged; nothing more is lent until it is paid, where the rules say so."""
    it = replace(s.it, compensation=s.command.amount)
    clause = s.policy.compensation.on(today(s)).clause
    reason = Reason("ill.compensation-due", clause)
    return assessed(s, it, messages.COMPENSATION, (("amount", s.command.amount),), (reason,))


def settle_loss(s: Situation[SupplyTransaction, SettleLoss, LendingPolicy, LendingFacts]) -> Outcome:
    """The loss is settled, and what is owed by now is charged.

    The compensation for one that was replaced or waived is reversed, but not one for a damage.
    """
    kept = s.it.compensation if s.command.how is Settlement.PAID else _for_damage(s.it)
    stopped_on = s.it.stopped_on or today(s)
    it = closed(s.it, Closing.LOST_SETTLED, stopped_on=stopped_on, compensation=kept)
    return assessed(s, it, messages.LOSS_SETTLED, (("how", s.command.how.value),))


def post_charges(s: Supply) -> Outcome:
    """What is owed by now is posted, less what was posted before; the requester hears, if anything was."""
    return assessed(s, s.it)
