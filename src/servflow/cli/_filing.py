"""A gateway on the command line: requests filed, passed on, answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields as dataclass_fields
from datetime import date
from typing import Any, Final, TypeVar

import click

from servflow.cli._fields import typed
from servflow.cli._host import Host, host_options, one_of, pass_host
from servflow.cli._requests import wanted
from servflow.cli._saying import Saying, Typed, give, own, timed, with_fields
from servflow.cli._show import as_json, table
from servflow.cli._stored import loaded
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import InvalidCommand, Problem
from servflow.core.ill.filing.commands import FileRequest
from servflow.core.ill.filing.model import Filing
from servflow.core.ill.filing.states import Entry
from servflow.core.ill.filing.table import FILING
from servflow.core.ill.network import home_library
from servflow.core.ill.network.modes import Route
from servflow.core.ill.terms import Requested
from servflow.core.lifecycle import OPENING
from servflow.desk import Desk

__all__ = ["filing"]

F = TypeVar("F", bound=Callable[..., Any])
_CITED: Final = tuple(field.name for field in dataclass_fields(Requested) if field.name != "record_ids")


@click.group()
@host_options
def filing() -> None:
    """A gateway: requests as they are filed."""


def _cited(command: F) -> F:
    """An option for each part of a citation."""
    for name in reversed(_CITED):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, name, default="", help="As cited.")(command)
    record_ids = click.option("--record-id", "record_ids", multiple=True, metavar="ID", help="Repeatable.")
    return record_ids(command)


@filing.command(
    epilog="For instance: servflow filing file F-1 --patron p-17 --from-address 202.120.7.1 --title 溪山琴谱"
)
@click.argument("id")
@click.option("--patron", required=True, metavar="REF", help="The reader who asks.")
@click.option("--library", default="", metavar="REF", help="The home library that is chosen (that proposed).")
@click.option("--from-address", metavar="IP", help="Where the reader comes from; it proposes a library.")
@click.option("--route", type=one_of(Route), default="login", show_default=True, help="How it is filed.")
@click.option("--entry", type=one_of(Entry), default="gateway", show_default=True, help="By which way.")
@click.option("--service-chosen", is_flag=True, help="In the portal, the ILL service was chosen.")
@_cited
@wanted
@click.option("--delivery", metavar="WAY", help="How it is wanted, such as 'Courier room-214'.")
@click.option("--note", default="", help="A note of the reader's.")
@click.option("--declared", is_flag=True, help="The reader has accepted the terms (copyright).")
@click.option("--detail", "details", multiple=True, metavar="NAME", help="One the form held; repeatable.")
@click.option("--librarian", default="", metavar="REF", help="To whom the form is addressed.")
@click.option(
    "--as",
    "role",
    type=click.Choice(["patron", "librarian"]),
    default="patron",
    show_default=True,
    help="Who files.",
)
@click.option("--by", "party", metavar="REF", help="The librarian who files.")
@timed
@host_options
@pass_host
def file(
    host: Host,
    /,
    id: str,
    *,
    from_address: str | None,
    need_before: date | None,
    role: str,
    party: str | None,
    saying: Saying,
    **options: Any,
) -> None:
    """File a request at this gateway.

    ID is the filing that it opens. Without --library it is filed for the library that --from-address
    proposes; the address itself is kept nowhere.
    """
    terms = [f"{name}={options.pop(name) or 'none'}" for name in ("max_cost", "delivery")]
    proposed = None if from_address is None else home_library(host.facts_file.networks, from_address)
    home = options["library"] or proposed or ""
    said = {
        **typed(FileRequest, terms, host.network.currency, data={}),
        "requested": {name: options.pop(name) for name in _CITED}
        | {"record_ids": [*options.pop("record_ids")]},
        **options,
        "details": list(options["details"]),
        "proposed": proposed,
        "need_before": None if need_before is None else need_before.isoformat(),
    }
    by = _actor(host, role, home, options["patron"], party)
    _given(host, host.desk(new=True), id, FileRequest, said, by, saying)


@filing.command(epilog="For instance: servflow filing do F-1 RecordAnswer filled=true --as librarian")
@click.argument("id")
@click.argument("command", metavar="COMMAND")
@with_fields
@click.option(
    "--as",
    "role",
    type=click.Choice(["patron", "librarian", "staff", "clock"]),
    default="staff",
    show_default=True,
    help="Who speaks.",
)
@click.option("--by", "party", metavar="REF", help="The librarian who speaks.")
@timed
@host_options
@pass_host
def do(
    host: Host,
    id: str,
    command: str,
    *,
    role: str,
    party: str | None,
    fields: Typed,
    saying: Saying,
) -> None:
    """Give a command to a filing."""
    known = {each.__name__: each for each in FILING.commands if not FILING.cell(OPENING, each)}
    if command not in known:
        raise InvalidCommand("command", [Problem("command", repr(command), f"one of {', '.join(known)}")])
    kind = known[command]
    said = own(host, kind, fields)
    desk = host.desk()
    it = loaded(desk.storage, Filing, id)
    _given(host, desk, id, kind, said, _actor(host, role, it.library, it.patron, party), saying)


@filing.command()
@click.argument("id")
@host_options
@pass_host
def show(host: Host, id: str) -> None:
    """How a filing stands."""
    _shown(host, loaded(host.desk().storage, Filing, id))


def _actor(host: Host, role: str, library: str, patron: str, party: str | None) -> Actor:
    """Somebody in that role towards a filing for a reader of that library."""
    gateway = host.facts_file.library.ref
    if role == "librarian":
        return Actor(party or "librarian", library, Office.STAFF)
    if role == "patron":
        return Actor(patron, gateway, Office.PERSON)
    return Actor(role, gateway, Office.CLOCK if role == "clock" else Office.STAFF)


def _given(
    host: Host, desk: Desk, id: str, kind: type[Command], said: Any, by: Actor, saying: Saying
) -> None:
    """Give the command, and show what has become of the filing."""
    give(host, desk, Key(Filing.kind, id), kind, said, by=by, saying=saying)
    _shown(host, loaded(desk.storage, Filing, id))


def _shown(host: Host, it: Filing) -> None:
    if host.json:
        as_json({"id": it.id, "version": it.version, **host.codec.encode_aggregate(it)})
        return
    rows = [
        ("state", host.texts.state(Filing.kind, it.state)),
        ("title", it.requested.title),
        ("for", it.patron),
        ("home library", it.library),
        ("proposed", it.proposed or "-"),
        ("mode", host.texts.name("mode", it.mode.value) if it.mode is not None else "-"),
        ("under the account", it.account),
        ("answer in time until", host.texts.day(it.answer_by)),
        *(
            ("filed on", f"{host.texts.day(step.on)}: {step.to} {step.reference}".strip())
            for step in it.onward
        ),
        *((("answer", it.answer),) if it.answer else ()),
    ]
    table(it.id, ("", ""), rows)
