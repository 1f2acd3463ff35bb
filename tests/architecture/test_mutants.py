"""The program behind ``make mutants`` finds out what tests notice, and says so; on a toy house."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "tools" / "mutants"

FINES = '''
"""Fines of a toy library."""

from __future__ import annotations

__all__ = ["fine"]

RATE = 2


def fine(days: int) -> int:
    """So much for each day, for ten days at most."""
    assert days >= 0
    while days > 10:
        days -= 1
    return RATE * days if days != 7 else 14


LOANS = 5
'''
TESTS = """
import pytest
from toy.fines import fine


@pytest.mark.parametrize(("days", "owed"), [(0, 0), (4, 8), (12, 20)])
def test_fine(days, owed):
    assert fine(days) == owed
"""
OF_ALL_MODULES = """
from toy import fines


def test_numbers():
    assert vars(fines)["LOANS"] == 5
"""
SETTINGS = """
[tool.pytest.ini_options]
addopts = "-p no:servflow -p no:pytest_cov"
filterwarnings = ["error"]
"""
IN_FUNCTION = ("while days > 10:", "days > 10  ->  days >= 10")
AT_IMPORT = ("RATE = 2", "2  ->  3")
UNREACHED = ("LOANS = 5", "5  ->  6")
ENDLESS = ("days -= 1", "days -= 1  ->  if False:     days -= 1")
UNTESTED = ("return RATE * days if days != 7 else 14", "14  ->  15")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A package of one module, its tests, and their settings."""
    root = tmp_path / "house"
    for path, text in {
        "src/toy/__init__.py": "",
        "src/toy/fines.py": FINES,
        "tests/test_fines.py": TESTS,
        "tests/test_numbers.py": OF_ALL_MODULES,
        "pyproject.toml": SETTINGS,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def run(house: Path, *changes: tuple[str, str], minutes: float = 10) -> subprocess.CompletedProcess[str]:
    """The program on the toy house, with these changes."""
    chosen = house.parent / "chosen.json"
    mutants = [{"file": "fines.py", "code": code, "what": what, "killed": False} for code, what in changes]
    chosen.write_text(json.dumps({"mutants": mutants}), encoding="utf-8")
    places = {
        "root": house,
        "source": "src/toy",
        "tests": "tests",
        "out": house.parent / "out",
        "again": chosen,
        "minutes": minutes,
    }
    options = [f"--{name}={value}" for name, value in places.items()]
    command = [sys.executable, str(PROGRAM), *options, f"--json={house.parent / 'told.json'}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def told(house: Path) -> dict[str, str]:
    """Of each change that was tried, what noticed it."""
    mutants = json.loads((house.parent / "told.json").read_text(encoding="utf-8"))["mutants"]
    return {each["what"]: each["by"] for each in mutants}


def test_what_tests_notice_is_killed_and_what_they_do_not_is_named(house: Path) -> None:
    """In a function, at import, by never ending; three of four are too few, and the files stay as they are."""
    before = {path: path.read_bytes() for path in house.rglob("*") if path.is_file()}

    result = run(house, IN_FUNCTION, AT_IMPORT, ENDLESS, UNTESTED)

    assert result.returncode == 1, result.stdout + result.stderr
    noticed = told(house)
    assert noticed.pop(AT_IMPORT[1]).startswith("tests/test_fines.py::test_fine[")
    assert noticed == {
        IN_FUNCTION[1]: "tests/test_fines.py::test_fine[12-20]",
        ENDLESS[1]: "time",
        UNTESTED[1]: "",
    }
    assert "  fines.py:16: constant: 14  ->  15\n3 of 4 killed, 75.0 %" in result.stdout
    assert {path: path.read_bytes() for path in house.rglob("*") if path.is_file()} == before


def test_what_no_test_reaches_is_noticed_by_one_that_goes_through_all_modules(house: Path) -> None:
    """A number that is made at import and never used: a test of no room asks for it by no line of the module."""
    result = run(house, UNREACHED)

    assert result.returncode == 0, result.stdout + result.stderr
    assert told(house) == {UNREACHED[1]: "tests/test_numbers.py::test_numbers"}


def test_where_the_time_is_up_before_the_first_there_is_no_share(house: Path) -> None:
    """2, and it is said that none was tried."""
    result = run(house, IN_FUNCTION, minutes=0)

    assert result.returncode == 2, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1] == "the time is up: 0 of 1 tried, the first of the sample"


def test_enough_killed_is_a_success_and_a_broken_house_is_told(house: Path) -> None:
    """0 when all are killed; 2 when a test fails by itself."""
    good = run(house, IN_FUNCTION)
    (house / "tests" / "test_fines.py").write_text("def test_wrong():\n    assert False\n", encoding="utf-8")
    broken = run(house, IN_FUNCTION)

    assert (good.returncode, good.stdout.splitlines()[-1][:24]) == (0, "1 of 1 killed, 100.0 % (")
    assert (broken.returncode, broken.stdout.splitlines()[-1]) == (2, "tests/test_fines.py::test_wrong")


@pytest.mark.parametrize(
    ("source", "ways"),
    [
        ("x = a < b", {"a <= b", "a >= b"}),
        ("x = a is None", {"a is not None"}),
        ("x = a + 1", {"a - 1", "2", "0"}),
        ("x = a and not b", {"a or not b", "b"}),
        ("x = a[0]", {"1"}),
        ("x = True", {"False"}),
        ("x = 1 if a else 2", {"True", "False", "0", "2", "1", "3"}),
        ("rows = (Row(S, (g.one, g.two)),)", {"()", "(g.two,)", "(g.one,)"}),
        ("x = replace(it, a=b, c=d)", {"replace(it, c=d)", "replace(it, a=b)"}),
        ("x = {a: b}", {"{}"}),
        ("def f():\n    return a", {"return None"}),
        ("def f():\n    yield a\n    b()", {"if False:     yield a", "if False:     b()"}),
        ("if a:\n    raise b", {"True", "False"}),
        (
            "__all__ = ['a']\nx: Literal[1] = a\nassert a < 1\nraise E(f'{a + 1}')",
            {"if False:     raise E(f'{a + 1}')"},
        ),
        ("A = Bound | None\nx, y = (a, b)\n@d(1)\ndef f(a: 1) -> 1:\n    'says 1'", set()),
    ],
)
def test_the_other_ways_to_write_something(
    source: str, ways: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of change, and what is left alone."""
    monkeypatch.syspath_prepend(str(PROGRAM.parent))
    from mutants.changes import changes

    assert {each.what.partition("  ->  ")[2] for each in changes(ast.parse(source), source)} == ways
