"""States, roles and words of a claim to the use of a deposit. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = ["ClaimDeadline", "ClaimRole", "ClaimState", "DeveloperSays"]


class ClaimState(Enum):
    """How far a claim has come (保修金使用申请)."""

    FILED = "filed"  # 已申请
    CHECKED = "checked"  # 已向开发企业核实
    DISPUTED = "disputed"  # 开发企业对维修责任有异议
    TESTED = "tested"  # 已检测
    APPROVED = "approved"  # 决定使用保修金
    ASSIGNED = "assigned"  # 已确定维修单位
    BUDGETED = "budgeted"  # 维修方案及资金预算已审查
    REPAIRED = "repaired"  # 已维修
    COST_LISTED = "cost-listed"  # 费用清单已由申请人签章
    PAID = "paid"  # 已支付
    NOTIFIED = "notified"  # 使用明细已函告开发企业
    REFUSED = "refused"  # 不予使用
    PERFORMED = "performed"  # 开发企业履行了保修义务
    WITHDRAWN = "withdrawn"  # 申请人撤回


class ClaimRole(Enum):
    """In which role somebody speaks to a claim."""

    AUTHORITY = "authority"  # 物业主管部门
    DEVELOPER = "developer"  # 开发企业
    OWNER = "owner"  # 相关业主
    PROPERTY_MANAGER = "property-manager"  # 物业服务企业
    COMMITTEE = "owners-committee"  # 业主委员会
    REPRESENTATIVE = "owners-representative"  # 业主推选的业主代表
    APPLICANT = "applicant"  # 申请人: who filed it, or filed it together with him
    REPAIRER = "repairer"  # 维修单位
    INSPECTION_BODY = "inspection-body"  # 工程质量检测机构
    SYSTEM = "system"
    CLOCK = "clock"


class DeveloperSays(Enum):
    """What comes of the check with the developer (核实)."""

    REFUSES = "refuses"  # 不履行
    NO_ANSWER = "no-answer"  # 逾期不答复
    CANNOT = "cannot"  # 歇业、破产等
    WILL_REPAIR = "will-repair"  # 履行


class ClaimDeadline(Enum):
    """What has to be done by a day."""

    PAY_OUT = "pay-out"  # 20 days in the Shandong measure (SD-14)
    NOTIFY_USE = "notify-use"  # 30 days (SD-17)
