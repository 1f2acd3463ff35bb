"""Rows: what a lifecycle table is made of, and what makes a table contradict itself.

A row says in which states, on which command, to which state, given by whom, when, needing what, and
what it does. ``servflow.core.lifecycle`` makes lifecycles of them and decides; import from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from servflow.core.changes import Aggregate, Command, Key, Message, Withdrawal
from servflow.core.citations import Reason
from servflow.core.errors import Problem
from servflow.core.ledger import Posting

if TYPE_CHECKING:
    from servflow.core.lifecycle import Lifecycle

__all__ = [
    "ALWAYS",
    "OPENING",
    "SAME",
    "Chooser",
    "Effect",
    "Guard",
    "Outcome",
    "Policy",
    "Row",
    "Situation",
    "Test",
    "chooser",
    "table_problems",
]

A = TypeVar("A", bound="Aggregate | None")
C = TypeVar("C", bound=Command, contravariant=True)  # noqa: PLC0105
P = TypeVar("P", bound="Policy")
F = TypeVar("F")


class Policy(Protocol):
    """What a decision is made under: a rulebook and a calendar, known by their digests."""

    @property
    def rulebook(self) -> str:
        """The digest of the rulebook."""

    @property
    def calendar_digest(self) -> str:
        """The digest of the calendar."""


class _Where(Enum):
    OPENING = "opening"
    SAME = "same"


OPENING: Final = _Where.OPENING
"""In a row's first column: the aggregate does not exist yet, and this command opens it."""
SAME: Final = _Where.SAME
"""In a row's third column: the state stays what it is."""


class Situation(NamedTuple, Generic[A, C, P, F]):
    """What choosers, guards and effects are given: all that a decision may look at.

    A named tuple, because one is made for every command. Read it by name.

    ``it`` is the aggregate that the command is said to (None where it is being opened), ``role``
    the role in which the actor was heard, ``others`` the other aggregates that were read.
    """

    it: A
    command: C
    policy: P
    facts: F
    role: Enum
    others: Mapping[Key, Aggregate]


class Outcome(NamedTuple):
    """What an effect gives back: the aggregate's next value, and what is to be done.

    The state and the version of ``it`` are the table's business and overwritten. ``commands`` are
    said to other aggregates within the same change; if one of them is refused, all of it is.
    """

    it: Aggregate
    messages: tuple[Message, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    postings: tuple[Posting, ...] = ()
    commands: tuple[Command, ...] = ()


Guard = Callable[[Situation[Any, Any, Any, Any]], Iterable[Reason]]
Effect = Callable[[Situation[Any, Any, Any, Any]], Outcome]
Test = Callable[[Situation[Any, Any, Any, Any]], bool]


@dataclass(frozen=True, slots=True)
class Chooser:
    """Which row of a cell applies: named tests that must all come out as said.

    ``~chooser`` is the complement of a single test; ``one & other`` asks for both.
    """

    literals: tuple[tuple[Test, bool], ...] = ()

    def __call__(self, situation: Situation[Any, Any, Any, Any]) -> bool:
        """Whether the row applies."""
        return all(bool(test(situation)) is wanted for test, wanted in self.literals)

    def __invert__(self) -> Chooser:
        if len(self.literals) != 1:
            raise TypeError("only a single test has a complement; write out the other rows")
        ((test, wanted),) = self.literals
        return Chooser(((test, not wanted),))

    def __and__(self, other: Chooser) -> Chooser:
        return Chooser(self.literals + other.literals)

    def __str__(self) -> str:
        return " & ".join(("" if wanted else "~") + test.__name__ for test, wanted in self.literals)


ALWAYS: Final = Chooser()
"""The chooser of a row that stands alone in its cell."""


def chooser(test: Test) -> Chooser:
    """A named test as a chooser; a decorator."""
    return Chooser(((test, True),))


@dataclass(frozen=True, slots=True)
class Row:
    """In these states, on this command, to this state, given by these roles, when, needs, does.

    One row may stand for several states that it treats alike. ``does`` may be left out where
    nothing but the state changes.
    """

    states: Enum | tuple[Enum, ...]
    command: type[Command]
    to: Enum
    by: Enum | tuple[Enum, ...]
    when: Chooser = ALWAYS
    needs: tuple[Guard, ...] = ()
    does: Effect | None = None

    def sources(self) -> tuple[Enum, ...]:
        """The states it stands for."""
        return self.states if isinstance(self.states, tuple) else (self.states,)

    def roles(self) -> tuple[Enum, ...]:
        """The roles that may give the command."""
        return self.by if isinstance(self.by, tuple) else (self.by,)


def table_problems(table: Lifecycle) -> Iterator[Problem]:
    """Every contradiction of a table, each with its place."""
    name = table.model.kind
    cells: dict[tuple[Enum, type[Command], Enum], list[Row]] = {}
    for row in table.rows:
        where = f"{name}, row {'/'.join(s.name for s in row.sources())} {row.command.__name__}"
        yield from _row_problems(table, row, where)
        for state, role in product(row.sources(), row.roles()):
            cells.setdefault((state, row.command, role), []).append(row)
    for (state, command, role), rows in cells.items():
        where = f"{name}, cell {state.name} {command.__name__} {role.name}"
        yield from _cell_problems(rows, where)
    yield from _name_problems(table)
    yield from _model_problems(table)
    acting = {role for row in table.rows for role in row.roles()}
    for role in table.roles:
        if role not in acting:
            yield Problem(f"{name}, role {role.name}", "no row", "at least one command it may give")
    yield from _path_problems(table)


def _name_problems(table: Lifecycle) -> Iterator[Problem]:
    """Journals know a command by its name: two classes of one name cannot be told apart there."""
    named: dict[str, type[Command]] = {}
    for command in dict.fromkeys(row.command for row in table.rows):
        if named.setdefault(command.__name__, command) is not command:
            where = f"{table.model.kind}, command {command.__name__}"
            yield Problem(where, "two classes of this name", "one")


def _model_problems(table: Lifecycle) -> Iterator[Problem]:
    for each in fields(table.model):
        if not hasattr(getattr(table.model, each.name, None), "__set__"):
            where = f"{table.model.kind}, model {table.model.__name__}"
            yield Problem(where, f"the field {each.name} without a slot", "a dataclass with slots")


def _row_problems(table: Lifecycle, row: Row, where: str) -> Iterator[Problem]:
    if not row.sources() or not row.roles():
        yield Problem(where, "no state or no role", "at least one of each")
    for state in row.sources():
        if state is not OPENING and not isinstance(state, table.states):
            yield Problem(where, f"the state {state}", f"one of {table.states.__name__}")
        elif state in table.final and row.to is not SAME:
            yield Problem(where, f"a way out of the final state {state.name}", "none")
        elif state is OPENING and (row.to is SAME or row.does is None):
            yield Problem(where, "an opening without a state or an effect", "both")
    if row.to is not SAME and not isinstance(row.to, table.states):
        yield Problem(where, f"the state {row.to}", f"one of {table.states.__name__}")
    for role in row.roles():
        if not isinstance(role, table.roles):
            yield Problem(where, f"the role {role}", f"one of {table.roles.__name__}")
    if len(set(row.needs)) < len(row.needs):
        yield Problem(where, "a guard twice", "each guard once")


def _cell_problems(rows: list[Row], where: str) -> Iterator[Problem]:
    """Choosers are disjoint and complete: of every way their tests may come out, one row applies."""
    tests = list(dict.fromkeys(test for row in rows for test, _ in row.when.literals))
    hidden = list(rows)
    for outcome in product((True, False), repeat=len(tests)):
        result = dict(zip(tests, outcome, strict=True))
        hits = [row for row in rows if all(result[test] is wanted for test, wanted in row.when.literals)]
        hidden = [row for row in hidden if row not in hits]
        if len(hits) != 1:
            case = ", ".join(("" if yes else "~") + test.__name__ for test, yes in result.items())
            yield Problem(where, f"{len(hits)} rows when {case or 'always'}", "exactly one row")
    for row in hidden:
        yield Problem(where, f"a row when {row.when}", "one that can apply")


def _path_problems(table: Lifecycle) -> Iterator[Problem]:
    steps = [
        (state, row.to if row.to is not SAME else state) for row in table.rows for state in row.sources()
    ]
    reached = _closure({OPENING}, steps)
    ending = _closure(set(table.final), [(to, state) for state, to in steps])
    for state in table.final:
        if not isinstance(state, table.states):
            expected = f"one of {table.states.__name__}"
            yield Problem(f"{table.model.kind}, final", f"the state {state}", expected)
    for state in table.states:
        where = f"{table.model.kind}, state {state.name}"
        if state not in reached:
            yield Problem(where, "no way into it", "a path from an opening row")
        elif table.final and state not in ending:
            yield Problem(where, "no way from it to a final state", "a path to one")
        elif not table.final and not any(source is state and to is not state for source, to in steps):
            yield Problem(where, "no way out of it", "one to another state, in a table without an end")


def _closure(start: set[Enum], steps: list[tuple[Enum, Enum]]) -> set[Enum]:
    onward: dict[Enum, set[Enum]] = {}
    for source, target in steps:
        onward.setdefault(source, set()).add(target)
    found, fresh = set(start), set(start)
    while fresh:
        fresh = {target for state in fresh for target in onward.get(state, ())} - found
        found |= fresh
    return found
