"""What one desk tells the other, written as ISO 18626 and read again."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from iso_messages import AT, HERE, KINDS, THERE, hear, messages, told
from iso_valid import mistakes
from lxml import etree

from servflow.adapters.partner_iso18626 import (
    MOST_BYTES,
    Asks,
    Dialect,
    Edition,
    Incoming,
    UnreadableMessage,
    confirm,
    read,
    read_confirmation,
    read_request,
    write,
)
from servflow.core.changes import Key, Message
from servflow.core.citations import Plain
from servflow.core.errors import InvalidValue, MissingExtra
from servflow.core.ill.exchange import HEARD, for_a_desk, heard
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.money import Money

DAY = date(2026, 2, 28)
BOTH = pytest.mark.parametrize("edition", Edition, ids=lambda edition: edition.value)
OURS = Dialect.SERVFLOW


def wire(message: Message, edition: Edition, dialect: Dialect = OURS, **more: Any) -> bytes:
    """The bytes of a message, which are valid by its edition."""
    sender = HERE if message.to == THERE else THERE
    data = write(message, sender=sender, edition=edition, dialect=dialect, **{"sent_at": AT, **more})
    assert mistakes(data, edition) == []
    return data


def arrives(message: Message, edition: Edition, dialect: Dialect = OURS) -> Incoming:
    """The message as it arrives."""
    return read(wire(message, edition, dialect), received_at=AT, lines=True)


def beside(message: Message) -> dict[str, Plain]:
    """The facts of a message, without whom and what it is about."""
    return {
        name: value
        for name, value in message.facts
        if name not in ("request", "supplier", "requester", "title", "kind_of", "level", "service")
    }


# --- between desks of ours ------------------------------------------------------------------------


@given(messages(), st.sampled_from(Edition))
@example(told("ill.supply.offered", cost=Money(0, "CNY")), Edition.V1_2)
@example(told("ill.supply.shipped", items="a\nb", via="URL", reference="x"), Edition.V1_2)
@example(told("ill.supply.renewed", due=DAY, **{"cost.overdue": Money(0, "CNY")}), Edition.V2021_2)
@example(told("ill.supply.damaged", item="a", note="x"), Edition.V2021_2)
@example(
    told("ill.supply.shipped", **{"cost.overdue": Money(0, "CNY"), "cost.loan-fee": Money(20, "CNY")}),
    Edition.V1_2,
)
def test_nothing_is_lost_between_desks_of_ours(message: Message, edition: Edition):
    """Whatever one desk tells the other is heard as if it had not been written and read, in both editions."""
    assert hear(arrives(message, edition).message) == hear(message)


@given(messages(), st.sampled_from(Edition), st.sampled_from([Dialect.STANDARD, Dialect.RESHARE]))
def test_others_are_told_in_valid_messages(message: Message, edition: Edition, dialect: Dialect):
    """In any dialect it is valid, says nothing for our programs, is about the same request, and is heard."""
    data = wire(message, edition, dialect)
    incoming = read(data, received_at=AT)
    assert "#servflow:" not in (etree.fromstring(data).findtext(".//{*}note") or "")
    assert incoming.request_id == "B1~2"
    hear(incoming.agreed(1) if incoming.asks is Asks.REVISION else incoming.message)


@given(messages(), st.sampled_from(Edition), st.sampled_from(Dialect))
def test_the_same_message_is_the_same_bytes(message: Message, edition: Edition, dialect: Dialect):
    """What is sent once more is the same to the byte, and so has the same key where it arrives."""
    data = wire(message, edition, dialect)
    assert data == wire(message, edition, dialect)
    assert read(data, received_at=AT).message.key == read(data, received_at=AT + timedelta(9)).message.key


@pytest.mark.parametrize("kind", ["ill.centre.routed", "ill.gateway.request", "ill.gateway.taken-in"])
@BOTH
def test_what_the_standard_has_nothing_for_passes_between_desks_of_ours(kind: str, edition: Edition):
    """A centre's and a gateway's messages go from desk to desk of ours; to others they cannot be said."""
    facts: dict[str, Plain] = {"service": "Loan", "reader": "r-1", "suppliers": "CN-A\nCN-B"}
    message = told(kind, **facts)
    message = replace(message, to=THERE if kind == "ill.gateway.request" else HERE)
    assert hear(arrives(message, edition).message) == hear(message)
    for dialect in (Dialect.STANDARD, Dialect.RESHARE):
        with pytest.raises(InvalidValue, match="nothing like ill"):
            wire(message, edition, dialect)


def test_a_request_is_the_command_that_is_read_at_once():
    """A request that was written is the same command, whether it is read as a message or as a request."""
    message = told(
        "ill.borrowing.request", service="Copy", via="Email", reference="ill@example.org", note="n"
    )
    data = wire(message, Edition.V2021_2, card="C-1", security_code="secret")
    incoming = read(data, received_at=AT, lines=True)
    command = read_request(data, received_at=AT, lines=True)
    assert (incoming.card, incoming.security_code) == ("C-1", "secret")
    assert (command.card, command.id) == ("C-1", incoming.message.key)
    assert "secret" not in repr(incoming)
    other = heard(incoming.message, sender=HERE, at=THERE, received_at=AT)
    assert isinstance(other, ReceiveRequest)
    assert replace(other, id=command.id, by=command.by, card="C-1") == command
    assert command.delivery is not None


@pytest.mark.parametrize("agency", ["CN-110108", "READER:B1", "ISIL:READER:B1", "A:B:C", "DE-1/2%"])
def test_agencies_are_written_as_they_are_read(agency: str):
    """Whatever an agency's reference, it arrives as the same one."""
    message = replace(told("ill.borrowing.renew"), to=agency)
    data = write(message, sender="X:y", edition=Edition.V1_2, dialect=OURS, sent_at=AT)
    incoming = read(data, received_at=AT)
    assert (incoming.sender, incoming.recipient) == ("X:y", agency)


# --- what is written ------------------------------------------------------------------------------

_FULL: dict[str, Plain] = {
    "items": "b-1\nb-2",
    "due": DAY,
    "via": "Courier",
    "reference": "SF123",
    "cost.loan-fee": Money(20, "CNY"),
    "cost.delivery-fee": Money(5, "CNY"),
    "note": "n",
}
_OFFER: dict[str, Plain] = {
    "revision": 2,
    "conditions": "LibraryUseOnly,NoReproduction",
    "cost": Money(9, "CNY"),
    "reply_by": DAY,
    "note": "n",
}
_LINK: dict[str, Plain] = {
    "via": "URL",
    "reference": "https://example.org/1",
    "cost.copy-fee": Money(3, "CNY"),
}
_SHIPPED: dict[str, Plain] = {"items": "b-1\nb-2", "due": DAY, "via": "Courier", "reference": "SF123"}
_SUM: dict[str, Plain] = {"cost.loan-fee": Money(25, "CNY")}
_COSTS = "loan fee: CNY 20.00; delivery fee: CNY 5.00"
_NOTE = "ill.supply.notification"
_TOLD = "ill.borrowing.notification"

# what is told, to whom: the reason and status or the action that it has, and as what it is heard
TO_OTHERS: list[tuple[str, dict[str, Plain], str, str, str, str, dict[str, Plain]]] = [
    # kind, facts, dialect, edition, says, heard as, with
    ("offered", _OFFER, "reshare", "1.2", "RequestResponse WillSupply", "ill.supply.offered",
     {"conditions": "LibraryUseOnly", "cost": Money(9, "CNY"), "reply_by": DAY,
      "note": "n; conditions: LibraryUseOnly,NoReproduction"}),
    ("offered", _OFFER, "reshare", "2021-2", "RequestResponse WillSupply", "ill.supply.offered",
     {"conditions": "LibraryUseOnly,NoReproduction", "cost": Money(9, "CNY"), "reply_by": DAY, "note": "n"}),
    ("offered", _OFFER, "standard", "1.2", "RequestResponse RetryPossible", "ill.supply.retry",
     {"why": "LoanCondition", "cost": Money(9, "CNY"), "before": DAY,
      "note": "n; conditions: LibraryUseOnly,NoReproduction; reply by: 2026-02-28; loanCondition: LibraryUseOnly"}),
    ("offered", {"cost": Money(9, "CNY")}, "standard", "2021-2", "RequestResponse RetryPossible", "ill.supply.retry",
     {"why": "CostExceedsMaxCost", "cost": Money(9, "CNY")}),
    ("retry", {"why": "NotCurrentlyAvailableForILL", "after": DAY, "before": DAY, "cost": Money(9, "CNY")},
     "standard", "1.2", "RequestResponse RetryPossible", "ill.supply.retry",
     {"why": "NotCurrentlyAvailableForILL", "after": DAY, "before": DAY, "cost": Money(9, "CNY")}),
    ("retry", {"why": "Other", "note": "n"}, "standard", "2021-2", "RequestResponse RetryPossible", "ill.supply.retry",
     {"note": "n; why: Other"}),
    ("unfilled", {"why": "NotHeld", "forwarded_to": "CN-X"}, "reshare", "1.2", "RequestResponse Unfilled",
     "ill.supply.unfilled", {"why": "NotHeld", "note": "forwarded to: CN-X"}),
    ("shipped", _FULL, "reshare", "1.2", "StatusChange Loaned", "ill.supply.shipped",
     {"items": "b-1", "due": DAY, "via": "Courier", **_SUM,
      "note": f"n; items: b-1, b-2; reference: SF123; {_COSTS}"}),
    ("shipped", _FULL, "standard", "2021-2", "StatusChange Loaned", "ill.supply.shipped",
     {**_SHIPPED, **_SUM, "note": f"n; {_COSTS}"}),
    ("copy-supplied", _LINK, "reshare", "1.2", "StatusChange CopyCompleted", "ill.supply.copy-supplied", _LINK),
    ("copy-supplied", _LINK, "standard", "2021-2", "StatusChange CopyCompleted", "ill.supply.copy-supplied", _LINK),
    ("held", {"held": True}, "standard", "1.2", "Notification Loaned", _NOTE, {"note": "held; held: True"}),
    ("held", {"held": True}, "standard", "2021-2", "StatusChange HoldReturn", "ill.supply.held", {"held": True}),
    ("held", {"held": False}, "reshare", "2021-2", "StatusChange ReleaseHoldReturn", "ill.supply.held", {"held": False}),
    ("cancel-answered", {"yes": False, "status": "Loaned"}, "standard", "1.2", "CancelResponse Loaned",
     "ill.supply.cancel-answered", {"yes": False, "status": "Loaned"}),
    ("cancel-answered", {"yes": True}, "standard", "1.2", "CancelResponse Cancelled",
     "ill.supply.cancel-answered", {"yes": True, "status": "Cancelled"}),
    ("renewed", {"yes": True, "due": DAY}, "reshare", "1.2", "RenewResponse Loaned", "ill.supply.renewed",
     {"yes": True, "due": DAY}),
    ("renewal-declined", {"yes": False, "status": "Overdue", "due": DAY, "reason": "r"}, "reshare", "1.2",
     "RenewResponse Overdue", "ill.supply.renewal-declined", {"reason": "r\ndue: 2026-02-28"}),
    ("status", {"status": "Recalled", "due": DAY, "cost.overdue": Money(1, "CNY")}, "standard", "1.2",
     "StatusRequestResponse Recalled", "ill.supply.status",
     {"status": "Recalled", "due": DAY, "note": "overdue: CNY 1.00"}),
    ("lost", {"volumes": 2}, "standard", "2021-2", "Notification Loaned", _NOTE, {"note": "lost"}),
    ("loss-settled", {"how": "paid"}, "standard", "1.2", "StatusChange CompletedWithoutReturn", "ill.supply.kept",
     {"note": "how: paid"}),
    ("damaged", {"item": "b-1", "note": "wet", "in_post": True}, "reshare", "1.2", "Notification Loaned", _NOTE,
     {"note": "wet; damaged; item: b-1; in post: True"}),
    ("cancelled", {}, "standard", "1.2", "StatusChange Cancelled", "ill.supply.cancelled", {}),
    ("notification", {"note": "n #seq:1#"}, "standard", "1.2", "Notification RequestReceived", _NOTE, {"note": "n # seq:1#"}),
    ("lost", {"items": "b-1", "where": "patron", "note": "n"}, "reshare", "2021-2", "Lost", "ill.borrowing.lost",
     {"note": "n; items: b-1; where: patron"}),
    ("lost", {"where": "patron"}, "reshare", "1.2", "Notification", _TOLD, {"note": "lost; where: patron"}),
    ("renew", {"reason": "r", "desired": DAY}, "standard", "1.2", "Renew", "ill.borrowing.renew",
     {"reason": "r\ndesired: 2026-02-28"}),
    ("returned", {"items": "b-1\nb-2"}, "standard", "1.2", "ShippedReturn", "ill.borrowing.returned",
     {"note": "items: b-1, b-2"}),
    ("offer-accepted", {"revision": 2, "note": "n"}, "reshare", "1.2", "Notification", "ill.borrowing.offer-accepted",
     {"note": "n"}),
    ("offer-accepted", {"revision": 2, "cost": Money(9, "CNY"), "conditions": "LibraryUseOnly"}, "standard", "1.2",
     "Notification", "ill.borrowing.offer-accepted", {}),
    ("offer-accepted", {"revision": 2}, "standard", "1.2", "Notification", "ill.borrowing.offer-accepted", {}),
    ("offer-accepted", {"revision": 2, "note": "n"}, "standard", "1.2", "Notification", "ill.borrowing.offer-accepted",
     {"note": "n"}),
    ("offer-rejected", {"revision": 2, "note": "n"}, "standard", "1.2", "Cancel", "ill.borrowing.cancel", {"note": "n"}),
    ("defect", {"what": "page 12", "note": "n"}, "standard", "2021-2", "Notification", _TOLD,
     {"note": "n; defect; what: page 12"}),
]  # fmt: skip
_FROM_BORROWER = ("renew", "returned", "offer-accepted", "offer-rejected", "defect")


@pytest.mark.parametrize("row", TO_OTHERS, ids=lambda row: f"{row[0]}-{row[2]}-{row[3]}")
def test_what_others_hear(row: tuple[str, dict[str, Plain], str, str, str, str, dict[str, Plain]]):
    """What has no element, or is not known to the dialect, arrives in words; nothing else is different."""
    kind, facts, dialect, edition, says, heard_as, arrived = row
    side = "borrowing" if kind in _FROM_BORROWER or "Lost" in says or "where" in facts else "supply"
    incoming = arrives(told(f"ill.{side}.{kind}", **facts), Edition(edition), Dialect(dialect))
    root = etree.fromstring(wire(told(f"ill.{side}.{kind}", **facts), Edition(edition), Dialect(dialect)))
    status = root.findtext(".//{*}status")
    assert " ".join(filter(None, [incoming.reason or incoming.action, status])) == says
    assert incoming.message.kind == heard_as
    found = beside(incoming.message)
    if "note" in found:
        found["note"] = "; ".join(str(found["note"]).splitlines())
    assert found == arrived


def test_every_kind_is_written_for_others():
    """No kind that is told between the desks of borrower and lender is left out of the property tests."""
    assert {kind for kind in HEARD if kind.startswith(("ill.borrowing.", "ill.supply."))} <= set(KINDS)


_ASKED: dict[str, Plain] = {
    "service": "Copy",
    "level": "Rush",
    "article": "水门考",
    "pages": "1-9",
    "year": "2001",
    "record_ids": "SUPPLIER:b1\nISSN:12345679\nbare\nOCLC:1\nSUPPLIER:b2",
    "need_before": DAY,
    "max_cost": Money(30, "CNY"),
    "kind_of": "retry",
    "previous": "B1~1",
    "via": "Email",
    "reference": "ill@example.org",
    "declared": True,
    "forwardable": True,
    "note": "n",
}


@BOTH
def test_a_request_to_others_has_all_that_has_an_element(edition: Edition):
    """What a request asks for stands in the elements of the edition; nothing of it is said twice."""
    root = etree.fromstring(wire(told("ill.borrowing.request", **_ASKED), edition, Dialect.STANDARD))
    at = {etree.QName(each).localname: each.text for each in root.iter("{*}*") if each.text}
    names = {
        "title": "古城水系考",
        "supplierUniqueRecordId": "b1",
        "titleOfComponent": "水门考",
        "pagesRequested": "1-9",
        "publicationDate": "2001",
        "serviceType": "Copy",
        "serviceLevel": "Rush",
        "requestType": "Retry",
        "requestingAgencyPreviousRequestId": "B1~1",
        "needBeforeDate": "2026-02-28T12:00:00Z",
        "currencyCode": "CNY",
        "monetaryValue": "30.00",
        "electronicAddressType": "Email",
        "electronicAddressData": "ill@example.org",
        "note": "n",
    }
    assert {name: at[name] for name in names} == names
    assert at.get("deliveryMethod") == ("Email" if edition is Edition.V2021_2 else None)
    items = [each.text for each in root.iterfind(".//{*}bibliographicItemIdentifier")]
    records = [each.text for each in root.iterfind(".//{*}bibliographicRecordIdentifier")]
    assert (items, records) == (["12345679", "bare"], ["1", "b2"])


@BOTH
def test_a_request_without_a_wish_has_no_address(edition: Edition):
    """How it is to be delivered is said if the requester says it; a way alone only where there is a place."""
    place = ".//{*}requestedDeliveryInfo"
    facts = {"service": "Loan", "via": "Mail"}
    root = etree.fromstring(wire(told("ill.borrowing.request", **facts), edition, Dialect.STANDARD))
    assert (root.find(place) is not None) == (edition is Edition.V2021_2)
    assert root.find(".//{*}electronicAddress") is None
    del facts["via"]
    assert etree.fromstring(wire(told("ill.borrowing.request", **facts), edition)).find(place) is None


@BOTH
def test_amounts_that_do_not_add_up_are_in_words(edition: Edition):
    """Costs in two currencies, or below zero, have no element; they are told in words."""
    yen: dict[str, Plain] = {"cost.loan-fee": Money(20, "CNY"), "cost.overdue": Money(5, "JPY")}
    facts = beside(arrives(told("ill.supply.shipped", **yen), edition, Dialect.STANDARD).message)
    assert facts == {"note": "loan fee: CNY 20.00\noverdue: JPY 5"}
    facts = beside(
        arrives(told("ill.supply.retry", cost=Money(-1, "CNY")), edition, Dialect.STANDARD).message
    )
    assert facts == {"note": "cost: CNY -1.00"}


def test_words_that_nobody_knows():
    """A fact that is none of its words is written as it is, and what it says is for people."""
    for message, line in (
        (told("ill.supply.shipped", via="Pigeon", items="b"), '#servflow:via="Pigeon"#'),
        (told("ill.supply.unfilled", why="Whim"), '#servflow:why="Whim"#'),
    ):
        incoming = arrives(message, Edition.V1_2)
        assert incoming.message.kind == message.kind
        assert line in str(dict(incoming.message.facts)["note"])
        assert heard(incoming.message, sender=THERE, at=HERE, received_at=AT) is not None


@pytest.mark.parametrize(
    "line",
    [
        "due=5", "as_of=true", "cost.loan-fee=-5.00 CNY", "cost.x=5.00 CNY", "due=0", 'as_of="x"', "their_id=5", 'Kind="unheard"', "Kind=7", 'Kind="borrowing.lost"',
    ],
)  # fmt: skip
def test_a_line_that_its_message_cannot_say_stays_in_the_note(line: str):
    """A line of another type, or of a kind nobody knows, refuses nothing: it is read by people."""
    data = wire(told("ill.supply.shipped", note="n", items="b"), Edition.V1_2, Dialect.STANDARD)
    data = data.replace(b">n<", f'>n\n#servflow:{line}#\n#servflow:items="b, c"#<'.encode())
    incoming = read(data, received_at=AT, lines=True)
    assert dict(incoming.message.facts)["note"] == f"n\n#servflow:{line}#"
    assert dict(incoming.message.facts)["items"] == "b, c"
    assert heard(incoming.message, sender=THERE, at=HERE, received_at=AT) is not None


@pytest.mark.parametrize(
    "kind", ["ill.supply.shipped", "ill.borrowing.item-received", "ill.borrowing.request"]
)
def test_lines_of_others_are_a_text(kind: str):
    """Unless the sender is known to be a desk of ours, what looks like a line is a note, whatever it says."""
    lines = '#servflow:level="Express"##servflow:Kind="supply.held"##servflow:held=true#'
    facts = {"service": "Loan"} if kind.endswith("request") else {}
    data = wire(told(kind, note="n", **facts), Edition.V1_2, Dialect.STANDARD)
    incoming = read(data.replace(b">n<", f">{lines}<".encode()), received_at=AT)
    assert incoming.message.kind == kind
    assert dict(incoming.message.facts)["note"] == lines
    assert dict(incoming.message.facts).get("level", "Normal") == "Normal"


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("note", ['servflow:Kind="borrowing.lost"#', 'seq:1#servflow:Kind="borrowing.lost"#'])
def test_what_follows_a_code_is_no_line(note: str, dialect: Dialect):
    """A note that becomes a line with the sign that ends the code before it is a note all the same."""
    message = told("ill.borrowing.offer-accepted", revision=1, note=note)
    incoming = read(wire(message, Edition.V1_2, dialect), received_at=AT, lines=True)
    assert incoming.message.kind == "ill.borrowing.offer-accepted"
    assert str(dict(incoming.message.facts)["note"]).replace(" ", "") == note


def test_without_lxml(monkeypatch: pytest.MonkeyPatch):
    """Without lxml nothing is written or confirmed, and the error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "lxml", None)
    with pytest.raises(MissingExtra, match=r"servflow\[iso18626\]"):
        write(told("ill.supply.received"), sender=THERE, edition=Edition.V1_2, dialect=OURS, sent_at=AT)


def _names(data: bytes, place: str) -> list[str]:
    return [etree.QName(each).localname for each in etree.fromstring(data).iterfind(f".//{{*}}{place}/*")]


def test_what_the_editions_have_differently():
    """The editions differ in order, names and places, although their namespace is the same."""
    asked = told("ill.borrowing.request", service="Loan", record_ids="ISBN:1")
    sent = told("ill.supply.shipped", via="Mail", items="b-1\nb-2", reference="SF1", due=DAY)
    offer = told("ill.supply.offered", **_OFFER)
    old, new = Edition.V1_2, Edition.V2021_2
    first, second = "bibliographicItemIdentifier", "bibliographicItemIdentifierCode"
    assert _names(wire(asked, old), "bibliographicItemId") == [first, second]
    assert _names(wire(asked, new), "bibliographicItemId") == [second, first]
    header = ["supplyingAgencyId", "requestingAgencyId", "timestamp", "requestingAgencyRequestId"]
    assert _names(wire(asked, new), "header") == header
    assert _names(wire(asked, old), "header") == [*header[:2], "multipleItemRequestId", *header[2:]]
    assert _names(wire(sent, old), "deliveryInfo") == ["dateSent", "itemId", "sentVia"]
    assert _names(wire(sent, new), "deliveryInfo") == ["dateSent", "itemId", "itemId", "deliveryMethod"]
    assert _names(wire(sent, new), "shippingInfo") == ["trackingId"]
    parts = ["header", "messageInfo", "statusInfo"]
    assert _names(wire(offer, old), "supplyingAgencyMessage") == [*parts, "deliveryInfo"]
    assert _names(wire(offer, new), "supplyingAgencyMessage") == [*parts, "retryInfo"]
    assert _names(wire(offer, old), "messageInfo") == [
        "reasonForMessage",
        "note",
        "offeredCosts",
        "retryBefore",
    ]
    assert _names(wire(offer, new), "retryInfo") == [
        "loanCondition",
        "loanCondition",
        "offeredCosts",
        "retryBefore",
    ]


def test_an_offer_to_reshare_has_the_elements_that_it_looks_for():
    """ReShare takes a condition within the delivery information for an offer, and costs within the message."""
    data = wire(told("ill.supply.offered", **_OFFER), Edition.V1_2, Dialect.RESHARE)
    root = etree.fromstring(data)
    assert root.findtext(".//{*}deliveryInfo/{*}loanCondition") == "LibraryUseOnly"
    assert root.findtext(".//{*}messageInfo/{*}offeredCosts/{*}monetaryValue") == "9.00"


@BOTH
def test_reshare_is_told_an_id_of_the_supplier(edition: Edition):
    """ReShare asks for the supplier's id of a request; where it is not known, the requester's stands there."""
    name = ".//{*}supplyingAgencyRequestId"
    message = told("ill.borrowing.item-received")
    assert etree.fromstring(wire(message, edition, Dialect.RESHARE)).findtext(name) == "B1~2"
    assert etree.fromstring(wire(message, edition)).findtext(name) is None
    assert etree.fromstring(wire(told("ill.supply.received"), edition)).findtext(name) == "CN-CQ/B1~2"


@BOTH
@pytest.mark.parametrize("dialect", Dialect, ids=lambda dialect: dialect.value)
def test_whoever_has_a_number_of_its_own_is_told_it(edition: Edition, dialect: Dialect):
    """What the supplier calls the request stands in the header of all that follows it, and nowhere else."""
    message = told("ill.borrowing.item-received", their_id="S-9")
    incoming = read(wire(message, edition, dialect), received_at=AT, lines=True)
    assert incoming.supplier_request_id == "S-9"
    assert beside(incoming.message) == {}


@BOTH
def test_only_a_borrower_shows_an_account(edition: Edition):
    """Account and code stand in the header of a borrower's messages; a lender shows neither."""
    shown: dict[str, Any] = {"card": "C-1", "security_code": "secret"}
    for kind in ("ill.borrowing.cancel", "ill.borrowing.item-received"):
        incoming = read(wire(told(kind), edition, **shown), received_at=AT)
        assert (incoming.card, incoming.security_code) == ("C-1", "secret")
    for kind in ("ill.supply.received", "ill.supply.shipped"):
        data = wire(told(kind), edition, **shown)
        assert b"requestingAgencyAuthentication" not in data
        assert b"secret" not in data


@pytest.mark.parametrize(
    ("offset", "written"),
    [
        (timedelta(0), "2026-02-28T12:00:00Z"),
        (timedelta(hours=8), "2026-02-28T12:00:00+08:00"),
        (timedelta(hours=-9, minutes=-30), "2026-02-28T12:00:00-09:30"),
        (timedelta(hours=8, seconds=12), "2026-02-28T12:00:00Z"),
        (timedelta(hours=15), "2026-02-28T12:00:00Z"),
    ],
)
def test_a_day_is_its_noon(offset: timedelta, written: str):
    """A day is written at noon in the sender's offset, where XML has that offset; it stays the same day."""
    message = told("ill.supply.overdue", due=DAY)
    data = wire(message, Edition.V1_2, sent_at=AT.astimezone(timezone(offset)))
    assert etree.fromstring(data).findtext(".//{*}dueDate") == written
    assert dict(read(data, received_at=AT).message.facts)["due"] == DAY


def test_a_note_says_nothing_to_programs_by_accident():
    """What a person writes is not taken for a code or a line, and stays what it was."""
    note = "#servflow:revision=9#, #ReShareLoanConditionAgreeResponse#, #seq:1#"
    for dialect in Dialect:
        incoming = arrives(told("ill.borrowing.notification", note=note), Edition.V1_2, dialect)
        assert incoming.message.kind == "ill.borrowing.notification"
        assert str(dict(incoming.message.facts)["note"]).replace("# ", "#") == note


# --- what cannot be written -----------------------------------------------------------------------


@pytest.mark.parametrize("request_id", ["", " B1~2", "B1\n~2", "x" * 251, 7])
def test_an_id_that_the_wire_cannot_carry(request_id: Plain):
    """An id that would arrive as another one is refused."""
    with pytest.raises(InvalidValue, match="request"):
        wire(told("ill.borrowing.renew", request=request_id), Edition.V1_2)


@pytest.mark.parametrize("agency", ["", "a:b", ":b", "A:", "CN 1 ", "X:b\x00", "ISIL:CN-1"])
def test_an_agency_that_the_wire_cannot_carry(agency: str):
    """An agency that would arrive as another one is refused."""
    with pytest.raises(InvalidValue, match="agency"):
        wire(replace(told("ill.borrowing.renew"), to=agency), Edition.V1_2)


def test_what_else_is_not_written():
    """What is for people, or too large, or cites nothing, or has a naive time, is refused."""
    patron = Message(key="k", to="p-1", kind="ill.patron.ready", about=Key("ill.borrowing", "B1"))
    assert not for_a_desk(patron)
    with pytest.raises(InvalidValue, match=r"ill\.patron\.ready"):
        wire(patron, Edition.V1_2)
    with pytest.raises(InvalidValue, match=f"at most {MOST_BYTES} bytes"):
        wire(told("ill.borrowing.renew", reason="x" * MOST_BYTES), Edition.V1_2)
    with pytest.raises(InvalidValue, match="bibliographicInfo"):
        wire(told("ill.borrowing.request", service="Loan", title=" "), Edition.V1_2)
    with pytest.raises(InvalidValue, match="sent_at"):
        wire(told("ill.borrowing.renew"), Edition.V1_2, sent_at=datetime(2026, 1, 1))
    with pytest.raises(InvalidValue, match="small letter"):
        wire(told("ill.borrowing.renew", **{"Not a name": 1}), Edition.V1_2)


# --- confirmations --------------------------------------------------------------------------------


@given(messages(), st.sampled_from(Edition))
def test_every_message_is_confirmed(message: Message, edition: Edition):
    """What was read is confirmed with its own ids and times, in a valid confirmation of either edition."""
    incoming = arrives(message, edition)
    for each in Edition:
        data = confirm(incoming, edition=each, received_at=AT + timedelta(seconds=1))
        assert mistakes(data, each) == []
        found = read_confirmation(data)
        assert (found.ok, found.errors, found.kind) == (True, (), f"{incoming.kind}Confirmation")
        assert (found.supplier, found.requester, found.request_id) == (THERE, HERE, "B1~2")
        assert (found.sent_at, found.received_at) == (AT, AT + timedelta(seconds=1))


def test_mangled_lines_stay_for_people():
    """A line that cannot be read is part of the note; one that can is taken from a desk of ours."""
    lines = [
        "#servflow:due=2026-02-31#",
        "#servflow:desired=2026-03-01#",
        '#servflow:x="\\ud800"#',
        "#servflow:y=[1]#",
    ]
    data = wire(told("ill.borrowing.renew", reason="r"), Edition.V1_2, Dialect.STANDARD)
    data = data.replace(b">r<", f">r\n{chr(10).join(lines)}<".encode())
    facts = beside(read(data, received_at=AT, lines=True).message)
    assert facts == {"reason": "\n".join(["r", lines[0], lines[2], lines[3]]), "desired": date(2026, 3, 1)}


def test_lines_are_bounded():
    """Of very many lines a hundred are taken, so that nobody can keep us busy with them."""
    data = wire(told("ill.supply.checked-in", note="n"), Edition.V1_2, Dialect.STANDARD)
    lines = "\n".join(f"#servflow:x{number}=1#" for number in range(101))
    facts = beside(read(data.replace(b">n<", f">{lines}<".encode()), received_at=AT, lines=True).message)
    assert len(facts) == 101
    assert facts["note"] == "#servflow:x100=1#"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("ill.borrowing.renew", "borrowing.request"),  # a request is a request only as one
        ("ill.borrowing.renew", "supply.shipped"),
        ("ill.borrowing.renew", "patron.ready"),
        ("ill.supply.shipped", "borrowing.cancel"),
        ("ill.supply.shipped", "centre.unheard-of"),
        ("ill.supply.shipped", "Nonsense"),
    ],
)
def test_a_line_cannot_make_anything_of_a_message(kind: str, line: str):
    """The line that says what a message is counts only for what its element may say."""
    data = wire(told(kind, note="n", reason="n"), Edition.V1_2, Dialect.STANDARD)
    data = data.replace(b">n<", f'>#servflow:Kind="{line}"#<'.encode())
    assert read(data, received_at=AT, lines=True).message.kind == kind


def test_a_line_does_not_say_whom_it_is_about():
    """Request, requester and supplier are the header's, whatever a line says."""
    data = wire(told("ill.borrowing.cancel", note="n"), Edition.V1_2, Dialect.STANDARD)
    data = data.replace(b">n<", b'>#servflow:request="B9~9"##servflow:requester="X"#<')
    assert dict(read(data, received_at=AT, lines=True).message.facts) == {
        "request": "B1~2",
        "supplier": THERE,
        "requester": HERE,
    }


def test_a_line_does_not_make_a_reminder():
    """A request opens something or does not by its requestType, whatever a line says."""
    data = wire(told("ill.borrowing.request", service="Loan", note="n"), Edition.V1_2, Dialect.STANDARD)
    data = data.replace(b">n<", b'>#servflow:kind_of="reminder"#<')
    assert isinstance(read_request(data, received_at=AT, lines=True), ReceiveRequest)
    assert dict(read(data, received_at=AT, lines=True).message.facts)["kind_of"] == "new"


def test_the_clock_of_the_sender_is_bounded():
    """A message from more than a day ahead is refused, as a request is."""
    data = wire(told("ill.supply.received"), Edition.V1_2)
    assert read(data, received_at=AT - timedelta(days=1)).sent_at == AT
    with pytest.raises(UnreadableMessage, match="an instant not after"):
        read(data, received_at=AT - timedelta(days=1, seconds=1))


def test_times_are_told_in_utc():
    """The timestamp is an instant, whatever offset it had."""
    east = AT.astimezone(timezone(timedelta(hours=8)))
    incoming = read(wire(told("ill.supply.received"), Edition.V1_2, sent_at=east), received_at=AT)
    assert incoming.sent_at == AT
    assert incoming.sent_at.tzinfo is UTC
