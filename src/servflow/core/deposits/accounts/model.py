"""The deposit account of one building (按幢交存): what was assessed, what moved, its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar

from servflow.core.changes import Aggregate, Key
from servflow.core.checks import check_above_nothing, check_said, each_once
from servflow.core.citations import Reason
from servflow.core.dates import Period
from servflow.core.deposits.accounts.states import AccountState, Gate, MovementKind
from servflow.core.deposits.warranties import WarrantyLength
from servflow.core.deposits.words import Origin
from servflow.core.errors import InvalidValue
from servflow.core.fees.charges import Charge
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import Money

__all__ = [
    "Approval",
    "Assessment",
    "Building",
    "ClaimBooked",
    "Credit",
    "Default",
    "Defect",
    "DepositAccount",
    "Ground",
    "Movement",
    "Order",
    "Part",
    "account_key",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """The building, and who has to do with it; all references are opaque (权属).

    ``kinds`` are what it is, by the words of the rulebook's scope: ``new``, ``for-sale``. ``bank`` is the
    special account (专户) at which its deposit lies, ``supervisor`` keeps its pre-sale funds, if somebody
    does. ``committee`` and ``representative`` are empty as long as there is none.

    Raises:
        InvalidValue: a reference that is needed is empty, or a kind comes twice.
    """

    project: str
    building: str
    building_type: str
    kinds: tuple[str, ...]
    developer: str
    bank: str
    development_authority: str = ""
    supervisor: str = ""
    property_manager: str = ""
    committee: str = ""
    representative: str = ""

    def __post_init__(self) -> None:
        for name in ("project", "building", "building_type", "developer", "bank"):
            check_said(name, getattr(self, name))
        each_once("kinds", self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One authority approved of a reduction (核准): which, on which day, and by what document.

    Raises:
        InvalidValue: it does not say who, or by what.
    """

    by: str
    on: date
    reference: str

    def __post_init__(self) -> None:
        check_said("by", self.by)
        check_said("reference", self.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A ground for less of a deposit, or for none (减免依据), with what was shown for it.

    ``name`` is one of the rulebook's: ``performance``, ``award``, ``systems``, ``insurance``. ``grade`` is
    its word there (``2A``, ``provincial``), ``points`` the percentage points that were granted, where these
    are chosen; ``shown`` the conditions that were shown to hold, by the rulebook's words
    (``finally-reviewed``).

    Raises:
        InvalidValue: the name is empty, points are negative, or somebody approves twice.
    """

    name: str
    grade: str = ""
    points: Decimal | None = None
    shown: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()

    def __post_init__(self) -> None:
        check_said("name", self.name)
        each_once("shown", self.shown)
        each_once("approvals", tuple(each.by for each in self.approvals))
        if self.points is not None and not (self.points.is_finite() and self.points >= 0):
            raise InvalidValue("points", self.points, "percentage points, 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the deposit of the building is (核定): the charge carries its derivation.

    The base is the building's own ``cost`` (建筑安装总造价, a settled price for retained money), or the
    authority's ``average_cost`` for each square metre of its ``floor_area`` (SD-29).
    """

    on: date
    charge: Charge
    cost: Money | None = None
    average_cost: Money | None = None
    floor_area: Decimal | None = None
    grounds: tuple[Ground, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One movement of the balance, on the day from which on it counts for interest.

    ``origin`` and ``receipt`` are said of what is paid in, ``reverses`` the number of what a reversal takes
    back, ``claim`` and ``payee`` of what is used, ``part`` of what is used or released.

    Raises:
        InvalidValue: the amount is not above zero.
    """

    number: int
    on: date
    kind: MovementKind
    amount: Money
    origin: Origin | None = None
    receipt: str = ""
    reverses: int | None = None
    claim: str = ""
    payee: str = ""
    part: str = ""

    def __post_init__(self) -> None:
        check_above_nothing("amount", self.amount)

    @property
    def signed(self) -> Money:
        """What it adds to the balance; negative where it takes away."""
        return self.amount if self.kind.adds else -self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """The interest of the days up to ``through``, that day included, since the one before (结息)."""

    through: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the building under warranty (分部工程), with its share of the deposit.

    ``length`` is what a contract agreed beyond the least; ``until`` the first day without warranty, ``None``
    before handover. ``told`` says that its end was told, ``reminded`` that the last day for its release was;
    ``requested_on`` when the developer asked for it. ``released_after`` is the number of the last movement
    before its release. What is derived from the day, in warranty or expired, is not stored.
    """

    weight: int
    length: WarrantyLength | None = None
    until: date | None = None
    told: bool = False
    reminded: bool = False
    requested_on: date | None = None
    released_on: date | None = None
    released_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to pay by a day (责令限期交纳); the surcharge begins with the day after it.

    ``noted`` says that no default is to be noted of it any more: it was, or the building was exempt since.
    """

    by_day: date
    on: date
    noted: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """It was not paid by the day that was ordered (逾期未交存), as it went into the credit file (SD-8)."""

    ordered_by: date
    unpaid: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A serious defect still affecting use (严重质量缺陷), until it is repaired."""

    part: str
    what: str
    found_on: date
    repaired_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimBooked:
    """A claim as the account knows it: on which part, whether it is open, and what was approved for it."""

    part: str
    open: bool
    budget: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositAccount(Aggregate):
    """The deposit of one building: earmarked, its owner known, used for nothing else (SD-23).

    ``review_of`` says of which assessment, counted from 1, the last review was asked for; it is open until
    there is an answer. ``review_told`` says that the last day for one was told.
    """

    kind: ClassVar[str] = "deposits.account"

    state: AccountState
    authority: str
    building: Building
    assessments: tuple[Assessment, ...]
    parts: Mapping[str, Part]
    notified_on: date | None = None
    letter_received_on: date | None = None
    review_asked: str = ""
    review_of: int = 0
    review_told: bool = False
    review_answer: str = ""
    orders: tuple[Order, ...] = ()
    defaults: tuple[Default, ...] = ()
    movements: tuple[Movement, ...] = ()
    credits: tuple[Credit, ...] = ()
    surcharged: tuple[Posting, ...] = ()
    paid_in_full_on: date | None = None
    passed: Mapping[str, date] = field(default_factory=dict)
    handed_over_on: date | None = None
    design_life: Period | None = None
    defects: Mapping[str, Defect] = field(default_factory=dict)
    claims: Mapping[str, ClaimBooked] = field(default_factory=dict)
    limit_told: bool = False
    published: tuple[int, ...] = ()
    attention: tuple[Reason, ...] = ()
    closed_on: date | None = None
    why: str = ""

    @property
    def assessment(self) -> Assessment:
        """The one that holds."""
        return self.assessments[-1]

    @property
    def target(self) -> Money:
        """What is to be deposited in all."""
        return self.assessment.charge.money

    @property
    def under_review(self) -> bool:
        """Whether the developer asked for a review that is not answered yet."""
        return bool(self.review_asked) and not self.review_answer

    @property
    def nothing(self) -> Money:
        """No amount, in its currency."""
        return self.target * 0

    @property
    def balance(self) -> Money:
        """What the account holds."""
        held = self.nothing
        for movement in self.movements:
            held += movement.signed
        return held

    def has_passed(self, gate: Gate) -> bool:
        """Whether it was handed over, filed, registered."""
        return gate.value in self.passed

    @property
    def deposit(self) -> Account:
        """Its account in the ledger: one for each building, with nothing of any other in it."""
        return Account(AccountKind.DEPOSIT, self.id)

    @property
    def at_the_bank(self) -> Account:
        """The special account in the ledger at which the money lies."""
        return Account(AccountKind.CASH, self.building.bank)


def account_key(account: str) -> Key:
    """The key of a deposit account."""
    return Key(DepositAccount.kind, account)
