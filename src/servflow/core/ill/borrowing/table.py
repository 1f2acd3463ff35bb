"""The borrowing desk as a table. This file is the specification: read it first.

The borrowing case is one need of one patron at the requesting library. Columns: in state, on command,
to state, given by, when, needs, does. What no row names is refused. What a supplier says (``Hear...``)
is refused nowhere: its rows say where it leads when it is ours to hear, and ``_heard`` adds to them
that whatever has no place is taken down.

Rules that hold for the whole table (their evidence: section 6 of the canon of interlibrary loan):
a request to cancel moves nothing until it is answered, and what was shipped beats it; a cancellation
has an intent, to end the case or to leave this supplier; what a supplier says of an attempt that has
ended is shown to staff, and what it ships then gets a case of its own that sends it back; of several
suppliers asked at the same time one is in front, and where it leads the case goes, the first that promises
or ships gets there, and the case has no supplier only when none of them has the request; nothing
is overdue, recalled or renewed by a state.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.borrowing import centre as t
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import following as f
from servflow.core.ill.borrowing import guards as g
from servflow.core.ill.borrowing import hearing as h
from servflow.core.ill.borrowing import holding as k
from servflow.core.ill.borrowing import in_person as p
from servflow.core.ill.borrowing import ordering as o
from servflow.core.ill.borrowing import several as w
from servflow.core.ill.borrowing.charges import owed
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import BorrowingRole, CaseState
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Chooser, Effect, Lifecycle, Row

__all__ = ["BORROWING"]

S = CaseState
ANY = tuple(CaseState)
UNCHECKED = (S.SUBMITTED, S.BLOCKED, S.IN_REVIEW)
IDLE = (S.ROUTABLE, S.ROTA_EXHAUSTED, S.RETRY_OFFERED)  # approved, and with no supplier
WAITING = (S.SENT, S.EXPECTED)
WITH_THEM = f.WITH_THEM
HERE = (S.RECEIVED, S.ON_LOAN, S.AWAITING_RETURN)
OURS = (S.SHIPPED, *HERE)  # sent to us and not on its way back
OUT = (*OURS, S.RETURNED)
SUPPLIED = (*OUT, S.DELIVERED)

PATRON = BorrowingRole.PATRON
STAFF = BorrowingRole.STAFF
SYSTEM = BorrowingRole.SYSTEM
SUPPLIER = BorrowingRole.SUPPLIER
CLOCK = BorrowingRole.CLOCK
CENTRE = BorrowingRole.CENTRE
DESK = (STAFF, SYSTEM)
READER = (PATRON, STAFF)
HEARD = (SUPPLIER, STAFF)  # what a supplier says; staff enter what came by mail or telephone
ROUTERS = (*DESK, CENTRE)  # who says which suppliers are asked
ROUTING = (S.IN_REVIEW, S.ROUTABLE, S.RETRY_OFFERED, *WITH_THEM)  # it can be said who is asked next


def _roles(it: BorrowingCase | None, actor: Actor) -> tuple[BorrowingRole, ...]:
    """The library's staff and programs and the clock; its patron; any other institution, as a supplier.

    The centre that routes the case may be asked to supply as well. For an institution its staff and programs
    speak, never its readers or its clock; where it is itself the patron, they are that.
    """
    offices = {Office.STAFF: (STAFF,), Office.SYSTEM: (SYSTEM,), Office.CLOCK: (CLOCK,)}
    if it is None:
        return offices.get(actor.office, (PATRON,))
    if actor.serves == it.library:
        himself = (PATRON,) if actor.party == it.patron else ()
        return offices.get(actor.office, himself)
    if actor.office not in {Office.STAFF, Office.SYSTEM}:
        return ()
    centre = (CENTRE,) if actor.serves == it.routed_by else ()
    return (*centre, *((PATRON,) if actor.serves == it.patron else ()), SUPPLIER)


def _reads(it: BorrowingCase | None, command: Command) -> tuple[Key, ...]:
    """The patron's account; the case that sends back what came too late; another one that goes on."""
    if it is None:
        return (Key(IllAccount.kind, command.patron),) if isinstance(command, c.OpenReturn) else ()
    account = Key(IllAccount.kind, it.patron)
    if isinstance(command, c.Resubmit):
        return (account, Key(BorrowingCase.kind, command.successor))
    if isinstance(command, c.CloseAsDuplicate):
        return (account, Key(BorrowingCase.kind, command.other))
    attempt = it.numbered(command.attempt) if isinstance(command, c.Hear) else None
    if attempt is None or not attempt.state.ended:
        return (account,)
    return (account, Key(BorrowingCase.kind, g.returns_of(it, attempt.number)))


MAY_CHANGE_AGAIN = (c.HearReceived, c.HearExpect, c.HearPromise, c.HearOffer, c.HearRenewalAnswer, c.HearHoldReturn)
"""What a supplier may say one way and then the other: said before something that was heard, it is past."""


def _heard(
    command: type[c.Hear],
    *rows: tuple[tuple[CaseState, ...], Enum, Chooser, Effect],
    beside: tuple[tuple[Enum, Chooser, Effect], ...] = (),
    otherwise: Effect = h.out_of_place,
) -> Iterator[Row]:
    """Where something heard from a supplier leads, in every state.

    As the rows say if it is ours to hear, as ``beside`` says where another supplier is in front, otherwise
    it is taken down. What was shipped by somebody whose attempt has ended is sent back.
    """
    placed = {state for states, _, _, _ in rows for state in states}
    last = command in MAY_CHANGE_AGAIN
    for states, to, when, does in rows:
        yield Row(states, command, to, HEARD, g.ours & ~g.overtaken & when if last else g.ours & when, (), does)
    if last:
        yield Row(tuple(s for s in ANY if s in placed), command, SAME, HEARD, g.ours & g.overtaken, (), h.heard)
    its = ~g.ours & w.beside
    for to, when, does in beside:
        yield Row(WITH_THEM, command, to, HEARD, its & ~g.overtaken & when if last else its & when, (), does)
    if last and beside:
        yield Row(WITH_THEM, command, SAME, HEARD, its & g.overtaken, (), h.heard)
    several = WITH_THEM if beside else ()
    known = tuple(s for s in ANY if s in placed and s not in several)
    unknown = tuple(s for s in ANY if s not in placed)
    for states, stranger in ((several, ~g.ours & ~w.beside), (known, ~g.ours), (unknown, ALWAYS)):
        if states and command is c.HearShipped:
            yield Row(states, command, SAME, HEARD, stranger & g.stray, (), h.send_back)
            yield Row(states, command, SAME, HEARD, stranger & ~g.stray, (), otherwise)
        elif states:
            yield Row(states, command, SAME, HEARD, stranger, (), otherwise)


# fmt: off
BORROWING: Final = Lifecycle(
    model=BorrowingCase,
    states=CaseState,
    roles=BorrowingRole,
    final=(S.CLOSED,),
    roles_of=_roles,
    reads=_reads,
    follow=f.follow,
    next_wake=f.next_wake,
    wake=f.wake,
    owed=owed,
    rows=(
        #   in state                    on command           to state            given by                 when            needs                                                              does
        # the request, until it is with a supplier
        Row(OPENING,                    c.DraftRequest,      S.DRAFT,            (PATRON, STAFF, SYSTEM), ALWAYS,         (g.own_case, g.own_currency),                                      o.draft),
        Row(S.DRAFT,                    c.AmendRequest,      SAME,               READER,                  ALWAYS,         (g.own_currency,),                                                 o.amend),
        Row(S.IN_REVIEW,                c.AmendRequest,      SAME,               STAFF,                   ALWAYS,         (g.own_currency, g.account_bears_change),                          o.amend),
        Row((S.ROUTABLE, S.ROTA_EXHAUSTED), c.AmendRequest, SAME,   STAFF,                   ALWAYS,         (g.own_currency, g.service_kept, g.account_bears_change),                         o.amend),
        Row(S.DRAFT,                    c.Submit,            S.SUBMITTED,        READER,                  ALWAYS,         f.COMPLETE,                                                        o.submit),
        Row((S.DRAFT, *UNCHECKED, *IDLE), c.Withdraw,        S.CLOSED,           READER,                  ALWAYS,         (),                                                                o.withdraw),
        Row(S.SUBMITTED,                c.Block,             S.BLOCKED,          DESK,                    ALWAYS,         (),                                                                o.block),
        Row(S.SUBMITTED,                c.Refer,             S.IN_REVIEW,        DESK,                    ALWAYS,         (),                                                                o.refer),
        Row(S.SUBMITTED,                c.ApproveRequest,    S.ROUTABLE,         DESK,                    ALWAYS,         (g.within_limits, g.copyright_known, p.registered, g.after_filing),                o.approve),
        Row(S.IN_REVIEW,                c.ApproveRequest,    S.ROUTABLE,         STAFF,                   ALWAYS,         (g.is_cited, g.copyright_known, p.registered, g.after_filing, g.account_bears),    o.approve),
        Row(UNCHECKED,                  c.RegisterAtDesk,    SAME,               STAFF,                   ALWAYS,         (p.one_of_our_desks, p.card_and_form, g.after_filing),             p.register),
        Row(S.BLOCKED,                  c.Recheck,           S.SUBMITTED,        (PATRON, STAFF, SYSTEM), ALWAYS,         (),                                                                o.recheck),
        Row(S.BLOCKED,                  c.OverrideBlock,     S.IN_REVIEW,        STAFF,                   ALWAYS,         (g.overridable, g.after_filing),                                                  o.override),
        Row((S.IN_REVIEW, S.ROUTABLE, S.ROTA_EXHAUSTED, S.RETRY_OFFERED, S.OFFERED), c.OverrideBlock, SAME, STAFF, ALWAYS, (g.vouchable, g.after_filing),                                o.vouch),
        Row(S.IN_REVIEW,                c.CloseAsDuplicate,  S.CLOSED,           STAFF,                   ALWAYS,         (g.other_case, g.after_filing),                                                   o.duplicate),
        Row((S.IN_REVIEW, *IDLE),       c.FillLocally,       S.CLOSED,           STAFF,                   ALWAYS,         (g.after_filing,),                                                                o.fill_locally),
        Row(UNCHECKED,                  c.DeclineRequest,    S.CLOSED,           STAFF,                   ALWAYS,         (g.after_filing,),                                                                o.decline),
        Row((*UNCHECKED, *IDLE),        c.Expire,            S.CLOSED,           CLOCK,                   ALWAYS,         (g.need_passed,),                                                  o.expire),
        # suppliers
        Row(ROUTING,                    c.SetRota,           SAME,               ROUTERS,                 ALWAYS,         (g.not_ourselves, p.partners_only, t.rota_ours),                                    o.set_rota),
        Row(S.ROTA_EXHAUSTED,           c.SetRota,           S.ROUTABLE,         ROUTERS,                 ALWAYS,         (g.not_ourselves, g.with_somebody, p.partners_only, t.rota_ours),                   o.set_rota),
        Row(ROUTING,                    c.HearRota,          SAME,               (CENTRE, *HEARD),        t.of_the_centre, (t.shown,),                                                       o.set_rota),
        Row(S.ROTA_EXHAUSTED,           c.HearRota,          S.ROUTABLE,         (CENTRE, *HEARD),        t.of_the_centre & t.names_somebody, (t.shown,),                                    o.set_rota),
        Row(S.ROTA_EXHAUSTED,           c.HearRota,          SAME,               (CENTRE, *HEARD),        t.of_the_centre & ~t.names_somebody, (t.shown,),                                   h.heard),
        Row((*ROUTING, S.ROTA_EXHAUSTED), c.HearRota,        SAME,               (CENTRE, *HEARD),        ~t.of_the_centre, (t.shown,),                                                      t.rota_not_taken),
        Row((S.DRAFT, S.SUBMITTED, S.BLOCKED, *SUPPLIED, S.LOST, S.CLOSED), c.HearRota, SAME, (CENTRE, *HEARD), ALWAYS,  (t.shown,),                                                        t.rota_not_taken),
        Row(S.ROUTABLE,                 c.AskCentre,         SAME,               DESK,                    ALWAYS,         (t.has_centre,),                                                   t.ask_centre),
        Row(S.ROUTABLE,                 c.SkipSupplier,      SAME,               ROUTERS,                 ALWAYS,         (g.next_there, t.rota_ours),                                       o.skip),
        Row(S.ROUTABLE,                 c.Send,              S.SENT,             ROUTERS,                 ALWAYS,         (g.next_there, g.next_takes, g.next_serves, g.next_partner, g.not_before_retry, g.still_needed, g.copyright_cleared, g.account_bears, t.rota_ours), o.send),
        Row(S.ROUTABLE,                 c.Send,              S.SENT,             CLOCK,                   g.next_open,    (g.next_there, g.not_before_retry, g.still_needed, g.copyright_cleared, g.account_bears),                o.send),
        Row(S.ROUTABLE,                 c.Send,              SAME,               CLOCK,                   ~g.next_open,   (g.not_before_retry, g.still_needed, g.copyright_cleared),                              o.skip),
        Row(S.ROUTABLE,                 c.GoOnWith,          S.PROMISED,         SYSTEM,                  w.stands_promised, (w.also_asked,),                                                w.go_on),
        Row(S.ROUTABLE,                 c.GoOnWith,          S.OFFERED,          SYSTEM,                  ~w.stands_promised & w.stands_offered, (w.also_asked,),                            w.go_on),
        Row(S.ROUTABLE,                 c.GoOnWith,          S.EXPECTED,         SYSTEM,                  ~w.stands_promised & ~w.stands_offered & w.stands_expected, (w.also_asked,),       w.go_on),
        Row(S.ROUTABLE,                 c.GoOnWith,          S.SENT,             SYSTEM,                  ~w.stands_promised & ~w.stands_offered & ~w.stands_expected, (w.also_asked,),      w.go_on),
        Row(S.OFFERED,                  c.GoOnWith,          SAME,               DESK,                    ALWAYS,         (w.also_asked, w.offers_terms),                                    w.go_on),
        Row((*WITH_THEM, S.SHIPPED, S.RECEIVED, S.DELIVERED), c.LeaveSupplier, SAME, DESK,                ALWAYS,         (w.also_asked,),                                                   w.leave),
        Row(S.ROUTABLE,                 c.Exhaust,           S.ROTA_EXHAUSTED,   DESK,                    ALWAYS,         (g.nobody_ahead,),                                                 o.exhaust),
        Row(S.ROTA_EXHAUSTED,           c.GiveUp,            S.CLOSED,           DESK,                    ALWAYS,         (g.given_up_by_rule,),                                             o.give_up),
        Row((S.ROTA_EXHAUSTED, S.RETRY_OFFERED), c.Resubmit, S.CLOSED,           STAFF,                   ALWAYS,         (g.successor_free,),                                               o.resubmit),
        Row(WITH_THEM,                  c.Expire,            SAME,               CLOCK,                   ALWAYS,         (g.need_passed, g.not_cancelling),                                 o.expire_with_supplier),
        Row(WAITING,                    c.TimeOut,           S.CLOSED,           (CLOCK, STAFF),          ~w.of_one_beside & w.silence_ends, (g.answer_overdue,),                            o.time_out),
        Row(WAITING,                    c.TimeOut,           S.ROUTABLE,         (CLOCK, STAFF),          ~w.of_one_beside & ~w.silence_ends, (g.answer_overdue,),                           o.time_out),
        Row(WAITING,                    c.TimeOut,           SAME,               (CLOCK, STAFF),          w.of_one_beside, (w.also_asked, w.is_overdue),                                     w.time_out_beside),
        Row((S.PROMISED, S.OFFERED),    c.TimeOut,           SAME,               (CLOCK, STAFF),          ALWAYS,         (w.also_asked, w.is_overdue),                                      w.time_out_beside),
        Row((S.PROMISED, S.OFFERED, S.SHIPPED, S.DELIVERED), c.NoteDelay, SAME,               CLOCK,                   ALWAYS,         (g.is_delayed,),                                                   o.note_delay),
        Row((*WITH_THEM, *OUT, S.LOST), c.QueryStatus,       SAME,               DESK,                    ALWAYS,         (),                                                                o.query_status),
        Row(S.OFFERED,                  c.AcceptOffer,       S.PROMISED,         READER,                  ALWAYS,         (g.offer_named, g.of_now, g.not_lapsed, g.not_cancelling, g.after_asking, g.account_bears_offer),         o.accept_offer),
        Row(S.OFFERED,                  c.AcceptOffer,       S.PROMISED,         SYSTEM,                  ALWAYS,         (g.offer_named, g.of_now, g.not_lapsed, g.not_cancelling, g.within_cap, g.after_asking, g.account_bears_offer), o.accept_offer),
        Row(S.OFFERED,                  c.RejectOffer,       SAME,               (PATRON, STAFF, SYSTEM), ALWAYS,         (g.offer_named, g.of_now, g.not_cancelling, g.patron_ends, g.after_asking),        o.reject_offer),
        Row(WITH_THEM,                  c.CancelRequest,     SAME,               (PATRON, STAFF, SYSTEM), ALWAYS,         (g.not_cancelling_so, g.patron_ends, g.after_asking),                              o.cancel),
        Row(WITH_THEM,                  c.Abandon,           S.CLOSED,           (STAFF, CLOCK),          g.cancel_ends,  (g.cancel_overdue,),                                               o.abandon),
        Row(WITH_THEM,                  c.Abandon,           S.ROUTABLE,         (STAFF, CLOCK),          ~g.cancel_ends, (g.cancel_overdue,),                                               o.abandon),
        Row((S.RETRY_OFFERED, S.ROTA_EXHAUSTED), c.AcceptRetry, S.ROUTABLE,      STAFF,                   ALWAYS,         (g.own_currency, g.retry_there, g.retry_open, g.account_bears_offer),                     o.accept_retry),
        Row(S.ROUTABLE,                 c.AcceptRetry,       SAME,               STAFF,                   ALWAYS,         (g.own_currency, g.retry_there, g.retry_open, g.account_bears_offer),                     o.accept_retry),
        Row(S.RETRY_OFFERED,            c.AcceptRetry,       S.ROUTABLE,         SYSTEM,                  ALWAYS,         (g.own_currency, g.retry_there, g.retry_open, g.within_cap, g.account_bears_offer),       o.accept_retry),
        Row(S.RETRY_OFFERED,            c.DeclineRetry,      S.ROUTABLE,         DESK,                    ALWAYS,         (),                                                                o.decline_retry),
        Row(S.RETRY_OFFERED,            c.DeclineRetry,      S.ROUTABLE,         CLOCK,                   ALWAYS,         (g.retry_lapsed,),                                                 o.decline_retry),
        # what is here
        Row(OPENING,                    c.OpenReturn,        S.SHIPPED,          SYSTEM,                  ALWAYS,         (g.opened_by_policy,),                                            h.open_return),
        Row(S.SHIPPED,                  c.Receive,           S.DELIVERED,        STAFF,                   g.comes_as_copy & g.last_to_come,  (g.pieces_on_the_way, g.after_shipping, w.whose, p.not_over, p.within_term), k.receive),
        Row(S.SHIPPED,                  c.Receive,           S.RECEIVED,         STAFF,                   ~g.comes_as_copy & g.last_to_come, (g.pieces_on_the_way, g.after_shipping, w.whose, p.not_over, p.within_term), k.receive),
        Row(S.SHIPPED,                  c.Receive,           SAME,               STAFF,                   ~g.last_to_come, (g.pieces_on_the_way, g.after_shipping, w.whose, p.not_over, p.within_term),      k.receive),
        Row(HERE,                       c.Receive,           SAME,               STAFF,                   ALWAYS,         (g.more_on_the_way, g.pieces_on_the_way, g.after_shipping, w.whose, p.not_over, p.within_term), k.receive),
        Row(S.RETURNED,                 c.Receive,           S.AWAITING_RETURN,  STAFF,                   ALWAYS,         (g.more_on_the_way, g.pieces_on_the_way, g.after_shipping, w.whose, p.not_over, p.within_term), k.receive),
        Row(WITH_THEM,                  c.Receive,           S.DELIVERED,        STAFF,                   g.will_come,    (g.said_unannounced, g.after_asking, w.whose, p.not_over, p.within_term), w.from_whom(k.receive)),
        Row(WITH_THEM,                  c.Receive,           S.RECEIVED,         STAFF,                   ~g.will_come,   (g.said_unannounced, g.shows_what_came, g.after_asking, w.whose, p.not_over, p.within_term), w.from_whom(k.receive)),
        Row((S.RECEIVED, S.AWAITING_RETURN), c.CheckOut,     S.ON_LOAN,          STAFF,                   ALWAYS,         (g.for_the_patron, g.something_here, g.not_recalled, g.not_past_due, g.conditions_acknowledged, p.at_his_desk, p.signs, p.within_window, g.after_receipt), k.check_out),
        Row((S.RECEIVED, S.DELIVERED),  c.SetPickUp,         SAME,               STAFF,                   ALWAYS,         (g.for_the_patron, p.not_over, p.within_term, g.after_receipt),    p.set_pick_up),
        Row(S.ON_LOAN,                  c.TakeBack,          S.AWAITING_RETURN,  STAFF,                   ALWAYS,         (p.at_his_desk, g.after_check_out),                                k.take_back),
        Row((S.RECEIVED, S.AWAITING_RETURN), c.ShipBack,     S.RETURNED,         STAFF,                   g.last_to_go,   (g.something_here, g.pieces_here, g.not_held, g.after_receipt),                                       k.ship_back),
        Row((S.RECEIVED, S.AWAITING_RETURN), c.ShipBack,     SAME,               STAFF,                   ~g.last_to_go,  (g.something_here, g.pieces_here, g.not_held, g.after_receipt),                                       k.ship_back),
        Row(HERE,                       c.RenewLoan,         SAME,               READER,                  ALWAYS,         (g.for_the_patron, g.renewable, g.not_recalled, g.after_receipt),                   k.ask_renewal),
        Row(S.ON_LOAN,                  c.RemindPatron,      SAME,               (CLOCK, STAFF),          ALWAYS,         (g.next_notice,),                                                  k.remind),
        Row(S.DELIVERED,                c.HandOver,          S.CLOSED,           (STAFF, SYSTEM, CLOCK),  ALWAYS,         (g.claim_over, g.after_receipt),                                                   k.hand_over),
        Row(S.DELIVERED,                c.ReportDefect,      SAME,               READER,                  ALWAYS,         (g.after_receipt,),                                                                k.report_defect),
        Row((*HERE, S.RETURNED, S.DELIVERED), c.ReportDamage, SAME,              STAFF,                   ALWAYS,         (g.piece_of_case, g.after_receipt),                                                                k.report_damage),
        Row(S.SHIPPED,                  c.RecordLoss,        S.LOST,             STAFF,                   g.loses_all,    (g.pieces_out, g.had_by_patron, g.after_shipping),                                                   k.lose),
        Row(S.SHIPPED,                  c.RecordLoss,        S.DELIVERED,        STAFF,                   ~g.loses_all & g.rest_has_come & g.comes_as_copy, (g.pieces_out, g.had_by_patron, g.after_shipping), k.lose),
        Row(S.SHIPPED,                  c.RecordLoss,        S.RECEIVED,         STAFF,                   ~g.loses_all & g.rest_has_come & ~g.comes_as_copy, (g.pieces_out, g.had_by_patron, g.after_shipping), k.lose),
        Row(S.SHIPPED,                  c.RecordLoss,        SAME,               STAFF,                   ~g.loses_all & ~g.rest_has_come, (g.pieces_out, g.had_by_patron, g.after_shipping),                  k.lose),
        Row((*HERE, S.RETURNED),        c.RecordLoss,        S.LOST,             STAFF,                   g.loses_all,    (g.pieces_out, g.had_by_patron, g.after_shipping),                                   k.lose),
        Row((*HERE, S.RETURNED),        c.RecordLoss,        SAME,               STAFF,                   ~g.loses_all,   (g.pieces_out, g.had_by_patron, g.after_shipping),                                   k.lose),
        Row(S.LOST,                     c.RecordFound,       S.DELIVERED,        STAFF,                   g.comes_as_copy, (g.pieces_lost, g.after_loss),                                                               k.found),
        Row(S.LOST,                     c.RecordFound,       S.AWAITING_RETURN,  STAFF,                   ~g.comes_as_copy, (g.pieces_lost, g.after_loss),                                                              k.found),
        Row(OURS,                       c.RecordFound,       SAME,               STAFF,                   ALWAYS,         (g.pieces_lost, g.after_loss),                                     k.found),
        Row(S.RETURNED,                 c.RecordFound,       S.AWAITING_RETURN,  STAFF,                   ALWAYS,         (g.pieces_lost, g.after_loss),                                     k.found),
        Row(S.LOST,                     c.CloseLoss,         S.CLOSED,           STAFF,                   ALWAYS,         (g.after_loss,),                                                                k.settle_loss),
        Row(S.RETURNED,                 c.CloseUnconfirmed,  S.CLOSED,           (STAFF, CLOCK),          ALWAYS,         (g.unconfirmed_long,),                                             k.close_unconfirmed),
        Row((*SUPPLIED, S.LOST),        c.AssessCase,        SAME,               DESK,                    ALWAYS,         (),                                                                k.post_charges),
        Row((*SUPPLIED, S.LOST),        c.CloseCaseManually, S.CLOSED,           STAFF,                   ALWAYS,         (),                                                                k.close_by_hand),
        Row(ANY,                        c.ClearAttention,    SAME,               STAFF,                   ALWAYS,         (g.has_attention,),                                                k.clear),
        Row(S.SENT,                     c.Undo,              S.ROUTABLE,         STAFF,                   ALWAYS,         (g.undoable,),                                                     k.undo),
        Row((S.RECEIVED, S.DELIVERED),  c.Undo,              S.SHIPPED,          STAFF,                   ALWAYS,         (g.undoable,),                                                     k.undo),
        Row(S.AWAITING_RETURN,          c.Undo,              S.ON_LOAN,          STAFF,                   ALWAYS,         (g.undoable,),                                                     k.undo),
        Row((S.ON_LOAN, S.RETURNED),    c.Undo,              S.RECEIVED,         STAFF,                   g.was_received, (g.undoable,),                                                     k.undo),
        Row((S.ON_LOAN, S.RETURNED),    c.Undo,              S.AWAITING_RETURN,  STAFF,                   ~g.was_received, (g.undoable,),                                                    k.undo),
        # heard from the supplier
        #       what is said            in state             to state            when             does
        *_heard(c.HearReceived,         (WITH_THEM,          SAME,               ALWAYS,          h.heard),
                beside=(                                    (SAME,               ALWAYS,          h.heard),)),
        *_heard(c.HearExpect,           (WAITING,            S.EXPECTED,         ALWAYS,          h.expected),
                                        ((S.PROMISED,),      S.EXPECTED,         ALWAYS,          h.expected),
                                        ((S.OFFERED,),       S.EXPECTED,         ~g.offer_open,   h.expected),
                                        ((S.OFFERED,),       SAME,               g.offer_open,    h.out_of_place),
                beside=(                                    (SAME,               ~w.its_offer_open, w.aside(h.expected, S.EXPECTED)),
                                                            (SAME,               w.its_offer_open,  h.out_of_place))),
        *_heard(c.HearPromise,          (WITH_THEM,          S.PROMISED,         ALWAYS,          h.promised),
                beside=(                                    (S.PROMISED,         ~w.being_left,   w.leads(h.promised)),
                                                            (SAME,               w.being_left,    w.aside(h.promised, S.PROMISED))),
                otherwise=w.late),
        *_heard(c.HearOffer,            (WITH_THEM,          S.OFFERED,          g.newer_offer,   h.offered),
                                        (WITH_THEM,          SAME,               ~g.newer_offer,  h.heard),
                beside=(                                    (S.OFFERED,          g.newer_offer & ~g.offer_open, w.leads(h.offered)),
                                                            (SAME,               g.newer_offer & g.offer_open,  w.aside(h.offer_kept, S.OFFERED)),
                                                            (SAME,               ~g.newer_offer,  h.heard)),
                otherwise=w.late),
        *_heard(c.HearUnfilled,         (WITH_THEM,          S.CLOSED,           g.cancel_ends,   h.unfilled),
                                        (WITH_THEM,          S.ROUTABLE,         ~g.cancel_ends,  h.unfilled),
                beside=(                                    (SAME,               ALWAYS,          w.aside(h.unfilled)),)),
        *_heard(c.HearRetry,            (WITH_THEM,          S.CLOSED,           g.cancel_ends,   h.retry),
                                        (WITH_THEM,          S.RETRY_OFFERED,    ~g.cancel_ends & w.alone,  h.retry),
                                        (WITH_THEM,          S.ROUTABLE,         ~g.cancel_ends & ~w.alone, h.retry_noted),
                beside=(                                    (SAME,               ALWAYS,          w.aside(h.retry_noted)),)),
        *_heard(c.HearWithdrawn,        (WITH_THEM,          S.CLOSED,           g.cancel_ends,   h.withdrawn_by_supplier),
                                        (WITH_THEM,          S.ROUTABLE,         ~g.cancel_ends,  h.withdrawn_by_supplier),
                beside=(                                    (SAME,               ALWAYS,          w.aside(h.withdrawn_by_supplier)),)),
        *_heard(c.HearShipped,          (WITH_THEM,          S.DELIVERED,        g.sent_online,   h.shipped),
                                        (WITH_THEM,          S.SHIPPED,          ~g.sent_online,  h.shipped),
                                        ((S.SHIPPED,),       S.DELIVERED,        g.comes_as_copy & g.sent_online, h.link_came),
                                        ((S.SHIPPED,),       SAME,               g.comes_as_copy & ~g.sent_online, h.shipped_again),
                                        ((S.SHIPPED,),       SAME,               ~g.comes_as_copy, h.shipped_again),
                                        ((*HERE, S.RETURNED), SAME,              ALWAYS,          h.shipped_again),
                                        ((S.DELIVERED,),     SAME,               ALWAYS,          h.replaced),
                beside=(                                    (S.DELIVERED,        g.sent_online,   w.leads(h.shipped)),
                                                            (S.SHIPPED,          ~g.sent_online,  w.leads(h.shipped)))),
        *_heard(c.HearCancelAnswer,     (WITH_THEM,          S.CLOSED,           g.cancel_pending & g.answered_yes & g.cancel_ends,  h.cancel_granted),
                                        (WITH_THEM,          S.ROUTABLE,         g.cancel_pending & g.answered_yes & ~g.cancel_ends, h.cancel_granted),
                                        (WITH_THEM,          SAME,               g.cancel_pending & ~g.answered_yes,                 h.cancel_not_granted),
                                        (WITH_THEM,          SAME,               ~g.cancel_pending,                                  h.out_of_place),
                                        ((*SUPPLIED, S.LOST, S.CLOSED), SAME,    ALWAYS,          h.cancel_answered_late),
                beside=(                                    (SAME,               w.its_cancel_pending & g.answered_yes,  w.aside(h.cancel_granted)),
                                                            (SAME,               w.its_cancel_pending & ~g.answered_yes, w.aside(h.cancel_not_granted)),
                                                            (SAME,               ~w.its_cancel_pending,                  h.out_of_place))),
        *_heard(c.HearRenewalAnswer,    (OURS,               SAME,               ALWAYS,          h.renewal_answered)),
        *_heard(c.HearRecall,           (OURS,               SAME,               ALWAYS,          h.recalled)),
        *_heard(c.HearOverdue,          (OURS,               SAME,               ALWAYS,          h.overdue_noticed)),
        *_heard(c.HearHoldReturn,       (OURS,               SAME,               ALWAYS,          h.hold_return)),
        *_heard(c.HearLost,             ((S.SHIPPED, S.RETURNED), S.LOST,        ALWAYS,          h.lost_by_supplier)),
        *_heard(c.HearNoReturnNeeded,   ((*OUT, S.LOST),     S.CLOSED,           ALWAYS,          h.kept)),
        *_heard(c.HearCheckedIn,        ((*OUT, S.LOST),     S.CLOSED,           ALWAYS,          h.checked_in)),
        *_heard(c.HearStatus,           (ANY,                SAME,               ALWAYS,          h.status_heard),
                beside=(                                    (SAME,               ALWAYS,          w.aside(h.status_heard)),)),
        *_heard(c.HearCosts,            (ANY,                SAME,               ALWAYS,          h.heard),
                beside=(                                    (SAME,               ALWAYS,          h.heard),)),
        *_heard(c.HearNotification,     otherwise=h.filed),
    ),
)
# fmt: on
