"""States, roles and the words of the lending desk. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum
from typing import Final

from servflow.core.ill.terms import CostKind

__all__ = [
    "BESIDE_THE_LOAN",
    "Closing",
    "DueInClosure",
    "InstitutionKind",
    "Material",
    "Place",
    "RelationRole",
    "RelationState",
    "Role",
    "SecurityKind",
    "SupplyState",
]


class SupplyState(Enum):
    """Where a supplying transaction stands (借出方事务). Overdue is not a state: it follows from dates."""

    NEW = "new"  # received, nothing promised; ISO 18626 RequestReceived
    CHECKING = "checking"  # being searched, likely; ExpectToSupply
    PROMISED = "promised"  # committed, being picked; WillSupply
    OFFERED = "offered"  # waits until the requester accepts our terms; WillSupply with conditions
    SHIPPED = "shipped"  # out; Loaned
    AT_REQUESTER = "at_requester"  # out, its receipt confirmed; Loaned
    RETURN_IN_TRANSIT = "return_in_transit"  # the requester says it is coming back; Loaned
    LOST = "lost"  # declared lost, not settled
    CLOSED = "closed"  # with an outcome


class Closing(Enum):
    """With what outcome a supplying transaction was closed."""

    COMPLETED = "completed"  # everything is back; LoanCompleted
    COPY_SUPPLIED = "copy_supplied"  # a copy was sent, nothing comes back; CopyCompleted
    WITHOUT_RETURN = "without_return"  # the requester keeps it; CompletedWithoutReturn
    UNFILLED = "unfilled"  # answered "no", with a reason; Unfilled
    RETRY_ANSWERED = "retry_answered"  # answered "try again"; RetryPossible
    CANCELLED = "cancelled"  # the requester cancelled and we said yes; Cancelled
    EXPIRED = "expired"  # the day by which it was needed has passed; Unfilled
    FORWARDED = "forwarded"  # passed on to another library; Unfilled, with a note
    LOST_SETTLED = "lost_settled"  # paid, replaced or waived; CompletedWithoutReturn
    MANUAL = "manual"  # closed by hand, the last resort


class Role(Enum):
    """In which role somebody speaks to a supplying transaction."""

    REQUESTER = "requester"  # the borrowing institution
    STAFF = "staff"  # of the lending library
    SYSTEM = "system"  # the lending library's own programs, by policy
    CLOCK = "clock"


class RelationState(Enum):
    """Where a borrowing institution's relation with the lending library stands (馆际互借关系)."""

    APPLIED = "applied"
    APPROVED = "approved"
    SIGNED = "signed"  # the agreement is signed and in force
    SUSPENDED = "suspended"  # by a decision of staff; what follows from dates is no state
    DECLINED = "declined"
    TERMINATED = "terminated"


class RelationRole(Enum):
    """In which role somebody speaks to a relation."""

    INSTITUTION = "institution"
    STAFF = "staff"
    SYSTEM = "system"


class InstitutionKind(Enum):
    """What kind of borrower asks (服务对象), in the words of the lender's rules."""

    STATE_ORGAN = "state_organ"  # 中央与国家机关
    PUBLIC_LIBRARY = "public_library"  # 省、市、区(县)公共图书馆
    UNIVERSITY_LIBRARY = "university_library"  # 地市级高等院校图书馆
    ACADEMY_LIBRARY = "academy_library"  # 中国科学院、中国工程院系统
    RESEARCH_INSTITUTE = "research_institute"  # 地市级科研单位图书馆
    COUNTY_RESEARCH_INSTITUTE = "county_research_institute"  # 区县以下科研单位
    ENTERPRISE_LIBRARY = "enterprise_library"  # 国家企事业单位图书馆、资料室或信息部门
    ARMY_LIBRARY = "army_library"  # 解放军、武警部队图书馆
    OTHER = "other"  # 其他机构
    INDIVIDUAL = "individual"  # 个人


class Place(Enum):
    """Where the borrower is, seen from the lender."""

    SAME_CITY = "same_city"  # 本市
    ELSEWHERE = "elsewhere"  # 外埠
    ABROAD = "abroad"  # 国外


class Material(Enum):
    """What is asked for, as the lender's rules tell materials apart."""

    CHINESE_BOOK = "chinese_book"  # 中文图书
    FOREIGN_BOOK = "foreign_book"  # 外文图书
    ANCIENT_BOOK = "ancient_book"  # 古籍
    RARE_BOOK = "rare_book"  # 善本, the rare ones among the ancient books
    MANUSCRIPT = "manuscript"  # 稿本
    REFERENCE_WORK = "reference_work"  # 工具书
    ORIGINAL_PERIODICAL = "original_periodical"  # 原版期刊
    NEWSPAPER = "newspaper"  # 报纸
    MAP = "map"  # 舆图
    DISC = "disc"  # 光盘
    SERIES = "series"  # 丛书


class SecurityKind(Enum):
    """What an institution pays before it may borrow."""

    DEPOSIT = "deposit"  # 押金: kept, given back
    PREPAYMENT = "prepayment"  # 预付款: used up by charges


class DueInClosure(Enum):
    """What becomes of a due date that falls on a day on which the lender is closed."""

    KEEP = "keep"  # it stays: calendar days are counted
    NEXT_OPEN_DAY = "next_open_day"  # it moves to the next day on which the lender is open


BESIDE_THE_LOAN: Final = (
    CostKind.COPY,
    CostKind.SEARCH,
    CostKind.RUSH,
    CostKind.DELIVERY,
    CostKind.OTHER,
)
"""Kinds of cost that staff name when they supply; all others follow from the rules."""
