"""Whom a centre asks: by where it is held (按馆藏地点), and, where the libraries see each other, for them.

``route`` orders the libraries that hold something: the nearest location first, then by load, then by
reference; and says of every one that is left out why. A centre that stands between the libraries gives
its result to its own desk (``CentreFacts.suppliers``). One that only says whom to ask runs ``ROUTING``:
a library asks (``ill.borrowing.route``), and hears a rota (``ill.centre.routed``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any, ClassVar, Final, NamedTuple

from servflow.core.attention import seen_to
from servflow.core.changes import Actor, Aggregate, Command, Message, Office
from servflow.core.checks import check_not_negative
from servflow.core.citations import Plain, Reason
from servflow.core.errors import InvalidValue
from servflow.core.ill.terms import Level, Requested, Service, attend
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Outcome, Row, Situation, chooser
from servflow.core.money import Money

__all__ = [
    "ROUTED",
    "ROUTING",
    "AskRoute",
    "ClearRoutingAttention",
    "CloseRouting",
    "Holding",
    "Route",
    "Routing",
    "RoutingFacts",
    "RoutingRole",
    "RoutingState",
    "route",
]

ROUTED: Final = "ill.centre.routed"
"""What the centre tells a library: whom to ask, one a line in their order; nobody: nobody is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One library that holds something, at one location.

    ``load`` counts its open requests, ``capacity`` how many it works on at one time. ``closed_through``
    is the last day on which it takes none. ``services`` are what it gives; empty: all of them.

    Raises:
        InvalidValue: no library, a load below nothing, or a capacity below one.
    """

    library: str
    location: str = ""
    load: int = 0
    capacity: int = 1
    closed_through: date | None = None
    services: tuple[Service, ...] = ()

    def __post_init__(self) -> None:
        if not self.library.strip():
            raise InvalidValue("library", self.library, "a library's reference")
        if self.load < 0:
            raise InvalidValue("load", self.load, "0 or more")
        if self.capacity < 1:
            raise InvalidValue("capacity", self.capacity, "1 or more")

    def serves(self, service: Service) -> bool:
        """Whether it gives the service; of "copy or loan", whether it gives either."""
        return not self.services or service in self.services or service is Service.COPY_OR_LOAN


class Route(NamedTuple):
    """Whom to ask, in their order; and every reason for which another library that holds it is not."""

    suppliers: tuple[str, ...]
    left_out: tuple[Reason, ...]


def route(
    holdings: Iterable[Holding],
    *,
    service: Service,
    day: date,
    requester: str,
    asked: Iterable[str] = (),
    near: tuple[str, ...] = (),
) -> Route:
    """Whom to ask for what these libraries hold, on ``day``.

    ``near`` are locations in their order, the nearest to the requester first; one that is not among them
    comes last. Of two libraries of one location that with fewer open requests for its capacity comes
    first. Left out are the requester itself, those of ``asked``, those closed on that day, and those that
    do not give the service. A library that holds it at several places counts at its nearest.
    """
    before = frozenset(asked)
    places = {location: number for number, location in enumerate(near)}
    ranked: dict[str, tuple[int, Fraction, str]] = {}
    left: list[tuple[str, str, Reason]] = []
    for holding in holdings:
        why = tuple(_left_out(holding, service, day, requester, before))
        if why:
            left += ((holding.library, str(each), each) for each in why)
            continue
        place = places.get(holding.location, len(places))
        rank = (place, Fraction(holding.load, holding.capacity), holding.library)
        ranked[holding.library] = min(rank, ranked.get(holding.library, rank))
    reasons = {
        text: why for library, text, why in sorted(left, key=lambda each: each[:2]) if library not in ranked
    }
    return Route(tuple(sorted(ranked, key=ranked.__getitem__)), tuple(reasons.values()))


def _left_out(
    holding: Holding, service: Service, day: date, requester: str, asked: frozenset[str]
) -> Iterator[Reason]:
    """Why this library is not asked for what it has there: every reason."""
    name, through = holding.library, holding.closed_through
    if name == requester:
        yield Reason("ill.route.is-requester", None, (("library", name),))
    if name in asked:
        yield Reason("ill.route.asked-before", None, (("library", name),))
    if not holding.serves(service):
        yield Reason("ill.route.not-serving", None, (("library", name), ("service", service.value)))
    if through is not None and day <= through:
        yield Reason("ill.route.closed", None, (("library", name), ("through", through)))


# --- where the libraries see each other -------------------------------------------------------------


class RoutingState(Enum):
    """Where it stands with a library's question whom to ask; stored data, never renamed."""

    ROUTED = "routed"  # somebody was named last
    EXHAUSTED = "exhausted"  # nobody was
    CLOSED = "closed"


class RoutingRole(Enum):
    """In which role somebody speaks to it."""

    REQUESTER = "requester"  # the library that asks
    STAFF = "staff"  # of the centre
    OTHER = "other"  # another institution's program


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingFacts:
    """What the centre knows of who holds what was asked for; ``near`` as for ``route``."""

    holdings: tuple[Holding, ...] = ()
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing(Aggregate):
    """One need of a library's, and whom the centre has named for it so far.

    The id is ``<requester>/<request>``; ``left_out`` says why others were not named last, ``attention``
    what staff have to look at.
    """

    kind: ClassVar[str] = "ill.routing"

    state: RoutingState
    centre: str
    requester: str
    request: str
    requested: Requested
    service: Service
    named: tuple[str, ...] = ()
    left_out: tuple[Reason, ...] = ()
    attention: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRoute(Command):
    """A library asks whom to ask; the first time it opens the question, then it asks for others.

    ``request`` is its own case, ``asked`` whom it has asked already. Whom the centre has named before
    it does not name again, though the library may not have asked them.

    Raises:
        InvalidValue: the most that is paid is below zero.
    """

    requester: str
    request: str
    requested: Requested
    service: Service
    asked: tuple[str, ...] = ()
    level: Level = Level.NORMAL
    need_before: date | None = None
    max_cost: Money | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_not_negative("max_cost", self.max_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRouting(Command):
    """The question needs no answer any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearRoutingAttention(Command):
    """Staff have looked at what was called to their attention: every reason of that code."""

    code: str


def _roles(it: Routing | None, actor: Actor) -> tuple[RoutingRole, ...]:
    """The library that asks, in any office; the centre's staff; another institution's program."""
    staff = (RoutingRole.STAFF,) if actor.office is Office.STAFF else ()
    if it is None:
        return (RoutingRole.REQUESTER, *staff)
    own = staff if actor.serves == it.centre else ()
    if actor.serves == it.requester:
        return (*own, RoutingRole.REQUESTER)
    return own or ((RoutingRole.OTHER,) if actor.office is Office.SYSTEM else ())


def _answer(s: Situation[Any, AskRoute, Any, RoutingFacts]) -> Route:
    said = s.command
    named = () if s.it is None else s.it.named
    return route(
        s.facts.holdings,
        service=said.service,
        day=s.policy.day(said.happened_at),
        requester=said.requester,
        asked=(*said.asked, *named),
        near=s.facts.near,
    )


@chooser
def _somebody(s: Situation[Any, AskRoute, Any, RoutingFacts]) -> bool:
    """Somebody is left to be asked."""
    return bool(_answer(s).suppliers)


def _speaks_for_itself(s: Situation[Any, AskRoute, Any, RoutingFacts]) -> Iterator[Reason]:
    """A library asks for itself; the centre's staff may enter what came by mail or telephone."""
    serves = s.command.requester if s.role is RoutingRole.REQUESTER else s.policy.library
    if s.command.by.serves != serves:
        yield Reason("ill.not-the-requester", None, (("requester", s.command.requester),))


def _name(s: Situation[Any, AskRoute, Any, RoutingFacts]) -> Outcome:
    """The library hears whom to ask; nobody: nobody is left."""
    said, answer = s.command, _answer(s)
    it = s.it or Routing(
        id=said.case,
        state=RoutingState.ROUTED,
        centre=s.policy.library,
        requester=said.requester,
        request=said.request,
        requested=said.requested,
        service=said.service,
    )
    it = replace(it, named=(*it.named, *answer.suppliers), left_out=answer.left_out)
    facts: tuple[tuple[str, Plain], ...] = (
        ("request", it.request),
        ("title", it.requested.title),
        ("suppliers", "\n".join(answer.suppliers)),
    )
    told = Message.of(it, ROUTED, it.requester, facts, supersedes=(ROUTED,))
    return Outcome(it=it, messages=(told,))


def _not_expected(s: Situation[Any, AskRoute, Any, Any]) -> Outcome:
    """Another institution asks for the library: staff see it, and nobody is named."""
    facts = (("sender", s.command.by.serves), ("said", type(s.command).__name__))
    return Outcome(it=attend(s.it, "not-expected", *facts))


def _clear(s: Situation[Any, ClearRoutingAttention, Any, Any]) -> Outcome:
    """Staff have seen to it."""
    return Outcome(it=seen_to(s.it, s.command.code))


_S = RoutingState
_OPEN: Final = (_S.ROUTED, _S.EXHAUSTED)
_ASKS: Final = (RoutingRole.REQUESTER, RoutingRole.STAFF)

ROUTING: Final = Lifecycle(
    model=Routing,
    states=RoutingState,
    roles=RoutingRole,
    final=(_S.CLOSED,),
    roles_of=_roles,
    rows=(
        Row(OPENING, AskRoute, _S.ROUTED, _ASKS, _somebody, (_speaks_for_itself,), _name),
        Row(OPENING, AskRoute, _S.EXHAUSTED, _ASKS, ~_somebody, (_speaks_for_itself,), _name),
        Row(_OPEN, AskRoute, _S.ROUTED, _ASKS, _somebody, (), _name),
        Row(_OPEN, AskRoute, _S.EXHAUSTED, _ASKS, ~_somebody, (), _name),
        Row(_S.CLOSED, AskRoute, SAME, _ASKS, ALWAYS, (), _name),
        Row(tuple(_S), AskRoute, SAME, RoutingRole.OTHER, ALWAYS, (), _not_expected),
        Row(tuple(_S), ClearRoutingAttention, SAME, RoutingRole.STAFF, ALWAYS, (), _clear),
        Row(_OPEN, CloseRouting, _S.CLOSED, RoutingRole.STAFF, ALWAYS),
    ),
)
"""What a library asks, and what the centre has answered. A closed question is answered as well."""
