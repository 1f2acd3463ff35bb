"""docs/a-day-at-the-loan-desk.md, line by line, at the times that stand in it.

Run as a program (``python tests/cli/test_a_day.py``), it writes the answers on the page anew.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from command_line import EXAMPLES, Cli, call

PAGE = Path(__file__).parents[2] / "docs" / "a-day-at-the-loan-desk.md"

_THE_DAY: Final = "30 January"
_HEADING: Final = re.compile(r"^### (?:(\d+ January), )?(\d\d:\d\d)")
_SAYS_WHEN: Final = {
    "ill do": "--recorded-at",
    "ill hear": "--recorded-at",
    "ill request": "--recorded-at",
    "ill import": "--at",
    "ill allowed": "--at",
    "wake": "--at",
    "mail": "--at",
    "ill list": "--on",
    "ill why": "--on",
}
"""By which option a command is told the time at which it is typed."""


def _typed(line: str, at: datetime) -> list[str]:
    """The words of a line as the shell gives them, and the time."""
    words = shlex.split(line)[1:]
    given: list[str] = []
    for word in words:
        given += sorted(map(str, Path().glob(word))) if "*" in word else [word]
    for command, option in _SAYS_WHEN.items():
        if " ".join(words).startswith(command):
            given += [option, at.date().isoformat() if option == "--on" else at.isoformat()]
    return given


def _played(page: str, cli: Cli) -> Iterator[str]:
    """The page, every answer as the program gives it now."""
    at: datetime | None = None
    inside = False
    for line in page.splitlines():
        if found := _HEADING.match(line):
            day, time = found.groups()
            at = datetime.strptime(f"{day or _THE_DAY} 2026 {time} +0800", "%d %B %Y %H:%M %z")
        if line.startswith("$ servflow "):
            assert at is not None
            said = cli(*_typed(line.removeprefix("$ "), at))
            yield line
            yield from (said.out + said.err).rstrip("\n").splitlines()
        elif line == "```console":
            inside = True
            yield line
        elif line == "```":
            inside = False
            yield line
        elif not inside:
            yield line
        elif not line:  # between two lines of one block
            continue


@pytest.fixture
def loan_desk(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The program in a folder with the files of the example."""
    _laid_out(tmp_path)
    monkeypatch.setenv("SERVFLOW_HOST", "host.toml")
    return cli


def _laid_out(folder: Path) -> None:
    shutil.copy(EXAMPLES / "host.toml", folder)
    shutil.copytree(EXAMPLES / "requests", folder / "requests")


def test_the_day_is_as_it_is_told(loan_desk: Cli) -> None:
    """Every answer on the page is the one that the program gives when the line is typed at its time."""
    page = PAGE.read_text(encoding="utf-8")

    assert list(_played(page, loan_desk)) == page.splitlines()


def test_the_day_leaves_everything_whole(loan_desk: Cli) -> None:
    """After the day everything is whole, agrees, and would be decided the same again."""
    list(_played(PAGE.read_text(encoding="utf-8"), loan_desk))
    said = loan_desk("audit", "--redecide", "--json")

    assert said.code == 0, said.out
    assert said.document["problems"] == said.document["differences"] == said.document["undecided"] == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        _laid_out(Path(_folder))
        os.chdir(_folder)
        os.environ["SERVFLOW_HOST"] = "host.toml"
        _page = "\n".join(_played(PAGE.read_text(encoding="utf-8"), call)) + "\n"
    PAGE.write_text(_page, encoding="utf-8")
