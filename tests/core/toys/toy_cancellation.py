"""An order whose cancellation may cross its shipment.

Two who write to each other know things at different times: the customer cancels while the parcel
leaves. The wish to cancel is therefore no state of the order but a facet beside it.

1. Asking to cancel moves nothing. A refused cancellation restores nothing, because nothing moved.
2. Shipped beats cancel: a fact beats an intention, and the wish is moot.
3. A late "no" to a moot wish changes nothing. A late "yes" contradicts the parcel: somebody is to look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Final

from servflow.core.changes import Actor, Aggregate, Command, Message, Office, Withdrawal
from servflow.core.citations import Reason
from servflow.core.lifecycle import (
    ALWAYS,
    OPENING,
    SAME,
    Lifecycle,
    Lifecycles,
    Outcome,
    Row,
    Situation,
    chooser,
)

__all__ = [
    "CANCEL_REQUESTED",
    "CONFLICT",
    "LIFECYCLES",
    "ORDERS",
    "POLICY",
    "SHIPPED",
    "AnswerCancel",
    "Cancel",
    "Order",
    "OrderPolicy",
    "OrderRole",
    "OrderState",
    "PlaceOrder",
    "ReceiveParcel",
    "RequestCancel",
    "ShipOrder",
]

# --- states, roles, words -------------------------------------------------------------------------


class OrderState(Enum):
    """Where an order stands. What is merely wished is no state."""

    SENT = "sent"  # with the supplier
    SHIPPED = "shipped"
    RECEIVED = "received"
    CANCELLED = "cancelled"


class OrderRole(Enum):
    """In which role somebody speaks to an order."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"


class Cancel(Enum):
    """What became of the wish to cancel; None: nobody wished."""

    PENDING = "pending"  # asked, not answered
    REFUSED = "refused"
    MOOT = "moot"  # overtaken by the shipment


CONFLICT: Final = "cancelled-though-shipped"
CANCEL_REQUESTED: Final = "order.cancel-requested"
SHIPPED: Final = "order.shipped"

# --- the aggregate and its commands ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Aggregate):
    """An order. ``cancel`` is the wish beside its state, ``attention`` what somebody is to look at."""

    kind: ClassVar[str] = "toy.order"

    state: OrderState
    customer: str
    supplier: str
    cancel: Cancel | None = None
    attention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Command):
    """The customer orders; opens the order."""

    supplier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCancel(Command):
    """The customer wishes to cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCancel(Command):
    """The supplier answers the wish: cancelled, or not."""

    yes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipOrder(Command):
    """The parcel has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveParcel(Command):
    """The parcel has arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPolicy:
    """Orders have no rules of their own: nothing but the digests."""

    rulebook: str = "orders"
    calendar_digest: str = "every-day"


POLICY: Final = OrderPolicy()

S = Situation[Order, Any, OrderPolicy, None]

# --- choosers and guards --------------------------------------------------------------------------


@chooser
def says_yes(s: Situation[Order, AnswerCancel, OrderPolicy, None]) -> bool:
    """The supplier agrees."""
    return s.command.yes


def no_wish_pending(s: S) -> Iterator[Reason]:
    """No wish waits for its answer."""
    if s.it.cancel is Cancel.PENDING:
        yield Reason("order.cancel-pending")


def wish_pending(s: S) -> Iterator[Reason]:
    """A wish waits for its answer."""
    if s.it.cancel is not Cancel.PENDING:
        yield Reason("order.no-cancel-pending")


def wish_moot(s: S) -> Iterator[Reason]:
    """A wish was overtaken by the shipment: its answer is late, not wrong."""
    if s.it.cancel is not Cancel.MOOT:
        yield Reason("order.no-cancel-pending")


# --- effects --------------------------------------------------------------------------------------


def place(s: Situation[None, PlaceOrder, OrderPolicy, None]) -> Outcome:
    """The order as it begins."""
    c = s.command
    return Outcome(Order(id=c.case, state=OrderState.SENT, customer=c.by.party, supplier=c.supplier))


def ask(s: S) -> Outcome:
    """The wish is on record, and the supplier is asked."""
    asked = Message(key=f"{s.command.id}/supplier", to=s.it.supplier, kind=CANCEL_REQUESTED, about=s.it.key)
    return Outcome(replace(s.it, cancel=Cancel.PENDING), messages=(asked,))


def agree(s: S) -> Outcome:
    """The wish is granted, and over."""
    return Outcome(replace(s.it, cancel=None))


def disagree(s: S) -> Outcome:
    """The wish is refused; all else stays as it is."""
    return Outcome(replace(s.it, cancel=Cancel.REFUSED))


def ship(s: S) -> Outcome:
    """The wish is moot; a question about it that has not left yet is not sent any more."""
    cancel = Cancel.MOOT if s.it.cancel is Cancel.PENDING else s.it.cancel
    told = Message(key=f"{s.command.id}/customer", to=s.it.customer, kind=SHIPPED, about=s.it.key)
    return Outcome(
        replace(s.it, cancel=cancel),
        messages=(told,),
        withdrawals=(Withdrawal(s.it.key, (CANCEL_REQUESTED,)),),
    )


def raise_attention(s: S) -> Outcome:
    """Cancelled there, shipped here: for somebody to look at, once."""
    if CONFLICT in s.it.attention:
        return Outcome(s.it)
    return Outcome(replace(s.it, attention=(*s.it.attention, CONFLICT)))


# --- the table ------------------------------------------------------------------------------------


def _roles(it: Order | None, actor: Actor) -> tuple[OrderRole, ...]:
    """Persons order; an order's customer and its supplier are known by the order."""
    if it is None:
        return (OrderRole.CUSTOMER,) if actor.office is Office.PERSON else ()
    customer = (OrderRole.CUSTOMER,) if actor.party == it.customer else ()
    return (*customer, OrderRole.SUPPLIER) if actor.serves == it.supplier else customer


O = OrderState  # noqa: E741
CUSTOMER, SUPPLIER = OrderRole.CUSTOMER, OrderRole.SUPPLIER
GONE = (O.SHIPPED, O.RECEIVED)

# fmt: off
ORDERS: Final = Lifecycle(
    model=Order,
    states=OrderState,
    roles=OrderRole,
    final=(O.RECEIVED, O.CANCELLED),
    roles_of=_roles,
    rows=(
        #   in state   on command     to state     given by  when       needs               does
        Row(OPENING,   PlaceOrder,    O.SENT,      CUSTOMER, ALWAYS,    (),                 place),
        Row(O.SENT,    RequestCancel, SAME,        CUSTOMER, ALWAYS,    (no_wish_pending,), ask),
        Row(O.SENT,    AnswerCancel,  O.CANCELLED, SUPPLIER, says_yes,  (wish_pending,),    agree),
        Row(O.SENT,    AnswerCancel,  SAME,        SUPPLIER, ~says_yes, (wish_pending,),    disagree),
        Row(GONE,      AnswerCancel,  SAME,        SUPPLIER, says_yes,  (wish_moot,),       raise_attention),
        Row(GONE,      AnswerCancel,  SAME,        SUPPLIER, ~says_yes, (wish_moot,)),
        Row(O.SENT,    ShipOrder,     O.SHIPPED,   SUPPLIER, ALWAYS,    (),                 ship),
        Row(O.SHIPPED, ReceiveParcel, O.RECEIVED,  CUSTOMER),
    ),
)
# fmt: on

LIFECYCLES: Final = Lifecycles(ORDERS)
