"""docs/command-line.md and the program say the same."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import click
import pytest
from command_line import EXAMPLES, Cli

from servflow.cli._app import servflow

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _options(command: click.Command) -> set[str]:
    return {name for each in command.params if isinstance(each, click.Option) for name in each.opts}


ANYWHERE = _options(servflow) - {"--version"}


def _commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that is no group, by its words."""
    for name, command in group.commands.items():
        words = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from _commands(command, words)
        else:
            yield words, command


COMMANDS = dict(_commands(servflow))


def _documented() -> dict[str, set[str]]:
    """By the words of each command in the tables of calls, its options."""
    found = {}
    for call in re.findall(r"^\| `servflow ([^`]+)` \|", _page(), re.MULTILINE):
        words = next(words for words in COMMANDS if call == words or call.startswith(f"{words} "))
        found[words] = set(re.findall(r"--[a-z-]+", call))
    return found


def test_every_command_and_option_is_documented() -> None:
    """The page has every command with its options, and no others."""
    assert _documented() == {words: _options(command) - ANYWHERE for words, command in COMMANDS.items()}


def test_options_of_a_whole_call() -> None:
    """The page has every option that holds for a whole call, with its variable of the environment."""
    rows = dict(re.findall(r"^\| `(--[a-z-]+)[^`]*` \|(?: `(\w+)`)? \|", _page(), re.MULTILINE))
    options = [
        each for each in servflow.params if isinstance(each, click.Option) and each.opts != ["--version"]
    ]

    assert rows == {option.opts[0]: option.envvar or "" for option in options}
    assert set(rows) == ANYWHERE


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_takes_them(words: str) -> None:
    """The options that hold for a whole call may stand behind every command."""
    assert _options(COMMANDS[words]) >= ANYWHERE


def test_no_other_option_is_named() -> None:
    """An option that the page names anywhere is one of the program."""
    known = {"--help"}.union(_options(servflow), *map(_options, COMMANDS.values()))

    assert set(re.findall(r"`(--[a-z-]+)", _page())) <= known
    assert "--version" in _page()


def test_every_document_is_described() -> None:
    """What a call writes with --json is said for every command but the diagram."""
    described = _page().partition("## Output for machines")[2]
    cells = re.findall(r"^\| (`[^|]+`) \|", described, re.MULTILINE)
    rows = {re.sub(" --list$", "", call) for cell in cells for call in re.findall("`([^`]+)`", cell)}

    assert rows == set(COMMANDS) - {"diagram"}


@pytest.mark.parametrize("words", ["", "ill", "fee", "partner", "rulebook", *COMMANDS])
def test_help(cli: Cli, words: str) -> None:
    """Every command explains itself with -h; in a list, none is cut short, and every option has a text."""
    said = cli(*words.split(), "-h")

    assert said.code == 0
    assert said == cli(*words.split(), "--help")
    assert "..." not in said.out.partition("Commands:")[2]
    command: click.Command = servflow
    for word in words.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [option.opts for option in options if not option.help] == []


def test_the_example_runs(cli: Cli, tmp_path: Path) -> None:
    """The lines of the page, typed as they stand, open a relation."""
    (tmp_path / "host.toml").write_bytes((EXAMPLES / "host.toml").read_bytes())
    lines = re.findall(r"^    servflow (.+)$", _page(), re.MULTILINE)
    said = [cli(*shlex.split(line)) for line in lines]

    assert len(lines) == 4
    assert [each.err for each in said if each.code] == []
    assert cli("ill", "show", "CN-110108", "--json").document["state"] == "signed"


def _block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.+?)^```$", _page(), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_the_example_of_a_table(cli: Cli, tmp_path: Path) -> None:
    """The table of fees on the page is the one that the program writes."""
    first, _, expected = _block("console").partition("\n")
    facts = '{"ordered_by": "2026-03-01", "unpaid": {"2026-03-01": 30000}, "most_unpaid": 30000}'
    (tmp_path / "facts.json").write_text(facts, encoding="utf-8")
    said = cli(*shlex.split(first.removeprefix("$ servflow ")))

    assert said.code == 0, said.err
    assert said.out.strip() == expected.strip()


def test_the_examples_of_facts() -> None:
    """The facts on the page are the same in JSON and in TOML."""
    written = json.loads(_block("json"), parse_float=Decimal)
    again = tomllib.loads(_block("toml"), parse_float=Decimal)

    assert {name: str(value) for name, value in again.items()} == {
        name: str(value) for name, value in written.items()
    }
