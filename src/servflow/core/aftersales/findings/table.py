"""Findings as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused.

Every check is recorded (AS-QA-23, AS-QA-25), also one that found everything in order. What was found wrong is
put right, and that is on record, before it is closed. A penalty rests on a clause and, where the rulebook has
a ladder of sanctions, on one of its steps (AS-PEN); its amount is what a fee rule came to. The finding on the
responsible goes to appraisal (AS-QA-7).

Whom it is about may appeal to the record: as long as the rulebook says, else until it is posted. The appeal
is judged by somebody who neither found it nor imposed the penalty, once: it is upheld, reduced, or withdrawn.
A penalty that was posted before is then reversed by the difference.
"""

from __future__ import annotations

from typing import Final

from servflow.core.aftersales.findings import commands as c
from servflow.core.aftersales.findings import effects as e
from servflow.core.aftersales.findings import guards as g
from servflow.core.aftersales.findings.model import Finding
from servflow.core.aftersales.findings.states import FindingRole, FindingState
from servflow.core.aftersales.posts import roles_in_firm
from servflow.core.changes import Actor, Office
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["FINDING"]

S = FindingState
JUDGED = (S.UPHELD, S.REDUCED)
STANDING = (S.CONFIRMED, S.APPEALED, *JUDGED, S.POSTED)

CONCERNED = FindingRole.CONCERNED
FINANCE = FindingRole.FINANCE
SYSTEM = FindingRole.SYSTEM
LEADERS = (FindingRole.SUPERVISOR, FindingRole.MANAGER)
JUDGES = (*LEADERS, FindingRole.PERSONNEL)
INSPECTORS = (*JUDGES, FindingRole.QUALITY)

_STRONGEST_FIRST: Final = (
    FindingRole.MANAGER,
    FindingRole.SUPERVISOR,
    FindingRole.PERSONNEL,
    FindingRole.QUALITY,
    FINANCE,
)


def _roles(it: Finding | None, actor: Actor) -> tuple[FindingRole, ...]:
    """Whom it is about, whatever his post; the firm's staff by their posts; its programs. Never the clock."""
    about_him = it is not None and actor.party == it.concerns and actor.serves == it.firm
    if about_him and actor.office in {Office.PERSON, Office.STAFF}:
        return (CONCERNED,)
    return roles_in_firm(it, actor, _STRONGEST_FIRST, system=SYSTEM)


PENALTY = (g.by_a_clause, g.sanction_listed, g.somebody_pays, g.in_currency)

FINDING: Final = Lifecycle(
    model=Finding,
    states=FindingState,
    roles=FindingRole,
    final=(S.WITHDRAWN, S.CLOSED),
    roles_of=_roles,
    rows=(
        #   in state                    on command         to state      given by                           when    needs                                                              does
        Row(OPENING,                    c.RecordFinding,   S.RECORDED,   (*INSPECTORS, SYSTEM),             ALWAYS, (g.of_this_firm, g.answers_known, g.complete),                     e.record),

        # put right
        Row(S.RECORDED,                 c.PutRight,        S.PUT_RIGHT,  (CONCERNED, *INSPECTORS),          ALWAYS, (g.something_wrong, g.complete),                                   e.put_right),
        Row((S.PUT_RIGHT, *STANDING),   c.PutRight,        SAME,         (CONCERNED, *INSPECTORS),          ALWAYS, (g.complete,),                                                     e.put_right),

        # the penalty
        Row((S.RECORDED, S.PUT_RIGHT),  c.ConfirmFinding,  S.CONFIRMED,  LEADERS,                           ALWAYS, (g.something_wrong, *PENALTY, g.complete),                         e.confirm),
        Row((S.CONFIRMED, *JUDGED),     c.PostPenalty,     S.POSTED,     (FINANCE, SYSTEM),                 ALWAYS, (g.something_to_post,),                                            e.post),

        # the appeal
        Row((S.CONFIRMED, S.POSTED),    c.AppealFinding,   S.APPEALED,   CONCERNED,                         ALWAYS, (g.not_judged, g.appeal_open, g.complete),                         e.appeal),
        Row(S.APPEALED,                 c.UpholdFinding,   S.UPHELD,     JUDGES,                            ALWAYS, (g.judged_by_another, g.complete),                                 e.uphold),
        Row(S.APPEALED,                 c.ReducePenalty,   S.REDUCED,    JUDGES,                            ALWAYS, (g.judged_by_another, *PENALTY, g.lighter, g.complete),            e.reduce),
        Row(S.APPEALED,                 c.WithdrawFinding, S.WITHDRAWN,  JUDGES,                            ALWAYS, (g.judged_by_another, g.complete),                                 e.withdraw),

        # the end
        Row((S.RECORDED, S.PUT_RIGHT, S.CONFIRMED, S.POSTED), c.WithdrawFinding, S.WITHDRAWN, LEADERS,      ALWAYS, (g.complete,),                                                     e.withdraw),
        Row((S.RECORDED, S.PUT_RIGHT),  c.CloseFinding,    S.CLOSED,     (*INSPECTORS, SYSTEM),             ALWAYS, (g.put_right_first,),                                              e.close),
        Row((S.CONFIRMED, *JUDGED),     c.CloseFinding,    S.CLOSED,     (*INSPECTORS, SYSTEM),             ALWAYS, (g.put_right_first, g.nothing_to_post, g.appeal_over),             e.close),
        Row(S.POSTED,                   c.CloseFinding,    S.CLOSED,     (*INSPECTORS, SYSTEM),             ALWAYS, (g.put_right_first, g.appeal_over),                                e.close),
    ),
)  # fmt: skip
