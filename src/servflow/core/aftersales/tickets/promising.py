"""What is done about the promises of a ticket: held, extended, excused, picked anew; escalation and duties.

Each guard yields a reason for all that it refuses. What a promise says is refused by its own clause, what a
chain of the rulebook says by the chain's. Clocks are moved by ``clockwork``, duties found by ``duties_kept``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from servflow.core.aftersales import duties_kept
from servflow.core.aftersales.commitments import BREACH, rung_name, told
from servflow.core.aftersales.commitments import breached as with_breach
from servflow.core.aftersales.commitments import fired as with_fired
from servflow.core.aftersales.desk_rules import Chain, Series
from servflow.core.aftersales.duties_kept import Owed
from servflow.core.aftersales.policy import Named, ServicePolicy
from servflow.core.aftersales.tickets import clockwork, papers
from servflow.core.aftersales.tickets import messages as m
from servflow.core.aftersales.tickets.clockwork import current, is_open, known_answers
from servflow.core.aftersales.tickets.commands import ExcuseDelay, Fulfil
from servflow.core.aftersales.tickets.ground import Case, answers_of, local, outcome, rules_of
from servflow.core.aftersales.tickets.intake import corrected, with_promises
from servflow.core.aftersales.tickets.model import Commitment, Hold, Passed, Ticket
from servflow.core.aftersales.tickets.reading import call_back_complaint
from servflow.core.aftersales.tickets.states import Stage, TicketRole
from servflow.core.aftersales.tickets.visiting import tell_the_job
from servflow.core.aftersales.words import Event, PauseReason, TargetKind
from servflow.core.changes import Command, Message
from servflow.core.citations import PRACTICE, Plain, Reason
from servflow.core.clocks import Clock, Excuse, Extension, Rung, evaluate
from servflow.core.dates import existing, lies_after
from servflow.core.desk_rules import today
from servflow.core.errors import ConflictingRules, InvalidTable, InvalidValue, MissingValue
from servflow.core.lifecycle import Outcome

__all__ = [
    "ESCALATION",
    "answer",
    "breached",
    "change_severity",
    "correct_report",
    "deescalate",
    "duty_due",
    "duty_fits",
    "escalate",
    "escalated",
    "excusable",
    "excuse",
    "extend",
    "extendable",
    "fire",
    "fulfil",
    "held_for_that",
    "hold",
    "hold_ahead",
    "hold_over",
    "mark_breach",
    "next_in_chain",
    "not_held_for_that",
    "note_message",
    "owed_to",
    "pass_on",
    "promised_so",
    "reanchor",
    "reanchorable",
    "record_duty",
    "remind_duty",
    "remind_hold",
    "reprice",
    "resume",
    "rules_there",
    "rung_reached",
]

ESCALATION: Final = "escalation"
"""The chain of the rulebook by which somebody higher sees to a service (AS-FLOW-27)."""

_WATCH: Final = (TicketRole.SUPERVISOR.value, TicketRole.COORDINATOR.value)
_DONE_OTHERWISE: Final = frozenset(kind for kinds in clockwork.STOPS.values() for kind in kinds)
_DAY: Final = timedelta(days=1)


# --- promises ---------------------------------------------------------------------------------------


def promised_so(s: Case) -> Iterator[Reason]:
    """Such a promise was made, and is still to be kept; a delay may be excused afterwards.

    What another command does is not said to be done beside it (``Fulfil``), and nothing is done before its
    clock has begun.
    """
    what: TargetKind = s.command.what
    found = current(s.it, what)
    facts = (("what", what.value),)
    if isinstance(s.command, Fulfil):
        yield from _fulfilled_so(s, what, facts)
    elif found is None:
        yield Reason("aftersales.not-promised", PRACTICE, facts)
    elif not isinstance(s.command, ExcuseDelay) and not is_open(found[1]):
        yield Reason("aftersales.promise-over", found[1].clause, facts)


def _fulfilled_so(s: Case, what: TargetKind, facts: tuple[tuple[str, Plain], ...]) -> Iterator[Reason]:
    if what in _DONE_OTHERWISE:
        yield Reason("aftersales.done-otherwise", PRACTICE, facts)
        return
    found = current(s.it, what)
    if found is None or not is_open(found[1]):
        waits = what is TargetKind.PLAN and any(
            each.since is Event.PLANNED and each.run.anchored_at is None and is_open(each)
            for each in s.it.commitments.values()
        )
        if not waits:
            yield Reason("aftersales.not-promised", PRACTICE, facts)
        return
    anchor = found[1].run.anchored_at
    if anchor is None or lies_after(anchor, s.command.happened_at):
        yield Reason("aftersales.promise-not-begun", found[1].clause, facts)


def fulfil(s: Case) -> Outcome:
    """It is done: its clock stops."""
    return outcome(s, s.it)


def _extension(s: Case) -> Extension:
    said = s.command
    return Extension(at=said.happened_at, until=said.until, approved_by=said.approved_by, reason=said.reason)


def extendable(s: Case) -> Iterator[Reason]:
    """The promise may be extended, by the post that it names, to a later day than is due (AS-SLA-1).

    Where that post is one of the desk, somebody in it says so himself, or the supervisor for him.
    """
    found = current(s.it, s.command.what)
    if found is None or not is_open(found[1]):
        return  # promised_so says so
    what, each = found
    facts: tuple[tuple[str, Plain], ...] = (("what", what), ("extended_by", each.extended_by or "nobody"))
    others = {role.value for role in TicketRole} - {s.role.value}
    if s.role is not TicketRole.SUPERVISOR and each.extended_by in others:
        yield Reason("aftersales.extension-not-theirs", each.clause, (*facts, ("role", s.role.value)))
    try:
        each.run.extended(each.target(s.policy.calendar), _extension(s))
    except InvalidValue as error:
        said = (("found", str(error.found)), ("expected", error.expected))
        yield Reason("aftersales.not-extendable", each.clause, (*facts, *said))


def extend(s: Case) -> Outcome:
    """More time is granted; what was late by then is on record."""
    found = current(s.it, s.command.what)
    assert found is not None
    what, each = found
    run = each.run.extended(each.target(s.policy.calendar), _extension(s))
    return _changed(s, what, told(replace(each, run=run), s.policy.calendar))


def excusable(s: Case) -> Iterator[Reason]:
    """The promise knows such a reason for a delay (AS-SLA-7)."""
    found = current(s.it, s.command.what)
    if found is not None and s.command.reason not in found[1].excuses:
        known = ", ".join(found[1].excuses) or "none"
        facts = (("what", found[0]), ("reason", s.command.reason), ("known", known))
        yield Reason("aftersales.not-excusable", found[1].clause, facts)


def excuse(s: Case) -> Outcome:
    """The delay is not held against anybody; the due date stays."""
    found = current(s.it, s.command.what)
    assert found is not None
    what, each = found
    said = Excuse(s.command.reason, s.command.start, s.command.end)
    return _changed(s, what, replace(each, run=each.run.excused(each.target(s.policy.calendar), said)))


def reanchorable(s: Case) -> Iterator[Reason]:
    """Its clock has begun, at another instant than is said now, which has come."""
    found = current(s.it, s.command.what)
    if found is None or not is_open(found[1]):
        return  # promised_so says so
    what, each = found
    facts = (("what", what), ("at", local(s, s.command.at)))
    if each.run.anchored_at is None:
        yield Reason("aftersales.promise-not-begun", each.clause, facts)
    elif existing("at", s.command.at) == each.run.anchored_at:
        yield Reason("aftersales.anchored-so-already", each.clause, facts)
    if lies_after(s.command.at, s.command.happened_at):
        yield Reason("aftersales.anchor-ahead", each.clause, facts)
        return
    try:
        _reanchored(s, each)
    except InvalidValue as error:
        yield Reason("aftersales.anchor-unfit", each.clause, (*facts, ("expected", error.expected)))


def _reanchored(s: Case, each: Commitment) -> Commitment:
    """The promise with its clock begun at the instant that is said; what that makes late is on record."""
    calendar, now = s.policy.calendar, s.command.happened_at
    target = each.target(calendar)
    run = each.run.recorded(evaluate(target, each.run, now))
    run = replace(run, anchored_at=s.command.at)
    run = run.recorded(evaluate(target, run, now), by_change=True)
    return told(replace(each, run=run, picked_at=now), calendar)


def reanchor(s: Case) -> Outcome:
    """Its clock began then; a breach that is on record stays, and no rung is reached before this instant."""
    found = current(s.it, s.command.what)
    assert found is not None
    what, each = found
    return _changed(s, what, _reanchored(s, each))


def _changed(s: Case, what: str, each: Commitment) -> Outcome:
    it = replace(s.it, commitments={**s.it.commitments, what: each})
    return _ended(s, it)


def _ended(s: Case, it: Ticket, *messages: Message) -> Outcome:
    """As ``outcome``; what is on record as late by then is told beside ``messages``, of each breach once."""
    late = [
        what
        for what, each in it.commitments.items()
        if each.run.breach is not None and each.run.voided_at is None and BREACH not in each.fired
    ]
    for what in late:
        it = replace(it, commitments=with_fired(it.commitments, what, BREACH))
    return outcome(s, it, messages=(*messages, *(_told_late(s, late) if late else ())))


def _told_late(s: Case, late: list[str]) -> tuple[Message, ...]:
    """Supervisor and coordinator are told what is on record as late."""
    facts: tuple[tuple[str, Plain], ...] = (("what", ", ".join(late)),)
    firm = s.it.firm
    return tuple(
        message for each in _WATCH for message in m.tell(s.it, m.BREACHED, facts, to=m.post(firm, each))
    )


# --- promises picked anew -----------------------------------------------------------------------------


def change_severity(s: Case) -> Outcome:
    """The promises are those of the new severity, on the same clocks; a breach that brings is on record."""
    said = s.command
    answers, given = {**s.it.answers, **said.answers}, {**s.it.given, **said.given}
    it = replace(s.it, severity=said.severity, answers=answers, given=given)
    return _ended(s, with_promises(s, it, clockwork.rules_for(it, s.policy)))


def correct_report(s: Case) -> Outcome:
    """The report is as it was confirmed anew, and so are the promises; whose job it is hears (AS-FLOW-17)."""
    it = corrected(s)
    return _ended(s, it, *tell_the_job(s, it))


def _repriced(s: Case) -> Ticket:
    it = replace(s.it, repriced=s.command.rules_of)
    return with_promises(s, it, clockwork.rules_for(it, s.policy))


def rules_there(s: Case) -> Iterator[Reason]:
    """The rules of that day are there, and say what is promised for what is on record."""
    try:
        _repriced(s)
    except (MissingValue, ConflictingRules, InvalidValue, InvalidTable) as error:
        facts = (("rules_of", s.command.rules_of), ("why", str(error)))
        yield Reason("aftersales.rules-do-not-fit", PRACTICE, facts)


def reprice(s: Case) -> Outcome:
    """The promises are those of the rules of another day, which they name; breaches stay."""
    return _ended(s, _repriced(s))


# --- holds --------------------------------------------------------------------------------------------


def not_held_for_that(s: Case) -> Iterator[Reason]:
    """It does not stand still for this reason already."""
    if s.command.reason.value in s.it.holds:
        yield Reason("aftersales.held-already", PRACTICE, (("reason", s.command.reason.value),))


def hold_ahead(s: Case) -> Iterator[Reason]:
    """Its end, and the day of the reminder, lie after it has begun."""
    said = s.command
    if said.until is not None and not lies_after(said.until, said.happened_at):
        yield Reason("aftersales.hold-not-ahead", PRACTICE, (("until", local(s, said.until)),))
    if said.remind_on is not None and said.remind_on <= today(s):
        yield Reason("aftersales.hold-not-ahead", PRACTICE, (("remind_on", said.remind_on),))


def hold(s: Case) -> Outcome:
    """Clocks whose promise accepts the reason stand still, the others go on; the customer is told."""
    said = s.command
    new = Hold(since=said.happened_at, until=said.until, remind_on=said.remind_on, note=said.note)
    it = clockwork.held(s.it, said.reason, new, s.policy.calendar, said.recorded_at)
    facts: tuple[tuple[str, Plain], ...] = (("reason", said.reason.value),)
    if said.until is not None:
        facts += (("until", local(s, said.until)),)
    return _ended(s, it, *m.tell(s.it, m.HELD, facts))


def held_for_that(s: Case) -> Iterator[Reason]:
    """It stands still for this reason."""
    if s.command.reason.value not in s.it.holds:
        yield Reason("aftersales.not-held", PRACTICE, (("reason", s.command.reason.value),))


def hold_over(s: Case) -> Iterator[Reason]:
    """It goes on after it stood still; by the clock alone no earlier than was said."""
    found: Hold | None = s.it.holds.get(s.command.reason.value)
    if found is None:
        return  # held_for_that says so
    if lies_after(found.since, s.command.happened_at):
        yield Reason("aftersales.resumed-before-held", PRACTICE, (("since", local(s, found.since)),))
    early = found.until is None or lies_after(found.until, s.command.happened_at)
    if s.role is TicketRole.CLOCK and early:
        yield Reason("aftersales.hold-not-over", PRACTICE, (("reason", s.command.reason.value),))


def resume(s: Case) -> Outcome:
    """The clocks go on; the customer is told what is due when."""
    said = s.command
    it = clockwork.resumed(s.it, said.reason, said.happened_at, s.policy.calendar)
    return outcome(s, it, messages=_resumed(s, it, said.reason))


def _resumed(s: Case, it: Ticket, reason: PauseReason) -> tuple[Message, ...]:
    before = s.it.commitments  # a message may bring one more promise: no hold has moved it
    due: tuple[tuple[str, Plain], ...] = tuple(
        (f"due.{what}", local(s, each.due))
        for what, each in it.commitments.items()
        if is_open(each) and each.due is not None and what in before and each.due != before[what].due
    )
    return m.tell(s.it, m.RESUMED, (("reason", reason.value), *due))


def remind_hold(s: Case) -> Outcome:
    """The coordinator is to look at what stands still; once."""
    reason: str = s.command.reason.value
    it = replace(s.it, holds={**s.it.holds, reason: replace(s.it.holds[reason], remind_on=None)})
    to = m.post(s.it.firm, TicketRole.COORDINATOR.value)
    return outcome(s, it, messages=m.tell(s.it, m.HOLD_DUE, (("reason", reason),), to=to))


# --- what the customer hears and says -----------------------------------------------------------------


def answer(s: Case) -> Outcome:
    """The customer has heard from a person: what was to be answered is."""
    return outcome(s, s.it)


def note_message(s: Case) -> Outcome:
    """An answer is owed from the earliest message on that nobody has answered; what waits for him goes on."""
    ended = outcome(s, s.it)
    waiting = PauseReason.WAITING_CUSTOMER
    if waiting.value in s.it.holds and waiting.value not in ended.it.holds:  # type: ignore[attr-defined]
        return ended._replace(messages=_resumed(s, ended.it, waiting))  # type: ignore[arg-type]
    return ended


# --- escalation -----------------------------------------------------------------------------------------


def _clock(s: Case, each: Commitment) -> Clock:
    return evaluate(each.target(s.policy.calendar), each.run, s.command.happened_at)


def _rung(each: Commitment, name: str) -> Rung | None:
    """The rung of this name that has not fired in any cycle of the clock."""
    behind = {fired.rpartition("/")[2] for fired in each.fired}
    for number, rung in enumerate(each.ladder, 1):
        if rung_name(each, number) == name and str(number) not in behind:
            return rung
    return None


def rung_reached(s: Case) -> Iterator[Reason]:
    """The rung is one of the promise's ladder, is reached, and has not fired."""
    said = s.command
    each = s.it.commitments.get(said.what)
    facts = (("what", said.what), ("rung", said.rung))
    rung = _rung(each, said.rung) if each is not None and is_open(each) else None
    if each is None or rung is None or (rung.level, rung.action) != (said.level, said.action):
        yield Reason("aftersales.no-such-rung", PRACTICE, facts)
        return
    at = _clock(s, each).rung_at(rung)
    if at is None or lies_after(at, said.happened_at):
        yield Reason("aftersales.rung-not-reached", each.clause, facts)


def fire(s: Case) -> Outcome:
    """The post that the rung names is told, and the ticket stands at least at its level."""
    said = s.command
    it = replace(
        s.it,
        commitments=with_fired(s.it.commitments, said.what, said.rung),
        escalation=max(s.it.escalation, said.level),
    )
    facts = (("what", said.what), ("level", said.level))
    to = m.post(s.it.firm, said.action)
    return outcome(s, it, messages=m.tell(s.it, m.ESCALATED, facts, to=to))


def breached(s: Case) -> Iterator[Reason]:
    """The promise is broken, by this instant or on record, and nobody was told of it."""
    said = s.command
    each = s.it.commitments.get(said.what)
    facts = (("what", said.what),)
    recorded = each is not None and each.run.breach is not None and each.run.voided_at is None
    if each is None or not (recorded or is_open(each)):
        yield Reason("aftersales.not-promised", PRACTICE, facts)
    elif BREACH in each.fired:
        yield Reason("aftersales.breach-on-record", each.clause, facts)
    elif not _clock(s, each).late:
        yield Reason("aftersales.not-late", each.clause, facts)


def mark_breach(s: Case) -> Outcome:
    """The breach is on record and stays there; supervisor and coordinator are told."""
    said = s.command
    after = with_breach(s.it.commitments, said.what, said.happened_at, s.policy.calendar)
    it = replace(s.it, commitments=after)
    return outcome(s, it, messages=_told_late(s, [said.what]))


def _chain(s: Case, of: str) -> Named[Chain] | None:
    """The chain of the rulebook that holds."""
    rules, found = rules_of(s), answers_of(s)
    known = rules.answered(found)
    return next(
        (named for named in rules.of(Chain) if named.rule.of == of and named.rule.when.open(known) == ()),
        None,
    )


def escalate(s: Case) -> Outcome:
    """It goes one level up: to the next of the rulebook's chain, whose last one keeps it (AS-FLOW-27)."""
    named = _chain(s, ESCALATION)
    level, to = s.it.escalation + 1, TicketRole.SUPERVISOR.value
    if named is not None:
        through = named.rule.through
        to = through[min(level, len(through)) - 1]
        level = max(s.it.escalation, min(level, len(through)))
    it = replace(s.it, escalation=level, passed=(*s.it.passed, _passed(s, ESCALATION, to, s.command.reason)))
    facts = (("level", level), ("reason", s.command.reason))
    return outcome(s, it, messages=m.tell(s.it, m.ESCALATED, facts, to=m.post(s.it.firm, to)))


def _passed(s: Case, of: str, to: str, note: str) -> Passed:
    return Passed(at=s.command.happened_at, of=of, to=to, by=s.command.by.party, note=note)


def escalated(s: Case) -> Iterator[Reason]:
    """Somebody higher has it."""
    if not s.it.escalation:
        yield Reason("aftersales.not-escalated", PRACTICE)


def deescalate(s: Case) -> Outcome:
    """Nobody higher has it any more."""
    return outcome(s, replace(s.it, escalation=0))


def next_in_chain(s: Case) -> Iterator[Reason]:
    """The rulebook has such a chain, and it is the turn of whom it is passed on to."""
    of, to = s.command.of, s.command.to
    named = _chain(s, of)
    if named is None:
        yield Reason("aftersales.no-chain", PRACTICE, (("of", of),))
        return
    last = next((each.to for each in reversed(s.it.passed) if each.of == of), None)
    turn = named.rule.after(last)
    if turn != to:
        facts = (("of", of), ("to", to), ("turn", turn or "nobody"))
        yield Reason("aftersales.not-their-turn", named.clause, facts)


def pass_on(s: Case) -> Outcome:
    """It is with the next one, who is told; with a slip where the rulebook keeps them (AS-RET-7)."""
    said = s.command
    it = replace(s.it, passed=(*s.it.passed, _passed(s, said.of, said.to, said.note)))
    it, _, commands = papers.issued(s, it, Series.TRANSFER_SLIP)
    facts = (("of", said.of), ("note", said.note))
    told_to = m.tell(s.it, m.PASSED_ON, facts, to=m.post(s.it.firm, said.to))
    return outcome(s, it, messages=told_to, commands=commands)


# --- duties -------------------------------------------------------------------------------------------


def owed_to(it: Ticket, policy: ServicePolicy) -> Owed:
    """What the rules of the report make due to the service by itself, from the day of its report on.

    A service that was merged into another one is owed nothing: the other is. To one that was rejected or
    cancelled nothing more is owed, and of one that was reopened that ends which followed the earlier end.
    """
    reported_on = policy.day(it.reported_at)
    rules = policy.on(reported_on)
    dates = dict(it.dates)
    if it.accepted_at is not None:
        dates.setdefault(Event.ACCEPTED.value, policy.day(it.accepted_at))
    finished = () if it.finished_at is None else (policy.day(it.finished_at),)  # once more after a rework
    dates |= {event.value: policy.day(at) for event, at in clockwork.happened(it).items() if event in _DAYS}
    found = duties_kept.owed(
        rules,
        it.id,
        {**known_answers(it, rules), **it.answers},
        dates,
        again={Event.FINISHED.value: finished},
        of_the_service=True,
        after=reported_on - _DAY,
    )
    if it.merged_into is not None:
        return replace(found, among=())
    of_the_end = tuple(named for named in found.among if named.rule.since is Event.FINISHED)
    earlier = tuple(
        replace(
            found,
            subject=replace(found.subject, repeated={Event.FINISHED: (policy.day(end.finished_at),)}),
            among=of_the_end,
            until=policy.day(end.reopened_at),
        )
        for end in it.earlier_ends
    )
    over = it.closed_at if it.state in {Stage.REJECTED, Stage.CANCELLED} else None
    return replace(found, until=None if over is None else policy.day(over), earlier=earlier)


_DAYS: Final = duties_kept.OF_THE_SERVICE - {Event.FINISHED}


def duty_due(s: Case) -> Iterator[Reason]:
    """It is due on that day, which has come, and nobody was reminded of it or has done it."""
    seen = (*s.it.reminded, *(done.key for done in s.it.duties))
    of = owed_to(s.it, s.policy)
    yield from duties_kept.not_to_be_reminded(of, s.command.key, s.command.due_on, today(s), seen)


def remind_duty(s: Case) -> Outcome:
    """The coordinator is reminded of it; once."""
    said = s.command
    it = replace(s.it, reminded=(*s.it.reminded, said.key))
    kind = owed_to(s.it, s.policy).kind_of(said.key, said.due_on)
    facts = (("duty", kind.value), ("key", said.key), ("due_on", said.due_on))
    to = m.post(s.it.firm, TicketRole.COORDINATOR.value)
    return outcome(s, it, messages=m.tell(s.it, m.DUTY_DUE, facts, to=to))


def duty_fits(s: Case) -> Iterator[Reason]:
    """It was due, and lacks nothing that its rule asks for (AS-QA-2, AS-QA-3, AS-QA-10, AS-QA-13)."""
    yield from duties_kept.not_done_so(owed_to(s.it, s.policy), s.command.done, today(s), s.it.duties)


def record_duty(s: Case) -> Outcome:
    """What was done is on record; a dissatisfied customer's word is a complaint (AS-QA-11)."""
    it, done = s.it, s.command.done
    commands: tuple[Command, ...] = ()
    if done.dissatisfied:
        id = call_back_complaint(it.id, it.version + 1)
        commands = (duties_kept.complaint(s, id, done, ticket=it.id, unit=it.unit),)
    return outcome(s, replace(it, duties=(*it.duties, done)), commands=commands)
