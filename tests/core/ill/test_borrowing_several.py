"""Several suppliers asked at the same time: who is in front, who wins, who is left, and what is told to whom."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from borrowing_desk import LENDER, LINK, BorrowingDesk, costs, facts_of, yuan

from servflow.core.changes import Change, Command, Key
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import messages as m
from servflow.core.ill.borrowing.following import next_wake
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import AttemptState, CancelState, CaseOutcome, CaseState, DelayKind
from servflow.core.ill.terms import CancelIntent, OfferState, Service, Status

S, A = CaseState, AttemptState
ONE, TWO, THREE = LENDER, "CN-ZJU", "CN-SZU"
SUPPLIERS = (ONE, TWO, THREE)
TODAY, NEXT, THEN = "2026-01-05", "2026-01-06", "2026-01-07"


@pytest.fixture
def desk() -> BorrowingDesk:
    """A desk that asks three at the same time."""
    desk = BorrowingDesk()
    desk.rule(ask_at_once=3)
    return desk


@pytest.fixture
def asked(desk: BorrowingDesk) -> BorrowingDesk:
    """... and has asked them."""
    desk.send(suppliers=SUPPLIERS)
    return desk


def states(desk: BorrowingDesk) -> list[str]:
    """What has become of each attempt, in the order of the rota; those beside in brackets."""
    return [
        each.state.value if each.beside is None else f"({each.beside.stands.value})"
        for each in desk.case().attempts
    ]


def told(change: Change, kind: str) -> list[str]:
    """To whom a change tells it."""
    return [message.to for message in change.messages if message.kind == kind]


def stands(desk: BorrowingDesk) -> tuple[CaseState, int | None]:
    """The case's state, and which attempt is in front."""
    return desk.case().state, desk.case().current


# --- asking ---------------------------------------------------------------------------------------------


def test_three_are_asked_in_one_command(desk: BorrowingDesk) -> None:
    """Each has a request of its own; the patron hears once; the case stands for the first."""
    desk.submit(suppliers=(*SUPPLIERS, "CN-PKU"))
    change = desk.do(c.ApproveRequest, TODAY, copyright_basis="私人学习")

    assert desk.names(change) == ["ApproveRequest", "Send"]
    assert told(change, m.REQUEST) == list(SUPPLIERS)
    assert [dict(each.facts)["request"] for each in change.messages[:3]] == ["B-1~1", "B-1~2", "B-1~3"]
    assert len({message.key for message in change.messages}) == 4
    assert told(change, m.ORDERED) == ["p-17"]
    assert stands(desk) == (S.SENT, 1)
    assert states(desk) == ["active", "(sent)", "(sent)", "pending"]
    assert {each.sent_at for each in desk.case().attempts[:3]} == {desk.at(TODAY)}


def test_when_all_are_overdue_the_next_ones_are_asked(desk: BorrowingDesk) -> None:
    """Not one of them is left to be in front."""
    desk.send(suppliers=(*SUPPLIERS, "CN-PKU"))
    assert desk.clock("2026-01-13") == ["TimeOut"]
    assert (stands(desk), states(desk)) == ((S.SENT, 4), ["timed_out"] * 3 + ["active"])


def test_who_cannot_be_asked_now_keeps_its_place(desk: BorrowingDesk) -> None:
    """Nobody is asked twice, nor the library itself, nor who takes none or does not give the service."""
    desk.rule(ask_at_once=9)
    desk.know(not_taking=("CN-A",), not_serving=("CN-B",))
    desk.send(suppliers=(ONE, "CN-A", "CN-B", "CN-CQUE", TWO, ONE, TWO, THREE))

    assert states(desk) == ["active", *["pending"] * 3, "(sent)", "pending", "pending", "(sent)"]


def test_who_is_no_partner_keeps_its_place(desk: BorrowingDesk) -> None:
    """It is not asked beside one that is; when its turn comes, it is passed over."""
    desk.rule(partners=(ONE, THREE))
    desk.send(suppliers=SUPPLIERS)
    assert states(desk) == ["active", "pending", "(sent)"]
    desk.do(c.HearUnfilled, NEXT, attempt=1)
    desk.do(c.HearUnfilled, NEXT, attempt=3)
    assert states(desk) == ["unfilled", "skipped", "unfilled"]


def test_who_may_not_be_asked_again_yet_keeps_its_place(desk: BorrowingDesk) -> None:
    """It is asked again when it said, not together with another one before."""
    desk.send(suppliers=SUPPLIERS)
    desk.rule(sends_itself=False)
    desk.do(c.HearRetry, NEXT, attempt=1, after=date(2026, 3, 2))
    desk.do(c.HearRetry, NEXT, attempt=2)
    desk.do(c.HearUnfilled, NEXT, attempt=3)
    for attempt in (1, 2):
        desk.do(c.AcceptRetry, THEN, attempt=attempt)
    desk.do(c.Send, THEN)
    assert states(desk) == ["retry", "retry", "unfilled", "active", "pending"]
    assert [each.supplier for each in desk.case().ahead] == [ONE]


def test_the_clock_asks_no_library_that_is_no_partner_any_more(desk: BorrowingDesk) -> None:
    """The one that could be asked again from that day on is passed over."""
    desk.send(suppliers=(ONE,))
    desk.do(c.HearRetry, NEXT, after=date(2026, 3, 2))
    desk.do(c.AcceptRetry, NEXT)
    desk.rule(partners=(TWO,))
    assert desk.clock("2026-03-02") == ["Send"]
    assert states(desk) == ["retry", "skipped"]


@pytest.mark.parametrize("most", [1, 0, -1])
def test_one_after_the_other(desk: BorrowingDesk, most: int) -> None:
    """With one at a time, or a number that is none, the next is asked alone."""
    desk.rule(ask_at_once=most)
    desk.send(suppliers=SUPPLIERS)
    assert states(desk) == ["active", "pending", "pending"]


def test_an_undo_takes_back_every_request(asked: BorrowingDesk) -> None:
    """All of them come next again, in their order; no request leaves."""
    desk = asked
    change = desk.do(c.Undo, TODAY)

    assert stands(desk) == (S.ROUTABLE, 1)
    assert states(desk) == ["cancelled"] * 3 + ["pending"] * 3
    assert [each.supplier for each in desk.case().ahead] == list(SUPPLIERS)
    assert change.withdrawals[0].kinds == (m.REQUEST, m.ORDERED)
    desk.do(c.Send, TODAY)
    assert states(desk)[3:] == ["active", "(sent)", "(sent)"]


# --- what is heard beside ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "becomes"),
    [
        (c.HearReceived, {}, "(sent)"),
        (c.HearExpect, {}, "(expected)"),
        (c.HearNotification, {"note": "?"}, "(sent)"),
        (c.HearCosts, {"costs": costs(loan=4)}, "(sent)"),
        (c.HearStatus, {"status": Status.REQUEST_RECEIVED}, "(sent)"),
        (c.HearStatus, {"status": Status.EXPECT_TO_SUPPLY}, "(sent)"),
        (c.HearUnfilled, {}, "unfilled"),
        (c.HearStatus, {"status": Status.UNFILLED}, "unfilled"),
        (c.HearRetry, {"before": date(2026, 2, 1)}, "retry"),
        (c.HearWithdrawn, {}, "withdrew"),
        (c.HearRecall, {}, "(sent)"),
        (c.HearCancelAnswer, {"yes": True}, "(sent)"),
    ],
)
def test_what_is_said_beside_is_about_its_own_attempt(
    asked: BorrowingDesk, kind: type[c.Hear], said: dict[str, Any], becomes: str
) -> None:
    """The case stays where it is, and so does whoever is in front, and the third."""
    desk = asked
    before = desk.case()
    change = desk.do(kind, NEXT, attempt=2, **said)
    after = desk.case()

    assert states(desk) == ["active", becomes, "(sent)"]
    assert (after.state, after.current, after.since, after.cancel) == (S.SENT, 1, before.since, None)
    assert after.numbered(1) == before.numbered(1)
    assert change.withdrawals == ()
    assert m.CANCEL not in {message.kind for message in change.messages}


def test_who_speaks_beside_is_its_own_supplier(asked: BorrowingDesk) -> None:
    """Another one who says so is not heard; staff are for it."""
    desk = asked
    desk.do(c.HearPromise, NEXT, attempt=2, by=desk.supplier(3))
    assert stands(desk) == (S.SENT, 1)
    assert desk.attention()[-1][0] == "unknown-sender"
    desk.do(c.HearPromise, NEXT, attempt=2, by=desk.staff, evidence="<a@b>")
    assert stands(desk) == (S.PROMISED, 2)


def test_what_was_overtaken_on_its_way_changes_nothing(asked: BorrowingDesk) -> None:
    """Beside as in front: what is as of less than was heard is past."""
    desk = asked
    desk.do(c.HearReceived, NEXT, attempt=2, as_of=5)
    for kind in (c.HearExpect, c.HearPromise, c.HearOffer):
        desk.do(kind, NEXT, attempt=2, as_of=4)
    assert states(desk) == ["active", "(sent)", "(sent)"]


def test_a_retry_beside_is_shown_to_staff(asked: BorrowingDesk) -> None:
    """Its terms are on record, and the case goes on with the others; in front as well."""
    desk = asked
    desk.do(c.HearRetry, NEXT, attempt=2, before=date(2026, 2, 1))
    desk.do(c.HearRetry, NEXT, attempt=1)
    assert stands(desk) == (S.SENT, 3)
    assert [each for each in desk.attention() if each[0] == "could-retry"] == [
        ("could-retry", {"supplier": TWO}),
        ("could-retry", {"supplier": ONE}),
    ]
    desk.do(c.HearRetry, NEXT, attempt=3)  # the last one's is ours to decide
    assert stands(desk) == (S.RETRY_OFFERED, 3)


def test_what_has_no_place_beside_is_out_of_order(asked: BorrowingDesk) -> None:
    """It is not taken for something of an attempt that has ended."""
    desk = asked
    desk.do(c.HearRecall, NEXT, attempt=2)
    assert desk.attention() == [("out-of-order", {"said": "HearRecall", "state": "sent"})]


def test_whatever_it_charges_is_owed_to_it(asked: BorrowingDesk) -> None:
    """Costs stay with the attempt, also when another one supplies."""
    desk = asked
    desk.do(c.HearCosts, NEXT, attempt=2, costs=costs(search=5))
    desk.do(c.HearShipped, THEN, attempt=3, costs=costs(loan=30))
    assert (desk.payable(TWO), desk.payable(THREE), desk.payable(ONE)) == (yuan(5), yuan(30), yuan(0))


# --- who wins ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attempt", [1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "said", "state"),
    [
        (c.HearPromise, {}, S.PROMISED),
        (c.HearShipped, {}, S.SHIPPED),
        (c.HearShipped, {"service": Service.COPY, "delivery": LINK, "due": None}, S.DELIVERED),
    ],
)
def test_the_first_promise_or_shipment_wins(
    asked: BorrowingDesk, attempt: int, kind: type[c.Hear], said: dict[str, Any], state: CaseState
) -> None:
    """In front or beside: the case is with it, and every other one is told once, at its own request."""
    desk = asked
    change = desk.do(kind, NEXT, attempt=attempt, **said)
    others = [number for number in (1, 2, 3) if number != attempt]

    assert stands(desk) == (state, attempt)
    assert desk.names(change) == [kind.__name__, "LeaveSupplier", "LeaveSupplier"]
    cancels = [message for message in change.messages if message.kind == m.CANCEL]
    assert [message.to for message in cancels] == [SUPPLIERS[number - 1] for number in others]
    assert [dict(message.facts)["request"] for message in cancels] == [f"B-1~{number}" for number in others]
    assert {facts_of(message)["intent"] for message in cancels} == {"leave_supplier"}
    for number in others:
        loser = desk.attempt(number)
        assert (loser.state, loser.left, loser.beside) == (A.CANCELLED, True, None)
    assert desk.case().beside == ()


def test_a_status_counts_as_what_it_says(asked: BorrowingDesk) -> None:
    """A supplier beside that says "loaned" has shipped."""
    desk = asked
    desk.do(c.HearStatus, NEXT, attempt=2, status=Status.WILL_SUPPLY)
    assert stands(desk) == (S.PROMISED, 2)


def test_what_comes_unannounced_came_from_somebody(asked: BorrowingDesk) -> None:
    """Staff say from whom; that one wins, and hears that it is here."""
    desk = asked
    assert desk.refused(c.Receive, NEXT, unannounced=True) == [("ill.supplier-not-said", None, {})]
    assert desk.refused(c.Receive, NEXT, unannounced=True, attempt=9) == [
        ("ill.not-also-asked", None, {"attempt": 9})
    ]
    change = desk.do(c.Receive, NEXT, unannounced=True, attempt=3, items=("v1",), due=date(2026, 3, 6))
    assert stands(desk) == (S.RECEIVED, 3)
    assert told(change, m.RECEIVED) == [THREE]
    assert told(change, m.CANCEL) == [ONE, TWO]


def test_what_comes_unannounced_may_be_of_the_one_in_front(asked: BorrowingDesk) -> None:
    """A copy, named by its number."""
    desk = asked
    desk.do(c.Receive, NEXT, unannounced=True, attempt=1, service=Service.COPY)
    assert stands(desk) == (S.DELIVERED, 1)
    assert states(desk) == ["supplied", "cancelled", "cancelled"]


def test_the_number_of_another_one_is_refused(asked: BorrowingDesk) -> None:
    """What was sent by one does not come from another."""
    desk = asked
    desk.do(c.HearShipped, NEXT, attempt=2)
    assert desk.refused(c.Receive, THEN, attempt=1) == [("ill.not-also-asked", None, {"attempt": 1})]
    desk.do(c.Receive, THEN, attempt=2)
    assert stands(desk) == (S.RECEIVED, 2)


def test_who_was_left_and_promises_is_told_again(asked: BorrowingDesk) -> None:
    """Promises and offers that crossed are answered; what only crossed calls nobody."""
    desk = asked
    desk.do(c.HearPromise, NEXT)
    attention = desk.attention()
    for promise in (c.HearPromise, c.HearOffer):
        assert told(desk.do(promise, THEN, attempt=2), m.CANCEL) == [TWO]
    for kind in (c.HearReceived, c.HearExpect, c.HearUnfilled, c.HearRetry):
        assert desk.do(kind, THEN, attempt=3).messages == ()
    assert desk.attention() == attention
    assert stands(desk) == (S.PROMISED, 1)
    strange = desk.do(c.HearPromise, THEN, attempt=2, by=desk.supplier(3))
    assert told(strange, m.CANCEL) == []


def test_who_was_left_and_says_no_is_shown_to_staff(asked: BorrowingDesk) -> None:
    """A "yes" is what was asked for; a "no" means that it may ship."""
    desk = asked
    desk.do(c.HearPromise, NEXT)
    desk.do(c.HearCancelAnswer, THEN, attempt=2, yes=True)
    assert desk.attention() == []
    desk.do(c.HearCancelAnswer, THEN, attempt=3, yes=False)
    assert [code for code, _ in desk.attention()] == ["ended-attempt"]


def test_what_a_left_one_ships_goes_back_by_a_case_of_its_own(asked: BorrowingDesk) -> None:
    """And what it says after that goes there."""
    desk = asked
    desk.do(c.HearShipped, NEXT, attempt=1)
    desk.do(c.HearShipped, THEN, attempt=2, items=("Z-1",))
    back = desk.case("B-1/return-2")
    assert (back.state, back.origin, back.items) == (S.SHIPPED, "B-1", ("Z-1",))
    assert stands(desk) == (S.SHIPPED, 1)
    desk.do(c.HearPromise, THEN, attempt=2)
    assert desk.case("B-1/return-2").version == 2


def test_a_request_that_has_not_left_is_followed_by_its_cancellation(asked: BorrowingDesk) -> None:
    """Within the minutes of an undo: the requests wait, and the cancellations as long."""
    desk = asked
    change = desk.do(c.HearPromise, TODAY)
    until = desk.at("2026-01-05T10:05")
    assert {message.not_before for message in change.messages if message.kind == m.CANCEL} == {until}
    assert all(m.REQUEST not in each.kinds for each in change.withdrawals)


def test_who_leaves_before_its_request_has_left_takes_none_with_it(asked: BorrowingDesk) -> None:
    """The requests of the others go out."""
    desk = asked
    for attempt in (1, 3):
        change = desk.do(c.HearUnfilled, TODAY, attempt=attempt)
        assert all(m.REQUEST not in each.kinds for each in change.withdrawals)
    last = desk.do(c.HearUnfilled, TODAY, attempt=2)
    assert any(m.REQUEST in each.kinds for each in last.withdrawals)


# --- who is next in front ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.HearUnfilled, {}),
        (c.HearWithdrawn, {}),
        (c.HearRetry, {}),
        (c.HearStatus, {"status": Status.UNFILLED}),
    ],
)
def test_when_the_one_in_front_is_out_of_it_another_is(
    asked: BorrowingDesk, kind: type[c.Hear], said: dict[str, Any]
) -> None:
    """The case is with the next one that has the request, as it stands there, since then."""
    desk = asked
    desk.do(c.HearExpect, "2026-01-06T11:00", attempt=2)
    change = desk.do(kind, THEN, attempt=1, **said)
    assert desk.names(change)[-1] == "GoOnWith"
    assert stands(desk) == (S.EXPECTED, 2)
    assert desk.case().since == desk.at("2026-01-06T11:00")
    assert states(desk)[1:] == ["active", "(sent)"]
    assert not told(change, m.CANCEL)


def test_it_is_unfilled_when_all_are(asked: BorrowingDesk) -> None:
    """Not before."""
    desk = asked
    for attempt, state in ((1, S.SENT), (2, S.SENT), (3, S.ROTA_EXHAUSTED)):
        desk.do(c.HearUnfilled, NEXT, attempt=attempt)
        assert desk.case().state is state


def test_the_next_wave_is_asked_when_all_have_said_no(desk: BorrowingDesk) -> None:
    """Three, then the rest."""
    desk.send(suppliers=(*SUPPLIERS, "CN-PKU", "CN-THU"))
    for attempt in (2, 1, 3):
        desk.do(c.HearUnfilled, NEXT, attempt=attempt)
    assert stands(desk) == (S.SENT, 4)
    assert states(desk)[3:] == ["active", "(sent)"]


def test_every_one_that_is_overdue_is_timed_out(asked: BorrowingDesk) -> None:
    """At once, and each is told; who thinks it can has its time anew."""
    desk = asked
    desk.do(c.HearExpect, "2026-01-08", attempt=2)
    assert desk.clock("2026-01-13") == ["TimeOut"]
    assert (stands(desk), states(desk)) == ((S.EXPECTED, 2), ["timed_out", "active", "timed_out"])
    assert desk.clock("2026-01-20") == ["TimeOut"]
    assert desk.case().state is S.ROTA_EXHAUSTED
    cancels = [message.to for message in desk.messages if message.kind == m.CANCEL]
    assert sorted(cancels) == sorted(SUPPLIERS)


def test_who_is_silent_beside_an_offer_is_timed_out(asked: BorrowingDesk) -> None:
    """Whatever is waited for in front, and however often it says that it thinks it can; each is told once."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=1)
    by = desk.policy.answer_by(desk.at(TODAY), desk.case().level)
    assert next_wake(desk.case(), desk.policy) == by
    early = desk.refused(c.TimeOut, NEXT, attempt=2)
    assert early == [("ill.too-early", None, {"from": by.astimezone(desk.policy.zone).isoformat()})]
    assert desk.clock("2026-01-13") == ["TimeOut", "TimeOut"]
    assert (stands(desk), states(desk)) == ((S.OFFERED, 1), ["active", "timed_out", "timed_out"])
    assert [each.to for each in desk.messages if each.kind == m.CANCEL] == [TWO, THREE]
    assert desk.refused(c.TimeOut, "2026-01-14", attempt=2) == [("ill.not-also-asked", None, {"attempt": 2})]
    assert desk.refused(c.TimeOut, "2026-01-14", attempt=9) == [("ill.not-also-asked", None, {"attempt": 9})]


def test_a_hope_in_front_keeps_nobody_beside(asked: BorrowingDesk) -> None:
    """Who thinks anew that it can has its time anew; the silent ones do not."""
    desk = asked
    desk.do(c.HearExpect, "2026-01-09", attempt=1)
    assert desk.clock("2026-01-13") == ["TimeOut", "TimeOut"]
    assert (stands(desk), states(desk)) == ((S.EXPECTED, 1), ["active", "timed_out", "timed_out"])


def test_who_has_answered_beside_is_not_timed_out(asked: BorrowingDesk) -> None:
    """An offer waits for us, and a cancellation has a time of its own."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=1)
    desk.do(c.HearOffer, NEXT, attempt=2)
    desk.do(c.RejectOffer, NEXT, attempt=1)
    for number in (1, 3):
        assert (desk.refused(c.TimeOut, "2026-01-14", attempt=number) == []) is (number == 3)
    assert desk.refused(c.TimeOut, "2026-01-14", attempt=1) == [
        ("ill.answer-not-awaited", None, {"attempt": 1})
    ]
    assert desk.clock("2026-01-14") == ["TimeOut"]
    assert states(desk) == ["(offered)", "active", "timed_out"]


# --- offers -----------------------------------------------------------------------------------------------------


def test_an_offer_gets_in_front(asked: BorrowingDesk) -> None:
    """While nobody in front has made one; the others stay beside, and nobody is told anything."""
    desk = asked
    desk.do(c.HearExpect, NEXT, attempt=1)
    change = desk.do(c.HearOffer, NEXT, attempt=2)
    assert stands(desk) == (S.OFFERED, 2)
    assert states(desk) == ["(expected)", "active", "(sent)"]
    assert told(change, m.DECISION) == ["p-17"]
    assert not told(change, m.CANCEL)
    same = desk.do(c.HearOffer, NEXT, attempt=2, revision=1)  # said again
    assert same.messages == ()


def test_another_offer_waits_its_turn(asked: BorrowingDesk) -> None:
    """It is on record, and staff know; the one in front is decided first."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=2)
    change = desk.do(c.HearOffer, NEXT, attempt=3, cost=yuan(25))
    assert stands(desk) == (S.OFFERED, 2)
    assert states(desk) == ["(sent)", "active", "(offered)"]
    assert not told(change, m.DECISION)
    assert desk.attention() == [("another-offer", {"supplier": THREE})]
    assert desk.do(c.HearOffer, NEXT, attempt=3, revision=1).messages == ()
    desk.do(c.HearExpect, NEXT, attempt=3)  # what waits for our decision does not become a hope again
    assert states(desk)[2] == "(offered)"
    assert desk.attention()[-1][0] == "out-of-order"


def test_an_offer_within_the_rules_is_taken_and_the_others_left(asked: BorrowingDesk) -> None:
    """By itself."""
    desk = asked
    change = desk.do(c.HearOffer, NEXT, attempt=2, cost=yuan(10))
    assert desk.names(change) == ["HearOffer", "AcceptOffer", "LeaveSupplier", "LeaveSupplier"]
    assert stands(desk) == (S.PROMISED, 2)


def test_who_accepts_one_offer_leaves_the_other(asked: BorrowingDesk) -> None:
    """Its offer lapses."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=2)
    desk.do(c.HearOffer, NEXT, attempt=3)
    desk.do(c.AcceptOffer, THEN, attempt=2)
    offers = [each.offer.state for each in desk.case().attempts if each.offer is not None]
    assert offers == [OfferState.ACCEPTED, OfferState.LAPSED]
    assert states(desk) == ["cancelled", "active", "cancelled"]


def test_a_rejected_offer_gives_way_to_another(asked: BorrowingDesk) -> None:
    """The other one is for decision at once; the first one's answer is heard beside."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=2)
    desk.do(c.HearOffer, NEXT, attempt=3, cost=yuan(90))
    change = desk.do(c.RejectOffer, THEN, attempt=2)
    assert desk.names(change) == ["RejectOffer", "GoOnWith"]
    assert told(change, m.DECISION) == ["p-17"]
    assert stands(desk) == (S.OFFERED, 3)
    desk.do(c.HearCancelAnswer, THEN, attempt=2, yes=True)
    assert states(desk) == ["(sent)", "offer_rejected", "active"]
    desk.do(c.RejectOffer, THEN, attempt=3)  # nobody else has made one: its answer decides
    assert stands(desk) == (S.OFFERED, 3)
    desk.do(c.HearCancelAnswer, THEN, attempt=3, yes=True)
    assert stands(desk) == (S.SENT, 1)


def test_an_offer_that_waited_is_decided_by_rule_or_by_somebody(asked: BorrowingDesk) -> None:
    """Within the rules it is taken when its turn comes."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=2)
    desk.do(c.HearOffer, NEXT, attempt=3, cost=yuan(10))
    change = desk.do(c.HearUnfilled, THEN, attempt=2)
    assert desk.names(change)[:3] == ["HearUnfilled", "GoOnWith", "AcceptOffer"]
    assert (stands(desk), states(desk)[0]) == ((S.PROMISED, 3), "cancelled")


@pytest.mark.parametrize("decide", [c.AcceptOffer, c.RejectOffer])
@pytest.mark.parametrize("how", ["unfilled", "preferred"])
def test_nobody_takes_an_offer_for_another(asked: BorrowingDesk, how: str, decide: type[Command]) -> None:
    """Each supplier counts its own: the answer to one at 30 never decides one at 90 that came in front."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=1, cost=yuan(30))
    desk.do(c.HearOffer, NEXT, attempt=2, cost=yuan(90))
    if how == "unfilled":
        change = desk.do(c.HearUnfilled, NEXT, attempt=1)
    else:
        change = desk.do(c.GoOnWith, NEXT, attempt=2)
    letters = [facts_of(each) for each in desk.messages if each.kind == m.DECISION]
    assert [(each["attempt"], each["revision"], each["cost"]) for each in letters] == [
        (1, 1, yuan(30)),
        (2, 1, yuan(90)),
    ]
    assert told(change, m.DECISION) == ["p-17"]
    said: dict[str, Any] = {"by": desk.patron, "revision": 1}
    if decide is c.RejectOffer:
        said["intent"] = CancelIntent.END_CASE
    assert desk.refused(decide, THEN, **said) == [("ill.offer-not-said", None, {})]
    assert desk.refused(decide, THEN, **said, attempt=1) == [
        ("ill.offer-not-in-front", None, {"attempt": 1, "in_front": 2})
    ]
    desk.do(decide, THEN, **said, attempt=2)
    assert desk.attempt(1).agreed is None


def test_staff_may_prefer_the_offer_that_waits(asked: BorrowingDesk) -> None:
    """Between offers only; the one before keeps its place."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=2)
    desk.do(c.HearOffer, NEXT, attempt=3)
    assert desk.refused(c.GoOnWith, THEN, attempt=1) == [("ill.no-offer-of-it", None, {"supplier": ONE})]
    assert desk.refused(c.GoOnWith, THEN, attempt=2) == [("ill.not-also-asked", None, {"attempt": 2})]
    desk.do(c.GoOnWith, THEN, attempt=3)
    assert stands(desk) == (S.OFFERED, 3)
    assert states(desk) == ["(sent)", "(offered)", "active"]


def test_a_new_offer_gets_in_front_of_a_rejected_one(asked: BorrowingDesk) -> None:
    """What waits for an answer to its rejection keeps nobody waiting."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=1)
    desk.do(c.RejectOffer, NEXT)
    desk.do(c.HearOffer, THEN, attempt=2)
    assert stands(desk) == (S.OFFERED, 2)
    assert desk.case().cancel is None
    place = desk.attempt(1).beside
    assert place is not None
    assert place.cancelling


# --- what it costs -------------------------------------------------------------------------------------------------


def test_the_patron_pays_who_supplies(asked: BorrowingDesk) -> None:
    """What the others charge is owed to them by the library, whenever they say so; staff see each of them."""
    desk = asked
    desk.do(c.HearCosts, NEXT, attempt=2, costs=costs(loan=3))
    desk.do(c.HearShipped, THEN, attempt=1, costs=costs(loan=20))
    assert desk.charged() == yuan(20)
    desk.do(c.HearCancelAnswer, "2026-01-08", attempt=3, yes=True, costs=costs(loan=55))
    desk.do(c.HearReceived, "2026-01-08", attempt=3)
    assert (desk.charged(), desk.payable(TWO), desk.payable(THREE)) == (yuan(20), yuan(3), yuan(55))
    assert desk.attention() == [
        ("costs-without-supply", {"supplier": TWO}),
        ("costs-without-supply", {"supplier": THREE}),
    ]
    desk.do(c.HearCosts, "2026-01-09", attempt=3, costs=costs(loan=0))
    assert desk.payable(THREE) == yuan(0)
    assert [code for code, _ in desk.attention()].count("costs-without-supply") == 2


# --- cancelling ---------------------------------------------------------------------------------------------------


def test_a_cancellation_asks_every_one(asked: BorrowingDesk) -> None:
    """The case closes when the last one has said yes, or is out of it."""
    desk = asked
    change = desk.do(c.CancelRequest, NEXT, reason="已另购")
    assert told(change, m.CANCEL) == list(SUPPLIERS)
    desk.do(c.HearCancelAnswer, THEN, attempt=2, yes=True)
    desk.do(c.HearUnfilled, THEN, attempt=1)
    assert stands(desk) == (S.SENT, 3)
    assert desk.case().cancelling
    desk.do(c.HearCancelAnswer, THEN, attempt=3, yes=True)
    assert (desk.case().state, desk.case().outcome) == (S.CLOSED, CaseOutcome.CANCELLED)
    assert states(desk) == ["unfilled", "cancelled", "cancelled"]


def test_who_says_no_to_a_cancellation_goes_on(asked: BorrowingDesk) -> None:
    """The others' answers are theirs; the case is with whoever has refused."""
    desk = asked
    desk.do(c.CancelRequest, NEXT)
    desk.do(c.HearCancelAnswer, THEN, attempt=2, yes=False)
    place = desk.attempt(2).beside
    assert place is not None
    assert place.cancel is not None
    assert place.cancel.state is CancelState.REFUSED
    assert ("cancel-refused", {"supplier": TWO}) in desk.attention()
    for attempt in (1, 3):
        desk.do(c.HearCancelAnswer, THEN, attempt=attempt, yes=True)
    assert stands(desk) == (S.SENT, 2)
    assert not desk.case().cancelling


def test_an_answer_that_contradicts_itself_leaves_it_open(asked: BorrowingDesk) -> None:
    """Beside as in front."""
    desk = asked
    desk.do(c.CancelRequest, NEXT)
    desk.do(c.HearCancelAnswer, THEN, attempt=2, yes=True, status=Status.LOANED)
    place = desk.attempt(2).beside
    assert place is not None
    assert place.cancelling


def test_a_shipment_beats_a_cancellation(asked: BorrowingDesk) -> None:
    """The others are left, and not told again: they have been asked to cancel."""
    desk = asked
    desk.do(c.CancelRequest, NEXT)
    change = desk.do(c.HearShipped, THEN, attempt=3)
    assert stands(desk) == (S.SHIPPED, 3)
    cancel = desk.case().cancel
    assert cancel is not None
    assert cancel.state is CancelState.MOOT
    assert not told(change, m.CANCEL)
    assert [each.left for each in desk.case().attempts] == [True, True, None]


def test_without_answers_each_is_given_up(asked: BorrowingDesk) -> None:
    """The clock, one after the other; then the case has ended."""
    desk = asked
    desk.do(c.CancelRequest, NEXT)
    assert desk.clock("2026-01-20") == ["Abandon"] * 3
    assert desk.case().outcome is CaseOutcome.CANCELLED
    assert [each.to for each in desk.messages if each.kind == m.ABANDONED] == list(SUPPLIERS)


def test_what_is_of_no_use_any_more_is_cancelled_everywhere(desk: BorrowingDesk) -> None:
    """Once; and it has expired, not been cancelled, also if the one in front says yes first."""
    desk.send(suppliers=SUPPLIERS, need_before=date(2026, 1, 8))
    assert desk.clock("2026-01-09") == ["Expire"]
    assert [each.to for each in desk.messages if each.kind == m.CANCEL] == list(SUPPLIERS)
    for attempt in (1, 3, 2):
        desk.do(c.HearCancelAnswer, "2026-01-09", attempt=attempt, yes=True)
        assert attempt == 2 or DelayKind.NEED_BEFORE in desk.case().delayed
    assert desk.case().outcome is CaseOutcome.EXPIRED


def test_leaving_the_one_in_front_leaves_the_others_alone(asked: BorrowingDesk) -> None:
    """With the intent to ask somebody else, only it is asked to cancel."""
    desk = asked
    change = desk.do(c.CancelRequest, NEXT, intent=CancelIntent.LEAVE_SUPPLIER)
    assert told(change, m.CANCEL) == [ONE]
    desk.do(c.HearCancelAnswer, THEN, yes=True)
    assert stands(desk) == (S.SENT, 2)


def test_a_promise_of_one_that_is_being_left_wins_nothing(asked: BorrowingDesk) -> None:
    """It crossed our cancellation: only if it refuses, and nobody else can, it is its own again."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=1)
    desk.do(c.RejectOffer, NEXT)
    desk.do(c.HearOffer, NEXT, attempt=2)
    desk.do(c.HearPromise, THEN, attempt=1)
    assert stands(desk) == (S.OFFERED, 2)
    assert states(desk) == ["(promised)", "active", "(sent)"]
    desk.do(c.HearCancelAnswer, THEN, attempt=1, yes=False)
    desk.do(c.HearUnfilled, THEN, attempt=2)
    assert stands(desk) == (S.PROMISED, 1)
    assert states(desk) == ["active", "unfilled", "cancelled"]


def test_in_front_a_promise_of_one_that_is_being_left_leaves_nobody(asked: BorrowingDesk) -> None:
    """Until it has refused to cancel."""
    desk = asked
    desk.do(c.CancelRequest, NEXT, intent=CancelIntent.LEAVE_SUPPLIER)
    desk.do(c.HearPromise, THEN)
    assert states(desk) == ["active", "(sent)", "(sent)"]
    desk.do(c.HearCancelAnswer, THEN, yes=False)
    assert stands(desk) == (S.PROMISED, 1)
    assert states(desk) == ["active", "cancelled", "cancelled"]


def test_the_end_of_the_case_is_wished_of_who_is_being_left_too(asked: BorrowingDesk) -> None:
    """It is not asked twice, and its yes ends the case as the others' does."""
    desk = asked
    desk.do(c.HearOffer, NEXT, attempt=1)
    desk.do(c.RejectOffer, NEXT)
    desk.do(c.HearOffer, NEXT, attempt=2)
    change = desk.do(c.RejectOffer, THEN, attempt=2, intent=CancelIntent.END_CASE)
    assert told(change, m.OFFER_REJECTED) == [TWO]
    assert told(change, m.CANCEL) == [THREE]
    for attempt in (2, 3, 1):
        desk.do(c.HearCancelAnswer, THEN, attempt=attempt, yes=True)
    assert desk.case().outcome is CaseOutcome.CANCELLED
    assert states(desk) == ["offer_rejected", "offer_rejected", "cancelled"]


@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize(
    ("kind", "said"), [(c.HearUnfilled, {}), (c.HearRetry, {}), (c.HearWithdrawn, {}), (c.TimeOut, {})]
)
def test_nobody_else_is_asked_for_who_has_given_it_up(
    desk: BorrowingDesk, first: int, kind: type[Command], said: dict[str, Any]
) -> None:
    """One refuses to cancel and the other does not: when that one is out of it as well, the case has ended."""
    desk.rule(ask_at_once=2)
    desk.send(suppliers=(*SUPPLIERS, "CN-PKU"))
    desk.do(c.CancelRequest, NEXT, by=desk.patron)
    desk.do(c.HearCancelAnswer, THEN, attempt=first, yes=False)
    desk.do(c.HearCancelAnswer, THEN, attempt=3 - first, yes=True)
    assert stands(desk) == (S.SENT, first)
    if issubclass(kind, c.Hear):
        said = {**said, "attempt": first}
    change = desk.do(kind, "2026-01-20", **said)
    assert desk.names(change) == [kind.__name__]
    assert desk.case().outcome is CaseOutcome.CANCELLED
    assert told(change, m.CANCELLED) == ["p-17"]


def test_the_case_has_ended_when_all_who_refused_to_cancel_are_silent(desk: BorrowingDesk) -> None:
    """They are timed out together, and nobody else is asked; what one of them charged is seen."""
    desk.rule(ask_at_once=2)
    desk.send(suppliers=(*SUPPLIERS, "CN-PKU"))
    desk.do(c.HearCosts, NEXT, attempt=2, costs=costs(search=2))
    desk.do(c.CancelRequest, NEXT, by=desk.patron)
    for attempt in (1, 2):
        desk.do(c.HearCancelAnswer, NEXT, attempt=attempt, yes=False)
    assert desk.clock("2026-01-13") == ["TimeOut"]
    assert desk.case().outcome is CaseOutcome.CANCELLED
    assert states(desk) == ["timed_out", "timed_out", "pending", "pending"]
    assert ("costs-without-supply", {"supplier": TWO}) in desk.attention()


def test_who_accepts_terms_after_all_wishes_it_to_go_on(desk: BorrowingDesk) -> None:
    """The rules take none for him that he has not seen; once he has taken it, others may be asked again."""
    desk.send(suppliers=SUPPLIERS)
    desk.rule(ask_at_once=1)
    for number in (2, 3):
        desk.do(c.LeaveSupplier, TODAY, attempt=number)
    desk.do(c.CancelRequest, NEXT, by=desk.patron)
    desk.do(c.HearCancelAnswer, THEN, yes=False)
    change = desk.do(c.HearOffer, THEN, cost=yuan(1))
    assert desk.names(change) == ["HearOffer"]
    assert told(change, m.DECISION) == ["p-17"]
    desk.do(c.AcceptOffer, THEN, by=desk.patron)
    assert desk.case().cancel is None
    desk.do(c.SetRota, THEN, suppliers=("CN-PKU",))
    desk.do(c.HearUnfilled, "2026-01-08")
    assert desk.case().state is S.SENT


def test_the_end_of_the_case_takes_the_place_of_leaving_the_one_in_front(asked: BorrowingDesk) -> None:
    """The others are asked to cancel, and the one in front not once more; its yes ends the case with theirs."""
    desk = asked
    desk.do(c.CancelRequest, NEXT, intent=CancelIntent.LEAVE_SUPPLIER, reason="太慢")
    pending: list[Any] = [("ill.cancel-pending", None, {})]
    assert desk.refused(c.CancelRequest, NEXT, intent=CancelIntent.LEAVE_SUPPLIER) == pending
    change = desk.do(c.CancelRequest, THEN, by=desk.patron)
    assert told(change, m.CANCEL) == [TWO, THREE]
    cancel = desk.case().cancel
    assert cancel is not None
    assert (cancel.intent, cancel.asked_at) == (CancelIntent.END_CASE, desk.at(NEXT))
    assert cancel.reason == "太慢"
    assert desk.refused(c.CancelRequest, THEN) == pending
    for attempt in (1, 2, 3):
        desk.do(c.HearCancelAnswer, THEN, attempt=attempt, yes=True)
    assert desk.case().outcome is CaseOutcome.CANCELLED


# --- asked again ---------------------------------------------------------------------------------------------------


def test_a_retry_is_not_lost_when_anothers_no_comes_last(desk: BorrowingDesk) -> None:
    """Nobody is left, and nothing is given up by itself: staff ask the one again that would do it."""
    desk.rule(gives_up_itself=True)
    desk.send(suppliers=(ONE, TWO))
    desk.do(c.HearRetry, NEXT, attempt=1, before=date(2026, 2, 1), cost=yuan(8))
    desk.do(c.HearUnfilled, THEN, attempt=2)
    assert desk.case().state is S.ROTA_EXHAUSTED
    for wrong in (None, 2, 9):
        number = wrong or 2
        assert desk.refused(c.AcceptRetry, THEN, attempt=wrong) == [
            ("ill.no-retry-of-it", None, {"attempt": number})
        ]
    late = desk.refused(c.AcceptRetry, "2026-02-02", attempt=1)
    assert late == [("ill.retry-lapsed", None, {"before": date(2026, 2, 1)})]
    change = desk.do(c.AcceptRetry, THEN, attempt=1)
    assert desk.names(change) == ["AcceptRetry", "Send"]
    assert m.ROTA_END in change.withdrawals[0].kinds
    again = desk.attempt(3)
    assert (stands(desk), again.supplier, again.retry_of) == ((S.SENT, 3), ONE, 1)
    assert again.agreed == yuan(8)
    desk.do(c.HearUnfilled, "2026-01-08")
    assert desk.refused(c.AcceptRetry, "2026-01-08", attempt=1) == [
        ("ill.retried-already", None, {"attempt": 1})
    ]
    desk.do(c.ClearAttention, "2026-01-08", code="ill.attention.could-retry")
    assert desk.case().outcome is CaseOutcome.UNFILLED  # staff have seen that it could have been


def test_staff_who_have_it_in_their_hands_may_ask_again(desk: BorrowingDesk) -> None:
    """Before the next in the rota; then it is out of their hands."""
    desk.rule(sends_itself=False)
    desk.submit(suppliers=(*SUPPLIERS, "CN-PKU"))
    desk.do(c.ApproveRequest, TODAY, copyright_basis="私人学习")
    desk.do(c.Send, TODAY)
    desk.do(c.HearRetry, NEXT, attempt=2)
    for attempt in (1, 3):
        desk.do(c.HearUnfilled, NEXT, attempt=attempt)
    desk.do(c.SkipSupplier, NEXT)
    desk.do(c.SetRota, NEXT, suppliers=("CN-PKU",))
    desk.do(c.SkipSupplier, NEXT)
    assert desk.case().state is S.ROTA_EXHAUSTED
    desk.do(c.SetRota, NEXT, suppliers=("CN-THU", "CN-PKU"))
    desk.do(c.SkipSupplier, NEXT)
    assert (desk.case().state, desk.case().since) == (S.ROUTABLE, desk.at(NEXT))
    desk.do(c.AcceptRetry, THEN, attempt=2)
    assert (desk.case().state, desk.case().since) == (S.ROUTABLE, None)
    assert [each.supplier for each in desk.case().ahead] == [TWO, "CN-PKU"]


def test_staff_may_leave_one_of_several(asked: BorrowingDesk) -> None:
    """It is told; the one in front is cancelled otherwise."""
    desk = asked
    assert told(desk.do(c.LeaveSupplier, NEXT, attempt=3), m.CANCEL) == [THREE]
    assert states(desk) == ["active", "(sent)", "cancelled"]
    assert desk.refused(c.LeaveSupplier, NEXT, attempt=1) == [("ill.not-also-asked", None, {"attempt": 1})]
    assert desk.refused(c.LeaveSupplier, NEXT, attempt=7) == [("ill.not-also-asked", None, {"attempt": 7})]


def test_the_order_of_what_is_heard_does_not_change_who_is_told(desk: BorrowingDesk) -> None:
    """Whoever wins, whatever the others said before: each loser was told once that it is out of it."""
    said: tuple[tuple[type[c.Hear], int], ...] = (
        (c.HearExpect, 1),
        (c.HearOffer, 2),
        (c.HearOffer, 3),
        (c.HearReceived, 2),
    )
    for first in range(len(said)):
        for winner in (1, 2, 3):
            desk = BorrowingDesk()
            desk.rule(ask_at_once=3)
            desk.send(suppliers=SUPPLIERS)
            for kind, attempt in (*said[first:], *said[:first]):
                desk.do(kind, NEXT, attempt=attempt)
            desk.do(c.HearShipped, THEN, attempt=winner)
            cancels = sorted(each.to for each in desk.messages if each.kind == m.CANCEL)
            assert cancels == sorted(name for n, name in enumerate(SUPPLIERS, 1) if n != winner)
            assert stands(desk) == (S.SHIPPED, winner)


def test_one_wave_is_one_case(asked: BorrowingDesk) -> None:
    """Nothing else is opened by it."""
    assert set(asked.aggregates) == {Key(BorrowingCase.kind, "B-1")}
