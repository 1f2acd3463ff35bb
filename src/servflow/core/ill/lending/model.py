"""The aggregates of the lending desk: the supplying transaction and the borrower's relation.

Both are values. What follows from dates (overdue, suspended because something is overdue) is
asked of them with a day and never stored; a due date that was told to somebody is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
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
from servflow.core.ill.terms import Requested, Unfilled
from servflow.core.money import Money

__all__ = [
    "Damage",
    "LendingFacts",
    "OutOnLoan",
    "Relation",
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
class SupplyTransaction(Aggregate):
    """One request at the supplying library, from its receipt to its end.

    ``items`` are the volumes shipped; ``returned`` says on which day each came back. ``due`` is
    the last day of the term as told to the requester, ``terms`` how many such days it was told so
    far. ``noticed`` counts the steps of the notice schedule that are behind for that due date.
    ``charged`` is what has been posted by kind, up to ``assessed_on``; ``compensation`` what the
    lender set for loss or damage. Nothing becomes overdue after ``stopped_on`` (declared lost, or
    closed by hand); ``lost_on`` is when the volumes still out were declared lost.
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

    @property
    def still_out(self) -> tuple[str, ...]:
        """The items shipped and not back yet."""
        return tuple(item for item in self.items if item not in self.returned)

    @property
    def awaits_compensation(self) -> bool:
        """Whether a loss or a damage is on record and its compensation has not been set."""
        return self.compensation is None and (self.lost_on is not None or bool(self.damages))

    def overdue_on(self, day: date) -> bool:
        """Whether something is still out on ``day`` although the term has ended before it."""
        return bool(self.due and self.due < day and self.still_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOnLoan:
    """One loan on the borrower's account: how many volumes are out, until when."""

    volumes: int
    due: date


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
        return tuple(sorted(loan for loan, out in self.out.items() if out.due < day))

    def secured(self, kind: SecurityKind) -> Money | None:
        """What is paid in as this kind of security and not used up; None for nothing."""
        return self.security.get(kind.value)

    @property
    def volumes_out(self) -> int:
        """How many volumes are out on this account."""
        return sum(loan.volumes for loan in self.out.values())
