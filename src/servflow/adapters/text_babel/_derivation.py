"""A charge's derivation in words: what was counted, times what rate, by which clause.

1. A step is an equation, where signs say it best, or a text of the catalogue. Two tables say which.
2. What has nothing of its own to say has no line: a bare number, a sum of one part, a rounding that
   changes nothing, a version in force for which the line of a rule around it has said so. A product
   within a product is said in the line of the outer one.
3. Amounts are written exactly where a short decimal says them, otherwise nearly, and "≈" says so;
   what is charged never stands on what is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypedDict

from servflow.adapters.text_babel._catalogue import ABOUT, Catalogue
from servflow.core.fees import Charge, Counting, DayCountConvention, Input, Operation, Reach, Step
from servflow.core.money import Money

__all__ = ["ChargeTree", "charge_lines", "charge_tree", "charge_tree_lines"]


class ChargeTree(TypedDict):
    """One line of a derivation and those it stands on: nothing but texts, so that it is JSON as it is."""

    text: str
    value: str
    """What the step came to, an amount or a quantity."""
    clause: str | None
    parts: list[ChargeTree]


class _Line(NamedTuple):
    step: Step
    text: str
    below: tuple[_Line, ...]


def charge_lines(words: Catalogue, charge: Charge) -> list[str]:
    """The derivation as indented lines, what a line stands on below it; each ends with its clause.

    The first line ends in the amount. A sum of one part, a rounding that changes nothing and a
    bare number have no line of their own.
    """
    return list(_indented(words, _root(words, charge), ""))


def charge_tree(words: Catalogue, charge: Charge) -> ChargeTree:
    """The same lines as a tree."""
    return _tree(words, _root(words, charge))


def charge_tree_lines(words: Catalogue, charge: Charge) -> list[str]:
    """The same lines with the tree drawn before them."""
    root = _root(words, charge)
    return [_cited(words, root), *_drawn(words, root, "")]


def _indented(words: Catalogue, line: _Line, indent: str) -> Iterator[str]:
    yield indent + _cited(words, line)
    for each in line.below:
        yield from _indented(words, each, f"{indent}  ")


def _drawn(words: Catalogue, line: _Line, before: str) -> Iterator[str]:
    for number, each in enumerate(line.below, start=1):
        here, further = ("└─ ", "   ") if number == len(line.below) else ("├─ ", "│  ")
        yield before + here + _cited(words, each)
        yield from _drawn(words, each, before + further)


def _tree(words: Catalogue, line: _Line) -> ChargeTree:
    clause = line.step.clause
    return {
        "text": line.text,
        "value": _value(words, line.step),
        "clause": None if clause is None else words.name("clause", clause.id),
        "parts": [_tree(words, each) for each in line.below],
    }


def _cited(words: Catalogue, line: _Line) -> str:
    return words.cited(line.text, line.step.clause)


# --- which steps have a line ---------------------------------------------------------------------------


_PLAIN: Final = frozenset({Operation.FIXED, Operation.COUNT})
"""Said where they are used; there is no more to say, since the noun says what was counted."""

_COLLECTS: Final = frozenset(
    {
        Operation.SUM,
        Operation.MAX_OF,
        Operation.MIN_OF,
        Operation.SEGMENTED,
        Operation.OVER_BALANCE,
        Operation.ROUNDED,
        Operation.ROUNDED_QUANTITY,
        Operation.TIERED,
    }
)
"""With one part that comes to the same, they say nothing that the part does not."""

_FACTORS: Final = frozenset({Operation.PERCENT, Operation.SCALE})
"""Said within the line of another of them, if both stand under one clause."""

_InForce = frozenset[tuple[tuple[str, Input], ...]]
"""The inputs of steps by when: the fact, its day, and since when the version holds."""


def _root(words: Catalogue, charge: Charge) -> _Line:
    step = charge.derivation
    return next(_lines(words, step, step), _Line(step, _value(words, step), ()))


def _lines(words: Catalogue, step: Step, above: Step, in_force: _InForce = frozenset()) -> Iterator[_Line]:
    """The line of the step, or those that take its place; ``above`` is what stands on it.

    ``in_force`` are the versions that the lines further above have named.
    """
    if step.operation in _PLAIN:
        return
    further = in_force | {step.inputs} if step.operation is Operation.AS_OF else in_force
    below = tuple(_below(words, step, further))
    if step.operation is Operation.AS_OF:  # without its line, its clause must still stand somewhere
        said = step.inputs in in_force and any(line.step.clause == step.clause for line in below)
    else:
        said = _passes_on(step, above)
    if said:
        yield from below
    else:
        yield _Line(step, _text(words, step), below)


def _below(words: Catalogue, step: Step, in_force: _InForce) -> Iterator[_Line]:
    if step.operation is Operation.TIERED and not _passes_on(step, step):
        # every bracket stands on the same quantity: it is shown once
        for part in step.parts[0].parts:
            yield from _lines(words, part, step, in_force)
        yield from (_Line(bracket, _text(words, bracket), ()) for bracket in step.parts)
    else:
        for part in step.parts:
            yield from _lines(words, part, step, in_force)


def _passes_on(step: Step, above: Step) -> bool:
    """Whether its parts, or the line above, say all there is to say."""
    alone = len(step.parts) == 1 and step.exact == step.parts[0].exact
    if step.operation is Operation.SPECIAL:
        return alone and not step.inputs
    if step.operation is Operation.TIERED:
        return alone and len(step.parts[0].parts) == 1
    return _within(step, above) or (alone and step.operation in _COLLECTS)


def _within(step: Step, above: Step) -> bool:
    """Whether the step is a product that is said in the line of what stands on it."""
    return step.operation is Operation.TIMES or (
        step is not above and {step.operation, above.operation} <= _FACTORS and step.clause == above.clause
    )


# --- numbers within a line -----------------------------------------------------------------------------


def _measured(words: Catalogue, exact: Fraction, unit: str) -> str:
    """So much of a unit: an amount, where it is a currency, or a quantity."""
    return words.amount(exact, unit) if unit.isupper() else words.count(f"count.{unit}", exact)


def _value(words: Catalogue, step: Step) -> str:
    """What the step came to."""
    return _measured(words, step.exact, step.unit)


def _said(words: Catalogue, step: Step, above: Step) -> str:
    """The step as it is said within the line of what stands on it."""
    return _EQUATIONS[step.operation](words, step) if _within(step, above) else _value(words, step)


def _equation(words: Catalogue, side: str, step: Step) -> str:
    value = _value(words, step)
    if side == value:
        return value
    if ABOUT not in side + value:
        return f"{side} = {value}"
    return f"{side.replace(ABOUT, '')} {ABOUT}{value.removeprefix(ABOUT)}"


def _rate(words: Catalogue, rate: Any, unit: str, per: Fraction | int = 1) -> str:
    """An amount for so many units, or a ratio."""
    if not isinstance(rate, Money):
        return words.ratio(rate)
    if per == 1:
        return words.money(rate)
    return words.text("rate.per", {"rate": rate, "per": _measured(words, Fraction(per), unit)})


# --- steps that are equations --------------------------------------------------------------------------


def _sum(words: Catalogue, step: Step) -> str:
    return " + ".join(_said(words, part, step) for part in step.parts)


def _product(words: Catalogue, step: Step) -> str:
    return " × ".join(_said(words, part, step) for part in step.parts)


def _rated(words: Catalogue, step: Step) -> str:
    rate, *per = _values(step)
    return f"{_product(words, step)} × {_rate(words, rate, step.parts[0].unit, *per)}"


def _converted(words: Catalogue, step: Step) -> str:
    ratio = _number(step.inputs[0][1])
    sign, number = ("÷", 1 / ratio) if ratio.numerator == 1 else ("×", ratio)
    return f"{_said(words, step.parts[0], step)} {sign} {words.number(number)}"


def _compound(words: Catalogue, step: Step) -> str:
    base, periods = step.parts
    grown = f"(1 + {words.ratio(_number(step.inputs[0][1]))})^{words.number(periods.exact)}"
    return f"{_said(words, base, step)} × ({grown} − 1)"


def _number(value: Any) -> Fraction:
    return Fraction(value.minor if isinstance(value, Money) else value)


_EQUATIONS: Final[Mapping[Operation, Callable[[Catalogue, Step], str]]] = MappingProxyType(
    {
        Operation.PLUS: _sum,
        Operation.SUM: _sum,
        Operation.TIMES: _product,
        Operation.SCALE: _product,
        Operation.PER_UNIT: _rated,
        Operation.PERCENT: _rated,
        Operation.CONVERTED: _converted,
        Operation.COMPOUND: _compound,
    }
)


# --- steps that are texts ------------------------------------------------------------------------------


_Facts = Mapping[str, Input]


class _Form(NamedTuple):
    """The texts of an operation, what its inputs are called in them, which text it is, and what else it says.

    Every text has the ``result``, ``one`` and ``other`` (the parts), ``name`` and ``value`` (of the
    first input, whose name is that of a fact), and ``sum`` and ``all`` (of the parts).
    """

    codes: tuple[str, ...]
    roles: tuple[str, ...] = ()
    which: Callable[[Step], int] = lambda _: 0
    more: Callable[[Catalogue, Step], _Facts] = lambda _, __: {}


def _text(words: Catalogue, step: Step) -> str:
    if step.operation in _EQUATIONS:
        return _equation(words, _EQUATIONS[step.operation](words, step), step)
    form = _FORMS[step.operation]
    stands_on = step.parts[0].parts if step.operation is Operation.TIERED else step.parts
    facts: dict[str, Input] = {"result": _value(words, step)}
    facts |= zip(("one", "other"), (_said(words, part, step) for part in stands_on), strict=False)
    for name, value in step.inputs[:1]:
        facts |= {"name": name, "value": value}
    facts |= zip(form.roles, (value for _, value in step.inputs), strict=False)
    facts |= form.more(words, step)
    return words.text(form.codes[form.which(step)], facts)


def _values(step: Step) -> list[Any]:
    return [value for _, value in step.inputs]


def _is_nothing(step: Step) -> int:
    return int(not step.exact)


def _is_empty(step: Step) -> int:
    return int(not step.parts)


def _adds_up(words: Catalogue, step: Step) -> _Facts:
    return {"sum": _equation(words, _sum(words, step), step)}


def _lists(words: Catalogue, step: Step) -> _Facts:
    return {"all": words.listed([_said(words, part, step) for part in step.parts])}


def _rounding(words: Catalogue, step: Step) -> _Facts:
    return {"unit": _measured(words, Fraction(_values(step)[1]), step.unit)}


def _which_months(step: Step) -> int:
    after, through, *_ = _values(step)
    if through <= after:
        return 2
    return int(after.day > _SHORTEST_MONTH)


_SHORTEST_MONTH: Final = 28


def _which_years(step: Step) -> int:
    after, through, convention = _values(step)
    if through <= after:
        return 2
    return int(DayCountConvention(convention) is DayCountConvention.ACT_ACT_ISDA)


def _years(_: Catalogue, step: Step) -> _Facts:
    after, through, code = _values(step)
    convention = DayCountConvention(code)
    days = convention.days(after, through)
    if convention is not DayCountConvention.ACT_ACT_ISDA:
        return {"days": days, "year": convention.year}
    # days = common + leap and exact = common / 365 + leap / 366, so that
    leap = int((days - 365 * step.exact) * 366)
    return {"common": days - leap, "leap": leap}


def _periods(words: Catalogue, step: Step) -> _Facts:
    return {"length": _measured(words, _values(step)[0], step.parts[0].unit)}


def _which_bracket(step: Step) -> str:
    after, *upto = _limits(step)
    if not upto:
        return "range.above" if after else "range.all"
    return "range.between" if after else "range.upto"


def _limits(step: Step) -> list[Fraction]:
    return [_number(value) for value in _values(step)[:-2]]


def _bracket(words: Catalogue, step: Step) -> _Facts:
    """What lies in the bracket, times its rate; of a whole that falls in it, the whole."""
    quantity, *start = step.parts
    limits, (rate, per) = _limits(step), _values(step)[-2:]
    inside = quantity.exact
    if step.operation is Operation.BRACKET:
        began = sum((part.exact for part in start), Fraction())
        inside = max(min([began + inside, *limits[1:]]) - max(began, limits[0]), Fraction())
    units = {
        name: _measured(words, limit, quantity.unit)
        for name, limit in zip(("after", "upto"), limits, strict=False)
    }
    side = f"{_measured(words, inside, quantity.unit)} × {_rate(words, rate, quantity.unit, per)}"
    return {
        "range": words.text(_which_bracket(step), units),
        "product": _equation(words, side, step),
    }


def _which_step(step: Step) -> int:
    return 1 + (Reach(_values(step)[0]) is Reach.ABOVE) if step.inputs else 0


def _ladder(words: Catalogue, step: Step) -> _Facts:
    if not step.inputs:
        return {}
    return {"threshold": _measured(words, _values(step)[1], step.parts[0].unit)}


def _chosen(words: Catalogue, step: Step) -> _Facts:
    (fact, word), *_ = step.inputs
    return {"word": words.name(f"word.{fact}", str(word))}


def _because(words: Catalogue, step: Step) -> _Facts:
    flags = [flag for value in _values(step) for flag in value.split(", ")]
    return {"because": words.listed([words.name("fact", flag) for flag in flags])}


def _is_since(step: Step) -> int:
    return int(len(step.inputs) == 1)  # no day on which the version began: it holds from ever


_SPAN: Final = ("after", "through")
_FORMS: Final[Mapping[Operation, _Form]] = MappingProxyType(
    {
        Operation.DAYS: _Form(("operation.days", "operation.days.none"), _SPAN, _is_nothing),
        Operation.OPEN_DAYS: _Form(("operation.open_days", "operation.open_days.none"), _SPAN, _is_nothing),
        Operation.MINUTES: _Form(("operation.minutes", "operation.days.none"), _SPAN, _is_nothing),
        Operation.OPEN_MINUTES: _Form(
            ("operation.open_minutes", "operation.open_minutes.none"), _SPAN, _is_nothing
        ),
        Operation.MONTHS: _Form(
            ("operation.months", "operation.months.end", "operation.days.none"),
            (*_SPAN, "mode", "end_of_month"),
            _which_months,
        ),
        Operation.YEARS: _Form(
            ("operation.years", "operation.years.each", "operation.days.none"),
            (*_SPAN, "convention"),
            _which_years,
            _years,
        ),
        Operation.QUANTITY: _Form(("operation.given",)),
        Operation.DEDUCT: _Form(("operation.deduct",)),
        Operation.CLIFF: _Form(("operation.cliff",)),
        Operation.AT_MOST: _Form(("operation.at_most",)),
        Operation.PERIODS: _Form(
            ("operation.periods.start", "operation.periods.end"),
            which=lambda step: int(Counting(_values(step)[1]) is Counting.END),
            more=_periods,
        ),
        Operation.ROUNDED_QUANTITY: _Form(("operation.rounded",), ("mode",), more=_rounding),
        Operation.ZERO: _Form(("operation.zero",)),
        Operation.FLAT: _Form(("operation.flat",)),
        Operation.GIVEN: _Form(("operation.given",)),
        Operation.TIERED: _Form(
            ("operation.tiered", "operation.tiered.start"),
            which=lambda step: len(step.parts[0].parts) - 1,
            more=_adds_up,
        ),
        Operation.BRACKET: _Form(("operation.bracket",), more=_bracket),
        Operation.VOLUME: _Form(("operation.volume",), more=_bracket),
        Operation.LADDER: _Form(
            ("operation.ladder.none", "operation.ladder.from", "operation.ladder.above"),
            which=_which_step,
            more=_ladder,
        ),
        Operation.WHEN: _Form(("operation.when",)),
        Operation.CHOOSE: _Form(("operation.choose",), more=_chosen),
        Operation.SPECIAL: _Form(("operation.special",), more=_because),
        Operation.AS_OF: _Form(
            ("operation.as_of", "operation.as_of.ever"), ("day", "start"), which=_is_since
        ),
        Operation.SEGMENTED: _Form(
            ("operation.segmented", "operation.segmented.none"), which=_is_empty, more=_adds_up
        ),
        Operation.OVER_BALANCE: _Form(
            ("operation.over_balance", "operation.over_balance.none"),
            ("history",),
            which=_is_empty,
            more=_adds_up,
        ),
        Operation.MAX_OF: _Form(("operation.max_of",), more=_lists),
        Operation.MIN_OF: _Form(("operation.min_of",), more=_lists),
        Operation.CAP: _Form(("operation.cap",)),
        Operation.FLOOR: _Form(("operation.floor",)),
        Operation.LESS: _Form(("operation.less", "operation.less.none"), which=_is_nothing),
        Operation.ROUNDED: _Form(("operation.rounded",), ("mode",), more=_rounding),
    }
)
