"""Two desks that hear each other over a wire: whatever is done and lost, nothing goes wrong unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.changes import Actor, Command, Key, Message, Office
from servflow.core.citations import PRACTICE, Cited, Dated, Since
from servflow.core.errors import InvalidMessage, InvalidValue, MissingValue, NotFound, Refused
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.states import AttemptState, CancelState, CaseOutcome, CaseState
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import LendingFacts, SupplyTransaction
from servflow.core.ill.lending.states import Closing, InstitutionKind, Material, Place, SupplyState
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Requested,
    Retry,
    SentVia,
    Service,
    Settlement,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, lending_policy, load
from servflow.testing.two_ends import (
    AGREEMENTS,
    Carried,
    Known,
    TwoEnds,
    Wire,
    compatible,
    raises_attention,
    stands_here,
    stands_there,
)


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


HERE, NLC, ZJU = "CN-CQ", "CN-NLC", "CN-ZJU"
THERE: Final = lending_policy(load("nlc/interlibrary-loan"), library=NLC)
OTHER: Final = under(
    replace(THERE, library=ZJU),
    undo_minutes=30,
    lost_after=60,
    promises_by_itself=True,
    copyright_check=False,
)
OURS: Final = under(
    borrowing_policy(load("cque/interlibrary-loan"), library=HERE, lenders={NLC: THERE}),
    mediated=False,
    served=(),
    renewals=2,
    copyright_basis=False,
    declaration=(),
)
MONDAY: Final = datetime(2026, 1, 5, 10, tzinfo=OURS.zone)
HOUR, DAY, FOR_EVER = timedelta(hours=1), timedelta(days=1), timedelta(days=500)
PATRON: Final = Actor("p-1", HERE, Office.PERSON)
Choose = Callable[[int], int]


def cny(amount: int) -> Money:
    return Money(amount, "CNY")


def ends(wire: Wire | None = None) -> TwoEnds:
    """Both lenders have a relation with us, and nothing is on the wire."""
    both = TwoEnds(OURS, THERE, OTHER, starts=MONDAY)
    for lender in both.lenders:
        both.relate(lender, cny(500))
    both.drain()
    if wire is not None:
        both.wire = wire
    return both


# --- any interleaving -----------------------------------------------------------------------------

_LEFT_OUT: Final = {
    b.ClearAttention,  # would hide what is looked for
    c.ClearSupplyAttention,
    b.RemindPatron,  # said by the clock
    c.NoticeDue,
    *(b.Expire, b.NoteDelay, c.ExpireRequest, c.NoteReturnDelay),
    *(b.DraftRequest, b.OpenReturn, c.ReceiveRequest),  # open something; see ``order``
    *(b.Block, b.Refer),  # said by policy
    *(b.GoOnWith, b.LeaveSupplier),  # of several suppliers; see test_two_ends_several
    *(b.AskCentre, b.HearRota),  # of cases that a centre routes
    *(b.RegisterAtDesk, b.SetPickUp),  # of a service in person; see test_in_person
    *(c.RequestCancel, c.AgreeToOffer, c.DeclineOffer, c.ConfirmReceipt, c.RequestRenewal, c.ReportReturn),
    *(c.ReportLost, c.ReportFound, c.ClaimDefect, c.RequestStatus, c.Notify),  # heard from the borrower
}
_BY_HAND: Final = (b.HearShipped,)  # what staff enter where a message was lost


class Walk:
    """Staff at both ends who do whatever the tables let them do, with things that are where they are.

    A parcel travels for a day: nobody receives what was not posted, or finds what is elsewhere. In a
    ``wild`` walk they say so all the same.
    """

    def __init__(self, choose: Choose, wire: Wire, *, wild: bool = False) -> None:
        self.choose = choose
        self.wild = wild
        self.ends = ends(wire)
        self.places: dict[str, dict[str, tuple[str, datetime]]] = {}

    def go(self, steps: int) -> None:
        """So many things happen, and all that was said of them arrives."""
        self.order()
        if self.choose(2):
            self.lend()
        for _ in range(steps):
            self.step()
        self.wait(HOUR)

    def wait(self, time: timedelta) -> None:
        """Nothing happens but time, and all that is on the wire arrives."""
        self.ends.pass_time(time)
        self.ends.drain()

    def arrived(self) -> None:
        """What is to hold whenever all that was said has arrived; a test may ask for more."""

    def step(self) -> None:
        what = self.choose(12)
        if what < 2:
            self.wait(HOUR)
            self.arrived()
        elif what < 5:
            self.ends.pass_time((HOUR, DAY, DAY, 2 * DAY, 3 * DAY, 25 * DAY)[self.choose(6)])
        elif what == 5 and len(self.ends.cases()) < 2:
            self.order()
        else:
            self.act()

    def order(self) -> None:
        case = f"B{len(self.ends.cases()) + 1}"
        rota = ((NLC, ZJU), (NLC,), (ZJU, NLC), (ZJU,))[self.choose(4)]
        need = (None, self.ends.now.date() + timedelta(days=20))[self.choose(2)]
        most = (None, cny(30))[self.choose(2)]
        service = (Service.LOAN, Service.COPY_OR_LOAN, Service.COPY)[self.choose(3)]
        self.say(
            HERE,
            b.DraftRequest,
            case,
            patron="p-1",
            library=HERE,
            service=service,
            requested=Requested(title="古城水系考"),
            suppliers=rota,
            need_before=need,
            max_cost=most,
            forwardable=bool(self.choose(2)),
        )
        self.say(HERE, b.Submit, case, declared=True)

    def lend(self) -> None:
        """What was ordered first is sent, received and, it may be, lent to the patron."""
        self.ends.pass_time(HOUR)
        self.ends.drain()
        first = self.ends.case("B1")
        attempt = first.attempt
        if attempt is None or first.service is Service.COPY:
            return
        theirs = f"{HERE}/{attempt.request_id}"
        self.say(
            attempt.supplier,
            c.Ship,
            theirs,
            items=(f"{attempt.request_id}/v1", f"{attempt.request_id}/v2")[: 1 + self.choose(2)],
        )
        self.ends.drain()
        self.ends.pass_time(2 * DAY)
        if self.choose(4) and self.ends.case("B1").state is CaseState.SHIPPED:
            self.say(HERE, b.Receive, "B1")
            self.ends.pass_time(HOUR)
            if self.choose(3) and self.ends.case("B1").state is CaseState.RECEIVED:
                self.say(HERE, b.CheckOut, "B1", acknowledged=tuple(Condition))
                self.ends.pass_time(HOUR)

    def act(self) -> None:
        """One command of those that the tables let somebody give; after one that is refused, another."""
        for _ in range(5):
            if self.tries():
                return

    def tries(self) -> bool:
        ready = bool(self.choose(6))  # otherwise, what is refused is tried as well
        may = [
            each
            for each in self.may()
            for _ in range(6 if each[2] in _OFTEN else 1)
            if not ready or _READY.get(each[2], _always)(each[1])
        ]
        if not may:
            return False
        library, it, command = may[self.choose(len(may))]
        make = MAKES[command]
        said = make(self, it)
        if said is None:
            return False
        by = None
        if library == HERE and command in _ALSO_THE_PATRON and self.choose(2):
            by = PATRON
        return self.say(library, command, it.id, by=by, **said)

    def may(self) -> Iterator[tuple[str, Any, type[Command]]]:
        ours: list[tuple[str, Any]] = [(HERE, it) for it in self.ends.cases()]
        theirs = [(lender, it) for lender in self.ends.lenders for it in self.ends.transactions(lender)]
        for library, it in ours + theirs:
            lifecycle = self.ends.desks[library].lifecycles.named(it.kind)
            roles = lifecycle.roles_of(it, Actor("librarian", library, Office.STAFF))
            for command in lifecycle.allowed(it, roles):
                if command in MAKES:
                    yield library, it, command

    def say(
        self, library: str, command: type[Command], case: str, /, *, by: Actor | None = None, **said: Any
    ) -> bool:
        """A command, and where things are after it; one that is refused changes nothing at all."""
        before = self.stored()
        try:
            self.ends.say(library, command, case, by=by, **said)
        except (Refused, NotFound, MissingValue, InvalidValue):
            assert self.stored() == before
            return False
        self.moved(library, command, case)
        return True

    def stored(self) -> tuple[object, ...]:
        return tuple(tuple(desk.storage.records()) for desk in self.ends.desks.values())

    # --- where things are ---

    def moved(self, library: str, command: type[Command], case: str) -> None:
        if command in (c.Ship, c.SupplyCopy):
            sent = self.transaction(library, case)
            if sent.delivery is None or not sent.delivery.via.online:
                things = sent.items or (sent.request_id,)
                self.places[sent.request_id] = dict.fromkeys(things, ("out", self.ends.now))
        elif command is c.UndoShipment:
            self.places.pop(self.transaction(library, case).request_id, None)
        elif command in _PUTS:
            it = self.ends.case(case)
            parcel = self.places.get(_request(it), {})
            for thing, (place, _) in parcel.items():
                where = "back" if thing in it.sent_back else "here" if thing in it.received else "out"
                if where != place:  # what was not received after all has been lying there
                    parcel[thing] = (where, MONDAY if where == "out" else self.ends.now)

    def transaction(self, lender: str, id: str) -> SupplyTransaction:
        return self.ends.transaction(lender, id.removeprefix(f"{HERE}/"))

    def at(self, request: str, where: str) -> tuple[str, ...]:
        """The things of a request that are there, or have come there by now."""
        if where == "here":
            here, came = self.at(request, "here only"), self.at(request, "out")
            return here + came
        wanted = where.removesuffix(" only")
        return tuple(
            thing
            for thing, (place, since) in self.places.get(request, {}).items()
            if place == wanted and (wanted == "here" or self.ends.now - since >= DAY)
        )


def _request(it: BorrowingCase) -> str:
    return it.attempt.request_id if it.attempt is not None else ""


_PUTS: Final = (b.Receive, b.ShipBack, b.RecordFound, b.Undo)
_ALSO_THE_PATRON: Final = (
    b.Withdraw,
    b.CancelRequest,
    b.AcceptOffer,
    b.RejectOffer,
    b.RenewLoan,
    b.ReportDefect,
)

_OFTEN: Final = frozenset(
    {
        *(c.Promise, c.MakeOffer, c.Ship, c.SupplyCopy, c.GrantRenewal, c.CheckIn, c.AnswerCancel),
        *(c.Recall, c.Compensate, c.SettleLoss, c.UndoShipment),
        *(b.AcceptOffer, b.RejectOffer, b.Receive, b.CheckOut, b.RenewLoan, b.TakeBack, b.ShipBack),
        *(b.RecordFound, b.ReportDefect, b.AcceptRetry),
    }
)
"""What a walk does more often than the rest, so that loans get somewhere."""


def _always(_it: Any) -> bool:
    return True


_READY: Final[Mapping[type[Command], Callable[[Any], bool]]] = {
    b.CancelRequest: lambda it: not it.cancelling,
    b.Abandon: lambda it: False,  # the clock does
    b.TimeOut: lambda it: False,
    b.CloseUnconfirmed: lambda it: False,
    b.QueryStatus: lambda it: not it.attention,
    b.HearShipped: lambda it: not it.items,
    b.SetRota: lambda it: not it.ahead,
    b.RenewLoan: lambda it: it.renewal_asked_on is None and it.recalled_on is None,
    c.AnswerCancel: lambda it: it.cancel_asked_on is not None,
    c.SupplyCopy: lambda it: it.may_be_copied and (it.closing is None or bool(it.defects)),
    c.Ship: lambda it: it.may_be_lent,
    c.UndoShipment: lambda it: it.last_step is not None,
    c.GrantRenewal: lambda it: it.renewal_asked_on is not None,
    c.DeclineRenewal: lambda it: it.renewal_asked_on is not None,
    c.RecordDamage: lambda it: bool(it.items) and not it.damages,
    c.Compensate: lambda it: it.awaits_compensation,
    c.LapseOffer: lambda it: False,
    c.Assess: lambda it: it.overdue_on(date.max),
}
"""Where a command is of use; elsewhere it would mostly be refused, or change nothing."""

Made = Mapping[str, Any] | None


def _nothing(_walk: Walk, _it: Any) -> Made:
    return {}


def _part(walk: Walk, things: tuple[str, ...]) -> tuple[str, ...]:
    return things[:1] if len(things) > 1 and walk.choose(3) == 2 else things


def _receive(walk: Walk, it: BorrowingCase) -> Made:
    request = _request(it)
    came = walk.at(request, "out") if not walk.wild else tuple(walk.places.get(request, {}))
    if it.state is CaseState.SHIPPED:
        if set(it.items) == {request}:  # nobody said which
            return {} if came or walk.wild else None
        came = tuple(thing for thing in came if thing in it.on_the_way)
        return {"items": _part(walk, came)} if came else None
    if not came:
        return {"unannounced": True, "service": Service.LOAN} if walk.wild else None
    lender = it.attempt.supplier if it.attempt is not None else ""
    there = walk.ends.transaction(lender, request)
    service = Service.COPY if there.due is None else Service.LOAN
    return {"unannounced": True, "service": service, "items": came, "due": there.due}


def _ship_back(walk: Walk, it: BorrowingCase) -> Made:
    here = tuple(
        thing
        for thing in it.here
        if walk.wild or thing in walk.at(_request(it), "here only") or thing == _request(it)
    )
    return {"items": _part(walk, here), "although_held": bool(walk.choose(2))} if here else None


def _found(walk: Walk, it: BorrowingCase) -> Made:
    things = walk.places.get(_request(it), {})
    here = walk.at(_request(it), "here")
    return {} if walk.wild or (things and set(here) == set(things)) else None


def _shipped_by_hand(walk: Walk, it: BorrowingCase) -> Made:
    """The lender rings a day later and says so: true, and about an attempt of which something was sent."""
    for attempt in it.attempts:
        things = walk.places.get(attempt.request_id, {})
        if any(walk.ends.now - since >= DAY for _, since in things.values()):
            there = walk.ends.transaction(attempt.supplier, attempt.request_id)
            if there.due is not None:
                costs = tuple(
                    CostLine(kind=CostKind(kind), amount=posted.amount)
                    for kind, posted in there.charged.items()
                )
                return {"attempt": attempt.number, "items": there.items, "due": there.due, "costs": costs}
    return None


def _lose(walk: Walk, it: BorrowingCase) -> Made:
    where = {
        CaseState.SHIPPED: WhereLost.TRANSIT_OUT,
        CaseState.RETURNED: WhereLost.TRANSIT_BACK,
        CaseState.ON_LOAN: WhereLost.PATRON,
    }
    return {"where": where.get(it.state, WhereLost.LIBRARY), "items": _part(walk, it.out)}


def _check_in(walk: Walk, it: SupplyTransaction) -> Made:
    back = (
        it.still_out if walk.wild else tuple(t for t in walk.at(it.request_id, "back") if t in it.still_out)
    )
    return {"items": _part(walk, back)} if back else None


def _delivery(walk: Walk) -> Delivery:
    return (Delivery(via=SentVia.MAIL), Delivery(via=SentVia.URL, reference="https://example.org/1.pdf"))[
        walk.choose(2)
    ]


def _costs(walk: Walk) -> tuple[CostLine, ...]:
    line = CostLine(kind=CostKind.DELIVERY, amount=Money("3.70", "CNY"))
    return (line,) if walk.choose(3) == 2 else ()


def _offer(walk: Walk, _it: Any) -> Made:
    return (
        {"cost": cny(15)},
        {"cost": cny(45)},
        {"conditions": (Condition.LIBRARY_USE_ONLY,)},
        {"conditions": (Condition.SUPERVISED,)},
    )[walk.choose(4)]


def _revision(_walk: Walk, it: BorrowingCase) -> Made:
    offer = it.attempt.offer if it.attempt is not None else None
    return {"revision": offer.revision} if offer is not None else None


def _intent(walk: Walk, _it: Any) -> Made:
    return {"intent": tuple(CancelIntent)[walk.choose(2)]}


def _ship(walk: Walk, it: SupplyTransaction) -> Made:
    items = tuple(f"{it.request_id}/v{n}" for n in range(1, 2 + walk.choose(2)))
    return {"items": items, "refuse_cancel": bool(walk.choose(2)), "costs": _costs(walk)}


MAKES: Final[Mapping[type[Command], Callable[[Walk, Any], Made]]] = {
    # the borrower's own
    b.AssessCase: _nothing,
    b.AmendRequest: lambda walk, it: {"max_cost": cny(60)},
    b.ApproveRequest: _nothing,
    b.Recheck: _nothing,
    b.OverrideBlock: lambda walk, it: {"reason": "it is for the exhibition"},
    b.CloseAsDuplicate: lambda walk, it: {"other": "B9"},
    b.Submit: lambda walk, it: {"declared": True},
    b.Withdraw: _nothing,
    b.FillLocally: _nothing,
    b.DeclineRequest: lambda walk, it: {"reason": "no"},
    b.SetRota: lambda walk, it: {"suppliers": ((NLC,), (ZJU,), (NLC, ZJU))[walk.choose(3)]},
    b.SkipSupplier: _nothing,
    b.Send: _nothing,
    b.Exhaust: _nothing,
    b.GiveUp: _nothing,
    b.Resubmit: lambda walk, it: {"successor": f"{it.id}-again"},
    b.TimeOut: _nothing,
    b.QueryStatus: _nothing,
    b.AcceptOffer: _revision,
    b.RejectOffer: _revision,
    b.CancelRequest: _intent,
    b.Abandon: _nothing,
    b.AcceptRetry: _nothing,
    b.DeclineRetry: _nothing,
    b.Receive: _receive,
    b.CheckOut: lambda walk, it: {"acknowledged": tuple(Condition)},
    b.TakeBack: _nothing,
    b.ShipBack: _ship_back,
    b.RenewLoan: lambda walk, it: {"reason": ("the reading group goes on", "")[walk.choose(2)]},
    b.HandOver: _nothing,
    b.ReportDefect: lambda walk, it: {"note": "page 12 is missing"},
    b.ReportDamage: lambda walk, it: {"note": "a wet corner", "on_arrival": True},
    b.RecordLoss: _lose,
    b.RecordFound: _found,
    b.CloseLoss: lambda walk, it: {"how": tuple(Settlement)[walk.choose(3)]},
    b.CloseUnconfirmed: _nothing,
    b.CloseCaseManually: lambda walk, it: {"reason": "by hand"} if walk.choose(4) == 3 else None,
    b.Undo: _nothing,
    b.HearShipped: _shipped_by_hand,
    # the lender's own
    c.Expect: _nothing,
    c.Promise: _nothing,
    c.CannotSupply: lambda walk, it: {"why": tuple(Unfilled)[walk.choose(len(Unfilled))]},
    c.MakeOffer: _offer,
    c.LapseOffer: _nothing,
    c.AskRetry: lambda walk, it: {
        "why": Retry.ON_LOAN,
        "after": (None, walk.ends.now.date() + 5 * DAY)[walk.choose(2)],
    },
    c.Forward: lambda walk, it: {"to": "CN-SHL"},
    c.AnswerCancel: lambda walk, it: {"yes": bool(walk.choose(2))},
    c.Ship: _ship,
    c.SupplyCopy: lambda walk, it: {
        "delivery": _delivery(walk),
        "costs": _costs(walk),
        "copyright_checked": True,
    },
    c.UndoShipment: _nothing,
    c.GrantRenewal: _nothing,
    c.DeclineRenewal: lambda walk, it: {"reason": "no"},
    c.Recall: lambda walk, it: {
        "due": walk.ends.now.date() + (1 + walk.choose(20)) * DAY,
        "reason": "wanted here",
    },
    c.HoldReturn: lambda walk, it: {"held": not it.held_return},
    c.CheckIn: _check_in,
    c.ReleaseItem: _nothing,
    c.DeclareLost: _nothing,
    c.RecordDamage: lambda walk, it: {"item": it.items[0], "note": "a torn page"} if it.items else None,
    c.Compensate: lambda walk, it: {"amount": Money("88.35", "CNY")},
    c.SettleLoss: lambda walk, it: {"how": tuple(Settlement)[walk.choose(3)]},
    c.Assess: _nothing,
    c.CloseManually: lambda walk, it: {"reason": "by hand"} if walk.choose(4) == 3 else None,
}


def chosen(data: st.DataObject) -> Choose:
    """A choice of hypothesis': it comes to 0 where an example is made smaller."""
    return lambda below: data.draw(st.integers(0, below - 1))


def standing(both: TwoEnds) -> str:
    """Where both ends stand with every request, for the report of an example."""
    return "; ".join(
        f"{request}: {case.id} {case.state} {case.outcome}, {there and there.state} {there and there.closing}"
        for request, case, there in both.requests()
    )


def stands(case: BorrowingCase, there: SupplyTransaction | None, request: str) -> tuple[Any, Any]:
    """Where the two ends stand with a request."""
    attempt = next(each for each in case.attempts if each.request_id == request)
    return stands_here(case, attempt), stands_there(there)


_HERE: Final = (CaseState.SHIPPED, CaseState.RECEIVED, CaseState.ON_LOAN, CaseState.AWAITING_RETURN)
_OUT: Final = (SupplyState.SHIPPED, SupplyState.AT_REQUESTER, SupplyState.RETURN_IN_TRANSIT)
_FOR_STAFF: Final = {
    # the lender has declared lost what the borrower has, or has sent back
    *((here, SupplyState.LOST) for here in (*_HERE, CaseState.RETURNED)),
    # one piece is on its way back, another one is not
    *((here, SupplyState.RETURN_IN_TRANSIT) for here in (*_HERE, CaseState.LOST)),
    # nobody confirmed the return, and the borrower has closed the case
    *((CaseOutcome.RETURNED, there) for there in (*_OUT, SupplyState.LOST, Closing.LOST_SETTLED)),
    (CaseOutcome.RETURNED, Closing.WITHOUT_RETURN),
    # what one end took for lost was on its way back
    (CaseOutcome.LOST_SETTLED, Closing.COMPLETED),
}
"""Where the two ends may come to differ although every message arrives; staff are called then."""


class Honest(Walk):
    """A walk over a good wire: whenever all has arrived, both ends agree, and so do the books."""

    def arrived(self) -> None:
        assert not self.ends.bounced
        for request, case, there in self.ends.requests():
            if not compatible(case, there, request=request):
                assert raises_attention(case, there), standing(self.ends)
                assert stands(case, there, request) in _FOR_STAFF, standing(self.ends)
        for lender in self.ends.lenders:
            assert self.ends.payable(lender) == self.ends.receivable(lender)


WALKS: Final = settings(max_examples=60, derandomize=True, database=None)


@WALKS
@given(st.data())
def test_nothing_is_lost_unseen_on_a_bad_wire(data: st.DataObject) -> None:
    """Whatever is lost, comes twice or late: in the end both ends agree, or staff are called to look.

    A refused command leaves no trace on the way; all that was taken, said once more, changes nothing.
    """
    choose = chosen(data)
    walk = Walk(choose, Wire(choose))
    walk.go(40)
    walk.wait(FOR_EVER)
    assert not walk.ends.disagreements(), standing(walk.ends)
    _say_all_again(walk.ends)


def _say_all_again(both: TwoEnds) -> None:
    """What was taken once is taken again and changes nothing; what bounced may be taken now."""
    before = [tuple(desk.storage.records()) for desk in both.desks.values()]
    bounced = {bounced.carried for bounced in both.bounced}
    taken = [carried for carried in both.arrived if carried not in bounced]
    both.wire, repeated = Wire(), both.repeated
    for carried in taken:
        both.wire.put(carried)
    both.drain()
    assert [tuple(desk.storage.records()) for desk in both.desks.values()] == before
    assert both.repeated == repeated + len(taken)


@WALKS
@given(st.data())
def test_a_good_wire_bounces_nothing_and_the_books_agree(data: st.DataObject) -> None:
    """Nothing is refused that was heard, and what the lender has charged is what the borrower owes."""
    choose = chosen(data)
    walk = Honest(choose, Wire())
    walk.go(40)
    walk.arrived()
    walk.wait(FOR_EVER)
    walk.arrived()


@WALKS
@given(st.data())
def test_staff_who_say_what_is_not_so_do_no_harm_to_the_books(data: st.DataObject) -> None:
    """Received what was not sent, checked in what is elsewhere: nothing bounces, and the books agree."""
    choose = chosen(data)
    walk = Walk(choose, Wire(), wild=True)
    walk.go(40)
    walk.wait(FOR_EVER)
    assert not walk.ends.bounced
    assert not walk.ends.stuck
    for lender in walk.ends.lenders:
        assert walk.ends.payable(lender) == walk.ends.receivable(lender)


def test_every_command_of_a_desk_has_its_part_in_the_walks() -> None:
    """What staff may say at either end is made by a walk, or is left out for a reason that is named."""
    desk = ends().desks[HERE]
    for lifecycle in (
        desk.lifecycles.named(BorrowingCase.kind),
        desk.lifecycles.named(SupplyTransaction.kind),
    ):
        for command in lifecycle.commands:
            left_out = command in _LEFT_OUT or (issubclass(command, b.Hear) and command not in _BY_HAND)
            assert (command in MAKES) != left_out, command


# --- one thing after the other --------------------------------------------------------------------

FIRST: Final = f"{HERE}/B1~1"


def order(both: TwoEnds, *suppliers: str, service: Service = Service.LOAN, **more: Any) -> None:
    """A case B1 is filed and approved, and its request is with the first supplier."""
    asked = Requested(title="古城水系考")
    said = {"patron": "p-1", "library": HERE, "service": service, "requested": asked, **more}
    both.say(HERE, b.DraftRequest, "B1", suppliers=suppliers or (NLC,), **said)
    both.say(HERE, b.Submit, "B1", declared=True)
    both.pass_time(HOUR)
    both.drain()


def lend(both: TwoEnds, *items: str) -> None:
    """It is promised and shipped."""
    order(both)
    both.say(NLC, c.Promise, FIRST)
    both.drain()
    both.say(NLC, c.Ship, FIRST, items=items or ("v1",))
    both.drain()


def take_out(both: TwoEnds, case: str = "B1") -> None:
    """It is received two days later, and lent."""
    both.pass_time(2 * DAY)
    both.say(HERE, b.Receive, case)
    both.say(HERE, b.CheckOut, case)
    both.pass_time(HOUR)


def send_back(both: TwoEnds, case: str = "B1") -> None:
    """The patron brings it, and it is sent back."""
    both.say(HERE, b.TakeBack, case)
    both.say(HERE, b.ShipBack, case)
    both.pass_time(HOUR)


def until(both: TwoEnds, day: date, hour: int = 10) -> None:
    """Time goes on to an hour of that day."""
    then = datetime.combine(day, datetime.min.time(), OURS.zone).replace(hour=hour)
    both.pass_time(then - both.now)


def stand(both: TwoEnds, lender: str = NLC, request: str = "B1~1", case: str = "B1") -> tuple[Any, Any]:
    """Where the two ends stand with the request."""
    return stands(both.case(case), both.transaction(lender, request), request)


def codes(it: Any) -> list[str]:
    """What staff have to look at, by its code."""
    return [reason.code.removeprefix("ill.attention.") for reason in it.attention]


def books_agree(both: TwoEnds) -> bool:
    """Whether every lender has charged what the borrower owes it."""
    return all(both.payable(lender) == both.receivable(lender) for lender in both.lenders)


def test_a_loan_from_the_request_to_the_return():
    """Asked, promised, sent, lent, renewed, overdue, returned: both ends agree, nobody has to look."""
    both = ends()
    lend(both, "v1", "v2")
    take_out(both)
    both.say(HERE, b.RenewLoan, "B1", reason="the reading group goes on")
    both.drain()
    both.say(NLC, c.GrantRenewal, FIRST)
    both.drain()
    due = both.transaction(NLC, "B1~1").due
    assert due == both.case("B1").due == date(2026, 2, 20)
    until(both, date(2026, 3, 20))
    send_back(both)
    both.pass_time(DAY)
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert stand(both) == (CaseOutcome.RETURNED, Closing.COMPLETED)
    assert not both.bounced
    assert not codes(both.case("B1"))
    assert not codes(both.transaction(NLC, "B1~1"))
    assert both.receivable(NLC) == both.payable(NLC) == cny(2 * 20 + 2 * 29 * 5)
    told = [carried.message.kind for carried in both.told]
    assert "ill.patron.renewed" in told


def test_a_copy_by_a_link():
    """What is there at once is delivered at one end and over at the other; the pages are paid for."""
    both = ends()
    order(both, service=Service.COPY)
    costs = (CostLine(kind=CostKind.COPY, amount=Money("3.60", "CNY")),)
    link = Delivery(via=SentVia.URL, reference="https://example.org/1.pdf")
    both.say(NLC, c.SupplyCopy, FIRST, delivery=link, costs=costs, copyright_checked=True)
    both.drain()
    assert stand(both) == (CaseState.DELIVERED, Closing.COPY_SUPPLIED)
    both.say(HERE, b.ReportDefect, "B1", note="page 12 is missing")
    both.drain()
    assert codes(both.transaction(NLC, "B1~1")) == ["defect"]
    better = Delivery(via=SentVia.URL, reference="https://example.org/2.pdf")
    both.say(NLC, c.SupplyCopy, FIRST, delivery=better, copyright_checked=True)
    both.drain()
    assert both.case("B1").copy == better
    both.pass_time(30 * DAY)
    assert stand(both) == (CaseOutcome.COPY_DELIVERED, Closing.COPY_SUPPLIED)
    assert both.receivable(NLC) == both.payable(NLC) == Money("3.60", "CNY")


def test_a_cancellation_that_crosses_the_shipping():
    """Shipped beats cancel: the lender answers no, and both ends go on with the loan."""
    both = ends()
    order(both)
    both.say(HERE, b.CancelRequest, "B1")
    both.say(NLC, c.Ship, FIRST, items=("v1",))
    both.drain()
    assert stand(both) == (CaseState.SHIPPED, SupplyState.SHIPPED)
    case = both.case("B1")
    assert case.cancel is not None
    assert case.cancel.state is CancelState.MOOT
    assert both.transaction(NLC, "B1~1").cancel_asked_on is None
    assert codes(case) == ["shipped-despite-cancel"]


class Backwards(Wire):
    """What arrives in one round arrives in the other order."""

    def take(self) -> tuple[Carried, ...]:
        return super().take()[::-1]


@pytest.mark.parametrize(
    ("wire", "looked_at"),
    [(Wire, ["cancel-refused", "shipped-despite-cancel"]), (Backwards, ["shipped-despite-cancel"])],
)
def test_both_orders_of_the_answer_to_a_cancellation_and_the_shipping(
    wire: type[Wire], looked_at: list[str]
) -> None:
    """No and Loaned, Loaned and no: both come to a loan, and a "no" after it says nothing new."""
    both = ends()
    order(both)
    both.say(HERE, b.CancelRequest, "B1")
    both.drain()
    both.wire = wire()
    both.say(NLC, c.Ship, FIRST, items=("v1",), refuse_cancel=True)
    both.drain()
    kinds = [carried.message.kind.removeprefix("ill.supply.") for carried in both.arrived[-2:]]
    assert kinds == (["shipped", "cancel-answered"] if wire is Backwards else ["cancel-answered", "shipped"])
    assert stand(both) == (CaseState.SHIPPED, SupplyState.SHIPPED)
    assert codes(both.case("B1")) == looked_at
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert both.disagreements() == ()


def test_a_cancellation_that_is_granted():
    """Yes ends it at both ends, or goes on to the next supplier."""
    both = ends()
    order(both, NLC, ZJU)
    both.say(HERE, b.CancelRequest, "B1", intent=CancelIntent.LEAVE_SUPPLIER)
    both.drain()
    both.say(NLC, c.AnswerCancel, FIRST, yes=True)
    both.pass_time(HOUR)
    both.drain()
    assert stand(both) == (AttemptState.CANCELLED, Closing.CANCELLED)
    assert stand(both, ZJU, "B1~2") == (CaseState.PROMISED, SupplyState.PROMISED)  # it promises by itself
    both.say(HERE, b.CancelRequest, "B1")
    both.drain()
    both.say(ZJU, c.AnswerCancel, f"{HERE}/B1~2", yes=True)
    both.drain()
    assert stand(both, ZJU, "B1~2") == (AttemptState.CANCELLED, Closing.CANCELLED)
    assert both.case("B1").outcome is CaseOutcome.CANCELLED


def said_by_hand(kind: str, /, **facts: Any) -> Carried:
    """A message that no desk of ours would have sent, from the lender."""
    said = tuple({"request": "B1~1", "title": "古城水系考", **facts}.items())
    about = Key(SupplyTransaction.kind, FIRST)
    return Carried(Message(key=f"{about}/by-hand/{kind}", to=HERE, kind=kind, about=about, facts=said), NLC)


def test_a_contradictory_answer_to_a_cancellation():
    """Yes, and "Loaned": it is no answer; staff look, and the clock takes it as cancelled in time."""
    both = ends()
    order(both)
    both.say(HERE, b.CancelRequest, "B1")
    both.drain()
    both.wire.put(said_by_hand("ill.supply.cancel-answered", yes=True, status="Loaned"))
    both.drain()
    case = both.case("B1")
    assert case.cancelling
    assert codes(case) == ["contradiction"]
    both.pass_time(10 * DAY)
    assert both.case("B1").outcome is CaseOutcome.CANCELLED
    assert stand(both)[1] is SupplyState.NEW
    assert codes(both.transaction(NLC, "B1~1")) == ["cancel-asked", "note"]


def test_a_yes_to_a_cancellation_after_the_shipping():
    """What is out is out: a yes that comes after it is for staff to clear up."""
    both = ends()
    lend(both)
    both.wire.put(said_by_hand("ill.supply.cancel-answered", yes=True, status="Cancelled"))
    both.drain()
    assert stand(both) == (CaseState.SHIPPED, SupplyState.SHIPPED)
    assert codes(both.case("B1")) == ["conflict"]


def test_a_renewal_that_crosses_a_recall():
    """The recall answers it: the due date is the recall's at both ends, and nothing waits."""
    both = ends()
    lend(both)
    take_out(both)
    both.say(HERE, b.RenewLoan, "B1", reason="the reading group goes on")
    both.say(NLC, c.Recall, FIRST, due=date(2026, 1, 20), reason="wanted here")
    both.drain()
    case, there = both.case("B1"), both.transaction(NLC, "B1~1")
    assert case.due == there.due == date(2026, 1, 20)
    assert case.renewal_asked_on is None
    assert there.renewal_asked_on is None
    assert case.recalled_on is not None
    send_back(both)
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert stand(both) == (CaseOutcome.RETURNED, Closing.COMPLETED)


def test_a_return_that_crosses_an_overdue_notice():
    """It was on its way when the notice came: nothing changes, and nobody has to look."""
    both = ends()
    lend(both)
    take_out(both)
    due = both.case("B1").due
    assert due is not None
    until(both, due, hour=23)
    both.pass_time(timedelta(minutes=57))
    both.say(HERE, b.TakeBack, "B1")
    both.say(HERE, b.ShipBack, "B1")  # may be undone for five minutes
    both.pass_time(timedelta(minutes=4))
    assert both.arrived[-1].message.kind == "ill.supply.overdue"
    assert stand(both) == (CaseState.RETURNED, SupplyState.AT_REQUESTER)
    assert codes(both.case("B1")) == []
    both.pass_time(HOUR)
    assert stand(both) == (CaseState.RETURNED, SupplyState.RETURN_IN_TRANSIT)
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert books_agree(both)
    assert both.receivable(NLC) == cny(20 + 5)


def test_a_recall_that_is_lost():
    """The borrower does not know of it; a notice that comes before its own due date calls staff."""
    both = ends()
    lend(both)
    take_out(both)
    both.wire.lose("ill.supply.recalled")
    both.say(NLC, c.Recall, FIRST, due=date(2026, 1, 15), reason="wanted here")
    both.drain()
    assert [carried.message.kind for carried in both.wire.lost] == ["ill.supply.recalled"]
    assert both.case("B1").recalled_on is None
    until(both, date(2026, 1, 17))
    assert codes(both.case("B1")) == ["overdue-before-due"]
    send_back(both)
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert stand(both) == (CaseOutcome.RETURNED, Closing.COMPLETED)
    assert books_agree(both)


def test_a_return_that_is_confirmed_by_a_lost_message():
    """Without the lender's word the case closes in time, flagged for staff."""
    both = ends()
    lend(both)
    take_out(both)
    send_back(both)
    both.wire.lose("ill.supply.checked-in")
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert stand(both) == (CaseState.RETURNED, Closing.COMPLETED)
    assert both.disagreements() == ()
    both.pass_time(60 * DAY)
    assert stand(both) == (CaseOutcome.RETURNED, Closing.COMPLETED)
    assert both.case("B1").unconfirmed
    assert codes(both.case("B1")) == ["unconfirmed"]


def test_a_lost_report_of_a_return():
    """That it is on its way need not be told: it is checked in when it comes."""
    both = ends()
    lend(both)
    take_out(both)
    both.wire.lose("ill.borrowing.returned")
    send_back(both)
    assert stand(both) == (CaseState.RETURNED, SupplyState.AT_REQUESTER)
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert stand(both) == (CaseOutcome.RETURNED, Closing.COMPLETED)
    assert not codes(both.case("B1"))


def test_a_request_that_comes_twice():
    """It counts once, however much later it comes again."""
    both = ends()
    order(both)
    (request,) = both.arrived[-2:-1]
    assert request.message.kind == "ill.borrowing.request"
    both.pass_time(DAY)
    before = tuple(both.desks[NLC].storage.records())
    both.wire.put(request)
    both.drain()
    assert tuple(both.desks[NLC].storage.records()) == before
    assert both.repeated == 1
    assert not both.bounced


def test_an_answer_that_is_lost():
    """A lender that seems silent is timed out, and the next one is asked."""
    both = ends()
    order(both, NLC, ZJU)
    both.wire.lose("ill.supply.unfilled")
    both.say(NLC, c.CannotSupply, FIRST, why=Unfilled.NOT_HELD)
    both.drain()
    assert stand(both) == (CaseState.SENT, Closing.UNFILLED)
    assert len(both.disagreements()) == 1
    both.pass_time(10 * DAY)
    assert stand(both) == (AttemptState.TIMED_OUT, Closing.UNFILLED)
    assert stand(both, ZJU, "B1~2") == (CaseState.PROMISED, SupplyState.PROMISED)
    assert both.disagreements() == ()


def test_an_offer_that_is_revised_while_the_first_is_accepted():
    """An acceptance is of one revision: the older one calls the lender's staff, the newer one binds both."""
    both = ends()
    order(both)
    both.say(NLC, c.MakeOffer, FIRST, cost=cny(30))
    both.drain()
    both.say(HERE, b.AcceptOffer, "B1", revision=1)
    both.say(NLC, c.MakeOffer, FIRST, cost=cny(35))
    both.drain()
    assert stand(both) == (CaseState.OFFERED, SupplyState.OFFERED)
    assert codes(both.transaction(NLC, "B1~1")) == ["out-of-order"]
    both.say(HERE, b.AcceptOffer, "B1", revision=2)
    both.drain()
    assert stand(both) == (CaseState.PROMISED, SupplyState.PROMISED)
    assert both.case("B1").attempts[0].agreed == both.transaction(NLC, "B1~1").agreed == cny(35)


def test_an_offer_that_is_turned_down():
    """The lender does not supply on other terms, and the next one is asked."""
    both = ends()
    order(both, NLC, ZJU)
    both.say(NLC, c.MakeOffer, FIRST, conditions=(Condition.SUPERVISED,))
    both.drain()
    both.say(HERE, b.RejectOffer, "B1", revision=1)
    both.drain()
    assert stand(both) == (AttemptState.OFFER_REJECTED, Closing.UNFILLED)
    assert both.case("B1").current == 2


def two_promises() -> TwoEnds:
    """The first lender kept silent for too long, and promises just when the second one does."""
    both = ends()
    order(both, NLC, ZJU)
    both.pass_time(8 * DAY)
    assert stand(both) == (AttemptState.TIMED_OUT, SupplyState.NEW)
    assert stand(both, ZJU, "B1~2") == (CaseState.PROMISED, SupplyState.PROMISED)
    both.say(NLC, c.AnswerCancel, FIRST, yes=False)
    both.say(NLC, c.Promise, FIRST)
    both.drain()
    return both


def test_two_suppliers_that_promise_at_once():
    """The promise of the one that was timed out is taken down, and changes nothing."""
    both = two_promises()
    assert stand(both) == (AttemptState.TIMED_OUT, SupplyState.PROMISED)
    assert stand(both, ZJU, "B1~2") == (CaseState.PROMISED, SupplyState.PROMISED)
    assert set(codes(both.case("B1"))) == {"ended-attempt"}
    assert both.disagreements() == ()


def test_a_shipment_of_an_attempt_that_has_ended():
    """It gets a case of its own that receives it and sends it back; both loans end, and both are paid."""
    both = two_promises()
    both.say(NLC, c.Ship, FIRST, items=("v1",))
    both.say(ZJU, c.Ship, f"{HERE}/B1~2", items=("w1",))
    both.pass_time(HOUR)
    both.drain()
    back = "B1/return-1"
    assert both.case("B1").state is CaseState.SHIPPED
    assert both.case(back).origin == "B1"
    assert "shipped-after-end" in codes(both.case("B1"))
    both.pass_time(DAY)
    both.say(HERE, b.Receive, back)
    both.pass_time(HOUR)
    with pytest.raises(Refused, match=r"ill\.only-to-be-returned"):
        both.say(HERE, b.CheckOut, back)
    both.say(HERE, b.ShipBack, back)
    both.pass_time(HOUR)
    assert stand(both, case=back) == (CaseState.RETURNED, SupplyState.RETURN_IN_TRANSIT)
    both.say(NLC, c.CheckIn, FIRST)
    both.drain()
    assert stand(both, case=back) == (CaseOutcome.RETURNED, Closing.COMPLETED)
    take_out(both)
    send_back(both)
    both.say(ZJU, c.CheckIn, f"{HERE}/B1~2")
    both.drain()
    assert stand(both, ZJU, "B1~2") == (CaseOutcome.RETURNED, Closing.COMPLETED)
    assert both.receivable(NLC) == both.payable(NLC) == cny(20)
    assert both.receivable(ZJU) == both.payable(ZJU) == cny(20)
    assert compatible(both.case("B1"), both.transaction(NLC, "B1~1"))  # it is with the other case
    assert [(request, case.id) for request, case, _ in both.requests()] == [("B1~1", back), ("B1~2", "B1")]


def test_a_loan_that_is_lost_found_and_lost_again():
    """Both ends follow what the borrower says of it, and what is settled is settled at both."""
    both = ends()
    lend(both)
    take_out(both)
    both.say(HERE, b.RecordLoss, "B1", where=WhereLost.LIBRARY)
    both.drain()
    assert stand(both) == (CaseState.LOST, SupplyState.LOST)
    both.say(NLC, c.Compensate, FIRST, amount=Money("88.35", "CNY"))
    both.drain()
    assert both.payable(NLC) == Money("108.35", "CNY")
    both.say(HERE, b.RecordFound, "B1")
    both.drain()
    assert stand(both) == (CaseState.AWAITING_RETURN, SupplyState.AT_REQUESTER)
    assert both.payable(NLC) == both.receivable(NLC) == cny(20)
    both.say(HERE, b.RecordLoss, "B1", where=WhereLost.LIBRARY)
    both.drain()
    both.say(NLC, c.Compensate, FIRST, amount=cny(50))
    both.say(NLC, c.SettleLoss, FIRST, how=Settlement.WAIVED)
    both.drain()
    assert stand(both) == (CaseOutcome.LOST_SETTLED, Closing.LOST_SETTLED)
    assert both.payable(NLC) == both.receivable(NLC) == cny(20)


# --- what is not taken ----------------------------------------------------------------------------


def test_a_message_about_a_request_that_the_lender_never_had():
    """The request was lost: what is said about it bounces, and the borrower times the lender out."""
    both = ends()
    both.wire.lose("ill.borrowing.request")
    order(both)
    both.say(HERE, b.QueryStatus, "B1")
    both.drain()
    (bounced,) = both.bounced
    assert bounced.carried.message.kind == "ill.borrowing.status-request"
    assert bounced.at == both.now
    assert isinstance(bounced.error, NotFound)
    both.pass_time(30 * DAY)
    ((request, case, there),) = both.requests()
    assert (request, there) == ("B1~1", None)
    assert compatible(case, None)
    assert compatible(case, None, request="B1~1")
    assert not raises_attention(case, None)


def test_a_message_to_nobody_and_one_that_makes_no_sense():
    """A library without a desk, a case that is not there, facts of another type: each with its error."""
    both = ends()
    order(both, "CN-XXX")
    both.wire.put(said_by_hand("ill.supply.received", request="B9~1"))
    both.wire.put(said_by_hand("ill.supply.recalled", due="soon"))
    both.drain()
    assert [type(bounced.error) for bounced in both.bounced] == [NotFound, NotFound, InvalidMessage]
    assert "library" in str(both.bounced[0].error)


# --- the wire, and the rest of what is offered --------------------------------------------------------


def carried(number: int) -> Carried:
    """A message that only has a number."""
    about = Key("ill.supply", "1")
    return Carried(Message(key=f"{number}", to=HERE, kind=f"ill.supply.{number}", about=about), NLC)


def arrivals(wire: Wire, rounds: int) -> list[list[str]]:
    """The keys of what arrives, round by round."""
    return [[each.message.key for each in wire.take()] for _ in range(rounds)]


def test_a_wire_carries_all_in_its_order():
    """Nothing is chosen, nothing goes wrong."""
    wire = Wire()
    for number in range(3):
        wire.put(carried(number))
    assert len(wire) == 3
    assert arrivals(wire, 2) == [["0", "1", "2"], []]
    assert not wire


def test_a_wire_that_is_chosen_to_lose_repeat_and_delay():
    """Zero is whole; the faults are the last choices, and the round is another one."""
    choices = iter([0, 4, 1, 5, 0, 6, 3])
    wire = Wire(lambda below: next(choices) if below in {4, 7} else pytest.fail(f"chosen from {below}"))
    for number in range(5):
        wire.put(carried(number))
    assert [each.message.key for each in wire.lost] == ["3"]
    assert arrivals(wire, 3) == [["0", "1", "4"], ["1", "2"], []]


def test_a_wire_without_some_faults():
    """At most so many are lost, and what is not wanted does not happen."""
    wire = Wire(lambda below: below - 1, most_lost=1, repeats=False, delays=False)
    for number in range(2):
        wire.put(carried(number))
    assert [each.message.key for each in wire.lost] == ["0"]
    assert arrivals(wire, 1) == [["1"]]


def test_a_wire_loses_what_it_is_told_to():
    """The next ones of a kind, whatever is chosen."""
    wire = Wire(lambda below: 0)
    wire.lose("ill.supply.1", times=2)
    for number in (1, 0, 1, 1):
        wire.put(carried(number))
    assert arrivals(wire, 1) == [["0", "1"]]
    assert len(wire.lost) == 2


def test_a_run_can_be_repeated():
    """The same seed gives the same run, to the last record."""
    runs = []
    for _ in range(2):
        chance = Random(7)
        walk = Walk(chance.randrange, Wire(chance.randrange))
        walk.go(20)
        walk.wait(FOR_EVER)
        runs.append(walk.stored())
    assert runs[0] == runs[1]


def test_time_goes_on_only():
    """Below nothing is refused; with no time at all, what is due by now is said."""
    both = ends()
    lend(both)
    with pytest.raises(InvalidValue, match="time"):
        both.pass_time(-HOUR)
    now = both.now = both.now + 30 * DAY
    both.pass_time(timedelta(0))
    assert both.now == now
    assert "ill.supply.due-soon" in {carried.message.kind for carried in both.arrived}


def test_what_the_clock_cannot_say_is_kept():
    """A rule without a value stands in the way of a reminder: the loan and the error are kept."""
    mark = Dated("letter-mark", [Since(date.min, Cited("ILL", PRACTICE)), Since(date(2026, 2, 1), None)])
    both = TwoEnds(OURS, replace(THERE, letter_mark=mark), starts=MONDAY)
    both.relate(NLC, cny(500))
    lend(both)
    until(both, date(2026, 2, 10))
    assert list(both.stuck) == [Key(SupplyTransaction.kind, FIRST)]
    assert isinstance(both.stuck[Key(SupplyTransaction.kind, FIRST)], MissingValue)


def test_libraries_are_told_apart():
    """Each has a reference of its own, and the beginning is an instant."""
    with pytest.raises(InvalidValue, match="libraries"):
        TwoEnds(OURS, THERE, THERE, starts=MONDAY)
    with pytest.raises(InvalidValue, match="starts"):
        TwoEnds(OURS, THERE, starts=MONDAY.replace(tzinfo=None))


def test_the_hosts_own_facts():
    """A host gives its own facts for either end, and they count."""
    debarred = Known(BorrowingFacts(debarred=True))
    rare = Known(
        LendingFacts(
            kind=InstitutionKind.UNIVERSITY_LIBRARY, place=Place.ELSEWHERE, material=Material.RARE_BOOK
        )
    )
    both = TwoEnds(OURS, THERE, starts=MONDAY, borrowing_facts=debarred)
    order(both)
    assert both.case("B1").state is CaseState.BLOCKED
    both = TwoEnds(OURS, THERE, starts=MONDAY, lending_facts=rare)
    both.relate(NLC, cny(500))
    order(both)
    assert stand(both) == (AttemptState.UNFILLED, Closing.UNFILLED)
    with pytest.raises(NotFound):
        rare.party("p-1")


def test_every_standing_has_its_place_in_the_agreements():
    """Each pair is written once, and each state and outcome of a request agrees with something."""
    pairs = [(here, there) for row in AGREEMENTS for here in row.here for there in row.there]
    assert len(pairs) == len(set(pairs))
    assert all(row.why for row in AGREEMENTS)
    theirs = {there for _, there in pairs}
    assert theirs == {*SupplyState, *Closing, None} - {SupplyState.CLOSED}
    over = {state for state in AttemptState if state.ended} - {AttemptState.SKIPPED}
    supplied = {
        CaseOutcome.RETURNED,
        CaseOutcome.KEPT,
        CaseOutcome.COPY_DELIVERED,
        CaseOutcome.LOST_SETTLED,
        CaseOutcome.MANUAL,
    }
    out = {
        *(CaseState.SENT, CaseState.EXPECTED, CaseState.PROMISED, CaseState.OFFERED, CaseState.SHIPPED),
        *(CaseState.RECEIVED, CaseState.ON_LOAN, CaseState.AWAITING_RETURN, CaseState.RETURNED),
        *(CaseState.DELIVERED, CaseState.LOST),
    }
    assert {here for here, _ in pairs} == over | supplied | out


def test_a_transaction_of_another_case_is_not_compared():
    """Only the two ends of one request are."""
    both = ends()
    order(both)
    there = both.transaction(NLC, "B1~1")
    with pytest.raises(NotFound):
        compatible(both.case("B1"), replace(there, request_id="B2~1"))
    with pytest.raises(NotFound):
        both.transaction(NLC, "B2~1")
