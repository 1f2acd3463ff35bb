"""The covers of a claim (保障): which there are for parts, labour and travel, and how each stands that day.

1. A cover begins with its first day. Its last day is the day that corresponds to the first one, clamped to
   the end of the month, and is covered; ``until`` is the first day that is not.
2. A cover is unknown where something that it hangs on was not told. Nothing is asked for here.
3. A repair's warranty is one of that repair: of the same fault, and of the parts that it replaced.
4. What the firm gives by itself is free, and an exclusion can take it away; a contract says itself what it
   covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from servflow.core.aftersales.circumstances import COVERAGE, TERM
from servflow.core.aftersales.claims import PART, Claim, PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.policy import (
    Handling,
    Named,
    RepairWarranty,
    ServiceRule,
    ServiceRules,
    Warranty,
)
from servflow.core.aftersales.words import ChargeClass, Coverage, Event, Lasting
from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth, Period
from servflow.core.errors import InvalidValue, MissingValue

__all__ = [
    "FAULT_GROUP",
    "Cover",
    "CoverKind",
    "CoverState",
    "Covers",
    "Missing",
    "TermState",
    "by_contract",
    "covers_of",
    "missing_of",
]

FAULT_GROUP: Final = "fault-group"
"""What is asked for where a repair's warranty runs and the claim does not say which fault it is."""

R = TypeVar("R", bound=ServiceRule)


class CoverKind(Enum):
    """What a cover is (保障种类)."""

    WARRANTY = "warranty"  # 保修, by the firm's rules
    GOVERNING = "governing-contract"  # 代理售后服务合同, in the place of the firm's warranty
    CONTRACT = "contract"  # 服务合同
    REPAIR = "repair"  # 维修保修, of a repair itself
    REPLACEMENT = "replacement"  # 换机保修, of the unit that took another's place


class CoverState(Enum):
    """How a cover stands on the day of the report."""

    RUNNING = "running"
    BEFORE = "before"  # it has not begun
    ENDED = "ended"
    NONE = "none"  # the rule says that there is none
    LOST = "lost"  # the unit changed hands, and it does not go with it
    REPLACED = "replaced"  # a contract governs instead
    UNKNOWN = "unknown"  # what it hangs on is missing


class TermState(Enum):
    """How the warranty as a whole stands: the answers to the question ``term``."""

    BEFORE = "before"
    IN = "in"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Missing:
    """What was not told, and what asks for it."""

    name: str
    where: str

    def error(self) -> MissingValue:
        """The error that asks for it."""
        return MissingValue(self.name, self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """One cover of one class of charges, and how it stands on the day of the report.

    ``start`` is its first day, ``until`` the first day after it. ``start`` is ``None`` where it is not known
    or has not come; ``until`` there, and where it lasts for ever. ``of`` is the repair whose warranty it is;
    ``missing`` is what an unknown one hangs on. ``clause`` is where the firm's rules or the contract say so,
    if that was told; of a contract that governs, where it says nothing itself, the rule by which it does.
    """

    name: str
    kind: CoverKind
    charge: ChargeClass
    gives: Coverage
    state: CoverState
    clause: Clause | None = None
    start: date | None = None
    until: date | None = None
    of: str = ""
    missing: Missing | None = None

    @property
    def last_day(self) -> date | None:
        """The last day that it covers; ``None`` where ``until`` is."""
        return None if self.until is None else self.until - timedelta(days=1)


_CLASSES: Final = tuple(ChargeClass)
_KINDS: Final = tuple(CoverKind)


class _Dates(NamedTuple):
    """From when until when, and how that stands if what is missing to tell is in its favour."""

    state: CoverState
    start: date | None = None
    until: date | None = None
    missing: Missing | None = None


class _Source(NamedTuple):
    """Where a cover comes from, and what it gives."""

    name: str
    kind: CoverKind
    gives: Coverage
    clause: Clause | None
    of: str = ""


class _Found(NamedTuple):
    """A cover, and how it stands if what is missing is in its favour."""

    cover: Cover
    at_best: CoverState


@dataclass(frozen=True, slots=True)
class Covers:
    """The covers of a claim, and how the warranty stands; where that is not known, what it asks.

    ``governed_by`` is the clause by which a contract takes the warranty's place, if one does.
    """

    found: tuple[_Found, ...]
    term: TermState | None
    term_asks: Missing | None
    governed_by: Clause | None

    @property
    def all(self) -> tuple[Cover, ...]:
        """Every cover: by class, kind, name and repair, whatever the order of rules and history."""
        return tuple(found.cover for found in self.found)

    def running(self, charge: ChargeClass) -> tuple[Cover, ...]:
        """The covers of that class that run."""
        return tuple(c for c in self.all if c.charge is charge and c.state is CoverState.RUNNING)

    def perhaps(self, charge: ChargeClass) -> tuple[tuple[Cover, Missing], ...]:
        """The covers of that class of which it is not known whether they run, and what each hangs on.

        They are the firm's own: of a contract it is known.
        """
        return tuple(
            (cover, cover.missing)
            for cover, at_best in self.found
            if cover.charge is charge and cover.missing is not None and at_best is CoverState.RUNNING
        )


def by_contract(cover: Cover) -> bool:
    """Whether a contract gives it, and not the firm by itself."""
    return cover.kind in (CoverKind.CONTRACT, CoverKind.GOVERNING)


def covers_of(rules: ServiceRules, claim: Claim, answers: Mapping[str, str]) -> Covers:
    """Every cover of ``claim``; ``answers`` are those of the claim with the defaults of the rules.

    Raises:
        InvalidValue: a term ends after the year 9999.
    """
    governed_by, undecided = _governing(rules, claim, answers)
    governed = governed_by is not None
    found = [
        each for named in rules.of(Warranty) for each in _warranty(named, claim, answers, governed=governed)
    ]
    if claim.replacement is not None:
        found += _replacement(claim.replacement, claim, governed=governed)
    term, asks = _term(sorted(found, key=_place))
    if governed:
        term, asks = TermState.IN, None
    if undecided is not None:
        found = [_doubted(each, undecided) for each in found]
        if term is not TermState.IN:
            term, asks = None, asks or undecided
    for contract in claim.contracts:
        found += _contract(contract, claim.reported_on, governed_by)
    known = answers if term is None else MappingProxyType({**answers, TERM: term.value})
    for repair in claim.repairs:
        found += _repair(rules, repair, claim, known, asks)
    return Covers(tuple(sorted(found, key=_place)), term, asks, governed_by)


def missing_of(left: tuple[str, ...], named: Named[R], term_asks: Missing | None) -> Missing | None:
    """The first of the questions that a rule still hangs on; for ``term``, what that hangs on itself."""
    if not left:
        return None
    return term_asks if left[0] == TERM and term_asks else Missing(left[0], f"which {named.name} asks about")


def _place(found: _Found) -> tuple[int, int, str, str]:
    cover = found.cover
    return (_CLASSES.index(cover.charge), _KINDS.index(cover.kind), cover.name, cover.of)


def _term(found: list[_Found]) -> tuple[TermState | None, Missing | None]:
    """How the warranty stands: in it while any class of any of its covers runs. Or else what that asks."""
    known = {each.cover.state for each in found if each.cover.missing is None}
    term = _term_of(known)
    for cover, at_best in found:
        if cover.missing is not None and _term_of({*known, at_best}) is not term:
            return None, cover.missing
    return term, None


def _term_of(states: set[CoverState]) -> TermState:
    if CoverState.RUNNING in states:
        return TermState.IN
    begun = CoverState.BEFORE not in states or CoverState.ENDED in states
    return TermState.AFTER if begun else TermState.BEFORE


def _governing(
    rules: ServiceRules, claim: Claim, answers: Mapping[str, str]
) -> tuple[Clause | None, Missing | None]:
    """By what clause a contract in force replaces the firm's warranty, or what that hangs on (AS-WARR-12)."""
    if not any(_governs(contract, claim.reported_on) for contract in claim.contracts):
        return None, None
    asks: list[Missing] = []
    for named in sorted(rules.of(Handling), key=lambda named: named.name):
        left = named.rule.when.open(answers) if named.rule.contract_governs else None
        if left is None:
            continue
        missing = missing_of(left, named, None)
        if missing is None:
            return named.clause, None
        asks.append(missing)
    return None, asks[0] if asks else None


def _governs(contract: ServiceContract, on: date) -> bool:
    return contract.governs and on in contract.term


def _doubted(found: _Found, undecided: Missing) -> _Found:
    """The same cover of the firm, where it is not known whether a contract takes its place."""
    cover, at_best = found
    if at_best is not CoverState.RUNNING:
        return found
    return _Found(replace(cover, state=CoverState.UNKNOWN, missing=cover.missing or undecided), at_best)


# --- when a cover runs --------------------------------------------------------------------------------


def _dates(lasting: Lasting, start: date | None, claim: Claim, rule: str) -> _Dates:
    """How a cover stands that begins with ``start`` (``None``: not yet) and lasts so long.

    What the contract leaves open, or that it grants none, decides nothing before the first day.
    """
    if lasting.none:
        return _Dates(CoverState.NONE)
    lasting = claim.given.get(lasting.given, lasting)
    until = None
    if start is not None and lasting.period is not None:
        until = _first_day_after(lasting.period, start)
    if start is None or start > claim.reported_on:
        return _Dates(CoverState.BEFORE, start, until)
    if lasting.given:
        missing = Missing(lasting.given, f"which {rule} leaves to the contract")
        return _Dates(CoverState.RUNNING, start, missing=missing)
    if lasting.none:
        return _Dates(CoverState.NONE)
    return _Dates(_state(start, until, claim.reported_on), start, until)


def _first_day_after(period: Period, start: date) -> date:
    last = period.after(start, EndOfMonth.CLAMP)
    if last == date.max:
        raise InvalidValue(
            "term", f"{period} from {start.isoformat()}", "one that ends before the year 10000"
        )
    return last + timedelta(days=1)


def _state(start: date, until: date | None, on: date) -> CoverState:
    if on < start:
        return CoverState.BEFORE
    return CoverState.RUNNING if until is None or on < until else CoverState.ENDED


def _found(
    source: _Source, charge: ChargeClass, dates: _Dates, missing: Missing | None = None
) -> Iterator[_Found]:
    """The cover of one class with those dates; ``missing`` is what it hangs on besides."""
    missing = dates.missing or missing
    if missing is not None and dates.state is CoverState.NONE:
        return
    cover = Cover(
        name=source.name,
        kind=source.kind,
        charge=charge,
        gives=source.gives,
        state=dates.state if missing is None else CoverState.UNKNOWN,
        clause=source.clause,
        start=dates.start,
        until=dates.until,
        of=source.of,
        missing=missing,
    )
    yield _Found(cover, dates.state)


def _warranty(
    named: Named[Warranty], claim: Claim, answers: Mapping[str, str], *, governed: bool
) -> Iterator[_Found]:
    """What the firm warrants, for each class by its own term."""
    rule = named.rule
    left = rule.when.open(answers)
    if left is None:
        return
    missing = missing_of(left, named, None)
    source = _Source(named.name, CoverKind.WARRANTY, Coverage.FREE, named.clause)
    for charge in ChargeClass:
        lasting = rule.lasting(charge)
        if lasting.none:
            dates = _Dates(CoverState.NONE)
        elif governed:
            dates = _Dates(CoverState.REPLACED)
        elif claim.transferred and not rule.transferable:
            dates = _Dates(CoverState.LOST)
        else:
            dates = _warranted(named, lasting, claim)
        yield from _found(source, charge, dates, missing)


def _warranted(named: Named[Warranty], lasting: Lasting, claim: Claim) -> _Dates:
    rule = named.rule
    known = {Event.REPORTED: claim.reported_on, **claim.dates}
    if rule.since not in known:
        missing = Missing(rule.since.value, f"as a date, which {named.name} counts from")
        granted = not claim.given.get(lasting.given, lasting).none
        return _Dates(CoverState.RUNNING if granted else CoverState.BEFORE, missing=missing)
    start = known[rule.since]
    if start is not None and rule.after is not None:
        start = rule.after.after(start, EndOfMonth.CLAMP)
    return _dates(lasting, start, claim, named.name)


def _contract(contract: ServiceContract, on: date, governed_by: Clause | None) -> Iterator[_Found]:
    term, kind, clause = contract.term, CoverKind.CONTRACT, contract.clause
    if governed_by is not None and _governs(contract, on):
        kind, clause = CoverKind.GOVERNING, clause or governed_by
    source = _Source(contract.name, kind, contract.gives, clause)
    for charge in contract.classes:
        yield from _found(source, charge, _Dates(_state(term.start, term.until, on), term.start, term.until))


def _replacement(replacement: Replacement, claim: Claim, *, governed: bool) -> Iterator[_Found]:
    """The own term of a replacement unit; what was left of the other one's goes on by its own dates."""
    source = _Source("replacement", CoverKind.REPLACEMENT, Coverage.FREE, replacement.clause)
    dates = _dates(replacement.lasting, replacement.on, claim, source.name)
    for charge in replacement.classes:
        yield from _found(source, charge, _Dates(CoverState.REPLACED) if governed else dates)


def _repair(
    rules: ServiceRules,
    repair: PastRepair,
    claim: Claim,
    answers: Mapping[str, str],
    term_asks: Missing | None,
) -> Iterator[_Found]:
    """The warranty of a repair, if the fault is the same: its own one, and those of the firm's rules."""
    if claim.fault_group not in ("", repair.fault_group):
        return
    of_it = answers if repair.coverage is None else {**answers, COVERAGE: repair.coverage.value}
    if repair.lasting is not None:
        source = _Source(repair.ref, CoverKind.REPAIR, Coverage.FREE, repair.clause, repair.ref)
        yield from _repaired(source, repair, claim, repair.lasting, None)
    for named in rules.of(RepairWarranty):
        left = named.rule.when.open(of_it)
        if left is not None:
            missing = missing_of(left, named, term_asks)
            if left[:1] == (COVERAGE,):
                missing = Missing(f"{COVERAGE} of repair {repair.ref}", f"which {named.name} asks about")
            source = _Source(named.name, CoverKind.REPAIR, Coverage.FREE, named.clause, repair.ref)
            yield from _repaired(source, repair, claim, named.rule.lasting, missing)


def _repaired(
    source: _Source, repair: PastRepair, claim: Claim, lasting: Lasting, missing: Missing | None
) -> Iterator[_Found]:
    dates = _dates(lasting, repair.finished_on, claim, source.name)
    if not claim.fault_group:
        missing = Missing(FAULT_GROUP, f"which the warranty of repair {repair.ref} asks about")
    for charge in ChargeClass:
        if charge is ChargeClass.PARTS and repair.parts and not claim.part:
            part = Missing(PART, f"which the warranty of repair {repair.ref} asks about")
            yield from _found(source, charge, dates, missing or part)
        elif charge is not ChargeClass.PARTS or not repair.parts or claim.part in repair.parts:
            yield from _found(source, charge, dates, missing)
