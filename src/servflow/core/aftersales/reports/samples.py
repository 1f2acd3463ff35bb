"""Samples: how each promise to a customer turned out, one by one (服务及时率的样本).

1. Of each promise there is one sample for each cycle of its clock: what was reopened keeps its first verdict
   and is judged once more. An answer to a later message is a promise of its own (``answer/2``).
2. It counts on the day on which it was due, in the zone of the firm, and not before that: a promise kept
   early counts when it was due. A breach on record counts on the day that was due when it was recorded, and
   stays a breach, so that what is granted or entered later moves nothing to another period.
3. Nothing counts that is void, was never begun, or is not due; but what was late before it fell away, because
   no rule promised it any more, was missed. What is still open when its ticket is closed
   was missed. What was merged into another ticket, cancelled or rejected with it is void.
4. An excused delay counts neither as kept nor as missed: it is shown apart.
5. A case to which nothing was promised is a sample of its own, on the day of its report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from servflow.core.aftersales.complaints.model import Complaint, ComplaintState
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.tickets.model import Commitment, Ticket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.clocks import Clock, ClockState, evaluate
from servflow.core.dates import existing

__all__ = ["Judged", "Sample", "complaint_samples", "samples"]


class Judged(Enum):
    """How a promise is judged."""

    MET = "met"
    MISSED = "missed"  # done too late, or not at all when its case was closed
    BREACHED = "breached"  # too late, and still not done
    EXCUSED = "excused"  # too late, and not held against anybody
    NOT_DUE = "not-due"  # its due date has not come, or its clock has not begun
    VOID = "void"
    UNPROMISED = "unpromised"  # nothing was promised to the case

    @property
    def counts(self) -> bool:
        """Whether it counts among those that were due."""
        return self in {Judged.MET, Judged.MISSED, Judged.BREACHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One promise to one case, or one cycle of its clock, and how it is judged.

    ``promise`` is its key (``answer/2``), ``kind`` the kind of target; both are empty where nothing was
    promised. ``cycle`` is 1 for the first one. ``on`` is the day on which it counts, or else that of the
    report. ``paused`` says how long the clock stood still, by reason, since its beginning. ``rework``: the
    service was done again, or repeats an earlier one.
    """

    case: str
    promise: str
    kind: str
    cycle: int
    judged: Judged
    on: date
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    paused: Mapping[str, timedelta] = field(default_factory=dict, hash=False)
    rework: bool = False


class _Case(NamedTuple):
    """What the samples of one case have in common."""

    id: str
    reported_on: date
    rework: bool
    closed: bool  # what is open now will never be done
    void: bool
    until: datetime


def samples(tickets: Iterable[Ticket], policy: ServicePolicy, now: datetime) -> Iterator[Sample]:
    """The samples of each ticket as they stand at ``now``, ticket by ticket.

    Raises:
        InvalidValue: ``now`` is naive, or as ``evaluate``.
    """
    now = existing("now", now)
    for it in tickets:
        closed_at = it.closed_at if it.state is Stage.CLOSED else None
        case = _Case(
            id=it.id,
            reported_on=policy.day(it.reported_at),
            rework=it.done_again,
            closed=closed_at is not None and closed_at <= now,
            void=it.merged_into is not None or it.state in {Stage.CANCELLED, Stage.REJECTED},
            until=now if closed_at is None else min(closed_at, now),
        )
        yield from _samples(case, it.commitments, policy, now)


def complaint_samples(
    complaints: Iterable[Complaint], policy: ServicePolicy, now: datetime
) -> Iterator[Sample]:
    """The samples of each complaint as they stand at ``now``: those of what was promised about it.

    Raises:
        InvalidValue: ``now`` is naive, or as ``evaluate``.
    """
    now = existing("now", now)
    for it in complaints:
        case = _Case(
            id=it.id,
            reported_on=policy.day(it.filed_at),
            rework=False,
            closed=it.state is ComplaintState.SETTLED,
            void=it.state is ComplaintState.WITHDRAWN,
            until=now,
        )
        yield from _samples(case, it.commitments, policy, now)


def _samples(
    case: _Case, commitments: Mapping[str, Commitment], policy: ServicePolicy, now: datetime
) -> Iterator[Sample]:
    if not commitments:
        yield Sample(
            case=case.id, promise="", kind="", cycle=1, judged=Judged.UNPROMISED, on=case.reported_on
        )
    for key, promise in commitments.items():
        target, run = promise.target(policy.calendar), promise.run
        judged = [
            (evaluate(target, run, cycle.stopped_at), _verdict(cycle.state, excused=cycle.excused))
            for cycle in run.cycles
            if cycle.stopped_at <= now
        ]
        breach = None if run.breach is None or run.breach.at > now else run.breach
        clock = evaluate(target, run, case.until if breach is None else max(case.until, breach.at))
        if len(judged) == len(run.cycles):
            judged.append((clock, _of_clock(clock, case, fell_away=promise.fell_away)))
        for number, (known, verdict) in enumerate(judged, start=1):
            due_at = _due(promise, known, verdict, case)
            due = due_at is not None and due_at <= now
            never = verdict in {Judged.VOID, Judged.NOT_DUE}
            yield Sample(
                case=case.id,
                promise=key,
                kind=promise.kind.value,
                cycle=number,
                judged=verdict if due or never else Judged.NOT_DUE,
                on=case.reported_on if due_at is None else policy.day(due_at),
                due_at=due_at,
                stopped_at=known.until if known.state in _STOPPED else None,
                paused=known.paused,
                rework=case.rework or number > 1,
            )


_STOPPED: Final = frozenset({ClockState.MET, ClockState.MISSED})


def _verdict(state: ClockState, *, excused: bool) -> Judged:
    if state is ClockState.MET:
        return Judged.MET
    return Judged.EXCUSED if excused else Judged.MISSED


def _of_clock(clock: Clock, case: _Case, *, fell_away: bool) -> Judged:
    state = clock.state
    if state is ClockState.VOID and fell_away and clock.late and not case.void:
        return _verdict(ClockState.MISSED, excused=clock.excused)
    if state is ClockState.VOID or (case.void and state.is_open):
        return Judged.VOID
    if state in _STOPPED:
        return _verdict(state, excused=clock.excused)
    if state is ClockState.BREACHED:
        return Judged.EXCUSED if clock.excused else Judged.MISSED if case.closed else Judged.BREACHED
    return Judged.MISSED if case.closed and state is not ClockState.WAITING else Judged.NOT_DUE


def _due(promise: Commitment, clock: Clock, verdict: Judged, case: _Case) -> datetime | None:
    """When it was due: as it was known when its breach was recorded, else as the clock says.

    What stands still by then was due as it was told last; if that is not known, when it was closed or late.
    """
    if verdict is Judged.VOID:
        return None
    breach = promise.run.breach
    if breach is not None and breach.at <= clock.now:
        return breach.due or promise.due or breach.at
    if clock.due_at is not None or verdict is Judged.NOT_DUE:
        return clock.due_at
    return promise.due or case.until
