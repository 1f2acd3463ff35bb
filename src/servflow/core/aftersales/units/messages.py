"""What is told about a unit's record: kinds of messages. Kinds are stored data: never renamed."""

from __future__ import annotations

from typing import Final

from servflow.core.aftersales.tickets.messages import post
from servflow.core.aftersales.units.model import Unit
from servflow.core.changes import Message
from servflow.core.citations import Plain

__all__ = [
    "DUTY_DUE",
    "HANDED_OVER",
    "IN_SERVICE",
    "REGISTERED",
    "RESPONSIBLE",
    "TRIAL",
    "UNIT_MESSAGES",
    "post",
    "tell",
]

REGISTERED: Final = "aftersales.unit.registered"
TRIAL: Final = "aftersales.unit.trial"  # installed and accepted for the first time
IN_SERVICE: Final = "aftersales.unit.in-service"  # finally accepted
HANDED_OVER: Final = "aftersales.unit.handed-over"
# to people and posts of the firm
RESPONSIBLE: Final = "aftersales.unit.responsible"
DUTY_DUE: Final = "aftersales.unit.duty-due"

UNIT_MESSAGES: Final = (REGISTERED, TRIAL, IN_SERVICE, HANDED_OVER, RESPONSIBLE, DUTY_DUE)
"""Every kind of message about a unit."""


def tell(
    it: Unit, kind: str, facts: tuple[tuple[str, Plain], ...] = (), *, to: str | None = None
) -> tuple[Message, ...]:
    """Somebody is told, the customer unless ``to`` names another; every message names the unit."""
    about: tuple[tuple[str, Plain], ...] = (("unit", it.id), ("product", it.product))
    word = kind if to is None else f"{kind}/{to}"
    return (Message.of(it, kind, it.customer if to is None else to, about + facts, word=word),)
