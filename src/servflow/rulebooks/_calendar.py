"""The table ``[calendar]`` of a rulebook: what is wrong with it, and the calendar that it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import NoneType
from typing import Any
from zoneinfo import ZoneInfo

from servflow.core.citations import PRACTICE
from servflow.core.errors import Problem
from servflow.core.worktime import Calendar
from servflow.rulebooks._holidays import HolidayList, read_holidays
from servflow.rulebooks._keys import WEEKDAYS, CalendarTable
from servflow.rulebooks.closures import Closure, closure_problems, days_that_differ, rule_problems

__all__ = ["calendar_of", "calendar_problems", "covered", "lists_of", "source_problems"]


def calendar_of(table: CalendarTable, zone: ZoneInfo, lists: Sequence[HolidayList]) -> Calendar:
    """The calendar that a table without mistakes says, with its lists of public holidays."""
    week = table.weekly
    differ = days_that_differ(
        holidays=lists,
        make_up=week.hours_of(table.make_up_as) if table.make_up_as else (),
        closures=(
            Closure(first=each.from_, through=each.through, rrule=each.rrule, days=each.days)
            for each in table.closures
        ),
        openings={each.on: week.hours_of(each.as_) if each.as_ else each.hours for each in table.openings},
        exceptions={each.on: each.hours for each in table.exceptions},
    )
    return Calendar(table.name, zone, weekly=week.hours(), exceptions=differ)


def lists_of(calendar: object, folder: Path) -> tuple[tuple[HolidayList, ...], tuple[Problem, ...]]:
    """The lists of public holidays that the table names, and what is wrong with the others."""
    written = calendar.get("holidays") if isinstance(calendar, dict) else None
    names = written if isinstance(written, list) else []
    lists: list[HolidayList] = []
    wrong: list[Problem] = []
    for number, name in enumerate(names):
        where = f"calendar.holidays[{number}]"
        if not isinstance(name, str) or not name.strip():
            continue
        if name in names[:number]:
            wrong.append(Problem(where, f"{name!r} again", "each list once"))
            continue
        found = read_holidays(name, folder)
        if isinstance(found, HolidayList):
            lists.append(found)
        else:
            wrong += (
                Problem(f"{where}: {each.where}" if each.where else where, each.found, each.expected)
                for each in found
            )
    if lists and covered(lists) is None:
        wrong.append(Problem("calendar.holidays", "lists that cover no common day", "lists of the same days"))
    return tuple(lists), tuple(wrong)


def covered(lists: Sequence[HolidayList]) -> tuple[date, date] | None:
    """The first and the last day that all of the lists cover; ``None`` if there is none, or no list."""
    firsts, lasts = [each.first for each in lists], [each.through for each in lists]
    return (max(firsts), min(lasts)) if firsts and max(firsts) <= min(lasts) else None


def source_problems(table: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """A choice of the desk says why."""
    if table.get("clause") == PRACTICE.id and not table.get("note"):
        yield Problem(f"{where}.note", "nothing", "why the desk chose so; no source says it")


def calendar_problems(calendar: object, lists: Sequence[HolidayList]) -> Iterator[Problem]:
    """What each key of the table allows and several of them together do not."""
    if not isinstance(calendar, dict):
        return
    yield from source_problems(calendar, "calendar")
    week = calendar.get("weekly", {})
    closures, openings, exceptions = (
        _tables(calendar, key) for key in ("closures", "openings", "exceptions")
    )
    hours = any(each.get("hours") for _, each in (*openings, *exceptions))
    if isinstance(week, dict) and not any(week.values()) and not hours:
        yield Problem("calendar.weekly", "no hours at all", "at least one open day")
    yield from _make_up_problems(calendar, week, lists)
    for number, each in closures:
        yield from _closure_problems(each, f"calendar.closures[{number}]")
    for number, each in openings:
        yield from _opening_problems(each, week, f"calendar.openings[{number}]")
    for key, tables in (("openings", openings), ("exceptions", exceptions)):
        first: dict[Any, int] = {}
        for number, each in tables:
            day = each.get("on")
            if type(day) is date and first.setdefault(day, number) != number:
                yield Problem(
                    f"calendar.{key}[{number}].on", f"{day}, as in {key}[{first[day]}]", "each day once"
                )


def _tables(calendar: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The tables under ``key`` with their numbers, as far as they are written as such."""
    found = calendar.get(key)
    return [
        (number, each)
        for number, each in enumerate(found if isinstance(found, list) else ())
        if isinstance(each, dict)
    ]


def _make_up_problems(
    calendar: Mapping[str, Any], week: object, lists: Sequence[HolidayList]
) -> Iterator[Problem]:
    where = "calendar.make-up-as"
    if "make-up-as" in calendar:
        yield from _weekday_problems(calendar["make-up-as"], week, where)
        if "holidays" not in calendar:
            yield Problem(where, "a weekday without holidays", "a list of public holidays as well")
    elif any(each.openings for each in lists):
        yield Problem(where, "nothing", "the weekday whose hours the make-up working days of the lists have")


def _weekday_problems(weekday: object, week: object, where: str) -> Iterator[Problem]:
    if weekday in WEEKDAYS and isinstance(week, dict) and not week.get(weekday):
        yield Problem(where, f"{weekday!r}, which is closed", "a weekday with hours")


def _closure_problems(closure: Mapping[str, Any], where: str) -> Iterator[Problem]:
    yield from _cited_problems(closure, where)
    first, through, rrule, days = (
        closure.get(key, default)
        for key, default in (("from", None), ("through", None), ("rrule", ""), ("days", 1))
    )
    written = type(rrule) is str and (rrule.strip() or "rrule" not in closure)
    found = [*rule_problems(rrule)] if written else []
    if written and type(first) is date and type(through) in (date, NoneType) and type(days) is int:
        found += closure_problems(first, through=through, rrule=rrule, days=days)
    yield from (Problem(f"{where}.{each.where}", each.found, each.expected) for each in found)


def _opening_problems(opening: Mapping[str, Any], week: object, where: str) -> Iterator[Problem]:
    yield from _cited_problems(opening, where)
    yield from _weekday_problems(opening.get("as"), week, f"{where}.as")
    if "as" in opening and "hours" in opening:
        yield Problem(f"{where}.as", "a weekday beside hours", "either hours or a weekday")
    elif opening.get("hours", opening.get("as", [])) == []:
        yield Problem(
            f"{where}.hours", "[]" if "hours" in opening else "nothing", "hours, or a weekday under as"
        )


def _cited_problems(table: Mapping[str, Any], where: str) -> Iterator[Problem]:
    yield from source_problems(table, where)
    if "at" in table and "clause" not in table:
        yield Problem(f"{where}.clause", "nothing", "the clause that stands at this place")
