"""Accounts and identities, cell by cell: written by hand, not taken from the rows."""

from __future__ import annotations

from table_grid import differences, grid_of, read_grid

from servflow.core.ill.accounts.states import AccountRole, AccountState, IdentityRole, IdentityState
from servflow.core.ill.accounts.table import ACCOUNT, IDENTITY

STATES = {state.name: state for state in AccountState}
ROLES = {
    "H": AccountRole.HOLDER,
    "O": AccountRole.OPERATOR,
    "S": AccountRole.STAFF,
    "Y": AccountRole.SYSTEM,
    "C": AccountRole.CLOCK,
}

GRID = """
                  -                REGISTERED    CONFIRMED   ACTIVE        SUSPENDED   DECLINED         CLOSED
RegisterAccount   HOS>REGISTERED   .             .           .             .           .                .
RegisterAgain     .                HS>=          .           .             .           HOS>REGISTERED   HOS>REGISTERED
ConfirmAccount    .                OS>CONFIRMED  .           .             .           .                .
DeclineAccount    .                OS>DECLINED   .           .             .           .                .
Activate          .                .             Y>ACTIVE    .             .           .                .
SetTerms          .                .             OS>=        OS>=          OS>=        .                .
SuspendAccount    .                .             .           OS>SUSPENDED  .           .                .
ReinstateAccount  .                .             .           .             OS>ACTIVE/CONFIRMED . .
NoticeExpiry      .                .             C>=         C>=           C>=         .                .
BindIdentity      .                HOS>=         HOS>=       HOS>=         HOS>=       .                .
ReleaseIdentity   .                HOS>=         HOS>=       HOS>=/CONFIRMED HOS>=     HOS>=            .
ChooseMode        .                .             HS>=        HS>=          HS>=        .                .
BookCase          .                Y>=           Y>=         Y>=           Y>=         Y>=              Y>=
PayDeposit        .                .             OS>=        OS>=          OS>=        .                .
PayIn             .                OS>=          OS>=        OS>=          OS>=        OS>=             OS>=
RefundDeposit     .                S>=           S>=         S>=           S>=         S>=              S>=
GiveBack          .                S>=           S>=         S>=           S>=         S>=              S>=
SettleAccountDues .                Y>=           Y>=         Y>=           Y>=         Y>=              Y>=
WaiveCharge       .                S>=           S>=         S>=           S>=         S>=              S>=
Clear             .                OS>=          OS>=        OS>=          OS>=        OS>=             OS>=
CloseAccount      .                OS>CLOSED     OS>CLOSED   OS>CLOSED     OS>CLOSED   .                .
"""

IDENTITIES = """
                  -         BOUND         RELEASED
ClaimIdentity     Y>BOUND   Y>=           Y>BOUND
FreeIdentity      .         Y>RELEASED/=  Y>=
"""


def test_every_cell_of_an_account_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(ACCOUNT)) == []


def test_every_cell_of_an_identity_is_as_expected() -> None:
    """Only the account's own commands claim it and free it."""
    states = {state.name: state for state in IdentityState}
    expected = read_grid(IDENTITIES, states=states, roles={"Y": IdentityRole.SYSTEM})

    assert differences(expected, grid_of(IDENTITY)) == []


def test_the_grid_has_every_role_and_state() -> None:
    """None is forgotten when one is added."""
    assert set(ROLES.values()) == set(AccountRole)
    assert set(GRID.split("RegisterAccount", maxsplit=1)[0].split()) == {"-", *STATES}
