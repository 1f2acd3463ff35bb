"""The loan desk behind the command line: which of them is meant, and who speaks to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from servflow.cli._host import Host
from servflow.cli._stored import first_of, stored
from servflow.core.changes import Actor, Key, Office
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ports import Storage
from servflow.desk import Desk

__all__ = ["ROLES", "Kept", "actor", "find", "other", "spoken"]

Kept = SupplyTransaction | Relation | BorrowingCase
ROLES: Final = click.Choice(["staff", "requester", "patron", "supplier", "system", "clock"])


def find(storage: Storage, id: str) -> Kept:
    """The transaction of that id, otherwise the relation, otherwise the case.

    Raises:
        NotFound: there is none of them.
    """
    kinds: tuple[type[Kept], ...] = (SupplyTransaction, Relation, BorrowingCase)
    return first_of(storage, kinds, id, "transaction, relation or case")


def other(it: Kept, role: str, attempt: int | None = None) -> str | None:
    """Who speaks in a role that is not the library's own: None where there is nobody yet.

    The institution that a transaction is for; a relation is its institution's own. Of a case, its
    patron, or the supplier of an attempt, by its number, otherwise of the one that was asked last.
    """
    if isinstance(it, SupplyTransaction):
        return it.requester
    if isinstance(it, Relation):
        return it.id
    if role == "patron":
        return it.patron
    asked = it.attempt if attempt is None else it.numbered(attempt)
    return None if asked is None else asked.supplier


def actor(host: Host, role: str, kind: str, other: str | None) -> Actor:
    """Somebody in that role towards an aggregate of a kind; a usage error where it has no such role.

    The library's staff or system, or the clock; otherwise ``other``: the institution that borrows
    or is asked, or the patron.
    """
    library = host.facts_file.library.ref
    match role:
        case "clock":
            return Actor.clock(library)
        case "system":
            return Actor.policy(library)
        case "staff":
            return Actor("staff", library, Office.STAFF)
    if (role == "requester") == (kind == BorrowingCase.kind):
        raise click.UsageError(f"--as {role}: there is none in {kind}")
    if other is None:
        raise click.UsageError(f"--as {role}: it has none yet")
    if role == "patron":
        return Actor(other, library, Office.PERSON)
    return Actor(other, other, Office.SYSTEM)


def spoken(host: Host, desk: Desk, key: Key, said: Mapping[str, Any], role: str) -> Actor:
    """Who says this in that role to a transaction, a relation or a case, which may be yet to be opened."""
    it = stored(desk.storage, key)
    if it is None:
        speaker: str | None = str(said.get("patron" if role == "patron" else "requester", key.id))
    else:
        assert isinstance(it, Kept)
        speaker = other(it, role, said.get("attempt"))
    return actor(host, role, key.kind, speaker)
