"""From what is owed to postings; payments; shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees import (
    Days,
    Facts,
    Flat,
    Given,
    OpenDays,
    OverBalance,
    PerUnit,
    Rule,
    daily_surcharge,
    evaluate,
)
from servflow.core.fees.assessment import (
    Obligation,
    OpenItem,
    Posted,
    allocate,
    apply_payment,
    assess,
    balance_history,
    open_items,
    posted_for,
    refund,
    refundable,
    room,
    set_off,
    settle,
    void_waivers,
)
from servflow.core.ledger import Account, AccountKind, Books, Posting, balance, reversal, settlement
from servflow.core.money import Money, Rounding, total

DAY = date(2026, 3, 20)
OWED = Account(AccountKind.RECEIVABLE, "CN-1")
INCOME = Account(AccountKind.INCOME, "nlc")
CASH = Account(AccountKind.CASH, "nlc")
WAIVED = Account(AccountKind.WAIVED, "nlc")
FINE = Obligation(subject="loan-1", kind="overdue", debit=OWED, credit=INCOME)


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


def moved(key: str, debit: Account, credit: Account, amount: Money, *, kind: str = "overdue") -> Posting:
    return Posting(
        key=key, debit=debit, credit=credit, amount=amount, value_date=DAY, subject="loan-1", kind=kind
    )


def charged(obligation: Obligation, *targets: Money) -> tuple[Posting, ...]:
    """The postings of one assessment after the other."""
    postings: tuple[Posting, ...] = ()
    for target in targets:
        posting, _ = assess(obligation, target, posted_for(obligation, postings), DAY)
        postings += (posting,) if posting else ()
    return postings


def test_the_first_assessment_charges():
    """What is owed and was never posted is charged whole, with its charge and clause."""
    charge = evaluate(Flat(cny("25")), Facts())
    clause = Clause("X-1")
    posting, posted = assess(FINE, cny("25"), None, DAY, charge=charge, clause=clause)
    assert posted == Posted(cny("25"), 1)
    assert posting == Posting(
        key="loan-1/overdue/1",
        debit=OWED,
        credit=INCOME,
        amount=cny("25"),
        value_date=DAY,
        subject="loan-1",
        kind="overdue",
        charge=charge,
        clause=clause,
    )


def test_assessed_again_nothing_is_posted():
    """A run that comes twice posts once; nothing owed posts nothing at all."""
    before = Posted(cny("25"), 3)
    assert assess(FINE, cny("25"), before, DAY) == (None, before)
    assert assess(FINE, cny("0"), None, DAY) == (None, Posted(cny("0"), 0))


def test_more_is_owed():
    """Only the difference is posted, under the next key."""
    posting, posted = assess(FINE, cny("30"), Posted(cny("25"), 1), DAY)
    assert posting == moved("loan-1/overdue/2", OWED, INCOME, cny("5"))
    assert posted == Posted(cny("30"), 2)


def test_less_is_owed():
    """A return that is dated back reverses the difference: debit and credit are swapped."""
    posting, posted = assess(FINE, cny("10"), Posted(cny("25"), 1), DAY)
    assert posting == moved("loan-1/overdue/2", INCOME, OWED, cny("15"))
    posting, posted = assess(FINE, cny("0"), posted, DAY)
    assert posting == moved("loan-1/overdue/3", INCOME, OWED, cny("10"))
    assert posted == Posted(cny("0"), 3)


def test_what_was_posted_is_read_from_postings():
    """Charges and reversals are counted; what was paid or waived, or of other obligations, is not."""
    others = Obligation(subject="loan-2", kind="overdue", debit=OWED, credit=INCOME)
    postings = (
        *charged(FINE, cny("25"), cny("30"), cny("10")),
        moved("p", CASH, OWED, cny("4")),
        moved("w", WAIVED, OWED, cny("5")),
        moved("f", OWED, INCOME, cny("20"), kind="loan-fee"),
        *charged(others, cny("9")),
    )
    assert posted_for(FINE, postings) == Posted(cny("10"), 3)
    assert posted_for(others, postings) == Posted(cny("9"), 1)
    assert posted_for(FINE, postings[3:]) is None


def test_one_obligation_has_one_debtor():
    """A fine that was charged to somebody is not charged to somebody else as well."""
    other = replace(FINE, debit=Account(AccountKind.RECEIVABLE, "CN-2"))
    with pytest.raises(InvalidValue, match="charged in loan-1/overdue/1"):
        posted_for(other, charged(FINE, cny("25")))


def test_bad_targets():
    """A target is not negative, is what its charge came to, and stays in one currency."""
    with pytest.raises(InvalidValue, match="target"):
        assess(FINE, cny("-1"), None, DAY)
    with pytest.raises(InvalidValue, match=r"came to, CNY 25\.00"):
        assess(FINE, cny("24"), None, DAY, charge=evaluate(Flat(cny("25")), Facts()))
    with pytest.raises(CurrencyMismatch):
        assess(FINE, Money("3", "EUR"), Posted(cny("25"), 1), DAY)
    with pytest.raises(CurrencyMismatch):
        posted_for(FINE, [moved("a", OWED, INCOME, cny("1")), moved("b", OWED, INCOME, Money("1", "EUR"))])


AMOUNTS = st.integers(0, 10_000).map(lambda minor: Money.of_minor(minor, "CNY"))


@given(st.lists(AMOUNTS, min_size=1), st.data())
def test_postings_add_up_to_the_last_target(targets, data):
    """However often, and in whatever steps, facts changed: what is posted is the last target."""
    postings: list[Posting] = []
    posted: Posted | None = None
    for target in targets:
        for _ in range(data.draw(st.integers(1, 2))):
            posting, posted = assess(FINE, target, posted, DAY)
            postings += [posting] if posting else []
    assert balance(postings, OWED, "CNY") == targets[-1]
    assert posted_for(FINE, data.draw(st.permutations(postings))) == (posted if postings else None)
    assert len({posting.key for posting in postings}) == len(postings)
    assert len(postings) <= len(targets)


@given(st.lists(AMOUNTS, min_size=1))
def test_a_late_run_posts_as_much_as_daily_ones(targets):
    """Assessed on each day, or only on the last: the same is owed."""
    daily = charged(FINE, *targets)
    once = charged(FINE, targets[-1])
    assert settlement(daily, OWED, "CNY") == settlement(once, OWED, "CNY")


def item(kind: str, day: int, amount: str, subject: str = "loan-1") -> OpenItem:
    return OpenItem(subject=subject, kind=kind, since=date(2026, 3, day), outstanding=cny(amount))


FEE = item("loan-fee", 2, "20")
OLD_FINE = item("overdue", 1, "25")
NEW_FINE = item("overdue", 9, "5", "loan-2")


def test_the_oldest_is_paid_first():
    """With one rank for all kinds a payment settles by age, and the last item in part."""
    applied = apply_payment({"overdue": 1, "loan-fee": 1}, [NEW_FINE, FEE, OLD_FINE], cny("46.01"))
    assert applied.paid == ((OLD_FINE, cny("25")), (FEE, cny("20")), (NEW_FINE, cny("1.01")))
    assert applied.rest == cny("0")


def test_ranks_come_before_age():
    """A kind of a lower rank is settled before an older one of a higher rank."""
    applied = apply_payment({"loan-fee": 1, "overdue": 2}, [OLD_FINE, NEW_FINE, FEE], cny("30"))
    assert applied.paid == ((FEE, cny("20")), (OLD_FINE, cny("10")))


def test_what_has_no_rank_is_not_paid():
    """A payment for fines is not swallowed by a lost volume; what is left of it is told."""
    lost = item("lost", 1, "300")
    applied = apply_payment({"overdue": 1}, [lost, OLD_FINE], cny("40"))
    assert applied.paid == ((OLD_FINE, cny("25")),)
    assert applied.rest == cny("15")


def test_items_that_owe_nothing_are_not_paid():
    """No line of 0 is made."""
    assert apply_payment({"overdue": 1}, [item("overdue", 1, "0")], cny("1")).paid == ()
    assert apply_payment({"overdue": 1}, [OLD_FINE], cny("0")).paid == ()


def test_bad_payments():
    """Neither a payment nor an item is negative, and both are in one currency."""
    with pytest.raises(InvalidValue, match="payment"):
        apply_payment({}, [], cny("-1"))
    with pytest.raises(InvalidValue, match="outstanding"):
        apply_payment({"overdue": 1}, [item("overdue", 1, "-1")], cny("1"))
    with pytest.raises(CurrencyMismatch):
        apply_payment({"overdue": 1}, [OLD_FINE], Money("1", "EUR"))


ITEMS = st.lists(
    st.builds(
        item,
        st.sampled_from(["overdue", "loan-fee", "lost"]),
        st.integers(1, 28),
        st.integers(0, 9999).map(lambda minor: f"{minor / 100:.2f}"),
        st.sampled_from(["loan-1", "loan-2"]),
    ),
    unique_by=lambda each: (each.subject, each.kind),
)


@given(ITEMS, AMOUNTS, st.data())
def test_payments_conserve_every_cent(items, payment, data):
    """What is paid and what is left make the payment; no item is overpaid; order of items is nothing."""
    order = {"overdue": 1, "loan-fee": 1}
    applied = apply_payment(order, items, payment)
    assert total((part for _, part in applied.paid), "CNY") + applied.rest == payment
    assert all(cny("0") < part <= paid.outstanding for paid, part in applied.paid)
    open_at_all = total((each.outstanding for each in items if each.kind in order), "CNY")
    assert not applied.rest or payment - applied.rest == open_at_all
    assert applied == apply_payment(order, data.draw(st.permutations(items)), payment)


def test_open_items():
    """What is still owed, by obligation and the oldest first; the settled, the reversed and others' are out."""
    early = DAY - timedelta(3)
    postings = [
        moved("c", OWED, INCOME, cny("25")),
        moved("p", CASH, OWED, cny("10")),
        replace(moved("a", OWED, INCOME, cny("20"), kind="fee"), subject="loan-0", value_date=early),
        moved("l", OWED, INCOME, cny("7"), kind="lost"),
        moved("paid", CASH, OWED, cny("7"), kind="lost"),
        moved("e", OWED, INCOME, Money("3", "EUR"), kind="tariff"),
        moved("o", CASH, Account(AccountKind.RECEIVABLE, "CN-2"), cny("1")),
    ]
    expected = (
        OpenItem(subject="loan-0", kind="fee", since=early, outstanding=cny("20")),
        OpenItem(subject="loan-1", kind="overdue", since=DAY, outstanding=cny("15")),
    )
    assert open_items(postings, OWED, "CNY") == expected
    assert open_items(reversed(postings), OWED, "CNY") == expected


def test_an_open_item_is_as_old_as_its_first_posting():
    """A later increase does not make an obligation younger."""
    first = replace(moved("1", OWED, INCOME, cny("5")), value_date=DAY - timedelta(2))
    second = moved("2", OWED, INCOME, cny("4"))
    for postings in ((first, second), (second, first)):
        (found,) = open_items(postings, OWED, "CNY")
        assert (found.since, found.outstanding) == (DAY - timedelta(2), cny("9"))


def test_a_hundred_shared_three_ways():
    """100.00 by three is 33.34, 33.33, 33.33: the odd cent goes to the first key, in any order."""
    for keys in permutations("abc"):
        shares = allocate(cny("100"), dict.fromkeys(keys, 1))
        assert list(shares.items()) == [("a", cny("33.34")), ("b", cny("33.33")), ("c", cny("33.33"))]


def test_the_largest_remainders_get_the_cents():
    """0.10 by 1, 2 and 4 is 1.43, 2.86 and 5.71 cents: the two left over go to b and c, not to a."""
    shares = allocate(cny("0.10"), {"a": 1, "b": 2, "c": 4})
    assert shares == {"a": cny("0.01"), "b": cny("0.03"), "c": cny("0.06")}


def test_a_weight_of_nothing_gets_nothing():
    """Who has no weight never gets an odd cent."""
    assert allocate(cny("0.01"), {"a": 0, "b": 1}) == {"a": cny("0"), "b": cny("0.01")}


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 1, "b": -1}, {"a": True}, {"a": 0.5}])
def test_bad_weights(weights):
    """Weights are whole numbers, none negative, not all 0."""
    with pytest.raises(InvalidValue, match="weight"):
        allocate(cny("1"), weights)


def test_a_negative_whole_is_not_shared():
    """Debts are not shared as credits."""
    with pytest.raises(InvalidValue, match="whole"):
        allocate(cny("-1"), {"a": 1})


@given(AMOUNTS, st.dictionaries(st.text("abcdef", max_size=2), st.integers(0, 99), min_size=1), st.randoms())
def test_shares_make_the_whole(whole, weights, random):
    """Shares add up to the whole, each within a cent of its exact size, in any order of the weights."""
    weights["z"] = 1
    shares = allocate(whole, weights)
    assert total(shares.values(), "CNY") == whole
    every = sum(weights.values())
    for key, share in shares.items():
        assert abs(share.minor * every - whole.minor * weights[key]) < every
    shuffled = list(weights.items())
    random.shuffle(shuffled)
    assert list(allocate(whole, dict(shuffled)).items()) == list(shares.items())


# --- shares with limits


def shares(whole: str, weights: Mapping[str, int], limits: Mapping[str, str]) -> dict[str, str]:
    found = allocate(cny(whole), weights, limits={key: cny(limit) for key, limit in limits.items()})
    return {key: str(share.amount) for key, share in found.items()}


def test_fifty_under_five_limits():
    """50.00 by five is 10.00 each; who may bear 7.50 only leaves 42.50 for the other four, cents by key."""
    limits = {"a": "15", "b": "15", "c": "15", "d": "15", "e": "7.50"}
    assert shares("50", dict.fromkeys("abcde", 1), limits) == {
        "a": "10.63",
        "b": "10.63",
        "c": "10.62",
        "d": "10.62",
        "e": "7.50",
    }


def test_fifteen_under_three_limits():
    """15.00 by three is 5.00 each; who may bear 3 only leaves 12 for the other two, who can bear 6."""
    assert shares("15", dict.fromkeys("abc", 1), {"a": "10", "b": "3", "c": "7"}) == {
        "a": "6.00",
        "b": "3.00",
        "c": "6.00",
    }


def test_a_limit_that_is_reached_because_of_another_one():
    """18.00 by three: 3 for b leaves 7.50 each, which is over the 7 of c: the rest is a's."""
    assert shares("18", dict.fromkeys("abc", 1), {"a": "10", "b": "3", "c": "7"}) == {
        "a": "8.00",
        "b": "3.00",
        "c": "7.00",
    }
    assert shares("20", dict.fromkeys("abc", 1), {"a": "10", "b": "3", "c": "7"}) == {
        "a": "10.00",
        "b": "3.00",
        "c": "7.00",
    }


def test_in_proportion_to_the_limits():
    """Where the weights are the limits themselves, all are reached at once, or none."""
    weights = {"a": 1500, "b": 1500, "c": 1500, "d": 1500, "e": 750}
    limits = {"a": "15", "b": "15", "c": "15", "d": "15", "e": "7.50"}
    assert shares("67.50", weights, limits) == {key: str(cny(limit).amount) for key, limit in limits.items()}
    assert list(shares("50", weights, limits).values()) == ["11.11", "11.11", "11.11", "11.11", "5.56"]


@pytest.mark.parametrize(
    ("whole", "limits", "field", "expected"),
    [
        ("20.01", {"a": "10", "b": "3", "c": "7"}, "limits", "room for CNY 20.01"),
        ("1", {"d": "1"}, "limit of d", "an amount of 0 or more, for a key with a weight"),
        ("1", {"a": "-1"}, "limit of a", "an amount of 0 or more, for a key with a weight"),
    ],
)
def test_bad_limits(whole, limits, field, expected):
    """Limits that leave something over, of nobody, or below nothing."""
    with pytest.raises(InvalidValue) as caught:
        shares(whole, dict.fromkeys("abc", 1), limits)
    assert (caught.value.field, caught.value.expected) == (field, expected)


def test_a_limit_of_another_currency():
    """A limit in euro says nothing about a share in yuan."""
    with pytest.raises(CurrencyMismatch):
        allocate(cny("1"), {"a": 1}, limits={"a": Money("1", "EUR")})


@given(
    AMOUNTS,
    st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 9), AMOUNTS), min_size=1),
    st.randoms(),
)
def test_shares_under_limits_make_the_whole(whole, parts, random):
    """Shares add up, none exceeds its limit, and who is below his has, by weight, no cent less than others."""
    weights = {**{key: weight for key, (weight, _) in parts.items()}, "z": 1}
    limits = {key: limit for key, (_, limit) in parts.items()}
    found = allocate(whole, weights, limits=limits)
    assert total(found.values(), "CNY") == whole
    assert all(found[key] <= limit for key, limit in limits.items())
    for key, limit in limits.items():
        if found[key] < limit and weights[key]:
            assert all(
                (found[other].minor - 1) * weights[key] < (found[key].minor + 1) * weights[other]
                for other in found
                if weights[other]
            )
    shuffled = list(weights.items())
    random.shuffle(shuffled)
    assert allocate(whole, dict(shuffled), limits=limits) == found


# --- room, settling, refunds


@pytest.mark.parametrize(("outstanding", "left"), [("0", "50"), ("49.99", "0.01"), ("50", "0"), ("80", "0")])
def test_room(outstanding, left):
    """Under a limit of 50 for the whole account: what is not yet outstanding, and never less than nothing."""
    assert room(cny("50"), cny(outstanding)) == cny(left)


def test_room_is_shared_and_not_raced_for():
    """Three fines under one limit get the same in whatever order they are worked out."""
    fines = {"loan-1": cny("30"), "loan-2": cny("30"), "loan-3": cny("15")}
    for keys in permutations(fines):
        left = room(cny("50"), cny("0"))
        limits = {key: fines[key] for key in keys}
        assert allocate(left, dict.fromkeys(keys, 1), limits=limits) == {
            "loan-1": cny("17.50"),
            "loan-2": cny("17.50"),
            "loan-3": cny("15"),
        }


def test_bad_room():
    """A limit is not negative; what is outstanding is in its currency."""
    with pytest.raises(InvalidValue, match=r"^limit: found Money"):
        room(cny("-1"), cny("0"))
    with pytest.raises(CurrencyMismatch):
        room(cny("1"), Money("1", "EUR"))


DEPOSIT = Account(AccountKind.DEPOSIT, "CN-1")
PREPAID = Account(AccountKind.PREPAYMENT, "CN-1")


def test_settle():
    """A payment, a deposit or a waiver settles the obligation it is for, under its own key."""
    for source in (CASH, PREPAID, WAIVED):
        posting = settle(FINE, source, cny("5"), cny("25"), DAY, key="p-1", clause=Clause("X-1"))
        assert posting == replace(moved("p-1", source, OWED, cny("5")), clause=Clause("X-1"))
    assert settle(FINE, CASH, cny("25"), cny("25"), DAY, key="p").amount == cny("25")


@pytest.mark.parametrize("amount", ["0", "-1", "25.01"])
def test_bad_settlements(amount):
    """No more is settled than is outstanding, and not nothing."""
    with pytest.raises(InvalidValue) as caught:
        settle(FINE, CASH, cny(amount), cny("25"), DAY, key="p")
    assert (caught.value.field, caught.value.found) == ("amount", cny(amount))
    assert caught.value.expected == "an amount above 0, at most what is outstanding, CNY 25.00"
    with pytest.raises(CurrencyMismatch):
        settle(FINE, CASH, Money("5", "EUR"), cny("25"), DAY, key="p")


PAID = (
    moved("1", OWED, INCOME, cny("45")),
    moved("2", CASH, OWED, cny("10")),
    moved("3", PREPAID, OWED, cny("7")),
    moved("4", DEPOSIT, OWED, cny("6")),
    moved("5", WAIVED, OWED, cny("9")),
    moved("6", OWED, CASH, cny("3")),
    moved("7", CASH, OWED, cny("99"), kind="lost"),
    moved("8", CASH, Account(AccountKind.RECEIVABLE, "CN-2"), cny("50")),
)


def test_what_may_be_paid_back():
    """What came from cash, deposit or prepayment for it, less what was paid back; a waiver was never paid."""
    assert refundable(PAID, FINE) == {CASH: cny("7"), PREPAID: cny("7"), DEPOSIT: cny("6")}
    back = (*PAID, moved("9", OWED, DEPOSIT, cny("6")))
    assert refundable(back, FINE) == {CASH: cny("7"), PREPAID: cny("7")}
    assert refundable((), FINE) == {}


ORDER = (AccountKind.CASH, AccountKind.PREPAYMENT)


def test_refunds_go_to_payments_first():
    """Cash before prepayment, as the order says; the deposit, which it does not name, gets nothing."""
    postings = refund(FINE, refundable(PAID, FINE), cny("9"), ORDER, DAY, key="r", clause=Clause("X-1"))
    assert postings == (
        replace(moved("r/1", OWED, CASH, cny("7")), clause=Clause("X-1")),
        replace(moved("r/2", OWED, PREPAID, cny("2")), clause=Clause("X-1")),
    )
    other = refund(FINE, refundable(PAID, FINE), cny("9"), tuple(reversed(ORDER)), DAY, key="r")
    assert [(posting.credit, posting.amount) for posting in other] == [(PREPAID, cny("7")), (CASH, cny("2"))]


def test_a_refund_that_the_first_source_covers():
    """Nothing is posted to a source that gets nothing."""
    postings = refund(FINE, refundable(PAID, FINE), cny("7"), ORDER, DAY, key="r")
    assert postings == (moved("r/1", OWED, CASH, cny("7")),)


def test_a_refund_makes_the_charge_outstanding_again():
    """What is still charged is owed again, and what was waived stays waived; every cent is kept."""
    fine = PAID[:6]
    before = settlement(fine, OWED, "CNY")
    after = settlement(
        (*fine, *refund(FINE, refundable(fine, FINE), cny("14"), ORDER, DAY, key="r")), OWED, "CNY"
    )
    assert (before.paid, after.paid) == (cny("20"), cny("6"))
    assert after.outstanding == before.outstanding + cny("14")
    assert after.waived == before.waived == cny("9")
    assert after.conserved


@pytest.mark.parametrize("amount", ["0", "-1", "14.01"])
def test_bad_refunds(amount):
    """No more is given back than was paid from the accounts that the order names: waivers are not."""
    with pytest.raises(InvalidValue) as caught:
        refund(FINE, refundable(PAID, FINE), cny(amount), ORDER, DAY, key="r")
    assert (caught.value.field, caught.value.found) == ("amount", cny(amount))
    assert caught.value.expected == "an amount above 0, at most what was paid, CNY 14.00"
    with pytest.raises(CurrencyMismatch):
        refund(FINE, refundable(PAID, FINE), Money("1", "EUR"), ORDER, DAY, key="r")


# --- what an account held


def test_balance_history():
    """What was held from each value date on, the days in order; other accounts and currencies are out."""
    postings = [
        replace(moved("3", CASH, OWED, cny("4")), value_date=DAY + timedelta(2)),
        moved("1", OWED, INCOME, cny("25")),
        moved("2", CASH, OWED, cny("5")),
        moved("4", OWED, INCOME, Money("8", "EUR")),
        moved("5", CASH, PREPAID, cny("9")),
    ]
    expected = ((DAY, cny("20")), (DAY + timedelta(2), cny("16")))
    assert balance_history(postings, OWED, "CNY") == expected
    assert balance_history(reversed(postings), OWED, "CNY") == expected
    Facts(histories={"unpaid": expected})


def test_a_balance_in_credit_is_nothing_owed():
    """A receivable below nothing counts as nothing, and a day on which that does not change is left out."""
    paid_early = [
        moved("1", CASH, OWED, cny("5")),
        replace(moved("2", OWED, INCOME, cny("25"), kind="fee"), value_date=DAY + timedelta(1)),
    ]
    assert balance_history(paid_early, OWED, "CNY") == ((DAY, cny("0")), (DAY + timedelta(1), cny("20")))
    bounced = [*paid_early, replace(paid_early[0], key="3", value_date=DAY + timedelta(2))]
    bounced.append(reversal(bounced[2], DAY + timedelta(2), key="4"))
    assert balance_history(bounced, OWED, "CNY") == balance_history(paid_early, OWED, "CNY")


def test_a_history_begins_where_it_is_to():
    """Before its first posting an account held nothing, from the day on from which one asks."""
    postings = [moved("1", OWED, INCOME, cny("25"))]
    since = DAY - timedelta(9)
    assert balance_history(postings, OWED, "CNY", since=since) == ((since, cny("0")), (DAY, cny("25")))
    assert balance_history([], OWED, "CNY", since=since) == ((since, cny("0")),)
    with pytest.raises(InvalidValue) as caught:
        balance_history([], OWED, "CNY")
    assert (caught.value.field, caught.value.found) == ("account", "receivable/CN-1")


def test_a_closed_period_changes_no_history():
    """What was paid in a period closed by now counts on the day on which it was paid."""
    paid = moved("2", CASH, OWED, cny("25"))
    postings = [replace(moved("1", OWED, INCOME, cny("25")), value_date=DAY - timedelta(9)), paid]
    moved_on = [postings[0], Books(closed_through=DAY + timedelta(20)).admit(paid)]
    assert moved_on[1].value_date > DAY
    assert balance_history(moved_on, OWED, "CNY") == balance_history(postings, OWED, "CNY")
    charge = Books(closed_through=DAY).admit(moved("3", OWED, INCOME, cny("5"), kind="fee"))
    assert [item.since for item in open_items([charge], OWED, "CNY")] == [DAY]


def test_only_what_pays_or_lets_go_settles():
    """Income, a provision or another receivable settles nothing."""
    for kind in (AccountKind.INCOME, AccountKind.PROVISION, AccountKind.RECEIVABLE):
        with pytest.raises(InvalidValue, match=r"^source"):
            settle(DEBT, Account(kind, "other"), cny("1"), cny("5"), DAY, key="x")


@pytest.mark.parametrize(("subject", "kind"), [("", "fee"), ("a", ""), ("a", "b/c")])
def test_an_obligation_has_a_key_of_its_own(subject, kind):
    """No two obligations share a key: a kind has no slash in it, though a subject may."""
    with pytest.raises(InvalidValue):
        Obligation(subject=subject, kind=kind, debit=OWED, credit=INCOME)


def test_a_waiver_shrinks_with_what_is_owed():
    """Ten charged and waived, then four owed: six of the waiver are taken back, and nobody is in credit."""
    waived = Account(AccountKind.WAIVED, "library")
    books: list[Any] = []

    def assessed(amount):
        posting, _ = assess(DEBT, cny(amount), posted_for(DEBT, books), DAY)
        books.append(posting)

    assessed("10")
    books.append(settle(DEBT, waived, cny("10"), cny("10"), DAY, key="w"))
    assessed("4")
    assert settlement(books, OWED, "CNY").credited == cny("6")
    books.append(moved("fee", OWED, INCOME, cny("1"), kind="fee"))
    books += void_waivers(books, DEBT, DAY, key="v")
    books.pop(-2)
    after = settlement(books, OWED, "CNY")
    assert (after.waived, after.credited, after.outstanding) == (cny("4"), cny("0"), cny("0"))
    assert after.conserved
    assert void_waivers(books, DEBT, DAY, key="again") == ()


def test_a_credit_is_paid_back_after_waivers_are_void():
    """Seventy paid and thirty waived of a hundred, all found again: seventy are refunded, no credit stays."""
    waived = Account(AccountKind.WAIVED, "library")
    posting, _ = assess(DEBT, cny("100"), None, DAY)
    books: list[Any] = [posting, settle(DEBT, CASH, cny("70"), cny("100"), DAY, key="p")]
    books.append(settle(DEBT, waived, cny("30"), cny("30"), DAY, key="w"))
    posting, _ = assess(DEBT, cny("0"), posted_for(DEBT, books), DAY)
    books.append(posting)
    books += void_waivers(books, DEBT, DAY, key="v")
    credit = settlement(books, OWED, "CNY").credited
    books += refund(DEBT, refundable(books, DEBT), credit, [AccountKind.CASH], DAY, key="r")
    after = settlement(books, OWED, "CNY")
    assert (after.credited, after.paid, after.waived, after.charged) == (cny("0"),) * 4


def test_a_credit_pays_another_debt():
    """A credit becomes a prepayment of its owner, and that pays."""
    other = replace(DEBT, kind="fee")
    prepaid = Account(AccountKind.PREPAYMENT, OWED.owner)
    charged, _ = assess(DEBT, cny("5"), None, DAY)
    books: list[Any] = [charged, settle(DEBT, CASH, cny("5"), cny("5"), DAY, key="p")]
    reversed_, _ = assess(DEBT, cny("0"), posted_for(DEBT, books), DAY)
    fee, _ = assess(other, cny("3"), None, DAY)
    books += [reversed_, fee, *set_off(DEBT, other, prepaid, cny("3"), DAY, key="s")]
    after = settlement(books, OWED, "CNY")
    assert (after.credited, after.outstanding) == (cny("2"), cny("0"))
    assert after.conserved
    assert not balance(books, prepaid, "CNY")
    with pytest.raises(InvalidValue, match=r"^amount"):
        set_off(DEBT, other, prepaid, cny("0"), DAY, key="s")
    with pytest.raises(InvalidValue, match=r"^through"):
        set_off(DEBT, other, CASH, cny("1"), DAY, key="s")


# --- from night to night

DEBT = Obligation(subject="loan-1", kind="principal", debit=OWED, credit=INCOME)
SURCHARGE = Obligation(
    subject="loan-1",
    kind="surcharge",
    debit=Account(AccountKind.RECEIVABLE, "CN-1-surcharge"),
    credit=INCOME,
)
RULE = OverBalance(
    "unpaid",
    daily_surcharge(Given("unpaid", "CNY"), Decimal("0.003"), Days(), compounded=False, capped=False),
).rounded(Rounding.HALF_UP)
FIRST = date(2026, 3, 1)


def principal(kept: Iterable[tuple[date, Account, Account, str]]) -> list[Posting]:
    return [
        replace(moved(f"{number}", debit, credit, cny(amount), kind="principal"), value_date=day)
        for number, (day, debit, credit, amount) in enumerate(kept)
    ]


MILLION = principal(
    [
        (FIRST, OWED, INCOME, "1000000"),
        (date(2026, 3, 11), CASH, OWED, "400000"),
        (date(2026, 3, 21), CASH, OWED, "600000"),
    ]
)


def surcharge_on(night: date) -> Money:
    """What is owed on that night, of what was posted until then."""
    known = [posting for posting in MILLION if posting.value_date <= night]
    days = {"due": FIRST - timedelta(1), "end": night}
    history = balance_history(known, DEBT.debit, "CNY")
    return evaluate(RULE, Facts(days=days, histories={"unpaid": history})).money


@pytest.mark.parametrize(
    "nights",
    [
        [FIRST + timedelta(number) for number in range(40)],
        [night for number in range(40) for night in [FIRST + timedelta(number)] * 2],
        [FIRST + timedelta(7 * number) for number in range(6)],
        [FIRST + timedelta(39)],
    ],
    ids=["nightly", "twice a night", "weekly", "once"],
)
def test_a_surcharge_posted_night_after_night(nights):
    """0.3 % a day on a million, paid in two parts: 48,000, whenever and however often it is assessed."""
    postings: list[Posting] = []
    for night in nights:
        posting, _ = assess(SURCHARGE, surcharge_on(night), posted_for(SURCHARGE, postings), night)
        postings += [posting] if posting else []
    assert balance(postings, SURCHARGE.debit, "CNY") == cny("48000")
    assert all(posting.credit == INCOME for posting in postings)
    assert len(postings) <= 20


def test_a_surcharge_night_by_night():
    """The first night is 3,000; from the first payment on it is 1,800; after the last one nothing."""
    known = {night: surcharge_on(FIRST + timedelta(night)) for night in (0, 9, 10, 19, 20, 39)}
    assert known == {
        0: cny("3000"),
        9: cny("30000"),
        10: cny("31800"),
        19: cny("48000"),
        20: cny("48000"),
        39: cny("48000"),
    }


@dataclass
class Desk:
    """A desk that is open but on the days that were declared closed."""

    closed: frozenset[date] = frozenset()

    def open_days(self, after: date, through: date) -> int:
        days = {after + timedelta(number) for number in range(1, (through - after).days + 1)}
        return len(days - self.closed)


def overdue(desk: Desk) -> Rule:
    return PerUnit(OpenDays(desk), cny("5"))


LATE = Facts(days={"due": date(2026, 3, 15), "end": date(2026, 3, 20)})


def test_a_day_that_is_declared_closed_later():
    """The fine was charged and paid; then a day is declared closed: it is reversed, and is a credit."""
    first, posted = assess(FINE, evaluate(overdue(Desk()), LATE).money, None, DAY)
    assert first is not None
    postings = [first, settle(FINE, CASH, cny("25"), cny("25"), DAY, key="p")]
    closed = Desk(frozenset({date(2026, 3, 20)}))
    second, posted = assess(FINE, evaluate(overdue(closed), LATE).money, posted, DAY + timedelta(5))
    assert second is not None
    assert (second.debit, second.credit, second.amount) == (INCOME, OWED, cny("5"))
    assert second.value_date == DAY + timedelta(5)
    told = settlement([*postings, second], OWED, "CNY")
    assert (told.charged, told.paid, told.outstanding, told.credited) == (
        cny("20"),
        cny("25"),
        cny("0"),
        cny("5"),
    )
    assert told.conserved
    assert assess(FINE, evaluate(overdue(closed), LATE).money, posted, DAY + timedelta(6))[0] is None


def test_the_credit_may_be_paid_back():
    """What was paid for a fine that was reversed goes back to where it came from, and the books are even."""
    postings = [
        *charged(FINE, cny("25")),
        settle(FINE, CASH, cny("25"), cny("25"), DAY, key="p"),
    ]
    posting, _ = assess(FINE, cny("20"), posted_for(FINE, postings), DAY)
    assert posting is not None
    postings += [posting]
    postings += refund(FINE, refundable(postings, FINE), cny("5"), ORDER, DAY, key="r")
    told = settlement(postings, OWED, "CNY")
    assert (told.charged, told.paid, told.outstanding, told.credited) == (
        cny("20"),
        cny("20"),
        cny("0"),
        cny("0"),
    )
