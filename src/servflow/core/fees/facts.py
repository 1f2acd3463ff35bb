"""Facts: all that a fee is worked out from, by name. Nothing else has a say in it.

1. A fact is given or it is missing; a missing one is an error, never 0.
2. Every name says one thing: its kind is known from the rule that reads it.
3. A history says what a balance was from each of its days on, until the next; before the first of
   them it says nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, TypeVar
from unicodedata import is_normalized

from servflow.core.dates import aware
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.money import Money

__all__ = [
    "FactKind",
    "Facts",
    "History",
    "check_member",
    "check_name",
    "checked",
    "exact",
    "simplest",
    "spans",
]

T = TypeVar("T")

History = tuple[tuple[date, Money], ...]
"""A balance over time: each amount from its day on, that day included; days ascend, one currency."""


class FactKind(Enum):
    """What a fact is. The values are the words of error messages and of help."""

    DAY = "days"
    INSTANT = "instants"
    COUNT = "counts"
    QUANTITY = "quantities"
    AMOUNT = "amounts"
    FLAG = "flags"
    WORD = "words"
    HISTORY = "histories"


_LETTERS: Final = re.compile(r"\w+")  # an identifier may have a few other signs in it


def check_name(field: str, name: object) -> None:
    """Refuse what cannot be the name of a fact.

    Raises:
        InvalidValue: it is no identifier, begins or ends with an underscore, or is one that Python
            would take for another: a ligature for its letters.
    """
    named = isinstance(name, str) and name.isidentifier() and name == name.strip("_")
    if not (named and _LETTERS.fullmatch(str(name)) and is_normalized("NFKC", str(name))):
        expected = "a name of letters, digits and underscores between them, such as item_price"
        raise InvalidValue(field, name, expected)


_MOST: Final = 10**40  # what is counted lies below it
_MOST_DIGITS: Final = 1000  # on either side of the point; 1e999999999 eats the memory


def check_member(field: str, value: object, kind: type[Enum]) -> None:
    """Refuse what is no member of ``kind``; its value as a text is none.

    Raises:
        InvalidValue: it is not.
    """
    if not isinstance(value, kind):
        raise InvalidValue(field, value, f"a {kind.__name__}: {', '.join(member.name for member in kind)}")


def exact(field: str, number: Any, expected: str) -> Fraction:
    """An exact number of 0 or more, from an int, a Fraction or a Decimal.

    Raises:
        InvalidValue: it is a float or a bool, not finite, negative, or a Decimal of over 1000 digits.
    """
    whole = isinstance(number, int) and not isinstance(number, bool)
    decimal = isinstance(number, Decimal) and number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS
    if whole or isinstance(number, Fraction) or decimal:
        found = Fraction(number)
        if found >= 0:
            return found
    raise InvalidValue(field, number, expected)


def simplest(number: Fraction) -> int | Fraction:
    """The number as an int where it is whole: so it is kept, and so it reads."""
    return int(number) if number.denominator == 1 else number


def _day(name: str, day: object) -> date:
    if type(day) is not date:
        raise InvalidValue(name, day, "a date")
    return day


def _instant(name: str, at: object) -> datetime:
    found = aware(name, at)  # type: ignore[arg-type]  # it refuses what is none
    if type(found) is datetime:
        return found
    # somebody's own kind of datetime: what is stored is a plain one
    return datetime.combine(found.date(), found.time(), tzinfo=found.tzinfo)


def _count(name: str, count: object) -> int:
    if type(count) is not int or not 0 <= count < _MOST:
        huge = type(count) is int and abs(count) >= _MOST  # too long to be written
        raise InvalidValue(name, "a huge number" if huge else count, "a whole number, 0 or more")
    return count


def _quantity(name: str, quantity: object) -> Fraction:
    return exact(name, quantity, "an int, a Fraction or a Decimal, 0 or more; never a float")


def _amount(name: str, amount: object) -> Money:
    if not isinstance(amount, Money) or not 0 <= amount.minor < _MOST:
        huge = isinstance(amount, Money) and abs(amount.minor) >= _MOST  # too long to be written
        raise InvalidValue(name, "a huge amount" if huge else amount, "an amount of money, 0 or more")
    return amount if type(amount) is Money else Money.of_minor(amount.minor, amount.currency)


def _flag(name: str, flag: object) -> bool:
    if type(flag) is not bool:
        raise InvalidValue(name, flag, "true or false")
    return flag


def _word(name: str, word: object) -> str:
    if not isinstance(word, str) or not word:
        raise InvalidValue(name, word, "a word")
    return str.__str__(word)  # of an enum whose members are texts, the text


def _history(name: str, history: object) -> History:
    entries = history if isinstance(history, Sequence) and not isinstance(history, str) else ()
    found = tuple(tuple(entry) for entry in entries if isinstance(entry, Sequence))
    if not found or {len(entry) for entry in found} != {2} or len(found) < len(entries):
        raise InvalidValue(name, history, "at least one day with the balance from it on")
    for day, amount in found:
        _day(name, day)
        _amount(name, amount)
    for (day, amount), (following, next_amount) in pairwise(found):
        if day >= following or amount.currency != next_amount.currency:
            raise InvalidValue(name, following, "days that ascend, balances of one currency")
    return found


_CHECKS: Final[Mapping[FactKind, Any]] = MappingProxyType(
    {
        FactKind.DAY: _day,
        FactKind.INSTANT: _instant,
        FactKind.COUNT: _count,
        FactKind.QUANTITY: _quantity,
        FactKind.AMOUNT: _amount,
        FactKind.FLAG: _flag,
        FactKind.WORD: _word,
        FactKind.HISTORY: _history,
    }
)
"""By kind: what takes a value of it, given its name, or refuses it."""


def _missing(kind: FactKind, name: str) -> MissingValue:
    return MissingValue(name, f"among the {kind.value} given")


def _given(values: Mapping[str, T], kind: FactKind, name: str) -> T:
    try:
        return values[name]
    except KeyError:
        raise _missing(kind, name) from None


def checked(kind: FactKind, name: str, value: Any) -> Any:
    """``value`` as a fact of that kind; None is one that was not given.

    Raises:
        MissingValue: it was not given.
        InvalidValue: it is not of that kind.
    """
    if value is None:
        raise _missing(kind, name)
    return _CHECKS[kind](name, value)


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a fee is worked out from, by kind and name.

    Quantities are exact: an int, a Decimal or a Fraction. An instant is aware.

    Raises:
        InvalidValue: a day is no date (a datetime is none), a count is no whole number, an amount is
            no money, a flag is neither true nor false, a history does not ascend, an instant is
            naive, or a count, a quantity or an amount is negative.
    """

    days: Mapping[str, date] = field(default_factory=_nothing)
    counts: Mapping[str, int] = field(default_factory=_nothing)
    amounts: Mapping[str, Money] = field(default_factory=_nothing)
    flags: Mapping[str, bool] = field(default_factory=_nothing)
    instants: Mapping[str, datetime] = field(default_factory=_nothing)
    quantities: Mapping[str, Fraction | Decimal | int] = field(default_factory=_nothing)
    words: Mapping[str, str] = field(default_factory=_nothing)
    histories: Mapping[str, History] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        for kind, check in _CHECKS.items():
            values = getattr(self, kind.value)
            if values is not _NOTHING:
                known = {name: check(name, value) for name, value in values.items()}
                object.__setattr__(self, kind.value, MappingProxyType(known))

    def __hash__(self) -> int:
        return hash(tuple(frozenset(getattr(self, name).items()) for name in _FIELDS))

    def __reduce__(self) -> tuple[object, ...]:
        return partial(Facts, **{name: dict(getattr(self, name)) for name in _FIELDS}), ()

    def get(self, kind: FactKind, name: str) -> Any:
        """The fact of that kind and name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(getattr(self, kind.value), kind, name)

    def has(self, kind: FactKind, name: str) -> bool:
        """Whether the fact was given."""
        return name in getattr(self, kind.value)

    def day(self, name: str) -> date:
        """The day of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.days, FactKind.DAY, name)

    def instant(self, name: str) -> datetime:
        """The instant of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.instants, FactKind.INSTANT, name)

    def count(self, name: str) -> int:
        """The count of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.counts, FactKind.COUNT, name)

    def quantity(self, name: str) -> Fraction:
        """The quantity of that name, exactly.

        Raises:
            MissingValue: it was not given.
        """
        return Fraction(_given(self.quantities, FactKind.QUANTITY, name))

    def amount(self, name: str) -> Money:
        """The amount of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.amounts, FactKind.AMOUNT, name)

    def flag(self, name: str) -> bool:
        """The flag of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.flags, FactKind.FLAG, name)

    def word(self, name: str) -> str:
        """The word of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.words, FactKind.WORD, name)

    def history(self, name: str) -> History:
        """The history of that name.

        Raises:
            MissingValue: it was not given.
        """
        return _given(self.histories, FactKind.HISTORY, name)

    def within(self, days: Mapping[str, date], amounts: Mapping[str, Money] = MappingProxyType({})) -> Facts:
        """These facts, but for the days and amounts given, which are of the right kinds already."""
        made = object.__new__(Facts)
        for each in _FIELDS:
            object.__setattr__(made, each, getattr(self, each))
        object.__setattr__(made, "days", MappingProxyType({**self.days, **days}))
        if amounts:
            object.__setattr__(made, "amounts", MappingProxyType({**self.amounts, **amounts}))
        return made


_FIELDS: Final = tuple(each.name for each in fields(Facts))
_DAY: Final = timedelta(days=1)


def spans(after: date, through: date, starts: Sequence[date]) -> Iterator[tuple[int, date, date]]:
    """The days in ``(after, through]`` cut at ``starts``, which ascend: which one holds, and its days.

    What begins on a day holds on that day. Days before the first start are not among what comes.

    >>> starts = [date.min, date(2026, 7, 1)]
    >>> for number, after, through in spans(date(2026, 6, 28), date(2026, 7, 2), starts):
    ...     print(number, after, through)
    0 2026-06-28 2026-06-30
    1 2026-06-30 2026-07-02
    """
    number = max(bisect_right(starts, after) - 1, 0)
    while number < len(starts) and starts[number] <= through:
        begins = max(after, starts[number] - _DAY) if starts[number] > date.min else after
        ends = min(through, starts[number + 1] - _DAY) if number + 1 < len(starts) else through
        if begins < ends:
            yield number, begins, ends
        number += 1
