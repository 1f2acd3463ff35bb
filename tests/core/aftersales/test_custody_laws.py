"""What holds of items and papers, whatever is said to tickets in whatever order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from desk_at_work import FIRM, Desk, policy, staff
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Item, Purchase, Ticket
from servflow.core.aftersales.tickets.states import Custody, PaperState, Route, Stage
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.changes import Command
from servflow.core.errors import Refused
from servflow.core.money import Money

ALL_POSTS = staff(
    "everybody", "supervisor", "quality", "finance", "coordinator", "stores", "engineer", "desk"
)
RULES = policy(quote=None)
INSIDE = {Custody.SHOP, Custody.VENDOR}
NO_MORE = {Stage.ACCEPTED, Stage.FOLLOWED_UP, Stage.CLOSED, Stage.CANCELLED, Stage.REJECTED}
BOTH = ("U-1", "U-2")
BOUGHT = Purchase(price=Money(1000, "CNY"))
SCORES = {"quality": 5, "attitude": 5}
SPOILED = "a slip of the pen"

Words = Mapping[str, Any]

MENU: tuple[tuple[type[Command], Words], ...] = (
    (c.Triage, {}),
    (c.DecideCoverage, {}),
    (c.ApproveFree, {}),
    (c.Dispatch, {}),
    (c.Dispatch, {"inspection": True}),
    (c.Arrive, {}),
    (c.SwitchRoute, {"route": Route.SHOP, "reason": "no tools here"}),
    (c.BeginInShop, {}),
    (c.BeginInShop, {"inspection": True}),
    (c.AdviseRemotely, {}),
    (c.AnnounceInbound, {"items": ("U-1",), "evidence": "call"}),
    (c.TakeIn, {"items": ("U-1",)}),
    (c.TakeIn, {"items": BOTH}),
    (c.TakeIn, {"items": ("U-2",)}),
    (c.SendToVendor, {"item": "U-1", "vendor": "maker"}),
    (c.TakeBackFromVendor, {"item": "U-1"}),
    (c.TakeBackFromVendor, {"item": "U-1", "swapped_for": "U-8", "evidence": "v-1"}),
    (c.ReturnUnit, {"items": ("U-1",)}),
    (c.ReturnUnit, {"items": BOTH}),
    (c.ReturnUnit, {"items": ("U-2",), "by_post": True}),
    (c.ConfirmDelivery, {"items": ("U-1",), "evidence": "call"}),
    (c.ConfirmDelivery, {"items": ("U-2",), "evidence": "call"}),
    (c.Dispose, {"item": "U-1", "reason": "replaced"}),
    (c.Dispose, {"item": "U-2", "reason": "left", "shown": {"left-with-the-firm": ("letter",)}}),
    (c.Finish, {}),
    (c.FindUnrepairable, {}),
    (c.ReplaceUnit, {"unit": "U-1", "serial": "U-9"}),
    (c.RefundCustomer, {"amount": Money(100, "CNY")}),
    (c.ReturnUnrepaired, {}),
    (c.AcceptWork, {"evidence": "s-1"}),
    (c.DeemAccepted, {}),
    (c.RejectWork, {"reason": "it stands still", "evidence": "s-1"}),
    (c.RecordSurvey, {"scores": SCORES, "evidence": "call"}),
    (c.CloseTicket, {}),
    (c.ReopenTicket, {"reason": "the same fault", "evidence": "call"}),
    (c.CancelTicket, {"evidence": "call"}),
    (c.RejectTicket, {}),
    (c.MergeTicket, {}),
    (c.VoidPaper, {"reason": SPOILED}),
    (c.VoidPaper, {"reason": SPOILED, "reissue": True}),
    (c.FilePaper, {}),
)
"""What is tried, each where its stage has a place for it."""


def words(it: Ticket, kind: type[Command], number: int) -> dict[str, Any]:
    """What depends on the ticket: which paper, which receipts come back, which other ticket."""
    receipts = tuple(each.ref for each in it.papers.values() if each.series is Series.RECEIPT)
    if kind is c.ReturnUnit and receipts and number % 4:
        return {"shown": {"receipt-returned": receipts}}
    if kind in {c.VoidPaper, c.FilePaper} and it.papers:
        paper = tuple(it.papers.values())[number % len(it.papers)]
        return {"series": paper.series, "number": paper.number}
    return {"into": other(it.id)} if kind is c.MergeTicket else {}


def other(ticket: str) -> str:
    """The other one of the two."""
    return "T-2" if ticket == "T-1" else "T-1"


def hold(desk: Desk) -> None:
    """All that has to be true of the two tickets and of the books."""
    tickets = [each for each in desk.aggregates.values() if isinstance(each, Ticket)]
    for it in tickets:
        items_are_out_or_there(it)
        papers_go_with_their_items(it)
        if it.state in NO_MORE:
            assert it.in_firms_hands == ()
    numbers_have_no_gap(desk, tickets)


def items_are_out_or_there(it: Ticket) -> None:
    """What was taken in is inside, on its way, back with a day on which it went, or disposed of."""
    for item in it.items.values():
        if item.custody is Custody.CUSTOMER and item.taken_in_on is not None:
            assert item.given_back_on is not None
            assert item.given_back_on >= item.taken_in_on
        if item.custody in INSIDE:
            assert item.given_back_on is None
            assert item.taken_in_on is not None


def papers_go_with_their_items(it: Ticket) -> None:
    """A receipt is open with its item in the firm's hands, or void; a line and a tag while it is inside.

    One that was spoiled is void, and another one is there for it.
    """
    about = {
        Series.RECEIPT: (lambda item: item.receipt, INSIDE | {Custody.OUTBOUND}, PaperState.VOID),
        Series.IN_OUT: (lambda item: item.entry, INSIDE, PaperState.FILED),
        Series.TAG: (lambda item: item.tag, INSIDE, PaperState.FILED),
    }
    for paper in it.papers.values():
        if paper.series in about:
            number_of, held, end = about[paper.series]
            item: Item = it.items[paper.item]
            live = number_of(item) == paper.number and item.custody in held
            ended = PaperState.VOID if paper.why == SPOILED else end
            assert paper.state is (PaperState.OPEN if live else ended)


def numbers_have_no_gap(desk: Desk, tickets: list[Ticket]) -> None:
    """Over all tickets the numbers of a series are 1 to the last, and the void ones are on their tickets."""
    for series in Series:
        papers = [each for it in tickets for each in it.papers.values() if each.series is series]
        book = desk.aggregates.get(book_key(FIRM, series))
        if book is None:
            assert papers == []
            continue
        assert isinstance(book, Book)
        assert sorted(each.number for each in papers) == list(range(1, book.next))
        void = [each for each in papers if each.state is PaperState.VOID]
        if series is Series.RECEIPT:
            void = [each for each in void if each.why == SPOILED]
        assert set(book.voided) == {str(each.number) for each in void}


COVERED: tuple[tuple[type[Command], Words], ...] = ((c.Triage, {}), (c.DecideCoverage, {}))
REPLACED: tuple[type[Command], Words] = (c.ReplaceUnit, {"unit": "U-1", "serial": "U-9"})
STARTS: tuple[tuple[tuple[type[Command], Words], ...], ...] = (
    ((c.TakeIn, {"items": ("U-1",)}),),
    (*COVERED, (c.ApproveFree, {}), (c.Dispatch, {}), (c.Arrive, {})),
    (*COVERED, (c.TakeIn, {"items": BOTH}), (c.ApproveFree, {})),
    (*COVERED, (c.TakeIn, {"items": ("U-1",)}), (c.ApproveFree, {}), (c.Finish, {})),
    (*COVERED, (c.TakeIn, {"items": BOTH}), (c.ApproveFree, {}), (c.FindUnrepairable, {}), REPLACED),
)
"""How far a ticket has come before anything is tried: chance alone would seldom come far."""

starts = st.sampled_from(STARTS)
steps = st.lists(st.tuples(st.booleans(), st.integers(0, 999)), min_size=10, max_size=30)


@given(starts, starts, steps)
def test_items_and_papers_whatever_is_said(
    one: tuple[tuple[type[Command], Words], ...],
    two: tuple[tuple[type[Command], Words], ...],
    said: list[tuple[bool, int]],
) -> None:
    """Every item in is out or still there, no receipt is open without one, and no number is left out."""
    desk = Desk(RULES)
    for ticket, start in (("T-1", one), ("T-2", two)):
        for kind, usual in ((c.ReportFault, {"purchase": BOUGHT}), *start):
            desk.do(kind, case=ticket, by=ALL_POSTS, **usual)
    for first, number in said:
        walk(desk, "T-1" if first else "T-2", number)
        hold(desk)


def walk(desk: Desk, ticket: str, number: int) -> None:
    """One more thing is said to the ticket, of what has a place in its stage; it may be refused."""
    desk.wait(days=1)
    it = desk.ticket(ticket)
    there = [each for each in MENU if TICKET.cell(it.state, each[0])]
    kind, usual = there[number % len(there)]
    command = desk.command(kind, case=ticket, by=ALL_POSTS, **{**usual, **words(it, kind, number)})
    before = dict(desk.aggregates)
    try:
        desk.take(command)
    except Refused:
        assert desk.aggregates == before


# --- the same by hand, where chance may pass by ---------------------------------------------------

DONE: tuple[tuple[type[Command], Words], ...] = (
    *COVERED,
    (c.TakeIn, {"items": BOTH}),
    (c.ApproveFree, {}),
    (c.Finish, {}),
)


def brought(*start: tuple[type[Command], Words]) -> Desk:
    """A desk that was told all this about T-1, and of another ticket."""
    desk = Desk(RULES)
    desk.do(c.ReportFault, case="T-2")
    for kind, usual in ((c.ReportFault, {"purchase": BOUGHT}), *start):
        desk.do(kind, by=ALL_POSTS, **usual)
    return desk


@pytest.mark.clause("AS-FLOW-6")
@pytest.mark.parametrize(
    ("start", "kind", "usual"),
    [
        (STARTS[0], c.RejectTicket, {}),
        (STARTS[0], c.CancelTicket, {"evidence": "call"}),
        (STARTS[0], c.MergeTicket, {"into": "T-2"}),
        (STARTS[0], c.CloseTicket, {}),
        ((*COVERED, *STARTS[0]), c.AdviseRemotely, {}),
        (DONE, c.AcceptWork, {"evidence": "s-1"}),
        (DONE, c.DeemAccepted, {}),
        (DONE, c.CloseTicket, {}),
    ],
)
def test_no_end_while_the_shop_has_an_item(
    start: tuple[tuple[type[Command], Words], ...], kind: type[Command], usual: Words
) -> None:
    """However a ticket may end: refused with the clause, and each item that is there is named."""
    desk = brought(*start)
    desk.wait(days=20)
    reasons = desk.refusals(kind, by=ALL_POSTS, **usual)

    named = [dict(each.facts)["item"] for each in reasons if each.code == "aftersales.item-not-back"]
    assert named == [item.serial for item in desk.ticket().in_firms_hands]
    assert {
        each.clause.id for each in reasons if each.code == "aftersales.item-not-back" and each.clause
    } == {"AS-FLOW-6"}


@pytest.mark.clause("AS-FLOW-6")
def test_an_item_that_comes_back_undelivered_goes_out_again() -> None:
    """On the receipt that the customer still has; then he has it, and the service ends."""
    desk = brought(*DONE)
    receipts = {"receipt-returned": ("receipt/1",)}
    for kind, usual in (
        (c.ReturnUnit, {"items": ("U-1",), "shown": receipts}),
        (c.ReturnUnit, {"items": ("U-2",), "by_post": True}),
        (c.TakeIn, {"items": ("U-2",)}),
        (c.ReturnUnit, {"items": ("U-2",), "by_post": True}),
    ):
        desk.do(kind, by=ALL_POSTS, **usual)
        hold(desk)
    assert "aftersales.item-not-back" in desk.codes(c.AcceptWork)
    desk.do(c.ConfirmDelivery, items=("U-2",))
    desk.do(c.AcceptWork)
    hold(desk)

    receipt = [each.number for each in desk.ticket().papers.values() if each.series is Series.RECEIPT]
    assert receipt == [1, 2]


def test_a_unit_that_is_replaced_in_advance_comes_in_afterwards() -> None:
    """The customer has the other one by then; his own is taken in against its papers, and disposed of."""
    desk = brought(*STARTS[1], (c.FindUnrepairable, {}))
    assert desk.codes(c.ReplaceUnit, unit="U-1", serial="U-9") == ["aftersales.not-surrendered"]
    desk.do(c.ReplaceUnit, unit="U-1", serial="U-9", shown={"advance-replacement": ("agreed",)})
    assert desk.codes(c.TakeIn, items=("U-9",)) == ["aftersales.not-expected"]
    desk.do(c.TakeIn, items=("U-1",))
    assert "aftersales.item-not-back" in desk.codes(c.AcceptWork)
    desk.do(c.Dispose, item="U-1", reason="replaced")
    hold(desk)

    assert desk.codes(c.AcceptWork) == []
