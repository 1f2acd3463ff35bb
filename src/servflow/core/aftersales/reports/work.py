"""Daily reports (日报表): each technician's work by class and hours, and the supervisor's totals.

Forms 006 and 007. The technician's goes to the supervisor, the supervisor's to the service department. A
service stands under its class A to D; under an empty one while nobody has decided who pays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.states import ServiceClass, ServiceKind

__all__ = ["ClassTotal", "DailyReport", "SupervisorReport", "WorkedOn", "daily", "supervised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOn:
    """One line of work of a day: on which service, of which class, and for how many hours, exactly.

    ``hours`` is 0 for a part or a journey, which has none.
    """

    technician: str
    on: date
    ticket: str
    service_class: str
    service: ServiceKind
    item: str
    hours: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTotal:
    """How many services of a class somebody worked on in a day, and for how long; nobody's name: of all."""

    technician: str
    on: date
    service_class: str
    services: int
    hours: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyReport:
    """What a technician did on a day (技术人员日报表): every line, and the totals by class."""

    technician: str
    on: date
    lines: tuple[WorkedOn, ...]
    totals: tuple[ClassTotal, ...]

    @property
    def hours(self) -> Fraction:
        """All hours of the day."""
        return sum((each.hours for each in self.totals), Fraction())


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorReport:
    """What all technicians did on a day (服务主任日报表): by technician and class, and by class in all.

    A service that two of them worked on is one service of the totals.
    """

    on: date
    lines: tuple[ClassTotal, ...]
    totals: tuple[ClassTotal, ...]

    @property
    def hours(self) -> Fraction:
        """All hours of the day."""
        return sum((each.hours for each in self.totals), Fraction())


def daily(tickets: Iterable[Ticket], on: date) -> tuple[DailyReport, ...]:
    """The reports of those who worked on the day ``on``, by their names (AS-FLOW-7)."""
    by_technician: dict[str, list[WorkedOn]] = {}
    for line in _worked(tickets, on):
        by_technician.setdefault(line.technician, []).append(line)
    return tuple(
        DailyReport(technician=who, on=on, lines=tuple(lines), totals=_totals(who, on, lines))
        for who, lines in sorted(by_technician.items())
    )


def supervised(reports: Iterable[DailyReport], on: date) -> SupervisorReport:
    """The supervisor's report of the day ``on``, made of the technicians' reports (AS-FLOW-7)."""
    found = [each for each in reports if each.on == on]
    lines = [line for each in found for line in each.lines]
    return SupervisorReport(
        on=on, lines=tuple(total for each in found for total in each.totals), totals=_totals("", on, lines)
    )


def _worked(tickets: Iterable[Ticket], on: date) -> Iterator[WorkedOn]:
    for it in tickets:
        decided = it.service_class
        for work in it.work:
            if work.on == on:
                yield WorkedOn(
                    technician=work.by,
                    on=on,
                    ticket=it.id,
                    service_class="" if decided is None else decided.name,
                    service=it.service,
                    item=work.line.item,
                    hours=work.hours or Fraction(),
                )


def _totals(technician: str, on: date, lines: Iterable[WorkedOn]) -> tuple[ClassTotal, ...]:
    """The totals of every class that there is work of: A to D, then what is not decided."""
    by_class: dict[str, list[WorkedOn]] = {}
    for line in lines:
        by_class.setdefault(line.service_class, []).append(line)
    return tuple(
        ClassTotal(
            technician=technician,
            on=on,
            service_class=name,
            services=len({line.ticket for line in by_class[name]}),
            hours=sum((line.hours for line in by_class[name]), Fraction()),
        )
        for name in (*(each.name for each in ServiceClass), "")
        if name in by_class
    )
