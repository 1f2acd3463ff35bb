"""Fields of a command typed on the command line, as the plain data that the codec reads."""

from __future__ import annotations

import re
import types
from collections import abc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import MappingProxyType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from servflow.codec import read
from servflow.core.changes import Command
from servflow.core.errors import InvalidCommand, InvalidValue, Problem
from servflow.core.ill.terms import CostLine, Delivery
from servflow.core.lifecycle import Lifecycle
from servflow.core.money import Money

__all__ = ["Readers", "command_named", "own_fields", "parts", "typed"]

Readers = Mapping[Any, Callable[[str], Any]]
"""How fields of some types are written, beside what is always known: each text to plain data, by type."""

_NO_READERS: Final[Readers] = MappingProxyType({})


def own_fields(command: type[Command]) -> dict[str, Any]:
    """What a command says beside its envelope: field names and their types."""
    hints = get_type_hints(command)
    envelope = {field.name for field in fields(Command)}
    return {field.name: hints[field.name] for field in fields(command) if field.name not in envelope}


def command_named(name: str, lifecycles: Iterable[Lifecycle]) -> type[Command]:
    """The command of that name.

    Raises:
        InvalidCommand: these lifecycles have none.
    """
    known = {command.__name__: command for lifecycle in lifecycles for command in lifecycle.commands}
    if name not in known:
        expected = "one of " + ", ".join(sorted(known))
        raise InvalidCommand("command", [Problem("command", repr(name), expected)])
    return known[name]


def typed(
    command: type[Command],
    assignments: Iterable[str],
    currency: str,
    *,
    data: Mapping[str, Any],
    readers: Readers = _NO_READERS,
) -> dict[str, Any]:
    """``data`` and ``name=value`` texts as plain data, the texts each by its field's type.

    Several items are written with commas between them; an amount as ``25.00`` or ``CNY 25.00``; a cost
    as its kind and its amount, ``loan-fee 20.00``; a delivery as its way and what it is found by, ``URL
    https://example.org/1``; values by name, and what has parts of its own, as ``name=value`` with semicolons
    between them, several of the latter with ``|`` between; nothing as ``none``; anything as JSON.
    ``readers`` know how other types are written.

    Raises:
        InvalidCommand: a text is no assignment, or a field is unknown or given twice; every one is named.
    """
    known = own_fields(command)
    expected = ", ".join(known) or "no fields at all"
    problems = [Problem(f"fields.{name}", "an unknown field", expected) for name in data if name not in known]
    result = dict(data)
    for assignment in assignments:
        name, found, text = assignment.partition("=")
        name = name.strip().replace("-", "_")
        if not found:
            problems.append(Problem("fields", repr(assignment), "name=value"))
        elif name not in known:
            problems.append(Problem(f"fields.{name}", "an unknown field", expected))
        elif name in result:
            problems.append(Problem(f"fields.{name}", "the field twice", "each field once"))
        else:
            try:
                result[name] = _plain(text, known[name], currency, readers)
            except InvalidValue as error:
                problems.append(Problem(f"fields.{name}", repr(text), error.expected))
    if problems:
        raise InvalidCommand(f"command {command.__name__}", problems)
    return result


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidValue("", text, "true or false")
    return text == "true"


def _number(text: str) -> int:
    if not re.fullmatch("-?[0-9]{1,18}", text):
        raise InvalidValue("", text, "a whole number")
    return int(text)


_WRITTEN: Final[Mapping[type, Callable[[str], bool | int]]] = {bool: _flag, int: _number}


def _money(text: str, currency: str) -> dict[str, str]:
    code, _, amount = text.strip().rpartition(" ")
    return {"amount": str(Money(amount, code or currency).amount), "currency": code or currency}


def _cost(text: str, currency: str) -> dict[str, Any]:
    kind, _, amount = text.strip().partition(" ")
    return {"kind": kind, "amount": _money(amount, currency)}


def _delivery(text: str, _: str) -> dict[str, str]:
    via, _, reference = text.strip().partition(" ")
    return {"via": via, "reference": reference.strip()}


_IN_TWO: Final[Mapping[Any, Callable[[str, str], Any]]] = {
    Money: _money,
    CostLine: _cost,
    Delivery: _delivery,
}
"""What is written as a word and what belongs to it, and may stand among others with commas between."""


def parts(text: str) -> dict[str, str]:
    """The texts ``name=value`` with semicolons between them, by name.

    Raises:
        InvalidValue: one is of another form, or a name comes twice.
    """
    found: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        name, sign, value = (each.strip() for each in part.partition("="))
        if not (name and sign) or name in found:
            raise InvalidValue("", text, "name=value, each name once, with semicolons between")
        found[name] = value
    return found


def _plain(text: str, annotation: Any, currency: str, readers: Readers) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        if text in ("", "none"):
            return None
        if annotation not in readers:
            annotation = next(part for part in get_args(annotation) if part is not type(None))
    if annotation is str:
        return text
    if text.startswith(("{", "[")):
        return read(text)
    if annotation in readers:
        return readers[annotation](text)
    if annotation in _WRITTEN:
        return _WRITTEN[annotation](text)
    return _several(text, annotation, currency, readers)


def _several(text: str, annotation: Any, currency: str, readers: Readers) -> Any:
    """What has parts: a tuple, values by name, a value with fields of its own; any other text is itself."""
    if annotation in _IN_TWO:
        return _IN_TWO[annotation](text, currency)
    if get_origin(annotation) is tuple:
        part = get_args(annotation)[0]
        between = "|" if is_dataclass(part) and part not in _IN_TWO else ","
        each_of = (each.strip() for each in text.split(between) if each.strip())
        return [_plain(each, part, currency, readers) for each in each_of]
    if get_origin(annotation) is abc.Mapping:
        part = get_args(annotation)[1]
        return {name: _plain(value, part, currency, readers) for name, value in parts(text).items()}
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _made_of(text, annotation, currency, readers)
    return text


def _made_of(text: str, kind: Any, currency: str, readers: Readers) -> dict[str, Any]:
    hints = get_type_hints(kind)
    found = {name.replace("-", "_"): value for name, value in parts(text).items()}
    lacking = [
        each.name
        for each in fields(kind)
        if each.default is MISSING and each.default_factory is MISSING and each.name not in found
    ]
    if lacking or found.keys() - hints.keys():
        names = ", ".join(name.replace("_", "-") for name in hints)
        raise InvalidValue("", text, f"name=value of {names}, with semicolons between")
    return {name: _plain(value, hints[name], currency, readers) for name, value in found.items()}
