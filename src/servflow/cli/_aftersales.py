"""After-sales service by the rulebooks of service firms: promises, a comparison of firms, duties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final, TypeVar

import attrs
import click

from servflow.cli._host import Host, day, host_options, pass_host
from servflow.cli._service_case import (
    answers,
    asking,
    assigned,
    check_events,
    clause_plain,
    event_of,
    fault_report,
    happened_at,
    service_book,
    service_books,
    shipped_firms,
    with_given,
)
from servflow.cli._service_clock import (
    length,
    length_text,
    plain_instant,
)
from servflow.cli._service_reports import REPORT_COMMANDS
from servflow.cli._show import as_json, say, table
from servflow.cli._tickets import TICKET_COMMANDS
from servflow.core.aftersales.circumstances import STANDARD
from servflow.core.aftersales.duties import DutyDue, Subject, due, waiting
from servflow.core.aftersales.policy import Duty, Promise, ServiceRules
from servflow.core.aftersales.promises import FaultReport, Possible, Promised, possible, promised
from servflow.core.aftersales.words import Event
from servflow.core.clocks import Agreed, Allowance, Rung, Until
from servflow.core.dates import day_of
from servflow.core.errors import InvalidValue
from servflow.core.worktime import Calendar
from servflow.rulebooks import Rulebook, service_policy

__all__ = ["aftersales"]

F = TypeVar("F", bound=Callable[..., Any])


def _reported(command: F) -> F:
    """The options that say what was reported."""
    for option in (
        click.option(
            "--event",
            "events",
            multiple=True,
            metavar="EVENT=INSTANT",
            help="When something else happened that a promise begins with; repeatable.",
        ),
        click.option(
            "--given",
            multiple=True,
            metavar="NAME=VALUE",
            help="What a rulebook leaves blank: a number, or an instant that was agreed; repeatable.",
        ),
        click.option(
            "--distance",
            "far",
            metavar="DISTANCE",
            help="How far the site is, such as '80 km road' or '100 km radius'.",
        ),
        _answer_option,
        click.option("--at", required=True, metavar="INSTANT", help="When the fault was reported."),
    ):
        command = option(command)
    return command


_answer_option: Final = click.option(
    "--answer",
    "said",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="What is known of the fault; repeatable.",
)


# --- what is shown ----------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Row:
    """What one firm may promise: when it is due, if that is known; ``waits``: its event has no instant.

    ``wrong`` is why what was given cannot fill its blank.
    """

    found: Possible
    due: datetime | None
    waits: bool
    wrong: InvalidValue | None = None


def _row(
    rules: ServiceRules, found: Possible, report: FaultReport, happened: Mapping[Event, datetime]
) -> _Row:
    """When it is due, were every open question answered as the promise asks."""
    promise = found.rule.rule
    anchor = happened.get(promise.since)
    at = None
    if found.asks is None:
        calendar = Calendar.always(rules.calendar.zone) if promise.round_the_clock else rules.calendar
        try:
            within = _filled(promise.within, report)
            at = None if anchor is None else _due(within, promise.within.asks, anchor, calendar)
        except InvalidValue as error:
            return _Row(found=found, due=None, waits=anchor is None, wrong=error)
    return _Row(found=found, due=at, waits=anchor is None)


def _filled(within: Allowance, report: FaultReport) -> Allowance:
    """The allowance with its blank filled.

    Raises:
        InvalidValue: what is given is of the wrong kind or out of range.
        MissingValue: nothing is.
    """
    try:
        return within.filled(report.given)
    except InvalidValue as error:
        given = report.given[error.field]
        found = given if isinstance(given, int) else given.isoformat()
        agreed = "an instant such as 2026-01-31T09:00"
        expected = agreed if isinstance(within, Agreed) else error.expected
        raise InvalidValue(error.field, found, expected) from None


def _due(within: Allowance, blank: str | None, anchor: datetime, calendar: Calendar) -> datetime:
    """When it is due.

    Raises:
        InvalidValue: that does not lie after the anchor, or beyond the calendar; named by the blank, if any.
    """
    try:
        return within.allowed(anchor, calendar).due
    except InvalidValue:
        begins = anchor.astimezone(calendar.zone).isoformat()
        found, expected = str(within), f"what ends by the year 9998, counted from {begins}"
        if isinstance(within, Until):
            found, expected = within.at.astimezone(calendar.zone).isoformat(), f"an instant after {begins}"
        raise InvalidValue(blank or "within", found, expected) from None


def _hangs_on(host: Host, row: _Row) -> str:
    """The answers, the event and the blank that the promise hangs on."""
    promise = row.found.rule.rule
    accepted = dict(promise.when.conditions)
    said = [f"{question}: {' or '.join(accepted[question])}" for question in row.found.open]
    if row.waits:
        said.append(_event_named(host, promise.since))
    if row.found.asks is not None:
        said.append(f"{{{row.found.asks}}}")
    return ", ".join(said)


def _event_named(host: Host, event: Event) -> str:
    """What an event is called, and the word that says it on the line."""
    return f"{host.texts.name('event', event.value)} ({event.value})"


@click.group()
@host_options
def aftersales() -> None:
    """After-sales service: promises, duties, a desk at work."""


for _each in (*TICKET_COMMANDS, *REPORT_COMMANDS):
    aftersales.add_command(_each)


@aftersales.command(
    epilog="For instance: servflow aftersales compare --at 2026-05-01T16:30+08:00 --distance '80 km road'"
)
@click.argument("names", nargs=-1, metavar="[RULEBOOK]...")
@_reported
@host_options
@pass_host
def compare(
    host: Host,
    names: tuple[str, ...],
    *,
    at: str,
    said: tuple[str, ...],
    far: str | None,
    given: tuple[str, ...],
    events: tuple[str, ...],
) -> None:
    """What each firm would have promised for the same fault report.

    Without a name: every firm whose rulebook ships. A promise that hangs on something has the date that
    it would have, were it answered so. An instant without an offset is local time of the firms' zone.
    """
    books = service_books(names or shipped_firms())
    zone = _common_zone(books)
    report = fault_report(zone, at, said, far)
    happened = happened_at(events, report, zone)
    firms = [(book, service_policy(book).on(day_of(report.at, book.calendar.zone))) for book in books]
    report = with_given(report, given, [rules for _, rules in firms], zone)
    _check_asked([rules for _, rules in firms], report, happened)
    found = [(book, rules, _rows(rules, report, happened)) for book, rules in firms]
    if host.json:
        as_json([_plain_firm(book, rules, rows) for book, rules, rows in found])
        return
    lines: list[tuple[str, ...]] = []
    for _, rules, rows in found:
        if isinstance(rows, InvalidValue):
            lines.append((rules.firm, "", "", str(rows), ""))
        elif not rows:
            lines.append((rules.firm, "nothing", "", "", ""))
        else:
            lines += [_line(host, rules, row) for row in rows]
    title = f"reported {host.texts.instant(report.at, zone or UTC)}"
    table(title, ("firm", "promise", "due", "hangs on", "clause"), lines)


def _common_zone(books: Sequence[Rulebook]) -> tzinfo | None:
    """The zone of all firms; ``None`` where they are in several."""
    zones = {book.calendar.zone for book in books}
    return zones.pop() if len(zones) == 1 else None


def _check_asked(
    firms: Sequence[ServiceRules], report: FaultReport, happened: Mapping[Event, datetime]
) -> None:
    """Every answer is one to a question of some firm, every event is used.

    Raises:
        BadParameter: one is not, or does not.
    """
    promises = [each.rule for rules in firms for each in rules.of(Promise)]
    check_events(happened, [each.since for each in promises], "--event")
    for question, answer in report.answers.items():
        known = [rules.questions[question].answers for rules in firms if question in rules.questions]
        if not known:
            asked = sorted({*STANDARD, *(name for rules in firms for name in rules.questions)})
            found = f"found the question {question!r}, expected one of {', '.join(asked)}"
            raise click.BadParameter(found, param_hint="--answer")
        if not any(answer in each for each in known):
            expected = ", ".join(sorted({each for found in known for each in found}))
            raise click.BadParameter(
                f"found {question}={answer}, expected one of {expected}", param_hint="--answer"
            )


def _rows(
    rules: ServiceRules, report: FaultReport, happened: Mapping[Event, datetime]
) -> list[_Row] | InvalidValue:
    """What the firm may promise; or why it cannot be asked: its question has other answers."""
    try:
        found = possible(rules, report)
    except InvalidValue as error:
        return error
    said = [
        each
        for place, each in enumerate(found)
        if not any(
            _says_it_too(other, each) and not (before > place and _says_it_too(each, other))
            for before, other in enumerate(found)
            if before != place
        )
    ]
    return [_row(rules, each, report, happened) for each in said]


def _says_it_too(one: Possible, other: Possible) -> bool:
    """Whether ``one`` makes the promise of ``other``, by the same clause, wherever ``other`` makes it."""
    first, second = one.rule.rule, other.rule.rule
    same = replace(first, when=second.when) == second and one.rule.clause.id == other.rule.clause.id
    accepted, narrower = dict(first.when.conditions), dict(second.when.conditions)
    return same and all(
        question in other.open and set(narrower[question]) <= set(accepted[question]) for question in one.open
    )


def _line(host: Host, rules: ServiceRules, row: _Row) -> tuple[str, ...]:
    promise, zone = row.found.rule.rule, rules.calendar.zone
    return (
        rules.firm,
        f"{host.texts.name('promise', promise.kind.value)}: {promise.within}",
        "" if row.due is None else host.texts.instant(row.due, zone),
        _hangs_on(host, row) if row.wrong is None else str(row.wrong),
        row.found.rule.clause.id,
    )


def _plain_firm(book: Rulebook, rules: ServiceRules, rows: list[_Row] | InvalidValue) -> dict[str, Any]:
    about = {"firm": rules.firm, "rulebook": book.name, "title": book.title, "version": rules.version}
    if isinstance(rows, InvalidValue):
        return {**about, "error": rows.code, "texts": [str(rows)], "promises": []}
    return {**about, "promises": [_plain_row(row, rules.calendar.zone) for row in rows]}


def _plain_row(row: _Row, zone: tzinfo) -> dict[str, Any]:
    named = row.found.rule
    accepted = dict(named.rule.when.conditions)
    wrong = {} if row.wrong is None else {"error": row.wrong.code, "texts": [str(row.wrong)]}
    return {
        **wrong,
        "rule": named.name,
        "promise": named.rule.kind.value,
        "since": named.rule.since.value,
        "within": str(named.rule.within),
        "due": plain_instant(row.due, zone),
        "open": {question: list(accepted[question]) for question in row.found.open},
        "asks": row.found.asks,
        "clause": clause_plain(named.clause),
    }


@aftersales.command()
@click.argument("name", metavar="RULEBOOK")
@_reported
@host_options
@pass_host
def promises(
    host: Host,
    name: str,
    *,
    at: str,
    said: tuple[str, ...],
    far: str | None,
    given: tuple[str, ...],
    events: tuple[str, ...],
) -> None:
    """What one firm promises for a fault report, nothing left open.

    RULEBOOK is one that ships, or a file. What decides and was not answered is asked for (exit code 1).
    """
    book = service_book(name)
    zone = book.calendar.zone
    report = fault_report(zone, at, said, far)
    happened = happened_at(events, report, zone)
    rules = service_policy(book).on(day_of(report.at, zone))
    report = with_given(report, given, [rules], zone)
    _check_asked([rules], report, happened)
    for blank in [each.rule.within for each in rules.of(Promise) if each.rule.within.asks in report.given]:
        _filled(blank, report)
    with asking(rules):
        found = [(each, _ends(rules, each, happened)) for each in promised(rules, report)]
    if host.json:
        as_json(
            {
                "firm": rules.firm,
                "rulebook": book.name,
                "version": rules.version,
                "promises": [_plain_promised(each, ends, zone) for each, ends in found],
            }
        )
        return
    table(
        f"{rules.firm}: reported {host.texts.instant(report.at, zone)}",
        ("promise", "within", "from", "due", "clause", "rules"),
        [
            (
                host.texts.name("promise", each.kind.value),
                str(each.target.within),
                host.texts.name("event", each.since.value),
                "" if ends is None else host.texts.instant(ends, zone),
                ", ".join(clause.id for clause in each.clauses),
                ", ".join(each.rules),
            )
            for each, ends in found
        ],
    )
    more = [line for each, _ in found for line in _moved_by(host, each)]
    if more:
        table("what moves them, and whom they reach", ("promise", "what", "says"), more)


def _moved_by(host: Host, each: Promised) -> Iterator[tuple[str, str, str]]:
    """What its clock stands still for, what excuses it, who extends it, and its ladder."""
    texts, target = host.texts, each.target
    promise = texts.name("promise", each.kind.value)
    for reason in sorted(target.pauses):
        yield promise, texts.text("clock.pause"), texts.name("pause", reason)
    for reason in sorted(target.excuses):
        yield promise, "is excused by", reason
    if target.extended_by is not None:
        yield promise, "may be extended by", target.extended_by
    for rung in target.ladder:
        what = texts.text("clock.rung", {"level": rung.level, "action": rung.action})
        yield promise, what, _rung_at(host, rung)


def _rung_at(host: Host, rung: Rung) -> str:
    if rung.fraction is not None:
        percent = Decimal(rung.fraction.numerator * 100) / rung.fraction.denominator
        return f"{percent.normalize():f} %"
    assert rung.offset is not None
    return f"{length_text(host.texts, abs(rung.offset))} {'before' if rung.offset < timedelta() else 'after'}"


def _ends(rules: ServiceRules, each: Promised, happened: Mapping[Event, datetime]) -> datetime | None:
    """When it is due, if what it begins with has happened.

    Raises:
        InvalidValue: that does not lie after the anchor, or beyond the calendar.
    """
    anchor = happened.get(each.since)
    if anchor is None:
        return None
    blanks = {named.name: named.rule.within.asks for named in rules.of(Promise)}
    return _due(each.target.within, blanks[each.rules[0]], anchor, each.target.calendar)


def _plain_promised(each: Promised, ends: datetime | None, zone: tzinfo) -> dict[str, Any]:
    target = each.target
    return {
        "promise": each.kind.value,
        "since": each.since.value,
        "within": str(target.within),
        "due": plain_instant(ends, zone),
        "pauses": sorted(target.pauses),
        "excuses": sorted(target.excuses),
        "extended_by": target.extended_by,
        "ladder": [
            {
                "level": rung.level,
                "action": rung.action,
                "share": None if rung.fraction is None else str(rung.fraction),
                "offset": length(rung.offset),
            }
            for rung in target.ladder
        ],
        "rules": list(each.rules),
        "clauses": [clause_plain(clause) for clause in each.clauses],
    }


@aftersales.command()
@click.argument("name", metavar="RULEBOOK")
@click.option(
    "--date",
    "happened",
    multiple=True,
    metavar="EVENT=DAY[,DAY]...",
    help="When something happened, once or again; repeatable.",
)
@_answer_option
@click.option("--after", type=day, help="What is due after this day (all since the first day named).")
@click.option("--through", type=day, required=True, help="The last day on which it is due, included.")
@click.option("--subject", default="subject", metavar="NAME", help="Whom or what it is owed to.")
@host_options
@pass_host
def duties(
    host: Host,
    name: str,
    *,
    happened: tuple[str, ...],
    said: tuple[str, ...],
    after: date | None,
    through: date,
    subject: str,
) -> None:
    """What a firm has to do by itself, and what waits.

    Call-backs, visits, inspections, maintenance. An event with several days comes again
    (harvest=2026-05-20,2026-09-20). The rules are those of the last day.
    """
    book = service_book(name)
    rules = service_policy(book).on(through)
    once, repeated = _once_and_again(happened)
    owed = Subject(name=subject, answers=answers(said), dates=once, repeated=repeated)
    first = min([*once.values(), *(each for days in repeated.values() for each in days), through])
    uses = [each.rule for each in rules.of(Duty)]
    check_events(
        [*once, *repeated],
        [event for each in uses for event in (each.since, each.not_before, each.until) if event is not None],
        "--date",
    )
    with asking(rules):
        found = due(rules, owed, first - timedelta(days=1) if after is None else after, through)
        waits = waiting(rules, owed)
    if host.json:
        as_json(
            {
                "firm": rules.firm,
                "rulebook": book.name,
                "duties": [
                    {
                        "key": each.key,
                        "rule": each.rule,
                        "duty": each.kind.value,
                        "day": each.day.isoformat(),
                        "last_day": each.last_day.isoformat(),
                        "earliest": None if each.earliest is None else each.earliest.isoformat(),
                        "checks": list(each.checks),
                        "signed_by_both": each.signed_by_both,
                        "opinion": each.opinion,
                        "clause": clause_plain(each.clause),
                    }
                    for each in found
                ],
                "waiting": [
                    {
                        "rule": each.rule,
                        "duty": each.kind.value,
                        "event": each.event.value,
                        "clause": clause_plain(each.clause),
                    }
                    for each in waits
                ],
            }
        )
        return
    texts = host.texts
    table(
        f"{rules.firm}: through {texts.day(through)}",
        ("day", "last day", "possible from", "duty", "rule", "to look at", "clause"),
        [
            (
                texts.day(each.day),
                texts.day(each.last_day),
                _possible_from(host, each),
                texts.name("duty", each.kind.value),
                each.rule,
                ", ".join(each.checks),
                each.clause.id,
            )
            for each in found
        ],
    )
    for each in waits:
        say(
            f"{each.rule} waits for {_event_named(host, each.event)}:"
            f" {texts.name('duty', each.kind.value)} [{each.clause.id}]"
        )


def _possible_from(host: Host, each: DutyDue) -> str:
    """The first day on which it may be done, where that is not the day on which it is due."""
    return "" if each.earliest in (None, each.day) else host.texts.day(each.earliest)


def _once_and_again(written: Iterable[str]) -> tuple[dict[Event, date], dict[Event, tuple[date, ...]]]:
    once: dict[Event, date] = {}
    again: dict[Event, tuple[date, ...]] = {}
    for name, value in assigned(written, "--date", "EVENT=DAY").items():
        event = event_of(name, "--date")
        days = tuple(day(each.strip()) for each in value.split(","))
        if len(days) == 1:
            once[event] = days[0]
        else:
            again[event] = days
    return once, again
