"""A deposit paid in and released in parts, with simple interest on what is held.

1. Interest is exact, a ``Fraction`` of minor units, and rounded once: when it is credited.
2. A day's interest is earned on what is held at its end: money earns from the day it is paid in,
   and no more from the day it is released.
3. The aggregate says what is held, the postings how it came to be; they say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date
from enum import Enum
from fractions import Fraction
from typing import Any, ClassVar, Final

from servflow.core.changes import Actor, Aggregate, Command, Office
from servflow.core.citations import Reason
from servflow.core.dates import day_of
from servflow.core.errors import InvalidValue
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import (
    ALWAYS,
    OPENING,
    SAME,
    Lifecycle,
    Lifecycles,
    Outcome,
    Row,
    Situation,
    chooser,
)
from servflow.core.money import Money, Rounding, rounded

__all__ = [
    "DEPOSITS",
    "LIFECYCLES",
    "Deposit",
    "DepositPolicy",
    "DepositRole",
    "DepositState",
    "PayIn",
    "Release",
    "interest",
]


class DepositState(Enum):
    """Where a deposit stands. That a part of it was released follows from what is held."""

    HELD = "held"
    RELEASED = "released"


class DepositRole(Enum):
    """Who speaks to a deposit."""

    OWNER = "owner"
    KEEPER = "keeper"


# --- the aggregate and its commands ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit(Aggregate):
    """A deposit. ``accrued`` is the interest, in minor units, of the days before ``since``.

    ``credited`` is the interest that was paid with the last part.
    """

    kind: ClassVar[str] = "toy.deposit"

    state: DepositState
    owner: str
    held: Money
    since: date
    accrued: Fraction = Fraction(0)
    credited: Money | None = None


def _positive(amount: Money) -> None:
    if amount.minor <= 0:
        raise InvalidValue("amount", str(amount), "an amount above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayIn(Command):
    """The owner pays in; the first time, it opens the deposit."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _positive(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """A part of what is held goes back to the owner; with the last part, the interest."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _positive(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositPolicy:
    """``rate`` is a year's interest on one, ``year`` the days of a bank's year."""

    rate: Fraction = Fraction(35, 10_000)
    year: int = 360
    rounding: Rounding = Rounding.HALF_UP
    currency: str = "CNY"
    rulebook: str = "deposits"
    calendar_digest: str = "every-day"


S = Situation[Deposit, Any, DepositPolicy, None]


def interest(it: Deposit, policy: DepositPolicy, on: date) -> Fraction:
    """The interest of all days before ``on``, exact, in minor units."""
    return it.accrued + it.held.minor * policy.rate * (on - it.since).days / policy.year


def _today(s: Situation[Any, Any, DepositPolicy, None]) -> date:
    return day_of(s.command.happened_at, UTC)


# --- choosers and guards --------------------------------------------------------------------------


@chooser
def last_part(s: Situation[Deposit, Release, DepositPolicy, None]) -> bool:
    """With this, nothing is held any more."""
    return s.command.amount == s.it.held


def own_currency(s: Situation[Any, Any, DepositPolicy, None]) -> Iterator[Reason]:
    """The amount is in the deposit's currency."""
    if s.command.amount.currency != s.policy.currency:
        yield Reason("deposit.wrong-currency", None, (("currency", s.policy.currency),))


def covered(s: Situation[Deposit, Release, DepositPolicy, None]) -> Iterator[Reason]:
    """So much is held."""
    if s.command.amount.currency == s.it.held.currency and s.command.amount > s.it.held:
        yield Reason("deposit.not-covered", None, (("held", s.it.held),))


def in_order(s: S) -> Iterator[Reason]:
    """It does not lie before the last movement."""
    if _today(s) < s.it.since:
        yield Reason("deposit.out-of-order", None, (("since", s.it.since),))


# --- effects --------------------------------------------------------------------------------------


def open_deposit(s: Situation[None, PayIn, DepositPolicy, None]) -> Outcome:
    """The deposit as it begins."""
    c, day = s.command, _today(s)
    it = Deposit(id=c.case, state=DepositState.HELD, owner=c.by.party, held=c.amount, since=day)
    return Outcome(it, postings=(_paid_in(s, it.owner),))


def pay_in_more(s: Situation[Deposit, PayIn, DepositPolicy, None]) -> Outcome:
    """More is held from today on."""
    return Outcome(_moved(s, s.it.held + s.command.amount), postings=(_paid_in(s, s.it.owner),))


def release_part(s: Situation[Deposit, Release, DepositPolicy, None]) -> Outcome:
    """Less is held from today on; the interest so far stays exact."""
    amount = s.command.amount
    return Outcome(_moved(s, s.it.held - amount), postings=(_paid_out(s, amount),))


def release_rest(s: Situation[Deposit, Release, DepositPolicy, None]) -> Outcome:
    """The interest is rounded, credited, and paid out with the last part."""
    policy, day = s.policy, _today(s)
    credited = rounded(interest(s.it, policy, day), policy.currency, policy.rounding)
    it = replace(s.it, held=s.it.held - s.command.amount, since=day, accrued=Fraction(0), credited=credited)
    paid_out = _paid_out(s, s.command.amount + credited)
    if not credited:
        return Outcome(it, postings=(paid_out,))
    return Outcome(it, postings=(_interest_credited(s, credited), paid_out))


def _moved(s: S, held: Money) -> Deposit:
    day = _today(s)
    return replace(s.it, held=held, since=day, accrued=interest(s.it, s.policy, day))


_CASH: Final = Account(AccountKind.CASH, "keeper")
_PROVISION: Final = Account(AccountKind.PROVISION, "interest")


def _paid_in(s: Situation[Any, PayIn, DepositPolicy, None], owner: str) -> Posting:
    return Posting(
        key=f"{s.command.id}/paid-in",
        debit=_CASH,
        credit=Account(AccountKind.DEPOSIT, owner),
        amount=s.command.amount,
        value_date=_today(s),
        subject=s.command.case,
        kind="deposit",
    )


def _interest_credited(s: S, amount: Money) -> Posting:
    return Posting(
        key=f"{s.command.id}/interest",
        debit=_PROVISION,
        credit=Account(AccountKind.DEPOSIT, s.it.owner),
        amount=amount,
        value_date=_today(s),
        subject=s.command.case,
        kind="interest",
    )


def _paid_out(s: S, amount: Money) -> Posting:
    return Posting(
        key=f"{s.command.id}/paid-out",
        debit=Account(AccountKind.DEPOSIT, s.it.owner),
        credit=_CASH,
        amount=amount,
        value_date=_today(s),
        subject=s.command.case,
        kind="deposit",
    )


# --- the table ------------------------------------------------------------------------------------


def _roles(it: Deposit | None, actor: Actor) -> tuple[DepositRole, ...]:
    """The keeper's staff, and the owner, who may be one of them."""
    keeper = (DepositRole.KEEPER,) if actor.office is Office.STAFF else ()
    if it is None:
        return (DepositRole.OWNER,) if actor.office is Office.PERSON else ()
    return (*keeper, DepositRole.OWNER) if actor.party == it.owner else keeper


D = DepositState
OWNER, KEEPER = DepositRole.OWNER, DepositRole.KEEPER

# fmt: off
DEPOSITS: Final = Lifecycle(
    model=Deposit,
    states=DepositState,
    roles=DepositRole,
    final=(D.RELEASED,),
    roles_of=_roles,
    rows=(
        #   in state  on command  to state    given by  when        needs                               does
        Row(OPENING,  PayIn,      D.HELD,     OWNER,    ALWAYS,     (own_currency,),                    open_deposit),
        Row(D.HELD,   PayIn,      SAME,       OWNER,    ALWAYS,     (own_currency, in_order),           pay_in_more),
        Row(D.HELD,   Release,    SAME,       KEEPER,   ~last_part, (own_currency, covered, in_order),  release_part),
        Row(D.HELD,   Release,    D.RELEASED, KEEPER,   last_part,  (own_currency, covered, in_order),  release_rest),
    ),
)
# fmt: on

LIFECYCLES: Final = Lifecycles(DEPOSITS)
