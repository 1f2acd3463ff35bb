"""The record of a unit, or of a project, as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused.

Four phases (AS-FLOW-21): installation and first acceptance, trial run and final acceptance, free maintenance,
and what comes after. The last two are one state: dates say whether a warranty runs. What is sold to be used at
once is in service from the beginning. What the rulebook wants to see before each acceptance is asked in
``complete`` (AS-FLOW-11, AS-FLOW-24); that the delivery was checked is, where it has a list for that (AS-FLOW-25).

Repairs and replacements are said by tickets, also of what is used no more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from servflow.core.aftersales.books.model import book_key
from servflow.core.aftersales.complaints.model import complaint_key
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.posts import roles_in_firm
from servflow.core.aftersales.tickets.ground import for_this_firm
from servflow.core.aftersales.tickets.reading import call_back_complaint
from servflow.core.aftersales.units import commands as c
from servflow.core.aftersales.units import effects as e
from servflow.core.aftersales.units import guards as g
from servflow.core.aftersales.units.model import Unit, UnitRole, UnitState
from servflow.core.aftersales.units.wakes import next_wake, wake
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["UNIT"]

S = UnitState
ANY = tuple(S)
USED = (S.DELIVERED, S.TRIAL, S.IN_SERVICE)

CUSTOMER = UnitRole.CUSTOMER
SYSTEM = UnitRole.SYSTEM
CLOCK = UnitRole.CLOCK
PLANNING = (UnitRole.COORDINATOR, UnitRole.SUPERVISOR)
STAFF = (UnitRole.DESK, UnitRole.ENGINEER, *PLANNING)

_STRONGEST_FIRST: Final = (UnitRole.SUPERVISOR, UnitRole.COORDINATOR, UnitRole.ENGINEER, UnitRole.DESK)


def _roles(it: Unit | None, actor: Actor) -> tuple[UnitRole, ...]:
    """The customer to whom it belongs; the firm's staff in their posts; its programs and the clock."""
    if actor.office is Office.PERSON:
        return (CUSTOMER,) if it is not None and actor.party == it.customer else ()
    return roles_in_firm(it, actor, _STRONGEST_FIRST, system=SYSTEM, clock=CLOCK)


ROWS: Final = (
    #   in state        on command             to state       given by                when                 needs                                                   does
    # from delivery into service
    Row(OPENING,        c.RegisterUnit,        S.DELIVERED,   (*STAFF, SYSTEM),       g.to_be_installed,   (for_this_firm, g.facts_known, g.complete),             e.register),
    Row(OPENING,        c.RegisterUnit,        S.IN_SERVICE,  (*STAFF, SYSTEM),       ~g.to_be_installed,  (for_this_firm, g.facts_known, g.complete),             e.register),
    Row(S.DELIVERED,    c.CheckDelivery,       SAME,          (CUSTOMER, *STAFF),     ALWAYS,              (g.complete,),                                          e.check_delivery),
    Row(S.DELIVERED,    c.AcceptInstallation,  S.TRIAL,       (CUSTOMER, *STAFF),     ALWAYS,              (g.delivery_checked, g.in_order, g.complete),           e.accept_installation),
    Row(S.TRIAL,        c.AcceptFinally,       S.IN_SERVICE,  (CUSTOMER, *PLANNING),  ALWAYS,              (g.confirmed_by_customer, g.in_order, g.complete),      e.accept_finally),
    Row(S.DELIVERED,    c.AcceptFinally,       SAME,          (CUSTOMER, *PLANNING),  ALWAYS,              (g.installed_first,),                                   None),

    # what verdicts and duties go by
    Row(USED,           c.ShowUnitFacts,       SAME,          (*STAFF, SYSTEM),       ALWAYS,              (g.facts_known,),                                       e.show_facts),
    Row(USED,           c.AddContract,         SAME,          (*PLANNING, SYSTEM),    ALWAYS,              (g.contract_new,),                                      e.add_contract),
    Row(USED,           c.NoteSeason,          SAME,          (*STAFF, SYSTEM),       ALWAYS,              (g.season_known,),                                      e.note_season),
    Row(ANY,            c.NoteRepair,          SAME,          SYSTEM,                 ALWAYS,              (),                                                     e.note_repair),
    Row(ANY,            c.NoteReplacement,     SAME,          SYSTEM,                 ALWAYS,              (),                                                     e.note_replacement),

    # what is due by itself
    Row(USED,           c.RemindUnitDuty,      SAME,          CLOCK,                  ALWAYS,              (g.duty_due,),                                          e.remind_duty),
    Row(USED,           c.RecordUnitDuty,      SAME,          STAFF,                  ALWAYS,              (g.duty_fits, g.complete),                              e.record_duty),

    # whose it is, and the end
    Row(USED,           c.HandUnitOver,        SAME,          (CUSTOMER, *STAFF),     ALWAYS,              (g.somebody_else,),                                     e.hand_over),
    Row(USED,           c.RetireUnit,          S.RETIRED,     (CUSTOMER, *STAFF),     ALWAYS,              (),                                                     e.retire),
)  # fmt: skip

def _every(row: Row) -> Row:
    """The row with the guard that every step needs: what is answered was asked."""
    given = row.does is None or g.facts_known in row.needs
    return row if given else replace(row, needs=(*row.needs, g.answers_known))


def _reads(it: Unit | None, command: Command) -> tuple[Key, ...]:
    """The complaint that a dissatisfied customer's word opens, and the numbers of the ledger."""
    if it is None or not (isinstance(command, c.RecordUnitDuty) and command.done.dissatisfied):
        return ()
    opened = complaint_key(call_back_complaint(it.id, it.version + 1))
    return (opened, book_key(it.firm, Series.COMPLAINT))


UNIT: Final = Lifecycle(
    model=Unit,
    states=UnitState,
    roles=UnitRole,
    final=(S.RETIRED,),
    roles_of=_roles,
    reads=_reads,
    next_wake=next_wake,
    wake=wake,
    rows=tuple(map(_every, ROWS)),
)
