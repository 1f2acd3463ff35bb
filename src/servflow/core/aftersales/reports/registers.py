"""Registers and the reports made of them (登记与报表): calls, dispatches, costs, the week, the month.

1. A line stands in the period on whose day it happened; nothing that a ticket knows is left out in silence.
2. A customer is a reference, never a name: who reads a register resolves it, or may not (AS-QA-21).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from fractions import Fraction

from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import Every, Reporting, Series
from servflow.core.aftersales.policy import ServiceRules
from servflow.core.aftersales.tickets.model import Ticket, Visit
from servflow.core.aftersales.tickets.states import (
    Channel,
    Outcome,
    PaperState,
    Route,
    ServiceClass,
    ServiceKind,
    VisitState,
)
from servflow.core.aftersales.words import ChargeClass
from servflow.core.citations import Clause
from servflow.core.dates import Term, day_of
from servflow.core.ledger import AccountKind
from servflow.core.money import Money, total

__all__ = [
    "CallEntry",
    "ChargedLine",
    "Compiled",
    "CostLine",
    "CostTotal",
    "Costs",
    "Dispatched",
    "Finished",
    "FinishedTotal",
    "Monthly",
    "RecordHeld",
    "Sheet",
    "Telephone",
    "Weekly",
    "calls_and_letters",
    "compiled",
    "costs",
    "dispatches",
    "monthly",
    "weekly",
]


# --- calls and letters ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """One call or letter that came in (来电来函登记): a service that is asked for, or a complaint.

    ``number`` is that in the call register or in the complaint ledger; ``struck_off``: it was seen to.
    """

    case: str
    about: str
    number: int | None
    at: datetime
    on: date
    channel: Channel
    customer: str
    unit: str | None
    said: str
    struck_off: bool


def calls_and_letters(
    tickets: Iterable[Ticket], complaints: Iterable[Complaint], term: Term, zone: tzinfo
) -> tuple[CallEntry, ...]:
    """The register of calls and letters (AS-QA-22): what came in in ``term``, by whatever channel.

    In the order in which it came.
    """
    entries = (*_asked(tickets, zone), *_complained(complaints, zone))
    return tuple(sorted((each for each in entries if each.on in term), key=lambda each: (each.at, each.case)))


def _asked(tickets: Iterable[Ticket], zone: tzinfo) -> Iterator[CallEntry]:
    for it in tickets:
        papers = [paper for paper in it.papers.values() if paper.series is Series.CALL_REGISTER]
        yield CallEntry(
            case=it.id,
            about="service",
            number=papers[0].number if papers else None,
            at=it.reported_at,
            on=day_of(it.reported_at, zone),
            channel=it.channel,
            customer=it.customer,
            unit=it.unit,
            said=it.symptom,
            struck_off=any(paper.state is PaperState.FILED for paper in papers),
        )


def _complained(complaints: Iterable[Complaint], zone: tzinfo) -> Iterator[CallEntry]:
    for it in complaints:
        yield CallEntry(
            case=it.id,
            about="complaint",
            number=it.number,
            at=it.filed_at,
            on=day_of(it.filed_at, zone),
            channel=it.channel,
            customer=it.customer,
            unit=it.unit,
            said=it.what,
            struck_off=not it.is_open,
        )


# --- dispatches -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """One visit on which somebody was sent out (派遣记录).

    ``form`` is the feedback form that he handed in, where he was out: one for each trip (AS-QA-18).
    """

    ticket: str
    visit: int
    on: date
    engineer: str
    crew: tuple[str, ...]
    outlet: bool
    state: VisitState
    window_from: datetime | None
    window_until: datetime | None
    departed_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    moved: int
    order: int | None
    form: str

    @property
    def lacks_form(self) -> bool:
        """Whether he is back from the trip without having handed one in."""
        return self.state is VisitState.DONE and not self.form


def dispatches(
    tickets: Iterable[Ticket], term: Term, zone: tzinfo, *, form: str = "feedback-form"
) -> tuple[Dispatched, ...]:
    """The record of dispatches (AS-QA-22): the visits on site in ``term``, by day, ticket and number.

    A visit lies on the day of the arrival, else of the departure, else of what was agreed; one of which
    nothing is known yet on that of the report. ``form`` is by what name a feedback form is shown; the first
    one of a ticket belongs to its first trip.
    """
    found = []
    for it in tickets:
        forms = list(it.shown.get(form, ()))
        for visit in it.visits.values():
            if visit.route is Route.ON_SITE:
                handed_in = forms.pop(0) if visit.state is VisitState.DONE and forms else ""
                found.append(_dispatched(it, visit, zone, handed_in))
    return tuple(
        sorted(
            (each for each in found if each.on in term), key=lambda each: (each.on, each.ticket, each.visit)
        )
    )


def _dispatched(it: Ticket, visit: Visit, zone: tzinfo, form: str) -> Dispatched:
    at = visit.arrived_at or visit.departed_at or visit.window_from or it.reported_at
    return Dispatched(
        ticket=it.id,
        visit=visit.number,
        on=day_of(at, zone),
        engineer=visit.engineer,
        crew=visit.crew,
        outlet=visit.outlet,
        state=visit.state,
        window_from=visit.window_from,
        window_until=visit.window_until,
        departed_at=visit.departed_at,
        arrived_at=visit.arrived_at,
        left_at=visit.left_at,
        moved=visit.moved,
        order=visit.order,
        form=form,
    )


# --- costs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One line of work with what it costs: by the tariff, and the firm itself, where that is known."""

    ticket: str
    on: date
    by: str
    item: str
    charge: ChargeClass
    billing: Billing
    hours: Fraction | None
    part: str
    listed: Money
    cost: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedLine:
    """What was charged for a service, or taken back (below 0), by a posting of the period."""

    ticket: str
    on: date
    kind: str
    debtor: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTotal:
    """What a class of charges came to; of ``unknown`` lines nobody has said what they cost the firm.

    ``cost`` is that of the others, ``None`` where it is known of none.
    """

    charge: ChargeClass
    lines: int
    listed: Money
    cost: Money | None
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The report of costs (费用报表) of a period, in one currency."""

    period: Term
    lines: tuple[CostLine, ...]
    totals: tuple[CostTotal, ...]
    charges: tuple[ChargedLine, ...]
    charged: Money


def costs(tickets: Iterable[Ticket], term: Term, currency: str) -> Costs:
    """What services cost (AS-QA-22): work of the days in ``term``, and what was charged for it by value date.

    In the order of the days.

    Raises:
        CurrencyMismatch: something is in another currency.
    """
    lines: list[CostLine] = []
    charges: list[ChargedLine] = []
    for it in tickets:
        lines += (each for each in _cost_lines(it) if each.on in term)
        charges += (each for each in _charged(it) if each.on in term)
    lines.sort(key=lambda each: (each.on, each.ticket))
    charges.sort(key=lambda each: (each.on, each.ticket))
    by_class = {charge: [line for line in lines if line.charge is charge] for charge in ChargeClass}
    return Costs(
        period=term,
        lines=tuple(lines),
        totals=tuple(
            CostTotal(
                charge=charge,
                lines=len(of_it),
                listed=total((line.listed for line in of_it), currency),
                cost=_known_cost(of_it, currency),
                unknown=sum(line.cost is None for line in of_it),
            )
            for charge, of_it in by_class.items()
        ),
        charges=tuple(charges),
        charged=total((each.amount for each in charges), currency),
    )


def _known_cost(lines: Sequence[CostLine], currency: str) -> Money | None:
    known = [line.cost for line in lines if line.cost is not None]
    return total(known, currency) if known or not lines else None


def _cost_lines(it: Ticket) -> Iterator[CostLine]:
    for work in it.work:
        yield CostLine(
            ticket=it.id,
            on=work.on,
            by=work.by,
            item=work.line.item,
            charge=work.line.charge,
            billing=work.line.billing,
            hours=work.hours,
            part=work.part,
            listed=work.line.listed.money,
            cost=work.line.cost,
        )


def _charged(it: Ticket) -> Iterator[ChargedLine]:
    for posting in it.posted:
        sides = (
            (posting.debit, posting.credit, posting.amount),
            (posting.credit, posting.debit, -posting.amount),
        )
        for debtor, income, amount in sides:
            if debtor.kind is AccountKind.RECEIVABLE and income.kind is AccountKind.INCOME:
                yield ChargedLine(
                    ticket=it.id,
                    on=posting.value_date,
                    kind=posting.kind,
                    debtor=debtor.owner,
                    amount=amount,
                )


# --- the week ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Telephone:
    """One telephone record (电话服务记录): ``report`` came in, ``help`` was given, ``call`` went out."""

    ticket: str
    at: datetime
    on: date
    what: str
    by: str
    about: str
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """The weekly report (周报): telephone records, website questions, service requests (AS-QA-18)."""

    period: Term
    telephone: tuple[Telephone, ...]
    website: tuple[CallEntry, ...]
    requests: tuple[CallEntry, ...]
    trips_without_form: tuple[Dispatched, ...]


def weekly(tickets: Iterable[Ticket], term: Term, zone: tzinfo, *, form: str = "feedback-form") -> Weekly:
    """The report of ``term``, in the order of time; and which trips lack the feedback form (AS-QA-18)."""
    kept = tuple(tickets)
    telephone = [each for it in kept for each in _telephone(it, zone) if each.on in term]
    requests = calls_and_letters(kept, (), term, zone)
    return Weekly(
        period=term,
        telephone=tuple(sorted(telephone, key=lambda each: (each.at, each.ticket))),
        website=tuple(each for each in requests if each.channel is Channel.WEBSITE),
        requests=requests,
        trips_without_form=tuple(each for each in dispatches(kept, term, zone, form=form) if each.lacks_form),
    )


def _telephone(it: Ticket, zone: tzinfo) -> Iterator[Telephone]:
    said = []
    if it.channel is Channel.HOTLINE:
        said.append((it.reported_at, "report", it.customer, it.symptom, True))
    said += [(each.at, "help", each.by, each.note, each.solved) for each in it.helps]
    said += [(each.at, "call", each.by, each.about, each.taken) for each in it.calls]
    for at, what, by, about, done in said:
        yield Telephone(ticket=it.id, at=at, on=day_of(at, zone), what=what, by=by, about=about, done=done)


# --- the month --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A service sheet that was filed (服务单归档): a voucher or a repair order."""

    ticket: str
    paper: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A service that was finished in the period."""

    ticket: str
    on: date
    customer: str
    service: ServiceKind
    service_class: str
    outcome: Outcome | None
    hours: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTotal:
    """How many services of a class were finished, and in how many hours; no class: not decided."""

    service_class: str
    services: int
    hours: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """The supervisor's report to the general manager (月报): sheets filed, services finished (AS-QA-19)."""

    period: Term
    sheets: tuple[Sheet, ...]
    services: tuple[Finished, ...]
    totals: tuple[FinishedTotal, ...]


def monthly(tickets: Iterable[Ticket], term: Term, zone: tzinfo) -> Monthly:
    """The report of ``term`` (AS-QA-19), in the order of the days; hours are all that a service took."""
    sheets: list[Sheet] = []
    services: list[Finished] = []
    for it in tickets:
        sheets += (each for each in _sheets(it) if each.on in term)
        if it.finished_at is not None and day_of(it.finished_at, zone) in term:
            services.append(_finished(it, day_of(it.finished_at, zone)))
    names = (*(each.name for each in ServiceClass), "")
    by_class = {name: [each for each in services if each.service_class == name] for name in names}
    return Monthly(
        period=term,
        sheets=tuple(sorted(sheets, key=lambda each: (each.on, each.paper, each.ticket))),
        services=tuple(sorted(services, key=lambda each: (each.on, each.ticket))),
        totals=tuple(
            FinishedTotal(
                service_class=name,
                services=len(found),
                hours=sum((each.hours for each in found), Fraction()),
            )
            for name, found in by_class.items()
        ),
    )


def _sheets(it: Ticket) -> Iterator[Sheet]:
    for ref, paper in it.papers.items():
        sheet = paper.series in {Series.VOUCHER, Series.REPAIR_ORDER} and paper.state is PaperState.FILED
        if sheet and paper.ended_on is not None:
            yield Sheet(ticket=it.id, paper=ref, on=paper.ended_on)


def _finished(it: Ticket, on: date) -> Finished:
    return Finished(
        ticket=it.id,
        on=on,
        customer=it.customer,
        service=it.service,
        service_class="" if it.service_class is None else it.service_class.name,
        outcome=it.outcome,
        hours=sum((work.hours for work in it.work if work.hours is not None), Fraction()),
    )


# --- records that the rulebook wants compiled -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHeld:
    """A record of a kind that a report holds: where it is on record, and by what it is known."""

    record: str
    ticket: str
    on: date
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A report that the rulebook asks for (报表): by whom, to whom, and the records that it holds.

    ``empty`` are the kinds of which there is none.
    """

    rule: str
    clause: Clause
    period: Term
    by: str
    to: str
    lines: tuple[RecordHeld, ...]
    empty: tuple[str, ...]


def compiled(
    tickets: Iterable[Ticket], rules: ServiceRules, every: Every, term: Term, zone: tzinfo
) -> tuple[Compiled, ...]:
    """The reports that are made so often, each with what it holds of the tickets reported in ``term``.

    The records are those that tickets have shown and their numbered papers, by the names that the rulebook
    has for them (AS-QA-18).
    """
    kept = [it for it in tickets if day_of(it.reported_at, zone) in term]
    found = []
    for named in rules.of(Reporting):
        if named.rule.every is every:
            lines = [line for record in named.rule.holds for it in kept for line in _held(it, record, zone)]
            there = {line.record for line in lines}
            found.append(
                Compiled(
                    rule=named.name,
                    clause=named.clause,
                    period=term,
                    by=named.rule.by,
                    to=named.rule.to,
                    lines=tuple(lines),
                    empty=tuple(record for record in named.rule.holds if record not in there),
                )
            )
    return tuple(found)


def _held(it: Ticket, record: str, zone: tzinfo) -> Iterator[RecordHeld]:
    papers = [ref for ref, paper in it.papers.items() if paper.series.value == record]
    for ref in (*it.shown.get(record, ()), *papers):
        yield RecordHeld(record=record, ticket=it.id, on=day_of(it.reported_at, zone), ref=ref)
