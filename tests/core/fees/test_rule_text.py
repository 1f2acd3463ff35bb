"""Rules as text: what is written reads back, and every mistake is named with its column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.errors import InvalidRule, InvalidValue, Problem
from servflow.core.fees import (
    AsOf,
    Bracket,
    Choose,
    Count,
    Days,
    Fixed,
    Flat,
    Given,
    Ladder,
    OpenDays,
    PerUnit,
    Reach,
    Rounded,
    Rule,
    Sum,
    Tiered,
    Tiering,
    Under,
)
from servflow.core.fees.text import FORMS, parse, text_of
from servflow.core.money import Money, Rounding
from servflow.testing._trees import calendars_in
from servflow.testing.strategies import rules


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


ONE = Flat(cny("1"))


@dataclass(frozen=True)
class Desk:
    """A calendar of which only the name matters here."""

    name: object = "desk"

    def open_days(self, after: date, through: date) -> int:
        return (through - after).days


def problems(text: str, **known) -> list[tuple[str, str, str]]:
    """What is wrong with a text: where, what was found, what was expected."""
    with pytest.raises(InvalidRule) as caught:
        parse(text, **known)
    assert caught.value.subject == "rule"
    return [(problem.where, problem.found, problem.expected) for problem in caught.value.problems]


def read(text: str, **known) -> Rule | tuple[Problem, ...]:
    """The rule that a text says, or what is wrong with it; nothing else comes out."""
    try:
        return parse(text, **known)
    except InvalidRule as error:
        return error.problems


def test_white_space_means_nothing():
    """Line ends and blanks may stand anywhere between two words."""
    text = 'cap(\n  per_unit(deduct(open_days("desk",due,end),2 open-day),CNY 0.50) ,\tgiven( item_price , CNY )\n)'
    rule = parse(text, calendars={"desk": Desk()})
    fine = PerUnit(OpenDays(Desk()).deduct(Fixed(2, "open-day")), cny("0.50"))
    assert rule == fine.at_most(Given("item_price", "CNY"))
    assert text_of(rule) == (
        'cap(per_unit(deduct(open_days("desk", due, end), 2 open-day), CNY 0.50), given(item_price, CNY))'
    )


def test_what_stands_last_may_be_left_out():
    """A span that is not named is the usual one; it is written all the same."""
    rule = parse("per_unit(days(), CNY 1)")
    assert rule == PerUnit(Days(), cny("1"))
    assert text_of(rule) == "per_unit(days(due, end), CNY 1.00)"
    assert parse("per_unit(days(checkout), CNY 1)") == PerUnit(Days(after="checkout"), cny("1"))


@pytest.mark.parametrize(
    ("written", "ratio"),
    [
        ("0.3%", Fraction(3, 1000)),
        ("0.003", Fraction(3, 1000)),
        ("3/1000", Fraction(3, 1000)),
        ("1/3%", Fraction(1, 300)),
        ("2", Fraction(2)),
        ("0", Fraction()),
    ],
)
def test_ways_to_write_a_ratio(written, ratio):
    """A ratio is a percentage, a decimal or a fraction."""
    assert parse(f"percent(CNY 1, {written})") == ONE.percent(ratio)


def test_brackets_come_in_any_order():
    """They are kept, and written, in their own order."""
    text = "tiered(days(due, end), [7..: CNY 2.00, 0..7: CNY 1.00], graduated)"
    tiers = (Bracket(0, 7, cny("1")), Bracket(7, None, cny("2")))
    assert parse(text) == Tiered(Days(), tiers, Tiering.GRADUATED)
    assert text_of(parse(text)) == "tiered(days(due, end), [0..7: CNY 1.00, 7..: CNY 2.00], graduated)"


def test_versions_and_clauses():
    """A version begins on a day, a named day or ever; a clause has an id and a place behind it."""
    text = 'under("NLC-12 八 1", as_of(checkout, [..: CNY 1.00, 2026-07-01: CNY 2.00]))'
    versions = AsOf("checkout", ((None, ONE), (date(2026, 7, 1), Flat(cny("2")))))
    assert parse(text) == Under(Clause("NLC-12", "八 1"), versions)


def test_words_that_need_quotes():
    """A case may be any text; quotes, line ends and signs are written as in JSON."""
    for word in ("rare", "古籍", "by post", 'a "friend"', "a\nb", "0", "-", "\\", "\ud800", "e\u0301"):
        rule = Choose("category", ((word, ONE), ("other", ONE)))
        assert parse(text_of(rule)) == rule


@pytest.mark.parametrize(
    "quantity", [0, 1, Fraction(1, 3), Fraction(1, 8), Fraction(1, 2**100), 10**38, Fraction(10**39, 7)]
)
def test_numbers_are_exact(quantity):
    """A number is written as a decimal where that is exact and not too long, else as a fraction."""
    for rule in (
        PerUnit(Fixed(quantity, "day"), cny("1")),
        ONE.percent(quantity),
        PerUnit(Days(), cny("1"), per=quantity or 1),
        PerUnit(Fixed(quantity, "per"), cny("1")),
        Ladder(Days(), ((quantity, cny("1")),), Reach.FROM),
    ):
        assert parse(text_of(rule)) == rule


@pytest.mark.parametrize(
    ("quantity", "text"),
    [(Fraction(1, 8), "0.125"), (Fraction(5, 2), "2.5"), (Fraction(2, 3), "2/3"), (70, "70")],
)
def test_how_numbers_are_written(quantity, text):
    """No digit more than needed, and none less."""
    assert text_of(Fixed(quantity, "day")) == f"{text} day"


def test_a_rate_per_so_many():
    """What a rate is for stands behind it; a unit may be called ``per`` all the same."""
    rule = parse("tiered(days(), [0..: CNY 1.00 per 3], volume)")
    assert rule == Tiered(Days(), (Bracket(0, None, cny("1"), per=3),), Tiering.VOLUME)
    assert parse("per_unit(2 per, CNY 1)") == PerUnit(Fixed(2, "per"), cny("1"))


def test_rules_of_other_names():
    """``rule(base)`` is that rule itself, and is written out."""
    named = {"base": ONE, "by post": Flat(cny("2"))}
    rule = parse('sum(rule(base), rule("by post"))', named=named)
    assert rule == Sum((ONE, Flat(cny("2"))))
    assert text_of(rule) == "sum(CNY 1.00, CNY 2.00)"


def test_other_rules_that_are_unknown_or_wrong():
    """A name that is unknown is a mistake; one that is known to be wrong is not told twice."""
    assert problems("sum(rule(bass))", named={"base": ONE, "top": ONE}) == [
        ("column 10", "'bass'", "one of base, top")
    ]
    assert problems("rule(base)") == [("column 6", "'base'", "no name: no other rules were given")]
    assert problems("rule(1)") == [("column 6", "1", "the name of a rule")]
    assert problems("sum(rule(base), CNY 1.005)", named={"base": None})[0][0] == "column 17"
    assert problems("sum(rule(base), CNY 1)", named={"base": None}) == []


ANYTHING = "a form such as cap(…), an amount such as CNY 5.00, or a word, number, day or list"
KNOWN = f"an amount, a quantity, or one of the forms {', '.join(FORMS)}"

MISTAKES: list[tuple[str, int, str, str]] = [
    # the text, the column, what was found there, what was expected
    ("", 1, "the end of the rule", ANYTHING),
    ("   ", 4, "the end of the rule", ANYTHING),
    ("CNY", 1, "'CNY'", KNOWN),
    ("cap", 1, "'cap'", KNOWN),
    ("5", 1, "5", KNOWN),
    ("5%", 1, "5%", KNOWN),
    ("1/3", 1, "1/3", KNOWN),
    ("2026-07-01", 1, "the day 2026-07-01", KNOWN),
    ('"cap"', 1, "'cap'", KNOWN),
    ("[]", 1, "a list", KNOWN),
    ("..", 1, "a range", KNOWN),
    ("0..7", 1, "a range", KNOWN),
    ("capped(CNY 1, CNY 2)", 1, "capped(…)", KNOWN),
    (")", 1, "')'", ANYTHING),
    ("$5", 1, "'$'", "a word, a number, a day, a text in quotes, or one of ( ) [ ] , : .. % /"),
    ("sum(CNY 1 + CNY 2)", 11, "'+'", "a word, a number, a day, a text in quotes, or one of ( ) [ ] , : .. % /"),
    ('under("X-1, CNY 1)', 7, "'\"'", "a word, a number, a day, a text in quotes, or one of ( ) [ ] , : .. % /"),
    ("CNY 5.00)", 9, "')'", "the end of the rule"),
    ("CNY 5.00 CNY 5.00", 10, "'CNY'", "the end of the rule"),
    ("sum(CNY 1", 10, "the end of the rule", "a comma, or the closing parenthesis"),
    ("sum(CNY 1 CNY 2)", 11, "'CNY'", "a comma, or the closing parenthesis"),
    ("sum(CNY 1,)", 11, "')'", ANYTHING),
    ("CNY 1.005", 1, "CNY 1.005", "at most 2 decimals for CNY"),
    (f"CNY {'9' * 31}", 1, f"CNY {'9' * 31}", "at most 30 digits on each side of the point"),
    (f"per_unit({'9' * 41} day, CNY 1)", 10, f"'{'9' * 40}'", "a number of at most 40 digits"),
    ("as_of(due, [2026-02-30: CNY 1])", 13, "2026-02-30", "a day of the calendar, such as 2026-07-01"),
    (r'under("\x", CNY 1)', 7, r'"\x"', "a text in quotes, as in JSON"),
    ("percent(CNY 1, 1/0)", 16, "a division by 0", "a number above 0 under the line"),
    ("percent(CNY 1, 1/x)", 18, "'x'", "a number of at most 40 digits"),
    ("percent(CNY 1, CNY 2)", 16, "the amount CNY 2.00", "a number such as 3, 0.3% or 1/3"),
    ("tiered(days(), [0..CNY: CNY 1], volume)", 23, "':'", "an amount such as CNY 5.00"),
    ("tiered(days(), [0..CNY 1.005: 1%], volume)", 20, "CNY 1.005", "at most 2 decimals for CNY"),
    ("tiered(days(), [0.. CNY 1], volume)", 26, "']'", "a colon, and what holds there"),
    ("tiered(days(), [0..7: CNY 1 7..: CNY 2], volume)", 29, "'7'", "a comma, or the closing bracket"),
    ("tiered(days(), [0..: CNY 1 per], volume)", 28, "'per'", "a comma, or the closing bracket"),
    ("tiered(days(), [0: CNY 1], volume)", 17, "0", "a range such as 0..7, or 7.. for all above"),
    ("tiered(days(), [..: CNY 1], volume)", 17, "a range", "a range such as 0..7, or 7.. for all above"),
    ("tiered(days(), [0..: due], volume)", 22, "'due'", "a rate: an amount, or a ratio such as 3%"),
    ("tiered(days(), [0..: CNY 1 per 0], volume)", 17, "per 0", "an int, a Fraction or a Decimal above 0"),
    ("tiered(days(), [7..0: CNY 1], volume)", 17, "upto 0", "more than 7"),
    ("tiered(days(), [CNY 1..EUR 2: 1%], volume)", 17, "an amount in EUR", "amounts in CNY only"),
    ("tiered(days(), [0..: 1%], volume)", 17, "after 0", "limits in money and a ratio, or limits in units and a rate in money"),
    ("tiered(days(), [CNY 0..: 1%], volume)", 1, "brackets in money", "day"),
    ("tiered(given(a, CNY), [0..: CNY 1], volume)", 1, "brackets in units", "CNY"),
    ("tiered(days(), [1..: CNY 1], volume)", 1, "brackets nothing up to 1", "a first bracket from 0; free is a rate of 0"),
    ("tiered(days(), CNY 1, volume)", 16, "the amount CNY 1.00", "a list in brackets: brackets such as 0..7: CNY 1.00, 7..: CNY 2.00"),
    ("tiered(days(), [], volume)", 1, "brackets ()", "at least one bracket"),
    ("tiered(days(), [0..: CNY 1], sideways)", 30, "'sideways'", "one of graduated, volume"),
    ("tiered(days(), [0..: CNY 1], 7)", 30, "7", "one of graduated, volume"),
    ("ladder(days(), [1: CNY 1 per 2], from)", 30, "per", "only steps such as 3: CNY 10.00"),
    ("ladder(days(), [due: CNY 1], from)", 17, "'due'", "a number such as 3, 0.3% or 1/3"),
    ("ladder(days(), [1: 1], from)", 20, "1", "an amount such as CNY 5.00"),
    ("ladder(days(), [1: CNY 1, 1: CNY 2], from)", 1, "steps ((Fraction(1, 1), Money('1.00', 'CNY')), (Fraction(1, 1), Money('2.00', 'CNY')))", "at least one step, each with a threshold of its own"),
    ("choose(category, [1: CNY 1])", 19, "1", "a word"),
    ("choose(category, [rare: 2 day])", 25, "the quantity 2 day, which gives a quantity", "a rule, which gives an amount"),
    ("special(CNY 1, [on-loan: CNY 2])", 1, "flag on-loan", "a name of letters, digits and underscores between them, such as item_price"),
    ("as_of(due, [1: CNY 1])", 13, "1", "a day, the name of a fact, or .. for ever"),
    ("as_of(due, [0..1: CNY 1])", 13, "a range", "a day, the name of a fact, or .. for ever"),
    ("when(1, CNY 1, CNY 2)", 6, "1", "the name of a fact"),
    ("when(vip, CNY 1)", 1, "when with 2 parts", "when(fact, rule, rule)"),
    ("zero()", 1, "zero with 0 parts", "zero(currency)"),
    ("zero(1)", 6, "1", "a currency such as CNY"),
    ("zero(yuan)", 1, "currency yuan", "a code of three capital letters, as in ISO 4217"),
    ("zero(CNY, EUR, USD)", 1, "zero with 3 parts", "zero(currency)"),
    ("days()", 1, "days(…), which gives a quantity", "a rule, which gives an amount"),
    ("per_unit(CNY 1, CNY 2)", 10, "the amount CNY 1.00, which gives an amount", "a measure, which gives a quantity"),
    ("per_unit(days(), CNY 1, 1, 2)", 1, "per_unit with 4 parts", "per_unit(measure, amount, number?)"),
    ("per_unit(days(), 5)", 18, "5", "an amount such as CNY 5.00"),
    ("per_unit(2 Day, CNY 1)", 10, "unit Day", "a word in lower case, such as 'volume'"),
    ("per_unit(count(a, 1), CNY 1)", 19, "1", "a unit, a word in small letters"),
    ("per_unit(count(_a, x), CNY 1)", 10, "name _a", "a name of letters, digits and underscores between them, such as item_price"),
    ("per_unit(deduct(days(), 2 hour), CNY 1)", 10, "deduct in hour", "day"),
    ("per_unit(open_days(desk), CNY 1)", 20, "'desk'", "the name of a calendar in quotes"),
    ('per_unit(open_days("desk"), CNY 1)', 20, '"desk"', "no calendar: none was given"),
    ("under(X-1, CNY 1)", 7, "'X-1'", 'a clause in quotes, such as "NLC-12" or "NLC-12 八 1"'),
    ('under(" 1", CNY 1)', 7, '" 1"', "a clause with an id"),
    ("rounded(CNY 1, up, 1.5)", 20, "1.5", "a whole number"),
    ("rounded(CNY 1, up, 5%)", 20, "5%", "a whole number"),
    ("rounded(CNY 1, up, 0)", 1, "step 0", "a whole number of minor units, at least 1"),
    ("rounded(CNY 1, nearest)", 16, "'nearest'", "one of half_up, half_even, up, down"),
    ("sum()", 1, "rules ()", "at least one rule; nothing owed is Zero"),
    ("sum(CNY 1, EUR 1)", 1, "an amount in EUR", "amounts in CNY only"),
    ("cap(floor(given(a, CNY), CNY 5), CNY 1)", 1, "limit CNY 1.00", "a cap of at least the floor, CNY 5.00"),
    ("compound(CNY 1, 1%, quantity(weight, kilogram))", 1, "periods Quantity(name='weight', unit='kilogram')", "whole periods; count them with periods()"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "found", "expected"), MISTAKES, ids=lambda part: str(part)[:40])
def test_mistakes(text, column, found, expected):
    """Each mistake an author can make is named: the column, what stands there, what should."""
    assert problems(text) == [(f"column {column}", found, expected)]


def test_signatures_say_what_may_be_left_out():
    """A form with too many parts says what it takes, and which of it may be left out."""
    expected = {form: FORMS[form].signature(form) for form in FORMS}
    assert expected["sum"] == "sum(rule, …)"
    assert expected["rounded"] == "rounded(rule, half_up|half_even|up|down, whole number?)"
    assert expected["open_days"] == 'open_days("calendar", fact?, fact?)'
    assert expected["under"] == 'under("clause", rule)'


def test_known_calendars_are_named():
    """Who names a calendar that is none is told which there are."""
    known = {"desk": Desk(), "阅览室": Desk("阅览室")}
    assert problems('per_unit(open_days("bureau"), CNY 1)', calendars=known) == [
        ("column 20", '"bureau"', r'one of "desk", "\u9605\u89c8\u5ba4"')
    ]


def test_all_mistakes_come_at_once():
    """One reading names every mistake, from left to right, each in its own place."""
    text = "sum(when(1, CNY 1, zero(yuan)),\n  per_unit(deduct(days(), 2 hour), 5),\n capped(CNY 1))"
    assert [(where, found) for where, found, _ in problems(text)] == [
        ("column 10", "1"),
        ("column 20", "currency yuan"),
        ("line 2, column 12", "deduct in hour"),
        ("line 2, column 36", "5"),
        ("line 3, column 2", "capped(…)"),
    ]


def test_mistakes_in_lists_come_at_once():
    """Every entry is read, the key and what holds there, after one with a mistake too."""
    text = "segmented(due, end, [1: 5, 2026-07-01: due, ..: CNY 1 per 3])"
    assert [where for where, _, __ in problems(text)] == ["column 22", "column 25", "column 40", "column 59"]


def test_an_error_prints_its_places():
    """The message has a line for each mistake."""
    with pytest.raises(InvalidRule) as caught:
        parse("when(1, 2, CNY 3)")
    assert str(caught.value).splitlines()[0] == "rule: 2 problems"
    assert caught.value.problems[0] == Problem("column 6", "1", "the name of a fact")


@pytest.mark.parametrize("opening", ["sum(", "(", "[", "[a: ", "choose(a, [b: ", "per_unit(plus(1 day, "])
@pytest.mark.parametrize("times", [50, 101, 5000])
def test_deep_texts(opening, times):
    """However deep a text goes, it is read or refused, and Python's own stack is never reached."""
    with pytest.raises(InvalidRule):
        parse(opening * times)


def test_as_deep_as_it_may_be():
    """A hundred forms within each other are read; one more is refused where it stands."""
    deepest = "sum(" * 100 + "CNY 1" + ")" * 100
    assert text_of(parse(deepest)) == "sum(" * 100 + "CNY 1.00" + ")" * 100
    assert problems(f"sum({deepest})") == [
        ("column 405", "a form within a form, too often", "at most 100 of them")
    ]


def test_a_list_counts_as_a_form_around_each_of_its_values():
    """Fifty choices within each other, each of which has a list, are read; one more is refused."""
    deepest = "choose(a, [b: " * 50 + "CNY 1" + "])" * 50
    assert isinstance(parse(deepest), Rule)
    assert [each[1] for each in problems(f"choose(a, [b: {deepest}])")] == ["a form within a form, too often"]


def test_growth_without_end_is_read():
    """A limit that would take for ever to work out is not worked out while a rule is read."""
    assert isinstance(parse("cap(floor(CNY 2, CNY 1), compound(CNY 1, 0.3%, 99999999999 period))"), Rule)


SIGNS = ["(", ")", "[", "]", ",", ":", "..", "%", "/", '"', "-", "_", "\n", " ", "1", "0.5", "9" * 50]
WORDS = [
    *FORMS,
    "CNY",
    "yuan",
    "due",
    "end",
    "per",
    "day",
    "up",
    "from",
    "古籍",
    "٣",
    "²",
    "½",
    "ﬁ",
    "\ud800",
]
DAYS = ["2026-07-01", "2026-13-01", "0000-00-00", "2026-07-01.."]


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from([*SIGNS, *WORDS, *DAYS])).map("".join)))
def test_any_text_is_a_rule_or_refused(text):
    """Whatever is written: it is a rule that reads back, or a mistake that is named with its place."""
    found = read(text)
    if isinstance(found, Rule):
        assert parse(text_of(found)) == found
    else:
        assert found
        assert all(problem.where.startswith(("column ", "line ")) for problem in found)


def tampered(text: str, at: int, length: int, put: str) -> str:
    at %= len(text)
    return text[:at] + put + text[at + length :]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_rules_with_a_slip_of_the_pen(data):
    """A good rule in which something was struck out or put in is a rule, or refused with a place."""
    rule = data.draw(rules())
    known = {calendar.name: calendar for calendar in calendars_in(rule)}
    put = st.one_of(st.text(max_size=3), st.sampled_from([*SIGNS, *WORDS, *DAYS]))
    text = tampered(
        text_of(rule), data.draw(st.integers(0, 999)), data.draw(st.integers(0, 5)), data.draw(put)
    )
    found = read(text, calendars=known)
    if isinstance(found, Rule):
        assert parse(text_of(found), calendars=known) == found
    else:
        assert found


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_rule_reads_back(data):
    """Whatever the rule: its text reads back as it."""
    rule = data.draw(rules(gaps=True))
    known = {calendar.name: calendar for calendar in calendars_in(rule)}
    assert parse(text_of(rule), calendars=known) == rule


@dataclass(frozen=True, slots=True)
class Foreign(Rule):
    """A form of somebody else's."""

    currency = "CNY"

    @property
    def operation(self):
        """That of nothing."""
        return ONE.operation


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (PerUnit(OpenDays(Desk(None)), cny("1")), "calendar: .*expected a calendar with a name"),
        (ONE.under(Clause("X 1")), "clause: found 'X 1', expected an id without spaces"),
        (ONE.under(Clause("")), "clause: found '', expected an id without spaces"),
        (ONE.percent(10**41), "number: .*expected a number of at most 40 digits"),
        (ONE.percent(Fraction(1, 10**41)), "number: .*expected a number of at most 40 digits"),
        (Flat(cny("1") * 10**40), "amount: .*expected at most 30 digits"),
        (PerUnit(Days(), cny("1") * 10**40), "amount: .*expected at most 30 digits"),
        (Sum((Foreign(),)), r"rule: found Foreign\(\), expected one of the forms count, quantity"),
    ],
    ids=["calendar", "space", "no id", "long", "short", "flat", "rate", "foreign"],
)
def test_what_has_no_text(expression, message):
    """What could not be read back is not written."""
    with pytest.raises(InvalidValue, match=message):
        text_of(expression)


def test_a_measure_has_a_text_too():
    """Messages may name a measure by its text."""
    measure = Count("volumes", "volume") * Days()
    assert text_of(measure) == "times(count(volumes, volume), days(due, end))"
    assert text_of(Rounded(PerUnit(measure, cny("1")), Rounding.UP)) == f"rounded(per_unit({text_of(measure)}, CNY 1.00), up)"  # fmt: skip
