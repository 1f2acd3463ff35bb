"""What is known of measures and rules without any facts: what they read, rise with, never exceed."""

from __future__ import annotations

import pickle
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue, MissingValue
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
    Ladder,
    MaxOf,
    MinOf,
    Minutes,
    Months,
    OverBalance,
    PerUnit,
    Quantity,
    Reach,
    Rounded,
    Rule,
    Segmented,
    Special,
    Sum,
    Tiered,
    Tiering,
    When,
    Zero,
    evaluate,
    facts_read,
    missing,
)
from servflow.core.money import Money, Rounding
from servflow.testing.strategies import facts as facts_for
from servflow.testing.strategies import rules


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


ONE, TWO, FIVE = Flat(cny("1")), Flat(cny("2")), Flat(cny("5"))
FINE = PerUnit(Days(), cny("1"))
PRICE = Given("price", "CNY")
PAGES = Count("pages", "page")
DUE, END = date(2026, 3, 15), date(2026, 3, 20)
FALLING = (Bracket(0, 7, cny("2")), Bracket(7, None, cny("1")))
RISING = (Bracket(0, 7, cny("1")), Bracket(7, None, cny("2")))


@pytest.mark.parametrize(
    ("expression", "trends"),
    [
        (ONE, {}),
        (Days(), {"due": -1, "end": 1}),
        (Minutes(), {"due_at": -1, "end_at": 1}),
        (Days().deduct(Count("grace", "day")), {"due": -1, "end": 1, "grace": -1}),
        (Days().cliff(Count("grace", "day")), {"due": -1, "end": 1, "grace": -1}),
        (Days().at_most(Count("limit", "day")), {"due": -1, "end": 1, "limit": 1}),
        (Days() + Days(after="end", through="due"), {"due": 0, "end": 0}),
        (Days() * PAGES, {"due": -1, "end": 1, "pages": 1}),
        (Days().periods(7, Counting.START), {"due": -1, "end": 1}),
        (PRICE, {"price": 1}),
        (PRICE.percent(Decimal("0.1")), {"price": 1}),
        (FIVE.less(PRICE), {"price": -1}),
        (PRICE.less(PRICE), {"price": 0}),
        (When("lost", PRICE, otherwise=ONE), {"lost": 0, "price": 1}),
        (When("lost", PRICE, otherwise=FIVE.less(PRICE)), {"lost": 0, "price": 0}),
        (Choose("category", (("rare", PRICE),)), {"category": 0, "price": 1}),
        (Special(ONE, (("lost", PRICE),)), {"lost": 0, "price": 1}),
        (AsOf("end", ((None, FINE),)), {"due": -1, "end": 0}),
        (Segmented("due", "end", ((None, FINE), ("recalled_on", FINE))), {"due": -1, "end": 1, "recalled_on": 0}),
        (OverBalance("unpaid", Given("unpaid", "CNY")), {"unpaid": 0, "due": -1, "end": 1}),
        (Tiered(PAGES, FALLING, Tiering.GRADUATED), {"pages": 1}),
        (Tiered(PAGES, FALLING, Tiering.VOLUME), {"pages": 0}),
        (Tiered(PAGES, RISING, Tiering.VOLUME), {"pages": 1}),
        (Tiered(PAGES, RISING, Tiering.GRADUATED, start=Count("before", "page")), {"pages": 1, "before": 1}),
        (Tiered(PAGES, FALLING, Tiering.GRADUATED, start=Count("before", "page")), {"pages": 1, "before": 0}),
        (Ladder(PAGES, ((1, cny("1")), (3, cny("5"))), Reach.FROM), {"pages": 1}),
        (Ladder(PAGES, ((1, cny("5")), (3, cny("1"))), Reach.FROM), {"pages": 0}),
        (Compound(PRICE, Fraction(1, 10), PAGES), {"price": 1, "pages": 1}),
    ],
)  # fmt: skip
def test_in_which_facts_it_rises(expression, trends):
    """By fact: 1 where it never falls as the fact grows, -1 where it never rises, 0 where neither is known."""
    assert expression.trends == trends
    assert expression.monotone == {name for name, trend in trends.items() if trend > 0}


LIMITED = Days().at_most(Fixed(60, "day"))
BOUNDS = [
    (Fixed(Fraction(1, 2), "day"), Fraction(1, 2)),
    (Days(), None),
    (LIMITED, 60),
    (Days().at_most(Days()), None),
    (LIMITED.at_most(Days()), 60),
    (LIMITED.at_most(Fixed(30, "day")), 30),
    (LIMITED.deduct(Fixed(5, "day")), 60),
    (LIMITED.cliff(Days()), 60),
    (LIMITED + Fixed(1, "day"), 61),
    (LIMITED + Days(), None),
    (Days() + LIMITED, None),
    (LIMITED * Fixed(2, "volume"), 120),
    (LIMITED * PAGES, None),
    (PAGES * LIMITED, None),
    (LIMITED.periods(7, Counting.START), 9),
    (LIMITED.periods(7, Counting.END), 9),
    (Days().periods(7, Counting.END), None),
    (LIMITED.converted(24, "hour"), 1440),
    (Days().converted(24, "hour"), None),
    (LIMITED.rounded(Rounding.UP, 7), 63),
    (Days().rounded(Rounding.UP), None),
    (Zero("CNY"), 0),
    (Gap("CNY"), None),
    (ONE, 100),
    (PRICE, None),
    (FINE, None),
    (PerUnit(LIMITED, cny("1"), per=7), Fraction(6000, 7)),
    (PerUnit(Days(), cny("0")), 0),
    (ONE.percent(Fraction(1, 3)), Fraction(100, 3)),
    (PRICE.percent(Fraction(1, 3)), None),
    (Tiered(LIMITED, RISING, Tiering.GRADUATED), 700 + 53 * 200),
    (Tiered(LIMITED, RISING, Tiering.VOLUME), 60 * 200),
    (Tiered(Fixed(7, "day"), RISING, Tiering.GRADUATED), 700),
    (Tiered(Fixed(3, "day"), RISING, Tiering.VOLUME), 300),
    (Tiered(Fixed(3, "day"), RISING, Tiering.GRADUATED, start=Days()), 600),
    (Tiered(Days(), RISING, Tiering.GRADUATED), None),
    (Tiered(Days(), (Bracket(0, None, cny("0")),), Tiering.GRADUATED), 0),
    (Ladder(Days(), ((1, cny("5")), (3, cny("2"))), Reach.FROM), 500),
    (Compound(ONE, 1, Fixed(3, "day")), 700),
    (Compound(ONE, 1, Days()), None),
    (Compound(PRICE, 1, Fixed(3, "day")), None),
    (Compound(ONE, Fraction(1, 1000), Fixed(10**9, "day")), None),
    (When("lost", FIVE, otherwise=ONE), 500),
    (When("lost", PRICE, otherwise=ONE), None),
    (Choose("category", (("rare", FIVE), ("new", TWO))), 500),
    (Special(TWO, (("vip", ONE), ("lost", FIVE))), 500),
    (AsOf("due", ((None, ONE), (DUE, FIVE))), 500),
    (Segmented("due", "end", ((None, ONE),)), None),
    (OverBalance("unpaid", ONE), None),
    (Sum((ONE, FIVE)), 600),
    (Sum((ONE, PRICE)), None),
    (MaxOf((ONE, FIVE)), 500),
    (MaxOf((ONE, PRICE)), None),
    (MinOf((FIVE, PRICE, ONE)), 100),
    (MinOf((PRICE, PRICE)), None),
    (PRICE.at_most(FIVE), 500),
    (PRICE.at_most(PRICE), None),
    (ONE.at_least(FIVE), 500),
    (ONE.at_least(PRICE), None),
    (FIVE.less(ONE), 500),
    (PRICE.less(ONE), None),
    (TWO * LIMITED, 12000),
    (TWO * PAGES, None),
    (PRICE * 2, None),
    (FIVE.under(Clause("X-1")), 500),
    (ONE.rounded(Rounding.UP, step=30), 120),
    (PRICE.rounded(Rounding.UP), None),
]


@pytest.mark.parametrize(("expression", "most"), BOUNDS, ids=lambda part: repr(part)[:60])
def test_what_is_never_exceeded(expression, most):
    """What it is at the most, whatever the facts; None where that is not known."""
    assert expression.most == most
    if isinstance(expression, Rule):
        bound = None if most is None else Money.of_minor(Rounding.UP.whole(Fraction(most)), "CNY")
        assert expression.bound == bound


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        (Days(), True),
        (Months(Rounding.UP, EndOfMonth.CLAMP), True),
        (Minutes(), False),
        (Quantity("weight", "kilogram"), False),
        (DayCount(DayCountConvention.ACT_360), False),
        (Minutes().periods(Fraction(1, 2), Counting.START), True),
        (Days().converted(24, "hour"), True),
        (Days().converted(Fraction(1, 7), "week"), False),
        (Minutes().converted(60, "second"), False),
        (Minutes().rounded(Rounding.UP), True),
        (Minutes().rounded(Rounding.UP, Fraction(1, 2)), False),
        (PerUnit(Days(), cny("1"), per=4), True),
        (PerUnit(Days(), cny("1"), per=3), False),
        (ONE.percent(2), True),
        (ONE.percent(Fraction(1, 2)), False),
        (Tiered(Days(), RISING, Tiering.GRADUATED), True),
        (Tiered(Minutes(), RISING, Tiering.GRADUATED), False),
        (
            Tiered(
                Days(),
                (Bracket(0, Fraction(1, 2), cny("1")), Bracket(Fraction(1, 2), None, cny("1"))),
                Tiering.VOLUME,
            ),
            False,
        ),
        (Tiered(Days(), (Bracket(0, None, cny("1"), per=3),), Tiering.VOLUME), False),
        (Ladder(Minutes(), ((1, cny("5")),), Reach.FROM), True),
        (Compound(ONE, 1, Days()), True),
        (Compound(ONE, Fraction(1, 10), Days()), False),
        (ONE.percent(Fraction(1, 3)).rounded(Rounding.UP), True),
        (ONE * Fraction(1, 3), False),
    ],
)
def test_what_gives_whole_numbers_only(expression, whole):
    """Whether anything is left to round is known without any facts, and asked for only once."""
    assert expression.whole is whole
    assert [expression.is_whole, expression.is_whole] == [whole, whole]


def test_what_a_rule_reads():
    """Every fact by name, with its kind, in the order in which it is read; a bound balance is none."""
    rule = Sum((When("lost", PRICE, otherwise=ONE), OverBalance("unpaid", Given("unpaid", "CNY"))))
    assert list(facts_read(rule).items()) == [
        ("lost", FactKind.FLAG),
        ("price", FactKind.AMOUNT),
        ("unpaid", FactKind.HISTORY),
        ("due", FactKind.DAY),
        ("end", FactKind.DAY),
    ]
    assert facts_read(ONE) == {}


def test_one_name_read_as_two_kinds_of_facts():
    """A name says one thing: as a day and as an amount it is refused, with both kinds."""
    with pytest.raises(InvalidValue) as caught:
        facts_read(Sum((FINE, Given("end", "CNY"))))
    assert caught.value.field == "end"
    assert caught.value.found == "read among the amounts"
    assert caught.value.expected == "among the days only"
    over = OverBalance("unpaid", Given("unpaid", "CNY"))
    with pytest.raises(InvalidValue, match=r"unpaid: .*among the amounts.*among the histories only"):
        facts_read(Sum((over, Given("unpaid", "CNY"))))


def test_what_is_missing():
    """Everything that is needed and was not given; what lies behind a missing flag is not asked for yet."""
    rule = Sum((When("lost", PRICE, otherwise=ONE), FINE))
    assert missing(rule, Facts()) == {"lost": FactKind.FLAG, "due": FactKind.DAY, "end": FactKind.DAY}
    assert missing(rule, Facts(flags={"lost": True}, days={"due": DUE})) == {
        "price": FactKind.AMOUNT,
        "end": FactKind.DAY,
    }
    assert missing(rule, Facts(flags={"lost": False}, days={"due": DUE, "end": END})) == {}


def test_what_is_missing_within_a_history():
    """The balance comes from the history, so the amount of that name is not asked for."""
    rule = OverBalance("unpaid", Sum((Given("unpaid", "CNY"), PRICE)))
    assert set(missing(rule, Facts())) == {"unpaid", "due", "end"}
    known = Facts(days={"due": DUE, "end": END}, histories={"unpaid": ((DUE, cny("1")),)})
    assert missing(rule, known) == {"price": FactKind.AMOUNT}


def test_what_is_missing_of_a_rule_by_date():
    """Before its first version a rule says nothing, and what it would read cannot be told."""
    with pytest.raises(MissingValue, match="rule has no value on 2026-03-15"):
        missing(AsOf("due", ((END, ONE),)), Facts(days={"due": DUE}))


def test_constants_keep_their_step_by_clause():
    """A step that is kept is that of its clause, and no other one."""
    amount = Flat(cny("5"))
    bare, cited = amount.derive(Facts()), amount.derive(Facts(), Clause("X-1"))
    assert (bare.clause, cited.clause) == (None, Clause("X-1"))
    assert amount.derive(Facts()).clause is None
    assert amount.derive(Facts()) == bare


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_nothing_missing_is_enough(data):
    """Where nothing is missing a rule is evaluated; and a fact that is said to be missing is needed."""
    rule = data.draw(rules())
    facts = data.draw(facts_for(rule))
    assert missing(rule, facts) == {}
    evaluate(rule, facts)
    assert set(missing(rule, Facts())) <= set(facts_read(rule))
    if missing(rule, Facts()):
        with pytest.raises(MissingValue):
            evaluate(rule, Facts())


def test_limits_known_beforehand_are_checked_beforehand():
    """A floor that is a fixed amount, under a clause or rounded, is known to a cap that is built on it."""
    for floor in (FIVE, FIVE.under(Clause("X-1")), Rounded(FIVE, Rounding.UP)):
        rule = Floor(FINE, floor)
        assert rule.least_set == 500
        assert Cap(rule, FIVE).least_set == 500
        assert rule.under(Clause("X-2")).least_set == 500
        assert rule.rounded(Rounding.UP, step=300).least_set == 600
    assert Floor(FINE, PRICE).least_set is None
    assert FINE.rounded(Rounding.UP).least_set is None
    assert FINE.least_set is None


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_rules_survive_a_pickle(data):
    """A rule sent to a worker process, evaluated before or not, arrives equal and gives the same charge."""
    rule = data.draw(rules())
    facts = data.draw(facts_for(rule))
    fresh = pickle.loads(pickle.dumps(rule))
    charge = evaluate(rule, facts)
    used = pickle.loads(pickle.dumps(rule))
    assert fresh == used == rule
    assert evaluate(fresh, facts) == evaluate(used, facts) == charge
