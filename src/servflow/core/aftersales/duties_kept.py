"""What is due by itself to a ticket or a unit, next and by name, and whether it was done (例行事项).

1. A service has the duties that follow from the service itself: its report, its end. Those that follow from
   the unit, its sale, its acceptance, a season, are the unit's: one thing is never due twice.
2. A duty that hangs on a question nobody answered is not due.
3. Nothing is due before the record was opened. When it ends, what could still be done in time ends with it.
4. What will be due is looked for no further ahead than 32 years.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar

from servflow.core.aftersales.complaints.commands import FileComplaint
from servflow.core.aftersales.complaints.model import RaisedBy
from servflow.core.aftersales.duties import DutyDue, DutyItem, DutyRecord, Subject, due, standing
from servflow.core.aftersales.policy import Duty, Named, ServiceRules
from servflow.core.aftersales.tickets.ground import entailed
from servflow.core.aftersales.tickets.model import DutyDone
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.aftersales.words import DutyKind, Event
from servflow.core.changes import Command
from servflow.core.citations import PRACTICE, Reason
from servflow.core.errors import InvalidValue
from servflow.core.lifecycle import Situation

__all__ = ["OF_THE_SERVICE", "Owed", "complaint", "kept", "not_done_so", "not_to_be_reminded", "owed"]

T = TypeVar("T")

OF_THE_SERVICE: Final = frozenset(
    {
        Event.REPORTED,
        Event.RECEIVED,
        Event.OCCURRED,
        Event.PLANNED,
        Event.ARRIVED,
        Event.REACHED,
        Event.FINISHED,
    }
)
"""What duties of a service follow; all others are those of its unit."""

_DAY: Final = timedelta(days=1)
_WINDOWS: Final = tuple(
    timedelta(days=days) for days in (31, 92, 243, 366, 732, 1464, 2928, 2928, 2928)
)  # one after the other; in the longest, daily rounds are not too many
_EVENTS: Final = MappingProxyType({event.value: event for event in Event if event is not Event.YEAR})


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed to ``subject`` after the day ``after``, by the rules ``among``, all of which hold.

    From the day ``until`` on it is owed nothing: what could still be done in time by then stands only where
    it was done. ``earlier`` is what was owed before, of a service that was reopened.
    """

    rules: ServiceRules
    subject: Subject
    among: tuple[Named[Duty], ...]
    after: date
    until: date | None = None
    earlier: tuple[Owed, ...] = ()

    def on(self, day: date) -> tuple[DutyDue, ...]:
        """What is due on ``day``."""
        if day <= self.after:
            return ()
        return due(self.rules, self.subject, day - _DAY, day, among=self.among)

    def kind_of(self, key: str, day: date) -> DutyKind:
        """Of which kind it is that has this key and is due on ``day``."""
        return next(each.kind for each in self.on(day) if each.key == key)

    def next(self, seen: Collection[str], through: date = date.max) -> DutyDue | None:
        """What is due first, through that day, but for the keys in ``seen``."""
        ahead = self._ahead(self.among, through)
        return next((each for each in ahead if each.key not in seen), None)

    def named(self, key: str) -> DutyDue | None:
        """What has this key; ``None``: it is never due."""
        among = tuple(named for named in self.among if key.startswith(f"{named.name}/"))
        return next((each for each in self._ahead(among, date.max) if each.key == key), None)

    def _ahead(self, among: tuple[Named[Duty], ...], through: date) -> Iterator[DutyDue]:
        """What is due from the beginning on, in the order of the days."""
        if not among:
            return
        start, last = self.after, min(through, self._last(among))
        for window in _WINDOWS:
            if start >= last:
                return
            end = start + window if last - start > window else last
            yield from due(self.rules, self.subject, start, end, among=among)
            start = end

    def _last(self, among: tuple[Named[Duty], ...]) -> date:
        """The day after which nothing is due, where all follow from days that come once."""
        if any(
            duty.every is not None or duty.recurrence is not None or duty.since is Event.YEAR
            for duty in (named.rule for named in among)
        ):
            return date.max
        known = [
            *self.subject.dates.values(),
            *(day for days in self.subject.repeated.values() for day in days),
        ]
        offsets = [offset for named in among for offset in named.rule.offsets]
        longest = max((31 * offset.months + offset.days for offset in offsets), default=0)
        latest = max(known, default=self.after)
        return date.fromordinal(min(latest.toordinal() + longest, date.max.toordinal()))


def owed(
    rules: ServiceRules,
    name: str,
    answers: Mapping[str, str],
    dates: Mapping[str, date],
    *,
    again: Mapping[str, tuple[date, ...]] | None = None,
    of_the_service: bool,
    after: date,
) -> Owed:
    """What ``rules`` make due to ``name``, for a service, or for what is served.

    ``dates`` of what happens once and ``again`` of what comes again are by event; what is no event is passed
    over. ``answers`` are those that the rules know.
    """
    known = rules.answered(answers)
    repeated = {event: days for event, days in _by_event(again or {}).items() if days}
    subject = Subject(
        name=name,
        dates={event: day for event, day in _by_event(dates).items() if event not in repeated},
        repeated=repeated,
    )
    among = tuple(
        named
        for named in rules.of(Duty)
        if (named.rule.since in OF_THE_SERVICE) is of_the_service and named.rule.when.open(known) == ()
    )
    return Owed(rules, subject, among, after)


def kept(of: Owed, done: Iterable[DutyDone], on: date) -> tuple[DutyItem, ...]:
    """What was due by the day ``on``, that day included, and what was done about each."""
    found = tuple(done)
    by_key = {item.due.key: item for each in (*of.earlier, of) for item in _kept(each, found, on)}
    return tuple(sorted(by_key.values(), key=lambda item: item.due.day))


def _kept(of: Owed, done: tuple[DutyDone, ...], on: date) -> tuple[DutyItem, ...]:
    dues = () if on <= of.after else due(of.rules, of.subject, of.after, on, among=of.among)
    if of.until is not None:
        seen = {each.key for each in done}
        dues = tuple(each for each in dues if each.last_day < of.until or each.key in seen)
    named = {each.key: each for each in dues}
    records = [
        DutyRecord(
            due=named[each.key],
            done_on=each.done_on,
            by=each.by,
            outcome=each.outcome,
            checked=each.checked,
            opinion=each.opinion,
            signed_for_firm=each.signed_for_firm,
            signed_for_customer=each.signed_for_customer,
        )
        for each in done
        if each.key in named
    ]
    return standing(dues, records, on).items


def _by_event(days: Mapping[str, T]) -> dict[Event, T]:
    return {_EVENTS[name]: day for name, day in days.items() if name in _EVENTS}


def not_to_be_reminded(
    of: Owed, key: str, due_on: date, today: date, seen: Collection[str]
) -> Iterator[Reason]:
    """Why nobody is reminded of ``key`` on the day ``today``."""
    facts = (("key", key), ("due_on", due_on))
    if all(each.key != key for each in of.on(due_on)):
        yield Reason("aftersales.duty-not-due", PRACTICE, facts)
    if today < due_on:
        yield Reason("aftersales.duty-not-due-yet", PRACTICE, facts)
    if key in seen:
        yield Reason("aftersales.duty-seen-to", PRACTICE, facts)


def not_done_so(of: Owed, done: DutyDone, today: date, kept: Collection[DutyDone]) -> Iterator[Reason]:
    """Why ``done`` is no record of what was due: not due, lacking something, too early, or done already.

    What a rule asks for is said by its clause (AS-QA-10, AS-MNT-1, AS-MNT-3).
    """
    asked = of.named(done.key)
    if asked is None:
        yield Reason("aftersales.duty-not-due", PRACTICE, (("key", done.key),))
        return
    try:
        DutyRecord(
            due=asked,
            done_on=done.done_on,
            by=done.by,
            outcome=done.outcome,
            checked=done.checked,
            opinion=done.opinion,
            signed_for_firm=done.signed_for_firm,
            signed_for_customer=done.signed_for_customer,
        )
    except InvalidValue as error:
        facts = (("key", done.key), ("found", str(error.found)), ("expected", error.expected))
        yield Reason("aftersales.duty-not-done-so", asked.clause, facts)
    if done.done_on > today:
        ahead = (("key", done.key), ("done_on", done.done_on))
        yield Reason("aftersales.duty-done-ahead", PRACTICE, ahead)
    if any(each.key == done.key for each in kept):
        yield Reason("aftersales.duty-done-already", PRACTICE, (("key", done.key),))


def complaint(
    s: Situation[Any, Any, Any, Any], id: str, done: DutyDone, *, ticket: str | None, unit: str | None
) -> Command:
    """The complaint that a dissatisfied customer's word about something due is, in his own words if known.

    ``s.it`` is the ticket or the unit to which it was due (AS-QA-11).
    """
    return entailed(
        s,
        FileComplaint,
        id,
        "complaint",
        firm=s.it.firm,
        customer=s.it.customer,
        channel=Channel.FOLLOW_UP,
        what=done.opinion.strip() or done.outcome,
        ticket=ticket,
        unit=unit,
        evidence=done.key,
        raised_by=RaisedBy.CALL_BACK,
    )
