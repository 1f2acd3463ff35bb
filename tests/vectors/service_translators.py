"""Other systems' cases of service clocks in our terms: one function for each kind of case.

1. A translator takes the inputs of a case, with its calendar as written there, and gives all that the
   case may expect, by name. It knows the kind, never the case.
2. What runs out at a closing has two ends: ``due_at``, that closing, and ``breach_at``, the next opening.
   Zammad (``escalation…``), GLPI where it counts time and not days (``la``, ``policy_change``) and biz for
   days that land after a closing (``due_days``) mean the opening. The other kinds mean what the case says,
   ``closing`` or ``next_opening``, and the closing if it says neither.
3. Local times of a calendar without a zone are taken in UTC.
4. Instants are given in the zone of the calendar, lengths as ``timedelta``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from servflow.core.clocks import (
    CLOSED,
    Clock,
    ClockState,
    ElapsedTime,
    Pause,
    Run,
    Rung,
    Target,
    WorkingDays,
    WorkingTime,
    by_urgency,
    evaluate,
)
from servflow.core.dates import EndOfMonth, Period, Term, day_of
from servflow.core.worktime import Calendar, Hours

__all__ = ["TRANSLATORS", "differences"]

Inputs = Mapping[str, Any]
Outcome = dict[str, Any]
Span = tuple[datetime, datetime]

_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONDAY: Final = date(2006, 1, 2)
_HOLD: Final = "waiting-customer"
_ALWAYS: Final = Calendar.always(UTC)
_ZERO: Final = datetime(2021, 6, 1, tzinfo=UTC)  # where a case counts minutes and hours from


# --- what is expected, and what was found --------------------------------------------------------------


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What of ``expected`` is not so in ``found``; instants, lengths and numbers are compared exactly."""
    wrong = []
    for name, wanted in expected.items():
        if name not in found:
            wrong.append(f"{name}: nothing is said of it")
        elif not _same(name, wanted, found[name]):
            wrong.append(f"{name}: expected {wanted!r}, found {found[name]!s}")
    return wrong


def _same(name: str, wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and len(wanted) == len(found) and not differences(wanted, found)
    if isinstance(wanted, list):
        pairs = zip(wanted, found, strict=False) if isinstance(found, (list, tuple)) else ()
        return len(wanted) == len(found) and all(_same(name, one, other) for one, other in pairs)
    if wanted is None or found is None or isinstance(wanted, bool) or isinstance(found, bool):
        return type(wanted) is type(found) and bool(wanted == found)
    if isinstance(found, datetime):
        at = datetime.fromisoformat(str(wanted))
        return (at if at.tzinfo else at.replace(tzinfo=found.tzinfo)) == found
    if isinstance(found, date):
        return date.fromisoformat(str(wanted)) == found
    if isinstance(found, timedelta):
        units = {"h": timedelta(hours=1), "min": timedelta(minutes=1), "s": timedelta(seconds=1)}
        return Fraction(str(wanted)) == Fraction(found / units[name.rpartition("_")[2]])
    return bool(wanted == found)


# --- calendars, instants and spans ---------------------------------------------------------------------


def _time(text: str) -> time:
    return time() if text == "24:00" else time.fromisoformat(text)


def _minute(at: time, *, end: bool) -> int:
    return at.hour * 60 + at.minute or (24 * 60 if end else 0)


def _of_minute(minute: int) -> time:
    return time(*divmod(minute % (24 * 60), 60))


def _hours(spans: Iterable[Sequence[str]]) -> Hours:
    return tuple((_time(begin), _time(end)) for begin, end in spans)


def _without(hours: Hours, breaks: Hours) -> Hours:
    """The hours of one day without its breaks."""
    spans = [(_minute(begin, end=False), _minute(end, end=True)) for begin, end in hours]
    for begins, ends in breaks:
        start, stop = _minute(begins, end=False), _minute(ends, end=True)
        cut = [piece for begin, end in spans for piece in ((begin, min(end, start)), (max(begin, stop), end))]
        spans = [(begin, end) for begin, end in cut if begin < end]
    return tuple((_of_minute(begin), _of_minute(end)) for begin, end in spans)


def _calendar_of(spec: Mapping[str, Any], holidays: Iterable[str] = ()) -> Calendar:
    weekly = {int(day): _hours(spans) for day, spans in spec["hours"].items()}
    exceptions: dict[date, Hours] = {}
    for text, spans in spec.get("breaks", {}).items():
        day = date.fromisoformat(text)
        exceptions[day] = _without(weekly.get(day.weekday(), ()), _hours(spans))
    for text in (*spec.get("holidays", ()), *holidays):
        exceptions[date.fromisoformat(text)] = ()
    zone = ZoneInfo(spec["tz"]) if spec["tz"] else UTC
    return Calendar("peer", zone, weekly=weekly, exceptions=exceptions)


def _calendar(inputs: Inputs) -> Calendar:
    return _calendar_of(inputs["calendar"], inputs.get("holidays", ()))


_DAY_HOURS: Final = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)((?:(?: and)? \d\d(?::\d\d)?-\d\d(?::\d\d)?)+)")
_SPAN: Final = re.compile(r"(\d\d(?::\d\d)?)-(\d\d(?::\d\d)?)")
_BREAK: Final = re.compile(r"\(break (\d\d:\d\d)-(\d\d:\d\d) on (\d{4}-\d\d-\d\d)\)")


def _written_calendar(text: str, breaks: Mapping[str, list[list[str]]]) -> Calendar:
    """A calendar written as ``mon 09-17, tue 10-16 (break 11:15-11:45 on 2006-01-03)``, in UTC."""
    cut = {day: [*spans] for day, spans in breaks.items()}
    for found in _BREAK.finditer(text):
        cut.setdefault(found[3], []).append([found[1], found[2]])
    days = _DAY_HOURS.findall(_BREAK.sub("", text))
    hours = {
        str(_WEEKDAYS.index(day)): [
            [each if ":" in each else f"{each}:00" for each in span] for span in _SPAN.findall(spans)
        ]
        for day, spans in days
    }
    return _calendar_of({"tz": None, "hours": hours, "breaks": cut})


def _at(text: str, calendar: Calendar) -> datetime:
    """The instant that is written so; without an offset, in the calendar's zone."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=calendar.zone)


def _when(inputs: Inputs, name: str, calendar: Calendar) -> datetime | None:
    return None if inputs.get(name) is None else _at(inputs[name], calendar)


def _local(at: datetime | None, calendar: Calendar) -> datetime | None:
    return None if at is None else at.astimezone(calendar.zone)


def _spans(inputs: Inputs, name: str, reason: str, calendar: Calendar) -> tuple[Pause, ...]:
    return tuple(
        Pause(reason, _at(start, calendar), None if end is None else _at(end, calendar))
        for start, end in inputs.get(name, ())
    )


def _seconds(number: Any) -> timedelta:
    return timedelta(microseconds=int(Fraction(str(number)) * 1_000_000))


def _last(*instants: datetime | None) -> datetime:
    return max(at for at in instants if at is not None)


def _ends(pauses: Iterable[Pause]) -> list[datetime]:
    return [at for pause in pauses for at in (pause.start, pause.end) if at is not None]


def _target(calendar: Calendar, length: timedelta, *ladder: Rung, pauses: bool = True) -> Target:
    return Target(
        kind="peer",
        within=WorkingTime(length),
        calendar=calendar,
        pauses=frozenset({_HOLD} if pauses else ()),
        ladder=ladder,
    )


def _camp(clock: Clock, inputs: Inputs) -> datetime | None:
    """When it runs out, by the camp of the case: at the closing, or at the next opening."""
    end = clock.breach_at if inputs.get("boundary") == "next_opening" else clock.due_at
    return _local(end, clock.target.calendar)


# --- a help desk: a first response and a resolution ----------------------------------------------------


@dataclass(frozen=True)
class _Ticket:
    """Its two promises, of which one may be missing; a hold stops only the resolution."""

    answer: tuple[Target, Run] | None
    resolve: tuple[Target, Run] | None

    def clocks(self, now: datetime) -> tuple[Clock | None, Clock | None]:
        return (
            None if self.answer is None else evaluate(*self.answer, now),
            None if self.resolve is None else evaluate(*self.resolve, now),
        )

    def status(self, now: datetime) -> str:
        """Frappe's word for it: a failure comes before all, a hold before what is still due."""
        clocks = self.clocks(now)
        answer, resolve = clocks
        if any(clock.late for clock in clocks if clock):
            return "Failed"
        if all(clock.state is ClockState.MET for clock in clocks if clock):
            return "Fulfilled"
        if resolve and resolve.state is ClockState.PAUSED:
            return "Paused"
        return "First Response Due" if answer and answer.state is ClockState.RUNNING else "Resolution Due"


def _desk(inputs: Inputs) -> Outcome:
    """Frappe's desks: a hold and a resolution count as the first response there, if none was before."""
    calendar = _calendar(inputs)
    start = _at(inputs["start"], calendar)
    pauses = _spans(inputs, "pauses", _HOLD, calendar)
    resolved, now = (_when(inputs, name, calendar) for name in ("resolved_at", "now"))
    responses = [_when(inputs, "first_response", calendar), *(pause.start for pause in pauses[:1]), resolved]
    first = next((at for at in responses if at is not None), None)
    answer = resolve = None
    if inputs.get("response_s"):
        target = _target(calendar, _seconds(inputs["response_s"]), pauses=False)
        answer = (target, Run(anchored_at=start, stopped_at=first))
    if inputs.get("resolution_s"):
        target = _target(calendar, _seconds(inputs["resolution_s"]))
        resolve = (target, Run(anchored_at=start, pauses=pauses, stopped_at=resolved))
    ticket = _Ticket(answer, resolve)
    events = [start, *_ends(pauses), *(at for at in (*responses, now) if at is not None)]
    end = now or max(events)
    looks = sorted({at for at in events if at <= end})
    found: Outcome = {
        "agreement_status": ticket.status(end),
        "status_sequence": [ticket.status(at) for at in looks][-inputs.get("statuses", 0) :],
    }
    answered, done = ticket.clocks(end)
    if answered:
        late = -(answered.remaining or timedelta()) if answered.late else None
        found |= {"response_by": _camp(answered, inputs), "first_response_failed_by_s": late}
    if done:
        found |= {
            "resolution_by": _camp(done, inputs),
            "resolution_failed_by_s": -(done.remaining or timedelta()) if done.late else None,
            "total_hold_s": sum(done.paused.values(), timedelta()),
            "resolution_time_s": done.elapsed if resolved else None,
        }
    return found


def _breach_kept(inputs: Inputs) -> Outcome:
    """A first response that came too late, and was recorded so, before another policy was put on."""
    calendar = _calendar(inputs)
    start, first = (_at(inputs[name], calendar) for name in ("start", "first_response"))
    target = _target(calendar, _seconds(inputs["response_s"]), pauses=False)
    run = Run(anchored_at=start, stopped_at=first)
    missed = evaluate(target, run, first)
    later = evaluate(_target(calendar, timedelta(days=365)), run.recorded(missed), first + _DAY)
    failed = later.late and later.state is ClockState.MISSED
    return {
        "agreement_status": "Failed" if failed else "Fulfilled",
        "first_response_failed_by_s": -(missed.remaining or timedelta()),
    }


# --- Zammad: escalations, the next of them, and how long things took -----------------------------------


def _exchanges(inputs: Inputs, calendar: Calendar) -> list[tuple[datetime, datetime | None]]:
    """From the earliest unanswered message of the customer to the agent's next one; the last may be open."""
    asked = [at for name in ("last_customer", "customer_message") if (at := _when(inputs, name, calendar))]
    asked += [_at(text, calendar) for text in inputs.get("customer_replies", ())]
    answered = [_at(text, calendar) for text in inputs.get("agent_replies", ())]
    events = sorted([*((at, False) for at in asked), *((at, True) for at in answered)])
    found: list[tuple[datetime, datetime | None]] = []
    for at, by_agent in events:
        open_ = bool(found) and found[-1][1] is None
        if by_agent and open_:
            found[-1] = found[-1][0], at
        elif not by_agent and not open_:
            found.append((at, None))
    return found


def _escalation(inputs: Inputs) -> Outcome:
    dues = dict.fromkeys(("next", "first_response_due", "update_due", "solution_due"))
    spent = {
        f"{name}_{what}_min": None
        for name in ("first_response", "update", "close")
        for what in ("in", "diff")
    }
    found: Outcome = {**dues, **spent}
    if not inputs.get("policy_matches", True):
        return found
    calendar = _calendar(inputs)
    start, first, close = (_when(inputs, name, calendar) for name in ("start", "first_response", "close"))
    pauses = (
        *_spans(inputs, "pauses", _HOLD, calendar),
        *_spans(inputs, "closed", CLOSED, calendar),
    )
    exchanges = _exchanges(inputs, calendar)
    now = _last(start, first, close, *_ends(pauses), *(at for each in exchanges for at in each))

    def looked_at(length: Any, anchor: datetime | None, stop: datetime | None) -> Clock:
        run = Run(anchored_at=anchor, pauses=pauses, stopped_at=stop, voided_at=None if stop else close)
        return evaluate(_target(calendar, timedelta(minutes=length)), run, now)

    clocks: dict[str, list[Clock]] = {"first_response": [], "update": [], "solution": []}
    if inputs.get("first_response_min") is not None:
        clocks["first_response"].append(looked_at(inputs["first_response_min"], start, first))
    if inputs.get("update_min") is not None:
        clocks["update"] += [looked_at(inputs["update_min"], asked, told) for asked, told in exchanges]
    if inputs.get("solution_min") is not None:
        clocks["solution"].append(looked_at(inputs["solution_min"], start, close))
    for name, each in clocks.items():
        open_ = [clock for clock in each if clock.state.is_open]
        done = [clock for clock in each if clock.state in {ClockState.MET, ClockState.MISSED}]
        if open_:
            found[f"{name}_due"] = _local(open_[-1].breach_at, calendar)
        if done:
            longest = max(done, key=lambda clock: clock.elapsed)
            short = "close" if name == "solution" else name
            found |= {f"{short}_in_min": longest.elapsed, f"{short}_diff_min": longest.remaining}
    ranked = by_urgency(clock for each in clocks.values() for clock in each)
    found["next"] = _local(ranked[0].breach_at, calendar) if ranked else None
    return found


def _escalation_holiday(inputs: Inputs) -> Outcome:
    """The ticket was opened by the customer's message, if no other is named."""
    asked = {"start", "customer_message", "customer_replies"} & set(inputs)
    return _escalation({"customer_message": inputs["start"], **inputs} if asked == {"start"} else inputs)


def _minutes(number: Any) -> datetime:
    return _ZERO + timedelta(minutes=number)


def _minute_pauses(inputs: Inputs) -> tuple[Pause, ...]:
    return tuple(Pause(_HOLD, _minutes(start), _minutes(end)) for start, end in inputs.get("pauses_min", ()))


def _due_pause(inputs: Inputs) -> Outcome:
    start, pauses = _minutes(inputs["start_min"]), _minute_pauses(inputs)
    target = _target(_ALWAYS, timedelta(minutes=inputs["span_min"]))
    clock = evaluate(target, Run(anchored_at=start, pauses=pauses), _last(start, *_ends(pauses)))
    assert clock.breach_at is not None
    return {"due_min": clock.breach_at - _ZERO}


def _elapsed_pause(inputs: Inputs) -> Outcome:
    """What ran off between two instants, of a life that begins at 0 and ends at its closing."""
    start = _minutes(max(inputs["start_min"], 0))
    run = Run(anchored_at=start, pauses=_minute_pauses(inputs), stopped_at=_minutes(inputs["closed_min"]))
    clock = evaluate(_target(_ALWAYS, _DAY), run, _minutes(inputs["end_min"]))
    return {"elapsed_min": clock.elapsed}


def _next_escalation(inputs: Inputs) -> Outcome:
    found = []
    for dues in inputs["dues_h"]:
        lengths = [_seconds(Fraction(str(due)) * 3600) for due in dues if due is not None]
        clocks = [
            evaluate(
                Target(kind="peer", within=ElapsedTime(length), calendar=_ALWAYS),
                Run(anchored_at=_ZERO),
                _ZERO,
            )
            for length in lengths
        ]
        first = by_urgency(clocks)[0].breach_at
        assert first is not None
        found.append(first - _ZERO)
    return {"next_h": found}


_MOMENT: Final = re.compile(r"(\d\d):(\d\d)(?:.*?day(-?\d+|\d+))?")


def _pause_split(inputs: Inputs) -> Outcome:
    """What a hold takes of each local day on which a clock runs day and night."""
    zone = ZoneInfo(inputs.get("tz", "Europe/Berlin"))
    calendar = Calendar.always(zone)
    first = date(2021, 11, 15)

    def moment(name: str) -> datetime | None:
        for key, where in ((name, zone), (f"{name}_utc", UTC)):
            if found := _MOMENT.match(inputs.get(key, "")):
                day = first + timedelta(days=int(found[3] or 0))
                return datetime.combine(day, time(int(found[1]), int(found[2])), tzinfo=where)
        return None

    start = moment("from")
    assert start is not None
    end = moment("to") or start + timedelta(days=inputs["days"])
    days: dict[int, dict[str, str]] = {}
    day = day_of(start, zone)
    taken = timedelta()
    while (opening := calendar.opening(day)[0])[0] < end:
        begin, stop = max(opening[0], start), min(opening[1], end)
        closing = "24:00" if stop == opening[1] else f"{stop.astimezone(zone):%H:%M}"
        days[(day - first).days] = {f"{begin.astimezone(zone):%H:%M}": closing}
        taken += stop - begin
        day += _DAY
    run = Run(anchored_at=start - _DAY, pauses=(Pause(_HOLD, start, end),))
    assert evaluate(_target(calendar, _DAY), run, end).paused == {_HOLD: taken}
    pieces = list(days.values())
    middle = pieces[1:-1]
    assert all(one == other for one, other in pairwise(middle))
    return {
        **{f"day{number}": piece for number, piece in days.items()},
        "keys": len(pieces),
        "first": pieces[0],
        "middle": middle[0] if middle else None,
        "last": pieces[-1],
        "local": pieces[0],
    }


# --- GLPI: agreements with escalation levels -----------------------------------------------------------


def _kept_time(day: date, at: datetime, calendar: Calendar) -> datetime:
    """The time of day of ``at`` on another day, within that day's opening."""
    opening = calendar.opening(day)
    kept = datetime.combine(day, at.astimezone(calendar.zone).time(), tzinfo=calendar.zone)
    return min(max(kept.astimezone(UTC), opening[0][0]), opening[-1][1])


def _days_from(at: datetime, days: int, calendar: Calendar, *, to_closing: bool = False) -> datetime:
    """So many working days after ``at``, or before it if negative."""
    if days > 0:
        return WorkingDays(days, to_closing).allowed(at, calendar).due
    day = calendar.subtract_open_days(day_of(at, calendar.zone), -days)
    return calendar.opening(day)[-1][1] if to_closing else _kept_time(day, at, calendar)


def _due_working_days(inputs: Inputs) -> Outcome:
    calendar = _calendar(inputs)
    days, to_closing = inputs["working_days"], inputs["end_of_working_day"]
    due = _days_from(_at(inputs["start"], calendar), days, calendar, to_closing=to_closing)
    return {"due": _local(due, calendar)}


def _level(clock: Clock, offset: timedelta) -> datetime | None:
    """When a level is reached; GLPI counts whole days of an offset in working days."""
    calendar = clock.target.calendar
    if offset % _DAY == timedelta() and offset:
        assert clock.due_at is not None
        return _local(_days_from(clock.due_at, offset // _DAY, calendar), calendar)
    return _local(clock.rung_at(Rung(level=1, action="level", offset=offset)), calendar)


def _la(inputs: Inputs) -> Outcome:
    calendar = _calendar(inputs)
    start = _at(inputs["start"], calendar)
    pauses = _spans(inputs, "pauses", _HOLD, calendar)
    number, unit = inputs["number"], inputs["unit"]
    target = Target(
        kind=inputs["type"],
        within=WorkingDays(number, inputs["end_of_working_day"])
        if unit == "day"
        else WorkingTime(number * {"hour": timedelta(hours=1), "minute": timedelta(minutes=1)}[unit]),
        calendar=calendar,
        pauses=frozenset({_HOLD} if inputs["type"] == "TTR" else ()),
    )
    clock = evaluate(target, Run(anchored_at=start, pauses=pauses), _last(start, *_ends(pauses)))
    waiting = sum(clock.paused.values(), timedelta())
    timed = unit != "day" or bool(waiting)
    return {
        "due": _local(clock.breach_at if timed else clock.due_at, calendar),
        "waiting_s": waiting,
        "escalation_at": _level(clock, _seconds(inputs["escalation_offset_s"])),
    }


def _policy_change(inputs: Inputs) -> Outcome:
    """A case under another agreement from now on, and its twin that keeps the old one."""
    calendar = _calendar(inputs)
    start = _at(inputs["start"], calendar)
    pauses = _spans(inputs, "pauses", _HOLD, calendar)
    offset = _seconds(inputs["escalation_offset_s"])
    old = _target(calendar, timedelta(hours=12), Rung(level=1, action="old", offset=offset))
    new = _target(calendar, timedelta(hours=inputs["hours"]), Rung(level=1, action="new", offset=offset))
    run = Run(anchored_at=start, pauses=pauses)
    now = _last(start, *_ends(pauses))
    twin = evaluate(old, run, now)
    clock = evaluate(new, run, now)
    reached = [rung.action for rung, _ in evaluate(new, run, now + timedelta(days=30)).rungs()]
    return {
        "due": _local(clock.breach_at, calendar),
        "escalation_at": _local(clock.rung_at(new.ladder[0]), calendar),
        "old_levels_removed": reached == ["new"],
        "control_ticket_unchanged": evaluate(old, run, now) == twin,
    }


def _policy_anchor(inputs: Inputs) -> Outcome:
    if "backdated_to" in inputs:
        return {"due_moves": _moves_when_backdated(inputs)}
    # Inside and outside: the customer's clock begins with the report, the own one with the assignment.
    opened, assigned = _ZERO - timedelta(hours=1), _ZERO
    found: Outcome = {"levels": []}
    names = (("sla_tto", 15), ("sla_ttr", 30), ("ola_tto", 45), ("ola_ttr", 60))
    for name, before in names:
        anchor, word = (opened, "opened") if name.startswith("sla") else (assigned, "assigned")
        rung = Rung(level=1, action=name, offset=-timedelta(minutes=before))
        target = _target(_ALWAYS, timedelta(hours=inputs[f"{name}_h"]), rung)
        clock = evaluate(target, Run(anchored_at=anchor), _ZERO)
        reached = clock.rung_at(rung)
        assert clock.due_at is not None
        assert reached is not None
        found[name] = f"{word}+{(clock.due_at - anchor) // timedelta(hours=1)}h"
        found["levels"].append(f"{(reached - clock.due_at) // timedelta(minutes=1)}min")
    return found


def _moves_when_backdated(inputs: Inputs) -> bool:
    """Whether the due date moves when the report is said to be older than the clock's anchor."""
    opened, earlier = (_at(inputs[name], _ALWAYS) for name in ("opened", "backdated_to"))
    target = _target(_ALWAYS, timedelta(hours=4))
    run = Run(anchored_at=opened)
    before = evaluate(target, run, opened)
    assert evaluate(target, Run(anchored_at=earlier), opened).due_at != before.due_at
    assert before.due_at is not None
    return evaluate(target, run, before.due_at).due_at != before.due_at


def _ladder(inputs: Inputs) -> Outcome:
    """Which levels are reached at each look, each of them once."""
    start = _at(inputs["start"], _ALWAYS)
    offsets = [timedelta(minutes=minutes) for minutes in inputs["levels_min"]]
    rungs = [Rung(level=level, action="level", offset=offset) for level, offset in enumerate(offsets, 1)]
    target = _target(_ALWAYS, timedelta(minutes=inputs["minutes"]), *rungs)
    fired: list[Rung] = []
    found = []
    for text in inputs["looks"]:
        reached = evaluate(target, Run(anchored_at=start), _at(text, _ALWAYS)).rungs(fired)
        fired += [rung for rung, _ in reached]
        found.append([rung.level for rung, _ in reached])
    return {"fired": found, "due": evaluate(target, Run(anchored_at=start), start).due_at}


# --- working time and working days ---------------------------------------------------------------------


def _outside(inputs: Inputs) -> Outcome:
    calendar = _calendar(inputs)
    return {"raised_outside_working_hours": not calendar.is_open_at(_at(inputs["at"], calendar))}


def _is_working(inputs: Inputs) -> Outcome:
    calendar = _calendar(inputs)
    return {"working": calendar.is_open_at(_at(inputs["at"], calendar))}


def _is_working_day(inputs: Inputs) -> Outcome:
    calendar = _calendar(inputs)
    return {"working": calendar.is_open_on(day_of(_at(inputs["at"], calendar), calendar.zone))}


def _elapsed(inputs: Inputs) -> Outcome:
    calendar = _calendar(inputs)
    start, end = (_at(inputs[name], calendar) for name in ("start", "end"))
    pauses = _spans(inputs, "pauses", _HOLD, calendar)
    elapsed = evaluate(_target(calendar, _DAY), Run(anchored_at=start, pauses=pauses), end).elapsed
    assert pauses or elapsed == calendar.open_time(start, end)
    return {"elapsed_s": elapsed}


def _due_s(inputs: Inputs) -> Outcome:
    """Working time from an instant on; none of it is the next opening, negative counts back."""
    calendar = _calendar(inputs)
    start, span = _at(inputs["start"], calendar), _seconds(inputs["span_s"])
    if span < timedelta():
        return {"due": _local(calendar.subtract_open_time(start, -span), calendar)}
    if not span:
        return {"due": _local(calendar.next_opening(start), calendar)}
    clock = evaluate(_target(calendar, span), Run(anchored_at=start), start)
    assert clock.due_at == calendar.add_open_time(start, span)
    assert inputs.get("boundary") != "n/a" or clock.due_at == clock.breach_at
    return {"due": _camp(clock, inputs)}


def _due_back(inputs: Inputs) -> Outcome:
    """Working time back from an instant; none of it is the last closing."""
    calendar = _calendar(inputs)
    start, span = _at(inputs["start"], calendar), _seconds(inputs["span_s"])
    due = calendar.subtract_open_time(start, span) if span else calendar.last_closing(start)
    return {"due": _local(due, calendar)}


def _due_days(inputs: Inputs) -> Outcome:
    """Working days at the same time of day; after that day's closing, the next opening."""
    calendar = _calendar(inputs)
    start, days = _at(inputs["start"], calendar), inputs["days"]
    if not days:
        return {"due": _local(calendar.next_opening(start), calendar)}
    target = Target(kind="peer", within=WorkingDays(days), calendar=calendar)
    clock = evaluate(target, Run(anchored_at=start), start)
    return {"due": _local(clock.breach_at, calendar)}


def _due_days_back(inputs: Inputs) -> Outcome:
    """Working days back at the same time of day; outside that day's opening, the last closing."""
    calendar = _calendar(inputs)
    start, days = _at(inputs["start"], calendar), inputs["days"]
    local = start.astimezone(calendar.zone)
    day = calendar.subtract_open_days(local.date(), days) if days else local.date()
    at = datetime.combine(day, local.time(), tzinfo=calendar.zone)
    return {"due": _local(calendar.last_closing(at), calendar)}


def _due_plan_days(inputs: Inputs) -> Outcome:
    """The closing of a working day; the day on which it begins is the first, if anything is left of it."""
    calendar = _calendar(inputs)
    first = day_of(calendar.next_opening(_at(inputs["start"], calendar)), calendar.zone)
    day = calendar.add_open_days(first - _DAY, inputs["days"])
    return {"due": _local(calendar.opening(day)[-1][1], calendar), "day": day}


def _due_plan_days_back(inputs: Inputs) -> Outcome:
    """The opening of a working day back; the day on which it ends is the first, if anything lies before."""
    calendar = _calendar(inputs)
    last = day_of(calendar.last_closing(_at(inputs["start"], calendar)), calendar.zone)
    day = calendar.subtract_open_days(last + _DAY, inputs["days"])
    return {"due": _local(calendar.opening(day)[0][0], calendar)}


# --- openings ------------------------------------------------------------------------------------------


def _asked_calendar(inputs: Inputs) -> Calendar:
    if "calendar" in inputs:
        return _calendar(inputs)
    breaks = {_MONDAY.isoformat(): [inputs["break"]]} if "break" in inputs else {}
    return _written_calendar(inputs["hours"], breaks)


def _openings(calendar: Calendar, origin: datetime, days: int) -> list[Span]:
    """The openings of so many days from that of ``origin`` on, or back if negative, clipped to it."""
    first = day_of(origin, calendar.zone)
    found = []
    for number in range(days) if days > 0 else range(0, days, -1):
        opening = calendar.opening(first + timedelta(days=number))
        for begin, end in opening if days > 0 else reversed(opening):
            span = (max(begin, origin), end) if days > 0 else (begin, min(end, origin))
            if span[0] < span[1]:
                found.append(span)
    return found


def _written_spans(spans: Iterable[Span], calendar: Calendar) -> list[list[datetime | None]]:
    return [[_local(begin, calendar), _local(end, calendar)] for begin, end in spans]


def _first_period(inputs: Inputs) -> Outcome:
    calendar = _asked_calendar(inputs)
    origin = _at(inputs.get("origin", "2006-01-01T00:00:00"), calendar)
    begin = calendar.next_opening(origin)
    end = next(end for start, end in calendar.opening(day_of(begin, calendar.zone)) if start <= begin < end)
    return {"period": _written_spans([(begin, end)], calendar)[0]}


def _periods(inputs: Inputs) -> Outcome:
    """The first openings from an instant on; of two calendars, what lies in an opening of both."""
    calendar = _calendar_of(inputs["a"]) if "a" in inputs else _asked_calendar(inputs)
    origin = _at(inputs.get("origin", "2006-01-01T00:00:00"), calendar)
    found = _openings(calendar, origin, 30)
    if "b" in inputs:
        other = _openings(_written_calendar(inputs["b"], {}), origin, 30)
        both = [(max(a, c), min(b, d)) for a, b in found for c, d in other]
        found = [(begin, end) for begin, end in both if begin < end]
    return {"periods": _written_spans(found[: inputs.get("take")], calendar)}


def _periods_before(inputs: Inputs) -> Outcome:
    calendar = _asked_calendar(inputs)
    found = _openings(calendar, _at(inputs["origin"], calendar), -30)
    return {"periods": _written_spans(found[: inputs.get("take")], calendar)}


def _dst(inputs: Inputs) -> Outcome:
    """Where a local time lands that is skipped, or comes twice: the opening of a desk at that time."""
    zone = ZoneInfo(inputs["tz"])
    written, _, clock = inputs["local"].partition(" ")
    day = date.fromisoformat(written)
    if clock == "24:00":
        calendar = Calendar("peer", zone, weekly={}, exceptions={day: ((time(20), time()),)})
        at = calendar.opening(day)[-1][1]
    else:
        calendar = Calendar("peer", zone, weekly={}, exceptions={day: ((_time(clock), time(20)),)})
        at = calendar.opening(day)[0][0]
    twice = [datetime.combine(day, _time(clock), tzinfo=zone).replace(fold=fold) for fold in (0, 1)]
    first, second = (each.astimezone(UTC) for each in twice)
    return {
        "maps_to_local": at.astimezone(zone).replace(tzinfo=None).isoformat(" ", "minutes"),
        "maps_to": "the DST (first) occurrence" if at == first < second else "no first of two",
    }


# --- terms ---------------------------------------------------------------------------------------------

_UNITS: Final = MappingProxyType({"day": (0, 1), "week": (0, 7), "month": (1, 0), "year": (12, 0)})
_PERIOD: Final = re.compile(r"\+(\d+)([dwmy])")


def _period(number: int, unit: str) -> Period:
    months, days = _UNITS[next(name for name in _UNITS if name.startswith(unit.rstrip("s")))]
    return Period(months=months * number, days=days * number)


def _rolling(inputs: Inputs) -> Outcome:
    """A term that begins with the day it is bought; its end is the last day in it."""
    rule = inputs["rule"]
    start = date.fromisoformat(inputs["start"])
    period = _period(rule["interval"] * inputs.get("terms", 1), rule["unit"])
    term = Term(start, period.after(start, EndOfMonth.CLAMP))
    return {"start": term.start, "end": term.last_day}


def _renewed(inputs: Inputs) -> Outcome:
    """The next term begins with the first day that is not in this one."""
    rule = inputs["rule"]
    start = date.fromisoformat(inputs["end"]) + _DAY
    term = Term(start, _period(rule["interval"], rule["unit"]).after(start, EndOfMonth.CLAMP))
    return {"end": term.last_day}


def _extend(inputs: Inputs) -> Outcome:
    found = _PERIOD.fullmatch(inputs["period"])
    assert found is not None
    period = _period(int(found[1]), found[2])
    return {"to": period.after(date.fromisoformat(inputs["from"]), EndOfMonth.CLAMP)}


TRANSLATORS: Final[Mapping[str, Callable[[Inputs], Outcome]]] = MappingProxyType(
    {
        "due_at": _desk,
        "due_at_hold_wall": _desk,
        "clock_run": _desk,
        "clock_status": _desk,
        "late_by": _desk,
        "breach_kept": _breach_kept,
        "is_outside_working_hours": _outside,
        "is_working": _is_working,
        "is_working_day": _is_working_day,
        "elapsed": _elapsed,
        "elapsed_pause": _elapsed_pause,
        "escalation": _escalation,
        "escalation_pauses": _escalation,
        "escalation_holiday": _escalation_holiday,
        "next_escalation": _next_escalation,
        "due_pause": _due_pause,
        "pause_split": _pause_split,
        "la": _la,
        "ladder": _ladder,
        "policy_change": _policy_change,
        "policy_anchor": _policy_anchor,
        "due_s": _due_s,
        "due_zero_back": _due_back,
        "due_back": _due_back,
        "due_days": _due_days,
        "due_days_back": _due_days_back,
        "due_working_days": _due_working_days,
        "due_plan_days": _due_plan_days,
        "due_plan_days_back": _due_plan_days_back,
        "first_period": _first_period,
        "periods": _periods,
        "periods_before": _periods_before,
        "dst": _dst,
        "membership_term": _rolling,
        "membership_renew": _renewed,
        "extend": _extend,
    }
)
"""How a kind of case reads in our terms; docs/peers-service.md says the same in words."""
