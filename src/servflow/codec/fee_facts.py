"""Facts of a fee from plain data: what a file, a form or another program says, to ``Facts``.

Which kind a fact is of, the rule that reads it knows. Days and instants are ISO 8601 texts (or TOML's
own), amounts are numbers or texts in the rule's currency, a history is an object from day to amount.
Numbers are exact: JSON is to be read with its fractions as ``Decimal``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from servflow.codec._values import shown
from servflow.core.errors import InvalidFacts, InvalidValue, MissingValue, Problem
from servflow.core.fees import FactKind, Facts, Rule, facts_read, missing
from servflow.core.fees.facts import checked, exact
from servflow.core.money import Money

__all__ = ["EXPECTED", "read_fact", "read_facts"]

EXPECTED: Final[Mapping[FactKind, str]] = MappingProxyType(
    {
        FactKind.DAY: "a day such as 2026-01-31",
        FactKind.INSTANT: "an instant with its offset, such as 2026-01-31T08:00:00+08:00",
        FactKind.COUNT: "a whole number, 0 or more",
        FactKind.QUANTITY: "a number such as 2.5, or a text such as 1/3 or 0.6%",
        FactKind.AMOUNT: "an amount such as 22.50",
        FactKind.FLAG: "true or false",
        FactKind.WORD: "a word",
        FactKind.HISTORY: "an object from days to amounts, such as {2026-03-01: 100.00}",
    }
)
"""By kind, what is written for a fact of it."""


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
# no exponent: 1e999999999 eats the memory
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?%?|[0-9]+/[0-9]+")


def read_facts(rule: Rule, document: Any, where: str = "facts") -> Facts:
    """The facts of ``rule`` among what ``document`` says; what the rule does not read is left aside.

    Raises:
        InvalidFacts: a fact is missing or not what it should be; all of them are named.
        MissingValue: the rule says nothing for the facts given.
        InvalidValue: one name is read as two kinds of facts.
    """
    if not isinstance(document, Mapping):
        raise InvalidFacts(where, [Problem(where, type(document).__name__, "an object, fact by fact")])
    kinds = facts_read(rule)
    given: dict[str, dict[str, Any]] = {}
    wrong: list[Problem] = []
    for name, kind in kinds.items():
        if name in document:
            try:
                given.setdefault(kind.value, {})[name] = read_fact(kind, document[name], rule.currency)
            except InvalidValue as error:
                wrong.append(Problem(f"{where}.{name}", shown(error.found), error.expected))
    unread = ", ".join(str(name) for name in document if name not in kinds)
    facts = Facts(**given)
    try:
        lacking = missing(rule, facts)
    except MissingValue:
        if not wrong:
            raise
        lacking = {}  # what is wrong comes first
    for name, kind in lacking.items():
        if name not in document:
            found = f"nothing (and {unread}, which the rule does not read)" if unread else "nothing"
            wrong.append(Problem(f"{where}.{name}", found, EXPECTED[kind]))
    if wrong:
        raise InvalidFacts(where, wrong)
    return facts


def read_fact(kind: FactKind, value: Any, currency: str) -> Any:
    """One fact of that kind; amounts are in ``currency``.

    Raises:
        InvalidValue: it is not what is written for such a fact.
    """
    try:
        return _READ[kind](value, currency)
    except (ValueError, TypeError, ArithmeticError, LookupError):  # ours among them; null is missing
        raise InvalidValue("", value, EXPECTED[kind]) from None


def _day(value: Any, _: str) -> date:
    if type(value) is date:
        return value
    if not _DAY.fullmatch(value):
        raise ValueError
    return date.fromisoformat(value)


def _instant(value: Any, _: str) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.utcoffset() is None:
        raise ValueError
    return at


def _quantity(value: Any, _: str) -> Fraction:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Fraction(value[:-1]) / 100 if value.endswith("%") else Fraction(value)
    return exact("", value, EXPECTED[FactKind.QUANTITY])


def _amount(value: Any, currency: str) -> Money:
    if type(value) not in (int, Decimal) and not _DECIMAL.fullmatch(value):
        raise ValueError
    return checked(FactKind.AMOUNT, "", Money(value, currency))  # type: ignore[no-any-return]  # Money


def _history(value: Any, currency: str) -> tuple[tuple[date, Money], ...]:
    # the keys of an object have no order
    pairs = sorted(value.items(), key=lambda pair: _day(pair[0], "")) if isinstance(value, Mapping) else value
    history = tuple((_day(day, currency), _amount(amount, currency)) for day, amount in pairs)
    Facts(histories={"history": history})  # refuses what does not ascend
    return history


_READ: Final[Mapping[FactKind, Callable[[Any, str], Any]]] = MappingProxyType(
    {
        FactKind.DAY: _day,
        FactKind.INSTANT: _instant,
        FactKind.COUNT: lambda value, _: checked(FactKind.COUNT, "", value),
        FactKind.QUANTITY: _quantity,
        FactKind.AMOUNT: _amount,
        FactKind.FLAG: lambda value, _: checked(FactKind.FLAG, "", value),
        FactKind.WORD: lambda value, _: checked(FactKind.WORD, "", value),
        FactKind.HISTORY: _history,
    }
)
