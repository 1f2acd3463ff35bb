"""docs/a-day-at-the-service-desk.md, line by line, at the times that stand in it.

Run as a program (``python tests/cli/test_a_service_day.py``), it writes the answers on the page anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from command_line import EXAMPLES, Said, call
from told_page import played

PAGE = Path(__file__).parents[2] / "docs" / "a-day-at-the-service-desk.md"
DAY = "17 March"


def _laid_out(folder: Path) -> None:
    for name in ("riverside.toml", "riverside-rules.toml", "riverside-charges.toml"):
        shutil.copy(EXAMPLES / name, folder)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Said]:
    """The page as the program tells it now, in a folder with the files of the example; and its audit then."""
    folder = tmp_path_factory.mktemp("day")
    _laid_out(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("SERVFLOW_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("SERVFLOW_HOST", "riverside.toml")
        told = list(played(PAGE.read_text(encoding="utf-8"), call, DAY))
        return told, call("audit", "--redecide", "--json")


def test_the_day_is_as_it_is_told(day: tuple[list[str], Said]) -> None:
    """Every answer on the page is the one that the program gives when the line is typed at its time."""
    assert day[0] == PAGE.read_text(encoding="utf-8").splitlines()


def test_the_day_leaves_everything_whole(day: tuple[list[str], Said]) -> None:
    """After the day everything is whole, agrees, and would be decided the same again."""
    said = day[1]

    assert said.code == 0, said.out
    assert said.document["problems"] == said.document["differences"] == said.document["undecided"] == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        _laid_out(Path(_folder))
        os.chdir(_folder)
        os.environ["SERVFLOW_HOST"] = "riverside.toml"
        _page = "\n".join(played(PAGE.read_text(encoding="utf-8"), call, DAY)) + "\n"
    PAGE.write_text(_page, encoding="utf-8")
