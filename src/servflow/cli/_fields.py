"""Fields of a command typed on the command line, as the plain data that the codec reads."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from servflow.codec import read
from servflow.core.changes import Command
from servflow.core.errors import InvalidCommand, InvalidValue, Problem
from servflow.core.ill.terms import CostLine, Delivery
from servflow.core.money import Money

__all__ = ["own_fields", "typed"]


def own_fields(command: type[Command]) -> dict[str, Any]:
    """What a command says beside its envelope: field names and their types."""
    hints = get_type_hints(command)
    envelope = {field.name for field in fields(Command)}
    return {field.name: hints[field.name] for field in fields(command) if field.name not in envelope}


def typed(
    command: type[Command], assignments: Iterable[str], currency: str, *, data: Mapping[str, Any]
) -> dict[str, Any]:
    """``data`` and ``name=value`` texts as plain data, the texts each by its field's type.

    Several items are written with commas between them; an amount as ``25.00`` or ``CNY 25.00``; a cost
    as its kind and its amount, ``loan-fee 20.00``; a delivery as its way and what it is found by, ``URL
    https://example.org/1``; nothing as ``none``; what else has parts of its own as JSON.

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
                result[name] = _plain(text, known[name], currency)
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


def _plain(text: str, annotation: Any, currency: str) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        if text in ("", "none"):
            return None
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if annotation is str:
        return text
    if text.startswith(("{", "[")):
        return read(text)
    if annotation in _WRITTEN:
        return _WRITTEN[annotation](text)
    if annotation is Money:
        return _money(text, currency)
    if annotation is CostLine:
        kind, _, amount = text.strip().partition(" ")
        return {"kind": kind, "amount": _money(amount, currency)}
    if annotation is Delivery:
        via, _, reference = text.strip().partition(" ")
        return {"via": via, "reference": reference.strip()}
    if get_origin(annotation) is tuple:
        part = get_args(annotation)[0]
        return [_plain(each.strip(), part, currency) for each in text.split(",") if each.strip()]
    return text
