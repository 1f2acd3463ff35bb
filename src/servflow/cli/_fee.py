"""Fees by a rulebook's rules: one amount and why, a table of amounts, the laws that each rule keeps."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final, Never

import attrs
import click

from servflow.cli._host import Host, host_options, now, pass_host
from servflow.cli._show import as_json, complain, progress, say, table
from servflow.codec import toml
from servflow.codec.fee_facts import EXPECTED, read_fact, read_facts
from servflow.core.errors import (
    ConflictingRules,
    InvalidFacts,
    InvalidValue,
    MissingExtra,
    MissingValue,
    Problem,
    ServflowError,
)
from servflow.core.fees import Charge, Expression, FactKind, Rule, evaluate, facts_read
from servflow.core.fees.measures import Between
from servflow.core.money import Money
from servflow.rulebooks import Rulebook, load

__all__ = ["fee"]

_MOST_ROWS: Final = 10_000
_DIGITS: Final = 12  # of numbers on the line, on either side of the point
_NUMBER: Final = re.compile(rf"[0-9]{{1,{_DIGITS}}}(?:[./][0-9]{{1,{_DIGITS}}})?")
_RANGE: Final = re.compile(r"(?P<first>.*?)\.\.(?P<last>[^/]*)(?:/(?P<step>.*))?")
_FORM: Final = "NAME=FIRST..LAST, NAME=FIRST..LAST/STEP or NAME=A,B,C"

_facts = click.option(
    "--facts", "source", metavar="FILE|-", help="The facts, as JSON (or .toml); - is standard input."
)


@click.group()
@host_options
def fee() -> None:
    """Fees by a rulebook: one amount, many, laws kept."""


@fee.command("eval")
@click.argument("name", metavar="RULEBOOK")
@click.argument("key", metavar="KEY")
@_facts
@click.option("--explain", is_flag=True, help="Say why: every step, with its clause.")
@host_options
@pass_host
def eval_(host: Host, name: str, key: str, source: str | None, *, explain: bool) -> None:
    """What a rule charges on the facts."""
    book = _book(name)
    rule = _rule(book, key)
    facts = _document(source)
    try:
        charge = evaluate(rule, read_facts(rule, facts, _where(source)))
    except MissingValue as error:  # it knows the day or the word, and not whose rule it is
        raise MissingValue(f"{book.where}: rules.{key}: {error.name}", error.where) from None
    if host.json:
        derivation = host.codec.encode(charge.derivation)
        why = {"explanation": host.texts.charge_lines(charge)} if explain else {}
        amount = {"amount": host.codec.encode(charge.money), "exact": str(charge.exact)}
        as_json({**_about(book, key), **amount, "derivation": derivation, **why})
        return
    say(host.texts.money(charge.money))
    if explain:
        say("\n".join(host.texts.charge_tree_lines(charge)))


def _about(book: Rulebook, key: str) -> dict[str, str]:
    return {"rulebook": book.name, "digest": book.digest, "rule": key}


def _book(name: str) -> Rulebook:
    """The rulebook of that name, if there are fees in it."""
    book = load(name)
    if not book.fees:
        found = f"{book.name} has no fee rules; its policy is {book.policy}"
        raise click.BadParameter(found, param_hint="RULEBOOK")
    return book


def _rule(book: Rulebook, key: str) -> Rule:
    """The rule of that name, if what it gives is an amount that somebody can pay."""
    known = ", ".join(name for name, rule in book.fees.items() if rule.is_whole) or "parts only"
    if key not in book.fees:
        found = "a list or a number, no fee" if key in book.rules else "no rule of it"
    elif not book.fees[key].is_whole:
        found = "a part of other rules: it gives amounts between two minor units"
    else:
        return book.fees[key]
    raise click.BadParameter(f"{book.name}: {key!r} is {found}; its fees are {known}", param_hint="KEY")


# --- the facts -----------------------------------------------------------------------------------------


def _where(source: str | None) -> str:
    if source is None:
        return "facts"
    return "standard input: facts" if source == "-" else f"{source}: facts"


def _document(source: str | None) -> dict[str, Any]:
    """What the file of facts says; nothing without one.

    Raises:
        InvalidFacts: it cannot be read.
    """
    if source is None:
        return {}
    where = "standard input" if source == "-" else source
    found = toml.document(Path(source), where) if source.endswith(".toml") else _json(source, where)
    if isinstance(found, Problem):
        raise InvalidFacts(where, [found])
    return found


def _json(source: str, where: str) -> dict[str, Any] | Problem:
    if source == "-" and sys.stdin is None:
        return Problem(where, "none: it is closed", "JSON")
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        document = json.loads(
            content.decode("utf-8-sig"),  # some editors write a mark before everything
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
    except OSError as error:
        return Problem(where, error.strerror or type(error).__name__, "a file that can be read")
    except UnicodeDecodeError as error:
        return Problem(where, f"bytes that are not UTF-8, from byte {error.start} on", "UTF-8")
    except RecursionError:
        return Problem(where, "lists or objects within others, too often", "an object, fact by fact")
    except ValueError as error:  # JSON's own error, and a number of 5000 digits
        return Problem(where, str(error), "JSON, or TOML in a file .toml")
    if not isinstance(document, dict):
        shown = "a list" if isinstance(document, list) else _written(_plain(document))
        return Problem(where, shown, "an object, fact by fact")
    return document


def _no_number(name: str) -> Never:
    raise ValueError(f"{name}, which is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} twice in one object")
        found[name] = value
    return found


def _plain(value: Any) -> Any:
    """A fact as JSON has it; numbers that are not whole, and amounts, are texts."""
    match value:
        case Mapping():
            return {str(name): _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case Money():
            return str(value.amount)
        case date():
            return value.isoformat()
        case Fraction():
            scaled = value * 10**_DIGITS
            decimal = Decimal(int(scaled)).scaleb(-_DIGITS).normalize()
            return format(decimal, "f") if scaled.denominator == 1 else str(value)
        case Decimal():
            return str(value)
        case _:
            return value


def _written(plain: Any) -> str:
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


# --- a table over one of the facts ---------------------------------------------------------------------


@attrs.frozen
class _Row:
    """A row of a table: its value, and the fact that is changed for it."""

    value: Any
    changed: Mapping[str, Any]


@fee.command("table")
@click.argument("name", metavar="RULEBOOK")
@click.argument("key", metavar="KEY")
@click.option(
    "--over",
    required=True,
    metavar="NAME=FIRST..LAST[/STEP]",
    help="What changes from row to row: a fact, or days (minutes) of the rule's span; or NAME=A,B,C.",
)
@_facts
@host_options
@pass_host
def table_(host: Host, name: str, key: str, over: str, source: str | None) -> int:
    """The amounts of a rule as a table.

    A range has both its ends. A row that has no amount says why. A fact that changes from row to row
    counts before the one in FILE. Without a first day (or instant) there, a span begins today (now).
    """
    book = _book(name)
    rule = _rule(book, key)
    document = _document(source)
    rows = _rows(book, rule, over, document)
    found = _amounts(rule, [{**document, **row.changed} for row in rows], _where(source))
    code = 1 if any(not isinstance(each, Charge) for each in found) else 0
    said = {
        each: _plain(document[each])
        for each in facts_read(rule)
        if each in document and each not in rows[0].changed
    }
    changing = over.partition("=")[0]
    if host.json:
        amounts = [
            {"value": row.value}
            | ({"amount": host.codec.encode(each.money)} if isinstance(each, Charge) else host.told(each))
            for row, each in zip(rows, found, strict=True)
        ]
        as_json({**_about(book, key), "facts": said, "over": changing, "rows": amounts})
        return code
    given = ", ".join(f"{each} = {_written(value)}" for each, value in said.items())
    table(
        f"{book.name}: {key}" + (f" ({given})" if given else ""),
        (changing, "amount"),
        [
            (_written(row.value), host.texts.money(each.money) if isinstance(each, Charge) else str(each))
            for row, each in zip(rows, found, strict=True)
        ],
    )
    return code


def _amounts(rule: Rule, documents: Iterable[Mapping[str, Any]], where: str) -> list[Charge | ServflowError]:
    """By row, the charge, or why there is none.

    Raises:
        InvalidFacts: a fact is missing or wrong in one of the rows; all of them are named, each once.
    """
    found: list[Charge | ServflowError] = []
    wrong: dict[Problem, None] = {}
    for document in documents:
        try:
            found.append(evaluate(rule, read_facts(rule, document, where)))
        except InvalidFacts as error:
            wrong.update(dict.fromkeys(error.problems))
        except (MissingValue, ConflictingRules) as error:
            found.append(error)
    if wrong:
        raise InvalidFacts(where, wrong)
    return found


def _rows(book: Rulebook, rule: Rule, over: str, document: dict[str, Any]) -> list[_Row]:
    """The rows that ``--over`` asks for; a span that has no first day in ``document`` gets today."""
    name, _, wanted = over.partition("=")
    if not name or not wanted:
        raise _refused(f"found {over!r}, expected {_FORM}")
    kinds = facts_read(rule)
    if kinds.get(name) is FactKind.HISTORY:
        raise _refused(f"{name} is a balance over time, which has no place on the line; name another fact")
    if name in kinds:
        return [_Row(_plain(each), {name: _plain(each)}) for each in _values(kinds[name], wanted, rule)]
    if name not in _SPANS:
        raise _refused(f"the rule reads no {name!r}; it reads {_readable(rule)}")
    kind, unit = _SPANS[name]
    after, through = _span(rule, name)
    at = now().astimezone(book.calendar.zone).replace(second=0, microsecond=0)
    start = at.date() if kind is FactKind.DAY else at
    with suppress(InvalidValue):  # it is told with whatever else is wrong with the facts
        start = read_fact(kind, document.setdefault(after, start), rule.currency)
    try:
        return [_Row(n, {through: start + unit * n}) for n in _values(FactKind.COUNT, wanted, rule)]
    except OverflowError:
        raise _refused(f"{wanted!r} after {start} lies beyond the year 9999") from None


_SPANS: Final = MappingProxyType(
    {
        "days": (FactKind.DAY, timedelta(days=1)),
        "minutes": (FactKind.INSTANT, timedelta(minutes=1)),
    }
)


def _refused(why: str) -> click.UsageError:
    return click.BadParameter(why, param_hint="--over")


def _spans(rule: Rule, name: str) -> list[tuple[str, str]]:
    kind = _SPANS[name][0]
    return list(dict.fromkeys((each.after, each.through) for each in _between(rule) if each.kind is kind))


def _between(expression: Expression) -> Iterator[Between]:
    if isinstance(expression, Between):
        yield expression
    for part in expression.parts:
        yield from _between(part)


def _span(rule: Rule, name: str) -> tuple[str, str]:
    """The two facts between which the rule counts."""
    found = _spans(rule, name)
    if not found:
        raise _refused(f"the rule counts no {name}; it reads {_readable(rule)}")
    if len(found) > 1:
        spans = " and ".join(f"from {after} to {through}" for after, through in found)
        raise _refused(f"the rule counts {name} {spans}; name one of these facts")
    return found[0]


def _readable(rule: Rule) -> str:
    spans = [name for name in _SPANS if len(_spans(rule, name)) == 1]
    return ", ".join([*facts_read(rule), *spans]) or "no facts: it is the same amount always"


def _values(kind: FactKind, wanted: str, rule: Rule) -> list[Any]:
    """The values of a range, both ends included, or those of a list."""
    match = _RANGE.fullmatch(wanted)
    if match is None:
        return _read([(kind, text) for text in wanted.split(",")], rule)
    if kind not in _RANGES:
        raise _refused(f"{kind.value} have no range; write NAME=A,B,C")
    of_step, number, value = _RANGES[kind]
    first, last, step = _read(
        [
            (kind, match["first"]),
            (kind, match["last"]),
            (of_step, "1" if match["step"] is None else match["step"]),
        ],
        rule,
    )
    by = _RANGES[of_step][1](step)
    if not by:
        raise _refused(f"found {wanted!r}, expected a step above 0")
    count = (number(last) - number(first)) // by + 1
    if count < 1:
        raise _refused(f"found {wanted!r}, expected a range that ends no earlier than it begins")
    if count > _MOST_ROWS:
        raise _refused(f"{wanted!r} has {count} rows, expected at most {_MOST_ROWS}")
    return [value(number(first) + by * row, rule.currency) for row in range(count)]


_RANGES: Final[Mapping[FactKind, tuple[FactKind, Callable[[Any], Any], Callable[[Any, str], Any]]]] = (
    MappingProxyType(
        {
            FactKind.COUNT: (FactKind.COUNT, int, lambda number, _: number),
            FactKind.QUANTITY: (FactKind.QUANTITY, Fraction, lambda number, _: number),
            FactKind.AMOUNT: (FactKind.AMOUNT, lambda money: money.minor, Money.of_minor),
            FactKind.DAY: (FactKind.COUNT, date.toordinal, lambda number, _: date.fromordinal(number)),
        }
    )
)
"""By kind of fact: the kind of its steps, a value as a number, and a number as a value."""


def _read(texts: Iterable[tuple[FactKind, str]], rule: Rule) -> list[Any]:
    """The texts as values, each of its kind; every one that is none is told."""
    found, wrong = [], []
    for kind, text in texts:
        try:
            found.append(_value(kind, text, rule.currency))
        except InvalidValue:
            wrong.append(f"found {text!r}, expected {EXPECTED[kind]}")
    if wrong:
        raise _refused("; ".join(dict.fromkeys(wrong)))
    return found


def _value(kind: FactKind, text: str, currency: str) -> Any:
    plain: Any = text
    if kind is FactKind.FLAG:
        plain = {"true": True, "false": False}.get(text, text)
    elif kind in _RANGES and kind is not FactKind.DAY:
        if not _NUMBER.fullmatch(text):  # 1e999999999 eats the memory
            raise InvalidValue("", text, EXPECTED[kind])
        plain = int(text) if text.isdecimal() else text
    return read_fact(kind, plain, currency)


# --- laws -----------------------------------------------------------------------------------------------


@attrs.frozen
class _Kept:
    """What was found about one rule, by the numbers of the laws: a number that is broken is not kept."""

    kept: set[int] = attrs.field(factory=set)
    untried: set[int] = attrs.field(factory=set)
    broken: list[tuple[int, str]] = attrs.field(factory=list)

    def numbers(self) -> tuple[list[int], list[int], list[int]]:
        """Those that are kept, those for which there were no facts to try them on, those broken."""
        broken = {number for number, _ in self.broken}
        kept = self.kept - broken
        return sorted(kept), sorted(self.untried - kept - broken), sorted(broken)


@fee.command()
@click.argument("name", metavar="RULEBOOK")
@click.option(
    "--examples", default=50, show_default=True, type=click.IntRange(1), help="Examples for each law."
)
@host_options
@pass_host
def laws(host: Host, name: str, examples: int) -> int:
    """Which laws of fees each rule keeps.

    A broken one is told with the smallest counter-example that was found. A law is untried where no
    facts were found that the rule has an amount for. A rule rises with a fact if it never costs less
    when that grows.
    """
    try:
        from servflow.testing.laws import STATEMENTS, LawBroken, Untried, check_law, laws_for
    except ImportError as error:
        raise MissingExtra(error.name or "hypothesis", "testing") from None
    book = _book(name)
    found = {key: _Kept() for key in book.fees}
    todo = [(key, rule, law) for key, rule in book.fees.items() for law in laws_for(rule)]
    with _nothing_left_behind():
        for key, rule, law in progress(todo, "laws"):
            try:
                with redirect_stdout(StringIO()):  # hypothesis has something to say, too
                    check_law(law, rule, max_examples=examples)
                found[key].kept.add(law.number)
            except LawBroken as error:
                found[key].broken.append((error.number, str(error)))
                found[key].untried.add(law.number)  # if it was another one that broke
            except Untried:
                found[key].untried.add(law.number)
            except Exception as error:  # noqa: BLE001 -- what cannot be tried to its end is told, too
                why = f"law {law.number}, {law.name}: {type(error).__name__}: {error}"
                found[key].broken.append((law.number, why))
    code = 1 if any(each.broken for each in found.values()) else 0
    if host.json:
        as_json(
            [
                {
                    "rule": key,
                    "kept": each.numbers()[0],
                    "untried": each.numbers()[1],
                    "broken": [{"law": number, "why": why} for number, why in each.broken],
                    "monotone": _rises_with(book.fees[key]),
                }
                for key, each in found.items()
            ]
        )
        return code
    table(
        f"{book.name}: laws",
        ("rule", "kept", "untried", "broken", "rises with"),
        [
            (key, *(", ".join(map(str, each)) for each in (*kept.numbers(), _rises_with(book.fees[key]))))
            for key, kept in found.items()
        ],
    )
    tried = sorted({law.number for _, _, law in todo})
    table("what they say", ("law", "name", "it says"), [(str(each), *STATEMENTS[each]) for each in tried])
    for key, each in found.items():
        for _, why in each.broken:
            complain(f"{key}: {why}")
    return code


def _rises_with(rule: Rule) -> list[str]:
    rising = rule.monotone
    return [name for name in facts_read(rule) if name in rising]


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Hypothesis has its folder elsewhere than where the program was called."""
    from hypothesis.configuration import set_hypothesis_home_dir

    with TemporaryDirectory() as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
