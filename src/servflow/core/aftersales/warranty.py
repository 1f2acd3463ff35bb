"""What a warranty covers (保修判定): the rules, the contracts, the history and the claim to a verdict.

1. A claim is judged as of the day of its report, on the date of the site.
2. Three stages, each blind to the order of its rules. Covers: a class of charges is free if a cover of it
   runs that day, by contract if only a contract covers it, else paid; the best one wins and all are listed.
   Exclusions that hold make the firm's own covers dearer, but no contract. Grants that hold make it cheaper,
   whatever its cover.
3. What is missing is asked for where it decides, and never guessed.

The three stages and their reasons stand in one file, so that a verdict is read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import chain
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, TypeVar

from servflow.core.aftersales.circumstances import COVERAGE, DISTANCE, TERM, When
from servflow.core.aftersales.claims import (
    PART,
    Claim,
    PastRepair,
    Replacement,
    ServiceContract,
)
from servflow.core.aftersales.covers import (
    Cover,
    CoverKind,
    Covers,
    CoverState,
    Missing,
    TermState,
    by_contract,
    covers_of,
    missing_of,
)
from servflow.core.aftersales.policy import Exclusion, Grant, Handling, Named, ServiceRules
from servflow.core.aftersales.words import Bearer, ChargeClass, Coverage
from servflow.core.citations import Clause, Reason
from servflow.core.errors import ConflictingRules, InvalidValue

__all__ = [
    "Claim",
    "Cover",
    "CoverKind",
    "CoverState",
    "Missing",
    "PastRepair",
    "Replacement",
    "Ruling",
    "ServiceContract",
    "TermState",
    "Verdict",
    "verdict",
]

R = TypeVar("R", Exclusion, Grant, Handling)

_DEARNESS: Final = (Coverage.FREE, Coverage.CONTRACT, Coverage.AT_COST, Coverage.PAID)
"""From the cheapest to the dearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was decided for one class of charges.

    ``basis`` are the names of the covers or rules that decide it, in alphabetical order; none: nothing
    covers it. ``borne_by`` is the clause that names the bearer; none: no rule does. ``cover`` is the best
    cover that runs, a contract where only that counts, or else the one that ended last, or begins first.
    """

    charge: ChargeClass
    coverage: Coverage
    bearer: Bearer
    basis: tuple[str, ...]
    clauses: tuple[Clause, ...]
    borne_by: tuple[Clause, ...] = ()
    cover: Cover | None = None

    @property
    def until(self) -> date | None:
        """The first day that ``cover`` does not cover; ``None``: for ever, not begun, or none."""
        return None if self.cover is None else self.cover.until

    @property
    def last_day(self) -> date | None:
        """The last day that ``cover`` covers; ``None`` where ``until`` is."""
        return None if self.cover is None else self.cover.last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on a claim (保修判定), and why.

    ``term`` is how the warranty as a whole stands: in it while any class of it is warranted; ``None``: not
    known, and nothing hangs on it. ``repeat`` is the repair that this one would repeat, be it free or not.
    ``discount``: parts at a discount price. ``refer``, ``through`` (one after the other), ``notify`` and
    ``may_refuse`` are those of ``Handling``. ``version`` names the rules it stands on.
    """

    reported_on: date
    term: TermState | None
    parts: Ruling
    labour: Ruling
    travel: Ruling
    covers: tuple[Cover, ...]
    discount: bool = False
    repeat: PastRepair | None = None
    refer: str = ""
    through: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    may_refuse: bool = False
    reasons: tuple[Reason, ...] = ()
    version: str = ""

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """Parts, labour, travel."""
        return (self.parts, self.labour, self.travel)

    @property
    def coverage(self) -> Coverage:
        """The dearest of the three: what the question ``coverage`` asks of the case as a whole."""
        return _dearest(ruling.coverage for ruling in self.rulings)

    @property
    def rework(self) -> bool:
        """Whether it is a repeat whose labour is free: the firm does its work again (返修)."""
        return self.repeat is not None and self.labour.coverage is Coverage.FREE


def verdict(rules: ServiceRules, claim: Claim) -> Verdict:
    """The verdict on ``claim`` by ``rules``, whatever the order of rules, contracts and repairs.

    It asks what the rules ask, such as whether the product is the firm's, whether the customer caused the
    fault, and whether the warranty runs (AS-WARR-5). After the warranty everything is paid, unless a
    contract says otherwise (AS-WARR-21).

    Raises:
        InvalidValue: a question or an answer that the rules do not know, an answer to ``term`` or
            ``coverage``, a distance measured in another way than the bands, or a term that ends after the
            year 9999.
        MissingValue: an answer, a date, a term, the part or the fault group is missing, and the verdict hangs
            on it.
        ConflictingRules: two rules of handling hold and disagree on the bearer or where the matter goes.
    """
    answers = _answers(rules, claim)
    covers = covers_of(rules, claim, answers)
    if covers.term is not None:
        answers = MappingProxyType({**answers, TERM: covers.term.value})
    exclusions = _known([(n, n.rule.when) for n in rules.of(Exclusion)], answers, covers)
    grants = _known([(n, n.rule.when) for n in rules.of(Grant)], answers, covers)
    decided = tuple(_decided(charge, covers, exclusions, grants) for charge in ChargeClass)
    overall = _dearest(each.coverage for each in decided)
    left = any(each.warranted or each.asks is not None for each in decided)
    handled = _handled(rules, MappingProxyType({**answers, COVERAGE: overall.value}), covers, left=left)
    repeat = _repeat(claim, covers)
    discounted = _discounted(decided[0], covers, exclusions)
    parts, labour, travel = (_ruling(each, handled) for each in decided)
    reasons = (
        *(reason for each in decided for reason in _stands(each, covers)),
        *_set_aside(covers),
        *_changes(decided, exclusions, grants, answers),
        *(_discount(named) for named in discounted),
        *([] if repeat is None else [_repeats(*repeat, decided[1].coverage)]),
        *(_handling(said, clause) for said, clause in handled.items()),
    )
    return Verdict(
        reported_on=claim.reported_on,
        term=covers.term,
        parts=parts,
        labour=labour,
        travel=travel,
        covers=covers.all,
        discount=bool(discounted),
        repeat=None if repeat is None else repeat[0],
        refer=_one(handled, _What.REFER),
        through=next((said.way for said in _each(handled, _What.THROUGH)), ()),
        notify=tuple(sorted(said.value for said in _each(handled, _What.NOTIFY))),
        may_refuse=bool(_each(handled, _What.MAY_REFUSE)),
        reasons=reasons,
        version=rules.version,
    )


def _answers(rules: ServiceRules, claim: Claim) -> Mapping[str, str]:
    """The answers with the defaults of the rules, the part and the band of the distance."""
    for question in (TERM, COVERAGE):
        if question in claim.answers:
            raise InvalidValue(question, claim.answers[question], "no answer; the verdict answers it")
    of_part = {PART: claim.part} if claim.part and PART in rules.questions else {}
    answers = dict(rules.answered({**of_part, **claim.answers}))
    distances = rules.distances
    if distances is not None and (claim.distance is not None or distances.unknown is not None):
        answers[DISTANCE] = distances.band(claim.distance)
    return MappingProxyType(answers)


# --- what the classes of charges come to ---------------------------------------------------------------


def _dearness(coverage: Coverage) -> int:
    return _DEARNESS.index(coverage)


def _dearest(found: Iterable[Coverage]) -> Coverage:
    return max(found, key=_dearness)


def _cheapest(found: Iterable[Coverage]) -> Coverage:
    return min(found, key=_dearness)


class _Known(NamedTuple, Generic[R]):
    """The rules of one kind that hold, and those that may, with what they hang on; by name."""

    holding: tuple[Named[R], ...]
    perhaps: tuple[tuple[Named[R], Missing], ...]


def _known(found: Iterable[tuple[Named[R], When]], answers: Mapping[str, str], covers: Covers) -> _Known[R]:
    holding, perhaps = [], []
    for named, when in sorted(found, key=lambda each: each[0].name):
        left = when.open(answers)
        if left is None:
            continue
        missing = missing_of(left, named, covers.term_asks)
        if missing is None:
            holding.append(named)
        else:
            perhaps.append((named, missing))
    return _Known(tuple(holding), tuple(perhaps))


class _Decided(NamedTuple):
    """One class of charges: what its covers give, what it comes to, and the rules that changed it.

    ``own``: what the firm gives by itself. ``warranted``: that, with its exclusions, is enough for the
    customer not to pay; where it is not known, ``asks`` is what that hangs on. ``exclusions`` made the class
    dearer; ``barred`` are those that would have made it dearer, if a contract did not give it.
    """

    charge: ChargeClass
    cover: Cover | None
    own: Coverage
    coverage: Coverage
    warranted: bool
    asks: Missing | None
    exclusions: tuple[Named[Exclusion], ...]
    barred: tuple[Named[Exclusion], ...]
    grants: tuple[Named[Grant], ...]


def _decided(
    charge: ChargeClass, covers: Covers, exclusions: _Known[Exclusion], grants: _Known[Grant]
) -> _Decided:
    """What the class comes to.

    What is unknown decides where all of it in the customer's favour comes cheaper than none of it. Then
    something is asked for that makes a difference by itself; there always is such a thing.
    """
    running = covers.running(charge)
    contracted = _cheapest([Coverage.PAID, *(cover.gives for cover in running if by_contract(cover))])
    own = _cheapest([Coverage.PAID, *(cover.gives for cover in running if not by_contract(cover))])
    own_at_best = _cheapest([own, *(cover.gives for cover, _ in covers.perhaps(charge))])
    raised = [named for named in exclusions.holding if charge in named.rule.classes]
    may_raise = [each for each in exclusions.perhaps if charge in each[0].rule.classes]
    lowered = [named for named in grants.holding if charge in named.rule.classes]
    may_lower = [each for each in grants.perhaps if charge in each[0].rule.classes]

    least = _dearest([Coverage.FREE, *(named.rule.outcome for named in raised)])
    least_at_worst = _dearest([least, *(named.rule.outcome for named, _ in may_raise)])
    most = _cheapest([contracted, *(named.rule.outcome for named in lowered)])
    most_at_best = _cheapest([most, *(named.rule.outcome for named, _ in may_lower)])
    dear = _cheapest([most, _dearest([own, least_at_worst])])
    cheap = _cheapest([most_at_best, _dearest([own_at_best, least])])
    if dear is not cheap:
        by_cover = (
            missing
            for cover, missing in covers.perhaps(charge)
            if _cheapest([most, _dearest([cover.gives, least_at_worst])]) is not dear
        )
        by_exclusion = (
            missing
            for named, missing in may_raise
            if _cheapest([most_at_best, _dearest([own_at_best, least, named.rule.outcome])]) is not cheap
        )
        by_grant = (
            missing for named, missing in may_lower if _cheapest([dear, named.rule.outcome]) is not dear
        )
        raise next(chain(by_cover, by_exclusion, by_grant)).error()

    unpaid = _dearness(dear) < _dearness(Coverage.AT_COST)
    warranted = unpaid and _dearest([own, least_at_worst]) is dear
    asks = None
    if unpaid and not warranted and _dearest([own_at_best, least]) is dear:
        of_cover = (
            missing
            for cover, missing in covers.perhaps(charge)
            if _dearest([cover.gives, least_at_worst]) is dear
        )
        of_exclusion = (
            missing
            for named, missing in may_raise
            if _dearest([own_at_best, least, named.rule.outcome]) is not dear
        )
        asks = next(chain(of_cover, of_exclusion))

    excluded = _dearest([own, least])
    covered = _cheapest([contracted, excluded])
    raising = tuple(n for n in raised if _dearness(n.rule.outcome) > _dearness(own_at_best))
    counts = _dearness(excluded) <= _dearness(contracted)
    return _Decided(
        charge=charge,
        cover=_best(charge, covers, [c for c in running if counts or by_contract(c)]),
        own=own,
        coverage=dear,
        warranted=warranted,
        asks=asks,
        exclusions=tuple(n for n in raising if counts and n.rule.outcome is excluded),
        barred=() if counts else raising,
        grants=tuple(n for n in lowered if _dearness(n.rule.outcome) < _dearness(covered)),
    )


def _best(charge: ChargeClass, covers: Covers, running: list[Cover]) -> Cover | None:
    """The cover that gives most and lasts longest; if none runs, that ended last, or else begins first."""
    if running:
        return min(running, key=lambda cover: (_dearness(cover.gives), *_longest_first(cover)))
    others = [cover for cover in covers.all if cover.charge is charge]
    ended = [cover for cover in others if cover.state is CoverState.ENDED]
    before = [cover for cover in others if cover.state is CoverState.BEFORE]
    begins = min(before, key=lambda cover: cover.start or date.max, default=None)
    return min(ended, key=_longest_first, default=begins)


def _longest_first(cover: Cover) -> tuple[bool, int]:
    return (cover.until is not None, -(cover.until or date.max).toordinal())


def _discounted(
    parts: _Decided, covers: Covers, exclusions: _Known[Exclusion]
) -> tuple[Named[Exclusion], ...]:
    """The exclusions that grant the discount price on parts: all that made them paid, or none (AS-WARR-3).

    Parts that are paid anyway have no discount: an exclusion never makes anything cheaper.
    """
    made_paid = tuple(named for named in exclusions.holding if _makes_parts_paid(named.rule))
    granted = made_paid and all(named.rule.discount for named in made_paid)
    if not granted or parts.coverage is not Coverage.PAID:
        return ()
    covered = parts.own is not Coverage.PAID
    asked = [missing for _, missing in covers.perhaps(ChargeClass.PARTS) if not covered]
    asked += [
        missing
        for named, missing in exclusions.perhaps
        if covered and _makes_parts_paid(named.rule) and not named.rule.discount
    ]
    if asked:
        raise asked[0].error()
    return made_paid if covered else ()


def _makes_parts_paid(rule: Exclusion) -> bool:
    return rule.outcome is Coverage.PAID and ChargeClass.PARTS in rule.classes


def _repeat(claim: Claim, covers: Covers) -> tuple[PastRepair, Cover] | None:
    """The last repair of the same fault whose warranty runs, and that warranty (AS-QA-5)."""
    running = {cover.of: cover for cover in covers.running(ChargeClass.LABOUR) if cover.of}
    perhaps = {cover.of: missing for cover, missing in covers.perhaps(ChargeClass.LABOUR) if cover.of}
    for repair in sorted(claim.repairs, key=lambda repair: (repair.finished_on, repair.ref), reverse=True):
        if repair.ref in running:
            of_it = [cover for cover in covers.running(ChargeClass.LABOUR) if cover.of == repair.ref]
            return repair, min(of_it, key=_longest_first)
        if repair.ref in perhaps:
            raise perhaps[repair.ref].error()
    return None


# --- how the matter is handled -------------------------------------------------------------------------


class _What(Enum):
    """What a rule of handling says something about."""

    BEARER = "bearer"
    REFER = "refer"
    THROUGH = "through"
    NOTIFY = "notify"
    MAY_REFUSE = "may-refuse"


class _Said(NamedTuple):
    """One thing that a rule of handling says."""

    what: _What
    value: str
    all_of_it: bool = False
    way: tuple[str, ...] = ()


def _says(rule: Handling, *, left: bool) -> Iterator[_Said]:
    """What the rule says; who bears what the warranty makes free is nothing, where it makes nothing free."""
    if rule.bearer is not None and (left or rule.all_of_it):
        yield _Said(_What.BEARER, rule.bearer.value, rule.all_of_it)
    if rule.refer:
        yield _Said(_What.REFER, rule.refer)
    if rule.through:
        yield _Said(_What.THROUGH, ", ".join(rule.through), way=rule.through)
    yield from (_Said(_What.NOTIFY, who) for who in rule.notify)
    if rule.may_refuse:
        yield _Said(_What.MAY_REFUSE, "")


_Handled = Mapping[_Said, Clause]
"""What the rules of handling say that hold, each with a clause that says so."""


def _handled(rules: ServiceRules, answers: Mapping[str, str], covers: Covers, *, left: bool) -> _Handled:
    """What the rules of handling say that hold; ``left``: the firm's warranty makes something free, or may.

    Raises:
        ConflictingRules: two of them disagree.
        MissingValue: one may hold, and says something that the others do not.
    """
    known = _known([(named, named.rule.when) for named in rules.of(Handling)], answers, covers)
    said: dict[_Said, Clause] = {}
    by: dict[_What, tuple[_Said, str]] = {}
    for named in known.holding:
        for each in _says(named.rule, left=left):
            first, name = by.setdefault(each.what, (each, named.name))
            if each != first and each.what in (_What.BEARER, _What.REFER, _What.THROUGH):
                raise ConflictingRules((name, named.name))
            said.setdefault(each, named.clause)
    for named, missing in known.perhaps:
        if not said.keys() >= set(_says(named.rule, left=left)):
            raise missing.error()
    return said


def _each(handled: _Handled, what: _What) -> tuple[_Said, ...]:
    return tuple(said for said in handled if said.what == what)


def _one(handled: _Handled, what: _What) -> str:
    return next((said.value for said in _each(handled, what)), "")


def _ruling(decided: _Decided, handled: _Handled) -> Ruling:
    cover = decided.cover
    by: tuple[tuple[str, Clause | None], ...] = ()
    changed = decided.grants or decided.exclusions
    if changed:
        by = tuple((n.name, n.clause) for n in changed if n.rule.outcome is decided.coverage)
    elif cover is not None and decided.coverage is not Coverage.PAID:
        by = ((cover.name, cover.clause),)
    bearer, borne_by = _bearer(decided, handled)
    return Ruling(
        charge=decided.charge,
        coverage=decided.coverage,
        bearer=bearer,
        basis=tuple(name for name, _ in by),
        clauses=tuple(dict.fromkeys(clause for _, clause in by if clause is not None)),
        borne_by=borne_by,
        cover=cover,
    )


def _bearer(decided: _Decided, handled: _Handled) -> tuple[Bearer, tuple[Clause, ...]]:
    """Who bears it, and who says so: the customer what he pays, the firm what a grant or a contract gives.

    Whom the rules name bears what the firm's own warranty makes free, or everything.
    """
    said = next(iter(_each(handled, _What.BEARER)), None)
    if said is not None and not said.all_of_it and decided.asks is not None:
        raise decided.asks.error()
    if said is not None and (said.all_of_it or decided.warranted):
        return Bearer(said.value), (handled[said],)
    paid = decided.coverage in (Coverage.AT_COST, Coverage.PAID)
    return Bearer.CUSTOMER if paid else Bearer.FIRM, ()


# --- why ---------------------------------------------------------------------------------------------


def _stands(decided: _Decided, covers: Covers) -> Iterator[Reason]:
    """How the cover stands that the ruling on a class names, or that there is none, or none that is known."""
    if decided.cover is not None:
        yield _stand(decided.cover)
        return
    charge = decided.charge.value
    others = [c for c in covers.all if c.charge is decided.charge and c.state is not CoverState.NONE]
    if not others:
        yield Reason("warranty.nothing", None, (("charge", charge),))
    for cover in others:
        if cover.missing is not None:
            kind, name, of, asks = cover.kind.value, _called(cover), cover.of, cover.missing.name
            yield Reason(
                "warranty.unknown",
                cover.clause,
                (("charge", charge), ("kind", kind), ("name", name), ("of", of), ("asks", asks)),
            )


def _called(cover: Cover) -> str:
    """The name of a cover, if that says more than what kind it is, or of what repair."""
    return "" if cover.name in (cover.kind.value, cover.of) else cover.name


def _stand(cover: Cover) -> Reason:
    charge = cover.charge.value
    name, kind, of, clause = _called(cover), cover.kind.value, cover.of, cover.clause
    first, last = cover.start or "", cover.last_day or ""
    if cover.state is CoverState.BEFORE:
        return Reason(
            "warranty.not-begun",
            clause,
            (("charge", charge), ("kind", kind), ("name", name), ("first", first)),
        )
    if cover.state is CoverState.ENDED:
        return Reason(
            "warranty.ended",
            clause,
            (("charge", charge), ("kind", kind), ("name", name), ("of", of), ("last", last)),
        )
    if cover.until is None:
        return Reason(
            "warranty.for-life",
            clause,
            (("charge", charge), ("kind", kind), ("name", name), ("of", of), ("first", first)),
        )
    return Reason(
        "warranty.runs",
        clause,
        (("charge", charge), ("kind", kind), ("name", name), ("of", of), ("first", first), ("last", last)),
    )


def _set_aside(covers: Covers) -> Iterator[Reason]:
    """The warranties that do not count: the unit changed hands, or a contract governs."""
    for state, name, kind, clause in dict.fromkeys(
        (c.state, _called(c), c.kind.value, c.clause) for c in covers.all
    ):
        if state is CoverState.LOST:
            yield Reason("warranty.lost", clause, (("kind", kind), ("name", name)))
        elif state is CoverState.REPLACED:
            yield Reason("warranty.replaced", covers.governed_by, (("kind", kind), ("name", name)))


def _changes(
    decided: tuple[_Decided, ...],
    exclusions: _Known[Exclusion],
    grants: _Known[Grant],
    answers: Mapping[str, str],
) -> Iterator[Reason]:
    """The exclusions and the grants that changed something, or would have changed it without a contract."""
    for dearer in exclusions.holding:
        because = _because(dearer.rule.when, answers)
        if charges := _charges(each.charge for each in decided if dearer in each.exclusions):
            yield _change("warranty.excluded", dearer, charges, because)
        if charges := _charges(each.charge for each in decided if dearer in each.barred):
            yield _change("warranty.barred", dearer, charges, because)
    for cheaper in grants.holding:
        if charges := _charges(each.charge for each in decided if cheaper in each.grants):
            yield _change("warranty.granted", cheaper, charges, _because(cheaper.rule.when, answers))


def _charges(found: Iterable[ChargeClass]) -> str:
    return ", ".join(charge.value for charge in found)


def _change(code: str, named: Named[Exclusion] | Named[Grant], charges: str, because: str) -> Reason:
    outcome, name = named.rule.outcome.value, named.name
    return Reason(
        code,
        named.clause,
        (("charges", charges), ("outcome", outcome), ("name", name), ("because", because)),
    )


def _because(when: When, answers: Mapping[str, str]) -> str:
    """The answers that a rule stands on: ``cause.misuse, term.in``."""
    return ", ".join(f"{question}.{answers[question]}" for question, _ in when.conditions)


def _discount(named: Named[Exclusion]) -> Reason:
    return Reason("warranty.discount", named.clause, (("name", named.name),))


def _repeats(repair: PastRepair, cover: Cover, labour: Coverage) -> Reason:
    return Reason(
        "warranty.repeat" if labour is Coverage.FREE else "warranty.repeat-not-free",
        cover.clause,
        (
            ("repair", repair.ref),
            ("finished", repair.finished_on),
            ("fault", repair.fault_group),
            ("last", cover.last_day or ""),
        ),
    )


def _handling(said: _Said, clause: Clause) -> Reason:
    match said.what:
        case _What.BEARER if said.all_of_it:
            return Reason("warranty.all-borne-by", clause, (("bearer", said.value),))
        case _What.BEARER:
            return Reason("warranty.borne-by", clause, (("bearer", said.value),))
        case _What.REFER:
            return Reason("warranty.refer", clause, (("to", said.value),))
        case _What.THROUGH:
            return Reason("warranty.through", clause, (("who", said.value),))
        case _What.NOTIFY:
            return Reason("warranty.notify", clause, (("who", said.value),))
    return Reason("warranty.may-refuse", clause)
