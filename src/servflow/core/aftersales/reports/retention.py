"""Which records have to be kept on a day, and which may be destroyed (保存期限)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, tzinfo
from enum import Enum

from servflow.core.aftersales.policy import Named, Retention, ServiceRules
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth, day_of

__all__ = ["Keeping", "Kept", "RecordMade", "records_of", "retained"]


class Keeping(Enum):
    """What may be done with a record."""

    KEEP = "keep"  # it has to be kept, or no rule says how long
    MAY_GO = "may-go"  # it may be destroyed
    MUST_GO = "must-go"  # it was kept as long as it may be


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMade:
    """A record of a kind that the rulebook names, and the day on which it was finished and filed."""

    record: str
    ref: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How a record stands on a day: through which day it has to be kept, and through which it may be.

    ``keep_through`` is ``None`` where no rule names it, and it is kept; ``may_be_kept_through`` where nothing
    ends it.
    """

    record: str
    ref: str
    on: date
    keeping: Keeping
    keep_through: date | None = None
    may_be_kept_through: date | None = None
    rules: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()


def records_of(
    tickets: Iterable[Ticket], zone: tzinfo, *, service: str, call_back: str
) -> Iterator[RecordMade]:
    """The records that tickets leave behind: of the service itself when it is closed, and of call-backs.

    A call-back is a survey that was answered, or a call about one, taken or not. ``service`` and
    ``call_back`` are the rulebook's names for the two. What is not closed is at work, and not among them.
    """
    for it in tickets:
        if it.closed_at is None or it.state is not Stage.CLOSED:
            continue
        yield RecordMade(record=service, ref=it.id, on=day_of(it.closed_at, zone))
        calls = [day_of(call.at, zone) for call in it.calls if call.about == "call-back"]
        calls += [each.on for each in (*it.earlier_surveys, it.survey) if each is not None]
        for number, on in enumerate(calls, start=1):
            yield RecordMade(record=call_back, ref=f"{it.id}/call-back/{number}", on=on)


def retained(records: Iterable[RecordMade], rules: ServiceRules, on: date) -> Iterator[Kept]:
    """How each record stands on the day ``on`` (AS-QA-14).

    The day on which it was filed does not count: what is kept for three years from 4 May 2026 is kept through
    4 May 2029. Of several rules that name it, the longest keeps it, and the shortest ends it, but never
    before it need no longer be kept.

    Raises:
        InvalidValue: a day lies beyond the calendar.
    """
    by_record: dict[str, list[Named[Retention]]] = {}
    for named in rules.of(Retention):
        for name in named.rule.records:
            by_record.setdefault(name, []).append(named)
    for each in records:
        yield _kept(each, by_record.get(each.record, []), on)


def _kept(each: RecordMade, named: list[Named[Retention]], on: date) -> Kept:
    least = [it.rule.at_least.after(each.on, EndOfMonth.CLAMP) for it in named]
    most = [it.rule.at_most.after(each.on, EndOfMonth.CLAMP) for it in named if it.rule.at_most is not None]
    through = max(least, default=None)
    ends = None if through is None or not most else max(min(most), through)
    if through is None or on <= through:
        keeping = Keeping.KEEP
    else:
        keeping = Keeping.MAY_GO if ends is None or on <= ends else Keeping.MUST_GO
    return Kept(
        record=each.record,
        ref=each.ref,
        on=each.on,
        keeping=keeping,
        keep_through=through,
        may_be_kept_through=ends,
        rules=tuple(it.name for it in named),
        clauses=tuple(it.clause for it in named),
    )
