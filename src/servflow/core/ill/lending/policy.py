"""What a lending library's rulebook says: every value dated and cited, none of them in code.

What a loan costs goes by the rules of the day it was shipped; everything else by those of the day
of the command.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from servflow.core.citations import Dated
from servflow.core.dates import EndOfMonth, Period
from servflow.core.ill.desk_policy import DeskPolicy
from servflow.core.ill.lending.states import DueInClosure, InstitutionKind, Material, SecurityKind
from servflow.core.money import Money

__all__ = ["LendingPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingPolicy(DeskPolicy):
    """The rules of one lending library (借出馆的规则).

    An empty tuple means "none"; a rule that a library does not have is left out of its rulebook only
    where this says so.
    """

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

    # how it is answered
    promises_by_itself: Dated[bool]
    """A request is promised at once where every rule allows it and the material is known."""
    copyright_check: Dated[bool]
    """A copy is supplied only once somebody has checked that copyright allows it."""
    offer_days: Dated[int]
    """For how many calendar days after its own an offer may be accepted, where it does not say itself."""

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
    due_in_closure: Dated[DueInClosure]
    """What becomes of a due date that falls on a day on which the desk is closed."""
    lost_after: Dated[int | None]
    """How many days after the due date what is not back is taken for lost; None: never by itself."""
    return_transit_days: Dated[int | None]
    """For how many days a return may be on its way before staff look for it; None: for ever."""
    claim_days: Dated[int | None]
    """For how many days after the return a damage may still be claimed; None: for ever."""

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
    letter_mark: Dated[str]
    """What a letter to the lender is to be marked with."""
    packing: Dated[bool]
    """Volumes are to be sent back in proper packing."""
    ownership_stays: Dated[bool]
    """What is lent stays the lender's."""

    def due_after(self, shipped_on: date) -> date:
        """The last day of a loan shipped on ``shipped_on``."""
        rule, end_of_month = self.loan_period.on(shipped_on).value, self.end_of_month.on(shipped_on).value
        due = rule.after(shipped_on, end_of_month)
        return self.instead_of(due, shipped_on) or due

    def due_renewed(self, due: date, on: date) -> date:
        """The last day of a loan that was due on ``due`` and is renewed on ``on``."""
        renewed = self.renewal_period.on(on).value.after(due, self.end_of_month.on(on).value)
        return self.instead_of(renewed, on) or renewed

    def instead_of(self, due: date, on: date) -> date | None:
        """The day that, by the rule of ``on``, is due in place of ``due`` because the desk is closed then.

        None where ``due`` may stay.
        """
        rule = self.due_in_closure.on(on).value
        if rule is DueInClosure.KEEP or self.calendar.is_open_on(due):
            return None
        return self.calendar.next_open_day(due)

    def reply_by(self, offered_on: date) -> date:
        """The last day on which an offer of ``offered_on`` may be accepted, where it names none."""
        return _later(offered_on, self.offer_days.on(offered_on).value) or date.max

    def taken_for_lost_on(self, due: date, anew_on: date | None) -> date | None:
        """The day on which what was due on ``due`` is taken for lost; counted from ``anew_on``, if later.

        None where that never happens by itself, or not before the end of the calendar.
        """
        days = self.lost_after.on(due).value
        return None if days is None else _later(max(due, anew_on or due), days)

    def return_late_from(self, reported_on: date) -> date | None:
        """The first day on which a return reported on ``reported_on`` should have come; None: none is."""
        days = self.return_transit_days.on(reported_on).value
        return None if days is None else _later(reported_on, days + 1)


def _later(day: date, days: int) -> date | None:
    """So many days later, if the calendar has that day."""
    return day + timedelta(days=days) if days <= (date.max - day).days else None
