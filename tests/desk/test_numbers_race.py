"""Papers of tickets that are issued in the same instant have no gap and no double: real threads and storages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Final

import pytest
from postgres import Server

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.books.table import BOOK
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.changes import Actor, Command, Office
from servflow.core.citations import Clause, Dated
from servflow.core.errors import Refused
from servflow.core.lifecycle import Lifecycles
from servflow.core.ports import Party, Storage
from servflow.core.worktime import Calendar
from servflow.desk import Desk

FIRM: Final = "firm"
CLERK: Final = Actor("clerk", FIRM, Office.STAFF, ("desk", "stores", "supervisor"))
AT: Final = datetime(2026, 5, 4, 1, tzinfo=UTC)
SERVICE: Final = Lifecycles(TICKET, BOOK)
KEPT: Final = (Series.CALL_REGISTER, Series.VOUCHER, Series.RECEIPT, Series.IN_OUT, Series.TAG)
POLICY: Final = ServicePolicy(
    rulebook="rulebook",
    calendar=Calendar.always(UTC),
    currency="CNY",
    firm=FIRM,
    rules={
        each.value: Dated.always(each.value, Numbering(series=each), Clause("AS-FORM-3", "(七)"))
        for each in KEPT
    },
)


class NothingKnown:
    """A host that knows nothing beside what is said."""

    def ask(self, _command: Command, _it: object) -> None:
        """There are no facts."""

    def party(self, ref: str) -> Party:
        """Nobody is written to here."""
        raise NotImplementedError(ref)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk over each storage that several threads may use at once."""
    codec = Codec(SERVICE)

    def over(storage: Storage) -> Desk:
        return Desk(SERVICE, storage=storage, facts=NothingKnown(), policy=POLICY)

    if request.param == "memory":
        yield over(MemoryStorage(codec, busy_seconds=20))
    elif request.param == "sqlite":
        with closing(SqliteStorage(tmp_path / "desk.db", codec, busy_seconds=20)) as sqlite:
            yield over(sqlite)
    else:
        from servflow.adapters.storage_sqlalchemy import PostgresStorage

        server: Server = request.getfixturevalue("postgres_server")
        with server.database() as url, closing(PostgresStorage(url, codec)) as postgres:
            yield over(postgres)


def say(desk: Desk, kind: type[Command], ticket: str, /, **said: Any) -> None:
    """One command about a ticket, said by the desk."""
    about: dict[str, Any] = {"id": f"{kind.__name__}/{ticket}", "case": ticket, "by": CLERK}
    about |= {"happened_at": AT, "recorded_at": AT}
    desk.do(kind(**(about | said)))


def report(desk: Desk, ticket: str) -> None:
    """A fault is reported."""
    said = {
        "firm": FIRM,
        "customer": f"customer of {ticket}",
        "channel": Channel.HOTLINE,
        "symptom": "no light",
    }
    say(desk, c.ReportFault, ticket, **said)


def at_once(*acts: Callable[[], None]) -> list[str]:
    """All of them in the same instant, each in its own thread; the codes of what was refused."""
    barrier, wrong, refused = Barrier(len(acts)), list[BaseException](), list[str]()

    def run(act: Callable[[], None]) -> None:
        barrier.wait(timeout=30)
        try:
            act()
        except Refused as error:
            refused.extend(reason.code for reason in error.reasons)
        except BaseException as error:  # noqa: BLE001 -- it is looked at below
            wrong.append(error)

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    return refused


def numbers(desk: Desk, series: Series) -> tuple[list[int], int]:
    """The numbers of all papers of the series, over all tickets, in order; and what its book has next."""
    tickets = [it for it in desk.storage.aggregates(Ticket.kind, limit=99) if isinstance(it, Ticket)]
    papers = [paper for it in tickets for paper in it.papers.values() if paper.series is series]
    book = desk.storage.load(book_key(FIRM, series))
    assert isinstance(book, Book)
    return sorted(paper.number for paper in papers), book.next


@pytest.mark.clause("AS-FORM-1")
def test_tickets_that_are_opened_at_once_share_no_number(desk: Desk) -> None:
    """Also the very first, which open the books: every number from 1 on is used, each once."""

    def reports(clerk: int) -> None:
        for turn in range(3):
            report(desk, f"{clerk}-{turn}")

    assert at_once(*(lambda clerk=clerk: reports(clerk) for clerk in range(4))) == []
    for series in (Series.CALL_REGISTER, Series.VOUCHER):
        assert numbers(desk, series) == (list(range(1, 13)), 13)


@pytest.mark.clause("AS-FORM-1")
@pytest.mark.clause("AS-FLOW-5")
def test_items_that_are_taken_in_at_once_share_no_number(desk: Desk) -> None:
    """Two of them at a time; what is refused in between takes none, and what is void stays used."""
    tickets = [f"T-{number}" for number in range(4)]
    for ticket in tickets:
        report(desk, ticket)

    def take_in(ticket: str) -> None:
        say(desk, c.TakeIn, ticket, items=(f"{ticket}-a", f"{ticket}-b"))
        say(desk, c.TakeIn, ticket, id=f"again/{ticket}", items=(f"{ticket}-a",))

    def void(ticket: str) -> None:
        voucher = int(ticket.removeprefix("T-")) + 1
        say(desk, c.VoidPaper, ticket, series=Series.VOUCHER, number=voucher, reason="a slip of the pen")

    takes = [lambda ticket=ticket: take_in(ticket) for ticket in tickets]
    voids = [lambda ticket=ticket: void(ticket) for ticket in tickets]
    assert at_once(*takes, *voids) == ["aftersales.not-with-customer"] * 4
    for series in (Series.RECEIPT, Series.IN_OUT, Series.TAG):
        assert numbers(desk, series) == (list(range(1, 9)), 9)
    assert numbers(desk, Series.VOUCHER) == ([1, 2, 3, 4], 5)
    book = desk.storage.load(book_key(FIRM, Series.VOUCHER))
    assert isinstance(book, Book)
    assert set(book.voided) == {"1", "2", "3", "4"}
