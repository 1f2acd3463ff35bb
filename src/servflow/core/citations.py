"""Where a value comes from and since when: clauses, cited values, dated values, reasons.

1. A value of a rulebook is never bare: it is ``Cited``, and ``Dated`` if it can change.
2. A day before the first value, or in a written gap, has no value: ``MissingValue``, never zero.
3. A ``Reason`` has a stable code; its text in a language is made elsewhere, from code and facts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.money import Money

__all__ = ["PRACTICE", "Cited", "Clause", "Dated", "Plain", "Reason", "Since"]

T = TypeVar("T")

Plain = str | int | bool | date | Money
"""What a reason or a message may carry as a named fact; it is rendered by language."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a source document (条款).

    ``id`` is its id in the register (``NLC-10``), ``at`` where it stands in its document.
    """

    id: str
    at: str = ""

    def __str__(self) -> str:
        return self.id


PRACTICE = Clause("PRACTICE", "a choice of the desk; no source says it")
"""Cited by values that no source gives: a stated choice of the desk, visible as such."""


@dataclass(frozen=True, slots=True)
class Cited(Generic[T]):
    """A value together with the clause that says so."""

    value: T
    clause: Clause


@dataclass(frozen=True, slots=True)
class Since(Generic[T]):
    """``cited`` holds from ``start`` on, that day included; ``None`` is a gap written as one.

    ``date.min`` as ``start`` stands for a source that gives no date: the value holds on every day. ``gap`` is
    the clause by which there is no value, where one says so.
    """

    start: date
    cited: Cited[T] | None
    gap: Clause | None = field(default=None, kw_only=True, repr=False)


class Dated(Generic[T]):
    """A value over time: each value holds from its first day until the day before the next one.

    >>> loan_days = Dated("loan days", [Since(date(2026, 1, 1), Cited(30, Clause("X-1")))])
    >>> loan_days.on(date(2026, 1, 1)).value
    30

    Raises:
        InvalidValue: there is no value at all, or two start on the same day.
    """

    __slots__ = ("_starts", "name", "values")

    name: str
    values: tuple[Since[T], ...]

    def __init__(self, name: str, values: Iterable[Since[T]]) -> None:
        self.name = name
        self.values = tuple(sorted(values, key=lambda since: since.start))
        self._starts = [since.start for since in self.values]
        if not self.values:
            raise InvalidValue(name, "no value", "at least one dated value")
        if len(set(self._starts)) < len(self._starts):
            raise InvalidValue(name, "two values that start on one day", "one value a day")

    @classmethod
    def always(cls, name: str, value: T, clause: Clause) -> Dated[T]:
        """One value for every day."""
        return cls(name, [Since(date.min, Cited(value, clause))])

    def on(self, day: date) -> Cited[T]:
        """The value in force on ``day``.

        Raises:
            MissingValue: ``day`` lies before the first value or in a gap.
        """
        found = bisect_right(self._starts, day)
        cited = self.values[found - 1].cited if found else None
        if cited is None:
            raise MissingValue(self.name, f"on {day.isoformat()}")
        return cited

    def gap_on(self, day: date) -> Clause | None:
        """The clause by which there is no value on ``day``; ``None``: there is one, or no clause says so."""
        found = bisect_right(self._starts, day)
        return self.values[found - 1].gap if found else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dated) and (self.name, self.values) == (other.name, other.values)

    def __hash__(self) -> int:
        return hash((self.name, self.values))

    def __repr__(self) -> str:
        return f"Dated({self.name!r}, {list(self.values)!r})"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is refused or was answered "no": a stable code, its clause, its facts by name.

    ``facts`` are pairs in a fixed order, so that a reason is hashable and its text can be made in
    any language from ``code`` and ``facts`` alone.
    """

    code: str
    clause: Clause | None = None
    facts: tuple[tuple[str, Plain], ...] = ()

    def __str__(self) -> str:
        cited = f" [{self.clause.id}]" if self.clause else ""
        facts = ", ".join(f"{name}={value}" for name, value in self.facts)
        return f"{self.code}{cited}" + (f" ({facts})" if facts else "")
