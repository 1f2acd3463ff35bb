"""The complaint ledger (投诉台账), and its summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, tzinfo

from servflow.core.aftersales.complaints.model import Attribution, Complaint, ComplaintState
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.dates import Term, day_of

__all__ = ["ComplaintLedger", "LedgerLine", "LedgerTotal", "ledger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One complaint in the ledger."""

    number: int | None
    complaint: str
    on: date
    channel: Channel
    customer: str
    ticket: str | None
    about: str
    what: str
    category: str
    code: str
    grade: str
    rank: int | None
    handler: str
    found: str
    attribution: Attribution | None
    answer: str
    result: str
    state: ComplaintState
    settled_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTotal:
    """How many complaints there are of one ``value`` of a column ``by``, and how many of them are open."""

    by: str
    value: str
    complaints: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintLedger:
    """The ledger of a period: its lines, and their summary by category, code, grade, fault and state."""

    period: Term
    lines: tuple[LedgerLine, ...]
    totals: tuple[LedgerTotal, ...]


def ledger(complaints: Iterable[Complaint], term: Term, zone: tzinfo) -> ComplaintLedger:
    """The complaints that were filed in ``term``, by their numbers (AS-COMP-3); those without come last.

    In the summary each value that occurs has a line, in the order of its text; the empty one is what was not
    said.
    """
    kept = [it for it in complaints if day_of(it.filed_at, zone) in term]
    kept.sort(key=lambda it: (it.number is None, it.number or 0, it.filed_at, it.id))
    summed: Counter[tuple[str, str]] = Counter()
    still: Counter[tuple[str, str]] = Counter()
    for it in kept:
        fault = "" if it.attribution is None else it.attribution.value
        for by, value in (
            ("category", it.category),
            ("code", it.code),
            ("grade", it.grade),
            ("attribution", fault),
            ("state", it.state.value),
        ):
            summed[by, value] += 1
            still[by, value] += it.is_open
    columns = ("category", "code", "grade", "attribution", "state")
    return ComplaintLedger(
        period=term,
        lines=tuple(_line(it, zone) for it in kept),
        totals=tuple(
            LedgerTotal(by=by, value=value, complaints=summed[by, value], open=still[by, value])
            for by, value in sorted(summed, key=lambda each: (columns.index(each[0]), each[1]))
        ),
    )


def _line(it: Complaint, zone: tzinfo) -> LedgerLine:
    return LedgerLine(
        number=it.number,
        complaint=it.id,
        on=day_of(it.filed_at, zone),
        channel=it.channel,
        customer=it.customer,
        ticket=it.ticket,
        about=it.about,
        what=it.what,
        category=it.category,
        code=it.code,
        grade=it.grade,
        rank=it.rank,
        handler=it.handler,
        found=it.found,
        attribution=it.attribution,
        answer=it.answer,
        result=it.result,
        state=it.state,
        settled_on=it.settled_on,
    )
