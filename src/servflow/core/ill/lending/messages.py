"""What the lending desk tells a borrower: kinds of messages, and what each of them carries.

A text in a language is made from ``kind``, ``facts`` and ``reasons`` when the mail is sent. A
later message overtakes what it makes pointless: an answer the receipt, a reminder the one before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from servflow.core.changes import Key, Message, Withdrawal
from servflow.core.citations import Plain, Reason
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.lifecycle import Situation

__all__ = [
    "APPROVED",
    "CHECKED_IN",
    "COMPENSATION",
    "DAMAGED",
    "DECLINED",
    "DUE_SOON",
    "EXPECTED",
    "LOSS_SETTLED",
    "LOST",
    "OVERDUE",
    "PAID",
    "PARTLY_BACK",
    "PROMISED",
    "RECALLED",
    "RECEIVED",
    "REINSTATED",
    "RELATION_MESSAGES",
    "RENEWAL_ASKED",
    "RENEWAL_DECLINED",
    "RENEWED",
    "SECURED",
    "SHIPPED",
    "SIGNED",
    "SUPPLY_MESSAGES",
    "SUSPENDED",
    "TERMINATED",
    "UNFILLED",
    "no_more_reminders",
    "reminder",
    "tell",
    "tell_institution",
]

RECEIVED: Final = "ill.supply.received"
EXPECTED: Final = "ill.supply.expected"
PROMISED: Final = "ill.supply.promised"
UNFILLED: Final = "ill.supply.unfilled"
SHIPPED: Final = "ill.supply.shipped"
RENEWAL_ASKED: Final = "ill.supply.renewal-asked"
RENEWED: Final = "ill.supply.renewed"
RENEWAL_DECLINED: Final = "ill.supply.renewal-declined"
RECALLED: Final = "ill.supply.recalled"
DUE_SOON: Final = "ill.supply.due-soon"
OVERDUE: Final = "ill.supply.overdue"
CHECKED_IN: Final = "ill.supply.checked-in"
PARTLY_BACK: Final = "ill.supply.partly-back"
LOST: Final = "ill.supply.lost"
DAMAGED: Final = "ill.supply.damaged"
COMPENSATION: Final = "ill.supply.compensation"
LOSS_SETTLED: Final = "ill.supply.loss-settled"
APPROVED: Final = "ill.relation.approved"
DECLINED: Final = "ill.relation.declined"
SIGNED: Final = "ill.relation.signed"
SECURED: Final = "ill.relation.security-received"
PAID: Final = "ill.relation.payment-received"
SUSPENDED: Final = "ill.relation.suspended"
REINSTATED: Final = "ill.relation.reinstated"
TERMINATED: Final = "ill.relation.terminated"

SUPPLY_MESSAGES: Final = (
    RECEIVED,
    EXPECTED,
    PROMISED,
    UNFILLED,
    SHIPPED,
    RENEWAL_ASKED,
    RENEWED,
    RENEWAL_DECLINED,
    RECALLED,
    DUE_SOON,
    OVERDUE,
    CHECKED_IN,
    PARTLY_BACK,
    LOST,
    DAMAGED,
    COMPENSATION,
    LOSS_SETTLED,
)
RELATION_MESSAGES: Final = (APPROVED, DECLINED, SIGNED, SECURED, PAID, SUSPENDED, REINSTATED, TERMINATED)

_REMINDERS: Final = (DUE_SOON, OVERDUE)
_OVERTAKES: Final = {
    EXPECTED: (RECEIVED, PROMISED),
    PROMISED: (RECEIVED, EXPECTED),
    UNFILLED: (RECEIVED, EXPECTED, PROMISED),
    SHIPPED: (RECEIVED, EXPECTED, PROMISED),
    RENEWED: (RENEWAL_ASKED, *_REMINDERS),
    RENEWAL_DECLINED: (RENEWAL_ASKED,),
    RECALLED: (RENEWAL_ASKED, *_REMINDERS),
    DUE_SOON: _REMINDERS,
    OVERDUE: _REMINDERS,
}


def tell(
    s: Situation[Any, Any, LendingPolicy, Any],
    it: SupplyTransaction,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
) -> tuple[Message, ...]:
    """The requester is told; every message names the request, its title and the lender's mark."""
    about: tuple[tuple[str, Plain], ...] = (
        ("request", it.request_id),
        ("title", it.requested.title),
        ("mark", s.policy.letter_mark.on(s.policy.day(s.command.happened_at)).value),
    )
    message = Message(
        key=f"{it.key.kind}/{it.id}/{it.version + 1}/{kind}",
        to=it.requester,
        kind=kind,
        about=it.key,
        facts=about + facts,
        reasons=reasons,
        supersedes=_OVERTAKES.get(kind, ()),
    )
    return (message,)


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


def no_more_reminders(key: Key) -> tuple[Withdrawal, ...]:
    """Reminders that were not sent yet are not to be sent any more."""
    return (Withdrawal(key, _REMINDERS),)


def tell_institution(
    it: Relation, kind: str, facts: tuple[tuple[str, Plain], ...] = (), reasons: tuple[Reason, ...] = ()
) -> tuple[Message, ...]:
    """The institution is told about its relation."""
    return (
        Message(
            key=f"{it.key.kind}/{it.id}/{it.version + 1}/{kind}",
            to=it.id,
            kind=kind,
            about=it.key,
            facts=facts,
            reasons=reasons,
        ),
    )
