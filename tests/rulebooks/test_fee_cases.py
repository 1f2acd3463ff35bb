"""The cases beside the rulebooks of fees, in plain words, each worked out in both ways there are.

A case names a rule and its facts. Expected is an amount, ``missing`` where the source says nothing, or
the facts that are asked for. A rule that is no fee is what the case expects: words in their order, or
a number. ``usual`` are the facts that a case does not name.
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
        given = read.get("usual", {}) | case.get("given", {})
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
        assert charge.exact == replay(charge.derivation)
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


@pytest.mark.clause("SD-1", "SD-2", "SD-3", "SD-4", "SD-8", "SD-27", "SD-28", "SD-29")
@pytest.mark.parametrize(("name", "case"), cases("shandong/warranty-deposit-fees"))
def test_a_case_of_the_shandong_deposit(name, case):
    """Deposits, reductions, refunds and surcharges are what the case says."""
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


@pytest.mark.parametrize("name", [each for each in shipped() if load(each).policy == "fees"])
def test_every_rule_of_a_rulebook_of_fees_has_a_case(name):
    """No rule comes without a case in plain words, and no case without its rule."""
    assert {case.values[1]["rule"] for case in cases(name)} == set(load(name).rules)
