"""The work of a ticket, and with what it ends: done, unrepairable, replaced, given back as it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from desk_at_work import ENGINEER, FIRM, MONDAY, POLICY, SOLD, Desk, case, command, policy, ticket
from work_at_desk import TODAY, accepted, cited, cny, codes, extra, facts, verdict, work

from servflow.core.aftersales.circumstances import When
from servflow.core.aftersales.claims import Replacement
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.policy import ReturnRight
from servflow.core.aftersales.technicians.commands import FreeVisit, UseOrder
from servflow.core.aftersales.technicians.model import Booking, OrderBook, Technician, TechnicianState
from servflow.core.aftersales.tickets import billing, working
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.messages import FINISHED, REPLACED, UNREPAIRABLE, tell
from servflow.core.aftersales.tickets.model import Item, Purchase, Visit
from servflow.core.aftersales.tickets.states import (
    Custody,
    Outcome,
    Route,
    ServiceKind,
    Stage,
    VisitState,
)
from servflow.core.aftersales.units.commands import NoteReplacement
from servflow.core.aftersales.units.model import Unit, UnitState
from servflow.core.aftersales.words import NONE, Bearer, Coverage, Event, parse_lasting
from servflow.core.errors import InvalidValue, Refused

b: Any = billing
w: Any = working
DAY = timedelta(days=1)
ORDERS = policy(orders=Numbering(series=Series.REPAIR_ORDER, bound=True, book=50))


def at_work(**said: Any) -> Any:
    """A service on which the engineer is at work, on the spot; free, unless it is said otherwise."""
    visit = Visit(number=1, engineer=ENGINEER, route=Route.ON_SITE, state=VisitState.ON_SITE)
    usual: dict[str, Any] = {
        "state": Stage.ON_SITE,
        "verdict": verdict(Coverage.FREE, Bearer.FIRM),
        "visits": {"1": visit},
    }
    return ticket(**(usual | said))


def engineer(**said: Any) -> Technician:
    """The engineer's record: a book of orders 101 to 150, of which 101 is next."""
    usual: dict[str, Any] = {
        "id": ENGINEER,
        "state": TechnicianState.ACTIVE,
        "firm": FIRM,
        "orders": OrderBook(first=101, last=150, next=101),
        "agenda": {"T-1": Booking(ticket="T-1", visit=1)},
    }
    return Technician(**(usual | said))


def lost(**said: Any) -> Any:
    """A unit that cannot be repaired."""
    usual = {"state": Stage.COVERED, "unrepairable": "report-1"}
    return at_work(**(usual | said))


# --- lines of work ----------------------------------------------------------------------------------------


def test_work_goes_on_record_and_stays():
    """Lines after those that are there, each test once, and nothing is posted for it."""
    it = at_work(work=(work(),), tests=("runs",))
    made = w.add_work(case(it, command(c.AddWork, lines=(extra(agreed="call-1"),), tests=("runs", "tight"))))
    assert made.it.work == (work(), extra(agreed="call-1"))
    assert made.it.tests == ("runs", "tight")
    assert (made.postings, made.messages) == ((), ())


def test_what_is_done_again_is_marked_so_whatever_the_line_says():
    """By the desk alone: nobody makes his own lines free."""
    again = at_work(rework=True, reworks=1)
    for it, marked in ((again, True), (at_work(), False), (at_work(rework=True), False)):
        for line in (work(), work(rework=True)):
            made = w.add_work(case(it, command(c.AddWork, lines=(line,))))
            assert [each.rework for each in made.it.work] == [marked]


@pytest.mark.clause("AS-FLOW-4")
def test_after_the_bill_nothing_is_added_that_the_customer_did_not_agree_to():
    """What is free, let go or agreed to may be added, and is billed again; before the bill, and in a rework, all."""
    it = at_work(state=Stage.REPAIRED, verdict=verdict(), invoiced_on=TODAY)
    let_go = work(billing=Billing.GOODWILL, approved_by="boss")
    for line, refused in ((work(), True), (extra(), True), (extra(agreed="call-1"), False), (let_go, False)):
        said = command(c.AddWork, lines=(line,))
        expected = [("aftersales.billed-already", "AS-FLOW-4")] if refused else []
        assert cited(w.not_billed(case(it, said))) == expected
        assert codes(w.not_billed(case(replace(it, invoiced_on=None), said))) == []
        assert codes(w.not_billed(case(replace(it, rework=True, reworks=1), said))) == []


def test_a_message_is_known_by_its_kind_and_where_another_is_told_by_whom():
    """The customer's key has the kind alone, so that one step may tell the engineer the same."""
    to_him, to_another = (*tell(at_work(), FINISHED), *tell(at_work(), FINISHED, to=ENGINEER))

    assert (to_him.to, to_him.key.rsplit("/", 1)[1]) == (at_work().customer, FINISHED)
    assert (to_another.to, to_another.key) == (ENGINEER, f"{to_him.key}/{ENGINEER}")


# --- finishing --------------------------------------------------------------------------------------------


def test_a_service_is_finished():
    """Outcome and instant are on record, the engineer is free, and the customer is told."""
    said = command(c.Finish, lines=(work(),), tests=("runs",), outcome=Outcome.NO_FAULT_FOUND)
    made = w.finish(case(at_work(), said, others=[engineer()]))
    assert (made.it.outcome, made.it.finished_at, made.it.tests) == (
        Outcome.NO_FAULT_FOUND,
        MONDAY,
        ("runs",),
    )
    assert made.it.work == (work(),)
    assert (made.it.visit.state, made.it.visit.order) == (VisitState.DONE, None)
    assert [type(each) for each in made.commands] == [FreeVisit]
    (told,) = made.messages
    assert (told.kind, facts(told)) == (FINISHED, {"outcome": "no-fault-found"})


@pytest.mark.clause("AS-FORM-1")
def test_the_repair_order_is_used_in_the_engineers_book():
    """Its number is on the visit, and on the one that it was carried over from."""
    old = Visit(number=1, engineer=ENGINEER, route=Route.ON_SITE, state=VisitState.DONE, order=99)
    other = replace(old, number=2, order=98)
    now = replace(old, number=3, state=VisitState.ON_SITE, order=None)
    it = at_work(visits={"1": old, "2": other, "3": now})
    said = command(c.Finish, order=101, carried_over_from=99)
    made = w.finish(case(it, said, others=[engineer(agenda={})]))
    assert [each.order for each in made.it.visits.values()] == [99, 98, 101]
    assert [each.carried_over_to for each in made.it.visits.values()] == [101, None, None]
    (used,) = made.commands
    assert (type(used), used.case, used.number, used.ticket) == (UseOrder, ENGINEER, 101, "T-1")
    assert used.carried_over_from == 99

    alone = w.finish(case(at_work(), command(c.Finish, order=101), others=[engineer(agenda={})]))
    assert [each.carried_over_to for each in alone.it.visits.values()] == [None]
    nobody = w.finish(case(at_work(), command(c.Finish, order=101)))
    assert (nobody.commands, nobody.it.visit.order) == ((), 101)


@pytest.mark.clause("AS-FORM-1", "AS-FORM-4")
def test_repair_orders_are_used_in_number_order():
    """The next one of the engineer's book; skipped, used already, without a book, or not named: refused."""
    order = lambda **said: command(c.Finish, **said)  # noqa: E731
    s = lambda said, **more: case(at_work(), said, **({"others": [engineer()], "rules": ORDERS} | more))  # noqa: E731
    assert codes(w.order_in_turn(s(order(order=101)))) == []
    for number in (100, 102):
        (reason,) = w.order_in_turn(s(order(order=number)))
        assert (reason.code, reason.clause and reason.clause.id) == (
            "aftersales.order-not-in-turn",
            "AS-FORM-1",
        )
        assert reason.facts == (("order", number), ("next", 101))
    assert cited(w.order_in_turn(s(order()))) == [("aftersales.order-missing", "X-orders")]
    for others in (
        [],
        [engineer(orders=None)],
        [engineer(orders=OrderBook(first=101, last=150, next=151))],
    ):
        expected = [("aftersales.no-order-book", "AS-FORM-4")]
        assert cited(w.order_in_turn(s(order(order=101), others=others))) == expected
    nowhere = case(at_work(visits={}), order(order=101))
    assert codes(w.order_in_turn(nowhere)) == ["aftersales.no-order-book"]


def test_a_firm_without_books_of_repair_orders_asks_for_none():
    """Nor one whose orders are not bound, or are for other services; carrying over needs an order."""
    loose = policy(orders=Numbering(series=Series.REPAIR_ORDER))
    others = policy(
        orders=Numbering(
            series=Series.REPAIR_ORDER, bound=True, book=50, when=When((("kind", ("training",)),))
        )
    )
    for rules in (POLICY, loose, others):
        assert codes(w.order_in_turn(case(at_work(), command(c.Finish), rules=rules))) == []
    said = command(c.Finish, carried_over_from=99)
    assert codes(w.order_in_turn(case(at_work(), said))) == ["aftersales.carried-over-to-none"]


@pytest.mark.clause("AS-FLOW-12")
def test_no_paid_repair_before_the_customer_agreed():
    """By a quote that he took, or a repair agreement that is shown; what is free needs neither."""
    said = command(c.Finish, lines=(work(),))
    paid = at_work(verdict=verdict())
    assert cited(w.agreement_first(case(paid, said))) == [("aftersales.agreement-first", "AS-FLOW-12")]
    assert codes(w.agreement_first(case(replace(paid, work=(work(),)), command(c.Finish)))) == [
        "aftersales.agreement-first"
    ]
    for it in (
        at_work(),
        replace(accepted(ticket(Stage.COVERED, verdict=verdict()), work()), state=Stage.ON_SITE),
        replace(paid, shown={"repair-agreement": ("paper-1",)}),
        replace(paid, rework=True, reworks=1),
    ):
        assert codes(w.agreement_first(case(it, said))) == []
    assert codes(w.agreement_first(case(paid, said, rules=policy(quote=None)))) == []
    agreed = command(c.Finish, lines=(extra(agreed="call-1"),))
    assert codes(w.agreement_first(case(paid, agreed))) == []
    rework = replace(paid, work=(work(rework=True),))
    assert codes(w.agreement_first(case(rework, command(c.Finish)))) == []


@pytest.mark.clause("AS-FLOW-6")
def test_an_item_that_is_worked_on_does_not_go_back():
    """The service is finished first."""
    said = command(c.ReturnUnit, items=("U-1",))
    assert cited(w.finished_first(case(at_work(), said))) == [("aftersales.not-finished", "AS-FLOW-6")]


@pytest.mark.parametrize(
    "outcome", [Outcome.REPLACED, Outcome.REFUNDED, Outcome.RETURNED_UNREPAIRED, Outcome.ADVICE_ONLY]
)
def test_another_command_says_that_it_was_replaced_or_refunded(outcome):
    """Nobody finishes with it; and who adds work adds a line or a test."""
    with pytest.raises(InvalidValue, match="outcome"):
        command(c.Finish, outcome=outcome)
    with pytest.raises(InvalidValue, match="lines"):
        command(c.AddWork)


# --- what cannot be repaired ------------------------------------------------------------------------------


def test_what_cannot_be_repaired_goes_back_to_be_decided():
    """The evidence is on record, the engineer is free, and the customer is told."""
    made = w.find_unrepairable(case(at_work(), command(c.FindUnrepairable), others=[engineer()]))
    assert (made.it.unrepairable, made.it.visit.state) == ("report-1", VisitState.DONE)
    assert [type(each) for each in made.commands] == [FreeVisit]
    assert made.messages[0].kind == UNREPAIRABLE
    assert made.it.outcome is None


def test_what_can_be_repaired_is_neither_replaced_nor_refunded():
    """Nor given back as it came."""
    it = lost(unrepairable="")
    for said in (
        command(c.ReplaceUnit, unit="U-1", serial="U-2"),
        command(c.RefundCustomer, amount=cny(1)),
        command(c.ReturnUnrepaired),
    ):
        assert codes(w.unrepairable(case(it, said))) == ["aftersales.not-unrepairable"]
        assert codes(w.unrepairable(case(lost(), said))) == []


@pytest.mark.parametrize(
    ("day", "code"),
    [(7, []), (8, [("aftersales.return-right-over", "X-returns")])],
)
@pytest.mark.clause("AS-RET-1")
def test_goods_are_returned_or_exchanged_within_the_firms_days(day, code):
    """Seven days after the sale, the last one included, by the day of the report; without any fault."""
    rules = policy(returns=ReturnRight(since=Event.SOLD, lasting=parse_lasting("7 days")))
    sold = TODAY - day * DAY
    it = lost(unrepairable="", service=ServiceKind.RETURN, dates={"sold": sold})
    said = command(c.RefundCustomer, amount=cny(1), happened_at=MONDAY + 30 * DAY)
    assert cited(w.unrepairable(case(it, said, rules=rules))) == code
    as_it_came = command(c.ReturnUnrepaired)
    assert codes(w.unrepairable(case(it, as_it_came, rules=rules))) == ["aftersales.not-unrepairable"]


def test_a_return_needs_a_right_and_the_day_of_the_sale():
    """Without a rule, without the day, or where the rule gives no right: refused, and said why."""
    said = command(c.RefundCustomer, amount=cny(1))
    it = lost(unrepairable="", service=ServiceKind.RETURN, dates={"sold": SOLD})
    assert cited(w.unrepairable(case(it, said))) == [("aftersales.asked", "AS-RET-1")]
    rules = policy(returns=ReturnRight(since=Event.SOLD, lasting=parse_lasting("7 days")))
    assert codes(w.unrepairable(case(replace(it, dates={}), said, rules=rules))) == ["aftersales.asked"]
    none = policy(returns=ReturnRight(since=Event.SOLD, lasting=NONE))
    (reason,) = w.unrepairable(case(it, said, rules=none))
    assert (reason.code, reason.facts) == ("aftersales.return-right-over", ())


def test_a_unit_is_not_both_replaced_and_refunded():
    """Nor either of them twice, and what a ticket ends with is said once."""
    replacing = command(c.ReplaceUnit, unit="U-1", serial="U-2")
    refunding = command(c.RefundCustomer, amount=cny(1))
    returning = command(c.ReturnUnrepaired)
    for said in (replacing, refunding, returning):
        assert codes(w.not_settled_twice(case(lost(), said))) == []
        settled = lost(outcome=Outcome.DONE)
        assert codes(w.not_settled_twice(case(settled, said))) == ["aftersales.settled-already"]
    swapped = lost(items={"U-3": Item(serial="U-3", custody=Custody.CUSTOMER, given_for="U-1")})
    assert codes(w.not_settled_twice(case(swapped, replacing))) == ["aftersales.replaced-already"]
    assert codes(w.not_settled_twice(case(swapped, refunding))) == ["aftersales.replaced-already"]
    assert codes(w.not_settled_twice(case(swapped, returning))) == []
    other = lost(items={"U-1": Item(serial="U-1", custody=Custody.SHOP)})
    assert codes(w.not_settled_twice(case(other, replacing))) == []
    bought = lost(purchase=Purchase(price=cny(100)))
    refunded = replace(b.refund_customer(case(bought, refunding)).it, outcome=None)
    assert codes(w.not_settled_twice(case(refunded, replacing))) == ["aftersales.refunded-already"]
    assert codes(w.not_settled_twice(case(refunded, refunding))) == []


def test_the_customer_gets_another_unit_for_his_own():
    """A unit that the ticket is not about, or one that he has brought, is refused."""
    shop = {"U-1": Item(serial="U-1", custody=Custody.SHOP)}
    for it, unit, serial, expected in (
        (lost(), "U-1", "U-2", []),
        (lost(), "U-9", "U-2", [("aftersales.not-its-unit", {"unit": "U-9", "ours": "U-1"})]),
        (lost(items=shop, unit="X"), "U-1", "U-2", []),
        (lost(unit=None), "U-9", "U-2", []),
        (lost(), "U-1", "U-1", [("aftersales.same-unit", {"unit": "U-1"})]),
        (lost(items=shop, unit=None), "U-9", "U-1", [("aftersales.same-unit", {"unit": "U-1"})]),
    ):
        reasons = w.another_unit(case(it, command(c.ReplaceUnit, unit=unit, serial=serial)))
        assert [(each.code, dict(each.facts)) for each in reasons] == expected


def test_a_replacement_is_given_and_its_record_knows_for_what():
    """It is the customer's from that day; its record has its own term, none where none is said."""
    record = Unit(id="U-2", state=UnitState.IN_SERVICE, firm=FIRM, customer="store")
    term = parse_lasting("1 year")
    said = command(c.ReplaceUnit, unit="U-1", serial="U-2", own_term=term)
    made = w.replace_unit(case(lost(), said, others=[record]))
    assert (made.it.outcome, made.it.finished_at) == (Outcome.REPLACED, MONDAY)
    given = made.it.items["U-2"]
    assert (given.custody, given.given_for, given.given_back_on) == (Custody.CUSTOMER, "U-1", TODAY)
    (noted,) = made.commands
    assert (type(noted), noted.case) == (NoteReplacement, "U-2")
    assert noted.replacement == Replacement(on=TODAY, lasting=term)
    (told,) = made.messages
    assert (told.kind, facts(told)) == (REPLACED, {"unit": "U-1", "serial": "U-2"})

    silent = command(c.ReplaceUnit, unit="U-1", serial="U-2")
    (noted,) = w.replace_unit(case(lost(), silent, others=[record])).commands
    assert noted.replacement.lasting == NONE
    assert w.replace_unit(case(lost(), silent)).commands == ()


def test_what_is_given_back_as_it_came_is_the_end_of_the_service():
    """With that outcome, and the customer is told."""
    made = w.return_unrepaired(case(lost(), command(c.ReturnUnrepaired)))
    assert (made.it.outcome, made.it.finished_at) == (Outcome.RETURNED_UNREPAIRED, MONDAY)
    assert facts(made.messages[0]) == {"outcome": "returned-unrepaired"}


# --- through the table ------------------------------------------------------------------------------------


def test_a_unit_beyond_repair_is_refunded_once():
    """Found so on the spot; the refund is the end of the service, and is neither repeated nor followed by another."""
    desk = Desk()
    desk.come_to(Stage.ON_SITE, purchase=Purchase(price=cny(500)))
    desk.do(c.FindUnrepairable)
    assert desk.ticket().state is Stage.COVERED
    over = desk.refusals(c.RefundCustomer, amount=cny(501), shown={"advance-replacement": ("ok",)})
    assert "aftersales.refund-above-paid" in codes(over)
    desk.do(c.RefundCustomer, amount=cny(500), shown={"advance-replacement": ("ok",)})
    assert (desk.ticket().state, desk.ticket().outcome) == (Stage.REPAIRED, Outcome.REFUNDED)
    with pytest.raises(Refused):
        desk.do(c.RefundCustomer, amount=cny(1))
    desk.do(c.AcceptWork)


def test_a_bill_and_then_more_work_is_billed_again_before_the_end():
    """An extra that the customer agreed to after the bill; the ticket is not closed without it."""
    desk = Desk()
    desk.come_to(Stage.REPAIRED)
    desk.do(c.AddWork, lines=(extra(30, agreed="call-1"),))
    desk.do(c.BillService)
    desk.do(c.AddWork, lines=(extra(10, agreed="call-2", item="belt"),))
    desk.do(c.AcceptWork)
    desk.do(c.RecordSurvey, scores={"quality": 5, "attitude": 5})
    assert desk.codes(c.CloseTicket) == ["aftersales.unbilled"]
    desk.do(c.BillService)
    desk.do(c.CloseTicket)
    assert [posting.amount for posting in desk.postings] == [cny(30), cny(10)]
