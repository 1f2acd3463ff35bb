"""The technician's record as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused.

One technician holds one book of repair orders (维修单). Its numbers are used or void one after the other
(AS-FORM-1); finance gives the next book against the used one, gets the void ones with it (AS-FORM-4, AS-FORM-5), and
has everything back before somebody leaves. A ticket books and frees his appointments and uses his orders in its own
change; the record refuses a second appointment at one time, whatever the ticket saw (AS-FLOW-16).

Leave is asked for so long ahead as the rulebook says (AS-STAFF-3); an urgent one is told at once, and its papers
follow (AS-STAFF-4). What counts of his attendance (考勤) is the rulebook's (AS-STAFF-1, AS-STAFF-2), and so is what
too much of it brings (AS-STAFF-5). A change of personnel is announced ahead, and its paper handed in (AS-STAFF-6).

Nobody decides about himself: a supervisor is only himself on his own record. Who left may come back.
"""

from __future__ import annotations

from typing import Final

from servflow.core.aftersales.books.model import book_key
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.posts import roles_in_firm
from servflow.core.aftersales.technicians import commands as c
from servflow.core.aftersales.technicians import effects as e
from servflow.core.aftersales.technicians import guards as g
from servflow.core.aftersales.technicians.model import Technician, TechnicianRole, TechnicianState
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["TECHNICIAN"]

S = TechnicianState
SERVING = (S.ACTIVE, S.LEAVING)
ANY = tuple(S)

HIMSELF = TechnicianRole.HIMSELF
SUPERVISOR = TechnicianRole.SUPERVISOR
FINANCE = TechnicianRole.FINANCE
SYSTEM = TechnicianRole.SYSTEM
EITHER = (HIMSELF, SUPERVISOR)


def _roles(it: Technician | None, actor: Actor) -> tuple[TechnicianRole, ...]:
    """Himself; the firm's supervisors and its finance by their posts; its programs. Never the clock."""
    himself = it is not None and actor.party == it.id and actor.serves == it.firm
    if himself and actor.office in {Office.PERSON, Office.STAFF}:
        return (HIMSELF,)
    return roles_in_firm(it, actor, (SUPERVISOR, FINANCE), system=SYSTEM)


def _reads(it: Technician | None, command: Command) -> tuple[Key, ...]:
    """The firm's own book of repair orders, where numbers of it are issued or void."""
    if it is None or not isinstance(command, (c.IssueOrders, c.VoidOrder)):
        return ()
    return (book_key(it.firm, Series.REPAIR_ORDER),)


TECHNICIAN: Final = Lifecycle(
    model=Technician,
    states=TechnicianState,
    roles=TechnicianRole,
    final=(),
    roles_of=_roles,
    reads=_reads,
    rows=(
        #   in state   on command            to state   given by              when    needs                                                                                    does
        # the record
        Row(OPENING,   c.RegisterTechnician, S.ACTIVE,  (SUPERVISOR, SYSTEM), ALWAYS, (g.of_this_firm,),                                                                       e.register),
        Row(S.LEFT,    c.RegisterTechnician, S.ACTIVE,  (SUPERVISOR, SYSTEM), ALWAYS, (g.of_this_firm,),                                                                       e.register_again),
        Row(SERVING,   c.Qualify,            SAME,      (SUPERVISOR, SYSTEM), ALWAYS, (),                                                                                      e.qualify),
        Row(ANY,       c.ClearTechnicianAttention, SAME, SUPERVISOR,          ALWAYS, (g.on_attention_list, g.follow_up_shown),                                                e.clear_attention),

        # appointments: said by the ticket
        Row(SERVING,   c.BookVisit,          SAME,      SYSTEM,               ALWAYS, (g.not_booked_then, g.not_on_leave, g.serves_then),                                      e.book),
        Row(ANY,       c.BeginVisit,         SAME,      SYSTEM,               ALWAYS, (g.at_no_other_job,),                                                                    e.begin),
        Row(ANY,       c.FreeVisit,          SAME,      SYSTEM,               ALWAYS, (),                                                                                      e.free),

        # repair orders
        Row(SERVING,   c.IssueOrders,        SAME,      FINANCE,              ALWAYS, (g.one_book, g.book_of_size, g.not_issued_before, g.spoiled_handed_in),                  e.issue),
        Row(SERVING,   c.UseOrder,           SAME,      (HIMSELF, SYSTEM),    ALWAYS, (g.order_in_turn, g.order_unused, g.carried_over_once),                                  e.use_order),
        Row(SERVING,   c.VoidOrder,          SAME,      EITHER,               ALWAYS, (g.order_in_turn, g.order_unused),                                                       e.void_order),
        Row(SERVING,   c.HandInOrders,       SAME,      FINANCE,              ALWAYS, (g.book_held, g.spoiled_handed_in),                                                      e.hand_in),

        # leave and attendance
        Row(SERVING,   c.AskLeave,           SAME,      EITHER,               ALWAYS, (g.answers_known, g.not_barred, g.asked_ahead, g.no_leave_then, g.complete),              e.ask_leave),
        Row(SERVING,   c.GrantLeave,         SAME,      SUPERVISOR,           ALWAYS, (g.leave_undecided, g.complete),                                                         e.grant_leave),
        Row(SERVING,   c.RefuseLeave,        SAME,      SUPERVISOR,           ALWAYS, (g.leave_open,),                                                                         e.refuse_leave),
        Row(SERVING,   c.ExtendLeave,        SAME,      SUPERVISOR,           ALWAYS, (g.leave_running, g.lies_later, g.no_leave_then, g.complete),                            e.extend_leave),
        Row(SERVING,   c.EndLeave,           SAME,      EITHER,               ALWAYS, (g.leave_running,),                                                                      e.end_leave),
        Row(ANY,       c.ShowLeavePapers,    SAME,      EITHER,               ALWAYS, (g.papers_owed, g.complete),                                                             e.file_papers),
        Row(SERVING,   c.NoteAttendance,     SAME,      (SUPERVISOR, SYSTEM), ALWAYS, (),                                                                                      e.note_attendance),

        # leaving
        Row(SERVING,   c.AnnounceLeaving,    S.LEAVING, SUPERVISOR,           ALWAYS, (g.change_ahead, g.complete),                                                            e.announce),
        Row(S.LEAVING, c.HandInChangePaper,  SAME,      SUPERVISOR,           ALWAYS, (g.change_paper_ahead, g.complete),                                                      e.hand_in_paper),
        Row(S.ACTIVE,  c.LeaveService,       S.LEFT,    SUPERVISOR,           ALWAYS, (g.announced_first, g.no_orders_left, g.no_visits_left),                                 None),
        Row(S.LEAVING, c.LeaveService,       S.LEFT,    SUPERVISOR,           ALWAYS, (g.day_come, g.change_paper_there, g.no_orders_left, g.no_visits_left),                  None),
    ),
)  # fmt: skip
