"""A service desk at work: what a rulebook asks for at each step of a ticket is given, in its turn.

``ServiceAtWork`` runs a real desk over a storage under the rules of one firm. A host tries its own rulebook
so, whatever it asks for, and tickets come to their end:

1. What a checklist wants on record is shown with the step that it is wanted for, but for what a ticket has to
   prove by itself: help by telephone, a survey, a call, a paper that is numbered.
2. What is asked (a question, a distance, a day, a number that the source leaves blank) is answered when it is
   asked, from the ``circumstances`` of the case, else by the first of its answers.
3. Whatever else is refused is refused: ``Refused`` is raised as the desk raises it.
4. Time stands still until it is set (``now``), and nothing is left to chance.

It needs neither pytest nor hypothesis.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.aftersales.circumstances import DISTANCE, Distance
from servflow.core.aftersales.complaints import commands as of_complaints
from servflow.core.aftersales.complaints.model import Attribution, Complaint
from servflow.core.aftersales.corrective import commands as of_actions
from servflow.core.aftersales.corrective.model import CauseKind, CorrectiveAction, Source
from servflow.core.aftersales.costs import Billing, WorkLine
from servflow.core.aftersales.desk_rules import Barred, Deemed, Listing, Numbering, Reopening, Series, Survey
from servflow.core.aftersales.duties import DutyDue
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.policy import (
    Checklist,
    Collection,
    Ladder,
    QuoteValidity,
    ServicePolicy,
    ServiceRules,
)
from servflow.core.aftersales.showing import LACKING, ShowingCommand, needed
from servflow.core.aftersales.technicians import commands as of_technicians
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.billing import outstanding, prices
from servflow.core.aftersales.tickets.clockwork import fitting, known_answers
from servflow.core.aftersales.tickets.ground import answers_of, on_record
from servflow.core.aftersales.tickets.model import DutyDone, Ticket, Work
from servflow.core.aftersales.tickets.promising import owed_to
from servflow.core.aftersales.tickets.states import (
    Channel,
    Custody,
    Outcome,
    PaperState,
    Route,
    ServiceKind,
    Stage,
    TicketRole,
)
from servflow.core.aftersales.units import commands as of_units
from servflow.core.aftersales.words import Bearer, ChargeClass, Coverage, Event, parse_lasting
from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.citations import PRACTICE, Reason
from servflow.core.clocks import Agreed
from servflow.core.errors import NotFound, Refused
from servflow.core.fees import Facts as FeeFacts
from servflow.core.fees import Flat, evaluate
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.lifecycle import Situation
from servflow.core.money import Money
from servflow.core.ports import Facts, Party, Receipt, Storage
from servflow.desk import Desk

__all__ = ["PROVEN", "ServiceAtWork", "customer_pays", "desk_codec"]

A = TypeVar("A", bound=Aggregate)

PROVEN: Final = frozenset(
    {
        "call-back",
        "quote",
        "qualified-engineer",
        "remote-help",
        "satisfaction-survey",
        "verdict",
    }
)
"""What checklists ask for that is never shown here: something has to be done for it.

So are the papers of every series that the firm keeps.
"""

_TRIES: Final = 30
_BY_ITSELF: Final = frozenset(
    {"coverage", "term", "distance", "class", "route", "kind", "level", "delayed", "rework", "session"}
)
"""Questions that a ticket answers by itself, or whose answers are no texts."""
_NUMBER: Final = 4
_A_BOOK: Final = 50
_TERM: Final = parse_lasting("1 year")
_METRES: Final = 20_000
_CUSTOMERS: Final = (
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
_SAID_BY: Final[Mapping[type[Command], str]] = MappingProxyType(
    {
        c.ReportFault: "desk",
        c.Triage: "desk",
        c.ChangeSeverity: "desk",
        c.RejectTicket: "desk",
        c.MergeTicket: "desk",
        c.DecideCoverage: "quality",
        c.GiveQuote: "coordinator",
        c.ApproveFree: "coordinator",
        c.Dispatch: "coordinator",
        c.SwitchRoute: "coordinator",
        c.ReturnUnrepaired: "coordinator",
        c.TakeIn: "stores",
        c.SendToVendor: "stores",
        c.TakeBackFromVendor: "stores",
        c.ReturnUnit: "stores",
        c.Dispose: "stores",
        c.BillService: "finance",
        c.CollectPayment: "finance",
        c.ReturnPayment: "finance",
        c.RefundCustomer: "finance",
        c.LogCall: "desk",
        c.CloseTicket: "coordinator",
        c.AnswerCustomer: "desk",
        c.PutOnHold: "coordinator",
        c.ResumeWork: "coordinator",
        c.AdviseRemotely: "coordinator",
        c.ExcuseDelay: "quality",
        c.Fulfil: "coordinator",
        of_complaints.GradeComplaint: "complaints",
        of_complaints.InvestigateComplaint: "complaints",
        of_complaints.AnswerComplaint: "complaints",
        of_actions.OpenAction: "quality",
        of_actions.AnalyseFault: "quality",
        of_actions.PlanMeasures: "quality",
        of_actions.CarryOut: "quality",
        of_technicians.IssueOrders: "finance",
        of_technicians.HandInOrders: "finance",
        of_units.RegisterUnit: "desk",
    }
)
_OTHERS: Final = ("supervisor", "quality", "coordinator", "complaints", "desk")
"""Who says something instead, where the rulebook bars whoever usually says it."""
_HIS: Final = (c.Depart, c.Arrive, c.AddWork, c.Finish, c.FindUnrepairable)
"""What the engineer says whose visit it is."""


@cache
def desk_codec() -> Codec:
    """The codec of the service desk's records; it works out every class that it meets, once."""
    return Codec(AFTERSALES)


class _Host(Facts):
    """A host that knows nothing but that everybody can be written to."""

    def ask(self, command: Command, it: Aggregate | None) -> Any:  # noqa: ARG002
        return None

    def party(self, ref: str) -> Party:
        return Party(ref=ref, name=ref, email=f"{ref.encode().hex()}@example.org", language="zh_CN")


def customer_pays(it: Ticket) -> bool:
    """Whether some class of charges costs the customer something, by the verdict."""
    return it.verdict is not None and any(
        ruling.bearer is Bearer.CUSTOMER and ruling.coverage in {Coverage.PAID, Coverage.AT_COST}
        for ruling in it.verdict.rulings
    )


class ServiceAtWork:
    """The desk of the firm whose rules ``policy`` are, over a storage (in memory, if none is given).

    ``circumstances`` answer what is asked of every case; ``of`` those of one case, where they differ.
    ``commands`` counts what was done.
    """

    def __init__(
        self,
        policy: ServicePolicy,
        *,
        at: datetime,
        storage: Storage | None = None,
        circumstances: Mapping[str, str] = MappingProxyType({}),
        engineers: tuple[str, ...] = ("engineer-1",),
    ) -> None:
        self.policy = policy
        self.now = at
        self.storage = MemoryStorage(desk_codec()) if storage is None else storage
        self.desk = Desk(AFTERSALES, storage=self.storage, facts=_Host(), policy=policy)
        self.circumstances = circumstances
        self.of: dict[str, Mapping[str, str]] = {}
        self.engineers = engineers
        self.commands = 0
        self._asked: dict[type[Command], list[str]] = {}
        self._number = 0
        self._orders = 0
        for who in engineers:
            self.say(
                of_technicians.RegisterTechnician,
                who,
                firm=policy.firm,
                qualified=tuple(kind.value for kind in ServiceKind),
            )

    # --- who speaks ------------------------------------------------------------------------------

    def staff(self, post: str) -> Actor:
        """Somebody of the firm in this post, who is called after it."""
        return Actor(post, self.policy.firm, Office.STAFF, (post,))

    def engineer(self, who: str) -> Actor:
        """An engineer of the firm."""
        return Actor(who, self.policy.firm, Office.STAFF, (TicketRole.ENGINEER.value,))

    @staticmethod
    def customer(who: str) -> Actor:
        """A customer."""
        return Actor(who, who, Office.PERSON)

    def _speaker(self, kind: type[Command], it: Aggregate | None) -> Actor:
        if isinstance(it, Ticket):
            if kind in _CUSTOMERS:
                return self.customer(it.customer)
            if kind in _HIS and it.visit is not None:
                return self.engineer(it.visit.engineer)
        usual = _SAID_BY.get(kind, TicketRole.SUPERVISOR.value)
        barring = (
            named.rule for named in self.rules().of(Barred) if named.rule.step == getattr(kind, "step", "")
        )
        barred = {post for rule in barring for post in rule.posts}
        return self.staff(next((post for post in (usual, *_OTHERS) if post not in barred), usual))

    # --- what is said ----------------------------------------------------------------------------

    def find(self, model: type[A], id: str) -> A | None:
        """The aggregate of that id, if it is there."""
        try:
            it = self.storage.load(Key(model.kind, id))
        except NotFound:
            return None
        assert isinstance(it, model)
        return it

    def ticket(self, id: str) -> Ticket:
        """The ticket of that id.

        Raises:
            NotFound: there is none.
        """
        it = self.storage.load(Key(Ticket.kind, id))
        assert isinstance(it, Ticket)
        return it

    def say(self, kind: type[Command], case: str, /, *, by: Actor | None = None, **said: Any) -> Receipt:
        """A command at ``now``, by whoever usually says it, with all that the rulebook wants with it.

        Raises:
            Refused: it is refused for something that cannot be shown or answered here.
        """
        command = self.command(kind, case, by=by, **said)
        for _ in range(_TRIES):
            try:
                receipt = self.desk.do(command)
            except Refused as refused:
                more = self._with(command, refused.reasons)
                if more is None:
                    raise
                command = more
            else:
                self.commands += 1
                return receipt
        raise AssertionError(f"{kind.__name__} is asked for something again and again")

    def command(self, kind: type[Command], case: str, /, *, by: Actor | None = None, **said: Any) -> Command:
        """The command as ``say`` says it first: with the lists of its step, and what is known to be asked."""
        it = self._stored(kind, case)
        self._number += 1
        said.setdefault("happened_at", self.now)
        said.setdefault("recorded_at", max(self.now, said["happened_at"]))
        command = kind(id=f"{case}/{self._number}", case=case, by=by or self._speaker(kind, it), **said)
        for name in self._asked.get(kind, ()):
            command = self._told(command, name) or command
        return self._shown(command, it)

    def _stored(self, kind: type[Command], case: str) -> Aggregate | None:
        with suppress(NotFound):
            return self.storage.load(Key(AFTERSALES.of(kind).name, case))
        return None

    def rules(self, it: Ticket | None = None) -> ServiceRules:
        """The rules of a ticket, or those of now."""
        return self.policy.on(self.policy.day(self.now if it is None else it.reported_at))

    def asked(self, it: Ticket, step: str, **answers: str) -> tuple[str, ...]:
        """What the rulebook wants on record before ``step`` of the ticket, as far as its answers tell."""
        rules = self.rules(it)
        known = {**known_answers(it, rules), **it.answers, **fitting(rules, answers)}
        return tuple(each.name for each in needed(rules, step, known))

    # --- what is shown and answered ----------------------------------------------------------------

    def _shown(self, command: Command, it: Aggregate | None) -> Command:
        """With what the lists of its step want on record that is not there yet."""
        step = getattr(command, "step", "")
        of_a_ticket = isinstance(it, Ticket) or isinstance(command, c.ReportFault)
        if not step or not of_a_ticket or not isinstance(command, ShowingCommand):
            return command
        ticket = it if isinstance(it, Ticket) else None
        s: Any = Situation(ticket, command, self.policy, None, TicketRole.DESK, {})
        found = needed(self.rules(ticket), step, answers_of(s))
        if not found:
            return command
        record = on_record(s)
        lacking = {
            each.name: each.count
            for each in found
            if not self._proven(each.name) and len(set(record.get(each.name, ()))) < each.count
        }
        return cast("Command", _showing(command, lacking))

    def _proven(self, item: str) -> bool:
        kept = (named.rule.series.value for named in self.rules().of(Numbering))
        return item in PROVEN or item in kept

    def _with(self, command: Command, reasons: tuple[Reason, ...]) -> Command | None:
        """With what it was refused for the lack of; ``None`` where something else is in its way."""
        after: Command | None = command
        for reason in reasons:
            facts = dict(reason.facts)
            if after is None:
                break
            if reason.code == "aftersales.asked":
                name = str(facts["asked"])
                after = self._told(after, name)
                if after is not None:
                    self._asked.setdefault(type(command), []).append(name)
            elif reason.code == LACKING and not self._proven(str(facts["item"])):
                after = _showing(after, {str(facts["item"]): int(str(facts["needed"]))})
            else:
                after = None
        return None if after == command else after

    def _told(self, command: Command, name: str) -> Command | None:
        """The command with the answer to what is asked; ``None`` where it cannot carry it."""
        into, value = self._answer(command, name)
        said: Any = command
        if name in _BY_ITSELF - {DISTANCE}:
            return None
        if into not in {field.name for field in fields(command)}:
            return None
        before, it = getattr(command, into), self._ticket_of(command)
        if into in {"distance", "fault_group", "part"}:
            known = before or (it is not None and getattr(it, into))
            return command if known else cast("Command", replace(said, **{into: value}))
        if name in before or (it is not None and name in getattr(it, into)):
            return command
        return cast("Command", replace(said, **{into: {name: value, **before}}))

    def _answer(self, command: Command, name: str) -> tuple[str, Any]:
        """In which field the answer to what is asked goes, and what it is."""
        rules = self.rules(self._ticket_of(command))
        if name == DISTANCE:
            assert rules.distances is not None
            return "distance", Distance(_METRES, rules.distances.by)
        if name in rules.questions:
            return "answers", self._answered(command.case, rules, name)
        if name in {"fault_group", "part"}:
            return name, f"{name}-1"
        if name in {event.value for event in Event}:
            return "dates", self.policy.day(self.now) - _A_MONTH
        for named in rules.rules:
            within = getattr(named.rule, "within", None)
            if getattr(within, "asks", None) == name:
                return "given", self.now + _SOON if isinstance(within, Agreed) else _NUMBER
        return "terms", _TERM

    def _ticket_of(self, command: Command) -> Ticket | None:
        if AFTERSALES.of(type(command)).model is not Ticket or isinstance(command, c.ReportFault):
            return None
        return self.find(Ticket, command.case)

    # --- report, triage, who pays ------------------------------------------------------------------

    def report(self, case: str, *, customer: str = "customer", **said: Any) -> Ticket:
        """A service is asked for: a repair, by the first channel that the firm lists, if none is said."""
        listed = {
            entry
            for named in self.rules().of(Listing)
            if named.rule.of == "channels"
            for entry in named.rule.entries
        }
        channel = next((each for each in Channel if each.value in listed), Channel.HOTLINE)
        usual: dict[str, Any] = {"channel": channel, "symptom": "it does not start"}
        self.say(c.ReportFault, case, firm=self.policy.firm, customer=customer, **(usual | said))
        return self.ticket(case)

    def triage(self, case: str, **said: Any) -> Ticket:
        """It is known what is the matter, and what lists, papers and surveys go by later on."""
        usual: dict[str, Any] = {"severity": 3, "fault_code": "F-1", "fault_group": "pump"}
        said["answers"] = {**self._asked_later(self.ticket(case)), **said.get("answers", {})}
        self.say(c.Triage, case, **(usual | said))
        return self.ticket(case)

    def _asked_later(self, it: Ticket) -> dict[str, str]:
        """The answers by which it is told what holds, at steps that ask for none."""
        rules = self.rules(it)
        asked = {
            question
            for named in rules.rules
            if isinstance(named.rule, _GO_BY_ANSWERS)
            for question, _ in named.rule.when.conditions
        }
        asked |= self._circumstances(it.id).keys() & rules.questions.keys()
        asked -= {*known_answers(it, rules), *it.answers, *_BY_ITSELF}
        return {name: self._answered(it.id, rules, name) for name in sorted(asked)}

    def _circumstances(self, case: str) -> Mapping[str, str]:
        return {**self.circumstances, **self.of.get(case, {})}

    def _answered(self, case: str, rules: ServiceRules, question: str) -> str:
        answers, said = rules.questions[question].answers, self._circumstances(case).get(question)
        return said if said in answers else answers[0]

    def cover(self, case: str, **said: Any) -> Ticket:
        """Who pays is decided."""
        self.say(c.DecideCoverage, case, **said)
        return self.ticket(case)

    def lines(self, by: str, hours: int = 2, billing: Billing = Billing.AS_RULED) -> tuple[Work, ...]:
        """A line of labour, one of a part and one of a journey, with their list and other prices."""
        priced = (
            (ChargeClass.LABOUR, "labour", 60 * hours),
            (ChargeClass.PARTS, "part", 100),
            (ChargeClass.TRAVEL, "journey", 30),
        )
        return tuple(
            self.line(charge, item, amount, by=by, hours=hours, billing=billing)
            for charge, item, amount in priced
        )

    def line(
        self,
        charge: ChargeClass,
        item: str,
        amount: int,
        *,
        by: str,
        hours: int = 0,
        billing: Billing = Billing.AS_RULED,
    ) -> Work:
        """A line of work: its list price, half of it at cost, and nine tenths of it at a discount."""
        listed, discounted = (
            evaluate(Flat(Money.of_minor(minor, self.policy.currency)).under(PRACTICE), FeeFacts())
            for minor in (amount * 100, amount * 90)
        )
        cost = Money.of_minor(amount * 50, self.policy.currency)
        approved = (
            "supervisor" if billing is Billing.GOODWILL else "customer" if billing is Billing.EXTRA else ""
        )
        return Work(
            line=WorkLine(
                item=item, charge=charge, billing=billing, listed=listed, cost=cost, approved_by=approved
            ),
            by=by,
            on=self.policy.day(self.now),
            hours=Fraction(hours) if charge is ChargeClass.LABOUR else None,
            part="P-1" if charge is ChargeClass.PARTS else "",
            discounted=discounted if charge is ChargeClass.PARTS else None,
        )

    def quote(self, case: str) -> Ticket:
        """The customer is quoted what he would pay."""
        until = None if self.rules(self.ticket(case)).of(QuoteValidity) else self.now + _A_WEEK
        self.say(c.GiveQuote, case, lines=self.lines("coordinator"), valid_until=until)
        return self.ticket(case)

    def agree(self, case: str) -> Ticket:
        """The work may be planned: it costs the customer nothing, or he takes the quote."""
        if customer_pays(self.ticket(case)):
            self.quote(case)
            self.say(c.AcceptQuote, case)
        else:
            self.say(c.ApproveFree, case)
        return self.ticket(case)

    def open(self, case: str, **said: Any) -> Ticket:
        """A ticket from its report to where work may be planned."""
        self.report(case, **said)
        self.triage(case)
        self.cover(case)
        return self.agree(case)

    # --- the work ------------------------------------------------------------------------------------

    def help_first(self, case: str, route: Route) -> None:
        """Somebody helps by telephone, where the rulebook wants it before anybody is sent."""
        it = self.ticket(case)
        if "remote-help" in self.asked(it, "arrange", route=route.value) and not it.helps:
            self.say(c.AdviseRemotely, case, solved=False)

    def visit(self, case: str, who: str = "", **said: Any) -> Ticket:
        """Somebody is sent, leaves and is there."""
        self.help_first(case, Route.ON_SITE)
        self.say(c.Dispatch, case, engineer=who or self.engineers[0], **said)
        self.say(c.Depart, case)
        self.say(c.Arrive, case)
        return self.ticket(case)

    def into_shop(self, case: str, *items: str, who: str = "", by: Actor | None = None) -> Ticket:
        """The items are taken in, and the work in the shop begins where it has not."""
        self.say(c.TakeIn, case, items=items, by=by, condition=dict.fromkeys(items, "as used"))
        if self.ticket(case).state is Stage.APPROVED:
            self.begin_in_shop(case, who)
        return self.ticket(case)

    def begin_in_shop(self, case: str, who: str = "") -> Ticket:
        """The work in the shop begins."""
        self.help_first(case, Route.SHOP)
        self.say(c.BeginInShop, case, engineer=who or self.engineers[0])
        return self.ticket(case)

    def finish(self, case: str, outcome: Outcome | None = None, **said: Any) -> Ticket:
        """The service is done, tested and written down, on a repair order where the firm binds them."""
        it = self.ticket(case)
        done = Outcome.REPAIRED if it.service is ServiceKind.REPAIR else Outcome.DONE
        by = self.engineers[0] if it.visit is None else it.visit.engineer
        said.setdefault("lines", self.lines(by))
        self.say(c.Finish, case, outcome=outcome or done, tests=("runs",), order=self._order(it, by), **said)
        return self.ticket(case)

    def _order(self, it: Ticket, who: str) -> int | None:
        """The next repair order of the engineer's book; he gets another book when his is used up."""
        kept = (
            named.rule
            for named in self.rules(it).of(Numbering)
            if named.rule.series is Series.REPAIR_ORDER and named.rule.bound
        )
        rule = next(kept, None)
        if rule is None:
            return None
        size = rule.book or _A_BOOK
        record = self.find(Technician, who)
        assert record is not None
        if record.orders is None or record.orders.used_up:
            self.say(of_technicians.IssueOrders, who, first=self._orders + 1, last=self._orders + size)
            self._orders += size
            record = self.find(Technician, who)
            assert record is not None
            assert record.orders is not None
        return record.orders.next

    # --- money, items, the end -------------------------------------------------------------------------

    def bill(self, case: str, **said: Any) -> Ticket:
        """What everybody pays is billed, where anybody pays or was billed; an inspection alone, too."""
        it = self.ticket(case)
        paying = prices(it, self.policy.currency).bearers
        parties = {
            each.value: f"{each.value}-1"
            for each in paying
            if each not in {Bearer.FIRM, Bearer.CUSTOMER, Bearer.BUILDER}
        }
        inspected = it.state is Stage.DECLINED and self.owed(case)
        if paying or inspected or it.posted or "fee" in said:
            self.say(c.BillService, case, parties=parties, **said)
        return self.ticket(case)

    def owed(self, case: str) -> Money:
        """What the customer still owes for the service."""
        it = self.ticket(case)
        return outstanding(it, it.customer, self.policy.currency)

    def owed_in_all(self, case: str) -> Money:
        """What the customer owes as a whole; below nothing where he paid too much."""
        it = self.ticket(case)
        return balance(it.posted, Account(AccountKind.RECEIVABLE, it.customer), self.policy.currency)

    def pay(self, case: str) -> Ticket:
        """The customer pays what he owes."""
        owed = self.owed(case)
        if owed:
            self.say(c.CollectPayment, case, amount=owed)
        return self.ticket(case)

    def give_back(self, case: str, **said: Any) -> Ticket:
        """All items that are in the shop go back, each against its receipt."""
        it = self.ticket(case)
        items = tuple(item.serial for item in it.items.values() if item.custody is Custody.SHOP)
        receipts = tuple(
            paper.ref
            for paper in it.papers.values()
            if paper.series is Series.RECEIPT and paper.state is PaperState.OPEN and paper.item in items
        )
        if receipts and not said.get("by_post"):
            said["shown"] = {"receipt-returned": receipts}
        if items:
            self.say(c.ReturnUnit, case, items=items, **said)
        return self.ticket(case)

    def accept(self, case: str, **said: Any) -> Ticket:
        """The customer accepts the service."""
        self.say(c.AcceptWork, case, **said)
        return self.ticket(case)

    def follow_up(self, case: str, score: int | None = None, **said: Any) -> Ticket:
        """The customer is asked how it was: by the survey of the rulebook, and called where it wants that."""
        it = self.ticket(case)
        survey = self.survey_of(it)
        if survey is not None:
            scores = dict.fromkeys(survey.questions, survey.highest if score is None else score)
            self.say(c.RecordSurvey, case, scores=scores, **said)
        if "call-back" in self.asked(it, "closing"):
            self.say(c.LogCall, case, about=c.CALL_BACK, taken=True)
        return self.ticket(case)

    def survey_of(self, it: Ticket) -> Survey | None:
        """The survey that the rulebook asks for after this service, if it asks for one."""
        rules = self.rules(it)
        known = rules.answered({**known_answers(it, rules), **it.answers})
        return next((each.rule for each in rules.of(Survey) if each.rule.when.open(known) == ()), None)

    def reopens(self, case: str) -> bool:
        """Whether the ticket could be opened again now."""
        return not self.desk.check(self.command(c.ReopenTicket, case, reason="again"))

    def duties(self, it: Ticket) -> tuple[DutyDue, ...]:
        """What somebody was reminded of that is due to the service by itself, and is not done."""
        done = {each.key for each in it.duties}
        owed = owed_to(it, self.policy)
        found = (owed.named(key) for key in it.reminded if key not in done)
        return tuple(each for each in found if each is not None)  # a service that was done again has others

    def see_to(self, case: str, due: DutyDue) -> Ticket:
        """What is due is done, with all that its rule wants looked at and signed."""
        done = DutyDone(
            key=due.key,
            done_on=self.policy.day(self.now),
            by="desk",
            outcome="it runs",
            checked=due.checks,
            opinion="none",
            signed_for_firm="desk",
            signed_for_customer="customer",
        )
        self.say(c.RecordDuty, case, by=self.staff("desk"), done=done)
        return self.ticket(case)

    def close(self, case: str) -> Ticket:
        """The ticket is closed; what the customer pays by now is billed before."""
        if self.ticket(case).posted and self.ticket(case).state is not Stage.DECLINED:
            self.bill(case)
        self.say(c.CloseTicket, case)
        return self.ticket(case)

    def end(self, case: str) -> Ticket:
        """From a service that is done to the closed ticket: billed, paid, given back, accepted, asked."""
        self.bill(case)
        self.pay(case)
        self.give_back(case)
        self.accept(case)
        self.follow_up(case)
        return self.close(case)

    # --- complaints and measures ----------------------------------------------------------------------

    def complain(
        self, case: str, ticket: str | None = None, *, customer: str = "customer", **said: Any
    ) -> Complaint:
        """The customer complains, of a service if one is named."""
        usual: dict[str, Any] = {"channel": Channel.HOTLINE, "what": "nobody came"}
        said["ticket"] = ticket
        self.say(
            of_complaints.FileComplaint,
            case,
            by=self.customer(customer),
            firm=self.policy.firm,
            customer=customer,
            **(usual | said),
        )
        return self._complaint(case)

    def _complaint(self, case: str) -> Complaint:
        it = self.find(Complaint, case)
        assert it is not None
        return it

    def settle(self, case: str, attribution: Attribution = Attribution.SERVICE) -> Complaint:
        """A complaint is graded, looked into, answered and settled."""
        self.say(of_complaints.GradeComplaint, case, handler="complaints")
        self.say(
            of_complaints.InvestigateComplaint,
            case,
            found="he came late",
            plan="he comes again",
            attribution=attribution,
        )
        self.say(of_complaints.AnswerComplaint, case, answer="we are sorry")
        self.say(of_complaints.SettleComplaint, case, result="the customer is content")
        return self._complaint(case)

    def correct(
        self, case: str, reference: str, source: Source = Source.COMPLAINT, *, effective: bool = True
    ) -> CorrectiveAction:
        """A quality fault is taken up, measures are planned and carried out, and others verify them."""
        self.say(
            of_actions.OpenAction,
            case,
            firm=self.policy.firm,
            fault="the pump leaks",
            source=source,
            reference=reference,
        )
        self.say(
            of_actions.AnalyseFault,
            case,
            cause="a bad seal",
            cause_kind=CauseKind.TECHNICAL,
            department="production",
        )
        due = self.policy.day(self.now) + _A_MONTH
        planned: dict[str, Any] = {
            "corrective": "another seal",
            "preventive": "seals are tested",
            "whom": "production-1",
            "due": due,
        }
        self.say(of_actions.PlanMeasures, case, **planned)
        self.say(of_actions.CarryOut, case, done="seals are tested since today")
        self.say(
            of_actions.VerifyAction,
            case,
            effective=effective,
            found="no leak since",
            due=None if effective else due,
        )
        it = self.find(CorrectiveAction, case)
        assert it is not None
        return it


_GO_BY_ANSWERS: Final = (Checklist, Numbering, Survey, Deemed, Reopening, Collection, QuoteValidity, Ladder)
_A_WEEK: Final = timedelta(days=7)
_A_MONTH: Final = timedelta(days=30)
_SOON: Final = timedelta(days=3)


def _showing(command: Any, lacking: Mapping[str, int]) -> Any:
    """The command with so many things of each name shown that is lacking."""
    more = {
        name: tuple(f"{command.id}/{name}/{number}" for number in range(1, count + 1))
        for name, count in lacking.items()
    }
    return replace(command, shown={**command.shown, **more}) if more else command
