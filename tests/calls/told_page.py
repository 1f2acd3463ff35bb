"""A page of the docs that tells a day: every line that is typed on it, run at the time that stands above it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from command_line import Cli

_HEADING: Final = re.compile(r"^### (?:(\d+ [A-Z][a-z]+)(?: (\d{4}))?, )?(\d\d:\d\d)")
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
    "aftersales do": "--recorded-at",
    "aftersales allowed": "--at",
    "aftersales due": "--at",
    "aftersales export": "--at",
    "aftersales kpi": "--at",
    "aftersales list": "--at",
    "aftersales needed": "--on",
    "aftersales report": "--on",
    "aftersales show": "--at",
    "deposits allowed": "--at",
    "deposits assess": "--on",
    "deposits claims": "--at",
    "deposits credit": "--on",
    "deposits do": "--recorded-at",
    "deposits due": "--at",
    "deposits gates": "--at",
    "deposits list": "--at",
    "deposits show": "--at",
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


def played(page: str, cli: Cli, day: str = "30 January") -> Iterator[str]:
    """The page, every answer as the program gives it now; ``day`` is the one that it tells."""
    at: datetime | None = None
    inside = False
    for line in page.splitlines():
        if found := _HEADING.match(line):
            another, year, time = found.groups()
            at = datetime.strptime(f"{another or day} {year or 2026} {time} +0800", "%d %B %Y %H:%M %z")
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
