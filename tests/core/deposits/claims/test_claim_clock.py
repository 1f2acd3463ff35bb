"""Claims and the clock: the last days for the payment and for the notice of use."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from claims_at_work import CLAIM, ClaimDesk
from deposit_desk import OURS, ZONE

from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims import messages
from servflow.core.deposits.claims.states import ClaimDeadline, ClaimState
from servflow.core.deposits.claims.table import DEPOSIT_CLAIM
from servflow.core.deposits.words import NoticeSince

S = ClaimState
PAY, NOTIFY = ClaimDeadline.PAY_OUT, ClaimDeadline.NOTIFY_USE


def midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=ZONE)


def next_wake(desk: ClaimDesk) -> datetime | None:
    return DEPOSIT_CLAIM.next_wake(desk.claim(), desk.rules)


def spoken(desk: ClaimDesk, until: datetime) -> list[tuple[str, datetime]]:
    """What the clock says to the claim by then: of which deadline, as of when."""
    found = []
    while (command := DEPOSIT_CLAIM.wake(desk.claim(), desk.rules, until)) is not None:
        assert isinstance(command, c.RemindDeadline)
        desk.take(command)
        found.append((command.deadline.value, command.happened_at))
        assert len(found) < 9  # it says each thing once
    return found


@pytest.mark.parametrize("state", [each for each in ClaimState if each not in {S.COST_LISTED, S.PAID}])
def test_nothing_is_due_before_the_list_is_signed_or_after_the_notice(state: ClaimState) -> None:
    """The clock has nothing to say."""
    desk = ClaimDesk()
    desk.reach(state)
    assert next_wake(desk) is None
    assert spoken(desk, midnight("2036-01-01")) == []


@pytest.mark.clause("SD-14")
def test_a_cost_list_is_paid_within_twenty_days() -> None:
    """Signed on 10 June, the last day is 30 June: the authority hears so when that day begins, and once."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    assert next_wake(desk) == midnight("2026-06-30")
    assert spoken(desk, datetime(2026, 6, 29, 23, 59, 59, tzinfo=ZONE)) == []
    assert spoken(desk, midnight("2026-06-30")) == [("pay-out", midnight("2026-06-30"))]
    assert desk.told(messages.DEADLINE) == {OURS: {"deadline": "pay-out", "last": date(2026, 6, 30)}}
    assert desk.claim().reminded == ("pay-out",)
    assert next_wake(desk) is None


def test_a_clock_that_is_late_acts_at_the_scheduled_instant() -> None:
    """A month later it comes to the same journal."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    assert spoken(desk, midnight("2026-08-01")) == [("pay-out", midnight("2026-06-30"))]


@pytest.mark.clause("SD-17")
def test_the_developer_is_told_within_thirty_days() -> None:
    """From the payment on, as the rulebook of the tests has it."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    desk.do(c.PayOut, "2026-06-20")
    assert next_wake(desk) == midnight("2026-07-20")
    assert spoken(desk, midnight("2027-01-01")) == [("notify-use", midnight("2026-07-20"))]
    assert desk.told(messages.DEADLINE) == {OURS: {"deadline": "notify-use", "last": date(2026, 7, 20)}}


@pytest.mark.clause("SD-17")
def test_the_days_for_the_notice_may_count_from_the_list() -> None:
    """Another reading of the settlement (结算之日): then both run at once, and neither is said twice."""
    desk = ClaimDesk(use_notice_since=NoticeSince.COST_LISTED)
    desk.reach(S.COST_LISTED)
    assert spoken(desk, midnight("2026-07-31")) == [
        ("pay-out", midnight("2026-06-30")),
        ("notify-use", midnight("2026-07-10")),
    ]
    desk.do(c.PayOut, "2026-08-01")
    assert next_wake(desk) is None


@pytest.mark.clause("SD-17")
def test_the_last_day_for_the_notice_stays_where_it_counts_from_the_list() -> None:
    """The payment does not move it."""
    desk = ClaimDesk(use_notice_since=NoticeSince.COST_LISTED)
    desk.reach(S.COST_LISTED)
    desk.do(c.PayOut, "2026-06-20")
    assert next_wake(desk) == midnight("2026-07-10")


@pytest.mark.clause("SD-14")
def test_the_days_begin_anew_with_a_new_list() -> None:
    """A list that was given back after its last day is due again, and the clock says so again."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    assert len(spoken(desk, midnight("2026-07-01"))) == 1
    desk.do(c.ReturnCostList, "2026-07-02")
    assert next_wake(desk) is None
    desk.do(c.HandInCostList, "2026-07-02")
    desk.do(c.SignCostList, "2026-07-03")
    assert spoken(desk, midnight("2026-08-01")) == [("pay-out", midnight("2026-07-23"))]


def test_two_lists_of_one_day_are_two_reminders() -> None:
    """What the clock says of the second is not taken for what it said of the first."""
    desk = ClaimDesk(pay_out_days=0)
    desk.reach(S.COST_LISTED)
    first = DEPOSIT_CLAIM.wake(desk.claim(), desk.rules, midnight("2026-06-11"))
    assert first is not None
    desk.take(first)
    desk.do(c.ReturnCostList)
    desk.do(c.HandInCostList)
    desk.do(c.SignCostList)
    second = DEPOSIT_CLAIM.wake(desk.claim(), desk.rules, midnight("2026-06-11"))
    assert second is not None
    assert first.id.startswith(f"clock/{CLAIM}/pay-out/")
    assert second.id != first.id


@pytest.mark.clause("SD-14")
def test_the_days_are_those_of_the_day_of_the_list() -> None:
    """A rulebook that changes in between does not move the last day."""
    changed = Dated(
        "pay-out days",
        [
            Since(date.min, Cited(20, Clause("SD-14"))),
            Since(date(2026, 6, 11), Cited(5, Clause("X-1"))),
        ],
    )
    desk = ClaimDesk(pay_out_days=changed)
    desk.reach(S.COST_LISTED)
    assert next_wake(desk) == midnight("2026-06-30")


@pytest.mark.clause("SD-14", "SD-17")
def test_the_clock_is_not_heard_too_early_twice_or_for_nothing() -> None:
    """Each refusal names the last day, as far as there is one."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    (early,) = desk.reasons(c.RemindDeadline, "2026-06-29")
    assert (early.code, early.clause) == ("deposits.deadline-not-come", Clause("SD-14"))
    assert dict(early.facts) == {"last": date(2026, 6, 30)}
    assert desk.codes(c.RemindDeadline, "2026-06-30", deadline=NOTIFY) == [("no-deadline", None)]
    desk.do(c.RemindDeadline, "2026-06-30", deadline=PAY)
    assert desk.codes(c.RemindDeadline, "2026-06-30") == [("deadline-told", "SD-14")]
    desk.do(c.PayOut, "2026-07-05")
    assert desk.codes(c.RemindDeadline, "2026-07-06", deadline=NOTIFY) == [("deadline-not-come", "SD-17")]
    assert desk.codes(c.RemindDeadline, "2026-07-06", deadline=PAY) == [("no-deadline", None)]
