"""Layers: a rulebook that says only what it changes in another one, as a city's over its province's (SD-25).

1. The upper file names the one below it with ``over``. A rule that it does not have is that of the lower one;
   of one that it has, the values of the lower one stay up to the day before the first of its own.
2. Every file of a stack is read as it was written: what is wrong is said at its place in its own file.
3. All of a stack are for one policy, in one currency and one zone. What a lower file sets as a frame, and a
   rule that it calls final, an upper one may not change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import attrs

from servflow.core.errors import Problem
from servflow.rulebooks._keys import ALWAYS

__all__ = ["Layer", "Stack", "stack_of"]

_SAME: Final = ("policy", "currency", "zone")
_VALUE: Final = re.compile(r"\.values\[([0-9]+)\](.*)", re.DOTALL)
_PINNED: Final = frozenset({"in-force-on", "in-force-over"})


@attrs.frozen(eq=False)
class Layer:
    """One file of a stack: where it is, and what it says as plain tables."""

    source: str | Path
    tables: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Authority and subject, as in ``shandong/warranty-deposits``."""
        return f"{self.tables.get('authority')}/{self.tables.get('subject')}"

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return Path(self.source).parent

    @property
    def rules(self) -> Mapping[str, Any]:
        """Its rules as they are written, if they are written as a table."""
        rules = self.tables.get("rules")
        return rules if isinstance(rules, dict) else {}


@attrs.frozen(eq=False)
class Stack:
    """Files that lie over each other, the top one first, and what they say together.

    ``tables`` are those of the top one, with the rules of all of them, and with the topmost calendar.
    """

    layers: Sequence[Layer]
    tables: dict[str, Any]
    values: Mapping[tuple[str, int], tuple[Layer, int]]
    """Of every value of ``tables`` its file, and its number there."""

    @property
    def top(self) -> Layer:
        """The file that was asked for."""
        return self.layers[0]

    def with_key(self, key: str) -> Layer:
        """The topmost file that has ``key``; the top one if none has."""
        return next((layer for layer in self.layers if key in layer.tables), self.top)

    def placed(self, wrong: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems at their places in the files, each once."""
        return tuple(dict.fromkeys(self._placed(each) for each in wrong))

    def _placed(self, problem: Problem) -> Problem:
        layer, where = self.top, problem.where
        if where.startswith("calendar"):
            layer = self.with_key("calendar")
        elif where.startswith("rules."):
            name = self._rule_of(where)
            found = _VALUE.fullmatch(where.removeprefix(f"rules.{name}"))
            if found and (name, int(found[1])) in self.values:
                layer, own = self.values[name, int(found[1])]
                where = f"rules.{name}.values[{own}]{found[2]}"
            else:  # a rule that none of them has is missed in the lowest, which is to have all
                layer = next((each for each in self.layers if name in each.rules), self.layers[-1])
        place = f"{layer.source}: {where}" if where else f"{layer.source}"
        return Problem(place, problem.found, problem.expected)

    def _rule_of(self, where: str) -> str:
        """The rule in which the place is; what is no good name of one may have a point in it."""
        rest = where.removeprefix("rules.")
        names = {name for layer in self.layers for name in layer.rules}
        return max((name for name in names if f"{rest}.".startswith(f"{name}.")), key=len, default=rest)


def stack_of(
    source: str | Path,
    tables: Mapping[str, Any],
    read: Callable[[str | Path], Mapping[str, Any] | Problem],
    shipped: Sequence[str],
) -> tuple[Stack, tuple[Problem, ...]]:
    """The file with what lies below it, and what is wrong with how they go together, at its place.

    ``read`` gives what a file says. Where something is wrong, the stack ends above it.
    """
    layers: list[Layer] = [Layer(source, tables)]
    wrong: list[Problem] = []
    while "over" in layers[-1].tables:
        below, found = _below(layers, read, shipped)
        wrong += [Problem(f"{layers[-1].source}: {each.where}", each.found, each.expected) for each in found]
        if below is None:
            break
        for upper in layers:
            found = [each for wrongs in _UNCHANGED for each in wrongs(upper, below)]
            wrong += [Problem(f"{upper.source}: {each.where}", each.found, each.expected) for each in found]
        if wrong:
            break
        layers.append(below)
    return _merged(layers), tuple(wrong)


def _below(
    above: Sequence[Layer],
    read: Callable[[str | Path], Mapping[str, Any] | Problem],
    shipped: Sequence[str],
) -> tuple[Layer | None, list[Problem]]:
    """What lies below the last of them; or why there is nothing."""
    upper = above[-1]
    over = upper.tables["over"]
    if not isinstance(over, str) or not over.strip():
        return None, []  # said where the keys are read
    source = over if over in shipped else upper.folder / over
    if _place(source) in [_place(each.source) for each in above]:
        circle = " → ".join(str(each) for each in (*(layer.source for layer in above), source))
        return None, [Problem("over", f"a circle: {circle}", "a rulebook that does not lie over this one")]
    tables = read(source)
    if isinstance(tables, Problem):
        expected = "the name of a rulebook that ships, or a file, from the folder of this one"
        return None, [Problem("over", f"{over!r}: {tables.found}", expected)]
    return Layer(source, tables), []


def _place(source: str | Path) -> str | Path:
    """The file, the same however it is named; or the name of what ships."""
    path = Path(source)
    return path.resolve() if path.suffix else str(source)


def _differences(upper: Layer, lower: Layer) -> Iterator[Problem]:
    for key in _SAME:
        one, other = upper.tables.get(key), lower.tables.get(key)
        if isinstance(one, str) and isinstance(other, str) and one != other:
            yield Problem(key, repr(one), f"{other!r}, as in {lower.source}, over which it lies")


def _frames_changed(upper: Layer, lower: Layer) -> Iterator[Problem]:
    for name, rule in lower.rules.items():
        frame = rule.get("frame") if isinstance(rule, dict) else None
        if isinstance(frame, list):
            expected = f"the frame of {name} in {lower.source}, unchanged"
            for bound in frame:
                if isinstance(bound, str) and bound in upper.rules:
                    yield Problem(f"rules.{bound}", "a frame that is changed", expected)
            own = upper.rules.get(name)
            if isinstance(own, dict) and "frame" in own:
                yield Problem(f"rules.{name}.frame", repr(own["frame"]), expected)


def _final_changed(upper: Layer, lower: Layer) -> Iterator[Problem]:
    for name, rule in lower.rules.items():
        if name in upper.rules and isinstance(rule, dict) and rule.get("final") is True:
            expected = f"nothing of {name}, which is final in {lower.source}"
            yield Problem(f"rules.{name}", "a final rule that is changed", expected)


_UNCHANGED: Final = (_differences, _frames_changed, _final_changed)
"""What says how an upper file changes what it may not."""


def _merged(layers: Sequence[Layer]) -> Stack:
    top, *lower = layers
    if not lower:
        numbers = {
            (name, number): (top, number)
            for name, rule in top.rules.items()
            for number in range(len(_values(rule)))
        }
        return Stack(layers, dict(top.tables), numbers)
    below = _merged(lower)
    rules = dict(below.tables["rules"]) if isinstance(below.tables.get("rules"), dict) else {}
    values = dict(below.values)
    for name, rule in top.rules.items():
        under, own = rules.get(name), rule.get("values", []) if isinstance(rule, dict) else None
        origins: list[tuple[Layer, int]] = []
        if isinstance(rule, dict) and isinstance(under, dict):
            kept = [*_before(_values(under), _first(own))] if isinstance(own, list) else []
            origins = [below.values[name, number] for number, _ in kept]
            dropped = _PINNED if _PINNED & rule.keys() else frozenset()
            rest = {key: said for key, said in under.items() if key not in dropped}
            rule = {**rest, **rule}  # noqa: PLW2901
            rule["values"] = [*(each for _, each in kept), *own] if isinstance(own, list) else own
        origins += [(top, number) for number in range(len(_values(top.rules[name])))]
        values = {place: origin for place, origin in values.items() if place[0] != name}
        values |= {(name, number): origin for number, origin in enumerate(origins)}
        rules[name] = rule
    tables = {**{key: below.tables[key] for key in ("calendar",) if key in below.tables}, **top.tables}
    if isinstance(top.tables.get("rules", {}), dict):
        tables["rules"] = rules
    return Stack(layers, tables, values)


def _values(rule: Any) -> list[Any]:
    values = rule.get("values") if isinstance(rule, dict) else None
    return values if isinstance(values, list) else []


def _start(value: Any) -> date | None:
    start = value.get("from") if isinstance(value, dict) else None
    return date.min if start == ALWAYS else start if type(start) is date else None


def _first(values: Sequence[Any]) -> date:
    """The first day of which they say something; without one that can be read, the last there is."""
    return min((start for start in map(_start, values) if start is not None), default=date.max)


def _before(values: Sequence[Any], first: date) -> Iterator[tuple[int, Any]]:
    """Those that begin before ``first``, with their numbers."""
    for number, value in enumerate(values):
        start = _start(value)
        if start is None or start < first:
            yield number, value
