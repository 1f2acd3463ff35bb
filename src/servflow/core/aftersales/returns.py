"""Returning and exchanging goods (退换货): until when, by the firm's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from servflow.core.aftersales.policy import ReturnRight, ServiceRules
from servflow.core.aftersales.words import Event, Lasting
from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth, Period
from servflow.core.errors import InvalidValue, MissingValue

__all__ = ["Returnable", "returnable"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returnable:
    """From when until when goods may be returned: ``start`` is in it, ``until`` the first day that is not.

    ``until`` is ``None`` where there is no end, and ``start`` where there is no right at all.
    """

    start: date | None
    until: date | None
    rule: str
    clause: Clause

    def on(self, day: date) -> bool:
        """Whether goods may be returned on ``day``."""
        return self.start is not None and self.start <= day and (self.until is None or day < self.until)

    @property
    def last_day(self) -> date | None:
        """The last day on which goods may be returned, if there is one."""
        return None if self.until is None else self.until - _DAY


def returnable(
    rules: ServiceRules,
    answers: Mapping[str, str],
    dates: Mapping[Event, date],
    given: Mapping[str, Lasting],
) -> Returnable:
    """Until when goods may be returned or exchanged (AS-RET-1, AS-RET-6).

    The day of the event does not count: of goods sold on the 4th, seven days end with the 11th, included. A
    day that the last month lacks is that month's last one. Where the rule says that there is no right, for a
    damaged product, it is that without a day. ``given`` are lengths left blank, by name.

    Raises:
        MissingValue: no rule holds, or an answer, the day of the event or a blank is missing.
        InvalidValue: an answer that there is not, what is given is a blank again, the event has an instant
            for its day, or the end lies beyond the calendar.
        ConflictingRules: two rules hold and say different things.
    """
    named = rules.the_one(ReturnRight, answers)
    right, lasting = named.rule, named.rule.lasting
    if lasting.given:
        if lasting.given not in given:
            raise MissingValue(lasting.given, f"which {named.name} leaves blank")
        lasting = given[lasting.given]
        if lasting.given:
            raise InvalidValue(named.rule.lasting.given, str(lasting), "a length, 'lifetime' or 'none'")
    if lasting.none:
        return Returnable(start=None, until=None, rule=named.name, clause=named.clause)
    if right.since not in dates:
        raise MissingValue(right.since.value, f"from which {named.name} counts")
    start, until = dates[right.since], None
    if type(start) is not date:
        raise InvalidValue(right.since.value, start, "a date")
    if lasting.period is not None:
        beyond = Period(months=lasting.period.months, days=lasting.period.days + 1)
        until = beyond.after(start, EndOfMonth.CLAMP)
    return Returnable(start=start, until=until, rule=named.name, clause=named.clause)
