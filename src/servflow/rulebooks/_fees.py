"""The rules of a rulebook of fees: texts to rules of the fee algebra, which may name each other.

Such a rulebook chooses its rules itself. A rule is a fee (a text, or a gap), a list of words in their
order (a ladder of sanctions, the papers that are asked for), or a whole number (a quota).

1. Whatever a rule uses is read before it, so that no chain of rules is too long to be read.
2. Used rules count as if they were written out: how deep and how large a rule may be has a limit.
3. A mistake is reported where it stands, never again where a rule with mistakes is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import attrs

from servflow.core.citations import PRACTICE, Clause
from servflow.core.errors import InvalidRule, InvalidValue, Problem
from servflow.core.fees import (
    AsOf,
    Expression,
    Gap,
    OverBalance,
    Rule,
    Segmented,
    Under,
    adds_up,
    facts_read,
)
from servflow.core.fees.facts import check_name
from servflow.core.fees.text import parse
from servflow.rulebooks._frames import bounds_of, frame_problems
from servflow.rulebooks._keys import ALWAYS
from servflow.rulebooks._register import citable

__all__ = ["FEES", "FEE_KEYS", "NO_CURRENCY", "Fees", "clause_of", "fees", "own_clauses"]

FEES: Final = "fees"
"""The policy of a rulebook that holds fee rules of its own names."""

FEE_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "in-force-on": "by which day a fee applies",
        "in-force-over": "by which day a fee applies",
        "frame": "between what a fee stays",
    }
)
"""The keys of a rule that only a fee has, and what each of them says."""

_KINDS: Final = "a fee rule as text, a list of words, each once, or a whole number, 0 or more"
_WORDS: Final = "a list of words, as the other values of this rule are"
_NUMBER: Final = "a whole number, as the other values of this rule are"
_NAME: Final = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_DEEPEST: Final = 100  # forms within forms, in all; Python's stack ends somewhere
_MOST: Final = 10_000  # forms in all; a rule that is used twice by one that is used twice …
_USES: Final = re.compile(
    r"""(?<![\w-])rule\s*\(\s*(?:(?P<word>[^\W\d][\w-]*)|(?P<quoted>"(?:[^"\\]|\\.)*"))
      | "(?:[^"\\]|\\.)*"
    """,
    re.VERBOSE,
)
NO_CURRENCY: Final = "XXX"
"""In ISO 4217: amounts are still checked where the file names no currency."""
_BY_DAY: Final = "in-force-on = a fact that is a day, or in-force-over = two facts between which days lie"


@attrs.frozen
class Fees:
    """What was read: every value by its rule and number, what is wrong, and the fee rules by name."""

    values: dict[tuple[str, int], Any] = attrs.field(factory=dict)
    wrong: list[Problem] = attrs.field(factory=list)
    rules: dict[str, Rule] = attrs.field(factory=dict)


def fees(tables: Mapping[str, Any], currency: str, calendars: Mapping[str, Any]) -> Fees:
    """The rules as they are written in ``tables``, as far as they can be read.

    Other mistakes than those of their texts, and of how texts go together, are not looked for here.
    """
    found = Fees()
    named = _Named(tables, currency, calendars, found)
    for name, values in named.written.items():
        if not _NAME.fullmatch(name):
            expected = "a name in small letters and digits, with hyphens between words"
            found.wrong.append(Problem(f"rules.{name}", repr(name), expected))
        if name not in named:
            found.values.update(_plain(name, values, found))
            for by in sorted(FEE_KEYS.keys() & _keys(tables[name]) if values else ()):
                found.wrong.append(Problem(f"rules.{name}.{by}", FEE_KEYS[by], "a fee"))
    named.read()
    named.used.update(bounds_of(tables))
    for name, rule in found.rules.items():
        if name not in named.used and not rule.whole:
            expected = "rounded(…) around it, or another rule that uses it"
            found.wrong.append(Problem(f"rules.{name}", "amounts between two minor units", expected))
    found.wrong.extend(frame_problems(tables, found.values, found.rules))
    return found


def _plain(
    name: str, values: Iterable[tuple[int, Mapping[str, Any]]], found: Fees
) -> Iterator[tuple[tuple[str, int], tuple[str, ...] | int]]:
    """Words and numbers, by their rule and number; what is neither is noted."""
    kind: type | None = None
    for number, value in values:
        if "is" not in value:
            continue
        where, said = f"rules.{name}.values[{number}].is", value["is"]
        words = isinstance(said, list) and all(isinstance(word, str) and word for word in said)
        if not (words and len(set(said)) == len(said)) and not (type(said) is int and said >= 0):
            found.wrong.append(Problem(where, repr(said), _KINDS))
        elif kind not in (None, type(said)):
            found.wrong.append(Problem(where, repr(said), _WORDS if kind is list else _NUMBER))
        else:
            kind = type(said)
            yield (name, number), tuple(said) if words else said


def clause_of(table: Mapping[str, Any]) -> Clause:
    """The clause that a table cites, as far as it does."""
    id, at = str(table.get("clause", "")), str(table.get("at", ""))
    return PRACTICE if id == PRACTICE.id and not at else Clause(id, at)


def own_clauses(expression: Expression, named: Collection[int]) -> Iterator[Clause]:
    """Every clause that stands in the text of a rule itself, not in that of a used one.

    ``named`` are the identities (``id``) of all rules that can be used.
    """
    if id(expression) in named:
        return
    if isinstance(expression, Under):
        yield expression.clause
    for part in expression.parts:
        yield from own_clauses(part, named)


def _stretched(expression: Expression, named: Collection[int]) -> Iterator[Segmented | OverBalance]:
    """What goes stretch by stretch in the text of a rule itself."""
    if id(expression) in named:
        return
    if isinstance(expression, (Segmented, OverBalance)):
        yield expression
    for part in expression.parts:
        yield from _stretched(part, named)


class _Named(Mapping[str, Rule | None]):
    """The fee rules by name, for one that uses others; each is there once what it uses is."""

    def __init__(
        self, tables: Mapping[str, Any], currency: str, calendars: Mapping[str, Any], found: Fees
    ) -> None:
        self.written = {name: tuple(_values(table)) for name, table in tables.items()}
        self.used: set[str] = set()
        self._tables = tables
        self._fees = {name: None for name, values in self.written.items() if _is_fee(values)}
        self._currency = currency
        self._calendars = calendars
        self._found = found
        self._read: set[str] = set()
        self._circles: dict[str, list[str]] = {}  # of the rule that is being read, by the one that it uses
        self._forms = 0  # of the rules that are used by the one that is being read
        self._extents: dict[int, tuple[int, int]] = {}  # of rules that were read, by their identity

    def __iter__(self) -> Iterator[str]:
        return iter(self._fees)

    def __len__(self) -> int:
        return len(self._fees)

    def __contains__(self, name: object) -> bool:
        return name in self._fees

    def __getitem__(self, name: str) -> Rule | None:
        self.used.add(name)
        if name not in self._read:
            raise InvalidValue("rule", name, f"no circle: {' → '.join(self._circles[name])}")
        rule = self._found.rules.get(name)
        if rule is not None:
            self._forms += self._extents[id(rule)][0]
            if self._forms > _MOST:
                raise InvalidValue("rule", name, f"at most {_MOST} forms in all, with those of used rules")
        return rule

    def read(self) -> None:
        """Read every rule, each after those that it uses; mistakes are noted."""
        uses = {name: tuple(self._uses(name)) for name in self._fees}
        for name in self._fees:
            path = [name] if name not in self._read else []
            while path:
                unread = [use for use in uses[path[-1]] if use not in self._read]
                ahead = next((use for use in unread if use not in path), None)
                if ahead is not None:
                    path.append(ahead)
                    continue
                self._circles = {use: [*path[path.index(use) :], use] for use in unread}
                self._read_one(path.pop())

    def _uses(self, name: str) -> Iterator[str]:
        """The rules that the texts of this one use, as far as there are such."""
        for _, value in self.written[name]:
            for found in _USES.finditer(value["is"] if isinstance(value.get("is"), str) else ""):
                use = found["word"] or _unquoted(found["quoted"])
                if use in self._fees:
                    yield use

    def _read_one(self, name: str) -> None:
        versions = [
            (value.get("from"), self._version(name, number, value)) for number, value in self.written[name]
        ]
        self._read.add(name)
        made = [(start, rule) for start, rule in versions if rule is not None]
        rule = self._joined(name, made) if len(made) == len(versions) else None
        if rule is not None and self._reads(f"rules.{name}", rule):
            self._extents[id(rule)] = self._extent(rule)
            self._found.rules[name] = rule

    def _extent(self, expression: Expression) -> tuple[int, int]:
        """How many forms there are in it, and how many within each other, with those of used rules."""
        if id(expression) in self._extents:
            return self._extents[id(expression)]
        parts = [self._extent(part) for part in expression.parts]
        forms, depths = (zip(*parts, strict=True)) if parts else ((0,), (0,))
        return 1 + sum(forms), 1 + max(depths)

    def _reads(self, where: str, rule: Rule) -> bool:
        """Whether each fact that it reads is of one kind."""
        try:
            facts_read(rule)
        except InvalidValue as error:
            self._wrong(where, f"{error.field} {error.found}", error.expected)
            return False
        return True

    def _wrong(self, where: str, found: str, expected: str) -> None:
        self._found.wrong.append(Problem(where, found, expected))

    def _version(self, name: str, number: int, value: Mapping[str, Any]) -> Rule | None:
        """One value as a rule under its clause; a gap as one that says nothing."""
        where = f"rules.{name}.values[{number}].is"
        clause = clause_of(value)
        if "is" not in value:
            return Under(clause, Gap(self._currency))
        if not isinstance(value["is"], str):
            self._wrong(where, repr(value["is"]), "a text, as the other values of this rule are")
            return None
        self._forms = 0
        try:
            rule = parse(value["is"], calendars=self._calendars, named=self)
        except InvalidRule as error:
            for problem in error.problems:
                self._wrong(f"{where}, {problem.where}", problem.found, problem.expected)
            return None
        if self._extent(rule)[1] > _DEEPEST - 2:  # what _joined puts around it
            expected = f"at most {_DEEPEST - 2} of them, with those of used rules"
            self._wrong(where, "a form within a form, too often", expected)
            return None
        if not self._reads(where, rule):
            return None
        self._found.values[name, number] = rule
        self._anew(where, rule)
        fine = self._currency in (rule.currency, NO_CURRENCY)
        if not fine:
            self._wrong(where, f"amounts in {rule.currency}", f"amounts in {self._currency}")
        for each in own_clauses(rule, self._extents.keys()):
            if each.id != PRACTICE.id and each.id not in citable():
                self._wrong(where, f"the clause {each.id}", f"a clause of the register, or {PRACTICE}")
        return Under(clause, rule) if fine else None

    def _anew(self, where: str, rule: Rule) -> None:
        """Refuse what would begin anew with each stretch, where somebody who writes rules cannot mean it."""
        for each in _stretched(rule, self._extents.keys()):
            parts = each.parts if len(each.parts) > 1 or isinstance(each, OverBalance) else ()
            if not all(isinstance(part, Rule) and adds_up(part, each.after, each.through) for part in parts):
                found = "a cap, a grace, brackets, periods or a flat amount in what goes stretch by stretch"
                expected = (
                    f"only what adds up day by day from {each.after} to {each.through}; "
                    "the rest goes around it, in a rule that uses this one"
                )
                self._wrong(where, found, expected)
                return

    def _joined(self, name: str, versions: list[tuple[Any, Rule]]) -> Rule | None:
        """The versions as one rule, by the day or the days that the rule names."""
        table, where = self._tables[name], f"rules.{name}"
        on, over = table.get("in-force-on"), table.get("in-force-over")
        if on is not None and over is not None:
            self._wrong(f"{where}.in-force-over", "a span beside in-force-on", "one of the two")
            return None
        if isinstance(over, list) and len(over) != 2:  # noqa: PLR2004 -- from, to
            self._wrong(f"{where}.in-force-over", repr(over), 'two facts, such as ["due", "end"]')
            return None
        days = [date.min if start == ALWAYS else start for start, _ in versions]
        if not all(type(day) is date for day in days):
            return None  # reported where it stands
        if on is None and over is None:
            if days == [date.min]:
                return versions[0][1]
            self._wrong(where, "values that begin on a day", _BY_DAY)
            return None
        facts = [on] if over is None else over
        named = isinstance(facts, list) and all(map(_is_name, facts))
        if not named or len(set(days)) < len(days):
            return None  # reported where it stands
        ordered = sorted(
            ((None if start == ALWAYS else start, rule) for start, rule in versions),
            key=lambda version: version[0] or date.min,
        )
        if over is None:
            return AsOf(facts[0], tuple(ordered))
        try:
            joined = Segmented(facts[0], facts[1], tuple(ordered))
        except InvalidValue as error:  # one fact at both ends; what stretches would count again and again
            self._wrong(f"{where}.in-force-over", str(error.found), error.expected)
            return None
        self._anew(where, joined)
        return joined


def _is_fee(values: tuple[tuple[int, Mapping[str, Any]], ...]) -> bool:
    """Whether a rule is a fee: one of its values is a text, or all of them are gaps."""
    gaps = values and all("is" not in value for _, value in values)
    return bool(gaps) or any(isinstance(value.get("is"), str) for _, value in values)


def _is_name(name: object) -> bool:
    try:
        check_name("", name)
    except InvalidValue:
        return False
    return True


def _unquoted(text: str | None) -> str:
    try:
        return str(json.loads(text or '""'))
    except ValueError:  # no text as in JSON, which is said where it is read
        return ""


def _keys(table: Any) -> set[str]:
    return set(table) if isinstance(table, dict) else set()


def _values(table: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The values of a rule as they are written, as far as they are written as some."""
    values = table.get("values") if isinstance(table, dict) else None
    for number, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict) and ("is" in value or value.get("gap") is True):
            yield number, value
