"""Facts: what may be one, by kind and name; what a missing or wrong one says; spans of days."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.fees import FactKind, Facts
from servflow.core.fees.facts import check_name, checked, exact, simplest, spans
from servflow.core.money import Money

DAY = date(2026, 3, 15)
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


UNPAID = ((DAY, cny("100")), (date(2026, 3, 18), cny("40")))

# Of each kind a fact, as it is given and as it is kept.
GOOD = [
    (FactKind.DAY, DAY, DAY),
    (FactKind.INSTANT, NOON, NOON),
    (FactKind.COUNT, 0, 0),
    (FactKind.COUNT, 3, 3),
    (FactKind.QUANTITY, 0, Fraction()),
    (FactKind.QUANTITY, Decimal("2.5"), Fraction(5, 2)),
    (FactKind.QUANTITY, Fraction(1, 3), Fraction(1, 3)),
    (FactKind.AMOUNT, cny("0"), cny("0")),
    (FactKind.FLAG, False, False),
    (FactKind.WORD, "古籍", "古籍"),
    (FactKind.HISTORY, UNPAID, UNPAID),
    (FactKind.HISTORY, [list(entry) for entry in UNPAID], UNPAID),
]

QUANTITY = "an int, a Fraction or a Decimal, 0 or more; never a float"
ONE_DAY = "at least one day with the balance from it on"
ASCENDING = "days that ascend, balances of one currency"
BAD = [
    (FactKind.DAY, "2026-03-15", "a date"),
    (FactKind.DAY, NOON, "a date"),
    (FactKind.INSTANT, datetime(2026, 3, 15), "an aware datetime, with its offset from UTC"),
    (FactKind.INSTANT, DAY, "an aware datetime, with its offset from UTC"),
    (FactKind.COUNT, -1, "a whole number, 0 or more"),
    (FactKind.COUNT, 1.0, "a whole number, 0 or more"),
    (FactKind.COUNT, True, "a whole number, 0 or more"),
    (FactKind.QUANTITY, 0.5, QUANTITY),
    (FactKind.QUANTITY, True, QUANTITY),
    (FactKind.QUANTITY, "2.5", QUANTITY),
    (FactKind.QUANTITY, Fraction(-1, 3), QUANTITY),
    (FactKind.QUANTITY, Decimal("NaN"), QUANTITY),
    (FactKind.QUANTITY, Decimal("sNaN"), QUANTITY),
    (FactKind.QUANTITY, Decimal("Infinity"), QUANTITY),
    (FactKind.QUANTITY, Decimal("1E+999999999"), QUANTITY),
    (FactKind.AMOUNT, 20, "an amount of money, 0 or more"),
    (FactKind.AMOUNT, cny("-0.01"), "an amount of money, 0 or more"),
    (FactKind.FLAG, 1, "true or false"),
    (FactKind.FLAG, "yes", "true or false"),
    (FactKind.WORD, "", "a word"),
    (FactKind.WORD, 3, "a word"),
    (FactKind.HISTORY, (), ONE_DAY),
    (FactKind.HISTORY, "2026-03-15", ONE_DAY),
    (FactKind.HISTORY, 3, ONE_DAY),
    (FactKind.HISTORY, b"ab", ONE_DAY),
    (FactKind.HISTORY, [3], ONE_DAY),
    (FactKind.HISTORY, [(DAY,)], ONE_DAY),
    (FactKind.HISTORY, [UNPAID[0], None], ONE_DAY),
]


@pytest.mark.parametrize(("kind", "fact", "kept"), GOOD)
def test_good_facts(kind, fact, kept):
    """Each kind takes what it says, 0 and false included, and gives it exactly."""
    facts = Facts(**{kind.value: {"it": fact}})
    assert facts.get(kind, "it") == kept
    assert checked(kind, "it", fact) == kept
    assert facts.has(kind, "it")
    assert not facts.has(kind, "that")


@pytest.mark.parametrize(("kind", "fact", "expected"), BAD)
def test_bad_facts(kind, fact, expected):
    """What is no fact of the kind is refused by its name, with what was found and what is expected."""
    for call in (lambda: Facts(**{kind.value: {"wrong": fact}}), lambda: checked(kind, "wrong", fact)):
        with pytest.raises(InvalidValue) as caught:
            call()
        assert (caught.value.field, caught.value.expected) == ("wrong", expected)
        assert caught.value.found is fact


@pytest.mark.parametrize(
    ("entries", "found", "expected"),
    [
        ([("2026-03-15", cny("1"))], "2026-03-15", "a date"),
        ([(DAY, 1)], 1, "an amount of money, 0 or more"),
        ([(DAY, cny("-1"))], cny("-1"), "an amount of money, 0 or more"),
        ([(DAY, cny("1")), (DAY, cny("2"))], DAY, ASCENDING),
        ([(DAY, cny("1")), (date(2026, 3, 14), cny("2"))], date(2026, 3, 14), ASCENDING),
        ([(DAY, cny("1")), (date(2026, 3, 16), Money("2", "EUR"))], date(2026, 3, 16), ASCENDING),
    ],
)
def test_bad_histories(entries, found, expected):
    """A history is days that ascend, each with a balance of one currency, none below nothing."""
    with pytest.raises(InvalidValue) as caught:
        Facts(histories={"unpaid": entries})
    assert (caught.value.field, caught.value.found, caught.value.expected) == ("unpaid", found, expected)


def test_every_kind_has_a_reader():
    """A fact is read by the word for its kind, or by the kind itself."""
    facts = Facts(
        days={"it": DAY},
        instants={"it": NOON},
        counts={"it": 3},
        quantities={"it": 2},
        amounts={"it": cny("1")},
        flags={"it": True},
        words={"it": "rare"},
        histories={"it": UNPAID},
    )
    readers = {
        FactKind.DAY: facts.day,
        FactKind.INSTANT: facts.instant,
        FactKind.COUNT: facts.count,
        FactKind.QUANTITY: facts.quantity,
        FactKind.AMOUNT: facts.amount,
        FactKind.FLAG: facts.flag,
        FactKind.WORD: facts.word,
        FactKind.HISTORY: facts.history,
    }
    assert set(readers) == set(FactKind)
    for kind, read in readers.items():
        assert read("it") == facts.get(kind, "it")
    assert type(facts.quantity("it")) is Fraction


@pytest.mark.parametrize("kind", FactKind)
def test_a_missing_fact_says_its_name_and_kind(kind):
    """What was not given is never 0 or false: it is an error that says what is missing, and among what."""
    readers = {kind: getattr(Facts(), kind.name.lower()) for kind in FactKind}
    expected = f"^that has no value among the {kind.value} given$"
    for call in (
        lambda: readers[kind]("that"),
        lambda: Facts().get(kind, "that"),
        lambda: checked(kind, "that", None),
    ):
        with pytest.raises(MissingValue, match=expected) as caught:
            call()
        assert caught.value.name == "that"


def test_the_kinds_are_the_fields():
    """Each kind has a mapping of its own among the facts."""
    assert {kind.value for kind in FactKind} == {each.name for each in fields(Facts)}


def test_facts_within_a_stretch():
    """Days and amounts are put in the place of others; the facts themselves stay as they are."""
    facts = Facts(days={"due": DAY, "other": DAY}, amounts={"price": cny("1")}, counts={"volumes": 2})
    later = facts.within({"due": date(2026, 3, 20)})
    assert later == Facts(
        days={"due": date(2026, 3, 20), "other": DAY}, amounts={"price": cny("1")}, counts={"volumes": 2}
    )
    richer = later.within({}, {"unpaid": cny("5")})
    assert richer.amounts == {"price": cny("1"), "unpaid": cny("5")}
    assert facts.day("due") == DAY
    assert not facts.has(FactKind.AMOUNT, "unpaid")
    with pytest.raises(TypeError):
        richer.amounts["unpaid"] = cny("6")  # type: ignore[index]


@pytest.mark.parametrize("name", ["item_price", "a", "x1", "类别", "naïve", "class", "None", "straße"])
def test_names_of_facts(name):
    """A name is letters, digits and underscores between them; words that Python keeps are names too."""
    check_name("name", name)


@pytest.mark.parametrize(
    "name",
    ["", "_due", "due_", "1st", "on-loan", "item price", "a·b", "ﬁne", "ｄｅｆ", "due\n", None, 3, "²"],
)
def test_names_that_no_fact_can_have(name):
    """Anything else is refused: among it what Python reads as another name, and what is no letter."""
    with pytest.raises(InvalidValue) as caught:
        check_name("anchor", name)
    assert (caught.value.field, caught.value.found) == ("anchor", name)
    assert caught.value.expected.startswith("a name of letters, digits and underscores")


@given(st.one_of(st.text(), st.from_regex(r"\w+")))
def test_a_name_that_is_taken_is_a_name_for_python(name):
    """Whatever is taken as a name means the same to Python, and is one word of a rule's text."""
    try:
        check_name("name", name)
    except InvalidValue:
        return
    found: dict[str, object] = {}
    exec(f"def fee({name}_=None): return {name}_", found)
    assert found["fee"](**{f"{name}_": 3}) == 3  # type: ignore[operator]


@pytest.mark.parametrize(
    ("number", "kept"), [(3, 3), (Fraction(4, 2), 2), (Decimal("0.003"), Fraction(3, 1000)), (0, 0)]
)
def test_exact_numbers(number, kept):
    """An int, a Fraction or a Decimal is taken exactly, and kept as an int where it is one."""
    found = simplest(exact("ratio", number, "a number"))
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize("number", [0.003, True, -1, Decimal("-0.1"), Decimal("NaN"), "3", None])
def test_numbers_that_are_not_exact(number):
    """A float, a bool, a text, a NaN, a negative one is refused in the words of whoever asks."""
    with pytest.raises(InvalidValue) as caught:
        exact("ratio", number, "a number of ours")
    assert (caught.value.field, caught.value.expected) == ("ratio", "a number of ours")
    assert caught.value.found is number


def cut(after: date, through: date, *starts: date) -> list[tuple[int, str, str]]:
    return [(n, str(begin), str(end)) for n, begin, end in spans(after, through, starts)]


JULY = date(2026, 7, 1)


def test_spans_around_a_boundary():
    """What begins on a day holds on that day: the day before is the last one of what held until then."""
    both = (date.min, JULY)
    assert cut(date(2026, 6, 29), date(2026, 6, 30), *both) == [(0, "2026-06-29", "2026-06-30")]
    assert cut(date(2026, 6, 30), JULY, *both) == [(1, "2026-06-30", "2026-07-01")]
    assert cut(JULY, date(2026, 7, 2), *both) == [(1, "2026-07-01", "2026-07-02")]
    assert cut(date(2026, 6, 29), date(2026, 7, 2), *both) == [
        (0, "2026-06-29", "2026-06-30"),
        (1, "2026-06-30", "2026-07-02"),
    ]


def test_spans_without_days_and_before_the_first_start():
    """A span that ends where it begins has no days; days before the first start are not among them."""
    assert cut(JULY, JULY, date.min) == []
    assert cut(JULY, date(2026, 6, 1), date.min) == []
    assert cut(date(2026, 6, 1), date(2026, 6, 30), JULY) == []
    assert cut(date(2026, 6, 1), date(2026, 7, 2), JULY) == [(0, "2026-06-30", "2026-07-02")]


@given(
    st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    st.integers(-5, 90),
    st.lists(st.dates(date(2026, 1, 1), date(2026, 4, 1)), unique=True).map(sorted),
)
def test_spans_have_each_day_once(after, length, starts):
    """Each day of the whole span lies in just one of its parts, and in that of what began last."""
    days = [after + timedelta(number) for number in range(1, length + 1)]
    found = {
        begin + timedelta(number): which
        for which, begin, end in spans(after, after + timedelta(length), [date.min, *starts])
        for number in range(1, (end - begin).days + 1)
    }
    assert found == {day: sum(start <= day for start in starts) for day in days}


def test_facts_survive_a_pickle_and_a_copy():
    """Facts sent to a worker process arrive as they were, and are read only there too."""
    facts = Facts(days={"due": DAY}, quantities={"weight": Decimal("2.5")}, histories={"unpaid": UNPAID})
    for again in (pickle.loads(pickle.dumps(facts)), copy.copy(facts), copy.deepcopy(facts)):
        assert again == facts
        with pytest.raises(TypeError):
            again.days["due"] = DAY  # type: ignore[index]
    assert pickle.loads(pickle.dumps(Facts())) == Facts()


def test_facts_are_hashed_by_what_they_say():
    """Equal facts have equal hashes, in whatever order they were given."""
    one = Facts(counts={"a": 1, "b": 2}, days={"due": date(2026, 1, 1)})
    other = Facts(days={"due": date(2026, 1, 1)}, counts={"b": 2, "a": 1})
    assert one == other
    assert hash(one) == hash(other)


def test_somebody_elses_kinds_of_text_time_and_money_become_plain_ones():
    """What is stored is plain: an enum's text, a datetime, an amount, whatever classes a host has."""

    class Word(StrEnum):
        VIP = "vip"

    class Instant(datetime):
        pass

    class Sum(Money):
        pass

    at = Instant(2026, 1, 31, 8, 30, 15, 7, tzinfo=UTC, fold=1)
    facts = Facts(words={"w": Word.VIP}, instants={"at": at}, amounts={"a": Sum("1.50", "CNY")})
    assert [type(facts.word("w")), type(facts.instant("at")), type(facts.amount("a"))] == [
        str,
        datetime,
        Money,
    ]
    assert facts.word("w") == "vip"
    assert facts.amount("a") == Money("1.50", "CNY")
    assert (facts.instant("at"), facts.instant("at").fold) == (at, 1)


@pytest.mark.parametrize("number", [10**5000, -(10**5000)], ids=["above", "below"])
def test_what_is_too_long_to_be_written_is_refused(number):
    """A count or an amount of thousands of digits is refused with a message, which does not write it."""
    with pytest.raises(InvalidValue, match="a huge number"):
        Facts(counts={"n": number})
    with pytest.raises(InvalidValue, match="a huge amount"):
        Facts(amounts={"n": Money.of_minor(number, "CNY")})
