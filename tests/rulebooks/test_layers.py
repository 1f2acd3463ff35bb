"""Layers: a rulebook over another one, of which it says only what it changes; frames that bind it.

The cities of these tests, their rates and seasons, are invented: no rule of a city could be compared with a text.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from servflow.codec.fee_facts import read_facts
from servflow.core.citations import PRACTICE
from servflow.core.errors import InvalidRulebook, MissingValue
from servflow.core.fees import FactKind, evaluate, facts_read
from servflow.core.money import Money
from servflow.rulebooks import check, deposit_policy, lending_policy, load

KEPT, FEES, NLC = "shandong/warranty-deposits", "shandong/warranty-deposit-fees", "nlc/interlibrary-loan"
CITY = date(2020, 1, 1)


def said(is_: Any, start: Any = CITY, **keys: Any) -> dict[str, Any]:
    """One value of the invented city."""
    return {"from": start, "is": is_, "clause": "PRACTICE", "note": "invented", **keys}


def rule(*values: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A rule of a layer: it may do without a label."""
    return {**{key.replace("_", "-"): each for key, each in keys.items()}, "values": [*values]}


# --- which value holds --------------------------------------------------------------------------------


@pytest.mark.clause("SD-25")
def test_a_city_says_only_what_it_changes(city):
    """From its own first day on its value holds; the province's does before, and of every other rule."""
    seasons = [{"name": name, "begins": "11-01", "ends": "03-31"} for name in ("heating", "cooling")]
    book = load(city.over(KEPT, seasons=rule(said(seasons)), review_days=rule(said(5))).write())
    province = load(KEPT)
    policy = deposit_policy(book, load(FEES), authority="city")

    assert policy.review_days.on(date(2019, 12, 31)).value == 7
    assert policy.review_days.on(date(2019, 12, 31)).clause.id == "SD-5"
    assert (policy.review_days.on(CITY).value, policy.review_days.on(CITY).clause) == (5, PRACTICE)
    assert str(policy.seasons.on(CITY).value[0].ends) == "03-31"
    assert set(book.rules) == set(province.rules)
    for name in province.rules.keys() - {"seasons", "review-days"}:
        assert book.rules[name] == province.rules[name]


def test_values_of_the_lower_one_from_that_day_on_are_gone(city, draft):
    """What the province changes later is no rule of a city that has its own."""
    province = draft.afresh(KEPT)
    later = {"from": date(2024, 1, 1), "is": 9, "clause": "SD-5"}
    province.put("rules.review-days.values", [*province.tables["rules"]["review-days"]["values"], later])
    province.write()
    layer = city.over("draft.toml", review_days=rule(said(5))).write()

    assert [value.value for value in load(layer).rules["review-days"].values] == [7, 5]
    assert [value.value for value in load(province.path).rules["review-days"].values] == [7, 9]


def test_a_gap_ends_what_the_lower_one_says(city):
    """From then on there is no value; before, the province's. The gap has its clause."""
    gap = {"from": CITY, "gap": True, "clause": "PRACTICE", "note": "invented"}
    dated = load(city.over(KEPT, scope=rule(gap)).write()).rules["scope"].dated

    assert dated.on(date(2019, 12, 31)).value == ("new", "for-sale")
    assert dated.gap_on(date(2019, 12, 31)) is None
    assert dated.gap_on(CITY) == PRACTICE
    with pytest.raises(MissingValue):
        dated.on(CITY)


def test_a_value_for_every_day_leaves_nothing_of_the_lower_one(city):
    """An unknown first day is taken to be before all others."""
    book = load(city.over(KEPT, review_days=rule(said(5, "unknown"))).write())

    assert [value.value for value in book.rules["review-days"].values] == [5]


def test_over_a_value_for_every_day_a_dated_one_begins(city):
    """A lower file whose source gives no date has its value up to the day before."""
    book = load(city.over(NLC, renewals=rule(said(2))).write())
    policy = lending_policy(book, library="CN-CITY")

    assert [policy.renewals.on(day).value for day in (date(2019, 12, 31), CITY)] == [1, 2]


def test_a_label_is_the_lower_ones_unless_the_layer_has_its_own(city):
    """A layer may say the rule in its own words."""
    book = load(city.over(KEPT, review_days=rule(said(5)), pay_out_days=rule(said(9), label="own")).write())

    assert book.rules["review-days"].label == load(KEPT).rules["review-days"].label
    assert book.rules["pay-out-days"].label == "own"


def test_a_county_over_a_city_over_a_province(city, county):
    """Each layer changes what is below it; each value is known by the one that says it."""
    city.over(KEPT, review_days=rule(said(5)), pay_out_days=rule(said(10))).write()
    county.over("city.toml", review_days=rule(said(3, date(2025, 1, 1))))
    county.put("authority", "county-of-the-tests")
    book = load(county.write())

    assert [value.value for value in book.rules["review-days"].values] == [7, 5, 3]
    assert book.layers == (
        "county-of-the-tests/warranty-deposits",
        "city-of-the-tests/warranty-deposits",
        KEPT,
    )
    assert [value.layer for value in book.rules["review-days"].values] == [*reversed(book.layers)]
    assert book.rules["pay-out-days"].dated.on(CITY).value == 10


def test_a_calendar_is_that_of_the_topmost_file_that_has_one(city):
    """Without one of its own a layer has the lower one's, with its clauses and public holidays."""
    lower = load("calis/thesis-centre")
    assert lower.calendar_clause is None
    partnership = load("cque/partnership")
    book = load(city.over("cque/partnership").write())

    assert book.calendar == partnership.calendar
    assert book.calendar_clause == partnership.calendar_clause
    assert {line.layer for line in book.lines()} == {partnership.name}

    hours = {"name": "own", "clause": "PRACTICE", "note": "invented", "weekly": {"monday": ["09:00-12:00"]}}
    own = load(city.put("calendar", hours).write())
    assert own.calendar.name == "own"


# --- fees -----------------------------------------------------------------------------------------------


def rates(low_rise: str, high_rise: str, **keys: Any) -> dict[str, Any]:
    """The standard of the invented city: two rates of the base."""
    cases = f"low_rise: percent(rule(base), {low_rise}), high_rise: percent(rule(base), {high_rise})"
    return rule(said(f"choose(building_type, [{cases}])"), **keys)


def deposit(book: Any, on: date, building_type: str) -> Money:
    """What a building that cost ten million deposits, without any reduction."""
    fee = book.fees["deposit"]
    flags = {name: False for name, kind in facts_read(fee).items() if kind is FactKind.FLAG}
    facts = {"assessed_on": on, "cost": 10_000_000, "building_type": building_type, **flags}
    return evaluate(fee, read_facts(fee, facts)).money


@pytest.mark.clause("SD-25")
def test_a_citys_rates_within_the_frame_are_what_every_rule_then_uses(city):
    """The deposit is that of the province, by the city's standard from its day on."""
    book = load(city.over(FEES, "fees", standard_deposit=rates("3.5%", "4.5%")).write())

    assert deposit(book, date(2019, 12, 31), "high_rise") == Money(500_000, "CNY")
    assert deposit(book, CITY, "high_rise") == Money(450_000, "CNY")
    assert deposit(book, CITY, "low_rise") == Money(350_000, "CNY")
    assert deposit_policy(load(KEPT), book, authority="city").fees["deposit"] == book.fees["deposit"]


@pytest.mark.clause("SD-25")
@pytest.mark.parametrize(("low_rise", "found"), [("2.9%", "2.9 %"), ("5.1%", "5.1 %")])
def test_a_citys_rates_outside_of_the_frame_do_not_load(city, low_rise, found):
    """The province's rulebook says the frame: from 3 % to 5 %, both included."""
    city.over(FEES, "fees", standard_deposit=rates(low_rise, "5%"))

    expected = "percentages of the rule of which the frame is, from 3 % to 5 %"
    assert city.problems() == [("rules.standard-deposit.values[0].is", found, expected)]
    assert check(city.over(FEES, "fees", standard_deposit=rates("3%", "5%")).write()) == ()


@pytest.mark.parametrize(
    "text",
    [
        "cap(percent(rule(base), 4%), CNY 5.00)",
        "percent(given(cost, CNY), 4%)",
        "sum(percent(rule(base), 2%), percent(rule(base), 2%))",
        "when(average_cost_fixed, percent(rule(base), 4%), CNY 1.00)",
        "special(percent(rule(base), 4%), [insured: zero(CNY)])",
    ],
)
def test_what_cannot_be_compared_with_the_frame_does_not_load(city, text):
    """Only percentages of the same rule, chosen by facts, can be told to stay in it."""
    city.over(FEES, "fees", standard_deposit=rule(said(text)))

    ((where, found, _),) = city.problems()
    assert where == "rules.standard-deposit.values[0].is"
    assert found == "a form of which nobody can say whether it stays in the frame"


def test_percentages_may_be_chosen_in_several_ways(city):
    """By a word, a flag, a day, under a clause."""
    text = """as_of(assessed_on, [..: under("SD-25 8(2)", percent(rule(base), 3%)),
        2022-01-01: when(average_cost_fixed, percent(rule(base), 4%), percent(rule(base), 5%))])"""
    city.over(FEES, "fees", standard_deposit=rule(said(text)))

    assert city.problems() == []


@pytest.mark.clause("SD-25")
def test_a_frame_is_changed_by_the_one_who_set_it(city):
    """A layer changes neither its least and its most, nor what it binds."""
    bound = rule(said("percent(rule(base), 1%)"))
    standard = rates("3%", "5%", frame=["least-standard", "most-standard"])
    city.over(FEES, "fees", least_standard=bound, standard_deposit=standard)

    expected = f"the frame of standard-deposit in {FEES}, unchanged"
    assert city.problems() == [
        ("rules.least-standard", "a frame that is changed", expected),
        ("rules.standard-deposit.frame", "['least-standard', 'most-standard']", expected),
    ]


def test_a_frame_binds_a_county_over_a_city_that_says_nothing_of_it(city, county):
    """However many layers lie between."""
    city.over(FEES, "fees").write()
    county.over("city.toml", "fees", most_standard=rule(said("percent(rule(base), 9%)")))
    county.put("policy", "fees")

    assert [(where, found) for where, found, _ in county.problems()] == [
        ("rules.most-standard", "a frame that is changed")
    ]


@pytest.mark.parametrize(
    ("frame", "where", "found"),
    [
        (["least-standard"], "rules.standard-deposit.frame", "['least-standard']"),
        (["least-standard", "nothing"], "rules.standard-deposit.frame[1]", "'nothing'"),
        (["deposit", "most-standard"], "rules.standard-deposit.frame[0]", "'deposit'"),
        (["least-standard", "of-another"], "rules.standard-deposit.frame[1]", "'of-another'"),
    ],
)
def test_a_frame_is_two_percentages_of_one_rule(draft, frame, where, found):
    """One rule, an unknown one, another form, or percentages of two different rules are none."""
    other = {
        "label": "x",
        "values": [{"from": "unknown", "is": "percent(rule(most-standard), 5%)", "clause": "SD-1"}],
    }
    draft.afresh(FEES).put("rules.of-another", other).put("rules.standard-deposit.frame", frame)

    wrong = [(place, said) for place, said, _ in draft.problems() if ".frame" in place]
    assert wrong == [(where, found)]


def test_a_value_begins_on_a_day_on_which_there_is_a_frame(draft):
    """Where one of the two rules begins later, the value in between could be anything."""
    draft.afresh(FEES).put("rules.least-standard.values[0].from", date(2030, 1, 1))

    assert draft.problems() == [
        (
            "rules.standard-deposit.values[0].is",
            "2010-09-15, a day without a frame",
            "a first day on which both rules of the frame have a value",
        )
    ]


def test_each_day_has_the_frame_of_that_day(draft):
    """Where the frame is raised, only what holds from then on has to be in the new one."""
    raised = {"from": date(2030, 1, 1), "is": "percent(rule(base), 4%)", "clause": "SD-25"}
    bound = draft.afresh(FEES).tables["rules"]["least-standard"]
    bound["values"].append(raised)
    standard = draft.tables["rules"]["standard-deposit"]
    later = {"from": date(2030, 1, 1), "is": "percent(rule(base), 4%)", "clause": "SD-1"}
    assert [found for _, found, _ in draft.problems()] == ["3 %"]

    standard["values"].append(later)
    assert draft.problems() == []


def test_only_a_fee_has_a_frame(draft):
    """A list of words has none, and neither has a rule of another policy."""
    words = {
        "label": "x",
        "frame": ["a", "b"],
        "values": [{"from": "unknown", "is": ["a"], "clause": "SD-1"}],
    }
    draft.afresh(FEES).put("rules.words", words)
    assert draft.problems() == [("rules.words.frame", "between what a fee stays", "a fee")]

    draft.afresh(KEPT).put("rules.review-days.frame", ["a", "b"])
    assert draft.problems() == [("rules.review-days.frame", "between what a fee stays", "the policy fees")]


# --- what is final, and what may only grow ------------------------------------------------------------


@pytest.mark.clause("SD-25", "SD-4", "SD-8")
@pytest.mark.parametrize(
    "name", ["least-deposit", "reduced-deposit", "deposit", "exemption", "surcharge", "daily-surcharge"]
)
def test_what_the_province_calls_final_no_layer_changes(city, county, name):
    """Neither a city nor a county over it; whatever it says there."""
    expected = f"nothing of {name}, which is final in {FEES}"
    problem = (f"rules.{name}", "a final rule that is changed", expected)
    changed = {name.replace("-", "_"): rule(said("CNY 0"))}
    assert city.over(FEES, "fees", **changed).problems() == [problem]

    city.over(FEES, "fees").write()
    assert county.over("city.toml", "fees", **changed).put("policy", "fees").problems() == [problem]


@pytest.mark.clause("SD-25", "SD-29")
def test_how_the_cost_is_found_a_city_may_say(city):
    """The way of collection is its own: the base is not final."""
    base = rule(said("percent(given(cost, CNY), 90%)"))
    book = load(city.over(FEES, "fees", base=base).write())

    assert deposit(book, CITY, "high_rise") == Money(450_000, "CNY")


def test_final_is_said_with_true_or_false(draft):
    """A file that is not final to the layers above may say so."""
    draft.afresh(FEES).put("rules.deposit.final", "yes")
    assert draft.problems() == [("rules.deposit.final", "'yes'", "true or false")]
    assert draft.put("rules.deposit.final", False).problems() == []


def parts(**changes: str | None) -> list[dict[str, str]]:
    """The province's warranties, some changed; ``None``: left out."""
    (value,) = load(KEPT).rules["warranties"].values
    least: dict[str, str | None] = {each.part: str(each.least) for each in value.value}
    least |= {name.replace("_", "-"): length for name, length in changes.items()}
    return [{"part": name, "least": length} for name, length in least.items() if length is not None]


@pytest.mark.clause("SD-33")
@pytest.mark.parametrize(
    ("changes", "place", "found", "least"),
    [
        ({"roof_waterproofing": "4 years 11 months"}, "[1].least", "'4 years 11 months'", "5 years"),
        ({"heating": "1 heating season"}, "[4].least", "'1 heating season'", "2 heating seasons"),
        ({"heating": "9 years"}, "[4].least", "'9 years'", "2 heating seasons"),
        ({"heating": "2 cooling seasons"}, "[4].least", "'2 cooling seasons'", "2 heating seasons"),
        ({"foundation_and_structure": "99 years"}, "[0].least", "'99 years'", "design life"),
        ({"decoration": "contract"}, "[7].least", "'contract'", "2 years"),
        ({"installations": "design life"}, "[6].least", "'design life'", "2 years"),
    ],
)
def test_a_layer_makes_no_warranty_shorter(city, changes, place, found, least):
    """Nor another kind of length of it, of which nobody can say that it is not shorter."""
    city.over(KEPT, warranties=rule(said(parts(**changes))))

    expected = f"at least {least}, as in {KEPT}"
    assert city.problems() == [(f"rules.warranties.values[0].is{place}", found, expected)]


@pytest.mark.clause("SD-33")
def test_a_layer_leaves_no_part_out(city):
    """It would go by the contract, which may say less."""
    shares = rule(said([{"part": "leakage", "weight": 1}]))
    city.over(KEPT, warranties=rule(said(parts(decoration=None))), shares=shares)

    assert [(where, found) for where, found, _ in city.problems()] == [
        ("rules.warranties.values[0].is", "nothing of 'decoration'")
    ]


@pytest.mark.clause("SD-33")
def test_a_layer_may_give_more(city):
    """Longer periods, more seasons, parts that the province does not list."""
    more = parts(roof_waterproofing="5 years 1 day", heating="3 heating seasons", lifts="contract")
    book = load(city.over(KEPT, warranties=rule(said(more))).write())

    assert str(book.rules["warranties"].dated.on(CITY).value[1].least) == "5 years 1 day"


def test_what_the_lower_one_raises_later_binds_from_that_day_on(city, draft):
    """A city's own value holds on, and is too short from then on; before, it was enough."""
    province = draft.afresh(KEPT)
    later = {"from": date(2030, 1, 1), "is": parts(decoration="3 years"), "clause": "SD-10"}
    province.put(
        "rules.warranties.values", [*province.tables["rules"]["warranties"]["values"], later]
    ).write()
    city.over("draft.toml", warranties=rule(said(parts(decoration="30 months"))))
    assert [found for _, found, _ in city.problems()] == ["'2 years 6 months'"]

    again = said(parts(decoration="3 years"), date(2030, 1, 1))
    city.over("draft.toml", warranties=rule(said(parts(decoration="30 months")), again))
    assert city.problems() == []


def test_where_a_contract_may_give_less_a_layer_may_too(city, draft):
    """Retention money has no least period; and a part that goes by the contract has none anywhere."""
    works = [{"part": "works", "least": "6 months"}]
    assert city.over("national/construction-retention", warranties=rule(said(works))).problems() == []

    lower = draft.afresh(KEPT)
    lower.put("rules.warranties.values[0].is", parts(lifts="contract")).write()
    assert city.over("draft.toml", warranties=rule(said(parts()))).problems() == []


def test_a_share_is_of_a_part_that_has_a_warranty_on_the_same_days(city):
    """One that is listed from 2020 on has no share before; the places are those in the layer."""
    shares = [{"part": name, "weight": 1} for name in ("roof-waterproofing", "lifts")]
    listed = rule(said(parts(lifts="2 years")))
    city.over(KEPT, shares=rule(said(shares, date(2015, 1, 1))), warranties=listed)
    ((where, found, expected),) = city.problems()
    assert (where, found) == ("rules.shares.values[0].is[1].part", "'lifts'")
    assert "roof-waterproofing" in expected

    assert city.over(KEPT, shares=rule(said(shares)), warranties=listed).problems() == []


# --- what is known of it ------------------------------------------------------------------------------


def test_the_digest_covers_both_files(city, draft):
    """Another value in the lower one, even one that no longer holds, is another digest of the upper one."""
    province = draft.afresh(KEPT)
    province.write()
    layer = city.over("draft.toml", review_days=rule(said(5, "unknown"))).write()
    before = load(layer).digest

    province.put("rules.review-days.values[0].is", 8).write()
    after = load(layer).digest
    assert after != before
    assert load(city.put("rules.review-days.values[0].is", 6).write()).digest not in {before, after}
    assert load(layer).layers[1] == KEPT


def test_over_the_same_rules_elsewhere_the_digest_is_the_same(city, draft):
    """What counts is what a file says, not where it lies."""
    draft.afresh(KEPT).write()
    digests = {
        load(city.over(lower, review_days=rule(said(5))).write()).digest for lower in (KEPT, "draft.toml")
    }

    assert len(digests) == 1


def test_plain_data_has_the_lower_one_within(city):
    """All of both files goes into JSON, each as it was written."""
    book = load(city.over(KEPT, review_days=rule(said(5))).write())
    plain = json.loads(json.dumps(book.plain()))

    assert set(plain["rules"]) == {"review-days"}
    assert plain["over"]["rules"]["review-days"]["values"][0]["is"] == 7
    assert plain["digest"] == book.digest


def test_a_line_names_the_rulebook_that_says_it(city):
    """So that a clerk sees what is the city's own."""
    lines = load(city.over(KEPT, review_days=rule(said(5))).write()).lines()

    assert [(line.value, line.layer) for line in lines if line.rule == "review-days"] == [
        ("7", KEPT),
        ("5", "city-of-the-tests/warranty-deposits"),
    ]
    assert {line.layer for line in load(KEPT).lines()} == {KEPT}
    assert load(KEPT).layers == (KEPT,)


# --- mistakes -----------------------------------------------------------------------------------------


def test_a_mistake_is_said_in_the_file_that_has_it(city, tmp_path, draft):
    """The place is the one in that file: the number of a value, too."""
    draft.afresh(KEPT).put("rules.review-days.values[0].is", "seven").put(
        "rules.pay-out-days.values[0].clause", "SD-99"
    ).write()
    city.over(
        "draft.toml", review_days=rule(said("five"), said(3, date(2021, 1, 1))), pay_out_days=rule(said(-1))
    )
    problems = check(city.write())

    lower, upper = tmp_path / "draft.toml", tmp_path / "city.toml"
    assert [(each.where, each.found) for each in problems] == [
        (f"{lower}: rules.pay-out-days.values[0].clause", "'SD-99'"),
        (f"{lower}: rules.review-days.values[0].is", "'seven'"),
        (f"{upper}: rules.review-days.values[0].is", "'five'"),
        (f"{upper}: rules.pay-out-days.values[0].is", "-1"),
    ]


def test_a_rule_that_nobody_knows_is_the_layers_and_one_that_is_missing_the_lowest_ones(
    city, tmp_path, draft
):
    """A layer may not add a rule; what a rulebook has to have, the one at the bottom has."""
    draft.afresh(KEPT).drop("rules.review-days").write()
    problems = check(city.over("draft.toml", revue_days=rule(said(5), label="x")).write())

    assert [each.where for each in problems] == [
        f"{tmp_path / 'draft.toml'}: rules.review-days",
        f"{tmp_path / 'city.toml'}: rules.revue-days",
    ]


def test_what_goes_together_within_a_layer_is_looked_at_in_it(city):
    """Two values of one day, an unknown day beside another, a choice without a note."""
    note = said(5)
    del note["note"]
    city.over(
        KEPT,
        review_days=rule(note, said(6)),
        pay_out_days=rule(said(5, "unknown"), said(6)),
        release_days=rule(),
    )

    assert {(where, found) for where, found, _ in city.problems()} == {
        ("rules.review-days.values[0].note", "nothing"),
        ("rules.review-days.values[1].from", "2020-01-01, as in values[0]"),
        ("rules.pay-out-days.values[0].from", "'unknown' beside other values"),
        ("rules.release-days.values", "no value"),
    }


@pytest.mark.parametrize(
    ("key", "other", "expected"),
    [
        ("policy", "fees", f"'deposits', as in {KEPT}, over which it lies"),
        ("currency", "JPY", f"'CNY', as in {KEPT}, over which it lies"),
        ("zone", "Asia/Tokyo", f"'Asia/Shanghai', as in {KEPT}, over which it lies"),
    ],
)
def test_layers_are_of_one_policy_one_currency_and_one_zone(city, key, other, expected):
    """A city's amounts and days are those of its province."""
    city.over(KEPT, review_days=rule(said(5))).put(key, other)

    assert city.problems() == [(key, repr(other), expected)]


def test_all_differences_come_at_once(city):
    """Another currency and another zone: two mistakes."""
    city.over(KEPT).put("currency", "JPY").put("zone", "Asia/Tokyo")

    assert [where for where, _, _ in city.problems()] == ["currency", "zone"]


def test_a_circle_is_named(city, tmp_path, county):
    """A file over itself, or two over each other: the way round is shown."""
    city.over(KEPT).put("over", "city.toml")
    ((where, found, expected),) = city.problems()
    assert (where, expected) == ("over", "a rulebook that does not lie over this one")
    assert found == f"a circle: {city.path} → {city.path}"

    county.over(KEPT).put("over", "city.toml").write()
    city.put("over", "./county.toml").write()
    assert [each.where for each in check(city.path)] == [f"{tmp_path / 'county.toml'}: over"]


@pytest.mark.parametrize(
    ("over", "found"),
    [
        ("shandong/deposits", "'shandong/deposits': No such file or directory"),
        ("nowhere.toml", "'nowhere.toml': No such file or directory"),
    ],
)
def test_what_it_lies_over_has_to_be_there(city, over, found):
    """It is the name of one that ships, or a file from the folder of this one."""
    city.over(KEPT).put("over", over)

    expected = "the name of a rulebook that ships, or a file, from the folder of this one"
    assert city.problems() == [("over", found, expected)]


def test_what_it_lies_over_is_a_text(city):
    """Another kind of value is refused where it stands; nothing lies below then, and the rules are missed."""
    problems = city.over(KEPT, review_days=rule(said(5), label="x")).put("over", 7).problems()

    assert problems[0] == ("over", "7", "a text that is not empty")
    assert ("rules.pay-out-days", "nothing", "a rule that the policy deposits needs") in problems


def test_a_layer_whose_rules_are_no_table_is_refused(city):
    """What is written there is shown; the lower one's rules do not stand in for it."""
    city.over(KEPT).put("rules", "none")

    assert ("rules", "'none'", "a table") in city.problems()


def test_a_layer_may_have_no_rule_of_its_own(city):
    """A city that has only its name and its title is by the province's rules."""
    book = load(city.over(KEPT).write())

    assert book.rules == load(KEPT).rules
    assert book.name == "city-of-the-tests/warranty-deposits"


def test_a_rule_of_a_layer_that_is_no_table_is_refused(city):
    """And so are values that are no list; what the lower one says of the rule does not stand in for it."""
    city.over(KEPT, review_days="five", pay_out_days={"values": "nine"})

    assert [(where, found) for where, found, _ in city.problems()] == [
        ("rules.review-days", "'five'"),
        ("rules.pay-out-days.values", "'nine'"),
    ]


def test_a_name_with_a_point_is_placed_as_well(city):
    """What cannot be the name of a rule is said in the file that has it, at its value."""
    point = {"label": "x", "values": [said("rounded(CNY 1.005, up)")]}
    city.over(FEES, "fees").put("rules", {"a.b": point})

    assert all(place.startswith("rules.a.b") for place, _, _ in city.problems())


def test_a_list_of_public_holidays_is_looked_for_beside_the_file_with_the_calendar(tmp_path, draft, city):
    """The lower file's own list, from its folder."""
    folder = tmp_path / "province"
    folder.mkdir()
    calendar = {
        "name": "own",
        "clause": "PRACTICE",
        "note": "invented",
        "weekly": {"monday": ["09:00-12:00"]},
        "holidays": ["days.toml"],
    }
    type(draft)(folder).afresh(KEPT).put("calendar", calendar).write()
    layer = city.over("province/draft.toml").write()
    with pytest.raises(InvalidRulebook, match=r"province/draft\.toml: calendar\.holidays"):
        load(layer)

    (folder / "days.toml").write_text(
        'format = 1\ntitle = "t"\nverified-on = 2026-01-01\nfrom = 2026-01-01\nthrough = 2026-12-31\n'
        'notices = [{ title = "n", closures = [{ name = "d", from = 2026-01-05, through = 2026-01-05 }] }]\n',
        "utf-8",
    )
    book = load(layer)
    assert not book.calendar.is_open_on(date(2026, 1, 5))
    assert book.calendar_known == (date(2026, 1, 1), date(2026, 12, 31))
