"""An indicator over its periods as a picture: what is drawn, in which words, and what it never says."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise
from xml.etree.ElementTree import Element, fromstring

import pytest

from servflow.adapters.chart_svg import chart
from servflow.adapters.text_babel import LANGUAGES, Texts
from servflow.core.aftersales.desk_rules import Every, Indicator, Measure
from servflow.core.aftersales.reports.indicators import Figure
from servflow.core.aftersales.reports.periods import periods
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue

NAME = "{http://www.w3.org/2000/svg}"
NINETY = Indicator(measure=Measure.ON_TIME, at_least=Fraction(9, 10))
MONTHS = tuple(periods(Every.MONTH, Term(date(2026, 1, 1), date(2027, 1, 1))))
PLOT = 220
BOTTOM = 298


def figures(
    *counted: tuple[int, int],
    measure: Measure = Measure.ON_TIME,
    kind: str = "",
    threshold: Indicator | None = NINETY,
    terms: tuple[Term, ...] = MONTHS,
) -> list[Figure]:
    """So many of so many, month by month from January 2026 on."""
    return [
        Figure(
            measure=measure,
            period=term,
            numerator=numerator,
            denominator=denominator,
            kind=kind,
            threshold=threshold,
        )
        for term, (numerator, denominator) in zip(terms, counted, strict=False)
    ]


def drawn(found: list[Figure], language: str = "en", *, lines: bool = False) -> Element:
    """The picture, read as XML."""
    return fromstring(chart(found, Texts(language), lines=lines))


def marks(picture: Element) -> list[tuple[str, str, Element]]:
    """What each bar or point is of, in words, its class, and itself."""
    return [(group[0].text or "", group[1].get("class", ""), group[1]) for group in picture.iter(NAME + "g")]


def paths(picture: Element, kind: str) -> list[str]:
    """The lines of a class."""
    return [each.get("d", "") for each in picture.iter(NAME + "path") if each.get("class") == kind]


def words(picture: Element) -> list[str]:
    """Every text, in its order."""
    return [each.text or "" for each in picture.iter(NAME + "text")]


def test_each_bar_says_what_it_stands_for() -> None:
    """So many of so many, the share, what was to be reached, and whether it was; the description says all."""
    picture = drawn(figures((9, 10), (17, 20), (0, 0)))
    told = [said for said, _, _ in marks(picture)]
    assert told == [
        "2026-01: 9 of 10, 90 %, at least 90 %, reached",
        "2026-02: 17 of 20, 85 %, at least 90 %, not reached",
        "2026-03: 0 of 0, at least 90 %, nothing counted",
    ]
    assert picture.findtext(NAME + "title") == "on-time service, 2026-01 to 2026-03"
    assert picture.findtext(NAME + "desc") == "; ".join(told)
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "chart-title chart-desc"


def test_what_is_shown_apart_is_said_as_well() -> None:
    """Excused delays, and cases to which nothing was promised."""
    it = Figure(
        measure=Measure.ON_TIME, period=MONTHS[0], numerator=1, denominator=2, excused=3, unpromised=4
    )
    assert marks(drawn([it]))[0][0] == (
        "2026-01: 1 of 2, 50 %, nothing to be reached, 3 excused besides, 4 without a promise besides"
    )


def test_a_bar_is_as_high_as_its_share() -> None:
    """From nothing on: half a share is half as high, and classes tell what was reached from what was not."""
    picture = drawn(figures((100, 100), (50, 100), (0, 100)))
    bars = [(kind, float(bar.get("y", "")), float(bar.get("height", ""))) for _, kind, bar in marks(picture)]
    assert bars == [
        ("reached", BOTTOM - PLOT, PLOT),
        ("failed", BOTTOM - PLOT / 2, PLOT / 2),
        ("failed", BOTTOM, 0),
    ]
    assert words(picture)[-9:] == [
        *("2026-01", "100 %", "100/100"),
        *("2026-02", "50 %", "50/100"),
        *("2026-03", "0 %", "0/100"),
    ]


@pytest.mark.parametrize(
    ("counted", "share"), [((899, 1000), "89.9 %"), ((89999, 100000), "89.9 %"), ((2, 3), "66.6 %")]
)
def test_a_share_is_never_rounded_up(counted: tuple[int, int], share: str) -> None:
    """What fell short of 90 % never reads 90 %."""
    assert share in words(drawn(figures(counted)))


def test_the_threshold_is_drawn_where_it_held() -> None:
    """It steps where it changes, and is not there where nothing was to be reached."""
    more = Indicator(measure=Measure.ON_TIME, at_least=Fraction(1))
    found = [
        *figures((1, 1), (1, 1)),
        *figures((1, 1), threshold=more, terms=MONTHS[2:]),
        *figures((1, 1), threshold=None, terms=MONTHS[3:]),
    ]
    picture = drawn(found)
    _, first, second = paths(picture, "threshold")
    assert (first, second) == ("M72.0 100.0H504.0", "M504.0 78.0H720.0")
    assert "at least 90 % \N{RIGHTWARDS ARROW} at least 100 %" in words(picture)
    assert paths(drawn(figures((1, 2), threshold=None)), "threshold") == []


def test_what_is_to_be_reached_is_said_exactly() -> None:
    """Also a share that no decimal is exact for, and one that has to be stayed below."""
    third = Indicator(measure=Measure.ON_TIME, below=Fraction(1, 3))
    assert "below 1/3" in words(drawn(figures((1, 9), threshold=third)))


def test_a_low_share_is_seen() -> None:
    """The axis ends a little above the greatest share or threshold, not always at 100 %."""
    faults = Indicator(measure=Measure.COMPLAINTS, below=Fraction(3, 100))
    picture = drawn(figures((1, 100), (35, 1000), measure=Measure.COMPLAINTS, threshold=faults))
    axis = [each for each in words(picture) if each.endswith("%")]
    assert axis[1:6] == ["0 %", "1 %", "2 %", "3 %", "4 %"]
    assert picture.findtext(NAME + "title") == "complaints with service at fault, 2026-01 to 2026-02"


@pytest.mark.parametrize(
    ("counted", "top"), [((0, 5), "0.1 %"), ((7, 5), "150 %"), ((40, 1), "4,000 %"), ((1, 2), "50 %")]
)
def test_the_axis_fits_any_share(counted: tuple[int, int], top: str) -> None:
    """None at all, and more complaints than services."""
    axis = [each for each in words(drawn(figures(counted, threshold=None))) if each.endswith("%")]
    assert axis[-2] == top


def test_a_line_is_cut_where_nothing_counted() -> None:
    """A period without a sample is no share of nothing."""
    picture = drawn(figures((1, 1), (1, 2), (0, 0), (1, 1)), lines=True)
    assert paths(picture, "run") == ["M180.0 78.0L396.0 188.0", "M828.0 78.0"]
    assert [(each.tag.removeprefix(NAME), kind) for _, kind, each in marks(picture)] == [
        ("circle", "reached"),
        ("rect", "failed"),
        ("text", "axis"),
        ("circle", "reached"),
    ]


def test_many_periods_stay_legible() -> None:
    """Names that would run into one another are left out, and so are shares that have no room."""
    weeks = tuple(periods(Every.WEEK, Term(date(2026, 1, 1), date(2027, 1, 1))))
    picture = drawn(figures(*[(9, 10)] * 53, terms=weeks))
    assert len(marks(picture)) == 53
    below = [each for each in picture.iter(NAME + "text") if (each.text or "").startswith("2026-W")]
    places = [float(each.get("x", "")) for each in below]
    assert all(after - before > 70 for before, after in pairwise(places))
    assert "9/10" not in words(picture)
    assert marks(picture)[52][0].startswith("2026-W53: 9 of 10, 90 %")


def test_a_name_that_would_leave_the_picture_is_left_out() -> None:
    """At the right edge."""
    terms = tuple(Term(date(2026, 1, 1 + 2 * n), date(2026, 1, 3 + 2 * n)) for n in range(13))
    texts = words(drawn(figures(*[(9, 10)] * 13, terms=terms)))
    assert "2026-01-01/2026-01-02" in texts
    assert "2026-01-19/2026-01-20" in texts
    assert "2026-01-25/2026-01-26" not in texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_in_the_catalogues(language: str) -> None:
    """In each language, and for every measure; no code is left over."""
    for measure in Measure:
        kind = "quote" if measure is Measure.ON_TIME else ""
        picture = drawn(figures((1, 2), (0, 0), measure=measure, kind=kind), language)
        for each in (*words(picture), picture.findtext(NAME + "desc"), picture.findtext(NAME + "title")):
            assert "chart." not in (each or "")
        assert (picture.findtext(NAME + "title") or "").startswith(
            Texts(language).name("indicator", measure.value)
        )
        assert Texts(language).name("indicator", measure.value) != measure.value
    assert picture.get("lang") == language.replace("_", "-")


def test_a_kind_of_target_is_named() -> None:
    """Where the indicator is of one alone."""
    picture = drawn(figures((1, 2), kind="on-site", threshold=None))
    assert picture.findtext(NAME + "title") == "on-time service: arrival on site, 2026-01"


def test_the_picture_is_whole_by_itself_and_always_the_same() -> None:
    """No script, nothing from outside; ids begin with the one that was given; dark pages have a look of their own."""
    found = figures((9, 10), (1, 2))
    text = chart(found, Texts("en"), id="kpi")
    assert text == chart(found, Texts("en"), id="kpi")
    assert "<script" not in text
    assert text.count("http") == 1  # the name of the format
    assert 'id="kpi-failed"' in text
    assert "url(#kpi-failed)" in text
    assert "@media (prefers-color-scheme:dark){#kpi .page{fill:#16181c}" in text


@pytest.mark.parametrize(
    ("found", "id"),
    [
        ([], "chart"),
        (figures(*[(1, 1)]) * 121, "chart"),
        ([*figures((1, 1)), *figures((1, 1), measure=Measure.REPEATS, terms=MONTHS[1:])], "chart"),
        ([*figures((1, 1)), *figures((1, 1), kind="quote", terms=MONTHS[1:])], "chart"),
        (figures((1, 1), (1, 1))[::-1], "chart"),
        (figures((1, 1)) * 2, "chart"),
        (figures((1, 1)), "1st"),
    ],
)
def test_what_is_no_chart_is_refused(found: list[Figure], id: str) -> None:
    """Nothing or too much, several indicators at once, periods out of order, an id that is none."""
    with pytest.raises(InvalidValue):
        chart(found, Texts("en"), id=id)
