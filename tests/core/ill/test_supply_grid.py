"""The supplying transaction, cell by cell: written by hand, not taken from the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from table_grid import differences, grid_of, read_grid

from servflow.core.changes import Actor, Command, Office
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import RelationRole, Role, SupplyState
from servflow.core.ill.lending.table import LENDING, RELATION
from servflow.core.lifecycle import OPENING, SAME

STATES = {
    "NEW": SupplyState.NEW,
    "CHECK": SupplyState.CHECKING,
    "PROM": SupplyState.PROMISED,
    "OFFER": SupplyState.OFFERED,
    "SHIP": SupplyState.SHIPPED,
    "AT": SupplyState.AT_REQUESTER,
    "BACK": SupplyState.RETURN_IN_TRANSIT,
    "LOST": SupplyState.LOST,
    "CLOSED": SupplyState.CLOSED,
}
ROLES = {"Q": Role.REQUESTER, "S": Role.STAFF, "Y": Role.SYSTEM, "K": Role.CLOCK}

GRID = """
                      -        NEW         CHECK       PROM        OFFER        SHIP              AT          BACK        LOST        CLOSED
ReceiveRequest        QS>NEW   .           .           .           .            .                 .           .           .           .
Expect                .        SY>CHECK    .           SY>CHECK    .            .                 .           .           .           .
Promise               .        SY>PROM     SY>PROM     .           .            .                 .           .           .           .
MakeOffer             .        S>OFFER     S>OFFER     S>OFFER     S>OFFER      .                 .           .           .           .
CannotSupply          .        SY>CLOSED   SY>CLOSED   SY>CLOSED   SY>CLOSED    .                 .           .           .           .
AskRetry              .        SY>CLOSED   SY>CLOSED   SY>CLOSED   SY>CLOSED    .                 .           .           .           .
Forward               .        S>CLOSED    S>CLOSED    S>CLOSED    S>CLOSED     .                 .           .           .           .
ExpireRequest         .        K>CLOSED    K>CLOSED    K>CLOSED    K>CLOSED     .                 .           .           .           .
AgreeToOffer          .        QS>=        QS>=        QS>=        QS>PROM/=    QS>=              QS>=        QS>=        QS>=        QS>=
DeclineOffer          .        QS>=        QS>=        QS>=        QS>CLOSED/=  QS>=              QS>=        QS>=        QS>=        QS>=
LapseOffer            .        .           .           .           KS>CLOSED    .                 .           .           .           .
RequestCancel         .        QS>=        QS>=        QS>=        QS>=         QS>=              QS>=        QS>=        QS>=        QS>=
AnswerCancel          .        SY>CLOSED/= SY>CLOSED/= SY>CLOSED/= SY>CLOSED/=  SY>=              SY>=        SY>=        SY>=        SY>=
Ship                  .        S>SHIP      S>SHIP      S>SHIP      .            .                 .           .           .           .
SupplyCopy            .        S>CLOSED    S>CLOSED    S>CLOSED    .            .                 .           .           .           S>=
UndoShipment          .        .           .           .           .            S>NEW/CHECK/PROM  .           .           .           .
ConfirmReceipt        .        QS>=        QS>=        QS>=        QS>=         QS>AT/=           QS>=        QS>=        QS>=        QS>=
RequestRenewal        .        QS>=        QS>=        QS>=        QS>=         QS>=              QS>=        QS>=        QS>=        QS>=
GrantRenewal          .        .           .           .           .            SY>=              SY>=        SY>=        .           .
DeclineRenewal        .        .           .           .           .            SYK>=             SYK>=       SYK>=       .           .
Recall                .        .           .           .           .            S>=               S>=         .           .           .
NoticeDue             .        .           .           .           .            KS>=              KS>=        .           .           .
HoldReturn            .        .           .           .           .            S>=               S>=         .           .           .
ReportReturn          .        QS>=        QS>=        QS>=        QS>=         QS>BACK/=         QS>BACK/=   QS>=        QS>BACK/=   QS>=
NoteReturnDelay       .        .           .           .           .            .                 .           K>=         .           .
CheckIn               .        .           .           .           .            S>CLOSED/LOST/BACK/= S>CLOSED/LOST/BACK/= S>CLOSED/LOST/AT/= S>CLOSED/BACK/= .
ReleaseItem           .        .           .           .           .            S>CLOSED          S>CLOSED    .           .           .
ReportLost            .        QS>=        QS>=        QS>=        QS>=         QS>LOST/BACK/=    QS>LOST/BACK/= QS>LOST/=  QS>=        QS>=
DeclareLost           .        .           .           .           .            KS>LOST           KS>LOST     KS>LOST     .           .
ReportFound           .        QS>=        QS>=        QS>=        QS>=         QS>AT/=           QS>AT/=     QS>AT/=     QS>AT/=     QS>=
RecordDamage          .        .           .           .           .            S>=               S>=         S>=         S>=         S>=
Compensate            .        .           .           .           .            S>=               S>=         S>=         S>=         S>=
SettleLoss            .        .           .           .           .            .                 .           .           S>CLOSED    .
ClaimDefect           .        QS>=        QS>=        QS>=        QS>=         QS>=              QS>=        QS>=        QS>=        QS>=
RequestStatus         .        QS>=        QS>=        QS>=        QS>=         QS>=              QS>=        QS>=        QS>=        QS>=
Notify                .        QS>=        QS>=        QS>=        QS>=         QS>=              QS>=        QS>=        QS>=        QS>=
ClearSupplyAttention  .        S>=         S>=         S>=         S>=          S>=               S>=         S>=         S>=         S>=
Assess                .        .           .           .           .            SY>=              SY>=        SY>=        SY>=        .
CloseManually         .        S>CLOSED    S>CLOSED    S>CLOSED    S>CLOSED     S>CLOSED          S>CLOSED    S>CLOSED    S>CLOSED    .
"""


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(LENDING)) == []


def test_the_grid_has_every_state_and_role() -> None:
    """None is forgotten when one is added."""
    assert set(STATES.values()) == set(SupplyState)
    assert set(ROLES.values()) == set(Role)


def test_a_changed_cell_is_found() -> None:
    """The grid can fail: one role more in one cell, and it says where."""
    spoilt = GRID.replace(" S>SHIP ", " SY>SHIP ", 1)

    assert differences(read_grid(spoilt, states=STATES, roles=ROLES), grid_of(LENDING)) == [
        "NEW Ship SYSTEM: expected SHIPPED, found blank"
    ]


HEARD = (
    c.ConfirmReceipt,
    c.RequestRenewal,
    c.ReportReturn,
    c.ReportLost,
    c.ReportFound,
    c.RequestCancel,
    c.AgreeToOffer,
    c.DeclineOffer,
    c.RequestStatus,
    c.Notify,
    c.ClaimDefect,
)


@pytest.mark.parametrize("command", HEARD)
@pytest.mark.parametrize("state", SupplyState)
def test_what_a_requester_says_is_taken_in_every_state(state: SupplyState, command: type[Command]) -> None:
    """From the requester, and from staff who enter it for the requester; nothing else may it say."""
    assert LENDING.cell(state, command).keys() == {Role.REQUESTER, Role.STAFF}
    assert set(LENDING.commands) >= set(HEARD)
    may = {each for each in LENDING.commands if Role.REQUESTER in LENDING.cell(state, each)}
    assert may == set(HEARD)


@pytest.mark.parametrize("state", [state for state in SupplyState if state is not SupplyState.CLOSED])
def test_no_state_waits_for_the_requester_for_ever(state: SupplyState) -> None:
    """The library's own people and programs and the clock can end it, closing by hand left out."""
    own = {Role.STAFF, Role.SYSTEM, Role.CLOCK}
    reached, fresh = {state}, {state}
    while fresh:
        fresh = {
            target
            for (source, command, role), targets in grid_of(LENDING).items()
            for target in targets
            if source in fresh and role in own and command != c.CloseManually.__name__ and target is not SAME
        } - reached  # type: ignore[assignment]
        reached |= fresh

    assert SupplyState.CLOSED in reached


def test_what_was_answered_unfilled_or_is_closed_stays_closed() -> None:
    """Nothing leads out of the end, nor back before the beginning."""
    targets = {
        target
        for (state, _, _), found in grid_of(LENDING).items()
        if state is SupplyState.CLOSED
        for target in found
    }

    assert targets == {SAME}
    assert not any(OPENING in found for found in grid_of(LENDING).values())


@pytest.mark.parametrize("office", [Office.PERSON, Office.CLOCK])
def test_no_reader_or_clock_speaks_for_a_borrower(lending_desk: Any, office: Office) -> None:
    """An institution borrows: its staff and its programs say what it says, to a loan and to its relation."""
    somebody = Actor("somebody", "CN-320500", office)
    assert Role.REQUESTER not in LENDING.roles_of(None, somebody)
    assert RelationRole.INSTITUTION not in RELATION.roles_of(None, somebody)
    lending_desk.reach(SupplyState.SHIPPED)
    assert LENDING.roles_of(lending_desk.loan(), somebody) == ()
    assert RELATION.roles_of(lending_desk.relation(), somebody) == ()
    for speaks in (Office.STAFF, Office.SYSTEM):
        assert LENDING.roles_of(lending_desk.loan(), replace(somebody, office=speaks)) == (Role.REQUESTER,)
        assert RELATION.roles_of(lending_desk.relation(), replace(somebody, office=speaks)) == (
            RelationRole.INSTITUTION,
        )
