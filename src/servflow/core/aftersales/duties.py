"""Duties with a schedule (例行事项): call-backs, visits, inspections, maintenance; and what was done.

1. What is due follows from the rules and the days on which something happened. A duty whose event has
   no day yet waits for it; no day is ever guessed.
2. Each due has a key that stays the same whenever it is asked for; a record belongs to one due, and what
   was done before that could be done is no record of it.
3. The k-th day of a period is the event's day and k periods, never the day before and one more: monthly
   from 31 January is 28 February, then 31 March.
4. Nothing here goes day by day, and one question has a bounded answer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.policy import Duty, Named, ServiceRules
from servflow.core.aftersales.words import DutyKind, Event, Lasting
from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth, Period
from servflow.core.errors import InvalidValue

__all__ = [
    "MOST",
    "DutyDue",
    "DutyItem",
    "DutyRecord",
    "DutyStanding",
    "DutyState",
    "Subject",
    "Waiting",
    "due",
    "kind_named",
    "standing",
    "waiting",
]

MOST: Final = 5_000
"""How often, at most, one rule may be due in one question: daily rounds of more than thirteen years."""

_ON_THE_DAY: Final = "on the day"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom or what duties are owed to (服务对象): a unit, a customer, a site.

    ``dates`` are the days of what happens once. ``repeated`` are those of what comes again, a season or a
    finished service, each of them; they come in any order, and a day that comes twice stands for two of
    them. The first of January needs no day.

    Raises:
        InvalidValue: an event is in both, or the first of January in one of them.
    """

    name: str
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)
    dates: Mapping[Event, date] = field(default_factory=dict, hash=False)
    repeated: Mapping[Event, tuple[date, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for event in (*self.dates, *self.repeated):
            if event is Event.YEAR:
                raise InvalidValue("dates", event.value, "no day for it: each first of January is one")
            if event in self.dates and event in self.repeated:
                raise InvalidValue("dates", event.value, "an event that comes once, or again, not both")
        ordered = {event: tuple(sorted(days)) for event, days in self.repeated.items()}
        object.__setattr__(self, "repeated", MappingProxyType(ordered))


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDue:
    """One thing that is due: from ``day`` on, until ``last_day``, that day included.

    ``key`` is its name among the subject's, the same whenever it is asked for. ``earliest`` is the first day
    on which it may be done, that day included: by the lead of its rule; with a window, its first day; else
    the day after it was due before, or the day of the event that it follows. ``None``: it lies before its
    event, or on a day that was fixed, and is the first.
    """

    key: str
    subject: str
    rule: str
    kind: DutyKind
    day: date
    last_day: date
    clause: Clause
    earliest: date | None = None
    checks: tuple[str, ...] = ()
    signed_by_both: bool = False
    opinion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A duty that holds, and the event whose day it waits for: what it follows, its beginning, or its end."""

    rule: str
    kind: DutyKind
    event: Event
    clause: Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRecord:
    """What was done about one due (回访记录, 保养记录): on what day, by whom, with what outcome.

    ``checked`` is what was looked at, ``opinion`` what the customer said. ``signed_for_firm`` and
    ``signed_for_customer`` name who signed. A record lacks nothing that its rule asks for: every check,
    the customer's opinion (AS-QA-10), the signatures of both sides (AS-MNT-1, AS-MNT-3).

    Raises:
        InvalidValue: something is lacking, all of which is named; the outcome or who did it is empty;
            a check that its rule does not know; it was done before it can have been.
    """

    due: DutyDue
    done_on: date
    by: str
    outcome: str
    checked: tuple[str, ...] = ()
    opinion: str = ""
    signed_for_firm: str = ""
    signed_for_customer: str = ""

    def __post_init__(self) -> None:
        asked = self.due
        lacking = [f"'{check}' not looked at" for check in asked.checks if check not in self.checked]
        said: list[tuple[str, bool, str]] = [
            (self.by, True, "nobody who did it"),
            (self.outcome, True, "no outcome"),
            (self.opinion, asked.opinion, "no opinion of the customer"),
            (self.signed_for_firm, asked.signed_by_both, "no signature for the firm"),
            (self.signed_for_customer, asked.signed_by_both, "no signature for the customer"),
        ]
        lacking += [lack for text, needed, lack in said if needed and not text.strip()]
        if lacking:
            raise InvalidValue("record", ", ".join(lacking), f"what {asked.rule} asks for ({asked.clause})")
        for check in self.checked:
            if check not in asked.checks:
                raise InvalidValue("checked", check, f"one of {', '.join(asked.checks) or 'none'}")
        if asked.earliest is not None and self.done_on < asked.earliest:
            expected = f"a day from {asked.earliest.isoformat()} on"
            raise InvalidValue("done_on", self.done_on.isoformat(), expected)


class DutyState(Enum):
    """How one due stands on a day."""

    UPCOMING = "upcoming"  # its day has not come
    DUE = "due"  # its day has come, its last day has not passed
    OVERDUE = "overdue"  # its last day has passed, and it is not done
    DONE = "done"  # by its last day
    DONE_LATE = "done-late"  # after it


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyItem:
    """One due, how it stands, and its record, if there is one."""

    due: DutyDue
    state: DutyState
    record: DutyRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyStanding:
    """How dues stand on a day."""

    on: date
    items: tuple[DutyItem, ...]

    def of(self, state: DutyState) -> tuple[DutyItem, ...]:
        """Those that stand so."""
        return tuple(item for item in self.items if item.state is state)

    @property
    def rate(self) -> Fraction | None:
        """Which part was done in time (回访率): 1 where nothing was missed, as is asked for (AS-QA-2).

        Counted are those that are done and those that are overdue; ``None`` if there are none.
        """
        done = len(self.of(DutyState.DONE))
        all_of_them = done + len(self.of(DutyState.DONE_LATE)) + len(self.of(DutyState.OVERDUE))
        return Fraction(done, all_of_them) if all_of_them else None


def due(
    rules: ServiceRules,
    subject: Subject,
    after: date,
    through: date,
    *,
    among: Iterable[Named[Duty]] | None = None,
) -> tuple[DutyDue, ...]:
    """What is due to ``subject`` on the days after ``after``, up to and including ``through``.

    ``among`` are the rules that are asked, where the caller knows which hold; ``None``: all that hold.

    In the order of the days; on one day in the order of the rulebook. A day that a month lacks is that
    month's last one. Of an event that comes again, a period or a recurrence ends before the next one. Of the
    days on which something may be done those before ``not_before`` and after ``until`` are cut off.

    Raises:
        InvalidValue: a question or an answer that the rules do not know; ``after`` or ``through`` is no day
            but an instant, or ``through`` lies before ``after``; one rule is due more than ``MOST`` times; a
            recurrence is asked for too far from its beginning; a day lies outside the years 1 to 9999.
        MissingValue: an answer that decides whether a duty holds is missing.
    """
    for name, day in (("after", after), ("through", through)):
        if isinstance(day, datetime):
            raise InvalidValue(name, day.isoformat(), "a day, not an instant")
    if through < after:
        raise InvalidValue("through", through.isoformat(), f"a day from {after.isoformat()} on")
    found = [
        each
        for named in (_holding(rules, subject) if among is None else among)
        for each in _dues(named, subject, after=after, through=through)
    ]
    return tuple(sorted(found, key=lambda each: each.day))


def kind_named(rules: ServiceRules, key: str) -> str:
    """Of which kind what has this key is, by the rule that it names; empty where no rule is called so."""
    name = key.partition("/")[0]
    return next((named.rule.kind.value for named in rules.of(Duty) if named.name == name), "")


def waiting(rules: ServiceRules, subject: Subject) -> tuple[Waiting, ...]:
    """The duties that hold and wait for the day of an event, in the order of the rulebook.

    One that waits for several events is there with each of them.

    Raises:
        InvalidValue: a question or an answer that the rules do not know.
        MissingValue: an answer that decides whether a duty holds is missing.
    """
    return tuple(
        Waiting(rule=named.name, kind=named.rule.kind, event=event, clause=named.clause)
        for named in _holding(rules, subject)
        for event in _missing(named.rule, subject)
    )


def standing(dues: Iterable[DutyDue], records: Iterable[DutyRecord], on: date) -> DutyStanding:
    """How ``dues`` stand at the end of the day ``on``; what was done later does not count yet.

    Of several records of one due the earliest counts. What was done before its day was done in time.
    Records of other dues are passed over.
    """
    done: dict[tuple[str, str], DutyRecord] = {}
    for record in records:
        of = (record.due.subject, record.due.key)
        if record.done_on <= on and (of not in done or record.done_on < done[of].done_on):
            done[of] = record
    items = []
    for each in dues:
        found = done.get((each.subject, each.key))
        items.append(DutyItem(due=each, state=_state(each, found, on), record=found))
    return DutyStanding(on=on, items=tuple(items))


def _state(each: DutyDue, record: DutyRecord | None, on: date) -> DutyState:
    if record is not None:
        return DutyState.DONE if record.done_on <= each.last_day else DutyState.DONE_LATE
    if on > each.last_day:
        return DutyState.OVERDUE
    return DutyState.DUE if on >= each.day else DutyState.UPCOMING


def _holding(rules: ServiceRules, subject: Subject) -> Iterator[Named[Duty]]:
    """The duties whose conditions hold."""
    answers = rules.answered(subject.answers)
    return (named for named in rules.of(Duty) if named.rule.when.holds(named.name, answers))


def _missing(duty: Duty, subject: Subject) -> Iterator[Event]:
    """The events whose days a duty lacks."""
    known = {Event.YEAR, *subject.dates, *subject.repeated}
    yield from (event for event in (duty.since, duty.not_before) if event is not None and event not in known)
    if duty.until is not None:
        once = subject.dates.get(duty.since)
        starts = subject.repeated.get(duty.since, ()) if once is None else (once,)
        if duty.until not in known or (starts and _end(duty, subject, starts[-1]) is None):
            yield duty.until


@dataclass(frozen=True, slots=True)
class _Run:
    """The days of a duty from one day of its event on: ``last`` may still be one of them.

    What goes on may be due through ``goes_on``. ``previous`` is the day on which the event came before.
    """

    start: date
    last: date
    goes_on: date
    mark: str
    previous: date | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """One day of a run, through what day it may be done, and the day before it of the same run."""

    day: date
    last_day: date
    which: str
    previous: date | None


def _dues(named: Named[Duty], subject: Subject, *, after: date, through: date) -> Iterator[DutyDue]:
    duty, number, begins = named.rule, 0, _beginning(named.rule, subject)
    if begins is None or begins > through:
        return
    since = _reaching(duty, begins) if begins > after else after
    for run in _runs(duty, subject, since, through):
        for step in _steps(named, run, since, through):
            day, last_day = max(step.day, begins), min(step.last_day, run.last)
            if last_day < day:
                continue
            number += 1
            if number > MOST:
                raise _too_often(named, through)
            yield DutyDue(
                key=f"{named.name}/{run.mark}{step.which}",
                subject=subject.name,
                rule=named.name,
                kind=duty.kind,
                day=day,
                last_day=last_day,
                clause=named.clause,
                earliest=_earliest(duty, run, step, begins),
                checks=duty.checks,
                signed_by_both=duty.signed_by_both,
                opinion=duty.opinion,
            )


def _beginning(duty: Duty, subject: Subject) -> date | None:
    """The day before which nothing is due; ``None`` if it is not known."""
    if duty.not_before is None:
        return date.min
    again = subject.repeated.get(duty.not_before, ())
    return subject.dates.get(duty.not_before, again[0] if again else None)


def _reaching(duty: Duty, begins: date) -> date:
    """A day after which every window lies that reaches the day ``begins``."""
    within = duty.within
    longest = 1 if within is None else 31 * within.months + within.days + 1
    return date.fromordinal(max(begins.toordinal() - longest, 1))


def _earliest(duty: Duty, run: _Run, step: _Step, begins: date) -> date | None:
    """The first day on which it may be done."""
    free = duty.before or duty.since is Event.FIXED
    found = [] if free else [run.start]
    if duty.not_before is not None:
        found.append(begins)
    if duty.lead is not None:
        found.append(duty.lead.before(step.day, EndOfMonth.CLAMP))
    elif duty.within is not None:
        found.append(step.day)
    elif step.previous is not None:
        found.append(step.previous + _DAY)
    elif free and run.previous is not None:
        before = max((day for day, _ in _by_offset(duty, run.previous)), default=run.previous)
        found.append(min(before + _DAY, step.last_day))
    return max(found, default=None)


def _runs(duty: Duty, subject: Subject, after: date, through: date) -> Iterator[_Run]:
    """From each day of the event: until the day of ``until``, and what goes on also until the next day."""
    if duty.since in subject.dates:
        last = _end(duty, subject, subject.dates[duty.since])
        if last is not None:
            yield _Run(subject.dates[duty.since], last, last, "")
        return
    starts = (
        tuple(_first_days(duty, after, through))
        if duty.since is Event.YEAR
        else subject.repeated.get(duty.since, ())
    )
    for number, start in enumerate(starts):
        last = _end(duty, subject, start)
        if last is not None:
            followed = starts[number + 1 : number + 2]
            goes_on = min(last, followed[0] - _DAY) if followed else last
            first = bisect_left(starts, start)
            which = "" if number == first else f" no. {number - first + 1}"
            mark = f"{start.isoformat()}{which}/"
            yield _Run(start, last, goes_on, mark, starts[first - 1] if first else None)


def _end(duty: Duty, subject: Subject, start: date) -> date | None:
    """The last day of what begins on ``start``; ``None`` if it is not known."""
    if duty.until is None:
        return date.max
    if duty.until is Event.YEAR:
        return Period(months=12).after(date(start.year, 1, 1), EndOfMonth.CLAMP)
    if duty.until in subject.dates:
        return subject.dates[duty.until]
    return next((day for day in subject.repeated.get(duty.until, ()) if day >= start), None)


def _first_days(duty: Duty, after: date, through: date) -> Iterator[date]:
    """The first of January of each year from which something may be due in the window."""
    months = max((offset.months + offset.days // 28 for offset in duty.offsets), default=0)
    reach = months // 12 + 1
    years = range(max(after.year - reach, date.min.year), min(through.year + reach, date.max.year) + 1)
    return (date(year, 1, 1) for year in years)


def _steps(named: Named[Duty], run: _Run, after: date, through: date) -> Iterator[_Step]:
    """The days after ``after``, up to and including ``through``, each with what it is called."""
    duty, last, goes_on = named.rule, min(through, run.last), min(through, run.goes_on)
    if duty.every is not None:
        yield from _periods(named, duty.every, run, after, last, goes_on)
        return
    days = _by_offset(duty, run.start)
    for day, which in days:
        if after < day <= last:
            yield _Step(
                day,
                _later(day, duty.within),
                which,
                max((each for each, _ in days if each < day), default=None),
            )
    if duty.recurrence is not None and after < goes_on:
        been = duty.recurrence.between(run.start, date.min, after)
        previous = been[-1] if been else None
        for day in duty.recurrence.between(run.start, after, goes_on):
            yield _Step(day, _later(day, duty.within), day.isoformat(), previous)
            previous = day


def _by_offset(duty: Duty, start: date) -> list[tuple[date, str]]:
    """The days at the offsets from ``start``, and that day itself, if it is one, each with its name."""
    move = Period.before if duty.before else Period.after
    days = [(move(offset, start, EndOfMonth.CLAMP), str(Lasting(period=offset))) for offset in duty.offsets]
    return [(start, _ON_THE_DAY), *days] if duty.on_the_day else days


def _periods(
    named: Named[Duty], every: Period, run: _Run, after: date, last: date, goes_on: date
) -> Iterator[_Step]:
    """The days a whole number of periods after the beginning, and that day itself, if it is one.

    How long each may be done is counted from the beginning as well: a month within a month leaves no gap.
    """
    duty, start = named.rule, run.start

    def moved(number: int, more: Period | None = None) -> date:
        months, days = (0, 0) if more is None else (more.months, more.days)
        period = Period(months=every.months * number + months, days=every.days * number + days)
        return period.after(start, EndOfMonth.CLAMP)

    if duty.on_the_day and after < start <= last:
        yield _Step(start, _later(start, duty.within), _ON_THE_DAY, None)
    shortest = 28 * every.months + every.days
    numbers = range(1, (goes_on - start).days // shortest + 1)
    first, end = bisect_right(numbers, after, key=moved), bisect_right(numbers, goes_on, key=moved)
    if end - first > MOST:
        raise _too_often(named, goes_on)
    for number in numbers[first:end]:
        previous = moved(number - 1) if number > 1 else start if duty.on_the_day else None
        yield _Step(moved(number), moved(number, duty.within), f"no. {number}", previous)


def _later(day: date, within: Period | None) -> date:
    return day if within is None else within.after(day, EndOfMonth.CLAMP)


def _too_often(named: Named[Duty], through: date) -> InvalidValue:
    expected = f"a day until which {named.name} is due at most {MOST} times"
    return InvalidValue("through", through.isoformat(), expected)
