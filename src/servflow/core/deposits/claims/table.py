"""A claim to the use of a deposit, as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused.

Who may ask depends on whose the part is (SD-12). The authority checks with the developer (SD-13), which may
dispute that it is liable and has it tested, or is ordered to (SD-15); a test that is not brought is not
waited for. Where the deposit is used, a repairer is assigned, hands in plan and budget, and starts when they
are approved (SD-34). The cost list is signed by all who asked, and paid in time to one of them or to the
repairer (SD-14); then the developer is told what was used (SD-17). An emergency is repaired first, with the
evidence kept, and reimbursed once liability is clear (SD-16): it goes from the approval straight to the
signing of its list. Who paid first asks, whosever the part is.

Until the list is signed, another one may take the place of who asked, and what was approved wrongly is
revoked. No step happens before the one it stands on.

Every step that opens, budgets or settles a claim is booked on the building's account in the same change.
"""

from __future__ import annotations

from typing import Final

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.deposits.accounts.model import account_key
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims import effects as e
from servflow.core.deposits.claims import guards as g
from servflow.core.deposits.claims.model import DepositClaim
from servflow.core.deposits.claims.states import ClaimRole, ClaimState
from servflow.core.deposits.claims.wakes import next_wake, wake
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["DEPOSIT_CLAIM"]

S = ClaimState
R = ClaimRole

AUTHORITY, DEVELOPER, APPLICANT, REPAIRER = R.AUTHORITY, R.DEVELOPER, R.APPLICANT, R.REPAIRER
INSPECTION_BODY, SYSTEM, CLOCK = R.INSPECTION_BODY, R.SYSTEM, R.CLOCK
CLAIMANTS = (R.OWNER, R.PROPERTY_MANAGER, R.COMMITTEE, R.REPRESENTATIVE, AUTHORITY)

UNDECIDED = (S.FILED, S.CHECKED, S.DISPUTED, S.TESTED)
BEFORE_WORK = (S.APPROVED, S.ASSIGNED)
OVER = (S.NOTIFIED, S.REFUSED, S.PERFORMED, S.WITHDRAWN)

_OF_POSTS: Final = (R.PROPERTY_MANAGER, R.COMMITTEE)


def _roles(it: DepositClaim | None, actor: Actor) -> tuple[ClaimRole, ...]:
    """The authority's staff; the staff of the developer, the repairer, the inspection body; who asks.

    Who opens a claim speaks in the post that the host names, or as the owner he is; whether he may is a
    guard's business. An authority's own staff may ask where its rulebook says so.
    """
    if it is None:
        match actor.office:
            case Office.PERSON:
                return (*((R.REPRESENTATIVE,) if R.REPRESENTATIVE.value in actor.posts else ()), R.OWNER)
            case Office.STAFF:
                return (*(role for role in _OF_POSTS if role.value in actor.posts), AUTHORITY)
            case _:
                return ()
    ours = actor.serves == it.authority
    if actor.office is Office.CLOCK:
        return (CLOCK,) if ours else ()
    if actor.office is Office.SYSTEM:
        return (SYSTEM,) if ours else ()
    theirs: tuple[ClaimRole, ...] = ()
    if actor.office is Office.STAFF:
        serves = {AUTHORITY: it.authority, DEVELOPER: it.developer, REPAIRER: it.repairer}
        serves[INSPECTION_BODY] = it.tests[-1].body if it.tests else ""
        theirs = tuple(role for role, house in serves.items() if house and house == actor.serves)
    asks = any(g.is_applicant(each, actor) for each in it.applicants)
    return (*theirs, *((APPLICANT,) if asks else ()))


def _reads(it: DepositClaim | None, command: Command) -> tuple[Key, ...]:
    """The account of its building."""
    if it is not None:
        return (account_key(it.account),)
    return (account_key(command.account),) if isinstance(command, c.Filing) else ()


FILED = (g.account_there, g.speaks_in_role, g.others_signed, g.part_known, g.days_past, g.in_warranty, g.not_excluded, g.ground_known, g.account_pays)
EMERGENCY = (*FILED, g.pays_first, g.is_emergency, g.evidence_kept, g.in_order, g.in_currency)
UNSIGNED = (*UNDECIDED, *BEFORE_WORK, S.BUDGETED, S.REPAIRED)
ANYTIME = (*UNSIGNED, S.COST_LISTED, S.PAID)

# fmt: off
DEPOSIT_CLAIM: Final = Lifecycle(
    model=DepositClaim,
    states=ClaimState,
    roles=ClaimRole,
    final=OVER,
    roles_of=_roles,
    reads=_reads,
    next_wake=next_wake,
    wake=wake,
    rows=(
        #   in state                        on command            to state       given by                          when               needs                                                                                   does
        Row(OPENING,                        c.FileClaim,          S.FILED,       CLAIMANTS,                        ALWAYS,            (*FILED, g.may_file),                                                                   e.file_claim),
        Row(OPENING,                        c.FileEmergencyClaim, S.FILED,       CLAIMANTS,                        ALWAYS,            EMERGENCY,                                                                              e.file_emergency),

        # whose business it is
        Row(S.FILED,                        c.CheckWithDeveloper, S.CHECKED,     AUTHORITY,                        ALWAYS,            (g.in_order,),                                                                          e.check),
        Row((S.CHECKED, S.TESTED),          c.CheckWithDeveloper, SAME,          AUTHORITY,                        ALWAYS,            (g.in_order,),                                                                          e.check),
        Row(S.DISPUTED,                     c.CheckWithDeveloper, S.CHECKED,     AUTHORITY,                        ALWAYS,            (g.in_order,),                                                                          e.check),
        Row((S.FILED, S.CHECKED),           c.DisputeLiability,   S.DISPUTED,    DEVELOPER,                        ALWAYS,            (g.in_order, g.independent),                                                            e.dispute),
        Row((S.FILED, S.CHECKED, S.TESTED), c.OrderTest,          S.DISPUTED,    AUTHORITY,                        ALWAYS,            (g.in_order, g.independent),                                                            e.order_test),
        Row(S.DISPUTED,                     c.OrderTest,          SAME,          AUTHORITY,                        ALWAYS,            (g.in_order, g.independent),                                                            e.order_test),
        Row(S.DISPUTED,                     c.RecordTest,         S.TESTED,      (INSPECTION_BODY, AUTHORITY),     ALWAYS,            (g.in_order, g.cause_known),                                                            e.record_test),
        Row((S.CHECKED, S.TESTED),          c.ApproveClaim,       S.APPROVED,    AUTHORITY,                        ~g.emergency,      (g.in_order, g.checked_first, g.not_performed, g.liable, g.cause_not_excluded),         e.approve),
        Row((S.CHECKED, S.TESTED),          c.ApproveClaim,       S.REPAIRED,    AUTHORITY,                        g.emergency,       (g.in_order, g.checked_first, g.liability_clear, g.liable, g.cause_not_excluded),       e.approve),
        Row((S.FILED, S.DISPUTED),          c.ApproveClaim,       SAME,          AUTHORITY,                        ALWAYS,            (g.checked_first,),                                                                     None),
        Row(UNSIGNED,                       c.RefuseClaim,        S.REFUSED,     AUTHORITY,                        ALWAYS,            (g.in_order,),                                                                          e.refuse),
        Row((*UNDECIDED, *BEFORE_WORK),     c.ConfirmPerformance, S.PERFORMED,   (AUTHORITY, APPLICANT),           ALWAYS,            (g.in_order, g.not_reimbursement),                                                      e.performed),
        Row((*UNDECIDED, *BEFORE_WORK),     c.WithdrawClaim,      S.WITHDRAWN,   APPLICANT,                        ALWAYS,            (g.in_order, g.filed_by_him),                                                           e.withdraw),
        Row(UNSIGNED,                       c.ReplaceApplicant,   SAME,          AUTHORITY,                        ALWAYS,            (g.replaceable,),                                                                       e.replace_applicant),

        # the repair
        Row((*BEFORE_WORK, S.BUDGETED),     c.AssignRepairer,     S.ASSIGNED,    AUTHORITY,                        ALWAYS,            (g.in_order, g.repairer_taken, g.qualified),                                            e.assign),
        Row(S.ASSIGNED,                     c.HandInBudget,       SAME,          (REPAIRER, AUTHORITY),            ALWAYS,            (g.in_order, g.in_currency),                                                            e.hand_in_budget),
        Row(S.BUDGETED,                     c.HandInBudget,       S.ASSIGNED,    (REPAIRER, AUTHORITY),            ALWAYS,            (g.in_order, g.in_currency),                                                            e.hand_in_budget),
        Row(S.ASSIGNED,                     c.ApproveBudget,      S.BUDGETED,    AUTHORITY,                        ALWAYS,            (g.in_order, g.budget_there),                                                           e.approve_budget),
        Row(S.BUDGETED,                     c.FinishRepair,       S.REPAIRED,    (REPAIRER, AUTHORITY),            ALWAYS,            (g.in_order,),                                                                          e.finish),
        Row(BEFORE_WORK,                    c.FinishRepair,       SAME,          (REPAIRER, AUTHORITY),            ALWAYS,            (g.budget_approved_first,),                                                             None),

        # the money
        Row(S.REPAIRED,                     c.HandInCostList,     SAME,          (REPAIRER, APPLICANT, AUTHORITY), ALWAYS,            (g.in_order, g.in_currency, g.within_budget),                                           e.hand_in_costs),
        Row(S.REPAIRED,                     c.SignCostList,       S.COST_LISTED, APPLICANT,                        g.last_signature,  (g.in_order, g.costs_there, g.not_signed_by_him),                                       e.sign),
        Row(S.REPAIRED,                     c.SignCostList,       SAME,          APPLICANT,                        ~g.last_signature, (g.in_order, g.costs_there, g.not_signed_by_him),                                       e.sign),
        Row(S.COST_LISTED,                  c.ReturnCostList,     S.REPAIRED,    AUTHORITY,                        ALWAYS,            (g.in_order,),                                                                          e.give_back),
        Row(S.COST_LISTED,                  c.PayOut,             S.PAID,        AUTHORITY,                        ALWAYS,            (g.in_order, g.in_currency, g.payee_taken, g.within_list, g.within_account, g.in_full), e.pay_out),
        Row(S.REPAIRED,                     c.PayOut,             SAME,          AUTHORITY,                        ALWAYS,            (g.signed_first,),                                                                      None),
        Row(S.COST_LISTED,                  c.RefuseClaim,        S.REFUSED,     AUTHORITY,                        ALWAYS,            (g.in_order, g.nothing_left),                                                           e.refuse),
        Row((S.REPAIRED, S.COST_LISTED),    c.WithdrawClaim,      S.WITHDRAWN,   APPLICANT,                        ALWAYS,            (g.in_order, g.filed_by_him, g.reimbursement_only),                                     e.withdraw),
        Row(S.PAID,                         c.NotifyUse,          S.NOTIFIED,    (AUTHORITY, SYSTEM),              ALWAYS,            (g.in_order,),                                                                          e.notify_use),
        Row((S.COST_LISTED, S.PAID),        c.RemindDeadline,     SAME,          CLOCK,                            ALWAYS,            (g.deadline_there,),                                                                    e.remind),
        Row(ANYTIME,                        c.SeeToClaim,         SAME,          AUTHORITY,                        ALWAYS,            (g.on_the_list,),                                                                       e.see_to),
    ),
)
# fmt: on
