"""A borrowing library's desk at work, so that its texts are made of what it really says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, Final

from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import PRACTICE, Dated, Reason
from servflow.core.errors import Refused
from servflow.core.ill import ILL, BorrowingCase, BorrowingFacts, BorrowingPolicy
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.following import wake
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Level,
    Requested,
    Retry,
    SentVia,
    Service,
    Settlement,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, lending_policy, load

__all__ = [
    "ARTICLE",
    "CASE",
    "LENDER",
    "LIBRARY",
    "OTHER",
    "POLICY",
    "READER",
    "Borrowing",
    "every_attention",
    "every_message",
    "every_refusal",
]

LIBRARY, LENDER, OTHER, READER = "CN-500105", "CN-NLC", "CN-320500", "p-17"
CASE: Final = "2026-0042"
STAFF: Final = Actor("librarian-3", LIBRARY, Office.STAFF)
PATRON: Final = Actor(READER, LIBRARY, Office.PERSON)
ONE_RENEWAL: Final = Dated.always("renewals", 1, PRACTICE)
CENTRE: Final = "CN-CALIS"
POLICY: Final = replace(
    borrowing_policy(
        load("cque/interlibrary-loan"),
        library=LIBRARY,
        lenders={LENDER: lending_policy(load("nlc/interlibrary-loan"), library=LENDER)},
    ),
    renewals=ONE_RENEWAL,
)
AT_ONCE: Final = replace(POLICY, ask_at_once=Dated.always("ask-at-once", 3, PRACTICE))
BOOK: Final = Requested(title="江南书院史料选")
ARTICLE: Final = Requested(
    title="文献季刊",
    author="陈望之",
    edition="影印本",
    volume="12",
    publisher="江南书局",
    year="1936",
    record_ids=("ISSN:0257-0254", "OCLC:57358293"),
    article="溪山琴谱考",
    pages="112-130",
)

_OWN: Final[dict[str, Any]] = {
    "patron": READER,
    "library": LIBRARY,
    "service": Service.LOAN,
    "requested": BOOK,
}


def _cost(kind: CostKind, amount: int | str, currency: str = "CNY") -> CostLine:
    return CostLine(kind=kind, amount=Money(amount, currency))


class Borrowing:
    """Commands decided one after the other, each a little later than the one before, and all that was told.

    It begins on Monday 5 January 2026 with a draft. ``policy`` replaces values of the rulebook's policy.
    """

    def __init__(
        self,
        requested: Requested = BOOK,
        *,
        service: Service = Service.LOAN,
        suppliers: tuple[str, ...] = (LENDER, OTHER),
        policy: BorrowingPolicy = POLICY,
        facts: BorrowingFacts | None = None,
        **own: Any,
    ) -> None:
        self.policy = policy
        self.facts = facts or BorrowingFacts(category="teacher")
        self.at = datetime.combine(date(2026, 1, 5), time(9), policy.zone)
        self.ids = count(1)
        self.it: dict[Key, Aggregate] = {}
        self.told: list[Message] = []
        self.refused: list[Reason] = []
        self.do(
            c.DraftRequest,
            PATRON,
            patron=READER,
            library=LIBRARY,
            service=service,
            requested=requested,
            suppliers=suppliers,
            **own,
        )

    @property
    def case(self) -> BorrowingCase:
        """The case as it stands."""
        case = self.it[Key(BorrowingCase.kind, CASE)]
        assert isinstance(case, BorrowingCase)
        return case

    def on(self, day: str) -> Borrowing:
        """It is nine in the morning of that day."""
        self.at = datetime.combine(date.fromisoformat(day), time(9), self.policy.zone)
        return self

    def do(self, command: type[Command], by: Actor = STAFF, *, case: str = CASE, **own: Any) -> Borrowing:
        """One command, a minute after the last."""
        self.at += timedelta(minutes=1)
        said = command(
            id=f"c{next(self.ids)}", case=case, by=by, happened_at=self.at, recorded_at=self.at, **own
        )
        return self._decided(said)

    def _decided(self, said: Command) -> Borrowing:
        change = decide(ILL, said, self.it, policy={"ill.borrowing": self.policy}, facts=self.facts)
        self.it.update({after.key: after for after in change.becomes})
        self.told += change.messages
        return self

    def beside(self, command: type[Command], other: str = "2026-0040") -> Borrowing:
        """A command that names another case of the reader's, which is there."""
        return self.do(c.DraftRequest, PATRON, case=other, **_OWN).do(command, other=other)

    def refusal(self, command: type[Command], by: Actor = STAFF, **own: Any) -> tuple[Reason, ...]:
        """Why the command is refused."""
        try:
            self.do(command, by, **own)
        except Refused as refused:
            return refused.reasons
        raise AssertionError(f"{command.__name__} was not refused")

    def hear(
        self, command: type[c.Hear], supplier: str = LENDER, *, attempt: int = 1, case: str = CASE, **own: Any
    ) -> Borrowing:
        """The supplier says it."""
        return self.do(command, Actor("ils", supplier, Office.SYSTEM), case=case, attempt=attempt, **own)

    def clock(self, day: str) -> Borrowing:
        """All that the clock has to say by that day."""
        self.on(day)
        while said := wake(self.case, self.policy, self.at):
            self._decided(said)
        return self

    def sent(self) -> Borrowing:
        """Filed, looked at, and with the first supplier."""
        self.do(c.Submit, PATRON, declared=True)
        return self.do(c.ApproveRequest, copyright_basis="个人学习、研究")

    def shipped(self, **own: Any) -> Borrowing:
        """And sent to us, due on 8 February."""
        said: dict[str, Any] = {
            "items": ("V1", "V2"),
            "due": date(2026, 2, 8),
            "costs": (_cost(CostKind.LOAN, 40),),
            **own,
        }
        return self.sent().hear(c.HearPromise).hear(c.HearShipped, **said)

    def lent(self, **own: Any) -> Borrowing:
        """And with the patron."""
        return self.shipped(**own).do(c.Receive).do(c.CheckOut, acknowledged=tuple(Condition))


def every_message() -> Iterator[Message]:
    """Messages of every kind, each made by a decision, with and without what they need not carry."""
    yield from _of_requests()
    yield from _of_suppliers()
    yield from _of_loans()
    yield from _of_copies()
    yield from _of_losses()


def _of_requests() -> Iterator[Message]:
    poor = BorrowingFacts(category="teacher", debt=Money("3.50", "CNY"), overdue=1, expired=True)
    blocked = Borrowing(facts=poor).do(c.Submit, PATRON)
    blocked.do(c.OverrideBlock, reason="馆长同意")
    yield from blocked.told
    yield from Borrowing().do(c.Submit, PATRON).do(c.DeclineRequest, reason="不属收藏范围").told
    yield from Borrowing().do(c.Submit, PATRON).do(c.Withdraw, PATRON).told
    yield from Borrowing(need_before=date(2026, 1, 9)).do(c.Submit, PATRON).clock("2026-01-12").told
    yield from Borrowing().do(c.Submit, PATRON).do(c.FillLocally, item="书库").told
    yield from Borrowing().do(c.Submit, PATRON).beside(c.CloseAsDuplicate).told
    for note in ("", "国内各馆均未收藏"):
        nobody = Borrowing(suppliers=()).sent()
        yield from nobody.do(c.GiveUp, note=note).told


def _of_suppliers() -> Iterator[Message]:
    full = Borrowing(
        ARTICLE,
        service=Service.COPY,
        level=Level.RUSH,
        need_before=date(2026, 3, 1),
        max_cost=Money(15, "CNY"),
        delivery=Delivery(via=SentVia.EMAIL, reference="ill@cque.example.cn"),
        forwardable=True,
    )
    full.sent().hear(c.HearRetry, why=Retry.ON_LOAN, after=date(2026, 1, 5), before=date(2026, 1, 30))
    full.do(c.AcceptRetry)
    yield from full.told
    yield from Borrowing().sent().do(c.QueryStatus).do(c.CancelRequest, PATRON).told
    yield from Borrowing().sent().do(c.CancelRequest, reason="已另购").clock("2026-01-20").told
    yield from (
        Borrowing().sent().clock("2026-01-20").told
    )  # the silent one is told that it is not asked any more
    late = Borrowing(need_before=date(2026, 1, 6)).sent().hear(c.HearExpect).clock("2026-01-07")
    yield from late.hear(c.HearCancelAnswer, yes=True).told
    terms: dict[str, Any] = {"conditions": (Condition.SUPERVISED, Condition.SIGNATURE_REQUIRED)}
    offered = Borrowing().sent().hear(c.HearOffer, **terms, cost=Money(60, "CNY"), reply_by=date(2026, 1, 9))
    yield from offered.do(c.AcceptOffer, PATRON, revision=1).told
    for note in ("", "超出预算"):
        dear = Borrowing().sent().hear(c.HearOffer, cost=Money(60, "CNY"), note="另收押金500元")
        yield from dear.do(c.RejectOffer, revision=1, note=note).told
    yield from Borrowing().sent().hear(c.HearOffer, **terms).told
    yield from Borrowing(suppliers=(), routed_by=CENTRE).sent().told
    routed = Borrowing(
        ARTICLE,
        service=Service.COPY,
        need_before=date(2026, 3, 1),
        max_cost=Money(15, "CNY"),
        delivery=Delivery(via=SentVia.EMAIL, reference="ill@cque.example.cn"),
        forwardable=True,
        suppliers=(),
        routed_by=CENTRE,
    ).sent()
    routed.do(c.HearRota, Actor("ils", CENTRE, Office.SYSTEM), suppliers=(LENDER, OTHER))
    yield from routed.hear(c.HearUnfilled).hear(c.HearUnfilled, OTHER, attempt=2).told


def _of_loans() -> Iterator[Message]:
    terms = (Condition.LIBRARY_USE_ONLY, Condition.NO_REPRODUCTION)
    one = Borrowing().sent().hear(c.HearOffer, conditions=terms)  # taken by policy, and told to the reader
    one.hear(c.HearShipped, items=("V1", "V2"), due=date(2026, 2, 8)).do(c.Receive)
    one.do(c.CheckOut, acknowledged=terms).do(c.RenewLoan, PATRON, reason="论文尚未完成")
    one.hear(c.HearRenewalAnswer, yes=True, due=date(2026, 3, 8)).clock("2026-03-25")
    one.do(c.ReportDamage, item="V1", note="封面撕裂").do(c.ReportDamage, note="书脊脱胶", on_arrival=True)
    one.do(c.TakeBack).do(c.ShipBack)
    yield from one.told
    unknown = Borrowing(suppliers=("CN-110108",)).sent()  # whose rules are not known here
    unknown.hear(c.HearShipped, "CN-110108", due=date(2026, 2, 8)).do(c.Receive).do(c.CheckOut)
    yield from unknown.clock("2026-02-10").told
    for note in ("", "另有读者预约"):
        no = Borrowing().lent().do(c.RenewLoan, PATRON, desired=date(2026, 3, 1), reason="")
        yield from no.hear(c.HearRenewalAnswer, yes=False, note=note).told
    yield from Borrowing().lent().hear(c.HearRecall, due=date(2026, 1, 20)).told
    yield from Borrowing().lent().hear(c.HearNoReturnNeeded).told


def _of_copies() -> Iterator[Message]:
    link = Delivery(via=SentVia.URL, reference="https://ill.nlc.example.cn/a/1")
    online = Borrowing(ARTICLE, service=Service.COPY).sent()
    online.hear(c.HearShipped, service=Service.COPY, delivery=link)
    yield from online.do(c.ReportDefect, PATRON, note="缺第115页").told
    post = Borrowing(ARTICLE, service=Service.COPY).sent()
    post.hear(c.HearShipped, service=Service.COPY, delivery=Delivery(via=SentVia.MAIL))
    yield from post.do(c.Receive).told


def _of_losses() -> Iterator[Message]:
    lost = Borrowing().lent().do(c.RecordLoss, where=WhereLost.PATRON)
    yield from lost.do(c.RecordFound).told
    yield from Borrowing().shipped().hear(c.HearLost).told
    noted = Borrowing().lent().do(c.TakeBack)
    noted.do(c.RecordLoss, where=WhereLost.LIBRARY, items=("V1",), note="库房渗水")
    yield from noted.told


def every_attention() -> Iterator[BorrowingCase]:
    """Cases that staff have to look at, for everything that may be the reason."""
    yield from _attention_before_supply()
    yield from _attention_after_supply()


def _attention_before_supply() -> Iterator[BorrowingCase]:
    yield Borrowing().sent().hear(c.HearUnfilled, why=Unfilled.DUPLICATE).case
    yield Borrowing().sent().hear(c.HearUnfilled, forwarded_to=OTHER).case
    yield Borrowing().sent().hear(c.HearOffer, cost=Money(60, "CNY"), reply_by=date(2026, 1, 2)).case
    yield Borrowing().sent().on("2026-01-02").hear(c.HearPromise).case
    yield Borrowing().sent().hear(c.HearWithdrawn).case
    asked = Borrowing().sent().do(c.CancelRequest, PATRON)
    yield asked.hear(c.HearCancelAnswer, yes=True, status=Status.LOANED).case
    yield asked.hear(c.HearCancelAnswer, yes=False).case
    yield Borrowing().sent().hear(c.HearPromise).clock("2026-02-20").case
    yield Borrowing(need_before=date(2026, 1, 9)).sent().on("2026-01-12").hear(c.HearPromise).case
    yield Borrowing().sent().hear(c.HearNotification, OTHER, note="?").case
    yield Borrowing().sent().hear(c.HearRecall, due=date(2026, 3, 1)).case
    yield Borrowing().sent().hear(c.HearStatus, status=Status.UNFILLED).case
    gone = Borrowing().sent().clock("2026-01-14").hear(c.HearExpect)
    yield gone.hear(c.HearShipped, due=date(2026, 3, 1)).case
    dear = Borrowing().sent().hear(c.HearOffer, cost=Money(60, "CNY"), note="另收押金500元")
    costs = (_cost(CostKind.LOAN, 90), _cost(CostKind.DELIVERY, 9, "EUR"))
    yield dear.hear(c.HearShipped, due=date(2026, 3, 1), costs=costs).case
    capped = Borrowing(max_cost=Money(10, "CNY")).shipped()
    yield capped.hear(c.HearCancelAnswer, yes=True).case
    several = Borrowing(policy=AT_ONCE).sent().hear(c.HearOffer, cost=Money(60, "CNY"))
    several.hear(c.HearOffer, OTHER, attempt=2, cost=Money(70, "CNY")).hear(c.HearRetry)
    yield several.do(c.HearRota, suppliers=(LENDER,), evidence="<17@calis.example>").case
    yield Borrowing().sent().hear(c.HearUnfilled, costs=(_cost(CostKind.SEARCH, 5),)).case
    late = Borrowing().sent().do(c.CancelRequest, PATRON)
    yield late.hear(c.HearShipped, items=("V1", "V2"), due=date(2026, 2, 8)).case


def _attention_after_supply() -> Iterator[BorrowingCase]:
    more = Borrowing().shipped().hear(c.HearShipped, items=("V3", "V4"), due=date(2026, 3, 8))
    yield more.hear(c.HearShipped, service=Service.COPY).case
    yield Borrowing().shipped().do(c.Receive, items=("V1",)).case
    yield Borrowing().shipped().hear(c.HearLost).case
    yield Borrowing().shipped().hear(c.HearRecall, due=date(2026, 2, 1)).case
    yield Borrowing().shipped().hear(c.HearStatus, status=Status.LOANED, due=date(2026, 2, 18)).case
    yield Borrowing().lent().hear(c.HearRenewalAnswer, yes=True, due=date(2026, 3, 8)).case
    asked = Borrowing().lent().do(c.RenewLoan, PATRON)
    yield asked.hear(c.HearRenewalAnswer, yes=True, due=date(2026, 2, 8)).case
    yield Borrowing().lent().hear(c.HearOverdue).case
    back = Borrowing().lent().do(c.TakeBack)
    yield back.do(c.ShipBack, items=("V1",)).on("2026-02-10").hear(c.HearOverdue).case
    yield back.do(c.RecordLoss, where=WhereLost.LIBRARY).do(c.CloseLoss, how=Settlement.PAID).case
    both = Borrowing().lent().do(c.RecordLoss, items=("V1",), where=WhereLost.PATRON)
    yield both.case
    both.do(c.TakeBack).do(c.RecordLoss, where=WhereLost.LIBRARY)
    yield both.hear(c.HearCosts, costs=(_cost(CostKind.COMPENSATION, 90),)).case
    faulty = Borrowing(ARTICLE, service=Service.COPY).sent()
    faulty.hear(c.HearShipped, service=Service.COPY, delivery=Delivery(via=SentVia.URL, reference="x"))
    yield faulty.do(c.ReportDefect, PATRON, note="缺第115页").clock("2026-02-20").case
    yield Borrowing().lent().hear(c.HearCheckedIn).case
    yield Borrowing().lent().do(c.TakeBack).do(c.ShipBack).clock("2026-03-20").case
    yield Borrowing().shipped(due=date(2026, 1, 2)).case
    yield Borrowing().shipped(due=None).case
    yield Borrowing().shipped().hear(c.HearCosts, costs=(_cost(CostKind.LOAN, 5, "EUR"),)).case


def every_refusal() -> Iterator[Reason]:
    """Why the rules do not let a request be ordered, and why the desk refuses what is done out of place."""
    poor = BorrowingFacts(
        category="visitor",
        expired=True,
        debarred=True,
        active=2,
        this_year=10,
        debt=Money("3.50", "CNY"),
        overdue=1,
        requestable=False,
        copies_this_year=2,
        copy_limit=2,
        duplicate_of="2026-0001",
        held_locally=True,
    )
    most: Dated[int | None] = Dated.always("most-per-year", 10, PRACTICE)
    loans: Dated[tuple[Service, ...]] = Dated.always("services", (Service.LOAN,), PRACTICE)
    strict = replace(POLICY, most_per_year=most, services=loans)
    blocked = Borrowing(service=Service.COPY, facts=poor, policy=strict).do(c.Submit, PATRON, declared=True)
    yield from blocked.case.reasons
    yield from blocked.refusal(c.OverrideBlock, reason="馆长同意")
    blocked.facts = replace(BorrowingFacts(category="teacher"), duplicate_of="2026-0001", held_locally=True)
    blocked.policy = POLICY
    yield from blocked.do(c.Recheck).case.reasons
    yield from blocked.refusal(c.ApproveRequest)
    yield from blocked.refusal(c.CloseAsDuplicate, other=CASE)
    yield from blocked.refusal(c.SetRota, suppliers=(LIBRARY,))
    yield from blocked.refusal(c.Receive)
    yield from blocked.refusal(c.DeclineRequest, PATRON, reason="?")
    yield from Borrowing(Requested(), service=Service.COPY).refusal(c.Submit)
    yield from Borrowing().do(c.Submit).refusal(c.ClearAttention, code="ill.attention.late")
    closed = Borrowing().do(c.Submit).do(c.DraftRequest, case="2026-0040", **_OWN)
    closed.do(c.Withdraw, case="2026-0040")
    yield from closed.refusal(c.CloseAsDuplicate, other="2026-0040")
    yield from closed.refusal(c.CloseAsDuplicate, other="2026-0039")
    yield from closed.on("2026-01-01").refusal(c.ApproveRequest)
    nobody = Borrowing(suppliers=()).sent()
    yield from nobody.refusal(c.AmendRequest, service=Service.COPY)
    back = Borrowing().lent().do(c.TakeBack)
    yield from back.refusal(c.RecordFound, items=("V7",))
    sent = Borrowing().sent()
    for refused in (
        *(sent.refusal(c.TimeOut), sent.refusal(c.Abandon), sent.refusal(c.Receive)),
        sent.refusal(c.CancelRequest, PATRON, intent=CancelIntent.LEAVE_SUPPLIER),
        sent.do(c.CancelRequest).refusal(c.CancelRequest),
        sent.on("2026-01-06").refusal(c.Undo),
    ):
        yield from refused
    dear = Borrowing(max_cost=Money(30, "CNY")).sent()
    dear.hear(
        c.HearOffer, conditions=(Condition.SUPERVISED,), cost=Money(60, "CNY"), reply_by=date(2026, 1, 5)
    )
    system = Actor("policy", LIBRARY, Office.SYSTEM)
    yield from dear.refusal(c.AcceptOffer, system, revision=1)
    yield from dear.refusal(c.AcceptOffer, revision=2)
    yield from dear.on("2026-01-06").refusal(c.AcceptOffer, revision=1)
    rejected = Borrowing().sent().hear(c.HearOffer, cost=Money(60, "CNY")).do(c.RejectOffer, revision=1)
    yield from rejected.refusal(c.AcceptOffer, revision=1)
    retry = Borrowing().sent().hear(c.HearRetry, after=date(2026, 1, 9), before=date(2026, 1, 12))
    yield from retry.refusal(c.AcceptRetry, max_cost=Money(1, "EUR"))
    yield from retry.do(c.AcceptRetry).refusal(c.Send)
    lent = Borrowing(policy=replace(POLICY, renewals=Dated.always("renewals", 0, PRACTICE))).lent()
    yield from lent.refusal(c.RenewLoan, desired=date(2026, 2, 1))
    yield from lent.refusal(c.RemindPatron, due=date(2026, 2, 6), step=3)
    yield from lent.hear(c.HearRecall, due=date(2026, 1, 20)).refusal(c.RenewLoan)
    yield from _refused_of_several()
    held = Borrowing().shipped().do(c.Receive).hear(c.HearHoldReturn, held=True)
    yield from held.refusal(c.ShipBack, items=("V9",))
    yield from held.on("2026-02-10").refusal(c.CheckOut)


def _refused_of_several() -> Iterator[Reason]:
    by_hand = replace(POLICY, sends_itself=Dated.always("sends-itself", value=False, clause=PRACTICE))
    several = Borrowing(policy=AT_ONCE).sent()
    yield from several.refusal(c.Receive, unannounced=True)
    yield from several.refusal(c.LeaveSupplier, attempt=1)
    several.hear(c.HearOffer, cost=Money(60, "CNY"))
    yield from several.refusal(c.GoOnWith, attempt=2)
    yield from several.refusal(c.AcceptOffer, revision=1, attempt=2)
    yield from several.refusal(c.AcceptRetry, attempt=2)
    several.hear(c.HearOffer, OTHER, attempt=2, cost=Money(70, "CNY"))
    yield from several.refusal(c.AcceptOffer, revision=1)
    yield from several.refusal(c.TimeOut, attempt=2)
    yield from several.refusal(c.HearRota, suppliers=(LENDER,))
    again = Borrowing(policy=by_hand).sent().do(c.Send).hear(c.HearRetry).do(c.AcceptRetry)
    yield from again.refusal(c.AcceptRetry)
    yield from Borrowing().shipped().do(c.Receive).refusal(c.SetPickUp, until=date(2027, 1, 1))
    yield from Borrowing(suppliers=(), routed_by=CENTRE).sent().refusal(c.SetRota, suppliers=(LENDER,))
    yield from Borrowing(policy=by_hand).sent().refusal(c.AskCentre)
