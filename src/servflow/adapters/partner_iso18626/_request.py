"""An ISO 18626 Request: what is asked for, and as which command the lending desk hears it.

1. Lenient in what is heard: elements count by their local name, whatever their prefix, namespace
   or order; the ``version`` attribute may be qualified, empty or absent; white space is trimmed;
   elements that are not known, or not needed, are ignored, empty ones are as good as absent.
2. Strict in what is needed: who asks, whom, under which id, when, for what, as a loan or a copy. All that is
   wrong is reported at once; nothing is guessed.
3. Only what the lending desk needs is read. ``patronInfo`` is not: the lender deals with the
   institution, and a journal that is kept for ever is no place for a reader's name and address.
   Neither is a ``securityCode`` part of the command: a password must not be stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final, Protocol, TypeVar

import attrs

from servflow.adapters.partner_iso18626._editions import REQUEST
from servflow.adapters.partner_iso18626._header import MOST_AHEAD, Envelope, Reading
from servflow.adapters.partner_iso18626._notes import KIND, Note, plainly
from servflow.adapters.partner_iso18626._values import day_read, decimal_read, shown
from servflow.adapters.partner_iso18626._xml import Element, parsed
from servflow.core.changes import Actor, Key, Message, Office
from servflow.core.citations import Plain
from servflow.core.dates import aware
from servflow.core.errors import InvalidMessage, InvalidValue
from servflow.core.ill import exchange
from servflow.core.ill.borrowing import messages
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.ill.terms import Level, Requested
from servflow.core.money import Money

__all__ = ["Asked", "asked", "fitting", "overlaid", "read_request"]

_LEVELS: Final = {"express": Level.EXPRESS, "rush": Level.RUSH}
_NOTES: Final = frozenset({"note", "reason"})
_FIRST_READ: Final = 7  # fields of a citation that the first release read
_NO_RECORD: Final = frozenset(  # what ReShare has no other place for; one of them is the reader's
    (
        *("PATRONREFERENCE", "PRECEDED-BY", "REQUESTINGINSTITUTIONSYMBOL", "SPONSORINGBODY", "STARTPAGE"),
        *("NUMBEROFPAGES", "STITLE", "PART", "ARTNUM", "SSN", "QUARTER"),
    )
)
_HEADERS: Final = frozenset({"request", "requester", "supplier"})  # said by the header, and nowhere else


def read_request(
    data: bytes, *, received_at: datetime, by: Actor | None = None, lines: bool = False
) -> ReceiveRequest:
    """The command that a Request says, ready for the lending desk.

    - Agencies: the value alone where its type is ISIL (an ISIL is unique), otherwise
      ``TYPE:VALUE``, as also for an ISIL that has a colon in it, so that no two are ever the same.
    - ``case`` is ``agency/request id`` (a slash within the agency written ``%2F``, a percent sign
      ``%25``): a second, different request under the same id meets the first one there, and the
      storage refuses it (``AlreadyExists``).
    - ``id`` is a fingerprint of sender, request id, timestamp and all that was read, because
      ISO 18626 has no message id: the same message twice is the same command, also if it was
      formatted anew.
    - ``happened_at`` is the message's timestamp, at every delivery. A sender's clock may be ahead of
      ours, by a day at most: the message then counts as recorded at its own timestamp.
    - ``need_before`` is the day that the message says, in the message's own offset.
    - ``card`` is the ``accountId`` shown as authentication.
    - Record ids are ``CODE:ID``, ISBN and ISSN without hyphens; the supplier's own id for the record
      has the code ``SUPPLIER``. An element given several times is joined with ``"; "``.
    - A request without a ``requestType`` is a new one. A service level that is neither Express nor
      Rush is Normal; ``max_cost`` is the ``maximumCosts`` of the billing information, if it has a currency.
    - The note comes without the codes that stand in it for programs. ``lines`` says that it comes from a
      desk of ours: then its lines for programs count, too; from anybody else they are a text.

    ``by`` is who handed the message in as the host authenticated him; without it, the requesting
    agency's own system.

    Raises:
        InvalidMessage: it is larger than ``MOST_BYTES``, not XML, has a DOCTYPE, is not a Request,
            or lacks what is needed; it carries every problem found. Nothing was taken in.
        InvalidValue: ``received_at`` is naive.
        TypeError: ``data`` is not bytes.
        MissingExtra: lxml is not installed.

    Source: ISO 18626:2014, version 1.2 (2017); the later edition's requests are understood too.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"a message is bytes, not {type(data).__name__}")
    aware("received_at", received_at)
    reading = Reading(lines=lines)
    body = reading.body(parsed(data), (REQUEST,), "one request; no other message is read here")
    found = None
    if body is not None:
        found = fitting(reading, lambda: asked(reading, body, received_at, opens=True))
    if found is None or reading.problems:
        raise InvalidMessage("ISO 18626 request", reading.problems)
    said = found.envelope
    command = exchange.heard(found.message, sender=said.requester, at=said.supplier, received_at=received_at)
    assert isinstance(command, ReceiveRequest)  # no reminder
    return replace(
        command,
        id=found.message.key,
        by=by or Actor(party=said.requester, serves=said.requester, office=Office.SYSTEM),
        happened_at=said.sent_at,
        recorded_at=max(said.sent_at, received_at),
        card=found.card,
    )


@attrs.frozen(kw_only=True)
class Asked:
    """A request that was read: its envelope, the message it is, and what it shows to be known by."""

    envelope: Envelope
    message: Message
    request_type: str
    card: str | None


def asked(reading: Reading, body: Element, received_at: datetime, *, opens: bool) -> Asked | None:
    """What a request asks for; where it ``opens`` something, a reminder is a mistake."""
    envelope = reading.envelope(body, received_at + MOST_AHEAD)
    card = body.said("header", "requestingAgencyAuthentication", "accountId")
    remind = body.said("serviceInfo", "requestType") == "Reminder" and not opens
    requested = Requested() if remind else _requested(reading, body)
    service = reading.needed(body, "serviceInfo")
    types = ("New", "Retry") if opens else ("New", "Retry", "Reminder")
    about = "; a reminder opens nothing" if opens else ""
    request_type = service and reading.one_of(service, "requestType", types, otherwise="New", note=about)
    service_type = service and reading.one_of(
        service, "serviceType", ("Loan", "Copy", "CopyOrLoan"), otherwise="Loan" if remind else ""
    )
    need_before = service and _need_before(reading, service)
    max_cost = _max_cost(reading, body)
    note = reading.note(service.named("note") if service else ())
    if not (envelope and requested is not None and service_type and request_type):
        return None
    level = _LEVELS.get(body.said("serviceInfo", "serviceLevel").casefold(), Level.NORMAL)
    previous = body.said("serviceInfo", "requestingAgencyPreviousRequestId")
    facts: list[tuple[str, Plain | None]] = [
        ("request", envelope.request_id),
        ("supplier", envelope.supplier),
        ("requester", envelope.requester),
        ("title", requested.title),
        ("service", service_type),
        ("level", level.value),
        ("author", requested.author),
        ("edition", requested.edition),
        ("volume", requested.volume),
        ("publisher", requested.publisher),
        ("year", requested.year),
        ("article", requested.article),
        ("pages", requested.pages),
        ("record_ids", "\n".join(requested.record_ids)),
        ("need_before", need_before),
        ("max_cost", max_cost),
        ("kind_of", request_type.casefold()),
        ("previous", previous),
        ("note", note.text),
    ]
    heard: list[Any] = [
        envelope.requester,
        envelope.request_id,
        envelope.sent_at.isoformat(),
        envelope.supplier,
        card,
    ]
    heard += [request_type, service_type, str(need_before), note.text, *astuple(requested)[:_FIRST_READ]]
    more = [*astuple(requested)[_FIRST_READ:], level.value if level is not Level.NORMAL else "", previous]
    if any(more) or max_cost is not None:  # so that what has none of it stays the same message
        heard += [*more, str(max_cost)]
    if note.facts:
        heard.append(plainly(note.facts.items()))
    canonical = json.dumps(heard, ensure_ascii=False, separators=(",", ":"))
    message = Message(
        key=f"iso18626:{sha256(canonical.encode()).hexdigest()}",
        to=envelope.supplier,
        kind=messages.REQUEST,
        about=Key("ill.borrowing", envelope.request_id),
        facts=overlaid(facts, note, but="kind_of"),
    )
    return Asked(envelope=envelope, message=message, request_type=request_type, card=card or None)


class _Said(Protocol):
    @property
    def message(self) -> Message: ...


S = TypeVar("S", bound=_Said)


def fitting(reading: Reading, read: Callable[[], S | None]) -> S | None:
    """What was read, where each line of its note says what its message may say.

    A line that does not, because it says an amount where there has to be a day, stays in the note, and the
    message is read once more without it.
    """
    while True:
        found = read()
        if found is None or reading.problems:
            return found
        odd = _odd(reading.noted, found.message)
        if not odd:
            return found
        reading.left |= odd | (_NOTES & reading.noted.lines)  # no line takes the note's place any more


def _odd(note: Note, message: Message) -> frozenset[str]:
    """The lines of the note that its message cannot say."""
    if KIND in note.lines and message.kind != f"ill.{note.kind}":
        return frozenset({KIND})
    try:
        exchange.heard(
            message, sender=message.to, at=message.to, received_at=datetime.max.replace(tzinfo=UTC)
        )
    except InvalidMessage as error:
        names = {problem.where.removeprefix("facts.") for problem in error.problems}
        return note.lines & names
    return frozenset()


def overlaid(
    facts: list[tuple[str, Plain | None]], note: Note, *, but: str = ""
) -> tuple[tuple[str, Plain], ...]:
    """What the elements say, and over it what the lines of the note say; nothing that says nothing.

    No line says whom and what request it is about, nor the fact ``but``.
    """
    said = dict(facts)
    for name, value in note.facts.items():
        if name not in _HEADERS and name != but:
            said.pop(name, None)
            said[name] = value
    return tuple((name, value) for name, value in said.items() if value is not None and value != "")


def _requested(reading: Reading, body: Element) -> Requested | None:
    info = reading.needed(body, "bibliographicInfo")
    if info is None:
        return None
    requested = Requested(
        title=info.said("title"),
        author=info.said("author"),
        edition=info.said("edition"),
        volume=info.said("volume"),
        publisher=body.said("publicationInfo", "publisher"),
        year=body.said("publicationInfo", "publicationDate"),
        record_ids=_record_ids(info),
        article=info.said("titleOfComponent"),
        pages=info.said("pagesRequested"),
    )
    if not (requested.title or requested.record_ids):
        expected = "a title, a bibliographicItemId or a bibliographicRecordId"
        reading.problem(info.path, "neither", expected)
        return None
    return requested


def _record_ids(info: Element) -> tuple[str, ...]:
    found = [f"SUPPLIER:{id}" for id in filter(None, [info.said("supplierUniqueRecordId")])]
    for kind in ("bibliographicItem", "bibliographicRecord"):
        for element in info.named(f"{kind}Id"):
            code = element.said(f"{kind}IdentifierCode").upper()
            id = element.said(f"{kind}Identifier")
            if code in ("ISBN", "ISSN"):
                id = id.replace("-", "").replace(" ", "").upper()
            if id and code not in _NO_RECORD:
                found.append(f"{code}:{id}" if code else id)
    return tuple(dict.fromkeys(found))


def _need_before(reading: Reading, service: Element) -> date | None:
    text = service.said("needBeforeDate")
    if not text:
        return None
    # Senders also put a bare date, or leave the offset out; the day is clear all the same.
    day = day_read(text)
    if day is None:
        reading.problem(
            f"{service.path}/needBeforeDate", shown(text), "a day such as 2026-03-01T00:00:00+08:00"
        )
    return day


def _max_cost(reading: Reading, body: Element) -> Money | None:
    """What it may cost at most; None where the request does not say, as an empty element does not."""
    currency, amount = (
        body.said("billingInfo", "maximumCosts", name) for name in ("currencyCode", "monetaryValue")
    )
    if not (amount and currency):  # senders also leave out the currency: then it is no amount
        return None
    where = f"{body.path}/billingInfo/maximumCosts"
    number = decimal_read(amount)
    if number is None:
        reading.problem(where, shown(amount), "a number such as 20.00")
        return None
    try:
        cost = Money(number, currency)
    except InvalidValue as error:
        reading.problem(where, shown(str(error.found)), error.expected)
        return None
    if cost.minor < 0:
        reading.problem(where, shown(amount), "an amount of zero or more")
        return None
    return cost
