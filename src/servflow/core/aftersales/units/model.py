"""A unit in the field, or a project: its dates, contracts and repairs, and what is due to it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import ClassVar

from servflow.core.aftersales.claims import PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.tickets.model import DutyDone
from servflow.core.changes import Aggregate, Key

__all__ = ["Unit", "UnitRole", "UnitState", "unit_key"]


class UnitState(Enum):
    """In which phase of its service a unit is (服务阶段, AS-FLOW-21).

    In warranty or after it is no state: days say so.
    """

    DELIVERED = "delivered"  # 到货, being installed
    TRIAL = "trial"  # 试运行, installed and accepted for the first time
    IN_SERVICE = "in-service"  # 终验合格, or sold to be used at once
    RETIRED = "retired"  # 报废, 拆除


class UnitRole(Enum):
    """In which role somebody speaks to a unit's record.

    The values of staff are the posts of ``Actor.posts``.
    """

    CUSTOMER = "customer"
    DESK = "desk"
    COORDINATOR = "coordinator"
    ENGINEER = "engineer"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Aggregate):
    """One unit, or one project (服务对象档案); the id is its serial or its number.

    ``answers`` to the questions of the rulebook, such as what product it is; ``dates`` by event (``Event``'s
    values) of what happens once, ``seasons`` of what comes again. ``shown`` is what is on record of it, each
    with what it is known by. ``responsible`` is who is responsible for what (AS-FLOW-11), ``contracts``,
    ``repairs`` and ``replacement`` what a verdict goes by. ``registered_on`` is the day whose rules hold for
    it and from which on something is due to it; ``earlier_customers`` are those to whom it belonged before,
    ``transferred_on`` the day on which it went to the last one; ``retired_on`` is the day on which it was
    retired.
    """

    kind: ClassVar[str] = "aftersales.unit"

    state: UnitState
    firm: str
    customer: str
    product: str = ""
    registered_on: date | None = None
    earlier_customers: tuple[str, ...] = ()
    transferred_on: date | None = None
    retired_on: date | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    seasons: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    responsible: Mapping[str, str] = field(default_factory=dict)
    contracts: tuple[ServiceContract, ...] = ()
    repairs: tuple[PastRepair, ...] = ()
    replacement: Replacement | None = None
    tickets: tuple[str, ...] = ()
    duties: tuple[DutyDone, ...] = ()
    reminded: tuple[str, ...] = ()


def unit_key(unit: str) -> Key:
    """The key of a unit's record."""
    return Key(Unit.kind, unit)
