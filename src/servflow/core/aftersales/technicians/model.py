"""A technician: qualifications, appointments, the book of repair orders, leave and attendance.

An appointment, a repair order and a leave are counted here, so that two desks that plan in the same instant
do not send one person to two places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import ClassVar

from servflow.core.changes import Aggregate, Key
from servflow.core.citations import Reason

__all__ = [
    "Attendance",
    "Booking",
    "Leave",
    "LeaveState",
    "OrderBook",
    "Technician",
    "TechnicianRole",
    "TechnicianState",
    "technician_key",
]


class TechnicianState(Enum):
    """Whether a technician is in service."""

    ACTIVE = "active"
    LEAVING = "leaving"  # 离职交接: a change of personnel was announced
    LEFT = "left"  # unused repair orders are handed in


class TechnicianRole(Enum):
    """In which role somebody speaks to a technician's record."""

    HIMSELF = "himself"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"  # issues the books of repair orders
    SYSTEM = "system"


class LeaveState(Enum):
    """How a leave stands (请假)."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    URGENT = "urgent"  # told at once, its papers are still to come
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """An appointment of the technician's (预约): for which ticket and visit, and when.

    If a time was agreed. ``begun``: he is on his way to it, or there.
    """

    ticket: str
    visit: int
    window_from: datetime | None = None
    window_until: datetime | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBook:
    """A book of repair orders (维修单本): ``first`` to ``last``, both included; ``next`` is used next.

    ``next`` is one beyond ``last`` where all are used. ``voided`` are the spoiled ones, each with why.
    """

    first: int
    last: int
    next: int
    voided: Mapping[str, str] = field(default_factory=dict)

    @property
    def used_up(self) -> bool:
        """Whether no order is left."""
        return self.next > self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A leave (请假): from the day ``first`` to the day ``last``, both included.

    Who stands in, and how he is reached. The papers of an ``urgent`` one follow, on ``papers_on``;
    ``back_on`` is the first day on which he was back.
    """

    first: date
    last: date
    reason: str
    state: LeaveState
    asked_on: date
    substitute: str = ""
    reachable: str = ""
    urgent: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    papers_on: date | None = None
    back_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was asked for or began, and he is not back."""
        return self.state in {LeaveState.ASKED, LeaveState.GRANTED, LeaveState.URGENT}

    def covers(self, day: date) -> bool:
        """Whether he is on leave on ``day``: granted or urgent, and not back by then."""
        if self.state not in {LeaveState.GRANTED, LeaveState.URGENT, LeaveState.ENDED}:
            return False
        return self.first <= day <= self.last and (self.back_on is None or day < self.back_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """What was noted of somebody's attendance on a day (考勤): ``late``, ``left-early``, ``absence``.

    And its minutes.
    """

    on: date
    what: str
    minutes: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Technician(Aggregate):
    """One technician of a firm; the id is his party's.

    ``qualified`` names the services or products that he was trained for and found qualified (AS-STAFF-12).
    ``agenda`` are his appointments by ticket, ``orders`` his book of repair orders, ``handed_in`` those
    before. ``orders_used`` are the tickets by the number of their order, ``carried_over`` the order that each
    carried-over one comes from. ``leaves_on`` is the day from which somebody else has his place;
    ``change_paper_on`` when the further paper about that was handed in. ``attention`` is what his supervisor
    has to look at.
    """

    kind: ClassVar[str] = "aftersales.technician"

    state: TechnicianState
    firm: str
    qualified: tuple[str, ...] = ()
    agenda: Mapping[str, Booking] = field(default_factory=dict)
    orders: OrderBook | None = None
    handed_in: tuple[OrderBook, ...] = ()
    orders_used: Mapping[str, str] = field(default_factory=dict)
    carried_over: Mapping[str, int] = field(default_factory=dict)
    leaves: tuple[Leave, ...] = ()
    attendance: tuple[Attendance, ...] = ()
    leaves_on: date | None = None
    change_paper_on: date | None = None
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attention: tuple[Reason, ...] = ()

    @property
    def out_on(self) -> tuple[str, ...]:
        """The tickets to whose visit he is on his way, or at which he is."""
        return tuple(sorted(ticket for ticket, booking in self.agenda.items() if booking.begun))

    def on_leave(self, day: date) -> bool:
        """Whether a leave of his covers ``day``."""
        return any(leave.covers(day) for leave in self.leaves)

    def leave_from(self, first: date) -> Leave | None:
        """The leave that begins on ``first``, the last one where it was asked for again."""
        return next((leave for leave in reversed(self.leaves) if leave.first == first), None)


def technician_key(party: str) -> Key:
    """The key of a technician's record."""
    return Key(Technician.kind, party)
