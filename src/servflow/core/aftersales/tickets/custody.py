"""Who has an item (实物保管): into the shop against a receipt, to a vendor, back to the customer, or gone.

1. Every item that was taken in is out or still there, and whoever asks is told which and where.
2. A receipt is open as long as the firm has its item, and void from the day on which the customer has it
   back, or it is disposed of (AS-FLOW-6). By post that is the day on which the delivery is confirmed; the
   line in the in/out register and the tag end on the day on which the item leaves.
3. Nothing ends while the firm has an item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.showing import shown_with
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.billing import REFUND
from servflow.core.aftersales.tickets.ground import Case, on_record, outcome
from servflow.core.aftersales.tickets.messages import GIVEN_BACK, TAKEN_IN, tell
from servflow.core.aftersales.tickets.model import Item, Paper, Ticket
from servflow.core.aftersales.tickets.papers import ADVANCE, LOST, RETURNED, issued, issued_each
from servflow.core.aftersales.tickets.states import (
    Custody,
    Outcome,
    PaperState,
    Route,
    ServiceKind,
    Stage,
)
from servflow.core.changes import Command
from servflow.core.citations import PRACTICE, Clause, Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome as Does
from servflow.core.lifecycle import chooser

__all__ = [
    "ADVANCE",
    "LEFT",
    "LOST",
    "RETURNED",
    "announce_inbound",
    "at_vendor",
    "comes_late",
    "confirm_delivery",
    "disposable",
    "dispose",
    "give_back",
    "item_in_shop",
    "none_at_vendor",
    "not_given_up",
    "nothing_in_firms_hands",
    "on_its_way",
    "receipt_back",
    "receipts_void",
    "same_or_swapped",
    "send_to_vendor",
    "surrendered",
    "take_back",
    "take_in",
    "takeable",
    "there",
    "unit_in_shop",
    "with_customer",
]

LEFT: Final = "left-with-the-firm"
"""The fact that the customer does not want an item back."""

_TAKEN_IN: Final = Clause("AS-FLOW-5", "(十一)")
_BACK: Final = Clause("AS-FLOW-6", "(十二)")
_RETURNED_FOR_IT: Final = Clause("AS-RET-1", "服装公司售后服务制度 4")


def _where(it: Ticket, serial: str) -> str:
    """Who has the item, ``unknown`` where the ticket knows of none."""
    item = it.items.get(serial)
    return "unknown" if item is None else item.custody.value


def _elsewhere(
    s: Case, items: tuple[str, ...], code: str, clause: Clause, *held: Custody
) -> Iterator[Reason]:
    """A reason for each of ``items`` that none of ``held`` is true of."""
    for serial in items:
        item = s.it.items.get(serial)
        if item is None or item.custody not in held:
            yield Reason(code, clause, (("item", serial), ("custody", _where(s.it, serial))))


def _items_of(s: Case) -> tuple[str, ...]:
    """The items that the command names, one or several."""
    items: tuple[str, ...] = getattr(s.command, "items", ()) or (s.command.item,)
    return items


def _in_shop(it: Ticket) -> bool:
    return any(item.custody is Custody.SHOP for item in it.items.values())


def _receipt(it: Ticket, item: Item) -> Paper | None:
    """The receipt that is open for the item."""
    paper = None if item.receipt is None else it.papers.get(f"{Series.RECEIPT.value}/{item.receipt}")
    return paper if paper is not None and paper.state is PaperState.OPEN else None


# --- choosers and guards --------------------------------------------------------------------------


@chooser
def unit_in_shop(s: Case) -> bool:
    """Some item is in the shop: the work goes on there."""
    return _in_shop(s.it)


def item_in_shop(s: Case) -> Iterator[Reason]:
    """Some item is in the shop, taken in against its papers (AS-FLOW-5)."""
    if not _in_shop(s.it):
        yield Reason("aftersales.nothing-in-shop", _TAKEN_IN)


def nothing_in_firms_hands(s: Case) -> Iterator[Reason]:
    """The customer has everything back, or it is disposed of (AS-FLOW-6)."""
    for item in s.it.in_firms_hands:
        facts = (("item", item.serial), ("custody", item.custody.value))
        yield Reason("aftersales.item-not-back", _BACK, facts)


def with_customer(s: Case) -> Iterator[Reason]:
    """The customer has the items: what he sends in is not on its way or in the shop already."""
    yield from _customers(s, Custody.CUSTOMER)


def takeable(s: Case) -> Iterator[Reason]:
    """The items come from the customer: nothing is taken in twice (AS-FLOW-5)."""
    yield from _customers(s, Custody.CUSTOMER, Custody.INBOUND)


def _customers(s: Case, *held: Custody) -> Iterator[Reason]:
    known = tuple(serial for serial in s.command.items if serial in s.it.items)
    yield from _elsewhere(s, known, "aftersales.not-with-customer", _TAKEN_IN, *held)
    for serial in known:
        swapped_for = s.it.items[serial].swapped_for
        if swapped_for:  # that serial stayed with a vendor
            yield Reason("aftersales.swapped", _TAKEN_IN, (("item", serial), ("swapped_for", swapped_for)))


def comes_late(s: Case) -> Iterator[Reason]:
    """What comes in once the service is done or declined was expected: nothing new is taken in then.

    It was announced before, comes back undelivered, or was replaced or refunded before it was surrendered.
    """
    for serial in s.command.items:
        item = s.it.items.get(serial)
        under_way = item is not None and item.custody in {Custody.INBOUND, Custody.OUTBOUND}
        owed = (item is None or item.custody is Custody.CUSTOMER) and _given_up(s.it, serial)
        if not (under_way or owed):
            facts = (("item", serial), ("custody", _where(s.it, serial)), ("stage", s.it.state.value))
            yield Reason("aftersales.not-expected", _TAKEN_IN, facts)


def _given_up(it: Ticket, serial: str) -> bool:
    """Whether the customer got another item for this one, or its price back."""
    given = {item.serial: item.given_for for item in it.items.values() if item.given_for}
    his = serial not in given and (serial == it.unit or serial in it.items)
    return serial in given.values() or (his and it.outcome is Outcome.REFUNDED)


def not_given_up(s: Case) -> Iterator[Reason]:
    """The customer got no other unit for it, nor its price back: such a one is only disposed of.

    Of a refund that is the unit itself; where none is named, what was brought in of a purchase of one.
    """
    it = s.it
    replaced = {item.given_for for item in it.items.values() if item.given_for}
    one = it.purchase is not None and it.purchase.quantity == 1
    refunded = any(each.kind == REFUND for each in it.posted)
    for serial in s.command.items:
        his = serial == it.unit or (it.unit is None and one)
        if serial in replaced or (refunded and his):
            yield Reason("aftersales.given-up", _RETURNED_FOR_IT, (("item", serial),))


def there(s: Case) -> Iterator[Reason]:
    """Every item that is named is in the shop."""
    yield from _elsewhere(s, _items_of(s), "aftersales.not-in-shop", _BACK, Custody.SHOP)


def at_vendor(s: Case) -> Iterator[Reason]:
    """The item is at a vendor."""
    yield from _elsewhere(s, _items_of(s), "aftersales.not-at-vendor", _BACK, Custody.VENDOR)


def none_at_vendor(s: Case) -> Iterator[Reason]:
    """No item is at a vendor: what is not there is not done."""
    for item in s.it.items.values():
        if item.custody is Custody.VENDOR:
            facts = (("item", item.serial), ("vendor", item.vendor))
            yield Reason("aftersales.at-vendor", PRACTICE, facts)


def same_or_swapped(s: Case) -> Iterator[Reason]:
    """The same serial comes back, or another one that is not known here yet, with the vendor's paper."""
    said = s.command
    if not said.swapped_for:
        return
    facts = (("item", said.item), ("swapped_for", said.swapped_for))
    if said.swapped_for in s.it.items:
        yield Reason("aftersales.swapped-for-known", PRACTICE, facts)
    if not said.evidence.strip():
        yield Reason("aftersales.swap-without-paper", PRACTICE, facts)


def receipt_back(s: Case) -> Iterator[Reason]:
    """The customer gives the receipt of each item back as he gets it, or signs that he lost it (AS-FLOW-6).

    What is sent to him he cannot: there its delivery is confirmed. Where the firm keeps no receipts there is
    none to be given back.
    """
    if s.command.by_post:
        return
    record = on_record(s)
    shown = {*record.get(RETURNED, ()), *record.get(LOST, ())}
    for serial in s.command.items:
        item = s.it.items.get(serial)
        receipt = None if item is None else _receipt(s.it, item)
        if receipt is not None and receipt.ref not in shown:
            facts = (("item", serial), ("receipt", receipt.ref))
            yield Reason("aftersales.receipt-not-back", _BACK, facts)


def on_its_way(s: Case) -> Iterator[Reason]:
    """The items are on their way: back to the customer, or announced by him and not sent or come back."""
    items = s.command.items
    yield from _elsewhere(s, items, "aftersales.not-on-its-way", _BACK, Custody.OUTBOUND, Custody.INBOUND)


def disposable(s: Case) -> Iterator[Reason]:
    """The customer got something else for the item, or leaves it with the firm; else it goes back to him."""
    it, serial = s.it, s.command.item
    if not (_given_up(it, serial) or on_record(s).get(LEFT)):
        yield Reason("aftersales.not-disposable", _BACK, (("item", serial), ("custody", _where(it, serial))))


def surrendered(s: Case) -> Iterator[Reason]:
    """What is replaced or refunded is in the shop or disposed of, or it was agreed to be so in advance.

    Of a refund: the unit itself, and as many items as are refunded.
    """
    if on_record(s).get(ADVANCE):
        return
    said, it = s.command, s.it
    held = (Custody.SHOP, Custody.DISPOSED)
    replacing = isinstance(said, c.ReplaceUnit)
    unit = said.unit if replacing else it.unit
    if unit is not None:
        yield from _elsewhere(s, (unit,), "aftersales.not-surrendered", PRACTICE, *held)
    if not replacing:
        found = sum(item.custody in held and not item.given_for for item in it.items.values())
        if found < said.quantity and (found or unit is None):
            yield Reason(
                "aftersales.fewer-surrendered", PRACTICE, (("needed", said.quantity), ("found", found))
            )


def receipts_void(s: Case) -> Iterator[Reason]:
    """Every receipt is void or filed (AS-FLOW-6)."""
    for paper in s.it.papers.values():
        if paper.series is Series.RECEIPT and paper.state is PaperState.OPEN:
            facts = (("receipt", paper.ref), ("item", paper.item))
            yield Reason("aftersales.receipt-open", _BACK, facts)


# --- effects --------------------------------------------------------------------------------------


def announce_inbound(s: Case) -> Does:
    """The items are on their way to the shop."""
    items = {serial: replace(_known(s.it, serial), custody=Custody.INBOUND) for serial in s.command.items}
    return outcome(s, replace(s.it, items={**s.it.items, **items}))


def _known(it: Ticket, serial: str) -> Item:
    return it.items.get(serial) or Item(serial=serial, custody=Custody.CUSTOMER)


def take_in(s: Case) -> Does:
    """The items are in the shop, each with a receipt, a line in the in/out register and a tag of its own.

    Each of the three where the rulebook keeps it, and no second receipt for what comes back undelivered.
    Goods that are returned get a return form, where there is none yet (AS-RET-7). The customer is told the
    numbers of his receipts. Where it is not done or declined, the service goes on in the shop.
    """
    said, it = s.command, s.it
    kept = {serial: _known(it, serial).receipt for serial in said.items if _receipt(it, _known(it, serial))}
    anew = tuple(serial for serial in said.items if serial not in kept)
    it, given, first = issued_each(s, it, Series.RECEIPT, anew, signed_by=(said.by.party,))
    it, entries, second = issued_each(s, it, Series.IN_OUT, said.items)
    it, tags, third = issued_each(s, it, Series.TAG, said.items)
    it, form = _return_form(s, it)
    receipts = {**kept, **given}
    items = {}
    for serial in said.items:
        known = _known(it, serial)
        items[serial] = replace(
            known,
            custody=Custody.SHOP,
            what=said.what or known.what,
            condition=said.condition.get(serial, ""),
            accessories=said.accessories.get(serial, ()),
            receipt=receipts.get(serial),
            entry=entries.get(serial),
            tag=tags.get(serial),
            taken_in_on=today(s),
            given_back_on=None,
            promised_back_on=said.promised_back_on or known.promised_back_on,
            vendor="",
        )
    over = it.state in {Stage.REPAIRED, Stage.DECLINED}
    it = replace(it, items={**it.items, **items}, route=it.route if over else Route.SHOP)
    facts: tuple[tuple[str, Plain], ...] = (("items", ", ".join(said.items)),)
    if receipts:
        facts = (*facts, ("receipts", ", ".join(str(receipts[serial]) for serial in said.items)))
    return outcome(s, it, messages=tell(it, TAKEN_IN, facts), commands=(*first, *second, *third, *form))


def _return_form(s: Case, it: Ticket) -> tuple[Ticket, tuple[Command, ...]]:
    """``it`` with its return form, if goods are returned and it has none, and what takes its number."""
    there = any(
        paper.series is Series.RETURN_FORM and paper.state is not PaperState.VOID
        for paper in it.papers.values()
    )
    if it.service is not ServiceKind.RETURN or there:
        return it, ()
    it, _, commands = issued(s, it, Series.RETURN_FORM)
    return it, commands


def send_to_vendor(s: Case) -> Does:
    """The item is at the vendor; its receipt stays open."""
    said = s.command
    return outcome(s, _changed(s.it, said.item, custody=Custody.VENDOR, vendor=said.vendor))


def take_back(s: Case) -> Does:
    """The item is in the shop again, or another one in its place, on the same papers.

    The vendor's paper goes on record as ``vendor-paper``.
    """
    said = s.command
    known = s.it.items[said.item]
    it = _changed(
        s.it, said.item, custody=Custody.SHOP, vendor="", swapped_for=said.swapped_for or known.swapped_for
    )
    if said.evidence:
        it = replace(it, shown=shown_with(it.shown, {"vendor-paper": (said.evidence,)}))
    return outcome(s, it)


def give_back(s: Case) -> Does:
    """The items are out of the shop; the line in the in/out register and the tag are filed, as of that day.

    The customer has them, and their receipts are void; or they are on their way to him. He is told.
    """
    said, it = s.command, s.it
    for serial in said.items:
        it = _filed(s, it, serial)
        it = _changed(it, serial, custody=Custody.OUTBOUND) if said.by_post else _returned(s, it, serial)
    facts = (
        ("items", ", ".join(_as_it_is_now(it, serial) for serial in said.items)),
        ("by_post", said.by_post),
    )
    return outcome(s, it, messages=tell(it, GIVEN_BACK, facts))


def _as_it_is_now(it: Ticket, serial: str) -> str:
    """The serial that the customer gets back."""
    return it.items[serial].swapped_for or serial


def confirm_delivery(s: Case) -> Does:
    """The customer has the items; their receipts are void."""
    it = s.it
    for serial in s.command.items:
        it = _returned(s, it, serial)
    return outcome(s, it)


def dispose(s: Case) -> Does:
    """The item is not given back; its papers end, and the receipt says why."""
    said = s.command
    it = _filed(s, s.it, said.item)
    it = _receipt_void(s, it, it.items[said.item], said.reason)
    return outcome(s, _changed(it, said.item, custody=Custody.DISPOSED))


def _changed(it: Ticket, serial: str, **said: object) -> Ticket:
    item: Item = replace(it.items[serial], **said)  # type: ignore[arg-type]  # fields of an item
    return replace(it, items={**it.items, serial: item})


def _returned(s: Case, it: Ticket, serial: str) -> Ticket:
    """``it`` with the item with the customer, and the receipt void."""
    item = it.items[serial]
    it = _receipt_void(s, it, item, "item given back")
    came = item.custody is not Custody.INBOUND  # what never came was not given back today
    return _changed(
        it, serial, custody=Custody.CUSTOMER, given_back_on=today(s) if came else item.given_back_on
    )


def _receipt_void(s: Case, it: Ticket, item: Item, why: str) -> Ticket:
    paper = _receipt(it, item)
    return it if paper is None else _ended(s, it, {paper.ref: paper}, PaperState.VOID, why)


def _filed(s: Case, it: Ticket, serial: str) -> Ticket:
    """``it`` with the line in the in/out register and the tag of the item filed."""
    item = it.items[serial]
    refs = (f"{Series.IN_OUT.value}/{item.entry}", f"{Series.TAG.value}/{item.tag}")
    papers = {ref: it.papers[ref] for ref in refs if ref in it.papers}
    return _ended(s, it, papers, PaperState.FILED, "")


def _ended(s: Case, it: Ticket, papers: Mapping[str, Paper], state: PaperState, why: str) -> Ticket:
    ended = {
        ref: replace(paper, state=state, ended_on=today(s), why=why)
        for ref, paper in papers.items()
        if paper.state is PaperState.OPEN
    }
    return replace(it, papers={**it.papers, **ended})
