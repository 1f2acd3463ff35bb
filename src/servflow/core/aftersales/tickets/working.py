"""The work, and with what it ends (维修): lines of work, done, found unrepairable, replaced, given back.

Every line has a billing code, and none is ever taken back. What a ticket ends with is said once; a unit is
replaced or refunded, never both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from servflow.core.aftersales.claims import Replacement
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.policy import Named, QuoteValidity
from servflow.core.aftersales.returns import returnable
from servflow.core.aftersales.showing import lacking
from servflow.core.aftersales.technicians.commands import UseOrder
from servflow.core.aftersales.technicians.model import Technician, technician_key
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import messages
from servflow.core.aftersales.tickets.billing import (
    REFUND,
    agreed_to_pay,
    charged,
    is_rework,
    own_work,
    pays_for,
)
from servflow.core.aftersales.tickets.ground import (
    NOT_TO_BE_HAD,
    Case,
    answers_of,
    entailed,
    on_record,
    outcome,
    rules_of,
    why,
)
from servflow.core.aftersales.tickets.model import Item, Ticket, Visit, Work
from servflow.core.aftersales.tickets.states import Custody, ServiceKind, VisitState
from servflow.core.aftersales.tickets.states import Outcome as Ending
from servflow.core.aftersales.tickets.visiting import freed
from servflow.core.aftersales.units.commands import NoteReplacement
from servflow.core.aftersales.units.model import Unit, unit_key
from servflow.core.aftersales.words import NONE, Event
from servflow.core.changes import Command
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome

__all__ = [
    "add_work",
    "agreement_first",
    "another_unit",
    "asked_before_repair",
    "find_unrepairable",
    "finish",
    "finished_first",
    "not_billed",
    "not_settled_twice",
    "order_in_turn",
    "replace_unit",
    "return_unrepaired",
    "unrepairable",
]

_AGREED_FIRST: Final = Clause("AS-FLOW-12", "7")
_GIVEN_BACK: Final = Clause("AS-FLOW-6", "(十二)")
_INVOICED: Final = Clause("AS-FLOW-4", "(十)")
_IN_ORDER: Final = Clause("AS-FORM-1", "维修单使用规定 5")
_ONE_BOOK: Final = Clause("AS-FORM-4", "(三)维修单使用规定 1")
_RETURNED: Final = Clause("AS-RET-1", "服装公司售后服务制度 4")


# --- guards ---------------------------------------------------------------------------------------


def finished_first(s: Case) -> Iterator[Reason]:
    """An item that is being worked on does not go back: the service is finished first (AS-FLOW-6)."""
    yield Reason("aftersales.not-finished", _GIVEN_BACK, (("stage", s.it.state.value),))


def not_billed(s: Case) -> Iterator[Reason]:
    """After the bill nothing is added that the customer pays, but for extras that he agreed to (AS-FLOW-4).

    The rest may be added until he has accepted the service, and is billed again with it.
    """
    it = s.it
    if it.invoiced_on is None or is_rework(it):
        return
    for work in s.command.lines:
        line = work.line
        agreed = line.billing is Billing.EXTRA and bool(line.approved_by)
        if pays_for(it, line) and not agreed:
            facts = (("line", line.item), ("invoiced_on", it.invoiced_on))
            yield Reason("aftersales.billed-already", _INVOICED, facts)


def agreement_first(s: Case) -> Iterator[Reason]:
    """No repair before the customer agreed to it (AS-FLOW-12): to what he pays, where the firm gives quotes.

    He agreed by the quote that he accepted, or by a repair agreement that is shown; one that he has not
    answered he has not agreed to. Where nothing is written down yet it is the verdict that says whether he
    pays. What the rulebook asks for before a repair is there, too.
    """
    it, said, rules = s.it, s.command, rules_of(s)
    yield from lacking(rules, "repair", answers_of(s), on_record(s))
    if it.open_quote is not None:
        yield Reason("aftersales.quote-unanswered", _AGREED_FIRST, (("quote", it.open_quote.ref),))
        return
    if not rules.of(QuoteValidity) or agreed_to_pay(s):
        return
    done = (*own_work(it), *(() if is_rework(it) else said.lines))
    for work in done:
        line = work.line
        if line.billing is Billing.AS_RULED and not work.rework and pays_for(it, line):
            yield Reason("aftersales.agreement-first", _AGREED_FIRST, (("line", line.item),))
    if not done and said.outcome is not Ending.NO_FAULT_FOUND:
        for charge in charged(it):
            yield Reason("aftersales.agreement-first", _AGREED_FIRST, (("charge", charge.value),))


def asked_before_repair(s: Case) -> Iterator[Reason]:
    """What the rulebook asks for before a repair is there before its work is (AS-FLOW-12).

    The hours of an inspection, before the customer agreed to anything, are lines that are let go.
    """
    if any(work.line.billing is not Billing.GOODWILL for work in s.command.lines):
        yield from lacking(rules_of(s), "repair", answers_of(s), on_record(s))


def order_in_turn(s: Case) -> Iterator[Reason]:
    """The repair order is the next one of the engineer's book (AS-FORM-1, AS-FORM-4).

    It is named wherever the firm keeps books of them. One that another is carried over from is named with it.
    """
    said, kept = s.command, _books(s)
    if said.order is None:
        if kept is not None:
            yield Reason("aftersales.order-missing", kept.clause)
        if said.carried_over_from is not None:
            carried = (("order", said.carried_over_from),)
            yield Reason("aftersales.carried-over-to-none", _IN_ORDER, carried)
        return
    technician = _technician(s)
    if technician is None or technician.orders is None or technician.orders.used_up:
        who = () if s.it.visit is None else (("engineer", s.it.visit.engineer),)
        yield Reason("aftersales.no-order-book", _ONE_BOOK, who)
    elif said.order != technician.orders.next:
        facts = (("order", said.order), ("next", technician.orders.next))
        yield Reason("aftersales.order-not-in-turn", _IN_ORDER, facts)


def _books(s: Case) -> Named[Numbering] | None:
    """The rule by which repair orders are kept in books, if one holds for this ticket."""
    rules = rules_of(s)
    known = rules.answered(answers_of(s))
    return next(
        (
            named
            for named in rules.of(Numbering)
            if named.rule.series is Series.REPAIR_ORDER
            and named.rule.bound
            and named.rule.when.open(known) == ()
        ),
        None,
    )


def _technician(s: Case) -> Technician | None:
    """The record of the engineer in charge, if there is one."""
    visit = s.it.visit
    record = None if visit is None else s.others.get(technician_key(visit.engineer))
    return record if isinstance(record, Technician) else None


def unrepairable(s: Case) -> Iterator[Reason]:
    """It was found that it cannot be repaired; or goods are returned or exchanged in time (AS-RET-1)."""
    it = s.it
    if it.unrepairable:
        return
    if it.service is not ServiceKind.RETURN or isinstance(s.command, c.ReturnUnrepaired):
        yield Reason("aftersales.not-unrepairable", PRACTICE)
        return
    dates = {event: it.dates[event.value] for event in Event if event.value in it.dates}
    try:
        right = returnable(rules_of(s), answers_of(s), dates, it.terms)
    except NOT_TO_BE_HAD as found:
        yield why(found, _RETURNED)
        return
    if not right.on(s.policy.day(it.reported_at)):
        last = () if right.last_day is None else (("last_day", right.last_day),)
        yield Reason("aftersales.return-right-over", right.clause, last)


def not_settled_twice(s: Case) -> Iterator[Reason]:
    """What a ticket ends with is said once, and a unit is not both replaced and refunded."""
    it = s.it
    if it.outcome is not None:
        yield Reason("aftersales.settled-already", PRACTICE, (("outcome", it.outcome.value),))
    if isinstance(s.command, c.ReturnUnrepaired):
        return
    for item in it.items.values():
        if item.given_for:
            facts = (("unit", item.given_for), ("replaced_by", item.serial))
            yield Reason("aftersales.replaced-already", PRACTICE, facts)
    if isinstance(s.command, c.ReplaceUnit) and any(each.kind == REFUND for each in it.posted):
        yield Reason("aftersales.refunded-already", PRACTICE)


def another_unit(s: Case) -> Iterator[Reason]:
    """The ticket is about the unit that is replaced, and the customer gets one that he has not brought."""
    it, said = s.it, s.command
    if it.unit is not None and said.unit not in {it.unit, *it.items}:
        yield Reason("aftersales.not-its-unit", PRACTICE, (("unit", said.unit), ("ours", it.unit)))
    if said.serial in {said.unit, it.unit, *it.items}:
        yield Reason("aftersales.same-unit", PRACTICE, (("unit", said.serial),))


# --- effects --------------------------------------------------------------------------------------


def add_work(s: Case) -> Outcome:
    """What was done, used and tested goes on record."""
    return outcome(s, _worked(s))


def _worked(s: Case) -> Ticket:
    """The ticket with the lines and tests of the command; what is done again is marked so."""
    it, said = s.it, s.command
    again = is_rework(it)
    lines: tuple[Work, ...] = tuple(replace(work, rework=again) for work in said.lines)
    tests = tuple(dict.fromkeys((*it.tests, *said.tests)))
    return replace(it, work=(*it.work, *lines), tests=tests)


def finish(s: Case) -> Outcome:
    """The service is done: the engineer is free, his repair order used, and the customer told (完工)."""
    said = s.command
    it, commands = freed(s, _worked(s), VisitState.DONE)
    it = replace(it, outcome=said.outcome, finished_at=said.happened_at)
    if said.order is not None:
        it = replace(it, visits=_ordered(it, said.order, said.carried_over_from))
        commands += tuple(_using(s))
    facts = (("outcome", said.outcome.value),)
    return outcome(s, it, messages=messages.tell(it, messages.FINISHED, facts), commands=commands)


def _ordered(it: Ticket, order: int, carried_over_from: int | None) -> dict[str, Visit]:
    """The visits, the last one with its repair order, and the one that it was carried over from."""
    last = str(len(it.visits))
    carried = {
        key: replace(visit, carried_over_to=order)
        for key, visit in it.visits.items()
        if carried_over_from is not None and visit.order == carried_over_from
    }
    visits = {**it.visits, **carried}
    return {**visits, last: replace(visits[last], order=order)}


def _using(s: Case) -> Iterator[Command]:
    technician, said = _technician(s), s.command
    if technician is not None:
        yield entailed(
            s,
            UseOrder,
            technician.id,
            f"order/{said.order}",
            number=said.order,
            ticket=s.it.id,
            carried_over_from=said.carried_over_from,
        )


def find_unrepairable(s: Case) -> Outcome:
    """It cannot be repaired: the engineer is free, and it is decided what becomes of it.

    A quote that nobody has answered is behind.
    """
    it, evidence = s.it, s.command.evidence
    if it.open_quote is not None:
        it = replace(it, quote=None, quoted=(), earlier_quotes=(*it.earlier_quotes, it.open_quote))
    it, commands = freed(s, replace(it, unrepairable=evidence), VisitState.DONE)
    told = messages.tell(it, messages.UNREPAIRABLE, (("evidence", evidence),))
    return outcome(s, it, messages=told, commands=commands)


def replace_unit(s: Case) -> Outcome:
    """The customer gets another unit for his, and its record knows for which one it stands (换机).

    The rest of the old unit's warranty goes on with it, or its own term, whichever is longer.
    """
    it, said, day = s.it, s.command, today(s)
    given = Item(serial=said.serial, custody=Custody.CUSTOMER, given_back_on=day, given_for=said.unit)
    items: Mapping[str, Item] = {**it.items, given.serial: given}
    it = replace(it, items=items, outcome=Ending.REPLACED, finished_at=said.happened_at)
    commands: tuple[Command, ...] = ()
    if isinstance(s.others.get(unit_key(said.serial)), Unit):
        stands_for = Replacement(on=day, lasting=said.own_term or NONE)
        commands = (entailed(s, NoteReplacement, said.serial, "replacement", replacement=stands_for),)
    facts = (("unit", said.unit), ("serial", said.serial))
    return outcome(s, it, messages=messages.tell(it, messages.REPLACED, facts), commands=commands)


def return_unrepaired(s: Case) -> Outcome:
    """It goes back as it came (原件退回)."""
    it = replace(s.it, outcome=Ending.RETURNED_UNREPAIRED, finished_at=s.command.happened_at)
    facts = (("outcome", Ending.RETURNED_UNREPAIRED.value),)
    return outcome(s, it, messages=messages.tell(it, messages.FINISHED, facts))
