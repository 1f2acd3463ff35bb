"""A filing, cell by cell: written by hand, not taken from the rows."""

from __future__ import annotations

from table_grid import differences, grid_of, read_grid

from servflow.core.ill.filing.states import FilingRole, FilingState
from servflow.core.ill.filing.table import FILING

STATES = {state.name: state for state in FilingState}
ROLES = {
    "P": FilingRole.PATRON,
    "L": FilingRole.LIBRARIAN,
    "S": FilingRole.STAFF,
    "G": FilingRole.GATEWAY,
    "K": FilingRole.CLOCK,
}

GRID = """
                -                          WITH_LIBRARY  TAKEN_IN  ANSWERED
FileRequest     PL>WITH_LIBRARY/TAKEN_IN   .             .         .
HearFiling      G>WITH_LIBRARY/TAKEN_IN    LSG>=         LSG>=     LSG>=
HearTakenIn     .                          L>TAKEN_IN,SG>=  LSG>=  LSG>=
ClearFilingAttention  .                    S>=           S>=       S>=
NoteOnward      .                          L>=           L>=       .
RecordAnswer    .                          LS>ANSWERED   LS>ANSWERED  L>=
AskHowItStands  .                          PLS>=         PLS>=     PLS>=
HandOn          .                          .             L>=       L>=
NoteUnanswered  .                          K>=           K>=       .
"""


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(FILING)) == []


def test_the_grid_has_every_role() -> None:
    """None is forgotten when one is added; the states stand in its first line."""
    assert set(ROLES.values()) == set(FilingRole)
    assert set(GRID.split("FileRequest", maxsplit=1)[0].split()) == {"-", *STATES}


def test_a_missing_command_is_found() -> None:
    """The grid can fail: a line less, and every cell of it is named."""
    spoilt = "\n".join(line for line in GRID.splitlines() if not line.startswith("HandOn"))
    found = differences(read_grid(spoilt, states=STATES, roles=ROLES), grid_of(FILING))

    assert len(found) == (len(FilingState) + 1) * len(FilingRole)
