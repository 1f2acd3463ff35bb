"""Interlibrary loan, both sides: read ``borrowing.table`` and ``lending.table`` first."""

from __future__ import annotations

from typing import Final

from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.table import LENDING, RELATION
from servflow.core.ill.terms import Requested
from servflow.core.lifecycle import Lifecycles

__all__ = [
    "ILL",
    "LENDING",
    "RELATION",
    "LendingFacts",
    "LendingPolicy",
    "Relation",
    "Requested",
    "SupplyTransaction",
]

ILL: Final = Lifecycles(LENDING, RELATION)
"""The lifecycles of a library's loan desk."""
