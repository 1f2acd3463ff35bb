"""Where in the table of tickets the rulebook's checklists are asked."""

from __future__ import annotations

import pytest

from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.ground import complete
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.aftersales.tickets.table import TICKET

LISTED = (
    c.ReportFault,
    c.Triage,
    c.DecideCoverage,
    c.ReviseCoverage,
    c.GiveQuote,
    c.AcceptQuote,
    c.ApproveFree,
    c.AdviseRemotely,
    c.Dispatch,
    c.Arrive,
    c.Depart,
    c.PassTicketOn,
    c.BeginInShop,
    c.AnnounceInbound,
    c.TakeIn,
    c.SendToVendor,
    c.ReturnUnit,
    c.ReplaceUnit,
    c.Finish,
    c.BillService,
    c.CollectPayment,
    c.RefundCustomer,
    c.AcceptWork,
    c.RecordSurvey,
    c.RecordDuty,
    c.CloseTicket,
)


@pytest.mark.parametrize("command", LISTED, ids=lambda command: command.__name__)
def test_a_list_binds_its_step_in_every_stage_in_which_it_is_taken(command: type) -> None:
    """In each row that does something; but a ticket whose quote was declined is closed without."""
    rows = [row for row in TICKET.rows if row.command is command and row.does is not None]
    unasked = [row.states for row in rows if complete not in row.needs]

    assert rows
    assert unasked == ([Stage.DECLINED] if command is c.CloseTicket else [])
