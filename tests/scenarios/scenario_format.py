"""Named scenarios in TOML: what stands in a file, and every mistake in it with its place.

1. A file holds the scenarios of one peer on one side: ``format``, ``peer``, ``side``, ``[[scenario]]``.
2. A scenario has an ``id``, a ``name`` (the fact as a sentence), its ``source``
   (``owner/repository:path (test)``), the situation ``given``, ``steps``, and what they ``expect``.
   ``differs`` says why we mean to differ from the peer, ``peer`` what that expects; both or neither.
3. Whatever is not known (a key, a command, a field, a word, a code, a state) is a mistake. Nothing is
   passed over, and nothing is taken for something else.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from servflow.codec import Codec
from servflow.core import errors
from servflow.core.changes import Command
from servflow.core.errors import InvalidFacts, InvalidValue, Problem, ServflowError
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import messages as borrowing_messages
from servflow.core.ill.borrowing.states import BlockKind
from servflow.core.ill.lending import messages as lending_messages
from servflow.core.lifecycle import NOT_IN_STATE, NOT_YOURS
from servflow.core.money import Money

__all__ = [
    "CODEC",
    "COMMANDS",
    "ENVELOPE",
    "SIDES",
    "Scenario",
    "known_codes",
    "known_kinds",
    "read_all",
    "read_file",
    "typed",
]

CODEC: Final = Codec(ILL)
COMMANDS: Final[Mapping[str, type[Command]]] = {
    command.__name__: command for lifecycle in ILL for command in lifecycle.commands
}
ENVELOPE: Final = frozenset(each.name for each in fields(Command))
SIDES: Final = ("borrowing", "supplying", "both", "wire")

_SOURCE: Final = re.compile(r"[\w.-]+/[\w.-]+:\S.* \(.+\)")
_MONEY: Final = re.compile(r"(?P<amount>\d+(\.\d+)?) (?P<currency>[A-Z]{3})")
_FILE_KEYS: Final = ("format", "peer", "side", "scenario")
_NEEDED: Final = ("id", "name", "source", "given", "steps", "expect")
_OPTIONAL: Final = ("differs", "peer")
_SHAPES: Final[Mapping[str, tuple[type, str]]] = {
    "given": (dict, "a table"),
    "steps": (list, "a list of tables"),
    "expect": (dict, "a table"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario as it is read; ``file`` and ``of`` are the file's name and the peer's.

    ``peer_expects`` is what the peer's own test expects where we differ on purpose, ``differs`` why.
    """

    file: str
    of: str
    side: str
    id: str
    name: str
    source: str
    given: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    expect: Mapping[str, Any]
    differs: str = ""
    peer_expects: str = field(default="")

    @property
    def where(self) -> str:
        """The place of the scenario: file and id."""
        return f"{self.file}, {self.id}"


# --- reading --------------------------------------------------------------------------------------


def read_all(folder: Path) -> tuple[Scenario, ...]:
    """The scenarios of every file of the folder, in the order of the files' names.

    Raises:
        InvalidFacts: a file has a mistake, or two scenarios have one id; every mistake is named.
    """
    problems: list[Problem] = []
    found: dict[str, Scenario] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            scenarios = read_file(path)
        except InvalidFacts as error:
            problems += error.problems
            continue
        for each in scenarios:
            if each.id in found:
                problems.append(
                    Problem(each.where, f"the id that is in {found[each.id].file}", "one of its own")
                )
            found[each.id] = each
    if problems:
        raise InvalidFacts("scenarios", problems)
    return tuple(found.values())


def read_file(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of one file.

    Raises:
        InvalidFacts: there are mistakes in it; each is named with its file and scenario.
    """
    name = path.name
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFacts(name, [Problem(name, str(error), "a TOML document")]) from None
    problems = [
        Problem(name, f"the key {key!r}", ", ".join(_FILE_KEYS)) for key in tables if key not in _FILE_KEYS
    ]
    problems += [Problem(name, f"no {key}", f"a {key}") for key in _FILE_KEYS if key not in tables]
    if tables.get("format") != 1:
        problems.append(Problem(name, f"the format {tables.get('format')!r}", "1"))
    if tables.get("side") not in SIDES:
        problems.append(Problem(name, f"the side {tables.get('side')!r}", ", ".join(SIDES)))
    if problems:
        raise InvalidFacts(name, problems)
    scenarios: list[Scenario] = []
    for number, table in enumerate(tables["scenario"], start=1):
        where = f"{name}, {table.get('id', f'scenario {number}')}"
        mistakes = list(_mistakes(table, where))
        problems += mistakes
        if not mistakes:
            scenarios.append(_scenario(table, name, tables["peer"], tables["side"]))
    if problems:
        raise InvalidFacts(name, problems)
    return tuple(scenarios)


def _mistakes(table: Mapping[str, Any], where: str) -> Iterator[Problem]:
    known = (*_NEEDED, *_OPTIONAL)
    yield from (Problem(where, f"the key {key!r}", ", ".join(known)) for key in table if key not in known)
    yield from (Problem(where, f"no {key}", f"a {key}") for key in _NEEDED if key not in table)
    for key in table:
        kind, expected = _SHAPES.get(key, (str, "a text"))
        if not isinstance(table[key], kind) or (kind is str and not table[key].strip()):
            yield Problem(f"{where}, {key}", repr(table[key]), expected)
    if not str(table.get("name", ".")).endswith("."):
        yield Problem(f"{where}, name", repr(table["name"]), "a sentence with its full stop")
    if not _SOURCE.fullmatch(str(table.get("source", "a/b:c (d)"))):
        yield Problem(f"{where}, source", repr(table["source"]), "owner/repository:path (test)")
    if ("differs" in table) is not ("peer" in table):
        yield Problem(where, "one of differs and peer", "both or neither")
    if not table.get("expect", True):
        yield Problem(f"{where}, expect", "nothing", "at least one thing")


def _scenario(table: Mapping[str, Any], file: str, of: str, side: str) -> Scenario:
    return Scenario(
        file=file,
        of=of,
        side=side,
        id=table["id"],
        name=table["name"],
        source=table["source"],
        given=table["given"],
        steps=table["steps"],
        expect=table["expect"],
        differs=table.get("differs", ""),
        peer_expects=table.get("peer", ""),
    )


# --- values ---------------------------------------------------------------------------------------


def typed(value: Any, annotation: Any, where: str) -> Any:
    """The value of a field as the field's type wants it.

    Dates are TOML's own, an amount is ``"40.00 CNY"``, an enum its value, a record a table.

    Raises:
        InvalidFacts: it is not one of that type.
    """
    try:
        return CODEC.decode(_plain(value, annotation), annotation)
    except (InvalidValue, KeyError) as error:
        found, expected = getattr(error, "found", error), getattr(error, "expected", "a known field")
        inner = getattr(error, "field", "")
        raise InvalidFacts(where, [Problem(f"{where} {inner}".strip(), repr(found), str(expected))]) from None


def _plain(value: Any, annotation: Any) -> Any:
    """What the codec reads, of what TOML gives."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if annotation is Money and isinstance(value, str) and (amount := _MONEY.fullmatch(value)):
        return amount.groupdict()
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, list):
        part = get_args(annotation)[0] if get_args(annotation) else object
        return [_plain(each, part) for each in value]
    if isinstance(value, dict) and is_dataclass(annotation):
        hints = get_type_hints(annotation)
        return {name: _plain(each, hints.get(name, object)) for name, each in value.items()}
    return value


# --- words ----------------------------------------------------------------------------------------


@cache
def known_kinds() -> frozenset[str]:
    """Every kind of message that one of the desks tells."""
    return frozenset(
        (
            *borrowing_messages.SUPPLIER_MESSAGES,
            *borrowing_messages.PATRON_MESSAGES,
            *borrowing_messages.STAFF_MESSAGES,
            *lending_messages.SUPPLY_MESSAGES,
            *lending_messages.RELATION_MESSAGES,
        )
    )


@cache
def known_codes() -> frozenset[str]:
    """Every code that a desk gives: of a reason in a table's guards, of something to look at, of an error."""
    room = Path(borrowing_messages.__file__).parents[1]
    texts = {
        node.value
        for path in sorted(room.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z.-]+", node.value)
    }
    reasons = {text for text in texts if text.startswith("ill.")}
    looked_at = {f"ill.attention.{text}" for text in texts if "." not in text}
    blocks = {f"ill.block.{kind.value}" for kind in BlockKind}
    failures = {
        error.code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, ServflowError)
    }
    return frozenset({*reasons, *looked_at, *blocks, *failures, NOT_IN_STATE, NOT_YOURS} - known_kinds())
