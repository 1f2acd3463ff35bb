"""The account of somebody who files requests, and the identities by which he signs in.

Both are values. What follows from dates (expired) is asked of them with a day and never stored.

The journal keeps opaque tokens only: the host turns an e-mail address, a student or a staff number into
a token that only it can make (a keyed hash, or the key of its own record), and shows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from servflow.core.changes import Aggregate, Key
from servflow.core.fees.assessment import OpenItem
from servflow.core.ill.accounts.states import AccountState, HolderKind, IdentityKind, IdentityState
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.ill.network.modes import ModeName
from servflow.core.money import Money, total

__all__ = ["CaseOnAccount", "Identity", "IllAccount", "account_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOnAccount:
    """One borrowing case that was filed and is not closed, as the account holds it.

    ``volumes`` are with the holder, until ``due``. ``max_cost`` is what it may cost: what was agreed with the
    supplier, or else what the request allows; None: it names nothing. ``charged`` is what has been charged
    by now. ``settled`` says that it was supplied and its fee is known, so that nothing more is kept free for
    it; until then ``reserved`` is: what it may cost, or what the network's rules say, less what was charged.
    """

    volumes: int = 0
    due: date | None = None
    charged: Money | None = None
    max_cost: Money | None = None
    settled: bool | None = None
    reserved: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IllAccount(Aggregate):
    """An account at this desk (馆际互借帐户): a reader's, an operator's or an institution's.

    The id is the holder's opaque reference; an institution's is its library's, so it has one only.
    ``keeper`` is the library that runs the desk, ``home`` the holder's own, of an institution itself.
    ``mode``, ``librarian`` (who gets its requests by mail), ``runs_system`` and ``service_library`` are what
    an institution chose; ``identities`` the tokens by which somebody signs in, by kind.

    ``overdraft``, ``deposit_needed`` and the validity, ``valid_from`` to ``valid_through`` (both included),
    were set by who confirmed it. Expired is no state: ``expired_on``; ``noticed`` counts how often the
    holder was told of it. ``cases`` are the holder's by id, ``filed`` counts those filed by year, ``open``
    are the charges by ``case/kind``, ``waived`` what was waived of them, ``security`` what was paid in.
    """

    kind: ClassVar[str] = "ill.account"

    state: AccountState
    holder: HolderKind
    keeper: str
    home: str
    mode: ModeName | None = None
    librarian: str | None = None
    runs_system: bool | None = None
    service_library: bool | None = None
    identities: Mapping[str, str] = field(default_factory=dict)
    overdraft: Money | None = None
    deposit_needed: Money | None = None
    security: Mapping[str, Money] = field(default_factory=dict)
    valid_from: date | None = None
    valid_through: date | None = None
    noticed: int | None = None
    why: str | None = None
    cleared_on: date | None = None
    cases: Mapping[str, CaseOnAccount] = field(default_factory=dict)
    filed: Mapping[str, int] = field(default_factory=dict)
    open: Mapping[str, OpenItem] = field(default_factory=dict)
    waived: Mapping[str, Money] = field(default_factory=dict)

    def expired_on(self, day: date) -> bool:
        """Whether ``day`` lies outside the time for which it is valid."""
        early = self.valid_from is not None and day < self.valid_from
        return early or (self.valid_through is not None and self.valid_through < day)

    def usable_on(self, day: date) -> bool:
        """Whether its holder may sign in and file on ``day`` (CALIS-4): active, valid, and secured."""
        return self.state is AccountState.ACTIVE and not self.expired_on(day) and self.deposit_paid

    @property
    def deposit_paid(self) -> bool:
        """Whether the deposit that is needed is there."""
        needed = self.deposit_needed
        return needed is None or self.held(SecurityKind.DEPOSIT, needed.currency) >= needed

    def held(self, kind: SecurityKind, currency: str) -> Money:
        """What is paid in as this kind of security and not used up; otherwise nothing in ``currency``."""
        return self.security.get(kind.value, Money.of_minor(0, currency))

    def balance(self, currency: str) -> Money:
        """What is prepaid less what is owed; below nothing: the account is overdrawn by so much."""
        owed = total((item.outstanding for item in self.open.values()), currency)
        return self.held(SecurityKind.PREPAYMENT, currency) - owed

    def available_on(self, day: date, currency: str) -> Money:
        """What may still be charged: the balance and the overdraft, less what is reserved.

        An account that has expired has no overdraft.
        """
        reserved = total((each.reserved for each in self.cases.values() if each.reserved), currency)
        allowed = self.overdraft if self.overdraft is not None and not self.expired_on(day) else reserved * 0
        return self.balance(currency) + allowed - reserved

    @property
    def on_loan(self) -> tuple[str, ...]:
        """The cases of which volumes are with the holder, in the order of their ids."""
        return tuple(sorted(case for case, held in self.cases.items() if held.volumes))

    def overdue_on(self, day: date) -> tuple[str, ...]:
        """The cases of which volumes are overdue on ``day``, in the order of their ids."""
        cases = self.cases
        return tuple(case for case in self.on_loan if (due := cases[case].due) is not None and due < day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Aggregate):
    """One token by which somebody signs in, and the account it leads to.

    The id is ``kind:token``, so that one token leads to one account whatever happens at the same
    time, and signing in is one load: ``account_of(storage.load(Identity.key_of(kind, token)))``. ``keeper``
    is the library that runs the desk: nobody else's program claims it or frees it.
    """

    kind: ClassVar[str] = "ill.identity"

    state: IdentityState
    account: str
    keeper: str

    @staticmethod
    def key_of(kind: IdentityKind, token: str) -> Key:
        """Which aggregate it is."""
        return Key(Identity.kind, f"{kind.value}:{token}")


def account_of(identity: Identity | None) -> str | None:
    """The account that an identity leads to; None where it is not known or was released.

    E-mail address, student and staff number lead to the same account, each by its own token (ZJU-1).
    """
    bound = identity is not None and identity.state is IdentityState.BOUND
    return identity.account if identity is not None and bound else None
