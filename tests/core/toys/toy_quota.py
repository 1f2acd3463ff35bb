"""A booking and the member's account that counts it, in one change.

1. What is counted is an aggregate of its own: the booking and the account become true together.
2. The limit is asked where the wish is said, so that it stands beside every other reason; what
   follows from the wish is said to the account by the system, in the same change.
3. Both aggregates are read and their versions expected. Two who book at once have read the same
   account: the storage takes one of them, and the other decides again, on what is now true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Final

from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.citations import Reason
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Lifecycles, Outcome, Row, Situation

__all__ = [
    "BOOKINGS",
    "LIFECYCLES",
    "MEMBERS",
    "Book",
    "Booking",
    "BookingRole",
    "BookingState",
    "CountIn",
    "CountOut",
    "GiveBack",
    "Join",
    "Leave",
    "Member",
    "MemberRole",
    "MemberState",
    "QuotaPolicy",
]

# --- states and roles -----------------------------------------------------------------------------


class BookingState(Enum):
    """Where a booking stands."""

    HELD = "held"
    ENDED = "ended"


class BookingRole(Enum):
    """Who speaks to a booking."""

    DESK = "desk"


class MemberState(Enum):
    """Where a membership stands."""

    ACTIVE = "active"
    LEFT = "left"


class MemberRole(Enum):
    """Who speaks to a member's account."""

    DESK = "desk"
    SYSTEM = "system"  # what follows from a booking


# --- the aggregates and their commands ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking(Aggregate):
    """One thing booked by one member."""

    kind: ClassVar[str] = "toy.booking"

    state: BookingState
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Aggregate):
    """A member's account: ``held`` are the bookings that count against the limit."""

    kind: ClassVar[str] = "toy.member"

    state: MemberState
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Book(Command):
    """A member books; opens the booking."""

    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack(Command):
    """The booking is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Command):
    """Somebody becomes a member; opens the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Command):
    """The membership ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountIn(Command):
    """One more booking counts."""

    booking: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOut(Command):
    """A booking counts no more."""

    booking: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaPolicy:
    """``limit`` is how many bookings a member may hold at one time."""

    limit: int = 2
    rulebook: str = "quota"
    calendar_digest: str = "every-day"


S = Situation[Any, Any, QuotaPolicy, None]

# --- guards ---------------------------------------------------------------------------------------


def room_left(s: Situation[None, Book, QuotaPolicy, None]) -> Iterator[Reason]:
    """The member exists, has not left, and holds fewer bookings than it may."""
    member = s.others.get(Key(Member.kind, s.command.member))
    if not isinstance(member, Member) or member.state is MemberState.LEFT:
        yield Reason("quota.no-member", None, (("member", s.command.member),))
    elif len(member.held) >= s.policy.limit:
        yield Reason("quota.full", None, (("limit", s.policy.limit), ("held", len(member.held))))


def holds_nothing(s: Situation[Member, Leave, QuotaPolicy, None]) -> Iterator[Reason]:
    """Every booking is over."""
    if s.it.held:
        yield Reason("quota.still-held", None, (("held", len(s.it.held)),))


# --- effects --------------------------------------------------------------------------------------


def book(s: Situation[None, Book, QuotaPolicy, None]) -> Outcome:
    """The booking as it begins, and the account told."""
    c = s.command
    told = CountIn(
        id=f"{c.id}/count",
        case=c.member,
        by=_follows(c.by),
        happened_at=c.happened_at,
        recorded_at=c.recorded_at,
        booking=c.case,
    )
    return Outcome(Booking(id=c.case, state=BookingState.HELD, member=c.member), commands=(told,))


def give_back(s: Situation[Booking, GiveBack, QuotaPolicy, None]) -> Outcome:
    """The account is told."""
    c = s.command
    told = CountOut(
        id=f"{c.id}/count",
        case=s.it.member,
        by=_follows(c.by),
        happened_at=c.happened_at,
        recorded_at=c.recorded_at,
        booking=c.case,
    )
    return Outcome(s.it, commands=(told,))


def _follows(actor: Actor) -> Actor:
    return Actor("quota", actor.serves, Office.SYSTEM)


def join(s: Situation[None, Join, QuotaPolicy, None]) -> Outcome:
    """The account as it begins."""
    return Outcome(Member(id=s.command.case, state=MemberState.ACTIVE))


def count_in(s: Situation[Member, CountIn, QuotaPolicy, None]) -> Outcome:
    """One more."""
    return Outcome(replace(s.it, held=(*s.it.held, s.command.booking)))


def count_out(s: Situation[Member, CountOut, QuotaPolicy, None]) -> Outcome:
    """One less."""
    return Outcome(replace(s.it, held=tuple(held for held in s.it.held if held != s.command.booking)))


# --- the tables -----------------------------------------------------------------------------------


def _booking_roles(_it: Booking | None, actor: Actor) -> tuple[BookingRole, ...]:
    return (BookingRole.DESK,) if actor.office is Office.STAFF else ()


def _member_roles(_it: Member | None, actor: Actor) -> tuple[MemberRole, ...]:
    roles = {Office.STAFF: (MemberRole.DESK,), Office.SYSTEM: (MemberRole.SYSTEM,)}
    return roles.get(actor.office, ())


def _member_of(it: Booking | None, command: Command) -> tuple[Key, ...]:
    member = command.member if isinstance(command, Book) else it.member if it is not None else None
    return (Key(Member.kind, member),) if member is not None else ()


B, M = BookingState, MemberState
DESK, SYSTEM = MemberRole.DESK, MemberRole.SYSTEM

# fmt: off
BOOKINGS: Final = Lifecycle(
    model=Booking,
    states=BookingState,
    roles=BookingRole,
    final=(B.ENDED,),
    roles_of=_booking_roles,
    reads=_member_of,
    rows=(
        #   in state  on command  to state  given by          when    needs         does
        Row(OPENING,  Book,       B.HELD,   BookingRole.DESK, ALWAYS, (room_left,), book),
        Row(B.HELD,   GiveBack,   B.ENDED,  BookingRole.DESK, ALWAYS, (),           give_back),
    ),
)

MEMBERS: Final = Lifecycle(
    model=Member,
    states=MemberState,
    roles=MemberRole,
    final=(M.LEFT,),
    roles_of=_member_roles,
    rows=(
        #   in state  on command  to state   given by  when    needs             does
        Row(OPENING,  Join,       M.ACTIVE,  DESK,     ALWAYS, (),               join),
        Row(M.ACTIVE, CountIn,    SAME,      SYSTEM,   ALWAYS, (),               count_in),
        Row(M.ACTIVE, CountOut,   SAME,      SYSTEM,   ALWAYS, (),               count_out),
        Row(M.ACTIVE, Leave,      M.LEFT,    DESK,     ALWAYS, (holds_nothing,)),
    ),
)
# fmt: on

LIFECYCLES: Final = Lifecycles(BOOKINGS, MEMBERS)
