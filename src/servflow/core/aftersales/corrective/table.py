"""The corrective action as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused. Where a
state is too early for something that people try all the same, a row is there whose guard says why.

Every quality fault on a feedback form gets a cause, a responsible department, a corrective and a preventive
measure; service verifies that they were carried out; the finding on the responsible goes to appraisal
(AS-QA-7). What did not help goes back: the measures, or others, are carried out by another day.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from servflow.core.aftersales.corrective import commands as c
from servflow.core.aftersales.corrective import effects as e
from servflow.core.aftersales.corrective import guards as g
from servflow.core.aftersales.corrective.model import ActionRole, ActionState, CorrectiveAction
from servflow.core.aftersales.corrective.wakes import next_wake, wake
from servflow.core.aftersales.posts import roles_in_firm
from servflow.core.aftersales.tickets.ground import for_this_firm
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["CORRECTIVE_ACTION"]

S = ActionState
R = ActionRole

DESK, ENGINEER, QUALITY, SUPERVISOR = R.DESK, R.ENGINEER, R.QUALITY, R.SUPERVISOR
RESPONSIBLE, SYSTEM, CLOCK = R.RESPONSIBLE, R.SYSTEM, R.CLOCK
SERVICE = (DESK, ENGINEER, QUALITY, SUPERVISOR)
DECIDING = (QUALITY, SUPERVISOR)


def _roles(it: CorrectiveAction | None, actor: Actor) -> tuple[ActionRole, ...]:
    """Staff in the posts that the host names; the responsible department, and who has to carry it out."""
    roles = roles_in_firm(it, actor, (SUPERVISOR, QUALITY, ENGINEER, DESK), system=SYSTEM, clock=CLOCK)
    if it is None or actor.office is not Office.STAFF or actor.serves != it.firm:
        return roles
    answers = it.department in actor.posts or actor.party in {it.whom, it.responsible}
    return (*roles, RESPONSIBLE) if answers else roles


def _reads(it: CorrectiveAction | None, command: Command) -> tuple[Key, ...]:
    """The complaint or the ticket that it comes from."""
    key = g.source_key(command) if it is None and isinstance(command, c.OpenAction) else None
    return () if key is None else (key,)


def _every(row: Row) -> Row:
    """The row with the guard that every step needs: what is answered was asked."""
    return row if row.does is None else replace(row, needs=(*row.needs, g.answers_known))


# fmt: off
CORRECTIVE_ACTION: Final = Lifecycle(
    model=CorrectiveAction,
    states=ActionState,
    roles=ActionRole,
    final=(S.CLOSED,),
    roles_of=_roles,
    reads=_reads,
    next_wake=next_wake,
    wake=wake,
    rows=tuple(map(_every, (
        #   in state                           on command      to state        given by                  when          needs                                           does
        Row(OPENING,                           c.OpenAction,   S.OPENED,       (*SERVICE, SYSTEM),       ALWAYS,       (for_this_firm, g.source_there, g.complete),    e.open_action),
        Row(S.OPENED,                          c.AnalyseFault, S.ANALYSED,     DECIDING,                 ALWAYS,       (g.complete,),                                  e.analyse),
        Row(S.ANALYSED,                        c.AnalyseFault, SAME,           DECIDING,                 ALWAYS,       (g.complete,),                                  e.analyse),
        Row(S.ANALYSED,                        c.PlanMeasures, S.PLANNED,      (RESPONSIBLE, *DECIDING), ALWAYS,       (g.due_ahead, g.complete),                      e.plan),
        Row(S.PLANNED,                         c.PlanMeasures, SAME,           (RESPONSIBLE, *DECIDING), ALWAYS,       (g.due_ahead, g.complete),                      e.plan),
        Row(S.OPENED,                          c.PlanMeasures, SAME,           DECIDING,                 ALWAYS,       (g.analysed_first,),                            None),
        Row(S.PLANNED,                         c.CarryOut,     S.CARRIED_OUT,  (RESPONSIBLE, *DECIDING), ALWAYS,       (g.complete,),                                  e.carry_out),
        Row(S.CARRIED_OUT,                     c.VerifyAction, S.CLOSED,       SERVICE,                  g.effective,  (g.not_his_own_work, g.complete),               e.close),
        Row(S.CARRIED_OUT,                     c.VerifyAction, S.PLANNED,      SERVICE,                  ~g.effective, (g.not_his_own_work, g.due_ahead, g.complete),  e.send_back),
        Row((S.OPENED, S.ANALYSED, S.PLANNED), c.VerifyAction, SAME,           SERVICE,                  ALWAYS,       (g.carried_out_first,),                         None),
        Row(S.PLANNED,                         c.RemindAction, SAME,           CLOCK,                    ALWAYS,       (g.reminder_due,),                              e.remind),
    ))),
)
# fmt: on
