"""What was read: a message, whom it is from and for, what it asks; or why it could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import Enum

import attrs

from servflow.adapters.partner_iso18626._editions import SUPPLYING
from servflow.core.changes import Message
from servflow.core.errors import InvalidMessage, Problem
from servflow.core.ill.borrowing.messages import OFFER_ACCEPTED

__all__ = ["Asks", "ErrorData", "ErrorType", "Header", "Incoming", "UnreadableMessage"]


class ErrorType(Enum):
    """Why a message was not taken (ISO 18626 errorType)."""

    UNSUPPORTED_ACTION = "UnsupportedActionType"
    UNSUPPORTED_REASON = "UnsupportedReasonForMessageType"
    UNKNOWN_ELEMENT = "UnrecognisedDataElement"
    UNKNOWN_VALUE = "UnrecognisedDataValue"
    BADLY_FORMED = "BadlyFormedMessage"


@attrs.frozen(kw_only=True)
class ErrorData:
    """What is wrong, by its type and in words."""

    type: ErrorType
    value: str = ""


class Asks(Enum):
    """What has to be looked up before a message can be heard, because the wire does not say it."""

    REVISION = "revision"
    """An offer is agreed to or rejected, but not which: the latest one is meant."""

    WHETHER_AGREED = "whether-agreed"
    """A request of type Retry. Where it comes under an id that is known already and waits for an answer
    to an offer, it agrees to that offer; under any other id it is a request."""


@attrs.frozen(kw_only=True)
class Header:
    """As much of a header as could be read. ``kind`` is the name of the message's element, if it has one.

    Agencies are references: an ISIL as it is, otherwise ``TYPE:value``. ``timestamp`` is as it was sent.
    """

    kind: str | None = None
    supplier: str | None = None
    requester: str | None = None
    request_id: str | None = None
    timestamp: str | None = None
    action: str | None = None
    reason: str | None = None


@attrs.frozen(kw_only=True)
class Incoming:
    """One message that was read.

    - ``message`` is what ``servflow.core.ill.exchange.heard`` takes, from ``sender`` at ``recipient``. Its
      key is ``iso18626:`` and a fingerprint of all that was read, since ISO 18626 has no message id: the
      same message twice has the same key.
    - ``sent_at`` is the header's timestamp in UTC.
    - ``card`` and ``security_code`` are what the sender shows to be known by. The code is nowhere else, and
      must not be stored.
    - ``supplier_request_id`` is what the supplier calls the request, if it says so. Where that is not what
      a desk of ours would call it, it is the fact ``their_id`` of a supplier's message, too.
    - ``asks`` says what has to be looked up first, if anything.
    """

    header: Header
    sent_at: datetime
    message: Message
    card: str | None = None
    security_code: str | None = attrs.field(default=None, repr=False)
    supplier_request_id: str | None = None
    asks: Asks | None = None

    @property
    def kind(self) -> str:
        """The name of the message's element: request, supplyingAgencyMessage, requestingAgencyMessage."""
        return self.header.kind or ""

    @property
    def sender(self) -> str:
        """The agency that says it."""
        return (self.header.supplier if self.kind == SUPPLYING else self.header.requester) or ""

    @property
    def recipient(self) -> str:
        """The agency that it is said to."""
        return self.message.to

    @property
    def request_id(self) -> str:
        """What the requester calls the request."""
        return self.header.request_id or ""

    @property
    def action(self) -> str | None:
        """What the requesting agency does, in its message."""
        return self.header.action

    @property
    def reason(self) -> str | None:
        """Why the supplying agency says it, in its message."""
        return self.header.reason

    def agreed(self, revision: int) -> Message:
        """The message with what was looked up: it is about the offer of that revision."""
        if self.asks is Asks.WHETHER_AGREED:
            facts = tuple((name, value) for name, value in self.message.facts if name in ("request", "note"))
            return replace(self.message, kind=OFFER_ACCEPTED, facts=(*facts, ("revision", revision)))
        return replace(self.message, facts=(*self.message.facts, ("revision", revision)))


class UnreadableMessage(InvalidMessage):
    """A message that cannot be read: every problem, and what is needed to answer it."""

    def __init__(self, problems: Iterable[Problem], error: ErrorType, header: Header) -> None:
        super().__init__("ISO 18626 message", problems)
        self.error = error
        self.header = header

    @property
    def error_data(self) -> ErrorData:
        """What to answer: the type of the first problem, and every problem in words."""
        return ErrorData(type=self.error, value="; ".join(map(str, self.problems)))
