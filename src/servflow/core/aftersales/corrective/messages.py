"""What is told about corrective actions, to posts of the firm and to who has to carry them out.

Kinds are stored data: never renamed. Posts are told as parties named ``firm/post``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.corrective.model import CorrectiveAction
from servflow.core.changes import Message
from servflow.core.citations import Plain

__all__ = [
    "ANALYSED",
    "CARRIED_OUT",
    "CORRECTIVE_MESSAGES",
    "DUE",
    "FINDING",
    "NOT_EFFECTIVE",
    "OPENED",
    "OVERDUE",
    "PLANNED",
    "tell",
]

OPENED: Final = "aftersales.corrective.opened"
ANALYSED: Final = "aftersales.corrective.analysed"  # the department responsible is to plan measures
PLANNED: Final = "aftersales.corrective.planned"
CARRIED_OUT: Final = "aftersales.corrective.carried-out"  # service is to verify it
NOT_EFFECTIVE: Final = "aftersales.corrective.not-effective"
FINDING: Final = "aftersales.corrective.finding"  # on the responsible, to appraisal
DUE: Final = "aftersales.corrective.due"
OVERDUE: Final = "aftersales.corrective.overdue"

CORRECTIVE_MESSAGES: Final = (
    OPENED,
    ANALYSED,
    PLANNED,
    CARRIED_OUT,
    NOT_EFFECTIVE,
    FINDING,
    DUE,
    OVERDUE,
)
"""Every kind of message about a corrective action."""

_OVERTAKES: Final = MappingProxyType({PLANNED: (PLANNED, DUE, OVERDUE), OVERDUE: (DUE,)})
"""What a message makes pointless, if it has not left yet."""


def tell(
    it: CorrectiveAction, kind: str, facts: tuple[tuple[str, Plain], ...] = (), *, to: str
) -> tuple[Message, ...]:
    """Somebody is told; every message names the action and the fault.

    One party is told a kind of thing once in a step.
    """
    about: tuple[tuple[str, Plain], ...] = (("action", it.id), ("fault", it.fault))
    overtakes = _OVERTAKES.get(kind, ())
    return (Message.of(it, kind, to, about + facts, word=f"{kind}/{to}", supersedes=overtakes),)
