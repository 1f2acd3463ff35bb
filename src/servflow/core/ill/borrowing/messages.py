"""What the borrowing desk tells: the supplier, the patron, its own staff; and what overtakes what.

A text in a language is made from ``kind``, ``facts`` and ``reasons`` when the mail is sent. What is
told to a supplier carries all that its desk needs to act on it (``servflow.core.ill.exchange``). A later
message overtakes what it makes pointless; closing a case withdraws what nobody needs to hear any more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from servflow.core.changes import Key, Message, Withdrawal
from servflow.core.citations import Plain, Reason
from servflow.core.ill.borrowing.model import Attempt, BorrowingCase
from servflow.core.lifecycle import Situation

__all__ = [
    "ABANDONED",
    "ATTENTION",
    "BLOCKED",
    "CANCEL",
    "CANCELLED",
    "CENTRE_MESSAGES",
    "DAMAGED",
    "DECISION",
    "DECLINED",
    "DEFECT",
    "DUE_SOON",
    "DUPLICATE",
    "EXPIRED",
    "FOUND",
    "KEPT",
    "LINK",
    "LOST",
    "LOST_BILL",
    "NEW_REQUEST",
    "NOT_COMING",
    "OFFER_ACCEPTED",
    "OFFER_REJECTED",
    "ORDERED",
    "OVERDUE",
    "PATRON_MESSAGES",
    "PRICED",
    "READY",
    "RECALLED",
    "RECEIVED",
    "RENEW",
    "RENEWAL_DECLINED",
    "RENEWED",
    "REQUEST",
    "RETURNED",
    "ROTA_END",
    "ROUTE",
    "SENT",
    "STAFF_MESSAGES",
    "STATUS_REQUEST",
    "SUBMITTED",
    "SUPPLIER_MESSAGES",
    "UNAVAILABLE",
    "no_more",
    "reminder",
    "tell_centre",
    "tell_patron",
    "tell_staff",
    "tell_supplier",
]

# to the supplier
REQUEST: Final = "ill.borrowing.request"
CANCEL: Final = "ill.borrowing.cancel"
OFFER_ACCEPTED: Final = "ill.borrowing.offer-accepted"
OFFER_REJECTED: Final = "ill.borrowing.offer-rejected"
STATUS_REQUEST: Final = "ill.borrowing.status-request"
RECEIVED: Final = "ill.borrowing.item-received"
RENEW: Final = "ill.borrowing.renew"
RETURNED: Final = "ill.borrowing.returned"
LOST: Final = "ill.borrowing.lost"
FOUND: Final = "ill.borrowing.found"
DAMAGED: Final = "ill.borrowing.damaged"
DEFECT: Final = "ill.borrowing.defect"
ABANDONED: Final = "ill.borrowing.abandoned"

# to the centre that routes the case
ROUTE: Final = "ill.borrowing.route"

# to the patron
SUBMITTED: Final = "ill.patron.submitted"
BLOCKED: Final = "ill.patron.blocked"
DECLINED: Final = "ill.patron.declined"
DUPLICATE: Final = "ill.patron.duplicate"
DECISION: Final = "ill.patron.decision"
ORDERED: Final = "ill.patron.ordered"
UNAVAILABLE: Final = "ill.patron.unavailable"
NOT_COMING: Final = "ill.patron.not-coming"
CANCELLED: Final = "ill.patron.cancelled"
EXPIRED: Final = "ill.patron.expired"
READY: Final = "ill.patron.ready"
SENT: Final = "ill.patron.sent"  # to him directly, from the supplier
LINK: Final = "ill.patron.link"
DUE_SOON: Final = "ill.patron.due-soon"
OVERDUE: Final = "ill.patron.overdue"
RECALLED: Final = "ill.patron.recalled"
RENEWED: Final = "ill.patron.renewed"
RENEWAL_DECLINED: Final = "ill.patron.renewal-declined"
LOST_BILL: Final = "ill.patron.lost-bill"
KEPT: Final = "ill.patron.kept"

# to the staff
NEW_REQUEST: Final = "ill.staff.new-request"
ROTA_END: Final = "ill.staff.rota-end"
ATTENTION: Final = "ill.staff.attention"

SUPPLIER_MESSAGES: Final = (
    REQUEST,
    CANCEL,
    OFFER_ACCEPTED,
    OFFER_REJECTED,
    STATUS_REQUEST,
    RECEIVED,
    RENEW,
    RETURNED,
    LOST,
    FOUND,
    DAMAGED,
    DEFECT,
    ABANDONED,
)
CENTRE_MESSAGES: Final = (ROUTE,)
PATRON_MESSAGES: Final = (
    SUBMITTED,
    BLOCKED,
    DECLINED,
    DUPLICATE,
    DECISION,
    ORDERED,
    UNAVAILABLE,
    NOT_COMING,
    CANCELLED,
    EXPIRED,
    READY,
    SENT,
    LINK,
    DUE_SOON,
    OVERDUE,
    RECALLED,
    RENEWED,
    RENEWAL_DECLINED,
    LOST_BILL,
    KEPT,
)
PRICED: Final = frozenset({READY, SENT, LINK, LOST_BILL, KEPT})
"""What is told to the patron with all that he has been charged by then."""
STAFF_MESSAGES: Final = (NEW_REQUEST, ROTA_END, ATTENTION)

_REMINDERS: Final = (DUE_SOON, OVERDUE)
_BEFORE_SUPPLY: Final = (SUBMITTED, BLOCKED, DECISION, ORDERED)
_OVERTAKES: Final = {
    BLOCKED: (SUBMITTED,),
    ORDERED: (SUBMITTED, BLOCKED),
    DECISION: (DECISION,),
    DECLINED: _BEFORE_SUPPLY,
    DUPLICATE: _BEFORE_SUPPLY,
    UNAVAILABLE: _BEFORE_SUPPLY,
    NOT_COMING: (*_BEFORE_SUPPLY, READY, LINK),
    CANCELLED: (*_BEFORE_SUPPLY, UNAVAILABLE),
    EXPIRED: _BEFORE_SUPPLY,
    READY: _BEFORE_SUPPLY,
    LINK: _BEFORE_SUPPLY,
    RENEWED: _REMINDERS,
    RECALLED: (RENEWED, RENEWAL_DECLINED, *_REMINDERS),
    DUE_SOON: _REMINDERS,
    OVERDUE: _REMINDERS,
    LOST_BILL: _REMINDERS,
    ROTA_END: (NEW_REQUEST,),
}


def _message(
    it: BorrowingCase,
    to: str,
    kind: str,
    facts: tuple[tuple[str, Plain], ...],
    reasons: tuple[Reason, ...] = (),
    not_before: datetime | None = None,
    key: str = "",
) -> tuple[Message, ...]:
    overtakes = _OVERTAKES.get(kind, ())
    word = f"{kind}{key}"
    return (Message.of(it, kind, to, facts, reasons, word=word, not_before=not_before, supersedes=overtakes),)


def tell_supplier(
    it: BorrowingCase,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    *,
    attempt: Attempt | None = None,
    not_before: datetime | None = None,
) -> tuple[Message, ...]:
    """The supplier of the attempt is told (None: the present one); the request is named as it knows it.

    ``their_id`` is among the facts where the supplier has said what it calls the request.
    """
    attempt = attempt or it.attempt
    assert attempt is not None  # there is somebody to be told
    key = "" if attempt.number == it.current else f"/{attempt.number}"
    about = (
        ("request", attempt.request_id),
        ("supplier", attempt.supplier),
        ("requester", it.library),
        ("title", it.requested.title),
        *((("their_id", attempt.their_id),) if attempt.their_id is not None else ()),
    )
    return _message(it, attempt.supplier, kind, about + facts, not_before=not_before, key=key)


def tell_centre(it: BorrowingCase, kind: str, facts: tuple[tuple[str, Plain], ...]) -> tuple[Message, ...]:
    """The centre that routes the case is told."""
    assert it.routed_by is not None  # there is one
    about = (("request", it.id), ("requester", it.library), ("title", it.requested.title))
    return _message(it, it.routed_by, kind, about + facts)


def tell_patron(
    it: BorrowingCase,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
    *,
    not_before: datetime | None = None,
) -> tuple[Message, ...]:
    """The patron is told; nobody is where a case sends something back, or fills another's request."""
    if it.origin is not None or it.fills is not None:
        return ()
    about = (("request", it.id), ("title", it.requested.title))
    return _message(it, it.patron, kind, about + facts, reasons, not_before)


def tell_staff(it: BorrowingCase, kind: str, reasons: tuple[Reason, ...] = ()) -> tuple[Message, ...]:
    """The borrowing library's own staff are told."""
    about = (("request", it.id), ("title", it.requested.title))
    return _message(it, it.library, kind, about, reasons)


def reminder(
    s: Situation[BorrowingCase, Any, Any, Any],
    kind: str,
    step: int,
    facts: tuple[tuple[str, Plain], ...],
    reasons: tuple[Reason, ...] = (),
) -> tuple[Message, ...]:
    """A reminder; its key names the term and the step, so it is the same whenever it is made."""
    it = s.it
    if it.fills is not None:
        return ()
    about = (("request", it.id), ("title", it.requested.title))
    (message,) = _message(it, it.patron, kind, about + facts, reasons)
    return (replace(message, key=f"{it.key.kind}/{it.id}/term-{it.terms or 0}/{step}"),)


def no_more(key: Key, *kinds: str) -> tuple[Withdrawal, ...]:
    """Unsent messages of these kinds are not to be sent any more; without a kind, all to the patron."""
    return (Withdrawal(key, kinds or PATRON_MESSAGES),)
