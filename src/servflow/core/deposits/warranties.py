"""How long each part of a building is under warranty (保修期限), from the day of handover on.

1. A length is a period, a number of seasons, the design life, or what a contract names; all that a rulebook
   says are least lengths, which a contract may lengthen and never shorten (SD-33).
2. A term is half-open: ``until`` is the first day that is not under warranty any more.
3. Whether the day of handover counts, and whether a season that is under way then does, the source leaves
   open: each is a visible value of the rulebook.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from servflow.core.checks import check_said
from servflow.core.dates import EndOfMonth, MonthDay, Period, Term
from servflow.core.errors import InvalidValue, MissingValue

__all__ = ["PartWarranty", "Season", "WarrantyLength", "parse_length", "warranty_term"]

_PARTS: Final = re.compile(r"([1-9][0-9]{0,3}) (year|month|day)s?")
_SEASONS: Final = re.compile(r"([1-9][0-9]?) ([a-z][a-z-]*) seasons?")
_DESIGN_LIFE: Final = "design life"
_CONTRACT: Final = "contract"
_EXPECTED: Final = "a length such as '5 years', '2 heating seasons', 'design life' or 'contract'"
_LONGEST: Final = 200 * 12  # months; longer than any design life


@dataclass(frozen=True, slots=True, kw_only=True)
class WarrantyLength:
    """How long a part is under warranty: exactly one of the four.

    ``seasons`` counts the seasons of the name ``season``; ``design_life`` is the life that the design
    documents say (合理使用年限), in years, asked for at handover; ``contract``: what the sale contract and
    the quality certificate say.

    Raises:
        InvalidValue: none, or more than one, is said; a number of seasons below 0, seasons without a name or
            a name without seasons; or a period of more than 200 years.
    """

    period: Period | None = None
    seasons: int = 0
    season: str = ""
    design_life: bool = False
    contract: bool = False

    def __post_init__(self) -> None:
        said = (self.period is not None, bool(self.seasons), self.design_life, self.contract)
        if sum(said) != 1 or bool(self.seasons) != bool(self.season) or self.seasons < 0:
            raise InvalidValue("length", str(said), _EXPECTED)
        if self.period is not None and self.period.months > _LONGEST:
            raise InvalidValue("length", str(self.period), "at most 200 years")

    def __str__(self) -> str:
        if self.period is not None:
            months, days = self.period.months, self.period.days
            parts = [(months // 12, "year"), (months % 12, "month"), (days, "day")]
            return " ".join(f"{number} {unit}{'s' * (number > 1)}" for number, unit in parts if number)
        if self.seasons:
            return f"{self.seasons} {self.season} season{'s' * (self.seasons > 1)}"
        return _DESIGN_LIFE if self.design_life else _CONTRACT


def parse_length(text: str) -> WarrantyLength:
    """The length that is written so: ``5 years``, ``2 heating seasons``, ``design life``, ``contract``.

    Raises:
        InvalidValue: it is none.
    """
    if text == _DESIGN_LIFE:
        return WarrantyLength(design_life=True)
    if text == _CONTRACT:
        return WarrantyLength(contract=True)
    if found := _SEASONS.fullmatch(text):
        return WarrantyLength(seasons=int(found[1]), season=found[2])
    numbers = {"year": 0, "month": 0, "day": 0}
    words = [_PARTS.fullmatch(part) for part in re.findall(r"\S+ \S+", text)]
    if not words or None in words or " ".join(each[0] for each in words if each) != text:
        raise InvalidValue("length", text, _EXPECTED)
    for each in words:
        assert each is not None
        if numbers[each[2]]:
            raise InvalidValue("length", text, _EXPECTED)
        numbers[each[2]] = int(each[1])
    try:
        return WarrantyLength(
            period=Period(months=numbers["year"] * 12 + numbers["month"], days=numbers["day"])
        )
    except InvalidValue:
        raise InvalidValue("length", text, _EXPECTED) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWarranty:
    """The least warranty of one part (保修范围和最低保修期限).

    Raises:
        InvalidValue: the part has no name.
    """

    part: str
    least: WarrantyLength

    def __post_init__(self) -> None:
        check_said("part", self.part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A heating or cooling period (采暖期, 供冷期): from ``begins`` through ``ends``, both days included.

    Where ``ends`` lies before ``begins``, it goes over the turn of the year.

    Raises:
        InvalidValue: it has no name.
    """

    name: str
    begins: MonthDay
    ends: MonthDay

    def __post_init__(self) -> None:
        check_said("name", self.name)

    def _in(self, year: int) -> tuple[date, date]:
        """First and last day of the season that begins in ``year``."""
        over = (self.ends.month, self.ends.day) < (self.begins.month, self.begins.day)
        return self.begins.in_year(year), self.ends.in_year(year + over)

    def after(self, day: date, number: int, *, under_way_counts: bool) -> date:
        """The last day of the ``number``-th season from ``day`` on.

        One that begins on ``day`` is the first. One that began before and is under way on ``day`` is the
        first where ``under_way_counts``, else it is none of them.

        Raises:
            InvalidValue: it lies beyond the calendar (year 9999).
        """
        begins, ends = self._in(day.year - 1)
        year = day.year - 1
        while not (begins >= day or (under_way_counts and begins < day <= ends)):
            year += 1
            begins, ends = self._in(year)
        return self._in(year + number - 1)[1]


def warranty_term(
    length: WarrantyLength,
    handed_over: date,
    *,
    seasons: tuple[Season, ...],
    under_way_counts: bool,
    first_day_counts: bool,
    design_life: Period | None,
    agreed: WarrantyLength | None = None,
) -> Term:
    """The days of a part's warranty, of the longer of what the rulebook and what the contract says.

    A period ends on the day with the same number, in a month without it on its last day (Civil Code art. 201
    and 202). Where ``first_day_counts``, it ends on the day before that number, a month without it still on
    its last day. Seasons end with the last day of the last of them.

    Raises:
        MissingValue: the design life, a season or what the contract says was not given.
        InvalidValue: it ends beyond the calendar.
    """
    said = [each for each in (length, agreed) if each is not None and not each.contract]
    if not said:
        raise MissingValue("length", "of a part that the contract has to name")
    last: list[date] = []
    for each in said:
        if each.seasons:
            season = next((known for known in seasons if known.name == each.season), None)
            if season is None:
                raise MissingValue("season", each.season)
            last.append(season.after(handed_over, each.seasons, under_way_counts=under_way_counts))
            continue
        period = design_life if each.design_life else each.period
        if period is None:
            raise MissingValue("design_life", "of the design documents")
        if first_day_counts:
            last.append(period.after(handed_over, EndOfMonth.NEXT) - timedelta(days=1))
        else:
            last.append(period.after(handed_over, EndOfMonth.CLAMP))
    return Term(handed_over, Period(days=1).after(max(last), EndOfMonth.CLAMP))
