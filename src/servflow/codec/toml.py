"""TOML files that people write: to plain tables, and the tables to their classes."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NewType

from cattrs import Converter

from servflow.codec import _values
from servflow.core.errors import InvalidValue, Problem

__all__ = ["Count", "Hook", "converter", "document", "key", "only"]

Count = NewType("Count", int)
"""A whole number, 0 or more."""

Hook = Callable[[Any, Any], Any]
"""Reads a value as a class. The field of its ``InvalidValue`` is empty: who asked knows the place."""


def document(file: Path | Traversable, where: str) -> dict[str, Any] | Problem:
    """What the file says, as plain tables, its fractions as ``Decimal``.

    Or the problem, at ``where``, for which there is nothing: it cannot be read, is not UTF-8, or is
    not TOML.
    """
    try:
        return tomllib.loads(file.read_bytes().decode(), parse_float=Decimal)
    except OSError as error:
        return Problem(where, error.strerror or type(error).__name__, "a file that can be read")
    except UnicodeDecodeError as error:
        return Problem(where, f"bytes that are not UTF-8, from byte {error.start} on", "UTF-8")
    except (ValueError, RecursionError) as error:  # TOML's own error, and a number of 5000 digits
        return Problem(where, str(error), "TOML 1.0")


def key(attribute: str) -> str:
    """The key under which a field is written: ``from_`` as ``from``, ``due_day`` as ``due-day``."""
    return attribute.rstrip("_").replace("_", "-")


def only(kind: type, expected: str, holds: Callable[[Any], object] = lambda _: True) -> Hook:
    """A hook that takes values of exactly this type for which ``holds`` is true, and converts nothing."""

    def take(value: object, _: object) -> Any:
        if type(value) is not kind or not holds(value):
            raise InvalidValue("", value, expected)
        return value

    return take


def converter() -> Converter:
    """Reads as the codec does, what TOML writes differently as TOML does; texts are not empty.

    Its mistakes are for ``problems`` with ``key``.
    """
    made = _values.converter(table="a table", key=key)
    made.register_structure_hook(str, only(str, "a text that is not empty", str.strip))
    made.register_structure_hook(date, only(date, "a day such as 2026-01-31"))
    made.register_structure_hook(Count, only(int, "a whole number, 0 or more", lambda number: number >= 0))
    return made
