"""A table's expected grid as a block of text that is written by hand, and the grid a lifecycle has.

The first line names the states, ``-`` the opening; every other line a command and its cells. In a
cell, ``S>SHIPPED`` says that role S may take it to SHIPPED, ``QS>=`` that Q and S may and the state
stays, ``S>CLOSED/=`` that a chooser decides between two; a comma separates roles that differ, and a
dot is a blank cell: nobody may.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import product

from servflow.core.lifecycle import OPENING, SAME, Lifecycle

__all__ = ["Grid", "differences", "grid_of", "read_grid"]

Grid = Mapping[tuple[Enum, str, Enum], frozenset[Enum]]
"""To which states a command leads, by state, command and role; to none in a blank cell."""


def read_grid(text: str, *, states: Mapping[str, Enum], roles: Mapping[str, Enum]) -> Grid:
    """The grid that ``text`` spells; ``states`` and ``roles`` say what its short names stand for."""
    places: Mapping[str, Enum] = {"-": OPENING, "=": SAME, **states}
    heading, *lines = [line.split() for line in text.strip().splitlines()]
    assert len(set(heading)) == len(heading)
    grid: dict[tuple[Enum, str, Enum], frozenset[Enum]] = {}
    for command, *cells in lines:
        for state, cell in zip(heading, cells, strict=True):
            allowed: dict[str, frozenset[Enum]] = {}
            for part in cell.split(",") if cell != "." else ():
                names, targets = part.split(">")
                for name in names:
                    assert name not in allowed, (command, state, cell)
                    allowed[name] = frozenset(places[target] for target in targets.split("/"))
            assert allowed.keys() <= roles.keys(), (command, state, cell)
            for name in roles:
                place = (places[state], command, roles[name])
                assert place not in grid, place
                grid[place] = allowed.get(name, frozenset())
    return grid


def grid_of(lifecycle: Lifecycle) -> Grid:
    """The grid that ``lifecycle`` has: every state, the opening, every command, every role."""
    return {
        (state, command.__name__, role): frozenset(
            row.to for row in lifecycle.cell(state, command).get(role, ())
        )
        for state, command, role in product((OPENING, *lifecycle.states), lifecycle.commands, lifecycle.roles)
    }


def differences(expected: Grid, found: Grid) -> list[str]:
    """Where the two grids are not the same: each place, what was expected there, what was found."""
    return [
        f"{state.name} {command} {role.name}: expected {_names(expected.get((state, command, role)))},"
        f" found {_names(found.get((state, command, role)))}"
        for state, command, role in {**expected, **found}
        if expected.get((state, command, role)) != found.get((state, command, role))
    ]


def _names(states: frozenset[Enum] | None) -> str:
    if states is None:
        return "no such cell"
    return "/".join(sorted(state.name for state in states)) or "blank"
