"""Rows: every value of a statement or record as one flat row of plain columns, for a table, CSV or JSON.

A column is called as the field is. Days are in ISO 8601, a term is ``2026-01-01/2026-12-31``, amounts are
``CNY 12.50``; what is a list is one text, with ``; `` between. What is not known is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any

from servflow.core.dates import Term
from servflow.core.deposits.statements import Sums
from servflow.core.money import Money

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Cell", "row", "rows"]

Cell = str | int | None
"""What stands in a column."""

_APART = frozenset({"lines", "parts"})


def rows(values: Iterable[DataclassInstance]) -> Iterator[Mapping[str, Cell]]:
    """The row of each value, one by one."""
    return map(row, values)


def row(value: DataclassInstance) -> Mapping[str, Cell]:
    """The row of a statement, a total, a line of one, a part, or a line of a credit record.

    The sums are columns like the others. Lines and parts of a statement are not in its row: each is a row of
    its own.
    """
    cells: dict[str, Cell] = {}
    for each in fields(value):
        held = getattr(value, each.name)
        if isinstance(held, Sums):
            cells |= row(held)
        elif each.name not in _APART:
            cells[each.name] = _cell(held)
    return cells


def _cell(held: Any) -> Cell:
    match held:
        case None | str() | int():
            return held
        case Enum():
            return str(held.value)
        case Money():
            return str(held)
        case date():
            return held.isoformat()
        case Term():
            return f"{held.start.isoformat()}/{held.last_day.isoformat()}"
        case tuple():
            return "; ".join(str(_cell(each)) for each in held)
        case _:
            raise TypeError(f"{type(held).__name__} is no column")
