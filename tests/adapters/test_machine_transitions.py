"""Lifecycles as machines of transitions: they agree with their tables on every step and every refusal."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, make_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import pytest
import toy_cancellation as orders
import toy_clock as tickets
from change_laws import Store
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from toy_cases import ANN, CANCELLATION, NOON, SHOP, TOYS, Saying
from transitions import Machine, MachineError

import servflow
from servflow.adapters.machine_transitions import View, bind, diagram, table, trigger_name
from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Office
from servflow.core.citations import Reason
from servflow.core.errors import AlreadyExists, InvalidValue, NotFound, Refused, ServflowError
from servflow.core.ill.lending.table import LENDING, RELATION
from servflow.core.lifecycle import (
    NOT_IN_STATE,
    OPENING,
    SAME,
    Chooser,
    Lifecycle,
    Lifecycles,
    Outcome,
    Row,
    Situation,
    decide,
)

# --- side by side ---------------------------------------------------------------------------------


@dataclass(eq=False)
class Host:
    """A host's own object: anything with a state."""

    state: Any = None
    shown: View | None = None


def shown(host: Host, _command: Command) -> View:
    """What the host shows of itself."""
    assert host.shown is not None
    return host.shown


def agree(host: Host, command: Command, result: Change | ServflowError) -> None:
    """Trigger the host's machine: it does what the table did, or refuses what the table refused."""
    before = host.state
    trigger = getattr(host, trigger_name(type(command)))
    may = getattr(host, f"may_{trigger_name(type(command))}")(command)
    if isinstance(result, Change):
        key = result.entries[0].key
        (after,) = (it for it in result.becomes if it.key == key)
        assert may
        assert trigger(command)
        assert host.state is after.state
        return
    assert not may
    nowhere = isinstance(result, (NotFound, AlreadyExists)) or (
        isinstance(result, Refused) and result.reasons[0].code == NOT_IN_STATE
    )
    if nowhere:
        with pytest.raises(MachineError):
            trigger(command)
    else:
        assert not trigger(command)
    assert host.state is before


@pytest.mark.parametrize("name", TOYS)
@given(data=st.data())
def test_table_and_machine_agree_on_the_toys(name: str, data: DataObject) -> None:
    """Whatever is said to a toy, by whomever: one does what the other does."""
    toy = TOYS[name]
    store = Store(toy.lifecycles, toy.policy)
    machines: dict[str, Machine] = {}
    hosts: dict[Key, Host] = {}
    for number, (saying, at) in enumerate(data.draw(toy.histories)):
        command = saying.at(at, number)
        lifecycle = toy.lifecycles.of(type(command))
        key = Key(lifecycle.name, command.case)
        if key not in hosts:
            hosts[key] = Host()
            if lifecycle.name in machines:
                machines[lifecycle.name].add_model(hosts[key])
            else:
                machines[lifecycle.name] = bind(lifecycle, hosts[key], shown)
        read = store.read(command)
        hosts[key].shown = View(read.get(key), toy.policy, others=read)
        agree(hosts[key], command, store.do(command))


# --- tables whose situations are hard to come by: their bones ---------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bones(Aggregate):
    """An aggregate that is nothing but its state."""

    kind: ClassVar[str] = "toy.bones"

    state: Enum


class Skeleton:
    """A lifecycle's states, roles and rows; its tests and guards say what the facts tell them to.

    Facts are the names of the tests that come out true and of the guards that refuse.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.commands = {
            command.__name__: make_dataclass(
                command.__name__, [], bases=(Command,), frozen=True, slots=True, kw_only=True
            )
            for command in lifecycle.commands
        }
        self.names = sorted(
            {test.__name__ for row in lifecycle.rows for test, _ in row.when.literals}
            | {guard.__name__ for row in lifecycle.rows for guard in row.needs}
        )
        self._tests = {name: self._test(name) for name in self.names}
        self._guards = {name: self._guard(name) for name in self.names}
        self.lifecycle = Lifecycle(
            model=Bones,
            states=lifecycle.states,
            roles=lifecycle.roles,
            final=lifecycle.final,
            roles_of=lambda _it, actor: tuple(
                lifecycle.roles(role) for role in actor.party.split(",") if role
            ),
            rows=tuple(map(self._row, lifecycle.rows)),
        )
        self.lifecycles = Lifecycles(self.lifecycle)

    @staticmethod
    def _test(name: str) -> Any:
        def test(s: Situation[Any, Any, Any, Any]) -> bool:
            return name in s.facts

        return test

    @staticmethod
    def _guard(name: str) -> Any:
        def guard(s: Situation[Any, Any, Any, Any]) -> Iterator[Reason]:
            if name in s.facts:
                yield Reason(name)

        return guard

    def _row(self, row: Row) -> Row:
        def does(s: Situation[Any, Any, Any, Any]) -> Outcome:
            return Outcome(s.it or Bones(id=s.command.case, state=row.to))

        return Row(
            row.states,
            self.commands[row.command.__name__],
            row.to,
            row.by,
            Chooser(tuple((self._tests[test.__name__], wanted) for test, wanted in row.when.literals)),
            tuple(self._guards[guard.__name__] for guard in row.needs),
            does,
        )

    def step(
        self, it: Bones | None, host: Host, command: str, roles: str, facts: frozenset[str]
    ) -> Bones | None:
        """Say it to table and machine; what the table made of it."""
        actor = Actor(roles, "library", Office.STAFF)
        at = datetime(2026, 1, 31, tzinfo=UTC)
        said = self.commands[command](id="c", case="1", by=actor, happened_at=at, recorded_at=at)
        read: Mapping[Key, Aggregate] = {it.key: it} if it else {}
        policy = orders.POLICY
        host.shown = View(it, policy, facts, read)
        try:
            result: Change | ServflowError = decide(self.lifecycles, said, read, policy=policy, facts=facts)
        except ServflowError as error:
            result = error
        agree(host, said, result)
        if isinstance(result, Change):
            (after,) = result.becomes
            assert isinstance(after, Bones)
            return after
        return it

    def host(self, state: Enum | None) -> Host:
        """A host in this state."""
        host = Host(state=state)
        bind(self.lifecycle, host, shown)
        return host


SKELETONS = {lifecycle.name: Skeleton(lifecycle) for lifecycle in (LENDING, RELATION)}


@pytest.mark.parametrize("name", SKELETONS)
def test_table_and_machine_agree_on_every_cell(name: str) -> None:
    """Every state, command and role; with every test true, none; with every guard refusing, none."""
    skeleton = SKELETONS[name]
    states = (None, *skeleton.lifecycle.states)
    hosts = {state: skeleton.host(state) for state in states}
    for state, command, role in product(states, skeleton.commands, skeleton.lifecycle.roles):
        for facts in (frozenset[str](), frozenset(skeleton.names), frozenset({"last_piece"})):
            it = Bones(id="1", state=state, version=1) if state else None
            host = hosts[state]
            host.state = state or OPENING
            skeleton.step(it, host, command, role.value, facts)


@pytest.mark.parametrize("name", SKELETONS)
@given(data=st.data())
def test_table_and_machine_agree_on_the_lending_desk(name: str, data: DataObject) -> None:
    """From any state, whatever is said in whatever roles, however its tests and guards come out."""
    skeleton = SKELETONS[name]
    lifecycle = skeleton.lifecycle
    state = data.draw(st.sampled_from([None, *lifecycle.states]))
    it = Bones(id="1", state=state, version=1) if state else None
    host = skeleton.host(state)
    roles = st.lists(st.sampled_from([role.value for role in lifecycle.roles]), max_size=3, unique=True)
    steps = st.tuples(
        st.sampled_from(list(skeleton.commands)),
        roles.map(",".join),
        st.frozensets(st.sampled_from(skeleton.names), max_size=3),
    )
    for command, by, facts in data.draw(st.lists(steps, max_size=8)):
        it = skeleton.step(it, host, command, by, facts)


def test_the_strongest_role_that_passes_moves_the_host() -> None:
    """Where two roles lead to different states, the order of the actor's roles decides, not the rows'."""

    class State(Enum):
        ON = "on"
        LEFT = "left"
        RIGHT = "right"

    class Role(Enum):
        A = "a"
        B = "b"

    go = make_dataclass("Go", [], bases=(Command,), frozen=True, slots=True, kw_only=True)
    new = make_dataclass("New", [], bases=(Command,), frozen=True, slots=True, kw_only=True)
    lifecycle = Lifecycle(
        model=Bones,
        states=State,
        roles=Role,
        final=(State.LEFT, State.RIGHT),
        roles_of=lambda _it, actor: tuple(Role(role) for role in actor.party),
        rows=(
            Row(OPENING, new, State.ON, Role.A, does=lambda s: Outcome(Bones(id="1", state=State.ON))),
            Row(State.ON, go, State.LEFT, Role.A),
            Row(State.ON, go, State.RIGHT, Role.B),
        ),
    )
    for party, expected in (("ab", State.LEFT), ("ba", State.RIGHT)):
        host = Host(state=State.ON, shown=View(Bones(id="1", state=State.ON), orders.POLICY))
        bind(lifecycle, host, shown)
        actor = Actor(party, "x", Office.STAFF)
        command = go(id="c", case="1", by=actor, happened_at=NOON, recorded_at=NOON)
        agree(host, command, decide(Lifecycles(lifecycle), command, _read(host), policy=orders.POLICY))
        assert host.state is expected


def _read(host: Host) -> dict[Key, Aggregate]:
    assert host.shown is not None
    assert host.shown.it is not None
    return {host.shown.it.key: host.shown.it}


# --- binding --------------------------------------------------------------------------------------

ORDER = orders.Order(id="order-1", state=orders.OrderState.SENT, version=1, customer="ann", supplier="shop")


def ship(by: Actor = SHOP) -> Command:
    """The parcel leaves."""
    return Saying(orders.ShipOrder, "order-1", by, {}).at(NOON, 1)


def order_host(state: Any = orders.OrderState.SENT) -> Any:
    """A host for an order."""
    return Host(state=state, shown=View(ORDER, orders.POLICY))


def test_a_host_gets_a_method_for_each_command() -> None:
    """And one that tells whether it may be called; and none that goes anywhere at will."""
    host = order_host()
    bind(orders.ORDERS, host, shown)

    assert [name for name in dir(host) if not name.startswith(("_", "is_", "may_"))] == [
        "answer_cancel", "place_order", "receive_parcel", "request_cancel", "ship_order", "shown", "state", "trigger",
    ]  # fmt: skip
    assert (host.may_ship_order(ship(ANN)), host.ship_order(ship(ANN)), host.state) == (
        False, False, orders.OrderState.SENT,
    )  # fmt: skip
    assert (host.may_ship_order(ship()), host.ship_order(ship()), host.state) == (
        True, True, orders.OrderState.SHIPPED,
    )  # fmt: skip


def test_a_host_without_a_state_stands_before_its_opening() -> None:
    """Only what opens can be said to it."""
    host = order_host(None)
    host.shown = View(None, orders.POLICY)
    bind(orders.ORDERS, host, shown)
    assert host.state is OPENING
    with pytest.raises(MachineError):
        host.ship_order(ship())
    place = Saying(orders.PlaceOrder, "order-1", ANN, {"supplier": "shop"}).at(NOON, 1)

    assert host.place_order(place)
    assert vars(host)["state"] is orders.OrderState.SENT


def test_the_state_may_have_another_name() -> None:
    """Any attribute of the host's."""

    class Parcel:
        stage = orders.OrderState.SENT

    parcel: Any = Parcel()
    bind(orders.ORDERS, parcel, lambda _host, _command: View(ORDER, orders.POLICY), attribute="stage")
    parcel.ship_order(ship())

    assert parcel.stage is orders.OrderState.SHIPPED
    assert not hasattr(parcel, "state")


def test_a_host_hears_of_its_new_state() -> None:
    """By a method of its own, as with any machine; not where the state stays."""

    class Listening(Host):
        heard: ClassVar[list[str]] = []

        def on_enter_SHIPPED(self, event: Any) -> None:
            self.heard.append(type(event.args[0]).__name__)

    host: Any = Listening(state=orders.OrderState.SENT, shown=View(ORDER, orders.POLICY))
    bind(orders.ORDERS, host, shown)
    host.ship_order(ship())
    host.shown = View(replace(ORDER, cancel=orders.Cancel.MOOT), orders.POLICY)
    host.answer_cancel(Saying(orders.AnswerCancel, "order-1", SHOP, {"yes": True}).at(NOON, 2))

    assert host.heard == ["ShipOrder"]


def test_a_trigger_takes_its_own_command() -> None:
    """Another one is a programming mistake, and so is none."""
    host = order_host()
    bind(orders.ORDERS, host, shown)
    with pytest.raises(TypeError, match="expected a ShipOrder"):
        host.ship_order(Saying(orders.RequestCancel, "order-1", ANN, {}).at(NOON, 1))
    with pytest.raises(ValueError, match="not enough values"):
        host.ship_order()

    assert host.state is orders.OrderState.SENT


@pytest.mark.parametrize("state", ["sent", tickets.TicketState.DONE])
def test_a_state_of_no_row_is_refused(state: Any) -> None:
    """A text is no state, nor is one of another table's; nothing was bound."""
    host = order_host(state)
    with pytest.raises(InvalidValue, match="expected one of OrderState, or None"):
        bind(orders.ORDERS, host, shown)

    assert not hasattr(host, "ship_order")


def test_a_name_that_is_taken_is_refused() -> None:
    """Transitions would leave the host's own method in its place and say nothing."""

    class Busy(Host):
        def ship_order(self) -> None:
            """Something of the host's own."""

    host = Busy(state=orders.OrderState.SENT)
    with pytest.raises(InvalidValue, match="ship_order"):
        bind(orders.ORDERS, host, shown)

    assert not hasattr(host, "request_cancel")


def doubtful(name: str, *commands: str) -> Lifecycle:
    """A sound table with a state of that name and these commands."""
    states = Enum("states", [(name, "1"), ("DONE", "2")])  # type: ignore[misc]
    roles = Enum("roles", [("ANY", "any")])
    first, *others = [
        make_dataclass(command, [], bases=(Command,), frozen=True, slots=True, kw_only=True)
        for command in commands
    ]
    opens = Row(OPENING, first, states[name], roles["ANY"], does=lambda s: Outcome(s.it))
    return Lifecycle(
        model=Bones,
        states=states,
        roles=roles,
        final=(states["DONE"],),
        roles_of=lambda _it, _actor: (),
        rows=(opens, *(Row(states[name], command, states["DONE"], roles["ANY"]) for command in others)),
    )


def test_two_commands_of_one_trigger_are_refused() -> None:
    """Their names differ in the table, not in Python."""
    with pytest.raises(InvalidValue, match="go_on"):
        bind(doubtful("HERE", "New", "GoOn", "Go_On"), Host(), shown)


def test_a_state_that_is_called_opening_is_refused() -> None:
    """The machine could not tell it from the time before the opening."""
    with pytest.raises(InvalidValue, match="without a state of the name OPENING"):
        bind(doubtful("OPENING", "New", "Go"), Host(), shown)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ship", "ship"),
        ("RequestRenewal", "request_renewal"),
        ("HTTPAnswer", "http_answer"),
        ("AnswerA", "answer_a"),
        ("Ask2Times", "ask2_times"),
        ("Return", "return_"),
    ],
)
def test_a_trigger_is_named_after_its_command(name: str, expected: str) -> None:
    """In lower case, its words apart; a word of Python's own gets an underscore."""
    assert trigger_name(type(name, (Command,), {})) == expected


@pytest.mark.parametrize("use", ["bind(LENDING, Host(), None)", "diagram(LENDING)"])
def test_nothing_of_transitions_is_loaded_before_it_is_used(use: str) -> None:
    """Importing the adapter loads nothing of it; using it leaves the warning filters as they were."""
    probe = f"""
import sys, warnings
sys.path.insert(0, sys.argv[1])
filters = list(warnings.filters)
from servflow.adapters.machine_transitions import bind, diagram
assert "transitions" not in sys.modules
from servflow.core.ill.lending.table import LENDING
class Host: ...
{use}
assert "transitions" in sys.modules
assert warnings.filters == filters, warnings.filters
"""
    home = Path(servflow.__file__).parents[1]
    command = [sys.executable, "-W", "error", "-c", probe, str(home)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (result.returncode, result.stderr) == (0, "")


# --- diagrams and tables --------------------------------------------------------------------------

ORDERS_DIAGRAM = """\
---
title: toy.order
---
stateDiagram-v2
  direction LR
  classDef s_default fill:white,color:black

  state "SENT" as SENT
  Class SENT s_default
  state "SHIPPED" as SHIPPED
  Class SHIPPED s_default
  state "RECEIVED" as RECEIVED
  Class RECEIVED s_default
  state "CANCELLED" as CANCELLED
  Class CANCELLED s_default

  SENT --> SHIPPED: ShipOrder
  SENT --> CANCELLED: AnswerCancel [says_yes]
  SHIPPED --> RECEIVED: ReceiveParcel
  [*] --> SENT: PlaceOrder
  RECEIVED --> [*]
  CANCELLED --> [*]
"""


def edges(text: str) -> list[str]:
    """The lines of a diagram that lead somewhere."""
    return [line.strip() for line in text.splitlines() if " --> " in line]


def test_a_diagram_shows_what_leads_from_state_to_state() -> None:
    """Without what leaves a state as it is; with its opening and its ends."""
    assert diagram(orders.ORDERS) == ORDERS_DIAGRAM


def test_a_diagram_does_not_depend_on_the_order_of_rows() -> None:
    """Row order means nothing."""
    assert diagram(replace_rows(LENDING, tuple(reversed(LENDING.rows)))) == diagram(LENDING)


def replace_rows(lifecycle: Lifecycle, rows: tuple[Row, ...]) -> Lifecycle:
    """The same lifecycle with its rows in another order."""
    return Lifecycle(
        model=lifecycle.model,
        states=lifecycle.states,
        roles=lifecycle.roles,
        final=lifecycle.final,
        roles_of=lifecycle.roles_of,
        rows=rows,
    )


@pytest.mark.parametrize("lifecycle", [LENDING, RELATION, *(toy.lifecycle for toy in TOYS.values())])
def test_a_diagram_has_one_edge_for_two_states(lifecycle: Lifecycle) -> None:
    """The commands share it; no edge leads back to where it began."""
    pairs = [line.split(":")[0].split(" --> ") for line in edges(diagram(lifecycle))]

    assert all(source != target for source, target in pairs)
    assert len({tuple(pair) for pair in pairs}) == len(pairs)
    moves = {
        (state.name, row.to.name) for row in lifecycle.rows for state in row.sources()
        if state is not OPENING and row.to not in (SAME, state)
    }  # fmt: skip
    assert {tuple(pair) for pair in pairs if "[*]" not in pair} == moves


def test_commands_share_an_edge_in_alphabetical_order() -> None:
    """A chooser stands behind its command."""
    lost = [line for line in edges(diagram(LENDING)) if line.startswith("LOST")]

    assert lost == [
        "LOST --> AT_REQUESTER: ReportFound [~before_shipping]",
        "LOST --> RETURN_IN_TRANSIT: CheckIn [~last_piece & rest_on_its_way] | ReportReturn [all_on_its_way & ~before_shipping]",
        "LOST --> CLOSED: CheckIn [last_piece] | CloseManually | SettleLoss",
    ]


def test_a_phase_is_a_part_of_the_diagram() -> None:
    """Its states, and what leads out of them; nothing of what comes after."""
    state = tickets.TicketState

    assert edges(diagram(tickets.TICKETS, phase=[state.PAUSED])) == [
        "PAUSED --> RUNNING: Resume",
        "PAUSED --> DONE: Finish",
        "DONE --> [*]",
    ]
    assert edges(diagram(tickets.TICKETS, phase=[state.RUNNING])) == [
        "RUNNING --> PAUSED: Pause",
        "RUNNING --> DONE: Finish",
        "[*] --> RUNNING: OpenTicket",
        "DONE --> [*]",
    ]
    assert 'state "DONE" as DONE' in diagram(tickets.TICKETS, phase=[state.DONE])
    assert edges(diagram(tickets.TICKETS, phase=[state.DONE])) == ["DONE --> [*]"]


def test_a_table_lists_the_rows() -> None:
    """In their order, with the names of guards and effects."""
    assert (
        table(orders.ORDERS)
        == """\
| in state | on command | to state | given by | when | needs | does |
| --- | --- | --- | --- | --- | --- | --- |
| *opening* | PlaceOrder | SENT | CUSTOMER |  |  | place |
| SENT | RequestCancel | *same* | CUSTOMER |  | no_wish_pending | ask |
| SENT | AnswerCancel | CANCELLED | SUPPLIER | says_yes | wish_pending | agree |
| SENT | AnswerCancel | *same* | SUPPLIER | ~says_yes | wish_pending | disagree |
| SHIPPED, RECEIVED | AnswerCancel | *same* | SUPPLIER | says_yes | wish_moot | raise_attention |
| SHIPPED, RECEIVED | AnswerCancel | *same* | SUPPLIER | ~says_yes | wish_moot |  |
| SENT | ShipOrder | SHIPPED | SUPPLIER |  |  | ship |
| SHIPPED | ReceiveParcel | RECEIVED | CUSTOMER |  |  |  |
"""
    )


def test_no_warning_is_emitted() -> None:
    """Neither by a diagram nor by a machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diagram(orders.ORDERS)
        bind(orders.ORDERS, order_host(), shown)
    assert CANCELLATION.lifecycle is orders.ORDERS
