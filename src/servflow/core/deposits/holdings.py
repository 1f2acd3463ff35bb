"""What an account holds for each part of the building, and what is unpaid (各分部工程的份额).

1. What is paid in is shared among the parts that are not released, by their weights, to the cent.
2. Interest is shared by what each part holds. What a claim takes comes from its own part first; what
   that does not hold, from the others, by what they hold.
3. So all parts together hold exactly the balance, at every moment.
4. What was deposited for a part is another question: that is its share of all that was, by what is asked. So
   whoever has deposited all that is asked has done so for every part, in however many payments.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from servflow.core.deposits.accounts.model import DepositAccount, Movement, Part
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.fees.assessment import allocate
from servflow.core.fees.facts import History
from servflow.core.money import Money, total

__all__ = [
    "Held",
    "excess",
    "held_by_part",
    "reserved",
    "set_aside",
    "to_refund",
    "unpaid",
    "unpaid_history",
]

_DEPOSITS = frozenset({MovementKind.PAID_IN, MovementKind.REFUNDED})
"""What changes how much is deposited; interest and uses do not, a release does by its part."""


@dataclass(frozen=True, slots=True)
class Held:
    """Of one part: what is deposited for it, nothing once it is released, and what is held for it now."""

    principal: Money
    held: Money


def held_by_part(it: DepositAccount, *, on: date | None = None) -> Mapping[str, Held]:
    """What each part holds, after all movements, or after those that count by the end of ``on``.

    Where on a past day, because of what was entered later, more had left the account than was in it, that is
    nothing for every part.
    """
    held = dict.fromkeys(it.parts, it.nothing)
    short = it.nothing  # what had left that was not there
    for movement in it.movements:
        if on is not None and movement.on > on:
            continue
        amount = movement.amount
        if movement.kind.adds:
            filled = min(short, amount)
            short -= filled
            for name, share in _shared(it, held, movement, amount - filled).items():
                held[name] += share
        else:
            if movement.part:
                own = min(held[movement.part], amount)
                held[movement.part] -= own
                amount -= own
            short += amount - _take(held, amount)
    deposited = _deposited(it, _asked(it, on), on=on, paid_by=on)
    return {name: Held(deposited.get(name, it.nothing), held[name]) for name in it.parts}


def _shared(
    it: DepositAccount, held: Mapping[str, Money], movement: Movement, amount: Money
) -> Mapping[str, Money]:
    """So much of what is added, by the parts that are not released by then."""
    live = {
        name: part.weight
        for name, part in it.parts.items()
        if part.released_after is None or movement.number <= part.released_after
    }
    if movement.kind is MovementKind.INTEREST and any(held[name] for name in live):
        return allocate(amount, {name: held[name].minor for name in live})
    return allocate(amount, _weights(live or {name: part.weight for name, part in it.parts.items()}))


def _weights(shares: Mapping[str, int]) -> Mapping[str, int]:
    """The shares as they are; where nobody has one, everybody has the same."""
    return shares if any(shares.values()) else dict.fromkeys(shares, 1)


def _take(held: dict[str, Money], amount: Money) -> Money:
    """Takes so much away, by what each holds, of none more than it holds; what was there to take."""
    there = min(amount, total(held.values(), amount.currency))
    if there:
        weights = {name: each.minor for name, each in held.items()}
        for name, share in allocate(there, weights, limits=held).items():
            held[name] -= share
    return there


def _asked(it: DepositAccount, on: date | None) -> Mapping[str, Money] | None:
    """What is asked for each part by the assessment of that day; ``None``: there was none."""
    charge = next((each.charge for each in reversed(it.assessments) if on is None or each.on <= on), None)
    if charge is None:
        return None
    return allocate(charge.money, _weights({name: part.weight for name, part in it.parts.items()}))


def _deposited(
    it: DepositAccount, asked: Mapping[str, Money] | None, *, on: date | None, paid_by: date | None
) -> Mapping[str, Money]:
    """What is deposited for each part not released by the end of ``on``, of what was paid by ``paid_by``.

    It is shared by what is asked for them. A part that is released takes along its share of what was there. A
    payment that was reversed did not arrive: it counts on no day.
    """
    if asked is None or not any(asked.values()):
        shares = {name: part.weight for name, part in it.parts.items()}
    else:
        shares = {name: amount.minor for name, amount in asked.items()}
    undone = {movement.reverses for movement in it.movements}
    steps: list[tuple[int, str, Money]] = [
        (movement.number, "", movement.signed)
        for movement in it.movements
        if movement.kind in _DEPOSITS
        and movement.number not in undone
        and (paid_by is None or movement.on <= paid_by)
    ]
    for name, part in it.parts.items():
        if part.released_after is not None and not _kept(part, on):
            steps.append((part.released_after, name, it.nothing))
    whole = it.nothing
    for _, released, moved in sorted(steps, key=lambda step: (step[0], step[1])):
        if released:
            whole -= allocate(whole, _weights(shares))[released]
            del shares[released]
        else:
            whole = max(whole + moved, it.nothing)
    return allocate(whole, _weights(shares)) if shares else {}


def _kept(part: Part, on: date | None) -> bool:
    """Whether the part is not released by the end of that day."""
    return part.released_on is None or (on is not None and part.released_on > on)


def excess(it: DepositAccount, *, on: date | None = None, paid_by: date | None = None) -> Money:
    """How much more is deposited for the parts that are not released than is asked for them; below 0, less.

    Interest and uses have no say in it. ``on`` asks it of the end of that day; ``paid_by`` leaves out what
    was paid later than that, and is else the same day.
    """
    asked = _asked(it, on)
    if asked is None:
        return it.nothing
    deposited = _deposited(it, asked, on=on, paid_by=paid_by or on)
    return total(deposited.values(), it.target.currency) - total(
        (amount for name, amount in asked.items() if _kept(it.parts[name], on)), it.target.currency
    )


def to_refund(it: DepositAccount) -> Money:
    """What of the excess may go back (减免退还): so much that no less is left than is asked for.

    What repairs took is gone, and is not refunded. A deposit that nothing was used of keeps its interest.
    """
    over = excess(it)
    held = held_by_part(it)
    kept = [held[name] for name, part in it.parts.items() if _kept(part, None)]
    used = it.nothing
    for each in kept:
        used += each.principal - each.held
    return max(min(over, over - used), it.nothing)


def unpaid(it: DepositAccount, *, on: date | None = None, paid_by: date | None = None) -> Money:
    """What is still to be deposited (欠交); 0 where nothing is. The days are those of ``excess``."""
    return max(-excess(it, on=on, paid_by=paid_by), it.nothing)


def unpaid_history(it: DepositAccount, *, day_of_payment_counts: bool) -> History:
    """What was unpaid from each day on, since the assessment: the fact by which the surcharge goes (SD-8).

    ``day_of_payment_counts``: what is paid on a day still counts as unpaid on it.
    """
    later = timedelta(days=1 if day_of_payment_counts else 0)
    paid = {movement.on + later for movement in it.movements if movement.kind in _DEPOSITS}
    released = {part.released_on for part in it.parts.values() if part.released_on is not None}
    assessed = {each.on for each in it.assessments}
    entries = [(day, unpaid(it, on=day, paid_by=day - later)) for day in sorted(paid | released | assessed)]
    return (entries[0], *(other for one, other in pairwise(entries) if one[1] != other[1]))


def reserved(it: DepositAccount) -> Money:
    """What was approved for claims that are not settled yet."""
    return total(_budgets(it).values(), it.target.currency)


def _budgets(it: DepositAccount) -> Mapping[str, Money]:
    """What was approved for open claims, by part."""
    budgets = dict.fromkeys(it.parts, it.nothing)
    for claim in it.claims.values():
        if claim.open and claim.budget is not None:
            budgets[claim.part] += claim.budget
    return budgets


def set_aside(it: DepositAccount, *, defects: bool, claims: bool, released: Collection[str] = ()) -> Money:
    """What a refund, or the release of other parts, leaves behind (SD-9, SD-21).

    For each part, what was approved for its open claims; and at least all that it holds, where a serious
    defect of it is unrepaired, or a claim on it is open for which nothing was approved yet. ``defects`` and
    ``claims`` say whether these hold anything. Of parts that are ``released`` themselves only what was
    approved counts.
    """
    held, budgets = held_by_part(it), _budgets(it)
    whole = {each.part for each in it.defects.values() if defects and each.repaired_on is None}
    whole |= {each.part for each in it.claims.values() if claims and each.open and each.budget is None}
    whole -= {*released}
    kept = (max(budgets[name], held[name].held) if name in whole else budgets[name] for name in it.parts)
    return total(kept, it.target.currency)
