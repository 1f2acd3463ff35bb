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
    "CalendarTable",
    "ClauseId",
    "Currency",
    "DayHours",
    "ExceptionTable",
    "FactName",
    "Format",
    "Gap",
    "Name",
    "PolicyName",
    "RuleTable",
    "RulebookTable",
    "Start",
    "ValueTable",
    "WeekTable",
]

FORMATS: Final = (1,)
"""The numbers of the formats that are read; every one that was ever written stays."""

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
    exceptions: tuple[ExceptionTable, ...] = ()


@attrs.frozen(kw_only=True)
class RulebookTable:
    """The file itself."""

    format: Format
    authority: Name
    subject: Name
    policy: PolicyName
    title: str
    currency: Currency
    zone: ZoneInfo
    verified_on: date
    calendar: CalendarTable | None = None
    rules: Mapping[str, RuleTable]


TABLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset(map(key, attrs.fields_dict(table)))
        for name, table in (
            ("The file", RulebookTable),
            ("[rules.NAME]", RuleTable),
            ("[[rules.NAME.values]]", ValueTable),
            ("[calendar]", CalendarTable),
            ("[calendar.weekly]", WeekTable),
            ("[[calendar.exceptions]]", ExceptionTable),
        )
    }
)
"""The keys that each table takes, by its heading."""
