"""Laws of the fee algebra, each over many rules and facts, and each shown to catch a broken one.

A law is a plain function that fails on what breaks it. Above, hypothesis looks for a counterexample
among rules of every form; below, every law meets a rule or measure that breaks just it.
"""

from __future__ import annotations

import decimal
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
    Measure,
    OpenDays,
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


# --- the laws -----------------------------------------------------------------------------------------


def law_determinism(rule: Rule, facts: Facts) -> None:
    """1. The same facts give the same derivation, under any decimal context, and stored and read back."""
    first = rule.derive(facts)
    with decimal.localcontext(decimal.Context(prec=1, rounding=decimal.ROUND_UP)):
        assert rule.derive(facts) == first
    assert pickle.loads(pickle.dumps(first)) == first


def law_not_negative(rule: Rule, facts: Facts) -> None:
    """2. No step is ever below 0."""
    assert all(step.exact >= 0 for _, step in rule.derive(facts).lines())


def law_monotone(rule: Rule, facts: Facts, days: int, volumes: int, price: int) -> None:
    """3. More days, more volumes, a higher amount never cost less: every form of this slice is monotone."""
    more = replace(
        facts,
        days={"due": facts.day("due"), "end": facts.day("end") + timedelta(days)},
        counts={"volumes": facts.count("volumes") + volumes},
        amounts={"price": facts.amount("price") + cny(price)},
    )
    assert exact(rule, facts) <= exact(rule, more)


def law_cap(cap: Callable[[Rule, Rule], Rule], rule: Rule, one: Rule, other: Rule, facts: Facts) -> None:
    """4. A capped rule is at most its limit, at most the rule, and one of them; caps repeat and commute."""
    capped = exact(cap(rule, one), facts)
    assert capped <= exact(one, facts)
    assert capped <= exact(rule, facts)
    assert capped in (exact(rule, facts), exact(one, facts))
    assert exact(cap(cap(rule, one), one), facts) == capped
    assert exact(cap(cap(rule, one), other), facts) == exact(cap(cap(rule, other), one), facts)


def law_sum(add: Callable[[tuple[Rule, ...]], Rule], a: Rule, b: Rule, c: Rule, facts: Facts) -> None:
    """6. Sum commutes, associates, has Zero as neutral, and is the sum."""
    whole = exact(add((a, b, c)), facts)
    assert whole == exact(a, facts) + exact(b, facts) + exact(c, facts)
    assert whole == exact(add((c, a, b)), facts)
    assert whole == exact(add((a, add((b, c)))), facts) == exact(add((add((a, b)), c)), facts)
    assert exact(add((a, Zero("CNY"))), facts) == exact(a, facts)


def law_split(measure: Callable[[str, str], Measure], first: int, second: int) -> None:
    """7. A span cut in two costs what it costs whole, at one rate: no day is lost, none counts twice."""
    cut = DUE + timedelta(first)
    facts = Facts(days={"due": DUE, "cut": cut, "end": cut + timedelta(second)})

    def fine(after: str, through: str) -> Fraction:
        return exact(PerUnit(measure(after, through), cny(500)), facts)

    assert fine("due", "cut") + fine("cut", "end") == fine("due", "end")


def law_grace(
    deduct: Callable[[Measure, Measure], Measure],
    cliff: Callable[[Measure, Measure], Measure],
    grace: Fraction,
    more: Fraction,
    facts: Facts,
) -> None:
    """8. Both forms are 0 up to the grace; the cliff costs no less; more grace never costs more."""
    days = exact(Days(), facts)
    small, large = Fixed(grace, "day"), Fixed(grace + more, "day")
    allowed, forgiven = exact(deduct(Days(), small), facts), exact(cliff(Days(), small), facts)
    assert (allowed == 0) == (forgiven == 0) == (days <= grace)
    assert allowed <= forgiven <= days
    assert exact(deduct(Days(), large), facts) <= allowed
    assert exact(cliff(Days(), large), facts) <= forgiven


def law_rounding(
    around: Callable[[Rule, Rounding, int], Rule], mode: Rounding, step: int, low: Fraction, more: Fraction
) -> None:
    """9. Rounding stays within half a step (a whole one if directed), repeats, and keeps the order."""
    tick = cny(1)

    def of(quantity: Fraction) -> Rule:
        return around(PerUnit(Fixed(quantity, "unit"), tick), mode, step)

    once = exact(of(low), Facts())
    off = once - low
    assert once % step == 0
    match mode:
        case Rounding.UP:
            assert 0 <= off < step
        case Rounding.DOWN:
            assert 0 <= -off < step
        case _:
            assert abs(off) * 2 <= step
    assert exact(around(of(low), mode, step), Facts()) == once
    assert once <= exact(of(low + more), Facts())


def law_sum_of_rounded(parts: list[Fraction], mode: Rounding) -> None:
    """9. n rounded parts lie within (n+1)/2 steps of the rounded whole, if rounding goes to the nearest."""
    rules = [PerUnit(Fixed(part, "unit"), cny(1)) for part in parts]
    apart = sum(exact(Rounded(rule, mode), Facts()) for rule in rules)
    together = exact(Rounded(Sum(tuple(rules)), mode), Facts())
    assert abs(apart - together) * 2 <= len(parts) + 1


def law_explanation(rule: Rule, facts: Facts) -> None:
    """17. The derivation, replayed from its leaves alone, comes to the amount, and so does every step."""
    for _, step in rule.derive(facts).lines():
        assert replay(step) == step.exact


def law_cited(rule: Rule, facts: Facts) -> None:
    """17. Under a clause every step has one."""
    assert all(step.clause is not None for _, step in Under(CLAUSES[0], rule).derive(facts).lines())


def law_locality(measure: Callable[[OpenCalendar], Measure], closed: set[date], elsewhere: date) -> None:
    """19. Closing the desk on a day outside (due, end] changes nothing."""
    facts = given_facts(30)
    if facts.day("due") < elsewhere <= facts.day("end"):
        elsewhere = facts.day("due")
    before = exact(measure(OpenCalendar(frozenset(closed))), facts)
    assert exact(measure(OpenCalendar(frozenset(closed | {elsewhere}))), facts) == before


def law_homogeneity(rule: Callable[[int], Rule], facts: Facts, times: int) -> None:
    """20. Before rounding, all amounts k times as high give k times the result."""
    scaled = replace(facts, amounts={"price": facts.amount("price") * times})
    assert exact(rule(times), scaled) == times * exact(rule(1), facts)


@dataclass(frozen=True)
class OpenCalendar:
    """A desk that is open on all days but some."""

    closed: frozenset[date]

    def open_days(self, after: date, through: date) -> int:
        return (through - after).days - sum(after < day <= through for day in self.closed)


# --- they hold ----------------------------------------------------------------------------------------


@given(RULES, FACTS)
def test_laws_of_every_rule(rule, facts):
    """Laws 1, 2, 17: the same for ever, never negative, and explained, whatever the rule."""
    law_determinism(rule, facts)
    law_not_negative(rule, facts)
    law_explanation(rule, facts)
    law_cited(rule, facts)


@given(RULES, FACTS, st.integers(0, 30), st.integers(0, 3), st.integers(0, 999))
def test_more_never_costs_less(rule, facts, days, volumes, price):
    """Law 3."""
    law_monotone(rule, facts, days, volumes, price)


@given(RULES, RULES, RULES, FACTS)
def test_caps(rule, one, other, facts):
    """Law 4."""
    law_cap(Cap, rule, one, other, facts)


@given(RULES, RULES, RULES, FACTS)
def test_sums(a, b, c, facts):
    """Law 6."""
    law_sum(Sum, a, b, c, facts)


def calendar_days(after: str, through: str) -> Measure:
    return Days(after=after, through=through)


def open_days(after: str, through: str) -> Measure:
    return OpenDays(EveryOtherDay(), after=after, through=through)


@given(st.integers(0, 99), st.integers(0, 99))
def test_spans_split(first, second):
    """Law 7, for days and for open days."""
    law_split(calendar_days, first, second)
    law_split(open_days, first, second)


@given(FRACTIONS, FRACTIONS, FACTS)
def test_grace(grace, more, facts):
    """Law 8."""
    law_grace(Measure.deduct, Measure.cliff, grace, more, facts)


def rounded(rule: Rule, mode: Rounding, step: int) -> Rule:
    return Rounded(rule, mode, step=step)


@given(st.sampled_from(Rounding), st.integers(1, 50), FRACTIONS, FRACTIONS)
def test_rounding(mode, step, low, more):
    """Law 9, one amount."""
    law_rounding(rounded, mode, step, low, more)


@given(st.lists(FRACTIONS, min_size=1, max_size=9), st.sampled_from([Rounding.HALF_UP, Rounding.HALF_EVEN]))
def test_rounded_parts(parts, mode):
    """Law 9, parts of a whole."""
    law_sum_of_rounded(parts, mode)


@given(st.sets(st.dates(date(2026, 3, 1), date(2026, 5, 1))), st.dates(date(2026, 3, 1), date(2026, 5, 1)))
def test_the_calendar_is_local(closed, elsewhere):
    """Law 19."""
    law_locality(OpenDays, closed, elsewhere)


@given(MEASURES, RATES, RATES, FACTS, st.integers(0, 9))
def test_amounts_scale(measure, rate, limit, facts, times):
    """Law 20."""

    def rule(by: int) -> Rule:
        fine = Cap(PerUnit(measure, rate * by), Flat(limit * by))
        return Sum((fine, When("flag", Given("price", "CNY"), otherwise=Flat(limit * by)), Zero("CNY")))

    law_homogeneity(rule, facts, times)


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


# --- and they bite ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken(Rule):
    """A rule that gives whatever a test makes it give, derived in no way at all."""

    amount: Callable[[Facts], Fraction | int]
    operation = Operation.ZERO
    currency: str = field(default="CNY")

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return Step(operation=Operation.ZERO, unit="CNY", exact=Fraction(self.amount(facts)))


@dataclass(frozen=True)
class BrokenMeasure(Measure):
    """A measure of the same kind."""

    quantity: Callable[[Facts], Fraction | int]
    operation = Operation.FIXED
    unit: str = field(default="day")

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return Step(operation=Operation.FIXED, unit="day", exact=Fraction(self.quantity(facts)))


def with_first_day(after: str, through: str) -> Measure:
    return BrokenMeasure(lambda facts: (facts.day(through) - facts.day(after)).days + 1)


def late_by(facts: Facts) -> Fraction:
    return exact(Days(), facts)


def precise(_: Facts) -> Fraction:
    return Fraction(decimal.Decimal(1) / decimal.Decimal(3))


FINE = PerUnit(Days(), cny(500))
LOW, MIDDLE = Flat(cny(1)), Flat(cny(5))
BREAKS: dict[str, Callable[[], None]] = {
    "1 ambient context": lambda: law_determinism(Broken(precise), given_facts()),
    "2 a credit": lambda: law_not_negative(Broken(lambda facts: -1), given_facts()),
    "3 cheaper by the day": lambda: law_monotone(
        Broken(lambda facts: 9999 - late_by(facts)), given_facts(), 1, 0, 0
    ),
    "3 volumes at a discount": lambda: law_monotone(
        Broken(lambda facts: 9 - facts.count("volumes")), given_facts(), 0, 1, 0
    ),
    "3 dearer is cheaper": lambda: law_monotone(
        Broken(lambda facts: 9999 - facts.amount("price").minor), given_facts(), 0, 0, 1
    ),
    "4 a floor": lambda: law_cap(
        lambda rule, limit: Broken(lambda facts: max(exact(rule, facts), exact(limit, facts))),
        FINE,
        LOW,
        MIDDLE,
        given_facts(),
    ),
    "4 a cap of nothing": lambda: law_cap(lambda rule, limit: Zero("CNY"), FINE, LOW, MIDDLE, given_facts()),
    "4 a cap that is none": lambda: law_cap(lambda rule, limit: rule, FINE, LOW, MIDDLE, given_facts()),
    "6 only the first": lambda: law_sum(lambda rules: rules[0], FINE, LOW, MIDDLE, given_facts()),
    "6 counted twice": lambda: law_sum(
        lambda rules: Broken(lambda facts: sum(exact(rule, facts) for rule in (*rules, rules[-1]))),
        FINE,
        LOW,
        MIDDLE,
        given_facts(),
    ),
    "7 the due day counts": lambda: law_split(with_first_day, 3, 4),
    "8 a cliff for an allowance": lambda: law_grace(
        Measure.cliff, Measure.deduct, Fraction(2), Fraction(0), given_facts()
    ),
    "8 a day short": lambda: law_grace(
        lambda one, grace: BrokenMeasure(
            lambda facts: max(late_by(facts) - exact(grace, facts) + 1, Fraction(0))
        ),
        Measure.cliff,
        Fraction(5),
        Fraction(1),
        given_facts(),
    ),
    "8 more grace is dearer": lambda: law_grace(
        lambda one, grace: BrokenMeasure(lambda facts: exact(grace, facts) / 9),
        Measure.cliff,
        Fraction(1),
        Fraction(1),
        given_facts(),
    ),
    "9 up for down": lambda: law_rounding(
        lambda rule, mode, step: rounded(rule, Rounding.UP, step),
        Rounding.DOWN,
        1,
        Fraction(1, 2),
        Fraction(0),
    ),
    "9 down for up": lambda: law_rounding(
        lambda rule, mode, step: rounded(rule, Rounding.DOWN, step),
        Rounding.UP,
        1,
        Fraction(1, 2),
        Fraction(0),
    ),
    "9 down for the nearest": lambda: law_rounding(
        lambda rule, mode, step: rounded(rule, Rounding.DOWN, step),
        Rounding.HALF_UP,
        1,
        Fraction(3, 4),
        Fraction(0),
    ),
    "9 not rounded": lambda: law_rounding(
        lambda rule, mode, step: rule, Rounding.UP, 1, Fraction(1, 2), Fraction(0)
    ),
    "9 parts rounded up": lambda: law_sum_of_rounded([Fraction(1, 9)] * 9, Rounding.UP),
    "17 no steps": lambda: law_explanation(Broken(lambda facts: 7), given_facts()),
    "17 no clause": lambda: law_cited(Broken(lambda facts: 7), given_facts()),
    "19 the whole calendar": lambda: law_locality(
        lambda calendar: BrokenMeasure(lambda facts: 99 - len(calendar.closed)), set(), date(2026, 3, 2)
    ),
    "20 a fixed part": lambda: law_homogeneity(lambda times: LOW, given_facts(), 2),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_laws_bite(broken):
    """Every law catches a rule that breaks it."""
    with pytest.raises(AssertionError):
        BREAKS[broken]()
