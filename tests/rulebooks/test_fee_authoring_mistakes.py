"""One test for each mistake that an author of a rulebook of fees can make: where the message points."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.errors import InvalidRulebook, MissingValue
from servflow.core.fees import AsOf, Days, Facts, Flat, Gap, PerUnit, Segmented, Under, evaluate
from servflow.core.fees.text import FORMS
from servflow.core.money import Money
from servflow.rulebooks import check, load, shipped

KINDS = "a fee rule as text, a list of words, each once, or a whole number, 0 or more"
BY_DAY = "in-force-on = a fact that is a day, or in-force-over = two facts between which days lie"
NAME = "a name of letters, digits and underscores between them, such as item_price"


def rule(*values, **keys):
    """A rule as an author writes it: a text or another value alone, or values from a day on each."""
    if len(values) == 1 and not isinstance(values[0], tuple):
        values = (("unknown", values[0]),)
    return {
        "label": "x",
        **{key.replace("_", "-"): each for key, each in keys.items()},
        "values": [{"from": start, "is": said, "clause": "SD-8"} for start, said in values],
    }


@pytest.fixture
def book(draft):
    """A rulebook of fees in which rules are put; its file."""

    def with_rules(**rules):
        draft.put("policy", "fees")
        draft.put("rules", {name.replace("_", "-"): each for name, each in rules.items()})
        return draft

    return with_rules


def only(book, **rules):
    """The one mistake of a rulebook with these rules: where, what was found, what was expected."""
    (problem,) = book(**rules).problems()
    return problem


# --- the text of a rule -------------------------------------------------------------------------------


def test_every_mistake_of_every_rule_comes_at_once_with_its_column(book):
    """Several in one text, several texts, several rules: each is named where it stands."""
    found = book(
        one=rule("cap(CNY 1, 2 day)"),
        two=rule("sum(CNY 1, fine(due), per_unit(days(due), 5))"),
        three=rule((date(2026, 1, 1), "CNY 1"), (date(2027, 1, 1), "CNY"), in_force_on="due"),
    ).problems()

    assert [where for where, _, _ in found] == [
        "rules.one.values[0].is, column 12",
        "rules.two.values[0].is, column 12",
        "rules.two.values[0].is, column 43",
        "rules.three.values[1].is, column 1",
    ]
    assert found[0][1:] == (
        "the quantity 2 day, which gives a quantity",
        "a rule, which gives an amount",
    )


def test_a_mistake_in_a_text_of_several_lines_has_its_line(book):
    """Lines are counted in the text, not in the file."""
    where, found, _ = only(book, one=rule("\nsum(\n  CNY 1,\n  CNY x)"))

    assert (where, found) == ("rules.one.values[0].is, line 4, column 7", "'x'")


def test_an_empty_text_is_no_rule(book):
    """Nothing at all is not nothing owed."""
    where, found, _ = only(book, one=rule(""))

    assert (where, found) == ("rules.one.values[0].is, column 1", "the end of the rule")


def test_brackets_with_a_hole_are_refused(book):
    """The hole is named; a bracket at rate 0 is how nothing is charged."""
    text = "rounded(tiered(days(due, end), [0..7: CNY 1, 9..: CNY 2], graduated), half_up)"

    assert only(book, one=rule(text)) == (
        "rules.one.values[0].is, column 9",
        "brackets nothing above 7 up to 9",
        "no hole; what is free is a bracket at rate 0",
    )


def test_a_calendar_that_is_named_and_not_there_is_refused(book):
    """Without opening hours in the file there is none; with them, the one that is there is named."""
    text = 'per_unit(open_days("desk", due, end), CNY 1)'

    assert only(book, one=rule(text)) == (
        "rules.one.values[0].is, column 20",
        '"desk"',
        "no calendar: none was given",
    )
    hours = {"name": "hall", "clause": "CQ-2", "weekly": {"monday": ["09:00-12:00"]}}
    ((where, _, expected),) = book(one=rule(text)).put("calendar", hours).problems()
    assert (where, expected) == ("rules.one.values[0].is, column 20", 'one of "hall"')
    with_desk = book(one=rule(text)).put("calendar", {**hours, "name": "desk"}).write()
    assert check(with_desk) == ()


def test_mistakes_of_a_calendar_do_not_hide_those_of_a_rule_that_names_it(book):
    """The rule is read with another in its place, and only what is wrong is said."""
    hours = {"name": "desk", "clause": "CQ-2", "weekly": {"monday": ["9-12"]}}
    found = book(one=rule('per_unit(open_days("desk", due), CNY)')).put("calendar", hours).problems()

    assert [where for where, _, _ in found] == [
        "calendar.weekly.monday",
        "rules.one.values[0].is, column 34",
    ]


def test_a_clause_in_a_text_is_one_of_the_register(book):
    """What a part of a rule stands under is checked like the clause of the value."""
    assert only(book, one=rule('sum(CNY 1, under("SD-99 8", CNY 2))')) == (
        "rules.one.values[0].is",
        "the clause SD-99",
        "a clause of the register, or PRACTICE",
    )


def test_a_clause_of_the_desk_may_stand_in_a_text(book):
    """A part that no source gives cites PRACTICE."""
    assert check(book(one=rule('under("PRACTICE", CNY 2)')).write()) == ()


# --- rules that use rules -----------------------------------------------------------------------------


def test_an_unknown_rule_is_refused_with_those_that_are_known(book):
    """Rules that are words or numbers are not among them."""
    found = only(book, one=rule("rule(three)"), two=rule("CNY 1"), words=rule(["a"]))

    assert found == ("rules.one.values[0].is, column 6", "'three'", "one of one, two")


@pytest.mark.parametrize(
    ("rules", "where", "circle"),
    [
        ({"a": "rule(a)"}, "rules.a", "a → a"),
        ({"a": "rule(b)", "b": "rule(c)", "c": "rule(a)"}, "rules.c", "a → b → c → a"),
        ({"x": "rule(b)", "b": "rule(c)", "c": "rule(b)"}, "rules.c", "b → c → b"),
        ({"a": 'rule("b")', "b": 'rule("\\u0061")'}, "rules.b", "a → b → a"),
    ],
)
def test_a_circle_of_rules_is_refused_where_it_closes(book, rules, where, circle):
    """It is written out, and reported once however many rules use it."""
    found = only(book, **{name: rule(text) for name, text in rules.items()})

    assert found[0].startswith(f"{where}.values[0].is, column 6")
    assert found[2] == f"no circle: {circle}"


def test_the_name_of_a_rule_in_quotes_is_a_text_in_quotes(book):
    """An escape that is none is refused like in any text."""
    found = only(book, one=rule(r'rule("\q")'))

    assert found[:2] == ("rules.one.values[0].is, column 6", r'"\q"')


def test_what_only_looks_like_a_use_makes_no_circle(book):
    """A name within another word, or in the text of a clause, is no use of a rule."""
    rules = book(
        a=rule('sum(under("SD-8 rule(b)", CNY 1), given(rule, CNY))'),
        b=rule("rule(a)"),
    )

    assert check(rules.write()) == ()


def test_a_rule_with_mistakes_is_reported_once(book):
    """Not again where it is used, nor where that is used."""
    found = book(
        user=rule("rule(used)"), used=rule("cap(CNY 1)"), other=rule("sum(rule(used), rule(user))")
    ).problems()

    assert [where for where, _, _ in found] == ["rules.used.values[0].is, column 1"]


@pytest.mark.parametrize(
    "text", ["USD 1", 'under("SD-99", CNY 1)', "sum(given(x, CNY), scale(CNY 1, count(x, day)))"]
)
def test_no_mistake_is_repeated_by_what_uses_it(book, text):
    """A wrong currency, an unknown clause, a fact of two kinds: each once."""
    found = only(book, user=rule("rule(used)"), used=rule(text))

    assert found[0] == "rules.used.values[0].is"


def test_a_chain_of_rules_may_be_long_but_not_without_end(book):
    """40 rules, each of which uses the next, are read; 400 are refused where they become too deep."""

    def chain(length):
        uses = {f"r{each}": rule(f"rule(r{each + 1})") for each in range(length)}
        return book(**uses, **{f"r{length}": rule("CNY 1")})

    assert check(chain(40).write()) == ()
    ((where, found, expected),) = chain(400).problems()
    assert where.startswith("rules.r")
    assert found == "a form within a form, too often"
    assert expected == "at most 98 of them, with those of used rules"


def test_two_deep_rules_that_use_each_other_are_too_deep(book):
    """Forms are counted with those of the rules that are used."""
    deep = "cap(" * 60 + "{}" + ", CNY 5)" * 60
    found = only(book, one=rule(deep.format("rule(two)")), two=rule(deep.format("CNY 1")))

    assert found[:2] == ("rules.one.values[0].is", "a form within a form, too often")


def test_rules_that_double_again_and_again_are_refused(book):
    """A rule that uses another twice, that another twice, and so on, would never be done."""
    doubled = {f"r{each}": rule(f"sum(rule(r{each - 1}), rule(r{each - 1}))") for each in range(1, 60)}
    where, _, expected = only(book, r0=rule("CNY 1"), **doubled)

    assert where.startswith("rules.r12.values[0].is, column ")
    assert expected == "at most 10000 forms in all, with those of used rules"


# --- currencies and facts ------------------------------------------------------------------------------


def test_currencies_do_not_mix(book):
    """Two in one rule are refused in its text."""
    assert only(book, one=rule("sum(CNY 1, USD 2)")) == (
        "rules.one.values[0].is, column 1",
        "an amount in USD",
        "amounts in CNY only",
    )


def test_amounts_are_in_the_currency_of_the_file(book):
    """A rule that is all in another one is refused."""
    assert only(book, one=rule("USD 2")) == ("rules.one.values[0].is", "amounts in USD", "amounts in CNY")


def test_a_fact_is_of_one_kind(book):
    """A name that is read as an amount and as a count is refused."""
    assert only(book, one=rule("sum(given(x, CNY), scale(CNY 1, count(x, day)))")) == (
        "rules.one.values[0].is",
        "x read among the counts",
        "among the amounts only",
    )


def test_a_fact_is_of_one_kind_across_the_rules_that_use_each_other(book):
    """Where the used rule reads it otherwise, the one that uses it is refused."""
    found = only(book, one=rule("scale(rule(two), count(x, day))"), two=rule("given(x, CNY)"))

    assert found[:2] == ("rules.one.values[0].is", "x read among the counts")


def test_the_day_by_which_a_rule_applies_is_no_other_fact(book):
    """It is read as a day, and so it may not be an amount as well."""
    found = only(book, one=rule((date(2026, 1, 1), "given(x, CNY)"), in_force_on="x"))

    assert found == ("rules.one", "x read among the amounts", "among the days only")


def test_an_amount_between_two_minor_units_is_rounded_or_used(book):
    """A rule that is neither rounded nor a part of another has no amount to be charged."""
    parts = "percent(given(price, CNY), 1/3)"

    assert only(book, one=rule(parts)) == (
        "rules.one",
        "amounts between two minor units",
        "rounded(…) around it, or another rule that uses it",
    )
    assert check(book(one=rule(parts), two=rule("rounded(rule(one), half_up)")).write()) == ()


# --- from which day ------------------------------------------------------------------------------------

FIRST, SECOND = (date(2026, 1, 1), "CNY 1"), (date(2027, 1, 1), "CNY 2")


@pytest.mark.parametrize("values", [(FIRST,), (FIRST, SECOND)])
def test_values_that_begin_on_a_day_say_which_day_counts(book, values):
    """One value is enough: before its day the rule says nothing."""
    assert only(book, one=rule(*values)) == ("rules.one", "values that begin on a day", BY_DAY)


def test_a_day_and_a_span_exclude_each_other(book):
    """Either the version of one day, or each day by its own."""
    found = only(book, one=rule(FIRST, SECOND, in_force_on="due", in_force_over=["due", "end"]))

    assert found == ("rules.one.in-force-over", "a span beside in-force-on", "one of the two")


@pytest.mark.parametrize(
    ("keys", "where", "found", "expected"),
    [
        ({"in_force_over": ["due"]}, "in-force-over", "['due']", 'two facts, such as ["due", "end"]'),
        ({"in_force_over": []}, "in-force-over", "[]", 'two facts, such as ["due", "end"]'),
        ({"in_force_over": "due"}, "in-force-over", "'due'", "a list"),
        ({"in_force_over": ["due", "the end"]}, "in-force-over[1]", "'the end'", NAME),
        ({"in_force_over": ["due", 7]}, "in-force-over[1]", "7", NAME),
        ({"in_force_on": "the day"}, "in-force-on", "'the day'", NAME),
        ({"in_force_on": ""}, "in-force-on", "''", NAME),
        ({"in_force_on": ["due"]}, "in-force-on", "['due']", NAME),
    ],
)
def test_the_facts_by_which_a_rule_applies_are_names(book, keys, where, found, expected):
    """Each is reported where it stands, once."""
    assert only(book, one=rule(FIRST, SECOND, **keys)) == (f"rules.one.{where}", found, expected)


def test_two_values_of_one_day_are_one_mistake(book):
    """As in any rulebook."""
    found = only(book, one=rule(FIRST, (date(2026, 1, 1), "CNY 2"), in_force_on="due"))

    assert found == ("rules.one.values[1].from", "2026-01-01, as in values[0]", "one value a day")


def test_a_day_that_is_none_is_one_mistake(book):
    """The rule is not joined then, and nothing else is said of it."""
    found = only(book, one=rule(FIRST, ("2027-01-01", "CNY 2"), in_force_on="due"))

    assert found[0] == "rules.one.values[1].from"


def test_only_a_fee_applies_by_a_fact(book):
    """Words and numbers are asked for by a day, not worked out from facts."""
    assert only(book, one=rule(["warning"], in_force_on="due")) == (
        "rules.one.in-force-on",
        "by which day a fee applies",
        "a fee",
    )


# --- what else a value may be ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (Decimal("2.5"), "Decimal('2.5')"),
        (Decimal("NaN"), "Decimal('NaN')"),
        (Decimal("Infinity"), "Decimal('Infinity')"),
        (-1, "-1"),
        (True, "True"),
        (["warning", "warning"], "['warning', 'warning']"),
        (["warning", ""], "['warning', '']"),
        (["warning", 2], "['warning', 2]"),
        ({"days": 3}, "{'days': 3}"),
        (date(2026, 1, 1), "datetime.date(2026, 1, 1)"),
    ],
)
def test_a_value_is_a_fee_or_words_or_a_number(book, said, found):
    """A fraction is no number of anything, a truth is none, and words come once."""
    assert only(book, one=rule(said)) == ("rules.one.values[0].is", found, KINDS)


@pytest.mark.parametrize(
    ("one", "other", "found", "kind"),
    [
        ("CNY 1", ["warning"], "['warning']", "a text"),
        ("CNY 1", 3, "3", "a text"),
        (["warning"], 3, "3", "a list of words"),
        (3, ["warning"], "['warning']", "a whole number"),
    ],
)
def test_the_values_of_a_rule_are_of_one_kind(book, one, other, found, kind):
    """What differs from the others is named."""
    keys = {"in_force_on": "due"} if isinstance(one, str) else {}
    problem = only(book, one=rule((date(2026, 1, 1), one), (date(2027, 1, 1), other), **keys))

    assert problem == ("rules.one.values[1].is", found, f"{kind}, as the other values of this rule are")


@pytest.mark.parametrize("name", ["One", "one_more", "ein tag", "罚款", ""])
def test_the_name_of_a_rule_is_of_small_letters_and_hyphens(draft, name):
    """As everywhere in a rulebook."""
    ((where, found, expected),) = draft.put("policy", "fees").put("rules", {name: rule("CNY 1")}).problems()

    assert (where, found) == (f"rules.{name}", repr(name))
    assert expected == "a name in small letters and digits, with hyphens between words"


def test_tables_that_are_none_are_refused_as_elsewhere(book):
    """A rule, its values and one of them that are something else do not stop the others from being read."""
    found = book(
        one="CNY 1",
        two={"label": "x", "values": "CNY 1", "in-force-on": "due"},
        three={"label": "x", "values": ["CNY 1"]},
        four=rule("CNY"),
        five={"label": "x", "values": []},
    ).problems()

    assert {where for where, _, _ in found} == {
        "rules.one",
        "rules.two.values",
        "rules.three.values[0]",
        "rules.four.values[0].is, column 1",
        "rules.five.values",
    }


# --- what is in order ----------------------------------------------------------------------------------


def test_versions_are_joined_by_a_day_or_over_days_in_the_order_of_their_days(book):
    """Each under its clause; the order in the file means nothing; a gap is one."""
    gap = {"from": date(2028, 1, 1), "gap": True, "clause": "SD-8"}
    pinned = rule(SECOND, FIRST, in_force_on="due")
    over = rule(*((day, f"per_unit(days(due, end), {text})") for day, text in (SECOND, FIRST)))
    over["in-force-over"] = ["due", "end"]
    pinned["values"].append(gap)
    read = load(book(one=pinned, two=over).write())

    def cny(amount):
        return Under(Clause("SD-8"), Flat(Money(amount, "CNY")))

    assert read.fees["one"] == AsOf(
        "due",
        (
            (date(2026, 1, 1), cny(1)),
            (date(2027, 1, 1), cny(2)),
            (date(2028, 1, 1), Under(Clause("SD-8"), Gap("CNY"))),
        ),
    )
    daily = [Under(Clause("SD-8"), PerUnit(Days(), Money(amount, "CNY"))) for amount in (1, 2)]
    assert read.fees["two"] == Segmented(
        "due", "end", ((date(2026, 1, 1), daily[0]), (date(2027, 1, 1), daily[1]))
    )
    assert [value.written for value in read.rules["one"].values] == ["CNY 1", "CNY 2", "gap"]
    with pytest.raises(MissingValue):
        evaluate(read.fees["one"], Facts(days={"due": date(2028, 1, 1)}))


DAILY = "per_unit(days(due, end), CNY 1)"


@pytest.mark.parametrize(
    "text",
    [
        "CNY 8",
        f"cap({DAILY}, CNY 8)",
        "per_unit(deduct(days(due, end), 5 day), CNY 1)",
        "per_unit(periods(days(due, end), 7, start), CNY 1)",
        "tiered(days(due, end), [0..7: CNY 1, 7..: CNY 2], graduated)",
        f"rounded({DAILY}, up)",
        "per_unit(days(lent, returned), CNY 1)",
    ],
)
def test_what_would_begin_anew_with_each_stretch_is_refused(book, text):
    """A cap, a grace, brackets, periods: in a value over days, in a segment, over a balance that changes."""
    values = ((date(2026, 1, 1), DAILY), (date(2026, 7, 1), text))
    for where, keys in (
        ("rules.one", rule(*values, in_force_over=["due", "end"])),
        ("rules.one.values[0].is", rule(f"segmented(due, end, [..: {DAILY}, 2026-07-01: {text}])")),
        ("rules.one.values[0].is", rule(f"over_balance(unpaid, {text}, due, end)")),
    ):
        place, found, expected = only(book, one=keys)
        assert place == where
        assert found.startswith("a cap, a grace, brackets")
        assert "day by day from due to end" in expected


def test_what_goes_around_the_stretches_is_taken(book):
    """The cap over all days stands in a rule that uses the one by days; one version alone may be anything."""
    daily = rule((date(2026, 1, 1), DAILY), (date(2026, 7, 1), DAILY), in_force_over=["due", "end"])
    alone = rule((date(2026, 1, 1), f"cap({DAILY}, CNY 8)"), in_force_over=["due", "end"])
    assert book(daily=daily, capped=rule("cap(rule(daily), CNY 8)"), alone=alone).problems() == []


def test_a_span_has_two_ends(book):
    """Days from a fact to itself would be nothing for ever."""
    where, found, expected = only(book, one=rule(SECOND, FIRST, in_force_over=["due", "due"]))
    assert (where, found) == ("rules.one.in-force-over", "due")
    assert expected.startswith("another fact")


def test_a_value_from_ever_may_be_pinned_as_well(book):
    """The day is then asked for, and every day will do."""
    read = load(book(one=rule("CNY 1", in_force_on="due")).write())

    assert read.fees["one"] == AsOf("due", ((None, Under(Clause("SD-8"), Flat(Money(1, "CNY")))),))


def test_a_rule_of_gaps_only_is_a_fee_that_nobody_knows(book):
    """It can be used, and what needs it is an error."""
    gap = {"label": "x", "values": [{"from": "unknown", "gap": True, "clause": "FARM-2"}]}
    read = load(book(user=rule("sum(CNY 1, rule(gap))"), gap=gap).write())

    assert read.fees["gap"] == Under(Clause("FARM-2"), Gap("CNY"))
    with pytest.raises(MissingValue, match="FARM-2"):
        evaluate(read.fees["user"], Facts())


def test_words_and_numbers_are_values_of_rules_and_no_fees(book):
    """In their order, by the day from which they hold."""
    words = rule((date(2026, 1, 1), ["warning", "dismissal"]), (date(2027, 1, 1), []))
    read = load(book(words=words, number=rule(200)).write())

    assert dict(read.fees) == {}
    assert read.rules["words"].dated.on(date(2026, 5, 1)).value == ("warning", "dismissal")
    assert read.rules["words"].dated.on(date(2027, 5, 1)).value == ()
    assert read.rules["number"].dated.on(date(2027, 5, 1)).value == 200


def test_words_may_have_a_gap(book):
    """From that day on they are not known."""
    words = rule((date(2026, 1, 1), ["warning"]))
    words["values"].append({"from": date(2027, 1, 1), "gap": True, "clause": "SD-8"})
    read = load(book(words=words).write())

    assert dict(read.fees) == {}
    with pytest.raises(LookupError, match="words has no value on 2027-01-01"):
        read.rules["words"].dated.on(date(2027, 1, 1))


def test_a_clause_leads_to_the_rule_in_whose_text_it_stands(book):
    """Not to every rule that uses it."""
    read = load(
        book(
            used=rule('sum(CNY 1, under("SD-3 9(2)", CNY 2))'),
            user=rule('under("SD-4", rule(used))'),
            same=rule("rule(used)"),
        ).write()
    )

    assert read.citations == {"SD-8": ("used", "user", "same"), "SD-3": ("used",), "SD-4": ("user",)}


# --- whatever is written --------------------------------------------------------------------------------

_FEES = [name for name in shipped() if load(name).policy == "fees"]
_SIGNS = '( ) [ ] , : .. % / CNY USD 5 0.3% rule( rule(base) "SD-3" base due half_up per \\ "'
_WORDS = st.sampled_from([*FORMS, *_SIGNS.split(), "2 day", "2026-07-01", "\n"])
_TEXTS = st.lists(_WORDS, max_size=8).map(" ".join) | st.text(max_size=12)
_VALUES = st.one_of(
    _TEXTS,
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.decimals(allow_nan=True, allow_infinity=True).filter(lambda number: not number.is_snan()),
    st.dates(),
    st.lists(_TEXTS, max_size=3),
    st.dictionaries(st.text(max_size=4), _TEXTS, max_size=2),
)


@st.composite
def _cut(draw, text):
    """A text in which a stretch is something else."""
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(begin + 12, len(text))))
    return text[:begin] + draw(st.one_of(st.just(""), _TEXTS)) + text[end:]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_a_rulebook_of_fees_loads_or_says_what_is_wrong(draft, data):
    """Whatever is written in the place of a value, a day, a key or a part of a text."""
    draft.afresh(data.draw(st.sampled_from(_FEES)))
    rules = draft.tables["rules"]
    for name in data.draw(st.lists(st.sampled_from(list(rules)), min_size=1, max_size=2, unique=True)):
        value = rules[name]["values"][0]
        place = data.draw(
            st.sampled_from(["is", "from", "clause", "gap", "in-force-on", "in-force-over", "all"])
        )
        if place == "all":
            rules[name] = data.draw(_VALUES)
        elif place.startswith("in-"):
            rules[name][place] = data.draw(_VALUES | st.just(["due", "end"]))
        elif place == "is" and isinstance(value.get("is"), str):
            value["is"] = data.draw(_cut(value["is"]) | _VALUES)
        else:
            value[place] = data.draw(_VALUES)

    path = draft.write()
    problems = check(path)
    assert all(problem.where.startswith(str(path)) and problem.expected for problem in problems)
    if problems:
        with pytest.raises(InvalidRulebook):
            load(path)
    else:
        assert load(path).citations
