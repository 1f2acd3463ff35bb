"""Each toy with what one needs to try it: its policy, its actors, samples, and random sayings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction
from typing import Any

import toy_cancellation
import toy_clock
import toy_deposit
import toy_quota
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from servflow.core.changes import Actor, Command, Office
from servflow.core.lifecycle import Lifecycle, Lifecycles, Policy
from servflow.core.money import Money

__all__ = ["CANCELLATION", "CLOCK", "DEPOSIT", "NOON", "QUOTA", "TOYS", "Saying", "Toy"]

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Saying:
    """A command without its time: what is said, to which case, by whom."""

    kind: type[Command]
    case: str
    by: Actor
    more: Mapping[str, Any]

    def at(self, happened_at: datetime, number: int, *, recorded_at: datetime | None = None) -> Command:
        """The command, said at that time; ``number`` makes its id."""
        return self.kind(
            id=f"c-{number}",
            case=self.case,
            by=self.by,
            happened_at=happened_at,
            recorded_at=recorded_at or happened_at,
            **self.more,
        )


@dataclass(frozen=True)
class Toy:
    """A toy and its people.

    ``before`` is what most histories begin with; ``sayings`` draws what anybody may say after it.
    """

    lifecycles: Lifecycles
    lifecycle: Lifecycle
    policy: Policy
    actors: Mapping[Enum, Actor]
    before: tuple[Saying, ...]
    sayings: SearchStrategy[Saying]
    pace: timedelta = timedelta(hours=1)

    @property
    def gaps(self) -> SearchStrategy[timedelta]:
        """Times between two sayings, none at all among them."""
        return st.sampled_from([0, 1, 2, 4]).map(lambda number: number * self.pace)

    @property
    def histories(self) -> SearchStrategy[list[tuple[Saying, datetime]]]:
        """What is said, and when; most of it may be said, much of it not."""

        def timed(begun: bool, steps: list[tuple[Saying, timedelta]]) -> list[tuple[Saying, datetime]]:
            now = NOON
            history = [(saying, now) for saying in self.before if begun]
            for saying, gap in steps:
                now += gap
                history.append((saying, now))
            return history

        steps = st.lists(st.tuples(self.sayings, self.gaps), max_size=12)
        return st.builds(timed, st.sampled_from([True, True, True, False]), steps)


def _sayings(
    case: SearchStrategy[str],
    strangers: tuple[Actor, ...],
    commands: Mapping[type[Command], tuple[Actor, Mapping[str, SearchStrategy[Any]]]],
) -> SearchStrategy[Saying]:
    """Each command by whom it belongs to, or now and then by a stranger; the last two are said less often."""

    def said(kind: type[Command]) -> SearchStrategy[Saying]:
        usual, more = commands[kind]
        by = st.sampled_from([usual, usual, usual, *strangers])
        return st.builds(Saying, st.just(kind), case, by, st.fixed_dictionaries({**more}))

    often = list(commands)[:-2]
    return st.one_of([said(kind) for kind in (*often, *often, *commands)])


# --- the cancellation -----------------------------------------------------------------------------

ANN = Actor("ann", "ann", Office.PERSON)
SHOP = Actor("clerk-1", "shop", Office.STAFF)
ANN_AT_THE_SHOP = Actor("ann", "shop", Office.PERSON)
BOB = Actor("bob", "bob", Office.PERSON)

_o = toy_cancellation
CANCELLATION = Toy(
    lifecycles=_o.LIFECYCLES,
    lifecycle=_o.ORDERS,
    policy=_o.POLICY,
    actors={_o.OrderRole.CUSTOMER: ANN, _o.OrderRole.SUPPLIER: SHOP},
    before=(Saying(_o.PlaceOrder, "order-1", ANN, {"supplier": "shop"}),),
    sayings=_sayings(
        st.just("order-1"),
        (ANN_AT_THE_SHOP, BOB),
        {
            _o.RequestCancel: (ANN, {}),
            _o.AnswerCancel: (SHOP, {"yes": st.booleans()}),
            _o.ShipOrder: (SHOP, {}),
            _o.ReceiveParcel: (ANN, {}),
            _o.PlaceOrder: (ANN, {"supplier": st.just("shop")}),
        },
    ),
)

# --- the quota ------------------------------------------------------------------------------------

CLERK = Actor("clerk-1", "club", Office.STAFF)
PROGRAM = Actor("program", "club", Office.SYSTEM)

_q = toy_quota
QUOTA = Toy(
    lifecycles=_q.LIFECYCLES,
    lifecycle=_q.BOOKINGS,
    policy=_q.QuotaPolicy(),
    actors={_q.BookingRole.DESK: CLERK, _q.MemberRole.DESK: CLERK, _q.MemberRole.SYSTEM: PROGRAM},
    before=(
        Saying(_q.Join, "member-1", CLERK, {}),
        Saying(_q.Book, "booking-1", CLERK, {"member": "member-1"}),
    ),
    sayings=st.one_of(
        _sayings(
            st.sampled_from(["booking-1", "booking-2", "booking-3"]),
            (PROGRAM,),
            {
                _q.Book: (CLERK, {"member": st.sampled_from(["member-1", "member-1", "nobody"])}),
                _q.GiveBack: (CLERK, {}),
            },
        ),
        _sayings(
            st.sampled_from(["member-1", "member-2"]),
            (PROGRAM,),
            {_q.Join: (CLERK, {}), _q.Leave: (CLERK, {})},
        ),
    ),
)

# --- the clock ------------------------------------------------------------------------------------

WORKER = Actor("clerk-1", "shop", Office.STAFF)
TIME = Actor("clock", "toys", Office.CLOCK)

_t = toy_clock
CLOCK = Toy(
    lifecycles=_t.LIFECYCLES,
    lifecycle=_t.TICKETS,
    policy=_t.ClockPolicy(),
    actors={_t.TicketRole.DESK: WORKER, _t.TicketRole.CLOCK: TIME},
    before=(Saying(_t.OpenTicket, "ticket-1", WORKER, {}),),
    sayings=_sayings(
        st.just("ticket-1"),
        (TIME, ANN),
        {
            _t.Pause: (WORKER, {}),
            _t.Resume: (WORKER, {}),
            _t.Breach: (TIME, {}),
            _t.Finish: (WORKER, {}),
            _t.OpenTicket: (WORKER, {}),
        },
    ),
)

# --- the deposit ----------------------------------------------------------------------------------

OWNER = Actor("olga", "olga", Office.PERSON)
KEEPER = Actor("kim", "bank", Office.STAFF)
OLGA_AT_THE_BANK = Actor("olga", "bank", Office.STAFF)

_amounts = st.sampled_from([Money(100, "CNY"), Money("0.07", "CNY"), Money("33.33", "CNY"), Money(5, "USD")])
_d = toy_deposit
DEPOSIT = Toy(
    lifecycles=_d.LIFECYCLES,
    lifecycle=_d.DEPOSITS,
    policy=_d.DepositPolicy(rate=Fraction(17, 300)),
    actors={_d.DepositRole.OWNER: OWNER, _d.DepositRole.KEEPER: KEEPER},
    before=(Saying(_d.PayIn, "deposit-1", OWNER, {"amount": Money(100, "CNY")}),),
    sayings=_sayings(
        st.just("deposit-1"),
        (OLGA_AT_THE_BANK, BOB),
        {_d.PayIn: (OWNER, {"amount": _amounts}), _d.Release: (KEEPER, {"amount": _amounts})},
    ),
    pace=timedelta(days=30),
)

TOYS: Mapping[str, Toy] = {
    "cancellation": CANCELLATION,
    "quota": QUOTA,
    "clock": CLOCK,
    "deposit": DEPOSIT,
}
