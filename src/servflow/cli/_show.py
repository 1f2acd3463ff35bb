"""How the command line shows things: tables for people, JSON for machines.

Whatever is shown may have come from a stranger: signs that a terminal obeys, or that turn the
direction of a line, are shown as escapes, and nothing is taken for markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar
from unicodedata import category

import click
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

__all__ = ["as_json", "complain", "progress", "say", "table"]

T = TypeVar("T")

_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, formats, halves of pairs, separators
_ENDLESS: Final = 100_000  # columns, where nobody looks: lines are for programs then, and not folded


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table a person can read: as wide as the terminal, or as its lines where there is none."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        shown.add_column(Text(column), overflow="fold")
    for row in rows:
        shown.add_row(*map(_text, row))
    console = Console(highlight=False)
    terminal = console.is_terminal
    if not terminal:
        console.width = _ENDLESS
    with console.capture() as captured:
        console.print(_text(title))
        console.print(shown)
    lines = captured.get().splitlines()
    click.echo("\n".join([*(lines if terminal else map(str.rstrip, lines)), ""]))


def progress(things: Iterable[T], title: str) -> Iterator[T]:
    """The things one by one, with a bar on standard error while somebody looks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from things
        return
    yield from track(things, description=title, console=console, transient=True)


def as_json(document: Any) -> None:
    """The document on standard output."""
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    click.echo("".join(json.dumps(sign)[1:-1] if sign != "\n" and _obeyed(sign) else sign for sign in text))


def say(text: str) -> None:
    """Text on standard output, as many lines as it has."""
    click.echo(_harmless(text))


def complain(text: str) -> None:
    """Text on standard error, as many lines as it has."""
    click.echo(_harmless(text), err=True)


def _text(cell: str) -> Text:
    return Text(_harmless(cell))


def _harmless(text: str) -> str:
    return "".join(
        sign.encode("unicode_escape").decode() if sign != "\n" and _obeyed(sign) else sign for sign in text
    )


def _obeyed(sign: str) -> bool:
    return category(sign) in _OBEYED
