"""Dates that cannot be, losses not settled, and reminders at the ends of the calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from servflow.core.changes import Actor, Command, Office
from servflow.core.errors import InvalidValue, Refused
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import Closing
from servflow.core.ill.terms import Settlement
from servflow.core.money import Money

LOAN = "CN-320500/1"


def codes(desk: Any, kind: type[Command], on: str, **said: Any) -> list[str]:
    """The codes of the reasons for which it would be refused."""
    return [reason.code for reason in desk.reasons(kind, on, **said)]


@pytest.mark.parametrize("kind", [c.Promise, c.Ship])
def test_nothing_is_lent_before_it_was_asked_for(lending_desk: Any, kind: type[Command]) -> None:
    """A day before the request is refused, the day of the request is not."""
    lending_desk.relate()
    lending_desk.ask("2026-01-31")
    said = {"items": ("v",)} if kind is c.Ship else {}

    assert codes(lending_desk, kind, "2026-01-30", **said) == ["ill.before-request"]
    assert codes(lending_desk, kind, "2026-01-31", **said) == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.Recall, {"due": date(2026, 1, 31), "reason": "needed"}),
        (c.RecordDamage, {"item": "NLC-1", "note": "wet"}),
        (c.CheckIn, {}),
        (c.Assess, {}),
    ],
)
def test_nothing_happens_to_a_loan_before_it_is_shipped(
    lending_desk: Any, kind: type[Command], said: dict[str, Any]
) -> None:
    """A command dated before the shipping is refused: no fine comes out of days without a loan."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")

    assert "ill.before-shipping" in codes(lending_desk, kind, "2026-01-30", **said)
    assert "ill.before-shipping" not in codes(lending_desk, kind, "2026-01-31", **said)


@pytest.mark.parametrize("kind", [c.GrantRenewal, c.DeclineRenewal])
def test_no_answer_before_the_question(lending_desk: Any, kind: type[Command]) -> None:
    """A renewal is answered on the day it was asked for, or later."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.RequestRenewal, "2026-02-10", reason="course")

    assert codes(lending_desk, kind, "2026-02-09") == ["ill.before-asking"]
    assert codes(lending_desk, kind, "2026-02-10") == []


def test_a_borrower_does_not_date_its_fine_away(lending_desk: Any) -> None:
    """A loss reported for a day before the last assessment stops the fine on that, not before it."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Assess, "2026-03-10")
    lending_desk.do(c.ReportLost, "2026-02-01", recorded_at=lending_desk.at("2026-03-11"))

    assert lending_desk.owed("2026-04-01")["overdue"] == Money(50, "CNY")
    assert lending_desk.loan().stopped_on == date(2026, 3, 10)


@pytest.mark.clause("NLC-7")
@pytest.mark.parametrize("kind", [c.ReportLost, c.DeclareLost])
def test_a_loss_suspends_before_its_compensation_is_set(lending_desk: Any, kind: type[Command]) -> None:
    """From the loss on nothing more is lent: until the amount is set, and then until it is paid."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(kind, "2026-02-10")
    lending_desk.ask("2026-02-11", case="second", request_id="2")
    ship = {"case": "second", "items": ("v2",)}

    assert codes(lending_desk, c.Ship, "2026-02-11", **ship) == ["ill.compensation-unset"]
    lending_desk.do(c.Compensate, "2026-02-11", amount=Money(300, "CNY"))
    assert codes(lending_desk, c.Ship, "2026-02-11", **ship) == ["ill.charge-unpaid"]
    lending_desk.do(c.Pay, "2026-02-12", amount=Money(320, "CNY"))
    assert codes(lending_desk, c.Ship, "2026-02-12", **ship) == []
    assert lending_desk.relation().unsettled == ()


@pytest.mark.clause("NLC-7")
def test_a_damage_suspends_until_its_compensation_is_set(lending_desk: Any) -> None:
    """A damage found after the return counts as well; a compensation of nothing settles it."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.CheckIn, "2026-02-10")
    lending_desk.do(c.RecordDamage, "2026-02-11", item="NLC-1", note="wet")
    lending_desk.ask("2026-02-11", case="second", request_id="2")

    assert codes(lending_desk, c.Promise, "2026-02-11", case="second") == ["ill.compensation-unset"]
    assert lending_desk.relation().unsettled == (LOAN,)
    lending_desk.do(c.Compensate, "2026-02-12", amount=Money(0, "CNY"))
    assert codes(lending_desk, c.Promise, "2026-02-12", case="second") == []


def test_a_damage_paid_for_is_not_paid_back_because_of_a_loss(lending_desk: Any) -> None:
    """One volume damaged and paid for, the other one lost and replaced: what was paid stays paid."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-02-10", items=("a",))
    lending_desk.do(c.RecordDamage, "2026-02-10", item="a", note="wet")
    lending_desk.do(c.Compensate, "2026-02-10", amount=Money(60, "CNY"))
    lending_desk.do(c.Pay, "2026-02-11", amount=Money(100, "CNY"))
    lending_desk.do(c.DeclareLost, "2026-02-12")
    lending_desk.do(c.SettleLoss, "2026-02-13", how=Settlement.REPLACED)

    assert lending_desk.owed("2026-02-13")["compensation"] == Money(60, "CNY")
    assert lending_desk.relation().unsettled == ()
    assert dict(lending_desk.relation().security) == {"deposit": Money(500, "CNY")}


def test_a_lost_loan_closed_by_hand_is_settled(lending_desk: Any) -> None:
    """Whoever closes by hand takes it on himself: the borrower is not held for it."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    lending_desk.do(c.CloseManually, "2026-02-12", reason="written off")

    assert lending_desk.relation().unsettled == ()


def test_what_is_found_needs_no_compensation(lending_desk: Any) -> None:
    """Lost and back again: nothing suspends any more."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    lending_desk.do(c.CheckIn, "2026-02-12")

    assert lending_desk.relation().unsettled == ()
    assert lending_desk.loan().lost_on is None


@pytest.mark.parametrize("how", [Settlement.REPLACED, Settlement.WAIVED])
def test_a_loss_settled_otherwise_owes_no_compensation(lending_desk: Any, how: Settlement) -> None:
    """What was charged for it is reversed, and nothing of it stands in the way of the next loan."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.DeclareLost, "2026-02-10")
    lending_desk.do(c.Compensate, "2026-02-11", amount=Money(300, "CNY"))
    lending_desk.do(c.SettleLoss, "2026-02-12", how=how)

    assert lending_desk.loan().closing is Closing.LOST_SETTLED
    assert list(lending_desk.relation().open) == [f"{LOAN}/loan-fee"]
    assert lending_desk.owed("2026-02-12")["compensation"] == Money(0, "CNY")


def test_the_clock_of_another_house_is_not_heard(lending_desk: Any) -> None:
    """Time speaks to a loan through the library that lent it."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    by = Actor("clock", "CN-OTHER", Office.CLOCK)
    with pytest.raises(Refused) as refused:
        lending_desk.do(c.NoticeDue, "2026-02-26", by=by, due=date(2026, 2, 28), step=1)
    assert [reason.code for reason in refused.value.reasons] == ["lifecycle.not-yours"]


def test_reminders_end_with_the_calendar(lending_desk: Any) -> None:
    """A schedule that runs out of the calendar reminds as long as there are days."""
    lending_desk.rule(notices=(-(10**11), 1, 10**11))

    assert lending_desk.policy.reminders(date(2026, 2, 28)) == (date(2026, 3, 1),)
    assert lending_desk.policy.reminders(date.max) == ()


@pytest.mark.parametrize("items", ["abc", ["abc"], (1,)])
def test_items_are_a_tuple_of_texts(lending_desk: Any, items: Any) -> None:
    """A text is no list of its letters, a list can be changed, a number is no id."""
    with pytest.raises(InvalidValue, match="items"):
        lending_desk.command(c.Ship, "2026-01-31", items=items)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.Pay, {"amount": 5}),
        (c.Compensate, {"amount": 5}),
        (c.Ship, {"items": ("v",), "tariff": 5}),
        (c.IssueCard, {"card": " "}),
        (c.Suspend, {"reason": ""}),
        (c.Recall, {"due": date(2026, 1, 1), "reason": ""}),
    ],
)
def test_a_command_says_what_it_has_to_say(
    lending_desk: Any, kind: type[Command], said: dict[str, Any]
) -> None:
    """An amount that is no money, a card without a number, a reason without a word: refused at once."""
    with pytest.raises(InvalidValue):
        lending_desk.command(kind, "2026-01-31", **said)


def test_a_request_has_its_day(lending_desk: Any) -> None:
    """The day on which it came in is kept, so that nothing else is dated before it."""
    lending_desk.relate()
    lending_desk.ask("2026-01-31")

    assert lending_desk.loan().received_on == date(2026, 1, 31)
