"""Tables in the language asked for: headings, titles and values by the catalogue.

A heading or a title is written in code as it reads in English, and is found so among ``column.*`` and
``sheet.*``; what the catalogue does not have stays as it is. An instant in a table is short, in the desk's
zone: its offset or the zone stands once, in the title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from servflow.cli._host import Host
from servflow.cli._saying import tell_allowed
from servflow.cli._service_clock import length_text
from servflow.cli._show import say, table
from servflow.cli._stored import Words
from servflow.core.aftersales.complaints.model import Attribution, RaisedBy
from servflow.core.aftersales.corrective.model import CauseKind
from servflow.core.aftersales.corrective.model import Source as ActionSource
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.findings.states import Source as FindingSource
from servflow.core.aftersales.reports.periods import label
from servflow.core.aftersales.reports.retention import Keeping
from servflow.core.aftersales.technicians.model import LeaveState
from servflow.core.aftersales.tickets.states import (
    Channel,
    Custody,
    Outcome,
    PaperState,
    Route,
    ServiceClass,
    ServiceKind,
    VisitState,
)
from servflow.core.aftersales.words import ChargeClass, Coverage
from servflow.core.changes import Actor, Aggregate
from servflow.core.citations import Clause, Reason
from servflow.core.clocks import Allowance, CalendarDays, ElapsedTime, WorkingDays, WorkingTime
from servflow.core.dates import Term
from servflow.core.fees import Charge
from servflow.core.money import Money
from servflow.desk import Desk

__all__ = [
    "aggregate",
    "in_full",
    "in_words",
    "moment",
    "said",
    "sheet",
    "tell_allowed_in_words",
    "told",
    "within",
    "word",
]

_SPACES: Final[Mapping[type[Enum], str]] = {
    ActionSource: "source",
    Attribution: "attribution",
    Billing: "billing",
    CauseKind: "cause-kind",
    Channel: "channel",
    RaisedBy: "raised-by",
    ChargeClass: "charge-class",
    Coverage: "coverage",
    Custody: "custody",
    FindingSource: "source",
    Keeping: "keeping",
    LeaveState: "leave",
    Outcome: "outcome.service",
    PaperState: "paper",
    Route: "route",
    Series: "series",
    ServiceClass: "service-class",
    ServiceKind: "service",
    VisitState: "visit",
}
"""Where the words of a value are, by what it is one of."""

_NAMED: Final[Mapping[str, str]] = {
    "about": "about|call",
    "by": "party",
    "category": "complaint-category",
    "code": "complaint-code",
    "department": "party",
    "grade": "grade",
    "handler": "party",
    "paper": "series",
    "record": "record|needed|series",
    "responsible": "party",
    "service_class": "service-class",
    "to": "party",
    "what": "telephone",
    "whom": "party",
}
"""Where the words of a text are that is a word of ours or of the rulebook, by the field that it stands in."""

_ENTRIES: Final[Mapping[str, str]] = {
    "answers": "question",
    "dates": "event",
    "given": "question",
    "seasons": "event",
    "shown": "needed",
}
"""Where the words of the names are under which a field has values."""


def said(host: Host, text: str, **facts: Any) -> str:
    """A title or a line of the catalogue, which is known by its English."""
    return host.texts.text(f"sheet.{text}", facts)


def sheet(host: Host, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table without the columns in which nothing stands; one line, where there is nothing at all."""
    made = [tuple(row) for row in rows]
    if not made:
        say(host.texts.text("sheet.nothing", {"title": title}))
        return
    kept = [at for at in range(len(columns)) if any(row[at] for row in made)]
    heads = [columns[at] and host.texts.name("column", columns[at]) for at in kept]
    table(title, heads, [[row[at] for at in kept] for row in made])


def in_words(host: Host) -> Words:
    """How what is stored beside an aggregate is shown."""
    texts = host.texts
    return Words(
        instant=lambda at: moment(host, at),
        table=lambda title, *rest: sheet(host, said(host, title), *rest),
        role=lambda role: texts.name("role", role),
        status=lambda status: texts.name("outbox", status),
    )


def tell_allowed_in_words(host: Host, desk: Desk, it: Aggregate, by: Actor, at: datetime, who: str) -> None:
    """What somebody, called ``who``, may say to it at that instant, and why not the rest."""
    words = {
        "title": said(host, "as", id=it.id, who=host.texts.name("role", who)),
        "yes": host.texts.name("flag", "true"),
        "depends on its fields": said(host, "depends on its fields"),
    }
    tell_allowed(host, desk, it, by, at, who, words, lambda *parts: sheet(host, *parts))


def moment(host: Host, at: datetime | None) -> str:
    """A short instant in the desk's zone, to the minute; empty where there is none."""
    return "" if at is None else f"{at.astimezone(host.zone):%Y-%m-%d %H:%M}"


def in_full(host: Host, at: datetime | None) -> str:
    """An instant in the desk's zone, with its offset; empty where there is none."""
    return "" if at is None else host.texts.instant(at, host.zone)


def within(host: Host, allowed: Allowance) -> str:
    """What is allowed, in words; what has none of its own as a rulebook writes it."""
    texts = host.texts
    match allowed:
        case ElapsedTime(length):
            return length_text(texts, length)
        case WorkingTime(length):
            return texts.text("within.working-time", {"length": length_text(texts, length)})
        case WorkingDays(days, to_closing):
            return texts.text("within.to-closing" if to_closing else "within.working-days", {"days": days})
        case CalendarDays(period, to_midnight):
            number, unit = (period.months, "months") if period.months else (period.days, "days")
            if unit == "months" and number % _YEAR == 0:
                number, unit = number // _YEAR, "years"
            code = f"within.{unit}-to-midnight" if to_midnight else f"within.{unit}"
            return texts.text(code, {unit: number})
    return str(allowed)


_YEAR: Final = 12  # months


def told(host: Host, title: str, values: Iterable[Any]) -> None:
    """Values of one kind as a table, one a line, in words."""
    made = list(values)
    if not made:
        return
    names = [each.name for each in fields(made[0])]
    columns = [name.replace("_", " ") for name in names]
    sheet(host, title, columns, [[_cell(host, each, name) for name in names] for each in made])


def _cell(host: Host, of: Any, name: str) -> str:
    """A value of a line; an instant of the line's own day is a time of day, what was not is left out."""
    value = getattr(of, name)
    if isinstance(value, datetime):
        at = value.astimezone(host.zone)
        return f"{at:%H:%M}" if getattr(of, "on", None) == at.date() else moment(host, value)
    return "" if name in _ONLY_IF and not value else word(host, value, name)


_ONLY_IF: Final = frozenset({"moved", "outlet"})
"""Fields that say something only where it was so."""


_WRITTEN: Final[tuple[tuple[type, Callable[[Host, Any], str]], ...]] = (
    (bool, lambda host, value: host.texts.name("flag", "true" if value else "false")),
    (int, lambda _, value: str(value)),
    (Money, lambda host, value: host.texts.money(value)),
    (Charge, lambda host, value: host.texts.money(value.money)),
    (Reason, lambda host, value: host.texts.reason(value)),
    (Clause, lambda host, value: host.texts.name("clause", value.id)),
    (datetime, moment),
    (date, lambda host, value: host.texts.day(value)),
    (Fraction, lambda _, value: _number(value)),
    (Term, lambda _, value: label(value)),
    (ServiceClass, lambda host, value: host.texts.name("service-class", value.name)),
)
"""How a value of each type reads; the first that fits."""


def word(host: Host, value: Any, field: str = "", *, kind: str = "") -> str:
    """A value in words, as it stands in a field; states are those of lifecycle ``kind``."""
    if value is None:
        return ""
    for type_, writes in _WRITTEN:
        if isinstance(value, type_):
            return writes(host, value)
    if isinstance(value, tuple):
        between = "; " if any(map(is_dataclass, value)) else ", "
        return between.join(word(host, each, field, kind=kind) for each in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{_entry(host, field, name)}: {word(host, each)}" for name, each in value.items())
    if isinstance(value, Enum):
        return host.texts.name(_SPACES.get(type(value), f"state.{kind}"), str(value.value))
    return _parts(host, value) if is_dataclass(value) else _text(host, str(value), field)


def _text(host: Host, value: str, field: str) -> str:
    """A word of ours or of the rulebook by its name, a numbered paper with its series; else itself."""
    return host.texts.name(_NAMED[field], value) if field in _NAMED else value


def _entry(host: Host, field: str, name: str) -> str:
    return host.texts.name(_ENTRIES[field], name) if field in _ENTRIES else name


def _parts(host: Host, value: Any) -> str:
    """What has fields of its own: those that say something, each with its name."""
    named = ((each.name, word(host, getattr(value, each.name), each.name)) for each in fields(value))
    return ", ".join(f"{_heading(host, name)} {says}" for name, says in named if says)


def _heading(host: Host, field: str) -> str:
    return host.texts.name("column", field.replace("_", " "))


def _number(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{decimal:f}" if Fraction(decimal) == value else str(value)


_ELSEWHERE: Final = frozenset({"id", "version", "firm", "commitments", "posted"})
"""Fields that stand in the title, or in tables of their own."""


def aggregate(host: Host, it: Aggregate) -> None:
    """All that is said of one of them, in words."""
    rows = [
        (
            host.texts.name("column", each.name.replace("_", " ")),
            word(host, getattr(it, each.name), each.name, kind=it.kind),
        )
        for each in fields(it)
        if each.name not in _ELSEWHERE
    ]
    title = f"{host.texts.name('aggregate', it.kind)} {it.id}"
    sheet(host, title, ("", "says"), [row for row in rows if row[1] and row[1] != "0"])
