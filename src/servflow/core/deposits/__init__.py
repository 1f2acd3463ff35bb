"""Warranty deposits (物业质量保修金), and money retained for construction (工程质量保证金), by building.

``assessing``, ``holdings``, ``interest`` and ``warranties`` only work something out; the tables of the desk
are those of ``DEPOSITS``, which are loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from servflow.core.deposits.policy import Claimants, DepositPolicy, PartShare
from servflow.core.deposits.warranties import PartWarranty, Season, WarrantyLength, parse_length

if TYPE_CHECKING:
    from servflow.core.deposits.lifecycles import DEPOSITS

__all__ = [
    "DEPOSITS",
    "Claimants",
    "DepositPolicy",
    "PartShare",
    "PartWarranty",
    "Season",
    "WarrantyLength",
    "parse_length",
]


def __getattr__(name: str) -> Any:
    if name != "DEPOSITS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from servflow.core.deposits import lifecycles

    return lifecycles.DEPOSITS
