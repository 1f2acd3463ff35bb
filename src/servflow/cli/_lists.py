"""Lists of what is stored: their options, and a whole ``list`` command by what each kind shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import attrs
import click

from servflow.cli._host import EVERY, Domain, Host, host_options, instant, now, pass_host
from servflow.cli._sheet import in_full, said, sheet
from servflow.cli._show import as_json, complain
from servflow.cli._stored import plain
from servflow.core.changes import Aggregate
from servflow.core.errors import InvalidValue
from servflow.core.ports import Storage

__all__ = ["Listing", "check_state", "in_state", "list_command", "paged", "tell_more"]

F = TypeVar("F", bound=Callable[..., Any])

in_state: Final = click.option("--state", help="Only those in this state.")


def paged(limit_means: str = "At most so many.") -> Callable[[F], F]:
    """The options ``after`` and ``limit``."""

    def told(command: F) -> F:
        limit = click.option(
            "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help=limit_means
        )
        after = click.option("--after", default="", metavar="ID", help="Only ids beyond this one.")
        return after(limit(command))

    return told


def check_state(kind: str, state: str | None) -> None:
    """That the lifecycle of that name has such a state, where one is asked for.

    Raises:
        InvalidValue: it has none.
    """
    states = [each.value for each in EVERY.named(kind).states]
    if state is not None and state not in states:
        raise InvalidValue("--state", state, "one of " + ", ".join(states))


def tell_more(found: Sequence[Aggregate], limit: int, done: str = "shown") -> None:
    """How to go on, where there may be more than was ``done``."""
    if len(found) == limit:
        complain(f"{limit} {done}; what comes after: --after {found[-1].id}")


@attrs.frozen(kw_only=True)
class Listing:
    """How the aggregates of a class are listed: the title of ``sheet.*``, columns, a row for each."""

    model: type[Aggregate]
    title: str
    columns: tuple[str, ...]
    row: Callable[[Host, Any, datetime], tuple[str, ...]]
    """What stands in the columns, as it is at an instant."""
    late: Callable[[Host, Any, datetime], bool] | None = None
    """Whether it is late at an instant; ``None``: nothing is promised of such."""


def list_command(
    domain: Domain, listings: Mapping[str, Listing], *, help: str, late_means: str
) -> click.Command:
    """The command ``list`` of a domain's group: of each kind by its name; by default of the first."""
    default = next(iter(listings))

    @click.command("list", help=help)
    @click.option(
        "--kind", type=click.Choice(list(listings)), default=default, show_default=True, help="Of what."
    )
    @in_state
    @click.option("--late", is_flag=True, help=f"Only what is late: {late_means}.")
    @paged()
    @click.option("--at", type=instant, help="What is late at this instant (now).")
    @host_options
    @pass_host
    def list_(
        host: Host, kind: str, state: str | None, *, late: bool, after: str, limit: int, at: datetime | None
    ) -> None:
        storage = host.storage_of(domain)
        listing = listings[kind]
        check_state(listing.model.kind, state)
        if late and listing.late is None:
            raise click.UsageError(f"--late: nothing is promised of a {kind}")
        when = at or now()
        late_at = when if late else None
        shown = list(_chosen(host, storage, listing, state=state, after=after, limit=limit, late_at=late_at))
        if host.json:
            as_json([plain(host, it) for it in shown])
            return
        title = said(host, listing.title, at=in_full(host, when))
        sheet(host, title, listing.columns, [listing.row(host, it, when) for it in shown])
        tell_more(shown, limit)

    return list_


def _chosen(
    host: Host,
    storage: Storage,
    listing: Listing,
    *,
    state: str | None,
    after: str,
    limit: int,
    late_at: datetime | None,
) -> Iterator[Aggregate]:
    """At most so many, and where it is asked for only those that are late at an instant."""
    left = limit
    while left and (page := storage.aggregates(listing.model.kind, state=state, after=after, limit=limit)):
        for it in page:
            if left and (late_at is None or (listing.late is not None and listing.late(host, it, late_at))):
                left -= 1
                yield it
        after = page[-1].id
