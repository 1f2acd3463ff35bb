"""Every law holds for rules of every form, and every law catches something that breaks it."""

from __future__ import annotations

import inspect
import locale
import math
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue
from servflow.core.fees import (
    AsOf,
    Bracket,
    Cap,
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
    Less,
    MaxOf,
    Measure,
    MinOf,
    Minutes,
    Months,
    OpenDays,
    OpenMinutes,
    Operation,
    OverBalance,
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
    adds_up,
    evaluate,
    facts_read,
    interest,
)
from servflow.core.fees.assessment import assess
from servflow.core.fees.measures import Pair
from servflow.core.ledger import Account, AccountKind, Posting, settlement
from servflow.core.money import Money, Rounding
from servflow.core.worktime import Calendar
from servflow.testing import laws, strategies
from servflow.testing._trees import nodes, spans_in
from servflow.testing.laws import (
    LAWS,
    STATEMENTS,
    LawBroken,
    Splitting,
    Untried,
    check_law,
    check_rule,
    laws_for,
)

DUE = date(2026, 3, 15)


def cny(minor: int) -> Money:
    return Money.of_minor(minor, "CNY")


def late(days: int = 5, **more: Any) -> Facts:
    return Facts(days={"due": DUE, "end": DUE + timedelta(days)}, **more)


FINE = PerUnit(Days(), cny(50))
NAMED = {law.name: law for law in LAWS}
DESK = Calendar("desk", UTC, weekly=dict.fromkeys(range(5), ((time(9), time(17)),)))


# --- they hold ---------------------------------------------------------------------------------------

BRACKETS = (
    Bracket(0, 7, cny(10)),
    Bracket(7, Fraction(61, 2), cny(30)),
    Bracket(Fraction(61, 2), None, cny(5)),
)
RISING = (Bracket(0, 7, cny(10)), Bracket(7, None, cny(30)))
FALLING = (Bracket(0, 7, cny(30)), Bracket(7, None, cny(10)))
YEARS = st.builds(DayCount, st.sampled_from(DayCountConvention))
SMALL = strategies.rules(depth=1)
SPANNED = st.one_of(
    st.builds(PerUnit, strategies.measures(), strategies.moneys()),
    st.builds(
        lambda m, b: Tiered(m, b, Tiering.GRADUATED),
        strategies.measures(depth=1),
        st.sampled_from([RISING, FALLING]),
    ),
    st.builds(
        lambda m, cap: Cap(PerUnit(m, cny(7)), Flat(cap)), strategies.measures(depth=1), strategies.moneys()
    ),
    st.builds(
        lambda m, off: Less(PerUnit(m, cny(7)), Flat(off)), strategies.measures(depth=1), strategies.moneys()
    ),
    st.builds(
        lambda m, some: MaxOf((PerUnit(m, cny(7)), Flat(some))),
        strategies.measures(depth=1),
        strategies.moneys(),
    ),
    st.builds(
        lambda m, n: MinOf((PerUnit(m, cny(7)), PerUnit(n, cny(9)))),
        strategies.measures(depth=1),
        strategies.measures(depth=1),
    ),
    st.builds(
        lambda m, mode: Rounded(PerUnit(m, cny(7)), mode),
        strategies.measures(depth=1),
        st.sampled_from(Rounding),
    ).map(lambda rule: Sum((rule, Zero("CNY")))),
    st.builds(
        lambda y: Compound(Given("base", "CNY"), Fraction(1, 10), y.periods(Fraction(1, 12), Counting.END)),
        YEARS,
    ),
    st.builds(
        lambda y: Segmented(
            "due", "end", ((None, Scale(Given("base", "CNY"), y)), (DUE, FINE), ("recalled_on", Zero("CNY")))
        ),
        YEARS,
    ),
)
STARTS = st.sampled_from([((None, Fraction(1, 20)),), ((None, Fraction(1, 20)), (DUE, Fraction(1, 30)))])
FOCUS: Mapping[str, st.SearchStrategy[Rule]] = {
    "splitting": SPANNED,
    "graduation": st.builds(
        lambda m, start: Tiered(
            m, BRACKETS, Tiering.GRADUATED, start=Fixed(start, m.unit) if "*" not in m.unit else None
        ),
        strategies.measures(),
        st.integers(0, 40),
    ),
    "grace": st.builds(
        lambda m, g: PerUnit(m.deduct(Fixed(g, "day")), cny(9)),
        strategies.measures(unit="day"),
        st.integers(0, 9),
    ),
    "conflicts": st.builds(lambda a, b, c: Special(a, (("lost", b), ("member", c))), SMALL, SMALL, SMALL),
    "compound": st.builds(
        lambda b, m: Compound(b, Fraction(1, 10), m.at_most(Fixed(20, "day"))),
        SMALL,
        strategies.measures(unit="day", whole=True),
    ),
    "interest": st.builds(partial(interest, "principal", "CNY"), STARTS, st.sampled_from(DayCountConvention)),
    "locality": st.builds(lambda c: PerUnit(OpenDays(c), cny(50)), strategies.calendars())
    | st.builds(lambda c: PerUnit(OpenMinutes(c), cny(50)), strategies.calendars()),
    "later versions": st.builds(
        lambda a, b: Segmented("due", "end", ((None, a), ("recalled_on", b))), SMALL, SMALL
    ),
}
"""For laws about some forms only, rules that have them."""


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.number} {law.name}")
@settings(max_examples=40)
@given(st.data())
def test_the_law_holds(law: laws.Law, data: st.DataObject) -> None:
    """For rules of every form, and more often for those that the law is about."""
    every = strategies.rules()
    rule = data.draw(every | FOCUS[law.name] if law.name in FOCUS else every, label="rule")
    if law.applies(rule):
        law.check(rule, data)


@pytest.mark.parametrize("name", FOCUS)
@settings(max_examples=20)
@given(st.data())
def test_the_focus_is_in_focus(name: str, data: st.DataObject) -> None:
    """A law about some forms applies to the rules that are made for it, all or most of them."""
    rule = data.draw(FOCUS[name])
    assert NAMED[name].applies(rule) or name in {"splitting", "compound"}


@settings(max_examples=30)
@given(st.data())
def test_cited_rules_are_cited(data: st.DataObject) -> None:
    """A rule under a clause has one at every leaf."""
    rule = data.draw(strategies.rules(cited=True))
    laws_required = laws_for(rule, clauses_required=True)
    assert set(laws_required) - set(laws_for(rule)) == {laws_required[-1]}
    laws_required[-1].check(rule, data)


AMOUNTS = st.fractions(0, 99, max_denominator=12)
MODES = st.sampled_from(Rounding)


@given(AMOUNTS, AMOUNTS, MODES, st.integers(1, 50))
def test_roundings(exact: Fraction, more: Fraction, mode: Rounding, step: int) -> None:
    """Law 9, for the four ways to round."""
    laws.rounds(exact, more, mode, step)


@given(st.lists(AMOUNTS, min_size=1, max_size=9), MODES, st.integers(1, 9))
def test_rounded_parts(parts: list[Fraction], mode: Rounding, step: int) -> None:
    """Law 9, for parts of a whole."""
    laws.rounds_parts(parts, mode, step)


@given(
    strategies.moneys(),
    st.dictionaries(st.text(max_size=3), st.integers(0, 9), min_size=1).filter(lambda w: sum(w.values())),
)
def test_allocations(whole: Money, weights: dict[str, int]) -> None:
    """Law 10."""
    laws.allocates(whole, weights)


@given(AMOUNTS, AMOUNTS, AMOUNTS.filter(bool))
def test_periods(first: Fraction, second: Fraction, length: Fraction) -> None:
    """Law 7, for begun and completed periods."""
    laws.periods_split(first, second, length)


@given(st.lists(strategies.days(), min_size=1, unique=True), st.lists(strategies.days()), strategies.days())
def test_dated_values(starts: list[date], days: list[date], later: date) -> None:
    """Law 15, for dated values."""
    values = [Since(start, Cited(number, Clause("X-1"))) for number, start in enumerate(starts)]
    dated = Dated("loan days", values)
    laws.partitions(dated, [*days, *starts, *(start - timedelta(1) for start in starts)])
    start = max([*starts, later]) + timedelta(1)
    more = Dated("loan days", [*values, Since(start, None)])
    for day in [*starts, *(day for day in days if day < start)]:
        laws.appended(dated, more, day)


@given(strategies.moneys(), st.integers(0, 400), st.integers(0, 9))
def test_simple_interest(principal: Money, days: int, times: int) -> None:
    """Law 18, for actual days over 365."""
    years = DayCount(DayCountConvention.ACT_365F)

    def bears(amount: Money, for_days: int) -> Fraction:
        return Scale(Percent(Flat(amount), Fraction(1, 20)), years).derive(late(for_days)).exact

    laws.linear(bears, principal, days, times)


@given(strategies.calendars(), strategies.days(), st.integers(0, 99), st.integers(0, 99))
def test_calendars(calendar: Calendar, after: date, length: int, away: int) -> None:
    """Law 19, for calendars: closing the due day, or one before it or after the end, changes nothing."""
    through = after + timedelta(length)
    for day in (after - timedelta(away), through + timedelta(away + 1)):
        try:
            other = replace(calendar, exceptions={**calendar.exceptions, day: ()})
        except InvalidValue:  # it was the only open day
            continue
        laws.agree(calendar, other, after, through)


# --- and they bite -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own(Rule):
    """A rule of somebody's own: whatever a test makes it give."""

    amount: Callable[[Facts], Fraction | int]
    reads: tuple[tuple[str, FactKind, int], ...] = ()
    bound_to: Fraction | None = None
    operation = Operation.ZERO
    currency: str = field(default="CNY")

    @property
    def most(self) -> Fraction | None:
        return self.bound_to

    def _reads(self) -> tuple[tuple[str, FactKind, int], ...]:
        return self.reads

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return Step(operation=Operation.ZERO, unit="CNY", exact=Fraction(self.amount(facts)), clause=clause)


class HalfSaid(Own):
    """A rule that reads a fact of its own only after it was asked once."""

    def _taken(self, facts: Facts) -> Any:
        return ()

    def _reads(self) -> Any:
        import sys

        asked_by = sys._getframe(1).f_code.co_name
        return () if asked_by == "missing" else self.reads


def stepped(step: Step, exact: Fraction | int) -> Step:
    """The step with another value than follows."""
    return replace(step, exact=Fraction(exact))


def counting() -> Own:
    """A rule that remembers how often it was asked: an hourly job that charges a late fee again."""
    asked: list[int] = []

    def again(_: Facts) -> int:
        asked.append(1)
        return len(asked)

    return Own(again)


class DueDayCounts(Days):
    """Days, the due day among them."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = Days.derive(self, facts, clause)
        return stepped(step, step.exact + 1)


class StartIgnored(Tiered):
    """A graduated tariff that begins anew for every part."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return Tiered(self.quantity, self.brackets, self.tiering).derive(facts, clause)


class GraceOffByOne(Pair):
    """An allowance that leaves a unit too much."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = Pair.derive(self, facts, clause)
        return stepped(step, step.exact + 1)


class Truncated(Rounded):
    """int(100 * 2.30) is 229."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = Rounded.derive(self, facts, clause)
        return stepped(step, step.parts[0].exact // 1)


class LatestVersion(AsOf):
    """The version of today, whenever the case was."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return self.versions[-1][1].derive(facts, clause)


class FirstWins(Special):
    """Of the special rules that apply, the one that stands first."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return self._taken(facts)[0].derive(facts, clause)


class SimpleForCompound(Compound):
    """Interest on interest is forgotten, and a little more."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = Compound.derive(self, facts, clause)
        return stepped(step, step.exact / 2)


class WithAFee(OverBalance):
    """Interest, and a fee for working it out."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = OverBalance.derive(self, facts, clause)
        return stepped(step, step.exact + 100)


class ByPart(OverBalance):
    """Interest, and some more of it for each stretch that is asked about."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = OverBalance.derive(self, facts, clause)
        return stepped(step, step.exact + facts.history(self.history)[0][1].minor)


class Squared(OverBalance):
    """Interest that grows with the square of the days."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = OverBalance.derive(self, facts, clause)
        return stepped(step, step.exact * days_late(facts))


class ByEntry(OverBalance):
    """Interest, and a yuan for each entry of the history that lies within the days."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = OverBalance.derive(self, facts, clause)
        entries = [
            day for day, _ in facts.history(self.history) if facts.day("due") < day <= facts.day("end")
        ]
        return stepped(step, step.exact + 100 * len(entries))


class Dearest(Special):
    """Of the special rules that apply, the dearest."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return MaxOf(self._taken(facts)).derive(facts, clause)  # type: ignore[arg-type]


class Drifting(Rounded):
    """A rounding that goes up by a step each time."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = Rounded.derive(self, facts, clause)
        return step if step.parts[0].exact.denominator > 1 else stepped(step, step.exact + 1)


class Unexplained(Zero):
    """A step that its operation does not take."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return Step(operation=Operation.CAP, unit="CNY", exact=Fraction(1))


class AllClosures(OpenDays):
    """Closures are taken off wherever they lie."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        step = OpenDays.derive(self, facts, clause)
        return stepped(step, step.exact + len(self.calendar.exceptions))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class SinceNewYear:
    """A calendar that counts closures of the whole year."""

    closed: frozenset[date]

    def open_days(self, after: date, through: date) -> int:
        return (through - after).days - len(self.closed)


@dataclass(frozen=True)
class Processing(Rule):
    """A fee of one's own with an amount that is nowhere said."""

    operation = Operation.FLAT
    currency = "CNY"

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return Step.taken(self.operation, "CNY", clause, (("money", cny(500)),))


@dataclass(frozen=True)
class PerPerson(Rule):
    """A rate for each person; without any, it divides by nothing."""

    rate: Money
    operation = Operation.FLAT
    currency = "CNY"

    def _reads(self) -> Any:
        return (("persons", FactKind.COUNT, 0),)

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        share = self.rate.minor // facts.count("persons")
        return Step.taken(self.operation, "CNY", clause, (("money", cny(share)),))


@dataclass(frozen=True)
class InEuro(Processing):
    """The same, but its step is in another currency."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return replace(super().derive(facts, clause), unit="EUR")


class AnyCurrency(Given):
    """An amount is an amount."""

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        return Step.taken(Operation.FLAT, "CNY", clause, (("money", cny(facts.amount(self.name).minor)),))


class LateStart(Dated[int]):
    """A dated value that holds only from the day after the one on which it starts."""

    def on(self, day: date) -> Cited[int]:
        return super().on(day - timedelta(1))


def days_late(facts: Facts) -> int:
    return (facts.day("end") - facts.day("due")).days


BEARING = Scale(Percent(Given("principal", "CNY"), 1), DayCount(DayCountConvention.ACT_365F))
SPAN = (("due", FactKind.DAY, -1), ("end", FactKind.DAY, 1))
VOLUMES = (("volumes", FactKind.COUNT, 1),)
DATED = Dated("loan days", [Since(DUE, Cited(30, Clause("X-1")))])
OWED = Account(AccountKind.RECEIVABLE, "CN-1")
HELD = {
    "cash": Account(AccountKind.CASH, "nlc"),
    "waived": Account(AccountKind.WAIVED, "nlc"),
    "income": Account(AccountKind.INCOME, "nlc"),
}


def posting(key: str, debit: Account, credit: Account, minor: int) -> Posting:
    return Posting(
        key=key,
        debit=debit,
        credit=credit,
        amount=cny(minor),
        value_date=DUE,
        subject="loan-1",
        kind="overdue",
    )


BOOKS = [
    posting("1", OWED, HELD["income"], 900),
    posting("2", HELD["cash"], OWED, 300),
    posting("3", HELD["waived"], OWED, 200),
    posting("4", HELD["income"], OWED, 500),
]


def again(obligation: Any, target: Money, posted: Any, day: date, /) -> Any:
    """An assessment that posts all that is owed, whatever was posted."""
    made, after = assess(obligation, target, None, day)
    count = (posted.postings if posted else 0) + 1
    return (replace(made, key=f"{count}") if made else None), after


def never_back(obligation: Any, target: Money, posted: Any, day: date, /) -> Any:
    """An assessment that never takes anything back."""
    return (None, posted) if posted and posted.amount > target else assess(obligation, target, posted, day)


def one_key(obligation: Any, target: Money, posted: Any, day: date, /) -> Any:
    """An assessment whose postings have one key, so that a store takes the first of them only."""
    made, after = assess(obligation, target, posted, day)
    return (replace(made, key="fee") if made else None), after


def by_hash(whole: Money, weights: Mapping[str, int]) -> Mapping[str, Money]:
    """An allocation that hands the odd cents to whoever comes first."""
    every = sum(weights.values())
    shares = {key: whole.minor * weight // every for key, weight in weights.items()}
    for key in list(shares)[: whole.minor - sum(shares.values())]:
        shares[key] += 1
    return {key: cny(share) for key, share in shares.items()}


def wrong_settlement(**wrong: int) -> Any:
    """A settlement in which something is forgotten."""

    def settled(postings: Any, receivable: Account, currency: str) -> Any:
        return replace(
            settlement(postings, receivable, currency), **{name: cny(minor) for name, minor in wrong.items()}
        )

    return settled


def floats(exact: Fraction, mode: Rounding, step: int) -> int:
    """A rounding in binary fractions."""
    return math.floor(float(exact) / step) * step


def law(name: str, rule: Rule, **more: Any) -> Callable[[], None]:
    """A law of the registry, looking for facts on which the rule breaks it."""
    return lambda: check_law(NAMED[name], rule, **more)


CLAUSES = laws_for(FINE, clauses_required=True)[-1]
LOW, HIGH = Flat(cny(1)), Flat(cny(500))
BREAKS: Mapping[str, Callable[[], None]] = {
    "1 determinism: decimals of the day": law(
        "determinism", Own(lambda _: Fraction(Decimal(1) / Decimal(3)))
    ),
    "1 determinism: the locale": law("determinism", Own(lambda _: len(locale.setlocale(locale.LC_ALL)))),
    "1 determinism: charged again each hour": law("determinism", counting()),
    "1 determinism: the fact that comes first": law(
        "determinism",
        Own(lambda facts: next(iter(facts.counts.values())), (*VOLUMES, ("copies", FactKind.COUNT, 1))),
    ),
    "2 no credits: a credit": law("no credits", Own(lambda _: -1)),
    "1 determinism: divided by nothing": law("determinism", PerPerson(cny(900))),
    "3 monotone: cheaper by the day": law("monotone", Own(lambda facts: 9999 - days_late(facts), SPAN)),
    "3 monotone: volumes at a discount": law(
        "monotone", Own(lambda facts: 99 - facts.count("volumes"), VOLUMES)
    ),
    "3 monotone: a dearer book is cheaper": law(
        "monotone", Own(lambda facts: 10**9 - facts.amount("price").minor, (("price", FactKind.AMOUNT, 1),))
    ),
    "3 monotone: heavier is cheaper": lambda: laws.monotone(
        Own(lambda facts: 9 - facts.quantity("weight"), (("weight", FactKind.QUANTITY, 1),)),
        Facts(quantities={"weight": 1}),
        Facts(quantities={"weight": Fraction(5, 4)}),
        "weight",
    ),
    "3 monotone: cheaper by the minute": lambda: laws.monotone(
        Own(lambda facts: 60 - facts.instant("at").minute, (("at", FactKind.INSTANT, 1),)),
        Facts(instants={"at": datetime(2026, 3, 15, 9, 0, tzinfo=UTC)}),
        Facts(instants={"at": datetime(2026, 3, 15, 9, 1, tzinfo=UTC)}),
        "at",
    ),
    "3 monotone: it falls, and says it rises": lambda: laws.monotone(
        Own(days_late, (("due", FactKind.DAY, 1), ("end", FactKind.DAY, 1))),
        late(),
        Facts(days={"due": DUE + timedelta(1), "end": DUE + timedelta(5)}),
        "due",
    ),
    "4 bound: above it": law("bound", Own(days_late, SPAN, Fraction(3))),
    "4 bound: it is rounded down": lambda: laws.bounded(Own(lambda _: 4, (), Fraction(3)), Facts()),
    "4 cap: charged again each hour": law("cap", counting()),
    "4 capped: a floor": lambda: laws.capped(FINE, LOW, HIGH, late(), cap=Floor),
    "4 capped: 0 is no cap": lambda: laws.capped(
        FINE, Zero("CNY"), HIGH, late(), cap=lambda rule, limit: Cap(rule, limit) if limit.most else rule
    ),
    "4 capped: a cap of nothing": lambda: laws.capped(FINE, LOW, HIGH, late(), cap=lambda *_: Zero("CNY")),
    "4 capped: taken off again": lambda: laws.capped(
        FINE, LOW, HIGH, late(), cap=lambda rule, limit: limit if rule is FINE else Sum((rule, limit))
    ),
    "4 capped: the last one counts": lambda: laws.capped(
        FINE,
        Flat(cny(100)),
        Flat(cny(200)),
        late(),
        cap=lambda rule, limit: Cap(rule.rule if isinstance(rule, Cap) else rule, limit),
    ),
    "5 floor: charged again each hour": law("floor", counting()),
    "5 floored: a cap": lambda: laws.floored(FINE, HIGH, LOW, late(), floor=Cap),
    "5 floored: added": lambda: laws.floored(
        FINE,
        HIGH,
        LOW,
        late(),
        floor=lambda rule, limit: Floor(rule, limit) if rule is FINE else Sum((rule, limit)),
    ),
    "5 floored: the last one counts": lambda: laws.floored(
        FINE,
        Flat(cny(600)),
        Flat(cny(700)),
        late(),
        floor=lambda rule, limit: Floor(rule.rule if isinstance(rule, Floor) else rule, limit),
    ),
    "5 refused_above_a_cap: a cap below it is taken": lambda: laws.refused_above_a_cap(
        FINE, cny(1), cny(2), cap=lambda *rules: MinOf(rules), floor=lambda *rules: MaxOf(rules)
    ),
    "6 sums: charged again each hour": law("sums", counting()),
    "6 summed: only the first": lambda: laws.summed(FINE, LOW, HIGH, late(), add=lambda rules: rules[0]),
    "6 summed: in its place": lambda: laws.summed(
        FINE,
        LOW,
        HIGH,
        late(),
        add=lambda rules: Sum(rules) if len(rules) == 3 and rules[0] is FINE else rules[0],
    ),
    "6 greatest: the sum": lambda: laws.greatest(LOW, HIGH, late(), most=Sum),
    "6 greatest: the first": lambda: laws.greatest(HIGH, LOW, late(), most=lambda rules: rules[0]),
    "6 distributes: a fee for each time": lambda: laws.distributes(
        LOW, HIGH, Fixed(2, "time"), late(), scale=lambda rule, by: Sum((Scale(rule, by), LOW))
    ),
    "7 splitting: the due day counts": law("splitting", PerUnit(DueDayCounts(), cny(50))),
    "7 splits: months are no days": lambda: laws.splits(
        PerUnit(Months(Rounding.UP, EndOfMonth.CLAMP), cny(50)), late(31), DUE + timedelta(20)
    ),
    "7 splits: begun periods cost more": lambda: laws.splits(
        PerUnit(Days().periods(7, Counting.START), cny(50)),
        late(7),
        DUE + timedelta(4),
        into=Splitting.NO_MORE,
    ),
    "7 splits: completed periods cost less": lambda: laws.splits(
        PerUnit(Days().periods(7, Counting.END), cny(50)), late(8), DUE + timedelta(4), into=Splitting.NO_LESS
    ),
    "7 graduation: every part begins anew": law(
        "graduation", StartIgnored(Days(), RISING, Tiering.GRADUATED)
    ),
    "7 graduated: the whole at one rate": lambda: laws.graduated(
        RISING, 5, 5, tiered=lambda quantity, brackets, _, start: Tiered(quantity, brackets, Tiering.VOLUME)
    ),
    "7 periods_split: the other way round": lambda: laws.periods_split(
        4,
        4,
        7,
        periods=lambda measure, length, counting: measure.periods(
            length, Counting.END if counting is Counting.START else Counting.START
        ),
    ),
    "8 grace: a day too many": law(
        "grace", PerUnit(GraceOffByOne(Operation.DEDUCT, Days(), other=Fixed(2, "day")), cny(50))
    ),
    "8 grace: a cliff with a day too many": law(
        "grace", PerUnit(GraceOffByOne(Operation.CLIFF, Days(), other=Fixed(2, "day")), cny(50))
    ),
    "8 graced: a cliff for an allowance": lambda: laws.graced(
        Days(), 2, 0, late(), deduct=Measure.cliff, cliff=Measure.deduct
    ),
    "8 graced: more grace is dearer": lambda: laws.graced(
        Days(), 1, 1, late(), deduct=lambda _, grace: grace, cliff=Measure.cliff
    ),
    "9 rounding: cut off": law("rounding", Truncated(PerUnit(Days(), cny(1), per=3), Rounding.HALF_UP)),
    "9 rounding: rounded again, it moves": lambda: laws.rounds_within(
        Drifting(PerUnit(Fixed(Fraction(3, 2), "day"), cny(1)), Rounding.UP), Facts()
    ),
    "9 rounds: binary fractions": lambda: laws.rounds(
        Fraction(Decimal("2.30")) * 100,
        Fraction(0),
        Rounding.DOWN,
        1,
        rounding=lambda exact, mode, step: int(100 * 2.30) * step,
    ),
    "9 rounds: up for down": lambda: laws.rounds(
        Fraction(1, 2), Fraction(0), Rounding.DOWN, 1, rounding=lambda exact, _, step: math.ceil(exact)
    ),
    "9 rounds: down for up": lambda: laws.rounds(
        Fraction(1, 2), Fraction(0), Rounding.UP, 1, rounding=floats
    ),
    "9 rounds: down for the nearest": lambda: laws.rounds(
        Fraction(3, 4), Fraction(0), Rounding.HALF_EVEN, 1, rounding=floats
    ),
    "9 rounds: not rounded": lambda: laws.rounds(
        Fraction(1, 2), Fraction(0), Rounding.HALF_UP, 1, rounding=lambda exact, mode, step: exact
    ),
    "9 rounds: a negative nothing": lambda: laws.rounds(
        Fraction(1, 4),
        Fraction(0),
        Rounding.DOWN,
        1,
        rounding=lambda *_: -0.0,  # type: ignore[arg-type]
    ),
    "9 rounds: order is lost": lambda: laws.rounds(
        Fraction(3, 4),
        Fraction(1, 2),
        Rounding.HALF_UP,
        1,
        rounding=lambda exact, *_: 1 if exact < 1 else Fraction(0),
    ),
    "9 rounds_parts: parts rounded up": lambda: laws.rounds_parts(
        [Fraction(1, 9)] * 9, Rounding.HALF_UP, 1, rounding=lambda exact, *_: math.ceil(exact)
    ),
    "10 allocates: the odd cent in hash order": lambda: laws.allocates(
        cny(1), {"a": 1, "b": 1}, allocate=by_hash
    ),
    "10 allocates: the odd cent is lost": lambda: laws.allocates(
        cny(1), {"a": 1, "b": 1}, allocate=lambda whole, weights: dict.fromkeys(weights, cny(0))
    ),
    "10 allocates: all to one": lambda: laws.allocates(
        cny(9), {"a": 1, "b": 1}, allocate=lambda whole, weights: {"a": whole, "b": cny(0)}
    ),
    "10 allocates: somebody is left out": lambda: laws.allocates(
        cny(9), {"a": 1, "b": 0}, allocate=lambda whole, weights: {"a": whole}
    ),
    "11 accrual: charged again each hour": law("accrual", counting()),
    "11 accrues: charged again each night": lambda: laws.accrues(FINE, [late(1), late(2)], assess=again),
    "11 accrues: one key for all": lambda: laws.accrues(FINE, [late(1), late(2)], assess=one_key),
    "12 changed facts: charged again": lambda: laws.follows(FINE, [late(1), late(2)], assess=again),
    "12 follows: nothing is taken back": lambda: laws.follows(FINE, [late(9), late(2)], assess=never_back),
    "12 history: an entry has its price": law("history", ByEntry("principal", BEARING)),
    "12 said_again: an entry has its price": lambda: laws.said_again(
        ByEntry("principal", BEARING),
        late(histories={"principal": ((DUE, cny(900)),)}),
        "principal",
        DUE + timedelta(1),
    ),
    "13 conservation: what was waived is forgotten": lambda: laws.conserved(
        BOOKS, OWED, "CNY", settlement=wrong_settlement(waived=0)
    ),
    "13 conserved: nothing is outstanding": lambda: laws.conserved(
        BOOKS, OWED, "CNY", settlement=wrong_settlement(outstanding=0, charged=500, credited=0)
    ),
    "14 one currency: a step in another one": law("one currency", InEuro()),
    "14 one currency: any amount is taken": law("one currency", AnyCurrency("price", "CNY")),
    "14 one_currency: mixed rules are taken": lambda: laws.one_currency(
        FINE, late(), mixtures=lambda one, other: [lambda: one]
    ),
    "15 later versions: the rule of today": law("later versions", LatestVersion("due", ((None, LOW),))),
    "15 keeps_the_past: a rule that was corrected": lambda: laws.keeps_the_past(FINE, late(), HIGH),
    "15 partitions: a day late": lambda: laws.partitions(LateStart(DATED.name, DATED.values), [DUE]),
    "15 appended: backdated": lambda: laws.appended(
        DATED, Dated(DATED.name, [*DATED.values, Since(DUE + timedelta(1), None)]), DUE + timedelta(2)
    ),
    "16 conflicts: the first wins": law("conflicts", FirstWins(FINE, (("lost", LOW), ("member", HIGH)))),
    "16 orderless: the first wins": lambda: laws.orderless(
        FirstWins(FINE, (("lost", LOW), ("member", HIGH))), late(flags={"lost": True, "member": True})
    ),
    "16 orderless: the dearest wins": lambda: laws.orderless(
        Dearest(FINE, (("lost", LOW), ("member", HIGH))), late(flags={"lost": True, "member": True})
    ),
    "17 explanation: no steps": law("explanation", Own(lambda _: 7)),
    "17 explanation: not what the operation takes": lambda: laws.explained(Unexplained("CNY"), Facts()),
    "17 clauses: none": lambda: check_law(CLAUSES, FINE),
    "18 compound: less than simple": law(
        "compound", SimpleForCompound(HIGH, Fraction(1, 10), Count("months", "month"))
    ),
    "18 interest: with a fee": law("interest", WithAFee("principal", BEARING)),
    "18 interest: begun days of a part": law("interest", ByPart("principal", BEARING)),
    "18 interest: the square of the days": law("interest", Squared("principal", BEARING)),
    "18 linear: with a fee": lambda: laws.linear(
        lambda money, days: Fraction(money.minor * days + 1), cny(5), 3, 2
    ),
    "18 linear: not by the day": lambda: laws.linear(
        lambda money, days: Fraction(money.minor * (days + 1)), cny(5), 3, 2
    ),
    "19 locality: closures count wherever they are": law("locality", PerUnit(AllClosures(DESK), cny(50))),
    "19 agree: the whole year": lambda: laws.agree(
        SinceNewYear(frozenset()), SinceNewYear(frozenset({date(2026, 1, 1)})), DUE, DUE + timedelta(9)
    ),
    "20 homogeneity: with a fee that stays": law("homogeneity", WithAFee("principal", BEARING)),
    "20 homogeneous: a fixed part": lambda: laws.homogeneous(Sum((FINE, Processing())), late(), 2),
    "21 missing facts: taken as 0": law(
        "missing facts", Own(lambda facts: facts.counts.get("volumes", 0), VOLUMES)
    ),
    "21 missing facts: another one is named": law(
        "missing facts",
        Own(lambda facts: facts.count("volumes") if facts.counts else facts.count("fine"), VOLUMES),
    ),
    "21 missing facts: another one than is declared": law(
        "missing facts", Own(lambda facts: facts.count("copies"), VOLUMES)
    ),
    "21 missing facts: nothing is declared": law("determinism", Own(lambda facts: facts.count("copies"))),
    "21 needs: missing what is not said to be missing": lambda: laws.needs(
        HalfSaid(lambda facts: facts.count("volumes"), VOLUMES), Facts(counts={"volumes": 3}), "volumes"
    ),
    "22 text: another amount": lambda: laws.reads_back(FINE, write=lambda _: "CNY 5.00"),
    "22 compiled: another rounding": lambda: laws.compiles(
        Rounded(PerUnit(Days(), cny(1), per=2), Rounding.HALF_UP),
        late(),
        compile=lambda rule: lambda **_: cny(2),
    ),
    "22 compiles: a missing fact is 0": lambda: laws.compiles(
        FINE, Facts(), compile=lambda rule: lambda **_: cny(0)
    ),
}


def number_and_name(label: str) -> tuple[int, str]:
    """Of a broken case, the law that it breaks."""
    number, _, name = label.partition(":")[0].partition(" ")
    return int(number), name


@pytest.mark.parametrize("label", BREAKS)
def test_the_law_bites(label: str) -> None:
    """What breaks a law is caught by that law, which says so."""
    with pytest.raises(LawBroken) as caught:
        BREAKS[label]()
    number, _ = number_and_name(label)
    assert caught.value.number == number
    assert (caught.value.name, caught.value.statement) == STATEMENTS[number]
    assert f"law {number}, {STATEMENTS[number][0]}: " in str(caught.value)


def test_every_law_has_something_that_breaks_it() -> None:
    """Each number from 1 to 22, each law of the registry, each law that is a function."""
    broken = {number_and_name(label) for label in BREAKS}
    assert set(STATEMENTS) == {number for number, _ in broken} == set(range(1, 23))
    assert {(law.number, law.name) for law in LAWS} <= broken
    helpers = {"splitting", "laws_for", "check_law", "check_rule", "LawBroken", "Law", "Splitting"}
    functions = {name for name in laws.__all__ if inspect.isfunction(getattr(laws, name))} - helpers
    in_the_registry = {"accrues", "bounded", "cited", "compiles", "compounds", "conserved", "deterministic"}
    in_the_registry |= {"explained", "follows", "local", "monotone", "never_negative", "reads_back", "splits"}
    in_the_registry |= {"rounds_within"}
    assert functions - {name for _, name in broken} - in_the_registry == set()


# --- on a rule of one's own --------------------------------------------------------------------------


def test_the_smallest_counterexample_is_told() -> None:
    """A rule that is broken for some facts only: the law, the rule, its clause and the facts are named."""
    rule = Under(Clause("X-1", "八 1"), Own(lambda facts: min(days_late(facts), 20 - days_late(facts)), SPAN))
    with pytest.raises(LawBroken) as caught:
        check_rule(rule)
    broken = caught.value
    assert (broken.number, broken.name, broken.clauses) == (2, "no credits", ("X-1 八 1",))
    assert broken.facts is not None
    assert "Own(" in broken.rule
    assert str(broken).splitlines()[0] == ("law 2, no credits: no amount on the way is ever below nothing")
    assert f"facts:   days due={broken.facts.day('due')}, end={broken.facts.day('end')}" in str(broken)
    assert abs(days_late(broken.facts)) in {1, 21}


def test_a_broken_law_survives_a_process() -> None:
    """It can be sent from a worker to whoever runs the tests."""
    broken = LawBroken(3, "it falls", rule="CNY 5.00", clauses=("X-1",), facts=late())
    again = pickle.loads(pickle.dumps(broken))
    assert (str(again), again.facts, again.clauses) == (str(broken), broken.facts, broken.clauses)


def test_what_is_said_about_histories_and_nothing() -> None:
    """Facts are told in a line, and where there are none, that."""
    facts = Facts(histories={"principal": ((DUE, cny(500)),)})
    assert "histories principal=[2026-03-15: CNY 5.00]" in str(LawBroken(18, "it falls", facts=facts))
    assert "facts:   none" in str(LawBroken(18, "it falls", facts=Facts()))


def test_a_sound_rule_of_ones_own() -> None:
    """Laws about text, compiled form and what only our forms have do not apply to it; the others hold."""

    @dataclass(frozen=True)
    class PerVolume(Rule):
        """So much a volume."""

        rate: Money
        operation = Operation.PER_UNIT
        currency = "CNY"

        def _reads(self) -> Any:
            return VOLUMES

        def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
            return PerUnit(Count("volumes", "volume"), self.rate).derive(facts, clause)

    rule = PerVolume(cny(500))
    applying = {law.name for law in laws_for(rule)}
    assert {"monotone", "missing facts", "accrual"} <= applying
    assert (
        not {"homogeneity", "text", "compiled", "splitting", "locality", "conflicts", "compound"} & applying
    )
    check_rule(rule, max_examples=20)


def test_facts_of_ones_own() -> None:
    """Only these are tried."""
    broken = Own(lambda facts: 5 - facts.count("volumes"), VOLUMES)
    few = st.builds(lambda count: Facts(counts={"volumes": count}), st.integers(0, 5))
    check_law(NAMED["no credits"], broken, facts=few)
    with pytest.raises(LawBroken):
        check_law(NAMED["no credits"], broken)


def test_a_gap_is_untried(capsys: pytest.CaptureFixture[str]) -> None:
    """A law that finds no facts with an amount says so, with the law and the rule, by its error alone."""
    with pytest.raises(Untried, match="law 2, no credits: untried, no amount for any facts") as caught:
        check_law(NAMED["no credits"], Gap("CNY"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.number, again.name, again.rule) == (2, "no credits", "gap(CNY)")
    assert str(again) == str(caught.value)
    with pytest.raises(Untried) as first:
        check_rule(Gap("CNY"), max_examples=5)
    assert first.value.number == 1
    assert capsys.readouterr() == ("", "")


def test_what_is_broken_is_told_before_what_is_untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that cannot be tried on a law is tried on the next one all the same."""

    def break_it(*_: object) -> None:
        raise LawBroken(22, "it is another one")

    broken = replace(NAMED["compiled"], test=break_it)
    monkeypatch.setattr(laws, "LAWS", (NAMED["no credits"], broken))
    with pytest.raises(LawBroken, match="it is another one"):
        check_rule(Gap("CNY"))


def test_whatever_a_rule_raises_is_a_broken_law() -> None:
    """It is told with the law, the rule, the facts it was asked about, and what was raised."""
    with pytest.raises(LawBroken) as caught:
        check_rule(PerPerson(cny(900)))
    broken = caught.value
    assert (broken.number, broken.facts) == (1, Facts(counts={"persons": 0}))
    assert broken.rule == "PerPerson(rate=Money('9.00', 'CNY'))"
    assert broken.found.startswith("it raises ZeroDivisionError: ")
    assert isinstance(broken.__context__, ZeroDivisionError)


def test_the_facts_are_those_on_which_it_was_raised() -> None:
    """Where a law asks about other facts than were drawn, those are the counterexample."""
    rule = Own(lambda facts: 1 // (3 - facts.count("volumes")), VOLUMES)
    two = st.just(Facts(counts={"volumes": 2}))
    with pytest.raises(LawBroken) as caught:
        check_law(NAMED["monotone"], rule, facts=two)
    assert (caught.value.number, caught.value.facts) == (3, Facts(counts={"volumes": 3}))


def test_an_error_of_ours_that_no_sound_rule_raises_is_a_broken_law() -> None:
    """A rule that makes a negative quantity, or an amount of another currency, is broken, not without amount."""
    for amount, name in (
        (lambda facts: Fixed(0 - facts.count("volumes"), "day").derive(facts).exact, "InvalidValue"),
        (lambda facts: Sum((FINE, Zero("EUR"))).derive(facts).exact, "CurrencyMismatch"),
    ):
        with pytest.raises(LawBroken, match=f"it raises {name}: "):
            check_law(NAMED["determinism"], Own(amount, VOLUMES))


def test_too_many_periods_are_facts_without_an_amount() -> None:
    """A rule refuses to compound over so many; that breaks no law, and fewer are tried."""
    years = Count("volumes", "volume").periods(Fraction(1, 5000), Counting.END)
    check_law(NAMED["determinism"], Compound(LOW, 0, years), max_examples=20)


def test_a_fact_that_is_not_declared_is_named() -> None:
    """It is law 21 that a rule breaks which reads such a fact, whichever law is tried; also if its kind is wrong."""
    reads: Any
    for reads in ((), (("copies", FactKind.COUNT, 1),), (("volumes", FactKind.QUANTITY, 1),)):
        with pytest.raises(LawBroken) as caught:
            check_rule(Own(lambda facts: facts.count("volumes"), reads))
        assert caught.value.number == 21
        assert caught.value.found == "it reads volumes among the counts, which it does not declare"


def test_amounts_in_the_code_of_a_form_of_ones_own_are_no_mistake() -> None:
    """They cannot be found, so that nothing is said about how a rule with such a form grows with all amounts."""
    for rule in (Own(lambda _: 5), Processing(), Sum((FINE, Processing())), WithAFee("principal", BEARING)):
        assert not NAMED["homogeneity"].applies(rule)
    assert NAMED["homogeneity"].applies(Sum((FINE, Flat(cny(500)))))
    check_rule(Sum((FINE, Processing())), max_examples=20)


def test_a_balance_said_again_on_a_day_that_has_one_or_none() -> None:
    """There is nothing to say again before the history begins, nor on a day on which it says something."""
    facts = late(histories={"principal": ((DUE, cny(900)),)})
    for day in (DUE - timedelta(1), DUE):
        laws.said_again(ByEntry("principal", BEARING), facts, "principal", day)


def test_a_calendar_without_a_name_has_no_text() -> None:
    """Nor have two calendars of one name."""
    other = replace(DESK, exceptions={DUE: ()})
    one = PerUnit(OpenDays(DESK), cny(50))
    assert NAMED["text"].applies(one)
    assert not NAMED["text"].applies(Sum((one, PerUnit(OpenDays(other), cny(50)))))
    assert not NAMED["text"].applies(PerUnit(OpenDays(SinceNewYear(frozenset())), cny(50)))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (FINE, Splitting.ADDS),
        (PerUnit(Days().periods(7, Counting.START), cny(50)), Splitting.NO_LESS),
        (PerUnit(Days().periods(7, Counting.END), cny(50)), Splitting.NO_MORE),
        (PerUnit(Days().deduct(Fixed(2, "day")), cny(50)), Splitting.NO_MORE),
        (PerUnit(Days().at_most(Fixed(2, "day")), cny(50)), Splitting.NO_LESS),
        (Cap(FINE, Given("price", "CNY")), Splitting.NO_LESS),
        (Less(FINE, Given("price", "CNY")), Splitting.NO_MORE),
        (Tiered(Days(), RISING, Tiering.GRADUATED), Splitting.NO_MORE),
        (Tiered(Days(), FALLING, Tiering.GRADUATED), Splitting.NO_LESS),
        (Tiered(Days(), FALLING, Tiering.GRADUATED, start=Days()), None),
        (Tiered(Days(), RISING, Tiering.VOLUME), None),
        (Ladder(Days(), ((1, cny(5)),), Reach.FROM), None),
        (PerUnit(Months(Rounding.UP, EndOfMonth.CLAMP), cny(50)), None),
        (PerUnit(Days() * Days(), cny(50)), None),
        (PerUnit(Minutes(), cny(50)), Splitting.ADDS),
        (PerUnit(Count("volumes", "volume") * Days(), cny(50)), Splitting.ADDS),
        (PerUnit(Days() + Fixed(1, "day"), cny(50)), Splitting.NO_LESS),
        (Rounded(Sum((Rounded(FINE, Rounding.UP),)), Rounding.HALF_UP), Splitting.NO_LESS),
        (Sum((Rounded(FINE, Rounding.HALF_UP), Zero("CNY"))), None),
        (When("lost", FINE, otherwise=Zero("CNY")), Splitting.ADDS),
        (AsOf("checkout", ((None, FINE),)), Splitting.ADDS),
        (AsOf("due", ((None, FINE),)), None),
        (Segmented("due", "end", ((None, FINE), ("recalled_on", FINE))), Splitting.ADDS),
        (Segmented("due", "end", ((None, FINE), ("end", FINE))), None),
        (interest("principal", "CNY", [(None, 1)], DayCountConvention.E30_360), Splitting.ADDS),
        (interest("principal", "CNY", [(None, 1)], DayCountConvention.B30_360), None),
        (Compound(Given("price", "CNY"), 1, Days()), Splitting.NO_MORE),
        (Compound(FINE, 1, Days()), None),
        (MaxOf((FINE, Flat(cny(5)))), Splitting.NO_LESS),
        (MinOf((FINE, FINE)), Splitting.NO_MORE),
        (Own(days_late, SPAN), None),
        (Flat(cny(5)), None),
    ],
)
def test_how_spans_split(rule: Rule, expected: Splitting | None) -> None:
    """Known from the form alone: whether parts add up, may cost more, or may cost less."""
    found = laws.splitting(rule)
    assert (found and found[2]) == expected


def test_a_law_is_tried_on_what_can_be_evaluated() -> None:
    """A rule that gives parts of a minor unit is rounded where its amount is posted or compiled."""
    rule = PerUnit(Days(), cny(1), per=3)
    laws.accrues(rule, [late(1), late(2)])
    laws.compiles(rule, late())
    assert evaluate(Rounded(rule, Rounding.HALF_UP), late()).money == cny(2)


@settings(max_examples=400)
@given(st.data())
def test_what_is_said_to_add_up_does(data: st.DataObject) -> None:
    """Wherever the core says that a part of a rule adds up, its span cut in two costs the same in parts."""
    rule = data.draw(strategies.rules())
    for part in (each for each in nodes(rule) if isinstance(each, Rule)):
        for after, through in spans_in(part):
            if not adds_up(part, after, through) or {after, through} - facts_read(part).keys():
                continue
            facts = data.draw(strategies.facts(part))
            if not isinstance(facts.days.get(after), date) or facts.day(after) >= facts.day(through):
                continue
            days = (facts.day(through) - facts.day(after)).days
            cut = facts.day(after) + timedelta(data.draw(st.integers(0, days)))
            apart = [part.derive(facts.within({name: cut})).exact for name in (through, after)]
            assert part.derive(facts).exact == sum(apart)
