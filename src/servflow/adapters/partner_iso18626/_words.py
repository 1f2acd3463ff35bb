"""The words of the wire beside ours: open codes in any spelling, closed lists, what each status says.

Open code lists may say anything. A word is known by its letters and figures, whatever its case; what is
not known is OTHER, with its text in the note. Written are the spellings that Koha and CrossLink use.

Sources: ISO 18626, open and closed code lists; for other spellings and further words: Koha
(``Koha-Community/Koha``), CrossLink (``indexdata/crosslink``), ReShare (``openlibraryenvironment/mod-rs``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeVar

from servflow.core.ill.lending import messages as lending
from servflow.core.ill.terms import Condition, Retry, SentVia, Status, Unfilled

__all__ = [
    "CANCELLED",
    "FROM_BORROWER",
    "FROM_CENTRE",
    "FROM_GATEWAY",
    "FROM_LENDER",
    "HOLD",
    "LENDER_NOTE",
    "ONLINE",
    "RELEASE",
    "SAID_BY",
    "TO_GATEWAY",
    "code_of",
    "exactly",
    "word_of",
]

E = TypeVar("E", bound=Enum)

FROM_BORROWER: Final = "ill.borrowing."
FROM_LENDER: Final = "ill.supply."
FROM_CENTRE: Final = "ill.centre."
FROM_GATEWAY: Final = "ill.gateway.request"
TO_GATEWAY: Final = "ill.gateway.taken-in"
LENDER_NOTE: Final = f"{FROM_LENDER}notification"
CANCELLED: Final = f"{FROM_LENDER}cancelled"

HOLD: Final = "HoldReturn"
RELEASE: Final = "ReleaseHoldReturn"

ONLINE: Final = frozenset(each.value for each in SentVia if each.online)

SAID_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        Status.REQUEST_RECEIVED.value: lending.RECEIVED,
        Status.EXPECT_TO_SUPPLY.value: lending.EXPECTED,
        Status.WILL_SUPPLY.value: lending.PROMISED,  # with conditions or costs: offered
        Status.LOANED.value: lending.SHIPPED,
        Status.OVERDUE.value: lending.OVERDUE,
        Status.RECALLED.value: lending.RECALLED,
        Status.RETRY_POSSIBLE.value: lending.RETRY,
        Status.UNFILLED.value: lending.UNFILLED,
        Status.COPY_COMPLETED.value: lending.COPY_SUPPLIED,
        Status.LOAN_COMPLETED.value: lending.CHECKED_IN,
        Status.COMPLETED_WITHOUT_RETURN.value: lending.KEPT,
        Status.CANCELLED.value: CANCELLED,
        HOLD: lending.HELD,
        RELEASE: lending.HELD,
    }
)
"""What a status says where the message answers neither a cancellation, a renewal nor a question."""

_OTHER_SPELLINGS: Final[Mapping[type[Enum], Mapping[str, Enum]]] = MappingProxyType(
    {
        Retry: {
            "MustMeetLoanCondition": Retry.LOAN_CONDITION,
            "NotCurrentAvailableForILL": Retry.NOT_CURRENTLY_AVAILABLE,
            "ReqPayMethodNotSupported": Retry.PAYMENT_METHOD_NOT_SUPPORTED,
        },
        Condition: {"SpecColSupervReq": Condition.SUPERVISED},
        SentVia: {"ArticleExchange": SentVia.URL, "E-mail": SentVia.EMAIL, "Post": SentVia.MAIL},
        Unfilled: {},
    }
)
_WRITTEN: Final[Mapping[Enum, str]] = MappingProxyType(
    {
        Retry.NOT_CURRENTLY_AVAILABLE: "NotCurrentAvailableForILL",
        Retry.PAYMENT_METHOD_NOT_SUPPORTED: "ReqPayMethodNotSupported",
        SentVia.FTP: "FTP",
    }
)
_NEITHER: Final = re.compile(r"[^a-z0-9]")


def _bare(text: str) -> str:
    return _NEITHER.sub("", text.casefold())


_KNOWN: Final[Mapping[type[Enum], Mapping[str, Enum]]] = MappingProxyType(
    {
        kind: {_bare(each.value): each for each in kind} | {_bare(text): each for text, each in other.items()}
        for kind, other in _OTHER_SPELLINGS.items()
    }
)


def word_of(kind: type[E], text: str) -> E | None:
    """The code that an open list's word says; None if it is not known here."""
    found = _KNOWN[kind].get(_bare(text))
    return found if isinstance(found, kind) else None


def code_of(word: Enum) -> str:
    """How a code is written."""
    return _WRITTEN.get(word, str(word.value))


def exactly(text: str, allowed: tuple[str, ...]) -> str | None:
    """The word of a closed list, in whatever case it came; None if it is not in the list."""
    return next((word for word in allowed if word.casefold() == text.casefold()), None)
