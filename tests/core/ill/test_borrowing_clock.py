"""Every timer of the borrowing desk: not a second before, at its instant, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from borrowing_desk import CASE, LENDER, LINK, BorrowingDesk, facts_of

from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import messages as m
from servflow.core.ill.borrowing.following import next_wake, timers, wake
from servflow.core.ill.borrowing.states import CaseOutcome, CaseState, DelayKind
from servflow.core.ill.terms import CancelIntent, Level, Service
from servflow.core.worktime import Calendar

S = CaseState
END = date.max


@pytest.fixture
def desk() -> BorrowingDesk:
    """A borrowing desk without any case yet."""
    return BorrowingDesk()


def due_at(desk: BorrowingDesk, case: str = CASE) -> datetime | None:
    """When the case is to be looked at again, in the desk's zone."""
    at = next_wake(desk.case(case), desk.policy)
    return at.astimezone(desk.policy.zone) if at is not None else None


def at_its_instant(desk: BorrowingDesk, kind: Any, when: str, case: str = CASE) -> None:
    """The clock says this at that instant, and not a second before; it happens then, however late it is."""
    at = desk.at(when)
    assert due_at(desk, case) == at
    assert wake(desk.case(case), desk.policy, at - timedelta(seconds=1)) is None
    command = wake(desk.case(case), desk.policy, at + timedelta(days=1))
    assert command is not None
    assert (type(command), command.happened_at, command.case) == (kind, at, case)
    assert command.recorded_at == at + timedelta(days=1)
    command = wake(desk.case(case), desk.policy, at)
    assert command is not None
    desk.take(command)
    again = wake(desk.case(case), desk.policy, at)
    assert again is None or again.id != command.id
    assert again is None or type(again) is not kind


@pytest.mark.parametrize(
    ("level", "when"),
    [
        (Level.NORMAL, "2026-01-12T10:00"),
        (Level.RUSH, "2026-01-07T10:00"),
        (Level.EXPRESS, "2026-01-05T16:00"),
    ],
)
def test_a_silent_supplier(desk: BorrowingDesk, level: Level, when: str) -> None:
    """After its hours of working time it is told, and the next one is asked."""
    desk.send(level=level)
    at_its_instant(desk, c.TimeOut, when)

    assert (desk.case().state, desk.case().current) == (S.SENT, 2)
    assert [each.kind for each in desk.messages[-2:]] == [m.CANCEL, m.REQUEST]
    assert facts_of(desk.messages[-2])["intent"] == "leave_supplier"


def test_likely_gives_new_time(desk: BorrowingDesk) -> None:
    """The hours run from the last word that leaves it open."""
    desk.send()
    desk.do(c.HearExpect, "2026-01-07")
    at_its_instant(desk, c.TimeOut, "2026-01-14T10:00")


def test_time_outs_go_through_the_rota(desk: BorrowingDesk) -> None:
    """One after the other, to its end; then staff decide, and nothing wakes any more."""
    desk.send(suppliers=(LENDER, "CN-ZJU", "CN-SZU"))

    for month in ("02", "03", "04"):
        assert desk.clock(f"2026-{month}-02") == ["TimeOut"]
    assert (desk.case().state, due_at(desk)) == (S.ROTA_EXHAUSTED, None)


def test_a_late_clock_asks_now_not_then(desk: BorrowingDesk) -> None:
    """The next supplier has its whole time from when it is asked: one late run asks one, not the rota."""
    desk.send(suppliers=(LENDER, "CN-ZJU", "CN-SZU"))
    (late,) = desk.wakes("2026-06-01T15:00")

    assert (late.happened_at, late.recorded_at) == (desk.at("2026-01-12"), desk.at("2026-06-01T15:00"))
    assert (desk.case().state, desk.case().current) == (S.SENT, 2)
    assert desk.attempt(2).sent_at == desk.case().since == desk.at("2026-06-01T15:00")
    assert desk.messages[-1].not_before == desk.at("2026-06-01T15:05")
    at_its_instant(desk, c.TimeOut, "2026-06-08T15:00")


def test_a_late_clock_that_asks_itself_asks_now(desk: BorrowingDesk) -> None:
    """A retry whose day passed while nothing ran: its supplier is not late before it was asked."""
    desk.retry(after=date(2026, 1, 20))
    desk.do(c.AcceptRetry, "2026-01-07")

    assert desk.clock("2026-06-01T15:00") == ["Send"]
    assert desk.attempt(3).sent_at == desk.case().since == desk.at("2026-06-01T15:00")
    at_its_instant(desk, c.TimeOut, "2026-06-08T15:00")


def test_a_late_clock_asks_for_nothing_that_is_of_no_use(desk: BorrowingDesk) -> None:
    """A retry whose day, and the last day of use, have both passed: the case expires, and nobody is asked."""
    desk.send(need_before=date(2026, 1, 30))
    desk.do(c.HearRetry, "2026-01-06", after=date(2026, 1, 20))
    desk.do(c.AcceptRetry, "2026-01-07")

    assert desk.clock("2026-06-01") == ["Expire"]
    assert desk.case().outcome is CaseOutcome.EXPIRED


@pytest.mark.parametrize(
    ("intent", "state"), [(CancelIntent.END_CASE, S.CLOSED), (CancelIntent.LEAVE_SUPPLIER, S.SENT)]
)
def test_an_unanswered_cancellation(desk: BorrowingDesk, intent: CancelIntent, state: CaseState) -> None:
    """Three open days, the weekend left out; it comes in the place of the time-out."""
    desk.send()
    desk.do(c.CancelRequest, "2026-01-07", intent=intent)
    at_its_instant(desk, c.Abandon, "2026-01-13T00:00")

    assert desk.case().state is state


def test_staff_time_out_a_supplier_that_they_asked_to_cancel(desk: BorrowingDesk) -> None:
    """The case that was to end has ended with it."""
    desk.send()
    desk.do(c.CancelRequest, "2026-01-07")
    desk.do(c.TimeOut, "2026-01-12")

    assert desk.case().outcome is CaseOutcome.CANCELLED


def test_promised_and_not_shipped(desk: BorrowingDesk) -> None:
    """Five open days; staff see it, and the supplier is asked how it stands."""
    desk.promise()
    at_its_instant(desk, c.NoteDelay, "2026-01-14T00:00")

    assert desk.attention() == [("late", {"kind": "ship-by", "since": date(2026, 1, 14)})]
    assert desk.messages[-1].kind == m.STATUS_REQUEST
    assert due_at(desk) is None
    desk.do(c.HearPromise, "2026-01-15")
    at_its_instant(desk, c.NoteDelay, "2026-01-23T00:00")


def test_an_offer_not_answered(desk: BorrowingDesk) -> None:
    """When its last day is over staff see it; the supplier has nothing to answer."""
    desk.offer(reply_by=date(2026, 1, 9))
    at_its_instant(desk, c.NoteDelay, "2026-01-10T00:00")

    assert desk.attention()[0][1]["kind"] == "reply-by"
    assert desk.messages[-1].kind == m.ATTENTION
    assert due_at(desk) is None


def test_a_rejected_offer_is_not_late(desk: BorrowingDesk) -> None:
    """What is waited for then is the answer to the rejection."""
    desk.offer(reply_by=date(2026, 1, 9))
    desk.do(c.RejectOffer, "2026-01-07")
    at_its_instant(desk, c.Abandon, "2026-01-13T00:00")


def test_shipped_and_not_here(desk: BorrowingDesk) -> None:
    """Ten open days."""
    desk.ship()
    at_its_instant(desk, c.NoteDelay, "2026-01-22T00:00")

    assert desk.attention()[0][1]["kind"] == "transit"
    assert desk.messages[-1].kind == m.STATUS_REQUEST


def test_late_suppliers_are_asked_only_where_the_rules_say_so(desk: BorrowingDesk) -> None:
    """Staff see it all the same."""
    desk.rule(asks_late_suppliers=False)
    desk.promise()
    desk.clock("2026-01-20")

    assert desk.messages[-1].kind == m.ATTENTION


@pytest.mark.parametrize("state", ["review", "blocked", "routable", "retry", "exhausted"])
def test_of_no_use_any_more_before_a_supplier_has_it(desk: BorrowingDesk, state: str) -> None:
    """When the last day of use is over the case is closed, and the patron hears it."""
    said: dict[str, Any] = {"need_before": date(2026, 1, 9)}
    if state == "blocked":
        desk.know(overdue=1)
        desk.submit(**said)
    elif state == "review":
        desk.submit(**said)
    else:
        desk.rule(sends_itself=state != "routable")
        desk.send(suppliers=(LENDER,), **said)
        if state == "retry":
            desk.do(c.HearRetry, "2026-01-06")
        if state == "exhausted":
            desk.do(c.HearUnfilled, "2026-01-06")
    at_its_instant(desk, c.Expire, "2026-01-10T00:00")

    assert desk.case().outcome is CaseOutcome.EXPIRED
    assert desk.messages[-1].kind == m.EXPIRED


def test_of_no_use_any_more_while_a_supplier_has_it(desk: BorrowingDesk) -> None:
    """It is asked to cancel, once; its yes ends the case as expired."""
    desk.send(need_before=date(2026, 1, 9))
    desk.do(c.HearPromise, "2026-01-06")
    at_its_instant(desk, c.Expire, "2026-01-10T00:00")
    assert desk.case().cancelling
    assert desk.messages[-1].kind == m.CANCEL
    desk.do(c.HearCancelAnswer, "2026-01-12")
    assert desk.case().outcome is CaseOutcome.EXPIRED


def test_a_refusal_to_cancel_is_not_asked_for_again(desk: BorrowingDesk) -> None:
    """The need has been noted; when the supplier gives it up after all, the case has expired, and nobody else
    is asked.
    """
    desk.send(need_before=date(2026, 1, 9))
    desk.do(c.HearPromise, "2026-01-06")
    desk.clock("2026-01-10")
    desk.do(c.HearCancelAnswer, "2026-01-12", yes=False)
    assert "Expire" not in desk.clock("2026-02-10")
    desk.do(c.HearUnfilled, "2026-02-11")
    assert desk.case().state is S.CLOSED
    assert desk.case().outcome is CaseOutcome.EXPIRED


def test_an_abandoned_case_of_no_use_has_expired(desk: BorrowingDesk) -> None:
    """Not cancelled: nobody wished that; its supplier has three open days from when it is asked."""
    desk.send(need_before=date(2026, 1, 9))

    assert desk.clock("2026-02-02T14:00") == ["Expire"]
    cancel = desk.case().cancel
    assert cancel is not None
    assert cancel.asked_at == desk.at("2026-02-02T14:00")
    at_its_instant(desk, c.Abandon, "2026-02-06T00:00")
    assert desk.case().outcome is CaseOutcome.EXPIRED


def test_a_cancellation_that_waits_is_not_doubled(desk: BorrowingDesk) -> None:
    """The day passes while an answer is waited for: no second request to cancel."""
    desk.send(need_before=date(2026, 1, 9))
    desk.do(c.CancelRequest, "2026-01-08")

    assert desk.clock("2026-02-01") == ["Abandon"]
    assert desk.case().outcome is CaseOutcome.CANCELLED


def test_a_retry_in_its_time(desk: BorrowingDesk) -> None:
    """The supplier is asked again on the first day on which it may be."""
    desk.retry(after=date(2026, 1, 20))
    desk.do(c.AcceptRetry, "2026-01-07")
    assert desk.case().state is S.ROUTABLE
    at_its_instant(desk, c.Send, "2026-01-20T00:00")

    assert (desk.case().state, desk.case().current) == (S.SENT, 3)


def test_a_retry_with_a_supplier_that_is_closed_by_then(desk: BorrowingDesk) -> None:
    """It is passed over, and the next one asked: the clock does not try for ever."""
    desk.retry(after=date(2026, 1, 20))
    desk.do(c.AcceptRetry, "2026-01-07")
    desk.know(not_taking=(LENDER,))
    at_its_instant(desk, c.Send, "2026-01-20T00:00")

    assert (desk.case().state, desk.attempt(desk.case().current or 0).supplier) == (S.SENT, "CN-ZJU")


def test_a_retry_that_staff_hold_is_not_sent_by_the_clock(desk: BorrowingDesk) -> None:
    """Nor where the rules leave all sending to staff, nor one that was sent and undone."""
    desk.retry(after=date(2026, 1, 20))
    desk.do(c.AcceptRetry, "2026-01-07")
    held = replace(desk.case(), since=desk.at("2026-01-08"))
    assert next_wake(held, desk.policy) is None
    desk.do(c.Send, "2026-01-20")
    desk.do(c.Undo, "2026-01-20")
    assert (desk.case().state, due_at(desk)) == (S.ROUTABLE, None)

    desk.rule(sends_itself=False)
    desk.send(case="B-2")
    desk.do(c.Send, "2026-01-05", case="B-2")
    desk.do(c.HearRetry, "2026-01-06", case="B-2", after=date(2026, 1, 20))
    desk.do(c.AcceptRetry, "2026-01-07", case="B-2")
    assert due_at(desk, "B-2") is None


def test_a_retry_whose_day_has_come_is_sent_at_once(desk: BorrowingDesk) -> None:
    """There is nothing to wait for."""
    desk.retry(after=date.min)
    desk.do(c.AcceptRetry, "2026-01-07")

    assert desk.case().state is S.SENT


def test_a_retry_not_taken_up(desk: BorrowingDesk) -> None:
    """When its last day is over the next one is asked."""
    desk.retry(before=date(2026, 1, 20))
    at_its_instant(desk, c.DeclineRetry, "2026-01-21T00:00")

    assert (desk.case().state, desk.case().current) == (S.SENT, 2)


def test_the_patron_is_reminded(desk: BorrowingDesk) -> None:
    """Three days before, one, seven and fourteen days after; each once, by the same key whenever it is made."""
    desk.lend()
    at_its_instant(desk, c.RemindPatron, "2026-03-03T00:00")
    assert (desk.messages[-1].kind, facts_of(desk.messages[-1])) == (m.DUE_SOON, {"due": date(2026, 3, 6)})
    assert desk.messages[-1].key == "ill.borrowing/B-1/term-1/1"
    for step, day, days in ((2, "2026-03-07", 1), (3, "2026-03-13", 7), (4, "2026-03-20", 14)):
        at_its_instant(desk, c.RemindPatron, f"{day}T00:00")
        facts = facts_of(desk.messages[-1])
        assert (desk.messages[-1].kind, facts["days"]) == (m.OVERDUE, days)
        assert desk.messages[-1].key == f"ill.borrowing/B-1/term-1/{step}"
        assert set(desk.messages[-1].supersedes) == {m.DUE_SOON, m.OVERDUE}
    assert due_at(desk) is None


def test_an_overdue_reminder_says_what_it_costs_by_now(desk: BorrowingDesk) -> None:
    """By the lender's rate and clause; nothing is posted before it is brought back."""
    desk.lend()
    desk.clock("2026-03-14")
    told = desk.messages[-1]

    assert str(facts_of(told)["amount"]) == str(desk.owed("2026-03-13")["overdue"])
    assert [(each.code, each.clause.id if each.clause else None) for each in told.reasons] == [
        ("ill.overdue-by-lenders-rules", "NLC-12")
    ]
    assert desk.postings == ()


def test_where_the_lenders_rate_is_not_known_a_reminder_names_no_amount(desk: BorrowingDesk) -> None:
    """It reminds all the same."""
    desk.lend()
    desk.policy = replace(desk.policy, lenders={})
    desk.clock("2026-03-14")

    assert "amount" not in facts_of(desk.messages[-1])
    assert desk.messages[-1].reasons == ()


def test_what_is_lent_late_is_not_reminded_of_days_gone_by(desk: BorrowingDesk) -> None:
    """He who takes it two days before the due date hears at the desk; the next is when it is overdue."""
    desk.receive()
    desk.do(c.CheckOut, "2026-03-04")
    at_its_instant(desk, c.RemindPatron, "2026-03-07T00:00")

    assert desk.messages[-1].kind == m.OVERDUE


def test_a_new_term_begins_its_reminders_anew(desk: BorrowingDesk) -> None:
    """After a recall and after a renewal; days that have passed already are left out."""
    desk.rule(renewals=1)
    desk.lend()
    desk.clock("2026-03-03")
    desk.do(c.RenewLoan, "2026-03-03")
    desk.do(c.HearRenewalAnswer, "2026-03-04", yes=True, due=date(2026, 4, 3))
    at_its_instant(desk, c.RemindPatron, "2026-03-31T00:00")
    assert desk.messages[-1].key == "ill.borrowing/B-1/term-2/1"
    desk.do(c.HearRecall, "2026-03-31", due=date(2026, 4, 1))
    assert desk.case().noticed == 1
    at_its_instant(desk, c.RemindPatron, "2026-04-02T00:00")
    assert desk.messages[-1].key == "ill.borrowing/B-1/term-3/2"


def test_a_return_that_nobody_confirms(desk: BorrowingDesk) -> None:
    """After twenty open days it is closed, flagged and shown; unsent notices are withdrawn."""
    desk.return_it()
    at_its_instant(desk, c.CloseUnconfirmed, "2026-03-10T00:00")

    it = desk.case()
    assert (it.outcome, it.unconfirmed) == (CaseOutcome.RETURNED, True)
    assert desk.attention() == [("unconfirmed", {"supplier": LENDER})]


def test_a_copy_nobody_complains_of(desk: BorrowingDesk) -> None:
    """After five open days it counts as handed over; a complaint stops that, a better copy starts it anew."""
    desk.deliver()
    desk.do(c.ReportDefect, "2026-01-08")
    assert {timer.kind for timer in timers(desk.case(), desk.policy)} == {c.NoteDelay}
    desk.do(c.HearShipped, "2026-01-12", service=Service.COPY, items=(), due=None, delivery=LINK)
    at_its_instant(desk, c.HandOver, "2026-01-20T00:00")

    assert desk.case().outcome is CaseOutcome.COPY_DELIVERED


def test_a_better_copy_that_does_not_come(desk: BorrowingDesk) -> None:
    """Five open days from the complaint it is late, once; a better one starts it anew."""
    desk.deliver()
    desk.do(c.ReportDefect, "2026-01-09")
    at_its_instant(desk, c.NoteDelay, "2026-01-17T00:00")
    assert desk.attention() == [("late", {"kind": "replacement", "since": date(2026, 1, 17)})]
    assert (desk.messages[-1].kind, desk.case().state) == (m.ATTENTION, S.DELIVERED)
    assert due_at(desk) is None

    desk.do(c.HearShipped, "2026-01-19", service=Service.COPY, items=(), due=None, delivery=LINK)
    desk.do(c.ReportDefect, "2026-01-20")
    at_its_instant(desk, c.NoteDelay, "2026-01-28T00:00")


@pytest.mark.parametrize("when", ["draft", "receive", "take_back"])
def test_what_waits_for_people_only(desk: BorrowingDesk, when: str) -> None:
    """Nothing wakes a draft, or what stands on our own shelf."""
    getattr(desk, when)()

    assert due_at(desk) is None
    assert desk.clock("2027-01-01") == []


def test_nothing_wakes_a_closed_case(desk: BorrowingDesk) -> None:
    """Whatever was waited for before."""
    desk.return_it()
    desk.do(c.HearCheckedIn, "2026-02-10")

    assert list(timers(desk.case(), desk.policy)) == []


def test_a_run_after_a_month_notes_the_same_as_a_run_a_day(desk: BorrowingDesk) -> None:
    """Each command happens at its instant, in their order; what is asked of a supplier is asked now."""
    other = BorrowingDesk()
    for each in (desk, other):
        each.send(need_before=date(2026, 1, 30))
        each.do(c.HearPromise, "2026-01-06")
    daily = [
        (type(command).__name__, command.happened_at)
        for day in range(60)
        for command in desk.wakes(str(date(2026, 1, 6) + timedelta(days=day)))
    ]
    late = [(type(command).__name__, command.happened_at) for command in other.wakes("2026-03-06")]

    assert [name for name, _ in daily] == ["NoteDelay", "Expire", "Abandon"]
    assert late == daily[:2]
    assert [type(command).__name__ for command in other.wakes("2026-03-12")] == ["Abandon"]


def test_the_ends_of_the_calendar(desk: BorrowingDesk) -> None:
    """Systems say 9999-12-31 where they mean "no day"; nothing breaks of it, and nothing wakes soon."""
    desk.offer(reply_by=END)
    desk.do(c.AcceptOffer, "2026-01-06")
    desk.do(c.HearShipped, "2026-01-07", due=END)
    desk.do(c.Receive, "2026-01-12")
    desk.do(c.CheckOut, "2026-01-12")
    assert due_at(desk) is not None
    desk.do(c.HearRecall, "2026-01-13", due=date.min)
    assert desk.case().due == date(2026, 1, 13)

    desk.send(case="B-2", need_before=END)
    desk.do(c.HearRetry, "2026-01-06", case="B-2", before=END, after=END)
    assert due_at(desk, "B-2") is not None
    desk.do(c.AcceptRetry, "2026-01-06", case="B-2")
    assert due_at(desk, "B-2") is not None

    desk.send(case="B-3")
    desk.do(c.HearShipped, "2026-01-07", case="B-3", due=date.min)
    assert desk.case("B-3").patron_due == date(2026, 1, 8)
    desk.send(case="B-4")
    desk.do(c.HearRetry, "2026-01-06", case="B-4", before=date.min)
    assert desk.clock("2026-01-06T23:59", "B-4") == []
    assert desk.clock("2026-01-07", "B-4") == ["DeclineRetry"]


def test_reminders_end_with_the_calendar(desk: BorrowingDesk) -> None:
    """Those that would lie beyond it are none; the first and the last day of it are days."""
    day = timedelta(days=1)

    assert desk.policy.reminders(END) == (END - 3 * day,)
    assert desk.policy.reminders(END - day) == (END - 4 * day, END)
    assert desk.policy.reminders(date.min) == (date.min + day, date.min + 7 * day, date.min + 14 * day)
    assert desk.policy.reminders(date.min + 3 * day)[0] == date.min


# --- closed days ---------------------------------------------------------------------------------------------------


def test_a_due_date_on_a_day_on_which_nobody_is_here(desk: BorrowingDesk) -> None:
    """The patron is told the last open day before it: Friday for Sunday."""
    desk.ship(due=date(2026, 3, 8))

    assert (desk.case().due, desk.case().patron_due) == (date(2026, 3, 8), date(2026, 3, 6))


def test_a_due_date_in_a_vacation(desk: BorrowingDesk) -> None:
    """It is the last open day before the vacation, however long that is; a recall gives no days after it."""
    vacation = {date(2026, 7, 11) + timedelta(days=n): () for n in range(50)}
    desk.policy = replace(desk.policy, calendar=closed(desk.policy.calendar, vacation))
    desk.ship(due=date(2026, 8, 20))
    assert desk.case().patron_due == date(2026, 7, 10)
    change = desk.do(c.HearRecall, "2026-07-20", due=date(2026, 7, 25))
    assert desk.case().patron_due == date(2026, 7, 10)
    assert "patron.recalled" not in desk.kinds(change)

    desk.send(case="B-2", suppliers=("CN-ZJU",))
    desk.do(c.HearShipped, "2026-01-07", case="B-2", due=date(2026, 8, 20))
    for kind in (c.Receive, c.CheckOut):
        desk.do(kind, "2026-01-12", case="B-2")
    change = desk.do(c.HearRecall, "2026-07-20", case="B-2", due=date(2026, 7, 25))
    assert facts_of(change.messages[0])["due"] == date(2026, 8, 31)
    assert desk.case("B-2").patron_due == date(2026, 7, 10)


def closed(calendar: Calendar, days: dict[date, Any]) -> Calendar:
    """The calendar with these days closed besides."""
    return Calendar(
        calendar.name,
        calendar.zone,
        weekly=calendar.weekly,
        exceptions={**calendar.exceptions, **days},
    )


def test_every_kind_of_delay_is_waited_for_somewhere() -> None:
    """The need that has passed is noted by the cancellation; the others by the state."""
    from servflow.core.ill.borrowing.guards import LATE_IN

    assert {*LATE_IN.values(), DelayKind.NEED_BEFORE} == set(DelayKind)
