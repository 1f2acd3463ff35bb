"""Every small mistake that could be made in a module: one place, one other way to write it.

1. What a change may be is in ``_instead_of``, one case for each kind of syntax, and in ``_steered``.
2. The order is that of the source, so that a change is found again in the same text by its number.
3. Left alone: what no test is about (annotations, decorators, ``__all__`` and other names with two
   underscores, asserts, the texts of errors), and what would fail at once in any test and so flatter them
   (adding texts, the fixed length of a pair).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass
from functools import partial
from os.path import commonprefix
from typing import TypeVar

__all__ = ["Change", "changed", "changes"]

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
T = TypeVar("T", bound=ast.AST)
TEXTS = (ast.JoinedStr, ast.Tuple, ast.List)
"""What can be added and not taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One other way to write one place of a module."""

    number: int
    """Which of the module's changes it is."""
    line: int
    last_line: int
    statement: tuple[int, int]
    """First and last line of the innermost statement that it is in."""
    in_function: bool
    """Whether it is in the body of a function, and concerns nothing but its calls."""
    kind: str
    before: ast.AST
    after: ast.AST
    make: Callable[[], None]
    """Puts it into the tree that it was found in."""

    @property
    def what(self) -> str:
        """Before and after, in one line; of what is long the part that begins shortly before they differ."""
        texts = [_text(self.before), _text(self.after)]
        longest, led = 90, 30
        same = len(commonprefix(texts))  # noqa: RUF071 - of characters, as it should be
        start = max(0, same - led) if max(map(len, texts)) > longest else 0
        before, after = (
            f"{'... ' * (start > 0)}{text[start : start + longest]}{' ...' * (len(text) > start + longest)}"
            for text in texts
        )
        return f"{before}  ->  {after}"


def changes(tree: ast.Module, source: str) -> list[Change]:
    """All of them, in the order of the source."""
    finder = _Finder(source.splitlines())
    finder.visit_children(tree)
    return finder.found


def changed(source: str, number: int) -> ast.Module:
    """The module with one change made; positions are those of the source."""
    tree = ast.parse(source)
    changes(tree, source)[number].make()
    return ast.fix_missing_locations(tree)


class _Finder:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.found: list[Change] = []
        self.statement = (1, 1)
        self.in_error = 0
        self.in_function = 0

    def visit_children(self, node: ast.AST) -> None:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and field == "body"
            self.in_function += inside
            if isinstance(value, ast.AST):
                self.visit(value, node, field, partial(setattr, node, field))
            elif isinstance(value, list):
                for place, each in enumerate(value):
                    if isinstance(each, ast.AST):
                        self.visit(each, node, field, partial(value.__setitem__, place))
            self.in_function -= inside

    def visit(self, node: ast.AST, parent: ast.AST, field: str, put: Callable[[ast.AST], None]) -> None:
        if _left_alone(node, in_error=bool(self.in_error)):
            return
        before = self.statement
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno
            self.statement = (node.lineno, max(node.lineno, last or 0))
        for kind, new in (*_steered(parent, field), *self.instead_of(node, parent, field)):
            self.note(node, kind, new, put)
        error = isinstance(node, ast.Raise) or getattr(node, "name", "") in ("__str__", "__repr__")
        self.in_error += error
        self.visit_children(node)
        self.in_error -= error
        self.statement = before

    def note(self, node: ast.AST, kind: str, new: ast.AST, put: Callable[[ast.AST], None]) -> None:
        assert isinstance(node, (ast.expr, ast.stmt))
        self.found.append(
            Change(
                number=len(self.found),
                line=node.lineno,
                last_line=node.end_lineno or node.lineno,
                statement=self.statement,
                in_function=bool(self.in_function),
                kind=kind,
                before=node,
                after=new,
                make=partial(put, new),
            )
        )

    def instead_of(self, node: ast.AST, parent: ast.AST, field: str) -> Iterator[tuple[str, ast.AST]]:
        yield from _instead_of(node, parent, field)
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and self.is_series(node, parent, field):
            for place in range(len(node.elts)):
                new = _copy(node)
                del new.elts[place]
                empty = isinstance(new, ast.Set) and not new.elts
                yield "element left out", _called("set") if empty else new

    def is_series(self, node: ast.Tuple | ast.List | ast.Set, parent: ast.AST, field: str) -> bool:
        """Whether it may be shorter: not what is unpacked, nor a pair in a series, nor an index."""
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)) or field == "slice":
            return False
        if not isinstance(node, ast.Tuple):
            return True
        unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], (ast.Tuple, ast.List))
        in_brackets = self.lines[node.lineno - 1].encode()[node.col_offset :].startswith(b"(")
        return (
            in_brackets
            and not unpacked
            and not isinstance(parent, (ast.Tuple, ast.List, ast.Set, ast.GeneratorExp))
        )


def _left_alone(node: ast.AST, *, in_error: bool) -> bool:
    """What no change is made in."""
    match node:
        case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.pattern() | ast.Global() | ast.Nonlocal():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name.startswith("__")
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.FunctionDef(decorator_list=[ast.Name(id="overload"), *_]):
            return True
        case ast.JoinedStr():
            return in_error
        case ast.keyword(arg="strict"):
            return True
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):  # a union of types
            return _is_type(left) and _is_type(right)
    return False


def _steered(parent: ast.AST, field: str) -> Iterator[tuple[str, ast.AST]]:
    """A condition that always holds, and one that never does."""
    match parent:
        case ast.If() | ast.IfExp() if field == "test":
            said: tuple[bool, ...] = (True, False)
        case ast.While() if field == "test":
            said = (False,)
        case ast.comprehension() if field == "ifs":
            said = (True, False)
        case ast.match_case() if field == "guard":
            said = (True, False)
        case _:
            return
    for each in said:
        yield "condition", ast.Constant(each)


def _instead_of(node: ast.AST, parent: ast.AST, field: str) -> Iterator[tuple[str, ast.AST]]:  # noqa: C901, PLR0912
    match node:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                for other in COMPARED[type(op)]:
                    new = _copy(node)
                    new.ops[place] = other()
                    yield "comparison", new
        case ast.BinOp(op=op, left=left, right=right) if type(op) in RECKONED:
            if not any(isinstance(each, TEXTS) or _is_text(each) for each in (left, right)):
                yield "arithmetic", _with(node, op=RECKONED[type(op)]())
        case ast.AugAssign(op=op) if type(op) in RECKONED:
            yield "arithmetic", _with(node, op=RECKONED[type(op)]())
            yield from _left_out(node, parent, field)
        case ast.BoolOp(op=ast.And()):
            yield "and, or", _with(node, op=ast.Or())
        case ast.BoolOp():
            yield "and, or", _with(node, op=ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield "not", operand
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield "arithmetic", operand
        case ast.Constant(value=bool() as said):
            yield "constant", ast.Constant(not said)
        case ast.Constant(value=int() as said):
            yield "constant", ast.Constant(said + 1)
            if not (said == 0 and field == "slice"):  # of one element, the first is the last
                yield "constant", ast.Constant(said - 1)
        case ast.Dict(keys=keys):
            for place in range(len(keys)):
                shorter = _copy(node)
                del shorter.keys[place], shorter.values[place]
                yield "element left out", shorter
        case ast.Call(func=ast.Name(id="replace"), keywords=keywords):
            for place in range(len(keywords)):
                with_less = _copy(node)
                del with_less.keywords[place]
                yield "field not replaced", with_less
        case ast.Return(value=ast.expr() as value):
            if not isinstance(value, ast.Constant) or value.value is not None:
                yield "None returned", _with(node, value=ast.Constant(None))
        case ast.Expr() | ast.Raise() | ast.Delete() | ast.Continue() | ast.Break():
            yield from _left_out(node, parent, field)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield from _left_out(node, parent, field)
        case _:
            pass


def _left_out(node: ast.stmt, parent: ast.AST, field: str) -> Iterator[tuple[str, ast.AST]]:
    """The statement is there and never reached: a generator stays one.

    What stands alone under a condition is left out by a condition that never holds, and not counted twice.
    """
    alone = isinstance(parent, ast.If) and field == "body" and len(parent.body) == 1 and not parent.orelse
    if not alone:
        yield "statement left out", ast.If(test=ast.Constant(False), body=[node], orelse=[])


def _is_type(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=None):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name[:1].isupper() and not name.isupper()
        case ast.Subscript(value=base):
            return _is_type(base)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _is_type(left) and _is_type(right)
    return False


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _copy(node: T) -> T:
    """As shallow as it can be, with lists of its own: it takes the place of the node."""
    return _with(node, **{name: [*value] for name, value in ast.iter_fields(node) if isinstance(value, list)})


def _with(node: T, **fields: object) -> T:
    new = copy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def _called(name: str) -> ast.Call:
    return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[], keywords=[])


def _text(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(deepcopy(node))).replace("\n", " ")
