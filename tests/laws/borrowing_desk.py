"""A borrowing desk without a storage: what is said to it is decided at once and remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from functools import cache
from itertools import count
from typing import Any, Final

from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Message, Office
from servflow.core.citations import Dated, Plain, Reason
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.charges import owed
from servflow.core.ill.borrowing.following import wake
from servflow.core.ill.borrowing.model import Attempt, BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.states import DelayKind
from servflow.core.ill.terms import (
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Requested,
    SentVia,
    Service,
    Settlement,
    Status,
    WhereLost,
)
from servflow.core.ledger import Account, AccountKind, Posting, balance
from servflow.core.lifecycle import check, decide
from servflow.core.money import Money
from servflow.rulebooks import lending_policy, load
from servflow.rulebooks._policies import borrowing_policy

__all__ = ["BorrowingDesk", "costs", "facts_of", "yuan"]

LIBRARY: Final = "CN-CQUE"
PATRON: Final = "p-17"
LENDER: Final = "CN-NLC"
SUPPLIERS: Final = ("CN-NLC", "CN-ZJU")
CASE: Final = "B-1"
LINK: Final = Delivery(via=SentVia.URL, reference="https://example.org/scan.pdf")

_BY_THE_PATRON: Final = (c.DraftRequest, c.Submit)
_BY_THE_CLOCK: Final = (c.Expire, c.NoteDelay, c.RemindPatron)
_USUAL: Final[Mapping[type[Command], Mapping[str, Any]]] = {
    c.DraftRequest: {
        "patron": PATRON,
        "library": LIBRARY,
        "service": Service.LOAN,
        "requested": Requested(title="古城水系考"),
        "suppliers": SUPPLIERS,
    },
    c.Block: {"reasons": (Reason("ill.block.debt"),)},
    c.OverrideBlock: {"reason": "馆长同意"},
    c.CloseAsDuplicate: {"other": "B-0"},
    c.DeclineRequest: {"reason": "教材不予借入"},
    c.RegisterAtDesk: {"desk": "nanshan", "form": "F-1", "card_shown": True},
    c.SetPickUp: {"until": date(2026, 2, 20)},
    c.SetRota: {"suppliers": ("CN-SZU",)},
    c.Resubmit: {"successor": "B-2"},
    c.HearRota: {"suppliers": ("CN-SZU",), "evidence": "<17@calis.example>"},
    c.GoOnWith: {"attempt": 2},
    c.LeaveSupplier: {"attempt": 2},
    c.NoteDelay: {"kind": DelayKind.SHIP_BY},
    c.AcceptOffer: {"revision": 1},
    c.RejectOffer: {"revision": 1},
    c.HearOffer: {"cost": Money(30, "CNY")},
    c.HearShipped: {"items": ("NLC-1",), "due": date(2026, 3, 6)},
    c.HearCancelAnswer: {"yes": True},
    c.HearRenewalAnswer: {"yes": False},
    c.HearRecall: {"due": date(2026, 2, 6)},
    c.HearHoldReturn: {"held": True},
    c.HearStatus: {"status": Status.LOANED},
    c.OpenReturn: {
        "origin": CASE,
        "library": LIBRARY,
        "patron": PATRON,
        "supplier": LENDER,
        "request_id": "B-1~1",
        "requested": Requested(title="古城水系考"),
        "service": Service.LOAN,
        "items": (),
        "due": None,
    },
    c.ReportDefect: {"note": "缺第113页"},
    c.ReportDamage: {"note": "封面破损"},
    c.RecordLoss: {"where": WhereLost.PATRON},
    c.CloseLoss: {"how": Settlement.PAID},
    c.CloseCaseManually: {"reason": "系统迁移"},
    c.ClearAttention: {"code": "ill.attention.late"},
    c.RemindPatron: {"due": date(2026, 3, 6), "step": 1},
}


def yuan(amount: int | str) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


def costs(**amounts: int | str) -> tuple[CostLine, ...]:
    """Costs in CNY by kind: ``loan=40, overdue=6``."""
    return tuple(CostLine(kind=CostKind[name.upper()], amount=yuan(each)) for name, each in amounts.items())


def facts_of(message: Message) -> dict[str, Plain]:
    """What a message says beside what every message says."""
    return {
        name: value
        for name, value in message.facts
        if name not in {"request", "supplier", "requester", "title"}
    }


@cache
def _shipped_policy() -> BorrowingPolicy:
    lender = lending_policy(load("nlc/interlibrary-loan"), library=LENDER)
    book = load("cque/interlibrary-loan")
    return borrowing_policy(book, library=LIBRARY, lenders={LENDER: lender})


class BorrowingDesk:
    """The desk of a borrowing library: its policy, what it knows of the patron, all it has decided.

    The rules are the shipped ones of the university of education in Chongqing, which borrows from the
    National Library under that library's own rules, and from a second one whose rules it does not know.
    A command is said on a day, at ten in the morning, by whoever usually says it: a supplier by the one
    whose attempt is named, without a word the present one. ``Desk.clock`` lets the time pass.
    """

    def __init__(self) -> None:
        self.policy = _shipped_policy()
        self.facts = BorrowingFacts(category="teacher")
        self.aggregates: dict[Key, Aggregate] = {}
        self.postings: tuple[Posting, ...] = ()
        self.messages: tuple[Message, ...] = ()
        self._numbers = count(1)

    def know(self, **facts: Any) -> None:
        """Other facts from now on."""
        self.facts = replace(self.facts, **facts)

    def rule(self, **values: Any) -> None:
        """Other values of these rules from now on, on every day, with the clauses they had."""
        rules: dict[str, Any] = {}
        for name, value in values.items():
            old = getattr(self.policy, name)
            rules[name] = Dated.always(old.name, value, old.on(date.max).clause)
        self.policy = replace(self.policy, **rules)

    def at(self, when: str) -> datetime:
        """The instant: ``2026-01-05`` is ten in the morning, ``2026-01-05T16:30`` what it says."""
        day, _, hour = when.partition("T")
        return datetime.combine(
            date.fromisoformat(day), time.fromisoformat(hour or "10:00"), tzinfo=self.policy.zone
        )

    def by(self, office: Office, serves: str = LIBRARY, party: str = "somebody") -> Actor:
        """Somebody of that office."""
        return Actor(party, serves, office)

    @property
    def patron(self) -> Actor:
        """The patron himself."""
        return Actor(PATRON, LIBRARY, Office.PERSON)

    @property
    def staff(self) -> Actor:
        """A librarian of the borrowing library."""
        return self.by(Office.STAFF)

    @property
    def system(self) -> Actor:
        """A program of the borrowing library."""
        return self.by(Office.SYSTEM)

    @property
    def time(self) -> Actor:
        """The clock."""
        return self.by(Office.CLOCK, party="clock")

    def supplier(self, attempt: int = 1, case: str = CASE) -> Actor:
        """The system of the supplier of that attempt; of the first one named where there is none."""
        it = self.aggregates.get(Key(BorrowingCase.kind, case))
        asked = it.numbered(attempt) if isinstance(it, BorrowingCase) else None
        return self.by(Office.SYSTEM, asked.supplier if asked is not None else LENDER, "ils")

    def command(self, kind: type[Command], on: str, /, **said: Any) -> Command:
        """The command as it is usually said then; ``said`` adds to that, and overrides it."""
        case = said.get("case", CASE)
        usual: dict[str, Any] = {"id": f"command-{next(self._numbers)}", "case": case, "by": self.staff}
        if issubclass(kind, c.Hear):
            it = self.aggregates.get(Key(BorrowingCase.kind, case))
            current = it.current if isinstance(it, BorrowingCase) else None
            usual["attempt"] = said.get("attempt", current or 1)
            usual["by"] = self.supplier(usual["attempt"], case)
        elif kind in _BY_THE_PATRON:
            usual["by"] = self.patron
        elif kind in _BY_THE_CLOCK:
            usual["by"] = self.time
        elif kind is c.OpenReturn:
            usual["by"] = self.system
        usual |= _USUAL.get(kind, {})
        usual |= {"happened_at": self.at(on), "recorded_at": self.at(on)}
        return kind(**(usual | said))

    def do(self, kind: type[Command], on: str, /, **said: Any) -> Change:
        """Decide, and remember what became of it."""
        return self.take(self.command(kind, on, **said))

    def take(self, command: Command) -> Change:
        """Decide this command, and remember what became of it."""
        change = decide(ILL, command, self.aggregates, policy=self.policy, facts=self.facts)
        self.aggregates |= {it.key: it for it in change.becomes}
        self.postings += change.postings
        self.messages += change.messages
        return change

    def reasons(self, kind: type[Command], on: str, /, **said: Any) -> tuple[Reason, ...]:
        """Every reason for which it would be refused."""
        command = self.command(kind, on, **said)
        return check(ILL, command, self.aggregates, policy=self.policy, facts=self.facts)

    def refused(
        self, kind: type[Command], on: str, /, **said: Any
    ) -> list[tuple[str, str | None, dict[str, Plain]]]:
        """Code, clause and facts of every reason for which it would be refused."""
        return [
            (each.code, each.clause.id if each.clause else None, dict(each.facts))
            for each in self.reasons(kind, on, **said)
        ]

    def wakes(self, through: str, case: str = CASE) -> Iterator[Command]:
        """What the clock has to say by then, each done when it is asked for."""
        while (command := wake(self.case(case), self.policy, self.at(through))) is not None:
            self.take(command)
            yield command

    def clock(self, through: str, case: str = CASE) -> list[str]:
        """Let the time pass; the names of what the clock had to say."""
        return [type(command).__name__ for command in self.wakes(through, case)]

    # --- what is usually said before a test begins ---

    def draft(self, on: str = "2026-01-05", **said: Any) -> None:
        """A patron writes a request down."""
        self.do(c.DraftRequest, on, **said)

    def submit(self, on: str = "2026-01-05", *, declared: bool = True, **said: Any) -> None:
        """A patron files a request; here staff look at it first."""
        self.draft(on, **said)
        self.do(c.Submit, on, declared=declared, by=self.patron, case=said.get("case", CASE))

    def send(self, on: str = "2026-01-05", **said: Any) -> None:
        """A request is filed and approved, and the first supplier asked."""
        self.submit(on, **said)
        self.do(c.ApproveRequest, on, copyright_basis="私人学习", case=said.get("case", CASE))

    def promise(self) -> None:
        """... and it promises."""
        self.send()
        self.do(c.HearPromise, "2026-01-06")

    def offer(self, **said: Any) -> None:
        """... and it makes an offer, above what is taken without asking."""
        self.send()
        self.do(c.HearOffer, "2026-01-06", **said)

    def retry(self, **said: Any) -> None:
        """... and it says "try again"."""
        self.send()
        self.do(c.HearRetry, "2026-01-06", **said)

    def ship(self, **said: Any) -> None:
        """... and it ships, due on Friday, 6 March."""
        self.promise()
        self.do(c.HearShipped, "2026-01-07", **said)

    def receive(self, **said: Any) -> None:
        """... and it is here."""
        self.ship(**said)
        self.do(c.Receive, "2026-01-12")

    def lend(self, **said: Any) -> None:
        """... and the patron has it."""
        self.receive(**said)
        self.do(c.CheckOut, "2026-01-13")

    def take_back(self, on: str = "2026-02-02", **said: Any) -> None:
        """... and brings it back."""
        self.lend(**said)
        self.do(c.TakeBack, on)

    def return_it(self, on: str = "2026-02-03", **said: Any) -> None:
        """... and it is on its way back."""
        self.take_back(**said)
        self.do(c.ShipBack, on)

    def deliver(self) -> None:
        """A copy is asked for, and its link comes."""
        self.send(service=Service.COPY)
        self.do(c.HearShipped, "2026-01-07", service=Service.COPY, items=(), due=None, delivery=LINK)

    def exhaust(self) -> None:
        """Nobody is left to be asked."""
        self.send(suppliers=(LENDER,))
        self.do(c.HearUnfilled, "2026-01-06")

    # --- what has become of it ---

    def case(self, case: str = CASE) -> BorrowingCase:
        """The case."""
        it = self.aggregates[Key(BorrowingCase.kind, case)]
        assert isinstance(it, BorrowingCase)
        return it

    def attempt(self, number: int = 1, case: str = CASE) -> Attempt:
        """One of its attempts."""
        found = self.case(case).numbered(number)
        assert found is not None
        return found

    def attention(self, case: str = CASE) -> list[tuple[str, dict[str, Plain]]]:
        """What staff are to look at: code, without its beginning, and facts."""
        return [
            (each.code.removeprefix("ill.attention."), dict(each.facts)) for each in self.case(case).attention
        ]

    def owed(self, on: str, case: str = CASE) -> dict[str, Money]:
        """What the patron owes as the case stands on that day, by kind of charge."""
        found = owed(self.case(case), self.policy, date.fromisoformat(on))
        return {kind: charge.money for kind, charge in found}

    def charged(self, patron: str = PATRON) -> Money:
        """What has been posted to the patron, all in all."""
        return balance(self.postings, Account(AccountKind.RECEIVABLE, patron), "CNY")

    def payable(self, supplier: str = LENDER, currency: str = "CNY") -> Money:
        """What has been posted as owed to a lender, all in all."""
        return balance(self.postings, Account(AccountKind.PAYABLE, supplier), currency)

    @staticmethod
    def kinds(change: Change) -> list[str]:
        """What was told by a change, without the first word."""
        return [message.kind.removeprefix("ill.") for message in change.messages]

    @staticmethod
    def names(change: Change) -> list[str]:
        """The commands of a change."""
        return [type(entry.command).__name__ for entry in change.entries]


LIBRARY_USE: Final = Condition.LIBRARY_USE_ONLY
