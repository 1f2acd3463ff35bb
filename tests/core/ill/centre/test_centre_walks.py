"""Whatever is said at four desks, over wires that lose, repeat and delay: both halves of the centre agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any, Final

from centre_network import CENTRE_ASKS, DAY, HERE, NLC, SUPPLIERS, THERE, Network, under
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.changes import Actor, Command, Office
from servflow.core.errors import InvalidValue, MissingValue, NotFound, Refused
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import BorrowingRole, CaseOutcome, CaseState
from servflow.core.ill.centre.passing import standing
from servflow.core.ill.centre.table import CENTRE_BORROWING
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    Delivery,
    Retry,
    SentVia,
    Service,
    Settlement,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money
from servflow.testing.two_ends import Wire

Says = Callable[[Any, Random], dict[str, Any] | None]
S, K, CO, E = SupplyState, CaseState, CaseOutcome, Closing
NOTE: Final = f"ask {NLC}"


def _day(it: Any, r: Random) -> Any:
    return (it.due or it.received_on) + timedelta(days=r.randrange(-9, 30))


def _copy(_it: Any, r: Random) -> dict[str, Any]:
    online = Delivery(via=SentVia.URL, reference="https://example.org/1")
    return {"delivery": online if r.randrange(2) else Delivery(via=SentVia.MAIL), "copyright_checked": True}


AT_SUPPLIER: Final[Mapping[type[Command], Says]] = {
    c.Expect: lambda it, r: {},
    c.Promise: lambda it, r: {},
    c.CannotSupply: lambda it, r: {"why": r.choice(list(Unfilled)), "note": NOTE},
    c.MakeOffer: lambda it, r: {
        "cost": Money(r.randrange(90), "CNY"),
        "conditions": (Condition.SUPERVISED,) * r.randrange(2),
        "note": NOTE,
    },
    c.AskRetry: lambda it, r: {"why": Retry.ON_LOAN, "note": NOTE},
    c.Forward: lambda it, r: {"to": "CN-ELSEWHERE", "note": NOTE},
    c.Ship: lambda it, r: {
        "items": ("v1", "v2")[: 1 + r.randrange(2)],
        "refuse_cancel": bool(r.randrange(2)),
    },
    c.SupplyCopy: _copy,
    c.AnswerCancel: lambda it, r: {"yes": bool(r.randrange(2))},
    c.GrantRenewal: lambda it, r: {},
    c.DeclineRenewal: lambda it, r: {"reason": NOTE},
    c.Recall: lambda it, r: {"due": _day(it, r), "reason": NOTE},
    c.HoldReturn: lambda it, r: {"held": not it.held_return},
    c.CheckIn: lambda it, r: {},
    c.ReleaseItem: lambda it, r: {"note": NOTE},
    c.DeclareLost: lambda it, r: {"note": NOTE},
    c.Compensate: lambda it, r: {"amount": Money(r.randrange(200), "CNY")},
    c.SettleLoss: lambda it, r: {"how": r.choice(list(Settlement))},
    c.RecordDamage: lambda it, r: {"item": it.items[0], "note": NOTE} if it.items else None,
    c.CloseManually: lambda it, r: {"reason": NOTE} if r.randrange(9) == 0 else None,
}


def _offer(it: BorrowingCase, _r: Random) -> dict[str, Any] | None:
    offer = it.attempt.offer if it.attempt is not None else None
    return None if offer is None else {"revision": offer.revision}


AT_REQUESTER: Final[Mapping[type[Command], Says]] = {
    b.AcceptOffer: _offer,
    b.RejectOffer: _offer,
    b.CancelRequest: lambda it, r: {"intent": r.choice(list(CancelIntent))},
    b.Receive: lambda it, r: {} if it.state is not K.RETURNED else None,
    b.CheckOut: lambda it, r: {"acknowledged": tuple(Condition)},
    b.TakeBack: lambda it, r: {},
    b.ShipBack: lambda it, r: {"although_held": True},
    b.RenewLoan: lambda it, r: {},
    b.RecordLoss: lambda it, r: {"where": r.choice(list(WhereLost)), "items": it.items[: r.randrange(2)]},
    b.RecordFound: lambda it, r: {},
    b.ReportDefect: lambda it, r: {"note": "page 2"},
    b.ReportDamage: lambda it, r: {"note": "torn"},
    b.HandOver: lambda it, r: {},
    b.QueryStatus: lambda it, r: {},
    b.CloseLoss: lambda it, r: {"how": Settlement.PAID},
    b.DeclineRetry: lambda it, r: {},
    b.AcceptRetry: lambda it, r: {},
    b.SetRota: lambda it, r: {"suppliers": (THERE,)} if not it.ahead else None,
}
AT_CENTRE: Final[Mapping[type[Command], Says]] = {
    b.CancelRequest: lambda it, r: {"intent": CancelIntent.LEAVE_SUPPLIER},
    b.SetRota: lambda it, r: {"suppliers": (r.choice(SUPPLIERS),)},
    b.ReportDamage: lambda it, r: {"note": "torn"},
    b.CloseCaseManually: lambda it, r: {"reason": "by hand"} if r.randrange(9) == 0 else None,
    b.CloseLoss: lambda it, r: {"how": Settlement.PAID},
    b.FillLocally: lambda it, r: {"item": "x"} if r.randrange(9) == 0 else None,
    c.CannotSupply: lambda it, r: {"why": Unfilled.OTHER} if r.randrange(9) == 0 else None,
    c.CloseManually: lambda it, r: {"reason": "by hand"} if r.randrange(9) == 0 else None,
    c.AnswerCancel: lambda it, r: {"yes": bool(r.randrange(2))},
    c.CheckIn: lambda it, r: {} if r.randrange(9) == 0 else None,
    c.Recall: lambda it, r: {"due": _day(it, r), "reason": "by hand"},
}

_BEFORE: Final = (S.NEW, S.CHECKING)
_LENT: Final = (S.SHIPPED, S.AT_REQUESTER)
AGREE: Final[Mapping[Any, tuple[Any, ...]]] = {
    # where the case stands: where the transaction may stand
    K.BLOCKED: _BEFORE,
    K.IN_REVIEW: _BEFORE,
    K.ROUTABLE: (*_BEFORE, *E),
    K.SENT: (*_BEFORE, E.CANCELLED, E.EXPIRED, E.UNFILLED),
    K.EXPECTED: (S.CHECKING, E.EXPIRED, E.UNFILLED),
    K.PROMISED: (S.PROMISED, E.EXPIRED, E.UNFILLED),
    K.OFFERED: (S.OFFERED, E.EXPIRED, E.UNFILLED),
    K.SHIPPED: (*_LENT, E.COPY_SUPPLIED),
    K.RECEIVED: _LENT,
    K.ON_LOAN: _LENT,
    K.AWAITING_RETURN: (*_LENT, S.RETURN_IN_TRANSIT),
    K.RETURNED: (S.RETURN_IN_TRANSIT,),
    K.LOST: (S.LOST,),
    K.DELIVERED: (E.COPY_SUPPLIED,),
    CO.RETURNED: (E.COMPLETED,),
    CO.KEPT: (E.WITHOUT_RETURN, E.LOST_SETTLED),
    CO.LOST_SETTLED: (E.LOST_SETTLED, E.WITHOUT_RETURN),
    CO.COPY_DELIVERED: (E.COPY_SUPPLIED,),
    CO.UNFILLED: (E.UNFILLED, E.RETRY_ANSWERED, E.EXPIRED, E.CANCELLED, E.MANUAL),
    CO.CANCELLED: (E.CANCELLED, E.UNFILLED, E.RETRY_ANSWERED, E.EXPIRED, E.MANUAL),
    CO.EXPIRED: (E.EXPIRED, E.UNFILLED),
    CO.DECLINED: (E.UNFILLED,),
    CO.MANUAL: (*E,),
}
"""Where the two halves may stand. Whatever else comes about is before somebody at the centre."""


class Walk:
    """Staff of four desks do at random what their tables let them do."""

    def __init__(self, seed: int, *, at_centre: bool) -> None:
        self.r = Random(seed)
        wire = Wire(self.r.randrange, most_lost=self.r.randrange(4))
        asks = under(CENTRE_ASKS, ask_at_once=1 + self.r.randrange(2))
        self.at_centre = at_centre
        self.network = Network(wire, asks=asks, suppliers=SUPPLIERS[: 1 + self.r.randrange(3)])
        need = (None, self.network.now.date() + 20 * DAY)[self.r.randrange(2)]
        most = (None, Money(30, "CNY"))[self.r.randrange(2)]
        service = self.r.choice(list(Service))
        self.network.order(service=service, need_before=need, max_cost=most, forwardable=True)

    def go(self, steps: int) -> None:
        for _ in range(steps):
            if self.r.randrange(4) == 0:
                days = self.r.choice((0, 0, 1, 1, 3, 30))
                self.network.pass_time(days * DAY + timedelta(hours=1))
            else:
                self.act()
            if self.r.randrange(3):
                self.network.drain()
            self.check()
        self.network.drain()
        self.check()

    def act(self) -> None:
        network, r = self.network, self.r
        halves: list[tuple[str, Any, Mapping[type[Command], Says]]] = [
            (HERE, it, AT_REQUESTER) for it in network.cases()
        ]
        halves += [(ref, it, AT_SUPPLIER) for ref in SUPPLIERS for it in network.transactions(ref)]
        if self.at_centre:
            kinds = (BorrowingCase, SupplyTransaction)
            halves += [(THERE, it, AT_CENTRE) for kind in kinds for it in network.centres(kind)]
        may = []
        for library, it, says in halves:
            lifecycle = network.desks[library].lifecycles.named(it.kind)
            roles = lifecycle.roles_of(it, Actor("librarian", library, Office.STAFF))
            may += [(library, it, each, says[each]) for each in lifecycle.allowed(it, roles) if each in says]
        for _ in range(3 if may else 0):
            library, it, command, says_ = r.choice(may)
            said = says_(it, r)
            if said is None:
                continue
            try:
                network.say(library, command, it.id, **said)
            except (Refused, InvalidValue, MissingValue):
                continue
            return

    def check(self) -> None:
        network = self.network
        assert [each for each in network.bounced if not isinstance(each.error, NotFound)] == []
        assert network.stuck == {}
        for it in network.centres(SupplyTransaction):
            if it.via is None:
                assert it.attention
                continue
            case = network.desks[THERE].storage.load(it.key._replace(kind=BorrowingCase.kind, id=it.via))
            assert isinstance(case, BorrowingCase)
            seen = case.attention or it.attention or (self.at_centre and case.cancelling)
            assert standing(it) in AGREE.get(standing(case), ()) or seen, (standing(case), standing(it))
            if case.outcome is None and it.closing is Closing.UNFILLED:
                assert it.offer is not None or seen or self.at_centre, (
                    "unfilled, while somebody is still to be asked"
                )
        for message, sender in network.arrived:
            if sender == THERE and message.to == HERE:
                said = "\n".join(str(value) for _, value in message.facts)
                assert not any(ref in said for ref in (*SUPPLIERS, "via-")), message
            if sender == THERE and message.to in SUPPLIERS:
                said = "\n".join(str(value) for _, value in message.facts)
                assert not any(ref in said for ref in (HERE, "B1", "p-1")), message


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_both_halves_of_the_centre_agree_whatever_is_said_elsewhere(seed: int) -> None:
    """No message is refused, the requester learns of no supplier, and both halves stand where they may."""
    Walk(seed, at_centre=False).go(20)


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_both_halves_agree_whatever_the_centres_own_staff_do(seed: int) -> None:
    """Staff of the centre act on either half: what does not fit then is before them."""
    Walk(seed, at_centre=True).go(20)


def test_what_comes_to_the_centre_while_its_case_is_still_on_the_way_is_before_its_staff() -> None:
    """A walk on which they checked in what the supplier had only just sent, and nobody was told to look."""
    Walk(24524, at_centre=True).go(15)


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_no_joined_state_is_a_dead_end(seed: int) -> None:
    """Wherever both halves stand, the centre's staff and the clock end both, though nobody else speaks."""
    walk = Walk(seed, at_centre=True)
    walk.go(15)
    network = walk.network
    for it in network.centres(SupplyTransaction):
        if it.closing is None:
            network.say(THERE, c.CloseManually, it.id, reason="by hand")
    for _ in range(6):
        for case in network.centres(BorrowingCase):
            if b.CloseCaseManually in CENTRE_BORROWING.allowed(case, (BorrowingRole.STAFF,)):
                network.say(THERE, b.CloseCaseManually, case.id, reason="by hand")
        network.pass_time(30 * DAY)

    assert all(it.closing is not None for it in network.centres(SupplyTransaction))
    assert all(case.outcome is not None for case in network.centres(BorrowingCase))
