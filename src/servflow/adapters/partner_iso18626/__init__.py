"""ISO 18626, read and written: a partner's message in and out, of either edition, in three dialects.

The house's own messages (``servflow.core.ill.exchange``) and the XML of the standard are two forms of the
same: ``read`` makes one of the other, ``write`` the other of one, and ``confirm`` answers. ``read_request``
makes the command of a request at once. ``Exchange`` is a desk's end of the wire, bytes in and bytes out;
``application`` puts it on HTTP, and ``HttpPartner`` sends there.

Needs the extra ``iso18626``; importing this package without it is fine, reading and writing is not.
"""

from __future__ import annotations

from servflow.adapters.partner_iso18626._confirmation import Confirmation, confirm, read_confirmation
from servflow.adapters.partner_iso18626._editions import Dialect, Edition
from servflow.adapters.partner_iso18626._exchange import Exchange, command_of, is_ours
from servflow.adapters.partner_iso18626._http import PROTOCOL, HttpPartner, application
from servflow.adapters.partner_iso18626._message import (
    Asks,
    ErrorData,
    ErrorType,
    Header,
    Incoming,
    UnreadableMessage,
)
from servflow.adapters.partner_iso18626._reading import read
from servflow.adapters.partner_iso18626._request import read_request
from servflow.adapters.partner_iso18626._writing import write
from servflow.adapters.partner_iso18626._xml import MOST_BYTES

__all__ = [
    "MOST_BYTES",
    "PROTOCOL",
    "Asks",
    "Confirmation",
    "Dialect",
    "Edition",
    "ErrorData",
    "ErrorType",
    "Exchange",
    "Header",
    "HttpPartner",
    "Incoming",
    "UnreadableMessage",
    "application",
    "command_of",
    "confirm",
    "is_ours",
    "read",
    "read_confirmation",
    "read_request",
    "write",
]
