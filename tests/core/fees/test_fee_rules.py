"""Rules: what is owed, and by which steps."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from servflow.core.citations import Clause
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import (
    AsOf,
    Bracket,
    Cap,
    Charge,
    Choose,
    Compound,
    Count,
    DayCount,
    Days,
    Facts,
    Fixed,
    Flat,
    Floor,
    Gap,
    Given,
    Ladder,
    Less,
    MaxOf,
    MinOf,
    Months,
    Operation,
    Percent,
    PerUnit,
    Reach,
    Rounded,
    Rule,
    Scale,
    Segmented,
    Special,
    Step,
    Sum,
    Tiered,
    Tiering,
    Under,
    When,
    Zero,
    evaluate,
    replay,
)
from servflow.core.fees.compiled import compiled
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


# --- percentages, choices, limits

ONE, TWO, FIVE = Flat(cny("1")), Flat(cny("2")), Flat(cny("5"))
PRICE = Given("price", "CNY")
EURO = Flat(Money("1", "EUR"))


def test_percentages_are_exact():
    """0.3 % of 1.50 is 0.45 of a fen: it stays so until it is rounded."""
    rule = Flat(cny("1.50")).percent(Decimal("0.003"))
    assert rule.derive(Facts()).exact == Fraction(45, 100)
    assert Percent(FIVE, Fraction(2, 1)) == Percent(FIVE, 2)
    assert evaluate(FIVE.percent(2), Facts()).money == cny("10")


@pytest.mark.parametrize(
    "ratio", [0.003, True, -1, Decimal("-0.1"), Decimal("NaN"), Decimal("Infinity"), "3%"]
)
def test_ratios_that_are_none(ratio):
    """A float, a negative number, a NaN is no ratio, and the message says what one is."""
    with pytest.raises(InvalidValue) as caught:
        Percent(FIVE, ratio)
    assert caught.value.field == "ratio"
    assert caught.value.found is ratio
    assert caught.value.expected == "an int, a Fraction or a Decimal, 0 or more; never a float"


@pytest.mark.parametrize("per", [0, -1, 0.5, Decimal("NaN"), True])
def test_a_rate_is_for_something(per):
    """A rate for so many units is for more than none of them."""
    with pytest.raises(InvalidValue, match=r"^per: .*expected an int, a Fraction or a Decimal above 0"):
        PerUnit(Days(), cny("1"), per=per)


def test_a_rate_for_so_many_units():
    """One yuan for three days: two days are two thirds of it."""
    rule = PerUnit(Days(), cny("1"), per=3)
    step = rule.derive(late(2))
    assert step.exact == Fraction(200, 3)
    assert step.inputs == (("rate", cny("1")), ("per", Fraction(3)))
    assert PerUnit(Days(), cny("1"), per=Fraction(1)).derive(late(2)).inputs == (("rate", cny("1")),)


def test_amounts_are_money():
    """A number is no amount: its currency is missing."""
    with pytest.raises(InvalidValue, match=r"^money: found 5, expected an amount of money, 0 or more"):
        Flat(5)  # type: ignore[arg-type]


def test_what_the_source_left_open():
    """An amount that the source does not give is an error that cites its clause, and asks nobody."""
    rule = When("lost", Under(FINE_CLAUSE, Gap("CNY")), otherwise=ONE)
    assert evaluate(rule, Facts(flags={"lost": False})).money == cny("1")
    with pytest.raises(MissingValue) as caught:
        evaluate(rule, Facts(flags={"lost": True}))
    assert (caught.value.name, caught.value.where) == ("amount", "in the source (X-1): it is left open there")
    with pytest.raises(MissingValue, match="in the source: it is left open there"):
        evaluate(Gap("CNY"), Facts())
    with pytest.raises(InvalidValue, match="currency"):
        Gap("yuan")


CHOICE = Choose("category", (("ordinary", ONE), ("rare", PRICE)))


def test_choose():
    """The word chooses, and only what it chose is looked at and explained."""
    charge = evaluate(CHOICE, Facts(words={"category": "ordinary"}))
    assert charge.money == cny("1")
    assert charge.derivation.inputs == (("category", "ordinary"),)
    assert [step.operation for _, step in charge.lines()] == [Operation.CHOOSE, Operation.FLAT]
    rare = Facts(words={"category": "rare"}, amounts={"price": cny("80")})
    assert evaluate(CHOICE, rare).money == cny("80")


def test_a_word_without_a_case():
    """An unknown word is an error that names those that are known, never nothing owed."""
    with pytest.raises(MissingValue) as caught:
        evaluate(CHOICE, Facts(words={"category": "new"}))
    assert caught.value.name == "rule"
    assert caught.value.where == "for category = 'new'; there is one for ordinary, rare"


@pytest.mark.parametrize("cases", [(), (("a", ONE), ("a", TWO)), (("", ONE),)])
def test_bad_cases(cases):
    """Cases are at least one, each with a word of its own."""
    with pytest.raises(InvalidValue) as caught:
        Choose("category", cases)
    assert caught.value.field == "cases"
    assert caught.value.found == [word for word, _ in cases]
    assert caught.value.expected == "at least one case, each with a word of its own"


SPECIAL = Special(FIVE, (("student", ONE), ("senior", ONE), ("lost", PRICE)))


def flags(*applying: str, **amounts: Money) -> Facts:
    return Facts(flags={name: name in applying for name in ("student", "senior", "lost")}, amounts=amounts)


def test_special_rules():
    """Where none applies the general rule does; a special one is told with its flag."""
    general = evaluate(SPECIAL, flags())
    assert general.money == cny("5")
    assert general.derivation.inputs == ()
    special = evaluate(SPECIAL, flags("senior"))
    assert special.money == cny("1")
    assert special.derivation.inputs == (("because", "senior"),)
    assert replay(special.derivation) == 100


def test_special_rules_that_agree():
    """Several may apply if they come to the same; all of them are told."""
    charge = evaluate(SPECIAL, flags("student", "senior"))
    assert charge.money == cny("1")
    assert charge.derivation.inputs == (("because", "student, senior"),)
    assert len(charge.derivation.parts) == 2
    assert evaluate(SPECIAL, flags("student", "lost", price=cny("1"))).money == cny("1")


def test_special_rules_that_disagree():
    """Two that come to different amounts are an error that names them; their order has no say."""
    for cases in (SPECIAL.cases, tuple(reversed(SPECIAL.cases))):
        with pytest.raises(ConflictingRules) as caught:
            evaluate(Special(FIVE, cases), flags("student", "lost", price=cny("80")))
        assert set(caught.value.names) == {"student", "lost"}


@pytest.mark.parametrize("cases", [(), (("vip", ONE), ("vip", ONE))])
def test_bad_special_rules(cases):
    """There is a special rule, and each has a flag of its own, which is the name of a fact."""
    with pytest.raises(InvalidValue, match=r"^cases: .*at least one case, each with a flag of its own"):
        Special(FIVE, cases)
    with pytest.raises(InvalidValue, match=r"^flag: found 'v i p', expected a name"):
        Special(FIVE, (("v i p", ONE),))


def test_the_most_and_the_least():
    """Of several rules the one that comes to most, or to least."""
    rules = (TWO, FIVE, ONE)
    assert evaluate(MaxOf(rules), Facts()).money == cny("5")
    assert evaluate(MinOf(rules), Facts()).money == cny("1")
    for kind in (MaxOf, MinOf, Sum):
        with pytest.raises(InvalidValue) as caught:
            kind(())
        assert (caught.value.field, caught.value.found) == ("rules", ())
        assert caught.value.expected == "at least one rule; nothing owed is Zero"


def test_floors():
    """A floor is paid where the rule comes to less."""
    rule = PRICE.at_least(cny("5"))
    for price, money in (("3", "5"), ("5", "5"), ("80", "80")):
        assert evaluate(rule, Facts(amounts={"price": cny(price)})).money == cny(money)


def test_a_deduction_leaves_nothing_below_nothing():
    """What is deducted beyond the amount is no credit."""
    assert evaluate(FIVE.less(cny("2")), Facts()).money == cny("3")
    assert evaluate(TWO.less(FIVE), Facts()).money == cny("0")


def test_scale():
    """So many times a rule: by a quantity, or by a number."""
    assert evaluate(FINE * Count("volumes", "volume"), late(5, 2)).money == cny("100")
    assert evaluate(TWO * 3, Facts()).money == cny("6")
    assert (TWO * Fraction(1, 3)).derive(Facts()).exact == Fraction(200, 3)
    assert TWO * Decimal("1.5") == Scale(TWO, Fixed(Fraction(3, 2), "time"))


@pytest.mark.parametrize("by", [True, "3", 1.5, TWO])
def test_a_rule_times_something_else(by):
    """A rule is multiplied by a quantity or an exact number, and by nothing else."""
    with pytest.raises(TypeError):
        TWO * by
    with pytest.raises(InvalidValue, match="quantity"):
        TWO * -1


def test_rules_add_to_rules_only():
    """An amount without a rule around it is not added."""
    assert Sum((ONE, TWO)) == ONE + TWO
    with pytest.raises(TypeError):
        ONE + cny("2")  # type: ignore[operator]


def test_the_short_way_to_write_it():
    """Every method makes the form that it is called like; money stands for a flat amount."""
    assert FINE.at_most(cny("5")) == Cap(FINE, FIVE)
    assert FINE.at_most(PRICE) == Cap(FINE, PRICE)
    assert FINE.at_least(cny("5")) == Floor(FINE, FIVE)
    assert FINE.less(cny("5")) == Less(FINE, FIVE)
    assert FINE.percent(2) == Percent(FINE, 2)
    assert FINE.rounded(Rounding.UP, step=5) == Rounded(FINE, Rounding.UP, step=5)
    assert FINE.under(FEE_CLAUSE) == Under(FEE_CLAUSE, FINE)
    assert FINE.when("late") == When("late", FINE, otherwise=Zero("CNY"))
    assert FINE.when("late", otherwise=cny("5")) == When("late", FINE, otherwise=FIVE)
    assert FINE.when("late", otherwise=PRICE) == When("late", FINE, otherwise=PRICE)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ONE.at_most(EURO),
        lambda: ONE.at_least(EURO),
        lambda: ONE.less(EURO),
        lambda: ONE.when("late", otherwise=EURO),
        lambda: ONE + EURO,
        lambda: MaxOf((ONE, EURO)),
        lambda: MinOf((ONE, EURO)),
        lambda: Choose("category", (("rare", ONE), ("new", EURO))),
        lambda: Special(ONE, (("vip", EURO),)),
        lambda: Cap(Under(FEE_CLAUSE, Rounded(ONE, Rounding.UP)), EURO),
    ],
)
def test_no_form_mixes_currencies(make):
    """Whatever joins two rules refuses two currencies when it is written, and names both."""
    with pytest.raises(CurrencyMismatch) as caught:
        make()
    assert (caught.value.one, caught.value.other) == ("CNY", "EUR")


def test_a_cap_below_a_floor():
    """A cap that no amount can keep together with the floor is refused when it is written."""
    with pytest.raises(InvalidValue) as caught:
        PRICE.at_least(FIVE).under(FEE_CLAUSE).at_most(cny("2"))
    assert caught.value.field == "limit"
    assert caught.value.found == cny("2")
    assert caught.value.expected == "a cap of at least the floor, CNY 5.00"
    assert PRICE.at_least(FIVE).at_most(FIVE).bound == cny("5")


def test_a_floor_above_a_cap():
    """The same the other way round: the floor is refused, and the cap is named."""
    for capped in (PRICE.at_most(TWO), MinOf((PRICE, TWO)), PRICE.at_most(TWO).rounded(Rounding.UP)):
        with pytest.raises(InvalidValue) as caught:
            capped.at_least(cny("5"))
        assert caught.value.field == "limit"
        assert caught.value.found == cny("5")
        assert caught.value.expected == "a floor of at most the cap, CNY 2.00"
        assert capped.at_least(TWO).bound == cny("2")
    assert evaluate(TWO.at_least(FIVE), Facts()).money == cny("5")  # an amount is no cap
    assert PRICE.at_most(PRICE).at_least(FIVE).bound is None
    assert PRICE.at_most(TWO).at_least(PRICE).bound is None


def test_a_rule_that_is_not_rounded_says_so():
    """The message names the rule and what is missing around it."""
    with pytest.raises(InvalidValue) as caught:
        evaluate(ONE.percent(Fraction(1, 3)), Facts())
    assert caught.value.field == "rule"
    assert caught.value.expected == "a Rounded around a rule that gives parts of a minor unit"


def test_names_of_facts_in_rules():
    """Flags, words and amounts have names of facts."""
    for field, make in {
        "name": lambda: Given("item price", "CNY"),
        "flag": lambda: ONE.when("_lost"),
        "word": lambda: Choose("", (("a", ONE),)),
    }.items():
        with pytest.raises(InvalidValue, match=f"^{field}: found .*expected a name of letters"):
            make()


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Rounded(FINE, "up"), "mode"),  # type: ignore[arg-type]
        (lambda: Tiered(Days(), (Bracket(0, None, cny("1")),), "volume"), "tiering"),  # type: ignore[arg-type]
        (lambda: Ladder(Days(), ((1, cny("1")),), "from"), "reach"),  # type: ignore[arg-type]
        (lambda: Months(Rounding.UP, "clamp"), "end_of_month"),  # type: ignore[arg-type]
        (lambda: DayCount("act_360"), "convention"),  # type: ignore[arg-type]
        (lambda: Days().rounded("up"), "mode"),  # type: ignore[arg-type]
        (lambda: Days().periods(7, "start"), "counting"),  # type: ignore[arg-type]
    ],
)
def test_a_choice_is_a_member_of_its_enum(make, field):
    """The value of a member, as a text, is not taken for the member; the error says which there are."""
    with pytest.raises(InvalidValue) as error:
        make()
    assert error.value.field == field
    assert error.value.expected.startswith("a ") or "Rounding.UP" in error.value.expected


def test_nothing_is_compounded_without_end():
    """At 10,000 periods the digits are still few; one more is refused, compiled or not."""
    rule = Rounded(Compound(Flat(cny("1")), Fraction(1, 1000), Count("periods", "period")), Rounding.DOWN)
    assert evaluate(rule, Facts(counts={"periods": 10_000})).money == compiled(rule)(periods=10_000)
    for refused in (
        lambda: evaluate(rule, Facts(counts={"periods": 10_001})),
        lambda: compiled(rule)(periods=10_001),
    ):
        with pytest.raises(InvalidValue, match="at most 10000"):
            refused()


ANY_FINE: Any = FINE  # so that what is not allowed can be written
ANY_DAYS: Any = Days()
ANY_MONEY: Any = cny("2")
ANY_FIVE: Any = 5
ANY_WORD: Any = "X-1"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sum((ANY_FINE, ANY_DAYS)),
        lambda: Cap(ANY_FINE, ANY_DAYS),
        lambda: Cap(ANY_FINE, ANY_MONEY),
        lambda: Cap(ANY_DAYS, ANY_FINE),
        lambda: Less(ANY_FINE, ANY_DAYS),
        lambda: When("flag", ANY_DAYS, otherwise=ANY_FINE),
        lambda: Choose("word", (("a", ANY_DAYS),)),
        lambda: Scale(ANY_FINE, ANY_FINE),
        lambda: Scale(ANY_DAYS, ANY_DAYS),
        lambda: Percent(ANY_DAYS, 1),
        lambda: PerUnit(ANY_FINE, cny("1")),
        lambda: Compound(ANY_DAYS, 1, ANY_DAYS),
        lambda: Compound(ANY_FINE, 1, ANY_FINE),
        lambda: Rounded(ANY_DAYS, Rounding.UP),
        lambda: Under(FINE_CLAUSE, ANY_DAYS),
        lambda: Ladder(ANY_FINE, ((1, cny("1")),), Reach.FROM),
        lambda: Tiered(ANY_FIVE, (Bracket(0, None, cny("1")),), Tiering.GRADUATED),
        lambda: ANY_DAYS.deduct(ANY_FIVE),
        lambda: ANY_DAYS.deduct(ANY_FINE),
    ],
)
def test_quantities_and_amounts_are_never_taken_for_each_other(make):
    """A measure where a rule belongs, and the other way round, is a TypeError where it is written."""
    with pytest.raises(TypeError, match=r"found .*, expected "):
        make()


def test_a_clause_is_a_clause():
    """Its id as a text is none."""
    with pytest.raises(InvalidValue, match=r"^clause"):
        Under(ANY_WORD, ANY_FINE)


def test_a_rule_keeps_its_parts():
    """A list is taken as a tuple: what is appended to it later is no part of the rule."""
    rules: Any = [ANY_FINE]
    cases: Any = [("a", ANY_FINE)]
    made, chosen, special = Sum(rules), Choose("word", cases), Special(ANY_FINE, cases)
    versions: Any = [(None, ANY_FINE)]
    dated = AsOf("due", versions), Segmented("due", "end", versions)
    for each in (rules, cases, versions):
        each.append(("b", ANY_FINE))
    assert made == Sum((ANY_FINE,))
    assert (chosen, special) == (Choose("word", (("a", ANY_FINE),)), Special(ANY_FINE, (("a", ANY_FINE),)))
    assert dated == (AsOf("due", ((None, ANY_FINE),)), Segmented("due", "end", ((None, ANY_FINE),)))
    assert len({hash(each) for each in (made, chosen, special, *dated)}) == 5


def test_sums_do_not_nest():
    """A loop that adds fee after fee makes one sum of them."""
    fees = sum((FINE for _ in range(999)), start=FINE)
    assert isinstance(fees, Sum)
    assert len(fees.rules) == 1000
    assert (FINE + Flat(cny("1"))) + (FINE + FINE) == Sum((FINE, Flat(cny("1")), FINE, FINE))


@pytest.mark.parametrize(
    "floored",
    [
        Flat(cny("1")) + FINE.at_least(cny("10")),
        When("flag", FINE.at_least(cny("10")), otherwise=FINE.at_least(cny("12"))),
        Choose("word", (("a", FINE.at_least(cny("10"))),)),
        AsOf("due", ((None, FINE.at_least(cny("10"))),)),
        MaxOf((FINE, FINE.at_least(cny("10")))),
        FINE.at_least(cny("10")).at_least(cny("2")),
        FINE.at_least(Rounded(Flat(cny("9.01")), Rounding.UP, step=100)),
        FINE.at_least(cny("10")).under(FINE_CLAUSE).rounded(Rounding.UP),
    ],
)
def test_a_floor_further_in_is_seen(floored):
    """A cap of nine below a floor of ten is refused wherever the floor stands; one of fifteen is not."""
    with pytest.raises(InvalidValue, match=r"^limit: .*a cap of at least the floor"):
        floored.at_most(cny("9"))
    floored.at_most(cny("15"))


def test_a_floor_that_need_not_apply_is_none():
    """Where one branch has no floor, or it is rounded down below the cap, the cap stands."""
    When("flag", FINE.at_least(cny("10")), otherwise=FINE).at_most(cny("5"))
    FINE.at_least(Rounded(Flat(cny("1.99")), Rounding.DOWN, step=100)).at_most(cny("1.50"))
    FINE.at_least(Rounded(Given("least", "CNY"), Rounding.DOWN)).at_most(cny("1.50"))
    with pytest.raises(InvalidValue, match=r"^limit: .*a floor of at most the cap"):
        FINE.at_most(cny("5")).at_least(cny("2")).at_least(cny("10"))


def test_one_name_is_one_fact_however_a_rule_is_worked_out():
    """A name read as an amount and as a count is refused by evaluate as it is when compiled."""
    rule = Given("n", "CNY") + PerUnit(Count("n", "volume"), cny("1"))
    for refused in (
        lambda: evaluate(rule, Facts(counts={"n": 1}, amounts={"n": cny("1")})),
        lambda: compiled(rule),
    ):
        with pytest.raises(InvalidValue, match=r"^n: "):
            refused()
