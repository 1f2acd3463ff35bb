"""From what is owed to postings; payments; shares."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees import Facts, Flat, evaluate
from servflow.core.fees.assessment import (
    Obligation,
    OpenItem,
    Posted,
    allocate,
    apply_payment,
    assess,
    open_items,
    posted_for,
)
from servflow.core.ledger import Account, AccountKind, Posting, balance, settlement
from servflow.core.money import Money, total

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
