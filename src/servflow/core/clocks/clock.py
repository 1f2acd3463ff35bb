"""The service clock (服务时钟): what became of a target, worked out anew from what has happened.

    elapsed(t)  the time of the target's scale between its anchor and t, without the pauses it accepts
    due_at      the first instant at which all that is allowed has run off; where the allowance names a
                day or a time, that one
    breach_at   the last instant at which no more has run off than is allowed: only after it is it late

1. Nothing is stored but what happened: ``Run``. A ``Clock`` is a pure function of target, run and now.
2. ``due_at`` and ``breach_at`` differ only where a target runs out at a closing or as a pause begins:
   a reply at 18:05 after the closing at 18:00 is on time.
3. A breach that was recorded is never taken back: by no pause, reopening, extension or other policy.
   One that nobody recorded is known only as long as the facts show it: who enters something late
   records first, ``run = run.recorded(evaluate(target, run, now))``.
4. What had not happened yet at ``now`` is not looked at.
5. All instants are kept in UTC: those of one zone Python compares by the wall clock.

``Run`` and ``Clock`` stand in one file, because each is made with the other: a run that is extended or
reopened is judged first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from servflow.core.clocks.allowances import Allowed
from servflow.core.clocks.targets import CLOSED, Rung, Target
from servflow.core.dates import existing
from servflow.core.errors import InvalidValue
from servflow.core.worktime import Calendar

__all__ = [
    "Breach",
    "Clock",
    "ClockState",
    "Cycle",
    "Excuse",
    "Extension",
    "Pause",
    "Run",
    "by_urgency",
    "evaluate",
]

_NOTHING: Final = timedelta()
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class ClockState(Enum):
    """What a clock says. The values are stored data: never renamed."""

    WAITING = "waiting"  # its anchor has not been seen yet
    RUNNING = "running"
    PAUSED = "paused"
    BREACHED = "breached"  # late by what has run off or by a recorded breach, and nothing has stopped it
    MET = "met"
    MISSED = "missed"  # stopped too late
    VOID = "void"  # cancelled, rejected or merged: it counts for nothing

    @property
    def is_open(self) -> bool:
        """Whether something has still to be done."""
        return self in {ClockState.WAITING, ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED}


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stands still for ``reason`` from ``start`` until ``end``; ``None``: until further notice.

    Raises:
        InvalidValue: the reason is empty, an instant is naive or does not exist in its zone, or the end
            lies before the start.
    """

    reason: str
    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        _span(self, self.end)


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a delay between ``start`` and ``end`` is not held against anybody; the due date stays as it was.

    Raises:
        InvalidValue: the reason is empty, an instant is naive or does not exist in its zone, or the end
            lies before the start.
    """

    reason: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        _span(self, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """More time was granted at ``at``: until ``until``, by the role ``approved_by``, for ``reason``.

    Raises:
        InvalidValue: a text is empty, an instant is naive or does not exist in its zone, or ``until`` does
            not lie after ``at``.
    """

    at: datetime
    until: datetime
    approved_by: str
    reason: str

    def __post_init__(self) -> None:
        for name, text in (("approved_by", self.approved_by), ("reason", self.reason)):
            if not text:
                raise InvalidValue(name, text, "a text")
        object.__setattr__(self, "at", existing("at", self.at))
        object.__setattr__(self, "until", existing("until", self.until))
        if self.until <= self.at:
            raise InvalidValue("until", self.until.isoformat(), f"an instant after {self.at.isoformat()}")


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach that was recorded at ``at``; ``by_change`` if a changed target brought it about.

    ``due`` is what was due by then, which nothing moves any more; ``None``: that is not known.

    Raises:
        InvalidValue: ``at`` or ``due`` is naive or does not exist in its zone.
    """

    at: datetime
    by_change: bool = False
    due: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", existing("at", self.at))
        if self.due is not None:
            object.__setattr__(self, "due", existing("due", self.due))


@dataclass(frozen=True, slots=True)
class Cycle:
    """How an earlier cycle ended, before it was reopened: ``met`` or ``missed`` at ``stopped_at``.

    ``excused`` as it was known when it was reopened.

    Raises:
        InvalidValue: the state is another one, or ``stopped_at`` is naive or does not exist in its zone.
    """

    state: ClockState
    stopped_at: datetime
    excused: bool = False

    def __post_init__(self) -> None:
        if self.state not in {ClockState.MET, ClockState.MISSED}:
            raise InvalidValue("state", self.state, "how a cycle ends: met or missed")
        object.__setattr__(self, "stopped_at", existing("stopped_at", self.stopped_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What has happened to one target of one case. All instants are kept in UTC.

    What comes to be known late is entered with the instant at which it happened: a pause from this morning,
    an earlier anchor, another target. It may leave a clock in time that was late a moment ago, so the
    breach is recorded first: ``run.recorded(evaluate(target, run, now))``. Extensions and reopenings do so
    themselves.

    A new cycle that begins anew, such as the answer to the next message, is another ``Run``.

    Raises:
        InvalidValue: an instant is naive or does not exist in its zone, or it was stopped before its
            anchor or without one.
    """

    anchored_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    stopped_at: datetime | None = None
    voided_at: datetime | None = None
    extensions: tuple[Extension, ...] = ()
    excuses: tuple[Excuse, ...] = ()
    breach: Breach | None = None
    cycles: tuple[Cycle, ...] = ()
    """The earlier cycles, in their order, as they were judged then."""

    def __post_init__(self) -> None:
        for name in ("anchored_at", "stopped_at", "voided_at"):
            at = getattr(self, name)
            if at is not None:
                object.__setattr__(self, name, existing(name, at))
        if self.stopped_at is not None and (self.anchored_at is None or self.stopped_at < self.anchored_at):
            expected = "an instant from the beginning of the clock on"
            raise InvalidValue("stopped_at", self.stopped_at.isoformat(), expected)

    def anchored(self, at: datetime) -> Run:
        """Begun at ``at``; itself if it has begun already: a second message restarts nothing."""
        return replace(self, anchored_at=at) if self.anchored_at is None else self

    def paused(self, reason: str, at: datetime) -> Run:
        """Standing still from ``at`` on; whoever enters that late records first (see ``Run``).

        Raises:
            InvalidValue: it stands still for this reason already, or the reason is ``CLOSED``, which is
                for stopping and reopening.
        """
        _not_closed(reason)
        if any(pause.end is None and pause.reason == reason for pause in self.pauses):
            raise InvalidValue("reason", reason, "a reason for which the clock does not stand still yet")
        return replace(self, pauses=(*self.pauses, Pause(reason, at)))

    def resumed(self, reason: str, at: datetime) -> Run:
        """Running again at ``at``, as far as ``reason`` goes.

        Raises:
            InvalidValue: it does not stand still for this reason, ``at`` lies before the pause began, or
                the reason is ``CLOSED``, which is for stopping and reopening.
        """
        _not_closed(reason)
        for number, pause in enumerate(self.pauses):
            if pause.end is None and pause.reason == reason:
                ended = replace(pause, end=at)
                return replace(self, pauses=(*self.pauses[:number], ended, *self.pauses[number + 1 :]))
        raise InvalidValue("reason", reason, "a reason for which the clock stands still")

    def stopped(self, at: datetime) -> Run:
        """Stopped at ``at``: what was promised has been done.

        Raises:
            InvalidValue: it was stopped already, has not begun, or ``at`` lies before its beginning or its
                last reopening.
        """
        if self.stopped_at is not None:
            raise InvalidValue("stopped_at", at, f"a clock that was not stopped yet: {self.stopped_at}")
        at = existing("stopped_at", at)
        reopened = [pause.end for pause in self.pauses if pause.reason == CLOSED and pause.end is not None]
        if reopened and at < max(reopened):
            expected = f"an instant from its reopening on: {max(reopened).isoformat()}"
            raise InvalidValue("stopped_at", at.isoformat(), expected)
        return replace(self, stopped_at=at)

    def voided(self, at: datetime) -> Run:
        """Void from ``at`` on: cancelled, rejected or merged; it stays void.

        Raises:
            InvalidValue: it was void already.
        """
        if self.voided_at is not None:
            raise InvalidValue("voided_at", at, f"a clock that is not void yet: {self.voided_at}")
        return replace(self, voided_at=at)

    def excused(self, target: Target, excuse: Excuse) -> Run:
        """With a delay excused.

        Raises:
            InvalidValue: the target knows no such excuse.
        """
        if excuse.reason not in target.excuses:
            known = ", ".join(sorted(target.excuses)) or "none: this target knows no excuse"
            raise InvalidValue("excuse", excuse.reason, f"one of {known}")
        return replace(self, excuses=(*self.excuses, excuse))

    def extended(self, target: Target, extension: Extension) -> Run:
        """With more time granted, and the breach recorded if it was late by then.

        An extension stays with the run: another target heeds it as well, if it ends later than what that
        one allows.

        Raises:
            InvalidValue: the target cannot be extended, another role has to approve it, the clock has
                not begun or was stopped or void by then, it was granted before one that the run has
                already, or it does not end after what is due already.
        """
        if target.extended_by is None:
            raise InvalidValue("extension", target.kind, "a target that can be extended")
        if extension.approved_by != target.extended_by:
            raise InvalidValue("approved_by", extension.approved_by, f"the approval of {target.extended_by}")
        last = max((each.at for each in self.extensions), default=extension.at)
        if extension.at < last:
            expected = f"an instant from the last extension on: {last.isoformat()}"
            raise InvalidValue("at", extension.at.isoformat(), expected)
        before = evaluate(target, self, extension.at)
        if not before.state.is_open:
            raise InvalidValue("extension", before.state.value, "a clock that still runs")
        if extension.until <= before.due_if_resumed(extension.at):
            found = extension.until.isoformat()
            raise InvalidValue("until", found, "an instant after what is due already")
        return replace(self.recorded(before), extensions=(*self.extensions, extension))

    def reopened(self, target: Target, at: datetime) -> Run:
        """Running again after it was stopped: the time between is a pause, the earlier verdict is kept.

        The same clock goes on. What ran off counts, and a rung that has fired does not fire again: what
        has fired is carried over (see ``Clock.rungs``).

        Raises:
            InvalidValue: it was not stopped, is void, or ``at`` lies before its stop.
        """
        if self.stopped_at is None or self.voided_at is not None:
            raise InvalidValue("reopened", target.kind, "a clock that was stopped")
        clock = evaluate(target, self, at)
        breach = self.breach
        if breach is None and clock.state is ClockState.MISSED:
            breach = Breach(self.stopped_at, due=clock.due_at)
        return replace(
            self,
            pauses=(*self.pauses, Pause(CLOSED, self.stopped_at, at)),
            stopped_at=None,
            breach=breach,
            cycles=(*self.cycles, Cycle(clock.state, self.stopped_at, clock.excused)),
        )

    def recorded(self, clock: Clock, *, by_change: bool = False) -> Run:
        """With the breach that ``clock`` shows recorded; itself if it shows none, or one is recorded.

        ``by_change`` where another target, not time, brought it about.
        """
        if self.breach is not None or not clock.late:
            return self
        return replace(self, breach=Breach(clock.now, by_change=by_change, due=clock.due_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What a target's clock says at ``now``; all instants in UTC.

    ``elapsed``, ``allowed`` and ``remaining`` (negative: late by so much) are time of the target's scale, up
    to ``until``: ``now``, or when it was stopped or void. ``due_at`` is ``None`` while it waits, while it
    stands still with time left, and when it is void. ``late`` says that more has run off than is allowed, or
    that a breach was recorded: extended, or under another target, what is late may have time left.
    """

    target: Target
    run: Run
    now: datetime
    state: ClockState
    until: datetime
    due_at: datetime | None
    elapsed: timedelta
    allowed: timedelta | None
    late: bool
    _scale: _Scale | None = field(repr=False, compare=False)
    _earlier: tuple[tuple[_Scale, datetime], ...] = field(default=(), repr=False, compare=False)
    """The scales that held until each of the extensions, as they were known then."""

    @property
    def breach_at(self) -> datetime | None:
        """The last instant that is in time; ``None`` where ``due_at`` is, and while nothing can breach it."""
        if self._scale is None or self.due_at is None:
            return None
        return self._scale.stands_until(self.due_at)

    @property
    def excused(self) -> bool:
        """Whether it is late, but not by what ran off outside the excused time.

        A breach that was recorded before an extension is judged by what had run off when that was granted.
        If only the record knows of it, as under another target, the excuse has to cover its instant.
        """
        fitting = [each for each in self.run.excuses if each.reason in self.target.excuses]
        if not self.late or not fitting:
            return False
        breach = self.run.breach
        judged = [each for each in self._earlier if breach is not None and breach.at <= each[1]]
        if self._scale is not None:
            judged.append((self._scale, self.until))
        late = [(scale, at) for scale, at in judged if scale.elapsed(at) > scale.duration]
        if late:
            return all(scale.without(fitting, at) <= scale.duration for scale, at in late)
        assert breach is not None
        return any(each.start <= breach.at < each.end for each in fitting)

    @property
    def paused(self) -> Mapping[str, timedelta]:
        """How long it stood still, by reason, in time of the scale; where reasons overlap, each has it.

        A reason that took no time is not there.
        """
        by_reason: dict[str, list[Pause]] = {}
        if self._scale is not None:
            for pause in _accepted(self.target, self.run, self.until):
                by_reason.setdefault(pause.reason, []).append(pause)
            taken = {reason: self._scale.covered(pauses, self.until) for reason, pauses in by_reason.items()}
            return MappingProxyType({reason: time for reason, time in taken.items() if time})
        return MappingProxyType({})

    @property
    def remaining(self) -> timedelta | None:
        """What is left of what is allowed; negative: late by so much; ``None`` while it waits.

        Late by a recorded breach alone, there may be something left.
        """
        return None if self.allowed is None else self.allowed - self.elapsed

    def due_if_resumed(self, at: datetime) -> datetime:
        """The due date if the clock stood still no longer than until ``at``.

        Raises:
            InvalidValue: the clock has not begun, ``at`` is naive or lies before ``now``, or the calendar has
                not so much time after it.
        """
        if self._scale is None:
            raise InvalidValue("clock", self.state.value, "a clock that has begun")
        at = existing("at", at)
        if at < self.now:
            raise InvalidValue("at", at.isoformat(), f"an instant from {self.now.isoformat()} on")
        due = self._scale.resumed(at).due()
        if due is None:
            raise InvalidValue("at", at.isoformat(), "an instant after which the calendar has time enough")
        return due

    def rung_at(self, rung: Rung) -> datetime | None:
        """When the rung is reached: the last instant at which no more than its share has run off.

        So a rung at a closing is reached at the next opening, and that of the whole at ``breach_at``; one
        that was reached when an extension was granted keeps its instant. ``None`` while nothing can reach it.
        """
        for scale, at in self._earlier:
            reached = scale.reached(rung)
            if reached is not None and reached <= at:
                return reached
        return None if self._scale is None else self._scale.reached(rung)

    def retargeted(self, target: Target) -> Clock:
        """What ``target`` says of the same run at the same instant (换目标): severity or policy has changed.

        Raises:
            InvalidValue: the clock was stopped or is void: it keeps its target; or as ``evaluate``.
            MissingValue: as ``evaluate``.
        """
        if not self.state.is_open:
            raise InvalidValue("target", self.state.value, "a clock that still runs, not one that ended")
        return evaluate(target, self.run, self.now)

    def rungs(self, fired: Collection[Rung] = ()) -> tuple[tuple[Rung, datetime], ...]:
        """The rungs reached by ``until``, by their instants, without those that have fired.

        Whoever looks late is told all that were missed, in their order. What was stopped or void climbs no
        further. A rung fires once in a run, over all its cycles and extensions: ``fired`` has all that ever
        fired for it.
        """
        ladder = [(rung, self.rung_at(rung)) for rung in self.target.ladder if rung not in fired]
        reached = [(rung, at) for rung, at in ladder if at is not None and at <= self.until]
        return tuple(sorted(reached, key=lambda each: (each[1], each[0].level)))


def evaluate(target: Target, run: Run, now: datetime) -> Clock:
    """What the clock of ``target`` says at ``now`` (评定): a pure function, nothing is read or written.

    Raises:
        InvalidValue: ``now`` is naive or does not exist in its zone, a deadline does not lie after its
            anchor, or the calendar has not so much time as is allowed.
        MissingValue: what the target allows has a blank that was not filled.
    """
    now = existing("now", now)
    recorded = run.breach is not None and run.breach.at <= now
    voided = run.voided_at if run.voided_at is not None and run.voided_at <= now else None
    if run.anchored_at is None or run.anchored_at > now:
        return Clock(
            target=target,
            run=run,
            now=now,
            state=_state(void=voided is not None, open=ClockState.WAITING, late=recorded),
            until=voided or now,
            due_at=None,
            elapsed=_NOTHING,
            allowed=None,
            late=recorded,
            _scale=None,
        )
    stopped = _stopped(run, now)
    until = min(stopped or now, voided or now)
    granted = _granted(run, until) if run.extensions else ()
    scale = _scale(target, run, run.anchored_at, until, granted)
    if stopped is not None:
        scale = scale.resumed(until)
    elapsed = scale.elapsed(until)
    late = recorded or elapsed > scale.duration
    return Clock(
        target=target,
        run=run,
        now=now,
        state=_state(
            void=voided is not None,
            stopped=stopped is not None,
            late=late,
            open=ClockState.PAUSED if scale.stands_still else ClockState.RUNNING,
        ),
        until=until,
        due_at=scale.due() if voided is None else None,
        elapsed=elapsed,
        allowed=scale.duration,
        late=late,
        _scale=scale,
        _earlier=tuple(
            (_scale(target, run, run.anchored_at, each.at, granted[:number]), each.at)
            for number, each in enumerate(granted)
        ),
    )


def _state(*, void: bool, late: bool, open: ClockState, stopped: bool = False) -> ClockState:
    """The first of those that hold: void, stopped, late, and else ``open``."""
    if void:
        return ClockState.VOID
    if stopped:
        return ClockState.MISSED if late else ClockState.MET
    return ClockState.BREACHED if late else open


def _stopped(run: Run, now: datetime) -> datetime | None:
    """When it was stopped, as it was known at ``now``: a later reopening takes nothing back."""
    if run.stopped_at is not None and run.stopped_at <= now:
        return run.stopped_at
    closed = (pause for pause in run.pauses if pause.reason == CLOSED and pause.start <= now)
    return next((pause.start for pause in closed if pause.end is None or pause.end > now), None)


def by_urgency(clocks: Iterable[Clock]) -> list[Clock]:
    """The open clocks, the most urgent first (紧急程度).

    Breached ones first, the longest overdue at the head; then by due date; then those that stand still, by
    what is left; then those that wait. Equals stay in their order.
    """
    return sorted((clock for clock in clocks if clock.state.is_open), key=_urgency)


_RANKS: Final = MappingProxyType(
    {ClockState.BREACHED: 0, ClockState.RUNNING: 1, ClockState.PAUSED: 2, ClockState.WAITING: 3}
)


def _urgency(clock: Clock) -> tuple[int, timedelta]:
    """The rank of its state, and how soon within it."""
    if clock.state in {ClockState.BREACHED, ClockState.RUNNING} and clock.due_at is not None:
        return _RANKS[clock.state], clock.due_at - clock.now
    return _RANKS[clock.state], clock.remaining or _NOTHING


def _span(each: Pause | Excuse, end: datetime | None) -> None:
    if not each.reason:
        raise InvalidValue("reason", each.reason, "a text")
    object.__setattr__(each, "start", existing("start", each.start))
    if end is not None:
        end = existing("end", end)
        object.__setattr__(each, "end", end)
        if end < each.start:
            raise InvalidValue("end", end.isoformat(), f"an instant from {each.start.isoformat()} on")


def _not_closed(reason: str) -> None:
    if reason == CLOSED:
        raise InvalidValue("reason", reason, "another reason: this one is for stopping and reopening")


def _granted(run: Run, until: datetime) -> tuple[Extension, ...]:
    """The extensions up to ``until``, in the order in which they were granted."""
    return tuple(sorted((each for each in run.extensions if each.at <= until), key=lambda each: each.at))


def _accepted(target: Target, run: Run, until: datetime) -> list[Pause]:
    return [pause for pause in run.pauses if pause.start <= until and target.accepts(pause.reason)]


def _scale(
    target: Target, run: Run, anchor: datetime, until: datetime, granted: tuple[Extension, ...]
) -> _Scale:
    """The scale as it was known at ``until``: with the pauses up to then, and what was granted."""
    allowed = target.within.allowed(anchor, target.calendar)
    pauses = _accepted(target, run, until) if run.pauses else []
    scale = _Scale(anchor, allowed, _united(pauses, anchor, until))
    if granted:
        last = granted[-1]
        # What it stood still before the extension is in it; what it stands still later moves it again.
        before = _united([pause for pause in pauses if pause.start <= last.at], anchor, last.at)
        known = _Scale(anchor, allowed, before).resumed(last.at)
        due = known.due()
        if due is None or last.until > due:
            longer = Allowed(allowed.calendar, known.elapsed(last.until), last.until)
            scale = _Scale(anchor, longer, scale.pauses)
    return scale


_Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Time as a target counts it: from its anchor on, open time of a calendar, without pauses.

    ``pauses`` are in order, apart, within the anchor and the present; the last one may have no end.
    """

    anchor: datetime
    allowed: Allowed
    pauses: tuple[_Span, ...]

    @property
    def calendar(self) -> Calendar:
        return self.allowed.calendar

    @property
    def duration(self) -> timedelta:
        return self.allowed.duration

    @property
    def stands_still(self) -> bool:
        """Whether a pause has not ended."""
        return bool(self.pauses) and self.pauses[-1][1] is None

    def elapsed(self, at: datetime) -> timedelta:
        """What has run off by ``at``."""
        before = [(start, end) for start, end in self.pauses if start < at]
        paused = sum((self._open(start, end, at) for start, end in before), _NOTHING)
        return self.calendar.open_time(self.anchor, at) - paused

    def without(self, excuses: Iterable[Excuse], until: datetime) -> timedelta:
        """What has run off by ``until`` outside the excuses as well."""
        spans = [*self.pauses, *((each.start, each.end) for each in excuses if each.start <= until)]
        return _Scale(self.anchor, self.allowed, _joined(spans, self.anchor, until)).elapsed(until)

    def covered(self, pauses: Iterable[Pause], until: datetime) -> timedelta:
        """The time that the pauses take from the anchor until ``until``."""
        spans = _united(pauses, self.anchor, until)
        return sum((self._open(start, end, until) for start, end in spans), _NOTHING)

    def _open(self, start: datetime, end: datetime | None, until: datetime) -> timedelta:
        return self.calendar.open_time(start, until if end is None else min(end, until))

    def due(self) -> datetime | None:
        """When all that is allowed has run off: as the allowance says, unless a pause has moved it."""
        named = self.allowed.due
        if not self.pauses or self.elapsed(named) == self.duration:
            return named
        return self.first(self.duration)

    def first(self, wanted: timedelta) -> datetime | None:
        """The first instant at which ``wanted`` has run off; ``None`` if there is none.

        That is so if a pause without end lies before, or the calendar has not so much time.
        """
        begin = self.anchor
        for start, end in self.pauses:
            free = self.calendar.open_time(begin, start)
            if wanted <= free:
                break
            wanted -= free
            if end is None:
                return None
            begin = end
        try:
            return self.calendar.add_open_time(begin, wanted) if wanted > _NOTHING else begin
        except InvalidValue:
            return None

    def reached(self, rung: Rung) -> datetime | None:
        """When the rung is reached, ``None`` while nothing can reach it."""
        first = self.first(rung.after(self.duration))
        return None if first is None else self.stands_until(first)

    def stands_until(self, at: datetime) -> datetime | None:
        """The last instant from ``at`` on by which nothing more has run off; ``None`` if there is none."""
        try:
            last = self.calendar.next_opening(at)
            for start, end in self.pauses:
                if start > last:
                    break
                if end is None:
                    return None
                if end > last:
                    last = self.calendar.next_opening(end)
        except InvalidValue:  # it never opens again
            return None
        return last

    def resumed(self, at: datetime) -> _Scale:
        """The same, with a pause that has no end ended at ``at``."""
        pauses = tuple((start, at if end is None else end) for start, end in self.pauses)
        return replace(self, pauses=pauses)


def _united(pauses: Iterable[Pause], anchor: datetime, now: datetime) -> tuple[_Span, ...]:
    return _joined([(pause.start, pause.end) for pause in pauses], anchor, now)


def _joined(spans: list[_Span], anchor: datetime, now: datetime) -> tuple[_Span, ...]:
    """The spans in order and apart, from the anchor on; what ends after ``now`` has no end yet."""
    joined: list[_Span] = []
    for start, end in sorted(spans, key=lambda each: each[0]):
        begin, until = max(start, anchor), None if end is None or end > now else end
        if until is not None and until <= begin:
            continue
        last = joined[-1][1] if joined else _LONG_AGO
        if last is not None and begin > last:
            joined.append((begin, until))
        elif last is not None and (until is None or until > last):
            joined[-1] = joined[-1][0], until
    return tuple(joined)
