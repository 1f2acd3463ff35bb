"""What the rules of warranty deposits may not say of each other, and the charges that go with them.

1. A part, and a season, is named once in a list; a share is of a part that has a warranty on the same days,
   if only by contract; a season that a warranty counts is one of the seasons.
2. Guards ask for the value of a day. So no rule begins later than the scope, and only the scope has a gap.
3. A layer makes no warranty shorter than the rulebook below it, where a contract may not either (SD-33).
4. The charges are a rulebook of fees of its own. They have the rule ``deposit``, and where the deposit bears
   interest at any time, ``interest``; the three rules that are used ask for what the core gives, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Final

from servflow.core.deposits.policy import DEPOSIT, INTEREST, SURCHARGE, DepositPolicy
from servflow.core.deposits.warranties import WarrantyLength
from servflow.core.deposits.words import Origin
from servflow.core.errors import Problem
from servflow.core.fees import facts_read
from servflow.rulebooks._fees import FEES
from servflow.rulebooks._frames import starts, versions
from servflow.rulebooks._rulebook import Rulebook

__all__ = ["DEPOSITS", "charges_problems", "deposit_problems"]

DEPOSITS: Final = "deposits"
"""The policy of a rulebook by which deposits are kept."""

_NAMED: Final = {"warranties": "part", "shares": "part", "seasons": "name"}
_GIVEN: Final = {
    SURCHARGE: frozenset({"ordered_by", "end", "unpaid", "most_unpaid"}),
    INTEREST: frozenset({"after", "through", "balance"}),
    DEPOSIT: frozenset(
        {"assessed_on", "building_type", "cost", "average_cost_fixed", "average_cost", "floor_area"}
    ),
}


def deposit_problems(
    values: Mapping[tuple[str, int], Any], tables: Mapping[str, Any], lower: Rulebook | None
) -> Iterator[Problem]:
    """What is wrong with the values together, as far as they could be read, each at its place.

    ``tables`` are the rules as they are written, ``lower`` is the rulebook over which they lie, if they do.
    """
    yield from _silent(values, tables)
    if lower is not None:
        yield from _shortened(values, tables, lower)
    seasons = [{season.name for season in each} for each in _of(values, "seasons")]
    for (rule, number), value in values.items():
        where = f"rules.{rule}.values[{number}].is"
        if rule in _NAMED:
            yield from _twice(where, _NAMED[rule], value)
        for place, each in enumerate(value if rule == "warranties" else ()):
            missing = each.least.season and not all(each.least.season in known for known in seasons)
            if missing and seasons:
                expected = "a season that every value of rules.seasons has"
                yield Problem(f"{where}[{place}].least", repr(each.least.season), expected)
        if rule == "origins" and Origin.RETAINED_MONEY in value:
            place = value.index(Origin.RETAINED_MONEY)
            expected = "what rules.retained-money-turned-over does not say"
            yield Problem(f"{where}[{place}]", repr(Origin.RETAINED_MONEY.value), expected)
        if rule == "shares" and value and not any(each.weight for each in value):
            yield Problem(where, "no weight", "at least one weight above 0")
    yield from _without_warranty(values, tables)


def _silent(values: Mapping[tuple[str, int], Any], tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Where a rule says nothing on a day on which the scope does."""
    begins = min((first for _, first, _, _ in versions("scope", tables, values)), default=date.max)
    for name in (field.name.replace("_", "-") for field in fields(DepositPolicy)):
        said = sorted(starts(tables.get(name))) if name != "scope" else []
        for _, number in said:
            if tables[name]["values"][number].get("gap") is True:
                yield Problem(f"rules.{name}.values[{number}].gap", "true", "a value; only scope has a gap")
        for first, number in said[:1]:
            if first > begins:
                expected = f"{begins} or earlier: the first day of the scope"
                yield Problem(f"rules.{name}.values[{number}].from", str(first), expected)


def _without_warranty(values: Mapping[tuple[str, int], Any], tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Shares of parts that have no warranty on some of the days on which others have one."""
    warranties = versions("warranties", tables, values)
    for number, begins, ends, shares in versions("shares", tables, values):
        listed = [
            frozenset(each.part for each in value)
            for _, first, after, value in warranties
            if first < ends and begins < after
        ]
        known = frozenset.intersection(*listed) if listed else frozenset()
        for place, each in enumerate(shares if listed else ()):
            if each.part not in known:
                where = f"rules.shares.values[{number}].is[{place}].part"
                yield Problem(where, repr(each.part), f"one of {', '.join(sorted(known))}")


def _shortened(
    values: Mapping[tuple[str, int], Any], tables: Mapping[str, Any], lower: Rulebook
) -> Iterator[Problem]:
    """Warranties that are shorter than those below, on any day on which these bind."""
    below, bind = (lower.rules[name] for name in ("warranties", "least-terms-bind"))
    said = versions("warranties", tables, values)
    days = {first for _, first, _, _ in said} | {each.start for rule in (below, bind) for each in rule.values}
    begins = max(rule.values[0].start for rule in (below, bind))
    for number, first, after, value in said:
        where = f"rules.warranties.values[{number}].is"
        own = {each.part: (place, each.least) for place, each in enumerate(value)}
        for day in sorted(day for day in days if first <= day < after and begins <= day):
            for each in below.dated.on(day).value if bind.dated.on(day).value else ():
                expected = f"at least {each.least}, as in {lower.where}"
                if each.least.contract:
                    continue
                if each.part not in own:
                    yield Problem(where, f"nothing of {each.part!r}", expected)
                elif _shorter(own[each.part][1], each.least):
                    place, length = own[each.part]
                    yield Problem(f"{where}[{place}].least", repr(str(length)), expected)


def _shorter(own: WarrantyLength, least: WarrantyLength) -> bool:
    """Whether it may end earlier; of lengths of two kinds nobody can say that it does not."""
    if own.period is not None and least.period is not None:
        return own.period.months < least.period.months or own.period.days < least.period.days
    if own.seasons and own.season == least.season:
        return own.seasons < least.seasons
    return own != least


def _of(values: Mapping[tuple[str, int], Any], name: str) -> list[Any]:
    return [value for (rule, _), value in values.items() if rule == name]


def _twice(where: str, key: str, several: Iterable[Any]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for place, each in enumerate(several):
        name = getattr(each, key)
        if first.setdefault(name, place) != place:
            yield Problem(f"{where}[{place}].{key}", f"{name!r}, as in [{first[name]}]", f"each {key} once")


def charges_problems(rulebook: Rulebook, charges: Rulebook) -> Iterator[Problem]:
    """Why deposits cannot be kept by ``rulebook`` with these ``charges``, each with the file it is in."""
    where = charges.where
    if charges.policy != FEES:
        yield Problem(f"{where}: policy", repr(charges.policy), repr(FEES))
        return
    for key in ("currency", "zone"):
        one, other = getattr(charges, key), getattr(rulebook, key)
        if one != other:
            yield Problem(f"{where}: {key}", repr(one), f"{other!r}, as in {rulebook.where}")
    yield from (
        Problem(f"{where}: {each.where}", each.found, each.expected) for each in _rules(rulebook, charges)
    )


def _rules(rulebook: Rulebook, charges: Rulebook) -> Iterator[Problem]:
    needed = {DEPOSIT: "a fee rule: by it a deposit is assessed"}
    if any(each.value for each in rulebook.rules["interest-days"].values):
        needed[INTEREST] = f"a fee rule: by {rulebook.where} a deposit bears interest"
    for name, expected in needed.items():
        if name not in charges.fees:
            yield Problem(f"rules.{name}", "nothing", expected)
    for name in sorted(_GIVEN.keys() & charges.fees.keys()):
        rule = charges.fees[name]
        if not rule.whole:
            yield Problem(f"rules.{name}", "amounts between two minor units", "rounded(…) around it")
        grounds = _grounds(rulebook) if name == DEPOSIT else ()
        expected = f"only {', '.join(sorted(_GIVEN[name]))}"
        expected += f", and what begins with a ground: {', '.join(grounds)}" if grounds else ""
        for fact in facts_read(rule):
            of_ground = any(fact == ground or fact.startswith(f"{ground}_") for ground in grounds)
            if fact not in _GIVEN[name] and not of_ground:
                yield Problem(f"rules.{name}", f"a rule that asks for {fact}", expected)


def _grounds(rulebook: Rulebook) -> tuple[str, ...]:
    """The grounds of a reduction at any time, as the names of facts begin."""
    values = rulebook.rules["reduction-grounds"].values
    return tuple(sorted({ground.replace("-", "_") for each in values for ground in each.value or ()}))
