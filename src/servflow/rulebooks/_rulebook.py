"""A rulebook that has been read: its rules by name, each a value over time with its clauses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import attrs

from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.fees import Rule as FeeRule
from servflow.core.worktime import Calendar
from servflow.rulebooks._fees import own_clauses

__all__ = ["Line", "Rule", "Rulebook", "Value"]


@attrs.frozen(kw_only=True)
class Value:
    """What a rule says from ``start`` on, by ``clause``.

    ``start`` is ``date.min`` where the source gives no date; ``written`` is the value in the words of
    the file. In a ``gap`` the rule says nothing and ``value`` means nothing. ``layer`` is the name of the
    rulebook that says it: this one, or one over which it lies.
    """

    start: date
    value: Any
    written: str
    gap: bool
    clause: Clause
    note: str
    layer: str


@attrs.frozen(kw_only=True)
class Rule:
    """One rule: its name, what it is called in words, and its values in the order of their days."""

    name: str
    label: str
    values: tuple[Value, ...]
    dated: Dated[Any] = attrs.field(init=False, repr=False)
    """The values as the core takes them."""

    @dated.default
    def _make_dated(self) -> Dated[Any]:
        return Dated(
            self.name,
            (
                Since(each.start, None, gap=each.clause)
                if each.gap
                else Since(each.start, Cited(each.value, each.clause))
                for each in self.values
            ),
        )


@attrs.frozen(kw_only=True)
class Line:
    """One value of a rulebook as texts, for a table that a person reads."""

    rule: str
    start: str
    value: str
    clause: str
    at: str
    label: str
    layer: str
    """The name of the rulebook that says it."""


@attrs.frozen(kw_only=True)
class Rulebook:
    """An authority's rules on one subject, for the policy named ``policy``.

    ``verified_on`` is the day on which somebody last compared it with its source. ``calendar`` has
    the zone of its legal days; it is always open where the file has no table ``[calendar]``.
    ``digest`` is the SHA-256 over all the file, its lists of public holidays and the rulebooks below it
    say, in hex: the same whatever the layout, the comments and the order of the keys. ``where`` is the
    file, or the name if it came with servflow.
    """

    format: int
    authority: str
    subject: str
    policy: str
    title: str
    currency: str
    zone: str
    verified_on: date
    calendar: Calendar
    calendar_clause: Clause | None
    closure_clauses: tuple[Clause, ...] = ()
    """The clauses of the calendar's closures and openings, in their order in the file."""
    calendar_known: tuple[date, date] | None = None
    """The first and the last day that the calendar's lists of public holidays cover; ``None`` without lists.

    On other days the calendar knows no public holidays and the week stands.
    """
    calendar_layer: str = ""
    """The name of the rulebook that has the calendar: this one, or one over which it lies."""
    rules: Mapping[str, Rule] = attrs.field(hash=False)
    fees: Mapping[str, FeeRule] = attrs.field(hash=False, factory=dict, repr=False)
    """The fee rules by name, each with all its versions and under its clauses; see ``servflow.core.fees``."""
    content: Mapping[str, Any] = attrs.field(hash=False, repr=False)
    """All the file and its lists of public holidays say, as plain data; the digest is over this."""
    digest: str
    where: str
    layers: tuple[str, ...]
    """Its own name and those of the rulebooks over which it lies, the nearest first."""

    @property
    def name(self) -> str:
        """Authority and subject, as in ``nlc/interlibrary-loan``."""
        return f"{self.authority}/{self.subject}"

    @property
    def citations(self) -> Mapping[str, tuple[str, ...]]:
        """By the id of a clause, the names of the rules that carry it, in their order in the file."""
        cited: dict[str, dict[str, None]] = {}
        used = {id(rule) for rule in self.fees.values()}
        if self.calendar_clause is not None:
            cited[self.calendar_clause.id] = {"calendar": None}
        for clause in self.closure_clauses:
            cited.setdefault(clause.id, {})["calendar"] = None
        for rule in self.rules.values():
            for value in rule.values:
                cited.setdefault(value.clause.id, {})[rule.name] = None
                if isinstance(value.value, FeeRule):
                    for clause in own_clauses(value.value, used):
                        cited.setdefault(clause.id, {})[rule.name] = None
        return {id: tuple(names) for id, names in cited.items()}

    def plain(self) -> dict[str, Any]:
        """All the file and its lists say, and the digest, as plain data: dates and fractions are texts."""
        return {**self.content, "digest": self.digest}

    def lines(self) -> tuple[Line, ...]:
        """Every value of every rule, in their order in the file; first, how far the calendar is known."""
        return (*self._known(), *self._values())

    def _known(self) -> Iterator[Line]:
        if self.calendar_known is not None and self.calendar_clause is not None:
            first, through = self.calendar_known
            yield Line(
                rule="calendar",
                start=first.isoformat(),
                value=f"public holidays known through {through}",
                clause=self.calendar_clause.id,
                at=self.calendar_clause.at,
                label=self.calendar.name,
                layer=self.calendar_layer,
            )

    def _values(self) -> Iterator[Line]:
        return (
            Line(
                rule=rule.name,
                start="unknown" if value.start == date.min else value.start.isoformat(),
                value=value.written,
                clause=value.clause.id,
                at=value.clause.at,
                label=rule.label,
                layer=value.layer,
            )
            for rule in self.rules.values()
            for value in rule.values
        )
