"""A lifecycle as a ``transitions`` machine, as a diagram, and as a table for the docs.

1. The table stays the specification: the machine is made from its rows and takes exactly what they
   take. What a command entails, sends or posts is not the machine's business; ``decide`` says that.
2. ``transitions`` is imported when a machine or a diagram is made, not before, and the warning
   filter that it sets at its import is taken back.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum
from keyword import iskeyword
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from servflow.core.changes import Aggregate, Command, Key
from servflow.core.errors import InvalidValue
from servflow.core.lifecycle import OPENING, SAME, Lifecycle, Policy, Row, Situation

if TYPE_CHECKING:
    from transitions import EventData, Machine

__all__ = ["View", "bind", "diagram", "table", "trigger_name"]

H = TypeVar("H")

_NOTHING: Final[Mapping[Key, Aggregate]] = MappingProxyType({})


class View(NamedTuple):
    """What a host shows for one command: all that a ``Situation`` holds, but for command and role.

    ``it`` is the host seen as an aggregate, None before its opening.
    """

    it: Aggregate | None
    policy: Policy
    facts: Any = None
    others: Mapping[Key, Aggregate] = _NOTHING


def trigger_name(command: type[Command]) -> str:
    """The name of a command's trigger: the class's name in lower case, its words apart.

    >>> trigger_name(type("RequestRenewal", (Command,), {}))
    'request_renewal'

    A word of Python's own gets an underscore behind it (``Return``: ``return_``).
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", command.__name__).lower()
    return f"{name}_" if iskeyword(name) else name


def bind(
    lifecycle: Lifecycle,
    host: H,
    view: Callable[[H, Command], View],
    *,
    attribute: str = "state",
) -> Machine:
    """A machine that moves ``host`` as the table says; ``host`` gets one method for each command.

    ``host.request_renewal(command)`` sets the host's ``attribute`` to the row's state and gives
    True. It gives False, and nothing has changed, where the command is not for this actor or a
    guard refuses it; it raises ``transitions.MachineError`` where the state has no row for it.
    ``may_request_renewal(command)`` tells beforehand. What the host defines as ``on_enter_SHIPPED``
    and the like is called with transitions' ``EventData``. The names are those of ``trigger_name``.

    ``view`` is asked at every trigger what choosers and guards are to look at. The ``attribute``
    holds a state of the table; a host without one stands before its opening (``OPENING``). More
    hosts are added with the machine's ``add_model(host, initial=state)``.

    Raises:
        InvalidValue: the host's state is none of the table's, it has an attribute of a trigger's name
            already, two commands would share one, or a state is called OPENING. Nothing was bound.
    """
    with warnings.catch_warnings():
        from transitions import Machine

    state = getattr(host, attribute, None)
    if state is not None and state is not OPENING and not isinstance(state, lifecycle.states):
        raise InvalidValue(attribute, state, f"one of {lifecycle.states.__name__}, or None")
    if OPENING.name in lifecycle.states.__members__:
        raise InvalidValue("lifecycle", lifecycle.name, f"one without a state of the name {OPENING.name}")
    names = [trigger_name(command) for command in lifecycle.commands]
    for name in names:
        if names.count(name) > 1 or hasattr(host, name):
            raise InvalidValue("host", name, f"the name of one trigger of {lifecycle.name} and nothing else")
    machine = Machine(
        model=None,
        states=[OPENING, *lifecycle.states],
        initial=OPENING,
        auto_transitions=False,
        send_event=True,
        model_attribute=attribute,
        name=lifecycle.name,
    )
    for row in lifecycle.rows:
        for source in row.sources():
            machine.add_transition(
                trigger_name(row.command),
                source,
                None if row.to is SAME else row.to,
                conditions=_takes(lifecycle, row, source, view),
            )
    machine.add_model(host, initial=OPENING if state is None else state)
    return machine


def _takes(
    lifecycle: Lifecycle, row: Row, state: Enum, view: Callable[[H, Command], View]
) -> Callable[[EventData], bool]:
    def takes(event: EventData) -> bool:
        (command,) = event.args
        if type(command) is not row.command:
            raise TypeError(f"found {command!r}, expected a {row.command.__name__}")
        host: Any = event.model  # bound as one
        return _row_for(lifecycle, state, command, view(host, command)) is row

    return takes


def _row_for(lifecycle: Lifecycle, state: Enum, command: Command, view: View) -> Row | None:
    """The row that takes the command, in the strongest role in which it is taken."""
    cell = lifecycle.cell(state, type(command))
    for role in lifecycle.roles_of(view.it, command.by):
        situation = Situation(view.it, command, view.policy, view.facts, role, view.others)
        for row in cell.get(role, ()):
            if row.when(situation) and not any(True for needed in row.needs for _ in needed(situation)):
                return row
    return None


def diagram(lifecycle: Lifecycle, *, phase: Collection[Enum] | None = None) -> str:
    """A Mermaid state diagram: what leads from state to state, without what leaves a state as it is.

    ``phase`` shows a part: these states, and what leads out of them. Commands between the same two
    states share an edge, a chooser stands behind its command in brackets; the order is the states'.
    """
    with warnings.catch_warnings():
        from transitions.extensions import GraphMachine

    order = [OPENING, *lifecycle.states]
    edges: dict[tuple[Enum, Enum], set[str]] = {}
    for row in lifecycle.rows:
        for state in row.sources():
            shown = phase is None or (row.to if state is OPENING else state) in phase
            if shown and row.to not in (SAME, state):
                edges.setdefault((state, row.to), set()).add(_label(row))
    places = sorted(edges, key=lambda edge: (order.index(edge[0]), order.index(edge[1])))
    nodes = {state for place in places for state in place if state is not OPENING}.union(phase or ())
    labels = {place: " | ".join(sorted(edges[place])) for place in places}
    machine: Any = GraphMachine(
        model=None,
        states=[state.name for state in lifecycle.states if state in nodes],
        initial=None,
        auto_transitions=False,
        graph_engine="mermaid",
    )
    # nothing is ever active here: of the styles that it lists, one is enough
    machine.style_attributes = {"node": {"default": machine.style_attributes["node"]["default"]}}
    for number, ((state, to), label) in enumerate(labels.items()):
        if state is not OPENING:
            machine.add_transition(f"edge_{number}", state.name, to.name, label=label)
    text = machine.graph_cls(machine).get_graph(title=f"title: {lifecycle.name}").draw(None)
    ends = [f"  [*] --> {to.name}: {label}" for (state, to), label in labels.items() if state is OPENING]
    ends += [f"  {state.name} --> [*]" for state in lifecycle.final if state in nodes]
    return "\n".join(line.rstrip() for line in [*text.splitlines(), *ends]) + "\n"


def _label(row: Row) -> str:
    return f"{row.command.__name__} [{row.when}]" if row.when.literals else row.command.__name__


def table(lifecycle: Lifecycle) -> str:
    """The rows as a Markdown table, in their order, with the names of guards and effects."""
    heading = ("in state", "on command", "to state", "given by", "when", "needs", "does")
    lines = [heading, ("---",) * len(heading), *map(_cells, lifecycle.rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Row) -> Iterator[str]:
    yield ", ".join("*opening*" if state is OPENING else state.name for state in row.sources())
    yield row.command.__name__
    yield "*same*" if row.to is SAME else row.to.name
    yield ", ".join(role.name for role in row.roles())
    yield str(row.when)
    yield ", ".join(guard.__name__ for guard in row.needs)
    yield row.does.__name__ if row.does else ""
