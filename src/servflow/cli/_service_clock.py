"""Service clocks on the line: when something is due, what stands still, whether a desk is open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import attrs
import click

from servflow.adapters.text_babel import Texts
from servflow.adapters.timeline_svg import closing, counted, timeline
from servflow.cli._host import Host, day, host_options, instant, now, pass_host
from servflow.cli._show import as_json, complain, say, table
from servflow.core.clocks import (
    CLOSED,
    Agreed,
    Allowance,
    Blank,
    Clock,
    ClockState,
    CutOffs,
    ElapsedTime,
    Pause,
    Run,
    Rung,
    Target,
    Until,
    WorkingDays,
    WorkingTime,
    evaluate,
    parse_allowance,
)
from servflow.core.dates import day_of
from servflow.core.errors import InvalidRulebook, InvalidValue
from servflow.core.worktime import Calendar, Hours
from servflow.rulebooks import load, load_calendar, shipped

__all__ = [
    "clock",
    "draw",
    "length",
    "length_text",
    "local_instant",
    "plain_instant",
    "rulebook_name",
]

F = TypeVar("F", bound=Callable[..., Any])

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS: Final = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:-(mon|tue|wed|thu|fri|sat|sun))?")
_SEGMENT: Final = re.compile(r"([0-9][0-9]):([0-9][0-9])-([0-9][0-9]):([0-9][0-9])")
_INLINE: Final = re.compile(r"[0-9][0-9]?:[0-9][0-9]")
_PERCENT: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4})?) ?%")
_FROM_DUE: Final = re.compile(r"(.+) (before|after)")
_HOURS: Final = "hours such as 'mon-fri 08:00-12:00 14:00-18:00; sat 09:00-12:00', or 'daily 00:00-24:00'"
_MOST_LINES: Final = 20
_SECOND: Final = timedelta(seconds=1)
_YEAR: Final = timedelta(days=366)


# --- what is typed ----------------------------------------------------------------------------------


def local_instant(text: str, zone: tzinfo | None, option: str) -> datetime:
    """The instant that is written with its offset, or in the local time of ``zone``, if there is one.

    Raises:
        BadParameter: it is none, or a local time that the clocks of ``zone`` skip or that comes twice.
    """
    with suppress(ValueError):
        date.fromisoformat(text)
        expected = "an instant with its time, such as 2026-03-20T09:00"
        raise click.BadParameter(f"found {text!r}, expected {expected}", param_hint=option)
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        expected = "an instant such as 2026-03-20T09:00+08:00, or a local time such as 2026-03-20T09:00"
        raise click.BadParameter(f"found {text!r}, expected {expected}", param_hint=option) from None
    if local.tzinfo is not None or zone is None:
        return instant(text)
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
        what = f"the clocks of {zone} skip it" if skipped else f"it comes twice in {zone}"
        offsets = (local.replace(tzinfo=second.tzinfo, fold=fold).isoformat() for fold in (0, 1))
        raise click.BadParameter(f"found {text!r}: {what}; write {' or '.join(offsets)}", param_hint=option)
    return instant(first.isoformat())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(f"{name!r} is no zone of the tz database, such as Asia/Shanghai") from None


def rulebook_name(name: str) -> str:
    """The name of a rulebook or a file; a firm's name alone is that of its service."""
    return f"{name}/service" if f"{name}/service" in shipped() else name


def _with_calendar(command: F) -> F:
    """The options that say by which calendar."""
    for option in (
        click.option(
            "--holiday",
            "holidays",
            type=day,
            multiple=True,
            metavar="DAY",
            help="A day on which it is closed; repeatable.",
        ),
        click.option("--zone", type=_zone, metavar="ZONE", help="The zone of hours that are written here."),
        click.option(
            "--calendar",
            required=True,
            metavar="NAME|FILE|HOURS",
            help="A rulebook, a file with [calendar], or hours such as 'mon-fri 08:00-12:00 14:00-18:00'.",
        ),
    ):
        command = option(command)
    return command


def _calendar(written: str, zone: ZoneInfo | None, holidays: Sequence[date]) -> tuple[Calendar, date | None]:
    """The calendar that is meant, closed on the holidays; and the last day whose public holidays it knows.

    Raises:
        InvalidValue: hours overlap, are out of order, or it never opens.
        InvalidRulebook: there is no such rulebook, or it has mistakes.
    """
    if not written.strip():
        raise _refused(written, f"a rulebook, a file, or {_HOURS}")
    if _INLINE.search(written):
        if zone is None:
            raise click.UsageError(
                "hours that are written here need their zone, such as --zone Asia/Shanghai"
            )
        name = " ".join(written.split())
        exceptions: dict[date, Hours] = dict.fromkeys(holidays, ())
        return Calendar(name, zone, weekly=_week(written), exceptions=exceptions), None
    if all(part.strip() == "daily" or _DAYS.fullmatch(part.strip()) for part in re.split("[,;]", written)):
        raise _refused(written, _HOURS)
    if zone is not None:
        raise click.UsageError(f"--zone is for hours that are written here; {written} has its own")
    calendar, known = _named_calendar(rulebook_name(written))
    if not holidays:
        return calendar, known
    closed: dict[date, Hours] = dict.fromkeys(holidays, ())
    exceptions = {**calendar.exceptions, **closed}
    return Calendar(calendar.name, calendar.zone, weekly=calendar.weekly, exceptions=exceptions), known


def _named_calendar(name: str) -> tuple[Calendar, date | None]:
    try:
        rulebook = load(name)
    except InvalidRulebook:  # it may be a calendar alone; if not, its mistakes are told all the same
        return load_calendar(name), None
    known = rulebook.calendar_known
    return rulebook.calendar, None if known is None else known[1]


def _week(written: str) -> Mapping[int, Hours]:
    week: dict[int, Hours] = {}
    for part in filter(None, (each.strip() for each in written.split(";"))):
        days, *segments = part.split()
        hours = tuple(_segment(each) for each in segments)
        if not hours:
            raise _refused(part, _HOURS)
        for number in _days(days):
            named = week.get(number)
            week[number] = hours if named is None else tuple(sorted(named + hours))
    return week


def _days(written: str) -> Iterator[int]:
    for part in written.split(","):
        found = _DAYS.fullmatch(part)
        if part == "daily":
            yield from range(7)
        elif found is None:
            raise _refused(part, f"weekdays such as mon-fri or {','.join(_WEEKDAYS)}, or daily")
        else:
            first = _WEEKDAYS.index(found[1])
            last = first if found[2] is None else _WEEKDAYS.index(found[2])
            if last < first:
                raise _refused(part, "weekdays in their order, mon to sun")
            yield from range(first, last + 1)


def _segment(written: str) -> tuple[time, time]:
    found = _SEGMENT.fullmatch(written)
    if found is None:
        raise _refused(written, _HOURS)
    begins, ends = (_time(found[1], found[2]), _time(found[3], found[4], end=True))
    return begins, ends


def _time(hour: str, minute: str, *, end: bool = False) -> time:
    if end and (hour, minute) == ("24", "00"):
        return time()
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise _refused(f"{hour}:{minute}", "a time of the day from 00:00 to 24:00") from None


def _refused(found: str, expected: str) -> click.BadParameter:
    return click.BadParameter(f"found {found!r}, expected {expected}", param_hint="--calendar")


def _allowance(written: str, zone: tzinfo) -> Allowance:
    first, _, rest = written.strip().partition(" ")
    if first == "until" and rest.strip():
        return Until(local_instant(rest.strip(), zone, "--for"))
    allowance = parse_allowance(written)
    if isinstance(allowance, Agreed):
        expected = f"the instant that was agreed as {allowance.name}, such as 'until 2026-03-20T09:00'"
    elif isinstance(allowance, Blank):
        expected = f"a number for {allowance.name}, such as '3 {allowance.unit}'"
    else:
        return allowance
    raise click.BadParameter(f"found {written!r}, expected {expected}", param_hint="--for")


def _pause(written: str, zone: tzinfo) -> Pause:
    reason, _, span = written.strip().partition(" ")
    start, _, end = (part.strip() for part in span.partition("/"))
    if not start:
        expected = "a reason and a span such as 'waiting-customer 2026-03-20T09:00/2026-03-20T11:00'"
        raise click.BadParameter(f"found {written!r}, expected {expected}", param_hint="--pause")
    if reason == CLOSED:
        expected = "another reason: this one is kept for the time between a closing and a reopening"
        raise click.BadParameter(f"found {reason!r}, expected {expected}", param_hint="--pause")
    begins = local_instant(start, zone, "--pause")
    ends = local_instant(end, zone, "--pause") if end else None
    if ends is not None and ends < begins:
        expected = f"an instant from its start {start} on"
        raise click.BadParameter(f"found the end {end!r}, expected {expected}", param_hint="--pause")
    return Pause(reason, begins, ends)


def _run(start: str, stopped: str | None, pauses: tuple[Pause, ...], zone: tzinfo) -> Run:
    begins = local_instant(start, zone, "--from")
    done = None if stopped is None else local_instant(stopped, zone, "--stopped")
    if done is not None and done < begins:
        expected = f"an instant from the beginning of the clock on, {start}"
        raise click.BadParameter(f"found {stopped!r}, expected {expected}", param_hint="--stopped")
    return Run(anchored_at=begins, pauses=pauses, stopped_at=done)


def _rung(level: int, written: str, *, working: bool) -> Rung:
    """The rung that is written so; ``working`` where the clock runs in working time.

    Raises:
        BadParameter: it is none, or counts other hours than the clock.
    """
    plain = " ".join(written.split())
    if percent := _PERCENT.fullmatch(plain):
        return Rung(level=level, action=plain, fraction=Fraction(percent[1]) / 100)
    unit = "working hours" if working else "hours"
    from_due = _FROM_DUE.fullmatch(plain)
    if from_due is not None:
        allowed = parse_allowance(from_due[1])
        if isinstance(allowed, WorkingTime | ElapsedTime):
            if isinstance(allowed, WorkingTime) is not working:
                runs = "in working time" if working else "by day and night"
                expected = f"a time such as '2 {unit} {from_due[2]}': the clock runs {runs}"
                raise click.BadParameter(f"found {written!r}, expected {expected}", param_hint="--rung")
            offset = allowed.length if from_due[2] == "after" else -allowed.length
            return Rung(level=level, action=plain, offset=offset)
    expected = f"a share such as '50 %', or a time such as '2 {unit} before' or '2 {unit} after'"
    raise click.BadParameter(f"found {written!r}, expected {expected}", param_hint="--rung")


# --- what is shown ----------------------------------------------------------------------------------


def plain_instant(at: datetime | None, zone: tzinfo) -> str | None:
    """An instant for machines: ISO 8601 in ``zone``."""
    return None if at is None else at.astimezone(zone).isoformat()


def length(length: timedelta | None) -> int | str | None:
    """A length for machines, in seconds; what is not whole is a text."""
    if length is None:
        return None
    if length.microseconds == 0:
        return length // _SECOND
    sign, size = ("-" if length < timedelta() else ""), abs(length)
    return f"{sign}{size // _SECOND}.{size.microseconds:06}".rstrip("0")


def length_text(texts: Texts, length: timedelta) -> str:
    """A length in words: hours, minutes and whole seconds, as many as there are."""
    minutes, seconds = divmod(abs(length) // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(texts.text("clock.hours", {"hours": hours}))
    if minutes or not (hours or seconds):
        parts.append(texts.text("clock.minutes", {"minutes": minutes}))
    if seconds:
        parts.append(texts.text("clock.seconds", {"seconds": seconds}))
    written = " ".join(parts)
    return texts.text("clock.less", {"length": written}) if length < timedelta() else written


@click.group()
@host_options
def clock() -> None:
    """Service clocks: when something is due, and why."""


@clock.command()
@_with_calendar
@click.option("--from", "start", required=True, metavar="INSTANT", help="When the clock begins.")
@click.option(
    "--for", "within", required=True, metavar="LENGTH", help="What is allowed, such as '4 working hours'."
)
@click.option(
    "--pause",
    "pauses",
    multiple=True,
    metavar="'REASON START/END'",
    help="It stands still; without an end, until further notice; repeatable.",
)
@click.option("--stopped", metavar="INSTANT", help="When it was done.")
@click.option("--now", "at", metavar="INSTANT", help="As of when (the last instant that the line names).")
@click.option(
    "--rung",
    "rungs",
    multiple=True,
    metavar="SHARE|TIME",
    help="An escalation: '50 %', '2 working hours before', '1 hour after'; repeatable.",
)
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into this file.")
@host_options
@pass_host
def due(
    host: Host,
    *,
    calendar: str,
    zone: ZoneInfo | None,
    holidays: tuple[date, ...],
    start: str,
    within: str,
    pauses: tuple[str, ...],
    stopped: str | None,
    at: str | None,
    rungs: tuple[str, ...],
    svg: Path | None,
) -> None:
    """When something is due, by opening hours and pauses.

    An instant without an offset is local time of the calendar's zone.
    """
    hours, known = _calendar(calendar, zone, holidays)
    allowance = _allowance(within, hours.zone)
    working = isinstance(allowance, WorkingTime | WorkingDays)
    run = _run(start, stopped, tuple(_pause(each, hours.zone) for each in pauses), hours.zone)
    target = Target(
        kind="due",
        within=allowance,
        calendar=hours,
        pauses=frozenset(each.reason for each in run.pauses),
        ladder=tuple(_rung(level, each, working=working) for level, each in enumerate(rungs, start=1)),
    )
    when = _last(run) if at is None else local_instant(at, hours.zone, "--now")
    try:
        told = evaluate(target, run, when)
    except InvalidValue:
        expected = f"what ends after its beginning {start}, and by the year 9998"
        raise click.BadParameter(f"found {within!r}, expected {expected}", param_hint="--for") from None
    if svg is not None:
        if told.allowed is None:
            expected = f"an instant from the beginning {start} on: before it there is nothing to draw"
            raise click.BadParameter(f"found {at!r}, expected {expected}", param_hint="--now")
        draw(svg, timeline(told, host.texts))
    answer = _Answer.of(told, known)
    (_as_json if host.json else _as_tables)(host, answer)


def draw(svg: Path, picture: str) -> None:
    """Write a picture into a file; a usage error, where that cannot be."""
    try:
        svg.write_text(picture, encoding="utf-8", newline="\n")
    except OSError as error:
        expected = f"a file that can be written: {error.strerror or type(error).__name__}"
        raise click.BadParameter(f"found {str(svg)!r}, expected {expected}", param_hint="--svg") from None


def _last(run: Run) -> datetime:
    """The last instant that the run names."""
    named = [run.anchored_at, run.stopped_at, *(at for each in run.pauses for at in (each.start, each.end))]
    return max(at for at in named if at is not None)


_Spans = tuple[tuple[datetime, datetime], ...]


@attrs.frozen(kw_only=True)
class _Answer:
    """What is told of a clock, for people and for machines.

    ``ran`` are the spans that were counted, ``to_run`` those that lead to the due date if nothing pauses it;
    of either one more than is shown, at most. ``known`` is the last day whose public holidays are known.
    """

    told: Clock
    ran: _Spans
    to_run: _Spans
    known: date | None

    @classmethod
    def of(cls, told: Clock, known: date | None) -> _Answer:
        """The answer about that clock."""
        to_run: _Spans = ()
        if told.state.is_open and told.due_at is not None and told.due_at > told.until:
            to_run = counted(told, told.due_at, _MOST_LINES + 1, after=told.until)
        return cls(told=told, ran=counted(told, told.until, _MOST_LINES + 1), to_run=to_run, known=known)

    @property
    def zone(self) -> tzinfo:
        """The zone in which instants are told."""
        return self.told.target.calendar.zone

    @property
    def stopped(self) -> datetime | None:
        """When it was done, if that has happened."""
        at = self.told.run.stopped_at
        return at if at is not None and at <= self.told.now else None

    @property
    def if_resumed(self) -> datetime | None:
        """When it would be due if it went on now; ``None`` where it does not stand still."""
        return self.told.due_if_resumed(self.told.now) if self.told.state is ClockState.PAUSED else None

    @property
    def beyond_known(self) -> bool:
        """Whether it is due by the calendar, after the last day whose public holidays that knows."""
        due = self.told.due_at or self.if_resumed
        asked = isinstance(self.told.target.within, WorkingTime | WorkingDays | CutOffs)
        return asked and due is not None and self.known is not None and day_of(due, self.zone) > self.known


def _as_json(host: Host, answer: _Answer) -> None:
    del host
    told, zone, target = answer.told, answer.zone, answer.told.target
    as_json(
        {
            "calendar": target.calendar.name,
            "digest": target.calendar.digest,
            "zone": str(zone),
            "holidays_known_through": None if answer.known is None else answer.known.isoformat(),
            "beyond_known_holidays": answer.beyond_known,
            "for": str(target.within),
            "from": plain_instant(told.run.anchored_at, zone),
            "now": plain_instant(told.now, zone),
            "state": told.state.value,
            "due": plain_instant(told.due_at, zone),
            "due_if_resumed": plain_instant(answer.if_resumed, zone),
            "breach": plain_instant(told.breach_at, zone),
            "stopped": plain_instant(answer.stopped, zone),
            "late": told.late,
            "allowed": length(told.allowed),
            "elapsed": length(told.elapsed),
            "remaining": length(told.remaining),
            "paused": {reason: length(paused) for reason, paused in told.paused.items()},
            "rungs": [
                {"rung": rung.action, "at": plain_instant(reached, zone)} for rung, reached in _rungs(told)
            ],
            "counted": _plain_spans(answer.ran, zone),
            "counted_more": len(answer.ran) > _MOST_LINES,
            "to_count": _plain_spans(answer.to_run, zone),
            "to_count_more": len(answer.to_run) > _MOST_LINES,
        }
    )


def _plain_spans(spans: _Spans, zone: tzinfo) -> list[dict[str, str | None]]:
    return [
        {"from": plain_instant(begins, zone), "until": plain_instant(ends, zone)}
        for begins, ends in spans[:_MOST_LINES]
    ]


def _rungs(told: Clock) -> list[tuple[Rung, datetime | None]]:
    return [(rung, told.rung_at(rung)) for rung in told.target.ladder]


def _as_tables(host: Host, answer: _Answer) -> None:
    texts, told, zone = host.texts, answer.told, answer.zone
    assert told.run.anchored_at is not None

    def shown(at: datetime) -> str:
        return texts.instant(at, zone)

    said = texts.text
    rows = [(said("clock.anchor"), shown(told.run.anchored_at)), (said("clock.now"), shown(told.now))]
    rows.append((said("clock.state"), texts.name("clock-state", told.state.value)))
    if told.due_at is not None:
        rows.append((said("clock.due"), shown(told.due_at)))
    if told.breach_at is not None and told.breach_at != told.due_at:
        rows.append((said("clock.breach"), shown(told.breach_at)))
    if answer.if_resumed is not None:
        rows.append((said("clock.due-if-resumed"), shown(answer.if_resumed)))
    if answer.stopped is not None:
        rows.append((said("clock.stopped"), shown(answer.stopped)))
    if told.remaining is not None:  # it has begun
        rows.append((said("clock.elapsed"), length_text(texts, told.elapsed)))
        rows.append((said("clock.remaining"), length_text(texts, told.remaining)))
    rows += [
        (f"{said('clock.pause')}: {texts.name('pause', reason)}", length_text(texts, paused))
        for reason, paused in told.paused.items()
    ]
    rows += [
        (
            texts.text("clock.rung", {"level": rung.level, "action": rung.action}),
            "" if reached is None else shown(reached),
        )
        for rung, reached in _rungs(told)
    ]
    calendar = told.target.calendar
    table(f"{told.target.within} by {calendar.name} ({zone})", ("what", "says"), rows)
    _show_spans(texts, "counted", answer.ran, told.until, zone)
    if told.due_at is not None:
        _show_spans(texts, "still to be counted", answer.to_run, told.due_at, zone)
    if answer.beyond_known and answer.known is not None:
        complain(
            f"servflow: {calendar.name} knows the public holidays through {texts.day(answer.known)};"
            " on the days after it, the week stands"
        )


def _show_spans(texts: Texts, title: str, spans: _Spans, end: datetime, zone: tzinfo) -> None:
    """The first of the spans, if there are any; and whether there are more until ``end``."""
    lines = [
        (texts.instant(begins, zone), texts.instant(ends, zone), length_text(texts, ends - begins))
        for begins, ends in spans
    ]
    if lines:
        table(title, ("from", "until", "length"), lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        say(f"and so on, until {texts.instant(end, zone)}\n")


@clock.command("open")
@_with_calendar
@click.option("--at", metavar="INSTANT", help="At which instant (now).")
@host_options
@pass_host
def open_(
    host: Host, *, calendar: str, zone: ZoneInfo | None, holidays: tuple[date, ...], at: str | None
) -> None:
    """Whether it is open, and when it opens or closes next."""
    hours, _ = _calendar(calendar, zone, holidays)
    when = now() if at is None else local_instant(at, hours.zone, "--at")
    is_open = hours.is_open_at(when)
    opens = None if is_open else hours.next_opening(when)
    begun = when if opens is None else opens
    closes: datetime | None = closing(hours, begun, begun + _YEAR)
    if closes == begun + _YEAR:  # as good as always open
        closes = None
    if host.json:
        as_json(
            {
                "calendar": hours.name,
                "zone": str(hours.zone),
                "at": plain_instant(when, hours.zone),
                "open": is_open,
                "opens": plain_instant(opens, hours.zone),
                "closes": plain_instant(closes, hours.zone),
            }
        )
        return
    lines = [f"{hours.name}: {'open' if is_open else 'closed'} at {host.texts.instant(when, hours.zone)}"]
    if opens is not None:
        lines.append(f"  opens {host.texts.instant(opens, hours.zone)}")
    if closes is not None:
        lines.append(f"  closes {host.texts.instant(closes, hours.zone)}")
    say("\n".join(lines))
