"""The ledger: postings, balances, statements, closed periods."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.dates import Term
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees import Facts, Flat, evaluate
from servflow.core.ledger import (
    Account,
    AccountKind,
    Books,
    Posting,
    Settlement,
    balance,
    balances,
    check_kind,
    moved,
    reversal,
    settlement,
    statement,
    trial_balance,
)
from servflow.core.money import Money, total

DAY = date(2026, 3, 20)
OWED = Account(AccountKind.RECEIVABLE, "CN-1")
PREPAID = Account(AccountKind.PREPAYMENT, "CN-1")
DEPOSIT = Account(AccountKind.DEPOSIT, "CN-1")
INCOME = Account(AccountKind.INCOME, "nlc")
CASH = Account(AccountKind.CASH, "nlc")
WAIVED = Account(AccountKind.WAIVED, "nlc")
PROVISION = Account(AccountKind.PROVISION, "nlc")


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


def posting(
    debit: Account,
    credit: Account,
    amount: Money,
    *,
    day: date = DAY,
    key: str = "k",
    subject: str = "loan-1",
) -> Posting:
    return Posting(
        key=key, debit=debit, credit=credit, amount=amount, value_date=day, subject=subject, kind="fee"
    )


GROWS_BY_DEBIT = {
    AccountKind.RECEIVABLE: True,
    AccountKind.CASH: True,
    AccountKind.WAIVED: True,
    AccountKind.DEPOSIT: False,
    AccountKind.PREPAYMENT: False,
    AccountKind.INCOME: False,
    AccountKind.PROVISION: False,
    AccountKind.PAYABLE: False,
    AccountKind.EXPENSE: True,
    AccountKind.MATERIALS: True,
}


@pytest.mark.parametrize("kind", AccountKind)
def test_the_side_on_which_an_account_grows(kind):
    """What we own, are owed or spend grows by debit; what we owe, set aside or earn by credit."""
    assert kind.grows_by_debit is GROWS_BY_DEBIT[kind]


def test_kinds_are_stored_data():
    """The kinds as written in every ledger; one may be added, none renamed."""
    kinds = {"receivable", "cash", "waived", "deposit", "prepayment", "income", "provision"}
    assert {kind.value for kind in AccountKind} >= kinds | {"payable", "expense", "materials"}


@pytest.mark.parametrize(
    "text", ["receivable/CN-110108", "income/nlc/loans", "deposit/国家图书馆", "provision/b 1"]
)
def test_accounts_are_text_and_back(text):
    """An account reads back from its text; only the first slash divides it."""
    assert str(Account.parse(text)) == text
    assert Account.parse(text).owner == text.partition("/")[2]


@pytest.mark.parametrize("text", ["", "receivable", "receivable/", "debt/CN-1", "Receivable/CN-1", "cash/ x"])
def test_text_that_is_no_account(text):
    """A text without a known kind or an owner is refused."""
    with pytest.raises(InvalidValue):
        Account.parse(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", cny("0")),
        ("amount", cny("-1")),
        ("credit", OWED),
        ("key", ""),
        ("subject", ""),
        ("kind", ""),
        ("value_date", datetime(2026, 3, 20, 0, 0)),
        ("happened_on", DAY),
    ],
)
def test_bad_postings(field, value):
    """A posting moves something, between two accounts, about something, on a day."""
    with pytest.raises(InvalidValue, match=field):
        replace(posting(OWED, INCOME, cny("20")), **{field: value})


def test_a_charge_of_another_currency_is_refused():
    """A posting and its charge are in one currency."""
    good = posting(OWED, INCOME, cny("20"))
    charge = evaluate(Flat(cny("25")), Facts())
    assert replace(good, charge=charge).charge == charge
    with pytest.raises(CurrencyMismatch):
        replace(good, charge=evaluate(Flat(Money("20", "EUR")), Facts()))


def test_a_posting_that_is_taken_back():
    """A payment that bounced: the accounts are swapped, on a day of its own; balances are as before."""
    paid = replace(posting(CASH, OWED, cny("20")), happened_on=DAY - timedelta(3))
    back = reversal(paid, DAY + timedelta(5), key="back")
    expected = posting(OWED, CASH, cny("20"), day=DAY + timedelta(5), key="back")
    assert back == expected
    assert not balance([paid, back], OWED, "CNY")
    assert settlement([paid, back], OWED, "CNY").paid == cny("0")


def test_bad_reversals():
    """A reversal has a key of its own and a day."""
    paid = posting(CASH, OWED, cny("20"))
    with pytest.raises(InvalidValue, match="key"):
        reversal(paid, DAY, key="")
    with pytest.raises(InvalidValue, match="value_date"):
        reversal(paid, datetime(2026, 3, 25, 0, 0), key="back")


def test_balance():
    """A charge makes the debt grow, a payment lets it shrink; the other accounts move with it."""
    postings = [posting(OWED, INCOME, cny("45")), posting(CASH, OWED, cny("20"))]
    assert balance(postings, OWED, "CNY") == cny("25")
    assert balance(postings, INCOME, "CNY") == cny("45")
    assert balance(postings, CASH, "CNY") == cny("20")
    assert balance(postings, PREPAID, "CNY") == cny("0")
    assert balance([posting(INCOME, OWED, cny("1"))], INCOME, "CNY") == cny("-1")


def test_balance_on_a_day():
    """A balance on a day holds what has that value date, and nothing later."""
    postings = [posting(OWED, INCOME, cny("5"), day=DAY + timedelta(n)) for n in range(3)]
    for day, held in ((-1, "0"), (0, "5"), (1, "10"), (2, "15"), (99, "15")):
        assert balance(postings, OWED, "CNY", on=DAY + timedelta(day)) == cny(held)


def test_currencies_stand_apart():
    """A fee in euro is no part of the balance in yuan."""
    postings = [posting(OWED, INCOME, cny("20")), posting(OWED, INCOME, Money("8", "EUR"))]
    assert balance(postings, OWED, "CNY") == cny("20")
    assert balance(postings, OWED, "EUR") == Money("8", "EUR")
    assert list(balances(postings).items()) == [
        ((INCOME, "CNY"), cny("20")),
        ((INCOME, "EUR"), Money("8", "EUR")),
        ((OWED, "CNY"), cny("20")),
        ((OWED, "EUR"), Money("8", "EUR")),
    ]
    assert trial_balance(postings) == {
        "CNY": (cny("20"), cny("20")),
        "EUR": (Money("8", "EUR"), Money("8", "EUR")),
    }


def test_no_postings():
    """Empty books balance, and an account of which nothing is known holds nothing."""
    assert balance([], OWED, "CNY") == cny("0")
    assert not balances([])
    assert not trial_balance([])


def test_statement():
    """A statement opens with what was there, lists what moved in the term, and closes with the sum."""
    postings = [
        posting(CASH, OWED, cny("30"), day=date(2026, 4, 30), key="d"),
        posting(OWED, INCOME, cny("25"), day=date(2026, 4, 1), key="c"),
        posting(OWED, INCOME, cny("5"), day=date(2026, 4, 1), key="b"),
        posting(OWED, INCOME, cny("20"), day=date(2026, 3, 31), key="a"),
        posting(OWED, INCOME, cny("7"), day=date(2026, 5, 1), key="e"),
        posting(OWED, INCOME, Money("8", "EUR"), day=date(2026, 4, 2), key="f"),
        posting(PREPAID, INCOME, cny("9"), day=date(2026, 4, 2), key="g"),
    ]
    term = Term(date(2026, 4, 1), date(2026, 5, 1))
    told = statement(postings, OWED, "CNY", term)
    assert (told.account, told.term) == (OWED, term)
    assert (told.opening, told.closing) == (cny("20"), cny("20"))
    assert [(line.posting.key, line.added, line.balance) for line in told.lines] == [
        ("b", cny("5"), cny("25")),
        ("c", cny("25"), cny("50")),
        ("d", cny("-30"), cny("20")),
    ]
    assert statement(reversed(postings), OWED, "CNY", term) == told


def test_settlement():
    """Charged 45 less 5 reversed; paid by cash, deposit and prepayment less 3 paid back; 4 waived."""
    postings = [
        posting(OWED, INCOME, cny("45")),
        posting(INCOME, OWED, cny("5")),
        posting(CASH, OWED, cny("10")),
        posting(DEPOSIT, OWED, cny("6")),
        posting(PREPAID, OWED, cny("7")),
        posting(OWED, CASH, cny("3")),
        posting(WAIVED, OWED, cny("4")),
        posting(OWED, INCOME, Money("8", "EUR")),
        posting(CASH, PREPAID, cny("99")),
    ]
    told = settlement(postings, OWED, "CNY")
    assert told == Settlement(
        charged=cny("40"), paid=cny("20"), waived=cny("4"), outstanding=cny("16"), credited=cny("0")
    )
    assert told.conserved


def test_a_reversed_charge_that_was_paid_is_credited():
    """It is owed to the payer, and does not hide what he owes for another case."""
    postings = [
        posting(OWED, INCOME, cny("25")),
        posting(CASH, OWED, cny("25")),
        posting(INCOME, OWED, cny("25")),
        posting(OWED, INCOME, cny("20"), subject="loan-2"),
    ]
    told = settlement(postings, OWED, "CNY")
    assert (told.charged, told.paid) == (cny("20"), cny("25"))
    assert (told.outstanding, told.credited) == (cny("20"), cny("25"))
    assert told.conserved
    assert not replace(told, credited=cny("0")).conserved


def test_a_debt_that_was_taken_over():
    """It is charged to whoever took it over, and no longer to the other one."""
    other = Account(AccountKind.RECEIVABLE, "CN-2")
    postings = [posting(OWED, INCOME, cny("20")), posting(other, OWED, cny("20"))]
    assert settlement(postings, OWED, "CNY").charged == cny("0")
    assert settlement(postings, other, "CNY").charged == cny("20")


def test_only_a_receivable_is_settled():
    """What was charged is asked of somebody who owes."""
    with pytest.raises(InvalidValue, match="income/nlc"):
        settlement([], INCOME, "CNY")


ACCOUNTS = st.sampled_from([OWED, PREPAID, DEPOSIT, INCOME, CASH, WAIVED, PROVISION])
HISTORIES = st.lists(
    st.builds(
        lambda accounts, minor, currency, day, subject: posting(
            accounts[0],
            accounts[1],
            Money.of_minor(minor, currency),
            day=DAY + timedelta(day),
            subject=subject,
        ),
        st.lists(ACCOUNTS, min_size=2, max_size=2, unique=True),
        st.integers(1, 9999),
        st.sampled_from(["CNY", "EUR"]),
        st.integers(0, 60),
        st.sampled_from(["loan-1", "loan-2"]),
    )
).map(lambda history: [replace(each, key=str(number)) for number, each in enumerate(history)])


@given(HISTORIES)
def test_any_books_balance(history):
    """Whatever was posted, both columns of the trial balance are the same."""
    assert all(debits == credits_ for debits, credits_ in trial_balance(history).values())
    for (account, currency), held in balances(history).items():
        assert held == balance(history, account, currency)


@given(HISTORIES)
def test_charged_is_conserved(history):
    """Charged = paid + waived + outstanding - credited, over any history; outstanding - credited is held."""
    told = settlement(history, OWED, "CNY")
    assert told.conserved
    assert told.outstanding - told.credited == balance(history, OWED, "CNY")
    assert told.outstanding >= cny("0")
    assert told.credited >= cny("0")
    sources = {"paid": {CASH, DEPOSIT, PREPAID}, "waived": {WAIVED}, "charged": {INCOME, PROVISION}}
    for name, accounts in sources.items():
        into = [
            p.amount
            for p in history
            if p.amount.currency == "CNY" and p.debit in accounts and p.credit == OWED
        ]
        back = [
            p.amount
            for p in history
            if p.amount.currency == "CNY" and p.credit in accounts and p.debit == OWED
        ]
        net = total(into, "CNY") - total(back, "CNY")
        assert getattr(told, name) == (-net if name == "charged" else net)


@given(HISTORIES, st.integers(0, 60), st.integers(1, 60), st.integers(1, 60), st.randoms())
def test_statements_add_up_and_join(history, start, first, second, random):
    """Opening and lines make closing; one term's closing is the next one's opening; order is nothing."""
    begin = DAY + timedelta(start)
    cut, end = begin + timedelta(first), begin + timedelta(first + second)
    one, other, whole = (
        statement(history, OWED, "CNY", term) for term in (Term(begin, cut), Term(cut, end), Term(begin, end))
    )
    assert one.closing == other.opening == balance(history, OWED, "CNY", on=cut - timedelta(1))
    assert (one.opening, other.closing) == (whole.opening, whole.closing)
    assert one.lines + other.lines == whole.lines
    assert whole.opening + total((line.added for line in whole.lines), "CNY") == whole.closing
    shuffled = list(history)
    random.shuffle(shuffled)
    assert statement(shuffled, OWED, "CNY", Term(begin, end)) == whole


def test_what_was_moved_is_counted_by_the_accounts_between_which_it_was():
    """Less what was taken back, for one obligation, and between accounts of these kinds only."""
    history = [
        posting(OWED, INCOME, cny("25")),
        posting(INCOME, OWED, cny("5")),
        posting(CASH, OWED, cny("20")),
        posting(OWED, INCOME, cny("7"), subject="loan-2"),
        posting(WAIVED, INCOME, cny("1")),
    ]
    kinds = {"debited": [AccountKind.RECEIVABLE], "credited": [AccountKind.INCOME]}
    assert moved(history, "loan-1", "fee", **kinds) == {(OWED, INCOME): cny("20")}
    assert moved(history, "loan-1", "other", **kinds) == {}
    with pytest.raises(CurrencyMismatch):
        moved([*history, posting(OWED, INCOME, Money(1, "EUR"))], "loan-1", "fee", **kinds)


def test_an_account_of_another_kind_is_refused_where_one_is_asked_for():
    """The error says for what it was given, and which kinds fit."""
    check_kind("source", CASH, AccountKind.CASH)
    with pytest.raises(
        InvalidValue, match="source: found 'income/nlc', expected an account of cash or payable"
    ):
        check_kind("source", INCOME, AccountKind.CASH, AccountKind.PAYABLE)


CLOSED = Books(date(2026, 3, 31))


@pytest.mark.parametrize(
    ("day", "value_date"),
    [
        (date(2026, 3, 28), date(2026, 4, 1)),
        (date(2026, 3, 31), date(2026, 4, 1)),
        (date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 4, 2), date(2026, 4, 2)),
    ],
)
def test_value_dates_and_closed_periods(day, value_date):
    """A day in a closed period counts on the first open day; the last closed day is still closed."""
    assert CLOSED.value_date_for(day) == value_date
    assert Books().value_date_for(day) == day


def test_a_posting_moved_out_of_a_closed_period():
    """It keeps the day on which it happened, however often the books are closed after it."""
    saturday = posting(OWED, INCOME, cny("25"), day=date(2026, 3, 28))
    moved = CLOSED.admit(saturday)
    assert moved == replace(saturday, value_date=date(2026, 4, 1), happened_on=date(2026, 3, 28))
    assert CLOSED.admit(moved) is moved
    again = Books(date(2026, 4, 30)).admit(moved)
    assert (again.value_date, again.happened_on) == (date(2026, 5, 1), date(2026, 3, 28))


def test_a_posting_of_an_open_period_stays():
    """A posting whose day is open is posted as it is."""
    own = posting(OWED, INCOME, cny("25"), day=date(2026, 4, 1))
    assert CLOSED.admit(own) is own
    assert Books().admit(own) is own


@given(HISTORIES, st.integers(-1, 60))
def test_a_closed_period_does_not_change(history, closed):
    """Nothing admitted after closing touches a balance within the closed period."""
    last = DAY + timedelta(closed)
    admitted = [Books(last).admit(each) for each in history]
    assert all(each.value_date > last for each in admitted)
    assert not balance(admitted, OWED, "CNY", on=last)
    assert balance(admitted, OWED, "CNY") == balance(history, OWED, "CNY")
