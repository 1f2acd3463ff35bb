"""What is stored: transactions and relations, listed and shown, and what is owed for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

from servflow.cli._host import Host, day, find, host_options, pass_host
from servflow.cli._show import as_json, complain, say, table
from servflow.core.changes import Aggregate
from servflow.core.errors import InvalidValue
from servflow.core.ill import ILL
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ledger import Account, AccountKind
from servflow.core.money import total

__all__ = ["list_", "show", "why"]


@click.command("list")
@click.option("--state", help="Only those in this state.")
@click.option("--relations", is_flag=True, help="The borrowers' relations instead of the transactions.")
@click.option("--after", default="", metavar="ID", help="Only ids beyond this one.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many."
)
@click.option("--on", type=day, help="The day on which what is overdue is judged (today).")
@host_options
@pass_host
def list_(host: Host, state: str | None, *, relations: bool, after: str, limit: int, on: date | None) -> None:
    """The transactions, or the borrowers' relations."""
    kind = Relation.kind if relations else SupplyTransaction.kind
    states = [each.value for each in ILL.named(kind).states]
    if state is not None and state not in states:
        raise InvalidValue("--state", state, "one of " + ", ".join(states))
    found = host.storage().aggregates(kind, state=state, after=after, limit=limit)
    if host.json:
        as_json([_plain(host, it) for it in found])
        return
    if relations:
        columns = ("institution", "state", "card", "out", "open", "paid in")
        table("relations", columns, [_account(host, it) for it in found if isinstance(it, Relation)])
    else:
        today = on or host.today()
        columns = ("case", "title", "state", "due", "overdue", "charges")
        rows = [_loan(host, it, today) for it in found if isinstance(it, SupplyTransaction)]
        table(f"transactions on {host.texts.day(today)}", columns, rows)
    if len(found) == limit:
        complain(f"{limit} shown; what comes after: --after {found[-1].id}")


def _account(host: Host, it: Relation) -> tuple[str, ...]:
    texts = host.texts
    unpaid = total((item.outstanding for item in it.open.values()), host.policy.currency)
    paid_in = "; ".join(texts.money(amount) for amount in it.security.values())
    return (
        it.id,
        texts.state(it.kind, it.state),
        it.card or "",
        str(it.volumes_out),
        texts.money(unpaid),
        paid_in,
    )


def _loan(host: Host, it: SupplyTransaction, on: date) -> tuple[str, ...]:
    texts = host.texts
    closing = f" ({texts.name('closing', it.closing.value)})" if it.closing else ""
    charges = [charge.money for _, charge in ILL.named(it.kind).owed(it, host.policy, on)]
    return (
        it.id,
        it.requested.title,
        texts.state(it.kind, it.state) + closing,
        texts.day(it.due) if it.due and it.still_out else "",
        "!" if it.overdue_on(on) else "",
        texts.money(total(charges, host.policy.currency)) if charges else "",
    )


def _plain(host: Host, it: Aggregate) -> dict[str, Any]:
    return {"kind": it.kind, "id": it.id, "version": it.version, **host.codec.encode_aggregate(it)}


@click.command()
@click.argument("id")
@host_options
@pass_host
def show(host: Host, id: str) -> None:
    """One of them: what it is, its journal, its postings, its mail."""
    storage = host.storage()
    it = find(storage, id)
    journal = [entry.document for entry in storage.journal(it.key)]
    postings = list(storage.postings(subject=id))
    outbox = list(storage.outbox(about=it.key))
    if host.json:
        encoded = {"postings": host.codec.encode(postings), "outbox": host.codec.encode(outbox)}
        as_json({**_plain(host, it), "journal": journal, **encoded})
        return
    texts = host.texts
    fields = host.codec.encode_aggregate(it).items()
    table(
        f"{it.kind} {it.id}",
        ("field", "value"),
        [(name, _line(value)) for name, value in fields if value != ""],
    )
    table(
        "journal", ("#", "happened", "recorded", "command", "by"), [_entry(host, entry) for entry in journal]
    )
    moved = [
        (
            texts.day(p.value_date),
            str(p.debit),
            str(p.credit),
            texts.money(p.amount),
            texts.charge_kind(p.kind),
        )
        for p in postings
    ]
    if moved:
        table("postings", ("day", "debit", "credit", "amount", "for"), moved)
    mail = [(o.message.to, o.message.kind, o.status.value, o.note) for o in outbox]
    if mail:
        table("mail", ("to", "kind", "status", "note"), mail)


def _entry(host: Host, entry: Any) -> tuple[str, ...]:
    command = entry["command"]
    happened, recorded = (
        host.texts.instant(datetime.fromisoformat(command[name]), host.policy.zone)
        for name in ("happened_at", "recorded_at")
    )
    by = f"{command['by']['party']} ({entry['role']})"
    return str(entry["seq"]), happened, recorded, host.texts.name("command", command["command"]), by


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_line(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_line, value))
    return str(value)


@click.command()
@click.argument("id")
@click.option("--on", type=day, help="What is owed on this day, included (today).")
@host_options
@pass_host
def why(host: Host, id: str, on: date | None) -> None:
    """What is owed for a transaction, by which clauses; what was paid."""
    desk = host.desk()
    it = find(desk.storage, id)
    if not isinstance(it, SupplyTransaction):
        raise click.UsageError(f"{id} is a relation; `servflow ill show {id}` shows its account")
    today = on or host.today()
    explanation = desk.explain(it.key, today)
    encode = host.codec.encode
    if host.json:
        owed = [
            {"kind": kind, "amount": encode(charge.money), "derivation": encode(charge)}
            for kind, charge in explanation.owed
        ]
        settlements = [
            {"account": str(account), **encode(settled)}
            for (account, _), settled in explanation.settlements.items()
        ]
        as_json({"id": it.id, "on": today.isoformat(), "owed": owed, "settlements": settlements})
    else:
        debtor = Account(AccountKind.RECEIVABLE, it.requester)
        settled = explanation.settlements.get((debtor, host.policy.currency))
        say(host.texts.statement(it, explanation.owed, settled, on=today).rstrip("\n"))
