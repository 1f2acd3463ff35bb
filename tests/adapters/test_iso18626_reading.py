"""ISO 18626 messages as others send them: what each says, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso_messages import AT, HERE, THERE, messages
from iso_valid import mistakes
from lxml import etree

from servflow.adapters.partner_iso18626 import (
    MOST_BYTES,
    Asks,
    Dialect,
    Edition,
    ErrorData,
    ErrorType,
    Header,
    Incoming,
    UnreadableMessage,
    confirm,
    read,
    read_confirmation,
    write,
)
from servflow.core.changes import Key
from servflow.core.citations import Plain
from servflow.core.errors import InvalidMessage, InvalidValue, Problem
from servflow.core.ill.borrowing.commands import HearShipped
from servflow.core.ill.exchange import heard
from servflow.core.money import Money

PEERS = Path(__file__).parent / "iso18626" / "peers"
NAMESPACE = "http://illtransactions.org/2013/iso18626"
DAY = date(2026, 3, 20)

HEADER = (
    "<supplyingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>CN-NLC</agencyIdValue>"
    "</supplyingAgencyId><requestingAgencyId><agencyIdType>ISIL</agencyIdType>"
    "<agencyIdValue>CN-CQ</agencyIdValue></requestingAgencyId><multipleItemRequestId/>"
    "<timestamp>2026-01-31T08:00:00Z</timestamp>"
    "<requestingAgencyRequestId>B1~2</requestingAgencyRequestId>"
)


def envelope(body: str, *, version: str = 'ill:version="1.2"') -> str:
    return f'<ISO18626Message xmlns="{NAMESPACE}" xmlns:ill="{NAMESPACE}" {version}>{body}</ISO18626Message>'


def supplies(
    status: str | None,
    *,
    reason: str = "StatusChange",
    info: str = "",
    more: str = "",
    beside: str = "",
    header: str = HEADER,
) -> str:
    """What a supplier says."""
    said = (
        f"<statusInfo><status>{status}</status>{beside}<lastChange/></statusInfo>"
        if status is not None
        else ""
    )
    why = f"<reasonForMessage>{reason}</reasonForMessage>" if reason else ""
    return envelope(
        f"<supplyingAgencyMessage><header>{header}</header>"
        f"<messageInfo>{why}{info}</messageInfo>{said}{more}</supplyingAgencyMessage>"
    )


def requests(action: str, note: str = "", *, header: str = HEADER) -> str:
    """What a requester says."""
    note = f"<note>{note}</note>" if note else ""
    return envelope(
        f"<requestingAgencyMessage><header>{header}</header><action>{action}</action>{note}"
        "</requestingAgencyMessage>"
    )


def arrives(text: str | bytes, **more: Any) -> Incoming:
    return read(text.encode() if isinstance(text, str) else text, **{"received_at": AT, **more})


def said(text: str) -> tuple[str, dict[str, Plain]]:
    """Kind and facts, without whom and what it is about."""
    message = arrives(text).message
    about = {"request": "B1~2", "supplier": THERE, "requester": HERE}
    facts = dict(message.facts)
    assert {name: facts.pop(name) for name in about} == about
    return message.kind.removeprefix("ill."), facts


def refused(text: str | bytes, **more: Any) -> UnreadableMessage:
    with pytest.raises(UnreadableMessage) as caught:
        arrives(text, **more)
    return caught.value


# --- messages in the manner of other systems ------------------------------------------------------

OCLC_CALLS_IT: dict[str, Plain] = {"their_id": "200000731"}
RESHARE_CALLS_IT: dict[str, Plain] = {"their_id": "4f6d0c1e-52a7-4b0e-9d7e-0a6f3c2b1d10"}
MANNERS: dict[str, tuple[str, dict[str, Plain]]] = {
    "alma-accept": ("borrowing.offer-accepted", {}),
    "alma-notification": (
        "supply.notification",
        {"note": "The second volume follows next week.", "their_id": "61LARK0000042"},
    ),
    "crosslink-cancel-no": ("supply.cancel-answered", {"yes": False, "status": "WillSupply"}),
    "crosslink-conditional": (
        "supply.offered",
        {"conditions": "NoReproduction", "cost": Money("35.00", "AUD")},
    ),
    "crosslink-copy-by-url": (
        "supply.copy-supplied",
        {"via": "URL", "reference": "https://scans.example/eel-weirs.pdf"},
    ),
    "crosslink-request": (
        "borrowing.request",
        {
            "title": "The lamplighter's almanac",
            "author": "Orrell, Tamsin",
            "year": "1931",
            "service": "CopyOrLoan",
            "level": "Normal",
            "kind_of": "new",
            "record_ids": "SUPPLIER:CQ0001742\nISBN:9780000000027",
        },
    ),
    "crosslink-unfilled-notification": (
        "supply.notification",
        {"note": "not on the shelf\nstatus: Unfilled\nreasonUnfilled: NotOnShelf"},
    ),
    "koha-cancel-no": (
        "supply.cancel-answered",
        {"yes": False, "status": "WillSupply", "note": "Packed already", "their_id": "88"},
    ),
    "koha-loaned": ("supply.shipped", {"items": "39999000012345", "due": date(2026, 4, 1), "their_id": "88"}),
    "koha-request": (
        "borrowing.request",
        {
            "title": "Reed and Causeway: a Journal of Marsh History",
            "article": "Eel weirs of the lower Fenmoor",
            "pages": "41-58",
            "record_ids": "ISSN:12345679",
            "year": "1987",
            "service": "Loan",
            "level": "Normal",
            "kind_of": "new",
        },
    ),
    "koha-retry": (
        "supply.retry",
        {
            "why": "LoanCondition",
            "before": DAY,
            "note": "Reading room only\nloanCondition: LibraryUseOnly",
            "their_id": "88",
        },
    ),
    "oclc-cancel-no": ("supply.cancel-answered", {"yes": False, "status": "Cancelled", **OCLC_CALLS_IT}),
    "oclc-loan-completed": ("supply.checked-in", OCLC_CALLS_IT),
    "oclc-notification": (
        "supply.notification",
        {"note": "Please send it back by courier.", **OCLC_CALLS_IT},
    ),
    "oclc-renew-no": ("supply.renewal-declined", OCLC_CALLS_IT),
    "reshare-awaiting-conditions": ("supply.notification", RESHARE_CALLS_IT),
    "reshare-cancel-no": (
        "supply.cancel-answered",
        {"yes": False, "status": "RequestReceived", **RESHARE_CALLS_IT},
    ),
    "reshare-conditional": (
        "supply.offered",
        {"conditions": "LibraryUseOnly", "note": "Rare, please take care", **RESHARE_CALLS_IT},
    ),
    "reshare-conditions-agreed": ("borrowing.offer-accepted", {"note": "gladly, thank you"}),
    "reshare-copy-by-url": (
        "supply.copy-supplied",
        {"via": "URL", "reference": "https://scans.example/eel-weirs.pdf", **RESHARE_CALLS_IT},
    ),
    "reshare-loaned": (
        "supply.shipped",
        {
            "items": "31000000000171\n31000000000172",
            "due": date(2026, 4, 10),
            "note": "deliveryCosts: 4.00",
            **RESHARE_CALLS_IT,
        },
    ),
    "reshare-request": (
        "borrowing.request",
        {
            "title": "The lamplighter's almanac",
            "author": "Tamsin Orrell",
            "volume": "2",
            "publisher": "Quill and Tallow",
            "year": "1931",
            "record_ids": "ISBN:9780000000027\nSYSTEMINSTANCEIDENTIFIER:in00009123\nOCLCNUMBER:900000017",
            "service": "Loan",
            "level": "Express",
            "kind_of": "new",
            "need_before": date(2026, 4, 30),
            "max_cost": Money("12.50", "EUR"),
            "note": "Large print if there is one",
        },
    ),
}
ANSWERS = {
    "crosslink-confirmation-ok": (True, ()),
    "koha-confirmation-ok": (True, ()),
    "koha-confirmation-refused": (False, ("AuthenticationFailed; No such account",)),
    "oclc-confirmation-refused": (False, ("no such library",)),
    "reshare-confirmation-refused": (False, ("UnableToProcess:",)),
}


def from_peer(name: str) -> Incoming:
    data = (PEERS / f"{name}.xml").read_bytes()
    return read(data, received_at=datetime(2026, 5, 1, tzinfo=UTC), sender="XX-PEER", at="CN-CQ")


@pytest.mark.parametrize("name", MANNERS)
def test_in_the_manner_of_other_systems(name: str):
    """A message in the manner of another system says what it means, nothing more, and is heard."""
    incoming = from_peer(name)
    kind, expected = MANNERS[name]
    facts = dict(incoming.message.facts)
    sender = "XX-PEER" if name.startswith("koha") else incoming.sender
    assert (incoming.sender, incoming.recipient) == (sender, "CN-CQ")
    assert incoming.message.kind == f"ill.{kind}"
    assert {n: v for n, v in facts.items() if n not in ("request", "supplier", "requester")} == expected
    message = incoming.agreed(1) if incoming.asks is Asks.REVISION else incoming.message
    assert heard(message, sender=sender, at="CN-CQ", received_at=AT) is not None


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_in_the_manner_of_other_systems(name: str):
    """A confirmation of another system is OK or not, with its errors in its own words."""
    found = read_confirmation((PEERS / f"{name}.xml").read_bytes())
    assert (found.ok, tuple(each.value for each in found.errors)) == ANSWERS[name]


def test_every_manner_is_tested():
    """Each of the messages beside these tests is read here."""
    assert {path.stem for path in PEERS.glob("*.xml")} == {*MANNERS, *ANSWERS}


def test_readers_are_kept_out():
    """Nothing of the reader, and no password, is in a message that is heard, nor shown with it."""
    for name in MANNERS:
        text = repr(from_peer(name))
        assert not any(word in text for word in ("Hellwig", "not-a-real-code"))
    assert from_peer("koha-request").security_code == "not-a-real-code"
    assert from_peer("koha-request").card == "fenmoor"


# --- what a supplier says -------------------------------------------------------------------------

DUE = "<dueDate>2026-03-20T23:59:59+08:00</dueDate>"
COSTS = "<currencyCode>{}</currencyCode><monetaryValue>{}</monetaryValue>"
NOTE = "<note>n</note>"


@pytest.mark.parametrize(
    ("status", "kind", "facts"),
    [
        ("RequestReceived", "received", {}),
        ("ExpectToSupply", "expected", {}),
        ("WillSupply", "promised", {}),
        ("Loaned", "shipped", {"due": DAY}),
        ("Overdue", "overdue", {"due": DAY}),
        ("Recalled", "recalled", {"due": DAY}),
        ("RetryPossible", "retry", {}),
        ("Unfilled", "unfilled", {}),
        ("CopyCompleted", "copy-supplied", {}),
        ("LoanCompleted", "checked-in", {}),
        ("CompletedWithoutReturn", "kept", {}),
        ("Cancelled", "cancelled", {}),
        ("HoldReturn", "held", {"held": True}),
        ("ReleaseHoldReturn", "held", {"held": False}),
        ("loaned", "shipped", {"due": DAY}),
        ("", "notification", {}),
    ],
)
@pytest.mark.parametrize("reason", ["RequestResponse", "StatusChange", "statuschange"])
def test_a_status_says_the_same_for_either_reason(
    status: str, kind: str, facts: dict[str, Plain], reason: str
):
    """An answer to the request and a change of status say what the status says; an empty one nothing new."""
    name = "reason" if kind == "recalled" else "note"
    assert said(supplies(status, reason=reason, beside=DUE, info=NOTE)) == (
        f"supply.{kind}",
        {**facts, name: "n"},
    )


def test_a_message_without_a_status():
    """ReShare leaves the status out of a refusal to cancel; a change of status without one is only a note."""
    no = "<answerYesNo>N</answerYesNo>"
    assert said(supplies(None, reason="CancelResponse", info=no)) == (
        "supply.cancel-answered",
        {"yes": False},
    )
    assert said(supplies(None, info=NOTE)) == ("supply.notification", {"note": "n"})


@pytest.mark.parametrize("status", ["LoanCompleted", "Loaned", "WillSupply", "", "RequestReceived"])
def test_a_notification_moves_nothing(status: str):
    """Whatever status stands in a notification, it is a note."""
    assert said(supplies(status, reason="Notification", info=NOTE)) == ("supply.notification", {"note": "n"})


def test_what_may_be_news_in_a_notification_is_for_people():
    """A no, an unknown status, a condition within a notification: nothing moves, and people read it."""
    why = "<reasonUnfilled>transfer</reasonUnfilled>"
    condition = "<deliveryInfo><loanCondition>other</loanCondition></deliveryInfo>"
    text = supplies("Unfilled", reason="Notification", info=NOTE + why, more=condition)
    note = "n\nstatus: Unfilled\nreasonUnfilled: transfer\nloanCondition: other"
    assert said(text) == ("supply.notification", {"note": note})
    assert said(supplies("Lapsed", reason="Notification")) == (
        "supply.notification",
        {"note": "status: Lapsed"},
    )


@pytest.mark.parametrize(
    ("answer", "status", "facts"),
    [
        ("N", "Cancelled", {"yes": False, "status": "Cancelled"}),  # OCLC
        ("N", "WillSupply", {"yes": False, "status": "WillSupply"}),  # CrossLink
        ("n", "Loaned", {"yes": False, "status": "Loaned"}),  # illmock
        ("No", "", {"yes": False}),
        ("Y", "Cancelled", {"yes": True, "status": "Cancelled"}),
        ("Yes", "Loaned", {"yes": True, "status": "Loaned"}),  # a contradiction: the desk decides
        ("", "Cancelled", {"status": "Cancelled"}),
        ("perhaps", "Loaned", {"status": "Loaned"}),
        ("N", "HoldReturn", {"yes": False}),
    ],
)
def test_answers_to_a_cancellation(answer: str, status: str, facts: dict[str, Plain]):
    """The answer and the status are passed on as they were said; neither becomes a change of status."""
    text = supplies(status, reason="CancelResponse", info=f"<answerYesNo>{answer}</answerYesNo>")
    assert said(text) == ("supply.cancel-answered", facts)


def test_an_answer_to_a_cancellation_that_is_none():
    """Neither an answer nor a status: people have to ask what was meant."""
    text = supplies("", reason="CancelResponse", info="<answerYesNo>perhaps</answerYesNo>")
    assert said(text) == ("supply.notification", {"note": "CancelResponse: perhaps"})


@pytest.mark.parametrize(
    ("answer", "beside", "kind", "facts"),
    [
        ("Y", DUE, "renewed", {"yes": True, "due": DAY}),
        ("N", DUE, "renewal-declined", {"reason": "n"}),
        ("N", "", "renewal-declined", {"reason": "n"}),
        ("Y", "", "notification", {"note": "n\nRenewResponse: Y"}),
        ("Y", "<dueDate>soon</dueDate>", "notification", {"note": "n\ndueDate: soon\nRenewResponse: Y"}),
        ("", DUE, "notification", {"note": "n\nRenewResponse: no answer"}),
    ],
)
def test_answers_to_a_renewal(answer: str, beside: str, kind: str, facts: dict[str, Plain]):
    """A yes has its day, a no keeps the old one, and what is neither is for people."""
    info = f"<answerYesNo>{answer}</answerYesNo>{NOTE}"
    facts = facts | ({"note": "n"} if kind == "renewed" else {})
    assert said(supplies("Loaned", reason="RenewResponse", info=info, beside=beside)) == (
        f"supply.{kind}",
        facts,
    )


@pytest.mark.parametrize(
    ("status", "kind", "facts"),
    [
        ("Loaned", "status", {"status": "Loaned", "due": DAY}),
        ("Unfilled", "status", {"status": "Unfilled", "due": DAY}),
        ("HoldReturn", "held", {"held": True}),
        ("", "notification", {}),
    ],
)
def test_answers_to_a_question(status: str, kind: str, facts: dict[str, Plain]):
    """How it stands is news as an answer only; what is no status of a request is what it says."""
    assert said(supplies(status, reason="StatusRequestResponse", beside=DUE)) == (f"supply.{kind}", facts)


def _terms(costs: str = "", conditions: tuple[str, ...] = (), *, later: bool = False) -> dict[str, str]:
    told = "".join(f"<loanCondition>{each}</loanCondition>" for each in conditions)
    costs = f"<offeredCosts>{costs}</offeredCosts>" if costs else ""
    if later:
        return {"more": f"<retryInfo>{told}{costs}<retryBefore>2026-03-20</retryBefore></retryInfo>"}
    return {
        "info": f"{costs}<retryBefore>2026-03-20</retryBefore>",
        "more": f"<deliveryInfo>{told}</deliveryInfo>",
    }


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("status", ["WillSupply", "ExpectToSupply"])
def test_a_promise_with_terms_is_an_offer(status: str, later: bool):
    """Conditions or costs make an offer of a promise, in the elements of either edition."""
    terms = _terms(COSTS.format("CNY", "9.00"), ("libraryUseOnly", "NoReproduction"), later=later)
    assert said(supplies(status, **terms)) == (
        "supply.offered",
        {"conditions": "LibraryUseOnly,NoReproduction", "cost": Money(9, "CNY"), "reply_by": DAY},
    )


@pytest.mark.parametrize(
    ("costs", "conditions", "kind", "facts"),
    [
        (COSTS.format("CNY", "0"), (), "promised", {}),
        (COSTS.format("", ""), (), "promised", {}),
        (COSTS.format("", "0.00"), ("",), "promised", {}),
        (COSTS.format("", "7"), (), "offered", {"conditions": "Other", "note": "offeredCosts: 7"}),
        (COSTS.format("yuan", "7"), (), "offered", {"conditions": "Other", "note": "offeredCosts: 7 yuan"}),
        (COSTS.format("CNY", "-7"), (), "offered", {"conditions": "Other", "note": "offeredCosts: -7 CNY"}),
        (
            COSTS.format("CNY", "1,500"),
            (),
            "offered",
            {"conditions": "Other", "note": "offeredCosts: 1,500 CNY"},
        ),
        (COSTS.format("CNY", "1_0"), (), "offered", {"conditions": "Other", "note": "offeredCosts: 1_0 CNY"}),
        (
            COSTS.format("CNY", "1E+3"),
            (),
            "offered",
            {"conditions": "Other", "note": "offeredCosts: 1E+3 CNY"},
        ),
        (COSTS.format("CNY", "５"), (), "offered", {"conditions": "Other", "note": "offeredCosts: ５ CNY"}),
        (COSTS.format("CNY", "+.50"), (), "offered", {"cost": Money("0.50", "CNY")}),
        (
            COSTS.format("", "7"),
            ("LibraryUseOnly",),
            "offered",
            {"conditions": "LibraryUseOnly,Other", "note": "offeredCosts: 7"},
        ),
        (COSTS.format("", "7"), ("Other",), "offered", {"conditions": "Other", "note": "offeredCosts: 7"}),
        (COSTS.format("cny", "7"), (), "offered", {"cost": Money(7, "CNY")}),
        ("", ("other",), "offered", {"conditions": "Other"}),
        ("", ("NoDogs",), "offered", {"conditions": "Other", "note": "loanCondition: NoDogs"}),
        ("", ("NoDogs", "Other"), "offered", {"conditions": "Other", "note": "loanCondition: NoDogs"}),
    ],
)
def test_terms_that_are_none(costs: str, conditions: tuple[str, ...], kind: str, facts: dict[str, Plain]):
    """Nothing offered for nothing is a promise; a cost that cannot be made out is a condition, for people."""
    text = supplies("WillSupply", **_terms(costs, conditions))
    kind_found, found = said(text)
    found.pop("reply_by", None)
    assert (kind_found, found) == (f"supply.{kind}", facts)


@pytest.mark.parametrize(
    ("word", "why", "note"),
    [
        ("AtBindery", "AtBindery", None),
        ("onloan", "OnLoan", None),
        ("On-Loan", "OnLoan", None),
        ("MustMeetLoanCondition", "LoanCondition", None),
        ("NotCurrentAvailableForILL", "NotCurrentlyAvailableForILL", None),
        ("ReqPayMethodNotSupported", "ReqPayMethNotSupported", None),
        ("CourierNotSupp", "Other", "reasonRetry: CourierNotSupp"),
        ("", None, None),
    ],
)
def test_reasons_to_try_again(word: str, why: str | None, note: str | None):
    """An open code is known in any spelling; an unknown one is OTHER, with its text in the note."""
    info = f"<reasonRetry>{word}</reasonRetry><retryAfter>2026-03-20T00:00:00Z</retryAfter>"
    expected = {"why": why, "after": DAY, "note": note}
    assert said(supplies("RetryPossible", info=info)) == (
        "supply.retry",
        {name: value for name, value in expected.items() if value is not None},
    )


def test_a_no_with_its_reason():
    """A reason for a no is known in any spelling; an unknown one is OTHER."""
    assert said(supplies("Unfilled", info="<reasonUnfilled>not held</reasonUnfilled>"))[1] == {
        "why": "NotHeld"
    }
    assert said(supplies("Unfilled", info="<reasonUnfilled>transfer</reasonUnfilled>"))[1] == {
        "why": "Other",
        "note": "reasonUnfilled: transfer",
    }


def _costs(*amounts: tuple[str, str]) -> str:
    return "".join(f"<deliveryCosts>{COSTS.format(*each)}</deliveryCosts>" for each in amounts)


@pytest.mark.parametrize(
    ("delivery", "facts"),
    [
        ("<itemId>b-1</itemId><itemId>b-2</itemId><itemId>b-1</itemId>", {"items": "b-1\nb-2"}),
        ("<itemId>multivol:v1,PL 1,b-1,multivol:v2,PL 2,b-2</itemId>", {"items": "b-1\nb-2"}),
        ("<itemId>multivol:v1</itemId>", {"items": "v1"}),
        ("<sentVia>courier</sentVia>", {"via": "Courier"}),
        ("<deliveryMethod>Mail</deliveryMethod>", {"via": "Mail"}),
        ("<sentVia>URL</sentVia><itemId>https://x.example/1</itemId>", {"via": "URL", "reference": "https://x.example/1"}),
        ("<URL>https://x.example/1</URL>", {"via": "URL", "reference": "https://x.example/1"}),
        ("<url>https://x.example/1</url><itemId>b</itemId>",
         {"items": "b", "via": "URL", "reference": "https://x.example/1"}),
        ("<deliveryMethod>FTP</deliveryMethod><URL>ftp://x.example</URL>", {"via": "Ftp", "reference": "ftp://x.example"}),
        ("<sentVia>ArticleExchange</sentVia><itemId>https://x.example/1</itemId>",
         {"via": "URL", "reference": "https://x.example/1"}),
        ("<sentVia>Email</sentVia>", {"note": "sentVia: Email"}),  # nobody can say where it is
        ("<sentVia>Odyssey</sentVia>", {"note": "sentVia: Odyssey"}),
        ("<sentVia>Mail</sentVia><URL>https://x.example</URL>", {"via": "Mail", "note": "URL: https://x.example"}),
        (_costs(("CNY", "4")), {"cost.copy-fee": Money(4, "CNY")}),
        (
            _costs(("CNY", "4"), ("CNY", "5"), ("USD", "5")),
            {"cost.copy-fee": Money(9, "CNY"), "note": "deliveryCosts: 5 USD"},
        ),
    ],
)  # fmt: skip
def test_how_it_was_sent(delivery: str, facts: dict[str, Plain]):
    """What was sent, how, and by what it is found, in the elements of either edition and as others use them."""
    text = supplies("CopyCompleted", more=f"<deliveryInfo>{delivery}</deliveryInfo>")
    assert said(text) == ("supply.copy-supplied", facts)


def test_a_parcel_has_its_number():
    """A tracking number is what a parcel is found by."""
    more = (
        "<deliveryInfo><deliveryMethod>Courier</deliveryMethod></deliveryInfo>"
        "<shippingInfo><trackingId>SF123</trackingId></shippingInfo>"
    )
    assert said(supplies("Loaned", more=more))[1] == {"via": "Courier", "reference": "SF123"}


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-20",
        "2026-03-20T00:00:00",
        "2026-03-20 23:59:00",
        "2026-03-20T00:30:00+08:00",
        "2026-03-19T24:00:00Z",
    ],
)
def test_days_in_any_form(text: str):
    """A day is the one that the text says, in its own offset, whatever its form."""
    assert said(supplies("Overdue", beside=f"<dueDate>{text}</dueDate>"))[1] == {"due": DAY}


def test_a_day_that_is_none_is_for_people():
    """What is no day is no reason to refuse a shipment."""
    text = supplies("Loaned", beside="<dueDate>next month</dueDate>")
    assert said(text) == ("supply.shipped", {"note": "dueDate: next month"})


# --- what a requester says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "note", "kind", "facts"),
    [
        ("StatusRequest", "", "status-request", {}),
        ("Received", "all well", "item-received", {"note": "all well"}),
        ("Cancel", "n", "cancel", {"note": "n"}),
        ("Renew", "r", "renew", {"reason": "r"}),
        ("ShippedReturn", "", "returned", {}),
        ("Lost", "n", "lost", {"note": "n"}),
        ("lost", "n", "lost", {"note": "n"}),
        ("ShippedForward", "", "notification", {"note": "ShippedForward"}),
        ("HoldReturn", "n", "notification", {"note": "HoldReturn: n"}),
        ("Notification", "n", "notification", {"note": "n"}),
        (
            "Notification",
            "#ReShareLoanConditionAgreeResponse#yes #seq:12#",
            "offer-accepted",
            {"note": "yes"},
        ),
        ("Notification", "#resharelOANconditionAgreeResponse##seq:1#", "offer-accepted", {}),
        ("Notification", "ACCEPT", "offer-accepted", {}),
        ("Notification", "`accept`.", "offer-accepted", {}),
        ("Notification", "ACCEPT: thank you", "offer-accepted", {"note": "thank you"}),
        ("Notification", "REJECT", "offer-rejected", {}),
        ("Notification", "reject: too dear", "offer-rejected", {"note": "too dear"}),
        ("Notification", "Accept my thanks", "notification", {"note": "Accept my thanks"}),
        ("Notification", "We accept: gladly", "notification", {"note": "We accept: gladly"}),
        ("Notification", "#ReShareAddLoanCondition#x#lastSeq:3#", "notification", {"note": "x"}),
    ],
)
def test_what_a_requester_says(action: str, note: str, kind: str, facts: dict[str, Plain]):
    """Each action says its own; a notification may answer an offer, and is a note otherwise."""
    assert said(requests(action, note)) == (f"borrowing.{kind}", facts)


def test_an_answer_to_an_offer_lacks_its_revision():
    """The wire does not say which offer is meant: the message asks for it, and is complete with it."""
    incoming = arrives(requests("Notification", "ACCEPT"))
    assert incoming.asks is Asks.REVISION
    command = heard(incoming.agreed(3), sender=HERE, at=THERE, received_at=AT)
    assert getattr(command, "revision", None) == 3
    assert arrives(requests("Notification", "n")).asks is None


REQUEST = envelope(
    f"<request><header>{HEADER}</header><bibliographicInfo><title>t</title></bibliographicInfo><serviceInfo>"
    "<requestType>New</requestType><serviceType>Loan</serviceType><note>n</note></serviceInfo></request>"
)


def test_a_retry_may_agree_to_an_offer():
    """A request of type Retry asks whether it comes under the id of an open offer; it can be either."""
    retry = arrives(REQUEST.replace("New", "Retry"))
    assert retry.asks is Asks.WHETHER_AGREED
    assert retry.message.kind == "ill.borrowing.request"
    agreed = retry.agreed(2)
    assert (agreed.kind, dict(agreed.facts)) == (
        "ill.borrowing.offer-accepted",
        {"request": "B1~2", "note": "n", "revision": 2},
    )
    assert arrives(REQUEST).asks is None


def test_a_reminder_needs_no_more_than_its_id():
    """A reminder asks how a request stands; it need not say again what was asked for."""
    text = REQUEST.replace("New", "Reminder").replace("<title>t</title>", "").replace("Loan", "")
    message = arrives(text).message
    assert dict(message.facts)["kind_of"] == "reminder"
    assert type(heard(message, sender=HERE, at=THERE, received_at=AT)).__name__ == "RequestStatus"


# --- whom it is from and for ----------------------------------------------------------------------


def test_who_speaks_to_whom():
    """A supplier's message is from the supplier to the requester; the others the other way round."""
    there = arrives(supplies("Loaned"))
    assert (there.kind, there.sender, there.recipient) == ("supplyingAgencyMessage", THERE, HERE)
    assert (there.reason, there.action) == ("StatusChange", None)
    assert there.message.about == Key("ill.supply", "CN-CQ/B1~2")
    here = arrives(requests("Received"))
    assert (here.kind, here.sender, here.recipient) == ("requestingAgencyMessage", HERE, THERE)
    assert (here.action, here.reason) == ("Received", None)
    assert here.message.about == Key("ill.borrowing", "B1~2")


def test_who_the_host_knows_stands_for_who_is_not_named():
    """An agency that the message does not name is the one that the host knows; without it, one is missing."""
    header = HEADER.replace("CN-NLC", "sup_agency_value").replace(
        "<agencyIdType>ISIL</agencyIdType><agencyIdValue>CN-CQ</agencyIdValue>", ""
    )
    incoming = arrives(supplies("Loaned", header=header), sender="DE-1", at="DE-2")
    assert (incoming.sender, incoming.recipient) == ("DE-1", "DE-2")
    incoming = arrives(requests("Received", header=header), sender="DE-1", at="DE-2")
    assert (incoming.sender, incoming.recipient) == ("DE-1", "DE-2")
    assert arrives(supplies("Loaned"), sender="DE-1", at="DE-2").sender == THERE
    assert "requestingAgencyId" in str(refused(supplies("Loaned", header=header)))


def test_a_message_without_its_envelope():
    """Koha sends the message alone."""
    whole = supplies("Loaned")
    alone = whole[whole.index("<supply") : whole.rindex("</ISO")]
    assert arrives(alone).message == arrives(whole).message


def test_an_instant_without_an_offset_is_of_utc():
    """Koha's timestamps have a blank and no offset: the same at every delivery, and near enough."""
    text = supplies("Loaned", header=HEADER.replace("T08:00:00Z", " 08:00:00"))
    assert arrives(text).sent_at == datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        ("Loaned", "Overdue"),
        ("StatusChange", "RequestResponse"),
        ("B1~2", "B1~3"),
        ("CN-NLC", "CN-X"),
        ("08:00:00", "08:00:01"),
        ("<messageInfo>", "<messageInfo><note>n</note>"),
        ("</header>", "<supplyingAgencyRequestId>88</supplyingAgencyRequestId></header>"),
    ],
)
def test_another_message_has_another_key(change: tuple[str, str]):
    """The key is a fingerprint: of all that was read, and of nothing else."""
    key = arrives(supplies("Loaned")).message.key
    assert arrives(supplies("Loaned").replace(*change)).message.key != key
    assert arrives(supplies("Loaned").replace("><", ">\n<")).message.key == key
    assert arrives(supplies("Loaned", info="<note>#seq:4#</note>")).message.key == key
    assert key.startswith("iso18626:")


@pytest.mark.parametrize(
    ("theirs", "named", "fact"),
    [
        ("88", "88", "88"),
        (" 88\n a ", "88  a", "88  a"),
        ("x" * 250, "x" * 250, "x" * 250),
        ("x" * 251, None, None),
        ("CN-CQ/B1~2", "CN-CQ/B1~2", None),
        ("", None, None),
    ],
)
def test_what_the_supplier_calls_it(theirs: str, named: str | None, fact: str | None):
    """A supplier's own number is news where it is not the one that a desk of ours would give; bounded."""
    header = f"{HEADER}<supplyingAgencyRequestId>{theirs}</supplyingAgencyRequestId>"
    incoming = arrives(supplies("Loaned", header=header))
    assert incoming.supplier_request_id == named
    assert dict(incoming.message.facts).get("their_id") == fact
    command = heard(incoming.message, sender=THERE, at=HERE, received_at=AT)
    assert isinstance(command, HearShipped)
    assert command.their_id == (fact or "")
    back = arrives(requests("Received", header=header))
    assert back.supplier_request_id == named
    assert "their_id" not in dict(back.message.facts)


# --- editions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version",
    ['ill:version="1.2"', 'version="1.2"', 'version=""', "", 'ill:version="v1_2_2017"', 'ill:version="2021-2"',
     'ill:version="2031-1"', 'ill:version="1.3"', 'version="next"'],
)  # fmt: skip
def test_versions_that_are_read(version: str):
    """Any version of 1, of a year, or none is read by what is known of it."""
    text = supplies("Loaned").replace('ill:version="1.2"', version)
    assert arrives(text).message == arrives(supplies("Loaned")).message


@pytest.mark.parametrize("version", ["3.0", "2", "v2.1", "4_0"])
def test_another_major_version_is_another_language(version: str):
    """A major version that nobody knows yet is refused as a value that is not recognised."""
    error = refused(supplies("Loaned").replace('ill:version="1.2"', f'ill:version="{version}"'))
    assert error.error is ErrorType.UNKNOWN_VALUE
    assert error.problems == (
        Problem("ISO18626Message/@version", repr(version), "a version 1, or one that is named by its year"),
    )


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error", "where"),
    [
        (requests("WeCancelThis"), ErrorType.UNSUPPORTED_ACTION, "requestingAgencyMessage/action"),
        (requests(""), ErrorType.BADLY_FORMED, "requestingAgencyMessage/action"),
        (supplies("Loaned", reason="Whim"), ErrorType.UNSUPPORTED_REASON, "messageInfo/reasonForMessage"),
        (supplies("Loaned", reason=""), ErrorType.BADLY_FORMED, "messageInfo/reasonForMessage"),
        (supplies("Lapsed"), ErrorType.UNKNOWN_VALUE, "statusInfo/status"),
        (supplies("Lapsed", reason="CancelResponse"), ErrorType.UNKNOWN_VALUE, "statusInfo/status"),
        (supplies("Loaned", more="<statusInfo><status>Loaned</status></statusInfo>"), ErrorType.UNKNOWN_VALUE,
         "statusInfo/status"),
        (supplies("Loaned").replace("messageInfo", "info"), ErrorType.BADLY_FORMED, "messageInfo"),
        (envelope("<surprise/>"), ErrorType.UNKNOWN_ELEMENT, "ISO18626Message"),
        (envelope(""), ErrorType.UNKNOWN_ELEMENT, "ISO18626Message"),
        (envelope("<requestConfirmation/>"), ErrorType.UNKNOWN_ELEMENT, "ISO18626Message"),
        (envelope("<request/><request/>"), ErrorType.UNKNOWN_ELEMENT, "ISO18626Message"),
        ("<html/>", ErrorType.BADLY_FORMED, "html"),
        ("", ErrorType.BADLY_FORMED, "line 1, column 1"),
        ("<!DOCTYPE a><a/>", ErrorType.BADLY_FORMED, "the message"),
        (REQUEST.replace("Loan", "Scan"), ErrorType.UNKNOWN_VALUE, "serviceInfo/serviceType"),
        (REQUEST.replace("<title>t</title>", ""), ErrorType.BADLY_FORMED, "bibliographicInfo"),
        (supplies("Loaned", header=HEADER.replace("B1~2", "")), ErrorType.BADLY_FORMED, "requestingAgencyRequestId"),
        (supplies("Loaned", header=HEADER.replace("08:00", "x")), ErrorType.BADLY_FORMED, "header/timestamp"),
        (supplies("Loaned", header=HEADER.replace(">ISIL", ">A:B")), ErrorType.BADLY_FORMED, "agencyIdType"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, error: ErrorType, where: str):
    """What is wrong is named at its place, with the type of error that the standard has for it."""
    found = refused(text)
    assert found.error is error
    assert found.problems[0].where.endswith(where)
    answer = confirm(found, edition=Edition.V1_2, received_at=AT)
    assert mistakes(answer, Edition.V1_2) == []
    told = read_confirmation(answer)
    assert (told.ok, told.errors[0].type) == (False, error)
    assert where in told.errors[0].value


def test_all_that_is_wrong_is_told():
    """Every mistake of a message is in one error, the type is that of the first, and the rest is known."""
    text = supplies("Lapsed", reason="Whim", header=HEADER.replace("CN-NLC", ""))
    found = refused(text)
    assert [problem.where.rpartition("/")[2] for problem in found.problems] == [
        "agencyIdValue",
        "reasonForMessage",
    ]
    assert found.error is ErrorType.BADLY_FORMED
    assert found.header == Header(
        kind="supplyingAgencyMessage", requester=HERE, request_id="B1~2", timestamp="2026-01-31T08:00:00Z"
    )
    told = read_confirmation(confirm(found, edition=Edition.V2021_2, received_at=AT))
    assert (told.kind, told.requester, told.supplier, told.request_id) == (
        "supplyingAgencyMessageConfirmation",
        HERE,
        None,
        "B1~2",
    )


def test_too_large_is_refused_unread():
    """A hundred times more than is read is refused before it is parsed."""
    found = refused(b"<" * (MOST_BYTES + 1))
    assert found.problems == (
        Problem("the message", f"{MOST_BYTES + 1} bytes", f"at most {MOST_BYTES} bytes"),
    )


def test_mistakes_of_the_host():
    """A naive time of receipt, and a text for bytes, are the host's mistakes, not the sender's."""
    with pytest.raises(InvalidValue, match="received_at"):
        arrives(REQUEST, received_at=datetime(2026, 1, 1))
    with pytest.raises(TypeError, match="str"):
        read(REQUEST, received_at=AT)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="str"):
        read_confirmation("")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="received_at"):
        confirm(arrives(REQUEST), edition=Edition.V1_2, received_at=datetime(2026, 1, 1))


# --- confirmations --------------------------------------------------------------------------------


def test_a_confirmation_says_what_it_confirms():
    """OK with the action or the reason of the message, as far as the edition has the word."""

    def detail(text: str, edition: Edition) -> str | None:
        root = etree.fromstring(confirm(arrives(text), edition=edition, received_at=AT))
        return root.findtext(".//{*}action") or root.findtext(".//{*}reasonForMessage")

    assert detail(requests("Received"), Edition.V1_2) == "Received"
    assert detail(requests("Lost"), Edition.V2021_2) == "Lost"
    assert detail(requests("Lost"), Edition.V1_2) is None
    assert detail(supplies("Loaned"), Edition.V1_2) == "StatusChange"


def test_an_error_of_the_desk_is_told():
    """What the desk refuses is told with its type and its words, cleaned of what XML cannot carry, and cut."""
    error = ErrorData(type=ErrorType.UNKNOWN_VALUE, value="not\x00 known here" + "x" * 9000)
    told = read_confirmation(confirm(arrives(REQUEST), edition=Edition.V1_2, received_at=AT, error=error))
    assert told.errors[0].type is ErrorType.UNKNOWN_VALUE
    assert told.errors[0].value.startswith("not known here")
    assert len(told.errors[0].value) < 2001


def test_who_cannot_be_named_back_is_left_out():
    """An agency that the wire cannot carry, as a host may name one, is left out of the confirmation."""
    header = HEADER.replace("CN-NLC", "sup_agency_value")
    incoming = arrives(supplies("Loaned", header=header), sender="desk:1", at="DE-2")
    told = read_confirmation(confirm(incoming, edition=Edition.V1_2, received_at=AT))
    assert (told.ok, told.supplier, told.requester) == (True, None, HERE)


def test_any_invalid_message_is_answered():
    """An error that was raised elsewhere is answered too, and one's own words count before it."""
    elsewhere = InvalidMessage("m", [Problem("a", "b", "c")])
    told = read_confirmation(confirm(elsewhere, edition=Edition.V1_2, received_at=AT))
    assert (told.kind, told.sent_at) == ("requestConfirmation", AT)
    assert told.errors == (ErrorData(type=ErrorType.BADLY_FORMED, value="a: found b, expected c"),)
    mine = ErrorData(type=ErrorType.UNSUPPORTED_REASON, value="mine")
    told = read_confirmation(confirm(refused("x"), edition=Edition.V1_2, received_at=AT, error=mine))
    assert told.errors == (mine,)


@pytest.mark.parametrize(
    ("timestamp", "echoed"),
    [
        ("2026-01-31T08:00:00.123456789Z", "2026-01-31T08:00:00.123456789Z"),
        ("2026-01-31T16:00:00+08:00", "2026-01-31T16:00:00+08:00"),
        ("2026-01-31 08:00:00", "2026-01-31T08:00:00.250000Z"),
        ("2026-01-31T22:00:00+15:00", "2026-01-31T08:00:00.250000Z"),
    ],
)
def test_a_timestamp_is_sent_back_as_it_came(timestamp: str, echoed: str):
    """A timestamp goes back to the letter where it is one by the schema, so that its sender knows it."""
    text = supplies("Loaned", header=HEADER.replace("2026-01-31T08:00:00Z", timestamp))
    root = etree.fromstring(confirm(arrives(text), edition=Edition.V1_2, received_at=AT))
    assert root.findtext(".//{*}timestamp") == echoed


CONFIRMED = (
    "<requestConfirmation><confirmationHeader><timestamp>2026-01-31T08:00:00Z</timestamp><timestampReceived>x"
    "</timestampReceived><messageStatus>OK</messageStatus></confirmationHeader></requestConfirmation>"
)


def test_confirmations_in_any_form():
    """An answer counts in any case, with an error of any type, with or without its envelope."""
    assert read_confirmation(envelope(CONFIRMED).replace("OK", "ok").encode()).ok
    assert read_confirmation(CONFIRMED.encode()).ok
    error = (
        "<errorData><errorType>Odd</errorType><errorValue>v</errorValue></errorData></requestConfirmation>"
    )
    found = read_confirmation(
        CONFIRMED.replace("OK", "ERROR").replace("</requestConfirmation>", error).encode()
    )
    assert found.errors == (ErrorData(type=ErrorType.BADLY_FORMED, value="Odd: v"),)
    assert (found.ok, found.received_at) == (False, None)


@pytest.mark.parametrize(
    "text",
    ["", "<html><body>Bad Gateway</body></html>", "{}", envelope("<request/>"), envelope("<requestConfirmation/>"),
     envelope(CONFIRMED.replace("OK", "")), envelope(CONFIRMED.replace("OK", "Perhaps")), envelope(CONFIRMED)[:-9],
     envelope(CONFIRMED, version='version="3.0"')],
)  # fmt: skip
def test_what_is_no_confirmation(text: str):
    """A web page, nothing, half an answer, an answer that says neither: none is a confirmation."""
    with pytest.raises(InvalidMessage):
        read_confirmation(text.encode())


# --- anything at all ------------------------------------------------------------------------------


def only_the_promised_error(data: bytes) -> None:
    """It is read and heard, or refused; in either case there is a valid answer to it."""
    answer: Incoming | InvalidMessage
    try:
        answer = incoming = read(data, received_at=AT + timedelta(days=400))
        message = incoming.agreed(1) if incoming.asks is Asks.REVISION else incoming.message
        assert heard(message, sender=incoming.sender, at=incoming.recipient, received_at=AT) is not None
    except InvalidMessage as error:
        answer = error
    for edition in Edition:
        confirmation = confirm(answer, edition=edition, received_at=AT)
        assert mistakes(confirmation, edition) == []
        read_confirmation(confirmation)
    with suppress(InvalidMessage):
        read_confirmation(data)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    """Whatever bytes come, they are read or refused."""
    only_the_promised_error(data)
    only_the_promised_error(b"<ISO18626Message>" + data + b"</ISO18626Message>")


NAMES = st.sampled_from(
    [
        "request",
        "supplyingAgencyMessage",
        "requestingAgencyMessage",
        "requestConfirmation",
        "header",
        "messageInfo",
        "statusInfo",
        "status",
        "action",
        "reasonForMessage",
        "note",
        "deliveryInfo",
        "retryInfo",
        "itemId",
        "timestamp",
        "dueDate",
        "bibliographicInfo",
        "serviceInfo",
        "serviceType",
        "title",
        "requestingAgencyId",
        "supplyingAgencyId",
        "agencyIdType",
        "agencyIdValue",
        "other",
    ]
)
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "ISIL", "A:B", "Loan", "Loaned", "StatusChange", "Notification", "ACCEPT", "0001-01-01T00:00:00+14:00",
         "9999-12-31T23:59:59-14:00", "1e999999999", "#servflow:due=2026-01-01#", '#servflow:Kind="supply.held"#',
         "#servflow:held=1#", '#servflow:items="a\\na"#', "#servflow:cost.overdue=-1 CNY#", "2026-01-31T08:00:00Z"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8),
)  # fmt: skip


def _tree(names: st.SearchStrategy[str], texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    leaf = st.builds(_element, names, texts, st.just([]))
    return st.recursive(
        leaf, lambda inner: st.builds(_element, names, texts, st.lists(inner, max_size=5)), max_leaves=25
    )


def _element(name: str, text: str, inner: list[Any]) -> Any:
    element = etree.Element(name)
    element.text = text
    element.extend(etree.fromstring(etree.tostring(each)) for each in inner)
    return element


@given(st.lists(_tree(NAMES, TEXTS), max_size=2))
def test_any_tree(trees: list[Any]):
    """Whatever elements stand wherever, the message is read or refused."""
    only_the_promised_error(etree.tostring(_element("ISO18626Message", "", trees)))


EDITS = st.tuples(st.integers(1, 60), st.sampled_from(["drop", "double"]) | st.tuples(TEXTS))


@given(messages(), st.sampled_from(Edition), st.sampled_from(Dialect), st.lists(EDITS, max_size=5))
def test_messages_with_other_contents(
    message: Any, edition: Edition, dialect: Dialect, edits: list[tuple[int, str | tuple[str]]]
):
    """A valid message with elements dropped, doubled or filled with anything is read or refused."""
    sender = HERE if message.to == THERE else THERE
    root = etree.fromstring(write(message, sender=sender, edition=edition, dialect=dialect, sent_at=AT))
    for number, edit in edits:
        elements = list(root.iter("{*}*"))
        element = elements[number % len(elements)]
        parent = element.getparent()
        if parent is None:
            continue
        if edit == "drop":
            parent.remove(element)
        elif edit == "double":
            parent.append(etree.fromstring(etree.tostring(element, with_tail=False)))
        else:
            element.text = edit[0]
    only_the_promised_error(etree.tostring(root))


@given(st.sampled_from(sorted(PEERS.glob("*.xml"))), st.data())
def test_damaged_messages(path: Path, data: st.DataObject):
    """A message with bytes cut out, put in or doubled anywhere is read or refused."""
    text = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        stop = data.draw(st.sampled_from([stop, min(stop, start + 3)]))
        text = text[:start] + data.draw(st.binary(max_size=5)) + text[stop:]
    only_the_promised_error(text)


def _mutants() -> Iterator[bytes]:
    for path in sorted(PEERS.glob("*.xml")):
        text = path.read_bytes()
        yield from (text[:at] + text[at + 1 :] for at in range(0, len(text), 97))


def test_messages_that_lack_a_byte():
    """A message that lacks one byte somewhere is read or refused."""
    for data in _mutants():
        only_the_promised_error(data)
