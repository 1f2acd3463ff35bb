"""The ledger: postings between accounts, and what follows from them.

1. A posting moves one positive amount from one account to another, so the books balance by how they
   are written. A mistake is reversed by a posting with debit and credit swapped; none is changed.
2. An account grows on one side, by its kind. Its balance is counted on that side; below nothing, it
   is overdrawn. It has a balance for each currency, and they never meet.
3. A posting says what it is about: ``subject`` is the case, ``kind`` the obligation in it
   (``overdue-fee``). The accounts say what happens to it: charged against income, paid from cash or
   a prepayment, waived. Its value date is the day on which it counts.
4. Everything here is a pure function of postings; their order means nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import Final

from servflow.core.citations import Clause
from servflow.core.dates import Term
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees.charges import Charge
from servflow.core.money import Money, total

__all__ = [
    "PAYING",
    "Account",
    "AccountKind",
    "Books",
    "Line",
    "Posting",
    "Settlement",
    "Statement",
    "balance",
    "balances",
    "check_kind",
    "moved",
    "reversal",
    "settlement",
    "statement",
    "trial_balance",
]


class AccountKind(Enum):
    """What an account holds. The values are stored data: never renamed."""

    RECEIVABLE = "receivable"  # what the owner owes us
    CASH = "cash"
    WAIVED = "waived"  # what we let go, an expense
    DEPOSIT = "deposit"  # the owner's money, held as security (押金)
    PREPAYMENT = "prepayment"  # the owner's money, to be used up (预付款)
    INCOME = "income"
    PROVISION = "provision"  # set aside for what will have to be paid
    PAYABLE = "payable"  # what we owe the owner
    EXPENSE = "expense"
    MATERIALS = "materials"  # 原材料, what lies in the store

    @property
    def grows_by_debit(self) -> bool:
        """Whether a debit makes it grow; else a credit does."""
        return self in {
            AccountKind.RECEIVABLE,
            AccountKind.CASH,
            AccountKind.WAIVED,
            AccountKind.EXPENSE,
            AccountKind.MATERIALS,
        }


@dataclass(frozen=True, slots=True)
class Account:
    """One account, written ``receivable/CN-110108``.

    Raises:
        InvalidValue: the owner is empty or has spaces around it.
    """

    kind: AccountKind
    owner: str

    def __post_init__(self) -> None:
        if not self.owner or self.owner != self.owner.strip():
            raise InvalidValue("owner", self.owner, "an id without spaces around it")

    @classmethod
    def parse(cls, text: str) -> Account:
        """The account that is written so; what follows the first ``/`` is the owner.

        Raises:
            InvalidValue: the text has no owner, or the kind is unknown.
        """
        kind, _, owner = text.partition("/")
        if kind not in {known.value for known in AccountKind}:
            raise InvalidValue("account", text, "a kind and an owner, such as receivable/CN-110108")
        return cls(AccountKind(kind), owner)

    def __str__(self) -> str:
        return f"{self.kind.value}/{self.owner}"


def check_kind(name: str, account: Account, *kinds: AccountKind) -> None:
    """Refuses an account that is of none of these kinds; ``name`` says what it was given for.

    Raises:
        InvalidValue: it is of another kind.
    """
    if account.kind not in kinds:
        expected = f"an account of {' or '.join(kind.value for kind in kinds)}"
        raise InvalidValue(name, str(account), expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One amount moved: ``debit`` is debited and ``credit`` is credited with it.

    ``key`` is its identity: the same key is never posted twice. ``charge`` is what the obligation
    came to and why, also when this posting is only the difference to it. ``happened_on`` is given
    where the value date is not the day on which it happened, because that day's period was closed.

    Raises:
        InvalidValue: the amount is not above nothing, both accounts are one, a text is empty, the
            value date is no date, or it does not lie after ``happened_on``.
        CurrencyMismatch: the charge is in another currency than the amount.
    """

    key: str
    debit: Account
    credit: Account
    amount: Money
    value_date: date
    subject: str
    kind: str
    charge: Charge | None = None
    clause: Clause | None = None
    happened_on: date | None = None

    def __post_init__(self) -> None:
        if self.amount.minor <= 0:
            raise InvalidValue("amount", self.amount, "an amount above 0; a reversal swaps the accounts")
        if self.debit == self.credit:
            raise InvalidValue("credit", str(self.credit), "another account than is debited")
        for name, text in (("key", self.key), ("subject", self.subject), ("kind", self.kind)):
            if not text:
                raise InvalidValue(name, text, "a text")
        if type(self.value_date) is not date:
            raise InvalidValue("value_date", self.value_date, "a date")
        if self.happened_on is not None and self.happened_on >= self.value_date:
            raise InvalidValue("happened_on", self.happened_on, "a day before the value date")
        if self.charge is not None and self.charge.money.currency != self.amount.currency:
            raise CurrencyMismatch(self.amount.currency, self.charge.money.currency)

    def on(self, account: Account) -> Money:
        """What it adds to the balance of ``account``: negative if it takes away, else nothing."""
        if account == self.debit:
            return self.amount if account.kind.grows_by_debit else -self.amount
        if account == self.credit:
            return -self.amount if account.kind.grows_by_debit else self.amount
        return self.amount * 0


def reversal(posting: Posting, value_date: date, *, key: str) -> Posting:
    """The posting that takes ``posting`` back: a payment that bounced, a waiver that is void.

    A charge is not taken back so, but assessed anew; the reversal carries none.

    Raises:
        InvalidValue: the key is empty, or the value date is no date.
    """
    return replace(
        posting,
        key=key,
        debit=posting.credit,
        credit=posting.debit,
        value_date=value_date,
        charge=None,
        happened_on=None,
    )


def balance(postings: Iterable[Posting], account: Account, currency: str, *, on: date | None = None) -> Money:
    """What ``account`` holds in ``currency``: at the end of the day ``on``, or after all postings."""
    counted = (p for p in postings if p.amount.currency == currency and (on is None or p.value_date <= on))
    return total((posting.on(account) for posting in counted), currency)


def balances(postings: Iterable[Posting]) -> Mapping[tuple[Account, str], Money]:
    """What every account holds, by account and currency, in the order of their text."""
    held: dict[tuple[Account, str], Money] = {}
    for posting in postings:
        for account in (posting.debit, posting.credit):
            key = (account, posting.amount.currency)
            held[key] = posting.on(account) + held.get(key, posting.amount * 0)
    return dict(sorted(held.items(), key=lambda item: (str(item[0][0]), item[0][1])))


def moved(
    postings: Iterable[Posting],
    subject: str,
    kind: str,
    *,
    debited: Collection[AccountKind],
    credited: Collection[AccountKind],
) -> Mapping[tuple[Account, Account], Money]:
    """What was moved for an obligation, by the account debited and the one credited, of these kinds.

    It is less what was taken back, with the two swapped; a pair of which all was taken back is in it.

    Raises:
        CurrencyMismatch: it was moved in two currencies between the same two.
    """
    net: dict[tuple[Account, Account], Money] = {}
    for each in postings:
        if (each.subject, each.kind) != (subject, kind):
            continue
        there, back = (each.debit, each.credit), (each.credit, each.debit)
        for (debit, credit), amount in ((there, each.amount), (back, -each.amount)):
            if debit.kind in debited and credit.kind in credited:
                net[debit, credit] = amount + net.get((debit, credit), amount * 0)
    return net


def trial_balance(postings: Iterable[Posting]) -> Mapping[str, tuple[Money, Money]]:
    """By currency, the sum of the accounts that grow by debit and of those that grow by credit.

    The books balance where the two are the same.
    """
    columns: dict[str, tuple[Money, Money]] = {}
    for (account, currency), held in balances(postings).items():
        nothing = Money.of_minor(0, currency)
        debits, credits_ = columns.get(currency, (nothing, nothing))
        if account.kind.grows_by_debit:
            columns[currency] = (debits + held, credits_)
        else:
            columns[currency] = (debits, credits_ + held)
    return dict(sorted(columns.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A posting on a statement, what it added (or took, negative), and the balance after it."""

    posting: Posting
    added: Money
    balance: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account over a term: ``opening`` and what the lines add make ``closing``."""

    account: Account
    term: Term
    opening: Money
    lines: tuple[Line, ...]
    closing: Money


def statement(postings: Iterable[Posting], account: Account, currency: str, term: Term) -> Statement:
    """What moved on ``account`` in ``term``, by value date and key, in one currency."""
    touching = [p for p in postings if p.amount.currency == currency and account in {p.debit, p.credit}]
    before = [posting for posting in touching if posting.value_date < term.start]
    held = opening = balance(before, account, currency)
    lines = []
    for posting in sorted(touching, key=lambda posting: (posting.value_date, posting.key)):
        if posting.value_date in term:
            added = posting.on(account)
            held += added
            lines.append(Line(posting=posting, added=added, balance=held))
    return Statement(account=account, term=term, opening=opening, lines=tuple(lines), closing=held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of all that was charged to somebody, in one currency.

    ``charged`` is less what was reversed, and ``paid`` less what was paid back. ``outstanding`` is
    still owed; ``credited`` is what we owe, where a charge was reversed that had been paid.
    """

    charged: Money
    paid: Money
    waived: Money
    outstanding: Money
    credited: Money

    @property
    def conserved(self) -> bool:
        """Whether charged = paid + waived + outstanding - credited. If not, a posting is missing."""
        return self.charged == self.paid + self.waived + self.outstanding - self.credited


PAYING: Final = frozenset({AccountKind.CASH, AccountKind.DEPOSIT, AccountKind.PREPAYMENT})
"""The kinds of accounts from which something is paid."""


def settlement(postings: Iterable[Posting], receivable: Account, currency: str) -> Settlement:
    """What became of all that was charged to ``receivable``.

    What came from cash, a deposit or a prepayment is paid; what is not paid or waived is charged,
    also when a debt was taken over. Obligations, by subject and kind, are kept apart: a credit on
    one does not make another one less outstanding.

    Raises:
        InvalidValue: the account is not a receivable.
    """
    if receivable.kind is not AccountKind.RECEIVABLE:
        raise InvalidValue("receivable", str(receivable), "a receivable")
    charged = paid = waived = nothing = Money.of_minor(0, currency)
    owed: dict[tuple[str, str], Money] = {}
    for posting in postings:
        if posting.amount.currency != currency or receivable not in {posting.debit, posting.credit}:
            continue
        added = posting.on(receivable)
        other = posting.credit if posting.debit == receivable else posting.debit
        if other.kind in PAYING:
            paid -= added
        elif other.kind is AccountKind.WAIVED:
            waived -= added
        else:
            charged += added
        about = (posting.subject, posting.kind)
        owed[about] = owed.get(about, nothing) + added
    return Settlement(
        charged=charged,
        paid=paid,
        waived=waived,
        outstanding=total((max(held, nothing) for held in owed.values()), currency),
        credited=total((max(-held, nothing) for held in owed.values()), currency),
    )


@dataclass(frozen=True, slots=True)
class Books:
    """Which periods are closed: every day up to ``closed_through``, that day included."""

    closed_through: date | None = None

    def value_date_for(self, day: date) -> date:
        """``day`` itself if its period is open, else the first open day."""
        if self.closed_through is None or day > self.closed_through:
            return day
        return self.closed_through + timedelta(days=1)

    def admit(self, posting: Posting) -> Posting:
        """The posting as it may be posted now: moved out of a closed period, its own day kept."""
        day = self.value_date_for(posting.value_date)
        if day == posting.value_date:
            return posting
        return replace(posting, value_date=day, happened_on=posting.happened_on or posting.value_date)
