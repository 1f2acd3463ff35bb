"""What the laws say, and what is raised where one does not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from servflow.core.errors import InvalidValue
from servflow.core.fees import Expression, FactKind, Facts, Under
from servflow.core.fees.text import text_of
from servflow.testing._trees import nodes

STATEMENTS: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        1: ("determinism", "the same facts give the same charge, under any decimal context and locale"),
        2: ("no credits", "no amount on the way is ever below nothing"),
        3: ("monotone", "it moves with a fact, or against it, as it says of itself"),
        4: ("cap", "at most the limit and at most the rule; twice is once; two caps commute"),
        5: ("floor", "at least the limit and the rule; twice is once; above a cap it is refused"),
        6: ("sums", "sums commute, associate, and know nothing owed; the most of one is itself"),
        7: ("splitting", "a span cut in two costs what it costs whole, or errs to the side it must"),
        8: ("grace", "nothing up to the grace; a cliff costs no less; more grace never costs more"),
        9: ("rounding", "within half a step, or one if directed; again changes nothing; order is kept"),
        10: ("allocation", "the shares make the whole, each within a minor unit; order has no say"),
        11: ("accrual", "assessed nightly, twice or once at the end, the books are the same"),
        12: ("changed facts", "whatever changed afterwards, the postings add up to what is owed now"),
        13: ("conservation", "charged = paid + waived + outstanding - credited, and the books balance"),
        14: ("one currency", "all amounts are of one currency, and another one is refused"),
        15: ("dated rules", "each day has one version; a later one changes no earlier charge"),
        16: ("conflicts", "special rules that disagree are an error, and their order has no say"),
        17: ("explanation", "every step follows from the steps below it; what must be is cited"),
        18: ("interest", "linear in days and principal; compound is no less than simple; parts add up"),
        19: ("locality", "what opens or closes outside the days counted changes nothing"),
        20: ("homogeneity", "all amounts so many times as high give so many times the result"),
        21: ("missing facts", "a fact that is needed and not given is an error that names it"),
        22: ("forms", "the text reads back as the rule; the compiled rule gives the same amount"),
    }
)
"""By number, each law's name and what it says."""


class LawBroken(AssertionError):
    """A law does not hold: which, for what, and what was found instead.

    ``rule`` is the rule's text, or whatever the law was tried on; ``clauses`` are those it cites.
    ``facts`` are the counterexample, if the law is about facts; ``found`` says what went wrong.
    """

    def __init__(
        self,
        number: int,
        found: str,
        *,
        rule: str = "",
        clauses: tuple[str, ...] = (),
        facts: Facts | None = None,
    ) -> None:
        self.number = number
        self.name, self.statement = STATEMENTS[number]
        self.found = found
        self.rule = rule
        self.clauses = clauses
        self.facts = facts
        about = (
            ("rule", rule),
            ("clauses", ", ".join(clauses)),
            ("facts", "" if facts is None else _facts_text(facts)),
            ("found", found),
        )
        lines = (f"\n  {name + ':':<9}{text}" for name, text in about if text)
        super().__init__(f"law {number}, {self.name}: {self.statement}{''.join(lines)}")

    def __reduce__(self) -> tuple[object, ...]:
        facts = self.facts and {kind.value: dict(getattr(self.facts, kind.value)) for kind in FactKind}
        return _again, (self.number, self.found, self.rule, self.clauses, facts)


class Untried(Exception):
    """A law that could not be tried: no facts were found that the rule has an amount for, such as for a gap.

    ``number`` and ``name`` are the law's, ``rule`` is the rule's text.
    """

    def __init__(self, number: int, name: str, rule: str) -> None:
        self.number = number
        self.name = name
        self.rule = rule
        super().__init__(f"law {number}, {name}: untried, no amount for any facts\n  rule:    {rule}")

    def __reduce__(self) -> tuple[object, ...]:
        return Untried, (self.number, self.name, self.rule)


def _again(
    number: int, found: str, rule: str, clauses: tuple[str, ...], facts: dict[str, Any] | None
) -> LawBroken:
    known = None if facts is None else Facts(**facts)
    return LawBroken(number, found, rule=rule, clauses=clauses, facts=known)


def _facts_text(facts: Facts) -> str:
    said = ((kind.value, getattr(facts, kind.value)) for kind in FactKind)
    parts = (
        f"{kind} {', '.join(f'{name}={value_text(value)}' for name, value in values.items())}"
        for kind, values in said
        if values
    )
    return "; ".join(parts) or "none"


def value_text(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{day}: {money}" for day, money in value) + "]"
    return str(value)


def rule_text(about: object) -> str:
    if isinstance(about, Expression):
        try:
            return text_of(about)
        except InvalidValue:  # a form or a calendar that has no text
            return repr(about)
    return about if isinstance(about, str) else repr(about)


def _clauses_of(about: object) -> tuple[str, ...]:
    if not isinstance(about, Expression):
        return ()
    found = (node.clause for node in nodes(about) if isinstance(node, Under))
    return tuple(dict.fromkeys(f"{clause.id} {clause.at}".strip() for clause in found))


class Trial:
    """One law tried on something; ``require`` raises if it does not hold."""

    def __init__(self, number: int, about: object, facts: Facts | None = None) -> None:
        self.number, self.about, self.facts = number, about, facts

    def require(self, found: str, *, that: bool, facts: Facts | None = None) -> None:
        if not that:
            raise LawBroken(
                self.number,
                found,
                rule=rule_text(self.about),
                clauses=_clauses_of(self.about),
                facts=facts or self.facts,
            )

    def refuses(self, kind: type[Exception], make: Callable[[], object], what: str) -> None:
        """Whether ``make`` raises that."""
        try:
            make()
        except kind:
            return
        self.require(f"{what} was taken, expected {kind.__name__}", that=False)
