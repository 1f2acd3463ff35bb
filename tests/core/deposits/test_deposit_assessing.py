"""What is to be deposited, with its grounds; and what is added for late payment, against a count day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from deposit_desk import ASSESSED_ON, COST, account, approved, cny, fees, policy
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.deposits.accounts.model import Assessment, DepositAccount, Ground, Order
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.assessing import (
    SURCHARGED,
    assessed,
    late_charge,
    order_in_force,
    owed,
    surcharge,
)
from servflow.core.deposits.interest import with_movement
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import Operation, Step
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import Money

ONE_DAY = timedelta(days=1)
BY_DAY = date(2026, 3, 1)
COUNTS, COUNTS_NOT = policy(), policy(surcharge_on_day_of_payment=False)


def assess(*grounds: Ground, building_type: str = "high_rise", **changes: Any) -> Assessment:
    """What is to be deposited for 120,000,000, unless it is said."""
    usual: dict[str, Any] = {"cost": COST, "average_cost": None, "floor_area": None, "grounds": grounds}
    rules = changes.pop("rules", None) or policy()
    return assessed(rules, ASSESSED_ON, building_type, **(usual | changes))


def points(number: str) -> Ground:
    """A grant for sound systems."""
    return approved("systems", points=Decimal(number), shown=("sound",))


def steps(step: Step) -> list[Step]:
    """The step and all that it stands on."""
    return [step, *(each for part in step.parts for each in steps(part))]


# --- the deposit


@pytest.mark.clause("SD-1")
@pytest.mark.parametrize(
    ("building_type", "amount"),
    [
        ("low_rise", 3_600_000),
        ("multi_storey", 3_600_000),
        ("small_high_rise", 4_800_000),
        ("high_rise", 6_000_000),
    ],
)
def test_the_deposit_is_a_part_of_the_cost_by_type(building_type, amount):
    """3, 3, 4 and 5 % of 120,000,000; what it was worked out from is kept with it."""
    found = assess(building_type=building_type)
    assert (found.charge.money, found.on, found.cost, found.grounds) == (cny(amount), ASSESSED_ON, COST, ())


@pytest.mark.clause("SD-3", "SD-4")
def test_reductions_never_go_below_one_percent_and_the_derivation_shows_it():
    """2A, a provincial award and a point come to 5 of 5: 1,200,000 stay."""
    grounds = (
        approved("performance", grade="2A", shown=("finally-reviewed",)),
        approved("award", grade="provincial", shown=("won",)),
        points("1"),
    )
    found = assess(*grounds)
    assert found.charge.money == cny(1_200_000)
    floors = [step for step in steps(found.charge.derivation) if step.operation is Operation.FLOOR]
    assert [step.exact for step in floors] == [120_000_000]
    assert "SD-4" in {str(part.clause) for part in floors[0].parts}


@pytest.mark.clause("SD-28")
@pytest.mark.parametrize(
    ("ground", "amount"),
    [
        (approved("performance", grade="3A", shown=("finally-reviewed",)), 2_400_000),
        (approved("performance", grade="3A"), 6_000_000),
        (approved("performance", grade="1A", shown=("won",)), 6_000_000),
        (approved("award", grade="city", shown=("won",)), 4_800_000),
        (approved("award", grade="city", shown=("finally-reviewed",)), 6_000_000),
        (points("0.5"), 5_400_000),
        (points("3"), 4_800_000),
    ],
)
def test_a_ground_counts_for_what_was_shown(ground, amount):
    """A condition of another ground is none of its own; points are capped by the rule."""
    assert assess(ground).charge.money == cny(amount)


@pytest.mark.clause("SD-27")
@pytest.mark.parametrize(
    "by",
    [(), ("property-authority",), ("development-authority",), ("somebody-else", "development-authority")],
)
def test_a_ground_of_which_not_all_approved_takes_nothing_off(by):
    """Both authorities have to."""
    assert assess(approved("award", by, grade="national", shown=("won",))).charge.money == cny(6_000_000)


@pytest.mark.clause("SD-2")
def test_an_insured_building_need_not_pay():
    """Nothing comes out, which the floor of 1 % does not change."""
    assert assess(approved("insurance", shown=("insured",))).charge.money == cny(0)
    assert assess(approved("insurance")).charge.money == cny(6_000_000)


@pytest.mark.clause("SD-29")
def test_the_base_may_be_an_average_for_each_square_metre():
    """It is the authority's; either base is enough."""
    found = assess(cost=None, average_cost=cny(3000), floor_area=Decimal("1000.5"))
    assert (found.charge.money, found.average_cost, found.floor_area) == (
        cny("150075.00"),
        cny(3000),
        Decimal("1000.5"),
    )


def test_what_the_rule_needs_and_was_not_given_is_missing():
    """A grade without its word, a base without its area, a type that the rulebook has not; and a rulebook."""
    for arguments, name in (
        ({"grounds": (approved("award", shown=("won",)),)}, "award"),
        ({"grounds": (approved("systems", shown=("sound",)),)}, "systems_points"),
        ({"cost": None}, "cost"),
        ({"cost": None, "average_cost": cny(3000)}, "floor_area"),
        ({"building_type": "tower"}, "tower"),
        ({"rules": policy(fees=fees(deposit=None))}, "deposit"),
    ):
        with pytest.raises(MissingValue, match=name):
            assess(**arguments)


def test_amounts_below_nothing_and_of_other_currencies_are_refused():
    """Neither is a cost."""
    with pytest.raises(InvalidValue, match="cost"):
        assess(cost=cny(-1))
    with pytest.raises(InvalidValue, match="floor_area"):
        assess(cost=None, average_cost=cny(3000), floor_area=Decimal(-1))
    with pytest.raises(CurrencyMismatch):
        assess(cost=Money(1000, "EUR"))


# --- the surcharge


def owing(
    *payments: tuple[date, int],
    orders: Sequence[tuple[date, date]] = ((date(2026, 2, 1), BY_DAY),),
    **changes: Any,
) -> DepositAccount:
    """1,200,000 are asked, these payments were made, and payment was ordered on and by these days."""
    paid = tuple((on, cny(amount)) for on, amount in payments)
    ordered = tuple(Order(on=on, by_day=by_day) for on, by_day in orders)
    return account(cost=cny(24_000_000), paid=paid, **({"orders": ordered} | changes))


def amount(it: DepositAccount, day: date | str, rules: Any = COUNTS) -> Money | None:
    """What is added up to that day."""
    charge = surcharge(it, rules, date.fromisoformat(day) if isinstance(day, str) else day)
    return None if charge is None else charge.money


@pytest.mark.clause("SD-8")
@pytest.mark.parametrize(
    ("day", "counts", "counts_not"),
    [
        ("2026-02-01", 0, 0),
        ("2026-03-01", 0, 0),  # the day that was ordered is in time
        ("2026-03-02", 3_600, 3_600),
        ("2026-03-20", 68_400, 68_400),
        ("2026-03-21", 72_000, 69_900),  # the day of the payment: on what was unpaid before, or after it
        ("2026-03-22", 73_500, 71_400),
        ("2026-03-31", 87_000, 84_900),
    ],
)
def test_the_surcharge_is_so_much_a_day_on_what_is_unpaid(day, counts, counts_not):
    """1,200,000 by 1 March, 700,000 of it paid on the 21st: 3,600 a day, then 1,500."""
    it = owing((date(2026, 3, 21), 700_000))
    assert amount(it, day) == cny(counts)
    assert amount(it, day, COUNTS_NOT) == cny(counts_not)


@pytest.mark.clause("SD-8")
def test_it_says_how_it_came_about():
    """Each stretch of days is a step, under the clause."""
    charge = surcharge(owing((date(2026, 3, 21), 700_000)), COUNTS, date(2026, 3, 31))
    assert charge is not None
    stretches = [step.exact for step in steps(charge.derivation) if step.operation is Operation.SCALE]
    assert stretches == [7_200_000, 1_500_000]
    assert {str(step.clause) for step in steps(charge.derivation) if step.clause} == {"SD-8"}


@pytest.mark.clause("SD-8")
@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        ([("2026-03-01", 1_200_000)], 0),
        ([("2026-02-01", 1_200_000)], 0),
        ([("2026-03-01", 1_000_000)], 600 * 30),
        ([("2026-03-02", 1_200_000)], 3_600),
        ([("2026-03-02", 600_000), ("2026-03-02", 600_000)], 3_600),
        ([("2026-03-11", 400_000), ("2026-03-21", 400_000)], 3_600 * 10 + 2_400 * 10 + 1_200 * 10),
        ([("2026-03-11", 1_300_000)], 3_600 * 10),
    ],
)
def test_payments_count_from_their_days(payments, expected):
    """In time, a part in time, a day late, in parts, too much: up to 31 March, the day of payment included."""
    it = owing(*((date.fromisoformat(on), paid) for on, paid in payments))
    assert amount(it, "2026-03-31") == cny(expected)


@pytest.mark.clause("SD-8")
def test_a_payment_that_did_not_arrive_saves_nothing():
    """The surcharge is as if it had never been entered."""
    it = owing((date(2026, 3, 11), 1_200_000))
    it = with_movement(it, MovementKind.REVERSED, date(2026, 3, 20), cny(1_200_000), reverses=1)
    assert amount(it, "2026-03-31") == amount(owing(), "2026-03-31") == cny(3_600) * 30


@pytest.mark.clause("SD-8")
def test_without_an_order_there_is_no_surcharge():
    """Nor by one that was withdrawn; whoever was not ordered is not late."""
    withdrawn = Order(on=date(2026, 2, 1), by_day=BY_DAY, withdrawn=True)
    for orders in ((), (withdrawn,)):
        it = replace(owing(), orders=orders)
        assert (amount(it, "2026-12-31"), order_in_force(it)) == (None, None)
        assert list(owed(it, COUNTS, date(2026, 12, 31))) == []


@pytest.mark.clause("SD-8")
def test_a_later_order_takes_nothing_back():
    """The days since the first stay charged, unless that one is withdrawn."""
    first, second = (date(2026, 2, 1), BY_DAY), (date(2026, 3, 10), date(2026, 3, 21))
    it = owing(orders=(first, second))
    assert amount(it, "2026-03-31") == cny(3_600) * 30
    assert order_in_force(it) == it.orders[1]
    taken_back = replace(it, orders=(replace(it.orders[0], withdrawn=True), it.orders[1]))
    assert amount(taken_back, "2026-03-31") == cny(3_600) * 10
    other = replace(it, orders=(it.orders[0], replace(it.orders[1], withdrawn=True)))
    assert (amount(other, "2026-03-31"), order_in_force(other)) == (cny(3_600) * 30, it.orders[0])


@pytest.mark.clause("SD-8")
def test_an_assessment_lowers_what_is_late_and_does_not_raise_it():
    """Less to deposit is less overdue from that day on; more of it was not ordered."""
    less, more = assess(cost=cny(20_000_000)), assess(cost=cny(28_000_000))
    for fresh, daily in ((less, 3_000), (more, 3_600)):
        it = owing()
        it = replace(it, assessments=(*it.assessments, replace(fresh, on=date(2026, 3, 12))))
        assert amount(it, "2026-03-31") == cny(3_600 * 10 + daily * 20)


@pytest.mark.clause("SD-8")
@pytest.mark.parametrize("rules", [COUNTS, COUNTS_NOT])
def test_what_is_asked_later_waits_for_an_order_of_its_own(rules):
    """Paid late in full, then asked for 200,000 more: nothing more is late until that is ordered, too."""
    it = owing((date(2026, 3, 11), 1_200_000))
    more = replace(assess(cost=cny(28_000_000)), on=date(2026, 4, 10))
    it = replace(it, assessments=(*it.assessments, more))
    before = amount(it, "2026-04-09", rules) or cny(0)
    assert amount(it, "2026-06-30", rules) == before == cny(3_600) * (10 if rules is COUNTS else 9)
    again = Order(on=date(2026, 4, 20), by_day=date(2026, 5, 1))
    it = replace(it, orders=(*it.orders, again))
    assert amount(it, "2026-05-01", rules) == before
    assert amount(it, "2026-05-11", rules) == before + cny(600) * 10


@pytest.mark.clause("SD-8")
def test_a_surcharge_may_be_capped_at_what_was_overdue():
    """A rule that asks for it gets the most that was overdue at once, whatever was paid since."""
    order = (Order(by_day=BY_DAY, on=BY_DAY),)
    it = account(orders=order, paid=[(BY_DAY, cny(2_000_000)), (BY_DAY + 100 * ONE_DAY, cny(3_000_000))])
    late = [surcharge(it, COUNTS, BY_DAY + days * ONE_DAY) for days in (1, 100, 1_033, 1_034, 9_999)]

    # 4,000,000 overdue: 12,000 a day for 100 days, then 3,000 a day; after 933 days of these the cap is near
    assert [each.money for each in late if each] == [
        cny(12_000),
        cny(1_200_000),
        cny(3_999_000),
        cny(4_000_000),
        cny(4_000_000),
    ]
    history = (
        (BY_DAY, cny(100)),
        (BY_DAY + 500 * ONE_DAY, cny(900)),
    )  # what becomes unpaid later raises it then
    ends = [BY_DAY + days * ONE_DAY for days in (499, 500)]
    raised = [late_charge(COUNTS, history, ordered_by=BY_DAY, end=end).money for end in ends]
    assert raised == [cny(100), cny("152.40")]
    rate = "scale(percent(given(unpaid, CNY), 0.3%), days(ordered_by, end))"
    uncapped = policy(fees=fees(surcharge=f"rounded(over_balance(unpaid, {rate}, ordered_by, end), half_up)"))
    more = surcharge(it, uncapped, BY_DAY + 1_034 * ONE_DAY)
    assert more is not None
    assert more.money == cny(4_002_000)


@pytest.mark.clause("SD-8")
def test_owed_is_what_there_is_or_what_was_charged_before():
    """Nothing at all is not mentioned, until something was posted that has to be taken back."""
    day = date(2026, 3, 31)
    assert [(kind, charge.money) for kind, charge in owed(owing(), COUNTS, day)] == [
        (SURCHARGED, cny(108_000))
    ]
    in_time = owing((BY_DAY, 1_200_000))
    assert list(owed(in_time, COUNTS, day)) == []
    posted = Posting(
        key="building-1/surcharge/1",
        debit=Account(AccountKind.RECEIVABLE, "developer"),
        credit=Account(AccountKind.INCOME, "authority"),
        amount=cny(3_600),
        value_date=day,
        subject="building-1",
        kind=SURCHARGED,
    )
    it = replace(in_time, surcharged=(posted,))
    assert [(kind, charge.money) for kind, charge in owed(it, COUNTS, day)] == [(SURCHARGED, cny(0))]


def test_a_rulebook_without_a_surcharge_adds_nothing():
    """What was ordered is late for all that, and that is all."""
    rules = policy(fees=fees(surcharge=None))
    assert surcharge(owing(), rules, date(2026, 3, 31)) is None
    assert list(owed(owing(), rules, date(2026, 3, 31))) == []


def test_a_day_without_a_rate_is_missing_and_never_free():
    """What is added on it nobody can say."""
    daily = "2026-03-10: scale(percent(given(unpaid, CNY), 0.3%), days(ordered_by, end))"
    rule = f"rounded(over_balance(unpaid, segmented(ordered_by, end, [{daily}]), ordered_by, end), half_up)"
    with pytest.raises(MissingValue, match="2026-03-10"):
        surcharge(owing(), policy(fees=fees(surcharge=rule)), date(2026, 3, 31))


# --- against a count by hand

MOVES = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.sampled_from(["pay", "assess", "reverse", "order", "withdraw"]),
        st.integers(1, 40),
    ),
    max_size=9,
)


def late(borne, ordered, day, unpaid):
    """What is late on a day, by the order that bears on most; ``borne`` is what each bore on until then."""
    for number, order in enumerate(ordered):
        if order.on <= day:
            borne[number] = min(borne.get(number, unpaid), unpaid)
    return max((borne[number] for number, order in enumerate(ordered) if order.by_day < day), default=0)


@pytest.mark.clause("SD-8")
@settings(deadline=None, max_examples=150)
@given(MOVES, st.integers(0, 200), st.booleans())
def test_the_surcharge_is_what_a_count_by_hand_gives(moves, days, counts):
    """Day by day: 0.3 % of the least that was unpaid since an order whose day has passed; of the most such."""
    it = owing(orders=())
    start = ASSESSED_ON
    for after, what, size in sorted(moves, key=lambda move: move[0]):
        on = start + timedelta(days=after)
        match what:
            case "pay":
                it = with_movement(it, MovementKind.PAID_IN, on, cny(size * 50_000))
            case "assess":
                fresh = replace(assess(cost=cny(size * 1_000_000)), on=on)
                it = replace(it, assessments=(*it.assessments, fresh))
            case "reverse":
                undone = {movement.reverses for movement in it.movements}
                for movement in it.movements:
                    if movement.kind is MovementKind.PAID_IN and movement.number not in undone:
                        it = with_movement(
                            it, MovementKind.REVERSED, on, movement.amount, reverses=movement.number
                        )
                        break
            case "order":
                it = replace(it, orders=(*it.orders, Order(on=on, by_day=on + timedelta(days=size))))
            case _:
                it = replace(
                    it, orders=(*it.orders[:-1], *(replace(each, withdrawn=True) for each in it.orders[-1:]))
                )
    until = start + timedelta(days=days)
    undone = {movement.reverses for movement in it.movements}
    paid = [each for each in it.movements if each.kind is MovementKind.PAID_IN and each.number not in undone]
    ordered = [order for order in it.orders if not order.withdrawn]
    thousandths, day = 0, start
    borne: dict[date, int] = {}
    while day <= until:
        asked = [each.charge.money.minor for each in it.assessments if each.on <= day][-1]
        there = sum(each.amount.minor for each in paid if each.on < day or (each.on == day and not counts))
        unpaid = max(asked - there, 0)
        thousandths += late(borne, ordered, day, unpaid) * 3
        day += ONE_DAY
    expected = None if not ordered else Money.of_minor((thousandths + 500) // 1000, "CNY")
    assert amount(it, until, COUNTS if counts else COUNTS_NOT) == expected
