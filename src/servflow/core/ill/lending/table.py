"""The lending desk as two tables. This file is the specification: read it first.

The supplying transaction is one request at the supplying library; the relation is a borrowing
institution's standing and account with it. Columns: in state, on command, to state, given by,
when, needs, does. What no row names is refused.

Rules that hold for both: nothing is overdue or suspended by a state that follows from dates; a
request or a renewal that the rules answer "no" is a decision of ``follow``, journalled like any other.

Strict in what is done, lenient in what is heard: what the lender does out of place is refused; what the
requester says (``HEARD``) is taken in every state, and where it has no place it is taken down for staff
to look at, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.ill.lending import answers as a
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import effects as e
from servflow.core.ill.lending import guards as g
from servflow.core.ill.lending import relation_effects as r
from servflow.core.ill.lending.charges import owed
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.states import RelationRole, RelationState, Role, SupplyState
from servflow.core.ill.lending.wakes import next_wake, wake
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["LENDING", "RELATION"]

S = SupplyState
BEFORE = (S.NEW, S.CHECKING, S.PROMISED)
UNSUPPLIED = (*BEFORE, S.OFFERED)
WITH_THEM = (S.SHIPPED, S.AT_REQUESTER)
OUT = (*WITH_THEM, S.RETURN_IN_TRANSIT)
LENT = (*OUT, S.LOST)
NOT_OFFERED = tuple(state for state in S if state is not S.OFFERED)

STAFF = Role.STAFF
DESK = (Role.STAFF, Role.SYSTEM)
CLOCK = Role.CLOCK
_SPEAKERS: Final = frozenset({Office.STAFF, Office.SYSTEM})  # who speaks for an institution
HEARD = (Role.REQUESTER, Role.STAFF)  # what a borrower says; staff enter what came by mail or telephone


def _supply_roles(it: SupplyTransaction | None, actor: Actor) -> tuple[Role, ...]:
    """The lender's staff and programs, the borrower's, and the lender's clock.

    A borrower is an institution: its readers and its clock do not speak for it.
    """
    offices = {Office.STAFF: (Role.STAFF,), Office.SYSTEM: (Role.SYSTEM,), Office.CLOCK: (Role.CLOCK,)}
    own = offices.get(actor.office, ())
    borrows = (Role.REQUESTER,) if actor.office in _SPEAKERS else ()
    if it is None:
        return (*borrows, *own)
    roles: tuple[Role, ...] = own if actor.serves == it.supplier else ()
    return (*roles, *borrows) if actor.serves == it.requester else roles


def _account_of(it: SupplyTransaction | None, command: Command) -> tuple[Key, ...]:
    """The borrower's relation; a command to a transaction that is not there looks at nothing."""
    if it is not None:
        return (Key(Relation.kind, it.requester),)
    return (Key(Relation.kind, command.requester),) if isinstance(command, c.ReceiveRequest) else ()


ROWS: Final = (
    #   in state            on command              to state             given by        when             needs                                                                does
    # a request, and how it is answered
    Row(OPENING,            c.ReceiveRequest,       S.NEW,               HEARD,          ALWAYS,          (g.addressed_to_us, g.speaks_for_requester, g.card_is_theirs),       a.take_in),
    Row((S.NEW, S.PROMISED), c.Expect,              S.CHECKING,          DESK,           ALWAYS,          (),                                                                  a.tell_expected),
    Row((S.NEW, S.CHECKING), c.Promise,             S.PROMISED,          DESK,           ALWAYS,          (g.after_request, g.still_needed, g.in_good_standing, g.lendable, g.slip_filed), a.tell_promised),
    Row(UNSUPPLIED,         c.MakeOffer,            S.OFFERED,           STAFF,          ALWAYS,          (g.after_request, g.no_cancel_pending, g.still_needed, g.in_good_standing, g.lendable, g.slip_filed, g.cost_in_currency, g.reply_day_ahead), a.offer),
    Row(UNSUPPLIED,         c.CannotSupply,         S.CLOSED,            DESK,           ALWAYS,          (),                                                                  a.answer_unfilled),
    Row(UNSUPPLIED,         c.AskRetry,             S.CLOSED,            DESK,           ALWAYS,          (g.after_request, g.cost_in_currency),                               a.try_again),
    Row(UNSUPPLIED,         c.Forward,              S.CLOSED,            STAFF,          ALWAYS,          (g.after_request, g.forwarding_permitted),                           a.forward),
    Row(UNSUPPLIED,         c.ExpireRequest,        S.CLOSED,            CLOCK,          ALWAYS,          (g.needed_no_more,),                                                 a.expire),

    # our terms, and what the requester says to them
    Row(S.OFFERED,          c.AgreeToOffer,         S.PROMISED,          HEARD,          g.accepted_in_time,  (g.evidence_given,),                                             a.take_acceptance),
    Row(S.OFFERED,          c.AgreeToOffer,         SAME,                HEARD,          ~g.accepted_in_time, (g.evidence_given,),                                             a.note_out_of_order),
    Row(S.OFFERED,          c.DeclineOffer,         S.CLOSED,            HEARD,          g.of_latest_offer,   (),                                                              a.decline_offer),
    Row(S.OFFERED,          c.DeclineOffer,         SAME,                HEARD,          ~g.of_latest_offer,  (),                                                              a.note_out_of_order),
    Row(NOT_OFFERED,        c.AgreeToOffer,         SAME,                HEARD,          g.offer_stands_so),
    Row(NOT_OFFERED,        c.AgreeToOffer,         SAME,                HEARD,          ~g.offer_stands_so,  (),                                                              a.note_out_of_order),
    Row(NOT_OFFERED,        c.DeclineOffer,         SAME,                HEARD,          g.offer_stands_so),
    Row(NOT_OFFERED,        c.DeclineOffer,         SAME,                HEARD,          ~g.offer_stands_so,  (),                                                              a.note_out_of_order),
    Row(S.OFFERED,          c.LapseOffer,           S.CLOSED,            (CLOCK, STAFF), ALWAYS,          (g.offer_run_out,),                                                  a.lapse_offer),

    # a cancellation: asked for in any state, answered by staff before anything is supplied, and by follow after it
    Row(tuple(S),           c.RequestCancel,        SAME,                HEARD,          ALWAYS,          (),                                                                  a.ask_cancel),
    Row(UNSUPPLIED,         c.AnswerCancel,         S.CLOSED,            DESK,           g.answers_yes,   (g.cancel_pending,),                                                 a.cancel),
    Row(UNSUPPLIED,         c.AnswerCancel,         SAME,                DESK,           ~g.answers_yes,  (g.cancel_pending,),                                                 a.keep_going),
    Row((*LENT, S.CLOSED),  c.AnswerCancel,         SAME,                DESK,           ALWAYS,          (g.cancel_pending,),                                                 a.keep_going),

    # supplying
    Row(BEFORE,             c.Ship,                 S.SHIPPED,           STAFF,          ALWAYS,          (g.after_request, g.still_needed, g.in_good_standing, g.room_for_volumes, g.lendable, g.slip_filed, g.tariff_fits, g.service_is_loan, g.no_cancel_pending, g.costs_in_currency, g.cost_agreed, g.due_to_come, g.due_on_open_day), e.ship),
    Row(BEFORE,             c.SupplyCopy,           S.CLOSED,            STAFF,          ALWAYS,          (g.after_request, g.still_needed, g.in_good_standing, g.slip_filed, g.service_is_copy, g.no_cancel_pending, g.copyright_cleared, g.reference_valid, g.costs_in_currency, g.cost_agreed), e.supply_copy),
    Row(S.CLOSED,           c.SupplyCopy,           SAME,                STAFF,          ALWAYS,          (g.after_shipping, g.claim_open, g.copyright_cleared, g.reference_valid, g.free_of_charge), e.replace_copy),
    Row(S.SHIPPED,          c.UndoShipment,         S.PROMISED,          STAFF,          g.shipped_when_promised,                             (g.after_shipping, g.undoable), e.undo_shipment),
    Row(S.SHIPPED,          c.UndoShipment,         S.CHECKING,          STAFF,          ~g.shipped_when_promised & g.shipped_when_checking,  (g.after_shipping, g.undoable), e.undo_shipment),
    Row(S.SHIPPED,          c.UndoShipment,         S.NEW,               STAFF,          ~g.shipped_when_promised & ~g.shipped_when_checking, (g.after_shipping, g.undoable), e.undo_shipment),

    # the term
    Row(S.SHIPPED,          c.ConfirmReceipt,       S.AT_REQUESTER,      HEARD,          ~g.before_shipping),
    Row(WITH_THEM,          c.RequestRenewal,       SAME,                HEARD,          g.renewal_waits & ~g.before_shipping),
    Row(WITH_THEM,          c.RequestRenewal,       SAME,                HEARD,          ~g.renewal_waits & ~g.before_shipping, (),                                            e.ask_renewal),
    Row(OUT,                c.GrantRenewal,         SAME,                DESK,           ALWAYS,          (g.after_asking, g.renewal_pending, g.renewals_left, g.nobody_waits, g.not_recalled, g.renewal_longer, g.due_on_open_day), e.renew),
    Row(OUT,                c.DeclineRenewal,       SAME,                (*DESK, CLOCK), ALWAYS,          (g.after_asking, g.renewal_pending, g.unanswered_by_due),            e.decline_renewal),
    Row(WITH_THEM,          c.Recall,               SAME,                STAFF,          ALWAYS,          (g.after_shipping, g.recall_allowed, g.due_on_open_day),             e.recall),
    Row(WITH_THEM,          c.NoticeDue,            SAME,                (CLOCK, STAFF), ALWAYS,          (g.next_notice,),                                                    e.remind),
    Row(WITH_THEM,          c.HoldReturn,           SAME,                STAFF,          ALWAYS,          (g.after_shipping, g.hold_changes),                                  e.hold),

    # return, loss, damage
    Row((*WITH_THEM, S.LOST), c.ReportReturn,       S.RETURN_IN_TRANSIT, HEARD,          g.all_on_its_way & ~g.before_shipping,  (),                                           e.take_report_of_return),
    Row((*WITH_THEM, S.LOST), c.ReportReturn,       SAME,                HEARD,          ~g.all_on_its_way & ~g.before_shipping, (),                                           e.take_report_of_return),
    Row(S.RETURN_IN_TRANSIT, c.ReportReturn,        SAME,                HEARD,          ~g.before_shipping,          (),                                                      e.take_report_of_return),
    Row(S.RETURN_IN_TRANSIT, c.NoteReturnDelay,     SAME,                CLOCK,          ALWAYS,          (g.return_overdue,),                                                 e.note_return_delay),
    Row(LENT,               c.CheckIn,              S.CLOSED,            STAFF,          g.last_piece,    (g.pieces_out, g.after_shipping),                                    e.check_in),
    Row((*WITH_THEM, S.LOST), c.CheckIn,            S.RETURN_IN_TRANSIT, STAFF,          ~g.last_piece & g.rest_on_its_way,                 (g.pieces_out, g.after_shipping),  e.check_in_some),
    Row(S.RETURN_IN_TRANSIT, c.CheckIn,             SAME,                STAFF,          ~g.last_piece & g.rest_on_its_way,                 (g.pieces_out, g.after_shipping),  e.check_in_some),
    Row(OUT,                c.CheckIn,              S.LOST,              STAFF,          ~g.last_piece & ~g.rest_on_its_way & g.rest_lost,  (g.pieces_out, g.after_shipping),  e.check_in_some),
    Row(WITH_THEM,          c.CheckIn,              SAME,                STAFF,          ~g.last_piece & ~g.rest_on_its_way & ~g.rest_lost, (g.pieces_out, g.after_shipping),  e.check_in_some),
    Row(S.RETURN_IN_TRANSIT, c.CheckIn,             S.AT_REQUESTER,      STAFF,          ~g.last_piece & ~g.rest_on_its_way & ~g.rest_lost, (g.pieces_out, g.after_shipping),  e.check_in_some),
    Row(S.LOST,             c.CheckIn,              SAME,                STAFF,          ~g.last_piece & ~g.rest_on_its_way,                (g.pieces_out, g.after_shipping),  e.check_in_some),
    Row(WITH_THEM,          c.ReleaseItem,          S.CLOSED,            STAFF,          ALWAYS,          (g.after_shipping,),                                                 e.release),
    Row(OUT,                c.ReportLost,           S.LOST,              HEARD,          g.rest_lost & ~g.before_shipping,     (),                                             e.take_report_of_loss),
    Row(WITH_THEM,          c.ReportLost,           S.RETURN_IN_TRANSIT, HEARD,          ~g.rest_lost & g.rest_on_its_way & ~g.before_shipping,  (),                           e.take_report_of_some_lost),
    Row(WITH_THEM,          c.ReportLost,           SAME,                HEARD,          ~g.rest_lost & ~g.rest_on_its_way & ~g.before_shipping, (),                           e.take_report_of_some_lost),
    Row(S.RETURN_IN_TRANSIT, c.ReportLost,          SAME,                HEARD,          ~g.rest_lost & ~g.before_shipping,    (),                                             e.take_report_of_some_lost),
    Row(S.LOST,             c.ReportLost,           SAME,                HEARD,          ~g.before_shipping,          (),                                                      e.hear_more_of_loss),
    Row(OUT,                c.DeclareLost,          S.LOST,              (STAFF, CLOCK), ALWAYS,          (g.after_shipping, g.lost_long_enough),                              e.lose),
    Row(S.LOST,             c.ReportFound,          S.AT_REQUESTER,      HEARD,          ~g.before_shipping,          (),                                                      e.find),
    Row(OUT,                c.ReportFound,          S.AT_REQUESTER,      HEARD,          g.partly_lost & ~g.before_shipping,   (),                                             e.find),
    Row(OUT,                c.ReportFound,          SAME,                HEARD,          ~g.partly_lost & ~g.before_shipping,  (),                                             a.note_out_of_order),
    Row((*LENT, S.CLOSED),  c.RecordDamage,         SAME,                STAFF,          ALWAYS,          (g.after_shipping, g.item_of_loan, g.within_claim),                  e.record_damage),
    Row((*LENT, S.CLOSED),  c.Compensate,           SAME,                STAFF,          ALWAYS,          (g.after_shipping, g.loss_or_damage, g.own_currency),                e.compensate),
    Row(S.LOST,             c.SettleLoss,           S.CLOSED,            STAFF,          ALWAYS,          (g.after_shipping, g.compensation_paid),                             e.settle_loss),
    Row(S.CLOSED,           c.ClaimDefect,          SAME,                HEARD,          g.copy_supplied & ~g.before_shipping,  (),                                            a.note_claim),
    Row(S.CLOSED,           c.ClaimDefect,          SAME,                HEARD,          ~g.copy_supplied & ~g.before_shipping, (),                                            a.note_out_of_order),

    # what may be said at any time
    Row(LENT,               c.Assess,               SAME,                DESK,           ALWAYS,          (g.after_shipping,),                                                 e.post_charges),
    Row(tuple(S),           c.RequestStatus,        SAME,                HEARD,          ALWAYS,          (),                                                                  a.tell_status),
    Row(tuple(S),           c.Notify,               SAME,                HEARD,          ALWAYS,          (),                                                                  a.take_note),
    Row(tuple(S),           c.ClearSupplyAttention, SAME,                STAFF,          ALWAYS,          (g.on_attention_list,),                                              a.clear_attention),
    Row((*UNSUPPLIED, *LENT), c.CloseManually,      S.CLOSED,            STAFF,          ALWAYS,          (),                                                                  e.close_by_hand),

    # crossings: what the loan has gone on from when it is heard
    Row((S.AT_REQUESTER, S.RETURN_IN_TRANSIT), c.ConfirmReceipt, SAME,   HEARD,          ~g.before_shipping),
    Row(S.CLOSED,           c.ConfirmReceipt,       SAME,                HEARD,          g.was_shipped & ~g.loss_settled & ~g.before_shipping),
    Row(S.CLOSED,           c.ConfirmReceipt,       SAME,                HEARD,          ~g.was_shipped & ~g.before_shipping,  (),                                             a.note_out_of_order),
    Row(S.CLOSED,           c.ReportReturn,         SAME,                HEARD,          g.back_already & ~g.before_shipping),
    Row(S.CLOSED,           c.ReportReturn,         SAME,                HEARD,          ~g.back_already & ~g.before_shipping, (),                                             a.note_out_of_order),

    # what is heard of the volumes, dated before they left
    Row((*LENT, S.CLOSED),  c.ConfirmReceipt,       SAME,                HEARD,          g.before_shipping,  (),                                                               a.note_before_shipping),
    Row(WITH_THEM,          c.RequestRenewal,       SAME,                HEARD,          g.before_shipping,  (),                                                               a.note_before_shipping),
    Row((*LENT, S.CLOSED),  c.ReportReturn,         SAME,                HEARD,          g.before_shipping,  (),                                                               a.note_before_shipping),
    Row(LENT,               c.ReportLost,           SAME,                HEARD,          g.before_shipping,  (),                                                               a.note_before_shipping),
    Row(LENT,               c.ReportFound,          SAME,                HEARD,          g.before_shipping,  (),                                                               a.note_before_shipping),
    Row(S.CLOSED,           c.ClaimDefect,          SAME,                HEARD,          g.before_shipping,  (),                                                               a.note_before_shipping),

    # what contradicts a loss
    Row(S.LOST,             c.ConfirmReceipt,       SAME,                HEARD,          ~g.before_shipping,          (),                                                      a.note_out_of_order),
    Row(S.CLOSED,           c.ConfirmReceipt,       SAME,                HEARD,          g.was_shipped & g.loss_settled & ~g.before_shipping,  (),                             a.note_out_of_order),
)


def _elsewhere(rows: tuple[Row, ...]) -> Iterator[Row]:
    """For what a requester says: a row for every state in which ``rows`` have none."""
    heard = dict.fromkeys(row.command for row in rows if row.by == HEARD and row.states is not OPENING)
    for command in heard:
        taken = {state for row in rows if row.command is command for state in row.sources()}
        left = tuple(state for state in S if state not in taken)
        if left:
            yield Row(left, command, SAME, HEARD, ALWAYS, (), a.note_out_of_order)


LENDING: Final = Lifecycle(
    model=SupplyTransaction,
    states=SupplyState,
    roles=Role,
    final=(S.CLOSED,),
    roles_of=_supply_roles,
    reads=_account_of,
    follow=a.follow,
    next_wake=next_wake,
    wake=wake,
    owed=owed,
    rows=(*ROWS, *_elsewhere(ROWS)),
)

R = RelationState
AGREED = (R.SIGNED, R.SUSPENDED)
OFFICE = RelationRole.STAFF
INSTITUTION = RelationRole.INSTITUTION


def _relation_roles(it: Relation | None, actor: Actor) -> tuple[RelationRole, ...]:
    """The lender's staff and programs, and the institution's own; its readers do not speak for it."""
    own = {Office.STAFF: (RelationRole.STAFF,), Office.SYSTEM: (RelationRole.SYSTEM,)}.get(actor.office, ())
    itself = (RelationRole.INSTITUTION,) if actor.office in _SPEAKERS else ()
    if it is None:
        return (*itself, *own)
    roles: tuple[RelationRole, ...] = own if actor.serves == it.lender else ()
    return (*roles, *itself) if actor.serves == it.id else roles


RELATION: Final = Lifecycle(
    model=Relation,
    states=RelationState,
    roles=RelationRole,
    final=(),
    roles_of=_relation_roles,
    rows=(
        #   in state                   on command         to state       given by               when     needs                                 does
        Row(OPENING,                   c.Apply,           R.APPLIED,     (INSTITUTION, OFFICE), ALWAYS,  (g.for_this_lender, g.applies_itself), r.open_relation),
        Row((R.DECLINED, R.TERMINATED), c.Reapply,        R.APPLIED,     (INSTITUTION, OFFICE), ALWAYS,  (),                                   r.apply_again),
        Row(R.APPLIED,                 c.Approve,         R.APPROVED,    OFFICE,                ALWAYS,  (g.kind_served,),                     r.tell_approved),
        Row((R.APPLIED, R.APPROVED),   c.Decline,         R.DECLINED,    OFFICE,                ALWAYS,  (),                                   r.tell_declined),
        Row(R.APPROVED,                c.Sign,            R.SIGNED,      OFFICE,                ALWAYS,  (g.agreements_signed,),               r.sign),
        Row(AGREED,                  c.IssueCard,       SAME,          OFFICE,                ALWAYS,  (),                                   r.issue_card),
        Row((R.APPROVED, *AGREED),   c.PaySecurity,     SAME,          OFFICE,                ALWAYS,  (g.security_taken, g.own_currency),   r.take_security),
        Row((R.APPLIED, R.APPROVED, *AGREED), c.DeclareChange,   SAME,          (INSTITUTION, OFFICE), ALWAYS,  (),                                   r.change_contact),
        Row(R.SIGNED,                  c.Suspend,         R.SUSPENDED,   OFFICE,                ALWAYS,  (),                                   r.suspend),
        Row(R.SUSPENDED,               c.Reinstate,       R.SIGNED,      OFFICE,                ALWAYS,  (),                                   r.reinstate),
        Row(AGREED,                  c.Terminate,       R.TERMINATED,  OFFICE,                ALWAYS,  (),                                   r.terminate),
        Row(tuple(R),                  c.BookLoan,        SAME,          RelationRole.SYSTEM,   ALWAYS,  (),                                   r.book_loan),
        Row(tuple(R),                  c.Pay,             SAME,          OFFICE,                ALWAYS,  (g.own_currency,),                    r.pay),
        Row(tuple(R),                  c.SettleDues,      SAME,          RelationRole.SYSTEM,   ALWAYS,  (g.own_currency,),                    r.settle),
        Row(tuple(R),                  c.Waive,           SAME,          OFFICE,                ALWAYS,  (g.own_currency, g.waivable),         r.waive),
        Row(tuple(R),                  c.RefundSecurity,  SAME,          OFFICE,                ALWAYS,  (g.own_currency, g.security_held),    r.refund_security),
    ),
)
