"""What is typed about a service case, and read alike by every command of after-sales service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, tzinfo
from fractions import Fraction
from pathlib import Path
from typing import Final

import click

from servflow.cli._service_clock import (
    local_instant,
    rulebook_name,
)
from servflow.core.aftersales.circumstances import DISTANCE, Distance, MeasuredBy
from servflow.core.aftersales.claims import PART
from servflow.core.aftersales.covers import FAULT_GROUP
from servflow.core.aftersales.policy import Promise, ServiceRules
from servflow.core.aftersales.promises import FaultReport
from servflow.core.aftersales.words import Event
from servflow.core.citations import Clause
from servflow.core.clocks import Agreed, Allowance
from servflow.core.errors import InvalidRulebook, MissingValue, Problem
from servflow.rulebooks import Rulebook, load, shipped

__all__ = [
    "SERVICE",
    "answers",
    "asking",
    "assigned",
    "check_events",
    "check_given",
    "clause_plain",
    "distance",
    "event_of",
    "fault_report",
    "happened_at",
    "service_book",
    "service_books",
    "shipped_firms",
    "with_given",
]

SERVICE: Final = "aftersales"
"""The policy of the rulebooks of service firms."""

_DISTANCE: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,3}))? ?(m|km) (radius|road)")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_EVENTS: Final = ", ".join(each.value for each in Event)


def assigned(written: Iterable[str], option: str, form: str = "NAME=VALUE") -> dict[str, str]:
    """The texts ``NAME=VALUE`` by their names.

    Raises:
        BadParameter: one is of another form, or a name comes twice.
    """
    found: dict[str, str] = {}
    for each in written:
        name, sign, value = (part.strip() for part in each.partition("="))
        if not (name and sign and value):
            raise click.BadParameter(f"found {each!r}, expected {form}", param_hint=option)
        if name in found:
            raise click.BadParameter(f"found {name} twice, expected each once", param_hint=option)
        found[name] = value
    return found


def answers(written: Iterable[str]) -> dict[str, str]:
    """What was answered, by question."""
    return assigned(written, "--answer", "QUESTION=ANSWER")


def event_of(name: str, option: str) -> Event:
    try:
        return Event(name)
    except ValueError:
        raise click.BadParameter(f"found {name!r}, expected one of {_EVENTS}", param_hint=option) from None


def distance(written: str | None) -> Distance | None:
    """The distance that is written as ``80 km road``, ``1.5 km radius`` or ``500 m road``."""
    if written is None:
        return None
    found = _DISTANCE.fullmatch(" ".join(written.split()))
    metres = Fraction()
    if found is not None:
        number = Fraction(f"{found[1]}.{found[2] or 0}")
        metres = number * (1000 if found[3] == "km" else 1)
    if found is None or metres.denominator > 1:
        expected = "whole metres and how they were measured, such as '80 km road' or '100 km radius'"
        raise click.BadParameter(f"found {written!r}, expected {expected}", param_hint="--distance")
    return Distance(int(metres), MeasuredBy(found[4]))


def service_book(name: str) -> Rulebook:
    """The rulebook of that name or file, if it is one of a service firm; a firm's name alone will do.

    Raises:
        BadParameter: it is not one of a service firm.
        InvalidRulebook: there is no such rulebook and no such file, or it has mistakes.
    """
    return service_books([name])[0]


def service_books(names: Iterable[str]) -> list[Rulebook]:
    """Those rulebooks, as ``service_book`` finds them; of unknown names all are told at once."""
    known = {name: rulebook_name(name) for name in names}
    unknown = [name for name, full in known.items() if full not in shipped() and not _is_there(full)]
    if unknown:
        firms = ", ".join(name.removesuffix("/service") for name in shipped_firms())
        expected = f"a file, or a firm of which the rulebook ships: {firms}"
        where = ", ".join(unknown)
        raise InvalidRulebook(where, [Problem(where, "no file and no rulebook that ships", expected)])
    return [_checked(load(full)) for full in known.values()]


def shipped_firms() -> list[str]:
    return [name for name in shipped() if name.endswith("/service")]


def _is_there(file: str) -> bool:
    try:
        return Path(file).exists()
    except OSError:  # the name is too long for a file, or its folder may not be entered
        return False


def _checked(book: Rulebook) -> Rulebook:
    if book.policy != SERVICE:
        found = f"{book.name} has no rules of a service firm; its policy is {book.policy}"
        raise click.BadParameter(found, param_hint="RULEBOOK")
    return book


def fault_report(zone: tzinfo | None, at: str, said: Iterable[str], far: str | None) -> FaultReport:
    return FaultReport(
        at=local_instant(at, zone, "--at"),
        answers=answers(said),
        distance=distance(far),
    )


def with_given(
    report: FaultReport, written: Iterable[str], firms: Iterable[ServiceRules], zone: tzinfo | None
) -> FaultReport:
    """The report with what is given for the blanks of the firms.

    Raises:
        BadParameter: something fills no blank, or is neither a number nor an instant.
    """
    blanks: dict[str, list[Allowance]] = {}
    for within in (each.rule.within for rules in firms for each in rules.of(Promise)):
        if within.asks is not None:
            blanks.setdefault(within.asks, []).append(within)
    given = assigned(written, "--given")
    check_given(given, blanks)
    return replace(report, given={name: _given(value, blanks[name], zone) for name, value in given.items()})


def _given(value: str, blanks: Iterable[Allowance], zone: tzinfo | None) -> int | datetime:
    """A number for a length, or an instant for a deadline."""
    if _NUMBER.fullmatch(value):
        return int(value)
    try:
        return local_instant(value, zone, "--given")
    except click.BadParameter:
        if any(isinstance(each, Agreed) for each in blanks):
            raise
        expected = "a whole number from 1 on"
        raise click.BadParameter(f"found {value!r}, expected {expected}", param_hint="--given") from None


def happened_at(written: Iterable[str], report: FaultReport, zone: tzinfo | None) -> dict[Event, datetime]:
    """What has happened when; the report itself among it."""
    said = assigned(written, "--event", "EVENT=INSTANT")
    events = {event_of(name, "--event"): local_instant(at, zone, "--event") for name, at in said.items()}
    if Event.REPORTED in events:
        expected = "another event: when it was reported, --at says"
        raise click.BadParameter(f"found {Event.REPORTED.value!r}, expected {expected}", param_hint="--event")
    return {Event.REPORTED: report.at, **events}


def check_given(given: Iterable[str], blanks: Iterable[str]) -> None:
    """Everything given fills a blank.

    Raises:
        BadParameter: it does not.
    """
    left = sorted(set(blanks))
    for name in given:
        if name not in left:
            expected = f"one of {', '.join(left)}" if left else "nothing: no blank is left"
            raise click.BadParameter(f"found {name!r}, expected {expected}", param_hint="--given")


def check_events(said: Iterable[Event], used: Iterable[Event], option: str) -> None:
    """Every event that is said decides something; when it was reported always does.

    Raises:
        BadParameter: one decides nothing.
    """
    known = sorted({each.value for each in used} - {Event.REPORTED.value})
    for event in said:
        if event is not Event.REPORTED and event.value not in known:
            expected = f"one of {', '.join(known)}" if known else "no event"
            found = f"found {event.value!r}, which nothing begins or ends with, expected {expected}"
            raise click.BadParameter(found, param_hint=option)


@contextmanager
def asking(rules: ServiceRules) -> Iterator[None]:
    """What is missing within is asked for with the option that says it.

    Raises:
        MissingValue: something is.
    """
    try:
        yield
    except MissingValue as error:
        how = _option(rules, error.name)
        raise MissingValue(error.name, f"{error.where}; say {how}" if how else error.where) from None


def _option(rules: ServiceRules, name: str) -> str | None:
    """The option that says it, with what it takes."""
    if name == DISTANCE:
        by = MeasuredBy.ROAD if rules.distances is None else rules.distances.by
        return f"--distance '80 km {by.value}'"
    if name in (PART, FAULT_GROUP):
        return f"--{name} {'GROUP' if name == FAULT_GROUP else 'PART'}"
    if name in rules.questions:
        return f"--answer '{name}={'|'.join(rules.questions[name].answers)}'"
    if name in {each.value for each in Event}:
        return f"--date {name}=2026-01-31"
    promise = next((each.rule for each in rules.of(Promise) if each.rule.within.asks == name), None)
    if promise is None:
        return f"--given '{name}=1 year'"
    return f"--given {name}={'2026-01-31T09:00' if isinstance(promise.within, Agreed) else '3'}"


def clause_plain(clause: Clause) -> dict[str, str]:
    """A clause for machines."""
    return {"id": clause.id, "at": clause.at}
