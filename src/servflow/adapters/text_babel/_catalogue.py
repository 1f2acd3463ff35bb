"""One language's words: the catalogue, and the filling of its texts with facts.

1. A text is found by a stable code, never by its English. The catalogues are ``.po`` files in the
   package, read with Babel when first needed and then kept: there is no compiled form and no step
   that makes one.
2. A placeholder names a fact: ``{due}``. What it is decides how it reads: an amount, a date and a
   number in the manner of the language, a text as it is.
3. ``{kind:charge}`` is the name that the catalogue has for the value among ``charge.*``. Of several
   values with commas between, it is one name or the other; ``{conditions:condition+}`` is one and the
   other, and ``{items:+}`` so many texts as they are, from as many lines. A word that the catalogue does
   not have stays as it is; ``answer/2`` is the name of ``answer`` with its number.
   ``{state:state.ill.borrowing|state.ill.supply}`` looks in one, then in the other.
   ``{volumes:count.volume}`` is a number with its noun in the right form, ``{held:hold}`` the word for
   yes or no among ``hold.*``, ``{from:instant}`` an instant that is written as a text, ``{of:year}`` a
   calendar year.
4. A line with an empty fact in it is left out, and so is one with a fact that is not given, where its
   placeholder says that this may be: ``{cost?}``.
5. An amount is written exactly, unless no short decimal says it: then nearly, with ``≈`` before it.
6. What cannot be filled is no reason to fail in front of a person: then the code is shown, with
   its facts. That the catalogues fit the code is what the tests are for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any, Final
from unicodedata import category, east_asian_width

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from servflow.core.citations import Clause
from servflow.core.dates import aware
from servflow.core.errors import InvalidValue
from servflow.core.fees import Input
from servflow.core.money import Money, Rounding, minor_digits

__all__ = ["ABOUT", "LANGUAGES", "Catalogue", "catalogue"]

LANGUAGES: Final = ("en", "zh_CN")
"""The languages there is a catalogue for."""

ABOUT: Final = "≈ "
"""Stands before an amount that is not written exactly."""

_MOST_PLACES: Final = 30  # a fraction with more decimals than this is written as one
_BELOW_MINOR: Final = 6  # an amount with more decimals than its currency has, and these, is written nearly
_NEARLY: Final = 6  # with so many decimals
_NUMBERED: Final = re.compile(
    "(?:.*/)?([a-z-]+)/([0-9]+)"
)  # the second of its kind, of something or by itself


class _Filling(Formatter):
    """``str.format`` with our own ways of showing a value, and with names only."""

    def __init__(self, shown: Callable[[Any, str], str]) -> None:
        self._shown = shown

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The fact called ``key``."""
        del args
        return kwargs[_named(str(key))]

    def format_field(self, value: Any, format_spec: str) -> str:
        """The value as it reads."""
        return self._shown(value, format_spec)


class Catalogue:
    """The words of one language; made by ``catalogue``."""

    def __init__(self, language: str, words: Mapping[str, tuple[str, ...]]) -> None:
        self.language = language
        self._words = words
        self._locale = Locale.parse(language)
        self._filling = _Filling(self.shown)

    # --- texts ------------------------------------------------------------------------------------

    def text(self, code: str, facts: Mapping[str, Input]) -> str:
        """The text of that code, filled; a line that lacks a fact is left out, with its paragraph."""
        try:
            paragraphs = [self._paragraph(each, facts) for each in self._words[code][0].split("\n\n")]
        except LookupError:
            return _unsaid(code, facts)
        return "\n\n".join(filter(None, paragraphs))

    def sentence(self, code: str, facts: Mapping[str, Input]) -> str:
        """The same text in one line; the code with its facts where nothing of the text is left."""
        first, *others = (self.text(code, facts) or _unsaid(code, facts)).split("\n")
        for line in others:
            first += line if _wide(first) else f" {line}"
        return first

    def _paragraph(self, template: str, facts: Mapping[str, Input]) -> str:
        lines = [line for line in template.split("\n") if not self._lacks(line, facts)]
        return "\n".join(self._filling.vformat(line, (), facts) for line in lines)

    def _lacks(self, line: str, facts: Mapping[str, Input]) -> bool:
        names = (name for _, name, _, _ in self._filling.parse(line) if name is not None)
        return any((facts.get(_named(name), "") if _may_lack(name) else facts[name]) == "" for name in names)

    def cited(self, text: str, clause: Clause | None) -> str:
        """The text with the clause it rests on behind it."""
        return text if clause is None else f"{text} [{self.name('clause', clause.id)}]"

    def name(self, space: str, code: str) -> str:
        """The name of ``code`` among ``space.*``; ``code`` itself if it has none."""
        return self._known(space, code) or _clean(code)

    def _known(self, spaces: str, code: str) -> str | None:
        found = (self._words.get(f"{space}.{code}") for space in spaces.split("|"))
        name = next((forms[0] for forms in found if forms is not None), None)
        if name is not None or (numbered := _NUMBERED.fullmatch(code)) is None:
            return name
        whole = self._known(spaces, numbered[1])
        return None if whole is None else f"{whole} {numbered[2]}"

    def _names(self, spec: str, text: str) -> str:
        """The names of the values in ``text``; a text that holds none of them stays as it is."""
        spaces = spec.removesuffix("+")
        if not spaces:
            return self.listed([_clean(line) for line in text.splitlines()])
        whole = self._known(spaces, text)
        if whole is not None:
            return whole
        codes = [code.strip() for code in text.split(",")]
        names = [self._known(spaces, code) for code in codes]
        if not any(names):
            return _clean(text)
        told = [name or _clean(code) for name, code in zip(names, codes, strict=True)]
        if spec.endswith("+"):
            return self._words["format.between"][0].join(told)
        return format_list(told, style="or", locale=self._locale)

    def count(self, noun: str, number: int | Fraction) -> str:
        """So many of what ``noun`` (``count.volume``) stands for, singular or plural."""
        forms = self._words.get(noun)
        if forms is None:
            return f"{self.number(number)} {noun.rpartition('.')[2]}"
        singular = number.denominator == 1 and self._locale.plural_form(int(number)) == "one"
        return forms[0 if singular else -1].format(n=self.number(number))

    def shown(self, value: Input, spec: str = "") -> str:
        """A value as it reads; ``spec`` is what stands behind the colon of its placeholder."""
        match value:
            case bool():
                return self.name(spec or "flag", str(value).lower())
            case int() if spec == "year":
                return str(value)
            case int() | Fraction():
                return self.count(spec, value) if spec else self.number(value)
            case Money():
                return self.money(value)
            case datetime() if value.utcoffset() is not None:
                return self._moment(value)
            case date():
                return self.day(value)
            case str() if spec == "instant":
                return self._read(value)
            case str() if spec:
                return self._names(spec, value)
            case _:
                return _clean(value)

    def listed(self, texts: Sequence[str]) -> str:
        """All of the texts in one: "a, b and c"."""
        return format_list(texts, locale=self._locale)

    # --- numbers, amounts, dates --------------------------------------------------------------------

    def number(self, exact: int | Fraction) -> str:
        """A number, exactly: as a decimal, or as a fraction where no decimal is exact."""
        finite = _finite(Fraction(exact), 0)
        if finite is None:
            return f"{exact.numerator}/{exact.denominator}"
        decimal, places = finite
        with localcontext() as context:
            context.prec = _digits(decimal)
            pattern = _pattern("#,##0", places)
            return format_decimal(decimal, format=pattern, locale=self._locale, decimal_quantization=False)

    def ratio(self, exact: Fraction) -> str:
        """A ratio, exactly: in percent, or as a fraction where no decimal is exact."""
        percent = exact * 100
        if _finite(percent, 0) is None:
            return self.number(exact)
        return self._words["ratio.percent"][0].format(n=self.number(percent))

    def money(self, money: Money) -> str:
        """An amount with its currency and every decimal that the currency has."""
        return self.amount(Fraction(money.minor), money.currency)

    def amount(self, minor: Fraction, currency: str) -> str:
        """So many minor units: exactly, with more decimals where needed, or nearly if they are too many."""
        least = minor_digits(currency)
        exact = minor / 10**least
        finite, about = _finite(exact, least, least + _BELOW_MINOR), ""
        if finite is None:
            finite, about = (
                (Decimal(f"{Rounding.HALF_UP.whole(exact * 10**_NEARLY)}E-{_NEARLY}"), _NEARLY),
                ABOUT,
            )
        decimal, places = finite
        with localcontext() as context:
            context.prec = _digits(decimal)
            return about + format_currency(
                decimal,
                currency,
                format=_pattern(self._words["format.money"][0], places),
                locale=self._locale,
                currency_digits=False,
                decimal_quantization=False,
            )

    def day(self, day: date) -> str:
        """A legal day."""
        return format_date(day, self._words["format.day"][0], locale=self._locale)

    def instant(self, at: datetime, zone: tzinfo) -> str:
        """An instant to the minute, in ``zone``, with its offset.

        Raises:
            InvalidValue: ``at`` is naive.
        """
        pattern = self._words["format.instant"][0]
        return format_datetime(aware("at", at), pattern, tzinfo=zone, locale=self._locale)

    def _read(self, text: str) -> str:
        """An instant that is written as a text (ISO 8601); any other text stays as it is."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return _clean(text)
        return _clean(text) if at.utcoffset() is None else self._moment(at)

    def _moment(self, at: datetime) -> str:
        """An instant as it was stored: with its own offset, and to the second or less where it has any."""
        finer = "mm:ss.SSSSSS" if at.microsecond else "mm:ss" if at.second else "mm"
        pattern = self._words["format.instant"][0].replace("mm", finer)
        return format_datetime(at, pattern, tzinfo=at.tzinfo, locale=self._locale)


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of ``language``, read once.

    Raises:
        InvalidValue: there is none for it.
    """
    if language not in LANGUAGES:
        raise InvalidValue("language", language, f"one of {', '.join(LANGUAGES)}")
    place = resources.files(__package__).joinpath("locale", language, "LC_MESSAGES", "servflow.po")
    with place.open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    words = {_texts(message.id)[0]: _texts(message.string) for message in messages if message.id}
    return Catalogue(language, words)


def _texts(found: str | Iterable[str] | None) -> tuple[str, ...]:
    """What stands under ``msgid`` or ``msgstr``: one text, or one for each form of the plural."""
    return (found,) if isinstance(found, str) else tuple(found or ())


def _unsaid(code: str, facts: Mapping[str, Input]) -> str:
    given = ", ".join(f"{name}={_clean(str(value))}" for name, value in facts.items())
    return f"{code} ({given})" if given else code


def _may_lack(placeholder: str) -> bool:
    return placeholder.endswith("?")


def _named(placeholder: str) -> str:
    """The fact that a placeholder names."""
    return placeholder.removesuffix("?")


def _wide(text: str) -> bool:
    """Whether it ends with a sign that brings its own space, such as a Chinese full stop."""
    return bool(text) and east_asian_width(text[-1]) in {"W", "F"}


def _clean(text: str) -> str:
    """One line of text: what came from elsewhere writes no lines and no headers of its own."""
    return "".join("\ufffd" if category(sign) in {"Cc", "Cs"} else sign for sign in " ".join(text.split()))


def _finite(exact: Fraction, least: int, most: int = _MOST_PLACES) -> tuple[Decimal, int] | None:
    """``exact`` as a decimal and how many places it has, at least ``least``; None if more than ``most``."""
    for places in range(least, most + 1):
        scaled = exact * 10**places
        if scaled.denominator == 1:
            return Decimal(f"{scaled.numerator}E-{places}"), places
    return None


def _pattern(whole: str, places: int) -> str:
    return f"{whole}.{'0' * places}" if places else whole


def _digits(decimal: Decimal) -> int:
    """A precision in which no digit of ``decimal`` is lost while Babel formats it."""
    return len(decimal.as_tuple().digits) + _MOST_PLACES + 1
