"""What a service firm's rulebook says (服务规则): every rule dated and cited, none of them in code.

A rule has a name of the firm's own and is of one of the kinds below. What holds on a day is
``ServicePolicy.on(day)``; a case keeps the rules of the day of its report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

from servflow.core.aftersales.circumstances import (
    ALWAYS,
    COVERAGE,
    DISTANCE,
    STANDARD,
    TERM,
    Distances,
    Question,
    When,
)
from servflow.core.aftersales.desk_rules import Deemed, DeskRule, Reopening, Survey
from servflow.core.aftersales.words import (
    Bearer,
    ChargeClass,
    CollectionWay,
    Coverage,
    DutyKind,
    Event,
    Lasting,
    PauseReason,
    TargetKind,
)
from servflow.core.checks import each_once
from servflow.core.citations import Clause, Dated
from servflow.core.clocks import Allowance, Rung
from servflow.core.dates import EndOfMonth, Period
from servflow.core.desk_rules import DeskRules
from servflow.core.errors import ConflictingRules, InvalidTable, InvalidValue, MissingValue, Problem
from servflow.core.worktime import Calendar

__all__ = [
    "Checklist",
    "Collection",
    "Days",
    "Duty",
    "Exclusion",
    "Grant",
    "Handling",
    "Ladder",
    "Named",
    "Promise",
    "QuoteValidity",
    "RepairWarranty",
    "Retention",
    "ReturnRight",
    "ServicePolicy",
    "ServiceRule",
    "ServiceRules",
    "Warranty",
]


class Days(Protocol):
    """Days by a recurrence (RRULE); made outside the core."""

    def between(self, start: date, after: date, through: date) -> tuple[date, ...]:
        """The days after ``after``, up to and including ``through``, of the recurrence from ``start`` on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One target and when it is given (服务承诺).

    ``since`` is its anchor. ``round_the_clock`` runs it on an always-open calendar instead of the firm's.

    Raises:
        InvalidValue: a pause or an excuse comes twice, or an excuse is empty.
    """

    kind: TargetKind
    within: Allowance
    since: Event = Event.REPORTED
    when: When = ALWAYS
    round_the_clock: bool = False
    pauses: tuple[PauseReason, ...] = ()
    excuses: tuple[str, ...] = ()
    extended_by: str = ""

    def __post_init__(self) -> None:
        each_once("pauses", self.pauses)
        each_once("excuses", self.excuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warranty:
    """What the firm warrants and for how long (保修): parts, labour and travel apart.

    ``after`` is a period between ``since`` and the first day (manufactured + 3 months). ``transferable``:
    the term stays when the unit changes hands.
    """

    since: Event
    parts: Lasting
    labour: Lasting
    travel: Lasting
    after: Period | None = None
    when: When = ALWAYS
    transferable: bool = True

    def lasting(self, charge: ChargeClass) -> Lasting:
        """The term of one class of charges."""
        return {
            ChargeClass.PARTS: self.parts,
            ChargeClass.LABOUR: self.labour,
            ChargeClass.TRAVEL: self.travel,
        }[charge]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairWarranty:
    """The warranty of a repair itself (维修保修): same unit, same fault group, since it was finished."""

    lasting: Lasting
    when: When = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """What makes a service dearer than its cover (不保项目): it is at least ``outcome``, for these classes.

    ``discount``: parts at a discount price (优惠价).

    Raises:
        InvalidValue: it makes nothing dearer, a class comes twice or there is none, or there is a discount on
            parts that are not paid for.
    """

    outcome: Coverage
    classes: tuple[ChargeClass, ...] = tuple(ChargeClass)
    discount: bool = False
    when: When = ALWAYS

    def __post_init__(self) -> None:
        if self.outcome is Coverage.FREE:
            raise InvalidValue("outcome", self.outcome.value, "what is dearer than free")
        each_once("classes", self.classes, least=1)
        if self.discount and (self.outcome is not Coverage.PAID or ChargeClass.PARTS not in self.classes):
            raise InvalidValue("discount", self.discount, "a discount only where parts are paid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What makes a service cheaper whatever its cover (优待): at most ``outcome``, for these classes.

    Raises:
        InvalidValue: it makes nothing cheaper, a class comes twice, or there is none.
    """

    outcome: Coverage
    classes: tuple[ChargeClass, ...] = tuple(ChargeClass)
    when: When = ALWAYS

    def __post_init__(self) -> None:
        if self.outcome is Coverage.PAID:
            raise InvalidValue("outcome", self.outcome.value, "what is cheaper than paid")
        each_once("classes", self.classes, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """On whom the cost falls and where the matter goes (处理方式).

    ``bearer`` of what the firm's own warranty makes free, that of a repair or of a replacement unit included,
    and not of what a grant or a contract gives, which the firm bears; or, ``all_of_it``, of everything.
    ``refer`` to whom the customer is sent instead; ``through`` by whom it is passed on, one after the other;
    ``notify`` who is told before; ``may_refuse``: the firm may refuse the service; ``contract_governs``: the
    contract's terms replace the firm's warranty.

    Raises:
        InvalidValue: it says nothing, ``all_of_it`` of no bearer, or somebody is named twice.
    """

    bearer: Bearer | None = None
    all_of_it: bool = False
    refer: str = ""
    through: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    may_refuse: bool = False
    contract_governs: bool = False
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("notify", self.notify)
        each_once("through", self.through)
        said = self.refer, self.through, self.notify, self.may_refuse, self.contract_governs
        if self.bearer is None and self.all_of_it:
            raise InvalidValue("all_of_it", self.all_of_it, "a bearer, of whom it is said")
        if self.bearer is None and not any(said):
            expected = "who bears the cost, or refer, through, notify, may-refuse or contract-governs"
            raise InvalidValue("bearer", "nothing else", expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What is due by itself (例行事项): at ``offsets`` from ``since``, or on the days of a recurrence.

    ``before``: the offsets lie before ``since``. ``within`` is how long after its day it may still be done;
    ``None``: on the day itself. ``lead`` is how long before its day it may be done already; ``None``: not
    before its day if there is ``within``, else since it was due the last time. ``not_before`` is the event
    with which the relation begins, ``until`` that with which it ends: nothing is due before the day of the
    one or after that of the other. ``signed_by_both``: its record is signed by both sides, ``opinion``: it
    carries the customer's opinion (意见及建议). ``checks`` is what is looked at.

    Raises:
        InvalidValue: it never comes, or comes in two ways; ``before`` without offsets or also on the day
            itself; an offset or a check that comes twice, or an empty check; it is not before a year.
    """

    kind: DutyKind
    since: Event
    offsets: tuple[Period, ...] = ()
    on_the_day: bool = False
    before: bool = False
    every: Period | None = None
    recurrence: Days | None = None
    within: Period | None = None
    lead: Period | None = None
    not_before: Event | None = None
    until: Event | None = None
    checks: tuple[str, ...] = ()
    signed_by_both: bool = False
    opinion: bool = False
    when: When = ALWAYS

    def __post_init__(self) -> None:
        ways = {
            "offsets": bool(self.offsets),
            "every": self.every is not None,
            "recurrence": self.recurrence is not None,
        }
        found = [name for name, there in ways.items() if there]
        if len(found) > 1 or not (found or self.on_the_day):
            expected = f"one of {', '.join(ways)}, or the day itself"
            raise InvalidValue(found[-1] if found else "offsets", " and ".join(found) or "nothing", expected)
        if self.before and (self.on_the_day or not self.offsets):
            expected = "offsets before the event, and not the day itself"
            raise InvalidValue("before", self.before, expected)
        if self.not_before is Event.YEAR:
            raise InvalidValue("not_before", self.not_before.value, "an event that has a day")
        each_once("offsets", self.offsets)
        each_once("checks", self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """What has to be there before a step (必备事项): ``step`` such as ``verdict`` or ``visit``.

    Raises:
        InvalidValue: there is no step or no item, or an item is empty or comes twice.
    """

    step: str
    items: tuple[str, ...]
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("step", (self.step,))
        each_once("items", self.items, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The escalation ladder of targets of these kinds (none: of all).

    Raises:
        InvalidValue: there is no rung, or a rung or a kind comes twice.
    """

    rungs: tuple[Rung, ...]
    kinds: tuple[TargetKind, ...] = ()
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("rungs", self.rungs, least=1)
        each_once("kinds", self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """How a charge is collected (收费方式)."""

    way: CollectionWay
    when: When = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteValidity:
    """How long a quote may be accepted, from when it was given (报价有效期)."""

    within: Allowance
    when: When = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRight:
    """How long goods may be returned or exchanged (退换货), from ``since``; the last day is included."""

    since: Event
    lasting: Lasting
    when: When = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long records are kept (保存期限): at least, and at most (``None``: no limit).

    Raises:
        InvalidValue: there are no records, one is empty or comes twice, or the most is less than the least.
    """

    records: tuple[str, ...]
    at_least: Period
    at_most: Period | None = None

    def __post_init__(self) -> None:
        each_once("records", self.records, least=1)
        day = date(2000, 1, 1)
        least, most = (each and each.after(day, EndOfMonth.CLAMP) for each in (self.at_least, self.at_most))
        if least and most and most < least:
            raise InvalidValue("at_most", str(self.at_most), f"{self.at_least} or more")


ServiceRule = (
    DeskRule
    | Question
    | Distances
    | Promise
    | Warranty
    | RepairWarranty
    | Exclusion
    | Grant
    | Handling
    | Duty
    | Checklist
    | Ladder
    | Collection
    | QuoteValidity
    | ReturnRight
    | Retention
)

R = TypeVar("R", bound=ServiceRule)
One = TypeVar("One", Collection, QuoteValidity, ReturnRight, Survey, Reopening, Deemed)


@dataclass(frozen=True, slots=True)
class Named(Generic[R]):
    """A rule as it holds on a day: its name, what it says, and the clause that says so."""

    name: str
    rule: R
    clause: Clause


@dataclass(frozen=True, kw_only=True)
class ServiceRules:
    """All rules of a firm as they hold on ``day``; ``version`` names them for what is pinned.

    Raises:
        InvalidTable: two rules ask one question; one asks what is answered by the verdict or a distance, or
            takes other answers than the field's question; there are two sets of distances; or a condition
            names a question or an answer that there is not, or what is answered only after its rule. All
            mistakes are named.
    """

    firm: str
    version: str
    day: date
    calendar: Calendar
    currency: str
    rules: tuple[Named[ServiceRule], ...] = field(repr=False)

    def __post_init__(self) -> None:
        problems = tuple(self.problems())
        if problems:
            raise InvalidTable(f"{self.firm}'s rules on {self.day}", problems)

    def of(self, kind: type[R]) -> tuple[Named[R], ...]:
        """The rules of one kind, in their order."""
        return self._kinds.get(kind, ())  # type: ignore[return-value]

    def the_one(self, kind: type[One], answers: Mapping[str, str]) -> Named[One]:
        """The one rule of that kind that holds; several that say the same are the first of them.

        Raises:
            InvalidValue: a question or an answer that there is not.
            MissingValue: none holds, or an answer that decides it is missing.
            ConflictingRules: two hold and say different things.
        """
        known = self.answered(answers)
        found = [named for named in self.of(kind) if named.rule.when.holds(named.name, known)]
        if not found:
            raise MissingValue(kind.__name__, f"in {self.firm}'s rules for these answers")
        for other in found[1:]:
            if replace(other.rule, when=ALWAYS) != replace(found[0].rule, when=ALWAYS):
                raise ConflictingRules((found[0].name, other.name))
        return found[0]

    @cached_property
    def _kinds(self) -> Mapping[type, tuple[Named[ServiceRule], ...]]:
        kinds: dict[type, list[Named[ServiceRule]]] = {}
        for named in self.rules:
            kinds.setdefault(type(named.rule), []).append(named)
        return MappingProxyType({kind: tuple(found) for kind, found in kinds.items()})

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """What may be asked: the field's questions, the firm's own, and its bands of distances."""
        own = {named.rule.name: named.rule for named in self.of(Question)}
        bands = {}
        if self.distances is not None:
            bands[DISTANCE] = Question(DISTANCE, tuple(band.name for band in self.distances.bands))
        return MappingProxyType({**STANDARD, **own, **bands})

    @cached_property
    def distances(self) -> Distances | None:
        """The bands of distances, if the firm has any."""
        return next((named.rule for named in self.of(Distances)), None)

    def answered(self, answers: Mapping[str, str]) -> Mapping[str, str]:
        """The answers with the defaults of the questions that were not answered.

        Raises:
            InvalidValue: a question or an answer that there is not.
        """
        for question, answer in answers.items():
            if question not in self.questions:
                raise InvalidValue("question", question, f"one of {', '.join(sorted(self.questions))}")
            self.questions[question].checked(answer)
        defaults = {name: each.default for name, each in self.questions.items() if each.default is not None}
        return MappingProxyType({**defaults, **answers})

    def problems(self) -> Iterator[Problem]:
        """What does not go together: the rule, what was found and what was expected."""
        yield from self._asked()
        for bands in self.of(Distances)[1:]:
            yield Problem(bands.name, "bands of distances again", "one set of bands")
        for each in self.rules:
            when, later = getattr(each.rule, "when", ALWAYS), _answered_after(each.rule)
            for asked_for, found, expected in when.problems(self.questions):
                yield Problem(f"{each.name}.when.{asked_for}", found, expected)
            for asked_for, _ in when.conditions:
                if asked_for in later:
                    found = "a question that is answered only after this rule"
                    yield Problem(f"{each.name}.when.{asked_for}", found, f"conditions without {asked_for}")

    def _asked(self) -> Iterator[Problem]:
        """What is wrong with the firm's own questions."""
        asked: set[str] = set()
        for question in self.of(Question):
            name, standard = question.rule.name, STANDARD.get(question.rule.name)
            if name in _ANSWERED_BY:
                found = f"the question {name}, which {_ANSWERED_BY[name]} answers"
                yield Problem(question.name, found, "a question of another name")
            elif name in asked:
                yield Problem(question.name, f"the question {name} again", "each question once")
            elif standard is not None and not set(question.rule.answers) <= set(standard.answers):
                others = [repr(each) for each in question.rule.answers if each not in standard.answers]
                known = ", ".join(standard.answers)
                expected = f"some of the answers of the field's question {name}: {known}"
                yield Problem(f"{question.name}.answers", ", ".join(others), expected)
            asked.add(name)


_ANSWERED_BY: Final = {TERM: "the verdict", COVERAGE: "the verdict", DISTANCE: "a distance"}


def _answered_after(rule: ServiceRule) -> frozenset[str]:
    """The questions that are answered only after the rule was asked whether it holds."""
    if isinstance(rule, Warranty) or (isinstance(rule, Handling) and rule.contract_governs):
        return frozenset({TERM, COVERAGE})
    return frozenset({COVERAGE}) if isinstance(rule, Exclusion | Grant) else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePolicy(DeskRules):
    """The rules of one service firm over time, by name; always open, if its rulebook has no calendar."""

    firm: str
    rules: Mapping[str, Dated[ServiceRule]] = field(hash=False)

    def on(self, day: date) -> ServiceRules:
        """The rules in force on ``day``; a rule with a gap, or without a value yet, is left out.

        Raises:
            InvalidTable: they do not go together.
        """
        return _on(self, day)


@lru_cache(maxsize=1024)
def _on(policy: ServicePolicy, day: date) -> ServiceRules:
    found = []
    for name, dated in policy.rules.items():
        try:
            cited = dated.on(day)
        except MissingValue:
            continue
        found.append(Named(name, cited.value, cited.clause))
    return ServiceRules(
        firm=policy.firm,
        version=f"{policy.rulebook} {day.isoformat()}",
        day=day,
        calendar=policy.calendar,
        currency=policy.currency,
        rules=tuple(found),
    )
