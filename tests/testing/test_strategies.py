"""What the strategies give is right by the way it is made, reaches every form, and meets the edges."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from servflow.core.errors import ConflictingRules, MissingValue
from servflow.core.fees import (
    AsOf,
    Choose,
    Count,
    Days,
    FactKind,
    Facts,
    Flat,
    Gap,
    Given,
    OverBalance,
    PerUnit,
    Rule,
    Segmented,
    Special,
    Sum,
    evaluate,
    facts_read,
    measures,
    rules,
)
from servflow.core.money import Money
from servflow.core.worktime import Calendar
from servflow.testing import strategies
from servflow.testing._trees import nodes

FORMS = {
    getattr(module, name)
    for module in (rules, measures)
    for name in dir(module)
    if isinstance(getattr(module, name), type)
    and issubclass(getattr(module, name), (rules.Rule, measures.Measure))
    and getattr(module, name).__module__ == module.__name__
    and not inspect.isabstract(getattr(module, name))
} - {rules.Rule, measures.Measure}


def finds(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool]) -> bool:
    """Whether it gives something of the kind before long."""
    find(strategy, condition, settings=settings(max_examples=3000, database=None, phases=[Phase.generate]))
    return True


# --- amounts, days, calendars ------------------------------------------------------------------------


@given(st.data())
def test_amounts_lie_between_their_limits(data: st.DataObject) -> None:
    """Both included; credits only where they are asked for."""
    low = data.draw(strategies.moneys(currency="JPY"))
    high = low + data.draw(strategies.moneys(currency="JPY"))
    assert low.minor >= 0
    assert low <= data.draw(strategies.moneys(currency="JPY", min_value=low, max_value=high)) <= high
    assert data.draw(strategies.moneys(min_value=Money(-5, "CNY"), max_value=Money(-4, "CNY"))).minor < 0


@given(st.data())
def test_days_lie_between_their_ends(data: st.DataObject) -> None:
    """Both included, wherever they lie."""
    low, high = sorted(data.draw(st.tuples(st.dates(), st.dates())))
    assert low <= data.draw(strategies.days(min_value=low, max_value=high)) <= high
    assert low <= data.draw(strategies.instants(min_value=low, max_value=high)).date() <= high


@pytest.mark.parametrize(
    "edge", [date(2096, 2, 29), date(2100, 2, 28), (12, 31), (1, 1), (1, 31), (3, 1)], ids=str
)
def test_days_meet_the_edges(edge: Any) -> None:
    """A leap day, the end of a February that has none, turns of years and months."""
    if isinstance(edge, date):
        given_ = strategies.days(min_value=date(edge.year, 1, 1), max_value=date(edge.year, 12, 31))
        assert finds(given_, lambda day: day == edge)
    else:
        assert finds(strategies.days(), lambda day: (day.month, day.day) == edge)


@given(strategies.instants())
def test_instants_are_aware(at: datetime) -> None:
    """Each has its offset."""
    assert at.utcoffset() is not None


@given(st.lists(strategies.calendars(), max_size=5))
def test_calendars_that_differ_have_two_names(calendars: list[Calendar]) -> None:
    """So that a rule's text says which is meant."""
    assert len({calendar.name for calendar in calendars}) == len(set(calendars))


@pytest.mark.parametrize(
    "wanted",
    [
        lambda it: any(not hours for hours in it.exceptions.values()),
        lambda it: any(hours and day.weekday() not in it.weekly for day, hours in it.exceptions.items()),
        lambda it: len(it.weekly) == 1,
        lambda it: len([hours for hours in it.exceptions.values() if not hours]) > 4,
    ],
    ids=["closed", "open on a day off", "open once a week", "a holiday"],
)
def test_calendars_of_many_kinds(wanted: Callable[[Calendar], bool]) -> None:
    """Closures, make-up days, a desk that is hardly ever open."""
    assert finds(strategies.calendars(), wanted)


# --- rules and facts ---------------------------------------------------------------------------------


@given(st.data())
def test_a_rule_says_something_for_its_facts(data: st.DataObject) -> None:
    """Every rule can be evaluated, on all facts that are made for it; none is thrown away."""
    currency = data.draw(st.sampled_from(["CNY", "JPY", "KWD"]))
    rule = data.draw(strategies.rules(currency=currency))
    found = data.draw(strategies.facts(rule))
    assert evaluate(rule, found).money.currency == currency


def test_nothing_is_thrown_away() -> None:
    """So many examples are asked for, so many come to the end, but for those too large."""
    begun, ended = [], []

    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        rule = data.draw(strategies.rules())
        begun.append(rule)
        data.draw(strategies.facts(rule))
        ended.append(rule)

    draw()
    assert len(ended) >= len(begun) * 0.8


@given(st.data())
def test_facts_are_those_that_are_read(data: st.DataObject) -> None:
    """All of them, and no other."""
    rule = data.draw(strategies.rules())
    found = data.draw(strategies.facts(rule))
    given_ = {name: kind for kind in FactKind for name in getattr(found, kind.value)}
    assert given_ == dict(facts_read(rule))


@pytest.mark.parametrize("form", sorted(FORMS - {Gap}, key=str), ids=lambda form: form.__name__)
def test_every_form_is_reached(form: type) -> None:
    """Rules over every form of the algebra come up."""
    assert finds(strategies.rules(), lambda rule: any(type(node) is form for node in nodes(rule)))


def test_gaps_only_where_they_are_asked_for() -> None:
    """A gap never gives an amount."""
    assert finds(strategies.rules(gaps=True), lambda rule: any(isinstance(node, Gap) for node in nodes(rule)))


@given(st.data())
def test_measures_of_a_unit(data: st.DataObject) -> None:
    """Of the unit that is asked for, and whole where that is."""
    assert data.draw(strategies.measures(unit="day")).unit == "day"
    assert data.draw(strategies.measures(whole=True)).whole
    assert data.draw(strategies.measures(unit="month", whole=True)).whole


FINE = PerUnit(Days(), Money(1, "CNY"))
SOME = Flat(Money(1, "CNY"))


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (FINE, lambda it: it.day("end") < it.day("due")),
        (FINE, lambda it: it.day("end") == it.day("due")),
        (FINE, lambda it: (it.day("due").month, it.day("due").day) == (2, 29)),
        (AsOf("checkout", ((date(2026, 7, 1), FINE),)), lambda it: it.day("checkout") == date(2026, 7, 1)),
        (OverBalance("balance", FINE), lambda it: len(it.history("balance")) > 2),
        (OverBalance("balance", FINE), lambda it: not it.history("balance")[-1][1]),
        (
            OverBalance("balance", FINE),
            lambda it: it.history("balance")[0][0] == it.day("due") + timedelta(1),
        ),
    ],
    ids=["reversed", "one day", "leap day", "on the first day", "payments", "all paid", "begins late"],
)
def test_facts_meet_the_edges(rule: Rule, wanted: Callable[[Facts], bool]) -> None:
    """Spans the wrong way round, first days, histories that begin at the last moment."""
    assert finds(strategies.facts(rule), wanted)


CHOICE = Choose("category", (("rare", SOME), ("ordinary", FINE)))
SPECIAL = Special(FINE, (("lost", SOME), ("member", FINE)))


@given(st.data())
def test_facts_that_a_rule_knows(data: st.DataObject) -> None:
    """Words have a case; one special rule applies; the first version has begun, be its start a fact."""
    found = data.draw(strategies.facts(Sum((CHOICE, SPECIAL))))
    assert found.word("category") in {"rare", "ordinary"}
    assert not (found.flag("lost") and found.flag("member"))
    named = Segmented("due", "end", (("recalled_on", SOME),))
    evaluate(named, data.draw(strategies.facts(named)))


def test_facts_that_a_rule_does_not_know() -> None:
    """A word of no case and a conflict come where they are asked for."""

    def raises(rule: Rule, error: type[Exception]) -> Callable[[Facts], bool]:
        def check(facts: Facts) -> bool:
            try:
                rule.derive(facts)
            except error:
                return True
            return False

        return check

    assert finds(strategies.facts(CHOICE, unknown_words=True), raises(CHOICE, MissingValue))
    assert finds(strategies.facts(SPECIAL, conflicts=True), raises(SPECIAL, ConflictingRules))


@pytest.mark.parametrize(
    "make",
    [
        lambda: strategies.moneys(currency="yuan"),
        lambda: strategies.moneys(min_value=Money(1, "EUR")),
        lambda: strategies.moneys(max_value=Money(-1, "CNY")),
        lambda: strategies.moneys(min_value=5),  # type: ignore[arg-type]
        lambda: strategies.days(min_value=date(2026, 2, 1), max_value=date(2026, 1, 1)),
        lambda: strategies.days(max_value=datetime(2026, 1, 1)),
        lambda: strategies.instants(max_value=date(1990, 1, 1)),
        lambda: strategies.calendars(max_value=date(1990, 1, 1)),
        lambda: strategies.clauses(ids=[]),
        lambda: strategies.measures(unit="CNY"),
        lambda: strategies.measures(depth=-1),
        lambda: strategies.rules(currency="yuan"),
        lambda: strategies.rules(depth=-1),
        lambda: strategies.facts(Days()),  # type: ignore[arg-type]
        lambda: strategies.facts(Sum((Given("n", "CNY"), PerUnit(Count("n", "day"), Money(1, "CNY"))))),
    ],
)
def test_arguments_that_make_no_sense(make: Callable[[], object]) -> None:
    """They are refused where the strategy is made."""
    with pytest.raises(InvalidArgument):
        make()


def test_the_package_is_light() -> None:
    """Importing it loads no hypothesis; that comes with the module that needs it."""
    code = "import sys, servflow.testing; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["strategies", "laws"])
def test_without_hypothesis_the_extra_is_named(module: str) -> None:
    """Whoever has not installed it is told what to install."""
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from servflow.core.errors import MissingExtra\n"
        f"try:\n    import servflow.testing.{module}\nexcept MissingExtra as error:\n    print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert run.stdout == "hypothesis is not installed; install servflow[testing]\n"
