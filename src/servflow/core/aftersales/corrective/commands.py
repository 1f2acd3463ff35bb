"""What can be said to a corrective action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date

from servflow.core.aftersales.corrective.model import CauseKind, Source
from servflow.core.aftersales.showing import ShowingCommand
from servflow.core.errors import InvalidValue

__all__ = [
    "AnalyseFault",
    "CarryOut",
    "OpenAction",
    "PlanMeasures",
    "RemindAction",
    "VerifyAction",
]


def _in_the_calendar(due: date | None) -> None:
    if due is not None and due.year == MAXYEAR:
        raise InvalidValue("due", due.isoformat(), f"a day before the year {MAXYEAR}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAction(ShowingCommand):
    """A quality fault is taken up (AS-QA-7); opens the action.

    ``reference`` is the id of the complaint or of the ticket, or what the feedback form is known by.

    Raises:
        InvalidValue: there is no fault, or nothing that it comes from.
    """

    step = "feedback-form"
    must_say = ("fault", "reference")

    firm: str
    fault: str
    source: Source
    reference: str
    product: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyseFault(ShowingCommand):
    """Why it happened, and which department is responsible (分析原因、落实责任).

    ``responsible`` is the party, where it was one.

    Raises:
        InvalidValue: there is no cause, or no department.
    """

    step = "analysis"
    must_say = ("cause", "department")

    cause: str
    cause_kind: CauseKind
    department: str
    responsible: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMeasures(ShowingCommand):
    """What is done about it, and what keeps it from coming back (纠正、预防措施); by whom, by what day.

    The day ``due`` is included.

    Raises:
        InvalidValue: a measure or ``whom`` is empty, or the day lies in the last year of the calendar.
    """

    step = "measures"
    must_say = ("corrective", "preventive", "whom")

    corrective: str
    preventive: str
    whom: str
    due: date

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _in_the_calendar(self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOut(ShowingCommand):
    """The measures are carried out (实施): what was done.

    Raises:
        InvalidValue: nothing was.
    """

    step = "carrying-out"
    must_say = ("done",)

    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyAction(ShowingCommand):
    """Service has looked whether the measures were carried out and help (跟踪验证).

    Where they were not ``effective``, ``due`` is the day by which they are carried out again, or others.

    Raises:
        InvalidValue: nothing is said of what was found, or the day lies in the last year of the calendar.
    """

    step = "verification"
    must_say = ("found",)

    effective: bool
    found: str
    due: date | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _in_the_calendar(self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindAction(ShowingCommand):
    """The day has come by which the measures are to be carried out, or it has passed (``overdue``)."""

    overdue: bool
