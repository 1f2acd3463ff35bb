"""Statements of deposits (收支公示), of a building, a project, a developer or an authority, for any term.

1. Everything is a pure function of accounts as they are; nothing is kept beside them. A movement counts
   on the day from which on it counts for interest. Interest that is due in the term and was not credited
   yet is in it.
2. Opening + paid in + interest - used - refunded - released = closing, and the closing of a term is the
   opening of the next one.
3. Sums are those of whole buildings, never of shares: a project's statement is its buildings' added up.
4. Every movement is a row with its owner, project and building (SD-23).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from servflow.core.dates import Term
from servflow.core.deposits.accounts.deadlines import kept_through, release_by
from servflow.core.deposits.accounts.model import DepositAccount, Movement, Part
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.assessing import surcharge
from servflow.core.deposits.holdings import Held, held_by_part, unpaid
from servflow.core.deposits.interest import caught_up
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.words import Origin
from servflow.core.errors import InvalidValue
from servflow.core.ledger import PAYING
from servflow.core.money import Money, total

__all__ = [
    "Grouping",
    "PartLine",
    "PartStanding",
    "Statement",
    "StatementLine",
    "Sums",
    "Total",
    "balance_points",
    "calendar_year",
    "statement",
    "surcharge_paid",
    "totals",
]


class Grouping(Enum):
    """Of what a total is."""

    PROJECT = "project"
    DEVELOPER = "developer"
    AUTHORITY = "authority"


class PartStanding(Enum):
    """How a part of a building stands on a day (分部工程的保修状态)."""

    NOT_BEGUN = "not-begun"  # not handed over yet
    IN_WARRANTY = "in-warranty"
    EXPIRED = "expired"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What moved in a term; what was paid in is less what was reversed, interest less what was taken back."""

    opening: Money
    paid_in: Money
    interest: Money
    used: Money
    refunded: Money
    released: Money
    closing: Money

    @property
    def adds_up(self) -> bool:
        """Whether opening + paid in + interest - used - refunded - released = closing."""
        added = self.opening + self.paid_in + self.interest
        return added - self.used - self.refunded - self.released == self.closing

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            opening=self.opening + other.opening,
            paid_in=self.paid_in + other.paid_in,
            interest=self.interest + other.interest,
            used=self.used + other.used,
            refunded=self.refunded + other.refunded,
            released=self.released + other.released,
            closing=self.closing + other.closing,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A movement with its owner, project and building, what it added (negative: took), the balance after it.

    ``number`` is that of the movement; ``None``: interest that is due and not credited yet. The other words
    are those of the movement.
    """

    authority: str
    developer: str
    project: str
    building: str
    account: str
    bank: str
    on: date
    number: int | None
    kind: MovementKind
    added: Money
    balance: Money
    origin: Origin | None
    receipt: str
    reverses: int | None
    claim: str
    payee: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLine:
    """A part of the building as it stands at the end of the last day: what is held for it, and what holds it.

    ``until`` is the first day without warranty; ``release_by`` the last day for the release of its share,
    which ``defects`` and ``claims`` hold back, by their names. Which claims are open is known only as it is
    now.
    """

    authority: str
    developer: str
    project: str
    building: str
    account: str
    part: str
    weight: int
    principal: Money
    held: Money
    standing: PartStanding
    until: date | None
    release_by: date | None
    defects: tuple[str, ...]
    claims: tuple[str, ...]
    released_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The statement of one building for ``term`` (SD-19).

    ``unpaid`` and ``surcharge_owed`` are those of the last day; the surcharge is no deposit money, and below
    0 where more of it was paid than is owed. ``next_warranty_end`` is the first day without warranty of the
    part whose warranty ends next after the last day; ``kept_through`` the last day of the longest keeping, as
    far as it is known now.
    """

    term: Term
    authority: str
    developer: str
    project: str
    building: str
    account: str
    bank: str
    sums: Sums
    unpaid: Money
    surcharge_owed: Money
    next_warranty_end: date | None
    kept_through: date | None
    lines: tuple[StatementLine, ...]
    parts: tuple[PartLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The statements of some buildings added up; whose they are not all alike is empty."""

    term: Term
    of: Grouping
    authority: str
    developer: str
    project: str
    buildings: int
    sums: Sums
    unpaid: Money
    surcharge_owed: Money
    next_warranty_end: date | None


def calendar_year(year: int) -> Term:
    """The year from 1 January through 31 December.

    Raises:
        InvalidValue: it is none between 1 and 9998, after which there is no day.
    """
    try:
        return Term(date(year, 1, 1), date(year + 1, 1, 1))
    except ValueError:
        raise InvalidValue("year", year, "a year between 1 and 9998") from None


def statement(it: DepositAccount, policy: DepositPolicy, term: Term) -> Statement:
    """The statement of a building for the days of ``term``; the account stays as it is.

    Raises:
        MissingValue: the rulebook has no rate, or no value of the surcharge, for some of the days.
    """
    last = term.last_day
    credited = caught_up(it, policy, last)
    parts = _parts(credited, policy, last)
    ends = (part.until for part in parts if part.standing is not PartStanding.RELEASED)
    due = surcharge(it, policy, last)
    return Statement(
        term=term,
        authority=it.authority,
        developer=it.building.developer,
        project=it.building.project,
        building=it.building.building,
        account=it.id,
        bank=it.building.bank,
        sums=_sums(credited, term),
        unpaid=unpaid(it, on=last),
        surcharge_owed=(it.nothing if due is None else due.money) - surcharge_paid(it, last),
        next_warranty_end=min((end for end in ends if end is not None and end > last), default=None),
        kept_through=kept_through(it, policy),
        lines=_lines(credited, term, len(it.movements)),
        parts=parts,
    )


def surcharge_paid(it: DepositAccount, day: date) -> Money:
    """What was paid of the surcharge (滞纳金) up to ``day``, that day included, less what was given back."""
    paid = it.nothing
    for posting in it.surcharged:
        if (posting.happened_on or posting.value_date) <= day:
            if posting.debit.kind in PAYING:
                paid += posting.amount
            elif posting.credit.kind in PAYING:
                paid -= posting.amount
    return paid


def totals(statements: Iterable[Statement], of: Grouping) -> tuple[Total, ...]:
    """Statements added up by project, by developer or by authority, in the order of their references.

    A project is one of its developer, a developer one of its authority: the same reference under another is
    another one.

    Raises:
        InvalidValue: two are of different terms.
        CurrencyMismatch: two of one total are of different currencies.
    """
    groups: dict[tuple[str, str, str], list[Statement]] = {}
    term: Term | None = None
    for each in statements:
        if term not in {None, each.term}:
            raise InvalidValue("statements", f"{each.term} and {term}", "statements of one term")
        term = each.term
        developer = "" if of is Grouping.AUTHORITY else each.developer
        project = each.project if of is Grouping.PROJECT else ""
        groups.setdefault((each.authority, developer, project), []).append(each)
    return tuple(_total(of, *whose, group) for whose, group in sorted(groups.items()))


def _total(of: Grouping, authority: str, developer: str, project: str, group: list[Statement]) -> Total:
    sums = group[0].sums
    for each in group[1:]:
        sums += each.sums
    ends = (each.next_warranty_end for each in group)
    return Total(
        term=group[0].term,
        of=of,
        authority=authority,
        developer=developer,
        project=project,
        buildings=len(group),
        sums=sums,
        unpaid=total((each.unpaid for each in group), sums.closing.currency),
        surcharge_owed=total((each.surcharge_owed for each in group), sums.closing.currency),
        next_warranty_end=min((end for end in ends if end is not None), default=None),
    )


def balance_points(it: DepositAccount, policy: DepositPolicy, term: Term) -> tuple[tuple[date, Money], ...]:
    """The balance over time: at the end of the first day of ``term``, and of every day on which it moved.

    Raises:
        MissingValue: the rulebook has no rate for some of the days.
    """
    credited = caught_up(it, policy, term.last_day)
    held = it.nothing
    points = {term.start: held}
    for movement in _in_order(credited):
        if movement.on < term.until:
            held += movement.signed
            points[max(movement.on, term.start)] = held
    return tuple(points.items())


# --- one building -----------------------------------------------------------------------------------


def _in_order(it: DepositAccount) -> list[Movement]:
    return sorted(it.movements, key=lambda movement: (movement.on, movement.number))


def _sums(it: DepositAccount, term: Term) -> Sums:
    opening = closing = it.nothing
    added = dict.fromkeys(MovementKind, it.nothing)
    for movement in it.movements:
        if movement.on < term.until:
            closing += movement.signed
            if movement.on < term.start:
                opening += movement.signed
            else:
                added[movement.kind] += movement.amount
    return Sums(
        opening=opening,
        paid_in=added[MovementKind.PAID_IN] - added[MovementKind.REVERSED],
        interest=added[MovementKind.INTEREST] - added[MovementKind.INTEREST_TAKEN_BACK],
        used=added[MovementKind.USED],
        refunded=added[MovementKind.REFUNDED],
        released=added[MovementKind.RELEASED],
        closing=closing,
    )


def _lines(it: DepositAccount, term: Term, entered: int) -> tuple[StatementLine, ...]:
    """The movements of the term; those after the first ``entered`` are only due."""
    lines: list[StatementLine] = []
    held = it.nothing
    for movement in _in_order(it):
        held += movement.signed
        if movement.on in term:
            lines.append(
                StatementLine(
                    authority=it.authority,
                    developer=it.building.developer,
                    project=it.building.project,
                    building=it.building.building,
                    account=it.id,
                    bank=it.building.bank,
                    on=movement.on,
                    number=movement.number if movement.number <= entered else None,
                    kind=movement.kind,
                    added=movement.signed,
                    balance=held,
                    origin=movement.origin,
                    receipt=movement.receipt,
                    reverses=movement.reverses,
                    claim=movement.claim,
                    payee=movement.payee,
                    part=movement.part,
                )
            )
    return tuple(lines)


def _parts(it: DepositAccount, policy: DepositPolicy, day: date) -> tuple[PartLine, ...]:
    held = held_by_part(it, on=day)
    return tuple(_part(it, policy, day, name, held[name]) for name in it.parts)


def _part(it: DepositAccount, policy: DepositPolicy, day: date, name: str, held: Held) -> PartLine:
    part = it.parts[name]
    standing = _standing(part, day)
    open_on_day = (
        defect_name
        for defect_name, defect in it.defects.items()
        if defect.part == name
        and defect.found_on <= day
        and (defect.repaired_on is None or defect.repaired_on > day)
    )
    open_now = (claim_name for claim_name, claim in it.claims.items() if claim.part == name and claim.open)
    kept = standing is not PartStanding.RELEASED
    later = part.requested_on is not None and part.requested_on > day
    known = replace(part, requested_on=None) if later else part
    return PartLine(
        authority=it.authority,
        developer=it.building.developer,
        project=it.building.project,
        building=it.building.building,
        account=it.id,
        part=name,
        weight=part.weight,
        principal=held.principal,
        held=held.held,
        standing=standing,
        until=part.until,
        release_by=release_by(known, policy) if standing is PartStanding.EXPIRED else None,
        defects=tuple(open_on_day) if kept and policy.serious_defect_holds.on(day).value else (),
        claims=tuple(open_now) if kept and policy.open_claim_holds.on(day).value else (),
        released_on=None if kept else part.released_on,
    )


def _standing(part: Part, day: date) -> PartStanding:
    if part.released_on is not None and part.released_on <= day:
        return PartStanding.RELEASED
    if part.until is None:
        return PartStanding.NOT_BEGUN
    return PartStanding.EXPIRED if part.until <= day else PartStanding.IN_WARRANTY
