"""What a technician and the firm's posts are told of his record. Kinds are stored data: never renamed."""

from __future__ import annotations

from typing import Final

from servflow.core.aftersales.technicians.model import Technician
from servflow.core.changes import Message
from servflow.core.citations import Plain, Reason

__all__ = [
    "CHANGE_ANNOUNCED",
    "LEAVE_ASKED",
    "LEAVE_EXTENDED",
    "LEAVE_GRANTED",
    "LEAVE_REFUSED",
    "LIMIT_EXCEEDED",
    "TECHNICIAN_MESSAGES",
    "URGENT_LEAVE",
    "tell",
]

LEAVE_GRANTED: Final = "aftersales.technician.leave-granted"
LEAVE_REFUSED: Final = "aftersales.technician.leave-refused"
LEAVE_EXTENDED: Final = "aftersales.technician.leave-extended"
LIMIT_EXCEEDED: Final = (
    "aftersales.technician.limit-exceeded"  # 缺勤情况说明 is due, or whatever the rulebook says
)
# to posts of the firm
LEAVE_ASKED: Final = "aftersales.technician.leave-asked"
URGENT_LEAVE: Final = "aftersales.technician.urgent-leave"
CHANGE_ANNOUNCED: Final = "aftersales.technician.change-announced"  # 运维人员变动通知

TECHNICIAN_MESSAGES: Final = (
    LEAVE_GRANTED,
    LEAVE_REFUSED,
    LEAVE_EXTENDED,
    LIMIT_EXCEEDED,
    LEAVE_ASKED,
    URGENT_LEAVE,
    CHANGE_ANNOUNCED,
)
"""Every kind of message about a technician's record."""


def tell(
    it: Technician,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
    *,
    to: str | None = None,
) -> tuple[Message, ...]:
    """Somebody is told, the technician himself unless ``to`` names another; every message names him."""
    whom, word = (it.id, kind) if to is None else (to, f"{kind}/{to}")
    facts = (("technician", it.id), *facts)
    overtakes = (CHANGE_ANNOUNCED,) if kind == CHANGE_ANNOUNCED else ()
    return (Message.of(it, kind, whom, facts, reasons, word=word, supersedes=overtakes),)
