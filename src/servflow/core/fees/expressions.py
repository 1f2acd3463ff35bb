"""What measures and rules have in common: immutable trees that facts turn into trees of steps.

1. A form says its operation, what it reads, and what it is made of; the arithmetic is the operation's.
2. What can be known without any facts is a property: the unit, whether only whole numbers come out,
   in which facts it rises, how much it is at the most.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from fractions import Fraction

from servflow.core.citations import Clause
from servflow.core.errors import InvalidValue
from servflow.core.fees.charges import Input, Operation, Step
from servflow.core.fees.facts import FactKind, Facts

__all__ = ["Constant", "Expression", "Read", "check_kind", "facts_read", "missing"]

Read = tuple[str, FactKind, int]
"""A fact that is read: its name, its kind, and its sign: 1 rises with it, -1 falls, 0 neither is known."""


class Expression(ABC):
    """A tree over facts; what it gives depends on them and on nothing else.

    A form of your own says its ``operation`` and its ``unit`` (a rule's is its ``currency``), and
    overrides what follows from it of ``_reads`` (the facts it reads itself, each with its kind and
    sign), ``_parts`` and ``_signs`` (what it is made of, and how it moves with each), ``_taken`` (those
    that are looked at on some facts) and ``_inputs`` (what its step keeps). Or, instead of the last two,
    ``derive``.
    """

    __slots__ = ("_known_unit", "_known_whole")

    _known_unit: str
    _known_whole: bool

    @property
    @abstractmethod
    def operation(self) -> Operation:
        """What it does, the code of its step."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """The unit of what it gives; a rule's is its currency."""

    @property
    def whole(self) -> bool:
        """Whether it gives whole numbers only, so that nothing is left to round."""
        return all(part.whole for part in self._parts())

    @property
    def trends(self) -> Mapping[str, int]:
        """By fact: 1 if it never falls when the fact grows, -1 if it never rises, 0 if neither is known.

        A day grows when it comes later.
        """
        found: dict[str, int] = {}
        signs = [(name, sign) for name, _, sign in self._reads()]
        for part, sign in zip(self._parts(), self._signs(), strict=True):
            trends = part.trends.items()
            signs += [(name, trend * sign) for name, trend in trends if name != self._bound_amount()]
        for name, sign in signs:
            found[name] = sign if found.get(name, sign) == sign else 0
        return found

    @property
    def monotone(self) -> frozenset[str]:
        """The facts in which it never falls when they grow."""
        return frozenset(name for name, trend in self.trends.items() if trend > 0)

    @property
    def most(self) -> Fraction | None:
        """What it never exceeds, whatever the facts; None if that is not known."""
        return None

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """Its value on ``facts`` with the steps that lead to it, all under ``clause``.

        Raises:
            MissingValue: a fact it needs was not given, or the rule says nothing for these facts.
            CurrencyMismatch: an amount given is of another currency.
            ConflictingRules: two special rules apply and disagree.
        """
        try:
            unit = self._known_unit
        except AttributeError:  # the first time
            unit = self.unit
            object.__setattr__(self, "_known_unit", unit)
        parts = tuple([part.derive(facts, clause) for part in self._taken(facts)])
        return Step.taken(self.operation, unit, clause, self._inputs(facts), parts)

    @property
    def is_whole(self) -> bool:
        """``whole``, worked out once for all the facts that come.

        Raises:
            InvalidValue: one name is read as two kinds of facts.
        """
        try:
            return self._known_whole
        except AttributeError:  # the first time
            facts_read(self)
            whole = self.whole
            object.__setattr__(self, "_known_whole", whole)
            return whole

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What it is made of."""
        return self._parts()

    def _parts(self) -> tuple[Expression, ...]:
        return ()

    def _signs(self) -> tuple[int, ...]:
        """By part: 1 if it rises with it, -1 if it falls, 0 if neither is known."""
        return (1,) * len(self._parts())

    def _reads(self) -> tuple[Read, ...]:
        """The facts that it reads itself; not those of its parts."""
        return ()

    def _bound_amount(self) -> str | None:
        """The name of an amount that its parts read and it gives them itself."""
        return None

    def _taken(self, facts: Facts) -> tuple[Expression, ...]:  # noqa: ARG002
        return self._parts()

    def _seen(self, facts: Facts) -> Iterator[tuple[Expression, Facts]]:
        """Those of its parts that are looked at, each with the facts that it is given."""
        return ((part, facts) for part in self._taken(facts))

    def _inputs(self, facts: Facts) -> tuple[tuple[str, Input], ...]:  # noqa: ARG002
        return ()


class Constant(Expression):
    """An expression that reads nothing and has no parts; its step is kept, for the clause last asked for."""

    __slots__ = ("_known_step",)

    _known_step: Step

    def derive(self, facts: Facts, clause: Clause | None = None) -> Step:
        """Its value, under ``clause``."""
        try:
            step = self._known_step
            if step.clause is clause:
                return step
        except AttributeError:  # the first time
            pass
        step = Expression.derive(self, facts, clause)
        object.__setattr__(self, "_known_step", step)
        return step


def check_kind(field: str, part: object, kind: type, word: str) -> None:
    """Refuse a quantity where an amount belongs, and the other way round.

    Raises:
        TypeError: ``part`` is none of ``kind``, which is called ``word``.
    """
    if not isinstance(part, kind):
        raise TypeError(f"{field}: found {type(part).__name__}, expected a {word}")


def facts_read(expression: Expression) -> Mapping[str, FactKind]:
    """Every fact that ``expression`` may read, by name, in the order in which it does.

    Raises:
        InvalidValue: one name is read as two kinds of facts.
    """
    found: dict[str, FactKind] = {}
    for name, kind in _walk(expression):
        if found.setdefault(name, kind) is not kind:
            raise InvalidValue(name, f"read among the {kind.value}", f"among the {found[name].value} only")
    return found


def _walk(expression: Expression) -> Iterator[tuple[str, FactKind]]:
    yield from ((name, kind) for name, kind, _ in expression._reads())  # noqa: SLF001 -- its own family
    bound = (expression._bound_amount(), FactKind.AMOUNT)  # noqa: SLF001
    for part in expression._parts():  # noqa: SLF001
        yield from (read for read in _walk(part) if read != bound)


def missing(expression: Expression, facts: Facts) -> Mapping[str, FactKind]:
    """The facts that ``expression`` needs and ``facts`` do not give.

    Where a missing one decides what is looked at, what lies behind it is not asked for yet.

    Raises:
        MissingValue: a rule by date has no value on the day that was given.
    """
    lacking = {name: kind for name, kind, _ in expression._reads() if not facts.has(kind, name)}  # noqa: SLF001
    if not lacking:
        bound = (expression._bound_amount(), FactKind.AMOUNT)  # noqa: SLF001
        for part, seen in expression._seen(facts):  # noqa: SLF001
            lacking.update(read for read in missing(part, seen).items() if read != bound)
    return lacking
