"""The warranty provision: accrued, used, reversed; parts out of the store; a builder's defect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.provision import (
    Cost,
    Provision,
    accrued,
    available,
    deducted_from_builder,
    requisition,
    reversed_provision,
    standing,
    used,
)
from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue, Refused
from servflow.core.fees import Charge, Facts, Flat, Given, PerUnit, Quantity, Scale, evaluate
from servflow.core.ledger import Account, AccountKind, Posting, balance, reversal, trial_balance
from servflow.core.money import Money, Rounding

DAY = date(2026, 5, 4)
SELLING = Account(AccountKind.EXPENSE, "selling")
PUMP = Provision(product="pump", expense=SELLING)
LIABILITY = Account(AccountKind.PROVISION, "warranty/pump")
BANK = Account(AccountKind.CASH, "bank")
WAGES = Account(AccountKind.PAYABLE, "wages")
STORE = Account(AccountKind.MATERIALS, "store")


def cny(amount: str | int) -> Money:
    return Money(amount, "CNY")


def amount(value: str | int) -> Charge:
    return evaluate(Flat(cny(value)), Facts())


def books(*made: Posting | None) -> list[Posting]:
    return [each for each in made if each is not None]


def sides(*made: Posting | None) -> list[tuple[str, str, Money]]:
    return [(str(each.debit), str(each.credit), each.amount) for each in made if each is not None]


def began(value: str | int = 1000, *, on: date = DAY) -> list[Posting]:
    """The books after one accrual."""
    return books(accrued(PUMP, "2026-05", amount(value), (), on))


# --- accrued ----------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-ACC-2")
def test_accruing_debits_selling_expense_and_credits_the_provision():
    """By the entry of the source, with the charge that says why it is so much."""
    rate = Scale(Given("sales", "CNY"), Quantity("warranty_rate", "part")).rounded(Rounding.HALF_UP)
    charge = evaluate(
        rate, Facts(amounts={"sales": cny(50_000)}, quantities={"warranty_rate": Decimal("0.02")})
    )
    made = accrued(PUMP, "2026-05", charge, (), DAY)

    assert made is not None
    assert sides(made) == [("expense/selling", "provision/warranty/pump", cny(1000))]
    assert (made.charge, made.clause) == (charge, Clause("AS-ACC-2", "❿"))
    assert made.key == "pump/2026-05/warranty-accrual/1"


def test_a_period_is_accrued_once():
    """Run again, there is nothing to post; with more sales, the difference."""
    made = began(1000)
    assert accrued(PUMP, "2026-05", amount(1000), made, DAY) is None
    assert sides(accrued(PUMP, "2026-05", amount(1200), made, DAY)) == [
        ("expense/selling", "provision/warranty/pump", cny(200))
    ]


def test_what_was_accrued_too_much_is_taken_back():
    """Goods came back: the same accounts, swapped; another period is not touched."""
    made = began(1000)
    made += books(accrued(PUMP, "2026-06", amount(500), made, DAY))
    made += books(accrued(PUMP, "2026-05", amount(700), made, DAY))

    assert sides(made[-1]) == [("provision/warranty/pump", "expense/selling", cny(300))]
    assert standing(PUMP, made, "CNY").accrued == cny(1200)


def test_what_was_used_is_not_taken_back():
    """Accrued 1000, used 700, now 500: 300 are taken back, and nothing more the next time."""
    made = began(1000)
    made += used(PUMP, "case-1", "v-1", [Cost(source=BANK, amount=cny(700))], made, DAY)
    made += books(accrued(PUMP, "2026-05", amount(500), made, DAY))

    assert sides(made[-1]) == [("provision/warranty/pump", "expense/selling", cny(300))]
    assert accrued(PUMP, "2026-05", amount(500), made, DAY) is None
    assert balance(made, LIABILITY, "CNY") == cny(0)


def test_a_rate_of_accrual_is_a_part_of_the_sales():
    """2 for two percent is refused: it would accrue the sales twice."""
    rate = Scale(Given("sales", "CNY"), Quantity("warranty_rate", "part")).rounded(Rounding.HALF_UP)
    charge = evaluate(rate, Facts(amounts={"sales": cny(50_000)}, quantities={"warranty_rate": 2}))
    with pytest.raises(InvalidValue, match="warranty_rate: found '2', expected a part of the whole"):
        accrued(PUMP, "2026-05", charge, (), DAY)


def test_an_amount_for_each_unit_sold_may_be_accrued():
    """A number of units is no part of a whole, and may be above 1."""
    rule = PerUnit(Quantity("sold", "unit"), cny(2)).rounded(Rounding.HALF_UP)
    charge = evaluate(rule, Facts(quantities={"sold": 50}))
    assert sides(accrued(PUMP, "2026-05", charge, (), DAY)) == [
        ("expense/selling", "provision/warranty/pump", cny(100))
    ]


def test_a_period_is_accrued_against_one_expense_and_in_one_currency():
    """Another one under the same period is refused, not added."""
    other = Provision(product="pump", expense=Account(AccountKind.EXPENSE, "other"))
    with pytest.raises(InvalidValue, match="expense/other"):
        accrued(other, "2026-05", amount(1200), began(1000), DAY)
    with pytest.raises(CurrencyMismatch):
        accrued(PUMP, "2026-05", evaluate(Flat(Money(1, "EUR")), Facts()), began(1000), DAY)


def test_every_product_has_a_provision_of_its_own():
    """What one accrued neither covers nor ends with another one."""
    fan = Provision(product="fan", expense=SELLING)
    made = began(100)
    made += books(accrued(fan, "2026-05", amount(70), made, DAY))
    made += used(fan, "case-1", "v-1", [Cost(source=BANK, amount=cny(90))], made, DAY)
    made += books(reversed_provision(PUMP, made, DAY, "CNY", still_made=False, cost_may_arise=False))

    assert str(fan.liability) == "provision/warranty/fan"
    assert sides(*made[2:]) == [
        ("provision/warranty/fan", "cash/bank", cny(70)),
        ("expense/selling", "cash/bank", cny(20)),
        ("provision/warranty/pump", "expense/selling", cny(100)),
    ]
    assert standing(PUMP, made, "CNY").accrued == cny(100)


def test_a_period_has_a_name():
    """By which it is known that it was accrued."""
    with pytest.raises(InvalidValue, match="a name, such as 2026-05"):
        accrued(PUMP, "", amount(1), (), DAY)


# --- used -------------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-ACC-2")
def test_using_debits_the_provision_and_credits_where_the_cost_came_from():
    """Bank, wages payable, materials: each its own posting."""
    made = began(1000)
    costs = [
        Cost(source=BANK, amount=cny(50)),
        Cost(source=WAGES, amount=cny(200)),
        Cost(source=STORE, amount=cny(120)),
    ]
    made += used(PUMP, "case-1", "v-1", costs, made, DAY)

    assert sides(*made[1:]) == [
        ("provision/warranty/pump", "cash/bank", cny(50)),
        ("provision/warranty/pump", "payable/wages", cny(200)),
        ("provision/warranty/pump", "materials/store", cny(120)),
    ]
    assert {each.clause for each in made[1:]} == {Clause("AS-ACC-2", "❿")}
    assert [each.key for each in made[1:]] == [f"case-1/v-1/pump/warranty-use/{n}" for n in (1, 2, 3)]
    assert balance(made, LIABILITY, "CNY") == cny(630)


@pytest.mark.clause("AS-ACC-1")
def test_what_a_repair_costs_beyond_the_provision_is_selling_expense():
    """The provision falls to nothing and no further; the rest is expense, as all repair cost is."""
    made = began(100)
    costs = [Cost(source=BANK, amount=cny(60)), Cost(source=STORE, amount=cny(70))]
    made += used(PUMP, "case-1", "v-1", costs, made, DAY)

    assert sides(*made[1:]) == [
        ("provision/warranty/pump", "cash/bank", cny(60)),
        ("provision/warranty/pump", "materials/store", cny(40)),
        ("expense/selling", "materials/store", cny(30)),
    ]
    assert made[-1].clause == Clause("AS-ACC-1", "❿")
    assert balance(made, LIABILITY, "CNY") == cny(0)


@pytest.mark.clause("AS-ACC-1")
def test_without_a_provision_repair_cost_is_selling_expense():
    """Nothing accrued, all of it expense."""
    made = used(PUMP, "case-1", "v-1", [Cost(source=BANK, amount=cny(60))], (), DAY)
    assert sides(*made) == [("expense/selling", "cash/bank", cny(60))]


def test_a_voucher_is_posted_once():
    """The same costs again, in whatever order, are nothing new; another voucher, case or product is."""
    costs = [Cost(source=BANK, amount=cny(600)), Cost(source=STORE, amount=cny(700))]
    made = began(1000)
    made += used(PUMP, "case-1", "v-1", costs, made, DAY)

    assert used(PUMP, "case-1", "v-1", reversed(costs), made, DAY) == ()
    assert len(used(PUMP, "case-1", "v-2", costs[:1], made, DAY)) == 1
    assert len(used(PUMP, "case-2", "v-1", costs[:1], made, DAY)) == 1
    fan = Provision(product="fan", expense=SELLING)
    assert len(used(fan, "case-1", "v-1", costs, made, DAY)) == 2


def test_a_voucher_that_is_corrected_is_posted_as_the_difference():
    """Less goes back to where it was debited, expense first; what is there again is used by what costs more."""
    made = began(1000)
    costs = [Cost(source=BANK, amount=cny(600)), Cost(source=STORE, amount=cny(700))]
    made += used(PUMP, "case-1", "v-1", costs, made, DAY)
    costs = [Cost(source=WAGES, amount=cny(80)), Cost(source=STORE, amount=cny(350)), costs[0]]
    corrected = used(PUMP, "case-1", "v-1", costs, made, DAY)

    assert sides(*corrected) == [
        ("materials/store", "expense/selling", cny(300)),
        ("materials/store", "provision/warranty/pump", cny(50)),
        ("provision/warranty/pump", "payable/wages", cny(50)),
        ("expense/selling", "payable/wages", cny(30)),
    ]
    assert [each.clause.id for each in corrected if each.clause] == [
        "AS-ACC-1",
        "AS-ACC-2",
        "AS-ACC-2",
        "AS-ACC-1",
    ]
    made += corrected
    assert used(PUMP, "case-1", "v-1", costs, made, DAY) == ()
    made += used(PUMP, "case-1", "v-1", [], made, DAY)
    assert balance(made, LIABILITY, "CNY") == cny(1000)
    assert not any(balance(made, source, "CNY") for source in (BANK, STORE, WAGES))
    assert len({each.key for each in made}) == len(made)


@pytest.mark.parametrize("key", ["mistake-1", "case-1/v-1/pump/warranty-use/x"])
def test_a_use_that_was_reversed_is_posted_again(key):
    """Under whatever key it was reversed: net, nothing is posted for the voucher."""
    made = began(1000)
    costs = [Cost(source=BANK, amount=cny(600))]
    made += used(PUMP, "case-1", "v-1", costs, made, DAY)
    made.append(reversal(made[-1], DAY, key=key))
    made += used(PUMP, "case-1", "v-1", costs, made, DAY)

    assert balance(made, LIABILITY, "CNY") == cny(400)
    assert made[-1].key == "case-1/v-1/pump/warranty-use/3"


@pytest.mark.parametrize(
    ("case", "voucher"), [("", "v"), ("case/1", "v"), ("case", ""), ("case", "v/1"), (" case", "v")]
)
def test_case_and_voucher_are_numbers_by_which_keys_are_read(case, voucher):
    """Empty, or with a slash or spaces around them, they are refused."""
    with pytest.raises(InvalidValue, match="a name without /"):
        used(PUMP, case, voucher, [Cost(source=BANK, amount=cny(1))], (), DAY)
    with pytest.raises(InvalidValue, match="a name without /"):
        requisition(case, voucher, 1, STORE, SELLING, cny(1), DAY)


def test_a_repair_without_costs_uses_nothing():
    """No costs, no postings."""
    assert used(PUMP, "case-1", "v-1", [], began(), DAY) == ()


@pytest.mark.clause("AS-ACC-1")
def test_the_provision_is_not_used_before_it_was_accrued():
    """A voucher that lies back in time uses what was there then and is not used since."""
    made = began(1000, on=DAY)
    made += used(PUMP, "case-1", "v-1", [Cost(source=BANK, amount=cny(800))], made, DAY + timedelta(days=9))

    assert available(PUMP, made, DAY - timedelta(days=1), "CNY") == cny(0)
    assert available(PUMP, made, DAY, "CNY") == cny(200)
    late = used(PUMP, "case-2", "v-1", [Cost(source=BANK, amount=cny(300))], made, DAY)
    assert sides(*late) == [
        ("provision/warranty/pump", "cash/bank", cny(200)),
        ("expense/selling", "cash/bank", cny(100)),
    ]


def test_what_may_be_used_is_the_least_that_is_there_from_then_on():
    """What was less before does not matter; what is below nothing by a mistake leaves nothing to use."""
    made = began(100, on=DAY)
    made += books(accrued(PUMP, "2026-06", amount(900), made, DAY + timedelta(days=4)))
    assert available(PUMP, made, DAY + timedelta(days=9), "CNY") == cny(1000)

    mistake = Posting(
        key="x", debit=LIABILITY, credit=BANK, amount=cny(1), value_date=DAY, subject="x", kind="mistake"
    )
    assert available(PUMP, [mistake], DAY, "CNY") == cny(0)


def test_costs_of_two_currencies_are_refused():
    """A voucher is in one currency, and a provision covers that of its own."""
    for source in (BANK, STORE):
        costs = [Cost(source=BANK, amount=cny(1)), Cost(source=source, amount=Money(1, "EUR"))]
        with pytest.raises(CurrencyMismatch):
            used(PUMP, "case-1", "v-1", costs, began(), DAY)
        made = used(PUMP, "case-1", "v-1", costs[:1], (), DAY)
        with pytest.raises(CurrencyMismatch):
            used(PUMP, "case-1", "v-1", costs[1:], made, DAY)
    assert available(PUMP, began(), DAY, "EUR") == Money(0, "EUR")


@pytest.mark.parametrize("value", [0, -1])
def test_a_cost_is_above_nothing(value):
    """What cost nothing is not posted, and a refund is none of it."""
    with pytest.raises(InvalidValue, match="an amount above 0"):
        Cost(source=BANK, amount=cny(value))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cost(source=SELLING, amount=cny(1)),
        lambda: Provision(product="pump", expense=LIABILITY),
        lambda: requisition("case-1", "v-1", 1, BANK, SELLING, cny(1), DAY),
        lambda: requisition("case-1", "v-1", 1, STORE, BANK, cny(1), DAY),
        lambda: deducted_from_builder("case-1", "builder", BANK, amount(1), (), DAY),
    ],
    ids=["source", "expense", "store", "charged-to", "recovered-on"],
)
def test_accounts_are_of_the_kind_that_their_place_asks_for(make: Callable[[], object]):
    """A cost does not come out of an expense, a provision is a provision."""
    with pytest.raises(InvalidValue, match="an account of"):
        make()


@pytest.mark.parametrize("product", ["", "pump/2", "pump "])
def test_a_product_is_a_name_by_which_keys_are_read(product):
    """Empty, or with a slash or spaces around it, it is refused."""
    with pytest.raises(InvalidValue, match="a name without /"):
        Provision(product=product, expense=SELLING)


# --- reversed ---------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-ACC-1", "AS-ACC-2")
def test_what_is_left_is_reversed_when_nothing_can_come_any_more():
    """Debit provision, credit selling expense, all that is left, and once."""
    made = began(1000)
    made += used(PUMP, "case-1", "v-1", [Cost(source=BANK, amount=cny(400))], made, DAY)
    made += books(reversed_provision(PUMP, made, DAY, "CNY", still_made=False, cost_may_arise=False))

    assert sides(made[-1]) == [("provision/warranty/pump", "expense/selling", cny(600))]
    assert made[-1].clause == Clause("AS-ACC-2", "❿")
    assert reversed_provision(PUMP, made, DAY, "CNY", still_made=False, cost_may_arise=False) is None
    state = standing(PUMP, made, "CNY")
    assert (state.accrued, state.used, state.reversed, state.balance) == (
        cny(1000),
        cny(400),
        cny(600),
        cny(0),
    )


@pytest.mark.clause("AS-ACC-1")
@pytest.mark.parametrize(
    ("still_made", "cost_may_arise", "codes"),
    [
        (True, False, ["provision.still-made"]),
        (False, True, ["provision.cost-may-arise"]),
        (True, True, ["provision.still-made", "provision.cost-may-arise"]),
    ],
)
def test_a_provision_is_reversed_only_if_both_conditions_hold(still_made, cost_may_arise, codes):
    """The product is no longer made, and no service cost can arise; each is a reason of its own."""
    with pytest.raises(Refused) as caught:
        reversed_provision(PUMP, began(), DAY, "CNY", still_made=still_made, cost_may_arise=cost_may_arise)
    assert [reason.code for reason in caught.value.reasons] == codes
    assert {reason.clause for reason in caught.value.reasons} == {Clause("AS-ACC-1", "❿")}


def test_a_provision_taken_up_again_is_reversed_again():
    """Accrued, reversed, accrued, reversed: with keys of their own."""
    made = began(1000)
    made += books(reversed_provision(PUMP, made, DAY, "CNY", still_made=False, cost_may_arise=False))
    made += books(accrued(PUMP, "2026-06", amount(10), made, DAY))
    made += books(reversed_provision(PUMP, made, DAY, "CNY", still_made=False, cost_may_arise=False))

    assert [each.key for each in made if each.kind == "warranty-reversal"] == [
        "pump/warranty-reversal/1",
        "pump/warranty-reversal/2",
    ]


def test_what_is_not_there_yet_is_not_reversed():
    """A reversal that lies before an accrual would lie below nothing in between."""
    made = began(1000, on=DAY)
    with pytest.raises(InvalidValue, match="a day from which on all that is left is there"):
        reversed_provision(PUMP, made, DAY - timedelta(days=1), "CNY", still_made=False, cost_may_arise=False)


def test_a_provision_below_nothing_is_not_reversed():
    """Something else was posted on it: the error says so, and names the account."""
    mistake = Posting(
        key="x", debit=LIABILITY, credit=BANK, amount=cny(1), value_date=DAY, subject="x", kind="mistake"
    )
    with pytest.raises(InvalidValue, match="a balance of 0 or more on provision/warranty/pump"):
        reversed_provision(PUMP, [mistake], DAY, "CNY", still_made=False, cost_may_arise=False)


def test_how_it_stood_on_a_day():
    """The postings up to that day, the day included."""
    made = began(1000, on=DAY)
    made += used(PUMP, "case-1", "v-1", [Cost(source=BANK, amount=cny(400))], made, DAY + timedelta(days=1))

    assert standing(PUMP, made, "CNY", on=DAY - timedelta(days=1)).accrued == cny(0)
    assert standing(PUMP, made, "CNY", on=DAY).balance == cny(1000)
    assert standing(PUMP, made, "CNY", on=DAY + timedelta(days=1)).used == cny(400)


def test_a_foreign_posting_on_the_provision_is_noticed():
    """Something else was posted on it: accrued is then not used + reversed + balance."""
    made = began(1000)
    assert standing(PUMP, made, "CNY").conserved
    made.append(
        Posting(
            key="x",
            debit=LIABILITY,
            credit=BANK,
            amount=cny(1),
            value_date=DAY,
            subject="x",
            kind="mistake",
        )
    )
    assert not standing(PUMP, made, "CNY").conserved


DAYS = st.integers(0, 20).map(lambda number: DAY + timedelta(days=number))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("accrue"), DAYS, st.sampled_from(["05", "06"]), st.integers(0, 500)),
        st.tuples(
            st.just("use"),
            DAYS,
            st.lists(st.tuples(st.sampled_from([BANK, WAGES, STORE]), st.integers(1, 300)), max_size=3),
        ),
        st.tuples(st.just("reverse"), DAYS),
    ),
    max_size=8,
)


@pytest.mark.clause("AS-ACC-1", "AS-ACC-2")
@given(STEPS)
def test_whatever_happens_accrued_is_used_and_reversed_and_what_is_left(steps):
    """Over any history, in any order of days: the identity, equal trial balance, and never below nothing."""
    made: list[Posting] = []
    spent: dict[str, int] = {}
    for number, (step, on, *rest) in enumerate(steps):
        try:
            if step == "accrue":
                made += books(accrued(PUMP, rest[0], amount(rest[1]), made, on))
            elif step == "use":
                costs = [Cost(source=source, amount=cny(value)) for source, value in rest[0]]
                case = f"case-{number % 3}"
                made += used(PUMP, case, "v", costs, made, on)
                spent[case] = sum(value for _, value in rest[0])
            else:
                made += books(
                    reversed_provision(PUMP, made, on, "CNY", still_made=False, cost_may_arise=False)
                )
        except InvalidValue:
            continue  # taken back or reversed where it is not there

    for day in (*(DAY + timedelta(days=number) for number in range(21)), None):
        state = standing(PUMP, made, "CNY", on=day)
        assert state.conserved
        assert state.balance >= cny(0)
    assert all(debits == credits_ for debits, credits_ in trial_balance(made).values())
    assert len({each.key for each in made}) == len(made)
    outside = {BANK: -1, STORE: -1, WAGES: 1}
    out = sum(balance(made, source, "CNY").minor * sign for source, sign in outside.items())
    assert out == cny(sum(spent.values())).minor


@given(STEPS)
def test_the_order_of_postings_means_nothing(steps):
    """What may be used and how it stands follow from the postings, not from their order."""
    made: list[Posting] = []
    for number, (step, on, *rest) in enumerate(steps):
        if step == "accrue":
            made += books(accrued(PUMP, f"{number}", amount(rest[1]), made, on))
        elif step == "use":
            costs = [Cost(source=source, amount=cny(value)) for source, value in rest[0]]
            made += used(PUMP, f"case-{number}", "v", costs, made, on)
    mixed = made[::-2] + made[len(made) % 2 :: 2]

    assert standing(PUMP, mixed, "CNY") == standing(PUMP, made, "CNY")
    for day in (DAY, DAY + timedelta(days=10)):
        assert available(PUMP, mixed, day, "CNY") == available(PUMP, made, day, "CNY")


# --- the store, and builders ------------------------------------------------------------------------------


@pytest.mark.clause("AS-ACC-3")
def test_parts_leave_the_store_by_a_requisition():
    """Debit the expense, credit the materials, under the number of the voucher."""
    service = Account(AccountKind.EXPENSE, "service")
    made = requisition("case-1", "r-7", 1, STORE, service, cny(88), DAY)

    assert sides(made) == [("expense/service", "materials/store", cny(88))]
    assert (made.key, made.clause) == ("case-1/parts-requisition/r-7/1", Clause("AS-ACC-3", "(三)"))
    assert requisition("case-1", "r-7", 2, STORE, service, cny(5), DAY).key.endswith("r-7/2")
    with pytest.raises(InvalidValue, match="a line of the voucher, from 1"):
        requisition("case-1", "r-7", 0, STORE, service, cny(88), DAY)


COST = Account(AccountKind.EXPENSE, "defects")
OWED = Account(AccountKind.PAYABLE, "builder-2")


def contract(value: int) -> list[Posting]:
    """What the developer owes the builder."""
    return [
        Posting(
            key="contract",
            debit=Account(AccountKind.EXPENSE, "building"),
            credit=OWED,
            amount=cny(value),
            value_date=DAY,
            subject="contract",
            kind="contract-money",
        )
    ]


@pytest.mark.clause("AS-ACC-4")
def test_a_builders_defect_is_deducted_from_his_contract_money():
    """The developer's cost is credited, what he owes the builder is debited."""
    made = contract(1000)
    made += deducted_from_builder("house-3", "builder-2", COST, amount(300), made, DAY)

    assert sides(made[-1]) == [("payable/builder-2", "expense/defects", cny(300))]
    assert made[-1].clause == Clause("AS-ACC-4", "❻")
    assert balance(made, OWED, "CNY") == cny(700)


@pytest.mark.clause("AS-ACC-4")
def test_what_the_contract_money_does_not_cover_the_builder_owes():
    """All of it where nothing is left of the contract."""
    made = contract(100)
    made += deducted_from_builder("house-3", "builder-2", COST, amount(300), made, DAY)
    assert sides(*made[1:]) == [
        ("payable/builder-2", "expense/defects", cny(100)),
        ("receivable/builder-2", "expense/defects", cny(200)),
    ]

    made += deducted_from_builder("house-4", "builder-2", COST, amount(50), made, DAY)
    assert sides(made[-1]) == [("receivable/builder-2", "expense/defects", cny(50))]


def test_a_builder_who_was_paid_too_much_owes_the_defect_besides():
    """What was overpaid is not counted against it."""
    overpaid = Posting(
        key="paid",
        debit=OWED,
        credit=BANK,
        amount=cny(150),
        value_date=DAY,
        subject="contract",
        kind="contract-money",
    )
    made = deducted_from_builder("house-3", "builder-2", COST, amount(300), [*contract(100), overpaid], DAY)
    assert sides(*made) == [("receivable/builder-2", "expense/defects", cny(300))]


def test_a_defect_is_deducted_once():
    """The same again is nothing new, of another amount the difference is, and nothing is nothing."""
    made = contract(100)
    made += deducted_from_builder("house-3", "builder-2", COST, amount(300), made, DAY)

    assert deducted_from_builder("house-3", "builder-2", COST, amount(300), made, DAY) == ()
    assert sides(*deducted_from_builder("house-3", "builder-2", COST, amount(301), made, DAY)) == [
        ("receivable/builder-2", "expense/defects", cny(1))
    ]
    assert deducted_from_builder("house-5", "builder-2", COST, amount(0), made, DAY) == ()
    with pytest.raises(CurrencyMismatch):
        deducted_from_builder(
            "house-3", "builder-2", COST, evaluate(Flat(Money(1, "EUR")), Facts()), made, DAY
        )


def test_what_is_deducted_less_goes_back_to_what_the_builder_owes_first():
    """From 300 to 250 and 80: of what he owes, then of his contract money."""
    made = contract(100)
    for value in (300, 250, 80):
        made += deducted_from_builder("house-3", "builder-2", COST, amount(value), made, DAY)

    assert sides(*made[3:]) == [
        ("expense/defects", "receivable/builder-2", cny(50)),
        ("expense/defects", "receivable/builder-2", cny(150)),
        ("expense/defects", "payable/builder-2", cny(20)),
    ]
    assert balance(made, OWED, "CNY") == cny(20)
    assert [each.key for each in made[1:]] == [f"house-3/builder-deduction/{n}" for n in range(1, 6)]


@pytest.mark.parametrize("value", [80, 100])
def test_a_deduction_that_was_reversed_is_made_again(value):
    """Net, nothing is deducted; what the builder paid of what he owes is no deduction."""
    made = [*deducted_from_builder("house-3", "builder-2", COST, amount(100), (), DAY)]
    made.append(reversal(made[0], DAY, key="mistake-1"))
    made.append(replace(made[0], key="paid-1", debit=BANK, credit=made[0].debit, charge=None))
    made += deducted_from_builder("house-3", "builder-2", COST, amount(value), made, DAY)
    assert balance(made, COST, "CNY") == -cny(value)


def test_two_builders_of_a_case_have_each_their_own_deducted():
    """The same amount for another builder is another deduction."""
    made = [*deducted_from_builder("house-3", "builder-2", COST, amount(100), (), DAY)]
    made += deducted_from_builder("house-3", "builder-5", COST, amount(100), made, DAY)

    assert [str(each.debit) for each in made] == ["receivable/builder-2", "receivable/builder-5"]
    assert len({each.key for each in made}) == 2
    assert deducted_from_builder("house-3", "builder-2", COST, amount(100), made, DAY) == ()


def test_contract_money_that_is_not_due_yet_is_not_debited():
    """On the day of the deduction, and on any later one, no more than is owed then."""
    made = contract(1000)
    early, late = DAY - timedelta(days=1), DAY + timedelta(days=9)
    assert sides(*deducted_from_builder("house-3", "builder-2", COST, amount(100), made, early)) == [
        ("receivable/builder-2", "expense/defects", cny(100))
    ]
    made.append(replace(made[0], key="paid", debit=OWED, credit=BANK, value_date=late, amount=cny(950)))
    assert sides(*deducted_from_builder("house-3", "builder-2", COST, amount(100), made, DAY)) == [
        ("payable/builder-2", "expense/defects", cny(50)),
        ("receivable/builder-2", "expense/defects", cny(50)),
    ]
