"""What a firm's rulebook says about its desk (服务台规则): papers, people, complaints, indicators, reports.

Each is a kind of rule beside those of ``policy``, which takes them in: a value with a name of the firm's own,
a day on which it begins and a clause. What they speak of is a word of the field; what they say is the firm's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from servflow.core.aftersales.circumstances import ALWAYS, When
from servflow.core.checks import each_once
from servflow.core.clocks import Allowance
from servflow.core.dates import Period
from servflow.core.errors import InvalidValue

__all__ = [
    "Ahead",
    "Barred",
    "Chain",
    "Deemed",
    "DeskRule",
    "Every",
    "Grade",
    "Indicator",
    "Limit",
    "Listing",
    "Measure",
    "Numbering",
    "Recurring",
    "Reopening",
    "Reporting",
    "Series",
    "Survey",
]


class Series(Enum):
    """What is numbered (编号单据): each series has numbers of its own, from 1, without a gap (AS-FORM-3)."""

    CALL_REGISTER = "call-register"  # 叫修登记簿
    VOUCHER = "voucher"  # 服务凭证
    RECEIPT = "receipt"  # 客户商品领取收据
    IN_OUT = "in-out-register"  # 客户商品进出登记簿
    TAG = "repair-tag"  # 修护卡
    QUOTE = "quote"  # 报价单
    REPAIR_ORDER = "repair-order"  # 维修单, in books of a technician
    INVOICE = "invoice"  # 发票
    RETURN_FORM = "return-form"  # 退货单
    TRANSFER_SLIP = "transfer-slip"  # 调拨单
    COMPLAINT = "complaint"  # 投诉台账
    DAILY_REPORT = "daily-report"  # 技术员日报表
    SUPERVISOR_REPORT = "supervisor-report"  # 主任日报表


class Measure(Enum):
    """What an indicator measures (考核指标)."""

    ON_TIME = "on-time"  # 服务及时率: targets that were met, of all that were due
    SATISFACTION = "satisfaction"  # 客户满意率: surveys that were satisfied, of all that were answered
    COMPLAINTS = (
        "complaints"  # 投诉率: services with a complaint whose fault is the service's, of all services
    )
    CALLED_BACK = "called-back"  # 回访率: call-backs that were done in time, of all that were due
    REPEATS = "repeats"  # 返修率: services that had to be done again, of all


class Every(Enum):
    """How often something is reported or looked at (周期)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TRIP = "trip"  # once each time somebody was out


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of the firm's own (目录): what ``of`` may be, under ``group``.

    ``channels``, ``complaints``, ``forms``. ``open``: these are named as examples (等), and others may come,
    too.

    Raises:
        InvalidValue: it is of nothing, has no entry, or one comes twice or is empty.
    """

    of: str
    entries: tuple[str, ...]
    group: str = ""
    open: bool = False

    def __post_init__(self) -> None:
        each_once("of", (self.of,))
        each_once("entries", self.entries, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """To whom something is passed on (流转, 逐级上报): ``through`` are those who get it, in their order.

    Whoever has it at first and sends it off is none of them: a chain begins with the first who receives it.
    ``of`` is what is passed on: ``escalation``, ``review``, ``emergency``, ``return``, ``leave``.

    Raises:
        InvalidValue: it is of nothing, or there is nobody or somebody comes twice.
    """

    of: str
    through: tuple[str, ...]
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("of", (self.of,))
        each_once("through", self.through, least=1)

    def after(self, who: str | None) -> str | None:
        """Who receives it after ``who`` (``None``: at the beginning); ``None`` at its end.

        Somebody who is not in it sends it off: he stands before its beginning.
        """
        if who not in self.through:
            return self.through[0]
        place = self.through.index(who) + 1
        return self.through[place] if place < len(self.through) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """That a series of papers is kept (单据管理), in how many copies and who gets each (联).

    ``bound``: they come in books (成册), and whoever holds one uses them in its order. ``book`` is how many
    of them a book holds; ``None``: the source does not say, and it may be any number. ``voided_to`` is where
    a spoiled one goes, marked void on all copies.

    Raises:
        InvalidValue: a copy comes twice or is nobody's, or a book holds nothing, or they are not bound.
    """

    series: Series
    copies: tuple[str, ...] = ()
    bound: bool = False
    book: int | None = None
    voided_to: str = ""
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("copies", self.copies)
        if self.book is not None and (type(self.book) is not int or self.book < 1):
            raise InvalidValue("book", self.book, "a whole number of papers, 1 or more")
        if self.book is not None and not self.bound:
            raise InvalidValue("book", self.book, "no size of a book where they are not bound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """What these posts may not do (不得): the step ``step``; where several rules hold, none of theirs may.

    ``involved``: also nobody who had to do with the case himself.

    Raises:
        InvalidValue: it bars no step or nobody, or a post comes twice.
    """

    step: str
    posts: tuple[str, ...] = ()
    involved: bool = False
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("step", (self.step,))
        each_once("posts", self.posts, least=0 if self.involved else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How grave a complaint is (投诉分级): ``name``, and ``rank`` in which order they are seen to, 1 first.

    Raises:
        InvalidValue: it has no name, or its rank is no whole number, 1 or more.
    """

    name: str
    rank: int
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("name", (self.name,))
        if type(self.rank) is not int or self.rank < 1:
            raise InvalidValue("rank", self.rank, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The survey of satisfaction (满意度调查): its questions, its scale, and what its answers mean.

    Each question has a score from ``lowest`` to ``highest``, both included. An answer is satisfied where all
    its scores are ``satisfied_from`` or more, dissatisfied where one is ``dissatisfied_to`` or less. After
    ``attempts`` calls that nobody took it counts as asked; ``None``: it has to be answered.

    Raises: InvalidValue: a question comes twice or there is none, the scale has not two ends, what its
        answers mean lies outside of it or overlaps, or attempts are not 1 or more.
    """

    questions: tuple[str, ...]
    lowest: int
    highest: int
    satisfied_from: int
    dissatisfied_to: int
    attempts: int | None = None
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("questions", self.questions, least=1)
        if self.lowest >= self.highest:
            raise InvalidValue("highest", self.highest, f"more than the lowest, {self.lowest}")
        for name, score in (
            ("satisfied_from", self.satisfied_from),
            ("dissatisfied_to", self.dissatisfied_to),
        ):
            if not self.lowest <= score <= self.highest:
                raise InvalidValue(name, score, f"a score from {self.lowest} to {self.highest}")
        if self.dissatisfied_to >= self.satisfied_from:
            expected = f"less than what satisfies, {self.satisfied_from}"
            raise InvalidValue("dissatisfied_to", self.dissatisfied_to, expected)
        if self.attempts is not None and self.attempts < 1:
            raise InvalidValue("attempts", self.attempts, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """What is to be reached (考核标准): at least this share, or less than that, one of the two.

    Raises:
        InvalidValue: neither or both are said, or a share does not lie from 0 to 1, both included.
    """

    measure: Measure
    at_least: Fraction | None = None
    below: Fraction | None = None
    every: Every = Every.MONTH

    def __post_init__(self) -> None:
        said = [share for share in (self.at_least, self.below) if share is not None]
        if len(said) != 1:
            expected = "the share that is reached, or the one that it stays below: one of the two"
            raise InvalidValue("at_least", "both" if said else "nothing", expected)
        if not 0 <= said[0] <= 1:
            raise InvalidValue("at_least" if self.at_least is not None else "below", said[0], "0 % to 100 %")

    def reached(self, numerator: int, denominator: int) -> bool | None:
        """Whether so many of so many reach it, in whole numbers; ``None`` where there is nothing to judge."""
        if not denominator:
            return None
        share = self.at_least if self.at_least is not None else self.below
        assert share is not None
        left, right = numerator * share.denominator, share.numerator * denominator
        return left >= right if self.at_least is not None else left < right


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """When a problem that comes back is raised as a warning (重复问题预警): ``times`` within one ``every``.

    ``given`` names the number where the source leaves it to the firm.

    Raises:
        InvalidValue: neither or both are said, the number is below 2, or it is looked at by day or by trip.
    """

    every: Every
    times: int | None = None
    given: str = ""

    def __post_init__(self) -> None:
        if (self.times is None) == (not self.given):
            found = "nothing" if self.times is None else "both"
            raise InvalidValue("times", found, "times or given, one of the two")
        if self.times is not None and self.times < 2:  # noqa: PLR2004 -- once is no recurrence
            raise InvalidValue("times", self.times, "a whole number, 2 or more")
        if self.every in {Every.DAY, Every.TRIP}:
            raise InvalidValue("every", self.every.value, "week, month, quarter or year")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """A report (报表): from whom to whom, how often, and what it holds.

    Raises:
        InvalidValue: it has no name, goes to nobody, or what it holds comes twice or is empty.
    """

    name: str
    every: Every
    to: str
    by: str = ""
    holds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        each_once("name", (self.name,))
        each_once("to", (self.to,))
        each_once("holds", self.holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much of something is let pass (限度): ``most``, that much included, of ``unit``, within ``per``.

    ``of`` is what is counted: ``late``, ``left-early``, ``lateness``, ``absences``, ``leave``; ``per``
    ``None``: each time. ``then`` is what becomes of more.

    Raises:
        InvalidValue: it is of nothing, ``most`` is no whole number, 0 or more, or the unit is none.
    """

    of: str
    most: int
    unit: str
    then: str
    per: Every | None = None
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("of", (self.of,))
        each_once("then", (self.then,))
        if type(self.most) is not int or self.most < 0:
            raise InvalidValue("most", self.most, "a whole number, 0 or more")
        if self.unit not in {"times", "minutes", "days"}:
            raise InvalidValue("unit", self.unit, "times, minutes or days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """How long before something it has to be said (提前): by calendar days, months or working days.

    ``of`` is what is announced: ``leave``, ``staff-change``, ``staff-change-paper``.

    Raises:
        InvalidValue: it is of nothing.
    """

    of: str
    by: Allowance
    when: When = ALWAYS

    def __post_init__(self) -> None:
        each_once("of", (self.of,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """How long after it was closed a case may be reopened for the same fault (重新受理).

    The last day included.
    """

    within: Period
    when: When = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Deemed:
    """How long after the service is done a silent customer is taken to have accepted it (视为验收)."""

    within: Allowance
    when: When = ALWAYS


DeskRule = (
    Listing
    | Chain
    | Numbering
    | Barred
    | Grade
    | Survey
    | Indicator
    | Recurring
    | Reporting
    | Limit
    | Ahead
    | Reopening
    | Deemed
)
