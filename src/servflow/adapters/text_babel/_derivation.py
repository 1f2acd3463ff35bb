"""A charge's derivation in words: what was counted, times what rate, by which clause."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from servflow.adapters.text_babel._catalogue import Catalogue
from servflow.core.fees import Charge, Operation, Step

__all__ = ["charge_lines"]

_INDENT = "  "
_PLAIN = frozenset({Operation.FIXED, Operation.COUNT})  # said where they are used; there is no more to say


def charge_lines(words: Catalogue, charge: Charge) -> list[str]:
    """The derivation as indented lines, what a line stands on below it; each ends with its clause.

    The first line ends in the amount. A sum of one part, a rounding that changes nothing and a
    bare number have no line of their own.
    """
    return [_INDENT * depth + line for depth, line in _lines(words, charge.derivation, 0)]


def _lines(words: Catalogue, step: Step, depth: int) -> Iterator[tuple[int, str]]:
    if step.operation in _PLAIN:
        return
    if not _passes_on(step):
        yield depth, words.cited(_line(words, step), step.clause)
        depth += 1
    for part in step.parts:
        yield from _lines(words, part, depth)


def _passes_on(step: Step) -> bool:
    """Whether its parts say all there is to say."""
    match step.operation:
        case Operation.TIMES:
            return True
        case Operation.SUM | Operation.ROUNDED:
            return len(step.parts) == 1 and step.exact == step.parts[0].exact
        case _:
            return False


def _line(words: Catalogue, step: Step) -> str:
    code = f"operation.{step.operation.value}"
    parts = [_said(words, part) for part in step.parts]
    result = _value(words, step)
    match step.operation, step.inputs:
        case Operation.PER_UNIT, ((_, rate),):
            return f"{parts[0]} × {words.shown(rate)} = {result}"
        case ((Operation.SUM | Operation.PLUS), _):
            return f"{' + '.join(parts)} = {result}"
        case ((Operation.DAYS | Operation.OPEN_DAYS), ((_, after), (_, through), *_)):
            code = code if step.exact else f"{code}.none"
            return words.text(code, {"result": result, "after": after, "through": through})
        case ((Operation.DEDUCT | Operation.CLIFF | Operation.CAP), _):
            return words.text(code, {"one": parts[0], "other": parts[1], "result": result})
        case Operation.WHEN, ((flag, value),):
            return words.text(code, {"flag": flag, "value": value, "result": result})
        case Operation.GIVEN, ((name, _),):
            return words.text(code, {"name": name, "result": result})
        case Operation.ROUNDED, ((_, mode), (_, int() as minor)):
            unit = words.amount(Fraction(minor), step.unit)
            return words.text(code, {"one": parts[0], "mode": mode, "unit": unit, "result": result})
        case _:  # a flat amount, or nothing
            return words.text(code, {"result": result})


def _said(words: Catalogue, step: Step) -> str:
    """The step as it is said within another line."""
    if step.operation is Operation.TIMES:
        return " × ".join(_said(words, part) for part in step.parts)
    return _value(words, step)


def _value(words: Catalogue, step: Step) -> str:
    """What the step came to: an amount, where its unit is a currency, or a quantity."""
    if step.unit.isupper():
        return words.amount(step.exact, step.unit)
    return words.count(f"count.{step.unit}", step.exact)
