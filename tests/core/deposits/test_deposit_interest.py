"""Interest against a day-by-day count by hand: which days, at which rates, when it is credited, and what is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from deposit_desk import account, cny, fees, policy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from interest_by_hand import QUARTERS, interest_by_hand

from servflow.core.citations import PRACTICE, Cited, Dated, Since
from servflow.core.dates import MonthDay
from servflow.core.deposits import DepositPolicy
from servflow.core.deposits.accounts.model import DepositAccount, Movement
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.interest import accrued, caught_up, recredited, with_movement
from servflow.core.errors import MissingValue
from servflow.core.money import Money, total

K = MovementKind
ONE_DAY = timedelta(days=1)
INTEREST = frozenset({K.INTEREST, K.INTEREST_TAKEN_BACK})
RULES = policy()


def kept(*moves: tuple[date, int], kind: MovementKind = K.USED) -> DepositAccount:
    """An account with these movements of minor units: paid in, or where they are below nothing of that kind."""
    it = account()
    for on, minor in moves:
        amount = Money.of_minor(abs(minor), "CNY")
        it = with_movement(
            it, K.PAID_IN if minor > 0 else kind, on, amount, part="" if minor > 0 else "roof-waterproofing"
        )
    return it


def credits(it: DepositAccount) -> list[tuple[date, int]]:
    """What was credited: through which day, and how many minor units."""
    return [(credit.through, credit.amount.minor) for credit in it.credits]


def of_kinds(it: DepositAccount, *kinds: MovementKind) -> list[Movement]:
    """Its movements of these kinds."""
    return [movement for movement in it.movements if movement.kind in kinds]


def check_books(it: DepositAccount) -> None:
    """What was credited is what moved as interest, and movements are numbered one by one."""
    moved = total((movement.signed for movement in of_kinds(it, *INTEREST)), "CNY")
    assert moved == total((credit.amount for credit in it.credits), "CNY")
    assert [movement.number for movement in it.movements] == list(range(1, len(it.movements) + 1))


# --- when, and how much


@pytest.mark.clause("SD-18")
def test_interest_is_credited_on_the_day_after_its_days():
    """6,000,000 from 2 February 2026 at 0.35 %: 47 days up to 20 March, then quarters, each on what was there."""
    it = caught_up(kept((date(2026, 2, 2), 600_000_000)), RULES, date(2027, 1, 1))
    amounts = ["2741.67", "5369.12", "5373.92", "5320.26"]
    assert [(each.on.isoformat(), str(each.amount.amount)) for each in of_kinds(it, K.INTEREST)] == list(
        zip(["2026-03-21", "2026-06-21", "2026-09-21", "2026-12-21"], amounts, strict=True)
    )
    assert credits(it) == interest_by_hand([(date(2026, 2, 2), 600_000_000)], date(2027, 1, 1))
    check_books(it)


@pytest.mark.clause("SD-18")
@pytest.mark.parametrize(
    ("day", "count"), [("2026-03-20", 0), ("2026-03-21", 1), ("2026-06-20", 1), ("2026-06-21", 2)]
)
def test_a_credit_comes_with_the_day_after_and_not_before(day, count):
    """Through the interest day itself the money still earns."""
    it = kept((date(2026, 2, 2), 600_000_000))
    assert len(caught_up(it, RULES, date.fromisoformat(day)).credits) == count


@pytest.mark.clause("SD-18")
@pytest.mark.parametrize(
    ("paid", "left", "days"),
    [
        ("2026-04-01", "2026-04-02", 1),
        ("2026-04-01", "2026-04-11", 10),
        ("2026-06-20", "2026-06-21", 1),
        ("2026-03-21", "2026-06-21", 92),
        ("2026-04-01", "2026-04-01", 0),
    ],
)
def test_money_earns_from_its_day_through_the_day_before_it_leaves(paid, left, days):
    """36 million at 0.35 % earn 350 yuan a day."""
    it = kept((date.fromisoformat(paid), 3_600_000_000), (date.fromisoformat(left), -3_600_000_000))
    it = caught_up(it, RULES, date(2026, 6, 21))
    assert total((credit.amount for credit in it.credits), "CNY") == cny(350) * days


@pytest.mark.clause("SD-18")
@pytest.mark.parametrize(
    ("day", "expected"), [("2011-02-08", 360), ("2011-02-09", 720), ("2011-02-10", 1120)]
)
def test_each_day_bears_the_rate_of_that_day(day, expected):
    """36 million earn 360 yuan a day at 0.36 %, and 400 from 9 February 2011 on."""
    it = kept((date(2011, 2, 7), 3_600_000_000))
    assert accrued(it, RULES, date.fromisoformat(day)) == cny(expected)


@pytest.mark.clause("SD-18")
def test_interest_is_rounded_once_as_it_is_credited():
    """Half a cent becomes one; less becomes none, and the days are counted for all that."""
    half = kept((date(2026, 3, 20), 51_429))  # 0.5000041 of a cent
    less = kept((date(2026, 3, 20), 51_428))
    for kept_so, minor in ((half, 1), (less, 0)):
        it = caught_up(kept_so, RULES, date(2026, 3, 21))
        assert credits(it) == [(date(2026, 3, 20), minor)]
        assert len(of_kinds(it, K.INTEREST)) == minor
        assert caught_up(it, RULES, date(2026, 3, 21)) == it


@pytest.mark.clause("SD-20")
def test_what_leaves_for_good_has_its_interest_up_to_the_day_before():
    """It is credited on that day, and the next credit begins with it."""
    it = kept((date(2026, 2, 2), 600_000_000))
    day = date(2026, 4, 30)
    it = caught_up(it, RULES, day, to_the_day=True)
    assert [through.isoformat() for through, _ in credits(it)] == ["2026-03-20", "2026-04-29"]
    assert it.movements[-1].on == day
    assert caught_up(it, RULES, day, to_the_day=True) == it
    it = caught_up(it, RULES, date(2026, 6, 21), to_the_day=True)
    assert credits(it) == interest_by_hand(
        [(date(2026, 2, 2), 600_000_000)], date(2026, 6, 21), also=[date(2026, 4, 29)]
    )


@pytest.mark.parametrize("to_the_day", [True, False])
def test_without_days_of_interest_there_is_none(to_the_day):
    """Retained money of a construction contract bears none, and its rulebook needs no rate."""
    rules = policy(interest_days=(), fees=fees(interest=None))
    it = kept((date(2026, 2, 2), 600_000_000))
    assert caught_up(it, rules, date(2030, 1, 1), to_the_day=to_the_day) == it
    assert accrued(it, rules, date(2030, 1, 1)) == cny(0)


@pytest.mark.parametrize("to_the_day", [True, False])
def test_where_nothing_moved_nothing_is_credited(to_the_day):
    """There is no day from which on to count; nor is there on the day of the first payment."""
    assert caught_up(account(), RULES, date(2030, 1, 1), to_the_day=to_the_day) == account()
    it = kept((date(2026, 2, 2), 600_000_000))
    for day in (date(2026, 2, 2), date(2026, 2, 1), date(2025, 12, 1)):
        assert caught_up(it, RULES, day, to_the_day=to_the_day) == it
        assert accrued(it, RULES, day) == cny(0)


@pytest.mark.clause("SD-18")
def test_a_day_without_a_rate_is_missing_and_never_free():
    """Neither the first rate before its time, nor a rulebook without any."""
    it = kept((date(2010, 9, 14), 600_000_000))
    with pytest.raises(MissingValue, match="2010-09-15"):
        caught_up(it, RULES, date(2010, 9, 21))
    with pytest.raises(MissingValue, match="interest"):
        accrued(kept((date(2026, 2, 2), 1)), policy(fees=fees(interest=None)), date(2026, 2, 3))


def test_the_days_of_interest_are_those_of_the_rulebook_at_the_time():
    """Quarters until the middle of 2026, then once a year: also for whoever looks years later."""
    days: Dated[tuple[MonthDay, ...]] = Dated(
        "interest_days",
        [
            Since(date.min, Cited(tuple(MonthDay(*each) for each in QUARTERS), PRACTICE)),
            Since(date(2026, 7, 1), Cited((MonthDay(6, 30),), PRACTICE)),
            Since(date(2029, 1, 1), Cited((), PRACTICE)),
            Since(date(2031, 1, 1), None),
        ],
    )
    rules = policy(interest_days=days)
    it = kept((date(2026, 2, 2), 600_000_000))
    expected = ["2026-03-20", "2026-06-20", "2027-06-30", "2028-06-30"]
    assert [str(through) for through, _ in credits(caught_up(it, rules, date(2030, 1, 1)))] == expected
    it = caught_up(caught_up(it, rules, date(2026, 6, 21)), rules, date(2030, 1, 1), to_the_day=True)
    assert [str(through) for through, _ in credits(it)] == expected
    with pytest.raises(MissingValue, match="interest_days"):
        caught_up(it, rules, date(2031, 12, 31))


def test_the_days_of_interest_may_be_written_in_any_order():
    """A year is gone through from its beginning."""
    turned = policy(interest_days=tuple(MonthDay(*each) for each in reversed(QUARTERS)))
    it = kept((date(2025, 11, 2), 600_000_000))
    assert caught_up(it, turned, date(2027, 1, 1)) == caught_up(it, RULES, date(2027, 1, 1))


# --- against a count by hand

FIRST = date(2010, 9, 15)
MOVES = st.lists(
    st.tuples(
        st.dates(FIRST, date(2014, 12, 31)),
        st.integers(-30_000_000, 90_000_000).filter(bool),
    ),
    min_size=1,
    max_size=6,
).map(sorted)


def sound(moves: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    """Of the moves those that never take more than was paid in."""
    found, held = [], 0
    for on, minor in sorted(moves):
        if held + minor >= 0:
            held += minor
            found.append((on, minor))
    return found


@pytest.mark.clause("SD-18")
@settings(deadline=None, max_examples=60)
@given(MOVES, st.integers(1, 900))
@example([(date(2010, 12, 20), 51_429), (date(2010, 12, 21), 1)], 1)
def test_interest_is_what_a_count_by_hand_gives(moves, days):
    """Whatever moved on whatever day, over changes of the rate: credit by credit, to the cent."""
    moves = sound(moves)
    if moves:
        until = moves[-1][0] + timedelta(days=days)
        it = caught_up(kept(*moves), RULES, until)
        assert credits(it) == interest_by_hand(moves, until)
        check_books(it)
        left = interest_by_hand(moves, until, also=[until - ONE_DAY])[len(it.credits) :]
        assert accrued(it, RULES, until) == Money.of_minor(sum(minor for _, minor in left), "CNY")


@settings(deadline=None, max_examples=30)
@given(MOVES, st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_it_means_nothing_how_often_somebody_looks(moves, steps):
    """Every day, once a year or once in all: the same movements, of the same days."""
    moves = sound(moves)
    if moves:
        it = kept(*moves)
        looked, day = it, moves[0][0]
        for step in steps:
            day += timedelta(days=step)
            looked = caught_up(looked, RULES, day)
            assert looked.balance + accrued(looked, RULES, day) == it.balance + accrued(it, RULES, day)
        assert looked == caught_up(it, RULES, day)


def test_looking_every_day_credits_what_looking_once_does():
    """Two years day by day."""
    it = looked = kept((date(2011, 1, 5), 600_000_000), (date(2011, 7, 1), -50_000_000))
    for days in range(730):
        looked = caught_up(looked, RULES, date(2011, 1, 5) + timedelta(days=days))
    assert looked == caught_up(it, RULES, date(2011, 1, 5) + timedelta(days=729))


# --- entered late


def late(it: DepositAccount, on: date, minor: int, day: date) -> DepositAccount:
    """The account after a movement of ``on`` was entered on ``day``."""
    moved = kept((on, minor)).movements[0]
    it = with_movement(it, moved.kind, on, moved.amount, part=moved.part)
    return recredited(it, RULES, on, day)


@pytest.mark.clause("SD-18")
def test_a_payment_entered_late_earns_from_its_day():
    """The difference is one movement, of the day on which it was entered."""
    first, second = (date(2026, 2, 2), 300_000_000), (date(2026, 3, 2), 300_000_000)
    it = caught_up(kept(first), RULES, date(2026, 7, 1))
    before = it.balance
    it = late(it, *second, date(2026, 7, 1))
    assert credits(it) == interest_by_hand([first, second], date(2026, 7, 1))
    assert [movement.kind for movement in it.movements] == [
        K.PAID_IN,
        K.INTEREST,
        K.INTEREST,
        K.PAID_IN,
        K.INTEREST,
    ]
    assert it.movements[-1].on == date(2026, 7, 1)
    assert it.balance == before + cny(3_000_000) + it.movements[-1].amount
    check_books(it)


@pytest.mark.clause("SD-18")
def test_a_use_entered_late_earned_too_much():
    """What was credited on it is taken back."""
    first, second = (date(2026, 2, 2), 300_000_000), (date(2026, 3, 2), -100_000_000)
    it = late(caught_up(kept(first), RULES, date(2026, 7, 1)), *second, date(2026, 7, 1))
    assert credits(it) == interest_by_hand([first, second], date(2026, 7, 1))
    assert it.movements[-1].kind is K.INTEREST_TAKEN_BACK
    check_books(it)


def test_what_is_entered_after_its_days_were_not_yet_credited_changes_nothing():
    """It is counted when they are; and where the amount comes out the same, there is no movement."""
    it = caught_up(kept((date(2026, 2, 2), 300_000_000)), RULES, date(2026, 7, 1))
    on = date(2026, 6, 21)
    moved = with_movement(it, K.PAID_IN, on, cny(100))
    assert recredited(moved, RULES, on, date(2026, 7, 1)) == moved
    same = with_movement(it, K.PAID_IN, date(2026, 6, 20), cny("0.01"))
    assert recredited(same, RULES, date(2026, 6, 20), date(2026, 7, 1)) == same


def test_a_payment_of_the_day_of_interest_entered_late_earns_that_day():
    """Through the day itself interest was credited; a day later there is nothing to correct."""
    it = caught_up(kept((date(2026, 2, 2), 300_000_000)), RULES, date(2026, 7, 1))
    it = late(it, date(2026, 6, 20), 3_600_000_000, date(2026, 7, 1))
    assert (it.movements[-1].kind, it.movements[-1].amount) == (K.INTEREST, cny(350))
    check_books(it)


def test_a_first_payment_entered_late_has_all_its_days_of_interest():
    """Also those that lay before anything was known to be paid in."""
    first, second = (date(2025, 9, 1), 300_000_000), (date(2026, 4, 1), 300_000_000)
    it = late(caught_up(kept(second), RULES, date(2026, 7, 1)), *first, date(2026, 7, 1))
    assert credits(it) == interest_by_hand([first, second], date(2026, 7, 1))
    assert len(credits(it)) == 4
    check_books(it)


def test_interest_that_is_paid_out_is_not_taken_back():
    """The account never holds less than nothing; what went out stays credited, and later money earns in full."""
    day = date(2026, 7, 1)
    it = caught_up(kept((date(2026, 2, 2), 300_000_000)), RULES, day, to_the_day=True)
    it = with_movement(it, K.RELEASED, day, it.balance - cny(20), part="roof-waterproofing")
    it = with_movement(it, K.USED, date(2026, 2, 2), cny(20), part="roof-waterproofing")
    gone = recredited(it, RULES, date(2026, 2, 2), day)
    assert gone.movements == it.movements
    assert gone.balance == cny(0)
    assert gone.credits[0].amount < it.credits[0].amount
    check_books(gone)
    again = with_movement(gone, K.PAID_IN, date(2026, 9, 20), cny(36_000_000))
    assert accrued(again, RULES, date(2026, 9, 21)) == cny(350)


def test_as_much_as_is_there_is_taken_back():
    """The rest stays credited."""
    it = caught_up(kept((date(2026, 2, 2), 3_600_000_000)), RULES, date(2026, 3, 21))
    it = with_movement(
        it, K.RELEASED, date(2026, 3, 21), it.balance - cny(1_000_100), part="roof-waterproofing"
    )
    it = with_movement(it, K.USED, date(2026, 2, 2), cny(1_000_000), part="roof-waterproofing")
    it = recredited(it, RULES, date(2026, 2, 2), date(2026, 3, 22))
    assert (it.movements[-1].kind, it.movements[-1].amount) == (K.INTEREST_TAKEN_BACK, cny(100))
    assert it.balance == cny(0)
    check_books(it)


@pytest.mark.clause("SD-18")
@settings(deadline=None, max_examples=60)
@given(MOVES, st.lists(st.integers(0, 5), min_size=1, max_size=3), st.integers(1, 400))
def test_entered_late_it_comes_to_what_it_would_have(moves, delayed, days):
    """Whichever movements were entered only after all had been credited, and in whatever order."""
    moves = sound([(on, abs(minor)) for on, minor in moves])
    until = moves[-1][0] + timedelta(days=days)
    last = sorted({number % len(moves) for number in delayed}, reverse=True)
    early = [move for number, move in enumerate(moves) if number not in last]
    it = caught_up(kept(*early), RULES, until)
    for number in last:
        on, minor = moves[number]
        it = late(it, on, minor, until)
        check_books(it)
    it = caught_up(it, RULES, until)
    assert credits(it) == interest_by_hand(moves, until)
    assert it.balance == caught_up(kept(*moves), RULES, until).balance


# --- effort


def test_many_years_take_as_many_steps_as_there_are_credits():
    """Ten years of quarters: forty credits, each asked of the fee rule once."""
    asked = []

    class Counted(dict):  # type: ignore[type-arg]
        def __getitem__(self, name: str) -> object:
            asked.append(name)
            return super().__getitem__(name)

    rules: DepositPolicy = replace(RULES, fees=Counted(RULES.fees))
    it = caught_up(kept((date(2016, 1, 5), 600_000_000)), rules, date(2026, 1, 5))
    assert len(it.credits) == len(asked) == 40
