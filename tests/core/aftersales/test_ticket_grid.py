"""The service ticket, cell by cell: written by hand, not taken from the rows.

Roles: C customer, D desk, O coordinator, E engineer, T stores, Q quality, F finance, S supervisor, Y the
firm's programs, K the clock. Where a stage is too early for a step that people try all the same, a row is
there that always refuses and says why: its cell leads back to its own stage.
"""

from __future__ import annotations

import pytest
from table_grid import differences, grid_of, read_grid

from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.states import Stage, TicketRole
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.changes import Command
from servflow.core.lifecycle import OPENING, SAME

STATES = {
    "REP": Stage.REPORTED,
    "TRI": Stage.TRIAGED,
    "COV": Stage.COVERED,
    "QUO": Stage.QUOTED,
    "APP": Stage.APPROVED,
    "DIS": Stage.DISPATCHED,
    "SITE": Stage.ON_SITE,
    "SHOP": Stage.IN_SHOP,
    "DONE": Stage.REPAIRED,
    "ACC": Stage.ACCEPTED,
    "FOL": Stage.FOLLOWED_UP,
    "CLO": Stage.CLOSED,
    "DEC": Stage.DECLINED,
    "REJ": Stage.REJECTED,
    "CAN": Stage.CANCELLED,
}
ROLES = {
    "C": TicketRole.CUSTOMER,
    "D": TicketRole.DESK,
    "O": TicketRole.COORDINATOR,
    "E": TicketRole.ENGINEER,
    "T": TicketRole.STORES,
    "Q": TicketRole.QUALITY,
    "F": TicketRole.FINANCE,
    "S": TicketRole.SUPERVISOR,
    "Y": TicketRole.SYSTEM,
    "K": TicketRole.CLOCK,
}

GRID = """
                     -         REP        TRI         COV          QUO             APP         DIS                 SITE                SHOP                DONE            ACC         FOL        CLO        DEC        REJ       CAN
ReportFault          CDOES>REP .          .           .            .               .           .                   .                   .                   .               .           .          .          .          .         .
Triage               .         DOS>TRI    .           .            .               .           .                   .                   .                   .               .           .          .          .          .         .
ChangeSeverity       .         .          DOS>=       DOS>=        DOS>=           DOS>=       DOS>=               DOS>=               DOS>=               .               .           .          .          .          .         .
CorrectReport        .         DOES>=     DOES>=      DOES>=       DOES>=          DOES>=      DOES>=              DOES>=              DOES>=              .               .           .          .          .          .         .
RejectTicket         .         DOQS>REJ   DOQS>REJ    DOQS>REJ     .               .           .                   .                   .                   .               .           .          .          .          .         .
DecideCoverage       .         .          QS>COV      .            .               .           QS>=                QS>=                QS>=                .               .           .          .          .          .         .
ReviseCoverage       .         .          .           S>=          S>=             S>=         S>=                 S>=                 S>=                 S>=             .           .          .          .          .         .
GiveQuote            .         DOS>=      DOS>=       OS>QUO,D>=   OS>QUO,D>=      .           .                   OESD>=              OESD>=              .               .           .          .          .          .         .
AcceptQuote          .         .          .           .            CDOETS>SHOP/APP .           .                   CDOETS>=            CDOETS>=            .               .           .          .          .          .         .
DeclineQuote         .         .          .           .            CDOETS>DEC      .           .                   CDOETS>DEC          CDOETS>DEC          .               .           .          .          .          .         .
LapseQuote           .         .          .           .            KOS>DEC         .           .                   KOS>DEC             KOS>DEC             .               .           .          .          .          .         .
ApproveFree          .         .          .           OQS>SHOP/APP .               .           .                   .                   .                   .               .           .          .          .          .         .
AdviseRemotely       .         .          DOES>DONE/= DOES>DONE/=  .               DOES>DONE/= DOES>DONE/=         .                   .                   .               .           .          .          .          .         .
Dispatch             .         OS>=       OS>DIS/=    OS>DIS/=     OS>=            OS>DIS      .                   .                   .                   .               .           .          .          .          .         .
MoveAppointment      .         .          .           .            .               .           OES>TRI/COV/APP/=   .                   .                   .               .           .          .          .          .         .
Depart               .         .          .           .            .               .           OES>=               .                   .                   .               .           .          .          .          .         .
Arrive               .         .          .           .            .               .           OES>SITE            .                   .                   .               .           .          .          .          .         .
SwitchRoute          .         .          .           .            .               .           OES>TRI/QUO/COV/APP OES>TRI/QUO/COV/APP OES>TRI/QUO/COV/APP .               .           .          .          .          .         .
BeginInShop          .         OES>=      OES>SHOP/=  OES>SHOP/=   OES>=           OES>SHOP    .                   .                   OES>=               .               .           .          .          .          .         .
AnnounceInbound      .         CDOETS>=   CDOETS>=    CDOETS>=     CDOETS>=        CDOETS>=    .                   .                   .                   .               .           .          .          .          .         .
TakeIn               .         DETS>=     DETS>=      DETS>=       DETS>=          DETS>=      DETS>=              DETS>SHOP           DETS>SHOP           DETS>=          .           .          .          DETS>=     .         .
SendToVendor         .         OTS>=      OTS>=       OTS>=        OTS>=           OTS>=       OTS>=               OTS>=               OTS>=               OTS>=           .           .          .          .          .         .
TakeBackFromVendor   .         OTS>=      OTS>=       OTS>=        OTS>=           OTS>=       OTS>=               OTS>=               OTS>=               OTS>=           OTS>=       OTS>=      .          OTS>=      .         .
ReturnUnit           .         DETS>=     DETS>=      DETS>=       DETS>=          DETS>=      DETS>=              DETS>=              DETS>=              DETS>=          .           .          .          DETS>=     .         .
ConfirmDelivery      .         CDOETS>=   CDOETS>=    CDOETS>=     CDOETS>=        CDOETS>=    CDOETS>=            CDOETS>=            CDOETS>=            CDOETS>=        CDOETS>=    CDOETS>=   .          CDOETS>=   .         .
Dispose              .         .          .           .            .               .           .                   .                   .                   TS>=            .           .          .          TS>=       .         .
AddWork              .         .          .           .            .               OES>=       OES>=               OES>=               OES>=               OES>=           .           .          .          .          .         .
Finish               .         .          .           .            .               .           .                   OES>DONE            OES>DONE            .               .           .          .          .          .         .
FindUnrepairable     .         .          .           .            .               .           .                   OES>TRI/COV         OES>TRI/COV         .               .           .          .          .          .         .
ReplaceUnit          .         .          .           S>DONE       .               .           .                   .                   .                   .               .           .          .          .          .         .
RefundCustomer       .         .          .           FS>DONE      .               .           .                   .                   .                   .               .           .          .          .          .         .
ReturnUnrepaired     .         .          .           OQS>DONE     .               .           .                   .                   .                   .               .           .          .          .          .         .
BillService          .         .          .           .            .               .           .                   .                   .                   OEFSY>=         OEFSY>=     OEFSY>=    .          OEFSY>=    .         .
CollectPayment       .         DEFS>=     DEFS>=      DEFS>=       DEFS>=          DEFS>=      DEFS>=              DEFS>=              DEFS>=              DEFS>=          DEFS>=      DEFS>=     DEFS>=     DEFS>=     DEFS>=    DEFS>=
ReturnPayment        .         FS>=       FS>=        FS>=         FS>=            FS>=        FS>=                FS>=                FS>=                FS>=            FS>=        FS>=       FS>=       FS>=       FS>=      FS>=
AcceptWork           .         CDOETS>=   CDOETS>=    CDOETS>=     CDOETS>=        CDOETS>=    CDOETS>=            CDOETS>=            CDOETS>=            CDOETS>ACC      .           .          .          CDOETS>=   .         .
DeemAccepted         .         .          .           .            .               .           .                   .                   .                   KS>ACC          .           .          .          .          .         .
RejectWork           .         .          .           .            .               .           .                   .                   .                   CDOETS>SHOP/APP .           .          .          .          .         .
RecordSurvey         .         .          .           .            .               .           .                   .                   .                   .               CDQS>FOL    CDQS>=     .          .          .         .
LogCall              .         DOEQS>=    DOEQS>=     DOEQS>=      DOEQS>=         DOEQS>=     DOEQS>=             DOEQS>=             DOEQS>=             DOEQS>=         DOEQS>FOL/= DOEQS>=    .          DOEQS>=    .         .
CloseTicket          .         DOQS>=     DOQS>=      DOQS>=       DOQS>=          DOQS>=      DOQS>=              DOQS>=              DOQS>=              DOQS>=          DOQS>CLO    DOQS>CLO   .          DOQS>CLO   .         .
ReopenTicket         .         .          .           .            .               .           .                   .                   .                   .               CDS>TRI     CDS>TRI    CDS>TRI    .          .         .
CancelTicket         .         CDOETS>CAN CDOETS>CAN  CDOETS>CAN   CDOETS>CAN      CDOETS>CAN  .                   .                   .                   .               .           .          .          .          .         .
MergeTicket          .         DOS>CLO    DOS>CLO     DOS>CLO      DOS>CLO         DOS>CLO     DOS>CLO             DOS>CLO             DOS>CLO             .               .           .          .          .          .         .
AnswerCustomer       .         DOETQFS>=  DOETQFS>=   DOETQFS>=    DOETQFS>=       DOETQFS>=   DOETQFS>=           DOETQFS>=           DOETQFS>=           DOETQFS>=       DOETQFS>=   DOETQFS>=  .          DOETQFS>=  .         .
NoteMessage          .         CDOETS>=   CDOETS>=    CDOETS>=     CDOETS>=        CDOETS>=    CDOETS>=            CDOETS>=            CDOETS>=            CDOETS>=        CDOETS>=    CDOETS>=   .          CDOETS>=   .         .
PutOnHold            .         OES>=      OES>=       OES>=        OES>=           OES>=       OES>=               OES>=               OES>=               OES>=           OES>=       OES>=      .          OES>=      .         .
ResumeWork           .         OESK>=     OESK>=      OESK>=       OESK>=          OESK>=      OESK>=              OESK>=              OESK>=              OESK>=          OESK>=      OESK>=     .          OESK>=     .         .
RemindHold           .         K>=        K>=         K>=          K>=             K>=         K>=                 K>=                 K>=                 K>=             K>=         K>=        .          K>=        .         .
Fulfil               .         OETQS>=    OETQS>=     OETQS>=      OETQS>=         OETQS>=     OETQS>=             OETQS>=             OETQS>=             OETQS>=         OETQS>=     OETQS>=    .          OETQS>=    .         .
ExtendTarget         .         OQS>=      OQS>=       OQS>=        OQS>=           OQS>=       OQS>=               OQS>=               OQS>=               OQS>=           OQS>=       OQS>=      .          OQS>=      .         .
ExcuseDelay          .         OQS>=      OQS>=       OQS>=        OQS>=           OQS>=       OQS>=               OQS>=               OQS>=               OQS>=           OQS>=       OQS>=      OQS>=      OQS>=      .         .
ReanchorTarget       .         S>=        S>=         S>=          S>=             S>=         S>=                 S>=                 S>=                 S>=             S>=         S>=        .          S>=        .         .
RepriceTicket        .         S>=        S>=         S>=          S>=             S>=         S>=                 S>=                 S>=                 .               .           .          .          .          .         .
FireRung             .         K>=        K>=         K>=          K>=             K>=         K>=                 K>=                 K>=                 K>=             K>=         K>=        .          K>=        .         .
MarkBreach           .         K>=        K>=         K>=          K>=             K>=         K>=                 K>=                 K>=                 K>=             K>=         K>=        .          K>=        .         .
EscalateTicket       .         DOEQS>=    DOEQS>=     DOEQS>=      DOEQS>=         DOEQS>=     DOEQS>=             DOEQS>=             DOEQS>=             DOEQS>=         DOEQS>=     DOEQS>=    .          DOEQS>=    .         .
Deescalate           .         OS>=       OS>=        OS>=         OS>=            OS>=        OS>=                OS>=                OS>=                OS>=            OS>=        OS>=       .          OS>=       .         .
PassTicketOn         .         DOETQFS>=  DOETQFS>=   DOETQFS>=    DOETQFS>=       DOETQFS>=   DOETQFS>=           DOETQFS>=           DOETQFS>=           DOETQFS>=       DOETQFS>=   DOETQFS>=  .          DOETQFS>=  .         .
RemindDuty           .         K>=        K>=         K>=          K>=             K>=         K>=                 K>=                 K>=                 K>=             K>=         K>=        K>=        K>=        .         .
RecordDuty           .         DOETQFS>=  DOETQFS>=   DOETQFS>=    DOETQFS>=       DOETQFS>=   DOETQFS>=           DOETQFS>=           DOETQFS>=           DOETQFS>=       DOETQFS>=   DOETQFS>=  DOETQFS>=  DOETQFS>=  .         .
ShowFacts            .         CDOETQFS>= CDOETQFS>=  CDOETQFS>=   CDOETQFS>=      CDOETQFS>=  CDOETQFS>=          CDOETQFS>=          CDOETQFS>=          CDOETQFS>=      CDOETQFS>=  CDOETQFS>= CDOETQFS>= CDOETQFS>= .         .
VoidPaper            .         DOETQFS>=  DOETQFS>=   DOETQFS>=    DOETQFS>=       DOETQFS>=   DOETQFS>=           DOETQFS>=           DOETQFS>=           DOETQFS>=       DOETQFS>=   DOETQFS>=  DOETQFS>=  DOETQFS>=  DOETQFS>= DOETQFS>=
FilePaper            .         DOETQFS>=  DOETQFS>=   DOETQFS>=    DOETQFS>=       DOETQFS>=   DOETQFS>=           DOETQFS>=           DOETQFS>=           DOETQFS>=       DOETQFS>=   DOETQFS>=  DOETQFS>=  DOETQFS>=  DOETQFS>= DOETQFS>=
NoteComplaint        .         Y>=        Y>=         Y>=          Y>=             Y>=         Y>=                 Y>=                 Y>=                 Y>=             Y>=         Y>=        Y>=        Y>=        Y>=       Y>=
ClearTicketAttention .         DOETQFS>=  DOETQFS>=   DOETQFS>=    DOETQFS>=       DOETQFS>=   DOETQFS>=           DOETQFS>=           DOETQFS>=           DOETQFS>=       DOETQFS>=   DOETQFS>=  DOETQFS>=  DOETQFS>=  DOETQFS>= DOETQFS>=
"""
LAST = (Stage.CLOSED, Stage.REJECTED, Stage.CANCELLED)


def test_every_cell_is_as_expected() -> None:
    """Every stage, the opening, every command, every role: where it leads, blank cells included."""
    assert differences(read_grid(GRID, states=STATES, roles=ROLES), grid_of(TICKET)) == []


def test_the_grid_has_every_stage_and_role() -> None:
    """None is forgotten when one is added."""
    assert set(STATES.values()) == set(Stage)
    assert set(ROLES.values()) == set(TicketRole)


def test_a_changed_cell_is_found() -> None:
    """The grid can fail: one role more in one cell, and it says where."""
    spoilt = GRID.replace(" OES>SITE ", " OESD>SITE ", 1)

    assert differences(read_grid(spoilt, states=STATES, roles=ROLES), grid_of(TICKET)) == [
        "DISPATCHED Arrive DESK: expected ON_SITE, found blank"
    ]


def test_what_a_customer_may_say() -> None:
    """His own word, what he shows, and nothing about how the firm works."""
    may = {each.__name__ for state in Stage for each in TICKET.commands if _may(state, each)}

    assert may == {
        "AcceptQuote",
        "AcceptWork",
        "AnnounceInbound",
        "CancelTicket",
        "ConfirmDelivery",
        "DeclineQuote",
        "NoteMessage",
        "RecordSurvey",
        "RejectWork",
        "ReopenTicket",
        "ShowFacts",
    }
    assert TicketRole.CUSTOMER in TICKET.cell(OPENING, c.ReportFault)


def _may(state: Stage, command: type[Command]) -> bool:
    return TicketRole.CUSTOMER in TICKET.cell(state, command)


def test_whatever_the_customer_may_say_staff_may_enter() -> None:
    """He may have said it by telephone: no cell is the customer's alone."""
    grid = grid_of(TICKET)
    alone = [
        (state, command)
        for (state, command, role), found in grid.items()
        if role is TicketRole.CUSTOMER and found and grid[state, command, TicketRole.SUPERVISOR] != found
    ]

    assert alone == []


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in LAST])
def test_no_stage_waits_for_the_customer_for_ever(stage: Stage) -> None:
    """The firm's own people and the clock can bring every ticket to an end, whatever he does not say."""
    own = set(TicketRole) - {TicketRole.CUSTOMER}
    customers = {each.__name__ for state in Stage for each in TICKET.commands if _may(state, each)}
    reached, fresh = {stage}, {stage}
    while fresh:
        fresh = {
            target
            for (source, command, role), targets in grid_of(TICKET).items()
            for target in targets
            if source in fresh and role in own and command not in customers and isinstance(target, Stage)
        } - reached
        reached |= fresh

    assert reached & set(LAST)


def test_what_was_rejected_or_cancelled_stays_so_and_what_is_closed_is_only_opened_again() -> None:
    """Nothing else leads out of the end, and nothing back before the beginning."""
    out = {
        (state, command, target)
        for (state, command, _), found in grid_of(TICKET).items()
        for target in found
        if state in LAST and target is not SAME
    }

    assert out == {(Stage.CLOSED, "ReopenTicket", Stage.TRIAGED)}
    assert not any(OPENING in found for found in grid_of(TICKET).values())
