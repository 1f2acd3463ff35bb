"""Whole tickets at a desk over real storages: journals, archives, erasure, the clock, the mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from desk_at_work import FIRM, MONDAY
from loan_desk import NLC, TOWN, LoanDesk
from loan_desk import at as loans_day
from postgres import Server
from service_desk import BUYER, FACTS, POLICY, THE_BUYER, ServiceDesk
from stored import archive_of
from test_erasure import _left
from work_at_desk import cny, work

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.aftersales.complaints.commands import FileComplaint
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.states import Channel, Custody, Outcome, Route, Stage
from servflow.core.aftersales.words import PauseReason
from servflow.core.changes import Key
from servflow.core.errors import Refused
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as lending
from servflow.core.ill.lending.states import SupplyState
from servflow.core.ledger import AccountKind
from servflow.core.lifecycle import Lifecycles
from servflow.core.ports import Status, Storage
from servflow.desk import Desk, audit, erase, restore
from servflow.testing.service_at_work import desk_codec

CONTENT: Final = {"quality": 5, "attitude": 5}
MISUSED: Final = {"cause": "misuse"}


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Each storage, with nothing in it."""
    codec = desk_codec()
    if request.param == "memory":
        yield MemoryStorage(codec)
    elif request.param == "sqlite":
        with closing(SqliteStorage(tmp_path / "desk.db", codec)) as sqlite:
            yield sqlite
    else:
        from servflow.adapters.storage_sqlalchemy import PostgresStorage

        server: Server = request.getfixturevalue("postgres_server")
        with server.database() as url, closing(PostgresStorage(url, codec)) as postgres:
            yield postgres


# --- whole tickets --------------------------------------------------------------------------------


def on_the_spot(desk: ServiceDesk, case: str = "T-1") -> None:
    """Free in the warranty: reported, dispatched, repaired at the customer's, accepted, asked, closed."""
    said: dict[str, Any] = {"case": case}
    desk.say(c.ReportFault, by=THE_BUYER, **said)
    desk.say(c.Triage, **said)
    desk.say(c.AnswerCustomer, note="somebody comes today", **said)
    desk.say(c.DecideCoverage, **said)
    desk.say(c.ApproveFree, **said)
    window = {"window_from": desk.now + timedelta(hours=2), "window_until": desk.now + timedelta(hours=4)}
    desk.say(c.Dispatch, consent="a call", **window, **said)
    desk.wait(hours=2)
    desk.engineer(c.Depart, **said)
    desk.engineer(c.Arrive, **said)
    desk.wait(hours=1)
    desk.engineer(c.Finish, lines=(work(100),), tests=("runs",), **said)
    desk.say(c.AcceptWork, shown={"customer-signature": ("voucher-1",)}, **said)
    desk.say(c.RecordSurvey, scores=CONTENT, **said)
    desk.say(c.CloseTicket, **said)


def into_the_shop(desk: ServiceDesk, case: str = "T-1") -> None:
    """Misused, so he pays: taken in against a receipt, quoted, a vendor's help, paid, given back, closed."""
    said: dict[str, Any] = {"case": case}
    desk.say(c.ReportFault, answers=MISUSED, **said)
    desk.say(c.Triage, route=Route.SHOP, **said)
    desk.say(c.AnnounceInbound, items=("U-1", "hose"), **said)
    desk.say(c.TakeIn, items=("U-1", "hose"), condition={"U-1": "scratched"}, **said)
    desk.say(c.DecideCoverage, **said)
    desk.say(c.GiveQuote, lines=(work(100),), **said)
    desk.wait(hours=1)
    desk.say(c.AcceptQuote, **said)
    desk.say(c.BeginInShop, **said)
    desk.say(c.SendToVendor, item="hose", vendor="maker", **said)
    desk.wait(days=1)
    desk.say(c.TakeBackFromVendor, item="hose", swapped_for="hose-2", evidence="note-7", **said)
    desk.engineer(c.Finish, lines=(work(100),), **said)
    desk.say(c.BillService, **said)
    desk.say(c.CollectPayment, amount=cny(100), **said)
    receipts = tuple(paper.ref for paper in desk.ticket(case).papers.values() if "receipt" in paper.ref)
    desk.say(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": receipts}, **said)
    desk.say(c.ReturnUnit, items=("hose",), by_post=True, **said)
    desk.wait(days=1)
    desk.say(c.ConfirmDelivery, items=("hose",), **said)
    desk.say(c.AcceptWork, **said)
    desk.say(c.RecordSurvey, scores=CONTENT, **said)
    desk.say(c.CloseTicket, **said)


def declined(desk: ServiceDesk, case: str = "T-1") -> None:
    """He does not take the quote: the inspection is paid, the unit goes back, and it is closed."""
    said: dict[str, Any] = {"case": case}
    desk.say(c.ReportFault, answers=MISUSED, **said)
    desk.say(c.Triage, **said)
    desk.say(c.TakeIn, items=("U-1",), **said)
    desk.say(c.DecideCoverage, **said)
    desk.say(c.GiveQuote, lines=(work(100),), **said)
    desk.say(c.DeclineQuote, fee=cny(20), **said)
    desk.say(c.CollectPayment, amount=cny(20), **said)
    receipt = next(ref for ref in desk.ticket(case).papers if ref.startswith("receipt/"))
    desk.say(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": (receipt,)}, **said)
    desk.say(c.CloseTicket, **said)


def inspected_first(desk: ServiceDesk, case: str = "T-1") -> None:
    """The cause is known only on the spot: decided, quoted and agreed there, then repaired."""
    said: dict[str, Any] = {"case": case}
    desk.say(c.ReportFault, **said)
    desk.say(c.Triage, **said)
    desk.say(c.Dispatch, inspection=True, **said)
    desk.engineer(c.Arrive, **said)
    with pytest.raises(Refused):
        desk.engineer(c.Finish, lines=(work(80),), **said)
    desk.say(c.DecideCoverage, answers=MISUSED, **said)
    desk.engineer(c.GiveQuote, lines=(work(80),), **said)
    desk.say(c.AcceptQuote, **said)
    desk.engineer(c.Finish, lines=(work(80),), **said)
    desk.say(c.AcceptWork, **said)
    desk.say(c.BillService, **said)
    desk.say(c.CollectPayment, amount=cny(80), **said)
    for _ in range(2):
        desk.say(c.LogCall, about=c.CALL_BACK, taken=False, messaged=True, **said)
    desk.say(c.CloseTicket, **said)


WHOLE: Final[tuple[Callable[[ServiceDesk, str], None], ...]] = (
    on_the_spot,
    into_the_shop,
    declined,
    inspected_first,
)


def all_of_them(desk: ServiceDesk) -> None:
    """The tickets one after the other, a week apart."""
    for number, tell in enumerate(WHOLE, 1):
        tell(desk, f"T-{number}")
        desk.wait(days=7)


@pytest.mark.parametrize("tell", WHOLE, ids=lambda tell: tell.__name__)
def test_a_whole_ticket(tell: Callable[[ServiceDesk, str], None]) -> None:
    """It is closed at its end; its journal folds, the audit passes, nothing would be decided otherwise."""
    desk = ServiceDesk(MemoryStorage(desk_codec()))
    tell(desk, "T-1")

    assert desk.ticket().state is Stage.CLOSED
    desk.prove_whole()


def test_four_tickets_and_their_archive(storage: Storage) -> None:
    """What each ends with; exported and imported it is the same bytes, and the desk goes on where it was."""
    desk = ServiceDesk(storage)
    all_of_them(desk)
    tickets = [desk.ticket(f"T-{number}") for number in range(1, 5)]
    vouchers = [
        paper.number for it in tickets for paper in it.papers.values() if paper.series is Series.VOUCHER
    ]

    assert [it.outcome for it in tickets] == [Outcome.REPAIRED, Outcome.REPAIRED, None, Outcome.REPAIRED]
    assert [sum(_paid(it)) for it in tickets] == [0, 10_000, 2_000, 8_000]
    assert {item.custody for it in tickets for item in it.items.values()} == {Custody.CUSTOMER}
    assert vouchers == [1, 2, 3, 4]
    desk.prove()

    desk.say(c.ReportFault, case="T-5", symptom="the pump leaks")
    written = archive_of(storage)
    other = MemoryStorage(desk_codec())
    restore(AFTERSALES, other, BytesIO(written))
    assert archive_of(other) == written
    desk.storage = desk.desk.storage = other
    desk.say(c.Triage, case="T-5")
    assert desk.ticket("T-5").state is Stage.TRIAGED
    desk.prove()


def _paid(it: Ticket) -> list[int]:
    """The amounts that came in for it, in minor units."""
    return [each.amount.minor for each in it.posted if each.debit.kind is AccountKind.CASH]


def test_an_erased_customer_is_nowhere_any_more(storage: Storage) -> None:
    """His reference and what he wrote are gone from every record; all is whole, and his ticket goes on."""
    desk = ServiceDesk(storage)
    into_the_shop(desk)
    desk.say(c.ReportFault, by=THE_BUYER, case="T-2", symptom="the pump of 王小明 leaks")
    complaint = {"firm": FIRM, "customer": BUYER, "channel": Channel.HOTLINE, "what": "王小明 waits"}
    desk.say(FileComplaint, case="C-1", by=THE_BUYER, ticket="T-2", **complaint)
    erase(AFTERSALES, storage, BUYER, pseudonym="p-1", at=desk.now, texts=("王小明",), facts=FACTS)

    assert _left(storage, BUYER, ("王小明",)) == []
    assert (desk.ticket("T-2").customer, desk.ticket("T-2").symptom) == ("p-1", "the pump of [erased] leaks")
    desk.say(c.Triage, case="T-2")
    desk.prove_whole()


# --- the clock and the mail -----------------------------------------------------------------------


def waiting(desk: ServiceDesk) -> None:
    """Tickets that wait for something: for anybody, an end of a hold, an answer to a quote, a signature."""
    desk.say(c.ReportFault, case="nobody")
    desk.say(c.ReportFault, case="held")
    desk.say(c.Triage, case="held")
    until = {"until": desk.now + timedelta(days=12), "remind_on": desk.now.date() + timedelta(days=5)}
    desk.say(c.PutOnHold, case="held", reason=PauseReason.WAITING_PART, **until)
    desk.say(c.ReportFault, case="quoted", answers=MISUSED)
    desk.say(c.Triage, case="quoted")
    desk.say(c.DecideCoverage, case="quoted")
    desk.say(c.GiveQuote, case="quoted", lines=(work(100),))
    on_the_spot(desk, "closed")
    for kind in (c.ReportFault, c.Triage, c.DecideCoverage, c.ApproveFree, c.Dispatch, c.Arrive, c.Finish):
        desk.say(kind, case="silent")
    complaint = {"firm": FIRM, "customer": BUYER, "channel": Channel.HOTLINE, "what": "nobody comes"}
    desk.say(FileComplaint, case="C-1", by=THE_BUYER, ticket="nobody", **complaint)


def test_the_clock_may_speak_daily_or_once_after_two_months() -> None:
    """The journals are the same but for when it was recorded; rungs, breaches, ends and duties are all said."""
    daily, once = (ServiceDesk(MemoryStorage(desk_codec())) for _ in range(2))
    for desk in (daily, once):
        waiting(desk)
    for _ in range(60):
        daily.wait(days=1)
        assert daily.desk.wake(daily.now).refused == ()
    once.wait(days=60)
    assert once.desk.wake(once.now).refused == ()

    assert _said(daily) == _said(once)
    said = {kind for of in _said(once).values() for kind, *_ in of}
    assert said >= {
        "DeemAccepted",
        "FireRung",
        "LapseQuote",
        "MarkBreach",
        "RemindDuty",
        "RemindHold",
        "ResumeWork",
    }
    assert once.ticket("quoted").state is Stage.DECLINED
    assert once.ticket("silent").state is Stage.ACCEPTED
    once.prove_whole()
    daily.prove()


def _said(desk: ServiceDesk) -> dict[Key, list[tuple[str, Any, Any]]]:
    """What every journal says happened, by whose word and with what, whenever that was recorded."""
    found = {}
    for lifecycle in AFTERSALES:
        for it in desk.all(lifecycle.model):
            entries = [entry.document for entry in desk.storage.journal(it.key)]
            found[it.key] = [
                (each["command"]["command"], each["command"]["happened_at"], each["alterations"])
                for each in entries
            ]
    return found


def test_every_letter_leaves_in_the_language_of_whom_it_is_for(storage: Storage) -> None:
    """Once; nothing of it is a code, a placeholder or an instant in another zone than the firm's."""
    desk = ServiceDesk(storage)
    on_the_spot(desk)
    into_the_shop(desk, "T-2")
    moved_to_another(desk, "T-3")
    for _ in range(2):
        run = desk.desk.deliver(desk.now)
        assert (run.failed, run.postponed) == ((), ())

    statuses = [each.status for each in storage.outbox()]
    assert set(statuses) <= {Status.SENT, Status.WITHDRAWN, Status.SUPERSEDED}
    assert statuses.count(Status.SENT) == len(desk.host.letters)
    assert {letter.to.language for letter in desk.host.letters} == {"zh_CN", "en"}
    for letter in desk.host.letters:
        written = f"{letter.subject}\n{letter.body}"
        assert "{" not in written
        assert "aftersales." not in written
        assert ("的" in written or "您" in written) == (letter.to.language == "zh_CN")


def moved_to_another(desk: ServiceDesk, case: str) -> None:
    """An appointment at two in the afternoon that somebody else keeps."""
    for kind in (c.ReportFault, c.Triage, c.DecideCoverage, c.ApproveFree):
        desk.say(kind, case=case)
    at = (MONDAY + timedelta(days=30)).replace(hour=14)
    desk.say(c.Dispatch, case=case, consent="a call", window_from=at, window_until=at)
    desk.say(c.MoveAppointment, case=case, engineer="other")


def test_an_appointment_is_told_in_the_hours_of_the_firm(storage: Storage) -> None:
    """Whoever comes in the end, and however the storage keeps the instant."""
    desk = ServiceDesk(storage)
    moved_to_another(desk, "T-1")
    kinds = ("aftersales.ticket.appointment", "aftersales.ticket.job")
    told = [each.message for each in storage.outbox() if each.message.kind in kinds]

    assert len(told) == 4
    assert {dict(each.facts)["from"] for each in told} == {"2026-06-03T14:00:00+08:00"}


# --- two desks in one house -----------------------------------------------------------------------

HOUSE: Final = Lifecycles(*ILL, *AFTERSALES)


def test_no_command_and_no_kind_of_the_two_desks_has_the_name_of_another() -> None:
    """Journals name commands by their classes: one name, one thing said."""
    names = [command.__name__ for lifecycle in HOUSE for command in lifecycle.commands]
    kinds = [lifecycle.name for lifecycle in HOUSE]

    assert len(kinds) == len(set(kinds)) == len(tuple(ILL)) + len(tuple(AFTERSALES))
    twice = {name for name in names if names.count(name) > 1}
    assert twice == set()


def test_a_loan_and_a_ticket_over_one_storage(tmp_path: Path) -> None:
    """Each under its own rules, in one ledger, woken and audited together."""
    codec = Codec(HOUSE)
    policy: dict[str, Any] = {
        **{lifecycle.name: NLC for lifecycle in ILL},
        **{lifecycle.name: POLICY for lifecycle in AFTERSALES},
    }
    with closing(SqliteStorage(tmp_path / "house.db", codec)) as storage:
        tickets, loans = ServiceDesk(storage), LoanDesk(storage, codec)
        for each in (tickets, loans):
            each.desk = Desk(HOUSE, storage=storage, facts=each.host, policy=policy)
        loans.relate(TOWN)
        loans.lend()
        into_the_shop(tickets)
        loans.say(lending.CheckIn, "loan-1", "2026-06-01")

        assert tickets.desk.wake(loans_day("2026-06-02")).refused == ()
        assert tickets.ticket().state is Stage.CLOSED
        assert loans.supply().state is SupplyState.CLOSED
        assert list(audit(HOUSE, storage.records(), policy=policy)) == []
        tickets.prove()
