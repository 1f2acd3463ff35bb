"""Interlibrary loan, both sides: read ``borrowing.table`` and ``lending.table`` first."""

from __future__ import annotations

from typing import Final

from servflow.core.ill.accounts.model import Identity, IllAccount
from servflow.core.ill.accounts.table import ACCOUNT, IDENTITY
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.centre.routing import ROUTING, Routing
from servflow.core.ill.centre.settled import SETTLED_TERMS, SettledTerms
from servflow.core.ill.centre.settling import SETTLEMENT, Settlement
from servflow.core.ill.filing.model import Filing, FilingFacts
from servflow.core.ill.filing.table import FILING
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.table import LENDING, RELATION
from servflow.core.ill.terms import Requested
from servflow.core.lifecycle import Lifecycles

__all__ = [
    "ACCOUNT",
    "BORROWING",
    "FILING",
    "IDENTITY",
    "ILL",
    "LENDING",
    "RELATION",
    "ROUTING",
    "SETTLED_TERMS",
    "SETTLEMENT",
    "BorrowingCase",
    "BorrowingFacts",
    "BorrowingPolicy",
    "Filing",
    "FilingFacts",
    "Identity",
    "IllAccount",
    "LendingFacts",
    "LendingPolicy",
    "Relation",
    "Requested",
    "Routing",
    "SettledTerms",
    "Settlement",
    "SupplyTransaction",
]

ILL: Final = Lifecycles(
    LENDING, RELATION, BORROWING, FILING, ACCOUNT, IDENTITY, ROUTING, SETTLEMENT, SETTLED_TERMS
)
"""The lifecycles of a library's loan desk."""
