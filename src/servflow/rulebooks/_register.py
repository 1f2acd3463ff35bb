"""The register of the source documents: every clause that servflow is to carry."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import attrs

__all__ = ["DATA", "ClauseEntry", "FurtherClause", "citable", "clause_ids", "further", "register", "rows"]

DATA: Final[Traversable] = files("servflow.rulebooks").joinpath("data")


@attrs.frozen(kw_only=True)
class ClauseEntry:
    """One clause of a source document (条款), as the register has it.

    ``tier`` is A for behaviour, B for details. ``seed`` is the document's file, ``source`` the
    place in it, ``fact`` what it says. ``domain`` and ``kind`` say where such a rule belongs.
    """

    id: str
    tier: str
    seed: str
    source: str
    domain: str
    kind: str
    fact: str


@attrs.frozen(kw_only=True)
class FurtherClause:
    """One clause of a source that is not among the documents of the register, and may be cited all the same.

    ``source`` is the document with the place in it, ``fact`` what it says, ``seen`` where its text was
    compared, the address of a public page; empty: nowhere, and it is to be looked up before anybody relies
    on it.
    """

    id: str
    source: str
    fact: str
    seen: str


def rows(name: str) -> tuple[dict[str, str], ...]:
    """The lines of a table of the package's data, by the names of its columns."""
    heading, *lines = DATA.joinpath(name).read_text("utf-8").splitlines()
    columns = heading.split("\t")
    return tuple(dict(zip(columns, line.split("\t"), strict=True)) for line in lines)


@cache
def register() -> tuple[ClauseEntry, ...]:
    """Every clause, in the order of the register."""
    return tuple(ClauseEntry(**row) for row in rows("clauses.tsv"))


@cache
def clause_ids() -> frozenset[str]:
    """The ids of all clauses."""
    return frozenset(entry.id for entry in register())


@cache
def further() -> tuple[FurtherClause, ...]:
    """The clauses of other sources that shipped rulebooks cite; none of them is counted in the register."""
    return tuple(FurtherClause(**row) for row in rows("further_clauses.tsv"))


@cache
def citable() -> frozenset[str]:
    """The ids of all clauses that a rulebook may cite: those of the register, and the further ones."""
    return clause_ids() | {clause.id for clause in further()}
