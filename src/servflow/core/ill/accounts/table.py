"""Accounts and identities as two tables. This file is the specification: read it first.

The account is what somebody needs to file requests at this desk: a reader's, a library operator's, or an
institution's (馆际互借帐户). Columns: in state, on command, to state, given by, when, needs, does. What
no row names is refused.

Registration (CALIS-4): the required fields, a mail that it was received, an administrator's check, a
confirmation, and only then may the holder sign in and file. A reader's account is confirmed by an operator of
his home library, who sets overdraft, deposit and validity (CALIS-10, CALIS-24), or by the desk that keeps it;
an operator's and an institution's by that desk (CALIS-8, CALIS-21). With a portal account (ZJU-2) somebody
chooses his school (``home``) and binds his campus card, or registers as from off campus, before the
account becomes active; e-mail address, student and staff number then each lead to it (ZJU-1).

Expired is no state: ``IllAccount.expired_on``. Nobody leaves for good: who was declined or has left may
register again, and finds what is still his. A registration that still waits keeps nobody out: whoever made it,
the holder and the desk that keeps it may register anew over it, and what was bound to it is free.

A lost card is released even where it is the last that was needed: the account then waits, confirmed, until
another one is bound.
"""

from __future__ import annotations

from typing import Final

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts import effects as e
from servflow.core.ill.accounts import guards as g
from servflow.core.ill.accounts.model import Identity, IllAccount
from servflow.core.ill.accounts.states import (
    AccountRole,
    AccountState,
    HolderKind,
    IdentityRole,
    IdentityState,
)
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["ACCOUNT", "IDENTITY"]

S = AccountState
ANY = tuple(AccountState)
KEPT = (S.CONFIRMED, S.ACTIVE, S.SUSPENDED)
OPEN = (S.REGISTERED, *KEPT)
OVER = (S.DECLINED, S.CLOSED)

HOLDER = AccountRole.HOLDER
STAFF = AccountRole.STAFF
SYSTEM = AccountRole.SYSTEM
CLOCK = AccountRole.CLOCK
LIBRARY = (STAFF, AccountRole.OPERATOR)  # of the desk, or of the holder's home library
ANYBODY = (HOLDER, *LIBRARY)


def _roles(it: IllAccount | None, actor: Actor) -> tuple[AccountRole, ...]:
    """The desk's staff and programs and the clock; staff of the home library; the holder himself.

    A person is the holder who comes by the desk or by his home library: a reference of another house is another
    person's.
    """
    if it is None:
        offices = {Office.PERSON: (HOLDER,), Office.STAFF: (STAFF, AccountRole.OPERATOR, HOLDER)}
        return offices.get(actor.office, ())
    if actor.office is Office.PERSON:
        himself = actor.party == it.id and actor.serves in {it.keeper, it.home}
        return (HOLDER,) if himself and it.holder is not HolderKind.INSTITUTION else ()
    if actor.serves == it.keeper:
        return {Office.STAFF: (STAFF,), Office.SYSTEM: (SYSTEM,), Office.CLOCK: (CLOCK,)}[actor.office]
    if actor.serves != it.home or actor.office is not Office.STAFF:
        return ()
    operator = (AccountRole.OPERATOR,)
    return (HOLDER, *operator) if it.holder is HolderKind.INSTITUTION else operator


def _reads(it: IllAccount | None, command: Command) -> tuple[Key, ...]:
    """The account of the operator who speaks; the identities that are bound or released."""
    keeper = None if it is None else it.keeper
    operator = command.by.office is Office.STAFF and command.by.serves != keeper and command.by.party != command.case
    speaks = (Key(IllAccount.kind, command.by.party),) if operator else ()
    if it is None:
        return speaks
    if isinstance(command, c.BindIdentity):
        return (*speaks, Identity.key_of(command.kind, command.token))
    leaving = isinstance(command, (c.CloseAccount, c.DeclineAccount, c.RegisterAgain))
    named = command.kind.value if isinstance(command, c.ReleaseIdentity) else None
    gone = (Key(Identity.kind, f"{kind}:{token}") for kind, token in it.identities.items() if leaving or kind == named)
    return (*speaks, *gone)


# fmt: off
ACCOUNT: Final = Lifecycle(
    model=IllAccount,
    states=AccountState,
    roles=AccountRole,
    final=(),
    roles_of=_roles,
    reads=_reads,
    follow=e.follow,
    next_wake=e.next_wake,
    wake=e.wake,
    rows=(
        #   in state      on command          to state       given by  when    needs                                                                              does
        # registration
        Row(OPENING,      c.RegisterAccount,  S.REGISTERED,  ANYBODY,  ALWAYS, (g.for_itself, g.operator_set_up, g.fields_given),                                 e.open_account),
        Row(OVER,         c.RegisterAgain,    S.REGISTERED,  ANYBODY,  ALWAYS, (g.operator_set_up, g.desk_alone, g.stays_its_own, g.stays_his_reader, g.holder_corrected_by_desk, g.fields_given), e.register_again),
        Row(S.REGISTERED, c.RegisterAgain,    SAME,          (HOLDER, STAFF), ALWAYS, (g.stays_its_own, g.holder_corrected_by_desk, g.fields_given),             e.register_again),
        Row(S.REGISTERED, c.ConfirmAccount,   S.CONFIRMED,   LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone, g.terms_in_currency, g.overdraft_within, g.terms_ahead), e.confirm),
        Row(S.REGISTERED, c.DeclineAccount,   S.DECLINED,    LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone),                                      e.decline),
        Row(S.CONFIRMED,  c.Activate,         S.ACTIVE,      SYSTEM,   ALWAYS, (g.nothing_lacking,),                                                              e.activate),

        # standing
        Row(KEPT,         c.SetTerms,         SAME,          LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone, g.terms_in_currency, g.overdraft_within, g.terms_ahead), e.set_terms),
        Row(S.ACTIVE,     c.SuspendAccount,   S.SUSPENDED,   LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone),                                      e.suspend),
        Row(S.SUSPENDED,  c.ReinstateAccount, S.ACTIVE,      LIBRARY,  ~g.without_identity, (g.operator_set_up, g.desk_alone),                         e.reinstate),
        Row(S.SUSPENDED,  c.ReinstateAccount, S.CONFIRMED,   LIBRARY,  g.without_identity, (g.operator_set_up, g.desk_alone),                          e.reinstate_incomplete),
        Row(KEPT,         c.NoticeExpiry,     SAME,          CLOCK,    ALWAYS, (g.next_step,),                                                                    e.notice_expiry),

        # identities, and what an institution chooses
        Row(OPEN,         c.BindIdentity,     SAME,          ANYBODY,  ALWAYS, (g.operator_set_up, g.identity_taken_here, g.none_of_that_kind),                   e.bind),
        Row((S.REGISTERED, S.CONFIRMED, S.SUSPENDED, S.DECLINED), c.ReleaseIdentity, SAME, ANYBODY, ALWAYS, (g.operator_set_up, g.one_is_bound, g.cleared_for_card),    e.release),
        Row(S.ACTIVE,     c.ReleaseIdentity,  SAME,          ANYBODY,  ~g.without_identity, (g.operator_set_up, g.one_is_bound, g.cleared_for_card),              e.release),
        Row(S.ACTIVE,     c.ReleaseIdentity,  S.CONFIRMED,   ANYBODY,  g.without_identity, (g.operator_set_up, g.one_is_bound, g.cleared_for_card),               e.release_needed),
        Row(KEPT,         c.ChooseMode,       SAME,          (HOLDER, STAFF), ALWAYS, (g.is_institution, g.mode_offered),                                         e.choose_mode),

        # cases and money: what is owed or held does not end with the account
        Row(ANY,          c.BookCase,         SAME,          SYSTEM,   ALWAYS, (),                                                                                e.book_case),
        Row(KEPT,         c.PayDeposit,       SAME,          LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone, g.amount_in_currency),                           e.pay_deposit),
        Row(ANY,          c.PayIn,            SAME,          LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone, g.amount_in_currency),                           e.pay_in),
        Row(ANY,          c.SettleAccountDues, SAME,       SYSTEM,   ALWAYS, (g.amount_in_currency,),                                                           e.settle),
        Row(ANY,          c.RefundDeposit,    SAME,          STAFF,    ALWAYS, (g.amount_in_currency, g.deposit_there, g.nothing_on_loan, g.nothing_owed, g.nothing_open), e.refund_deposit),
        Row(ANY,          c.GiveBack,         SAME,          STAFF,    ALWAYS, (g.amount_in_currency, g.prepayment_there, g.nothing_on_loan, g.nothing_owed, g.nothing_open), e.give_back),
        Row(ANY,          c.WaiveCharge,      SAME,          STAFF,    ALWAYS, (g.amount_in_currency, g.waivable),                                                e.waive),

        # leaving
        Row(ANY,          c.Clear,            SAME,          LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone, g.nothing_on_loan, g.nothing_owed, g.nothing_open), e.clear),
        Row(OPEN,         c.CloseAccount,     S.CLOSED,      LIBRARY,  ALWAYS, (g.operator_set_up, g.desk_alone, g.cleared_to_leave),                             e.close),
    ),
)


def _program(it: Identity | None, actor: Actor) -> tuple[IdentityRole, ...]:  # noqa: ARG001 -- the engine asks so
    """An identity is spoken to by the account's own commands alone."""
    return (IdentityRole.SYSTEM,) if actor.office is Office.SYSTEM else ()


I = IdentityState  # noqa: E741
IDENTITY: Final = Lifecycle(
    model=Identity,
    states=IdentityState,
    roles=IdentityRole,
    final=(),
    roles_of=_program,
    rows=(
        Row(OPENING,      c.ClaimIdentity,    I.BOUND,       IdentityRole.SYSTEM, ALWAYS,        (g.of_this_desk,),                                               e.open_identity),
        Row(I.RELEASED,   c.ClaimIdentity,    I.BOUND,       IdentityRole.SYSTEM, ALWAYS,        (g.of_this_desk,),                                               e.claim),
        Row(I.BOUND,      c.ClaimIdentity,    SAME,          IdentityRole.SYSTEM, ALWAYS,        (g.of_this_desk, g.identity_free),                               e.claim),
        Row(I.BOUND,      c.FreeIdentity,     I.RELEASED,    IdentityRole.SYSTEM, g.leads_here,  (g.of_this_desk,),                                               e.free),
        Row(I.BOUND,      c.FreeIdentity,     SAME,          IdentityRole.SYSTEM, ~g.leads_here, (g.of_this_desk,),                                               e.free),
        Row(I.RELEASED,   c.FreeIdentity,     SAME,          IdentityRole.SYSTEM, ALWAYS,        (g.of_this_desk,),                                               e.free),
    ),
)
