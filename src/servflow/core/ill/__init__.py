"""Interlibrary loan, both sides: read ``borrowing.table`` and ``lending.table`` first."""

from __future__ import annotations

from typing import Final

from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.table import LENDING, RELATION
from servflow.core.ill.terms import Requested
from servflow.core.lifecycle import Lifecycles

__all__ = [
    "BORROWING",
    "ILL",
    "LENDING",
    "RELATION",
    "BorrowingCase",
    "BorrowingFacts",
    "BorrowingPolicy",
    "LendingFacts",
    "LendingPolicy",
    "Relation",
    "Requested",
    "SupplyTransaction",
]

ILL: Final = Lifecycles(LENDING, RELATION, BORROWING)
"""The lifecycles of a library's loan desk."""
