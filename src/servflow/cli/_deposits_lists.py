"""What is at a desk of deposits, listed; what has to be done by which day; what staff have to see to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

import attrs
import click

from servflow.cli._attention import Seen, seen_as_json, untold_rows
from servflow.cli._host import DEPOSITS, Host, host_options, instant, now, pass_host
from servflow.cli._lists import check_state, in_state, paged, tell_more
from servflow.cli._service_case import clause_plain
from servflow.cli._service_clock import plain_instant
from servflow.cli._sheet import in_full, in_words, moment, said, sheet
from servflow.cli._show import as_json, progress
from servflow.cli._stored import every, plain
from servflow.core.changes import Aggregate
from servflow.core.citations import Clause
from servflow.core.deposits.accounts.deadlines import (
    kept_through,
    publication,
    release_by,
    year_to_publish,
)
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.assessing import order_in_force
from servflow.core.deposits.claims.guards import last_days
from servflow.core.deposits.claims.model import DepositClaim
from servflow.core.deposits.holdings import unpaid
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.words import AtTheLimit
from servflow.core.ports import Status, Storage

__all__ = ["LIST_COMMANDS", "deadlines", "in_short"]

S = AccountState
_DAY: Final = timedelta(days=1)
_KEPT: Final = frozenset({S.HELD, S.PARTLY_RELEASED})
_PUBLISHED: Final = frozenset(S) - {S.ASSESSED, S.CLOSED}


# --- deadlines ------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Deadline:
    """A day that is ahead of an account or a claim, or over."""

    it: DepositAccount | DepositClaim
    day: date
    """The last day, that day included."""
    what: str
    """A key of ``_WHAT``, or a deadline of a claim.

    ``rest``: the end of the longest keeping, where all that is left goes back then.
    """
    of: str = ""
    """The part or the year that it is of."""
    clause: Clause | None = None
    to_do: bool = True
    """Whether something has to be done by then; else it is only good to know."""

    def is_late(self, day: date) -> bool:
        """Whether it should have been done before that day."""
        return self.to_do and self.day < day


_WHAT: Final = {
    "review": "a review may be asked for",
    "payment": "payment ordered",
    "publication": "statement to publish",
    "warranty-end": "warranty ends",
    "release": "share to release",
    "keeping-end": "keeping ends",
    "rest": "rest to release",
}
"""The days of an account, and the texts of ``sheet.*`` that say them."""


def in_short(host: Host, each: Deadline) -> str:
    """What it is, in a few words."""
    if each.what not in _WHAT:
        return host.texts.name("claim-deadline", each.what)
    return said(host, _WHAT[each.what], of=host.texts.name("building-part", each.of) if each.of else "")


def deadlines(it: DepositAccount | DepositClaim, policy: DepositPolicy, day: date) -> list[Deadline]:
    """All of it as it is on ``day``, the first day first; what only would have been of use is left out."""
    found = _of_claim(it, policy) if isinstance(it, DepositClaim) else _of_account(it, policy)
    kept = (each for each in found if each.to_do or each.day >= day)
    return sorted(kept, key=lambda each: (each.day, each.what, each.of))


def _of_claim(it: DepositClaim, policy: DepositPolicy) -> Iterator[Deadline]:
    for deadline, last, clause in last_days(it, policy):
        yield Deadline(it=it, day=last, what=deadline.value, clause=clause)


def _of_account(it: DepositAccount, policy: DepositPolicy) -> Iterator[Deadline]:
    received = it.letter_received_on
    if it.state is S.DUE and received is not None and not it.review_asked:
        days = policy.review_days.on(received)
        last = received + days.value * _DAY
        yield Deadline(it=it, day=last, what="review", clause=days.clause, to_do=False)
    order = order_in_force(it)
    if order is not None and it.state is not S.CLOSED and unpaid(it):
        clause = policy.surcharge_on_day_of_payment.on(order.by_day).clause
        yield Deadline(it=it, day=order.by_day, what="payment", clause=clause)
    if it.state in _KEPT:
        yield from _of_parts(it, policy)
    year = year_to_publish(it) if it.state in _PUBLISHED else None
    if year is not None:
        on = publication(year, policy)
        yield Deadline(
            it=it, day=on, what="publication", of=str(year), clause=policy.published_on.on(on).clause
        )


def _of_parts(it: DepositAccount, policy: DepositPolicy) -> Iterator[Deadline]:
    for name, part in it.parts.items():
        if part.released_on is not None or part.until is None:
            continue
        last = part.until - _DAY
        clause = policy.warranties.on(last).clause
        yield Deadline(it=it, day=last, what="warranty-end", of=name, clause=clause, to_do=False)
        by = release_by(part, policy)
        if by is not None and not _is_held_back(it, policy, name, by):
            yield Deadline(it=it, day=by, what="release", of=name, clause=policy.release_days.on(last).clause)
    last_kept = kept_through(it, policy)
    if last_kept is not None:
        clause = policy.kept_at_most.on(last_kept).clause
        goes_back = policy.at_the_limit.on(last_kept).value is AtTheLimit.RELEASED
        what = "rest" if goes_back else "keeping-end"
        yield Deadline(it=it, day=last_kept, what=what, clause=clause, to_do=goes_back)


def _is_held_back(it: DepositAccount, policy: DepositPolicy, name: str, day: date) -> bool:
    """Whether a defect or a claim keeps the share of the part from being released."""
    defects = any(each.part == name and each.repaired_on is None for each in it.defects.values())
    claims = any(each.part == name and each.open for each in it.claims.values())
    held_by_defect = defects and policy.serious_defect_holds.on(day).value
    return held_by_defect or (claims and policy.open_claim_holds.on(day).value)


def _is_late(host: Host, it: Any, at: datetime) -> bool:
    on = host.deposits.day(at)
    return any(each.is_late(on) for each in deadlines(it, host.deposits, on))


# --- lists ----------------------------------------------------------------------------------------------


def _chosen(
    storage: Storage,
    kind: type[Aggregate],
    state: str | None,
    after: str,
    limit: int,
    taken: Callable[[Any], bool],
) -> list[Any]:
    """At most so many of those that are taken."""
    found: list[Any] = []
    while page := storage.aggregates(kind.kind, state=state, after=after, limit=limit):
        found += filter(taken, page)
        if len(found) >= limit:
            break
        after = page[-1].id
    return found[:limit]


@click.command("list")
@in_state
@click.option("--developer", metavar="REF", help="Only this developer's.")
@click.option("--project", metavar="REF", help="Only of this project.")
@click.option("--overdue", is_flag=True, help="Only where something should have been done before.")
@paged()
@click.option("--at", type=instant, help="What is overdue at this instant (now).")
@host_options
@pass_host
def list_(
    host: Host,
    state: str | None,
    *,
    developer: str | None,
    project: str | None,
    overdue: bool,
    after: str,
    limit: int,
    at: datetime | None,
) -> None:
    """The accounts of the buildings."""
    storage = host.storage_of(DEPOSITS)
    check_state(DepositAccount.kind, state)
    when = at or now()

    def taken(it: DepositAccount) -> bool:
        building = it.building
        named = developer in {None, building.developer} and project in {None, building.project}
        return named and (not overdue or _is_late(host, it, when))

    found = _chosen(storage, DepositAccount, state, after, limit, taken)
    if host.json:
        as_json([plain(host, it) for it in found])
        return
    columns = (
        "account",
        "project",
        "building",
        "developer",
        "state",
        "deposit",
        "unpaid",
        "balance",
        "day ahead",
        "late",
        "to see",
    )
    title = said(host, "deposit accounts", at=in_full(host, when))
    sheet(host, title, columns, [_account_row(host, it, when) for it in found])
    tell_more(found, limit)


def _account_row(host: Host, it: DepositAccount, at: datetime) -> tuple[str, ...]:
    texts = host.texts
    left = unpaid(it)
    return (
        it.id,
        it.building.project,
        it.building.building,
        it.building.developer,
        texts.state(it.kind, it.state),
        texts.money(it.target),
        texts.money(left) if left else "",
        texts.money(it.balance),
        _next(host, it, at),
        "!" if _is_late(host, it, at) else "",
        str(len(it.attention) or ""),
    )


def _next(host: Host, it: DepositAccount | DepositClaim, at: datetime) -> str:
    """The first day that is ahead or late, and of what it is."""
    first = next(iter(deadlines(it, host.deposits, host.deposits.day(at))), None)
    return "" if first is None else f"{host.texts.day(first.day)}: {in_short(host, first)}"


@click.command()
@in_state
@click.option("--account", metavar="ID", help="Only of this building.")
@click.option("--developer", metavar="REF", help="Only against this developer.")
@click.option("--overdue", is_flag=True, help="Only where something should have been done before.")
@paged()
@click.option("--at", type=instant, help="What is overdue at this instant (now).")
@host_options
@pass_host
def claims(
    host: Host,
    state: str | None,
    *,
    account: str | None,
    developer: str | None,
    overdue: bool,
    after: str,
    limit: int,
    at: datetime | None,
) -> None:
    """The claims to the use of deposits."""
    storage = host.storage_of(DEPOSITS)
    check_state(DepositClaim.kind, state)
    when = at or now()

    def taken(it: DepositClaim) -> bool:
        named = account in {None, it.account} and developer in {None, it.developer}
        return named and (not overdue or _is_late(host, it, when))

    found = _chosen(storage, DepositClaim, state, after, limit, taken)
    if host.json:
        as_json([plain(host, it) for it in found])
        return
    columns = (
        "claim",
        "account",
        "part of the building",
        "what",
        "filed on",
        "state",
        "paid out",
        "day ahead",
        "late",
        "to see",
    )
    title = said(host, "deposit claims", at=in_full(host, when))
    sheet(host, title, columns, [_claim_row(host, it, when) for it in found])
    tell_more(found, limit)


def _claim_row(host: Host, it: DepositClaim, at: datetime) -> tuple[str, ...]:
    texts = host.texts
    return (
        it.id,
        it.account,
        texts.name("building-part", it.part) + (f" ({it.unit})" if it.unit else ""),
        it.what,
        texts.day(it.filed_on),
        texts.state(it.kind, it.state),
        "" if it.paid is None else texts.money(it.paid.amount),
        _next(host, it, at),
        "!" if _is_late(host, it, at) else "",
        str(len(it.attention) or ""),
    )


# --- what is due ----------------------------------------------------------------------------------------


@click.command()
@click.option(
    "--within", type=click.IntRange(0, 36_525), default=60, show_default=True, help="How many days ahead."
)
@click.option("--developer", metavar="REF", help="Only of this developer's buildings.")
@click.option("--at", type=instant, help="As it stands at this instant (now).")
@host_options
@pass_host
def due(host: Host, within: int, developer: str | None, at: datetime | None) -> None:
    """The days that are ahead, and what should have been done before; the first day first.

    With the instant at which `servflow wake` will next have something to say of it.
    """
    storage = host.storage_of(DEPOSITS)
    policy = host.deposits
    when = at or now()
    on = policy.day(when)
    last = on + within * _DAY
    found = [
        each
        for it in _everything(storage)
        if developer is None or _developer(it) == developer
        for each in deadlines(it, policy, on)
        if each.day <= last
    ]
    found.sort(key=lambda each: (each.day, each.it.id, each.what, each.of))
    if host.json:
        as_json([_plain_deadline(host, each, on) for each in found])
        return
    rows = [
        (
            host.texts.day(each.day),
            str((each.day - on).days),
            each.it.id,
            in_short(host, each),
            "!" if each.is_late(on) else "",
            moment(host, _wakes_at(each.it, policy)),
            "" if each.clause is None else each.clause.id,
        )
        for each in found
    ]
    columns = ("last day", "days left", "id", "what", "late", "clock looks", "clause")
    sheet(host, said(host, "deadlines", at=in_full(host, when)), columns, rows)


def _everything(storage: Storage) -> Iterator[DepositAccount | DepositClaim]:
    yield from progress(every(storage, DepositAccount), "Accounts")
    yield from progress(every(storage, DepositClaim), "Claims")


def _developer(it: DepositAccount | DepositClaim) -> str:
    return it.developer if isinstance(it, DepositClaim) else it.building.developer


def _wakes_at(it: Aggregate, policy: DepositPolicy) -> datetime | None:
    return DEPOSITS.lifecycles.named(it.kind).next_wake(it, policy)


def _plain_deadline(host: Host, each: Deadline, on: date) -> dict[str, Any]:
    return {
        "kind": each.it.kind,
        "id": each.it.id,
        "what": each.what,
        "of": each.of,
        "last_day": each.day.isoformat(),
        "late": each.is_late(on),
        "wakes_at": plain_instant(_wakes_at(each.it, host.deposits), host.zone),
        "clause": None if each.clause is None else clause_plain(each.clause),
    }


# --- what staff have to see to --------------------------------------------------------------------------


@click.command()
@host_options
@pass_host
def attention(host: Host) -> None:
    """Everything that staff have to see to.

    It is taken off the list with SeeToDeposit or SeeToClaim, by its code. After it what could not be told
    to somebody and will not be sent again.
    """
    storage = host.storage_of(DEPOSITS)
    seen = [Seen(it, _about(it)) for it in _everything(storage) if it.attention]
    failed = list(storage.outbox(status=Status.FAILED))
    if host.json:
        seen_as_json(host, seen, failed)
        return
    rows: Iterable[tuple[str, ...]] = (row for each in seen for row in each.rows(host))
    sheet(host, said(host, "to be seen to"), ("id", "about", "state", "what", "code"), rows)
    untold_rows(failed, in_words(host).table)


def _about(it: DepositAccount | DepositClaim) -> str:
    return it.what if isinstance(it, DepositClaim) else f"{it.building.project} {it.building.building}"


LIST_COMMANDS: Final = (list_, claims, due, attention)
