"""What is at a service desk, listed kind by kind; and what its staff have to see to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import click

from servflow.cli._attention import Seen, seen_as_json, untold_rows
from servflow.cli._host import SERVICE, Host, host_options, pass_host
from servflow.cli._lists import Listing, list_command
from servflow.cli._promises import OVER, is_late, open_promises, when_due
from servflow.cli._sheet import in_words, said, sheet
from servflow.cli._show import progress
from servflow.cli._stored import every
from servflow.core.aftersales.complaints.model import Complaint, ComplaintState, by_rank
from servflow.core.aftersales.corrective.model import CorrectiveAction
from servflow.core.aftersales.findings.model import Finding
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.units.model import Unit
from servflow.core.ports import Status

__all__ = ["attention", "list_"]


def _ticket_row(host: Host, it: Any, at: datetime) -> tuple[str, ...]:
    texts = host.texts
    outcome = f" ({texts.name('outcome.service', it.outcome.value)})" if it.outcome else ""
    first = next(open_promises(host, it, at), None)
    return (
        it.id,
        it.customer,
        it.unit or it.order_line or "",
        it.symptom,
        texts.state(it.kind, it.state) + outcome,
        it.visit.engineer if it.visit is not None and it.state not in OVER else "",
        "" if first is None else when_due(host, first[2], first[1]),
        "!" if is_late(host, it, at) else "",
        str(len(it.attention) or ""),
    )


def _complaint_row(host: Host, it: Any, at: datetime) -> tuple[str, ...]:
    first = next(open_promises(host, it, at), None)
    return (
        it.id,
        "" if it.number is None else str(it.number),
        host.texts.name("grade", it.grade),
        it.customer,
        it.ticket or "",
        it.what,
        host.texts.state(it.kind, it.state),
        it.handler,
        "" if first is None else when_due(host, first[2], first[1]),
        "!" if is_late(host, it, at) else "",
    )


def _unit_row(host: Host, it: Any, _: datetime) -> tuple[str, ...]:
    return it.id, it.product, it.customer, host.texts.state(it.kind, it.state), str(len(it.tickets) or "")


def _technician_row(host: Host, it: Any, _: datetime) -> tuple[str, ...]:
    orders = "" if it.orders is None else f"{it.orders.next} ({it.orders.first}-{it.orders.last})"
    return (
        it.id,
        host.texts.state(it.kind, it.state),
        ", ".join(it.qualified),
        ", ".join(it.agenda),
        orders,
        str(len(it.attention) or ""),
    )


def _action_row(host: Host, it: Any, at: datetime) -> tuple[str, ...]:
    return (
        it.id,
        it.fault,
        f"{host.texts.name('source', it.source.value)} {it.reference}",
        host.texts.state(it.kind, it.state),
        it.whom or it.department,
        "" if it.due is None else host.texts.day(it.due),
        "!" if is_late(host, it, at) else "",
    )


def _finding_row(host: Host, it: Any, _: datetime) -> tuple[str, ...]:
    penalty = it.penalty
    cost = "" if penalty is None else penalty.sanction
    if penalty is not None and penalty.charge is not None:
        cost = f"{cost} {host.texts.money(penalty.charge.money)}".strip()
    found_on = host.texts.day(it.found_on)
    return it.id, found_on, it.concerns, "; ".join(it.faults), host.texts.state(it.kind, it.state), cost


list_: Final = list_command(
    SERVICE,
    {
        "ticket": Listing(
            model=Ticket,
            title="tickets",
            columns=(
                "ticket",
                "customer",
                "unit",
                "symptom",
                "stage",
                "engineer",
                "next due",
                "late",
                "to see",
            ),
            row=_ticket_row,
            late=is_late,
        ),
        "complaint": Listing(
            model=Complaint,
            title="complaints",
            columns=(
                "complaint",
                "no.",
                "grade",
                "customer",
                "ticket",
                "what",
                "state",
                "handler",
                "next due",
                "late",
            ),
            row=_complaint_row,
            late=is_late,
        ),
        "unit": Listing(
            model=Unit,
            title="units",
            columns=("unit", "product", "customer", "state", "tickets"),
            row=_unit_row,
        ),
        "technician": Listing(
            model=Technician,
            title="technicians",
            columns=("technician", "state", "qualified", "booked for", "next order", "to see"),
            row=_technician_row,
        ),
        "action": Listing(
            model=CorrectiveAction,
            title="actions",
            columns=("action", "fault", "from", "state", "by", "due", "late"),
            row=_action_row,
            late=is_late,
        ),
        "finding": Listing(
            model=Finding,
            title="findings",
            columns=("finding", "found", "concerns", "faults", "state", "penalty"),
            row=_finding_row,
        ),
    },
    help="The tickets, or what else there is.",
    late_means="a promise, a corrective action",
)


@click.command()
@host_options
@pass_host
def attention(host: Host) -> None:
    """Everything that staff have to see to.

    What was called to their attention is taken off the list with ClearTicketAttention or
    ClearTechnicianAttention, by its code. After it complaints that wait, the gravest first, and what
    could not be told to somebody and will not be sent again.
    """
    storage = host.storage_of(SERVICE)
    seen = [Seen(it, it.symptom) for it in progress(every(storage, Ticket), "Tickets") if it.attention]
    seen += [Seen(it, "") for it in every(storage, Technician) if it.attention]
    waiting = by_rank(every(storage, Complaint))
    failed = list(storage.outbox(status=Status.FAILED))
    if host.json:
        seen_as_json(host, [*seen, *(Seen(it, it.what, (_WAITS[it.state],)) for it in waiting)], failed)
        return
    rows = [row for each in seen for row in each.rows(host)]
    sheet(host, said(host, "to be seen to"), ("id", "about", "state", "what", "code"), rows)
    if waiting:
        texts = host.texts
        waits = [
            (
                it.id,
                texts.name("grade", it.grade),
                it.what,
                texts.state(it.kind, it.state),
                said(host, _WAITS[it.state]),
            )
            for it in waiting
        ]
        sheet(host, said(host, "complaints that wait"), ("id", "grade", "about", "state", "for"), waits)
    untold_rows(failed, in_words(host).table)


_WAITS: Final = {
    ComplaintState.FILED: "to be graded",
    ComplaintState.GRADED: "to be looked into",
    ComplaintState.INVESTIGATED: "an answer",
    ComplaintState.ANSWERED: "to be settled",
}
