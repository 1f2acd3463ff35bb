"""The credit record of a developer (信用档案): what it had to deposit, what it paid, what not.

It is worked out from the accounts as they are, of one day; what was ordered, paid or noted after it is not
in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.assessing import surcharge
from servflow.core.deposits.holdings import unpaid
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.statements import surcharge_paid
from servflow.core.ledger import AccountKind
from servflow.core.money import Money, total

__all__ = ["CreditLine", "credit_record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """How a developer paid for one building, by the end of a day (SD-8, SD-32).

    ``assessed`` is what holds on that day. A payment that was reversed did not arrive: it is on no day in
    ``paid_in``. ``orders`` are the days by which payment was ordered, those of withdrawn orders are in
    ``withdrawn``, too; ``defaults`` the ordered days by which it was not paid, as they were noted.
    ``surcharge`` is worked out up to the day; of it so much was posted, and so much paid.
    """

    authority: str
    developer: str
    project: str
    building: str
    account: str
    assessed_on: date
    assessed: Money
    notified_on: date | None
    paid_in: Money
    unpaid: Money
    paid_in_full_on: date | None
    orders: tuple[date, ...]
    withdrawn: tuple[date, ...]
    defaults: tuple[date, ...]
    surcharge: Money
    surcharge_posted: Money
    surcharge_paid: Money


def credit_record(
    accounts: Iterable[DepositAccount], developer: str, policy: DepositPolicy, day: date
) -> Iterator[CreditLine]:
    """A line for each building of the developer that was assessed by ``day``, that day included.

    Raises:
        MissingValue: payment was ordered, and the surcharge has no value on one of the days.
    """
    for it in accounts:
        if it.building.developer == developer and it.assessments[0].on <= day:
            yield _line(it, policy, day)


def _line(it: DepositAccount, policy: DepositPolicy, day: date) -> CreditLine:
    assessment = [each for each in it.assessments if each.on <= day][-1]
    undone = {movement.reverses for movement in it.movements}
    arrived = (
        movement.amount
        for movement in it.movements
        if movement.kind is MovementKind.PAID_IN and movement.number not in undone and movement.on <= day
    )
    posted = it.nothing
    for posting in it.surcharged:
        if (posting.happened_on or posting.value_date) <= day:
            if posting.credit.kind is AccountKind.INCOME:
                posted += posting.amount
            elif posting.debit.kind is AccountKind.INCOME:
                posted -= posting.amount
    ordered = tuple(order for order in it.orders if order.on <= day)
    due = surcharge(it, policy, day)
    return CreditLine(
        authority=it.authority,
        developer=it.building.developer,
        project=it.building.project,
        building=it.building.building,
        account=it.id,
        assessed_on=assessment.on,
        assessed=assessment.charge.money,
        notified_on=_by(it.notified_on, day),
        paid_in=total(arrived, it.target.currency),
        unpaid=unpaid(it, on=day),
        paid_in_full_on=_by(it.paid_in_full_on, day),
        orders=tuple(order.by_day for order in ordered),
        withdrawn=tuple(order.by_day for order in ordered if order.withdrawn),
        defaults=tuple(each.ordered_by for each in it.defaults if each.ordered_by < day),
        surcharge=it.nothing if due is None else due.money,
        surcharge_posted=posted,
        surcharge_paid=surcharge_paid(it, day),
    )


def _by(known: date | None, day: date) -> date | None:
    return known if known is not None and known <= day else None
