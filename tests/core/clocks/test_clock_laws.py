"""The service clock beside one that looks at every minute, and what must hold for any clock."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction
from itertools import accumulate, combinations, pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from servflow.core.clocks import (
    Agreed,
    Allowance,
    Blank,
    CalendarDays,
    Clock,
    ClockState,
    CutOff,
    CutOffs,
    ElapsedTime,
    Excuse,
    Extension,
    LandingDay,
    Pause,
    Run,
    Rung,
    Target,
    Until,
    WorkingDays,
    WorkingTime,
    by_urgency,
    evaluate,
    parse_allowance,
)
from servflow.core.dates import Period
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.worktime import Calendar, Hours

MINUTE = timedelta(minutes=1)
HORIZON = 6 * 24 * 60
"""How many minutes from the anchor on the slow clock knows."""

# The days before clocks change, and a plain week.
STARTS = (date(2026, 3, 27), date(2026, 10, 23), date(2026, 4, 3), date(2026, 6, 5))
ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai", "UTC")
PAUSABLE = frozenset({"customer", "part"})


def segments(*marks: int) -> Hours:
    times = [time(mark // 2 % 24, mark % 2 * 30) for mark in marks]
    return tuple(zip(times[::2], times[1::2], strict=True))


# One to three segments between half hours, but not within the hours in which clocks change.
MARKS = (0, 13, 16, 24, 28, 36, 41, 48)
HOURS = [segments(*marks) for size in (2, 4, 6) for marks in combinations(MARKS, size)]
hours_of_a_day = st.sampled_from(HOURS)


@st.composite
def any_calendar(draw) -> Calendar:
    """Four open weekdays or more, and a few days around the anchor that differ."""
    start = draw(st.sampled_from(STARTS))
    weekly = draw(st.dictionaries(st.integers(0, 6), hours_of_a_day, min_size=4))
    differing = draw(st.dictionaries(st.integers(0, 8), st.just(()) | hours_of_a_day, max_size=3))
    return Calendar(
        start.isoformat(),  # the days that matter to it
        ZoneInfo(draw(st.sampled_from(ZONES))),
        weekly=weekly,
        exceptions={start + timedelta(days=n): hours for n, hours in differing.items()},
    )


BROKEN: Hours = ((time(8), time(12)), (time(14), time(18)))
LONG: Hours = ((time(), time(7)), (time(9, 30), time(13)), (time(20), time()))
SHORT: Hours = ((time(10), time(10, 30)),)
# Made once, so that their clock changes are looked up once.
KNOWN = [
    Calendar(
        start.isoformat(),
        ZoneInfo(zone),
        weekly=dict.fromkeys(range(5), hours) | {5: SHORT},
        exceptions={start + timedelta(days=3): (), start + timedelta(days=4): other},
    )
    for start, zone in zip(STARTS * 2, ZONES * 2, strict=True)
    for hours, other in ((BROKEN, LONG), (LONG, SHORT), (((time(), time()),), BROKEN))
]
calendars = st.sampled_from(KNOWN)


def anchor_of(calendar: Calendar, minutes: int) -> datetime:
    start = date.fromisoformat(calendar.name)
    return datetime.combine(start, time(), tzinfo=UTC) + minutes * MINUTE


minutes_of_a_day = st.integers(0, 24 * 60 - 1)
spans = st.tuples(st.integers(-600, 4000), st.integers(0, 1500))


class SlowClock:
    """Looks at every minute from the anchor on: is the desk open then, by its own clock, and nothing pauses.

    Hours begin and end at half hours, in UTC as well, so that the desk is asked twice an hour.
    """

    def __init__(self, calendar: Calendar | None, anchor: datetime, pauses: list[Pause]) -> None:
        self.anchor = anchor
        first = anchor.replace(minute=anchor.minute // 30 * 30)
        halves = range(HORIZON // 30 + 1)
        opened = [calendar is None or self.is_open(calendar, first + n * 30 * MINUTE) for n in halves]
        runs = [is_open for is_open in opened for _ in range(30)][(anchor - first) // MINUTE :][:HORIZON]
        for pause in pauses:
            assert pause.end is not None
            begins, ends = (max(0, min(HORIZON, (at - anchor) // MINUTE)) for at in (pause.start, pause.end))
            runs[begins:ends] = [False] * (ends - begins)
        self.sums = list(accumulate(runs, initial=0))

    @staticmethod
    def is_open(calendar: Calendar, at: datetime) -> bool:
        local = at.astimezone(calendar.zone)
        hours = calendar.exceptions.get(local.date(), calendar.weekly.get(local.weekday(), ()))
        now = local.time().replace(fold=0)
        return any(begins <= now and (ends == time() or now < ends) for begins, ends in hours)

    def elapsed(self, at: datetime) -> timedelta:
        return self.sums[(at - self.anchor) // MINUTE] * MINUTE

    def due(self, duration: timedelta) -> datetime | None:
        """The first minute by which so much has run off."""
        wanted = duration // MINUTE
        return self.anchor + self.sums.index(wanted) * MINUTE if wanted in self.sums else None

    def breach(self, duration: timedelta) -> datetime | None:
        """The last minute by which no more has run off."""
        last = bisect_right(self.sums, duration // MINUTE) - 1
        return self.anchor + last * MINUTE if last < HORIZON else None


@given(
    any_calendar(),
    st.booleans(),
    minutes_of_a_day,
    st.integers(1, 12 * 60),
    st.lists(st.tuples(spans, st.sampled_from(["customer", "part", "ours"])), max_size=4),
    st.lists(st.integers(0, HORIZON - 1), min_size=1, max_size=5),
)
def test_the_clock_is_one_that_looks_at_every_minute(calendar, working, minute, length, paused, nows):
    """Elapsed, due and in time until are those of the minutes; late is more than allowed is after the last one."""
    anchor, allowed = anchor_of(calendar, minute), length * MINUTE
    within: Allowance = WorkingTime(allowed) if working else ElapsedTime(allowed)
    target = Target(kind="resolve", within=within, calendar=calendar, pauses=PAUSABLE)
    pauses = [
        Pause(reason, anchor + start * MINUTE, anchor + (start + taken) * MINUTE)
        for (start, taken), reason in paused
    ]
    slow = SlowClock(
        calendar if working else None, anchor, [each for each in pauses if each.reason != "ours"]
    )
    run = Run(anchored_at=anchor, pauses=tuple(pauses))

    ended = evaluate(target, run, anchor + (HORIZON - 1) * MINUTE)
    due, breach = slow.due(allowed), slow.breach(allowed)
    if due is not None and breach is not None:
        assert (ended.due_at, ended.breach_at) == (due, breach)
    for now in (anchor + minute * MINUTE for minute in nows):
        clock = evaluate(target, run, now)
        assert clock.elapsed == slow.elapsed(now)
        assert clock.remaining == allowed - slow.elapsed(now)
        assert clock.late == (clock.elapsed > allowed) == (breach is not None and now > breach)
        standing = any(each.start <= now < each.end for each in pauses if each.reason != "ours" and each.end)
        assert clock.state is (
            ClockState.BREACHED if clock.late else ClockState.PAUSED if standing else ClockState.RUNNING
        )
        if not standing or now > anchor + 4000 * MINUTE:
            later = [each for each in pauses if each.start <= now and each.reason != "ours"]
            known = SlowClock(calendar if working else None, anchor, later)
            if known.due(allowed) is not None:
                assert clock.due_at == known.due(allowed)


@given(
    calendars,
    minutes_of_a_day,
    st.integers(1, 12 * 60),
    st.lists(spans, min_size=1, max_size=4),
    st.randoms(use_true_random=False),
    st.integers(0, 7000),
)
def test_how_pauses_are_written_means_nothing(calendar, minute, length, paused, order, now):
    """In any order, split anywhere, a part repeated: the clock says the same."""
    anchor = anchor_of(calendar, minute)
    target = Target(kind="x", within=WorkingTime(length * MINUTE), calendar=calendar, pauses=PAUSABLE)
    pauses = [
        Pause("part", anchor + start * MINUTE, anchor + (start + taken) * MINUTE) for start, taken in paused
    ]
    split = []
    for each in pauses:
        assert each.end is not None
        middle = each.start + (each.end - each.start) * order.randint(0, 4) // 4
        split += [replace(each, end=middle), replace(each, start=middle), replace(each, start=middle)]
    order.shuffle(split)
    one, other = (
        evaluate(target, Run(anchored_at=anchor, pauses=tuple(some)), anchor + now * MINUTE)
        for some in (pauses, split)
    )
    assert said(one) == said(other)


@given(calendars, minutes_of_a_day, st.integers(1, 12 * 60), st.integers(0, 5))
def test_a_pause_outside_the_hours_costs_nothing(calendar, minute, length, number):
    """Standing still from a closing until the next opening leaves the clock as it was."""
    anchor = anchor_of(calendar, minute)
    target = Target(kind="x", within=WorkingTime(length * MINUTE), calendar=calendar, pauses=PAUSABLE)
    closing = anchor
    for _ in range(number + 1):
        closing = calendar.last_closing(calendar.add_open_time(closing, timedelta(hours=5)))
    pause = Pause("customer", closing, calendar.next_opening(closing))
    now = closing + timedelta(days=2)
    plain, paused = (evaluate(target, Run(anchored_at=anchor, pauses=some), now) for some in ((), (pause,)))
    assert said(plain) == said(paused)


@given(calendars, minutes_of_a_day, st.integers(1, 12 * 60), st.lists(spans, max_size=3))
def test_time_only_runs_off(calendar, minute, length, paused):
    """Elapsed never shrinks, never runs faster than time, and is flat outside the hours and in pauses."""
    anchor = anchor_of(calendar, minute)
    target = Target(kind="x", within=WorkingTime(length * MINUTE), calendar=calendar, pauses=PAUSABLE)
    pauses = tuple(
        Pause("part", anchor + start * MINUTE, anchor + (start + taken) * MINUTE) for start, taken in paused
    )
    run = Run(anchored_at=anchor, pauses=pauses)
    clocks = [evaluate(target, run, anchor + n * 173 * MINUTE) for n in range(40)]
    for earlier, later in pairwise(clocks):
        ran = later.elapsed - earlier.elapsed
        assert timedelta() <= ran <= calendar.open_time(earlier.now, later.now)
        if any(pause.start <= earlier.now and pause.end and later.now <= pause.end for pause in pauses):
            assert ran == timedelta()


@given(
    calendars,
    minutes_of_a_day,
    st.integers(1, 12 * 60),
    st.lists(spans, max_size=3),
    st.lists(st.fractions(0, 2, max_denominator=20), min_size=2, max_size=6),
)
def test_rungs_stand_in_the_order_of_their_shares(calendar, minute, length, paused, shares):
    """A larger share is never reached earlier; that of the whole is the last instant in time."""
    anchor = anchor_of(calendar, minute)
    target = Target(kind="x", within=WorkingTime(length * MINUTE), calendar=calendar, pauses=PAUSABLE)
    pauses = tuple(
        Pause("part", anchor + start * MINUTE, anchor + (start + taken) * MINUTE) for start, taken in paused
    )
    clock = evaluate(target, Run(anchored_at=anchor, pauses=pauses), anchor + timedelta(days=30))
    instants = [
        clock.rung_at(Rung(level=1, action="tell", fraction=share))
        for share in (*sorted(shares), Fraction(1))
    ]
    assert None not in instants
    assert instants[:-1] == sorted(instants[:-1])  # type: ignore[type-var]
    assert instants[-1] == clock.breach_at
    assert all(calendar.is_open_at(at) for at in instants if at)


def said(clock: Clock) -> tuple[object, ...]:
    """All that a clock says, but for what it was asked of; reasons apart."""
    told = (clock.state, clock.until, clock.due_at, clock.breach_at, clock.elapsed, clock.allowed)
    return (*told, clock.late, clock.excused, dict(clock.paused), clock.remaining)


HOUR_RUNG = Rung(level=1, action="remind", offset=-60 * MINUTE)
HALF_RUNG = Rung(level=1, action="tell", fraction=Fraction(1, 2))
STEPS = ("pause", "part", "resume", "stop", "reopen", "extend", "record", "excuse", "void")


def stepped(run: Run, step: str, target: Target, at: datetime) -> Run:
    """The run after one thing more that happens; refused ones do not happen."""
    try:
        match step:
            case "pause":
                return run.paused("customer", at)
            case "part":
                return run.paused("part", at)
            case "resume":
                return run.resumed("customer", at)
            case "stop":
                return run.stopped(at)
            case "reopen":
                return run.reopened(target, at)
            case "extend":
                granted = Extension(
                    at=at, until=at + timedelta(days=2), approved_by="director", reason="stock"
                )
                return run.extended(target, granted)
            case "excuse":
                return run.excused(target, Excuse("festival", at, at + timedelta(hours=9)))
            case "void":
                return run.voided(at)
        return run.recorded(evaluate(target, run, at))
    except InvalidValue:
        return run


@given(
    calendars,
    minutes_of_a_day,
    st.integers(30, 12 * 60),
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 900)), max_size=12),
    st.lists(st.integers(-100, 9000), min_size=1, max_size=6),
)
def test_what_comes_later_is_not_known_yet(calendar, minute, length, steps, nows):
    """A clock that is asked for an earlier instant says what it said then, whatever happened since."""
    anchor = anchor_of(calendar, minute)
    target = Target(
        kind="x",
        within=WorkingTime(length * MINUTE),
        calendar=calendar,
        pauses=PAUSABLE,
        excuses=frozenset({"festival"}),
        extended_by="director",
        ladder=(HOUR_RUNG,),
    )
    history, at = [(anchor, Run(anchored_at=anchor))], anchor
    for step, minutes in steps:
        at += minutes * MINUTE
        history.append((at, stepped(history[-1][1], step, target, at)))
    whole = history[-1][1]
    late = False
    for now in sorted(anchor + minutes * MINUTE for minutes in nows):
        then = next((run for at, run in reversed(history) if at <= now), Run())
        clock = evaluate(target, then, now)
        replayed = evaluate(target, whole, now)
        assert said(replayed) == said(clock)
        assert replayed.rungs() == clock.rungs()
        recorded = whole.breach is not None and whole.breach.at <= now
        assert clock.late or not (late and recorded)
        late = clock.late


@given(
    calendars,
    minutes_of_a_day,
    st.integers(30, 12 * 60),
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 900)), max_size=12),
)
def test_what_was_seen_is_not_lost(calendar, minute, length, steps):
    """Whoever enters things as they happen never sees late turn into in time, nor a rung vanish or move."""
    target = Target(
        kind="x",
        within=WorkingTime(length * MINUTE),
        calendar=calendar,
        pauses=PAUSABLE,
        excuses=frozenset({"festival"}),
        extended_by="director",
        ladder=(HOUR_RUNG, HALF_RUNG),
    )
    at = anchor_of(calendar, minute)
    run, late = Run(anchored_at=at), False
    seen: dict[Rung, datetime] = {}
    for step, minutes in steps:
        at += minutes * MINUTE
        run = stepped(run, step, target, at)
        clock = evaluate(target, run, at)
        assert clock.late or not late
        reached = dict(clock.rungs())
        assert seen.items() <= reached.items()
        late, seen = clock.late, {rung: instant for rung, instant in reached.items() if instant < at}


@given(calendars, minutes_of_a_day, minutes_of_a_day, st.integers(1, 9), st.booleans())
def test_what_begins_later_is_not_due_earlier(calendar, one, other, days, to_end):
    """A later beginning has no earlier end, unless that one's own is skipped by the clocks and moves forward."""
    first, second = sorted((anchor_of(calendar, one), anchor_of(calendar, one + other)))
    for within in (
        WorkingDays(days, to_closing=to_end),
        CalendarDays(Period(days=days), to_midnight=to_end),
        CalendarDays(Period(months=days), to_midnight=to_end),
        WorkingTime(timedelta(hours=days)),
        ElapsedTime(timedelta(hours=days)),
    ):
        earlier, later = (within.allowed(anchor, calendar) for anchor in (first, second))
        at, ends = (instant.astimezone(calendar.zone).time() for instant in (first, earlier.due))
        skipped = isinstance(within, CalendarDays) and not to_end and at != ends
        assert earlier.due <= later.due or skipped
        for anchor, allowed in ((first, earlier), (second, later)):
            assert allowed.due > anchor
            assert allowed.calendar.open_time(anchor, allowed.due) == allowed.duration


@given(calendars, minutes_of_a_day, st.integers(1, 9))
def test_working_days_are_walked(calendar, minute, days):
    """The last working day is that of a calendar which turns page by page."""
    anchor = anchor_of(calendar, minute)
    page, left = anchor.astimezone(calendar.zone).date(), days
    while left:
        page += timedelta(days=1)
        left -= calendar.is_open_on(page)
    assert WorkingDays(days, to_closing=True).allowed(anchor, calendar).due == calendar.opening(page)[-1][1]


@given(
    calendars, minutes_of_a_day, st.lists(st.tuples(st.integers(1, 600), st.integers(0, 4000)), max_size=8)
)
def test_the_order_of_work_has_every_open_clock_once(calendar, minute, cases):
    """Nothing is lost, what is late stands first, and what is due earlier stands before what is due later."""
    anchor = anchor_of(calendar, minute)
    now = anchor + timedelta(days=2)
    clocks = [
        evaluate(
            Target(kind=str(n), within=WorkingTime(length * MINUTE), calendar=calendar),
            Run(anchored_at=anchor + begun * MINUTE),
            now,
        )
        for n, (length, begun) in enumerate(cases)
    ]
    order = by_urgency(clocks)
    assert sorted(clock.target.kind for clock in order) == sorted(clock.target.kind for clock in clocks)
    late = [clock.late for clock in order]
    assert late == sorted(late, reverse=True)
    for state in ClockState:
        due = [clock.due_at for clock in order if clock.state is state and clock.due_at]
        assert due == sorted(due)


# --- the text form, and what may go wrong

names = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)
lengths = st.integers(1, 10**12).map(lambda n: timedelta(microseconds=n)) | st.integers(1, 10**5).map(
    lambda n: timedelta(minutes=n)
)
times = st.integers(1, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
landings = st.builds(LandingDay, st.integers(0, 400), st.booleans(), st.none() | times | st.just(time()))


@st.composite
def cut_offs(draw) -> CutOffs:
    marks = sorted(draw(st.sets(times, max_size=3)))
    rows = [CutOff(mark, draw(landings)) for mark in (*marks, None)]
    try:
        return CutOffs(tuple(rows))
    except InvalidValue:
        assume(False)
        raise


allowances = st.one_of(
    st.builds(WorkingTime, lengths),
    st.builds(ElapsedTime, lengths),
    st.builds(WorkingDays, st.integers(1, 10**8), st.booleans()),
    st.builds(CalendarDays, st.integers(1, 10**8).map(lambda n: Period(days=n)), st.booleans()),
    st.builds(CalendarDays, st.integers(1, 10**8).map(lambda n: Period(months=n)), st.booleans()),
    st.builds(
        Blank, names, st.sampled_from(["working hours", "days to midnight", "working days to closing"])
    ),
    st.builds(Agreed, names),
    st.builds(Until, st.datetimes(timezones=st.just(UTC))),
    cut_offs(),
)


@given(allowances)
def test_every_allowance_has_a_text(allowance):
    """What is written of an allowance is read as the same."""
    assert parse_allowance(str(allowance)) == allowance


WORDS = (
    *("before", "later:", "same", "next", "day", "days", "working", "hours", "minutes", "to", "closing"),
    *("midnight", "agreed", "until", "12:00", "24:00", "99:99", "0", "3", "1.5", "{x}", ";", ":", "²", "٣"),
    *("999999999", "month", "2026-03-02T10:00:00+00:00", "9999-12-31T23:59:59-12:00"),
)
texts = st.text(max_size=40) | st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
instants = st.datetimes(timezones=st.sampled_from([UTC, *map(ZoneInfo, ZONES)])) | st.sampled_from(
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=ZoneInfo("Asia/Shanghai")),
        datetime(2026, 3, 5),
    ]
)
EVER = [
    Calendar("fixed", timezone(timedelta(hours=8)), weekly={0: ((time(8), time()),)}),
    Calendar("fair", ZoneInfo(ZONES[0]), weekly={}, exceptions={date(2026, 3, 5): ((time(8), time()),)}),
    Calendar.always(ZoneInfo(ZONES[1])),
]


@given(texts, instants, st.sampled_from(EVER))
def test_a_text_is_an_allowance_or_an_invalid_value(text, anchor, calendar):
    """No text and no anchor raises anything but what is promised."""
    try:
        allowance = parse_allowance(text)
        allowance.filled({"x": 3}).allowed(anchor, calendar)
    except (InvalidValue, MissingValue):
        return
    assert parse_allowance(str(allowance)) == allowance


@given(
    allowances,
    instants,
    st.lists(st.tuples(instants, st.none() | instants), max_size=2),
    st.none() | instants,
    st.timedeltas(min_value=timedelta(days=-1)) | st.just(timedelta.min),
    instants,
    st.sampled_from(EVER),
)
def test_a_clock_or_an_invalid_value(within, anchor, paused, stop, offset, now, calendar):
    """Whatever the instants and lengths, a clock comes out, or what is promised is raised."""
    try:
        rung = Rung(level=1, action="tell", offset=offset)
        target = Target(
            kind="x",
            within=within,
            calendar=calendar,
            pauses=PAUSABLE,
            ladder=(rung,),
            excuses=frozenset({"festival"}),
            extended_by="director",
        )
        pauses = tuple(Pause("part", *span) for span in paused)
        run = Run(anchored_at=anchor, pauses=pauses, stopped_at=stop)
        if stop is not None:
            run = run.reopened(target, now)
        run = run.excused(target, Excuse("festival", anchor, now))
        clock = evaluate(target, run, now)
        assert said(clock)
        clock.rungs()
        clock.due_if_resumed(now)
        run.extended(target, Extension(at=anchor, until=now, approved_by="director", reason="x"))
    except (InvalidValue, MissingValue):
        return
