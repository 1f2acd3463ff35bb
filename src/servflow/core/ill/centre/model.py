"""What a centre's desk is told before it decides: one value for both halves of its desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from servflow.core.ill.lending.states import InstitutionKind, Material, Place
from servflow.core.ill.network.modes import ModeName
from servflow.core.money import Money

__all__ = ["CentreFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreFacts:
    """What a centre is told by its host (the ``Facts`` port): of who asks, and of whom to ask.

    A request that comes in and the case that fills it are decided in one change, so one value has the
    facts of both: see ``LendingFacts`` and ``BorrowingFacts``, whose fields these are. ``suppliers`` are
    those that ``routing.route`` found; ``mode`` is the one that whoever asks has chosen (CALIS-14).
    ``held_locally`` is meant as in ``LendingFacts``: a library of the borrower's own place holds it.
    """

    kind: InstitutionKind
    place: Place
    mode: ModeName = ModeName.CENTRE_OPAQUE
    material: Material | None = None
    base_collection: bool = True
    catalogued_on: date | None = None
    reserved: int = 0
    held_locally: bool = False
    international_slip: str | None = None
    category: str = ""
    expired: bool = False
    debarred: bool = False
    active: int = 0
    this_year: int = 0
    debt: Money | None = None
    overdue: int = 0
    requestable: bool = True
    copies_this_year: int = 0
    copy_limit: int | None = None
    duplicate_of: str | None = None
    suppliers: tuple[str, ...] = ()
    not_taking: tuple[str, ...] = ()
    not_serving: tuple[str, ...] = ()
