"""Promises to one customer and their clocks (服务承诺的时钟), of a ticket or of a complaint alike.

1. They stand in a mapping by what they are: ``complaint-answer``, and ``complaint-answer/2`` for the next one
   of the kind. Each function gives a new mapping; nothing is changed.
2. What cannot be does not happen, and nothing is raised: a clock is begun once, stopped after its beginning
   and once; what was stopped first stays.
3. ``due`` is what was told last: as soon as a clock has begun, and again when it is moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from servflow.core.aftersales.promises import Promised
from servflow.core.aftersales.tickets.model import Commitment
from servflow.core.aftersales.words import Event, PauseReason, TargetKind
from servflow.core.clocks import Breach, Clock, Run, Rung, evaluate
from servflow.core.errors import InvalidValue
from servflow.core.worktime import Calendar

__all__ = [
    "BREACH",
    "Coming",
    "Commitments",
    "begun",
    "begun_at",
    "breached",
    "clocks",
    "coming",
    "committed",
    "fired",
    "known_at",
    "rung_name",
    "stopped",
    "told",
    "voided",
]

Commitments = Mapping[str, Commitment]
"""Promises by what they are: the kind, and for a later one of the kind its number, ``answer/2``."""

BREACH: Final = "breach"
"""The name, among what has fired, of the breach: somebody was told of it."""

_NEXT: Final = timedelta(microseconds=1)


class Coming(NamedTuple):
    """What a clock comes to at ``at``: a rung of the ladder of ``what``; ``rung`` None: it is late.

    ``name`` names the rung among those that have fired; of a breach it is empty.
    """

    at: datetime
    what: str
    rung: Rung | None
    name: str


def committed(each: Promised, happened: Mapping[Event, datetime], calendar: Calendar) -> Commitment:
    """The promise as it is told: its clock is begun if that with which it begins has ``happened``.

    ``calendar`` is the firm's.
    """
    target = each.target
    made = Commitment(
        kind=each.kind,
        since=each.since,
        within=target.within,
        clause=each.clauses[0],
        version=target.version,
        rules=each.rules,
        round_the_clock=target.calendar != calendar,
        pauses=tuple(reason for reason in PauseReason if reason.value in target.pauses),
        excuses=tuple(sorted(target.excuses)),
        extended_by=target.extended_by or "",
        ladder=target.ladder,
    )
    at = happened.get(each.since)
    return made if at is None else begun_at(made, at, calendar)


def told(each: Commitment, calendar: Calendar) -> Commitment:
    """The promise with the due date that its clock has by now; while it stands still, the last one."""
    now = known_at(each.run)
    due = None if now is None else evaluate(each.target(calendar), each.run, now).due_at
    return each if due is None or due == each.due else replace(each, due=due)


def begun_at(each: Commitment, at: datetime, calendar: Calendar) -> Commitment:
    """Begun at ``at``; not where the time that was agreed lies before that."""
    try:
        return told(replace(each, run=each.run.anchored(at)), calendar)
    except InvalidValue:
        return each


def begun(of: Commitments, event: Event, at: datetime, calendar: Calendar) -> dict[str, Commitment]:
    """With every clock begun at ``at`` that begins with ``event`` and has not begun."""
    return {
        what: begun_at(each, at, calendar)
        if each.since is event and each.run.anchored_at is None and each.run.voided_at is None
        else each
        for what, each in of.items()
    }


def stopped(of: Commitments, kinds: Collection[TargetKind], at: datetime) -> dict[str, Commitment]:
    """With every clock of these kinds stopped at ``at``, if it has begun by then and nothing stopped it."""
    return {what: _stopped(each, at) if each.kind in kinds else each for what, each in of.items()}


def _stopped(each: Commitment, at: datetime) -> Commitment:
    run = each.run
    if run.anchored_at is None or run.stopped_at is not None or run.voided_at is not None:
        return each
    try:
        return replace(each, run=run.stopped(at))
    except InvalidValue:  # before it began, or before it was reopened
        return each


def voided(of: Commitments, at: datetime) -> dict[str, Commitment]:
    """With every clock void from ``at`` on that was neither stopped nor void: it counts for nothing."""
    return {
        what: each
        if each.run.stopped_at is not None or each.run.voided_at is not None
        else replace(each, run=each.run.voided(at))
        for what, each in of.items()
    }


def clocks(of: Commitments, calendar: Calendar, now: datetime) -> dict[str, Clock]:
    """What each clock says at ``now``; ``calendar`` is the firm's."""
    return {what: evaluate(each.target(calendar), each.run, now) for what, each in of.items()}


def known_at(run: Run) -> datetime | None:
    """The last instant of which the run knows, by which a clock is asked without a now; None: not begun."""
    if run.anchored_at is None:
        return None
    instants = [run.anchored_at, run.stopped_at, run.voided_at]
    instants += [at for pause in run.pauses for at in (pause.start, pause.end)]
    instants += [each.at for each in run.extensions]
    return max(at for at in instants if at is not None)


def rung_name(each: Commitment, number: int) -> str:
    """The name of the rung ``number``, 1 the first of the ladder, among those that have fired."""
    return f"{len(each.run.cycles) + 1}/{number}"


def coming(of: Commitments, calendar: Calendar) -> Iterator[Coming]:
    """What every clock comes to, as it stands: rungs that have not fired, a breach that nobody was told of.

    A clock that is void comes to nothing, one that was stopped only to the breach that is on record by then;
    one that stands still comes to what it came to before. A rung that has fired in any cycle of its clock
    does not fire again. A breach that is on record comes at the instant at which it was recorded.
    """
    for what, each in of.items():
        run, now = each.run, known_at(each.run)
        if run.voided_at is not None:
            continue
        if run.breach is not None and BREACH not in each.fired:
            yield Coming(run.breach.at, what, None, "")
        if now is None or run.stopped_at is not None:
            continue
        behind = {name.rpartition("/")[2] for name in each.fired}
        left = [(n, rung) for n, rung in enumerate(each.ladder, 1) if str(n) not in behind]
        if not left and run.breach is not None:
            continue
        clock = evaluate(each.target(calendar), run, now)
        for number, rung in left:
            at = clock.rung_at(rung)
            if at is not None:
                yield Coming(_not_before(each, at), what, rung, rung_name(each, number))
        if run.breach is None and clock.breach_at is not None:
            yield Coming(_not_before(each, clock.breach_at + _NEXT), what, None, "")


def _not_before(each: Commitment, at: datetime) -> datetime:
    return at if each.picked_at is None else max(at, each.picked_at)


def fired(of: Commitments, what: str, name: str) -> dict[str, Commitment]:
    """With the rung ``name`` of ``what`` behind."""
    each = of[what]
    return {**of, what: replace(each, fired=(*each.fired, name))}


def breached(of: Commitments, what: str, at: datetime, calendar: Calendar) -> dict[str, Commitment]:
    """With the breach of ``what`` on record, of which somebody is told; one that is on record stays.

    ``calendar`` is the firm's: what was due by then is kept with it.
    """
    each = of[what]
    breach = each.run.breach or Breach(at, due=evaluate(each.target(calendar), each.run, at).due_at)
    recorded = replace(each, run=replace(each.run, breach=breach))
    return {**of, what: replace(recorded, fired=tuple(dict.fromkeys((*each.fired, BREACH))))}
