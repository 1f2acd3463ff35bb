"""A message of the outbox to the bytes that a partner reads.

1. Strict in what is sent: it is valid by the schema of the edition that the partner has.
2. What has an element stands there. What has none is found by reading back what was written: a desk of
   ours gets it in lines for programs (``_notes``), so that nothing is lost; others get it in words, in
   the note.
3. An offer is told as the partner knows it: to a desk of ours and to ReShare as WillSupply with conditions
   and costs; by the standard as RetryPossible with its reason, which is answered by another request. That
   we agree to an offer is a notification with ReShare's code, or, by the standard, which has nothing for
   it, one that says ACCEPT, as Alma does; that we do not is a cancellation.

======================  ==================================================================================
to                      what arrives as words in the note only
======================  ==================================================================================
``servflow``            nothing
``reshare``, 2021-2     what costs are for, where and which items are lost, which ones are sent back, until
                        when a renewal is asked for, to whom a request was passed on, what is amiss, and all
                        that is a notification: damage, losses and finds of the lender, costs without a
                        shipment; of an offer that is agreed to, which one it is
``reshare``, 1.2        the same; the second condition of an offer and the second item of a shipment, a
                        parcel's number, that a return is held, that something is lost
``standard``            the same by its edition; and an offer is heard as "try again"
======================  ==================================================================================

The same arguments give the same bytes, so what is sent once more is known as the same message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from servflow.adapters.partner_iso18626._editions import (
    ACTION,
    REASON,
    REQUEST,
    REQUESTING,
    STATUS,
    SUPPLYING,
    Dialect,
    Edition,
    children,
    words,
)
from servflow.adapters.partner_iso18626._notes import ACCEPTED, AGREED, KIND, facts_written, harmless, sayable
from servflow.adapters.partner_iso18626._reading import read
from servflow.adapters.partner_iso18626._tree import Tree, serialised
from servflow.adapters.partner_iso18626._values import (
    LONGEST_ID,
    agency_parts,
    as_id,
    day_written,
    instant_written,
    lines,
    tidy,
)
from servflow.adapters.partner_iso18626._words import (
    CANCELLED,
    FROM_BORROWER,
    FROM_GATEWAY,
    FROM_LENDER,
    HOLD,
    LENDER_NOTE,
    ONLINE,
    RELEASE,
    code_of,
)
from servflow.core.changes import Message
from servflow.core.citations import Plain
from servflow.core.dates import aware
from servflow.core.errors import CurrencyMismatch, InvalidMessage, InvalidValue
from servflow.core.ill.borrowing import messages as borrowing
from servflow.core.ill.exchange import HEARD, for_a_desk
from servflow.core.ill.lending import messages as lending
from servflow.core.ill.terms import Condition, Retry, SentVia, Unfilled
from servflow.core.money import Money, total

__all__ = ["write"]

_COST: Final = "cost."
_NOTIFICATION: Final = "Notification"
_BORROWER_NOTE: Final = f"{FROM_BORROWER}notification"

_ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        borrowing.CANCEL: "Cancel",
        borrowing.OFFER_REJECTED: "Cancel",
        borrowing.RECEIVED: "Received",
        borrowing.RENEW: "Renew",
        borrowing.RETURNED: "ShippedReturn",
        borrowing.LOST: "Lost",  # a notification where the edition has no such action
        borrowing.STATUS_REQUEST: "StatusRequest",
    }
)
"""The action of each kind; of every other, Notification."""


class _Says(NamedTuple):
    """Why a lender says it, and with which status; an empty one is the status of the message."""

    reason: str
    status: str = ""


_SAYS: Final[Mapping[str, _Says]] = MappingProxyType(
    {
        lending.RECEIVED: _Says("RequestResponse", "RequestReceived"),
        lending.EXPECTED: _Says("RequestResponse", "ExpectToSupply"),
        lending.PROMISED: _Says("RequestResponse", "WillSupply"),
        lending.OFFERED: _Says("RequestResponse", "WillSupply"),
        lending.UNFILLED: _Says("RequestResponse", "Unfilled"),
        lending.RETRY: _Says("RequestResponse", "RetryPossible"),
        lending.SHIPPED: _Says("StatusChange", "Loaned"),
        lending.COPY_SUPPLIED: _Says("StatusChange", "CopyCompleted"),
        lending.CANCEL_ANSWERED: _Says("CancelResponse"),
        lending.RENEWED: _Says("RenewResponse", "Loaned"),
        lending.RENEWAL_DECLINED: _Says("RenewResponse"),
        lending.RECALLED: _Says("StatusChange", "Recalled"),
        lending.OVERDUE: _Says("StatusChange", "Overdue"),
        lending.HELD: _Says("StatusChange", HOLD),
        lending.CHECKED_IN: _Says("StatusChange", "LoanCompleted"),
        lending.KEPT: _Says("StatusChange", "CompletedWithoutReturn"),
        lending.LOSS_SETTLED: _Says("StatusChange", "CompletedWithoutReturn"),
        lending.STATUS: _Says("StatusRequestResponse"),
        CANCELLED: _Says("StatusChange", "Cancelled"),
    }
)
"""How each kind is said; every other is a notification, whose status says nothing."""

_LOANED: Final = frozenset(
    {lending.RENEWAL_DECLINED, lending.RENEWAL_ASKED, lending.DUE_SOON, lending.LOST, lending.FOUND}
    | {lending.PARTLY_BACK, lending.DAMAGED, lending.COMPENSATION, lending.CHARGED}
)
_WITH_REASON: Final = frozenset({borrowing.RENEW, lending.RENEWAL_DECLINED, lending.RECALLED})
_NAMES: Final = frozenset({"request", "supplier", "requester", "their_id", "mark"})
"""What the header says, or is for mails."""
_ABOUT: Final = _NAMES | {"title"}
_FOR_PROGRAMS: Final = frozenset(
    {"as_of", "declared", "fee", "forwardable", "intent", "kind_of", "level", "revision", "volumes", "yes"}
)
"""What says nothing to people that the message does not say anyway."""
_SAME_TO_PEOPLE: Final = frozenset(
    {
        (lending.OFFERED, lending.RETRY),
        (lending.LOSS_SETTLED, lending.KEPT),
        (borrowing.OFFER_REJECTED, borrowing.CANCEL),
    }
)


def write(
    message: Message,
    *,
    sender: str,
    edition: Edition,
    dialect: Dialect,
    sent_at: datetime,
    card: str | None = None,
    security_code: str | None = None,
) -> bytes:
    """The XML of a message that is for another library's desk.

    ``sent_at`` is its timestamp, and has to be the same whenever the message is sent: when it was
    committed. Days are written at noon in its offset. ``card`` and ``security_code`` are what the
    borrower shows to be known by; a lender shows neither. The fact ``their_id`` is what the supplier calls
    the request; without it ReShare, which asks for one, is told the requester's own id, by which it looks
    next. A lender's message has the id of its own transaction there.

    Raises:
        InvalidValue: it is for people; an agency or an id is none that the wire can carry; a request says
            neither title nor record id; it is too large; or ``sent_at`` is naive. Nothing was written.
        MissingExtra: lxml is not installed.
    """
    aware("sent_at", sent_at)
    if not for_a_desk(message):
        raise InvalidValue("message", message.kind, "a message for another library's desk")
    if dialect is not Dialect.SERVFLOW and not message.kind.startswith((FROM_BORROWER, FROM_LENDER)):
        raise InvalidValue("dialect", dialect.value, f"servflow: ISO 18626 has nothing like {message.kind}")
    work = _Writing(message, sender, edition, dialect, sent_at)
    work.shows = {"accountId": card, "securityCode": security_code}
    return work.written()


class _Writing:
    """One message being written."""

    def __init__(
        self, message: Message, sender: str, edition: Edition, dialect: Dialect, sent_at: datetime
    ) -> None:
        self.message = message
        self.kind = message.kind
        self.facts: dict[str, Plain] = {
            name: sayable(value) if isinstance(value, str) else value for name, value in message.facts
        }
        self.sender = sender
        self.edition = edition
        self.dialect = dialect
        self.sent_at = sent_at
        self.shows: dict[str, str | None] = {}

    def written(self) -> bytes:
        """Its bytes: once as the elements have it, then with what they do not say."""
        text = self.text("reason" if self.kind in _WITH_REASON else "note")
        note = harmless(f"#{text}")[1:]  # the sign that ends a code may come to stand right before it
        data = self.document(note)
        try:
            heard = read(data, received_at=self.sent_at, lines=True).message
        except InvalidMessage as error:
            problem = error.problems[0]
            raise InvalidValue(problem.where, problem.found, problem.expected) from None
        said, carried = self.compared(self.facts), self.compared(dict(heard.facts))
        if self.dialect is Dialect.SERVFLOW:
            more = facts_written(_missing(self.kind, heard.kind, said, carried))
        else:
            more = _in_words(self.kind, heard.kind, said, carried)
        return self.document("\n".join(filter(None, [note, more]))) if more else data

    def document(self, note: str) -> bytes:
        """The document, with this note."""
        if self.kind == borrowing.REQUEST:
            return serialised(self.edition, REQUEST, self.request(note))
        if self.kind.startswith(FROM_BORROWER) or self.kind == FROM_GATEWAY:
            return serialised(self.edition, REQUESTING, self.requesting(note))
        return serialised(self.edition, SUPPLYING, self.supplying(note))

    def compared(self, facts: Mapping[str, Plain]) -> dict[str, Plain]:
        """The facts that count, whoever says them."""
        read_here = HEARD[self.kind].fields if self.kind in HEARD else {}
        aside = _NAMES if "requested" in read_here else _ABOUT
        if STATUS not in read_here:
            aside |= {STATUS}
        return {name: value for name, value in facts.items() if name not in aside and value != ""}

    # --- what there is to say -----------------------------------------------------------------

    def text(self, name: str) -> str:
        """The text of that name, empty without one."""
        value = self.facts.get(name)
        return value if isinstance(value, str) else ""

    def day(self, name: str) -> str | None:
        """The day of that name, as it is written."""
        value = self.facts.get(name)
        return day_written(value, self.sent_at) if isinstance(value, date) else None

    def costs(self, *names: str) -> Tree | None:
        """The sum of what is named so; none where it cannot be said in one amount."""
        amounts = [value for name in names if isinstance(value := self.facts.get(name), Money)]
        try:
            amount = total(amounts, amounts[0].currency) if amounts else None
        except CurrencyMismatch:
            return None
        if amount is None or amount.minor < 0:
            return None
        return {"currencyCode": amount.currency, "monetaryValue": str(amount.amount)}

    def has(self, parent: str, name: str) -> bool:
        """Whether the edition has such an element there."""
        return any(row.name == name for row in children(self.edition, parent))

    def as_many(self, parent: str, name: str, values: list[str]) -> list[str]:
        """As many of them as the edition has room for there."""
        most = next(row.most for row in children(self.edition, parent) if row.name == name)
        return values[:most]

    # --- the header ---------------------------------------------------------------------------

    def header(self, kind: str) -> dict[str, Any]:
        """The header of a message of that kind."""
        ours, theirs = agency_parts(self.sender), agency_parts(self.message.to)
        supplier, requester = (ours, theirs) if kind == SUPPLYING else (theirs, ours)
        request = self.facts.get("request")
        if not (isinstance(request, str) and 0 < len(request) <= LONGEST_ID and as_id(request) == request):
            raise InvalidValue("facts.request", request, f"an id on one line, of at most {LONGEST_ID} signs")
        shows = {name: tidy(text) for name, text in self.shows.items() if text and kind != SUPPLYING}
        said: dict[str, Any] = {
            "supplyingAgencyId": _agency(supplier),
            "requestingAgencyId": _agency(requester),
            "timestamp": instant_written(self.sent_at),
            "requestingAgencyRequestId": request,
            "supplyingAgencyRequestId": self.theirs(kind, request),
            "requestingAgencyAuthentication": shows or None,
        }
        row = next(row for row in children(self.edition, kind) if row.name == "header")
        return {name: value for name, value in said.items() if self.has(row.type, name)}

    def theirs(self, kind: str, request: str) -> str | None:
        """What the supplier calls the request."""
        if kind == SUPPLYING:
            return as_id(self.message.about.id)
        if kind == REQUEST:
            return None
        known = self.text("their_id") or (request if self.dialect is Dialect.RESHARE else "")
        return as_id(known) or None

    # --- a request ----------------------------------------------------------------------------

    def request(self, note: str) -> dict[str, Any]:
        """A request."""
        asked = self.text("kind_of").capitalize()
        supplier, items, records = _ids(self.text("record_ids"))
        return {
            "header": self.header(REQUEST),
            "bibliographicInfo": {
                "supplierUniqueRecordId": supplier,
                "title": tidy(self.text("title")),
                "author": tidy(self.text("author")),
                "edition": tidy(self.text("edition")),
                "volume": tidy(self.text("volume")),
                "titleOfComponent": tidy(self.text("article")),
                "pagesRequested": tidy(self.text("pages")),
                "bibliographicItemId": [_identified("bibliographicItemIdentifier", *each) for each in items],
                "bibliographicRecordId": [
                    _identified("bibliographicRecordIdentifier", *each) for each in records
                ],
            },
            "publicationInfo": {
                "publisher": tidy(self.text("publisher")),
                "publicationDate": tidy(self.text("year")),
            }
            if self.text("publisher") or self.text("year")
            else None,
            "serviceInfo": {
                "requestType": asked if asked in words(self.edition, "requestType") else "New",
                "requestingAgencyPreviousRequestId": tidy(self.text("previous")),
                "serviceType": self.text("service"),
                "serviceLevel": tidy(self.text("level")),
                "needBeforeDate": self.day("need_before"),
                "note": note,
            },
            "requestedDeliveryInfo": self.wished(),
            "billingInfo": {"maximumCosts": cost} if (cost := self.costs("max_cost")) else None,
        }

    def wished(self) -> Tree | None:
        """How the requester would like to have it."""
        via, reference = self.text("via"), tidy(self.text("reference"))
        if not via or not (reference or self.edition is Edition.V2021_2):
            return None
        said: dict[str, Any] = {}
        if reference:
            address = {"electronicAddressType": _via(via), "electronicAddressData": reference}
            said["address"] = {"electronicAddress": address}
        if self.has("requestedDeliveryInfo", "deliveryMethod"):
            said["deliveryMethod"] = _via(via)
        return said

    # --- from the requester -------------------------------------------------------------------

    def requesting(self, note: str) -> dict[str, Any]:
        """What a requester does or says."""
        action = _ACTIONS.get(self.kind, _NOTIFICATION)
        if action not in words(self.edition, ACTION):
            action = _NOTIFICATION
        if self.kind == borrowing.OFFER_ACCEPTED:
            parts = (f"{ACCEPTED}:", note) if note else (ACCEPTED,)
            standard = self.dialect is Dialect.STANDARD
            note = " ".join(parts) if standard else f"{AGREED}{note}"
        return {"header": self.header(REQUESTING), ACTION: action, "note": note}

    # --- from the supplier --------------------------------------------------------------------

    def supplying(self, note: str) -> dict[str, Any]:
        """What a supplier says."""
        reason, status = self.says()
        info: dict[str, Any] = {REASON: reason, "answerYesNo": self.answer(), "note": note}
        retry: dict[str, Any] = {}
        sent: dict[str, Any] = {}
        tree: dict[str, Any] = {"header": self.header(SUPPLYING), "messageInfo": info}
        if self.kind == lending.UNFILLED:
            info["reasonUnfilled"] = self.code(Unfilled)
        if self.kind in (lending.RETRY, lending.OFFERED):
            before = self.day("before" if self.kind == lending.RETRY else "reply_by")
            retry = {
                "offeredCosts": self.costs("cost"),
                "retryBefore": before,
                "retryAfter": self.day("after") if self.kind == lending.RETRY else None,
            }
            info["reasonRetry"] = self.code(Retry) if status == "RetryPossible" else None
        if self.kind == lending.OFFERED:
            place = "retryInfo" if self.has(SUPPLYING, "retryInfo") else "deliveryInfo"
            conditions = [code_of(each) for each in _conditions(self.text("conditions"))]
            room = self.as_many(place, "loanCondition", conditions)
            (retry if place == "retryInfo" else sent)["loanCondition"] = room
        if self.kind in (lending.SHIPPED, lending.COPY_SUPPLIED):
            sent = self.sent(tree)
        if self.has(SUPPLYING, "retryInfo"):
            tree["retryInfo"] = retry if any(retry.values()) else None
        else:
            info |= retry
        due = self.day("due") if self.kind in _DUE else None
        tree["statusInfo"] = {STATUS: status, "dueDate": due, "lastChange": instant_written(self.sent_at)}
        if any(sent.values()) or self.kind in (lending.SHIPPED, lending.COPY_SUPPLIED):
            tree["deliveryInfo"] = {"dateSent": instant_written(self.sent_at), **sent}
        return tree

    def says(self) -> tuple[str, str]:
        """Reason and status."""
        reason, status = _SAYS.get(self.kind, _Says(_NOTIFICATION))
        known = words(self.edition, STATUS)
        if self.kind == lending.OFFERED and self.dialect is Dialect.STANDARD:
            status = "RetryPossible"
        elif self.kind == lending.HELD:
            status = HOLD if self.facts.get("held") is True else RELEASE
        elif self.kind == lending.CANCEL_ANSWERED and self.text(STATUS) not in known:
            status = "WillSupply" if self.facts.get("yes") is False else "Cancelled"
        elif not status and self.text(STATUS) in known:
            status = self.text(STATUS)
        if status not in known:  # an edition that has no word for it is told in words
            usual = "Loaned" if self.kind in _LOANED or self.kind == lending.HELD else "RequestReceived"
            return (_NOTIFICATION if status else reason, usual)
        return reason, status

    def answer(self) -> str | None:
        """Yes or no."""
        if self.kind in (lending.RENEWED, lending.RENEWAL_DECLINED):
            return "Y" if self.kind == lending.RENEWED else "N"
        if self.kind == lending.CANCEL_ANSWERED:
            yes = self.facts.get("yes")
            return "Y" if yes is True else "N" if yes is False else None
        return None

    def code(self, kind: type[Unfilled | Retry]) -> str | None:
        """Why not, by its code; "Other" says something to a desk of ours only."""
        if self.kind == lending.OFFERED:
            conditions = _conditions(self.text("conditions"))
            return code_of(Retry.LOAN_CONDITION if conditions else Retry.COST_EXCEEDS_MAX_COST)
        try:
            word = kind(self.text("why"))
        except ValueError:
            return None
        return None if word.value == "Other" and self.dialect is not Dialect.SERVFLOW else code_of(word)

    def sent(self, tree: dict[str, Any]) -> dict[str, Any]:
        """How it was sent, by what it is to be found, and what is charged for it by now."""
        via, reference = self.text("via"), tidy(self.text("reference"))
        online = via in ONLINE
        items = [item for item in map(tidy, self.text("items").split("\n")) if item]
        sent: dict[str, Any] = {}
        if reference and online and self.has("deliveryInfo", "URL"):
            sent["URL"] = reference
        elif reference and online:  # where there is no element for a link, it stands here
            items = [reference]
        elif reference and self.has(SUPPLYING, "shippingInfo"):
            tree["shippingInfo"] = {"trackingId": [reference]}
        sent["itemId"] = self.as_many("deliveryInfo", "itemId", items)
        sent["deliveryMethod" if self.has("deliveryInfo", "deliveryMethod") else "sentVia"] = _via(via)
        costs = self.costs(*(name for name in self.facts if name.startswith(_COST)))
        sent["deliveryCosts"] = costs
        return sent


_DUE: Final = frozenset(
    {lending.SHIPPED, lending.RENEWED, lending.RENEWAL_DECLINED, lending.RECALLED, lending.OVERDUE}
    | {lending.STATUS}
)


def _agency(parts: tuple[str, str]) -> Tree:
    return {"agencyIdType": parts[0], "agencyIdValue": parts[1]}


def _identified(name: str, code: str, id: str) -> Tree:
    return {f"{name}Code": code, name: id}


def _ids(text: str) -> tuple[str | None, list[tuple[str, str]], list[tuple[str, str]]]:
    """The supplier's own id for the record, the ids of the item, and those of records elsewhere."""
    supplier: str | None = None
    items: list[tuple[str, str]] = []
    records: list[tuple[str, str]] = []
    for each in filter(None, map(tidy, text.split("\n"))):
        code, colon, id = each.partition(":")
        if not colon:
            items.append(("", each))
        elif code in ("ISBN", "ISSN"):
            items.append((code, id))
        elif code == "SUPPLIER" and supplier is None:
            supplier = id
        else:
            records.append((code, id))
    return supplier, items, records


def _via(text: str) -> str | None:
    try:
        return code_of(SentVia(text))
    except ValueError:
        return tidy(text) or None


def _conditions(text: str) -> list[Condition]:
    known = {each.value: each for each in Condition}
    return [known[each] for each in map(str.strip, text.split(",")) if each in known]


# --- what the elements do not say -----------------------------------------------------------------


def _is_free(kind: str) -> bool:
    """Whether all that a message of that kind says is read by people, in the order in which it is said."""
    notes = (HEARD[LENDER_NOTE], HEARD[_BORROWER_NOTE])
    return HEARD.get(kind, notes[0]) in notes


def _same(one: Plain | None, other: Plain | None) -> bool:
    return type(one) is type(other) and one == other


def _missing(
    kind: str, heard: str, said: Mapping[str, Plain], carried: Mapping[str, Plain]
) -> list[tuple[str, Plain | None]]:
    """The lines by which what was carried becomes what was said."""
    gone: list[tuple[str, Plain | None]] = [(name, None) for name in carried if name not in said]
    differs = {name for name, value in said.items() if not _same(carried.get(name), value)}
    costs = [name for name in said if name.startswith(_COST)]
    if costs != [name for name in carried if name.startswith(_COST)]:
        differs |= set(costs)  # their order counts
    if _is_free(kind) and (differs or gone):
        differs = set(said)
    found = gone + [(name, value) for name, value in said.items() if name in differs]
    if heard != kind:
        found.insert(0, (KIND, kind.removeprefix("ill.")))
    return found


def _in_words(kind: str, heard: str, said: Mapping[str, Plain], carried: Mapping[str, Plain]) -> str:
    """What was said and not carried, for people."""
    found = []
    if heard != kind and (kind, heard) not in _SAME_TO_PEOPLE:
        found.append(kind.split(".", 2)[2].replace("-", " "))
    for name, value in said.items():
        same = _same(carried.get(name), value) or (
            isinstance(value, str) and lines(value) == lines(str(carried.get(name, "")))
        )
        if same or name in _FOR_PROGRAMS or name in ("note", "reason"):
            continue
        if kind == borrowing.REQUEST and name in ("via", "reference", "record_ids"):
            continue
        if kind == borrowing.OFFER_ACCEPTED and name in ("cost", "conditions"):  # the lender's own terms
            continue
        spoken = name.removeprefix(_COST).replace("_", " ").replace("-", " ")
        found.append(harmless(f"{spoken}: {', '.join(str(value).splitlines())}"))
    return "\n".join(found)
