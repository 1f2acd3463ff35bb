"""Books of numbers: every number once, none skipped, the void ones kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from desk_at_work import CLOCK, DESK, FIRM, POLICY, SUPERVISOR, SYSTEM, THE_CUSTOMER, staff
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.books.commands import TakeNumbers, VoidNumber
from servflow.core.aftersales.books.guards import BY_HAND
from servflow.core.aftersales.books.model import Book, BookRole, BookState, book_key
from servflow.core.aftersales.books.table import BOOK
from servflow.core.aftersales.desk_rules import Series
from servflow.core.changes import Aggregate, Command, Key
from servflow.core.errors import InvalidValue, NotFound, Refused
from servflow.core.lifecycle import Lifecycles, check, decide

AT = datetime(2026, 5, 4, 1, tzinfo=UTC)
BOOKS = Lifecycles(BOOK)
RECEIPTS = book_key(FIRM, Series.RECEIPT)
DAILY = book_key(FIRM, Series.DAILY_REPORT)


def taking(first: int, **said: Any) -> TakeNumbers:
    """Numbers of receipts are taken, from ``first`` on, by the firm's programs."""
    series = said.get("series", Series.RECEIPT)
    usual: dict[str, Any] = {
        "id": f"take-{first}",
        "case": book_key(FIRM, series).id,
        "by": SYSTEM,
        "happened_at": AT,
        "recorded_at": AT,
        "firm": FIRM,
        "series": series,
        "first": first,
        "about": "T-1",
    }
    return TakeNumbers(**(usual | said))


def voiding(number: int, **said: Any) -> VoidNumber:
    """A number of the receipts is void."""
    usual: dict[str, Any] = {
        "id": f"void-{number}",
        "case": RECEIPTS.id,
        "by": SYSTEM,
        "happened_at": AT,
        "recorded_at": AT,
        "number": number,
        "reason": "a slip of the pen",
    }
    return VoidNumber(**(usual | said))


def book(next: int = 4, series: Series = Series.RECEIPT, **said: Any) -> Book:
    """A book of which some numbers are used."""
    id = book_key(FIRM, series).id
    return Book(id=id, state=BookState.KEPT, version=1, firm=FIRM, series=series, next=next, **said)


def become(command: Command, *there: Aggregate) -> Book:
    """The book after the command."""
    change = decide(BOOKS, command, {it.key: it for it in there}, policy=POLICY)
    (it,) = change.becomes
    assert isinstance(it, Book)
    return it


def refused(command: Command, *there: Aggregate) -> list[tuple[str, str | None]]:
    """For which reasons it is refused: codes and clauses."""
    reasons = check(BOOKS, command, {it.key: it for it in there}, policy=POLICY)
    return [(each.code, each.clause.id if each.clause else None) for each in reasons]


def test_the_first_paper_opens_the_book() -> None:
    """With the number 1, and as many as are taken."""
    it = become(taking(1, count=2))

    assert (it.id, it.firm, it.series, it.next, dict(it.voided)) == (
        f"{FIRM}/receipt",
        FIRM,
        Series.RECEIPT,
        3,
        {},
    )
    assert it.key == RECEIPTS


def test_the_next_paper_takes_the_next_number() -> None:
    """One, or several at once, which follow each other."""
    assert become(taking(4), book(4)).next == 5
    assert become(taking(4, count=3), book(4)).next == 7


@pytest.mark.clause("AS-FORM-1")
@pytest.mark.parametrize(
    ("first", "there", "code"),
    [
        (2, (), "aftersales.number-skipped"),
        (0, (), "aftersales.number-used"),
        (5, (book(4),), "aftersales.number-skipped"),
        (3, (book(4),), "aftersales.number-used"),
    ],
)
def test_no_number_is_skipped_or_used_twice(first: int, there: tuple[Book, ...], code: str) -> None:
    """Not in a new book, which begins with 1, and not in one that goes on."""
    assert refused(taking(first), *there) == [(code, "AS-FORM-1")]


@pytest.mark.clause("AS-FORM-1")
def test_a_void_number_stays_used() -> None:
    """It is kept with why it is void, and the next number is what it was."""
    it = become(voiding(2), book(4, voided={"1": "torn"}))

    assert dict(it.voided) == {"1": "torn", "2": "a slip of the pen"}
    assert it.next == 4


@pytest.mark.clause("AS-FORM-1")
@pytest.mark.parametrize("number", [0, 4, 5])
def test_what_was_never_used_is_not_void(number: int) -> None:
    """Neither the next one nor one after it, nor one below 1."""
    assert refused(voiding(number), book(4)) == [("aftersales.number-not-used", "AS-FORM-1")]
    (reason,) = check(BOOKS, voiding(number), {RECEIPTS: book(4)}, policy=POLICY)
    assert dict(reason.facts) == {"series": "receipt", "number": number, "next": 4}


@pytest.mark.clause("AS-FORM-1")
def test_a_number_is_void_once() -> None:
    """The reason for which it became void first stays."""
    assert refused(voiding(2), book(4, voided={"2": "torn"})) == [("aftersales.paper-void", "AS-FORM-1")]
    assert become(voiding(3), book(4, voided={"2": "torn"})).voided["3"] == "a slip of the pen"


def test_a_number_is_void_only_in_a_book_that_is_there() -> None:
    """There is nothing to be spoiled in a book that nobody has opened."""
    with pytest.raises(NotFound):
        become(voiding(1))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"firm": "another"}, "aftersales.another-firm"),
        ({"case": f"{FIRM}/voucher"}, "aftersales.another-book"),
        ({"case": "another/receipt"}, "aftersales.another-book"),
    ],
)
def test_the_numbers_are_those_of_the_firms_own_book(said: dict[str, Any], code: str) -> None:
    """Of the series that is said, at the firm whose rules these are."""
    assert [each for each, _ in refused(taking(1, **said))] == [code]


def test_another_firm_opens_no_book_here() -> None:
    """Its programs have books of their own."""
    assert refused(taking(1, by=staff("x", "supervisor", serves="another"), series=Series.DAILY_REPORT)) == [
        ("aftersales.another-firm", None)
    ]


@pytest.mark.parametrize("series", BY_HAND)
def test_a_supervisor_numbers_his_daily_reports_himself(series: Series) -> None:
    """No case issues them (AS-FLOW-7): he takes their numbers, and voids what he spoiled."""
    it = become(taking(1, by=SUPERVISOR, series=series))
    it = become(taking(2, by=SUPERVISOR, series=series), it)
    it = become(voiding(1, by=SUPERVISOR, case=it.id), it)

    assert (it.next, set(it.voided)) == (3, {"1"})


@pytest.mark.parametrize(
    ("command", "there"),
    [
        (taking(1, by=SUPERVISOR), ()),
        (taking(4, by=SUPERVISOR), (book(),)),
        (voiding(1, by=SUPERVISOR), (book(),)),
    ],
)
def test_the_papers_of_a_case_are_the_business_of_the_case(command: Command, there: tuple[Book, ...]) -> None:
    """A supervisor does not take or void them beside it: the two would tell different stories."""
    assert refused(command, *there) == [("aftersales.paper-of-a-case", "PRACTICE")]


@pytest.mark.parametrize("by", [DESK, THE_CUSTOMER, CLOCK, staff("x", "supervisor", serves="another")])
@pytest.mark.parametrize("command", [taking(4), voiding(1)])
def test_nobody_else_speaks_to_a_book(by: Any, command: Command) -> None:
    """Not the desk, not a customer, not the clock, not another firm's staff."""
    assert refused(replace(command, by=by), book()) == [("lifecycle.not-yours", None)]


def test_what_each_may_say() -> None:
    """Every cell of the table, blank ones included."""
    roles = set(BookRole)

    assert {name: set(BOOK.cell(BookState.KEPT, name)) for name in BOOK.commands} == {
        TakeNumbers: roles,
        VoidNumber: roles,
    }
    assert BOOK.allowed(None, roles) == (TakeNumbers,)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: taking(1, count=0), "count"),
        (lambda: taking(1, count=True), "count"),
        (lambda: voiding(1, reason=" "), "reason"),
    ],
)
def test_what_cannot_be_said(make: Any, field: str) -> None:
    """None at all is taken, or something is void for no reason."""
    with pytest.raises(InvalidValue, match=field):
        make()


@given(st.lists(st.tuples(st.booleans(), st.integers(-1, 12), st.integers(1, 3)), max_size=12))
def test_the_numbers_of_a_book_have_no_gap(said: list[tuple[bool, int, int]]) -> None:
    """Whatever is tried: what was taken is 1 to the last one, each once, and what is void was taken."""
    taken: list[int] = []
    there: dict[Key, Aggregate] = {}
    for takes, number, count in said:
        command: Command = taking(number, count=count) if takes else voiding(number)
        try:
            change = decide(BOOKS, command, there, policy=POLICY)
        except (Refused, NotFound):  # NotFound: no book to void anything in yet
            continue
        there = {it.key: it for it in change.becomes}
        taken += range(number, number + count) if takes else ()
    it = there.get(RECEIPTS)
    voided = set(it.voided) if isinstance(it, Book) else set()

    assert taken == list(range(1, len(taken) + 1))
    assert voided <= set(map(str, taken))
