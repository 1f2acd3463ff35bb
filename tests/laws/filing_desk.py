"""A gateway without a storage: what is filed there is decided at once and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from itertools import count
from typing import Any, Final

from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Message, Office
from servflow.core.citations import Dated, Plain, Reason
from servflow.core.ill import ILL
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.accounts.states import AccountState, HolderKind
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing.model import Filing, FilingFacts
from servflow.core.ill.filing.table import wake
from servflow.core.ill.network.modes import ModeName, Route
from servflow.core.ill.terms import Requested, Service
from servflow.core.lifecycle import check, decide
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, load, network_policy

__all__ = ["CENTRE", "FILING", "HOME", "LIBRARIAN", "MAILBOX", "READER", "Gateway", "facts_of"]

CENTRE: Final = "CN-CALIS"
HOME: Final = "CN-330106"
READER: Final = "p-17"
LIBRARIAN: Final = "librarian-3"
MAILBOX: Final = "CN-330106_ILL"
FILING: Final = "F-1"
BOOK: Final = Requested(title="江南书院史料选")
THESIS: Final = {"requested": Requested(title="古城水系考"), "service": Service.COPY}


def facts_of(message: Message) -> dict[str, Plain]:
    """What a message says beside what every message about a filing says."""
    return {name: value for name, value in message.facts if name not in {"request", "title"}}


class Gateway:
    """The desk of a gateway: a centre's, unless it is said to be a library's own.

    The home library runs everything, and its reader holds an account there that is kept elsewhere; ``know``
    changes what the host knows, ``rule`` the rules.
    """

    def __init__(self, library: str = CENTRE, *, mode: ModeName | None = None) -> None:
        self.library = library
        self.network = network_policy(load("calis/thesis-centre"), library=library)
        self.borrowing = borrowing_policy(load("calis/centre-borrowing"), library=library)
        self.facts = FilingFacts(
            mode=mode,
            librarian=MAILBOX,
            runs_system=True,
            service_library=True,
            registered=True,
            serves_patron=True,
            accounts_at=(HOME,),
            gateways=(CENTRE,),
            category="teacher",
            suppliers=("CN-ZJU",),
        )
        self.aggregates: Mapping[Key, Aggregate] = {}
        self.told: tuple[Message, ...] = ()
        self._numbers = count(1)

    def know(self, **facts: Any) -> None:
        """Other facts from now on."""
        self.facts = replace(self.facts, **facts)

    def rule(self, **values: Any) -> None:
        """Other values of the network's rules from now on, with the clauses they had."""
        rules: dict[str, Any] = {
            name: Dated.always(name, value, getattr(self.network, name).on(date.max).clause)
            for name, value in values.items()
        }
        self.network = replace(self.network, **rules)

    def account(self, id: str, holder: HolderKind = HolderKind.PATRON, **said: Any) -> IllAccount:
        """An account at this gateway, active unless it is said otherwise."""
        usual: dict[str, Any] = {
            "state": AccountState.ACTIVE,
            "keeper": self.library,
            "home": HOME,
            "overdraft": Money(500, "CNY"),
            "version": 1,
        }
        it = IllAccount(id=id, holder=holder, **(usual | said))
        self.aggregates = {**self.aggregates, it.key: it}
        return it

    def put(self, it: Aggregate) -> None:
        """It stands like that, whatever came before."""
        self.aggregates = {**self.aggregates, it.key: it}

    def command(self, kind: type[Command], on: str = "2026-03-02", /, **said: Any) -> Command:
        """The command as it is usually said on that day at noon; ``said`` adds to that, and overrides it."""
        at = datetime.combine(date.fromisoformat(on), time(12), tzinfo=self.network.zone)
        usual: dict[str, Any] = {
            "id": f"command-{next(self._numbers)}",
            "case": FILING,
            "by": Actor(LIBRARIAN, HOME, Office.STAFF),
            "happened_at": at,
            "recorded_at": at,
        }
        if kind is c.FileRequest:
            usual |= {"by": self.reader, "patron": READER, "proposed": HOME, "requested": BOOK}
            usual |= {"service": Service.LOAN, "route": Route.LOGIN, "declared": True}
        elif kind is c.HearFiling:
            usual |= {
                "by": Actor("ils", CENTRE, Office.SYSTEM),
                "filing": FILING,
                "case": f"{CENTRE}/{FILING}",
            }
            usual |= {"patron": READER, "requested": BOOK, "service": Service.LOAN, "declared": True}
        elif kind is c.NoteUnanswered:
            usual["by"] = Actor("clock", self.library, Office.CLOCK)
        return kind(**(usual | said))

    @property
    def reader(self) -> Actor:
        """The reader, at this gateway."""
        return Actor(READER, self.library, Office.PERSON)

    def do(self, kind: type[Command], on: str = "2026-03-02", /, **said: Any) -> Change:
        """Decide, and remember what became of it."""
        return self.take(self.command(kind, on, **said))

    def take(self, command: Command) -> Change:
        """Decide this command, and remember what became of it."""
        change = decide(ILL, command, self._read(command), policy=self.policies, facts=self.facts)
        self.aggregates = {**self.aggregates, **{it.key: it for it in change.becomes}}
        self.told += change.messages
        return change

    def reasons(self, kind: type[Command], on: str = "2026-03-02", /, **said: Any) -> tuple[Reason, ...]:
        """Every reason for which it would be refused."""
        command = self.command(kind, on, **said)
        return check(ILL, command, self._read(command), policy=self.policies, facts=self.facts)

    def _read(self, command: Command) -> Mapping[Key, Aggregate]:
        """What a desk would load for it: its own aggregate, and those that it says that it looks at."""
        lifecycle = ILL.of(type(command))
        own = Key(lifecycle.name, command.case)
        keys = (own, *lifecycle.reads(self.aggregates.get(own), command))
        return {key: self.aggregates[key] for key in keys if key in self.aggregates}

    def cited(
        self, kind: type[Command], on: str = "2026-03-02", /, **said: Any
    ) -> list[tuple[str, str | None]]:
        """The code and the clause of each reason for which it would be refused."""
        reasons = self.reasons(kind, on, **said)
        return [(reason.code, reason.clause.id if reason.clause else None) for reason in reasons]

    def by_mail(self, on: str = "2026-03-02", /, **said: Any) -> Change:
        """A form is filed by mail."""
        usual = {"route": Route.MAIL_FORM, "details": ("name", "email")}
        return self.do(c.FileRequest, on, **(usual | said))

    def clock(self, on: str) -> Command | None:
        """What the clock says at the beginning of that day."""
        at = datetime.combine(date.fromisoformat(on), time(0), tzinfo=self.network.zone)
        return wake(self.filing(), self.network, at)

    @property
    def policies(self) -> Any:
        """The policy of each lifecycle that a filing touches."""
        network = ("ill.filing", "ill.account", "ill.identity")
        return {**dict.fromkeys(network, self.network), "ill.borrowing": self.borrowing}

    def filing(self, id: str = FILING) -> Filing:
        """The filing."""
        it = self.aggregates[Key(Filing.kind, id)]
        assert isinstance(it, Filing)
        return it

    def case(self, id: str = FILING) -> BorrowingCase:
        """The case that was opened for it at this desk."""
        it = self.aggregates[Key(BorrowingCase.kind, id)]
        assert isinstance(it, BorrowingCase)
        return it
