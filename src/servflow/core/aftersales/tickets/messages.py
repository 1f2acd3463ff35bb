"""What a service desk tells its customers, engineers and posts: kinds of messages, and what they overtake.

A text in a language is made from ``kind``, ``facts`` and ``reasons`` when the mail is sent. Posts of the firm
are told as parties named ``firm/post``, which the host resolves.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.changes import Message
from servflow.core.citations import Plain, Reason
from servflow.core.money import Money

__all__ = [
    "APPOINTMENT",
    "APPOINTMENT_OFF",
    "BILLED",
    "BREACHED",
    "CANCELLED",
    "CLOSED",
    "COVERED",
    "DUTY_DUE",
    "ESCALATED",
    "FINISHED",
    "GIVEN_BACK",
    "HELD",
    "HOLD_DUE",
    "JOB",
    "JOB_OFF",
    "LAPSED",
    "MERGED",
    "PAID",
    "PASSED_ON",
    "QUOTED",
    "REFUNDED",
    "REJECTED",
    "REOPENED",
    "REPLACED",
    "REPORTED",
    "RESUMED",
    "TAKEN_IN",
    "TICKET_MESSAGES",
    "UNREPAIRABLE",
    "lines",
    "post",
    "tell",
]

REPORTED: Final = "aftersales.ticket.reported"
REJECTED: Final = "aftersales.ticket.rejected"
COVERED: Final = "aftersales.ticket.covered"  # who pays
QUOTED: Final = "aftersales.ticket.quoted"
LAPSED: Final = "aftersales.ticket.quote-lapsed"
APPOINTMENT: Final = "aftersales.ticket.appointment"
APPOINTMENT_OFF: Final = "aftersales.ticket.appointment-off"  # nobody comes then
TAKEN_IN: Final = "aftersales.ticket.taken-in"  # the receipt
UNREPAIRABLE: Final = "aftersales.ticket.unrepairable"
FINISHED: Final = "aftersales.ticket.finished"
REPLACED: Final = "aftersales.ticket.replaced"
REFUNDED: Final = "aftersales.ticket.refunded"
GIVEN_BACK: Final = "aftersales.ticket.given-back"
BILLED: Final = "aftersales.ticket.billed"
PAID: Final = "aftersales.ticket.paid"
HELD: Final = "aftersales.ticket.held"
RESUMED: Final = "aftersales.ticket.resumed"
CLOSED: Final = "aftersales.ticket.closed"
REOPENED: Final = "aftersales.ticket.reopened"
CANCELLED: Final = "aftersales.ticket.cancelled"
MERGED: Final = "aftersales.ticket.merged"
# to engineers and posts of the firm
JOB: Final = "aftersales.ticket.job"
JOB_OFF: Final = "aftersales.ticket.job-off"
ESCALATED: Final = "aftersales.ticket.escalated"
BREACHED: Final = "aftersales.ticket.breached"
HOLD_DUE: Final = "aftersales.ticket.hold-due"
PASSED_ON: Final = "aftersales.ticket.passed-on"
DUTY_DUE: Final = "aftersales.ticket.duty-due"

TICKET_MESSAGES: Final = (
    REPORTED,
    REJECTED,
    COVERED,
    QUOTED,
    LAPSED,
    APPOINTMENT,
    APPOINTMENT_OFF,
    TAKEN_IN,
    UNREPAIRABLE,
    FINISHED,
    REPLACED,
    REFUNDED,
    GIVEN_BACK,
    BILLED,
    PAID,
    HELD,
    RESUMED,
    CLOSED,
    REOPENED,
    CANCELLED,
    MERGED,
    JOB,
    JOB_OFF,
    ESCALATED,
    BREACHED,
    HOLD_DUE,
    PASSED_ON,
    DUTY_DUE,
)
"""Every kind of message about a ticket."""

_OVERTAKES: Final = MappingProxyType(
    {
        QUOTED: (QUOTED,),
        LAPSED: (QUOTED,),
        APPOINTMENT: (APPOINTMENT, APPOINTMENT_OFF),
        APPOINTMENT_OFF: (APPOINTMENT,),
        JOB_OFF: (JOB,),
        RESUMED: (HELD,),
        CANCELLED: (APPOINTMENT, QUOTED, HELD),
        MERGED: (APPOINTMENT, QUOTED, HELD),
    }
)
"""What a message makes pointless, if it has not left yet."""


def post(firm: str, name: str) -> str:
    """The party that stands for a post of the firm (岗位): ``firm/supervisor``."""
    return f"{firm}/{name}"


def lines(found: Iterable[tuple[str, Money]]) -> tuple[tuple[str, Plain], ...]:
    """Lines of a quote or a bill, by number: ``line.1`` is what it is, ``line.1.amount`` its amount."""
    return tuple(
        fact
        for number, (item, amount) in enumerate(found, 1)
        for fact in ((f"line.{number}", item), (f"line.{number}.amount", amount))
    )


def tell(
    it: Ticket,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
    *,
    to: str | None = None,
) -> tuple[Message, ...]:
    """Somebody is told, the customer unless ``to`` names another; every message names the ticket.

    One party is told a kind of thing once in a step.
    """
    whom = it.customer if to is None else to
    about: tuple[tuple[str, Plain], ...] = (("ticket", it.id), ("symptom", it.symptom))
    word, overtakes = kind if to is None else f"{kind}/{to}", _OVERTAKES.get(kind, ())
    return (Message.of(it, kind, whom, about + facts, reasons, word=word, supersedes=overtakes),)
