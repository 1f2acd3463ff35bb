"""The service ticket as a table. This file is the specification: read it first.

Columns: in stage, on command, to stage, given by, when, needs, does. What no row names is refused. Where a
stage is too early for something that people try all the same (a signature before the service is done, a
closing while the shop has the unit), a row is there whose guard says why, with its clause.

The stage says how far the service has come; who pays, who has the unit, what it waits for, complaints and how
high it was escalated are facets beside it, each with commands of its own that change no stage.

A customer's word is heard from him, or from staff who enter it with what it is known by. An engineer acts on
his own visit only. A rulebook's checklists are asked in ``complete`` at every step that has a word
(``ShowingCommand.step``).

Where the cause is known only on the spot or in the shop, somebody is sent there, or begins, for an inspection:
it is decided there who pays, the customer is quoted there, and nothing is done before he agreed (AS-FLOW-12).

Every row of a service that is not done needs ``not_ahead_of_the_work``, too: what is shown with a step is
never the customer's signature for the service (AS-FLOW-3). Every row needs ``answers_asked``: any step may
bring answers; and ``in_order``: what is entered late happened after what it follows on. What the customer may
say needs ``firms_word``: he shows nothing that only the firm can say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from servflow.core.aftersales.tickets import billing as b
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import custody as k
from servflow.core.aftersales.tickets import ending as e
from servflow.core.aftersales.tickets import ground as g
from servflow.core.aftersales.tickets import intake as i
from servflow.core.aftersales.tickets import papers as p
from servflow.core.aftersales.tickets import promising as t
from servflow.core.aftersales.tickets import visiting as v
from servflow.core.aftersales.tickets import working as w
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.reading import reads
from servflow.core.aftersales.tickets.states import Stage, TicketRole
from servflow.core.aftersales.tickets.wakes import next_wake, wake
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["TICKET"]

S = Stage
R = TicketRole

BEFORE = (S.REPORTED, S.TRIAGED, S.COVERED, S.QUOTED, S.APPROVED)  # nobody is at work on it
AT_WORK = (S.DISPATCHED, S.ON_SITE, S.IN_SHOP)
UNDONE = (*BEFORE, *AT_WORK)
DONE = (S.REPAIRED, S.ACCEPTED, S.FOLLOWED_UP)
OPEN = (*UNDONE, *DONE, S.DECLINED)
OVER = (S.CLOSED, S.REJECTED, S.CANCELLED)
ALL = tuple(S)

CUSTOMER, DESK, COORDINATOR, ENGINEER = R.CUSTOMER, R.DESK, R.COORDINATOR, R.ENGINEER
STORES, QUALITY, FINANCE, SUPERVISOR = R.STORES, R.QUALITY, R.FINANCE, R.SUPERVISOR
SYSTEM, CLOCK = R.SYSTEM, R.CLOCK
WORD = (CUSTOMER, DESK, COORDINATOR, ENGINEER, STORES, SUPERVISOR)  # the customer's word, from him or entered
PLANNING = (COORDINATOR, SUPERVISOR)
FIELD = (ENGINEER, COORDINATOR, SUPERVISOR)
STAFF = (DESK, COORDINATOR, ENGINEER, STORES, QUALITY, FINANCE, SUPERVISOR)

ROWS: Final = (
    #   in stage                     on command              to stage       given by                       when                              needs                                                              does
    # the report, and who pays
    Row(OPENING,                     c.ReportFault,          S.REPORTED,    (CUSTOMER, DESK, COORDINATOR, ENGINEER, SUPERVISOR), ALWAYS,     (g.for_this_firm, i.speaks_for_himself, i.channel_listed, i.answers_known, g.complete), i.take_down),
    Row(S.REPORTED,                  c.Triage,               S.TRIAGED,     (DESK, COORDINATOR, SUPERVISOR), ALWAYS,                         (i.unit_named_once, i.answers_known, i.promises_known, g.complete), i.triage),
    Row((S.TRIAGED, S.COVERED, S.QUOTED, S.APPROVED, *AT_WORK), c.ChangeSeverity, SAME, (DESK, *PLANNING), ALWAYS,                          (i.answers_known, i.promises_known),                               t.change_severity),
    Row(UNDONE,                      c.CorrectReport,        SAME,          (DESK, *FIELD),                ALWAYS,                           (v.own_visit, i.answers_known, i.promises_known),                  t.correct_report),
    Row((S.REPORTED, S.TRIAGED, S.COVERED), c.RejectTicket,  S.REJECTED,    (DESK, COORDINATOR, QUALITY, SUPERVISOR), ALWAYS,                (k.nothing_in_firms_hands, e.no_complaint_open, e.nothing_done),                   e.reject),
    Row(S.TRIAGED,                   c.DecideCoverage,       S.COVERED,     (QUALITY, SUPERVISOR),         ALWAYS,                           (g.not_barred, i.answers_known, i.verdict_known, i.goodwill_by_supervisor, g.complete), i.decide_coverage),
    Row(AT_WORK,                     c.DecideCoverage,       SAME,          (QUALITY, SUPERVISOR),         ALWAYS,                           (i.not_decided_yet, g.not_barred, i.answers_known, i.verdict_known, i.goodwill_by_supervisor, g.complete), i.decide_coverage),
    Row((S.COVERED, S.QUOTED, S.APPROVED, *AT_WORK, S.REPAIRED), c.ReviseCoverage, SAME, SUPERVISOR, ALWAYS,                                 (i.answers_known, i.verdict_known, g.complete),                    i.revise_coverage),
    Row((S.COVERED, S.QUOTED),       c.GiveQuote,            S.QUOTED,      (COORDINATOR, SUPERVISOR),     ALWAYS,                           (g.not_barred, b.somebody_pays, b.lines_fit, b.validity_said, g.complete), b.give_quote),
    Row((S.ON_SITE, S.IN_SHOP),      c.GiveQuote,            SAME,          (*PLANNING, ENGINEER),         ALWAYS,                           (g.not_barred, v.own_visit, b.somebody_pays, b.lines_fit, b.validity_said, g.complete), b.give_quote),
    Row((S.REPORTED, S.TRIAGED),     c.GiveQuote,            SAME,          (DESK, COORDINATOR, SUPERVISOR), ALWAYS,                         (g.not_barred, b.coverage_decided),                                None),
    Row((S.COVERED, S.QUOTED, S.ON_SITE, S.IN_SHOP), c.GiveQuote, SAME, DESK,                              ALWAYS,                           (b.quoting_is_not_theirs,),                                        None),
    Row(S.QUOTED,                    c.AcceptQuote,          S.IN_SHOP,     WORD,                          k.unit_in_shop,                   (g.customers_word, v.own_visit, b.quote_stands, g.complete),                    b.accept_quote),
    Row(S.QUOTED,                    c.AcceptQuote,          S.APPROVED,    WORD,                          ~k.unit_in_shop,                  (g.customers_word, v.own_visit, b.quote_stands, g.complete),                    b.accept_quote),
    Row((S.ON_SITE, S.IN_SHOP),      c.AcceptQuote,          SAME,          WORD,                          ALWAYS,                           (g.customers_word, v.own_visit, b.quote_stands, g.complete),                    b.accept_quote),
    Row((S.QUOTED, S.ON_SITE, S.IN_SHOP), c.DeclineQuote, S.DECLINED, WORD,                                ALWAYS,                           (g.customers_word, v.own_visit, b.quote_open, b.own_currency),                  b.decline_quote),
    Row((S.QUOTED, S.ON_SITE, S.IN_SHOP), c.LapseQuote, S.DECLINED, (CLOCK, COORDINATOR, SUPERVISOR),      ALWAYS,                           (b.quote_lapsed,),                                                 b.lapse_quote),
    Row(S.COVERED,                   c.ApproveFree,          S.IN_SHOP,     (*PLANNING, QUALITY),          k.unit_in_shop,                   (b.nothing_to_pay, g.complete),                                    b.approve_free),
    Row(S.COVERED,                   c.ApproveFree,          S.APPROVED,    (*PLANNING, QUALITY),          ~k.unit_in_shop,                  (b.nothing_to_pay, g.complete),                                    b.approve_free),

    # by telephone and from afar
    Row((S.TRIAGED, S.COVERED, S.APPROVED, S.DISPATCHED), c.AdviseRemotely, S.REPAIRED, (DESK, *FIELD),  v.solved,                         (v.access_authorised, v.not_held, v.own_visit, k.nothing_in_firms_hands, g.complete), v.solve_remotely),
    Row((S.TRIAGED, S.COVERED, S.APPROVED, S.DISPATCHED), c.AdviseRemotely, SAME,       (DESK, *FIELD),  ~v.solved,                        (v.access_authorised, v.own_visit, g.complete),                                 v.note_help),

    # the visit
    Row(S.APPROVED,                  c.Dispatch,             S.DISPATCHED,  PLANNING,                      ALWAYS,                           (g.not_barred, v.not_held, v.unit_not_with_us, v.window_agreed, v.technician_free, v.technician_qualified, g.complete), v.dispatch),
    Row((S.TRIAGED, S.COVERED),      c.Dispatch,             S.DISPATCHED,  PLANNING,                      v.for_inspection,                 (g.not_barred, v.not_held, v.unit_not_with_us, v.window_agreed, v.technician_free, v.technician_qualified, g.complete), v.dispatch),
    Row((S.TRIAGED, S.COVERED),      c.Dispatch,             SAME,          PLANNING,                      ~v.for_inspection,                (v.approved_first,),                                               None),
    Row((S.REPORTED, S.QUOTED),      c.Dispatch,             SAME,          PLANNING,                      ALWAYS,                           (v.approved_first,),                                               None),
    Row(S.DISPATCHED,                c.MoveAppointment,      S.TRIAGED,     FIELD,                         v.back_to_dispatch & i.undecided, (v.own_visit,),                                                    v.give_back_visit),
    Row(S.DISPATCHED,                c.MoveAppointment,      S.COVERED,     FIELD,                         v.back_to_dispatch & ~i.undecided & b.to_be_agreed, (v.own_visit,),                                                    v.give_back_visit),
    Row(S.DISPATCHED,                c.MoveAppointment,      S.APPROVED,    FIELD,                         v.back_to_dispatch & ~i.undecided & ~b.to_be_agreed, (v.own_visit,),                                                    v.give_back_visit),
    Row(S.DISPATCHED,                c.MoveAppointment,      SAME,          FIELD,                         ~v.back_to_dispatch,              (v.own_visit, v.window_agreed, v.technician_free, v.technician_qualified), v.move_appointment),
    Row(S.DISPATCHED,                c.Depart,               SAME,          FIELD,                         ALWAYS,                           (v.own_visit, v.not_held, v.not_departed, v.after_dispatch, v.unit_not_with_us, v.at_no_other_job, g.complete), v.depart),
    Row(S.DISPATCHED,                c.Arrive,               S.ON_SITE,     FIELD,                         ALWAYS,                           (v.own_visit, v.departed_first, v.after_dispatch, v.unit_not_with_us, v.at_no_other_job, g.complete),     v.arrive),
    Row((S.DISPATCHED, S.ON_SITE, S.IN_SHOP), c.SwitchRoute, S.TRIAGED, (*PLANNING, ENGINEER),             i.undecided,                      (v.own_visit, v.custody_fits_route),                               v.switch_route),
    Row((S.DISPATCHED, S.ON_SITE, S.IN_SHOP), c.SwitchRoute, S.QUOTED, (*PLANNING, ENGINEER),              ~i.undecided & b.quote_unanswered, (v.own_visit, v.custody_fits_route),                              v.switch_route),
    Row((S.DISPATCHED, S.ON_SITE, S.IN_SHOP), c.SwitchRoute, S.COVERED, (*PLANNING, ENGINEER),             ~i.undecided & ~b.quote_unanswered & b.to_be_agreed, (v.own_visit, v.custody_fits_route),            v.switch_route),
    Row((S.DISPATCHED, S.ON_SITE, S.IN_SHOP), c.SwitchRoute, S.APPROVED, (*PLANNING, ENGINEER),            ~i.undecided & ~b.quote_unanswered & ~b.to_be_agreed, (v.own_visit, v.custody_fits_route),           v.switch_route),
    Row(S.APPROVED,                  c.BeginInShop,          S.IN_SHOP,     FIELD,                         ALWAYS,                           (k.item_in_shop, v.technician_free, v.at_no_other_job, v.technician_qualified, g.complete),              v.begin_in_shop),
    Row(S.IN_SHOP,                   c.BeginInShop,          SAME,          FIELD,                         ALWAYS,                           (v.own_visit, k.item_in_shop, v.technician_free, v.at_no_other_job, v.technician_qualified, g.complete), v.begin_in_shop),
    Row((S.TRIAGED, S.COVERED),      c.BeginInShop,          S.IN_SHOP,     FIELD,                         v.for_inspection,                 (k.item_in_shop, v.technician_free, v.at_no_other_job, v.technician_qualified, g.complete),              v.begin_in_shop),
    Row((S.TRIAGED, S.COVERED),      c.BeginInShop,          SAME,          FIELD,                         ~v.for_inspection,                (v.approved_first,),                                               None),
    Row((S.REPORTED, S.QUOTED),      c.BeginInShop,          SAME,          FIELD,                         ALWAYS,                           (v.approved_first,),                                               None),

    # the unit
    Row(BEFORE,                      c.AnnounceInbound,      SAME,          WORD,                          ALWAYS,                           (g.customers_word, k.with_customer, g.complete),                   k.announce_inbound),
    Row((*BEFORE, S.DISPATCHED),     c.TakeIn,               SAME,          (STORES, DESK, ENGINEER, SUPERVISOR), ALWAYS,              (k.takeable, v.own_visit, g.complete),                             k.take_in),
    Row((S.ON_SITE, S.IN_SHOP),      c.TakeIn,               S.IN_SHOP,     (STORES, DESK, ENGINEER, SUPERVISOR), ALWAYS,                    (k.takeable, v.own_visit, g.complete),                             k.take_in),
    Row((S.REPAIRED, S.DECLINED),    c.TakeIn,               SAME,          (STORES, DESK, ENGINEER, SUPERVISOR), ALWAYS,                    (k.comes_late, v.own_visit, g.complete),                           k.take_in),
    Row((*UNDONE, S.REPAIRED),       c.SendToVendor,         SAME,          (STORES, *PLANNING),           ALWAYS,                           (k.there, g.complete),                                             k.send_to_vendor),
    Row(OPEN,                        c.TakeBackFromVendor,   SAME,          (STORES, *PLANNING),           ALWAYS,                           (k.at_vendor, k.same_or_swapped),                                  k.take_back),
    Row((*BEFORE, S.REPAIRED, S.DECLINED), c.ReturnUnit,     SAME,          (STORES, DESK, ENGINEER, SUPERVISOR), ALWAYS,                    (k.there, k.not_given_up, v.own_visit, b.charges_settled, k.receipt_back, g.complete), k.give_back),
    Row(AT_WORK,                     c.ReturnUnit,           SAME,          (STORES, DESK, ENGINEER, SUPERVISOR), ALWAYS,                    (w.finished_first,),                                               None),
    Row(OPEN,                        c.ConfirmDelivery,      SAME,          WORD,                          ALWAYS,                           (g.customers_word, k.on_its_way),                                  k.confirm_delivery),
    Row((S.REPAIRED, S.DECLINED),    c.Dispose,              SAME,          (STORES, SUPERVISOR),          ALWAYS,                           (k.there, k.disposable),                                           k.dispose),

    # the work
    Row((S.APPROVED, *AT_WORK, S.REPAIRED), c.AddWork,       SAME,          FIELD,                         ALWAYS,                           (v.own_visit, w.asked_before_repair, b.lines_fit, w.not_billed),   w.add_work),
    Row((S.ON_SITE, S.IN_SHOP),      c.Finish,               S.REPAIRED,    FIELD,                         ALWAYS,                           (v.own_visit, v.not_held, b.coverage_decided, w.agreement_first, b.lines_fit, w.order_in_turn, k.none_at_vendor, g.complete), w.finish),
    Row((S.ON_SITE, S.IN_SHOP),      c.FindUnrepairable,     S.TRIAGED,     FIELD,                         i.undecided,                      (v.own_visit,),                                                    w.find_unrepairable),
    Row((S.ON_SITE, S.IN_SHOP),      c.FindUnrepairable,     S.COVERED,     FIELD,                         ~i.undecided,                     (v.own_visit,),                                                    w.find_unrepairable),
    Row(S.COVERED,                   c.ReplaceUnit,          S.REPAIRED,    SUPERVISOR,                    ALWAYS,                           (w.unrepairable, w.not_settled_twice, w.another_unit, k.surrendered, g.complete), w.replace_unit),
    Row(S.COVERED,                   c.RefundCustomer,       S.REPAIRED,    (FINANCE, SUPERVISOR),         ALWAYS,                           (w.unrepairable, w.not_settled_twice, b.refund_within_price, k.surrendered, g.complete), b.refund_customer),
    Row(S.COVERED,                   c.ReturnUnrepaired,     S.REPAIRED,    (*PLANNING, QUALITY),          ALWAYS,                           (w.unrepairable, w.not_settled_twice),                             w.return_unrepaired),

    # money
    Row((S.REPAIRED, S.ACCEPTED, S.FOLLOWED_UP, S.DECLINED), c.BillService, SAME, (FINANCE, ENGINEER, COORDINATOR, SUPERVISOR, SYSTEM), ALWAYS, (v.own_visit, b.coverage_decided, b.bearers_named, b.within_quote, b.collectable, g.complete), b.bill),
    Row(ALL,                         c.CollectPayment,       SAME,          (FINANCE, ENGINEER, DESK, SUPERVISOR), ALWAYS,                   (b.own_currency, b.owed_by_payer, g.complete),                     b.collect),
    Row(ALL,                         c.ReturnPayment,        SAME,          (FINANCE, SUPERVISOR),         ALWAYS,                           (b.own_currency, b.paid_too_much),                                 b.return_payment),

    # the end
    Row(S.REPAIRED,                  c.AcceptWork,           S.ACCEPTED,    WORD,                          ALWAYS,                           (g.customers_word, v.own_visit, k.nothing_in_firms_hands, v.not_held, g.complete), e.accept),
    Row((*UNDONE, S.DECLINED),       c.AcceptWork,           SAME,          WORD,                          ALWAYS,                           (e.service_done,),                                                 None),
    Row(S.REPAIRED,                  c.DeemAccepted,         S.ACCEPTED,    (CLOCK, SUPERVISOR),           ALWAYS,                           (k.nothing_in_firms_hands, e.silent_long_enough),                  e.accept),
    Row(S.REPAIRED,                  c.RejectWork,           S.IN_SHOP,     WORD,                          k.unit_in_shop,                   (g.customers_word, v.own_visit, e.work_was_done),                               e.reject_work),
    Row(S.REPAIRED,                  c.RejectWork,           S.APPROVED,    WORD,                          ~k.unit_in_shop,                  (g.customers_word, v.own_visit, e.work_was_done),                               e.reject_work),
    Row(S.ACCEPTED,                  c.RecordSurvey,         S.FOLLOWED_UP, (CUSTOMER, DESK, QUALITY, SUPERVISOR), ALWAYS,                   (g.not_barred, g.customers_word, e.scores_fit, g.complete),        e.record_survey),
    Row(S.FOLLOWED_UP,               c.RecordSurvey,         SAME,          (CUSTOMER, DESK, QUALITY, SUPERVISOR), ALWAYS,                   (g.not_barred, g.customers_word, e.not_surveyed, e.scores_fit, g.complete), e.record_survey),
    Row(S.ACCEPTED,                  c.LogCall,              S.FOLLOWED_UP, (DESK, *FIELD, QUALITY),       e.last_attempt,                   (v.own_visit,),                                                                e.log_call),
    Row(S.ACCEPTED,                  c.LogCall,              SAME,          (DESK, *FIELD, QUALITY),       ~e.last_attempt,                  (v.own_visit,),                                                                e.log_call),
    Row((*UNDONE, S.REPAIRED, S.FOLLOWED_UP, S.DECLINED), c.LogCall, SAME,  (DESK, *FIELD, QUALITY),       ALWAYS,                           (v.own_visit,),                                                                e.log_call),
    Row(S.FOLLOWED_UP,               c.CloseTicket,          S.CLOSED,      (DESK, COORDINATOR, QUALITY, SUPERVISOR), ALWAYS,                (e.no_complaint_open, v.not_held, k.nothing_in_firms_hands, k.receipts_void, b.all_billed, g.complete), e.close),
    Row(S.ACCEPTED,                  c.CloseTicket,          S.CLOSED,      (DESK, COORDINATOR, QUALITY, SUPERVISOR), ALWAYS,                (e.survey_not_asked, e.no_complaint_open, v.not_held, k.nothing_in_firms_hands, k.receipts_void, b.all_billed, g.complete), e.close),
    Row(S.DECLINED,                  c.CloseTicket,          S.CLOSED,      (DESK, COORDINATOR, QUALITY, SUPERVISOR), ALWAYS,                (e.no_complaint_open, v.not_held, k.nothing_in_firms_hands, k.receipts_void, b.all_billed), e.close),
    Row((*UNDONE, S.REPAIRED),       c.CloseTicket,          SAME,          (DESK, COORDINATOR, QUALITY, SUPERVISOR), ALWAYS,                (e.accepted_first, e.no_complaint_open, k.nothing_in_firms_hands), None),
    Row((S.CLOSED, S.ACCEPTED, S.FOLLOWED_UP), c.ReopenTicket, S.TRIAGED,   (CUSTOMER, DESK, SUPERVISOR),  ALWAYS,                           (g.customers_word, e.not_merged, e.may_be_reopened),               e.reopen),
    Row(BEFORE,                      c.CancelTicket,         S.CANCELLED,   WORD,                          ALWAYS,                           (g.customers_word, k.nothing_in_firms_hands, e.no_complaint_open, e.nothing_done), e.cancel),
    Row(UNDONE,                      c.MergeTicket,          S.CLOSED,      (DESK, *PLANNING),             ALWAYS,                           (k.nothing_in_firms_hands, e.no_complaint_open, e.nothing_done, e.merges_into_open),                    e.merge),

    # promises, holds, escalation
    Row(OPEN,                        c.AnswerCustomer,       SAME,          STAFF,                         ALWAYS,                           (),                                                                t.answer),
    Row(OPEN,                        c.NoteMessage,          SAME,          WORD,                          ALWAYS,                           (g.customers_word, v.own_visit),                                               t.note_message),
    Row(OPEN,                        c.PutOnHold,            SAME,          FIELD,                         ALWAYS,                           (v.own_visit, t.not_held_for_that, t.hold_ahead),                               t.hold),
    Row(OPEN,                        c.ResumeWork,           SAME,          (*FIELD, CLOCK),               ALWAYS,                           (v.own_visit, t.held_for_that, t.hold_over),                                    t.resume),
    Row(OPEN,                        c.RemindHold,           SAME,          CLOCK,                         ALWAYS,                           (t.held_for_that,),                                                t.remind_hold),
    Row(OPEN,                        c.Fulfil,               SAME,          (*FIELD, STORES, QUALITY),     ALWAYS,                           (t.promised_so,),                                                  t.fulfil),
    Row(OPEN,                        c.ExtendTarget,         SAME,          (COORDINATOR, QUALITY, SUPERVISOR), ALWAYS,                      (t.promised_so, t.extendable),                                     t.extend),
    Row((*OPEN, S.CLOSED),           c.ExcuseDelay,          SAME,          (*PLANNING, QUALITY),          ALWAYS,                           (t.promised_so, t.excusable),                                      t.excuse),
    Row(OPEN,                        c.ReanchorTarget,       SAME,          SUPERVISOR,                    ALWAYS,                           (t.promised_so, t.reanchorable),                                   t.reanchor),
    Row(UNDONE,                      c.RepriceTicket,        SAME,          SUPERVISOR,                    ALWAYS,                           (t.rules_there,),                                                  t.reprice),
    Row(OPEN,                        c.FireRung,             SAME,          CLOCK,                         ALWAYS,                           (t.rung_reached,),                                                 t.fire),
    Row(OPEN,                        c.MarkBreach,           SAME,          CLOCK,                         ALWAYS,                           (t.breached,),                                                     t.mark_breach),
    Row(OPEN,                        c.EscalateTicket,       SAME,          (DESK, *FIELD, QUALITY),       ALWAYS,                           (),                                                                t.escalate),
    Row(OPEN,                        c.Deescalate,           SAME,          (COORDINATOR, SUPERVISOR),     ALWAYS,                           (t.escalated,),                                                    t.deescalate),
    Row(OPEN,                        c.PassTicketOn,         SAME,          STAFF,                         ALWAYS,                           (t.next_in_chain, g.complete),                                     t.pass_on),
    Row((*OPEN, S.CLOSED),           c.RemindDuty,           SAME,          CLOCK,                         ALWAYS,                           (t.duty_due,),                                                     t.remind_duty),
    Row((*OPEN, S.CLOSED),           c.RecordDuty,           SAME,          STAFF,                         ALWAYS,                           (t.duty_fits, g.complete),                                         t.record_duty),

    # papers, complaints, what staff have to see to
    Row((*OPEN, S.CLOSED),           c.ShowFacts,            SAME,          (CUSTOMER, *STAFF),            ALWAYS,                           (),                                                                p.show),
    Row(ALL,                         c.VoidPaper,            SAME,          STAFF,                         ALWAYS,                           (v.own_visit, p.paper_open, p.not_a_live_receipt, p.reissuable),                p.void),
    Row(ALL,                         c.FilePaper,            SAME,          STAFF,                         ALWAYS,                           (v.own_visit, p.paper_open, p.not_a_live_receipt, p.done_first),                              p.file),
    Row(ALL,                         c.NoteComplaint,        SAME,          SYSTEM,                        ALWAYS,                           (),                                                                e.note_complaint),
    Row(ALL,                         c.ClearTicketAttention, SAME,          STAFF,                         ALWAYS,                           (g.on_attention_list,),                                            g.clear_attention),
)  # fmt: skip


def _every(row: Row) -> Row:
    """The row with the guards that every step needs: what is answered was asked, and nothing comes too early.

    Nothing is signed for as long as the service is not done (AS-FLOW-3); and the customer says nothing that
    only the firm can.
    """
    if row.does is None:
        return row
    needs = row.needs if i.answers_known in row.needs else (*row.needs, g.answers_asked)
    early = not {OPENING, *UNDONE}.isdisjoint(row.sources())
    needs = (*needs, g.in_order) if OPENING not in row.sources() else needs
    needs = (*needs, p.firms_word) if CUSTOMER in row.roles() else needs
    return replace(row, needs=(*needs, p.not_ahead_of_the_work) if early else needs)


TICKET: Final = Lifecycle(
    model=Ticket,
    states=Stage,
    roles=TicketRole,
    final=(S.REJECTED, S.CANCELLED),
    roles_of=g.roles_of,
    reads=reads,
    next_wake=next_wake,
    wake=wake,
    rows=tuple(map(_every, ROWS)),
)
