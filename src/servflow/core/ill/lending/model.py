"""The aggregates of the lending desk: the supplying transaction and the borrower's relation.

Both are values. What follows from dates (overdue, suspended because something is overdue) is
asked of them with a day and never stored; a due date that was told to somebody is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from servflow.core.changes import Aggregate
from servflow.core.citations import Reason
from servflow.core.fees.assessment import OpenItem, Posted
from servflow.core.ill.lending.states import (
    Closing,
    InstitutionKind,
    Material,
    Place,
    RelationState,
    SecurityKind,
    SupplyState,
)
from servflow.core.ill.terms import (
    CostLine,
    Delivery,
    Level,
    Offer,
    OfferState,
    Requested,
    Retry,
    Service,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

__all__ = [
    "Damage",
    "Defect",
    "HeldSpan",
    "LendingFacts",
    "OutOnLoan",
    "Relation",
    "RenewalWish",
    "ShippingStep",
    "SupplyTransaction",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingFacts:
    """What the lending desk is told by its host before it decides (the ``Facts`` port).

    ``material`` is None where the catalogue does not know the item: then staff decide.
    ``catalogued_on`` matters for foreign-language books. ``reserved`` counts the lender's own
    readers who wait for the item. ``held_locally`` says that a library of the borrower's own
    place holds it. ``international_slip`` is the number of the slip filed with a request from abroad.
    """

    kind: InstitutionKind
    place: Place
    material: Material | None = None
    base_collection: bool = True
    catalogued_on: date | None = None
    reserved: int = 0
    held_locally: bool = False
    international_slip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A damage on record: which item, what, and whether it happened in the return post."""

    item: str
    on: date
    note: str
    in_post: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A claim on a copy that was supplied: what is wrong with it ("page 12 is missing"), and a note."""

    on: date
    what: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalWish:
    """A renewal that was asked for: in which command, why, until which day (None: as the rules give)."""

    said_in: str
    reason: str = ""
    desired: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingStep:
    """The shipping as long as it may be undone: ``until`` is the first instant at which it may not.

    ``before`` is the state it came from, ``version`` the transaction's version after it, and
    ``cancel_asked_on`` the cancellation that it answered, if any.
    """

    before: SupplyState
    until: datetime
    version: int
    cancel_asked_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSpan:
    """Days on which the requester was to keep the volumes: ``first`` to ``last``, both included.

    ``last`` is None as long as it still is, and where it was until the loan ended.
    """

    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyTransaction(Aggregate):
    """One request at the supplying library, from its receipt to its end.

    ``service`` is what was asked for (None, in transactions older than that: a loan), ``max_cost`` the
    most that the requester pays without being asked, ``delivery_wished`` how it wants to have it,
    ``previous`` the request that this one repeats; ``forwardable`` says that it may be passed on. ``note``
    is what the requester says besides; a request of the thesis system is known by it (CALIS-13).

    ``items`` are the volumes shipped; ``returned`` says on which day each came back. ``due`` is
    the last day of the term as told to the requester, ``terms`` how many such days it was told so
    far; a copy has none. ``noticed`` counts the steps of the notice schedule that are behind for that
    due date. ``charged`` is what has been posted by kind, up to ``assessed_on``; ``compensation`` what
    the lender set for loss or damage, ``costs`` what staff charged beside the loan fee. Nothing becomes
    overdue after ``stopped_on`` (declared lost, kept, or closed by hand); ``lost_on`` is when something
    still out was last declared lost, ``found_on`` when it was last found again.

    Piece by piece: ``reported`` says since when something still out is said to be on its way back, ``lost``
    since when it is lost. The state follows the last piece: it is lost once all that is still out is, and
    on its way back once all is of which no loss is on record.

    Beside the state, and each independent of the others: the latest ``offer``; a cancellation that
    waits (``cancel_asked_on``) or was answered no (``cancel_refused``); a renewal that waits
    (``renewal_asked_on``, ``renewal_wish``); a recall; ``held_return``, True while the requester is
    to keep it, and ``held_spans``, on which days it was; claims on a copy that are open (``defects``);
    what staff have to look at (``attention``). What is True or None is None where it is not so.

    ``via`` is the borrowing case at this very desk that fills the request, where it was passed on to another
    library; then what that library has charged (``passed_on``) is charged, and nothing else.
    """

    kind: ClassVar[str] = "ill.supply"

    state: SupplyState
    requester: str
    supplier: str
    request_id: str
    requested: Requested
    place: Place
    received_on: date | None = None
    need_before: date | None = None
    closing: Closing | None = None
    why_unfilled: Unfilled | None = None
    reasons: tuple[Reason, ...] = ()
    items: tuple[str, ...] = ()
    shipped_on: date | None = None
    due: date | None = None
    terms: int = 0
    tariff: Money | None = None
    renewals: int = 0
    renewal_asked_on: date | None = None
    recalled_on: date | None = None
    noticed: int = 0
    returned: Mapping[str, date] = field(default_factory=dict)
    damages: tuple[Damage, ...] = ()
    compensation: Money | None = None
    lost_on: date | None = None
    stopped_on: date | None = None
    assessed_on: date | None = None
    charged: Mapping[str, Posted] = field(default_factory=dict)
    service: Service | None = None
    level: Level | None = None
    max_cost: Money | None = None
    previous: str | None = None
    forwardable: bool | None = None
    delivery_wished: Delivery | None = None
    offer: Offer | None = None
    why_retry: Retry | None = None
    forwarded_to: str | None = None
    cancel_asked_on: date | None = None
    cancel_refused: bool | None = None
    renewal_wish: RenewalWish | None = None
    held_return: bool | None = None
    costs: tuple[CostLine, ...] = ()
    delivery: Delivery | None = None
    pages: int | None = None
    defects: tuple[Defect, ...] = ()
    lost_where: WhereLost | None = None
    found_on: date | None = None
    return_reported_on: date | None = None
    return_delay_noted: bool | None = None
    attention: tuple[Reason, ...] = ()
    last_step: ShippingStep | None = None
    reported: Mapping[str, date] = field(default_factory=dict)
    lost: Mapping[str, date] = field(default_factory=dict)
    held_spans: tuple[HeldSpan, ...] = ()
    via: str | None = None
    passed_on: tuple[CostLine, ...] = ()
    note: str | None = None

    @property
    def still_out(self) -> tuple[str, ...]:
        """The items shipped and not back yet; a copy does not come back."""
        return () if self.due is None else tuple(item for item in self.items if item not in self.returned)

    @property
    def awaited(self) -> tuple[str, ...]:
        """What is meant where no piece is named: all still out, but for those lost unless all of them are."""
        return tuple(item for item in self.still_out if item not in self.lost) or self.still_out

    @property
    def may_be_lent(self) -> bool:
        """Whether a loan would do."""
        return self.service is not Service.COPY

    @property
    def may_be_copied(self) -> bool:
        """Whether a copy would do."""
        return self.service in {Service.COPY, Service.COPY_OR_LOAN}

    @property
    def agreed(self) -> Money | None:
        """The whole cost that the requester has accepted; None where none was offered and accepted."""
        accepted = self.offer is not None and self.offer.state is OfferState.ACCEPTED
        return self.offer.cost if self.offer is not None and accepted else None

    @property
    def awaits_compensation(self) -> bool:
        """Whether a loss or a damage is on record and its compensation has not been set."""
        return self.compensation is None and (self.lost_on is not None or bool(self.damages))

    def overdue_on(self, day: date) -> bool:
        """Whether something is still out on ``day`` although the term has ended before it.

        Not while the lender itself asks the requester to keep it.
        """
        return bool(self.due and self.due < day and self.still_out) and not self.held_return

    def held_days(self, after: date, through: date) -> int:
        """On how many days after ``after``, up to and including ``through``, the requester was to keep it."""
        count, counted = 0, after.toordinal()
        for span in sorted(self.held_spans, key=lambda span: span.first):
            last = min(through, span.last or through).toordinal()
            before = max(counted, span.first.toordinal() - 1)
            count += max(0, last - before)
            counted = max(counted, last)
        return count

    @property
    def kept_until(self) -> date | None:
        """The last day, so far, on which the requester was to keep it; None where it never was to."""
        return max((span.last for span in self.held_spans if span.last is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOnLoan:
    """One loan on the borrower's account: how many volumes are out, until when.

    ``held`` is True while the borrower is to keep them, whatever the date; otherwise None.
    """

    volumes: int
    due: date
    held: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation(Aggregate):
    """A borrowing institution's relation with the lending library, and its account.

    The id is the institution's reference. ``unsettled`` names its loans with a loss or a damage whose
    compensation has not been set. ``out`` holds its loans by transaction, ``open`` its
    open charges and ``waived`` what was waived of charges by ``loan/kind``, ``security`` what it has
    paid in by kind of security.
    """

    kind: ClassVar[str] = "ill.relation"

    state: RelationState
    lender: str
    institution: InstitutionKind
    contact: str = ""
    agreements: tuple[str, ...] = ()
    card: str | None = None
    why: str | None = None
    security: Mapping[str, Money] = field(default_factory=dict)
    unsettled: tuple[str, ...] = ()
    out: Mapping[str, OutOnLoan] = field(default_factory=dict)
    open: Mapping[str, OpenItem] = field(default_factory=dict)
    waived: Mapping[str, Money] = field(default_factory=dict)

    def overdue_on(self, day: date) -> tuple[str, ...]:
        """The loans that are overdue on ``day``, in the order of their ids."""
        return tuple(sorted(loan for loan, out in self.out.items() if out.due < day and not out.held))

    def secured(self, kind: SecurityKind) -> Money | None:
        """What is paid in as this kind of security and not used up; None for nothing."""
        return self.security.get(kind.value)

    @property
    def volumes_out(self) -> int:
        """How many volumes are out on this account."""
        return sum(loan.volumes for loan in self.out.values())
