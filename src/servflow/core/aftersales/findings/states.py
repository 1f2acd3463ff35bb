"""States, roles and sources of findings. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = ["FindingRole", "FindingState", "Source"]


class FindingState(Enum):
    """Where a finding stands (检查处理)."""

    RECORDED = "recorded"  # 记录在案
    PUT_RIGHT = "put-right"  # 整改
    CONFIRMED = "confirmed"  # 处罚决定, with a penalty or without
    APPEALED = "appealed"  # 申诉
    UPHELD = "upheld"  # 维持
    REDUCED = "reduced"  # 减轻
    WITHDRAWN = "withdrawn"  # 撤销
    POSTED = "posted"  # 入账, what is owed is in the ledger
    CLOSED = "closed"


class FindingRole(Enum):
    """In which role somebody speaks to a finding; the values of staff are the posts of ``Actor.posts``."""

    CONCERNED = "concerned"  # 当事人: whom it is about
    QUALITY = "quality"
    PERSONNEL = "personnel"  # 人事
    SUPERVISOR = "supervisor"
    MANAGER = "manager"  # 分管经理
    FINANCE = "finance"
    SYSTEM = "system"


class Source(Enum):
    """Where a finding comes from (来源)."""

    UNANNOUNCED_CHECK = "unannounced-check"  # 不定期抽查 (AS-QA-23)
    POSING_CUSTOMER = "posing-customer"  # 以客户身份抽查 (AS-QA-25)
    ATTENDANCE = "attendance"  # 考勤抽查 (AS-STAFF-7)
    CORRECTIVE_ACTION = "corrective-action"  # 纠正预防 (AS-QA-7)
    COMPLAINT = "complaint"  # 投诉查实
    OTHER = "other"
