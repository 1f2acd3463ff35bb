"""Interest on a deposit (利息): at dated rates, by the bank's day count, credited on its days.

1. Nothing accrues by a job. What is to be credited follows from the movements, and is credited when somebody
   looks: each credit counts from the day after the days that it is for.
2. Within a credit it is exact; it is rounded once, as it is credited.
3. A movement that is entered late changes what was credited since: the difference is one more movement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate

from servflow.core.attention import attend, seen_to
from servflow.core.deposits.accounts.model import Credit, DepositAccount, Movement
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.policy import INTEREST, DepositPolicy
from servflow.core.fees import Facts, evaluate
from servflow.core.fees.facts import History
from servflow.core.money import Money, total

__all__ = ["INTEREST_OVERPAID", "accrued", "caught_up", "recredited", "with_movement"]

INTEREST_OVERPAID = "deposits.interest-overpaid"
"""Interest that was paid out already turned out not to be due, by a late entry: staff have to look at it."""

_DAY = timedelta(days=1)
_INTEREST = frozenset({MovementKind.INTEREST, MovementKind.INTEREST_TAKEN_BACK})


def caught_up(
    it: DepositAccount, policy: DepositPolicy, day: date, *, to_the_day: bool = False
) -> DepositAccount:
    """The account with all interest credited that is to be by the beginning of ``day``.

    ``to_the_day``: the days up to the one before ``day``, too, as where money leaves the account for good.

    Raises:
        MissingValue: the rulebook has no rate for some of the days.
    """
    start = _start(it)
    if start is None:
        return it
    ends = [*_ends(policy, start, day)]
    yesterday = day - _DAY
    if to_the_day and max([start, *ends]) < yesterday and policy.interest_days.on(yesterday).value:
        ends.append(yesterday)
    for through in ends:
        credit = _credit(it, policy, through)
        it = replace(it, credits=(*it.credits, credit))
        if credit.amount:
            it = with_movement(it, MovementKind.INTEREST, through + _DAY, credit.amount)
    return it


def accrued(it: DepositAccount, policy: DepositPolicy, day: date) -> Money:
    """What was earned by the beginning of ``day`` and is not credited yet, rounded; the account stays so.

    Raises:
        MissingValue: the rulebook has no rate for some of the days.
    """
    up_to_day = caught_up(it, policy, day, to_the_day=True)
    return total((credit.amount for credit in up_to_day.credits[len(it.credits) :]), it.target.currency)


def recredited(it: DepositAccount, policy: DepositPolicy, since: date, day: date) -> DepositAccount:
    """The account with the interest as it is after a movement that counts from ``since`` on was entered late.

    What was credited for days from ``since`` on is worked out again; the difference is a movement of ``day``.
    No more is taken back than the account holds: what has been paid out stays credited, and staff have to
    look at it, until it is taken back after all.

    Raises:
        MissingValue: the rulebook has no rate for some of the days.
    """
    stale = [credit.through for credit in it.credits if credit.through >= since]
    if not stale:
        return it
    fresh = seen_to(replace(it, credits=it.credits[: -len(stale)]), INTEREST_OVERPAID)
    start = _start(fresh)
    assert start is not None, "what was credited was credited on a movement"
    for through in sorted({*stale, *_ends(policy, start, stale[-1])}):  # a first payment may be earlier now
        fresh = replace(fresh, credits=(*fresh.credits, _credit(fresh, policy, through)))
    difference = _credited(fresh) - _credited(it)
    if difference > it.nothing:
        return with_movement(fresh, MovementKind.INTEREST, day, difference)
    back = min(-difference, fresh.balance)
    if back < -difference:  # paid out and gone: what was credited stays what was entered as movements
        last = fresh.credits[-1]
        kept = replace(last, amount=last.amount - difference - back)
        fresh = replace(fresh, credits=(*fresh.credits[:-1], kept))
        fresh = attend(fresh, INTEREST_OVERPAID, ("amount", -difference - back))
    return with_movement(fresh, MovementKind.INTEREST_TAKEN_BACK, day, back) if back else fresh


def _credited(it: DepositAccount) -> Money:
    return total((credit.amount for credit in it.credits), it.target.currency)


def with_movement(
    it: DepositAccount, kind: MovementKind, on: date, amount: Money, **said: object
) -> DepositAccount:
    """The account with one movement more, the next in number."""
    movement = Movement(number=len(it.movements) + 1, kind=kind, on=on, amount=amount, **said)  # type: ignore[arg-type]
    return replace(it, movements=(*it.movements, movement))


def _ends(policy: DepositPolicy, start: date, day: date) -> Iterator[date]:
    """The interest days after ``start`` and before ``day``, each by the rules of that day."""
    known = {
        each for since in policy.interest_days.values if since.cited is not None for each in since.cited.value
    }
    days = sorted(known, key=lambda each: (each.month, each.day))
    for year in range(start.year, day.year + 1):
        for each in days:
            through = each.in_year(year)
            if start < through < day and each in policy.interest_days.on(through).value:
                yield through


def _start(it: DepositAccount) -> date | None:
    """The last day for which interest was credited; before the first credit, the day before any movement."""
    if it.credits:
        return it.credits[-1].through
    first = min((movement.on for movement in it.movements), default=None)
    return None if first is None else first - _DAY


def _credit(it: DepositAccount, policy: DepositPolicy, through: date) -> Credit:
    after = _start(it)
    assert after is not None
    facts = Facts(
        days={"after": after, "through": through}, histories={"balance": _balances(it, after + _DAY)}
    )
    return Credit(through=through, amount=evaluate(policy.fee(INTEREST), facts).money)


def _balances(it: DepositAccount, since: date) -> History:
    """What the account held from ``since`` on, the day after its last credit: what moved, and interest."""
    nothing = it.nothing
    moved: dict[date, Money] = {since: _credited(it)}
    for movement in it.movements:
        if movement.kind not in _INTEREST:
            counts = max(movement.on, since)
            moved[counts] = moved.get(counts, nothing) + movement.signed
    days = sorted(moved)
    held = accumulate(moved[day] for day in days)
    return tuple((day, max(amount, nothing)) for day, amount in zip(days, held, strict=True))
