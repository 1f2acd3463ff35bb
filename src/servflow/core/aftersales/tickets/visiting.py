"""Help from afar, and visits: who is sent and when, who may act on it, and how it ends (派工、上门).

1. A visit is somebody's. He acts on it, and those who go along; nobody else in the field does. Those who plan
   act on any.
2. A visit that ends, or goes to somebody else, frees the appointment of those who had it: ``freed``.
3. What was agreed with the customer is moved with his consent, or somebody else keeps it (AS-FLOW-16).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from servflow.core.aftersales.showing import needed, not_ruled_out
from servflow.core.aftersales.technicians.commands import BeginVisit, BookVisit, FreeVisit
from servflow.core.aftersales.technicians.guards import overlap
from servflow.core.aftersales.technicians.model import (
    Booking,
    Technician,
    TechnicianState,
    technician_key,
)
from servflow.core.aftersales.tickets.commands import BeginInShop, Depart, Dispatch, MoveAppointment
from servflow.core.aftersales.tickets.ground import (
    Case,
    answers_of,
    entailed,
    is_qualified,
    local,
    outcome,
    rules_of,
)
from servflow.core.aftersales.tickets.messages import (
    APPOINTMENT,
    APPOINTMENT_OFF,
    FINISHED,
    JOB,
    JOB_OFF,
    tell,
)
from servflow.core.aftersales.tickets.model import Help, Item, Ticket, Visit
from servflow.core.aftersales.tickets.states import Custody, Route, TicketRole, VisitState
from servflow.core.aftersales.tickets.states import Outcome as Result
from servflow.core.changes import Command, Message
from servflow.core.citations import PRACTICE, Clause, Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome, chooser

__all__ = [
    "access_authorised",
    "after_dispatch",
    "approved_first",
    "arrive",
    "at_no_other_job",
    "back_to_dispatch",
    "begin_in_shop",
    "custody_fits_route",
    "depart",
    "departed_first",
    "dispatch",
    "for_inspection",
    "freed",
    "give_back_visit",
    "move_appointment",
    "not_departed",
    "not_held",
    "note_help",
    "own_visit",
    "solve_remotely",
    "solved",
    "stopped",
    "switch_route",
    "technician_free",
    "technician_qualified",
    "tell_the_job",
    "unit_not_with_us",
    "window_agreed",
]

_DISPATCHED_BY: Final = Clause("AS-FLOW-2", "售后服务管理办法 (八)")
_AGREED: Final = Clause("AS-FLOW-16", "售后服务的管理制度 一2(2)")
_AUTHORISED: Final = Clause("AS-FLOW-22", "售后服务管理规范v 服务方式 1-3")
_APPROVED: Final = Clause("AS-FLOW-12", "售后服务中心规章制度 7")
_TAKEN_IN: Final = Clause("AS-FLOW-5", "售后服务管理制度范本 (十一)")
_QUALIFIED: Final = "qualified-engineer"
_LIVE: Final = frozenset({VisitState.PLANNED, VisitState.DEPARTED, VisitState.ON_SITE})


# --- choosers ---------------------------------------------------------------------------------------


@chooser
def solved(s: Case) -> bool:
    """The help solved the matter: nothing more has to be done."""
    return bool(s.command.solved)


@chooser
def for_inspection(s: Case) -> bool:
    """It is to find the cause, before it is decided who pays or agreed to what it costs (AS-FLOW-12)."""
    return bool(s.command.inspection)


@chooser
def back_to_dispatch(s: Case) -> bool:
    """The customer does not agree, and nobody else takes the visit over (AS-FLOW-16)."""
    return not s.command.consent.strip() and not _another(s)


def _another(s: Case) -> bool:
    """Whether somebody else takes the visit over."""
    return s.command.engineer not in {None, _planned(s).engineer}


def _planned(s: Case) -> Visit:
    """The visit that was planned last; the table asks for it only where there is one."""
    visit = s.it.visit
    assert visit is not None
    return visit


def _before(s: Case) -> Visit | None:
    """The visit as it was, where an appointment is moved."""
    return _planned(s) if isinstance(s.command, MoveAppointment) else None


# --- guards -----------------------------------------------------------------------------------------


def access_authorised(s: Case) -> Iterator[Reason]:
    """Nobody is in the customer's system unless he let him in (AS-FLOW-22)."""
    if s.command.session and not s.command.authorised.strip():
        yield Reason("aftersales.not-authorised", _AUTHORISED)


def not_held(s: Case) -> Iterator[Reason]:
    """The service does not stand still."""
    for reason, hold in s.it.holds.items():
        facts = (("reason", reason), ("since", s.policy.day(hold.since)))
        yield Reason("aftersales.held", PRACTICE, facts)


def own_visit(s: Case) -> Iterator[Reason]:
    """An engineer acts on his own visit, or one on which he goes along; an outlet's staff on their outlet's.

    Where nobody is sent, or the visit was called off, it is nobody else's.
    """
    visit = s.it.visit
    if s.role is not TicketRole.ENGINEER or visit is None or visit.state is VisitState.OFF:
        return
    by = s.command.by
    his = {by.party, by.serves} if visit.outlet else {by.party}
    if his.isdisjoint({visit.engineer, *visit.crew}):
        facts = (("visit", visit.number), ("engineer", visit.engineer))
        yield Reason("aftersales.anothers-visit", _DISPATCHED_BY, facts)


def window_agreed(s: Case) -> Iterator[Reason]:
    """The window is one that the customer agreed to, and lies ahead; a moved one keeps to that (AS-FLOW-16).

    Without his consent somebody else comes at the same time. What changes neither the time nor who comes
    moves nothing.
    """
    said, visit = s.command, _before(s)
    window = said.window_from, said.window_until
    kept = visit is not None and window in {(None, None), (visit.window_from, visit.window_until)}
    if visit is not None and kept and not _another(s):
        yield Reason("aftersales.nothing-moved", _AGREED)
    if window == (None, None):
        return
    if said.window_until < said.happened_at:
        facts = (("until", local(s, said.window_until)),)
        yield Reason("aftersales.window-past", PRACTICE, facts)
    if not kept and not said.consent.strip():
        yield Reason("aftersales.no-consent", _AGREED, (("from", local(s, said.window_from)),))


def technician_free(s: Case) -> Iterator[Reason]:
    """Those who are sent serve the firm then, are not on leave, and are not booked elsewhere (AS-FLOW-16).

    Without a window it is the day of the command that counts. Two windows that touch do not overlap. Of
    somebody without a record nothing is known.
    """
    start, end = _window(s)
    on = today(s) if start is None else s.policy.day(start)
    booking = Booking(ticket=s.it.id, visit=0, window_from=start, window_until=end)
    for who in _sent(s):
        record = s.others.get(technician_key(who))
        if isinstance(record, Technician):
            yield from _away(record, on)
            yield from _booked(record, booking)


def at_no_other_job(s: Case) -> Iterator[Reason]:
    """Those who go, or begin, are not out on another visit: nobody is in two places (AS-FLOW-16).

    What stands in the shop keeps nobody there: one begins at several units, and leaves them for a visit.
    """
    who = _sent(s) if isinstance(s.command, BeginInShop) else (_planned(s).engineer, *_planned(s).crew)
    for each in who:
        record = s.others.get(technician_key(each))
        for ticket in record.out_on if isinstance(record, Technician) else ():
            if ticket != s.it.id:
                yield Reason("aftersales.technician-out", _AGREED, (("engineer", each), ("ticket", ticket)))


def _window(s: Case) -> tuple[datetime | None, datetime | None]:
    """The window that would be booked: what the command says, or else what was agreed before."""
    if isinstance(s.command, BeginInShop):
        return None, None
    visit = _before(s)
    if s.command.window_from is None and visit is not None:
        return visit.window_from, visit.window_until
    return s.command.window_from, s.command.window_until


def _sent(s: Case) -> tuple[str, ...]:
    """Who is to go: the engineer in charge, the one who had the visit where none is named, and the crew."""
    said, visit = s.command, _before(s)
    if visit is not None:
        engineer = said.engineer or visit.engineer
        return (engineer, *(who for who in visit.crew if who != engineer))
    return (said.engineer, *(said.crew if isinstance(said, Dispatch) else ()))


def _away(record: Technician, on: date) -> Iterator[Reason]:
    facts = (("engineer", record.id), ("day", on))
    if record.state is TechnicianState.LEFT or (record.leaves_on is not None and on >= record.leaves_on):
        yield Reason("aftersales.technician-left", PRACTICE, facts)
    if record.on_leave(on):
        yield Reason("aftersales.technician-on-leave", PRACTICE, facts)


def _booked(record: Technician, booking: Booking) -> Iterator[Reason]:
    for ticket, other in sorted(record.agenda.items()):
        if ticket != booking.ticket and overlap(booking, other):
            facts = (("engineer", record.id), ("ticket", ticket))
            yield Reason("aftersales.technician-booked", _AGREED, facts)


def technician_qualified(s: Case) -> Iterator[Reason]:
    """Where the rulebook asks for a qualified engineer, all who are sent are by their records (AS-STAFF-12).

    An outlet answers for its own staff.
    """
    said, visit = s.command, _before(s)
    outlets = isinstance(said, Dispatch) and said.outlet
    if outlets or (visit is not None and visit.outlet and not _another(s)):
        return
    asked = [each for each in needed(rules_of(s), "arrange", answers_of(s)) if each.name == _QUALIFIED]
    for who in _sent(s) if asked else ():
        if not is_qualified(s, who):
            facts = (("engineer", who), ("service", s.it.service.value))
            yield Reason("aftersales.not-qualified", asked[0].clause, facts)


def approved_first(s: Case) -> Iterator[Reason]:
    """Nobody begins before it is decided who pays, and agreed to where the customer does (AS-FLOW-12).

    But to find the cause, he may.
    """
    yield Reason("aftersales.not-approved", _APPROVED, (("stage", s.it.state.value),))


def not_departed(s: Case) -> Iterator[Reason]:
    """He is not on his way yet."""
    visit = _planned(s)
    if visit.state is VisitState.DEPARTED:
        yield Reason("aftersales.departed", PRACTICE, (("visit", visit.number),))


def departed_first(s: Case) -> Iterator[Reason]:
    """Nobody arrives who has not left, where the rulebook has a list for that (AS-FLOW-18)."""
    visit = _planned(s)
    if visit.departed_at is not None:
        return
    for named, _ in not_ruled_out(rules_of(s), Depart.step, answers_of(s)):
        facts = (("visit", visit.number), ("rule", named.name))
        yield Reason("aftersales.not-departed", named.clause, facts)


def after_dispatch(s: Case) -> Iterator[Reason]:
    """Nobody leaves before he is sent, or arrives before he has left."""
    at, visit = s.command.happened_at, _planned(s)
    known = [each for each in (visit.dispatched_at, visit.departed_at) if each is not None]
    if any(at < each for each in known):
        facts = (("at", local(s, at)), ("after", local(s, max(known))))
        yield Reason("aftersales.before-dispatch", PRACTICE, facts)


def unit_not_with_us(s: Case) -> Iterator[Reason]:
    """Nobody is sent, or goes, to the customer while an item is in the shop, at a vendor or on its way here.

    One on its way back is to be fitted there (AS-FLOW-5).
    """
    for item in s.it.in_firms_hands:
        if item.custody is not Custody.OUTBOUND:
            yield _not_with_customer(item)


def _not_with_customer(item: Item) -> Reason:
    facts = (("item", item.serial), ("custody", item.custody.value))
    return Reason("aftersales.unit-not-with-customer", _TAKEN_IN, facts)


def custody_fits_route(s: Case) -> Iterator[Reason]:
    """It is done at the customer's only while he has the unit; it goes into the shop any time (AS-FLOW-5)."""
    if s.command.route is not Route.SHOP:
        yield from map(_not_with_customer, s.it.in_firms_hands)


# --- whose visit it is -------------------------------------------------------------------------------


def freed(s: Case, it: Ticket, state: VisitState) -> tuple[Ticket, tuple[Command, ...]]:
    """``it`` with its visit ended as ``state``, and what frees the appointment of those who had it.

    A visit that has ended already, or that there is not, stays as it is. Somebody is freed where his record
    was read and he is booked.
    """
    visit = it.visit
    if visit is None or visit.state not in _LIVE:
        return it, ()
    left = s.command.happened_at if visit.state is VisitState.ON_SITE else None
    ended = replace(visit, state=state, left_at=left)
    return _with_visit(it, ended), tuple(_freeing(s, (visit.engineer, *visit.crew)))


def stopped(s: Case, it: Ticket) -> tuple[Ticket, tuple[Command, ...], tuple[Message, ...]]:
    """``it`` with the work broken off: who was at it is free, and told; nothing where nobody was."""
    visit = it.visit
    if visit is None or visit.state not in _LIVE:
        return it, (), ()
    it, commands = freed(s, it, VisitState.DONE)
    return it, commands, _tell_each(s, it, JOB_OFF, visit, (visit.engineer, *visit.crew))


def _with_visit(it: Ticket, visit: Visit) -> Ticket:
    return replace(it, visits={**it.visits, str(visit.number): visit})


def _freeing(s: Case, who: Iterable[str]) -> Iterator[Command]:
    for each in who:
        record = s.others.get(technician_key(each))
        if isinstance(record, Technician) and s.it.id in record.agenda:
            yield entailed(s, FreeVisit, each, f"free/{each}", ticket=s.it.id)


def _booking(s: Case, visit: Visit) -> Iterator[Command]:
    for each in (visit.engineer, *visit.crew):
        if isinstance(s.others.get(technician_key(each)), Technician):
            yield entailed(
                s,
                BookVisit,
                each,
                f"book/{each}",
                ticket=s.it.id,
                visit=visit.number,
                window_from=visit.window_from,
                window_until=visit.window_until,
            )


def _beginning(s: Case, visit: Visit) -> Iterator[Command]:
    for each in (visit.engineer, *visit.crew):
        record = s.others.get(technician_key(each))
        if isinstance(record, Technician) and s.it.id in record.agenda:
            yield entailed(s, BeginVisit, each, f"begin/{each}", ticket=s.it.id)


def _facts(s: Case, visit: Visit) -> tuple[tuple[str, Plain], ...]:
    """Which visit it is, by whom, and when he comes."""
    about: tuple[tuple[str, Plain], ...] = (("visit", visit.number), ("engineer", visit.engineer))
    about += (("inspection", True),) if visit.inspection else ()
    if visit.window_from is None or visit.window_until is None:
        return about
    return (
        *about,
        ("from", local(s, visit.window_from)),
        ("until", local(s, visit.window_until)),
    )


def _tell_each(s: Case, it: Ticket, kind: str, visit: Visit, who: Iterable[str]) -> tuple[Message, ...]:
    facts, unit = _facts(s, visit), it.unit or it.order_line
    if kind == JOB and unit is not None:
        facts = (("unit", unit), *facts)
    return tuple(each for party in who for each in tell(it, kind, facts, to=party))


def tell_the_job(s: Case, it: Ticket) -> tuple[Message, ...]:
    """Those who are at the job, or on their way to it, hear of it anew; nobody where there is none."""
    visit = it.visit
    if visit is None or visit.state not in _LIVE:
        return ()
    return _tell_each(s, it, JOB, visit, (visit.engineer, *visit.crew))


def _called_off(s: Case, it: Ticket, visit: Visit) -> tuple[Message, ...]:
    """Those who were to go are told that they are not, and the customer that nobody comes then."""
    told = _tell_each(s, it, JOB_OFF, visit, (visit.engineer, *visit.crew))
    return told if visit.window_from is None else (*told, *tell(it, APPOINTMENT_OFF, _facts(s, visit)))


# --- help from afar -------------------------------------------------------------------------------------


def solve_remotely(s: Case) -> Outcome:
    """Advice was enough (AS-FLOW-22): the service is done, and a visit that was planned is called off."""
    visit = s.it.visit
    it, commands = freed(s, _helped(s), VisitState.OFF)
    it = replace(it, route=Route.REMOTE, outcome=Result.ADVICE_ONLY, finished_at=s.command.happened_at)
    messages = tell(it, FINISHED, (("outcome", Result.ADVICE_ONLY.value),))
    if visit is not None and visit.state in _LIVE:
        messages = (*messages, *_called_off(s, it, visit))
    return outcome(s, it, messages=messages, commands=commands)


def note_help(s: Case) -> Outcome:
    """The help goes on record; it did not solve the matter."""
    return outcome(s, _helped(s))


def _helped(s: Case) -> Ticket:
    said = s.command
    given = Help(
        at=said.happened_at,
        by=said.by.party,
        route=Route.REMOTE,
        solved=said.solved,
        authorised=said.authorised,
        note=said.note,
    )
    return replace(s.it, helps=(*s.it.helps, given))


# --- the visit ------------------------------------------------------------------------------------------


def dispatch(s: Case) -> Outcome:
    """Somebody is sent: it is his appointment, and the customer is told when he comes."""
    said = s.command
    visit = Visit(
        number=len(s.it.visits) + 1,
        engineer=said.engineer,
        route=Route.ON_SITE,
        window_from=said.window_from,
        window_until=said.window_until,
        crew=said.crew,
        outlet=said.outlet,
        inspection=said.inspection,
        consent=said.consent,
        dispatched_at=said.happened_at,
    )
    it = _with_visit(replace(s.it, route=Route.ON_SITE), visit)
    messages = _tell_each(s, it, JOB, visit, (visit.engineer, *visit.crew))
    if visit.window_from is not None:
        messages = (*messages, *tell(it, APPOINTMENT, _facts(s, visit)))
    return outcome(s, it, messages=messages, commands=tuple(_booking(s, visit)))


def give_back_visit(s: Case) -> Outcome:
    """The visit is called off, and the job goes back to dispatch, or to where it stands (AS-FLOW-16)."""
    it, commands = freed(s, s.it, VisitState.OFF)
    return outcome(s, it, messages=_called_off(s, it, _planned(s)), commands=commands)


def move_appointment(s: Case) -> Outcome:
    """Another time, or somebody else at the same time (AS-FLOW-16).

    Whoever takes it over is of the firm's own staff; to an outlet it goes by way of dispatch. Who went along
    goes along, but for one who takes it over himself.
    """
    said, before = s.command, _planned(s)
    engineer, *crew = _sent(s)
    window = _window(s)
    moved = window != (before.window_from, before.window_until)
    other = engineer != before.engineer
    visit = replace(
        before,
        engineer=engineer,
        crew=tuple(crew),
        outlet=before.outlet and not other,
        window_from=window[0],
        window_until=window[1],
        state=VisitState.PLANNED,
        moved=before.moved + moved,
        consent=said.consent or before.consent,
        dispatched_at=said.happened_at if other else before.dispatched_at,
        departed_at=None,
    )
    it = _with_visit(s.it, visit)
    commands = (*_freeing(s, (before.engineer,) if other else ()), *_booking(s, visit))
    messages = (
        *_tell_each(s, it, JOB_OFF, before, (before.engineer,) if other else ()),
        *_tell_each(s, it, JOB, visit, (engineer, *crew)),
    )
    if visit.window_from is not None:
        messages = (*messages, *tell(it, APPOINTMENT, _facts(s, visit)))
    return outcome(s, it, messages=messages, commands=commands)


def depart(s: Case) -> Outcome:
    """He is on his way."""
    visit = replace(_planned(s), state=VisitState.DEPARTED, departed_at=s.command.happened_at)
    return outcome(s, _with_visit(s.it, visit), commands=tuple(_beginning(s, visit)))


def arrive(s: Case) -> Outcome:
    """He is there."""
    visit = replace(_planned(s), state=VisitState.ON_SITE, arrived_at=s.command.happened_at)
    return outcome(s, _with_visit(s.it, visit), commands=tuple(_beginning(s, visit)))


def switch_route(s: Case) -> Outcome:
    """It is done in another way: the visit is over if he was there, and called off if he was not."""
    visit = s.it.visit
    state = VisitState.OFF
    messages: tuple[Message, ...] = ()
    if visit is not None and visit.state is VisitState.ON_SITE:
        state = VisitState.DONE
    elif visit is not None and visit.state in _LIVE:
        messages = _called_off(s, s.it, visit)
    it, commands = freed(s, s.it, state)
    return outcome(s, replace(it, route=s.command.route), messages=messages, commands=commands)


def begin_in_shop(s: Case) -> Outcome:
    """The work in the shop begins, as a job of its engineer; whoever had it before is free."""
    said = s.command
    it, freeing = freed(s, s.it, VisitState.DONE)
    visit = Visit(
        number=len(it.visits) + 1,
        engineer=said.engineer,
        route=Route.SHOP,
        inspection=said.inspection,
        state=VisitState.ON_SITE,
        dispatched_at=said.happened_at,
    )
    it = _with_visit(replace(it, route=Route.SHOP), visit)
    messages = _tell_each(s, it, JOB, visit, (visit.engineer,))
    return outcome(s, it, messages=messages, commands=(*freeing, *_booking(s, visit)))
