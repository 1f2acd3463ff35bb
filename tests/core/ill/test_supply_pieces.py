"""Loans of several pieces, of which some come back or are lost; returns that are held; a loss contradicted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from servflow.core.changes import Command, Key
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.model import HeldSpan, OutOnLoan
from servflow.core.ill.lending.states import SupplyState
from servflow.core.ill.lending.table import LENDING
from servflow.core.ill.terms import Delivery, SentVia, Service, Settlement, WhereLost
from servflow.core.money import Money

S = SupplyState
LOAN = "CN-320500/1"


def yuan(amount: int) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


def codes(desk: Any) -> list[str]:
    """For what staff are to look at it."""
    return [reason.code.removeprefix("ill.attention.") for reason in desk.loan().attention]


def kinds(desk: Any, command: type[Command], on: str, **said: Any) -> list[str]:
    """What the requester is told."""
    return [message.kind for message in desk.do(command, on, **said).messages]


def overdue(desk: Any, on: str) -> Money:
    """What is owed for being overdue by that day."""
    owed: dict[str, Money] = desk.owed(on)
    return owed.get("overdue", yuan(0))


# --- a return of some pieces ----------------------------------------------------------------------


def test_the_last_piece_that_is_sent_back_makes_it_a_return(lending_desk: Any) -> None:
    """One of two leaves it with them, to be reminded of; the other one too, and it is on its way."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportReturn, "2026-02-06", items=("a",))
    loan = lending_desk.loan()
    assert (loan.state, dict(loan.reported), loan.return_reported_on) == (
        S.AT_REQUESTER,
        {"a": date(2026, 2, 6)},
        None,
    )
    assert codes(lending_desk) == ["partly-on-its-way"]
    assert lending_desk.reasons(c.Recall, "2026-02-07", due=date(2026, 2, 17), reason="馆内急需") == ()
    assert isinstance(LENDING.wake(loan, lending_desk.policy, lending_desk.at("2026-06-01")), c.NoticeDue)

    lending_desk.do(c.ReportReturn, "2026-02-08", items=("b",))
    loan = lending_desk.loan()
    assert (loan.state, loan.return_reported_on) == (S.RETURN_IN_TRANSIT, date(2026, 2, 8))
    assert codes(lending_desk) == []


def test_what_is_named_and_is_none_of_ours_is_looked_at(lending_desk: Any) -> None:
    """A piece that was never shipped: the return counts for those that were, and staff see the name."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportReturn, "2026-02-06", items=("x",))
    assert (lending_desk.loan().state, dict(lending_desk.loan().reported)) == (S.AT_REQUESTER, {})
    lending_desk.do(c.ReportReturn, "2026-02-06", items=("a", "b", "x"))
    assert lending_desk.loan().state is S.RETURN_IN_TRANSIT
    assert [dict(reason.facts)["items"] for reason in lending_desk.loan().attention] == ["a\nb\nx"]


def test_that_what_is_back_was_sent_is_no_news(lending_desk: Any) -> None:
    """Reported after it was checked in: nothing is raised, and the rest is not taken for sent."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.CheckIn, "2026-02-06", items=("a",))
    before = lending_desk.loan()
    lending_desk.do(c.ReportReturn, "2026-02-07", items=("a",))

    assert lending_desk.loan() == replace(before, version=before.version + 1)


def test_the_rest_of_a_return_is_on_its_way_still(lending_desk: Any) -> None:
    """Both were sent, one has come: the other is waited for as before."""
    lending_desk.reach(S.RETURN_IN_TRANSIT)
    lending_desk.do(c.CheckIn, "2026-02-08", items=("a",))

    loan = lending_desk.loan()
    assert (loan.state, dict(loan.reported)) == (S.RETURN_IN_TRANSIT, {"b": date(2026, 2, 5)})
    assert loan.return_reported_on == date(2026, 2, 5)


def test_what_was_not_sent_is_with_them_again(lending_desk: Any) -> None:
    """On its way as a whole, although nobody said so of the rest: once a piece has come, it may be recalled."""
    loan = lending_desk.reach(S.RETURN_IN_TRANSIT)
    lending_desk.aggregates = {**lending_desk.aggregates, loan.key: replace(loan, reported={})}
    lending_desk.do(c.CheckIn, "2026-02-08", items=("a",))

    assert lending_desk.loan().state is S.AT_REQUESTER
    assert lending_desk.reasons(c.Recall, "2026-02-09", due=date(2026, 2, 17), reason="馆内急需") == ()


def test_what_is_left_may_all_be_on_its_way(lending_desk: Any) -> None:
    """One was sent and the other one handed in, or lost: the return is waited for from the day it was sent."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportReturn, "2026-02-06", items=("a",))
    before = lending_desk.aggregates
    for kind in (c.CheckIn, c.ReportLost):
        lending_desk.aggregates = before
        lending_desk.do(kind, "2026-02-08", items=("b",))
        loan = lending_desk.loan()
        assert (loan.state, loan.return_reported_on) == (S.RETURN_IN_TRANSIT, date(2026, 2, 6))


# --- a loss of some pieces ------------------------------------------------------------------------


def test_a_piece_is_lost_and_the_rest_goes_on(lending_desk: Any) -> None:
    """Its days stop by the rule, those of the rest go on; its compensation is awaited, and may be set."""
    lending_desk.reach(S.AT_REQUESTER)
    change = lending_desk.do(c.ReportLost, "2026-03-07", items=("a",), where=WhereLost.PATRON)
    loan = lending_desk.loan()
    assert (loan.state, dict(loan.lost), loan.lost_where) == (
        S.AT_REQUESTER,
        {"a": date(2026, 3, 7)},
        WhereLost.PATRON,
    )
    assert codes(lending_desk) == ["partly-lost"]
    assert [message.kind for message in change.messages] == [messages.CHARGED]  # not that all is lost
    assert overdue(lending_desk, "2026-03-15") == yuan(5 * 2 + 5 * 10)
    assert lending_desk.relation().unsettled == (LOAN,)
    assert lending_desk.reasons(c.RequestRenewal, "2026-03-08") == ()
    lending_desk.do(c.Compensate, "2026-03-08", amount=yuan(80))
    assert lending_desk.relation().unsettled == ()

    lending_desk.rule(overdue_stops_when_lost=False)
    assert overdue(lending_desk, "2026-03-15") == yuan(2 * 5 * 10)


def test_the_last_piece_that_is_lost_makes_it_a_loss(lending_desk: Any) -> None:
    """Each has its own day; what names pieces that are lost already is no news."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportLost, "2026-03-07", items=("a",))
    lending_desk.do(c.ClearSupplyAttention, "2026-03-07", code="ill.attention.partly-lost")
    before = lending_desk.loan()
    lending_desk.do(c.ReportLost, "2026-03-08", items=("a",))
    assert lending_desk.loan() == replace(before, version=before.version + 1)
    assert kinds(lending_desk, c.ReportLost, "2026-03-10", items=("b",)) == [messages.LOST]

    loan = lending_desk.loan()
    assert (loan.state, dict(loan.lost)) == (S.LOST, {"a": date(2026, 3, 7), "b": date(2026, 3, 10)})
    assert overdue(lending_desk, "2026-04-15") == yuan(5 * 2 + 5 * 5)
    assert codes(lending_desk) == []


def test_a_loss_of_what_is_none_of_ours_is_looked_at(lending_desk: Any) -> None:
    """Nothing is lost by it; named beside all that is out, that is lost and the name is looked at."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportLost, "2026-02-07", items=("x",))
    assert (lending_desk.loan().lost_on, codes(lending_desk)) == (None, ["partly-lost"])
    lending_desk.do(c.ReportLost, "2026-02-07", items=("a", "b", "x"))
    assert lending_desk.loan().state is S.LOST
    assert len(codes(lending_desk)) == 2


def test_when_the_rest_is_back_what_is_lost_is_lost(lending_desk: Any) -> None:
    """Checked in without a name is what is not lost; settled then like any loss."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportLost, "2026-02-07", items=("a",))
    change = lending_desk.do(c.CheckIn, "2026-02-10")
    loan = lending_desk.loan()
    assert (loan.state, loan.still_out, loan.lost_on) == (S.LOST, ("a",), date(2026, 2, 7))
    assert dict(lending_desk.told(change).facts)["volumes"] == 1

    lending_desk.do(c.SettleLoss, "2026-02-11", how=Settlement.REPLACED)
    assert lending_desk.loan().state is S.CLOSED
    assert overdue(lending_desk, "2026-06-01") == yuan(0)


def test_a_lost_piece_that_comes_is_found(lending_desk: Any) -> None:
    """Its compensation is reversed, and it cost its days up to its return."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportLost, "2026-03-07", items=("a",))
    lending_desk.do(c.Compensate, "2026-03-08", amount=yuan(80))
    lending_desk.do(c.CheckIn, "2026-03-10", items=("a",))
    loan = lending_desk.loan()

    assert (loan.state, dict(loan.lost), loan.lost_on) == (S.AT_REQUESTER, {}, None)
    assert lending_desk.owed("2026-03-10")["compensation"] == yuan(0)
    assert overdue(lending_desk, "2026-03-10") == yuan(2 * 5 * 5)


def test_one_of_two_lost_pieces_comes(lending_desk: Any) -> None:
    """It was not lost, and cost its days; the other one still is, and costs none more."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportLost, "2026-03-07")
    lending_desk.do(c.Compensate, "2026-03-08", amount=yuan(80))
    lending_desk.do(c.CheckIn, "2026-03-10", items=("b",))

    assert (lending_desk.loan().state, dict(lending_desk.loan().lost)) == (S.LOST, {"a": date(2026, 3, 7)})
    assert overdue(lending_desk, "2026-04-10") == yuan(5 * 2 + 5 * 5)
    assert lending_desk.loan().compensation == yuan(80)


def test_a_lost_piece_is_found_by_the_requester(lending_desk: Any) -> None:
    """It has it again, although the rest is on its way; where nothing was lost, staff look at it."""
    lending_desk.reach(S.RETURN_IN_TRANSIT)
    lending_desk.do(c.ReportLost, "2026-02-07", items=("a",), where=WhereLost.LIBRARY)
    assert lending_desk.loan().state is S.RETURN_IN_TRANSIT
    assert kinds(lending_desk, c.ReportFound, "2026-02-08") == [messages.FOUND]
    loan = lending_desk.loan()
    assert (loan.state, dict(loan.lost), dict(loan.reported)) == (
        S.AT_REQUESTER,
        {},
        {"b": date(2026, 2, 5)},
    )

    lending_desk.do(c.ReportFound, "2026-02-09")
    assert codes(lending_desk) == ["partly-lost", "out-of-order"]


def test_what_is_kept_does_not_make_good_what_is_lost(lending_desk: Any) -> None:
    """One is lost, the other one may be kept: that is one volume, and the compensation is still to be set."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportLost, "2026-02-07", items=("a",))
    change = lending_desk.do(c.ReleaseItem, "2026-02-08")

    assert dict(lending_desk.told(change).facts)["volumes"] == 1
    assert lending_desk.relation().unsettled == (LOAN,)
    lending_desk.do(c.Compensate, "2026-02-09", amount=yuan(80))
    assert lending_desk.relation().unsettled == ()


# --- a loss contradicted --------------------------------------------------------------------------


@pytest.mark.parametrize("items", [(), ("a", "b")])
def test_what_is_on_its_way_back_was_not_lost(lending_desk: Any, items: tuple[str, ...]) -> None:
    """The loss is undone: its compensation is reversed, its days count, and the return is waited for."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.ReportLost, "2026-03-07")
    lending_desk.do(c.Compensate, "2026-03-08", amount=yuan(80))
    told = kinds(lending_desk, c.ReportReturn, "2026-03-10", items=items)

    loan = lending_desk.loan()
    assert (loan.state, loan.lost_on, loan.return_reported_on) == (
        S.RETURN_IN_TRANSIT,
        None,
        date(2026, 3, 10),
    )
    assert told == [messages.FOUND]
    assert lending_desk.owed("2026-03-10") == {
        "loan-fee": yuan(40),
        "overdue": yuan(50),
        "compensation": yuan(0),
    }


def test_of_what_is_lost_a_part_is_on_its_way_back(lending_desk: Any) -> None:
    """Staff look at it, and it stays lost; with the other one reported, or come, none of it is."""
    lending_desk.reach(S.LOST)
    lending_desk.do(c.ReportReturn, "2026-02-06", items=("a",))
    assert (lending_desk.loan().state, codes(lending_desk)) == (S.LOST, ["partly-on-its-way"])
    before = lending_desk.aggregates
    for kind, since in ((c.ReportReturn, date(2026, 2, 8)), (c.CheckIn, date(2026, 2, 6))):
        lending_desk.aggregates = before
        lending_desk.do(kind, "2026-02-08", items=("b",))
        loan = lending_desk.loan()
        assert (loan.state, loan.lost_on, loan.return_reported_on) == (S.RETURN_IN_TRANSIT, None, since)


def test_where_it_was_lost_is_learned_later(lending_desk: Any) -> None:
    """What nobody knew is taken; what contradicts it, or names what is back, is looked at."""
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.CheckIn, "2026-02-06", items=("b",))
    lending_desk.do(c.DeclareLost, "2026-02-06")
    for items, where in (((), WhereLost.PATRON), (("a",), None), ((), WhereLost.PATRON)):
        lending_desk.do(c.ReportLost, "2026-02-07", items=items, where=where)
    assert (lending_desk.loan().lost_where, codes(lending_desk)) == (WhereLost.PATRON, [])
    before = lending_desk.aggregates
    for said in ({"where": WhereLost.TRANSIT_BACK}, {"items": ("b",)}):
        lending_desk.aggregates = before
        lending_desk.do(c.ReportLost, "2026-02-07", **said)
        assert (lending_desk.loan().lost_where, codes(lending_desk)) == (WhereLost.PATRON, ["out-of-order"])


def _close(desk: Any, how: str) -> None:
    if how == "copy":
        desk.reach(S.NEW, service=Service.COPY)
        desk.do(c.SupplyCopy, "2026-02-05", delivery=Delivery(via=SentVia.MAIL), copyright_checked=True)
    elif how == "settled":
        desk.reach(S.LOST)
        desk.do(c.SettleLoss, "2026-02-05", how=Settlement.REPLACED)
    elif how == "kept":
        desk.reach(S.AT_REQUESTER)
        desk.do(c.ReleaseItem, "2026-02-05")
    elif how == "by hand":
        desk.reach(S.AT_REQUESTER)
        desk.do(c.CloseManually, "2026-02-05", reason="馆际协商")
    else:
        desk.reach(S.CLOSED)


@pytest.mark.parametrize(
    ("how", "kind", "items", "seen"),
    [
        ("settled", c.ConfirmReceipt, None, True),
        ("kept", c.ConfirmReceipt, None, False),
        ("settled", c.ReportReturn, (), True),
        ("kept", c.ReportReturn, (), True),
        ("by hand", c.ReportReturn, (), True),
        ("copy", c.ReportReturn, (), True),
        ("back", c.ReportReturn, (), False),
        ("back", c.ReportReturn, ("a",), False),
        ("back", c.ReportReturn, ("x",), True),
    ],
)
def test_what_contradicts_the_end_is_looked_at(
    lending_desk: Any, how: str, kind: type[Command], items: Any, seen: bool
) -> None:
    """Here, or sent back, although it was settled, kept or given up; what is back already is no news."""
    _close(lending_desk, how)
    lending_desk.do(kind, "2026-02-06", **({} if items is None else {"items": items}))

    assert codes(lending_desk) == (["out-of-order"] if seen else [])


# --- a return that is held ------------------------------------------------------------------------


def held(desk: Any, first: str, last: str | None) -> None:
    """The requester is to keep it on these days."""
    desk.do(c.HoldReturn, first, held=True)
    if last is not None:
        desk.do(c.HoldReturn, last, held=False)


def test_days_on_which_it_is_to_be_kept_cost_nothing(lending_desk: Any) -> None:
    """Due on 5 March and kept from the 7th to the 10th: of the 15th only six days count; spans count once."""
    lending_desk.reach(S.AT_REQUESTER)
    held(lending_desk, "2026-03-07", None)
    assert overdue(lending_desk, "2026-04-07") == yuan(2 * 5)
    lending_desk.do(c.HoldReturn, "2026-03-10", held=False)
    assert overdue(lending_desk, "2026-03-15") == yuan(2 * 5 * 6)
    held(lending_desk, "2026-03-09", "2026-03-11")
    held(lending_desk, "2026-02-06", "2026-02-05")
    assert overdue(lending_desk, "2026-03-15") == yuan(2 * 5 * 5)
    assert lending_desk.loan().held_spans[2] == HeldSpan(first=date(2026, 2, 6), last=date(2026, 2, 6))


def test_what_is_to_be_kept_is_not_overdue(lending_desk: Any) -> None:
    """Neither as it is told nor on the account, which lends on meanwhile; released, it is."""
    lending_desk.reach(S.AT_REQUESTER)
    held(lending_desk, "2026-03-01", None)
    day = date(2026, 3, 20)
    assert lending_desk.relation().out == {LOAN: OutOnLoan(volumes=2, due=date(2026, 3, 5), held=True)}
    assert (lending_desk.loan().overdue_on(day), lending_desk.relation().overdue_on(day)) == (False, ())
    lending_desk.do(c.HoldReturn, "2026-03-10", held=False)
    assert (lending_desk.loan().overdue_on(day), lending_desk.relation().overdue_on(day)) == (True, (LOAN,))


def test_the_clock_is_quiet_while_it_is_to_be_kept(lending_desk: Any) -> None:
    """Nothing is reminded of or taken for lost; afterwards the last reminder that was due, and the loss anew."""
    lending_desk.rule(lost_after=10)
    lending_desk.reach(S.AT_REQUESTER)
    held(lending_desk, "2026-02-20", None)
    assert LENDING.next_wake(lending_desk.loan(), lending_desk.policy) is None
    notice = {"due": date(2026, 3, 5), "step": 1}
    (reason,) = lending_desk.reasons(c.NoticeDue, "2026-03-20", **notice)
    assert reason.code == "ill.to-be-kept"
    clock = lending_desk.command(c.NoticeDue, "2026-03-20", **notice).by
    (reason,) = lending_desk.reasons(c.DeclareLost, "2026-06-20", by=clock)
    assert reason.code == "ill.not-taken-for-lost"

    lending_desk.do(c.HoldReturn, "2026-03-14", held=False)
    said = []
    while command := LENDING.wake(lending_desk.loan(), lending_desk.policy, lending_desk.at("2026-04-20")):
        change = lending_desk.take(command)
        day = lending_desk.policy.day(command.happened_at)
        said.append((type(command).__name__, day, dict(change.messages[-1].facts).get("days")))
    assert said == [("NoticeDue", date(2026, 3, 15), 1), ("DeclareLost", date(2026, 3, 24), None)]


def test_it_may_be_kept_to_the_end_of_the_calendar(lending_desk: Any) -> None:
    """Then there is no day left on which to remind of it."""
    loan = lending_desk.reach(S.AT_REQUESTER)
    spans = (HeldSpan(first=date(2026, 2, 6), last=date.max),)
    lending_desk.aggregates = {
        **lending_desk.aggregates,
        Key("ill.supply", LOAN): replace(loan, held_spans=spans),
    }
    assert LENDING.next_wake(lending_desk.loan(), lending_desk.policy) is None
    assert lending_desk.reasons(c.NoticeDue, "2026-06-01", due=date(2026, 3, 5), step=1) != ()


# --- what every message says, and the end of the calendar -----------------------------------------


def test_every_message_says_as_of_when_it_is(lending_desk: Any) -> None:
    """The count of the journal's entries by then, with or without costs."""
    lending_desk.relate()
    changes = [lending_desk.ask(), lending_desk.do(c.Promise, "2026-02-01")]
    changes.append(lending_desk.do(c.Ship, "2026-02-05", items=("a",)))
    changes.append(lending_desk.do(c.HoldReturn, "2026-02-06", held=True))

    assert [dict(change.messages[-1].facts)["as_of"] for change in changes] == [1, 2, 3, 4]
    assert lending_desk.loan().version == 4


def test_the_time_to_undo_ends_with_the_calendar(lending_desk: Any) -> None:
    """Shipped in the last minutes of the year 9999, it may be undone to the end."""
    lending_desk.rule(undo_minutes=60)
    lending_desk.relate()
    lending_desk.ask()
    entered = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    lending_desk.do(c.Ship, "2026-02-05", items=("a",), recorded_at=entered)

    step = lending_desk.loan().last_step
    assert step is not None
    assert step.until == datetime.max.replace(tzinfo=UTC)
    lending_desk.do(c.UndoShipment, "2026-02-05", recorded_at=entered)
    assert lending_desk.loan().items == ()
