"""Bad input at the front door: refused with the reason and its clause, and nothing has changed.

One test for each; what would have been right is taken right after, so that it is that alone which is refused.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from desk_at_work import (
    CUSTOMER,
    ENGINEER,
    FIRM,
    SUPERVISOR,
    SYSTEM,
    THE_CUSTOMER,
    THE_ENGINEER,
    Desk,
    policy,
    staff,
)
from work_at_desk import cny, work

from servflow.core.aftersales.books.commands import TakeNumbers
from servflow.core.aftersales.books.model import book_key
from servflow.core.aftersales.complaints.commands import FileComplaint
from servflow.core.aftersales.complaints.model import DamageShown
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.policy import Checklist
from servflow.core.aftersales.technicians.commands import IssueOrders, RegisterTechnician
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Purchase
from servflow.core.aftersales.tickets.states import Channel, Outcome, Stage
from servflow.core.aftersales.words import Coverage
from servflow.core.changes import Command
from servflow.core.errors import Refused
from servflow.core.lifecycle import decide

COMPLAINT = {
    "case": "C-1",
    "by": THE_CUSTOMER,
    "firm": FIRM,
    "customer": CUSTOMER,
    "channel": Channel.HOTLINE,
    "what": "nobody came",
}


def refused(desk: Desk, kind: type[Command], /, **said: Any) -> list[tuple[str, str | None]]:
    """For which reasons it is refused, with their clauses; every aggregate is as it was."""
    command = desk.command(kind, **said)
    before = deepcopy(dict(desk.aggregates))
    with pytest.raises(Refused) as found:
        decide(AFTERSALES, command, desk.aggregates, policy=desk.policy, facts=desk.facts)

    assert desk.aggregates == before
    return [(each.code, each.clause.id if each.clause else None) for each in found.value.reasons]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("stage", [Stage.REPORTED, Stage.APPROVED, Stage.DISPATCHED, Stage.ON_SITE])
def test_signing_before_the_service_is_done(desk: Desk, stage: Stage) -> None:
    """Nobody signs for what is not done, be it by accepting or by a signature that is shown on the way."""
    desk.come_to(stage)
    signature = {"customer-signature": ("voucher-1",)}

    assert refused(desk, c.AcceptWork) == [("aftersales.signed-before-done", "AS-FLOW-3")]
    assert refused(desk, c.ShowFacts, shown=signature) == [("aftersales.signed-before-done", "AS-FLOW-3")]


def test_signing_once_it_is_done(desk: Desk) -> None:
    """Then it is taken."""
    desk.come_to(Stage.REPAIRED)
    desk.do(c.AcceptWork, shown={"customer-signature": ("voucher-1",)})

    assert desk.ticket().state is Stage.ACCEPTED


def test_closing_with_a_complaint_open(desk: Desk) -> None:
    """The customer hears the outcome of his complaint before the ticket is closed."""
    desk.come_to(Stage.FOLLOWED_UP)
    desk.do(FileComplaint, **COMPLAINT, ticket=desk.ticket().id)

    assert refused(desk, c.CloseTicket) == [("aftersales.complaint-open", "AS-COMP-3")]


def test_a_transit_claim_with_two_photographs() -> None:
    """Three of each damage are asked for by the rulebook's list."""
    desk = Desk(policy(photographs=Checklist(step="transit-claim", items=("3 photographs",))))
    photographs = ("p-1", "p-2", "p-3")
    two, three = (DamageShown(what="left leaf", photographs=photographs[:count]) for count in (2, 3))

    found = refused(desk, FileComplaint, **COMPLAINT, damages=(two,))
    assert found == [("aftersales.complaint.too-few-photographs", "X-photographs")]
    assert not desk.aggregates
    desk.do(FileComplaint, **COMPLAINT, damages=(three,))


def test_a_receipt_voided_twice(desk: Desk) -> None:
    """It is void since its item went back, and stays so."""
    desk.come_to(Stage.APPROVED)
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": ("receipt/1",)})

    found = refused(desk, c.VoidPaper, series=Series.RECEIPT, number=1, reason="once more")
    assert found == [("aftersales.paper-void", "AS-FLOW-6")]


def test_a_spoiled_paper_voided_twice(desk: Desk) -> None:
    """The first time its number is kept as used up; the second time there is nothing to spoil."""
    desk.come_to(Stage.TRIAGED)
    spoiled = {"series": Series.VOUCHER, "number": 1, "reason": "a slip of the pen"}
    desk.do(c.VoidPaper, **spoiled)

    assert refused(desk, c.VoidPaper, **spoiled) == [("aftersales.paper-void", "AS-FORM-1")]


def test_a_number_skipped(desk: Desk) -> None:
    """A book has no gaps: the next number is the only one that can be taken."""
    desk.come_to(Stage.REPORTED)
    book = book_key(FIRM, Series.VOUCHER).id
    said: dict[str, Any] = {"case": book, "by": SYSTEM, "firm": FIRM, "series": Series.VOUCHER, "about": "x"}

    assert refused(desk, TakeNumbers, **said, first=3) == [("aftersales.number-skipped", "AS-FORM-1")]
    assert refused(desk, TakeNumbers, **said, first=1) == [("aftersales.number-used", "AS-FORM-1")]
    desk.do(TakeNumbers, **said, first=2)


def test_a_repair_order_skipped() -> None:
    """Nor has the book of an engineer."""
    desk = Desk(policy(orders=Numbering(series=Series.REPAIR_ORDER, bound=True, book=50)))
    desk.do(RegisterTechnician, case=ENGINEER, firm=FIRM)
    finance = staff("finance", "finance")
    desk.do(IssueOrders, case=ENGINEER, by=finance, first=1, last=50)
    desk.come_to(Stage.ON_SITE)

    found = refused(desk, c.Finish, by=THE_ENGINEER, order=2)
    assert found == [("aftersales.order-not-in-turn", "AS-FORM-1")]
    desk.do(c.Finish, by=THE_ENGINEER, order=1)


@pytest.mark.parametrize(
    ("kind", "said"), [(c.Depart, {}), (c.Arrive, {}), (c.MoveAppointment, {"engineer": "other"})]
)
def test_an_engineer_acting_on_anothers_visit(desk: Desk, kind: type[Command], said: dict[str, Any]) -> None:
    """Who was sent acts on it, and nobody else in the field."""
    desk.come_to(Stage.DISPATCHED)
    other = staff("other", "engineer")

    assert refused(desk, kind, by=other, **said) == [("aftersales.anothers-visit", "AS-FLOW-2")]
    desk.do(kind, by=THE_ENGINEER, **said)


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_survey_score_outside_its_scale(desk: Desk, score: int) -> None:
    """The scale is the rulebook's, 1 to 5 here, both included."""
    desk.come_to(Stage.ACCEPTED)

    found = refused(desk, c.RecordSurvey, scores={"quality": 5, "attitude": score})
    assert found == [("aftersales.survey-score-outside", "X-survey")]
    desk.do(c.RecordSurvey, scores={"quality": 5, "attitude": 1})


def test_a_refund_above_what_was_paid_for_the_unit(desk: Desk) -> None:
    """No more goes back than the customer paid for it, to the cent."""
    desk.come_to(Stage.ON_SITE, purchase=Purchase(price=cny(1000)))
    desk.do(c.FindUnrepairable, by=THE_ENGINEER)
    desk.do(c.TakeIn, items=("U-1",))

    found = refused(desk, c.RefundCustomer, amount=cny("1000.01"))
    assert found == [("aftersales.refund-above-paid", "AS-RET-1")]
    desk.do(c.RefundCustomer, amount=cny(1000))


def test_a_payment_returned_above_what_was_paid(desk: Desk) -> None:
    """Of what was paid for a service, only what was paid too much goes back."""
    _charged(desk)
    desk.do(c.BillService)
    desk.do(c.CollectPayment, amount=cny(100))

    found = refused(desk, c.ReturnPayment, amount=cny("0.01"), reason="he asked")
    assert found == [("aftersales.refund-above-paid", "AS-ACC-3")]


def test_a_payment_above_what_is_owed(desk: Desk) -> None:
    """Nor is more taken than is owed."""
    _charged(desk)
    desk.do(c.BillService)

    found = refused(desk, c.CollectPayment, amount=cny("100.01"))
    assert found == [("aftersales.paid-above-owed", "AS-ACC-3")]
    desk.do(c.CollectPayment, amount=cny(100))


def _charged(desk: Desk) -> None:
    """A service that is done, for which the customer pays 100 yuan as quoted."""
    desk.come_to(Stage.COVERED, answers={"cause": "misuse"})
    verdict = desk.ticket().verdict
    assert verdict is not None
    assert verdict.coverage is Coverage.PAID
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.AcceptQuote)
    desk.do(c.Dispatch)
    desk.do(c.Arrive, by=THE_ENGINEER)
    desk.do(c.Finish, by=THE_ENGINEER, lines=(work(100),))


def test_accepting_while_the_unit_is_in_the_shop(desk: Desk) -> None:
    """He has it back first."""
    desk.come_to(Stage.APPROVED)
    desk.do(c.TakeIn, items=("U-1",))
    desk.do(c.BeginInShop)
    desk.do(c.Finish, by=THE_ENGINEER, outcome=Outcome.REPAIRED)

    assert refused(desk, c.AcceptWork) == [("aftersales.item-not-back", "AS-FLOW-6")]
    desk.do(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": ("receipt/1",)})
    desk.do(c.AcceptWork)


def test_nothing_ends_while_the_shop_holds_the_unit(desk: Desk) -> None:
    """It is neither closed nor cancelled, rejected nor merged."""
    desk.come_to(Stage.TRIAGED)
    desk.do(c.TakeIn, items=("U-1",))
    held = ("aftersales.item-not-back", "AS-FLOW-6")

    assert held in refused(desk, c.CloseTicket)
    assert refused(desk, c.CancelTicket) == [held]
    assert refused(desk, c.RejectTicket) == [held]
    assert held in refused(desk, c.MergeTicket, into="T-2")


def test_a_supervisor_is_no_exception(desk: Desk) -> None:
    """Whoever says it, it is refused."""
    desk.come_to(Stage.ON_SITE)

    found = refused(desk, c.AcceptWork, by=SUPERVISOR, evidence="a note of a call")
    assert found == [("aftersales.signed-before-done", "AS-FLOW-3")]
