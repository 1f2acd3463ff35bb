"""What a command of the lending desk cannot be, whatever it is said to."""

from __future__ import annotations

from datetime import date

import pytest

from servflow.core.errors import InvalidValue
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.money import Money

NOTHING = Money(0, "CNY")
CENT = Money("0.01", "CNY")
DEBT = -CENT


@pytest.mark.parametrize(
    "items", [(), ("",), (" ",), ("a", "a"), ("a", ""), ("a", "b", "a"), "a", ["a"], (1,)]
)
def test_what_is_shipped_are_items_each_once(lending_desk, items):
    """At least one goes out; none has an empty id or is named twice."""
    with pytest.raises(InvalidValue) as refused:
        lending_desk.command(c.Ship, "2026-01-31", items=items)

    assert (refused.value.field, refused.value.found) == ("items", items)
    assert "1 or more item ids" in refused.value.expected


def test_a_check_in_that_names_nothing_means_everything(lending_desk):
    """It may be empty; what it names is named once, and not by an empty id."""
    assert lending_desk.command(c.CheckIn, "2026-01-31").items == ()
    for items in (("a", "a"), ("",)):
        with pytest.raises(InvalidValue) as refused:
            lending_desk.command(c.CheckIn, "2026-01-31", items=items)
        assert "0 or more item ids" in refused.value.expected


@pytest.mark.parametrize("amount", [NOTHING, DEBT, 5, "5"])
@pytest.mark.parametrize(
    ("kind", "field", "more"),
    [
        (c.Ship, "tariff", {"items": ("a",)}),
        (c.PaySecurity, "amount", {"kind": SecurityKind.DEPOSIT}),
        (c.Pay, "amount", {}),
        (c.Waive, "amount", {"loan": "CN-320500/1", "kind": "overdue", "reason": "我馆之误"}),
    ],
)
def test_tariffs_payments_and_waivers_are_above_nothing(lending_desk, kind, field, more, amount):
    """Nothing, less than nothing and what is no money are refused where they are made; a cent will do."""
    with pytest.raises(InvalidValue) as refused:
        lending_desk.command(kind, "2026-01-31", **more, **{field: amount})

    assert (refused.value.field, refused.value.found) == (field, str(amount))
    made = lending_desk.command(kind, "2026-01-31", **more, **{field: CENT})
    assert getattr(made, field) == CENT


@pytest.mark.parametrize("amount", [DEBT, 5, None])
def test_a_compensation_may_be_nothing_but_not_less(lending_desk, amount):
    """Set to nothing it takes an earlier one back."""
    assert lending_desk.command(c.Compensate, "2026-01-31", amount=NOTHING).amount == NOTHING
    with pytest.raises(InvalidValue) as refused:
        lending_desk.command(c.Compensate, "2026-01-31", amount=amount)

    assert (refused.value.field, refused.value.found) == ("amount", str(amount))


@pytest.mark.parametrize("text", ["", "  ", None, 7])
@pytest.mark.parametrize(
    ("kind", "field", "more"),
    [
        (c.Recall, "reason", {"due": date(2026, 2, 28)}),
        (c.CloseManually, "reason", {}),
        (c.Decline, "reason", {}),
        (c.Suspend, "reason", {}),
        (c.Terminate, "reason", {}),
        (c.IssueCard, "card", {}),
    ],
)
def test_decisions_have_a_reason_and_cards_a_number(lending_desk, kind, field, more, text):
    """An empty text is none, and what is no text is none either."""
    with pytest.raises(InvalidValue) as refused:
        lending_desk.command(kind, "2026-01-31", **more, **{field: text})

    assert (refused.value.field, refused.value.found) == (field, text)
    assert getattr(lending_desk.command(kind, "2026-01-31", **more, **{field: "甲"}), field) == "甲"


@pytest.mark.parametrize(
    ("kind", "more"), [(c.Ship, {"items": ("a",)}), (c.CheckIn, {}), (c.Compensate, {"amount": CENT})]
)
def test_what_checks_its_own_fields_checks_the_common_ones_too(lending_desk, kind, more):
    """A command without an id is none, whatever else it says."""
    with pytest.raises(InvalidValue, match="id"):
        lending_desk.command(kind, "2026-01-31", id="", **more)
