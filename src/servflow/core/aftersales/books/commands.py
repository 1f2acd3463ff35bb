"""What can be said to a book of numbers."""

from __future__ import annotations

from dataclasses import dataclass

from servflow.core.aftersales.desk_rules import Series
from servflow.core.changes import Command
from servflow.core.errors import InvalidValue

__all__ = ["TakeNumbers", "VoidNumber"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeNumbers(Command):
    """``count`` papers are issued, the first of them ``first``, for ``about``.

    Opens the book with the number 1.

    Raises:
        InvalidValue: none is taken.
    """

    firm: str
    series: Series
    first: int
    about: str
    count: int = 1

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if type(self.count) is not int or self.count < 1:
            raise InvalidValue("count", self.count, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidNumber(Command):
    """A number is void (作废), for ``reason``; it stays used."""

    must_say = ("reason",)

    number: int
    reason: str
