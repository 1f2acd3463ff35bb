"""What an account holds for each part, and what is deposited for it: to the cent, whatever moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from deposit_desk import ASSESSED_ON, account, approved, cny, policy
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.deposits.accounts.model import ClaimBooked, Defect, DepositAccount
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.assessing import assessed
from servflow.core.deposits.holdings import excess, held_by_part, reserved, set_aside, unpaid, unpaid_history
from servflow.core.deposits.interest import with_movement
from servflow.core.money import Money, total

K = MovementKind
DAY = date(2026, 2, 2)
NOTHING = cny(0)


def small(weights: Mapping[str, int] | None = None, **changes: Any) -> DepositAccount:
    """An account of which 100 yuan are asked, for three parts of one weight each unless it is said."""
    return account(cost=cny(2000), weights=weights or {"roof": 1, "walls": 1, "pipes": 1}, **changes)


def moved(
    it: DepositAccount, kind: MovementKind, amount: int | str | Money, on: date = DAY, **said: Any
) -> DepositAccount:
    """The account with one movement more."""
    return with_movement(it, kind, on, amount if isinstance(amount, Money) else cny(amount), **said)


def released(it: DepositAccount, part: str, on: date = DAY) -> DepositAccount:
    """The account after the release of a part with all that it holds."""
    amount = held_by_part(it)[part].held
    gone = replace(it.parts[part], released_on=on, released_after=len(it.movements))
    it = replace(it, parts={**it.parts, part: gone})
    return moved(it, K.RELEASED, amount, on, part=part) if amount else it


def assessed_at(it: DepositAccount, cost: int | str, on: date, **said: Any) -> DepositAccount:
    """The account with an assessment more."""
    fresh = assessed(
        policy(),
        on,
        "high_rise",
        **({"cost": cny(cost), "average_cost": None, "floor_area": None, "grounds": ()} | said),
    )
    return replace(it, assessments=(*it.assessments, fresh))


def held(it: DepositAccount, on: date | None = None) -> dict[str, str]:
    """What each part holds, as text."""
    return {name: str(each.held.amount) for name, each in held_by_part(it, on=on).items()}


def principal(it: DepositAccount, on: date | None = None) -> dict[str, str]:
    """What is deposited for each part, as text."""
    return {name: str(each.principal.amount) for name, each in held_by_part(it, on=on).items()}


# --- what is paid in


@pytest.mark.clause("SD-20")
def test_what_is_paid_in_is_shared_by_weight_to_the_cent():
    """A cent that is left over goes to one of them; nothing is lost."""
    it = moved(small({"roof": 2, "walls": 1, "pipes": 3}), K.PAID_IN, 100)
    assert held(it) == principal(it) == {"roof": "33.33", "walls": "16.67", "pipes": "50.00"}
    it = moved(it, K.PAID_IN, "0.02")
    assert held(it) == {"roof": "33.34", "walls": "16.67", "pipes": "50.01"}


def test_a_part_without_weight_has_no_share():
    """What is asked and paid is for the others; where nobody has a weight, all have the same."""
    assert held(moved(small({"roof": 1, "walls": 0}), K.PAID_IN, 100)) == {"roof": "100.00", "walls": "0.00"}
    assert held(moved(small({"roof": 0, "walls": 0}), K.PAID_IN, 100)) == {"roof": "50.00", "walls": "50.00"}


def test_before_anything_moves_nothing_is_held():
    """Every part holds nothing, and all that is asked is unpaid."""
    it = small()
    assert held(it) == principal(it) == dict.fromkeys(it.parts, "0.00")
    assert (excess(it), unpaid(it)) == (cny(-100), cny(100))


def test_whoever_pays_more_than_is_asked_owes_nothing():
    """The excess is above nothing, and what is unpaid is not below it."""
    it = moved(small(), K.PAID_IN, 130)
    assert (excess(it), unpaid(it)) == (cny(30), NOTHING)


# --- interest and uses


def test_interest_is_shared_by_what_each_part_holds():
    """It is no deposit: what is deposited stays as it was."""
    it = moved(small(), K.PAID_IN, 90)
    it = moved(moved(it, K.USED, 30, part="roof"), K.INTEREST, "0.05")
    assert held(it) == {"roof": "0.00", "walls": "30.02", "pipes": "30.03"}
    assert excess(it) == cny(-10)


def test_interest_on_what_is_gone_goes_by_weight():
    """A correction after all was used is for the parts that are there."""
    it = moved(small({"roof": 1, "walls": 3}), K.PAID_IN, 100)
    it = moved(moved(it, K.USED, 100, part="roof"), K.INTEREST, 8)
    assert held(it) == {"roof": "2.00", "walls": "6.00"}


@pytest.mark.clause("SD-14")
def test_a_use_takes_from_its_own_part_first():
    """What that does not hold comes from the others, by what they hold; what was deposited is not changed."""
    it = moved(small({"roof": 1, "walls": 1, "pipes": 2}), K.PAID_IN, 100)
    it = moved(it, K.USED, 20, part="roof")
    assert held(it) == {"roof": "5.00", "walls": "25.00", "pipes": "50.00"}
    it = moved(it, K.USED, 20, part="roof")
    assert held(it) == {"roof": "0.00", "walls": "20.00", "pipes": "40.00"}
    assert principal(it) == {"roof": "25.00", "walls": "25.00", "pipes": "50.00"}
    assert unpaid(it) == NOTHING


def test_interest_taken_back_comes_from_all_by_what_they_hold():
    """A part that holds nothing gives nothing."""
    it = moved(small(), K.PAID_IN, 90)
    it = moved(moved(it, K.USED, 30, part="roof"), K.INTEREST_TAKEN_BACK, 6)
    assert held(it) == {"roof": "0.00", "walls": "27.00", "pipes": "27.00"}


def test_a_payment_that_did_not_arrive_was_never_deposited():
    """It is unpaid again, for every day since; the book shows both movements."""
    it = moved(moved(small(), K.PAID_IN, 40), K.PAID_IN, 60, DAY + timedelta(days=1))
    later = DAY + timedelta(days=9)
    it = moved(it, K.REVERSED, 60, later, reverses=2)
    assert [unpaid(it, on=on) for on in (DAY, DAY + timedelta(days=5), later)] == [cny(60)] * 3
    assert held(it, DAY) == principal(it) == {"roof": "13.33", "walls": "13.33", "pipes": "13.34"}
    assert it.balance == total((each.held for each in held_by_part(it).values()), "CNY") == cny(40)


# --- release


@pytest.mark.clause("SD-20")
def test_a_released_part_holds_nothing_and_is_asked_for_no_more():
    """What the others hold stays; what comes later is for them."""
    it = released(moved(small(), K.PAID_IN, 100), "roof")
    assert held(it) == principal(it) == {"roof": "0.00", "walls": "33.33", "pipes": "33.34"}
    assert excess(it) == NOTHING
    it = moved(moved(it, K.PAID_IN, 20), K.INTEREST, 2)
    assert held(it) == {"roof": "0.00", "walls": "44.33", "pipes": "44.34"}
    assert excess(it) == cny(20)


@pytest.mark.clause("SD-20")
@pytest.mark.parametrize("payments", [["10.00"] * 10, ["0.01"] * 50 + ["99.50"], ["33.35", "66.65"]])
def test_many_payments_leave_nothing_unpaid_after_a_release(payments):
    """Each payment is shared to the cent, and the cents would add up: what is deposited is one sum."""
    it = small()
    for amount in payments:
        it = moved(it, K.PAID_IN, amount)
    for part in ("roof", "walls", "pipes"):
        assert (excess(it), unpaid(it)) == (NOTHING, NOTHING)
        it = released(it, part)
    assert excess(it) == it.balance == NOTHING


@pytest.mark.clause("SD-3", "SD-20")
def test_after_a_release_a_refund_is_that_of_the_parts_that_are_left():
    """2 points less after one of eight parts was released: seven eighths of what they come to."""
    it = released(account(paid=[(DAY, cny(6_000_000))]), "decoration")
    award = (approved("award", grade="provincial", shown=("won",)),)
    it = assessed_at(it, 120_000_000, DAY, grounds=award)
    assert it.target == cny(3_600_000)
    assert excess(it) == cny(2_100_000)
    it = moved(it, K.REFUNDED, excess(it))
    assert (excess(it), unpaid(it)) == (NOTHING, NOTHING)
    assert principal(it)["heating"] == held(it)["heating"] == "450000.00"
    assert it.balance == cny(3_600_000) - cny(450_000)


@pytest.mark.clause("SD-20")
def test_where_not_all_was_paid_a_release_takes_its_share_of_what_was():
    """Of the others their own part stays unpaid."""
    it = released(moved(small({"roof": 1, "walls": 3}), K.PAID_IN, 60), "roof")
    assert principal(it) == {"roof": "0.00", "walls": "45.00"}
    assert unpaid(it) == cny(30)


def test_a_part_that_was_used_up_is_released_without_a_movement():
    """There is nothing to give back, and nothing is asked for it any more."""
    it = moved(moved(small(), K.PAID_IN, 100), K.USED, "33.34", part="pipes")
    assert principal(it)["pipes"] == "33.34"
    it = released(it, "pipes")
    assert ([each.kind for each in it.movements], excess(it)) == ([K.PAID_IN, K.USED], NOTHING)
    assert principal(it) == {"roof": "33.33", "walls": "33.33", "pipes": "0.00"}


def test_what_comes_when_all_is_released_is_for_all():
    """It is not lost, though there is nobody left to be asked."""
    it = moved(small({"roof": 1}), K.PAID_IN, 100)
    it = moved(released(it, "roof"), K.INTEREST, 1)
    assert (held(it), principal(it), excess(it)) == ({"roof": "1.00"}, {"roof": "0.00"}, NOTHING)


def test_parts_without_weight_share_what_comes_after_the_others():
    """Who had a share is released; what is left over is theirs."""
    it = released(moved(small({"roof": 1, "walls": 0, "pipes": 0}), K.PAID_IN, 100), "roof")
    it = moved(it, K.PAID_IN, 10)
    assert held(it) == principal(it) == {"roof": "0.00", "walls": "5.00", "pipes": "5.00"}
    assert excess(it) == cny(10)


@pytest.mark.clause("SD-2")
def test_where_nothing_is_asked_all_that_was_paid_is_too_much():
    """An exempt building gets back what was deposited, by the weights of its parts."""
    it = assessed_at(moved(small(), K.PAID_IN, 90), "0", DAY)
    assert (excess(it), principal(it)) == (cny(90), dict.fromkeys(it.parts, "30.00"))


# --- days


def test_what_was_held_on_a_day_counts_what_moved_by_its_end():
    """A payment of that day does, a release of the next does not."""
    it = moved(small(), K.PAID_IN, 100, DAY)
    it = released(it, "roof", DAY + timedelta(days=10))
    before, after = DAY - timedelta(days=1), DAY + timedelta(days=9)
    assert held(it, before) == principal(it, before) == dict.fromkeys(it.parts, "0.00")
    assert held(it, DAY) == principal(it, DAY) == held(it, after) == principal(it, after)
    assert held(it, after)["roof"] == "33.33"
    assert held(it, after + timedelta(days=1)) == held(it)
    assert [unpaid(it, on=on) for on in (before, DAY, after, it.movements[-1].on)] == [
        cny(100),
        NOTHING,
        NOTHING,
        NOTHING,
    ]


def test_before_the_first_assessment_nothing_is_asked():
    """Nothing is unpaid, and nothing is too much."""
    it = moved(small(), K.PAID_IN, 90, ASSESSED_ON - timedelta(days=5))
    day = ASSESSED_ON - timedelta(days=1)
    assert (excess(it, on=day), unpaid(it, on=day)) == (NOTHING, NOTHING)
    assert (excess(it, on=ASSESSED_ON), principal(it, day)["roof"]) == (cny(-10), "30.00")


def test_a_day_goes_by_the_assessment_of_that_day():
    """What was asked later has no say in what was unpaid before."""
    it = assessed_at(moved(small(), K.PAID_IN, 40), 1000, DAY + timedelta(days=5))
    asked = [unpaid(it, on=DAY + timedelta(days=days)) for days in (0, 4, 5)]
    assert [*asked, unpaid(it)] == [cny(60), cny(60), cny(10), cny(10)]


def test_what_had_left_before_it_came_leaves_the_parts_with_nothing():
    """Entered late, a day may show less than nothing in the account: what comes next fills that first."""
    it = moved(small({"roof": 1, "walls": 1}), K.PAID_IN, 50, DAY)
    it = moved(it, K.PAID_IN, 30, DAY + timedelta(days=5))
    it = moved(it, K.USED, 60, DAY + timedelta(days=2), part="roof")
    it = moved(it, K.PAID_IN, 14, DAY + timedelta(days=3))
    days = [DAY + timedelta(days=days) for days in (1, 2, 3, 5)]
    assert [held(it, on)["walls"] for on in days] == ["25.00", "0.00", "2.00", "27.00"]
    assert [held(it, on)["roof"] for on in days] == ["25.00", "0.00", "2.00", "7.00"]
    assert held(it) == held(it, days[-1])


# --- histories


@pytest.mark.clause("SD-8")
def test_the_history_of_what_is_unpaid_changes_with_payments_and_assessments():
    """Interest and uses begin no entry; the day of a payment goes by the rulebook."""
    it = moved(small(), K.PAID_IN, 30, date(2026, 3, 1))
    it = moved(it, K.INTEREST, 1, date(2026, 3, 2))
    it = moved(it, K.USED, 10, date(2026, 3, 3), part="roof")
    it = moved(it, K.PAID_IN, 70, date(2026, 3, 5))
    it = assessed_at(it, 2600, date(2026, 3, 10))
    it = assessed_at(it, 2400, date(2026, 3, 12))
    days = [
        ("2026-01-05", 100),
        ("2026-03-01", 70),
        ("2026-03-05", 0),
        ("2026-03-10", 30),
        ("2026-03-12", 20),
    ]
    expected = [(date.fromisoformat(day), cny(amount)) for day, amount in days]
    assert list(unpaid_history(it, day_of_payment_counts=False)) == expected
    later = [
        (day + timedelta(days=1), amount) if (day.month, day.day) in {(3, 1), (3, 5)} else (day, amount)
        for day, amount in expected
    ]
    assert list(unpaid_history(it, day_of_payment_counts=True)) == later


@pytest.mark.clause("SD-8")
def test_an_assessment_on_the_day_of_a_payment_counts_from_that_day():
    """Only what was paid on it waits for the day after, where the day of payment counts."""
    it = assessed_at(moved(small(), K.PAID_IN, 20, date(2026, 3, 1)), 1800, date(2026, 3, 1))
    history = dict(unpaid_history(it, day_of_payment_counts=True))
    assert history == {ASSESSED_ON: cny(100), date(2026, 3, 1): cny(90), date(2026, 3, 2): cny(70)}
    paid_at_once = moved(small(), K.PAID_IN, 100, ASSESSED_ON)
    assert dict(unpaid_history(paid_at_once, day_of_payment_counts=True)) == {
        ASSESSED_ON: cny(100),
        ASSESSED_ON + timedelta(days=1): NOTHING,
    }
    assert unpaid_history(paid_at_once, day_of_payment_counts=False) == ((ASSESSED_ON, NOTHING),)


def test_a_release_ends_what_is_unpaid_for_its_part():
    """The history says so from its day on."""
    it = released(moved(small({"roof": 1, "walls": 1}), K.PAID_IN, 60, DAY), "roof", date(2031, 3, 3))
    for counts in (True, False):
        assert unpaid_history(it, day_of_payment_counts=counts)[-1] == (date(2031, 3, 3), cny(20))


def test_reserved_is_what_is_approved_for_claims_that_are_open():
    """Neither a settled claim nor one without a budget reserves anything."""
    claims = {
        "one": ClaimBooked(part="roof", open=True, budget=cny(10)),
        "two": ClaimBooked(part="roof", open=True),
        "three": ClaimBooked(part="roof", open=False, budget=cny(40)),
        "four": ClaimBooked(part="walls", open=True, budget=cny(5)),
    }
    assert reserved(small(claims=claims)) == cny(15)
    assert reserved(small()) == NOTHING


def test_what_is_set_aside_for_a_part_is_the_greater_of_budgets_and_all_that_it_holds():
    """A defect, or a claim without a budget, keeps all that its part holds; a budget what was approved, if more."""
    it = small(paid=[(DAY, cny(40))])
    each = {name: held.held for name, held in held_by_part(it).items()}
    roof, walls = each["roof"], each["walls"]
    nothing: dict[str, Any] = {"defects": True, "claims": True}
    assert set_aside(it, **nothing) == NOTHING
    leaks = Defect(part="roof", what="leaks", found_on=DAY)
    defect = replace(it, defects={"d": leaks})
    assert set_aside(defect, **nothing) == roof > NOTHING
    assert set_aside(defect, defects=False, claims=True) == NOTHING
    assert set_aside(defect, released=("roof",), **nothing) == NOTHING
    mended = replace(it, defects={"d": replace(leaks, repaired_on=DAY)})
    assert set_aside(mended, **nothing) == NOTHING
    booked = ClaimBooked(part="walls", open=True)
    claim = replace(it, claims={"one": booked})
    assert set_aside(claim, **nothing) == walls > NOTHING
    assert set_aside(claim, defects=True, claims=False) == NOTHING
    assert set_aside(replace(it, claims={"one": replace(booked, open=False)}), **nothing) == NOTHING
    budget = replace(booked, budget=cny(1))
    assert set_aside(replace(it, claims={"one": budget}), **nothing) == cny(1) < walls
    assert set_aside(replace(it, claims={"one": booked, "two": budget}), **nothing) == walls
    both = replace(defect, claims={"one": replace(budget, part="roof", budget=roof + cny(1))})
    assert set_aside(both, **nothing) == roof + cny(1)
    assert set_aside(both, released=("roof",), **nothing) == roof + cny(1)


# --- whatever moves

STEPS = st.lists(
    st.tuples(
        st.sampled_from((*K, K.PAID_IN, K.PAID_IN)),
        st.integers(1, 20_000),  # minor units, or of what is there so many 20,000ths
        st.integers(0, 3),
        st.integers(0, 30),
    ),
    max_size=14,
)
WEIGHTS = st.lists(st.integers(0, 5), min_size=1, max_size=4).map(
    lambda weights: {f"part-{number}": weight for number, weight in enumerate(weights)}
)


def played(
    weights: Mapping[str, int], steps: list[tuple[MovementKind, int, int, int]]
) -> list[DepositAccount]:
    """The account after each step that makes sense: nothing leaves that is not there."""
    it = small(weights)
    found, on = [it], DAY
    for kind, size, number, days in steps:
        on += timedelta(days=days)
        part = f"part-{number % len(weights)}"
        there = Money.of_minor(-(-it.balance.minor * size // 20_000), "CNY")
        if kind is K.RELEASED:
            if it.parts[part].released_on is not None:
                continue
            it = released(it, part, on)
        elif kind.adds:
            it = moved(it, kind, Money.of_minor(size, "CNY"), on)
        elif kind is K.REVERSED:
            undone = {movement.reverses for movement in it.movements}
            payments = [
                each
                for each in it.movements
                if each.kind is K.PAID_IN and each.number not in undone and each.amount <= it.balance
            ]
            if not payments:
                continue
            payment = payments[size % len(payments)]
            it = moved(it, kind, payment.amount, on, reverses=payment.number)
        elif there:
            it = moved(it, kind, there, on, part=part if kind is K.USED else "")
        found.append(it)
    return found


@pytest.mark.clause("SD-20", "SD-23")
@given(WEIGHTS, STEPS)
def test_all_parts_together_hold_the_balance(weights, steps):
    """At every moment, to the cent; no part holds less than nothing, and a released one nothing."""
    for it in played(weights, steps):
        parts = held_by_part(it)
        assert total((each.held for each in parts.values()), "CNY") == it.balance
        assert all(each.held >= NOTHING and each.principal >= NOTHING for each in parts.values())
        live = [name for name, part in it.parts.items() if part.released_on is None]
        for name, each in parts.items():
            if live and name not in live:
                assert each.held == each.principal == NOTHING


@given(WEIGHTS, STEPS)
def test_the_past_is_as_it_was(weights, steps):
    """What was held and unpaid at the end of a day is what was, however much moved since."""
    accounts = played(weights, steps)
    last = accounts[-1]
    ends: dict[date, DepositAccount] = {}
    for it in accounts[1:]:
        released_on = [part.released_on for part in it.parts.values() if part.released_on is not None]
        ends[max([each.on for each in it.movements] + released_on, default=DAY)] = it
    for on, it in ends.items():
        undone = {movement.reverses for movement in last.movements} - {m.reverses for m in it.movements}
        assert {name: each.held for name, each in held_by_part(last, on=on).items()} == {
            name: each.held for name, each in held_by_part(it).items()
        }
        if not undone:
            assert excess(last, on=on) == excess(it)


@given(WEIGHTS, STEPS)
def test_the_order_in_which_parts_are_named_means_nothing(weights, steps):
    """Neither for what they hold nor for what is deposited for them."""
    it = played(weights, steps)[-1]
    turned = replace(it, parts=dict(reversed(list(it.parts.items()))))
    assert dict(held_by_part(turned)) == dict(held_by_part(it))
    assert excess(turned) == excess(it)


@given(WEIGHTS.filter(lambda weights: any(weights.values())), STEPS)
def test_what_is_deposited_follows_exact_shares(weights, steps):
    """It is what fractions say, but for the cents to which what is asked of each part is rounded."""
    it = played(weights, steps)[-1]
    undone = {movement.reverses for movement in it.movements}
    live = {name: Fraction(10_000 * weight, sum(weights.values())) for name, weight in weights.items()}
    whole, most = Fraction(), Fraction()
    for number in range(len(it.movements) + 1):
        movement = it.movements[number - 1] if number else None
        if movement is not None and movement.number not in undone:
            change = {K.PAID_IN: movement.amount.minor, K.REFUNDED: -movement.amount.minor}
            whole = max(whole + change.get(movement.kind, 0), Fraction())
            most = max(most, whole)
        for name, part in it.parts.items():
            if part.released_after == number:
                every = sum(live.values())
                share = live.pop(name) / every if every else Fraction(1, len(live) + 1)
                whole -= whole * share
    if any(live.values()):
        least = Fraction(10_000, 16)  # of what is asked, the lightest part beside three of the heaviest
        cents = len(weights) ** 2 * (1 + most / least)
        assert abs(excess(it).minor - (whole - sum(live.values()))) <= cents


@given(
    WEIGHTS.filter(lambda weights: any(weights.values())),
    st.lists(st.integers(1, 5000), max_size=8),
    st.data(),
)
def test_whoever_has_paid_all_owes_nothing_after_any_release(weights, payments, data):
    """However it was paid, whatever was earned and used, in whatever order parts are released."""
    it = small(weights)
    for minor in payments:
        amount = min(Money.of_minor(minor, "CNY"), unpaid(it))
        it = moved(it, K.PAID_IN, amount) if amount else it
    if rest := unpaid(it):
        it = moved(it, K.PAID_IN, rest)
    it = moved(it, K.INTEREST, "0.37")
    it = moved(it, K.USED, "12.34", part="part-0")
    for name in data.draw(st.permutations(sorted(weights))):
        assert excess(it) == NOTHING
        it = released(it, name)
    assert (excess(it), it.balance) == (NOTHING, NOTHING)
