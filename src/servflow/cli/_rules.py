"""Rulebooks, the register of clauses, and diagrams of the lifecycles."""

from __future__ import annotations

import click

from servflow.cli._host import EVERY, Host, host_options, pass_host
from servflow.cli._service_clock import rulebook_name
from servflow.cli._show import as_json, say, table
from servflow.rulebooks import check as check_rulebook
from servflow.rulebooks import load, shipped
from servflow.rulebooks.clauses import report

__all__ = ["clauses", "diagram", "rulebook"]


@click.group()
@host_options
def rulebook() -> None:
    """Rulebooks: check one, show one."""


@rulebook.command()
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...")
@host_options
@pass_host
def check(host: Host, names: tuple[str, ...]) -> int:
    """Every mistake, each with its place.

    Without a name: of all that ship with servflow.
    """
    found = {name: check_rulebook(name) for name in names or shipped()}
    if host.json:
        as_json(
            [
                {
                    "rulebook": name,
                    "where": problem.where,
                    "found": problem.found,
                    "expected": problem.expected,
                }
                for name, problems in found.items()
                for problem in problems
            ]
        )
        return 1 if any(found.values()) else 0
    for name, problems in found.items():
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}" if problems else "fine"
        say("\n".join((f"{name}: {count}", *(f"  {problem}" for problem in problems))))
    return 1 if any(found.values()) else 0


@rulebook.command()
@click.argument("name", required=False, metavar="[NAME|FILE]")
@host_options
@pass_host
def show(host: Host, name: str | None) -> None:
    """Each rule with its values, their first days and their clauses.

    The name of a service firm alone, ``coach-maker``, is that of its service. Of one that lies over another,
    each value is shown with the rulebook that says it.
    """
    book = load(host.rulebook if name is None else rulebook_name(name))
    if host.json:
        as_json(book.plain())
        return
    verified = host.texts.day(book.verified_on)
    layered = len(book.layers) > 1
    table(
        f"{book.title} ({book.name}), verified on {verified}, digest {book.digest}",
        ("rule", "from", "value", "clause", "at", *(("said by",) if layered else ()), "in words"),
        [
            (
                line.rule,
                line.start,
                line.value,
                line.clause,
                line.at,
                *((line.layer,) if layered else ()),
                line.label,
            )
            for line in book.lines()
        ],
    )


@click.command()
@host_options
@pass_host
def clauses(host: Host) -> None:
    """Each clause: its tier, where it is carried, its tests."""
    entries = report()
    if host.json:
        as_json(entries)
        return
    table(
        "clauses",
        ("id", "tier", "carried by", "tests"),
        [
            (entry["id"], entry["tier"], "; ".join(entry["carried"]), str(len(entry["tests"]) or ""))
            for entry in entries
        ],
    )
    say(f"{sum(bool(entry['carried']) for entry in entries)} of {len(entries)} clauses are carried")


@click.command()
@click.argument("name", type=click.Choice([lifecycle.name for lifecycle in EVERY]), metavar="NAME")
@click.option("--table", "as_table", is_flag=True, help="The rows as a Markdown table instead.")
@host_options
def diagram(name: str, *, as_table: bool) -> None:
    """A lifecycle as a Mermaid diagram.

    NAME is ill.supply, ill.borrowing, aftersales.ticket or another one that is stored.
    """
    from servflow.adapters import machine_transitions

    lifecycle = EVERY.named(name)
    say(machine_transitions.table(lifecycle) if as_table else machine_transitions.diagram(lifecycle))
