"""Rules: what is owed, and by which steps."""

from datetime import date
from fractions import Fraction

import pytest

from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import (
    Cap,
    Charge,
    Count,
    Days,
    Facts,
    Fixed,
    Flat,
    Given,
    Operation,
    PerUnit,
    Rounded,
    Rule,
    Step,
    Sum,
    Under,
    When,
    Zero,
    evaluate,
    replay,
)
from servflow.core.money import Money, Rounding

FINE_CLAUSE = Clause("X-1", "7(3)")
FEE_CLAUSE = Clause("X-2")


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


FINE = Under(FINE_CLAUSE, PerUnit(Count("volumes", "volume") * Days(), cny("5")))


def late(days: int, volumes: int = 1) -> Facts:
    ends = {"due": date(2026, 3, 15), "end": date(2026, 3, 15 + days)}
    return Facts(days=ends, counts={"volumes": volumes})


@pytest.mark.parametrize(
    ("days", "volumes", "fine"),
    [(5, 1, "25.00"), (5, 2, "50.00"), (0, 2, "0"), (1, 1, "5.00"), (5, 0, "0")],
)
def test_overdue_fine(days, volumes, fine):
    """CNY 5 a volume and day: five days are 25.00 for one volume and 50.00 for two."""
    charge = evaluate(FINE, late(days, volumes))
    assert charge.money == cny(fine)
    assert charge.exact == replay(charge.derivation) == cny(fine).minor


def test_the_derivation_of_a_fine():
    """The fine explains itself: the rate, the volumes, the days, every step under its clause."""
    charge = evaluate(FINE, late(5, 2))
    told = [(depth, step.operation, step.unit, int(step.exact)) for depth, step in charge.lines()]
    assert told == [
        (0, Operation.PER_UNIT, "CNY", 5000),
        (1, Operation.TIMES, "day*volume", 10),
        (2, Operation.COUNT, "volume", 2),
        (2, Operation.DAYS, "day", 5),
    ]
    steps = [step for _, step in charge.lines()]
    assert {step.clause for step in steps} == {FINE_CLAUSE}
    assert steps[0].inputs == (("rate", cny("5")),)
    assert steps[2].inputs == (("volumes", 2),)
    assert steps[3].inputs == (("due", date(2026, 3, 15)), ("end", date(2026, 3, 20)))


def test_each_step_cites_the_innermost_clause():
    """A clause holds for all below it, up to the next one further in."""
    charge = evaluate(Under(FEE_CLAUSE, Sum((Flat(cny("20")), FINE))), late(5))
    assert charge.money == cny("45")
    cited = [(step.operation, step.clause) for _, step in charge.lines()]
    assert cited[:3] == [
        (Operation.SUM, FEE_CLAUSE),
        (Operation.FLAT, FEE_CLAUSE),
        (Operation.PER_UNIT, FINE_CLAUSE),
    ]
    assert Under(FEE_CLAUSE, FINE).operation is Operation.PER_UNIT


def test_a_rule_without_a_clause_cites_none():
    """Nothing is cited that was not written."""
    assert [step.clause for _, step in evaluate(Zero("CNY"), Facts()).lines()] == [None]


def test_zero_and_flat():
    """Nothing is nothing, and a flat amount is itself."""
    assert evaluate(Zero("JPY"), Facts()).money == Money("0", "JPY")
    assert evaluate(Flat(cny("20")), Facts()).money == cny("20.00")


def test_given():
    """An amount that a person decides is taken as it is; without it there is no charge."""
    rule = Given("tariff", "EUR")
    assert evaluate(rule, Facts(amounts={"tariff": Money("8.00", "EUR")})).money == Money("8", "EUR")
    with pytest.raises(MissingValue, match="tariff"):
        evaluate(rule, Facts())
    with pytest.raises(CurrencyMismatch):
        evaluate(rule, Facts(amounts={"tariff": cny("8")}))


def test_when():
    """The flag chooses, and only what it chose is looked at and explained."""
    rule = When("same_city", Flat(cny("10")), otherwise=Given("postage", "CNY"))
    charge = evaluate(rule, Facts(flags={"same_city": True}))
    assert charge.money == cny("10")
    assert charge.derivation.inputs == (("same_city", True),)
    assert [step.operation for _, step in charge.lines()] == [Operation.WHEN, Operation.FLAT]
    elsewhere = Facts(flags={"same_city": False}, amounts={"postage": cny("20")})
    assert evaluate(rule, elsewhere).money == cny("20")
    with pytest.raises(MissingValue, match="same_city"):
        evaluate(rule, Facts())


@pytest.mark.parametrize(("days", "fine"), [(3, "15"), (4, "20"), (5, "20"), (6, "20")])
def test_cap(days, fine):
    """A capped fine grows to its limit and stays there."""
    assert evaluate(Cap(FINE, Flat(cny("20"))), late(days)).money == cny(fine)


def test_cap_by_the_price_of_the_item():
    """A limit is a rule; one that was not given is an error, never no limit and never 0."""
    rule = Cap(FINE, Given("item_price", "CNY"))
    facts = Facts(days=late(5).days, counts=late(5).counts, amounts={"item_price": cny("12.30")})
    assert evaluate(rule, facts).money == cny("12.30")
    with pytest.raises(MissingValue, match="item_price"):
        evaluate(rule, late(5))


@pytest.mark.parametrize(
    ("mode", "step", "money"),
    [
        (Rounding.HALF_UP, 1, "1.67"),
        (Rounding.DOWN, 1, "1.66"),
        (Rounding.DOWN, 10, "1.60"),
        (Rounding.UP, 100, "2.00"),
    ],
)
def test_rounded(mode, step, money):
    """A third of five yuan is exact until the one rounding, which is visible with its mode and step."""
    rule = Rounded(PerUnit(Fixed(Fraction(1, 3), "hour"), cny("5")), mode, step=step)
    charge = evaluate(rule, Facts())
    assert charge.money == cny(money)
    assert charge.exact == Fraction(500, 3)
    assert charge.derivation.inputs == (("mode", mode.value), ("step", step))
    assert replay(charge.derivation) == charge.money.minor
    assert replay(charge.derivation.parts[0]) == charge.exact


def test_parts_of_a_minor_unit_must_be_rounded():
    """A rule that can give parts of a cent is not evaluated without a rounding, whatever the facts."""
    part = PerUnit(Fixed(Fraction(1, 2), "hour"), cny("2"))
    for rule in (part, Sum((part, Zero("CNY"))), Cap(Zero("CNY"), part), Under(FEE_CLAUSE, part)):
        assert not rule.whole
        with pytest.raises(InvalidValue, match="Rounded"):
            evaluate(rule, Facts())
    assert evaluate(Sum((Rounded(part, Rounding.UP), Flat(cny("1")))), Facts()).money == cny("2")


@pytest.mark.parametrize("step", [0, -1, True, 1.0])
def test_bad_rounding_step(step):
    """A rounding step is a whole number of minor units."""
    with pytest.raises(InvalidValue, match="step"):
        Rounded(Zero("CNY"), Rounding.DOWN, step=step)


def test_currencies_do_not_meet():
    """Two currencies in one rule are refused when it is written, not when somebody is charged."""
    one, other = Zero("CNY"), Under(FEE_CLAUSE, Flat(Money("1", "EUR")))
    with pytest.raises(CurrencyMismatch):
        Sum((one, one, other))
    with pytest.raises(CurrencyMismatch):
        Cap(one, other)
    with pytest.raises(CurrencyMismatch):
        When("flag", other, otherwise=one)


def test_every_rule_knows_its_currency():
    """The currency of a rule is known without any facts."""
    euro = Money("1", "EUR")
    flat = Flat(euro)
    rules: list[Rule] = [
        Zero("EUR"),
        flat,
        PerUnit(Days(), euro),
        Given("price", "EUR"),
        When("flag", flat, otherwise=flat),
        Sum((flat,)),
        Cap(flat, flat),
        Under(FEE_CLAUSE, flat),
        Rounded(flat, Rounding.UP),
    ]
    assert {(rule.currency, rule.unit) for rule in rules} == {("EUR", "EUR")}


def test_bad_amounts_and_currencies():
    """Negative amounts are credits, not rules; a currency is a code of three letters."""
    with pytest.raises(InvalidValue, match="money"):
        Flat(cny("-0.01"))
    with pytest.raises(InvalidValue, match="rate"):
        PerUnit(Days(), cny("-5"))
    with pytest.raises(InvalidValue, match="currency"):
        Zero("yuan")
    with pytest.raises(InvalidValue, match="currency"):
        Given("price", "")


def test_an_empty_sum_is_refused():
    """A sum of nothing has no currency."""
    with pytest.raises(InvalidValue, match="Zero"):
        Sum(())


def test_rules_are_values():
    """Rules written alike are equal and hash alike, and their text says what they are."""
    same = Under(FINE_CLAUSE, PerUnit(Count("volumes", "volume") * Days(), cny("5")))
    assert same == FINE
    assert hash(same) == hash(FINE)
    assert "(Count(name='volumes', unit='volume') * Days(after='due', through='end'))" in repr(FINE)
    with pytest.raises(AttributeError):
        same.rule = Zero("CNY")  # type: ignore[misc]


def amount_step(exact: Fraction, unit: str = "CNY") -> Step:
    return Step(operation=Operation.ZERO, unit=unit, exact=exact)


def test_what_a_charge_takes():
    """A charge is a whole amount of money, 0 or more."""
    for bad in (amount_step(Fraction(1, 2)), amount_step(Fraction(-1)), amount_step(Fraction(1), "day")):
        with pytest.raises(InvalidValue):
            Charge(bad)


def test_a_changed_derivation_does_not_replay():
    """A step whose stored value was tampered with is found out by replaying it."""
    good = evaluate(Sum((Flat(cny("1")), Flat(cny("2")))), Facts()).derivation
    bad = Step(operation=good.operation, unit=good.unit, exact=Fraction(500), parts=good.parts)
    assert replay(good) == good.exact
    assert replay(bad) == 300 != bad.exact


@pytest.mark.parametrize(
    ("operation", "inputs"),
    [
        (Operation.FLAT, (("money", 20),)),
        (Operation.FLAT, ()),
        (Operation.SUM, ()),
        (Operation.ROUNDED, (("mode", "half_up"), ("step", 1))),
        (Operation.COUNT, (("volumes", "2"),)),
    ],
)
def test_inputs_that_an_operation_does_not_take(operation, inputs):
    """A stored step with inputs or parts that its operation does not take is an error."""
    with pytest.raises(InvalidValue, match=operation.value):
        replay(Step(operation=operation, unit="CNY", exact=Fraction(), inputs=inputs))


@pytest.mark.parametrize(("mode", "step"), [("sideways", 1), ("up", 0)])
def test_roundings_that_are_none(mode, step):
    """A stored rounding of an unknown mode, or by a step of 0, is an error."""
    inputs = (("mode", mode), ("step", step))
    with pytest.raises(InvalidValue, match="rounded"):
        Step.taken(Operation.ROUNDED, "CNY", None, inputs=inputs, parts=(amount_step(Fraction(1)),))


def test_operation_codes_are_stored_data():
    """The codes written in journals: one may be added, none renamed."""
    quantities = {"fixed", "count", "days", "open_days", "plus", "times", "deduct", "cliff"}
    amounts = {"zero", "flat", "per_unit", "given", "when", "sum", "cap", "rounded"}
    assert {operation.value for operation in Operation} >= quantities | amounts
