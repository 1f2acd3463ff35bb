"""What rows of the table of tickets have in common, whatever else each of them asks for."""

from __future__ import annotations

from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.custody import nothing_in_firms_hands
from servflow.core.aftersales.tickets.ending import no_complaint_open
from servflow.core.aftersales.tickets.ground import customers_word
from servflow.core.aftersales.tickets.states import Stage, TicketRole
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.aftersales.tickets.visiting import (
    at_no_other_job,
    give_back_visit,
    own_visit,
    technician_free,
    technician_qualified,
)
from servflow.core.aftersales.tickets.working import not_settled_twice, unrepairable
from servflow.core.changes import Command
from servflow.core.rows import Guard, Row

ANYBODYS = {
    c.AnnounceInbound,
    c.AnswerCustomer,
    c.CancelTicket,
    c.ClearTicketAttention,
    c.CollectPayment,
    c.ConfirmDelivery,
    c.EscalateTicket,
    c.Fulfil,
    c.PassTicketOn,
    c.RecordDuty,
    c.ReportFault,
    c.ShowFacts,
}
"""What an engineer does who was not sent there."""
SETTLING = {c.ReplaceUnit, c.RefundCustomer, c.ReturnUnrepaired}
ENDS = {Stage.CLOSED, Stage.CANCELLED, Stage.REJECTED}
DOING = [row for row in TICKET.rows if row.does is not None]


def without(guard: Guard, rows: list[Row]) -> set[type[Command]]:
    """The commands of those rows that do not ask for it."""
    return {row.command for row in rows if guard not in row.needs}


def test_what_an_engineer_may_do_is_done_on_his_own_visit() -> None:
    """In every row but a few, and where he begins in the shop what nobody was sent for."""
    his = [row for row in DOING if TicketRole.ENGINEER in row.roles()]
    begun = [row for row in his if row.command is c.BeginInShop]

    assert without(own_visit, [row for row in his if row not in begun]) == ANYBODYS
    assert [row.states for row in begun if own_visit in row.needs] == [Stage.IN_SHOP]


def test_whoever_gets_a_job_is_free_for_it_and_qualified() -> None:
    """Whether he is sent, or begins in the shop, or another goes instead; not where nobody goes any more."""
    given = [row for row in DOING if row.command in {c.Dispatch, c.BeginInShop, c.MoveAppointment}]
    given = [row for row in given if row.does is not give_back_visit]

    assert {row.command for row in given} == {c.Dispatch, c.BeginInShop, c.MoveAppointment}
    assert without(technician_free, given) == without(technician_qualified, given) == set()
    assert without(at_no_other_job, given) == {c.Dispatch, c.MoveAppointment}


def test_what_a_customer_may_say_needs_his_word() -> None:
    """In every row: staff who enter it say by what it is known. A report, and what is shown, need none."""
    said = [row for row in DOING if TicketRole.CUSTOMER in row.roles()]

    assert without(customers_word, said) == {c.ReportFault, c.ShowFacts}


def test_a_ticket_does_not_end_while_something_is_open() -> None:
    """Whichever way it ends, the firm holds nothing of the customer's, and no complaint is open."""
    ending = [row for row in DOING if row.to in ENDS]

    assert {row.to for row in ending} == ENDS
    assert without(nothing_in_firms_hands, ending) == set()
    assert without(no_complaint_open, ending) == set()


def test_what_cannot_be_repaired_is_settled_once() -> None:
    """Replaced, refunded or given back as it came: each asks whether it was lost, and settled before."""
    settling = [row for row in DOING if row.command in SETTLING]

    assert {row.command for row in settling} == SETTLING
    assert without(unrepairable, settling) == without(not_settled_twice, settling) == set()
