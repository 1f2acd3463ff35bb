"""What the clock says to a supplying transaction: each thing once, at its instant, the earliest first."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from servflow.core.changes import Command
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.lending.table import LENDING
from servflow.core.money import Money

S = SupplyState
LATE = "2027-12-31"


def next_day(desk: Any) -> date | None:
    """The day at whose beginning the clock has something to say next."""
    at = LENDING.next_wake(desk.loan(), desk.policy)
    if at is None:
        return None
    day: date = desk.policy.day(at)
    assert at == datetime(day.year, day.month, day.day, tzinfo=desk.policy.zone)
    return day


def said(desk: Any, recorded: str = LATE) -> Command | None:
    """What it says, if that is recorded on this day."""
    return LENDING.wake(desk.loan(), desk.policy, desk.at(recorded))


def let_speak(desk: Any, until: str = LATE) -> list[tuple[str, date]]:
    """All that it says by then, one after the other: what, and as of which day."""
    heard = []
    while (command := said(desk, until)) is not None:
        assert command.id.startswith(f"clock/{desk.loan().id}/")
        assert command.recorded_at == desk.at(until)
        desk.take(command)
        heard.append((type(command).__name__, desk.policy.day(command.happened_at)))
        assert len(heard) < 20  # it says each thing once
    return heard


@pytest.fixture
def quiet(lending_desk: Any) -> Any:
    """A desk that does not remind anybody."""
    lending_desk.rule(notices=())
    return lending_desk


# --- before anything is supplied ------------------------------------------------------------------


def test_an_offer_runs_out_on_the_day_after_its_last(quiet: Any) -> None:
    """Not a moment before; accepted or declined, it is not looked at again."""
    quiet.reach(S.NEW)
    quiet.do(c.MakeOffer, "2026-02-05", cost=Money(60, "CNY"), reply_by=date(2026, 2, 10))

    assert next_day(quiet) == date(2026, 2, 11)
    assert said(quiet, "2026-02-10") is None
    assert let_speak(quiet) == [("LapseOffer", date(2026, 2, 11))]
    assert next_day(quiet) is None


@pytest.mark.parametrize("kind", [c.AgreeToOffer, c.DeclineOffer])
def test_an_offer_that_was_answered_does_not_run_out(quiet: Any, kind: type[Command]) -> None:
    """The clock has nothing to say about it."""
    quiet.reach(S.OFFERED)
    quiet.do(kind, "2026-02-06", revision=1)

    assert next_day(quiet) is None


@pytest.mark.parametrize("state", [S.NEW, S.CHECKING, S.PROMISED, S.OFFERED])
def test_a_request_expires_after_the_last_day_of_use(quiet: Any, state: SupplyState) -> None:
    """Before the offer runs out, if that comes first; once it is shipped no more."""
    quiet.reach(state, need_before=date(2026, 2, 10))

    assert next_day(quiet) == date(2026, 2, 11)
    assert let_speak(quiet) == [("ExpireRequest", date(2026, 2, 11))]
    assert quiet.loan().closing is Closing.EXPIRED


def test_a_request_that_came_too_late_expires_on_the_day_it_came(quiet: Any) -> None:
    """Nothing happens to it before it was there."""
    quiet.reach(S.NEW, need_before=date(2026, 1, 10))

    assert let_speak(quiet) == [("ExpireRequest", date(2026, 1, 31))]


def test_what_is_shipped_in_time_does_not_expire(quiet: Any) -> None:
    """The day on which it was needed is behind it; so is one that is the last of the calendar."""
    quiet.reach(S.SHIPPED, need_before=date(2026, 2, 10))
    assert next_day(quiet) is None

    quiet.ask(case="far", need_before=date.max)
    assert LENDING.next_wake(quiet.loan("far"), quiet.policy) is None


# --- while it is out ------------------------------------------------------------------------------


def test_a_renewal_that_nobody_answers_is_declined_after_the_due_day(quiet: Any) -> None:
    """Shipped on 5 February and due on 5 March: on the 6th the requester hears no, and why."""
    quiet.reach(S.AT_REQUESTER)
    quiet.do(c.RequestRenewal, "2026-03-01", reason="课程未结束")
    assert next_day(quiet) == date(2026, 3, 6)
    command = said(quiet)
    assert isinstance(command, c.DeclineRenewal)
    told = quiet.told(quiet.take(command))

    (reason,) = told.reasons
    assert (told.kind, reason.code, dict(reason.facts)) == (
        messages.RENEWAL_DECLINED,
        "ill.renewal-unanswered",
        {"due": date(2026, 3, 5)},
    )
    facts = dict(told.facts)
    assert (facts["yes"], facts["due"], facts["status"]) == (False, date(2026, 3, 5), "Overdue")
    assert quiet.loan().renewal_asked_on is quiet.loan().renewal_wish is None
    assert next_day(quiet) is None


def test_a_renewal_is_not_declined_by_the_clock_while_it_may_be_granted(quiet: Any) -> None:
    """On the due day it still may; answered by staff, the clock says nothing."""
    quiet.reach(S.SHIPPED)
    quiet.do(c.RequestRenewal, "2026-03-01", reason="课程未结束")
    command = said(quiet)
    assert command is not None
    early = {"by": command.by, "id": "early"}
    (reason,) = quiet.reasons(c.DeclineRenewal, "2026-03-05", **early)
    assert (reason.code, dict(reason.facts)) == ("ill.renewal-still-open", {"due": date(2026, 3, 5)})

    quiet.do(c.GrantRenewal, "2026-03-05")
    assert next_day(quiet) is None


@pytest.mark.parametrize("state", [S.SHIPPED, S.AT_REQUESTER, S.RETURN_IN_TRANSIT])
def test_what_is_long_overdue_is_taken_for_lost(quiet: Any, state: SupplyState) -> None:
    """Ten days after 5 March, where the rules say so; the fine stops on that day, whenever it is said."""
    quiet.rule(lost_after=10, return_transit_days=None)
    quiet.reach(state)

    assert next_day(quiet) == date(2026, 3, 15)
    assert let_speak(quiet) == [("DeclareLost", date(2026, 3, 15))]
    loan = quiet.loan()
    assert (loan.state, loan.lost_on, loan.stopped_on) == (S.LOST, date(2026, 3, 15), date(2026, 3, 15))
    assert quiet.owed("2026-12-31")["overdue"] == Money(2 * 10 * 5, "CNY")


def test_what_was_found_again_is_not_lost_the_next_morning(quiet: Any) -> None:
    """It is taken for lost anew ten days after it was found; not at once because it is long overdue."""
    quiet.rule(lost_after=10)
    quiet.reach(S.SHIPPED)
    let_speak(quiet, "2026-03-20")
    quiet.do(c.ReportFound, "2026-03-20")

    assert next_day(quiet) == date(2026, 3, 30)
    assert let_speak(quiet) == [("DeclareLost", date(2026, 3, 30))]


def test_only_the_rules_let_the_clock_declare_a_loss(quiet: Any) -> None:
    """Never by itself where they say nothing, not a day too soon where they do; staff may at any time."""
    quiet.reach(S.SHIPPED)
    clock = quiet.command(c.NoticeDue, "2026-03-01", due=date(2026, 3, 5), step=1).by
    (reason,) = quiet.reasons(c.DeclareLost, "2036-03-01", by=clock)
    assert (reason.code, reason.clause.id, dict(reason.facts)) == (
        "ill.not-taken-for-lost",
        "PRACTICE",
        {"due": date(2026, 3, 5)},
    )

    quiet.rule(lost_after=10)
    assert quiet.reasons(c.DeclareLost, "2026-03-14", by=clock) == (reason,)
    assert quiet.reasons(c.DeclareLost, "2026-03-15", by=clock) == ()
    assert quiet.reasons(c.DeclareLost, "2026-02-06") == ()
    quiet.rule(lost_after=10**9)
    assert next_day(quiet) is None


def test_a_return_that_does_not_come_is_looked_for(quiet: Any) -> None:
    """Reported on 5 February and thirty days on its way: on the 8th of March staff are told, once."""
    quiet.reach(S.RETURN_IN_TRANSIT)

    assert quiet.loan().return_reported_on == date(2026, 2, 5)
    assert next_day(quiet) == date(2026, 3, 8)
    (reason,) = quiet.reasons(c.NoteReturnDelay, "2026-03-07")
    assert reason.code == "ill.return-not-late"
    assert let_speak(quiet) == [("NoteReturnDelay", date(2026, 3, 8))]
    (raised,) = quiet.loan().attention
    assert (raised.code, dict(raised.facts)) == (
        "ill.attention.return-delayed",
        {"reported_on": date(2026, 2, 5)},
    )
    quiet.do(c.ClearSupplyAttention, "2026-03-09", code="ill.attention.return-delayed")
    assert next_day(quiet) is None
    assert [each.code for each in quiet.reasons(c.NoteReturnDelay, "2026-04-01")] == ["ill.return-not-late"]


def test_another_return_is_looked_for_anew(quiet: Any) -> None:
    """Delayed, given up, found and sent back once more: thirty days after that staff are told again."""
    quiet.reach(S.RETURN_IN_TRANSIT)
    let_speak(quiet, "2026-03-08")
    quiet.do(c.DeclareLost, "2026-03-10")
    quiet.do(c.ReportFound, "2026-03-20")
    quiet.do(c.ReportReturn, "2026-03-21")

    assert let_speak(quiet) == [("NoteReturnDelay", date(2026, 4, 21))]
    assert len(quiet.loan().attention) == 2


def test_a_return_may_take_as_long_as_it_likes(quiet: Any) -> None:
    """Where the rules say so, nobody looks for it."""
    quiet.rule(return_transit_days=None)
    quiet.reach(S.RETURN_IN_TRANSIT)

    assert next_day(quiet) is None
    assert [each.code for each in quiet.reasons(c.NoteReturnDelay, "2036-01-01")] == ["ill.return-not-late"]


# --- all of it ------------------------------------------------------------------------------------


def test_all_is_said_once_and_in_its_order(lending_desk: Any) -> None:
    """Reminders, the unanswered renewal, the loss: by their days, however late the clock speaks."""
    lending_desk.rule(lost_after=8)
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.RequestRenewal, "2026-02-20", reason="课程未结束")

    assert let_speak(lending_desk) == [
        ("NoticeDue", date(2026, 3, 2)),
        ("DeclineRenewal", date(2026, 3, 6)),
        ("NoticeDue", date(2026, 3, 6)),
        ("NoticeDue", date(2026, 3, 13)),
        ("DeclareLost", date(2026, 3, 13)),
    ]


def test_the_same_thing_has_the_same_id(quiet: Any) -> None:
    """Two clocks that speak at once, or one that speaks again, say one command."""
    quiet.rule(lost_after=10)
    quiet.reach(S.SHIPPED)
    one, other = said(quiet, "2026-03-20"), said(quiet, "2026-05-20")

    assert one is not None
    assert other is not None
    assert (one.id, one.happened_at) == (other.id, other.happened_at)
    assert one.id == "clock/CN-320500/1/lost/2"


def test_nobody_but_the_clock_expires_a_request(quiet: Any) -> None:
    """What staff decide has a name of its own."""
    quiet.reach(S.NEW, need_before=date(2026, 2, 10))
    staff = quiet.command(c.Expect, "2026-02-11").by

    (reason,) = quiet.reasons(c.ExpireRequest, "2026-02-11", by=staff)
    assert reason.code == "lifecycle.not-yours"
