"""Frames: between which shares of an amount a fee stays, whatever a layer above makes of it (SD-25).

1. A rule names two others as its frame, the least and the most, each of them a percentage of one rule:
   ``percent(rule(base), 3%)``. So a province's rates bind its cities, and stand in its own rulebook.
2. What is framed is only percentages of that same rule, chosen by facts. Of these the rates can be compared,
   for every day, and so nothing outside of the frame loads; of other forms that could not be said.
3. Only the rule that names a frame is held to it, not what another rule makes of its amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from servflow.core.errors import Problem
from servflow.core.fees import AsOf, Choose, Expression, Percent, Rule, Special, Under, When
from servflow.rulebooks._keys import ALWAYS

__all__ = ["bounds_of", "frame_problems", "starts", "versions"]

_BOUNDS = 2  # the least, the most


def bounds_of(tables: Mapping[str, Any]) -> Iterator[str]:
    """The names of all rules that are the least or the most of another one, as far as they are written so."""
    for table in tables.values():
        frame = table.get("frame") if isinstance(table, dict) else None
        yield from (each for each in frame if isinstance(each, str)) if isinstance(frame, list) else ()


def frame_problems(
    tables: Mapping[str, Any], values: Mapping[tuple[str, int], Any], rules: Mapping[str, Rule]
) -> Iterator[Problem]:
    """What lies outside of its frame, or is none, each at its place; as far as the rules could be read."""
    for name, table in tables.items():
        frame = table.get("frame") if isinstance(table, dict) and name in rules else None
        if not isinstance(frame, list) or not all(isinstance(each, str) for each in frame):
            continue  # no frame; or one that is reported where the keys are read
        where = f"rules.{name}"
        if len(frame) != _BOUNDS:
            yield Problem(f"{where}.frame", repr(frame), "two rules, such as ['least', 'most']")
            continue
        bounds = [versions(bound, tables, values) if bound in rules else () for bound in frame]
        bases = [_bases(versions) for versions in bounds]
        bad = [place for place, found in enumerate(bases) if len(found) != 1 or None in found]
        bad += [1] if not bad and bases[0] != bases[1] else []
        for place in bad:
            expected = "a rule of this file of which every value is a percentage, both of the same rule"
            yield Problem(f"{where}.frame[{place}]", repr(frame[place]), expected)
        if not bad:
            for number, begins, ends, rule in versions(name, tables, values):
                at = f"{where}.values[{number}].is"
                if all(_holds(versions, begins) for versions in bounds):
                    least, most = (_within(versions, begins, ends) for versions in bounds)
                    yield from _outside(at, rule, least, most)
                else:
                    expected = "a first day on which both rules of the frame have a value"
                    yield Problem(at, f"{begins}, a day without a frame", expected)


def versions(
    name: str, tables: Mapping[str, Any], values: Mapping[tuple[str, int], Any]
) -> Sequence[tuple[int, date, date, Any]]:
    """Every value of a rule that could be read: its number, its first day, the next one's, and what it is."""
    order = [*sorted(starts(tables.get(name))), (date.max, -1)]
    return [
        (number, begins, ends, values[name, number])
        for (begins, number), (ends, _) in pairwise(order)
        if (name, number) in values
    ]


def starts(rule: Any) -> Iterator[tuple[date, int]]:
    """The first day of each value of a rule, with its number, as far as they are written so."""
    written = rule.get("values") if isinstance(rule, dict) else None
    for number, value in enumerate(written if isinstance(written, list) else ()):
        start = value.get("from") if isinstance(value, dict) else None
        if start == ALWAYS or type(start) is date:
            yield date.min if start == ALWAYS else start, number


def _bases(versions: Sequence[tuple[int, date, date, Rule]]) -> set[int | None]:
    """Of which rules the values are percentages, by identity; ``None`` where one is something else."""
    shares = (share for *_, rule in versions for share in _shares(rule))
    return {id(share.base) if isinstance(share, Percent) else None for share in shares}


def _holds(versions: Sequence[tuple[int, date, date, Rule]], day: date) -> bool:
    return any(first <= day < after for _, first, after, _ in versions)


def _within(versions: Sequence[tuple[int, date, date, Rule]], begins: date, ends: date) -> list[Percent]:
    """What the bound is on the days from ``begins`` up to the one before ``ends``."""
    found = [rule for _, first, after, rule in versions if first < ends and begins < after]
    return [share for rule in found for share in _shares(rule) if isinstance(share, Percent)]


def _outside(where: str, rule: Rule, least: Sequence[Percent], most: Sequence[Percent]) -> Iterator[Problem]:
    low = max(Fraction(each.ratio) for each in least)
    high = min(Fraction(each.ratio) for each in most)
    expected = f"percentages of the rule of which the frame is, from {_percent(low)} to {_percent(high)}"
    for share in _shares(rule):
        if not isinstance(share, Percent) or share.base is not least[0].base:
            yield Problem(where, "a form of which nobody can say whether it stays in the frame", expected)
        elif not low <= Fraction(share.ratio) <= high:
            yield Problem(where, _percent(Fraction(share.ratio)), expected)


def _shares(rule: Expression) -> Iterator[Expression]:
    """What the rule comes to in each of its cases."""
    if isinstance(rule, (AsOf, Choose, Special, Under, When)):
        for part in rule.parts:
            yield from _shares(part)
    else:
        yield rule


def _percent(ratio: Fraction) -> str:
    of_hundred = ratio * 100
    return f"{(Decimal(of_hundred.numerator) / of_hundred.denominator).normalize():f} %"
