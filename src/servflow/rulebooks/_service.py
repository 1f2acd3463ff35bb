"""The rules of a rulebook of after-sales service: inline tables to the rules of the core.

Such a rulebook names its rules itself. What kind of rule a value is, its first key says: ``promise``,
``warranty``, ``duty`` …; that key's value is what is promised, since when it is warranted, what is due.
Lengths, terms, bands and rungs are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, timedelta
from fractions import Fraction
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Final

from cattrs import BaseValidationError, Converter

from servflow.codec import problems, toml
from servflow.codec._values import shown
from servflow.core.aftersales.circumstances import ALWAYS as HOLDS_ALWAYS
from servflow.core.aftersales.circumstances import DISTANCE, Band, Distances, Question, When
from servflow.core.aftersales.desk_rules import (
    Ahead,
    Barred,
    Chain,
    Deemed,
    Every,
    Grade,
    Indicator,
    Limit,
    Listing,
    Numbering,
    Recurring,
    Reopening,
    Reporting,
    Survey,
)
from servflow.core.aftersales.policy import (
    Checklist,
    Collection,
    Days,
    Duty,
    Exclusion,
    Grant,
    Handling,
    Ladder,
    Named,
    Promise,
    QuoteValidity,
    RepairWarranty,
    Retention,
    ReturnRight,
    ServiceRules,
    Warranty,
)
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.aftersales.words import TOO_LONG, Coverage, Lasting, TargetKind, parse_lasting
from servflow.core.citations import PRACTICE
from servflow.core.clocks import Allowance, Rung, WorkingTime, parse_allowance
from servflow.core.dates import Period
from servflow.core.errors import InvalidTable, InvalidValue, Problem
from servflow.core.worktime import Calendar
from servflow.rulebooks._keys import ALWAYS
from servflow.rulebooks.recurring import Recurrence

__all__ = ["AS_COVERED", "KINDS", "SERVICE", "described", "service"]

SERVICE: Final = "aftersales"
"""The policy of a rulebook that holds the rules of a service firm, under names of its own."""

KINDS: Final[Mapping[str, tuple[type, str]]] = MappingProxyType(
    {
        "question": (Question, "name"),
        "distance": (Distances, "by"),
        "promise": (Promise, "kind"),
        "warranty": (Warranty, "since"),
        "repair-warranty": (RepairWarranty, "lasting"),
        "exclusion": (Exclusion, "outcome"),
        "grant": (Grant, "outcome"),
        "handling": (Handling, "bearer"),
        "duty": (Duty, "kind"),
        "needed": (Checklist, "step"),
        "ladder": (Ladder, "rungs"),
        "collection": (Collection, "way"),
        "quote-validity": (QuoteValidity, "within"),
        "returns": (ReturnRight, "since"),
        "retention": (Retention, "records"),
        "list": (Listing, "of"),
        "chain": (Chain, "of"),
        "papers": (Numbering, "series"),
        "barred": (Barred, "step"),
        "grade": (Grade, "name"),
        "survey": (Survey, "questions"),
        "indicator": (Indicator, "measure"),
        "recurring": (Recurring, "every"),
        "report": (Reporting, "name"),
        "limit": (Limit, "of"),
        "ahead": (Ahead, "of"),
        "reopening": (Reopening, "within"),
        "deemed": (Deemed, "within"),
    }
)
"""The kinds of rules by their first key: the class of the core, and the field that the key's value fills."""

AS_COVERED: Final = "as-covered"
"""``handling``: on whom the cost falls the cover says."""

_OF_CHANNELS: Final = {"channels", "complaint-channels"}
"""The lists whose entries are words of the field: the ways by which a report, or a complaint, comes in."""

_SINCE: Final = {name for name, (_, field) in KINDS.items() if field == "since"}
_NAME: Final = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_BAND: Final = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)(?: to ([0-9]{1,9}) (m|km))?")
_PERCENT: Final = re.compile(r"([0-9]{1,4}) ?%")
_SHARE: Final = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))? ?%")
_FROM_DUE: Final = re.compile(r"(.+) (before|after)")
_FIELD: Final = re.compile(r"([^.\[]*)(.*)", re.DOTALL)
_ONE_OF: Final = "one of "
_BETWEEN: Final = {"answers": " or ", "through": " then "}
_BESIDES: Final = {"handling": AS_COVERED}
_BUT: Final = {
    "exclusion": {Coverage.FREE.value},
    "grant": {Coverage.PAID.value},
    "recurring": {Every.DAY.value, Every.TRIP.value},
}


def service(tables: Mapping[str, Any]) -> tuple[dict[tuple[str, int], Any], list[Problem]]:
    """Every value that can be read, by its rule and its number; and what is wrong with the others."""
    values: dict[tuple[str, int], Any] = {}
    wrong: list[Problem] = []
    for name in tables:
        if not _NAME.fullmatch(name):
            expected = "a name in small letters and digits, with hyphens between words"
            wrong.append(Problem(f"rules.{name}", repr(name), expected))
    for name, number, value in _written(tables):
        if "is" in value:
            found = _read(value["is"], f"rules.{name}.values[{number}].is")
            if isinstance(found, list):
                wrong += found
            else:
                values[name, number] = found
    wrong += _together(tables, values)
    return values, wrong


def described(written: Mapping[str, Any]) -> str:
    """A rule in one line, for people: ``promise on-site, within 24 hours, when urgency: urgent``."""
    return ", ".join(_phrase(name, part) for name, part in written.items())


def _phrase(name: str, part: object) -> str:
    said = name.replace("-", " ")
    if isinstance(part, bool):
        return said if part else f"not {said}"
    if name == "when" and isinstance(part, dict):
        conditions = (f"{question}: {_words(answers, ' or ')}" for question, answers in part.items())
        return f"when {'; '.join(conditions)}"
    if name == "ladder" and isinstance(part, list):
        rungs = (f"{rung['action']} (level {rung['level']}) at {rung['at']}" for rung in part)
        return f"ladder {'; '.join(rungs)}"
    if name in _SINCE:
        return f"{said} since {part}"
    return f"{said} {_words(part, _BETWEEN.get(name, ' and '))}"


def _words(part: object, between: str) -> str:
    return between.join(map(str, part)) if isinstance(part, list) else str(part)


def _read(written: object, where: str) -> Any:
    """The rule that is written so; or a list of the problems, at the keys that the author wrote."""
    if not isinstance(written, dict):
        return [Problem(where, shown(written), f"a table with one of the keys {', '.join(KINDS)}")]
    found = [name for name in KINDS if name in written]
    if len(found) != 1:
        named = " and ".join(found) or "none of them"
        return [Problem(where, named, f"a table with one of the keys {', '.join(KINDS)}")]
    first = found[0]
    kind, field = KINDS[first]
    said = toml.key(field)
    table = {name: part for name, part in written.items() if name != first}
    if said in table:
        return [Problem(f"{where}.{said}", shown(table[said]), f"{first} = …, which says it")]
    if kind is not Handling or written[first] != AS_COVERED:
        table[said] = written[first]
    try:
        rule: Any = _converter().structure(table, kind)
        return [*_no_channels(rule, where)] or rule
    except (InvalidValue, BaseValidationError) as error:
        return [_as_written(each, where, said, first) for each in problems(error, key=toml.key)]


def _no_channels(rule: Any, where: str) -> Iterator[Problem]:
    """The entries of a list of channels by which nothing could come in."""
    known = [channel.value for channel in Channel]
    if isinstance(rule, Listing) and rule.of in _OF_CHANNELS:
        for number, entry in enumerate(rule.entries):
            if entry not in known:
                yield Problem(f"{where}.entries[{number}]", repr(entry), f"{_ONE_OF}{', '.join(known)}")


def _as_written(problem: Problem, where: str, said: str, first: str) -> Problem:
    """The problem at the key that the author wrote: the first one stands for a field of another name."""
    found = _FIELD.fullmatch(problem.where)
    assert found is not None
    place, rest = toml.key(found[1]), found[2]
    expected = problem.expected
    words = expected.removeprefix(_ONE_OF).split(", ")
    if problem.found == "an unknown field":
        expected = _ONE_OF + ", ".join(first if name == said else name for name in words)
    elif place == said and expected.startswith(_ONE_OF):
        offered = [word for word in words if word not in _BUT.get(first, ())]
        expected = _ONE_OF + ", ".join([*offered, *([_BESIDES[first]] if first in _BESIDES else [])])
    place = first if place == said else place
    return Problem(f"{where}.{place}{rest}" if place else where, problem.found, expected)


def _together(tables: Mapping[str, Any], values: Mapping[tuple[str, int], Any]) -> Iterator[Problem]:
    """What each rule allows and several of them together do not, on each day on which one begins or ends.

    What is asked by a rule that has mistakes itself is not held against others.
    """
    told: set[tuple[str, str]] = set()
    unread = tuple(f".is.when.{question}" for question in _unread(tables, values))
    for day, rules in _in_force(tables, values):
        found: list[Problem] = []
        try:
            ServiceRules(
                firm="", version="", day=day, calendar=Calendar.always(UTC), currency="", rules=rules
            )
        except InvalidTable as error:
            found = [each for each in error.problems if not each.where.endswith(unread)]
        for problem in [*found, *_disagreeing(rules)]:
            mistake = problem.where, problem.found
            if mistake not in told:
                told.add(mistake)
                yield problem


def _in_force(
    tables: Mapping[str, Any], values: Mapping[tuple[str, int], Any]
) -> Iterator[tuple[date, tuple[Named[Any], ...]]]:
    """Each day on which a value begins, or a gap, and the rules that may not go together from it on.

    They are those that begin, and those that others hang on; where what is asked changes, all of them.
    The name of each is its place.
    """
    begin: dict[date, dict[str, Named[Any] | None]] = {}
    for name, number, value in _written(tables):
        start = value.get("from")
        day = date.min if start == ALWAYS else start
        if type(day) is date and ((name, number) in values or value.get("gap") is True):
            said = values.get((name, number))
            place = f"rules.{name}.values[{number}].is"
            begin.setdefault(day, {})[name] = None if said is None else Named(place, said, PRACTICE)
    in_force: dict[str, Named[Any]] = {}
    hung_on: dict[str, Named[Any]] = {}
    for day in sorted(begin):
        begun = {name: named for name, named in begin[day].items() if named is not None}
        changed = [*begun.values(), *(in_force[name] for name in begin[day] if name in in_force)]
        for name in begin[day].keys() - begun.keys():
            in_force.pop(name, None)
        for name in begin[day]:
            hung_on.pop(name, None)
        in_force |= begun
        hung_on |= {name: named for name, named in begun.items() if _is_hung_on(named.rule)}
        asked = any(isinstance(named.rule, Question | Distances) for named in changed)
        yield day, tuple((in_force if asked else {**hung_on, **begun}).values())


def _is_hung_on(rule: Any) -> bool:
    """Whether others hang on it: on what it asks, or on that it always holds and only one may."""
    return isinstance(rule, Question | Distances) or (_always_holds(rule) and any(_says_one(rule)))


def _disagreeing(rules: Iterable[Named[Any]]) -> Iterator[Problem]:
    """The rules that always hold and say something else than another one that always holds."""
    said: dict[object, tuple[str, object]] = {}
    for named in rules:
        for about, it in _says_one(named.rule) if _always_holds(named.rule) else ():
            other, there = said.setdefault(about, (named.name, it))
            if there != it:
                found = f"something else than {other}, which always holds, too"
                yield Problem(named.name, found, "rules that agree, or conditions that tell them apart")
                break


def _says_one(rule: Any) -> Iterator[tuple[object, object]]:
    """About what only one of the rules that hold can say something, and what this one says about it."""
    match rule:
        case Ladder():
            yield from ((("ladder", kind), rule.rungs) for kind in rule.kinds or TargetKind)
        case Handling():
            said = {"bearer": rule.bearer and (rule.bearer, rule.all_of_it), "refer": rule.refer}
            yield from ((about, it) for about, it in {**said, "through": rule.through}.items() if it)
        case _ if type(rule) in _ONCE:
            yield (type(rule), *(getattr(rule, name) for name in _ONCE[type(rule)])), rule


_ONCE: Final[Mapping[type, tuple[str, ...]]] = {
    Promise: ("kind",),
    Collection: (),
    QuoteValidity: (),
    ReturnRight: (),
    Chain: ("of",),
    Numbering: ("series",),
    Grade: ("name",),
    Survey: (),
    Indicator: ("measure", "every"),
    Recurring: ("every",),
    Limit: ("of", "unit", "per", "then"),
    Ahead: ("of",),
    Reopening: (),
    Deemed: (),
}
"""Of which kinds only one rule can hold for what is the same in these fields."""


def _always_holds(rule: Any) -> bool:
    return getattr(rule, "when", HOLDS_ALWAYS) == HOLDS_ALWAYS


def _unread(tables: Mapping[str, Any], values: Mapping[tuple[str, int], Any]) -> Iterator[str]:
    """The questions of the rules that could not be read."""
    for name, number, value in _written(tables):
        said = value.get("is")
        if isinstance(said, dict) and (name, number) not in values:
            yield from (DISTANCE,) if "distance" in said else ()
            yield from (said["question"],) if isinstance(said.get("question"), str) else ()


def _written(tables: Mapping[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Every value of every rule as it is written, as far as it is written as one."""
    for name, rule in tables.items():
        values = rule.get("values") if isinstance(rule, dict) else None
        for number, value in enumerate(values if isinstance(values, list) else ()):
            if isinstance(value, dict):
                yield name, number, value


# --- hooks: from texts to the core's values ---------------------------------------------------------
# The field of these errors is empty: whoever asked knows the place.


def _said(read: Callable[[str], Any]) -> toml.Hook:
    """A hook for texts that ``read`` reads."""

    def take(value: object, _: object) -> Any:
        try:
            return read(value)  # type: ignore[arg-type]  # it refuses what is no text
        except InvalidValue as error:
            raise InvalidValue("", value, error.expected) from None

    return take


def _period(text: str) -> Period:
    expected = "a length such as '3 months', '1 year' or '10 days'"
    try:
        period = parse_lasting(text).period
    except InvalidValue as error:
        if error.expected == TOO_LONG:
            expected = TOO_LONG
        period = None
    if period is None:
        raise InvalidValue("", text, expected)
    return period


def _band(text: str) -> Band:
    found = _BAND.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InvalidValue("", text, "a band such as 'near to 100 km', and a last one such as 'far'")
    name, number, unit = found.groups()
    return Band(name, None if number is None else int(number) * (1000 if unit == "km" else 1))


def _share(text: str) -> Fraction:
    found = _SHARE.fullmatch(text) if isinstance(text, str) else None
    share = Fraction(f"{found[1]}.{found[2] or 0}") / 100 if found is not None else None
    if share is None or share > 1:
        raise InvalidValue("", text, "a share such as '90 %', from 0 % to 100 %")
    return share


def _when(value: object, _: object) -> When:
    expected = "a table of questions, each with its answers, such as { level = ['1', '2'], opened = 'no' }"
    if not isinstance(value, dict) or not value:
        raise InvalidValue("", value, expected)
    conditions = []
    for question, answers in value.items():
        said = [answers] if isinstance(answers, str) else answers
        fine = isinstance(said, list) and said and all(isinstance(each, str) for each in said)
        if not fine or len(set(said)) < len(said):
            raise InvalidValue(question, answers, "an answer, or a list of answers, each once")
        conditions.append((question, tuple(said)))
    return When(tuple(conditions))


def _rung(value: object, _: object) -> Rung:
    if not isinstance(value, dict) or set(value) != {"level", "at", "action"}:
        raise InvalidValue("", value, "a table with level, at and action")
    at, fraction, offset = value["at"], None, None
    percent = _PERCENT.fullmatch(at) if isinstance(at, str) else None
    from_due = _FROM_DUE.fullmatch(at) if isinstance(at, str) else None
    if percent is not None:
        fraction = Fraction(int(percent[1]), 100)
    elif from_due is not None:
        allowed = _allowance(from_due[1])
        if isinstance(allowed, WorkingTime):
            raise InvalidValue(
                "at", at, "a time without 'working': it counts in the time in which its promise runs"
            )
        length = getattr(allowed, "length", None)
        offset = length if from_due[2] == "after" or length is None else -length
    if fraction is None and not isinstance(offset, timedelta):
        raise InvalidValue(
            "at", at, "a share such as '50 %', or a time such as '2 hours before' or '… after'"
        )
    return Rung(level=value["level"], action=value["action"], fraction=fraction, offset=offset)


def _allowance(text: str) -> Allowance | None:
    try:
        return parse_allowance(text)
    except InvalidValue:
        return None


@cache
def _converter() -> Converter:
    made = toml.converter()
    hooks: tuple[tuple[Any, toml.Hook], ...] = (
        (Allowance, _said(parse_allowance)),
        (Lasting, _said(parse_lasting)),
        (Period, _said(_period)),
        (Band, _said(_band)),
        (When, _when),
        (Rung, _rung),
        (Days, _said(Recurrence)),
    )
    for kind, hook in hooks:
        made.register_structure_hook_func(partial(_is_kind, kind), hook)
    made.register_structure_hook(Fraction, _said(_share))  # in the place of the codec's own
    return made


def _is_kind(wanted: Any, kind: Any) -> bool:
    return kind is wanted
