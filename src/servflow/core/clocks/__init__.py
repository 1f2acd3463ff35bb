"""Service clocks (服务时钟): how long something may take, what stops the time, when it is due."""

from __future__ import annotations

from servflow.core.clocks.allowances import (
    Agreed,
    Allowance,
    Allowed,
    Blank,
    CalendarDays,
    CutOff,
    CutOffs,
    ElapsedTime,
    LandingDay,
    Until,
    WorkingDays,
    WorkingTime,
    parse_allowance,
)
from servflow.core.clocks.clock import (
    Breach,
    Clock,
    ClockState,
    Cycle,
    Excuse,
    Extension,
    Pause,
    Run,
    by_urgency,
    evaluate,
)
from servflow.core.clocks.targets import CLOSED, Rung, Target

__all__ = [
    "CLOSED",
    "Agreed",
    "Allowance",
    "Allowed",
    "Blank",
    "Breach",
    "CalendarDays",
    "Clock",
    "ClockState",
    "CutOff",
    "CutOffs",
    "Cycle",
    "ElapsedTime",
    "Excuse",
    "Extension",
    "LandingDay",
    "Pause",
    "Run",
    "Rung",
    "Target",
    "Until",
    "WorkingDays",
    "WorkingTime",
    "by_urgency",
    "evaluate",
    "parse_allowance",
]
