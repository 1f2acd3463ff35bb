"""After-sales service (售后服务): what is promised, what the warranty covers, what is due by itself.

What service costs is in ``servflow.core.aftersales.costs``, ``quotes``, ``returns`` and ``provision``; the
tables of the desk are those of ``AFTERSALES``, which are loaded when it is first asked for: whoever only
works something out needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from servflow.core.aftersales.lifecycles import AFTERSALES

__all__ = [
    "AFTERSALES",
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


def __getattr__(name: str) -> Any:
    if name != "AFTERSALES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from servflow.core.aftersales import lifecycles

    return lifecycles.AFTERSALES
