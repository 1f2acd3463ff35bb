"""The words both desks of an interlibrary loan share: services, reasons, conditions, costs, offers.

Codes are those of ISO 18626 (open code lists) where it has one; what it lacks has a code of our own
and says so. Values are stored data and never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TypeVar

from servflow.core import attention
from servflow.core.attention import Attending
from servflow.core.citations import Plain
from servflow.core.errors import InvalidValue
from servflow.core.money import Money, total

__all__ = [
    "CancelIntent",
    "Condition",
    "CostKind",
    "CostLine",
    "Delivery",
    "Level",
    "Offer",
    "OfferState",
    "Payer",
    "Requested",
    "Retry",
    "SentVia",
    "Service",
    "Settlement",
    "Status",
    "Unfilled",
    "WhereLost",
    "attend",
    "cost_of",
    "seen_to",
]


class Service(Enum):
    """What is asked for (ISO 18626 serviceType)."""

    LOAN = "Loan"
    COPY = "Copy"
    COPY_OR_LOAN = "CopyOrLoan"  # resolved by what is shipped


class Level(Enum):
    """How fast (ISO 18626 serviceLevel): each has its own deadline for an answer."""

    EXPRESS = "Express"
    RUSH = "Rush"
    NORMAL = "Normal"


class Status(Enum):
    """How a request stands as the supplier tells it (ISO 18626 status)."""

    REQUEST_RECEIVED = "RequestReceived"
    EXPECT_TO_SUPPLY = "ExpectToSupply"
    WILL_SUPPLY = "WillSupply"
    LOANED = "Loaned"
    OVERDUE = "Overdue"
    RECALLED = "Recalled"
    RETRY_POSSIBLE = "RetryPossible"
    UNFILLED = "Unfilled"
    COPY_COMPLETED = "CopyCompleted"
    LOAN_COMPLETED = "LoanCompleted"
    COMPLETED_WITHOUT_RETURN = "CompletedWithoutReturn"
    CANCELLED = "Cancelled"


class Unfilled(Enum):
    """Why a request is not filled (ISO 18626 reasonUnfilled)."""

    NON_CIRCULATING = "NonCirculating"
    NOT_AVAILABLE_FOR_ILL = "NotAvailableForILL"
    NOT_HELD = "NotHeld"
    NOT_ON_SHELF = "NotOnShelf"
    POLICY_PROBLEM = "PolicyProblem"
    POOR_CONDITION = "PoorCondition"
    DUPLICATE = "Duplicate"  # ours: the supplier has this request already
    COPYRIGHT = "LacksCopyrightCompliance"  # ours, after ISO 10161
    OTHER = "Other"  # ours: the note says what


class Retry(Enum):
    """Why a supplier says "try again" (ISO 18626 reasonRetry)."""

    AT_BINDERY = "AtBindery"
    COST_EXCEEDS_MAX_COST = "CostExceedsMaxCost"
    LOAN_CONDITION = "LoanCondition"
    NOT_CURRENTLY_AVAILABLE = "NotCurrentlyAvailableForILL"
    NOT_FOUND_AS_CITED = "NotFoundAsCited"
    ON_LOAN = "OnLoan"
    ON_ORDER = "OnOrder"
    DELIVERY_DATE_NOT_POSSIBLE = "ReqDelDateNotPossible"
    DELIVERY_METHOD_NOT_SUPPORTED = "ReqDelMethodNotSupp"
    EDITION_NOT_POSSIBLE = "ReqEditionNotPossible"
    PAYMENT_METHOD_NOT_SUPPORTED = "ReqPayMethNotSupported"
    SERVICE_LEVEL_NOT_SUPPORTED = "ReqServLevelNotSupp"
    SERVICE_TYPE_NOT_POSSIBLE = "ReqServTypeNotPossible"
    VOLUME_NOT_YET_AVAILABLE = "VolumeNotYetAvail"
    PREPAYMENT_REQUIRED = "PrepaymentRequired"  # ours, after ISO 10161
    OTHER = "Other"  # ours: the note says what


class Condition(Enum):
    """Under which condition something is lent (ISO 18626 loanCondition)."""

    LIBRARY_USE_ONLY = "LibraryUseOnly"  # 限馆内阅览
    NO_REPRODUCTION = "NoReproduction"  # 不得复制
    SIGNATURE_REQUIRED = "SignatureRequired"  # 须签名
    SUPERVISED = "SpecCollSupervReq"  # 特藏, 须有人看管
    WATCHED_LIBRARY_USE_ONLY = "WatchLibraryUseOnly"  # 限馆内监督阅览
    OTHER = "Other"  # the note says what


class CostKind(Enum):
    """What a cost is for; a kind of charge in the ledger."""

    LOAN = "loan-fee"
    COPY = "copy-fee"  # by page
    SEARCH = "search-fee"  # 代查费
    RUSH = "rush-fee"  # 加急费
    DELIVERY = "delivery-fee"
    OVERDUE = "overdue"
    COMPENSATION = "compensation"
    OTHER = "other-fee"


class Payer(Enum):
    """Who bears a cost in the end."""

    PATRON = "patron"
    LIBRARY = "library"
    SUBSIDY = "subsidy"  # a programme, such as 补贴


class SentVia(Enum):
    """How something is delivered (ISO 18626 sentVia)."""

    MAIL = "Mail"
    COURIER = "Courier"
    FAX = "Fax"
    EMAIL = "Email"
    FTP = "Ftp"
    URL = "URL"

    @property
    def online(self) -> bool:
        """Whether it is there at once, without anything to be carried."""
        return self in {SentVia.EMAIL, SentVia.FTP, SentVia.URL}


class CancelIntent(Enum):
    """What a cancellation is for."""

    END_CASE = "end_case"  # the patron needs it no more
    LEAVE_SUPPLIER = "leave_supplier"  # the next supplier is to be asked


class WhereLost(Enum):
    """Where something was lost, from which it follows who answers for it."""

    TRANSIT_OUT = "transit_out"  # on the way to the borrowing library
    LIBRARY = "library"
    PATRON = "patron"
    TRANSIT_BACK = "transit_back"  # on the way back; NLC-13: who sent it answers


class Settlement(Enum):
    """How a loss was settled."""

    PAID = "paid"
    REPLACED = "replaced"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """What is asked for, as the requester cites it (ISO 18626 bibliographicInfo)."""

    title: str = ""
    author: str = ""
    edition: str = ""
    volume: str = ""
    publisher: str = ""
    year: str = ""
    record_ids: tuple[str, ...] = ()  # "ISBN:9780439784542", "OCLC:57358293"
    article: str = ""  # what of it is to be copied: the article's title
    pages: str = ""  # as cited: "112-130"
    call_number: str = ""  # 索书号, in the supplier's catalogue
    barcode: str = ""  # 条码号, of the very volume

    @property
    def is_cited(self) -> bool:
        """Whether it can be looked for: a title, or a record id."""
        return bool(self.title.strip() or self.record_ids)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What a message says of it beside the title, by name; what is not cited is empty."""
        names = (
            "author",
            "edition",
            "volume",
            "publisher",
            "year",
            "article",
            "pages",
            "call_number",
            "barcode",
        )
        said = tuple((name, str(getattr(self, name))) for name in names)
        return (*said, ("record_ids", "\n".join(self.record_ids)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One cost: what for, how much, who bears it, on what basis ("12 pages at 0.30").

    Raises:
        InvalidValue: the amount is below zero.
    """

    kind: CostKind
    amount: Money
    payer: Payer = Payer.LIBRARY
    basis: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Money) or self.amount.minor < 0:
            raise InvalidValue("amount", str(self.amount), "an amount of zero or more")


def cost_of(lines: tuple[CostLine, ...], currency: str) -> Money:
    """What the lines come to; nothing in ``currency`` where there are none.

    Raises:
        CurrencyMismatch: a line is in another currency.
    """
    return total((line.amount for line in lines), currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How something was sent, and by what it can be found: a link, a parcel number, a file's name."""

    via: SentVia
    reference: str = ""


class OfferState(Enum):
    """What became of an offer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """On what terms a supplier would supply. ``revision`` counts its offers, from 1.

    ``cost`` is the whole cost, None where only conditions are made; ``reply_by`` the last day on
    which it may be accepted. ``made_at`` is the instant from which who it is made to may know of it; None
    where that is not on record.

    Raises:
        InvalidValue: neither a condition nor a cost, or a revision below 1.
    """

    revision: int
    conditions: tuple[Condition, ...] = ()
    cost: Money | None = None
    reply_by: date | None = None
    note: str = ""
    state: OfferState = OfferState.OPEN
    made_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.conditions and self.cost is None:
            raise InvalidValue("offer", "neither a condition nor a cost", "at least one of them")
        if self.revision < 1:
            raise InvalidValue("revision", self.revision, "1 or more")


A = TypeVar("A", bound=Attending)


def attend(it: A, code: str, *facts: tuple[str, Plain]) -> A:
    """``it`` with one more reason for staff to look at it; its code is ``ill.attention.`` and this one."""
    return attention.attend(it, f"ill.attention.{code}", *facts)


def seen_to(it: A, code: str) -> A:
    """``it`` without the reasons of the code that ``attend`` gives them."""
    return attention.seen_to(it, f"ill.attention.{code}")
