"""What has to be true of a service desk's storage at any time, and its figures with what they are made of.

``unsound`` names all that is wrong: by the audit, in the ledger, in the numbers of papers, in the shop.
``figures`` are the indicators of a term; ``export`` gives the rows that anybody can work them out from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Final, TypeVar

from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.desk_rules import Every, Series
from servflow.core.aftersales.duties_kept import kept
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.reports.export import Cell, rows
from servflow.core.aftersales.reports.indicators import (
    Count,
    Figure,
    called_back,
    complained,
    indicators,
    kept_in_time,
    served,
    surveyed,
)
from servflow.core.aftersales.reports.periods import periods
from servflow.core.aftersales.reports.samples import Sample, complaint_samples, samples
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.promising import owed_to
from servflow.core.aftersales.tickets.states import PaperState, Stage
from servflow.core.changes import Aggregate
from servflow.core.dates import Term
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import Money
from servflow.core.ports import Storage
from servflow.desk import audit

__all__ = ["all_of", "counts", "export", "figures", "unsound"]

A = TypeVar("A", bound=Aggregate)

_PAGE: Final = 200
_OVER: Final = frozenset({Stage.CLOSED, Stage.REJECTED, Stage.CANCELLED})


def all_of(storage: Storage, model: type[A]) -> Iterator[A]:
    """Every aggregate of a kind, by id, a page at a time."""
    after = ""
    while page := storage.aggregates(model.kind, after=after, limit=_PAGE):
        yield from page  # type: ignore[misc]  # of that kind
        after = page[-1].id


# --- what is wrong ------------------------------------------------------------------------------------


def unsound(storage: Storage, policy: ServicePolicy) -> Iterator[str]:
    """All that is wrong with what a service desk has stored; nothing, where all is well.

    1. The audit finds nothing.
    2. The ledger has of each ticket what the ticket has of it, and each receivable is the sum of what tickets
       leave open.
    3. Every number of every series was used once, from 1 on, without a gap; void ones are known to be void.
    4. What is over holds nothing of the customer's, and no receipt of it is open.
    """
    for problem in audit(AFTERSALES, storage.records(), policy=policy):
        yield f"audit: {problem}"
    yield from _ledger(storage)
    yield from _numbers(storage, policy.firm)
    for it in all_of(storage, Ticket):
        if it.state in _OVER:
            yield from _holding(it)


def _holding(it: Ticket) -> Iterator[str]:
    for item in it.in_firms_hands:
        yield f"{it.id} is {it.state.value}, and {item.serial} is with {item.custody.value}"
    for paper in it.papers.values():
        if paper.series is Series.RECEIPT and paper.state is PaperState.OPEN:
            yield f"{it.id} is {it.state.value}, and {paper.ref} is open"


def _ledger(storage: Storage) -> Iterator[str]:
    """By hand: every posting to a ticket, and every account summed up twice."""
    by_subject: dict[str, list[Posting]] = {}
    accounts: Counter[tuple[Account, str]] = Counter()
    for posting in storage.postings():
        by_subject.setdefault(posting.subject, []).append(posting)
        accounts.update(_moved(posting))
    owed: Counter[tuple[Account, str]] = Counter()
    for it in all_of(storage, Ticket):
        if sorted(by_subject.pop(it.id, []), key=_key) != sorted(it.posted, key=_key):
            yield f"{it.id}: the ledger has other lines than the ticket"
        for posting in it.posted:
            owed.update(_moved(posting))
    for subject in by_subject:
        yield f"{subject}: lines of the ledger, and no ticket"
    for (account, currency), minor in accounts.items():
        if account.kind is AccountKind.RECEIVABLE and owed[account, currency] != minor:
            found, expected = (Money.of_minor(each, currency) for each in (minor, owed[account, currency]))
            yield f"{account} stands at {found}; its tickets leave {expected} open"


def _moved(posting: Posting) -> dict[tuple[Account, str], int]:
    amount = posting.amount
    return {(posting.debit, amount.currency): amount.minor, (posting.credit, amount.currency): -amount.minor}


def _key(posting: Posting) -> str:
    return posting.key


def _numbers(storage: Storage, firm: str) -> Iterator[str]:
    """Every number of a series, wherever it was used."""
    used: dict[Series, list[int]] = {series: [] for series in Series}
    void: dict[Series, set[int]] = {series: set() for series in Series}
    for series, number, spoiled in _used(storage):
        used[series].append(number)
        if spoiled:
            void[series].add(number)
    yield from _orders(storage, used.pop(Series.REPAIR_ORDER))
    books = {it.key: it for it in all_of(storage, Book)}
    for series, numbers in used.items():
        book = books.get(book_key(firm, series))
        last = 0 if book is None else book.next - 1
        if sorted(numbers) != list(range(1, last + 1)):
            gaps = sorted(set(range(1, last + 1)) - set(numbers))
            yield f"{series.value}: up to {last}; missing {gaps}, twice {_twice(numbers)}"
        known = set() if book is None else {int(number) for number in book.voided}
        if not void[series] <= known:
            yield f"{series.value}: void, and the book does not know: {sorted(void[series] - known)}"


def _used(storage: Storage) -> Iterator[tuple[Series, int, bool]]:
    """Every number that stands somewhere, and whether it is void because it was spoiled."""
    for it in all_of(storage, Ticket):
        for paper in it.papers.values():
            back = paper.series is Series.RECEIPT  # void with its item, and not spoiled
            yield paper.series, paper.number, paper.state is PaperState.VOID and not back
        for visit in it.visits.values():
            if visit.order is not None:
                yield Series.REPAIR_ORDER, visit.order, False
    for complaint in all_of(storage, Complaint):
        if complaint.number is not None:
            yield Series.COMPLAINT, complaint.number, False


def _twice(numbers: Iterable[int]) -> list[int]:
    return sorted(number for number, times in Counter(numbers).items() if times > 1)


def _orders(storage: Storage, used: list[int]) -> Iterator[str]:
    """Repair orders: of each book those before its next one were used or are void, and no other."""
    held = [it.orders for it in all_of(storage, Technician) if it.orders is not None]
    if twice := _twice(used):
        yield f"repair orders: twice {twice}"
    for book in held:
        here = {number for number in used if book.first <= number <= book.last}
        expected = set(range(book.first, book.next)) - {int(number) for number in book.voided}
        if here != expected:
            yield f"repair orders {book.first} to {book.last}: {sorted(here ^ expected)} in disorder"


# --- figures ------------------------------------------------------------------------------------------


def counts(storage: Storage, policy: ServicePolicy, now: datetime) -> Iterator[Count]:
    """Everything that an indicator counts, as it stands at ``now``."""
    yield from kept_in_time(_samples(storage, policy, now))
    yield from surveyed(all_of(storage, Ticket))
    yield from served(all_of(storage, Ticket), policy.zone)
    yield from complained(all_of(storage, Complaint), all_of(storage, Ticket), policy.zone)
    for it in all_of(storage, Ticket):
        yield from called_back(kept(owed_to(it, policy), it.duties, policy.day(now)))


def _samples(storage: Storage, policy: ServicePolicy, now: datetime) -> Iterator[Sample]:
    return chain(
        samples(all_of(storage, Ticket), policy, now),
        complaint_samples(all_of(storage, Complaint), policy, now),
    )


def figures(
    storage: Storage, policy: ServicePolicy, now: datetime, term: Term, every: Every = Every.MONTH
) -> tuple[Figure, ...]:
    """The indicators of every period of ``term``, and what is to be reached by the rules of its last day."""
    return indicators(counts(storage, policy, now), policy.on(term.last_day), periods(every, term))


def export(
    storage: Storage, policy: ServicePolicy, now: datetime
) -> Mapping[str, Iterable[Mapping[str, Cell]]]:
    """The rows that the figures are made of: each promise, and whatever else counts."""
    others = (each for each in counts(storage, policy, now) if each.measure.value != "on-time")
    return {"promises": rows(_samples(storage, policy, now)), "counts": rows(others)}
