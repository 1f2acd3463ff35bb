"""The cases beside the rulebooks of fees, in plain words, each worked out in both ways there are.

A case names a rule and its facts. Expected is an amount, ``missing`` where the source says nothing, or
the facts that are asked for. A rule that is no fee is what the case expects: words in their order, or
a number. ``usual`` are the facts that a case does not name; a case that ``claims`` a ground has all that is
said under that name besides, unless it says otherwise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from keyword import iskeyword
from pathlib import Path
from typing import Any

import pytest

from servflow.codec.fee_facts import read_fact, read_facts
from servflow.core.errors import InvalidFacts, MissingValue
from servflow.core.fees import FactKind, Facts, Rule, Step, evaluate, facts_read, replay
from servflow.core.fees.compiled import compiled
from servflow.core.fees.text import parse, text_of
from servflow.core.money import Money, Rounding
from servflow.rulebooks import load, shipped

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    """The cases of a rulebook, each with its name and with all its facts."""
    read = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"), parse_float=Decimal)
    made = []
    for case in read["case"]:
        claimed = {fact: value for name in case.get("claims", ()) for fact, value in read[name].items()}
        given = read.get("usual", {}) | claimed | case.get("given", {})
        facts = {fact: value for fact, value in given.items() if fact not in case.get("without", ())}
        made.append(pytest.param(name, {**case, "facts": facts}, id=case["name"]))
    return made


def comes_out(name: str, case: Mapping[str, Any]) -> None:
    """The case comes out as it says; of a fee also compiled, and read back from its text."""
    book, rule = load(name), case["rule"]
    if rule not in book.fees:
        said = case["expect"]
        (value,) = book.rules[rule].values
        assert value.value == (tuple(said) if isinstance(said, list) else said)
        return
    fee = book.fees[rule]
    whole = fee if fee.whole else fee.rounded(Rounding.HALF_UP)
    if "asks" in case:
        asked(whole, case)
    elif case["expect"] == "missing":
        with pytest.raises(MissingValue):
            evaluate(fee, read_facts(fee, case["facts"]))
        with pytest.raises(MissingValue):
            compiled(whole)(**by_name(whole, read_what_there_is(whole, case["facts"])))
    else:
        facts = read_facts(whole, case["facts"])
        charge = evaluate(whole, facts)
        assert charge.money == Money(case["expect"], book.currency)
        assert charge.derivation.exact == replay(charge.derivation)
        assert set(case.get("cites", ())) <= set(cited(charge.derivation))
        for same in (whole, parse(text_of(whole))):
            assert compiled(same)(**by_name(same, facts)) == charge.money


def asked(rule: Rule, case: Mapping[str, Any]) -> None:
    """Exactly the facts that the case names are asked for, and nothing comes out without them."""
    with pytest.raises(InvalidFacts) as caught:
        read_facts(rule, case["facts"])
    assert [each.where for each in caught.value.problems] == [f"facts.{fact}" for fact in case["asks"]]
    with pytest.raises(MissingValue):
        compiled(rule)(**by_name(rule, read_what_there_is(rule, case["facts"])))


def read_what_there_is(rule: Rule, document: Mapping[str, Any]) -> Facts:
    """The facts given, though some that the rule needs may be missing."""
    found: dict[str, dict[str, Any]] = {}
    for fact, kind in facts_read(rule).items():
        if fact in document:
            found.setdefault(kind.value, {})[fact] = read_fact(kind, document[fact], rule.currency)
    return Facts(**found)


def by_name(rule: Rule, facts: Facts) -> dict[str, Any]:
    """Facts as a compiled rule takes them."""
    return {
        f"{fact}_" if iskeyword(fact) else fact: value
        for kind in FactKind
        for fact, value in getattr(facts, kind.value).items()
    }


def cited(step: Step) -> Iterator[str]:
    """The id of every clause in a derivation."""
    if step.clause is not None:
        yield step.clause.id
    for part in step.parts:
        yield from cited(part)


@pytest.mark.clause("SD-1", "SD-2", "SD-3", "SD-4", "SD-8", "SD-18", "SD-25", "SD-27", "SD-28", "SD-29")
@pytest.mark.parametrize(("name", "case"), cases("shandong/warranty-deposit-fees"))
def test_a_case_of_the_shandong_deposit(name, case):
    """Deposits, reductions, refunds and surcharges are what the case says."""
    comes_out(name, case)


@pytest.mark.parametrize(("name", "case"), cases("national/construction-retention-fees"))
def test_a_case_of_what_an_employer_retains(name, case):
    """At most 3 % of the settled price, and nothing beside another security."""
    comes_out(name, case)


@pytest.mark.clause("CQ-4")
@pytest.mark.parametrize(("name", "case"), cases("cque/charges-of-the-lender"))
def test_a_case_of_the_university_of_education(name, case):
    """A reader owes what the lending library charges, which is asked of it."""
    comes_out(name, case)


@pytest.mark.clause("FARM-1", "FARM-2", "FARM-6")
@pytest.mark.parametrize(("name", "case"), cases("farm-club/membership-prices"))
def test_a_case_of_the_farm_club(name, case):
    """A membership costs what the list says; where it says nothing, that is an error."""
    comes_out(name, case)


@pytest.mark.clause("GOLF-4")
@pytest.mark.parametrize(("name", "case"), cases("golf-club/refunds"))
def test_a_case_of_the_golf_club(name, case):
    """Whoever is refused gets back what was paid, less the card's handling charge."""
    comes_out(name, case)


@pytest.mark.clause("AS-PEN-1", "AS-PEN-4", "AS-PEN-5", "AS-PEN-7")
@pytest.mark.parametrize(("name", "case"), cases("service-model/staff-penalties"))
def test_a_case_of_the_model_service_rules(name, case):
    """Blank fines are asked for; sanctions come in their order."""
    comes_out(name, case)


@pytest.mark.clause("AS-PEN-8")
@pytest.mark.parametrize(("name", "case"), cases("service-sample/staff-penalties"))
def test_a_case_of_the_sample_service_rules(name, case):
    """The sanctions come in their order."""
    comes_out(name, case)


@pytest.mark.clause("AS-PEN-3")
@pytest.mark.parametrize(("name", "case"), cases("service-company/staff-penalties"))
def test_a_case_of_the_company_service_rules(name, case):
    """Money taken with consent is handed in whole; what costs the post is listed."""
    comes_out(name, case)


@pytest.mark.clause("AS-PEN-6")
@pytest.mark.parametrize(("name", "case"), cases("service-campaign/staff-penalties"))
def test_a_case_of_a_service_campaign(name, case):
    """An award goes to whoever has handed in and settled."""
    comes_out(name, case)


@pytest.mark.clause("AS-PEN-2")
@pytest.mark.parametrize(("name", "case"), cases("membership-department/staff-penalties"))
def test_a_case_of_a_membership_department(name, case):
    """Each sanction brings its fine."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-2")
@pytest.mark.parametrize(("name", "case"), cases("machine-maker/service-charges"))
def test_a_case_of_what_the_machine_maker_charges(name, case):
    """A quote is parts, journeys and the rest; what declining one costs is asked for."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-3", "AS-WARR-4", "AS-WARR-11")
@pytest.mark.parametrize(("name", "case"), cases("equipment-maker/service-charges"))
def test_a_case_of_what_the_equipment_maker_charges(name, case):
    """Advice is free, visits are paid; misuse has discount parts, and a dealer is billed."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-15")
@pytest.mark.parametrize(("name", "case"), cases("device-maker/service-charges"))
def test_a_case_of_what_the_device_maker_charges(name, case):
    """Free, at cost for what is excluded, a fee afterwards; upgrades are free."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-14")
@pytest.mark.parametrize(("name", "case"), cases("software-house/service-charges"))
def test_a_case_of_what_the_software_house_charges(name, case):
    """What the software causes is free in the period, and upgrades always are."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-22")
@pytest.mark.parametrize(("name", "case"), cases("network-integrator/service-charges"))
def test_a_case_of_what_the_network_integrator_charges(name, case):
    """Telephone support stays free."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-7")
@pytest.mark.parametrize(("name", "case"), cases("therapy-devices/service-charges"))
def test_a_case_of_what_the_therapy_devices_charges(name, case):
    """A fee after the warranty, and nothing in it."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-19")
@pytest.mark.parametrize(("name", "case"), cases("clothing-seller/service-charges"))
def test_a_case_of_what_the_clothing_seller_charges(name, case):
    """A repair is free in the warranty where nobody caused the fault."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-17")
@pytest.mark.parametrize(("name", "case"), cases("window-maker/service-charges"))
def test_a_case_of_what_the_window_maker_charges(name, case):
    """Damage by people is paid, also in the warranty."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-21")
@pytest.mark.parametrize(("name", "case"), cases("construction-supplier/service-charges"))
def test_a_case_of_what_the_construction_supplier_charges(name, case):
    """After the warranty everything is paid that the contract does not grant."""
    comes_out(name, case)


@pytest.mark.clause("AS-FLOW-1", "AS-FLOW-4", "AS-FLOW-20")
@pytest.mark.parametrize(("name", "case"), cases("service-dealer/service-charges"))
def test_a_case_of_what_the_service_dealer_charges(name, case):
    """What a class costs, and whether it is collected at once, invoiced that day or on return."""
    comes_out(name, case)


@pytest.mark.clause("AS-RET-2", "AS-RET-6", "AS-FLOW-26")
@pytest.mark.parametrize(("name", "case"), cases("product-seller/service-charges"))
def test_a_case_of_what_the_product_seller_charges(name, case):
    """The first training is free, what cannot be used is paid back, and the tariff is the tariff."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-5", "AS-RET-3")
@pytest.mark.parametrize(("name", "case"), cases("motor-maker/service-charges"))
def test_a_case_of_what_the_motor_maker_charges(name, case):
    """Foreign motors are repaired for pay; wrong returns cost the salesperson the freight."""
    comes_out(name, case)


@pytest.mark.clause("AS-RET-5")
@pytest.mark.parametrize(("name", "case"), cases("service-model/service-charges"))
def test_a_case_of_what_the_service_model_charges(name, case):
    """A return without consent costs the customer all of it."""
    comes_out(name, case)


@pytest.mark.clause("AS-ACC-5")
@pytest.mark.parametrize(("name", "case"), cases("service-template/service-charges"))
def test_a_case_of_what_the_service_template_charges(name, case):
    """The tariff is published to customers, and its amounts are asked for."""
    comes_out(name, case)


@pytest.mark.clause("AS-FLOW-17")
@pytest.mark.parametrize(("name", "case"), cases("appliance-service/service-charges"))
def test_a_case_of_what_the_appliance_service_charges(name, case):
    """Outside the warranty a visit costs what the tariff says, which goes along."""
    comes_out(name, case)


@pytest.mark.clause("AS-ACC-1", "AS-ACC-2")
@pytest.mark.parametrize(("name", "case"), cases("manufacturer/service-charges"))
def test_a_case_of_what_the_manufacturer_charges(name, case):
    """A part of the sales is accrued, used by repairs, and reversed under two conditions."""
    comes_out(name, case)


@pytest.mark.clause("AS-WARR-18", "AS-ACC-4")
@pytest.mark.parametrize(("name", "case"), cases("housing-developer/service-charges"))
def test_a_case_of_what_the_housing_developer_charges(name, case):
    """The owner pays for what he caused, the builder for its defects."""
    comes_out(name, case)


@pytest.mark.parametrize("name", [each for each in shipped() if load(each).policy == "fees"])
def test_every_rule_of_a_rulebook_of_fees_has_a_case(name):
    """No rule comes without a case in plain words, and no case without its rule."""
    assert {case.values[1]["rule"] for case in cases(name)} == set(load(name).rules)
