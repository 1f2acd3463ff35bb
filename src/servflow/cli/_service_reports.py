"""Reports of the service desk on the command line: the day to the year, indicators, complaints, exports."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click

from servflow.adapters.chart_svg import chart
from servflow.cli import _sheet as sheets
from servflow.cli._host import SERVICE, Host, day, host_options, instant, now, pass_host
from servflow.cli._service_case import assigned
from servflow.cli._service_clock import draw
from servflow.cli._service_desk import check_party
from servflow.cli._sheet import sheet, told, word
from servflow.cli._show import as_json, progress, say
from servflow.cli._stored import every
from servflow.core.aftersales.complaints.model import Complaint, by_rank
from servflow.core.aftersales.corrective.model import CorrectiveAction, Source
from servflow.core.aftersales.desk_rules import Every, Measure, Recurring
from servflow.core.aftersales.duties import DutyItem
from servflow.core.aftersales.duties_kept import kept
from servflow.core.aftersales.reports.complaint_ledger import LedgerLine, ledger
from servflow.core.aftersales.reports.export import rows
from servflow.core.aftersales.reports.indicators import (
    Count,
    Figure,
    called_back,
    complained,
    indicators,
    kept_in_time,
    served,
    surveyed,
)
from servflow.core.aftersales.reports.periods import label, period, periods
from servflow.core.aftersales.reports.recurring import FaultCause, faults
from servflow.core.aftersales.reports.recurring import recurring as coming_back
from servflow.core.aftersales.reports.registers import (
    calls_and_letters,
    compiled,
    costs,
    dispatches,
    monthly,
    weekly,
)
from servflow.core.aftersales.reports.retention import records_of, retained
from servflow.core.aftersales.reports.samples import complaint_samples, samples
from servflow.core.aftersales.reports.work import daily, supervised
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.promising import owed_to as owed_to_ticket
from servflow.core.aftersales.units.guards import owed_to as owed_to_unit
from servflow.core.aftersales.units.model import Unit
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue

__all__ = ["REPORT_COMMANDS"]

F = TypeVar("F", bound=Callable[..., Any])

_FINER: Final = {
    Every.WEEK: Every.DAY,
    Every.MONTH: Every.DAY,
    Every.QUARTER: Every.MONTH,
    Every.YEAR: Every.MONTH,
}
"""Over what a picture of a period is drawn."""

_svg = click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw an indicator over the period into this file.",
)
_at = click.option("--at", type=instant, help="As it stands at this instant (now).")


# --- the desk as the reports read it -------------------------------------------------------------------


@attrs.frozen
class _Desk:
    """All that reports are made of, read once."""

    tickets: tuple[Ticket, ...]
    complaints: tuple[Complaint, ...]
    units: tuple[Unit, ...]
    actions: tuple[CorrectiveAction, ...]

    @classmethod
    def of(cls, host: Host) -> _Desk:
        """What the desk of the host's facts has stored."""
        storage = host.storage_of(SERVICE)
        return cls(
            tuple(progress(every(storage, Ticket), "Tickets")),
            tuple(every(storage, Complaint)),
            tuple(every(storage, Unit)),
            tuple(every(storage, CorrectiveAction)),
        )


def _counts(host: Host, desk: _Desk, at: datetime) -> Iterator[Count]:
    """Everything that an indicator counts, as it stands at that instant."""
    policy = host.service
    promised = chain(samples(desk.tickets, policy, at), complaint_samples(desk.complaints, policy, at))
    yield from kept_in_time(promised)
    yield from surveyed(desk.tickets)
    yield from served(desk.tickets, policy.zone)
    yield from complained(desk.complaints, desk.tickets, policy.zone)
    yield from called_back(_duties(host, desk, policy.day(at)))


def _duties(host: Host, desk: _Desk, on: date) -> Iterator[DutyItem]:
    """What was due by itself by that day, to tickets and units, and whether it was done."""
    policy = host.service
    for it in desk.tickets:
        yield from kept(owed_to_ticket(it, policy), it.duties, on)
    for unit in desk.units:
        owed = owed_to_unit(unit, policy)
        if owed is not None:
            yield from kept(owed, unit.duties, on)


def _plain(values: Iterable[Any]) -> list[Mapping[str, Any]]:
    return list(map(dict, rows(values)))


# --- reports ----------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Made:
    """A report as it is shown: what it is for, and its parts by their names."""

    term: Term
    parts: Mapping[str, Sequence[Any]]


def _daily(_: Host, desk: _Desk, term: Term, of: str | None) -> _Made:
    reports = [each for each in daily(desk.tickets, term.start) if of is None or each.technician == of]
    lines = [line for each in reports for line in each.lines]
    return _Made(term=term, parts={"work": lines, "totals": [t for each in reports for t in each.totals]})


def _supervisor(_: Host, desk: _Desk, term: Term, of: str | None) -> _Made:
    report = supervised(daily(desk.tickets, term.start), term.start)
    lines = [each for each in report.lines if of is None or each.technician == of]
    return _Made(term=term, parts={"by technician": lines, "in all": report.totals})


def _weekly(host: Host, desk: _Desk, term: Term, of: str | None) -> _Made:
    report = weekly(desk.tickets, term, host.service.zone)
    parts: dict[str, Sequence[Any]] = {
        "telephone": [each for each in report.telephone if of is None or each.by == of],
        "website": report.website,
        "requests": report.requests,
        "trips without a form": [
            each for each in report.trips_without_form if of is None or each.engineer == of
        ],
    }
    return _Made(term=term, parts=parts)


def _monthly(host: Host, desk: _Desk, term: Term, _: str | None) -> _Made:
    report = monthly(desk.tickets, term, host.service.zone)
    parts: dict[str, Sequence[Any]] = {"sheets filed": report.sheets, "services finished": report.services}
    parts["totals"] = [each for each in report.totals if each.services or each.service_class]
    return _Made(term=term, parts=parts)


def _calls(host: Host, desk: _Desk, term: Term, of: str | None) -> _Made:
    found = calls_and_letters(desk.tickets, desk.complaints, term, host.service.zone)
    return _Made(term=term, parts={"calls and letters": [e for e in found if of is None or e.customer == of]})


def _dispatches(host: Host, desk: _Desk, term: Term, of: str | None) -> _Made:
    found = dispatches(desk.tickets, term, host.service.zone)
    return _Made(term=term, parts={"dispatches": [e for e in found if of is None or e.engineer == of]})


def _costs(host: Host, desk: _Desk, term: Term, of: str | None) -> _Made:
    report = costs(desk.tickets, term, host.service.currency)
    parts: dict[str, Sequence[Any]] = {
        "work": [each for each in report.lines if of is None or each.by == of],
        "totals": [each for each in report.totals if each.lines],
        "charged": [each for each in report.charges if of is None or each.debtor == of],
    }
    return _Made(term=term, parts=parts)


def _retention(host: Host, desk: _Desk, term: Term, _: str | None) -> _Made:
    made = records_of(desk.tickets, host.service.zone, service="service", call_back="call-back")
    return _Made(term=term, parts={"records": list(retained(made, host.service.on(term.start), term.start))})


_Making = Callable[[Host, _Desk, Term, str | None], _Made]

_REPORTS: Final[Mapping[str, tuple[Every, _Making]]] = {
    "daily": (Every.DAY, _daily),
    "supervisor": (Every.DAY, _supervisor),
    "weekly": (Every.WEEK, _weekly),
    "monthly": (Every.MONTH, _monthly),
    "calls": (Every.MONTH, _calls),
    "dispatches": (Every.MONTH, _dispatches),
    "costs": (Every.MONTH, _costs),
    "retention": (Every.DAY, _retention),
}
"""The reports, for what period each is made if nothing else is said, and how."""

_WITH_TIMES: Final = frozenset({"weekly", "calls", "dispatches"})
"""Those in which instants stand; their zone is in the title."""
_DRAWN: Final = frozenset({"weekly", "monthly"})
"""Those that look at how the desk did, and so have a picture of it: the on-time service."""
_COMPILED: Final = "compiled"
_EVERY: Final = [each.value for each in Every if each is not Every.TRIP]


@click.command()
@click.argument("name", type=click.Choice([*_REPORTS, _COMPILED]), metavar="NAME")
@click.option("--on", type=day, help="A day of the period (today).")
@click.option("--every", type=click.Choice(_EVERY), help="For how long (as the report is usually made).")
@click.option("--of", metavar="PARTY", help="Only what is of this engineer, customer or debtor.")
@_svg
@_at
@host_options
@pass_host
def report(
    host: Host,
    name: str,
    *,
    on: date | None,
    every: str | None,
    of: str | None,
    svg: Path | None,
    at: datetime | None,
) -> None:
    """A report of a day, a week, a month.

    NAME is daily, supervisor, weekly, monthly, calls, dispatches, costs; retention, what has to be kept on a
    day; or compiled, the reports that the rulebook asks for, made so often, with the records that they hold.
    With --svg the on-time service of the week or the month is drawn, for weekly and monthly.
    """
    if svg is not None and name not in _DRAWN:
        told_of = "`servflow aftersales kpi --svg` draws indicators"
        raise click.UsageError(f"--svg: there is no picture of {name}; {told_of}")
    desk = _Desk.of(host)
    usual = _REPORTS[name][0] if name in _REPORTS else Every.MONTH
    often = usual if every is None else Every(every)
    if name in {"daily", "supervisor", "retention"} and often is not Every.DAY:
        raise click.UsageError(f"--every: {name} is of a day")
    term = period(often, on or host.today(Ticket.kind))
    if svg is not None:
        figures = _over(host, desk, often, term, at or now())
        draw(svg, chart([each for each in figures if _is_whole(each, Measure.ON_TIME)], host.texts))
    if name == _COMPILED:
        _tell_compiled(host, desk, often, term)
        return
    making = _REPORTS[name][1]
    if of is not None:
        check_party(host, of, _parties(making(host, desk, term, None)))
    made = making(host, desk, term, of)
    if host.json:
        parts = {part.replace(" ", "_"): _plain(values) for part, values in made.parts.items()}
        as_json({"report": name, "period": label(term), **parts})
        return
    title = sheets.said(host, "report", name=host.texts.name("report", name), period=label(term))
    if not any(made.parts.values()):
        say(host.texts.text("sheet.nothing", {"title": title}))
        return
    say(f"{title} ({host.service.zone})" if name in _WITH_TIMES else title)
    for part, values in made.parts.items():
        told(host, sheets.said(host, part), values)


def _parties(made: _Made) -> Iterator[str]:
    """Those whose something is, in a report of all."""
    for each in chain.from_iterable(made.parts.values()):
        yield from (who for name in _WHOSE if isinstance(who := getattr(each, name, None), str))


_WHOSE: Final = ("technician", "by", "engineer", "customer", "debtor")


def _tell_compiled(host: Host, desk: _Desk, often: Every, term: Term) -> None:
    found = compiled(desk.tickets, host.service.on(term.start), often, term, host.service.zone)
    if host.json:
        as_json(
            [
                {
                    "rule": each.rule,
                    "clause": str(each.clause),
                    "period": label(term),
                    "by": each.by,
                    "to": each.to,
                    "lines": _plain(each.lines),
                    "empty": list(each.empty),
                }
                for each in found
            ]
        )
        return
    if not found:
        say(sheets.said(host, "no report", every=host.texts.name("every", often.value)))
    texts = host.texts
    for each in found:
        facts = {
            "rule": texts.name("series", each.rule),
            "period": label(term),
            "to": texts.name("party", each.to),
        }
        by = texts.name("party", each.by) if each.by else ""
        line = sheets.said(host, "compiled by" if by else "compiled", by=by, **facts)
        say(f"{line} [{each.clause.id}]")
        told(host, sheets.said(host, "records"), each.lines)
        if each.empty:
            say(
                sheets.said(host, "none of", records=", ".join(texts.name("needed", it) for it in each.empty))
            )


# --- indicators -------------------------------------------------------------------------------------------


def _for_a_period(command: F) -> F:
    """The options that name a period by one of its days."""
    for option in (
        click.option("--year", type=day, metavar="DAY", help="The year of this day."),
        click.option("--quarter", type=day, metavar="DAY", help="The quarter of this day."),
        click.option("--month", type=day, metavar="DAY", help="The month of this day."),
    ):
        command = option(command)
    return command


def _period(host: Host, usual: Every, **said: date | None) -> tuple[Every, Term]:
    named = [(Every(name), on) for name, on in said.items() if on is not None]
    if len(named) > 1:
        raise click.UsageError("--month, --quarter or --year, one of them")
    often, on = named[0] if named else (usual, host.today(Ticket.kind))
    return often, period(often, on)


def _over(host: Host, desk: _Desk, often: Every, term: Term, at: datetime) -> tuple[Figure, ...]:
    """The indicators of each part of a period."""
    finer = _FINER.get(often)
    if finer is None:
        raise click.UsageError("--svg: a day has no parts to draw")
    rules = host.service.on(term.last_day)
    return indicators(_counts(host, desk, at), rules, periods(finer, term))


def _is_whole(figure: Figure, measure: Measure) -> bool:
    return figure.measure is measure and not figure.kind


@click.command()
@_for_a_period
@click.option(
    "--measure",
    type=click.Choice([each.value for each in Measure]),
    help=f"Which one is drawn, with --svg ({Measure.ON_TIME.value}).",
)
@_svg
@_at
@host_options
@pass_host
def kpi(
    host: Host,
    *,
    month: date | None,
    quarter: date | None,
    year: date | None,
    measure: str | None,
    svg: Path | None,
    at: datetime | None,
) -> None:
    """The indicators of a period (this month).

    So many of so many, what was to be reached, by which clause, and whether it was.
    """
    if measure is not None and svg is None:
        raise click.UsageError("--measure goes with --svg: it says which one is drawn")
    often, term = _period(host, Every.MONTH, month=month, quarter=quarter, year=year)
    when = at or now()
    desk = _Desk.of(host)
    figures = indicators(_counts(host, desk, when), host.service.on(term.last_day), [term])
    if svg is not None:
        which = Measure(measure or Measure.ON_TIME.value)
        parts = [each for each in _over(host, desk, often, term, when) if _is_whole(each, which)]
        draw(svg, chart(_of_one_rule(parts), host.texts))
    if host.json:
        as_json([_plain_figure(each) for each in figures])
        return
    sheet(
        host,
        sheets.said(host, "indicators", period=label(term)),
        ("indicator", "so many", "of", "share", "to reach", "reached", "clause", "excused", "not promised"),
        [_figure_row(host, each) for each in figures],
    )


def _of_one_rule(figures: Sequence[Figure]) -> list[Figure]:
    """One figure a period: where several rules judge a measure, those of the first."""
    return [each for each in figures if each.rule == figures[0].rule]


def _percent(share: Fraction) -> str:
    """In percent, cut off after one decimal, so that what fell short never reads as reached."""
    tenths = share.numerator * 1000 // share.denominator
    return f"{tenths // 10}.{tenths % 10} %"


def _figure_row(host: Host, each: Figure) -> tuple[str, ...]:
    texts, said = host.texts, each.threshold
    name = texts.name("indicator", each.measure.value)
    kind = f": {texts.name('promise', each.kind)}" if each.kind else ""
    wanted = ""
    if said is not None and said.at_least is not None:
        wanted = sheets.said(host, "at least", share=_percent(said.at_least))
    elif said is not None and said.below is not None:
        wanted = sheets.said(host, "below", share=_percent(said.below))
    return (
        name + kind,
        str(each.numerator),
        str(each.denominator),
        "" if each.share is None else _percent(each.share),
        wanted,
        word(host, each.reached),
        "" if each.clause is None else each.clause.id,
        str(each.excused or ""),
        str(each.unpromised or ""),
    )


def _plain_figure(each: Figure) -> dict[str, Any]:
    (made,) = rows([each])
    share = each.share
    return {**made, "period": label(each.period), "share": None if share is None else str(share)}


# --- complaints, and what comes back -----------------------------------------------------------------------


@click.command()
@_for_a_period
@click.option("--open", "only_open", is_flag=True, help="Only those that wait, the gravest first.")
@host_options
@pass_host
def complaints(
    host: Host, *, month: date | None, quarter: date | None, year: date | None, only_open: bool
) -> None:
    """The complaint ledger of a period (this year), and its summary."""
    _, term = _period(host, Every.YEAR, month=month, quarter=quarter, year=year)
    found = tuple(every(host.storage_of(SERVICE), Complaint))
    chosen = by_rank(found) if only_open else found
    made = ledger(chosen, term, host.service.zone)
    lines = made.lines
    if only_open:
        places = {it.id: place for place, it in enumerate(chosen)}
        lines = tuple(sorted(lines, key=lambda line: places[line.complaint]))
    if host.json:
        as_json({"period": label(term), "lines": _plain(lines), "totals": _plain(made.totals)})
        return
    if not lines:
        say(sheets.said(host, "no complaint", period=label(term)))
        return
    _tell_ledger(host, term, lines)
    totals = [
        (
            host.texts.name("column", each.by),
            word(host, each.value, each.by) if each.by != "state" else _state(host, each.value),
            str(each.complaints),
            str(each.open),
        )
        for each in made.totals
        if each.value
    ]
    sheet(host, sheets.said(host, "in all"), ("by", "value", "complaints", "open"), totals)


def _state(host: Host, value: str) -> str:
    return host.texts.name(f"state.{Complaint.kind}", value)


def _tell_ledger(host: Host, term: Term, lines: Sequence[LedgerLine]) -> None:
    """What was complained of and by whom, then what became of it: one line each is too long for a page."""
    filed = ("number", "complaint", "on", "channel", "customer", "ticket", "about", "what", "grade", "state")
    became = ("category", "code", "handler", "found", "attribution", "answer", "result", "settled_on")
    for title, names in (("ledger", filed), ("what became of them", ("complaint", *became))):
        rows = [[_of_ledger(host, line, name) for name in names] for line in lines]
        if any(any(row[1:]) for row in rows):
            columns = [name.replace("_", " ") for name in names]
            sheet(host, sheets.said(host, title, period=label(term)), columns, rows)


def _of_ledger(host: Host, line: LedgerLine, name: str) -> str:
    return word(host, getattr(line, name), name, kind=Complaint.kind)


_CAUSES: Final = {"technical": FaultCause.TECHNICAL, "service": FaultCause.SERVICE}


@click.command()
@click.option("--on", type=day, help="A day of the periods that are looked at (today).")
@click.option(
    "--given",
    "written",
    multiple=True,
    metavar="NAME=NUMBER",
    help="How often is often, where the rulebook leaves that to the firm; repeatable.",
)
@host_options
@pass_host
def recurring(host: Host, *, on: date | None, written: tuple[str, ...]) -> None:
    """The problems that came back as often as the rulebook warns of."""
    given = {name: _whole(value) for name, value in assigned(written, "--given", "NAME=NUMBER").items()}
    desk = _Desk.of(host)
    when = on or host.today(Ticket.kind)
    asked = sorted({each.rule.given for each in host.service.on(when).of(Recurring)} - {""})
    for name in given.keys() - set(asked):
        raise InvalidValue("--given", name, " or ".join(asked) or "nothing: the rulebook says it itself")
    causes = {
        each.reference: _CAUSES[each.cause_kind.value]
        for each in desk.actions
        if each.source is Source.TICKET and each.cause_kind is not None
    }
    seen = faults(
        desk.tickets,
        host.service.zone,
        products={unit.id: unit.product for unit in desk.units if unit.product},
        causes=causes,
    )
    found = coming_back(seen, host.service.on(when), when, given)
    if host.json:
        as_json(_plain(found))
        return
    told(host, sheets.said(host, "problems"), found)
    if not found:
        say(sheets.said(host, "none came back"))


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 -- digits
        raise InvalidValue("--given", text, "a whole number, 2 or more")
    return int(text)


# --- export ------------------------------------------------------------------------------------------------


@click.command()
@click.option("--csv", "as_csv", is_flag=True, help="As CSV; without it, JSON lines.")
@click.option("--samples", "only_samples", is_flag=True, help="How each promise turned out, instead.")
@_at
@host_options
@pass_host
def export(host: Host, *, as_csv: bool, only_samples: bool, at: datetime | None) -> None:
    """Everything that the indicators count, one row for each.

    So that they can be worked out again. As JSON lines, or CSV: measure, what it is of, the day, and what it
    adds to numerator and denominator.
    """
    desk, when = _Desk.of(host), at or now()
    values: Iterable[Any] = _counts(host, desk, when)
    if only_samples:
        values = chain(
            samples(desk.tickets, host.service, when), complaint_samples(desk.complaints, host.service, when)
        )
    header = True
    for made in rows(progress(values, "Rows")):
        if not as_csv:
            say(json.dumps(made, ensure_ascii=False, sort_keys=True))
            continue
        line = StringIO()
        writer = csv.DictWriter(line, list(made), lineterminator="\n")
        if header:
            writer.writeheader()
        writer.writerow({name: _written(held) for name, held in made.items()})
        header = False
        say(line.getvalue().rstrip("\n"))


def _written(held: Any) -> Any:
    return ("true" if held else "false") if isinstance(held, bool) else held


REPORT_COMMANDS: Final = (report, kpi, complaints, recurring, export)
