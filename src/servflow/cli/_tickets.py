"""The service desk on the command line: commands given, what may be said, what the rulebook wants first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

import click

from servflow.cli import _sheet as sheets
from servflow.cli._fields import command_named, own_fields
from servflow.cli._host import SERVICE, Host, day, host_options, instant, now, pass_host
from servflow.cli._papers import papers
from servflow.cli._promises import due
from servflow.cli._saying import Saying, Typed, give, own, tell, timed, with_fields
from servflow.cli._service_case import answers, assigned, clause_plain
from servflow.cli._service_desk import found, readers, speaker
from servflow.cli._service_lists import attention, list_
from servflow.cli._sheet import sheet
from servflow.cli._show import as_json
from servflow.cli._stored import stored
from servflow.cli._ticket_shown import show
from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.circumstances import ALWAYS
from servflow.core.aftersales.policy import Checklist, ServiceRules
from servflow.core.aftersales.showing import ShowingCommand, needed
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.changes import Key
from servflow.core.errors import InvalidValue
from servflow.core.lifecycle import OPENING

__all__ = ["TICKET_COMMANDS"]

_MOST_NAMED: Final = 20  # customers in an error


# --- commands -----------------------------------------------------------------------------------------

_who = click.option(
    "--as",
    "who",
    default="desk",
    show_default=True,
    metavar="POST|customer|PARTY",
    help="Who speaks: a post of the firm, the customer, or a party of the host's facts.",
)


_answered = click.option(
    "--answer",
    "answered",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="What is known of a question of the rulebook; repeatable.",
)


@click.command(
    epilog="For instance: servflow aftersales do T-1 ReportFault customer=c-17 channel=hotline symptom=noise"
)
@click.argument("id")
@click.argument("command", metavar="COMMAND")
@with_fields
@_who
@click.option(
    "--show",
    "shown",
    multiple=True,
    metavar="NAME=REF[,REF]...",
    help="What goes on record with it: a fact, a paper, a signature, photographs; repeatable.",
)
@_answered
@timed
@host_options
@pass_host
def do(
    host: Host,
    id: str,
    command: str,
    *,
    who: str,
    shown: tuple[str, ...],
    answered: tuple[str, ...],
    fields: Typed,
    saying: Saying,
) -> None:
    """Give a command to a ticket, or to what goes with it.

    A complaint, a unit, a technician, a corrective action or a finding: the command says which. Instants
    without an offset, in fields, are local time of the firm's zone.
    """
    kind = command_named(command, AFTERSALES)
    lifecycle = AFTERSALES.of(kind)
    opens = bool(lifecycle.cell(OPENING, kind))
    desk = host.desk_of(SERVICE, new=opens)
    key = Key(lifecycle.name, id)
    it = stored(desk.storage, key)
    by = speaker(host, it, who, fields.said("customer"))
    said = own(host, kind, fields, readers(host, by.party, saying.at or saying.recorded_at))
    with_it = {name: _listed(refs) for name, refs in assigned(shown, "--show", "NAME=REF[,REF]").items()}
    said = _with(said, own_fields(kind), "shown", with_it)
    said = _with(said, own_fields(kind), "answers", answers(answered))
    if "firm" in own_fields(kind):
        said.setdefault("firm", host.service_file.firm.ref)
    if it is None and "customer" in said:
        _check_customer(host, said["customer"])
    tell(host, give(host, desk, key, kind, said, by=by, saying=saying))


def _check_customer(host: Host, ref: object) -> None:
    """That the host knows the customer, where its facts name any: nothing can be told to anybody else."""
    known = sorted(host.service_file.customers)
    if known and ref not in known:
        more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        expected = f"a customer of the host's facts: {', '.join(known[:_MOST_NAMED])}{more}"
        raise InvalidValue("customer", ref, expected)


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _with(
    said: dict[str, Any], known: Mapping[str, Any], field: str, more: Mapping[str, Any]
) -> dict[str, Any]:
    """What is said, and more of a field that has values by name."""
    if not more:
        return said
    if field not in known:
        option = "--show" if field == "shown" else "--answer"
        raise click.UsageError(f"{option}: this command has no {field}")
    return {**said, field: {**said.get(field, {}), **more}}


@click.command()
@click.argument("id")
@_who
@click.option("--at", type=instant, help="Judged at this instant (now).")
@host_options
@pass_host
def allowed(host: Host, id: str, who: str, at: datetime | None) -> None:
    """What may be said to it now by whom, and why not the rest."""
    desk = host.desk_of(SERVICE)
    it = found(desk.storage, id)
    sheets.tell_allowed_in_words(host, desk, it, speaker(host, it, who), at or now(), who)


# --- what the rulebook wants on record ------------------------------------------------------------------

_SHOWING: Final = [
    each for lifecycle in AFTERSALES for each in lifecycle.commands if issubclass(each, ShowingCommand)
]
_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    step: tuple(each.__name__ for each in _SHOWING if each.step == step)
    for step in sorted({each.step for each in _SHOWING if each.step})
}
"""The commands by the word by which a rulebook's checklists name them."""


@click.command("needed")
@click.argument("step")
@_answered
@click.option("--on", type=day, help="By the rules of this day (today).")
@host_options
@pass_host
def needed_(host: Host, step: str, answered: tuple[str, ...], on: date | None) -> None:
    """What the rulebook wants on record before a step.

    And what that hangs on: questions that nobody has answered yet.
    """
    rules = host.service.on(on or host.today(Ticket.kind))
    steps = sorted({*_STEPS, *(named.rule.step for named in rules.of(Checklist))})
    if step not in steps:
        raise click.BadParameter(f"found {step!r}, expected one of {', '.join(steps)}", param_hint="STEP")
    known = answers(answered)
    wanted = needed(rules, step, known)
    hanging = list(_hanging(rules, step, known))
    said_by = _STEPS.get(step, ())
    if host.json:
        as_json(
            {
                "step": step,
                "commands": list(said_by),
                "needed": [
                    {
                        "item": each.name,
                        "count": each.count,
                        "rule": each.rule,
                        "clause": clause_plain(each.clause),
                    }
                    for each in wanted
                ],
                "open": [
                    {"rule": rule, "hangs_on": hangs, "items": list(items)} for rule, hangs, items in hanging
                ],
            }
        )
        return
    before = sheets.said(host, "before", step=step) + (f" ({', '.join(said_by)})" if said_by else "")
    lines = [(each.name, str(each.count), each.rule, str(each.clause)) for each in wanted]
    sheet(host, before, ("on record", "how many", "rule", "clause"), lines)
    if hanging:
        rows = [
            (rule, "; ".join(f"{name}={'|'.join(may)}" for name, may in hangs.items()), ", ".join(items))
            for rule, hangs, items in hanging
        ]
        sheet(host, sheets.said(host, "if answered"), ("rule", "hangs on", "on record"), rows)


def _hanging(
    rules: ServiceRules, step: str, known: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, list[str]], tuple[str, ...]]]:
    """The lists of the step that hang on questions nobody answered, with the answers that they ask for."""
    said = rules.answered(known)
    for named in rules.of(Checklist):
        if named.rule.step == step and named.rule.when is not ALWAYS:
            asked = named.rule.when.open(said)
            if asked:
                accepted = dict(named.rule.when.conditions)
                yield named.name, {each: list(accepted[each]) for each in asked}, named.rule.items


TICKET_COMMANDS: Final = (do, list_, show, allowed, needed_, due, attention, papers)
