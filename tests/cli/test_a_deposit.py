"""docs/a-deposit-by-hand.md, line by line, at the times that stand in it, and the picture that is drawn on the way.

Run as a program (``python tests/cli/test_a_deposit.py``), it writes the answers on the page, and the picture, anew.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "calls"))

from command_line import EXAMPLES, Said, call
from told_page import played

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PICTURE = DOCS / "a-deposit-by-hand.md", DOCS / "deposit-by-hand.svg"


class Told(NamedTuple):
    """The page and the picture as the program makes them now, and its audit then."""

    page: list[str]
    picture: str
    audit: Said


def _told(folder: Path) -> Told:
    """All of it, in a folder with the file of the example."""
    shutil.copy(EXAMPLES / "deposits.toml", folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("SERVFLOW_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("SERVFLOW_HOST", "deposits.toml")
        page = list(played(PAGE.read_text(encoding="utf-8"), call))
        return Told(
            page, Path("balance.svg").read_text(encoding="utf-8"), call("audit", "--redecide", "--json")
        )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The page, the picture and the audit; made once."""
    return _told(tmp_path_factory.mktemp("deposit"))


def _blocks(page: list[str]) -> tuple[list[str], list[str]]:
    """What somebody wrote, and what the program said."""
    written: list[str] = []
    answers: list[str] = []
    inside = False
    for line in page:
        if line.startswith("```"):
            inside = line == "```console"
        elif not line.startswith("$ "):
            (answers if inside else written).append(line)
    return written, answers


def _figures(lines: list[str], pattern: str) -> Iterator[str]:
    for line in lines:
        yield from re.findall(pattern, line)


def test_the_deposit_is_as_it_is_told(told: Told) -> None:
    """Every answer on the page is the one that the program gives when the line is typed at its time."""
    assert told.page == PAGE.read_text(encoding="utf-8").splitlines()


def test_what_is_worked_out_by_hand_is_what_the_program_says(told: Told) -> None:
    """Every result that is worked out on the page, in bold, stands in an answer of the program."""
    written, answers = _blocks(PAGE.read_text(encoding="utf-8").splitlines())
    by_hand = set(_figures(written, r"\*\*([0-9,]+\.[0-9]{2})\*\*"))

    assert len(by_hand) == 9
    assert by_hand <= set(_figures(answers, r"CNY ([0-9,]+\.[0-9]{2})"))


def test_the_sums_by_hand_add_up() -> None:
    """Each sum that is written out on the page, an indented block, comes to what stands behind its sign."""
    text = PAGE.read_text(encoding="utf-8")
    sums = [
        block for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE) if "=" in block and "00" in block
    ]

    assert len(sums) == 2
    for block in sums:
        left, _, right = block.partition("=")
        terms = re.findall(r"(−?) ?([0-9,]+\.[0-9]{2})", left)
        added = sum(Decimal(f"{'-' if sign else ''}{amount.replace(',', '')}") for sign, amount in terms)
        assert added == Decimal(right.strip().replace(",", ""))


def test_the_picture_is_the_one_that_was_drawn(told: Told) -> None:
    """The picture on the page is the one that ``--svg`` draws."""
    assert told.picture == PICTURE.read_text(encoding="utf-8")


def test_the_deposit_leaves_everything_whole(told: Told) -> None:
    """At the end everything is whole, agrees, and would be decided the same again."""
    said = told.audit

    assert said.code == 0, said.out
    assert said.document["problems"] == said.document["differences"] == said.document["undecided"] == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        _made = _told(Path(_folder))
    PAGE.write_text("\n".join(_made.page) + "\n", encoding="utf-8")
    PICTURE.write_text(_made.picture, encoding="utf-8")
