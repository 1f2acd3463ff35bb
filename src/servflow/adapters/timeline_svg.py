"""A service clock as a picture (时间轴): one SVG, for a page, a mail or a printer.

    opening hours     light bands, as high as the track; over long spans, columns as high as the share
                      of a day, a week, a month that is open
    counted           dark: the time that ran off, up to now or to its end
    stands still      hatched
    late              crossed, at the foot of the track
    instants          upright lines, each with its name and its time

1. The picture is whole by itself: no script, no reference to anything outside, one title and one
   description that say in words what it shows. It reads in grey as it does in colours.
2. The same clock gives the same text. However long the span, there is a bounded number of elements:
   a long name is cut over the track, not in the description, and of rungs beyond the twelfth it says +8.
3. Words and patterns of dates come from whoever asks; instants are shown in the zone of the calendar.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final, NamedTuple

from babel import Locale
from babel.dates import format_date, format_datetime

from servflow.adapters._svg import LANE, MARGIN, WIDTH, Words, checked_id, cut, framed, plain, rect, wide
from servflow.core.citations import Plain
from servflow.core.clocks import Clock, Pause
from servflow.core.dates import day_of, start_of_day
from servflow.core.errors import InvalidValue
from servflow.core.worktime import Calendar

__all__ = ["Words", "closing", "counted", "timeline"]

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)

_TRACK: Final = 44  # its height
_LAST: Final = date(9998, 12, 31)  # of a calendar
_BEYOND: Final = 9999 * 12
_MOST_COLUMNS: Final = 62
_MOST_BANDS: Final = 250
_MOST_COUNTED: Final = 250
_MOST_RUNGS: Final = 12
_MOST_NAME: Final = 260  # how wide a name over the track is, at most
_MOST_HOURS: Final = 36  # that stand at the axis
_LABEL: Final = 84  # the least width for a label of the axis

_STYLE: Final = (
    "text{font:12px sans-serif;fill:#1a1a1a;paint-order:stroke;stroke:#fff;stroke-width:3px}",
    ".h{font-weight:bold;font-size:15px}",
    ".b{font-weight:bold}",
    ".s{font-size:10px}",
    ".axis{fill:#444}",
    ".closed{fill:#f4f4f4;stroke:#8a8a8a}",
    ".open{fill:#c6dcf2}",
    ".counted{fill:#1f5f99}",
    ".pause{fill:url(#ID-pause);stroke:#333}",
    ".late{fill:url(#ID-late);stroke:#8c1d18}",
    ".mark{stroke:#1a1a1a;stroke-width:1.5}",
    ".due{stroke-width:3}",
    ".breach{stroke-dasharray:5 3}",
    ".rung{stroke-dasharray:1 3}",
    ".now{stroke:#8c1d18;stroke-width:2}",
    ".tick{stroke:#8a8a8a}",
)
"""How each kind of thing looks; a page that has the picture in it keeps its own."""


class _Mark(NamedTuple):
    """An instant with its name: what stands over the track."""

    at: datetime
    kind: str
    name: str


class _Label(NamedTuple):
    """Where the name of a mark stands: at which line, in which lane, and on which side of the line."""

    mark: _Mark
    x: float
    lane: int
    left: bool


def counted(
    clock: Clock, until: datetime, most: int, *, after: datetime | None = None
) -> tuple[tuple[datetime, datetime], ...]:
    """The first ``most`` spans until ``until`` in which the clock runs, in order and apart.

    They begin with the anchor, or with ``after`` where it lies later. Their lengths add up to what runs off
    between, where there are no more. Instants are in UTC.
    """
    anchor = clock.run.anchored_at
    if anchor is None:
        return ()
    calendar = clock.target.within.allowed(anchor, clock.target.calendar).calendar
    standing = [(start, end or until) for start, end in _standing(clock)]
    found: list[tuple[datetime, datetime]] = []
    at = anchor if after is None else max(anchor, after.astimezone(UTC))
    while len(found) < most and calendar.open_time(at, until):
        at = calendar.next_opening(at)
        over = [end for start, end in standing if start <= at < end]
        if over:
            at = max(over)
        else:
            shut = closing(calendar, at, min([until, *(start for start, _ in standing if start > at)]))
            found.append((at, shut))
            at = shut
    return tuple(found)


def closing(calendar: Calendar, at: datetime, end: datetime) -> datetime:
    """Until when the calendar stays open from ``at`` on, an instant at which it is; at most ``end``."""
    longest = range(1, (end - at) // _MICROSECOND + 1)
    return (
        at
        + bisect_left(
            longest,
            True,
            key=lambda n: calendar.open_time(at, at + n * _MICROSECOND) < n * _MICROSECOND,
        )
        * _MICROSECOND
    )


def _standing(clock: Clock) -> Iterator[tuple[datetime, datetime | None]]:
    """The pauses that the target accepts, as far as they were known; what is not over yet has no end."""
    for pause in _accepted(clock):
        end = pause.end if pause.end is not None and pause.end <= clock.now else None
        yield pause.start, end


def _accepted(clock: Clock) -> list[Pause]:
    """The pauses that the target accepts and that had begun, in order; without those that took no time."""
    fitting = (pause for pause in clock.run.pauses if clock.target.accepts(pause.reason))
    begun = (pause for pause in fitting if pause.start <= clock.now and pause.start != pause.end)
    return sorted(begun, key=lambda pause: pause.start)


def timeline(clock: Clock, words: Words, *, id: str = "clock") -> str:
    """The picture of ``clock`` as one SVG; ``id`` begins the ids in it, so that a page may have several.

    Raises:
        InvalidValue: the clock has not begun: there is nothing to show; or ``id`` is none.
    """
    checked_id(id)
    if clock.run.anchored_at is None or clock.allowed is None:
        raise InvalidValue("clock", clock.state.value, "a clock that has begun")
    return _Picture(clock, words, id).text()


class _Picture:
    """One picture while it is drawn."""

    def __init__(self, clock: Clock, words: Words, id: str) -> None:
        assert clock.run.anchored_at is not None
        self.clock = clock
        self.words = words
        self.id = id
        self.locale = Locale.parse(words.language)
        self.zone: tzinfo = clock.target.calendar.zone
        self.anchor = clock.run.anchored_at
        self.end = self._end()
        late = clock.breach_at
        self.late_from = late if late is not None and late < self.end else None
        self.marks = sorted(self._marks(), key=lambda mark: mark.at)
        shown = [mark.at for mark in self.marks]
        self.first = day_of(min(shown), self.zone)
        self.last = day_of(max(shown), self.zone)
        self.columns = _columns(self.first, self.last)
        self.bands = self._bands()
        self.start, self.until = self._ends(min(shown), max(shown))
        self.unseen = max(len(clock.target.ladder) - _MOST_RUNGS, 0)

    def _end(self) -> datetime:
        """When it stopped, or how far it has come."""
        ends = (self.clock.now, self.clock.run.stopped_at, self.clock.run.voided_at)
        return min(at for at in ends if at is not None)

    # --- what is shown ------------------------------------------------------------------------------

    def _marks(self) -> Iterator[_Mark]:
        clock, run = self.clock, self.clock.run
        yield _Mark(self.anchor, "anchor", self.words.text("clock.anchor"))
        if clock.due_at is not None:
            yield _Mark(clock.due_at, "due", self.words.text("clock.due"))
        if clock.breach_at is not None and clock.breach_at != clock.due_at:
            yield _Mark(clock.breach_at, "breach", self.words.text("clock.breach"))
        if run.stopped_at is not None and run.stopped_at <= clock.now:
            yield _Mark(run.stopped_at, "stopped", self.words.text("clock.stopped"))
        if run.voided_at is not None and run.voided_at <= clock.now:
            yield _Mark(run.voided_at, "stopped", self.words.text("clock.voided"))
        if clock.now not in {self.anchor, run.stopped_at}:
            yield _Mark(clock.now, "now", self.words.text("clock.now"))
        for rung in clock.target.ladder[:_MOST_RUNGS]:
            at = clock.rung_at(rung)
            if at is not None:
                facts: dict[str, Plain] = {"level": rung.level, "action": rung.action}
                yield _Mark(at, "rung", self.words.text("clock.rung", facts))

    def _ends(self, first: datetime, last: datetime) -> tuple[datetime, datetime]:
        """Where the picture begins and ends: with whole days; with opening hours, where they are seen."""
        if self.bands is None:
            return start_of_day(self.columns[0], self.zone), start_of_day(self.columns[-1], self.zone)
        start = min([first, *(begins for begins, _ in self.bands)])
        until = max([last, *(ends for _, ends in self.bands)])
        room = max((until - start) / 50, _HOUR / 4)
        return start - room, until + room

    def _moment(self, at: datetime) -> str:
        pattern = self.words.text("format.moment")
        return format_datetime(at, pattern, tzinfo=self.zone, locale=self.locale)

    def _day(self, code: str, day: date) -> str:
        return format_date(day, self.words.text(code), locale=self.locale)

    def _title(self) -> str:
        facts: dict[str, Plain] = {
            "target": self.words.name("promise", self.clock.target.kind),
            "within": str(self.clock.target.within),
            "state": self.words.name("clock-state", self.clock.state.value),
        }
        return self.words.text("clock.title", facts)

    def _description(self) -> str:
        told = [f"{mark.name}: {self._moment(mark.at)}" for mark in self.marks]
        if self.unseen:
            told.append(f"+{self.unseen}")
        for pause in _accepted(self.clock)[:_MOST_RUNGS]:
            until = "" if pause.end is None else self._moment(pause.end)
            name = self.words.name("pause", pause.reason)
            told.append(f"{self.words.text('clock.pause')} ({name}): {self._moment(pause.start)} – {until}")
        told.append(self.words.text("clock.calendar", self._calendar()))
        return "; ".join(told)

    def _calendar(self) -> dict[str, Plain]:
        return {"calendar": self.clock.target.calendar.name, "zone": str(self.zone)}

    # --- from instants to pixels --------------------------------------------------------------------

    def x(self, at: datetime) -> float:
        """Where an instant lies, in pixels from the left."""
        share = (min(max(at, self.start), self.until) - self.start) / (self.until - self.start)
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)

    def _merged(self, spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[float, float]]:
        """The spans in pixels, those as one between which nobody sees a gap."""
        found: list[tuple[float, float]] = []
        for start, end in sorted(spans):
            left, right = self.x(start), self.x(end)
            if found and left - found[-1][1] < 1:
                found[-1] = found[-1][0], max(found[-1][1], right)
            else:
                found.append((left, right))
        return found

    # --- the parts ----------------------------------------------------------------------------------

    def text(self) -> str:
        """All of it."""
        lanes, labels = self._labels()
        top = 2 * LANE + MARGIN + 6 + lanes * LANE
        parts = [
            *self._track(top),
            *self._axis(top + _TRACK),
            *self._marked(top, lanes, labels),
            *self._legend(top + _TRACK + 4 * LANE),
        ]
        height = top + _TRACK + 4 * LANE + MARGIN
        title, described = plain(self._title()), plain(self._description())
        return framed(
            self.id,
            height,
            language=self.words.language,
            title=title,
            description=described,
            style="".join(f"#ID {each}" for each in _STYLE),
            defs=(
                '<pattern id="ID-pause" width="7" height="7" patternUnits="userSpaceOnUse">'
                '<rect width="7" height="7" fill="#fff"/><path d="M0 7L7 0" stroke="#333"/></pattern>'
                '<pattern id="ID-late" width="6" height="6" patternUnits="userSpaceOnUse">'
                '<rect width="6" height="6" fill="#f6d5d2"/><path d="M0 6L6 0M0 0L6 6" stroke="#8c1d18"/>'
                "</pattern>"
            ),
            parts=(
                f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
                f'<text class="h" x="{MARGIN}" y="{LANE + 6}">{title}</text>',
                (
                    f'<text class="axis" x="{MARGIN}" y="{2 * LANE + 6}">'
                    f"{plain(self.words.text('clock.calendar', self._calendar()))}</text>"
                ),
                *parts,
            ),
        )

    def _labels(self) -> tuple[int, list[_Label]]:
        """How many lanes the names of the marks take, and where each stands.

        Right of its line on the left half, the first one at the top; left of it on the right half, the
        last one at the top: so that no line crosses a name.
        """
        placed = [(mark, self.x(mark.at)) for mark in self.marks]
        near = [(mark, x) for mark, x in placed if x <= WIDTH / 2]
        far = [(mark, x) for mark, x in reversed(placed) if x > WIDTH / 2]
        lanes: list[list[tuple[float, float]]] = []  # what is taken of each
        found = []
        for mark, x in (*near, *far):
            across = wide(f"{cut(mark.name, _MOST_NAME)} {self._moment(mark.at)}") + 12
            right = x > WIDTH / 2
            left, end = (x - across, x + 1) if right else (x - 1, x + across)
            lane = next((n for n, taken in enumerate(lanes) if _is_free(taken, left, end)), len(lanes))
            if lane == len(lanes):
                lanes.append([])
            lanes[lane].append((left, end))
            found.append(_Label(mark, x, lane, right))
        return len(lanes), found

    def _marked(self, top: int, lanes: int, labels: list[_Label]) -> Iterator[str]:
        """The lines of the marks, and then their names over them."""
        for mark, x, lane, _ in labels:
            y = top - (lanes - lane) * LANE - 12
            yield f'<line class="mark {mark.kind}" x1="{x}" x2="{x}" y1="{y}" y2="{top + _TRACK + 4}"/>'
        for mark, x, lane, right in labels:
            at, anchor = (round(x - 5, 1), ' text-anchor="end"') if right else (round(x + 5, 1), "")
            yield (
                f'<text x="{at}" y="{top - (lanes - lane) * LANE - 2}"{anchor}>'
                f'<tspan class="b">{plain(cut(mark.name, _MOST_NAME))}</tspan> '
                f"{plain(self._moment(mark.at))}</text>"
            )

    def _track(self, top: int) -> Iterator[str]:
        left, right = self.x(self.start), self.x(self.until)
        yield rect("closed", left, top, right, _TRACK)
        if self.bands is not None:
            for start, end in self._merged(self.bands):
                yield rect("open", start, top, end, _TRACK)
            for start, end in self._merged(counted(self.clock, self.end, _MOST_COUNTED)):
                yield rect("counted", start, top + 8, end, _TRACK - 16)
        else:
            yield from self._shares(top)
        standing = [(start, end or self.until) for start, end in _standing(self.clock)]
        for start, end in self._merged((start, end) for start, end in standing if end > self.anchor):
            yield rect("pause", start, top + 4, end, _TRACK - 8)
        if self.late_from is not None:
            yield rect("late", self.x(self.late_from), top + _TRACK - 10, self.x(self.end), 10)

    def _bands(self) -> list[tuple[datetime, datetime]] | None:
        """The opening hours one by one; ``None`` where there are too many of them to be seen."""
        if (self.last - self.first).days >= _MOST_COLUMNS:
            return None
        found: list[tuple[datetime, datetime]] = []
        for number in range((self.last - self.first).days + 1):
            found += self.clock.target.calendar.opening(self.first + number * _DAY)
        return found if len(found) <= _MOST_BANDS else None

    def _shares(self, top: int) -> Iterator[str]:
        """The share of each column that is open, as its height; what is counted is darker."""
        calendar = self.clock.target.calendar
        spans = list(pairwise(start_of_day(day, self.zone) for day in self.columns))
        shares = [calendar.open_time(start, end) / (end - start) for start, end in spans]
        most = max(shares) or 1
        for (start, end), share in zip(spans, shares, strict=True):
            high = round(_TRACK * share / most, 1)
            y = round(top + _TRACK - high, 1)
            yield rect("open", self.x(start), y, self.x(end), high)
            inner = max(start, self.anchor), min(end, self.end)
            if inner[0] < inner[1]:
                yield rect("counted", self.x(inner[0]), y, self.x(inner[1]), high)

    def _axis(self, bottom: int) -> Iterator[str]:
        days = (self.last - self.first).days + 1
        code = "format.tick-day" if days <= 7 * _MOST_COLUMNS else "format.tick-month"
        every = -(-_LABEL * len(self.columns) // (WIDTH - 2 * MARGIN))
        for day in self.columns[:-1:every]:
            x = self.x(start_of_day(day, self.zone))
            yield f'<line class="tick" x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 2 * LANE}"/>'
            if x + _LABEL <= WIDTH:
                label = plain(self._day(code, day))
                yield f'<text class="axis" x="{x + 3}" y="{bottom + 2 * LANE - 2}">{label}</text>'
        yield from self._hours(bottom)

    def _hours(self, bottom: int) -> Iterator[str]:
        """The hours of the days, where there is room for them."""
        room = (self.until - self.start) / (_MOST_HOURS * _HOUR)
        step = next((each for each in (1, 2, 3, 4, 6, 12) if room <= each), None)
        for day in self.columns[:-1] if step is not None else ():
            for hour in range(0, 24, step or 1):
                at = datetime.combine(day, time(hour), tzinfo=self.zone).astimezone(UTC)
                if self.start <= at <= self.until:
                    x = self.x(at)
                    yield f'<line class="tick" x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 5}"/>'
                    yield (
                        f'<text class="axis s" x="{x}" y="{bottom + LANE - 2}" text-anchor="middle">'
                        f"{hour:02}</text>"
                    )

    def _legend(self, y: int) -> Iterator[str]:
        shown = [("open", "clock.share" if self.bands is None else "clock.open")]
        shown += [("counted", "clock.counted")] * bool(counted(self.clock, self.end, 1))
        shown += [("pause", "clock.pause")] * bool(_accepted(self.clock))
        shown += [("late", "clock.late")] * (self.late_from is not None)
        x = float(MARGIN)
        for kind, code in shown:
            label = self.words.text(code)
            yield rect(kind, x, y - 10, x + 18, 11)
            yield f'<text x="{x + 24}" y="{y}">{plain(label)}</text>'
            x = round(x + 24 + wide(label) + 18, 1)
        if self.unseen:
            yield f'<line class="mark rung" x1="{x + 9}" x2="{x + 9}" y1="{y - 12}" y2="{y + 3}"/>'
            yield f'<text x="{x + 16}" y="{y}">+{self.unseen}</text>'


def _columns(first: date, last: date) -> list[date]:
    """The first days of the columns from ``first`` to ``last``, and at the end the day after the last.

    They are days, weeks, months, or so many years that there are not too many of them.
    """
    days = (last - first).days + 1
    if days <= _MOST_COLUMNS:
        return [first + number * _DAY for number in range(days + 1)]
    monday = first - first.weekday() * _DAY
    weeks = (last - monday).days // 7 + 1
    if weeks <= _MOST_COLUMNS:
        return [monday + number * 7 * _DAY for number in range(weeks + 1)]
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step, start = 1, first.year * 12 + first.month - 1
    if months > _MOST_COLUMNS:
        years = last.year - first.year + 1
        step, start = 12 * -(-years // _MOST_COLUMNS), first.year * 12
    end = last.year * 12 + last.month
    starts = range(start, end + step, step)
    return [date(month // 12, month % 12 + 1, 1) if month < _BEYOND else _LAST for month in starts]


def _is_free(taken: list[tuple[float, float]], left: float, right: float) -> bool:
    return all(right <= begins or ends <= left for begins, ends in taken)
