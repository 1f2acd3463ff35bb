"""What staff have to look at, on both sides; and what is owed to and by somebody over a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any

import click

from servflow.cli._attention import Seen, seen_as_json, untold_rows
from servflow.cli._host import LOANS, Host, day, host_options, pass_host
from servflow.cli._show import as_json, say, table
from servflow.cli._stored import every
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.states import SupplyState
from servflow.core.ledger import PAYING, Account, AccountKind, Line, Statement
from servflow.core.money import Money
from servflow.core.ports import Status, Storage
from servflow.desk import Desk

__all__ = ["attention", "statement"]


@click.command()
@host_options
@pass_host
def attention(host: Host) -> None:
    """Everything that staff have to look at, on both sides.

    What waits for a decision of theirs, and what was called to their attention. That is taken off
    the list with ClearAttention (of a case) or ClearSupplyAttention, by its code. After it, what
    could not be told to somebody and will not be sent again.
    """
    host.check(LOANS)
    storage = host.storage()
    seen = list(_to_see(host, storage))
    failed = list(storage.outbox(status=Status.FAILED))
    if host.json:
        seen_as_json(host, seen, failed)
        return
    columns = ("side", "id", "title", "state", "what", "code")
    table("to be looked at", columns, [(_side(each), *row) for each in seen for row in each.rows(host)])
    untold_rows(failed)


def _to_see(host: Host, storage: Storage) -> Iterator[Seen]:
    """Transactions, then cases, in the order of their ids; what waits, waits for staff or a reader."""
    lent = (Seen(it, it.requested.title, tuple(_in_lending(it))) for it in every(storage, SupplyTransaction))
    borrowed = (
        Seen(it, it.requested.title, tuple(_in_borrowing(host, it))) for it in every(storage, BorrowingCase)
    )
    return (each for each in chain(lent, borrowed) if each.reasons or each.waits)


def _side(seen: Seen) -> str:
    return "lending" if isinstance(seen.it, SupplyTransaction) else "borrowing"


def _in_lending(it: SupplyTransaction) -> Iterator[str]:
    if it.state in {SupplyState.NEW, SupplyState.CHECKING}:
        yield "the request waits for an answer"
    if it.renewal_asked_on is not None:
        yield "a renewal waits for an answer"
    if it.awaits_compensation:
        yield "a loss or a damage waits for its compensation to be set"
    elif it.state is SupplyState.LOST:
        yield "a loss waits to be settled"


def _in_borrowing(host: Host, it: BorrowingCase) -> Iterator[str]:
    match it.state:
        case CaseState.IN_REVIEW:
            why = [host.texts.reason(reason) for reason in it.reasons]
            yield from why or ["the request waits for approval"]
        case CaseState.ROUTABLE if not it.ahead or it.ahead[0].after is None:
            yield "no supplier has it: it waits to be sent"
        case CaseState.OFFERED:
            yield f"an offer waits for an answer: {_terms(host, it)}"
        case CaseState.RETRY_OFFERED:
            yield "the supplier may be asked again: whether to do so waits for a decision"
        case CaseState.ROTA_EXHAUSTED:
            yield "no supplier is left: whom to ask next waits for a decision"
        case CaseState.LOST:
            yield "a loss waits to be settled"


def _terms(host: Host, it: BorrowingCase) -> str:
    offer = it.attempt.offer if it.attempt is not None else None
    assert offer is not None  # it is offered
    parts = [host.texts.money(offer.cost)] if offer.cost is not None else []
    parts += [host.texts.name("condition", condition.value) for condition in offer.conditions]
    if offer.reply_by is not None:
        parts.append(f"until {host.texts.day(offer.reply_by)}")
    return ", ".join(parts)


# --- what is owed over a time ---------------------------------------------------------------------


@click.command()
@click.argument("institution", required=False)
@click.option("--patron", metavar="REF", help="What a reader owes, instead of an institution.")
@click.option("--from", "first", type=day, required=True, help="The first day.")
@click.option("--through", type=day, required=True, help="The last day, which is in it.")
@host_options
@pass_host
def statement(host: Host, institution: str | None, patron: str | None, first: date, through: date) -> None:
    """What somebody owed and what was owed to them, over some days.

    Of another library: what it owes for what it borrowed, and what is owed to it for what it lent.
    What has been posted, by value date, each line with the balance after it.
    """
    if (institution is None) == (patron is None):
        raise click.UsageError("one of them: INSTITUTION or --patron REF")
    if through < first:
        raise InvalidValue("--through", through, f"{first} or a later day")
    who = patron or institution or ""
    kinds = (AccountKind.RECEIVABLE,) if patron else (AccountKind.RECEIVABLE, AccountKind.PAYABLE)
    desk = host.desk()
    term = Term(first, through + timedelta(days=1))
    made = [
        desk.statement(account, currency, term)
        for account in (Account(kind, who) for kind in kinds)
        for currency in _currencies(host, desk, account)
    ]
    if host.json:
        as_json(_document(host, who, made, term))
        return
    for each in made:
        _show(host, each)
    for net in _net(made):
        owes, owed = f"{who} owes {host.texts.money(net)}", f"{who} is owed {host.texts.money(-net)}"
        balance = (owes if net.minor > 0 else owed) if net else "nothing is owed on balance"
        say(f"At the end of {host.texts.day(through)}, {balance}.")


def _currencies(host: Host, desk: Desk, account: Account) -> list[str]:
    """Those in which something was posted, and the library's own, in their order."""
    found = {posting.amount.currency for posting in desk.storage.postings(account=account)}
    return sorted(found | {host.policy(SupplyTransaction.kind).currency})


def _net(made: list[Statement]) -> Iterator[Money]:
    """By currency, what is owed to the library at the end less what it owes itself."""
    owed: dict[str, Money] = {}
    for each in made:
        held = each.closing if each.account.kind is AccountKind.RECEIVABLE else -each.closing
        owed[held.currency] = held + owed.get(held.currency, held * 0)
    yield from owed.values()


def _show(host: Host, made: Statement) -> None:
    texts = host.texts
    first, last = texts.day(made.term.start), texts.day(made.term.last_day)
    rows = [
        ("", "", "", "balance before", "", texts.money(made.opening)),
        *(_line(host, made.account, line) for line in made.lines),
        ("", "", "", "balance after", "", texts.money(made.closing)),
    ]
    columns = ("day", "about", "for", "", "amount", "balance")
    owing = "what {} owes" if made.account.kind is AccountKind.RECEIVABLE else "what is owed to {}"
    table(f"{owing.format(made.account.owner)}, {first} to {last}", columns, rows)


def _line(host: Host, account: Account, line: Line) -> tuple[str, ...]:
    texts, posting = host.texts, line.posting
    return (
        texts.day(posting.value_date),
        posting.subject,
        texts.charge_kind(posting.kind),
        _how(account, line),
        texts.money(line.added),
        texts.money(line.balance),
    )


def _how(account: Account, line: Line) -> str:
    """What a line is: charged, or what became of it."""
    posting, grew = line.posting, line.added.minor > 0
    against = posting.credit if posting.debit == account else posting.debit
    if against.kind in PAYING:
        return "paid back" if grew else "paid"
    if against.kind is AccountKind.WAIVED:
        return "no longer waived" if grew else "waived"
    return "charged" if grew else "taken back"


def _document(host: Host, who: str, made: list[Statement], term: Term) -> dict[str, Any]:
    encode = host.codec.encode
    return {
        "party": who,
        "from": term.start.isoformat(),
        "through": term.last_day.isoformat(),
        "statements": [
            {
                "account": str(each.account),
                "opening": encode(each.opening),
                "lines": [
                    {
                        "added": encode(line.added),
                        "balance": encode(line.balance),
                        "posting": encode(line.posting),
                    }
                    for line in each.lines
                ],
                "closing": encode(each.closing),
            }
            for each in made
        ],
        "net": [encode(net) for net in _net(made)],
    }
