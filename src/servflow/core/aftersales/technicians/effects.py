"""What follows when a command to a technician's record is taken. An effect changes no state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from servflow.core.aftersales import people
from servflow.core.aftersales.books.commands import TakeNumbers, VoidNumber
from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.desk_rules import Chain, Series
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.showing import shown_with
from servflow.core.aftersales.technicians import commands as c
from servflow.core.aftersales.technicians import messages
from servflow.core.aftersales.technicians.guards import (
    Said,
    answers_of,
    last_of,
    numbering,
    rules_of,
)
from servflow.core.aftersales.technicians.model import (
    Attendance,
    Booking,
    Leave,
    LeaveState,
    OrderBook,
    Technician,
    TechnicianState,
)
from servflow.core.aftersales.tickets.ground import entailed
from servflow.core.aftersales.tickets.messages import post
from servflow.core.attention import attend, seen_to
from servflow.core.changes import Command, Message
from servflow.core.citations import Plain, Reason
from servflow.core.dates import day_of
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "PAPERS_MISSING",
    "VISIT_ON_LEAVE",
    "announce",
    "ask_leave",
    "begin",
    "book",
    "clear_attention",
    "end_leave",
    "extend_leave",
    "file_papers",
    "free",
    "grant_leave",
    "hand_in",
    "hand_in_paper",
    "issue",
    "note_attendance",
    "qualify",
    "refuse_leave",
    "register",
    "register_again",
    "use_order",
    "void_order",
]

PAPERS_MISSING: Final = "aftersales.attention.leave-papers"
"""On the list of what has to be looked at: the papers of an urgent leave are still to come."""
VISIT_ON_LEAVE: Final = "aftersales.attention.visit-on-leave"
"""On the list of what has to be looked at: an appointment lies in a leave, and somebody has to take it."""


# --- the record -------------------------------------------------------------------------------------


def register(s: Situation[None, c.RegisterTechnician, ServicePolicy, Any]) -> Outcome:
    """The record as it begins."""
    said = s.command
    state = TechnicianState.ACTIVE
    return Outcome(it=Technician(id=said.case, state=state, firm=said.firm, qualified=said.qualified))


def register_again(s: Situation[Technician, c.RegisterTechnician, ServicePolicy, Any]) -> Outcome:
    """He is back; what is on record of the time before stays."""
    it = replace(s.it, qualified=s.command.qualified, leaves_on=None, change_paper_on=None)
    return Outcome(it=it)


def qualify(s: Situation[Technician, c.Qualify, ServicePolicy, Any]) -> Outcome:
    """What he is qualified for now (AS-STAFF-12)."""
    return Outcome(it=replace(s.it, qualified=s.command.qualified))


def clear_attention(s: Situation[Technician, c.ClearTechnicianAttention, ServicePolicy, Any]) -> Outcome:
    """It is seen to; what was shown for it is on record."""
    it = replace(s.it, shown=shown_with(s.it.shown, s.command.shown)) if s.command.shown else s.it
    return Outcome(it=seen_to(it, s.command.code))


# --- appointments -----------------------------------------------------------------------------------


def book(s: Situation[Technician, c.BookVisit, ServicePolicy, Any]) -> Outcome:
    """The appointment is his, instead of one that he had for the same ticket."""
    said = s.command
    booking = Booking(
        ticket=said.ticket,
        visit=said.visit,
        window_from=said.window_from,
        window_until=said.window_until,
    )
    return Outcome(it=replace(s.it, agenda={**s.it.agenda, said.ticket: booking}))


def begin(s: Situation[Technician, c.BeginVisit, ServicePolicy, Any]) -> Outcome:
    """He is out on this one."""
    ticket = s.command.ticket
    booking = replace(s.it.agenda[ticket], begun=True)
    return Outcome(it=replace(s.it, agenda={**s.it.agenda, ticket: booking}))


def free(s: Situation[Technician, c.FreeVisit, ServicePolicy, Any]) -> Outcome:
    """The appointment is his no more; one that he did not have changes nothing."""
    ticket = s.command.ticket
    return Outcome(it=replace(s.it, agenda={each: it for each, it in s.it.agenda.items() if each != ticket}))


# --- repair orders ----------------------------------------------------------------------------------


def issue(s: Situation[Technician, c.IssueOrders, ServicePolicy, Any]) -> Outcome:
    """He has a new book; the used one is with finance (以旧换新).

    Where the firm keeps the series, its numbers are taken in the firm's own book of them.
    """
    said, it = s.command, _handed_in(s.it)
    it = replace(it, orders=OrderBook(first=said.first, last=said.last, next=said.first))
    if numbering(s) is None:
        return Outcome(it=it)
    series = Series.REPAIR_ORDER
    taken = _to_the_book(
        s,
        TakeNumbers,
        "numbers",
        firm=it.firm,
        series=series,
        first=said.first,
        count=said.last - said.first + 1,
        about=it.id,
    )
    return Outcome(it=it, commands=(taken,))


def _to_the_book(s: Said, kind: type[Command], word: str, **said: Any) -> Command:
    """What is said to the firm's own book of repair orders."""
    return entailed(s, kind, book_key(s.it.firm, Series.REPAIR_ORDER).id, word, **said)


def _handed_in(it: Technician) -> Technician:
    return it if it.orders is None else replace(it, orders=None, handed_in=(*it.handed_in, it.orders))


def hand_in(s: Said) -> Outcome:
    """The book is with finance, its unused orders and its void ones, too."""
    return Outcome(it=_handed_in(s.it))


def use_order(s: Situation[Technician, c.UseOrder, ServicePolicy, Any]) -> Outcome:
    """The order is used for the ticket; of one carried over, both numbers are on record."""
    said = s.command
    it = replace(s.it, orders_used={**s.it.orders_used, str(said.number): said.ticket})
    if said.carried_over_from is not None:
        it = replace(it, carried_over={**it.carried_over, str(said.number): said.carried_over_from})
    return Outcome(it=replace(it, orders=_next(it)))


def void_order(s: Situation[Technician, c.VoidOrder, ServicePolicy, Any]) -> Outcome:
    """The order is void and stays in his book; also in the firm's own book of the numbers, if it is there."""
    said, orders = s.command, _next(s.it)
    orders = replace(orders, voided={**orders.voided, str(said.number): said.reason})
    it = replace(s.it, orders=orders)
    kept = s.others.get(book_key(s.it.firm, Series.REPAIR_ORDER))
    if not isinstance(kept, Book) or said.number >= kept.next:
        return Outcome(it=it)
    void = _to_the_book(s, VoidNumber, "void", number=said.number, reason=said.reason)
    return Outcome(it=it, commands=(void,))


def _next(it: Technician) -> OrderBook:
    """His book, one order further on; the guards have seen that he has one, and that this one is its next."""
    assert it.orders is not None
    return replace(it.orders, next=it.orders.next + 1)


# --- leave ------------------------------------------------------------------------------------------


def ask_leave(s: Situation[Technician, c.AskLeave, ServicePolicy, Any]) -> Outcome:
    """It waits for an answer; an urgent one is under way, and its papers follow. The office head is told."""
    said = s.command
    leave = Leave(
        first=said.first,
        last=said.last,
        reason=said.reason,
        state=LeaveState.URGENT if said.urgent else LeaveState.ASKED,
        asked_on=today(s),
        substitute=said.substitute,
        reachable=said.reachable,
        urgent=said.urgent,
        answers=said.answers,
        shown=said.shown,
    )
    it = replace(s.it, leaves=(*s.it.leaves, leave))
    told: tuple[Message, ...] = ()
    if said.urgent:
        it, told = _under_way(s, it, leave)
    kind = messages.URGENT_LEAVE if said.urgent else messages.LEAVE_ASKED
    return Outcome(it=it, messages=(*told, *messages.tell(it, kind, _days(leave), to=_head(s))))


def _days(leave: Leave) -> tuple[tuple[str, Plain], ...]:
    return (("first", leave.first), ("last", leave.last))


def _head(s: Said) -> str:
    """The post that is told of a leave: the first one of the chain ``leave``, else the supervisor."""
    return post(s.it.firm, next(_chain(s, people.LEAVE), "supervisor"))


def _chain(s: Said, of: str) -> Iterator[str]:
    rules = rules_of(s)
    known = rules.answered(answers_of(s))
    for named in rules.of(Chain):
        if named.rule.of == of and named.rule.when.open(known) == ():
            yield from named.rule.through
            return


def _under_way(s: Said, it: Technician, leave: Leave) -> tuple[Technician, tuple[Message, ...]]:
    """What a leave brings that is granted: somebody takes his visits; one too long has what the rules say."""
    for ticket, booking in sorted(it.agenda.items()):
        begins = booking.window_from
        if begins is not None and leave.first <= day_of(begins, s.policy.zone) <= leave.last:
            it = attend(it, VISIT_ON_LEAVE, ("ticket", ticket))
    return _with_reasons(it, people.leave_too_long(rules_of(s), leave.first, leave.last, answers_of(s)))


def _with_reasons(it: Technician, found: tuple[Reason, ...]) -> tuple[Technician, tuple[Message, ...]]:
    """``it`` with these on the list; he is told of those that were not there. One that grew is one still."""
    known = {_matter(reason) for reason in it.attention}
    fresh = tuple(reason for reason in found if _matter(reason) not in known)
    if not found:
        return it, ()
    ours = {_matter(reason) for reason in found}
    others = tuple(reason for reason in it.attention if _matter(reason) not in ours)
    it = replace(it, attention=(*others, *found))
    return it, messages.tell(it, messages.LIMIT_EXCEEDED, reasons=fresh) if fresh else ()


def _matter(reason: Reason) -> tuple[Any, ...]:
    return reason.code, reason.clause, tuple(fact for fact in reason.facts if fact[0] != "found")


def _with_leave(it: Technician, before: Leave, after: Leave) -> Technician:
    return replace(it, leaves=tuple(after if each is before else each for each in it.leaves))


def grant_leave(s: Situation[Technician, c.GrantLeave, ServicePolicy, Any]) -> Outcome:
    """He may go, and is told."""
    before = last_of(s)
    leave = replace(before, state=LeaveState.GRANTED, shown=shown_with(before.shown, s.command.shown))
    it, told = _under_way(s, _with_leave(s.it, before, leave), leave)
    return Outcome(it=it, messages=(*told, *messages.tell(it, messages.LEAVE_GRANTED, _days(leave))))


def refuse_leave(s: Situation[Technician, c.RefuseLeave, ServicePolicy, Any]) -> Outcome:
    """He may not go, and is told why."""
    before = last_of(s)
    it = _with_leave(s.it, before, replace(before, state=LeaveState.REFUSED))
    facts = (*_days(before), ("reason", s.command.reason))
    return Outcome(it=it, messages=messages.tell(it, messages.LEAVE_REFUSED, facts))


def file_papers(s: Situation[Technician, c.ShowLeavePapers, ServicePolicy, Any]) -> Outcome:
    """The papers of the urgent leave are on record (AS-STAFF-4)."""
    before = last_of(s)
    shown = shown_with(before.shown, s.command.shown)
    it = _with_leave(s.it, before, replace(before, papers_on=today(s), shown=shown))
    missing = Reason(PAPERS_MISSING, None, (("first", before.first),))
    return Outcome(it=replace(it, attention=tuple(each for each in it.attention if each != missing)))


def extend_leave(s: Situation[Technician, c.ExtendLeave, ServicePolicy, Any]) -> Outcome:
    """The leave lasts longer."""
    before, said = last_of(s), s.command
    leave = replace(before, last=said.last, shown=shown_with(before.shown, said.shown))
    it, told = _under_way(s, _with_leave(s.it, before, leave), leave)
    return Outcome(it=it, messages=(*told, *messages.tell(it, messages.LEAVE_EXTENDED, _days(leave))))


def end_leave(s: Situation[Technician, c.EndLeave, ServicePolicy, Any]) -> Outcome:
    """He is back. Overstayed without good reason, it counts as absence, once, if no day of it was noted so.

    The papers of an urgent one are due now (AS-STAFF-4).
    """
    before, back = last_of(s), today(s)
    it = _with_leave(s.it, before, replace(before, state=LeaveState.ENDED, back_on=back))
    if before.urgent and before.papers_on is None:
        it = attend(it, PAPERS_MISSING, ("first", before.first))
    noted = any(each.what == people.ABSENCE and before.last < each.on < back for each in it.attendance)
    if s.command.why.strip() or noted:
        return Outcome(it=it)
    missed = s.policy.calendar.add_open_days(before.last, 1)
    counted = people.overstayed(rules_of(s), missed) if missed < back else ()
    return _attended(s, it, (*it.attendance, *counted), missed)


def note_attendance(s: Situation[Technician, c.NoteAttendance, ServicePolicy, Any]) -> Outcome:
    """What counts of the day, instead of what was noted of it before (AS-STAFF-1, AS-STAFF-2)."""
    said, it = s.command, s.it
    gone = any(
        each.state in {LeaveState.GRANTED, LeaveState.URGENT} and each.last < said.on for each in it.leaves
    )
    counted = people.attendance(rules_of(s), said, on_leave=it.on_leave(said.on), overstayed=gone)
    others = tuple(each for each in it.attendance if each.on != said.on)
    return _attended(s, it, (*others, *counted), said.on)


def _attended(s: Said, it: Technician, attendance: tuple[Attendance, ...], on: date) -> Outcome:
    """What was counted is on record; where it is more than is let pass, he owes a statement (AS-STAFF-5)."""
    it, told = _with_reasons(replace(it, attendance=attendance), people.exceeded(rules_of(s), attendance, on))
    return Outcome(it=it, messages=told)


# --- a change of personnel ----------------------------------------------------------------------------


def announce(s: Situation[Technician, c.AnnounceLeaving, ServicePolicy, Any]) -> Outcome:
    """Those who have to know are told: the whole chain ``staff-change``, else the supervisor (AS-STAFF-6).

    Another day than was announced before needs the further paper anew.
    """
    on, it = s.command.on, s.it
    told: list[Message] = []
    for who in tuple(_chain(s, people.STAFF_CHANGE)) or ("supervisor",):
        told += messages.tell(it, messages.CHANGE_ANNOUNCED, (("on", on),), to=post(it.firm, who))
    shown = shown_with(it.shown, s.command.shown)
    return Outcome(it=replace(it, leaves_on=on, change_paper_on=None, shown=shown), messages=tuple(told))


def hand_in_paper(s: Situation[Technician, c.HandInChangePaper, ServicePolicy, Any]) -> Outcome:
    """The further paper is on record."""
    more = shown_with(s.command.shown, {people.STAFF_CHANGE_PAPER: (s.command.ref,)})
    it = replace(s.it, change_paper_on=today(s), shown=shown_with(s.it.shown, more))
    return Outcome(it=it)
