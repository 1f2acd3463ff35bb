"""What every step of a complaint stands on: who speaks, by which rules, what is on record, how a step ends.

The rules are those of the day on which it was filed. Every effect ends in ``outcome``: what was shown goes on
record, and the clocks hear what was said, by two tables (``ANCHORS``, ``STOPS``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from servflow.core.aftersales import commitments as promises
from servflow.core.aftersales.circumstances import DISTANCE
from servflow.core.aftersales.commitments import Commitments, committed
from servflow.core.aftersales.complaints import commands as c
from servflow.core.aftersales.complaints.model import (
    Complaint,
    ComplaintRole,
    DamageShown,
)
from servflow.core.aftersales.desk_rules import Grade
from servflow.core.aftersales.policy import Named, Promise, ServicePolicy, ServiceRules
from servflow.core.aftersales.posts import roles_in_firm
from servflow.core.aftersales.promises import FaultReport, promised
from servflow.core.aftersales.showing import Shown, shown_with
from servflow.core.aftersales.tickets.ground import served
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.words import Event, TargetKind
from servflow.core.changes import Actor, Command, Key, Message, Office
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "ANCHORS",
    "GRADE",
    "PROMISED",
    "STOPS",
    "Case",
    "answers_of",
    "grade_of",
    "involved",
    "on_record",
    "outcome",
    "promised_now",
    "roles_of",
    "rules_of",
    "ticket_of",
    "with_damages",
]

Case = Situation[Complaint, Any, ServicePolicy, Any]

_STRONGEST_FIRST: Final = (
    ComplaintRole.SUPERVISOR,
    ComplaintRole.QUALITY,
    ComplaintRole.COMPLAINTS,
    ComplaintRole.ENGINEER,
    ComplaintRole.DESK,
)

PROMISED: Final = (TargetKind.COMPLAINT_ANSWER, TargetKind.PLAN, TargetKind.CARRY_OUT)
"""What may be promised about a complaint: an answer; a plan, and that it is carried out (AS-SLA-1)."""

GRADE: Final = "grade"
"""The question how grave it is, where a firm asks it; it is answered by the grading."""

ANCHORS: Final[Mapping[type[Command], tuple[Event, ...]]] = MappingProxyType(
    {
        c.FileComplaint: (Event.REPORTED, Event.RECEIVED, Event.REGISTERED),
        c.InvestigateComplaint: (Event.PLANNED,),  # where it brings a plan
        c.AnswerComplaint: (Event.PLANNED,),
    }
)
"""What begins with a command."""

STOPS: Final[Mapping[type[Command], tuple[TargetKind, ...]]] = MappingProxyType(
    {
        c.InvestigateComplaint: (TargetKind.PLAN,),  # where it brings a plan
        c.AnswerComplaint: (TargetKind.PLAN, TargetKind.COMPLAINT_ANSWER),
        c.SettleComplaint: (TargetKind.CARRY_OUT,),
    }
)
"""What is done by a command; a complaint that is withdrawn makes all that still runs void."""


def roles_of(it: Complaint | None, actor: Actor) -> tuple[ComplaintRole, ...]:
    """The customer himself; the firm's staff in the posts that the host names; its programs and the clock."""
    if actor.office is Office.PERSON:
        return (ComplaintRole.CUSTOMER,) if it is None or actor.party == it.customer else ()
    system, clock = ComplaintRole.SYSTEM, ComplaintRole.CLOCK
    return roles_in_firm(it, actor, _STRONGEST_FIRST, system=system, clock=clock)


def rules_of(s: Case) -> ServiceRules:
    """The rules of the complaint: those of the day on which it was filed."""
    filed_at = s.command.happened_at if s.it is None else s.it.filed_at
    return s.policy.on(s.policy.day(filed_at))


def answers_of(s: Case) -> Mapping[str, str]:
    """The answers on record and those of the command, with those that the complaint itself knows.

    They are ``attributed`` (whose fault it was), ``category``, ``grade``, ``raised-by`` and ``complaint``:
    yes, where its rules ask them. What was answered by somebody is never overruled; what the rules do not ask
    is left out.
    """
    rules, it, said = rules_of(s), s.it, s.command
    opened: Any = said if it is None else it
    known = {"complaint": "yes", "category": opened.category, "raised-by": opened.raised_by.value}
    if it is not None:
        attribution = getattr(said, "attribution", None) or it.attribution
        known |= {GRADE: it.grade, "attributed": attribution.value if attribution else ""}
        known |= it.answers
    known |= getattr(said, "answers", {})
    asked = rules.questions
    return {name: each for name, each in known.items() if name in asked and each in asked[name].answers}


def on_record(s: Case) -> Shown:
    """What is on record, with what the command brings and what the complaint itself proves.

    That is ``complaint`` (what is complained of), ``complaint-ledger`` (its number), ``problem-record`` and
    ``site-survey`` (what was found), ``plan``, ``attribution``, and ``answer`` and ``explanation``.
    """
    it, said = s.it, s.command
    shown = shown_with({} if it is None else it.shown, getattr(said, "shown", {}))
    number = None if it is None else it.number
    attribution = getattr(said, "attribution", None) or (None if it is None else it.attribution)
    proved = {
        "complaint": said.what if it is None else it.what,
        "complaint-ledger": "" if number is None else str(number),
        "attribution": "" if attribution is None else attribution.value,
    }
    found, plan, answer = (
        getattr(said, name, "") or ("" if it is None else getattr(it, name))
        for name in ("found", "plan", "answer")
    )
    proved |= {
        "problem-record": found,
        "site-survey": found,
        "plan": plan,
        "answer": answer,
        "explanation": answer,
    }
    return shown_with(shown, {name: (text,) for name, text in proved.items() if text})


def with_damages(before: tuple[DamageShown, ...], more: tuple[DamageShown, ...]) -> tuple[DamageShown, ...]:
    """The damages with ``more`` of them; photographs of one that is known are added to it, each once."""
    after = {each.what: each for each in before}
    for each in more:
        there = after[each.what].photographs if each.what in after else ()
        photographs = tuple(dict.fromkeys((*there, *each.photographs)))
        after[each.what] = replace(each, photographs=photographs)
    return tuple(after.values())


def ticket_of(s: Case) -> Ticket | None:
    """The ticket of the service that it is about, if it is about one."""
    named = s.command.ticket if s.it is None else s.it.ticket
    found = None if named is None else s.others.get(Key(Ticket.kind, named))
    return found if isinstance(found, Ticket) else None


def involved(s: Case) -> frozenset[str]:
    """Who has an interest in it: whom it is about, and who served on its ticket."""
    ticket = ticket_of(s)
    about = s.command.about if s.it is None else s.it.about
    return frozenset({about} - {""}) | (frozenset() if ticket is None else served(ticket))


def grade_of(s: Case) -> tuple[Named[Grade] | None, str]:
    """The gravest grade that holds by the answers; and the question that has to be answered before, if any.

    ``None`` where none holds, or a question is open that may make it graver.
    """
    rules = rules_of(s)
    known = rules.answered(answers_of(s))
    for named in sorted(rules.of(Grade), key=lambda each: each.rule.rank):
        left = named.rule.when.open(known)
        if left is not None:
            return (None, left[0]) if left else (named, "")
    return None, ""


def promised_now(s: Case) -> Commitments:
    """What is promised when a complaint is filed or graded, beside what was; clocks begin with the filing.

    Asked at those two commands only: they bring answers, and what is left blank.

    The rules of an answer ask for what decides them, but for the grade, before there is one; a plan and its
    carrying out are promised where they hold by the answers that are given: nothing is asked because of them.

    Raises:
        MissingValue: an answer that decides about the answer's promise, or something that it leaves blank.
        ConflictingRules: two promises of one kind hold and say different things.
        InvalidValue: what is given for a blank is of the wrong kind, or out of range.
    """
    rules, it, calendar = rules_of(s), s.it, s.policy.calendar
    answers, grade = dict(answers_of(s)), grade_of(s)[0]
    if it is not None and grade is not None and grade.rule.name in _answers_to(rules, GRADE):
        answers[GRADE] = grade.rule.name
    known, told = rules.answered(answers), {} if it is None else it.commitments
    given = {**({} if it is None else it.given), **s.command.given}
    at = s.command.happened_at if it is None else it.filed_at
    fitting = tuple(
        each
        for each in rules.rules
        if not isinstance(each.rule, Promise)
        or (each.rule.kind.value not in told and _asked(each.rule, known, given))
    )
    happened = dict.fromkeys(ANCHORS[c.FileComplaint], at)
    found = promised(replace(rules, rules=fitting), FaultReport(at=at, answers=answers, given=given))
    more = {each.kind.value: committed(each, happened, calendar) for each in found}
    if it is not None:  # nothing comes of a clock before it was told
        more = {what: replace(each, picked_at=s.command.happened_at) for what, each in more.items()}
    return {**told, **more}


def _answers_to(rules: ServiceRules, question: str) -> tuple[str, ...]:
    asked = rules.questions.get(question)
    return () if asked is None else asked.answers


def _asked(promise: Promise, known: Mapping[str, str], given: Collection[str]) -> bool:
    """Whether it is looked at now: it holds already, or asks for what may be asked for.

    A complaint has no distance, and before it is graded no grade.
    """
    left, blank = promise.when.open(known), promise.within.asks
    if promise.kind is TargetKind.COMPLAINT_ANSWER:
        return left is not None and {GRADE, DISTANCE}.isdisjoint(left)
    return promise.kind in PROMISED and left == () and (blank is None or blank in given)


def outcome(
    s: Case, it: Complaint, *, messages: tuple[Message, ...] = (), commands: tuple[Command, ...] = ()
) -> Outcome:
    """How every effect ends: what was shown and answered is on record, the clocks have heard what is said."""
    shown, answers = s.command.shown, s.command.answers
    if shown:
        it = replace(it, shown=shown_with(it.shown, shown))
    if answers:
        it = replace(it, answers={**it.answers, **answers})
    heard = _heard(it, s.command, s.policy)
    return Outcome(it=replace(it, commitments=heard), messages=messages, commands=commands)


def _heard(it: Complaint, said: Command, policy: ServicePolicy) -> Commitments:
    of, kind, at = it.commitments, type(said), said.happened_at
    if not of:
        return of
    if kind is c.WithdrawComplaint:
        return promises.voided(of, at)
    if kind is c.InvestigateComplaint and not getattr(said, "plan", ""):
        return of
    if kind in STOPS:
        of = promises.stopped(of, STOPS[kind], at)
    for event in ANCHORS.get(kind, ()):
        of = promises.begun(of, event, at, policy.calendar)
    return of
