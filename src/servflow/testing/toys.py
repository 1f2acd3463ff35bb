"""Three small lifecycles to try a storage with: a counter, a holder of only so many, a series of numbers.

They know nothing of loans or repairs, and a command of theirs can carry what its change is to
hold (messages, withdrawals, postings), so that a contract says exactly what it commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Final

from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office, Withdrawal
from servflow.core.citations import Reason
from servflow.core.ledger import Posting
from servflow.core.lifecycle import OPENING, SAME, Lifecycle, Lifecycles, Outcome, Row, Situation
from servflow.core.money import Money

__all__ = [
    "NOBODY",
    "POLICY",
    "TOYS",
    "Close",
    "CloseHolder",
    "Count",
    "Counter",
    "CounterState",
    "Draw",
    "EndSeries",
    "Hold",
    "Holder",
    "HolderState",
    "Open",
    "OpenHolder",
    "OpenSeries",
    "Release",
    "Series",
    "SeriesState",
    "ToyPolicy",
    "ToyRole",
]

NOBODY: Final = Actor("party-0", "toys", Office.STAFF)
"""An actor for commands of the toys; any other will do as well."""


class CounterState(Enum):
    """Where a counter stands."""

    OPEN = "open"
    CLOSED = "closed"


class HolderState(Enum):
    """Where a holder stands."""

    ACTIVE = "active"
    GONE = "gone"


class SeriesState(Enum):
    """Where a series stands."""

    RUNNING = "running"
    ENDED = "ended"


class ToyRole(Enum):
    """Everybody may do everything."""

    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Aggregate):
    """Counts, keeps a log and marks, belongs to a holder, and may want to be looked at again.

    ``number`` is the one that it drew from a series.
    """

    kind: ClassVar[str] = "toy.counter"

    state: CounterState
    holder: str | None = None
    count: int = 0
    log: tuple[str, ...] = ()
    marks: Mapping[str, Money] = field(default_factory=dict)
    look_at: datetime | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Aggregate):
    """Holds at most ``limit`` open counters."""

    kind: ClassVar[str] = "toy.holder"

    state: HolderState
    limit: int
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series(Aggregate):
    """Gives out the numbers from 1 on; ``drawn`` is the last one."""

    kind: ClassVar[str] = "toy.series"

    state: SeriesState
    drawn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Command):
    """Opens a counter; its holder, if one is named, holds it in the same change.

    From the series, if one is named, it draws the next number; the series is to be read, too.
    """

    holder: str | None = None
    series: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Command):
    """Counts on and writes ``note`` in the log; what else it carries goes into the change."""

    note: str
    marks: Mapping[str, Money] = field(default_factory=dict)
    look_at: datetime | None = None
    messages: tuple[Message, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """Closes a counter; its holder lets it go in the same change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHolder(Command):
    """Opens a holder of at most ``limit`` counters."""

    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Command):
    """The holder holds one more counter."""

    counter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """The holder holds a counter no more."""

    counter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseHolder(Command):
    """The holder is gone; only one that holds nothing may go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSeries(Command):
    """Opens a series of which nothing was drawn yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw(Command):
    """The next number of a series is given out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSeries(Command):
    """The series gives out nothing more."""


@dataclass(frozen=True, slots=True)
class ToyPolicy:
    """No rules: two digests and nothing else."""

    rulebook: str = "toy-rulebook"
    calendar_digest: str = "toy-calendar"


POLICY: Final = ToyPolicy()

_S = Situation[Any, Any, ToyPolicy, Any]


def _within_limit(s: _S) -> Iterator[Reason]:
    if len(s.it.held) >= s.it.limit:
        yield Reason("toy.limit", None, (("limit", s.it.limit),))


def _holds_nothing(s: _S) -> Iterator[Reason]:
    if s.it.held:
        yield Reason("toy.still-held", None, (("held", len(s.it.held)),))


def _said(s: _S, command: type[Command], case: str | None, **fields: str) -> tuple[Command, ...]:
    if case is None:
        return ()
    said = s.command
    return (
        command(
            id=f"{said.id}/{command.__name__}",
            case=case,
            by=said.by,
            happened_at=said.happened_at,
            recorded_at=said.recorded_at,
            **fields,
        ),
    )


def _open(s: _S) -> Outcome:
    said = s.command
    series = s.others.get(Key(Series.kind, said.series)) if said.series is not None else None
    number = series.drawn + 1 if isinstance(series, Series) else None
    counter = Counter(id=said.case, state=CounterState.OPEN, holder=said.holder, number=number)
    held = _said(s, Hold, said.holder, counter=counter.id)
    return Outcome(it=counter, commands=(*held, *_said(s, Draw, said.series)))


def _count(s: _S) -> Outcome:
    said = s.command
    return Outcome(
        it=replace(
            s.it,
            count=s.it.count + 1,
            log=(*s.it.log, said.note),
            marks={name: mark for name, mark in {**s.it.marks, **said.marks}.items() if mark},
            look_at=said.look_at,
        ),
        messages=said.messages,
        withdrawals=said.withdrawals,
        postings=said.postings,
    )


def _close(s: _S) -> Outcome:
    return Outcome(it=replace(s.it, look_at=None), commands=_said(s, Release, s.it.holder, counter=s.it.id))


def _open_holder(s: _S) -> Outcome:
    return Outcome(it=Holder(id=s.command.case, state=HolderState.ACTIVE, limit=s.command.limit))


def _hold(s: _S) -> Outcome:
    return Outcome(it=replace(s.it, held=(*s.it.held, s.command.counter)))


def _release(s: _S) -> Outcome:
    return Outcome(it=replace(s.it, held=tuple(id for id in s.it.held if id != s.command.counter)))


def _open_series(s: _S) -> Outcome:
    return Outcome(it=Series(id=s.command.case, state=SeriesState.RUNNING))


def _draw(s: _S) -> Outcome:
    return Outcome(it=replace(s.it, drawn=s.it.drawn + 1))


def _anybody(_it: Aggregate | None, _actor: Actor) -> tuple[ToyRole, ...]:
    return (ToyRole.ANYBODY,)


def _look_at(it: Counter, _policy: ToyPolicy) -> datetime | None:
    return it.look_at


_ALL: Final = ToyRole.ANYBODY

TOYS: Final = Lifecycles(
    Lifecycle(
        model=Counter,
        states=CounterState,
        roles=ToyRole,
        final=(CounterState.CLOSED,),
        roles_of=_anybody,
        next_wake=_look_at,
        rows=(
            Row(OPENING, Open, CounterState.OPEN, _ALL, does=_open),
            Row(CounterState.OPEN, Count, SAME, _ALL, does=_count),
            Row(CounterState.OPEN, Close, CounterState.CLOSED, _ALL, does=_close),
        ),
    ),
    Lifecycle(
        model=Holder,
        states=HolderState,
        roles=ToyRole,
        final=(HolderState.GONE,),
        roles_of=_anybody,
        rows=(
            Row(OPENING, OpenHolder, HolderState.ACTIVE, _ALL, does=_open_holder),
            Row(HolderState.ACTIVE, Hold, SAME, _ALL, needs=(_within_limit,), does=_hold),
            Row(HolderState.ACTIVE, Release, SAME, _ALL, does=_release),
            Row(HolderState.ACTIVE, CloseHolder, HolderState.GONE, _ALL, needs=(_holds_nothing,)),
        ),
    ),
    Lifecycle(
        model=Series,
        states=SeriesState,
        roles=ToyRole,
        final=(SeriesState.ENDED,),
        roles_of=_anybody,
        rows=(
            Row(OPENING, OpenSeries, SeriesState.RUNNING, _ALL, does=_open_series),
            Row(SeriesState.RUNNING, Draw, SAME, _ALL, does=_draw),
            Row(SeriesState.RUNNING, EndSeries, SeriesState.ENDED, _ALL),
        ),
    ),
)
"""All three lifecycles; a storage under test is made for them, as in ``Codec(TOYS)``."""
