"""What a gateway tells: the librarian, the home library's desk, who filed, the gateway's own staff.

A message names the reader by his reference. His name and address are put into the letter when it is sent
(fact ``reader``), so that the journal does not have them.
"""

from __future__ import annotations

from typing import Final

from servflow.core.changes import Message
from servflow.core.citations import Plain, Reason
from servflow.core.ill.filing.model import Filing

__all__ = [
    "ANSWERED",
    "ARRIVED",
    "BY_MAIL",
    "GATEWAY_MESSAGES",
    "LATE",
    "REQUEST",
    "STATUS",
    "TAKEN_IN",
    "UNANSWERED",
    "request_facts",
    "tell",
]

# to another desk
REQUEST: Final = "ill.gateway.request"
TAKEN_IN: Final = "ill.gateway.taken-in"

# to people
BY_MAIL: Final = "ill.gateway.request-by-mail"  # the home library's librarian
ARRIVED: Final = "ill.gateway.arrived"  # the staff of the desk: it came from a gateway; a draft is theirs
ANSWERED: Final = "ill.gateway.answered"  # who filed
STATUS: Final = "ill.gateway.status"  # who asked
LATE: Final = "ill.gateway.late"  # who filed
UNANSWERED: Final = "ill.gateway.unanswered"  # the gateway's staff

GATEWAY_MESSAGES: Final = (REQUEST, TAKEN_IN, BY_MAIL, ARRIVED, ANSWERED, STATUS, LATE, UNANSWERED)
"""Everything that a gateway tells."""


def tell(
    it: Filing,
    to: str,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
    *,
    known_as: str = "",
) -> tuple[Message, ...]:
    """Somebody is told something about a filing, ``known_as`` an id of his own if he has one."""
    about: tuple[tuple[str, Plain], ...] = (("request", known_as or it.id), ("title", it.requested.title))
    return (Message.of(it, kind, to, about + facts, reasons),)


def request_facts(it: Filing) -> tuple[tuple[str, Plain], ...]:
    """All that whoever takes it in needs."""
    wished = it.delivery
    facts: tuple[tuple[str, Plain | None], ...] = (
        ("reader", it.patron),
        ("requester", it.library),
        ("service", it.service.value),
        ("level", it.level.value),
        *it.requested.facts,
        ("need_before", it.need_before),
        ("max_cost", it.max_cost),
        ("via", wished.via.value if wished is not None else None),
        ("reference", wished.reference if wished is not None else None),
        ("declared", bool(it.declared)),
        ("note", it.note),
    )
    return tuple((name, value) for name, value in facts if value is not None and value != "")
