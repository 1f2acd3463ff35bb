"""A request filed at a centre: sent to whoever asked, charged to his account, audited, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from account_desk import FIELDS, STAFF, AccountDesk, cny
from centre_network import CENTRE_LENDS

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.ill.accounts import commands as a
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.accounts.states import HolderKind, IdentityKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import CaseOutcome, CaseState
from servflow.core.ill.centre.model import CentreFacts
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing.model import Filing, FilingFacts
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, Place
from servflow.core.ill.network.modes import ModeName, Route
from servflow.core.ill.terms import CostKind, CostLine, Delivery, Requested, SentVia, Service
from servflow.core.ports import Party, Status
from servflow.desk import Desk, audit, erase, redecide
from servflow.rulebooks import borrowing_policy, load

HOME: Final = "CN-330106"
NOON: Final = datetime(2026, 3, 2, 4, tzinfo=UTC)
READER: Final = "reader-17"
GROUP: Final = HOME
SUPPLIER: Final = Actor("ils", "CN-ZJU", Office.SYSTEM)
ASKS: Final = borrowing_policy(load("calis/centre-borrowing"), library=STAFF.serves)
RULES: Final = AccountDesk().policies | {BorrowingCase.kind: ASKS}
POLICIES: Final[dict[str, Any]] = RULES | dict.fromkeys(("ill.supply", "ill.relation"), CENTRE_LENDS)
FACTS: Final[dict[str, type]] = {
    Filing.kind: FilingFacts,
    BorrowingCase.kind: CentreFacts,
    SupplyTransaction.kind: CentreFacts,
    Relation.kind: CentreFacts,
    IllAccount.kind: CentreFacts,
}


class Host:
    """The centre's host: of a filing it knows the home library, of a case only that it goes by the centre."""

    def __init__(self, mode: ModeName) -> None:
        self.mode = mode

    def ask(self, command: Command, it: Aggregate | None) -> object:
        """The facts of a filing, and those of a case."""
        if isinstance(command, c.FileRequest):
            return FilingFacts(mode=self.mode, registered=True, accounts_at=(HOME,), suppliers=("CN-ZJU",))
        if isinstance(it, BorrowingCase):
            return CentreFacts(kind=InstitutionKind.INDIVIDUAL, place=Place.ELSEWHERE)
        return None

    def party(self, ref: str) -> Party:
        """Nobody is written to here."""
        raise NotImplementedError(ref)


class Centre:
    """A centre's desk over a storage, and one request that was filed there."""

    def __init__(self, mode: ModeName, holder: str, kind: HolderKind) -> None:
        self.now = NOON
        storage = MemoryStorage(Codec(CENTRE))
        self.desk = Desk(CENTRE, storage=storage, facts=Host(mode), policy=POLICIES)
        self.said = 0
        self.say(a.RegisterAccount, holder, holder=kind, home=HOME, given=FIELDS)
        if kind is HolderKind.PATRON:
            self.say(a.BindIdentity, holder, kind=IdentityKind.CAMPUS_CARD, token="t-17")
        self.say(a.ConfirmAccount, holder, overdraft=cny(400))
        if kind is HolderKind.INSTITUTION:
            self.say(a.ChooseMode, holder, mode=mode)

    def say(self, command: type[Command], case: str = "F-1", /, by: Actor = STAFF, **said: Any) -> None:
        self.said += 1
        at = self.now
        self.desk.do(command(id=f"c-{self.said}", case=case, by=by, happened_at=at, recorded_at=at, **said))

    def file(self, service: Service, by: Actor, patron: str = READER) -> None:
        book = Requested(title="江南书院史料选")
        about = {"route": Route.LOGIN, "patron": patron, "library": HOME, "declared": True}
        self.say(c.FileRequest, by=by, service=service, requested=book, **about)

    def shipped(self, service: Service, **said: Any) -> None:
        costs = (CostLine(kind=CostKind.LOAN, amount=cny(20)),)
        self.say(b.HearShipped, by=SUPPLIER, attempt=1, service=service, costs=costs, **said)

    @property
    def case(self) -> BorrowingCase:
        it = self.desk.storage.load(Key(BorrowingCase.kind, "F-1"))
        assert isinstance(it, BorrowingCase)
        return it

    def account(self, holder: str = READER) -> IllAccount:
        it = self.desk.storage.load(Key(IllAccount.kind, holder))
        assert isinstance(it, IllAccount)
        return it

    def told(self, to: str) -> list[str]:
        """The kinds of the letters to somebody, in their order."""
        found = self.desk.storage.outbox(about=Key(BorrowingCase.kind, "F-1"), status=Status.PENDING)
        return [each.message.kind for each in found if each.message.to == to]

    def problems(self) -> Iterator[object]:
        """What the audit finds, and what would be decided otherwise now."""
        storage = self.desk.storage
        yield from audit(CENTRE, storage.records(), policy=POLICIES)
        policies = {(each.rulebook, each.calendar_digest): each for each in POLICIES.values()}
        yield from redecide(CENTRE, storage.records(), policies, facts=FACTS)


@pytest.fixture
def individual() -> Centre:
    """An individual reader's request for a loan, filed by himself."""
    centre = Centre(ModeName.CENTRE_INDIVIDUAL, READER, HolderKind.PATRON)
    centre.file(Service.LOAN, Actor(READER, STAFF.serves, Office.PERSON))
    return centre


@pytest.mark.clause("CALIS-8")
def test_what_is_shipped_to_an_individual_reader_counts_as_received(individual: Centre) -> None:
    """No desk has it: he hears that it was sent to him, the supplier that it came, and he has it on loan."""
    individual.shipped(Service.LOAN, due=date(2026, 4, 1))

    assert individual.case.state is CaseState.ON_LOAN
    assert "ill.patron.sent" in individual.told(READER)
    assert "ill.patron.ready" not in individual.told(READER)
    assert individual.told("CN-ZJU")[-1] == "ill.borrowing.item-received"
    assert list(individual.problems()) == []


@pytest.mark.clause("CALIS-10")
def test_what_it_costs_is_on_his_account(individual: Centre) -> None:
    """What the supplier charges is open there as soon as the loan is over, and the loan is on it till then."""
    individual.shipped(Service.LOAN, due=date(2026, 4, 1))
    assert individual.account().on_loan == ("F-1",)
    individual.say(b.TakeBack)
    individual.say(b.ShipBack)
    individual.say(b.HearCheckedIn, by=SUPPLIER, attempt=1)

    assert individual.case.outcome is CaseOutcome.RETURNED
    assert individual.account().cases == {}
    owed = {about: item.outstanding for about, item in individual.account().open.items()}
    assert owed == {"F-1/loan-fee": cny(20)}
    assert list(individual.problems()) == []


def test_a_copy_sent_to_the_reader_closes_by_itself() -> None:
    """He may claim for as long as the rules say; then the clock ends it."""
    centre = Centre(ModeName.CENTRE_INDIVIDUAL, READER, HolderKind.PATRON)
    centre.file(Service.COPY, Actor(READER, STAFF.serves, Office.PERSON))
    centre.shipped(Service.COPY, delivery=Delivery(via=SentVia.MAIL))

    assert centre.case.state is CaseState.DELIVERED
    assert "ill.patron.sent" in centre.told(READER)
    centre.desk.wake(NOON + timedelta(days=60))
    assert centre.case.outcome is CaseOutcome.COPY_DELIVERED
    assert list(centre.problems()) == []


@pytest.mark.clause("CALIS-8", "CALIS-22")
def test_what_is_shipped_to_a_librarian_of_a_group_counts_as_received() -> None:
    """On the institution's account: it hears so, and owes what it costs."""
    centre = Centre(ModeName.CENTRE_GROUP, GROUP, HolderKind.INSTITUTION)
    centre.file(Service.LOAN, Actor("librarian-3", HOME, Office.STAFF))
    centre.shipped(Service.LOAN, due=date(2026, 4, 1))

    assert (centre.case.state, centre.case.patron) == (CaseState.ON_LOAN, GROUP)
    assert "ill.patron.sent" in centre.told(GROUP)
    assert list(centre.problems()) == []


def test_an_erased_reader_is_nowhere_in_what_was_filed_for_him(individual: Centre) -> None:
    """Facts of a filing stand with the case and the account as well; the rest audits and decides as before."""
    individual.shipped(Service.LOAN, due=date(2026, 4, 1))
    storage = individual.desk.storage
    erase(CENTRE, storage, READER, pseudonym="x-1", at=NOON, facts=FACTS)

    assert not [record for record in storage.records() if READER in str(record)]
    assert individual.case.patron == "x-1"
    assert list(individual.problems()) == []
