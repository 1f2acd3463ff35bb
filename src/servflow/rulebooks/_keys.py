"""The vocabulary of a rulebook: its tables and their keys, and the words that stand for a value.

What is not here is refused. ``docs/rulebook-format.md`` lists exactly these keys; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NewType
from zoneinfo import ZoneInfo

import attrs

from servflow.codec.toml import key
from servflow.core.worktime import Hours

__all__ = [
    "ALWAYS",
    "FORMATS",
    "GIVEN",
    "TABLES",
    "UNLIMITED",
    "WEEKDAYS",
    "CalendarTable",
    "ClauseId",
    "ClosureTable",
    "Currency",
    "DayHours",
    "ExceptionTable",
    "FactName",
    "Format",
    "Gap",
    "HolidayTable",
    "Name",
    "NoticeTable",
    "OpeningTable",
    "PolicyName",
    "PublicHolidayTable",
    "RuleTable",
    "RulebookTable",
    "Start",
    "ValueTable",
    "WeekTable",
    "Weekday",
]

FORMATS: Final = (1,)
"""The numbers of the formats that are read; every one that was ever written stays."""

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

ALWAYS: Final = "unknown"  # from: the source gives no date, and the value is taken to hold on every day
GIVEN: Final = "given"  # is: the source names no amount; it is asked for where it is needed
UNLIMITED: Final = "unlimited"  # is: no limit at all

Format = NewType("Format", int)
Name = NewType("Name", str)
PolicyName = NewType("PolicyName", str)
Currency = NewType("Currency", str)
ClauseId = NewType("ClauseId", str)
FactName = NewType("FactName", str)
Start = NewType("Start", date)
Gap = NewType("Gap", bool)
Weekday = NewType("Weekday", str)
DayHours = NewType("DayHours", tuple)  # type: ignore[type-arg]  # structured to Hours


@attrs.frozen(kw_only=True)
class ValueTable:
    """One value of a rule: ``[[rules.NAME.values]]``."""

    from_: Start
    is_: Any = None  # of the type that the policy gives the rule; TOML itself has no None
    gap: Gap = Gap(False)
    clause: ClauseId
    at: str = ""
    note: str = ""


@attrs.frozen(kw_only=True)
class RuleTable:
    """One rule: ``[rules.NAME]``."""

    label: str
    in_force_on: FactName = FactName("")
    in_force_over: tuple[FactName, ...] = ()
    frame: tuple[str, ...] = ()
    final: bool = False
    values: tuple[ValueTable, ...]


@attrs.frozen(kw_only=True)
class WeekTable:
    """The hours of a week: ``[calendar.weekly]``; a weekday that is left out is closed."""

    monday: DayHours = DayHours(())
    tuesday: DayHours = DayHours(())
    wednesday: DayHours = DayHours(())
    thursday: DayHours = DayHours(())
    friday: DayHours = DayHours(())
    saturday: DayHours = DayHours(())
    sunday: DayHours = DayHours(())

    def hours(self) -> Mapping[int, Hours]:
        """The hours by weekday, 0 is Monday."""
        return dict(enumerate(attrs.astuple(self, recurse=False)))

    def hours_of(self, weekday: Weekday) -> Hours:
        """The hours of the weekday of that name."""
        hours: Hours = getattr(self, weekday)
        return hours


@attrs.frozen(kw_only=True)
class ClosureTable:
    """Days on which the desk is closed, a span or by a rule: ``[[calendar.closures]]``."""

    from_: date
    through: date | None = None
    rrule: str = ""
    days: int = 1
    clause: ClauseId = ClauseId("")
    at: str = ""
    note: str = ""


@attrs.frozen(kw_only=True)
class OpeningTable:
    """A day that is open although the week or a closure says closed: ``[[calendar.openings]]``."""

    on: date
    hours: DayHours = DayHours(())
    as_: Weekday = Weekday("")
    clause: ClauseId = ClauseId("")
    at: str = ""
    note: str = ""


@attrs.frozen(kw_only=True)
class ExceptionTable:
    """A day whose hours differ: ``[[calendar.exceptions]]``."""

    on: date
    hours: DayHours
    note: str = ""


@attrs.frozen(kw_only=True)
class CalendarTable:
    """Opening hours: ``[calendar]``."""

    name: str
    clause: ClauseId
    at: str = ""
    note: str = ""
    weekly: WeekTable = WeekTable()
    holidays: tuple[str, ...] = ()
    make_up_as: Weekday = Weekday("")
    closures: tuple[ClosureTable, ...] = ()
    openings: tuple[OpeningTable, ...] = ()
    exceptions: tuple[ExceptionTable, ...] = ()


@attrs.frozen(kw_only=True)
class RulebookTable:
    """The file itself."""

    format: Format
    authority: Name
    subject: Name
    policy: PolicyName
    over: str = ""
    title: str
    currency: Currency
    zone: ZoneInfo
    verified_on: date
    calendar: CalendarTable | None = None
    rules: Mapping[str, RuleTable]


@attrs.frozen(kw_only=True)
class PublicHolidayTable:
    """The days off of one public holiday: ``[[notices.closures]]`` of a list."""

    name: str
    from_: date
    through: date


@attrs.frozen(kw_only=True)
class NoticeTable:
    """What one notice or law arranges: ``[[notices]]`` of a list."""

    title: str
    number: str = ""
    issued: date | None = None
    closures: tuple[PublicHolidayTable, ...] = ()
    openings: tuple[date, ...] = ()


@attrs.frozen(kw_only=True)
class HolidayTable:
    """A list of public holidays, a file of its own."""

    format: Format
    title: str
    verified_on: date
    from_: date
    through: date
    notices: tuple[NoticeTable, ...]


TABLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset(map(key, attrs.fields_dict(table)))
        for name, table in (
            ("The file", RulebookTable),
            ("[rules.NAME]", RuleTable),
            ("[[rules.NAME.values]]", ValueTable),
            ("[calendar]", CalendarTable),
            ("[calendar.weekly]", WeekTable),
            ("[[calendar.closures]]", ClosureTable),
            ("[[calendar.openings]]", OpeningTable),
            ("[[calendar.exceptions]]", ExceptionTable),
            ("A list of public holidays", HolidayTable),
            ("[[notices]]", NoticeTable),
            ("[[notices.closures]]", PublicHolidayTable),
        )
    }
)
"""The keys that each table takes, by its heading."""
