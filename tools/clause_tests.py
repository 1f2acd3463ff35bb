"""Which tests stand for which clause, and which code cites one, read from the source without running it.

    python tools/clause_tests.py            says whether the two tables are up to date; 1 if not
    python tools/clause_tests.py --write    writes them

A test stands for the clauses of its marker, ``@pytest.mark.clause("NLC-10")``, on itself, on its class
or, as ``pytestmark``, on its module; a case of a service firm for those that it ``cites``. Code of the
core cites a clause in parentheses in a docstring, or by building it with its id. The standard library is
all that this needs.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src/servflow/rulebooks/data"
CASES = "tests/rulebooks/test_service_cases.py::test_a_case_of_a_service_firm"
_CITED = re.compile(r"\(([A-Z][A-Z-]*-[0-9]+(?:, [A-Z][A-Z-]*-[0-9]+)*)\)")


def registered() -> tuple[str, ...]:
    """The ids of the register, in its order."""
    lines = (DATA / "clauses.tsv").read_text("utf-8").splitlines()
    return tuple(line.split("\t")[0] for line in lines[1:])


def tests(root: Path) -> Iterator[tuple[str, str]]:
    """The id of a clause and the node id of a test, for every marker under ``tests`` and every case."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        place = path.relative_to(root).as_posix()
        yield from _marked(ast.parse(path.read_text("utf-8")), place, ())
    yield from cases(root)


def cases(root: Path, firm: str = "*") -> Iterator[tuple[str, str]]:
    """The id of a clause and the node id of a service firm's case that cites it."""
    for path in sorted((root / "tests/rulebooks/cases").glob(f"{firm}/service.toml")):
        for case in tomllib.loads(path.read_text("utf-8"))["case"]:
            node = f"{CASES}[{path.parent.name}: {case['name']}]"
            yield from ((id, node) for id in case.get("cites", ()))


def _marked(node: ast.Module | ast.ClassDef, place: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for each in node.body:
        if isinstance(each, ast.Assign) and [ast.unparse(name) for name in each.targets] == ["pytestmark"]:
            above += _clauses(each.value)
    for each in node.body:
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            ids = above + tuple(id for decorator in each.decorator_list for id in _clauses(decorator))
            inner = f"{place}::{each.name}"
            if isinstance(each, ast.ClassDef):
                yield from _marked(each, inner, ids)
            elif each.name.startswith("test"):
                yield from ((id, inner) for id in ids)


def _clauses(marker: ast.expr) -> tuple[str, ...]:
    """The arguments of every ``pytest.mark.clause(...)`` in an expression."""
    calls = (each for each in ast.walk(marker) if isinstance(each, ast.Call))
    found = (each.args for each in calls if ast.unparse(each.func) == "pytest.mark.clause")
    return tuple(str(ast.literal_eval(argument)) for arguments in found for argument in arguments)


def code(root: Path) -> Iterator[tuple[str, str]]:
    """The id of a clause and the place that cites it, for every citation in the core."""
    package = root / "src/servflow"
    for path in sorted((package / "core").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            name = "its docstring" if isinstance(node, ast.Expr) else getattr(node, "name", None)
            name = name or ast.unparse(node).split(" ", 1)[0].rstrip(":")
            place = f"{path.relative_to(package).as_posix()}: {name}"
            yield from ((id, place) for id in dict.fromkeys(_citations(node)))


def _citations(node: ast.stmt) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "Clause" and each.args:
            yield str(getattr(each.args[0], "value", ""))
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            for found in _CITED.findall(each.value):
                yield from found.split(", ")


def table(column: str, pairs: Collection[tuple[str, str]], ids: tuple[str, ...]) -> str:
    """The pairs as a table, in the order of the register.

    Raises:
        SystemExit: one of them names a clause that is not in the register.
    """
    places = {id: place for place, id in enumerate(ids)}
    for id, place in pairs:
        if id not in places:
            raise SystemExit(f"{place}: found the clause {id}, expected one of the register")
    found = sorted(set(pairs), key=lambda pair: (places[pair[0]], pair[1]))
    return "".join(f"{id}\t{place}\n" for id, place in (("id", column), *found))


def written(root: Path) -> dict[str, str]:
    """The text of both tables by the name of the file, for the project at ``root``."""
    ids = registered()
    sources = {id.rpartition("-")[0] for id in ids}
    cited = [(id, place) for id, place in code(root) if id.rpartition("-")[0] in sources]  # not UTF-8
    return {
        "clause_code.tsv": table("place", cited, ids),
        "clause_tests.tsv": table("test", list(tests(root)), ids),
    }


def main() -> int:
    """Write the tables, or say which of them are out of date."""
    parser = argparse.ArgumentParser(description="Which tests stand for which clause.")
    parser.add_argument("--write", action="store_true", help="write the tables")
    stale = []
    write = parser.parse_args().write
    for name, text in written(ROOT).items():
        path = DATA / name
        if write:
            path.write_text(text, "utf-8", newline="\n")
        elif not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run make clauses", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
