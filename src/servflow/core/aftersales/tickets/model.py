"""The ticket of a service, and the facts that it is decided on. All are values.

What follows from dates is asked of them and never stored: whether it is late, whether it may still be
reopened, what is due next. What was told to somebody is: the promises, with the due dates that were told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from fractions import Fraction
from functools import cache
from typing import ClassVar

from servflow.core.aftersales.circumstances import Distance
from servflow.core.aftersales.claims import PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.costs import PricedLine, WorkLine
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.quotes import Quote
from servflow.core.aftersales.tickets.states import (
    Channel,
    Custody,
    Outcome,
    PaperState,
    Route,
    ServiceClass,
    ServiceKind,
    Stage,
    VisitState,
)
from servflow.core.aftersales.warranty import Verdict
from servflow.core.aftersales.words import Event, Lasting, PauseReason, TargetKind
from servflow.core.changes import Aggregate
from servflow.core.citations import Clause, Reason
from servflow.core.clocks import Allowance, Pause, Run, Rung, Target
from servflow.core.errors import InvalidValue
from servflow.core.fees import Charge
from servflow.core.ledger import Posting
from servflow.core.money import Money
from servflow.core.worktime import Calendar

__all__ = [
    "Call",
    "Commitment",
    "DutyDone",
    "EarlierEnd",
    "Help",
    "Hold",
    "Item",
    "Paper",
    "Passed",
    "Purchase",
    "SurveyAnswer",
    "Ticket",
    "TicketFacts",
    "Visit",
    "Work",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """What the service desk is told by its host before it decides (the ``Facts`` port).

    ``contracts`` over the unit and earlier ``repairs`` of it that are not in this desk's own records;
    ``replacement`` where the unit took the place of another one.
    """

    contracts: tuple[ServiceContract, ...] = ()
    repairs: tuple[PastRepair, ...] = ()
    replacement: Replacement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What the customer paid for the unit (购货), by which refunds are bounded: the price of all.

    And how many.

    Raises:
        InvalidValue: the price is below nothing, or less than one was bought.
    """

    price: Money
    quantity: int = 1

    def __post_init__(self) -> None:
        if self.price.minor < 0:
            raise InvalidValue("price", str(self.price), "an amount of 0 or more")
        if type(self.quantity) is not int or self.quantity < 1:
            raise InvalidValue("quantity", self.quantity, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """One promise to the customer, as it was told (服务承诺), and what has happened to its clock.

    ``due`` is the due date as it was told last; ``fired`` the rungs of the ladder that are behind, by
    ``cycle/number``. The calendar is the firm's, or always open. ``picked_at`` is when another target took
    the place of the one that was told first: no rung of its ladder is reached before. ``fell_away``: it is
    void because no rule promised it any more, and goes on where one does again.
    """

    kind: TargetKind
    since: Event
    within: Allowance
    clause: Clause
    version: str
    rules: tuple[str, ...] = ()
    round_the_clock: bool = False
    pauses: tuple[PauseReason, ...] = ()
    excuses: tuple[str, ...] = ()
    extended_by: str = ""
    ladder: tuple[Rung, ...] = ()
    run: Run = field(default_factory=Run)
    due: datetime | None = None
    fired: tuple[str, ...] = ()
    picked_at: datetime | None = None
    fell_away: bool = False

    def target(self, calendar: Calendar) -> Target:
        """The target of the service clock; ``calendar`` is the firm's."""
        return Target(
            kind=self.kind.value,
            within=self.within,
            calendar=_always(calendar.zone) if self.round_the_clock else calendar,
            pauses=frozenset(reason.value for reason in self.pauses),
            excuses=frozenset(self.excuses),
            extended_by=self.extended_by or None,
            ladder=self.ladder,
            clause=self.clause,
            version=self.version,
        )


@cache
def _always(zone: tzinfo) -> Calendar:
    return Calendar.always(zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """That the service stands still (挂起): since when, until when at the latest, and a note.

    ``until`` is ``None`` where somebody is reminded instead, on ``remind_on``.
    """

    since: datetime
    until: datetime | None = None
    remind_on: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit, or one job in the shop (派工): who, when, and how it went.

    ``window_from`` to ``window_until`` is what was agreed with the customer, both included. ``crew`` are
    those who go along; ``engineer`` is in charge (AS-FLOW-19). ``outlet``: a service outlet does it
    (AS-FLOW-29). ``moved`` counts how often the appointment was moved, ``consent`` by what the customer is
    known to have agreed. ``dispatched_at`` is since when it is this engineer's. ``inspection``: it was to
    find the cause, before it was decided who pays or agreed to what it costs (AS-FLOW-12).
    """

    number: int
    engineer: str
    route: Route
    window_from: datetime | None = None
    window_until: datetime | None = None
    crew: tuple[str, ...] = ()
    outlet: bool = False
    inspection: bool = False
    state: VisitState = VisitState.PLANNED
    moved: int = 0
    consent: str = ""
    dispatched_at: datetime | None = None
    departed_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    order: int | None = None
    carried_over_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A unit, or a part of it, in the firm's hands or once there (实物): who has it, on which papers.

    ``receipt`` is the number of the customer's receipt, ``tag`` of the repair tag, ``entry`` of the line in
    the in/out register. ``swapped_for`` is the serial that came back from a vendor in its place.
    ``given_for`` is the unit, of the customer's, that this one was given for, where it is the firm's
    replacement.
    """

    serial: str
    custody: Custody
    what: str = ""
    condition: str = ""
    accessories: tuple[str, ...] = ()
    receipt: int | None = None
    tag: int | None = None
    entry: int | None = None
    taken_in_on: date | None = None
    given_back_on: date | None = None
    promised_back_on: date | None = None
    vendor: str = ""
    swapped_for: str = ""
    given_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A numbered paper of the ticket (单据): how it stands, whom its copies went to, what it is about.

    ``item`` is the serial of the item that it is about, ``signed_by`` who signed it, ``why`` it is void.
    """

    series: Series
    number: int
    issued_on: date
    state: PaperState = PaperState.OPEN
    copies: tuple[str, ...] = ()
    item: str = ""
    signed_by: tuple[str, ...] = ()
    ended_on: date | None = None
    why: str = ""

    @property
    def ref(self) -> str:
        """How it is named among the papers of its ticket: ``receipt/17``."""
        return f"{self.series.value}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Help by telephone or from afar (电话、远程支持): by whom, whether it solved the matter.

    ``authorised`` says by what the customer let somebody into his system (AS-FLOW-22).
    """

    at: datetime
    by: str
    route: Route
    solved: bool
    authorised: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call to the customer (电话): whether somebody took it, and whether a text message followed."""

    at: datetime
    by: str
    about: str
    taken: bool
    messaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """That the matter was passed on (流转): from whom to whom, of which chain, and what was said."""

    at: datetime
    of: str
    to: str
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One line of work as it was done: by whom, on which day, for how long, which part.

    ``hours`` are those of labour, exact. ``part`` is the serial or the number of the part that was issued.
    ``discounted`` is what a part costs at the discount price (优惠价), for where the verdict grants it;
    ``rework``: the service was done again (返修), which costs the customer nothing.
    """

    line: WorkLine
    by: str
    on: date
    hours: Fraction | None = None
    part: str = ""
    discounted: Charge | None = None
    rework: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswer:
    """What the customer said of the service (满意度调查): a score for each question."""

    on: date
    by: str
    scores: Mapping[str, int]
    satisfied: bool
    dissatisfied: bool
    opinion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierEnd:
    """A service that was done and accepted before its ticket was reopened (前次服务): it stays one.

    ``finished_at`` is when it was done, ``reopened_at`` until when it was the last one, ``again`` whether it
    was done again, or repeated an earlier one.
    """

    finished_at: datetime
    reopened_at: datetime
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDone:
    """What was done about one thing that was due (例行事项记录).

    ``dissatisfied``: the customer was; it is a complaint (AS-QA-11).
    """

    key: str
    done_on: date
    by: str
    outcome: str
    checked: tuple[str, ...] = ()
    opinion: str = ""
    signed_for_firm: str = ""
    signed_for_customer: str = ""
    dissatisfied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(Aggregate):
    """One service (服务单), from its report to its end.

    Who: ``firm`` is the service firm, ``customer`` the party that reported it, ``unit`` the unit's id (a
    serial, or the id of its record), ``order_line`` where it was sold by one; neither: it is unidentified.

    What: ``answers`` to the questions of the rulebook, ``distance`` as recorded at the report, ``given`` what
    the rulebook leaves blank, ``terms`` what it leaves to the contract, ``dates`` of the unit by event
    (``Event``'s values), ``shown`` the facts, papers, signatures and photographs that are on record, each
    with what it is known by. The rules are those of the day of the report.

    Who pays: ``verdict`` and the earlier ones; ``goodwill`` who approved that a class of charges is let go,
    by class.

    How far: ``commitments`` by kind (an answer to a later message: ``answer/2``), ``holds`` by reason,
    ``visits`` by number, ``items`` by serial, ``papers`` by reference (``receipt/17``), ``work``, ``posted``
    what the ledger has of it; ``quoted`` the lines of the quote, ``agreed_before`` the one that the customer
    had accepted when he was quoted anew, ``settled`` the first lines of work at the prices of a verdict that
    is behind, where it was reopened since, ``repairs`` what it had repaired by then. ``rework``: it is being
    done again; ``reworks`` counts how often. ``repeats`` is the ticket that this one repeats. ``complaints``
    by id: whether each is open. ``escalation`` is 0 where nobody higher has it. ``happened`` is when the
    events came about that clocks begin with, by event (``Event``'s values); ``pauses`` is all that it ever
    stood still for; ``repriced`` the day whose rules the promises are picked by, where not that of the
    report.

    ``reminded`` are the duties that somebody was reminded of, by key, ``duties`` what was done about them.

    Of what was reopened: ``earlier_ends`` and ``earlier_surveys``; ``settled_postings`` is how many of
    ``posted`` are of before, ``uninvoiced`` whether some of that has no invoice yet. ``heard_until`` is when
    the last complaint was settled: since then the customer is silent.
    """

    kind: ClassVar[str] = "aftersales.ticket"

    state: Stage
    firm: str
    customer: str
    reported_at: datetime
    channel: Channel
    service: ServiceKind
    symptom: str
    unit: str | None = None
    order_line: str | None = None
    purchase: Purchase | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    distance: Distance | None = None
    given: Mapping[str, int | datetime] = field(default_factory=dict)
    terms: Mapping[str, Lasting] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severity: int | None = None
    fault_code: str = ""
    fault_group: str = ""
    part: str = ""
    route: Route | None = None
    internal: bool | None = None
    verdict: Verdict | None = None
    earlier_verdicts: tuple[Verdict, ...] = ()
    goodwill: Mapping[str, str] = field(default_factory=dict)
    quote: Quote | None = None
    quoted: tuple[Work, ...] = ()
    agreed_before: Quote | None = None
    earlier_quotes: tuple[Quote, ...] = ()
    commitments: Mapping[str, Commitment] = field(default_factory=dict)
    happened: Mapping[str, datetime] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()
    repriced: date | None = None
    escalation: int = 0
    passed: tuple[Passed, ...] = ()
    visits: Mapping[str, Visit] = field(default_factory=dict)
    helps: tuple[Help, ...] = ()
    calls: tuple[Call, ...] = ()
    items: Mapping[str, Item] = field(default_factory=dict)
    papers: Mapping[str, Paper] = field(default_factory=dict)
    work: tuple[Work, ...] = ()
    tests: tuple[str, ...] = ()
    unrepairable: str = ""
    outcome: Outcome | None = None
    finished_at: datetime | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    reopened_at: datetime | None = None
    rework: bool | None = None
    reworks: int = 0
    repeats: str | None = None
    merged_into: str | None = None
    settled: tuple[PricedLine, ...] = ()
    settled_postings: int = 0
    uninvoiced: bool = False
    earlier_ends: tuple[EarlierEnd, ...] = ()
    earlier_surveys: tuple[SurveyAnswer, ...] = ()
    heard_until: datetime | None = None
    repairs: tuple[PastRepair, ...] = ()
    posted: tuple[Posting, ...] = ()
    invoiced_on: date | None = None
    survey: SurveyAnswer | None = None
    complaints: Mapping[str, bool] = field(default_factory=dict)
    duties: tuple[DutyDone, ...] = ()
    reminded: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    attention: tuple[Reason, ...] = ()

    @property
    def visit(self) -> Visit | None:
        """The visit that was planned last, if there is one."""
        return self.visits[str(len(self.visits))] if self.visits else None

    @property
    def open_quote(self) -> Quote | None:
        """The quote that nobody has answered, and that has not been found to have lapsed."""
        quote = self.quote
        answered = quote is None or quote.accepted_at is not None or quote.declined_at is not None
        return None if answered or self.state is Stage.DECLINED else quote

    @property
    def agreed(self) -> Quote | None:
        """The quote that the customer accepted last: it bounds what he is billed (AS-FLOW-12)."""
        quote = self.quote
        return self.agreed_before if quote is None or quote.accepted_at is None else quote

    @property
    def in_firms_hands(self) -> tuple[Item, ...]:
        """The items that the customer has not back: in the shop, at a vendor, on their way."""
        there = {Custody.INBOUND, Custody.SHOP, Custody.VENDOR, Custody.OUTBOUND}
        return tuple(item for item in self.items.values() if item.custody in there)

    @property
    def done_again(self) -> bool:
        """Whether the service repeats an earlier one for the same fault (AS-QA-5)."""
        return self.repeats is not None or (self.verdict is not None and self.verdict.repeat is not None)

    @property
    def service_class(self) -> ServiceClass | None:
        """A to D, by the verdict (AS-FLOW-1); ``None`` before it."""
        if self.internal:
            return ServiceClass.D
        if self.verdict is None:
            return None
        coverage = self.verdict.coverage.value
        return ServiceClass.A if coverage in {"paid", "at-cost"} else ServiceClass(coverage)
