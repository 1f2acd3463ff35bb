"""Facts of a fee from plain data: every kind, every mistake with its place, all at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.codec.fee_facts import EXPECTED, read_fact, read_facts
from servflow.core.errors import InvalidFacts, InvalidValue, MissingValue, Problem
from servflow.core.fees import FactKind, Facts, evaluate
from servflow.core.fees.text import parse
from servflow.core.money import Money

EVERY_KIND = parse(
    """
    when(late, choose(class, [
        vip: cap(given(price, CNY), sum(
            scale(CNY 1, count(volumes, volume)),
            rounded(scale(CNY 1, quantity(weight, kilogram)), half_up),
            per_unit(days(due, end), CNY 1),
            rounded(per_unit(minutes(out_at, in_at), CNY 1), half_up),
            over_balance(unpaid, given(unpaid, CNY), due, end)
        ))
    ]), zero(CNY))
    """
)
GIVEN = {
    "late": True,
    "class": "vip",
    "price": "500.00",
    "volumes": 2,
    "weight": "1/3",
    "due": "2026-01-31",
    "end": "2026-02-02",
    "out_at": "2026-01-31T08:00:00+08:00",
    "in_at": "2026-01-31T00:05:00Z",
    "unpaid": {"2026-01-01": 10, "2026-02-02": "2.50"},
}
BEIJING = timezone(timedelta(hours=8))


def problems(document, rule=EVERY_KIND):
    """What is wrong with a document: where, what was found, what was expected."""
    with pytest.raises(InvalidFacts) as caught:
        read_facts(rule, document)
    return [(each.where, each.found, each.expected) for each in caught.value.problems]


def test_every_kind_of_fact_is_read():
    """Each into its own kind, exactly; the rule then finds all that it needs."""
    facts = read_facts(EVERY_KIND, GIVEN)

    assert facts == Facts(
        flags={"late": True},
        words={"class": "vip"},
        amounts={"price": Money(500, "CNY")},
        counts={"volumes": 2},
        quantities={"weight": Fraction(1, 3)},
        days={"due": date(2026, 1, 31), "end": date(2026, 2, 2)},
        instants={
            "out_at": datetime(2026, 1, 31, 8, tzinfo=BEIJING),
            "in_at": datetime(2026, 1, 31, 0, 5, tzinfo=UTC),
        },
        histories={
            "unpaid": (
                (date(2026, 1, 1), Money(10, "CNY")),
                (date(2026, 2, 2), Money("2.50", "CNY")),
            )
        },
    )
    assert evaluate(EVERY_KIND, facts).money == Money("21.83", "CNY")


@pytest.mark.parametrize(
    ("kind", "said", "read"),
    [
        (FactKind.DAY, date(2026, 1, 31), date(2026, 1, 31)),
        (FactKind.INSTANT, datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC)),
        (FactKind.COUNT, 0, 0),
        (FactKind.QUANTITY, 3, Fraction(3)),
        (FactKind.QUANTITY, Decimal("2.50"), Fraction(5, 2)),
        (FactKind.QUANTITY, "2.5", Fraction(5, 2)),
        (FactKind.QUANTITY, "0/7", Fraction(0)),
        (FactKind.AMOUNT, 22, Money(22, "CNY")),
        (FactKind.AMOUNT, Decimal("22.5"), Money("22.50", "CNY")),
        (FactKind.AMOUNT, 0, Money(0, "CNY")),
        (FactKind.FLAG, False, False),
        (FactKind.WORD, "罚款", "罚款"),
        (FactKind.HISTORY, {date(2026, 1, 31): 5}, ((date(2026, 1, 31), Money(5, "CNY")),)),
        (FactKind.HISTORY, [["2026-01-31", "5"]], ((date(2026, 1, 31), Money(5, "CNY")),)),
    ],
)
def test_a_fact_may_be_written_in_more_ways_than_one(kind, said, read):
    """As TOML has it, as JSON with its fractions as Decimal, or as a text."""
    assert read_fact(kind, said, "CNY") == read


def test_the_days_of_an_object_have_no_order():
    """A history ascends, however its object was written."""
    read = read_fact(FactKind.HISTORY, {"2026-02-02": 2, "2026-01-01": 1}, "CNY")

    assert [day for day, _ in read] == [date(2026, 1, 1), date(2026, 2, 2)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FactKind.DAY, "31.1.2026"),
        (FactKind.DAY, "2026-02-29"),
        (FactKind.DAY, datetime(2026, 1, 31, tzinfo=UTC)),
        (FactKind.DAY, 20260131),
        (FactKind.DAY, None),
        (FactKind.INSTANT, "2026-01-31T08:00:00"),
        (FactKind.INSTANT, datetime(2026, 1, 31)),
        (FactKind.INSTANT, date(2026, 1, 31)),
        (FactKind.INSTANT, "yesterday"),
        (FactKind.COUNT, -1),
        (FactKind.COUNT, True),
        (FactKind.COUNT, 2.0),
        (FactKind.COUNT, Decimal(2)),
        (FactKind.COUNT, "2"),
        (FactKind.QUANTITY, -1),
        (FactKind.QUANTITY, "-1/2"),
        (FactKind.QUANTITY, True),
        (FactKind.QUANTITY, 2.5),
        (FactKind.QUANTITY, "1/0"),
        (FactKind.QUANTITY, "1e999999999"),
        (FactKind.QUANTITY, "9" * 5000),
        (FactKind.QUANTITY, Decimal("1e999999999")),
        (FactKind.QUANTITY, Decimal("NaN")),
        (FactKind.QUANTITY, Decimal("Infinity")),
        (FactKind.QUANTITY, [1]),
        (FactKind.AMOUNT, -5),
        (FactKind.AMOUNT, 22.5),
        (FactKind.AMOUNT, "22.505"),
        (FactKind.AMOUNT, "CNY 22.50"),
        (FactKind.AMOUNT, True),
        (FactKind.AMOUNT, Decimal("NaN")),
        (FactKind.AMOUNT, Decimal("1e999999999")),
        (FactKind.AMOUNT, Money(5, "CNY")),
        (FactKind.FLAG, "true"),
        (FactKind.FLAG, 1),
        (FactKind.WORD, ""),
        (FactKind.WORD, 7),
        (FactKind.HISTORY, {}),
        (FactKind.HISTORY, {"soon": 5}),
        (FactKind.HISTORY, {"2026-01-31": -5}),
        (FactKind.HISTORY, {"2026-01-31": 5, "20260131": 6}),
        (FactKind.HISTORY, [["2026-02-01", 5], ["2026-01-31", 6]]),
        (FactKind.HISTORY, [5]),
        (FactKind.HISTORY, "2026-01-31"),
        (FactKind.HISTORY, 5),
        (FactKind.HISTORY, None),
    ],
    ids=lambda value: value.name if isinstance(value, FactKind) else repr(value)[:30],
)
def test_what_is_no_fact_of_its_kind_is_refused(kind, said):
    """What is written for one is said."""
    with pytest.raises(InvalidValue) as caught:
        read_fact(kind, said, "CNY")

    assert caught.value.found is said
    assert caught.value.expected == EXPECTED[kind]


def test_all_mistakes_come_at_once_each_at_its_place():
    """What is wrong and what is missing, in the order in which the rule reads the facts."""
    document = GIVEN | {"price": 22.5, "due": "soon", "unpaid": {}}
    del document["volumes"]

    assert problems(document) == [
        ("facts.price", "22.5", "an amount such as 22.50"),
        ("facts.due", "'soon'", "a day such as 2026-01-31"),
        ("facts.unpaid", "{}", "an object from days to amounts, such as {2026-03-01: 100.00}"),
        ("facts.volumes", "nothing", "a whole number, 0 or more"),
    ]


def test_the_place_of_the_document_is_said_by_whoever_reads_it():
    """A file of that name, for instance."""
    with pytest.raises(InvalidFacts) as caught:
        read_facts(EVERY_KIND, {}, "facts.json")

    assert caught.value.subject == "facts.json"
    assert caught.value.problems == (Problem("facts.json.late", "nothing", "true or false"),)


def test_what_the_rule_does_not_read_is_named_beside_what_is_missing():
    """A misspelt name is seen; what is left over in order is left aside."""
    rule = parse("given(price, CNY)")

    assert problems({"prise": 5, "note": "x"}, rule) == [
        ("facts.price", "nothing (and prise, note, which the rule does not read)", "an amount such as 22.50")
    ]
    assert read_facts(rule, {"price": 5, "note": "x"}) == Facts(amounts={"price": Money(5, "CNY")})


def test_what_is_not_looked_at_is_not_asked_for():
    """A fact that decides is asked for first; those behind it only once it is known."""
    assert read_facts(EVERY_KIND, {"late": False}) == Facts(flags={"late": False})
    assert [where for where, _, _ in problems({"late": True})] == ["facts.class"]


@pytest.mark.parametrize("document", [None, [], "late", 5])
def test_facts_are_an_object(document):
    """Anything else is refused as a whole."""
    assert problems(document) == [("facts", type(document).__name__, "an object, fact by fact")]


PINNED = parse("as_of(day, [2026-01-01: given(price, CNY)])")


def test_a_day_without_a_rule_is_no_mistake_of_the_document():
    """It is said as what it is: the rule has no value then."""
    with pytest.raises(MissingValue, match="2025-12-31"):
        read_facts(PINNED, {"day": "2025-12-31", "price": 5})


def test_a_day_without_a_rule_does_not_hide_what_is_wrong():
    """The document is put in order first."""
    assert problems({"day": "2025-12-31", "price": -5}, PINNED) == [
        ("facts.price", "-5", "an amount such as 22.50")
    ]


def test_a_rule_that_reads_one_name_as_two_kinds_reads_no_document():
    """That is a mistake in the rule."""
    with pytest.raises(InvalidValue, match="x"):
        read_facts(parse("scale(given(x, CNY), count(x, day))"), {"x": 5})


_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.floats()
    | st.text(max_size=8)
    | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(list(GIVEN)), _PLAIN))
def test_any_document_is_read_or_refused_with_places(changes):
    """Nothing else ever comes of it."""
    places = set()
    with suppress(MissingValue):
        try:
            read_facts(EVERY_KIND, GIVEN | changes)
        except InvalidFacts as refused:
            places = {each.where.removeprefix("facts.") for each in refused.problems}

    assert places <= set(GIVEN)
