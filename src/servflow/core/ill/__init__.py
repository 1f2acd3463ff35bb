"""Interlibrary loan: the supplying library's side. Read ``table`` first."""

from __future__ import annotations

from servflow.core.ill.model import LendingFacts, Relation, Requested, SupplyTransaction
from servflow.core.ill.policy import LendingPolicy
from servflow.core.ill.table import ILL, LENDING, RELATION

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
