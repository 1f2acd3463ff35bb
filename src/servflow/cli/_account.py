"""Accounts on the command line: registered, confirmed, paid, left; and who signs in by what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, BinaryIO, Final

import click

from servflow.cli._fields import own_fields
from servflow.cli._host import Host, host_options, instant, now, pass_host
from servflow.cli._saying import Saying, own, timed, with_fields
from servflow.cli._show import as_json, complain, say, table
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import InvalidValue, NotFound
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import Identity, IllAccount, account_of
from servflow.core.ill.accounts.states import AccountState, HolderKind, IdentityKind
from servflow.core.ports import Storage

__all__ = ["account"]

_SAYS: Final[Mapping[str, tuple[type[Command], str]]] = MappingProxyType(
    {
        "register": (c.RegisterAccount, "Register somebody."),
        "register-again": (c.RegisterAgain, "Register who was declined, or has left."),
        "confirm": (c.ConfirmAccount, "Confirm a registration and set its terms."),
        "decline": (c.DeclineAccount, "Do not confirm a registration."),
        "terms": (c.SetTerms, "Set other terms, or a later last day."),
        "suspend": (c.SuspendAccount, "Suspend an account."),
        "reinstate": (c.ReinstateAccount, "End a suspension."),
        "bind": (c.BindIdentity, "Bind an identity to sign in by."),
        "release": (c.ReleaseIdentity, "Release an identity."),
        "mode": (c.ChooseMode, "Choose the mode of an institution."),
        "pay-in": (c.PayIn, "Take a payment."),
        "deposit": (c.PayDeposit, "Take a deposit."),
        "refund": (c.RefundDeposit, "Give a deposit back."),
        "give-back": (c.GiveBack, "Give back what is left of a prepayment."),
        "waive": (c.WaiveCharge, "Waive a charge."),
        "clear": (c.Clear, "Issue clearance."),
        "close": (c.CloseAccount, "Close an account."),
    }
)
"""What is said to an account, by its name on the line, and in short."""

_COLUMNS: Final = ("account", "holder", "home", "state", "valid through", "balance", "available", "cases")


@click.group()
@host_options
def account() -> None:
    """Accounts of readers, operators and institutions at this desk."""


def _spoken(name: str, kind: type[Command], short: str) -> click.Command:
    """The command line's command of that name: it gives ``kind`` to an account."""
    fields = ", ".join(own_fields(kind))
    takes = f"Fields, as NAME=VALUE: {fields}." if fields else "It has no fields of its own."
    said = (kind.__doc__ or "").strip().splitlines()[0]

    @click.command(name, short_help=short, help=f"{said}\n\n{takes}")
    @click.argument("id")
    @with_fields
    @click.option(
        "--as",
        "role",
        type=click.Choice(["staff", "operator", "holder"]),
        default="staff",
        show_default=True,
        help="Who speaks: the desk's staff, staff of another library, or the holder himself.",
    )
    @click.option("--of", "serves", metavar="LIBRARY", help="Of which library (the desk's own).")
    @click.option("--by", "party", metavar="REF", help="Who it is (staff; the holder).")
    @timed
    @host_options
    @pass_host
    def give(
        host: Host,
        id: str,
        assignments: tuple[str, ...],
        *,
        role: str,
        serves: str | None,
        party: str | None,
        saying: Saying,
        data: BinaryIO | None,
    ) -> None:
        by = _speaker(host, id, role, serves, party)
        _give(host, kind, id, own(host, kind, assignments, data), by, saying)

    return give


for _name, (_kind, _short) in _SAYS.items():
    account.add_command(_spoken(_name, _kind, _short))


def _speaker(host: Host, id: str, role: str, serves: str | None, party: str | None) -> Actor:
    if role == "operator" and (serves is None or party is None):
        raise click.UsageError("--as operator: say of which library (--of) and who it is (--by)")
    office = Office.PERSON if role == "holder" else Office.STAFF
    if role == "holder" and serves == id:  # an institution speaks through its staff
        office = Office.STAFF
    return Actor(party or (id if role == "holder" else "staff"), serves or host.library, office)


def _give(
    host: Host, kind: type[Command], id: str, said: Mapping[str, Any], by: Actor, saying: Saying
) -> None:
    desk = host.desk(new=kind is c.RegisterAccount)
    before = _found(desk.storage, id)
    envelope = {"command": kind.__name__, "case": id, "by": host.codec.encode(by), **saying.envelope()}
    receipt = desk.do(host.codec.decode_command({**said, **envelope}))
    it = _stored(desk.storage, id)
    journal = desk.storage.journal(it.key, after=0 if before is None else before.version)
    commands = [entry.document["command"]["command"] for entry in journal]
    followed = commands[1:]
    if host.json:
        as_json(
            {
                "id": it.id,
                "state": it.state.value,
                "version": it.version,
                "followed": followed,
                "repeated": receipt.repeated,
                "receipt": host.codec.encode(receipt),
            }
        )
        return
    names = "; ".join(host.texts.name("command", name) for name in (kind.__name__, *followed))
    again = " (given before; nothing changed)" if receipt.repeated else ""
    say(f"{it.id}: {names} -> {host.texts.state(it.kind, it.state)}{again}")


def _found(storage: Storage, id: str) -> IllAccount | None:
    try:
        it = storage.load(Key(IllAccount.kind, id))
    except NotFound:
        return None
    assert isinstance(it, IllAccount)
    return it


def _stored(storage: Storage, id: str) -> IllAccount:
    it = _found(storage, id)
    if it is None:
        raise NotFound("account", id)
    return it


@account.command("sign-in", epilog="For instance: servflow account sign-in email t-17")
@click.argument("kind", type=click.Choice([each.value for each in IdentityKind]))
@click.argument("token")
@click.option("--at", type=instant, help="When (now).")
@host_options
@pass_host
def sign_in(host: Host, kind: str, token: str, at: datetime | None) -> int:
    """To which account an identity leads.

    And whether it can be used; the exit code is 1 where it cannot.
    """
    storage = host.storage()
    try:
        found = storage.load(Identity.key_of(IdentityKind(kind), token))
    except NotFound:
        found = None
    assert found is None or isinstance(found, Identity)
    ref = account_of(found)
    it = None if ref is None else _stored(storage, ref)
    usable = it is not None and it.usable_on(host.policy(IllAccount.kind).day(at or now()))
    if host.json:
        as_json({"account": ref, "usable": usable, "state": None if it is None else it.state.value})
    elif it is None:
        complain("servflow: this identity leads to no account; register first")
    else:
        state = host.texts.state(it.kind, it.state)
        say(f"{it.id}: {state}{'' if usable else '; it cannot be used now'}")
    return 0 if usable else 1


@account.command()
@click.argument("id")
@click.option("--at", type=instant, help="When what is available is judged (now).")
@host_options
@pass_host
def show(host: Host, id: str, at: datetime | None) -> None:
    """One account: what it is, what is on it, and its journal."""
    desk = host.desk()
    it = _stored(desk.storage, id)
    if host.json:
        journal = [entry.document for entry in desk.storage.journal(it.key)]
        postings = host.codec.encode(list(desk.storage.postings(subject=id)))
        as_json({**_plain(host, it, at), "journal": journal, "postings": postings})
        return
    texts = host.texts
    table("account", _COLUMNS, [_row(host, it, at)])
    held = [
        (case, str(each.volumes or ""), texts.day(each.due) if each.due else "", _money(host, each.reserved))
        for case, each in it.cases.items()
    ]
    if held:
        table("cases", ("case", "volumes", "due", "reserved"), held)
    owed = [(i.subject, texts.charge_kind(i.kind), texts.money(i.outstanding)) for i in it.open.values()]
    if owed:
        table("open charges", ("case", "for", "amount"), owed)
    said = [_said(host, entry.document) for entry in desk.storage.journal(it.key)]
    table("journal", ("#", "happened", "command", "by"), said)


def _said(host: Host, entry: Any) -> tuple[str, ...]:
    command = entry["command"]
    zone = host.policy(IllAccount.kind).zone
    happened = host.texts.instant(datetime.fromisoformat(command["happened_at"]), zone)
    name = host.texts.name("command", command["command"])
    return str(entry["seq"]), happened, name, f"{command['by']['party']} ({entry['role']})"


def _money(host: Host, money: Any) -> str:
    return "" if money is None else host.texts.money(money)


def _row(host: Host, it: IllAccount, at: datetime | None) -> tuple[str, ...]:
    policy = host.policy(it.kind)
    day = policy.day(at or now())
    expired = "!" if it.expired_on(day) else ""
    return (
        it.id,
        host.texts.name("holder", it.holder.value),
        it.home,
        host.texts.state(it.kind, it.state) + expired,
        host.texts.day(it.valid_through) if it.valid_through else "",
        host.texts.money(it.balance(policy.currency)),
        host.texts.money(it.available_on(day, policy.currency)),
        str(len(it.cases) or ""),
    )


def _plain(host: Host, it: IllAccount, at: datetime | None) -> dict[str, Any]:
    policy = host.policy(it.kind)
    day = policy.day(at or now())
    derived = {
        "usable": it.usable_on(day),
        "expired": it.expired_on(day),
        "balance": host.codec.encode(it.balance(policy.currency)),
        "available": host.codec.encode(it.available_on(day, policy.currency)),
    }
    return {"kind": it.kind, "id": it.id, "version": it.version, **host.codec.encode_aggregate(it), **derived}


@account.command("list")
@click.option("--state", help="Only those in this state.")
@click.option("--holder", type=click.Choice([each.value for each in HolderKind]), help="Only theirs.")
@click.option("--after", default="", metavar="ID", help="Only ids beyond this one.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="Read so many at most.",
)
@click.option("--at", type=instant, help="When what is available is judged (now).")
@host_options
@pass_host
def list_(
    host: Host, state: str | None, holder: str | None, after: str, limit: int, at: datetime | None
) -> None:
    """The accounts that this desk keeps."""
    states = [each.value for each in AccountState]
    if state is not None and state not in states:
        raise InvalidValue("--state", state, "one of " + ", ".join(states))
    read = host.storage().aggregates(IllAccount.kind, state=state, after=after, limit=limit)
    found = [it for it in read if isinstance(it, IllAccount) and holder in {None, it.holder.value}]
    if host.json:
        as_json([_plain(host, it, at) for it in found])
    else:
        table("accounts", _COLUMNS, [_row(host, it, at) for it in found])
    if len(read) == limit:
        complain(f"{limit} read; what comes after: --after {read[-1].id}")
