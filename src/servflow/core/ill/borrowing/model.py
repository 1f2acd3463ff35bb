"""The borrowing case: a patron's need at the requesting library, and the attempts to fill it.

A value. What follows from dates (overdue, late, timed out) is asked of it with a day or an instant
and never stored; a due date that was told to somebody is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from servflow.core.changes import Aggregate
from servflow.core.citations import Reason
from servflow.core.fees.assessment import Posted
from servflow.core.ill.borrowing.states import (
    AttemptState,
    CancelState,
    CaseOutcome,
    CaseState,
    DelayKind,
)
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    CostLine,
    Delivery,
    Level,
    Offer,
    Requested,
    Retry,
    Service,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

__all__ = [
    "Attempt",
    "Beside",
    "BorrowingCase",
    "BorrowingFacts",
    "Cancellation",
    "Defect",
    "ItemDamage",
    "Step",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowingFacts:
    """What the borrowing desk is told by its host before it decides (the ``Facts`` port).

    ``category`` is the patron's, in the words of the rulebook. ``active`` counts the patron's other
    cases that are not closed, ``this_year`` those filed this year; ``debt`` is what the patron owes
    the library, ``overdue`` how many things the patron has overdue. ``copies_this_year`` counts
    copies made of the same source; ``copy_limit`` is how many there may be (None: no limit).
    ``duplicate_of`` names another open case with the same need, ``held_locally`` says that the
    library has it. ``suppliers`` are proposed where the case names none, the best first;
    ``not_taking`` are those that take no requests now (closed, suspended), ``not_serving`` those
    that do not give this service.
    """

    category: str = ""
    expired: bool = False
    debarred: bool = False
    active: int = 0
    this_year: int = 0
    debt: Money | None = None
    overdue: int = 0
    requestable: bool = True
    copies_this_year: int = 0
    copy_limit: int | None = None
    duplicate_of: str | None = None
    held_locally: bool = False
    suppliers: tuple[str, ...] = ()
    not_taking: tuple[str, ...] = ()
    not_serving: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Our wish to cancel: what for, why, since when, and what became of it.

    ``of_offer`` says that it came of an offer we did not take.
    """

    intent: CancelIntent
    asked_at: datetime
    state: CancelState = CancelState.PENDING
    of_offer: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """How it stands with one of several suppliers that have the request, beside the one in front.

    What the case itself says of the one in front: ``stands`` is the state, ``since`` the instant from which
    its timer runs, ``cancel`` our wish to cancel there.
    """

    stands: CaseState
    since: datetime
    cancel: Cancellation | None = None

    @property
    def cancelling(self) -> bool:
        """Whether a cancellation waits for its answer."""
        return self.cancel is not None and self.cancel.state is CancelState.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One supplier asked, or to be asked. ``request_id`` is what the supplier knows the request by.

    What it may cost comes in three stages that are never mixed: ``offer`` says what it would cost,
    ``agreed`` what was agreed to, ``costs`` what has been charged by kind. ``after`` and ``before``
    are the days, both included, between which a supplier that said "retry" may be asked again.
    ``returns`` is the case that sends back what it sent after the attempt had ended. ``beside`` is set
    while the supplier has the request and the case stands for another one; ``left`` where it was told that
    it is not asked any more because another one supplies. ``their_id`` is what the supplier calls the
    request, as it said last.
    """

    number: int
    supplier: str
    state: AttemptState = AttemptState.PENDING
    request_id: str = ""
    sent_at: datetime | None = None
    retry_of: int | None = None
    why: Unfilled | None = None
    retry: Retry | None = None
    after: date | None = None
    before: date | None = None
    offer: Offer | None = None
    agreed: Money | None = None
    conditions: tuple[Condition, ...] = ()
    costs: tuple[CostLine, ...] = ()
    costs_as_of: int | None = None
    heard_as_of: int | None = None
    returns: str | None = None
    beside: Beside | None = None
    left: bool | None = None
    their_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A copy that was of no use as it came; ``replaced_on`` is when a better one came."""

    on: date
    note: str
    replaced_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDamage:
    """A damage on record; ``on_arrival`` says that it came so, ``by_patron`` that he had had it.

    What happened to it in the post, or before anybody had it, is not the patron's (NLC-13).
    """

    on: date
    note: str
    item: str
    on_arrival: bool
    by_patron: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The last thing done at this desk that can be undone, until when, and what it did.

    ``state`` is where the case stood before, ``items`` the pieces it moved, ``taken_back_on`` the day
    on which the patron had brought them back before.
    """

    command: str
    state: CaseState
    until: datetime
    items: tuple[str, ...] = ()
    taken_back_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowingCase(Aggregate):
    """One need of one patron, from the draft to its end.

    ``attempts`` are those made, and those to be made in the order of the rota; numbers are given once
    and say nothing of the order. ``current`` is the number of the attempt that is with a supplier, or
    was last; of several suppliers asked at the same time, that of the one in front: the state, ``since``
    and ``cancel`` are about it, the others say theirs themselves (``Attempt.beside``). ``since`` is the
    instant from which the timer of the present state runs; of a routable case, that from which staff have
    it in their own hands, and nothing is asked by itself.
    ``items`` are the pieces sent to us; ``received``, ``sent_back`` and ``lost`` say of each what became
    of it and when. ``due`` is the last day of the lender's term; ``patron_due`` the last day told to the
    patron. ``charged`` is what has been posted to the patron, ``payable`` what to the lender, by kind.
    ``desk`` is where the patron registered in person with the application form ``form``; he picks it up there
    until ``pick_up_by`` and signs the pick-up form ``signed``. ``note`` is what the request says besides.
    Until ``quiet_until`` nothing leaves to the supplier, so that what a step can be undone of does not
    arrive after what follows it. ``routed_by`` is the centre that says which suppliers are asked;
    ``centre_asked`` that it was asked whom, and has not said, ``named`` how many suppliers had been asked or
    passed over when it was asked last. ``fills`` is the transaction at this very desk
    that the case is to fill, where the desk is a centre that stands between two libraries; then nobody is
    told or charged as a patron. ``vouched`` says that staff answer for what the patron's account does not
    bear; ``booked`` is what that account has been told of ``charged``, by kind.
    """

    kind: ClassVar[str] = "ill.borrowing"

    state: CaseState
    patron: str
    library: str
    service: Service
    requested: Requested
    level: Level
    need_before: date | None = None
    max_cost: Money | None = None
    wished: Delivery | None = None
    forwardable: bool | None = None
    preceded_by: str | None = None
    origin: str | None = None  # set where the case only sends back what came of that other one
    declared: bool | None = None
    copyright_basis: str | None = None
    submitted_on: date | None = None
    reasons: tuple[Reason, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    current: int | None = None
    since: datetime | None = None
    delayed: tuple[DelayKind, ...] = ()
    cancel: Cancellation | None = None
    supplied: Service | None = None
    items: tuple[str, ...] = ()
    received: Mapping[str, date] = field(default_factory=dict)
    sent_back: Mapping[str, date] = field(default_factory=dict)
    lost: Mapping[str, WhereLost] = field(default_factory=dict)
    lost_days: Mapping[str, date] = field(default_factory=dict)
    shipped_on: date | None = None
    checked_out_on: date | None = None
    taken_back_on: date | None = None
    copy: Delivery | None = None
    due: date | None = None
    renewable: bool | None = None
    patron_due: date | None = None
    terms: int | None = None
    noticed: int | None = None
    renewals: int | None = None
    renewal_asked_on: date | None = None
    recalled_on: date | None = None
    held: bool | None = None
    defects: tuple[Defect, ...] = ()
    damages: tuple[ItemDamage, ...] = ()
    lost_on: date | None = None
    outcome: CaseOutcome | None = None
    unconfirmed: bool | None = None
    ended_on: date | None = None
    filled_by: str | None = None
    attention: tuple[Reason, ...] = ()
    assessed_on: date | None = None
    charged: Mapping[str, Posted] = field(default_factory=dict)
    payable: Mapping[str, Posted] = field(default_factory=dict)
    last: Step | None = None
    quiet_until: datetime | None = None
    routed_by: str | None = None
    centre_asked: bool | None = None
    fills: str | None = None
    note: str | None = None
    desk: str | None = None
    form: str | None = None
    pick_up_by: date | None = None
    signed: str | None = None
    named: int | None = None
    vouched: bool | None = None
    booked: Mapping[str, Money] = field(default_factory=dict)

    @property
    def attempt(self) -> Attempt | None:
        """The attempt with the supplier that has the request, or had it last."""
        return self.numbered(self.current) if self.current is not None else None

    def numbered(self, number: int) -> Attempt | None:
        """The attempt of that number, if there is one."""
        return next((each for each in self.attempts if each.number == number), None)

    @property
    def ahead(self) -> tuple[Attempt, ...]:
        """The attempts not made yet, in the order of the rota."""
        return tuple(each for each in self.attempts if each.state is AttemptState.PENDING)

    @property
    def beside(self) -> tuple[Attempt, ...]:
        """The attempts with suppliers that have the request, beside the one in front."""
        return tuple(each for each in self.attempts if each.beside is not None)

    @property
    def cancelling(self) -> bool:
        """Whether a cancellation waits for its answer."""
        return self.cancel is not None and self.cancel.state is CancelState.PENDING

    @property
    def is_copy(self) -> bool:
        """Whether what was sent, or else what was asked for, is a copy."""
        return (self.supplied or self.service) is Service.COPY

    @property
    def may_be_copy(self) -> bool:
        """Whether a copy may be sent: one was asked for, or either would do."""
        return (self.supplied or self.service) is not Service.LOAN

    @property
    def defective(self) -> bool:
        """Whether a better copy is waited for."""
        return any(defect.replaced_on is None for defect in self.defects)

    @property
    def on_the_way(self) -> tuple[str, ...]:
        """The pieces that were sent to us and have neither come nor been lost."""
        return tuple(each for each in self.items if each not in self.received and each not in self.lost)

    @property
    def here(self) -> tuple[str, ...]:
        """The pieces that came and have neither been sent back nor lost."""
        return tuple(each for each in self.received if each not in self.sent_back and each not in self.lost)

    @property
    def out(self) -> tuple[str, ...]:
        """The pieces that are ours to give back and not lost: on the way, here, or on the way back."""
        return tuple(each for each in self.items if each not in self.lost)

    def overdue_on(self, day: date) -> bool:
        """Whether something is still to be sent back on ``day`` although the term has ended before it."""
        out = self.outcome is None and (self.on_the_way or self.here)
        return bool(out and self.due and self.due < day and not self.is_copy)
