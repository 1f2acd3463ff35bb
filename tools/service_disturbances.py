"""Other values for the rules of service firms: each part of a rule changed, one at a time.

Lengths become longer by the least step, bands move by a metre to either side, cut-offs by a minute, shares
and numbers by one, words and names turn into others, lists lose each of their parts, conditions are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from servflow.core.aftersales.desk_rules import Every, Measure, Series
from servflow.core.aftersales.words import (
    Bearer,
    CollectionWay,
    Coverage,
    DutyKind,
    Event,
    TargetKind,
    parse_lasting,
)
from servflow.core.clocks import parse_allowance
from servflow.core.errors import InvalidValue

WORDS: Mapping[str, type[Enum]] = {
    "promise": TargetKind,
    "duty": DutyKind,
    "warranty": Event,
    "returns": Event,
    "since": Event,
    "until": Event,
    "not-before": Event,
    "exclusion": Coverage,
    "grant": Coverage,
    "handling": Bearer,
    "collection": CollectionWay,
    "papers": Series,
    "indicator": Measure,
    "recurring": Every,
    "per": Every,
}
NOT_SO = {"exclusion": Coverage.FREE, "grant": Coverage.PAID}
TERMS = {
    "parts",
    "labour",
    "travel",
    "lasting",
    "repair-warranty",
    "after",
    "every",
    "lead",
    "at-least",
    "at-most",
    "reopening",
}
NUMBERS = {
    "rank",
    "lowest",
    "highest",
    "satisfied-from",
    "dissatisfied-to",
    "attempts",
    "times",
    "most",
    "book",
}
UNITS = {"times": "days", "days": "minutes", "minutes": "times"}


def disturbed(table: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is changed, and the rule that has it changed."""
    for key, value in table.items():
        if key == "returns" and table.get("lasting") == "none":
            continue  # no right begins with no event
        changes: list[Any]
        if key == "when":
            changes = [*conditions(value)]
        elif "indicator" in table and key in {"at-least", "below"}:
            changes = [*shares(value)]
        elif key == "every" and "duty" not in table:
            changes = [another(Every, value)]
        elif key in TERMS or (key == "within" and "duty" in table):
            changes = [longer(value)]
        elif key in {"within", "quote-validity", "deemed"} or (key == "by" and "ahead" in table):
            changes = [*lengths(value)]
        else:
            changes = [*others(key, value)]
        for change in changes:
            rest = {name: said for name, said in table.items() if name != key}
            gone = change is None
            yield f"no {key}" if gone else f"{key} = {change}", rest | ({} if gone else {key: change})


def another(kind: type[Enum], value: str, besides: Enum | None = None) -> str:
    """Another word of the same kind: the one after it."""
    words = [each.value for each in kind if each is not besides]
    return str(words[(words.index(value) + 1) % len(words)] if value in words else words[-1])


def shares(text: str) -> Iterator[str]:
    """A share a little higher, and a little lower."""
    number = int(re.sub(r"[^0-9].*", "", text))
    yield from (f"{other} %" for other in (number + 1, number - 1) if 0 <= other <= 100)  # noqa: PLR2004


def others(key: str, value: Any) -> Iterator[Any]:
    """Other values under a key; ``None`` for none."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, list):
        yield from parts(key, value)
    elif key == "distance":
        yield "road" if value == "radius" else "radius"
    elif key == "recurrence":
        yield f"{value};COUNT=1"
    elif key in NUMBERS:
        yield from (value + 1, value - 1)
    elif key == "unit":
        yield UNITS[value]
    elif key in WORDS:
        yield another(WORDS[key], value, NOT_SO.get(key))
    elif key in {"unknown", "default"}:
        yield None
    elif key != "question":
        yield f"{value}-other"


def parts(key: str, value: list[Any]) -> Iterator[list[Any] | None]:
    """A list without each of its parts, or with another in its place; with another answer; none at all."""
    if key == "answers":
        yield [*value, "another"]
        return
    if len(value) == 1 and key in {"classes", "kinds", "pauses"}:
        yield None
    for place, part in enumerate(value):
        before, after = value[:place], value[place + 1 :]
        if len(value) > 1 and key != "bands":
            yield [*before, *after]
        yield from ([*before, other, *after] for other in instead(key, part))


def instead(key: str, part: Any) -> Iterator[Any]:
    """What may stand in the place of a part of a list."""
    if key == "bands":
        yield from bands(part)
    elif key == "offsets":
        yield longer(part)
    elif isinstance(part, dict):
        yield from rungs(part)
    elif key not in {"classes", "kinds", "pauses"}:
        yield f"{part}-other"


def bands(text: str) -> Iterator[str]:
    """A band a metre wider and a metre narrower."""
    if found := re.fullmatch(r"(\S+) to (\d+) (k?m)", text):
        metres = int(found[2]) * (1000 if found[3] == "km" else 1)
        yield from (f"{found[1]} to {metres + step} m" for step in (1, -1))


def rungs(rung: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A rung of another level, at another time, with another action."""
    yield {**rung, "level": rung["level"] + 1}
    yield {**rung, "action": f"{rung['action']}-other"}
    yield {**rung, "at": re.sub(r"\d+", lambda found: str(int(found[0]) + 1), rung["at"])}


def longer(text: str) -> str:
    """A term a day longer, or another blank; a word for no term becomes one, for ever becomes a century."""
    lasting = parse_lasting(text)
    if lasting.given:
        return f"{text}-other"
    if lasting.period is None:
        return "100 years" if lasting.lifetime else "1 day"
    unit = re.search(r"(\d+) days?", text)
    if unit is None:
        return f"{text} 1 day"
    return text.replace(unit[0], f"{int(unit[1]) + 1} days")


def lengths(text: str) -> Iterator[str]:
    """Of a target: one more, the other way of counting, another blank, cut-offs a minute to either side."""
    for change in {**dict.fromkeys(_lengths(text))}:
        try:
            known = parse_allowance(change)
        except InvalidValue:
            continue
        if known != parse_allowance(text):
            yield change


def _lengths(text: str) -> Iterator[str]:
    if ":" in text:
        for found in re.finditer(r"\d\d:\d\d", text):
            for step in (1, -1):
                yield text[: found.start()] + minutes(found[0], step) + text[found.end() :]
        yield from (re.sub(one, other, text, count=1) for one, other in _LANDINGS)
        return
    if text.startswith("agreed ") or "{" in text:
        yield re.sub(r"[a-z0-9-]+(?=}|$)", lambda found: f"{found[0]}-other", text, count=1)
    yield re.sub(r"^\d+", lambda found: str(int(found[0]) + 1), text)
    if "working " in text:
        yield text.replace("working ", "").removesuffix(" to closing")
    else:
        yield re.sub(r"(hour|day|minute)", r"working \1", text).removesuffix(" to midnight")
    yield re.sub(" to (closing|midnight)$", "", text)


_LANDINGS = (
    ("same day", "next day"),
    ("next (working )?day", "same day"),
    (r"next working day (?=\d)", "next day "),  # without a time both mean the next opening's end
    (r"next day (?=\d)", "next working day "),
)


def minutes(text: str, step: int) -> str:
    """A time of the day some minutes later."""
    if text == "24:00":
        return "23:59"
    at = datetime.combine(date(2026, 1, 1), datetime.strptime(text, "%H:%M").time())  # noqa: DTZ007 -- a time
    return f"{at + timedelta(minutes=step):%H:%M}"


def conditions(when: Mapping[str, Any]) -> Iterator[dict[str, Any] | None]:
    """Without each of the conditions; ``None`` for no condition at all; without each of several answers."""
    for question, answers in when.items():
        yield {name: said for name, said in when.items() if name != question} or None
        if isinstance(answers, list) and len(answers) > 1:
            yield from ({**when, question: [each for each in answers if each != left]} for left in answers)


def weeks(weekly: Mapping[str, list[str]]) -> Iterator[dict[str, list[str]]]:
    """The hours of a week, each day with hours a minute shorter."""
    for day, hours in weekly.items():
        if hours:
            start, _, end = hours[-1].partition("-")
            yield {**weekly, day: [*hours[:-1], f"{start}-{minutes(end, -1)}"]}
