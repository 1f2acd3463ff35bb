"""A corrective action: the fault, its cause, who is responsible, the measures, and whether they helped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import ClassVar

from servflow.core.changes import Aggregate, Key

__all__ = [
    "ActionRole",
    "ActionState",
    "CauseKind",
    "CorrectiveAction",
    "Source",
    "action_key",
]


class ActionState(Enum):
    """How far a corrective action has come (纠正措施)."""

    OPENED = "opened"  # 立项
    ANALYSED = "analysed"  # 原因分析, 落实责任
    PLANNED = "planned"  # 制定纠正、预防措施
    CARRIED_OUT = "carried-out"  # 实施
    CLOSED = "closed"  # 验证有效


class ActionRole(Enum):
    """In which role somebody speaks to it; the values of staff are the posts of ``Actor.posts``."""

    DESK = "desk"
    ENGINEER = "engineer"
    QUALITY = "quality"
    SUPERVISOR = "supervisor"
    RESPONSIBLE = "responsible"  # 责任部门, 责任人, and who has to carry it out
    SYSTEM = "system"
    CLOCK = "clock"


class Source(Enum):
    """What it was opened because of (来源)."""

    COMPLAINT = "complaint"
    TICKET = "ticket"
    FEEDBACK_FORM = "feedback-form"  # 质量反馈信息单


class CauseKind(Enum):
    """What kind of cause it was (原因分类): those are told apart where problems come back (AS-QA-6)."""

    TECHNICAL = "technical"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectiveAction(Aggregate):
    """What is done about one quality fault, so that it does not come back (AS-QA-7).

    ``reference`` is the id of the complaint or ticket, or what the feedback form is known by. ``department``
    is the post that was found responsible, ``responsible`` the party, if there is one. The measures,
    ``corrective`` and ``preventive``, are to be carried out by ``whom`` by the day ``due``, that one
    included; ``planned_at`` is when that was said, ``reminders`` how many of two are behind: on that day,
    and once it has passed. ``rounds`` counts how often they were found not effective.
    """

    kind: ClassVar[str] = "aftersales.corrective-action"

    state: ActionState
    firm: str
    opened_at: datetime
    fault: str
    source: Source
    reference: str
    product: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cause: str = ""
    cause_kind: CauseKind | None = None
    department: str = ""
    responsible: str = ""
    corrective: str = ""
    preventive: str = ""
    whom: str = ""
    due: date | None = None
    planned_at: datetime | None = None
    reminders: int = 0
    done: str = ""
    carried_out_by: str = ""
    carried_out_on: date | None = None
    verified: str = ""
    rounds: int = 0
    closed_on: date | None = None


def action_key(action: str) -> Key:
    """The key of a corrective action."""
    return Key(CorrectiveAction.kind, action)
