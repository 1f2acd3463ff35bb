"""Warranty deposits on the command line: commands given, what may be said, what a building may go through."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import click

from servflow.cli._deposits_assessing import ASSESSING_COMMANDS
from servflow.cli._deposits_desk import ROLES, found, readers, speaker
from servflow.cli._deposits_lists import LIST_COMMANDS
from servflow.cli._deposits_reports import REPORT_COMMANDS
from servflow.cli._deposits_shown import show
from servflow.cli._fields import command_named, own_fields
from servflow.cli._host import DEPOSITS, Host, host_options, instant, now, pass_host
from servflow.cli._saying import Saying, Typed, give, own, tell, timed, with_fields
from servflow.cli._sheet import in_full, said, sheet, tell_allowed_in_words
from servflow.cli._show import as_json
from servflow.cli._stored import loaded, stored
from servflow.core.changes import Command, Key
from servflow.core.dates import Period
from servflow.core.deposits.accounts.commands import AssessDeposit, HandOverBuilding, PassGate
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import Gate
from servflow.core.deposits.claims.states import ClaimRole
from servflow.core.errors import InvalidValue, NotFound
from servflow.core.lifecycle import OPENING

__all__ = ["deposits"]

_who: Final = click.option(
    "--as",
    "who",
    default="authority",
    show_default=True,
    metavar="ROLE|PARTY",
    help=f"Who speaks: {', '.join(ROLES)}, or a party of the host's facts, such as an owner.",
)


@click.group()
@host_options
def deposits() -> None:
    """Warranty deposits: assessed, kept, used, given back."""


@deposits.command(epilog="For instance: servflow deposits do A-1 AssessDeposit cost=120000000")
@click.argument("id")
@click.argument("command", metavar="COMMAND")
@with_fields
@_who
@timed
@host_options
@pass_host
def do(host: Host, id: str, command: str, *, who: str, fields: Typed, saying: Saying) -> None:
    """Give a command to the account of a building, or to a claim.

    The command says to which. A building that the host's facts have need not be described to assess it.
    """
    kind = command_named(command, DEPOSITS.lifecycles)
    lifecycle = DEPOSITS.lifecycles.of(kind)
    desk = host.desk_of(DEPOSITS, new=bool(lifecycle.cell(OPENING, kind)))
    key = Key(lifecycle.name, id)
    it = stored(desk.storage, key)
    if it is None and not lifecycle.cell(OPENING, kind):
        raise NotFound(lifecycle.name, id)
    role = fields.said("role")
    by = speaker(host, desk.storage, it, who, account=fields.said("account"), role=role)
    said = own(host, kind, fields, readers(host.codec, host.deposits.currency))
    if "role" in own_fields(kind):
        said.setdefault("role", who if who in ROLES else next(iter(by.posts), ClaimRole.OWNER.value))
    if kind is AssessDeposit and "building" not in said:
        said["building"] = _building(host, id)
    tell(host, give(host, desk, key, kind, said, by=by, saying=saying))


def _building(host: Host, id: str) -> Any:
    """The building of that account by the host's facts."""
    known = host.deposits_file.buildings
    if id not in known:
        expected = f"building=…, or an id of the host's facts: {', '.join(known) or 'there is none'}"
        raise InvalidValue("building", id, expected)
    return host.codec.encode(known[id])


@deposits.command()
@click.argument("id")
@_who
@click.option("--at", type=instant, help="Judged at this instant (now).")
@host_options
@pass_host
def allowed(host: Host, id: str, who: str, at: datetime | None) -> None:
    """What may be said to it now by whom, and why not the rest."""
    desk = host.desk_of(DEPOSITS)
    it = found(desk.storage, id)
    by = speaker(host, desk.storage, it, who, account=None, role=None)
    tell_allowed_in_words(host, desk, it, by, at or now(), who)


_YEARS: Final = Period(months=50 * 12)
"""A design life, where it is only asked whether the building may be handed over."""


_GATES: Final = {"passed": "has passed", "open": "may pass", "closed": "may not pass"}
"""How a building stands at a gate, and the texts of ``sheet.*`` that say so."""


@deposits.command()
@click.argument("id")
@click.option(
    "--gate", "only", type=click.Choice([each.value for each in Gate]), help="Only this one of the three."
)
@click.option("--at", type=instant, help="Judged at this instant (now).")
@host_options
@pass_host
def gates(host: Host, id: str, only: str | None, at: datetime | None) -> int:
    """Whether a building may be handed over, filed, registered; and why not.

    Exit code 1 where one that was asked for is closed.
    """
    desk = host.desk_of(DEPOSITS)
    it = loaded(desk.storage, DepositAccount, id)
    when = at or now()
    envelope: dict[str, Any] = {
        "id": "what-if",
        "case": id,
        "by": host.deposits_file.actor(host.deposits_file.authority.ref),
        "happened_at": when,
        "recorded_at": when,
    }
    rows, document = [], []
    closed = False
    for gate in Gate:
        if only not in {None, gate.value}:
            continue
        passed = it.handed_over_on if gate is Gate.HANDOVER else it.passed.get(gate.value)
        command: Command = (
            HandOverBuilding(design_life=_YEARS, **envelope)
            if gate is Gate.HANDOVER
            else PassGate(gate=gate, **envelope)
        )
        reasons = () if passed else desk.check(command)
        closed = closed or bool(reasons)
        texts = [host.texts.reason(each) for each in reasons]
        state = "passed" if passed else "closed" if reasons else "open"
        document.append(
            {
                "gate": gate.value,
                "state": state,
                "passed_on": None if passed is None else passed.isoformat(),
                "reasons": host.codec.encode(list(reasons)),
                "texts": texts,
            }
        )
        on = "" if passed is None else host.texts.day(passed)
        rows.append((host.texts.name("gate", gate.value), said(host, _GATES[state]), on, "\n".join(texts)))
    if host.json:
        as_json(document)
    else:
        title = said(host, "gates", id=id, at=in_full(host, when))
        sheet(host, title, ("gate", "state", "passed on", "why not"), rows)
    return 1 if closed else 0


for _each in (*LIST_COMMANDS, show, *ASSESSING_COMMANDS, *REPORT_COMMANDS):
    deposits.add_command(_each)
