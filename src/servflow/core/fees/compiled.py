"""A rule as a plain function over integers: the same amount as ``evaluate``, without the derivation.

1. The function is written out as Python once, by a table that has an entry for each form. Its
   parameters are the facts, by name.
2. A value is a whole number over a denominator that is known while the function is written, so that
   nothing but integers is worked with. Where it cannot be known, it is a ``Fraction``.
3. It refuses what ``Facts`` and ``evaluate`` refuse, with the same errors, where it reads it.

A form that compiles to one SQL expression has its place beside this module: another table of the
same kind, in an adapter.

It is long because it has an entry for every form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from fractions import Fraction
from keyword import iskeyword
from math import lcm
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from servflow.core.citations import Clause
from servflow.core.dates import months_between
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import measures as m
from servflow.core.fees import over_time, tiers
from servflow.core.fees import rules as r
from servflow.core.fees.charges import Counting, Operation, Reach, growth
from servflow.core.fees.daycounts import DayCountConvention
from servflow.core.fees.expressions import Expression, facts_read
from servflow.core.fees.facts import FactKind, checked
from servflow.core.money import Money, Rounding

__all__ = ["compiled", "parameter"]

_MINUTE: Final = timedelta(minutes=1) // timedelta(microseconds=1)


def compiled(rule: r.Rule) -> Callable[..., Money]:
    """A function of the facts of ``rule``, by name, that gives the amount ``evaluate`` gives.

    >>> fine = compiled(r.PerUnit(m.Days(), Money("0.50", "CNY")).at_most(Money(15, "CNY")))
    >>> fine(due=date(2026, 3, 15), end=date(2026, 3, 20))
    Money('2.50', 'CNY')

    A fact whose name is a word that Python keeps for itself has an underscore behind it: ``class_``.
    An instant is aware; a quantity an int, a Decimal or a Fraction. A fact that the rule does not
    come to need may be left out. The function raises what ``Facts`` and ``evaluate`` raise.

    Raises:
        InvalidValue: amounts of the rule may lie between two minor units, and it is not ``Rounded``;
            one name is read as two kinds of facts; a form is somebody else's; or forms stand within
            forms more often than Python reads them.
    """
    if not rule.whole:
        raise InvalidValue("rule", rule, "a Rounded around a rule that gives parts of a minor unit")
    writer = _Writer()
    term = writer.term(rule, None)
    writer.line(f"return _money({_int(term)})")
    head = ", ".join(f"{parameter(name)}=None" for name in facts_read(rule))
    body = "\n".join(f"    {line}" for line in writer.lines)
    names: dict[str, Any] = {**_NAMES, **writer.constants, "_money": Money.maker(rule.currency)}
    try:
        exec(f"def fee({head}):\n{body}", names)  # noqa: S102 -- written here, of numbers and checked names
    except (SyntaxError, RecursionError):  # 100 blocks within blocks, 20 loops, some thousand terms
        raise InvalidValue("rule", rule, "fewer forms within forms; evaluate takes it") from None
    made: Callable[..., Money] = names["fee"]
    return made


def parameter(name: str) -> str:
    """The parameter of a compiled function that takes the fact called ``name``."""
    return f"{name}_" if iskeyword(name) else name


def _in_currency(name: str, money: Any, currency: str) -> Any:
    if checked(FactKind.AMOUNT, name, money).currency != currency:
        raise CurrencyMismatch(currency, money.currency)
    return money


def _no_value(name: str, where: str) -> NoReturn:
    raise MissingValue(name, where)


def _agreed(found: list[Any], *names: str | None) -> Any:
    if found.count(found[0]) < len(found):
        raise ConflictingRules(tuple(name for name in names if name))
    return found[0]


def _half_even(number: int, by: int) -> int:
    return Rounding.HALF_EVEN.whole(Fraction(number, by))


_NAMES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "_agreed": _agreed,
        "_checked": checked,
        "_date": date,
        "_Fraction": Fraction,
        "_growth": growth,
        "_half_even": _half_even,
        "_in_currency": _in_currency,
        "_int": int,
        "_kinds": FactKind,
        "_Money": Money,
        "_microsecond": timedelta(microseconds=1),
        "_months": months_between,
        "_no_value": _no_value,
        "_str": str,
        "_type": type,
    }
)


class _Term(NamedTuple):
    """Python for a value: of a whole number, to be divided by ``by``; of a ``Fraction``, if that is None."""

    code: str
    by: int | None = 1


def _int(term: _Term) -> str:
    """Python for the whole number that the term is known to be."""
    assert term.by in {1, None}, "whole parts make whole numbers only, over nothing"
    return f"_int({term.code})" if term.by is None else term.code


def _fraction(term: _Term) -> str:
    return term.code if term.by is None else f"_Fraction({term.code}, {term.by})"


def _times(code: str, number: int) -> str:
    return code if number == 1 else f"{code} * {number}"


def _aligned(*terms: _Term) -> tuple[list[str], int | None]:
    """The terms over one denominator, and that."""
    known = [term.by for term in terms if term.by is not None]
    if len(known) < len(terms):
        return [_fraction(term) for term in terms], None
    by = lcm(*known)
    return [_times(term.code, by // each) for term, each in zip(terms, known, strict=True)], by


def _constant(number: Fraction) -> _Term:
    return _Term(str(number.numerator), number.denominator)


class _Writer:
    """The lines of the function so far, and what they have read."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self._read: dict[tuple[str, FactKind], str] = {}
        self._count = 0

    def line(self, code: str) -> None:
        """One more line."""
        self.lines.append(code)

    def name(self) -> str:
        """A name that is not taken; those of facts begin with a letter."""
        self._count += 1
        return f"_{self._count}"

    def constant(self, value: Any) -> str:
        """The name under which the function knows ``value``."""
        name = self.name()
        self.constants[name] = value
        return name

    def kept(self, term: _Term) -> _Term:
        """The term under a name, worked out once."""
        if term.code.lstrip("_").isalnum():
            return term
        name = self.name()
        self.line(f"{name} = {term.code}")
        return _Term(name, term.by)

    def term(self, expression: Expression, clause: Clause | None) -> _Term:
        """Python for the value of ``expression``, under a name."""
        write = _TABLE.get(type(expression))
        if write is None:
            known = ", ".join(kind.__name__ for kind in _TABLE)
            raise InvalidValue("rule", expression, f"one of the forms {known}")
        return self.kept(write(self, expression, clause))

    def pair(self, one: Expression, other: Expression, clause: Clause | None) -> tuple[str, str, int | None]:
        """Two values over one denominator, each under a name."""
        (left, right), by = _aligned(self.term(one, clause), self.term(other, clause))
        return self.kept(_Term(left)).code, self.kept(_Term(right)).code, by

    def fact(self, name: str, kind: FactKind) -> str:
        """The name of the fact, checked where it was not yet."""
        if (name, kind) not in self._read:
            check, known = _FAST.get(kind, ""), parameter(name)
            again = f"{known} = _checked(_kinds.{kind.name}, {name!r}, {known})"
            self.line(f"{check.format(known)}{again}")
            self._read[name, kind] = known
        return self._read[name, kind]

    def amount(self, name: str, currency: str) -> str:
        """The minor units of the amount called ``name``."""
        kind = FactKind.AMOUNT
        if (name, kind) not in self._read:
            minor, known = self.name(), parameter(name)
            wrong = f"_type({known}) is not _Money or {known}.currency != {currency!r} or {known}.minor < 0"
            self.line(f"if {wrong}: _in_currency({name!r}, {known}, {currency!r})")
            self.line(f"{minor} = {known}.minor")
            self._read[name, kind] = minor
        return self._read[name, kind]

    @contextmanager
    def apart(self) -> Iterator[list[str]]:
        """Lines of their own, which may not be come to: what they read first, only they have read."""
        lines, known = self.lines, dict(self._read)
        self.lines = []
        try:
            yield self.lines
        finally:
            self.lines, self._read = lines, known

    def seeing(self, days: Mapping[str, str], amounts: Mapping[str, str] = MappingProxyType({})) -> None:
        """From here on these facts are under these names."""
        self._read |= {(name, FactKind.DAY): code for name, code in days.items()}
        self._read |= {(name, FactKind.AMOUNT): code for name, code in amounts.items()}

    def branches(self, heads: list[tuple[str, list[str], _Term]], result: str, sign: str = "=") -> int | None:
        """Each block under its head, its value put into ``result`` over one denominator: that."""
        codes, by = _aligned(*(term for _, _, term in heads))
        for (head, lines, _), code in zip(heads, codes, strict=True):
            self.line(head)
            self.lines += [f"    {line}" for line in (*lines, f"{result} {sign} {code}")]
        return by


_FAST: Final = MappingProxyType(
    {
        FactKind.DAY: "if _type({0}) is not _date: ",
        FactKind.COUNT: "if _type({0}) is not _int or {0} < 0: ",
        FactKind.FLAG: "if {0} is not True and {0} is not False: ",
        FactKind.WORD: "if _type({0}) is not _str or not {0}: ",
    }
)
"""By kind: what need not be looked at again."""


def _rounded(writer: _Writer, term: _Term, mode: Rounding, step: Fraction) -> _Term:
    """The term as a multiple of ``step``."""
    if term.by is None:
        exact = writer.kept(_Term(f"{term.code} / {writer.constant(step)}", None)).code
        number, by = f"{exact}.numerator", f"{exact}.denominator"
    else:
        number, by = _times(term.code, step.denominator), str(term.by * step.numerator)
        if by == "1":
            return _Term(f"({number}) * {step.numerator}", step.denominator)
    whole = _ROUND[mode].format(number, by)
    return _Term(_times(f"({whole})", step.numerator), step.denominator)


_ROUND: Final = MappingProxyType(
    {
        Rounding.HALF_UP: "(2 * {0} + {1}) // (2 * {1})",
        Rounding.HALF_EVEN: "_half_even({0}, {1})",
        Rounding.UP: "-(-({0}) // {1})",
        Rounding.DOWN: "({0}) // {1}",
    }
)
"""Nothing here is negative."""


# --- measures ------------------------------------------------------------------------------------------


def _fixed(_: _Writer, it: m.Fixed, __: Clause | None) -> _Term:
    return _constant(Fraction(it.quantity))


def _count(w: _Writer, it: m.Count, _: Clause | None) -> _Term:
    return _Term(w.fact(it.name, FactKind.COUNT))


def _quantity(w: _Writer, it: m.Quantity, _: Clause | None) -> _Term:
    return _Term(w.fact(it.name, FactKind.QUANTITY), None)


def _span(w: _Writer, it: Any) -> tuple[str, str]:
    return w.fact(it.after, it.kind), w.fact(it.through, it.kind)


def _days(w: _Writer, it: m.Days, _: Clause | None) -> _Term:
    after, through = _span(w, it)
    return _Term(f"({through} - {after}).days if {through} > {after} else 0")


def _open_days(w: _Writer, it: m.OpenDays, _: Clause | None) -> _Term:
    after, through = _span(w, it)
    return _Term(f"{w.constant(it.days)}({after}, {through})")


def _minutes(w: _Writer, it: m.Minutes, _: Clause | None) -> _Term:
    after, through = _span(w, it)
    return _Term(f"({through} - {after}) // _microsecond if {through} > {after} else 0", _MINUTE)


def _open_minutes(w: _Writer, it: m.OpenMinutes, _: Clause | None) -> _Term:
    after, through = _span(w, it)
    return _Term(f"{w.constant(it.minutes)}({after}, {through})", None)


def _months(w: _Writer, it: m.Months, _: Clause | None) -> _Term:
    after, through = _span(w, it)
    found = w.name()
    w.line(f"{found} = _months({after}, {through}, {w.constant(it.end_of_month)})")
    return _Term(f"{found}[0] + {found}[1]" if it.round is Rounding.UP else f"{found}[0]")


def _years(w: _Writer, it: m.DayCount, _: Clause | None) -> _Term:
    after, through = _span(w, it)
    if it.convention is DayCountConvention.ACT_ACT_ISDA:
        return _Term(f"{w.constant(it.convention.years)}({after}, {through})", None)
    return _Term(f"{w.constant(it.convention.days)}({after}, {through})", it.convention.year)


def _pair(w: _Writer, it: m.Pair, clause: Clause | None) -> _Term:
    if it.operation is Operation.TIMES:
        return _product(w.term(it.one, clause), w.term(it.other, clause))
    one, other, by = w.pair(it.one, it.other, clause)
    return _Term(_JOINED[it.operation].format(one, other), by)


_JOINED: Final = MappingProxyType(
    {
        Operation.PLUS: "{0} + {1}",
        Operation.DEDUCT: "{0} - {1} if {0} > {1} else 0 * {0}",
        Operation.CLIFF: "{0} if {0} > {1} else 0 * {0}",
        Operation.AT_MOST: "{0} if {0} < {1} else {1}",
        Operation.CAP: "{0} if {0} < {1} else {1}",
        Operation.FLOOR: "{0} if {0} > {1} else {1}",
        Operation.LESS: "{0} - {1} if {0} > {1} else 0 * {0}",
    }
)
"""Two values over one denominator; 0 times a value is nothing of its type."""


def _product(one: _Term, other: _Term) -> _Term:
    if one.by is None or other.by is None:
        return _Term(f"{_fraction(one)} * {_fraction(other)}", None)
    return _Term(f"({one.code}) * ({other.code})", one.by * other.by)


def _periods(w: _Writer, it: m.Periods, clause: Clause | None) -> _Term:
    mode = Rounding.UP if it.counting is Counting.START else Rounding.DOWN
    quantity = w.kept(_product(w.term(it.measure, clause), _constant(1 / Fraction(it.length))))
    return _rounded(w, quantity, mode, Fraction(1))


def _converted(w: _Writer, it: m.Converted, clause: Clause | None) -> _Term:
    return _product(w.term(it.measure, clause), _constant(Fraction(it.ratio)))


def _rounded_quantity(w: _Writer, it: m.RoundedQuantity, clause: Clause | None) -> _Term:
    return _rounded(w, w.term(it.measure, clause), it.mode, Fraction(it.step))


# --- rules ---------------------------------------------------------------------------------------------


def _zero(_: _Writer, __: r.Zero, ___: Clause | None) -> _Term:
    return _Term("0")


def _flat(_: _Writer, it: r.Flat, __: Clause | None) -> _Term:
    return _Term(str(it.money.minor))


def _gap(w: _Writer, it: r.Gap, clause: Clause | None) -> _Term:
    w.line(f"_no_value('amount', {it.where(clause)!r})")
    return _Term("0")


def _per_unit(w: _Writer, it: r.PerUnit, clause: Clause | None) -> _Term:
    return _product(w.term(it.quantity, clause), _constant(it.rate.minor / Fraction(it.per)))


def _percent(w: _Writer, it: r.Percent, clause: Clause | None) -> _Term:
    return _product(w.term(it.base, clause), _constant(Fraction(it.ratio)))


def _given(w: _Writer, it: r.Given, _: Clause | None) -> _Term:
    return _Term(w.amount(it.name, it.currency))


def _tiered(w: _Writer, it: tiers.Tiered, clause: Clause | None) -> _Term:
    limits = [_constant(each.ends if each.ends is not None else each.begins) for each in it.brackets]
    slopes, slope_by = _aligned(*(_constant(each.slope) for each in it.brackets))
    whole = w.term(it.quantity, clause)
    start = w.term(it.start, clause) if it.start is not None else _Term("0")
    codes, by = _aligned(whole, start, *limits)
    quantity, begin = (w.kept(_Term(code)).code for code in codes[:2])
    ends = codes[2:-1]
    if it.tiering is tiers.Tiering.VOLUME:
        choice = "".join(
            f"{slope} if {quantity} <= {end} else " for slope, end in zip(slopes, ends, strict=False)
        )
        return _over(_Term(f"{quantity} * ({choice}{slopes[-1]})", by), slope_by)
    total = w.kept(_Term(f"{begin} + {quantity}")).code if it.start is not None else quantity
    parts = []
    for number, slope in enumerate(slopes):
        lower = ends[number - 1] if number else "0"
        upper = f"({total} if {total} < {ends[number]} else {ends[number]})" if number < len(ends) else total
        reached = f"{total} > {lower}"
        if it.start is not None:
            reached += f" and {begin} < {ends[number]}" if number < len(ends) else ""
            lower = f"({begin} if {begin} > {lower} else {lower})"
        parts.append(f"(({upper} - {lower}) * {slope} if {reached} else 0)")
    return _over(_Term(" + ".join(parts), by), slope_by)


def _over(term: _Term, by: int | None) -> _Term:
    """The term divided by a whole number."""
    assert by is not None, "constants are whole numbers over whole numbers"
    # not by "/": where nothing is reached the code gives an int, and its quotient would be a float
    return _Term(f"_Fraction({term.code}, {by})", None) if term.by is None else _Term(term.code, term.by * by)


def _ladder(w: _Writer, it: tiers.Ladder, clause: Clause | None) -> _Term:
    codes, _ = _aligned(w.term(it.quantity, clause), *(_constant(Fraction(at)) for at, _ in it.steps))
    quantity = w.kept(_Term(codes[0])).code
    sign = ">=" if it.reach is Reach.FROM else ">"
    steps = reversed(list(zip(codes[1:], it.steps, strict=True)))
    choice = "".join(f"{money.minor} if {quantity} {sign} {at} else " for at, (_, money) in steps)
    return _Term(f"{choice}0")


def _compound(w: _Writer, it: tiers.Compound, clause: Clause | None) -> _Term:
    base, periods = w.term(it.base, clause), w.term(it.periods, clause)
    ratio = w.constant(Fraction(it.ratio))
    return _Term(f"{_fraction(base)} * _growth({ratio}, {_int(periods)})", None)


def _block(w: _Writer, rule: Expression, clause: Clause | None) -> tuple[list[str], _Term]:
    """The lines that work out ``rule``, apart, and its value."""
    with w.apart() as lines:
        term = w.term(rule, clause)
    return lines, term


def _when(w: _Writer, it: r.When, clause: Clause | None) -> _Term:
    flag, result = w.fact(it.flag, FactKind.FLAG), w.name()
    heads = [(f"if {flag}:", *_block(w, it.rule, clause)), ("else:", *_block(w, it.otherwise, clause))]
    return _Term(result, w.branches(heads, result))


def _choose(w: _Writer, it: r.Choose, clause: Clause | None) -> _Term:
    word, result = w.fact(it.word, FactKind.WORD), w.name()
    heads = [
        (f"{'elif' if number else 'if'} {word} == {case!r}:", *_block(w, rule, clause))
        for number, (case, rule) in enumerate(it.cases)
    ]
    by = w.branches(heads, result)
    unknown = w.constant(it.unknown)
    w.line(f"else: _no_value('rule', {unknown}({word}))")
    return _Term(result, by)


def _special(w: _Writer, it: r.Special, clause: Clause | None) -> _Term:
    found = w.name()
    flags = [w.fact(flag, FactKind.FLAG) for flag, _ in it.cases]
    blocks = [_block(w, rule, clause) for _, rule in it.cases]
    general_lines, general = _block(w, it.rule, clause)
    codes, by = _aligned(*(term for _, term in blocks), general)
    w.line(f"{found} = []")
    heads = [*(f"if {flag}:" for flag in flags), f"if not {found}:"]
    bodies = [*(lines for lines, _ in blocks), general_lines]
    for head, lines, code in zip(heads, bodies, codes, strict=True):
        w.line(head)
        w.lines += [f"    {line}" for line in (*lines, f"{found}.append({code})")]
    applying = ", ".join(
        f"{name!r} if {flag} else None" for (name, _), flag in zip(it.cases, flags, strict=True)
    )
    return _Term(f"_agreed({found}, {applying})", by)


def _as_of(w: _Writer, it: over_time.AsOf, clause: Clause | None) -> _Term:
    anchor, result = w.fact(it.anchor, FactKind.DAY), w.name()
    blocks = [(start, *_block(w, rule, clause)) for start, rule in reversed(it.versions)]
    heads = []
    for number, (start, lines, term) in enumerate(blocks):
        since = w.constant(start or date.min)
        heads.append((f"{'elif' if number else 'if'} {anchor} >= {since}:", lines, term))
    by = w.branches(heads, result)
    w.line(f"else: _no_value('rule', {w.constant(it.before)}({anchor}))")
    return _Term(result, by)


def _segmented(w: _Writer, it: over_time.Segmented, clause: Clause | None) -> _Term:
    after, through = (w.fact(name, FactKind.DAY) for name in (it.after, it.through))
    named = {name: w.fact(name, FactKind.DAY) for name, _ in it.versions if isinstance(name, str)}
    result, number, begins, ends = (w.name() for _ in range(4))
    heads = []
    with w.apart():
        w.seeing({it.after: begins, it.through: ends})
        for place, (_, rule) in enumerate(it.versions):
            heads.append((f"{'elif' if place else 'if'} {number} == {place}:", *_block(w, rule, clause)))
    with w.apart() as lines:
        by = w.branches(heads, result, "+=")
    days = ", ".join(f"{name!r}: {code}" for name, code in named.items())
    w.line(f"{result} = 0")
    stretches = w.constant(it.stretches)
    w.line(f"for {number}, {begins}, {ends} in {stretches}({after}, {through}, {{{days}}}):")
    w.lines += [f"    {line}" for line in lines]
    return _Term(result, by)


def _over_balance(w: _Writer, it: over_time.OverBalance, clause: Clause | None) -> _Term:
    history = w.fact(it.history, FactKind.HISTORY)
    after, through = (w.fact(name, FactKind.DAY) for name in (it.after, it.through))
    result, balance, begins, ends = (w.name() for _ in range(4))
    with w.apart() as lines:
        w.seeing({it.after: begins, it.through: ends}, {it.history: f"{balance}.minor"})
        term = w.term(it.rule, clause)
    w.line(f"{result} = 0")
    w.line(f"for {balance}, {begins}, {ends} in {w.constant(it.stretches)}({history}, {after}, {through}):")
    w.lines += [f"    {line}" for line in (*lines, f"{result} += {term.code}")]
    return _Term(result, term.by)


def _sum(w: _Writer, it: r.Sum, clause: Clause | None) -> _Term:
    codes, by = _aligned(*(w.term(rule, clause) for rule in it.rules))
    return _Term(" + ".join(codes), by)


def _max_of(w: _Writer, it: r.MaxOf, clause: Clause | None) -> _Term:
    return _extreme(w, it.rules, clause, Operation.FLOOR)


def _min_of(w: _Writer, it: r.MinOf, clause: Clause | None) -> _Term:
    return _extreme(w, it.rules, clause, Operation.CAP)


def _extreme(w: _Writer, rules: tuple[r.Rule, ...], clause: Clause | None, operation: Operation) -> _Term:
    codes, by = _aligned(*(w.term(rule, clause) for rule in rules))
    found, *others = (w.kept(_Term(code)).code for code in codes)
    for other in others:
        found = w.kept(_Term(_JOINED[operation].format(found, other))).code
    return _Term(found, by)


def _limited(w: _Writer, it: r.Cap | r.Floor, clause: Clause | None) -> _Term:
    one, other, by = w.pair(it.rule, it.limit, clause)
    return _Term(_JOINED[it.operation].format(one, other), by)


def _less(w: _Writer, it: r.Less, clause: Clause | None) -> _Term:
    one, other, by = w.pair(it.rule, it.deduction, clause)
    return _Term(_JOINED[it.operation].format(one, other), by)


def _scale(w: _Writer, it: r.Scale, clause: Clause | None) -> _Term:
    return _product(w.term(it.rule, clause), w.term(it.by, clause))


def _under(w: _Writer, it: r.Under, _: Clause | None) -> _Term:
    return w.term(it.rule, it.clause)


def _rounded_rule(w: _Writer, it: r.Rounded, clause: Clause | None) -> _Term:
    return _rounded(w, w.term(it.rule, clause), it.mode, Fraction(it.step))


_TABLE: Final[Mapping[type, Callable[[_Writer, Any, Clause | None], _Term]]] = MappingProxyType(
    {
        m.Fixed: _fixed,
        m.Count: _count,
        m.Quantity: _quantity,
        m.Days: _days,
        m.OpenDays: _open_days,
        m.Minutes: _minutes,
        m.OpenMinutes: _open_minutes,
        m.Months: _months,
        m.DayCount: _years,
        m.Pair: _pair,
        m.Periods: _periods,
        m.Converted: _converted,
        m.RoundedQuantity: _rounded_quantity,
        r.Zero: _zero,
        r.Flat: _flat,
        r.Gap: _gap,
        r.PerUnit: _per_unit,
        r.Percent: _percent,
        r.Given: _given,
        tiers.Tiered: _tiered,
        tiers.Ladder: _ladder,
        tiers.Compound: _compound,
        r.When: _when,
        r.Choose: _choose,
        r.Special: _special,
        over_time.AsOf: _as_of,
        over_time.Segmented: _segmented,
        over_time.OverBalance: _over_balance,
        r.Sum: _sum,
        r.MaxOf: _max_of,
        r.MinOf: _min_of,
        r.Cap: _limited,
        r.Floor: _limited,
        r.Less: _less,
        r.Scale: _scale,
        r.Under: _under,
        r.Rounded: _rounded_rule,
    }
)
"""By form, how it is written."""
