"""One decision against one trigger: servflow, transitions and python-statemachine on one six-step path.

Each walks the same path: six states, five of them left by one command each and one entered by
opening, every step with a guard that passes. ``transitions`` shares one machine and adds each case
as a model; python-statemachine makes a machine for each case, as its documentation shows. servflow
checks roles as well and writes a journal entry for every step; nothing is stored by any of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, ClassVar

from statemachine import State, StateMachine
from transitions import Machine

from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.citations import Reason
from servflow.core.lifecycle import ALWAYS, OPENING, Lifecycle, Lifecycles, Outcome, Row, Situation, decide

STEPS = 6
GOALS = {"transitions": 2.0, "python-statemachine": 20.0}


class Stage(Enum):
    """The states of the path."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"
    E = "e"
    F = "f"


class Role(Enum):
    """Who may give its commands."""

    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Aggregate):
    """A case with a word or two of its own."""

    kind: ClassVar[str] = "bench.case"
    state: Stage
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Command):
    """Opens the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class One(Command):
    """The second step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Two(Command):
    """The third step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Three(Command):
    """The fourth step; it changes something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Four(Command):
    """The fifth step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Five(Command):
    """The last step."""


def passes(s: Situation[Any, Any, Any, Any]) -> Iterator[Reason]:
    """A guard that looks and lets pass."""
    if not s.command.case:
        yield Reason("bench.no-case")


def opened(s: Situation[Any, Any, Any, Any]) -> Outcome:
    """The case as it begins."""
    return Outcome(it=Case(id=s.command.case, state=Stage.A, title="a case"))


def noted(s: Situation[Any, Any, Any, Any]) -> Outcome:
    """The case with a note."""
    return Outcome(it=replace(s.it, note="seen"))


ROLES = (Role.STAFF,)
TABLE = Lifecycle(
    model=Case,
    states=Stage,
    roles=Role,
    final=(Stage.F,),
    roles_of=lambda _it, _actor: ROLES,
    rows=(
        Row(OPENING, Open, Stage.A, Role.STAFF, ALWAYS, (passes,), opened),
        Row(Stage.A, One, Stage.B, Role.STAFF, ALWAYS, (passes,)),
        Row(Stage.B, Two, Stage.C, Role.STAFF, ALWAYS, (passes,)),
        Row(Stage.C, Three, Stage.D, Role.STAFF, ALWAYS, (passes,), noted),
        Row(Stage.D, Four, Stage.E, Role.STAFF, ALWAYS, (passes,)),
        Row(Stage.E, Five, Stage.F, Role.STAFF, ALWAYS, (passes,)),
    ),
)


@dataclass(frozen=True)
class Rules:
    """A policy with nothing but its digests."""

    rulebook: str = "none"
    calendar_digest: str = "none"


def servflow_path() -> Callable[[], None]:
    """Six decisions, each on the aggregate that the one before gave."""
    lifecycles = Lifecycles(TABLE)
    actor = Actor("p-1", "bench", Office.STAFF)
    at = datetime(2026, 1, 31, 9, tzinfo=UTC)
    key = Key(Case.kind, "case-1")
    policy = Rules()
    commands = [
        kind(id=f"c-{number}", case="case-1", by=actor, happened_at=at, recorded_at=at)
        for number, kind in enumerate((Open, One, Two, Three, Four, Five))
    ]

    def run() -> None:
        aggregates: dict[Key, Aggregate] = {}
        for command in commands:
            change = decide(lifecycles, command, aggregates, policy=policy)
            aggregates = {key: change.becomes[0]}
        assert aggregates[key].state is Stage.F

    return run


def transitions_path() -> Callable[[], None]:
    """Six triggers on a model that is added to a shared machine and removed again."""
    states = ["none", "a", "b", "c", "d", "e", "f"]
    triggers = ["open", "one", "two", "three", "four", "five"]

    class Model:
        state: str

        def passes(self) -> bool:
            return True

    machine = Machine(
        model=None,
        states=states,
        initial="none",
        auto_transitions=False,
        transitions=[
            {"trigger": trigger, "source": source, "dest": dest, "conditions": "passes"}
            for trigger, source, dest in zip(triggers, states, states[1:], strict=False)
        ],
    )

    def run() -> None:
        model = Model()
        machine.add_model(model)
        for trigger in triggers:
            getattr(model, trigger)()
        assert model.state == "f"
        machine.remove_model(model)

    return run


def statemachine_path() -> Callable[[], None]:
    """Six events sent to a machine of its own."""

    class Path(StateMachine):
        none = State(initial=True)
        a = State()
        b = State()
        c = State()
        d = State()
        e = State()
        f = State(final=True)
        open = none.to(a, cond="passes")
        one = a.to(b, cond="passes")
        two = b.to(c, cond="passes")
        three = c.to(d, cond="passes")
        four = d.to(e, cond="passes")
        five = e.to(f, cond="passes")

        def passes(self) -> bool:
            return True

    def run() -> None:
        machine = Path()
        for event in ("open", "one", "two", "three", "four", "five"):
            machine.send(event)
        assert machine.f.is_active

    return run


def measured(paths: dict[str, Callable[[], None]], *, rounds: int, times: int) -> dict[str, float]:
    """Microseconds a step, the median of the rounds; the paths take turns, so that noise hits all."""
    for run in paths.values():
        for _ in range(10):
            run()
    taken: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, run in paths.items():
            start = time.perf_counter()
            for _ in range(times):
                run()
            taken[name].append((time.perf_counter() - start) / times / STEPS * 1e6)
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> int:
    """Print the ratios beside their goals, and write them as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--json", metavar="FILE", help="write the result there, too")
    options = parser.parse_args()
    paths = {
        "servflow": servflow_path(),
        "transitions": transitions_path(),
        "python-statemachine": statemachine_path(),
    }
    micros = measured(paths, rounds=options.rounds, times=options.times)
    results = [
        {
            "peer": peer,
            "ratio": round(micros[peer] / micros["servflow"], 2),
            "goal": goal,
            "met": micros[peer] / micros["servflow"] >= goal,
        }
        for peer, goal in GOALS.items()
    ]
    print(f"decide, {STEPS} steps, medians of {options.rounds} rounds of {options.times} paths in this run")
    print(f"{'peer':<22}{'times as fast':>14}{'goal':>8}")
    for result in results:
        mark = "" if result["met"] else "   not met"
        print(f"{result['peer']:<22}{result['ratio']:>14}{result['goal']:>8}{mark}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(
                {"benchmark": "decide", "python": sys.version.split()[0], "results": results}, file, indent=2
            )
            file.write("\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
