"""What can be said to a ticket: one class for one thing said.

A command that is allowed in several stages is one class; where it leads is the table's business. ``step`` is
the word by which a rulebook's checklists name it: what is listed there has to be on record by then, or come
with it. The file is long because a ticket is told many things; each is a few lines and stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from servflow.core.aftersales.circumstances import Distance
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.showing import ShowingCommand
from servflow.core.aftersales.tickets.model import DutyDone, Purchase, Work
from servflow.core.aftersales.tickets.states import Channel, Outcome, Route, ServiceKind
from servflow.core.aftersales.words import Bearer, ChargeClass, Lasting, PauseReason, TargetKind
from servflow.core.checks import check_above_nothing, check_said, each_once
from servflow.core.citations import Reason
from servflow.core.dates import existing
from servflow.core.errors import InvalidValue
from servflow.core.money import Money

__all__ = [
    "CALL_BACK",
    "AcceptQuote",
    "AcceptWork",
    "AddWork",
    "AdviseRemotely",
    "AnnounceInbound",
    "AnswerCustomer",
    "ApproveFree",
    "Arrive",
    "BeginInShop",
    "BillService",
    "CancelTicket",
    "ChangeSeverity",
    "ClearTicketAttention",
    "CloseTicket",
    "CollectPayment",
    "ConfirmDelivery",
    "CorrectReport",
    "CustomersWord",
    "DecideCoverage",
    "DeclineQuote",
    "DeemAccepted",
    "Deescalate",
    "Depart",
    "Dispatch",
    "Dispose",
    "EscalateTicket",
    "ExcuseDelay",
    "ExtendTarget",
    "FilePaper",
    "FindUnrepairable",
    "Finish",
    "FireRung",
    "Fulfil",
    "GiveQuote",
    "LapseQuote",
    "LogCall",
    "MarkBreach",
    "MergeTicket",
    "MoveAppointment",
    "NoteComplaint",
    "NoteMessage",
    "PassTicketOn",
    "PutOnHold",
    "ReanchorTarget",
    "RecordDuty",
    "RecordSurvey",
    "RefundCustomer",
    "RejectTicket",
    "RejectWork",
    "RemindDuty",
    "RemindHold",
    "ReopenTicket",
    "ReplaceUnit",
    "ReportFault",
    "RepriceTicket",
    "ResumeWork",
    "ReturnPayment",
    "ReturnUnit",
    "ReturnUnrepaired",
    "ReviseCoverage",
    "SendToVendor",
    "ShowFacts",
    "SwitchRoute",
    "TakeBackFromVendor",
    "TakeIn",
    "Triage",
    "VoidPaper",
]

CALL_BACK: Final = "call-back"
"""What a call is about that asks how the service was (回访)."""


def _serials(items: tuple[str, ...]) -> None:
    each_once("items", items, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersWord(ShowingCommand):
    """What the customer says. Never given itself.

    He says it himself, or staff enter it: then ``evidence`` says by what it is known, a signature, a note of
    a call.
    """

    evidence: str = ""


# --- the report, and who pays ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFault(ShowingCommand):
    """A service is asked for (报修, AS-FLOW-2); opens the ticket.

    ``customer`` is the party that asks, ``unit`` the serial or the id of the unit's record, or ``order_line``
    where it was sold by one; neither: it is unidentified, and is on the list of what staff have to see to.
    ``repeats`` is an earlier ticket that the customer names. ``dates`` are those of the unit, by event.
    ``internal``: work of the firm's own (class D).

    Raises:
        InvalidValue: there is no symptom; the unit is named twice.
    """

    step = "intake"
    must_say = ("symptom",)

    firm: str
    customer: str
    channel: Channel
    service: ServiceKind = ServiceKind.REPAIR
    symptom: str
    unit: str | None = None
    order_line: str | None = None
    purchase: Purchase | None = None
    distance: Distance | None = None
    given: Mapping[str, int | datetime] = field(default_factory=dict)
    terms: Mapping[str, Lasting] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    repeats: str | None = None
    internal: bool = False

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if self.unit is not None and self.order_line is not None:
            raise InvalidValue("order_line", self.order_line, "the unit, or where it was sold, not both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage(ShowingCommand):
    """What is the matter, how grave, and where it is to be done (初步判断).

    ``severity`` is 1 (the gravest) to 4. ``answers``, ``given``, ``terms`` and ``dates`` are added to those
    of the report; so are ``unit`` and ``distance`` where they were not known yet. ``fault_group`` is what a
    warranty of a repair goes by.

    Raises:
        InvalidValue: the severity is not one of 1 to 4, or there is no fault code.
    """

    step = "triage"
    must_say = ("fault_code",)

    severity: int
    fault_code: str
    fault_group: str = ""
    part: str = ""
    route: Route | None = None
    unit: str | None = None
    distance: Distance | None = None
    given: Mapping[str, int | datetime] = field(default_factory=dict)
    terms: Mapping[str, Lasting] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _severity(self.severity)


def _severity(severity: int) -> None:
    if type(severity) is not int or severity not in range(1, 5):
        raise InvalidValue("severity", severity, "1, the gravest, to 4")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSeverity(ShowingCommand):
    """It is graver, or less grave, than was thought: the promises are picked anew, on the same clocks."""

    must_say = ("reason",)

    severity: int
    reason: str
    given: Mapping[str, int | datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _severity(self.severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectReport(ShowingCommand):
    """What was reported turns out to be otherwise (AS-FLOW-17): which unit it is, how far, what is wrong.

    It is confirmed anew with the customer, and the job follows it: promises are picked anew, on the same
    clocks. ``answers`` go before those that were given.
    """

    must_say = ("reason",)

    reason: str
    unit: str | None = None
    distance: Distance | None = None
    symptom: str = ""

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if not (self.unit or self.distance or self.symptom.strip() or self.answers):
            raise InvalidValue("unit", self.unit, "a unit, a distance, a symptom or an answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectTicket(ShowingCommand):
    """It is not ours: not our product, a duplicate, no unit (不予受理)."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCoverage(ShowingCommand):
    """Who pays is decided (保修判定): the verdict of the rulebook on what is on record.

    ``answers``, ``given``, ``terms`` and ``dates`` are added to those of the ticket; so are ``fault_group``,
    ``part`` and ``distance`` where they were not known yet. ``goodwill`` names the classes of charges that
    are let go and who approved it.
    """

    step = "verdict"

    fault_group: str = ""
    part: str = ""
    distance: Distance | None = None
    given: Mapping[str, int | datetime] = field(default_factory=dict)
    terms: Mapping[str, Lasting] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    goodwill: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _goodwill(self.goodwill)


def _goodwill(goodwill: Mapping[str, str]) -> None:
    known = {charge.value for charge in ChargeClass}
    for charge, approved in goodwill.items():
        if charge not in known:
            raise InvalidValue("goodwill", charge, f"one of {', '.join(sorted(known))}")
        check_said(f"goodwill.{charge}", approved)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseCoverage(ShowingCommand):
    """The verdict is revised, with a reason, before the service is accepted; the earlier one is kept."""

    step = "verdict"
    must_say = ("reason",)

    reason: str
    given: Mapping[str, int | datetime] = field(default_factory=dict)
    terms: Mapping[str, Lasting] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    goodwill: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _goodwill(self.goodwill)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveQuote(ShowingCommand):
    """What the service will cost the customer, line by line (报价); replaces a quote that was given before.

    ``valid_until`` is the last instant at which he may accept it, where the rulebook does not say how long.

    Raises:
        InvalidValue: there is no line; the instant is none, or not after the quote.
    """

    step = "quote"

    lines: tuple[Work, ...]
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if not self.lines:
            raise InvalidValue("lines", self.lines, "at least one line of work")
        until, at = self.valid_until, self.happened_at
        if until is not None and existing("valid_until", until) < existing("happened_at", at):
            raise InvalidValue("valid_until", until.isoformat(), f"an instant from {at.isoformat()} on")


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptQuote(CustomersWord):
    """The customer takes the quote (接受报价).

    Its lines are those of the quote, at the price of the quote.
    """

    step = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineQuote(CustomersWord):
    """The customer does not take the quote (不接受报价).

    ``fee`` is what the inspection costs, where it costs anything.
    """

    fee: Money | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if self.fee is not None:
            check_above_nothing("fee", self.fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseQuote(ShowingCommand):
    """Nobody answered the quote in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveFree(ShowingCommand):
    """The work may be planned: the customer pays nothing for it."""

    step = "repair"


# --- getting it done ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseRemotely(ShowingCommand):
    """Somebody helped by telephone or from afar (电话、远程支持); ``solved``: nothing more has to be done.

    ``authorised`` says by what the customer let somebody into his system; ``session``: somebody was in it.
    """

    step = "remote"

    solved: bool
    session: bool = False
    authorised: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch(ShowingCommand):
    """Somebody is sent (派工): the engineer in charge, who goes along, and when, as agreed with the customer.

    ``outlet``: it is a service outlet of the firm's network, whose staff are not its own. ``inspection``: to
    find the cause first; nothing is repaired before it is decided who pays, and the customer has agreed to
    what he pays (AS-FLOW-12).

    Raises:
        InvalidValue: the window is half said or ends before it begins; somebody goes along twice.
    """

    step = "arrange"
    must_say = ("engineer",)

    engineer: str
    window_from: datetime | None = None
    window_until: datetime | None = None
    crew: tuple[str, ...] = ()
    outlet: bool = False
    consent: str = ""
    inspection: bool = False

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        each_once("crew", (self.engineer, *self.crew))
        _window(self.window_from, self.window_until)


def _window(start: datetime | None, end: datetime | None) -> None:
    if (start is None) != (end is None):
        raise InvalidValue("window_until", end, "both ends of the window, or none")
    if (
        start is not None
        and end is not None
        and existing("window_until", end) < existing("window_from", start)
    ):
        raise InvalidValue("window_until", end.isoformat(), f"an instant from {start.isoformat()} on")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAppointment(ShowingCommand):
    """The appointment is moved (改约): only with the customer's consent.

    Or it goes to somebody else (AS-FLOW-16).

    ``consent`` says by what the customer is known to have agreed; ``engineer`` is who takes it over,
    ``None``: the same. Without consent and without somebody else it goes back to dispatch.
    """

    must_say = ("reason",)

    reason: str
    window_from: datetime | None = None
    window_until: datetime | None = None
    consent: str = ""
    engineer: str | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _window(self.window_from, self.window_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depart(ShowingCommand):
    """The engineer leaves for the customer (出发): tools and papers are with him.

    As the rulebook lists them.
    """

    step = "departure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrive(ShowingCommand):
    """The engineer is there (到达现场)."""

    step = "on-site"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRoute(ShowingCommand):
    """It is to be done in another way: into the shop instead of on the spot.

    Or the other way round (改派).
    """

    must_say = ("reason",)

    route: Route
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginInShop(ShowingCommand):
    """The work in the shop begins: the item is there, ``engineer`` does it.

    ``inspection``: to find the cause first, as of ``Dispatch`` (AS-FLOW-5).
    """

    step = "arrange"
    must_say = ("engineer",)

    engineer: str
    inspection: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddWork(ShowingCommand):
    """What was done and used (工时、用料): each line with its billing code; none is ever taken back.

    ``tests`` is what was tested and came out well.

    Raises:
        InvalidValue: there is neither a line nor a test.
    """

    lines: tuple[Work, ...] = ()
    tests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if not (self.lines or self.tests):
            raise InvalidValue("lines", self.lines, "a line of work, or what was tested")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish(ShowingCommand):
    """The service is done (完工), with an outcome.

    ``order`` is the number of the repair order that it is written on.

    A repair that was not done in time for reasons that nobody could help is carried over from the order
    ``carried_over_from`` (AS-FORM-1).

    Raises:
        InvalidValue: the outcome is one that another command brings about.
    """

    step = "service-finished"

    outcome: Outcome = Outcome.REPAIRED
    lines: tuple[Work, ...] = ()
    tests: tuple[str, ...] = ()
    order: int | None = None
    carried_over_from: int | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if self.outcome in {
            Outcome.REPLACED,
            Outcome.REFUNDED,
            Outcome.RETURNED_UNREPAIRED,
            Outcome.ADVICE_ONLY,
        }:
            raise InvalidValue("outcome", self.outcome.value, "repaired, no-fault-found or done")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindUnrepairable(ShowingCommand):
    """It cannot be repaired; ``evidence`` says why. Then it is replaced, refunded or given back as it is."""

    must_say = ("evidence",)

    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceUnit(ShowingCommand):
    """The unit is replaced (换机): ``serial`` is the unit that the customer gets for ``unit``.

    ``own_term`` is the warranty that it brings along; ``None``: only the rest of the old unit's goes on.
    """

    step = "replacement"
    must_say = ("unit", "serial")

    unit: str
    serial: str
    own_term: Lasting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCustomer(ShowingCommand):
    """What was paid for the unit is refunded (退货退款): never more than was paid.

    For no more units than were bought.

    Raises:
        InvalidValue: the amount is not above nothing, or less than one unit is meant.
    """

    step = "refund"

    amount: Money
    quantity: int = 1

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        check_above_nothing("amount", self.amount)
        if type(self.quantity) is not int or self.quantity < 1:
            raise InvalidValue("quantity", self.quantity, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnUnrepaired(ShowingCommand):
    """It goes back as it came (原件退回): it cannot be repaired, and is neither replaced nor refunded."""


# --- the unit ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceInbound(CustomersWord):
    """The customer has sent the items to the shop (寄修); before that, what a taking in asks for is there."""

    step = "inbound"

    items: tuple[str, ...]

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _serials(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeIn(ShowingCommand):
    """Items are taken into the shop (进厂): against a receipt, into the in/out register.

    With a tag (AS-FLOW-5).

    ``condition`` says how they are, ``accessories`` what came with them, by serial. ``promised_back_on`` is
    the day for which the customer was promised them, that day included.
    """

    step = "take-in"

    items: tuple[str, ...]
    what: str = ""
    condition: Mapping[str, str] = field(default_factory=dict)
    accessories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    promised_back_on: date | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _serials(self.items)
        for name in (*self.condition, *self.accessories):
            if name not in self.items:
                raise InvalidValue("condition", name, f"one of {', '.join(self.items)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendToVendor(ShowingCommand):
    """An item goes to a vendor or a maker (外协, 返原厂)."""

    step = "vendor"
    must_say = ("item", "vendor")

    item: str
    vendor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackFromVendor(ShowingCommand):
    """An item is back from the vendor: the same serial.

    Or ``swapped_for`` another one with the vendor's paper.
    """

    must_say = ("item",)

    item: str
    swapped_for: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnUnit(ShowingCommand):
    """Items go back to the customer (送还): he signs, the receipt comes back and is void (AS-FLOW-6).

    ``by_post``: they are on their way until their delivery is confirmed; the receipt stays open until then.
    """

    step = "give-back"

    items: tuple[str, ...]
    by_post: bool = False

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _serials(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmDelivery(CustomersWord):
    """The customer has the items that were sent to him; the receipt is void."""

    items: tuple[str, ...]

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _serials(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispose(ShowingCommand):
    """An item is not given back: it was replaced, refunded, or the customer leaves it (报废).

    The receipt is void.
    """

    must_say = ("item", "reason")

    item: str
    reason: str


# --- papers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFacts(ShowingCommand):
    """Facts, papers, signatures or photographs go on record, and nothing else happens.

    Raises:
        InvalidValue: nothing is shown.
    """

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if not self.shown:
            raise InvalidValue("shown", self.shown, "at least one fact")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidPaper(ShowingCommand):
    """A spoiled paper is void (作废), on all of its copies; its number stays used.

    ``reissue``: it is the receipt, the register line or the tag of an item that is still there, or the open
    voucher or entry in the call register of the service, which gets another one with the next number at once.
    """

    must_say = ("reason",)

    series: Series
    number: int
    reason: str
    reissue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePaper(ShowingCommand):
    """A paper is filed (归档); the entry of a register is struck off."""

    series: Series
    number: int


# --- money ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BillService(ShowingCommand):
    """What everybody pays for the service is posted, and invoiced (开票).

    ``parties`` are those who pay beside the customer, by bearer (``Bearer``'s values). ``answers`` to what
    the rulebook asks about collecting it are added to those of the ticket. ``fee`` is what the inspection
    costs who did not take the quote, where that was not said when he declined.

    Raises:
        InvalidValue: a bearer that there is not, or a fee that is not above nothing.
    """

    step = "billing"

    parties: Mapping[str, str] = field(default_factory=dict)
    fee: Money | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if self.fee is not None:
            check_above_nothing("fee", self.fee)
        known = {bearer.value for bearer in Bearer}
        for bearer in self.parties:
            if bearer not in known:
                raise InvalidValue("parties", bearer, f"one of {', '.join(sorted(known))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectPayment(ShowingCommand):
    """Money came in for the service (收款): ``payer`` paid ``amount``; ``None``: the customer."""

    step = "collection"

    amount: Money
    payer: str | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        check_above_nothing("amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPayment(ShowingCommand):
    """Money that was paid for the service goes back (退款): never more than was paid above what is owed.

    ``payer`` is who paid it; ``None``: the customer.
    """

    must_say = ("reason",)

    amount: Money
    reason: str
    payer: str | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        check_above_nothing("amount", self.amount)


# --- the end --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptWork(CustomersWord):
    """The customer accepts the service (验收签字); never before it is done (AS-FLOW-3)."""

    step = "acceptance"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeemAccepted(ShowingCommand):
    """The customer has said nothing for as long as the rulebook gives him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectWork(CustomersWord):
    """The customer does not accept the service (验收不合格): it is done again, free."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSurvey(CustomersWord):
    """What the customer says of the service (满意度调查): a score for each question, and his opinion.

    Raises:
        InvalidValue: there is no score, or one that is no whole number.
    """

    step = "survey"

    scores: Mapping[str, int]
    opinion: str = ""

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if not self.scores or any(type(score) is not int for score in self.scores.values()):
            raise InvalidValue("scores", dict(self.scores), "a whole number for each question")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCall(ShowingCommand):
    """Somebody called the customer (电话): whether he took it.

    And whether a text message followed (AS-FLOW-17).

    ``about`` is ``call-back`` for a call about how the service was, else what it was about.
    """

    must_say = ("about",)

    about: str
    taken: bool
    messaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTicket(ShowingCommand):
    """The ticket is closed (结案)."""

    step = "closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenTicket(CustomersWord):
    """The same fault is there again (重新受理), while the rulebook still lets the ticket be reopened."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTicket(CustomersWord):
    """The customer wants it no more (取消), while he has the unit."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTicket(ShowingCommand):
    """It is the same as another ticket that is open (并单), which goes on alone."""

    must_say = ("into",)

    into: str


# --- clocks, holds and escalation -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCustomer(ShowingCommand):
    """Somebody told the customer something (答复): a person, not a machine."""

    must_say = ("note",)

    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteMessage(CustomersWord):
    """The customer wrote or called again.

    The earliest message that nobody has answered is the one that counts.

    What waits for the customer goes on.
    """

    must_say = ("note",)

    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOnHold(ShowingCommand):
    """The service stands still (挂起), for a reason of the field.

    Until an instant or with a day to be reminded on.

    Raises:
        InvalidValue: neither an end nor a day is said.
    """

    reason: PauseReason
    until: datetime | None = None
    remind_on: date | None = None
    note: str = ""

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if self.until is None and self.remind_on is None:
            raise InvalidValue("until", None, "an instant, or a day on which somebody is reminded")
        if self.until is not None:
            existing("until", self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeWork(ShowingCommand):
    """The service goes on: the reason for which it stood still is gone."""

    reason: PauseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindHold(ShowingCommand):
    """Somebody is to look at what stands still."""

    reason: PauseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfil(ShowingCommand):
    """Something that was promised, and that no other command does, is done: a plan, the parts.

    A written report.
    """

    what: TargetKind
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendTarget(ShowingCommand):
    """More time is granted for a promise (延期), by somebody in the post that the promise names."""

    must_say = ("approved_by", "reason")

    what: TargetKind
    until: datetime
    approved_by: str
    reason: str

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        existing("until", self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcuseDelay(ShowingCommand):
    """A delay is not held against anybody (AS-SLA-7): from ``start`` to ``end``.

    For a reason the promise knows.
    """

    must_say = ("reason",)

    what: TargetKind
    reason: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        if existing("end", self.end) < existing("start", self.start):
            raise InvalidValue("end", self.end.isoformat(), f"an instant from {self.start.isoformat()} on")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReanchorTarget(ShowingCommand):
    """The clock of a promise began at another instant than was taken down, as of a report entered late."""

    must_say = ("reason",)

    what: TargetKind
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        existing("at", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepriceTicket(ShowingCommand):
    """The promises are picked anew by the rules of the day ``rules_of`` (改用新规则); breaches stay."""

    must_say = ("reason",)

    rules_of: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRung(ShowingCommand):
    """A rung of an escalation ladder is reached (升级)."""

    what: str
    rung: str
    level: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkBreach(ShowingCommand):
    """A promise was not kept in time; that stays on record."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalateTicket(ShowingCommand):
    """Somebody higher has to see to it (升级, AS-FLOW-27)."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deescalate(ShowingCommand):
    """Nobody higher has to see to it any more."""

    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTicketOn(ShowingCommand):
    """The matter goes to the next one of a chain of the rulebook (流转)."""

    step = "passing"
    must_say = ("of", "to")

    of: str
    to: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindDuty(ShowingCommand):
    """Something is due by itself: somebody is reminded of it."""

    key: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDuty(ShowingCommand):
    """What was done about something that was due."""

    step = "duty-record"

    done: DutyDone


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteComplaint(ShowingCommand):
    """A complaint about the service was filed, or is settled; said by the complaint itself."""

    complaint: str
    open: bool
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearTicketAttention(ShowingCommand):
    """Staff have seen to something on the list (``code``)."""

    code: str
