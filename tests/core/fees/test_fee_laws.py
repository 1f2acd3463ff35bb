"""A rule is worth what it says: against an evaluation written for the tests, from what each form means.

The laws of the algebra are tried in tests/testing/test_laws.py.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.errors import InvalidValue
from servflow.core.fees import (
    Cap,
    Count,
    Days,
    Expression,
    Facts,
    Fixed,
    Flat,
    Given,
    OpenDays,
    Operation,
    PerUnit,
    Rounded,
    Sum,
    Under,
    When,
    Zero,
    evaluate,
)
from servflow.core.money import Money, Rounding

DUE = date(2026, 3, 15)
CLAUSES = [Clause("X-1"), Clause("X-2")]


def cny(minor: int) -> Money:
    return Money.of_minor(minor, "CNY")


def given_facts(days: int = 5, volumes: int = 2, price: int = 1000, *, flag: bool = True) -> Facts:
    return Facts(
        days={"due": DUE, "end": DUE + timedelta(days)},
        counts={"volumes": volumes},
        amounts={"price": cny(price)},
        flags={"flag": flag},
    )


FACTS = st.builds(
    given_facts, st.integers(-9, 99), st.integers(0, 9), st.integers(0, 9999), flag=st.booleans()
)
FRACTIONS = st.fractions(0, 9, max_denominator=12)
RATES = st.integers(0, 999).map(cny)


@dataclass(frozen=True)
class EveryOtherDay:
    """A desk that is open on days of even number."""

    def open_days(self, after: date, through: date) -> int:
        return through.toordinal() // 2 - after.toordinal() // 2


LEAVES = st.one_of(
    st.just(Days()),
    st.just(Count("volumes", "day")),
    st.builds(Fixed, FRACTIONS, st.just("day")),
)
MEASURES = st.one_of(
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a + b, inner, inner),
            st.builds(lambda a, g: a.deduct(Fixed(g, "day")), inner, FRACTIONS),
            st.builds(lambda a, g: a.cliff(Fixed(g, "day")), inner, FRACTIONS),
        ),
        max_leaves=4,
    ),
    st.just(OpenDays(EveryOtherDay())),
    st.builds(lambda quantity: Count("volumes", "volume") * quantity, LEAVES),
)
RULES = st.recursive(
    st.one_of(
        st.just(Zero("CNY")),
        st.builds(Flat, RATES),
        st.just(Given("price", "CNY")),
        st.builds(PerUnit, MEASURES, RATES),
    ),
    lambda inner: st.one_of(
        st.builds(lambda rules: Sum(tuple(rules)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(Cap, inner, inner),
        st.builds(lambda one, other: When("flag", one, otherwise=other), inner, inner),
        st.builds(Under, st.sampled_from(CLAUSES), inner),
        st.builds(
            lambda rule, mode, step: Rounded(rule, mode, step=step),
            inner,
            st.sampled_from(Rounding),
            st.integers(1, 50),
        ),
    ),
    max_leaves=6,
)


def exact(rule: Expression, facts: Facts) -> Fraction:
    return rule.derive(facts).exact


@given(RULES, FACTS)
def test_a_charge_is_its_rule(rule, facts):
    """A rule is evaluated to its exact amount, or refused because a rounding is missing; nothing between."""
    if rule.whole:
        charge = evaluate(rule, facts)
        assert charge.money.minor == exact(rule, facts)
        rounding = charge.derivation.operation is Operation.ROUNDED
        assert rounding or charge.exact == charge.money.minor
    else:
        with pytest.raises(InvalidValue):
            evaluate(rule, facts)
    charge = evaluate(Rounded(rule, Rounding.HALF_EVEN), facts)
    assert charge.exact == exact(rule, facts)


@given(RULES, FACTS)
def test_a_rule_is_worth_what_it_says(rule, facts):
    """An evaluation written for the tests, from the meaning of each form, comes to the same amount."""
    assert exact(rule, facts) == worth(rule, facts)


def worth(rule: Expression, facts: Facts) -> Fraction:  # noqa: C901, PLR0912 -- one case a form
    match rule:
        case Zero():
            return Fraction(0)
        case Flat(money):
            return Fraction(money.minor)
        case PerUnit(quantity, rate):
            return worth(quantity, facts) * rate.minor
        case Given(name):
            return Fraction(facts.amounts[name].minor)
        case When(flag, one, otherwise=other):
            return worth(one if facts.flags[flag] else other, facts)
        case Sum(rules):
            return sum((worth(each, facts) for each in rules), Fraction(0))
        case Cap(capped, limit):
            return min(worth(capped, facts), worth(limit, facts))
        case Under(_, inner):
            return worth(inner, facts)
        case Rounded(inner, mode, step=step):
            return Fraction(mode.whole(worth(inner, facts) / step) * step)
        case Fixed(number):
            return Fraction(number)
        case Count(name):
            return Fraction(facts.counts[name])
        case Days(after=after, through=through) | OpenDays(after=after, through=through):
            span = range(facts.days[after].toordinal() + 1, facts.days[through].toordinal() + 1)
            return Fraction(sum(isinstance(rule, Days) or day % 2 == 0 for day in span))
        case _:
            one_part, other_part = (worth(part, facts) for part in rule._parts())
            return {
                Operation.PLUS: one_part + other_part,
                Operation.TIMES: one_part * other_part,
                Operation.DEDUCT: one_part - other_part if one_part > other_part else Fraction(0),
                Operation.CLIFF: one_part if one_part > other_part else Fraction(0),
            }[rule.operation]


@given(RULES, FACTS)
def test_a_derivation_is_kept(rule, facts):
    """Stored and read back, a derivation is the one that was stored."""
    derivation = rule.derive(facts)
    assert pickle.loads(pickle.dumps(derivation)) == derivation
