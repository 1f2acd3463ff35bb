"""The cases beside the rulebooks, in plain words, run against the policy that each rulebook fills."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from servflow.core.ill.lending.charges import owed
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import Place, SupplyState
from servflow.core.ill.terms import Requested
from servflow.core.money import Money
from servflow.rulebooks import lending_policy, load, shipped

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    """The cases of a rulebook, each with its name."""
    read = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"), parse_float=Decimal)
    return [pytest.param(case["given"], case["expect"], id=case["name"]) for case in read["case"]]


def loan(policy: LendingPolicy, given: Mapping[str, Any]) -> SupplyTransaction:
    """The transaction as the case describes it."""
    items = tuple(f"volume {number}" for number in range(1, given["volumes"] + 1))
    due = policy.due_after(given["shipped"])
    if "renewed" in given:
        due = policy.due_renewed(due, given["renewed"])
    stopped = given.get("lost") if policy.overdue_stops_when_lost.on(due).value else None
    return SupplyTransaction(
        id="case",
        state=SupplyState.SHIPPED,
        requester="borrower",
        supplier=policy.library,
        request_id="1",
        requested=Requested(),
        place=Place(given["place"]),
        items=items,
        shipped_on=given["shipped"],
        due=given.get("to", due),
        tariff=Money(given["tariff"], policy.currency) if "tariff" in given else None,
        returned=dict.fromkeys(items, given["back"]) if "back" in given else {},
        stopped_on=None if "back" in given else stopped,
    )


@pytest.mark.clause("NLC-4", "NLC-5", "NLC-10", "NLC-12")
@pytest.mark.parametrize(("given", "expect"), cases("nlc/interlibrary-loan"))
def test_a_case_of_the_national_library_of_china(given, expect):
    """The term and every charge are what the case says."""
    policy = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
    it = loan(policy, given)
    seen = given.get("seen") or given["back"]

    charges = {kind: charge.money for kind, charge in owed(it, policy, seen)}
    assert {"due": it.due, **charges} == {
        kind: said if isinstance(said, date) else Money(said, "CNY") for kind, said in expect.items()
    }
    if "back" in given:
        later = owed(it, policy, seen + timedelta(days=100))
        assert {kind: charge.money for kind, charge in later} == charges


def test_every_shipped_rulebook_has_cases():
    """No rulebook comes without cases in plain words, and no cases without their rulebook."""
    assert {path.relative_to(CASES).with_suffix("").as_posix() for path in CASES.rglob("*.toml")} == set(
        shipped()
    )
