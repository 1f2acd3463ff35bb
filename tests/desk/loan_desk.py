"""A lending desk as the tests of the loans use it, and what must hold of it after every command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final

from servflow.codec import Codec, folded
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import Reason
from servflow.core.fees.assessment import Obligation, open_items, posted_for
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.charges import owed
from servflow.core.ill.lending.model import LendingFacts, OutOnLoan, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import (
    InstitutionKind,
    Material,
    Place,
    SecurityKind,
    SupplyState,
)
from servflow.core.ill.terms import CostKind, Requested
from servflow.core.ledger import Account, AccountKind, balance, settlement, trial_balance
from servflow.core.money import Money, total
from servflow.core.ports import Letter, Outgoing, Party, Receipt, Status, Storage
from servflow.desk import Desk
from servflow.rulebooks import lending_policy, load

__all__ = [
    "BEIJING",
    "CITY",
    "CLOCK",
    "LIBRARY",
    "NLC",
    "PERSON",
    "STAFF",
    "SYSTEM",
    "TOWN",
    "Host",
    "LoanDesk",
    "at",
    "cny",
    "codes",
    "of",
]

BEIJING: Final = timezone(timedelta(hours=8))
LIBRARY: Final = "CN-NLC"
CITY, TOWN, PERSON = "CN-110108", "CN-320500", "READER:7"  # same city, out of town, an individual
STAFF: Final = Actor("librarian-1", LIBRARY, Office.STAFF)
SYSTEM: Final = Actor("policy", LIBRARY, Office.SYSTEM)
CLOCK: Final = Actor("clock", LIBRARY, Office.CLOCK)
NLC: Final = lending_policy(load("nlc/interlibrary-loan"), library=LIBRARY)

_OUT: Final = (SupplyState.SHIPPED, SupplyState.AT_REQUESTER, SupplyState.RETURN_IN_TRANSIT, SupplyState.LOST)
_FAR: Final = date(2100, 1, 1)


def at(day: str | date, hour: int = 10) -> datetime:
    """An hour of a day in Beijing."""
    return datetime.combine(date.fromisoformat(str(day)), datetime.min.time(), BEIJING).replace(hour=hour)


def cny(amount: int) -> Money:
    """So many yuan."""
    return Money(amount, "CNY")


def of(institution: str) -> Actor:
    """A program of the institution."""
    return Actor("ils", institution, Office.SYSTEM)


def codes(reasons: Iterable[Reason] | None) -> list[tuple[str, str | None]]:
    """The codes of reasons, each with the id of its clause."""
    return [(reason.code, reason.clause.id if reason.clause else None) for reason in reasons or ()]


@dataclass
class Host:
    """What the host knows of borrowers and books; tests change it. It sends mail, and keeps it."""

    material: Material | None = Material.CHINESE_BOOK
    reserved: int = 0
    catalogued_on: date | None = None
    base_collection: bool = True
    letters: list[Letter] = field(default_factory=list)

    def ask(self, command: Command, it: Aggregate | None) -> LendingFacts | None:
        if isinstance(command, c.ReceiveRequest):
            requester = command.requester
        elif isinstance(it, SupplyTransaction):
            requester = it.requester
        else:
            return None
        return LendingFacts(
            kind=InstitutionKind.INDIVIDUAL if requester == PERSON else InstitutionKind.UNIVERSITY_LIBRARY,
            place=Place.SAME_CITY if requester == CITY else Place.ELSEWHERE,
            material=self.material,
            base_collection=self.base_collection,
            catalogued_on=self.catalogued_on,
            reserved=self.reserved,
        )

    def party(self, ref: str) -> Party:
        return Party(ref=ref, name=ref, email="ill@example.org", language="en")

    def letter(self, message: Message, to: Party) -> tuple[str, str]:
        return message.kind, str(dict(message.facts))

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)

    @property
    def sent(self) -> list[str]:
        """The Message-IDs of the letters in the order in which they were sent."""
        return [letter.message_id for letter in self.letters]


class LoanDesk:
    """The desk of the National Library under its rules, and how a test speaks to it."""

    def __init__(self, storage: Storage, codec: Codec, *, policy: LendingPolicy = NLC) -> None:
        self.storage = storage
        self.codec = codec
        self.host = Host()
        self.policy = policy
        self.desk = self._desk(policy)
        self._said = 0

    def _desk(self, policy: LendingPolicy) -> Desk:
        return Desk(
            ILL, storage=self.storage, facts=self.host, policy=policy, mail=self.host, wording=self.host
        )

    def under(self, **rules: Any) -> None:
        """From now on, under a policy in which these rules are other ones."""
        self.policy = replace(self.policy, **rules)
        self.desk = self._desk(self.policy)

    # --- what is said -----------------------------------------------------------------------------

    def say(
        self,
        command: type[Command],
        case: str,
        happened: str | datetime,
        *,
        recorded: str | datetime | None = None,
        by: Actor = STAFF,
        **fields: Any,
    ) -> Receipt:
        """One command with an id of its own; recorded when it happened, unless ``recorded`` says when."""
        self._said += 1
        when = happened if isinstance(happened, datetime) else at(happened)
        known = when if recorded is None else recorded
        return self.desk.do(
            command(
                id=f"said-{self._said}",
                case=case,
                by=by,
                happened_at=when,
                recorded_at=known if isinstance(known, datetime) else at(known),
                **fields,
            )
        )

    def relate(
        self,
        institution: str,
        *,
        security: SecurityKind = SecurityKind.DEPOSIT,
        amount: int = 500,
        day: str = "2026-01-05",
    ) -> None:
        """A relation, applied for, approved, signed, and secured."""
        kind = InstitutionKind.UNIVERSITY_LIBRARY
        self.say(c.Apply, institution, day, by=of(institution), lender=LIBRARY, kind=kind)
        self.say(c.Approve, institution, day)
        self.say(c.Sign, institution, day, agreements=("borrowing", "copyright"))
        self.say(c.PaySecurity, institution, day, kind=security, amount=cny(amount))

    def request(self, case: str, requester: str = TOWN, *, day: str = "2026-01-30") -> Receipt:
        """The institution asks for a book."""
        return self.say(
            c.ReceiveRequest,
            case,
            day,
            by=of(requester),
            requester=requester,
            supplier=LIBRARY,
            request_id=f"r-{case}",
            requested=Requested(title="古城水系考"),
        )

    def lend(
        self, case: str = "loan-1", requester: str = TOWN, *, items: int = 1, day: str = "2026-01-31"
    ) -> None:
        """Asked for the day before, and shipped: ``items`` volumes named after the case."""
        asked = date.fromisoformat(day) - timedelta(days=1)
        self.request(case, requester, day=str(asked))
        self.say(c.Ship, case, day, items=tuple(f"{case}-v{n}" for n in range(1, items + 1)))

    def renew(self, case: str, day: str, *, requester: str = TOWN) -> None:
        """A renewal asked for and granted on one day."""
        self.say(c.RequestRenewal, case, day, by=of(requester), reason="the reading group goes on")
        self.say(c.GrantRenewal, case, at(day, 15))

    def night(self, day: str | date) -> None:
        """The clock speaks, and the mail leaves."""
        self.desk.wake(at(day, 23))
        self.desk.deliver(at(day, 23))

    # --- what is seen -----------------------------------------------------------------------------

    def supply(self, case: str = "loan-1") -> SupplyTransaction:
        it = self.storage.load(Key(SupplyTransaction.kind, case))
        assert isinstance(it, SupplyTransaction)
        return it

    def account(self, institution: str = TOWN) -> Relation:
        it = self.storage.load(Key(Relation.kind, institution))
        assert isinstance(it, Relation)
        return it

    def owed(self, case: str, on: str) -> dict[str, Money]:
        """What the desk explains to be owed on a day, by kind of charge."""
        explained = self.desk.explain(Key(SupplyTransaction.kind, case), date.fromisoformat(on))
        return {kind: charge.money for kind, charge in explained.owed}

    def posted(self, case: str) -> dict[str, Money]:
        """What was charged so far, less what was reversed, by kind."""
        return {kind: posted.amount for kind, posted in self.supply(case).charged.items()}

    def open(self, institution: str = TOWN) -> dict[str, Money]:
        """What the institution's account has open."""
        return {about: item.outstanding for about, item in self.account(institution).open.items()}

    def held(self, kind: SecurityKind, institution: str = TOWN) -> Money:
        """What is held for the institution as a deposit or a prepayment."""
        return self.account(institution).secured(kind) or cny(0)

    def outbox(self, case: str = "loan-1") -> dict[str, Outgoing]:
        """The messages about a loan, by what stands in their keys after its id."""
        key = Key(SupplyTransaction.kind, case)
        prefix = f"{key.kind}/{key.id}/"
        return {each.message.key.removeprefix(prefix): each for each in self.storage.outbox(about=key)}

    def statuses(self, case: str = "loan-1") -> dict[str, Status]:
        return {key: outgoing.status for key, outgoing in self.outbox(case).items()}

    def contents(self) -> tuple[object, ...]:
        """All that can be read out of the storage, to be compared."""
        found = [*self._all(SupplyTransaction.kind), *self._all(Relation.kind)]
        return (
            found,
            [[dict(entry.document) for entry in self.storage.journal(it.key)] for it in found],
            self.storage.due(at(_FAR)),
            list(self.storage.postings()),
            list(self.storage.outbox()),
        )

    def _all(self, kind: str) -> tuple[Any, ...]:
        return self.storage.aggregates(kind, limit=10_000)

    # --- what holds -------------------------------------------------------------------------------

    def prove(self) -> None:
        """Journals fold to their snapshots, the books balance, accounts and loans agree with the books."""
        postings = list(self.storage.postings())
        loans: list[SupplyTransaction] = list(self._all(SupplyTransaction.kind))
        relations: list[Relation] = list(self._all(Relation.kind))
        for it in (*loans, *relations):
            assert folded(self.storage.journal(it.key)) == self.codec.encode_aggregate(it)
        assert all(debit == credit for debit, credit in trial_balance(postings).values())
        for relation in relations:
            self._prove_account(relation, loans)
        for loan in loans:
            receivable = Account(AccountKind.RECEIVABLE, loan.requester)
            for kind in (each.value for each in CostKind):
                income = Account(AccountKind.INCOME, kind)
                obligation = Obligation(subject=loan.id, kind=kind, debit=receivable, credit=income)
                assert loan.charged.get(kind) == posted_for(obligation, postings)
            if loan.state not in _OUT:  # nothing is lent, and nothing grows: what is owed was charged
                due = dict(owed(loan, self.policy, _FAR))
                assert {k: charge.money for k, charge in due.items() if charge.money} == {
                    k: posted.amount for k, posted in loan.charged.items() if posted.amount
                }

    def _prove_account(self, relation: Relation, loans: list[SupplyTransaction]) -> None:
        receivable = Account(AccountKind.RECEIVABLE, relation.id)
        postings = list(self.storage.postings())
        settled = settlement(postings, receivable, "CNY")
        assert settled.conserved
        assert settled.charged == total(
            (
                posted.amount
                for loan in loans
                if loan.requester == relation.id
                for posted in loan.charged.values()
            ),
            "CNY",
        )
        assert not settled.credited  # a credit becomes a prepayment at once
        assert all(part.minor >= 0 for part in (settled.charged, settled.paid, settled.waived))
        assert {about: item.outstanding for about, item in relation.open.items()} == {
            f"{item.subject}/{item.kind}": item.outstanding
            for item in open_items(postings, receivable, "CNY")
        }
        assert settled.outstanding == total((item.outstanding for item in relation.open.values()), "CNY")
        held = {
            kind.value: balance(postings, Account(AccountKind(kind.value), relation.id), "CNY")
            for kind in SecurityKind
        }
        assert dict(relation.security) == {kind: amount for kind, amount in held.items() if amount}
        assert all(amount.minor >= 0 for amount in held.values())
        assert dict(relation.out) == {
            loan.id: OutOnLoan(volumes=len(loan.still_out), due=loan.due, held=loan.held_return)
            for loan in loans
            if loan.requester == relation.id and loan.state in _OUT and loan.due is not None
        }
