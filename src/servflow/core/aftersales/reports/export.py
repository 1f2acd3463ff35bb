"""Rows: every value of a report as one flat row of plain columns, for a table, CSV or JSON.

A column is called as the field is. Days and instants are in ISO 8601, lengths of time are
seconds (``1.5``), amounts ``CNY 12.50``, fractions ``3/2``; what is a list is one text, with ``; `` between.
What is not known is ``None``. Nothing is rounded, so that every figure can be worked out again from the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from servflow.core.aftersales.desk_rules import Indicator
from servflow.core.citations import Clause
from servflow.core.dates import Term
from servflow.core.money import Money

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Cell", "row", "rows"]

Cell = str | int | None
"""What stands in a column; whether something is so is ``True`` or ``False``."""


def rows(values: Iterable[DataclassInstance]) -> Iterator[Mapping[str, Cell]]:
    """The row of each value, one by one."""
    return map(row, values)


def row(value: DataclassInstance) -> Mapping[str, Cell]:
    """The row of a value of a report.

    Raises:
        TypeError: it has lines of its own, each of which is a row.
    """
    return {each.name: _cell(getattr(value, each.name)) for each in fields(value)}


def _cell(held: Any) -> Cell:
    match held:
        case None | str() | int():
            return held
        case Enum():
            return _cell(held.value)
        case Fraction() | Money() | Clause():
            return str(held)
        case date():
            return held.isoformat()
        case timedelta():
            micro = held // timedelta(microseconds=1)
            whole, part = divmod(abs(micro), 1_000_000)
            return f"{'-' * (micro < 0)}{whole}" + f".{part:06}".rstrip("0").rstrip(".")
        case Term():
            return f"{held.start.isoformat()}/{held.last_day.isoformat()}"
        case Indicator():
            least = held.at_least
            return f"below {held.below}" if least is None else f"at least {least}"
        case Mapping():
            return "; ".join(f"{name}={_cell(each)}" for name, each in held.items())
        case tuple():
            return "; ".join(str(_cell(each)) for each in held)
        case _:
            raise TypeError(f"{type(held).__name__} is a row of its own, not a column")
