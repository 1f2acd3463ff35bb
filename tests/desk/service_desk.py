"""A service desk over a storage as its tests use it, and what must hold of it after every command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from desk_at_work import (
    ENGINEER,
    FIRM,
    MONDAY,
    SYSTEM,
    THE_CUSTOMER,
    THE_ENGINEER,
    command,
    policy,
)

from servflow.adapters.text_babel import BabelWording
from servflow.codec import folded
from servflow.core.aftersales.books.model import Book
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.policy import Duty, Ladder, Promise, ServicePolicy
from servflow.core.aftersales.technicians.commands import RegisterTechnician
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.aftersales.tickets.states import Custody, PaperState, Stage, VisitState
from servflow.core.aftersales.units.commands import RegisterUnit
from servflow.core.aftersales.words import DutyKind, Event, PauseReason, TargetKind
from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.clocks import Rung, parse_allowance
from servflow.core.dates import Period
from servflow.core.ledger import trial_balance
from servflow.core.lifecycle import Lifecycle
from servflow.core.ports import Letter, Party, Receipt, Storage
from servflow.desk import Desk, audit, redecide
from servflow.testing.service_at_work import desk_codec

__all__ = ["BUYER", "FACTS", "POLICY", "THE_BUYER", "Host", "ServiceDesk"]

BUYER: Final = "B-4711"
"""The customer's reference: it looks like nothing else, so that it can be erased."""
THE_BUYER: Final = Actor(BUYER, BUYER, Office.PERSON)

POLICY: Final[ServicePolicy] = policy(
    quotes=Numbering(series=Series.QUOTE),
    plan=Promise(kind=TargetKind.PLAN, within=parse_allowance("8 hours")),
    resolve=Promise(
        kind=TargetKind.RESOLVE,
        within=parse_allowance("3 working days"),
        pauses=(PauseReason.WAITING_CUSTOMER, PauseReason.WAITING_PART),
        excuses=("snow",),
        extended_by="supervisor",
    ),
    ladder=Ladder(
        rungs=(
            Rung(level=1, action="supervisor", fraction=Fraction(1, 2)),
            Rung(level=2, action="head-office", offset=timedelta(hours=8)),
        )
    ),
    called_back=Duty(kind=DutyKind.CALL_BACK, since=Event.FINISHED, on_the_day=True, within=Period(days=3)),
    visited=Duty(kind=DutyKind.VISIT, since=Event.ACCEPTED, offsets=(Period(days=20), Period(days=40))),
)
"""The small rulebook of the tests of the core, with more promises, a ladder, and two duties for the clock."""

FACTS: Final[dict[str, type]] = dict.fromkeys((each.name for each in AFTERSALES), TicketFacts)

_OVER: Final = (Stage.CLOSED, Stage.REJECTED, Stage.CANCELLED)
_LIVE: Final = (VisitState.PLANNED, VisitState.DEPARTED, VisitState.ON_SITE)
_INSIDE: Final = (Custody.SHOP, Custody.VENDOR)
_RECEIVED: Final = (*_INSIDE, Custody.OUTBOUND)
_FAR: Final = datetime(2100, 1, 1, tzinfo=MONDAY.tzinfo)


class Host:
    """What the host knows of the firm's people and customers. It sends mail, and keeps it."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.names = {BUYER: "王小明", ENGINEER: "Li Gong"}

    def ask(self, command: Command, it: Aggregate | None) -> TicketFacts | None:
        return TicketFacts() if isinstance(it, Ticket) or isinstance(command, c.ReportFault) else None

    def party(self, ref: str) -> Party:
        language = "zh_CN" if ref == BUYER else "en"
        return Party(ref=ref, name=self.names.get(ref, ref), email="somebody@example.org", language=language)

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)


class ServiceDesk:
    """The desk of the firm under its rules, with an engineer and a unit on record; time goes on by ``wait``."""

    def __init__(self, storage: Storage, rules: ServicePolicy = POLICY) -> None:
        self.storage = storage
        self.codec = desk_codec()
        self.policy = rules
        self.host = Host()
        self.now = MONDAY
        self.desk = Desk(
            AFTERSALES,
            storage=storage,
            facts=self.host,
            policy=rules,
            mail=self.host,
            wording=BabelWording("The firm", parties=self.host.party),
        )
        self.taken: list[Command] = []
        self._said = 0
        for who in (ENGINEER, "other"):
            self.say(RegisterTechnician, case=who, firm=FIRM, qualified=("repair",))
        self.say(RegisterUnit, case="U-1", by=SYSTEM, firm=FIRM, customer=BUYER, product="pump")

    # --- what is said -----------------------------------------------------------------------------

    def wait(self, **span: int) -> None:
        """Time goes on: ``wait(hours=3)``."""
        self.now += timedelta(**span)

    def command(self, kind: type[Command], /, **said: Any) -> Command:
        """The command as it is usually said, now, with an id of its own."""
        self._said += 1
        usual = {"id": f"desk-{self._said}", "happened_at": self.now, "recorded_at": self.now}
        if kind is c.ReportFault:
            usual["customer"] = BUYER
        made: Command = command(kind, **(usual | said))
        return replace(made, by=THE_BUYER) if made.by == THE_CUSTOMER else made

    def say(self, kind: type[Command], /, **said: Any) -> Receipt:
        """It is said, and committed."""
        return self.take(self.command(kind, **said))

    def take(self, said: Command) -> Receipt:
        """This command is committed; the desk's time is not before it."""
        receipt = self.desk.do(said)
        self.taken.append(said)
        self.now = max(self.now, said.recorded_at)
        return receipt

    def engineer(self, kind: type[Command], /, **said: Any) -> Receipt:
        """The engineer says it."""
        return self.say(kind, by=THE_ENGINEER, **said)

    # --- what is seen -----------------------------------------------------------------------------

    def ticket(self, id: str = "T-1") -> Ticket:
        it = self.storage.load(Key(Ticket.kind, id))
        assert isinstance(it, Ticket)
        return it

    def all(self, model: Any) -> tuple[Any, ...]:
        return self.storage.aggregates(model.kind, limit=1000)

    def contents(self) -> list[str]:
        """All that is stored, to be compared."""
        return [*map(str, self.storage.records()), str(self.storage.due(_FAR))]

    # --- what holds -------------------------------------------------------------------------------

    def prove(self) -> None:
        """Journals fold, books balance, custody, numbers, agendas and complaints are as tickets say."""
        tickets: tuple[Ticket, ...] = self.all(Ticket)
        for lifecycle in AFTERSALES:
            self._prove_stored(lifecycle)
        postings = list(self.storage.postings())
        assert all(debit == credit for debit, credit in trial_balance(postings).values())
        for it in tickets:
            assert list(it.posted) == [each for each in postings if each.subject == it.id]
            _prove_custody(it)
        self._prove_numbers(tickets)
        self._prove_agendas(tickets)
        for complaint in self.all(Complaint):
            if complaint.ticket is not None:
                assert self.ticket(complaint.ticket).complaints[complaint.id] is complaint.is_open

    def _prove_stored(self, lifecycle: Lifecycle) -> None:
        for it in self.all(lifecycle.model):
            assert folded(self.storage.journal(it.key)) == self.codec.encode_aggregate(it)
            assert dict(self.storage.due(_FAR)).get(it.key) == lifecycle.next_wake(it, self.policy)

    def _prove_numbers(self, tickets: Iterable[Ticket]) -> None:
        """Every number of a book once, none skipped; what is void was used."""
        used: dict[Series, Counter[int]] = {}
        for it in tickets:
            for paper in it.papers.values():
                used.setdefault(paper.series, Counter())[paper.number] += 1
        numbers = [each.number for each in self.all(Complaint)]
        if numbers:
            used[Series.COMPLAINT] = Counter(numbers)
        books: dict[Series, Book] = {book.series: book for book in self.all(Book)}
        assert used == {series: Counter(range(1, book.next)) for series, book in books.items()}
        for series, book in books.items():
            assert {int(number) for number in book.voided} <= used[series].keys()

    def _prove_agendas(self, tickets: Iterable[Ticket]) -> None:
        """Somebody has an appointment exactly where a visit of his has yet to end."""
        booked = {(each.id, ticket) for each in self.all(Technician) for ticket in each.agenda}
        known = {each.id for each in self.all(Technician)}
        live = {
            (who, it.id)
            for it in tickets
            for visit in it.visits.values()
            if visit.state in _LIVE
            for who in (visit.engineer, *visit.crew)
            if who in known
        }
        assert booked == live

    def prove_whole(self) -> None:
        """What holds of all that is stored, and nothing would be decided otherwise now."""
        self.prove()
        assert list(audit(AFTERSALES, self.storage.records(), policy=self.policy)) == []
        policies = {(self.policy.rulebook, self.policy.calendar_digest): self.policy}
        assert list(redecide(AFTERSALES, self.storage.records(), policies, facts=FACTS)) == []


def _prove_custody(it: Ticket) -> None:
    """An item is out or still there, with its papers; nothing is over while the firm has one."""
    if it.state in _OVER:
        assert it.in_firms_hands == ()
        return
    for series, held in ((Series.RECEIPT, _RECEIVED), (Series.IN_OUT, _INSIDE), (Series.TAG, _INSIDE)):
        open_ = [p.item for p in it.papers.values() if p.series is series and p.state is PaperState.OPEN]
        assert sorted(open_) == sorted(item.serial for item in it.items.values() if item.custody in held)
    for item in it.items.values():
        assert item.custody is not Custody.VENDOR or item.vendor
        if item.custody in _RECEIVED:
            assert it.papers[f"receipt/{item.receipt}"].state is PaperState.OPEN
