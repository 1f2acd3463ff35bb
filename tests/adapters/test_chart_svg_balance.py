"""A balance over time as a picture: a line that steps, on an axis of amounts, said in words."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from xml.etree.ElementTree import Element, fromstring

import pytest

from servflow.adapters.chart_svg import balance_chart
from servflow.adapters.text_babel import LANGUAGES, Texts
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.money import Money

NAME = "{http://www.w3.org/2000/svg}"
FIRST = date(2026, 1, 1)
THROUGH = date(2026, 12, 31)
RIGHT = 936
PLOT = 220
BOTTOM = 298


def points(*amounts: int, every: int = 100) -> list[tuple[date, Money]]:
    """Balances of yuan, every so many days from the first day on."""
    return [
        (FIRST + number * timedelta(days=every), Money(amount, "CNY"))
        for number, amount in enumerate(amounts)
    ]


def drawn(found: list[tuple[date, Money]], language: str = "en", *, through: date = THROUGH) -> Element:
    """The picture, read as XML."""
    return fromstring(balance_chart(found, Texts(language), title="Building <1>", through=through))


def line(picture: Element) -> str:
    """Where the line goes."""
    (found,) = (each.get("d", "") for each in picture.iter(NAME + "path") if each.get("class") == "run")
    return found


def words(picture: Element, kind: str = "axis") -> list[str]:
    """Every text of a class, in its order."""
    return [each.text or "" for each in picture.iter(NAME + "text") if each.get("class") == kind]


def test_the_line_steps_on_its_days_and_goes_on_to_the_end():
    """Half the amount is half as high; each step is level up to its day, and the last up to the right edge."""
    picture = drawn(points(100, 50, 0))
    left = float(line(picture).split()[0][1:])
    day = (RIGHT - left) / 365
    second, third = round(left + 100 * day, 1), round(left + 200 * day, 1)

    assert (
        line(picture) == f"M{left} {BOTTOM - PLOT}.0H{second}V{BOTTOM - PLOT / 2}H{third}V{BOTTOM}.0H{RIGHT}"
    )


def test_every_point_is_said_at_its_place_and_in_the_description():
    """Its day and its amount, as the language writes it; the title is that of the caller."""
    picture = drawn(points(1000, 50))
    told = [group.findtext(NAME + "title", "") for group in picture.iter(NAME + "g")]

    assert told == ["2026-01-01: CNY 1,000.00", "2026-04-11: CNY 50.00"]
    assert picture.findtext(NAME + "desc") == "; ".join(told)
    assert picture.findtext(NAME + "title") == words(picture, "h")[0] == "Building <1>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_speaks_each_language(language):
    """It says which it is, and writes amounts as the letters of that language do."""
    picture = drawn(points(1000), language)

    assert picture.get("lang") == language.replace("_", "-")
    assert Texts(language).money(Money(1000, "CNY")) in words(picture)


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, ["0.00", "0.01"]),
        (100, ["0.00", "20.00", "40.00", "60.00", "80.00", "100.00"]),
        (6_000_000, ["0.00", *(f"{n},000,000.00" for n in (2, 4, 6))]),
        (510, ["0.00", "200.00", "400.00", "600.00"]),
        (260, ["0.00", "100.00", "200.00", "300.00"]),
    ],
)
def test_the_axis_begins_at_nothing_and_has_at_most_five_steps(most, ticks):
    """Steps of 1, 2 or 5 and noughts, up to the first that is not below the greatest amount."""
    assert words(drawn(points(most)))[: len(ticks)] == [f"CNY {each}" for each in ticks]


def test_days_are_named_where_there_is_room():
    """The first and the last day, and the years between them, of two hundred years only some."""
    few = words(drawn(points(1), through=date(2029, 6, 30)))
    many = words(drawn(points(1), through=date(2225, 12, 31)))
    short = words(drawn(points(1), through=FIRST))

    assert [each for each in few if "CNY" not in each] == ["2026-01-01", "2027", "2028", "2029-06-30"]
    years = [int(each) for each in many if each.isdecimal()]
    assert 3 < len(years) < 12
    assert len({later - one for one, later in pairwise(years)}) <= 2
    assert short[-2:] == ["2026-01-01", "2026-01-01"]


@pytest.mark.parametrize(
    "wrong",
    [[], points(1, 2)[::-1], points(1, 2, every=0), points(1, 2, every=400), points(-1)],
    ids=["none", "backwards", "twice", "after the end", "below nothing"],
)
def test_points_that_are_no_balance_over_time_are_refused(wrong):
    """None at all, out of order, a day twice, after the last day, below nothing."""
    with pytest.raises(InvalidValue, match="points"):
        drawn(wrong)


def test_two_currencies_are_refused():
    """They have no common axis."""
    with pytest.raises(CurrencyMismatch):
        drawn([*points(1), (THROUGH, Money(1, "USD"))])


def test_an_id_that_is_none_is_refused():
    """It begins the ids of the picture."""
    with pytest.raises(InvalidValue, match="id"):
        balance_chart(points(1), Texts("en"), title="t", through=THROUGH, id="1 2")


def test_the_last_day_of_the_calendar_can_be_drawn():
    """A picture may go to the end of the year 9999."""
    assert line(drawn(points(1), through=date.max)).endswith(f"H{RIGHT}")
