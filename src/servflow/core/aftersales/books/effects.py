"""What follows when a command to a book of numbers is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servflow.core.aftersales.books.commands import TakeNumbers, VoidNumber
from servflow.core.aftersales.books.model import Book, BookState
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.lifecycle import Outcome, Situation

__all__ = ["opened", "take", "void"]


def opened(s: Situation[None, TakeNumbers, ServicePolicy, Any]) -> Outcome:
    """The book as it begins, with its first numbers taken."""
    said = s.command
    it = Book(
        id=said.case, state=BookState.KEPT, firm=said.firm, series=said.series, next=said.first + said.count
    )
    return Outcome(it=it)


def take(s: Situation[Book, TakeNumbers, ServicePolicy, Any]) -> Outcome:
    """The numbers are taken."""
    return Outcome(it=replace(s.it, next=s.it.next + s.command.count))


def void(s: Situation[Book, VoidNumber, ServicePolicy, Any]) -> Outcome:
    """The number is void, and why; it stays used."""
    said = s.command
    return Outcome(it=replace(s.it, voided={**s.it.voided, str(said.number): said.reason}))
