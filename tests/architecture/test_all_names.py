"""Every public module says what it offers, and offers what it says."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import servflow

HOME = Path(servflow.__file__).parents[1]


def public_modules() -> list[str]:
    """Every module whose path has no name with an underscore before it."""
    files = sorted((HOME / "servflow").rglob("*.py"))
    names = [
        ".".join(file.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__") for file in files
    ]
    return [name for name in names if not any(part.startswith("_") for part in name.split("."))]


def source_of(module: str) -> ast.Module:
    """Its syntax tree."""
    path = HOME.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def defined(tree: ast.Module) -> set[str]:
    """The public names that a module makes itself: classes, functions, constants; not what it imports.

    Type variables are left out, and short names for what is imported: nobody asks for them by name.
    """
    names: set[str] = set()
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
                pass
            case ast.Assign(value=ast.Name()):
                pass
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return {name for name in names if not name.startswith("_")}


def listed(tree: ast.Module) -> list[str]:
    """What ``__all__`` lists."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return list(ast.literal_eval(value))
    return []


def kind_and_name(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions: the order that the linter keeps."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


MODULES = public_modules()


@pytest.mark.parametrize("module", [name for name in MODULES if listed(source_of(name))])
def test_what_is_listed_exists_and_is_sorted(module: str) -> None:
    """Each name once, in the linter's order; ``import *`` brings all of it and nothing else."""
    names = listed(source_of(module))
    scope: dict[str, object] = {}
    exec(f"from {module} import *", scope)

    assert names == sorted(set(names), key=kind_and_name)
    assert set(scope) - {"__builtins__"} == set(names)
    assert all(getattr(import_module(module), name) is scope[name] for name in names)


@pytest.mark.parametrize("module", [name for name in MODULES if not name.endswith(".table")])
def test_nothing_public_is_left_out(module: str) -> None:
    """Every public name that a module defines is listed. A table's short names for its rows are its own."""
    tree = source_of(module)

    assert defined(tree) - set(listed(tree)) == set()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("class A: ...\nclass _B: ...", {"A"}),
        ("def f(): ...\nasync def g(): ...\ndef _h(): ...", {"f", "g"}),
        ("X = 1\nY: int = 2\n_Z = 3\nA = B = 0", {"X", "Y", "A", "B"}),
        ("from states import State\nS = State", set()),
        ("T = TypeVar('T')\nimport os\nfrom os import path", set()),
        ("__all__ = ['A']", set()),
    ],
)
def test_what_a_module_defines(source: str, names: set[str]) -> None:
    """Classes, functions and constants; not imports, nor what begins with an underscore."""
    assert defined(ast.parse(source)) == names
