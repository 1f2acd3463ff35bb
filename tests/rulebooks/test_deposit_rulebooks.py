"""The rulebooks of deposits: the cases beside them, the policies they fill, and the charges that go with them.

A case names a rule, and expects its value as the rulebook writes it; or it describes a part of a building, an
assessment, or payments after an order, and expects what the core makes of it under the rulebook.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from deposit_desk import OURS, DepositDesk, cny
from deposit_desk import policy as desk_policy

from servflow.core.citations import Clause, Dated
from servflow.core.dates import Period
from servflow.core.deposits.accounts.commands import AssessDeposit, LodgeDeposit
from servflow.core.deposits.accounts.model import (
    Approval,
    Assessment,
    Building,
    DepositAccount,
    Ground,
    Movement,
    Order,
    Part,
)
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.assessing import assessed, surcharge
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.warranties import WarrantyLength, parse_length, warranty_term
from servflow.core.deposits.words import Origin
from servflow.core.errors import InvalidRulebook, InvalidValue, MissingValue
from servflow.core.fees import Flat, evaluate
from servflow.core.fees.facts import Facts
from servflow.core.money import Money
from servflow.rulebooks import POLICIES, deposit_policy, load
from servflow.rulebooks._policies import rule_types

CASES = Path(__file__).parent / "cases"
SHANDONG, FEES = "shandong/warranty-deposits", "shandong/warranty-deposit-fees"
RETENTION = "national/construction-retention"
DAY = date(2026, 3, 2)
BUILDING = Building(
    project="p",
    building="1",
    building_type="high_rise",
    kinds=("new", "for-sale"),
    developer="developer",
    bank="bank",
)


def cases(name: str) -> list[Any]:
    """The cases of a rulebook, each with its name."""
    read = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"), parse_float=Decimal)
    return [pytest.param(case, id=case["name"]) for case in read["case"]]


def comes_out(policy: DepositPolicy, case: Mapping[str, Any]) -> None:
    """The case comes out as it says."""
    if case["expect"] == "missing":
        with pytest.raises(MissingValue):
            found(policy, case)
        return
    value, clauses = found(policy, case)
    assert value == case["expect"]
    assert case.get("clause") in (None, *clauses)


def found(policy: DepositPolicy, case: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """What the policy makes of the case, and the clauses by which it does."""
    if "rule" in case:
        cited = getattr(policy, case["rule"].replace("-", "_")).on(case.get("on", DAY))
        assert cited.clause.id == case["clause"]
        return plain(cited.value), (cited.clause.id,)
    if "warranty" in case:
        return last_day(policy, case["warranty"]), ()
    if "assessed" in case:
        charge = assessment(policy, case["assessed"]).charge
        return charge.money.amount, tuple(clauses_in(charge.derivation))
    said = case["surcharge"]
    account = owing(policy, said)
    added = surcharge(account, policy, said["on"])
    assert added is not None
    return added.money.amount, tuple(clauses_in(added.derivation))


def plain(value: Any) -> Any:
    """A value as a rulebook writes it: what has its default is left out."""
    match value:
        case Period():
            return {name: getattr(value, name) for name in ("months", "days") if getattr(value, name)}
        case bool() | int() | str():
            return value
        case tuple():
            return [plain(each) for each in value]
        case WarrantyLength():
            return str(value)
    if hasattr(value, "value"):
        return value.value
    if hasattr(value, "in_year"):
        return str(value)
    said = {
        field.name: getattr(value, field.name)
        for field in fields(value)
        if field.default != getattr(value, field.name)
    }
    return {name: plain(each) for name, each in said.items()}


def last_day(policy: DepositPolicy, given: Mapping[str, Any]) -> date:
    """The last day of a part's warranty."""
    day = given["handed-over"]
    least = policy.least(given["part"], day)
    term = warranty_term(
        WarrantyLength(contract=True) if least is None else least.value.least,
        day,
        seasons=policy.seasons.on(day).value,
        under_way_counts=policy.season_under_way_counts.on(day).value,
        first_day_counts=policy.first_day_counts.on(day).value,
        design_life=Period(months=12 * given["design-life"]) if "design-life" in given else None,
        agreed=parse_length(given["agreed"]) if "agreed" in given else None,
    )
    return date.fromordinal(term.until.toordinal() - 1)


def assessment(policy: DepositPolicy, given: Mapping[str, Any]) -> Assessment:
    """The assessment as the case describes it; each ground with all its approvals, unless it says whose."""
    by = given.get("approved-by", policy.approvals.on(DAY).value)
    approvals = tuple(Approval(by=each, on=DAY, reference="r") for each in by)
    grounds = tuple(
        Ground(
            name=each["name"],
            grade=each.get("grade", ""),
            points=Decimal(each["points"]) if "points" in each else None,
            shown=tuple(each.get("shown", ())),
            approvals=approvals,
        )
        for each in given.get("grounds", ())
    )
    assert {each.name for each in grounds} <= set(policy.reduction_grounds.on(DAY).value)
    return assessed(
        policy,
        DAY,
        given["type"],
        cost=Money(given["cost"], "CNY") if "cost" in given else None,
        average_cost=Money(given["average-cost"], "CNY") if "average-cost" in given else None,
        floor_area=Decimal(given["floor-area"]) if "floor-area" in given else None,
        grounds=grounds,
    )


def owing(policy: DepositPolicy, given: Mapping[str, Any]) -> DepositAccount:
    """An account of one part, with its target, an order to pay, and what was paid."""
    charge = evaluate(Flat(Money(given["target"], "CNY")), Facts())
    paid = enumerate(sorted((date.fromisoformat(day), much) for day, much in given["paid"].items()), 1)
    return DepositAccount(
        id="case",
        state=AccountState.DUE,
        authority=policy.authority,
        building=BUILDING,
        assessments=(Assessment(on=date(2026, 1, 5), charge=charge),),
        parts={"works": Part(weight=1)},
        orders=(Order(by_day=given["ordered-by"], on=date(2026, 2, 1)),),
        movements=tuple(
            Movement(number=number, on=day, kind=MovementKind.PAID_IN, amount=Money(much, "CNY"))
            for number, (day, much) in paid
        ),
    )


def clauses_in(step: Any) -> list[str]:
    """The id of every clause in a derivation."""
    own = [] if step.clause is None else [step.clause.id]
    return [*own, *(id for part in step.parts for id in clauses_in(part))]


def of(name: str, **changes: Any) -> DepositPolicy:
    """The policy of a shipped rulebook with the charges that ship with it."""
    charges = FEES if name == SHANDONG else f"{name}-fees"
    return deposit_policy(load(name), load(charges), authority="authority", **changes)


@pytest.mark.clause(
    "SD-2", "SD-3", "SD-4", "SD-5", "SD-6", "SD-7", "SD-8", "SD-9", "SD-10", "SD-11", "SD-12", "SD-13", "SD-14",
    "SD-15", "SD-16", "SD-17", "SD-18", "SD-19", "SD-20", "SD-21", "SD-22", "SD-27", "SD-29", "SD-30", "SD-31",
    "SD-32", "SD-33", "SD-34", "SD-35", "SD-36",
)  # fmt: skip
@pytest.mark.parametrize("case", cases(SHANDONG))
def test_a_case_of_the_shandong_measure(case):
    """What the rulebook says, and what the core makes of it, is what the case says."""
    comes_out(of(SHANDONG), case)


@pytest.mark.parametrize("case", cases(RETENTION))
def test_a_case_of_construction_retention_money(case):
    """What the rulebook says, and what the core makes of it, is what the case says."""
    comes_out(of(RETENTION), case)


def test_every_rule_of_the_shandong_measure_has_a_case():
    """No value stands there that no case in plain words names; warranties are asked for their last days."""
    named = {case.values[0].get("rule") for case in cases(SHANDONG)}
    by_last_day = {"warranties", "first-day-counts", "season-under-way-counts"}

    assert (named - {None}) | by_last_day == set(load(SHANDONG).rules)


# --- the policy -------------------------------------------------------------------------------------


@pytest.mark.clause("SD-24")
def test_the_deposit_policy_is_the_rulebook_of_one_authority_with_its_charges():
    """Every rule in its field, the fee rules by name, the zone, and the host's own closed periods."""
    book, policy = load(SHANDONG), of(SHANDONG, closed_through=date(2025, 12, 31))

    assert (policy.authority, policy.currency, policy.closed_through) == (
        "authority",
        "CNY",
        date(2025, 12, 31),
    )
    assert policy.calendar_digest == book.calendar.digest
    assert {"deposit", "surcharge", "interest"} <= set(policy.fees)
    assert POLICIES["deposits"] is DepositPolicy
    assert set(rule_types(DepositPolicy)) == set(book.rules)
    for name in rule_types(DepositPolicy):
        assert getattr(policy, name.replace("-", "_")) == book.rules[name].dated


def test_the_digest_is_over_both_files():
    """Another rule in either of them, or charges left out, is another digest."""
    book, charges = load(SHANDONG), load(FEES)
    digests = [
        deposit_policy(book, charges, authority="a").rulebook,
        deposit_policy(attrs.evolve(book, digest="0" * 64), charges, authority="a").rulebook,
        deposit_policy(book, attrs.evolve(charges, digest="0" * 64), authority="a").rulebook,
        deposit_policy(book, None, authority="a").rulebook,
    ]

    assert len(set(digests)) == 4
    assert all(len(digest) == 64 for digest in digests)
    assert digests[-1] == book.digest


def test_without_charges_nothing_is_assessed():
    """The policy has no fee rules then, and says which one is missing."""
    policy = deposit_policy(load(SHANDONG), None, authority="a")
    with pytest.raises(MissingValue, match="the fee rule"):
        assessment(policy, {"cost": 1, "type": "high_rise"})


def test_a_rulebook_for_another_policy_keeps_no_deposits():
    """Only one for deposits does."""
    with pytest.raises(InvalidValue, match="a rulebook for deposits"):
        deposit_policy(load(FEES), load(FEES), authority="a")


# --- what the shipped ones say of themselves --------------------------------------------------------


@pytest.mark.clause("SD-36")
@pytest.mark.parametrize("name", [SHANDONG, FEES])
def test_every_value_begins_with_the_measure_unless_a_note_says_why(name):
    """It is in force from 15 September 2010, its day of issue."""
    values = [value for rule in load(name).rules.values() for value in rule.values]
    later = [value for value in values if value.start != date(2010, 9, 15)]

    assert len(later) < len(values) / 3
    assert [value for value in later if not value.note] == []


@pytest.mark.clause("SD-26", "SD-36")
def test_the_shipped_measure_refuses_what_was_before_it_and_takes_what_was_retained():
    """On the day before its issue nothing is assessed, by article 33; retained money comes in by article 8(3)."""
    desk = DepositDesk(deposit_policy(load(SHANDONG), load(FEES), authority=OURS))
    before = desk.reasons(AssessDeposit, "2010-09-14")
    assert (before[0].code, before[0].clause) == ("deposits.out-of-scope", Clause("SD-36", "33"))
    assert {each.code for each in before[1:]} == {"deposits.not-assessable"}

    desk.notify()
    money = {"origin": Origin.RETAINED_MONEY, "amount": cny(1)}
    desk.do(LodgeDeposit, "2026-02-02", **money)
    turned_over = desk.rules.retained_money_turned_over
    not_any_more = Dated.always(turned_over.name, False, turned_over.on(DAY).clause)
    desk.rules = replace(desk.rules, retained_money_turned_over=not_any_more)
    (reason,) = desk.reasons(LodgeDeposit, "2026-02-03", **money)
    assert (reason.code, reason.clause) == ("deposits.origin-not-taken", Clause("SD-26", "8(3)"))


def test_the_desk_of_the_tests_has_the_rules_that_ship():
    """What tests of the core say of Shandong is what its rulebook says: every value, and its clause."""
    shipped = of(SHANDONG)
    for name in rule_types(DepositPolicy):
        field = name.replace("-", "_")
        ours, theirs = (getattr(policy, field).on(DAY) for policy in (desk_policy(), shipped))
        assert (ours.value, ours.clause.id) == (theirs.value, theirs.clause.id), name


@pytest.mark.parametrize("name", [SHANDONG, FEES])
def test_every_open_choice_is_in_the_documentation(name):
    """Each rule whose note has another reading is in the table of what the measure leaves open."""
    text = (CASES.parents[2] / "docs/deposit-rulebooks.md").read_text("utf-8")
    table = text[text.index("## What the Shandong measure leaves open") : text.index("## Interest")]
    open_ = {
        rule.name
        for rule in load(name).rules.values()
        for value in rule.values
        if "other reading" in value.note or value.clause.id == "PRACTICE"
    }

    assert {rule for rule in open_ if f"`{rule}`" not in table} == set()


# --- charges that do not go with it -----------------------------------------------------------------


def fails(charges: Any, name: str = SHANDONG) -> list[tuple[str, str, str]]:
    """What is wrong with these charges: where, found, expected; the places without the name of their file."""
    with pytest.raises(InvalidRulebook) as caught:
        deposit_policy(load(name), charges, authority="a")
    assert caught.value.subject == charges.where
    assert all(each.where.startswith(f"{charges.where}: ") for each in caught.value.problems)
    return [
        (each.where.removeprefix(f"{charges.where}: "), each.found, each.expected)
        for each in caught.value.problems
    ]


def test_charges_are_a_rulebook_of_fees():
    """Another kind of rulebook has no fee rules to assess by."""
    assert fails(load(SHANDONG)) == [("policy", "'deposits'", "'fees'")]


def test_all_that_charges_lack_is_said_at_once():
    """Another currency, another zone, no rule for the deposit and none for the interest: four mistakes."""
    bare = attrs.evolve(load(FEES), fees={}, currency="JPY", zone="Asia/Tokyo")

    assert fails(bare) == [
        ("currency", "'JPY'", f"'CNY', as in {SHANDONG}"),
        ("zone", "'Asia/Tokyo'", f"'Asia/Shanghai', as in {SHANDONG}"),
        ("rules.deposit", "nothing", "a fee rule: by it a deposit is assessed"),
        ("rules.interest", "nothing", f"a fee rule: by {SHANDONG} a deposit bears interest"),
    ]


def test_where_a_deposit_bears_no_interest_no_rule_for_it_is_needed():
    """Retention money bears none, and its charges have none."""
    assert "interest" not in of(RETENTION).fees


def test_a_rule_asks_for_nothing_that_nobody_gives(draft):
    """A fact that is misspelt would be missed at the first assessment; it is said before."""
    charges = load(
        draft.afresh(FEES)
        .put("rules.deposit.values[0].is", "rounded(when(insured, zero(CNY), given(price, CNY)), half_up)")
        .put("rules.exemption.values[0].is", "rounded(rule(reduced-deposit), half_up)")
        .put(
            "rules.interest.values[0].is", "rounded(scale(given(award, CNY), years(act_360, after, due)), up)"
        )
        .put("rules.demand-interest", {"label": "x", "values": [value("CNY 1")]})
        .write()
    )
    given = "assessed_on, average_cost, average_cost_fixed, building_type, cost, floor_area"
    expected = f"only {given}, and what begins with a ground: award, insurance, performance, systems"

    assert sorted(fails(charges)) == [
        ("rules.deposit", "a rule that asks for insured", expected),
        ("rules.deposit", "a rule that asks for price", expected),
        ("rules.interest", "a rule that asks for award", "only after, balance, through"),
        ("rules.interest", "a rule that asks for due", "only after, balance, through"),
    ]


def value(said: str) -> dict[str, Any]:
    """A value for every day."""
    return {"from": "unknown", "is": said, "clause": "SD-1"}


def test_what_is_booked_is_whole_cents(draft):
    """A rule that another one uses may fall between two cents; the deposit may not, even so."""
    charges = load(
        draft.afresh(FEES)
        .put("rules.deposit.values[0].is", "percent(rule(standard-deposit), 50%)")
        .put("rules.refund.values[0].is", "rounded(sum(rule(deposit), rule(reduced-deposit)), up)")
        .put("rules.exemption.values[0].is", "rounded(percent(rule(base), 1%), up)")
        .write()
    )

    assert fails(charges) == [("rules.deposit", "amounts between two minor units", "rounded(…) around it")]


# --- mistakes of an author --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "said", "found", "expected"),
    [
        ("rules.warranties.values[0].is[0].least", "5 winters", "'5 winters'",
         "a length such as '5 years', '2 heating seasons', 'design life' or 'contract'"),
        ("rules.warranties.values[0].is[0].least", 5, "5", "a length such as '5 years'"),
        ("rules.warranties.values[0].is[0].part", "", "''", "a text that is not empty"),
        ("rules.warranties.values[0].is[4].least", "2 skating seasons", "'skating'",
         "a season that every value of rules.seasons has"),
        ("rules.seasons.values[0].is[0].begins", "11-31", "'11-31'", "a month and a day that every year has"),
        ("rules.seasons.values[0].is[0].ends", "March", "'March'", "a month and a day such as 11-15"),
        ("rules.seasons.values[0].is[0].ends", 3, "3", "a month and a day such as 11-15"),
        ("rules.published-on.values[0].is", "02-29", "'02-29'", "a month and a day that every year has"),
        ("rules.shares.values[0].is[0].weight", -1, "-1", "a whole number, 0 or more"),
        ("rules.shares.values[0].is[7].part", "leakage", "'leakage', as in [2]", "each part once"),
        ("rules.shares.values[0].is", [{"part": "leakage", "weight": 0}], "no weight",
         "at least one weight above 0"),
        ("rules.claimants.values[0].is[0].parts", "shared", "'shared'", "one of private, common"),
        ("rules.claimants.values[0].is[1].jointly", "yes", "'yes'", "true or false"),
        ("rules.origins.values[0].is[0]", "bank", "'bank'", "one of developer, presale-funds, retained-money"),
        ("rules.kept-since.values[0].is", "sold", "'sold'", "one of paid-in-full, handed-over"),
        ("rules.interest-days.values[0].is", ["03-20", "03-20"], "['03-20', '03-20']",
         "each value once"),
    ],
)  # fmt: skip
def test_what_a_rule_of_deposits_does_not_take_is_refused_at_its_place(draft, where, said, found, expected):
    """The message names the key path, what is written there, and what may be."""
    draft.afresh(SHANDONG).put(where, said)

    assert draft.problems() == [(where, found, expected)]


def test_a_share_of_a_part_without_a_warranty_is_refused(draft):
    """Its share could never be released; the parts that have one are named."""
    draft.afresh(SHANDONG).put("rules.shares.values[0].is[0].part", "garden")

    ((where, found, expected),) = draft.problems()
    assert (where, found) == ("rules.shares.values[0].is[0].part", "'garden'")
    assert expected.startswith("one of cooling, decoration, foundation-and-structure, ")


@pytest.mark.clause("SD-36")
def test_a_rule_says_something_on_every_day_of_the_scope(draft):
    """A gap, or a later start, would be missed in the middle of a case; only the scope may have a gap."""
    gap = {"from": date(2030, 1, 1), "gap": True, "clause": "SD-5"}
    values = [*draft.afresh(SHANDONG).tables["rules"]["review-days"]["values"], gap]
    draft.put("rules.review-days.values", values).put("rules.payees.values[0].from", date(2010, 9, 16))
    scope = [*draft.tables["rules"]["scope"]["values"], {**gap, "clause": "SD-36"}]
    draft.put("rules.scope.values", scope)

    assert draft.problems() == [
        ("rules.review-days.values[1].gap", "true", "a value; only scope has a gap"),
        ("rules.payees.values[0].from", "2010-09-16", "2010-09-15 or earlier: the first day of the scope"),
    ]


def test_a_first_day_that_cannot_be_read_is_said_once(draft):
    """Nobody can say whether it is later than the scope's."""
    draft.afresh(SHANDONG).put("rules.payees.values[0].from", "soon")

    assert [(where, found) for where, found, _ in draft.problems()] == [
        ("rules.payees.values[0].from", "'soon'")
    ]


@pytest.mark.clause("SD-26")
def test_retained_money_is_no_origin_of_its_own(draft):
    """Whether it is turned into the deposit another rule says."""
    draft.afresh(SHANDONG).put("rules.origins.values[0].is", ["developer", "retained-money"])

    expected = "what rules.retained-money-turned-over does not say"
    assert draft.problems() == [("rules.origins.values[0].is[1]", "'retained-money'", expected)]


def test_a_part_with_two_warranties_is_refused(draft):
    """Which of them holds nobody could say; a share of the part that lost its own is one without."""
    draft.afresh(SHANDONG).put("rules.warranties.values[0].is[2].part", "roof-waterproofing")

    assert [(where, found) for where, found, _ in draft.problems()] == [
        ("rules.warranties.values[0].is[2].part", "'roof-waterproofing', as in [1]"),
        ("rules.shares.values[0].is[2].part", "'leakage'"),
    ]


def test_nobody_who_may_ask_is_a_mistake(draft):
    """A line of claimants names at least one."""
    draft.afresh(SHANDONG).put("rules.claimants.values[0].is[0].by", [])

    ((where, found, _),) = draft.problems()
    assert (where, found) == ("rules.claimants.values[0].is[0].by", "[]")


def test_a_season_twice_and_a_warranty_without_it(draft):
    """Both mistakes come, each at its place; nothing is said of a value that could not be read."""
    draft.afresh(SHANDONG).put("rules.seasons.values[0].is[1].name", "heating")

    assert draft.problems() == [
        (
            "rules.warranties.values[0].is[5].least",
            "'cooling'",
            "a season that every value of rules.seasons has",
        ),
        ("rules.seasons.values[0].is[1].name", "'heating', as in [0]", "each name once"),
    ]

    draft.afresh(SHANDONG).put("rules.seasons.values[0].is", "winter")
    assert [where for where, _, _ in draft.problems()] == ["rules.seasons.values[0].is"]


def test_tables_in_a_value_are_written_out_for_people():
    """One after the other, each key with what it says."""
    lines = {line.rule: line.value for line in load(SHANDONG).lines()}

    assert lines["seasons"].startswith("name = heating, begins = 11-15, ends = 03-15; name = cooling, ")
    assert "part = installations, least = 2 years" in lines["warranties"]
    assert lines["kept-at-most"] == "60 months"
