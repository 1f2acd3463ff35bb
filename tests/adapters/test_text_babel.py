"""The catalogues against the code that uses them, and the texts as a person reads them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import account_at_work as account
import borrowing_at_work as borrowing
import centre_at_work as centre
import filing_at_work as filing
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from deposit_words import deposit_words
from hypothesis import example, given
from hypothesis import strategies as st
from reasons_given import reasons_given
from service_words import service_words

import servflow
from servflow.adapters.text_babel import LANGUAGES, BabelWording, Texts
from servflow.adapters.text_babel._catalogue import catalogue
from servflow.core.aftersales.circumstances import COVERAGE, STANDARD
from servflow.core.aftersales.claims import PART
from servflow.core.aftersales.covers import FAULT_GROUP, CoverKind, CoverState
from servflow.core.aftersales.desk_rules import Measure as IndicatorMeasure
from servflow.core.aftersales.provision import ACCRUAL, DEDUCTION, REQUISITION, REVERSAL, USE
from servflow.core.aftersales.quotes import INSPECTION, QuoteState
from servflow.core.aftersales.words import (
    Bearer,
    ChargeClass,
    CollectionWay,
    Coverage,
    DutyKind,
    Event,
    PauseReason,
    TargetKind,
)
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import PRACTICE, Clause, Plain, Reason
from servflow.core.clocks import ClockState
from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue, Refused
from servflow.core.fees import (
    Cap,
    Charge,
    Choose,
    Count,
    DayCountConvention,
    Days,
    Expression,
    FactKind,
    Facts,
    Fixed,
    Flat,
    Given,
    Measure,
    OpenDays,
    PerUnit,
    Rounded,
    Sum,
    Under,
    When,
    Zero,
    evaluate,
    facts_read,
)
from servflow.core.ill import BORROWING, ILL, LENDING
from servflow.core.ill.accounts.messages import ACCOUNT_MESSAGES
from servflow.core.ill.accounts.states import (
    AccountState,
    HolderKind,
    IdentityKind,
    IdentityState,
)
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.messages import (
    CENTRE_MESSAGES,
    PATRON_MESSAGES,
    STAFF_MESSAGES,
    SUPPLIER_MESSAGES,
)
from servflow.core.ill.borrowing.states import (
    AttemptState,
    BlockKind,
    CancelState,
    CaseOutcome,
    CaseState,
    CitedPart,
    DelayKind,
)
from servflow.core.ill.centre.routing import ROUTED, RoutingState
from servflow.core.ill.centre.settled import SettledTermsState
from servflow.core.ill.centre.settling import SETTLEMENT_MESSAGES, SettlementState
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.filing.messages import GATEWAY_MESSAGES
from servflow.core.ill.filing.states import FilingState
from servflow.core.ill.lending import answers, charges
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.messages import RELATION_MESSAGES, SUPPLY_MESSAGES
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.states import (
    Closing,
    InstitutionKind,
    Material,
    Place,
    RelationState,
    SecurityKind,
    SupplyState,
)
from servflow.core.ill.network.modes import Filer, ModeName, Route
from servflow.core.ill.paying import GIVEN_BACK, SETTLED
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Level,
    OfferState,
    Payer,
    Requested,
    Retry,
    SentVia,
    Service,
    Settlement,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.ledger import Account, AccountKind, Posting, settlement
from servflow.core.ledger import Settlement as Settled
from servflow.core.lifecycle import decide
from servflow.core.money import Money, Rounding
from servflow.core.ports import Party
from servflow.rulebooks import lending_policy, load, network_policy, shipped

SOURCE = Path(servflow.__file__).parent
POLICY = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
NETWORK = network_policy(load("calis/thesis-centre"), library="CN-CALIS")
SHANGHAI = ZoneInfo("Asia/Shanghai")
BORROWER = "CN-320500"
LOAN = Key(SupplyTransaction.kind, "loan-1")
RELATED = Key(Relation.kind, BORROWER)
STAFF = Actor("staff-1", "CN-NLC", Office.STAFF)
THEM = Actor("librarian-7", BORROWER, Office.SYSTEM)


def cny(amount: int | str) -> Money:
    return Money(amount, "CNY")


# --- the desk at work, so that texts are made of what it really says -----------------------------------


class Walk:
    """Commands decided one after the other on the National Library's rules, and all that was told."""

    def __init__(self, **facts: Any) -> None:
        self.it: dict[Key, Aggregate] = {}
        self.told: list[Message] = []
        self.postings: list[Posting] = []
        self.facts = LendingFacts(
            kind=InstitutionKind.UNIVERSITY_LIBRARY,
            place=Place.ELSEWHERE,
            material=Material.CHINESE_BOOK,
        )
        self.facts = replace(self.facts, **facts)

    def do(self, command: type[Command], key: Key, day: str, by: Actor = STAFF, **own: Any) -> None:
        at = datetime.combine(date.fromisoformat(day), datetime.min.time(), SHANGHAI)
        number = len(self.told) + len(self.it) + sum(it.version for it in self.it.values())
        said = command(id=f"c{number}", case=key.id, by=by, happened_at=at, recorded_at=at, **own)
        change = decide(ILL, said, self.it, policy=POLICY, facts=self.facts)
        self.it.update({after.key: after for after in change.becomes})
        self.told += change.messages
        self.postings += change.postings

    def related(self, *, day: str = "2026-01-05") -> Walk:
        self.do(c.Apply, RELATED, day, lender="CN-NLC", kind=self.facts.kind)
        self.do(c.Approve, RELATED, day)
        self.do(c.Sign, RELATED, day, agreements=("borrowing", "copyright"))
        self.do(c.PaySecurity, RELATED, day, kind=SecurityKind.DEPOSIT, amount=cny(500))
        return self

    def asked(self, title: str = "江南书院史料选", **own: Any) -> Walk:
        self.do(
            c.ReceiveRequest,
            LOAN,
            "2026-01-30",
            requester=BORROWER,
            supplier="CN-NLC",
            request_id="2026-0117",
            requested=Requested(title=title),
            **own,
        )
        return self

    def shipped(self, *items: str) -> Walk:
        self.related().asked()
        self.do(c.Ship, LOAN, "2026-01-31", items=items)
        return self

    def returned_late(self, *items: str) -> Walk:
        """Shipped 31 January, renewed until 15 March, returned 20 March."""
        self.shipped(*items)
        self.do(c.RequestRenewal, LOAN, "2026-02-20", THEM, reason="论文尚未完成")
        self.do(c.GrantRenewal, LOAN, "2026-02-21")
        self.do(c.CheckIn, LOAN, "2026-03-20")
        return self

    def refusal(self, command: type[Command], day: str, by: Actor = STAFF, **own: Any) -> tuple[Reason, ...]:
        """Why the command to the loan is refused."""
        with pytest.raises(Refused) as refused:
            self.do(command, LOAN, day, by, **own)
        return refused.value.reasons

    @property
    def loan(self) -> SupplyTransaction:
        loan = self.it[LOAN]
        assert isinstance(loan, SupplyTransaction)
        return loan

    def owed(self, day: str) -> list[tuple[str, Charge]]:
        return list(charges.owed(self.loan, POLICY, date.fromisoformat(day)))

    def settled(self) -> Settled:
        ours = [posting for posting in self.postings if posting.subject == LOAN.id]
        return settlement(ours, Account(AccountKind.RECEIVABLE, BORROWER), "CNY")


def every_message() -> Iterator[Message]:
    """Messages of every kind, each made by a decision."""
    one = Walk().related().asked()
    one.do(c.Expect, LOAN, "2026-01-30")
    one.do(c.Promise, LOAN, "2026-01-30")
    one.do(c.Ship, LOAN, "2026-01-31", items=("V1", "V2"))
    one.do(c.RequestRenewal, LOAN, "2026-02-01", THEM, reason="展览")
    one.do(c.DeclineRenewal, LOAN, "2026-02-02", reason="另有他用")
    one.do(c.RequestRenewal, LOAN, "2026-02-03", THEM, reason="展览")
    one.do(c.GrantRenewal, LOAN, "2026-02-04")
    one.do(c.Recall, LOAN, "2026-02-05", due=date(2026, 2, 20), reason="特藏盘点")
    one.do(c.NoticeDue, LOAN, "2026-02-17", due=date(2026, 2, 20), step=1)
    one.do(c.NoticeDue, LOAN, "2026-02-21", due=date(2026, 2, 20), step=2)
    one.do(c.CheckIn, LOAN, "2026-02-23", items=("V1",))
    one.do(c.RecordDamage, LOAN, "2026-02-24", item="V1", note="封面撕裂", in_post=True)
    one.do(c.CheckIn, LOAN, "2026-02-25")
    one.do(c.Compensate, LOAN, "2026-02-26", amount=cny(60))
    one.do(c.Pay, RELATED, "2026-02-27", amount=cny(1000))
    one.do(c.Suspend, RELATED, "2026-02-28", reason="核对账目")
    one.do(c.Reinstate, RELATED, "2026-03-01")
    one.do(c.Terminate, RELATED, "2026-03-02", reason="合并")
    yield from one.told
    lost = Walk().shipped("V1")
    lost.do(c.ReportLost, LOAN, "2026-02-10", THEM)
    lost.do(c.SettleLoss, LOAN, "2026-02-12", how=Settlement.REPLACED)
    yield from lost.told
    yield from _offers_and_other_answers()
    yield from _copies()
    yield from _later_turns()
    yield from filing.every_message()
    yield from account.every_message()
    refunded = Walk().related()
    refunded.do(c.RefundSecurity, RELATED, "2026-01-06", kind=SecurityKind.DEPOSIT, amount=cny(500))
    yield from refunded.told
    yield from borrowing.every_message()
    yield from centre.every_message()
    declined = Walk()
    declined.do(c.Apply, RELATED, "2026-01-05", lender="CN-NLC", kind=InstitutionKind.OTHER)
    declined.do(c.Decline, RELATED, "2026-01-06", reason="不属服务对象")
    yield from declined.told
    yield from Walk(material=Material.RARE_BOOK).related().asked("溪山琴谱").told


def _offers_and_other_answers() -> Iterator[Message]:
    terms: dict[str, Any] = {
        "conditions": (Condition.LIBRARY_USE_ONLY, Condition.SUPERVISED),
        "note": "善本再造本",
    }
    offered = Walk().related().asked()
    offered.do(c.MakeOffer, LOAN, "2026-01-30", cost=cny(60))
    offered.do(c.MakeOffer, LOAN, "2026-01-30", **terms, reply_by=date(2026, 2, 9))
    offered.do(c.DeclineOffer, LOAN, "2026-02-01", THEM, revision=2)
    yield from offered.told
    again = Walk().related().asked()
    days: dict[str, Any] = {"after": date(2026, 2, 9), "before": date(2026, 3, 9)}
    again.do(c.AskRetry, LOAN, "2026-01-30", why=Retry.ON_LOAN, **days, note="可代预约", cost=cny(20))
    yield from again.told
    plain = Walk().related().asked()
    plain.do(c.AskRetry, LOAN, "2026-01-30", why=Retry.AT_BINDERY)
    yield from plain.told
    elsewhere = Walk().related().asked(forwardable=True)
    elsewhere.do(c.Forward, LOAN, "2026-01-30", to="CN-440104", note="该馆有藏")
    yield from elsewhere.told
    for yes in (True, False):
        cancelled = Walk().related().asked()
        cancelled.do(c.RequestCancel, LOAN, "2026-01-31", THEM)
        cancelled.do(c.AnswerCancel, LOAN, "2026-01-31", yes=yes)
        cancelled.do(c.RequestStatus, LOAN, "2026-02-01", THEM)
        yield from cancelled.told


def _copies() -> Iterator[Message]:
    copied = Walk().related().asked(service=Service.COPY)
    link = Delivery(via=SentVia.URL, reference="https://ill.nlc.example.cn/a/1")
    costs = (CostLine(kind=CostKind.COPY, amount=cny(12)), CostLine(kind=CostKind.SEARCH, amount=cny(5)))
    sent: dict[str, Any] = {
        "delivery": link,
        "costs": costs,
        "pages": 19,
        "items": ("J1", "J2"),
        "copyright_checked": True,
    }
    copied.do(c.SupplyCopy, LOAN, "2026-01-31", **sent)
    copied.do(c.ClaimDefect, LOAN, "2026-02-01", THEM, what="缺第115页")
    post = Delivery(via=SentVia.MAIL)
    copied.do(c.SupplyCopy, LOAN, "2026-02-02", delivery=post, copyright_checked=True)
    yield from copied.told


def _later_turns() -> Iterator[Message]:
    for note in ("", "贵馆可留存"):
        kept = Walk().shipped("V1")
        kept.do(c.HoldReturn, LOAN, "2026-02-02", held=True)
        kept.do(c.HoldReturn, LOAN, "2026-02-09", held=False)
        kept.do(c.RequestStatus, LOAN, "2026-02-10", THEM)
        kept.do(c.Assess, LOAN, "2026-03-05")
        kept.do(c.ReleaseItem, LOAN, "2026-03-06", note=note)
        yield from kept.told
        found = Walk().shipped("V1")
        found.do(c.ReportLost, LOAN, "2026-02-10", THEM, where=WhereLost.PATRON)
        found.do(c.ReportFound, LOAN, "2026-02-12", THEM, note=note)
        yield from found.told
    mailed = Walk().related().asked()
    parcel = Delivery(via=SentVia.COURIER, reference="EA123456789CN")
    mailed.do(c.Ship, LOAN, "2026-01-31", items=("V1",), delivery=parcel)
    yield from mailed.told


def lenders_attention() -> Iterator[Reason]:
    """Whatever the lender's staff may have to look at, given by a desk at work."""
    for note in ("", "读者已购"):
        asked = Walk().related().asked()
        asked.do(c.RequestCancel, LOAN, "2026-01-31", THEM, note=note)
        asked.do(c.Notify, LOAN, "2026-01-31", THEM, note="读者改用电子版")
        asked.do(c.AgreeToOffer, LOAN, "2026-01-31", THEM, revision=1)
        yield from asked.loan.attention
        copied = Walk().related().asked(service=Service.COPY)
        post = Delivery(via=SentVia.MAIL)
        copied.do(c.SupplyCopy, LOAN, "2026-01-31", delivery=post, copyright_checked=True)
        copied.do(c.ClaimDefect, LOAN, "2026-02-01", THEM, what="缺第115页", note=note)
        yield from copied.loan.attention
    back = Walk().shipped("V1", "V2")
    back.do(c.ReportReturn, LOAN, "2026-02-10", THEM, items=("V1",))
    yield from back.loan.attention
    back.do(c.ReportReturn, LOAN, "2026-02-10", THEM, items=("V2",))
    back.do(c.NoteReturnDelay, LOAN, "2026-04-10", Actor("clock", "CN-NLC", Office.CLOCK))
    yield from back.loan.attention
    lost = Walk().shipped("V1", "V2")
    lost.do(c.ReportLost, LOAN, "2026-02-10", THEM, items=("V1",))
    yield from lost.loan.attention
    early = Walk().shipped("V1")
    early.do(c.ReportReturn, LOAN, "2026-01-01", THEM)
    yield from early.loan.attention


def lenders_refusals() -> Iterator[Reason]:
    """Why the lender's desk refuses what is done out of place."""
    costs = (CostLine(kind=CostKind.SEARCH, amount=cny(5)),)
    asked = Walk().related().asked(max_cost=cny(10), need_before=date(2026, 2, 10))
    yield from asked.refusal(c.Ship, "2026-01-31", items=("V1",), costs=costs, due=date(2026, 1, 31))
    yield from asked.refusal(c.SupplyCopy, "2026-01-31", delivery=Delivery(via=SentVia.URL, reference="网页"))
    yield from asked.refusal(c.Forward, "2026-01-31", to="CN-440104")
    yield from asked.refusal(c.AnswerCancel, "2026-01-31", yes=True)
    yield from asked.refusal(c.ExpireRequest, "2026-01-31", Actor("clock", "CN-NLC", Office.CLOCK))
    yield from asked.refusal(c.MakeOffer, "2026-01-31", cost=cny(60), reply_by=date(2026, 1, 30))
    asked.do(c.MakeOffer, LOAN, "2026-01-31", cost=cny(15))
    yield from asked.refusal(c.LapseOffer, "2026-02-01")
    yield from asked.refusal(c.AgreeToOffer, "2026-02-01", revision=1)
    asked.do(c.AgreeToOffer, LOAN, "2026-02-01", THEM, revision=1)
    yield from asked.refusal(c.Ship, "2026-02-02", items=("V1",))
    asked.do(c.RequestCancel, LOAN, "2026-02-02", THEM)
    yield from asked.refusal(c.Ship, "2026-02-03", items=("V1",))
    shipped = Walk().shipped("V1")
    yield from shipped.refusal(c.UndoShipment, "2026-01-31")
    yield from shipped.refusal(c.HoldReturn, "2026-02-01", held=False)
    yield from shipped.refusal(c.DeclareLost, "2026-03-15", Actor("clock", "CN-NLC", Office.CLOCK))
    yield from shipped.refusal(c.ClearSupplyAttention, "2026-02-01", code="ill.attention.late")
    shipped.do(c.RequestRenewal, LOAN, "2026-02-20", THEM, reason="论文尚未完成")
    yield from shipped.refusal(c.GrantRenewal, "2026-02-21", due=date(2026, 2, 28))


def party(language: str, name: str = "平江大学图书馆") -> Party:
    return Party(ref=BORROWER, name=name, email="ill@pingjiang.example.cn", language=language)


def letter(walk: Walk, kind: str, language: str) -> str:
    (message,) = (message for message in walk.told if message.kind == kind)
    subject, body = BabelWording().letter(message, party(language))
    return f"{subject}\n\n{body}"


# --- the catalogues as files ----------------------------------------------------------------------------


def catalogue_text(language: str) -> str:
    file = resources.files("servflow.adapters.text_babel").joinpath(
        "locale", language, "LC_MESSAGES", "servflow.po"
    )
    return file.read_text(encoding="utf-8")


def catalogue_file(language: str) -> Catalog:
    return read_po(catalogue_text(language).encode().splitlines(keepends=True), locale=language)


def templates(language: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for message in catalogue_file(language):
        if message.id:
            code = message.id if isinstance(message.id, str) else message.id[0]
            string = message.string
            found[code] = (string,) if isinstance(string, str) else tuple(string or ())
    return found


def placeholders(template: str) -> set[tuple[str, str]]:
    """Names and what stands behind their colon, of those within a colon's part too."""
    found = set()
    for _, name, spec, _ in Formatter().parse(template):
        if name is not None:
            found |= {(name, spec or ""), *placeholders(spec or "")}
    return found


def names(*found: str) -> set[str]:
    return {name.removesuffix("?") for template in found for name, _ in placeholders(template)}


def optional(*found: str) -> set[str]:
    """The facts that the texts can do without."""
    marked = (name for template in found for name, _ in placeholders(template) if name.endswith("?"))
    return {name.removesuffix("?") for name in marked}


def lacking(given: Iterable[Iterable[str]]) -> set[str]:
    """The facts that do not come each time."""
    each: list[set[str]] = [set(facts) for facts in given]
    return set().union(*each) - set[str].intersection(*each)


WORDS = {language: templates(language) for language in LANGUAGES}


# --- the code, read ---------------------------------------------------------------------------------------


def modules(*under: str) -> Iterator[ast.Module]:
    for part in under:
        for file in sorted((SOURCE / part).rglob("*.py")) or [SOURCE / part]:
            yield ast.parse(file.read_text(encoding="utf-8"))


REASONS = reasons_given()
YES_OR_NO = ("true", "false")
UNITS = ("hour", "week", "page", "copy", "item", "kilogram", "kilometre", "square-metre", "event")
"""What rules of libraries and shops count, besides the units that our own measures have."""

FACTS_NAMED = (
    *("due", "end", "due_at", "end_at", "checkout", "returned", "recalled_on", "assessed_on"),
    *("item_price", "unpaid", "paid", "principal", "cost", "deposit", "tariff"),
    *(kind.value.replace("-", "_") for kind in CostKind),
)
"""Facts of our own and of most rules for fees; those of the shipped rulebooks have their names besides."""

MESSAGES = (
    *(SUPPLY_MESSAGES + RELATION_MESSAGES + SUPPLIER_MESSAGES + CENTRE_MESSAGES),
    *(PATRON_MESSAGES + STAFF_MESSAGES),
    *GATEWAY_MESSAGES,
    *ACCOUNT_MESSAGES,
    *(ROUTED, *SETTLEMENT_MESSAGES),
)
BETWEEN_LIBRARIES = SUPPLY_MESSAGES + SUPPLIER_MESSAGES

WORDS_FOR_SIDES = (
    *("heard.yes", "heard.renewed"),  # what an answer that contradicts itself says
    *(f"{word}.{yes}" for word in ("cancel-answer", "cancel-said", "hold", "hold-said") for yes in YES_OR_NO),
    *(f"permission.{yes}" for yes in YES_OR_NO),
    *(f"filing-filled.{yes}" for yes in YES_OR_NO),
    *("request-kind.new", "request-kind.retry", "note.need-before-passed", "charge.payable"),
    *(f"charge.{kind}" for kind in (SETTLED, GIVEN_BACK)),
    *(f"charge.{kind}" for kind in (ACCRUAL, USE, REVERSAL, REQUISITION, DEDUCTION, INSPECTION)),
    *(f"charge.service-{bearer.value}" for bearer in Bearer if bearer is not Bearer.FIRM),
    "promise.due",
    *(f"party.{who}" for who in ("brand-service-line", "purchasing", "sales-centre", "service-head-office")),
    *(f"missing.{it}" for it in (FAULT_GROUP, PART, "cause", "maker", "seller", "warranty-term")),
)
"""What a fact of a message or a reason may be, where no enum says it."""

ASKED = {name: question for name, question in STANDARD.items() if name != COVERAGE}
"""The questions of after-sales service on whose answers a warranty hangs."""

SPEAKING = ("adapters/text_babel", "adapters/chart_svg.py", "adapters/timeline_svg.py", "cli")
"""Where codes of the catalogue are written out."""

HEADINGS = ("column", "sheet", "report")
"""Where titles and headings are that are written out in the code as they read in English."""

STEP_CODE = re.compile(r"(operation|range|rate|ratio)\.[a-z_.]+")


def units_of_measures(kind: type[Measure] = Measure) -> Iterator[str]:
    """The units that our own measures have, whatever the rule."""
    for measure in kind.__subclasses__():
        if isinstance(unit := measure.__dict__.get("unit"), str):
            yield unit
        yield from units_of_measures(measure)


def words_of_rulebooks() -> Iterator[str]:
    """What the fees of the shipped rulebooks read, choose by and count, as far as a line can say it.

    Of a count it says the unit only.
    """
    for rule in (rule for name in shipped() for rule in load(name).fees.values()):
        yield from (f"fact.{name}" for name, kind in facts_read(rule).items() if kind is not FactKind.COUNT)
        for form in forms_in(rule):
            if isinstance(form, Choose):
                yield from (f"word.{form.word}.{word}" for word, _ in form.cases)
            elif isinstance(form, Measure):
                yield f"count.{form.unit}"


def forms_in(expression: Expression) -> Iterator[Expression]:
    yield expression
    for part in expression.parts:
        yield from forms_in(part)


def words_needed() -> set[str]:
    """Every code that something in the code can ask a catalogue for."""
    enums = {
        "state.ill.supply": SupplyState,
        "state.ill.relation": RelationState,
        "state.ill.borrowing": CaseState,
        "state.ill.filing": FilingState,
        "state.ill.account": AccountState,
        "state.ill.identity": IdentityState,
        "state.ill.routing": RoutingState,
        "state.ill.settlement": SettlementState,
        "state.ill.settled-terms": SettledTermsState,
        "holder": HolderKind,
        "identity": IdentityKind,
        "mode": ModeName,
        "route": Route,
        "filer": Filer,
        "cited": CitedPart,
        "closing": Closing,
        "outcome": CaseOutcome,
        "attempt": AttemptState,
        "cancel": CancelState,
        "offer-state": OfferState,
        "service": Service,
        "level": Level,
        "status": Status,
        "retry": Retry,
        "condition": Condition,
        "charge": CostKind,
        "payer": Payer,
        "via": SentVia,
        "intent": CancelIntent,
        "where": WhereLost,
        "delay": DelayKind,
        "block": BlockKind,
        "place": Place,
        "institution": InstitutionKind,
        "material": Material,
        "security": SecurityKind,
        "unfilled": Unfilled,
        "settlement": Settlement,
        "rounding": Rounding,
        "end-of-month": EndOfMonth,
        "convention": DayCountConvention,
        "charge-class": ChargeClass,
        "coverage": Coverage,
        "bearer": Bearer,
        "cover-kind": CoverKind,
        "cover-state": CoverState,
        "event": Event,
        "promise": TargetKind,
        "duty": DutyKind,
        "collection": CollectionWay,
        "pause": PauseReason,
        "quote-state": QuoteState,
        "clock-state": ClockState,
        "indicator": IndicatorMeasure,
    }
    day = date(2026, 1, 1)
    spoken = {text for module in modules(*SPEAKING) for text in string_literals(module)}
    specs = {spec for forms in WORDS["en"].values() for form in forms for _, spec in placeholders(form)}
    return {
        *(f"{space}.{member.value}" for space, enum in enums.items() for member in enum),
        *(f"role.{role.value}" for lifecycle in ILL for role in lifecycle.roles),
        *(f"aggregate.{lifecycle.name}" for lifecycle in ILL),
        *(f"command.{command.__name__}" for lifecycle in CENTRE for command in lifecycle.commands),
        *(f"heard.{command.__name__}" for command in BORROWING.commands if issubclass(command, b.Hear)),
        *(f"heard.{row.command.__name__}" for row in LENDING.rows if row.does is answers.note_out_of_order),
        *(f"category.{category}" for category in borrowing.POLICY.served.on(day).value),
        *WORDS_FOR_SIDES,
        *(f"detail.{name}" for name in NETWORK.details_by_mail.on(day).value),
        *(f"detail.{name}" for name in NETWORK.registration_fields.on(day).value),
        *(f"charge.{kind}" for kind in POLICY.payment_order.on(day).value),
        *(f"charge.{security.value}-paid-in" for security in SecurityKind),
        *(f"charge.{security.value}-given-back" for security in SecurityKind),
        *(f"agreement.{agreement}" for agreement in POLICY.agreements.on(day).value),
        *(f"reason.{code}" for code in REASONS),
        *(f"answer.{name}.{answer}" for name, each in ASKED.items() for answer in each.answers),
        *(f"message.{kind}.{part}" for kind in MESSAGES for part in ("subject", "body")),
        *(text for text in spoken if STEP_CODE.fullmatch(text)),
        *("months.up", "months.down", "flag.true", "flag.false", f"clause.{PRACTICE.id}"),
        *(f"fact.{name}" for name in FACTS_NAMED),
        *(f"count.{unit}" for unit in (*units_of_measures(), *UNITS, "volume", "time")),
        *(spec for spec in specs if spec.startswith("count.")),
        *words_of_rulebooks(),
        *(text for text in spoken if text in WORDS["en"]),
        *(f"{space}.{text}" for space in HEADINGS for text in spoken if f"{space}.{text}" in WORDS["en"]),
        *service_words(),
        *deposit_words(),
    }


def string_literals(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# --- the catalogues fit the code ------------------------------------------------------------------------


def test_the_core_gives_reasons_and_they_were_all_found() -> None:
    """The reasons are read from the source; a look that finds none would prove nothing."""
    assert len(REASONS) > 150
    assert REASONS["lifecycle.not-in-state"] == {("kind", "state")}
    assert REASONS["ill.charge-unpaid"] == {("loan", "kind", "amount")}
    assert REASONS["ill.block.debt"] == {("amount",)}
    assert REASONS["ill.attention.ended-attempt"] == {("supplier", "said", "state")}
    assert REASONS["ill.attention.cancel-asked"] == {(), ("note",)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_word_that_is_needed_and_no_other(language: str) -> None:
    """Every reason, message, state, command, charge and step has its words; nothing lies unused."""
    assert set(WORDS[language]) == words_needed()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_says_each_thing_once_and_leaves_nothing_empty(language: str) -> None:
    """No code stands twice in a file, none is without its text, and each plural has all its forms."""
    file = catalogue_file(language)
    codes = [line for line in catalogue_text(language).splitlines() if line.startswith("msgid ")]
    assert len(codes) == len(set(codes)) == len(WORDS[language]) + 1  # the header has none
    assert all(form.strip() for forms in WORDS[language].values() for form in forms)
    plurals = {
        message.id[0]: tuple(message.string or ()) for message in file if not isinstance(message.id, str)
    }
    assert plurals
    assert all(
        code.startswith("count.") and len(forms) == file.num_plurals for code, forms in plurals.items()
    )


def test_both_languages_say_the_same_facts_in_the_same_way() -> None:
    """Placeholders, and what stands behind their colons, are the same in both catalogues."""
    for code, forms in WORDS["en"].items():
        for form in (*forms, *WORDS["zh_CN"][code]):
            assert placeholders(form) == placeholders(forms[0]), code


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_reason_says_all_its_facts(code: str) -> None:
    """The text of a reason has exactly the facts that the code gives with it, and can do without some."""
    text = WORDS["en"][f"reason.{code}"]
    assert names(*text) == set().union(*REASONS[code])
    assert lacking(REASONS[code]) <= optional(*text)


def test_every_kind_of_message_was_decided() -> None:
    """The letters below are made of what desks at work have said."""
    assert {message.kind for message in every_message()} == set(MESSAGES)


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_says_all_its_facts(kind: str) -> None:
    """A letter says the facts that its message carries, in words or as charges, and can do without some.

    What only the other library's desk needs (``FOR_THE_DESK``) it need not say.
    """
    told = [set(dict(message.facts)) for message in every_message() if message.kind == kind]
    codes = [f"message.{kind}.subject", f"message.{kind}.body"]
    if kind not in RELATION_MESSAGES + ACCOUNT_MESSAGES + SETTLEMENT_MESSAGES:
        codes += ["letter.about", *(["letter.mark"] if kind in SUPPLY_MESSAGES else [])]
    texts = [WORDS["en"][code][0] for code in codes]
    carried = {name for facts in told for name in facts if not name.startswith("cost.")}
    assert names(*texts) - carried <= optional(WORDS["en"]["letter.about"][0])
    assert carried - names(*texts) <= (FOR_THE_DESK if kind in BETWEEN_LIBRARIES else set())
    assert lacking(told) & names(*texts) <= optional(*texts)


FOR_THE_DESK = {"status", "yes", "supplier", "as_of"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_can_be_written(language: str) -> None:
    """No letter falls back to codes, and none has a placeholder left in it."""
    for message in every_message():
        subject, body = BabelWording().letter(message, party(language))
        assert "\n" not in subject
        assert not {"message.", "reason.", "letter.", "{", "}"} & set(_pieces(subject + body)), message.kind


def _pieces(text: str) -> set[str]:
    return {piece for piece in ("message.", "reason.", "letter.", "{", "}") if piece in text}


def test_what_stands_behind_a_colon_is_in_the_catalogue() -> None:
    """A placeholder looks its value up among words that exist."""
    for code, forms in WORDS["en"].items():
        for name, spec in placeholders(forms[0]):
            spaces = spec.removesuffix("+")
            if spaces and spaces not in {"instant", "year"} and "{" not in spaces:
                for space in spaces.split("|"):
                    known = space in WORDS["en"] or any(word.startswith(f"{space}.") for word in WORDS["en"])
                    assert known, f"{code}: {name}:{spec}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_state_that_both_desks_know_has_one_name(language: str) -> None:
    """Where a reason does not say whose state it names, it can be named all the same."""
    words, shared = (
        WORDS[language],
        {state.value for state in CaseState} & {each.value for each in SupplyState},
    )
    assert {"promised", "offered", "shipped", "lost", "closed"} == shared
    for state in shared:
        assert words[f"state.ill.borrowing.{state}"] == words[f"state.ill.supply.{state}"]


RAW = {
    value
    for enum in (
        *(AttemptState, BlockKind, CancelIntent, CancelState, CaseOutcome, CaseState, Closing, Condition),
        *(CostKind, DelayKind, InstitutionKind, Level, Material, OfferState, Payer, Place, Retry, SentVia),
        *(Service, Settlement, Status, SupplyState, Unfilled, WhereLost),
    )
    for value in [member.value for member in enum]
    if re.search("[a-z][A-Z]|[-_]", value)
}
"""Values that nobody would take for a word."""

NAMES_AND_NUMBERS = re.compile(
    r"https?://\S+|\S+@\S+|CN-\w+|(NLC|CQ|CALIS|ZJU)-\d+|(ISSN|OCLC):\S+|p-17|loan-1|EA\w+CN|2026-0042/return-1|[VJ]\d|FTP|ISBN|GMT|CNY|ill\.attention\.late|EUR|visitor|\d+-\d+|\d+~\d"
)


def said_by_desks() -> Iterator[Message | Reason]:
    """Everything that the desks at work have said."""
    yield from every_message()
    for case in borrowing.every_attention():
        yield from case.attention
    yield from borrowing.every_refusal()
    yield from filing.every_refusal()
    yield from filing.every_attention()
    yield from account.every_refusal()
    yield from centre.every_refusal()
    yield from centre.every_attention()
    yield from lenders_attention()
    yield from lenders_refusals()


def as_read(it: Message | Reason, language: str) -> str:
    texts = Texts(language)
    return texts.reason(it) if isinstance(it, Reason) else "\n".join(texts.letter(it, party(language)))


def test_every_letter_reads_as_written_by_a_person() -> None:
    """No code of ours stands in any text: in Chinese no foreign word at all, in English none of our values."""
    for it in said_by_desks():
        chinese = NAMES_AND_NUMBERS.sub("", as_read(it, "zh_CN"))
        assert re.findall("[A-Za-z]+", chinese) == [], f"{it}: {chinese}"
        english = set(re.findall(r"[\w-]+", NAMES_AND_NUMBERS.sub("", as_read(it, "en"))))
        assert english & RAW == set(), it


def test_everything_that_staff_have_to_look_at_was_seen() -> None:
    """Each reason for attention was given by a desk at work."""
    seen = {reason.code for case in borrowing.every_attention() for reason in case.attention}
    seen |= {
        reason.code for reason in (*lenders_attention(), *centre.every_attention(), *filing.every_attention())
    }
    assert seen == {code for code in REASONS if code.startswith("ill.attention.")}


# --- words, numbers, amounts, dates ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [
        ("en", 0, "0 volumes"),
        ("en", 1, "1 volume"),
        ("en", 2, "2 volumes"),
        ("en", 21, "21 volumes"),
        ("en", Fraction(1, 2), "0.5 volumes"),
        ("en", Fraction(1, 3), "1/3 volumes"),
        ("en", 12000, "12,000 volumes"),
        ("zh_CN", 0, "0册"),
        ("zh_CN", 1, "1册"),
        ("zh_CN", 2, "2册"),
    ],
)
def test_a_noun_has_the_form_of_its_number(language: str, number: int, text: str) -> None:
    """One volume is singular in English, everything else plural; Chinese has one form."""
    assert catalogue(language).count("count.volume", number) == text


def test_a_noun_that_the_catalogue_does_not_have_stays_as_it_is() -> None:
    """A rule of somebody's own may count what servflow has no word for."""
    assert catalogue("zh_CN").count("count.box", 2) == "2 box"


@pytest.mark.parametrize(
    ("money", "english", "chinese"),
    [
        (Money("1234.5", "CNY"), "CNY 1,234.50", "¥1,234.50"),
        (Money("-5", "CNY"), "-CNY 5.00", "-¥5.00"),
        (Money(300, "JPY"), "JPY 300", "JP¥300"),
        (Money("0.125", "KWD"), "KWD 0.125", "KWD0.125"),
    ],
)
def test_an_amount_has_its_currency_and_all_its_decimals(money: Money, english: str, chinese: str) -> None:
    """The decimals are those of ISO 4217, and no yen is taken for a yuan."""
    assert Texts("en").money(money) == english
    assert Texts("zh_CN").money(money) == chinese


@given(st.integers(), st.integers(1, 10**6))
@example(-1, 3)
@example(10**60 + 1, 1)
@example(1, 10**6)
@example(1, 2**7)
def test_an_amount_is_written_exactly_or_nearly(minor: int, parts: int) -> None:
    """Whatever its size: exactly with up to eight decimals, otherwise to the nearest of six, and it says so."""
    exact = Fraction(minor, parts)
    about, sign, digits = catalogue("en").amount(exact, "CNY").replace(",", "").rpartition("CNY ")
    written = Fraction(Decimal(about.removeprefix("≈ ") + digits))
    assert sign
    if (exact * 10**6).denominator == 1:
        assert not about.startswith("≈")
        assert written * 100 == exact
    else:
        assert about.startswith("≈")
        assert len(digits.partition(".")[2]) == 6
        assert abs(written - exact / 100) <= Fraction(1, 2 * 10**6)


@given(st.fractions())
def test_a_number_is_written_exactly(exact: Fraction) -> None:
    """A quantity is a decimal where that is exact, and otherwise a fraction."""
    assert Fraction(catalogue("en").number(exact).replace(",", "")) == exact


def test_days_and_instants_read_as_in_the_language() -> None:
    """An instant is told in the zone asked for, with its offset from Greenwich."""
    at = datetime(2026, 3, 15, 17, 5, tzinfo=UTC)
    assert Texts("en").day(date(2026, 3, 5)) == "5 March 2026"
    assert Texts("zh_CN").day(date(2026, 3, 5)) == "2026年3月5日"
    assert Texts("en").instant(at, SHANGHAI) == "16 March 2026, 01:05 (GMT+08:00)"
    assert Texts("zh_CN").instant(at, SHANGHAI) == "2026年3月16日 01:05（GMT+08:00）"


def test_a_naive_instant_is_refused() -> None:
    """What has no offset is no instant."""
    with pytest.raises(InvalidValue, match="at: found"):
        Texts("en").instant(datetime(2026, 3, 15, 17, 5), SHANGHAI)


def test_an_unknown_language_is_refused_with_the_known_ones_named() -> None:
    """There is no silent other language."""
    with pytest.raises(InvalidValue, match="language: found 'fr', expected one of en, zh_CN"):
        Texts("fr")
    message = next(iter(every_message()))
    with pytest.raises(InvalidValue, match="language: found 'fr'"):
        BabelWording().letter(message, party("fr"))


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_letter_is_signed_by_its_house(language: str) -> None:
    """The library signs with its name where it has given one, otherwise the loan desk does."""
    message = next(iter(every_message()))
    _, signed = BabelWording("京华国家图书馆").letter(message, party(language))
    _, plain = BabelWording().letter(message, party(language))

    assert signed.splitlines()[-1] == "京华国家图书馆"
    assert plain.splitlines()[-1] in {"The interlibrary loan desk", "馆际互借中心"}
    assert signed.splitlines()[:-1] == plain.splitlines()[:-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_address_of_the_house_stands_below_its_name(language: str) -> None:
    """Whoever sends a parcel reads where to; without an address there is no empty line."""
    message = next(each for each in every_message() if each.kind == "ill.borrowing.request")
    with_one = BabelWording("渝州馆", address="重庆市学府路1号").letter(message, party(language))[1]
    assert with_one.endswith("\n渝州馆\n重庆市学府路1号\n")
    assert BabelWording("渝州馆").letter(message, party(language))[1].endswith("\n渝州馆\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_is_asked_reads_how_to_answer(language: str) -> None:
    """What wants an answer names the request id to be quoted once more; what only tells something does not."""
    asking = {
        message.kind
        for message in every_message()
        if message.kind in BETWEEN_LIBRARIES
        and Texts(language).text("letter.answer", dict(message.facts))
        in BabelWording().letter(message, party(language))[1]
    }
    assert asking == {
        *("ill.borrowing.request", "ill.borrowing.cancel", "ill.borrowing.renew", "ill.borrowing.lost"),
        *("ill.borrowing.status-request", "ill.borrowing.defect", "ill.supply.offered"),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_request_id_stands_in_every_subject_between_libraries(language: str) -> None:
    """So a mail program that refers to nothing still says what an answer is about."""
    for message in every_message():
        if message.kind in BETWEEN_LIBRARIES:
            request = str(dict(message.facts)["request"])
            assert request in BabelWording().letter(message, party(language))[0]


def test_states_commands_and_charges_have_names() -> None:
    """A screen shows words, not codes."""
    english, chinese = Texts("en"), Texts("zh_CN")
    assert (english.language, chinese.language) == ("en", "zh_CN")
    assert english.state("ill.supply", SupplyState.AT_REQUESTER) == "with the borrower"
    assert chinese.state("ill.relation", RelationState.SUSPENDED) == "停止办理借书手续"
    assert english.command(c.CheckIn) == "Check in"
    assert chinese.command(c.Recall) == "索回"
    assert english.charge_kind("loan-fee") == "loan fee"
    assert chinese.charge_kind("overdue") == "逾期使用费"
    assert chinese.name("material", "rare_book") == "善本"
    assert chinese.name("material", "scroll") == "scroll"


# --- reasons --------------------------------------------------------------------------------------------


def test_a_reason_ends_with_its_clause() -> None:
    """Who is refused something reads which clause says so, and who may do it instead."""
    used_up = Reason("ill.renewals-used-up", Clause("NLC-10"), (("allowed", 1),))
    assert Texts("en").reason(used_up) == ("It cannot be renewed now: a loan may be renewed 1 time. [NLC-10]")
    assert Texts("zh_CN").reason(used_up) == "不能再续借：每次借阅可续借1次。 [NLC-10]"
    not_yours = Reason("lifecycle.not-yours", None, (("roles", "requester, staff"),))
    assert Texts("en").reason(not_yours) == "Only the borrowing institution or our staff can do this."
    assert Texts("zh_CN").reason(not_yours) == "此项只能由借书单位或我馆工作人员办理。"


def test_a_state_in_a_reason_is_named_as_that_of_its_kind_of_case() -> None:
    """The same word of the code may be a state of several kinds of case."""
    reason = Reason("lifecycle.not-in-state", None, (("kind", "ill.relation"), ("state", "suspended")))
    assert Texts("en").reason(reason) == (
        "This cannot be done now: the interlibrary loan relation is in the state “suspended”."
    )
    assert Texts("zh_CN").reason(reason) == "目前不能办理：馆际互借关系处于“停止办理借书手续”状态。"


def test_a_choice_of_the_desk_is_cited_as_one() -> None:
    """Where no source says it, the text does not look as if one did."""
    reason = Reason("ill.too-many-volumes", PRACTICE, (("allowed", 5), ("out", 4), ("asked", 2)))
    assert Texts("en").reason(reason) == (
        "At most 5 volumes may be out at one time; 4 volumes out now, 2 volumes asked for. [our practice]"
    )
    assert Texts("zh_CN").reason(reason).endswith("[惯例]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_said_comes_out_as_its_code(language: str) -> None:
    """A code from elsewhere, or one that lacks a fact, is shown with its facts and does not fail."""
    texts = Texts(language)
    assert texts.reason(Reason("shop.closed", None, (("door", "back"),))) == "reason.shop.closed (door=back)"
    assert texts.reason(Reason("ill.renewals-used-up", Clause("X-1"))) == "reason.ill.renewals-used-up [X-1]"
    assert texts.text("shop.closed") == "shop.closed"
    message = Message(key="k", to="x", kind="shop.sale", about=LOAN, facts=(("price", cny(3)),))
    subject, body = texts.letter(message, party(language))
    assert subject == "message.shop.sale.subject (price=CNY 3.00)"
    assert "message.shop.sale.body (price=CNY 3.00)" in body


def test_a_reason_can_do_without_what_is_not_known() -> None:
    """A sentence whose fact is not given is left out; Chinese ones need no space between them."""
    asked = Reason("ill.cancel-pending", None, (("asked_on", date(2026, 2, 1)),))
    assert Texts("en").reason(asked) == (
        "A cancellation is waiting for its answer. It was asked for on 1 February 2026."
    )
    assert Texts("zh_CN").reason(asked) == "取消请求尚待答复。请求日期：2026年2月1日。"
    assert Texts("en").reason(Reason("ill.cancel-pending")) == "A cancellation is waiting for its answer."


def test_a_reason_of_which_nothing_can_be_said_comes_out_as_its_code() -> None:
    """An empty fact leaves nothing of a sentence that needs it."""
    unnamed = Reason("ill.offer-declined", None, (("revision", ""),))
    assert Texts("en").reason(unnamed) == "reason.ill.offer-declined (revision=)"


def test_several_values_are_one_or_the_other_or_all_of_them() -> None:
    """Roles are alternatives, conditions all hold, and items are as they were named, commas and all."""
    english, chinese = catalogue("en"), catalogue("zh_CN")
    assert english.shown("requester, staff", "role") == "the borrowing institution or our staff"
    assert chinese.shown("LibraryUseOnly,NoReproduction", "condition+") == "限馆内阅览；不得复制"
    assert english.shown("LibraryUseOnly,Framed", "condition+") == "for use in the library only; Framed"
    assert english.shown("V1\nV2, part 2\nV3", "+") == "V1, V2, part 2, and V3"
    assert chinese.shown("V1\nV2", "+") == "V1和V2"


def test_a_note_is_named_if_it_is_a_code_and_stays_as_it_is_if_it_is_not() -> None:
    """A program writes a code where a person writes what he likes."""
    english = catalogue("en")
    assert english.shown("need-before-passed", "note") == "the day it was needed by has passed"
    assert english.shown("bought, thank you", "note") == "bought, thank you"


def test_a_state_is_looked_up_in_one_lifecycle_and_then_in_the_other() -> None:
    """What was said at the wrong time may have been said to either desk."""
    for state, name in (("rota_exhausted", "no supplier left"), ("at_requester", "with the borrower")):
        facts = (("said", "ReportReturn"), ("state", state))
        reason = Reason("ill.attention.out-of-order", None, facts)
        assert Texts("en").reason(reason).startswith("Said at the wrong time: “it was sent back”, while ")
        assert f"“{name}”" in Texts("en").reason(reason)


def test_an_instant_that_is_written_as_a_text_reads_as_an_instant() -> None:
    """What is none, or has no offset, stays as it is."""
    english = catalogue("en")
    assert english.shown("2026-01-12T09:03:00+08:00", "instant") == "12 January 2026, 09:03 (GMT+08:00)"
    assert english.shown("2026-01-12T09:03:00", "instant") == "2026-01-12T09:03:00"
    assert english.shown("soon", "instant") == "soon"


@pytest.mark.parametrize(
    ("kind", "english", "chinese"),
    [
        ("payable-loan-fee-1", "the supplying library's loan fee", "提供馆收取的借书费用"),
        ("payable-compensation-12", "the supplying library's compensation", "提供馆收取的赔偿金"),
        ("payable-loan-fee", "payable-loan-fee", "payable-loan-fee"),
        ("copy-fee", "copying fee", "复制费"),
    ],
)
def test_what_is_owed_to_a_lender_is_named_as_what_it_charged_for(
    kind: str, english: str, chinese: str
) -> None:
    """The ledger's kind holds what for and to which of the suppliers asked; a person reads what for."""
    assert Texts("en").charge_kind(kind) == english
    assert Texts("zh_CN").charge_kind(kind) == chinese


def test_a_letter_lists_what_was_charged_so_far() -> None:
    """By kind, all in all; what was taken back is there with nothing."""
    facts = (("request", "R1"), ("title", ""), ("cost.loan-fee", cny(20)), ("cost.compensation", cny(0)))
    message = Message(key="k", to=BORROWER, kind="ill.supply.charged", about=LOAN, facts=facts)
    assert Texts("en").letter(message, party("en"))[1].split("\n\n")[3] == (
        "Charged so far for this request:\n- loan fee: CNY 20.00\n- compensation: CNY 0.00"
    )


ODD: st.SearchStrategy[Plain] = st.sampled_from(
    ["", " ", "\n", "，", "a\nb", "{x}", "LibraryUseOnly,", 0, -5, True, date(2026, 1, 1), Money(3, "JPY")]
)


@given(st.sampled_from(LANGUAGES), st.sampled_from(sorted(WORDS["en"])), st.data())
def test_nothing_fails_because_of_what_it_is_to_say(language: str, code: str, data: st.DataObject) -> None:
    """Whatever the facts of a text are, and whether they are given or not."""
    facts = {name: data.draw(ODD) for name in sorted(names(*WORDS["en"][code])) if data.draw(st.booleans())}
    texts, reason = Texts(language), Reason(code.removeprefix("reason."), None, tuple(facts.items()))
    assert isinstance(texts.text(code, facts), str)
    assert "\n" not in texts.reason(reason)


@pytest.mark.clause("NLC-6")
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_individual_is_told_to_ask_an_institution_of_his_place(language: str) -> None:
    """The letter says no and what to do instead, with the clause; so it does to institutions elsewhere."""
    advice = {
        "en": "please apply to an institution of your place that has",
        "zh_CN": "需要者请向当地与我馆馆际互借中心建立馆际互借关系的单位申请，并委托办理。",
    }
    individual, unrelated = Walk(kind=InstitutionKind.INDIVIDUAL).asked(), Walk().asked()
    for walk in (individual, unrelated):
        (line,) = (
            line for line in letter(walk, "ill.supply.unfilled", language).splitlines() if "[NLC-6]" in line
        )
        assert advice[language] in line


def test_a_rare_book_is_refused_with_an_offer() -> None:
    """Not lent, by one clause; document delivery within limits, by another."""
    walk = Walk(material=Material.RARE_BOOK).related().asked("溪山琴谱")
    assert "- 善本不外借。 [NLC-8]\n- 可提供文献传递服务，但品种、数量有限。 [NLC-9]\n" in letter(
        walk, "ill.supply.unfilled", "zh_CN"
    )
    assert (
        "- We do not lend rare books. [NLC-8]\n"
        "- We can offer document delivery instead, within limits of kind and number. [NLC-9]\n"
    ) in letter(walk, "ill.supply.unfilled", "en")


# --- letters --------------------------------------------------------------------------------------------


SHIPPED = {
    "en": """\
Interlibrary loan request 2026-0117: shipped, due 28 February 2026

Dear 平江大学图书馆,

Request: 2026-0117
Title: 江南书院史料选

We have shipped 2 volumes to you on loan.

Items: V1 and V2
Due date: 28 February 2026, that day included
Loan fee: CNY 40.00

Charged so far for this request:
- loan fee: CNY 40.00

Please note:
- The loan fee is charged per volume, by where the borrowing institution is. [NLC-4]
- Please pack the volumes properly for the way back, so that none is lost or damaged in the post. [NLC-17]
- What is lent remains our property. [NLC-15]

Please mark letters and parcels to us “国家图书馆馆际互借”.

Yours sincerely,
The interlibrary loan desk
""",
    "zh_CN": """\
馆际互借申请2026-0117：已寄出，2026年2月28日到期

平江大学图书馆：
您好！

申请号：2026-0117
题名：江南书院史料选

您申请的图书共2册已寄出，请查收。

图书：V1和V2
到期日：2026年2月28日（含当日）
借书费用：¥40.00

此次申请费用累计：
- 借书费用：¥40.00

说明：
- 借书费用按册收取，依借书单位所在地而定。 [NLC-4]
- 为避免在邮寄过程中遗失或损坏图书，归还图书请妥为包装。 [NLC-17]
- 所借书刊资料的所有权不变。 [NLC-15]

来函、邮包请注明“国家图书馆馆际互借”字样。

此致
敬礼！

馆际互借中心
""",
}

OVERDUE = {
    "en": """\
Interlibrary loan request 2026-0117: overdue since 28 February 2026

Dear 平江大学图书馆,

Request: 2026-0117
Title: 江南书院史料选

This loan is overdue: 1 volume not back, 8 days after the due date. Please return what is out as soon as you can.

Items: V1
Due date: 28 February 2026
Overdue charge so far: CNY 40.00

Please note:
- A volume that is returned late is charged CNY 5.00 for each day. [NLC-12]

Please mark letters and parcels to us “国家图书馆馆际互借”.

Yours sincerely,
The interlibrary loan desk
""",
    "zh_CN": """\
馆际互借申请2026-0117：已逾期，应于2026年2月28日归还

平江大学图书馆：
您好！

申请号：2026-0117
题名：江南书院史料选

您所借图书尚有1册未归还，已逾期8天，请尽快归还。

图书：V1
到期日：2026年2月28日
逾期使用费累计：¥40.00

说明：
- 逾期归还图书，每册图书须交纳逾期使用费¥5.00/天。 [NLC-12]

来函、邮包请注明“国家图书馆馆际互借”字样。

此致
敬礼！

馆际互借中心
""",
}


@pytest.mark.clause("NLC-17")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_of_a_shipped_loan(language: str) -> None:
    """It says what was sent, until when, for how much, and how to pack and mark what goes back."""
    assert letter(Walk().shipped("V1", "V2"), "ill.supply.shipped", language) == SHIPPED[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_of_an_overdue_loan(language: str) -> None:
    """It says since when, what it costs by now, and by which clause."""
    walk = Walk().shipped("V1")
    due = date(2026, 2, 28)
    for step, day in enumerate(("2026-02-25", "2026-03-01"), start=1):
        walk.do(c.NoticeDue, LOAN, day, due=due, step=step)
    walk.told.clear()
    walk.do(c.NoticeDue, LOAN, "2026-03-08", due=due, step=3)
    assert letter(walk, "ill.supply.overdue", language) == OVERDUE[language]


BORROWED = {
    ("ill.borrowing.request", "en"): """\
Interlibrary loan request 2026-0042~3: please supply

Dear 平江大学图书馆,

Request: 2026-0042~3
Borrowing library: CN-500105
Title: 文献季刊

Please supply the following for a reader of ours.

Service: copy
Urgency: rush
Author: 陈望之
Edition: 影印本
Volume: 12
Publisher: 江南书局
Year: 1936
Article: 溪山琴谱考
Pages: 112-130
Identifiers: ISSN:0257-0254 and OCLC:57358293

Needed by: 1 March 2026, that day included
Cost accepted without asking: up to CNY 15.00
Delivery wished: e-mail
Delivery address: ill@cque.example.cn
Passing on to another library: permitted
Copyright declaration by the reader: yes
Kind of request: asked again, as you advised
Earlier request: 2026-0042~1

Please tell us:
- whether you can supply it; if not, why not, and whether and when we may ask again
- what it costs, and on what conditions we may have it
- when you have sent it: how, and for a loan the due date and the numbers of the items

To answer, please reply to this mail and keep the request number 2026-0042~3 in the subject.

Yours sincerely,
山城师范学院图书馆
""",
    ("ill.borrowing.request", "zh_CN"): """\
馆际互借申请2026-0042~3：请提供文献

平江大学图书馆：
您好！

申请号：2026-0042~3
借入馆：CN-500105
题名：文献季刊

我馆读者需要以下文献，烦请贵馆提供。

服务方式：复制（文献传递）
急缓程度：加急
著者：陈望之
版本：影印本
卷期：12
出版者：江南书局
出版年：1936
篇名：溪山琴谱考
页码：112-130
编号：ISSN:0257-0254和OCLC:57358293

需要日期：2026年3月1日以前（含当日）
无须征询的费用限额：¥15.00
希望的寄送方式：电子邮件
寄送地址：ill@cque.example.cn
转交他馆：同意
读者已作版权声明：是
申请类别：按贵馆答复再次申请
原申请号：2026-0042~1

烦请告知：
- 可否提供；如不能提供，请说明原因，以及可否、何时再次申请
- 费用及使用条件
- 寄出时，请告知寄送方式；如为借书，并请告知到期日和图书编号

请直接回复本邮件，并在主题中保留申请号2026-0042~3。

此致
敬礼！

山城师范学院图书馆
""",
    ("ill.patron.decision", "en"): """\
Interlibrary loan request 2026-0042: please decide

Dear 王晓,

Request: 2026-0042
Title: 江南书院史料选

A library can supply what you asked for on the terms below. Please tell us whether you accept them; until you do, it is not ordered on these terms.

Conditions: to be used under supervision (special collections); to be signed for by the reader
Cost in all: CNY 60.00
Please answer by: 9 January 2026, that day included
Offer: no. 1 of library no. 1

Yours sincerely,
山城师范学院图书馆
""",
    ("ill.patron.decision", "zh_CN"): """\
馆际互借申请2026-0042：请您决定

王晓：
您好！

申请号：2026-0042
题名：江南书院史料选

有图书馆可按以下条件提供您申请的文献，是否接受，请告知我馆；在您答复以前，暂不按此条件办理。

条件：特藏文献，须有人看管阅览；须由读者签名
费用合计：¥60.00
请答复期限：2026年1月9日（含当日）
条件序号：第1家图书馆，第1次条件

此致
敬礼！

山城师范学院图书馆
""",
    ("ill.patron.ready", "en"): """\
Interlibrary loan request 2026-0042: ready for you

Dear 王晓,

Request: 2026-0042
Title: 江南书院史料选

What you asked for is here for you. Please collect it at the interlibrary loan desk.

Return by: 6 March 2026, that day included
Conditions of the lending library: for use in the library only; not to be copied

Yours sincerely,
山城师范学院图书馆
""",
    ("ill.patron.ready", "zh_CN"): """\
馆际互借申请2026-0042：请来取

王晓：
您好！

申请号：2026-0042
题名：江南书院史料选

您申请的文献已到馆，请到馆际互借服务台领取。

归还期限：2026年3月6日（含当日）
出借馆的条件：限馆内阅览；不得复制

此致
敬礼！

山城师范学院图书馆
""",
    ("ill.patron.overdue", "en"): """\
Interlibrary loan request 2026-0042: overdue since 6 March 2026

Dear 王晓,

Request: 2026-0042
Title: 江南书院史料选

This interlibrary loan is overdue: 7 days after the due date. Please bring it back as soon as you can.

Due date: 6 March 2026
Charged for the days after the lending library's own due date: 8 March 2026
Overdue charge so far: CNY 50.00

Please note:
- What is returned late is charged by the rules of the lending library. [NLC-12]

Yours sincerely,
山城师范学院图书馆
""",
    ("ill.patron.overdue", "zh_CN"): """\
馆际互借申请2026-0042：已超期，应于2026年3月6日归还

王晓：
您好！

申请号：2026-0042
题名：江南书院史料选

您借阅的馆际互借图书已超期7天，请尽快归还。

到期日：2026年3月6日
出借馆的到期日（其后开始计费）：2026年3月8日
超期费用累计：¥50.00

说明：
- 超期归还按出借馆的规定收费。 [NLC-12]

此致
敬礼！

山城师范学院图书馆
""",
    ("ill.supply.offered", "en"): """\
Interlibrary loan request 2026-0117: our terms

Dear 平江大学图书馆,

Request: 2026-0117
Title: 江南书院史料选

We can supply what you asked for on the terms below. Please tell us whether you accept them.

Conditions: for use in the library only; to be used under supervision (special collections)
Please answer by: 9 February 2026, that day included
Offer: no. 1

Note: 善本再造本

To answer, please reply to this mail and keep the request number 2026-0117 in the subject.

Please mark letters and parcels to us “国家图书馆馆际互借”.

Yours sincerely,
山城师范学院图书馆
""",
    ("ill.supply.offered", "zh_CN"): """\
馆际互借申请2026-0117：可以提供，请确认条件

平江大学图书馆：
您好！

申请号：2026-0117
题名：江南书院史料选

您申请的文献可按以下条件提供，是否接受，请予答复。

条件：限馆内阅览；特藏文献，须有人看管阅览
请答复期限：2026年2月9日（含当日）
条件序号：1

备注：善本再造本

请直接回复本邮件，并在主题中保留申请号2026-0117。

来函、邮包请注明“国家图书馆馆际互借”字样。

此致
敬礼！

山城师范学院图书馆
""",
}


def letters_to_read() -> dict[str, Message]:
    """One letter of a kind, from a case in which there is much to say."""
    copy = borrowing.Borrowing(
        borrowing.ARTICLE,
        service=Service.COPY,
        level=Level.RUSH,
        need_before=date(2026, 3, 1),
        max_cost=cny(15),
        delivery=Delivery(via=SentVia.EMAIL, reference="ill@cque.example.cn"),
        forwardable=True,
    )
    copy.sent().hear(b.HearRetry, why=Retry.ON_LOAN).do(b.AcceptRetry)
    terms: dict[str, Any] = {
        "conditions": (Condition.SUPERVISED, Condition.SIGNATURE_REQUIRED),
        "reply_by": date(2026, 1, 9),
    }
    dear = borrowing.Borrowing().sent().hear(b.HearOffer, **terms, cost=cny(60))
    loan = borrowing.Borrowing().sent()
    loan.hear(b.HearOffer, conditions=(Condition.LIBRARY_USE_ONLY, Condition.NO_REPRODUCTION))
    loan.hear(b.HearShipped, items=("V1", "V2"), due=date(2026, 3, 8)).do(b.Receive)
    loan.do(b.CheckOut, acknowledged=tuple(Condition)).clock("2026-03-13")
    ours = Walk().related().asked()
    ours.do(
        c.MakeOffer,
        LOAN,
        "2026-01-30",
        conditions=(Condition.LIBRARY_USE_ONLY, Condition.SUPERVISED),
        reply_by=date(2026, 2, 9),
        note="善本再造本",
    )
    read = {
        "ill.borrowing.request": copy.told,
        "ill.patron.decision": dear.told,
        "ill.patron.ready": loan.told,
        "ill.patron.overdue": loan.told,
        "ill.supply.offered": ours.told,
    }
    return {kind: next(it for it in reversed(told) if it.kind == kind) for kind, told in read.items()}


@pytest.mark.parametrize(("kind", "language"), BORROWED)
def test_the_letters_of_the_borrowing_library_and_the_offer(kind: str, language: str) -> None:
    """What is asked for, on what terms it can be had, until when it is lent, what it costs by now."""
    message = letters_to_read()[kind]
    to = party(language, "王晓") if kind in PATRON_MESSAGES else party(language)
    subject, body = BabelWording("山城师范学院图书馆").letter(message, to)
    assert f"{subject}\n\n{body}" == BORROWED[kind, language]


_TERMS: dict[str, Plain] = {"cost": Money(30, "CNY"), "conditions": "LibraryUseOnly,NoReproduction"}
_PIECES: dict[str, Plain] = {"volumes": 2, "items": "V1\nV2"}
SAID_TO_PEOPLE: list[tuple[str, dict[str, Plain], str, str]] = [
    (
        "ill.borrowing.offer-accepted",
        {"revision": 2, **_TERMS},
        "accordingly.\n\nCost: CNY 30.00\nConditions: for use in the library only; not to be copied\n\n",
        "（条件序号：2），请照此提供。\n\n费用：¥30.00\n条件：限馆内阅览；不得复制\n\n",
    ),
    (
        "ill.borrowing.offer-accepted",
        {"revision": 2},
        "Please supply accordingly.\n\nYours",
        "请照此提供。\n\n此致",
    ),
    (
        "ill.borrowing.renew",
        {"reason": "", "due": date(2026, 2, 28), "items": "V1\nV2"},
        "until when.\n\nItems: V1 and V2\nDue date now: 28 February 2026\n\nTo answer",
        "请予答复。\n\n图书：V1和V2\n现到期日：2026年2月28日\n\n",
    ),
    ("ill.borrowing.renew", {"reason": ""}, "until when.\n\nTo answer", "请予答复。\n\n"),
    (
        "ill.supply.lost",
        _PIECES,
        "about the compensation.\n\nItems: V1 and V2\n\nYours",
        "将另行通知。\n\n图书：V1和V2\n\n",
    ),
    ("ill.supply.lost", {"volumes": 2}, "about the compensation.\n\nYours", "将另行通知。\n\n"),
    (
        "ill.borrowing.status-request",
        {"their_id": "88"},
        "Request: B1~1\nYour own number: 88\nTitle: t\n",
        "申请号：B1~1\n贵馆编号：88\n题名：t\n",
    ),
    ("ill.borrowing.status-request", {}, "Request: B1~1\nTitle: t\n", "申请号：B1~1\n题名：t\n"),
]


@pytest.mark.parametrize(("kind", "facts", "english", "chinese"), SAID_TO_PEOPLE)
def test_a_letter_says_which_terms_and_pieces_are_meant(
    kind: str, facts: dict[str, Plain], english: str, chinese: str
) -> None:
    """Terms that are accepted, pieces and the term, the lender's own number: said if known, else no label."""
    said = tuple({"request": "B1~1", "title": "t", **facts}.items())
    message = Message(key="m", to="CN-NLC", kind=kind, about=Key("ill.borrowing", "B1"), facts=said)
    assert english in BabelWording().letter(message, party("en"))[1]
    assert chinese in BabelWording().letter(message, party("zh_CN"))[1]


def test_a_line_without_its_fact_is_left_out() -> None:
    """A request without a title, a renewal declined without a reason: no empty lines are written."""
    walk = Walk().related().asked(title="")
    walk.do(c.Ship, LOAN, "2026-01-31", items=("V1",))
    walk.do(c.RequestRenewal, LOAN, "2026-02-01", THEM, reason="展览")
    walk.do(c.DeclineRenewal, LOAN, "2026-02-02")
    text = letter(walk, "ill.supply.renewal-declined", "en")
    assert "Title:" not in text
    assert "Due date, as before: 28 February 2026, that day included\n\nPlease mark" in text


def test_a_letter_about_a_relation_has_no_request_and_no_mark() -> None:
    """It has what its message carries, and no more."""
    text = letter(Walk().related(), "ill.relation.security-received", "zh_CN")
    assert text == (
        "馆际互借关系：收到押金\n\n平江大学图书馆：\n您好！\n\n"
        "贵单位交纳的馆际互借服务押金已收到，谢谢。\n\n金额：¥500.00\n\n"
        "此致\n敬礼！\n\n馆际互借中心\n"
    )


def test_a_text_from_outside_writes_no_lines_of_its_own() -> None:
    """Line breaks become spaces and control characters are replaced, in facts, names and fallbacks."""
    about = (("request", "R1\r\nBcc: all@example.org"), ("title", "甲\n\n- 乙\x07"), ("mark", ""))
    message = Message(key="k", to=BORROWER, kind="ill.supply.received", about=LOAN, facts=about)
    subject, body = Texts("en").letter(message, party("en", name="图书\u2028馆"))
    assert subject == "Interlibrary loan request R1 Bcc: all@example.org: received"
    assert body.startswith(
        "Dear 图书 馆,\n\nRequest: R1 Bcc: all@example.org\nTitle: 甲 - 乙\ufffd\n\nWe have"
    )
    assert "mark" not in body
    assert "\n" not in Texts("en").reason(Reason("x", None, (("note", "a\nb"),)))


def test_a_party_without_a_name_is_addressed_by_its_reference() -> None:
    """Whose name was forgotten can still be written to."""
    message = Message(key="k", to=BORROWER, kind="ill.relation.reinstated", about=RELATED)
    assert Texts("en").letter(message, party("en", name=""))[1].startswith(f"Dear {BORROWER},\n")


# --- derivations and statements ---------------------------------------------------------------------------


DERIVED = {
    ("en", 1): [
        "1 volume × CNY 20.00 = CNY 20.00 [NLC-4]",
        "1 volume × 5 days × CNY 5.00 = CNY 25.00 [NLC-12]",
        "  5 days: after 15 March 2026, up to and including 20 March 2026 [NLC-12]",
    ],
    ("en", 2): [
        "2 volumes × CNY 20.00 = CNY 40.00 [NLC-4]",
        "2 volumes × 5 days × CNY 5.00 = CNY 50.00 [NLC-12]",
        "  5 days: after 15 March 2026, up to and including 20 March 2026 [NLC-12]",
    ],
    ("zh_CN", 1): [
        "1册 × ¥20.00 = ¥20.00 [NLC-4]",
        "1册 × 5天 × ¥5.00 = ¥25.00 [NLC-12]",
        "  5天：2026年3月15日（不含）至2026年3月20日（含） [NLC-12]",
    ],
    ("zh_CN", 2): [
        "2册 × ¥20.00 = ¥40.00 [NLC-4]",
        "2册 × 5天 × ¥5.00 = ¥50.00 [NLC-12]",
        "  5天：2026年3月15日（不含）至2026年3月20日（含） [NLC-12]",
    ],
}


@pytest.mark.parametrize(("language", "volumes"), DERIVED)
def test_what_a_late_loan_costs_line_by_line(language: str, volumes: int) -> None:
    """Volumes times days times rate, which days, and by which clause."""
    walk = Walk().returned_late(*("V1", "V2")[:volumes])
    lines = [line for _, charge in walk.owed("2026-03-20") for line in Texts(language).charge_lines(charge)]
    assert lines == DERIVED[language, volumes]


def test_volumes_that_came_back_on_different_days_have_their_own_lines() -> None:
    """One on time, one five days late: both are there, and the first line is their sum."""
    walk = Walk().shipped("V1", "V2")
    walk.do(c.CheckIn, LOAN, "2026-02-28", items=("V1",))
    walk.do(c.CheckIn, LOAN, "2026-03-05")
    _, overdue = walk.owed("2026-03-05")[1]
    assert Texts("en").charge_lines(overdue) == [
        "CNY 0.00 + CNY 25.00 = CNY 25.00 [NLC-12]",
        "  1 volume × 0 days × CNY 5.00 = CNY 0.00 [NLC-12]",
        "    0 days: 28 February 2026 is not later than 28 February 2026 [NLC-12]",
        "  1 volume × 5 days × CNY 5.00 = CNY 25.00 [NLC-12]",
        "    5 days: after 28 February 2026, up to and including 5 March 2026 [NLC-12]",
    ]


class _Weekdays:
    """A calendar of which every other day is open."""

    def open_days(self, after: date, through: date) -> int:
        return (through - after).days // 2


FACTS = Facts(
    days={"due": date(2026, 3, 1), "same_day": date(2026, 3, 1), "end": date(2026, 3, 11)},
    counts={"volumes": 2},
    amounts={"price": cny(30), "tariff": cny(80)},
    flags={"rush": True, "member": False},
)
_VOLUMES = Count("volumes", "volume")
_RATE = Money("0.10", "CNY")

LINES = [
    (
        Zero("CNY"),
        [
            "none: CNY 0.00",
        ],
        [
            "无：¥0.00",
        ],
    ),
    (Under(Clause("X-1"), Flat(cny(3))), ["fixed amount: CNY 3.00 [X-1]"], ["固定金额：¥3.00 [X-1]"]),
    (
        Given("tariff", "CNY"),
        ["amount by the tariff, as given: CNY 80.00"],
        ["按规定标准收费，金额另定：¥80.00"],
    ),
    (
        When("rush", Flat(cny(3)), otherwise=Zero("CNY")),
        ["rush: yes, so CNY 3.00", "  fixed amount: CNY 3.00"],
        [
            "rush：是，取¥3.00",
            "  固定金额：¥3.00",
        ],
    ),
    (
        When("member", Flat(cny(3)), otherwise=Zero("CNY")),
        [
            "member: no, so CNY 0.00",
            "  none: CNY 0.00",
        ],
        [
            "member：否，取¥0.00",
            "  无：¥0.00",
        ],
    ),
    (
        Cap(PerUnit(_VOLUMES, cny(20)), Given("price", "CNY")),
        [
            "the smaller of CNY 40.00 and CNY 30.00: CNY 30.00",
            "  2 volumes × CNY 20.00 = CNY 40.00",
            "  price: CNY 30.00",
        ],
        [
            "¥40.00与¥30.00取较小者：¥30.00",
            "  2册 × ¥20.00 = ¥40.00",
            "  price：¥30.00",
        ],
    ),
    (
        PerUnit(Days().deduct(Fixed(2, "day")), cny(1)),
        [
            "8 days × CNY 1.00 = CNY 8.00",
            "  8 days: 10 days less 2 days free of charge",
            "    10 days: after 1 March 2026, up to and including 11 March 2026",
        ],
        [
            "8天 × ¥1.00 = ¥8.00",
            "  10天，免计2天，计8天",
            "    10天：2026年3月1日（不含）至2026年3月11日（含）",
        ],
    ),
    (
        PerUnit(Fixed(1, "day").cliff(Fixed(2, "day")) + Fixed(1, "day"), cny(1)),
        [
            "1 day × CNY 1.00 = CNY 1.00",
            "  0 days + 1 day = 1 day",
            "    0 days: 1 day; up to 2 days nothing counts, beyond that everything does",
        ],
        [
            "1天 × ¥1.00 = ¥1.00",
            "  0天 + 1天 = 1天",
            "    1天，不超过2天的不计，超过的全部计算，计0天",
        ],
    ),
    (
        PerUnit(OpenDays(_Weekdays()), cny(1)),
        [
            "5 open days × CNY 1.00 = CNY 5.00",
            "  5 open days: after 1 March 2026, up to and including 11 March 2026, days of closure not counted",
        ],
        [
            "5个开放日 × ¥1.00 = ¥5.00",
            "  5个开放日：2026年3月1日（不含）至2026年3月11日（含），非开放日不计",
        ],
    ),
    (
        PerUnit(OpenDays(_Weekdays(), through="same_day"), cny(1)),
        [
            "0 open days × CNY 1.00 = CNY 0.00",
            "  0 open days: no open day after 1 March 2026, up to and including 1 March 2026",
        ],
        ["0个开放日 × ¥1.00 = ¥0.00", "  0个开放日：2026年3月1日（不含）至2026年3月1日（含）无开放日"],
    ),
    (
        Rounded(PerUnit(Fixed(Fraction(1, 3), "day"), _RATE), Rounding.UP, step=5),
        [
            "≈ CNY 0.033333 rounded up to a multiple of CNY 0.05: CNY 0.05",
            "  1/3 days × CNY 0.10 ≈ CNY 0.033333",
        ],
        [
            "≈ ¥0.033333，以¥0.05为单位向上取整：¥0.05",
            "  1/3天 × ¥0.10 ≈ ¥0.033333",
        ],
    ),
    (
        Rounded(PerUnit(Fixed(Fraction(5, 4), "day"), _RATE), Rounding.HALF_EVEN),
        [
            "CNY 0.125 rounded, halves to even, to a multiple of CNY 0.01: CNY 0.12",
            "  1.25 days × CNY 0.10 = CNY 0.125",
        ],
        [
            "¥0.125，以¥0.01为单位四舍六入五成双：¥0.12",
            "  1.25天 × ¥0.10 = ¥0.125",
        ],
    ),
    (
        Rounded(Sum((PerUnit(_VOLUMES, cny(1)),)), Rounding.DOWN),
        ["2 volumes × CNY 1.00 = CNY 2.00"],
        ["2册 × ¥1.00 = ¥2.00"],
    ),
]


@pytest.mark.parametrize(("rule", "english", "chinese"), LINES)
def test_every_kind_of_step_reads_as_a_line(rule: Any, english: list[str], chinese: list[str]) -> None:
    """What a rule of any form came to can be followed in both languages; trivial steps take no line."""
    charge = evaluate(rule, FACTS)
    assert Texts("en").charge_lines(charge) == english
    assert Texts("zh_CN").charge_lines(charge) == chinese


STATEMENT = {
    "en": """\
What is owed for request 2026-0117
Title: 江南书院史料选
Borrower: CN-320500
Shipped: 2 volumes on 31 January 2026
Due date: 15 March 2026, that day included
Returned: 2 volumes on 20 March 2026
As it is on 20 March 2026, that day included

Loan fee
  2 volumes × CNY 20.00 = CNY 40.00 [NLC-4]

Overdue charge
  2 volumes × 5 days × CNY 5.00 = CNY 50.00 [NLC-12]
    5 days: after 15 March 2026, up to and including 20 March 2026 [NLC-12]

Owed in all: CNY 90.00
Charged to the account: CNY 90.00
Paid: CNY 60.00
Waived: CNY 5.00
Outstanding of what was charged: CNY 25.00
""",
    "zh_CN": """\
借书申请2026-0117应付费用
题名：江南书院史料选
借书单位：CN-320500
寄出：2026年1月31日，2册
到期日：2026年3月15日（含当日）
归还：2026年3月20日，2册
费用计至2026年3月20日（含当日）

借书费用
  2册 × ¥20.00 = ¥40.00 [NLC-4]

逾期使用费
  2册 × 5天 × ¥5.00 = ¥50.00 [NLC-12]
    5天：2026年3月15日（不含）至2026年3月20日（含） [NLC-12]

应付合计：¥90.00
已记账：¥90.00
已付：¥60.00
已减免：¥5.00
已记账未付：¥25.00
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_shows_what_is_owed_why_and_what_became_of_it(language: str) -> None:
    """Charge by charge, clause by clause, then charged, paid, waived and outstanding."""
    walk = Walk().returned_late("V1", "V2")
    walk.do(c.Pay, RELATED, "2026-03-21", amount=cny(60))
    walk.do(c.Waive, RELATED, "2026-03-22", loan=LOAN.id, kind="overdue", amount=cny(5), reason="kind")
    text = Texts(language).statement(walk.loan, walk.owed("2026-03-20"), walk.settled(), on=date(2026, 3, 20))
    assert text == STATEMENT[language]


def test_a_statement_of_a_loan_that_is_out_names_what_is_not_charged_yet() -> None:
    """What grew since the last posting is owed, but not on the account."""
    walk = Walk().shipped("V1")
    text = Texts("en").statement(walk.loan, walk.owed("2026-03-05"), walk.settled())
    assert "\nStill out: 1 volume\n\nLoan fee\n" in text
    assert text.endswith(
        "\nOwed in all: CNY 45.00\nCharged to the account: CNY 20.00\nNot charged yet: CNY 25.00\n"
        "Paid: CNY 0.00\nOutstanding of what was charged: CNY 20.00\n"
    )


def test_a_statement_of_what_was_charged_and_is_no_longer_owed() -> None:
    """What is to be reversed is below nothing; what was paid for it stands in the borrower's favour."""
    walk = Walk().shipped("V1")
    settled = Settled(charged=cny(20), paid=cny(20), waived=cny(0), outstanding=cny(0), credited=cny(0))
    reversed_ = Settled(charged=cny(0), paid=cny(20), waived=cny(0), outstanding=cny(0), credited=cny(20))
    assert "Not charged yet: -CNY 20.00\n" in Texts("en").statement(walk.loan, [], settled)
    assert Texts("en").statement(walk.loan, [], reversed_).endswith("In the borrower's favour: CNY 20.00\n")


def test_a_statement_before_anything_was_charged() -> None:
    """A request that was never shipped owes nothing; a charge without postings has its total."""
    walk = Walk().related().asked()
    assert Texts("zh_CN").statement(walk.loan, [], None) == (
        "借书申请2026-0117应付费用\n题名：江南书院史料选\n借书单位：CN-320500\n\n没有应付费用。\n"
    )
    fee = evaluate(Flat(cny(3)), Facts())
    assert (
        Texts("en")
        .statement(walk.loan, [("storage", fee)], None)
        .endswith("\n\nStorage\n  fixed amount: CNY 3.00\n\nOwed in all: CNY 3.00\n")
    )
