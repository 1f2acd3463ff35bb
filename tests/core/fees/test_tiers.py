"""Charges by how much there is: brackets, ladders, compound growth; and all that is refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees import (
    Bracket,
    Compound,
    Count,
    Counting,
    Facts,
    Fixed,
    Flat,
    Given,
    Ladder,
    Minutes,
    Operation,
    Quantity,
    Reach,
    Rounded,
    Tiered,
    Tiering,
    evaluate,
)
from servflow.core.money import Money, Rounding


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


DAYS = Count("days", "day")
BEFORE = Count("before", "day")
FINE = (Bracket(0, 7, cny("1")), Bracket(7, None, cny("2")))
GRADUATED = Tiered(DAYS, FINE, Tiering.GRADUATED)
VOLUME = Tiered(DAYS, FINE, Tiering.VOLUME)
MORE = Tiered(DAYS, FINE, Tiering.GRADUATED, start=BEFORE)


@pytest.mark.parametrize(
    ("days", "graduated", "volume"),
    [(0, "0", "0"), (1, "1", "1"), (7, "7", "7"), (8, "9", "16"), (10, "13", "20")],
)
def test_one_yuan_a_day_for_seven_days_and_then_two(days, graduated, volume):
    """Ten days are 7 at 1 and 3 at 2, that is 13; where the whole is in one bracket they are 20."""
    facts = Facts(counts={"days": days})
    assert evaluate(GRADUATED, facts).money == cny(graduated)
    assert evaluate(VOLUME, facts).money == cny(volume)


def test_five_days_and_five_more():
    """Ten days in two parts are 13 as at once, if the second part starts where the first one ended."""
    first = evaluate(MORE, Facts(counts={"days": 5, "before": 0})).money
    second = evaluate(MORE, Facts(counts={"days": 5, "before": 5})).money
    assert (first, second) == (cny("5"), cny("8"))
    assert first + second == evaluate(GRADUATED, Facts(counts={"days": 10})).money == cny("13")


@given(st.integers(0, 30), st.integers(0, 30))
def test_parts_cost_what_they_cost_at_once(first, second):
    """However a quantity is split, what it costs by brackets is the same."""
    whole = evaluate(GRADUATED, Facts(counts={"days": first + second})).money
    one = evaluate(GRADUATED, Facts(counts={"days": first})).money
    assert one + evaluate(MORE, Facts(counts={"days": second, "before": first})).money == whole


def told(rule, **counts: int) -> list[tuple[Operation, int]]:
    charge = evaluate(rule, Facts(counts=counts))
    return [(step.operation, int(step.exact)) for depth, step in charge.lines() if depth < 2]


def test_only_brackets_that_are_reached_are_told():
    """A bracket without anything in it has no step; with nothing at all, the first one says so."""
    assert told(GRADUATED, days=0) == [(Operation.TIERED, 0), (Operation.BRACKET, 0)]
    assert told(GRADUATED, days=7) == [(Operation.TIERED, 700), (Operation.BRACKET, 700)]
    assert told(GRADUATED, days=8) == [
        (Operation.TIERED, 900),
        (Operation.BRACKET, 700),
        (Operation.BRACKET, 200),
    ]
    assert told(VOLUME, days=8) == [(Operation.TIERED, 1600), (Operation.VOLUME, 1600)]
    assert told(VOLUME, days=0) == [(Operation.TIERED, 0), (Operation.VOLUME, 0)]
    assert told(MORE, days=1, before=7) == [(Operation.TIERED, 200), (Operation.BRACKET, 200)]
    assert told(MORE, days=0, before=9) == [(Operation.TIERED, 0), (Operation.BRACKET, 0)]
    assert told(MORE, days=0, before=3) == [(Operation.TIERED, 0), (Operation.BRACKET, 0)]


def test_a_bracket_tells_its_limits():
    """The step has the limits, the rate, and what that is for; the last bracket has no end."""
    steps = [step for _, step in evaluate(GRADUATED, Facts(counts={"days": 8})).lines()]
    inputs = [step.inputs for step in steps if step.operation is Operation.BRACKET]
    assert inputs == [
        (("after", Fraction()), ("upto", Fraction(7)), ("rate", cny("1")), ("per", Fraction(1))),
        (("after", Fraction(7)), ("rate", cny("2")), ("per", Fraction(1))),
    ]


ON_PRICE = (Bracket(cny("0"), cny("100"), Fraction(1, 10)), Bracket(cny("100"), None, Fraction(1, 20)))
PRICE = Given("price", "CNY")


@pytest.mark.parametrize(
    ("price", "graduated", "volume"),
    [("0", "0", "0"), ("100", "10", "10"), ("100.20", "10.01", "5.01"), ("300", "20", "15")],
)
def test_brackets_of_an_amount(price, graduated, volume):
    """10 % of the price up to 100 and 5 % of what lies above; or of all of it."""
    facts = Facts(amounts={"price": cny(price)})
    for tiering, money in ((Tiering.GRADUATED, graduated), (Tiering.VOLUME, volume)):
        rule = Rounded(Tiered(PRICE, ON_PRICE, tiering), Rounding.HALF_UP)
        assert evaluate(rule, facts).money == cny(money)
    before = Tiered(PRICE, ON_PRICE, Tiering.GRADUATED, start=Flat(cny("50")))
    if price == "300":
        assert evaluate(Rounded(before, Rounding.UP), facts).money == cny("17.50")


def test_brackets_are_kept_in_their_order():
    """Written in any order, rules with the same brackets are equal; numbers are kept as they read."""
    assert Tiered(DAYS, tuple(reversed(FINE)), Tiering.GRADUATED) == GRADUATED
    assert Bracket(Decimal(0), Fraction(14, 2), cny("1")) == FINE[0]
    assert GRADUATED.brackets == FINE


def inexact(number: float) -> Any:
    """A float, where its type would be refused before it is tried."""
    return number


@pytest.mark.parametrize(
    ("make", "field", "expected"),
    [
        (lambda: Bracket(7, 7, cny("1")), "upto", "more than 7"),
        (lambda: Bracket(7, 3, cny("1")), "upto", "more than 7"),
        (lambda: Bracket(-1, 3, cny("1")), "after", "an int, a Fraction or a Decimal, 0 or more; never a float"),
        (lambda: Bracket(0, inexact(3.5), cny("1")), "upto", "an int, a Fraction or a Decimal, 0 or more; never a float"),
        (lambda: Bracket(0, 3, cny("-1")), "rate", "an amount of money, 0 or more; credits are not charges"),
        (lambda: Bracket(cny("0"), None, inexact(0.1)), "rate", "an int, a Fraction or a Decimal, 0 or more; never a float"),
        (lambda: Bracket(cny("-1"), None, 1), "after", "an amount of money, 0 or more; credits are not charges"),
        (lambda: Bracket(0, cny("3"), cny("1")), "upto", "limits in money and a ratio, or limits in units and a rate in money"),
        (lambda: Bracket(cny("0"), cny("3"), cny("1")), "after", "limits in money and a ratio, or limits in units and a rate in money"),
        (lambda: Bracket(0, 3, Fraction(1, 10)), "after", "limits in money and a ratio, or limits in units and a rate in money"),
        (lambda: Bracket(0, 3, cny("1"), per=0), "per", "an int, a Fraction or a Decimal above 0"),
        (lambda: Bracket(0, 3, cny("1"), per=inexact(1.5)), "per", "an int, a Fraction or a Decimal above 0"),
        (lambda: Bracket(cny("0"), None, 1, per=2), "per", "1: a ratio is of the whole"),
    ],
)  # fmt: skip
def test_bad_brackets(make, field, expected):
    """A bracket is not empty, nothing in it is negative or a float, and its kinds are not mixed."""
    with pytest.raises(InvalidValue) as caught:
        make()
    assert (caught.value.field, caught.value.expected) == (field, expected)


def between(after: int, upto: int | None) -> Bracket:
    return Bracket(after, upto, cny("1"))


@pytest.mark.parametrize(
    ("brackets", "found", "expected"),
    [
        ((), (), "at least one bracket"),
        ((between(1, None),), "nothing up to 1", "a first bracket from 0; free is a rate of 0"),
        ((between(0, 7),), "nothing above 7", "a last bracket without end"),
        ((between(0, 7), between(8, None)), "nothing above 7 up to 8", "no hole; what is free is a bracket at rate 0"),
        ((between(0, 7), between(6, None)), "0 to 7 and 6 to the end", "brackets that do not overlap"),
        ((between(0, None), between(7, None)), "0 to the end and 7 to the end", "brackets that do not overlap"),
        ((between(0, 7), between(0, 7), between(7, None)), "0 to 7 and 0 to 7", "brackets that do not overlap"),
    ],
)  # fmt: skip
def test_brackets_that_do_not_fit(brackets, found, expected):
    """Holes and overlaps are refused when the rule is written, with the place where they are."""
    with pytest.raises(InvalidValue) as caught:
        Tiered(DAYS, brackets, Tiering.GRADUATED)
    assert (caught.value.field, caught.value.found, caught.value.expected) == ("brackets", found, expected)


def test_brackets_of_one_currency():
    """All rates, and the limits and the amount, are of one currency."""
    euro = Money("1", "EUR")
    with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
        Tiered(DAYS, (Bracket(0, 7, cny("1")), Bracket(7, None, euro)), Tiering.VOLUME)
    with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
        Tiered(PRICE, (Bracket(euro * 0, None, 1),), Tiering.VOLUME)
    with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
        Bracket(cny("0"), euro, 1)


def test_units_of_brackets_and_starts():
    """What was charged before is of the same unit; brackets of units meet no amount, and the other way round."""
    with pytest.raises(TypeError, match="start: found hour, expected day"):
        Tiered(DAYS, FINE, Tiering.GRADUATED, start=Count("hours", "hour"))
    with pytest.raises(TypeError, match="start: found CNY, expected day"):
        Tiered(DAYS, FINE, Tiering.GRADUATED, start=PRICE)
    with pytest.raises(TypeError, match=r"^brackets: found money, expected day"):
        Tiered(DAYS, ON_PRICE, Tiering.GRADUATED)
    with pytest.raises(TypeError, match=r"^brackets: found units, expected CNY"):
        Tiered(PRICE, FINE, Tiering.GRADUATED)


def test_no_start_where_all_is_in_one_bracket():
    """Where the whole quantity has one rate, a part of it has none of its own."""
    with pytest.raises(InvalidValue, match=r"^start: .*expected none: the whole falls in one bracket"):
        Tiered(DAYS, FINE, Tiering.VOLUME, start=BEFORE)


STEPS = ((3, cny("10")), (7, cny("20")))


@pytest.mark.parametrize(
    ("days", "reached_from", "reached_above"),
    [(0, "0", "0"), (2, "0", "0"), (3, "10", "0"), (4, "10", "10"), (7, "20", "10"), (8, "20", "20")],
)
def test_ladders(days, reached_from, reached_above):
    """The highest step that is reached, and nothing below the first; on the threshold the two ways part."""
    facts = Facts(counts={"days": days})
    for reach, money in ((Reach.FROM, reached_from), (Reach.ABOVE, reached_above)):
        assert evaluate(Ladder(DAYS, STEPS, reach), facts).money == cny(money)
    assert Ladder(DAYS, tuple(reversed(STEPS)), Reach.FROM) == Ladder(DAYS, STEPS, Reach.FROM)


def test_a_ladder_tells_its_step():
    """The step that is reached is told, with its threshold; below the first one there is none to tell."""
    rule = Ladder(DAYS, STEPS, Reach.FROM)
    assert evaluate(rule, Facts(counts={"days": 5})).derivation.inputs == (
        ("reach", "from"),
        ("threshold", Fraction(3)),
        ("amount", cny("10")),
    )
    assert evaluate(rule, Facts(counts={"days": 2})).derivation.inputs == ()


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), "at least one step, each with a threshold of its own"),
        (((3, cny("1")), (Fraction(3), cny("2"))), "at least one step, each with a threshold of its own"),
        (((0.5, cny("1")),), "an int, a Fraction or a Decimal, 0 or more; never a float"),
        (((-1, cny("1")),), "an int, a Fraction or a Decimal, 0 or more; never a float"),
        (((3, cny("-1")),), "an amount of money, 0 or more; credits are not charges"),
        (((3, 1),), "an amount of money, 0 or more; credits are not charges"),
    ],
)
def test_bad_ladders(steps, expected):
    """A ladder has a step, each threshold once, and nothing negative or inexact."""
    with pytest.raises(InvalidValue) as caught:
        Ladder(DAYS, steps, Reach.FROM)
    assert (caught.value.field, caught.value.expected) == ("steps", expected)


def test_a_ladder_of_one_currency():
    """The amounts of a ladder are of one currency, which is the rule's."""
    with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
        Ladder(DAYS, ((1, cny("1")), (2, Money("1", "EUR"))), Reach.FROM)
    assert Ladder(DAYS, STEPS, Reach.FROM).currency == "CNY"


@pytest.mark.parametrize(("days", "money"), [(0, "0"), (1, "10"), (2, "21"), (3, "33.10")])
def test_compound_growth(days, money):
    """100 grow by 10 % a day to 110, 121, 133.10: what is owed is what they grow by."""
    rule = Rounded(Compound(Flat(cny("100")), Fraction(1, 10), DAYS), Rounding.HALF_UP)
    assert evaluate(rule, Facts(counts={"days": days})).money == cny(money)


def test_periods_that_compound_are_whole():
    """Half a period does not compound: periods are counted first."""
    with pytest.raises(InvalidValue, match=r"^periods: found Minutes.*expected whole periods"):
        Compound(PRICE, 1, Minutes())
    with pytest.raises(InvalidValue, match="periods"):
        Compound(PRICE, 1, Quantity("weeks", "week"))
    Compound(PRICE, 1, Quantity("weeks", "week").periods(1, Counting.END))
    with pytest.raises(InvalidValue, match="periods"):
        Compound(PRICE, 1, Fixed(Fraction(1, 2), "week"))
    with pytest.raises(InvalidValue, match=r"^ratio: found 0\.1, .*never a float"):
        Compound(PRICE, 0.1, DAYS)  # type: ignore[arg-type]
