"""Who is told of a finding: whom it is about, and the post that keeps appraisals (考核)."""

from __future__ import annotations

from typing import Final

from servflow.core.aftersales.findings.model import Finding
from servflow.core.aftersales.tickets.messages import post
from servflow.core.changes import Message
from servflow.core.citations import Plain, Reason

__all__ = ["APPEALED", "APPRAISAL", "CONFIRMED", "FINDING_MESSAGES", "JUDGED", "WITHDRAWN", "tell"]

CONFIRMED: Final = "aftersales.finding.confirmed"
JUDGED: Final = "aftersales.finding.judged"  # upheld, or reduced
WITHDRAWN: Final = "aftersales.finding.withdrawn"
# to posts of the firm
APPRAISAL: Final = "aftersales.finding.appraisal"  # 纳入考核 (AS-QA-7)
APPEALED: Final = "aftersales.finding.appealed"

FINDING_MESSAGES: Final = (CONFIRMED, JUDGED, WITHDRAWN, APPRAISAL, APPEALED)
"""Every kind of message about a finding."""

_OVERTAKES: Final = {WITHDRAWN: (CONFIRMED, JUDGED), JUDGED: (CONFIRMED,), APPRAISAL: (APPRAISAL,)}


def tell(
    it: Finding,
    kind: str,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
    *,
    to_post: str | None = None,
) -> tuple[Message, ...]:
    """Whom it is about is told, or a post of the firm; nobody, where it is about nobody."""
    to = it.concerns if to_post is None else post(it.firm, to_post)
    if not to:
        return ()
    word = kind if to_post is None else f"{kind}/{to}"
    facts = (("finding", it.id), *facts)
    return (Message.of(it, kind, to, facts, reasons, word=word, supersedes=_OVERTAKES.get(kind, ())),)
