"""The words of after-sales service, as rulebooks and journals write them: never renamed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from servflow.core.dates import Period
from servflow.core.errors import InvalidValue

__all__ = [
    "LIFETIME",
    "NONE",
    "TOO_LONG",
    "Bearer",
    "ChargeClass",
    "CollectionWay",
    "Coverage",
    "DutyKind",
    "Event",
    "Lasting",
    "PauseReason",
    "TargetKind",
    "parse_lasting",
]


class ChargeClass(Enum):
    """What a service is charged for (收费项目), each decided by itself."""

    PARTS = "parts"  # 配件
    LABOUR = "labour"  # 人工
    TRAVEL = "travel"  # 差旅


class Coverage(Enum):
    """Who pays for a class of charges (服务性质)."""

    FREE = "free"  # 免费, within the warranty
    CONTRACT = "contract"  # 合同, by a service contract
    AT_COST = "at-cost"  # 成本费, at cost and no more
    PAID = "paid"  # 有偿, by tariff


class Bearer(Enum):
    """On whom the cost falls in the end (费用承担方)."""

    FIRM = "firm"  # 本公司
    CUSTOMER = "customer"  # 客户
    CAUSER = "causer"  # 造成损坏的人
    DEALER = "dealer"  # 经销商
    SUPPLIER = "supplier"  # 配套厂家
    BRAND = "brand"  # 品牌厂家
    BUILDER = "builder"  # 施工单位
    PROPERTY = "property-company"  # 物业公司


class Event(Enum):
    """What a term, a target or a duty begins with (起算点)."""

    REPORTED = "reported"  # 报修
    RECEIVED = "received"  # the form or the message is in the department's hands
    PLANNED = "planned"  # the plan was given
    ORDERED = "ordered"  # the service order or contract took effect
    OCCURRED = "occurred"  # the event happened or became known
    ARRIVED = "arrived"  # the unit arrived at the works
    REACHED = "reached"  # 到达现场, somebody of the service is on site
    FINISHED = "finished"  # the service was done
    MANUFACTURED = "manufactured"  # 出厂
    SHIPPED = "shipped"  # 发货
    SOLD = "sold"  # 售出, the day on the invoice
    DELIVERED = "delivered"  # 交货
    INSTALLED = "installed"  # 安装
    ACTIVATED = "activated"  # 启用
    ACCEPTED = "accepted"  # 验收合格
    REGISTERED = "registered"  # 登记
    HANDED_OVER = "handed-over"  # 交付使用
    MOVED_IN = "moved-in"  # 入住
    HEATING = "heating-season"  # 采暖期开始
    HARVEST = "harvest"  # 作业季节开始
    HARVEST_END = "harvest-end"  # 作业季节结束, its last day
    RAINY_SEASON = "rainy-season"  # 雨季开始
    TYPHOON_SEASON = "typhoon-season"  # 台风季节开始
    WINTER = "winter"  # 冬季开始
    WARRANTY_END = "warranty-end"  # 保修期满, the last day in warranty
    YEAR = "year"  # the first of January
    FIXED = "fixed"  # a day that the contract names


class TargetKind(Enum):
    """What is promised (承诺事项)."""

    ACKNOWLEDGE = "acknowledge"  # 受理
    ANSWER = "answer"  # 答复
    ON_SITE = "on-site"  # 到达现场
    QUOTE = "quote"  # 报价
    PLAN = "plan"  # 处理方案
    CARRY_OUT = "carry-out"  # 执行方案
    RESOLVE = "resolve"  # 解决
    REPAIR = "repair"  # 返厂维修
    PARTS = "parts"  # 备件到位
    PURCHASE_ORDER = "purchase-order"  # 采购订单
    ARRANGE = "arrange"  # 人员安排
    CALL_BACK = "call-back"  # 回访
    COMPLAINT_ANSWER = "complaint-answer"  # 投诉答复
    NOTICE = "notice"  # 告知处理日期
    AT_POST = "at-post"  # 到岗
    WRITTEN_REPORT = "written-report"  # 书面报告
    DESIGN = "design"  # 设计方案


class DutyKind(Enum):
    """What is due by itself (例行事项)."""

    CALL_BACK = "call-back"  # 电话回访
    VISIT = "visit"  # 走访
    QUESTIONNAIRE = "questionnaire"  # 问卷
    INSPECTION = "inspection"  # 巡检
    MAINTENANCE = "maintenance"  # 保养
    NOTICE = "notice"  # 提示
    PLAN = "plan"  # 计划
    SUMMARY = "summary"  # 总结


class CollectionWay(Enum):
    """How a charge is collected (收费方式)."""

    ON_THE_SPOT = "on-the-spot"  # 当场收费
    INVOICE_SAME_DAY = "invoice-same-day"  # 当天开票, collected later
    INVOICE_ON_RETURN = "invoice-on-return"  # 送还当天开票
    NOTHING = "nothing"  # 不收费, as for a service in the warranty


class PauseReason(Enum):
    """Why a clock may stand still, where its target says so (暂停原因)."""

    WAITING_CUSTOMER = "waiting-customer"
    WAITING_ACCESS = "waiting-access"
    FORCE_MAJEURE = "force-majeure"
    WAITING_PART = "waiting-part"
    AT_VENDOR = "at-vendor"


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a cover lasts (期限): a period, for ever, not at all, or what a contract names.

    Exactly one of the four; an empty term is none of them, and refused. A period has at most 1200 months and
    at most 36525 days; what a contract names, small letters, digits and hyphens.

    Raises:
        InvalidValue: none, or more than one, is said, the period is longer, or the name is none.
    """

    period: Period | None = None
    lifetime: bool = False
    none: bool = False
    given: str = ""

    def __post_init__(self) -> None:
        said = {
            "a period": self.period is not None,
            "lifetime": self.lifetime,
            "none": self.none,
            f"given {self.given}": bool(self.given),
        }
        found = " and ".join(name for name, there in said.items() if there)
        if sum(said.values()) != 1 or (self.given and not _NAME.fullmatch(self.given)):
            raise InvalidValue("term", found or "nothing", _EXPECTED)
        if _is_too_long(self.period):
            raise InvalidValue("term", str(self), TOO_LONG)

    def __str__(self) -> str:
        if self.period is None:
            return "lifetime" if self.lifetime else "none" if self.none else f"given {self.given}"
        months, days = self.period.months, self.period.days
        parts = [(months // 12, "year"), (months % 12, "month"), (days, "day")]
        return " ".join(f"{number} {unit}{'s' * (number > 1)}" for number, unit in parts if number)


TOO_LONG: Final = "at most 100 years, 1200 months or 36525 days"
"""What is expected of a period that is longer."""

_EXPECTED: Final = "a term such as '2 years', '18 months' or '90 days', 'lifetime', 'none', or 'given NAME'"
_PARTS: Final = re.compile(r"([0-9]{1,6}) (year|month|day)s?")
_NAME: Final = re.compile("[a-z][a-z0-9-]*")
_GIVEN: Final = re.compile(f"given ({_NAME.pattern})")
_MONTHS: Final = 1200
_DAYS: Final = 36525


def _is_too_long(period: Period | None) -> bool:
    return period is not None and (period.months > _MONTHS or period.days > _DAYS)


LIFETIME: Final = Lasting(lifetime=True)
NONE: Final = Lasting(none=True)


def parse_lasting(text: str) -> Lasting:
    """The term that is written so: ``2 years``, ``1 year 6 months``, ``lifetime``, ``none``, ``given NAME``.

    Raises:
        InvalidValue: the text is none of the forms, or a length above 100 years; an empty one never means
            anything.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidValue("term", text, _EXPECTED)
    plain = " ".join(text.split())
    if plain in {"lifetime", "none"}:
        return LIFETIME if plain == "lifetime" else NONE
    if given := _GIVEN.fullmatch(plain):
        return Lasting(given=given[1])
    parts = dict.fromkeys(("year", "month", "day"), 0)
    found = list(_PARTS.finditer(plain))
    units = {each[2] for each in found}
    if not found or " ".join(each[0] for each in found) != plain or len(units) < len(found):
        raise InvalidValue("term", text, _EXPECTED)
    for each in found:
        parts[each[2]] = int(each[1])
    months = parts["year"] * 12 + parts["month"]
    if not months and not parts["day"]:
        raise InvalidValue("term", text, _EXPECTED)
    period = Period(months=months, days=parts["day"])
    if _is_too_long(period):
        raise InvalidValue("term", text, TOO_LONG)
    return Lasting(period=period)
