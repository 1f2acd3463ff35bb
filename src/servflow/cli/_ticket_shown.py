"""One ticket, or what goes with it, as ``servflow aftersales show`` tells it: a table for each facet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click

from servflow.cli._host import SERVICE, Host, host_options, instant, now, pass_host
from servflow.cli._promises import plain_promises, show_promises
from servflow.cli._service_desk import found
from servflow.cli._sheet import aggregate, in_full, in_words, moment, said, sheet
from servflow.cli._show import as_json, say
from servflow.cli._stored import Beside, plain
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.tickets.billing import customers_share, outstanding
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.ledger import AccountKind

__all__ = ["show"]


@click.command()
@click.argument("id")
@click.option("--at", type=instant, help="How its promises stand at this instant (now).")
@host_options
@pass_host
def show(host: Host, id: str, at: datetime | None) -> None:
    """One of them: how it stands, and all that belongs to it.

    Of a ticket: who pays, promises with due dates, visits, items, papers, work, money, journal, mail.
    """
    storage = host.storage_of(SERVICE)
    it = found(storage, id)
    when = at or now()
    beside = Beside.of(storage, it)
    if host.json:
        promised = {"promises": plain_promises(host, it, when)} if isinstance(it, Ticket | Complaint) else {}
        as_json({**plain(host, it), **promised, **beside.plain(host)})
        return
    if isinstance(it, Ticket):
        _show_ticket(host, it, when)
    else:
        aggregate(host, it)
    if isinstance(it, Complaint):
        show_promises(host, it, when)
    beside.show(host, it.kind, in_words(host))


def _show_ticket(host: Host, it: Ticket, at: datetime) -> None:
    facets = [(host.texts.name("column", name), value) for name, value in _facets(host, it) if value]
    sheet(host, f"{host.texts.name('aggregate', it.kind)} {it.id}", ("", "says"), facets)
    if it.verdict is not None:
        say(
            "\n".join(
                (
                    said(host, "who pays"),
                    *(f"  {line}" for line in host.texts.verdict_lines(it.verdict)),
                    "",
                )
            )
        )
    show_promises(host, it, at)
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
                    texts.name("paper", each.state.value)
                    + (f": {texts.name('why', each.why)}" if each.why else ""),
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
            sheet(host, said(host, title), columns, rows)


def _facets(host: Host, it: Ticket) -> Iterator[tuple[str, str]]:
    texts = host.texts
    yield "stage", texts.state(it.kind, it.state)
    yield "reported", f"{in_full(host, it.reported_at)}, {texts.name('channel', it.channel.value)}"
    yield "customer", it.customer
    yield "unit", it.unit or it.order_line or said(host, "not identified")
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
        since = said(host, "since", at=in_full(host, hold.since))
        until = said(host, "until", at=in_full(host, hold.until)) if hold.until else ""
        remind = said(host, "look on", on=hold.remind_on) if hold.remind_on else ""
        yield "on hold", ", ".join(filter(None, (texts.name("pause", name), since, until, remind)))
    yield "escalated", str(it.escalation or "")
    yield (
        "complaints",
        ", ".join(said(host, "open" if still else "over", id=id) for id, still in it.complaints.items()),
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
        line = said(host, how, ref=it.quote.ref, until=until)
        yield line, texts.money(customers_share(it.quote.prices))
    accounts = {each for posting in it.posted for each in (posting.debit, posting.credit)}
    for payer in sorted({each.owner for each in accounts if each.kind is AccountKind.RECEIVABLE}):
        yield (
            said(host, "still owed", payer=payer),
            texts.money(outstanding(it, payer, host.service.currency)),
        )
