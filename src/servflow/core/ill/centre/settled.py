"""The terms that a centre has drawn up, and what is in their sheets: one value for each centre, as a table.

Its id is the centre's reference. Whatever is drawn up reads it and changes it, so that two of the centre's
staff queue for it: no term is drawn up twice, and no posting is in two sheets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from typing import ClassVar, Final

from servflow.core.changes import Actor, Aggregate, Command, Office
from servflow.core.ill.centre.settlement import Due
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Outcome, Row, Situation

__all__ = [
    "SETTLED_TERMS",
    "BookSettledTerm",
    "DrawnUp",
    "SettledTerms",
    "SettledTermsRole",
    "SettledTermsState",
]


class SettledTermsState(Enum):
    """They are kept as long as the centre is; stored data, never renamed."""

    KEPT = "kept"


class SettledTermsRole(Enum):
    """In which role somebody speaks to it."""

    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class DrawnUp:
    """A settlement: its id, and the first and the last day of its term."""

    id: str
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTerms(Aggregate):
    """Which term a centre has drawn up last, and what was drawn up for each member in all.

    A term begins after the last one, so that no other has to be kept.
    """

    kind: ClassVar[str] = "ill.settled-terms"

    state: SettledTermsState
    latest: DrawnUp
    dues: Mapping[str, Due] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSettledTerm(Command):
    """A settlement was drawn up with these lines; said by the centre's own rules, in the same change."""

    drawn_up: DrawnUp
    dues: tuple[Due, ...] = ()


_Said = Situation[SettledTerms | None, BookSettledTerm, NetworkPolicy, object]


def _roles(_it: SettledTerms | None, actor: Actor) -> tuple[SettledTermsRole, ...]:
    """The centre's rules alone."""
    return (SettledTermsRole.SYSTEM,) if actor.office is Office.SYSTEM else ()


def _book(s: _Said) -> Outcome:
    """What was drawn up for each member grows by its line."""
    said, before = s.command, {} if s.it is None else s.it.dues
    dues = {**before, **{due.member: due.plus(before.get(due.member)) for due in said.dues}}
    if s.it is not None:
        return Outcome(it=replace(s.it, latest=said.drawn_up, dues=dues))
    state = SettledTermsState.KEPT
    return Outcome(it=SettledTerms(id=said.case, state=state, latest=said.drawn_up, dues=dues))


_KEPT, _SYSTEM = SettledTermsState.KEPT, SettledTermsRole.SYSTEM

SETTLED_TERMS: Final = Lifecycle(
    model=SettledTerms,
    states=SettledTermsState,
    roles=SettledTermsRole,
    final=(_KEPT,),
    roles_of=_roles,
    rows=(
        Row(OPENING, BookSettledTerm, _KEPT, _SYSTEM, ALWAYS, (), _book),
        Row(_KEPT, BookSettledTerm, SAME, _SYSTEM, ALWAYS, (), _book),
    ),
)
