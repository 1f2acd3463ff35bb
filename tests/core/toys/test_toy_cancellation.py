"""A cancellation that crosses a shipment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import Enum

import pytest
from change_laws import Store, decided, happened, heard
from hypothesis import given
from table_grid import differences, grid_of, read_grid
from toy_cancellation import (
    CANCEL_REQUESTED,
    CONFLICT,
    LIFECYCLES,
    ORDERS,
    POLICY,
    SHIPPED,
    AnswerCancel,
    Cancel,
    Order,
    OrderRole,
    OrderState,
    PlaceOrder,
    ReceiveParcel,
    RequestCancel,
    ShipOrder,
)
from toy_cases import ANN, ANN_AT_THE_SHOP, BOB, CANCELLATION, NOON, SHOP, Saying

from servflow.core.changes import Aggregate, Change, Key, Set, Withdrawal
from servflow.core.errors import Refused
from servflow.core.lifecycle import OPENING, SAME

GRID = """
                -         SENT              SHIPPED       RECEIVED   CANCELLED
PlaceOrder      C>SENT    .                 .             .          .
RequestCancel   .         C>=               .             .          .
AnswerCancel    .         S>CANCELLED/=     S>=           S>=        .
ShipOrder       .         S>SHIPPED         .             .          .
ReceiveParcel   .         .                 C>RECEIVED    .          .
"""

KEY = Key("toy.order", "order-1")
ORDER = Order(id="order-1", state=OrderState.SENT, version=1, customer="ann", supplier="shop")

PLACE = Saying(PlaceOrder, "order-1", ANN, {"supplier": "shop"})
ASK = Saying(RequestCancel, "order-1", ANN, {})
YES = Saying(AnswerCancel, "order-1", SHOP, {"yes": True})
NO = Saying(AnswerCancel, "order-1", SHOP, {"yes": False})
SHIP = Saying(ShipOrder, "order-1", SHOP, {})
RECEIVE = Saying(ReceiveParcel, "order-1", ANN, {})


def said(*sayings: Saying) -> tuple[Order, Store]:
    """The order after these, none of which may be refused."""
    store = Store(LIFECYCLES, POLICY)
    for number, saying in enumerate(sayings):
        happened(store.do(saying.at(NOON, number)))
    order = store.aggregates[KEY]
    assert isinstance(order, Order)
    return order, store


def test_the_table_is_the_grid() -> None:
    """Every cell is as it was written by hand, blank ones included."""
    grid = read_grid(
        GRID,
        states={state.name: state for state in OrderState},
        roles={"C": OrderRole.CUSTOMER, "S": OrderRole.SUPPLIER},
    )

    assert differences(grid, grid_of(ORDERS)) == []


@pytest.mark.parametrize("state", [OPENING, *OrderState])
def test_deciding_keeps_to_the_grid(state: Enum) -> None:
    """A command goes where its cell says, and is refused in a blank one."""
    roles = {"C": OrderRole.CUSTOMER, "S": OrderRole.SUPPLIER}
    grid = read_grid(GRID, states={each.name: each for each in OrderState}, roles=roles)
    for saying in (PLACE, ASK, YES, NO, SHIP, RECEIVE):
        cancel = None if saying is ASK else Cancel.PENDING if state is OrderState.SENT else Cancel.MOOT
        read: dict[Key, Aggregate] = {}
        if isinstance(state, OrderState):
            read = {KEY: replace(ORDER, state=state, cancel=cancel)}
        for role, actor in CANCELLATION.actors.items():
            targets = {state if to is SAME else to for to in grid[state, saying.kind.__name__, role]}
            if len(targets) == 2:
                targets.remove(OrderState.SENT if saying is YES else OrderState.CANCELLED)
            found = heard(LIFECYCLES, replace(saying, by=actor).at(NOON, 1), read, policy=POLICY)
            assert targets == ({found} if found else set()), (state, saying, role)


def test_a_wish_moves_nothing() -> None:
    """The order stays with the supplier, who is asked; the wish stands beside its state."""
    order, store = said(PLACE, ASK)

    assert (order.state, order.cancel) == (OrderState.SENT, Cancel.PENDING)
    assert [(message.kind, message.to) for message in store.messages] == [(CANCEL_REQUESTED, "shop")]
    assert store.journal[-1].alterations == (Set("cancel", Cancel.PENDING),)


def test_a_refused_cancellation_restores_nothing() -> None:
    """After a "no", everything but the wish is what it was before the wish."""
    before, _ = said(PLACE)
    after, _ = said(PLACE, ASK, NO)

    assert replace(before, cancel=Cancel.REFUSED, version=3) == after


def test_a_granted_cancellation_ends_the_order() -> None:
    """After a "yes" in time nothing can be shipped any more."""
    order, store = said(PLACE, ASK, YES)

    assert (order.state, order.cancel) == (OrderState.CANCELLED, None)
    with pytest.raises(Refused, match=r"lifecycle\.not-in-state"):
        happened(store.do(SHIP.at(NOON, 9)))


def test_shipped_beats_cancel() -> None:
    """The wish is moot; the question about it is withdrawn, the customer hears of the parcel."""
    order, store = said(PLACE, ASK)
    change = happened(store.do(SHIP.at(NOON, 9)))

    assert change.becomes == (replace(order, state=OrderState.SHIPPED, cancel=Cancel.MOOT, version=3),)
    assert change.withdrawals == (Withdrawal(KEY, (CANCEL_REQUESTED,)),)
    assert [(message.kind, message.to) for message in change.messages] == [(SHIPPED, "ann")]


@pytest.mark.parametrize("arrived", [(), (RECEIVE,)], ids=["under way", "arrived"])
def test_a_late_no_changes_nothing(arrived: tuple[Saying, ...]) -> None:
    """It is in the journal, and alters nothing."""
    before, _ = said(PLACE, ASK, SHIP, *arrived)
    after, store = said(PLACE, ASK, SHIP, *arrived, NO)

    assert replace(before, version=after.version) == after
    assert store.journal[-1].alterations == ()


@pytest.mark.parametrize("arrived", [(), (RECEIVE,)], ids=["under way", "arrived"])
def test_a_late_yes_raises_attention(arrived: tuple[Saying, ...]) -> None:
    """The order stays shipped, and somebody is to look; saying it twice says no more."""
    before, _ = said(PLACE, ASK, SHIP, *arrived)
    after, _ = said(PLACE, ASK, SHIP, *arrived, YES)
    again, store = said(PLACE, ASK, SHIP, *arrived, YES, YES)

    assert after.state is before.state
    assert after.attention == again.attention == (CONFLICT,)
    assert store.journal[-1].alterations == ()


@pytest.mark.parametrize(
    ("sayings", "answer"),
    [((PLACE,), YES), ((PLACE, ASK, NO), NO), ((PLACE, SHIP), YES), ((PLACE, ASK, NO, SHIP), NO)],
    ids=["nobody asked", "answered before", "shipped unasked", "shipped after a no"],
)
def test_an_answer_to_nothing_is_refused(sayings: tuple[Saying, ...], answer: Saying) -> None:
    """An answer needs a wish that waits for it, or one that the shipment overtook."""
    _, store = said(*sayings)
    with pytest.raises(Refused, match=r"order\.no-cancel-pending"):
        happened(store.do(answer.at(NOON, 9)))


def test_a_second_wish_waits_for_the_answer_to_the_first() -> None:
    """One wish at a time; after a "no" the customer may ask again."""
    _, store = said(PLACE, ASK)
    with pytest.raises(Refused, match=r"order\.cancel-pending"):
        happened(store.do(ASK.at(NOON, 9)))

    assert said(PLACE, ASK, NO, ASK)[0].cancel is Cancel.PENDING


def test_roles_belong_to_the_order() -> None:
    """A stranger is refused; one who is both customer and supplier's clerk has both roles."""
    _, store = said(PLACE)
    with pytest.raises(Refused, match=r"lifecycle\.not-yours \(roles=customer\)"):
        happened(store.do(replace(ASK, by=BOB).at(NOON, 8)))

    both = [replace(saying, by=ANN_AT_THE_SHOP) for saying in (ASK, NO, SHIP, RECEIVE)]
    order, store = said(PLACE, *both)
    assert order.state is OrderState.RECEIVED
    assert [entry.role for entry in store.journal] == [
        "customer", "customer", "supplier", "supplier", "customer",
    ]  # fmt: skip


@given(CANCELLATION.histories)
def test_a_shipped_order_is_never_cancelled(history: list[tuple[Saying, datetime]]) -> None:
    """Once shipped, an order only arrives; once cancelled, it is over; no wish is left pending by then."""
    store = Store(LIFECYCLES, POLICY)
    seen: list[OrderState] = []
    for number, (saying, at) in enumerate(history):
        if isinstance(store.do(saying.at(at, number)), Change):
            order = store.aggregates[KEY]
            assert isinstance(order, Order)
            seen.append(order.state)
            assert order.state is OrderState.SENT or order.cancel is not Cancel.PENDING

    order_of_states = {OrderState.SENT: 0, OrderState.SHIPPED: 1, OrderState.RECEIVED: 2}
    ways = [order_of_states.get(state, 3) for state in seen]
    assert ways == sorted(ways)
    assert not {OrderState.SHIPPED, OrderState.CANCELLED} <= set(seen)


def test_the_same_is_decided_on_what_was_read_alone() -> None:
    """Nothing but the order is read, and its version is expected."""
    change = happened(decided(LIFECYCLES, ASK.at(NOON, 1), {KEY: ORDER}, policy=POLICY))

    assert change.expects == ((KEY, 1),)
