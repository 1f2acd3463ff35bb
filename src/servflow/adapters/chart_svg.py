"""An indicator over its periods as a picture (指标图), with what was to be reached; a balance over time.

1. The picture is whole by itself: no script, no reference to anything outside, one title and one description
   that say in words what it shows. It reads in grey as in colours, on a light page and on a dark one.
2. The share of every period stands with what it is made of: so many of so many; below it where there is
   room, and always in the title of its bar and in the description. The axis begins at nothing.
3. A share is cut off after one decimal, never rounded up: what fell short of 90 % never reads 90.0 %.
4. What is to be reached is drawn for each period as it was then. A period in which nothing counted has a
   dash, and cuts the line.
5. A balance steps on its days; it has no bars, and nothing to be reached.
6. The same figures give the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Final, Protocol

from babel import Locale
from babel.numbers import format_decimal

from servflow.adapters._svg import LANE, MARGIN, WIDTH, Words, checked_id, framed, plain, rect, wide
from servflow.core.aftersales.desk_rules import Indicator
from servflow.core.aftersales.reports.indicators import Figure
from servflow.core.aftersales.reports.periods import label
from servflow.core.citations import Plain
from servflow.core.errors import InvalidValue
from servflow.core.money import Money

__all__ = ["Amounts", "balance_chart", "chart"]

_MOST: Final = 120  # figures in one picture
_LEFT: Final = 72  # of the plot
_PLOT: Final = 220  # its height
_TOP: Final = 4 * LANE + 6
_BAR: Final = 56  # how broad one is, at most
_STEPS: Final = tuple(Fraction(each, 1000) for each in (1, 2, 5, 10, 20, 50, 100, 200, 250, 500))
_MOST_TICKS: Final = 5

_NAMES: Final = {
    "reached": "chart.reached",
    "failed": "chart.failed",
    "free": "chart.free",
    "nothing": "chart.nothing",
}
"""What is said of each kind of figure."""

_STYLE: Final = (
    ".page{fill:#fff}",
    "text{font:12px sans-serif;fill:#1a1a1a;paint-order:stroke;stroke:#fff;stroke-width:3px}",
    ".h{font-weight:bold;font-size:15px}",
    ".b{font-weight:bold}",
    ".s{font-size:10px}",
    ".axis{fill:#444}",
    ".grid{stroke:#d0d0d0}",
    ".base{stroke:#1a1a1a}",
    ".reached{fill:#1f5f99}",
    ".failed{fill:url(#ID-failed);stroke:#8c1d18}",
    ".free{fill:#8a8a8a}",
    ".run{fill:none;stroke:#1f5f99;stroke-width:2}",
    ".threshold{fill:none;stroke:#1a1a1a;stroke-width:2;stroke-dasharray:7 4}",
    ".under{fill:none;stroke:#fff;stroke-width:4}",
    ".back{fill:#f6d5d2}",
    ".hatch{stroke:#8c1d18}",
)
"""How each kind of thing looks; a page that has the picture in it keeps its own."""

_DARK: Final = (
    ".page{fill:#16181c}",
    "text{fill:#f0f0f0;stroke:#16181c}",
    ".axis{fill:#c0c0c0}",
    ".grid{stroke:#3a3e45}",
    ".base{stroke:#f0f0f0}",
    ".reached{fill:#6fb1ea}",
    ".failed{stroke:#ff9a93}",
    ".free{fill:#9a9a9a}",
    ".run{stroke:#6fb1ea}",
    ".threshold{stroke:#f0f0f0}",
    ".under{stroke:#16181c}",
    ".back{fill:#4a1f1c}",
    ".hatch{stroke:#ff9a93}",
)
"""What looks otherwise where the reader has asked for dark pages."""

_DEFS: Final = (
    '<pattern id="ID-failed" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect class="back" width="6" height="6"/><path class="hatch" d="M0 6L6 0M0 0L6 6"/></pattern>'
)


class Amounts(Protocol):
    """A language that writes amounts, as ``text_babel.Texts`` does."""

    @property
    def language(self) -> str:
        """Which language it is, as Babel calls it (``zh_CN``)."""
        ...

    def money(self, money: Money) -> str:
        """The amount as it is written there."""
        ...


def chart(figures: Sequence[Figure], words: Words, *, lines: bool = False, id: str = "chart") -> str:
    """The picture of one indicator over its periods as one SVG; ``id`` begins the ids in it.

    Bars, or with ``lines`` a line from period to period.

    Raises:
        InvalidValue: there is no figure, or more than 120; they are of different measures or kinds, or not in
            the order of their periods; or ``id`` is none.
    """
    checked_id(id)
    if not 0 < len(figures) <= _MOST:
        raise InvalidValue("figures", len(figures), f"1 to {_MOST} figures")
    for before, after in pairwise(figures):
        if (before.measure, before.kind) != (after.measure, after.kind):
            raise InvalidValue("figures", f"{after.measure.value} {after.kind}".strip(), "one indicator")
        if after.period.start < before.period.until:
            raise InvalidValue("figures", label(after.period), f"a period after {label(before.period)}")
    return _Picture(figures, words, lines=lines, id=id).text()


class _Picture:
    """One picture while it is drawn."""

    def __init__(self, figures: Sequence[Figure], words: Words, *, lines: bool, id: str) -> None:
        self.figures = figures
        self.words = words
        self.lines = lines
        self.id = id
        self.locale = Locale.parse(words.language)
        self.slot = (WIDTH - _LEFT - MARGIN) / len(figures)
        self.step = self._step()
        self.top = self.step * -(-self._most() // self.step)
        self.bottom = _TOP + _PLOT

    # --- from shares to pixels and words ------------------------------------------------------------------

    def _most(self) -> Fraction:
        """The greatest share that is drawn, or was to be reached."""
        wanted = [_wanted(each.threshold) for each in self.figures if each.threshold is not None]
        return max([Fraction(1, 1000), *wanted, *(each.share or Fraction() for each in self.figures)])

    def _step(self) -> Fraction:
        """How far one line of the grid lies from the next."""
        fitting = (step for step in _STEPS if self._most() <= step * _MOST_TICKS)
        return next(fitting, -(-self._most() // _MOST_TICKS) * Fraction(1))

    def x(self, number: int) -> float:
        """The middle of the slot of a figure."""
        return round(_LEFT + (number + 0.5) * self.slot, 1)

    def y(self, share: Fraction) -> float:
        """How high a share lies."""
        return round(self.bottom - float(share / self.top) * _PLOT, 1)

    def _percent(self, share: Fraction) -> str:
        """A share in percent, cut off after one decimal."""
        cut_off = Decimal(share.numerator * 1000 // share.denominator) / 10
        number = format_decimal(cut_off, format="#,##0.#", locale=self.locale)
        return self.words.text("ratio.percent", {"n": number})

    def _wants(self, threshold: Indicator) -> str:
        """What is to be reached, exactly."""
        wanted = _wanted(threshold)
        exact = (wanted * 1000).denominator == 1
        code = "chart.below" if threshold.at_least is None else "chart.at-least"
        return self.words.text(code, {"share": self._percent(wanted) if exact else str(wanted)})

    def _told(self, each: Figure) -> str:
        """A figure in words: its period, so many of so many, the share, and whether that is enough."""
        facts: dict[str, Plain] = {"numerator": each.numerator, "denominator": each.denominator}
        told = [self.words.text("chart.of", facts)]
        if each.share is not None:
            told.append(self._percent(each.share))
        if each.threshold is not None:
            told.append(self._wants(each.threshold))
        told.append(self.words.text(_NAMES[_kind(each)]))
        if each.excused:
            told.append(self.words.text("chart.excused", {"number": each.excused}))
        if each.unpromised:
            told.append(self.words.text("chart.unpromised", {"number": each.unpromised}))
        return f"{label(each.period)}: {', '.join(told)}"

    def _title(self) -> str:
        first = self.figures[0]
        measure = self.words.name("indicator", first.measure.value)
        if first.kind:
            facts: dict[str, Plain] = {
                "measure": measure,
                "kind": self.words.name("promise", first.kind),
            }
            measure = self.words.text("chart.kind", facts)
        facts = {"measure": measure, "first": label(first.period), "last": label(self.figures[-1].period)}
        return self.words.text("chart.title" if len(self.figures) > 1 else "chart.title-one", facts)

    # --- the parts ----------------------------------------------------------------------------------------

    def text(self) -> str:
        """All of it."""
        title = plain(self._title())
        height = self.bottom + 3 * LANE + MARGIN // 2
        style = [f"#ID {each}" for each in _STYLE]
        dark = "".join(f"#ID {each}" for each in _DARK)
        return framed(
            self.id,
            height,
            language=self.words.language,
            title=title,
            description=plain("; ".join(self._told(each) for each in self.figures)),
            style="".join((*style, f"@media (prefers-color-scheme:dark){{{dark}}}")),
            defs=_DEFS,
            parts=(
                f'<rect class="page" width="{WIDTH}" height="{height}"/>',
                f'<text class="h" x="{MARGIN}" y="{LANE + 6}">{title}</text>',
                *self._legend(2 * LANE + 8),
                *self._grid(),
                *(self._threshold() if self.lines else ()),
                *(self._run() if self.lines else ()),
                *self._marks(),
                *(() if self.lines else self._threshold()),
                f'<path class="base" d="M{_LEFT} {self.bottom}H{WIDTH - MARGIN}"/>',
                *self._labels(),
            ),
        )

    def _legend(self, y: int) -> Iterator[str]:
        """What the kinds of bars mean, as far as there are any, and the thresholds, from left to right."""
        x = float(MARGIN)
        there = {_kind(each) for each in self.figures}
        for kind in ("reached", "failed", "free"):
            if kind in there:
                name = self.words.text(_NAMES[kind])
                yield rect(kind, x, y - 10, x + 18, 11)
                yield f'<text x="{round(x + 24, 1)}" y="{y}">{plain(name)}</text>'
                x = round(x + 24 + wide(name) + 18, 1)
        wanted = [each.threshold for each in self.figures if each.threshold is not None]
        if wanted:
            name = " \N{RIGHTWARDS ARROW} ".join(self._wants(each) for each, _ in groupby(wanted))
            yield f'<path class="threshold" d="M{x} {y - 4}H{round(x + 32, 1)}"/>'
            yield f'<text x="{round(x + 38, 1)}" y="{y}">{plain(name)}</text>'

    def _grid(self) -> Iterator[str]:
        """The lines of the axis with their shares."""
        for number in range(int(self.top / self.step) + 1):
            share = self.step * number
            y = self.y(share)
            yield f'<path class="grid" d="M{_LEFT} {y}H{WIDTH - MARGIN}"/>'
            yield (
                f'<text class="axis" x="{_LEFT - 8}" y="{round(y + 4, 1)}" text-anchor="end">'
                f"{plain(self._percent(share))}</text>"
            )

    def _marks(self) -> Iterator[str]:
        """A bar or a point for each period, which says in words what it stands for; a dash for nothing."""
        for number, each in enumerate(self.figures):
            x = self.x(number)
            if each.share is None:
                dash = f'<text class="axis" x="{x}" y="{self.bottom - 4}" text-anchor="middle">'
                mark = f"{dash}\N{EN DASH}</text>"
            else:
                mark = self._mark(x, self.y(each.share), _kind(each))
            yield f"<g><title>{plain(self._told(each))}</title>{mark}</g>"

    def _labels(self) -> Iterator[str]:
        """Below each period its name, its share, and what that is made of, as far as there is room."""
        every = self._every()
        for number, each in enumerate(self.figures):
            x, name = self.x(number), label(each.period)
            made_of = f"{each.numerator}/{each.denominator}"
            share = "" if each.share is None else self._percent(each.share)
            if number % every == 0 and x + wide(name) / 2 <= WIDTH:
                yield self._below(1, "axis", x, name)
            if max(wide(share), wide(made_of)) < self.slot:
                if share:
                    yield self._below(2, "b", x, share)
                yield self._below(3, "axis s", x, made_of)

    def _below(self, line: int, kind: str, x: float, text: str) -> str:
        """A text in a line below the axis."""
        y = self.bottom + line * LANE
        return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="middle">{plain(text)}</text>'

    def _mark(self, x: float, y: float, kind: str) -> str:
        """A bar; on a line a point: a square where it was not reached."""
        if not self.lines:
            half = min(self.slot * 0.7, _BAR) / 2
            return rect(kind, round(x - half, 1), y, round(x + half, 1), round(self.bottom - y, 1))
        if kind == "failed":
            return rect(kind, round(x - 5, 1), round(y - 5, 1), round(x + 5, 1), 10)
        return f'<circle class="{kind}" cx="{x}" cy="{y}" r="5"/>'

    def _every(self) -> int:
        """Which of the periods have their names below: all, or every so many."""
        longest = max(wide(label(each.period)) for each in self.figures) + 24
        return int(-(-longest // self.slot))

    def _run(self) -> Iterator[str]:
        """The line, from one period to the next; cut where nothing counted."""
        places = [
            (self.x(number), None if each.share is None else self.y(each.share))
            for number, each in enumerate(self.figures)
        ]
        for there, group in groupby(places, key=lambda place: place[1] is not None):
            if there:
                yield f'<path class="run" d="M{"L".join(f"{x} {y}" for x, y in group)}"/>'

    def _threshold(self) -> Iterator[str]:
        """What is to be reached, as long as it is the same; it steps where it changes."""
        numbered = enumerate(self.figures)
        for threshold, group in groupby(numbered, key=lambda each: each[1].threshold):
            places = [number for number, _ in group]
            if threshold is not None:
                y = self.y(_wanted(threshold))
                left, right = _LEFT + places[0] * self.slot, _LEFT + (places[-1] + 1) * self.slot
                path = f"M{round(left, 1)} {y}H{round(right, 1)}"
                yield f'<path class="under" d="{path}"/><path class="threshold" d="{path}"/>'


def balance_chart(
    points: Sequence[tuple[date, Money]], texts: Amounts, *, title: str, through: date, id: str = "balance"
) -> str:
    """A balance over time as one SVG: a line that steps, from the first point until the end of ``through``.

    Each point is the balance from its day on; every one is said in words, at its place and in the
    description.

    Raises:
        InvalidValue: there is no point, they are not in the order of their days, one lies after ``through``,
            an amount is below 0; or ``id`` is none.
        CurrencyMismatch: two amounts are of different currencies.
    """
    checked_id(id)
    days = [day for day, _ in points]
    if not days or days != sorted(set(days)) or days[-1] > through:
        found = ", ".join(day.isoformat() for day in days)
        raise InvalidValue("points", found, f"days one after the other, up to {through.isoformat()}")
    least = min(amount for _, amount in points)
    if least.minor < 0:
        raise InvalidValue("points", str(least), "amounts of 0 or more")
    return _Balance(points, texts, title=title, through=through, id=id).text()


class _Balance:
    """One picture of a balance while it is drawn."""

    def __init__(
        self, points: Sequence[tuple[date, Money]], texts: Amounts, *, title: str, through: date, id: str
    ) -> None:
        self.points = points
        self.texts = texts
        self.title = plain(title)
        self.through = through
        self.id = id
        self.first = points[0][0]
        most = max(amount for _, amount in points).minor
        digits: int = 10 ** (len(str(max(most // _MOST_TICKS, 1))) - 1)
        self.step = next(size * digits for size in (1, 2, 5, 10) if most <= size * digits * _MOST_TICKS)
        self.top = self.step * max(-(-most // self.step), 1)
        self.left = round(wide(self._said(self.top)) + MARGIN + 8, 1)
        self.bottom = _TOP + _PLOT

    def _said(self, minor: int) -> str:
        return self.texts.money(Money.of_minor(minor, self.points[0][1].currency))

    def x(self, day: date) -> float:
        """Where a day begins."""
        days = (self.through - self.first).days + 1
        return round(self.left + (WIDTH - MARGIN - self.left) * (day - self.first).days / days, 1)

    def y(self, amount: Money) -> float:
        """How high an amount lies."""
        return round(self.bottom - amount.minor * _PLOT / self.top, 1)

    def text(self) -> str:
        """All of it."""
        told = [f"{day.isoformat()}: {self.texts.money(amount)}" for day, amount in self.points]
        height = self.bottom + LANE + MARGIN // 2
        style = [f"#ID {each}" for each in _STYLE]
        dark = "".join(f"#ID {each}" for each in _DARK)
        return framed(
            self.id,
            height,
            language=self.texts.language,
            title=self.title,
            description=plain("; ".join(told)),
            style="".join((*style, f"@media (prefers-color-scheme:dark){{{dark}}}")),
            defs=_DEFS,
            parts=(
                f'<rect class="page" width="{WIDTH}" height="{height}"/>',
                f'<text class="h" x="{MARGIN}" y="{LANE + 6}">{self.title}</text>',
                *self._grid(),
                f'<path class="run" d="{self._line()}"/>',
                *(
                    f'<g><title>{plain(said)}</title><circle class="reached" cx="{self.x(day)}" '
                    f'cy="{self.y(amount)}" r="3"/></g>'
                    for (day, amount), said in zip(self.points, told, strict=True)
                ),
                f'<path class="base" d="M{self.left} {self.bottom}H{WIDTH - MARGIN}"/>',
                *self._days(),
            ),
        )

    def _grid(self) -> Iterator[str]:
        """The lines of the axis with their amounts."""
        for minor in range(0, self.top + 1, self.step):
            y = round(self.bottom - minor * _PLOT / self.top, 1)
            yield f'<path class="grid" d="M{self.left} {y}H{WIDTH - MARGIN}"/>'
            yield (
                f'<text class="axis" x="{round(self.left - 8, 1)}" y="{round(y + 4, 1)}" text-anchor="end">'
                f"{plain(self._said(minor))}</text>"
            )

    def _line(self) -> str:
        """From each point to the right, and from there up or down to the next."""
        (first, held), *others = self.points
        steps = "".join(f"H{self.x(day)}V{self.y(amount)}" for day, amount in others)
        return f"M{self.x(first)} {self.y(held)}{steps}H{WIDTH - MARGIN}"

    def _days(self) -> Iterator[str]:
        """The first day and the last, and between them the beginning of every year that has room."""
        room = wide(self.first.isoformat()) + 24
        last = WIDTH - MARGIN
        y = self.bottom + LANE
        yield f'<text class="axis" x="{self.left}" y="{y}">{self.first.isoformat()}</text>'
        after = self.left + room
        for year in range(self.first.year + 1, self.through.year + 1):
            x = self.x(date(year, 1, 1))
            if after <= x <= last - 2 * room:
                yield f'<text class="axis" x="{x}" y="{y}" text-anchor="middle">{year:04}</text>'
                after = x + room
        yield f'<text class="axis" x="{last}" y="{y}" text-anchor="end">{self.through.isoformat()}</text>'


def _wanted(threshold: Indicator) -> Fraction:
    share = threshold.below if threshold.at_least is None else threshold.at_least
    assert share is not None
    return share


def _kind(each: Figure) -> str:
    """How a figure is drawn: reached, failed, or free: nothing is to be reached, or nothing counted."""
    if each.share is None:
        return "nothing"
    return "free" if each.reached is None else "reached" if each.reached else "failed"
