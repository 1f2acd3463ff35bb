"""What a lending library's rulebook says: every value dated and cited, none of them in code.

What a loan costs goes by the rules of the day it was shipped; everything else by those of the day
of the command.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from servflow.core.citations import Dated
from servflow.core.dates import EndOfMonth, Period, day_of
from servflow.core.ill.lending.states import InstitutionKind, Material, SecurityKind
from servflow.core.money import Money
from servflow.core.worktime import Calendar

__all__ = ["LendingPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingPolicy:
    """The rules of one lending library (借出馆的规则).

    ``library`` is the lender's reference, ``rulebook`` the digest of the rulebook, ``calendar``
    the desk's opening hours and the zone in which its days lie. An empty tuple means "none"; a
    rule that a library does not have is left out of its rulebook only where this says so.
    """

    library: str
    rulebook: str
    calendar: Calendar
    currency: str
    closed_through: date | None = None
    """The last day of the books' closed periods; postings for a day in them count on the first open day."""
    end_of_month: Dated[EndOfMonth]

    # who may borrow
    served: Dated[tuple[InstitutionKind, ...]]
    """Kinds of institution served (服务对象)."""
    served_on_approval: Dated[tuple[InstitutionKind, ...]]
    """Kinds served if the library approves of the institution."""
    served_through_county_library: Dated[tuple[InstitutionKind, ...]]
    """Kinds that ask through the public library of their county."""
    agreements: Dated[tuple[str, ...]]
    """Names of the agreements that must be signed."""
    asks_through_related: Dated[bool]
    """Individuals and other places' institutions without a relation ask through one that has it."""
    security: Dated[tuple[SecurityKind, ...]]
    """Kinds of security of which one must be paid; empty: none is asked for."""
    suspended_while_overdue: Dated[bool]
    """Nothing is lent while something is overdue."""
    suspended_while_owing: Dated[tuple[str, ...]]
    """Kinds of charge that must be paid before anything more is lent."""
    own_requests_by_card: Dated[bool]
    """An institution files its own requests, known by the card number it was given."""
    local_supply_first: Dated[bool]
    """Only what the libraries of the borrower's own place cannot supply is lent."""
    most_volumes: Dated[int | None]
    """How many volumes an institution may have out at one time; None: as many as it wants."""

    # what is lent
    lent: Dated[tuple[Material, ...]]
    """Materials that are lent."""
    not_lent: Dated[tuple[Material, ...]]
    """Materials that are not lent; document delivery is offered instead."""
    base_collection_only: Dated[tuple[Material, ...]]
    """Materials lent from the base collection only."""
    lent_once_catalogued: Dated[tuple[Material, ...]]
    """Materials lent only if they were catalogued long enough ago."""
    catalogued_before: Dated[Period]
    """How long ago."""
    delivery_limited: Dated[tuple[Material, ...]]
    """Materials of which documents are delivered within limits only."""

    # for how long
    loan_period: Dated[Period]
    renewals: Dated[int]
    """How often a loan is renewed."""
    renewal_period: Dated[Period]
    """By how much, counted from the old due date."""
    renewal_asked_before: Dated[int]
    """How many days before the due date a renewal is asked for at the latest; 0: on that day still."""
    renewal_needs_reason: Dated[bool]
    renewal_only_if_unreserved: Dated[bool]
    recall_any_time: Dated[bool]
    """The lender may have an item back whether its term has ended or not."""

    # what it costs
    fee_same_city: Dated[Money]
    """Per volume."""
    fee_elsewhere: Dated[Money]
    """Per volume."""
    fee_abroad: Dated[None]
    """By a tariff that the rulebook does not hold: the amount per volume is given when shipped."""
    international_slip: Dated[str]
    """The form on which a request from abroad is made."""
    overdue_rate: Dated[Money]
    """Per volume and day after the due date."""
    overdue_stops_when_lost: Dated[bool]
    """Days after an item was declared lost are not charged as overdue."""
    compensation: Dated[None]
    """For loss and damage, by rules that the rulebook does not hold: the amount is given."""
    return_post_at_senders_risk: Dated[bool]
    """Damage or loss on the way back is the liability of the institution that sent it."""

    payment_order: Dated[tuple[str, ...]]
    """Kinds of charge in the order in which a payment pays them; within a kind the oldest first."""

    # what is told
    notices: Dated[tuple[int, ...]]
    """Days after the due date (below zero: before it) on which the requester is reminded, ascending."""
    letter_mark: Dated[str]
    """What a letter to the lender is to be marked with."""
    packing: Dated[bool]
    """Volumes are to be sent back in proper packing."""
    ownership_stays: Dated[bool]
    """What is lent stays the lender's."""

    @property
    def calendar_digest(self) -> str:
        """The digest of the calendar."""
        return self.calendar.digest

    @property
    def zone(self) -> tzinfo:
        """The zone in which legal days lie."""
        return self.calendar.zone

    def day(self, at: datetime) -> date:
        """The legal day on which ``at`` lies."""
        return day_of(at, self.zone)

    def reminders(self, due: date) -> tuple[date, ...]:
        """The days on which a borrower is reminded of ``due``, in their order; none beyond the calendar."""
        first, last = (date.min - due).days, (date.max - due).days
        steps = self.notices.on(due).value
        return tuple(due + timedelta(days=step) for step in steps if first <= step <= last)

    def due_after(self, shipped_on: date) -> date:
        """The last day of a loan shipped on ``shipped_on``."""
        return self.loan_period.on(shipped_on).value.after(shipped_on, self.end_of_month.on(shipped_on).value)

    def due_renewed(self, due: date, on: date) -> date:
        """The last day of a loan that was due on ``due`` and is renewed on ``on``."""
        return self.renewal_period.on(on).value.after(due, self.end_of_month.on(on).value)
