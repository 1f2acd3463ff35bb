"""The lending desk as two tables. This file is the specification: read it first.

The supplying transaction is one request at the supplying library; the relation is a borrowing
institution's standing and account with it. Columns: in state, on command, to state, given by,
when, needs, does. What no row names is refused.

Rules that hold for both: nothing is overdue or suspended by a state that follows from dates; a
request that the rules answer "no" is a decision of ``follow``, journalled like any other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.dates import lies_after, start_of_day
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import effects as e
from servflow.core.ill.lending import guards as g
from servflow.core.ill.lending import relation_effects as a
from servflow.core.ill.lending.charges import owed
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import RelationRole, RelationState, Role, SupplyState
from servflow.core.ill.terms import Unfilled
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row, Situation

__all__ = ["LENDING", "RELATION"]

S = SupplyState
BEFORE = (S.NEW, S.CHECKING, S.PROMISED)
WITH_THEM = (S.SHIPPED, S.AT_REQUESTER)
OUT = (*WITH_THEM, S.RETURN_IN_TRANSIT)

STAFF = Role.STAFF
DESK = (Role.STAFF, Role.SYSTEM)
HEARD = (Role.REQUESTER, Role.STAFF)  # what a borrower says; staff enter what came by mail or telephone


def _supply_roles(it: SupplyTransaction | None, actor: Actor) -> tuple[Role, ...]:
    """The lender's staff and programs, the borrower in any office, and the clock."""
    offices = {Office.STAFF: (Role.STAFF,), Office.SYSTEM: (Role.SYSTEM,), Office.CLOCK: (Role.CLOCK,)}
    own = offices.get(actor.office, ())
    if it is None:
        return (Role.REQUESTER, *own)
    roles: tuple[Role, ...] = own if actor.serves == it.supplier else ()
    return (*roles, Role.REQUESTER) if actor.serves == it.requester else roles


def _answer_by_rules(s: Situation[SupplyTransaction, Any, LendingPolicy, Any]) -> Command | None:
    """A request that the rules do not allow is answered at once, with every rule that says so."""
    if not isinstance(s.command, c.ReceiveRequest):
        return None
    who = (*g.related(s), *g.not_held_locally(s))
    what = tuple(g.lendable(s))
    if not who and not what:
        return None
    return c.CannotSupply(
        id=f"{s.command.id}/answer",
        case=s.it.id,
        by=e.by_policy(s.it.supplier),
        happened_at=s.command.happened_at,
        recorded_at=s.command.recorded_at,
        why=Unfilled.POLICY_PROBLEM if who else Unfilled.NON_CIRCULATING,
        reasons=who + what,
    )


def _next_reminder(it: SupplyTransaction, policy: LendingPolicy) -> datetime | None:
    """The beginning of the day of the next step of the notice schedule, while it is with them."""
    if it.state not in WITH_THEM or it.due is None:
        return None
    days = policy.reminders(it.due)
    return start_of_day(days[it.noticed], policy.zone) if it.noticed < len(days) else None


def _remind(it: SupplyTransaction, policy: LendingPolicy, recorded_at: datetime) -> Command | None:
    at = _next_reminder(it, policy)
    if at is None or lies_after(at, recorded_at) or it.due is None:
        return None
    step = it.noticed + 1
    return c.NoticeDue(
        id=f"clock/{it.id}/term-{it.terms}/{step}",
        case=it.id,
        by=Actor("clock", it.supplier, Office.CLOCK),
        happened_at=at,
        recorded_at=recorded_at,
        due=it.due,
        step=step,
    )


def _account_of(it: SupplyTransaction | None, command: Command) -> tuple[Key, ...]:
    """The borrower's relation; a command to a transaction that is not there looks at nothing."""
    if it is not None:
        return (Key(Relation.kind, it.requester),)
    return (Key(Relation.kind, command.requester),) if isinstance(command, c.ReceiveRequest) else ()


LENDING: Final = Lifecycle(
    model=SupplyTransaction,
    states=SupplyState,
    roles=Role,
    final=(S.CLOSED,),
    roles_of=_supply_roles,
    reads=_account_of,
    follow=_answer_by_rules,
    next_wake=_next_reminder,
    wake=_remind,
    owed=owed,
    rows=(
        #   in state              on command         to state             given by             when            needs                                                                                    does
        Row(OPENING,              c.ReceiveRequest,  S.NEW,               HEARD,               ALWAYS,         (g.addressed_to_us, g.speaks_for_requester, g.card_is_theirs),                           e.take_in),
        Row((S.NEW, S.PROMISED),  c.Expect,          S.CHECKING,          DESK,                ALWAYS,         (),                                                                                      e.tell_expected),
        Row((S.NEW, S.CHECKING),  c.Promise,         S.PROMISED,          DESK,                ALWAYS,         (g.after_request, g.still_needed, g.in_good_standing, g.lendable, g.slip_filed),                           e.tell_promised),
        Row(BEFORE,               c.CannotSupply,    S.CLOSED,            DESK,                ALWAYS,         (),                                                                                      e.answer_unfilled),
        Row(BEFORE,               c.Ship,            S.SHIPPED,           STAFF,               ALWAYS,         (g.after_request, g.still_needed, g.in_good_standing, g.room_for_volumes, g.lendable, g.slip_filed, g.tariff_fits), e.ship),
        Row(S.SHIPPED,            c.ConfirmReceipt,  S.AT_REQUESTER,      HEARD,               ALWAYS,         (g.after_shipping,)),
        Row(WITH_THEM,            c.RequestRenewal,  SAME,                HEARD,               ALWAYS,         (g.after_shipping, g.renewals_left, g.asked_before_due, g.nobody_waits, g.reason_given, g.not_recalled, g.no_renewal_pending), e.ask_renewal),
        Row(OUT,                  c.GrantRenewal,    SAME,                DESK,                ALWAYS,         (g.after_asking, g.renewal_pending, g.renewals_left, g.nobody_waits, g.not_recalled),                     e.renew),
        Row(OUT,                  c.DeclineRenewal,  SAME,                DESK,                ALWAYS,         (g.after_asking, g.renewal_pending),                                                                    e.decline_renewal),
        Row(WITH_THEM,            c.Recall,          SAME,                STAFF,               ALWAYS,         (g.after_shipping, g.recall_allowed),                                                                     e.recall),
        Row(WITH_THEM,            c.NoticeDue,       SAME,                (Role.CLOCK, STAFF), ALWAYS,         (g.next_notice,),                                                                        e.remind),
        Row(WITH_THEM,            c.ReportReturn,    S.RETURN_IN_TRANSIT, HEARD,               ALWAYS,         (g.after_shipping,)),
        Row((*OUT, S.LOST),       c.CheckIn,         S.CLOSED,            STAFF,               g.last_piece,   (g.pieces_out, g.after_shipping),                                                        e.check_in),
        Row((*OUT, S.LOST),       c.CheckIn,         SAME,                STAFF,               ~g.last_piece,  (g.pieces_out, g.after_shipping),                                                        e.check_in_some),
        Row(OUT,                  c.ReportLost,      S.LOST,              HEARD,               ALWAYS,         (g.after_shipping,),                                                                     e.lose),
        Row(OUT,                  c.DeclareLost,     S.LOST,              STAFF,               ALWAYS,         (g.after_shipping,),                                                                     e.lose),
        Row((*OUT, S.LOST, S.CLOSED), c.RecordDamage, SAME,               STAFF,               ALWAYS,         (g.after_shipping, g.item_of_loan),                                                                       e.record_damage),
        Row((*OUT, S.LOST, S.CLOSED), c.Compensate,  SAME,                STAFF,               ALWAYS,         (g.after_shipping, g.loss_or_damage, g.own_currency),                                                      e.compensate),
        Row(S.LOST,               c.SettleLoss,      S.CLOSED,            STAFF,               ALWAYS,         (g.after_shipping, g.compensation_paid),                                                                  e.settle_loss),
        Row((*OUT, S.LOST),       c.Assess,          SAME,                DESK,                ALWAYS,         (g.after_shipping,),                                                                     e.post_charges),
        Row((*BEFORE, *OUT, S.LOST), c.CloseManually, S.CLOSED,           STAFF,               ALWAYS,         (),                                                                                      e.close_by_hand),
    ),
)

R = RelationState
AGREED = (R.SIGNED, R.SUSPENDED)
OFFICE = RelationRole.STAFF
INSTITUTION = RelationRole.INSTITUTION


def _relation_roles(it: Relation | None, actor: Actor) -> tuple[RelationRole, ...]:
    """The lender's staff and programs, and the institution itself in any office."""
    own = {Office.STAFF: (RelationRole.STAFF,), Office.SYSTEM: (RelationRole.SYSTEM,)}.get(actor.office, ())
    if it is None:
        return (RelationRole.INSTITUTION, *own)
    roles: tuple[RelationRole, ...] = own if actor.serves == it.lender else ()
    return (*roles, RelationRole.INSTITUTION) if actor.serves == it.id else roles


RELATION: Final = Lifecycle(
    model=Relation,
    states=RelationState,
    roles=RelationRole,
    final=(R.DECLINED, R.TERMINATED),
    roles_of=_relation_roles,
    rows=(
        #   in state                   on command         to state       given by               when     needs                                 does
        Row(OPENING,                   c.Apply,           R.APPLIED,     (INSTITUTION, OFFICE), ALWAYS,  (g.for_this_lender, g.applies_itself), a.open_relation),
        Row(R.APPLIED,                 c.Approve,         R.APPROVED,    OFFICE,                ALWAYS,  (g.kind_served,),                     a.tell_approved),
        Row((R.APPLIED, R.APPROVED),   c.Decline,         R.DECLINED,    OFFICE,                ALWAYS,  (),                                   a.tell_declined),
        Row(R.APPROVED,                c.Sign,            R.SIGNED,      OFFICE,                ALWAYS,  (g.agreements_signed,),               a.sign),
        Row(AGREED,                  c.IssueCard,       SAME,          OFFICE,                ALWAYS,  (),                                   a.issue_card),
        Row((R.APPROVED, *AGREED),   c.PaySecurity,     SAME,          OFFICE,                ALWAYS,  (g.security_taken, g.own_currency),   a.take_security),
        Row((R.APPLIED, R.APPROVED, *AGREED), c.DeclareChange,   SAME,          (INSTITUTION, OFFICE), ALWAYS,  (),                                   a.change_contact),
        Row(R.SIGNED,                  c.Suspend,         R.SUSPENDED,   OFFICE,                ALWAYS,  (),                                   a.suspend),
        Row(R.SUSPENDED,               c.Reinstate,       R.SIGNED,      OFFICE,                ALWAYS,  (),                                   a.reinstate),
        Row(AGREED,                  c.Terminate,       R.TERMINATED,  OFFICE,                ALWAYS,  (),                                   a.terminate),
        Row((*AGREED, R.TERMINATED), c.BookLoan,        SAME,          RelationRole.SYSTEM,   ALWAYS,  (),                                   a.book_loan),
        Row((*AGREED, R.TERMINATED), c.Pay,             SAME,          OFFICE,                ALWAYS,  (g.own_currency,),                    a.pay),
        Row((*AGREED, R.TERMINATED), c.Waive,           SAME,          OFFICE,                ALWAYS,  (g.own_currency, g.waivable),         a.waive),
    ),
)
