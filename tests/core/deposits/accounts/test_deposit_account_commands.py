"""What a command to a deposit account, or a value in it, refuses before anybody decides."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from deposit_desk import COST, approved, building, cny, said

from servflow.core.changes import Command
from servflow.core.deposits import PartShare, parse_length
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.model import Approval, Ground, Movement, account_key
from servflow.core.deposits.accounts.states import Gate, MovementKind
from servflow.core.deposits.words import Payee
from servflow.core.errors import InvalidValue

DAY = "2026-03-02"
AREA = Decimal(20_000)
TWICE = (approved("award"), approved("award"))


@pytest.mark.parametrize("kind", [c.AssessDeposit, c.ReassessDeposit])
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cost": None}, "cost"),
        ({"cost": COST, "average_cost": cny(1), "floor_area": AREA}, "cost"),
        ({"cost": COST, "floor_area": AREA}, "cost"),
        ({"average_cost": cny(1)}, "cost"),
        ({"floor_area": AREA}, "cost"),
        ({"average_cost": cny(1), "floor_area": Decimal(0)}, "floor_area"),
        ({"average_cost": cny(1), "floor_area": Decimal("NaN")}, "floor_area"),
        ({"cost": cny(-1)}, "cost"),
        ({"average_cost": cny(-1), "floor_area": AREA}, "average_cost"),
        ({"grounds": TWICE}, "grounds"),
    ],
)
def test_an_assessment_has_one_base_and_each_ground_once(
    kind: type[Command], given: dict[str, Any], field: str
) -> None:
    """The cost, or the average with the area; neither, both, half, below zero, a ground twice are refused."""
    with pytest.raises(InvalidValue) as error:
        said(kind, DAY, **given)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("shares", "found"),
    [
        ((PartShare(part="leakage", weight=1), PartShare(part="leakage", weight=1)), "leakage"),
        ((PartShare(part="leakage", weight=0),), "no weight"),
    ],
)
def test_shares_name_each_part_once_and_weigh_something(shares: tuple[PartShare, ...], found: str) -> None:
    """A part twice, and shares that all weigh nothing, are refused."""
    with pytest.raises(InvalidValue) as error:
        said(c.AssessDeposit, DAY, shares=shares)
    assert error.value.field == "shares"
    assert found in str(error.value.found)


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (c.ReassessDeposit, {"reason": " "}, "reason"),
        (c.AskReview, {"objection": ""}, "objection"),
        (c.AnswerReview, {"answer": ""}, "answer"),
        (c.LodgeDeposit, {"amount": cny(0)}, "amount"),
        (c.ReversePayment, {"number": 1, "reason": ""}, "reason"),
        (c.WithdrawOrder, {"reason": ""}, "reason"),
        (c.PaySurcharge, {"amount": cny(-1)}, "amount"),
        (c.RefundSurcharge, {"amount": cny(0)}, "amount"),
        (c.ReleasePart, {"part": "leakage", "decision": " "}, "decision"),
        (c.ReleaseRest, {"decision": "\t"}, "decision"),
        (c.PassGate, {"gate": Gate.HANDOVER}, "gate"),
        (c.RecordDefect, {"name": "", "part": "leakage", "what": "x"}, "name"),
        (c.RecordDefect, {"name": "d-1", "part": "", "what": "x"}, "part"),
        (c.RecordDefect, {"name": "d-1", "part": "leakage", "what": ""}, "what"),
        (c.SeeToDeposit, {"code": ""}, "code"),
        (c.CloseDeposit, {"reason": ""}, "reason"),
        (
            c.DrawDeposit,
            {"claim": "c-1", "part": "leakage", "amount": cny(0), "payee": Payee.REPAIRER, "to": "r"},
            "amount",
        ),
    ],
)
def test_what_a_command_needs_is_said(kind: type[Command], given: dict[str, Any], field: str) -> None:
    """An empty text where one is needed, and an amount that is not above zero, are refused."""
    with pytest.raises(InvalidValue) as error:
        said(kind, DAY, **given)
    assert error.value.field == field


def test_a_contract_says_a_length_of_a_part_and_each_once() -> None:
    """No part, a length that is itself left to the contract, and two of one part, are refused."""
    with pytest.raises(InvalidValue, match="part"):
        c.AgreedTerm(part="", length=parse_length("5 years"))
    with pytest.raises(InvalidValue, match="length"):
        c.AgreedTerm(part="leakage", length=parse_length("contract"))
    term = c.AgreedTerm(part="leakage", length=parse_length("6 years"))
    with pytest.raises(InvalidValue, match="agreed"):
        said(c.HandOverBuilding, DAY, agreed=(term, term))


@pytest.mark.parametrize(
    "make",
    [
        lambda: building(developer=""),
        lambda: building(bank=" "),
        lambda: building(kinds=("new", "new")),
        lambda: Approval(by="", on=DAY, reference="x"),  # type: ignore[arg-type]
        lambda: Approval(by="x", on=DAY, reference=""),  # type: ignore[arg-type]
        lambda: Ground(name=""),
        lambda: Ground(name="award", shown=("won", "won")),
        lambda: Ground(name="systems", points=Decimal(-1)),
        lambda: Ground(name="systems", points=Decimal("Infinity")),
        lambda: approved("award", ("property-authority", "property-authority")),
        lambda: Movement(number=1, on=DAY, kind=MovementKind.USED, amount=cny(0)),  # type: ignore[arg-type]
    ],
)
def test_values_of_an_account_make_sense(make: Callable[[], object]) -> None:
    """What is empty, comes twice, is below zero or without an end, is refused where the value is made."""
    with pytest.raises(InvalidValue):
        make()


def test_what_adds_to_the_balance_is_a_payment_or_interest() -> None:
    """Everything else takes away."""
    assert [kind for kind in MovementKind if kind.adds] == [MovementKind.PAID_IN, MovementKind.INTEREST]


def test_an_account_is_known_by_its_id() -> None:
    """The key names the kind and the id."""
    assert str(account_key("b-1")) == "deposits.account b-1"


@pytest.mark.parametrize("weight", [-1, True, 1.0, Decimal(1), None])
def test_a_weight_is_a_whole_number_of_nothing_or_more(weight: Any) -> None:
    """A part may have no share of its own; a fraction of a weight, or less than none, it has not."""
    assert PartShare(part="leakage", weight=0).weight == 0
    with pytest.raises(InvalidValue, match="a whole number, 0 or more") as error:
        PartShare(part="leakage", weight=weight)
    assert error.value.field == "weight"


def test_a_share_is_of_a_part_with_a_name() -> None:
    """A blank one names none."""
    with pytest.raises(InvalidValue) as error:
        PartShare(part=" ", weight=1)
    assert error.value.field == "part"
