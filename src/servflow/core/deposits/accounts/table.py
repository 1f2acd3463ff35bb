"""The deposit account of a building, as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused. Where
something is tried every day that a state is too early for, a row is there whose guard says why.

The authority assesses the deposit, or finds that none is asked for (SD-1 to SD-4), and notifies it (SD-29).
The developer may ask for a review (SD-5). The deposit is paid in full before handover, from the developer's
own, from pre-sale or from retained funds (SD-6, SD-26, SD-30); until then handover, acceptance filing and
title registration are refused (SD-7, SD-31). What is not paid by an ordered day bears a surcharge, which is
worked out and never kept (SD-8). With the handover the warranties of the parts begin (SD-10): the building
is HELD, whether all is paid or not, unless it is exempt; from then on it becomes exempt no more (SD-2).
Claims take from the deposit what repairs cost (SD-14), and say so themselves. Each part's share goes back
with interest when its warranty is over (SD-20), unless a serious defect holds it (SD-21); what is left at the
end of the longest keeping goes by the rulebook (SD-35).

Overdue, in warranty and expired are no states: they follow from the day.
"""

from __future__ import annotations

from typing import Final

from servflow.core.changes import Actor, Office
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import effects as e
from servflow.core.deposits.accounts import guards as g
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import AccountRole, AccountState
from servflow.core.deposits.accounts.wakes import next_wake, wake
from servflow.core.deposits.assessing import owed
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["DEPOSIT_ACCOUNT"]

S = AccountState
R = AccountRole

AUTHORITY, DEVELOPER, SUPERVISOR, BANK = R.AUTHORITY, R.DEVELOPER, R.SUPERVISOR, R.BANK
DEPARTMENT, MANAGER, COMMITTEE = R.DEPARTMENT, R.PROPERTY_MANAGER, R.COMMITTEE
SYSTEM, CLOCK = R.SYSTEM, R.CLOCK

OPEN = (S.ASSESSED, S.EXEMPT, S.DUE, S.UNDER_REVIEW, S.PAID, S.HELD, S.PARTLY_RELEASED, S.RELEASED)
UNPAID = (S.ASSESSED, S.DUE, S.UNDER_REVIEW)
KEPT = (S.HELD, S.PARTLY_RELEASED)
WITH_MONEY = (S.DUE, S.UNDER_REVIEW, S.PAID, *KEPT)
DESK = (AUTHORITY, SYSTEM)
BOOKING = (AUTHORITY, BANK, SYSTEM)
PAYING = (*BOOKING, SUPERVISOR)

_SERVES: Final = {
    DEVELOPER: "developer",
    SUPERVISOR: "supervisor",
    BANK: "bank",
    MANAGER: "property_manager",
    COMMITTEE: "committee",
}


def _roles(it: DepositAccount | None, actor: Actor) -> tuple[AccountRole, ...]:
    """The authority's staff and programs, its clock; the staff of those whom the building names.

    A department that files or registers is known by the post of that name: the host says who serves in it.
    """
    if it is None:
        return {Office.STAFF: (AUTHORITY,), Office.SYSTEM: (SYSTEM,)}.get(actor.office, ())
    ours = actor.serves == it.authority
    match actor.office:
        case Office.CLOCK:
            return (CLOCK,) if ours else ()
        case Office.SYSTEM:
            return (SYSTEM,) if ours else ()
        case Office.STAFF:
            served = {role: getattr(it.building, field) for role, field in _SERVES.items()}
            named = tuple(role for role, house in served.items() if house and house == actor.serves)
            department = (DEPARTMENT,) if DEPARTMENT.value in actor.posts else ()
            return (*((AUTHORITY,) if ours else ()), *named, *department)
        case _:
            return ()


ASSESSED = (g.grounds_known, g.approved_by_all, g.assessable)
OPENED = (g.of_this_authority, g.in_scope, g.shares_known, *ASSESSED)
REASSESSED = (*ASSESSED, g.nothing_later, g.rates_known)
PAYABLE = (g.in_currency, g.origin_taken, g.receipt_given, g.in_one_sum, g.not_too_much, g.rates_known_since)
REVERSIBLE = (g.reversible, g.rates_known_since)
HANDED_OVER = (g.after_assessment, g.paid_for_handover, g.terms_known, g.terms_enough)
PART_DUE = (g.part_there, g.part_not_released, g.warranty_over, g.requested)
RELEASABLE = (
    g.no_serious_defect,
    g.no_open_claim,
    g.performed_or_decided,
    g.budgets_stay_covered,
    g.nothing_later,
    g.rates_known,
)

# fmt: off
DEPOSIT_ACCOUNT: Final = Lifecycle(
    model=DepositAccount,
    states=AccountState,
    roles=AccountRole,
    final=(S.CLOSED,),
    roles_of=_roles,
    next_wake=next_wake,
    wake=wake,
    owed=owed,
    rows=(
        #   in state                                       on command          to state           given by                         when                             needs                                                                            does
        # assessment and review
        Row(OPENING,                                       c.AssessDeposit,    S.EXEMPT,          DESK,                            g.exempt,                        OPENED,                                                                          e.open_account),
        Row(OPENING,                                       c.AssessDeposit,    S.ASSESSED,        DESK,                            ~g.exempt,                       OPENED,                                                                          e.open_account),
        Row((*UNPAID, S.EXEMPT, S.PAID),                   c.ReassessDeposit,  S.EXEMPT,          DESK,                            g.exempt,                        REASSESSED,                                                                      e.reassess),
        Row((S.ASSESSED, S.UNDER_REVIEW),                  c.ReassessDeposit,  SAME,              DESK,                            ~g.exempt,                       REASSESSED,                                                                      e.reassess),
        Row(S.EXEMPT,                                      c.ReassessDeposit,  S.ASSESSED,        DESK,                            ~g.exempt & ~g.handed_over,      REASSESSED,                                                                      e.reassess),
        Row(S.EXEMPT,                                      c.ReassessDeposit,  S.HELD,            DESK,                            ~g.exempt & g.handed_over,       REASSESSED,                                                                      e.reassess),
        Row((S.DUE, S.PAID),                               c.ReassessDeposit,  S.PAID,            DESK,                            ~g.exempt & g.would_be_covered,  REASSESSED,                                                                      e.reassess),
        Row((S.DUE, S.PAID),                               c.ReassessDeposit,  S.DUE,             DESK,                            ~g.exempt & ~g.would_be_covered, REASSESSED,                                                                      e.reassess),
        Row(KEPT,                                          c.ReassessDeposit,  SAME,              DESK,                            ALWAYS,                          (*REASSESSED, g.exempt_in_time),                                                 e.reassess),
        Row(S.ASSESSED,                                    c.NotifyAssessment, S.DUE,             DESK,                            ALWAYS,                          (),                                                                              e.notify),
        Row((S.DUE, *KEPT),                                c.NotifyAssessment, SAME,              DESK,                            ALWAYS,                          (),                                                                              e.notify),
        Row((S.DUE, S.PAID, *KEPT),                        c.ConfirmLetter,    SAME,              (AUTHORITY, DEVELOPER),          ALWAYS,                          (g.notified_first, g.not_before_the_letter, g.not_confirmed),                    e.confirm_letter),
        Row((S.DUE, S.PAID),                               c.AskReview,        S.UNDER_REVIEW,    DEVELOPER,                       ALWAYS,                          (g.not_reviewed, g.review_in_time),                                              e.ask_review),
        Row(KEPT,                                          c.AskReview,        SAME,              DEVELOPER,                       ALWAYS,                          (g.notified_first, g.no_review_open, g.not_reviewed, g.review_in_time),          e.ask_review),
        Row((S.DUE, S.PAID, *KEPT),                        c.RemindReview,     SAME,              CLOCK,                           ALWAYS,                          (g.review_to_remind,),                                                           e.remind_review),
        Row(S.UNDER_REVIEW,                                c.AnswerReview,     S.DUE,             AUTHORITY,                       ~g.covered,                      (),                                                                              e.answer_review),
        Row(S.UNDER_REVIEW,                                c.AnswerReview,     S.PAID,            AUTHORITY,                       g.covered,                       (),                                                                              e.answer_review),
        Row(KEPT,                                          c.AnswerReview,     SAME,              AUTHORITY,                       ALWAYS,                          (g.review_open,),                                                                e.answer_review),

        # payment
        Row(S.DUE,                                         c.LodgeDeposit,     SAME,              PAYING,                          ~g.covers,                       PAYABLE,                                                                         e.pay),
        Row(S.DUE,                                         c.LodgeDeposit,     S.PAID,            PAYING,                          g.covers,                        PAYABLE,                                                                         e.pay),
        Row(S.UNDER_REVIEW,                                c.LodgeDeposit,     SAME,              PAYING,                          ALWAYS,                          PAYABLE,                                                                         e.pay),
        Row(KEPT,                                          c.LodgeDeposit,     SAME,              PAYING,                          ALWAYS,                          (g.notified_first, *PAYABLE),                                                    e.pay),
        Row(S.EXEMPT,                                      c.LodgeDeposit,     SAME,              PAYING,                          ALWAYS,                          (g.before_exemption, *PAYABLE),                                                  e.pay),
        Row(S.ASSESSED,                                    c.LodgeDeposit,     SAME,              PAYING,                          ALWAYS,                          (g.notified_first,),                                                             None),
        Row(S.PAID,                                        c.ReversePayment,   S.DUE,             BOOKING,                         ALWAYS,                          REVERSIBLE,                                                                      e.reverse),
        Row((S.DUE, S.UNDER_REVIEW, *KEPT, S.EXEMPT),      c.ReversePayment,   SAME,              BOOKING,                         ALWAYS,                          REVERSIBLE,                                                                      e.reverse),
        Row(S.DUE,                                         c.OrderPayment,     SAME,              AUTHORITY,                       ALWAYS,                          (g.something_unpaid, g.day_ahead),                                               e.order),
        Row(KEPT,                                          c.OrderPayment,     SAME,              AUTHORITY,                       ALWAYS,                          (g.notified_first, g.no_review_open, g.something_unpaid, g.day_ahead),           e.order),
        Row(OPEN,                                          c.WithdrawOrder,    SAME,              AUTHORITY,                       ALWAYS,                          (g.order_there,),                                                                e.withdraw_order),
        Row(WITH_MONEY,                                    c.NoteDefault,      SAME,              CLOCK,                           ALWAYS,                          (g.default_there,),                                                              e.note_default),
        Row(OPEN,                                          c.PaySurcharge,     SAME,              BOOKING,                         ALWAYS,                          (g.in_currency, g.surcharge_owed),                                               e.pay_surcharge),
        Row(OPEN,                                          c.RefundSurcharge,  SAME,              AUTHORITY,                       ALWAYS,                          (g.in_currency, g.surcharge_overpaid),                                           e.refund_surcharge),

        # handover, filing, registration
        Row((*UNPAID, S.PAID),                             c.HandOverBuilding, S.HELD,            (AUTHORITY, DEVELOPER, SYSTEM),  ALWAYS,                          HANDED_OVER,                                                                     e.hand_over),
        Row(S.EXEMPT,                                      c.HandOverBuilding, SAME,              (AUTHORITY, DEVELOPER, SYSTEM),  ALWAYS,                          (g.not_handed_over, *HANDED_OVER),                                               e.hand_over),
        Row(OPEN,                                          c.PassGate,         SAME,              (AUTHORITY, DEPARTMENT, SYSTEM), ALWAYS,                          (g.not_passed, g.after_assessment, g.paid_for_registration),                     e.pass_gate),
        Row(OPEN,                                          c.NameParties,      SAME,              AUTHORITY,                       ALWAYS,                          (),                                                                              e.name_parties),

        # defects and claims
        Row(KEPT,                                          c.RecordDefect,     SAME,              (AUTHORITY, MANAGER, COMMITTEE), ALWAYS,                          (g.part_there, g.part_not_released, g.defect_new, g.found_in_warranty),          e.record_defect),
        Row(KEPT,                                          c.RepairDefect,     SAME,              AUTHORITY,                       ALWAYS,                          (g.defect_there, g.repaired_later),                                              e.repair_defect),
        Row((*KEPT, S.RELEASED),                           c.BookDepositClaim, SAME,              SYSTEM,                          ALWAYS,                          (g.in_currency, g.part_there, g.claims_taken),                                   e.book_claim),
        Row(KEPT,                                          c.DrawDeposit,      SAME,              SYSTEM,                          ALWAYS,                          (g.in_currency, g.claim_booked, g.within_balance, g.rates_known, g.rates_known_since), e.draw),

        # interest and statements
        Row(WITH_MONEY,                                    c.CreditInterest,   SAME,              (*BOOKING, CLOCK),               ALWAYS,                          (g.rates_known,),                                                                e.credit),
        Row((*WITH_MONEY, S.EXEMPT, S.RELEASED, S.CLOSED), c.PublishStatement, SAME,              (AUTHORITY, CLOCK),              ALWAYS,                          (g.year_over, g.not_published, g.rates_known),                                   e.publish),

        # release
        Row(KEPT,                                          c.NoteWarrantyEnd,  SAME,              CLOCK,                           ALWAYS,                          (g.part_there, g.end_to_tell),                                                   e.note_warranty_end),
        Row(KEPT,                                          c.RequestRelease,   SAME,              DEVELOPER,                       ALWAYS,                          (g.part_there, g.part_not_released, g.warranty_over),                            e.request_release),
        Row(KEPT,                                          c.RemindRelease,    SAME,              CLOCK,                           ALWAYS,                          (g.part_there, g.release_to_remind),                                             e.remind_release),
        Row(KEPT,                                          c.ReleasePart,      S.PARTLY_RELEASED, AUTHORITY,                       ~g.last_part,                    (*PART_DUE, *RELEASABLE),                                                        e.release),
        Row(KEPT,                                          c.ReleasePart,      S.RELEASED,        AUTHORITY,                       g.last_part,                     (*PART_DUE, *RELEASABLE),                                                        e.release),
        Row(KEPT,                                          c.NoteLimit,        SAME,              CLOCK,                           ALWAYS,                          (g.limit_to_tell,),                                                              e.note_limit),
        Row(KEPT,                                          c.ReleaseRest,      S.RELEASED,        AUTHORITY,                       ALWAYS,                          (g.limit_releases, g.limit_reached, *RELEASABLE),                                e.release),

        # the end
        Row(OPEN,                                          c.SeeToDeposit,     SAME,              AUTHORITY,                       ALWAYS,                          (g.on_the_list,),                                                                e.see_to),
        Row((*UNPAID, S.EXEMPT, S.RELEASED),               c.CloseDeposit,     S.CLOSED,          AUTHORITY,                       ALWAYS,                          (g.nothing_held, g.no_claim_open, g.no_surcharge_owed, g.no_surcharge_overpaid), e.close),
    ),
)
# fmt: on


