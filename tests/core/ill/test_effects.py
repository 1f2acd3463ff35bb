"""What follows when something is said to the lending desk: the loan, the account, the books, the words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from servflow.core.changes import Actor, Key, Office, Withdrawal
from servflow.core.errors import Refused
from servflow.core.fees.assessment import open_items
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.model import OutOnLoan
from servflow.core.ill.lending.states import (
    Closing,
    InstitutionKind,
    RelationState,
    SecurityKind,
    SupplyState,
)
from servflow.core.ill.lending.table import LENDING
from servflow.core.ill.terms import Settlement, Unfilled
from servflow.core.ledger import Account, AccountKind, balance, settlement
from servflow.core.lifecycle import NOT_YOURS
from servflow.core.money import Money

LOAN = "CN-320500/1"
BORROWER = "CN-320500"
DUE = date(2026, 2, 28)
RECEIVABLE = Account(AccountKind.RECEIVABLE, BORROWER)
PREPAID = Account(AccountKind.PREPAYMENT, BORROWER)
WAIVED = Account(AccountKind.WAIVED, "CN-NLC")
CASH = Account(AccountKind.CASH, "CN-NLC")


def yuan(amount: int) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


def still_open(desk):
    """What the account holds as open, by loan and kind."""
    return {about: item.outstanding for about, item in desk.relation().open.items()}


def prepaid(desk):
    """What the account holds as prepayment."""
    return desk.relation().secured(SecurityKind.PREPAYMENT)


def moved(change):
    """From where to where, how much, for what."""
    return [(str(p.debit), str(p.credit), p.amount, p.kind) for p in change.postings]


def facts(change):
    """The facts of the last thing that was told."""
    return dict(change.messages[-1].facts)


@pytest.fixture
def fined(lending_desk):
    """One volume, due on 28 February; on 5 March the fine of five days was charged. The fee is paid."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Pay, "2026-02-01", amount=yuan(20))
    lending_desk.do(c.Assess, "2026-03-05")
    return lending_desk


@pytest.fixture(autouse=True)
def _account_is_the_books(lending_desk):
    """After every test: what the account says is what the postings come to, and nothing was lost."""
    yield
    postings = lending_desk.postings
    if Key("ill.relation", BORROWER) not in lending_desk.aggregates:
        return
    found = settlement(postings, RECEIVABLE, "CNY")
    assert found.conserved
    assert found.credited == yuan(0)
    opened = {f"{it.subject}/{it.kind}": it.outstanding for it in open_items(postings, RECEIVABLE, "CNY")}
    assert still_open(lending_desk) == opened
    assert balance(postings, PREPAID, "CNY") == (prepaid(lending_desk) or yuan(0))
    assert len({posting.key for posting in postings}) == len(postings)


# --- a request and its answer ---------------------------------------------------------------------


def test_a_promise_can_be_taken_back(lending_desk):
    """The borrower hears of the promise, then that it is only likely; each overtakes the other unsent."""
    lending_desk.relate()
    lending_desk.ask()
    promised = lending_desk.do(c.Promise, "2026-01-31")
    expected = lending_desk.do(c.Expect, "2026-02-01")

    assert lending_desk.loan().state is SupplyState.CHECKING
    (message,) = expected.messages
    assert (message.kind, message.to) == (messages.EXPECTED, BORROWER)
    assert messages.PROMISED in message.supersedes
    assert messages.EXPECTED in promised.messages[0].supersedes


def test_the_staff_answer_no_with_a_code(lending_desk):
    """What is not on the shelf is answered unfilled; no delivery is offered for what could be lent."""
    lending_desk.relate()
    lending_desk.ask()
    change = lending_desk.do(c.CannotSupply, "2026-02-01", why=Unfilled.NOT_ON_SHELF)

    loan = lending_desk.loan()
    assert (loan.closing, loan.why_unfilled) == (Closing.UNFILLED, Unfilled.NOT_ON_SHELF)
    assert facts(change)["why"] == "NotOnShelf"
    assert lending_desk.told(change).reasons == ()


def test_a_request_closed_by_hand_costs_nothing(lending_desk):
    """Nothing was shipped, so nothing is charged, and the account hears nothing."""
    lending_desk.relate()
    lending_desk.ask()
    change = lending_desk.do(c.CloseManually, "2026-02-01", reason="重复录入")

    assert lending_desk.loan().closing is Closing.MANUAL
    assert change.postings == ()
    assert [type(entry.command) for entry in change.entries] == [c.CloseManually]


def test_a_loan_closed_by_hand_owes_what_it_owed_that_day(lending_desk):
    """The fine up to that day is charged and stops, nothing is out any more, nobody is reminded."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    change = lending_desk.do(c.CloseManually, "2026-03-02", reason="馆际协商")

    assert still_open(lending_desk) == {f"{LOAN}/loan-fee": yuan(20), f"{LOAN}/overdue": yuan(10)}
    assert lending_desk.owed("2026-12-31")["overdue"] == yuan(10)
    assert lending_desk.relation().out == {}
    assert change.withdrawals == (Withdrawal(Key("ill.supply", LOAN), (messages.DUE_SOON, messages.OVERDUE)),)
    assert change.wakes[0] == (Key("ill.supply", LOAN), None)


def test_closing_by_hand_what_is_lost_keeps_the_day_of_the_loss(lending_desk):
    """The fine stopped when it was lost; closing it later charges no day more."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.DeclareLost, "2026-03-01")
    lending_desk.do(c.CloseManually, "2026-06-01", reason="无法索赔")

    assert lending_desk.loan().stopped_on == date(2026, 3, 1)
    assert still_open(lending_desk)[f"{LOAN}/overdue"] == yuan(5)


def test_who_has_no_account_is_charged_all_the_same(lending_desk):
    """Without a relation the postings are made, and no account is told."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    account = Key("ill.relation", BORROWER)
    lending_desk.aggregates = {key: it for key, it in lending_desk.aggregates.items() if key != account}
    change = lending_desk.do(c.CheckIn, "2026-03-02")

    assert moved(change) == [("receivable/CN-320500", "income/overdue", yuan(10), "overdue")]
    assert [type(entry.command) for entry in change.entries] == [c.CheckIn]
    assert (account, 0) in change.expects


# --- the term -------------------------------------------------------------------------------------


def test_a_declined_renewal_leaves_the_old_due_day(lending_desk):
    """The borrower is told the day and the reason; nothing is counted as renewed."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.RequestRenewal, "2026-02-20", reason="课程未结束")
    change = lending_desk.do(c.DeclineRenewal, "2026-02-21", reason="馆内急需")

    loan = lending_desk.loan()
    assert (loan.due, loan.renewals, loan.renewal_asked_on) == (DUE, 0, None)
    assert lending_desk.told(change).kind == messages.RENEWAL_DECLINED
    assert (facts(change)["due"], facts(change)["reason"]) == (DUE, "馆内急需")


def test_a_recall_answers_the_renewal_that_waits(lending_desk):
    """There is nothing left to answer, and the message that it was asked for is overtaken."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.RequestRenewal, "2026-02-05", reason="课程未结束")
    change = lending_desk.do(c.Recall, "2026-02-06", due=date(2026, 2, 16), reason="馆内急需")

    assert lending_desk.loan().renewal_asked_on is None
    assert messages.RENEWAL_ASKED in lending_desk.told(change).supersedes


def test_a_recall_to_the_day_it_is_made_skips_the_reminders_that_are_behind(lending_desk):
    """What would have been three days before is not sent; the next is the one of the day after."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    change = lending_desk.do(c.Recall, "2026-02-05", due=date(2026, 2, 5), reason="馆内急需")

    assert (lending_desk.loan().due, lending_desk.loan().noticed) == (date(2026, 2, 5), 1)
    wakes = dict(change.wakes)
    assert wakes[Key("ill.supply", LOAN)] == datetime(2026, 2, 6, tzinfo=lending_desk.policy.zone)


# --- reminders ------------------------------------------------------------------------------------


def test_a_reminder_before_the_due_day_says_when_it_is_due(lending_desk):
    """Its key names the term and the step, so that it is the same whenever it is made."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    change = lending_desk.do(c.NoticeDue, "2026-02-25", due=DUE, step=1)

    (message,) = change.messages
    assert (message.kind, message.key) == (messages.DUE_SOON, f"ill.supply/{LOAN}/term-1/1")
    assert facts(change)["due"] == DUE
    assert "amount" not in facts(change)


def test_a_reminder_after_the_due_day_says_what_is_owed_by_then(lending_desk):
    """Days, volumes still out and the amount up to that day, by the rate and its clause; nothing is posted."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.NoticeDue, "2026-02-25", due=DUE, step=1)
    lending_desk.do(c.CheckIn, "2026-02-26", items=("a",))
    change = lending_desk.do(c.NoticeDue, "2026-03-01", due=DUE, step=2)
    later = lending_desk.do(c.NoticeDue, "2026-03-08", due=DUE, step=3)

    said = facts(change)
    assert (said["days"], said["volumes"], said["items"], said["amount"]) == (1, 1, "b", yuan(5))
    assert (facts(later)["days"], facts(later)["amount"]) == (8, yuan(40))
    (reason,) = lending_desk.told(change).reasons
    assert (reason.code, reason.clause.id) == ("ill.overdue-charged", "NLC-12")
    assert dict(reason.facts) == {"rate": yuan(5)}
    assert change.postings == ()
    assert messages.OVERDUE in later.messages[0].supersedes


def test_where_days_cost_nothing_the_reminder_says_so(lending_desk):
    """A library without a fine reminds all the same, of nothing owed."""
    lending_desk.rule(overdue_rate=yuan(0))
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.NoticeDue, "2026-02-25", due=DUE, step=1)

    assert facts(lending_desk.do(c.NoticeDue, "2026-03-01", due=DUE, step=2))["amount"] == yuan(0)


def test_the_clock_says_one_reminder_after_the_other(lending_desk):
    """Not before its instant; each happened at the beginning of its day, however late it is said."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    policy = lending_desk.policy
    late = lending_desk.at("2026-06-01")
    assert LENDING.wake(lending_desk.loan(), policy, lending_desk.at("2026-02-24")) is None

    happened = []
    while (notice := LENDING.wake(lending_desk.loan(), policy, late)) is not None:
        lending_desk.take(notice)
        assert isinstance(notice, c.NoticeDue)
        happened.append((notice.step, notice.happened_at))
        assert notice.recorded_at == late

    days = ((2, 25), (3, 1), (3, 8), (3, 22))
    assert happened == [
        (step, datetime(2026, *day, tzinfo=policy.zone)) for step, day in enumerate(days, start=1)
    ]
    assert LENDING.next_wake(lending_desk.loan(), policy) is None


def test_the_clock_reminds_only_while_the_loan_is_with_them(lending_desk):
    """It takes nothing back, waits for nothing before shipping, and for the parcel once it is sent back."""
    lending_desk.relate()
    lending_desk.ask()
    assert LENDING.wake(lending_desk.loan(), lending_desk.policy, lending_desk.at("2027-01-01")) is None
    lending_desk.do(c.Ship, "2026-01-31", items=("a",))
    clock = Actor("clock", "CN-NLC", Office.CLOCK)
    (reason,) = lending_desk.reasons(c.CheckIn, "2026-02-10", by=clock)
    assert reason.code == NOT_YOURS

    lending_desk.do(c.ReportReturn, "2026-02-10")

    late = LENDING.wake(lending_desk.loan(), lending_desk.policy, lending_desk.at("2027-01-01"))
    assert isinstance(late, c.NoteReturnDelay)  # and no more reminders
    lending_desk.take(late)
    assert LENDING.next_wake(lending_desk.loan(), lending_desk.policy) is None
    assert LENDING.wake(lending_desk.loan(), lending_desk.policy, lending_desk.at("2027-01-01")) is None


def test_shipping_that_is_entered_late_is_reminded_of_all_the_same(lending_desk):
    """Entered after the due day, no step is left out; the later reminder overtakes the earlier unsent."""
    lending_desk.relate()
    lending_desk.ask()
    entered = lending_desk.at("2026-03-01")
    lending_desk.do(c.Ship, "2026-01-31", items=("a",), recorded_at=entered)

    said = []
    while (notice := LENDING.wake(lending_desk.loan(), lending_desk.policy, entered)) is not None:
        said += lending_desk.take(notice).messages
    assert [message.kind for message in said] == [messages.DUE_SOON, messages.OVERDUE]
    assert messages.DUE_SOON in said[1].supersedes


def test_another_due_day_has_reminders_of_its_own(lending_desk):
    """Renewed, the loan is in its second term: the first step is said again, under another key."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    first = lending_desk.do(c.NoticeDue, "2026-02-25", due=DUE, step=1)
    lending_desk.renew("2026-02-26")
    again = lending_desk.do(c.NoticeDue, "2026-03-12", due=date(2026, 3, 15), step=1)

    keys = [message.key for message in (*first.messages, *again.messages)]
    assert keys == [f"ill.supply/{LOAN}/term-1/1", f"ill.supply/{LOAN}/term-2/1"]


# --- return ---------------------------------------------------------------------------------------


def test_some_pieces_come_back_and_the_rest_goes_on(lending_desk):
    """The account holds what is still out; the borrower hears how many are left."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b", "c"))
    change = lending_desk.do(c.CheckIn, "2026-02-10", items=("b",))

    assert lending_desk.loan().state is SupplyState.SHIPPED
    assert lending_desk.loan().still_out == ("a", "c")
    assert lending_desk.relation().out == {LOAN: OutOnLoan(volumes=2, due=DUE)}
    assert lending_desk.told(change).kind == messages.PARTLY_BACK
    assert (facts(change)["volumes"], facts(change)["left"]) == (1, 2)


def test_naming_the_last_pieces_closes_the_loan(lending_desk):
    """As naming nothing does; the borrower hears what the loan has cost in all."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-02-10", items=("a",))
    change = lending_desk.do(c.CheckIn, "2026-03-02", items=("b",))

    assert lending_desk.loan().closing is Closing.COMPLETED
    assert facts(change)["charges"] == yuan(40 + 10)
    assert lending_desk.relation().out == {}


def test_asking_twice_what_is_owed_posts_it_once(lending_desk):
    """The second statement of a day posts nothing and tells the account nothing; a later one the difference."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    first = lending_desk.do(c.Assess, "2026-03-02")
    again = lending_desk.do(c.Assess, "2026-03-02")
    later = lending_desk.do(c.Assess, "2026-03-05")

    assert [posting.amount for posting in first.postings] == [yuan(10)]
    assert again.postings == ()
    assert [type(entry.command) for entry in again.entries] == [c.Assess]
    assert [posting.amount for posting in later.postings] == [yuan(15)]
    assert still_open(lending_desk)[f"{LOAN}/overdue"] == yuan(25)


def test_what_is_dated_back_does_not_undo_what_was_charged_since(fined):
    """A statement of 2 March, entered after that of 5 March, posts nothing and reverses nothing."""
    change = fined.do(c.Assess, "2026-03-02", recorded_at=fined.at("2026-03-06"))

    assert change.postings == ()
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(25)}


def test_a_borrower_cannot_date_its_loss_back_behind_a_fine(fined):
    """Reported lost since 2 March after five days were charged: the five days stay."""
    fined.do(c.ReportLost, "2026-03-02", recorded_at=fined.at("2026-03-06"))

    assert fined.loan().stopped_on == date(2026, 3, 5)
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(25)}


def test_the_library_may_date_a_loss_back(fined):
    """Declared lost since 2 March by the library itself: three of the five days are reversed."""
    fined.do(c.DeclareLost, "2026-03-02", recorded_at=fined.at("2026-03-06"))

    assert fined.loan().stopped_on == date(2026, 3, 2)
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(10)}


def test_what_falls_into_a_closed_period_counts_on_the_first_open_day(lending_desk):
    """Charges and payments alike; the day on which it happened stays on the posting."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.policy = replace(lending_desk.policy, closed_through=date(2026, 3, 31))
    entered = lending_desk.at("2026-04-02")
    charged = lending_desk.do(c.CheckIn, "2026-03-02", recorded_at=entered)
    paid = lending_desk.do(c.Pay, "2026-03-30", amount=yuan(30), recorded_at=entered)

    days = [(p.value_date, p.happened_on) for p in (*charged.postings, *paid.postings)]
    assert days == [
        (date(2026, 4, 1), date(2026, 3, 2)),
        (date(2026, 4, 1), date(2026, 3, 30)),
        (date(2026, 4, 1), date(2026, 3, 30)),
    ]


# --- loss and damage ------------------------------------------------------------------------------


def test_a_loss_charges_the_days_so_far_and_stays_out(lending_desk):
    """Only what is still out is lost; the account holds it until the loss is settled."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-02-10", items=("a",))
    lending_desk.do(c.RequestRenewal, "2026-02-20", reason="课程未结束")
    change = lending_desk.do(c.ReportLost, "2026-03-02")

    assert (facts(change)["volumes"], facts(change)["items"]) == (1, "b")
    assert still_open(lending_desk)[f"{LOAN}/overdue"] == yuan(10)
    assert lending_desk.loan().renewal_asked_on is None
    assert lending_desk.relation().volumes_out == 1
    assert change.withdrawals != ()


def test_the_risk_of_the_return_post_may_be_the_librarys(lending_desk):
    """Where the rules do not put it on the sender, loss and damage are compensated like any other."""
    lending_desk.rule(return_post_at_senders_risk=False)
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportReturn, "2026-02-10")
    damaged = lending_desk.do(c.RecordDamage, "2026-02-11", item="NLC-1", note="水渍", in_post=True)
    lost = lending_desk.do(c.DeclareLost, "2026-02-28")

    assert lending_desk.cited(lending_desk.told(damaged).reasons) == [("ill.damage-compensated", "NLC-7")]
    assert lending_desk.cited(lending_desk.told(lost).reasons) == [("ill.loss-compensated", "NLC-7")]


def test_every_damage_is_on_record(lending_desk):
    """Which item, when, what and where it happened; one does not replace another."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.RecordDamage, "2026-02-11", item="a", note="水渍")
    change = lending_desk.do(c.RecordDamage, "2026-02-12", item="b", note="缺页", in_post=True)

    found = [(damage.item, damage.on, damage.note, damage.in_post) for damage in lending_desk.loan().damages]
    assert found == [("a", date(2026, 2, 11), "水渍", False), ("b", date(2026, 2, 12), "缺页", True)]
    assert (facts(change)["item"], facts(change)["note"]) == ("b", "缺页")


def test_a_compensation_that_is_set_anew_posts_the_difference(lending_desk):
    """Up, down, and to nothing: the account holds what was set last."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    posted = []
    for amount in (180, 200, 150, 0):
        change = lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(amount))
        posted += [(str(posting.debit), posting.amount) for posting in change.postings]
        assert still_open(lending_desk).get(f"{LOAN}/compensation") == (yuan(amount) or None)

    receivable, income = "receivable/CN-320500", "income/compensation"
    assert posted == [
        (receivable, yuan(180)),
        (receivable, yuan(20)),
        (income, yuan(50)),
        (income, yuan(150)),
    ]


@pytest.mark.parametrize("how", [Settlement.REPLACED, Settlement.WAIVED])
def test_a_settled_loss_is_closed_and_off_the_account(lending_desk, how):
    """Nothing is out any more, the borrower hears how it was settled, and may borrow again."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    change = lending_desk.do(c.SettleLoss, "2026-03-20", how=how)

    loan = lending_desk.loan()
    assert (loan.closing, loan.stopped_on) == (Closing.LOST_SETTLED, date(2026, 2, 10))
    assert lending_desk.relation().out == {}
    assert facts(change)["how"] == how.value
    lending_desk.ask("2026-03-21", case="next")
    assert lending_desk.reasons(c.Ship, "2026-03-21", items=("b",), case="next") == ()


@pytest.mark.parametrize("how", [Settlement.REPLACED, Settlement.WAIVED])
def test_what_is_replaced_or_waived_is_not_paid_for(lending_desk, how):
    """The compensation that was set is reversed; what was paid of it is a credit."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(180))
    lending_desk.do(c.Pay, "2026-02-13", amount=yuan(100))
    lending_desk.do(c.SettleLoss, "2026-02-20", how=how)

    assert lending_desk.loan().compensation is None
    assert still_open(lending_desk) == {}
    assert prepaid(lending_desk) == yuan(80)  # the fee of twenty was paid from it first


def test_a_loss_that_was_paid_for_keeps_its_compensation(lending_desk):
    """Nothing is reversed, and nothing more is owed."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(180))
    lending_desk.do(c.Pay, "2026-02-13", amount=yuan(200))
    change = lending_desk.do(c.SettleLoss, "2026-02-20", how=Settlement.PAID)

    assert lending_desk.loan().compensation == yuan(180)
    assert change.postings == ()
    assert prepaid(lending_desk) is None


def test_where_a_loss_stops_nothing_its_settlement_does(lending_desk):
    """The days go on until the loss is settled, and no longer."""
    lending_desk.rule(overdue_stops_when_lost=False)
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.DeclareLost, "2026-03-01")
    lending_desk.do(c.SettleLoss, "2026-03-03", how=Settlement.REPLACED)

    assert lending_desk.loan().stopped_on == date(2026, 3, 3)
    assert lending_desk.owed("2026-12-31")["overdue"] == yuan(15)


def test_what_was_lost_and_paid_and_comes_back_is_credited(lending_desk):
    """The compensation is reversed and becomes a prepayment, less the days it was late after all."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Pay, "2026-02-01", amount=yuan(20))
    lending_desk.do(c.ReportLost, "2026-02-10")
    lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(180))
    lending_desk.do(c.Pay, "2026-02-13", amount=yuan(180))
    change = lending_desk.do(c.CheckIn, "2026-03-02")

    loan = lending_desk.loan()
    assert (loan.closing, loan.compensation, loan.stopped_on) == (Closing.COMPLETED, None, None)
    assert moved(change) == [
        ("receivable/CN-320500", "income/overdue", yuan(10), "overdue"),
        ("income/compensation", "receivable/CN-320500", yuan(180), "compensation"),
        ("receivable/CN-320500", "prepayment/CN-320500", yuan(180), "compensation"),
        ("prepayment/CN-320500", "receivable/CN-320500", yuan(10), "overdue"),
    ]
    assert prepaid(lending_desk) == yuan(170)
    assert still_open(lending_desk) == {}


def test_a_damage_is_compensated_although_the_volume_came_back(lending_desk):
    """What came back damaged keeps its compensation; only one for a mere loss is reversed."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.RecordDamage, "2026-02-10", item="NLC-1", note="水渍")
    lending_desk.do(c.Compensate, "2026-02-11", amount=yuan(60))
    lending_desk.do(c.CheckIn, "2026-02-12")

    assert lending_desk.loan().compensation == yuan(60)
    assert still_open(lending_desk)[f"{LOAN}/compensation"] == yuan(60)


# --- the relation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("approved", [False, True])
def test_an_application_may_be_declined_until_it_is_signed(lending_desk, approved):
    """With a reason, which the institution hears; after that nothing more is said to it."""
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.UNIVERSITY_LIBRARY)
    if approved:
        lending_desk.do(c.Approve, "2026-01-03")
    change = lending_desk.do(c.Decline, "2026-01-04", reason="材料不全")

    assert (lending_desk.relation().state, lending_desk.relation().why) == (
        RelationState.DECLINED,
        "材料不全",
    )
    assert (lending_desk.told(change).kind, lending_desk.told(change).to) == (messages.DECLINED, BORROWER)
    assert facts(change) == {"reason": "材料不全"}
    with pytest.raises(Refused):
        lending_desk.do(c.Sign, "2026-01-05", agreements=("borrowing", "copyright"))


def test_approval_without_a_security_asks_for_none(lending_desk):
    """Only the agreements are left to be signed."""
    lending_desk.rule(security=())
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.UNIVERSITY_LIBRARY)
    change = lending_desk.do(c.Approve, "2026-01-03")

    assert [reason.code for reason in lending_desk.told(change).reasons] == ["ill.agreement-missing"] * 2


def test_a_suspension_has_a_reason_and_an_end(lending_desk):
    """The institution hears both; reinstated, no reason is left."""
    lending_desk.relate()
    suspended = lending_desk.do(c.Suspend, "2026-02-01", reason="涂改索书单")
    assert (lending_desk.relation().state, lending_desk.relation().why) == (
        RelationState.SUSPENDED,
        "涂改索书单",
    )
    assert facts(suspended) == {"reason": "涂改索书单"}

    reinstated = lending_desk.do(c.Reinstate, "2026-02-10")

    assert (lending_desk.relation().state, lending_desk.relation().why) == (RelationState.SIGNED, None)
    assert lending_desk.told(reinstated).kind == messages.REINSTATED


def test_an_ended_agreement_still_counts_what_comes_back_and_is_paid(lending_desk):
    """The account goes on until everything is back, charged and paid or waived."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Terminate, "2026-02-10", reason="借方提出")
    lending_desk.do(c.CheckIn, "2026-03-02")
    assert still_open(lending_desk) == {f"{LOAN}/loan-fee": yuan(20), f"{LOAN}/overdue": yuan(10)}

    lending_desk.do(c.Pay, "2026-03-03", amount=yuan(25))
    lending_desk.do(c.Waive, "2026-03-03", loan=LOAN, kind="overdue", amount=yuan(5), reason="零头")

    assert still_open(lending_desk) == lending_desk.relation().out == {}
    assert lending_desk.relation().state is RelationState.TERMINATED


def test_nobody_but_the_librarys_own_rules_books_a_loan(lending_desk):
    """What is on the account follows from the loans; no librarian and no borrower writes it."""
    lending_desk.relate()
    for serves in ("CN-NLC", BORROWER):
        (reason,) = lending_desk.reasons(
            c.BookLoan, "2026-02-01", loan=LOAN, out=None, by=Actor("somebody", serves, Office.STAFF)
        )
        assert reason.code == NOT_YOURS


# --- payments, prepayments, waivers -----------------------------------------------------------------


def test_a_payment_goes_by_kind_and_then_by_age(fined):
    """All loan fees come before any fine, the older before the younger, to the last yuan."""
    fined.rule(suspended_while_overdue=False)
    fined.lend("2026-03-05", case="second", items=("b",))
    fined.lend("2026-03-06", case="third", items=("c",))
    change = fined.do(c.Pay, "2026-03-07", amount=yuan(50))

    assert [(posting.subject, posting.kind, posting.amount) for posting in change.postings] == [
        ("second", "loan-fee", yuan(20)),
        ("third", "loan-fee", yuan(20)),
        (LOAN, "overdue", yuan(10)),
    ]
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(15)}
    assert facts(change) == {"amount": yuan(50), "rest": yuan(0)}


def test_what_is_paid_beyond_the_debt_is_kept_for_the_next_loan(fined):
    """The rest becomes prepayment, the next fee is paid from it at once, and no more is owed."""
    change = fined.do(c.Pay, "2026-03-05", amount=yuan(60))
    assert moved(change) == [
        (str(CASH), str(RECEIVABLE), yuan(25), "overdue"),
        (str(CASH), str(PREPAID), yuan(35), "prepayment-paid-in"),
    ]
    assert facts(change) == {"amount": yuan(60), "rest": yuan(35)}
    assert prepaid(fined) == yuan(35)
    fined.do(c.CheckIn, "2026-03-05")

    fined.lend("2026-03-06", case="next", items=("b",))

    assert prepaid(fined) == yuan(15)
    assert still_open(fined) == {}


def test_who_owes_nothing_and_pays_has_prepaid_all_of_it(lending_desk):
    """Payment after payment adds up; a deposit beside it stays what it is."""
    lending_desk.relate()
    lending_desk.do(c.Pay, "2026-02-01", amount=yuan(30))
    lending_desk.do(c.Pay, "2026-02-02", amount=yuan(12))

    assert prepaid(lending_desk) == yuan(42)
    assert lending_desk.relation().secured(SecurityKind.DEPOSIT) == yuan(500)


def test_a_prepayment_pays_what_is_open_already(fined):
    """Paid in after the fine, it pays it; used up to the last yuan it is no security any more."""
    change = fined.do(c.PaySecurity, "2026-03-05", kind=SecurityKind.PREPAYMENT, amount=yuan(25))

    assert [posting.debit for posting in change.postings] == [CASH, PREPAID]
    assert still_open(fined) == {}
    assert prepaid(fined) is None


def test_a_prepayment_that_is_too_small_pays_a_part(lending_desk):
    """The rest of the fee stays open, and nothing is prepaid any more."""
    lending_desk.relate(secured=False)
    lending_desk.do(c.PaySecurity, "2026-01-10", kind=SecurityKind.PREPAYMENT, amount=yuan(15))
    lending_desk.lend("2026-01-31")

    assert still_open(lending_desk) == {f"{LOAN}/loan-fee": yuan(5)}
    assert prepaid(lending_desk) is None


def test_a_deposit_is_not_used_up(fined):
    """It is held against loss, and pays no fee and no fine."""
    assert fined.relation().secured(SecurityKind.DEPOSIT) == yuan(500)
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(25)}
    change = fined.do(c.PaySecurity, "2026-03-05", kind=SecurityKind.DEPOSIT, amount=yuan(100))
    assert [str(posting.credit) for posting in change.postings] == ["deposit/CN-320500"]
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(25)}


def test_a_charge_is_waived_in_parts(fined):
    """The library bears what it waives; waived to the end the charge is gone, and never charged again."""
    change = fined.do(c.Waive, "2026-03-05", loan=LOAN, kind="overdue", amount=yuan(10), reason="闭馆")
    assert moved(change) == [(str(WAIVED), str(RECEIVABLE), yuan(10), "overdue")]
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(15)}
    fined.do(c.Waive, "2026-03-05", loan=LOAN, kind="overdue", amount=yuan(15), reason="闭馆")

    assert still_open(fined) == {}
    assert fined.relation().waived == {f"{LOAN}/overdue": yuan(25)}
    assert fined.do(c.CheckIn, "2026-03-05").postings == ()


def _back_earlier(desk):
    """The volume lay in the book drop since 2 March: three of the five days were none."""
    return desk.do(c.CheckIn, "2026-03-02", recorded_at=desk.at("2026-03-06"))


def test_a_fine_that_was_too_high_and_open_is_only_smaller(fined):
    """Charged for five days, back on the second: fifteen yuan are reversed, ten stay open."""
    change = _back_earlier(fined)

    assert moved(change) == [("income/overdue", str(RECEIVABLE), yuan(15), "overdue")]
    assert still_open(fined) == {f"{LOAN}/overdue": yuan(10)}
    assert prepaid(fined) is None


def test_a_fine_that_was_too_high_and_paid_becomes_a_credit(fined):
    """What was paid too much is prepaid from now on."""
    fined.do(c.Pay, "2026-03-05", amount=yuan(25))
    _back_earlier(fined)

    assert still_open(fined) == {}
    assert prepaid(fined) == yuan(15)


def test_a_credit_pays_what_else_is_open(fined):
    """The next loan's fee is paid from it in the same change."""
    fined.rule(suspended_while_overdue=False)
    fined.do(c.Pay, "2026-03-05", amount=yuan(25))
    fined.lend("2026-03-05", case="next", items=("b",))
    change = _back_earlier(fined)

    assert moved(change)[1:] == [
        (str(RECEIVABLE), str(PREPAID), yuan(15), "overdue"),
        (str(PREPAID), str(RECEIVABLE), yuan(15), "loan-fee"),
    ]
    assert still_open(fined) == {"next/loan-fee": yuan(5)}
    assert prepaid(fined) is None


def test_a_fine_that_was_too_high_and_waived_is_no_credit(fined):
    """The waiver is taken back by as much: nobody gets what he never paid."""
    fined.do(c.Waive, "2026-03-05", loan=LOAN, kind="overdue", amount=yuan(25), reason="闭馆")
    change = _back_earlier(fined)

    assert moved(change)[1:] == [(str(RECEIVABLE), str(WAIVED), yuan(15), "overdue")]
    assert fined.relation().waived == {f"{LOAN}/overdue": yuan(10)}
    assert prepaid(fined) is None
    assert still_open(fined) == {}


def test_of_a_fine_waived_in_part_the_waiver_is_taken_back_first(fined):
    """Five yuan were waived and twenty paid; of the fifteen reversed, ten were paid too much."""
    fined.do(c.Waive, "2026-03-05", loan=LOAN, kind="overdue", amount=yuan(5), reason="闭馆")
    fined.do(c.Pay, "2026-03-05", amount=yuan(20))
    change = _back_earlier(fined)

    assert moved(change)[1:] == [
        (str(RECEIVABLE), str(WAIVED), yuan(5), "overdue"),
        (str(RECEIVABLE), str(PREPAID), yuan(10), "overdue"),
    ]
    assert fined.relation().waived == {}
    assert prepaid(fined) == yuan(10)
