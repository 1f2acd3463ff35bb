"""What a firm promises for a fault report (服务承诺): its rules and the report to targets with clocks.

1. The rules are those of the day of the report, and stay with the case; ``Target.version`` names them.
2. Of each kind of promise there is one, or none. Two that hold and say different things are an error,
   never a silent order.
3. A question that decides it and was not answered is asked for; so is an unknown distance. Where a rule
   that holds says the same as one that hangs on a question, the question decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from servflow.core.aftersales.circumstances import DISTANCE, Distance
from servflow.core.aftersales.policy import Ladder, Named, Promise, ServiceRules
from servflow.core.aftersales.words import Event, TargetKind
from servflow.core.citations import Clause
from servflow.core.clocks import Run, Rung, Target
from servflow.core.dates import existing
from servflow.core.errors import ConflictingRules, InvalidValue
from servflow.core.worktime import Calendar

__all__ = ["FaultReport", "Possible", "Promised", "possible", "promised"]

R = TypeVar("R", Promise, Ladder)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReport:
    """A fault as it was reported (报修).

    ``answers`` by question; ``given`` what a rulebook leaves blank or to a contract, by its name: numbers for
    blank lengths, instants for agreed deadlines.

    Raises:
        InvalidValue: ``at`` is naive, or does not exist in its zone; or a band is among the answers, though
            a distance is measured.
    """

    at: datetime
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)
    distance: Distance | None = None
    given: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", existing("at", self.at))
        for name in ("answers", "given"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if DISTANCE in self.answers:
            expected = "a distance in metres, with how it was measured"
            raise InvalidValue(DISTANCE, self.answers[DISTANCE], expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """One promise to a case: the target, what its clock begins with, and the rules that say so."""

    kind: TargetKind
    since: Event
    target: Target
    rules: tuple[str, ...]
    clauses: tuple[Clause, ...]

    def run(self, happened: Mapping[Event, datetime]) -> Run:
        """The clock's run at its start: anchored, if the event has happened."""
        return Run(anchored_at=happened.get(self.since))


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """A promise that may apply: the rule, and the questions and the blank that it still hangs on."""

    rule: Named[Promise]
    open: tuple[str, ...]
    asks: str | None


def promised(rules: ServiceRules, report: FaultReport) -> tuple[Promised, ...]:
    """What is promised for ``report``, in the order of the rulebook.

    Raises:
        InvalidValue: a question or an answer that the rules do not know, a distance measured in another way
            than theirs, or something given that is of the wrong kind or out of range.
        MissingValue: an answer, the distance, or something that is left blank and decides or fills a promise.
        ConflictingRules: two promises of one kind hold and say different things.
    """
    answers = _answers(rules, report)
    found: dict[TargetKind, list[Named[Promise]]] = {}
    for named in _holding(rules.of(Promise), answers, _said):
        found.setdefault(named.rule.kind, []).append(named)
    return tuple(_promised(rules, report, answers, each) for each in found.values())


def possible(rules: ServiceRules, report: FaultReport) -> tuple[Possible, ...]:
    """Every promise that the report does not rule out, with what it still hangs on: to compare firms.

    Answers to questions that the firm does not ask, and a distance measured otherwise, are passed over.

    Raises:
        InvalidValue: an answer that the firm's question does not know.
    """
    known = {name: answer for name, answer in report.answers.items() if name in rules.questions}
    distances = rules.distances
    fits = distances is not None and report.distance is not None and report.distance.by is distances.by
    fitting = FaultReport(at=report.at, answers=known, distance=report.distance if fits else None)
    answers = _answers(rules, fitting)
    return tuple(_possible(rules, report, answers))


def _possible(rules: ServiceRules, report: FaultReport, answers: Mapping[str, str]) -> Iterator[Possible]:
    for named in rules.of(Promise):
        left = named.rule.when.open(answers)
        if left is not None:
            asks = named.rule.within.asks
            yield Possible(rule=named, open=left, asks=None if asks in report.given else asks)


def _answers(rules: ServiceRules, report: FaultReport) -> Mapping[str, str]:
    """The answers, with defaults, and the band of the distance if it is known or has a default."""
    answers = dict(rules.answered(report.answers))
    distances = rules.distances
    if distances is not None and (report.distance is not None or distances.unknown is not None):
        answers[DISTANCE] = distances.band(report.distance)
    return MappingProxyType(answers)


def _promised(
    rules: ServiceRules, report: FaultReport, answers: Mapping[str, str], found: list[Named[Promise]]
) -> Promised:
    first = found[0].rule
    for other in found[1:]:
        if _said(other.rule) != _said(first):
            raise ConflictingRules((found[0].name, other.name))
    return Promised(
        kind=first.kind,
        since=first.since,
        target=Target(
            kind=first.kind.value,
            within=first.within.filled(report.given),
            calendar=Calendar.always(rules.calendar.zone) if first.round_the_clock else rules.calendar,
            pauses=frozenset(reason.value for reason in first.pauses),
            excuses=frozenset(first.excuses),
            extended_by=first.extended_by or None,
            ladder=_ladder(rules, first.kind, answers),
            clause=found[0].clause,
            version=rules.version,
        ),
        rules=tuple(named.name for named in found),
        clauses=tuple(dict.fromkeys(named.clause for named in found)),
    )


def _holding(
    rules: Iterable[Named[R]], answers: Mapping[str, str], said: Callable[[R], object]
) -> list[Named[R]]:
    """The rules that hold; asked for is what decides about others, if they say something else.

    Raises:
        MissingValue: an answer that decides about one of them is missing.
    """
    holding: list[Named[R]] = []
    hanging: list[Named[R]] = []
    for named in rules:
        left = named.rule.when.open(answers)
        if left is not None:
            (hanging if left else holding).append(named)
    told = {said(named.rule) for named in holding}
    for named in hanging:
        if said(named.rule) not in told:
            named.rule.when.holds(named.name, answers)
    return holding


def _said(promise: Promise) -> tuple[object, ...]:
    """What a promise says apart from its conditions."""
    return (
        promise.kind,
        promise.within,
        promise.since,
        promise.round_the_clock,
        promise.pauses,
        promise.excuses,
        promise.extended_by,
    )


def _ladder(rules: ServiceRules, kind: TargetKind, answers: Mapping[str, str]) -> tuple[Rung, ...]:
    of_kind = [named for named in rules.of(Ladder) if not named.rule.kinds or kind in named.rule.kinds]
    fitting = _holding(of_kind, answers, lambda ladder: ladder.rungs)
    for other in fitting[1:]:
        if other.rule.rungs != fitting[0].rule.rungs:
            raise ConflictingRules((fitting[0].name, other.name))
    return fitting[0].rule.rungs if fitting else ()
