"""Every effect of the borrowing desk: what becomes of a case, who is told, and what overtakes what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from borrowing_desk import CASE, LENDER, LIBRARY, LINK, PATRON, BorrowingDesk, costs, facts_of, yuan

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.citations import Reason
from servflow.core.errors import Refused
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import messages as m
from servflow.core.ill.borrowing.states import AttemptState, CancelState, CaseOutcome, CaseState
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    Delivery,
    Level,
    OfferState,
    Requested,
    Retry,
    SentVia,
    Service,
    Settlement,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

S = CaseState


@pytest.fixture
def desk() -> BorrowingDesk:
    """A borrowing desk without any case yet."""
    return BorrowingDesk()


# --- until it is with a supplier ------------------------------------------------------------------------


def test_a_draft_is_as_it_was_written(desk: BorrowingDesk) -> None:
    """Every field of the command is on record, and nobody is told."""
    wished = Delivery(via=SentVia.EMAIL, reference="reader@example.org")
    change = desk.do(
        c.DraftRequest,
        "2026-01-05",
        level=Level.RUSH,
        need_before=date(2026, 2, 1),
        max_cost=yuan(50),
        delivery=wished,
        forwardable=True,
        preceded_by="B-0",
    )
    it = desk.case()

    assert (it.state, it.patron, it.library, it.service) == (S.DRAFT, PATRON, LIBRARY, Service.LOAN)
    assert (it.level, it.need_before, it.max_cost, it.wished) == (
        Level.RUSH,
        date(2026, 2, 1),
        yuan(50),
        wished,
    )
    assert (it.forwardable, it.preceded_by) == (True, "B-0")
    assert [each.supplier for each in it.ahead] == ["CN-NLC", "CN-ZJU"]
    assert change.messages == ()


def test_what_is_amended_is_so_and_the_rest_stays(desk: BorrowingDesk) -> None:
    """What the command leaves out stays as it was."""
    desk.draft(max_cost=yuan(50))
    desk.do(c.AmendRequest, "2026-01-05", service=Service.COPY, level=Level.EXPRESS)
    it = desk.case()
    assert (it.service, it.level, it.requested.title, it.max_cost) == (
        Service.COPY,
        Level.EXPRESS,
        "古城水系考",
        yuan(50),
    )

    later = {"need_before": date(2026, 2, 1), "max_cost": yuan(0), "delivery": LINK}
    desk.do(c.AmendRequest, "2026-01-05", requested=Requested(title="水经注疏"), **later)
    it = desk.case()
    assert (it.requested.title, it.need_before, it.max_cost, it.wished) == (
        "水经注疏",
        date(2026, 2, 1),
        yuan(0),
        LINK,
    )


def test_filing_tells_the_patron_and_the_staff(desk: BorrowingDesk) -> None:
    """He hears that it came in, they why it is for them to look at."""
    desk.draft()
    change = desk.do(c.Submit, "2026-01-05", declared=True)

    assert desk.names(change) == ["Submit", "Refer"]
    assert desk.kinds(change) == ["patron.submitted", "staff.new-request"]
    assert [each.to for each in change.messages] == [PATRON, LIBRARY]
    assert [each.code for each in change.messages[1].reasons] == ["ill.refer.mediated"]
    assert (desk.case().declared, desk.case().submitted_on) == (True, date(2026, 1, 5))


def test_what_is_blocked_can_be_checked_again(desk: BorrowingDesk) -> None:
    """When the debt is paid it goes on, by the patron's own word."""
    desk.know(debt=yuan(5))
    desk.submit()
    desk.know(debt=None)
    change = desk.do(c.Recheck, "2026-01-06", by=desk.patron)

    assert desk.names(change) == ["Recheck", "Refer"]
    assert desk.case().state is S.IN_REVIEW
    assert [each.code for each in desk.case().reasons] == ["ill.refer.mediated"]


def test_staff_let_a_block_pass(desk: BorrowingDesk) -> None:
    """The reasons stay on record for whoever approves; the unsent notice to the patron is withdrawn."""
    desk.know(debt=yuan(5))
    desk.submit()
    change = desk.do(c.OverrideBlock, "2026-01-05")

    assert desk.kinds(change) == ["staff.new-request"]
    assert [each.code for each in desk.case().reasons] == ["ill.block.debt"]
    assert change.withdrawals[0].kinds == (m.BLOCKED,)
    desk.do(c.ApproveRequest, "2026-01-05")
    assert desk.case().reasons == ()


def test_a_case_left_in_checking_can_be_blocked_or_referred(desk: BorrowingDesk) -> None:
    """Staff may say by hand what the rules say by themselves."""
    desk.submit()
    reasons = (Reason("ill.refer.mediated"),)
    for kind, state in ((c.Block, S.BLOCKED), (c.Refer, S.IN_REVIEW)):
        desk.aggregates[Key("ill.borrowing", CASE)] = replace(desk.case(), state=S.SUBMITTED)
        desk.do(kind, "2026-01-05", reasons=reasons)
        assert (desk.case().state, desk.case().reasons) == (state, reasons)


def test_approval_asks_the_first_supplier(desk: BorrowingDesk) -> None:
    """It gets all it needs; the patron hears that it is ordered; both wait until the step cannot be undone."""
    desk.submit(
        service=Service.COPY,
        requested=Requested(
            title="水利史研究",
            author="某人",
            edition="2",
            volume="7",
            publisher="某社",
            year="1999",
            article="都江堰考",
            pages="112-130",
            record_ids=("ISSN:1000-0000", "OCLC:1"),
        ),
        need_before=date(2026, 3, 1),
        max_cost=yuan(50),
        delivery=LINK,
    )
    change = desk.do(c.ApproveRequest, "2026-01-05", copyright_basis="私人学习")
    request, ordered = change.messages

    assert desk.names(change) == ["ApproveRequest", "Send"]
    assert (request.kind, request.to, ordered.kind, ordered.to) == (m.REQUEST, LENDER, m.ORDERED, PATRON)
    assert request.not_before == ordered.not_before == desk.at("2026-01-05T10:05")
    assert dict(request.facts)["request"] == "B-1~1"
    assert facts_of(request) == {
        "service": "Copy",
        "level": "Normal",
        "author": "某人",
        "edition": "2",
        "volume": "7",
        "publisher": "某社",
        "year": "1999",
        "article": "都江堰考",
        "pages": "112-130",
        "record_ids": "ISSN:1000-0000\nOCLC:1",
        "need_before": date(2026, 3, 1),
        "max_cost": yuan(50),
        "forwardable": False,
        "kind_of": "new",
        "via": "URL",
        "reference": "https://example.org/scan.pdf",
        "declared": True,
    }
    assert desk.case().copyright_basis == "私人学习"
    attempt = desk.attempt()
    assert (attempt.state, attempt.request_id, attempt.sent_at) == (
        AttemptState.ACTIVE,
        "B-1~1",
        desk.at("2026-01-05"),
    )


def test_the_host_proposes_where_the_patron_names_nobody(desk: BorrowingDesk) -> None:
    """Its suppliers are taken at approval; without any there is nobody to be asked."""
    desk.know(suppliers=("CN-SZU", "CN-ZJU"))
    desk.send(suppliers=())
    assert [each.supplier for each in desk.case().attempts] == ["CN-SZU", "CN-ZJU"]

    desk.know(suppliers=())
    desk.send(suppliers=(), case="B-2")
    assert desk.case("B-2").state is S.ROTA_EXHAUSTED
    assert desk.messages[-1].kind == m.ROTA_END


@pytest.mark.parametrize("state", ["draft", "blocked", "review", "routable", "retry", "exhausted"])
def test_what_no_supplier_holds_is_withdrawn(desk: BorrowingDesk, state: str) -> None:
    """At once; the patron hears it, but not of a draft that nobody has seen."""
    if state == "draft":
        desk.draft()
    elif state == "blocked":
        desk.know(debt=yuan(5))
        desk.submit()
    elif state == "review":
        desk.submit()
    elif state == "routable":
        desk.rule(sends_itself=False)
        desk.send()
    elif state == "retry":
        desk.retry()
    else:
        desk.exhaust()
    change = desk.do(c.Withdraw, "2026-01-07", by=desk.patron)

    assert (desk.case().state, desk.case().outcome) == (S.CLOSED, CaseOutcome.CANCELLED)
    assert desk.kinds(change) == ([] if state == "draft" else ["patron.cancelled"])
    assert set(change.withdrawals[0].kinds) == {m.NEW_REQUEST, m.ROTA_END}
    assert change.wakes[0][1] is None


def test_the_ends_before_a_supply(desk: BorrowingDesk) -> None:
    """Declined with the reason, a duplicate of another, here after all, given up, taken up again."""
    desk.submit()
    change = desk.do(c.DeclineRequest, "2026-01-05", reason="教材不予借入")
    assert (desk.case().outcome, desk.kinds(change)) == (CaseOutcome.DECLINED, ["patron.declined"])
    assert facts_of(change.messages[0])["reason"] == "教材不予借入"

    desk.draft(case="B-0")
    desk.submit(case="B-2")
    change = desk.do(c.CloseAsDuplicate, "2026-01-05", case="B-2", other="B-0")
    assert (desk.case("B-2").outcome, desk.case("B-2").filled_by) == (CaseOutcome.DUPLICATE, "B-0")
    assert desk.kinds(change) == ["patron.duplicate"]

    desk.submit(case="B-3")
    change = desk.do(c.FillLocally, "2026-01-05", case="B-3", item="G-77")
    assert (desk.case("B-3").outcome, desk.case("B-3").filled_by) == (CaseOutcome.FILLED_LOCALLY, "G-77")
    assert desk.kinds(change) == ["patron.ready"]


def test_a_case_at_the_end_of_its_rota(desk: BorrowingDesk) -> None:
    """Staff hear of it; they add somebody, or give up, or a program does where the rules say so."""
    desk.exhaust()
    assert desk.case().state is S.ROTA_EXHAUSTED
    assert desk.messages[-1].kind == m.ROTA_END
    assert desk.messages[-1].supersedes == (m.NEW_REQUEST,)
    change = desk.do(c.SetRota, "2026-01-07", suppliers=("CN-SZU",))
    assert desk.names(change) == ["SetRota", "Send"]
    assert change.withdrawals[0].kinds == (m.ROTA_END,)
    desk.do(c.HearUnfilled, "2026-01-08")
    change = desk.do(c.GiveUp, "2026-01-08", note="各馆均无")
    assert (desk.case().outcome, desk.kinds(change)) == (CaseOutcome.UNFILLED, ["patron.unavailable"])

    desk.rule(gives_up_itself=True)
    desk.send(case="B-2", suppliers=(LENDER,))
    change = desk.do(c.HearUnfilled, "2026-01-06", case="B-2")
    assert desk.names(change) == ["HearUnfilled", "Exhaust", "GiveUp"]
    assert desk.case("B-2").outcome is CaseOutcome.UNFILLED


def test_a_case_is_taken_up_again_by_another(desk: BorrowingDesk) -> None:
    """The new one asks for the same, knows where it came from, and is no duplicate of it."""
    desk.send(suppliers=(LENDER,), level=Level.RUSH, max_cost=yuan(50), forwardable=True, delivery=LINK)
    desk.do(c.HearUnfilled, "2026-01-06")
    change = desk.do(c.Resubmit, "2026-01-07", successor="B-2")
    old, new = desk.case(), desk.case("B-2")

    assert desk.names(change) == ["Resubmit", "DraftRequest"]
    assert (old.outcome, old.filled_by) == (CaseOutcome.SUPERSEDED, "B-2")
    assert (new.state, new.preceded_by, new.patron, new.requested) == (S.DRAFT, CASE, PATRON, old.requested)
    assert (new.level, new.max_cost, new.forwardable, new.wished) == (Level.RUSH, yuan(50), True, LINK)
    desk.rule(mediated=False)
    desk.know(duplicate_of=CASE)
    desk.do(c.Submit, "2026-01-07", case="B-2")
    assert desk.case("B-2").state is S.ROTA_EXHAUSTED


def test_staff_say_who_comes_next(desk: BorrowingDesk) -> None:
    """Those asked stay, those not named are gone, and the numbers go on."""
    desk.send(suppliers=(LENDER, "CN-ZJU", "CN-SZU"))
    desk.do(c.SetRota, "2026-01-06", suppliers=("CN-SZU", LENDER))

    assert [(each.number, each.supplier) for each in desk.case().attempts] == [
        (1, LENDER),
        (4, "CN-SZU"),
        (5, LENDER),
    ]
    assert desk.case().state is S.SENT


def test_a_supplier_that_cannot_be_asked_is_passed_over(desk: BorrowingDesk) -> None:
    """By itself, with the reasons; the next one is asked in the same breath."""
    desk.know(not_taking=(LENDER,), not_serving=("CN-ZJU",))
    desk.submit(suppliers=(LENDER, "CN-ZJU", "CN-SZU"))
    change = desk.do(c.ApproveRequest, "2026-01-05")

    assert desk.names(change) == ["ApproveRequest", "SkipSupplier", "SkipSupplier", "Send"]
    skip = change.entries[1].command
    assert isinstance(skip, c.SkipSupplier)
    assert [each.code for each in skip.reasons] == ["ill.supplier-not-taking"]
    assert [each.state for each in desk.case().attempts] == [
        AttemptState.SKIPPED,
        AttemptState.SKIPPED,
        AttemptState.ACTIVE,
    ]
    assert len({entry.command.id for entry in change.entries}) == 4


def test_what_staff_do_by_hand_is_not_done_over_by_the_rules(desk: BorrowingDesk) -> None:
    """After an undo or a pass-over by staff nothing is sent by itself, whatever is heard, until they say."""
    desk.send(suppliers=(LENDER, "CN-ZJU", "CN-SZU"))
    desk.do(c.HearUnfilled, "2026-01-06")
    desk.do(c.Undo, "2026-01-06")
    assert desk.case().state is S.ROUTABLE
    for kind in (c.HearNotification, c.HearUnfilled, c.HearCosts):
        desk.do(kind, "2026-01-06T10:01", attempt=1, note="抱歉")
        assert desk.case().state is S.ROUTABLE
    desk.do(c.AmendRequest, "2026-01-06T10:02", level=Level.RUSH)
    desk.do(c.SkipSupplier, "2026-01-06T10:02")
    assert desk.case().state is S.ROUTABLE
    assert desk.clock("2026-02-01") == []
    desk.do(c.SetRota, "2026-02-01", suppliers=("CN-SZU",))
    assert (desk.case().state, desk.attempt(desk.case().current or 0).supplier) == (S.SENT, "CN-SZU")


def test_staff_may_pass_over_and_send_themselves(desk: BorrowingDesk) -> None:
    """Where nothing is sent by itself; the second request is no new order to the patron."""
    desk.rule(sends_itself=False, undo_minutes=0)
    desk.send()
    desk.do(c.SkipSupplier, "2026-01-05", note="该馆闭馆")
    change = desk.do(c.Send, "2026-01-05")
    assert desk.kinds(change) == ["borrowing.request", "patron.ordered"]
    assert [each.not_before for each in change.messages] == [None, None]
    desk.do(c.HearUnfilled, "2026-01-06")
    assert desk.case().state is S.ROTA_EXHAUSTED
    desk.do(c.SetRota, "2026-01-06", suppliers=("CN-SZU",))
    change = desk.do(c.Send, "2026-01-06")
    assert desk.kinds(change) == ["borrowing.request"]


# --- with a supplier ----------------------------------------------------------------------------------------


def test_what_is_told_to_a_supplier_keeps_its_order(desk: BorrowingDesk) -> None:
    """A cancellation does not overtake the request that waits to be undone; after that nothing waits."""
    desk.send()
    waits = desk.at("2026-01-05T10:05")
    change = desk.do(c.CancelRequest, "2026-01-05T10:01")
    assert change.messages[0].not_before == waits
    change = desk.do(c.QueryStatus, "2026-01-05T10:02")
    assert change.messages[0].not_before == waits
    change = desk.do(c.QueryStatus, "2026-01-05T10:05")
    assert change.messages[0].not_before is None


def test_an_undone_request_holds_nothing_back(desk: BorrowingDesk) -> None:
    """What is sent after the undo waits for itself only."""
    desk.send()
    desk.do(c.Undo, "2026-01-05T10:01")
    change = desk.do(c.Send, "2026-01-05T10:02")

    assert change.messages[0].not_before == desk.at("2026-01-05T10:07")


def test_the_words_before_a_promise(desk: BorrowingDesk) -> None:
    """Received changes nothing, likely gives new time to answer, promised gives time to ship."""
    desk.send()
    desk.do(c.HearReceived, "2026-01-06")
    assert (desk.case().state, desk.case().since) == (S.SENT, desk.at("2026-01-05"))
    desk.do(c.HearExpect, "2026-01-07")
    assert (desk.case().state, desk.case().since) == (S.EXPECTED, desk.at("2026-01-07"))
    desk.do(c.HearPromise, "2026-01-08")
    assert (desk.case().state, desk.case().since) == (S.PROMISED, desk.at("2026-01-08"))
    assert desk.attention() == []


def test_a_promise_that_comes_too_late_is_shown(desk: BorrowingDesk) -> None:
    """On the last day of use it does not, on the next one it does."""
    desk.send(need_before=date(2026, 1, 8))
    desk.do(c.HearPromise, "2026-01-08")
    assert desk.attention() == []
    desk.do(c.HearPromise, "2026-01-09")
    assert desk.attention() == [("late-promise", {"need_before": date(2026, 1, 8)})]
    assert desk.messages[-1].kind == m.ATTENTION


def test_an_offer_is_shown_to_the_patron(desk: BorrowingDesk) -> None:
    """Attempt, revision, conditions, cost, last day, note, not from whom; a new one takes the old one's place."""
    desk.offer(
        conditions=(Condition.LIBRARY_USE_ONLY, Condition.SUPERVISED),
        reply_by=date(2026, 1, 9),
        note="善本",
        revision=4,
    )
    said = {
        "attempt": 1,
        "revision": 4,
        "conditions": "LibraryUseOnly,SpecCollSupervReq",
        "cost": yuan(30),
        "reply_by": date(2026, 1, 9),
        "note": "善本",
    }
    assert facts_of(desk.messages[-1]) == said
    assert dict(desk.messages[-1].facts) == {"request": CASE, "title": "古城水系考", **said}
    offer = desk.attempt().offer
    assert offer is not None
    assert (offer.revision, offer.note, offer.state) == (4, "善本", OfferState.OPEN)
    desk.do(c.HearOffer, "2026-01-07", cost=None, conditions=(Condition.SUPERVISED,))
    offer = desk.attempt().offer
    assert offer is not None
    assert (offer.revision, offer.cost) == (5, None)
    assert facts_of(desk.messages[-1]) == {
        "attempt": 1,
        "revision": 5,
        "conditions": "SpecCollSupervReq",
    }
    assert desk.messages[-1].supersedes == (m.DECISION,)


def test_the_patron_is_not_asked_what_the_rules_decide(desk: BorrowingDesk) -> None:
    """An offer within every limit is taken, and an older question is withdrawn with it."""
    desk.send()
    change = desk.do(c.HearOffer, "2026-01-06", cost=yuan(20))
    assert desk.kinds(change) == ["borrowing.offer-accepted"]
    assert facts_of(change.messages[0]) == {"revision": 1, "cost": yuan(20)}

    desk.send(case="B-2")
    desk.do(c.HearOffer, "2026-01-06", case="B-2")
    change = desk.do(c.HearOffer, "2026-01-07", case="B-2", cost=yuan(20))
    assert desk.kinds(change) == ["borrowing.offer-accepted"]
    assert [each.kinds for each in change.withdrawals] == [(m.DECISION,)]


@pytest.mark.parametrize("cost", [20, 30])
def test_nobody_decides_on_an_offer_while_a_cancellation_waits(desk: BorrowingDesk, cost: int) -> None:
    """It is on record; neither the rules take it nor is the patron asked what cannot be accepted."""
    desk.send()
    desk.do(c.CancelRequest, "2026-01-05T11:00")
    change = desk.do(c.HearOffer, "2026-01-06", cost=yuan(cost))

    assert (desk.names(change), desk.kinds(change)) == (["HearOffer"], [])
    assert desk.case().state is S.OFFERED


@pytest.mark.parametrize("cost", [20, 30])
def test_an_offer_that_came_too_late_is_shown(desk: BorrowingDesk, cost: int) -> None:
    """On its last day the patron is asked; after that staff see it, and nobody is asked or takes it."""
    desk.send()
    change = desk.do(c.HearOffer, "2026-01-09T23:59", reply_by=date(2026, 1, 9))
    assert desk.kinds(change) == ["patron.decision"]
    change = desk.do(c.HearOffer, "2026-01-10T00:00", cost=yuan(cost), reply_by=date(2026, 1, 9))

    assert (desk.kinds(change), desk.case().state) == (["staff.attention"], S.OFFERED)
    assert desk.attention() == [("offer-lapsed", {"reply_by": date(2026, 1, 9)})]
    assert [each.kinds for each in change.withdrawals] == [(m.DECISION,)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.HearUnfilled, {}),
        (c.HearRetry, {}),
        (c.HearWithdrawn, {}),
        (c.HearShipped, {}),
        (c.HearPromise, {}),
        (c.CancelRequest, {}),
        (c.RejectOffer, {}),
    ],
)
def test_the_patron_is_not_asked_any_more(desk: BorrowingDesk, kind: Any, said: dict[str, Any]) -> None:
    """When the attempt ends, something is shipped or promised, or a cancel is asked."""
    desk.offer()
    change = desk.do(kind, "2026-01-07", **said)

    assert (m.DECISION,) in {each.kinds for each in change.withdrawals}


def test_an_offer_that_was_heard_already_is_no_new_one(desk: BorrowingDesk) -> None:
    """By its number: it does not come again, also after it was taken."""
    desk.offer(revision=2)
    for revision in (2, 1):
        change = desk.do(c.HearOffer, "2026-01-07", cost=yuan(99), revision=revision)
        assert (change.messages, desk.case().state) == ((), S.OFFERED)
    desk.do(c.AcceptOffer, "2026-01-07", revision=2)
    desk.do(c.HearOffer, "2026-01-07", revision=2)
    assert desk.case().state is S.PROMISED
    desk.do(c.HearOffer, "2026-01-07", revision=3)
    assert desk.case().state is S.OFFERED


def test_an_offer_is_accepted(desk: BorrowingDesk) -> None:
    """Cost and conditions are agreed, the supplier is told the revision, the question is withdrawn."""
    desk.offer(conditions=(Condition.SUPERVISED,))
    change = desk.do(c.AcceptOffer, "2026-01-07", by=desk.patron)
    attempt = desk.attempt()

    assert (attempt.agreed, attempt.conditions) == (yuan(30), (Condition.SUPERVISED,))
    assert attempt.offer is not None
    assert attempt.offer.state is OfferState.ACCEPTED
    assert (desk.kinds(change), facts_of(change.messages[0])) == (
        ["borrowing.offer-accepted"],
        {"revision": 1, "cost": yuan(30), "conditions": "SpecCollSupervReq"},
    )
    assert change.withdrawals[0].kinds == (m.DECISION,)
    assert desk.case().since == desk.at("2026-01-07")


def test_an_offer_of_conditions_leaves_what_was_agreed(desk: BorrowingDesk) -> None:
    """The cost stays as it was agreed to before."""
    desk.offer()
    desk.do(c.AcceptOffer, "2026-01-07")
    desk.do(c.HearOffer, "2026-01-07", cost=None, conditions=(Condition.SUPERVISED,))
    desk.do(c.AcceptOffer, "2026-01-07", revision=2)

    assert (desk.attempt().agreed, desk.attempt().conditions) == (yuan(30), (Condition.SUPERVISED,))


def test_an_offer_is_rejected(desk: BorrowingDesk) -> None:
    """The supplier is told, its answer decides, and the attempt ends as rejected, however it says so."""
    desk.offer()
    change = desk.do(c.RejectOffer, "2026-01-07", note="太贵")
    cancel = desk.case().cancel
    assert cancel is not None
    assert (cancel.of_offer, cancel.intent, cancel.reason) == (True, CancelIntent.LEAVE_SUPPLIER, "太贵")
    assert desk.kinds(change) == ["borrowing.offer-rejected"]
    assert facts_of(change.messages[0]) == {"revision": 1, "note": "太贵"}
    desk.do(c.HearUnfilled, "2026-01-08")
    assert desk.attempt().state is AttemptState.OFFER_REJECTED
    assert (desk.case().state, desk.case().current) == (S.SENT, 2)

    desk.do(c.HearOffer, "2026-01-08")
    desk.do(c.RejectOffer, "2026-01-08", attempt=2, intent=CancelIntent.END_CASE)
    desk.do(c.HearCancelAnswer, "2026-01-09")
    assert desk.attempt(2).state is AttemptState.OFFER_REJECTED
    assert desk.case().outcome is CaseOutcome.CANCELLED


def test_a_supplier_that_drops_its_conditions_promises(desk: BorrowingDesk) -> None:
    """The open offer lapses, and the question to the patron is withdrawn."""
    desk.offer()
    change = desk.do(c.HearPromise, "2026-01-07")

    assert desk.case().state is S.PROMISED
    offer = desk.attempt().offer
    assert offer is not None
    assert offer.state is OfferState.LAPSED
    assert change.withdrawals[0].kinds == (m.DECISION,)


def test_likely_is_out_of_order_while_an_offer_is_open(desk: BorrowingDesk) -> None:
    """It is shown; once the offer was rejected it counts."""
    desk.offer()
    desk.do(c.HearExpect, "2026-01-07")
    assert desk.case().state is S.OFFERED
    assert desk.attention() == [("out-of-order", {"said": "HearExpect", "state": "offered"})]
    desk.do(c.RejectOffer, "2026-01-07")
    desk.do(c.HearExpect, "2026-01-07")
    assert desk.case().state is S.EXPECTED


@pytest.mark.parametrize("why", Unfilled)
def test_the_next_one_is_asked_after_an_unfilled(desk: BorrowingDesk, why: Unfilled) -> None:
    """At once; unless the supplier has our request already: then staff look first, and say go on."""
    desk.send()
    desk.do(c.HearUnfilled, "2026-01-06", why=why)
    assert (desk.attempt().state, desk.attempt().why) == (AttemptState.UNFILLED, why)
    if why is not Unfilled.DUPLICATE:
        assert (desk.case().state, desk.case().current) == (S.SENT, 2)
        return
    assert desk.case().state is S.ROUTABLE
    assert desk.attention() == [("duplicate-at-supplier", {"supplier": LENDER})]
    change = desk.do(c.ClearAttention, "2026-01-06", code="ill.attention.duplicate-at-supplier")
    assert desk.names(change) == ["ClearAttention", "Send"]


@pytest.mark.parametrize("why", [Unfilled.NOT_HELD, Unfilled.DUPLICATE])
def test_what_a_supplier_passed_on_is_for_staff(desk: BorrowingDesk, why: Unfilled) -> None:
    """Somebody has it who is not in the rota: nobody else is asked before staff say go on."""
    desk.send()
    desk.do(c.HearUnfilled, "2026-01-06", why=why, forwarded_to="CN-310000")

    assert (desk.attempt().state, desk.attempt().why) == (AttemptState.UNFILLED, why)
    assert (desk.case().state, desk.attention()) == (S.ROUTABLE, [("forwarded", {"to": "CN-310000"})])
    assert desk.clock("2026-03-01") == []
    change = desk.do(c.ClearAttention, "2026-01-06", code="ill.attention.forwarded")
    assert desk.names(change) == ["ClearAttention", "Send"]


@pytest.mark.parametrize("kind", [c.HearUnfilled, c.HearRetry, c.HearWithdrawn, c.TimeOut, c.Abandon])
@pytest.mark.parametrize(("minute", "waits"), [("04", True), ("05", False)])
def test_an_attempt_that_ends_before_its_request_left_takes_it_along(
    desk: BorrowingDesk, kind: Any, minute: str, waits: bool
) -> None:
    """What waits to be undone is withdrawn, and no cancel is told; what has left is not called back."""
    desk.rule(sends_itself=False)
    desk.send()
    desk.do(c.Send, "2026-01-05", recorded_at=desk.at("2026-01-20"))  # asked by telephone, entered late
    if kind is c.Abandon:
        leave = {"intent": CancelIntent.LEAVE_SUPPLIER, "recorded_at": desk.at("2026-01-20T10:01")}
        desk.do(c.CancelRequest, "2026-01-06", **leave)
    change = desk.do(kind, f"2026-01-20T10:{minute}")
    told = {c.TimeOut: [m.CANCEL], c.Abandon: [m.ABANDONED]}.get(kind, [])
    withdrawn = {each for every in change.withdrawals for each in every.kinds}

    assert desk.attempt().state.ended
    assert [each.kind for each in change.messages if each.to == LENDER] == ([] if waits else told)
    assert withdrawn == {m.DECISION, *(m.SUPPLIER_MESSAGES if waits else ())}


def test_a_supplier_withdraws_unasked(desk: BorrowingDesk) -> None:
    """Staff are to know; where a cancellation waited, it is its answer."""
    desk.promise()
    desk.do(c.HearWithdrawn, "2026-01-07")
    assert (desk.attempt().state, desk.attention()) == (
        AttemptState.WITHDREW,
        [("supplier-cancelled", {"supplier": LENDER})],
    )
    assert desk.case().current == 2
    desk.do(c.CancelRequest, "2026-01-07")
    desk.do(c.HearWithdrawn, "2026-01-08")
    assert (desk.attempt(2).state, desk.case().outcome) == (AttemptState.CANCELLED, CaseOutcome.CANCELLED)
    assert len(desk.attention()) == 1


def test_try_again_is_on_record_with_its_terms(desk: BorrowingDesk) -> None:
    """Why, from when, until when, at what cost; an open offer lapses."""
    desk.offer()
    desk.do(
        c.HearRetry,
        "2026-01-07",
        why=Retry.COST_EXCEEDS_MAX_COST,
        after=date(2026, 1, 20),
        before=date(2026, 2, 20),
        cost=yuan(80),
    )
    attempt = desk.attempt()

    assert (desk.case().state, attempt.state, attempt.retry) == (
        S.RETRY_OFFERED,
        AttemptState.RETRY,
        Retry.COST_EXCEEDS_MAX_COST,
    )
    assert (attempt.after, attempt.before) == (date(2026, 1, 20), date(2026, 2, 20))
    assert attempt.offer is not None
    assert (attempt.offer.cost, attempt.offer.state) == (yuan(80), OfferState.LAPSED)


def test_a_retry_comes_before_any_other(desk: BorrowingDesk) -> None:
    """The same supplier, at the cost it named, with what is changed; it hears which request it was."""
    desk.retry(cost=yuan(80))
    change = desk.do(c.AcceptRetry, "2026-01-07", requested=Requested(title="水经注疏"), max_cost=yuan(90))

    assert desk.names(change) == ["AcceptRetry", "Send"]
    assert [(each.number, each.supplier, each.state.value) for each in desk.case().attempts] == [
        (1, LENDER, "retry"),
        (3, LENDER, "active"),
        (2, "CN-ZJU", "pending"),
    ]
    assert desk.attempt(3).agreed == yuan(80)
    facts = facts_of(change.messages[0])
    assert (facts["kind_of"], facts["previous"], facts["max_cost"]) == ("retry", "B-1~1", yuan(90))
    assert dict(change.messages[0].facts)["title"] == "水经注疏"


def test_a_retry_is_declined(desk: BorrowingDesk) -> None:
    """The next one is asked."""
    desk.retry()
    desk.do(c.DeclineRetry, "2026-01-07")

    assert (desk.case().state, desk.case().current) == (S.SENT, 2)


@pytest.mark.parametrize("kind", [c.HearUnfilled, c.HearRetry, c.HearWithdrawn])
def test_what_ends_an_attempt_ends_a_case_that_was_to_end(desk: BorrowingDesk, kind: Any) -> None:
    """Whatever the supplier calls it, while our wish to end the case waits."""
    desk.promise()
    change = desk.do(c.CancelRequest, "2026-01-07", reason="不再需要", by=desk.patron)
    assert facts_of(change.messages[0]) == {"intent": "end_case", "note": "不再需要"}
    change = desk.do(kind, "2026-01-08")

    assert (desk.case().state, desk.case().outcome) == (S.CLOSED, CaseOutcome.CANCELLED)
    assert desk.kinds(change) == ["patron.cancelled"]
    assert desk.case().cancel is None


def test_an_unanswered_cancellation_is_abandoned(desk: BorrowingDesk) -> None:
    """The supplier is told, and the case goes on or ends as it was to."""
    desk.promise()
    desk.do(c.CancelRequest, "2026-01-07", intent=CancelIntent.LEAVE_SUPPLIER)
    change = desk.do(c.Abandon, "2026-01-13", reason="无答复")
    assert desk.kinds(change)[0] == "borrowing.abandoned"
    assert (desk.case().state, desk.case().current, desk.attempt().state) == (
        S.SENT,
        2,
        AttemptState.CANCELLED,
    )


def test_answers_that_say_nothing(desk: BorrowingDesk) -> None:
    """Without a cancellation of ours an answer is out of order."""
    desk.promise()
    desk.do(c.HearCancelAnswer, "2026-01-07")

    assert desk.case().state is S.PROMISED
    assert desk.attention() == [("out-of-order", {"said": "HearCancelAnswer", "state": "promised"})]


# --- shipped -----------------------------------------------------------------------------------------------


def test_a_loan_is_shipped(desk: BorrowingDesk) -> None:
    """Pieces, term, the patron's own day, and what it costs; nobody is told until it is here."""
    desk.promise()
    change = desk.do(c.HearShipped, "2026-01-07", items=("a", "b"), costs=costs(loan=40))
    it = desk.case()

    assert (it.state, it.supplied, it.items, it.shipped_on) == (
        S.SHIPPED,
        Service.LOAN,
        ("a", "b"),
        date(2026, 1, 7),
    )
    assert (it.due, it.patron_due, it.renewable) == (date(2026, 3, 6), date(2026, 3, 6), True)
    assert desk.attempt().state is AttemptState.SUPPLIED
    assert (change.messages, len(change.postings)) == ((), 2)


@pytest.mark.parametrize("service", [Service.LOAN, Service.COPY])
def test_a_piece_without_a_name_is_one_piece(desk: BorrowingDesk, service: Service) -> None:
    """It goes by the request's own id."""
    desk.send(service=service)
    desk.do(c.HearShipped, "2026-01-07", service=service, items=())

    assert desk.case().items == ("B-1~1",)


def test_a_loan_without_a_due_date_is_believed_and_shown(desk: BorrowingDesk) -> None:
    """A later word brings the day."""
    desk.ship(due=None)
    assert (desk.case().state, desk.case().due) == (S.SHIPPED, None)
    assert desk.attention() == [("due-unknown", {"supplier": LENDER})]
    desk.do(c.HearShipped, "2026-01-08")
    assert desk.case().due == date(2026, 3, 6)


def test_a_term_that_has_ended_before_it_began_is_shown(desk: BorrowingDesk) -> None:
    """The patron is told a day on which somebody is here."""
    desk.ship(due=date(2026, 1, 6))
    assert desk.attention() == [("due-passed-already", {"due": date(2026, 1, 6)})]
    assert desk.case().patron_due == date(2026, 1, 8)


def test_what_was_not_agreed_is_shown(desk: BorrowingDesk) -> None:
    """Shipped although its offer was open or rejected, and dearer than was agreed."""
    desk.offer()
    desk.do(c.HearShipped, "2026-01-07")
    assert desk.attention() == [("terms-not-accepted", {"supplier": LENDER})]

    desk.send(case="B-2", max_cost=yuan(50))
    desk.do(c.HearOffer, "2026-01-06", case="B-2", cost=yuan(30))
    desk.do(c.AcceptOffer, "2026-01-06", case="B-2")
    desk.do(c.HearShipped, "2026-01-07", case="B-2", costs=costs(loan=30, delivery="0.01"))
    assert desk.attention("B-2") == [("cost-over-agreed", {"supplier": LENDER})]


@pytest.mark.parametrize(
    ("most", "agreed", "charged", "shown"),
    [
        (None, None, costs(loan=900), False),
        (yuan(40), None, costs(loan=40), False),
        (yuan(40), None, costs(loan=40, search=1), True),
        (yuan(40), yuan(60), costs(loan=60), False),
        (yuan(40), yuan(0), costs(loan=1), True),
        (yuan(40), yuan(30), (), False),
        (yuan(40), None, (replace(costs(loan=1)[0], amount=Money(1, "EUR")),), True),
    ],
)
def test_what_is_over_what_was_agreed(
    desk: BorrowingDesk, most: Money | None, agreed: Money | None, charged: Any, shown: bool
) -> None:
    """What was agreed, nothing included; where nothing was, what it may cost; another currency is over."""
    desk.rule(cap=yuan(0))
    desk.send(max_cost=most)
    if agreed is not None:
        desk.do(c.HearOffer, "2026-01-06", cost=agreed)
        if desk.case().state is S.OFFERED:
            desk.do(c.AcceptOffer, "2026-01-06")
    desk.do(c.HearShipped, "2026-01-07", costs=charged)

    assert (("cost-over-agreed", {"supplier": LENDER}) in desk.attention()) is shown


def test_a_copy_comes_by_a_link(desk: BorrowingDesk) -> None:
    """It is there at once, and the patron has the link."""
    desk.send(service=Service.COPY)
    change = desk.do(c.HearShipped, "2026-01-07", service=Service.COPY, items=(), due=None, delivery=LINK)

    assert (desk.case().state, desk.case().copy) == (S.DELIVERED, LINK)
    assert desk.kinds(change) == ["patron.link"]
    assert facts_of(change.messages[0])["link"] == LINK.reference


def test_a_copy_comes_by_post(desk: BorrowingDesk) -> None:
    """It is shipped and received like a loan, and the patron hears that it is here; nothing goes back."""
    desk.send(service=Service.COPY)
    mail = Delivery(via=SentVia.MAIL)
    desk.do(c.HearShipped, "2026-01-07", service=Service.COPY, items=(), due=None, delivery=mail)
    assert desk.case().state is S.SHIPPED
    change = desk.do(c.Receive, "2026-01-12")

    assert desk.case().state is S.DELIVERED
    assert desk.kinds(change) == ["borrowing.item-received", "patron.ready"]
    change = desk.do(c.HandOver, "2026-01-12")
    assert desk.case().outcome is CaseOutcome.COPY_DELIVERED
    assert change.withdrawals[0].kinds == (m.READY,)


def test_a_copy_of_two_parts_is_delivered_with_the_second(desk: BorrowingDesk) -> None:
    """One part alone is shown; the rest comes, or is lost."""
    for case in (CASE, "B-2"):
        desk.send(service=Service.COPY, case=case)
        desk.do(c.HearShipped, "2026-01-07", case=case, service=Service.COPY, items=("a", "b"), due=None)
        desk.do(c.Receive, "2026-01-12", case=case, items=("a",))
        assert desk.case(case).state is S.SHIPPED
        assert desk.attention(case) == [("partly-received", {"missing": "b"})]
    desk.do(c.Receive, "2026-01-13")
    assert desk.case().state is S.DELIVERED
    change = desk.do(c.RecordLoss, "2026-01-13", case="B-2", items=("b",), where=WhereLost.TRANSIT_OUT)
    assert desk.case("B-2").state is S.DELIVERED
    assert {"patron.ready", "borrowing.lost"} <= set(desk.kinds(change))


def test_a_link_comes_for_what_was_announced_by_post(desk: BorrowingDesk) -> None:
    """It is there, and the patron has it; for a loan a link changes nothing and is shown."""
    desk.send(service=Service.COPY)
    copy = {"service": Service.COPY, "items": (), "due": None}
    desk.do(c.HearShipped, "2026-01-07", **copy)
    desk.do(c.HearShipped, "2026-01-07", **copy)
    assert desk.case().state is S.SHIPPED
    change = desk.do(c.HearShipped, "2026-01-08", **copy, delivery=LINK)
    assert (desk.case().state, desk.case().copy, desk.case().on_the_way) == (S.DELIVERED, LINK, ())
    assert desk.kinds(change) == ["patron.link"]

    desk.send(case="B-2")
    desk.do(c.HearShipped, "2026-01-07", case="B-2")
    desk.do(c.HearShipped, "2026-01-08", case="B-2", **copy, delivery=LINK)
    assert desk.case("B-2").state is S.SHIPPED
    assert desk.attention("B-2") == [("service-differs", {"said": "Copy"})]


def test_another_service_than_was_asked_for_is_shown(desk: BorrowingDesk) -> None:
    """A copy in place of the loan is believed."""
    desk.promise()
    desk.do(c.HearShipped, "2026-01-07", service=Service.COPY, items=(), due=None, delivery=LINK)

    assert desk.case().state is S.DELIVERED
    assert desk.attention() == [("service-differs", {"said": "Copy"})]


def test_said_again_with_another_day(desk: BorrowingDesk) -> None:
    """A later one counts as a renewal granted; an earlier one is no recall, and shown."""
    desk.rule(renewals=1)
    desk.lend()
    desk.do(c.RenewLoan, "2026-01-14", reason="课程")
    change = desk.do(c.HearShipped, "2026-01-15", due=date(2026, 4, 3))
    assert (desk.case().due, desk.case().renewal_asked_on) == (date(2026, 4, 3), None)
    assert (desk.case().renewals, desk.kinds(change)) == (1, ["patron.renewed"])
    assert facts_of(change.messages[0])["due"] == date(2026, 4, 3)
    change = desk.do(c.HearShipped, "2026-01-15", due=date(2026, 4, 3))
    assert change.messages == ()
    desk.do(c.HearShipped, "2026-01-16", due=date(2026, 4, 2))
    assert desk.case().due == date(2026, 4, 3)
    assert desk.attention() == [("due-differs", {"ours": date(2026, 4, 3), "theirs": date(2026, 4, 2)})]


def test_a_piece_gets_its_name_later(desk: BorrowingDesk) -> None:
    """What was announced or came without a name is the same piece when it has one; so is what went back.

    That its term was not known stays to be seen.
    """
    unknown = [("due-unknown", {"supplier": LENDER})]
    desk.ship(items=())
    desk.do(c.HearShipped, "2026-01-08", items=("a", "b"))
    assert (desk.case().items, desk.attention()) == (("a", "b"), [])

    desk.send(case="B-2")
    desk.do(c.Receive, "2026-01-12", case="B-2", unannounced=True)
    desk.do(c.HearShipped, "2026-01-13", case="B-2", items=("a",))
    it = desk.case("B-2")
    assert (it.items, it.here, it.on_the_way, it.due) == (("a",), ("a",), (), date(2026, 3, 6))
    assert (it.renewals, desk.attention("B-2")) == (None, unknown)

    desk.send(case="B-3")
    desk.do(c.Receive, "2026-01-12", case="B-3", unannounced=True)
    desk.do(c.ShipBack, "2026-01-12", case="B-3")
    desk.do(c.HearShipped, "2026-01-13", case="B-3", items=("a",))
    assert dict(desk.case("B-3").sent_back) == {"a": date(2026, 1, 12)}


def test_more_pieces_come_later(desk: BorrowingDesk) -> None:
    """They are shown, and received wherever the others are; what is on its way back waits for them."""
    desk.lend(items=("a",))
    desk.do(c.HearShipped, "2026-01-14", items=("a", "b"))
    assert desk.attention() == [("more-pieces", {"items": "b"})]
    assert desk.case().on_the_way == ("b",)
    change = desk.do(c.Receive, "2026-01-15")
    assert (desk.case().state, desk.case().here) == (S.ON_LOAN, ("a", "b"))
    assert desk.kinds(change) == ["borrowing.item-received", "patron.ready"]
    with pytest.raises(Refused):
        desk.do(c.Undo, "2026-01-15")

    desk.do(c.TakeBack, "2026-01-20")
    desk.do(c.ShipBack, "2026-01-20")
    desk.do(c.HearShipped, "2026-01-21", items=("c",))
    desk.do(c.Receive, "2026-01-22")
    assert (desk.case().state, desk.case().here) == (S.AWAITING_RETURN, ("c",))
    desk.do(c.ShipBack, "2026-01-22")
    assert desk.case().state is S.RETURNED


# --- here ----------------------------------------------------------------------------------------------------


def test_a_loan_is_received(desk: BorrowingDesk) -> None:
    """The supplier and the patron hear of it when it cannot be undone any more."""
    desk.offer(conditions=(Condition.SUPERVISED,), cost=None)
    desk.do(c.AcceptOffer, "2026-01-06")
    desk.do(c.HearShipped, "2026-01-07")
    change = desk.do(c.Receive, "2026-01-12")

    assert desk.kinds(change) == ["borrowing.item-received", "patron.ready"]
    assert {each.not_before for each in change.messages} == {desk.at("2026-01-12T10:05")}
    ready = facts_of(change.messages[1])
    assert (ready["due"], ready["conditions"]) == (date(2026, 3, 6), "SpecCollSupervReq")
    assert dict(desk.case().received) == {"NLC-1": date(2026, 1, 12)}


@pytest.mark.parametrize(("service", "state"), [(Service.COPY, S.DELIVERED), (Service.LOAN, S.RECEIVED)])
def test_what_came_unannounced_is_received(desk: BorrowingDesk, service: Service, state: CaseState) -> None:
    """As what staff say it is; a cancellation that waited is moot; nothing of it is undone."""
    desk.send(service=Service.COPY_OR_LOAN)
    desk.do(c.CancelRequest, "2026-01-06")
    due = date(2026, 3, 6) if service is Service.LOAN else None
    desk.do(c.Receive, "2026-01-12", unannounced=True, service=service, due=due, items=("x",))
    it = desk.case()

    assert (it.state, it.supplied, it.items, it.due) == (state, service, ("x",), due)
    assert it.cancel is not None
    assert it.cancel.state is CancelState.MOOT
    assert [each[0] for each in desk.refused(c.Undo, "2026-01-12")] == ["ill.nothing-to-undo"]


def test_a_copy_was_asked_for_and_came_unannounced(desk: BorrowingDesk) -> None:
    """Nobody has to say what it is."""
    desk.send(service=Service.COPY)
    desk.do(c.Receive, "2026-01-12", unannounced=True)

    assert (desk.case().state, desk.case().supplied) == (S.DELIVERED, Service.COPY)


@pytest.mark.parametrize(
    ("asked", "came", "state"),
    [(Service.COPY, Service.LOAN, S.RECEIVED), (Service.LOAN, Service.COPY, S.DELIVERED)],
)
def test_something_else_came_unannounced(
    desk: BorrowingDesk, asked: Service, came: Service, state: CaseState
) -> None:
    """It is on record as what it is, and shown."""
    desk.send(service=asked)
    desk.do(c.Receive, "2026-01-12", unannounced=True, service=came, due=date(2026, 3, 6))

    assert (desk.case().state, desk.case().supplied) == (state, came)
    assert desk.attention() == [("service-differs", {"said": came.value})]


@pytest.mark.parametrize("service", [Service.LOAN, Service.COPY])
def test_a_loan_that_came_unannounced_without_a_day_is_shown(desk: BorrowingDesk, service: Service) -> None:
    """Nobody knows by when it goes back; a copy does not."""
    desk.send(service=service)
    desk.do(c.Receive, "2026-01-12", unannounced=True)

    shown = [("due-unknown", {"supplier": LENDER})]
    assert desk.attention() == (shown if service is Service.LOAN else [])


def test_the_patron_hears_what_it_costs_him(desk: BorrowingDesk) -> None:
    """With the notice that it is here: what has been charged to him by then, by kind."""
    desk.ship(costs=costs(loan=40, other=3))
    change = desk.do(c.Receive, "2026-01-12")
    ready = facts_of(change.messages[1])

    assert {name: value for name, value in ready.items() if name.startswith("cost.")} == {
        "cost.loan-fee": yuan(40)
    }


def test_the_patron_hears_of_a_compensation_once(desk: BorrowingDesk) -> None:
    """When it is charged: with the loss, or after it; not twice at once."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-02-02")
    change = desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=120))
    assert desk.kinds(change) == ["patron.lost-bill"]
    assert facts_of(change.messages[0]) == {"cost.compensation": yuan(120)}
    assert desk.kinds(desk.do(c.HearCosts, "2026-02-10", costs=costs(compensation=120))) == []

    other = BorrowingDesk()
    other.lend()
    other.do(c.HearCosts, "2026-02-01", costs=costs(compensation=60))
    change = other.do(c.RecordLoss, "2026-02-02")
    assert other.kinds(change).count("patron.lost-bill") == 1


def test_the_patron_hears_of_a_compensation_that_grew(desk: BorrowingDesk) -> None:
    """Not of one that became less, or is taken back when what he lost is found."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-02-02")
    for day, amount, told in (("09", 120, True), ("10", 90, False), ("11", 90, False), ("12", 95, True)):
        change = desk.do(c.HearCosts, f"2026-02-{day}", costs=costs(compensation=amount))
        assert ("patron.lost-bill" in desk.kinds(change)) is told
    change = desk.do(c.RecordFound, "2026-02-13")
    assert (desk.charged(), desk.kinds(change)) == (yuan(0), ["borrowing.found"])


@pytest.mark.parametrize("how", ["lost-by-us", "lost-by-them", "damaged", "his", "his-damage", "nothing"])
def test_a_compensation_for_what_was_not_the_patrons_is_shown(desk: BorrowingDesk, how: str) -> None:
    """Lost or damaged otherwise than by him, when it is charged or grows; else it is his, or nobody's."""
    (desk.return_it if how == "lost-by-them" else desk.lend)()
    if how == "lost-by-us":
        desk.do(c.RecordLoss, "2026-02-04", where=WhereLost.LIBRARY)
    elif how == "lost-by-them":
        desk.do(c.HearLost, "2026-02-04")
        desk.do(c.ClearAttention, "2026-02-04", code="ill.attention.lost")
    elif how == "his":
        desk.do(c.RecordLoss, "2026-02-04")
    elif how != "nothing":
        desk.do(c.ReportDamage, "2026-02-04", on_arrival=how == "damaged")
    desk.do(c.HearCosts, "2026-02-08", costs=costs(delivery=5))
    assert desk.attention() == []
    desk.do(c.HearCosts, "2026-02-09", costs=costs(compensation=60))
    not_his: list[tuple[str, dict[str, Any]]] = [("compensation-not-his", {})]
    shown = not_his if how in {"lost-by-us", "lost-by-them", "damaged"} else []
    assert desk.attention() == shown
    if not shown:
        return
    desk.do(c.ClearAttention, "2026-02-09", code="ill.attention.compensation-not-his")
    for day, amount in (("10", 60), ("11", 40)):
        desk.do(c.HearCosts, f"2026-02-{day}", costs=costs(compensation=amount))
        assert desk.attention() == []
    desk.do(c.HearCosts, "2026-02-12", costs=costs(compensation=41))
    assert desk.attention() == shown


def test_the_round_of_a_loan(desk: BorrowingDesk) -> None:
    """Lent, brought back, lent once more, brought back, sent back, checked in."""
    desk.receive()
    change = desk.do(c.CheckOut, "2026-01-13")
    assert change.withdrawals[0].kinds == (m.READY,)
    change = desk.do(c.TakeBack, "2026-01-20")
    assert set(change.withdrawals[0].kinds) == {m.DUE_SOON, m.OVERDUE}
    assert desk.case().taken_back_on == date(2026, 1, 20)
    desk.do(c.CheckOut, "2026-01-21")
    assert (desk.case().checked_out_on, desk.case().taken_back_on) == (date(2026, 1, 13), None)
    desk.do(c.TakeBack, "2026-01-26")
    change = desk.do(c.ShipBack, "2026-01-27")
    assert desk.kinds(change) == ["borrowing.returned"]
    assert facts_of(change.messages[0]) == {"items": "NLC-1"}
    change = desk.do(c.HearCheckedIn, "2026-02-02")
    assert (desk.case().outcome, desk.case().ended_on) == (CaseOutcome.RETURNED, date(2026, 2, 2))
    assert (desk.attention(), change.wakes[0][1]) == ([], None)
    assert set(change.withdrawals[0].kinds) == set(m.PATRON_MESSAGES)


def test_pieces_go_back_one_by_one(desk: BorrowingDesk) -> None:
    """A part is told and shown; the case follows the last one."""
    desk.receive(items=("a", "b"))
    change = desk.do(c.ShipBack, "2026-01-20", items=("b",))
    assert (desk.case().state, desk.attention()) == (S.RECEIVED, [("partly-sent-back", {"left": "a"})])
    assert facts_of(change.messages[0]) == {"items": "b"}
    change = desk.do(c.ShipBack, "2026-01-21")
    assert desk.case().state is S.RETURNED
    assert facts_of(change.messages[0]) == {"items": "a"}
    assert change.withdrawals[0].kinds == (m.READY,)


def test_a_renewal_is_asked_for_and_granted(desk: BorrowingDesk) -> None:
    """The lender hears the wish, the patron the answer; the term and its reminders begin anew."""
    desk.rule(renewals=2)
    desk.lend()
    change = desk.do(c.RenewLoan, "2026-03-02", desired=date(2026, 4, 10), reason="课程", by=desk.patron)
    assert facts_of(change.messages[0]) == {
        "reason": "课程",
        "desired": date(2026, 4, 10),
        "due": date(2026, 3, 6),
        "items": "NLC-1",
    }
    change = desk.do(c.HearRenewalAnswer, "2026-03-04", yes=True, due=date(2026, 4, 4))
    it = desk.case()
    assert (it.due, it.patron_due, it.renewals) == (date(2026, 4, 4), date(2026, 4, 3), 1)
    assert (desk.kinds(change), change.messages[0].supersedes) == (
        ["patron.renewed"],
        (m.DUE_SOON, m.OVERDUE),
    )
    assert facts_of(change.messages[0])["due"] == date(2026, 4, 3)


def test_a_renewal_is_declined(desk: BorrowingDesk) -> None:
    """The old day stays, whatever day stands beside the answer."""
    desk.rule(renewals=1)
    desk.lend()
    desk.do(c.RenewLoan, "2026-03-02")
    change = desk.do(c.HearRenewalAnswer, "2026-03-04", note="他馆预约", due=date(2026, 5, 1))
    assert (desk.case().due, desk.case().renewals, desk.case().renewal_asked_on) == (
        date(2026, 3, 6),
        None,
        None,
    )
    assert desk.kinds(change) == ["patron.renewal-declined"]
    facts = facts_of(change.messages[0])
    assert (facts["note"], facts["due"]) == ("他馆预约", date(2026, 3, 6))


def test_answers_that_nobody_asked_for(desk: BorrowingDesk) -> None:
    """A "no" says nothing new; a "yes" is shown, and the day stays."""
    desk.lend()
    change = desk.do(c.HearRenewalAnswer, "2026-01-14", yes=False)
    assert change.messages == ()
    desk.do(c.HearRenewalAnswer, "2026-01-14", yes=True, due=date(2026, 5, 1))
    assert desk.case().due == date(2026, 3, 6)
    assert desk.attention() == [("renewal-not-asked", {"due": date(2026, 5, 1)})]


@pytest.mark.parametrize("late", ["shipped", "received", "on-loan", "back"])
def test_a_recall(desk: BorrowingDesk, late: str) -> None:
    """The patron who has it hears it; elsewhere staff do, and a notice that it is ready is withdrawn."""
    {"shipped": desk.ship, "received": desk.receive, "on-loan": desk.lend, "back": desk.take_back}[late]()
    change = desk.do(c.HearRecall, "2026-02-02", due=date(2026, 2, 7))
    it = desk.case()

    assert (it.recalled_on, it.due, it.patron_due) == (
        date(2026, 2, 2),
        date(2026, 2, 7),
        date(2026, 2, 6),
    )
    if late == "on-loan":
        assert desk.kinds(change) == ["patron.recalled"]
        assert facts_of(change.messages[0])["due"] == date(2026, 2, 6)
        assert set(change.messages[0].supersedes) >= {m.RENEWED, m.DUE_SOON, m.OVERDUE}
    else:
        assert desk.attention() == [("recalled", {"due": date(2026, 2, 7)})]
        assert change.withdrawals[0].kinds == (m.READY,)


def test_a_recall_shortens_and_never_lengthens(desk: BorrowingDesk) -> None:
    """A later day than the term's changes nothing of it; none keeps it; one that has passed means today."""
    desk.lend()
    desk.do(c.HearRecall, "2026-01-14", due=date(2026, 5, 1))
    assert desk.case().due == date(2026, 3, 6)
    desk.do(c.HearRecall, "2026-01-14", due=None)
    assert desk.case().due == date(2026, 3, 6)
    desk.do(c.HearRecall, "2026-01-15", due=date(2026, 1, 2))
    assert (desk.case().due, desk.case().patron_due) == (date(2026, 1, 15), date(2026, 1, 16))


@pytest.mark.parametrize(
    ("said", "shown"),
    [(date(2026, 1, 2), True), (date(2026, 5, 1), True), (date(2026, 2, 6), False), (None, False)],
)
def test_a_recall_for_another_day_than_the_one_taken_is_shown(
    desk: BorrowingDesk, said: date | None, shown: bool
) -> None:
    """One that has passed, or that lies after the term: staff see both days."""
    desk.lend()
    desk.do(c.HearRecall, "2026-01-15", due=said)

    facts = {"ours": desk.case().due, "theirs": said}
    assert desk.attention() == ([("due-differs", facts)] if shown else [])


def test_a_recall_forgives_nothing(desk: BorrowingDesk) -> None:
    """He who is late already hears by when to bring it; the days before count, no reminder comes again."""
    desk.lend()
    desk.clock("2026-03-10")
    change = desk.do(c.HearRecall, "2026-03-10", due=date(2026, 3, 12))
    it = desk.case()

    assert (it.due, it.patron_due, it.terms) == (date(2026, 3, 6), date(2026, 3, 6), 2)
    recalled = next(each for each in change.messages if each.kind == m.RECALLED)
    assert facts_of(recalled) == {"due": date(2026, 3, 11)}
    assert desk.clock("2026-03-12") == []
    assert desk.clock("2026-03-13") == ["RemindPatron"]
    assert facts_of(desk.messages[-1])["days"] == 7
    assert desk.owed("2026-03-13") == {"overdue": yuan(35)}


def test_a_recall_without_any_day_wants_it_at_once(desk: BorrowingDesk) -> None:
    """A loan without a term."""
    desk.ship(due=None)
    desk.do(c.HearRecall, "2026-01-08", due=None)

    assert desk.case().due == date(2026, 1, 8)


def test_a_copy_is_not_recalled(desk: BorrowingDesk) -> None:
    """It does not go back: out of order."""
    desk.send(service=Service.COPY)
    desk.do(c.HearShipped, "2026-01-07", service=Service.COPY, items=(), due=None)
    desk.do(c.HearRecall, "2026-01-08")

    assert desk.attention() == [("out-of-order", {"said": "HearRecall", "state": "shipped"})]


def test_the_lender_misses_it(desk: BorrowingDesk) -> None:
    """Before the due date that is odd, after it staff see to it; who has it is reminded anyway."""
    desk.receive()
    desk.do(c.HearOverdue, "2026-03-06")
    assert desk.attention() == [("overdue-before-due", {"due": date(2026, 3, 6)})]
    desk.do(c.HearOverdue, "2026-03-07")
    assert desk.attention()[1:] == [("overdue-at-lender", {"due": date(2026, 3, 6)})]

    desk.send(case="B-2")
    desk.do(c.Receive, "2026-01-12", case="B-2", unannounced=True)
    desk.do(c.HearOverdue, "2026-03-06", case="B-2")
    assert desk.attention("B-2")[1:] == [("overdue-before-due", {})]

    desk.do(c.CheckOut, "2026-01-13", case="B-2")
    desk.do(c.HearShipped, "2026-01-13", case="B-2", items=())
    desk.do(c.HearOverdue, "2026-03-07", case="B-2")
    assert len(desk.attention("B-2")) == 2


def test_a_damage_is_told(desk: BorrowingDesk) -> None:
    """With the item, and whether it came so."""
    desk.receive()
    change = desk.do(c.ReportDamage, "2026-01-12", item="NLC-1", note="水渍", on_arrival=True)

    assert desk.kinds(change) == ["borrowing.damaged"]
    assert facts_of(change.messages[0]) == {"item": "NLC-1", "note": "水渍", "on_arrival": True}
    assert [(each.note, each.on_arrival, each.by_patron) for each in desk.case().damages] == [
        ("水渍", True, False)
    ]


def test_a_better_copy_is_asked_for_and_comes(desk: BorrowingDesk) -> None:
    """Every open complaint is settled with it; without one it is the same copy said again."""
    desk.deliver()
    change = desk.do(c.HearShipped, "2026-01-08", service=Service.COPY, items=(), due=None, delivery=LINK)
    assert change.messages == ()
    change = desk.do(c.ReportDefect, "2026-01-08", by=desk.patron)
    assert (desk.kinds(change), facts_of(change.messages[0])) == (
        ["borrowing.defect"],
        {"note": "缺第113页"},
    )
    desk.do(c.ReportDefect, "2026-01-08", note="第120页模糊")
    assert desk.case().defective
    better = Delivery(via=SentVia.URL, reference="https://example.org/better.pdf")
    change = desk.do(c.HearShipped, "2026-01-12", service=Service.COPY, due=None, delivery=better)
    assert desk.kinds(change) == ["patron.link"]
    assert (desk.case().copy, desk.case().defective, desk.case().since) == (
        better,
        False,
        desk.at("2026-01-12"),
    )
    desk.do(c.ReportDefect, "2026-01-13")
    desk.do(c.HearShipped, "2026-01-14", service=Service.COPY, due=None)
    assert [each.replaced_on for each in desk.case().defects] == [
        date(2026, 1, 12),
        date(2026, 1, 12),
        date(2026, 1, 14),
    ]


@pytest.mark.parametrize("where", WhereLost)
def test_a_loss(desk: BorrowingDesk, where: WhereLost) -> None:
    """The lender is told where; the patron hears only of what he lost; then it is settled."""
    desk.lend()
    change = desk.do(c.RecordLoss, "2026-02-02", where=where, note="多方查找未果")
    it = desk.case()

    assert (it.state, dict(it.lost), it.lost_on) == (S.LOST, {"NLC-1": where}, date(2026, 2, 2))
    lost = next(each for each in change.messages if each.kind == m.LOST)
    assert facts_of(lost) == {"where": where.value, "items": "NLC-1", "note": "多方查找未果"}
    assert ("patron.lost-bill" in desk.kinds(change)) is (where is WhereLost.PATRON)
    assert set(change.withdrawals[0].kinds) == {m.DUE_SOON, m.OVERDUE}
    desk.do(c.CloseLoss, "2026-02-09", how=Settlement.REPLACED)
    assert desk.case().outcome is CaseOutcome.LOST_SETTLED


def test_one_piece_of_two_is_lost(desk: BorrowingDesk) -> None:
    """The case goes on with the other, and ends with it."""
    desk.lend(items=("a", "b"))
    desk.do(c.RecordLoss, "2026-02-02", items=("a",))
    assert (desk.case().state, desk.attention()) == (S.ON_LOAN, [("partly-lost", {"items": "a"})])
    desk.do(c.TakeBack, "2026-02-03")
    desk.do(c.ShipBack, "2026-02-03")
    assert (desk.case().state, set(desk.case().sent_back)) == (S.RETURNED, {"b"})


def test_what_is_left_of_a_parcel_is_here(desk: BorrowingDesk) -> None:
    """One of three came, one is lost, the third comes; or is lost too, and then the one is all there is."""
    desk.ship(items=("a", "b", "c"))
    desk.do(c.Receive, "2026-01-12", items=("a",))
    out = {"where": WhereLost.TRANSIT_OUT}
    change = desk.do(c.RecordLoss, "2026-01-13", items=("b",), **out)
    assert (desk.case().state, "patron.ready" in desk.kinds(change)) == (S.SHIPPED, False)
    change = desk.do(c.RecordLoss, "2026-01-14", items=("c",), **out)
    assert (desk.case().state, desk.case().here) == (S.RECEIVED, ("a",))
    assert {"borrowing.item-received", "patron.ready"} <= set(desk.kinds(change))
    desk.do(c.CheckOut, "2026-01-14")
    desk.do(c.RecordLoss, "2026-01-15")
    assert desk.case().state is S.LOST


def test_what_is_lost_on_its_way_back(desk: BorrowingDesk) -> None:
    """All of a parcel, or the part that had been sent ahead."""
    desk.return_it()
    desk.do(c.RecordLoss, "2026-02-10", where=WhereLost.TRANSIT_BACK)
    assert desk.case().state is S.LOST

    desk.send(case="B-2")
    desk.do(c.HearShipped, "2026-01-07", case="B-2", items=("a", "b"))
    desk.do(c.Receive, "2026-01-12", case="B-2")
    desk.do(c.ShipBack, "2026-01-13", case="B-2", items=("a",))
    desk.do(c.RecordLoss, "2026-01-20", case="B-2", items=("a",), where=WhereLost.TRANSIT_BACK)
    assert (desk.case("B-2").state, desk.case("B-2").here) == (S.RECEIVED, ("b",))
    desk.do(c.RecordLoss, "2026-01-21", case="B-2", where=WhereLost.LIBRARY)
    assert desk.case("B-2").state is S.LOST


def test_what_was_lost_is_found(desk: BorrowingDesk) -> None:
    """It waits to be sent back, the lender is told; a copy is delivered, and the patron hears."""
    desk.lend(items=("a", "b"))
    desk.do(c.RecordLoss, "2026-02-02")
    change = desk.do(c.RecordFound, "2026-02-09")
    it = desk.case()
    assert (it.state, it.lost, it.lost_on, it.here) == (S.AWAITING_RETURN, {}, None, ("a", "b"))
    assert (it.taken_back_on, desk.kinds(change)) == (date(2026, 2, 9), ["borrowing.found"])

    desk.send(case="B-2", service=Service.COPY)
    desk.do(c.HearShipped, "2026-01-07", case="B-2", service=Service.COPY, items=(), due=None)
    desk.do(c.RecordLoss, "2026-01-20", case="B-2", where=WhereLost.TRANSIT_OUT)
    change = desk.do(c.RecordFound, "2026-01-21", case="B-2")
    assert desk.case("B-2").state is S.DELIVERED
    assert desk.kinds(change) == ["borrowing.found", "patron.ready"]
    assert desk.clock("2026-02-28", "B-2") == ["HandOver"]


@pytest.mark.parametrize(("when", "where"), [("ship", "transit_out"), ("return_it", "transit_back")])
def test_the_lender_says_that_it_never_came(desk: BorrowingDesk, when: str, where: str) -> None:
    """On its way to us or back; staff look for it."""
    getattr(desk, when)()
    desk.do(c.HearLost, "2026-02-10")

    assert desk.case().state is S.LOST
    assert desk.attention() == [("lost", {"where": where})]
    assert {each.value for each in desk.case().lost.values()} == {where}
    desk.do(c.RecordFound, "2026-02-11")
    assert desk.case().state is S.AWAITING_RETURN


@pytest.mark.parametrize(
    ("when", "outcome", "told"),
    [
        ("ship", CaseOutcome.KEPT, ["patron.kept"]),
        ("receive", CaseOutcome.KEPT, ["patron.kept"]),
        ("lend", CaseOutcome.KEPT, ["patron.kept"]),
        ("take_back", CaseOutcome.KEPT, []),
        ("return_it", CaseOutcome.LOST_SETTLED, []),
    ],
)
def test_it_need_not_come_back(desk: BorrowingDesk, when: str, outcome: CaseOutcome, told: list[str]) -> None:
    """Kept by us, or taken for settled where it is lost; who has it, or was to have it, hears that it is his."""
    getattr(desk, when)()
    change = desk.do(c.HearNoReturnNeeded, "2026-02-10")

    assert (desk.case().outcome, desk.kinds(change)) == (outcome, told)


@pytest.mark.parametrize("when", ["ship", "receive", "lend", "take_back", "return_it"])
def test_the_lender_has_it_back(desk: BorrowingDesk, when: str) -> None:
    """Where our own records have it here, staff are to see; otherwise steps were left out."""
    getattr(desk, when)()
    state = desk.case().state
    desk.do(c.HearCheckedIn, "2026-02-10")

    here = state in {S.RECEIVED, S.ON_LOAN, S.AWAITING_RETURN}
    assert desk.case().outcome is CaseOutcome.RETURNED
    assert desk.attention() == ([("checked-in-early", {"state": state.value})] if here else [])


@pytest.mark.parametrize("when", ["ship", "receive", "lend", "take_back", "return_it", "deliver"])
def test_a_case_is_closed_by_hand(desk: BorrowingDesk, when: str) -> None:
    """The last resort: nobody hears any more of it."""
    getattr(desk, when)()
    change = desk.do(c.CloseCaseManually, "2026-02-10")

    assert (desk.case().outcome, change.wakes[0][1]) == (CaseOutcome.MANUAL, None)
    assert set(change.withdrawals[0].kinds) == set(m.PATRON_MESSAGES)


# --- the patron who waits for it ---------------------------------------------------------------------------------


IN_VAIN: dict[str, tuple[type[Command], dict[str, Any]]] = {
    "lost by us": (c.RecordLoss, {"where": WhereLost.LIBRARY}),
    "lost by them": (c.HearLost, {}),
    "checked in": (c.HearCheckedIn, {}),
    "sent back": (c.ShipBack, {}),
    "closed by hand": (c.CloseCaseManually, {}),
}


@pytest.mark.parametrize(
    ("when", "how", "told"),
    [
        ("ship", "lost by us", True),
        ("ship", "lost by them", True),
        ("ship", "checked in", True),
        ("ship", "closed by hand", True),
        ("receive", "lost by us", True),
        ("receive", "checked in", True),
        ("receive", "sent back", True),
        ("receive", "closed by hand", True),
        ("lend", "lost by us", False),
        ("lend", "checked in", False),
        ("lend", "closed by hand", False),
        ("take_back", "sent back", False),
        ("return_it", "lost by them", False),
    ],
)
def test_a_patron_who_never_had_it_hears_that_he_will_not(
    desk: BorrowingDesk, when: str, how: str, told: bool
) -> None:
    """From its shipping to his first loan; what was told before of its coming is overtaken."""
    getattr(desk, when)()
    kind, said = IN_VAIN[how]
    change = desk.do(
        kind, "2026-02-03", **({"where": WhereLost.TRANSIT_OUT} if when == "ship" and said else said)
    )

    letters = [each for each in change.messages if each.kind == m.NOT_COMING]
    assert [each.to for each in letters] == ([PATRON] if told else [])
    for each in letters:
        assert {m.SUBMITTED, m.ORDERED, m.DECISION, m.READY, m.LINK} <= set(each.supersedes)


def test_he_hears_it_once(desk: BorrowingDesk) -> None:
    """Sent back uncirculated, then lost on its way and closed; or lost, found, and sent back."""
    desk.receive()
    desk.do(c.ShipBack, "2026-01-13")
    desk.do(c.RecordLoss, "2026-02-03", where=WhereLost.TRANSIT_BACK)
    desk.do(c.CloseCaseManually, "2026-02-04")
    assert [each.kind for each in desk.messages].count(m.NOT_COMING) == 1

    other = BorrowingDesk()
    other.ship()
    other.do(c.RecordLoss, "2026-01-12", where=WhereLost.TRANSIT_OUT)
    other.do(c.RecordFound, "2026-01-13")
    other.do(c.ShipBack, "2026-01-13")
    assert [each.kind for each in other.messages].count(m.NOT_COMING) == 1


@pytest.mark.parametrize("how", IN_VAIN)
def test_nobody_waits_for_what_only_goes_back(desk: BorrowingDesk, how: str) -> None:
    """The patron hears nothing of it, however it ends."""
    kind, said = IN_VAIN[how]
    stray(desk, items=("a",))
    if kind is c.ShipBack:
        desk.do(c.Receive, "2026-01-14", case="B-1/return-1")
    if kind in {c.HearLost, c.HearCheckedIn}:
        said = {**said, "attempt": 1}
    change = desk.do(kind, "2026-01-15", case="B-1/return-1", **said)
    assert not {each.kind for each in change.messages} & set(m.PATRON_MESSAGES)


def test_who_has_a_copy_already_waits_for_nothing(desk: BorrowingDesk) -> None:
    """A case closed by hand tells him nothing."""
    desk.deliver()

    assert desk.kinds(desk.do(c.CloseCaseManually, "2026-01-15")) == []


# --- found again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "state"),
    [("ship", S.SHIPPED), ("receive", S.RECEIVED), ("lend", S.ON_LOAN), ("take_back", S.AWAITING_RETURN)],
)
def test_one_piece_of_two_is_found_while_the_other_goes_its_way(
    desk: BorrowingDesk, when: str, state: CaseState
) -> None:
    """It is here, the lender is told which, and the case stays where it is."""
    getattr(desk, when)(items=("a", "b"))
    desk.do(c.RecordLoss, "2026-02-02", items=("a",), where=WhereLost.LIBRARY)
    change = desk.do(c.RecordFound, "2026-02-03", items=("a",))
    it = desk.case()

    assert (it.state, it.lost, it.lost_days) == (state, {}, {})
    assert set(it.here) == ({"a"} if when == "ship" else {"a", "b"})
    assert (desk.kinds(change), facts_of(change.messages[0])) == (["borrowing.found"], {"items": "a"})
    assert it.on_the_way == (("b",) if when == "ship" else ())


def test_one_piece_is_found_while_the_other_is_on_its_way_back(desk: BorrowingDesk) -> None:
    """It waits to be sent back; the one that was sent stays sent."""
    desk.lend(items=("a", "b"))
    desk.do(c.RecordLoss, "2026-02-02", items=("a",))
    desk.do(c.TakeBack, "2026-02-03")
    desk.do(c.ShipBack, "2026-02-03")
    desk.do(c.RecordFound, "2026-02-04")
    it = desk.case()
    assert (it.state, it.here, dict(it.sent_back)) == (S.AWAITING_RETURN, ("a",), {"b": date(2026, 2, 3)})
    assert (it.taken_back_on, it.since) == (date(2026, 2, 3), desk.at("2026-02-04"))
    desk.do(c.ShipBack, "2026-02-05")
    assert (desk.case().state, set(desk.case().sent_back)) == (S.RETURNED, {"a", "b"})


def test_a_part_of_what_was_lost_is_found(desk: BorrowingDesk) -> None:
    """The rest stays lost, and what was sent back before stays sent back."""
    desk.lend(items=("a", "b", "c"))
    desk.do(c.TakeBack, "2026-02-02")
    desk.do(c.ShipBack, "2026-02-02", items=("c",))
    desk.do(c.RecordLoss, "2026-02-03", where=WhereLost.LIBRARY)
    assert desk.case().state is S.LOST
    desk.do(c.RecordFound, "2026-02-04", items=("b",))
    it = desk.case()

    assert (it.state, it.here, set(it.sent_back)) == (S.AWAITING_RETURN, ("b",), {"c"})
    assert (dict(it.lost), dict(it.lost_days)) == ({"a": WhereLost.LIBRARY}, {"a": date(2026, 2, 3)})


# --- said before something that was heard ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "later", "earlier", "said"),
    [
        ("send", c.HearPromise, c.HearReceived, {}),
        ("send", c.HearPromise, c.HearExpect, {}),
        ("send", c.HearOffer, c.HearPromise, {}),
        ("send", c.HearExpect, c.HearPromise, {}),
        ("send", c.HearPromise, c.HearOffer, {}),
        ("renewing", c.HearNotification, c.HearRenewalAnswer, {"yes": True, "due": date(2026, 4, 3)}),
        ("renewing", c.HearNotification, c.HearHoldReturn, {}),
    ],
)
def test_what_was_overtaken_on_its_way_changes_nothing(
    desk: BorrowingDesk, when: str, later: Any, earlier: Any, said: dict[str, Any]
) -> None:
    """As of less than was heard it is past, and calls nobody; as of as much it counts, and without a word."""
    desk.rule(renewals=1)
    (desk.lend if when == "renewing" else desk.send)()
    if when == "renewing":
        desk.do(c.RenewLoan, "2026-01-14")
    desk.do(later, "2026-01-15", as_of=7)
    assert desk.attempt().heard_as_of == 7
    before = desk.case()
    change = desk.do(earlier, "2026-01-16", as_of=6, **said)
    assert (change.messages, desk.names(change)) == ((), [earlier.__name__])
    assert replace(desk.case(), version=0) == replace(before, version=0)

    for as_of in (7, None):
        other = BorrowingDesk()
        other.aggregates, other.policy = {before.key: before}, desk.policy
        other.do(earlier, "2026-01-16", as_of=as_of, **said)
        moved = replace(other.case(), version=0) != replace(before, version=0)
        assert moved is (earlier is not c.HearReceived)
        assert other.attempt().heard_as_of == 7


def test_an_offer_on_conditions_alone_names_no_cost_where_it_is_accepted(desk: BorrowingDesk) -> None:
    """The lender reads which terms are accepted, and none that it did not name."""
    desk.offer(cost=None, conditions=(Condition.SUPERVISED, Condition.LIBRARY_USE_ONLY))
    change = desk.do(c.AcceptOffer, "2026-01-07", by=desk.patron)
    said = {"revision": 1, "conditions": "SpecCollSupervReq,LibraryUseOnly"}
    assert facts_of(change.messages[0]) == said


def test_a_renewal_names_what_is_to_be_renewed(desk: BorrowingDesk) -> None:
    """The pieces that are here, and not those that went back or were lost; and the term as it is."""
    desk.rule(renewals=2)
    desk.ship(items=("a", "b", "c", "d"))
    desk.do(c.Receive, "2026-01-12")
    desk.do(c.ShipBack, "2026-01-13", items=("c",))
    desk.do(c.RecordLoss, "2026-01-13", items=("d",), where=WhereLost.TRANSIT_OUT)
    change = desk.do(c.RenewLoan, "2026-01-14", reason="课程")
    said = {"reason": "课程", "due": date(2026, 3, 6), "items": "a\nb"}
    assert facts_of(change.messages[0]) == said


def test_what_the_supplier_calls_it_is_told_to_it_since(desk: BorrowingDesk) -> None:
    """Its own number is on record as it said it last, per attempt, and every message to it has it."""
    desk.send()
    desk.do(c.HearReceived, "2026-01-06")
    assert desk.attempt().their_id is None
    change = desk.do(c.QueryStatus, "2026-01-06")
    assert facts_of(change.messages[0]) == {}

    desk.do(c.HearExpect, "2026-01-06", their_id="88")
    desk.do(c.HearNotification, "2026-01-06")
    assert desk.attempt().their_id == "88"
    change = desk.do(c.QueryStatus, "2026-01-06")
    assert facts_of(change.messages[0]) == {"their_id": "88"}
    desk.do(c.HearPromise, "2026-01-06", their_id="89")
    assert desk.attempt().their_id == "89"

    desk.do(c.HearUnfilled, "2026-01-06", attempt=1)
    change = desk.do(c.QueryStatus, "2026-01-07")
    assert (desk.case().current, facts_of(change.messages[0])) == (2, {})


def test_whoever_does_not_speak_for_the_supplier_names_nothing(desk: BorrowingDesk) -> None:
    """What a stranger calls the request is not on record."""
    desk.send()
    desk.do(c.HearPromise, "2026-01-06", by=desk.by(Office.SYSTEM, "CN-X"), their_id="88")
    assert desk.attempt().their_id is None


@pytest.mark.parametrize(("before", "with_it"), [("88", ""), ("", "88"), ("87", "88")])
def test_what_goes_back_goes_back_under_its_number(desk: BorrowingDesk, before: str, with_it: str) -> None:
    """A case that only sends something back tells the supplier of its own number, too."""
    desk.send()
    desk.do(c.HearNotification, "2026-01-06", their_id=before)
    desk.do(c.HearUnfilled, "2026-01-06")
    desk.do(c.HearShipped, "2026-01-07", attempt=1, their_id=with_it)
    assert desk.attempt(1, "B-1/return-1").their_id == "88"
    desk.do(c.Receive, "2026-01-12", case="B-1/return-1")
    (back,) = desk.do(c.ShipBack, "2026-01-13", case="B-1/return-1").messages
    assert (back.kind, facts_of(back)["their_id"]) == (m.RETURNED, "88")


def test_what_ends_an_attempt_ends_it_whenever_it_was_said(desk: BorrowingDesk) -> None:
    """Only what can change again is overtaken; another attempt has a count of its own."""
    desk.send()
    desk.do(c.HearPromise, "2026-01-06", as_of=7)
    desk.do(c.HearUnfilled, "2026-01-06", as_of=6)
    assert (desk.case().current, desk.attempt(2).heard_as_of) == (2, None)
    desk.do(c.HearPromise, "2026-01-07", as_of=1)
    assert (desk.case().state, desk.attempt(2).heard_as_of) == (S.PROMISED, 1)
    desk.do(c.HearShipped, "2026-01-08", as_of=0)
    assert desk.case().state is S.SHIPPED


def test_what_is_dated_before_its_attempt_was_sent_is_shown(desk: BorrowingDesk) -> None:
    """It counts all the same; on the day itself it is nothing odd."""
    desk.send("2026-01-06")
    now = {"recorded_at": desk.at("2026-01-07")}
    desk.do(c.HearReceived, "2026-01-06T00:00", **now)
    assert desk.attention() == []
    desk.do(c.HearPromise, "2026-01-05T23:59", **now)

    assert desk.case().state is S.PROMISED
    facts = {"said": "HearPromise", "sent_on": date(2026, 1, 6)}
    assert desk.attention() == [("before-it-was-asked", facts)]


def test_an_offer_dated_before_its_attempt_was_sent_is_decided_by_somebody(desk: BorrowingDesk) -> None:
    """The rules would take it, but not on a day on which nobody had been asked; it is heard all the same."""
    desk.send("2026-01-06")
    now = {"recorded_at": desk.at("2026-01-07")}
    change = desk.do(c.HearOffer, "2026-01-05T23:59", cost=yuan(1), **now)
    assert desk.names(change) == ["HearOffer"]
    assert desk.case().state is S.OFFERED
    assert [code for code, _ in desk.attention()] == ["before-it-was-asked"]
    assert desk.kinds(change) == ["patron.decision", "staff.attention"]
    desk.do(c.AcceptOffer, "2026-01-07", by=desk.patron)
    assert desk.case().state is S.PROMISED


def test_an_offer_that_comes_in_front_on_such_a_day_is_decided_by_somebody(desk: BorrowingDesk) -> None:
    """What makes it the next one was dated too early: that is heard as well."""
    desk.rule(ask_at_once=2)
    desk.send("2026-01-06")
    desk.do(c.HearOffer, "2026-01-06", attempt=1)
    desk.do(c.HearOffer, "2026-01-06", attempt=2, cost=yuan(1))
    early = {"recorded_at": desk.at("2026-01-07")}
    change = desk.do(c.HearUnfilled, "2026-01-05T23:59", attempt=1, **early)
    assert desk.names(change) == ["HearUnfilled", "GoOnWith"]
    assert desk.case().state is S.OFFERED


def test_nothing_breaks_at_the_end_of_the_calendar(desk: BorrowingDesk) -> None:
    """What is recorded in its last minutes can be undone, as long as there is time."""
    last = datetime.max.replace(tzinfo=UTC)
    desk.ship()
    desk.do(c.Receive, "2026-01-12", recorded_at=last)
    step = desk.case().last
    assert step is not None
    assert step.until < last


# --- a status, a note, a stranger -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ("send", Status.REQUEST_RECEIVED),
        ("send", Status.EXPECT_TO_SUPPLY),
        ("promise", Status.WILL_SUPPLY),
        ("offer", Status.WILL_SUPPLY),
        ("ship", Status.LOANED),
        ("lend", Status.OVERDUE),
        ("return_it", Status.RECALLED),
        ("deliver", Status.COPY_COMPLETED),
    ],
)
def test_a_status_that_we_know_is_nothing_new(desk: BorrowingDesk, when: str, status: Status) -> None:
    """It changes nothing and shows nothing."""
    getattr(desk, when)()
    state = desk.case().state
    change = desk.do(c.HearStatus, "2026-02-04", status=status)

    assert (desk.case().state, desk.attention(), desk.names(change)) == (state, [], ["HearStatus"])


@pytest.mark.parametrize(
    ("when", "said", "state"),
    [
        ("promise", {"status": Status.EXPECT_TO_SUPPLY}, S.EXPECTED),
        ("send", {"status": Status.WILL_SUPPLY}, S.PROMISED),
        ("send", {"status": Status.UNFILLED}, S.SENT),
        ("send", {"status": Status.RETRY_POSSIBLE}, S.RETRY_OFFERED),
        ("send", {"status": Status.CANCELLED}, S.SENT),
        ("promise", {"status": Status.LOANED, "due": date(2026, 3, 6)}, S.SHIPPED),
        ("promise", {"status": Status.OVERDUE}, S.PROMISED),
        ("promise", {"status": Status.COPY_COMPLETED}, S.PROMISED),
        ("return_it", {"status": Status.LOAN_COMPLETED}, S.CLOSED),
        ("lend", {"status": Status.COMPLETED_WITHOUT_RETURN}, S.CLOSED),
        ("lend", {"status": Status.UNFILLED}, S.ON_LOAN),
    ],
)
def test_a_status_that_we_did_not_know_counts_as_if_said(
    desk: BorrowingDesk, when: str, said: dict[str, Any], state: CaseState
) -> None:
    """And staff see that a message was lost."""
    getattr(desk, when)()
    before = desk.case().state
    desk.do(c.HearStatus, "2026-02-04", **said)

    assert desk.case().state is state
    assert desk.attention()[0] == (
        "status-differs",
        {"status": said["status"].value, "state": before.value},
    )


def test_another_due_date_in_a_status_is_shown(desk: BorrowingDesk) -> None:
    """It is not taken over."""
    desk.lend()
    desk.do(c.HearStatus, "2026-02-04", due=date(2026, 3, 7))
    assert desk.case().due == date(2026, 3, 6)
    assert desk.attention() == [("due-differs", {"ours": date(2026, 3, 6), "theirs": date(2026, 3, 7)})]
    desk.do(c.HearStatus, "2026-02-04", due=date(2026, 3, 6))
    assert len(desk.attention()) == 1


def test_a_status_from_a_former_supplier_moves_nothing(desk: BorrowingDesk) -> None:
    """Whatever it says."""
    desk.send()
    desk.do(c.HearUnfilled, "2026-01-06")
    change = desk.do(c.HearStatus, "2026-01-07", attempt=1, status=Status.WILL_SUPPLY)

    assert (desk.names(change), desk.case().state) == (["HearStatus"], S.SENT)
    assert desk.attention()[0][0] == "ended-attempt"


def test_a_note_is_shown_and_nothing_more(desk: BorrowingDesk) -> None:
    """One without words is filed."""
    desk.lend()
    before = desk.case()
    desk.do(c.HearNotification, "2026-02-02", note="请勿折页 ")
    assert desk.attention() == [("note", {"note": "请勿折页"})]
    desk.do(c.HearNotification, "2026-02-02", note=" ")
    assert len(desk.attention()) == 1
    assert replace(desk.case(), attention=(), last=None, version=0) == replace(before, last=None, version=0)


@pytest.mark.parametrize("kind", [c.HearNotification, c.HearPromise, c.HearShipped, c.HearCosts])
@pytest.mark.parametrize("attempt", [1, 2, 9, 0, -1])
def test_a_stranger_is_shown_and_changes_nothing(desk: BorrowingDesk, kind: Any, attempt: int) -> None:
    """Somebody else's system, or one that has not been asked; what it charges is not owed."""
    desk.send()
    stranger = Actor("ils", "CN-999", Office.SYSTEM)
    desk.do(kind, "2026-01-06", by=stranger, attempt=attempt, costs=costs(loan=9))
    assert desk.case().state is S.SENT
    assert desk.attention() == [("unknown-sender", {"sender": "CN-999", "said": kind.__name__})]
    assert desk.postings == ()


def test_a_supplier_that_was_not_asked_yet_is_a_stranger(desk: BorrowingDesk) -> None:
    """Its attempt is in the rota, but nothing was sent; staff for it are none the wiser."""
    desk.send()
    for by in (desk.supplier(2), desk.staff):
        desk.do(c.HearPromise, "2026-01-06", attempt=2, by=by)
    assert desk.case().state is S.SENT
    assert {code for code, _ in desk.attention()} == {"unknown-sender"}


def test_staff_enter_what_a_supplier_says(desk: BorrowingDesk) -> None:
    """By mail or telephone; it counts the same."""
    desk.send()
    desk.do(c.HearPromise, "2026-01-06", by=desk.staff)

    assert desk.case().state is S.PROMISED


@pytest.mark.parametrize("kind", [c.HearUnfilled, c.HearWithdrawn, c.HearReceived, c.HearCancelAnswer])
def test_a_former_supplier_confirms_that_it_is_over(desk: BorrowingDesk, kind: Any) -> None:
    """The answer to the cancellation that a time-out sent is nothing for staff."""
    desk.send()
    desk.clock("2026-01-12")
    change = desk.do(kind, "2026-01-13", attempt=1)

    assert (desk.attention(), desk.case().current, change.messages) == ([], 2, ())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.HearPromise, {}),
        (c.HearOffer, {}),
        (c.HearCancelAnswer, {"yes": False}),
        (c.HearCheckedIn, {}),
        (c.HearCosts, {}),
    ],
)
def test_anything_else_of_a_former_supplier_is_shown(
    desk: BorrowingDesk, kind: Any, said: dict[str, Any]
) -> None:
    """It is not the one that has the request now."""
    desk.send()
    desk.clock("2026-01-12")
    desk.do(kind, "2026-01-13", attempt=1, **said)

    facts = {"supplier": LENDER, "said": kind.__name__, "state": "sent"}
    assert desk.attention() == [("ended-attempt", facts)]


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ("return_it", c.HearOverdue),
        ("return_it", c.HearRecall),
        ("return_it", c.HearRenewalAnswer),
        ("return_it", c.HearHoldReturn),
        ("lend", c.HearPromise),
        ("lend", c.HearReceived),
        ("deliver", c.HearExpect),
    ],
)
def test_messages_cross(desk: BorrowingDesk, when: str, kind: Any) -> None:
    """What only came too late changes nothing and calls nobody."""
    getattr(desk, when)()
    before = desk.case()
    change = desk.do(kind, "2026-02-10")

    assert (change.messages, desk.case().state, desk.case().due) == ((), before.state, before.due)


def test_a_loss_comes_back_as_an_echo(desk: BorrowingDesk) -> None:
    """The lender says that it is lost because we said so: nothing new, also after it is settled."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-02-02")
    desk.do(c.HearLost, "2026-02-03")
    desk.do(c.CloseLoss, "2026-02-09")
    desk.do(c.HearLost, "2026-02-10")

    assert desk.attention() == []


def test_a_shipment_said_again_after_the_end(desk: BorrowingDesk) -> None:
    """The same pieces are nothing new, others are out of order."""
    desk.return_it()
    desk.do(c.HearCheckedIn, "2026-02-10")
    desk.do(c.HearShipped, "2026-02-11")
    assert desk.attention() == []
    desk.do(c.HearShipped, "2026-02-11", items=("x",))
    assert desk.attention() == [("out-of-order", {"said": "HearShipped", "state": "closed"})]
    assert desk.case().state is S.CLOSED


# --- what only goes back -----------------------------------------------------------------------------------------


def stray(desk: BorrowingDesk, **said: Any) -> None:
    """The first supplier times out, and ships all the same."""
    desk.send()
    desk.clock("2026-01-12")
    desk.do(c.HearShipped, "2026-01-13", attempt=1, **said)


def test_what_a_former_supplier_ships_gets_a_case_of_its_own(desk: BorrowingDesk) -> None:
    """It is on its way to us, goes by the old request, and is shown; the case goes on with the next one."""
    stray(desk, items=("a",))
    back = desk.case("B-1/return-1")

    assert (desk.case().state, desk.case().current, desk.attempt().returns) == (S.SENT, 2, "B-1/return-1")
    assert desk.attention() == [("shipped-after-end", {"supplier": LENDER, "case": "B-1/return-1"})]
    assert (back.state, back.origin, back.items, back.due) == (S.SHIPPED, CASE, ("a",), date(2026, 3, 6))
    assert (back.attempts[0].supplier, back.attempts[0].request_id) == (LENDER, "B-1~1")


def test_a_copy_that_comes_too_late_keeps_its_link(desk: BorrowingDesk) -> None:
    """By the case that has it; of a loan the parcel's number is no copy."""
    stray(desk, service=Service.COPY, items=(), due=None, delivery=LINK)
    assert desk.case("B-1/return-1").copy == LINK

    other = BorrowingDesk()
    stray(other, items=("a",), delivery=Delivery(via=SentVia.COURIER, reference="SF-1"))
    assert other.case("B-1/return-1").copy is None


def test_it_is_received_and_sent_back_and_nobody_else_hears_of_it(desk: BorrowingDesk) -> None:
    """The lender is told by its own request id; the patron nothing at all."""
    stray(desk, items=("a", "b"))
    told = [
        message
        for kind in (c.Receive, c.ShipBack)
        for message in desk.do(kind, "2026-01-16", case="B-1/return-1").messages
    ]
    assert [each.kind for each in told] == [m.RECEIVED, m.RETURNED]
    assert {dict(each.facts)["request"] for each in told} == {"B-1~1"}
    desk.do(c.HearCheckedIn, "2026-01-26", attempt=1)
    assert desk.case("B-1/return-1").outcome is CaseOutcome.RETURNED
    assert desk.case().state is S.SENT


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.HearRecall, {"due": date(2026, 2, 1)}),
        (c.HearShipped, {"items": ("a",), "due": date(2026, 4, 1)}),
        (c.HearNotification, {"note": "请速还"}),
        (c.HearOverdue, {}),
        (c.HearCosts, {"costs": costs(loan=40)}),
        (c.HearStatus, {"status": Status.LOANED}),
    ],
)
def test_what_that_supplier_says_then_is_passed_on(
    desk: BorrowingDesk, kind: Any, said: dict[str, Any]
) -> None:
    """It is about what goes back; the case with the next supplier is not touched by it."""
    stray(desk, items=("a",))
    change = desk.do(kind, "2026-01-14", attempt=1, **said)

    assert [each.key.id for each in change.entries] == [CASE, "B-1/return-1"]
    assert change.entries[0].command.id + "/return" == change.entries[1].command.id
    assert len(desk.attention()) == 1


def test_what_goes_back_is_lost_or_kept_like_anything_else(desk: BorrowingDesk) -> None:
    """The lender lets us keep it, or it is lost and settled."""
    stray(desk, items=("a",))
    desk.do(c.HearNoReturnNeeded, "2026-01-14", attempt=1)

    assert desk.case("B-1/return-1").outcome is CaseOutcome.KEPT


def test_a_case_of_that_name_that_is_there_already_is_not_opened_again(desk: BorrowingDesk) -> None:
    """The shipment is shown to staff instead."""
    desk.draft(case="B-1/return-1")
    stray(desk, items=("a",))

    assert desk.attention()[0][0] == "ended-attempt"
    assert desk.case("B-1/return-1").state is S.DRAFT


# --- undo ------------------------------------------------------------------------------------------------------


def test_sending_is_undone(desk: BorrowingDesk) -> None:
    """The supplier is the next one again, and neither hears anything; what was undone has ended."""
    desk.send()
    change = desk.do(c.Undo, "2026-01-05T10:04")

    assert desk.case().state is S.ROUTABLE
    assert [(each.number, each.supplier) for each in desk.case().ahead] == [(3, "CN-NLC"), (2, "CN-ZJU")]
    assert (desk.attempt().state, desk.attempt().request_id) == (AttemptState.CANCELLED, "B-1~1")
    assert set(change.withdrawals[0].kinds) == {m.REQUEST, m.ORDERED}
    change = desk.do(c.Send, "2026-01-06")
    assert desk.kinds(change) == ["borrowing.request", "patron.ordered"]
    assert dict(change.messages[0].facts)["request"] == "B-1~3"
    desk.do(c.Undo, "2026-01-06")
    assert desk.kinds(desk.do(c.Send, "2026-01-06")) == ["borrowing.request", "patron.ordered"]


def test_an_undone_request_that_left_all_the_same(desk: BorrowingDesk) -> None:
    """What is heard of it is of an attempt that has ended; what it ships is sent back; both are shown."""
    desk.send()
    desk.do(c.Undo, "2026-01-05T10:04")
    desk.do(c.Send, "2026-01-05T10:05")
    desk.do(c.HearPromise, "2026-01-06", attempt=1)
    assert (desk.case().state, desk.case().current) == (S.SENT, 3)
    facts = {"supplier": LENDER, "said": "HearPromise", "state": "sent"}
    assert desk.attention() == [("ended-attempt", facts)]
    change = desk.do(c.HearShipped, "2026-01-07", attempt=1, items=("a",), costs=costs(loan=40))

    assert desk.names(change) == ["HearShipped", "OpenReturn"]
    assert (desk.case().state, desk.attempt().returns) == (S.SENT, "B-1/return-1")
    back = desk.case("B-1/return-1")
    assert (back.state, back.items, back.attempts[0].request_id) == (S.SHIPPED, ("a",), "B-1~1")
    assert desk.payable() == yuan(40)


def test_sending_to_a_second_one_is_undone(desk: BorrowingDesk) -> None:
    """It comes next under a new number; the patron has heard that it is ordered, and hears it once."""
    desk.send()
    desk.do(c.HearUnfilled, "2026-01-06")
    desk.do(c.Undo, "2026-01-06")

    assert [(each.number, each.supplier) for each in desk.case().ahead] == [(3, "CN-ZJU")]
    assert desk.attempt(2).state is AttemptState.CANCELLED
    assert desk.kinds(desk.do(c.Send, "2026-01-06")) == ["borrowing.request"]


def test_a_retry_that_is_undone_is_a_retry_still(desk: BorrowingDesk) -> None:
    """Of the same request, at the cost that was named."""
    desk.retry(cost=yuan(15))
    desk.do(c.AcceptRetry, "2026-01-07")
    desk.do(c.Undo, "2026-01-07")
    change = desk.do(c.Send, "2026-01-07")

    assert (desk.attempt(4).retry_of, desk.attempt(4).agreed) == (1, yuan(15))
    assert facts_of(change.messages[0])["previous"] == "B-1~1"


def test_receiving_is_undone(desk: BorrowingDesk) -> None:
    """It is on its way again, and neither the lender nor the patron hears of it."""
    desk.ship(items=("a", "b"))
    desk.do(c.Receive, "2026-01-12", items=("a",))
    desk.do(c.Receive, "2026-01-13")
    change = desk.do(c.Undo, "2026-01-13")

    assert (desk.case().state, desk.case().on_the_way) == (S.SHIPPED, ("b",))
    assert set(change.withdrawals[0].kinds) == {m.RECEIVED, m.READY}


def test_a_delivered_copy_is_on_its_way_again(desk: BorrowingDesk) -> None:
    """A copy that came by post, undone."""
    desk.send(service=Service.COPY)
    desk.do(c.HearShipped, "2026-01-07", service=Service.COPY, items=(), due=None)
    desk.do(c.Receive, "2026-01-12")
    desk.do(c.Undo, "2026-01-12")

    assert desk.case().state is S.SHIPPED


def test_a_check_out_is_undone(desk: BorrowingDesk) -> None:
    """To where it was: never lent, or brought back on the day on which it was."""
    desk.lend()
    desk.do(c.Undo, "2026-01-13")
    assert (desk.case().state, desk.case().checked_out_on) == (S.RECEIVED, None)
    desk.do(c.CheckOut, "2026-01-13")
    desk.do(c.TakeBack, "2026-01-20")
    desk.do(c.CheckOut, "2026-01-21")
    change = desk.do(c.Undo, "2026-01-21")
    it = desk.case()
    assert (it.state, it.checked_out_on, it.taken_back_on) == (
        S.AWAITING_RETURN,
        date(2026, 1, 13),
        date(2026, 1, 20),
    )
    assert change.withdrawals == ()


@pytest.mark.parametrize(("when", "state"), [("receive", S.RECEIVED), ("take_back", S.AWAITING_RETURN)])
def test_sending_back_is_undone(desk: BorrowingDesk, when: str, state: CaseState) -> None:
    """It is here, where it was, and neither the lender nor the patron hears of it; a renewal still waits."""
    desk.rule(renewals=1)
    getattr(desk, when)()
    desk.do(c.RenewLoan, "2026-02-02")
    told = desk.do(c.ShipBack, "2026-02-03").messages
    assert {each.not_before for each in told} == {desk.at("2026-02-03T10:05")}
    change = desk.do(c.Undo, "2026-02-03")

    assert (desk.case().state, desk.case().here) == (state, ("NLC-1",))
    assert {each.kind for each in told} <= set(change.withdrawals[0].kinds)
    assert desk.case().renewal_asked_on == date(2026, 2, 2)
    change = desk.do(c.HearRenewalAnswer, "2026-02-04", yes=True, due=date(2026, 4, 3))
    assert (desk.case().due, desk.kinds(change)) == (date(2026, 4, 3), ["patron.renewed"])


def test_what_is_undone_cannot_be_undone(desk: BorrowingDesk) -> None:
    """There is one step back, not two."""
    desk.lend()
    desk.do(c.Undo, "2026-01-13")

    assert [each[0] for each in desk.refused(c.Undo, "2026-01-13")] == ["ill.nothing-to-undo"]


# --- messages ---------------------------------------------------------------------------------------------------


def test_every_message_has_a_key_of_its_own(desk: BorrowingDesk) -> None:
    """Over a whole life of a case with two suppliers and a stray shipment."""
    stray(desk, items=("a",))
    desk.do(c.HearShipped, "2026-01-14", items=("b",))
    for kind, day in ((c.Receive, "2026-01-19"), (c.CheckOut, "2026-01-19")):
        desk.do(kind, day)
    desk.clock("2026-03-20")
    desk.do(c.TakeBack, "2026-03-20")
    desk.do(c.ShipBack, "2026-03-20")
    keys = [each.key for each in desk.messages]

    assert len(keys) == len(set(keys))
    assert {each.kind for each in desk.messages} <= {
        *m.SUPPLIER_MESSAGES,
        *m.PATRON_MESSAGES,
        *m.STAFF_MESSAGES,
    }


def test_what_overtakes_what() -> None:
    """A later notice supersedes what it makes pointless, all of it to the same party."""
    for kind, overtaken in m._OVERTAKES.items():
        whole = m.PATRON_MESSAGES if kind in m.PATRON_MESSAGES else m.STAFF_MESSAGES
        assert set(overtaken) <= set(whole)
