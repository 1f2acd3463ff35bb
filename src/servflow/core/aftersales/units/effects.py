"""What is done to a unit's record: every effect is pure, and what was shown is on record after it."""

from __future__ import annotations

from dataclasses import replace

from servflow.core.aftersales import duties_kept
from servflow.core.aftersales.showing import shown_with
from servflow.core.aftersales.tickets.reading import call_back_complaint
from servflow.core.aftersales.tickets.states import TicketRole
from servflow.core.aftersales.units import commands as c
from servflow.core.aftersales.units import messages as m
from servflow.core.aftersales.units.guards import DELIVERY_CHECK, Said, on_record, owed
from servflow.core.aftersales.units.model import Unit, UnitState
from servflow.core.aftersales.words import Event
from servflow.core.changes import Command, Message
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome

__all__ = [
    "accept_finally",
    "accept_installation",
    "add_contract",
    "check_delivery",
    "hand_over",
    "note_repair",
    "note_replacement",
    "note_season",
    "record_duty",
    "register",
    "remind_duty",
    "retire",
    "show_facts",
]


def _outcome(
    s: Said, it: Unit, messages: tuple[Message, ...] = (), commands: tuple[Command, ...] = ()
) -> Outcome:
    answers = {**it.answers, **s.command.answers}
    it = replace(it, shown=shown_with(it.shown, s.command.shown), answers=answers)
    return Outcome(it=it, messages=messages, commands=commands)


def register(s: Said) -> Outcome:
    """The record is opened; its rules are those of this day."""
    said: c.RegisterUnit = s.command
    day = today(s)
    it = Unit(
        id=said.case,
        state=UnitState.DELIVERED,
        firm=said.firm,
        customer=said.customer,
        product=said.product,
        registered_on=day,
        dates={Event.REGISTERED.value: day, **said.dates},
    )
    return _outcome(s, it, m.tell(it, m.REGISTERED))


def _on(it: Unit, event: Event, s: Said) -> Unit:
    return replace(it, dates={**it.dates, event.value: today(s)})


def check_delivery(s: Said) -> Outcome:
    """It was delivered, at the latest today, counted and checked (AS-FLOW-25)."""
    it = s.it if Event.DELIVERED.value in s.it.dates else _on(s.it, Event.DELIVERED, s)
    checked = {DELIVERY_CHECK: (s.command.id,)}
    return _outcome(s, replace(it, shown=shown_with(it.shown, checked)))


def accept_installation(s: Said) -> Outcome:
    """It is installed, and the trial run begins (AS-FLOW-21)."""
    return _outcome(s, _on(s.it, Event.INSTALLED, s), m.tell(s.it, m.TRIAL))


def accept_finally(s: Said) -> Outcome:
    """It is accepted, and its after-sales project begins: who is responsible is told (AS-FLOW-11)."""
    people: dict[str, str] = {duty: who for duty, who in s.command.responsible.items() if who}
    it = replace(_on(s.it, Event.ACCEPTED, s), responsible=people, shown=on_record(s))
    told = m.tell(s.it, m.IN_SERVICE)
    for who in dict.fromkeys(people.values()):
        duties = ", ".join(duty for duty, each in people.items() if each == who)
        told += m.tell(s.it, m.RESPONSIBLE, (("duties", duties),), to=who)
    return _outcome(s, it, told)


def show_facts(s: Said) -> Outcome:
    """It is on record."""
    return _outcome(s, replace(s.it, dates={**s.it.dates, **s.command.dates}))


def add_contract(s: Said) -> Outcome:
    """Verdicts go by it."""
    return _outcome(s, replace(s.it, contracts=(*s.it.contracts, s.command.contract)))


def note_season(s: Said) -> Outcome:
    """Duties go by it."""
    event: str = s.command.event
    days = (*s.it.seasons.get(event, ()), s.command.on)
    return _outcome(s, replace(s.it, seasons={**s.it.seasons, event: days}))


def note_repair(s: Said) -> Outcome:
    """It was repaired; said again of the same service, the later word counts."""
    said: c.NoteRepair = s.command
    repairs = (*(each for each in s.it.repairs if each.ref != said.repair.ref), said.repair)
    tickets = s.it.tickets if said.ticket in s.it.tickets else (*s.it.tickets, said.ticket)
    return _outcome(s, replace(s.it, repairs=repairs, tickets=tickets))


def note_replacement(s: Said) -> Outcome:
    """It took the place of another unit."""
    return _outcome(s, replace(s.it, replacement=s.command.replacement))


def remind_duty(s: Said) -> Outcome:
    """The coordinator is reminded of it; once."""
    said = s.command
    it = replace(s.it, reminded=(*s.it.reminded, said.key))
    to = m.post(it.firm, TicketRole.COORDINATOR.value)
    kind = owed(s).kind_of(said.key, said.due_on)
    facts = (("duty", kind.value), ("key", said.key), ("due_on", said.due_on))
    return _outcome(s, it, m.tell(s.it, m.DUTY_DUE, facts, to=to))


def record_duty(s: Said) -> Outcome:
    """What was done is on record; a dissatisfied customer's word is a complaint (AS-QA-11)."""
    it, done = s.it, s.command.done
    commands: tuple[Command, ...] = ()
    if done.dissatisfied:
        id = call_back_complaint(it.id, it.version + 1)
        commands = (duties_kept.complaint(s, id, done, ticket=None, unit=it.id),)
    return _outcome(s, replace(it, duties=(*it.duties, done)), commands=commands)


def hand_over(s: Said) -> Outcome:
    """It belongs to somebody else, who is told; a warranty says whether it goes with it."""
    earlier = (*s.it.earlier_customers, s.it.customer)
    it = replace(s.it, customer=s.command.customer, earlier_customers=earlier, transferred_on=today(s))
    return _outcome(s, it, m.tell(it, m.HANDED_OVER))


def retire(s: Said) -> Outcome:
    """It is used no more: nothing is due to it from this day on."""
    return _outcome(s, replace(s.it, retired_on=today(s)))
