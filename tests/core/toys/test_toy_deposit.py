"""An account released in parts, with interest that is exact until it is credited."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product

import pytest
from change_laws import Store, happened, heard
from hypothesis import given
from hypothesis import strategies as st
from table_grid import differences, grid_of, read_grid
from toy_cases import DEPOSIT, KEEPER, OLGA_AT_THE_BANK, OWNER, Saying
from toy_deposit import (
    DEPOSITS,
    LIFECYCLES,
    Deposit,
    DepositPolicy,
    DepositRole,
    DepositState,
    PayIn,
    Release,
)

from servflow.core.changes import Change, Key, Set
from servflow.core.errors import InvalidValue, Refused
from servflow.core.ledger import Account, AccountKind, balance, trial_balance
from servflow.core.lifecycle import OPENING, SAME
from servflow.core.money import Money, Rounding, rounded, total

GRID = """
         -        HELD              RELEASED
PayIn    O>HELD   O>=               .
Release  .        K>RELEASED/=      .
"""

KEY = Key("toy.deposit", "deposit-1")
POLICY = DepositPolicy(rate=Fraction(36, 1000), year=360)  # a yuan earns a hundredth of a fen a day
NEW_YEAR = datetime(2026, 1, 1, 9, tzinfo=UTC)
DEPOSITED, CASH = Account(AccountKind.DEPOSIT, "olga"), Account(AccountKind.CASH, "keeper")
PROVISION = Account(AccountKind.PROVISION, "interest")


def cny(amount: str | int) -> Money:
    """An amount in yuan."""
    return Money(amount, "CNY")


def pay_in(amount: Money) -> Saying:
    """The owner pays in."""
    return Saying(PayIn, "deposit-1", OWNER, {"amount": amount})


def release(amount: Money) -> Saying:
    """The keeper releases."""
    return Saying(Release, "deposit-1", KEEPER, {"amount": amount})


def store_after(*sayings: tuple[int, Saying], policy: DepositPolicy = POLICY) -> Store:
    """A store in which these were said, each so many days after New Year; none may be refused."""
    store = Store(LIFECYCLES, policy)
    for number, (day, saying) in enumerate(sayings):
        happened(store.do(saying.at(NEW_YEAR + timedelta(days=day), number)))
    return store


def deposit(store: Store) -> Deposit:
    """The deposit as it stands."""
    it = store.aggregates[KEY]
    assert isinstance(it, Deposit)
    return it


def test_the_table_is_the_grid() -> None:
    """Every cell is as it was written by hand, blank ones included."""
    roles = {"O": DepositRole.OWNER, "K": DepositRole.KEEPER}
    grid = read_grid(GRID, states={each.name: each for each in DepositState}, roles=roles)

    assert differences(grid, grid_of(DEPOSITS)) == []


def test_deciding_keeps_to_the_grid() -> None:
    """A command goes where its cell says, and is refused in a blank one."""
    roles = {"O": DepositRole.OWNER, "K": DepositRole.KEEPER}
    grid = read_grid(GRID, states={each.name: each for each in DepositState}, roles=roles)
    held = deposit(store_after((0, pay_in(cny(100)))))
    part, rest = release(cny(40)), release(cny(100))
    for state, saying, role in product((OPENING, *DepositState), (pay_in(cny(1)), part, rest), DepositRole):
        read = {} if state is OPENING else {KEY: replace(held, state=state)}
        command = replace(saying, by=DEPOSIT.actors[role]).at(NEW_YEAR, 1)
        found = heard(LIFECYCLES, command, read, policy=POLICY)
        targets = {state if to is SAME else to for to in grid[state, saying.kind.__name__, role]}
        if saying is part:
            targets.discard(DepositState.RELEASED)
        if saying is rest:
            targets.discard(DepositState.HELD)
        assert targets == ({found} if found else set()), (state, saying, role)


def test_interest_is_earned_on_what_is_held() -> None:
    """CNY 100 for ten days and 40 for ten more: 10 fen and 4, credited with the last part."""
    store = store_after((0, pay_in(cny(100))), (10, release(cny(60))), (20, release(cny(40))))
    it = deposit(store)

    assert (it.state, it.held, it.credited) == (DepositState.RELEASED, cny(0), cny("0.14"))
    assert balance(store.postings, DEPOSITED, "CNY") == cny(0)
    assert balance(store.postings, CASH, "CNY") == cny("-0.14")
    assert [str(posting.amount) for posting in store.postings] == [
        "CNY 100.00", "CNY 60.00", "CNY 0.14", "CNY 40.14",
    ]  # fmt: skip


def test_interest_is_rounded_once() -> None:
    """Three parts that earn a third of a fen each earn one fen together, not nothing."""
    policy = DepositPolicy(rate=Fraction(1, 300), year=1)  # a yuan earns a third of a fen a day
    store = store_after(
        (0, pay_in(cny(3))), (1, release(cny(2))), (1, pay_in(cny(2))), (2, release(cny(3))), policy=policy
    )
    assert deposit(store).credited == cny("0.02")

    parts = store_after((0, pay_in(cny(1))), (1, pay_in(cny(1))), policy=policy)
    assert deposit(parts).accrued == Fraction(1, 3)
    assert parts.journal[-1].alterations == (
        Set("held", cny(2)), Set("since", date(2026, 1, 2)), Set("accrued", Fraction(1, 3)),
    )  # fmt: skip


def test_without_interest_nothing_is_credited() -> None:
    """Paid in and released on one day: no posting of nothing."""
    store = store_after((0, pay_in(cny(5))), (0, release(cny(5))))

    assert deposit(store).credited == cny(0)
    assert len(store.postings) == 2


@pytest.mark.parametrize(
    ("day", "saying", "codes"),
    [
        (5, release(cny("100.01")), ["deposit.not-covered"]),
        (5, release(Money(7, "USD")), ["deposit.wrong-currency"]),
        (-1, release(cny(100)), ["deposit.out-of-order"]),
        (-1, release(cny(101)), ["deposit.not-covered", "deposit.out-of-order"]),
        (-1, pay_in(Money(7, "USD")), ["deposit.wrong-currency", "deposit.out-of-order"]),
    ],
)
def test_a_refusal_names_every_reason(day: int, saying: Saying, codes: list[str]) -> None:
    """All reasons at once, and nothing has changed."""
    store = store_after((0, pay_in(cny(100))))
    with pytest.raises(Refused) as refused:
        happened(store.do(saying.at(NEW_YEAR + timedelta(days=day), 9)))

    assert [reason.code for reason in refused.value.reasons] == codes
    assert deposit(store).held == cny(100)


@pytest.mark.parametrize("saying", [pay_in, release])
def test_an_amount_of_nothing_is_no_command(saying: type) -> None:
    """Neither paid in nor released."""
    with pytest.raises(InvalidValue, match="above zero"):
        saying(cny(0)).at(NEW_YEAR, 1)


def test_an_owner_who_keeps_is_heard_in_both_roles() -> None:
    """The keeper's clerk who owns the deposit pays in as its owner."""
    store = store_after(
        (0, pay_in(cny(1))),
        (0, replace(pay_in(cny(1)), by=OLGA_AT_THE_BANK)),
        (0, replace(release(cny(1)), by=OLGA_AT_THE_BANK)),
    )

    assert [entry.role for entry in store.journal] == ["owner", "owner", "keeper"]


def daily_interest(held_by_day: dict[date, int], until: date, policy: DepositPolicy) -> Fraction:
    """The interest, day by day: each day's earned on what is held at its end."""
    exact, held, day = Fraction(0), 0, min(held_by_day)
    while day < until:
        held = held_by_day.get(day, held)
        exact += held * policy.rate / policy.year
        day += timedelta(days=1)
    return exact


@given(
    st.lists(st.tuples(DEPOSIT.sayings, st.integers(0, 90)), max_size=12),
    st.fractions(0, Fraction(1, 5), max_denominator=1000),
    st.sampled_from(Rounding),
)
def test_what_goes_out_is_what_came_in_and_its_interest(
    steps: list[tuple[Saying, int]], rate: Fraction, rounding: Rounding
) -> None:
    """Over any history: releases and credited interest add up, postings balance, and say what is held."""
    policy = DepositPolicy(rate=rate, rounding=rounding)
    store = Store(LIFECYCLES, policy)
    happened(store.do(pay_in(cny("123.45")).at(NEW_YEAR, 0)))
    now, came_in, went_out = NEW_YEAR, 12345, 0
    held_by_day = {now.date(): 12345}
    for number, (saying, gap) in enumerate(steps, start=1):
        now += timedelta(days=gap)
        result = store.do(saying.at(now, number))
        if isinstance(result, Change) and isinstance(result.command, PayIn):
            came_in += result.command.amount.minor
        elif isinstance(result, Change) and isinstance(result.command, Release):
            went_out += result.command.amount.minor
        held_by_day[now.date()] = came_in - went_out
        assert deposit(store).held.minor == came_in - went_out
        assert balance(store.postings, DEPOSITED, "CNY") == deposit(store).held
    if deposit(store).state is DepositState.HELD:
        now += timedelta(days=7)
        happened(store.do(release(deposit(store).held).at(now, 99)))

    earned = rounded(daily_interest(held_by_day, now.date(), policy), "CNY", rounding)
    paid_out = total((post.amount for post in store.postings if post.credit == CASH), "CNY")
    assert deposit(store).credited == earned
    assert paid_out == Money.of_minor(came_in, "CNY") + earned
    assert balance(store.postings, DEPOSITED, "CNY") == cny(0)
    assert balance(store.postings, PROVISION, "CNY") == -earned
    debits, credits_ = trial_balance(store.postings)["CNY"]
    assert debits == credits_
