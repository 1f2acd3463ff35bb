"""What is told about complaints: to the customer, to whoever handles them, to posts of the firm.

Kinds are stored data: never renamed. Posts are told as parties named ``firm/post``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.changes import Message
from servflow.core.citations import Plain

__all__ = [
    "ANSWERED",
    "ASSIGNED",
    "BREACHED",
    "CAUSE",
    "COMPLAINT_MESSAGES",
    "DISSATISFIED",
    "ESCALATED",
    "FILED",
    "PASSED_ON",
    "REFUSED",
    "SETTLED",
    "WITHDRAWN",
    "tell",
]

FILED: Final = "aftersales.complaint.filed"  # it was taken; its number in the ledger
ANSWERED: Final = "aftersales.complaint.answered"  # the outcome, with an explanation
SETTLED: Final = "aftersales.complaint.settled"
CAUSE: Final = "aftersales.complaint.cause"  # whose fault it was
# to whoever handles it, and to posts of the firm
ASSIGNED: Final = "aftersales.complaint.assigned"
DISSATISFIED: Final = "aftersales.complaint.dissatisfied"  # an answer to a survey
REFUSED: Final = "aftersales.complaint.answer-refused"
WITHDRAWN: Final = "aftersales.complaint.withdrawn"
PASSED_ON: Final = "aftersales.complaint.passed-on"
ESCALATED: Final = "aftersales.complaint.escalated"
BREACHED: Final = "aftersales.complaint.breached"

COMPLAINT_MESSAGES: Final = (
    FILED,
    ANSWERED,
    SETTLED,
    CAUSE,
    ASSIGNED,
    DISSATISFIED,
    REFUSED,
    WITHDRAWN,
    PASSED_ON,
    ESCALATED,
    BREACHED,
)
"""Every kind of message about a complaint."""

_OVERTAKES: Final = MappingProxyType(
    {ASSIGNED: (ASSIGNED,), ANSWERED: (ANSWERED,), CAUSE: (CAUSE,), WITHDRAWN: (ASSIGNED, REFUSED)}
)
"""What a message makes pointless, if it has not left yet."""


def tell(
    it: Complaint, kind: str, facts: tuple[tuple[str, Plain], ...] = (), *, to: str | None = None
) -> tuple[Message, ...]:
    """Somebody is told, the customer unless ``to`` names another; every message names the complaint.

    One party is told a kind of thing once in a step.
    """
    whom = it.customer if to is None else to
    about: tuple[tuple[str, Plain], ...] = (("complaint", it.id), ("what", it.what))
    overtakes = _OVERTAKES.get(kind, ())
    return (Message.of(it, kind, whom, about + facts, word=f"{kind}/{whom}", supersedes=overtakes),)
