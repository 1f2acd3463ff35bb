"""The rules that decide the hard cases of interlibrary loan, each by its number, at either side.

The requester's half is tried at the desk of a borrowing library, the supplier's at that of a lending one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from borrowing_desk import LENDER, LINK, BorrowingDesk, costs, facts_of, yuan

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Command, Key
from servflow.core.errors import NotFound, Refused
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import messages as m
from servflow.core.ill.borrowing.guards import answers_yes
from servflow.core.ill.borrowing.states import CancelState, CaseOutcome, CaseState
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.lending import commands as sc
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.lending.table import LENDING
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    Delivery,
    SentVia,
    Service,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.desk import Desk

S = CaseState
HEARINGS = [each for each in BORROWING.commands if issubclass(each, c.Hear)]
OUT = ["ship", "receive", "lend", "take_back", "return_it", "deliver"]


@pytest.fixture
def desk() -> BorrowingDesk:
    """A borrowing desk without any case yet."""
    return BorrowingDesk()


def codes(desk: BorrowingDesk) -> list[str]:
    """What staff are to look at."""
    return [code for code, _ in desk.attention()]


# --- 1 to 5: cancellations --------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", [False, True])
def test_rule_01_shipped_beats_cancel(desk: BorrowingDesk, copy: bool) -> None:
    """What was shipped is on its way, or here; the cancellation is moot; "no" is nothing, "yes" a conflict."""
    desk.send(service=Service.COPY_OR_LOAN)
    desk.do(c.CancelRequest, "2026-01-06")
    said = {"service": Service.COPY, "items": (), "due": None, "delivery": LINK} if copy else {}
    desk.do(c.HearShipped, "2026-01-07", **said)

    assert desk.case().state is (S.DELIVERED if copy else S.SHIPPED)
    cancel = desk.case().cancel
    assert cancel is not None
    assert cancel.state is CancelState.MOOT
    assert desk.attention() == [("shipped-despite-cancel", {"supplier": LENDER})]
    before = desk.case()
    change = desk.do(c.HearCancelAnswer, "2026-01-08", yes=False)
    assert (change.messages, desk.attention()) == ((), desk.attention())
    assert replace(desk.case(), version=0) == replace(before, version=0)
    desk.do(c.HearCancelAnswer, "2026-01-08", yes=True)
    assert codes(desk) == ["shipped-despite-cancel", "conflict"]
    assert desk.case().state is before.state


def test_rule_02_the_supplier_may_not_ship_while_a_cancel_is_pending(lending_desk: Any) -> None:
    """It answers No first, or does both in one call, the answer first."""
    lending_desk.reach(SupplyState.PROMISED)
    lending_desk.do(sc.RequestCancel, "2026-02-06")

    with pytest.raises(Refused):
        lending_desk.do(sc.Ship, "2026-02-06", items=("a",))
    change = lending_desk.do(sc.Ship, "2026-02-06", items=("a",), refuse_cancel=True)
    assert [each.kind for each in change.messages] == ["ill.supply.cancel-answered", "ill.supply.shipped"]
    assert lending_desk.loan().state is SupplyState.SHIPPED


@pytest.mark.parametrize("when", ["send", "promise", "offer"])
@pytest.mark.parametrize("status", [None, *Status])
def test_rule_03_a_refused_cancel_restores_nothing(
    desk: BorrowingDesk, when: str, status: Status | None
) -> None:
    """Because nothing moved: whatever status stands beside the "no", the state is what it was."""
    getattr(desk, when)()
    before = desk.case()
    desk.do(c.CancelRequest, "2026-01-07")
    assert desk.case().state is before.state
    desk.do(c.HearCancelAnswer, "2026-01-08", yes=False, status=status)
    after = desk.case()

    assert (after.state, after.since, after.attempts) == (before.state, before.since, before.attempts)
    assert after.cancel is not None
    assert after.cancel.state is CancelState.REFUSED
    assert desk.attention() == [("cancel-refused", {"supplier": LENDER})]
    desk.do(c.CancelRequest, "2026-01-09")
    assert desk.case().cancelling


def test_rule_03_the_suppliers_no_moves_nothing_either(lending_desk: Any) -> None:
    """The transaction stands where it stood, and goes on."""
    lending_desk.reach(SupplyState.PROMISED)
    lending_desk.do(sc.RequestCancel, "2026-02-06")
    lending_desk.do(sc.AnswerCancel, "2026-02-06", yes=False)
    assert lending_desk.loan().state is SupplyState.PROMISED
    lending_desk.do(sc.Ship, "2026-02-06", items=("a",))
    assert lending_desk.loan().state is SupplyState.SHIPPED


GOING_ON = [
    Status.EXPECT_TO_SUPPLY,
    Status.WILL_SUPPLY,
    Status.LOANED,
    Status.OVERDUE,
    Status.RECALLED,
    Status.COPY_COMPLETED,
]


@pytest.mark.parametrize("status", Status)
def test_rule_04_the_answer_outranks_the_status(desk: BorrowingDesk, status: Status) -> None:
    """No answer: it is derived; "yes" with a status of going on is a contradiction and no answer."""

    def comes_to(yes: bool | None) -> bool | None:
        said = desk.command(c.HearCancelAnswer, "2026-01-08", yes=yes, status=status)
        assert isinstance(said, c.HearCancelAnswer)
        return answers_yes(said)

    assert comes_to(False) is False
    assert comes_to(True) is (None if status in GOING_ON else True)
    derived = {Status.CANCELLED: True} | dict.fromkeys(GOING_ON, False)
    assert comes_to(None) is derived.get(status)


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ({"yes": True, "status": Status.LOANED}, ("yes", "Loaned")),
        ({"yes": True, "status": Status.WILL_SUPPLY}, ("yes", "WillSupply")),
        ({"yes": None, "status": Status.UNFILLED}, None),
    ],
)
def test_rule_04_a_contradiction_is_shown(
    desk: BorrowingDesk, said: dict[str, Any], fact: tuple[str, str] | None
) -> None:
    """The cancellation waits on for an answer that is one."""
    desk.promise()
    desk.do(c.CancelRequest, "2026-01-07")
    desk.do(c.HearCancelAnswer, "2026-01-08", **said)

    assert (desk.case().state, desk.case().cancelling) == (S.PROMISED, True)
    assert codes(desk) == ["contradiction"]
    facts = desk.attention()[0][1]
    assert facts["status"] == said["status"].value
    assert fact is None or (facts["said"], facts["status"]) == fact
    desk.do(c.HearCancelAnswer, "2026-01-09", yes=None, status=Status.CANCELLED)
    assert desk.case().outcome is CaseOutcome.CANCELLED


@pytest.mark.parametrize("how", [c.HearCancelAnswer, c.HearUnfilled, c.HearWithdrawn])
@pytest.mark.parametrize("intent", CancelIntent)
def test_rule_05_a_cancel_has_an_intent(desk: BorrowingDesk, how: Any, intent: CancelIntent) -> None:
    """To end the case: it is closed. To leave this supplier: the next one is asked."""
    desk.promise()
    desk.do(c.CancelRequest, "2026-01-07", intent=intent)
    desk.do(how, "2026-01-08")

    if intent is CancelIntent.END_CASE:
        assert (desk.case().state, desk.case().outcome) == (S.CLOSED, CaseOutcome.CANCELLED)
    else:
        assert (desk.case().state, desk.case().current) == (S.SENT, 2)


# --- 6 to 8: notes, former suppliers, repetition ------------------------------------------------------------


@pytest.mark.parametrize("when", ["draft", "submit", "send", "offer", "retry", "exhaust", *OUT])
def test_rule_06_a_notification_never_changes_a_state(desk: BorrowingDesk, when: str) -> None:
    """Wherever it comes."""
    getattr(desk, when)()
    before = desk.case()
    desk.do(c.HearNotification, "2026-02-10", note="LoanCompleted")

    assert replace(desk.case(), attention=(), last=None, version=0) == replace(
        before, attention=(), last=None, version=0
    )


def test_rule_06_nor_at_the_supplier(lending_desk: Any) -> None:
    """It is shown to staff, and nothing more."""
    lending_desk.reach(SupplyState.PROMISED)
    lending_desk.do(sc.Notify, "2026-02-06", note="Cancelled")
    assert lending_desk.loan().state is SupplyState.PROMISED


@pytest.mark.parametrize("kind", HEARINGS)
def test_rule_07_a_former_supplier_moves_nothing(desk: BorrowingDesk, kind: type[c.Hear]) -> None:
    """Of an attempt that has ended nothing touches the one that goes on; a shipment is sent back."""
    desk.send()
    desk.do(c.HearUnfilled, "2026-01-06")
    before = desk.case()
    desk.do(kind, "2026-01-07", attempt=1)
    after = desk.case()

    assert (after.state, after.current, after.since) == (before.state, before.current, before.since)
    assert after.attempts[1:] == before.attempts[1:]
    opened = Key("ill.borrowing", "B-1/return-1") in desk.aggregates
    assert opened is (kind is c.HearShipped)


@pytest.mark.parametrize("end", [c.Withdraw, c.GiveUp])
def test_rule_07_a_shipment_after_the_end_is_sent_back(desk: BorrowingDesk, end: type[Command]) -> None:
    """A closed case stays closed; another one receives it, and may only ship it back."""
    desk.exhaust()
    desk.do(end, "2026-01-07")
    desk.do(c.HearShipped, "2026-01-08")
    back = "B-1/return-1"
    assert (desk.case().state, desk.case(back).state) == (S.CLOSED, S.SHIPPED)
    desk.do(c.Receive, "2026-01-12", case=back)
    assert [code for code, _, _ in desk.refused(c.CheckOut, "2026-01-12", case=back)] == [
        "ill.only-to-be-returned"
    ]
    desk.do(c.ShipBack, "2026-01-12", case=back)
    assert desk.clock("2026-03-01", back) == ["CloseUnconfirmed"]
    assert desk.case(back).outcome is CaseOutcome.RETURNED


class Host:
    """The host of a desk: facts, and nobody to write to."""

    def __init__(self, desk: BorrowingDesk) -> None:
        self.desk = desk

    def ask(self, command: Command, it: Any) -> Any:
        """See the port."""
        return self.desk.facts

    def party(self, ref: str) -> Any:
        """See the port."""
        raise NotFound("party", ref)


def test_rule_08_the_same_message_counts_once(desk: BorrowingDesk) -> None:
    """By the id it is given from its sender and its key; under another id it still changes nothing."""
    real = Desk(ILL, policy=desk.policy, storage=MemoryStorage(Codec(ILL)), facts=Host(desk))
    decide = desk.take

    def take(command: Command) -> Any:
        real.do(command)
        return decide(command)

    desk.take = take  # type: ignore[method-assign]
    desk.promise()
    said = desk.command(c.HearShipped, "2026-01-07", id="heard/CN-NLC/1", costs=costs(loan=40))
    assert [real.do(said).repeated for _ in range(3)] == [False, True, True]
    once = real.storage.load(desk.case().key)
    assert once.version == desk.case().version + 1
    assert not real.do(replace(said, id="heard/CN-NLC/2")).repeated
    twice = real.storage.load(desk.case().key)
    assert replace(twice, version=0) == replace(once, version=0)


# --- 9 to 12: receipt, overdue, renewal, recall -----------------------------------------------------------------


def test_rule_09_received_and_returned_are_optional(desk: BorrowingDesk) -> None:
    """It is here although nobody said that it was sent, and back although nobody said that it was here."""
    desk.send()
    with pytest.raises(Refused):
        desk.do(c.Receive, "2026-01-12")
    desk.do(c.Receive, "2026-01-12", unannounced=True)
    assert desk.case().state is S.RECEIVED

    desk.send(case="B-2")
    desk.do(c.HearShipped, "2026-01-07", case="B-2")
    desk.do(c.HearCheckedIn, "2026-01-26", case="B-2")
    assert desk.case("B-2").outcome is CaseOutcome.RETURNED


@pytest.mark.parametrize("how", [sc.CheckIn, sc.ReportReturn])
def test_rule_09_nor_does_the_supplier_wait_for_them(lending_desk: Any, how: Any) -> None:
    """A return or a check-in is taken from "shipped"."""
    lending_desk.reach(SupplyState.SHIPPED)
    lending_desk.do(how, "2026-02-20")
    assert lending_desk.loan().state in {SupplyState.CLOSED, SupplyState.RETURN_IN_TRANSIT}


def test_rule_10_overdue_is_computed(desk: BorrowingDesk) -> None:
    """No state of either side is called so; before receipt and after the return a notice changes nothing."""
    assert not [
        state for lifecycle in (BORROWING, LENDING) for state in lifecycle.states if "OVER" in state.name
    ]
    desk.lend(items=("a", "b"))
    assert [desk.case().overdue_on(date(2026, 3, day)) for day in (6, 7)] == [False, True]
    desk.do(c.TakeBack, "2026-03-09")
    desk.do(c.ShipBack, "2026-03-09")
    assert not desk.case().overdue_on(date(2026, 3, 9))
    before = desk.case()
    desk.do(c.HearOverdue, "2026-03-10")
    assert replace(desk.case(), last=None, version=0) == replace(before, last=None, version=0)

    desk.send(case="B-2")
    desk.do(c.HearShipped, "2026-01-07", case="B-2")
    desk.do(c.HearOverdue, "2026-03-10", case="B-2")
    assert (desk.case("B-2").state, desk.case("B-2").due) == (S.SHIPPED, date(2026, 3, 6))


def test_rule_11_one_renewal_at_a_time(desk: BorrowingDesk) -> None:
    """None while recalled, lost or on its way back; a "yes" needs a later day, a "no" keeps the old one."""
    desk.rule(renewals=3)
    desk.lend()
    desk.do(c.RenewLoan, "2026-03-02")
    assert [code for code, _, _ in desk.refused(c.RenewLoan, "2026-03-03")] == ["ill.renewal-pending"]
    desk.do(c.HearRenewalAnswer, "2026-03-03", yes=True, due=date(2026, 3, 6))
    assert codes(desk) == ["contradiction"]
    assert (desk.case().due, desk.case().renewal_asked_on) == (date(2026, 3, 6), date(2026, 3, 2))
    desk.do(c.HearRenewalAnswer, "2026-03-04", yes=False, due=date(2026, 1, 1))
    assert (desk.case().due, desk.case().renewal_asked_on) == (date(2026, 3, 6), None)
    desk.do(c.RenewLoan, "2026-03-04")
    desk.do(c.HearRenewalAnswer, "2026-03-05", yes=True, due=date(2026, 4, 6))
    assert (desk.case().due, desk.case().renewals) == (date(2026, 4, 6), 1)
    desk.do(c.HearRecall, "2026-03-06", due=date(2026, 3, 20))
    assert [code for code, _, _ in desk.refused(c.RenewLoan, "2026-03-09")] == ["ill.recalled"]
    desk.do(c.RecordLoss, "2026-03-10")
    with pytest.raises(Refused):
        desk.do(c.RenewLoan, "2026-03-10")


def test_rule_11_no_answer_by_the_due_date_is_no_renewal(desk: BorrowingDesk) -> None:
    """The term ends as it was, it is fined from then on, and it may be asked for again."""
    desk.rule(renewals=1)
    desk.lend()
    desk.do(c.RenewLoan, "2026-03-06")
    assert desk.case().overdue_on(date(2026, 3, 7))
    assert desk.owed("2026-03-07") == {"overdue": yuan(5)}
    assert desk.refused(c.RenewLoan, "2026-03-06") != []
    assert desk.refused(c.RenewLoan, "2026-03-07") == []


def test_rule_11_the_supplier_answers_what_the_rules_forbid_at_once(lending_desk: Any) -> None:
    """A recalled loan is not renewed; the borrower hears it with the answer."""
    lending_desk.reach(SupplyState.AT_REQUESTER)
    lending_desk.do(sc.Recall, "2026-02-06", due=date(2026, 2, 20), reason="本馆读者需用")
    assert lending_desk.not_renewed("2026-02-09") != ()


def test_rule_12_a_recall_in_transit_goes_back_uncirculated(desk: BorrowingDesk) -> None:
    """It is received, no one is told that it is ready, it is not lent, and goes back."""
    desk.rule(renewals=1)
    desk.ship()
    desk.do(c.HearRecall, "2026-01-08", due=date(2026, 2, 6))
    change = desk.do(c.Receive, "2026-01-12")
    assert desk.kinds(change) == ["borrowing.item-received"]
    for kind in (c.CheckOut, c.RenewLoan):
        assert [code for code, _, _ in desk.refused(kind, "2026-01-12")] == ["ill.recalled"]
    desk.do(c.ShipBack, "2026-01-12")
    assert desk.case().state is S.RETURNED


def test_rule_12_a_recall_never_blocks_a_return(desk: BorrowingDesk) -> None:
    """It answers a renewal that waited; what the patron brings back is not lent again."""
    desk.rule(renewals=1)
    desk.lend()
    desk.do(c.RenewLoan, "2026-01-14")
    desk.do(c.HearRecall, "2026-01-15", due=date(2026, 2, 6))
    assert (desk.case().renewal_asked_on, desk.case().due) == (None, date(2026, 2, 6))
    desk.do(c.TakeBack, "2026-01-19")
    with pytest.raises(Refused):
        desk.do(c.CheckOut, "2026-01-19")
    desk.do(c.ShipBack, "2026-01-19")
    assert desk.case().state is S.RETURNED


# --- 13 and 14: offers and promises -----------------------------------------------------------------------------


def test_rule_13_an_acceptance_refers_to_a_revision(desk: BorrowingDesk) -> None:
    """A new offer voids the older acceptance, but not once it is shipped."""
    desk.offer(cost=yuan(30))
    desk.do(c.HearOffer, "2026-01-07", cost=yuan(35))
    with pytest.raises(Refused):
        desk.do(c.AcceptOffer, "2026-01-07", revision=1)
    desk.do(c.AcceptOffer, "2026-01-07", revision=2)
    desk.do(c.HearOffer, "2026-01-08", cost=yuan(60))
    assert desk.case().state is S.OFFERED
    desk.do(c.AcceptOffer, "2026-01-08", revision=3)
    desk.do(c.HearShipped, "2026-01-09", costs=costs(loan=60))
    desk.do(c.HearOffer, "2026-01-10", cost=yuan(90))
    assert (desk.case().state, desk.attempt().agreed) == (S.SHIPPED, yuan(60))
    assert codes(desk) == ["out-of-order"]


@pytest.mark.parametrize(("cost", "taken"), [(20, True), (21, False)])
def test_rule_13_programs_accept_within_the_cap_only(desk: BorrowingDesk, cost: int, taken: bool) -> None:
    """And on conditions that were approved before; anything above is somebody's decision."""
    desk.send()
    desk.do(c.HearOffer, "2026-01-06", cost=yuan(cost), conditions=(Condition.NO_REPRODUCTION,))

    assert desk.case().state is (S.PROMISED if taken else S.OFFERED)
    assert (desk.attempt().agreed == yuan(cost)) is taken


def test_rule_13_shipped_dearer_than_agreed_is_shown_not_refused(desk: BorrowingDesk) -> None:
    """The book is on its way all the same."""
    desk.offer(cost=yuan(30))
    desk.do(c.AcceptOffer, "2026-01-07")
    desk.do(c.HearShipped, "2026-01-08", costs=costs(loan="30.01"))

    assert (desk.case().state, codes(desk)) == (S.SHIPPED, ["cost-over-agreed"])


def test_rule_13_the_supplier_knows_which_offer_was_accepted(lending_desk: Any) -> None:
    """The latest one is; an older one is shown to staff."""
    lending_desk.reach(SupplyState.NEW)
    for cost in (30, 35):
        lending_desk.do(sc.MakeOffer, "2026-02-06", cost=yuan(cost))
    lending_desk.do(sc.AgreeToOffer, "2026-02-07", revision=1)
    assert lending_desk.loan().state is SupplyState.OFFERED
    lending_desk.do(sc.AgreeToOffer, "2026-02-07", revision=2)
    assert lending_desk.loan().state is SupplyState.PROMISED


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (c.HearExpect, S.EXPECTED),
        (c.HearOffer, S.OFFERED),
        (c.HearRetry, S.RETRY_OFFERED),
        (c.HearUnfilled, S.SENT),
    ],
)
def test_rule_14_a_promise_may_fall_back(desk: BorrowingDesk, kind: Any, state: CaseState) -> None:
    """To "likely", to conditions, to "try again", to "no", after which the next one is asked."""
    desk.promise()
    desk.do(kind, "2026-01-07")

    assert (desk.case().state, desk.attention()) == (state, [])


def test_rule_14_the_supplier_may_soften_its_promise(lending_desk: Any) -> None:
    """Found missing, it is looked for, offered otherwise, or not supplied."""
    for kind, more in ((sc.Expect, {}), (sc.Promise, {}), (sc.MakeOffer, {"cost": yuan(30)})):
        if kind is sc.Expect:
            lending_desk.reach(SupplyState.PROMISED)
        lending_desk.do(kind, "2026-02-06", **more)
    lending_desk.do(sc.CannotSupply, "2026-02-09", why=Unfilled.NOT_ON_SHELF)
    assert lending_desk.loan().closing is Closing.UNFILLED


# --- 15 to 21 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", WhereLost)
def test_rule_15_lost_is_not_the_end(desk: BorrowingDesk, where: WhereLost) -> None:
    """What is found waits to be sent back, with the charge for its loss undone."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-02-02", where=where)
    desk.do(c.HearCosts, "2026-02-03", costs=costs(compensation=120))
    desk.do(c.RecordFound, "2026-02-09")

    assert (desk.case().state, desk.case().lost) == (S.AWAITING_RETURN, {})
    assert desk.charged() == yuan(0)
    desk.do(c.ShipBack, "2026-02-09")
    assert desk.case().state is S.RETURNED


def test_rule_15_nor_at_the_supplier(lending_desk: Any) -> None:
    """It is found by the borrower, and out again; or comes back."""
    lending_desk.reach(SupplyState.LOST)
    lending_desk.do(sc.ReportFound, "2026-02-20")
    assert lending_desk.loan().state is SupplyState.AT_REQUESTER


def test_rule_16_a_return_nobody_confirms_is_closed(desk: BorrowingDesk) -> None:
    """After its time, flagged; a check-in that comes later is nothing new."""
    desk.return_it()
    assert desk.clock("2026-04-01") == ["CloseUnconfirmed"]
    assert (desk.case().outcome, desk.case().unconfirmed) == (CaseOutcome.RETURNED, True)
    assert codes(desk) == ["unconfirmed"]
    desk.do(c.HearCheckedIn, "2026-04-02")
    assert codes(desk) == ["unconfirmed"]


@pytest.mark.parametrize(
    ("service", "delivery", "state"),
    [
        (Service.LOAN, None, S.SHIPPED),
        (Service.COPY, Delivery(via=SentVia.MAIL), S.SHIPPED),
        (Service.COPY, LINK, S.DELIVERED),
    ],
)
def test_rule_17_copy_or_loan_is_what_was_shipped(
    desk: BorrowingDesk, service: Service, delivery: Delivery | None, state: CaseState
) -> None:
    """Either is what was asked for."""
    desk.send(service=Service.COPY_OR_LOAN)
    due = date(2026, 3, 6) if service is Service.LOAN else None
    desk.do(c.HearShipped, "2026-01-07", service=service, due=due, delivery=delivery)

    assert (desk.case().state, desk.case().supplied, desk.attention()) == (state, service, [])
    assert desk.case().is_copy is (service is Service.COPY)


@pytest.mark.parametrize("when", ["draft", "submit", "send", "offer", "retry", "exhaust", *OUT])
def test_rule_18_a_refused_command_leaves_no_trace(desk: BorrowingDesk, when: str) -> None:
    """Every command of the desk that has no place in a state, or no reason: nothing is another one."""
    getattr(desk, when)()
    before = (dict(desk.aggregates), desk.messages, desk.postings)
    refused = 0
    for kind in BORROWING.commands:
        if kind in {c.DraftRequest, c.OpenReturn}:  # they open a case
            continue
        command = desk.command(kind, "2026-02-04")
        if desk.reasons(kind, "2026-02-04"):
            refused += 1
            assert not issubclass(kind, c.Hear)
            with pytest.raises(Refused):
                desk.take(command)
            assert (dict(desk.aggregates), desk.messages, desk.postings) == before
    assert refused > 20


def test_rule_19_a_step_is_undone_until_it_was_told(desk: BorrowingDesk) -> None:
    """Its message waits as long as it can be undone, and is withdrawn; after that only an event corrects it."""
    desk.receive()
    told = [each for each in desk.messages if each.kind in {m.RECEIVED, m.READY}]
    assert {each.not_before for each in told} == {desk.at("2026-01-12T10:05")}
    assert desk.refused(c.Undo, "2026-01-12T10:05") != []
    change = desk.do(c.Undo, "2026-01-12T10:04")
    assert desk.case().state is S.SHIPPED
    assert [entry.command.id for entry in change.entries] == [change.command.id]
    assert set(change.withdrawals[0].kinds) == {m.RECEIVED, m.READY}


@pytest.mark.parametrize("minutes", [0, 5])
def test_rule_19_without_time_to_undo_nothing_waits(desk: BorrowingDesk, minutes: int) -> None:
    """And nothing can be undone."""
    desk.rule(undo_minutes=minutes)
    desk.receive()

    waits = {each.not_before is not None for each in desk.messages if each.kind == m.READY}
    assert waits == {minutes > 0}
    assert (desk.refused(c.Undo, "2026-01-12") == []) is (minutes > 0)


@pytest.mark.parametrize(
    ("when", "end"),
    [
        ("submit", c.DeclineRequest),
        ("submit", c.CloseAsDuplicate),
        ("submit", c.FillLocally),
        ("retry", c.Withdraw),
        ("exhaust", c.GiveUp),
        ("exhaust", c.Resubmit),
        ("return_it", c.HearCheckedIn),
        ("lend", c.HearNoReturnNeeded),
        ("lend", c.HearCheckedIn),
        ("deliver", c.HandOver),
        ("lend", c.CloseCaseManually),
    ],
)
def test_rule_20_the_end_closes_timers_and_notices(
    desk: BorrowingDesk, when: str, end: type[Command]
) -> None:
    """Nothing wakes the case any more, and what was not sent yet is withdrawn or superseded."""
    desk.draft(case="B-0")
    getattr(desk, when)()
    change = desk.do(end, "2026-02-10")

    assert desk.case().state is S.CLOSED
    assert dict(change.wakes)[desk.case().key] is None
    overtaken = {kind for each in change.withdrawals for kind in each.kinds} | {
        kind for each in change.messages for kind in each.supersedes
    }
    assert overtaken
    it = desk.case()
    assert (it.cancel, it.since, it.delayed, it.renewal_asked_on, it.recalled_on, it.held) == (
        None,
        None,
        (),
        None,
        None,
        None,
    )


def test_rule_20_at_the_supplier_too(lending_desk: Any) -> None:
    """A transaction that is closed is not woken."""
    lending_desk.reach(SupplyState.SHIPPED)
    change = lending_desk.do(sc.CheckIn, "2026-02-20")
    assert dict(change.wakes)[lending_desk.loan().key] is None


def test_rule_21_the_state_follows_the_last_piece(desk: BorrowingDesk) -> None:
    """Three volumes come, are lost and go back one by one; each part is shown."""
    desk.ship(items=("a", "b", "c"))
    for item, state in (("a", S.SHIPPED), ("b", S.SHIPPED), ("c", S.RECEIVED)):
        desk.do(c.Receive, "2026-01-12", items=(item,))
        assert desk.case().state is state
    assert codes(desk) == ["partly-received", "partly-received"]
    for item, state in (("a", S.RECEIVED), ("c", S.RECEIVED)):
        desk.do(c.ShipBack, "2026-01-13", items=(item,))
        assert desk.case().state is state
    desk.do(c.RecordLoss, "2026-01-14", items=("b",), where=WhereLost.LIBRARY)
    assert desk.case().state is S.LOST


def test_rule_21_at_the_supplier_too(lending_desk: Any) -> None:
    """It is back with the last volume."""
    lending_desk.relate()
    lending_desk.lend(items=("a", "b"))
    lending_desk.do(sc.CheckIn, "2026-02-20", items=("a",))
    assert lending_desk.loan().state is not SupplyState.CLOSED
    lending_desk.do(sc.CheckIn, "2026-02-21", items=("b",))
    assert lending_desk.loan().state is SupplyState.CLOSED


def test_the_overdue_letter_explains_its_days(desk: BorrowingDesk) -> None:
    """Where the lender's due date is another than the patron's, it says after which it charges."""
    desk.lend(due=date(2026, 3, 8))
    desk.clock("2026-03-13")
    facts = facts_of(desk.messages[-1])

    assert (facts["due"], facts["days"], facts["from"], facts["amount"]) == (
        date(2026, 3, 6),
        7,
        date(2026, 3, 8),
        yuan(25),
    )
