"""Statements of deposits on the command line, the credit record of a developer, rows for an audit."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from servflow.adapters.chart_svg import balance_chart
from servflow.cli._deposits_shown import no_rate_from, no_surcharge_from, parts_sheet, receipt_of
from servflow.cli._host import DEPOSITS, Host, day, host_options, now, pass_host
from servflow.cli._service_clock import draw
from servflow.cli._sheet import said, sheet
from servflow.cli._show import as_json, progress, say
from servflow.cli._stored import every, loaded
from servflow.core.dates import Term
from servflow.core.deposits.accounts.deadlines import released_at_limit
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.credit_record import CreditLine, credit_record
from servflow.core.deposits.export import rows
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.statements import (
    Grouping,
    Statement,
    Sums,
    balance_points,
    calendar_year,
    statement,
    totals,
)
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.money import Money

__all__ = ["REPORT_COMMANDS"]

F = TypeVar("F", bound=Callable[..., Any])

_DAY: Final = timedelta(days=1)
_SUMS: Final = {
    "opening": "opening balance",
    "paid_in": "paid in",
    "interest": "interest credited",
    "used": "used for repairs",
    "refunded": "refunded",
    "released": "released with interest",
    "closing": "closing balance",
}
"""The fields of ``Sums``, and how they are called as columns."""
_TOTALS: Final = {
    Grouping.PROJECT: "by project",
    Grouping.DEVELOPER: "by developer",
    Grouping.AUTHORITY: "in all",
}


def _of_a_term(command: F) -> F:
    """The options that say of which days."""
    for option in (
        click.option("--through", type=day, help="The last day, that day included; with --from."),
        click.option("--from", "since", type=day, help="The first day."),
        click.option("--year", type=click.IntRange(1900, 2999), help="A calendar year (this one)."),
    ):
        command = option(command)
    return command


def _of_whom(command: F) -> F:
    """The options that say of whose buildings."""
    for option in (
        click.option("--developer", metavar="REF", help="Of all buildings of this developer."),
        click.option("--project", metavar="REF", help="Of all buildings of this project."),
    ):
        command = option(command)
    return command


def _term(host: Host, year: int | None, since: date | None, through: date | None) -> Term:
    if year is not None and (since or through):
        raise click.UsageError("--year or --from and --through, not both")
    if (since is None) != (through is None):
        raise click.UsageError("--from and --through go together")
    if since is None or through is None:
        return calendar_year(year or host.deposits.day(now()).year)
    if through < since:
        raise InvalidValue("--through", through.isoformat(), f"{since.isoformat()} or a later day")
    return Term(since, through + _DAY)


def _accounts(
    host: Host, id: str | None, project: str | None, developer: str | None, last: date
) -> list[DepositAccount]:
    """The accounts that are asked for, of those that were there by that day.

    Raises:
        InvalidValue: there is none of that project or developer.
    """
    storage = host.storage_of(DEPOSITS)
    if id is not None:
        if project or developer:
            raise click.UsageError("an ID, or --project and --developer, not both")
        return [loaded(storage, DepositAccount, id)]
    everything = list(progress(every(storage, DepositAccount), "Accounts"))
    found = [
        it
        for it in everything
        if project in {None, it.building.project} and developer in {None, it.building.developer}
    ]
    if not found and everything:
        _none_of("--project", project, (it.building.project for it in everything))
        _none_of("--developer", developer, (it.building.developer for it in everything))
    return [it for it in found if it.assessments[0].on <= last]


def _none_of(name: str, asked: str | None, known: Iterable[str]) -> None:
    if asked is not None and asked not in (there := sorted(set(known))):
        raise InvalidValue(name, asked, f"one of {', '.join(there)}")


# --- statements -----------------------------------------------------------------------------------------


@click.command("statement")
@click.argument("id", required=False)
@_of_whom
@_of_a_term
@click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the balance over the term into this file.",
)
@host_options
@pass_host
def statement_(
    host: Host,
    id: str | None,
    *,
    project: str | None,
    developer: str | None,
    year: int | None,
    since: date | None,
    through: date | None,
    svg: Path | None,
) -> None:
    """What came in, was earned, used and given back, and what is held (收支公示).

    Of the building ID, of a project, of a developer, or of all. Interest that is due in the term is in it,
    credited or not.
    """
    term = _term(host, year, since, through)
    policy = host.deposits
    accounts = _accounts(host, id, project, developer, term.last_day)
    made = [_stated(it, policy, term) for it in progress(accounts, "Statements")]
    if svg is not None:
        _draw(host, svg, accounts, term, _whose(id, project, developer))
    whole = () if id is not None else _groupings(project, developer)
    if host.json:
        as_json(_plain(made, whole, term))
        return
    if id is not None:
        _tell_building(host, accounts[0], made[0])
        return
    _tell_all(host, made, whole, term, _whose(id, project, developer))


def _stated(it: DepositAccount, policy: DepositPolicy, term: Term) -> Statement:
    """The statement of a building.

    Raises:
        MissingValue: there is no interest rate, or no surcharge, from a day on, which it names.
    """
    try:
        return statement(it, policy, term)
    except MissingValue:
        last = term.last_day
        no_rate, no_surcharge = no_rate_from(it, policy, last), no_surcharge_from(it, policy, last)
        what, since = ("surcharge", no_surcharge) if no_rate is None else ("interest rate", no_rate)
        if since is None:
            raise
        raise MissingValue(what, f"from {since.isoformat()} on, for account {it.id}") from None


def _whose(*names: str | None) -> str:
    return " ".join(filter(None, names))


def _groupings(project: str | None, developer: str | None) -> tuple[Grouping, ...]:
    """What is added up: of a project its own total, of more also those of what it is made of."""
    if project is not None:
        return (Grouping.PROJECT,)
    if developer is not None:
        return (Grouping.PROJECT, Grouping.DEVELOPER)
    return (Grouping.DEVELOPER, Grouping.AUTHORITY)


def _plain(made: Sequence[Statement], whole: Sequence[Grouping], term: Term) -> dict[str, Any]:
    return {
        "from": term.start.isoformat(),
        "through": term.last_day.isoformat(),
        "statements": _dicts(made),
        "lines": _dicts(line for each in made for line in each.lines),
        "parts": _dicts(part for each in made for part in each.parts),
        "totals": [each for of in whole for each in _dicts(totals(made, of))],
    }


def _dicts(values: Iterable[Any]) -> list[Mapping[str, Any]]:
    return list(map(dict, rows(values)))


def _span(host: Host, term: Term) -> dict[str, str]:
    return {"since": host.texts.day(term.start), "through": host.texts.day(term.last_day)}


def _tell_building(host: Host, it: DepositAccount, made: Statement) -> None:
    texts = host.texts
    of = f"{made.account} ({made.project} {made.building})"
    title = said(host, "deposit statement", of=of, **_span(host, made.term))
    sums = [(name, texts.money(getattr(made.sums, field))) for field, name in _SUMS.items()]
    sums.append(("unpaid", texts.money(made.unpaid)))
    if made.surcharge_owed:
        sums.append(("surcharge owed", texts.money(made.surcharge_owed)))
    sheet(host, title, ("", "amount"), [(texts.name("column", name), amount) for name, amount in sums])
    lines = [
        (
            texts.day(each.on),
            "" if each.number is None else str(each.number),
            texts.charge_kind(each.kind.value),
            texts.money(each.added),
            texts.money(each.balance),
            texts.name("building-part", each.part) if each.part else "",
            each.claim,
            receipt_of(it, each.receipt, each.reverses),
        )
        for each in made.lines
    ]
    columns = ("day", "no.", "movement", "amount", "balance", "part of the building", "claim", "receipt")
    sheet(host, said(host, "movements"), columns, lines)
    over = released_at_limit(it, host.deposits, made.term.last_day)
    parts_sheet(host, made.parts, releasable=over)


def _tell_all(
    host: Host, made: Sequence[Statement], whole: Sequence[Grouping], term: Term, whose: str
) -> None:
    title = said(host, "deposit statement", of=whose or host.house.name, **_span(host, term))
    if Grouping.AUTHORITY not in whole:
        heads = ("account", "project", "building")
        sheet(
            host,
            title,
            (*heads, *_columns()),
            [
                (each.account, each.project, each.building, *_money(host, each.sums, each.unpaid))
                for each in made
            ],
        )
    for of in whole:
        heads = ("developer", "project", "buildings")
        sheet(
            host,
            title if of is Grouping.DEVELOPER and Grouping.AUTHORITY in whole else said(host, _TOTALS[of]),
            (*heads, *_columns()),
            [
                (each.developer, each.project, str(each.buildings), *_money(host, each.sums, each.unpaid))
                for each in totals(made, of)
            ],
        )


def _columns() -> tuple[str, ...]:
    return (*_SUMS.values(), "unpaid")


def _money(host: Host, sums: Sums, left: Money) -> Iterator[str]:
    for name in _SUMS:
        yield host.texts.money(getattr(sums, name))
    yield host.texts.money(left) if left else ""


def _draw(host: Host, svg: Path, accounts: Sequence[DepositAccount], term: Term, whose: str) -> None:
    """The balance of all of them together, at the end of each day on which one moved."""
    moved: dict[date, Money] = {}
    nothing = Money(0, host.deposits.currency)
    for it in accounts:
        held = nothing
        for on, balance in balance_points(it, host.deposits, term):
            moved[on] = moved.get(on, nothing) + balance - held
            held = balance
    points, held = [], nothing
    for on in sorted(moved or {term.start: nothing}):
        held += moved.get(on, nothing)
        points.append((on, held))
    title = said(host, "deposit balance", of=whose or host.house.name, **_span(host, term))
    draw(svg, balance_chart(points, host.texts, title=title, through=term.last_day))


# --- the credit record ----------------------------------------------------------------------------------


@click.command()
@click.argument("developer")
@click.option("--on", type=day, help="As it was at the end of this day (today).")
@host_options
@pass_host
def credit(host: Host, developer: str, on: date | None) -> None:
    """The credit record of a developer (信用档案): what it had to deposit, what it paid, what not."""
    when = on or host.deposits.day(now())
    accounts = _accounts(host, None, None, developer, when)
    lines = list(credit_record(accounts, developer, host.deposits, when))
    if host.json:
        as_json(_dicts(lines))
        return
    title = said(host, "credit record", of=developer, on=when)
    columns = (
        "account",
        "project",
        "building",
        "deposit",
        "paid in",
        "unpaid",
        "paid in full on",
        "ordered by",
        "not paid by",
        "surcharge",
        "surcharge paid",
    )
    sheet(host, title, columns, [_credit_row(host, each) for each in lines])


def _credit_row(host: Host, each: CreditLine) -> tuple[str, ...]:
    texts = host.texts

    def money(amount: Money) -> str:
        return texts.money(amount) if amount else ""

    orders = (
        texts.day(by_day) + (f" ({said(host, 'withdrawn')})" if by_day in each.withdrawn else "")
        for by_day in each.orders
    )
    return (
        each.account,
        each.project,
        each.building,
        texts.money(each.assessed),
        texts.money(each.paid_in),
        money(each.unpaid),
        "" if each.paid_in_full_on is None else texts.day(each.paid_in_full_on),
        ", ".join(orders),
        ", ".join(map(texts.day, each.defaults)),
        money(each.surcharge),
        money(each.surcharge_paid),
    )


# --- rows -----------------------------------------------------------------------------------------------

_ROWS: Final[Mapping[str, Callable[[Statement], Iterable[Any]]]] = {
    "movements": lambda made: made.lines,
    "parts": lambda made: made.parts,
    "statements": lambda made: (made,),
}


@click.command()
@click.argument("what", type=click.Choice(list(_ROWS)))
@_of_whom
@_of_a_term
@click.option("--csv", "as_csv", is_flag=True, help="As CSV; without it, JSON lines.")
@host_options
@pass_host
def export(
    host: Host,
    what: str,
    *,
    project: str | None,
    developer: str | None,
    year: int | None,
    since: date | None,
    through: date | None,
    as_csv: bool,
) -> None:
    """Every movement with its owner, or every part, or the sums of every building; one row for each.

    So that an audit can work them out again: as JSON lines, or CSV.
    """
    term = _term(host, year, since, through)
    accounts = _accounts(host, None, project, developer, term.last_day)
    made = (_stated(it, host.deposits, term) for it in progress(accounts, "Rows"))
    header = True
    for each in rows(value for one in made for value in _ROWS[what](one)):
        if not as_csv:
            say(json.dumps(dict(each), ensure_ascii=False, sort_keys=True))
            continue
        line = StringIO()
        writer = csv.DictWriter(line, list(each), lineterminator="\n")
        if header:
            writer.writeheader()
        writer.writerow(each)
        header = False
        say(line.getvalue().rstrip("\n"))


REPORT_COMMANDS: Final = (statement_, credit, export)
