"""The register of clauses: for each of them where it is carried, and which tests stand for it.

1. A clause is carried where a value of a shipped rulebook cites it, or code of the core does.
2. Code cites a clause by naming it in parentheses in a docstring, as in ``(CALIS-20)``, or by
   building it with its id. A guard that takes its clause from the rulebook cites nothing itself.
3. What code cites, and which tests carry the marker ``clause``, is written down by ``make clauses``
   and comes with the package; a test says when it is out of date.
4. A rulebook may cite a clause of another source, too, if it is among the ``further`` ones; these are
   no part of the register, and no report counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from servflow.rulebooks._load import load, shipped
from servflow.rulebooks._register import ClauseEntry, FurtherClause, clause_ids, further, register, rows

__all__ = [
    "ClauseEntry",
    "ClauseReport",
    "FurtherClause",
    "carried",
    "clause_ids",
    "further",
    "register",
    "report",
    "standing",
]


class ClauseReport(TypedDict):
    """One clause as plain data: its id and tier, where it is carried, the tests that stand for it."""

    id: str
    tier: str
    carried: list[str]
    tests: list[str]


def carried() -> Mapping[str, tuple[str, ...]]:
    """By the id of each clause that is carried, where: ``nlc/interlibrary-loan: loan-period, renewals``.

    Raises:
        InvalidRulebook: a shipped rulebook has mistakes.
    """
    places = [
        (id, f"{name}: {', '.join(rules)}")
        for name in shipped()
        for id, rules in load(name).citations.items()
        if id in clause_ids()
    ]
    return _by_clause((*places, *((row["id"], row["place"]) for row in rows("clause_code.tsv"))))


def standing() -> Mapping[str, tuple[str, ...]]:
    """By the id of each clause that tests stand for, their node ids."""
    return _by_clause((row["id"], row["test"]) for row in rows("clause_tests.tsv"))


def report() -> list[ClauseReport]:
    """Every clause of the register in its order, as plain data.

    Raises:
        InvalidRulebook: a shipped rulebook has mistakes.
    """
    places, tests = carried(), standing()
    return [
        ClauseReport(
            id=entry.id,
            tier=entry.tier,
            carried=list(places.get(entry.id, ())),
            tests=list(tests.get(entry.id, ())),
        )
        for entry in register()
    ]


def _by_clause(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for id, place in pairs:
        found[id] = (*found.get(id, ()), place)
    return found
