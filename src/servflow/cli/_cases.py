"""What is stored: transactions, relations and cases, listed and shown, and what is owed for them."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import click

from servflow.cli._host import LOANS, Host, day, host_options, pass_host
from servflow.cli._lists import check_state, in_state, paged, tell_more
from servflow.cli._loans import Kept, find
from servflow.cli._show import as_json, say, table
from servflow.cli._stored import plain, shown_whole
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ledger import Account, AccountKind, Posting, balances
from servflow.core.money import Money, total
from servflow.desk import Explanation

__all__ = ["list_", "show", "why"]

_LENT: Final = ("case", "title", "state", "due", "overdue", "charges", "to see")
_BORROWED: Final = ("case", "title", "state", "supplier", "due", "overdue", "to see")


@click.command("list")
@in_state
@click.option("--cases", is_flag=True, help="What is borrowed for readers instead of what is lent.")
@click.option("--relations", is_flag=True, help="The borrowers' relations instead of the transactions.")
@paged()
@click.option("--on", type=day, help="The day on which what is overdue is judged (today).")
@host_options
@pass_host
def list_(
    host: Host,
    state: str | None,
    *,
    cases: bool,
    relations: bool,
    after: str,
    limit: int,
    on: date | None,
) -> None:
    """The transactions, the cases, or the borrowers' relations."""
    if cases and relations:
        raise click.UsageError("--cases or --relations, not both")
    kind = BorrowingCase.kind if cases else Relation.kind if relations else SupplyTransaction.kind
    check_state(kind, state)
    host.check(LOANS)
    found = host.storage().aggregates(kind, state=state, after=after, limit=limit)
    if host.json:
        as_json([plain(host, it) for it in found])
        return
    today = on or host.today(kind)
    if relations:
        accounts = [_account(host, it) for it in found if isinstance(it, Relation)]
        table("relations", ("institution", "state", "card", "out", "open", "paid in"), accounts)
    elif cases:
        borrowed = [_case(host, it, today) for it in found if isinstance(it, BorrowingCase)]
        table(f"cases on {host.texts.day(today)}", _BORROWED, borrowed)
    else:
        lent = [_loan(host, it, today) for it in found if isinstance(it, SupplyTransaction)]
        table(f"transactions on {host.texts.day(today)}", _LENT, lent)
    tell_more(found, limit)


def _account(host: Host, it: Relation) -> tuple[str, ...]:
    texts = host.texts
    unpaid = total((item.outstanding for item in it.open.values()), host.policy(it.kind).currency)
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
    policy = host.policy(it.kind)
    charges = [charge.money for _, charge in ILL.named(it.kind).owed(it, policy, on)]
    return (
        it.id,
        it.requested.title,
        texts.state(it.kind, it.state) + closing,
        texts.day(it.due) if it.due and it.still_out else "",
        "!" if it.overdue_on(on) else "",
        texts.money(total(charges, policy.currency)) if charges else "",
        str(len(it.attention) or ""),
    )


def _case(host: Host, it: BorrowingCase, on: date) -> tuple[str, ...]:
    texts = host.texts
    outcome = f" ({texts.name('outcome', it.outcome.value)})" if it.outcome else ""
    return (
        it.id,
        it.requested.title,
        texts.state(it.kind, it.state) + outcome,
        it.attempt.supplier if it.attempt else "",
        texts.day(it.due) if it.due and it.outcome is None else "",
        "!" if it.outcome is None and it.overdue_on(on) else "",
        str(len(it.attention) or ""),
    )


@click.command()
@click.argument("id")
@host_options
@pass_host
def show(host: Host, id: str) -> None:
    """One of them: what it is, its journal, its postings, its mail."""
    storage = host.storage()
    shown_whole(host, storage, find(storage, id))


@click.command()
@click.argument("id")
@click.option("--on", type=day, help="What is owed on this day, included (today).")
@host_options
@pass_host
def why(host: Host, id: str, on: date | None) -> None:
    """What is owed for one of them, by which clauses; what was paid.

    For a case: by the patron, and by the library to those that supplied.
    """
    desk = host.desk()
    it = find(desk.storage, id)
    if isinstance(it, Relation):
        raise click.UsageError(f"{id} is a relation; `servflow ill show {id}` shows its account")
    today = on or host.today(it.kind)
    explanation = desk.explain(it.key, today)
    if host.json:
        as_json(_explained(host, it, explanation))
        return
    debtor = Account(AccountKind.RECEIVABLE, it.requester if isinstance(it, SupplyTransaction) else it.patron)
    settled = explanation.settlements.get((debtor, host.policy(it.kind).currency))
    if isinstance(it, SupplyTransaction):
        say(host.texts.statement(it, explanation.owed, settled, on=today).rstrip("\n"))
        return
    texts = host.texts
    lines = [f"{it.id}: {it.requested.title}", texts.text("statement.on", {"on": today})]
    if not explanation.owed:
        lines += ["", texts.text("statement.nothing")]
    for kind, charge in explanation.owed:
        lines += ["", texts.charge_kind(kind), *(f"  {line}" for line in texts.charge_lines(charge))]
    lines += [""] * bool(explanation.owed)
    say("\n".join(lines))
    if settled is not None:
        parts = ("charged", "paid", "waived", "outstanding", "credited")
        moved = [(name, texts.money(getattr(settled, name))) for name in parts]
        table(f"what was charged to {it.patron}", ("", "amount"), moved)
    owing = [(account.owner, texts.money(held)) for account, held in _owing(explanation.postings)]
    if owing:
        table("what the library owes for it", ("supplier", "amount"), owing)


def _explained(host: Host, it: Kept, explanation: Explanation) -> dict[str, Any]:
    encode = host.codec.encode
    owed = [
        {"kind": kind, "amount": encode(charge.money), "derivation": encode(charge)}
        for kind, charge in explanation.owed
    ]
    settlements = [
        {"account": str(account), **encode(settled)}
        for (account, _), settled in explanation.settlements.items()
    ]
    document = {"id": it.id, "on": explanation.on.isoformat(), "owed": owed, "settlements": settlements}
    if isinstance(it, BorrowingCase):
        payable = _owing(explanation.postings)
        document["payable"] = [{"account": str(account), "amount": encode(held)} for account, held in payable]
    return document


def _owing(postings: tuple[Posting, ...]) -> list[tuple[Account, Money]]:
    """What the library owes by these postings, by account and currency."""
    held = balances(postings).items()
    return [(account, money) for (account, _), money in held if account.kind is AccountKind.PAYABLE]
