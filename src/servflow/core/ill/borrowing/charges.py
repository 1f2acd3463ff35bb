"""What a borrowed item costs: the patron by the lender's rules, and the library towards the lender.

Nothing accrues. What is owed on a day is computed from the case and the policy; what has been posted
before is taken off when it is posted again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from servflow.core.citations import PRACTICE, Clause
from servflow.core.fees import Charge, Count, Days, Facts, Given, PerUnit, Rule, Sum, Under, evaluate
from servflow.core.ill.borrowing.model import Attempt, BorrowingCase
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.states import AttemptState
from servflow.core.ill.terms import CostKind, CostLine, OfferState, WhereLost
from servflow.core.money import Money

__all__ = ["PAYABLE", "borne_by_patron", "for_the_patron", "owed", "payable"]

PAYABLE: Final = "payable-"
"""Before the kind of what the library owes a lender; without it, what the patron owes the library."""


def owed(it: BorrowingCase, policy: BorrowingPolicy, on: date) -> Iterator[tuple[str, Charge]]:
    """What the patron owes for the case as it stands on ``on`` (included), by kind.

    The lender's own rate and clause, applied to the days on which the patron had the item, where
    its rules are known (CQ-4); otherwise what the lender has charged. A charge of zero is left out,
    but not where one was posted before: then it is to be reversed.

    Raises:
        MissingValue: a rule has no value for the day the loan was shipped.
    """
    costs = dict(payable(borne_by_patron(it, policy)))
    fine = _fine(it, policy, on)
    if fine is not None:
        costs.pop(CostKind.OVERDUE, None)
        if fine.money or CostKind.OVERDUE.value in it.charged:
            yield CostKind.OVERDUE.value, fine
    for kind in CostKind:
        if kind in costs and (costs[kind] or kind.value in it.charged):
            yield kind.value, _given(kind, costs[kind], _clause(it, policy, kind))
        elif kind.value in it.charged and not (kind is CostKind.OVERDUE and fine is not None):
            yield kind.value, _given(kind, it.charged[kind.value].amount * 0, PRACTICE)


def payable(costs: Iterable[CostLine]) -> Iterator[tuple[CostKind, Money]]:
    """What the lines come to, of each kind once; all lines of one kind are in one currency."""
    sums: dict[CostKind, Money] = {}
    for line in costs:
        sums[line.kind] = line.amount + sums.get(line.kind, line.amount * 0)
    yield from sums.items()


def borne_by_patron(it: BorrowingCase, policy: BorrowingPolicy) -> Iterator[CostLine]:
    """The lenders' costs that the patron bears, in the policy's currency.

    They are those of the attempt that supplied, and of one whose offer was accepted for him. What the others
    charge is the library's, which asked them: of several that were asked at the same time, and one after the
    other. What was lost or damaged on the way is not his: there the library that sent it answers (NLC-13).
    Nor is what only goes back, or what was overdue and he never had, or brought back in time. Where the
    case fills another library's request, that request is charged.
    """
    lines = [line for attempt in it.attempts if for_the_patron(attempt) for line in attempt.costs]
    if not lines or it.origin is not None or it.fills is not None:
        return
    day = _ruled_on(it)
    pays, lenders = policy.patron_pays.on(day).value, policy.by_lenders_rules.on(day).value
    theirs = {
        CostKind.COMPENSATION: CostKind.COMPENSATION in lenders and _his_fault(it),
        CostKind.OVERDUE: CostKind.OVERDUE in lenders and _was_late(it),
    }
    for line in lines:
        if line.amount.currency == policy.currency and theirs.get(line.kind, line.kind in pays):
            yield line


def for_the_patron(attempt: Attempt) -> bool:
    """Whether what the attempt costs is for the patron: it supplied, or its offer was accepted."""
    accepted = attempt.offer is not None and attempt.offer.state is OfferState.ACCEPTED
    return accepted or attempt.state is AttemptState.SUPPLIED


def _was_late(it: BorrowingCase) -> bool:
    """Whether the patron had it, and did not bring it back by the last day that he was told."""
    last = it.patron_due or it.due
    back = it.taken_back_on or it.ended_on
    return it.checked_out_on is not None and not (last and back and back <= last)


def _his_fault(it: BorrowingCase) -> bool:
    """Whether it was lost or damaged while the patron had it."""
    return WhereLost.PATRON in it.lost.values() or any(damage.by_patron for damage in it.damages)


def _fine(it: BorrowingCase, policy: BorrowingPolicy, on: date) -> Charge | None:
    """The lender's overdue rate on the days the patron had it too long; None where it is not known.

    The days count after the lender's term, and not before the last day that the patron was told; of
    each volume up to the day on which he was rid of it.
    """
    attempt = it.attempt
    if attempt is None or it.shipped_on is None or it.due is None or it.checked_out_on is None:
        return None
    if it.fills is not None:
        return None
    lender = policy.lenders.get(attempt.supplier)
    if lender is None or CostKind.OVERDUE not in policy.by_lenders_rules.on(it.shipped_on).value:
        return None
    rate = lender.overdue_rate.on(it.shipped_on)
    if rate.value.currency != policy.currency:
        return None
    stops = lender.overdue_stops_when_lost.on(it.shipped_on).value
    days, counts, parts = {"due": max(it.due, it.patron_due or it.due)}, dict[str, int](), list[Rule]()
    for number, (end, volumes) in enumerate(sorted(_ends(it, on, stops=stops).items()), start=1):
        days[f"end_{number}"], counts[f"volumes_{number}"] = end, volumes
        quantity = Count(f"volumes_{number}", "volume") * Days(through=f"end_{number}")
        parts.append(PerUnit(quantity, rate.value))
    return evaluate(Under(rate.clause, Sum(tuple(parts))), Facts(days=days, counts=counts))


def _ends(it: BorrowingCase, on: date, *, stops: bool) -> Mapping[date, int]:
    """For each day on which the patron was rid of volumes that he had, by ``on``, how many they were."""
    ends: dict[date, int] = {}
    for piece in it.received:
        lost = it.lost_days.get(piece) if stops else None
        last = (on, it.taken_back_on, it.ended_on, it.sent_back.get(piece), lost)
        end = min(day for day in last if day is not None)
        ends[end] = ends.get(end, 0) + 1
    return ends


def _clause(it: BorrowingCase, policy: BorrowingPolicy, kind: CostKind) -> Clause:
    day = _ruled_on(it)
    lenders = policy.by_lenders_rules.on(day)
    return lenders.clause if kind in lenders.value else policy.patron_pays.on(day).clause


def _ruled_on(it: BorrowingCase) -> date:
    """The day whose rules say what the patron bears: that of the shipping, or else of the request."""
    day = it.shipped_on or it.submitted_on
    assert day is not None  # somebody has been asked
    return day


def _given(kind: CostKind, amount: Money, clause: Clause) -> Charge:
    name = kind.value.replace("-", "_")
    return evaluate(Under(clause, Given(name, amount.currency)), Facts(amounts={name: amount}))
