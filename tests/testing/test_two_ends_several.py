"""Three lenders asked at the same time, over a wire that loses, repeats and delays: one supplies, and each knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.changes import Command
from servflow.core.citations import Dated
from servflow.core.errors import InvalidValue, NotFound, Refused
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.messages import CANCEL
from servflow.core.ill.borrowing.states import AttemptState, CaseOutcome, CaseState
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.terms import CancelIntent, Requested, Service, Unfilled
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, lending_policy, load
from servflow.testing.two_ends import TwoEnds, Wire, compatible

HERE = "CN-CQ"
LENDERS: Final = ("CN-NLC", "CN-ZJU", "CN-SZU")
HOUR, DAY, FOR_EVER = timedelta(hours=1), timedelta(days=1), timedelta(days=500)
Choose = Callable[[int], int]


def under(policy: Any, **values: Any) -> Any:
    """The policy with other values for these rules, on every day."""
    rules = {name: getattr(policy, name) for name in values}
    return replace(
        policy,
        **{
            name: Dated.always(rules[name].name, values[name], rules[name].values[-1].cited.clause)
            for name in values
        },
    )


THERE: Final = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
OURS: Final = under(
    borrowing_policy(load("cque/interlibrary-loan"), library=HERE),
    mediated=False,
    served=(),
    copyright_basis=False,
    ask_at_once=3,
)
MONDAY: Final = datetime(2026, 1, 5, 10, tzinfo=OURS.zone)


def asked(wire: Wire | None = None) -> TwoEnds:
    """A case of ours is with all three, as soon as the wire has carried it there."""
    ends = TwoEnds(OURS, *(replace(THERE, library=name) for name in LENDERS), starts=MONDAY)
    for lender in ends.lenders:
        ends.relate(lender, Money(500, "CNY"))
    ends.drain()
    if wire is not None:
        ends.wire = wire
    book = Requested(title="古城水系考")
    own: dict[str, Any] = {"patron": "p-1", "library": HERE, "service": Service.LOAN, "requested": book}
    ends.say(HERE, b.DraftRequest, "B1", suppliers=LENDERS, **own)
    ends.say(HERE, b.Submit, "B1", declared=True)
    ends.pass_time(HOUR)
    ends.drain()
    return ends


def theirs(number: int) -> str:
    """The transaction of the lender of that attempt."""
    return f"{HERE}/B1~{number}"


def at(ends: TwoEnds, number: int, command: type[Command], **said: Any) -> None:
    """That lender's staff say it, and all of it arrives."""
    ends.say(LENDERS[number - 1], command, theirs(number), **said)
    ends.pass_time(HOUR)
    ends.drain()


def test_three_are_asked_one_supplies_and_two_are_told() -> None:
    """The second promises first; the others are asked to cancel, say yes, and neither end is in doubt."""
    ends = asked()
    at(ends, 2, c.Promise)
    assert ends.case("B1").state is CaseState.PROMISED
    assert ends.case("B1").current == 2
    for number in (1, 3):
        at(ends, number, c.AnswerCancel, yes=True)
        assert ends.transaction(LENDERS[number - 1], f"B1~{number}").closing is Closing.CANCELLED
    at(ends, 2, c.Ship, items=("Z-1",))
    assert ends.case("B1").state is CaseState.SHIPPED
    assert not ends.disagreements()
    assert not ends.bounced
    assert ends.case("B1").attention == ()


def test_each_end_says_where_it_stands() -> None:
    """While one thinks it can and another offers terms, all three agree with their lenders."""
    ends = asked()
    at(ends, 1, c.Expect)
    at(ends, 2, c.MakeOffer, cost=Money(90, "CNY"))
    case = ends.case("B1")
    assert (case.state, case.current) == (CaseState.OFFERED, 2)
    for request, ours, there in ends.requests():
        assert compatible(ours, there, request=request)
        assert there is not None
    assert [each.beside.stands for each in case.beside if each.beside is not None] == [
        CaseState.EXPECTED,
        CaseState.SENT,
    ]


def test_two_promises_that_cross() -> None:
    """The later one is answered with a cancellation again; whoever ships all the same gets it back."""
    ends = asked()
    for number in (1, 3):
        ends.say(LENDERS[number - 1], c.Promise, theirs(number))
    ends.pass_time(HOUR)
    ends.drain()
    assert ends.case("B1").current == 1
    cancelled = [each.message.to for each in ends.arrived if each.message.kind == CANCEL]
    assert sorted(cancelled) == ["CN-SZU", "CN-SZU", "CN-ZJU"]
    at(ends, 3, c.Ship, items=("S-1",), refuse_cancel=True)
    assert ends.case("B1/return-3").state is CaseState.SHIPPED
    assert not ends.disagreements()


def test_a_lost_cancellation_of_a_loser() -> None:
    """It ships without having heard; what it sent goes back by a case of its own."""
    ends = asked()
    ends.wire.lose(CANCEL, 2)
    at(ends, 1, c.Promise)
    at(ends, 2, c.Ship, items=("Z-1",))
    assert ends.case("B1/return-2").state is CaseState.SHIPPED
    assert ends.case("B1").state is CaseState.PROMISED
    assert ends.transaction("CN-ZJU", "B1~2").state is SupplyState.SHIPPED


def test_none_of_three_can() -> None:
    """Only when the last one has said so, nobody is left."""
    ends = asked()
    for number in (2, 3, 1):
        assert ends.case("B1").state is CaseState.SENT
        at(ends, number, c.CannotSupply, why=Unfilled.NOT_HELD)
    assert ends.case("B1").state is CaseState.ROTA_EXHAUSTED


# --- any interleaving -----------------------------------------------------------------------------------------


class Walk:
    """Three lenders and we do what comes into their heads; what is refused is not done."""

    def __init__(self, choose: Choose, wire: Wire) -> None:
        self.choose = choose
        self.ends = asked(wire)

    def step(self) -> None:
        """Somebody says something, or time passes."""
        what = self.choose(10)
        if what < 2:
            self.ends.pass_time((HOUR, DAY, 3 * DAY)[self.choose(3)])
        elif what < 7:
            self.lender(1 + self.choose(3))
        else:
            self.ours()
        self.holds()

    def lender(self, number: int) -> None:
        said: list[tuple[type[Command], dict[str, Any]]] = [
            (c.Promise, {}),
            (c.Expect, {}),
            (c.MakeOffer, {"cost": Money((15, 90)[self.choose(2)], "CNY")}),
            (c.CannotSupply, {"why": Unfilled.NOT_HELD}),
            (c.Ship, {"items": (f"v{number}",), "refuse_cancel": bool(self.choose(2))}),
            (c.AnswerCancel, {"yes": bool(self.choose(2))}),
        ]
        command, own = said[self.choose(len(said))]
        self.say(LENDERS[number - 1], command, theirs(number), **own)

    def ours(self) -> None:
        offer = self.ends.case("B1").attempt
        revision = offer.offer.revision if offer is not None and offer.offer is not None else 1
        intent = tuple(CancelIntent)[self.choose(2)]
        said: list[tuple[type[Command], dict[str, Any]]] = [
            (b.AcceptOffer, {"revision": revision}),
            (b.RejectOffer, {"revision": revision, "intent": intent}),
            (b.CancelRequest, {"intent": intent}),
            (b.Receive, {}),
            (b.GoOnWith, {"attempt": 1 + self.choose(3)}),
            (b.LeaveSupplier, {"attempt": 1 + self.choose(3)}),
        ]
        command, own = said[self.choose(len(said))]
        self.say(HERE, command, "B1", **own)

    def say(self, library: str, command: type[Command], case: str, **own: Any) -> None:
        try:
            self.ends.say(library, command, case, **own)
        except (Refused, NotFound, InvalidValue):
            return
        self.ends.exchange()

    def holds(self) -> None:
        """Whatever was said: one winner at most, and nobody is asked by a case that is over or supplied."""
        for case in self.ends.cases():
            states = [attempt.state for attempt in case.attempts]
            assert states.count(AttemptState.SUPPLIED) <= 1
            active = states.count(AttemptState.ACTIVE)
            waits = case.state in {CaseState.SENT, CaseState.EXPECTED, CaseState.PROMISED, CaseState.OFFERED}
            assert active == (1 + len(case.beside) if waits else 0)
            for attempt in case.attempts:
                assert not attempt.left or self.cancelled(attempt.request_id)

    def cancelled(self, request: str) -> bool:
        """Whether our desk has told that lender that it is not asked any more."""
        outbox = self.ends.desks[HERE].storage.outbox()
        kinds = {CANCEL, "ill.borrowing.offer-rejected"}
        told = [each.message for each in outbox if each.message.kind in kinds]
        return any(dict(message.facts)["request"] == request for message in told)

    def end(self) -> None:
        """All that was said arrives, and time passes until nothing waits but what somebody has to do."""
        self.ends.pass_time(FOR_EVER)
        self.ends.drain()
        self.holds()


def chosen(data: st.DataObject) -> Choose:
    """Draws of hypothesis, as a wire and a walk choose."""
    return lambda below: data.draw(st.integers(0, below - 1))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_on_a_bad_wire_one_supplies_and_nothing_bounces_unseen(data: st.DataObject) -> None:
    """Lost, repeated, delayed: what is bounced is about a request that never came."""
    choose = chosen(data)
    walk = Walk(choose, Wire(choose, most_lost=4))
    for _ in range(data.draw(st.integers(1, 25))):
        walk.step()
    walk.end()
    assert all(isinstance(each.error, NotFound) for each in walk.ends.bounced)
    assert not walk.ends.stuck


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_on_a_good_wire_all_ends_agree(data: st.DataObject) -> None:
    """Delayed and repeated, nothing lost: nobody stands where the other does not know, but staff see it."""
    choose = chosen(data)
    walk = Walk(choose, Wire(choose, most_lost=0))
    for _ in range(data.draw(st.integers(1, 25))):
        walk.step()
    walk.end()
    assert not walk.ends.bounced
    assert not walk.ends.stuck
    assert not walk.ends.disagreements()
    for lender in walk.ends.lenders:
        assert walk.ends.payable(lender) == walk.ends.receivable(lender)


@pytest.mark.parametrize("winner", [1, 2, 3])
def test_a_whole_loan_whoever_wins(winner: int) -> None:
    """To its end, with the others out of it."""
    ends = asked()
    at(ends, winner, c.Ship, items=("v1",))
    ends.say(HERE, b.Receive, "B1")
    ends.pass_time(DAY)
    ends.say(HERE, b.ShipBack, "B1")
    ends.pass_time(DAY)
    ends.drain()
    at(ends, winner, c.CheckIn)
    assert ends.case("B1").outcome is CaseOutcome.RETURNED
    assert not ends.disagreements()
