"""The text form of rules: one line that a person can read and write, and that reads back as it was.

    cap(per_unit(deduct(open_days("desk", due, end), 2 open-day), CNY 0.50), given(item_price, CNY))

1. A form is its name and what it takes, in the order of ``FORMS``; what stands last may be left out
   where that says so. An amount is ``CNY 5.00``, a fixed quantity ``2 day``, a ratio ``0.3%``,
   ``0.003`` or ``3/1000``, a day ``2026-07-01``.
2. Lists are in brackets, each entry with what it is for before a colon: brackets ``0..7: CNY 1.00``
   (the last one ``7..``), steps ``3: CNY 10.00``, cases ``vip: …``, versions ``2026-07-01: …`` (the
   first may be ``..``, from ever).
3. A calendar is named, never written out: whoever reads the text gives those that it may name.
   So is another rule, as ``rule(base)``; what is read is that rule itself, and is written out again.
4. All mistakes come at once, each with its column. White space and line ends mean nothing.

It is long because reading, writing and the one table of forms that serves both belong together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth
from servflow.core.errors import CurrencyMismatch, InvalidRule, InvalidValue, Problem
from servflow.core.fees import measures, over_time, rules, tiers
from servflow.core.fees.charges import Counting, Operation, Reach
from servflow.core.fees.daycounts import DayCountConvention
from servflow.core.fees.expressions import Expression
from servflow.core.fees.measures import Fixed, Measure, Pair
from servflow.core.fees.rules import Flat, Rule
from servflow.core.fees.tiers import Bracket, Tiering
from servflow.core.money import Money, Rounding

__all__ = ["FORMS", "parse", "text_of"]

_DEEPEST: Final = 100  # forms within forms; nobody reads more, and Python's stack ends somewhere
_LONGEST: Final = 40  # digits of a number


# --- the text in pieces ------------------------------------------------------------------------------


class _Piece(NamedTuple):
    kind: str
    text: str
    at: int


_PIECES: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<word>[^\W\d][\w-]*)
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<sign>\.\.|[()\[\],:%/])
    """,
    re.VERBOSE,
)


class _Stop(Exception):
    """Nothing that follows can be made sense of. Never leaves this module."""

    def __init__(self, at: int, found: str, expected: str) -> None:
        super().__init__(found)
        self.at, self.found, self.expected = at, found, expected


def _pieces(text: str) -> list[_Piece]:
    found, at = [], 0
    while at < len(text):
        match = _PIECES.match(text, at)
        if match is None:
            raise _Stop(
                at, repr(text[at]), "a word, a number, a day, a text in quotes, or one of ( ) [ ] , : .. % /"
            )
        if match.lastgroup != "space":
            found.append(_Piece(str(match.lastgroup), match.group(), at))
        at = match.end()
    return [*found, _Piece("end", "", len(text))]


# --- the pieces as a tree, which knows where everything stands -----------------------------------------


@dataclass(frozen=True, slots=True)
class _Node:
    """What stands at a place: a form with its parts, a list of pairs, or something that has no parts."""

    at: int
    kind: str  # form, list, word, quoted, number, percent, day, money, quantity, range
    value: Any
    parts: tuple[Any, ...] = ()


_ANYTHING: Final = "a form such as cap(…), an amount such as CNY 5.00, or a word, number, day or list"


class _Reader:
    """The pieces one after the other."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self._next = 0

    def whole(self) -> _Node:
        """All of it as one node."""
        node = self._node(0)
        if self._piece.kind != "end":
            raise self._refused("the end of the rule")
        return node

    @property
    def _piece(self) -> _Piece:
        return self._pieces[self._next]

    def _take(self) -> _Piece:
        piece = self._piece
        self._next += 1
        return piece

    def _is(self, sign: str) -> bool:
        return self._piece.kind == "sign" and self._piece.text == sign

    def _refused(self, expected: str) -> _Stop:
        piece = self._piece
        return _Stop(piece.at, repr(piece.text) if piece.text else "the end of the rule", expected)

    def _expect(self, sign: str, expected: str) -> None:
        if not self._is(sign):
            raise self._refused(expected)
        self._take()

    def _node(self, depth: int) -> _Node:
        if depth > _DEEPEST:
            raise _Stop(self._piece.at, "a form within a form, too often", f"at most {_DEEPEST} of them")
        if self._is("["):
            return self._list(depth)
        if self._is(".."):
            return _Node(self._take().at, "range", (None, None))
        piece = self._piece
        match piece.kind:
            case "day":
                return self._day()
            case "quoted":
                self._take()
                return _Node(piece.at, "quoted", self._unquoted(piece))
            case "number":
                return self._ranged(self._number())
            case "word":
                self._take()
                if self._is("("):
                    return self._form(piece, depth)
                if self._piece.kind == "number" and re.fullmatch("[A-Z]{3}", piece.text):
                    return self._ranged(self._money(piece))
                return _Node(piece.at, "word", piece.text)
        raise self._refused(_ANYTHING)

    def _unquoted(self, piece: _Piece) -> str:
        try:
            return str(json.loads(piece.text))
        except ValueError:
            raise _Stop(piece.at, piece.text, "a text in quotes, as in JSON") from None

    def _day(self) -> _Node:
        piece = self._take()
        try:
            return _Node(piece.at, "day", date.fromisoformat(piece.text))
        except ValueError:
            raise _Stop(piece.at, piece.text, "a day of the calendar, such as 2026-07-01") from None

    def _digits(self) -> Fraction:
        piece = self._take()
        if piece.kind != "number" or len(piece.text) > _LONGEST:
            raise _Stop(piece.at, repr(piece.text[:_LONGEST]), f"a number of at most {_LONGEST} digits")
        return Fraction(piece.text)

    def _number(self) -> _Node:
        at = self._piece.at
        number = self._digits()
        if self._is("/"):
            self._take()
            divisor = self._digits()
            if not divisor:
                raise _Stop(at, "a division by 0", "a number above 0 under the line")
            number /= divisor
        if self._is("%"):
            self._take()
            return _Node(at, "percent", number / 100)
        if self._piece.kind == "word" and not self._is_per():
            return _Node(at, "quantity", (number, self._take().text))
        return _Node(at, "number", number)

    def _is_per(self) -> bool:
        """Whether what a rate is for comes next; before anything else that word is a unit."""
        return self._piece.text == "per" and self._pieces[self._next + 1].kind == "number"

    def _money(self, currency: _Piece) -> _Node:
        number = self._take()
        try:
            return _Node(currency.at, "money", Money(number.text, currency.text))
        except InvalidValue as error:
            raise _Stop(currency.at, f"{currency.text} {number.text}", error.expected) from None

    def _ranged(self, begin: _Node) -> _Node:
        """The node itself, or the range that it begins."""
        if not self._is(".."):
            return begin
        self._take()
        end = None
        if self._piece.kind == "number":
            end = self._number()
        elif self._piece.kind == "word":
            word = self._take()
            if self._piece.kind != "number":
                raise self._refused("an amount such as CNY 5.00")
            end = self._money(word)
        return _Node(begin.at, "range", (begin, end))

    def _form(self, name: _Piece, depth: int) -> _Node:
        self._take()
        parts: list[_Node] = []
        while not self._is(")"):
            if parts:
                self._expect(",", "a comma, or the closing parenthesis")
            parts.append(self._node(depth + 1))
        self._take()
        return _Node(name.at, "form", name.text, tuple(parts))

    def _list(self, depth: int) -> _Node:
        at = self._take().at
        parts: list[tuple[_Node, _Node, _Node | None]] = []
        while not self._is("]"):
            if parts:
                self._expect(",", "a comma, or the closing bracket")
            key = self._node(depth + 1)
            self._expect(":", "a colon, and what holds there")
            value, per = self._node(depth + 1), None
            if self._is_per():
                self._take()
                per = self._number()
            parts.append((key, value, per))
        self._take()
        return _Node(at, "list", None, tuple(parts))


# --- what each form takes ------------------------------------------------------------------------------


class _Wrong(Exception):
    """What stands at a place is not what belongs there; the problem is noted. Never leaves this module."""


class _Builder:
    """Nodes to values; notes what is wrong and goes on, so that all mistakes come at once."""

    def __init__(self, calendars: Mapping[str, Any], named: Mapping[str, Rule | None]) -> None:
        self.calendars = calendars
        self.named = named
        self.wrong: list[tuple[int, str, str]] = []

    def refused(self, node: _Node, expected: str, found: str | None = None) -> _Wrong:
        """What is raised where ``node`` does not belong; it is noted."""
        self.wrong.append((node.at, found or _found(node), expected))
        return _Wrong()

    def made(self, node: _Node, make: Callable[[], Any]) -> Any:
        """What ``make`` makes; what it refuses is noted."""
        try:
            return make()
        except InvalidValue as error:
            found = error.found if isinstance(error.found, str) else str(error.found)
            raise self.refused(node, error.expected, f"{error.field} {found}") from None
        except CurrencyMismatch as error:
            raise self.refused(node, f"amounts in {error.one} only", f"an amount in {error.other}") from None
        except TypeError as error:
            # of ours, "grace: found day, expected minute"
            where, _, what = str(error).partition(": found ")
            found, _, expected = what.partition(", expected ")
            raise self.refused(node, expected, f"{where} in {found}") from None

    def all(self, takers: Iterable[Callable[[], Any]]) -> list[Any]:
        """Everything that the takers give, if each gives something; else all that is wrong with them."""
        found, failed = [], False
        for take in takers:
            try:
                found.append(take())
            except _Wrong:
                failed = True
        if failed:
            raise _Wrong
        return found

    def expression(self, node: _Node) -> Any:
        """A measure or a rule."""
        match node.kind:
            case "money":
                return self.made(node, partial(Flat, node.value))
            case "quantity":
                return self.made(node, partial(Fixed, *node.value))
            case "form" if node.value in FORMS:
                return self._form(node, FORMS[node.value])
        raise self.refused(node, f"an amount, a quantity, or one of the forms {', '.join(FORMS)}")

    def _form(self, node: _Node, form: _Form) -> Any:
        if form.several is not None:
            parts = self.all(partial(form.several.read, self, part) for part in node.parts)
            return self.made(node, partial(form.make, tuple(parts)))
        needed = [name for name, (_, default) in form.takes.items() if default is MISSING]
        if not len(needed) <= len(node.parts) <= len(form.takes):
            count = f"{len(node.parts)} part{'' if len(node.parts) == 1 else 's'}"
            raise self.refused(node, form.signature(node.value), f"{node.value} with {count}")
        taken = zip(form.takes.values(), node.parts, strict=False)
        parts = self.all(partial(kind.read, self, part) for (kind, _), part in taken)
        return self.made(node, partial(form.make, **dict(zip(form.takes, parts, strict=False))))


def _found(node: _Node) -> str:
    match node.kind:
        case "form":
            return f"{node.value}(…)"
        case "list" | "range":
            return f"a {node.kind}"
        case "money":
            return f"the amount {node.value}"
        case "quantity":
            return f"the quantity {_number_text(node.value[0])} {node.value[1]}"
        case "percent":
            return f"{_number_text(node.value * 100)}%"
        case "number":
            return _number_text(node.value)
        case "day":
            return f"the day {node.value}"
        case _:
            return repr(node.value)


class _Kind(NamedTuple):
    """One kind of part: how it is read, how it is written, what it is called."""

    read: Callable[[_Builder, _Node], Any]
    write: Callable[[Any], str]
    name: str


def _read_rule(b: _Builder, node: _Node) -> Rule:
    made = b.expression(node)
    if not isinstance(made, Rule):
        raise b.refused(node, "a rule, which gives an amount", f"{_found(node)}, which gives a quantity")
    return made


def _read_measure(b: _Builder, node: _Node) -> Measure:
    made = b.expression(node)
    if not isinstance(made, Measure):
        raise b.refused(node, "a measure, which gives a quantity", f"{_found(node)}, which gives an amount")
    return made


def _taking(kinds: tuple[str, ...], expected: str) -> Callable[[_Builder, _Node], Any]:
    def read(b: _Builder, node: _Node) -> Any:
        if node.kind not in kinds:
            raise b.refused(node, expected)
        return node.value

    return read


def _read_calendar(b: _Builder, node: _Node) -> Any:
    name = _taking(("quoted",), "the name of a calendar in quotes")(b, node)
    if name not in b.calendars:
        known = ", ".join(map(json.dumps, b.calendars))
        raise b.refused(node, f"one of {known}" if known else "no calendar: none was given", json.dumps(name))
    return b.calendars[name]


def _write_calendar(calendar: Any) -> str:
    name = getattr(calendar, "name", None)
    if not isinstance(name, str):
        raise InvalidValue("calendar", calendar, "a calendar with a name")
    return _quoted(name)


def _read_named(b: _Builder, node: _Node) -> Rule:
    name = _taking(("word", "quoted"), "the name of a rule")(b, node)
    if name not in b.named:
        known = ", ".join(b.named)
        raise b.refused(node, f"one of {known}" if known else "no name: no other rules were given")
    rule: Rule | None = b.made(node, lambda: b.named[name])
    if rule is None:
        raise _Wrong
    return rule


def _read_clause(b: _Builder, node: _Node) -> Clause:
    written = _taking(("quoted",), 'a clause in quotes, such as "NLC-12" or "NLC-12 八 1"')(b, node)
    id, _, at = written.partition(" ")
    if not id:
        raise b.refused(node, "a clause with an id", json.dumps(written))
    return Clause(id, at)


def _write_clause(clause: Clause) -> str:
    if not clause.id or " " in clause.id:
        raise InvalidValue("clause", clause.id, "an id without spaces")
    return _quoted(f"{clause.id} {clause.at}" if clause.at else clause.id)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number_text(number: Fraction | int) -> str:
    """A number as a decimal, where one is exact and not too long, else as a fraction."""
    exact = Fraction(number)
    decimal = _decimal_text(exact)
    if decimal is None and max(exact.numerator, exact.denominator) >= 10**_LONGEST:
        raise InvalidValue("number", exact, f"a number of at most {_LONGEST} digits")
    return decimal or f"{exact.numerator}/{exact.denominator}"


def _decimal_text(exact: Fraction) -> str | None:
    """A number as a decimal, where one is exact and not too long."""
    rest, places = exact.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        places = max(places, count)
    shifted = exact.numerator * 10 ** min(places, _LONGEST) // exact.denominator
    if rest != 1 or places >= _LONGEST - 1 or shifted >= 10 ** (_LONGEST - 1):
        return None
    digits = str(shifted).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _ratio_text(ratio: Any) -> str:
    percent = _decimal_text(Fraction(ratio) * 100)
    return _number_text(ratio) if percent is None else f"{percent}%"


def _money_text(money: Money) -> str:
    return str(Money(money.amount, money.currency))  # which refuses what could not be read back


def _one_of(kind: type[Enum]) -> _Kind:
    words = ", ".join(str(member.value) for member in kind)

    def read(b: _Builder, node: _Node) -> Enum:
        word = _taking(("word",), f"one of {words}")(b, node)
        try:
            return kind(word)
        except ValueError:
            raise b.refused(node, f"one of {words}") from None

    return _Kind(read, lambda member: str(member.value), words.replace(", ", "|"))


def _entries(
    name: str,
    read_key: Callable[[_Builder, _Node], Any],
    read_value: Callable[[_Builder, _Node], Any],
    write: Callable[[Any, Any], str],
) -> _Kind:
    """A list of pairs."""

    def read(b: _Builder, node: _Node) -> tuple[Any, ...]:
        def entry(key: _Node, value: _Node, per: _Node | None) -> tuple[Any, ...]:
            if per is not None:
                raise b.refused(per, f"only {name}", "per")
            return tuple(b.all((partial(read_key, b, key), partial(read_value, b, value))))

        return tuple(b.all(partial(entry, *part) for part in _read_list(b, node, name)))

    return _Kind(read, lambda pairs: f"[{', '.join(write(*pair) for pair in pairs)}]", name)


def _read_list(b: _Builder, node: _Node, name: str) -> tuple[tuple[_Node, _Node, _Node | None], ...]:
    if node.kind != "list":
        raise b.refused(node, f"a list in brackets: {name}")
    return node.parts


def _read_brackets(b: _Builder, node: _Node) -> tuple[Bracket, ...]:
    def bracket(key: _Node, value: _Node, per: _Node | None) -> Any:
        if key.kind != "range" or key.value[0] is None:
            raise b.refused(key, "a range such as 0..7, or 7.. for all above")
        begin, end = key.value
        limits = [
            _taking(("number", "money"), "a number without a unit, or an amount")(b, each)
            for each in (begin, end)
            if each is not None
        ]
        rate = _taking(("money", "number", "percent"), "a rate: an amount, or a ratio such as 3%")(b, value)
        extra = {} if per is None else {"per": _taking(("number",), "a number without a unit")(b, per)}
        return b.made(key, lambda: Bracket(limits[0], limits[1] if end else None, rate, **extra))

    return tuple(b.all(partial(bracket, *part) for part in _read_list(b, node, _BRACKETS_NAME)))


_BRACKETS_NAME: Final = "brackets such as 0..7: CNY 1.00, 7..: CNY 2.00"


def _write_brackets(brackets: tuple[Bracket, ...]) -> str:
    def limit(value: Any) -> str:
        return _money_text(value) if isinstance(value, Money) else _number_text(value)

    def one(bracket: Bracket) -> str:
        upto = "" if bracket.upto is None else limit(bracket.upto)
        rate = _money_text(bracket.rate) if isinstance(bracket.rate, Money) else _ratio_text(bracket.rate)
        per = "" if bracket.per == 1 else f" per {_number_text(Fraction(bracket.per))}"
        return f"{limit(bracket.after)}..{upto}: {rate}{per}"

    return f"[{', '.join(map(one, brackets))}]"


def _read_start(b: _Builder, node: _Node) -> date | str | None:
    if node.kind == "range" and node.value == (None, None):
        return None
    found: date | str = _taking(("day", "word"), "a day, the name of a fact, or .. for ever")(b, node)
    return found


def _start_text(start: date | str | None) -> str:
    return ".." if start is None else str(start)


def _word_text(word: str) -> str:
    return word if re.fullmatch(r"[^\W\d][\w-]*", word) else _quoted(word)


_read_name = _taking(("word",), "the name of a fact")
_read_money = _taking(("money",), "an amount such as CNY 5.00")
_read_number = _taking(("number", "percent"), "a number such as 3, 0.3% or 1/3")
_read_word = _taking(("word", "quoted"), "a word")


def _read_whole(b: _Builder, node: _Node) -> int:
    number: Fraction = _taking(("number",), "a whole number")(b, node)
    if number.denominator != 1:
        raise b.refused(node, "a whole number")
    return int(number)


def _text(made: Expression) -> str:
    return text_of(made)


_NAMED: Final = _Kind(_read_named, _text, "name")
_RULE: Final = _Kind(_read_rule, _text, "rule")
_MEASURE: Final = _Kind(_read_measure, _text, "measure")
_EITHER: Final = _Kind(_Builder.expression, _text, "measure or rule")
_NAME: Final = _Kind(_read_name, str, "fact")
_UNIT: Final = _Kind(_taking(("word",), "a unit, a word in small letters"), str, "unit")
_CURRENCY: Final = _Kind(_taking(("word",), "a currency such as CNY"), str, "currency")
_MONEY: Final = _Kind(_read_money, _money_text, "amount")
_RATIO: Final = _Kind(_read_number, _ratio_text, "ratio")
_NUMBER: Final = _Kind(_read_number, _number_text, "number")
_WHOLE: Final = _Kind(_read_whole, _number_text, "whole number")
_CALENDAR: Final = _Kind(_read_calendar, _write_calendar, '"calendar"')
_CLAUSE: Final = _Kind(_read_clause, _write_clause, '"clause"')
_ROUNDING: Final = _one_of(Rounding)
_BRACKETS: Final = _Kind(_read_brackets, _write_brackets, "[brackets]")
_STEPS: Final = _entries(
    "steps such as 3: CNY 10.00",
    _read_number,
    _read_money,
    lambda at, money: f"{_number_text(at)}: {_money_text(money)}",
)
_CASES: Final = _entries(
    "cases such as vip: CNY 10.00",
    _read_word,
    _read_rule,
    lambda word, rule: f"{_word_text(word)}: {text_of(rule)}",
)
_VERSIONS: Final = _entries(
    "versions such as 2026-07-01: CNY 10.00",
    _read_start,
    _read_rule,
    lambda start, rule: f"{_start_text(start)}: {text_of(rule)}",
)


class _Form(NamedTuple):
    """A form: what makes it, and what it takes, each with its default if it may be left out."""

    make: Callable[..., Expression]
    takes: Mapping[str, tuple[_Kind, Any]]
    several: _Kind | None = None

    def signature(self, name: str) -> str:
        """How it is written, for a message."""
        if self.several is not None:
            return f"{name}({self.several.name}, …)"
        parts = (
            kind.name if default is MISSING else f"{kind.name}?" for kind, default in self.takes.values()
        )
        return f"{name}({', '.join(parts)})"


def _form(kind: type[Any], **takes: _Kind) -> _Form:
    defaults = {field.name: field.default for field in fields(kind)}
    return _Form(kind, {name: (taken, defaults[name]) for name, taken in takes.items()})


def _joined(operation: Operation) -> _Form:
    def make(one: Measure, other: Measure) -> Pair:
        return Pair(operation, one, other=other)

    return _Form(make, {"one": (_MEASURE, MISSING), "other": (_MEASURE, MISSING)})


_SPAN: Final[dict[str, _Kind]] = {"after": _NAME, "through": _NAME}
FORMS: Final[Mapping[str, _Form]] = MappingProxyType(
    {
        "count": _form(measures.Count, name=_NAME, unit=_UNIT),
        "quantity": _form(measures.Quantity, name=_NAME, unit=_UNIT),
        "days": _form(measures.Days, **_SPAN),
        "open_days": _form(measures.OpenDays, calendar=_CALENDAR, **_SPAN),
        "minutes": _form(measures.Minutes, **_SPAN),
        "open_minutes": _form(measures.OpenMinutes, calendar=_CALENDAR, **_SPAN),
        "months": _form(measures.Months, round=_ROUNDING, end_of_month=_one_of(EndOfMonth), **_SPAN),
        "years": _form(measures.DayCount, convention=_one_of(DayCountConvention), **_SPAN),
        **{
            operation.value: _joined(operation)
            for operation in (
                Operation.DEDUCT,
                Operation.CLIFF,
                Operation.AT_MOST,
                Operation.PLUS,
                Operation.TIMES,
            )
        },
        "periods": _form(measures.Periods, measure=_MEASURE, length=_NUMBER, counting=_one_of(Counting)),
        "converted": _form(measures.Converted, measure=_MEASURE, ratio=_NUMBER, unit=_UNIT),
        "rounded_quantity": _form(measures.RoundedQuantity, measure=_MEASURE, mode=_ROUNDING, step=_NUMBER),
        "zero": _form(rules.Zero, currency=_CURRENCY),
        "gap": _form(rules.Gap, currency=_CURRENCY),
        "given": _form(rules.Given, name=_NAME, currency=_CURRENCY),
        "per_unit": _form(rules.PerUnit, quantity=_MEASURE, rate=_MONEY, per=_NUMBER),
        "percent": _form(rules.Percent, base=_RULE, ratio=_RATIO),
        "tiered": _form(
            tiers.Tiered, quantity=_EITHER, brackets=_BRACKETS, tiering=_one_of(Tiering), start=_EITHER
        ),
        "ladder": _form(tiers.Ladder, quantity=_MEASURE, steps=_STEPS, reach=_one_of(Reach)),
        "compound": _form(tiers.Compound, base=_RULE, ratio=_RATIO, periods=_MEASURE),
        "when": _form(rules.When, flag=_NAME, rule=_RULE, otherwise=_RULE),
        "choose": _form(rules.Choose, word=_NAME, cases=_CASES),
        "special": _form(rules.Special, rule=_RULE, cases=_CASES),
        "as_of": _form(over_time.AsOf, anchor=_NAME, versions=_VERSIONS),
        "segmented": _form(over_time.Segmented, **_SPAN, versions=_VERSIONS),
        "over_balance": _form(over_time.OverBalance, history=_NAME, rule=_RULE, **_SPAN),
        "rule": _Form(lambda it: it, {"it": (_NAMED, MISSING)}),
        "sum": _Form(rules.Sum, {}, _RULE),
        "max": _Form(rules.MaxOf, {}, _RULE),
        "min": _Form(rules.MinOf, {}, _RULE),
        "cap": _form(rules.Cap, rule=_RULE, limit=_RULE),
        "floor": _form(rules.Floor, rule=_RULE, limit=_RULE),
        "less": _form(rules.Less, rule=_RULE, deduction=_RULE),
        "scale": _form(rules.Scale, rule=_RULE, by=_MEASURE),
        "under": _form(rules.Under, clause=_CLAUSE, rule=_RULE),
        "rounded": _form(rules.Rounded, rule=_RULE, mode=_ROUNDING, step=_WHOLE),
    }
)
"""Every form by its name: what it takes, in order. The names are written in other people's rulebooks."""

_NAMES: Final = MappingProxyType({form.make: name for name, form in FORMS.items()})


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


def parse(
    text: str, *, calendars: Mapping[str, Any] = _NONE, named: Mapping[str, Rule | None] = _NONE
) -> Rule:
    """The rule that ``text`` says; ``calendars`` are those that it may name, ``named`` the rules.

    A named rule that is None has mistakes of its own: what names it cannot be read either, and
    that is not said again.

    >>> parse("cap(per_unit(days(due, end), CNY 0.50), CNY 15)").bound
    Money('15.00', 'CNY')

    Raises:
        InvalidRule: it cannot be read; every mistake is named, with the column in which it stands.
    """
    builder = _Builder(calendars, named)
    try:
        return _read_rule(builder, _Reader(_pieces(text)).whole())
    except _Stop as stop:
        builder.wrong.append((stop.at, stop.found, stop.expected))
    except _Wrong:
        pass
    problems = (Problem(_place(text, at), found, expected) for at, found, expected in sorted(builder.wrong))
    raise InvalidRule("rule", problems)


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return f"column {column}" if line == 1 else f"line {line}, column {column}"


def text_of(expression: Expression) -> str:
    """The text of a rule or measure; ``parse`` of a rule's gives a rule equal to it.

    Raises:
        InvalidValue: a calendar has no name, a clause's id has a space, a number or an amount is too
            long to be read back, or it is a form of somebody else's that has no text.
    """
    match expression:
        case Flat(money=money):
            return _money_text(money)
        case Fixed(quantity=quantity, unit=unit):
            return f"{_number_text(Fraction(quantity))} {unit}"
        case Pair(operation=operation, one=one, other=other):
            return f"{operation.value}({text_of(one)}, {text_of(other)})"
    name = _NAMES.get(type(expression))
    if name is None:
        raise InvalidValue("rule", expression, f"one of the forms {', '.join(FORMS)}")
    form = FORMS[name]
    if form.several is not None:
        parts = [form.several.write(rule) for rule in expression.rules]  # type: ignore[attr-defined]
    else:
        parts = list(_parts(expression, form))
    return f"{name}({', '.join(parts)})"


def _parts(expression: Expression, form: _Form) -> Iterator[str]:
    """What the form takes, without what may be left out at the end; a span is always written."""
    values = [
        (name, kind, default, getattr(expression, name)) for name, (kind, default) in form.takes.items()
    ]
    while values and values[-1][0] not in _SPAN and values[-1][2] == values[-1][3]:
        values.pop()
    for _, kind, _, value in values:
        yield kind.write(value)
