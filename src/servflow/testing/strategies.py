"""Strategies for hypothesis: amounts, days, calendars, rules of every form, and facts that fit a rule.

1. Nothing is thrown away: what is drawn is right by the way it is made.
2. What is usual comes often, and the edges come too: month ends, leap days, a desk that is hardly
   ever open, an end before its beginning.
3. An argument that makes no sense is hypothesis' ``InvalidArgument``, where the strategy is made.

It is long because it has a maker for every form of rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final
from zlib import crc32
from zoneinfo import ZoneInfo

from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue, MissingExtra
from servflow.core.fees import (
    AsOf,
    Bracket,
    Cap,
    Choose,
    Compound,
    Count,
    Counting,
    DayCount,
    DayCountConvention,
    Days,
    FactKind,
    Facts,
    Fixed,
    Flat,
    Floor,
    Gap,
    Given,
    History,
    Ladder,
    Less,
    MaxOf,
    Measure,
    MinOf,
    Minutes,
    Months,
    OpenDays,
    OpenMinutes,
    OverBalance,
    Percent,
    PerUnit,
    Quantity,
    Reach,
    Rounded,
    Rule,
    Scale,
    Segmented,
    Special,
    Sum,
    Tiered,
    Tiering,
    Under,
    When,
    Zero,
    daily_surcharge,
    facts_read,
    interest,
)
from servflow.core.money import Money, Rounding, minor_digits
from servflow.core.worktime import Calendar, Hours
from servflow.testing._trees import nodes, starts_in

try:
    from hypothesis import strategies as st
    from hypothesis.errors import InvalidArgument
except ImportError as error:
    raise MissingExtra("hypothesis", "testing") from error

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "calendars",
    "clauses",
    "days",
    "facts",
    "instants",
    "measures",
    "moneys",
    "rules",
]

FIRST_DAY: Final = date(1996, 1, 1)
LAST_DAY: Final = date(2104, 12, 31)
"""Between them lie a century that has a leap day and one that has none."""

_LARGEST: Final = 1_000_000
_WIDTH: Final = 3  # parts of a sum, cases of a choice
_DAY: Final = timedelta(days=1)
_ZONES: Final[tuple[tzinfo, ...]] = (
    UTC,
    ZoneInfo("Asia/Shanghai"),
    ZoneInfo("Europe/Berlin"),
    timezone(timedelta(hours=5, minutes=45)),
)


def _refuse(message: str, *, where: bool) -> None:
    if where:
        raise InvalidArgument(message)


def _check_currency(currency: str) -> None:
    try:
        minor_digits(currency)
    except InvalidValue as error:
        raise InvalidArgument(str(error)) from None


# --- amounts, days, calendars ------------------------------------------------------------------------


def moneys(
    *, currency: str = "CNY", min_value: Money | None = None, max_value: Money | None = None
) -> st.SearchStrategy[Money]:
    """Amounts of ``currency``, from nothing up to a million minor units if no limits are given.

    Raises:
        InvalidArgument: the currency is none, a limit is of another one, or there is nothing between them.
    """
    _check_currency(currency)
    for name, limit in (("min_value", min_value), ("max_value", max_value)):
        wrong = limit is not None and (not isinstance(limit, Money) or limit.currency != currency)
        _refuse(f"{name}: found {limit!r}, expected an amount in {currency}", where=wrong)
    least = 0 if min_value is None else min_value.minor
    most = max(least, 0) + _LARGEST if max_value is None else max_value.minor
    _refuse(f"max_value: found {max_value!r}, expected at least {min_value!r}", where=least > most)
    few = min(most, least + 100)
    return st.one_of(st.integers(least, few), st.integers(least, most)).map(Money.maker(currency))


def days(*, min_value: date = FIRST_DAY, max_value: date = LAST_DAY) -> st.SearchStrategy[date]:
    """Days, both ends included; ends of months, leap days and turns of the year come often.

    Raises:
        InvalidArgument: an end is no date, or they are the wrong way round.
    """
    for name, limit in (("min_value", min_value), ("max_value", max_value)):
        _refuse(f"{name}: found {limit!r}, expected a date", where=type(limit) is not date)
    _refuse(f"max_value: found {max_value}, expected {min_value} or later", where=min_value > max_value)
    around = max(min_value, min(date(2026, 3, 15), max_value))
    near = st.dates(around, min(max_value, around + timedelta(300)) if around < max_value else around)
    anywhere = st.dates(min_value, max_value)
    edges = anywhere.map(lambda day: max(min_value, min(_edge_near(day), max_value)))
    return st.one_of(near, edges, anywhere)


def _edge_near(day: date) -> date:
    """An edge of the calendar in that year, which one the day says."""
    year = day.year
    last_of_february = date(year, 3, 1) - _DAY
    edges = (
        last_of_february,
        last_of_february + _DAY,
        date(year, 1, 31),
        date(year, 4, 30),
        date(year, 12, 31),
        date(year, 1, 1),
        date(year, 8, 31),
    )
    return edges[day.toordinal() % len(edges)]


def instants(*, min_value: date = FIRST_DAY, max_value: date = LAST_DAY) -> st.SearchStrategy[datetime]:
    """Aware instants on these days, in several zones; whole minutes mostly, and parts of them.

    Raises:
        InvalidArgument: an end is no date, or they are the wrong way round.
    """
    times = st.one_of(
        st.builds(time, st.integers(0, 23), st.sampled_from([0, 30, 59])),
        st.times(),
    )
    return st.builds(
        lambda day, at, zone: datetime.combine(day, at.replace(fold=0), tzinfo=zone),
        days(min_value=min_value, max_value=max_value),
        times,
        st.sampled_from(_ZONES),
    )


def clauses(*, ids: Sequence[str] = ("X-1", "X-2", "X-3")) -> st.SearchStrategy[Clause]:
    """Clauses with these ids, some with a place in their document.

    Raises:
        InvalidArgument: there is no id.
    """
    _refuse("ids: found none, expected at least one", where=not ids)
    return st.builds(Clause, st.sampled_from(list(ids)), st.sampled_from(["", "八 1", "§ 4 (2)"]))


_HOURS: Final[tuple[Hours, ...]] = (
    ((time(8, 30), time(12)), (time(13), time(17))),
    ((time(9), time(17)),),
    ((time(), time()),),
    ((time(22), time()),),
    ((time(), time(0, 0, 1)), (time(23, 59, 59), time())),
    ((time(8), time(9)), (time(9), time(10))),
)


@st.composite
def _calendars(draw: st.DrawFn, first: date, last: date) -> Calendar:
    hours = st.sampled_from(_HOURS)
    open_on = draw(st.one_of(st.just(range(5)), st.just(range(7)), st.sets(st.integers(0, 6), min_size=1)))
    weekly = {weekday: draw(hours) for weekday in sorted(open_on)}
    exceptions: dict[date, Hours] = draw(
        st.dictionaries(days(min_value=first, max_value=last), st.one_of(st.just(()), hours), max_size=5)
    )
    if draw(st.booleans()):  # a holiday of several days
        begins = draw(st.dates(first, last))
        for number in range(draw(st.integers(1, 9))):
            if begins + number * _DAY <= last:
                exceptions[begins + number * _DAY] = ()
    zone = draw(st.sampled_from(_ZONES))
    # two that differ have two names, so that a rule's text says which is meant
    written = repr((zone, sorted(weekly.items()), sorted(exceptions.items())))
    return Calendar(f"desk-{crc32(written.encode()):08x}", zone, weekly=weekly, exceptions=exceptions)


def calendars(*, min_value: date = FIRST_DAY, max_value: date = LAST_DAY) -> st.SearchStrategy[Calendar]:
    """Calendars of a desk: weekly hours, and days between these two that are closed, or open instead.

    Two that differ are called differently.

    Raises:
        InvalidArgument: an end is no date, or they are the wrong way round.
    """
    days(min_value=min_value, max_value=max_value)  # refuses what is none
    return _calendars(min_value, max_value)


# --- measures ----------------------------------------------------------------------------------------

_SPANS: Final = (("due", "end"), ("due", "end"), ("lent", "returned"))
_ANCHORS: Final = ("checkout", "due", "end")
_COUNTS: Final = (("volumes", "volume"), ("copies", "copy"))
_QUANTITIES: Final = (("weight", "kilogram"), ("distance", "kilometre"))
_AMOUNTS: Final = ("item_price", "deposit")
_FLAGS: Final = ("lost", "member", "damaged")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "category": ("ordinary", "rare", "古籍"),
    "reader": ("ordinary", "by post", 'a "friend"'),
}
"""By fact, the words it may say. The first always has a case, so that some word is always known."""


def _numbers(most: int = 60) -> st.SearchStrategy[Fraction | int]:
    return st.one_of(st.integers(0, most), st.fractions(0, most, max_denominator=12))


def _above_zero(most: int = 30) -> st.SearchStrategy[Fraction | int]:
    return st.one_of(st.integers(1, most), st.fractions(Fraction(1, 12), most, max_denominator=12))


def _ratios() -> st.SearchStrategy[Fraction | int]:
    """Ratios: 0.3 %, a third, everything, twice as much."""
    usual = st.sampled_from([Fraction(3, 1000), Fraction(1, 10), Fraction(1, 3), Fraction(435, 10000)])
    return st.one_of(usual, st.integers(0, 2), st.fractions(0, 2, max_denominator=400))


class _Measures:
    """How measures are drawn, and over which calendars."""

    def __init__(self, calendars: st.SearchStrategy[Calendar]) -> None:
        self.calendars = calendars

    def leaf(self, draw: st.DrawFn, *, whole: bool) -> Measure:
        after, through = draw(st.sampled_from(_SPANS))
        makers: list[Callable[[], Measure]] = [
            lambda: Days(after=after, through=through),
            lambda: Count(*draw(st.sampled_from(_COUNTS))),
            lambda: Fixed(draw(st.integers(0, 60) if whole else _numbers()), "day"),
            lambda: OpenDays(draw(self.calendars), after=after, through=through),
            lambda: Months(
                draw(st.sampled_from([Rounding.UP, Rounding.DOWN])),
                draw(st.sampled_from(EndOfMonth)),
                after=after,
                through=through,
            ),
        ]
        if not whole:
            makers += [
                lambda: Quantity(*draw(st.sampled_from(_QUANTITIES))),
                Minutes,
                lambda: OpenMinutes(draw(self.calendars)),
                lambda: DayCount(draw(st.sampled_from(DayCountConvention)), after=after, through=through),
            ]
        return draw(st.sampled_from(makers))()

    def any(self, draw: st.DrawFn, depth: int, *, whole: bool = False) -> Measure:
        if depth <= 0 or draw(st.booleans()):
            return self.leaf(draw, whole=whole)
        step = st.integers(1, 9) if whole else _above_zero()
        makers: list[Callable[[Measure], Measure]] = [
            lambda it: it.deduct(self.like(draw, it, depth - 1, whole=whole)),
            lambda it: it.cliff(self.like(draw, it, depth - 1, whole=whole)),
            lambda it: it.at_most(self.like(draw, it, depth - 1, whole=whole)),
            lambda it: it + self.like(draw, it, depth - 1, whole=whole),
            lambda it: it * self.any(draw, depth - 1, whole=whole),
            lambda it: it.periods(draw(_above_zero()), draw(st.sampled_from(Counting))),
            lambda it: it.converted(draw(step), draw(st.sampled_from(["hour", "unit"]))),
            lambda it: it.rounded(draw(st.sampled_from(Rounding)), draw(step)),
        ]
        return draw(st.sampled_from(makers))(self.any(draw, depth - 1, whole=whole))

    def like(self, draw: st.DrawFn, one: Measure, depth: int, *, whole: bool) -> Measure:
        """A measure of the unit of ``one``."""
        if "*" in one.unit:
            return one  # a product has no fixed quantity, and nothing is converted into it
        fixed = Fixed(draw(st.integers(0, 30) if whole else _numbers(30)), one.unit)
        if depth < 0 or draw(st.booleans()):
            return fixed
        other = self.any(draw, depth, whole=whole)
        return other if other.unit == one.unit else other.converted(draw(st.integers(1, 3)), one.unit)


@st.composite
def _measure(draw: st.DrawFn, family: _Measures, depth: int, unit: str | None, *, whole: bool) -> Measure:
    made = family.any(draw, depth, whole=whole)
    if unit is None or made.unit == unit:
        return made
    return made.converted(draw(st.integers(1, 3) if whole else _above_zero()), unit)


def measures(
    *,
    unit: str | None = None,
    whole: bool = False,
    depth: int = 2,
    calendars: st.SearchStrategy[Calendar] | None = None,
) -> st.SearchStrategy[Measure]:
    """Measures of every form, as many as ``depth`` within each other.

    They read the days ``due``, ``end``, ``lent`` and ``returned``, the instants ``due_at`` and
    ``end_at``, the counts ``volumes`` and ``copies``, the quantities ``weight`` and ``distance``. All
    give ``unit`` if one is asked for, and whole numbers only if ``whole``.

    Raises:
        InvalidArgument: the unit is no unit, or the depth is negative.
    """
    _refuse(f"depth: found {depth}, expected 0 or more", where=depth < 0)
    if unit is not None:
        try:
            Fixed(0, unit)
        except InvalidValue as error:
            raise InvalidArgument(str(error)) from None
    return _measure(_Measures(calendars or _usual_calendars()), depth, unit, whole=whole)


def _usual_calendars() -> st.SearchStrategy[Calendar]:
    return _calendars(date(2025, 1, 1), date(2027, 12, 31))


# --- rules -------------------------------------------------------------------------------------------


class _Rules:
    """How rules are drawn. ``bound`` is the balance that they may read as an amount, within its history."""

    def __init__(self, currency: str, measures: _Measures, *, gaps: bool) -> None:
        self.currency = currency
        self.measures = measures
        self.gaps = gaps
        self.money = moneys(currency=currency, max_value=Money.of_minor(_LARGEST, currency))

    def any(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...] = ()) -> Rule:
        makers = self._leaves(draw, depth, bound) if depth <= 0 else self._all(draw, depth - 1, bound)
        return draw(st.sampled_from(makers))()

    def _some(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> tuple[Rule, ...]:
        count = draw(st.integers(1, _WIDTH))
        return tuple(self.any(draw, depth, bound) for _ in range(count))

    def _measure(self, draw: st.DrawFn, depth: int, *, whole: bool = False) -> Measure:
        return self.measures.any(draw, min(depth, 2), whole=whole)

    def _given(self, draw: st.DrawFn, bound: tuple[str, ...]) -> Rule:
        # the balance first, where there is one: it is what the rule is about
        return Given(draw(st.sampled_from((*bound, *bound, *_AMOUNTS))), self.currency)

    def _leaves(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> list[Callable[[], Rule]]:
        per = st.one_of(st.just(1), _above_zero())
        makers: list[Callable[[], Rule]] = [
            lambda: Flat(draw(self.money)),
            lambda: Zero(self.currency),
            lambda: self._given(draw, bound),
            lambda: PerUnit(self._measure(draw, depth + 1), draw(self.money), per=draw(per)),
        ]
        if self.gaps:
            makers.append(lambda: Gap(self.currency))
        return makers

    def _all(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> list[Callable[[], Rule]]:
        def one() -> Rule:
            return self.any(draw, depth, bound)

        def some() -> tuple[Rule, ...]:
            return self._some(draw, depth, bound)

        def measure() -> Measure:
            return self._measure(draw, depth)

        rounding = st.sampled_from(Rounding)
        step = st.sampled_from([1, 1, 5, 10, 100])
        return [
            *self._leaves(draw, depth, bound),
            lambda: Percent(one(), draw(_ratios())),
            lambda: self._tiered(draw, depth),
            lambda: self._tiered_amount(draw, depth, bound),
            lambda: self._ladder(draw, depth),
            lambda: self._compound(draw, depth, bound),
            lambda: daily_surcharge(
                one(), draw(_ratios()), self._few(draw, depth), compounded=False, capped=draw(st.booleans())
            ),
            lambda: When(draw(st.sampled_from(_FLAGS)), one(), otherwise=one()),
            lambda: self._choose(draw, depth, bound),
            lambda: self._special(draw, depth, bound),
            lambda: self._as_of(draw, depth, bound),
            lambda: self._segmented(draw, depth, bound),
            lambda: self._over_balance(draw, depth),
            lambda: self._interest(draw),
            lambda: Sum(some()),
            lambda: MaxOf(some()),
            lambda: MinOf(some()),
            lambda: self._cap(one(), one()),
            lambda: self._floor(one(), one()),
            lambda: Less(one(), one()),
            lambda: Scale(one(), measure()),
            lambda: Under(draw(clauses()), one()),
            lambda: Rounded(one(), draw(rounding), step=draw(step)),
        ]

    def _cap(self, rule: Rule, limit: Rule) -> Rule:
        most, floor = limit.most, rule.least_set
        if most is not None and floor is not None and most < floor:
            limit = Sum((limit, Flat(Money.of_minor(int(floor), self.currency))))
        return Cap(rule, limit)

    def _floor(self, rule: Rule, limit: Rule) -> Rule:
        try:
            return Floor(rule, limit)
        except InvalidValue:  # the limit is a fixed amount above a cap: take one that is just below it
            return Floor(rule, Flat(Money.of_minor(int(rule.most or 0), self.currency)))

    def _limits(self, draw: st.DrawFn, numbers: st.SearchStrategy[Any]) -> list[Any]:
        found: list[Any] = draw(st.lists(numbers, max_size=_WIDTH, unique=True))
        return sorted(found)

    def _tiered(self, draw: st.DrawFn, depth: int) -> Rule:
        limits = [0, *self._limits(draw, _above_zero(60)), None]
        per = st.one_of(st.just(1), _above_zero())
        brackets = [Bracket(after, upto, draw(self.money), per=draw(per)) for after, upto in pairwise(limits)]
        quantity = self._measure(draw, depth)
        tiering = draw(st.sampled_from(Tiering))
        start = None
        if tiering is Tiering.GRADUATED and draw(st.booleans()):
            start = self.measures.like(draw, quantity, depth - 1, whole=False)
        return Tiered(quantity, tuple(draw(st.permutations(brackets))), tiering, start=start)

    def _tiered_amount(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> Rule:
        nothing = Money.of_minor(0, self.currency)
        above = moneys(
            currency=self.currency,
            min_value=Money.of_minor(1, self.currency),
            max_value=Money.of_minor(_LARGEST, self.currency),
        )
        limits = [nothing, *self._limits(draw, above), None]
        brackets = [Bracket(after, upto, draw(_ratios())) for after, upto in pairwise(limits)]
        quantity = self.any(draw, depth, bound)
        tiering = draw(st.sampled_from(Tiering))
        start = None
        if tiering is Tiering.GRADUATED and draw(st.booleans()):
            start = self.any(draw, 0, bound)
        return Tiered(quantity, tuple(draw(st.permutations(brackets))), tiering, start=start)

    def _ladder(self, draw: st.DrawFn, depth: int) -> Rule:
        thresholds = draw(st.lists(_numbers(), min_size=1, max_size=_WIDTH, unique=True))
        steps = tuple((threshold, draw(self.money)) for threshold in thresholds)
        return Ladder(self._measure(draw, depth), steps, draw(st.sampled_from(Reach)))

    def _few(self, draw: st.DrawFn, depth: int) -> Measure:
        """Whole periods, not so many that an amount grows beyond all measure."""
        periods = self._measure(draw, depth, whole=True)
        return periods.periods(1, Counting.END).at_most(Fixed(draw(st.integers(0, 40)), "period"))

    def _compound(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> Rule:
        ratio = st.one_of(st.sampled_from([Fraction(3, 1000), Fraction(1, 10)]), st.integers(0, 1))
        return Compound(self.any(draw, depth, bound), draw(ratio), self._few(draw, depth))

    def _choose(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> Rule:
        name = draw(st.sampled_from(sorted(_WORDS)))
        first, *others = _WORDS[name]
        words = draw(st.permutations([first, *draw(st.lists(st.sampled_from(others), unique=True))]))
        return Choose(name, tuple((word, self.any(draw, depth, bound)) for word in words))

    def _special(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> Rule:
        flags = draw(st.lists(st.sampled_from(_FLAGS), min_size=1, unique=True))
        cases = tuple((flag, self.any(draw, depth, bound)) for flag in flags)
        return Special(self.any(draw, depth, bound), cases)

    def _starts(self, draw: st.DrawFn) -> list[date | None]:
        later = days(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31))
        dated: list[date | None] = [*sorted(draw(st.lists(later, max_size=2, unique=True)))]
        return [None, *dated] if not dated or draw(st.booleans()) else dated

    def _as_of(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> Rule:
        versions = tuple((start, self.any(draw, depth, bound)) for start in self._starts(draw))
        return AsOf(draw(st.sampled_from(_ANCHORS)), versions)

    def _segmented(self, draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> Rule:
        starts: list[date | str | None] = [*self._starts(draw)]
        if draw(st.booleans()):
            starts.insert(draw(st.integers(1, len(starts))), "recalled_on")
        versions = tuple((start, self.any(draw, depth, bound)) for start in starts)
        return Segmented(*draw(st.sampled_from(_SPANS)), versions)

    def _over_balance(self, draw: st.DrawFn, depth: int) -> Rule:
        history = draw(st.sampled_from(["principal", "unpaid"]))
        after, through = draw(st.sampled_from(_SPANS))
        return OverBalance(history, self.any(draw, depth, (history,)), after=after, through=through)

    def _interest(self, draw: st.DrawFn) -> Rule:
        after, through = draw(st.sampled_from(_SPANS))
        convention = draw(st.sampled_from(DayCountConvention))
        rates = [(start, draw(_ratios())) for start in self._starts(draw)]
        return interest("principal", self.currency, rates, convention, after=after, through=through)


@st.composite
def _rule(draw: st.DrawFn, family: _Rules, depth: int, *, cited: bool) -> Rule:
    rule: Rule = Rounded(
        family.any(draw, depth),
        draw(st.sampled_from(Rounding)),
        step=draw(st.sampled_from([1, 1, 1, 5, 100])),
    )
    if cited or draw(st.booleans()):
        rule = Under(draw(clauses()), rule)
    return rule


def rules(
    *,
    currency: str = "CNY",
    depth: int = 3,
    cited: bool = False,
    gaps: bool = False,
    calendars: st.SearchStrategy[Calendar] | None = None,
) -> st.SearchStrategy[Rule]:
    """Whole rules over every form, rounded at last so that they can be evaluated.

    At most ``depth`` forms stand within each other, measures not counted. If ``cited``, every step is
    under a clause. A ``Gap``, which never gives an amount, is among the forms only if ``gaps``.

    Raises:
        InvalidArgument: the currency is none, or the depth is negative.
    """
    _check_currency(currency)
    _refuse(f"depth: found {depth}, expected 0 or more", where=depth < 0)
    family = _Rules(currency, _Measures(calendars or _usual_calendars()), gaps=gaps)
    return _rule(family, depth, cited=cited)


# --- facts -------------------------------------------------------------------------------------------


class _Needs:
    """What a rule asks of facts, beside their names and kinds, so that it says something for them."""

    def __init__(self, rule: Rule) -> None:
        self.read = facts_read(rule)
        self.currency = rule.currency
        found = list(nodes(rule))
        dated = [node for node in found if isinstance(node, (AsOf, Segmented))]
        firsts = [node.versions[0][0] for node in dated]
        self.starts = sorted({start for start in starts_in(rule) if isinstance(start, date)})
        self.begins = max((start for start in firsts if isinstance(start, date)), default=date.min)
        """Before it, some rule has no version yet."""
        self.early = {start for start in firsts if isinstance(start, str)}
        """Days on which the first version of something begins."""
        self.exclusive = [[flag for flag, _ in node.cases] for node in found if isinstance(node, Special)]
        """Of these flags, more than one may be a conflict."""
        self.words: dict[str, list[str]] = {}
        for node in found:
            if isinstance(node, Choose):
                cases = [word for word, _ in node.cases]
                shared = [word for word in self.words.get(node.word, cases) if word in cases]
                self.words[node.word] = shared or cases

    def names(self, kind: FactKind) -> list[str]:
        return [name for name, each in self.read.items() if each is kind]


def _offsets() -> st.SearchStrategy[int]:
    """How many days after the first one another one lies: later as a rule, the same day, or before it."""
    return st.one_of(st.integers(0, 40), st.integers(0, 800), st.integers(-40, 0))


def _draw_days(draw: st.DrawFn, needs: _Needs) -> dict[str, date]:
    names = needs.names(FactKind.DAY)
    if not names:
        return {}
    earliest = max(needs.begins, FIRST_DAY)
    base = days(min_value=earliest, max_value=max(earliest, LAST_DAY))
    if needs.starts:  # around the days on which something changes
        around = st.builds(
            lambda day, off: day + off * _DAY, st.sampled_from(needs.starts), st.integers(-3, 3)
        )
        base = st.one_of(base, around.map(lambda day: max(day, earliest)))
    first = draw(base)
    found = {names[0]: first}
    for name in names[1:]:
        found[name] = max(first + draw(_offsets()) * _DAY, earliest)
    least = min(found.values())
    return {name: least if name in needs.early else day for name, day in found.items()}


def _draw_instants(draw: st.DrawFn, needs: _Needs, near: date) -> dict[str, datetime]:
    names = needs.names(FactKind.INSTANT)
    if not names:
        return {}
    first = draw(instants(min_value=near, max_value=near + 200 * _DAY))
    lengths = st.one_of(
        st.integers(0, 60 * 24 * 9).map(lambda minutes: timedelta(minutes=minutes)),
        st.timedeltas(timedelta(days=-3), timedelta(days=60)),
    )
    others = {name: (first + draw(lengths)).astimezone(draw(st.sampled_from(_ZONES))) for name in names[1:]}
    return {names[0]: first, **others}


@st.composite
def _history(draw: st.DrawFn, latest: date, money: st.SearchStrategy[Money]) -> History:
    day = latest - draw(st.integers(0, 60)) * _DAY
    found = [(day, draw(money))]
    for after in draw(st.lists(st.integers(1, 90), max_size=3)):
        day += after * _DAY
        found.append((day, draw(money)))
    return tuple(found)


@st.composite
def _facts(draw: st.DrawFn, needs: _Needs, *, unknown_words: bool, conflicts: bool) -> Facts:
    found_days = _draw_days(draw, needs)
    flags = {name: draw(st.booleans()) for name in needs.names(FactKind.FLAG)}
    if not conflicts:
        for group in needs.exclusive:
            applying = [flag for flag in group if flags[flag]]
            flags |= dict.fromkeys(applying[1:], False)
    money = moneys(currency=needs.currency)
    first = min(found_days.values(), default=date(2026, 3, 15))
    words = {}
    for name in needs.names(FactKind.WORD):
        known = needs.words.get(name, ["word"])
        words[name] = draw(st.sampled_from([*known, "of no case"] if unknown_words else known))
    return Facts(
        days=found_days,
        counts={name: draw(st.integers(0, 12)) for name in needs.names(FactKind.COUNT)},
        amounts={name: draw(money) for name in needs.names(FactKind.AMOUNT)},
        flags=flags,
        instants=_draw_instants(draw, needs, max(first, FIRST_DAY)),
        quantities={name: draw(_numbers(30)) for name in needs.names(FactKind.QUANTITY)},
        words=words,
        histories={name: draw(_history(first + _DAY, money)) for name in needs.names(FactKind.HISTORY)},
    )


def facts(rule: Rule, *, unknown_words: bool = False, conflicts: bool = False) -> st.SearchStrategy[Facts]:
    """Facts for ``rule``: all that it may read, and nothing else.

    It says something for each of them: words have a case, days are not before the first version, a
    history begins early enough, of special rules at most one applies. With ``unknown_words`` a word may
    have no case, with ``conflicts`` several special rules may apply. A ``Gap`` cannot be avoided.

    Raises:
        InvalidArgument: it is no rule, or reads one name as two kinds of facts.
    """
    _refuse(f"rule: found {rule!r}, expected a rule", where=not isinstance(rule, Rule))
    try:
        needs = _Needs(rule)
    except InvalidValue as error:
        raise InvalidArgument(str(error)) from None
    return _facts(needs, unknown_words=unknown_words, conflicts=conflicts)
