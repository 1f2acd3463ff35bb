"""What is to be deposited, and what is added for late payment: by fee rules of the rulebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from servflow.core.deposits.accounts.model import Assessment, DepositAccount, Ground, Order
from servflow.core.deposits.holdings import unpaid_history
from servflow.core.deposits.policy import DEPOSIT, SURCHARGE, DepositPolicy
from servflow.core.fees import Charge, FactKind, Facts, History, evaluate, facts_read
from servflow.core.money import Money

__all__ = [
    "SURCHARGED",
    "assessed",
    "condition",
    "defaulted",
    "late_charge",
    "order_in_force",
    "owed",
    "surcharge",
]

SURCHARGED = "surcharge"
"""The kind of what is owed for late payment; it is no deposit money."""
_DAY = timedelta(days=1)


def assessed(
    policy: DepositPolicy,
    on: date,
    building_type: str,
    *,
    cost: Money | None,
    average_cost: Money | None,
    floor_area: Decimal | None,
    grounds: tuple[Ground, ...],
) -> Assessment:
    """What the deposit is by the rules of ``on`` (核定), with its derivation.

    The rule ``deposit`` is asked with these facts: ``assessed_on``; ``building_type``; ``cost``;
    ``average_cost_fixed``, and where it is, ``average_cost`` and ``floor_area``; of each ground, its grade
    under its name (``award``), its points under ``NAME_points``, ``NAME_CONDITION`` for what was shown, and
    ``NAME_approved_by_AUTHORITY``. What was not shown does not hold; hyphens become underscores.

    Raises:
        MissingValue: the rule needs what was not given, or has nothing for that building type or day.
        InvalidValue: an amount or a quantity is negative.
        CurrencyMismatch: an amount is of another currency than the rule.
    """
    rule = policy.fee(DEPOSIT)
    amounts = {"cost": cost, "average_cost": average_cost}
    quantities: dict[str, Any] = {} if floor_area is None else {"floor_area": floor_area}
    words = {"building_type": building_type}
    shown = {"average_cost_fixed": average_cost is not None}
    for ground in grounds:
        name = _fact(ground.name)
        if ground.grade:
            words[name] = ground.grade
        if ground.points is not None:
            quantities[f"{name}_points"] = ground.points
        shown |= {condition(ground.name, each): True for each in ground.shown}
        shown |= {f"{name}_approved_by_{_fact(each.by)}": True for each in ground.approvals}
    asked = (name for name, kind in facts_read(rule).items() if kind is FactKind.FLAG)
    facts = Facts(
        days={"assessed_on": on},
        words=words,
        flags={name: shown.get(name, False) for name in asked},
        quantities=quantities,
        amounts={name: amount for name, amount in amounts.items() if amount is not None},
    )
    return Assessment(
        on=on,
        charge=evaluate(rule, facts),
        cost=cost,
        average_cost=average_cost,
        floor_area=floor_area,
        grounds=grounds,
    )


def condition(ground: str, word: str) -> str:
    """The name of the fact that ``word`` was shown of a ground of that name."""
    return f"{_fact(ground)}_{_fact(word)}"


def _fact(word: str) -> str:
    return word.replace("-", "_")


def order_in_force(it: DepositAccount) -> Order | None:
    """The last order to pay that was not withdrawn."""
    return next((order for order in reversed(it.orders) if not order.withdrawn), None)


def surcharge(it: DepositAccount, policy: DepositPolicy, day: date) -> Charge | None:
    """What is to be added for late payment up to ``day``, that day included (滞纳金).

    ``None``: nothing was ordered, or the rulebook of charges has no surcharge. The first day that counts is
    the one after an ordered day, the last the one before all is paid, or that day where the rulebook says
    so. An order bears on what was unpaid when it was given, and afterwards on the least that was unpaid
    since: what is asked for later waits for an order of its own. A later order takes nothing back of what an
    earlier one brought: that one would have to be withdrawn. It is worked out from the payments each time,
    and never kept (SD-8).

    Raises:
        MissingValue: payment was ordered, and the surcharge has no value on one of the days.
    """
    orders = [order for order in it.orders if not order.withdrawn]
    if not orders or SURCHARGE not in policy.fees:
        return None
    first = min(order.by_day for order in orders)
    counts = policy.surcharge_on_day_of_payment.on(first).value
    history = _overdue(unpaid_history(it, day_of_payment_counts=counts), orders)
    return late_charge(policy, history, ordered_by=first, end=max(day, first))


def late_charge(policy: DepositPolicy, history: History, *, ordered_by: date, end: date) -> Charge:
    """What is added on the days after ``ordered_by`` up to ``end``, that day included, on what is unpaid.

    A rule that asks for ``most_unpaid`` gets the most that was unpaid at once by ``end``: of one order what
    was overdue when it began.

    Raises:
        MissingValue: the rulebook of charges has no surcharge, or none for one of the days.
    """
    rule = policy.fee(SURCHARGE)
    most = max([history[0][1], *(amount for since, amount in history if since <= end)])
    return evaluate(
        rule,
        Facts(
            days={"ordered_by": ordered_by, "end": end},
            histories={"unpaid": history},
            amounts={"most_unpaid": most} if "most_unpaid" in facts_read(rule) else {},
        ),
    )


def _overdue(history: History, orders: Sequence[Order]) -> History:
    """What was unpaid after a day by which it had been ordered; 0 on all other days."""
    nothing = history[0][1] * 0
    days = sorted({day for day, _ in history} | {order.by_day + _DAY for order in orders})
    return tuple(
        (day, max((_ordered(history, each, day) for each in orders if each.by_day < day), default=nothing))
        for day in days
    )


def _ordered(history: History, order: Order, day: date) -> Money:
    """What the order bears on by ``day``: the least that was unpaid since it was given."""
    given = [amount for since, amount in history if since <= order.on][-1:]
    return min([*given, *(amount for since, amount in history if order.on < since <= day)])


def defaulted(it: DepositAccount, by_day: date) -> Money:
    """What was ordered to be paid by that day, that day included, and was not; 0: nothing (SD-8).

    What became unpaid after the order is not part of it.
    """
    history = unpaid_history(it, day_of_payment_counts=False)
    orders = (order for order in it.orders if order.by_day == by_day and not order.withdrawn)
    return max((_ordered(history, order, by_day) for order in orders), default=it.nothing)


def owed(it: DepositAccount, policy: DepositPolicy, on: date) -> Iterator[tuple[str, Charge]]:
    """What is owed beside the deposit itself on ``on``, that day included: the surcharge."""
    charge = surcharge(it, policy, on)
    if charge is not None and (charge.money or it.surcharged):
        yield SURCHARGED, charge
