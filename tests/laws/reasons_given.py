"""Which reasons the core gives and which facts go with each, read from its source.

A reason is a call of ``Reason``. Its code and its facts stand there as constants, in a variable, in what
a function gives back, or in a parameter; then whoever calls that function says what they are.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from enum import Enum
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import servflow
from servflow.core.citations import Reason

__all__ = ["Facts", "reasons_given"]

SOURCE: Final = Path(servflow.__file__).parent

Facts = tuple[str, ...]
"""The names of the facts of one reason."""


class _Frame(NamedTuple):
    """A function, and the call that got there; None while nobody has asked who calls it."""

    module: ModuleType
    function: ast.FunctionDef
    call: ast.Call | None = None


_Frames = tuple[_Frame, ...]  # the innermost first


class _Open(Exception):
    """What is looked for is a parameter of the outermost function."""


@cache
def reasons_given() -> dict[str, frozenset[Facts]]:
    """By code, every list of facts that it comes with somewhere."""
    found: dict[str, set[Facts]] = {}
    for call, frame in _calls(Reason):
        for code, facts in _readings(call, (frame,)):
            found.setdefault(code, set()).add(facts)
    return {code: frozenset(facts) for code, facts in found.items()}


def _is(frame: _Frame, called: object) -> bool:
    return called is not None and called is getattr(frame.module, frame.function.name, None)


@cache
def _functions() -> tuple[_Frame, ...]:
    found: list[_Frame] = []
    for file in sorted((SOURCE / "core").rglob("*.py")):
        name = ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        found += (_Frame(module, node) for node in nodes if isinstance(node, ast.FunctionDef))
    return tuple(found)


def _calls(called: object) -> Iterator[tuple[ast.Call, _Frame]]:
    for frame in _functions():
        for node in ast.walk(frame.function):
            if isinstance(node, ast.Call) and _called(node.func, frame.module) is called:
                yield node, frame


def _called(node: ast.expr, module: ModuleType) -> object:
    """The function that is called by a name, or by that of its module and its own."""
    match node:
        case ast.Name(name):
            return getattr(module, name, None)
        case ast.Attribute(ast.Name(name), attribute):
            return getattr(getattr(module, name, None), attribute, None)
    return None


def _readings(call: ast.Call, frames: _Frames) -> Iterator[tuple[str, Facts]]:
    """The code and the facts, as often as there are ways to get there."""
    try:
        codes = _values(call.args[0], frames)
        facts = _facts(call.args[2], frames) if len(call.args) > 2 else [()]
    except _Open:
        outermost = frames[-1]
        for caller, frame in _calls(getattr(outermost.module, outermost.function.name)):
            yield from _readings(call, (*frames[:-1], outermost._replace(call=caller), frame))
    else:
        yield from product((str(code) for code in codes if code is not None), facts)


def _values(node: ast.expr, frames: _Frames) -> list[Any]:
    """What the expression may be."""
    match node:
        case ast.Constant(value):
            return [value]
        case ast.IfExp():
            return [*_values(node.body, frames), *_values(node.orelse, frames)]
        case ast.JoinedStr():
            parts = [_values(part, frames) for part in node.values]
            whole = [[str(each) for each in part if each] for part in parts]
            return ["".join(each) for each in product(*whole)]
        case ast.FormattedValue():
            return _values(node.value, frames)
        case ast.Attribute(attr="value"):
            return [each.value for each in _values(node.value, frames) if isinstance(each, Enum)]
        case ast.Attribute():
            return [getattr(each, node.attr) for each in _values(node.value, frames)]
        case ast.Name():
            local = _assigned(node, frames[0].function)
            if local:
                return [value for each in local for value in _values(each, frames)]
            if node.id in _parameters(frames[0].function):
                return [v for each in _given(node.id, frames) for v in _values(each, frames[1:])]
            return _unpacked(node.id, frames[0]) or [getattr(frames[0].module, node.id)]
    raise AssertionError(f"cannot tell what {ast.unparse(node)} is")


def _facts(node: ast.expr, frames: _Frames) -> list[Facts]:
    """The names in a tuple of pairs, every way it may be."""
    match node:
        case ast.Tuple():
            return _joined(node.elts, frames)
        case ast.IfExp():
            return [*_facts(node.body, frames), *_facts(node.orelse, frames)]
        case ast.BinOp():
            pairs = product(_facts(node.left, frames), _facts(node.right, frames))
            return [left + right for left, right in pairs]
        case ast.Name():
            local = _assigned(node, frames[0].function)
            if local:
                return [facts for each in local for facts in _facts(each, frames)]
            if _takes_the_rest(node.id, frames[0].function):
                return _joined(_given(node.id, frames), frames[1:])
            return [facts for each in _given(node.id, frames) for facts in _facts(each, frames[1:])]
        case ast.Call():
            called = _called(node.func, frames[0].module)
            (callee,) = (frame for frame in _functions() if _is(frame, called))
            inner = (callee._replace(call=node), *frames)
            returned = [part.value for part in ast.walk(callee.function) if isinstance(part, ast.Return)]
            return [facts for each in returned if each is not None for facts in _facts(each, inner)]
    raise AssertionError(f"cannot tell the facts of {ast.unparse(node)}")


def _joined(elements: list[ast.expr], frames: _Frames) -> list[Facts]:
    ways: list[list[Facts]] = []
    for each in elements:
        if isinstance(each, ast.Starred):
            ways.append(_facts(each.value, frames))
        else:
            pairs = _assigned(each, frames[0].function) if isinstance(each, ast.Name) else [each]
            names = [pair.elts[0] for pair in pairs if isinstance(pair, ast.Tuple)]
            assert names, ast.unparse(each)
            ways.append([(str(value),) for name in names for value in _values(name, frames)])
    return [sum(way, ()) for way in product(*ways)]


def _assigned(read: ast.Name, function: ast.FunctionDef) -> list[ast.expr]:
    """What is put under that name within the function; before, where what is put there reads it itself."""
    found: list[ast.expr] = []
    name = read.id
    for node in ast.walk(function):
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            found += node.iter.elts if isinstance(node.target, ast.Name) and node.target.id == name else []
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if value is not None and any(isinstance(each, ast.Name) and each.id == name for each in targets):
            found.append(value)
    return _still_there(found, read, function)


def _still_there(found: list[ast.expr], read: ast.Name, function: ast.FunctionDef) -> list[ast.expr]:
    """What of it may be there where it is read: what surely replaces it in between is the first that counts.

    What reads the name itself to put it there again reads what was there before.
    """
    own = [each for each in found if any(part is read for part in ast.walk(each))]
    if own:
        found = [each for each in found if each.lineno < own[0].lineno]
    sure = max((at for at in _sure(function, read) if any(each.lineno == at for each in found)), default=0)
    return [each for each in found if sure <= each.lineno <= read.lineno] if sure else found


def _sure(block: ast.AST, read: ast.Name) -> Iterator[int]:
    """The lines of the statements that were surely done before that place is reached."""
    for name in ("body", "orelse", "finalbody"):
        statements = getattr(block, name, None) or []
        for at, statement in enumerate(statements if isinstance(statements, list) else []):
            if any(part is read for part in ast.walk(statement)):
                done = [each for each in statements[:at] if isinstance(each, ast.Assign | ast.AnnAssign)]
                yield from (each.value.lineno for each in done if each.value is not None)
                yield from _sure(statement, read)


def _parameters(function: ast.FunctionDef) -> dict[str, ast.expr | None]:
    """By name, what each parameter is if nothing is given."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args)]
    padding: list[ast.expr | None] = [None] * (len(names) - len(given.defaults))
    found = dict(zip(names, [*padding, *given.defaults], strict=True))
    found |= {each.arg: default for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)}
    return found


def _unpacked(name: str, frame: _Frame) -> list[Any]:
    """What stands in its place of every entry, where a name is unpacked from one of a constant mapping."""
    for node in ast.walk(frame.function):
        match node:
            case ast.Assign([ast.Tuple(names)], ast.Subscript(ast.Name(mapping))):
                places = [
                    at for at, each in enumerate(names) if isinstance(each, ast.Name) and each.id == name
                ]
                entries = getattr(frame.module, mapping, {}).values()
                return [entry[place] for place in places for entry in entries]
    return []


def _takes_the_rest(name: str, function: ast.FunctionDef) -> bool:
    return function.args.vararg is not None and function.args.vararg.arg == name


def _given(name: str, frames: _Frames) -> list[ast.expr]:
    """What the caller gives for that parameter; all that is left over where it takes the rest."""
    function, call = frames[0].function, frames[0].call
    if call is None:
        raise _Open
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if _takes_the_rest(name, function):
        return call.args[len(names) :]
    by_name = {each.arg: each.value for each in call.keywords}
    if name in by_name:
        return [by_name[name]]
    if name in names and names.index(name) < len(call.args):
        return [call.args[names.index(name)]]
    default = _parameters(function)[name]
    assert default is not None
    return [default]
