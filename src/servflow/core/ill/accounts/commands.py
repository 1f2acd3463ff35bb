"""What can be said to an account and to an identity: one class for one thing said.

A command that is allowed in several states is one class; where it leads is the table's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from servflow.core.changes import Command
from servflow.core.checks import check_above_nothing, check_not_negative
from servflow.core.errors import InvalidValue
from servflow.core.ill.accounts.model import CaseOnAccount
from servflow.core.ill.accounts.states import HolderKind, IdentityKind
from servflow.core.ill.lending.commands import SettleDues
from servflow.core.ill.network.modes import ModeName
from servflow.core.money import Money

__all__ = [
    "Activate",
    "BindIdentity",
    "BookCase",
    "ChooseMode",
    "ClaimIdentity",
    "Clear",
    "CloseAccount",
    "ConfirmAccount",
    "DeclineAccount",
    "FreeIdentity",
    "GiveBack",
    "NoticeExpiry",
    "PayDeposit",
    "PayIn",
    "RefundDeposit",
    "RegisterAccount",
    "RegisterAgain",
    "ReinstateAccount",
    "ReleaseIdentity",
    "SetTerms",
    "SettleAccountDues",
    "SuspendAccount",
    "WaiveCharge",
]


def _opaque(name: str, reference: str) -> None:
    if "@" in reference:
        raise InvalidValue(name, "an e-mail address", "an opaque token that the host has made of it")


# --- to an account ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAccount(Command):
    """Somebody registers at this desk; opens his account. The case id is the holder's opaque reference.

    ``home`` is his library. ``given`` names what the host holds of him (``name``, ``email``), never what
    it is: the rulebook says which of it must be there (必填项目).
    """

    must_say = ("home",)

    holder: HolderKind
    home: str
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAgain(Command):
    """Who was declined, or has left, registers once more; ``home`` is his library from now on, if said.

    Where the registration still waits, and somebody else made it, the holder or the desk take it over so;
    the desk says whose account it is (``holder``) where that was wrong.
    """

    given: tuple[str, ...] = ()
    home: str | None = None
    holder: HolderKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms(Command):
    """On what terms an account is kept; None: no overdraft, no deposit, no first or last day.

    Raises:
        InvalidValue: an amount below zero, or a last day before the first.
    """

    overdraft: Money | None = None
    deposit: Money | None = None
    valid_from: date | None = None
    valid_through: date | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_not_negative("overdraft", self.overdraft)
        check_not_negative("deposit", self.deposit)
        if self.valid_from and self.valid_through and self.valid_through < self.valid_from:
            raise InvalidValue("valid_through", self.valid_through, f"{self.valid_from} or later")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmAccount(_Terms):
    """The registration was checked and is confirmed, with its terms: overdraft, deposit, validity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTerms(_Terms):
    """Other terms from now on, all of them; a later last day extends the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineAccount(Command):
    """The registration is not confirmed, and why."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate(Command):
    """Nothing is lacking any more: the holder may sign in and file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendAccount(Command):
    """The holder may not sign in or file, by a decision."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstateAccount(Command):
    """The suspension ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindIdentity(Command):
    """The holder signs in by this from now on, too. ``token`` is opaque: no address, no number.

    Raises:
        InvalidValue: the token is empty, or an e-mail address.
    """

    must_say = ("token",)

    kind: IdentityKind
    token: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _opaque("token", self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseIdentity(Command):
    """The holder no longer signs in by this; a campus card is lost, replaced or cancelled (CQ-6)."""

    kind: IdentityKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseMode(Command):
    """An institution chooses the mode it works in (CALIS-14), and says what that mode needs of it.

    ``librarian`` is the party that gets requests by mail, by an opaque reference. What is left out stays as
    it was.

    Raises:
        InvalidValue: the librarian is an e-mail address.
    """

    mode: ModeName
    librarian: str | None = None
    runs_system: bool | None = None
    service_library: bool | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _opaque("librarian", self.librarian or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayDeposit(Command):
    """The holder pays a deposit (押金), kept and given back."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayIn(Command):
    """The holder pays; charges kind by kind in the rulebook's order, the rest becomes prepayment."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleAccountDues(SettleDues):
    """What a settlement says that the holder owes is paid; below 0: given back. As ``SettleDues``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDeposit(Command):
    """The deposit, or a part of it, is given back."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack(Command):
    """What is left of the prepayment, or a part of it, is given back."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveCharge(Command):
    """An open charge of a case is waived, all of it or a part, with its reason."""

    must_say = ("reason",)

    loan: str
    kind: str
    amount: Money
    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookCase(Command):
    """What the account holds of a borrowing case from now on (None: it is over), and new charges.

    ``charged`` lists kinds of charge and by how much each grew (below zero: was reversed). What is
    reserved for it is worked out here. ``filed`` says that it has just been filed, and counts for the year.
    """

    request: str
    on_account: CaseOnAccount | None
    charged: tuple[tuple[str, Money], ...] = ()
    filed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear(Command):
    """Clearance is issued (离校清查): nothing is on loan and nothing is owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAccount(Command):
    """The holder leaves; what is left of his money is given back first."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeExpiry(Command):
    """The holder is told that the account ends with ``through``, or has ended; ``step`` from 1."""

    through: date
    step: int


# --- to an identity ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimIdentity(Command):
    """It leads to this account from now on; opens it where it was never used."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeIdentity(Command):
    """It does not lead to this account any more; if it does not anyway, it stays as it is."""

    account: str
