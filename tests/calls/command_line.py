"""The command line run within this process: what a call wrote, and its exit code."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from servflow.cli._app import run

EXAMPLES = Path(__file__).parents[2] / "examples"

RULE = """
[rules.{name}]
label = "a rule"
[[rules.{name}.values]]
from = "unknown"
is = {value}
clause = "{clause}"
at = "1"
"""
"""One rule of a rulebook, to be formatted with name, value and clause."""

LOAN = "CN-320500/PJ-88031"  # out of town, out since 2026-01-31, due on 2026-02-28
NEW = "CN-110108/2026-0117"  # of the same city, not answered yet
RARE = "CN-110108/2026-0121"  # a rare book, answered "no"


class Said(NamedTuple):
    """What a call answered."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it wrote, as JSON."""
        return json.loads(self.out)


class Cli(Protocol):
    """The program: a call with these arguments."""

    def __call__(self, *arguments: str | Path) -> Said: ...


def call(*arguments: str | Path) -> Said:
    """What the program says to these arguments."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return Said(code, out.getvalue(), err.getvalue())
