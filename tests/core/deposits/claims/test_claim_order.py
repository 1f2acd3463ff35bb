"""The order of days: no step of a claim happens before the one it stands on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from claims_at_work import OWNER, ClaimDesk, lines
from deposit_desk import ACCOUNT, ZONE, cny

from servflow.core.changes import Command
from servflow.core.citations import Reason
from servflow.core.deposits.accounts.commands import NameParties
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims.states import ClaimState
from servflow.core.deposits.words import Payee

S = ClaimState
ENTERED = datetime(2026, 8, 1, 12, tzinfo=ZONE)
"""When all of it is entered, on whatever day it happened."""

STEPS: tuple[tuple[S, type[Command]], ...] = (
    (S.FILED, c.CheckWithDeveloper),
    (S.FILED, c.DisputeLiability),
    (S.FILED, c.OrderTest),
    (S.FILED, c.RefuseClaim),
    (S.FILED, c.WithdrawClaim),
    (S.FILED, c.ConfirmPerformance),
    (S.DISPUTED, c.RecordTest),
    (S.DISPUTED, c.OrderTest),
    (S.DISPUTED, c.CheckWithDeveloper),
    (S.CHECKED, c.CheckWithDeveloper),
    (S.CHECKED, c.ApproveClaim),
    (S.TESTED, c.ApproveClaim),
    (S.APPROVED, c.AssignRepairer),
    (S.ASSIGNED, c.HandInBudget),
    (S.ASSIGNED, c.ApproveBudget),
    (S.BUDGETED, c.HandInBudget),
    (S.BUDGETED, c.FinishRepair),
    (S.REPAIRED, c.HandInCostList),
    (S.REPAIRED, c.SignCostList),
    (S.COST_LISTED, c.ReturnCostList),
    (S.COST_LISTED, c.PayOut),
    (S.PAID, c.NotifyUse),
)


@pytest.mark.parametrize(("state", "kind"), STEPS)
def test_no_step_happens_before_the_one_it_stands_on(state: S, kind: type[Command]) -> None:
    """The day before is refused, with both days; the same day is taken."""
    desk = ClaimDesk()
    desk.reach(state, "2026-07-10")
    facts = (("day", date(2026, 7, 9)), ("before", date(2026, 7, 10)))
    assert desk.reasons(kind, "2026-07-09", recorded_at=ENTERED) == (
        Reason("deposits.before-the-step-before", None, facts),
    )
    desk.do(kind, "2026-07-10", recorded_at=ENTERED)


@pytest.mark.parametrize(("state", "kind"), STEPS)
def test_every_step_leaves_its_day(state: S, kind: type[Command]) -> None:
    """What comes after it does not happen before."""
    desk = ClaimDesk()
    desk.reach(state, "2026-07-10")
    desk.do(kind, "2026-07-20")
    assert desk.claim().last_on == date(2026, 7, 20)


def test_each_step_is_held_against_the_one_before_and_not_against_the_first() -> None:
    """Approved on the 12th, handed in on the 14th, approved on the 16th: the repair is not done on the 15th."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED, "2026-06-12")
    desk.do(c.AssignRepairer, "2026-06-13")
    desk.do(c.HandInBudget, "2026-06-14")
    desk.do(c.ApproveBudget, "2026-06-16")
    (reason,) = desk.reasons(c.FinishRepair, "2026-06-15", recorded_at=ENTERED)
    assert dict(reason.facts)["before"] == date(2026, 6, 16)
    desk.do(c.FinishRepair, "2026-06-17", recorded_at=ENTERED)
    assert desk.claim().repaired_on == date(2026, 6, 17)


def test_an_emergencys_steps_have_their_order_too() -> None:
    """Its list is not signed before it is approved, nor paid before it is signed."""
    desk = ClaimDesk()
    desk.emergency(S.REPAIRED)
    code = [("before-the-step-before", None)]
    assert desk.codes(c.SignCostList, "2026-06-09", by=OWNER, recorded_at=ENTERED) == code
    desk.do(c.SignCostList, "2026-06-11", by=OWNER)
    paid: dict[str, Any] = {"amount": cny(8_000), "payee": Payee.APPLICANT}
    assert desk.codes(c.PayOut, "2026-06-10", recorded_at=ENTERED, **paid) == code
    desk.do(c.PayOut, "2026-06-11", **paid)


def test_a_list_that_was_given_back_is_not_older_than_that() -> None:
    """And a claim that an empty account cannot pay is not refused before it was signed."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED, "2026-06-12")
    assert desk.codes(c.RefuseClaim, "2026-06-11", recorded_at=ENTERED) == [
        ("before-the-step-before", None),
        ("deposit-not-used-up", "SD-14"),
    ]
    desk.do(c.ReturnCostList, "2026-06-14")
    said = {"lines": lines(20_000), "recorded_at": ENTERED}
    assert desk.codes(c.HandInCostList, "2026-06-13", **said) == [("before-the-step-before", None)]


def test_who_takes_the_place_of_an_applicant_is_no_step() -> None:
    """It may be entered with the day on which it was, and holds nothing up."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED, "2026-06-12")
    desk.do(NameParties, "2026-06-01", case=ACCOUNT, property_manager="new-manager", recorded_at=ENTERED)
    desk.do(c.ReplaceApplicant, "2026-06-01", recorded_at=ENTERED)
    assert desk.claim().last_on == date(2026, 6, 12)
