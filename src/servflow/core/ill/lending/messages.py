"""What the lending desk tells a borrower: kinds of messages, and what each of them carries.

A text in a language is made from ``kind``, ``facts`` and ``reasons`` when the mail is sent. A
later message overtakes what it makes pointless: an answer the receipt, a reminder the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from servflow.core.changes import Key, Message, Withdrawal
from servflow.core.citations import Plain, Reason
from servflow.core.dates import lies_after
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.terms import Delivery, Status
from servflow.core.lifecycle import Situation

__all__ = [
    "APPROVED",
    "CANCEL_ANSWERED",
    "CHARGED",
    "CHECKED_IN",
    "COMPENSATION",
    "COPY_SUPPLIED",
    "DAMAGED",
    "DECLINED",
    "DUE_SOON",
    "EXPECTED",
    "FOUND",
    "HELD",
    "KEPT",
    "LOSS_SETTLED",
    "LOST",
    "OFFERED",
    "OVERDUE",
    "PAID",
    "PARTLY_BACK",
    "PROMISED",
    "RECALLED",
    "RECEIVED",
    "REFUNDED",
    "REINSTATED",
    "RELATION_MESSAGES",
    "RENEWAL_ASKED",
    "RENEWAL_DECLINED",
    "RENEWED",
    "RETRY",
    "SECURED",
    "SHIPPED",
    "SIGNED",
    "STATUS",
    "SUPPLY_MESSAGES",
    "SUSPENDED",
    "TERMINATED",
    "UNFILLED",
    "cancel_answered",
    "charged_so_far",
    "no_more_answers",
    "no_more_reminders",
    "not_shipped",
    "reminder",
    "said",
    "sent",
    "status_of",
    "tell",
    "tell_institution",
]

RECEIVED: Final = "ill.supply.received"
EXPECTED: Final = "ill.supply.expected"
PROMISED: Final = "ill.supply.promised"
OFFERED: Final = "ill.supply.offered"
UNFILLED: Final = "ill.supply.unfilled"
RETRY: Final = "ill.supply.retry"
CANCEL_ANSWERED: Final = "ill.supply.cancel-answered"
SHIPPED: Final = "ill.supply.shipped"
COPY_SUPPLIED: Final = "ill.supply.copy-supplied"
RENEWAL_ASKED: Final = "ill.supply.renewal-asked"
RENEWED: Final = "ill.supply.renewed"
RENEWAL_DECLINED: Final = "ill.supply.renewal-declined"
RECALLED: Final = "ill.supply.recalled"
DUE_SOON: Final = "ill.supply.due-soon"
OVERDUE: Final = "ill.supply.overdue"
HELD: Final = "ill.supply.held"
CHECKED_IN: Final = "ill.supply.checked-in"
PARTLY_BACK: Final = "ill.supply.partly-back"
KEPT: Final = "ill.supply.kept"
LOST: Final = "ill.supply.lost"
FOUND: Final = "ill.supply.found"
DAMAGED: Final = "ill.supply.damaged"
COMPENSATION: Final = "ill.supply.compensation"
CHARGED: Final = "ill.supply.charged"
LOSS_SETTLED: Final = "ill.supply.loss-settled"
STATUS: Final = "ill.supply.status"
APPROVED: Final = "ill.relation.approved"
DECLINED: Final = "ill.relation.declined"
SIGNED: Final = "ill.relation.signed"
SECURED: Final = "ill.relation.security-received"
PAID: Final = "ill.relation.payment-received"
SUSPENDED: Final = "ill.relation.suspended"
REINSTATED: Final = "ill.relation.reinstated"
TERMINATED: Final = "ill.relation.terminated"
REFUNDED: Final = "ill.relation.security-refunded"

SUPPLY_MESSAGES: Final = (
    RECEIVED,
    EXPECTED,
    PROMISED,
    OFFERED,
    UNFILLED,
    RETRY,
    CANCEL_ANSWERED,
    SHIPPED,
    COPY_SUPPLIED,
    RENEWAL_ASKED,
    RENEWED,
    RENEWAL_DECLINED,
    RECALLED,
    DUE_SOON,
    OVERDUE,
    HELD,
    CHECKED_IN,
    PARTLY_BACK,
    KEPT,
    LOST,
    FOUND,
    DAMAGED,
    COMPENSATION,
    CHARGED,
    LOSS_SETTLED,
    STATUS,
)
RELATION_MESSAGES: Final = (
    APPROVED,
    DECLINED,
    SIGNED,
    SECURED,
    PAID,
    SUSPENDED,
    REINSTATED,
    TERMINATED,
    REFUNDED,
)

_REMINDERS: Final = (DUE_SOON, OVERDUE)
_ANSWERS: Final = (RECEIVED, EXPECTED, PROMISED, OFFERED)
_OVERTAKES: Final = {
    EXPECTED: (RECEIVED, PROMISED),
    PROMISED: (RECEIVED, EXPECTED, OFFERED),
    OFFERED: _ANSWERS,
    UNFILLED: _ANSWERS,
    RETRY: _ANSWERS,
    SHIPPED: _ANSWERS,
    COPY_SUPPLIED: _ANSWERS,
    RENEWED: (RENEWAL_ASKED, *_REMINDERS),
    RENEWAL_DECLINED: (RENEWAL_ASKED,),
    RECALLED: (RENEWAL_ASKED, *_REMINDERS),
    DUE_SOON: _REMINDERS,
    OVERDUE: _REMINDERS,
    HELD: (HELD,),
    CHECKED_IN: (CHARGED,),
    KEPT: (CHARGED,),
    CHARGED: (CHARGED,),
    LOSS_SETTLED: (CHARGED,),
    STATUS: (STATUS,),
}
_TELLS: Final[Mapping[str, Status]] = MappingProxyType(
    {
        RECEIVED: Status.REQUEST_RECEIVED,
        EXPECTED: Status.EXPECT_TO_SUPPLY,
        PROMISED: Status.WILL_SUPPLY,
        OFFERED: Status.WILL_SUPPLY,
        UNFILLED: Status.UNFILLED,
        RETRY: Status.RETRY_POSSIBLE,
        SHIPPED: Status.LOANED,
        COPY_SUPPLIED: Status.COPY_COMPLETED,
        RENEWED: Status.LOANED,
        RECALLED: Status.RECALLED,
        OVERDUE: Status.OVERDUE,
        CHECKED_IN: Status.LOAN_COMPLETED,
        KEPT: Status.COMPLETED_WITHOUT_RETURN,
        LOSS_SETTLED: Status.COMPLETED_WITHOUT_RETURN,
    }
)
_BEFORE: Final = MappingProxyType(
    {
        SupplyState.NEW: Status.REQUEST_RECEIVED,
        SupplyState.CHECKING: Status.EXPECT_TO_SUPPLY,
        SupplyState.PROMISED: Status.WILL_SUPPLY,
        SupplyState.OFFERED: Status.WILL_SUPPLY,
    }
)
_AFTER: Final = MappingProxyType(
    {
        Closing.COMPLETED: Status.LOAN_COMPLETED,
        Closing.COPY_SUPPLIED: Status.COPY_COMPLETED,
        Closing.WITHOUT_RETURN: Status.COMPLETED_WITHOUT_RETURN,
        Closing.UNFILLED: Status.UNFILLED,
        Closing.RETRY_ANSWERED: Status.RETRY_POSSIBLE,
        Closing.CANCELLED: Status.CANCELLED,
        Closing.EXPIRED: Status.UNFILLED,
        Closing.FORWARDED: Status.UNFILLED,
        Closing.LOST_SETTLED: Status.COMPLETED_WITHOUT_RETURN,
    }
)


def status_of(it: SupplyTransaction, on: date) -> Status:
    """How it stands on ``on``, in the words of ISO 18626.

    Its list has no word for what is lost, which is told as what it was before: loaned, recalled or
    overdue; and none for what was closed by hand, which is told as unfilled, or, if it had been
    shipped, as completed without return.
    """
    if it.closing is Closing.MANUAL:
        return Status.UNFILLED if it.shipped_on is None else Status.COMPLETED_WITHOUT_RETURN
    if it.closing is not None:
        return _AFTER[it.closing]
    if it.state in _BEFORE:
        return _BEFORE[it.state]
    if it.overdue_on(on):
        return Status.OVERDUE
    return Status.LOANED if it.recalled_on is None else Status.RECALLED


def charged_so_far(it: SupplyTransaction) -> tuple[tuple[str, Plain], ...]:
    """What has been charged in all, by kind: ``cost.loan-fee`` and so on; what was reversed is zero."""
    return tuple((f"cost.{kind}", posted.amount) for kind, posted in it.charged.items())


def sent(delivery: Delivery | None) -> tuple[tuple[str, Plain], ...]:
    """How something was sent, and by what it can be found."""
    if delivery is None:
        return ()
    return (("via", delivery.via.value), *said("reference", delivery.reference))


def said(name: str, value: Plain | None) -> tuple[tuple[str, Plain], ...]:
    """A fact that is left out where there is nothing to say."""
    return () if value is None or value == "" else ((name, value),)


def tell(
    s: Situation[Any, Any, LendingPolicy, Any],
    it: SupplyTransaction,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
) -> tuple[Message, ...]:
    """The requester is told; every message names the request, its title and the lender's mark.

    ``as_of`` counts the entries of the journal by then: of two messages that cross on their way, the one
    with the higher count is the later.

    Nothing leaves as long as the shipping may be undone: what is told meanwhile waits, and the
    messages before it leave by themselves.
    """
    about: tuple[tuple[str, Plain], ...] = (
        ("request", it.request_id),
        ("title", it.requested.title),
        ("mark", s.policy.letter_mark.on(s.policy.day(s.command.happened_at)).value),
        ("as_of", it.version + 1),
    )
    if kind in _TELLS:
        about += (("status", _TELLS[kind].value),)
    waits = it.last_step is not None and lies_after(it.last_step.until, s.command.recorded_at)
    until = it.last_step.until if waits and it.last_step is not None else None
    overtakes = () if waits else _OVERTAKES.get(kind, ())
    facts = about + facts
    return (Message.of(it, kind, it.requester, facts, reasons, not_before=until, supersedes=overtakes),)


def cancel_answered(
    s: Situation[SupplyTransaction, Any, LendingPolicy, Any],
    it: SupplyTransaction,
    status: Status,
    *,
    yes: bool,
) -> tuple[Message, ...]:
    """The requester hears what became of its cancellation, and how the request stands."""
    return tell(s, it, CANCEL_ANSWERED, (("yes", yes), ("status", status.value)))


def reminder(
    s: Situation[SupplyTransaction, Any, LendingPolicy, Any],
    kind: str,
    step: int,
    facts: tuple[tuple[str, Plain], ...],
    reasons: tuple[Reason, ...] = (),
) -> tuple[Message, ...]:
    """A reminder; its key names the term and the step, so it is the same whenever it is made."""
    (message,) = tell(s, s.it, kind, facts, reasons)
    return (replace(message, key=f"{s.it.key.kind}/{s.it.id}/term-{s.it.terms}/{step}"),)


def no_more_answers(key: Key) -> tuple[Withdrawal, ...]:
    """Answers to the request that were not sent yet are not to be sent any more."""
    return (Withdrawal(key, _ANSWERS),)


def not_shipped(it: SupplyTransaction) -> tuple[Withdrawal, ...]:
    """What was told with a shipping that is undone is not to be sent."""
    step = it.last_step
    answered = (CANCEL_ANSWERED,) if step is not None and step.cancel_asked_on is not None else ()
    return (Withdrawal(it.key, (SHIPPED, *answered)),)


def no_more_reminders(key: Key) -> tuple[Withdrawal, ...]:
    """Reminders that were not sent yet are not to be sent any more."""
    return (Withdrawal(key, _REMINDERS),)


def tell_institution(
    it: Relation, kind: str, facts: tuple[tuple[str, Plain], ...] = (), reasons: tuple[Reason, ...] = ()
) -> tuple[Message, ...]:
    """The institution is told about its relation."""
    return (Message.of(it, kind, it.id, facts, reasons),)
