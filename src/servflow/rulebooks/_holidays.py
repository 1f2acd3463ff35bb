"""Lists of public holidays: TOML in, the days off and their make-up working days (调休) out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
from cattrs import BaseValidationError, Converter

from servflow.codec import problems, toml
from servflow.core.errors import InvalidRulebook, Problem
from servflow.rulebooks._keys import FORMATS, Format, HolidayTable
from servflow.rulebooks._register import DATA

__all__ = ["HolidayList", "days_between", "holiday_list", "holiday_lists", "read_holidays"]

_LISTS: Final = DATA.joinpath("holidays")
_LONGEST: Final = 366  # days of one public holiday


@attrs.frozen(kw_only=True)
class HolidayList:
    """The public holidays from ``first`` through ``through``, both included; it does not cover other days.

    ``closed`` are the days off, ``openings`` the days that are worked in their place; no day is both. A
    holiday may begin before the first day that is covered, or go on after the last. ``verified_on`` is the
    day on which somebody last compared the list with its sources.
    """

    name: str
    title: str
    verified_on: date
    first: date
    through: date
    closed: frozenset[date] = attrs.field(repr=False)
    openings: frozenset[date] = attrs.field(repr=False)
    content: Mapping[str, Any] = attrs.field(hash=False, repr=False)
    """All the file says, as TOML's tables."""


def holiday_lists() -> tuple[str, ...]:
    """The names of the lists that come with servflow, as in ``cn/public-holidays``."""
    return tuple(
        sorted(
            f"{folder.name}/{file.name.removesuffix('.toml')}"
            for folder in _LISTS.iterdir()
            for file in folder.iterdir()
        )
    )


def holiday_list(source: str | Path) -> HolidayList:
    """The list of public holidays in a file; a text may also be the name of one that is shipped.

    Raises:
        InvalidRulebook: it cannot be read or has mistakes; all of them are named.
    """
    found = read_holidays(source, Path())
    if isinstance(found, HolidayList):
        return found
    placed = (
        Problem(f"{source}: {each.where}".removesuffix(": "), each.found, each.expected) for each in found
    )
    raise InvalidRulebook(str(source), placed)


def read_holidays(source: str | Path, folder: Path) -> HolidayList | tuple[Problem, ...]:
    """The list, a file being looked for in ``folder``; or its mistakes, each at its place in the list."""
    names = holiday_lists()
    if isinstance(source, str) and source in names:
        tables = toml.document(_LISTS.joinpath(f"{source}.toml"), "")
    else:
        tables = toml.document(folder / source, "")
    if isinstance(tables, Problem):
        expected = f"{tables.expected}, or the name of a list that ships: {', '.join(names)}"
        return (Problem("", f"{str(source)!r}: {tables.found}", expected),)
    try:
        table = _converter().structure(tables, HolidayTable)
    except BaseValidationError as error:
        return tuple(problems(error, key=toml.key))
    if wrong := tuple(_contradictions(table)):
        return wrong
    return HolidayList(
        name=str(source),
        title=table.title,
        verified_on=table.verified_on,
        first=table.from_,
        through=table.through,
        closed=frozenset(_closed(table)),
        openings=frozenset(day for notice in table.notices for day in notice.openings),
        content=tables,
    )


def days_between(first: date, through: date) -> Iterator[date]:
    """Each day from ``first`` through ``through``, both included."""
    return map(date.fromordinal, range(first.toordinal(), through.toordinal() + 1))


def _contradictions(table: HolidayTable) -> Iterator[Problem]:
    """What the keys allow and several of them together do not."""
    if table.through < table.from_:
        yield Problem("through", str(table.through), f"the last day that is covered, {table.from_} or later")
        return
    closed = _closed(table)
    first: dict[date, str] = {}
    covered = f"days from {table.from_} through {table.through}"
    for number, notice in enumerate(table.notices):
        for place, each in enumerate(notice.closures):
            where = f"notices[{number}].closures[{place}]"
            if not 0 <= (each.through - each.from_).days < _LONGEST:
                expected = f"the last of at most {_LONGEST} days, {each.from_} or later"
                yield Problem(f"{where}.through", str(each.through), expected)
            elif each.through < table.from_ or each.from_ > table.through:
                yield Problem(f"{where}.from", str(each.from_), covered)
        for place, day in enumerate(notice.openings):
            where = f"notices[{number}].openings[{place}]"
            if day in closed:
                yield Problem(where, f"{day}, closed by {closed[day]}", "a day that is no day off")
            elif first.setdefault(day, where) != where:
                yield Problem(where, f"{day}, as in {first[day]}", "each day once")
            elif not table.from_ <= day <= table.through:
                yield Problem(where, str(day), covered)


def _closed(table: HolidayTable) -> Mapping[date, str]:
    """The days off, each with the place that says so first."""
    closed: dict[date, str] = {}
    for number, notice in enumerate(table.notices):
        for place, each in enumerate(notice.closures):
            if (each.through - each.from_).days < _LONGEST:
                for day in days_between(each.from_, each.through):
                    closed.setdefault(day, f"notices[{number}].closures[{place}]")
    return closed


@cache
def _converter() -> Converter:
    made = toml.converter()
    made.register_structure_hook(Format, toml.only(int, " or ".join(map(str, FORMATS)), FORMATS.__contains__))
    return made
