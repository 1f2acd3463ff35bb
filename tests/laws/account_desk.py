"""A centre's desk without a storage: accounts, identities, and the cases that run on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from itertools import count
from typing import Any, Final

from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Office
from servflow.core.citations import Dated, Reason
from servflow.core.ill import ILL
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import Identity, IllAccount
from servflow.core.ill.accounts.states import HolderKind, IdentityKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.terms import Level, Requested, Service
from servflow.core.ledger import Account, Posting
from servflow.core.lifecycle import check, decide
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, load, network_policy

__all__ = [
    "CENTRE",
    "CLOCK",
    "FIELDS",
    "HIMSELF",
    "HOME",
    "OPERATOR",
    "PROGRAM",
    "READER",
    "SOON",
    "STAFF",
    "AccountDesk",
    "cny",
]

CENTRE: Final = "CN-CALIS"
HOME: Final = "CN-ZJU"
READER: Final = "p-17"
STAFF: Final = Actor("a clerk", CENTRE, Office.STAFF)
PROGRAM: Final = Actor("policy", CENTRE, Office.SYSTEM)
OPERATOR: Final = Actor("operator-1", HOME, Office.STAFF)
HIMSELF: Final = Actor(READER, HOME, Office.PERSON)
CLOCK: Final = Actor("clock", CENTRE, Office.CLOCK)
FIELDS: Final = ("name", "email", "institution", "telephone")
SOON: Final = "2026-03-02"


def cny(amount: int | str) -> Money:
    """An amount of yuan."""
    return Money(amount, "CNY")


class AccountDesk:
    """The desk of a centre under its shipped rulebooks; what is said to it is decided and remembered.

    A command is said at noon of a day, by the desk's staff unless ``by`` says otherwise, to the reader's account
    unless ``case`` does.
    """

    def __init__(self) -> None:
        self.network = network_policy(load("calis/thesis-centre"), library=CENTRE)
        cases = load("cque/interlibrary-loan")
        self.borrowing = borrowing_policy(cases, library=CENTRE, lenders={})
        self.rule_of_cases(accounts=True, mediated=False, sends_itself=False, held_locally_first=False)
        self.rule_of_cases(served=(), most_active=None, most_per_year=None)
        self.facts = BorrowingFacts()
        self.aggregates: Mapping[Key, Aggregate] = {}
        self.postings: tuple[Posting, ...] = ()
        self._numbers = count(1)

    def rule(self, **values: Any) -> None:
        """Other values of the network's rules from now on, with the clauses they had."""
        self.network = replace(self.network, **_dated(self.network, values))

    def rule_of_cases(self, **values: Any) -> None:
        """Other values of the rules to borrow by."""
        self.borrowing = replace(self.borrowing, **_dated(self.borrowing, values))

    def at(self, day: str) -> datetime:
        """Noon of ``day`` in the desk's zone."""
        return datetime.combine(date.fromisoformat(day), time(12), tzinfo=self.network.zone)

    @property
    def policies(self) -> dict[str, Any]:
        """The policy of each lifecycle."""
        return {
            lifecycle.name: self.borrowing if lifecycle.name == BorrowingCase.kind else self.network
            for lifecycle in ILL
        }

    def command(self, kind: type[Command], on: str = SOON, /, **said: Any) -> Command:
        """The command as it is usually said."""
        usual: dict[str, Any] = {
            "id": f"command-{next(self._numbers)}",
            "case": READER,
            "by": STAFF,
            "happened_at": self.at(on),
            "recorded_at": self.at(on),
        }
        if kind is c.RegisterAccount:
            usual |= {"holder": HolderKind.PATRON, "home": HOME, "given": FIELDS}
        if kind is c.RegisterAgain:
            usual |= {"given": FIELDS}
        return kind(**(usual | said))

    def do(self, kind: type[Command], on: str = SOON, /, **said: Any) -> Change:
        """Decide, and remember what became of it."""
        return self.take(self.command(kind, on, **said))

    def take(self, command: Command) -> Change:
        """Decide this command, and remember what became of it."""
        change = decide(ILL, command, self.aggregates, policy=self.policies, facts=self.facts)
        self.aggregates = {**self.aggregates, **{it.key: it for it in change.becomes}}
        self.postings += change.postings
        return change

    def reasons(self, kind: type[Command], on: str = SOON, /, **said: Any) -> tuple[Reason, ...]:
        """Every reason for which it would be refused."""
        command = self.command(kind, on, **said)
        return check(ILL, command, self.aggregates, policy=self.policies, facts=self.facts)

    def codes(self, kind: type[Command], on: str = SOON, /, **said: Any) -> list[tuple[str, str | None]]:
        """The code and the clause of each of them."""
        found = self.reasons(kind, on, **said)
        return [(reason.code, reason.clause.id if reason.clause else None) for reason in found]

    # --- what is usually said before a test begins ---

    def set_up_operator(self, home: str = HOME, who: str = OPERATOR.party) -> None:
        """The centre sets up a library's operator."""
        self.do(c.RegisterAccount, holder=HolderKind.OPERATOR, home=home, case=who)
        self.do(c.BindIdentity, kind=IdentityKind.OFF_CAMPUS, token=f"t-{who}", case=who)
        self.do(c.ConfirmAccount, case=who)

    def open(self, case: str = READER, **terms: Any) -> None:
        """A reader's account that is active, under these terms."""
        self.do(c.RegisterAccount, case=case)
        self.do(c.BindIdentity, kind=IdentityKind.CAMPUS_CARD, token=f"card-{case}", case=case)
        self.do(c.ConfirmAccount, case=case, **({"overdraft": cny(100)} | terms))

    def institution(self, ref: str = HOME) -> None:
        """A member library's account that is active."""
        self.do(c.RegisterAccount, holder=HolderKind.INSTITUTION, home=ref, case=ref)
        self.do(c.ConfirmAccount, case=ref, overdraft=cny(100))

    def draft(self, id: str = "case-1", on: str = SOON, /, **said: Any) -> None:
        """A case that nobody has filed yet."""
        usual = {
            "case": id,
            "by": PROGRAM,
            "patron": READER,
            "library": CENTRE,
            "service": Service.LOAN,
            "requested": Requested(title="溪山琴谱"),
            "level": Level.NORMAL,
            "suppliers": ("CN-NLC",),
        }
        self.do(b.DraftRequest, on, **(usual | said))

    def file(self, id: str = "case-1", on: str = SOON, /, **said: Any) -> BorrowingCase:
        """A case that is drafted and filed at once."""
        self.draft(id, on, **said)
        self.do(b.Submit, on, case=id)
        return self.case(id)

    # --- what has become of it ---

    def account(self, id: str = READER) -> IllAccount:
        """The account."""
        it = self.aggregates[Key(IllAccount.kind, id)]
        assert isinstance(it, IllAccount)
        return it

    def identity(self, kind: IdentityKind, token: str) -> Identity | None:
        """The identity, if it was ever used here."""
        it = self.aggregates.get(Identity.key_of(kind, token))
        assert it is None or isinstance(it, Identity)
        return it

    def case(self, id: str = "case-1") -> BorrowingCase:
        """The borrowing case."""
        it = self.aggregates[Key(BorrowingCase.kind, id)]
        assert isinstance(it, BorrowingCase)
        return it

    def charge(self, debit: Account, credit: Account, amount: Money, subject: str, kind: str) -> None:
        """A line that the case of a charge posts, where there is no case."""
        number = len(self.postings)
        line = Posting(
            key=f"charge-{number}",
            debit=debit,
            credit=credit,
            amount=amount,
            value_date=date.fromisoformat(SOON),
            subject=subject,
            kind=kind,
        )
        self.postings += (line,)

    def hold(self, **fields: Any) -> None:
        """The reader's account as it would be after something that does not matter here."""
        it = replace(self.account(), **fields)
        self.aggregates = {**self.aggregates, it.key: it}


def _dated(policy: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    for name, value in values.items():
        old = getattr(policy, name)
        rules[name] = Dated.always(old.name, value, old.on(date.max).clause)
    return rules
