"""Claims: the table as a grid, who is who, and that the table is what is decided by."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from claims_at_work import (
    BODY,
    COMMITTEE,
    FOREMAN,
    MANAGER,
    NEIGHBOUR,
    OWNER,
    REPRESENTATIVE,
    ClaimDesk,
    held,
)
from deposit_desk import AUTHORITY, BANK, CLOCK, DEVELOPER, OURS, PROGRAM
from table_grid import differences, grid_of, read_grid

from servflow.core.changes import Actor, Command, Office
from servflow.core.deposits.accounts.model import account_key
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims.messages import DEPOSIT_CLAIM_MESSAGES
from servflow.core.deposits.claims.model import Applicant
from servflow.core.deposits.claims.states import ClaimRole, ClaimState
from servflow.core.deposits.claims.table import DEPOSIT_CLAIM
from servflow.core.lifecycle import NOT_IN_STATE, NOT_YOURS, check

S = ClaimState
R = ClaimRole
STATES = {state.name: state for state in ClaimState}
ROLES = {
    "A": R.AUTHORITY,
    "D": R.DEVELOPER,
    "O": R.OWNER,
    "M": R.PROPERTY_MANAGER,
    "C": R.COMMITTEE,
    "R": R.REPRESENTATIVE,
    "P": R.APPLICANT,
    "W": R.REPAIRER,
    "B": R.INSPECTION_BODY,
    "Y": R.SYSTEM,
    "K": R.CLOCK,
}

GRID = """
                    -            FILED         CHECKED              DISPUTED      TESTED               APPROVED      ASSIGNED      BUDGETED     REPAIRED          COST_LISTED   PAID         NOTIFIED REFUSED PERFORMED WITHDRAWN
FileClaim           OMCRA>FILED  .             .                    .             .                    .             .             .            .                 .             .            .        .       .         .
FileEmergencyClaim  OMCRA>FILED  .             .                    .             .                    .             .             .            .                 .             .            .        .       .         .
CheckWithDeveloper  .            A>CHECKED     A>=                  A>CHECKED     A>=                  .             .             .            .                 .             .            .        .       .         .
DisputeLiability    .            D>DISPUTED    D>DISPUTED           .             .                    .             .             .            .                 .             .            .        .       .         .
OrderTest           .            A>DISPUTED    A>DISPUTED           A>=           A>DISPUTED           .             .             .            .                 .             .            .        .       .         .
RecordTest          .            .             .                    BA>TESTED     .                    .             .             .            .                 .             .            .        .       .         .
ApproveClaim        .            A>=           A>APPROVED/REPAIRED  A>=           A>APPROVED/REPAIRED  .             .             .            .                 .             .            .        .       .         .
RefuseClaim         .            A>REFUSED     A>REFUSED            A>REFUSED     A>REFUSED            A>REFUSED     A>REFUSED     A>REFUSED    A>REFUSED         A>REFUSED     .            .        .       .         .
ConfirmPerformance  .            AP>PERFORMED  AP>PERFORMED         AP>PERFORMED  AP>PERFORMED         AP>PERFORMED  AP>PERFORMED  .            .                 .             .            .        .       .         .
WithdrawClaim       .            P>WITHDRAWN   P>WITHDRAWN          P>WITHDRAWN   P>WITHDRAWN          P>WITHDRAWN   P>WITHDRAWN   .            P>WITHDRAWN       P>WITHDRAWN   .            .        .       .         .
ReplaceApplicant    .            A>=           A>=                  A>=           A>=                  A>=           A>=           A>=          A>=               .             .            .        .       .         .
AssignRepairer      .            .             .                    .             .                    A>ASSIGNED    A>ASSIGNED    A>ASSIGNED   .                 .             .            .        .       .         .
HandInBudget        .            .             .                    .             .                    .             WA>=          WA>ASSIGNED  .                 .             .            .        .       .         .
ApproveBudget       .            .             .                    .             .                    .             A>BUDGETED    .            .                 .             .            .        .       .         .
FinishRepair        .            .             .                    .             .                    WA>=          WA>=          WA>REPAIRED  .                 .             .            .        .       .         .
HandInCostList      .            .             .                    .             .                    .             .             .            WPA>=             .             .            .        .       .         .
SignCostList        .            .             .                    .             .                    .             .             .            P>COST_LISTED/=   .             .            .        .       .         .
ReturnCostList      .            .             .                    .             .                    .             .             .            .                 A>REPAIRED    .            .        .       .         .
PayOut              .            .             .                    .             .                    .             .             .            A>=               A>PAID        .            .        .       .         .
NotifyUse           .            .             .                    .             .                    .             .             .            .                 .             AY>NOTIFIED  .        .       .         .
RemindDeadline      .            .             .                    .             .                    .             .             .            .                 K>=           K>=          .        .       .         .
SeeToClaim          .            A>=           A>=                  A>=           A>=                  A>=           A>=           A>=          A>=               A>=           A>=          .        .       .         .
"""

ACTORS = {
    R.AUTHORITY: AUTHORITY,
    R.DEVELOPER: DEVELOPER,
    R.APPLICANT: MANAGER,
    R.REPAIRER: FOREMAN,
    R.INSPECTION_BODY: BODY,
    R.SYSTEM: PROGRAM,
    R.CLOCK: CLOCK,
}
"""Who speaks in which role to a claim that is there."""


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(DEPOSIT_CLAIM)) == []


def test_the_grid_has_every_role_and_state() -> None:
    """None is forgotten when one is added."""
    assert set(ROLES.values()) == set(ClaimRole)
    assert set(GRID.split("FileClaim", maxsplit=1)[0].split()) == {"-", *STATES}


@pytest.mark.parametrize("state", ClaimState)
def test_a_command_is_heard_where_its_cell_is_filled_and_nowhere_else(state: ClaimState) -> None:
    """In every state, of everybody: a blank cell is refused as out of place, and a filled one never is."""
    desk = ClaimDesk()
    desk.reach(state)
    grid = read_grid(GRID, states=STATES, roles=ROLES)
    opening = (c.FileClaim, c.FileEmergencyClaim)
    kinds = [kind for kind in DEPOSIT_CLAIM.commands if kind not in opening]
    for kind, (role, actor) in product(kinds, ACTORS.items()):
        here = DEPOSIT_CLAIM.roles_of(desk.claim(), actor)
        command = desk.said(kind, by=actor)
        reasons = check(desk.lifecycles, command, desk.aggregates, policy=desk.rules)
        blank = {reason.code for reason in reasons} & {NOT_IN_STATE, NOT_YOURS}
        assert bool(blank) is not (role in here and bool(grid[state, kind.__name__, role])), (kind, role)


@pytest.mark.parametrize(
    ("actor", "opening", "kept"),
    [
        (OWNER, [R.OWNER], []),
        (REPRESENTATIVE, [R.REPRESENTATIVE, R.OWNER], []),
        (MANAGER, [R.PROPERTY_MANAGER, R.AUTHORITY], [R.APPLICANT]),
        (COMMITTEE, [R.COMMITTEE, R.AUTHORITY], []),
        (AUTHORITY, [R.AUTHORITY], [R.AUTHORITY]),
        (DEVELOPER, [R.AUTHORITY], [R.DEVELOPER]),
        (FOREMAN, [R.AUTHORITY], [R.REPAIRER]),
        (BODY, [R.AUTHORITY], [R.INSPECTION_BODY]),
        (BANK, [R.AUTHORITY], []),
        (PROGRAM, [], [R.SYSTEM]),
        (CLOCK, [], [R.CLOCK]),
        (Actor("policy", "elsewhere", Office.SYSTEM), [], []),
        (Actor("clock", "elsewhere", Office.CLOCK), [], []),
        (Actor("nobody", "", Office.STAFF), [R.AUTHORITY], []),
        (Actor("property-manager", OURS, Office.PERSON), [R.OWNER], []),
        (Actor("somebody", "property-manager", Office.PERSON), [R.OWNER], []),
    ],
)
def test_who_speaks_in_which_role(actor: Actor, opening: list[ClaimRole], kept: list[ClaimRole]) -> None:
    """Staff are known by their house, persons by themselves; a house does not make an applicant of a person."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.OrderTest)
    desk.do(c.RecordTest)
    desk.do(c.CheckWithDeveloper)
    desk.do(c.ApproveClaim)
    desk.do(c.AssignRepairer)
    assert list(DEPOSIT_CLAIM.roles_of(None, actor)) == opening
    assert list(DEPOSIT_CLAIM.roles_of(desk.claim(), actor)) == kept


def test_without_repairer_or_test_nobody_is_one() -> None:
    """Somebody who serves nowhere is not the repairer of a claim that has none."""
    desk = ClaimDesk()
    it = desk.file()
    assert DEPOSIT_CLAIM.roles_of(it, Actor("nobody", "", Office.STAFF)) == ()


def test_an_applicant_of_the_authority_signs_and_a_visitor_does_not() -> None:
    """Where the authority itself asks, its staff are the applicant; a person who comes there is not."""
    desk = ClaimDesk()
    it = desk.file()
    ours = replace(it, applicants=(Applicant(role="authority", party=OURS),))
    assert DEPOSIT_CLAIM.roles_of(ours, AUTHORITY) == (R.AUTHORITY, R.APPLICANT)
    assert DEPOSIT_CLAIM.roles_of(ours, NEIGHBOUR) == ()


@pytest.mark.parametrize("kind", DEPOSIT_CLAIM.commands)
def test_the_account_of_the_building_is_read(kind: type[Command]) -> None:
    """Every command looks at it, the one that opens a claim at that which it names."""
    desk = ClaimDesk()
    command = desk.said(kind)
    read = (account_key(held().id),)
    assert DEPOSIT_CLAIM.reads(desk.file(), command) == read
    opens = kind in {c.FileClaim, c.FileEmergencyClaim}
    assert DEPOSIT_CLAIM.reads(None, command) == (read if opens else ())


def test_every_message_has_a_kind_of_its_own() -> None:
    """And says that it is about a claim."""
    assert len(set(DEPOSIT_CLAIM_MESSAGES)) == len(DEPOSIT_CLAIM_MESSAGES)
    assert all(kind.startswith("deposits.claim.") for kind in DEPOSIT_CLAIM_MESSAGES)
