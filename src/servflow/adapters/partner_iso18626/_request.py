"""An ISO 18626 Request (version 1.2) to a ``ReceiveRequest``.

1. Lenient in what is heard: elements count by their local name, whatever their prefix, namespace
   or order; the ``version`` attribute may be qualified, empty or absent; white space is trimmed;
   elements that are not known, or not needed, are ignored, empty ones are as good as absent.
2. Strict in what is needed: who asks, whom, under which id, when, for what, as a loan or a copy. All that is
   wrong is reported at once; nothing is guessed.
3. Only what the lending desk needs is read. ``patronInfo`` is not: the lender deals with the
   institution, and a journal that is kept for ever is no place for a reader's name and address.
   Neither is ``securityCode``: a password must not be stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final, TypeVar

from servflow.adapters.partner_iso18626._xml import Element, parsed
from servflow.core.changes import Actor, Office
from servflow.core.dates import aware
from servflow.core.errors import InvalidMessage, InvalidValue, Problem
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.ill.terms import Level, Requested, Service
from servflow.core.money import Money

__all__ = ["read_request"]

T = TypeVar("T")

_MESSAGES: Final = (
    *("request", "requestConfirmation"),
    *("supplyingAgencyMessage", "supplyingAgencyMessageConfirmation"),
    *("requestingAgencyMessage", "requestingAgencyMessageConfirmation"),
)
_LONGEST_ID: Final = 250  # an id becomes a key in somebody's database
_LONGEST_SHOWN: Final = 60
_MOST_AHEAD: Final = timedelta(days=1)
_LEVELS: Final = {"express": Level.EXPRESS, "rush": Level.RUSH}
_FIRST_READ: Final = 7  # fields of a citation that the first release read
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")  # line breaks, and what a terminal would obey

# xs:dateTime; Python alone would also take week dates, or any letter in place of the T.
_DATE_TIME: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)(?P<part>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?"
)


def read_request(data: bytes, *, received_at: datetime, by: Actor | None = None) -> ReceiveRequest:
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
    reading = _Reading()
    command = reading.request(parsed(data), received_at, by)
    if command is None or reading.problems:
        raise InvalidMessage("ISO 18626 request", reading.problems)
    return command


class _Reading:
    """One message being read. What is needed and wrong gives None and leaves a problem behind."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def request(self, root: Element, received_at: datetime, by: Actor | None) -> ReceiveRequest | None:
        body = self._body(root)
        if body is None:
            return None
        header = self._needed(body, "header")
        requester = header and self._agency(header, "requestingAgencyId")
        supplier = header and self._agency(header, "supplyingAgencyId")
        request_id = header and self._id(header, "requestingAgencyRequestId")
        sent_at = header and self._timestamp(header, received_at + _MOST_AHEAD)
        card = header and _text(header, "requestingAgencyAuthentication", "accountId")
        requested = self._requested(body)
        service = self._needed(body, "serviceInfo")
        request_type = service and self._one_of(
            service, "requestType", ("New", "Retry"), otherwise="New", note="; a reminder opens nothing"
        )
        service_type = service and self._one_of(service, "serviceType", ("Loan", "Copy", "CopyOrLoan"))
        need_before = service and self._need_before(service)
        max_cost = self._max_cost(body)
        note = _lines(service, "note") if service else ""
        if not (requester and supplier and request_id and sent_at and requested and service_type):
            return None
        heard = [requester, request_id, sent_at.isoformat(), supplier, card, request_type, service_type]
        heard += [str(need_before), note, *astuple(requested)[:_FIRST_READ]]
        level = _LEVELS.get(_text(body, "serviceInfo", "serviceLevel").casefold(), Level.NORMAL)
        previous = _text(body, "serviceInfo", "requestingAgencyPreviousRequestId")
        more = [*astuple(requested)[_FIRST_READ:], level.value if level is not Level.NORMAL else "", previous]
        if any(more) or max_cost is not None:  # so that what has none of it stays the same message
            heard += [*more, str(max_cost)]
        canonical = json.dumps(heard, ensure_ascii=False, separators=(",", ":"))
        return ReceiveRequest(
            id=f"iso18626:{sha256(canonical.encode()).hexdigest()}",
            case=f"{requester.replace('%', '%25').replace('/', '%2F')}/{request_id}",
            by=by or Actor(party=requester, serves=requester, office=Office.SYSTEM),
            happened_at=sent_at,
            recorded_at=max(sent_at, received_at),
            requester=requester,
            supplier=supplier,
            request_id=request_id,
            requested=requested,
            service=Service(service_type),
            level=level,
            max_cost=max_cost,
            previous=previous or None,
            card=card or None,
            need_before=need_before,
            note=note,
        )

    # --- the parts of a request ---------------------------------------------------------------

    def _body(self, root: Element) -> Element | None:
        if root.name != "ISO18626Message":
            self._problem(root.path, _shown(root.name), "ISO18626Message as the root element")
            return None
        messages = [child for child in root.children if child.name in _MESSAGES]
        if [message.name for message in messages] != ["request"]:
            found = ", ".join(child.name for child in (messages or root.children)[:5]) or "nothing"
            self._problem(root.path, _shown(found), "one request; no other message is read here")
            return None
        return messages[0]

    def _agency(self, header: Element, name: str) -> str | None:
        agency = self._needed(header, name)
        if agency is None:
            return None
        kind = self._id(agency, "agencyIdType")
        value = self._id(agency, "agencyIdValue")
        if kind and ":" in kind:
            self._problem(f"{agency.path}/agencyIdType", _shown(kind), "a type without a colon")
        if not (kind and value):
            return None
        kind = kind.upper()
        return value if kind == "ISIL" and ":" not in value else f"{kind}:{value}"

    def _timestamp(self, header: Element, latest: datetime) -> datetime | None:
        expected = "an instant such as 2026-01-26T09:30:00+08:00"
        element = self._needed(header, "timestamp")
        if element is None:
            return None
        text = _tidy(element.text)
        at = _date_time(text)
        if at and at.tzinfo is None:
            self._problem(element.path, _shown(text), f"{expected}, with its offset from UTC")
            return None
        utc = at and _calculated(lambda: at.astimezone(UTC))
        if utc is None:
            self._problem(element.path, _shown(text), expected)
        elif utc > latest:
            self._problem(element.path, _shown(text), f"an instant not after {latest.isoformat()}")
            return None
        return utc

    def _need_before(self, service: Element) -> date | None:
        text = _text(service, "needBeforeDate")
        if not text:
            return None
        # Senders also put a bare date, or leave the offset out; the day is clear all the same.
        at = _date_time(text) or _date_time(f"{text}T00:00:00")
        if at is None:
            expected = "a day such as 2026-03-01T00:00:00+08:00"
            self._problem(f"{service.path}/needBeforeDate", _shown(text), expected)
            return None
        return at.date()

    def _requested(self, body: Element) -> Requested | None:
        info = self._needed(body, "bibliographicInfo")
        if info is None:
            return None
        requested = Requested(
            title=_text(info, "title"),
            author=_text(info, "author"),
            edition=_text(info, "edition"),
            volume=_text(info, "volume"),
            publisher=_text(body, "publicationInfo", "publisher"),
            year=_text(body, "publicationInfo", "publicationDate"),
            record_ids=_record_ids(info),
            article=_text(info, "titleOfComponent"),
            pages=_text(info, "pagesRequested"),
        )
        if not (requested.title or requested.record_ids):
            self._problem(info.path, "neither", "a title, a bibliographicItemId or a bibliographicRecordId")
            return None
        return requested

    def _max_cost(self, body: Element) -> Money | None:
        """What it may cost at most; None where the request does not say, as an empty element does not."""
        currency, amount = (
            _text(body, "billingInfo", "maximumCosts", name) for name in ("currencyCode", "monetaryValue")
        )
        if not (amount and currency):  # senders also leave out the currency: then it is no amount
            return None
        where = f"{body.path}/billingInfo/maximumCosts"
        try:
            cost = Money(amount, currency)
        except InvalidValue as error:
            self._problem(where, _shown(str(error.found)), error.expected)
            return None
        if cost.minor < 0:
            self._problem(where, _shown(amount), "an amount of zero or more")
            return None
        return cost

    # --- what is needed -----------------------------------------------------------------------

    def _needed(self, parent: Element, name: str) -> Element | None:
        found = _named(parent, name)
        if len(found) != 1:
            count = f"{len(found)} of them" if found else "nothing"
            self._problem(f"{parent.path}/{name}", count, "one such element")
            return None
        return found[0]

    def _id(self, parent: Element, name: str) -> str | None:
        element = self._needed(parent, name)
        if element is None:
            return None
        text = _tidy(element.text)
        if not text:
            self._problem(element.path, "nothing", "a text")
        elif len(text) > _LONGEST_ID:
            self._problem(element.path, f"{len(text)} characters", f"at most {_LONGEST_ID} characters")
        else:
            return text
        return None

    def _one_of(
        self, parent: Element, name: str, allowed: tuple[str, ...], *, otherwise: str = "", note: str = ""
    ) -> str | None:
        text = _text(parent, name) or otherwise
        if text not in allowed:
            expected = " or ".join(allowed) + note
            self._problem(f"{parent.path}/{name}", _shown(text) if text else "nothing", expected)
            return None
        return text

    def _problem(self, where: str, found: str, expected: str) -> None:
        self.problems.append(Problem(where, found, expected))


def _named(parent: Element, name: str) -> list[Element]:
    return [child for child in parent.children if child.name == name]


def _tidy(text: str) -> str:
    """``text`` on one line: white space and control characters become single spaces, none outside."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _text(parent: Element, *names: str) -> str:
    """What stands at that path below ``parent``, tidied; several joined, empty if there is nothing."""
    found = [parent]
    for name in names:
        found = [element for place in found for element in _named(place, name)]
    return "; ".join(filter(None, (_tidy(element.text) for element in found)))


def _lines(parent: Element, name: str) -> str:
    """As ``_text``, the line breaks kept."""
    texts = "\n".join(element.text for element in _named(parent, name))
    return "\n".join(map(_tidy, texts.splitlines())).strip()


def _record_ids(info: Element) -> tuple[str, ...]:
    found = [f"SUPPLIER:{id}" for id in filter(None, [_text(info, "supplierUniqueRecordId")])]
    for kind in ("bibliographicItem", "bibliographicRecord"):
        for element in _named(info, f"{kind}Id"):
            code = _text(element, f"{kind}IdentifierCode").upper()
            id = _text(element, f"{kind}Identifier")
            if code in ("ISBN", "ISSN"):
                id = id.replace("-", "").replace(" ", "").upper()
            if id:
                found.append(f"{code}:{id}" if code else id)
    return tuple(dict.fromkeys(found))


def _date_time(text: str) -> datetime | None:
    """An xs:dateTime; naive if it has no offset, None if it is none or Python cannot hold it."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    # 24:00:00 is the midnight at the end of a day (XML Schema part 2, 3.2.7); Python has no such hour.
    next_day = match["time"] == "24:00:00" and not (match["part"] or "").strip(".0")
    time = "00:00:00" if next_day else match["time"] + (match["part"] or "")
    plain = f"{match['day']}T{time}{match['zone'] or ''}"
    return _calculated(lambda: datetime.fromisoformat(plain) + timedelta(days=next_day))


def _calculated(make: Callable[[], T]) -> T | None:
    """What ``make`` gives, None where the calendar has no such day."""
    try:
        return make()
    except (ValueError, OverflowError):
        return None


def _shown(text: str) -> str:
    """``text`` as an error message may show it: quoted, controls escaped, shortened."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
