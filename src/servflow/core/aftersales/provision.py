"""The warranty provision (产品质量保证), parts out of the store, and a builder's defect, as postings.

1. A provision is a liability for what warranties will cost, one account for each product (AS-ACC-1). It is
   accrued against selling expense, used up by repairs, and what is left is reversed once the product is no
   longer made and no more service cost can arise.
2. It is never used below nothing, on no day: what a repair costs beyond it is selling expense, as the
   repair of a product without a provision is.
3. Of every provision, accrued = used + reversed + balance.
4. Everything here is a pure function of postings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from servflow.core.aftersales.rates import check_rates
from servflow.core.citations import Clause, Reason
from servflow.core.errors import InvalidValue, Refused
from servflow.core.fees import Charge
from servflow.core.fees.assessment import Obligation, assess, posted_for
from servflow.core.ledger import Account, AccountKind, Posting, balance, check_kind, moved
from servflow.core.money import Money, total

__all__ = [
    "ACCRUAL",
    "DEDUCTION",
    "REQUISITION",
    "REVERSAL",
    "USE",
    "Cost",
    "Provision",
    "ProvisionState",
    "accrued",
    "available",
    "deducted_from_builder",
    "requisition",
    "reversed_provision",
    "standing",
    "used",
]

ACCRUAL: Final = "warranty-accrual"
"""The kind of a posting that accrues; the subject is the product and the period."""
USE: Final = "warranty-use"
"""The kind of a posting that uses the provision, or books what it does not cover; the subject is the case,
the voucher and the product."""
REVERSAL: Final = "warranty-reversal"
"""The kind of the posting that ends a provision; the subject is the product."""
REQUISITION: Final = "parts-requisition"
"""The kind of a posting that takes parts out of the store for a case."""
DEDUCTION: Final = "builder-deduction"
"""The kind of a posting that takes a defect out of a builder's contract money."""

_ENTRIES: Final = Clause("AS-ACC-2", "❿")
_LIABILITY: Final = Clause("AS-ACC-1", "❿")
_INVENTORY: Final = Clause("AS-ACC-3", "(三)")
_BUILDER: Final = Clause("AS-ACC-4", "❻")
_SOURCES: Final = (AccountKind.CASH, AccountKind.PAYABLE, AccountKind.MATERIALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """The provision for one product (预计负债——产品质量保证), and the selling expense (销售费用) beside it.

    Raises:
        InvalidValue: the product is empty, or has a ``/`` in it or spaces around it; or the account is no
            expense.
    """

    product: str
    expense: Account

    def __post_init__(self) -> None:
        check_kind("expense", self.expense, AccountKind.EXPENSE)
        _check_name("product", self.product)

    @property
    def liability(self) -> Account:
        """The account of the product, ``provision/warranty/PRODUCT``; no two products share one."""
        return Account(AccountKind.PROVISION, f"warranty/{self.product}")


def accrued(
    provision: Provision, period: str, charge: Charge, posted: Iterable[Posting], on: date
) -> Posting | None:
    """The posting that brings what was accrued for a period to ``charge``; ``None`` where it is that already.

    Debit selling expense, credit provision (AS-ACC-2). ``charge`` is what the rule of accrual makes of the
    period's sales. Where it has become less, goods came back, the difference is taken back, with the accounts
    swapped, as far as it was not used by then.

    Raises:
        InvalidValue: the period is empty, the rate of accrual is above 1, or the period was accrued against
            another expense.
        CurrencyMismatch: it was accrued in another currency.
    """
    if not period:
        raise InvalidValue("period", period, "a name, such as 2026-05")
    check_rates(charge)
    owed = Obligation(
        subject=f"{provision.product}/{period}",
        kind=ACCRUAL,
        debit=provision.expense,
        credit=provision.liability,
    )
    before = tuple(posted)
    posting, _ = assess(owed, charge.money, posted_for(owed, before), on, charge=charge, clause=_ENTRIES)
    if posting is None or posting.credit == provision.liability:
        return posting
    back = min(posting.amount, available(provision, before, on, posting.amount.currency))
    return replace(posting, amount=back) if back else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a repair cost, by where it comes from: cash, payable (wages, others' bills), or materials.

    Raises:
        InvalidValue: the amount is not above 0, or the account is of another kind.
    """

    source: Account
    amount: Money

    def __post_init__(self) -> None:
        check_kind("source", self.source, *_SOURCES)
        if self.amount.minor <= 0:
            raise InvalidValue("amount", self.amount, "an amount above 0")


def used(
    provision: Provision, case: str, voucher: str, costs: Iterable[Cost], posted: Iterable[Posting], on: date
) -> tuple[Posting, ...]:
    """The postings that bring what a voucher of a repair in warranty cost to ``costs``; none: it is that.

    Debit provision, credit bank, wages payable, materials. Costs use the provision in their order, one for
    each source (AS-ACC-2), as far as it reaches on ``on`` and every later day; what lies beyond is debited to
    selling expense (AS-ACC-1). What a source costs less than was posted goes back to where it was debited,
    to the expense first. A voucher is one of a case and a product.

    Raises:
        InvalidValue: case or voucher is empty, or has a ``/`` in it or spaces around it.
        CurrencyMismatch: the costs are of several currencies, or of another one than before.
    """
    for name, text in (("case", case), ("voucher", voucher)):
        _check_name(name, text)
    subject, before = f"{case}/{voucher}/{provision.product}", tuple(posted)
    net = moved(before, subject, USE, debited=[AccountKind.PROVISION, AccountKind.EXPENSE], credited=_SOURCES)
    more = _more(costs, net)
    if not more:
        return ()
    nothing = total(more.values(), next(iter(more.values())).currency) * 0  # refuses two currencies
    made: list[Posting] = []
    for source, difference in more.items():
        mine = {pair: amount for pair, amount in net.items() if pair[1] == source}
        made += _made(subject, USE, _taken_back(mine, -difference), (*before, *made), on)
    for source, difference in more.items():
        held = available(provision, (*before, *made), on, nothing.currency)
        covered = max(min(held, difference), nothing)
        beyond = max(difference - covered, nothing)
        moves = [(provision.liability, source, covered), (provision.expense, source, beyond)]
        made += _made(subject, USE, moves, (*before, *made), on)
    return tuple(made)


def _more(costs: Iterable[Cost], net: Mapping[tuple[Account, Account], Money]) -> Mapping[Account, Money]:
    """How much more each source of the costs is to be credited with than it was; less is negative."""
    more: dict[Account, Money] = {}
    moved_back = ((source, -amount) for (_, source), amount in net.items())
    for source, amount in (*((cost.source, cost.amount) for cost in costs), *moved_back):
        more[source] = amount + more.get(source, amount * 0)
    return more


def _taken_back(
    net: Mapping[tuple[Account, Account], Money], amount: Money
) -> Iterator[tuple[Account, Account, Money]]:
    """What is taken back of ``net`` up to ``amount``: of what reduced a liability after all else."""
    reduced = (AccountKind.PROVISION, AccountKind.PAYABLE)
    for debit, credit in sorted(net, key=lambda pair: pair[0].kind in reduced):
        part = min(net[debit, credit], amount)
        if part.minor > 0:
            amount -= part
            yield credit, debit, part


def _made(
    subject: str,
    kind: str,
    moves: Iterable[tuple[Account, Account, Money]],
    posted: Iterable[Posting],
    on: date,
    charge: Charge | None = None,
) -> list[Posting]:
    """The postings of what moves, from which account to which, numbered after those ``posted``."""
    first = 1 + sum((each.subject, each.kind) == (subject, kind) for each in posted)
    return [
        Posting(
            key=f"{subject}/{kind}/{number}",
            debit=debit,
            credit=credit,
            amount=amount,
            value_date=on,
            subject=subject,
            kind=kind,
            charge=charge,
            clause=_BUILDER if kind == DEDUCTION else _clause(debit, credit),
        )
        for number, (debit, credit, amount) in enumerate((move for move in moves if move[2]), first)
    ]


def _clause(debit: Account, credit: Account) -> Clause:
    """The entries are those of the provision; what it does not cover is expense as all repair cost is."""
    return _ENTRIES if AccountKind.PROVISION in (debit.kind, credit.kind) else _LIABILITY


def reversed_provision(
    provision: Provision,
    posted: Iterable[Posting],
    on: date,
    currency: str,
    *,
    still_made: bool,
    cost_may_arise: bool,
) -> Posting | None:
    """The posting that reverses what is left: debit provision, credit selling expense (AS-ACC-1, AS-ACC-2).

    ``None`` where nothing is left.

    Raises:
        Refused: the product is still made, or service cost can still arise; both reasons are named.
        InvalidValue: the balance is below 0, or some of it is not there on ``on``, or no longer on a later
            day.
    """
    facts = (("product", provision.product),)
    reasons = [
        *([Reason("provision.still-made", _LIABILITY, facts)] if still_made else []),
        *([Reason("provision.cost-may-arise", _LIABILITY, facts)] if cost_may_arise else []),
    ]
    if reasons:
        raise Refused(provision.product, "reverse", tuple(reasons))
    before = tuple(posted)
    left = balance(before, provision.liability, currency)
    if not left:
        return None
    if left.minor < 0:
        raise InvalidValue("posted", left, f"a balance of 0 or more on {provision.liability}")
    if available(provision, before, on, currency) < left:
        raise InvalidValue("on", on, "a day from which on all that is left is there")
    moves = [(provision.liability, provision.expense, left)]
    return _made(provision.product, REVERSAL, moves, before, on)[0]


def available(provision: Provision, posted: Iterable[Posting], on: date, currency: str) -> Money:
    """How much may be used on ``on`` so that the provision lies below nothing on no day; never negative.

    The least that it holds at the end of ``on`` and of any later day.
    """
    return _least(provision.liability, posted, on, currency)


def _least(account: Account, posted: Iterable[Posting], on: date, currency: str) -> Money:
    held = nothing = Money.of_minor(0, currency)
    changes = {on: nothing}
    for each in posted:
        if each.amount.currency == currency:
            day = max(each.value_date, on)
            changes[day] = changes.get(day, nothing) + each.on(account)
    least: Money | None = None
    for day in sorted(changes):
        held += changes[day]
        least = held if least is None else min(least, held)
    return max(least or nothing, nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionState:
    """What became of a provision: accrued, less what was taken back; used; reversed; what is left."""

    accrued: Money
    used: Money
    reversed: Money
    balance: Money

    @property
    def conserved(self) -> bool:
        """Whether accrued = used + reversed + balance. If not, something else was posted on the provision."""
        return self.accrued == self.used + self.reversed + self.balance


def standing(
    provision: Provision, posted: Iterable[Posting], currency: str, *, on: date | None = None
) -> ProvisionState:
    """How the provision stands at the end of the day ``on``, or after all postings."""
    counted = tuple(
        each for each in posted if each.amount.currency == currency and (on is None or each.value_date <= on)
    )

    def of(kind: str) -> Money:
        return total((each.on(provision.liability) for each in counted if each.kind == kind), currency)

    return ProvisionState(
        accrued=of(ACCRUAL),
        used=-of(USE),
        reversed=-of(REVERSAL),
        balance=balance(counted, provision.liability, currency),
    )


def requisition(
    case: str, voucher: str, line: int, store: Account, charged_to: Account, cost: Money, on: date
) -> Posting:
    """The posting of a part out of the store for a case that is paid (AS-ACC-3).

    Debit the expense, credit the materials; the procedure is that of the inventory, ``voucher`` its number
    and ``line``, from 1, the line on it. What a repair in warranty takes is ``used``.

    Raises:
        InvalidValue: an account is of another kind, the line is below 1, case or voucher is empty, or has a
            ``/`` in it or spaces around it, or the cost is not above 0.
    """
    check_kind("store", store, AccountKind.MATERIALS)
    check_kind("charged_to", charged_to, AccountKind.EXPENSE)
    for name, text in (("case", case), ("voucher", voucher)):
        _check_name(name, text)
    if line < 1:
        raise InvalidValue("line", line, "a line of the voucher, from 1")
    return Posting(
        key=f"{case}/{REQUISITION}/{voucher}/{line}",
        debit=charged_to,
        credit=store,
        amount=cost,
        value_date=on,
        subject=case,
        kind=REQUISITION,
        clause=_INVENTORY,
    )


def deducted_from_builder(
    case: str, builder: str, recovered_on: Account, charge: Charge, posted: Iterable[Posting], on: date
) -> tuple[Posting, ...]:
    """The postings that bring what is taken out of a builder's contract money for a case to ``charge``.

    ``charge`` is what his defect cost (AS-ACC-4). The repair is the developer's cost, booked on
    ``recovered_on``; it is credited there and debited to what the developer owes the builder on ``on`` and
    on every later day, and, where that is less, to what the builder owes from then on. What is deducted less
    than before goes back, what he owes first. The owner of the house has no part in it, other builders
    neither. None where it is deducted already.

    Raises:
        InvalidValue: ``recovered_on`` is no expense, or ``case`` or ``builder`` is empty.
        CurrencyMismatch: it was deducted in another currency before.
    """
    check_kind("recovered_on", recovered_on, AccountKind.EXPENSE)
    payable, receivable = (Account(kind, builder) for kind in (AccountKind.PAYABLE, AccountKind.RECEIVABLE))
    before, currency = tuple(posted), charge.money.currency
    net = {
        pair: amount
        for pair, amount in moved(
            before, case, DEDUCTION, debited=[payable.kind, receivable.kind], credited=[recovered_on.kind]
        ).items()
        if pair[0].owner == builder
    }
    more = charge.money - total(net.values(), currency)
    moves = [*_taken_back(net, -more)]
    if more.minor > 0:
        from_contract = min(_least(payable, before, on, currency), more)
        moves += [(payable, recovered_on, from_contract), (receivable, recovered_on, more - from_contract)]
    return tuple(_made(case, DEDUCTION, moves, before, on, charge))


def _check_name(name: str, text: str) -> None:
    if not text or text != text.strip() or "/" in text:
        raise InvalidValue(name, text, "a name without / or spaces around it")
