"""Named conditions of a unit's record: each yields a reason for everything it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from servflow.core.aftersales import duties_kept
from servflow.core.aftersales.duties import kind_named
from servflow.core.aftersales.duties_kept import Owed
from servflow.core.aftersales.policy import ServicePolicy, ServiceRules
from servflow.core.aftersales.showing import Shown, lacking, not_ruled_out, shown_with, unknown_answers
from servflow.core.aftersales.tickets.clockwork import fitting
from servflow.core.aftersales.units import commands as c
from servflow.core.aftersales.units.model import Unit, UnitRole
from servflow.core.aftersales.words import Event
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Situation, chooser

__all__ = [
    "CONFIRMATION",
    "DELIVERY_CHECK",
    "Said",
    "answers_known",
    "complete",
    "confirmed_by_customer",
    "contract_new",
    "delivery_checked",
    "duty_due",
    "duty_fits",
    "facts_known",
    "in_order",
    "installed_first",
    "on_record",
    "owed",
    "owed_to",
    "rules_of",
    "season_known",
    "somebody_else",
    "to_be_installed",
]

Said = Situation[Unit, Any, ServicePolicy, Any]

DELIVERY_CHECK: Final = "delivery-check"
"""The name of the fact that what was delivered was checked."""
CONFIRMATION: Final = "signature of the customer"
"""The name of the fact by which the customer confirms that the trial run has ended well."""

_PHASES: Final = Clause("AS-FLOW-21", "售后服务管理规范v 二")
_EVENTS: Final = tuple(event.value for event in Event if event is not Event.YEAR)
_DAY: Final = timedelta(days=1)


def rules_of(s: Said) -> ServiceRules:
    """The rules of the unit: those of the day on which it was registered."""
    it: Unit | None = s.it
    return s.policy.on(today(s) if it is None or it.registered_on is None else it.registered_on)


def _answers(rules: ServiceRules, it: Unit | None, command: Any) -> dict[str, str]:
    """What is known of what the rules ask: what product it is, what is on record, and what is said now.

    Of a duty that is recorded that is its kind, too: ``duty``.
    """
    product = command.product if isinstance(command, c.RegisterUnit) else "" if it is None else it.product
    duty = kind_named(rules, command.done.key) if isinstance(command, c.RecordUnitDuty) else ""
    answered = {} if it is None else it.answers
    said = getattr(command, "answers", {})
    return fitting(rules, {"product": product, "duty": duty, **answered, **said})


def on_record(s: Said) -> Shown:
    """What is on record, with what the command brings and what it proves itself: who is responsible."""
    before: Shown = {} if s.it is None else s.it.shown
    people: Mapping[str, str] = getattr(s.command, "responsible", {})
    proved = {duty: (who,) for duty, who in people.items() if who}
    return shown_with(shown_with(before, s.command.shown), proved)


@chooser
def to_be_installed(s: Situation[Any, Any, Any, Any]) -> bool:
    """Whether it still has to be installed."""
    return bool(s.command.to_be_installed)


def answers_known(s: Said) -> Iterator[Reason]:
    """Every answer is one to a question of the rules."""
    if s.command.answers:
        yield from unknown_answers(rules_of(s), s.command.answers)


def facts_known(s: Said) -> Iterator[Reason]:
    """Every answer is one of the rules' questions and answers, every date that of an event."""
    yield from answers_known(s)
    for name in s.command.dates:
        if name not in _EVENTS:
            yield Reason("aftersales.unknown-event", PRACTICE, (("event", name),))


def complete(s: Said) -> Iterator[Reason]:
    """What the rulebook's checklists ask for before this step is on record (AS-FLOW-11, AS-FLOW-24)."""
    rules = rules_of(s)
    yield from lacking(rules, s.command.step, _answers(rules, s.it, s.command), on_record(s))


def delivery_checked(s: Said) -> Iterator[Reason]:
    """What was delivered was counted and checked before the acceptance begins (AS-FLOW-25).

    That is where the rulebook has a list of what is checked: by its clause.
    """
    if DELIVERY_CHECK in s.it.shown:
        return
    rules = rules_of(s)
    for named, _ in not_ruled_out(rules, DELIVERY_CHECK, _answers(rules, s.it, s.command)):
        yield Reason("aftersales.unit.delivery-not-checked", named.clause, (("rule", named.name),))


def in_order(s: Said) -> Iterator[Reason]:
    """It is accepted no earlier than it was delivered and installed."""
    for event in (Event.DELIVERED, Event.INSTALLED):
        day = s.it.dates.get(event.value)
        if day is not None and today(s) < day:
            yield Reason("aftersales.unit.out-of-order", PRACTICE, ((event.value, day),))


def installed_first(s: Said) -> Iterator[Reason]:
    """It is accepted for the first time before it is accepted finally (AS-FLOW-21)."""
    yield Reason("aftersales.unit.not-in-trial", _PHASES, (("state", s.it.state.value),))


def confirmed_by_customer(s: Said) -> Iterator[Reason]:
    """The customer confirms the end of the trial run himself, or has signed (AS-FLOW-21)."""
    if s.role is not UnitRole.CUSTOMER and CONFIRMATION not in s.command.shown:
        yield Reason("aftersales.unit.not-confirmed", _PHASES, (("needed", CONFIRMATION),))


def contract_new(s: Said) -> Iterator[Reason]:
    """No contract over it has this name."""
    name = s.command.contract.name
    if any(contract.name == name for contract in s.it.contracts):
        yield Reason("aftersales.unit.contract-there", PRACTICE, (("contract", name),))


def season_known(s: Said) -> Iterator[Reason]:
    """It is an event that comes again, and that day is not on record."""
    event, on = s.command.event, s.command.on
    facts = (("event", event), ("on", on))
    if event not in _EVENTS or event in s.it.dates:
        yield Reason("aftersales.unit.no-season", PRACTICE, facts)
    elif on in s.it.seasons.get(event, ()):
        yield Reason("aftersales.unit.season-there", PRACTICE, facts)


def somebody_else(s: Said) -> Iterator[Reason]:
    """It goes to somebody who has it not."""
    if s.command.customer == s.it.customer:
        yield Reason("aftersales.unit.his-already", PRACTICE, (("customer", s.it.customer),))


# --- duties -----------------------------------------------------------------------------------------


def owed_to(it: Unit, policy: ServicePolicy) -> Owed | None:
    """What the rules make due to the unit by itself, from the day on which it was registered.

    When it is retired, nothing more is. ``None``: nobody knows on which day it was registered.
    """
    if it.registered_on is None:
        return None
    rules = policy.on(it.registered_on)
    found = duties_kept.owed(
        rules,
        it.id,
        _answers(rules, it, None),
        it.dates,
        again=it.seasons,
        of_the_service=False,
        after=it.registered_on - _DAY,
    )
    return replace(found, until=it.retired_on)


def owed(s: Said) -> Owed:
    """What the rules make due to the unit; that it was registered is known."""
    found = owed_to(s.it, s.policy)
    assert found is not None  # RegisterUnit says when
    return found


def duty_due(s: Said) -> Iterator[Reason]:
    """It is due on that day, which has come, and nobody was reminded of it or has done it."""
    seen = (*s.it.reminded, *(done.key for done in s.it.duties))
    said = s.command
    yield from duties_kept.not_to_be_reminded(owed(s), said.key, said.due_on, today(s), seen)


def duty_fits(s: Said) -> Iterator[Reason]:
    """It was due, and lacks nothing that its rule asks for (AS-QA-10, AS-MNT-1, AS-MNT-3)."""
    yield from duties_kept.not_done_so(owed(s), s.command.done, today(s), s.it.duties)
