"""Loading: what a rulebook becomes, its digest, those that are shipped, and the page that describes them."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servflow.core.citations import PRACTICE, Cited, Clause, Since
from servflow.core.dates import EndOfMonth, Period
from servflow.core.errors import InvalidRulebook, InvalidValue
from servflow.core.fees import Facts, evaluate
from servflow.core.fees import Rule as FeeRule
from servflow.core.fees.text import FORMS
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Material
from servflow.core.money import Money
from servflow.core.worktime import Calendar
from servflow.rulebooks import (
    POLICIES,
    borrowing_policy,
    check,
    lending_policy,
    load,
    network_policy,
    shipped,
)
from servflow.rulebooks._keys import TABLES
from servflow.rulebooks._policies import rule_types

NLC = "nlc/interlibrary-loan"
DAY = date(2026, 1, 31)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_rulebook_is_in_order(name):
    """It has no mistakes, and is named after its authority and its subject."""
    assert check(name) == ()
    assert load(name).name == name


def test_the_rules_of_the_national_library_of_china_are_shipped():
    """The names are those that load takes."""
    assert NLC in shipped()
    with pytest.raises(InvalidRulebook):
        load("nlc/interlibrary-loans")


def test_a_name_is_a_shipped_rulebook_and_a_path_is_a_file(draft, monkeypatch, tmp_path):
    """A text that names a shipped rulebook is that one; as a Path it is a file, here one that is not there."""
    monkeypatch.chdir(tmp_path)

    assert load(NLC).where == NLC
    assert load(str(draft.write())).where == str(draft.path)
    assert load(draft.path).digest == load(NLC).digest
    with pytest.raises(InvalidRulebook):
        load(Path(NLC))


def test_a_rulebook_says_what_its_file_says():
    """The head of the file, and a rule with its label, its value, its clause and its note."""
    book = load(NLC)

    assert (book.format, book.authority, book.subject, book.policy) == (
        1,
        "nlc",
        "interlibrary-loan",
        "ill.lending",
    )
    assert (book.title, book.currency, book.zone) == ("国家图书馆馆际互借规则", "CNY", "Asia/Shanghai")
    assert book.verified_on == date(2026, 11, 22)
    rule = book.rules["renewal-period"]
    assert rule.label.startswith("续借期限半个月")
    (value,) = rule.values
    assert value.start == date.min
    assert value.note == "half a month is taken as 15 days"
    assert value.written == "15 days"
    assert rule.dated.values == (Since(date.min, Cited(Period(days=15), Clause("NLC-10", "七 1"))),)
    assert hash(book) == hash(load(NLC))


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("loan-period", Period(months=1)),
        ("renewals", 1),
        ("notices", (-3, 1, 8, 22)),
        ("fee-elsewhere", Money(20, "CNY")),
        ("fee-abroad", None),
        ("most-volumes", None),
        ("lent", (Material.CHINESE_BOOK, Material.FOREIGN_BOOK)),
        ("agreements", ("borrowing", "copyright")),
        ("end-of-month", EndOfMonth.CLAMP),
        ("packing", True),
        ("letter-mark", "国家图书馆馆际互借"),
    ],
)
def test_a_value_is_read_by_the_type_of_its_rule(rule, value):
    """Money in the currency of the file, periods, enums, lists, and what is given or unlimited."""
    assert load(NLC).rules[rule].dated.on(DAY).value == value


def test_a_limit_may_be_a_number(draft):
    """What may be unlimited may also be a number, 0 among them."""
    draft.put("rules.most-volumes.values[0].is", 0)

    assert load(draft.write()).rules["most-volumes"].dated.on(DAY).value == 0


def test_amounts_are_in_the_currency_of_the_file(draft):
    """They are exact, and have the decimals of that currency."""
    draft.put("currency", "JPY").put("rules.overdue-rate.values[0].is", Decimal(500))
    assert load(draft.write()).rules["overdue-rate"].dated.on(DAY).value == Money(500, "JPY")

    draft.put("rules.overdue-rate.values[0].is", Decimal("0.5"))
    assert draft.problems() == [("rules.overdue-rate.values[0].is", "0.5", "at most 0 decimals for JPY")]


def test_values_hold_from_their_day_on(draft):
    """The order in the file means nothing; each value keeps its own clause."""
    later = {"from": date(2027, 1, 1), "is": Decimal("7.5"), "clause": "PRACTICE", "note": "raised"}
    sooner = {"from": date(2026, 1, 1), "is": 5, "clause": "NLC-12", "at": "七 3"}
    draft.put("rules.overdue-rate.values", [later, sooner])

    rule = load(draft.write()).rules["overdue-rate"]
    assert rule.dated.on(date(2026, 12, 31)) == Cited(Money(5, "CNY"), Clause("NLC-12", "七 3"))
    assert rule.dated.on(date(2027, 1, 1)) == Cited(Money("7.50", "CNY"), PRACTICE)
    assert [value.written for value in rule.values] == ["5", "7.5"]


def test_a_choice_of_the_desk_may_say_where_it_was_made(draft):
    """PRACTICE with a place of its own keeps it."""
    draft.put("rules.notices.values[0].at", "desk minutes")

    assert load(draft.write()).rules["notices"].values[0].clause == Clause("PRACTICE", "desk minutes")


# --- the calendar -----------------------------------------------------------------------------------


def test_without_opening_hours_the_desk_is_always_open():
    """The calendar has the zone of the file, and cites nothing."""
    book = load(NLC)

    assert book.calendar == Calendar.always(ZoneInfo("Asia/Shanghai"))
    assert book.calendar_clause is None


def test_opening_hours_are_read(draft):
    """Hours per weekday, midnight as 24:00, closed days, and a Sunday that is worked."""
    draft.put(
        "calendar",
        {
            "name": "reading room",
            "clause": "CQ-2",
            "weekly": {"monday": ["09:00-12:00", "13:00-24:00"], "tuesday": []},
            "exceptions": [
                {"on": date(2026, 10, 5), "hours": [], "note": "国庆"},
                {"on": date(2026, 10, 11), "hours": ["08:30-11:45"], "note": "调休"},
            ],
        },
    )
    book = load(draft.write())

    assert book.calendar == Calendar(
        "reading room",
        ZoneInfo("Asia/Shanghai"),
        weekly={0: ((time(9), time(12)), (time(13), time(0)))},
        exceptions={date(2026, 10, 5): (), date(2026, 10, 11): ((time(8, 30), time(11, 45)),)},
    )
    assert book.citations["CQ-2"] == ("calendar",)


# --- the policy -------------------------------------------------------------------------------------


def test_the_lending_policy_is_the_rulebook_of_one_library():
    """Every rule in its field, the digests, the zone, and the host's own closed periods."""
    book = load(NLC)
    policy = lending_policy(book, library="CN-NLC", closed_through=date(2025, 12, 31))

    assert (policy.library, policy.rulebook, policy.currency) == ("CN-NLC", book.digest, "CNY")
    assert policy.calendar_digest == book.calendar.digest
    assert policy.closed_through == date(2025, 12, 31)
    assert lending_policy(book, library="CN-NLC").closed_through is None
    assert policy.day(datetime(2026, 1, 31, 16, tzinfo=UTC)) == date(2026, 2, 1)
    for name in rule_types(LendingPolicy):
        assert getattr(policy, name.replace("-", "_")) == book.rules[name].dated


def test_a_rulebook_for_another_policy_is_refused():
    """The lending policy is filled from lending rules only."""
    other = attrs.evolve(load(NLC), policy="aftersales.service")
    with pytest.raises(InvalidValue, match="policy"):
        lending_policy(other, library="CN-NLC")


def test_every_field_of_a_policy_that_is_dated_is_a_rule():
    """A new dated field needs no other place than the policy to be read from a rulebook."""
    assert POLICIES["ill.lending"] is LendingPolicy
    assert set(rule_types(LendingPolicy)) == set(load(NLC).rules)


# --- for people -------------------------------------------------------------------------------------


def test_every_value_is_a_line():
    """One line a value, in the words of the file."""
    lines = {line.rule: line for line in load(NLC).lines()}

    assert set(lines) == set(load(NLC).rules)
    assert (lines["renewals"].start, lines["renewals"].value) == ("unknown", "1")
    assert (lines["renewals"].clause, lines["renewals"].at) == ("NLC-10", "七 1")
    assert lines["security"].value == "deposit, prepayment"
    assert lines["packing"].value == "true"


def test_gaps_and_days_are_lines_too(draft):
    """A gap says so, an empty list is none, and a first day is written out."""
    draft.put(
        "rules.overdue-rate.values", [{"from": date(2026, 1, 1), "gap": True, "clause": "NLC-12", "at": "x"}]
    ).put("rules.security.values[0].is", [])
    lines = {line.rule: line for line in load(draft.write()).lines()}

    assert (lines["overdue-rate"].start, lines["overdue-rate"].value) == ("2026-01-01", "gap")
    assert lines["security"].value == "none"


def test_a_rulebook_is_plain_data():
    """All of it goes into JSON, with the digest."""
    book = load(NLC)
    plain = json.loads(json.dumps(book.plain()))

    assert plain["digest"] == book.digest
    assert plain["verified-on"] == "2026-11-22"
    assert plain["rules"]["loan-period"]["values"][0]["is"] == {"months": 1}


def test_a_clause_leads_to_the_rules_that_carry_it(draft):
    """In the order of the file, a gap included."""
    assert load(NLC).citations["NLC-15"] == ("local-supply-first", "ownership-stays")

    draft.put("rules.packing.values", [{"from": "unknown", "gap": True, "clause": "NLC-9"}])
    assert load(draft.write()).citations["NLC-9"] == ("delivery-limited", "packing")


# --- the digest -------------------------------------------------------------------------------------


def test_layout_comments_and_the_order_of_keys_do_not_change_the_digest(draft):
    """The same rules in another hand are the same rulebook."""

    def turned(value):
        if isinstance(value, dict):
            return {key: turned(part) for key, part in reversed(value.items())}
        return [turned(part) for part in value] if isinstance(value, list) else value

    before = load(NLC).digest
    assert load(draft.write()).digest == before
    draft.tables = turned(draft.tables)
    assert load(draft.write()).digest == before
    draft.path.write_text("# a comment\n\n" + draft.path.read_text("utf-8"), "utf-8")
    assert load(draft.path).digest == before


def test_an_amount_has_one_digest_however_it_is_written(draft):
    """10, 10.0 and 1e1 are one amount; 10.01 is another."""
    digests = {
        written: load(draft.put("rules.fee-same-city.values[0].is", Decimal(written)).write()).digest
        for written in ("10", "10.0", "10.00", "1e1", "10.01", "10.1", "10.10")
    }

    assert len({digests[same] for same in ("10", "10.0", "10.00", "1e1")} | {load(NLC).digest}) == 1
    assert digests["10.1"] == digests["10.10"]
    assert len(set(digests.values())) == 3


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("title", "rules"),
        ("zone", "Asia/Chongqing"),
        ("verified-on", date(2026, 11, 23)),
        ("rules.packing.values[0].is", False),
        ("rules.renewals.values[0].is", 2),
        ("rules.loan-period.values[0].is", {"days": 30}),
        ("rules.loan-period.values[0].from", date(2026, 1, 1)),
        ("rules.loan-period.values[0].clause", "NLC-11"),
        ("rules.loan-period.values[0].at", "七 2"),
        ("rules.notices.values[0].is", [1]),
        ("rules.packing.label", "packing"),
    ],
)
def test_whatever_a_rulebook_says_changes_its_digest(draft, where, said):
    """A value, a day, a clause, a word: the digest is another one."""
    assert load(draft.put(where, said).write()).digest != load(NLC).digest


# --- whatever is written ----------------------------------------------------------------------------

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.decimals(allow_nan=True, allow_infinity=True, places=None).filter(lambda d: not d.is_snan()),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12),
    st.dates(),
    st.sampled_from(["unknown", "given", "unlimited", "PRACTICE", "NLC-1", "ill.lending", "CNY", "09:00-12:00"]),
)  # fmt: skip
_ANYTHING = st.recursive(
    _LEAVES.filter(lambda leaf: leaf is not None),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_PLACES = st.sampled_from(
    [
        "format",
        "currency",
        "zone",
        "policy",
        "calendar",
        "rules",
        "rules.overdue-rate",
        "rules.overdue-rate.values",
        "rules.overdue-rate.values[0]",
        "rules.overdue-rate.values[0].from",
        "rules.overdue-rate.values[0].clause",
        "rules.overdue-rate.values[0].gap",
        *(f"rules.{name}.values[0].is" for name in rule_types(LendingPolicy)),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(where=_PLACES, said=_ANYTHING)
def test_a_rulebook_loads_or_says_what_is_wrong(draft, where, said):
    """Whatever is written at any place: it loads, and fills a policy, or has problems with places."""
    path = draft.afresh().put(where, said).write()
    problems = check(path)
    if problems:
        assert all(problem.where.startswith(str(path)) and problem.expected for problem in problems)
        with pytest.raises(InvalidRulebook):
            load(path)
    else:
        lending_policy(load(path), library="CN-NLC")


# --- the page that describes the form ---------------------------------------------------------------


def test_the_description_lists_exactly_the_keys_that_are_read():
    """Each table of the page stands under the heading of its table, with its keys in the first column."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    described = {}
    for section in page.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        _, _, table = body.partition("| key | |\n|---|---|\n")
        if table:
            rows = table.partition("\n\n")[0]
            described[heading.strip("`")] = sorted(re.findall(r"^\| `([a-z-]+)` \|", rows, re.MULTILINE))

    assert described == {name: sorted(keys) for name, keys in TABLES.items()}


def test_the_description_has_every_form_of_a_fee_with_what_it_takes_and_gives():
    """In the order of the forms: as many parts, the same ones may be left out, a measure or a rule."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    table = page.partition("| form | takes | gives |\n|---|---|---|\n")[2].partition("\n\n")[0]
    described = [
        (name, takes.split(", "), gives)
        for name, takes, gives in re.findall(
            r"^\| `(\w+)` \| (.+?) \| a (measure|rule):", table, re.MULTILINE
        )
    ]

    assert [name for name, _, _ in described] == list(FORMS)
    for name, takes, gives in described:
        form = FORMS[name]
        if form.several is not None:
            assert takes == [form.several.name, "…"]
        else:
            optional = [default is not MISSING for _, default in form.takes.values()]
            assert [part.endswith("?") for part in takes] == optional, name
        assert gives == ("rule" if name == "rule" or _makes_a_rule(form.make) else "measure"), name


def _makes_a_rule(make: object) -> bool:
    return isinstance(make, type) and issubclass(make, FeeRule)


def test_the_example_of_fees_in_the_description_loads(tmp_path):
    """Word for word; and it comes to what the page says of each day and of the price."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    path = tmp_path / "example.toml"
    path.write_text(page.partition("## The policy `fees`")[2].split("```")[1].removeprefix("toml\n"), "utf-8")
    fine = load(path).fees["fine"]

    def cents(price: int) -> int:
        days = {"due": date(2026, 6, 27), "end": date(2026, 7, 2)}
        return evaluate(fine, Facts(days=days, amounts={"item_price": Money(price, "CNY")})).money.minor

    assert (cents(30), cents(1)) == (3 * 20 + 2 * 30, 100)


def test_a_network_rulebook_fills_a_network_policy_and_no_other():
    """The centre's own reference and every rule of the file; a rulebook for another policy is refused."""
    policy = network_policy(load("calis/thesis-centre"), library="CN-CALIS", closed_through=date(2026, 1, 31))

    assert (policy.library, policy.closed_through) == ("CN-CALIS", date(2026, 1, 31))
    assert policy.source_note.on(date(2026, 3, 2)).value == "从学位论文中心系统检索到的文献！"
    with pytest.raises(InvalidValue, match=r"a rulebook for ill\.network"):
        network_policy(load("nlc/interlibrary-loan"), library="CN-CALIS")


def test_a_period_may_be_unlimited():
    """Where the policy takes a period or none, "unlimited" says none."""
    day = date(2026, 3, 2)
    periods = [
        borrowing_policy(load(name), library="CN-CQ").loan_period.on(day).value
        for name in ("cque/interlibrary-loan", "cque/partnership-borrowing")
    ]
    assert periods == [None, Period(months=1)]


@pytest.mark.parametrize("page", ["rulebook-format", "deposit-rulebooks"])
def test_the_layer_in_the_description_loads(page, tmp_path):
    """Word for word: an invented city that says one rule of its own over the province's."""
    text = (ROOT / f"docs/{page}.md").read_text("utf-8")
    (example,) = [each for each in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "\nover = " in each]
    path = tmp_path / "example.toml"
    path.write_text(example, "utf-8")
    book = load(path)

    assert book.layers[0].startswith("city-of-the-example/")
    assert [line.rule for line in book.lines() if line.layer == book.name] == (
        ["seasons"] if page == "rulebook-format" else ["standard-deposit"]
    )
