"""Accounts on the command line: registered, confirmed, paid, left; and who signs in by what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import click

from servflow.cli._fields import own_fields
from servflow.cli._host import Host, host_options, instant, now, one_of, pass_host
from servflow.cli._lists import check_state, in_state, paged, tell_more
from servflow.cli._saying import Saying, Typed, give, own, timed, with_fields
from servflow.cli._show import as_json, complain, say, table
from servflow.cli._stored import plain, stored
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import NotFound
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import Identity, IllAccount, account_of
from servflow.core.ill.accounts.states import HolderKind, IdentityKind
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
    def spoken(
        host: Host,
        id: str,
        *,
        role: str,
        serves: str | None,
        party: str | None,
        fields: Typed,
        saying: Saying,
    ) -> None:
        by = _speaker(host, id, role, serves, party)
        said = own(host, kind, fields)
        desk = host.desk(new=kind is c.RegisterAccount)
        outcome = give(host, desk, Key(IllAccount.kind, id), kind, said, by=by, saying=saying)
        if host.json:
            as_json(outcome.plain(host))
        else:
            say(outcome.line(host))

    return spoken


for _name, (_kind, _short) in _SAYS.items():
    account.add_command(_spoken(_name, _kind, _short))


def _speaker(host: Host, id: str, role: str, serves: str | None, party: str | None) -> Actor:
    if role == "operator" and (serves is None or party is None):
        raise click.UsageError("--as operator: say of which library (--of) and who it is (--by)")
    office = Office.PERSON if role == "holder" else Office.STAFF
    if role == "holder" and serves == id:  # an institution speaks through its staff
        office = Office.STAFF
    return Actor(party or (id if role == "holder" else "staff"), serves or host.library, office)


def _stored(storage: Storage, id: str) -> IllAccount:
    it = stored(storage, Key(IllAccount.kind, id))
    if it is None:
        raise NotFound("account", id)
    assert isinstance(it, IllAccount)
    return it


@account.command("sign-in", epilog="For instance: servflow account sign-in email t-17")
@click.argument("kind", type=one_of(IdentityKind))
@click.argument("token")
@click.option("--at", type=instant, help="When (now).")
@host_options
@pass_host
def sign_in(host: Host, kind: str, token: str, at: datetime | None) -> int:
    """To which account an identity leads.

    And whether it can be used; the exit code is 1 where it cannot.
    """
    storage = host.storage()
    found = stored(storage, Identity.key_of(IdentityKind(kind), token))
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
    return {**plain(host, it), **derived}


@account.command("list")
@in_state
@click.option("--holder", type=one_of(HolderKind), help="Only theirs.")
@paged("Read so many at most.")
@click.option("--at", type=instant, help="When what is available is judged (now).")
@host_options
@pass_host
def list_(
    host: Host, state: str | None, holder: str | None, after: str, limit: int, at: datetime | None
) -> None:
    """The accounts that this desk keeps."""
    check_state(IllAccount.kind, state)
    read = host.storage().aggregates(IllAccount.kind, state=state, after=after, limit=limit)
    found = [it for it in read if isinstance(it, IllAccount) and holder in {None, it.holder.value}]
    if host.json:
        as_json([_plain(host, it, at) for it in found])
    else:
        table("accounts", _COLUMNS, [_row(host, it, at) for it in found])
    tell_more(read, limit, "read")
