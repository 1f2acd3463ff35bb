"""Every form of measures and rules: what it comes to, its text, its derivation, its compiled function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue, MissingValue, ServflowError
from servflow.core.fees import (
    AsOf,
    Bracket,
    Charge,
    Choose,
    Compound,
    Count,
    Counting,
    DayCount,
    DayCountConvention,
    Days,
    Expression,
    FactKind,
    Facts,
    Fixed,
    Flat,
    Gap,
    Given,
    Ladder,
    MaxOf,
    Measure,
    MinOf,
    Minutes,
    Months,
    OpenDays,
    OpenMinutes,
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
    facts_read,
    replay,
)
from servflow.core.fees.compiled import compiled
from servflow.core.fees.text import FORMS, parse, text_of
from servflow.core.money import Money, Rounding
from servflow.core.worktime import Calendar
from servflow.testing.strategies import facts as facts_for
from servflow.testing.strategies import rules


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


DESK = Calendar("desk", UTC, weekly={day: ((time(9), time(17)),) for day in range(5)})
CALENDARS = {"desk": DESK}
FACTS = Facts(
    days={
        "due": date(2026, 3, 15),  # a Sunday
        "end": date(2026, 3, 20),
        "recalled_on": date(2026, 3, 18),
        "checkout": date(2026, 2, 1),
    },
    instants={
        "due_at": datetime(2026, 3, 16, 16, tzinfo=UTC),
        "end_at": datetime(2026, 3, 17, 10, 30, tzinfo=UTC),
    },
    counts={"volumes": 2},
    quantities={"weight": Decimal("2.5")},
    amounts={"item_price": cny("80")},
    flags={"vip": True, "lost": False},
    words={"category": "rare"},
    histories={"unpaid": ((date(2026, 3, 15), cny("100")), (date(2026, 3, 18), cny("40")))},
)

DAYS, VOLUMES, WEIGHT, PRICE = (
    Days(),
    Count("volumes", "volume"),
    Quantity("weight", "kilogram"),
    Given("item_price", "CNY"),
)
ONE, TWO, FIVE = Flat(cny("1")), Flat(cny("2")), Flat(cny("5"))
TIERS = (Bracket(0, 3, cny("1")), Bracket(3, None, cny("2")))
YUAN_A_DAY = PerUnit(DAYS, cny("1"))
A_THIRD = Fraction(1, 3)

# Its text, what it is, and what it comes to on the facts above; amounts in fen.
EXAMPLES: list[tuple[str, Expression, int | Fraction | None]] = [
    ("2 day", Fixed(2, "day"), 2),
    ("1/3 day", Fixed(A_THIRD, "day"), A_THIRD),
    ("count(volumes, volume)", VOLUMES, 2),
    ("quantity(weight, kilogram)", WEIGHT, Fraction(5, 2)),
    ("days(due, end)", DAYS, 5),
    ("days(checkout, due)", Days(after="checkout", through="due"), 42),
    ('open_days("desk", due, end)', OpenDays(DESK), 5),
    ("minutes(due_at, end_at)", Minutes(), 1110),
    ('open_minutes("desk", due_at, end_at)', OpenMinutes(DESK), 150),
    ("months(up, clamp, due, end)", Months(Rounding.UP, EndOfMonth.CLAMP), 1),
    (
        "months(down, next, checkout, end)",
        Months(Rounding.DOWN, EndOfMonth.NEXT, after="checkout", through="end"),
        1,
    ),
    ("years(act_365f, due, end)", DayCount(DayCountConvention.ACT_365F), Fraction(5, 365)),
    ("years(act_act_isda, due, end)", DayCount(DayCountConvention.ACT_ACT_ISDA), Fraction(5, 365)),
    ("deduct(days(due, end), 2 day)", DAYS.deduct(Fixed(2, "day")), 3),
    ("cliff(days(due, end), 5 day)", DAYS.cliff(Fixed(5, "day")), 0),
    ("at_most(days(due, end), 3 day)", DAYS.at_most(Fixed(3, "day")), 3),
    ("plus(days(due, end), 1.5 day)", DAYS + Fixed(Decimal("1.5"), "day"), Fraction(13, 2)),
    ("times(count(volumes, volume), days(due, end))", VOLUMES * DAYS, 10),
    ("times(quantity(weight, kilogram), days(due, end))", WEIGHT * DAYS, Fraction(25, 2)),
    ("periods(days(due, end), 3, start)", DAYS.periods(3, Counting.START), 2),
    ("periods(quantity(weight, kilogram), 2, end)", WEIGHT.periods(2, Counting.END), 1),
    (
        "converted(minutes(due_at, end_at), 1/60, hour)",
        Minutes().converted(Fraction(1, 60), "hour"),
        Fraction(37, 2),
    ),
    ("rounded_quantity(quantity(weight, kilogram), up)", WEIGHT.rounded(Rounding.UP), 3),
    (
        "rounded_quantity(minutes(due_at, end_at), half_even, 60)",
        Minutes().rounded(Rounding.HALF_EVEN, 60),
        1080,
    ),
    ("rounded_quantity(days(due, end), down, 1/3)", DAYS.rounded(Rounding.DOWN, A_THIRD), 5),
    ("zero(CNY)", Zero("CNY"), 0),
    ("gap(CNY)", Gap("CNY"), None),
    ("CNY 5.00", FIVE, 500),
    ("given(item_price, CNY)", PRICE, 8000),
    ("per_unit(days(due, end), CNY 0.50)", PerUnit(DAYS, cny("0.50")), 250),
    ("per_unit(days(due, end), CNY 1.00, 3)", PerUnit(DAYS, cny("1"), per=3), Fraction(500, 3)),
    ("per_unit(quantity(weight, kilogram), CNY 0.00)", PerUnit(WEIGHT, cny("0")), 0),
    ("percent(given(item_price, CNY), 0.3%)", PRICE.percent(Decimal("0.003")), 24),
    ("percent(given(item_price, CNY), 1/3)", PRICE.percent(A_THIRD), Fraction(8000, 3)),
    (
        "tiered(days(due, end), [0..3: CNY 1.00, 3..: CNY 2.00], graduated)",
        Tiered(DAYS, TIERS, Tiering.GRADUATED),
        700,
    ),
    (
        "tiered(days(due, end), [0..3: CNY 1.00, 3..: CNY 2.00], volume)",
        Tiered(DAYS, TIERS, Tiering.VOLUME),
        1000,
    ),
    (
        "tiered(days(due, end), [0..3: CNY 1.00, 3..: CNY 2.00], graduated, 2 day)",
        Tiered(DAYS, TIERS, Tiering.GRADUATED, start=Fixed(2, "day")),
        900,
    ),
    (
        "tiered(quantity(weight, kilogram), [0..0.5: CNY 1.00 per 0.1, 0.5..: CNY 1.00 per 3], graduated)",
        Tiered(
            WEIGHT,
            (
                Bracket(0, Fraction(1, 2), cny("1"), per=Fraction(1, 10)),
                Bracket(Fraction(1, 2), None, cny("1"), per=3),
            ),
            Tiering.GRADUATED,
        ),
        Fraction(1700, 3),
    ),
    (
        "tiered(given(item_price, CNY), [CNY 0.00..CNY 50.00: 10%, CNY 50.00..: 5%], graduated)",
        Tiered(
            PRICE,
            (Bracket(cny("0"), cny("50"), Fraction(1, 10)), Bracket(cny("50"), None, Fraction(1, 20))),
            Tiering.GRADUATED,
        ),
        650,
    ),
    (
        "tiered(given(item_price, CNY), [CNY 0.00..CNY 80.00: 10%, CNY 80.00..: 5%], volume)",
        Tiered(
            PRICE,
            (Bracket(cny("0"), cny("80"), Fraction(1, 10)), Bracket(cny("80"), None, Fraction(1, 20))),
            Tiering.VOLUME,
        ),
        800,
    ),
    (
        "ladder(days(due, end), [1: CNY 5.00, 5: CNY 10.00], from)",
        Ladder(DAYS, ((1, cny("5")), (5, cny("10"))), Reach.FROM),
        1000,
    ),
    (
        "ladder(quantity(weight, kilogram), [1.5: CNY 5.00, 2.5: CNY 10.00], above)",
        Ladder(WEIGHT, ((Fraction(3, 2), cny("5")), (Fraction(5, 2), cny("10"))), Reach.ABOVE),
        500,
    ),
    ("compound(CNY 5.00, 10%, days(due, end))", Compound(FIVE, Fraction(1, 10), DAYS), Fraction(61051, 200)),
    ("when(vip, CNY 1.00, CNY 2.00)", When("vip", ONE, otherwise=TWO), 100),
    ("when(lost, CNY 1.00, CNY 2.00)", When("lost", ONE, otherwise=TWO), 200),
    (
        'choose(category, [ordinary: CNY 1.00, rare: CNY 2.00, 古籍: CNY 5.00, "by post": CNY 5.00])',
        Choose("category", (("ordinary", ONE), ("rare", TWO), ("古籍", FIVE), ("by post", FIVE))),
        200,
    ),
    ("special(CNY 5.00, [vip: CNY 1.00, lost: CNY 2.00])", Special(FIVE, (("vip", ONE), ("lost", TWO))), 100),
    ("special(CNY 5.00, [lost: CNY 2.00])", Special(FIVE, (("lost", TWO),)), 500),
    (
        "as_of(checkout, [..: CNY 1.00, 2026-02-01: CNY 2.00])",
        AsOf("checkout", ((None, ONE), (date(2026, 2, 1), TWO))),
        200,
    ),
    (
        "segmented(due, end, [..: per_unit(days(due, end), CNY 1.00), recalled_on: CNY 5.00])",
        Segmented("due", "end", ((None, YUAN_A_DAY), ("recalled_on", FIVE))),
        700,
    ),
    (
        "over_balance(unpaid, scale(percent(given(unpaid, CNY), 0.3%), days(due, end)), due, end)",
        OverBalance("unpaid", Scale(Given("unpaid", "CNY").percent(Decimal("0.003")), DAYS)),
        96,
    ),
    ("sum(CNY 1.00, per_unit(days(due, end), CNY 1.00))", Sum((ONE, YUAN_A_DAY)), 600),
    ("max(CNY 1.00, CNY 5.00, CNY 2.00)", MaxOf((ONE, FIVE, TWO)), 500),
    ("min(CNY 2.00, CNY 1.00, CNY 5.00)", MinOf((TWO, ONE, FIVE)), 100),
    ("cap(per_unit(days(due, end), CNY 1.00), CNY 2.00)", YUAN_A_DAY.at_most(TWO), 200),
    ("floor(CNY 2.00, CNY 5.00)", TWO.at_least(FIVE), 500),
    ("less(CNY 5.00, CNY 2.00)", FIVE.less(TWO), 300),
    ("less(CNY 2.00, CNY 5.00)", TWO.less(FIVE), 0),
    ("scale(CNY 2.00, count(volumes, volume))", TWO * VOLUMES, 400),
    ("scale(CNY 2.00, 1.5 time)", TWO * Decimal("1.5"), 300),
    ('under("NLC-12", CNY 2.00)', Under(Clause("NLC-12"), TWO), 200),
    ('under("NLC-12 八 1", CNY 2.00)', TWO.under(Clause("NLC-12", "八 1")), 200),
    ("rounded(percent(CNY 5.00, 1/3), half_up)", FIVE.percent(A_THIRD).rounded(Rounding.HALF_UP), 167),
    ("rounded(CNY 1.00, up, 30)", ONE.rounded(Rounding.UP, step=30), 120),
]
IDS = [text for text, _, __ in EXAMPLES]


def ruled(expression: Expression) -> Rule:
    """A rule that can be evaluated: a measure is charged by the unit, and everything rounded."""
    rule = PerUnit(expression, cny("0.70")) if isinstance(expression, Measure) else expression
    assert isinstance(rule, Rule)
    return Rounded(rule, Rounding.HALF_UP)


def by_name(facts: Facts) -> dict[str, Any]:
    return {name: fact for kind in fields(facts) for name, fact in getattr(facts, kind.name).items()}


def without(facts: Facts, name: str) -> Facts:
    kinds = {kind.name: getattr(facts, kind.name) for kind in fields(facts)}
    return Facts(
        **{
            kind: {each: fact for each, fact in found.items() if each != name}
            for kind, found in kinds.items()
        }
    )


def outcome(call: Callable[[], Any]) -> Any:
    """What the call gives, or how it is refused."""
    try:
        return call()
    except ServflowError as error:
        return type(error), str(error)


def steps(step: Any) -> Iterator[Any]:
    return (each for _, each in step.lines())


def test_every_form_has_an_example():
    """A form that somebody adds needs an example here; ``rule(…)`` is no form, but one of others'."""
    names = {text.partition("(")[0] for text in IDS if "(" in text}
    assert names == set(FORMS) - {"rule"}


@pytest.mark.parametrize(("text", "expression", "_"), EXAMPLES, ids=IDS)
def test_text_and_back(text, expression, _):
    """A form is written as its text, and its text reads back as the form."""
    assert text_of(expression) == text
    written = ruled(expression)
    assert parse(text_of(written), calendars=CALENDARS) == written


@pytest.mark.parametrize(("text", "expression", "exact"), EXAMPLES, ids=IDS)
def test_amounts_and_derivations(text, expression, exact):
    """A form comes to what is worked out by hand; every step of its derivation replays to its value."""
    if exact is None:
        with pytest.raises(MissingValue, match="left open"):
            expression.derive(FACTS)
        return
    derived = expression.derive(FACTS)
    assert derived.exact == Fraction(exact)
    assert derived.unit == expression.unit
    assert all(replay(step) == step.exact for step in steps(derived))
    assert not expression.whole or derived.exact.denominator == 1
    assert expression.most is None or derived.exact <= expression.most


@pytest.mark.parametrize(("text", "expression", "_"), EXAMPLES, ids=IDS)
def test_compiled_functions(text, expression, _):
    """The compiled function gives the same amount, or is refused in the same words."""
    rule = ruled(expression)
    needed = {name: by_name(FACTS)[name] for name in facts_read(rule)}
    assert outcome(lambda: compiled(rule)(**needed)) == outcome(lambda: evaluate(rule, FACTS).money)


@pytest.mark.parametrize(("text", "expression", "_"), EXAMPLES, ids=IDS)
def test_a_fact_that_is_missing(text, expression, _):
    """Without one of its facts a rule is refused, by name; or does not need it. Compiled, it is the same."""
    rule, known = ruled(expression), by_name(FACTS)
    fee = compiled(rule)
    for name, kind in facts_read(rule).items():
        found = outcome(partial(evaluate, rule, without(FACTS, name)))
        found = found.money if isinstance(found, Charge) else found
        needed = {each: known[each] for each in facts_read(rule) if each != name}
        assert outcome(partial(fee, **needed)) == found
        if isinstance(found, tuple):
            assert found == (MissingValue, f"{name} has no value among the {kind.value} given")


WRONG: dict[FactKind, Any] = {
    FactKind.DAY: datetime(2026, 3, 15, tzinfo=UTC),
    FactKind.INSTANT: datetime(2026, 3, 15),
    FactKind.COUNT: -1,
    FactKind.QUANTITY: 2.5,
    FactKind.AMOUNT: cny("-0.01"),
    FactKind.FLAG: 1,
    FactKind.WORD: "",
    FactKind.HISTORY: (),
}


@pytest.mark.parametrize(("text", "expression", "_"), EXAMPLES, ids=IDS)
def test_a_fact_that_is_wrong(text, expression, _):
    """A fact that ``Facts`` does not take, the compiled function does not take, in the same words."""
    rule, known = ruled(expression), by_name(FACTS)
    for name, kind in facts_read(rule).items():
        refused = outcome(partial(Facts, **{kind.value: {name: WRONG[kind]}}))
        assert refused[0] is InvalidValue
        wrong = {each: known[each] for each in facts_read(rule)} | {name: WRONG[kind]}
        assert outcome(partial(compiled(rule), **wrong)) == refused


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_compiled_and_evaluated_alike(data):
    """Whatever the rule and the facts: the function gives the amount of ``evaluate``, or its error."""
    rule = data.draw(rules(gaps=True))
    facts = data.draw(facts_for(rule, unknown_words=True, conflicts=True))
    fee = compiled(rule)
    assert outcome(lambda: fee(**by_name(facts))) == outcome(lambda: evaluate(rule, facts).money)
    lacking = without(facts, data.draw(st.sampled_from([*by_name(facts), "none"])))
    assert outcome(lambda: fee(**by_name(lacking))) == outcome(lambda: evaluate(rule, lacking).money)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_derivations_replay(data):
    """Whatever the rule and the facts: each step replays to its value, and none exceeds its bound."""
    rule = data.draw(rules())
    facts = data.draw(facts_for(rule))
    charge = evaluate(rule, facts)
    assert all(replay(step) == step.exact >= 0 for step in steps(charge.derivation))
    assert rule.bound is None or charge.money <= rule.bound
