"""What the holder of an account is told. Kinds are stored data: never renamed."""

from __future__ import annotations

from typing import Final

from servflow.core.changes import Message
from servflow.core.citations import Plain, Reason
from servflow.core.ill.accounts.model import IllAccount

__all__ = [
    "ACCOUNT_MESSAGES",
    "ACTIVE",
    "CLEARED",
    "CLOSED",
    "CONFIRMED",
    "DECLINED",
    "EXPIRED",
    "EXPIRES_SOON",
    "GIVEN_BACK",
    "PAID",
    "REGISTERED",
    "REINSTATED",
    "SECURED",
    "SUSPENDED",
    "TERMS",
    "tell",
]

REGISTERED: Final = "ill.account.registered"
DECLINED: Final = "ill.account.declined"
CONFIRMED: Final = "ill.account.confirmed"  # with what is still lacking
ACTIVE: Final = "ill.account.active"  # only from now on he may sign in and file
TERMS: Final = "ill.account.terms"
SUSPENDED: Final = "ill.account.suspended"
REINSTATED: Final = "ill.account.reinstated"
EXPIRES_SOON: Final = "ill.account.expires-soon"
EXPIRED: Final = "ill.account.expired"
SECURED: Final = "ill.account.deposit-paid"
PAID: Final = "ill.account.paid"
GIVEN_BACK: Final = "ill.account.given-back"
CLEARED: Final = "ill.account.cleared"
CLOSED: Final = "ill.account.closed"

ACCOUNT_MESSAGES: Final = (
    REGISTERED,
    DECLINED,
    CONFIRMED,
    ACTIVE,
    TERMS,
    SUSPENDED,
    REINSTATED,
    EXPIRES_SOON,
    EXPIRED,
    SECURED,
    PAID,
    GIVEN_BACK,
    CLEARED,
    CLOSED,
)
_OVERTAKES: Final = {EXPIRED: (EXPIRES_SOON,), TERMS: (EXPIRES_SOON, EXPIRED), EXPIRES_SOON: (EXPIRES_SOON,)}


def tell(
    it: IllAccount,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
) -> tuple[Message, ...]:
    """The holder is told."""
    return (Message.of(it, kind, it.id, facts, reasons, supersedes=_OVERTAKES.get(kind, ())),)
