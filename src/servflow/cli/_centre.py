"""A dispatch centre on the command line: whom to ask, and what its members and it owe each other."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import attrs
import click

from servflow.cli._host import Host, day, host_options, now, one_of, pass_host
from servflow.cli._loans import actor
from servflow.cli._saying import Saying, give, timed
from servflow.cli._show import as_json, say, table
from servflow.cli._stored import every, loaded
from servflow.core.changes import Aggregate, Command, Key
from servflow.core.dates import Term
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.accounts.states import HolderKind
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.centre.routing import AskRoute, route
from servflow.core.ill.centre.settlement import Due, reckoned
from servflow.core.ill.centre.settling import (
    ClearSettlementAttention,
    DisputeSettlement,
    DrawUpSettlement,
    SettleMember,
    Settlement,
    brought_forward,
)
from servflow.core.ill.terms import Requested, Service
from servflow.core.money import Money
from servflow.core.ports import Party, Storage

__all__ = ["centre"]

_DUES: Final = ("member", "owes", "is owed", "of it late", "pays", "gets", "paid on", "unpaid before")


@click.group()
@host_options
def centre() -> None:
    """A dispatch centre: whom to ask, and who pays whom."""


# --- whom to ask ------------------------------------------------------------------------------------


@centre.command("route")
@click.argument("title")
@click.option("--id", "ids", multiple=True, help="A record id, such as ISBN:9787999000013; may be repeated.")
@click.option("--for", "requester", metavar="REF", required=True, help="The library that asks.")
@click.option(
    "--service",
    type=one_of(Service),
    default=Service.LOAN.value,
    show_default=True,
    help="What is asked for.",
)
@click.option("--asked", multiple=True, metavar="REF", help="Who was asked before; may be repeated.")
@click.option("--on", type=day, help="On which day (today).")
@host_options
@pass_host
def _route(
    host: Host,
    title: str,
    *,
    ids: tuple[str, ...],
    requester: str,
    service: str,
    asked: tuple[str, ...],
    on: date | None,
) -> int:
    """Whom to ask for TITLE, in their order, and why each other library that holds it is not asked.

    Exit code 1 where nobody is left.
    """
    requested, at = Requested(title=title, record_ids=ids), now()
    wanted = Service(service)
    question = AskRoute(
        id="route",
        case="route",
        by=actor(host, "staff", Settlement.kind, None),
        happened_at=at,
        recorded_at=at,
        requester=requester,
        request="route",
        requested=requested,
        service=wanted,
    )
    facts = host.facts_file.ask(question, None)
    found = route(
        facts.holdings,  # type: ignore[union-attr]  # of such a question
        service=wanted,
        day=on or host.network.day(at),
        requester=requester,
        asked=asked,
        near=facts.near,  # type: ignore[union-attr]
    )
    if host.json:
        as_json(
            {
                "suppliers": list(found.suppliers),
                "left_out": host.codec.encode(list(found.left_out)),
                "texts": [host.texts.reason(each) for each in found.left_out],
            }
        )
    else:
        rows = [(str(number), library) for number, library in enumerate(found.suppliers, start=1)]
        table("to be asked", ("", "library"), rows)
        for reason in found.left_out:
            say(host.texts.reason(reason))
    return 0 if found.suppliers else 1


# --- settlements ------------------------------------------------------------------------------------


@attrs.frozen
class _Books:
    """The ``Facts`` port of a settlement: what the centre's own postings say, in one currency."""

    host: Host
    storage: Storage

    def ask(self, command: Command, it: Aggregate | None) -> object:
        """See the port."""
        if not isinstance(command, DrawUpSettlement):
            return self.host.facts_file.ask(command, it)
        term = Term(command.first, date.fromordinal(command.last.toordinal() + 1))
        return reckoned(
            list(self.storage.postings()),
            sorted(self.host.facts_file.libraries),
            term,
            centre=self.host.library,
            currency=self.host.network.currency,
            readers=self._readers(),
        )

    def _readers(self) -> frozenset[str]:
        """Whoever pays for himself: by the host's facts, his account, or a case of his own."""
        holders = (it.id for it in every(self.storage, IllAccount) if it.holder is not HolderKind.INSTITUTION)
        patrons = (it.patron for it in every(self.storage, BorrowingCase) if it.fills is None)
        return self.host.facts_file.readers.union(holders, patrons)

    def party(self, ref: str) -> Party:
        """See the port."""
        return self.host.facts_file.party(ref)


@centre.command("settle")
@click.argument("id")
@click.option("--from", "first", type=day, required=True, help="The first day of the term.")
@click.option("--to", "last", type=day, required=True, help="Its last day, which is included.")
@timed
@host_options
@pass_host
def _settle(host: Host, id: str, *, first: date, last: date, saying: Saying) -> None:
    """Draw up the settlement ID ("2026-11") of a term: every member is told its line."""
    _say(host, DrawUpSettlement, id, saying, first=first.isoformat(), last=last.isoformat())


@centre.command("pay")
@click.argument("id")
@click.argument("member")
@click.option("--note", default="", help="How it was paid.")
@timed
@host_options
@pass_host
def _pay(host: Host, id: str, member: str, *, note: str, saying: Saying) -> None:
    """MEMBER has paid its line of the settlement ID, or was paid it: its accounts are levelled."""
    _say(host, SettleMember, id, saying, member=member, note=note)


@centre.command("dispute")
@click.argument("id")
@click.argument("member")
@click.argument("note")
@timed
@host_options
@pass_host
def _dispute(host: Host, id: str, member: str, note: str, *, saying: Saying) -> None:
    """MEMBER does not agree with its line of the settlement ID, and says why: staff are to look."""
    _say(host, DisputeSettlement, id, saying, member=member, note=note)


@centre.command("clear")
@click.argument("id")
@click.argument("code")
@timed
@host_options
@pass_host
def _clear(host: Host, id: str, code: str, *, saying: Saying) -> None:
    """Staff have looked at what the settlement ID has under CODE."""
    _say(host, ClearSettlementAttention, id, saying, code=code)


@centre.command("settlements")
@host_options
@pass_host
def _list(host: Host) -> None:
    """Every settlement: its term, how it stands, and what is still to be paid."""
    found = list(every(host.storage(), Settlement))
    if host.json:
        as_json([_shown(host, it, found) for it in found])
        return
    columns = ("settlement", "first", "last", "state", "pay by", "unpaid")
    rows = [
        (
            it.id,
            host.texts.day(it.first),
            host.texts.day(it.last),
            host.texts.state(it.kind, it.state),
            host.texts.day(it.pay_by),
            ", ".join(due.member for due in it.unpaid),
        )
        for it in found
    ]
    table("settlements", columns, rows)


@centre.command("show")
@click.argument("id")
@host_options
@pass_host
def _show(host: Host, id: str) -> None:
    """The lines of the settlement ID: who owes what, who pays whom, and what was paid.

    "of it late" was posted for earlier terms after they had been drawn up; "unpaid before" is what was open
    of earlier settlements when this one was drawn up: it is paid there, and is in none of these lines.
    """
    storage = host.storage()
    it, found = loaded(storage, Settlement, id), list(every(storage, Settlement))
    if host.json:
        as_json(_shown(host, it, found))
        return
    before = brought_forward(it, found)
    first, last = host.texts.day(it.first), host.texts.day(it.last)
    title = f"{it.id}: {first} - {last}, {host.texts.state(it.kind, it.state)}"
    rows = [_row(host, it, due, before.get(due.member)) for due in it.dues]
    others = [name for name in before if it.due_of(name) is None]
    table(title, _DUES, [*rows, *((name, *[""] * 6, host.texts.money(before[name])) for name in others)])
    for reason in it.attention:
        say(host.texts.reason(reason))


def _say(host: Host, kind: type[Command], id: str, saying: Saying, **said: Any) -> None:
    desk = host.desk(new=False)
    desk.facts = _Books(host, desk.storage)
    by = actor(host, "staff", Settlement.kind, None)
    outcome = give(host, desk, Key(Settlement.kind, id), kind, said, by=by, saying=saying)
    it = loaded(desk.storage, Settlement, id)
    if host.json:
        found = list(every(desk.storage, Settlement))
        as_json({**_shown(host, it, found), "repeated": outcome.receipt.repeated})
        return
    say(f"{it.id}: {host.texts.name('command', kind.__name__)} -> {host.texts.state(it.kind, it.state)}")


def _row(host: Host, it: Settlement, due: Due, before: Money | None) -> tuple[str, ...]:
    nothing = due.net * 0
    on = it.paid.get(due.member)
    return (
        due.member,
        host.texts.money(due.owes),
        host.texts.money(due.owed),
        host.texts.money(due.late) if due.late else "",
        host.texts.money(due.net) if due.net > nothing else "",
        host.texts.money(-due.net) if due.net < nothing else "",
        "" if on is None else host.texts.day(on),
        "" if before is None else host.texts.money(before),
    )


def _shown(host: Host, it: Settlement, every: list[Settlement]) -> dict[str, Any]:
    return {
        "id": it.id,
        "state": it.state.value,
        "first": it.first.isoformat(),
        "last": it.last.isoformat(),
        "pay_by": it.pay_by.isoformat(),
        "drawn_up": None if it.drawn_up is None else it.drawn_up.isoformat(),
        "dues": host.codec.encode(list(it.dues)),
        "unpaid_before": {
            member: host.codec.encode(amount) for member, amount in brought_forward(it, every).items()
        },
        "paid": {member: on.isoformat() for member, on in it.paid.items()},
        "unpaid": [due.member for due in it.unpaid],
        "attention": host.codec.encode(list(it.attention)),
    }
