"""The words both desks share: what cannot be said of a cost or an offer."""

from __future__ import annotations

from typing import Any

import pytest

from servflow.core.errors import InvalidValue
from servflow.core.ill.terms import Condition, CostKind, CostLine, Offer
from servflow.core.money import Money


@pytest.mark.parametrize("amount", [Money("-0.01", "CNY"), 5, None])
def test_a_cost_is_an_amount_of_zero_or_more(amount: Any) -> None:
    """Below zero, or no amount at all, it is refused; nothing is an amount."""
    with pytest.raises(InvalidValue) as refused:
        CostLine(kind=CostKind.LOAN, amount=amount)
    assert refused.value.field == "amount"
    assert CostLine(kind=CostKind.LOAN, amount=Money(0, "CNY")).amount == Money(0, "CNY")


def test_an_offer_has_terms() -> None:
    """A cost, of nothing too, or a condition; with neither it offers nothing."""
    with pytest.raises(InvalidValue) as refused:
        Offer(revision=1)
    assert refused.value.field == "offer"
    assert Offer(revision=1, cost=Money(0, "CNY")).conditions == ()
    assert Offer(revision=1, conditions=(Condition.SUPERVISED,)).cost is None


@pytest.mark.parametrize("revision", [0, -1])
def test_offers_are_counted_from_one(revision: int) -> None:
    """There is none before the first."""
    with pytest.raises(InvalidValue) as refused:
        Offer(revision=revision, cost=Money(9, "CNY"))
    assert refused.value.field == "revision"
