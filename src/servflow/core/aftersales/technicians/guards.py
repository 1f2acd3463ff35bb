"""Named conditions of a technician's record: each yields a reason for everything it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from servflow.core.aftersales import people
from servflow.core.aftersales.desk_rules import Ahead, Barred, Numbering, Series
from servflow.core.aftersales.policy import Named, ServicePolicy, ServiceRules
from servflow.core.aftersales.showing import Shown, lacking, shown_with
from servflow.core.aftersales.technicians import commands as c
from servflow.core.aftersales.technicians.model import Leave, LeaveState, OrderBook, Technician
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.dates import day_of, lies_after
from servflow.core.desk_rules import today
from servflow.core.errors import MissingValue
from servflow.core.lifecycle import Situation

__all__ = [
    "Opening",
    "Said",
    "announced_first",
    "answers_known",
    "answers_of",
    "asked_ahead",
    "at_no_other_job",
    "book_held",
    "book_of_size",
    "carried_over_once",
    "change_ahead",
    "change_paper_ahead",
    "change_paper_there",
    "complete",
    "day_come",
    "follow_up_shown",
    "last_of",
    "leave_open",
    "leave_running",
    "leave_undecided",
    "lies_later",
    "no_leave_then",
    "no_orders_left",
    "no_visits_left",
    "not_barred",
    "not_booked_then",
    "not_issued_before",
    "not_on_leave",
    "numbering",
    "of_this_firm",
    "on_attention_list",
    "on_record",
    "one_book",
    "order_in_turn",
    "order_unused",
    "overlap",
    "papers_owed",
    "rules_of",
    "serves_then",
    "spoiled_handed_in",
]

Said = Situation[Technician, Any, ServicePolicy, Any]
Opening = Situation[Technician | None, c.RegisterTechnician, ServicePolicy, Any]

_CLASH: Final = Clause("AS-FLOW-16", "一2(2), 一3(1)")
_IN_ORDER: Final = Clause("AS-FORM-1", "维修单使用规定 5")
_SPOILED: Final = Clause("AS-FORM-1", "维修单使用规定 6")
_CARRIED_OVER: Final = Clause("AS-FORM-1", "维修单使用规定 1")
_ONE_BOOK: Final = Clause("AS-FORM-4", "(三)维修单使用规定 1")
_LEAVING: Final = Clause("AS-FORM-4", "(三)维修单使用规定 7")
_EXCHANGE: Final = Clause("AS-FORM-5", "(三)维修单使用规定 6")
_SUBSTITUTE: Final = Clause("AS-STAFF-3", "二章4(1)")
_AT_ONCE: Final = Clause("AS-STAFF-4", "二章4(2)")


# --- what every step stands on ----------------------------------------------------------------------


def rules_of(s: Situation[Any, Any, ServicePolicy, Any]) -> ServiceRules:
    """The rules in force on the day on which the command happened."""
    return s.policy.on(today(s))


def answers_of(s: Said) -> Mapping[str, str]:
    """What is known of the leave that is spoken of, where the rules ask it; nothing of anything else."""
    said, rules = s.command, rules_of(s)
    if isinstance(said, c.AskLeave):
        return _of_leave(rules, said.first, said.last, said.answers, urgent=said.urgent)
    leave = _spoken_of(s)
    if leave is None:
        return {}
    last = said.last if isinstance(said, c.ExtendLeave) else leave.last
    return _of_leave(rules, leave.first, last, leave.answers, urgent=leave.urgent)


def _of_leave(
    rules: ServiceRules, first: date, last: date, answers: Mapping[str, str], *, urgent: bool
) -> Mapping[str, str]:
    said = {"urgent": "yes" if urgent else "no", **answers}
    return people.fitting(rules, {**said, **people.length_of_leave(rules, first, last)})


def on_record(s: Said) -> Shown:
    """What is on record for this step, with what the command brings and what its own fields prove.

    A request proves ``leave-reason``, ``substitute`` and ``reachable``; an extension ``approval of the
    client``.
    """
    said = s.command
    proved: dict[str, tuple[str, ...]] = {}
    if isinstance(said, c.AskLeave):
        texts = {"leave-reason": said.reason, "substitute": said.substitute, "reachable": said.reachable}
        proved = {name: (text,) for name, text in texts.items() if text.strip()}
    elif isinstance(said, c.ExtendLeave) and said.approved_by.strip():
        proved = {"approval of the client": (said.approved_by,)}
    elif isinstance(said, c.HandInChangePaper):
        proved = {people.STAFF_CHANGE_PAPER: (said.ref,)}
    leave = None if isinstance(said, c.AskLeave) else _spoken_of(s)
    before: Shown = {} if leave is None else leave.shown
    return shown_with(shown_with(before, said.shown), proved)


def _spoken_of(s: Said) -> Leave | None:
    first = getattr(s.command, "first", None)
    return s.it.leave_from(first) if isinstance(first, date) else None


# --- guards of every step ---------------------------------------------------------------------------


def of_this_firm(s: Opening) -> Iterator[Reason]:
    """He serves the firm whose rules these are, and one of the firm's says so."""
    firm = s.command.firm
    if firm != s.policy.firm or s.command.by.serves != firm:
        yield Reason("aftersales.another-firm", None, (("firm", firm), ("ours", s.policy.firm)))


def answers_known(s: Situation[Any, c.AskLeave, ServicePolicy, Any]) -> Iterator[Reason]:
    """Every answer is to one of the rulebook's questions, and one of its answers."""
    yield from people.unknown(rules_of(s), s.command.answers)


def complete(s: Said) -> Iterator[Reason]:
    """What the rulebook's checklists ask for before this step is on record."""
    yield from lacking(rules_of(s), s.command.step, answers_of(s), on_record(s))


def not_barred(s: Said) -> Iterator[Reason]:
    """The rulebook does not bar it: leave only for grave family matters in a campaign (AS-STAFF-8)."""
    rules, step, post = rules_of(s), s.command.step, s.role.value
    known = rules.answered(answers_of(s))
    for named in rules.of(Barred):
        if named.rule.step == step and post in named.rule.posts and named.rule.when.open(known) == ():
            yield Reason("aftersales.barred", named.clause, (("step", step), ("post", post)))


def on_attention_list(s: Said) -> Iterator[Reason]:
    """It is on the list of what has to be looked at."""
    code = s.command.code
    if all(reason.code != code for reason in s.it.attention):
        yield Reason("aftersales.not-on-list", PRACTICE, (("code", code),))


def follow_up_shown(s: Said) -> Iterator[Reason]:
    """What a limit brings, such as a written statement, is there (AS-STAFF-5)."""
    for reason in s.it.attention:
        then = dict(reason.facts).get("then")
        if reason.code == s.command.code and then is not None and then not in s.command.shown:
            yield Reason("aftersales.staff.follow-up-missing", reason.clause, (("item", then),))


# --- appointments -----------------------------------------------------------------------------------


def overlap(one: Any, other: Any) -> bool:
    """Whether two times that were agreed meet: those that begin together do, however short they are.

    Those that only touch do not, nor do those not agreed.
    """
    times = (one.window_from, one.window_until, other.window_from, other.window_until)
    if any(at is None for at in times):
        return False
    apart = lies_after(one.window_from, other.window_from) or lies_after(other.window_from, one.window_from)
    if not apart:
        return True
    return lies_after(one.window_until, other.window_from) and lies_after(other.window_until, one.window_from)


def not_booked_then(s: Situation[Technician, c.BookVisit, ServicePolicy, Any]) -> Iterator[Reason]:
    """He has no other appointment in that time (AS-FLOW-16)."""
    for ticket, booking in sorted(s.it.agenda.items()):
        if ticket != s.command.ticket and overlap(booking, s.command):
            yield Reason("aftersales.technician-booked", _CLASH, (("engineer", s.it.id), ("ticket", ticket)))


def at_no_other_job(s: Situation[Technician, c.BeginVisit, ServicePolicy, Any]) -> Iterator[Reason]:
    """It is an appointment of his, and he is out on no other (AS-FLOW-16)."""
    said = s.command
    if said.ticket not in s.it.agenda:
        facts = (("engineer", s.it.id), ("ticket", said.ticket))
        yield Reason("aftersales.technician-not-booked", PRACTICE, facts)
    for ticket in s.it.out_on:
        if ticket != said.ticket:
            yield Reason("aftersales.technician-out", _CLASH, (("engineer", s.it.id), ("ticket", ticket)))


def not_on_leave(s: Situation[Technician, c.BookVisit, ServicePolicy, Any]) -> Iterator[Reason]:
    """He is not on leave on the day of the appointment: his substitute has his work (AS-STAFF-3)."""
    day = _booked_for(s)
    if day is not None and s.it.on_leave(day):
        yield Reason("aftersales.technician-on-leave", _SUBSTITUTE, (("engineer", s.it.id), ("day", day)))


def serves_then(s: Situation[Technician, c.BookVisit, ServicePolicy, Any]) -> Iterator[Reason]:
    """Nobody else has his place by then."""
    day, gone = _booked_for(s), s.it.leaves_on
    if day is not None and gone is not None and day >= gone:
        yield Reason("aftersales.technician-left", PRACTICE, (("engineer", s.it.id), ("day", day)))


def _booked_for(s: Situation[Technician, c.BookVisit, ServicePolicy, Any]) -> date | None:
    begins = s.command.window_from
    return None if begins is None else day_of(begins, s.policy.zone)


# --- repair orders ----------------------------------------------------------------------------------


def numbering(s: Situation[Any, Any, ServicePolicy, Any]) -> Named[Numbering] | None:
    """The rule by which the firm keeps repair orders; ``None``: it does not."""
    rules = rules_of(s)
    known = rules.answered({})
    kept = (named for named in rules.of(Numbering) if named.rule.series is Series.REPAIR_ORDER)
    return next((named for named in kept if named.rule.when.open(known) == ()), None)


def order_in_turn(s: Said) -> Iterator[Reason]:
    """It is no number beyond the next of his book: none is skipped (AS-FORM-1)."""
    book, number = s.it.orders, s.command.number
    if book is None:
        yield Reason("aftersales.orders.no-book", _ONE_BOOK, (("number", number),))
    elif book.used_up and number > book.last:
        yield Reason("aftersales.orders.used-up", _ONE_BOOK, (("number", number), ("last", book.last)))
    elif number > book.next:
        yield Reason("aftersales.orders.skipped", _IN_ORDER, (("number", number), ("next", book.next)))


def order_unused(s: Said) -> Iterator[Reason]:
    """It is neither used nor void, and not of a book that he does not hold (AS-FORM-1)."""
    book, number = s.it.orders, s.command.number
    if str(number) in s.it.orders_used:
        ticket = s.it.orders_used[str(number)]
        yield Reason("aftersales.orders.used", _IN_ORDER, (("number", number), ("ticket", ticket)))
    elif any(str(number) in each.voided for each in _books(s.it)):
        yield Reason("aftersales.orders.void", _SPOILED, (("number", number),))
    elif book is not None and number < book.first:
        yield Reason("aftersales.orders.not-his", _ONE_BOOK, (("number", number), ("first", book.first)))


def _books(it: Technician) -> tuple[OrderBook, ...]:
    return it.handed_in if it.orders is None else (*it.handed_in, it.orders)


def carried_over_once(s: Situation[Technician, c.UseOrder, ServicePolicy, Any]) -> Iterator[Reason]:
    """The order that is carried over is his, of the same service, and was not carried over (AS-FORM-1)."""
    before = s.command.carried_over_from
    if before is None:
        return
    facts = (("number", s.command.number), ("from", before))
    if s.it.orders_used.get(str(before)) != s.command.ticket:
        yield Reason("aftersales.orders.not-of-this-ticket", _CARRIED_OVER, facts)
    elif before in s.it.carried_over.values():
        yield Reason("aftersales.orders.carried-over", _CARRIED_OVER, facts)


def one_book(s: Situation[Technician, c.IssueOrders, ServicePolicy, Any]) -> Iterator[Reason]:
    """His book is used up, or he has none: the next one is given against it (AS-FORM-4)."""
    book = s.it.orders
    if book is not None and not book.used_up:
        yield Reason("aftersales.orders.book-held", _ONE_BOOK, (("next", book.next), ("last", book.last)))


def book_of_size(s: Situation[Technician, c.IssueOrders, ServicePolicy, Any]) -> Iterator[Reason]:
    """The book has as many orders as the rulebook says."""
    kept, orders = numbering(s), s.command.last - s.command.first + 1
    if kept is not None and kept.rule.book not in {None, orders}:
        facts = (("orders", orders), ("book", kept.rule.book or 0))
        yield Reason("aftersales.orders.book-size", kept.clause, facts)


def not_issued_before(s: Situation[Technician, c.IssueOrders, ServicePolicy, Any]) -> Iterator[Reason]:
    """He never had one of these numbers."""
    for book in _books(s.it):
        if s.command.first <= book.last and book.first <= s.command.last:
            facts = (("first", book.first), ("last", book.last))
            yield Reason("aftersales.orders.issued-before", _IN_ORDER, facts)


def book_held(s: Said) -> Iterator[Reason]:
    """He has a book."""
    if s.it.orders is None:
        yield Reason("aftersales.orders.no-book", _ONE_BOOK)


def spoiled_handed_in(s: Said) -> Iterator[Reason]:
    """The void orders of the book, no more and no fewer, come to finance with it (AS-FORM-5)."""
    void = set() if s.it.orders is None else {int(number) for number in s.it.orders.voided}
    for number in sorted(void - set(s.command.spoiled)):
        yield Reason("aftersales.orders.spoiled-missing", _EXCHANGE, (("number", number),))
    for number in sorted(set(s.command.spoiled) - void):
        yield Reason("aftersales.orders.not-void", _EXCHANGE, (("number", number),))


def no_orders_left(s: Said) -> Iterator[Reason]:
    """Unused orders are handed in, and the void ones with them (AS-FORM-4)."""
    book = s.it.orders
    if book is not None:
        facts = (("next", book.next), ("last", book.last), ("spoiled", len(book.voided)))
        yield Reason("aftersales.orders.to-hand-in", _LEAVING, facts)


# --- leave ------------------------------------------------------------------------------------------


def asked_ahead(s: Situation[Technician, c.AskLeave, ServicePolicy, Any]) -> Iterator[Reason]:
    """It is asked for so long before as the rulebook says (AS-STAFF-3); if urgent, told at once (AS-STAFF-4).

    An urgent one is told on its first day at the latest. What a time of notice hangs on is asked for.
    """
    said, on = s.command, today(s)
    if not said.urgent:
        yield from _too_late(s, people.LEAVE, said.first)
    elif on > said.first:
        facts = (("of", people.LEAVE), ("day", said.first), ("last", said.first), ("said", on))
        yield Reason(people.TOLD_TOO_LATE, _AT_ONCE, facts)


def _too_late(s: Said, of: str, day: date) -> Iterator[Reason]:
    rules = rules_of(s)
    try:
        yield from people.too_late(rules, of, day, today(s), answers_of(s), rules.calendar)
    except MissingValue as missing:
        facts = (("asked", missing.name), ("where", missing.where))
        yield Reason("aftersales.asked", PRACTICE, facts)


def no_leave_then(s: Said) -> Iterator[Reason]:
    """No other leave of his, asked for or granted, has a day of it."""
    first, last = s.command.first, s.command.last
    for leave in s.it.leaves:
        same = isinstance(s.command, c.ExtendLeave) and leave.first == first
        if leave.is_open and not same and leave.first <= last and first <= leave.last:
            facts = (("first", leave.first), ("last", leave.last))
            yield Reason("aftersales.staff.leave-twice", PRACTICE, facts)


def _leave(s: Said, *states: LeaveState) -> Iterator[Reason]:
    leave = s.it.leave_from(s.command.first)
    if leave is None or leave.state not in states:
        stands = "none" if leave is None else leave.state.value
        facts = (("first", s.command.first), ("state", stands))
        yield Reason("aftersales.staff.no-such-leave", PRACTICE, facts)


def leave_undecided(s: Said) -> Iterator[Reason]:
    """The leave was asked for, and nobody has decided."""
    yield from _leave(s, LeaveState.ASKED)


def leave_open(s: Said) -> Iterator[Reason]:
    """The leave was asked for, or is an urgent one: it can still be refused."""
    yield from _leave(s, LeaveState.ASKED, LeaveState.URGENT)


def leave_running(s: Said) -> Iterator[Reason]:
    """He is on that leave."""
    yield from _leave(s, LeaveState.GRANTED, LeaveState.URGENT)


def papers_owed(s: Situation[Technician, c.ShowLeavePapers, ServicePolicy, Any]) -> Iterator[Reason]:
    """It is an urgent leave whose papers are not there yet (AS-STAFF-4)."""
    leave = s.it.leave_from(s.command.first)
    if leave is None or not leave.urgent or leave.papers_on is not None:
        yield Reason("aftersales.staff.no-papers-owed", _AT_ONCE, (("first", s.command.first),))


def lies_later(s: Situation[Technician, c.ExtendLeave, ServicePolicy, Any]) -> Iterator[Reason]:
    """The new last day lies after the one that it has."""
    leave = s.it.leave_from(s.command.first)
    if leave is not None and s.command.last <= leave.last:
        yield Reason("aftersales.staff.no-longer-leave", PRACTICE, (("last", leave.last),))


def last_of(s: Said) -> Leave:
    """The leave that is spoken of; the guards have seen that there is one."""
    leave = _spoken_of(s)
    assert leave is not None
    return leave


# --- a change of personnel ----------------------------------------------------------------------------


def change_ahead(s: Situation[Technician, c.AnnounceLeaving, ServicePolicy, Any]) -> Iterator[Reason]:
    """It is announced so long before as the rulebook says (AS-STAFF-6)."""
    yield from _too_late(s, people.STAFF_CHANGE, s.command.on)


def change_paper_ahead(s: Situation[Technician, c.HandInChangePaper, ServicePolicy, Any]) -> Iterator[Reason]:
    """The further paper comes so many working days before the change as the rulebook says (AS-STAFF-6)."""
    day = s.it.leaves_on
    assert day is not None
    yield from _too_late(s, people.STAFF_CHANGE_PAPER, day)


def _asked_for(s: Said, of: str) -> Iterator[Clause]:
    rules = rules_of(s)
    known = rules.answered({})
    for named in rules.of(Ahead):
        if named.rule.of == of and named.rule.when.open(known) == ():
            yield named.clause


def announced_first(s: Said) -> Iterator[Reason]:
    """Where the rulebook wants a change announced, nobody leaves before it was (AS-STAFF-6)."""
    for clause in _asked_for(s, people.STAFF_CHANGE):
        yield Reason("aftersales.staff.not-announced", clause)


def change_paper_there(s: Said) -> Iterator[Reason]:
    """Where the rulebook wants the further paper, it was handed in (AS-STAFF-6)."""
    if s.it.change_paper_on is None:
        for clause in _asked_for(s, people.STAFF_CHANGE_PAPER):
            yield Reason("aftersales.staff.change-paper-missing", clause)


def day_come(s: Said) -> Iterator[Reason]:
    """The day that was announced has come."""
    day = s.it.leaves_on
    if day is not None and today(s) < day:
        clause = next(_asked_for(s, people.STAFF_CHANGE), PRACTICE)
        yield Reason("aftersales.staff.leaves-later", clause, (("leaves", day),))


def no_visits_left(s: Said) -> Iterator[Reason]:
    """Somebody else has his appointments."""
    for ticket in sorted(s.it.agenda):
        yield Reason("aftersales.staff.visits-left", PRACTICE, (("ticket", ticket),))
