"""The service desk on the command line: tickets and what goes with them, commands given, lists, papers.

The file is long because `show` says each facet of a ticket in a table of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, Final

import attrs
import click

from servflow.cli import _sheet as sheets
from servflow.cli._accounts import untold, untold_rows
from servflow.cli._fields import command_named, own_fields
from servflow.cli._host import Host, day, host_options, instant, now, pass_host
from servflow.cli._saying import Saying, given, own, stored, tell_allowed, timed, with_fields
from servflow.cli._service_case import answers, assigned, clause_plain
from servflow.cli._service_clock import length_text, plain_instant
from servflow.cli._service_desk import (
    KINDS,
    any_of,
    check_party,
    desk_storage,
    found,
    readers,
    service_desk,
    speaker,
    tickets,
)
from servflow.cli._sheet import moment, sheet, within
from servflow.cli._show import as_json, complain, progress, say
from servflow.cli._stored import Beside, Words, plain
from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.circumstances import ALWAYS
from servflow.core.aftersales.commitments import clocks
from servflow.core.aftersales.complaints.model import Complaint, ComplaintState, by_rank
from servflow.core.aftersales.corrective.model import ActionState, CorrectiveAction
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.policy import Checklist, ServiceRules
from servflow.core.aftersales.showing import ShowingCommand, needed
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets.billing import customers_share, outstanding
from servflow.core.aftersales.tickets.model import Commitment, Ticket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.changes import Aggregate, Key
from servflow.core.clocks import Clock, ClockState
from servflow.core.errors import InvalidValue, NotFound
from servflow.core.ledger import AccountKind
from servflow.core.lifecycle import OPENING
from servflow.core.ports import Status, Storage

__all__ = ["TICKET_COMMANDS"]

_OVER: Final = frozenset({Stage.CLOSED, Stage.REJECTED, Stage.CANCELLED})
_ZERO: Final = timedelta()
_MOST_NAMED: Final = 20  # customers in an error
_BOOKS: Final = {series.value: series for series in Series}


# --- commands -----------------------------------------------------------------------------------------

_who = click.option(
    "--as",
    "who",
    default="desk",
    show_default=True,
    metavar="POST|customer|PARTY",
    help="Who speaks: a post of the firm, the customer, or a party of the host's facts.",
)


@click.command(
    epilog="For instance: servflow aftersales do T-1 ReportFault customer=c-17 channel=hotline symptom=noise"
)
@click.argument("id")
@click.argument("command", metavar="COMMAND")
@with_fields
@_who
@click.option(
    "--show",
    "shown",
    multiple=True,
    metavar="NAME=REF[,REF]...",
    help="What goes on record with it: a fact, a paper, a signature, photographs; repeatable.",
)
@click.option(
    "--answer",
    "answered",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="What is known of a question of the rulebook; repeatable.",
)
@timed
@host_options
@pass_host
def do(
    host: Host,
    id: str,
    command: str,
    assignments: tuple[str, ...],
    *,
    who: str,
    shown: tuple[str, ...],
    answered: tuple[str, ...],
    saying: Saying,
    data: BinaryIO | None,
) -> None:
    """Give a command to a ticket, or to what goes with it.

    A complaint, a unit, a technician, a corrective action or a finding: the command says which. Instants
    without an offset, in fields, are local time of the firm's zone.
    """
    kind = command_named(command, AFTERSALES)
    lifecycle = AFTERSALES.of(kind)
    opens = bool(lifecycle.cell(OPENING, kind))
    desk = service_desk(host, new=opens)
    key = Key(lifecycle.name, id)
    it = stored(desk, key)
    said_of = dict(each.partition("=")[::2] for each in assignments)
    by = speaker(host, it, who, said_of)
    said = own(host, kind, assignments, data, readers(host, by.party, saying.at or saying.recorded_at))
    with_it = {name: _listed(refs) for name, refs in assigned(shown, "--show", "NAME=REF[,REF]").items()}
    said = _with(said, own_fields(kind), "shown", with_it)
    said = _with(said, own_fields(kind), "answers", answers(answered))
    if "firm" in own_fields(kind):
        said.setdefault("firm", host.service_file.firm.ref)
    if it is None and "customer" in said:
        _check_customer(host, said["customer"])
    given(host, desk, key, kind, said, by=by, saying=saying)


def _check_customer(host: Host, ref: object) -> None:
    """That the host knows the customer, where its facts name any: nothing can be told to anybody else."""
    known = sorted(host.service_file.customers)
    if known and ref not in known:
        more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        expected = f"a customer of the host's facts: {', '.join(known[:_MOST_NAMED])}{more}"
        raise InvalidValue("customer", ref, expected)


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _with(
    said: dict[str, Any], known: Mapping[str, Any], field: str, more: Mapping[str, Any]
) -> dict[str, Any]:
    """What is said, and more of a field that has values by name."""
    if not more:
        return said
    if field not in known:
        option = "--show" if field == "shown" else "--answer"
        raise click.UsageError(f"{option}: this command has no {field}")
    return {**said, field: {**said.get(field, {}), **more}}


@click.command()
@click.argument("id")
@_who
@click.option("--at", type=instant, help="Judged at this instant (now).")
@host_options
@pass_host
def allowed(host: Host, id: str, who: str, at: datetime | None) -> None:
    """What may be said to it now by whom, and why not the rest."""
    desk = service_desk(host)
    it = found(desk.storage, id)
    words = {
        "title": sheets.said(host, "as", id=it.id, who=host.texts.name("role", who)),
        "yes": host.texts.name("flag", "true"),
        "depends on its fields": sheets.said(host, "depends on its fields"),
    }
    by = speaker(host, it, who, {})
    tell_allowed(host, desk, it, by, at or now(), who, words, lambda *parts: sheet(host, *parts))


# --- what the rulebook wants on record ------------------------------------------------------------------

_SHOWING: Final = [
    each for lifecycle in AFTERSALES for each in lifecycle.commands if issubclass(each, ShowingCommand)
]
_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    step: tuple(each.__name__ for each in _SHOWING if each.step == step)
    for step in sorted({each.step for each in _SHOWING if each.step})
}
"""The commands by the word by which a rulebook's checklists name them."""


@click.command("needed")
@click.argument("step")
@click.option(
    "--answer",
    "answered",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="What is known of a question of the rulebook; repeatable.",
)
@click.option("--on", type=day, help="By the rules of this day (today).")
@host_options
@pass_host
def needed_(host: Host, step: str, answered: tuple[str, ...], on: date | None) -> None:
    """What the rulebook wants on record before a step.

    And what that hangs on: questions that nobody has answered yet.
    """
    rules = host.service.on(on or host.today(Ticket.kind))
    steps = sorted({*_STEPS, *(named.rule.step for named in rules.of(Checklist))})
    if step not in steps:
        raise click.BadParameter(f"found {step!r}, expected one of {', '.join(steps)}", param_hint="STEP")
    known = answers(answered)
    wanted = needed(rules, step, known)
    hanging = list(_hanging(rules, step, known))
    said_by = _STEPS.get(step, ())
    if host.json:
        as_json(
            {
                "step": step,
                "commands": list(said_by),
                "needed": [
                    {
                        "item": each.name,
                        "count": each.count,
                        "rule": each.rule,
                        "clause": clause_plain(each.clause),
                    }
                    for each in wanted
                ],
                "open": [
                    {"rule": rule, "hangs_on": hangs, "items": list(items)} for rule, hangs, items in hanging
                ],
            }
        )
        return
    before = sheets.said(host, "before", step=step) + (f" ({', '.join(said_by)})" if said_by else "")
    lines = [(each.name, str(each.count), each.rule, str(each.clause)) for each in wanted]
    sheet(host, before, ("on record", "how many", "rule", "clause"), lines)
    if hanging:
        rows = [
            (rule, "; ".join(f"{name}={'|'.join(may)}" for name, may in hangs.items()), ", ".join(items))
            for rule, hangs, items in hanging
        ]
        sheet(host, sheets.said(host, "if answered"), ("rule", "hangs on", "on record"), rows)


def _hanging(
    rules: ServiceRules, step: str, known: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, list[str]], tuple[str, ...]]]:
    """The lists of the step that hang on questions nobody answered, with the answers that they ask for."""
    said = rules.answered(known)
    for named in rules.of(Checklist):
        if named.rule.step == step and named.rule.when is not ALWAYS:
            asked = named.rule.when.open(said)
            if asked:
                accepted = dict(named.rule.when.conditions)
                yield named.name, {each: list(accepted[each]) for each in asked}, named.rule.items


# --- lists -----------------------------------------------------------------------------------------------


@click.command("list")
@click.option("--kind", type=click.Choice(list(KINDS)), default="ticket", show_default=True, help="Of what.")
@click.option("--state", help="Only those in this state.")
@click.option("--late", is_flag=True, help="Only what is late: a promise, a corrective action.")
@click.option("--after", default="", metavar="ID", help="Only ids beyond this one.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many."
)
@click.option("--at", type=instant, help="What is late at this instant (now).")
@host_options
@pass_host
def list_(
    host: Host, kind: str, state: str | None, *, late: bool, after: str, limit: int, at: datetime | None
) -> None:
    """The tickets, or what else there is."""
    storage = desk_storage(host)
    model = KINDS[kind]
    states = [each.value for each in AFTERSALES.named(model.kind).states]
    if state is not None and state not in states:
        raise InvalidValue("--state", state, "one of " + ", ".join(states))
    if late and model not in (Ticket, Complaint, CorrectiveAction):
        raise click.UsageError(f"--late: nothing is promised of a {kind}")
    when = at or now()
    shown = list(_chosen(host, storage, model, state, after, limit, when if late else None))
    if host.json:
        as_json([plain(host, it) for it in shown])
        return
    title, columns, row = _COLUMNS[kind]
    title = sheets.said(host, title, at=_instant(host, when))
    sheet(host, title, columns, [row(host, it, when) for it in shown])
    if len(shown) == limit:
        complain(f"{limit} shown; what comes after: --after {shown[-1].id}")


def _chosen(
    host: Host,
    storage: Storage,
    model: type[Aggregate],
    state: str | None,
    after: str,
    limit: int,
    late_at: datetime | None,
) -> Iterator[Aggregate]:
    """At most so many, and where it is asked for only those that are late at an instant."""
    left = limit
    while left and (page := storage.aggregates(model.kind, state=state, after=after, limit=limit)):
        for it in page:
            if left and (late_at is None or _is_late(host, it, late_at)):
                left -= 1
                yield it
        after = page[-1].id


def _is_late(host: Host, it: Any, at: datetime) -> bool:
    if isinstance(it, CorrectiveAction):
        return it.state is ActionState.PLANNED and it.due is not None and it.due < host.service.day(at)
    return any(clock.state is ClockState.BREACHED for _, _, clock in _open(host, it, at))


def _open(host: Host, it: Ticket | Complaint, at: datetime) -> Iterator[tuple[str, Commitment, Clock]]:
    """The promises that have still to be kept, the first one due first; one without a date last."""
    if (isinstance(it, Ticket) and it.state in _OVER) or (isinstance(it, Complaint) and not it.is_open):
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


def _when(host: Host, clock: Clock, each: Commitment) -> str:
    at = moment(host, _expected(clock, each))
    return sheets.said(host, "if resumed", at=at) if clock.state is ClockState.PAUSED else at


def _instant(host: Host, at: datetime | None) -> str:
    return "" if at is None else host.texts.instant(at, host.service.zone)


def _ticket_row(host: Host, it: Any, at: datetime) -> tuple[str, ...]:
    texts = host.texts
    outcome = f" ({texts.name('outcome.service', it.outcome.value)})" if it.outcome else ""
    first = next(_open(host, it, at), None)
    return (
        it.id,
        it.customer,
        it.unit or it.order_line or "",
        it.symptom,
        texts.state(it.kind, it.state) + outcome,
        it.visit.engineer if it.visit is not None and it.state not in _OVER else "",
        "" if first is None else _when(host, first[2], first[1]),
        "!" if _is_late(host, it, at) else "",
        str(len(it.attention) or ""),
    )


def _complaint_row(host: Host, it: Any, at: datetime) -> tuple[str, ...]:
    first = next(_open(host, it, at), None)
    return (
        it.id,
        "" if it.number is None else str(it.number),
        host.texts.name("grade", it.grade),
        it.customer,
        it.ticket or "",
        it.what,
        host.texts.state(it.kind, it.state),
        it.handler,
        "" if first is None else _when(host, first[2], first[1]),
        "!" if _is_late(host, it, at) else "",
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
        "!" if _is_late(host, it, at) else "",
    )


def _finding_row(host: Host, it: Any, _: datetime) -> tuple[str, ...]:
    penalty = it.penalty
    cost = "" if penalty is None else penalty.sanction
    if penalty is not None and penalty.charge is not None:
        cost = f"{cost} {host.texts.money(penalty.charge.money)}".strip()
    found_on = host.texts.day(it.found_on)
    return it.id, found_on, it.concerns, "; ".join(it.faults), host.texts.state(it.kind, it.state), cost


_COLUMNS: Final[Mapping[str, Any]] = {
    "ticket": (
        "tickets",
        ("ticket", "customer", "unit", "symptom", "stage", "engineer", "next due", "late", "to see"),
        _ticket_row,
    ),
    "complaint": (
        "complaints",
        ("complaint", "no.", "grade", "customer", "ticket", "what", "state", "handler", "next due", "late"),
        _complaint_row,
    ),
    "unit": ("units", ("unit", "product", "customer", "state", "tickets"), _unit_row),
    "technician": (
        "technicians",
        ("technician", "state", "qualified", "booked for", "next order", "to see"),
        _technician_row,
    ),
    "action": ("actions", ("action", "fault", "from", "state", "by", "due", "late"), _action_row),
    "finding": ("findings", ("finding", "found", "concerns", "faults", "state", "penalty"), _finding_row),
}


# --- one of them ------------------------------------------------------------------------------------------


@click.command()
@click.argument("id")
@click.option("--at", type=instant, help="How its promises stand at this instant (now).")
@host_options
@pass_host
def show(host: Host, id: str, at: datetime | None) -> None:
    """One of them: how it stands, and all that belongs to it.

    Of a ticket: who pays, promises with due dates, visits, items, papers, work, money, journal, mail.
    """
    storage = desk_storage(host)
    it = found(storage, id)
    when = at or now()
    beside = Beside.of(storage, it)
    if host.json:
        promised = {"promises": _plain_promises(host, it, when)} if isinstance(it, Ticket | Complaint) else {}
        as_json({**plain(host, it), **promised, **beside.plain(host)})
        return
    if isinstance(it, Ticket):
        _show_ticket(host, it, when)
    else:
        sheets.aggregate(host, it)
    if isinstance(it, Complaint):
        _show_promises(host, it, when)
    beside.show(host, it.kind, _words(host))


def _words(host: Host) -> Words:
    """How what is stored beside one of them is shown."""
    texts = host.texts
    return Words(
        instant=lambda at: moment(host, at),
        table=lambda title, *rest: sheet(host, sheets.said(host, title), *rest),
        role=lambda role: texts.name("role", role),
        status=lambda status: texts.name("outbox", status),
    )


def _show_ticket(host: Host, it: Ticket, at: datetime) -> None:
    facets = [(host.texts.name("column", name), value) for name, value in _facets(host, it) if value]
    sheet(host, f"{host.texts.name('aggregate', it.kind)} {it.id}", ("", "says"), facets)
    if it.verdict is not None:
        say(
            "\n".join(
                (
                    sheets.said(host, "who pays"),
                    *(f"  {line}" for line in host.texts.verdict_lines(it.verdict)),
                    "",
                )
            )
        )
    _show_promises(host, it, at)
    texts = host.texts
    for title, columns, rows in (
        (
            "visits",
            ("no.", "how", "engineer", "with him", "agreed", "state", "arrived"),
            [
                (
                    str(each.number),
                    texts.name("route", each.route.value),
                    each.engineer,
                    ", ".join(each.crew),
                    _window(host, each.window_from, each.window_until),
                    texts.name("visit", each.state.value),
                    moment(host, each.arrived_at),
                )
                for each in it.visits.values()
            ],
        ),
        (
            "items",
            ("serial", "what", "with whom", "receipt", "tag", "taken in", "given back"),
            [
                (
                    each.serial,
                    each.what,
                    texts.name("custody", each.custody.value) + (f": {each.vendor}" if each.vendor else ""),
                    "" if each.receipt is None else str(each.receipt),
                    "" if each.tag is None else str(each.tag),
                    "" if each.taken_in_on is None else texts.day(each.taken_in_on),
                    "" if each.given_back_on is None else texts.day(each.given_back_on),
                )
                for each in it.items.values()
            ],
        ),
        (
            "papers",
            ("paper", "state", "issued", "about", "copies to"),
            [
                (
                    f"{texts.name('series', each.series.value)} {each.number}",
                    texts.name("paper", each.state.value) + (f": {_why(host, each.why)}" if each.why else ""),
                    texts.day(each.issued_on),
                    each.item,
                    ", ".join(texts.name("party", to) for to in each.copies),
                )
                for each in it.papers.values()
            ],
        ),
        (
            "on record",
            ("what", "known by"),
            [(texts.name("needed", name), ", ".join(known)) for name, known in it.shown.items()],
        ),
        (
            "work",
            ("day", "what", "class", "billing", "by", "hours", "list price"),
            list(_work_rows(host, it)),
        ),
        ("money", ("", "amount"), list(_money_rows(host, it))),
        ("to be seen to", ("what", "code"), [(texts.reason(each), each.code) for each in it.attention]),
    ):
        if rows:
            sheet(host, sheets.said(host, title), columns, rows)


def _facets(host: Host, it: Ticket) -> Iterator[tuple[str, str]]:
    texts = host.texts
    yield "stage", texts.state(it.kind, it.state)
    yield "reported", f"{_instant(host, it.reported_at)}, {texts.name('channel', it.channel.value)}"
    yield "customer", it.customer
    yield "unit", it.unit or it.order_line or sheets.said(host, "not identified")
    yield "service", texts.name("service", it.service.value)
    yield "symptom", it.symptom
    yield "class", "" if it.service_class is None else texts.name("service-class", it.service_class.name)
    yield "severity", "" if it.severity is None else str(it.severity)
    yield "fault", " ".join(each for each in (it.fault_code, it.fault_group, it.part) if each)
    yield "route", "" if it.route is None else texts.name("route", it.route.value)
    yield "outcome", "" if it.outcome is None else texts.name("outcome.service", it.outcome.value)
    yield "answers", "; ".join(f"{name}={value}" for name, value in it.answers.items())
    yield "dates", "; ".join(f"{texts.name('event', name)} {texts.day(on)}" for name, on in it.dates.items())
    for name, hold in it.holds.items():
        since = sheets.said(host, "since", at=_instant(host, hold.since))
        until = sheets.said(host, "until", at=_instant(host, hold.until)) if hold.until else ""
        remind = sheets.said(host, "look on", on=hold.remind_on) if hold.remind_on else ""
        yield "on hold", ", ".join(filter(None, (texts.name("pause", name), since, until, remind)))
    yield "escalated", str(it.escalation or "")
    yield (
        "complaints",
        ", ".join(
            sheets.said(host, "open" if still else "over", id=id) for id, still in it.complaints.items()
        ),
    )
    if it.survey is not None:
        scores = ", ".join(
            f"{texts.name('survey', name)} {score}" for name, score in it.survey.scores.items()
        )
        yield (
            "survey",
            f"{texts.day(it.survey.on)}: {scores}" + (f"; {it.survey.opinion}" if it.survey.opinion else ""),
        )
    yield "reopened", str(it.reopened or "")
    yield "repeats", it.repeats or ""
    yield "merged into", it.merged_into or ""


def _window(host: Host, start: datetime | None, end: datetime | None) -> str:
    return "" if start is None else f"{moment(host, start)} - {moment(host, end)}"


def _why(host: Host, text: str) -> str:
    """Why a paper ended; what we say of ourselves in the language asked for."""
    return host.texts.name("why", text)


def _work_rows(host: Host, it: Ticket) -> Iterator[tuple[str, ...]]:
    texts = host.texts
    for each in it.work:
        yield (
            texts.day(each.on),
            each.line.item,
            texts.name("charge-class", each.line.charge.value),
            texts.name("billing", each.line.billing.value),
            each.by,
            "" if each.hours is None else str(each.hours),
            texts.money(each.line.listed.money),
        )


def _money_rows(host: Host, it: Ticket) -> Iterator[tuple[str, str]]:
    texts = host.texts
    if it.quote is not None:
        until = texts.instant(it.quote.valid_until, host.service.zone)
        how = "quote, accepted" if it.quote.accepted_at is not None else "quote"
        line = sheets.said(host, how, ref=it.quote.ref, until=until)
        yield line, texts.money(customers_share(it.quote.prices))
    accounts = {each for posting in it.posted for each in (posting.debit, posting.credit)}
    for payer in sorted({each.owner for each in accounts if each.kind is AccountKind.RECEIVABLE}):
        yield (
            sheets.said(host, "still owed", payer=payer),
            texts.money(outstanding(it, payer, host.service.currency)),
        )


def _show_promises(host: Host, it: Ticket | Complaint, at: datetime) -> None:
    says = clocks(it.commitments, host.service.calendar, at)
    rows = [
        (
            host.texts.name("promise", each.kind.value) + what.removeprefix(each.kind.value),
            within(host, each.within),
            host.texts.name("event", each.since.value),
            _when(host, says[what], each),
            host.texts.name("clock-state", says[what].state.value),
            each.clause.id,
        )
        for what, each in it.commitments.items()
    ]
    if rows:
        sheet(
            host, sheets.said(host, "promises"), ("promise", "within", "from", "due", "state", "clause"), rows
        )


def _plain_promises(host: Host, it: Ticket | Complaint, at: datetime) -> list[dict[str, Any]]:
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


# --- what is due, and what has to be seen to --------------------------------------------------------------


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
    storage = desk_storage(host)
    when = at or now()
    cases: list[Ticket | Complaint] = [*progress(tickets(storage), "Tickets"), *any_of(storage, Complaint)]
    if of is not None:
        check_party(host, of, map(_sees_to, cases))
    still = [
        _Due(it=it, what=what, promise=each, clock=clock)
        for it in cases
        if of is None or _sees_to(it) == of
        for what, each, clock in _open(host, it, when)
        if clock.state is not ClockState.WAITING
    ]
    still.sort(key=lambda each: each.urgency)
    if host.json:
        as_json([_plain_due(host, each) for each in still])
        return
    sheet(
        host,
        sheets.said(host, "due", at=_instant(host, when)),
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
        _when(host, clock, each.promise),
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


@click.command()
@host_options
@pass_host
def attention(host: Host) -> None:
    """Everything that staff have to see to.

    What was called to their attention is taken off the list with ClearTicketAttention or
    ClearTechnicianAttention, by its code. After it complaints that wait, the gravest first, and what
    could not be told to somebody and will not be sent again.
    """
    storage = desk_storage(host)
    seen: list[Aggregate] = [it for it in progress(tickets(storage), "Tickets") if it.attention]
    seen += [it for it in any_of(storage, Technician) if it.attention]
    waiting = by_rank(any_of(storage, Complaint))
    failed = list(storage.outbox(status=Status.FAILED))
    if host.json:
        as_json([*(_plain_seen(host, it) for it in (*seen, *waiting)), *map(untold, failed)])
        return
    rows = [
        (it.id, _about(it), host.texts.state(it.kind, it.state), host.texts.reason(reason), reason.code)
        for it in seen
        for reason in _attention(it)
    ]
    sheet(host, sheets.said(host, "to be seen to"), ("id", "about", "state", "what", "code"), rows)
    if waiting:
        texts = host.texts
        waits = [
            (
                it.id,
                texts.name("grade", it.grade),
                it.what,
                texts.state(it.kind, it.state),
                sheets.said(host, _wait(it)),
            )
            for it in waiting
        ]
        sheet(
            host, sheets.said(host, "complaints that wait"), ("id", "grade", "about", "state", "for"), waits
        )
    untold_rows(failed, lambda title, *rest: sheet(host, sheets.said(host, title), *rest))


_WAITS: Final = {
    ComplaintState.FILED: "to be graded",
    ComplaintState.GRADED: "to be looked into",
    ComplaintState.INVESTIGATED: "an answer",
    ComplaintState.ANSWERED: "to be settled",
}


def _wait(it: Complaint) -> str:
    return _WAITS[it.state]


def _attention(it: Any) -> tuple[Any, ...]:
    return tuple(getattr(it, "attention", ()))


def _about(it: Any) -> str:
    return it.symptom if isinstance(it, Ticket) else it.what if isinstance(it, Complaint) else ""


def _plain_seen(host: Host, it: Aggregate) -> dict[str, Any]:
    reasons = _attention(it)
    return {
        "kind": it.kind,
        "id": it.id,
        "title": _about(it),
        "state": it.state.value,
        "waits": [_wait(it)] if isinstance(it, Complaint) else [],
        "reasons": host.codec.encode(list(reasons)),
        "texts": [host.texts.reason(reason) for reason in reasons],
        "untold": None,
    }


# --- papers -----------------------------------------------------------------------------------------------


@attrs.frozen
class _Numbered:
    """A number of a series: what has it, how it stands, since when."""

    about: str
    state: str
    on: date | None = None
    why: str = ""
    of: str = ""  # whose book it is in, while nothing has it


@click.command()
@click.argument("series", type=click.Choice(sorted(_BOOKS)))
@host_options
@pass_host
def papers(host: Host, series: str) -> int:
    """The register of a series of numbers.

    Every one that was used, void ones with why. Exit code 1 where a number is missing.
    """
    storage = desk_storage(host)
    of = _BOOKS[series]
    try:
        book = storage.load(book_key(host.service.firm, of))
    except NotFound:
        book = None
    assert book is None or isinstance(book, Book)
    used = dict(_numbered(storage, of))
    last = 0 if book is None else book.next - 1
    for number, why in () if book is None else book.voided.items():
        had = used.get(int(number), _Numbered("", ""))
        used[int(number)] = _Numbered(had.about, "void", had.on, had.why or why)
    gaps = sorted({*range(1, last + 1)} - used.keys())
    if host.json:
        as_json(
            {
                "series": series,
                "next": last + 1,
                "numbers": [
                    {
                        "number": number,
                        "about": each.about,
                        "state": each.state,
                        "on": None if each.on is None else each.on.isoformat(),
                        "why": each.why,
                    }
                    for number, each in sorted(used.items())
                ],
                "gaps": gaps,
            }
        )
        return 1 if gaps else 0
    texts = host.texts
    sheet(
        host,
        texts.name("series", series),
        ("no.", "about", "state", "issued", "why"),
        [
            (
                str(number),
                sheets.said(host, "book of", of=each.of) if each.of else each.about,
                texts.name("paper", each.state),
                "" if each.on is None else texts.day(each.on),
                _why(host, each.why),
            )
            for number, each in sorted(used.items())
        ],
    )
    void = sum(each.state == "void" for each in used.values())
    counted = {"used": last, "void": void, "gaps": ", ".join(map(str, gaps))}
    say(sheets.said(host, "numbers missing" if gaps else "numbers", **counted))
    return 1 if gaps else 0


def _numbered(storage: Storage, series: Series) -> Iterator[tuple[int, _Numbered]]:
    """What has a number of the series."""
    if series is Series.COMPLAINT:
        for filed in any_of(storage, Complaint):
            if filed.number is not None:
                yield filed.number, _Numbered(filed.id, "open" if filed.is_open else "filed")
        return
    if series is Series.REPAIR_ORDER:
        yield from _orders(storage)
    for it in progress(tickets(storage), "Tickets"):
        for paper in it.papers.values():
            if paper.series is series:
                about = it.id if not paper.item else f"{it.id} {paper.item}"
                yield paper.number, _Numbered(about, paper.state.value, paper.issued_on, paper.why)


def _orders(storage: Storage) -> Iterator[tuple[int, _Numbered]]:
    """The repair orders in the technicians' books: unused, used and void ones."""
    for who in any_of(storage, Technician):
        for book in (*who.handed_in, *(() if who.orders is None else (who.orders,))):
            for number in range(book.first, book.last + 1):
                why = book.voided.get(str(number))
                ticket = who.orders_used.get(str(number), "")
                state = "void" if why is not None else "open" if ticket else "unused"
                about, of = (ticket, "") if ticket else (f"book of {who.id}", who.id)
                yield number, _Numbered(about, state, why=why or "", of=of)


TICKET_COMMANDS: Final = (do, list_, show, allowed, needed_, due, attention, papers)
