"""A complaint: by whom, about what, how grave, what was found and done; its own promises and clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import ClassVar

from servflow.core.aftersales.tickets.model import Commitment, Passed
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.changes import Aggregate, Key

__all__ = [
    "Attribution",
    "Complaint",
    "ComplaintRole",
    "ComplaintState",
    "DamageShown",
    "RaisedBy",
    "by_rank",
    "complaint_key",
]


class ComplaintState(Enum):
    """Where a complaint stands (投诉处理)."""

    FILED = "filed"  # 登记
    GRADED = "graded"  # 分级
    INVESTIGATED = "investigated"  # 现场调查, what was found is on record
    ANSWERED = "answered"  # the customer was told the outcome, with an explanation
    SETTLED = "settled"  # 结案
    WITHDRAWN = "withdrawn"  # 撤诉


class ComplaintRole(Enum):
    """In which role somebody speaks to a complaint; the values of staff are the posts of ``Actor.posts``."""

    CUSTOMER = "customer"
    COMPLAINTS = "complaints"  # 投诉受理: another department than service, where the rulebook says so
    DESK = "desk"
    ENGINEER = "engineer"
    QUALITY = "quality"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"
    CLOCK = "clock"


class Attribution(Enum):
    """Whose fault it was (责任归属, AS-COMP-8)."""

    MAKER = "maker"  # 厂家
    SELLER = "seller"  # 销售方
    USER = "user"  # 用户
    SERVICE = "service"  # 服务人员
    CARRIER = "carrier"  # 运输
    NOBODY = "nobody"


class RaisedBy(Enum):
    """What brought it up (投诉来源, AS-QA-11)."""

    SURVEY = "survey"  # 满意度调查, a dissatisfied answer
    CALL_BACK = "call-back"  # 回访, what the customer said of something due
    OTHER = "other"  # the customer himself


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageShown:
    """One damage in transit, and its photographs, by reference (AS-COMP-2)."""

    what: str
    photographs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint(Aggregate):
    """One complaint (投诉), of a service (``ticket``) or of something else.

    ``category`` and ``code`` are of the rulebook's lists; ``about`` the party whom it is about, if any.
    ``answers`` to the questions of the rulebook, ``given`` what it leaves blank.
    ``number`` is that in the complaint ledger. ``grade`` is a name of the rulebook's, ``rank`` 1 the gravest.
    ``handler`` sees to it. ``reopened`` counts the answers that the customer refused, ``escalation`` is 0
    where nobody higher has it. ``raised_by`` is what brought it up: a dissatisfied answer goes to the person
    in charge (AS-QA-11).
    """

    kind: ClassVar[str] = "aftersales.complaint"

    state: ComplaintState
    firm: str
    customer: str
    filed_at: datetime
    channel: Channel
    what: str
    ticket: str | None = None
    unit: str | None = None
    about: str = ""
    category: str = ""
    code: str = ""
    number: int | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, int | datetime] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    damages: tuple[DamageShown, ...] = ()
    grade: str = ""
    rank: int | None = None
    handler: str = ""
    found: str = ""
    attribution: Attribution | None = None
    plan: str = ""
    answer: str = ""
    result: str = ""
    commitments: Mapping[str, Commitment] = field(default_factory=dict)
    passed: tuple[Passed, ...] = ()
    settled_on: date | None = None
    reopened: int = 0
    escalation: int = 0
    raised_by: RaisedBy = RaisedBy.OTHER

    @property
    def is_open(self) -> bool:
        """Whether something has still to be done."""
        return self.state not in {ComplaintState.SETTLED, ComplaintState.WITHDRAWN}


def complaint_key(complaint: str) -> Key:
    """The key of a complaint."""
    return Key(Complaint.kind, complaint)


def by_rank(complaints: Iterable[Complaint]) -> list[Complaint]:
    """The open complaints in the order in which they are seen to: major ones first (AS-COMP-3).

    One that was not graded comes before all others, as it may be the gravest; of one rank the oldest first.
    """
    return sorted((each for each in complaints if each.is_open), key=lambda it: (it.rank or 0, it.filed_at))
