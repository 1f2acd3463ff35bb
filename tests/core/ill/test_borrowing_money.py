"""What a borrowed item costs: the patron by the lender's rules, the library towards the lender."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from borrowing_desk import CASE, LENDER, PATRON, BorrowingDesk, costs, yuan

from servflow.core.changes import Command
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.charges import owed
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.terms import CostKind, CostLine, OfferState, Service, WhereLost
from servflow.core.ledger import Account, AccountKind
from servflow.core.money import Money

S = CaseState
EURO = CostLine(kind=CostKind.LOAN, amount=Money(7, "EUR"))


@pytest.fixture
def desk() -> BorrowingDesk:
    """A borrowing desk without any case yet."""
    return BorrowingDesk()


# --- estimate, agreed, actual ------------------------------------------------------------------------------


def test_estimate_agreed_and_actual_are_kept_apart(desk: BorrowingDesk) -> None:
    """What it would cost, what was agreed to, what was charged: none overwrites another."""
    desk.offer(cost=yuan(30))
    desk.do(c.AcceptOffer, "2026-01-06")
    desk.do(c.HearShipped, "2026-01-07", costs=costs(loan=40))
    attempt = desk.attempt()

    assert attempt.offer is not None
    assert (attempt.offer.cost, attempt.offer.state) == (yuan(30), OfferState.ACCEPTED)
    assert attempt.agreed == yuan(30)
    assert [line.amount for line in attempt.costs] == [yuan(40)]
    assert (desk.charged(), desk.payable()) == (yuan(40), yuan(40))


def test_an_offer_costs_nothing_yet(desk: BorrowingDesk) -> None:
    """Neither one that is made nor one that is accepted is posted."""
    desk.offer(cost=yuan(30))
    desk.do(c.AcceptOffer, "2026-01-06")

    assert desk.postings == ()


# --- what the library owes ----------------------------------------------------------------------------------


def test_the_accounts_of_a_cost(desk: BorrowingDesk) -> None:
    """The patron's debt is income, what is owed to the lender an expense; each kind is one obligation."""
    desk.ship(costs=costs(loan=40, delivery=12))
    found = [(each.key, str(each.debit), str(each.credit), each.amount) for each in desk.postings]

    assert found == [
        ("B-1/loan-fee/1", "receivable/p-17", "income/loan-fee", yuan(40)),
        ("B-1/delivery-fee/1", "receivable/p-17", "income/delivery-fee", yuan(12)),
        ("B-1/payable-loan-fee-1/1", "expense/loan-fee", "payable/CN-NLC", yuan(40)),
        ("B-1/payable-delivery-fee-1/1", "expense/delivery-fee", "payable/CN-NLC", yuan(12)),
    ]


HEARINGS: dict[type[Command], tuple[str, dict[str, Any]]] = {
    c.HearReceived: ("send", {}),
    c.HearExpect: ("send", {}),
    c.HearPromise: ("send", {}),
    c.HearOffer: ("send", {}),
    c.HearUnfilled: ("send", {}),
    c.HearRetry: ("send", {"cost": yuan(9)}),
    c.HearWithdrawn: ("send", {}),
    c.HearShipped: ("send", {}),
    c.HearCancelAnswer: ("send", {"yes": False}),
    c.HearRenewalAnswer: ("lend", {}),
    c.HearRecall: ("lend", {}),
    c.HearOverdue: ("lend", {}),
    c.HearHoldReturn: ("lend", {}),
    c.HearLost: ("return_it", {}),
    c.HearNoReturnNeeded: ("lend", {}),
    c.HearCheckedIn: ("return_it", {}),
    c.HearStatus: ("lend", {}),
    c.HearCosts: ("lend", {}),
    c.HearNotification: ("lend", {}),
}


@pytest.mark.parametrize("kind", HEARINGS)
def test_whatever_a_supplier_says_what_it_charged_is_owed(desk: BorrowingDesk, kind: type[Command]) -> None:
    """Every message may bring costs, in its place and out of it; and they are cumulative by kind."""
    when, said = HEARINGS[kind]
    getattr(desk, when)()
    desk.do(kind, "2026-02-09", **said, costs=costs(search=5))
    assert desk.payable() == yuan(5)
    desk.do(kind, "2026-02-10", **said, attempt=1, costs=costs(search=8, delivery=1))
    assert desk.payable() == yuan(9)


def test_every_hearing_is_tried_with_costs() -> None:
    """None is forgotten when one is added."""
    assert set(HEARINGS) == {getattr(c, name) for name in c.__all__ if name.startswith("Hear")} - {
        c.Hear,
        c.HearRota,  # of a centre, which charges nothing
    }


def test_what_is_said_of_a_kind_last_counts(desk: BorrowingDesk) -> None:
    """Less than before is taken back; a kind that is not named stays; nothing at all changes nothing."""
    desk.ship(costs=costs(loan=40, delivery=12))
    desk.do(c.HearCosts, "2026-01-08", costs=costs(loan=30))
    assert (desk.payable(), desk.charged()) == (yuan(42), yuan(42))
    assert (desk.postings[-1].key, desk.postings[-1].amount) == ("B-1/payable-loan-fee-1/2", yuan(10))
    assert str(desk.postings[-1].credit) == "expense/loan-fee"
    desk.do(c.HearCosts, "2026-01-08", costs=costs(loan=0))
    assert (desk.payable(), desk.charged()) == (yuan(12), yuan(12))
    desk.do(c.HearCosts, "2026-01-08")
    assert desk.payable() == yuan(12)


def test_two_lines_of_one_kind_are_added_up(desk: BorrowingDesk) -> None:
    """A fee for each of two volumes; said again it is not doubled."""
    both = costs(loan=40) + costs(loan=40)
    desk.ship(costs=both)
    assert desk.payable() == yuan(80)
    desk.do(c.HearCosts, "2026-01-08", costs=both)
    assert desk.payable() == yuan(80)
    desk.do(c.HearCosts, "2026-01-08", costs=costs(loan=40))
    assert desk.payable() == yuan(40)


def test_each_supplier_is_owed_its_own(desk: BorrowingDesk) -> None:
    """One that searched in vain, and one that sent it; the patron bears what he got, and staff see the rest."""
    desk.send()
    desk.do(c.HearUnfilled, "2026-01-06", costs=costs(search=5))
    desk.do(c.HearShipped, "2026-01-07", costs=costs(loan=40, search=2))

    assert (desk.payable(LENDER), desk.payable("CN-ZJU")) == (yuan(5), yuan(42))
    assert desk.charged() == yuan(42)
    assert desk.attention() == [("costs-without-supply", {"supplier": LENDER})]
    assert {each.kind for each in desk.postings} >= {"payable-search-fee-1", "payable-search-fee-2"}


def test_costs_in_another_currency_are_owed_and_shown(desk: BorrowingDesk) -> None:
    """The patron is not charged what nobody has converted; staff see it."""
    desk.ship(costs=(EURO,))
    assert desk.payable(currency="EUR") == Money(7, "EUR")
    assert desk.charged() == yuan(0)
    assert desk.attention() == [("foreign-costs", {"currency": "EUR"})]


def test_costs_that_change_their_currency_are_not_taken(desk: BorrowingDesk) -> None:
    """The ledger stays as it was, staff see what was said; also within one message."""
    desk.ship(costs=costs(loan=40))
    desk.do(c.HearCosts, "2026-01-08", costs=(EURO,))
    shown = ("costs-contradict", {"kind": "loan-fee", "amount": Money(7, "EUR")})
    assert desk.attention() == [shown]
    assert (desk.payable(), desk.payable(currency="EUR")) == (yuan(40), Money(0, "EUR"))

    desk.send(case="B-2")
    desk.do(c.HearShipped, "2026-01-07", case="B-2", costs=(*costs(loan=40), EURO))
    assert desk.attention("B-2") == [shown]
    assert desk.payable() == yuan(80)


def test_what_only_goes_back_is_owed_by_its_own_case(desk: BorrowingDesk) -> None:
    """Once, not twice; the library bears it, for the patron never has it; also in another currency."""
    desk.send()
    desk.clock("2026-01-12")
    desk.do(c.HearShipped, "2026-01-13", attempt=1, items=("a",), costs=costs(loan=40))
    assert (desk.payable(), desk.charged()) == (yuan(40), yuan(0))
    desk.do(c.HearCosts, "2026-01-14", attempt=1, costs=costs(loan=45))
    assert (desk.payable(), desk.charged()) == (yuan(45), yuan(0))
    assert {each.subject for each in desk.postings} == {"B-1/return-1"}

    desk.send(case="B-2")
    desk.clock("2026-01-12", "B-2")
    change = desk.do(c.HearShipped, "2026-01-13", case="B-2", attempt=1, costs=(*costs(loan=40), EURO, EURO))
    assert [code for code, _ in desk.attention("B-2")][:1] == ["costs-contradict"]
    assert desk.attention("B-2/return-1") == []
    assert desk.kinds(change) == ["staff.attention"]


def test_totals_that_were_overtaken_on_their_way_change_nothing(desk: BorrowingDesk) -> None:
    """They say how far they count; without that they are taken as the latest."""
    desk.lend()
    desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=0, loan=40), as_of=7)
    desk.do(c.HearCosts, "2026-02-10", costs=costs(compensation=88), as_of=6)
    assert desk.payable() == yuan(40)
    desk.do(c.HearNotification, "2026-02-10", as_of=9)
    desk.do(c.HearCosts, "2026-02-11", costs=costs(loan=41), as_of=7)
    assert desk.payable() == yuan(41)
    desk.do(c.HearCosts, "2026-02-12", costs=costs(loan=42))
    assert desk.payable() == yuan(42)
    desk.do(c.HearCosts, "2026-02-13", costs=costs(loan=43), as_of=6)
    assert desk.payable() == yuan(42)


@pytest.mark.parametrize("again", [costs(loan=20), ()])
def test_costs_heard_before_a_stray_shipment_go_with_it(
    desk: BorrowingDesk, again: tuple[CostLine, ...]
) -> None:
    """What a former supplier charged is owed once: by the case that sends it back, from then on."""
    desk.send()
    desk.clock("2026-01-12")
    desk.do(c.HearCosts, "2026-01-13", attempt=1, costs=costs(loan=20), as_of=3)
    assert desk.payable() == yuan(20)
    desk.do(c.HearShipped, "2026-01-14", attempt=1, costs=again, as_of=3)
    assert (desk.payable(), desk.charged()) == (yuan(20), yuan(0))
    desk.do(c.HearCosts, "2026-01-15", attempt=1, costs=costs(loan=9), as_of=2)
    desk.do(c.HearCosts, "2026-01-15", attempt=1, costs=costs(loan=25), as_of=4)
    assert (desk.payable(), desk.charged()) == (yuan(25), yuan(0))


def test_a_statement_in_between_is_posted_once(desk: BorrowingDesk) -> None:
    """What the patron owes by that day, less what is posted; on the same day again nothing is."""
    desk.lend()
    due = desk.case().due
    assert due is not None
    late = [(due + timedelta(days=days)).isoformat() for days in (2, 3)]
    first = desk.do(c.AssessCase, late[0])
    again = desk.do(c.AssessCase, late[0])
    later = desk.do(c.AssessCase, late[1])

    overdue = [[(p.kind, p.amount) for p in change.postings] for change in (first, again, later)]
    assert overdue == [[("overdue", yuan(10))], [], [("overdue", yuan(5))]]


def test_postings_for_a_closed_month_count_on_the_first_open_day(desk: BorrowingDesk) -> None:
    """The books do not change afterwards; when it happened is kept."""
    desk.policy = replace(desk.policy, closed_through=date(2026, 1, 31))
    desk.ship(costs=costs(loan=40))

    assert {(each.value_date, each.happened_on) for each in desk.postings} == {
        (date(2026, 2, 1), date(2026, 1, 7))
    }


# --- what the patron owes -------------------------------------------------------------------------------------


def test_the_patron_bears_what_the_rules_say(desk: BorrowingDesk) -> None:
    """Of the lender's costs those of the listed kinds; the library bears the rest."""
    desk.rule(patron_pays=(CostKind.COPY,))
    desk.ship(costs=costs(loan=40, copy=3, other=9))

    assert (desk.charged(), desk.payable()) == (yuan(3), yuan(52))


@pytest.mark.parametrize(("day", "fine"), [("2026-03-06", 0), ("2026-03-07", 5), ("2026-03-16", 50)])
def test_the_fine_is_the_lenders_by_the_day(desk: BorrowingDesk, day: str, fine: int) -> None:
    """Five yuan a volume and day after the due date, whatever the lender itself charges."""
    desk.lend()
    desk.do(c.TakeBack, day)
    assert desk.charged() == yuan(fine)
    desk.do(c.ShipBack, "2026-03-17")
    desk.do(c.HearCheckedIn, "2026-03-24", costs=costs(overdue=90))

    assert (desk.charged(), desk.payable()) == (yuan(fine), yuan(90))


def test_the_fine_is_for_each_volume(desk: BorrowingDesk) -> None:
    """Two volumes, two days."""
    desk.lend(items=("a", "b"))
    desk.do(c.TakeBack, "2026-03-08")

    assert desk.charged() == yuan(20)


def test_the_fine_does_not_count_days_that_the_patron_was_given(desk: BorrowingDesk) -> None:
    """A recall for the day on which it is heard asks it of him by the next one: back by then is in time."""
    desk.lend()
    desk.do(c.HearRecall, "2026-02-27", due=date(2026, 2, 27))
    assert (desk.case().due, desk.case().patron_due) == (date(2026, 2, 27), date(2026, 2, 28))
    assert desk.owed("2026-02-28") == {}
    assert desk.owed("2026-03-01") == {"overdue": yuan(5)}


@pytest.mark.parametrize("day", ["2026-03-06", "2026-03-16"])
def test_a_recall_takes_no_fine_away(desk: BorrowingDesk, day: str) -> None:
    """On the last day that he was told, or after it: that day stays, and the fine with it."""
    desk.lend()
    desk.do(c.AssessCase, "2026-03-16")
    desk.do(c.HearRecall, day, due=date.fromisoformat(day))
    assert desk.case().patron_due == date(2026, 3, 6)
    assert desk.owed("2026-03-16") == {"overdue": yuan(50)}
    desk.do(c.TakeBack, "2026-03-16")
    assert desk.charged() == yuan(50)


def test_where_the_lenders_rules_are_not_known_its_charge_is_the_fine(desk: BorrowingDesk) -> None:
    """What it has charged, if the patron had it; of what he never had, nothing."""
    desk.send(suppliers=("CN-ZJU",))
    desk.do(c.HearShipped, "2026-01-07")
    desk.do(c.Receive, "2026-01-12")
    desk.do(c.HearOverdue, "2026-03-09", costs=costs(overdue=7))
    assert desk.charged() == yuan(0)

    desk.send(suppliers=("CN-ZJU",), case="B-2")
    desk.do(c.HearShipped, "2026-01-07", case="B-2")
    for kind in (c.Receive, c.CheckOut):
        desk.do(kind, "2026-01-12", case="B-2")
    desk.do(c.HearOverdue, "2026-03-09", case="B-2", costs=costs(overdue=7))
    assert desk.charged() == yuan(7)
    assert desk.payable("CN-ZJU") == yuan(14)


def test_by_the_librarys_own_rules_nothing_is_charged_for_days(desk: BorrowingDesk) -> None:
    """Where the rulebook does not take the lender's rules over."""
    desk.rule(by_lenders_rules=())
    desk.lend()
    desk.do(c.TakeBack, "2026-03-16")
    desk.do(c.HearCosts, "2026-03-17", costs=costs(overdue=50, compensation=60))

    assert (desk.charged(), desk.payable()) == (yuan(0), yuan(110))


def test_a_lender_that_fines_in_another_currency(desk: BorrowingDesk) -> None:
    """Its rate is not the patron's to pay before somebody has converted it."""
    lender = desk.policy.lenders[LENDER]
    rate = replace_value(lender.overdue_rate, Money(1, "EUR"))
    desk.policy = replace(desk.policy, lenders={LENDER: replace(lender, overdue_rate=rate)})
    desk.lend()
    desk.do(c.TakeBack, "2026-03-16")

    assert desk.postings == ()


def replace_value(dated: Any, value: Any) -> Any:
    """The rule with another value on every day."""
    return type(dated).always(dated.name, value, dated.on(date.max).clause)


def test_a_take_back_that_is_undone(desk: BorrowingDesk) -> None:
    """The fine is as of the day still; it is charged to the end when it is really back."""
    desk.lend()
    desk.do(c.TakeBack, "2026-03-07")
    assert desk.charged() == yuan(5)
    desk.do(c.Undo, "2026-03-07")
    assert desk.charged() == yuan(5)
    assert (desk.case().state, desk.case().taken_back_on) == (S.ON_LOAN, None)
    assert desk.owed("2026-03-08") == {"overdue": yuan(10)}
    desk.do(c.TakeBack, "2026-03-09")
    assert desk.charged() == yuan(15)


def test_a_return_found_in_the_drop_the_day_after(desk: BorrowingDesk) -> None:
    """What was charged up to today is taken back to the day on which it was brought."""
    desk.lend()
    desk.do(c.HearCosts, "2026-03-09", costs=costs(loan=40))
    assert desk.charged() == yuan(55)
    desk.do(c.TakeBack, "2026-03-07", recorded_at=desk.at("2026-03-09T16:00"))

    assert desk.charged() == yuan(45)


def test_a_renewal_granted_late_takes_the_fine_back(desk: BorrowingDesk) -> None:
    """It was not overdue after all."""
    desk.rule(renewals=1)
    desk.lend()
    desk.do(c.RenewLoan, "2026-03-06")
    desk.do(c.HearCosts, "2026-03-09", costs=costs(loan=40))
    desk.do(c.HearRenewalAnswer, "2026-03-10", yes=True, due=date(2026, 4, 6))

    assert desk.charged() == yuan(40)
    assert desk.postings[-1].credit == Account(AccountKind.RECEIVABLE, PATRON)


@pytest.mark.parametrize("how", [c.HearCheckedIn, c.HearNoReturnNeeded, c.CloseCaseManually])
def test_nothing_accrues_after_the_end(desk: BorrowingDesk, how: type[Command]) -> None:
    """A case that ended while the patron had it is fined to that day, whatever is heard later."""
    desk.lend()
    desk.do(how, "2026-03-09")
    assert desk.charged() == yuan(15)
    desk.do(c.HearCosts, "2026-05-01", costs=costs(delivery=2))

    assert desk.charged() == yuan(17)


# --- lost and damaged ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "his"),
    [
        (WhereLost.PATRON, True),
        (WhereLost.LIBRARY, False),
        (WhereLost.TRANSIT_OUT, False),
        (WhereLost.TRANSIT_BACK, False),
    ],
)
def test_who_lost_it_pays_for_it(desk: BorrowingDesk, where: WhereLost, his: bool) -> None:
    """The lender is paid in any case; the patron pays for what he lost himself (NLC-13)."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-02-02", where=where)
    desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=120))

    assert (desk.payable(), desk.charged()) == (yuan(120), yuan(120 if his else 0))


def test_a_loss_stops_the_fine(desk: BorrowingDesk) -> None:
    """On the day on which it was recorded."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-03-09")

    assert desk.charged() == yuan(15)
    assert desk.owed("2026-06-01") == {"overdue": yuan(15)}


@pytest.mark.parametrize(("stops", "fine"), [(True, 35), (False, 50)])
def test_each_volume_is_fined_to_its_own_end(desk: BorrowingDesk, stops: bool, fine: int) -> None:
    """One is lost on the second day, the other is brought on the fifth; the lender says whether a loss stops it."""
    lender = desk.policy.lenders[LENDER]
    rule = replace_value(lender.overdue_stops_when_lost, stops)
    desk.policy = replace(desk.policy, lenders={LENDER: replace(lender, overdue_stops_when_lost=rule)})
    desk.lend(items=("a", "b"))
    desk.do(c.RecordLoss, "2026-03-08", items=("a",))
    assert dict(desk.case().lost_days) == {"a": date(2026, 3, 8)}
    assert desk.owed("2026-03-11") == {"overdue": yuan(fine)}
    desk.do(c.TakeBack, "2026-03-11")

    assert desk.owed("2026-06-01") == {"overdue": yuan(fine)}


def test_a_volume_that_was_sent_back_is_fined_no_more(desk: BorrowingDesk) -> None:
    """One went back on the last day, the other is lent again and late."""
    desk.take_back("2026-03-05", items=("a", "b"))
    desk.do(c.ShipBack, "2026-03-06", items=("a",))
    desk.do(c.CheckOut, "2026-03-06")

    assert desk.owed("2026-03-09") == {"overdue": yuan(15)}


def test_a_volume_that_is_found_is_fined_again(desk: BorrowingDesk) -> None:
    """Its loss has never been."""
    desk.lend(items=("a", "b"))
    desk.do(c.RecordLoss, "2026-03-08", items=("a",))
    assert desk.owed("2026-03-11") == {"overdue": yuan(35)}
    desk.do(c.RecordFound, "2026-03-09")
    assert desk.owed("2026-03-11") == {"overdue": yuan(50)}


def test_where_the_lenders_rules_are_not_known_who_is_in_time_pays_none_of_it(desk: BorrowingDesk) -> None:
    """Brought back by the day that he was told, or after it; what the lender charges the library owes."""
    for case, day, his in ((CASE, "2026-03-06", 0), ("B-2", "2026-03-07", 7)):
        desk.send(suppliers=("CN-ZJU",), case=case)
        desk.do(c.HearShipped, "2026-01-07", case=case, due=date(2026, 3, 8))
        for kind in (c.Receive, c.CheckOut):
            desk.do(kind, "2026-01-12", case=case)
        assert desk.case(case).patron_due == date(2026, 3, 6)
        desk.do(c.TakeBack, day, case=case)
        desk.do(c.HearOverdue, "2026-03-09", case=case, costs=costs(overdue=7))
        assert desk.charged() == yuan(his)
    assert desk.payable("CN-ZJU") == yuan(14)


def test_who_has_it_when_the_case_ends_was_in_time_or_not(desk: BorrowingDesk) -> None:
    """A case that ended on the last day charges no overdue, one that ended after it does."""
    for case, day, his in ((CASE, "2026-03-06", 0), ("B-2", "2026-03-07", 7)):
        desk.send(suppliers=("CN-ZJU",), case=case)
        desk.do(c.HearShipped, "2026-01-07", case=case)
        for kind in (c.Receive, c.CheckOut):
            desk.do(kind, "2026-01-12", case=case)
        desk.do(c.HearCheckedIn, day, case=case, costs=costs(overdue=7))
        assert desk.charged() == yuan(his)


def test_what_is_found_is_not_paid_for(desk: BorrowingDesk) -> None:
    """The compensation is the patron's no more; the lender says itself when it is not owed any more."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-02-02")
    desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=120))
    desk.do(c.RecordFound, "2026-02-10")
    assert (desk.charged(), desk.payable()) == (yuan(0), yuan(120))
    desk.do(c.HearCosts, "2026-02-11", costs=costs(compensation=0))
    assert desk.payable() == yuan(0)


@pytest.mark.parametrize(
    ("when", "said", "his"),
    [
        ("receive", {"on_arrival": True}, False),
        ("receive", {}, False),
        ("lend", {"on_arrival": True}, False),
        ("lend", {}, True),
        ("take_back", {}, True),
        ("return_it", {}, False),
    ],
)
def test_who_damaged_it_pays_for_it(desk: BorrowingDesk, when: str, said: dict[str, Any], his: bool) -> None:
    """The patron for what happened while he had it; neither on arrival, nor at the desk, nor in the post."""
    getattr(desk, when)()
    desk.do(c.ReportDamage, "2026-02-04", **said)
    desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=60))

    assert (desk.payable(), desk.charged()) == (yuan(60), yuan(60 if his else 0))


def test_a_damage_on_the_shelf_after_a_loss_that_was_found(desk: BorrowingDesk) -> None:
    """What was never lent is not the patron's, though it waits to be sent back."""
    desk.receive()
    desk.do(c.RecordLoss, "2026-02-02", where=WhereLost.LIBRARY)
    desk.do(c.RecordFound, "2026-02-03")
    desk.do(c.ReportDamage, "2026-02-03")
    desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=60))

    assert desk.charged() == yuan(0)


# --- copies and other days ------------------------------------------------------------------------------------


def test_a_copy_costs_what_the_supplier_says(desk: BorrowingDesk) -> None:
    """By page, for the search, for the rush: the patron's, posted at once."""
    desk.send(service=Service.COPY)
    desk.do(
        c.HearShipped,
        "2026-01-07",
        service=Service.COPY,
        due=None,
        costs=costs(copy="3.60", search=5, rush=10),
    )

    assert desk.charged() == desk.payable() == yuan("18.60")


def test_the_rules_of_the_day_of_the_shipping_count(desk: BorrowingDesk) -> None:
    """A value that comes into force afterwards changes nothing of a loan that is out."""
    old = desk.policy.patron_pays
    since = type(old.values[0])(date(2026, 2, 1), replace(old.on(date.max), value=()))
    desk.policy = replace(
        desk.policy,
        patron_pays=type(old)(old.name, [replace(old.values[0], start=date.min), since]),
    )
    desk.ship(costs=costs(loan=40))
    desk.do(c.HearCosts, "2026-02-10", costs=costs(loan=41))
    assert desk.charged() == yuan(41)

    desk.send(case="B-2")
    desk.do(c.HearOffer, "2026-01-06", case="B-2")
    desk.do(c.AcceptOffer, "2026-01-07", case="B-2")  # nothing is shipped, but its terms were agreed to
    desk.do(c.HearUnfilled, "2026-02-09", case="B-2", costs=costs(search=5))
    assert desk.charged() == yuan(46)


def test_without_an_attempt_nothing_is_owed(desk: BorrowingDesk) -> None:
    """A draft costs nothing on any day."""
    desk.draft()

    assert list(owed(desk.case(), desk.policy, date(2026, 3, 1))) == []
    assert desk.case(CASE).state is S.DRAFT
