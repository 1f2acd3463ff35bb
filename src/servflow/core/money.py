"""Money: exact, of one currency, rounded only where a rounding is named.

An amount is a whole number of minor units (分, cents). Anything between is a ``Fraction`` of
minor units, on its way to ``rounded``; a float never gets in. Different currencies never meet in
one sum. The number of minor digits is that of ISO 4217.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from enum import Enum
from fractions import Fraction
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final

from servflow.core.errors import CurrencyMismatch, InvalidValue

__all__ = ["Money", "Rounding", "minor_digits", "rounded", "total"]

_DIGITS: Final = MappingProxyType(
    {
        currency: digits
        for digits, currencies in (
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (3, "BHD IQD JOD KWD LYD OMR TND"),
            (4, "CLF UYW"),
        )
        for currency in currencies.split()
    }
)
"""Currencies whose minor unit is not a hundredth (ISO 4217:2015, list one)."""


_CODE: Final = re.compile("[A-Z]{3}")
_MOST_DIGITS: Final = 30  # no sum of money has more on either side of the point; 1e999999999 eats the memory


def minor_digits(currency: str) -> int:
    """How many decimal digits the currency's amounts have: 2 for CNY, 0 for JPY.

    Raises:
        InvalidValue: ``currency`` is not three capital letters.
    """
    if not isinstance(currency, str) or (digits := _digits(currency)) is None:
        raise InvalidValue("currency", currency, "a code of three capital letters, as in ISO 4217")
    return digits


@lru_cache(maxsize=256)  # it is asked with every amount
def _digits(currency: str) -> int | None:
    return _DIGITS.get(currency, 2) if _CODE.fullmatch(currency) else None


class Rounding(Enum):
    """How a fraction becomes a whole number of steps. Half-way cases are named, never left open."""

    HALF_UP = "half_up"  # 四舍五入; half away from zero
    HALF_EVEN = "half_even"  # 四舍六入五成双
    UP = "up"  # away from zero
    DOWN = "down"  # towards zero

    def whole(self, exact: Fraction) -> int:
        """``exact`` as a whole number."""
        sign = -1 if exact < 0 else 1
        units, rest = divmod(abs(exact), 1)
        match self:
            case Rounding.HALF_UP:
                up = rest * 2 >= 1
            case Rounding.HALF_EVEN:
                up = rest * 2 > 1 or (rest * 2 == 1 and units % 2 == 1)
            case Rounding.UP:
                up = rest > 0
            case _:  # DOWN
                up = False
        return sign * (int(units) + up)


class Money:
    """An exact amount of one currency; immutable, ordered, hashable.

    >>> Money("20", "CNY") + Money("2.50", "CNY")
    Money('22.50', 'CNY')

    ``amount`` is in the currency's major unit: an ``int``, a ``Decimal``, or text such as
    ``"22.50"``. It may be negative (a credit); rules that take none say so.

    Raises:
        InvalidValue: a float or bool, NaN or infinity, more decimals than the currency has,
            or a currency that is not three capital letters.
    """

    __slots__ = ("currency", "minor")

    minor: int
    currency: str

    def __init__(self, amount: int | str | Decimal, currency: str) -> None:
        digits = minor_digits(currency)
        if isinstance(amount, bool) or not isinstance(amount, (int, str, Decimal)):
            raise InvalidValue("amount", amount, "an int, a Decimal or a text; never a float")
        try:
            exact = Decimal(amount)
        except InvalidOperation:
            raise InvalidValue("amount", amount, "a decimal number such as 22.50") from None
        exponent = exact.as_tuple().exponent
        if not isinstance(exponent, int):
            raise InvalidValue("amount", amount, "a finite number")
        if exact.adjusted() >= _MOST_DIGITS or exponent < -_MOST_DIGITS:
            raise InvalidValue("amount", amount, f"at most {_MOST_DIGITS} digits on each side of the point")
        numerator, denominator = exact.as_integer_ratio()
        minor, rest = divmod(numerator * 10**digits, denominator)
        if rest:
            raise InvalidValue("amount", amount, f"at most {digits} decimals for {currency}")
        object.__setattr__(self, "minor", minor)
        object.__setattr__(self, "currency", currency)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Money:
        """The amount of ``minor`` minor units: ``Money.of_minor(2250, "CNY")`` is CNY 22.50.

        Raises:
            InvalidValue: ``minor`` is not an int, or the currency is not one.
        """
        minor_digits(currency)
        if isinstance(minor, bool) or not isinstance(minor, int):
            raise InvalidValue("minor", minor, "a whole number of minor units")
        return cls._made(minor, currency)

    @classmethod
    def maker(cls, currency: str) -> Callable[[int], Money]:
        """A function from minor units to amounts of ``currency``, for whoever makes very many.

        It takes an int and does not check that.

        Raises:
            InvalidValue: the currency is not one.
        """
        minor_digits(currency)
        return partial(cls._made, currency=currency)

    @classmethod
    def _made(cls, minor: int, currency: str) -> Money:
        money = object.__new__(cls)
        object.__setattr__(money, "minor", minor)
        object.__setattr__(money, "currency", currency)
        return money

    @property
    def amount(self) -> Decimal:
        """The amount in the major unit, with exactly the currency's decimals."""
        digits = tuple(map(int, str(abs(self.minor))))
        return Decimal((int(self.minor < 0), digits, -minor_digits(self.currency)))

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money._made(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money._made(self.minor - other.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        if isinstance(times, bool) or not isinstance(times, int):
            return NotImplemented
        return Money._made(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money._made(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money._made(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        """False for nothing at all, in any currency."""
        return self.minor != 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return (self.minor, self.currency) == (other.minor, other.currency)

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.minor <= other.minor

    # Without these, the reflected comparison stands in: ``a > b`` asks ``b < a``.

    def __hash__(self) -> int:
        return hash((self.minor, self.currency))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Money is immutable; {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Money is immutable; {name} cannot be deleted")

    def __reduce__(self) -> tuple[object, tuple[int, str]]:
        return Money.of_minor, (self.minor, self.currency)

    def __repr__(self) -> str:
        return f"Money({str(self.amount)!r}, {self.currency!r})"

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


def rounded(exact: Fraction, currency: str, mode: Rounding, *, step: int = 1) -> Money:
    """``exact`` minor units as money, rounded to a multiple of ``step`` minor units.

    >>> rounded(Fraction(27, 2), "CNY", Rounding.HALF_UP)
    Money('0.14', 'CNY')

    Raises:
        InvalidValue: ``exact`` is a float or Decimal, ``step`` is no int or below 1, or the currency
            is not one.
    """
    if not isinstance(exact, (Fraction, int)):
        raise InvalidValue("exact", exact, "a Fraction of minor units; never a float")
    if not isinstance(step, int) or step < 1:
        raise InvalidValue("step", step, "at least one minor unit")
    return Money.of_minor(mode.whole(exact / step) * step, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; nothing of ``currency`` for no amounts at all.

    Raises:
        CurrencyMismatch: one of them is of another currency.
        InvalidValue: the currency is not one.
    """
    result = Money.of_minor(0, currency)
    for amount in amounts:
        result = result + amount
    return result
