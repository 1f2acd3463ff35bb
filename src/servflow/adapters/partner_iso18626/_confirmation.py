"""The answer to a message: that it was taken in, or why not; written, and read.

A confirmation says that the message has arrived and is stored, not that what it asks will be done.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs

from servflow.adapters.partner_iso18626._editions import (
    ACTION,
    CONFIRMATIONS,
    REASON,
    REQUEST,
    REQUESTING,
    SUPPLYING,
    Edition,
    words,
)
from servflow.adapters.partner_iso18626._header import Reading
from servflow.adapters.partner_iso18626._message import (
    ErrorData,
    ErrorType,
    Header,
    Incoming,
    UnreadableMessage,
)
from servflow.adapters.partner_iso18626._tree import Tree, serialised
from servflow.adapters.partner_iso18626._values import (
    agency_parts,
    agency_reference,
    as_id,
    calculated,
    clean,
    date_time,
    echoed,
    instant_written,
)
from servflow.adapters.partner_iso18626._words import exactly
from servflow.adapters.partner_iso18626._xml import Element, parsed
from servflow.core.dates import aware
from servflow.core.errors import InvalidMessage, InvalidValue

__all__ = ["Confirmation", "confirm", "read_confirmation"]

_OK, _ERROR = "OK", "ERROR"
_LONGEST: Final = 2000
_DETAIL: Final = {SUPPLYING: REASON, REQUESTING: ACTION}


@attrs.frozen(kw_only=True)
class Confirmation:
    """A partner's answer. ``errors`` says why a message was not taken; an ERROR may come without any.

    ``sent_at`` is the timestamp of the message that it answers, ``received_at`` when it came there; many
    systems say there when they answered, or have the two the other way round. None where it is not said, or
    not as an instant.
    """

    kind: str
    ok: bool
    errors: tuple[ErrorData, ...] = ()
    supplier: str | None = None
    requester: str | None = None
    request_id: str | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None


def confirm(
    heard: Incoming | InvalidMessage,
    *,
    edition: Edition,
    received_at: datetime,
    error: ErrorData | None = None,
) -> bytes:
    """The confirmation of a message: OK, or ERROR with what is wrong.

    An error that ``read`` raised is answered with all that it says, unless ``error`` says something else.
    Of a message of which not even the kind is known, it is a requestConfirmation.

    Raises:
        InvalidValue: ``received_at`` is naive.
        MissingExtra: lxml is not installed.
    """
    aware("received_at", received_at)
    header = Header()
    if isinstance(heard, Incoming):
        header = heard.header
    else:
        if isinstance(heard, UnreadableMessage):
            header = heard.header
            error = error or heard.error_data
        error = error or ErrorData(type=ErrorType.BADLY_FORMED, value="; ".join(map(str, heard.problems)))
    kind = header.kind or REQUEST
    tree: dict[str, Any] = {
        "confirmationHeader": {
            "supplyingAgencyId": _agency(header.supplier),
            "requestingAgencyId": _agency(header.requester),
            "timestamp": echoed(header.timestamp or "") or instant_written(received_at),
            "requestingAgencyRequestId": header.request_id,
            "timestampReceived": instant_written(received_at),
            "messageStatus": _OK if error is None else _ERROR,
        },
        "errorData": error and {"errorType": error.type.value, "errorValue": clean(error.value)[:_LONGEST]},
    }
    if kind in _DETAIL:
        name = _DETAIL[kind]
        detail = header.reason if name == REASON else header.action
        tree[name] = detail if detail in words(edition, name) else None
    return serialised(edition, f"{kind}Confirmation", tree)


def read_confirmation(data: bytes) -> Confirmation:
    """What a partner answered.

    Raises:
        InvalidMessage: it is no confirmation: empty, a web page, too large, or without a status.
        MissingExtra: lxml is not installed.
        TypeError: ``data`` is not bytes.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"a confirmation is bytes, not {type(data).__name__}")
    reading = Reading(lenient=True)
    body = reading.body(parsed(data), CONFIRMATIONS, f"one of {', '.join(CONFIRMATIONS)}")
    header = body and reading.needed(body, "confirmationHeader")
    said = header.said("messageStatus") if header else ""
    status = exactly(said, (_OK, _ERROR))
    if header and status is None:
        reading.word(header, "messageStatus", (_OK, _ERROR), ErrorType.UNKNOWN_VALUE)
    if not body or not header or status is None or reading.problems:
        raise InvalidMessage("ISO 18626 confirmation", reading.problems)
    return Confirmation(
        kind=body.name,
        ok=status == _OK,
        errors=tuple(_error(each) for each in body.named("errorData")),
        supplier=_reference(header, "supplyingAgencyId"),
        requester=_reference(header, "requestingAgencyId"),
        request_id="; ".join(as_id(each.text) for each in header.named("requestingAgencyRequestId")) or None,
        sent_at=_instant(header.said("timestamp")),
        received_at=_instant(header.said("timestampReceived")),
    )


def _agency(reference: str | None) -> Tree | None:
    if reference is None:
        return None
    try:
        kind, value = agency_parts(reference)
    except InvalidValue:  # what cannot be said back is left out
        return None
    return {"agencyIdType": kind, "agencyIdValue": value}


def _reference(header: Element, name: str) -> str | None:
    kind, value = header.said(name, "agencyIdType"), header.said(name, "agencyIdValue")
    return agency_reference(kind, value) if kind and value else None


def _instant(text: str) -> datetime | None:
    at = date_time(text)
    return calculated(lambda: at.astimezone(UTC)) if at is not None and at.tzinfo is not None else None


def _error(element: Element) -> ErrorData:
    """An error of a type that the standard does not have is told with it."""
    said, value = (
        element.said("errorType"),
        "; ".join(element.texts("errorValue") + element.texts("errorMessage")),
    )
    word = exactly(said, tuple(each.value for each in ErrorType))
    if word is None:
        text = ": ".join(filter(None, [said, value]))
        return ErrorData(type=ErrorType.BADLY_FORMED, value=text)
    return ErrorData(type=ErrorType(word), value=value)
