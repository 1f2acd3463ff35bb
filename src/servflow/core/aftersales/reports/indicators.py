"""Indicators (考核指标): so many of so many, what was to be reached, and whether it was.

    on-time       promises kept, of those that were due and not excused; by the day on which they were due
    satisfaction  surveys that were satisfied, of those that were answered; by the day of the answer
    complaints    services complained of where the fault was the service's, by the day on which they first
                  were; over the services finished in the period. So both are not the same services
    called-back   call-backs done in time, of those done or overdue; by the last day on which they were due
    repeats       services that repeat an earlier one or were done again, of those finished in the period
                  (one that was done, closed and reopened is a service of that day all the same)

1. An indicator is a sum of counts, one for each thing that counts (``Count``), and each count is a row.
2. Sums of periods or branches add numerators and denominators (``merged``). A service is complained of once,
   however often and in how many periods, so that months add up to their year.
3. Work of the firm's own (class D) is no service to a customer, and is in none of the last three.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from fractions import Fraction

from servflow.core.aftersales.complaints.model import Attribution, Complaint, ComplaintState
from servflow.core.aftersales.desk_rules import Indicator, Measure
from servflow.core.aftersales.duties import DutyItem, DutyState
from servflow.core.aftersales.policy import Named, ServiceRules
from servflow.core.aftersales.reports.samples import Judged, Sample
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.aftersales.words import DutyKind
from servflow.core.citations import Clause
from servflow.core.dates import Term, day_of
from servflow.core.errors import InvalidValue

__all__ = [
    "Count",
    "Figure",
    "called_back",
    "complained",
    "indicators",
    "kept_in_time",
    "merged",
    "served",
    "surveyed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one thing adds to an indicator, on a day: 1 or 0 to its numerator, and to its denominator.

    ``of`` is the ticket, complaint or duty, ``kind`` the kind of target. ``excused`` and ``unpromised`` are 1
    for what is shown apart, and adds to neither.
    """

    measure: Measure
    of: str
    on: date
    numerator: int = 0
    denominator: int = 0
    kind: str = ""
    excused: int = 0
    unpromised: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """An indicator of a period: ``numerator`` of ``denominator``, and whether that reaches its threshold.

    ``rule`` is the rule that says so, with its ``clause``. ``kind`` is the kind of target where it is of one
    alone, without a threshold. ``reached`` is ``None`` where nothing counted, or nothing is to be reached.
    """

    measure: Measure
    period: Term
    numerator: int
    denominator: int
    kind: str = ""
    excused: int = 0
    unpromised: int = 0
    rule: str = ""
    threshold: Indicator | None = None
    clause: Clause | None = None
    reached: bool | None = field(init=False)

    def __post_init__(self) -> None:
        said = self.threshold
        reached = None if said is None else said.reached(self.numerator, self.denominator)
        object.__setattr__(self, "reached", reached)

    @property
    def share(self) -> Fraction | None:
        """Numerator over denominator, exactly; ``None`` where nothing counted."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None


# --- what counts ------------------------------------------------------------------------------------------


def kept_in_time(samples: Iterable[Sample]) -> Iterator[Count]:
    """On-time service: each promise that was due; what is excused, or was not promised, apart."""
    for it in samples:
        if it.judged not in {Judged.NOT_DUE, Judged.VOID}:
            yield Count(
                measure=Measure.ON_TIME,
                of=it.case,
                on=it.on,
                kind=it.kind,
                numerator=int(it.judged is Judged.MET),
                denominator=int(it.judged.counts),
                excused=int(it.judged is Judged.EXCUSED),
                unpromised=int(it.judged is Judged.UNPROMISED),
            )


def surveyed(tickets: Iterable[Ticket]) -> Iterator[Count]:
    """Satisfaction: each survey that was answered."""
    for it in tickets:
        for answer in (*it.earlier_surveys, *(() if it.survey is None else (it.survey,))):
            yield Count(
                measure=Measure.SATISFACTION,
                of=it.id,
                on=answer.on,
                numerator=int(answer.satisfied),
                denominator=1,
            )


def served(tickets: Iterable[Ticket], zone: tzinfo) -> Iterator[Count]:
    """The services that were finished: over which complaints are counted, and which were repeated.

    A service that is done again because the customer did not accept it counts on the day on which it was
    finished last; one that is done again after it was reopened is one more.
    """
    for it in tickets:
        if it.internal:
            continue
        ends = [(end.finished_at, end.again) for end in it.earlier_ends]
        if it.finished_at is not None and it.state not in {Stage.CANCELLED, Stage.REJECTED}:
            ends.append((it.finished_at, it.done_again or bool(it.reworks or it.reopened)))
        for at, again in ends:
            on = day_of(at, zone)
            yield Count(measure=Measure.COMPLAINTS, of=it.id, on=on, denominator=1)
            yield Count(measure=Measure.REPEATS, of=it.id, on=on, numerator=int(again), denominator=1)


def complained(complaints: Iterable[Complaint], tickets: Iterable[Ticket], zone: tzinfo) -> Iterator[Count]:
    """Complaints whose fault is the service's (确属服务责任的): the first one of each service.

    One that is about no service counts by itself; one that was withdrawn, or is about work of the firm's own,
    does not. ``tickets`` are those that complaints may be about.
    """
    own = {it.id for it in tickets if it.internal}
    faults = (it for it in complaints if it.attribution is Attribution.SERVICE and it.ticket not in own)
    counting = (it for it in faults if it.state is not ComplaintState.WITHDRAWN)
    seen: set[str] = set()
    for it in sorted(counting, key=lambda each: (each.filed_at, each.id)):
        if it.ticket not in seen:
            yield Count(
                measure=Measure.COMPLAINTS,
                of=it.id if it.ticket is None else it.ticket,
                on=day_of(it.filed_at, zone),
                numerator=1,
            )
        if it.ticket is not None:
            seen.add(it.ticket)


def called_back(items: Iterable[DutyItem]) -> Iterator[Count]:
    """Call-backs (回访率): each one that was done or is overdue (AS-QA-2)."""
    done = {DutyState.DONE: 1, DutyState.DONE_LATE: 0, DutyState.OVERDUE: 0}
    for it in items:
        if it.due.kind is DutyKind.CALL_BACK and it.state in done:
            yield Count(
                measure=Measure.CALLED_BACK,
                of=f"{it.due.subject}/{it.due.key}",
                on=it.due.last_day,
                numerator=done[it.state],
                denominator=1,
            )


# --- what it comes to ---------------------------------------------------------------------------------------


def indicators(counts: Iterable[Count], rules: ServiceRules, periods: Iterable[Term]) -> tuple[Figure, ...]:
    """Every measure in every period, with what the rules want reached (AS-QA-1); on-time for each kind, too.

    By periods, and in each in the order of ``Measure``: a figure for each rule, or one without a rule; then
    the kinds by name. ``counts`` are gone through once.
    """
    daily: dict[tuple[Measure, str], dict[date, list[int]]] = {}
    for each in counts:
        for kind in {"", each.kind}:
            said = daily.setdefault((each.measure, kind), {}).setdefault(each.on, [0, 0, 0, 0])
            added = (each.numerator, each.denominator, each.excused, each.unpromised)
            said[:] = [had + more for had, more in zip(said, added, strict=True)]
    kinds = {measure: sorted(kind for of, kind in daily if of is measure and kind) for measure in Measure}
    thresholds = {
        measure: [named for named in rules.of(Indicator) if named.rule.measure is measure]
        for measure in Measure
    }
    return tuple(
        _figure(measure, kind, term, daily.get((measure, kind), {}), named)
        for term in periods
        for measure in Measure
        for kind, named in (
            *(("", named) for named in thresholds[measure] or (None,)),
            *((kind, None) for kind in kinds[measure]),
        )
    )


def _figure(
    measure: Measure, kind: str, term: Term, days: dict[date, list[int]], named: Named[Indicator] | None
) -> Figure:
    held = [said for on, said in days.items() if on in term]
    numerator, denominator, excused, unpromised = (sum(said[which] for said in held) for which in range(4))
    return Figure(
        measure=measure,
        period=term,
        numerator=numerator,
        denominator=denominator,
        kind=kind,
        excused=excused,
        unpromised=unpromised,
        rule="" if named is None else named.name,
        threshold=None if named is None else named.rule,
        clause=None if named is None else named.clause,
    )


def merged(figures: Iterable[Figure]) -> Figure:
    """One figure for several branches (合计): numerators and denominators added, never shares averaged.

    Raises:
        InvalidValue: there is none, or two are of different measures, kinds or periods, or want something
            else reached.
    """
    found = tuple(figures)
    if not found:
        raise InvalidValue("figures", "none", "at least one figure")
    first = found[0]
    for name in ("measure", "kind", "period", "threshold"):
        for other in found[1:]:
            if getattr(other, name) != getattr(first, name):
                raise InvalidValue(name, getattr(other, name), f"that of all: {getattr(first, name)}")
    sums = {
        name: sum(getattr(each, name) for each in found)
        for name in ("numerator", "denominator", "excused", "unpromised")
    }
    return replace(first, **sums)
