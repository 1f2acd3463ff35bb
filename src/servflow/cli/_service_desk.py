"""The service desk behind the command line: whose it is, who speaks, what is there, how fields are typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final

import click

from servflow.cli._fields import Readers, parts
from servflow.cli._host import Host
from servflow.cli._service_case import distance
from servflow.cli._service_clock import local_instant
from servflow.cli._stored import first_of
from servflow.codec.fee_facts import read_facts
from servflow.core.aftersales.books.model import Book
from servflow.core.aftersales.circumstances import Distance
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.corrective.model import CorrectiveAction
from servflow.core.aftersales.costs import Billing, WorkLine
from servflow.core.aftersales.findings.model import Finding
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets.model import Purchase, Ticket, Work
from servflow.core.aftersales.units.model import Unit
from servflow.core.aftersales.words import ChargeClass, Lasting, parse_lasting
from servflow.core.changes import Actor, Aggregate, Office
from servflow.core.citations import PRACTICE
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue, NotFound, ServflowError
from servflow.core.fees import Charge, Facts, Flat, evaluate
from servflow.core.money import Money
from servflow.core.ports import Storage
from servflow.rulebooks import load

__all__ = [
    "KINDS",
    "check_party",
    "found",
    "readers",
    "speaker",
]

KINDS: Final[Mapping[str, type[Aggregate]]] = {
    "ticket": Ticket,
    "complaint": Complaint,
    "unit": Unit,
    "technician": Technician,
    "action": CorrectiveAction,
    "finding": Finding,
}
"""What there is at a service desk, by its name on the line."""

_WORK: Final = frozenset(field.name for field in fields(Work)) - {"line", "by", "on", "discounted", "rework"}
_LINE: Final = frozenset(field.name for field in fields(WorkLine)) - {"item", "listed"}


def check_party(host: Host, ref: str, seen: Iterable[str]) -> None:
    """That somebody of that reference is known to the host, or is among those that were ``seen``.

    Raises:
        InvalidValue: nobody is.
    """
    known = host.service_file
    here = {*known.staff, *known.outlets, known.firm.ref}
    if ref not in here | known.customers and ref not in set(seen):
        expected = f"a customer, or one of {', '.join(sorted(here))}"
        raise InvalidValue("--of", ref, expected)


def found(storage: Storage, id: str) -> Aggregate:
    """What has that id: a ticket, otherwise a complaint, a unit, and so on; at last a book of numbers.

    Raises:
        NotFound: nothing has it.
    """
    return first_of(storage, (*KINDS.values(), Book), id, ", ".join(KINDS))


# --- who speaks -------------------------------------------------------------------------------------


def speaker(host: Host, it: Aggregate | None, who: str, customer: str | None = None) -> Actor:
    """Who speaks: a post, ``customer``, ``clock``, ``system``, or a party of the host's facts.

    In the post of an engineer it is the one in charge of the last visit, if he serves in it; in any other
    the first member of staff in it. The customer is that of ``it``, or who is said to be.
    """
    known = host.service_file
    firm = known.firm.ref
    if who in {"clock", "system"}:
        return Actor.policy(firm) if who == "system" else Actor.clock(firm)
    if who == "customer":
        whose: str | None = getattr(it, "customer", None) or customer
        if whose is None:
            raise click.UsageError("--as customer: it is nobody's yet; say customer=REF")
        return Actor(whose, whose, Office.PERSON)
    serving = known.serving(who)
    if serving:
        visit = it.visit if isinstance(it, Ticket) else None
        in_charge = visit is not None and visit.engineer in serving
        party = visit.engineer if visit is not None and in_charge else serving[0]
        return Actor(party, firm, Office.STAFF, (who,))
    try:
        return known.actor(who)
    except NotFound:
        posts = sorted({post for each in known.staff.values() for post in each})
        expected = f"one of {', '.join(posts)}, customer, clock, system, or a party of the host's facts"
        raise click.BadParameter(f"found {who!r}, expected {expected}", param_hint="--as") from None


# --- how fields are typed -----------------------------------------------------------------------------


def readers(host: Host, by: str, at: datetime | None) -> Readers:
    """How the fields of a service desk are written; work is done ``by`` whom, unless a line says otherwise.

    Instants without an offset are local time of the firm's zone.
    """
    policy = host.service
    encode = host.codec.encode

    def moment(text: str) -> str:
        try:
            return local_instant(text, policy.zone, "").isoformat()
        except click.BadParameter as error:
            raise InvalidValue("", text, error.message.rpartition("expected ")[2]) from None

    def given(text: str) -> Any:
        return int(text) if text.isdecimal() else {"instant": moment(text)}

    def purchase(text: str) -> Any:
        price, _, quantity = text.partition(" for ")
        number = int(quantity) if quantity.strip().isdecimal() else 1 if not quantity else 0
        return encode(Purchase(price=_money(price, policy.currency), quantity=number))

    def work(text: str) -> Any:
        on = policy.day(at) if at is not None else host.today(Ticket.kind)
        return encode(_work(host, text, by, on))

    return {
        datetime: moment,
        int | datetime: given,
        Distance: lambda text: encode(_distance(text)),
        Lasting: lambda text: encode(parse_lasting(text)),
        Purchase: purchase,
        Fraction: str.strip,
        Term: _term,
        Work: work,
    }


def _money(text: str, currency: str) -> Money:
    code, _, amount = text.strip().rpartition(" ")
    return Money(amount, code or currency)


def _distance(text: str) -> Distance:
    try:
        made = distance(text)
    except click.BadParameter:
        expected = "whole metres and how they were measured, such as '80 km road'"
        raise InvalidValue("distance", text, expected) from None
    assert made is not None
    return made


def _term(text: str) -> dict[str, str]:
    first, _, last = text.partition("/")
    try:
        start, end = date.fromisoformat(first.strip()), date.fromisoformat(last.strip())
        until = date.fromordinal(end.toordinal() + 1)
    except (ValueError, OverflowError):
        raise InvalidValue("term", text, "the first and the last day, 2026-01-01/2026-12-31") from None
    return {"start": start.isoformat(), "until": until.isoformat()}


def _work(host: Host, text: str, by: str, on: date) -> Work:
    """A line of work: what it is and its list price, and name=value behind semicolons.

    Without a price it is what the firm's charges make of a rule of that name; what is no field of the line
    is a fact that the rule reads.

    Raises:
        InvalidValue: a part is missing, or is not what it should be.
    """
    head, _, rest = text.partition(";")
    said = {name.replace("-", "_"): value for name, value in parts(rest).items()}
    if "class" in said:
        said["charge"] = said.pop("class")
    item, _, price = head.strip().rpartition(" ")
    if not (price[:1].isdecimal() and item):
        item, price = head.strip(), ""
    elif " " in item and item.rpartition(" ")[2].isupper() and len(item.rpartition(" ")[2]) == _CODE:
        item, _, code = item.rpartition(" ")
        price = f"{code} {price}"
    currency = host.service.currency
    if price:
        unknown = said.keys() - _WORK - _LINE - {"by", "on"}
        if unknown:
            expected = ", ".join(sorted((_WORK | _LINE | {"by", "on", "class"}) - {"charge"}))
            raise InvalidValue("", text, f"of each line {expected}")
        listed = evaluate(Flat(_money(price, currency)).under(PRACTICE), Facts())
    else:
        listed = _by_charges(host, item, said)
    line = WorkLine(
        item=item,
        charge=_value(ChargeClass, "class", said.get("charge", "")),
        billing=_value(Billing, "billing", said.get("billing", "")),
        listed=listed,
        cost=_money(said["cost"], currency) if "cost" in said else None,
        approved_by=said.get("approved_by", ""),
    )
    return Work(
        line=line,
        by=said.get("by", by),
        on=_day(said["on"]) if "on" in said else on,
        hours=_hours(said["hours"]) if "hours" in said else None,
        part=said.get("part", ""),
    )


_CODE: Final = 3  # letters of a currency


def _hours(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InvalidValue("hours", text, "hours such as 1.5 or 3/2") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue("on", text, "a day such as 2026-03-20") from None


def _value(kind: Any, name: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise InvalidValue("", text, f"{name}=" + "|".join(each.value for each in kind)) from None


def _by_charges(host: Host, item: str, said: Mapping[str, str]) -> Charge:
    """What the rule of that name makes of what is said of the line, and of the firm's rates."""
    known = host.service_file
    book = None if known.charges is None else load(known.charges)
    rule = None if book is None else book.fees.get(item)
    if rule is None or not rule.is_whole:
        names = [] if book is None else [name for name, each in book.fees.items() if each.is_whole]
        fees = f", or one of the firm's charges: {', '.join(names)}" if names else ""
        raise InvalidValue("", item, f"what was done or used and its price, 'pump 260.00'{fees}")
    try:
        return evaluate(rule, read_facts(rule, {**known.rates, **said}, item))
    except ServflowError as error:
        raise InvalidValue("", item, f"what this charge asks for: {error}") from None
