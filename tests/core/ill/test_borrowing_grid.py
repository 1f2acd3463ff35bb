"""The borrowing case, cell by cell: written by hand, not taken from the rows."""

from __future__ import annotations

import pytest
from table_grid import differences, grid_of, read_grid

from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.states import BorrowingRole, CaseState
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.lifecycle import OPENING, SAME

STATES = {
    "DRA": CaseState.DRAFT,
    "SUB": CaseState.SUBMITTED,
    "BLO": CaseState.BLOCKED,
    "REV": CaseState.IN_REVIEW,
    "ROU": CaseState.ROUTABLE,
    "SEN": CaseState.SENT,
    "EXP": CaseState.EXPECTED,
    "PRO": CaseState.PROMISED,
    "OFF": CaseState.OFFERED,
    "TRY": CaseState.RETRY_OFFERED,
    "SHI": CaseState.SHIPPED,
    "REC": CaseState.RECEIVED,
    "LOA": CaseState.ON_LOAN,
    "AWA": CaseState.AWAITING_RETURN,
    "RET": CaseState.RETURNED,
    "DEL": CaseState.DELIVERED,
    "LOS": CaseState.LOST,
    "EXH": CaseState.ROTA_EXHAUSTED,
    "END": CaseState.CLOSED,
}
ROLES = {
    "P": BorrowingRole.PATRON,
    "S": BorrowingRole.STAFF,
    "Y": BorrowingRole.SYSTEM,
    "Q": BorrowingRole.SUPPLIER,
    "K": BorrowingRole.CLOCK,
    "C": BorrowingRole.CENTRE,
}

# what is done here
GRID = """
                   -        DRA     SUB     BLO      REV     ROU             SEN         EXP         PRO         OFF         TRY      SHI              REC      LOA        AWA      RET        DEL      LOS        EXH     END
DraftRequest       PSY>DRA  .       .       .        .       .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
AmendRequest       .        PS>=    .       .        S>=     S>=             .           .           .           .           .        .                .        .          .        .          .        .          S>=     .
Submit             .        PS>SUB  .       .        .       .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
Withdraw           .        PS>END  PS>END  PS>END   PS>END  PS>END          .           .           .           .           PS>END   .                .        .          .        .          .        .          PS>END  .
Block              .        .       SY>BLO  .        .       .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
Refer              .        .       SY>REV  .        .       .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
RegisterAtDesk     .        .       S>=     S>=      S>=     .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
ApproveRequest     .        .       SY>ROU  .        S>ROU   .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
Recheck            .        .       .       PSY>SUB  .       .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
OverrideBlock      .        .       .       S>REV    S>=     S>=             .           .           .           S>=         S>=      .                .        .          .        .          .        .          S>=     .
CloseAsDuplicate   .        .       .       .        S>END   .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
FillLocally        .        .       .       .        S>END   S>END           .           .           .           .           S>END    .                .        .          .        .          .        .          S>END   .
DeclineRequest     .        .       S>END   S>END    S>END   .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
Expire             .        .       K>END   K>END    K>END   K>END           K>=         K>=         K>=         K>=         K>END    .                .        .          .        .          .        .          K>END   .
SetRota            .        .       .       .        SYC>=   SYC>=           SYC>=       SYC>=       SYC>=       SYC>=       SYC>=    .                .        .          .        .          .        .          SYC>ROU  .
HearRota           .        SCQ>=   SCQ>=   SCQ>=    SCQ>=   SCQ>=           SCQ>=       SCQ>=       SCQ>=       SCQ>=       SCQ>=    SCQ>=            SCQ>=    SCQ>=      SCQ>=    SCQ>=      SCQ>=    SCQ>=      SCQ>ROU/= SCQ>=
AskCentre          .        .       .       .        .       SY>=            .           .           .           .           .        .                .        .          .        .          .        .          .       .
SkipSupplier       .        .       .       .        .       SYC>=           .           .           .           .           .        .                .        .          .        .          .        .          .       .
Send               .        .       .       .        .       SYC>SEN,K>SEN/= .           .           .           .           .        .                .        .          .        .          .        .          .       .
GoOnWith           .        .       .       .        .       Y>SEN/EXP/PRO/OFF .         .           .           SY>=        .        .                .        .          .        .          .        .          .       .
LeaveSupplier      .        .       .       .        .       .               SY>=        SY>=        SY>=        SY>=        .        SY>=             SY>=     .          .        .          SY>=     .          .       .
Exhaust            .        .       .       .        .       SY>EXH          .           .           .           .           .        .                .        .          .        .          .        .          .       .
GiveUp             .        .       .       .        .       .               .           .           .           .           .        .                .        .          .        .          .        .          SY>END  .
Resubmit           .        .       .       .        .       .               .           .           .           .           S>END    .                .        .          .        .          .        .          S>END   .
TimeOut            .        .       .       .        .       .               SK>ROU/END/= SK>ROU/END/= SK>=      SK>=        .        .                .        .          .        .          .        .          .       .
NoteDelay          .        .       .       .        .       .               .           .           K>=         K>=         .        K>=              .        .          .        .          K>=      .          .       .
QueryStatus        .        .       .       .        .       .               SY>=        SY>=        SY>=        SY>=        .        SY>=             SY>=     SY>=       SY>=     SY>=       .        SY>=       .       .
AcceptOffer        .        .       .       .        .       .               .           .           .           PSY>PRO     .        .                .        .          .        .          .        .          .       .
RejectOffer        .        .       .       .        .       .               .           .           .           PSY>=       .        .                .        .          .        .          .        .          .       .
CancelRequest      .        .       .       .        .       .               PSY>=       PSY>=       PSY>=       PSY>=       .        .                .        .          .        .          .        .          .       .
Abandon            .        .       .       .        .       .               SK>ROU/END  SK>ROU/END  SK>ROU/END  SK>ROU/END  .        .                .        .          .        .          .        .          .       .
AcceptRetry        .        .       .       .        .       S>=             .           .           .           .           SY>ROU   .                .        .          .        .          .        .          S>ROU   .
DeclineRetry       .        .       .       .        .       .               .           .           .           .           SYK>ROU  .                .        .          .        .          .        .          .       .
OpenReturn         Y>SHI    .       .       .        .       .               .           .           .           .           .        .                .        .          .        .          .        .          .       .
Receive            .        .       .       .        .       .               S>REC/DEL   S>REC/DEL   S>REC/DEL   S>REC/DEL   .        S>REC/DEL/=      S>=      S>=        S>=      S>AWA      .        .          .       .
SetPickUp          .        .       .       .        .       .               .           .           .           .           .        .                S>=      .          .        .          S>=      .          .       .
CheckOut           .        .       .       .        .       .               .           .           .           .           .        .                S>LOA    .          S>LOA    .          .        .          .       .
TakeBack           .        .       .       .        .       .               .           .           .           .           .        .                .        S>AWA      .        .          .        .          .       .
ShipBack           .        .       .       .        .       .               .           .           .           .           .        .                S>RET/=  .          S>RET/=  .          .        .          .       .
RenewLoan          .        .       .       .        .       .               .           .           .           .           .        .                PS>=     PS>=       PS>=     .          .        .          .       .
RemindPatron       .        .       .       .        .       .               .           .           .           .           .        .                .        SK>=       .        .          .        .          .       .
HandOver           .        .       .       .        .       .               .           .           .           .           .        .                .        .          .        .          SYK>END  .          .       .
ReportDefect       .        .       .       .        .       .               .           .           .           .           .        .                .        .          .        .          PS>=     .          .       .
ReportDamage       .        .       .       .        .       .               .           .           .           .           .        .                S>=      S>=        S>=      S>=        S>=      .          .       .
RecordLoss         .        .       .       .        .       .               .           .           .           .           .        S>REC/DEL/LOS/=  S>LOS/=  S>LOS/=    S>LOS/=  S>LOS/=    .        .          .       .
RecordFound        .        .       .       .        .       .               .           .           .           .           .        S>=              S>=      S>=        S>=      S>AWA      .        S>AWA/DEL  .       .
CloseLoss          .        .       .       .        .       .               .           .           .           .           .        .                .        .          .        .          .        S>END      .       .
CloseUnconfirmed   .        .       .       .        .       .               .           .           .           .           .        .                .        .          .        SK>END     .        .          .       .
AssessCase         .        .       .        .        .       .               .           .           .           .           .        SY>=             SY>=     SY>=       SY>=     SY>=       SY>=     SY>=      .       .
CloseCaseManually  .        .       .       .        .       .               .           .           .           .           .        S>END            S>END    S>END      S>END    S>END      S>END    S>END      .       .
ClearAttention     .        S>=     S>=     S>=      S>=     S>=             S>=         S>=         S>=         S>=         S>=      S>=              S>=      S>=        S>=      S>=        S>=      S>=        S>=     S>=
Undo               .        .       .       .        .       .               S>ROU       .           .           .           .        .                S>SHI    S>REC/AWA  S>LOA    S>REC/AWA  S>SHI    .          .       .
"""

# what is heard from a supplier: nowhere refused
HEARD = """
                    -  DRA   SUB   BLO   REV   ROU   SEN           EXP           PRO           OFF           TRY   SHI       REC       LOA       AWA       RET       DEL   LOS       EXH   END
HearReceived        .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearExpect          .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>EXP/=      SQ>EXP/=      SQ>EXP/=      SQ>EXP/=      SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearPromise         .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>PRO/=      SQ>PRO/=      SQ>PRO/=      SQ>PRO/=      SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearOffer           .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>OFF/=      SQ>OFF/=      SQ>OFF/=      SQ>OFF/=      SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearUnfilled        .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearRetry           .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>ROU/TRY/END/=  SQ>ROU/TRY/END/=  SQ>ROU/TRY/END/=  SQ>ROU/TRY/END/=  SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearWithdrawn       .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearShipped         .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>SHI/DEL/=  SQ>SHI/DEL/=  SQ>SHI/DEL/=  SQ>SHI/DEL/=  SQ>=  SQ>DEL/=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearCancelAnswer    .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>ROU/END/=  SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearRenewalAnswer   .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearRecall          .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearOverdue         .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearHoldReturn      .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearLost            .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>LOS/=  SQ>=      SQ>=      SQ>=      SQ>LOS/=  SQ>=  SQ>=      SQ>=  SQ>=
HearNoReturnNeeded  .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>END/=  SQ>END/=  SQ>END/=  SQ>END/=  SQ>END/=  SQ>=  SQ>END/=  SQ>=  SQ>=
HearCheckedIn       .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>END/=  SQ>END/=  SQ>END/=  SQ>END/=  SQ>END/=  SQ>=  SQ>END/=  SQ>=  SQ>=
HearStatus          .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearCosts           .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
HearNotification    .  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=  SQ>=          SQ>=          SQ>=          SQ>=          SQ>=  SQ>=      SQ>=      SQ>=      SQ>=      SQ>=      SQ>=  SQ>=      SQ>=  SQ>=
"""

WHOLE = GRID + "\n".join(HEARD.strip("\n").splitlines()[1:])
EXPECTED = read_grid(WHOLE, states=STATES, roles=ROLES)
HEARINGS = [each for each in BORROWING.commands if issubclass(each, c.Hear)]


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(EXPECTED, grid_of(BORROWING)) == []


def test_the_grid_has_every_state_and_role() -> None:
    """None is forgotten when one is added."""
    assert set(STATES.values()) == set(CaseState)
    assert set(ROLES.values()) == set(BorrowingRole)


def test_a_changed_cell_is_found() -> None:
    """The grid can fail: one role less in one cell, and it says where."""
    line = next(line for line in WHOLE.splitlines() if line.startswith("CloseLoss"))
    spoilt = WHOLE.replace(line, line.replace("S>END", "Y>END"))

    assert differences(read_grid(spoilt, states=STATES, roles=ROLES), grid_of(BORROWING)) == [
        "LOST CloseLoss STAFF: expected blank, found CLOSED",
        "LOST CloseLoss SYSTEM: expected CLOSED, found blank",
    ]


@pytest.mark.parametrize("state", [state for state in CaseState if state is not CaseState.CLOSED])
def test_no_state_waits_for_a_supplier_for_ever(state: CaseState) -> None:
    """The patron, the library and the clock can end it: nothing heard, and not closed by hand."""
    ours = set(BorrowingRole) - {BorrowingRole.SUPPLIER}
    heard = {each.__name__ for each in HEARINGS}
    reached, fresh = {state}, {state}
    while fresh:
        fresh = {
            target
            for (source, command, role), targets in grid_of(BORROWING).items()
            for target in targets
            if source in fresh and role in ours and target is not SAME
            if command not in heard and command != c.CloseCaseManually.__name__
        } - reached  # type: ignore[assignment]
        reached |= fresh

    assert CaseState.CLOSED in reached


def test_every_state_is_reached_without_closing_by_hand() -> None:
    """From a draft, and from what only goes back: by what is done here and what is heard."""
    reached, fresh = {OPENING}, {OPENING}
    while fresh:
        fresh = {
            target
            for (source, command, _), targets in grid_of(BORROWING).items()
            for target in targets
            if source in fresh and command != c.CloseCaseManually.__name__ and target is not SAME
        } - reached  # type: ignore[assignment]
        reached |= fresh

    assert reached == {OPENING, *CaseState}


def test_nothing_leads_out_of_the_end() -> None:
    """A closed case stays closed, and nothing comes before the draft."""
    targets = {
        target
        for (state, _, _), found in grid_of(BORROWING).items()
        if state is CaseState.CLOSED
        for target in found
    }

    assert targets == {SAME}
    assert not any(OPENING in found for found in grid_of(BORROWING).values())


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("command", HEARINGS)
def test_nothing_heard_is_refused(state: CaseState, command: type[c.Hear]) -> None:
    """Every word of a supplier has a row in every state, without a guard, for the supplier and for staff."""
    cell = BORROWING.cell(state, command)

    assert set(cell) == {BorrowingRole.SUPPLIER, BorrowingRole.STAFF}
    assert all(row.needs == () for rows in cell.values() for row in rows)
    assert cell[BorrowingRole.SUPPLIER] == cell[BorrowingRole.STAFF]


def test_every_word_of_a_supplier_is_in_the_table() -> None:
    """No class of what can be heard is without rows; the class they share is none of them."""
    named = {getattr(c, name) for name in c.__all__ if name.startswith("Hear")} - {c.Hear, c.HearRota}

    assert set(HEARINGS) == named
    assert set(BORROWING.commands) == {getattr(c, name) for name in c.__all__} - {c.Hear}
