"""``Desk.statement``: what moved on one account over a term, over every storage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from loan_desk import TOWN
from stored import loan_story

from servflow.codec import Codec
from servflow.core.dates import Term
from servflow.core.ill import ILL
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money
from servflow.core.ports import Storage

DEBT = Account(AccountKind.RECEIVABLE, TOWN)


def test_it_adds_up(storage_for: Callable[[Codec], Storage]) -> None:
    """The balance before and the lines make the balance after, and a term begins where the last one ended."""
    desk = loan_story(storage_for(Codec(ILL))).desk
    year = [Term(date(2026, month, 1), date(2026, month + 1, 1)) for month in range(1, 12)]
    held = Money(0, "CNY")
    lines = 0
    for term in year:
        made = desk.statement(DEBT, "CNY", term)
        assert made.opening == held
        for line in made.lines:
            held += line.added
            assert line.balance == held
            assert line.posting.value_date in term
        assert made.closing == held
        lines += len(made.lines)

    assert lines >= 3
    assert held == balance(desk.storage.postings(), DEBT, "CNY")


@pytest.mark.parametrize("first", [date(2026, 3, 11), date(2026, 3, 12), date(2026, 3, 13)])
def test_by_value_date(storage_for: Callable[[Codec], Storage], first: date) -> None:
    """A line stands on the day on which it counts: what came back on the 12th is on the statement of the 12th."""
    desk = loan_story(storage_for(Codec(ILL))).desk
    made = desk.statement(DEBT, "CNY", Term(first, first + timedelta(days=1)))

    assert bool(made.lines) is (first == date(2026, 3, 12))
    assert {line.posting.kind for line in made.lines} <= {"overdue"}


def test_another_currency_is_another_statement(storage_for: Callable[[Codec], Storage]) -> None:
    """In a currency that nothing was posted in, and on an account that nothing was posted to, it is zero."""
    desk = loan_story(storage_for(Codec(ILL))).desk
    year = Term(date(2026, 1, 1), date(2027, 1, 1))

    for account, currency in ((DEBT, "EUR"), (Account(AccountKind.PAYABLE, TOWN), "CNY")):
        made = desk.statement(account, currency, year)
        assert (made.opening, made.lines, made.closing) == (Money(0, currency), (), Money(0, currency))
