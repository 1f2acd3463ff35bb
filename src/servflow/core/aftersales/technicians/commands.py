"""What can be said to a technician's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from servflow.core.aftersales.showing import ShowingCommand
from servflow.core.changes import Command
from servflow.core.checks import each_once
from servflow.core.dates import aware, lies_after
from servflow.core.errors import InvalidValue

__all__ = [
    "AnnounceLeaving",
    "AskLeave",
    "BeginVisit",
    "BookVisit",
    "ClearTechnicianAttention",
    "EndLeave",
    "ExtendLeave",
    "FreeVisit",
    "GrantLeave",
    "HandInChangePaper",
    "HandInOrders",
    "IssueOrders",
    "LeaveService",
    "NoteAttendance",
    "Qualify",
    "RefuseLeave",
    "RegisterTechnician",
    "ShowLeavePapers",
    "UseOrder",
    "VoidOrder",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTechnician(Command):
    """Somebody serves the firm as a technician from now on, or again; opens his record."""

    firm: str
    qualified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualify(Command):
    """He was trained and found qualified for something (考核合格).

    Or is so no more: what he is qualified for now.
    """

    qualified: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookVisit(Command):
    """An appointment is his; one that he has already for the same ticket is replaced. Said by the ticket."""

    ticket: str
    visit: int
    window_from: datetime | None = None
    window_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginVisit(Command):
    """He is on his way to an appointment of his, or there. Said by the ticket."""

    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeVisit(Command):
    """An appointment is his no more: it is over, or somebody else has it. Said by the ticket."""

    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueOrders(Command):
    """Finance gives him a book of repair orders, ``first`` to ``last``, against the used one (AS-FORM-4).

    ``spoiled`` are the void ones of the used book, which finance gets with it (AS-FORM-5).

    Raises:
        InvalidValue: the last number lies before the first, or that below 1; a spoiled one comes twice.
    """

    first: int
    last: int
    spoiled: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if not 1 <= self.first <= self.last:
            raise InvalidValue("first", self.first, f"a number from 1 to {self.last}")
        each_once("spoiled", self.spoiled)


@dataclass(frozen=True, slots=True, kw_only=True)
class UseOrder(Command):
    """He writes a service on the repair order ``number``.

    ``carried_over_from`` an order not finished in time.
    """

    number: int
    ticket: str
    carried_over_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidOrder(Command):
    """A repair order is spoiled (书写错误): void on all copies, and kept until finance gets it (AS-FORM-1).

    Raises:
        InvalidValue: there is no reason.
    """

    must_say = ("reason",)

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandInOrders(Command):
    """Finance has the book of repair orders back, used up or not, and its void ones (AS-FORM-4, AS-FORM-5).

    Raises:
        InvalidValue: a spoiled one comes twice.
    """

    spoiled: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        each_once("spoiled", self.spoiled)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLeave(ShowingCommand):
    """Leave is asked for (请假): ``first`` to ``last``, both included.

    ``urgent``: it could not be asked for in time; the papers follow. ``reachable`` is by what he is reached,
    a reference and no number. ``answers`` are those to the rulebook's own questions about a leave.

    Raises:
        InvalidValue: the last day lies before the first, or there is no reason.
    """

    step = "leave"
    must_say = ("reason",)

    first: date
    last: date
    reason: str
    substitute: str = ""
    reachable: str = ""
    urgent: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if self.last < self.first:
            raise InvalidValue("last", self.last.isoformat(), f"a day from {self.first.isoformat()} on")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantLeave(ShowingCommand):
    """The leave that begins on ``first`` is granted."""

    step = "leave-grant"

    first: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseLeave(Command):
    """The leave that begins on ``first`` is refused."""

    first: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowLeavePapers(ShowingCommand):
    """The papers of an urgent leave are there, and filed (AS-STAFF-4)."""

    step = "leave-papers"

    first: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendLeave(ShowingCommand):
    """The leave that begins on ``first`` lasts until ``last``, that day included.

    ``approved_by`` names the client's approval: where the rulebook asks for it, the days are absence without
    it.
    """

    step = "leave-extension"

    first: date
    last: date
    approved_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLeave(Command):
    """He is back from the leave that began on ``first``: at work again on the day on which this happened.

    ``why`` is the good reason for which he stayed away longer than granted.
    """

    first: date
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAttendance(Command):
    """When he came and went on a day (考勤), against when he should have.

    ``came`` ``None``: he was not there.

    ``why`` is the reason that he gave; ``stood_in`` who was there in his place, ``went_out`` where he went in
    working time; ``permitted``: what he did had been permitted. What is noted last of a day holds.

    Raises:
        InvalidValue: an instant is naive, or he should go, or went, before he should come, or came.
    """

    on: date
    should_come: datetime
    should_go: datetime
    came: datetime | None = None
    went: datetime | None = None
    why: str = ""
    stood_in: str = ""
    went_out: str = ""
    permitted: bool = False

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        instants = {"should_come": self.should_come, "should_go": self.should_go, "came": self.came}
        for name, at in {**instants, "went": self.went}.items():
            if at is not None:
                aware(name, at)
        if not lies_after(self.should_go, self.should_come):
            raise InvalidValue("should_go", self.should_go.isoformat(), "an instant after should_come")
        if self.came is not None and self.went is not None and lies_after(self.came, self.went):
            raise InvalidValue("went", self.went.isoformat(), "an instant not before he came")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceLeaving(ShowingCommand):
    """It is announced that somebody else takes his place from the day ``on`` (人员变更, AS-STAFF-6)."""

    step = "staff-change"

    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HandInChangePaper(ShowingCommand):
    """The further paper on the change of personnel is handed in (AS-STAFF-6: its name is cut off there)."""

    step = "staff-change-paper"
    must_say = ("ref",)

    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveService(Command):
    """He leaves; unused repair orders have been handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearTechnicianAttention(ShowingCommand):
    """What staff had to look at is seen to: every reason of this code.

    Where a rulebook's limit says what follows (a written statement), it is shown by that name.
    """

    code: str
