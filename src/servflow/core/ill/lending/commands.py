"""What can be said to a supplying transaction and to a relation: one class for one thing said.

A command that is allowed in several states is one class; where it leads is the table's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from servflow.core.changes import Command
from servflow.core.citations import Reason
from servflow.core.errors import InvalidValue
from servflow.core.ill.lending.model import OutOnLoan
from servflow.core.ill.lending.states import InstitutionKind, SecurityKind
from servflow.core.ill.terms import Requested, Settlement, Unfilled
from servflow.core.money import Money

__all__ = [
    "Apply",
    "Approve",
    "Assess",
    "BookLoan",
    "CannotSupply",
    "CheckIn",
    "CloseManually",
    "Compensate",
    "ConfirmReceipt",
    "DeclareChange",
    "DeclareLost",
    "Decline",
    "DeclineRenewal",
    "Expect",
    "GrantRenewal",
    "IssueCard",
    "NoticeDue",
    "Pay",
    "PaySecurity",
    "Promise",
    "Recall",
    "ReceiveRequest",
    "RecordDamage",
    "Reinstate",
    "ReportLost",
    "ReportReturn",
    "RequestRenewal",
    "SettleLoss",
    "Ship",
    "Sign",
    "Suspend",
    "Terminate",
    "Waive",
]


def _positive(name: str, amount: Money) -> None:
    if not isinstance(amount, Money) or amount.minor <= 0:
        raise InvalidValue(name, str(amount), "an amount above zero")


def _pieces(items: tuple[str, ...], *, at_least: int) -> None:
    fit = isinstance(items, tuple) and all(isinstance(item, str) and item.strip() for item in items)
    if not fit or len(items) < at_least or len(set(items)) < len(items):
        raise InvalidValue("items", items, f"{at_least} or more item ids, each once, none empty")


def _said(name: str, text: str) -> None:
    if not isinstance(text, str) or not text.strip():
        raise InvalidValue(name, text, "a text that is not empty")


# --- to a supplying transaction -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveRequest(Command):
    """A request for a loan has come in (ISO 18626 Request); opens the transaction.

    ``requester`` and ``supplier`` are agency references, ``request_id`` is the requester's own.
    ``card`` is the card number shown with it (NLC-14); ``need_before`` the last day of use.
    """

    requester: str
    supplier: str
    request_id: str
    requested: Requested
    card: str | None = None
    need_before: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect(Command):
    """It is likely that we can supply; after a promise it takes the promise back (ExpectToSupply)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise(Command):
    """We will supply (WillSupply)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotSupply(Command):
    """We will not supply (Unfilled): the code of ISO 18626, and the rules it rests on."""

    why: Unfilled
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship(Command):
    """The volumes go out (Loaned). ``tariff`` is the amount per volume of a request from abroad.

    Raises:
        InvalidValue: no item, an item twice, or a tariff that is not above zero.
    """

    items: tuple[str, ...]
    tariff: Money | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _pieces(self.items, at_least=1)
        if self.tariff is not None:
            _positive("tariff", self.tariff)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmReceipt(Command):
    """The requester has the volumes (Received); optional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRenewal(Command):
    """The requester asks for a longer term (Renew), with its reason."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRenewal(Command):
    """The renewal that was asked for is granted (RenewResponse Y)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineRenewal(Command):
    """The renewal that was asked for is not granted (RenewResponse N)."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Command):
    """The lender wants the volumes back by ``due`` (Recalled), expired or not."""

    due: date
    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _said("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDue(Command):
    """The clock reminds: ``step`` of the schedule for the due date ``due``, counted from 1."""

    due: date
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReturn(Command):
    """The requester says the volumes are on their way back (ShippedReturn); optional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn(Command):
    """Volumes are back; ``happened_at`` is when they came, ``items`` which (none named: all)."""

    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _pieces(self.items, at_least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLost(Command):
    """The requester declares what is still out lost (NLC-7); ISO 18626 Lost."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareLost(Command):
    """The lender takes what is still out for lost."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDamage(Command):
    """An item came back, or was found, damaged. ``in_post``: it happened on the way back."""

    item: str
    note: str
    in_post: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensate(Command):
    """The compensation for loss or damage, all in all, as the lender's own rules set it."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if not isinstance(self.amount, Money) or self.amount.minor < 0:
            raise InvalidValue("amount", str(self.amount), "an amount of zero or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleLoss(Command):
    """The loss is settled: paid, replaced, or waived."""

    how: Settlement
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assess(Command):
    """What is owed up to the day of this command is to be posted now, for a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseManually(Command):
    """Closed by hand, with a reason: the last resort."""

    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _said("reason", self.reason)


# --- to a relation --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Command):
    """An institution applies for a borrowing relation; opens it. The case id is its reference."""

    lender: str
    kind: InstitutionKind
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Command):
    """The lender approves the application; ``special`` approves one of a kind not listed."""

    special: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(Command):
    """The lender declines the application."""

    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _said("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign(Command):
    """Agreements were signed, by name: the borrowing and the copyright agreement."""

    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCard(Command):
    """The institution gets its card number; the password is the host's affair."""

    card: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _said("card", self.card)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaySecurity(Command):
    """The institution pays a deposit or a prepayment."""

    kind: SecurityKind
    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _positive("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareChange(Command):
    """The institution's name or contact has changed; ``contact`` is the reference from now on (NLC-2)."""

    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend(Command):
    """Borrowing is suspended by a decision."""

    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _said("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstate(Command):
    """The suspension ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate(Command):
    """The agreement ends; ``reason`` says why: it was wished, or a case was serious (NLC-7)."""

    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _said("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLoan(Command):
    """What the account holds of a loan from now on: what is out until when (None: nothing), new charges.

    ``charged`` lists kinds of charge and by how much each grew (below zero: was reversed).
    ``unsettled``: a loss or a damage is on record and its compensation has not been set.
    """

    loan: str
    out: OutOnLoan | None
    charged: tuple[tuple[str, Money], ...] = ()
    unsettled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Command):
    """The institution pays; charges kind by kind in the rulebook's order, the rest becomes prepayment."""

    amount: Money

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _positive("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waive(Command):
    """The lender waives an open charge, all of it or a part, with its reason."""

    loan: str
    kind: str
    amount: Money
    reason: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _positive("amount", self.amount)
