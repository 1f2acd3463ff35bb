"""The relation with a borrowing institution, cell by cell: written by hand, not taken from the rows."""

from __future__ import annotations

from table_grid import differences, grid_of, read_grid

from servflow.core.ill.lending.states import RelationRole, RelationState
from servflow.core.ill.lending.table import RELATION

STATES = {state.name: state for state in RelationState}
ROLES = {"I": RelationRole.INSTITUTION, "S": RelationRole.STAFF, "Y": RelationRole.SYSTEM}

GRID = """
                -           APPLIED     APPROVED    SIGNED        SUSPENDED     DECLINED    TERMINATED
Apply           IS>APPLIED  .           .           .             .             .           .
Reapply         .           .           .           .             .             IS>APPLIED  IS>APPLIED
Approve         .           S>APPROVED  .           .             .             .           .
Decline         .           S>DECLINED  S>DECLINED  .             .             .           .
Sign            .           .           S>SIGNED    .             .             .           .
IssueCard       .           .           .           S>=           S>=           .           .
PaySecurity     .           .           S>=         S>=           S>=           .           .
RefundSecurity  .           S>=         S>=         S>=           S>=           S>=         S>=
DeclareChange   .           IS>=        IS>=        IS>=          IS>=          .           .
Suspend         .           .           .           S>SUSPENDED   .             .           .
Reinstate       .           .           .           .             S>SIGNED      .           .
Terminate       .           .           .           S>TERMINATED  S>TERMINATED  .           .
BookLoan        .           Y>=         Y>=         Y>=           Y>=           Y>=         Y>=
Pay             .           S>=         S>=         S>=           S>=           S>=         S>=
SettleDues      .           Y>=         Y>=         Y>=           Y>=           Y>=         Y>=
Waive           .           S>=         S>=         S>=           S>=           S>=         S>=
"""


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(RELATION)) == []


def test_the_grid_has_every_role() -> None:
    """None is forgotten when one is added; the states stand in its first line."""
    assert set(ROLES.values()) == set(RelationRole)
    assert set(GRID.split("Apply", maxsplit=1)[0].split()) == {"-", *STATES}


def test_a_missing_command_is_found() -> None:
    """The grid can fail: a line less, and every cell of it is named."""
    spoilt = "\n".join(line for line in GRID.splitlines() if not line.startswith("Waive"))
    found = differences(read_grid(spoilt, states=STATES, roles=ROLES), grid_of(RELATION))

    assert len(found) == (len(RelationState) + 1) * len(RelationRole)
    assert "SIGNED Waive STAFF: expected no such cell, found SIGNED" not in found
    assert "SIGNED Waive STAFF: expected no such cell, found SAME" in found
