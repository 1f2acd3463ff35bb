"""docs/a-day-at-the-loan-desk.md, line by line, at the times that stand in it.

Run as a program (``python tests/cli/test_a_day.py``), it writes the answers on the page anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from command_line import EXAMPLES, Cli, call
from told_page import played

PAGE = Path(__file__).parents[2] / "docs" / "a-day-at-the-loan-desk.md"


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

    assert list(played(page, loan_desk)) == page.splitlines()


def test_the_day_leaves_everything_whole(loan_desk: Cli) -> None:
    """After the day everything is whole, agrees, and would be decided the same again."""
    list(played(PAGE.read_text(encoding="utf-8"), loan_desk))
    said = loan_desk("audit", "--redecide", "--json")

    assert said.code == 0, said.out
    assert said.document["problems"] == said.document["differences"] == said.document["undecided"] == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        _laid_out(Path(_folder))
        os.chdir(_folder)
        os.environ["SERVFLOW_HOST"] = "host.toml"
        _page = "\n".join(played(PAGE.read_text(encoding="utf-8"), call)) + "\n"
    PAGE.write_text(_page, encoding="utf-8")
