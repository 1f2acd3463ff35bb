"""What a rulebook says of the firm's people (人员管理): attendance, leave, changes of personnel, time off.

Pure functions over the rulebook's limits (``Limit``) and times of notice (``Ahead``); every figure is the
firm's.

1. "More than 15 minutes" is more than that: exactly as much as a limit names is fine.
2. A day before which something is said is a day of its own: of "1 day ahead" of a Friday, Thursday is the
   last.
3. How long a leave is answers the rulebook's question ``leave-days``, whose answers are ranges of days: ``1
   to 2``, ``3 or more``, ``5``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Final

from servflow.core.aftersales.desk_rules import Ahead, Every, Limit, Listing
from servflow.core.aftersales.policy import Named, ServiceRules
from servflow.core.aftersales.reports.periods import period
from servflow.core.aftersales.technicians.commands import NoteAttendance
from servflow.core.aftersales.technicians.model import Attendance
from servflow.core.citations import PRACTICE, Plain, Reason
from servflow.core.clocks import CalendarDays, WorkingDays
from servflow.core.dates import EndOfMonth, Term
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.worktime import Calendar

__all__ = [
    "ABSENCE",
    "LATE",
    "LEAVE",
    "LEFT_EARLY",
    "LIMIT_EXCEEDED",
    "STAFF_CHANGE",
    "STAFF_CHANGE_PAPER",
    "TOLD_TOO_LATE",
    "Absence",
    "ahead",
    "attendance",
    "exceeded",
    "fitting",
    "leave_too_long",
    "length_of_leave",
    "overstayed",
    "time_off",
    "too_late",
    "unknown",
]

LATE: Final = "late"  # 迟到
LEFT_EARLY: Final = "left-early"  # 早退
ABSENCE: Final = "absence"  # 旷工

LEAVE: Final = "leave"
STAFF_CHANGE: Final = "staff-change"
STAFF_CHANGE_PAPER: Final = "staff-change-paper"

LIMIT_EXCEEDED: Final = "aftersales.staff.limit-exceeded"
"""The code of the reason that there was more of something than the rulebook lets pass."""
TOLD_TOO_LATE: Final = "aftersales.staff.told-too-late"
"""The code of the reason that something was not said so long before as the rulebook asks."""

_LEAVE_DAYS: Final = "leave-days"
_RANGE: Final = re.compile(r"([1-9][0-9]{0,3})(?: to ([1-9][0-9]{0,3})| (or more))?")
_COUNTED: Final[Mapping[str, str]] = {
    "absences": ABSENCE,
    "lateness": LATE,
    "late": LATE,
    "left-early": LEFT_EARLY,
}
_MINUTE: Final = timedelta(minutes=1)


class Absence(Enum):
    """What may count as absence without leave (旷工): the words of a rulebook's list ``absences``."""

    OVERSTAYED = "overstayed-leave"  # 无正当理由超假不归
    UNEXPLAINED = "unexplained"  # 考勤缺失且无合理解释
    STOOD_IN = "stood-in"  # 擅自由他人顶替其工作
    WENT_OUT = "went-out"  # 上班期间违规外出


# --- attendance -----------------------------------------------------------------------------------


def attendance(
    rules: ServiceRules, noted: NoteAttendance, *, on_leave: bool = False, overstayed: bool = False
) -> tuple[Attendance, ...]:
    """What counts of a day: late, left early, absent; nothing of a day of leave (AS-STAFF-1, AS-STAFF-2).

    More than the minutes of the limit ``late`` after the beginning is late, more than those of ``left-early``
    before the end is leaving early, unless it was permitted; the minutes are the whole ones. Absence counts
    in the ways that the rulebook lists; that he came, without when he went, is attendance that is missing.
    ``overstayed``: a leave is over and he is not back.
    """
    if on_leave:
        return ()
    came, went = noted.came, noted.went
    found = [*_counted(rules, noted.on, _absence(noted, overstayed=overstayed))]
    if came is not None and not noted.permitted:
        found += _beyond(rules, LATE, noted, noted.should_come, came)
    if went is not None and not noted.permitted:
        found += _beyond(rules, LEFT_EARLY, noted, went, noted.should_go)
    return tuple(found)


def _absence(noted: NoteAttendance, *, overstayed: bool) -> Absence | None:
    if noted.came is not None:
        if noted.went_out and not noted.permitted:
            return Absence.WENT_OUT
        missing = noted.went is None and not (noted.why or noted.permitted)
        return Absence.UNEXPLAINED if missing else None
    if noted.stood_in:
        return None if noted.permitted else Absence.STOOD_IN
    if noted.why:
        return None
    return Absence.OVERSTAYED if overstayed else Absence.UNEXPLAINED


def overstayed(rules: ServiceRules, on: date) -> tuple[Attendance, ...]:
    """The absence of somebody who came back from a leave after ``on``, on which he should have."""
    return _counted(rules, on, Absence.OVERSTAYED)


def _counted(rules: ServiceRules, on: date, absence: Absence | None) -> tuple[Attendance, ...]:
    listed = (named.rule.entries for named in rules.of(Listing) if named.rule.of == "absences")
    if absence is None or not any(absence.value in entries for entries in listed):
        return ()
    return (Attendance(on=on, what=ABSENCE, note=absence.value),)


def _beyond(
    rules: ServiceRules, what: str, noted: NoteAttendance, start: datetime, end: datetime
) -> Iterator[Attendance]:
    between = end.astimezone(UTC) - start.astimezone(UTC)
    limits = (named.rule.most for named in _limits(rules, what, {}) if named.rule.unit == "minutes")
    if any(between > _MINUTE * most for most in limits):
        yield Attendance(on=noted.on, what=what, minutes=between // _MINUTE, note=noted.why)


def exceeded(rules: ServiceRules, noted: Iterable[Attendance], on: date) -> tuple[Reason, ...]:
    """Of what there was more than is let pass, in the period of each limit in which ``on`` lies (AS-STAFF-5).

    ``absences`` and ``late`` are counted in times or days, ``lateness`` adds up minutes. A limit of each time
    has no period, and is none of these.
    """
    entries, found = tuple(noted), []
    for named in rules.of(Limit):
        rule = named.rule
        what, term = _COUNTED.get(rule.of), _period(rule.per, on)
        if what is None or term is None or rule.when.open(rules.answered({})) != ():
            continue
        counted = [each for each in entries if each.what == what and each.on in term]
        number = {
            "times": len(counted),
            "days": len({each.on for each in counted}),
            "minutes": sum(each.minutes for each in counted),
        }[rule.unit]
        if number > rule.most:
            found.append(_more(named, number, term.start))
    return tuple(found)


def _period(per: Every | None, on: date) -> Term | None:
    return None if per is None or per is Every.TRIP else period(per, on)


def _more(named: Named[Limit], number: int, since: date) -> Reason:
    rule = named.rule
    facts = (
        ("of", rule.of),
        ("since", since),
        ("found", number),
        ("most", rule.most),
        ("unit", rule.unit),
        ("then", rule.then),
    )
    return Reason(LIMIT_EXCEEDED, named.clause, facts)


def _limits(rules: ServiceRules, of: str, answers: Mapping[str, str]) -> tuple[Named[Limit], ...]:
    known = rules.answered(answers)
    return tuple(
        named for named in rules.of(Limit) if named.rule.of == of and named.rule.when.open(known) == ()
    )


# --- leave, and what is announced ---------------------------------------------------------------------


def fitting(rules: ServiceRules, answers: Mapping[str, str]) -> dict[str, str]:
    """Those of ``answers`` that the rules ask for, and know."""
    asked = {name: question.answers for name, question in rules.questions.items()}
    return {name: answer for name, answer in answers.items() if answer in asked.get(name, ())}


def unknown(rules: ServiceRules, answers: Mapping[str, str]) -> Iterator[Reason]:
    """A reason for every answer to no question of the rules, or that its question does not know."""
    for name, answer in answers.items():
        facts: tuple[tuple[str, Plain], ...] = (("question", name), ("answer", answer))
        question = rules.questions.get(name)
        if question is None:
            facts = (*facts, ("known", ", ".join(sorted(rules.questions))))
            yield Reason("aftersales.unknown-question", PRACTICE, facts)
        elif answer not in question.answers:
            facts = (*facts, ("known", ", ".join(question.answers)))
            yield Reason("aftersales.unknown-answer", PRACTICE, facts)


def length_of_leave(rules: ServiceRules, first: date, last: date) -> dict[str, str]:
    """The answer to ``leave-days`` for a leave from ``first`` to ``last``, both included, if it is asked.

    Of ranges that overlap, the first.
    """
    question, days = rules.questions.get(_LEAVE_DAYS), (last - first).days + 1
    answers = () if question is None else question.answers
    fits = next((answer for answer in answers if _within(answer, days)), None)
    return {} if fits is None else {_LEAVE_DAYS: fits}


def _within(answer: str, days: int) -> bool:
    found = _RANGE.fullmatch(answer)
    if found is None:
        return False
    least = int(found[1])
    return least <= days <= (days if found[3] else int(found[2] or least))


def leave_too_long(
    rules: ServiceRules, first: date, last: date, answers: Mapping[str, str]
) -> tuple[Reason, ...]:
    """That a leave has more days than a limit of each leave lets pass without more (AS-STAFF-8)."""
    days = (last - first).days + 1
    return tuple(
        _more(named, days, first)
        for named in _limits(rules, LEAVE, answers)
        if named.rule.unit == "days" and named.rule.per is None and days > named.rule.most
    )


def ahead(
    rules: ServiceRules, of: str, day: date, answers: Mapping[str, str], calendar: Calendar
) -> date | None:
    """The last day, included, on which it may still be said that ``of`` is on ``day``; ``None``: any will do.

    Where several times of notice hold, the earliest day. A month back is a calendar month; a day that it
    lacks is its last one. Working days are open days of ``calendar``, the day itself not counted.

    Raises:
        MissingValue: an answer that decides it is missing, or the source leaves the number blank.
        InvalidValue: an answer that there is not, or a time of notice that is not in days or months.
    """
    return min((last for last, _ in _notice(rules, of, day, answers, calendar)), default=None)


def too_late(
    rules: ServiceRules, of: str, day: date, said_on: date, answers: Mapping[str, str], calendar: Calendar
) -> Iterator[Reason]:
    """A reason for every time of notice that is not kept if ``of`` is on ``day`` and said on ``said_on``.

    Raises:
        MissingValue, InvalidValue: as ``ahead``.
    """
    for last, named in _notice(rules, of, day, answers, calendar):
        if said_on > last:
            facts = (("of", of), ("day", day), ("last", last), ("said", said_on))
            yield Reason(TOLD_TOO_LATE, named.clause, facts)


def _notice(
    rules: ServiceRules, of: str, day: date, answers: Mapping[str, str], calendar: Calendar
) -> Iterator[tuple[date, Named[Ahead]]]:
    known = rules.answered(answers)
    for named in rules.of(Ahead):
        if named.rule.of == of and named.rule.when.holds(named.name, known):
            yield _before(named, day, calendar), named


def _before(named: Named[Ahead], day: date, calendar: Calendar) -> date:
    by = named.rule.by
    if isinstance(by, WorkingDays):
        return calendar.subtract_open_days(day, by.days)
    if isinstance(by, CalendarDays):
        return by.period.before(day, EndOfMonth.CLAMP)
    if by.asks is not None:
        raise MissingValue(by.asks, f"for how long before {named.name} has to be said")
    raise InvalidValue(named.name, str(by), "days, months or working days")


# --- time off ---------------------------------------------------------------------------------------


def time_off(calendar: Calendar, day: date) -> Term | None:
    """The week in which a repair on a day of rest earns time off (倒休, AS-STAFF-10).

    From the Monday to the Sunday after it. ``None`` for a working day of ``calendar``, which earns none; such
    is a Sunday that is worked instead of a holiday. Where work does not allow it in that week, the day is set
    against a later leave instead.
    """
    if calendar.is_open_on(day):
        return None
    monday = day + timedelta(days=7 - day.weekday())
    return Term(monday, monday + timedelta(days=7))
