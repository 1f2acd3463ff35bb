"""The filing: what was filed at a gateway, for whom, and what became of it until it was with somebody.

A value. Of the person it keeps references only: a form's personal details stay with the host, and so
does the address that somebody came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from servflow.core.changes import Aggregate
from servflow.core.citations import Reason
from servflow.core.ill.borrowing.model import BorrowingFacts
from servflow.core.ill.filing.states import Channel, Entry, FilingState
from servflow.core.ill.network.modes import Filer, Intake, ModeName, Route
from servflow.core.ill.terms import Delivery, Level, Requested, Service
from servflow.core.money import Money

__all__ = ["Filing", "FilingFacts", "Onward"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingFacts(BorrowingFacts):
    """What the gateway is told by its host before it decides (the ``Facts`` port).

    Where the request is taken in at this desk, a case is opened at once, so these are its facts, too. What
    is added is about the home library that was chosen, and about who files. An institution's account at
    this gateway says the same of its library and is believed before this. ``mode`` is what the library
    has chosen, ``librarian`` the party of its ILL mailbox, ``registered`` says that it is registered at
    the centre. ``serves_patron`` says that it can give this reader the service, ``accounts_at`` names the
    libraries at which who files holds an account that is not kept here. ``gateways`` are the gateways that
    may pass on to this desk what was filed there for its readers.
    """

    mode: ModeName | None = None
    librarian: str | None = None
    runs_system: bool = False
    service_library: bool = False
    registered: bool = False
    serves_patron: bool = False
    accounts_at: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """Where a librarian filed on what came by mail, and when; by what it is known there."""

    on: date
    channel: Channel
    to: str
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing(Aggregate):
    """One request, filed at ``gateway`` for the reader ``patron`` of the home library ``library``.

    ``filer`` is who filed it: the reader, or a librarian on his behalf. ``account`` is the reference
    under which it runs, and to which the document goes: the reader's, the librarian's who files for a
    reader without an account, or the institution's. ``details`` names the personal details that the
    form held. ``came_from`` is the gateway that passed it on to this one. ``answer_by`` is the last
    day on which an answer is in time; ``late`` says that it did not come by then. ``attention`` says what
    staff have to look at.
    """

    kind: ClassVar[str] = "ill.filing"

    state: FilingState
    gateway: str
    patron: str
    library: str
    filer: str
    filed_by: Filer
    route: Route
    entry: Entry
    mode: ModeName | None
    intake: Intake
    account: str
    service: Service
    requested: Requested
    level: Level
    filed_at: datetime
    answer_by: date
    proposed: str | None = None
    need_before: date | None = None
    max_cost: Money | None = None
    delivery: Delivery | None = None
    declared: bool | None = None
    note: str | None = None
    details: tuple[str, ...] = ()
    librarian: str | None = None
    came_from: str | None = None
    onward: tuple[Onward, ...] = ()
    late: bool | None = None
    filled: bool | None = None
    answer: str | None = None
    answered_on: date | None = None
    handed_on_on: date | None = None
    attention: tuple[Reason, ...] = ()

    @property
    def has_case_here(self) -> bool:
        """Whether it was taken in at this very desk, so that a case of its id says what becomes of it.

        What came by mail has none: the librarian answers.
        """
        at_home = self.intake is Intake.HOME_LIBRARY and self.gateway == self.library
        return self.intake is Intake.CENTRE or at_home

    @property
    def for_a_reader(self) -> bool:
        """Whether a librarian filed it, who hands the document on (CALIS-11, CALIS-22)."""
        return self.filed_by is Filer.LIBRARIAN
