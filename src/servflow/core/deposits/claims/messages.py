"""Who is told of a claim: the developer, who asked, the repairer, and the authority.

Whoever says something is not told of it himself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from servflow.core.changes import Message
from servflow.core.citations import Clause, Plain
from servflow.core.deposits.accounts.messages import named
from servflow.core.deposits.claims.model import DepositClaim

__all__ = [
    "APPROVED",
    "ASSIGNED",
    "BUDGET_APPROVED",
    "BUDGET_HANDED_IN",
    "CHECKED",
    "COSTS_LISTED",
    "DEADLINE",
    "DEPOSIT_CLAIM_MESSAGES",
    "DISPUTED",
    "FILED",
    "FINISHED",
    "PAID",
    "PERFORMED",
    "REFUSED",
    "RELIEVED",
    "REPLACED",
    "RETURNED",
    "SIGNED",
    "TESTED",
    "TEST_ORDERED",
    "USED",
    "WITHDRAWN",
    "tell",
]

# to the developer
FILED: Final = "deposits.claim.filed"  # and to the authority
CHECKED: Final = "deposits.claim.checked"
TEST_ORDERED: Final = "deposits.claim.test-ordered"  # 责令委托检测 (SD-15)
USED: Final = "deposits.claim.used"  # 函告使用明细 (SD-17)
# to the applicants
DISPUTED: Final = "deposits.claim.disputed"  # and to the authority
TESTED: Final = "deposits.claim.tested"  # and to authority and developer
APPROVED: Final = "deposits.claim.approved"  # and to the developer
REFUSED: Final = "deposits.claim.refused"  # and to developer and repairer
PERFORMED: Final = "deposits.claim.performed"  # and to all others
WITHDRAWN: Final = "deposits.claim.withdrawn"  # and to all others
REPLACED: Final = "deposits.claim.applicant-replaced"  # and to who asked before
FINISHED: Final = "deposits.claim.finished"  # and to the authority
COSTS_LISTED: Final = "deposits.claim.costs-listed"  # to be signed
PAID: Final = "deposits.claim.paid"  # and to whom it was paid
RETURNED: Final = "deposits.claim.returned"  # and to the repairer
# to the repairer
ASSIGNED: Final = "deposits.claim.assigned"
RELIEVED: Final = "deposits.claim.relieved"  # another one repairs it
BUDGET_APPROVED: Final = "deposits.claim.budget-approved"
# to the authority
BUDGET_HANDED_IN: Final = "deposits.claim.budget-handed-in"
SIGNED: Final = "deposits.claim.signed"  # and by which day it is to be paid (SD-14)
DEADLINE: Final = "deposits.claim.deadline"

DEPOSIT_CLAIM_MESSAGES: Final = (
    FILED,
    CHECKED,
    TEST_ORDERED,
    USED,
    DISPUTED,
    TESTED,
    APPROVED,
    REFUSED,
    PERFORMED,
    WITHDRAWN,
    REPLACED,
    FINISHED,
    COSTS_LISTED,
    PAID,
    RETURNED,
    ASSIGNED,
    RELIEVED,
    BUDGET_APPROVED,
    BUDGET_HANDED_IN,
    SIGNED,
    DEADLINE,
)
"""Every kind of message about a claim."""

_OVERTAKES: Final = {
    CHECKED: (CHECKED,),
    COSTS_LISTED: (COSTS_LISTED,),
    RETURNED: (RETURNED, COSTS_LISTED),
    REFUSED: (APPROVED,),
}


def tell(
    it: DepositClaim,
    kind: str,
    parties: Iterable[str],
    *facts: tuple[str, Plain],
    cited: Iterable[Clause] = (),
) -> tuple[Message, ...]:
    """Each of the parties is told once, whatever the number of his roles; ``""`` is nobody.

    ``cited`` are the clauses that what is told rests on.
    """
    said: tuple[tuple[str, Plain], ...] = (
        ("claim", it.id),
        ("account", it.account),
        ("part", it.part),
        ("what", it.what),
        *facts,
        *named(cited),
    )
    supersedes = _OVERTAKES.get(kind, ())
    return tuple(
        Message.of(it, kind, party, said, word=f"{kind}/{party}", supersedes=supersedes)
        for party in dict.fromkeys(parties)
        if party
    )
