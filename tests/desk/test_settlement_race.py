"""A term is drawn up once, whoever else draws it up in the same instant: real threads, real storages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Barrier, Thread
from typing import Final

import pytest

from servflow.codec import Codec
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import Refused
from servflow.core.ill import ILL
from servflow.core.ill.centre.settled import SettledTerms
from servflow.core.ill.centre.settlement import Due, SettlementFacts
from servflow.core.ill.centre.settling import DrawUpSettlement, SettleMember, Settlement
from servflow.core.money import Money, total
from servflow.core.ports import Party, Storage
from servflow.desk import Desk
from servflow.rulebooks import load, network_policy

CENTRE: Final = "CN-CALIS"
CLERK: Final = Actor("clerk", CENTRE, Office.STAFF)
AT: Final = datetime(2026, 12, 3, 4, tzinfo=UTC)
NAMES: Final = ("2026-11", "November")


class Books:
    """A host whose books say that a member owes 20 yuan; everybody is told before anybody goes on."""

    def __init__(self, writers: int) -> None:
        self.told = Barrier(writers)

    def ask(self, command: Command, _it: object) -> object:
        """The same to everybody, at the same time."""
        if not isinstance(command, DrawUpSettlement):
            return None
        self.told.wait(timeout=30)
        owes = Due(member="CN-CQ", owes=Money(20, "CNY"), owed=Money(0, "CNY"))
        return SettlementFacts(dues=(owes,))

    def party(self, ref: str) -> Party:
        """Nobody is written to here."""
        raise NotImplementedError(ref)


@pytest.fixture
def storage(storage_for: Callable[[Codec], Storage]) -> Storage:
    """Each storage that several threads may use at once."""
    return storage_for(Codec(ILL))


def draw_up(storage: Storage, *terms: tuple[str, date, date]) -> list[str]:
    """All of them in the same instant; the codes of what was refused."""
    policy = network_policy(load("calis/thesis-centre"), library=CENTRE)
    desk = Desk(ILL, storage=storage, facts=Books(len(terms)), policy=policy)
    refused: list[str] = []

    def say(case: str, first: date, last: date) -> None:
        about = {"id": case, "case": case, "by": CLERK, "happened_at": AT, "recorded_at": AT}
        try:
            desk.do(DrawUpSettlement(**about, first=first, last=last))  # type: ignore[arg-type]
        except Refused as error:
            refused.extend(reason.code for reason in error.reasons)

    writers = [Thread(target=say, args=term) for term in terms]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for it in storage.aggregates(Settlement.kind, limit=9):
        about = {"id": f"pay-{it.id}", "case": it.id, "by": CLERK, "happened_at": AT, "recorded_at": AT}
        if isinstance(it, Settlement) and it.unpaid:
            desk.do(SettleMember(**about, member="CN-CQ"))  # type: ignore[arg-type]
    return refused


def test_one_of_two_draws_up_the_term(storage: Storage) -> None:
    """The other one is refused, and the member pays once."""
    term = date(2026, 11, 1), date(2026, 11, 30)
    refused = draw_up(storage, *((name, *term) for name in NAMES))

    assert refused == ["ill.settlement.overlaps"]
    assert [each.amount for each in storage.postings()] == [Money(20, "CNY")]


def test_two_terms_at_once_take_what_is_posted_once(storage: Storage) -> None:
    """The later one goes first, or both follow each other: no line has what another one has."""
    days = (date(2026, 11, 1), date(2026, 11, 15)), (date(2026, 11, 16), date(2026, 11, 30))
    refused = draw_up(storage, *((name, *term) for name, term in zip(NAMES, days, strict=True)))

    assert refused in ([], ["ill.settlement.closed"])
    paid = [each.amount for each in storage.postings()]
    assert total(paid, "CNY") == Money(20, "CNY")
    terms = storage.load(Key(SettledTerms.kind, CENTRE))
    assert isinstance(terms, SettledTerms)
    assert terms.dues["CN-CQ"].owes == Money(20, "CNY")
