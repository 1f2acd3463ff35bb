"""Plain data and its one text: objects, lists, texts, whole numbers, booleans, null. Nothing else."""

from __future__ import annotations

import json
from typing import Any, Never

from servflow.core.errors import InvalidValue

__all__ = ["canonical", "read"]

_LEAVES = frozenset({str, int, bool, type(None)})
_EXPECTED = "objects with text keys, lists, texts, whole numbers, booleans and null"
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(document: Any) -> str:
    """The one text of plain data: JSON with sorted keys, no spaces, no escapes that are not needed.

    Raises:
        InvalidValue: something in it is not plain data (a float, a set, a key that is no text), or
            a text has half of a surrogate pair and cannot be stored.
    """
    _plain(document)
    text = _ENCODER.encode(document)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue("document", text[error.start : error.end], "text in Unicode") from None
    return text


def _plain(value: Any) -> None:
    """Exact types only: what JSON would silently turn into something else does not get in."""
    kind = type(value)
    if kind is dict:
        for name, part in value.items():
            if type(name) is not str:
                raise InvalidValue("document", name, "a text as the key of an object")
            if type(part) not in _LEAVES:  # most are; a call for each would cost more than all else here
                _plain(part)
    elif kind is list:
        for part in value:
            if type(part) not in _LEAVES:
                _plain(part)
    elif kind not in _LEAVES:
        raise InvalidValue("document", value, _EXPECTED)


def read(text: str | bytes) -> Any:
    """The plain data that ``text`` is the JSON of.

    Raises:
        InvalidValue: it is not JSON, has a number that is not whole (NaN and Infinity among them),
            the same key twice in one object, or is nested too deeply.
    """
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except InvalidValue:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidValue("document", str(error), "JSON in UTF-8") from None


def _no_fraction(number: str) -> Never:
    raise InvalidValue("document", number, "a whole number; other exact numbers are written as text")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise InvalidValue("document", [name for name, _ in pairs], "each key once")
    return result


_DECODER = json.JSONDecoder(parse_float=_no_fraction, parse_constant=_no_fraction, object_pairs_hook=_object)
