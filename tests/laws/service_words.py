"""Every code that a service desk can ask a catalogue for: its lifecycles, its words, its shipped rulebooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Final

from reasons_given import reasons_given

from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.books.model import Book
from servflow.core.aftersales.circumstances import DISTANCE, STANDARD, Question
from servflow.core.aftersales.claims import PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.complaints.messages import COMPLAINT_MESSAGES
from servflow.core.aftersales.complaints.model import Attribution, Complaint, DamageShown, RaisedBy
from servflow.core.aftersales.corrective.messages import CORRECTIVE_MESSAGES
from servflow.core.aftersales.corrective.model import CauseKind, CorrectiveAction
from servflow.core.aftersales.corrective.model import Source as ActionSource
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import (
    Ahead,
    Barred,
    Chain,
    Every,
    Grade,
    Limit,
    Listing,
    Numbering,
    Series,
    Survey,
)
from servflow.core.aftersales.findings.effects import PENALTY
from servflow.core.aftersales.findings.messages import FINDING_MESSAGES
from servflow.core.aftersales.findings.model import Appeal, Finding, Penalty
from servflow.core.aftersales.findings.states import Source as FindingSource
from servflow.core.aftersales.policy import Checklist, Ladder, Promise, ServiceRules
from servflow.core.aftersales.reports.complaint_ledger import LedgerLine, LedgerTotal
from servflow.core.aftersales.reports.recurring import Warned
from servflow.core.aftersales.reports.registers import (
    CallEntry,
    ChargedLine,
    CostLine,
    CostTotal,
    Dispatched,
    Finished,
    FinishedTotal,
    RecordHeld,
    Sheet,
    Telephone,
)
from servflow.core.aftersales.reports.retention import Keeping, Kept
from servflow.core.aftersales.reports.work import ClassTotal, WorkedOn
from servflow.core.aftersales.technicians.messages import TECHNICIAN_MESSAGES
from servflow.core.aftersales.technicians.model import (
    Attendance,
    Booking,
    Leave,
    LeaveState,
    OrderBook,
    Technician,
)
from servflow.core.aftersales.tickets.billing import REFUND
from servflow.core.aftersales.tickets.commands import CALL_BACK
from servflow.core.aftersales.tickets.messages import TICKET_MESSAGES
from servflow.core.aftersales.tickets.model import DutyDone, Passed
from servflow.core.aftersales.tickets.states import (
    Channel,
    Custody,
    Outcome,
    PaperState,
    Route,
    ServiceClass,
    ServiceKind,
    TicketRole,
    VisitState,
)
from servflow.core.aftersales.units.messages import UNIT_MESSAGES
from servflow.core.aftersales.units.model import Unit
from servflow.core.records import Status
from servflow.rulebooks import load, service_policy, shipped

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["SERVICE_MESSAGES", "service_words"]

SERVICE_MESSAGES: Final = (
    *(TICKET_MESSAGES + COMPLAINT_MESSAGES + CORRECTIVE_MESSAGES),
    *(UNIT_MESSAGES + TECHNICIAN_MESSAGES + FINDING_MESSAGES),
)
"""Every kind of message of a service desk."""

_ENUMS: Final[dict[str, tuple[type[Enum], ...]]] = {
    "service": (ServiceKind,),
    "channel": (Channel,),
    "route": (Route,),
    "custody": (Custody,),
    "outcome.service": (Outcome,),
    "visit": (VisitState,),
    "paper": (PaperState,),
    "series": (Series,),
    "billing": (Billing,),
    "attribution": (Attribution,),
    "source": (ActionSource, FindingSource),
    "cause-kind": (CauseKind,),
    "leave": (LeaveState,),
    "keeping": (Keeping,),
    "raised-by": (RaisedBy,),
    "outbox": (Status,),
}

_SAID: Final = (
    *(f"charge.{kind}" for kind in (REFUND, PENALTY)),
    *("custody.unknown", "leave.none", "excuse.none", "party.nobody"),  # where there is none
    *(f"call.{about}" for about in (CALL_BACK,)),
    *("given-back.true", "given-back.false", "overdue.true", "overdue.false", "reopened.repeats"),
    "question.valid_until",  # of a quote
    *(f"question.{name}" for name in (*STANDARD, DISTANCE)),
    *(f"every.{each.value}" for each in Every if each is not Every.TRIP),
    *("about.service", "about.complaint", "telephone.report", "telephone.help", "telephone.call"),
    *("party.firm", "party.technician"),  # whom a copy is for, who makes a report
    *("record.service", "record.call-back", "why.item given back", "why.item disposed of"),
    *("within.working-time", "within.working-days", "within.to-closing"),
    *(f"within.{unit}{end}" for unit in ("days", "months", "years") for end in ("", "-to-midnight")),
    "attention.aftersales.staff.limit-exceeded",
)
"""What a fact of a message or a reason may be, where no enum says it."""


_SHOWN: Final[tuple[type[DataclassInstance], ...]] = (
    *(CallEntry, Dispatched, CostLine, ChargedLine, CostTotal, Telephone, Sheet, Finished, FinishedTotal),
    *(RecordHeld, WorkedOn, ClassTotal, Kept, LedgerLine, LedgerTotal, Warned),
    *(Complaint, Unit, Technician, CorrectiveAction, Finding, Book),
    *(DamageShown, Passed, DutyDone, ServiceContract, PastRepair, Replacement),
    *(Booking, OrderBook, Leave, Attendance, Penalty, Appeal),
)
"""What the command line shows field by field."""


def _fields_shown() -> set[str]:
    names = {each.name for kind in _SHOWN for each in fields(kind)}
    return {name.replace("_", " ") for name in names - {"id", "version", "firm", "commitments", "posted"}}


def service_words() -> set[str]:
    """Everything but the answers to standard questions, and what warranties and clocks say besides."""
    commands = [command for lifecycle in AFTERSALES for command in lifecycle.commands]
    return {
        *(f"state.{lifecycle.name}.{state.value}" for lifecycle in AFTERSALES for state in lifecycle.states),
        *(f"aggregate.{lifecycle.name}" for lifecycle in AFTERSALES),
        *(f"role.{role.value}" for lifecycle in AFTERSALES for role in lifecycle.roles),
        *(f"command.{command.__name__}" for command in commands),
        *(f"step.{step}" for command in commands if (step := getattr(command, "step", ""))),
        *(f"{space}.{each.value}" for space, enums in _ENUMS.items() for enum in enums for each in enum),
        *(f"service-class.{each.name}" for each in ServiceClass),
        *(f"attention.{code}" for code in reasons_given() if code.startswith("aftersales.attention.")),
        *(f"message.{kind}.{part}" for kind in SERVICE_MESSAGES for part in ("subject", "body")),
        *(f"party.{role.value}" for role in TicketRole if role not in {TicketRole.SYSTEM, TicketRole.CLOCK}),
        *(word for name in shipped() for word in _words_of(name)),
        *_SAID,
        *(f"column.{each}" for each in _fields_shown()),
    }


def _words_of(rulebook: str) -> Iterator[str]:
    if load(rulebook).policy == "aftersales":
        yield from _words(service_policy(load(rulebook)).on(date(2026, 1, 1)))


def _words(rules: ServiceRules) -> Iterator[str]:
    """What a person reads of these rules in reasons and letters."""
    for question in (each.rule for each in rules.of(Question)):
        yield from (f"question.{question.name}", *(f"answer.{question.name}.{it}" for it in question.answers))
    yield from (f"step.{each.rule.step}" for each in rules.of(Barred))
    for checklist in rules.of(Checklist):
        yield f"step.{checklist.rule.step}"
        yield from (f"needed.{item.lstrip('0123456789 ')}" for item in checklist.rule.items)
    for survey in rules.of(Survey):
        yield from (f"survey.{name}" for name in survey.rule.questions)
    for promise in rules.of(Promise):
        yield from (f"excuse.{reason}" for reason in promise.rule.excuses)
    yield from (f"grade.{each.rule.name}" for each in rules.of(Grade))
    yield from (f"ahead.{each.rule.of}" for each in rules.of(Ahead))
    yield from (f"chain.{each.rule.of}" for each in rules.of(Chain))
    for limit in (each.rule for each in rules.of(Limit)):
        yield from (f"limit.{limit.of}", f"limit-unit.{limit.unit}", f"limit-then.{limit.then}")
    yield from (f"party.{who}" for who in _parties(rules))
    for listing in rules.of(Listing):
        yield from _words_of_list(listing.rule)


def _parties(rules: ServiceRules) -> Iterator[str]:
    """The posts and departments that something goes to, is told or is asked of."""
    for chain in rules.of(Chain):
        yield from chain.rule.through
    for ladder in rules.of(Ladder):
        yield from (rung.action for rung in ladder.rule.rungs)
    yield from (each.rule.voided_to for each in rules.of(Numbering) if each.rule.voided_to)
    yield from (each.rule.extended_by for each in rules.of(Promise) if each.rule.extended_by)


def _words_of_list(rule: Listing) -> Iterator[str]:
    if rule.of == "complaints":
        yield from (f"complaint-code.{entry}" for entry in rule.entries)
        if rule.group:
            yield f"complaint-category.{rule.group}"
    if rule.of == "channels":
        yield from (f"channel.{entry}" for entry in rule.entries)
    if rule.of == "responsible":
        yield from (f"party.{who}" for who in rule.entries)
