"""What follows when a command to a corrective action is taken: asked only after every guard has passed."""

from __future__ import annotations

from dataclasses import replace

from servflow.core.aftersales.corrective import messages
from servflow.core.aftersales.corrective.commands import OpenAction
from servflow.core.aftersales.corrective.guards import Case
from servflow.core.aftersales.corrective.model import ActionState, CorrectiveAction
from servflow.core.aftersales.showing import shown_with
from servflow.core.aftersales.tickets.messages import post
from servflow.core.changes import Message
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome

__all__ = [
    "analyse",
    "carry_out",
    "close",
    "open_action",
    "plan",
    "remind",
    "send_back",
]


def open_action(s: Case) -> Outcome:
    """The action as it begins; quality hears of it."""
    said: OpenAction = s.command
    it = CorrectiveAction(
        id=said.case,
        state=ActionState.OPENED,
        firm=said.firm,
        opened_at=said.happened_at,
        fault=said.fault,
        source=said.source,
        reference=said.reference,
        product=said.product,
    )
    facts = (("source", it.source.value), ("reference", it.reference))
    return _ended(s, it, messages.tell(it, messages.OPENED, facts, to=post(it.firm, "quality")))


def analyse(s: Case) -> Outcome:
    """Cause and responsibility are on record; the department responsible is told to plan measures."""
    said = s.command
    it = replace(
        s.it,
        cause=said.cause,
        cause_kind=said.cause_kind,
        department=said.department,
        responsible=said.responsible,
    )
    facts = (("cause", it.cause),)
    return _ended(s, it, messages.tell(it, messages.ANALYSED, facts, to=post(it.firm, it.department)))


def plan(s: Case) -> Outcome:
    """The measures are on record, and who hears that they are his, by what day."""
    said = s.command
    it = replace(
        s.it,
        corrective=said.corrective,
        preventive=said.preventive,
        whom=said.whom,
        due=said.due,
        planned_at=said.happened_at,
        reminders=0,
    )
    facts = (("corrective", it.corrective), ("preventive", it.preventive), ("due", said.due))
    return _ended(s, it, messages.tell(it, messages.PLANNED, facts, to=it.whom))


def carry_out(s: Case) -> Outcome:
    """What was done is on record, and by whom; service is told to verify it."""
    said = s.command
    it = replace(s.it, done=said.done, carried_out_by=said.by.party, carried_out_on=today(s))
    facts = (("done", it.done),)
    return _ended(s, it, messages.tell(it, messages.CARRIED_OUT, facts, to=post(it.firm, "supervisor")))


def close(s: Case) -> Outcome:
    """It helped; the finding on the responsible goes to appraisal (AS-QA-7: 报考核部门)."""
    it = replace(s.it, verified=s.command.found, closed_on=today(s))
    facts = (("department", it.department), ("responsible", it.responsible), ("cause", it.cause))
    return _ended(s, it, messages.tell(it, messages.FINDING, facts, to=post(it.firm, "appraisal")))


def send_back(s: Case) -> Outcome:
    """It did not help: the measures, or others, are to be carried out by another day."""
    said = s.command
    it = replace(
        s.it,
        verified=said.found,
        due=said.due,
        planned_at=said.happened_at,
        reminders=0,
        rounds=s.it.rounds + 1,
    )
    facts = (("found", said.found), ("due", said.due))
    return _ended(s, it, messages.tell(it, messages.NOT_EFFECTIVE, facts, to=it.whom))


def remind(s: Case) -> Outcome:
    """Who has to carry it out hears that the day has come; that it has passed, the supervisor hears, too."""
    it = replace(s.it, reminders=s.it.reminders + 1)
    assert it.due is not None
    facts = (("due", it.due),)
    if not s.command.overdue:
        return _ended(s, it, messages.tell(it, messages.DUE, facts, to=it.whom))
    told = (it.whom, post(it.firm, "supervisor"))
    return _ended(s, it, sum((messages.tell(it, messages.OVERDUE, facts, to=who) for who in told), ()))


def _ended(s: Case, it: CorrectiveAction, told: tuple[Message, ...]) -> Outcome:
    """How every effect ends: what was shown and answered is on record."""
    answers, shown = {**it.answers, **s.command.answers}, shown_with(it.shown, s.command.shown)
    return Outcome(it=replace(it, answers=answers, shown=shown), messages=told)
