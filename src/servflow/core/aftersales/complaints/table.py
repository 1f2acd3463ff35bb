"""The complaint as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused. Where a
state is too early for something that people try all the same, a row is there whose guard says why.

Whoever takes a complaint is barred by the rulebook where he is of the service, or has a part in it
(AS-COMP-7); whom it is about, and who served, handles none of it, whatever the rulebook says. Graded first,
major ones first (AS-COMP-3); a visit and a survey on site, and a plan made with the customer, where the
rulebook's checklists ask for them (AS-QA-9, AS-FLOW-23): a simple one is put right and answered at once. A
dissatisfied answer to a survey opens one by itself (AS-QA-11), and is never lost for want of an answer:
grading asks for what is missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from servflow.core.aftersales.books.model import book_key
from servflow.core.aftersales.complaints import commands as c
from servflow.core.aftersales.complaints import effects as e
from servflow.core.aftersales.complaints import guards as g
from servflow.core.aftersales.complaints.ground import roles_of
from servflow.core.aftersales.complaints.model import Complaint, ComplaintRole, ComplaintState
from servflow.core.aftersales.complaints.wakes import next_wake, wake
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.tickets.ground import for_this_firm
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.changes import Command, Key
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["COMPLAINT"]

S = ComplaintState
R = ComplaintRole

UNANSWERED = (S.FILED, S.GRADED, S.INVESTIGATED)
OPEN = (*UNANSWERED, S.ANSWERED)

CUSTOMER, COMPLAINTS, DESK, ENGINEER = R.CUSTOMER, R.COMPLAINTS, R.DESK, R.ENGINEER
QUALITY, SUPERVISOR, SYSTEM, CLOCK = R.QUALITY, R.SUPERVISOR, R.SYSTEM, R.CLOCK
STAFF = (COMPLAINTS, DESK, ENGINEER, QUALITY, SUPERVISOR)
HANDLING = (COMPLAINTS, QUALITY, SUPERVISOR)
WORD = (CUSTOMER, COMPLAINTS, DESK, QUALITY, SUPERVISOR)  # the customer's word, from him or entered


def _reads(it: Complaint | None, command: Command) -> tuple[Key, ...]:
    """The ticket of the service, and the ledger's numbers where it is filed."""
    if it is None:
        if not isinstance(command, c.FileComplaint):
            return ()
        return (book_key(command.firm, Series.COMPLAINT), *_ticket(command.ticket))
    return _ticket(it.ticket)


def _ticket(named: str | None) -> tuple[Key, ...]:
    return () if named is None else (Key(Ticket.kind, named),)


def _every(row: Row) -> Row:
    """The row with the guard that every step needs: what is answered was asked."""
    needed = row.does is not None and g.answers_known not in row.needs
    return replace(row, needs=(*row.needs, g.answers_known)) if needed else row


# fmt: off
COMPLAINT: Final = Lifecycle(
    model=Complaint,
    states=ComplaintState,
    roles=ComplaintRole,
    final=(S.SETTLED, S.WITHDRAWN),
    roles_of=roles_of,
    reads=_reads,
    next_wake=next_wake,
    wake=wake,
    rows=tuple(map(_every, (
        #   in state                     on command              to state        given by                  when    needs                                                                        does
        # filed, graded
        Row(OPENING,                     c.FileComplaint,        S.FILED,        (CUSTOMER, *STAFF),       ALWAYS, (for_this_firm, g.speaks_for_himself, g.not_barred, g.about_a_service_of_ours, g.answers_known, g.code_listed, g.damages_photographed, g.promise_known, g.complete), e.file),
        Row(OPENING,                     c.FileComplaint,        S.FILED,        SYSTEM,                   ALWAYS, (for_this_firm, g.about_a_service_of_ours, g.answers_known, g.code_listed),   e.file),
        Row(S.FILED,                     c.GradeComplaint,       S.GRADED,       HANDLING,                 ALWAYS, (g.not_barred, g.no_part_in_it, g.handler_apart, g.answers_known, g.gradable, g.promise_known, g.complete), e.grade),
        Row((S.GRADED, S.INVESTIGATED),  c.GradeComplaint,       SAME,           HANDLING,                 ALWAYS, (g.not_barred, g.no_part_in_it, g.handler_apart, g.answers_known, g.gradable, g.promise_known, g.complete), e.grade),

        # looked into, answered
        Row(S.GRADED,                    c.InvestigateComplaint, S.INVESTIGATED, (ENGINEER, *HANDLING),    ALWAYS, (g.not_barred, g.no_part_in_it, g.his_case, g.complete),                      e.investigate),
        Row(S.INVESTIGATED,              c.InvestigateComplaint, SAME,           (ENGINEER, *HANDLING),    ALWAYS, (g.not_barred, g.no_part_in_it, g.his_case, g.complete),                      e.investigate),
        Row((S.GRADED, S.INVESTIGATED, S.ANSWERED), c.AttributeCause, SAME,      HANDLING,                 ALWAYS, (g.no_part_in_it,),                                                           e.attribute),
        Row((S.GRADED, S.INVESTIGATED),  c.AnswerComplaint,      S.ANSWERED,     HANDLING,                 ALWAYS, (g.not_barred, g.no_part_in_it, g.complete),                                  e.answer),
        Row(S.FILED,                     c.InvestigateComplaint, SAME,           (ENGINEER, *HANDLING),    ALWAYS, (g.graded_first,),                                                            None),
        Row(S.FILED,                     c.AnswerComplaint,      SAME,           HANDLING,                 ALWAYS, (g.graded_first,),                                                            None),
        Row(S.ANSWERED,                  c.RefuseAnswer,         S.INVESTIGATED, WORD,                     ALWAYS, (g.customers_word, g.entered_by_another),                                     e.refuse),

        # the end
        Row(S.ANSWERED,                  c.SettleComplaint,      S.SETTLED,      HANDLING,                 ALWAYS, (g.not_barred, g.no_part_in_it, g.attributed, g.confirmed_by_the_head, g.complete), e.settle),
        Row(UNANSWERED,                  c.SettleComplaint,      SAME,           HANDLING,                 ALWAYS, (g.answered_first,),                                                          None),
        Row(OPEN,                        c.WithdrawComplaint,    S.WITHDRAWN,    WORD,                     ALWAYS, (g.customers_word, g.entered_by_another),                                     e.withdraw),

        # at any time
        Row(OPEN,                        c.ShowComplaintFacts,   SAME,           (CUSTOMER, *STAFF),       ALWAYS, (g.damages_photographed,),                                                    e.show),
        Row(OPEN,                        c.PassComplaintOn,      SAME,           STAFF,                    ALWAYS, (g.no_part_in_it, g.next_in_chain),                                           e.pass_on),
        Row(OPEN,                        c.ExtendComplaint,      SAME,           HANDLING,                 ALWAYS, (g.no_part_in_it, g.extendable),                                              e.extend),
        Row(OPEN,                        c.FireComplaintRung,    SAME,           CLOCK,                    ALWAYS, (g.rung_reached,),                                                            e.fire),
        Row(OPEN,                        c.MarkComplaintBreach,  SAME,           CLOCK,                    ALWAYS, (g.late_now,),                                                                e.mark_breach),
    ))),
)
# fmt: on
