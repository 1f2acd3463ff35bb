"""States, roles and kinds of movements of a deposit account. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = ["AccountRole", "AccountState", "Gate", "MovementKind"]


class AccountState(Enum):
    """How far the deposit of a building has come (交存、退还状态). Overdue follows from the day."""

    ASSESSED = "assessed"  # 已核定
    EXEMPT = "exempt"  # 不交存: insured, or nothing comes out
    DUE = "due"  # 已函告，应交存
    UNDER_REVIEW = "under-review"  # 复核中
    PAID = "paid"  # 已足额交存, not handed over yet
    HELD = "held"  # 交付使用后存储; handed over, and asked for, whether all is paid or not
    PARTLY_RELEASED = "partly-released"  # 部分退还
    RELEASED = "released"  # 全部退还
    CLOSED = "closed"  # 销户


class AccountRole(Enum):
    """In which role somebody speaks to a deposit account (SD-24).

    ``AUTHORITY`` is the property authority of the city or county, which supervises, and its managing body,
    which collects, computes and refunds. The authority of the province guides and supervises them all, and
    has no part in a single account.
    """

    AUTHORITY = "authority"  # 物业主管部门及其管理机构; 发包人
    DEVELOPER = "developer"  # 开发企业; 承包人
    SUPERVISOR = "presale-supervisor"  # 预售资金监管部门
    BANK = "bank"  # 专户银行
    DEPARTMENT = "department"  # 相关部门: acceptance filing, title registration
    PROPERTY_MANAGER = "property-manager"  # 物业服务企业
    COMMITTEE = "owners-committee"  # 业主委员会
    SYSTEM = "system"
    CLOCK = "clock"


class MovementKind(Enum):
    """What moved the balance (收支种类); amounts are above nothing, the kind says the direction."""

    PAID_IN = "paid-in"  # 交存
    REVERSED = "reversed"  # 冲销: a payment that did not arrive after all
    INTEREST = "interest"  # 结息
    INTEREST_TAKEN_BACK = "interest-taken-back"  # 利息更正
    USED = "used"  # 使用
    REFUNDED = "refunded"  # 减免退还: the deposit was reduced
    RELEASED = "released"  # 保修期满退还

    @property
    def adds(self) -> bool:
        """Whether it makes the balance greater."""
        return self in {MovementKind.PAID_IN, MovementKind.INTEREST}


class Gate(Enum):
    """What is refused until the deposit is paid (SD-7, SD-31)."""

    HANDOVER = "handover"  # 交付
    ACCEPTANCE_FILING = "acceptance-filing"  # 综合验收备案
    TITLE_REGISTRATION = "title-registration"  # 确权登记
