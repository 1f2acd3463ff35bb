"""The loan desk on the command line: requests taken in, and commands given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from servflow.adapters.partner_iso18626 import is_ours, read_request
from servflow.cli._accounts import attention, statement
from servflow.cli._cases import list_, show, why
from servflow.cli._fields import command_named
from servflow.cli._host import Host, host_options, instant, now, pass_host
from servflow.cli._loans import ROLES, Kept, actor, find, other, spoken
from servflow.cli._mailed import mailed, with_mail
from servflow.cli._requests import hear, request
from servflow.cli._saying import Saying, Typed, give, own, tell, tell_allowed, timed, with_fields
from servflow.cli._show import as_json, table
from servflow.cli._stored import stored
from servflow.core.changes import Command, Key
from servflow.core.errors import (
    InvalidMessage,
    MissingExtra,
    Problem,
    Refused,
    ServflowError,
)
from servflow.core.ill.borrowing.commands import Hear
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.lifecycle import OPENING
from servflow.desk import Desk

__all__ = ["ill"]

_REFUSED: Final = 3
_LOANS: Final = tuple(lifecycle for lifecycle in CENTRE if issubclass(lifecycle.model, Kept))


@click.group()
@host_options
def ill() -> None:
    """The loan desk, both sides: requests, commands, what is owed."""


for each in (list_, show, why, request, hear, attention, statement):
    ill.add_command(each)


@ill.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--at", type=instant, help="When they came in (now).")
@host_options
@pass_host
def import_(host: Host, files: tuple[Path, ...], at: datetime | None) -> int:
    """Take in requests, one ISO 18626 message a file.

    Each opens a transaction or names its mistake. A request that was taken in before is
    recognised and changes nothing.
    """
    from rich.console import Console
    from rich.progress import track

    received_at = at or now()
    desk = host.desk(new=True)
    watched = Console(stderr=True)
    rows: list[dict[str, Any]] = []
    code = 0
    progress = track(files, "Reading requests", console=watched, transient=True)
    for file in progress if watched.is_terminal else files:
        try:
            rows.append({"file": str(file), **_taken_in(host, desk, file, received_at)})
        except MissingExtra:
            raise
        except ServflowError as error:
            rows.append({"file": str(file), **host.told(error)})
            code = max(code, _REFUSED if isinstance(error, Refused) else 1)
    if host.json:
        as_json(rows)
    else:
        table("requests", ("file", "case", "state", "why"), [_row(host, row) for row in rows])
    return code


def _taken_in(host: Host, desk: Desk, file: Path, received_at: datetime) -> dict[str, Any]:
    try:
        content = file.read_bytes()
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise InvalidMessage(str(file), [Problem("the file", found, "one that can be read")]) from None
    command = read_request(content, received_at=received_at)
    if is_ours(desk.facts, command.requester):
        command = read_request(content, received_at=received_at, lines=True)
    receipt = desk.do(command)
    it = find(desk.storage, command.case)
    assert isinstance(it, SupplyTransaction)
    return {
        "case": it.id,
        "title": it.requested.title,
        "state": it.state.value,
        "repeated": receipt.repeated,
        "reasons": host.codec.encode(list(it.reasons)),
        "texts": [host.texts.reason(reason) for reason in it.reasons],
    }


def _row(host: Host, row: dict[str, Any]) -> tuple[str, ...]:
    texts = ["taken in before"] if row.get("repeated") else []
    state = host.texts.name(f"state.{SupplyTransaction.kind}", row["state"]) if "state" in row else "-"
    return row["file"], row.get("case", "-"), state, "\n".join([*texts, *row["texts"]])


@ill.command()
@click.argument("id")
@click.option("--as", "role", type=ROLES, default="staff", show_default=True, help="Who speaks.")
@click.option("--at", type=instant, help="Judged at this instant (now).")
@host_options
@pass_host
def allowed(host: Host, id: str, role: str, at: datetime | None) -> None:
    """What may be said to it now by whom, and why not the rest."""
    desk = host.desk()
    it = find(desk.storage, id)
    tell_allowed(host, desk, it, actor(host, role, it.kind, other(it, role)), at or now(), role)


@ill.command(epilog="For instance: servflow ill do CN-110108/42 Ship items=NLC-1,NLC-2")
@click.argument("id")
@click.argument("command", metavar="COMMAND")
@with_fields
@click.option("--as", "role", type=ROLES, default="staff", show_default=True, help="Who speaks.")
@with_mail
@timed
@host_options
@pass_host
def do(
    host: Host,
    id: str,
    command: str,
    *,
    role: str,
    mail: Path | None,
    from_somebody_else: bool,
    fields: Typed,
    saying: Saying,
) -> None:
    """Give a command to a transaction, relation or case.

    With --mail it is what another library says there; the ID may be -: the case that the mail answers.
    """
    kind = command_named(command, _LOANS)
    lifecycle = CENTRE.of(kind)
    said = own(host, kind, fields)
    desk = host.desk(new=bool(lifecycle.cell(OPENING, kind)))
    if mail is None:
        key = Key(lifecycle.name, id)
        by = spoken(host, desk, key, said, role)
        tell(host, give(host, desk, key, kind, said, by=by, saying=saying))
        return
    said_by = mailed(mail, desk.storage, lifecycle.name, id)
    said = said_by.fields(kind, said)
    said_by.check_sender(host, _speaker(desk, said_by.key, kind, said), somebody_else=from_somebody_else)
    saying = saying.by_mail(said_by, kind)
    by = spoken(host, desk, said_by.key, said, role)
    tell(host, give(host, desk, said_by.key, kind, said, by=by, saying=saying), said_by)


def _speaker(desk: Desk, key: Key, kind: type[Command], said: Mapping[str, Any]) -> str:
    """Whose mail a command is from: the borrower of a transaction; of a case, a supplier or the reader."""
    it = stored(desk.storage, key)
    if it is None:
        return str(said.get("requester", ""))
    assert isinstance(it, Kept)
    role = "supplier" if issubclass(kind, Hear) else "patron"
    return other(it, role, said.get("attempt")) or ""
