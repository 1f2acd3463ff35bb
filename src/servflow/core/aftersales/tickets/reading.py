"""Which other aggregates a command to a ticket looks at: books of numbers, technicians, the unit, tickets.

Complaints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.books.model import book_key
from servflow.core.aftersales.complaints.model import complaint_key
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.technicians.model import technician_key
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.units.model import unit_key
from servflow.core.changes import Command, Key

__all__ = ["PAPERS", "call_back_complaint", "reads", "survey_complaint"]

PAPERS: Final[Mapping[type[Command], tuple[Series, ...]]] = MappingProxyType(
    {
        c.ReportFault: (Series.CALL_REGISTER, Series.VOUCHER),
        c.TakeIn: (Series.RECEIPT, Series.IN_OUT, Series.TAG, Series.RETURN_FORM),
        c.GiveQuote: (Series.QUOTE,),
        c.BillService: (Series.INVOICE,),
        c.CollectPayment: (Series.INVOICE,),
        c.PassTicketOn: (Series.TRANSFER_SLIP,),
    }
)
"""Which papers a command issues, where the rulebook keeps the series: their books are read with it."""

_OF_TECHNICIAN: Final = (
    c.AcceptWork,
    c.CancelTicket,
    c.DeclineQuote,
    c.LapseQuote,
    c.Dispatch,
    c.BeginInShop,
    c.Depart,
    c.Arrive,
    c.MoveAppointment,
    c.Finish,
    c.FindUnrepairable,
    c.MergeTicket,
    c.SwitchRoute,
    c.AdviseRemotely,
    c.DeemAccepted,
)
"""What books, frees or writes on something of a technician's."""

_OF_UNIT: Final = (
    c.ReportFault,
    c.Triage,
    c.ChangeSeverity,
    c.CorrectReport,
    c.RepriceTicket,
    c.DecideCoverage,
    c.ReviseCoverage,
    c.AcceptWork,
    c.DeemAccepted,
    c.ReplaceUnit,
)
"""What looks at the record of the unit and the service that is repeated, or adds to it."""


def survey_complaint(ticket: str, version: int) -> str:
    """The id of the complaint that a dissatisfied answer opens (AS-QA-11)."""
    return f"{ticket}/survey/{version}"


def call_back_complaint(of: str, version: int) -> str:
    """The id of the complaint that a customer's word about a duty opens, of a ticket or a unit (AS-QA-11)."""
    return f"{of}/call-back/{version}"


def reads(it: Ticket | None, command: Command) -> tuple[Key, ...]:
    """The keys of what the decision looks at; of a ticket that is not there, only what opens it does."""
    if it is None and not isinstance(command, c.ReportFault):
        return ()
    return tuple(dict.fromkeys(_reads(it, command)))


def _reads(it: Ticket | None, command: Command) -> Iterator[Key]:
    firm = command.firm if isinstance(command, c.ReportFault) else it.firm if it is not None else ""
    yield from (book_key(firm, series) for series in PAPERS.get(type(command), ()))
    if isinstance(command, c.VoidPaper):
        yield book_key(firm, command.series)
    if isinstance(command, _OF_UNIT):
        said = command.unit if isinstance(command, c.ReportFault | c.Triage | c.CorrectReport) else None
        known = None if it is None else it.unit
        both = (said, known) if isinstance(command, c.CorrectReport) else (said or known,)
        yield from (unit_key(unit) for unit in both if unit is not None)
    if isinstance(command, c.ReplaceUnit):
        yield unit_key(command.serial)
    if isinstance(command, c.ReportFault) and command.repeats is not None:
        yield Key(Ticket.kind, command.repeats)
    if isinstance(command, _OF_UNIT) and it is not None and it.repeats is not None:
        yield Key(Ticket.kind, it.repeats)
    if isinstance(command, c.MergeTicket):
        yield Key(Ticket.kind, command.into)
    if isinstance(command, _OF_TECHNICIAN):
        named = (getattr(command, "engineer", None), *getattr(command, "crew", ()))
        yield from (technician_key(who) for who in (*named, *_gone(it)) if who is not None)
    if isinstance(command, c.RecordSurvey) and it is not None:
        yield complaint_key(survey_complaint(it.id, it.version + 1))
        yield book_key(firm, Series.COMPLAINT)
    if isinstance(command, c.RecordDuty) and it is not None and command.done.dissatisfied:
        yield complaint_key(call_back_complaint(it.id, it.version + 1))
        yield book_key(firm, Series.COMPLAINT)


def _gone(it: Ticket | None) -> tuple[str, ...]:
    """Who was sent last: the engineer in charge, and those who went along."""
    return () if it is None or it.visit is None else (it.visit.engineer, *it.visit.crew)
