"""The laws that fees keep, to be tried on any rule, calendar, rounding, allocation or ledger.

1. A law is a function. It returns if the law holds for what it is given, and raises ``LawBroken`` if it
   does not. What it is about is an argument, so that a form of your own is tried as ours is.
2. ``LAWS`` are those that are about one rule. ``laws_for`` gives the ones that apply to it,
   ``check_rule`` looks for facts that break one.
3. Every number from 1 to 22 has at least one function here. Number 22 is about the text form and the
   compiled form; there is no SQL form yet.

This file is long because it holds every law, each beside its like.
"""

from __future__ import annotations

import decimal
import locale
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import partial
from traceback import walk_tb
from typing import Any, Final, Protocol, TypeVar

from servflow.core.citations import Dated
from servflow.core.dates import day_of
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingExtra, MissingValue
from servflow.core.fees import (
    AsOf,
    Bracket,
    Cap,
    Charge,
    Choose,
    Compound,
    Counting,
    DayCount,
    DayCountConvention,
    Expression,
    FactKind,
    Facts,
    Fixed,
    Flat,
    Floor,
    Given,
    Less,
    MaxOf,
    Measure,
    MinOf,
    OpenDays,
    OpenDaysCalendar,
    OpenMinutes,
    Operation,
    OverBalance,
    Percent,
    Rounded,
    Rule,
    Scale,
    Segmented,
    Special,
    Step,
    Sum,
    Tiered,
    Tiering,
    When,
    Zero,
    evaluate,
    facts_read,
    missing,
    replay,
)
from servflow.core.fees import assessment as books
from servflow.core.fees.assessment import Obligation, Posted, posted_for, settle
from servflow.core.fees.charges import MOST_PERIODS
from servflow.core.fees.compiled import compiled, parameter
from servflow.core.fees.measures import Pair, RoundedQuantity
from servflow.core.fees.text import parse, text_of
from servflow.core.ledger import Account, AccountKind, Posting, Settlement, balance, trial_balance
from servflow.core.ledger import settlement as settled
from servflow.core.money import Money, Rounding, total
from servflow.core.worktime import Calendar, Hours
from servflow.testing import strategies
from servflow.testing._broken import STATEMENTS, LawBroken, Trial, Untried, rule_text, value_text
from servflow.testing._splitting import Splitting, splitting
from servflow.testing._trees import bare, calendars_in, nodes, rebuilt, spans_in, starts_in

try:
    from hypothesis import HealthCheck, Verbosity, given, reject, settings
    from hypothesis import strategies as st
    from hypothesis.errors import Flaky, HypothesisException, Unsatisfiable
except ImportError as error:
    raise MissingExtra("hypothesis", "testing") from error

__all__ = [
    "LAWS",
    "STATEMENTS",
    "Assess",
    "Law",
    "LawBroken",
    "Splitting",
    "Untried",
    "accrues",
    "agree",
    "allocates",
    "appended",
    "bounded",
    "capped",
    "check_law",
    "check_rule",
    "cited",
    "compiles",
    "compounds",
    "conserved",
    "deterministic",
    "distributes",
    "explained",
    "floored",
    "follows",
    "graced",
    "graduated",
    "greatest",
    "homogeneous",
    "keeps_the_past",
    "laws_for",
    "linear",
    "local",
    "monotone",
    "needs",
    "never_negative",
    "one_currency",
    "orderless",
    "partitions",
    "periods_split",
    "reads_back",
    "refused_above_a_cap",
    "rounds",
    "rounds_parts",
    "rounds_within",
    "said_again",
    "splits",
    "splitting",
    "summed",
]

T = TypeVar("T")


def _derived(expression: Expression, facts: Facts) -> Step:
    return expression.derive(facts)


def _worth(expression: Expression, facts: Facts) -> Fraction:
    return _derived(expression, facts).exact


def _charge(rule: Rule, facts: Facts) -> Charge:
    return evaluate(rule if rule.whole else Rounded(rule, Rounding.HALF_UP), facts)


def _asked_last(error: BaseException, facts: Facts) -> Facts:
    """The facts on which a rule raised it, which a law may have changed; ``facts`` if it was not asked."""
    for frame, _ in walk_tb(error.__traceback__):
        if frame.f_code in {_derived.__code__, _charge.__code__}:
            facts = frame.f_locals["facts"]
    return facts


def _outcome(work: Callable[[], T]) -> T | type[Exception]:
    """What it gives, or which error it is."""
    try:
        return work()
    except (MissingValue, ConflictingRules, CurrencyMismatch) as error:
        return type(error)


def _with(facts: Facts, kind: FactKind, **values: Any) -> Facts:
    return replace(facts, **{kind.value: {**getattr(facts, kind.value), **values}})


def _without(facts: Facts, kind: FactKind, name: str) -> Facts:
    values = {each: value for each, value in getattr(facts, kind.value).items() if each != name}
    return replace(facts, **{kind.value: values})


# --- 1 and 2: the same for ever, and never a credit --------------------------------------------------


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Another decimal context and, where one is installed, another locale."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("de_DE.UTF-8", "zh_CN.UTF-8", "C.UTF-8", "C"):
            try:
                other = locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            if other != before:
                break
        with decimal.localcontext(decimal.Context(prec=1, rounding=decimal.ROUND_UP)):
            yield
    finally:
        locale.setlocale(locale.LC_ALL, before)


def deterministic(rule: Expression, facts: Facts) -> None:
    """1. Asked again, under another decimal context and locale, it derives the same, step by step.

    Raises:
        LawBroken: it does not.
    """
    trial = Trial(1, rule, facts)
    first = _derived(rule, facts)
    again = _derived(rule, facts)
    trial.require(f"{first.exact} first, {again.exact} when asked again", that=first == again)
    with _elsewhere():
        other = _derived(rule, facts)
    trial.require(
        f"{first.exact} here, {other.exact} under another decimal context and locale", that=first == other
    )
    said = {kind.value: dict(reversed(getattr(facts, kind.value).items())) for kind in FactKind}
    turned = _derived(rule, Facts(**said))
    trial.require(
        f"{first.exact}, but {turned.exact} if the facts come in another order", that=first == turned
    )


def never_negative(rule: Expression, facts: Facts) -> None:
    """2. No step comes to less than nothing.

    Raises:
        LawBroken: one does.
    """
    trial = Trial(2, rule, facts)
    for _, step in _derived(rule, facts).lines():
        trial.require(f"{step.operation.value} came to {step.exact} {step.unit}", that=step.exact >= 0)


# --- 3 to 6: more and less, limits, sums --------------------------------------------------------------


def monotone(rule: Expression, facts: Facts, more: Facts, name: str) -> None:
    """3. From ``facts`` to ``more``, which differ by the fact ``name`` growing, it moves as it says.

    Raises:
        LawBroken: it does not.
    """
    before, after = _worth(rule, facts), _worth(rule, more)
    trend = rule.trends.get(name, 0)
    kind = facts_read(rule).get(name)
    grown = f" to {value_text(more.get(kind, name))}" if kind else ""
    never = "falls" if trend > 0 else "rises"
    Trial(3, rule, facts).require(
        f"{name} grew{grown}: {before} before, {after} after; it says it never {never}",
        that=(after - before) * trend >= 0,
    )


def bounded(rule: Rule, facts: Facts) -> None:
    """4. It never comes to more than the bound that it knows without any facts.

    Raises:
        LawBroken: it does.
    """
    worth, most, bound = _worth(rule, facts), rule.most, rule.bound
    trial = Trial(4, rule, facts)
    trial.require(f"{worth} above its bound of {most}", that=most is None or worth <= most)
    trial.require(f"{worth} above its bound of {bound}", that=bound is None or worth <= bound.minor)


def capped(
    rule: Rule,
    limit: Rule,
    other: Rule,
    facts: Facts,
    *,
    cap: Callable[[Rule, Rule], Rule] = Cap,
) -> None:
    """4. A capped rule is at most its limit, at most the rule, and one of them; caps repeat and commute.

    Raises:
        LawBroken: it is not, or they do not.
    """
    free, most = _worth(rule, facts), _worth(limit, facts)
    once = cap(rule, limit)
    worth = _worth(once, facts)
    trial = Trial(4, once, facts)
    trial.require(f"{worth}, of {free} capped at {most}", that=worth == min(free, most))
    again = _worth(cap(once, limit), facts)
    trial.require(f"capped once {worth}, twice {again}", that=again == worth)
    one, turned = _worth(cap(once, other), facts), _worth(cap(cap(rule, other), limit), facts)
    trial.require(f"two caps give {one}, the other way round {turned}", that=one == turned)


def floored(
    rule: Rule,
    limit: Rule,
    other: Rule,
    facts: Facts,
    *,
    floor: Callable[[Rule, Rule], Rule] = Floor,
) -> None:
    """5. A floored rule is at least its limit, at least the rule, and one of them; floors repeat, commute.

    Raises:
        LawBroken: it is not, or they do not.
    """
    free, least = _worth(rule, facts), _worth(limit, facts)
    once = floor(rule, limit)
    worth = _worth(once, facts)
    trial = Trial(5, once, facts)
    trial.require(f"{worth}, of {free} with a floor of {least}", that=worth == max(free, least))
    again = _worth(floor(once, limit), facts)
    trial.require(f"floored once {worth}, twice {again}", that=again == worth)
    one, turned = _worth(floor(once, other), facts), _worth(floor(floor(rule, other), limit), facts)
    trial.require(f"two floors give {one}, the other way round {turned}", that=one == turned)


def refused_above_a_cap(
    rule: Rule,
    low: Money,
    high: Money,
    *,
    cap: Callable[[Rule, Rule], Rule] = Cap,
    floor: Callable[[Rule, Rule], Rule] = Floor,
) -> None:
    """5. A floor at ``high`` and a cap at ``low`` cannot be put around one rule, in whichever order.

    Raises:
        LawBroken: they can.
    """
    trial = Trial(5, rule)
    above = f"a floor of {high} and a cap of {low}"
    trial.refuses(InvalidValue, lambda: floor(cap(rule, Flat(low)), Flat(high)), above)
    trial.refuses(InvalidValue, lambda: cap(floor(rule, Flat(high)), Flat(low)), above)


def summed(
    one: Rule,
    other: Rule,
    third: Rule,
    facts: Facts,
    *,
    add: Callable[[tuple[Rule, ...]], Rule] = Sum,
) -> None:
    """6. A sum is that of its parts, in any order and grouping; nothing owed adds nothing.

    Raises:
        LawBroken: it is not.
    """
    whole = add((one, other, third))
    worth = _worth(whole, facts)
    trial = Trial(6, whole, facts)
    parts = sum((_worth(each, facts) for each in (one, other, third)), Fraction())
    trial.require(f"{worth}, the parts make {parts}", that=worth == parts)
    for name, same in (
        ("in another order", add((third, one, other))),
        ("grouped to the left", add((add((one, other)), third))),
        ("grouped to the right", add((one, add((other, third))))),
        ("with nothing beside", add((one, Zero(one.currency), other, third))),
    ):
        found = _worth(same, facts)
        trial.require(f"{worth}, {name} {found}", that=found == worth)


def greatest(
    one: Rule, other: Rule, facts: Facts, *, most: Callable[[tuple[Rule, ...]], Rule] = MaxOf
) -> None:
    """6. The most of two is the greater one, in either order; the most of one, however often, is itself.

    Raises:
        LawBroken: it is not.
    """
    left, right = _worth(one, facts), _worth(other, facts)
    trial = Trial(6, most((one, other)), facts)
    for rules, expected in (
        ((one, other), max(left, right)),
        ((other, one), max(left, right)),
        ((one, one), left),
    ):
        found = _worth(most(rules), facts)
        trial.require(f"the most of {left} and {right} is {found}", that=found == expected)


def distributes(
    one: Rule,
    other: Rule,
    by: Measure,
    facts: Facts,
    *,
    scale: Callable[[Rule, Measure], Rule] = Scale,
) -> None:
    """6. So many times a sum is the sum of so many times its parts.

    Raises:
        LawBroken: it is not.
    """
    whole = scale(Sum((one, other)), by)
    worth, apart = _worth(whole, facts), _worth(scale(one, by), facts) + _worth(scale(other, by), facts)
    Trial(6, whole, facts).require(f"{worth} together, {apart} apart", that=worth == apart)


# --- 7: splitting a span -----------------------------------------------------------------------------


def splits(
    rule: Rule,
    facts: Facts,
    cut: date | datetime,
    *,
    after: str = "due",
    through: str = "end",
    into: Splitting = Splitting.ADDS,
) -> None:
    """7. What is charged from ``after`` to ``cut`` and from there through ``through`` is what it must be.

    It is taken before the outermost rounding. ``cut`` does not lie outside the span.

    Raises:
        LawBroken: the parts do not come to that.
    """
    _splits(7, rule, facts, cut, after, through, into)


def _splits(
    number: int,
    rule: Rule,
    facts: Facts,
    cut: date | datetime,
    after: str,
    through: str,
    into: Splitting,
) -> None:
    kind = FactKind.INSTANT if isinstance(cut, datetime) else FactKind.DAY
    charged = bare(rule)
    whole = _worth(charged, facts)
    parts = [_worth(charged, _with(facts, kind, **{name: cut})) for name in (through, after)]
    apart = sum(parts, Fraction())
    Trial(number, rule, facts).require(
        f"{whole} whole; cut at {cut}, {parts[0]} and {parts[1]}, expected {into.value} together",
        that=into.holds(whole, apart),
    )


def graduated(
    brackets: tuple[Bracket, ...],
    first: Fraction | int,
    second: Fraction | int,
    *,
    tiered: Callable[..., Rule] = Tiered,
) -> None:
    """7. Graduated, a second part that starts where the first ended costs what it costs within the whole.

    The parts are units, or minor units where the brackets are of amounts: then they are whole.
    ``tiered`` takes what ``Tiered`` takes.

    Raises:
        LawBroken: it does not.
    """
    limit = brackets[0].after

    def so_many(number: Fraction | int) -> Measure | Rule:
        if isinstance(limit, Money):
            return Flat(Money.of_minor(int(number), limit.currency))
        return Fixed(number, "unit")

    whole, once, then = (
        tiered(so_many(number), brackets, Tiering.GRADUATED, start=start)
        for number, start in ((first + second, None), (first, None), (second, so_many(first)))
    )
    together, one, other = (_worth(rule, Facts()) for rule in (whole, once, then))
    Trial(7, whole).require(
        f"{together} at once; {one} for {first}, then {other} for {second} more", that=together == one + other
    )


def periods_split(
    first: Fraction | int,
    second: Fraction | int,
    length: Fraction | int,
    *,
    periods: Callable[[Measure, Fraction | int, Counting], Measure] = Measure.periods,
) -> None:
    """7. Of two parts no more periods are completed than of the whole, and no fewer are begun.

    Raises:
        LawBroken: it is otherwise.
    """
    for counting, into in ((Counting.START, Splitting.NO_LESS), (Counting.END, Splitting.NO_MORE)):
        made = periods(Fixed(first + second, "day"), length, counting)
        whole = _worth(made, Facts())
        apart = sum(
            (_worth(periods(Fixed(part, "day"), length, counting), Facts()) for part in (first, second)),
            Fraction(),
        )
        Trial(7, made).require(
            f"{whole} whole; {apart} in parts of {first} and {second}, expected {into.value}",
            that=into.holds(whole, apart),
        )


# --- 8: grace ----------------------------------------------------------------------------------------


def graced(
    measure: Measure,
    grace: Fraction | int,
    more: Fraction | int,
    facts: Facts,
    *,
    deduct: Callable[[Measure, Measure], Measure] = Measure.deduct,
    cliff: Callable[[Measure, Measure], Measure] = Measure.cliff,
) -> None:
    """8. Both forms of a grace are nothing up to it and something above; the cliff is no less than the other.

    With ``more`` on top of the grace neither form gives more.

    Raises:
        LawBroken: one of these is not so.
    """
    free = _worth(measure, facts)
    unit = "unit" if "*" in measure.unit else measure.unit
    counted = measure if unit == measure.unit else Fixed(free, unit)
    small, large = Fixed(grace, unit), Fixed(grace + more, unit)
    allowed, forgiven = _worth(deduct(counted, small), facts), _worth(cliff(counted, small), facts)
    trial = Trial(8, measure, facts)
    above = free > grace
    for name, found in (("an allowance", allowed), ("a cliff", forgiven)):
        trial.require(f"{found} of {free} with {grace} as {name}", that=(found > 0) == above)
    trial.require(
        f"{allowed} as an allowance, {forgiven} as a cliff, of {free}", that=allowed <= forgiven <= free
    )
    for name, before, after in (
        ("an allowance", allowed, _worth(deduct(counted, large), facts)),
        ("a cliff", forgiven, _worth(cliff(counted, large), facts)),
    ):
        trial.require(
            f"{name} of {grace} leaves {before}, one of {grace + more} leaves {after}", that=after <= before
        )


# --- 9: rounding -------------------------------------------------------------------------------------


def _by_mode(exact: Fraction, mode: Rounding, step: int) -> Fraction | int:
    return mode.whole(exact / step) * step


def rounds(
    exact: Fraction,
    more: Fraction,
    mode: Rounding,
    step: int,
    *,
    rounding: Callable[[Fraction, Rounding, int], Fraction | int] = _by_mode,
) -> None:
    """9. ``exact`` is rounded to a multiple of the step that is near enough, on the side that it must be.

    Rounding it again changes nothing, and what is ``more`` does not come to less. Amounts are not
    negative, nor is a nothing.

    Raises:
        LawBroken: one of these is not so.
    """
    once = rounding(exact, mode, step)
    trial = Trial(9, f"{mode.value} to {step}")
    _check_rounding(trial, exact, once, mode, step)
    again = rounding(Fraction(once), mode, step)
    trial.require(f"{exact} is rounded to {once}, again to {again}", that=again == once)
    higher = rounding(exact + more, mode, step)
    trial.require(f"{exact} is rounded to {once}, {exact + more} to {higher}", that=once <= higher)


def _check_rounding(
    trial: Trial, exact: Fraction, once: Fraction | int, mode: Rounding, step: Fraction | int
) -> None:
    off = once - exact
    match mode:
        case Rounding.UP:
            near = 0 <= off < step
        case Rounding.DOWN:
            near = 0 <= -off < step
        case _:
            near = abs(off) * 2 <= step
    trial.require(
        f"{exact} is rounded to {once}, {mode.value} to multiples of {step}",
        that=near and Fraction(once) % step == 0 and not str(once).startswith("-"),
    )


def rounds_within(rule: Rule, facts: Facts) -> None:
    """9. Every rounding on the way keeps the law, and rounding the rule as it is once more changes nothing.

    Raises:
        LawBroken: one does not.
    """
    trial = Trial(9, rule, facts)
    derivation = _derived(rule, facts)
    roundings = (Operation.ROUNDED, Operation.ROUNDED_QUANTITY)
    for _, step in derivation.lines():
        if step.operation in roundings:
            mode, size = (value for _, value in step.inputs)
            assert isinstance(size, (int, Fraction))
            _check_rounding(trial, step.parts[0].exact, step.exact, Rounding(mode), size)
    if isinstance(rule, Rounded):
        again = _worth(replace(rule, rule=rule), facts)
        trial.require(f"{derivation.exact}, rounded again {again}", that=again == derivation.exact)


def rounds_parts(
    parts: Sequence[Fraction],
    mode: Rounding,
    step: int,
    *,
    rounding: Callable[[Fraction, Rounding, int], Fraction | int] = _by_mode,
) -> None:
    """9. n parts, each rounded to the nearest, lie within (n + 1)/2 steps of the whole rounded once.

    Rounding up or down, they lie within n steps of it.

    Raises:
        LawBroken: they do not.
    """
    apart = sum((Fraction(rounding(part, mode, step)) for part in parts), Fraction())
    together = Fraction(rounding(sum(parts, Fraction()), mode, step))
    nearest = mode in {Rounding.HALF_UP, Rounding.HALF_EVEN}
    allowed = Fraction(len(parts) + 1, 2) if nearest else Fraction(len(parts))
    Trial(9, f"{mode.value} to {step}").require(
        f"{len(parts)} parts come to {apart}, the whole to {together}",
        that=abs(apart - together) <= allowed * step,
    )


# --- 10: allocation ----------------------------------------------------------------------------------


def allocates(
    whole: Money,
    weights: Mapping[str, int],
    *,
    allocate: Callable[[Money, Mapping[str, int]], Mapping[str, Money]] = books.allocate,
) -> None:
    """10. The shares make the whole, each lies within a minor unit of its part, whatever the order.

    Raises:
        LawBroken: one of these is not so.
    """
    shares = allocate(whole, weights)
    trial = Trial(10, f"{whole} by {dict(weights)}")
    trial.require(f"shares for {sorted(shares)}", that=set(shares) == set(weights))
    added = total(shares.values(), whole.currency)
    trial.require(f"the shares make {added}", that=added == whole)
    every = sum(weights.values())
    for key, share in shares.items():
        exact = Fraction(whole.minor * weights[key], every)
        trial.require(f"{key} gets {share}, exactly {exact} minor units", that=abs(share.minor - exact) < 1)
    turned = allocate(whole, dict(reversed(list(weights.items()))))
    trial.require(f"{dict(shares)}, in another order {dict(turned)}", that=dict(turned) == dict(shares))


# --- 11 to 13: the books -----------------------------------------------------------------------------

_OWED: Final = Account(AccountKind.RECEIVABLE, "debtor")
_CASH: Final = Account(AccountKind.CASH, "desk")
_WAIVED: Final = Account(AccountKind.WAIVED, "desk")
_TRIED: Final = Obligation(
    subject="tried", kind="fee", debit=_OWED, credit=Account(AccountKind.INCOME, "desk")
)
_POSTED_ON: Final = date(2026, 1, 1)


class Assess(Protocol):
    """What ``servflow.core.fees.assessment.assess`` does, as far as the laws ask."""

    def __call__(
        self, obligation: Obligation, target: Money, posted: Posted | None, value_date: date, /
    ) -> tuple[Posting | None, Posted]:
        """The posting that is needed, and what is then posted."""
        ...


def _posted(charges: Iterable[Charge], assess: Assess) -> tuple[Posting, ...]:
    """What is posted for one charge after the other, as each is what is owed then."""
    postings: tuple[Posting, ...] = ()
    for charge in charges:
        posting, _ = assess(_TRIED, charge.money, posted_for(_TRIED, postings), _POSTED_ON)
        postings += (posting,) if posting else ()
    return postings


def _owed(postings: Sequence[Posting], currency: str) -> Money:
    return balance(postings, _OWED, currency)


def accrues(rule: Rule, nights: Sequence[Facts], *, assess: Assess = books.assess) -> None:
    """11. Assessed on each of ``nights``, twice on each, or on the last only, the books are the same.

    Raises:
        LawBroken: they are not.
    """
    trial = Trial(11, rule, nights[-1])
    target = _charge(rule, nights[-1]).money
    for name, when in (
        ("nightly", nights),
        ("twice a night", [facts for facts in nights for _ in range(2)]),
        ("every other night and at last", [*nights[:-1:2], nights[-1]]),
        ("once, at last", nights[-1:]),
    ):
        postings = _posted([_charge(rule, facts) for facts in when], assess)
        owed = _owed(postings, rule.currency)
        trial.require(f"assessed {name}: {owed} is posted, {target} is owed", that=owed == target)
        keys = [posting.key for posting in postings]
        trial.require(f"assessed {name}: one key for two postings", that=len(set(keys)) == len(keys))


def follows(rule: Rule, known: Sequence[Facts], *, assess: Assess = books.assess) -> None:
    """12. Assessed on what was known first and then on what became known, the postings are what is owed.

    Raises:
        LawBroken: after one of them they are not.
    """
    charges = [_charge(rule, facts) for facts in known]
    for number, facts in enumerate(known, 1):
        owed, target = _owed(_posted(charges[:number], assess), rule.currency), charges[number - 1].money
        Trial(12, rule, facts).require(
            f"after {number} assessments {owed} is posted, {target} is owed", that=owed == target
        )


def said_again(rule: Rule, facts: Facts, name: str, day: date) -> None:
    """12. The history ``name`` says once more, on ``day``, what the balance is: nothing changes.

    Raises:
        LawBroken: something changes.
    """
    history = facts.history(name)
    known = [balance for since, balance in history if since <= day]
    if not known or day in dict(history):
        return
    longer = tuple(sorted((*history, (day, known[-1])), key=lambda entry: entry[0]))
    before, after = _worth(rule, facts), _worth(rule, _with(facts, FactKind.HISTORY, **{name: longer}))
    Trial(12, rule, facts).require(
        f"{before}; with {name} said to be {known[-1]} once more on {day}, {after}", that=before == after
    )


def conserved(
    postings: Sequence[Posting],
    receivable: Account,
    currency: str,
    *,
    settlement: Callable[[Iterable[Posting], Account, str], Settlement] = settled,
) -> None:
    """13. What was charged is paid, waived, or still owed, less what we owe; and the books balance.

    Raises:
        LawBroken: something is missing.
    """
    found = settlement(postings, receivable, currency)
    trial = Trial(13, f"{len(postings)} postings on {receivable}")
    accounted = found.paid + found.waived + found.outstanding - found.credited
    trial.require(f"charged {found.charged}, accounted for {accounted}", that=found.charged == accounted)
    held, owed = balance(postings, receivable, currency), found.outstanding - found.credited
    trial.require(f"{owed} outstanding less credited, {held} on the account", that=held == owed)
    for debits, credits_ in trial_balance(postings).values():
        trial.require(f"debits of {debits}, credits of {credits_}", that=debits == credits_)


# --- 14: one currency --------------------------------------------------------------------------------


def _mixtures(one: Rule, other: Rule) -> Iterator[Callable[[], Rule]]:
    yield from (partial(several, (one, other)) for several in (Sum, MaxOf, MinOf))
    yield from (partial(two, one, other) for two in (Cap, Floor, Less))
    yield lambda: When("flag", one, otherwise=other)
    yield lambda: Choose("word", (("one", one), ("other", other)))
    yield lambda: Special(one, (("flag", other),))
    yield lambda: AsOf("day", ((None, one), (date.max, other)))
    yield lambda: Segmented("after", "through", ((None, one), (date.max, other)))


def one_currency(
    rule: Rule,
    facts: Facts,
    *,
    mixtures: Callable[[Rule, Rule], Iterable[Callable[[], Rule]]] = _mixtures,
) -> None:
    """14. Every amount on the way is in the rule's currency; another one is refused, in rules and in facts.

    ``mixtures`` makes rules of two currencies, each of which must be refused when it is made.

    Raises:
        LawBroken: two currencies met.
    """
    trial = Trial(14, rule, facts)
    derivation = _derived(rule, facts)
    for _, step in derivation.lines():
        found = {value.currency for _, value in step.inputs if isinstance(value, Money)}
        found |= {step.unit} if step.unit.isupper() else set()
        trial.require(
            f"{step.operation.value} in {', '.join(sorted(found))}, the rule is in {rule.currency}",
            that=found <= {rule.currency},
        )
    foreign = "EUR" if rule.currency != "EUR" else "CNY"
    for make in mixtures(rule, Zero(foreign)):
        trial.refuses(CurrencyMismatch, make, f"{rule.currency} with {foreign}")
    for name, kind in facts_read(rule).items():
        if not facts.has(kind, name) or kind not in {FactKind.AMOUNT, FactKind.HISTORY}:
            continue
        given_ = facts.get(kind, name)
        exchanged = (
            Money.of_minor(given_.minor, foreign)
            if isinstance(given_, Money)
            else tuple((day, Money.of_minor(money.minor, foreign)) for day, money in given_)
        )
        outcome = _outcome(partial(_derived, rule, _with(facts, kind, **{name: exchanged})))
        unused = _outcome(partial(_derived, rule, _without(facts, kind, name))) == derivation
        trial.require(
            f"{name} given in {foreign} was taken",
            that=outcome is CurrencyMismatch or (unused and outcome == derivation),
        )


# --- 15 and 16: dated rules and special ones ---------------------------------------------------------


def partitions(dated: Dated[T], days: Iterable[date]) -> None:
    """15. On each day the one version holds that began last; on no day before the first.

    Raises:
        LawBroken: another one holds, or one where none does.
    """
    for day in days:
        begun = [since for since in dated.values if since.start <= day]
        expected = begun[-1].cited if begun else None
        try:
            found = dated.on(day)
        except MissingValue:
            found = None
        Trial(15, dated).require(f"{found} on {day}, expected {expected}", that=found == expected)


def keeps_the_past(rule: Rule, facts: Facts, later: Rule | None = None) -> None:
    """15. A version that begins after all days in ``facts`` changes nothing.

    ``later`` is the rule with that version; if it is not given, every dated rule in ``rule`` gets one.

    Raises:
        LawBroken: it changes something.
    """
    more = later or _with_later_version(rule, facts)
    before, after = _outcome(lambda: _derived(rule, facts)), _outcome(lambda: _derived(more, facts))
    Trial(15, rule, facts).require(
        f"{_shown(before)}, with a later version {_shown(after)}", that=before == after
    )


def appended(dated: Dated[Any], later: Dated[Any], day: date) -> None:
    """15. ``later``, which is ``dated`` with a value more from after ``day`` on, says the same on ``day``.

    Raises:
        LawBroken: it says something else.
    """
    before, after = _outcome(lambda: dated.on(day)), _outcome(lambda: later.on(day))
    Trial(15, dated).require(f"{before} on {day}, afterwards {after}", that=before == after)


def _shown(outcome: object) -> str:
    match outcome:
        case Step(exact=exact):
            return str(exact)
        case type():
            return outcome.__name__
        case _:
            return str(outcome)


def _with_later_version(rule: Rule, facts: Facts) -> Rule:
    starts = [start for start in starts_in(rule) if isinstance(start, date)]
    last = max([*facts.days.values(), *starts], default=date(2026, 1, 1))

    def append(value: Any) -> Any:
        if isinstance(value, (AsOf, Segmented)):
            much = Flat(Money.of_minor(10**9 + 7, value.currency))
            versions: Any = (*value.versions, (last + timedelta(1), much))
            return replace(value, versions=versions)
        return value

    return rebuilt(rule, append)


def orderless(rule: Rule, facts: Facts) -> None:
    """16. Special rules that apply and disagree are an error, and it is all one in which order they come.

    Raises:
        LawBroken: one of them is taken.
    """

    def turn(value: Any) -> Any:
        return replace(value, cases=value.cases[::-1]) if isinstance(value, Special) else value

    turned = rebuilt(rule, turn)
    trial = Trial(16, rule, facts)
    one = _outcome(lambda: _worth(rule, facts))
    other = _outcome(lambda: _worth(turned, facts))
    trial.require(f"{_shown(one)}, with the cases turned round {_shown(other)}", that=one == other)
    for node in nodes(rule):
        if isinstance(node, Special):
            _check_conflict(trial, node, facts)


def _check_conflict(trial: Trial, rule: Special, facts: Facts) -> None:
    applying = [case for flag, case in rule.cases if facts.flags.get(flag)]
    # a special rule within a history reads an amount that is not among these facts: then nothing is said
    worths = {_outcome(lambda case=case: _worth(case, facts)) for case in applying}  # type: ignore[misc]
    amounts = {worth for worth in worths if isinstance(worth, Fraction)}
    if len(amounts) > 1 and amounts == worths:
        found = _outcome(lambda: _worth(rule, facts))
        trial.require(
            f"{_shown(found)}, where {' and '.join(map(str, sorted(amounts)))} apply",
            that=found in (ConflictingRules, MissingValue),
        )


# --- 17: explanation ---------------------------------------------------------------------------------


def explained(rule: Expression, facts: Facts) -> None:
    """17. Every step of the derivation, worked out anew from its leaves alone, comes to what it says.

    Raises:
        LawBroken: one does not.
    """
    trial = Trial(17, rule, facts)
    for _, step in _derived(rule, facts).lines():
        try:
            again: object = replay(step)
        except InvalidValue as error:
            again = error
        trial.require(
            f"{step.operation.value} says {step.exact}, worked out anew {again}", that=again == step.exact
        )


def cited(rule: Expression, facts: Facts) -> None:
    """17. Every leaf of the derivation is under a clause.

    Raises:
        LawBroken: one is not.
    """
    for _, step in _derived(rule, facts).lines():
        Trial(17, rule, facts).require(
            f"{step.operation.value} came to {step.exact} {step.unit} under no clause",
            that=bool(step.parts) or step.clause is not None,
        )


# --- 18: interest ------------------------------------------------------------------------------------


def linear(interest: Callable[[Money, int], Fraction], principal: Money, days: int, times: int) -> None:
    """18. So many times the principal, and so many times the days, bear so many times the interest.

    ``interest`` gives it exactly, for a principal and a number of days. It holds for simple interest
    by actual days over a fixed year.

    Raises:
        LawBroken: they do not.
    """
    once = interest(principal, days)
    trial = Trial(18, f"interest on {principal} for {days} days")
    for name, found in (
        ("the principal", interest(principal * times, days)),
        ("the days", interest(principal, days * times)),
    ):
        trial.require(f"{once}; {times} times {name}, {found}", that=found == once * times)


def compounds(rule: Expression, facts: Facts) -> None:
    """18. Wherever something is compounded, it comes to no less than without.

    Raises:
        LawBroken: it comes to less.
    """
    for _, step in _derived(rule, facts).lines():
        if step.operation is Operation.COMPOUND:
            ratio = step.inputs[0][1]
            assert isinstance(ratio, Fraction)
            base, periods = (part.exact for part in step.parts)
            simple = base * ratio * periods
            Trial(18, rule, facts).require(
                f"compounded {step.exact}, simple {simple}", that=step.exact >= simple
            )


def _interest_of(rule: Rule) -> tuple[OverBalance, tuple[DayCount, ...]] | None:
    """Simple interest on a balance, as ``interest`` writes it, and its day counts; None if it is not that."""
    over = bare(rule)
    if not isinstance(over, OverBalance):
        return None
    inner = bare(over.rule) if not isinstance(over.rule, Rounded) else over.rule
    versions = [part for _, part in inner.versions] if isinstance(inner, Segmented) else [inner]
    found = []
    for version in versions:
        match version:
            case Scale(rule=Percent(base=Given(name=name)), by=DayCount() as years) if name == over.history:
                found.append(years)
            case _:
                return None
    return over, tuple(found)


def _interest_linear(rule: Rule, facts: Facts, times: int) -> None:
    found = _interest_of(rule)
    assert found is not None, "it applies to interest"
    over, counts = found
    trial = Trial(18, rule, facts)
    once = _worth(over, facts)
    history = facts.history(over.history)
    grown = tuple((day, money * times) for day, money in history)
    higher = _worth(over, _with(facts, FactKind.HISTORY, **{over.history: grown}))
    trial.require(f"{once}; on {times} times the balance {higher}", that=higher == once * times)
    after, through = facts.day(over.after), facts.day(over.through)
    fixed = {DayCountConvention.ACT_365F, DayCountConvention.ACT_360}
    if len(counts) == 1 and counts[0].convention in fixed and through > after:
        one = _with(facts, FactKind.HISTORY, **{over.history: ((after, history[0][1]),)})
        longer = _with(one, FactKind.DAY, **{over.through: after + (through - after) * times})
        short, long = _worth(over, one), _worth(over, longer)
        trial.require(
            f"{short} on {history[0][1]}; over {times} times the days {long}", that=long == short * times
        )


# --- 19: locality ------------------------------------------------------------------------------------


def local(rule: Rule, facts: Facts, away: int, hours: Hours = ()) -> None:
    """19. The calendars of a rule say something else for a day that is not counted: nothing changes.

    That day lies ``away`` days after the last day that counts, or before the first one: -1 is the one
    before, such as the due date. Then the desk has these ``hours``; it is closed if there are none.

    Raises:
        LawBroken: something changes.
    """
    changed: list[str] = []

    def change(value: Any) -> Any:
        calendar = getattr(value, "calendar", None)
        if isinstance(value, (OpenDays, OpenMinutes)) and isinstance(calendar, Calendar):
            day = _uncounted(value, calendar, facts, away)
            changed.append(str(day))
            other: Any = replace(calendar, exceptions={**calendar.exceptions, day: hours})
            return replace(value, calendar=other)
        return value

    other = rebuilt(rule, change)
    before, after = _worth(rule, facts), _worth(other, facts)
    Trial(19, rule, facts).require(
        f"{before}; with {', '.join(changed)} {'open' if hours else 'closed'} {after}", that=before == after
    )


def _uncounted(measure: OpenDays | OpenMinutes, calendar: Calendar, facts: Facts, away: int) -> date:
    ends: list[date]
    if isinstance(measure, OpenDays):
        ends = [facts.day(measure.after), facts.day(measure.through)]
        first = min(ends) + timedelta(1)
    else:
        # a day more on both sides: where clocks go back over midnight, an evening belongs to the next day
        instants = [facts.instant(measure.after), facts.instant(measure.through)]
        ends = [day_of(at, calendar.zone) + timedelta(off) for at in instants for off in (-1, 1)]
        first = min(ends)
    return (max(ends) if away > 0 else first) + timedelta(away)


def agree(calendar: OpenDaysCalendar, other: OpenDaysCalendar, after: date, through: date) -> None:
    """19. Two calendars that differ only on days outside ``(after, through]`` count the same.

    Raises:
        LawBroken: they do not.
    """
    one, two = calendar.open_days(after, through), other.open_days(after, through)
    Trial(19, calendar).require(
        f"{one} days in ({after}, {through}]; with other days outside changed {two}", that=one == two
    )


# --- 20: homogeneity ---------------------------------------------------------------------------------


def homogeneous(rule: Rule, facts: Facts, times: int) -> None:
    """20. With all amounts in the rule and the facts ``times`` as high, the result is so many times as high.

    The step of every rounding grows as well, so that the law holds for rules that round on the way. An
    amount in the code of a form is not found: ``LAWS`` try this only on rules that have none but our forms.

    Raises:
        LawBroken: it is not.
    """

    def grow(value: Any) -> Any:
        if isinstance(value, Money):
            return value * times
        return replace(value, step=value.step * times) if isinstance(value, Rounded) else value

    higher = replace(
        facts,
        amounts={name: money * times for name, money in facts.amounts.items()},
        histories={
            name: tuple((day, money * times) for day, money in history)
            for name, history in facts.histories.items()
        },
    )
    before, after = _worth(rule, facts), _worth(rebuilt(rule, grow), higher)
    Trial(20, rule, facts).require(
        f"{before}; with {times} times the amounts {after}", that=after == before * times
    )


def _ours(rule: Rule) -> bool:
    """Whether every amount in it can be found: a form of somebody else's may have some in its code."""
    return all(type(node).__module__.startswith("servflow.core.fees.") for node in nodes(rule))


# --- 21: missing facts -------------------------------------------------------------------------------


def needs(rule: Expression, facts: Facts, name: str) -> None:
    """21. Without the fact ``name`` there is an error that names it, or nothing changes as it has no say.

    Raises:
        LawBroken: there is another amount, or an error about something else.
    """
    kind = facts_read(rule)[name]
    derivation = _derived(rule, facts)
    without = _without(facts, kind, name)
    trial = Trial(21, rule, facts)
    try:
        other = _derived(rule, without)
    except MissingValue as error:
        trial.require(f"without {name}, the error is about {error.name}", that=error.name == name)
        named = ", ".join(missing(rule, without)) or "nothing"
        trial.require(f"without {name}, {named} is said to be missing", that=name in missing(rule, without))
        return
    trial.require(
        f"{derivation.exact}; without {name}, it was {other.exact} by other steps", that=other == derivation
    )


# --- 22: forms ---------------------------------------------------------------------------------------


def reads_back(
    rule: Rule,
    *,
    write: Callable[[Rule], str] = text_of,
    read: Callable[..., Rule] = parse,
) -> None:
    """22. The text of a rule, read again, gives an equal rule.

    Raises:
        LawBroken: it gives another one, or cannot be read.
    """
    text = write(rule)
    again = read(text, calendars={calendar.name: calendar for calendar in calendars_in(rule)})
    Trial(22, rule).require(f"{text} reads back as {rule_text(again)}", that=again == rule)


def compiles(rule: Rule, facts: Facts, *, compile: Callable[[Rule], Callable[..., Money]] = compiled) -> None:
    """22. The compiled rule gives the amount that the rule gives, or refuses the facts with the same error.

    Raises:
        LawBroken: it does not.
    """
    whole = rule if rule.whole else Rounded(rule, Rounding.HALF_UP)
    given_ = {
        parameter(name): facts.get(kind, name)
        for name, kind in facts_read(rule).items()
        if facts.has(kind, name)
    }
    one = _outcome(lambda: _charge(rule, facts).money)
    other = _outcome(lambda: compile(whole)(**given_))
    Trial(22, rule, facts).require(f"{_shown(one)}, compiled {_shown(other)}", that=one == other)


def _has_text(rule: Rule) -> bool:
    calendars = calendars_in(rule)
    by_name = {getattr(calendar, "name", None): calendar for calendar in calendars}
    try:
        text_of(rule)
    except InvalidValue:
        return False
    return all(by_name[calendar.name] == calendar for calendar in calendars)


def _has_compiled(rule: Rule) -> bool:
    try:
        compiled(rule if rule.whole else Rounded(rule, Rounding.HALF_UP))
    except InvalidValue:
        return False
    return True


# --- the laws that are about one rule ----------------------------------------------------------------

_Draw = Callable[[st.SearchStrategy[Any], str], Any]
_Test = Callable[[Rule, Facts, _Draw], None]


@dataclass(frozen=True, slots=True)
class Law:
    """A law about one rule, with all that it takes to look for what breaks it.

    ``number`` is that of ``STATEMENTS``; several laws may have one, each with a name of its own.
    ``applies`` says whether it says anything about a rule. ``test`` takes the rule, facts, and a function
    that draws more. ``conflicts`` is whether it is about facts to which several special rules apply.
    """

    number: int
    name: str
    statement: str
    applies: Callable[[Rule], bool]
    test: _Test
    conflicts: bool = False

    def check(
        self, rule: Rule, data: st.DataObject, *, facts: st.SearchStrategy[Facts] | None = None
    ) -> None:
        """Try it once, with what ``data`` gives; within a test of hypothesis, for it to be tried often.

        ``facts`` are those to choose from, if not any that fit the rule. Where the rule has no amount
        for them, others are tried.

        Raises:
            LawBroken: it does not hold; or the rule raises what no rule may, or reads a fact that it
                does not declare, which breaks law 21.
        """
        fitting = strategies.facts(rule, conflicts=self.conflicts) if facts is None else facts
        found = data.draw(fitting, label="facts")
        try:
            if not self.conflicts:
                _derived(rule, found)
            self.test(rule, found, data.draw)
        except (LawBroken, HypothesisException):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a rule raises is told as what it is
            trial = Trial(self.number, rule, _asked_last(error, found))
            if undeclared := _undeclared(rule, error):
                trial.number = 21
                trial.require(f"it reads {undeclared}, which it does not declare", that=False)
            trial.require(f"it raises {type(error).__name__}: {error}", that=_has_no_amount(error))
        else:
            return
        reject()


def _has_no_amount(error: Exception) -> bool:
    """Whether this is how a sound rule says that it gives nothing for the facts."""
    if isinstance(error, InvalidValue):  # more periods than are compounded over
        return error.field == "periods" and isinstance(error.found, int) and error.found > MOST_PERIODS
    return isinstance(error, (MissingValue, ConflictingRules))


def _undeclared(rule: Rule, error: Exception) -> str:
    """The fact that was asked for though the rule does not say that it reads it; none as a rule."""
    if isinstance(error, MissingValue):
        for kind in FactKind:
            if (
                error.where == f"among the {kind.value} given"
                and facts_read(rule).get(error.name) is not kind
            ):
                return f"{error.name} among the {kind.value}"
    return ""


def _always(_: Rule) -> bool:
    return True


def _has(*kinds: type[Any]) -> Callable[[Rule], bool]:
    return lambda rule: any(isinstance(node, kinds) for node in nodes(rule))


def _plainly(law: Callable[[Rule, Facts], None]) -> _Test:
    return lambda rule, facts, _: law(rule, facts)


def _moving(rule: Rule) -> list[str]:
    """The facts of which it says how it moves with them, and which can grow."""
    return [
        name
        for name, kind in facts_read(rule).items()
        if rule.trends.get(name) and kind not in {FactKind.FLAG, FactKind.WORD, FactKind.HISTORY}
    ]


def _test_monotone(rule: Rule, facts: Facts, draw: _Draw) -> None:
    name = draw(st.sampled_from(_moving(rule)), "the fact that grows")
    kind = facts_read(rule)[name]
    value = facts.get(kind, name)
    by: Any
    match kind:
        case FactKind.DAY:
            by = timedelta(draw(st.integers(1, 400), "days more"))
        case FactKind.INSTANT:
            by = timedelta(minutes=draw(st.integers(1, 60 * 24 * 9), "minutes more"))
        case FactKind.COUNT:
            by = draw(st.integers(1, 9), "more")
        case FactKind.QUANTITY:
            value = Fraction(value)
            by = draw(st.fractions(Fraction(1, 12), 9, max_denominator=12), "more")
        case _:
            by = Money.of_minor(draw(st.integers(1, 10_000), "minor units more"), value.currency)
    monotone(rule, facts, _with(facts, kind, **{name: value + by}), name)


def _draw_money(draw: _Draw, rule: Rule, label: str, least: int = 0) -> Money:
    return Money.of_minor(draw(st.integers(least, least + 20_000), f"minor units of {label}"), rule.currency)


def _test_capped(rule: Rule, facts: Facts, draw: _Draw) -> None:
    least = Rounding.UP.whole(rule.least_set or Fraction())
    one, other = (Flat(_draw_money(draw, rule, name, least)) for name in ("a cap", "another cap"))
    capped(rule, one, other, facts)


def _test_floored(rule: Rule, facts: Facts, draw: _Draw) -> None:
    given_ = [_draw_money(draw, rule, name) for name in ("a floor", "another floor")]
    most = rule.bound
    one, two = (Flat(money if most is None else min(money, _down(rule, most))) for money in given_)
    floored(rule, one, two, facts)
    low = _draw_money(draw, rule, "a cap")
    high = low + _draw_money(draw, rule, "a floor above it", 1)
    least = rule.least_set
    if least is None or least <= low.minor:
        refused_above_a_cap(rule, low, high)


def _down(rule: Rule, bound: Money) -> Money:
    most = rule.most
    return bound if most is None else Money.of_minor(int(most), bound.currency)


def _test_summed(rule: Rule, facts: Facts, draw: _Draw) -> None:
    other, third = (Flat(_draw_money(draw, rule, name)) for name in ("another rule", "a third"))
    summed(rule, other, third, facts)
    greatest(rule, other, facts)
    by = Fixed(draw(st.fractions(0, 9, max_denominator=12), "times"), "time")
    distributes(rule, other, by, facts)


def _cut(facts: Facts, after: str, through: str, draw: _Draw) -> date | datetime | None:
    """A place within the span; None if that is empty."""
    days = after in facts.days
    begins: Any = facts.day(after) if days else facts.instant(after)
    ends: Any = facts.day(through) if days else facts.instant(through)
    if ends <= begins:
        return None
    cut: date | datetime
    if days:
        cut = begins + timedelta(draw(st.integers(0, (ends - begins).days), "days to the cut"))
    else:
        most = (ends - begins) // timedelta(seconds=1)
        cut = begins + timedelta(seconds=draw(st.integers(0, most), "seconds to the cut"))
    return cut


def _test_splits(rule: Rule, facts: Facts, draw: _Draw) -> None:
    found = splitting(rule)
    assert found is not None, "it applies where a splitting is known"
    after, through, into = found
    cut = _cut(facts, after, through, draw)
    if cut is not None:
        splits(rule, facts, cut, after=after, through=through, into=into)


def _graduations(rule: Rule) -> list[Tiered]:
    return [node for node in nodes(rule) if isinstance(node, Tiered) and node.tiering is Tiering.GRADUATED]


def _test_graduated(rule: Rule, _: Facts, draw: _Draw) -> None:
    amounts = st.integers(0, 2_000_000)
    units = st.fractions(0, 90, max_denominator=12)
    for tiered in _graduations(rule):
        parts = amounts if isinstance(tiered.quantity, Rule) else units
        first, second = draw(parts, "the first part"), draw(parts, "the second part")
        graduated(tiered.brackets, first, second, tiered=partial(_anew, tiered))


def _anew(tiered: Tiered, quantity: Any, brackets: Any, tiering: Tiering, *, start: Any) -> Rule:
    """Another of the same form."""
    return replace(tiered, quantity=quantity, brackets=brackets, tiering=tiering, start=start)


def _graces(rule: Rule) -> list[Pair]:
    both = (Operation.DEDUCT, Operation.CLIFF)
    return [node for node in nodes(rule) if isinstance(node, Pair) and node.operation in both]


def _test_graced(rule: Rule, facts: Facts, draw: _Draw) -> None:
    more = draw(st.fractions(0, 30, max_denominator=12), "more grace")
    for pair in _graces(rule):
        form = partial(_graced_anew, pair)
        deducts = pair.operation is Operation.DEDUCT
        forms: dict[str, Any] = {"deduct": form} if deducts else {"cliff": form}
        graced(pair.one, _worth(pair.other, facts), more, facts, **forms)


def _graced_anew(pair: Pair, one: Measure, grace: Measure) -> Measure:
    """Another grace of the same form."""
    return replace(pair, one=one, other=grace)


def _test_accrues(rule: Rule, facts: Facts, draw: _Draw) -> None:
    ending = next((name for _, name in spans_in(rule) if name in facts.days), None)
    nights = [facts]
    if ending is not None:
        last, first = facts.day(ending), min(facts.days.values())
        back = draw(st.lists(st.integers(1, 60), max_size=4, unique=True), "nights before")
        earlier = [max(last - timedelta(days), first) for days in sorted(back, reverse=True)]
        nights = [*(_with(facts, FactKind.DAY, **{ending: night}) for night in earlier), facts]
    accrues(rule, nights)


def _test_follows(rule: Rule, facts: Facts, draw: _Draw) -> None:
    later = draw(st.lists(strategies.facts(rule), min_size=1, max_size=3), "what became known")
    follows(rule, [facts, *later, facts])


def _histories(rule: Rule) -> list[str]:
    return [name for name, kind in facts_read(rule).items() if kind is FactKind.HISTORY]


def _test_said_again(rule: Rule, facts: Facts, draw: _Draw) -> None:
    name = draw(st.sampled_from(_histories(rule)), "the history")
    days = [day for day, _ in facts.history(name)]
    length = (max(*days, *facts.days.values(), days[0]) - days[0]).days
    more = draw(st.integers(1, length + 1), "days after its first one")
    said_again(rule, facts, name, days[0] + timedelta(more))


def _test_conserved(rule: Rule, facts: Facts, draw: _Draw) -> None:
    later = draw(strategies.facts(rule), "what became known")
    charges = [_charge(rule, facts), _charge(rule, later)]
    postings = list(_posted(charges[:1], books.assess))
    for source in (_CASH, _WAIVED):
        open_ = _owed(postings, rule.currency)
        part = draw(st.integers(0, open_.minor), f"minor units {source.kind.value}")
        if part:
            amount = Money.of_minor(part, rule.currency)
            postings.append(settle(_TRIED, source, amount, open_, _POSTED_ON, key=str(source)))
    conserved(postings, _OWED, rule.currency)
    posting, _ = books.assess(_TRIED, charges[1].money, posted_for(_TRIED, postings), _POSTED_ON)
    postings += [posting] if posting else []
    conserved(postings, _OWED, rule.currency)
    charged = settled(postings, _OWED, rule.currency).charged
    Trial(13, rule, later).require(
        f"charged {charged}, owed {charges[1].money}", that=charged == charges[1].money
    )


def _test_interest(rule: Rule, facts: Facts, draw: _Draw) -> None:
    _interest_linear(rule, facts, draw(st.integers(1, 9), "times"))
    found = splitting(rule)
    if found is not None:
        after, through, into = found
        cut = _cut(facts, after, through, draw)
        if cut is not None:
            _splits(18, rule, facts, cut, after, through, into)


def _test_local(rule: Rule, facts: Facts, draw: _Draw) -> None:
    away = draw(st.one_of(st.integers(1, 9), st.integers(-9, -1)), "days away")
    hours: Hours = ((time(9), time(17)),) if draw(st.booleans(), "open then") else ()
    local(rule, facts, away, hours)


def _test_needs(rule: Rule, facts: Facts, draw: _Draw) -> None:
    given_ = [name for name, kind in facts_read(rule).items() if facts.has(kind, name)]
    needs(rule, facts, draw(st.sampled_from(given_), "the fact that is missing"))


def _law(number: int, name: str, applies: Callable[[Rule], bool], test: _Test, statement: str = "") -> Law:
    return Law(number, name, statement or STATEMENTS[number][1], applies, test)


_CITED: Final = _law(
    17, "clauses", _always, _plainly(cited), "every leaf of the derivation is under a clause"
)

LAWS: Final[tuple[Law, ...]] = (
    _law(1, "determinism", _always, _plainly(deterministic)),
    _law(2, "no credits", _always, _plainly(never_negative)),
    _law(3, "monotone", lambda rule: bool(_moving(rule)), _test_monotone),
    _law(4, "bound", _always, _plainly(bounded), "it is never more than the bound that it knows"),
    _law(4, "cap", _always, _test_capped),
    _law(5, "floor", _always, _test_floored),
    _law(6, "sums", _always, _test_summed),
    _law(7, "splitting", lambda rule: splitting(rule) is not None, _test_splits),
    _law(
        7,
        "graduation",
        lambda rule: bool(_graduations(rule)),
        _test_graduated,
        "graduated, a second part that starts where the first ended adds up with it",
    ),
    _law(8, "grace", lambda rule: bool(_graces(rule)), _test_graced),
    _law(9, "rounding", _has(Rounded, RoundedQuantity), _plainly(rounds_within)),
    _law(11, "accrual", _always, _test_accrues),
    _law(12, "changed facts", _always, _test_follows),
    _law(
        12,
        "history",
        lambda rule: bool(_histories(rule)),
        _test_said_again,
        "a balance that is said once more changes nothing",
    ),
    _law(13, "conservation", _always, _test_conserved),
    _law(14, "one currency", _always, _plainly(one_currency)),
    _law(15, "later versions", _has(AsOf, Segmented), _plainly(keeps_the_past)),
    Law(16, "conflicts", STATEMENTS[16][1], _has(Special), _plainly(orderless), conflicts=True),
    _law(17, "explanation", _always, _plainly(explained)),
    _law(18, "compound", _has(Compound), _plainly(compounds), "compound is no less than simple"),
    _law(
        18,
        "interest",
        lambda rule: _interest_of(rule) is not None,
        _test_interest,
        "interest is linear in days and principal, and parts of a span add up",
    ),
    _law(
        19,
        "locality",
        lambda rule: any(isinstance(calendar, Calendar) for calendar in calendars_in(rule)),
        _test_local,
    ),
    _law(
        20,
        "homogeneity",
        _ours,
        lambda rule, facts, draw: homogeneous(rule, facts, draw(st.integers(1, 9), "times")),
    ),
    _law(21, "missing facts", lambda rule: bool(facts_read(rule)), _test_needs),
    _law(22, "text", _has_text, lambda rule, _, __: reads_back(rule), "its text reads back as the rule"),
    Law(
        22,
        "compiled",
        "the compiled rule gives the same amount, or the same error",
        _has_compiled,
        _plainly(compiles),
        conflicts=True,
    ),
)
"""The laws about one rule, by number. Those about allocation (10) are about none."""


def laws_for(rule: Rule, *, clauses_required: bool = False) -> tuple[Law, ...]:
    """The laws that say something about ``rule``; that every leaf is cited, only if that is asked for."""
    asked = (*LAWS, _CITED) if clauses_required else LAWS
    return tuple(law for law in asked if law.applies(rule))


def check_law(
    law: Law, rule: Rule, *, facts: st.SearchStrategy[Facts] | None = None, max_examples: int = 100
) -> None:
    """Look for what breaks one law on ``rule``.

    Raises:
        LawBroken: it is broken; by the smallest counterexample that was found. Number 21 is broken if the
            rule reads a fact that it does not declare, whichever law is asked for.
        Untried: there were no facts that the rule has an amount for, such as for a gap.
    """
    found: list[LawBroken] = []

    @settings(
        max_examples=max_examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,  # what there is to say is in the error
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        try:
            law.check(rule, data, facts=facts)
        except LawBroken as broken:
            found.append(broken)
            raise

    try:
        holds()
    except Unsatisfiable:
        raise Untried(law.number, law.name, rule_text(rule)) from None
    except Flaky:  # the rule does not give the same again; what it broke first is what there is to say
        if not found:
            raise
        raise found[-1] from None


def check_rule(
    rule: Rule,
    *,
    facts: st.SearchStrategy[Facts] | None = None,
    max_examples: int = 100,
    clauses_required: bool = False,
) -> None:
    """Look for what breaks any law on ``rule``: for each that applies, ``max_examples`` are tried.

    ``facts`` are those to choose from, if not any that fit the rule.

    Raises:
        LawBroken: one is broken; the first, by the smallest counterexample that was found.
        Untried: none is broken, but one could not be tried, as there were no facts that the rule has an
            amount for.
    """
    untried: list[Untried] = []
    for law in laws_for(rule, clauses_required=clauses_required):
        try:
            check_law(law, rule, facts=facts, max_examples=max_examples)
        except Untried as error:
            untried.append(error)
    if untried:
        raise untried[0]
