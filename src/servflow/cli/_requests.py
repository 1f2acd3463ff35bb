"""Requests on the command line: one of a reader's, and what a supplier said of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click

from servflow.cli._fields import typed
from servflow.cli._host import Host, day, host_options, one_of, pass_host
from servflow.cli._loans import actor, find, spoken
from servflow.cli._mailed import mailed, with_mail
from servflow.cli._saying import Saying, Typed, give, own, tell, timed, with_fields
from servflow.cli._stored import stored
from servflow.core.changes import Command, Key
from servflow.core.ill.borrowing.commands import DraftRequest, Hear, Submit
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.terms import Level, Requested, Service

__all__ = ["hear", "request", "wanted"]

F = TypeVar("F", bound=Callable[..., Any])

_CITED: Final = tuple(field.name for field in dataclass_fields(Requested))
_HEARD: Final[Mapping[str, type[Command]]] = {
    re.sub("(?<=.)(?=[A-Z])", "-", each.__name__.removeprefix("Hear")).lower(): each
    for each in BORROWING.commands
    if issubclass(each, Hear)
}
"""What a supplier may have said, by its name on the line: ``renewal-answer``."""


def wanted(command: F) -> F:
    """The options of how and until when something is wanted, and what it may cost."""
    for option in (
        click.option("--max-cost", metavar="AMOUNT", help="What it may cost without asking again."),
        click.option("--need-before", type=day, help="The last day on which it is of use."),
        click.option("--level", type=one_of(Level), default="Normal", show_default=True, help="How fast."),
        click.option(
            "--service", type=one_of(Service), default="Loan", show_default=True, help="What is wanted."
        ),
    ):
        command = option(command)
    return command


@click.command(
    epilog="For instance: servflow ill request B-17 --patron p-17 --title 溪山琴谱 --max-cost 30 --declared"
)
@click.argument("id")
@click.option("--patron", required=True, metavar="REF", help="The reader who asks.")
@click.option("--title", default="", help="What is asked for: its title.")
@click.option("--author", default="", help="Its author.")
@click.option("--edition", default="", help="Which edition.")
@click.option("--volume", default="", help="Which volume.")
@click.option("--publisher", default="", help="Its publisher.")
@click.option("--year", default="", help="The year of its publication.")
@click.option("--record-id", "record_ids", multiple=True, metavar="ID", help="Such as ISBN:1; repeatable.")
@click.option("--article", default="", help="What of it is to be copied: the article's title.")
@click.option("--pages", default="", help="Which pages are to be copied, as cited.")
@wanted
@click.option("--supplier", "suppliers", multiple=True, metavar="REF", help="Whom to ask; repeatable.")
@click.option("--delivery", metavar="WAY", help="How it is wanted, such as 'Email p@example.org'.")
@click.option("--forwardable", is_flag=True, help="A supplier may pass it on to another one.")
@click.option("--note", default="", help="A note of the reader's.")
@click.option("--declared", is_flag=True, help="The reader has accepted the terms (copyright).")
@click.option("--draft", is_flag=True, help="Only write it down; it is filed later, with Submit.")
@click.option(
    "--as",
    "role",
    type=click.Choice(["staff", "patron"]),
    default="staff",
    show_default=True,
    help="Who speaks.",
)
@timed
@host_options
@pass_host
def request(
    host: Host,
    /,
    id: str,
    *,
    patron: str,
    need_before: date | None,
    suppliers: tuple[str, ...],
    declared: bool,
    draft: bool,
    role: str,
    saying: Saying,
    **options: Any,
) -> None:
    """Write down a reader's request, and file it.

    ID is the case that it opens. Filed, it is checked by the rules: blocked, shown to staff, or
    ordered at once. What may not be filed stays a draft.
    """
    terms = [f"{name}={options.pop(name) or 'none'}" for name in ("max_cost", "delivery")]
    cited = {name: options.pop(name, "") for name in _CITED}
    said = {
        **typed(DraftRequest, terms, host.policy(BorrowingCase.kind).currency, data={}),
        **options,
        "patron": patron,
        "library": host.facts_file.library.ref,
        "requested": {**cited, "record_ids": list(cited["record_ids"])},
        "need_before": None if need_before is None else need_before.isoformat(),
        "suppliers": list(suppliers),
    }
    desk = host.desk(new=True)
    by = actor(host, role, BorrowingCase.kind, patron)
    saying = saying.settled()
    key = Key(BorrowingCase.kind, id)
    outcome = give(host, desk, key, DraftRequest, said, by=by, saying=saying)
    if not draft:
        saying = attrs.evolve(saying, command_id=f"{saying.command_id}/submit")
        outcome = give(host, desk, key, Submit, {"declared": declared}, by=by, saying=saying)
    tell(host, outcome)


@click.command(
    help=f"""Enter what a supplier said of a case, by mail or telephone.

    WHAT is one of {", ".join(sorted(_HEARD))}. It is refused in no state: what has no place there is
    shown to staff. With --mail, the ID may be -: the case that the mail answers.
    """,
    epilog="For instance: servflow ill hear B-17 shipped items=CQ-1 due=2026-04-30",
)
@click.argument("id")
@click.argument("what", type=click.Choice(sorted(_HEARD)), metavar="WHAT")
@with_fields
@click.option("--attempt", type=click.IntRange(min=1), help="Of which attempt, from 1 (the present one).")
@with_mail
@timed
@host_options
@pass_host
def hear(
    host: Host,
    id: str,
    what: str,
    *,
    attempt: int | None,
    mail: Path | None,
    from_somebody_else: bool,
    fields: Typed,
    saying: Saying,
) -> None:
    """Enter what a supplier said of a case; see the help above."""
    kind = _HEARD[what]
    desk = host.desk()
    said_by = None if mail is None else mailed(mail, desk.storage, BorrowingCase.kind, id)
    id = id if said_by is None else said_by.key.id
    it = stored(desk.storage, Key(BorrowingCase.kind, id))
    if not isinstance(it, BorrowingCase):
        told = f"what its borrower says is entered with `servflow ill do {id} COMMAND`"
        raise click.UsageError(f"{find(desk.storage, id).id} is no case; {told}")
    number = attempt or (it.current if said_by is None else said_by.attempt(it))
    if number is None:
        raise click.UsageError(f"{id}: no supplier has been asked yet")
    said = {"attempt": number, **own(host, kind, fields)}
    if said_by is not None:
        said = said_by.fields(kind, said)
        asked = it.numbered(said["attempt"])
        if asked is not None:
            said_by.check_sender(host, asked.supplier, somebody_else=from_somebody_else)
        saying = saying.by_mail(said_by, kind, None if asked is None else asked.sent_at)
    by = spoken(host, desk, it.key, said, "staff")
    tell(host, give(host, desk, it.key, kind, said, by=by, saying=saying), said_by)
