"""What a loan costs, on any day: rules of the fee algebra, filled from the policy.

Nothing accrues. What is owed on a day is computed from the transaction and the policy; what has
been posted before is taken off when it is posted again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from servflow.core.citations import PRACTICE, Clause
from servflow.core.errors import MissingValue
from servflow.core.fees import (
    Charge,
    Count,
    Days,
    Facts,
    Fixed,
    Given,
    Measure,
    PerUnit,
    Rule,
    Sum,
    Under,
    evaluate,
)
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import BESIDE_THE_LOAN, Place
from servflow.core.ill.terms import CostKind, CostLine, cost_of
from servflow.core.money import Money

__all__ = ["COMPENSATION", "LOAN_FEE", "OVERDUE", "loan_fee", "owed"]

LOAN_FEE: Final = "loan-fee"
OVERDUE: Final = "overdue"
COMPENSATION: Final = "compensation"


def loan_fee(policy: LendingPolicy, day: date, place: Place, *, volumes: int, tariff: Money | None) -> Charge:
    """The fee of a loan shipped on ``day``: per volume, by where the borrower is.

    Raises:
        MissingValue: the borrower is abroad and no ``tariff`` per volume was given.
    """
    if place is Place.ABROAD:
        if tariff is None:
            raise MissingValue("tariff", "for a loan abroad")
        clause, rate = policy.fee_abroad.on(day).clause, tariff
    else:
        cited = (policy.fee_same_city if place is Place.SAME_CITY else policy.fee_elsewhere).on(day)
        clause, rate = cited.clause, cited.value
    rule = Under(clause, PerUnit(Count("volumes", "volume"), rate))
    return evaluate(rule, Facts(counts={"volumes": volumes}))


def owed(it: SupplyTransaction, policy: LendingPolicy, on: date) -> Iterator[tuple[str, Charge]]:
    """Every charge of the transaction as it stands on ``on`` (included), by kind.

    What is still out is overdue up to ``on``, or up to the day on which the loan was stopped; what
    came back, up to the day it did; what is lost, up to the day of its loss where the rules say so. Days
    on which the lender asked to keep it are not counted. Costs that staff named are owed as they were
    named. Of what was passed on to another library, what that library charges is owed, and nothing else.
    A charge of zero is left out, but not where one was posted before: then it is to be reversed,
    also where the shipping itself was undone.

    Raises:
        MissingValue: a rule has no value for the day the loan was shipped.
        CurrencyMismatch: a cost is in another currency than the policy's.
    """
    if it.via is not None:
        yield from _as_named(it, it.passed_on, tuple(CostKind), policy)
        return
    nothing = Money(0, policy.currency)
    if it.shipped_on is not None and it.due is not None:
        volumes = len(it.items)
        yield LOAN_FEE, loan_fee(policy, it.shipped_on, it.place, volumes=volumes, tariff=it.tariff)
        overdue = _overdue(it, policy, it.shipped_on, it.due, on)
        if overdue.money or OVERDUE in it.charged:
            yield OVERDUE, overdue
        if it.compensation is not None or COMPENSATION in it.charged:
            clause = policy.compensation.on(it.shipped_on).clause
            yield COMPENSATION, _given(COMPENSATION, it.compensation or nothing, clause)
    else:
        for kind in (LOAN_FEE, OVERDUE, COMPENSATION):
            if kind in it.charged:
                yield kind, _given(kind, nothing, PRACTICE)
    yield from _as_named(it, it.costs, BESIDE_THE_LOAN, policy)


def _as_named(
    it: SupplyTransaction, costs: tuple[CostLine, ...], kinds: tuple[CostKind, ...], policy: LendingPolicy
) -> Iterator[tuple[str, Charge]]:
    """What the lines come to, of each of these kinds."""
    for kind in kinds:
        amount = cost_of(tuple(line for line in costs if line.kind is kind), policy.currency)
        if amount or kind.value in it.charged:
            yield kind.value, _given(kind.value, amount, PRACTICE)


def _given(kind: str, amount: Money, clause: Clause) -> Charge:
    """An amount that somebody set."""
    name = kind.replace("-", "_")
    return evaluate(Under(clause, Given(name, amount.currency)), Facts(amounts={name: amount}))


def _overdue(it: SupplyTransaction, policy: LendingPolicy, shipped_on: date, due: date, on: date) -> Charge:
    """Volumes that came back on one day are one line: so many volumes times so many days."""
    rate = policy.overdue_rate.on(shipped_on)
    if it.stopped_on is not None:
        on = min(on, it.stopped_on)
    ends: dict[date, int] = {}
    for item in it.items:
        end = min(it.returned.get(item, on), on)
        lost_on = it.lost.get(item)
        if lost_on is not None and policy.overdue_stops_when_lost.on(lost_on).value:
            end = min(end, lost_on)
        ends[end] = ends.get(end, 0) + 1
    days = {"due": due}
    counts: dict[str, int] = {}
    parts: list[Rule] = []
    for number, (end, volumes) in enumerate(sorted(ends.items()), start=1):
        days[f"end_{number}"] = end
        counts[f"volumes_{number}"] = volumes
        late: Measure = Days(through=f"end_{number}")
        held = it.held_days(due, end)
        if held:
            late = late.deduct(Fixed(held, "day"))
        parts.append(PerUnit(Count(f"volumes_{number}", "volume") * late, rate.value))
    return evaluate(Under(rate.clause, Sum(tuple(parts))), Facts(days=days, counts=counts))
