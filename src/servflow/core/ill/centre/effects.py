"""What follows at a centre where a request is passed on, and where its supplier's word is."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from servflow.core.changes import Actor, Message, Office
from servflow.core.citations import Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import holding
from servflow.core.ill.borrowing.commands import DraftRequest
from servflow.core.ill.borrowing.guards import Case
from servflow.core.ill.borrowing.messages import READY, SENT
from servflow.core.ill.borrowing.outcomes import done
from servflow.core.ill.centre.commands import FlagCase, FlagTransaction, PassOnCosts
from servflow.core.ill.lending import effects as e
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.booking import assessed, cancel_refused
from servflow.core.ill.lending.commands import Ship
from servflow.core.ill.lending.guards import Supply
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.terms import Level, OfferState, Service, attend
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "PROGRAM",
    "flag_case",
    "flag_transaction",
    "for_the_centre",
    "pass_copy",
    "pass_on",
    "pass_shipment",
    "promise",
    "receive",
    "take_costs",
    "via",
    "withdraw_offer",
]

PROGRAM: Final = "centre"
"""The party that passes on what one half of the desk hears to the other half."""


def for_the_centre(library: str) -> Actor:
    """The centre's program, which passes on."""
    return Actor(PROGRAM, library, Office.SYSTEM)


def via(transaction: str) -> str:
    """The id of the case that fills a transaction: the same for the same one, and it says nothing of it.

    It stands in every request that goes to a supplier, which is to learn of the centre alone.
    """
    return f"via-{sha256(transaction.encode()).hexdigest()[:20]}"


def pass_on(s: Supply) -> Outcome:
    """A case begins that asks for the same; it is the centre's own, and the requester is its patron.

    The note goes with it, by which a request of the thesis system is known (CALIS-13).
    """
    it, said = s.it, s.command
    case = DraftRequest(
        id=f"{said.id}/pass-on",
        case=via(it.id),
        by=for_the_centre(it.supplier),
        happened_at=said.recorded_at,
        recorded_at=said.recorded_at,
        patron=it.requester,
        library=it.supplier,
        service=it.service or Service.LOAN,
        requested=it.requested,
        level=it.level or Level.NORMAL,
        need_before=it.need_before,
        max_cost=it.max_cost,
        delivery=it.delivery_wished,
        forwardable=bool(it.forwardable),
        note=it.note or "",
        fills=it.id,
    )
    return Outcome(it=replace(it, via=case.case), commands=(case,))


def take_costs(s: Supply) -> Outcome:
    """The requester is charged what we are, and hears it."""
    said: PassOnCosts = s.command
    return assessed(s, replace(s.it, passed_on=said.costs))


def withdraw_offer(s: Supply) -> Outcome:
    """The terms do not hold any more, because whose they were does not supply it; another may."""
    it = _without_offer(s.it)
    return Outcome(it=it, messages=messages.tell(s, it, messages.EXPECTED))


def promise(s: Supply) -> Outcome:
    """The requester hears that it will be supplied, and on no terms that are still to be accepted."""
    it = _without_offer(s.it)
    return Outcome(it=it, messages=messages.tell(s, it, messages.PROMISED))


def _without_offer(it: SupplyTransaction) -> SupplyTransaction:
    if it.offer is None or it.offer.state is not OfferState.OPEN:
        return it
    return replace(it, offer=replace(it.offer, state=OfferState.LAPSED))


def pass_shipment(s: Supply) -> Outcome:
    """It was sent, whatever our own rules say: the term is our supplier's, and so is what it costs."""
    said: Ship = s.command
    day = today(s)
    it, told = _cancel_answered(s)
    it = replace(_without_offer(it), items=said.items, shipped_on=day, delivery=said.delivery)
    due = said.due or s.policy.due_after(day)
    it = e.told_due(s, it, due)
    facts: tuple[tuple[str, Plain], ...] = (
        ("items", "\n".join(it.items)),
        ("volumes", len(it.items)),
        ("due", due),
        *messages.sent(it.delivery),
    )
    packing, ownership = s.policy.packing.on(day), s.policy.ownership_stays.on(day)
    reasons = (
        *((Reason("ill.pack-properly", packing.clause),) if packing.value else ()),
        *((Reason("ill.ownership-stays", ownership.clause),) if ownership.value else ()),
    )
    return assessed(s, it, messages.SHIPPED, facts, reasons, before=told)


def pass_copy(s: Supply) -> Outcome:
    """The copy was sent; a cancellation that waits came too late."""
    it, told = _cancel_answered(s)
    outcome = e.supply_copy(s._replace(it=it))
    return outcome._replace(messages=told + outcome.messages)


def _cancel_answered(s: Supply) -> tuple[SupplyTransaction, tuple[Message, ...]]:
    """The transaction with a cancellation that waits answered no, and what is told of that."""
    if s.it.cancel_asked_on is None:
        return s.it, ()
    it = cancel_refused(s.it)
    return it, messages.cancel_answered(s, it, messages.status_of(s.it, today(s)), yes=False)


def receive(s: Case) -> Outcome:
    """It counts as received: it has gone to whoever asked, who hears that, and no desk has it (CALIS-8)."""
    outcome = holding.receive(s)
    return outcome._replace(messages=tuple(map(_sent_directly, outcome.messages)))


def _sent_directly(message: Message) -> Message:
    if message.kind != READY:
        return message
    key = f"{message.key.removesuffix(READY)}{SENT}"
    return replace(message, kind=SENT, key=key)


def flag_transaction(s: Situation[SupplyTransaction, FlagTransaction, LendingPolicy, Any]) -> Outcome:
    """Staff are to look at what was not passed on, and why."""
    it = attend(s.it, "not-passed-on", ("what", s.command.what))
    why = tuple(reason for reason in s.command.reasons if reason not in it.attention)
    return Outcome(it=replace(it, attention=it.attention + why))


def flag_case(s: Case) -> Outcome:
    """Staff are to look at what could not be told to the supplier."""
    said: FlagCase = s.command
    return done(s, attend(s.it, "not-passed-on", ("what", said.what)))
