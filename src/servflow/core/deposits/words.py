"""The words of warranty deposits (物业质量保修金). Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "AtTheLimit",
    "KeptSince",
    "NoticeSince",
    "Origin",
    "PartKind",
    "Payee",
    "ReleaseSince",
]


class Origin(Enum):
    """Where money that is paid in comes from (交存方式)."""

    DEVELOPER = "developer"  # 开发企业交存
    PRESALE_FUNDS = "presale-funds"  # 从商品房预售款中划转 (SD-6)
    RETAINED_MONEY = "retained-money"  # 工程质量保证金转作 (SD-26)


class PartKind(Enum):
    """Whose a part of a building is (物业部位)."""

    PRIVATE = "private"  # 专有部位
    COMMON = "common"  # 共用部位、共用设施设备


class Payee(Enum):
    """To whom a repair is paid (支付对象)."""

    APPLICANT = "applicant"  # 保修金使用申请人
    REPAIRER = "repairer"  # 维修单位


class KeptSince(Enum):
    """From when the longest time of keeping counts (存储年限的起算): the source does not say."""

    PAID_IN_FULL = "paid-in-full"
    HANDED_OVER = "handed-over"


class AtTheLimit(Enum):
    """What happens to the shares of warranties that outlast the longest time of keeping (SD-35)."""

    RELEASED = "released"  # everything that is left, of every part
    CARRIED = "carried"  # shares stay until their own warranty is over


class ReleaseSince(Enum):
    """From when the time within which a share is released counts."""

    WARRANTY_ENDED = "warranty-ended"  # 保修期满
    REQUESTED = "requested"  # 申请返还


class NoticeSince(Enum):
    """From when the time within which the developer is sent the detail of use counts (结算之日)."""

    COST_LISTED = "cost-listed"  # the cost list was signed
    PAID_OUT = "paid-out"
