"""A service desk without a storage: what is said to it is decided at once and remembered.

``ticket`` and ``case`` make a ticket and a situation by hand, for guards and effects alone; ``Desk`` runs
commands through the tables and keeps every aggregate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

from servflow.core.aftersales.books.table import BOOK
from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.complaints.table import COMPLAINT
from servflow.core.aftersales.desk_rules import (
    Chain,
    Deemed,
    Grade,
    Listing,
    Numbering,
    Reopening,
    Series,
    Survey,
)
from servflow.core.aftersales.policy import (
    Collection,
    Exclusion,
    Promise,
    QuoteValidity,
    RepairWarranty,
    ServicePolicy,
    ServiceRule,
    Warranty,
)
from servflow.core.aftersales.technicians.table import TECHNICIAN
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.aftersales.tickets.states import Channel, ServiceKind, Stage, TicketRole
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.aftersales.units.table import UNIT
from servflow.core.aftersales.words import (
    CollectionWay,
    Coverage,
    Event,
    PauseReason,
    TargetKind,
    parse_lasting,
)
from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Message, Office
from servflow.core.citations import Clause, Dated, Reason
from servflow.core.clocks import parse_allowance
from servflow.core.dates import Period
from servflow.core.ledger import Posting
from servflow.core.lifecycle import Lifecycles, Situation, check, decide
from servflow.core.worktime import Calendar

ZONE: Final = ZoneInfo("Asia/Shanghai")
FIRM: Final = "firm"
CUSTOMER: Final = "customer"
ENGINEER: Final = "engineer"
TICKET_ID: Final = "T-1"
HOURS: Final = Calendar(
    "firm", ZONE, weekly=dict.fromkeys(range(5), ((time(8), time(12)), (time(14), time(18))))
)
MONDAY: Final = datetime(2026, 5, 4, 9, tzinfo=ZONE)
"""When everything begins here, in the firm's hours."""
SOLD: Final = date(2026, 3, 1)

ONE_YEAR: Final = parse_lasting("1 year")
RULES: Final[Mapping[str, ServiceRule]] = {
    "urgent": Question("urgent", ("yes", "no"), default="no"),
    "channels": Listing(of="channels", entries=("hotline", "website", "outlet")),
    "warranty": Warranty(since=Event.SOLD, parts=ONE_YEAR, labour=ONE_YEAR, travel=ONE_YEAR),
    "repair-warranty": RepairWarranty(lasting=parse_lasting("90 days")),
    "misuse": Exclusion(outcome=Coverage.PAID, when=When((("cause", ("misuse",)),))),
    "answer": Promise(kind=TargetKind.ANSWER, within=parse_allowance("4 hours")),
    "on-site": Promise(kind=TargetKind.ON_SITE, within=parse_allowance("24 hours"), round_the_clock=True),
    "resolve": Promise(
        kind=TargetKind.RESOLVE,
        within=parse_allowance("3 working days"),
        pauses=(PauseReason.WAITING_CUSTOMER, PauseReason.WAITING_PART),
    ),
    "quote": QuoteValidity(within=parse_allowance("7 days")),
    "collection": Collection(way=CollectionWay.INVOICE_SAME_DAY),
    "survey": Survey(
        questions=("quality", "attitude"),
        lowest=1,
        highest=5,
        satisfied_from=4,
        dissatisfied_to=2,
        attempts=2,
    ),
    "reopening": Reopening(within=Period(days=30)),
    "deemed": Deemed(within=parse_allowance("7 days")),
    "escalation": Chain(of="escalation", through=("supervisor", "head-office")),
    "grave": Grade(name="grave", rank=1, when=When((("urgent", ("yes",)),))),
    "ordinary": Grade(name="ordinary", rank=2, when=When((("urgent", ("no",)),))),
    "register": Numbering(series=Series.CALL_REGISTER),
    "voucher": Numbering(series=Series.VOUCHER, copies=("customer", "firm")),
    "receipt": Numbering(series=Series.RECEIPT, copies=("customer", "firm")),
    "in-out": Numbering(series=Series.IN_OUT),
    "tag": Numbering(series=Series.TAG),
    "invoice": Numbering(series=Series.INVOICE),
    "complaint": Numbering(series=Series.COMPLAINT),
}
"""What the firm of these tests says: a small rulebook, each rule under a clause that is named after it."""


def policy(**changed: ServiceRule | None) -> ServicePolicy:
    """The firm's rules, with others under the names that are given; ``None`` takes one out.

    A name is written with underscores: ``on_site`` is the rule ``on-site``.
    """
    rules: dict[str, ServiceRule | None] = dict(RULES)
    rules |= {name.replace("_", "-"): rule for name, rule in changed.items()}
    return ServicePolicy(
        rulebook="rulebook",
        calendar=HOURS,
        currency="CNY",
        firm=FIRM,
        rules={
            name: Dated.always(name, rule, Clause(f"X-{name}"))
            for name, rule in rules.items()
            if rule is not None
        },
    )


POLICY: Final = policy()

_CUSTOMERS: Final = (
    c.ReportFault,
    c.AcceptQuote,
    c.DeclineQuote,
    c.AnnounceInbound,
    c.ConfirmDelivery,
    c.AcceptWork,
    c.RejectWork,
    c.RecordSurvey,
    c.ReopenTicket,
    c.CancelTicket,
    c.NoteMessage,
)
_CLOCKS: Final = (c.FireRung, c.MarkBreach, c.RemindHold, c.RemindDuty)


def staff(party: str, *posts: str, serves: str = FIRM) -> Actor:
    """Somebody of the firm's staff, in these posts."""
    return Actor(party, serves, Office.STAFF, posts)


SUPERVISOR: Final = staff("supervisor", "supervisor")
DESK: Final = staff("clerk", "desk")
THE_ENGINEER: Final = staff(ENGINEER, "engineer")
THE_CUSTOMER: Final = Actor(CUSTOMER, CUSTOMER, Office.PERSON)
SYSTEM: Final = Actor("policy", FIRM, Office.SYSTEM)
CLOCK: Final = Actor("clock", FIRM, Office.CLOCK)

_USUAL: Final[Mapping[type[Command], Mapping[str, Any]]] = {
    c.ReportFault: {
        "firm": FIRM,
        "customer": CUSTOMER,
        "channel": Channel.HOTLINE,
        "symptom": "it does not start",
        "unit": "U-1",
        "dates": {"sold": SOLD},
        "answers": {"cause": "material"},
    },
    c.Triage: {"severity": 3, "fault_code": "F-1", "fault_group": "pump"},
    c.RejectTicket: {"reason": "not our product"},
    c.ReviseCoverage: {"reason": "it was misused"},
    c.Dispatch: {"engineer": ENGINEER},
    c.MoveAppointment: {"reason": "the road is closed"},
    c.BeginInShop: {"engineer": ENGINEER},
    c.AdviseRemotely: {"solved": True},
    c.FindUnrepairable: {"evidence": "report-1"},
}
"""What a command says where a test does not care."""

_numbers: Final = count(1)


def command(kind: type[Command], /, **said: Any) -> Any:
    """A command as it is usually said: to ticket T-1, on Monday at nine, by whoever usually says it."""
    by = THE_CUSTOMER if kind in _CUSTOMERS else CLOCK if kind in _CLOCKS else SUPERVISOR
    at = said.get("happened_at", MONDAY)
    usual: dict[str, Any] = {
        "id": f"command-{next(_numbers)}",
        "case": TICKET_ID,
        "by": by,
        "happened_at": at,
        "recorded_at": at,
    }
    return kind(**(usual | dict(_USUAL.get(kind, {})) | said))


def ticket(state: Stage = Stage.REPORTED, **said: Any) -> Ticket:
    """A ticket, made by hand, in ``state``: for guards and effects alone."""
    usual: dict[str, Any] = {
        "id": TICKET_ID,
        "state": state,
        "version": 1,
        "firm": FIRM,
        "customer": CUSTOMER,
        "reported_at": MONDAY,
        "channel": Channel.HOTLINE,
        "service": ServiceKind.REPAIR,
        "symptom": "it does not start",
        "unit": "U-1",
        "dates": {"sold": SOLD},
    }
    return Ticket(**(usual | said))


def case(
    it: Any,
    said: Command,
    *,
    role: TicketRole = TicketRole.SUPERVISOR,
    others: Iterable[Aggregate] = (),
    rules: ServicePolicy = POLICY,
    facts: TicketFacts | None = None,
) -> Situation[Any, Any, ServicePolicy, TicketFacts | None]:
    """A situation, made by hand, with these other aggregates in it."""
    return Situation(it, said, rules, facts, role, {other.key: other for other in others})


def lifecycles() -> Lifecycles:
    """The tables of the service desk, all together."""
    return _TABLES


_TABLES: Final = Lifecycles(TICKET, BOOK, TECHNICIAN, UNIT, COMPLAINT)


class Desk:
    """The desk of a service firm: its rules, what it is told by its host, and all it has decided.

    A command is said at ``now``, to ticket T-1, by whoever usually says it; every word can be said otherwise.
    """

    def __init__(self, rules: ServicePolicy = POLICY, facts: TicketFacts | None = None) -> None:
        self.policy = rules
        self.facts = facts
        self.now = MONDAY
        self.aggregates: Mapping[Key, Any] = {}
        self.changes: tuple[Change, ...] = ()

    def wait(self, **span: int) -> None:
        """Time goes on: ``wait(hours=3)``."""
        self.now += timedelta(**span)

    def command(self, kind: type[Command], /, **said: Any) -> Any:
        """The command as it is usually said, now."""
        return command(kind, **({"happened_at": self.now} | said))

    def do(self, kind: type[Command], /, **said: Any) -> Change:
        """Decide, and remember what became of it."""
        return self.take(self.command(kind, **said))

    def take(self, said: Command) -> Change:
        """Decide this command, and remember what became of it."""
        change = decide(lifecycles(), said, self.aggregates, policy=self.policy, facts=self.facts)
        self.aggregates = {**self.aggregates, **{it.key: it for it in change.becomes}}
        self.changes = (*self.changes, change)
        return change

    def refusals(self, kind: type[Command], /, **said: Any) -> tuple[Reason, ...]:
        """Why it would be refused; empty where it would not."""
        what = self.command(kind, **said)
        return check(lifecycles(), what, self.aggregates, policy=self.policy, facts=self.facts)

    def codes(self, kind: type[Command], /, **said: Any) -> list[str]:
        """The codes of the reasons for which it would be refused."""
        return [reason.code for reason in self.refusals(kind, **said)]

    def put(self, *aggregates: Aggregate) -> None:
        """These are there, whatever came before."""
        self.aggregates = {**self.aggregates, **{it.key: it for it in aggregates}}

    def ticket(self, id: str = TICKET_ID) -> Ticket:
        """The ticket as it has become."""
        found = self.aggregates[Key(Ticket.kind, id)]
        assert isinstance(found, Ticket)
        return found

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that was told so far, in order."""
        return tuple(each for change in self.changes for each in change.messages)

    @property
    def postings(self) -> tuple[Posting, ...]:
        """All that was posted so far, in order."""
        return tuple(each for change in self.changes for each in change.postings)

    def come_to(self, stage: Stage, **report: Any) -> Ticket:
        """A ticket of a repair on the spot, free in the warranty, taken as far as ``stage``."""
        for reached, kind, said in _WAY:
            self.do(kind, **(said | (report if kind is c.ReportFault else {})))
            if reached is stage:
                break
        return self.ticket()


_WAY: Final[tuple[tuple[Stage, type[Command], dict[str, Any]], ...]] = (
    (Stage.REPORTED, c.ReportFault, {}),
    (Stage.TRIAGED, c.Triage, {}),
    (Stage.COVERED, c.DecideCoverage, {}),
    (Stage.APPROVED, c.ApproveFree, {}),
    (Stage.DISPATCHED, c.Dispatch, {}),
    (Stage.ON_SITE, c.Arrive, {"by": THE_ENGINEER}),
    (Stage.REPAIRED, c.Finish, {"by": THE_ENGINEER}),
    (Stage.ACCEPTED, c.AcceptWork, {}),
    (Stage.FOLLOWED_UP, c.RecordSurvey, {"scores": {"quality": 5, "attitude": 5}}),
    (Stage.CLOSED, c.CloseTicket, {}),
)
