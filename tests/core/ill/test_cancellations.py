"""A cancellation in every state, and everything else that a requester says where it has no place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from servflow.core.changes import Actor, Command, Office, Withdrawal
from servflow.core.citations import Reason
from servflow.core.errors import InvalidValue, Refused
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.terms import Delivery, OfferState, Retry, SentVia, Service, Settlement, Unfilled
from servflow.core.money import Money

S = SupplyState
UNSUPPLIED = (S.NEW, S.CHECKING, S.PROMISED, S.OFFERED)
LATER = (S.SHIPPED, S.AT_REQUESTER, S.RETURN_IN_TRANSIT, S.LOST, S.CLOSED)
ASKED = "ill.attention.cancel-asked"


def attention(desk: Any) -> list[tuple[str, dict[str, Any]]]:
    """What staff have to look at, with its facts."""
    return [(reason.code, dict(reason.facts)) for reason in desk.loan().attention]


def answer(change: Any) -> tuple[str, bool, str]:
    """The kind, the answer and the status of the last thing that was told."""
    facts = dict(change.messages[-1].facts)
    return change.messages[-1].kind, facts["yes"], facts["status"]


# --- cancellations --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", UNSUPPLIED)
def test_a_cancellation_waits_for_staff_before_anything_is_supplied(
    lending_desk: Any, state: SupplyState
) -> None:
    """It is pending, staff see it, the state stays, and nothing is told yet; asked twice it is one."""
    lending_desk.reach(state)
    change = lending_desk.do(c.RequestCancel, "2026-02-06", note="读者已购")
    lending_desk.do(c.RequestCancel, "2026-02-08", note="读者已购")

    loan = lending_desk.loan()
    assert (loan.state, loan.cancel_asked_on) == (state, date(2026, 2, 6))
    assert attention(lending_desk) == [(ASKED, {"note": "读者已购"})]
    assert change.messages == ()


@pytest.mark.parametrize("state", UNSUPPLIED)
def test_a_cancellation_is_accepted(lending_desk: Any, state: SupplyState) -> None:
    """It is over, with nothing for staff to look at; what was to be told before is not told any more."""
    lending_desk.reach(state)
    lending_desk.do(c.RequestCancel, "2026-02-06")
    change = lending_desk.do(c.AnswerCancel, "2026-02-07", yes=True)

    loan = lending_desk.loan()
    assert (loan.state, loan.closing, loan.cancel_asked_on) == (S.CLOSED, Closing.CANCELLED, None)
    assert attention(lending_desk) == []
    assert answer(change) == (messages.CANCEL_ANSWERED, True, "Cancelled")
    kinds = (messages.RECEIVED, messages.EXPECTED, messages.PROMISED, messages.OFFERED)
    assert change.withdrawals == (Withdrawal(loan.key, kinds),)
    assert state is not S.OFFERED or loan.offer.state is OfferState.LAPSED


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (S.NEW, "RequestReceived"),
        (S.CHECKING, "ExpectToSupply"),
        (S.PROMISED, "WillSupply"),
        (S.OFFERED, "WillSupply"),
    ],
)
def test_a_cancellation_is_not_accepted(lending_desk: Any, state: SupplyState, status: str) -> None:
    """Nothing moves, and the requester hears how it stands; it may ask again."""
    lending_desk.reach(state)
    lending_desk.do(c.RequestCancel, "2026-02-06")
    change = lending_desk.do(c.AnswerCancel, "2026-02-07", yes=False)

    loan = lending_desk.loan()
    assert (loan.state, loan.cancel_asked_on, loan.cancel_refused) == (state, None, True)
    assert attention(lending_desk) == []
    assert answer(change) == (messages.CANCEL_ANSWERED, False, status)
    assert change.withdrawals == ()

    lending_desk.do(c.RequestCancel, "2026-02-08")
    assert (lending_desk.loan().cancel_asked_on, lending_desk.loan().cancel_refused) == (
        date(2026, 2, 8),
        None,
    )


def test_only_a_cancellation_that_was_asked_for_is_answered(lending_desk: Any) -> None:
    """Not without one, not the day before it, not twice."""
    lending_desk.reach(S.NEW)

    def refused(on: str) -> list[str]:
        return [reason.code for reason in lending_desk.reasons(c.AnswerCancel, on, yes=False)]

    assert refused("2026-02-06") == ["ill.no-cancel-pending"]
    lending_desk.do(c.RequestCancel, "2026-02-06")
    assert refused("2026-02-05") == ["ill.before-asking"]
    lending_desk.do(c.AnswerCancel, "2026-02-06", yes=False)
    assert refused("2026-02-06") == ["ill.no-cancel-pending"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.Ship, {"items": ("a",)}),
        (c.SupplyCopy, {"delivery": Delivery(via=SentVia.MAIL), "copyright_checked": True}),
        (c.MakeOffer, {"cost": Money(9, "CNY")}),
    ],
)
def test_nothing_is_supplied_or_offered_while_a_cancellation_waits(
    lending_desk: Any, kind: type[Command], said: dict[str, Any]
) -> None:
    """It is answered first: the reason says since when it waits."""
    lending_desk.reach(S.NEW, service=Service.COPY_OR_LOAN)
    lending_desk.do(c.RequestCancel, "2026-02-06")
    (reason,) = lending_desk.reasons(kind, "2026-02-06", **said)

    assert (reason.code, dict(reason.facts)) == ("ill.cancel-pending", {"asked_on": date(2026, 2, 6)})
    lending_desk.do(c.AnswerCancel, "2026-02-06", yes=False)
    assert lending_desk.reasons(kind, "2026-02-06", **said) == ()


def test_a_shipping_may_answer_no_itself(lending_desk: Any) -> None:
    """In one call, and told in this order: no, as it stood; and then that it is on its way."""
    lending_desk.reach(S.PROMISED)
    lending_desk.do(c.RequestCancel, "2026-02-06")
    change = lending_desk.do(c.Ship, "2026-02-06", items=("a",), refuse_cancel=True)

    assert [(message.kind, dict(message.facts)["status"]) for message in change.messages] == [
        (messages.CANCEL_ANSWERED, "WillSupply"),
        (messages.SHIPPED, "Loaned"),
    ]
    loan = lending_desk.loan()
    assert (loan.state, loan.cancel_asked_on, loan.cancel_refused) == (S.SHIPPED, None, True)
    assert attention(lending_desk) == []
    assert len({message.key for message in change.messages}) == 2


def test_a_shipping_that_answers_nothing_only_ships(lending_desk: Any) -> None:
    """Where no cancellation waits, none is refused."""
    lending_desk.reach(S.NEW)
    change = lending_desk.do(c.Ship, "2026-02-06", items=("a",), refuse_cancel=True)

    assert [message.kind for message in change.messages] == [messages.SHIPPED]
    assert lending_desk.loan().cancel_refused is None


@pytest.mark.parametrize(
    ("state", "status"), [*((state, "Loaned") for state in LATER[:-1]), (S.CLOSED, "LoanCompleted")]
)
def test_a_cancellation_that_comes_too_late_is_answered_no_at_once(
    lending_desk: Any, state: SupplyState, status: str
) -> None:
    """By the rules, with the status as it is; nothing waits, staff see nothing, the state stays."""
    lending_desk.reach(state)
    change = lending_desk.do(c.RequestCancel, "2026-02-06")

    assert [type(entry.command) for entry in change.entries] == [c.RequestCancel, c.AnswerCancel]
    assert answer(change) == (messages.CANCEL_ANSWERED, False, status)
    assert (lending_desk.loan().state, lending_desk.loan().cancel_asked_on) == (state, None)
    assert attention(lending_desk) == []


def test_what_was_cancelled_is_cancelled_again(lending_desk: Any) -> None:
    """Asked once more, it is answered yes once more."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.RequestCancel, "2026-02-06")
    lending_desk.do(c.AnswerCancel, "2026-02-06", yes=True)
    change = lending_desk.do(c.RequestCancel, "2026-02-07")

    assert answer(change) == (messages.CANCEL_ANSWERED, True, "Cancelled")
    assert (lending_desk.loan().closing, lending_desk.loan().cancel_refused) == (Closing.CANCELLED, None)


def test_another_answer_answers_the_cancellation_too(lending_desk: Any) -> None:
    """Unfilled is unfilled: nothing waits any more, and nobody has to look at it."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.RequestCancel, "2026-02-06")
    lending_desk.do(c.CannotSupply, "2026-02-06", why=Unfilled.NOT_HELD)

    assert lending_desk.loan().cancel_asked_on is None
    assert attention(lending_desk) == []


# --- what is heard in any state -------------------------------------------------------------------

SAID: Mapping[type[Command], Mapping[str, Any]] = {
    c.ConfirmReceipt: {},
    c.RequestRenewal: {"reason": "课程未结束"},
    c.ReportReturn: {},
    c.ReportLost: {},
    c.ReportFound: {},
    c.RequestCancel: {},
    c.AgreeToOffer: {"revision": 7},
    c.DeclineOffer: {"revision": 7},
    c.RequestStatus: {},
    c.Notify: {"note": "请尽快"},
    c.ClaimDefect: {"what": "缺第二页"},
}
_OUT = (S.SHIPPED, S.AT_REQUESTER, S.RETURN_IN_TRANSIT)
IN_PLACE: Mapping[type[Command], tuple[SupplyState, ...]] = {
    c.ConfirmReceipt: (*_OUT, S.CLOSED),
    c.RequestRenewal: (S.SHIPPED, S.AT_REQUESTER),
    c.ReportReturn: (*_OUT, S.LOST, S.CLOSED),
    c.ReportLost: (*_OUT, S.LOST),
    c.ReportFound: (S.LOST,),
    c.RequestCancel: tuple(S),
    c.AgreeToOffer: (),
    c.DeclineOffer: (),
    c.RequestStatus: tuple(S),
    c.Notify: tuple(S),
    c.ClaimDefect: (),
}
"""Where it has its place, or has only been overtaken (of a loan that was shipped and came back)."""


@pytest.mark.parametrize("kind", SAID)
@pytest.mark.parametrize("state", SupplyState)
def test_what_has_no_place_is_taken_down_and_changes_nothing(
    lending_desk: Any, state: SupplyState, kind: type[Command]
) -> None:
    """Never refused: what is out of order is named with what was said and where, and nothing else differs."""
    before = lending_desk.reach(state)
    change = lending_desk.do(kind, "2026-02-06", **SAID[kind])

    out_of_order = [found for found in attention(lending_desk) if found[0] == "ill.attention.out-of-order"]
    if state in IN_PLACE[kind]:
        assert out_of_order == []
    else:
        assert out_of_order == [("ill.attention.out-of-order", {"said": kind.__name__, "state": state.value})]
        after = lending_desk.loan()
        assert replace(after, attention=(), version=before.version) == before
        assert (change.messages, change.postings, change.withdrawals) == ((), (), ())


@pytest.mark.parametrize("kind", [c.ConfirmReceipt, c.ReportReturn])
def test_of_what_was_never_shipped_nothing_is_received_or_sent_back(
    lending_desk: Any, kind: type[Command]
) -> None:
    """Answered no and received all the same: that is not a crossing."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.CannotSupply, "2026-02-06", why=Unfilled.NOT_HELD)
    lending_desk.do(kind, "2026-02-06")

    assert [code for code, _ in attention(lending_desk)] == ["ill.attention.out-of-order"]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (S.AT_REQUESTER, c.ConfirmReceipt),
        (S.RETURN_IN_TRANSIT, c.ConfirmReceipt),
        (S.CLOSED, c.ConfirmReceipt),
        (S.RETURN_IN_TRANSIT, c.ReportReturn),
        (S.CLOSED, c.ReportReturn),
        (S.LOST, c.ReportLost),
    ],
)
def test_what_only_crossed_changes_nothing_at_all(
    lending_desk: Any, state: SupplyState, kind: type[Command]
) -> None:
    """The loan has gone on since: nothing is raised, nothing is told, only the journal has it."""
    before = lending_desk.reach(state)
    change = lending_desk.do(kind, "2026-02-06")

    assert lending_desk.loan() == replace(before, version=before.version + 1)
    assert change.messages == ()


def test_a_stranger_is_not_heard(lending_desk: Any) -> None:
    """Whatever the state: another institution says nothing to this loan."""
    lending_desk.reach(S.SHIPPED)
    stranger = Actor("somebody", "CN-999999", Office.STAFF)
    for kind, said in SAID.items():
        (reason,) = lending_desk.reasons(kind, "2026-02-06", **said, by=stranger)
        assert reason.code == "lifecycle.not-yours"


@pytest.mark.parametrize("by", ["ils", "librarian"])
@pytest.mark.parametrize("state", [S.SHIPPED, S.AT_REQUESTER, S.RETURN_IN_TRANSIT, S.LOST])
@pytest.mark.parametrize("kind", [c.ConfirmReceipt, c.ReportReturn, c.ReportLost, c.ReportFound])
def test_what_is_dated_before_the_shipping_is_for_staff(
    lending_desk: Any, kind: type[Command], state: SupplyState, by: str
) -> None:
    """What is heard of volumes on a day on which they had not left moves nothing, ends no fine, and is seen."""
    before = lending_desk.reach(state)
    assert before.shipped_on is not None
    day = (before.shipped_on - timedelta(days=1)).isoformat()
    actor = Actor("librarian", before.supplier, Office.STAFF)
    who = {"by": actor if by == "librarian" else Actor("ils", before.requester, Office.SYSTEM)}
    said = {**SAID.get(kind, {}), **who, "recorded_at": lending_desk.at("2026-02-20")}
    change = lending_desk.do(kind, day, **said)

    facts = (("said", kind.__name__), ("shipped_on", before.shipped_on))
    reason = Reason("ill.attention.before-it-was-shipped", None, facts)
    it = lending_desk.loan()
    assert it == replace(before, version=before.version + 1, attention=(*before.attention, reason))
    assert (change.messages, change.postings) == ((), ())


@pytest.mark.parametrize("state", [S.SHIPPED, S.AT_REQUESTER])
def test_a_renewal_asked_for_before_the_shipping_is_for_staff(lending_desk: Any, state: SupplyState) -> None:
    """A renewal dated before the loan waits for no answer, and none is given."""
    before = lending_desk.reach(state)
    assert before.shipped_on is not None
    day = (before.shipped_on - timedelta(days=1)).isoformat()
    change = lending_desk.do(c.RequestRenewal, day, recorded_at=lending_desk.at("2026-02-20"))

    assert lending_desk.loan().renewal_asked_on is None
    assert [each.code for each in lending_desk.loan().attention][-1:] == [
        "ill.attention.before-it-was-shipped"
    ]
    assert change.messages == ()


@pytest.mark.parametrize(
    "kind", [c.ConfirmReceipt, c.ReportReturn, c.ReportLost, c.ReportFound, c.ClaimDefect]
)
def test_what_is_dated_before_the_shipping_is_heard_when_all_is_over(
    lending_desk: Any, kind: type[Command]
) -> None:
    """A day before the shipping: that is no crossing, also when the loan is over; staff look at it."""
    lending_desk.reach(S.CLOSED)
    lending_desk.do(kind, "2026-02-04", **SAID.get(kind, {}), recorded_at=lending_desk.at("2026-02-10"))

    (reason,) = lending_desk.loan().attention
    before = "ill.attention.before-it-was-shipped"
    assert reason.code == ("ill.attention.out-of-order" if kind in NOT_OVER else before)


NOT_OVER = (c.ReportLost, c.ReportFound)  # nothing is out any more, whatever the day


def test_a_notification_never_does_more_than_be_read(lending_desk: Any) -> None:
    """In every state it is one reason more for staff; the same one twice is one; an empty one counts too."""
    lending_desk.reach(S.LOST)
    for note in ("书已找到", "书已找到", ""):
        lending_desk.do(c.Notify, "2026-02-06", note=note)

    assert attention(lending_desk) == [
        ("ill.attention.note", {"note": "书已找到"}),
        ("ill.attention.note", {"note": ""}),
    ]
    assert lending_desk.loan().state is S.LOST


def test_staff_see_to_it_by_code(lending_desk: Any) -> None:
    """All reasons of that code are gone, others stay; what is not there cannot be seen to."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.Notify, "2026-02-06", note="甲")
    lending_desk.do(c.Notify, "2026-02-06", note="乙")
    lending_desk.do(c.ReportFound, "2026-02-06")
    lending_desk.do(c.ClearSupplyAttention, "2026-02-07", code="ill.attention.note")

    assert [code for code, _ in attention(lending_desk)] == ["ill.attention.out-of-order"]
    (reason,) = lending_desk.reasons(c.ClearSupplyAttention, "2026-02-07", code="ill.attention.note")
    assert (reason.code, dict(reason.facts)) == ("ill.no-such-attention", {"code": "ill.attention.note"})
    with pytest.raises(InvalidValue, match="code"):
        lending_desk.command(c.ClearSupplyAttention, "2026-02-07", code=" ")


# --- how it stands --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (S.NEW, "RequestReceived"),
        (S.CHECKING, "ExpectToSupply"),
        (S.PROMISED, "WillSupply"),
        (S.OFFERED, "WillSupply"),
        (S.SHIPPED, "Loaned"),
        (S.AT_REQUESTER, "Loaned"),
        (S.RETURN_IN_TRANSIT, "Loaned"),
        (S.LOST, "Loaned"),
        (S.CLOSED, "LoanCompleted"),
    ],
)
def test_who_asks_hears_how_it_stands(lending_desk: Any, state: SupplyState, status: str) -> None:
    """In every state; with the due day while something is out, and with what was charged so far."""
    lending_desk.reach(state)
    told = lending_desk.told(lending_desk.do(c.RequestStatus, "2026-02-06"))

    facts = dict(told.facts)
    assert (told.kind, facts["status"]) == (messages.STATUS, status)
    out = state in (S.SHIPPED, S.AT_REQUESTER, S.RETURN_IN_TRANSIT, S.LOST)
    assert facts.get("due") == (date(2026, 3, 5) if out else None)
    assert facts.get("cost.loan-fee") == (Money(40, "CNY") if out or state is S.CLOSED else None)


def test_what_is_overdue_or_recalled_stands_so(lending_desk: Any) -> None:
    """Recalled before it is due, overdue after it: the later word is the one that is told."""
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.Recall, "2026-02-06", due=date(2026, 2, 10), reason="馆内急需")
    stands = [
        dict(lending_desk.told(lending_desk.do(c.RequestStatus, day)).facts)["status"]
        for day in ("2026-02-10", "2026-02-11")
    ]

    assert stands == ["Recalled", "Overdue"]


@pytest.mark.parametrize(
    ("state", "kind", "said", "status"),
    [
        (S.NEW, c.CannotSupply, {"why": Unfilled.NOT_HELD}, "Unfilled"),
        (S.NEW, c.AskRetry, {"why": Retry.ON_LOAN}, "RetryPossible"),
        (S.NEW, c.Forward, {"to": "CN-310000"}, "Unfilled"),
        (S.NEW, c.ExpireRequest, {}, "Unfilled"),
        (S.NEW, c.CloseManually, {"reason": "重复"}, "Unfilled"),
        (
            S.NEW,
            c.SupplyCopy,
            {"delivery": Delivery(via=SentVia.MAIL), "copyright_checked": True},
            "CopyCompleted",
        ),
        (S.SHIPPED, c.ReleaseItem, {}, "CompletedWithoutReturn"),
        (S.LOST, c.SettleLoss, {"how": Settlement.WAIVED}, "CompletedWithoutReturn"),
        (S.SHIPPED, c.CloseManually, {"reason": "协商"}, "CompletedWithoutReturn"),
    ],
)
def test_every_outcome_has_its_status(
    lending_desk: Any, state: SupplyState, kind: type[Command], said: dict[str, Any], status: str
) -> None:
    """What ISO 18626 has no word for is told by the nearest: whether it was supplied or not."""
    lending_desk.reach(state, service=Service.COPY_OR_LOAN, forwardable=True, need_before=date(2026, 2, 10))
    lending_desk.do(kind, "2026-02-11" if kind is c.ExpireRequest else "2026-02-06", **said)
    told = lending_desk.told(lending_desk.do(c.RequestStatus, "2026-02-12"))

    assert dict(told.facts)["status"] == status
    assert "due" not in dict(told.facts)


def test_a_local_command_out_of_place_is_refused_and_changes_nothing(lending_desk: Any) -> None:
    """Strict in what is done: a volume is not shipped twice, and nothing is different after trying."""
    lending_desk.reach(S.SHIPPED)
    before = lending_desk.aggregates
    with pytest.raises(Refused):
        lending_desk.do(c.Ship, "2026-02-06", items=("c",))

    assert lending_desk.aggregates is before
