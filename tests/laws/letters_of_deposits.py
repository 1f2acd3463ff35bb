"""A desk of deposits at work, so that every kind of letter is written of what was really decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from claims_at_work import ClaimDesk, lines
from deposit_desk import ACCOUNT, BANK, DEVELOPER, PROGRAM, ZONE, DepositDesk, approved, building, cny, policy

from servflow.core.changes import Actor, Message, Office
from servflow.core.citations import Reason
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.claims import commands as of_claims
from servflow.core.deposits.words import AtTheLimit, Payee, ReleaseSince

__all__ = ["deposit_attention", "deposit_desks", "deposit_messages"]

_AWARD = approved("award", grade="provincial", shown=("won",))
_INSURED = approved("insurance", shown=("insured",))
_THERE: dict[str, Any] = {"building": building(project="泉城花园", building="3号楼")}
_LATE = datetime(2028, 4, 4, 12, tzinfo=ZONE)
_BOOKED: dict[str, Any] = {
    "by": PROGRAM,
    "claim": "claim-1",
    "part": "roof-waterproofing",
    "open": True,
    "budget": cny(5_000_000),
}


def deposit_messages() -> Iterator[Message]:
    """Messages of every kind, each made by a decision."""
    for desk in deposit_desks():
        yield from desk.messages


def deposit_attention() -> Iterator[Reason]:
    """Whatever staff may have to see to, given by a desk at work."""
    for desk in deposit_desks():
        for change in desk.changes:
            for it in change.becomes:
                yield from getattr(it, "attention", ())


def deposit_desks() -> Iterator[DepositDesk]:
    """Desks with all that they decided."""
    yield from (_exempt(), _late(), _in_time(), _by_request(), _released(), _kept())
    yield from (_short(), _uncovered(), _freed())
    yield from _claims()
    yield _interest_gone()


def _exempt() -> DepositDesk:
    """Insured from the beginning; and after it was notified."""
    desk = DepositDesk()
    desk.assess(grounds=(_INSURED,), case="insured", **_THERE)
    desk.notify(**_THERE)
    desk.do(c.ReassessDeposit, "2026-01-09", grounds=(_INSURED,), reason="已投保工程质量责任保险")
    early = datetime(2026, 1, 10, 12, tzinfo=ZONE)
    desk.do(c.LodgeDeposit, "2026-01-08", by=BANK, amount=cny(100), recorded_at=early)
    desk.do(c.ReassessDeposit, "2026-01-10", grounds=(_INSURED,), reason="免予交存")
    desk.do(c.CloseDeposit, "2026-01-10", reason="免予交存")
    return desk


def _late() -> DepositDesk:
    """Reviewed, ordered, in default, corrected; surcharge is paid and then too much."""
    desk = DepositDesk()
    desk.notify(**_THERE)
    desk.do(c.ConfirmLetter, "2026-01-07")
    desk.clock("2026-01-14")
    desk.do(c.AskReview, "2026-01-14", by=DEVELOPER, objection="造价有误")
    desk.do(c.AnswerReview, "2026-01-15", answer="维持原核定数额")
    desk.do(c.OrderPayment, "2026-02-01", by_day=date(2026, 3, 1))
    desk.clock("2026-03-02")
    desk.do(c.PaySurcharge, "2026-03-03", by=BANK, amount=cny(36_000))
    desk.do(c.WithdrawOrder, "2026-03-04", reason="函告未送达")
    desk.do(c.RefundSurcharge, "2026-03-05", amount=cny(36_000))
    return desk


def _in_time() -> DepositDesk:
    """Paid, reversed, paid again, handed over, with an award, published."""
    desk = DepositDesk()
    desk.pay(**_THERE)
    desk.do(c.ReversePayment, "2026-02-03", by=BANK, number=1, reason="支票退票")
    desk.do(c.LodgeDeposit, "2026-02-04", by=BANK, amount=cny(6_000_000))
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    desk.do(c.ReassessDeposit, "2026-06-01", grounds=(_AWARD,), reason="获省级优良工程奖")
    desk.do(c.RecordDefect, "2026-07-01", name="D-1", part="leakage", what="外墙反复渗漏")
    desk.clock("2027-04-01")
    return desk


def _by_request() -> DepositDesk:
    """The days for a release count from its request: the end of the warranty has no last day yet."""
    desk = DepositDesk(policy(release_since=ReleaseSince.REQUESTED))
    desk.hold(**_THERE)
    desk.clock("2028-03-10")
    desk.do(c.RequestRelease, "2028-03-11", by=DEVELOPER, part="decoration")
    desk.clock("2028-04-20")
    return desk


def _released() -> DepositDesk:
    """Parts whose warranty is over are released, one by one; at the limit, all that is left."""
    desk = DepositDesk()
    desk.hold(**_THERE)
    desk.clock("2028-03-10")
    for part in ("decoration", "installations"):
        desk.do(c.ReleasePart, "2028-03-11", part=part)
    desk.clock("2031-03-03")
    desk.do(c.ReleaseRest, "2031-03-04")
    return desk


def _kept() -> DepositDesk:
    """At the limit, the shares of longer warranties stay."""
    desk = DepositDesk(policy(at_the_limit=AtTheLimit.CARRIED))
    desk.hold(**_THERE)
    desk.clock("2031-03-03")
    return desk


def _short() -> DepositDesk:
    """The budget of an open claim holds a refund back."""
    desk = DepositDesk()
    desk.hold(**_THERE)
    desk.do(c.BookDepositClaim, "2026-06-10", **_BOOKED)
    desk.do(c.ReassessDeposit, "2026-06-11", grounds=(_AWARD,), reason="获省级优良工程奖")
    return desk


def _freed() -> DepositDesk:
    """A defect is repaired after the end of the warranty; something is entered into a published year."""
    desk = DepositDesk()
    desk.hold(**_THERE)
    desk.do(c.ReassessDeposit, "2026-06-01", cost=cny(150_000_000), reason="造价决算")
    desk.do(c.RecordDefect, "2028-02-01", name="D-1", part="decoration", what="地面空鼓")
    desk.clock("2028-04-02")
    desk.do(c.RepairDefect, "2028-04-03", name="D-1")
    desk.do(c.LodgeDeposit, "2027-12-01", by=BANK, amount=cny(100), recorded_at=_LATE)
    return desk


def _uncovered() -> DepositDesk:
    """A payment is reversed, and what is left does not cover the budget of an open claim."""
    desk = DepositDesk()
    desk.pay(amount=cny(2_000_000), **_THERE)
    desk.do(c.LodgeDeposit, "2026-02-03", by=BANK, amount=cny(4_000_000))
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    desk.do(c.BookDepositClaim, "2026-06-10", **_BOOKED)
    desk.do(c.ReversePayment, "2026-06-12", by=BANK, number=1, reason="支票退票")
    return desk


def _interest_gone() -> DepositDesk:
    """A payment is reversed after a claim has used all that was left, the interest on it included."""
    desk = DepositDesk()
    desk.pay(amount=cny(2_000_000), **_THERE)
    desk.do(c.LodgeDeposit, "2026-02-03", by=BANK, amount=cny(4_000_000))
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    desk.do(c.CreditInterest, "2026-03-21", by=BANK)
    desk.do(c.BookDepositClaim, "2026-06-10", **_BOOKED)
    left = desk.account().balance - cny(2_000_000)
    used = {name: value for name, value in _BOOKED.items() if name not in {"open", "budget"}}
    desk.do(c.DrawDeposit, "2026-06-11", **used, amount=left, payee=Payee.REPAIRER, to="contractor-1")
    desk.do(c.ReversePayment, "2026-06-12", by=BANK, number=1, reason="支票退票")
    return desk


def _claims() -> Iterator[ClaimDesk]:
    leak: dict[str, Any] = {"what": "屋面渗漏"}
    done = ClaimDesk()
    done.file(**leak)
    done.do(of_claims.CheckWithDeveloper)
    done.do(of_claims.OrderTest)
    done.do(of_claims.RecordTest, report="检字第1号")
    done.do(of_claims.ApproveClaim)
    done.do(of_claims.AssignRepairer)
    done.do(of_claims.HandInBudget, plan="翻修防水层")
    done.do(of_claims.ApproveBudget)
    done.do(of_claims.FinishRepair)
    done.do(of_claims.HandInCostList)
    done.do(of_claims.SignCostList)
    done.do(of_claims.ReturnCostList, reason="第二项不清楚")
    done.do(of_claims.HandInCostList, lines=lines(20_000, 8_000))
    done.do(of_claims.SignCostList, "2026-06-11")
    done.clock("2026-07-01")
    done.do(of_claims.PayOut, "2026-07-01", payee=Payee.REPAIRER)
    done.clock("2026-07-31")
    done.do(of_claims.NotifyUse, "2026-07-31")
    yield done
    refused = ClaimDesk()
    refused.file(**leak)
    refused.do(of_claims.CheckWithDeveloper)
    refused.do(of_claims.DisputeLiability, reason="业主使用不当")
    refused.do(of_claims.RecordTest, liable=False, report="检字第2号")
    refused.do(of_claims.RefuseClaim, reason="不影响使用")
    yield refused
    performed = ClaimDesk()
    performed.file(**leak)
    performed.do(of_claims.ConfirmPerformance)
    yield performed
    withdrawn = ClaimDesk()
    withdrawn.file(**leak)
    withdrawn.do(c.NameParties, case=ACCOUNT, property_manager="泉城物业")
    withdrawn.do(of_claims.ReplaceApplicant, party="泉城物业", reason="物业服务合同已终止")
    manager = Actor("clerk", "泉城物业", Office.STAFF)
    for kind in (of_claims.CheckWithDeveloper, of_claims.ApproveClaim, of_claims.AssignRepairer):
        withdrawn.do(kind)
    withdrawn.do(of_claims.AssignRepairer, repairer="泉城建筑")
    withdrawn.do(of_claims.WithdrawClaim, by=manager, reason="已不再渗漏")
    yield withdrawn
    above = ClaimDesk()
    above.file(**leak)
    above.do(of_claims.CheckWithDeveloper)
    above.do(of_claims.ApproveClaim)
    above.do(of_claims.AssignRepairer)
    above.do(of_claims.HandInBudget, plan="翻修防水层", amount=cny(7_000_000))
    above.do(of_claims.ApproveBudget)
    yield above
