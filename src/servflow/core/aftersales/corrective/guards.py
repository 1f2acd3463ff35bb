"""Named conditions of corrective actions: each yields a reason for everything it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from servflow.core.aftersales.complaints.model import Complaint, complaint_key
from servflow.core.aftersales.corrective.commands import OpenAction
from servflow.core.aftersales.corrective.model import ActionState, CorrectiveAction, Source
from servflow.core.aftersales.policy import ServicePolicy, ServiceRules
from servflow.core.aftersales.showing import Shown, lacking, shown_with, unknown_answers
from servflow.core.aftersales.tickets.clockwork import fitting
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.changes import Key
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.dates import start_of_day
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Situation, chooser

__all__ = [
    "Case",
    "analysed_first",
    "answers_known",
    "carried_out_first",
    "complete",
    "due_ahead",
    "effective",
    "not_his_own_work",
    "reminded_at",
    "reminder_due",
    "source_key",
    "source_there",
]

Case = Situation[CorrectiveAction, Any, ServicePolicy, Any]

_IN_TURN: Final = Clause("AS-QA-7", "二4-5")
_BOTH: Final = 2  # reminders: on the day, and once it has passed


@chooser
def effective(s: Case) -> bool:
    """The measures were found effective."""
    return bool(s.command.effective)


def source_key(said: OpenAction) -> Key | None:
    """The complaint or the ticket that it comes from; ``None``: a feedback form, which is a paper."""
    if said.source is Source.COMPLAINT:
        return complaint_key(said.reference)
    return Key(Ticket.kind, said.reference) if said.source is Source.TICKET else None


def source_there(s: Case) -> Iterator[Reason]:
    """The complaint or the ticket that it comes from is there, and the firm's."""
    key = source_key(s.command)
    found = None if key is None else s.others.get(key)
    ours = isinstance(found, (Complaint, Ticket)) and found.firm == s.command.firm
    if key is not None and not ours:
        facts = (("source", s.command.source.value), ("reference", s.command.reference))
        yield Reason("aftersales.corrective.no-such-source", PRACTICE, facts)


def analysed_first(_s: Case) -> Iterator[Reason]:
    """Always refuses: cause and responsible department are found before measures are planned."""
    yield Reason("aftersales.corrective.not-analysed", _IN_TURN)


def carried_out_first(_s: Case) -> Iterator[Reason]:
    """Always refuses: only what was carried out is verified."""
    yield Reason("aftersales.corrective.not-carried-out", _IN_TURN)


def due_ahead(s: Case) -> Iterator[Reason]:
    """The day by which the measures are to be carried out is said, and is today or later."""
    due, day = s.command.due, today(s)
    if due is None or due < day:
        yield Reason("aftersales.corrective.no-day-ahead", PRACTICE, (("earliest", day),))


def not_his_own_work(s: Case) -> Iterator[Reason]:
    """Service verifies; nobody verifies what he carried out, or is responsible for, himself (AS-QA-7)."""
    party = s.command.by.party
    if party in {s.it.carried_out_by, s.it.responsible}:
        yield Reason("aftersales.corrective.own-work", _IN_TURN, (("party", party),))


def complete(s: Case) -> Iterator[Reason]:
    """What the rulebook's checklists ask for before this step is on record."""
    rules, before = _rules_of(s), {} if s.it is None else s.it.answers
    answers = fitting(rules, {**before, **s.command.answers})
    yield from lacking(rules, s.command.step, answers, _on_record(s))


def answers_known(s: Case) -> Iterator[Reason]:
    """Every answer is one to a question of the rules."""
    if s.command.answers:
        yield from unknown_answers(_rules_of(s), s.command.answers)


def _rules_of(s: Case) -> ServiceRules:
    """The rules of the day on which it was opened."""
    opened_at = s.command.happened_at if s.it is None else s.it.opened_at
    return s.policy.on(s.policy.day(opened_at))


def _on_record(s: Case) -> Shown:
    """What is shown, with what the action proves.

    That is ``feedback-form``, ``cause``, ``responsible-department``, ``corrective-measure`` and
    ``preventive-measure``.
    """
    it, said = s.it, s.command
    shown = shown_with({} if it is None else it.shown, said.shown)
    source, reference = (said.source, said.reference) if it is None else (it.source, it.reference)
    proved = {"feedback-form": reference if source is Source.FEEDBACK_FORM else ""}
    for item, name in _PROVED:
        proved[item] = getattr(said, name, "") or ("" if it is None else getattr(it, name))
    return shown_with(shown, {item: (text,) for item, text in proved.items() if text})


_PROVED: Final = (
    ("cause", "cause"),
    ("responsible-department", "department"),
    ("corrective-measure", "corrective"),
    ("preventive-measure", "preventive"),
)
"""What is on record by itself, and the field that proves it."""


def reminded_at(it: CorrectiveAction, policy: ServicePolicy) -> datetime | None:
    """When somebody is reminded next: as the day ``due`` begins, then as the next one does; ``None``: never.

    Not before the measures were planned.
    """
    if it.state is not ActionState.PLANNED or it.reminders >= _BOTH:
        return None
    assert it.due is not None
    assert it.planned_at is not None
    begins = start_of_day(it.due + timedelta(days=it.reminders), policy.zone)
    return max(begins, it.planned_at)


def reminder_due(s: Case) -> Iterator[Reason]:
    """This reminder is the next one, and its time has come."""
    at = reminded_at(s.it, s.policy)
    if at is None or at > s.command.happened_at or s.command.overdue is not bool(s.it.reminders):
        yield Reason("aftersales.corrective.not-due", PRACTICE, (("overdue", s.command.overdue),))
