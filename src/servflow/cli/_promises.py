"""The promises to a customer on the command line: which are open, when each is due, what is late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
import click

from servflow.cli._host import SERVICE, Host, host_options, instant, now, pass_host
from servflow.cli._service_case import clause_plain
from servflow.cli._service_clock import length_text, plain_instant
from servflow.cli._service_desk import check_party
from servflow.cli._sheet import in_full, moment, said, sheet, within
from servflow.cli._show import as_json, progress
from servflow.cli._stored import every
from servflow.core.aftersales.commitments import clocks
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.corrective.model import ActionState, CorrectiveAction
from servflow.core.aftersales.tickets.model import Commitment, Ticket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.clocks import Clock, ClockState

__all__ = ["OVER", "due", "is_late", "open_promises", "plain_promises", "show_promises", "when_due"]

OVER: Final = frozenset({Stage.CLOSED, Stage.REJECTED, Stage.CANCELLED})
_ZERO: Final = timedelta()


def is_late(host: Host, it: Any, at: datetime) -> bool:
    """Whether a ticket, a complaint or a corrective action is late."""
    if isinstance(it, CorrectiveAction):
        return it.state is ActionState.PLANNED and it.due is not None and it.due < host.service.day(at)
    return any(clock.state is ClockState.BREACHED for _, _, clock in open_promises(host, it, at))


def open_promises(
    host: Host, it: Ticket | Complaint, at: datetime
) -> Iterator[tuple[str, Commitment, Clock]]:
    """The promises that have still to be kept, the first one due first; one without a date last."""
    if (isinstance(it, Ticket) and it.state in OVER) or (isinstance(it, Complaint) and not it.is_open):
        return
    says = clocks(it.commitments, host.service.calendar, at)
    still = [(what, each, says[what]) for what, each in it.commitments.items() if says[what].state.is_open]
    yield from sorted(still, key=lambda each: _urgency(each[2], each[1]))


def _urgency(clock: Clock, each: Commitment) -> tuple[bool, float]:
    due = _expected(clock, each)
    return due is None, 0 if due is None else due.timestamp()


def _expected(clock: Clock, each: Commitment) -> datetime | None:
    """When it is due; while its clock stands still, when it would be if it went on now."""
    if clock.state is ClockState.PAUSED:
        return clock.due_if_resumed(clock.now)
    return clock.due_at or each.due


def when_due(host: Host, clock: Clock, each: Commitment) -> str:
    """When a promise is due, for a table; while its clock stands still, when it would be."""
    at = moment(host, _expected(clock, each))
    return said(host, "if resumed", at=at) if clock.state is ClockState.PAUSED else at


def show_promises(host: Host, it: Ticket | Complaint, at: datetime) -> None:
    """All that was promised of it, as a table; none, where nothing was."""
    says = clocks(it.commitments, host.service.calendar, at)
    rows = [
        (
            host.texts.name("promise", each.kind.value) + what.removeprefix(each.kind.value),
            within(host, each.within),
            host.texts.name("event", each.since.value),
            when_due(host, says[what], each),
            host.texts.name("clock-state", says[what].state.value),
            each.clause.id,
        )
        for what, each in it.commitments.items()
    ]
    if rows:
        sheet(host, said(host, "promises"), ("promise", "within", "from", "due", "state", "clause"), rows)


def plain_promises(host: Host, it: Ticket | Complaint, at: datetime) -> list[dict[str, Any]]:
    """All that was promised of it, for machines."""
    says = clocks(it.commitments, host.service.calendar, at)
    return [
        {
            "promise": what,
            "kind": each.kind.value,
            "within": str(each.within),
            "since": each.since.value,
            **_plain_when(host, says[what], each),
            "state": says[what].state.value,
            "late": says[what].late,
            "clause": clause_plain(each.clause),
        }
        for what, each in it.commitments.items()
    ]


def _plain_when(host: Host, clock: Clock, each: Commitment) -> dict[str, Any]:
    """When it is due for machines: null while it stands still, and then when it would be."""
    at = plain_instant(_expected(clock, each), host.service.zone)
    still = clock.state is ClockState.PAUSED
    return {"due": None if still else at, **({"due_if_resumed": at} if still else {})}


@attrs.frozen(kw_only=True)
class _Due:
    """One promise that has still to be kept."""

    it: Ticket | Complaint
    what: str
    promise: Commitment
    clock: Clock

    @property
    def urgency(self) -> tuple[bool, bool, float, int]:
        """What is late first, then by the due date, then the gravest."""
        severity = self.it.severity if isinstance(self.it, Ticket) else self.it.rank
        return (
            self.clock.state is not ClockState.BREACHED,
            *_urgency(self.clock, self.promise),
            5 if severity is None else severity,
        )


@click.command()
@click.option("--of", "of", metavar="PARTY", help="Only what this engineer or handler sees to.")
@click.option("--at", type=instant, help="As it stands at this instant (now).")
@host_options
@pass_host
def due(host: Host, of: str | None, at: datetime | None) -> None:
    """What was promised and is not done, the most urgent first."""
    storage = host.storage_of(SERVICE)
    when = at or now()
    cases: list[Ticket | Complaint] = [
        *progress(every(storage, Ticket), "Tickets"),
        *every(storage, Complaint),
    ]
    if of is not None:
        check_party(host, of, map(_sees_to, cases))
    still = [
        _Due(it=it, what=what, promise=each, clock=clock)
        for it in cases
        if of is None or _sees_to(it) == of
        for what, each, clock in open_promises(host, it, when)
        if clock.state is not ClockState.WAITING
    ]
    still.sort(key=lambda each: each.urgency)
    if host.json:
        as_json([_plain_due(host, each) for each in still])
        return
    sheet(
        host,
        said(host, "due", at=in_full(host, when)),
        ("due", "left", "case", "promise", "state", "severity", "escalated", "seen to by", "about"),
        [_due_row(host, each) for each in still],
    )


def _sees_to(it: Ticket | Complaint) -> str:
    if isinstance(it, Complaint):
        return it.handler
    return "" if it.visit is None else it.visit.engineer


def _due_row(host: Host, each: _Due) -> tuple[str, ...]:
    it, clock, texts = each.it, each.clock, host.texts
    left = clock.remaining
    grave = it.severity if isinstance(it, Ticket) else it.rank
    return (
        when_due(host, clock, each.promise),
        "" if left is None else ("-" if left < _ZERO else "") + length_text(texts, abs(left)),
        it.id,
        texts.name("promise", each.promise.kind.value),
        texts.name("clock-state", clock.state.value),
        "" if grave is None else str(grave),
        str(it.escalation or ""),
        _sees_to(it),
        it.symptom if isinstance(it, Ticket) else it.what,
    )


def _plain_due(host: Host, each: _Due) -> dict[str, Any]:
    left = each.clock.remaining
    return {
        "kind": each.it.kind,
        "id": each.it.id,
        "promise": each.what,
        **_plain_when(host, each.clock, each.promise),
        "left": None if left is None else left.total_seconds(),
        "state": each.clock.state.value,
        "escalation": each.it.escalation,
        "seen_to_by": _sees_to(each.it) or None,
        "clause": clause_plain(each.promise.clause),
    }
