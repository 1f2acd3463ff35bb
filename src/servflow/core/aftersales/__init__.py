"""After-sales service (售后服务): what is promised, what the warranty covers, what is due by itself.

What service costs is in ``servflow.core.aftersales.costs``, ``quotes``, ``returns`` and ``provision``.
"""

from __future__ import annotations

from servflow.core.aftersales.circumstances import Distance, MeasuredBy
from servflow.core.aftersales.claims import Claim, PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.policy import ServicePolicy, ServiceRules
from servflow.core.aftersales.promises import FaultReport, Possible, Promised, possible, promised
from servflow.core.aftersales.warranty import Ruling, Verdict, verdict
from servflow.core.aftersales.words import (
    Bearer,
    ChargeClass,
    Coverage,
    Event,
    Lasting,
    TargetKind,
    parse_lasting,
)

__all__ = [
    "Bearer",
    "ChargeClass",
    "Claim",
    "Coverage",
    "Distance",
    "Event",
    "FaultReport",
    "Lasting",
    "MeasuredBy",
    "PastRepair",
    "Possible",
    "Promised",
    "Replacement",
    "Ruling",
    "ServiceContract",
    "ServicePolicy",
    "ServiceRules",
    "TargetKind",
    "Verdict",
    "parse_lasting",
    "possible",
    "promised",
    "verdict",
]
