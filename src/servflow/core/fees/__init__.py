"""Fees and penalties: pure functions from facts to an amount that explains itself.

``facts`` are what is known, ``measures`` give quantities of them, ``rules`` say what is owed for
these, ``tiers`` by how much there is and ``over_time`` by when; ``charges`` keep the derivation.
``text`` writes a rule as one line and reads it back, ``compiled`` makes a plain function of it. What
is posted because of a charge is ``servflow.core.fees.assessment``: it stands on the ledger, which
stands on charges, and is therefore not loaded with this package; nor are ``text`` and ``compiled``,
before somebody needs them.
"""

from __future__ import annotations

from servflow.core.fees.charges import Charge, Counting, Input, Operation, Reach, Step, replay
from servflow.core.fees.daycounts import DayCountConvention
from servflow.core.fees.expressions import Expression, facts_read, missing
from servflow.core.fees.facts import FactKind, Facts, History
from servflow.core.fees.measures import (
    Count,
    DayCount,
    Days,
    Fixed,
    Measure,
    Minutes,
    Months,
    OpenDays,
    OpenDaysCalendar,
    OpenMinutes,
    OpenTimeCalendar,
    Quantity,
)
from servflow.core.fees.over_time import (
    AsOf,
    OverBalance,
    Segmented,
    adds_up,
    daily_surcharge,
    interest,
)
from servflow.core.fees.rules import (
    Cap,
    Choose,
    Flat,
    Floor,
    Gap,
    Given,
    Less,
    MaxOf,
    MinOf,
    Percent,
    PerUnit,
    Rounded,
    Rule,
    Scale,
    Special,
    Sum,
    Under,
    When,
    Zero,
    evaluate,
)
from servflow.core.fees.tiers import (
    Bracket,
    Compound,
    Ladder,
    Tiered,
    Tiering,
)

__all__ = [
    "AsOf",
    "Bracket",
    "Cap",
    "Charge",
    "Choose",
    "Compound",
    "Count",
    "Counting",
    "DayCount",
    "DayCountConvention",
    "Days",
    "Expression",
    "FactKind",
    "Facts",
    "Fixed",
    "Flat",
    "Floor",
    "Gap",
    "Given",
    "History",
    "Input",
    "Ladder",
    "Less",
    "MaxOf",
    "Measure",
    "MinOf",
    "Minutes",
    "Months",
    "OpenDays",
    "OpenDaysCalendar",
    "OpenMinutes",
    "OpenTimeCalendar",
    "Operation",
    "OverBalance",
    "PerUnit",
    "Percent",
    "Quantity",
    "Reach",
    "Rounded",
    "Rule",
    "Scale",
    "Segmented",
    "Special",
    "Step",
    "Sum",
    "Tiered",
    "Tiering",
    "Under",
    "When",
    "Zero",
    "adds_up",
    "daily_surcharge",
    "evaluate",
    "facts_read",
    "interest",
    "missing",
    "replay",
]
