"""The deposit account's table, spelled by hand: every state, every command, every role."""

from __future__ import annotations

from typing import Final

from deposit_desk import AUTHORITY, DEPARTMENT, DEVELOPER, MANAGER, OURS, DepositDesk, building
from table_grid import differences, grid_of, read_grid

from servflow.core.changes import Actor, Office
from servflow.core.deposits.accounts.states import AccountRole, AccountState
from servflow.core.deposits.accounts.table import DEPOSIT_ACCOUNT

S, R = AccountState, AccountRole
STATES: Final = {
    "ASS": S.ASSESSED,
    "EXE": S.EXEMPT,
    "DUE": S.DUE,
    "REV": S.UNDER_REVIEW,
    "PAI": S.PAID,
    "HEL": S.HELD,
    "PAR": S.PARTLY_RELEASED,
    "REL": S.RELEASED,
    "CLO": S.CLOSED,
}
ROLES: Final = {
    "A": R.AUTHORITY,
    "D": R.DEVELOPER,
    "U": R.SUPERVISOR,
    "B": R.BANK,
    "P": R.DEPARTMENT,
    "M": R.PROPERTY_MANAGER,
    "O": R.COMMITTEE,
    "S": R.SYSTEM,
    "C": R.CLOCK,
}
GRID: Final = """
                 -          ASS      EXE            DUE             REV          PAI             HEL        PAR        REL    CLO
AssessDeposit    AS>EXE/ASS .        .              .               .            .               .          .          .      .
ReassessDeposit  .          AS>EXE/= AS>EXE/ASS/HEL AS>EXE/PAI/DUE  AS>EXE/=     AS>EXE/PAI/DUE  AS>=       AS>=       .      .
NotifyAssessment .          AS>DUE   .              AS>=            .            .               AS>=       AS>=       .      .
ConfirmLetter    .          .        .              AD>=            .            AD>=            AD>=       AD>=       .      .
AskReview        .          .        .              D>REV           .            D>REV           D>=        D>=        .      .
RemindReview     .          .        .              C>=             .            C>=             C>=        C>=        .      .
AnswerReview     .          .        .              .               A>DUE/PAI    .               A>=        A>=        .      .
LodgeDeposit     .          ABSU>=   ABSU>=         ABSU>=/PAI      ABSU>=       .               ABSU>=     ABSU>=     .      .
ReversePayment   .          .        ABS>=          ABS>=           ABS>=        ABS>DUE         ABS>=      ABS>=      .      .
OrderPayment     .          .        .              A>=             .            .               A>=        A>=        .      .
WithdrawOrder    .          A>=      A>=            A>=             A>=          A>=             A>=        A>=        A>=    .
NoteDefault      .          .        .              C>=             C>=          C>=             C>=        C>=        .      .
PaySurcharge     .          ABS>=    ABS>=          ABS>=           ABS>=        ABS>=           ABS>=      ABS>=      ABS>=  .
RefundSurcharge  .          A>=      A>=            A>=             A>=          A>=             A>=        A>=        A>=    .
HandOverBuilding .          ADS>HEL  ADS>=          ADS>HEL         ADS>HEL      ADS>HEL         .          .          .      .
PassGate         .          APS>=    APS>=          APS>=           APS>=        APS>=           APS>=      APS>=      APS>=  .
NameParties      .          A>=      A>=            A>=             A>=          A>=             A>=        A>=        A>=    .
RecordDefect     .          .        .              .               .            .               AMO>=      AMO>=      .      .
RepairDefect     .          .        .              .               .            .               A>=        A>=        .      .
BookDepositClaim .          .        .              .               .            .               S>=        S>=        S>=    .
DrawDeposit      .          .        .              .               .            .               S>=        S>=        .      .
CreditInterest   .          .        .              ABSC>=          ABSC>=       ABSC>=          ABSC>=     ABSC>=     .      .
PublishStatement .          .        AC>=           AC>=            AC>=         AC>=            AC>=       AC>=       AC>=   AC>=
NoteWarrantyEnd  .          .        .              .               .            .               C>=        C>=        .      .
RequestRelease   .          .        .              .               .            .               D>=        D>=        .      .
RemindRelease    .          .        .              .               .            .               C>=        C>=        .      .
ReleasePart      .          .        .              .               .            .               A>PAR/REL  A>PAR/REL  .      .
NoteLimit        .          .        .              .               .            .               C>=        C>=        .      .
ReleaseRest      .          .        .              .               .            .               A>REL      A>REL      .      .
SeeToDeposit     .          A>=      A>=            A>=             A>=          A>=             A>=        A>=        A>=    .
CloseDeposit     .          A>CLO    A>CLO          A>CLO           A>CLO        .               .          .          A>CLO  .
"""


def test_the_table_is_the_grid() -> None:
    """In each state each role may say what the hand-written grid says, and leads where it says."""
    expected = read_grid(GRID, states=STATES, roles=ROLES)
    assert differences(expected, grid_of(DEPOSIT_ACCOUNT)) == []


def test_nobody_leaves_a_closed_account() -> None:
    """CLOSED is the only end."""
    assert DEPOSIT_ACCOUNT.final == (S.CLOSED,)


def roles(actor: Actor) -> tuple[AccountRole, ...]:
    """The roles of somebody towards the account of the tests."""
    desk = DepositDesk()
    desk.assess()
    return DEPOSIT_ACCOUNT.roles_of(desk.account(), actor)  # type: ignore[return-value]


def test_roles_follow_from_whom_somebody_serves() -> None:
    """The staff of those whom the building names speak for them, each in his role."""
    assert roles(AUTHORITY) == (R.AUTHORITY,)
    assert roles(DEVELOPER) == (R.DEVELOPER,)
    assert roles(MANAGER) == (R.PROPERTY_MANAGER,)
    assert roles(Actor("x", "supervisor", Office.STAFF)) == (R.SUPERVISOR,)
    assert roles(Actor("x", "bank", Office.STAFF)) == (R.BANK,)
    assert roles(Actor("x", "committee", Office.STAFF)) == (R.COMMITTEE,)


def test_nobody_speaks_for_whom_the_building_does_not_name() -> None:
    """Where there is no committee, staff who serve nobody are not its staff."""
    desk = DepositDesk()
    desk.assess(building=building(committee="", property_manager="", supervisor=""))
    nobody = Actor("x", "", Office.STAFF)
    assert DEPOSIT_ACCOUNT.roles_of(desk.account(), nobody) == ()


def test_a_department_is_known_by_the_post() -> None:
    """Whoever files or registers serves in the post ``department``, wherever he serves."""
    assert roles(DEPARTMENT) == (R.DEPARTMENT,)
    assert roles(Actor("x", "land-office", Office.STAFF)) == ()


def test_only_the_own_clock_and_programs_speak() -> None:
    """Another authority's clock or program has no role, and a person has none at all."""
    assert roles(Actor.clock(OURS)) == (R.CLOCK,)
    assert roles(Actor.clock("another")) == ()
    assert roles(Actor.policy(OURS)) == (R.SYSTEM,)
    assert roles(Actor.policy("another")) == ()
    assert roles(Actor("owner", "", Office.PERSON)) == ()


def test_an_account_is_opened_by_staff_or_a_program() -> None:
    """Before there is an account, staff and programs may open one; the guard asks of whose authority they are."""
    assert DEPOSIT_ACCOUNT.roles_of(None, AUTHORITY) == (R.AUTHORITY,)
    assert DEPOSIT_ACCOUNT.roles_of(None, Actor.policy(OURS)) == (R.SYSTEM,)
    assert DEPOSIT_ACCOUNT.roles_of(None, Actor.clock(OURS)) == ()
