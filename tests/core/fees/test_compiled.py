"""Compiled functions: what they take, what they refuse, and where integers and fractions meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from servflow.core.citations import Clause
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import (
    AsOf,
    Bracket,
    Cap,
    Choose,
    Count,
    DayCount,
    DayCountConvention,
    Days,
    Facts,
    Flat,
    Gap,
    Given,
    Ladder,
    Less,
    MaxOf,
    Minutes,
    OverBalance,
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
    evaluate,
)
from servflow.core.fees.compiled import compiled
from servflow.core.money import Money, Rounding

DUE, END = date(2026, 3, 15), date(2026, 3, 20)


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


ONE, TWO = Flat(cny("1")), Flat(cny("2"))
FINE = PerUnit(Days(), cny("0.50")).at_most(Given("item_price", "CNY"))


def test_facts_come_by_name():
    """The function takes the facts of its rule by their names, and gives money."""
    fee = compiled(FINE)
    assert fee(due=DUE, end=END, item_price=cny("80")) == cny("2.50")
    assert fee(due=DUE, end=END, item_price=cny("2")) == cny("2")
    with pytest.raises(TypeError, match="returned"):
        fee(due=DUE, end=END, item_price=cny("80"), returned=END)


def test_a_fact_that_is_not_needed_may_be_left_out():
    """Only what the flags and words lead to is asked for."""
    fee = compiled(When("lost", Given("item_price", "CNY"), otherwise=FINE.at_most(ONE)))
    assert fee(lost=True, item_price=cny("80")) == cny("80")
    with pytest.raises(MissingValue, match="due has no value among the days given"):
        fee(lost=False, item_price=cny("80"))


def test_a_name_that_python_keeps_for_itself():
    """Such a fact has an underscore behind it; messages say its own name."""
    fee = compiled(Choose("class", (("rare", Special(ONE, (("from", TWO), ("is", ONE)))),)))
    assert fee(class_="rare", from_=False, is_=False) == cny("1")
    with pytest.raises(MissingValue, match="class has no value among the words"):
        fee()
    with pytest.raises(MissingValue, match="for class = 'new'; there is one for rare"):
        fee(class_="new")
    with pytest.raises(ConflictingRules, match="for from, is all apply"):
        fee(class_="rare", from_=True, is_=True)


def test_names_of_functions_are_names_like_others():
    """A fact may be called like something that Python has built in."""
    names = ("len", "int", "max", "min", "date", "fee", "Fraction", "self", "print")
    rule = Sum(tuple(Given(name, "CNY") for name in names)).percent(Fraction(1, 3))
    fee = compiled(Rounded(rule, Rounding.HALF_EVEN))
    assert fee(**dict.fromkeys(names, cny("1"))) == cny("3")


def test_parts_of_a_minor_unit_must_be_rounded():
    """A rule that can give parts of a cent is no more compiled than evaluated."""
    with pytest.raises(InvalidValue, match=r"^rule: found Percent.*expected a Rounded around"):
        compiled(ONE.percent(Fraction(1, 3)))


def test_one_name_is_one_kind_of_fact():
    """A rule that reads a name as a day and as an amount is refused when it is compiled."""
    with pytest.raises(
        InvalidValue, match="due: found 'read among the amounts', expected among the days only"
    ):
        compiled(Sum((PerUnit(Days(), cny("1")), Given("due", "CNY"))))


@dataclass(frozen=True, slots=True)
class Double(Rule):
    """A form of somebody else's."""

    rule: Rule

    @property
    def operation(self):
        """That of a sum."""
        return Sum.operation

    def _parts(self):
        return (self.rule, self.rule)


def test_a_form_of_somebody_elses():
    """A form that the table does not know is evaluated, but not compiled."""
    assert evaluate(Double(ONE), Facts()).money == cny("2")
    with pytest.raises(InvalidValue, match=r"rule: found Double.*expected one of the forms Fixed, Count"):
        compiled(Double(ONE))


def nested(times: int, around) -> Rule:
    rule: Rule = ONE
    for _ in range(times):
        rule = around(rule)
    return rule


@pytest.mark.parametrize(
    "rule",
    [
        nested(100, lambda rule: When("lost", rule, otherwise=TWO)),
        nested(25, lambda rule: Segmented("due", "end", ((None, rule),))),
        Sum((ONE,) * 5000),
    ],
    ids=["blocks", "loops", "terms"],
)
def test_what_python_does_not_read(rule):
    """Where Python's own limits end, the rule is refused as ours, and evaluate still takes it."""
    with pytest.raises(InvalidValue, match="evaluate takes it"):
        compiled(rule)
    assert evaluate(rule, Facts(flags={"lost": True}, days={"due": DUE, "end": END})).money >= cny("1")


def test_many_brackets_steps_and_cases():
    """A thousand brackets, steps, words or versions are no more than Python reads."""
    limits = [*range(1000), None]
    brackets = tuple(Bracket(number, limits[number + 1], cny("1")) for number in range(1000))
    span = {"due": DUE, "end": date(2027, 3, 15)}
    for tiering in Tiering:
        assert compiled(Tiered(Days(), brackets, tiering))(**span) == cny("365")
    ladder = Ladder(Days(), tuple((number, cny(str(number))) for number in range(1000)), Reach.FROM)
    assert compiled(ladder)(**span) == cny("365")
    words = Choose("word", tuple((f"w{number}", Flat(cny(str(number)))) for number in range(1000)))
    assert compiled(words)(word="w365") == cny("365")
    versions = tuple((date.fromordinal(739000 + number), Flat(cny(str(number)))) for number in range(1000))
    assert compiled(AsOf("day", versions))(day=date.fromordinal(739365)) == cny("365")


KILO = Quantity("weight", "kilogram")
YEARS = DayCount(DayCountConvention.ACT_ACT_ISDA)
TIERS = (Bracket(0, 7, cny("1"), per=3), Bracket(7, None, cny("2")))


@pytest.mark.parametrize("weight", [0, Fraction(1, 3), Decimal(7), Decimal("7.1"), 30])
@pytest.mark.parametrize("tiering", Tiering)
def test_fractions_in_brackets(weight, tiering):
    """A quantity of any exact type, nothing at all included, is charged by brackets as evaluated."""
    rule = Rounded(Tiered(KILO, TIERS, tiering), Rounding.HALF_UP)
    assert compiled(rule)(weight=weight) == evaluate(rule, Facts(quantities={"weight": weight})).money


@pytest.mark.parametrize("end", [DUE, date(2027, 1, 1), date(2028, 3, 1)])
def test_fractions_over_no_days_at_all(end):
    """Where a span has no days, nothing is owed, in brackets and out of them."""
    base = Segmented("due", "end", ((None, Scale(Flat(cny("100")), YEARS)),))
    halves = (Bracket(cny("0"), cny("150"), Fraction(1, 2)), Bracket(cny("150"), None, Fraction(1, 7)))
    for tiering in Tiering:
        rule = Rounded(Tiered(base, halves, tiering), Rounding.UP)
        assert compiled(rule)(due=DUE, end=end) == evaluate(rule, Facts(days={"due": DUE, "end": end})).money


@pytest.mark.parametrize("mode", Rounding)
def test_roundings_of_integers_and_fractions(mode):
    """Each rounding does the same to a whole number over another one as to a fraction."""
    for start in (Minutes(), KILO):
        rule = Rounded(PerUnit(start, cny("0.01")), mode, step=3)
        fee = compiled(rule)
        for half in range(20):
            at = {"due_at": datetime(2026, 3, 15, tzinfo=UTC), "end_at": datetime(2026, 3, 15, 0, half // 2, 30 * (half % 2), tzinfo=UTC)}  # fmt: skip
            weight = {"weight": Fraction(half, 2)}
            given = at if start == Minutes() else weight
            assert fee(**given) == evaluate(rule, Facts(instants=at, quantities=weight)).money


def test_amounts_of_another_currency():
    """An amount or a balance in euro is no amount in yuan."""
    with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
        compiled(Given("item_price", "CNY"))(item_price=Money("1", "EUR"))
    over = compiled(OverBalance("unpaid", Given("unpaid", "CNY")))
    with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
        over(unpaid=((DUE, Money("1", "EUR")),), due=DUE, end=END)


class OwnMoney(Money):
    """Somebody's own kind of money."""

    __slots__ = ()


def test_more_than_the_plain_types():
    """Facts of a type derived from the one expected are taken, as ``Facts`` takes them."""
    assert compiled(Given("item_price", "CNY"))(item_price=OwnMoney("1", "CNY")) == cny("1")
    word = type("Word", (str,), {})("rare")
    assert compiled(Choose("category", (("rare", ONE),)))(category=word) == cny("1")


def test_what_the_source_left_open():
    """A gap says its clause, compiled as evaluated; where it is not come to, it says nothing."""
    fee = compiled(When("lost", Under(Clause("X-1"), Gap("CNY")), otherwise=ONE))
    assert fee(lost=False) == cny("1")
    with pytest.raises(MissingValue, match=r"amount has no value in the source \(X-1\): it is left open"):
        fee(lost=True)


def test_days_before_the_first_version():
    """A day before all versions is refused with the day, compiled as evaluated."""
    pinned = compiled(AsOf("checkout", ((date(2026, 7, 1), ONE),)))
    assert pinned(checkout=date(2026, 7, 1)) == cny("1")
    with pytest.raises(MissingValue, match=r"rule has no value on 2026-06-30 \(checkout\)"):
        pinned(checkout=date(2026, 6, 30))
    spread = compiled(Segmented("due", "end", ((date(2026, 7, 1), ONE),)))
    with pytest.raises(MissingValue, match="before 2026-07-01; the days begin after 2026-03-15"):
        spread(due=DUE, end=END)


def test_special_rules_are_worked_out_before_they_are_compared():
    """What is missing in one of those that apply is said before they are found to disagree."""
    rule = Special(Zero("CNY"), (("vip", ONE), ("lost", TWO), ("late", Given("decided", "CNY"))))
    fee = compiled(rule)
    assert fee(vip=False, lost=False, late=False) == cny("0")
    assert fee(vip=True, lost=False, late=True, decided=cny("1")) == cny("1")
    with pytest.raises(MissingValue, match="decided"):
        fee(vip=True, lost=True, late=True)
    with pytest.raises(ConflictingRules) as caught:
        fee(vip=True, lost=True, late=False)
    assert caught.value.names == ("vip", "lost")


def test_what_is_already_charged_is_read_after_the_quantity():
    """Facts are asked for in one order, so that the first that is missing is named."""
    tier = Tiered(Count("pages", "page"), (Bracket(0, None, cny("1")),), Tiering.GRADUATED, start=Count("before", "page"))  # fmt: skip
    with pytest.raises(MissingValue, match="pages"):
        compiled(tier)()
    assert compiled(tier)(pages=3, before=2) == cny("3")


def test_the_same_fact_in_several_branches():
    """A fact that one branch reads is read again in another one, which may be come to alone."""
    price = Given("item_price", "CNY")
    rule = Sum((When("lost", price, otherwise=ONE), When("late", Cap(price, TWO), otherwise=ONE)))
    fee = compiled(rule)
    assert fee(lost=False, late=True, item_price=cny("80")) == cny("3")
    assert fee(lost=True, late=False, item_price=cny("80")) == cny("81")
    assert fee(lost=False, late=False) == cny("2")
    assert compiled(MaxOf((Less(price, ONE), price)))(item_price=cny("3")) == cny("3")
