"""What one library tells the other is heard as a command of its desk, or refused with every reason."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from servflow.core.changes import Actor, Command, Key, Message, Office
from servflow.core.citations import Plain
from servflow.core.errors import InvalidMessage, InvalidValue
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.messages import (
    CENTRE_MESSAGES,
    PATRON_MESSAGES,
    STAFF_MESSAGES,
    SUPPLIER_MESSAGES,
)
from servflow.core.ill.exchange import HEARD, case_at_lender, for_a_desk, heard
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.messages import RELATION_MESSAGES, SUPPLY_MESSAGES
from servflow.core.ill.terms import (
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Level,
    Requested,
    Retry,
    SentVia,
    Service,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

HERE, THERE = "CN-CQ", "CN-NLC"
AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
DAY = date(2026, 2, 28)
BORROWER, LENDER = "ill.borrowing.", "ill.supply."


def told(kind: str, /, **facts: Plain) -> Message:
    """What a library tells the other of the request B1~2, with these facts besides."""
    to, about = (THERE, "ill.borrowing") if kind.startswith(BORROWER) else (HERE, "ill.supply")
    facts = {"request": "B1~2", "title": "古城水系考", **facts}
    said = tuple((name.replace("cost_", "cost.").replace("__", "-"), value) for name, value in facts.items())
    return Message(key=f"{about}/B1/7/{kind}", to=to, kind=kind, about=Key(about, "B1"), facts=said)


def hear(kind: str, /, **facts: Plain) -> Command:
    """The command that is heard of it."""
    sender, at = (HERE, THERE) if kind.startswith(BORROWER) else (THERE, HERE)
    command = heard(told(kind, **facts), sender=sender, at=at, received_at=AT)
    assert command is not None
    return command


def own(command: Command) -> dict[str, Any]:
    """What a command says beside its envelope, as far as it is not what is said anyway."""
    usual = {"id", "case", "by", "happened_at", "recorded_at", "attempt"}
    said = ((each, getattr(command, each.name)) for each in fields(command) if each.name not in usual)
    return {each.name: value for each, value in said if value != each.default}


def wrong(message: Message, *, sender: str = THERE, at: str = HERE) -> list[str]:
    """Every problem for which it cannot be heard."""
    with pytest.raises(InvalidMessage) as caught:
        heard(message, sender=sender, at=at, received_at=AT)
    assert caught.value.subject == message.kind
    return [str(problem) for problem in caught.value.problems]


def test_every_kind_between_desks_is_in_the_table():
    """Each kind that either side tells the other has its row, and the table has more.

    A note from either side, the cancellation by a lender that has it, whom a centre names to be asked, and
    what gateways tell: other institutions tell these.
    """
    assert set(SUPPLIER_MESSAGES) | set(SUPPLY_MESSAGES) <= set(HEARD)
    assert set(HEARD) - set(SUPPLIER_MESSAGES) - set(SUPPLY_MESSAGES) == {
        "ill.borrowing.notification",
        *CENTRE_MESSAGES,
        "ill.centre.routed",
        "ill.gateway.request",
        "ill.gateway.taken-in",
        "ill.supply.cancelled",
        "ill.supply.notification",
    }


def test_what_is_for_people_is_no_command():
    """Messages to patrons, to the own staff, and about a relation are read, not heard."""
    for kind in (*PATRON_MESSAGES, *STAFF_MESSAGES, *RELATION_MESSAGES):
        message = replace(told(LENDER), kind=kind)
        assert not for_a_desk(message)
        assert heard(message, sender=THERE, at=HERE, received_at=AT) is None
    assert for_a_desk(told("ill.supply.received"))


def test_the_envelope_at_the_lender():
    """The sender's program speaks; the id is of sender and key, the case of requester and request."""
    command = hear("ill.borrowing.item-received")
    assert isinstance(command, c.ConfirmReceipt)
    assert command.id == "heard/CN-CQ/ill.borrowing/B1/7/ill.borrowing.item-received"
    assert command.case == "CN-CQ/B1~2"
    assert command.by == Actor("ils", HERE, Office.SYSTEM)
    assert command.happened_at == command.recorded_at == AT


def test_the_envelope_at_the_borrower():
    """The request id says which attempt of which case; a case may have a tilde in its id."""
    command = hear("ill.supply.received", request="B~1~12")
    assert isinstance(command, b.HearReceived)
    assert (command.case, command.attempt) == ("B~1", 12)
    assert command.id == "heard/CN-NLC/ill.supply/B1/7/ill.supply.received"
    assert command.by == Actor("ils", THERE, Office.SYSTEM)


def test_a_centre_names_whom_to_ask():
    """What it says is about a case, not an attempt; without anybody, nobody is left to be asked."""
    message = replace(told("ill.centre.routed", request="B1", suppliers="CN-ZJU\nCN-NLC"), to=HERE)
    assert for_a_desk(message)
    command = heard(message, sender="CN-CALIS", at=HERE, received_at=AT)
    assert isinstance(command, b.HearRota)
    assert (command.case, command.suppliers) == ("B1", ("CN-ZJU", "CN-NLC"))
    assert command.by == Actor("ils", "CN-CALIS", Office.SYSTEM)
    nobody = heard(replace(message, facts=(("request", "B1"),)), sender="CN-CALIS", at=HERE, received_at=AT)
    assert isinstance(nobody, b.HearRota)
    assert nobody.suppliers == ()
    assert wrong(replace(message, facts=())) == ["facts.request: found nothing, expected a text"]


@pytest.mark.parametrize("kind", HEARD)
def test_a_program_gives_no_evidence_of_what_it_hears(kind: str) -> None:
    """By what it is known stands in the command's id already."""
    assert "evidence" not in HEARD[kind].fields


def test_no_two_requesters_share_a_case():
    """A slash within the requester's reference is written otherwise; so a request id may have slashes."""
    assert case_at_lender("A/B", "1") == "A%2FB/1"
    assert case_at_lender("A%2FB", "1") == "A%252FB/1"
    assert case_at_lender("A", "B/1") == "A/B/1"


REQUEST: dict[str, Plain] = {
    "service": "CopyOrLoan",
    "level": "Rush",
    "author": "吴良镛",
    "edition": "2",
    "volume": "3",
    "publisher": "北京",
    "year": "2001",
    "article": "水系",
    "pages": "1-12",
    "record_ids": "ISBN:9787112046423\nOCLC:1",
    "need_before": DAY,
    "max_cost": Money(30, "CNY"),
    "forwardable": True,
    "kind_of": "retry",
    "previous": "B1~1",
    "via": "Email",
    "reference": "ill@example.org",
    "note": "for an exhibition",
    "declared": True,
}


def test_a_request_with_all_that_may_be_said():
    """Every fact has its place in the command; who asks and who is asked are said by the wire."""
    command = hear("ill.borrowing.request", **REQUEST)
    assert isinstance(command, c.ReceiveRequest)
    assert own(command) == {
        "requester": HERE,
        "supplier": THERE,
        "request_id": "B1~2",
        "requested": Requested(
            title="古城水系考",
            author="吴良镛",
            edition="2",
            volume="3",
            publisher="北京",
            year="2001",
            article="水系",
            pages="1-12",
            record_ids=("ISBN:9787112046423", "OCLC:1"),
        ),
        "service": Service.COPY_OR_LOAN,
        "level": Level.RUSH,
        "need_before": DAY,
        "max_cost": Money(30, "CNY"),
        "previous": "B1~1",
        "forwardable": True,
        "delivery": Delivery(via=SentVia.EMAIL, reference="ill@example.org"),
        "note": "for an exhibition",
    }


def test_a_request_with_as_little_as_may_be_said():
    """What is not said is as the command has it: a loan has to be said."""
    command = hear("ill.borrowing.request", service="Loan")
    assert isinstance(command, c.ReceiveRequest)
    assert set(own(command)) == {"requester", "supplier", "request_id", "requested"}
    assert wrong(told("ill.borrowing.request"), sender=HERE, at=THERE) == [
        "facts.service: found nothing, expected a text"
    ]


def test_a_reminder_opens_nothing():
    """Who reminds of a request asks how it stands."""
    command = hear("ill.borrowing.request", service="Loan", kind_of="reminder")
    assert isinstance(command, c.RequestStatus)
    assert command.case == "CN-CQ/B1~2"
    assert isinstance(hear("ill.borrowing.request", service="Loan", kind_of="new"), c.ReceiveRequest)


@pytest.mark.parametrize(
    ("kind", "facts", "command", "said"),
    [
        ("cancel", {"intent": "end_case", "note": "n"}, c.RequestCancel, {"note": "n"}),
        ("cancel", {"intent": "end_case", "note": ""}, c.RequestCancel, {}),
        ("offer-accepted", {"revision": 2}, c.AgreeToOffer, {"revision": 2}),
        ("notification", {"note": "n", "their_id": "88"}, c.Notify, {"note": "n"}),
        ("offer-rejected", {"revision": 2, "note": "n"}, c.DeclineOffer, {"revision": 2, "note": "n"}),
        ("renew", {"reason": "r", "desired": DAY}, c.RequestRenewal, {"reason": "r", "desired": DAY}),
        ("renew", {"reason": ""}, c.RequestRenewal, {}),
        ("returned", {"items": "a\nb"}, c.ReportReturn, {"items": ("a", "b")}),
        (
            "lost",
            {"items": "a", "where": "patron", "note": "n"},
            c.ReportLost,
            {"items": ("a",), "where": WhereLost.PATRON, "note": "n"},
        ),
        ("found", {}, c.ReportFound, {}),
        ("status-request", {}, c.RequestStatus, {}),
        ("defect", {"what": "page 12", "note": "n"}, c.ClaimDefect, {"what": "page 12", "note": "n"}),
        ("defect", {"note": "page 12"}, c.ClaimDefect, {"what": "page 12", "note": "page 12"}),
        ("notification", {"note": "n"}, c.Notify, {"note": "n"}),
        ("notification", {}, c.Notify, {}),
        ("abandoned", {"note": ""}, c.Notify, {"note": "ill.borrowing.abandoned"}),
        (
            "damaged",
            {"item": "a", "note": "n", "on_arrival": True},
            c.Notify,
            {"note": "ill.borrowing.damaged: item: a; note: n; on_arrival: True"},
        ),
        ("praised", {"note": "n"}, c.Notify, {"note": "ill.borrowing.praised: note: n"}),
    ],
)
def test_what_a_borrower_tells(
    kind: str, facts: dict[str, Plain], command: type[Command], said: dict[str, Any]
) -> None:
    """Each kind becomes one command, and every fact that the lender's desk needs is in it."""
    found = hear(BORROWER + kind, **facts)
    assert (type(found), own(found)) == (command, said)


COSTS: dict[str, Plain] = {"cost_loan__fee": Money(20, "CNY"), "cost_overdue": Money(0, "CNY")}
LINES = (
    CostLine(kind=CostKind.LOAN, amount=Money(20, "CNY")),
    CostLine(kind=CostKind.OVERDUE, amount=Money(0, "CNY")),
)


@pytest.mark.parametrize(
    ("kind", "facts", "command", "said"),
    [
        ("received", {"note": "n"}, b.HearReceived, {"note": "n"}),
        ("expected", {"note": "n"}, b.HearExpect, {"note": "n"}),
        ("promised", {"note": "n"}, b.HearPromise, {"note": "n"}),
        ("promised", {"note": ""}, b.HearPromise, {}),
        ("promised", {"their_id": "88"}, b.HearPromise, {"their_id": "88"}),
        (
            "notification",
            {"note": "n", "their_id": "88"},
            b.HearNotification,
            {"note": "n", "their_id": "88"},
        ),
        (
            "offered",
            {
                "revision": 2,
                "conditions": "LibraryUseOnly,NoReproduction",
                "cost": Money(9, "CNY"),
                "reply_by": DAY,
                "note": "n",
            },
            b.HearOffer,
            {
                "revision": 2,
                "conditions": (Condition.LIBRARY_USE_ONLY, Condition.NO_REPRODUCTION),
                "cost": Money(9, "CNY"),
                "reply_by": DAY,
                "note": "n",
            },
        ),
        ("offered", {"cost": Money(9, "CNY"), "conditions": ""}, b.HearOffer, {"cost": Money(9, "CNY")}),
        (
            "unfilled",
            {"why": "NotHeld", "note": "n"},
            b.HearUnfilled,
            {"why": Unfilled.NOT_HELD, "note": "n"},
        ),
        ("unfilled", {}, b.HearUnfilled, {}),
        (
            "retry",
            {"why": "OnLoan", "after": DAY, "before": DAY, "cost": Money(9, "CNY"), "note": "n"},
            b.HearRetry,
            {"why": Retry.ON_LOAN, "after": DAY, "before": DAY, "cost": Money(9, "CNY"), "note": "n"},
        ),
        (
            "shipped",
            {"items": "a\nb", "volumes": 2, "due": DAY, "fee": Money(20, "CNY"), "via": "Mail", **COSTS},
            b.HearShipped,
            {"items": ("a", "b"), "due": DAY, "delivery": Delivery(via=SentVia.MAIL), "costs": LINES},
        ),
        (
            "copy-supplied",
            {"via": "URL", "reference": "https://example.org/1", "pages": 12},
            b.HearShipped,
            {
                "service": Service.COPY,
                "delivery": Delivery(via=SentVia.URL, reference="https://example.org/1"),
            },
        ),
        (
            "cancel-answered",
            {"yes": False, "status": "Loaned"},
            b.HearCancelAnswer,
            {"yes": False, "status": Status.LOANED},
        ),
        ("cancel-answered", {"status": "Cancelled"}, b.HearCancelAnswer, {"status": Status.CANCELLED}),
        ("renewed", {"yes": True, "due": DAY}, b.HearRenewalAnswer, {"yes": True, "due": DAY}),
        ("renewal-declined", {"due": DAY, "reason": "r"}, b.HearRenewalAnswer, {"yes": False, "note": "r"}),
        ("recalled", {"due": DAY, "reason": "r"}, b.HearRecall, {"due": DAY, "note": "r"}),
        ("overdue", {"due": DAY, "days": 3, "amount": Money(5, "CNY")}, b.HearOverdue, {}),
        ("overdue", {"due": DAY, "items": "a", "note": "n"}, b.HearOverdue, {"note": "n"}),
        ("shipped", {"items": "a"}, b.HearShipped, {"items": ("a",)}),
        ("recalled", {"due": ""}, b.HearRecall, {}),
        ("held", {"held": True}, b.HearHoldReturn, {"held": True}),
        ("held", {"held": False, "note": "n"}, b.HearHoldReturn, {"held": False, "note": "n"}),
        ("lost", {"volumes": 1, **COSTS}, b.HearLost, {"costs": LINES}),
        ("kept", {"volumes": 1, "note": "n"}, b.HearNoReturnNeeded, {"note": "n"}),
        ("loss-settled", {"how": "paid", **COSTS}, b.HearNoReturnNeeded, {"costs": LINES}),
        ("checked-in", {"volumes": 1, "on": DAY, **COSTS}, b.HearCheckedIn, {"costs": LINES}),
        ("compensation", {"amount": Money(9, "CNY"), **COSTS}, b.HearCosts, {"costs": LINES}),
        ("charged", {"as_of": 7, **COSTS}, b.HearCosts, {"as_of": 7, "costs": LINES}),
        (
            "status",
            {"status": "Loaned", "due": DAY, **COSTS},
            b.HearStatus,
            {"status": Status.LOANED, "due": DAY, "costs": LINES},
        ),
        ("cancelled", {}, b.HearWithdrawn, {}),
        ("renewal-asked", {}, b.HearNotification, {}),
        ("due-soon", {"due": DAY}, b.HearNotification, {}),
        ("found", COSTS, b.HearNotification, {"costs": LINES}),
        (
            "partly-back",
            {"volumes": 1, "left": 2, "as_of": 7, **COSTS},
            b.HearNotification,
            {"note": "ill.supply.partly-back: volumes: 1; left: 2", "as_of": 7, "costs": LINES},
        ),
        (
            "damaged",
            {"item": "a", "note": "n", "in_post": False, "mark": "m"},
            b.HearNotification,
            {"note": "ill.supply.damaged: item: a; note: n; in_post: False"},
        ),
        ("notification", {"note": "n"}, b.HearNotification, {"note": "n"}),
    ],
)
def test_what_a_lender_tells(
    kind: str, facts: dict[str, Plain], command: type[Command], said: dict[str, Any]
) -> None:
    """Each kind becomes one command, with all that has been charged by then."""
    found = hear(LENDER + kind, **facts)
    assert (type(found), own(found)) == (command, said)


def test_all_that_is_wrong_is_named_at_once():
    """The address, the request, what is missing, of another type, unknown, or below nothing."""
    message = told(
        "ill.supply.status",
        request="B1",
        status="Gone",
        due="2026-02-28",
        cost_loan__fee=Money("-0.01", "CNY"),
        cost_tip=Money(1, "CNY"),
        cost_overdue=5,
    )
    assert wrong(replace(message, to="CN-ZJU")) == [
        "to: found 'CN-ZJU', expected 'CN-CQ', where it is heard",
        "facts.cost.loan-fee: found CNY -0.01, expected an amount of zero or more",
        f"facts.cost.tip: found 'tip', expected one of {', '.join(kind.value for kind in CostKind)}",
        "facts.cost.overdue: found 5, expected an amount",
        "facts.request: found 'B1', expected a request id of ours: <case>~<attempt>",
        f"facts.status: found 'Gone', expected one of {', '.join(status.value for status in Status)}",
        "facts.due: found '2026-02-28', expected a day",
    ]


@pytest.mark.parametrize(
    ("kind", "facts", "problem"),
    [
        ("renewed", {"yes": True}, "facts.due: found None, expected the new due date"),
        ("held", {}, "facts.held: found nothing, expected true or false"),
        ("charged", {"as_of": "7"}, "facts.as_of: found '7', expected a whole number"),
        ("held", {"held": 1}, "facts.held: found 1, expected true or false"),
        (
            "offered",
            {"cost": Money(9, "CNY"), "revision": True},
            "facts.revision: found True, expected a whole number",
        ),
        ("recalled", {"due": 28}, "facts.due: found 28, expected a day"),
        ("recalled", {"their_id": 88}, "facts.their_id: found 88, expected a text"),
        ("received", {"request": ""}, "facts.request: found nothing, expected a text"),
        (
            "received",
            {"request": "B1~0"},
            "facts.request: found 'B1~0', expected a request id of ours: <case>~<attempt>",
        ),
        ("offered", {}, "facts.offer: found 'neither a condition nor a cost', expected at least one of them"),
        (
            "shipped",
            {"items": "a\na", "due": DAY},
            "facts.items: found ('a', 'a'), expected texts, each once, none empty",
        ),
        (
            "copy-supplied",
            {"via": "URL"},
            "facts.delivery: found '', expected a link or a name of what was sent",
        ),
        (
            "offered",
            {"conditions": "Free"},
            f"facts.conditions: found 'Free', expected one of {', '.join(each.value for each in Condition)}",
        ),
    ],
)
def test_what_cannot_be_heard_by_a_borrower(kind: str, facts: dict[str, Plain], problem: str) -> None:
    """What is missing, of another type, or makes no command, each with its place."""
    assert wrong(told(LENDER + kind, **facts)) == [problem]


@pytest.mark.parametrize(
    ("kind", "facts", "problem"),
    [
        ("request", {"service": "Loan", "request": ""}, "facts.request: found nothing, expected a text"),
        (
            "request",
            {"service": "Gift"},
            "facts.service: found 'Gift', expected one of Loan, Copy, CopyOrLoan",
        ),
        (
            "request",
            {"service": "Loan", "kind_of": "again"},
            "facts.kind_of: found 'again', expected new, retry or reminder",
        ),
        ("request", {"service": "Loan", "kind_of": 2}, "facts.kind_of: found 2, expected a text"),
        (
            "request",
            {"service": "Loan", "need_before": "soon"},
            "facts.need_before: found 'soon', expected a day",
        ),
        ("offer-accepted", {}, "facts.revision: found nothing, expected a whole number"),
        ("defect", {}, "facts.note: found nothing, expected a text"),
        ("found", {"request": ""}, "facts.request: found nothing, expected a text"),
    ],
)
def test_what_cannot_be_heard_by_a_lender(kind: str, facts: dict[str, Plain], problem: str) -> None:
    """The same at the other end; one thing wrong is named once, however often it is asked for."""
    assert wrong(told(BORROWER + kind, **facts), sender=HERE, at=THERE) == [problem]


def test_an_instant_without_its_offset_is_refused():
    """When it came is said by whoever received it, and he says it exactly."""
    with pytest.raises(InvalidValue, match="received_at"):
        heard(told("ill.supply.received"), sender=THERE, at=HERE, received_at=AT.replace(tzinfo=None))
