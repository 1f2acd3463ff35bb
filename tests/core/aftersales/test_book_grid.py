"""A book of numbers, cell by cell: written by hand, not taken from the rows."""

from __future__ import annotations

from table_grid import differences, grid_of, read_grid

from servflow.core.aftersales.books.model import BookRole, BookState
from servflow.core.aftersales.books.table import BOOK

STATES = {state.name: state for state in BookState}
ROLES = {"Y": BookRole.SYSTEM, "S": BookRole.SUPERVISOR}

GRID = """
             -        KEPT
TakeNumbers  YS>KEPT  YS>=
VoidNumber   .        YS>=
"""


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: a number is taken or void, and nothing else."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(BOOK)) == []


def test_the_grid_has_every_state_and_role() -> None:
    """None is forgotten when one is added."""
    assert set(STATES) == set(GRID.split("TakeNumbers", maxsplit=1)[0].split()) - {"-"}
    assert set(ROLES.values()) == set(BookRole)


def test_a_changed_cell_is_found() -> None:
    """The grid can fail: a role less in one cell, and it says where."""
    spoilt = GRID.replace("VoidNumber   .        YS>=", "VoidNumber   .        Y>=")

    assert differences(read_grid(spoilt, states=STATES, roles=ROLES), grid_of(BOOK)) == [
        "KEPT VoidNumber SUPERVISOR: expected blank, found SAME"
    ]
