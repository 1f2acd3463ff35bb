"""Charges in words: what a clerk reads, line by line, and can check by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from servflow.adapters.text_babel import LANGUAGES, ChargeTree, Texts
from servflow.adapters.text_babel._derivation import _EQUATIONS, _FORMS, _PLAIN
from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth
from servflow.core.fees import (
    AsOf,
    Bracket,
    Cap,
    Charge,
    Choose,
    Compound,
    Count,
    Counting,
    DayCount,
    DayCountConvention,
    Days,
    Facts,
    Fixed,
    Flat,
    Floor,
    Given,
    Ladder,
    Less,
    MaxOf,
    MinOf,
    Minutes,
    Months,
    OpenDays,
    OpenMinutes,
    Operation,
    OverBalance,
    Percent,
    PerUnit,
    Quantity,
    Reach,
    Rounded,
    Rule,
    Scale,
    Segmented,
    Special,
    Step,
    Sum,
    Tiered,
    Tiering,
    Under,
    When,
    Zero,
    daily_surcharge,
    evaluate,
    interest,
    replay,
)
from servflow.core.money import Money, Rounding
from servflow.rulebooks import load


def cny(amount: int | str) -> Money:
    return Money(amount, "CNY")


def at(day: int, hour: int, minute: int, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, micro, timezone(timedelta(hours=8)))


class _Calendar:
    """Every other day is open, and half of every span of hours."""

    def open_days(self, after: date, through: date) -> int:
        return (through - after).days // 2

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        return (end - start) / 2 if end - start > timedelta(minutes=10) else timedelta()


FACTS = Facts(
    days={
        "due": date(2026, 3, 1),
        "end": date(2026, 3, 21),
        "soon_after": date(2026, 3, 6),
        "recalled_on": date(2026, 3, 16),
        "checkout": date(2026, 1, 5),
        "month_end": date(2026, 1, 31),
        "leap_year": date(2027, 12, 22),
        "leap_end": date(2028, 1, 11),
    },
    instants={
        "due_at": at(1, 10, 0),
        "end_at": at(1, 11, 30),
        "soon": at(1, 10, 5),
        "at_once": at(1, 10, 0),
        "odd": at(1, 10, 0, 30),
        "odder": at(1, 10, 0, 30, 250_000),
    },
    counts={"volumes": 2, "pages": 250},
    quantities={"weight": Decimal("2.3"), "systems_points": Decimal("0.005")},
    amounts={"item_price": cny(30), "cost": cny(1200), "principal": cny(1000), "fine": cny(40)},
    flags={"rush": True, "holiday": True, "flood": True, "vip": False},
    words={"reader": "adult", "building_type": "high_rise"},
    histories={
        "unpaid": ((date(2026, 3, 1), cny(1_000_000)), (date(2026, 3, 12), cny(600_000))),
        "cleared": ((date(2026, 1, 1), cny(0)),),
    },
)
X = Clause("X-1")
DAYS = Days()
PAGES = Count("pages", "page")
VOLUMES = Count("volumes", "volume")
UNPAID = Given("unpaid", "CNY")
COST = Given("cost", "CNY")
PRICE = Given("item_price", "CNY")
WEEK = (Bracket(0, 7, cny(1)), Bracket(7, None, cny(2)))
COPIES = (Bracket(0, 100, cny(0)), Bracket(100, 200, cny(1)), Bracket(200, None, cny(1), per=100))
SHARES = (Bracket(cny(0), cny(1000), Decimal("0.03")), Bracket(cny(1000), None, Decimal("0.05")))
START = date(2026, 1, 1)
RATES = ((None, Decimal("0.0345")), (date(2026, 3, 6), Decimal("0.03")))
STEPS = ((3, cny(5)), (20, cny(10)))


def surcharge(*, compounded: bool = False, capped: bool = False) -> Rule:
    return daily_surcharge(UNPAID, Decimal("0.003"), DAYS, compounded=compounded, capped=capped)


def up(rule: Rule) -> Rule:
    return rule.rounded(Rounding.UP)


CASES: dict[str, tuple[Rule, list[str], list[str]]] = {
    "surcharge on what is unpaid": (
        up(OverBalance("unpaid", surcharge())).under(X),
        [
            "unpaid amount, balance by balance: CNY 30,000.00 + CNY 18,000.00 = CNY 48,000.00 [X-1]",
            "  CNY 1,000,000.00 × 0.3 % × 10 days = CNY 30,000.00 [X-1]",
            "    unpaid amount: CNY 1,000,000.00 [X-1]",
            "    10 days: after 1 March 2026, up to and including 11 March 2026 [X-1]",
            "  CNY 600,000.00 × 0.3 % × 10 days = CNY 18,000.00 [X-1]",
            "    unpaid amount: CNY 600,000.00 [X-1]",
            "    10 days: after 11 March 2026, up to and including 21 March 2026 [X-1]",
        ],
        [
            "未付金额，按余额变动分段计算：¥30,000.00 + ¥18,000.00 = ¥48,000.00 [X-1]",
            "  ¥1,000,000.00 × 0.3% × 10天 = ¥30,000.00 [X-1]",
            "    未付金额：¥1,000,000.00 [X-1]",
            "    10天：2026年3月1日（不含）至2026年3月11日（含） [X-1]",
            "  ¥600,000.00 × 0.3% × 10天 = ¥18,000.00 [X-1]",
            "    未付金额：¥600,000.00 [X-1]",
            "    10天：2026年3月11日（不含）至2026年3月21日（含） [X-1]",
        ],
    ),
    "surcharge, at most the balance": (
        OverBalance("unpaid", surcharge(capped=True)).rounded(Rounding.UP),
        [
            "unpaid amount, balance by balance: CNY 30,000.00 + CNY 18,000.00 = CNY 48,000.00",
            "  the smaller of CNY 30,000.00 and CNY 1,000,000.00: CNY 30,000.00",
            "    CNY 1,000,000.00 × 0.3 % × 10 days = CNY 30,000.00",
            "      unpaid amount: CNY 1,000,000.00",
            "      10 days: after 1 March 2026, up to and including 11 March 2026",
            "    unpaid amount: CNY 1,000,000.00",
            "  the smaller of CNY 18,000.00 and CNY 600,000.00: CNY 18,000.00",
            "    CNY 600,000.00 × 0.3 % × 10 days = CNY 18,000.00",
            "      unpaid amount: CNY 600,000.00",
            "      10 days: after 11 March 2026, up to and including 21 March 2026",
            "    unpaid amount: CNY 600,000.00",
        ],
        [
            "未付金额，按余额变动分段计算：¥30,000.00 + ¥18,000.00 = ¥48,000.00",
            "  ¥30,000.00与¥1,000,000.00取较小者：¥30,000.00",
            "    ¥1,000,000.00 × 0.3% × 10天 = ¥30,000.00",
            "      未付金额：¥1,000,000.00",
            "      10天：2026年3月1日（不含）至2026年3月11日（含）",
            "    未付金额：¥1,000,000.00",
            "  ¥18,000.00与¥600,000.00取较小者：¥18,000.00",
            "    ¥600,000.00 × 0.3% × 10天 = ¥18,000.00",
            "      未付金额：¥600,000.00",
            "      10天：2026年3月11日（不含）至2026年3月21日（含）",
            "    未付金额：¥600,000.00",
        ],
    ),
    "surcharge on no balance": (
        up(OverBalance("cleared", Percent(Given("cleared", "CNY"), 1))),
        [
            "cleared, no balance on any of the days: CNY 0.00",
        ],
        [
            "cleared，各日均无余额：¥0.00",
        ],
    ),
    "compound": (
        Rounded(Compound(Given("principal", "CNY"), Decimal("0.003"), DAYS), Rounding.HALF_UP),
        [
            "≈ CNY 61.741176 rounded, halves up, to a multiple of CNY 0.01: CNY 61.74",
            "  CNY 1,000.00 × ((1 + 0.3 %)^20 − 1) ≈ CNY 61.741176",
            "    principal: CNY 1,000.00",
            "    20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "≈ ¥61.741176，以¥0.01为单位四舍五入：¥61.74",
            "  ¥1,000.00 × ((1 + 0.3%)^20 − 1) ≈ ¥61.741176",
            "    本金：¥1,000.00",
            "    20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "interest with a change of rate": (
        interest("unpaid", "CNY", RATES, DayCountConvention.ACT_365F).rounded(Rounding.HALF_UP),
        [
            "≈ CNY 1,364.383562 rounded, halves up, to a multiple of CNY 0.01: CNY 1,364.38",
            "  unpaid amount, balance by balance: CNY 871.232877 + CNY 493.150685 ≈ CNY 1,364.383562",
            "    stretch by stretch: CNY 378.082192 + CNY 493.150685 ≈ CNY 871.232877",
            "      CNY 1,000,000.00 × 3.45 % × 4/365 years ≈ CNY 378.082192",
            "        unpaid amount: CNY 1,000,000.00",
            "        4/365 years: 4 days ÷ 365, from 1 March 2026 to 5 March 2026 (actual days, year of 365: ACT/365F)",
            "      CNY 1,000,000.00 × 3 % × 6/365 years ≈ CNY 493.150685",
            "        unpaid amount: CNY 1,000,000.00",
            "        6/365 years: 6 days ÷ 365, from 5 March 2026 to 11 March 2026 (actual days, year of 365: ACT/365F)",
            "    CNY 600,000.00 × 3 % × 2/73 years ≈ CNY 493.150685",
            "      unpaid amount: CNY 600,000.00",
            "      2/73 years: 10 days ÷ 365, from 11 March 2026 to 21 March 2026 (actual days, year of 365: ACT/365F)",
        ],
        [
            "≈ ¥1,364.383562，以¥0.01为单位四舍五入：¥1,364.38",
            "  未付金额，按余额变动分段计算：¥871.232877 + ¥493.150685 ≈ ¥1,364.383562",
            "    各时段按当时有效的规定分别计算：¥378.082192 + ¥493.150685 ≈ ¥871.232877",
            "      ¥1,000,000.00 × 3.45% × 4/365年 ≈ ¥378.082192",
            "        未付金额：¥1,000,000.00",
            "        4/365年：4天 ÷ 365，2026年3月1日至2026年3月5日（实际天数，一年按365天：ACT/365F）",
            "      ¥1,000,000.00 × 3% × 6/365年 ≈ ¥493.150685",
            "        未付金额：¥1,000,000.00",
            "        6/365年：6天 ÷ 365，2026年3月5日至2026年3月11日（实际天数，一年按365天：ACT/365F）",
            "    ¥600,000.00 × 3% × 2/73年 ≈ ¥493.150685",
            "      未付金额：¥600,000.00",
            "      2/73年：10天 ÷ 365，2026年3月11日至2026年3月21日（实际天数，一年按365天：ACT/365F）",
        ],
    ),
    "years, leap and common": (
        up(Scale(COST, DayCount(DayCountConvention.ACT_ACT_ISDA, after="leap_year", through="leap_end"))),
        [
            "≈ CNY 65.663598 rounded up to a multiple of CNY 0.01: CNY 65.67",
            "  CNY 1,200.00 × 731/13359 years ≈ CNY 65.663598",
            "    cost: CNY 1,200.00",
            "    731/13359 years: 10 days ÷ 365 + 10 days of leap years ÷ 366, from 22 December 2027 to 11 January 2028 (actual days, actual years: ACT/ACT ISDA)",
        ],
        [
            "≈ ¥65.663598，以¥0.01为单位向上取整：¥65.67",
            "  ¥1,200.00 × 731/13359年 ≈ ¥65.663598",
            "    费用（造价）：¥1,200.00",
            "    731/13359年：平年10天 ÷ 365 + 闰年10天 ÷ 366，2027年12月22日至2028年1月11日（实际天数，实际年：ACT/ACT ISDA）",
        ],
    ),
    "years, of 30-day months": (
        up(Scale(COST, DayCount(DayCountConvention.E30_360, after="checkout"))),
        [
            "≈ CNY 253.333333 rounded up to a multiple of CNY 0.01: CNY 253.34",
            "  CNY 1,200.00 × 19/90 years ≈ CNY 253.333333",
            "    cost: CNY 1,200.00",
            "    19/90 years: 76 days ÷ 360, from 5 January 2026 to 21 March 2026 (months of 30 days, year of 360: 30E/360)",
        ],
        [
            "≈ ¥253.333333，以¥0.01为单位向上取整：¥253.34",
            "  ¥1,200.00 × 19/90年 ≈ ¥253.333333",
            "    费用（造价）：¥1,200.00",
            "    19/90年：76天 ÷ 360，2026年1月5日至2026年3月21日（每月按30天，一年按360天：30E/360）",
        ],
    ),
    "years, none": (
        up(Scale(COST, DayCount(DayCountConvention.ACT_360, after="end", through="due"))),
        [
            "CNY 1,200.00 × 0 years = CNY 0.00",
            "  cost: CNY 1,200.00",
            "  0 years: 1 March 2026 is not later than 21 March 2026",
        ],
        [
            "¥1,200.00 × 0年 = ¥0.00",
            "  费用（造价）：¥1,200.00",
            "  0年：2026年3月1日不晚于2026年3月21日",
        ],
    ),
    "a recall in the middle": (
        Segmented(
            "due",
            "end",
            ((None, PerUnit(DAYS, cny(1))), ("recalled_on", PerUnit(DAYS, cny(5)).under(Clause("R-2")))),
        ).under(X),
        [
            "stretch by stretch: CNY 14.00 + CNY 30.00 = CNY 44.00 [X-1]",
            "  14 days × CNY 1.00 = CNY 14.00 [X-1]",
            "    14 days: after 1 March 2026, up to and including 15 March 2026 [X-1]",
            "  6 days × CNY 5.00 = CNY 30.00 [R-2]",
            "    6 days: after 15 March 2026, up to and including 21 March 2026 [R-2]",
        ],
        [
            "各时段按当时有效的规定分别计算：¥14.00 + ¥30.00 = ¥44.00 [X-1]",
            "  14天 × ¥1.00 = ¥14.00 [X-1]",
            "    14天：2026年3月1日（不含）至2026年3月15日（含） [X-1]",
            "  6天 × ¥5.00 = ¥30.00 [R-2]",
            "    6天：2026年3月15日（不含）至2026年3月21日（含） [R-2]",
        ],
    ),
    "one stretch": (
        Segmented("due", "end", ((None, PerUnit(DAYS, cny(1))),)),
        [
            "20 days × CNY 1.00 = CNY 20.00",
            "  20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "20天 × ¥1.00 = ¥20.00",
            "  20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "no stretch": (
        Segmented("end", "due", ((None, PerUnit(DAYS, cny(1))),)),
        [
            "no days to charge: CNY 0.00",
        ],
        [
            "没有应计的天数：¥0.00",
        ],
    ),
    "graduated": (
        Tiered(DAYS.deduct(Fixed(2, "day")), WEEK, Tiering.GRADUATED).under(X),
        [
            "18 days, bracket by bracket: CNY 7.00 + CNY 22.00 = CNY 29.00 [X-1]",
            "  18 days: 20 days less 2 days free of charge [X-1]",
            "    20 days: after 1 March 2026, up to and including 21 March 2026 [X-1]",
            "  up to 7 days: 7 days × CNY 1.00 = CNY 7.00 [X-1]",
            "  above 7 days: 11 days × CNY 2.00 = CNY 22.00 [X-1]",
        ],
        [
            "18天，分段计算：¥7.00 + ¥22.00 = ¥29.00 [X-1]",
            "  20天，免计2天，计18天 [X-1]",
            "    20天：2026年3月1日（不含）至2026年3月21日（含） [X-1]",
            "  7天以内（含）：7天 × ¥1.00 = ¥7.00 [X-1]",
            "  超过7天：11天 × ¥2.00 = ¥22.00 [X-1]",
        ],
    ),
    "graduated, one bracket": (
        Tiered(Fixed(3, "day"), WEEK, Tiering.GRADUATED),
        [
            "up to 7 days: 3 days × CNY 1.00 = CNY 3.00",
        ],
        [
            "7天以内（含）：3天 × ¥1.00 = ¥3.00",
        ],
    ),
    "graduated, three brackets": (
        up(Tiered(PAGES, COPIES, Tiering.GRADUATED)),
        [
            "250 pages, bracket by bracket: CNY 0.00 + CNY 100.00 + CNY 0.50 = CNY 100.50",
            "  up to 100 pages: 100 pages × CNY 0.00 = CNY 0.00",
            "  above 100 pages, up to 200 pages: 100 pages × CNY 1.00 = CNY 100.00",
            "  above 200 pages: 50 pages × CNY 1.00 per 100 pages = CNY 0.50",
        ],
        [
            "250页，分段计算：¥0.00 + ¥100.00 + ¥0.50 = ¥100.50",
            "  100页以内（含）：100页 × ¥0.00 = ¥0.00",
            "  超过100页至200页（含）：100页 × ¥1.00 = ¥100.00",
            "  超过200页：50页 × 每100页¥1.00 = ¥0.50",
        ],
    ),
    "graduated from a start": (
        Tiered(Fixed(3, "day"), WEEK, Tiering.GRADUATED, start=Fixed(5, "day")),
        [
            "3 days after 5 days charged before, bracket by bracket: CNY 2.00 + CNY 2.00 = CNY 4.00",
            "  up to 7 days: 2 days × CNY 1.00 = CNY 2.00",
            "  above 7 days: 1 day × CNY 2.00 = CNY 2.00",
        ],
        [
            "3天（此前已计5天），分段计算：¥2.00 + ¥2.00 = ¥4.00",
            "  7天以内（含）：2天 × ¥1.00 = ¥2.00",
            "  超过7天：1天 × ¥2.00 = ¥2.00",
        ],
    ),
    "graduated from a start in one bracket": (
        Tiered(Fixed(3, "day"), WEEK, Tiering.GRADUATED, start=DAYS),
        [
            "3 days after 20 days charged before, bracket by bracket: CNY 6.00",
            "  20 days: after 1 March 2026, up to and including 21 March 2026",
            "  above 7 days: 3 days × CNY 2.00 = CNY 6.00",
        ],
        [
            "3天（此前已计20天），分段计算：¥6.00",
            "  20天：2026年3月1日（不含）至2026年3月21日（含）",
            "  超过7天：3天 × ¥2.00 = ¥6.00",
        ],
    ),
    "graduated by amount": (
        up(Tiered(COST, SHARES, Tiering.GRADUATED)),
        [
            "CNY 1,200.00, bracket by bracket: CNY 30.00 + CNY 10.00 = CNY 40.00",
            "  cost: CNY 1,200.00",
            "  up to CNY 1,000.00: CNY 1,000.00 × 3 % = CNY 30.00",
            "  above CNY 1,000.00: CNY 200.00 × 5 % = CNY 10.00",
        ],
        [
            "¥1,200.00，分段计算：¥30.00 + ¥10.00 = ¥40.00",
            "  费用（造价）：¥1,200.00",
            "  ¥1,000.00以内（含）：¥1,000.00 × 3% = ¥30.00",
            "  超过¥1,000.00：¥200.00 × 5% = ¥10.00",
        ],
    ),
    "the whole at one rate": (
        Tiered(DAYS, WEEK, Tiering.VOLUME),
        [
            "above 7 days, all at one rate: 20 days × CNY 2.00 = CNY 40.00",
            "  20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "超过7天，全部按此档计算：20天 × ¥2.00 = ¥40.00",
            "  20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "one bracket for all": (
        Tiered(DAYS, (Bracket(0, None, cny(2)),), Tiering.VOLUME),
        [
            "whatever there is, all at one rate: 20 days × CNY 2.00 = CNY 40.00",
            "  20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "不论多少，全部按此档计算：20天 × ¥2.00 = ¥40.00",
            "  20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "ladder from": (
        Ladder(DAYS, STEPS, Reach.FROM),
        [
            "20 days, from 20 days on: CNY 10.00",
            "  20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "20天，达到20天：¥10.00",
            "  20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "ladder above": (
        Ladder(DAYS, STEPS, Reach.ABOVE),
        [
            "20 days, above 3 days: CNY 5.00",
            "  20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "20天，超过3天：¥5.00",
            "  20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "ladder, none": (
        Ladder(Fixed(2, "day"), STEPS, Reach.FROM),
        [
            "2 days, below the first step: CNY 0.00",
        ],
        [
            "2天，未达第一档：¥0.00",
        ],
    ),
    "per so many": (
        up(PerUnit(PAGES, cny(1), per=100).under(X)),
        [
            "250 pages × CNY 1.00 per 100 pages = CNY 2.50 [X-1]",
        ],
        [
            "250页 × 每100页¥1.00 = ¥2.50 [X-1]",
        ],
    ),
    "a share that no decimal says": (
        Percent(PRICE, Fraction(1, 3)).rounded(Rounding.UP),
        [
            "CNY 30.00 × 1/3 = CNY 10.00",
            "  price of the item: CNY 30.00",
        ],
        [
            "¥30.00 × 1/3 = ¥10.00",
            "  物品价格：¥30.00",
        ],
    ),
    "product of products": (
        up(Scale(Percent(COST, Decimal("0.05")), VOLUMES * DAYS)),
        [
            "CNY 1,200.00 × 5 % × 2 volumes × 20 days = CNY 2,400.00",
            "  cost: CNY 1,200.00",
            "  20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "¥1,200.00 × 5% × 2册 × 20天 = ¥2,400.00",
            "  费用（造价）：¥1,200.00",
            "  20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "a product under a clause of its own": (
        up(Scale(Under(X, Percent(COST, Decimal("0.05"))), VOLUMES)),
        [
            "CNY 60.00 × 2 volumes = CNY 120.00",
            "  CNY 1,200.00 × 5 % = CNY 60.00 [X-1]",
            "    cost: CNY 1,200.00 [X-1]",
        ],
        [
            "¥60.00 × 2册 = ¥120.00",
            "  ¥1,200.00 × 5% = ¥60.00 [X-1]",
            "    费用（造价）：¥1,200.00 [X-1]",
        ],
    ),
    "so many times": (
        PerUnit(DAYS, cny(1)) * 2,
        [
            "CNY 20.00 × 2 times = CNY 40.00",
            "  20 days × CNY 1.00 = CNY 20.00",
            "    20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "¥20.00 × 2次 = ¥40.00",
            "  20天 × ¥1.00 = ¥20.00",
            "    20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "choice": (
        Choose(
            "reader",
            (
                ("adult", AsOf("checkout", ((None, Flat(cny(1))), (date(2026, 1, 1), Flat(cny(2)))))),
                ("child", Zero("CNY")),
            ),
        ),
        [
            "reader is “adult”, so CNY 2.00",
            "  as in force on 5 January 2026 (checkout), since 1 January 2026: CNY 2.00",
            "    fixed amount: CNY 2.00",
        ],
        [
            "reader为“adult”，取¥2.00",
            "  按2026年1月5日（借出日）有效的规定（2026年1月1日起施行）：¥2.00",
            "    固定金额：¥2.00",
        ],
    ),
    "earliest version": (
        AsOf("checkout", ((None, Flat(cny(1))), (date(2026, 7, 1), Flat(cny(2))))).under(X),
        [
            "as in force on 5 January 2026 (checkout), by the earliest version: CNY 1.00 [X-1]",
            "  fixed amount: CNY 1.00 [X-1]",
        ],
        [
            "按2026年1月5日（借出日）有效的规定（最初的规定）：¥1.00 [X-1]",
            "  固定金额：¥1.00 [X-1]",
        ],
    ),
    "a version within the same version": (
        AsOf("checkout", ((START, Less(COST, AsOf("checkout", ((START, PRICE.under(Clause("R-2"))),)))),)),
        [
            "as in force on 5 January 2026 (checkout), since 1 January 2026: CNY 1,170.00",
            "  CNY 1,200.00 less CNY 30.00: CNY 1,170.00",
            "    cost: CNY 1,200.00",
            "    price of the item: CNY 30.00 [R-2]",
        ],
        [
            "按2026年1月5日（借出日）有效的规定（2026年1月1日起施行）：¥1,170.00",
            "  ¥1,200.00减去¥30.00：¥1,170.00",
            "    费用（造价）：¥1,200.00",
            "    物品价格：¥30.00 [R-2]",
        ],
    ),
    "a version within another": (
        AsOf("checkout", ((START, Less(COST, AsOf("recalled_on", ((START, PRICE),)))),)),
        [
            "as in force on 5 January 2026 (checkout), since 1 January 2026: CNY 1,170.00",
            "  CNY 1,200.00 less CNY 30.00: CNY 1,170.00",
            "    cost: CNY 1,200.00",
            "    as in force on 16 March 2026 (recall), since 1 January 2026: CNY 30.00",
            "      price of the item: CNY 30.00",
        ],
        [
            "按2026年1月5日（借出日）有效的规定（2026年1月1日起施行）：¥1,170.00",
            "  ¥1,200.00减去¥30.00：¥1,170.00",
            "    费用（造价）：¥1,200.00",
            "    按2026年3月16日（索回日）有效的规定（2026年1月1日起施行）：¥30.00",
            "      物品价格：¥30.00",
        ],
    ),
    "a version within the same version, whose clause stands nowhere else": (
        AsOf(
            "checkout",
            (
                (
                    START,
                    Less(COST, AsOf("checkout", ((START, MaxOf((PRICE.under(X),)).under(Clause("R-2"))),))),
                ),
            ),
        ),
        [
            "as in force on 5 January 2026 (checkout), since 1 January 2026: CNY 1,170.00",
            "  CNY 1,200.00 less CNY 30.00: CNY 1,170.00",
            "    cost: CNY 1,200.00",
            "    as in force on 5 January 2026 (checkout), since 1 January 2026: CNY 30.00 [R-2]",
            "      price of the item: CNY 30.00 [X-1]",
        ],
        [
            "按2026年1月5日（借出日）有效的规定（2026年1月1日起施行）：¥1,170.00",
            "  ¥1,200.00减去¥30.00：¥1,170.00",
            "    费用（造价）：¥1,200.00",
            "    按2026年1月5日（借出日）有效的规定（2026年1月1日起施行）：¥30.00 [R-2]",
            "      物品价格：¥30.00 [X-1]",
        ],
    ),
    "special": (
        Special(Flat(cny(9)), (("holiday", Zero("CNY").under(X)), ("vip", Flat(cny(1))))),
        [
            "special rule for holiday, so CNY 0.00",
            "  none: CNY 0.00 [X-1]",
        ],
        [
            "适用特别规定（holiday），取¥0.00",
            "  无：¥0.00 [X-1]",
        ],
    ),
    "two special rules": (
        Special(Flat(cny(9)), (("holiday", Zero("CNY")), ("flood", Zero("CNY")))),
        [
            "special rule for holiday and flood, so CNY 0.00",
            "  none: CNY 0.00",
            "  none: CNY 0.00",
        ],
        [
            "适用特别规定（holiday和flood），取¥0.00",
            "  无：¥0.00",
            "  无：¥0.00",
        ],
    ),
    "no special rule": (
        Special(Flat(cny(9)), (("vip", Zero("CNY")),)),
        [
            "fixed amount: CNY 9.00",
        ],
        [
            "固定金额：¥9.00",
        ],
    ),
    "condition": (
        When("rush", Flat(cny(3)), otherwise=Zero("CNY")),
        [
            "rush: yes, so CNY 3.00",
            "  fixed amount: CNY 3.00",
        ],
        [
            "rush：是，取¥3.00",
            "  固定金额：¥3.00",
        ],
    ),
    "the most": (
        up(MaxOf((Flat(cny(1)), Percent(COST, Decimal("0.05")), PRICE))),
        [
            "the largest of CNY 1.00, CNY 60.00, and CNY 30.00: CNY 60.00",
            "  fixed amount: CNY 1.00",
            "  CNY 1,200.00 × 5 % = CNY 60.00",
            "    cost: CNY 1,200.00",
            "  price of the item: CNY 30.00",
        ],
        [
            "¥1.00、¥60.00和¥30.00中取最大者：¥60.00",
            "  固定金额：¥1.00",
            "  ¥1,200.00 × 5% = ¥60.00",
            "    费用（造价）：¥1,200.00",
            "  物品价格：¥30.00",
        ],
    ),
    "the least": (
        MinOf((Given("fine", "CNY"), PRICE)),
        [
            "the smallest of CNY 40.00 and CNY 30.00: CNY 30.00",
            "  fine: CNY 40.00",
            "  price of the item: CNY 30.00",
        ],
        [
            "¥40.00和¥30.00中取最小者：¥30.00",
            "  fine：¥40.00",
            "  物品价格：¥30.00",
        ],
    ),
    "the most of one": (
        MaxOf((PRICE,)),
        [
            "price of the item: CNY 30.00",
        ],
        [
            "物品价格：¥30.00",
        ],
    ),
    "cap and floor": (
        Floor(Cap(PerUnit(DAYS, cny(5)), PRICE), Flat(cny(10))),
        [
            "the larger of CNY 30.00 and CNY 10.00: CNY 30.00",
            "  the smaller of CNY 100.00 and CNY 30.00: CNY 30.00",
            "    20 days × CNY 5.00 = CNY 100.00",
            "      20 days: after 1 March 2026, up to and including 21 March 2026",
            "    price of the item: CNY 30.00",
            "  fixed amount: CNY 10.00",
        ],
        [
            "¥30.00与¥10.00取较大者：¥30.00",
            "  ¥100.00与¥30.00取较小者：¥30.00",
            "    20天 × ¥5.00 = ¥100.00",
            "      20天：2026年3月1日（不含）至2026年3月21日（含）",
            "    物品价格：¥30.00",
            "  固定金额：¥10.00",
        ],
    ),
    "less": (
        Less(COST, Given("fine", "CNY")),
        [
            "CNY 1,200.00 less CNY 40.00: CNY 1,160.00",
            "  cost: CNY 1,200.00",
            "  fine: CNY 40.00",
        ],
        [
            "¥1,200.00减去¥40.00：¥1,160.00",
            "  费用（造价）：¥1,200.00",
            "  fine：¥40.00",
        ],
    ),
    "nothing left": (
        Less(PRICE, Given("fine", "CNY")),
        [
            "CNY 30.00 less CNY 40.00, which leaves nothing: CNY 0.00",
            "  price of the item: CNY 30.00",
            "  fine: CNY 40.00",
        ],
        [
            "¥30.00减去¥40.00，减后无余额：¥0.00",
            "  物品价格：¥30.00",
            "  fine：¥40.00",
        ],
    ),
    "sum": (
        Sum((PerUnit(VOLUMES, cny(20)), Flat(cny(3)))),
        [
            "CNY 40.00 + CNY 3.00 = CNY 43.00",
            "  2 volumes × CNY 20.00 = CNY 40.00",
            "  fixed amount: CNY 3.00",
        ],
        [
            "¥40.00 + ¥3.00 = ¥43.00",
            "  2册 × ¥20.00 = ¥40.00",
            "  固定金额：¥3.00",
        ],
    ),
    "minutes as hours": (
        up(PerUnit(Minutes().converted(Fraction(1, 60), "hour"), cny(2))),
        [
            "1.5 hours × CNY 2.00 = CNY 3.00",
            "  90 minutes ÷ 60 = 1.5 hours",
            "    90 minutes: from 1 March 2026, 10:00 (GMT+08:00) until 1 March 2026, 11:30 (GMT+08:00)",
        ],
        [
            "1.5小时 × ¥2.00 = ¥3.00",
            "  90分钟 ÷ 60 = 1.5小时",
            "    90分钟：2026年3月1日 10:00（GMT+08:00）至2026年3月1日 11:30（GMT+08:00）",
        ],
    ),
    "weeks as days": (
        PerUnit(Fixed(2, "week").converted(7, "day"), cny(1)),
        [
            "14 days × CNY 1.00 = CNY 14.00",
            "  2 weeks × 7 = 14 days",
        ],
        [
            "14天 × ¥1.00 = ¥14.00",
            "  2周 × 7 = 14天",
        ],
    ),
    "minutes to the second": (
        up(PerUnit(Minutes(through="odd"), cny(1))),
        [
            "0.5 minutes × CNY 1.00 = CNY 0.50",
            "  0.5 minutes: from 1 March 2026, 10:00 (GMT+08:00) until 1 March 2026, 10:00:30 (GMT+08:00)",
        ],
        [
            "0.5分钟 × ¥1.00 = ¥0.50",
            "  0.5分钟：2026年3月1日 10:00（GMT+08:00）至2026年3月1日 10:00:30（GMT+08:00）",
        ],
    ),
    "minutes below the second": (
        up(PerUnit(Minutes(through="odder"), cny(1))),
        [
            "≈ CNY 0.504167 rounded up to a multiple of CNY 0.01: CNY 0.51",
            "  121/240 minutes × CNY 1.00 ≈ CNY 0.504167",
            "    121/240 minutes: from 1 March 2026, 10:00 (GMT+08:00) until 1 March 2026, 10:00:30.250000 (GMT+08:00)",
        ],
        [
            "≈ ¥0.504167，以¥0.01为单位向上取整：¥0.51",
            "  121/240分钟 × ¥1.00 ≈ ¥0.504167",
            "    121/240分钟：2026年3月1日 10:00（GMT+08:00）至2026年3月1日 10:00:30.250000（GMT+08:00）",
        ],
    ),
    "minutes, none": (
        up(PerUnit(Minutes(through="at_once"), cny(1))),
        [
            "0 minutes × CNY 1.00 = CNY 0.00",
            "  0 minutes: 1 March 2026, 10:00 (GMT+08:00) is not later than 1 March 2026, 10:00 (GMT+08:00)",
        ],
        [
            "0分钟 × ¥1.00 = ¥0.00",
            "  0分钟：2026年3月1日 10:00（GMT+08:00）不晚于2026年3月1日 10:00（GMT+08:00）",
        ],
    ),
    "minutes of opening hours": (
        up(PerUnit(OpenMinutes(_Calendar()), cny(1))),
        [
            "45 open minutes × CNY 1.00 = CNY 45.00",
            "  45 open minutes: from 1 March 2026, 10:00 (GMT+08:00) until 1 March 2026, 11:30 (GMT+08:00), time of closure not counted",
        ],
        [
            "45分钟开放时间 × ¥1.00 = ¥45.00",
            "  45分钟开放时间：2026年3月1日 10:00（GMT+08:00）至2026年3月1日 11:30（GMT+08:00），非开放时间不计",
        ],
    ),
    "minutes of opening hours, none": (
        up(PerUnit(OpenMinutes(_Calendar(), through="soon"), cny(1))),
        [
            "0 open minutes × CNY 1.00 = CNY 0.00",
            "  0 open minutes: no open time from 1 March 2026, 10:00 (GMT+08:00) until 1 March 2026, 10:05 (GMT+08:00)",
        ],
        [
            "0分钟开放时间 × ¥1.00 = ¥0.00",
            "  0分钟开放时间：2026年3月1日 10:00（GMT+08:00）至2026年3月1日 10:05（GMT+08:00）无开放时间",
        ],
    ),
    "open days": (
        PerUnit(OpenDays(_Calendar()).cliff(Fixed(3, "open-day")), cny(1)),
        [
            "10 open days × CNY 1.00 = CNY 10.00",
            "  10 open days: 10 open days; up to 3 open days nothing counts, beyond that everything does",
            "    10 open days: after 1 March 2026, up to and including 21 March 2026, days of closure not counted",
        ],
        [
            "10个开放日 × ¥1.00 = ¥10.00",
            "  10个开放日，不超过3个开放日的不计，超过的全部计算，计10个开放日",
            "    10个开放日：2026年3月1日（不含）至2026年3月21日（含），非开放日不计",
        ],
    ),
    "months begun": (
        PerUnit(Months(Rounding.UP, EndOfMonth.CLAMP), cny(5)),
        [
            "1 month × CNY 5.00 = CNY 5.00",
            "  1 month: after 1 March 2026, up to and including 21 March 2026, begun months counted",
        ],
        [
            "1个月 × ¥5.00 = ¥5.00",
            "  1个月：2026年3月1日（不含）至2026年3月21日（含），不足一个月按一个月计",
        ],
    ),
    "months completed, from the 31st": (
        PerUnit(Months(Rounding.DOWN, EndOfMonth.NEXT, after="month_end"), cny(5)),
        [
            "1 month × CNY 5.00 = CNY 5.00",
            "  1 month: after 31 January 2026, up to and including 21 March 2026, whole months only; in a month that lacks the day, the first of the next takes its place",
        ],
        [
            "1个月 × ¥5.00 = ¥5.00",
            "  1个月：2026年1月31日（不含）至2026年3月21日（含），不足一个月不计；当月无对应日的，以次月1日为对应日",
        ],
    ),
    "months, none": (
        PerUnit(Months(Rounding.UP, EndOfMonth.CLAMP, after="end", through="due"), cny(5)),
        [
            "0 months × CNY 5.00 = CNY 0.00",
            "  0 months: 1 March 2026 is not later than 21 March 2026",
        ],
        [
            "0个月 × ¥5.00 = ¥0.00",
            "  0个月：2026年3月1日不晚于2026年3月21日",
        ],
    ),
    "periods begun": (
        PerUnit(DAYS.periods(7, Counting.START), cny(10)),
        [
            "3 periods × CNY 10.00 = CNY 30.00",
            "  3 periods: 20 days in periods of 7 days; one that has begun counts",
            "    20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "3期 × ¥10.00 = ¥30.00",
            "  20天，每7天为一期，不足一期按一期计，计3期",
            "    20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "periods completed": (
        PerUnit(DAYS.periods(7, Counting.END), cny(10)),
        [
            "2 periods × CNY 10.00 = CNY 20.00",
            "  2 periods: 20 days in periods of 7 days; only completed ones count",
            "    20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "2期 × ¥10.00 = ¥20.00",
            "  20天，每7天为一期，不足一期不计，计2期",
            "    20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "at most so many": (
        PerUnit(DAYS.at_most(Fixed(15, "day")) + Fixed(1, "day"), cny(1)),
        [
            "16 days × CNY 1.00 = CNY 16.00",
            "  15 days + 1 day = 16 days",
            "    15 days: 20 days, but at most 15 days",
            "      20 days: after 1 March 2026, up to and including 21 March 2026",
        ],
        [
            "16天 × ¥1.00 = ¥16.00",
            "  15天 + 1天 = 16天",
            "    20天，最多计15天，计15天",
            "      20天：2026年3月1日（不含）至2026年3月21日（含）",
        ],
    ),
    "choice by a word that has a name": (
        up(
            Choose(
                "building_type", (("high_rise", Percent(COST, Decimal("0.05"))), ("low_rise", Zero("CNY")))
            )
        ),
        [
            "type of building is “high-rise”, so CNY 60.00",
            "  CNY 1,200.00 × 5 % = CNY 60.00",
            "    cost: CNY 1,200.00",
        ],
        [
            "建筑类型为“高层”，取¥60.00",
            "  ¥1,200.00 × 5% = ¥60.00",
            "    费用（造价）：¥1,200.00",
        ],
    ),
    "a part": (
        up(Scale(COST, Quantity("systems_points", "part"))),
        [
            "CNY 1,200.00 × 0.005 parts = CNY 6.00",
            "  cost: CNY 1,200.00",
            "  reduction granted for sound systems: 0.005 parts",
        ],
        [
            "¥1,200.00 × 比例0.005 = ¥6.00",
            "  费用（造价）：¥1,200.00",
            "  批准降低的幅度：比例0.005",
        ],
    ),
    "open days after grace": (
        PerUnit(OpenDays(_Calendar(), through="soon_after").deduct(Fixed(2, "open-day")), cny(1)),
        [
            "0 open days × CNY 1.00 = CNY 0.00",
            "  0 open days: 2 open days less 2 open days free of charge",
            "    2 open days: after 1 March 2026, up to and including 6 March 2026, days of closure not counted",
        ],
        [
            "0个开放日 × ¥1.00 = ¥0.00",
            "  2个开放日，免计2个开放日，计0个开放日",
            "    2个开放日：2026年3月1日（不含）至2026年3月6日（含），非开放日不计",
        ],
    ),
    "periods of opening hours": (
        PerUnit(OpenMinutes(_Calendar(), through="soon").periods(60, Counting.START), cny(1)),
        [
            "0 periods × CNY 1.00 = CNY 0.00",
            "  0 periods: 0 open minutes in periods of 60 open minutes; one that has begun counts",
            "    0 open minutes: no open time from 1 March 2026, 10:00 (GMT+08:00) until 1 March 2026, 10:05 (GMT+08:00)",
        ],
        [
            "0期 × ¥1.00 = ¥0.00",
            "  0分钟开放时间，每60分钟开放时间为一期，不足一期按一期计，计0期",
            "    0分钟开放时间：2026年3月1日 10:00（GMT+08:00）至2026年3月1日 10:05（GMT+08:00）无开放时间",
        ],
    ),
    "rounded weight": (
        up(PerUnit(Quantity("weight", "kilogram").rounded(Rounding.UP, Fraction(1, 2)), cny(3))),
        [
            "2.5 kilograms × CNY 3.00 = CNY 7.50",
            "  2.3 kilograms rounded up to a multiple of 0.5 kilograms: 2.5 kilograms",
            "    weight: 2.3 kilograms",
        ],
        [
            "2.5千克 × ¥3.00 = ¥7.50",
            "  2.3千克，以0.5千克为单位向上取整：2.5千克",
            "    weight：2.3千克",
        ],
    ),
    "weight that needs no rounding": (
        up(PerUnit(Quantity("weight", "kilogram").rounded(Rounding.UP, Fraction(1, 10)), cny(3))),
        [
            "2.3 kilograms × CNY 3.00 = CNY 6.90",
            "  weight: 2.3 kilograms",
        ],
        [
            "2.3千克 × ¥3.00 = ¥6.90",
            "  weight：2.3千克",
        ],
    ),
}


def charge_of(case: str) -> Charge:
    return evaluate(CASES[case][0], FACTS)


@pytest.mark.parametrize("case", CASES)
def test_a_charge_reads_line_by_line(case: str) -> None:
    """What was counted, at which rate, by which clause, in both languages."""
    charge = charge_of(case)
    _, english, chinese = CASES[case]
    assert Texts("en").charge_lines(charge) == english
    assert Texts("zh_CN").charge_lines(charge) == chinese


def test_every_operation_is_among_the_charges_shown() -> None:
    """No kind of step is left that nobody has read in both languages."""
    shown = {step.operation for case in CASES for _, step in charge_of(case).lines()}
    assert shown == set(Operation)


def test_every_operation_is_said_in_one_way() -> None:
    """An operation is an equation, a text, or a bare number; each of them is one of the three."""
    ways = (set(_EQUATIONS), set(_FORMS), set(_PLAIN))
    assert set.union(*ways) == set(Operation)
    assert sum(map(len, ways)) == len(Operation)


@pytest.mark.parametrize("case", CASES)
def test_what_a_line_says_adds_up(case: str) -> None:
    """The two sides of an equation, worked out as anybody with a calculator would, are the same.

    Where one is written nearly, they differ by what its six decimals do not show.
    """
    for line in Texts("en").charge_lines(charge_of(case)):
        exact, nearly = line.rpartition(" = "), line.rpartition(" ≈ ")
        if exact[1]:
            assert worked_out(exact[0].rpartition(": ")[2]) == worked_out(exact[2]), line
        elif nearly[1]:
            off = worked_out(nearly[0].rpartition(": ")[2]) - worked_out(nearly[2])
            assert abs(off) < 3 * Fraction(1, 10**6), line


def test_what_is_written_nearly_is_exact_in_the_derivation() -> None:
    """The line has six decimals; the charge stands on the fraction, to the last digit."""
    charge = charge_of("interest with a change of rate")
    assert Texts("en").charge_lines(charge)[0].startswith("≈ CNY 1,364.383562 ")
    assert charge.exact == replay(charge.derivation.parts[0]) == Fraction(9_960_000, 73)


def worked_out(side: str) -> Fraction:
    """An equation's side, by the rules of arithmetic: signs and numbers only, no words, no clauses."""
    plain = re.sub(r"\[.*?\]|CNY |,", "", side).replace(" %", " / 100").replace(" per ", " / ")
    plain = re.sub(r"[a-z-]+", "", plain.translate(str.maketrans("×÷", "*/")))
    plain = plain.replace("^", "**").replace("−", "-")
    return Fraction(eval(re.sub(r"[\d.]+", r"Fraction('\g<0>')", plain), {"Fraction": Fraction}))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_a_line_says_no_code(language: str, case: str) -> None:
    """Nothing falls back to the code of its text, and no placeholder is left over."""
    for line in Texts(language).charge_lines(charge_of(case)):
        assert not re.search(r"[{}]|(operation|range|rate|ratio|count|fact)\.", line)


# --- the tree ------------------------------------------------------------------------------------------


DRAWN = {
    "en": [
        "unpaid amount, balance by balance: CNY 30,000.00 + CNY 18,000.00 = CNY 48,000.00 [X-1]",
        "├─ CNY 1,000,000.00 × 0.3 % × 10 days = CNY 30,000.00 [X-1]",
        "│  ├─ unpaid amount: CNY 1,000,000.00 [X-1]",
        "│  └─ 10 days: after 1 March 2026, up to and including 11 March 2026 [X-1]",
        "└─ CNY 600,000.00 × 0.3 % × 10 days = CNY 18,000.00 [X-1]",
        "   ├─ unpaid amount: CNY 600,000.00 [X-1]",
        "   └─ 10 days: after 11 March 2026, up to and including 21 March 2026 [X-1]",
    ],
    "zh_CN": [
        "未付金额，按余额变动分段计算：¥30,000.00 + ¥18,000.00 = ¥48,000.00 [X-1]",
        "├─ ¥1,000,000.00 × 0.3% × 10天 = ¥30,000.00 [X-1]",
        "│  ├─ 未付金额：¥1,000,000.00 [X-1]",
        "│  └─ 10天：2026年3月1日（不含）至2026年3月11日（含） [X-1]",
        "└─ ¥600,000.00 × 0.3% × 10天 = ¥18,000.00 [X-1]",
        "   ├─ 未付金额：¥600,000.00 [X-1]",
        "   └─ 10天：2026年3月11日（不含）至2026年3月21日（含） [X-1]",
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_can_be_drawn_as_a_tree(language: str) -> None:
    """A branch ends where the line above it has no more parts."""
    assert Texts(language).charge_tree_lines(charge_of("surcharge on what is unpaid")) == DRAWN[language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_the_tree_and_the_lines_say_the_same(language: str, case: str) -> None:
    """One derivation, three forms: indented, drawn, and as plain values that are JSON as they are."""
    texts, charge = Texts(language), charge_of(case)
    tree = texts.charge_tree(charge)
    assert json.loads(json.dumps(tree)) == tree
    assert list(flattened(tree)) == texts.charge_lines(charge)
    drawn = [line.lstrip("│├└─ ") for line in texts.charge_tree_lines(charge)]
    assert drawn == [line.lstrip(" ") for line in texts.charge_lines(charge)]
    assert tree["value"] == texts.money(charge.money)


def flattened(tree: ChargeTree, indent: str = "") -> Iterator[str]:
    clause = "" if tree["clause"] is None else f" [{tree['clause']}]"
    yield f"{indent}{tree['text']}{clause}"
    for part in tree["parts"]:
        yield from flattened(part, f"{indent}  ")


def test_a_branch_of_the_tree_has_its_value_and_its_clause() -> None:
    """A program that shows the tree finds the amount or the quantity without reading the text."""
    special: ChargeTree = {
        "text": "special rule for holiday, so CNY 0.00",
        "value": "CNY 0.00",
        "clause": None,
        "parts": [{"text": "none: CNY 0.00", "value": "CNY 0.00", "clause": "X-1", "parts": []}],
    }
    assert Texts("en").charge_tree(charge_of("special")) == special
    days = Texts("zh_CN").charge_tree(charge_of("one stretch"))["parts"][0]
    assert (days["value"], days["clause"]) == ("20天", None)


def test_a_charge_that_is_a_bare_number_has_a_line_all_the_same() -> None:
    """The first line is always there, and ends in the amount."""
    bare = Step.taken(Operation.FIXED, "CNY", X, (("quantity", Fraction(300)),))
    assert Texts("en").charge_lines(Charge(bare)) == ["CNY 3.00 [X-1]"]


# --- numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "english", "chinese"),
    [
        (Fraction(3, 1000), "0.3 %", "0.3%"),
        (Fraction(5, 10000), "0.05 %", "0.05%"),
        (Fraction(2), "200 %", "200%"),
        (Fraction(1, 3), "1/3", "1/3"),
        (Fraction(1, 6), "1/6", "1/6"),
    ],
)
def test_a_ratio_is_in_percent_where_that_is_exact(ratio: Fraction, english: str, chinese: str) -> None:
    """0.3 % of it, but a third of it."""
    charge = evaluate(up(Percent(PRICE, ratio)), FACTS)
    (english_line,) = (line for line in Texts("en").charge_lines(charge) if " × " in line)
    (chinese_line,) = (line for line in Texts("zh_CN").charge_lines(charge) if " × " in line)
    assert f"CNY 30.00 × {english} = " in english_line
    assert f"¥30.00 × {chinese} = " in chinese_line


@pytest.mark.parametrize(
    ("step", "written"),
    [
        (Fraction(1, 10**8), " = CNY 0.00000001"),
        (Fraction(15, 10**7), " = CNY 0.0000015"),
        (Fraction(15, 10**9), " ≈ CNY 0.000000"),
        (Fraction(1, 2**9), " ≈ CNY 0.001953"),
        (Fraction(1, 2**8), " = CNY 0.00390625"),
        (Fraction(60, 73), " ≈ CNY 0.821918"),
        (Fraction(1, 2) + Fraction(1, 3 * 10**9), " ≈ CNY 0.500000"),
    ],
)
def test_an_amount_nobody_could_read_is_written_nearly(step: Fraction, written: str) -> None:
    """A millionth of a minor unit is exact; what has more decimals is marked with a sign."""
    charge = evaluate(up(Percent(Flat(cny(1)), step)), FACTS)
    line = Texts("en").charge_lines(charge)[1]
    assert line.startswith("  CNY 1.00 × ")
    assert line.endswith(written)


def test_a_unit_or_a_fact_without_a_word_appears_as_its_rule_calls_it() -> None:
    """A rule of somebody's own is explained all the same."""
    rule = When("vip", Zero("CNY"), otherwise=PerUnit(Count("volumes", "box"), cny(3)))
    charge = evaluate(rule, FACTS)
    assert Texts("zh_CN").charge_lines(charge) == ["vip：否，取¥6.00", "  2 box × ¥3.00 = ¥6.00"]


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [
        ("JPY", "≈ JPY 0.333333 rounded", "≈ JP¥0.333333，"),
        ("BHD", "≈ BHD 0.333333 rounded", "≈ BHD0.333333，"),
    ],
)
def test_six_decimals_are_those_of_the_currency_s_unit(code: str, english: str, chinese: str) -> None:
    """However many minor units it has."""
    charge = evaluate(up(Percent(Flat(Money(1, code)), Fraction(1, 3))), FACTS)
    assert Texts("en").charge_lines(charge)[0].startswith(english)
    assert Texts("zh_CN").charge_lines(charge)[0].startswith(chinese)


def test_a_deposit_names_its_version_once_and_its_facts_in_words() -> None:
    """The rules of one source, all in force since one day: the first line says so for all of them."""
    rule = load("shandong/warranty-deposit-fees").fees["standard-deposit"]
    facts = Facts(
        days={"assessed_on": date(2026, 3, 1)},
        amounts={"cost": cny(10_000_000)},
        flags={"average_cost_fixed": False},
        words={"building_type": "high_rise"},
    )
    assert Texts("zh_CN").charge_lines(evaluate(up(rule), facts)) == [
        "按2026年3月1日（核定日）有效的规定（2010年9月15日起施行）：¥500,000.00 [SD-1]",
        "  建筑类型为“高层”，取¥500,000.00 [SD-1]",
        "    ¥10,000,000.00 × 5% = ¥500,000.00 [SD-1]",
        "      已核定平均造价：否，取¥10,000,000.00 [SD-29]",
        "        费用（造价）：¥10,000,000.00 [SD-29]",
    ]
