"""Reading a rulebook: TOML to plain tables, the tables to their classes, the values to core values.

The three kinds of mistakes are looked for independently of each other, so that one never hides
another: keys and their types (cattrs, over the classes of ``_keys``), values and their types (by
the hints of the policy), and what goes together across keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, time
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
from cattrs import BaseValidationError, Converter

from servflow.codec import canonical, problems, toml
from servflow.core.citations import PRACTICE, Clause
from servflow.core.dates import MonthDay, Period
from servflow.core.deposits.warranties import WarrantyLength, parse_length
from servflow.core.errors import InvalidRulebook, InvalidValue, Problem
from servflow.core.fees.facts import check_name
from servflow.core.money import Money, minor_digits
from servflow.core.worktime import Calendar, Hours
from servflow.rulebooks._calendar import calendar_of, calendar_problems, covered, lists_of, source_problems
from servflow.rulebooks._deposits import DEPOSITS, deposit_problems
from servflow.rulebooks._fees import FEE_KEYS, FEES, NO_CURRENCY, Fees, fees
from servflow.rulebooks._holidays import HolidayList
from servflow.rulebooks._keys import (
    ALWAYS,
    FORMATS,
    GIVEN,
    UNLIMITED,
    WEEKDAYS,
    CalendarTable,
    ClauseId,
    ClosureTable,
    Currency,
    DayHours,
    FactName,
    Format,
    Gap,
    Name,
    OpeningTable,
    PolicyName,
    RulebookTable,
    RuleTable,
    Start,
    Weekday,
)
from servflow.rulebooks._layers import Stack, stack_of
from servflow.rulebooks._policies import POLICIES, Given, Limit, Span, rule_types
from servflow.rulebooks._register import DATA, citable
from servflow.rulebooks._rulebook import Rule, Rulebook, Value
from servflow.rulebooks._service import SERVICE, described, service

__all__ = ["check", "document", "load", "load_calendar", "shipped"]

_NAME: Final = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_BITS: Final = 63
_LIKE_A_NAME: Final = re.compile("[a-z0-9-]+(/[a-z0-9-]+)?")
_SEGMENT: Final = re.compile("((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)")


def shipped() -> tuple[str, ...]:
    """The names of the rulebooks that come with servflow, as in ``nlc/interlibrary-loan``."""
    return tuple(
        sorted(
            f"{folder.name}/{file.name.removesuffix('.toml')}"
            for folder in DATA.iterdir()
            if folder.is_dir()
            for file in folder.iterdir()
            if file.name.endswith(".toml")
        )
    )


def load(source: str | Path) -> Rulebook:
    """The rulebook in a file; a text may also be the name of one that is shipped.

    Raises:
        InvalidRulebook: it cannot be read or has mistakes; all of them are named.
    """
    rulebook, found = _read(source)
    if rulebook is None:
        raise InvalidRulebook(str(source), found)
    return rulebook


def load_calendar(source: str | Path) -> Calendar:
    """The calendar of a rulebook, or of a file with nothing but the keys ``zone`` and ``calendar``.

    The hours of such a file are its owner's own choice: it may do without name, clause and note.

    Raises:
        InvalidRulebook: it cannot be read or has mistakes; all of them are named.
    """
    tables = document(source)
    if isinstance(tables, Problem) or not {"calendar"} <= tables.keys() <= {"zone", "calendar"}:
        return load(source).calendar
    own = {"name": Path(source).stem, "clause": PRACTICE.id, "note": "the owner's own hours"}
    table = {**own, **tables["calendar"]} if isinstance(tables["calendar"], dict) else tables["calendar"]
    lists, unread = lists_of(table, Path(source).parent)
    wrong = [*unread, *calendar_problems(table, lists)]
    try:
        file = _converter(NO_CURRENCY).structure({**tables, "calendar": table}, _CalendarFile)
    except BaseValidationError as error:
        wrong += problems(error, key=toml.key)
    if wrong:
        raise InvalidRulebook(str(source), _placed(source, wrong))
    return calendar_of(file.calendar, file.zone, lists)


@attrs.frozen(kw_only=True)
class _CalendarFile:
    """A file with a calendar alone."""

    zone: ZoneInfo
    calendar: CalendarTable


def check(source: str | Path) -> tuple[Problem, ...]:
    """Every mistake of the rulebook that ``load`` would read; none if it is in order."""
    return _read(source)[1]


def document(source: str | Path) -> dict[str, Any] | Problem:
    """What the file says, as plain tables; or the problem for which there is nothing."""
    if isinstance(source, str) and source in shipped():
        return toml.document(DATA.joinpath(f"{source}.toml"), source)
    found = toml.document(Path(source), str(source))
    if isinstance(found, Problem) and isinstance(source, str) and _LIKE_A_NAME.fullmatch(source):
        names = ", ".join(shipped())
        return Problem(found.where, found.found, f"{found.expected}, or the name of one that ships: {names}")
    return found


def _read(source: str | Path) -> tuple[Rulebook | None, tuple[Problem, ...]]:
    own = document(source)
    if isinstance(own, Problem):
        return None, (own,)
    if huge := tuple(_too_large(own, "")):
        return None, _placed(source, huge)
    stack, apart = stack_of(source, own, document, shipped())
    if apart:
        return None, apart
    lower, below = _read(stack.layers[1].source) if len(stack.layers) > 1 else (None, ())
    tables = stack.tables
    made = _converter(_currency_of(tables))
    wrong: list[Problem] = []
    file: RulebookTable | None = None
    try:
        file = made.structure(tables, RulebookTable)
    except BaseValidationError as error:
        wrong += problems(error, key=toml.key)
    lists, unread = lists_of(tables.get("calendar"), stack.with_key("calendar").folder)
    closed = [*unread, *calendar_problems(tables.get("calendar"), lists)]
    calendar = None
    if file is not None and file.calendar is not None and not closed:
        calendar = calendar_of(file.calendar, file.zone, lists)
    if tables.get("policy") == FEES:
        read = fees(_rules(tables), _currency_of(tables), _calendars(tables, calendar))
    elif tables.get("policy") == SERVICE:
        read = Fees(*service(_rules(tables)))
    else:
        read = Fees(*_values(tables, made))
        if tables.get("policy") == DEPOSITS:
            read.wrong.extend(deposit_problems(read.values, _rules(tables), lower))
    wrong += [*read.wrong, *closed]
    found = dict.fromkeys((*below, *stack.placed(wrong), *_placed(source, _contradictions(own))))
    if file is None or found:
        return None, tuple(found)
    return _rulebook(stack, file, read, calendar or Calendar.always(file.zone), lists, lower), ()


def _placed(source: str | Path, wrong: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems with the file before each place."""
    return tuple(
        Problem(f"{source}: {each.where}" if each.where else str(source), each.found, each.expected)
        for each in wrong
    )


def _rulebook(
    stack: Stack,
    file: RulebookTable,
    read: Fees,
    calendar: Calendar,
    lists: tuple[HolidayList, ...],
    lower: Rulebook | None,
) -> Rulebook:
    content, clause = _plain(stack.top.tables), None
    if lower is not None:  # it is decided by all that the lower one says, too
        content["over"] = lower.content
    cited: list[ClosureTable | OpeningTable] = []
    if file.calendar is not None:
        clause = _clause(file.calendar.clause, file.calendar.at)
        cited = [*file.calendar.closures, *file.calendar.openings]
    if lists and "calendar" in content:  # what they say is decided by, too, and so belongs to the digest
        content["calendar"]["holidays"] = {each.name: _plain(each.content) for each in lists}
    written = described if file.policy == SERVICE else _written
    origins = {place: layer.name for place, (layer, _) in stack.values.items()}
    rules = {name: _rule(name, table, read.values, written, origins) for name, table in file.rules.items()}
    return Rulebook(
        format=file.format,
        authority=file.authority,
        subject=file.subject,
        policy=file.policy,
        title=file.title,
        currency=file.currency,
        zone=str(file.zone),
        verified_on=file.verified_on,
        calendar=calendar,
        calendar_clause=clause,
        closure_clauses=tuple(_clause(each.clause, each.at) for each in cited if each.clause),
        calendar_known=covered(lists),
        calendar_layer=stack.with_key("calendar").name,
        rules=MappingProxyType(rules),
        fees=MappingProxyType(read.rules),
        content=content,
        digest=sha256(canonical(content).encode()).hexdigest(),
        where=str(stack.top.source),
        layers=tuple(layer.name for layer in stack.layers),
    )


def _calendars(tables: Mapping[str, Any], calendar: Calendar | None) -> Mapping[str, Calendar]:
    """The file's calendar by its name, for rules that name it; where it has mistakes, one in its place."""
    table = tables.get("calendar")
    name = table.get("name") if isinstance(table, dict) else None
    return {name: calendar or Calendar.always(UTC)} if isinstance(name, str) else {}


def _rule(
    name: str,
    table: RuleTable,
    values: Mapping[tuple[str, int], Any],
    written: Callable[[Any], str],
    origins: Mapping[tuple[str, int], str],
) -> Rule:
    made = [
        Value(
            start=each.from_,
            value=values.get((name, number)),
            written="gap" if each.gap else written(each.is_),
            gap=each.gap,
            clause=_clause(each.clause, each.at),
            note=each.note,
            layer=origins[name, number],
        )
        for number, each in enumerate(table.values)
    ]
    return Rule(name=name, label=table.label, values=tuple(sorted(made, key=lambda value: value.start)))


def _clause(id: str, at: str) -> Clause:
    return PRACTICE if id == PRACTICE.id and not at else Clause(id, at)


# --- values, by the types of the policy -----------------------------------------------------------


def _currency_of(tables: Mapping[str, Any]) -> str:
    """The file's currency, if it names one: amounts are checked even where it does not."""
    try:
        minor_digits(tables["currency"])
    except (KeyError, InvalidValue):
        return NO_CURRENCY
    currency: str = tables["currency"]
    return currency


def _values(tables: Mapping[str, Any], made: Converter) -> tuple[dict[tuple[str, int], Any], list[Problem]]:
    """Every value that can be read, by its rule and its number; and what is wrong with the others."""
    policy, rules = tables.get("policy"), tables.get("rules")
    if not isinstance(policy, str) or policy not in POLICIES or not isinstance(rules, dict):
        return {}, []
    types = rule_types(POLICIES[policy])
    known, needed = f"one of {', '.join(types)}", f"a rule that the policy {policy} needs"
    wrong = [Problem(f"rules.{name}", "an unknown rule", known) for name in rules if name not in types]
    wrong += [Problem(f"rules.{name}", "nothing", needed) for name in types if name not in rules]
    values: dict[tuple[str, int], Any] = {}
    for name, number, table in _value_tables(rules):
        if name in types and "is" in table:
            try:
                value = made.structure(table["is"], types[name])
                if isinstance(value, tuple):
                    _in_order(value)
                values[name, number] = value
            except (InvalidValue, BaseValidationError) as error:
                wrong += problems(error, f"rules.{name}.values[{number}].is", key=toml.key)
    return values, wrong


def _rules(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rules as they are written, if they are written as a table."""
    rules = tables.get("rules")
    return rules if isinstance(rules, dict) else {}


def _value_tables(rules: Mapping[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Every value of every rule as it is written, as far as it is written as one."""
    for name, rule in rules.items():
        values = rule.get("values") if isinstance(rule, dict) else None
        for number, value in enumerate(values if isinstance(values, list) else ()):
            if isinstance(value, dict):
                yield name, number, value


# --- what goes together, and what does not --------------------------------------------------------


def _contradictions(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """What each key allows and several of them together do not."""
    rules = _rules(tables)
    first: dict[tuple[str, date], int] = {}
    for name, number, value in _value_tables(rules):
        where = f"rules.{name}.values[{number}]"
        yield from source_problems(value, where)
        if value.get("gap") is True and "is" in value:
            yield Problem(f"{where}.is", "a value in a gap", "either gap = true or a value")
        elif "gap" not in value and "is" not in value:
            yield Problem(f"{where}.is", "nothing", "a value, or gap = true")
        if tables.get("policy") != FEES:
            for each in FEE_KEYS.keys() & rules[name].keys():
                yield Problem(f"rules.{name}.{each}", FEE_KEYS[each], f"the policy {FEES}")
        start = value.get("from")
        if start == ALWAYS and len(rules[name]["values"]) > 1:
            yield Problem(f"{where}.from", f"{ALWAYS!r} beside other values", "a day, or one value alone")
        elif type(start) is date and first.setdefault((name, start), number) != number:
            found = f"{start}, as in values[{first[name, start]}]"
            yield Problem(f"{where}.from", found, "one value a day")
    for name, rule in rules.items():
        if isinstance(rule, dict) and rule.get("values") == []:
            yield Problem(f"rules.{name}.values", "no value", "at least one value")


def _too_large(value: Any, where: str) -> Iterator[Problem]:
    """Whole numbers beyond TOML's 64 bits: hexadecimal ones may be too long even for a message."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _too_large(part, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _too_large(part, f"{where}[{number}]")
    elif isinstance(value, int) and value.bit_length() > _BITS:
        yield Problem(where, f"a whole number of {value.bit_length()} bits", f"at most {_BITS} bits")


# --- what is written, for the digest and for people ------------------------------------------------


def _plain(value: Any) -> Any:
    """The tables as plain data, in which a number has one form whatever way it is written."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else format(value, "f").rstrip("0")
    return value.isoformat() if isinstance(value, date) else value


def _written(value: Any) -> str:
    if isinstance(value, dict):
        if all(type(number) is int for number in value.values()):
            return ", ".join(f"{number} {unit}" for unit, number in value.items())
        return ", ".join(f"{name} = {_written(part)}" for name, part in value.items())
    if isinstance(value, list):
        between = "; " if any(isinstance(part, dict) for part in value) else ", "
        return between.join(map(_written, value)) or "none"
    if isinstance(value, str) and "\n" in value:
        return " ".join(value.split())
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- hooks: from TOML's values to ours --------------------------------------------------------------
# The field of these errors is empty: whoever asked knows the place.


def _start(value: object, _: object) -> date:
    if value == ALWAYS:
        return date.min
    if type(value) is not date:
        raise InvalidValue("", value, f"a day such as 2026-01-31, or {ALWAYS!r}")
    return value


def _fact_name(value: object, _: object) -> str:
    try:
        check_name("", value)
    except InvalidValue as error:
        raise InvalidValue("", value, error.expected) from None
    return str(value)


def _zone(value: object, _: object) -> ZoneInfo:
    try:
        if type(value) is str:
            return ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # not there; no name of one; a folder of zones
        pass
    raise InvalidValue("", value, "a zone of the tz database, such as 'Asia/Shanghai'")


def _currency(value: object, _: object) -> str:
    try:
        minor_digits(value)  # type: ignore[arg-type]  # it refuses what is no text
    except InvalidValue as error:
        raise InvalidValue("", value, error.expected) from None
    return str(value)


def _is_clause(id: str) -> bool:
    return id == PRACTICE.id or id in citable()


def _amount(currency: str) -> toml.Hook:
    def take(value: object, _: object) -> Money:
        if type(value) not in (int, Decimal):
            raise InvalidValue("", value, f"an amount in {currency}, such as 20 or 22.50")
        try:
            amount = Money(value, currency)  # type: ignore[arg-type]  # just checked
        except InvalidValue as error:
            raise InvalidValue("", value, error.expected) from None
        if amount.minor < 0:
            raise InvalidValue("", value, "an amount of 0 or more")
        return amount

    return take


def _limit(value: object, _: object) -> int | None:
    if value == UNLIMITED:
        return None
    if type(value) is not int or value < 0:
        raise InvalidValue("", value, f"a whole number, 0 or more, or {UNLIMITED!r}")
    return value


def _given(value: object, _: object) -> None:
    if value != GIVEN:
        raise InvalidValue("", value, f"{GIVEN!r}: the amount is asked for where it is needed")


def _text(parse: Callable[[str], Any], expected: str) -> toml.Hook:
    def take(value: object, _: object) -> Any:
        if type(value) is not str:
            raise InvalidValue("", value, expected)
        try:
            return parse(value)
        except InvalidValue as error:
            raise InvalidValue("", value, error.expected) from None

    return take


def _day_hours(value: object, _: object) -> Hours:
    try:
        hours = tuple(map(_segment, value)) if isinstance(value, list) else None
        if hours:
            Calendar("a day", UTC, weekly={0: hours})  # refuses hours that are not in order
    except InvalidValue:
        hours = None
    if hours is None:
        expected = "hours in order such as ['09:00-12:00', '13:00-24:00'], or [] for closed"
        raise InvalidValue("", value, expected)
    return hours


def _segment(value: object) -> tuple[time, time]:
    found = _SEGMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidValue("", value, "a segment such as 09:00-12:00")
    begins, ends = (time(int(text[:2]) % 24, int(text[3:])) for text in found.groups())
    return begins, ends


def _in_order(values: tuple[Any, ...]) -> None:
    """A list has each value once, and numbers in order; of tables others look for what comes twice.

    Raises:
        InvalidValue: it has not.
    """
    words = [str(each) if isinstance(each, MonthDay) else getattr(each, "value", each) for each in values]
    if len(set(values)) < len(values) and not any(map(is_dataclass, words)):
        raise InvalidValue("", words, "each value once")
    if values and type(values[0]) is int and list(values) != sorted(values):
        raise InvalidValue("", list(values), "numbers in ascending order")


@cache
def _converter(currency: str) -> Converter:
    """What other TOML has, read in the same way; what a rulebook writes differently, as it does."""
    made = toml.converter()
    policies = " or ".join(POLICIES)
    hooks: tuple[tuple[Any, toml.Hook], ...] = (
        (ZoneInfo, _zone),
        (Money, _amount(currency)),
        (Format, toml.only(int, " or ".join(map(str, FORMATS)), FORMATS.__contains__)),
        (Name, toml.only(str, "small letters and digits, with hyphens between words", _NAME.fullmatch)),
        (PolicyName, toml.only(str, policies, POLICIES.__contains__)),
        (Currency, _currency),
        (ClauseId, toml.only(str, f"a clause of the register, such as NLC-10, or {PRACTICE}", _is_clause)),
        (FactName, _fact_name),
        (Start, _start),
        (Gap, toml.only(bool, "true; a value that is no gap does without the key", bool)),
        (DayHours, _day_hours),
        (Weekday, toml.only(str, f"one of {', '.join(WEEKDAYS)}", WEEKDAYS.__contains__)),
        (Limit, _limit),
        (Span, lambda value, _: None if value == UNLIMITED else made.structure(value, Period)),
        (Given, _given),
        (MonthDay, _text(MonthDay.parse, "a month and a day such as 11-15")),
        (WarrantyLength, _text(parse_length, "a length such as '5 years'")),
    )
    for kind, hook in hooks:
        made.register_structure_hook(kind, hook)
    return made
