"""The clocks of a ticket: which promises run, what begins and what stops them, and how they stand.

1. Tables say what a command does to them: ``ANCHORS`` begins, ``STOPS`` stops, ``NEEDLESS`` says what nobody
   needs any more, ``VOIDS`` what all of them count for nothing after, ``AGAIN`` what is to be done once more.
   Nothing else moves a clock but holds, extensions, excuses, and promises that are picked anew.
2. The instant is that at which the command happened. What cannot be does not happen, and nothing is raised:
   a stop before the beginning is no stop, and of two the first counts.
3. A breach is recorded before anything that might hide it, and when a clock is stopped too late.
4. A run knows all that the ticket stood still for; its target says what of that counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from servflow.core.aftersales import commitments
from servflow.core.aftersales.commitments import Commitments, committed, told
from servflow.core.aftersales.desk_rules import Survey
from servflow.core.aftersales.policy import ServicePolicy, ServiceRules
from servflow.core.aftersales.promises import FaultReport, Promised, promised
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Commitment, Hold, Ticket
from servflow.core.aftersales.tickets.states import VisitState
from servflow.core.aftersales.words import Event, PauseReason, TargetKind
from servflow.core.changes import Command
from servflow.core.clocks import CLOSED, Clock, Pause, Run, evaluate
from servflow.core.dates import day_of, existing, lies_after
from servflow.core.errors import ConflictingRules, InvalidValue, MissingValue
from servflow.core.worktime import Calendar

__all__ = [
    "AGAIN",
    "ANCHORS",
    "NEEDLESS",
    "STOPS",
    "VOIDS",
    "clocks",
    "current",
    "fitting",
    "happened",
    "heard",
    "held",
    "is_late",
    "is_open",
    "known_answers",
    "picked",
    "resumed",
    "rules_for",
]

K = TargetKind
E = Event

_THE_WORK: Final = (K.RESOLVE, K.REPAIR, K.CARRY_OUT)
_BEFORE_IT: Final = (
    K.NOTICE,
    K.QUOTE,
    K.PLAN,
    K.DESIGN,
    K.ARRANGE,
    K.ON_SITE,
    K.AT_POST,
    K.PARTS,
    K.PURCHASE_ORDER,
)
_AFTER_IT: Final = (E.FINISHED, E.ACCEPTED)
_KNOWN_WITH_THE_REPORT: Final = (E.REPORTED, E.RECEIVED, E.OCCURRED)
_DONE: Final = (c.Finish, c.AdviseRemotely, c.ReplaceUnit, c.RefundCustomer, c.ReturnUnrepaired)

ANCHORS: Final[Mapping[type[Command], tuple[Event, ...]]] = MappingProxyType(
    {
        c.ReportFault: _KNOWN_WITH_THE_REPORT,  # an event became known with it at the latest (AS-SLA-12)
        c.AcceptQuote: (E.ORDERED,),
        c.ApproveFree: (E.ORDERED,),
        c.TakeIn: (E.ARRIVED,),
        c.Arrive: (E.REACHED,),
        **dict.fromkeys(_DONE, (E.FINISHED,)),
        c.AcceptWork: (E.ACCEPTED,),
        c.DeemAccepted: (E.ACCEPTED,),
        c.Fulfil: (E.PLANNED,),  # of a plan
    }
)
"""Which events a command is: clocks begin with them; remote help is one where it solved the matter."""

STOPS: Final[Mapping[type[Command], tuple[TargetKind, ...]]] = MappingProxyType(
    {
        c.Triage: (K.ACKNOWLEDGE,),
        c.AnswerCustomer: (K.ACKNOWLEDGE, K.ANSWER, K.NOTICE),
        c.LogCall: (K.ACKNOWLEDGE, K.ANSWER),  # taken: somebody spoke to the customer
        c.GiveQuote: (K.ACKNOWLEDGE, K.ANSWER, K.QUOTE),  # told face to face, or by telephone
        c.Dispatch: (K.ARRANGE,),
        c.BeginInShop: (K.ARRANGE,),
        c.Arrive: (K.ACKNOWLEDGE, K.ANSWER, K.ON_SITE, K.AT_POST),
        c.AdviseRemotely: (K.ACKNOWLEDGE, K.ANSWER, *_THE_WORK),  # the work: where it solved it
        **dict.fromkeys((c.Finish, c.ReplaceUnit, c.RefundCustomer, c.ReturnUnrepaired), _THE_WORK),
        c.RecordSurvey: (K.CALL_BACK,),
    }
)
"""What is done by a command; ``Fulfil`` does what it names, a call about that what ``call-back`` promises."""

NEEDLESS: Final[Mapping[type[Command], tuple[TargetKind, ...]]] = MappingProxyType(
    {
        c.ApproveFree: (K.QUOTE,),
        c.TakeIn: (K.ON_SITE, K.AT_POST),
        **dict.fromkeys(_DONE, (*_BEFORE_IT, *_THE_WORK)),  # of the work: what had not begun
    }
)
"""What nobody needs any more after a command: void while in time, else stopped, too late."""

VOIDS: Final[frozenset[type[Command]]] = frozenset(
    {c.RejectTicket, c.CancelTicket, c.MergeTicket, c.DeclineQuote, c.LapseQuote}
)
"""After these all that is still open counts for nothing."""

AGAIN: Final[frozenset[type[Command]]] = frozenset({c.RejectWork, c.ReopenTicket})
"""It has to be done again: the clocks of the work go on, an answer is owed, the end is still to come."""

_SPEAKS: Final[frozenset[type[Command]]] = frozenset({c.NoteMessage, *AGAIN})
_NOBODY_WAITS: Final[frozenset[type[Command]]] = frozenset({c.DeclineQuote, c.LapseQuote})
"""After these nobody waits for the customer's word any more."""
_CUSTOMER_IS_HEARD: Final[frozenset[type[Command]]] = frozenset({c.NoteMessage, c.AcceptQuote})


_SAID: Final = MappingProxyType({True: "yes", False: "no"})


# --- what is known ----------------------------------------------------------------------------------


def rules_for(it: Ticket, policy: ServicePolicy) -> ServiceRules:
    """The rules that the promises are picked by: of the day of the report, or by which it was repriced."""
    return policy.on(it.repriced or policy.day(it.reported_at))


def known_answers(it: Ticket, rules: ServiceRules) -> dict[str, str]:
    """What the ticket itself answers of what ``rules`` ask.

    They are ``coverage`` and ``term`` by the verdict, ``class`` (A to D), ``route``, ``kind`` of service,
    ``level`` by the severity (AS-SLA-8), ``delayed``, ``rework``, ``carried-over`` to another repair order,
    ``complaint``: there is one, and ``crew``: somebody goes along.
    """
    known = {
        "kind": it.service.value,
        "rework": _SAID[bool(it.rework)],
        "delayed": _SAID[is_late(it, rules.calendar)],
        "carried-over": _SAID[_carried_over(it)],
        "complaint": _SAID[bool(it.complaints)],
        "crew": _SAID[it.visit is not None and bool(it.visit.crew)],
    }
    if it.route is not None:
        known["route"] = it.route.value
    if it.severity is not None:
        known["level"] = str(it.severity)
    if it.service_class is not None:
        known["class"] = it.service_class.name
    if it.verdict is not None:
        known["coverage"] = it.verdict.coverage.value
        if it.verdict.term is not None:
            known["term"] = it.verdict.term.value
    return fitting(rules, known)


def fitting(rules: ServiceRules, answers: Mapping[str, str]) -> dict[str, str]:
    """Those of the answers that ``rules`` know."""
    asked = rules.questions
    return {name: each for name, each in answers.items() if name in asked and each in asked[name].answers}


def happened(it: Ticket) -> dict[Event, datetime]:
    """When the events came about that clocks begin with, as far as they have."""
    known = dict.fromkeys(_KNOWN_WITH_THE_REPORT, it.reported_at)
    return known | {Event(name): at for name, at in it.happened.items()}


def clocks(it: Ticket, calendar: Calendar, now: datetime) -> dict[str, Clock]:
    """What each clock says at ``now``; ``calendar`` is the firm's."""
    return commitments.clocks(it.commitments, calendar, now)


def is_late(it: Ticket, calendar: Calendar) -> bool:
    """Whether the service is delayed (延时): by a promise, by what was agreed, or to another repair order.

    A breach of a promise is on record, and not excused. Or it was finished after the end of the window that
    was agreed last, or after the day for which an item was promised back. Or it was carried over (AS-FORM-1).
    ``calendar`` is the firm's.
    """
    broken = any(_held_against(each, calendar) for each in it.commitments.values())
    return broken or _carried_over(it) or _after_what_was_agreed(it, calendar)


def _held_against(each: Commitment, calendar: Calendar) -> bool:
    """Whether its breach is on record and counts: an excused delay is none (AS-SLA-7)."""
    run = each.run
    if run.breach is None or (run.voided_at is not None and not each.fell_away):
        return False
    if not run.excuses:
        return True
    now = max(run.breach.at, commitments.known_at(run) or run.breach.at)
    return not evaluate(each.target(calendar), run, now).excused


def _carried_over(it: Ticket) -> bool:
    return any(visit.carried_over_to is not None for visit in it.visits.values())


def _after_what_was_agreed(it: Ticket, calendar: Calendar) -> bool:
    """Whether it was finished after the last window that was agreed, or the day an item was promised for."""
    if it.finished_at is None:
        return False
    agreed = [each for each in it.visits.values() if each.window_until and each.state is not VisitState.OFF]
    last = max(agreed, key=lambda visit: visit.number, default=None)
    if last is not None and last.window_until and lies_after(it.finished_at, last.window_until):
        return True
    on = day_of(it.finished_at, calendar.zone)
    return any(item.promised_back_on is not None and on > item.promised_back_on for item in it.items.values())


def is_open(each: Commitment) -> bool:
    """Whether it has still to be done: neither stopped nor void."""
    return each.run.stopped_at is None and each.run.voided_at is None


def current(it: Ticket, kind: TargetKind) -> tuple[str, Commitment] | None:
    """The promise of this kind that counts now, with its name: of several cycles the last."""
    found = _cycles(it.commitments, kind)
    return found[-1] if found else None


def _cycles(of: Commitments, kind: TargetKind) -> list[tuple[str, Commitment]]:
    """The promises of this kind, with their names, the first one first: ``answer`` before ``answer/2``."""
    found = ((what, each) for what, each in of.items() if each.kind is kind)
    return sorted(found, key=lambda named: int(named[0].partition("/")[2] or 1))


# --- picking ----------------------------------------------------------------------------------------


def picked(it: Ticket, rules: ServiceRules, policy: ServicePolicy, at: datetime) -> Ticket:
    """``it`` with the promises that ``rules`` give it for its facts, picked at ``at``.

    A kind that was promised before keeps its run: beginning, pauses, extensions; a breach that the change
    brings is recorded as such. One that fell away is void, and goes on where it is promised again. What was
    stopped, or is void for another reason, stays as it is. Complaints have promises of their own.

    Raises:
        InvalidValue: as ``promised``; or a time that was agreed does not lie after the beginning.
        MissingValue, ConflictingRules: as ``promised``.
    """
    answers = {**known_answers(it, rules), **it.answers}
    report = FaultReport(at=it.reported_at, answers=answers, distance=it.distance, given=it.given)
    found: dict[TargetKind, Promised] = {
        each.kind: each for each in promised(rules, report) if each.kind is not K.COMPLAINT_ANSWER
    }
    after = {
        what: _picked_anew(it, each, found.get(each.kind), policy.calendar, at)
        for what, each in it.commitments.items()
    }
    for kind, each in found.items():
        if kind.value not in after:
            made = committed(each, {}, policy.calendar)
            later = None if existing("at", at) == existing("at", it.reported_at) else at
            run = Run(anchored_at=happened(it).get(each.since), pauses=it.pauses)
            after[kind.value] = _told(replace(made, run=run, picked_at=later), policy.calendar, at)
    return replace(it, commitments=after)


def _told(each: Commitment, calendar: Calendar, at: datetime) -> Commitment:
    """With its due date, and the breach on record that this target shows at ``at``."""
    clock = evaluate(each.target(calendar), each.run, at)
    return told(replace(each, run=each.run.recorded(clock, by_change=each.picked_at is not None)), calendar)


def _picked_anew(
    it: Ticket, each: Commitment, new: Promised | None, calendar: Calendar, at: datetime
) -> Commitment:
    """``each`` under the target that ``new`` gives it, on the same run; ``None``: it is promised no more."""
    run = each.run
    over = run.stopped_at is not None or (run.voided_at is not None and not each.fell_away)
    if over or (new is None and each.fell_away):
        return each
    if new is None:
        return replace(_recorded(each, calendar, at, run.voided(at)), fell_away=True)
    if run.voided_at is not None:
        run = replace(run, voided_at=None, pauses=(*_closings(run), *it.pauses))
    run = _recorded(replace(each, run=run), calendar, at).run
    first = each.kind.value in it.commitments and it.commitments[each.kind.value] is each
    if first and (new.since is not each.since or run.anchored_at is None):
        run = replace(run, anchored_at=happened(it).get(new.since))
    behind = {name.rpartition("/")[2] for name in each.fired}
    gone = [rung for number, rung in enumerate(each.ladder, 1) if str(number) in behind]
    made = replace(committed(new, {}, calendar), run=run, due=each.due)
    made = replace(
        made,
        picked_at=at,
        fired=(
            *(commitments.rung_name(made, n) for n, rung in enumerate(made.ladder, 1) if rung in gone),
            *(name for name in each.fired if name == commitments.BREACH),
        ),
    )
    if _said(made) == _said(each):
        return replace(made, fired=each.fired, picked_at=each.picked_at)
    return _told(made, calendar, at)


def _said(each: Commitment) -> tuple[object, ...]:
    """What moves its clock and its ladder."""
    run = each.run
    return (
        each.within,
        each.since,
        each.round_the_clock,
        each.pauses,
        each.ladder,
        run.anchored_at,
        run.voided_at,
    )


def _recorded(each: Commitment, calendar: Calendar, at: datetime, then: Run | None = None) -> Commitment:
    """With the run ``then``, and the breach on record that the clock shows at ``at``."""
    run = each.run.recorded(evaluate(each.target(calendar), each.run, at))
    return replace(each, run=run if then is None else replace(then, breach=run.breach))


def _closings(run: Run) -> tuple[Pause, ...]:
    return tuple(pause for pause in run.pauses if pause.reason == CLOSED)


# --- standing still ---------------------------------------------------------------------------------


def held(it: Ticket, reason: PauseReason, hold: Hold, calendar: Calendar, known_at: datetime) -> Ticket:
    """``it`` standing still for ``reason`` from ``hold.since`` on; what is late by ``known_at`` is recorded.

    Every open clock is told; one whose promise does not accept the reason goes on.
    """
    after = {
        what: _recorded(each, calendar, known_at, each.run.paused(reason.value, hold.since))
        if is_open(each)
        else each
        for what, each in it.commitments.items()
    }
    pauses = (*it.pauses, Pause(reason.value, hold.since))
    return replace(it, commitments=after, pauses=pauses, holds={**it.holds, reason.value: hold})


def resumed(it: Ticket, reason: PauseReason, at: datetime, calendar: Calendar) -> Ticket:
    """``it`` going on at ``at``, as far as ``reason`` goes; due dates are told anew.

    It goes on no earlier than it stood still.
    """
    holds = dict(it.holds)
    at = max(existing("at", at), existing("since", holds.pop(reason.value).since))
    after = {}
    for what, each in it.commitments.items():
        ended = replace(each, run=replace(each.run, pauses=_ended(each.run.pauses, reason, at)))
        after[what] = told(ended, calendar) if is_open(each) else ended
    return replace(it, commitments=after, pauses=_ended(it.pauses, reason, at), holds=holds)


def _ended(pauses: tuple[Pause, ...], reason: PauseReason, at: datetime) -> tuple[Pause, ...]:
    return tuple(
        replace(pause, end=at) if pause.reason == reason.value and pause.end is None else pause
        for pause in pauses
    )


# --- what is heard ----------------------------------------------------------------------------------


def heard(it: Ticket, command: Command, policy: ServicePolicy) -> Ticket:
    """``it`` with the clocks begun, stopped, void and begun again that ``command`` begins and stops."""
    kind, at, calendar = type(command), command.happened_at, policy.calendar
    waits = it.holds.get(PauseReason.WAITING_CUSTOMER.value)
    if kind in _NOBODY_WAITS and waits is not None:
        it = resumed(it, PauseReason.WAITING_CUSTOMER, at, calendar)
    if kind in VOIDS:
        return replace(it, commitments=_voided(it.commitments, calendar, at))
    if kind in _CUSTOMER_IS_HEARD and waits is not None and existing("at", at) >= waits.since:
        it = resumed(it, PauseReason.WAITING_CUSTOMER, at, calendar)
    if kind in AGAIN:
        it = _again(it, calendar, at)
    events, stops = _events(command), _stops(it, command, policy)
    needless = NEEDLESS.get(kind, ()) if events else ()
    if not (events or stops or kind in _SPEAKS):
        return it
    of = dict(it.commitments)
    for event in events:
        of = commitments.begun(of, event, at, calendar)
    of = _stopped(of, stops, calendar, at)
    of = _needless(of, needless, calendar, at)
    if kind in _SPEAKS:
        of = _answer_owed(it, of, calendar, at)
    new = {event.value: at for event in events if event not in happened(it)}
    return replace(it, commitments=of, happened={**it.happened, **new} if new else it.happened)


def _events(command: Command) -> tuple[Event, ...]:
    if (isinstance(command, c.AdviseRemotely) and not command.solved) or (
        isinstance(command, c.Fulfil) and command.what is not K.PLAN
    ):
        return ()
    return ANCHORS.get(type(command), ())


def _stops(it: Ticket, command: Command, policy: ServicePolicy) -> tuple[TargetKind, ...]:
    if isinstance(command, c.Fulfil):
        return (command.what,)
    stops = STOPS.get(type(command), ())
    if isinstance(command, c.AdviseRemotely) and not command.solved:
        return tuple(kind for kind in stops if kind not in _THE_WORK)
    if isinstance(command, c.LogCall):
        if command.about == c.CALL_BACK and (command.taken or _tried_enough(it, policy)):
            return (*stops, K.CALL_BACK) if command.taken else (K.CALL_BACK,)
        return stops if command.taken else ()
    return stops


def _tried_enough(it: Ticket, policy: ServicePolicy) -> bool:
    """Whether he was called as often in vain as the survey asks for: then he counts as asked."""
    rules = policy.on(policy.day(it.reported_at))
    try:
        attempts = rules.the_one(Survey, {**known_answers(it, rules), **it.answers}).rule.attempts
    except (MissingValue, ConflictingRules, InvalidValue):
        return False
    since = it.accepted_at or it.reported_at
    calls = (call for call in it.calls if call.about == c.CALL_BACK and not lies_after(since, call.at))
    in_vain = sum(not call.taken for call in calls)
    return attempts is not None and in_vain >= attempts


def _voided(of: Commitments, calendar: Calendar, at: datetime) -> dict[str, Commitment]:
    recorded = {what: _recorded(each, calendar, at) if is_open(each) else each for what, each in of.items()}
    return commitments.voided(recorded, at)


def _stopped(
    of: Commitments, kinds: Collection[TargetKind], calendar: Calendar, at: datetime
) -> dict[str, Commitment]:
    """With the clocks of these kinds stopped; what was too late is on record."""
    after = commitments.stopped(of, kinds, at)
    return {what: each if each is of[what] else _recorded(each, calendar, at) for what, each in after.items()}


def _needless(
    of: Commitments, kinds: Collection[TargetKind], calendar: Calendar, at: datetime
) -> dict[str, Commitment]:
    after = dict(of)
    for what, each in of.items():
        if each.kind not in kinds or not is_open(each):
            continue
        if evaluate(each.target(calendar), each.run, at).late:
            after |= _stopped({what: each}, kinds, calendar, at)
        else:
            after |= commitments.voided({what: each}, at)
    return after


def _again(it: Ticket, calendar: Calendar, at: datetime) -> Ticket:
    """The clocks of the work go on; those that follow its end wait for it, done ones in a new cycle."""
    of: dict[str, Commitment] = {}
    for what, each in it.commitments.items():
        of[what] = each
        if each.kind in _THE_WORK and each.run.stopped_at is not None and each.run.voided_at is None:
            of[what] = _reopened(it, each, calendar, at)
        elif each.since in _AFTER_IT and is_open(each):
            recorded = _recorded(each, calendar, at)
            of[what] = replace(recorded, run=replace(recorded.run, anchored_at=None))
    for kind in {each.kind: None for each in of.values() if each.since in _AFTER_IT}:
        _, last = _cycles(of, kind)[-1]
        if last.run.stopped_at is not None:
            of[_next_name(of, kind)] = _next_cycle(it, last)
    ended = {event.value for event in _AFTER_IT}
    kept = {name: then for name, then in it.happened.items() if name not in ended}
    return replace(it, commitments=of, happened=kept)


def _reopened(it: Ticket, each: Commitment, calendar: Calendar, at: datetime) -> Commitment:
    """Going on, not before it was stopped; it stands still where the ticket does by then."""
    assert each.run.stopped_at is not None
    at = max(existing("at", at), each.run.stopped_at)
    run = each.run.reopened(each.target(calendar), at)
    still = {pause.reason for pause in run.pauses if pause.end is None}
    for pause in it.pauses:
        if pause.end is None and pause.reason not in still:
            run = run.paused(pause.reason, pause.start)
    return told(replace(each, run=run), calendar)


def _answer_owed(it: Ticket, of: Commitments, calendar: Calendar, at: datetime) -> dict[str, Commitment]:
    """A new cycle of the answer, begun with the message, where nothing waits for an answer yet.

    One that came before somebody answered last is answered.
    """
    after = dict(of)
    answers = [each for _, each in _cycles(of, K.ANSWER)]
    last = answers[-1].run.stopped_at if answers else None
    if last is not None and answers[-1].run.voided_at is None and existing("at", at) > last:
        begun = commitments.begun_at(_next_cycle(it, answers[-1]), at, calendar)
        after[_next_name(of, K.ANSWER)] = begun
    return after


def _next_name(of: Commitments, kind: TargetKind) -> str:
    return f"{kind.value}/{sum(each.kind is kind for each in of.values()) + 1}"


def _next_cycle(it: Ticket, last: Commitment) -> Commitment:
    return replace(last, run=Run(pauses=it.pauses), fired=(), due=None, picked_at=None)
