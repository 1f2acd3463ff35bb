"""Derivations: stored steps replay by their own arithmetic, and what does not fit is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from servflow.core.errors import InvalidValue
from servflow.core.fees import Charge, Flat, Operation, Reach, Step, evaluate, replay
from servflow.core.fees.facts import Facts
from servflow.core.money import Money

DAY, LATER = date(2026, 3, 15), date(2026, 3, 20)
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
HALF = Fraction(1, 2)


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


def stored(operation: Operation, *inputs: object, parts: tuple[int | Fraction, ...] = ()) -> Step:
    """A step as it comes out of a journal; its parts are fixed quantities."""
    below = tuple(
        Step(operation=Operation.FIXED, unit="day", exact=Fraction(), inputs=(("quantity", Fraction(part)),))
        for part in parts
    )
    named = tuple((f"input_{number}", each) for number, each in enumerate(inputs))
    return Step(operation=operation, unit="CNY", exact=Fraction(999), inputs=named, parts=below)  # type: ignore[arg-type]


GOOD = [
    (Operation.FIXED, (HALF,), (), HALF),
    (Operation.COUNT, (2,), (), 2),
    (Operation.QUANTITY, (HALF,), (), HALF),
    (Operation.DAYS, (DAY, LATER), (), 5),
    (Operation.DAYS, (LATER, DAY), (), 0),
    (Operation.OPEN_DAYS, (DAY, LATER, 3), (), 3),
    (Operation.MINUTES, (NOON, NOON.replace(second=30)), (), HALF),
    (Operation.MINUTES, (NOON.replace(hour=13), NOON), (), 0),
    (Operation.OPEN_MINUTES, (NOON, NOON, HALF), (), HALF),
    (Operation.MONTHS, (DAY, LATER, "up", "clamp"), (), 1),
    (Operation.MONTHS, (DAY, LATER, "down", "next"), (), 0),
    (Operation.YEARS, (DAY, LATER, "act_360"), (), Fraction(5, 360)),
    (Operation.PLUS, (), (2, 3), 5),
    (Operation.TIMES, (), (2, 3), 6),
    (Operation.DEDUCT, (), (2, 3), 0),
    (Operation.DEDUCT, (), (5, 3), 2),
    (Operation.CLIFF, (), (3, 3), 0),
    (Operation.CLIFF, (), (4, 3), 4),
    (Operation.AT_MOST, (), (4, 3), 3),
    (Operation.PERIODS, (Fraction(3), "start"), (4,), 2),
    (Operation.PERIODS, (Fraction(3), "end"), (4,), 1),
    (Operation.CONVERTED, (HALF,), (4,), 2),
    (Operation.ROUNDED_QUANTITY, ("half_even", HALF), (Fraction(5, 4),), 1),
    (Operation.ZERO, (), (), 0),
    (Operation.FLAT, (cny("5"),), (), 500),
    (Operation.PER_UNIT, (cny("5"),), (2,), 1000),
    (Operation.PER_UNIT, (cny("5"),), (HALF,), 250),
    (Operation.PER_UNIT, (cny("5"), Fraction(3)), (2,), Fraction(1000, 3)),
    (Operation.PERCENT, (HALF,), (5,), Fraction(5, 2)),
    (Operation.GIVEN, (cny("5"),), (), 500),
    (Operation.TIERED, (), (1, 2), 3),
    (Operation.BRACKET, (Fraction(), Fraction(7), cny("1"), Fraction(1)), (10,), 700),
    (Operation.BRACKET, (Fraction(7), cny("2"), Fraction(1)), (10,), 600),
    (Operation.BRACKET, (Fraction(7), cny("2"), Fraction(1)), (5, 5), 600),
    (Operation.BRACKET, (Fraction(7), cny("2"), Fraction(1)), (1, 2), 0),
    (Operation.BRACKET, (cny("0"), cny("5"), HALF, Fraction(1)), (800,), 250),
    (Operation.BRACKET, (cny("5"), HALF, Fraction(1)), (800,), 150),
    (Operation.VOLUME, (Fraction(), Fraction(7), cny("1"), Fraction(1)), (7,), 700),
    (Operation.VOLUME, (Fraction(7), cny("2"), Fraction(1)), (10,), 2000),
    (Operation.VOLUME, (cny("0"), cny("5"), HALF, Fraction(1)), (500,), 250),
    (Operation.VOLUME, (cny("5"), HALF, Fraction(1)), (800,), 400),
    (Operation.LADDER, (), (3,), 0),
    (Operation.LADDER, ("from", Fraction(3), cny("5")), (3,), 500),
    (Operation.LADDER, ("above", Fraction(3), cny("5")), (4,), 500),
    (Operation.COMPOUND, (Fraction(1, 10),), (100, 2), 21),
    (Operation.WHEN, (True,), (3,), 3),
    (Operation.CHOOSE, ("rare",), (3,), 3),
    (Operation.SPECIAL, (), (3,), 3),
    (Operation.SPECIAL, ("vip, lost",), (3, 3), 3),
    (Operation.AS_OF, (DAY,), (3,), 3),
    (Operation.AS_OF, (DAY, LATER), (3,), 3),
    (Operation.SEGMENTED, (), (), 0),
    (Operation.SEGMENTED, (), (1, 2), 3),
    (Operation.OVER_BALANCE, ("unpaid",), (), 0),
    (Operation.OVER_BALANCE, ("unpaid",), (1, 2), 3),
    (Operation.SUM, (), (1, 2), 3),
    (Operation.MAX_OF, (), (1, 2), 2),
    (Operation.MIN_OF, (), (1, 2), 1),
    (Operation.CAP, (), (5, 2), 2),
    (Operation.FLOOR, (), (5, 2), 5),
    (Operation.SCALE, (), (5, 2), 10),
    (Operation.LESS, (), (5, 2), 3),
    (Operation.LESS, (), (2, 5), 0),
    (Operation.ROUNDED, ("up", 30), (100,), 120),
]


@pytest.mark.parametrize(("operation", "inputs", "parts", "exact"), GOOD)
def test_stored_steps_replay(operation, inputs, parts, exact):
    """A step is worked out anew from its inputs and parts; the values stored in it have no say."""
    assert replay(stored(operation, *inputs, parts=parts)) == exact


def test_every_operation_replays():
    """An operation that somebody adds needs an example here."""
    assert {operation for operation, *_ in GOOD} == set(Operation)


BAD = [
    (Operation.FIXED, (2,), ()),
    (Operation.COUNT, (True,), ()),
    (Operation.COUNT, (2,), (1,)),
    (Operation.DAYS, (DAY,), ()),
    (Operation.DAYS, (NOON, NOON), ()),
    (Operation.MINUTES, (NOON, datetime(2026, 3, 15)), ()),
    (Operation.MONTHS, (DAY, LATER, "sideways", "clamp"), ()),
    (Operation.MONTHS, (DAY, LATER, "up", "sometimes"), ()),
    (Operation.YEARS, (DAY, LATER, "act_999"), ()),
    (Operation.PLUS, (), ()),
    (Operation.TIMES, (), (1, 2, 3)),
    (Operation.PERIODS, (Fraction(), "start"), (1,)),
    (Operation.PERIODS, (Fraction(1), "middle"), (1,)),
    (Operation.PER_UNIT, (cny("1"), Fraction()), (1,)),
    (Operation.BRACKET, (Fraction(), Fraction(7), cny("1"), Fraction()), (10,)),
    (Operation.BRACKET, (Fraction(), Fraction(7), cny("1"), Fraction(1)), ()),
    (Operation.BRACKET, (Fraction(), cny("1"), Fraction(1)), (1, 2, 3)),
    (Operation.VOLUME, (Fraction(), Fraction(7), cny("1"), Fraction(1)), (8,)),
    (Operation.VOLUME, (Fraction(7), Fraction(9), cny("1"), Fraction(1)), (6,)),
    (Operation.VOLUME, (Fraction(7), cny("1"), Fraction(1)), (6,)),
    (Operation.LADDER, ("from", Fraction(3), cny("5")), (2,)),
    (Operation.LADDER, ("above", Fraction(3), cny("5")), (3,)),
    (Operation.LADDER, ("near", Fraction(3), cny("5")), (3,)),
    (Operation.COMPOUND, (Fraction(1, 10),), (100, HALF)),
    (Operation.SPECIAL, ("vip",), (1, 2)),
    (Operation.SPECIAL, (), ()),
    (Operation.SUM, (), ()),
    (Operation.MAX_OF, (), ()),
    (Operation.CAP, (), (1,)),
    (Operation.ROUNDED, ("up", Fraction(1)), (1,)),
    (Operation.ROUNDED_QUANTITY, ("up", Fraction(-1)), (1,)),
]


@pytest.mark.parametrize(("operation", "inputs", "parts"), BAD)
def test_stored_steps_that_do_not_fit(operation, inputs, parts):
    """Wrong types, too many parts, an unknown word, a bracket the quantity does not lie in: all refused."""
    with pytest.raises(InvalidValue) as caught:
        replay(stored(operation, *inputs, parts=parts))
    assert caught.value.field == operation.value
    assert str(caught.value.found).endswith(f"and {len(parts)} parts")
    assert caught.value.expected == "the inputs and parts of this operation"


def test_a_mistake_far_below_is_found():
    """Replaying looks at every step down to the leaves."""
    good = evaluate(Flat(cny("5")), Facts()).derivation
    bad = stored(Operation.FLAT, cny("5"), parts=(1,))
    whole = Step(operation=Operation.SUM, unit="CNY", exact=Fraction(), parts=(good, bad))
    with pytest.raises(InvalidValue, match="flat"):
        replay(whole)


@pytest.mark.parametrize(("reach", "at", "above"), [(Reach.FROM, True, True), (Reach.ABOVE, False, True)])
def test_when_a_step_of_a_ladder_is_reached(reach, at, above):
    """From its threshold on, or only above it; never below."""
    assert [reach.reached(quantity, 3) for quantity in (2, 3, Fraction(7, 2))] == [False, at, above]


def test_the_exact_amount_of_a_charge():
    """It is what the outermost rounding was given, or the amount itself where nothing was rounded."""
    rounded = Step.taken(
        Operation.ROUNDED,
        "CNY",
        None,
        (("mode", "half_up"), ("step", 1)),
        (stored_value(Fraction(27, 2)),),
    )
    assert Charge(rounded).money == cny("0.14")
    assert Charge(rounded).exact == Fraction(27, 2)
    assert Charge(stored_value(Fraction(14))).exact == 14


def stored_value(exact: Fraction) -> Step:
    return Step(operation=Operation.ZERO, unit="CNY", exact=exact)


def test_a_charge_says_what_it_refuses():
    """Half a cent and less than nothing are no charges; nor is a quantity of days."""
    for exact in (HALF, Fraction(-1)):
        with pytest.raises(
            InvalidValue, match=r"^charge: found .*expected a whole number of minor units, 0 or"
        ):
            Charge(stored_value(exact))
    with pytest.raises(InvalidValue, match=r"^currency: found 'day'"):
        Charge(Step(operation=Operation.ZERO, unit="day", exact=Fraction()))


def test_lines_say_their_depth():
    """The lines of a derivation are the steps from the top down, each with its depth."""
    step = stored(Operation.SUM, parts=(1, 2))
    assert [depth for depth, _ in step.lines()] == [0, 1, 1]
    assert [depth for depth, _ in step.lines(3)] == [3, 4, 4]
