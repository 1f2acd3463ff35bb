"""The desk of deposits behind the command line: who speaks, what is there, how fields are typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any, Final

import click

from servflow.cli._fields import Readers, parts
from servflow.cli._host import Host
from servflow.cli._stored import first_of, stored
from servflow.codec import Codec
from servflow.core.changes import Actor, Aggregate, Office
from servflow.core.dates import Period
from servflow.core.deposits import PartShare, WarrantyLength, parse_length
from servflow.core.deposits.accounts.model import Approval, Building, DepositAccount, account_key
from servflow.core.deposits.accounts.states import AccountRole
from servflow.core.deposits.claims.model import Applicant, CostLine, DepositClaim
from servflow.core.deposits.claims.states import ClaimRole
from servflow.core.errors import InvalidValue, NotFound, ServflowError
from servflow.core.money import Money
from servflow.core.ports import Storage

__all__ = ["KINDS", "found", "readers", "speaker"]

KINDS: Final[Mapping[str, type[Aggregate]]] = {"account": DepositAccount, "claim": DepositClaim}
"""What there is at a desk of deposits, by its name on the line."""

_BUILDINGS: Final[Mapping[str, str]] = {
    AccountRole.DEVELOPER.value: "developer",
    AccountRole.SUPERVISOR.value: "supervisor",
    AccountRole.BANK.value: "bank",
    AccountRole.DEPARTMENT.value: "development_authority",
    AccountRole.PROPERTY_MANAGER.value: "property_manager",
    AccountRole.COMMITTEE.value: "committee",
    ClaimRole.REPRESENTATIVE.value: "representative",
}
"""The roles of those whom a building names, and the field that does."""

_POSTS: Final = frozenset(
    {AccountRole.DEPARTMENT.value, AccountRole.PROPERTY_MANAGER.value, AccountRole.COMMITTEE.value}
)
"""The roles that the staff of a house have by their post."""

_OF_CLAIMS: Final = (ClaimRole.APPLICANT.value, ClaimRole.REPAIRER.value, ClaimRole.INSPECTION_BODY.value)
_OURS: Final = AccountRole.AUTHORITY.value
ROLES: Final = (_OURS, *_BUILDINGS, *_OF_CLAIMS, "clock", "system")
"""In which roles somebody speaks, as they are typed; an owner speaks by his reference."""


def found(storage: Storage, id: str) -> Aggregate:
    """What has that id: the account of a building, otherwise a claim.

    Raises:
        NotFound: nothing has it.
    """
    return first_of(storage, tuple(KINDS.values()), id, ", ".join(KINDS))


# --- who speaks -------------------------------------------------------------------------------------


def speaker(
    host: Host, storage: Storage, it: Aggregate | None, who: str, *, account: str | None, role: str | None
) -> Actor:
    """Who speaks: in a role, whom the building or the claim names for it; or a party of the host's facts.

    ``account`` is that of the building of a claim that is not there yet, ``role`` the one in which he asks.

    Raises:
        UsageError: nobody is named for that role, or there is no such party.
    """
    known = host.deposits_file
    ours = known.authority.ref
    if who in {"clock", "system"}:
        return Actor.policy(ours) if who == "system" else Actor.clock(ours)
    if who == _OURS:
        return known.actor(ours)
    if who in _BUILDINGS:
        return _speaks(_named_by_building(storage, it, who, account), who)
    if who in _OF_CLAIMS:
        if not isinstance(it, DepositClaim):
            raise click.UsageError(f"--as {who}: only a claim has one")
        return _of_claim(ours, it, who)
    try:
        actor = known.actor(who)
    except NotFound:
        parties = f"or one of the host's facts: {', '.join(known.parties)}"
        expected = f"one of {', '.join(ROLES)}, {parties}"
        raise click.BadParameter(f"found {who!r}, expected {expected}", param_hint="--as") from None
    asks_as = ClaimRole.REPRESENTATIVE.value if role == ClaimRole.REPRESENTATIVE.value else None
    return _speaks(who, asks_as) if actor.office is Office.PERSON else actor


def _speaks(ref: str, role: str | None) -> Actor:
    """Somebody in a role: an owner's representative for himself, anybody else for a house."""
    if role in {None, ClaimRole.OWNER.value, ClaimRole.REPRESENTATIVE.value}:
        return Actor(ref, ref, Office.PERSON, (role,) if role == ClaimRole.REPRESENTATIVE.value else ())
    return Actor(ref, ref, Office.STAFF, (role,) if role in _POSTS else ())


def _named_by_building(storage: Storage, it: Aggregate | None, who: str, account: str | None) -> str:
    id = it.account if isinstance(it, DepositClaim) else account
    kept = it if isinstance(it, DepositAccount) else stored(storage, account_key(id)) if id else None
    if not isinstance(kept, DepositAccount):
        raise click.UsageError(f"--as {who}: there is no account yet that names one")
    house: str = getattr(kept.building, _BUILDINGS[who])
    if not house:
        raise click.UsageError(f"--as {who}: {kept.id} names none")
    return house


def _of_claim(ours: str, it: DepositClaim, who: str) -> Actor:
    if who == ClaimRole.APPLICANT.value:
        return _applicant(ours, it.applicants[0])
    house = it.repairer if who == ClaimRole.REPAIRER.value else it.tests[-1].body if it.tests else ""
    if not house:
        raise click.UsageError(f"--as {who}: {it.id} names none")
    return Actor(house, house, Office.STAFF)


def _applicant(ours: str, each: Applicant) -> Actor:
    return Actor(ours, ours, Office.STAFF) if each.party == ours else _speaks(each.party, each.role)


# --- how fields are typed -----------------------------------------------------------------------------


def readers(codec: Codec, currency: str) -> Readers:
    """How the fields of a desk of deposits are written: each text to plain data, by its type."""
    encode = codec.encode
    approvals = tuple[Approval, ...]
    shares = tuple[PartShare, ...]
    return {
        Building: lambda text: encode(_building(text)),
        CostLine: lambda text: encode(_cost_line(text, currency)),
        Period: lambda text: encode(_period(text)),
        WarrantyLength: lambda text: encode(parse_length(text)),
        approvals: lambda text: encode([_approval(each) for each in _listed(text)]),
        shares: lambda text: encode([_share(*each) for each in parts(text).items()]),
        datetime: str.strip,
    }


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _building(text: str) -> Building:
    said: dict[str, Any] = {name.replace("-", "_"): value for name, value in parts(text).items()}
    known = {each.name: each.default is MISSING for each in fields(Building)}
    if said.keys() - known or any(needed and name not in said for name, needed in known.items()):
        expected = f"name=value of {', '.join(known)}, with semicolons between"
        raise InvalidValue("building", text, expected.replace("_", "-"))
    return Building(**{**said, "kinds": tuple(_listed(said["kinds"]))})


def _approval(text: str) -> Approval:
    by, _, rest = text.partition(" ")
    day, _, reference = rest.strip().partition(" ")
    try:
        return Approval(by=by, on=date.fromisoformat(day), reference=reference.strip())
    except (ValueError, ServflowError):
        expected = "who approved, the day and the document, 'property-authority 2026-01-05 no. 7'"
        raise InvalidValue("approvals", text, expected) from None


def _share(part: str, weight: str) -> PartShare:
    if not weight.isdecimal() or len(weight) > 9:  # noqa: PLR2004 -- digits
        raise InvalidValue("shares", weight, "a whole number for each part, 'decoration=2; leakage=1'")
    return PartShare(part=part, weight=int(weight))


def _period(text: str) -> Period:
    found = parse_length(text).period
    if found is None:
        raise InvalidValue("design_life", text, "a period such as '50 years'")
    return found


def _cost_line(text: str, currency: str) -> CostLine:
    what, _, amount = text.strip().rpartition(" ")
    head, _, code = what.rpartition(" ")
    if head and code.isupper() and len(code) == len(currency):
        what, currency = head, code
    try:
        return CostLine(what=what.strip(), amount=Money(amount, currency))
    except ServflowError:
        expected = "for what and how much, 'new pipe 1200.00', with | between several"
        raise InvalidValue("lines", text, expected) from None
