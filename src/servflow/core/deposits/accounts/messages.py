"""Who is told of a deposit: the developer, those who have to know, and the authority itself of its deadlines.

These are the supervisor of pre-sale funds, the development authority, the bank, the owners and their manager.
Kinds are stored data: never renamed. The owners of a building are told as the party ``owners/ACCOUNT``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from servflow.core.changes import Message
from servflow.core.citations import Clause, Dated, Plain
from servflow.core.deposits.accounts.model import DepositAccount

__all__ = [
    "CLOSED",
    "DEFAULTED",
    "DEFAULT_CORRECTED",
    "DEFECT",
    "DEPOSIT_ACCOUNT_MESSAGES",
    "EXEMPTED",
    "LIMIT_REACHED",
    "NOTIFIED",
    "ORDERED",
    "ORDER_WITHDRAWN",
    "PAID_IN_FULL",
    "PAY_OUT",
    "PROOF",
    "REASSESSED",
    "RECEIVED",
    "REFUNDED",
    "RELEASED",
    "RELEASE_DUE",
    "RELEASE_FREE",
    "RELEASE_REQUESTED",
    "REVERSED",
    "REVIEW_ANSWERED",
    "REVIEW_ASKED",
    "REVIEW_ENDS",
    "STATEMENT",
    "SURCHARGE_PAID",
    "SURCHARGE_REFUNDED",
    "WARRANTY_ENDED",
    "in_force",
    "named",
    "owners",
    "tell",
]

# assessment and review
NOTIFIED: Final = "deposits.account.notified"  # the letter (函告), to developer and supervisor (SD-29)
REASSESSED: Final = "deposits.account.reassessed"  # the same, with another amount
EXEMPTED: Final = "deposits.account.exempted"  # no deposit is asked for (SD-2)
REVIEW_ENDS: Final = "deposits.account.review-ends"  # to the developer, on the last day
REVIEW_ASKED: Final = "deposits.account.review-asked"  # to the authority
REVIEW_ANSWERED: Final = "deposits.account.review-answered"
# payment
RECEIVED: Final = "deposits.account.received"  # the receipt (专用票据, SD-7)
PAID_IN_FULL: Final = "deposits.account.paid-in-full"  # to the development authority (SD-32)
PROOF: Final = "deposits.account.proof"  # 交存证明, to developer and owners at handover (SD-7)
REVERSED: Final = "deposits.account.reversed"
ORDERED: Final = "deposits.account.ordered"
ORDER_WITHDRAWN: Final = "deposits.account.order-withdrawn"
DEFAULTED: Final = "deposits.account.defaulted"  # also to the development authority (SD-32)
DEFAULT_CORRECTED: Final = "deposits.account.default-corrected"  # it is no default after all
SURCHARGE_PAID: Final = "deposits.account.surcharge-paid"
SURCHARGE_REFUNDED: Final = "deposits.account.surcharge-refunded"  # what was paid beyond what is owed
# money that leaves
REFUNDED: Final = "deposits.account.refunded"
RELEASED: Final = "deposits.account.released"
PAY_OUT: Final = "deposits.account.pay-out"  # to the bank: how much, to whom, for what
# parts
DEFECT: Final = "deposits.account.defect"
WARRANTY_ENDED: Final = "deposits.account.warranty-ended"  # also to the authority
RELEASE_REQUESTED: Final = "deposits.account.release-requested"  # to the authority
RELEASE_DUE: Final = "deposits.account.release-due"  # to the authority, on the last day
RELEASE_FREE: Final = "deposits.account.release-free"  # nothing holds it any more; also to the authority
LIMIT_REACHED: Final = "deposits.account.limit-reached"  # also to the authority
# the year, and the end
STATEMENT: Final = "deposits.account.statement"  # 公示, to developer, owners and their manager (SD-19)
CLOSED: Final = "deposits.account.closed"

DEPOSIT_ACCOUNT_MESSAGES: Final = (
    NOTIFIED,
    REASSESSED,
    EXEMPTED,
    REVIEW_ENDS,
    REVIEW_ASKED,
    REVIEW_ANSWERED,
    RECEIVED,
    PAID_IN_FULL,
    PROOF,
    REVERSED,
    ORDERED,
    ORDER_WITHDRAWN,
    DEFAULTED,
    DEFAULT_CORRECTED,
    SURCHARGE_PAID,
    SURCHARGE_REFUNDED,
    REFUNDED,
    RELEASED,
    PAY_OUT,
    DEFECT,
    WARRANTY_ENDED,
    RELEASE_REQUESTED,
    RELEASE_DUE,
    RELEASE_FREE,
    LIMIT_REACHED,
    STATEMENT,
    CLOSED,
)
"""Every kind of message about a deposit account."""

_AMOUNTS: Final = (NOTIFIED, REASSESSED, EXEMPTED)
_OVERTAKES: Final = MappingProxyType(
    {
        NOTIFIED: _AMOUNTS,
        REASSESSED: _AMOUNTS,
        EXEMPTED: (*_AMOUNTS, ORDERED),
        ORDERED: (ORDERED, ORDER_WITHDRAWN),
        ORDER_WITHDRAWN: (ORDERED,),
        DEFAULT_CORRECTED: (DEFAULTED,),
        REVERSED: (PAID_IN_FULL,),
    }
)
"""What a message makes pointless, if it has not left yet."""


def owners(it: DepositAccount) -> str:
    """The party that all owners of the building are."""
    return f"owners/{it.id}"


def in_force(day: date, *rules: Dated[Any]) -> tuple[Clause, ...]:
    """The clauses of these rules as they are on ``day``; nothing rests on one that says no."""
    return tuple(cited.clause for cited in (each.on(day) for each in rules) if cited.value is not False)


def named(clauses: Iterable[Clause]) -> tuple[tuple[str, Plain], ...]:
    """The fact ``clauses``: the id of each once, in their order; without any, no fact."""
    ids = ", ".join(dict.fromkeys(each.id for each in clauses))
    return (("clauses", ids),) if ids else ()


def tell(
    it: DepositAccount,
    kind: str,
    parties: Iterable[str],
    *facts: tuple[str, Plain],
    cited: Iterable[Clause] = (),
) -> tuple[Message, ...]:
    """Each of the parties is told once, whatever the number of its roles; ``""`` is nobody.

    ``cited`` are the clauses that what is told rests on.
    """
    said: tuple[tuple[str, Plain], ...] = (
        ("account", it.id),
        ("project", it.building.project),
        ("building", it.building.building),
        *facts,
        *named(cited),
    )
    supersedes = _OVERTAKES.get(kind, ())
    return tuple(
        Message.of(it, kind, party, said, word=f"{kind}/{party}", supersedes=supersedes)
        for party in dict.fromkeys(parties)
        if party
    )
