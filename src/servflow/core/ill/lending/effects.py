"""What follows when a command of the lending desk is taken: the next value, and what is to be done.

An effect is asked only after every guard has passed. It changes no state (the table does), and it
reads the clock nowhere: everything comes from the situation.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from servflow.core.changes import Actor, Office, Withdrawal
from servflow.core.citations import Plain, Reason
from servflow.core.fees.assessment import Obligation, assess
from servflow.core.ill.lending import charges, messages
from servflow.core.ill.lending.commands import (
    BookLoan,
    CannotSupply,
    CheckIn,
    CloseManually,
    Compensate,
    DeclineRenewal,
    NoticeDue,
    Recall,
    ReceiveRequest,
    RecordDamage,
    SettleLoss,
    Ship,
)
from servflow.core.ill.lending.guards import Supply, relation_of, today
from servflow.core.ill.lending.model import Damage, LendingFacts, OutOnLoan, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Closing, Material, Role, SupplyState
from servflow.core.ill.terms import Settlement
from servflow.core.ledger import Account, AccountKind, Books, Posting
from servflow.core.lifecycle import Outcome, Situation
from servflow.core.money import Money, total

__all__ = [
    "answer_unfilled",
    "ask_renewal",
    "by_policy",
    "check_in",
    "check_in_some",
    "close_by_hand",
    "compensate",
    "decline_renewal",
    "lose",
    "post_charges",
    "recall",
    "record_damage",
    "remind",
    "renew",
    "settle_loss",
    "ship",
    "take_in",
    "tell_expected",
    "tell_promised",
]


def by_policy(library: str) -> Actor:
    """The lending library acting by its own rules."""
    return Actor("policy", library, Office.SYSTEM)


# --- a request and its answer ---------------------------------------------------------------------


def take_in(s: Situation[None, ReceiveRequest, LendingPolicy, LendingFacts]) -> Outcome:
    """The transaction as it begins."""
    c = s.command
    it = SupplyTransaction(
        id=c.case,
        state=SupplyState.NEW,
        requester=c.requester,
        supplier=c.supplier,
        request_id=c.request_id,
        requested=c.requested,
        place=s.facts.place,
        received_on=today(s),
        need_before=c.need_before,
    )
    return Outcome(it=it, messages=messages.tell(s, it, messages.RECEIVED))


def tell_expected(s: Supply) -> Outcome:
    """The requester hears that it is likely."""
    return Outcome(it=s.it, messages=messages.tell(s, s.it, messages.EXPECTED))


def tell_promised(s: Supply) -> Outcome:
    """The requester hears that it will be supplied."""
    return Outcome(it=s.it, messages=messages.tell(s, s.it, messages.PROMISED))


def answer_unfilled(s: Situation[SupplyTransaction, CannotSupply, LendingPolicy, LendingFacts]) -> Outcome:
    """The requester hears why not, and what else it can do."""
    it = replace(s.it, closing=Closing.UNFILLED, why_unfilled=s.command.why, reasons=s.command.reasons)
    told = messages.tell(
        s, it, messages.UNFILLED, (("why", s.command.why.value),), s.command.reasons + _delivery_offer(s)
    )
    return Outcome(it=it, messages=told)


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


def close_by_hand(s: Situation[SupplyTransaction, CloseManually, LendingPolicy, LendingFacts]) -> Outcome:
    """Closed as it stands: what is owed by now is charged, and nothing is out on the account any more."""
    it = replace(s.it, closing=Closing.MANUAL, lost_on=None, stopped_on=s.it.stopped_on or today(s))
    return _assessed(s, it, withdrawals=messages.no_more_reminders(it.key))


# --- lending --------------------------------------------------------------------------------------


def ship(s: Situation[SupplyTransaction, Ship, LendingPolicy, LendingFacts]) -> Outcome:
    """The term begins, the fee is charged, the requester hears both."""
    day = today(s)
    due = s.policy.due_after(day)
    it = replace(s.it, items=s.command.items, tariff=s.command.tariff, shipped_on=day)
    it = _told_due(s, it, due)
    fee = charges.loan_fee(s.policy, day, it.place, volumes=len(it.items), tariff=it.tariff)
    facts: tuple[tuple[str, Plain], ...] = (("volumes", len(it.items)), ("due", due), ("fee", fee.money))
    packing, ownership = s.policy.packing.on(day), s.policy.ownership_stays.on(day)
    reasons = (
        Reason("ill.loan-charged", fee.derivation.clause),
        *((Reason("ill.pack-properly", packing.clause),) if packing.value else ()),
        *((Reason("ill.ownership-stays", ownership.clause),) if ownership.value else ()),
    )
    return _assessed(s, it, messages_=messages.tell(s, it, messages.SHIPPED, facts, reasons))


def _told_due(s: Supply, it: SupplyTransaction, due: date) -> SupplyTransaction:
    """With another due date told: its reminders begin anew, but for those whose day has passed."""
    behind = sum(day <= today(s) for day in s.policy.reminders(due))
    return replace(it, due=due, terms=it.terms + 1, noticed=behind)


def ask_renewal(s: Supply) -> Outcome:
    """The wish is on record and waits for its answer."""
    it = replace(s.it, renewal_asked_on=today(s))
    return Outcome(it=it, messages=messages.tell(s, it, messages.RENEWAL_ASKED))


def renew(s: Supply) -> Outcome:
    """The term is longer by the renewal period, counted from the old due date."""
    assert s.it.due is not None  # it is out
    day = today(s)
    due = s.policy.due_renewed(s.it.due, day)
    it = _told_due(s, replace(s.it, renewals=s.it.renewals + 1, renewal_asked_on=None), due)
    return _booked(s, it, messages_=messages.tell(s, it, messages.RENEWED, (("due", due),)))


def decline_renewal(s: Situation[SupplyTransaction, DeclineRenewal, LendingPolicy, LendingFacts]) -> Outcome:
    """The old due date stays."""
    assert s.it.due is not None  # it is out
    it = replace(s.it, renewal_asked_on=None)
    facts = (("due", s.it.due), ("reason", s.command.reason))
    return Outcome(it=it, messages=messages.tell(s, it, messages.RENEWAL_DECLINED, facts))


def recall(s: Situation[SupplyTransaction, Recall, LendingPolicy, LendingFacts]) -> Outcome:
    """The term ends sooner, if it has not ended already; a renewal that waits is answered by it."""
    assert s.it.due is not None  # it is out
    day = today(s)
    rule = s.policy.recall_any_time.on(day)
    due = min(s.it.due, s.command.due)  # recalling what is overdue forgives none of the days before
    it = _told_due(s, replace(s.it, recalled_on=day, renewal_asked_on=None), due)
    reason = Reason("ill.recalled", rule.clause, (("recalled_on", day),))
    facts = (("due", s.command.due), ("reason", s.command.reason))
    return _booked(s, it, messages_=messages.tell(s, it, messages.RECALLED, facts, (reason,)))


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
        facts: tuple[tuple[str, Plain], ...] = (
            ("due", due),
            ("days", (day - due).days),
            ("volumes", len(s.it.still_out)),
            ("amount", fine.money if fine else rate.value * 0),
        )
        reason = Reason("ill.overdue-charged", rate.clause, (("rate", rate.value),))
        told = messages.reminder(s, messages.OVERDUE, step, facts, (reason,))
    return Outcome(it=it, messages=told)


# --- return, loss, damage -------------------------------------------------------------------------


def check_in(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> Outcome:
    """Everything is back: what is owed is charged up to the day it came, and the loan is over."""
    it = _returned(s)
    damaged = it.compensation if it.damages else None  # compensation for a loss that was none is reversed
    it = replace(
        it,
        closing=Closing.COMPLETED,
        renewal_asked_on=None,
        lost_on=None,
        stopped_on=None,
        compensation=damaged,
    )
    owed = charges.owed(it, s.policy, _up_to(s))
    charged = total((charge.money for _, charge in owed), s.policy.currency)
    facts: tuple[tuple[str, Plain], ...] = (
        ("volumes", len(it.items)),
        ("on", today(s)),
        ("charges", charged),
    )
    told = messages.tell(s, it, messages.CHECKED_IN, facts)
    return _assessed(s, it, messages_=told, withdrawals=messages.no_more_reminders(it.key))


def check_in_some(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> Outcome:
    """Some pieces are back; the loan goes on with the rest."""
    it = _returned(s)
    facts: tuple[tuple[str, Plain], ...] = (("volumes", len(s.command.items)), ("left", len(it.still_out)))
    return _assessed(s, it, messages_=messages.tell(s, it, messages.PARTLY_BACK, facts))


def _returned(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> SupplyTransaction:
    day = today(s)
    back = dict.fromkeys(s.command.items or s.it.still_out, day)
    return replace(s.it, returned={**s.it.returned, **back})


def lose(s: Supply) -> Outcome:
    """What is still out is lost; what is overdue by now is charged."""
    day = today(s)
    stops = s.policy.overdue_stops_when_lost.on(day).value
    # a borrower that dates its report back does not undo what it was charged before
    stopped_on = _up_to(s) if s.role is Role.REQUESTER else day
    it = replace(s.it, lost_on=day, stopped_on=stopped_on if stops else None, renewal_asked_on=None)
    sender = s.policy.return_post_at_senders_risk.on(day)
    if s.it.state is SupplyState.RETURN_IN_TRANSIT and sender.value:
        reason = Reason("ill.damaged-in-return-post", sender.clause)
    else:
        reason = Reason("ill.loss-compensated", s.policy.compensation.on(day).clause)
    told = messages.tell(s, it, messages.LOST, (("volumes", len(it.still_out)),), (reason,))
    return _assessed(s, it, messages_=told, withdrawals=messages.no_more_reminders(it.key))


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
    told = messages.tell(s, it, messages.DAMAGED, (("item", c.item), ("note", c.note)), (reason,))
    return _booked(s, it, messages_=told)


def compensate(s: Situation[SupplyTransaction, Compensate, LendingPolicy, LendingFacts]) -> Outcome:
    """The compensation is charged; nothing more is lent until it is paid, where the rules say so."""
    it = replace(s.it, compensation=s.command.amount)
    clause = s.policy.compensation.on(today(s)).clause
    facts = (("amount", s.command.amount),)
    told = messages.tell(s, it, messages.COMPENSATION, facts, (Reason("ill.compensation-due", clause),))
    return _assessed(s, it, messages_=told)


def settle_loss(s: Situation[SupplyTransaction, SettleLoss, LendingPolicy, LendingFacts]) -> Outcome:
    """The loss is settled, and what is owed by now is charged.

    The compensation for one that was replaced or waived is reversed, but not one for a damage.
    """
    kept = s.command.how is Settlement.PAID or s.it.damages
    compensation = s.it.compensation if kept else None
    stopped_on = s.it.stopped_on or today(s)
    it = replace(
        s.it, closing=Closing.LOST_SETTLED, lost_on=None, stopped_on=stopped_on, compensation=compensation
    )
    told = messages.tell(s, it, messages.LOSS_SETTLED, (("how", s.command.how.value),))
    return _assessed(s, it, messages_=told)


def post_charges(s: Supply) -> Outcome:
    """What is owed by now is posted, less what was posted before."""
    return _assessed(s, s.it)


def _out(it: SupplyTransaction) -> OutOnLoan | None:
    """What the borrower's account holds of it; nothing of what is closed, although it may be lost."""
    if it.due is None or it.closing is not None or not it.still_out:
        return None
    return OutOnLoan(volumes=len(it.still_out), due=it.due)


def _up_to(s: Supply) -> date:
    """The day up to which charges are to be posted."""
    return max(today(s), s.it.assessed_on or date.min)


def _assessed(
    s: Supply,
    it: SupplyTransaction,
    *,
    messages_: tuple[Any, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
) -> Outcome:
    """Every charge brought to what is owed: postings for the differences, told to the account.

    Up to the day of the command, or the last day up to which charges are posted already: one that
    happened before something else on record does not undo what that was charged.
    """
    day, up_to = today(s), _up_to(s)
    books = Books(s.policy.closed_through)
    receivable = Account(AccountKind.RECEIVABLE, it.requester)
    charged = dict(it.charged)
    postings: list[Posting] = []
    grown: list[tuple[str, Money]] = []
    for kind, charge in charges.owed(it, s.policy, up_to):
        obligation = Obligation(
            subject=it.id, kind=kind, debit=receivable, credit=Account(AccountKind.INCOME, kind)
        )
        before = charged.get(kind)
        posted, after = assess(obligation, charge.money, before, day, charge=charge)
        if posted is not None:
            postings.append(books.admit(posted))
            charged[kind] = after
            grown.append((kind, after.amount - before.amount if before else after.amount))
    return _booked(
        s,
        replace(it, charged=charged, assessed_on=up_to),
        charged=tuple(grown),
        messages_=messages_,
        withdrawals=withdrawals,
        postings=tuple(postings),
    )


def _booked(
    s: Supply,
    it: SupplyTransaction,
    *,
    charged: tuple[tuple[str, Money], ...] = (),
    messages_: tuple[Any, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
    postings: tuple[Posting, ...] = (),
) -> Outcome:
    """With the borrower's account told in the same change, if there is anything to tell it."""
    relation, out, unsettled = relation_of(s, it.requester), _out(it), it.awaits_compensation
    told: tuple[BookLoan, ...] = ()
    if relation is not None and (
        charged or relation.out.get(it.id) != out or (it.id in relation.unsettled) != unsettled
    ):
        c = s.command
        book = BookLoan(
            id=f"{c.id}/book",
            case=it.requester,
            by=by_policy(it.supplier),
            happened_at=c.happened_at,
            recorded_at=c.recorded_at,
            loan=it.id,
            out=out,
            charged=charged,
            unsettled=unsettled,
        )
        told = (book,)
    return Outcome(it=it, messages=messages_, withdrawals=withdrawals, postings=postings, commands=told)
