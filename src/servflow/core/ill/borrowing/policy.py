"""What a borrowing library's rulebook says: every value dated and cited, none of them in code.

A loan's costs to the patron go by the lender's rules of the day it was shipped; everything else by
those of the day of the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from servflow.core.citations import Dated
from servflow.core.dates import EndOfMonth, Period
from servflow.core.ill.borrowing.states import BlockKind, CitedPart
from servflow.core.ill.desk_policy import DeskPolicy
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.terms import Condition, CostKind, Level, Service
from servflow.core.money import Money

__all__ = ["BorrowingPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowingPolicy(DeskPolicy):
    """The rules of one borrowing library (借入馆的规则).

    ``lenders`` are the rules of the libraries it borrows from, by their references, as far as it has
    them.
    """

    lenders: Mapping[str, LendingPolicy] = field(default_factory=dict)

    # who may order what
    served: Dated[tuple[str, ...]]
    """Categories of patron that may order; empty: all."""
    services: Dated[tuple[Service, ...]]
    """What is ordered for patrons."""
    accounts: Dated[bool]
    """Nothing is ordered for a patron without an account here that is active, valid and not overdrawn."""
    declaration: Dated[tuple[Service, ...]]
    """Services for which the patron accepts the terms (copyright declaration) first."""
    most_active: Dated[int | None]
    """How many cases a patron may have open at one time; None: as many as wished."""
    most_per_year: Dated[int | None]
    """How many cases a patron may file in a year."""
    refused_for_debt: Dated[bool]
    """Nothing is ordered for a patron with unpaid debts."""
    refused_while_overdue: Dated[bool]
    """Nothing is ordered for a patron with something overdue."""
    not_overridable: Dated[tuple[BlockKind, ...]]
    """Blocks that staff cannot let pass."""
    mediated: Dated[bool]
    """Staff look at every request before it is ordered."""
    held_locally_first: Dated[bool]
    """Staff look at a request for what the library has itself."""
    copyright_basis: Dated[bool]
    """A copy is ordered on a recorded ground only."""

    required_citation: Dated[tuple[CitedPart, ...]]
    """What an application names, beside what can be looked for at all."""
    desks: Dated[tuple[str, ...]]
    """The desks at which a patron registers in person, picks up and returns; empty: nobody need register."""

    # suppliers
    partners: Dated[tuple[str, ...]]
    """The libraries that may be asked, by reference; empty: any."""
    sends_itself: Dated[bool]
    """The next supplier is asked at once, by itself."""
    ask_at_once: Dated[int]
    """How many suppliers are asked at the same time; 1 (or less): one after the other."""
    rota_delegated: Dated[bool]
    """Who is asked for a case that a centre routes, this library's own staff may say all the same."""
    gives_up_itself: Dated[bool]
    """A case for which no supplier is left is closed by itself."""
    answer_hours_normal: Dated[int]
    """Within how many hours of working time a supplier answers."""
    answer_hours_rush: Dated[int]
    answer_hours_express: Dated[int]
    ship_days: Dated[int]
    """Within how many open days it is shipped after it was promised."""
    transit_days: Dated[int]
    """Within how many open days it arrives."""
    cancel_answer_days: Dated[int]
    """Within how many open days a cancellation is answered; after that it is taken as made."""
    asks_late_suppliers: Dated[bool]
    """A supplier that is late is asked how it stands, by itself."""
    cap: Dated[Money]
    """Up to what cost an offer is taken without asking anybody."""
    preapproved: Dated[tuple[Condition, ...]]
    """Conditions that are taken without asking anybody."""

    # the loan
    loan_period: Dated[Period | None]
    """For how long a patron has it from the day he takes it, within the lender's term; None: all of that."""
    renewals: Dated[int]
    """How often a loan is renewed."""
    unconfirmed_days: Dated[int]
    """Open days after which a return that the lender never confirmed is closed."""
    copy_claim_days: Dated[int]
    """Open days in which a copy's defects are reported; then it counts as handed over."""

    # what it costs the patron
    patron_pays: Dated[tuple[CostKind, ...]]
    """Of the lender's costs, those that the patron bears; the library bears the others."""
    by_lenders_rules: Dated[tuple[CostKind, ...]]
    """What the patron is charged by the lending library's rules, not the borrowing library's."""

    def answer_by(self, sent_at: datetime, level: Level) -> datetime:
        """Until when a supplier that was asked at ``sent_at`` answers, in working time."""
        hours = {
            Level.NORMAL: self.answer_hours_normal,
            Level.RUSH: self.answer_hours_rush,
            Level.EXPRESS: self.answer_hours_express,
        }[level]
        return self.calendar.add_open_time(sent_at, timedelta(hours=hours.on(self.day(sent_at)).value))

    def last_day_of(self, days: Dated[int], since: datetime) -> date:
        """The last of so many open days after ``since``."""
        day = self.day(since)
        return self.calendar.add_open_days(day, days.on(day).value)

    def lent_until(self, told: date | None, since: date) -> date | None:
        """The last day of a patron who has it since that day: the one he was told, or the library's own.

        Whichever comes first; where no day was told and the library has no term of its own, none. A month
        from 31 January ends with February.
        """
        period = self.loan_period.on(since).value
        if period is None:
            return told
        own = self.patron_due(period.after(since, EndOfMonth.CLAMP), since)
        return own if told is None else min(own, told)

    def patron_due(self, due: date, today: date) -> date:
        """By when the patron brings back what is due at the lender on ``due``.

        The last day on which the desk is open, after ``today`` and up to ``due``: nobody can bring
        anything back while it is closed. Where there is none, the first open day after ``today``.
        """
        days = self.calendar.open_days(today, due)
        return self.calendar.add_open_days(today, max(days, 1))
