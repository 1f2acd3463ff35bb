"""States, roles and the words of the borrowing desk. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "AttemptState",
    "BlockKind",
    "BorrowingRole",
    "CancelState",
    "CaseOutcome",
    "CaseState",
    "CitedPart",
    "DelayKind",
]


class CaseState(Enum):
    """Where a borrowing case stands (借入方案卷). Overdue, recalled, renewed are no states."""

    DRAFT = "draft"  # being filled in
    SUBMITTED = "submitted"  # being checked
    BLOCKED = "blocked"  # cannot be ordered: the rules say why
    IN_REVIEW = "in_review"  # with the library's staff
    ROUTABLE = "routable"  # approved, no supplier holds it
    SENT = "sent"  # with a supplier, unanswered
    EXPECTED = "expected"  # the supplier thinks it can; ExpectToSupply
    PROMISED = "promised"  # the supplier commits itself; WillSupply
    OFFERED = "offered"  # on conditions or at a cost: ours to decide
    RETRY_OFFERED = "retry_offered"  # "try again": ours to decide; RetryPossible
    SHIPPED = "shipped"  # on its way to us; Loaned, CopyCompleted
    RECEIVED = "received"  # here, not with the patron
    ON_LOAN = "on_loan"  # with the patron
    AWAITING_RETURN = "awaiting_return"  # back from the patron
    RETURNED = "returned"  # on its way back
    DELIVERED = "delivered"  # a copy is here, or its link is
    LOST = "lost"  # declared lost, not settled
    ROTA_EXHAUSTED = "rota_exhausted"  # no supplier is left
    CLOSED = "closed"  # with an outcome


class CaseOutcome(Enum):
    """With what outcome a borrowing case was closed."""

    RETURNED = "returned"  # all of it is back with the lender
    KEPT = "kept"  # the lender lets us keep it
    COPY_DELIVERED = "copy_delivered"
    FILLED_LOCALLY = "filled_locally"
    UNFILLED = "unfilled"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"
    LOST_SETTLED = "lost_settled"
    SUPERSEDED = "superseded"  # by a case that was opened anew
    MANUAL = "manual"  # closed by hand, the last resort


class AttemptState(Enum):
    """What became of the attempt with one supplier."""

    PENDING = "pending"  # in the rota, not asked yet
    ACTIVE = "active"
    SUPPLIED = "supplied"
    UNFILLED = "unfilled"
    RETRY = "retry"
    OFFER_REJECTED = "offer_rejected"
    CANCELLED = "cancelled"
    WITHDREW = "withdrew"  # the supplier cancelled unasked
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"  # was never asked

    @property
    def ended(self) -> bool:
        """Whether the supplier was asked and the attempt is over without a supply."""
        return self not in {AttemptState.PENDING, AttemptState.ACTIVE, AttemptState.SUPPLIED}


class CancelState(Enum):
    """What became of our wish to cancel."""

    PENDING = "pending"
    REFUSED = "refused"
    MOOT = "moot"  # it was shipped all the same


class BorrowingRole(Enum):
    """In which role somebody speaks to a borrowing case."""

    PATRON = "patron"
    STAFF = "staff"  # of the borrowing library
    SYSTEM = "system"  # its programs, by policy
    SUPPLIER = "supplier"  # another institution; whether it is ours to hear, the attempt says
    CLOCK = "clock"
    CENTRE = "centre"  # the institution that says which suppliers are asked, where the case names one


class BlockKind(Enum):
    """Why a request cannot be ordered for this patron now."""

    PATRON_EXPIRED = "patron-expired"
    PATRON_DEBARRED = "patron-debarred"
    NOT_ELIGIBLE = "not-eligible"
    TOO_MANY_ACTIVE = "too-many-active"
    TOO_MANY_THIS_YEAR = "too-many-this-year"
    DEBT = "debt"
    OVERDUE = "overdue"
    COPYRIGHT_QUOTA = "copyright-quota"
    NOT_REQUESTABLE = "not-requestable"
    SERVICE_NOT_OFFERED = "service-not-offered"
    NO_ACCOUNT = "no-account"  # none here, or none that can be used now
    OVERDRAWN = "overdrawn"  # the account would be overdrawn beyond its limit


class CitedPart(Enum):
    """What an application may have to name of what is asked for."""

    TITLE = "title"
    AUTHOR = "author"
    VOLUME = "volume"
    YEAR = "year"
    CALL_NUMBER = "call_number"  # 索书号
    BARCODE = "barcode"  # 条码号


class DelayKind(Enum):
    """What did not come when it was to come; said once each time."""

    SHIP_BY = "ship-by"  # promised, not shipped
    REPLY_BY = "reply-by"  # an offer that we have not answered
    TRANSIT = "transit"  # shipped, not received
    REPLACEMENT = "replacement"  # a copy in place of a bad one
    NEED_BEFORE = "need-before"  # of no use any more, and still with a supplier
