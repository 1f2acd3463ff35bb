"""A service firm at work, so that every kind of letter is written of what was really decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from typing import Any, Final

from desk_at_work import FIRM, MONDAY, SOLD, command, policy, staff
from work_at_desk import cny, work

from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.complaints import commands as of_complaints
from servflow.core.aftersales.complaints.model import Attribution
from servflow.core.aftersales.corrective import commands as of_actions
from servflow.core.aftersales.corrective.model import CauseKind
from servflow.core.aftersales.corrective.model import Source as ActionSource
from servflow.core.aftersales.desk_rules import Chain, Grade, Limit
from servflow.core.aftersales.findings import commands as of_findings
from servflow.core.aftersales.findings.states import Source as FindingSource
from servflow.core.aftersales.policy import Collection, Duty, Ladder, Promise, ServiceRule
from servflow.core.aftersales.technicians import commands as of_technicians
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Purchase, Work
from servflow.core.aftersales.tickets.states import Channel, Outcome
from servflow.core.aftersales.units import commands as of_units
from servflow.core.aftersales.words import (
    ChargeClass,
    CollectionWay,
    DutyKind,
    Event,
    PauseReason,
    TargetKind,
)
from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Message
from servflow.core.citations import Clause
from servflow.core.clocks import Rung, parse_allowance
from servflow.core.dates import Period
from servflow.core.fees import Facts, Flat, evaluate
from servflow.core.lifecycle import decide

__all__ = ["service_messages"]

LI: Final = "李工"
HEAD: Final = staff("王主管", "supervisor")
OTHER_HEAD: Final = staff("陈主管", "supervisor")
HIMSELF: Final = staff(LI, "engineer")
QUALITY: Final = staff("赵质管", "quality")
TAKER: Final = staff("孙受理", "complaints")
FINANCE: Final = staff("钱会计", "finance")
WORKER: Final = staff("周师傅", "production")
WAITING: Final = PauseReason.WAITING_CUSTOMER
AT_TWO: Final[dict[str, Any]] = {
    "window_from": MONDAY + timedelta(hours=5),
    "window_until": MONDAY + timedelta(hours=7),
    "consent": "电话录音3",
}

RULES: Final[Mapping[str, ServiceRule]] = {
    "leave-days": Question("leave-days", ("1 to 2", "3 or more")),
    "grave": Grade(name="major", rank=1, when=When((("urgent", ("yes",)),))),
    "long-leave": Limit(of="leave", most=3, unit="days", then="award-lapses"),
    "told": Chain(of="leave", through=("it-office",)),
    "told-of-change": Chain(of="staff-change", through=("it-office", "personnel-office")),
    "request": Chain(of="request", through=("coordinator", "engineer")),
    "ladder": Ladder(rungs=(Rung(level=1, action="supervisor", fraction=Fraction(1, 2)),)),
    "followed": Duty(kind=DutyKind.CALL_BACK, since=Event.FINISHED, on_the_day=True, within=Period(days=3)),
    "visits": Duty(kind=DutyKind.VISIT, since=Event.SOLD, every=Period(months=3)),
    "complaint-answer": Promise(kind=TargetKind.COMPLAINT_ANSWER, within=parse_allowance("2 working days")),
}
"""What the firm says beside the rules of the desk."""


_numbers: Final = count(1)


class _Firm:
    """All that is said to it is decided at once and remembered, at ``now``; every word can be said otherwise."""

    def __init__(self, case: str = "T-1", **changed: ServiceRule | None) -> None:
        rules: dict[str, ServiceRule | None] = {**RULES, **changed}
        self.policy = policy(**rules)
        self.case = case
        self.now = MONDAY
        self.there: dict[Key, Aggregate] = {}
        self.told: list[Message] = []

    def do(self, kind: type[Command], /, by: Actor | None = None, **said: Any) -> _Firm:
        usual: dict[str, Any] = {
            "case": self.case,
            "happened_at": self.now,
            **({} if by is None else {"by": by}),
        }
        return self.take(command(kind, **{**usual, **_USUAL.get(kind, {}), **said}))

    def take(self, said: Command) -> _Firm:
        change: Change = decide(AFTERSALES, said, self.there, policy=self.policy)
        self.there |= {it.key: it for it in change.becomes}
        self.told += change.messages
        return self

    def wait(self, **span: int) -> _Firm:
        """Time goes on, and the clock speaks."""
        self.now += timedelta(**span)
        for key in list(self.there):
            lifecycle = next(each for each in AFTERSALES if each.name == key.kind)
            while (said := lifecycle.wake(self.there[key], self.policy, self.now)) is not None:
                self.take(said)
        return self

    # --- how far a ticket comes ------------------------------------------------------------------

    def reported(self, **said: Any) -> _Firm:
        return self.do(c.ReportFault, **said).do(c.Triage)

    def quoted(self, **said: Any) -> _Firm:
        self.reported(answers={"cause": "misuse"}, **said).do(c.DecideCoverage)
        return self.do(c.GiveQuote, lines=LINES)

    def approved(self, **said: Any) -> _Firm:
        return self.reported(**said).do(c.DecideCoverage).do(c.ApproveFree)

    def there_now(self, **said: Any) -> _Firm:
        """The engineer is on site."""
        return self.approved(**said).do(c.Dispatch).do(c.Arrive, HIMSELF)

    def done(self, **said: Any) -> _Firm:
        return self.there_now(**said).do(c.Finish, HIMSELF, outcome=Outcome.REPAIRED)


LINES: Final[tuple[Work, ...]] = (
    work(100, item="检修工时", by=LI),
    work("260.5", ChargeClass.PARTS, item="水泵，含密封圈", by=LI),
)
_USUAL: Final[Mapping[type[Command], Mapping[str, Any]]] = {
    c.ReportFault: {"symptom": "不能启动，漏水"},
    c.RejectTicket: {"reason": "非本公司产品"},
    c.Dispatch: {"engineer": LI},
    c.FindUnrepairable: {"evidence": "检测报告8号"},
    of_units.RegisterUnit: {
        "case": "U-1",
        "by": HEAD,
        "firm": FIRM,
        "customer": "customer",
        "product": "水泵",
    },
}


def service_messages() -> Iterator[Message]:
    """Messages of every kind, each made by a decision."""
    for firm in (*_tickets(), *_complaints(), *_actions(), *_units(), *_technicians(), *_findings()):
        yield from firm.told


def _tickets() -> Iterator[_Firm]:
    yield _Firm().do(c.ReportFault).do(c.RejectTicket)
    yield _Firm(voucher=None, register=None).do(c.ReportFault).do(c.CancelTicket, reason="已自行修好")
    yield _Firm().do(c.ReportFault).do(c.CancelTicket)
    yield _Firm().do(c.ReportFault).do(c.ReportFault, case="T-2").do(c.MergeTicket, into="T-2")
    yield from _visits()
    yield from _money()
    yield from _shop()
    yield from _ends()
    yield from _clocks()


def _visits() -> Iterator[_Firm]:
    moved: dict[str, Any] = {
        "window_from": MONDAY + timedelta(days=1),
        "window_until": MONDAY + timedelta(days=1, hours=2),
    }
    firm = _Firm().approved().do(c.Dispatch, crew=("张工",), **AT_TWO)
    firm.do(c.MoveAppointment, consent="短信", reason="道路封闭", **moved)
    yield firm.do(c.MoveAppointment, reason="工程师生病")
    yield _Firm().approved().do(c.Dispatch).do(c.MoveAppointment, engineer="张工", reason="工程师生病")
    yield _Firm().reported().do(c.AdviseRemotely, solved=True)


def _money() -> Iterator[_Firm]:
    yield _Firm().quoted().wait(days=8)
    yield _Firm(numbered=None).quoted().do(c.DeclineQuote, fee=cny(50))
    firm = (
        _Firm(collection=Collection(way=CollectionWay.ON_THE_SPOT))
        .quoted()
        .do(c.AcceptQuote)
        .do(c.Dispatch)
        .do(c.Arrive, HIMSELF)
    )
    firm.do(c.Finish, HIMSELF, outcome=Outcome.REPAIRED, lines=LINES).do(c.BillService)
    yield firm.do(c.CollectPayment, amount=cny("360.5"))
    firm = _Firm().quoted().do(c.AcceptQuote).do(c.Dispatch).do(c.Arrive, HIMSELF)
    firm.do(c.Finish, HIMSELF, outcome=Outcome.REPAIRED, lines=LINES).do(c.BillService)
    firm.do(c.CollectPayment, amount=cny(60)).do(c.CollectPayment, amount=cny("300.5"))
    firm.do(c.ReviseCoverage, reason="老客户优惠", goodwill={"labour": "总经理"}).do(c.BillService)
    yield firm.do(c.ReturnPayment, amount=cny(100), reason="优惠免收")


def _shop() -> Iterator[_Firm]:
    for by_post in (True, False):
        firm = _Firm().approved().do(c.TakeIn, items=("U-1", "U-1-A"), what="水泵及附件")
        firm.do(c.BeginInShop, engineer=LI).do(c.Finish, HIMSELF, outcome=Outcome.REPAIRED)
        receipts = {"receipt-returned": ("receipt/1", "receipt/2")}
        yield firm.do(c.ReturnUnit, items=("U-1", "U-1-A"), by_post=by_post, shown=receipts)
    yield _Firm(receipt=None).approved().do(c.TakeIn, items=("U-1",))
    bought = {"purchase": Purchase(price=cny(900), quantity=2)}
    found = (_unrepairable(**bought), _unrepairable(**bought), _unrepairable())
    yield found[0].do(c.ReplaceUnit, unit="U-1", serial="U-9")
    yield found[1].do(c.RefundCustomer, amount=cny(450), quantity=1)
    yield found[2].do(c.ReturnUnrepaired)


def _unrepairable(**said: Any) -> _Firm:
    firm = _Firm().approved(**said).do(c.TakeIn, items=("U-1",)).do(c.BeginInShop, engineer=LI)
    return firm.do(c.FindUnrepairable, HIMSELF)


def _ends() -> Iterator[_Firm]:
    firm = _Firm().done().do(c.AcceptWork)
    firm.do(c.RecordSurvey, scores={"quality": 5, "attitude": 5}).do(c.CloseTicket)
    yield firm.do(c.ReopenTicket, reason="又漏水")


def _clocks() -> Iterator[_Firm]:
    firm = _Firm().reported().do(c.PutOnHold, reason=WAITING, until=MONDAY + timedelta(days=1))
    yield firm.wait(hours=2).do(c.ResumeWork, reason=WAITING)
    yield _Firm().reported().do(c.PutOnHold, reason=WAITING, remind_on=date(2026, 5, 6)).wait(days=3)
    yield _Firm().reported().wait(days=10)
    yield _Firm().reported().do(c.EscalateTicket, reason="客户催办")
    firm = _Firm().reported().do(c.PassTicketOn, of="request", to="coordinator", note="请尽快安排")
    yield firm.do(c.PassTicketOn, of="request", to="engineer")
    yield _Firm().done().wait(days=3)


def _complaints() -> Iterator[_Firm]:
    filed = {"firm": FIRM, "customer": "customer", "channel": Channel.HOTLINE, "what": "门生锈"}
    for attribution in (Attribution.USER, Attribution.MAKER):
        firm = _Firm("C-1").do(of_complaints.FileComplaint, TAKER, **filed)
        firm.do(of_complaints.GradeComplaint, TAKER, handler=QUALITY.party)
        firm.do(of_complaints.InvestigateComplaint, QUALITY, found="铰链处生锈", attribution=attribution)
        firm.do(of_complaints.PassComplaintOn, QUALITY, of="escalation", to="supervisor", note="请审阅")
        firm.do(of_complaints.AnswerComplaint, QUALITY, answer="更换铰链")
        firm.do(of_complaints.RefuseAnswer, TAKER, reason="仍有锈迹", evidence="来电")
        firm.do(of_complaints.AnswerComplaint, QUALITY, answer="更换整门")
        yield firm.do(of_complaints.SettleComplaint, HEAD, result="已更换，客户满意")
    firm = _Firm("C-1", complaint=None).do(of_complaints.FileComplaint, TAKER, **filed)
    firm.do(of_complaints.GradeComplaint, TAKER, handler=QUALITY.party, answers={"urgent": "yes"}).wait(
        days=9
    )
    firm.do(of_complaints.PassComplaintOn, QUALITY, of="escalation", to="supervisor")
    yield firm.do(of_complaints.WithdrawComplaint, TAKER, evidence="来电")
    firm = _Firm(grave=None, ordinary=None).done().do(c.AcceptWork)
    firm.do(c.RecordSurvey, scores={"quality": 1, "attitude": 1})
    yield firm


def _actions() -> Iterator[_Firm]:
    for due in (date(2026, 5, 8), date(2026, 5, 11)):
        firm = _Firm("A-1")
        source: dict[str, Any] = {"source": ActionSource.FEEDBACK_FORM, "reference": "12号"}
        firm.do(of_actions.OpenAction, QUALITY, firm=FIRM, fault="绕组烧毁", **source)
        analysed = {"cause": "漆膜过薄", "cause_kind": CauseKind.TECHNICAL, "department": "production"}
        firm.do(of_actions.AnalyseFault, QUALITY, responsible="吴班长", **analysed)
        planned = {"corrective": "整批重漆", "preventive": "逐批测量", "whom": WORKER.party, "due": due}
        firm.do(of_actions.PlanMeasures, QUALITY, **planned).wait(days=9)
        firm.do(of_actions.CarryOut, WORKER, done="已重漆40台")
        again = {"effective": False, "found": "仍有3台过热", "due": date(2026, 6, 1)}
        firm.do(of_actions.VerifyAction, HIMSELF, **again).do(of_actions.CarryOut, WORKER, done="已更换绕组")
        yield firm.do(of_actions.VerifyAction, HIMSELF, effective=True, found="40台均正常")


def _units() -> Iterator[_Firm]:
    firm = _Firm("U-1").do(of_units.RegisterUnit, to_be_installed=True).do(of_units.CheckDelivery, HEAD)
    firm.do(of_units.AcceptInstallation, HEAD)
    signed = {
        "end of the trial run confirmed by the customer": ("scan",),
        "signature of the customer": ("s",),
    }
    people = {"project-manager": "郑经理", "development-manager": "冯经理"}
    yield firm.do(of_units.AcceptFinally, HEAD, responsible=people, shown=signed)
    firm = _Firm("U-1").do(of_units.RegisterUnit, dates={"sold": SOLD}).wait(days=100)
    yield firm.do(of_units.HandUnitOver, HEAD, customer="customer-2")


def _technicians() -> Iterator[_Firm]:
    firm = _Firm(LI).do(of_technicians.RegisterTechnician, HEAD, firm=FIRM)
    days = {"first": date(2026, 5, 6), "last": date(2026, 5, 12), "reason": "婚假"}
    who = {"substitute": "张工", "reachable": "手机"}
    firm.do(of_technicians.AskLeave, HIMSELF, **days, **who)
    firm.do(of_technicians.GrantLeave, HEAD, first=date(2026, 5, 6))
    firm.do(
        of_technicians.ExtendLeave, HEAD, first=date(2026, 5, 6), last=date(2026, 5, 14), approved_by="甲方"
    )
    later = {"first": date(2026, 6, 1), "last": date(2026, 6, 1), "reason": "私事"}
    firm.do(of_technicians.AskLeave, HIMSELF, **later, **who)
    firm.do(of_technicians.RefuseLeave, HEAD, first=date(2026, 6, 1), reason="人手不足")
    today = {"first": MONDAY.date(), "last": MONDAY.date(), "reason": "家人急病", "urgent": True}
    firm.do(of_technicians.AskLeave, HIMSELF, **today)
    yield firm.do(of_technicians.AnnounceLeaving, HEAD, on=date(2026, 7, 1))


def _findings() -> Iterator[_Firm]:
    fine = {
        "charge": evaluate(Flat(cny(50)), Facts()),
        "clause": Clause("AS-PEN-1", "四4"),
        "sanction": "扣发奖金",
    }
    less = {**fine, "charge": evaluate(Flat(cny(20)), Facts())}
    for end in range(3):
        firm = _Firm("F-1")
        checked: dict[str, Any] = {"source": FindingSource.UNANNOUNCED_CHECK, "faults": ("未致电客户",)}
        firm.do(of_findings.RecordFinding, QUALITY, firm=FIRM, concerns=LI, **checked)
        firm.do(of_findings.ConfirmFinding, HEAD, **(fine if end else {}))
        firm.do(of_findings.AppealFinding, HIMSELF, grounds="已致电")
        if end == 0:
            firm.do(of_findings.UpholdFinding, OTHER_HEAD, reason="无通话记录")
        elif end == 1:
            firm.do(of_findings.ReducePenalty, OTHER_HEAD, reason="初犯", **less)
        else:
            firm.do(of_findings.WithdrawFinding, OTHER_HEAD, reason="有通话记录")
        yield firm
