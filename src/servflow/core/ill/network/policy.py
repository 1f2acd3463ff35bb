"""What a network's rulebook says of accounts, of filing, and of settling: every value dated and cited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from servflow.core.citations import Dated
from servflow.core.dates import Period
from servflow.core.ill.accounts.states import IdentityKind
from servflow.core.ill.desk_policy import DeskPolicy
from servflow.core.ill.network.modes import ModeName
from servflow.core.money import Money

__all__ = ["NetworkPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPolicy(DeskPolicy):
    """The rules of a loan network, as one desk of it runs them: a centre, or a library's own gateway.

    ``library`` is the desk's own reference: the centre's, or the library's.
    """

    # accounts
    registration_fields: Dated[tuple[str, ...]]
    """What must be known of somebody before an account is opened (必填项目), by the host's names."""
    identities: Dated[tuple[IdentityKind, ...]]
    """By what somebody may sign in."""
    bound_first: Dated[tuple[IdentityKind, ...]]
    """Of these one must be bound before an account is active; empty: none."""
    most_overdraft: Dated[Money]
    """The most that a confirming library may allow an account to be overdrawn."""
    reserve: Dated[Money]
    """What is kept free on an account for a request that names no maximum cost, until it is charged."""
    clearance: Dated[bool]
    """Whoever leaves, or replaces or cancels a card, needs clearance first (离校清查)."""
    payment_order: Dated[tuple[str, ...]]
    """Kinds of charge in the order in which a payment pays them; within a kind the oldest first."""

    # filing
    modes: Dated[tuple[ModeName, ...]]
    """The modes a member library may choose."""
    partners: Dated[tuple[str, ...]]
    """The libraries with which a business relation exists, by reference; empty: any."""
    details_by_mail: Dated[tuple[str, ...]]
    """What the form of a request by mail asks of the patron, by the host's names."""
    source_note: Dated[str]
    """The note by which a request of the thesis system is known."""
    answer_days: Dated[int]
    """Within how many calendar days a patron gets an answer; the last day is included."""

    # settling
    settled_every: Dated[Period]
    """Over what time members settle."""
    settlement_days: Dated[int]
    """Within how many calendar days after a settlement was drawn up it is paid."""

    def answer_by(self, filed_at: datetime) -> date:
        """The last day on which an answer is in time; none beyond the calendar."""
        day = self.day(filed_at)
        return day + timedelta(days=min(self.answer_days.on(day).value, (date.max - day).days))
