"""Who has an item: taken in against its papers, to a vendor and back, to the customer; nothing ends before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from desk_at_work import (
    CUSTOMER,
    FIRM,
    MONDAY,
    SUPERVISOR,
    case,
    command,
    policy,
    ticket,
)

from servflow.core.aftersales.books.commands import TakeNumbers
from servflow.core.aftersales.books.model import Book, BookState, book_key
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import custody as k
from servflow.core.aftersales.tickets.messages import GIVEN_BACK, TAKEN_IN
from servflow.core.aftersales.tickets.model import Item, Paper, Ticket
from servflow.core.aftersales.tickets.states import Custody, Outcome, PaperState, Route, Stage
from servflow.core.changes import Command
from servflow.core.citations import Reason
from servflow.core.lifecycle import Outcome as Does
from servflow.core.money import Money

TODAY = date(2026, 5, 4)
LATER = MONDAY + timedelta(days=3)
OUT = TODAY + timedelta(days=3)
C = Custody


def item(custody: Custody, serial: str = "U-1", **said: Any) -> Item:
    """An item, and who has it."""
    return Item(serial=serial, custody=custody, **said)


def paper(number: int = 17, series: Series = Series.RECEIPT, about: str = "U-1", **said: Any) -> Paper:
    """A paper about an item, issued today."""
    return Paper(series=series, number=number, issued_on=TODAY, item=about, **said)


def having(*items: Item, papers: Iterable[Paper] = (), **said: Any) -> Ticket:
    """A ticket with these items and papers."""
    by_ref = {each.ref: each for each in papers}
    it: Ticket = ticket(items={each.serial: each for each in items}, papers=by_ref, **said)
    return it


def ended(each: Paper, state: PaperState, why: str = "", on: date = OUT) -> Paper:
    """The paper as it ends."""
    return replace(each, state=state, ended_on=on, why=why)


def in_shop(serial: str = "U-1", number: int = 17) -> tuple[Item, tuple[Paper, ...]]:
    """An item in the shop with its three papers, all of one number."""
    papers = tuple(paper(number, series, serial) for series in (Series.RECEIPT, Series.IN_OUT, Series.TAG))
    it = item(C.SHOP, serial, receipt=number, entry=number, tag=number, taken_in_on=TODAY)
    return it, papers


ITEM, PAPERS = in_shop()
OTHER, OTHERS_PAPERS = in_shop("U-2", 18)


def said(kind: type[Command], **words: Any) -> Any:
    """What is said to the ticket; where a test does not care, about U-1."""
    usual: dict[type[Command], dict[str, Any]] = {
        c.SendToVendor: {"item": "U-1", "vendor": "maker"},
        c.TakeBackFromVendor: {"item": "U-1"},
        c.Dispose: {"item": "U-1", "reason": "replaced"},
        c.ReplaceUnit: {"unit": "U-1", "serial": "U-9"},
        c.RefundCustomer: {"amount": Money(100, "CNY")},
    }
    with_items = (c.AnnounceInbound, c.TakeIn, c.ReturnUnit, c.ConfirmDelivery)
    return command(kind, **(usual.get(kind, {"items": ("U-1",)} if kind in with_items else {}) | words))


def brief(reasons: Iterable[Reason]) -> list[tuple[Any, ...]]:
    """Code, clause and the facts' values of each."""
    return [
        (each.code.removeprefix("aftersales."), each.clause.id, *(fact for _, fact in each.facts))
        for each in reasons
        if each.clause is not None
    ]


def become(done: Does) -> Ticket:
    """The ticket that an effect made."""
    assert isinstance(done.it, Ticket)
    return done.it


# --- where an item has to be ----------------------------------------------------------------------


@pytest.mark.parametrize("custody", Custody)
def test_the_work_goes_on_in_the_shop_where_an_item_is(custody: Custody) -> None:
    """Some item there is enough; without one nobody begins there (AS-FLOW-5)."""
    s = case(having(item(custody), item(C.CUSTOMER, "U-2")), command(c.BeginInShop))
    inside = custody is C.SHOP

    assert k.unit_in_shop(s) is inside
    assert brief(k.item_in_shop(s)) == [("nothing-in-shop", "AS-FLOW-5")] * (not inside)


@pytest.mark.clause("AS-FLOW-6")
@pytest.mark.parametrize("custody", Custody)
def test_nothing_ends_while_the_firm_has_an_item(custody: Custody) -> None:
    """Each item is named, and where it is: accepting while the unit is in the shop is refused."""
    s = case(having(item(custody), OTHER, stage := item(C.CUSTOMER, "U-3")), command(c.AcceptWork))
    held = (
        [] if custody in {C.CUSTOMER, C.DISPOSED} else [("item-not-back", "AS-FLOW-6", "U-1", custody.value)]
    )

    assert brief(k.nothing_in_firms_hands(s)) == [*held, ("item-not-back", "AS-FLOW-6", "U-2", "shop")]
    assert brief(k.nothing_in_firms_hands(case(having(stage), command(c.AcceptWork)))) == []


@pytest.mark.clause("AS-FLOW-5")
@pytest.mark.parametrize("custody", Custody)
def test_an_item_comes_from_the_customer(custody: Custody) -> None:
    """He sends in what he has; what he has, or has sent, is taken in; nothing is taken in twice."""
    it = having(item(custody))
    refused = [("not-with-customer", "AS-FLOW-5", "U-1", custody.value)]

    inbound = k.with_customer(case(it, said(c.AnnounceInbound, items=("U-1", "new"))))
    assert brief(inbound) == refused * (custody is not C.CUSTOMER)
    taken = k.takeable(case(it, said(c.TakeIn, items=("new", "U-1"))))
    assert brief(taken) == refused * (custody not in {C.CUSTOMER, C.INBOUND})


def test_a_serial_that_stayed_with_a_vendor_is_not_the_customers() -> None:
    """He has the other one, which is taken in by its own serial."""
    it = having(item(C.CUSTOMER, swapped_for="U-9"))

    expected = [("swapped", "AS-FLOW-5", "U-1", "U-9")]
    assert brief(k.takeable(case(it, said(c.TakeIn)))) == expected
    assert brief(k.with_customer(case(it, said(c.AnnounceInbound)))) == expected
    assert brief(k.takeable(case(it, said(c.TakeIn, items=("U-9",))))) == []


@pytest.mark.parametrize("custody", Custody)
@pytest.mark.parametrize(
    ("guard", "kind", "held", "code"),
    [
        (k.there, c.ReturnUnit, {C.SHOP}, "not-in-shop"),
        (k.there, c.SendToVendor, {C.SHOP}, "not-in-shop"),
        (k.there, c.Dispose, {C.SHOP}, "not-in-shop"),
        (k.at_vendor, c.TakeBackFromVendor, {C.VENDOR}, "not-at-vendor"),
        (k.on_its_way, c.ConfirmDelivery, {C.OUTBOUND, C.INBOUND}, "not-on-its-way"),
    ],
)
def test_an_item_has_to_be_where_it_is_taken_from(
    guard: Any, kind: type[Command], held: set[Custody], code: str, custody: Custody
) -> None:
    """In the shop, at the vendor, on its way; the one that is not there is named."""
    s = case(having(item(custody), OTHER), said(kind))

    assert brief(guard(s)) == [(code, "AS-FLOW-6", "U-1", custody.value)] * (custody not in held)
    assert brief(guard(case(having(), said(kind)))) == [(code, "AS-FLOW-6", "U-1", "unknown")]


def test_every_item_that_is_not_there_is_named() -> None:
    """Of those that are to go back, not of all."""
    it = having(ITEM, item(C.VENDOR, "U-2"), item(C.VENDOR, "U-3"))

    assert brief(k.there(case(it, said(c.ReturnUnit, items=("U-2", "U-1", "U-4"))))) == [
        ("not-in-shop", "AS-FLOW-6", "U-2", "vendor"),
        ("not-in-shop", "AS-FLOW-6", "U-4", "unknown"),
    ]


@pytest.mark.parametrize("custody", Custody)
def test_the_service_is_not_done_while_an_item_is_at_a_vendor(custody: Custody) -> None:
    """Each one is named with the vendor."""
    s = case(having(OTHER, item(custody, vendor="maker")), command(c.AddWork, tests=("it runs",)))

    assert brief(k.none_at_vendor(s)) == [("at-vendor", "PRACTICE", "U-1", "maker")] * (custody is C.VENDOR)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ({}, []),
        ({"evidence": "v-1"}, []),
        ({"swapped_for": "U-9", "evidence": "v-1"}, []),
        ({"swapped_for": "U-9"}, ["swap-without-paper"]),
        ({"swapped_for": "U-9", "evidence": " "}, ["swap-without-paper"]),
        ({"swapped_for": "U-2", "evidence": "v-1"}, ["swapped-for-known"]),
        ({"swapped_for": "U-1"}, ["swapped-for-known", "swap-without-paper"]),
    ],
)
def test_the_same_serial_comes_back_or_another_one_with_the_vendors_paper(
    words: dict[str, str], codes: list[str]
) -> None:
    """One that is not known here already."""
    s = case(having(item(C.VENDOR), OTHER), said(c.TakeBackFromVendor, **words))

    swapped = words.get("swapped_for")
    assert brief(k.same_or_swapped(s)) == [(code, "PRACTICE", "U-1", swapped) for code in codes]


# --- receipts -------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-6")
@pytest.mark.parametrize("name", [k.RETURNED, k.LOST])
def test_each_receipt_comes_back_as_its_item_goes(name: str) -> None:
    """Or he signs that he lost it; another receipt is not enough."""
    it = having(ITEM, OTHER, papers=(*PAPERS, *OTHERS_PAPERS))
    both = ("U-1", "U-2")

    def back(*refs: str) -> list[tuple[Any, ...]]:
        shown = {name: refs} if refs else {}
        return brief(k.receipt_back(case(it, said(c.ReturnUnit, items=both, shown=shown))))

    first = ("receipt-not-back", "AS-FLOW-6", "U-1", "receipt/17")
    second = ("receipt-not-back", "AS-FLOW-6", "U-2", "receipt/18")
    assert back() == [first, second]
    assert back("receipt/17") == [second]
    assert back("receipt/18") == [first]
    assert back("receipt/17", "receipt/18") == []
    assert brief(k.receipt_back(case(it, said(c.ReturnUnit)))) == [first]


def test_a_receipt_that_came_back_before_is_on_record() -> None:
    """It was shown with an earlier command."""
    it = having(ITEM, papers=PAPERS, shown={k.RETURNED: ("receipt/17",)})

    assert brief(k.receipt_back(case(it, said(c.ReturnUnit)))) == []


@pytest.mark.parametrize(
    ("it", "words"),
    [
        (having(ITEM, papers=PAPERS), {"by_post": True}),
        (having(replace(ITEM, receipt=None)), {}),
        (having(ITEM, papers=(paper(state=PaperState.VOID),)), {}),
        (having(ITEM), {}),
        (having(), {}),
    ],
)
def test_where_no_receipt_can_come_back_none_is_asked_for(it: Ticket, words: dict[str, Any]) -> None:
    """By post, where the firm keeps none, where it is void, where there is no such item."""
    assert brief(k.receipt_back(case(it, said(c.ReturnUnit, **words)))) == []


@pytest.mark.clause("AS-FLOW-6")
@pytest.mark.parametrize("state", PaperState)
def test_nothing_closes_with_an_open_receipt(state: PaperState) -> None:
    """Each that is open is named with its item; other papers may be open."""
    it = having(papers=(paper(state=state), paper(18, Series.VOUCHER)))
    expected = [("receipt-open", "AS-FLOW-6", "receipt/17", "U-1")]

    assert brief(k.receipts_void(case(it, command(c.CloseTicket)))) == expected * (state is PaperState.OPEN)


# --- what is not given back -----------------------------------------------------------------------

REPLACEMENT = item(C.CUSTOMER, "U-9", given_for="U-1")


@pytest.mark.parametrize(
    ("it", "words", "allowed"),
    [
        (having(ITEM), {}, False),
        (having(ITEM, outcome=Outcome.REPAIRED), {}, False),
        (having(ITEM, outcome=Outcome.REFUNDED), {}, True),
        (having(replace(ITEM, given_for="U-2"), outcome=Outcome.REFUNDED), {}, False),
        (having(ITEM, REPLACEMENT, outcome=Outcome.REPLACED), {}, True),
        (having(ITEM, replace(REPLACEMENT, given_for="U-2"), outcome=Outcome.REPLACED), {}, False),
        (having(ITEM, shown={k.LEFT: ("letter",)}), {}, True),
        (having(ITEM), {"shown": {k.LEFT: ("letter",)}}, True),
    ],
)
def test_an_item_goes_back_unless_the_customer_has_something_for_it(
    it: Ticket, words: dict[str, Any], allowed: bool
) -> None:
    """It was replaced or refunded, or he leaves it with the firm; another one's replacement is not for it."""
    refused = [] if allowed else [("not-disposable", "AS-FLOW-6", "U-1", "shop")]

    assert brief(k.disposable(case(it, said(c.Dispose, **words)))) == refused


@pytest.mark.parametrize("custody", Custody)
@pytest.mark.parametrize("kind", [c.ReplaceUnit, c.RefundCustomer])
def test_what_is_replaced_or_refunded_is_surrendered_first(kind: type[Command], custody: Custody) -> None:
    """It is in the shop or disposed of, else it was agreed to be replaced in advance."""
    it = having(item(custody))
    refused = [("not-surrendered", "PRACTICE", "U-1", custody.value)]

    assert brief(k.surrendered(case(it, said(kind)))) == refused * (custody not in {C.SHOP, C.DISPOSED})
    advance = {k.ADVANCE: ("agreed",)}
    assert brief(k.surrendered(case(it, said(kind, shown=advance)))) == []
    assert brief(k.surrendered(case(having(), said(kind)))) == [
        ("not-surrendered", "PRACTICE", "U-1", "unknown")
    ]


def test_as_many_are_surrendered_as_are_refunded() -> None:
    """What the firm gave for another one does not count."""
    given = item(C.SHOP, "U-9", given_for="U-2")
    one, two = having(ITEM, given), having(ITEM, OTHER, given)
    no_unit = having(item(C.CUSTOMER), unit=None, order_line="O-1")

    def refunded(it: Ticket, quantity: int) -> list[tuple[Any, ...]]:
        return brief(k.surrendered(case(it, said(c.RefundCustomer, quantity=quantity))))

    assert refunded(one, 1) == refunded(two, 2) == []
    assert refunded(one, 2) == [("fewer-surrendered", "PRACTICE", 2, 1)]
    assert refunded(no_unit, 1) == [("fewer-surrendered", "PRACTICE", 1, 0)]
    assert refunded(replace(no_unit, items={"U-2": OTHER}), 1) == []


def test_a_unit_is_replaced_by_its_own_surrender() -> None:
    """Another one in the shop is not enough."""
    assert brief(k.surrendered(case(having(OTHER), said(c.ReplaceUnit)))) == [
        ("not-surrendered", "PRACTICE", "U-1", "unknown")
    ]


# --- in -------------------------------------------------------------------------------------------


def test_what_the_customer_sends_is_on_its_way() -> None:
    """What was here before is as it was when it went back."""
    before = replace(ITEM, custody=C.CUSTOMER, given_back_on=TODAY, what="pump")
    it = become(k.announce_inbound(case(having(before), said(c.AnnounceInbound, items=("U-1", "new")))))

    assert dict(it.items) == {
        "U-1": replace(before, custody=C.INBOUND),
        "new": item(C.INBOUND, "new"),
    }


def book(next: int, series: Series) -> Book:
    """The firm's book of a series."""
    id = book_key(FIRM, series).id
    return Book(id=id, state=BookState.KEPT, version=1, firm=FIRM, series=series, next=next)


@pytest.mark.clause("AS-FLOW-5")
def test_an_item_is_taken_in_against_a_receipt_a_line_and_a_tag() -> None:
    """One of each for each item, numbered by their books; the customer is told the numbers of his receipts."""
    words = {"condition": {"b": "scratched"}, "accessories": {"a": ("cable", "box")}, "what": "pump"}
    taking = said(c.TakeIn, items=("b", "a"), by=SUPERVISOR, **words)
    others = (book(17, Series.RECEIPT), book(4, Series.IN_OUT))
    done = k.take_in(case(having(item(C.INBOUND, "a")), taking, others=others))
    it = become(done)

    common: dict[str, Any] = {"what": "pump", "taken_in_on": TODAY}
    assert dict(it.items) == {
        "a": item(C.SHOP, "a", accessories=("cable", "box"), receipt=18, entry=5, tag=2, **common),
        "b": item(C.SHOP, "b", condition="scratched", receipt=17, entry=4, tag=1, **common),
    }
    copies = ("customer", "firm")
    assert dict(it.papers) == {
        "receipt/17": paper(17, about="b", copies=copies, signed_by=("supervisor",)),
        "receipt/18": paper(18, about="a", copies=copies, signed_by=("supervisor",)),
        "in-out-register/4": paper(4, Series.IN_OUT, "b"),
        "in-out-register/5": paper(5, Series.IN_OUT, "a"),
        "repair-tag/1": paper(1, Series.TAG, "b"),
        "repair-tag/2": paper(2, Series.TAG, "a"),
    }
    assert it.route is Route.SHOP
    takes = [(each.series, each.first, each.count) for each in done.commands if isinstance(each, TakeNumbers)]
    assert takes == [(Series.RECEIPT, 17, 2), (Series.IN_OUT, 4, 2), (Series.TAG, 1, 2)]
    (told,) = done.messages
    assert (told.kind, told.to) == (TAKEN_IN, CUSTOMER)
    assert told.facts[-2:] == (("items", "b, a"), ("receipts", "17, 18"))


def test_an_item_that_comes_again_has_new_papers() -> None:
    """What it is stays known; how it was the last time does not count any more."""
    before = replace(
        ITEM,
        custody=C.CUSTOMER,
        given_back_on=TODAY,
        what="pump",
        condition="dented",
        accessories=("box",),
        vendor="x",
    )
    void = paper(state=PaperState.VOID)
    it = become(
        k.take_in(
            case(
                having(before, papers=(void,)),
                said(c.TakeIn, happened_at=LATER),
                others=(book(40, Series.RECEIPT), book(50, Series.IN_OUT), book(60, Series.TAG)),
            )
        )
    )

    again = item(C.SHOP, what="pump", receipt=40, entry=50, tag=60, taken_in_on=TODAY + timedelta(days=3))
    assert dict(it.items) == {"U-1": again}
    assert it.papers["receipt/17"] is void
    assert it.papers["receipt/40"].state is PaperState.OPEN


def test_a_firm_that_keeps_no_papers_takes_items_in_without() -> None:
    """The customer is told that it is there."""
    done = k.take_in(case(having(), said(c.TakeIn), rules=policy(receipt=None, in_out=None, tag=None)))

    assert dict(become(done).items) == {"U-1": item(C.SHOP, taken_in_on=TODAY)}
    assert (dict(become(done).papers), done.commands) == ({}, ())
    assert done.messages[0].facts[-1] == ("items", "U-1")


# --- in, once it is done or declined --------------------------------------------------------------

SURRENDERED = item(C.CUSTOMER, "U-9", given_for="U-1")


@pytest.mark.parametrize(
    ("it", "serial", "custody"),
    [
        (having(item(C.INBOUND)), "U-1", None),
        (having(item(C.OUTBOUND)), "U-1", None),
        (having(SURRENDERED), "U-1", None),
        (having(SURRENDERED, item(C.CUSTOMER)), "U-1", None),
        (having(item(C.CUSTOMER), outcome=Outcome.REFUNDED), "U-1", None),
        (having(outcome=Outcome.REFUNDED), "U-1", None),
        (having(), "U-1", "unknown"),
        (having(outcome=Outcome.REPAIRED), "U-1", "unknown"),
        (having(item(C.CUSTOMER)), "U-1", "customer"),
        (having(ITEM, SURRENDERED), "U-1", "shop"),
        (having(SURRENDERED), "U-9", "customer"),
        (having(SURRENDERED, outcome=Outcome.REFUNDED), "U-9", "customer"),
        (having(outcome=Outcome.REFUNDED), "U-7", "unknown"),
        (having(item(C.CUSTOMER, "U-7"), outcome=Outcome.REFUNDED), "U-7", None),
        (having(item(C.DISPOSED), outcome=Outcome.REFUNDED), "U-1", "disposed"),
    ],
)
def test_what_comes_late_was_on_its_way_or_is_given_up(it: Ticket, serial: str, custody: str | None) -> None:
    """Announced before, undelivered, or what the customer surrenders for what he got; nothing else."""
    s = case(replace(it, state=Stage.REPAIRED), said(c.TakeIn, items=(serial,)))

    expected = [] if custody is None else [("not-expected", "AS-FLOW-5", serial, custody, "repaired")]
    assert brief(k.comes_late(s)) == expected


@pytest.mark.clause("AS-FLOW-6")
@pytest.mark.parametrize("stage", [Stage.REPAIRED, Stage.DECLINED])
def test_what_comes_back_undelivered_is_there_on_its_old_receipt(stage: Stage) -> None:
    """The customer has it still; the line in the register and the tag are new. The way of service stays."""
    receipt, entry, tag = PAPERS
    filed = ended(entry, PaperState.FILED), ended(tag, PaperState.FILED)
    it = having(replace(ITEM, custody=C.OUTBOUND), papers=(receipt, *filed), state=stage, route=Route.ON_SITE)
    others = (book(40, Series.RECEIPT), book(50, Series.IN_OUT), book(60, Series.TAG))
    done = k.take_in(case(it, said(c.TakeIn, items=("U-1", "U-7"), happened_at=LATER), others=others))
    after = become(done)

    assert after.items["U-1"] == replace(ITEM, entry=50, tag=60, taken_in_on=OUT)
    assert (after.items["U-7"].receipt, after.items["U-7"].entry) == (40, 51)
    assert after.papers["receipt/17"] is receipt
    assert [each.ref for each in after.papers.values() if each.state is PaperState.OPEN] == [
        "receipt/17",
        "receipt/40",
        "in-out-register/50",
        "in-out-register/51",
        "repair-tag/60",
        "repair-tag/61",
    ]
    assert done.messages[0].facts[-1] == ("receipts", "17, 40")
    assert after.route is Route.ON_SITE

    alone = k.take_in(case(it, said(c.TakeIn), others=others))
    assert [each.series for each in alone.commands if isinstance(each, TakeNumbers)] == [
        Series.IN_OUT,
        Series.TAG,
    ]


# --- to a vendor and back -------------------------------------------------------------------------


def test_an_item_is_at_the_vendor_on_the_same_papers() -> None:
    """And in the shop again when it comes back."""
    it = become(k.send_to_vendor(case(having(ITEM, OTHER, papers=PAPERS), said(c.SendToVendor))))
    assert dict(it.items) == {"U-1": replace(ITEM, custody=C.VENDOR, vendor="maker"), "U-2": OTHER}

    it = become(k.take_back(case(it, said(c.TakeBackFromVendor))))
    assert it == having(ITEM, OTHER, papers=PAPERS)


def test_what_a_vendor_gave_for_an_item_is_known_for_good() -> None:
    """With the vendor's paper; it may go to a vendor again and come back as it is."""
    it = having(replace(ITEM, custody=C.VENDOR, vendor="maker"))
    it = become(k.take_back(case(it, said(c.TakeBackFromVendor, swapped_for="U-9", evidence="v-1"))))
    assert dict(it.items) == {"U-1": replace(ITEM, swapped_for="U-9")}
    assert dict(it.shown) == {"vendor-paper": ("v-1",)}

    it = become(k.send_to_vendor(case(it, said(c.SendToVendor))))
    it = become(k.take_back(case(it, said(c.TakeBackFromVendor))))
    assert dict(it.items) == {"U-1": replace(ITEM, swapped_for="U-9")}


# --- out ------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-6")
def test_an_item_goes_back_and_its_receipt_is_void() -> None:
    """The date of its return is in the register, whose line is filed with the tag; the other one is still there."""
    it = having(ITEM, OTHER, papers=(*PAPERS, *OTHERS_PAPERS))
    done = k.give_back(case(it, said(c.ReturnUnit, happened_at=LATER)))
    it = become(done)

    assert dict(it.items) == {"U-1": replace(ITEM, custody=C.CUSTOMER, given_back_on=OUT), "U-2": OTHER}
    receipt, entry, tag = PAPERS
    assert dict(it.papers) == {each.ref: each for each in OTHERS_PAPERS} | {
        receipt.ref: ended(receipt, PaperState.VOID, "item given back"),
        entry.ref: ended(entry, PaperState.FILED),
        tag.ref: ended(tag, PaperState.FILED),
    }
    (told,) = done.messages
    assert (told.kind, told.to, told.facts[-2:]) == (
        GIVEN_BACK,
        CUSTOMER,
        (("items", "U-1"), ("by_post", False)),
    )
    assert done.commands == ()  # nothing was spoiled: its number is not void in the book


@pytest.mark.clause("AS-FLOW-6")
def test_an_item_that_is_sent_back_is_on_its_way_with_an_open_receipt() -> None:
    """It left the shop on that day; its receipt is void on the day on which he has it."""
    done = k.give_back(case(having(ITEM, papers=PAPERS), said(c.ReturnUnit, by_post=True, happened_at=LATER)))
    it = become(done)
    receipt, entry, tag = PAPERS

    assert dict(it.items) == {"U-1": replace(ITEM, custody=C.OUTBOUND)}
    filed = {each.ref: ended(each, PaperState.FILED) for each in (entry, tag)}
    assert dict(it.papers) == {receipt.ref: receipt} | filed
    assert done.messages[0].facts[-1] == ("by_post", True)

    arrived = LATER + timedelta(days=2)
    it = become(k.confirm_delivery(case(it, said(c.ConfirmDelivery, happened_at=arrived))))
    on = arrived.date()
    assert dict(it.items) == {"U-1": replace(ITEM, custody=C.CUSTOMER, given_back_on=on)}
    assert dict(it.papers) == {receipt.ref: ended(receipt, PaperState.VOID, "item given back", on)} | filed


def test_the_customer_hears_of_the_serial_that_he_gets() -> None:
    """It is another one where a vendor swapped it."""
    it = having(replace(ITEM, swapped_for="U-9"), OTHER)
    done = k.give_back(case(it, said(c.ReturnUnit, items=("U-1", "U-2"))))

    assert ("items", "U-9, U-2") in done.messages[0].facts


def test_what_never_came_is_the_customers_again() -> None:
    """He announced it, and has it still or got it back: it was never given back."""
    it = become(k.confirm_delivery(case(having(item(C.INBOUND)), said(c.ConfirmDelivery))))

    assert dict(it.items) == {"U-1": item(C.CUSTOMER)}


def test_what_was_announced_again_but_never_came_is_as_it_was() -> None:
    """It was given back when it was given back, and its papers ended then."""
    before = replace(ITEM, custody=C.CUSTOMER, given_back_on=TODAY)
    void = ended(PAPERS[0], PaperState.VOID, "item given back", TODAY)
    it = become(k.announce_inbound(case(having(before, papers=(void,)), said(c.AnnounceInbound))))
    it = become(k.confirm_delivery(case(it, said(c.ConfirmDelivery, happened_at=LATER))))

    assert it == having(before, papers=(void,))


@pytest.mark.clause("AS-FLOW-6")
def test_an_item_that_is_disposed_of_has_no_open_papers() -> None:
    """Its receipt is void, and says why."""
    it = having(ITEM, OTHER, papers=(*PAPERS, *OTHERS_PAPERS), outcome=Outcome.REFUNDED)
    it = become(k.dispose(case(it, said(c.Dispose, happened_at=LATER))))
    receipt, entry, tag = PAPERS

    assert dict(it.items) == {"U-1": replace(ITEM, custody=C.DISPOSED), "U-2": OTHER}
    assert it.papers[receipt.ref] == ended(receipt, PaperState.VOID, "replaced")
    assert it.papers[entry.ref] == ended(entry, PaperState.FILED)
    assert it.papers[tag.ref] == ended(tag, PaperState.FILED)
    assert all(it.papers[each.ref] is each for each in OTHERS_PAPERS)


def test_papers_that_ended_before_stay_as_they_are() -> None:
    """A tag that was filed is not filed again; an item without papers has none to end."""
    receipt, entry, tag = PAPERS
    filed = ended(tag, PaperState.FILED, on=TODAY)
    it = become(
        k.give_back(case(having(ITEM, papers=(receipt, entry, filed)), said(c.ReturnUnit, happened_at=LATER)))
    )
    assert it.papers[tag.ref] == filed

    bare = item(C.SHOP)
    assert dict(become(k.give_back(case(having(bare), said(c.ReturnUnit)))).papers) == {}
