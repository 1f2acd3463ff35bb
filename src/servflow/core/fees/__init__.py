"""Fees and penalties: pure functions from facts to an amount that explains itself.

``measures`` give quantities, ``rules`` say what is owed for them, ``charges`` keep the derivation.
What is posted because of it is ``servflow.core.fees.assessment``: it stands on the ledger, which
stands on charges, and is therefore not loaded with this package.
"""

from __future__ import annotations

from servflow.core.fees.charges import Charge, Input, Operation, Step, replay
from servflow.core.fees.measures import (
    Count,
    Days,
    Expression,
    Facts,
    Fixed,
    Measure,
    OpenDays,
    OpenDaysCalendar,
)
from servflow.core.fees.rules import (
    Cap,
    Flat,
    Given,
    PerUnit,
    Rounded,
    Rule,
    Sum,
    Under,
    When,
    Zero,
    evaluate,
)

__all__ = [
    "Cap",
    "Charge",
    "Count",
    "Days",
    "Expression",
    "Facts",
    "Fixed",
    "Flat",
    "Given",
    "Input",
    "Measure",
    "OpenDays",
    "OpenDaysCalendar",
    "Operation",
    "PerUnit",
    "Rounded",
    "Rule",
    "Step",
    "Sum",
    "Under",
    "When",
    "Zero",
    "evaluate",
    "replay",
]
