"""Small rules and claims of warranty for the tests: what is not said is what changes nothing."""

from __future__ import annotations

from datetime import UTC, date

from servflow.core.aftersales.circumstances import When
from servflow.core.aftersales.policy import Named, ServiceRule, ServiceRules, Warranty
from servflow.core.aftersales.words import Event, parse_lasting
from servflow.core.citations import Clause
from servflow.core.dates import Term
from servflow.core.worktime import Calendar

__all__ = ["days", "rules", "warranty", "when"]


def rules(*named: tuple[str, ServiceRule]) -> ServiceRules:
    """The rules of a firm, each cited as a clause of its own name in capitals."""
    return ServiceRules(
        firm="firm",
        version="v1",
        day=date(2026, 1, 1),
        calendar=Calendar.always(UTC),
        currency="CNY",
        rules=tuple(Named(name, rule, Clause(name.upper())) for name, rule in named),
    )


def when(**conditions: str) -> When:
    """The conditions: ``cause="misuse wear"`` is one of the two."""
    return When(tuple((name, tuple(answers.split())) for name, answers in conditions.items()))


def warranty(
    parts: str,
    labour: str | None = None,
    travel: str | None = None,
    *,
    since: Event = Event.SOLD,
    transferable: bool = True,
    **conditions: str,
) -> Warranty:
    """A warranty; labour as parts, and travel as labour, where they are not said."""
    labour = labour or parts
    return Warranty(
        since=since,
        parts=parse_lasting(parts),
        labour=parse_lasting(labour),
        travel=parse_lasting(travel or labour),
        transferable=transferable,
        when=when(**conditions),
    )


def days(first: str, until: str) -> Term:
    """The days from ``first`` until the day before ``until``."""
    return Term(date.fromisoformat(first), date.fromisoformat(until))
