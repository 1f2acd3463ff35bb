"""Stages, roles and the words of a service ticket. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "Channel",
    "Custody",
    "Outcome",
    "PaperState",
    "Route",
    "ServiceClass",
    "ServiceKind",
    "Stage",
    "TicketRole",
    "VisitState",
]


class Stage(Enum):
    """How far a service has come (服务阶段).

    Who pays, who has the unit, what is held: facets, never stages.
    """

    REPORTED = "reported"  # 报修登记
    TRIAGED = "triaged"  # 初步判断
    COVERED = "covered"  # 保修判定: who pays is decided
    QUOTED = "quoted"  # 已报价
    APPROVED = "approved"  # 已确认, work may be planned
    DISPATCHED = "dispatched"  # 已派工
    ON_SITE = "on-site"  # 到达现场
    IN_SHOP = "in-shop"  # 进厂维修
    REPAIRED = "repaired"  # 服务完成, by whatever outcome
    ACCEPTED = "accepted"  # 客户验收
    FOLLOWED_UP = "followed-up"  # 已回访
    CLOSED = "closed"  # 结案; may be reopened for as long as the rulebook says
    DECLINED = "declined"  # 不接受报价; the unit has to go back
    REJECTED = "rejected"  # 不予受理
    CANCELLED = "cancelled"  # 客户取消


class TicketRole(Enum):
    """In which role somebody speaks to a ticket; the values of staff are the posts of ``Actor.posts``."""

    CUSTOMER = "customer"
    DESK = "desk"  # 服务台, 接线员
    COORDINATOR = "coordinator"  # 调度, 计划员
    ENGINEER = "engineer"  # 服务工程师, 技术员
    STORES = "stores"  # 仓管
    QUALITY = "quality"  # 质管, 技术鉴定
    FINANCE = "finance"
    SUPERVISOR = "supervisor"  # 主管, 主任
    SYSTEM = "system"  # the firm's own programs, by policy
    CLOCK = "clock"


class ServiceClass(Enum):
    """The class of a service (服务分类, AS-FLOW-1)."""

    A = "paid"  # 有费服务
    B = "contract"  # 合同服务
    C = "free"  # 免费服务
    D = "internal"  # 一般行政工作


class ServiceKind(Enum):
    """What is asked for (服务内容)."""

    REPAIR = "repair"
    INSTALLATION = "installation"
    TRAINING = "training"
    REPLACEMENT = "replacement"  # 换件, on site
    MAINTENANCE = "maintenance"
    INSPECTION = "inspection"
    ADVICE = "advice"
    RETURN = "return"  # 退换货
    INTERNAL = "internal"  # class D: the firm's own


class Channel(Enum):
    """By what way a report came in (受理渠道, AS-FLOW-8, AS-FLOW-28)."""

    HOTLINE = "hotline"
    WEBSITE = "website"
    WECHAT = "wechat"
    EMAIL = "e-mail"
    PLATFORM = "platform"
    OUTLET = "outlet"  # 服务网点
    VISIT = "visit"  # the customer came, or was visited
    LETTER = "letter"
    FAX = "fax"  # 传真
    TEXT_MESSAGE = "text-message"  # 手机短信
    FOLLOW_UP = "follow-up"  # 主动回访, 走访
    DEPARTMENT = "department"  # another department passed it on


class Route(Enum):
    """Where a service is done (服务方式)."""

    REMOTE = "remote"  # 电话, 远程
    ON_SITE = "on-site"  # 上门
    SHOP = "shop"  # 送修, 返厂


class Custody(Enum):
    """Who has a unit (实物所在)."""

    CUSTOMER = "customer"
    INBOUND = "inbound"  # on its way to the shop
    SHOP = "shop"
    VENDOR = "vendor"  # 外协, 厂家
    OUTBOUND = "outbound"  # on its way back
    DISPOSED = "disposed"  # 报废, 旧件不还


class Outcome(Enum):
    """With what a service ended (服务结果)."""

    REPAIRED = "repaired"
    REPLACED = "replaced"
    REFUNDED = "refunded"
    RETURNED_UNREPAIRED = "returned-unrepaired"
    NO_FAULT_FOUND = "no-fault-found"
    ADVICE_ONLY = "advice-only"
    DONE = "done"  # an installation, a training, a maintenance


class VisitState(Enum):
    """How a visit stands (上门)."""

    PLANNED = "planned"
    DEPARTED = "departed"
    ON_SITE = "on-site"
    DONE = "done"
    OFF = "off"  # called off, or given to somebody else


class PaperState(Enum):
    """How a numbered paper stands (单据状态)."""

    OPEN = "open"
    FILED = "filed"  # 归档; an entry of a register: struck off (注销)
    VOID = "void"  # 作废
