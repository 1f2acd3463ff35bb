"""The program itself: its groups, and what each of our errors means for the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from servflow import __version__
from servflow.cli._account import account
from servflow.cli._aftersales import aftersales
from servflow.cli._centre import centre
from servflow.cli._clock import mail, wake
from servflow.cli._deposits import deposits
from servflow.cli._fee import fee
from servflow.cli._filing import filing
from servflow.cli._host import Host, host_options
from servflow.cli._ill import ill
from servflow.cli._partner import partner
from servflow.cli._rules import clauses, diagram, rulebook
from servflow.cli._service_clock import clock
from servflow.cli._show import as_json, complain
from servflow.cli._store import audit, erase, export, import_
from servflow.cli._warranty import warranty
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    InvalidCommand,
    InvalidValue,
    MissingExtra,
    NotFound,
    Refused,
    ServflowError,
)

FINE: Final = 0
PROBLEMS: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
_USAGE_ERRORS: Final = (AlreadyExists, CommandReused, InvalidCommand, InvalidValue, MissingExtra, NotFound)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="servflow")
@host_options
def servflow() -> None:
    """A lending desk: requests in, volumes out and back, and what is owed and why.

    Beside it, after-sales service by rulebooks: what is promised, covered and due; and warranty deposits.

    Exit codes: 0 fine, 1 problems found, 2 wrong usage, 3 refused by a rule.
    """


_COMMANDS: Final = (
    ill,
    account,
    filing,
    centre,
    fee,
    clock,
    warranty,
    aftersales,
    deposits,
    wake,
    mail,
    partner,
    audit,
    export,
    import_,
    erase,
    rulebook,
    clauses,
    diagram,
)

for each in _COMMANDS:
    servflow.add_command(each)


def run(arguments: Sequence[str]) -> int:
    """Run the program with these arguments; its exit code."""
    host = Host()
    try:
        with servflow.make_context("servflow", list(arguments), obj=host) as context:
            code = servflow.invoke(context)
            return code if isinstance(code, int) else FINE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        complain("servflow: interrupted")
        return PROBLEMS
    except ServflowError as error:
        return _told(error, host)


def _told(error: ServflowError, host: Host) -> int:
    """Say what went wrong; its exit code."""
    told = host.told(error)
    if host.json:
        as_json(told)
    elif isinstance(error, Refused):
        named = host.named(error)
        assert isinstance(named, Refused)
        complain(f"servflow: {error.command} refused for {named.subject}")
        for line in told["texts"]:
            complain(f"  - {line}")
    else:
        complain(f"servflow: {host.harmless(str(host.named(error)))}")
    if isinstance(error, Refused):
        return REFUSED
    return USAGE if isinstance(error, _USAGE_ERRORS) else PROBLEMS
