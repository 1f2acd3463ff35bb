"""Bytes of a partner to the message that its desk says: any of the three messages of ISO 18626.

Lenient in what is heard:

1. Elements count by their local name, in any order; unknown ones are ignored, empty ones are as good as
   absent; a version of 1, of a year, or none is taken. Closed lists are known in any case.
2. What a message is follows from its reason first. A notification is only a note, whatever status stands
   beside it; an answer to a cancellation or a renewal is that answer, and the status beside it no news;
   every other reason says what the status says, and an empty status says nothing new.
3. What cannot be made out in passing (an unknown code, a day that is none, an amount without a currency)
   is no reason to refuse what is clear: it is added to the note, for people.
4. What contradicts itself is passed on as it was said: the desk decides (a "yes" beside Loaned).

Strict in what is needed: the header, a reason and, where it counts, a status that the standard has; an
action that it has. All that is wrong is told at once.

Source: ISO 18626, versions 1.2 (2017) and 2021-2; for the dialects: samples of OCLC's Circill toolkit, Koha
(``openfifth/koha-ill-iso18626``), ReShare (``openlibraryenvironment/mod-rs``), CrossLink
(``indexdata/crosslink``, also for how Alma speaks).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import attrs

from servflow.adapters.partner_iso18626._editions import (
    ACTION,
    MESSAGES,
    REASON,
    REQUEST,
    STATUS,
    SUPPLYING,
    Edition,
    words,
)
from servflow.adapters.partner_iso18626._header import MOST_AHEAD, Envelope, Reading
from servflow.adapters.partner_iso18626._message import Asks, ErrorType, Header, Incoming, UnreadableMessage
from servflow.adapters.partner_iso18626._notes import (
    ACCEPTED,
    AGREED,
    REJECTED,
    Note,
    plainly,
)
from servflow.adapters.partner_iso18626._request import asked, fitting, overlaid
from servflow.adapters.partner_iso18626._values import LONGEST_ID, amount_read, as_id, day_read, shown
from servflow.adapters.partner_iso18626._words import (
    CANCELLED,
    FROM_BORROWER,
    FROM_CENTRE,
    FROM_GATEWAY,
    FROM_LENDER,
    HOLD,
    LENDER_NOTE,
    ONLINE,
    RELEASE,
    SAID_BY,
    TO_GATEWAY,
    exactly,
    word_of,
)
from servflow.adapters.partner_iso18626._xml import Element, parsed
from servflow.core.changes import Key, Message
from servflow.core.citations import Plain
from servflow.core.dates import aware
from servflow.core.errors import InvalidMessage
from servflow.core.ill.borrowing import messages as borrowing
from servflow.core.ill.exchange import case_at_lender, for_a_desk
from servflow.core.ill.lending import messages as lending
from servflow.core.ill.terms import Condition, CostKind, Retry, SentVia, Status, Unfilled
from servflow.core.money import Money, total

__all__ = ["read"]

_LATEST: Final = Edition.V2021_2  # it has all words of the other
_NOTIFICATION: Final = "Notification"
_BORROWER_NOTE: Final = f"{FROM_BORROWER}notification"
_WITH_REASON: Final = frozenset({borrowing.RENEW, lending.RENEWAL_DECLINED, lending.RECALLED})
_OF_AN_OFFER: Final = frozenset({borrowing.OFFER_ACCEPTED, borrowing.OFFER_REJECTED})

_ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "StatusRequest": borrowing.STATUS_REQUEST,
        "Received": borrowing.RECEIVED,
        "Cancel": borrowing.CANCEL,
        "Renew": borrowing.RENEW,
        "ShippedReturn": borrowing.RETURNED,
        "Lost": borrowing.LOST,
        _NOTIFICATION: _BORROWER_NOTE,
        "ShippedForward": _BORROWER_NOTE,  # nobody here passes a book on; staff are to know
        "HoldReturn": _BORROWER_NOTE,  # only the lender says that
    }
)
"""What each action says."""

_ANSWERS: Final[Mapping[str, bool]] = MappingProxyType({"y": True, "yes": True, "n": False, "no": False})


def read(
    data: bytes,
    *,
    received_at: datetime,
    sender: str | None = None,
    at: str | None = None,
    lines: bool = False,
) -> Incoming:
    """The message that these bytes are.

    ``received_at`` bounds the sender's clock: it may be ahead of ours by a day at most. ``sender`` and
    ``at`` are who sent it and where it came in, as the host knows; they stand for an agency that the
    message does not name. Koha names none, and a request through a centre need not name its supplier.
    ``lines`` says that the sender is known to be a desk of ours: then the lines for programs in its note
    count. Of anybody else they are a text of the note, whatever they look like.

    Raises:
        UnreadableMessage: an ``InvalidMessage`` with what is needed to answer: it is larger than
            ``MOST_BYTES``, not XML, has a DOCTYPE, is no message of ISO 18626, or lacks what is needed.
        InvalidValue: ``received_at`` is naive.
        TypeError: ``data`` is not bytes.
        MissingExtra: lxml is not installed.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"a message is bytes, not {type(data).__name__}")
    aware("received_at", received_at)
    try:
        root = parsed(data)
    except InvalidMessage as error:
        raise UnreadableMessage(error.problems, ErrorType.BADLY_FORMED, Header()) from None
    reading = Reading(lenient=True, sender=sender, at=at, lines=lines)
    body = reading.body(root, MESSAGES, f"one of {', '.join(MESSAGES)}")
    found = None
    if body is not None:
        found = fitting(reading, lambda: _KINDS[body.name](reading, body, received_at))
    if found is None or reading.problems:
        raise UnreadableMessage(reading.problems, reading.error, reading.header)
    return found


def _request(reading: Reading, body: Element, received_at: datetime) -> Incoming | None:
    found = asked(reading, body, received_at, opens=False)
    if found is None:
        return None
    return Incoming(
        header=reading.header,
        sent_at=found.envelope.sent_at,
        message=found.message,
        card=found.card,
        security_code=_security_code(body),
        asks=Asks.WHETHER_AGREED if found.request_type == "Retry" else None,
    )


# --- from the requester ---------------------------------------------------------------------------


def _requesting(reading: Reading, body: Element, received_at: datetime) -> Incoming | None:
    envelope = reading.envelope(body, received_at + MOST_AHEAD)
    action = reading.word(body, ACTION, words(_LATEST, ACTION), ErrorType.UNSUPPORTED_ACTION)
    if envelope is None or action is None:
        return None
    reading.header = attrs.evolve(reading.header, action=action)
    note = reading.note(body.named("note"))
    kind, text = _ACTIONS[action], note.text
    if action == _NOTIFICATION:
        kind, text = _answer_to_an_offer(note)
    elif kind == _BORROWER_NOTE:
        text = f"{action}: {text}" if text else action
    message = _message(envelope, kind, note, [(_note_of(kind), text)], body)
    unsaid = message.kind in _OF_AN_OFFER and "revision" not in dict(message.facts)
    return Incoming(
        header=reading.header,
        sent_at=envelope.sent_at,
        message=message,
        card=body.said("header", "requestingAgencyAuthentication", "accountId") or None,
        security_code=_security_code(body),
        supplier_request_id=_supplier_request_id(body),
        asks=Asks.REVISION if unsaid else None,
    )


def _answer_to_an_offer(note: Note) -> tuple[str, str]:
    """Kind and note of a notification: it may agree to an offer, or reject it."""
    if AGREED.casefold() in note.codes:
        return borrowing.OFFER_ACCEPTED, note.text
    word, colon, rest = note.text.partition(":")
    bare = word.strip(" `'\".!").upper()
    if bare == ACCEPTED and (colon or not rest):
        return borrowing.OFFER_ACCEPTED, rest.strip()
    if bare == REJECTED and (colon or not rest):
        return borrowing.OFFER_REJECTED, rest.strip()
    return _BORROWER_NOTE, note.text


# --- from the supplier ----------------------------------------------------------------------------


def _supplying(reading: Reading, body: Element, received_at: datetime) -> Incoming | None:
    envelope = reading.envelope(body, received_at + MOST_AHEAD)
    info = reading.needed(body, "messageInfo")
    reasons = words(_LATEST, REASON)
    reason = info and reading.word(info, REASON, reasons, ErrorType.UNSUPPORTED_REASON)
    said = body.said("statusInfo", STATUS)
    status = exactly(said, words(_LATEST, STATUS))
    unknown = bool(said) and status is None and reason not in (None, _NOTIFICATION)
    if unknown:
        expected = f"one of {', '.join(words(_LATEST, STATUS))}"
        reading.problem(f"{body.path}/statusInfo/{STATUS}", shown(said), expected, ErrorType.UNKNOWN_VALUE)
    if envelope is None or info is None or reason is None or unknown:
        return None
    reading.header = attrs.evolve(reading.header, reason=reason)
    note = reading.note(info.named("note"))
    terms = _Terms(body, info)
    kind, facts = _said(reason, status or said, terms)
    text = "\n".join(filter(None, [note.text, *terms.odd]))
    theirs = _supplier_request_id(body)
    usual = case_at_lender(envelope.requester, envelope.request_id)  # what a desk of ours would call it
    named = ("their_id", theirs if theirs != usual else None)
    message = _message(envelope, kind, note, [named, *facts, (_note_of(kind), text)], body)
    return Incoming(
        header=reading.header, sent_at=envelope.sent_at, message=message, supplier_request_id=theirs
    )


_Facts = list[tuple[str, Plain | None]]


def _said(reason: str, status: str, terms: _Terms) -> tuple[str, _Facts]:
    """What a supplier says: its kind, and the facts that its elements carry."""
    match reason:
        case "Notification":
            return LENDER_NOTE, terms.in_passing(status)
        case "CancelResponse":
            known = status if status in _STATUSES else None
            if terms.answer is None and known is None:
                return LENDER_NOTE, terms.unclear(reason)
            return lending.CANCEL_ANSWERED, [("yes", terms.answer), ("status", known)]
        case "RenewResponse":
            if terms.answer is False:
                return lending.RENEWAL_DECLINED, []
            due = terms.day("statusInfo", "dueDate")
            if terms.answer is None or due is None:
                return LENDER_NOTE, terms.unclear(reason)
            return lending.RENEWED, [("yes", True), ("due", due)]
        case "StatusRequestResponse" if status in _STATUSES:
            return lending.STATUS, [("status", status), ("due", terms.day("statusInfo", "dueDate"))]
        case _:
            return terms.of_status(status) if status else (LENDER_NOTE, [])


_STATUSES: Final = frozenset(each.value for each in Status)


class _Terms:
    """What stands beside a status. ``odd`` is what could not be made out, for people."""

    def __init__(self, body: Element, info: Element) -> None:
        self.body = body
        self.info = info
        self.odd: list[str] = []
        self.cost_unclear = False
        self.answer = self._answer()

    def of_status(self, status: str) -> tuple[str, _Facts]:
        """What the status says, with what belongs to it."""
        kind = SAID_BY[status]
        due = ("due", self.day("statusInfo", "dueDate"))
        facts: _Facts = []
        if kind in (lending.PROMISED, lending.EXPECTED):  # ReShare offers with either
            cost, conditions = self.cost(), self.conditions()
            if self.cost_unclear:  # it costs something, and nobody has promised to pay that
                conditions = ",".join(dict.fromkeys([*filter(None, [conditions]), Condition.OTHER.value]))
            if conditions or (cost is not None and cost.minor > 0):
                kind = lending.OFFERED
                facts = [("conditions", conditions), ("cost", cost), ("reply_by", self.before())]
        elif kind == lending.UNFILLED:
            facts = [("why", self.code(Unfilled, "reasonUnfilled"))]
        elif kind == lending.RETRY:
            why = self.code(Retry, "reasonRetry")
            facts = [("why", why), ("after", self._retry_day("retryAfter")), ("before", self.before())]
            facts += [("cost", self.cost())]
            self.note("loanCondition", *self._conditions())
        elif kind == lending.SHIPPED:
            facts = [*self.delivery(), due, (f"cost.{CostKind.LOAN.value}", self._costs("deliveryCosts"))]
        elif kind == lending.COPY_SUPPLIED:
            facts = [*self.delivery(), (f"cost.{CostKind.COPY.value}", self._costs("deliveryCosts"))]
        elif kind in (lending.RECALLED, lending.OVERDUE):
            facts = [due]
        elif status in (HOLD, RELEASE):
            facts = [("held", status == HOLD)]
        return kind, facts

    def in_passing(self, status: str) -> _Facts:
        """What stands in a notification beside its note moves nothing; what may be news is told to people."""
        if status in (Status.UNFILLED.value, Status.CANCELLED.value) or status not in words(_LATEST, STATUS):
            self.note(STATUS, status)
        self.note("reasonUnfilled", self.info.said("reasonUnfilled"))
        self.note("loanCondition", *self._conditions())
        return []

    def unclear(self, reason: str) -> _Facts:
        """An answer from which it does not follow what it is: people have to ask."""
        self.note(reason, self.info.said("answerYesNo") or "no answer")
        return []

    def conditions(self) -> str:
        """Its conditions, joined by commas; empty without any."""
        found: list[str] = []
        for text in self._conditions():
            word = word_of(Condition, text)
            if word is None or word is Condition.OTHER:
                self.note("loanCondition", *[text] * (word is None))
                word = Condition.OTHER
            found.append(word.value)
        return ",".join(dict.fromkeys(found))

    def cost(self) -> Money | None:
        """What it would cost; ``cost_unclear`` where some of that is no amount."""
        before = len(self.odd)
        cost = self._costs("offeredCosts")
        self.cost_unclear = len(self.odd) > before
        return cost

    def before(self) -> date | None:
        """Until when to answer, or to ask again."""
        return self._retry_day("retryBefore")

    def code(self, kind: type[Enum], name: str) -> str | None:
        """The word of an open list; what is not known is OTHER, and told to people."""
        text = self.info.said(name)
        word = word_of(kind, text) if text else None
        if text and word is None:
            self.note(name, text)
            return "Other"
        return str(word.value) if word is not None else None

    def delivery(self) -> _Facts:
        """What was sent, how, and by what it is to be found."""
        items = [piece for text in self.body.texts("deliveryInfo", "itemId") for piece in _pieces(text)]
        links = [*self.body.texts("deliveryInfo", "URL"), *self.body.texts("deliveryInfo", "url")]
        said = self.body.said("deliveryInfo", "sentVia") or self.body.said("deliveryInfo", "deliveryMethod")
        if "://" in said:  # an older ReShare puts the link itself here
            links, said = [*links, said], SentVia.URL.value
        word = word_of(SentVia, said) if said else SentVia.URL if links else None
        via = word.value if word is not None else None
        if via in ONLINE:
            if not links and len(items) == 1:  # before there was an element for it, a link stood here
                links, items = items, []
            reference = links[0] if links else None
        else:
            tracks = self.body.texts("shippingInfo", "trackingId")
            reference = tracks[0] if tracks else None
            self.note("URL", *links)
        if via is None or (via in ONLINE and reference is None):  # it came, but nobody can say how
            self.note("sentVia", said)
            via = reference = None
        return [("items", "\n".join(dict.fromkeys(items))), ("via", via), ("reference", reference)]

    def day(self, *names: str) -> date | None:
        """The day that stands there, in its own offset."""
        return self._day(self.body.said(*names), names[-1])

    def note(self, name: str, *texts: str) -> None:
        """People are to read these words of the message."""
        said = ", ".join(filter(None, texts))
        if said:
            self.odd.append(f"{name}: {said}")

    def _answer(self) -> bool | None:
        return _ANSWERS.get(self.info.said("answerYesNo").casefold())

    def _conditions(self) -> list[str]:
        found = [
            *self.body.texts("retryInfo", "loanCondition"),
            *self.body.texts("deliveryInfo", "loanCondition"),
        ]
        return list(dict.fromkeys(found))

    def _retry_day(self, name: str) -> date | None:
        text = self.body.said("retryInfo", name) or self.info.said(name)
        return self._day(text, name)

    def _day(self, text: str, name: str) -> date | None:
        day = day_read(text) if text else None
        if text and day is None:
            self.note(name, text)
        return day

    def _costs(self, name: str) -> Money | None:
        """The sum of what is named so; None without any, or if one of them is no amount."""
        places = [*self.info.at(name), *self.body.at("retryInfo", name), *self.body.at("deliveryInfo", name)]
        amounts: list[Money] = []
        for place in places:
            number, currency = place.said("monetaryValue"), place.said("currencyCode")
            amount = amount_read(number, currency) if number and currency else None
            if amount is not None and amount.currency == (amounts or [amount])[0].currency:
                amounts.append(amount)
            elif number.strip("0.,"):
                self.note(name, f"{number} {currency}".strip())
        return total(amounts, amounts[0].currency) if amounts else None


def _pieces(text: str) -> list[str]:
    """The ids of pieces: of several, ReShare tells each with its name and call number before it."""
    if not text.startswith(_PIECE):
        return [text]
    told = text.removeprefix(_PIECE).split(f",{_PIECE}")
    return [piece for piece in (each.rpartition(",")[2].strip() or each for each in told) if piece]


_PIECE: Final = "multivol:"


# --- both -----------------------------------------------------------------------------------------


def _note_of(kind: str) -> str:
    """The fact that the note of this kind is."""
    return "reason" if kind in _WITH_REASON else "note"


def _told(said: str | None, *, to_lender: bool) -> str | None:
    """The kind that a line of the note says, if a message of this element may be of that kind."""
    kind = f"ill.{said}"
    there = kind.startswith(FROM_BORROWER) or kind == FROM_GATEWAY
    here = kind.startswith((FROM_LENDER, FROM_CENTRE)) or kind == TO_GATEWAY
    if kind == borrowing.REQUEST or not (there if to_lender else here):
        return None
    return kind if for_a_desk(Message(key="", to="", kind=kind, about=Key("", ""))) else None


def _supplier_request_id(body: Element) -> str | None:
    """What the supplier calls the request; None, too, where that is longer than an id may be."""
    found = filter(None, (as_id(element.text) for element in body.at("header", "supplyingAgencyRequestId")))
    said = next(found, "")
    return said if 0 < len(said) <= LONGEST_ID else None


def _security_code(body: Element) -> str | None:
    return body.said("header", "requestingAgencyAuthentication", "securityCode") or None


def _message(envelope: Envelope, kind: str, note: Note, facts: _Facts, body: Element) -> Message:
    """The message that is heard, with what the lines of its note say over what its elements say."""
    to_lender = body.name != SUPPLYING
    about = [
        ("request", envelope.request_id),
        ("supplier", envelope.supplier),
        ("requester", envelope.requester),
    ]
    said = overlaid([*about, *facts], note)
    requester, supplier = envelope.requester, envelope.supplier
    kind = _told(note.kind, to_lender=to_lender) or kind
    heard = [body.name, requester, supplier, envelope.request_id, envelope.sent_at.isoformat(), kind]
    heard += [body.said(ACTION), body.said("messageInfo", REASON), body.said("statusInfo", STATUS)]
    canonical = json.dumps([*heard, plainly(said)], ensure_ascii=False, separators=(",", ":"))
    return Message(
        key=f"iso18626:{sha256(canonical.encode()).hexdigest()}",
        to=supplier if to_lender else requester,
        kind=kind,
        about=Key("ill.borrowing", envelope.request_id)
        if to_lender
        else Key("ill.supply", case_at_lender(requester, envelope.request_id)),
        facts=said,
    )


_KINDS: Final[Mapping[str, Callable[[Reading, Element, datetime], Incoming | None]]] = MappingProxyType(
    {REQUEST: _request, SUPPLYING: _supplying, "requestingAgencyMessage": _requesting}
)
assert set(_KINDS) == set(MESSAGES)  # each is read
assert set(SAID_BY) == set(words(_LATEST, STATUS))  # each says something
assert set(_ACTIONS) == set(words(_LATEST, ACTION))
assert CANCELLED in SAID_BY.values()
