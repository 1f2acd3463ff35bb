"""What the clock has to do: reminders that are due, and mail that waits."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import click

from servflow.adapters.mail_maildir import MaildirMail
from servflow.adapters.partner_iso18626 import HttpPartner
from servflow.cli._host import LOANS, Host, host_options, instant, now, pass_host
from servflow.cli._show import as_json, complain, say, table
from servflow.core.ports import Mail, Party
from servflow.desk import Desk

__all__ = ["delivering", "mail", "wake"]

_PORTS: Final = range(1, 65536)


@click.command()
@click.option("--at", type=instant, help="What is due by this instant, included (now).")
@click.option("--rebuild", is_flag=True, help="First work out anew when what is due: the rules have changed.")
@host_options
@pass_host
def wake(host: Host, at: datetime | None, *, rebuild: bool) -> int:
    """Do what the clock has to do: reminders, and what has run out.

    Each happens at its scheduled instant, however late this is run.
    """
    desk = host.desk()
    rebuilt = desk.rebuild_wakes() if rebuild else 0
    result = desk.wake(at or now())
    if host.json:
        refused = [{"kind": key.kind, "id": key.id, **host.told(error)} for key, error in result.refused]
        as_json({"rebuilt": rebuilt, "done": result.done, "refused": refused})
    else:
        if rebuild:
            say(f"{rebuilt} to be looked at at another time than before")
        say(f"{result.done} done")
        for key, error in result.refused:
            complain(f"  {key}: {'; '.join(host.told(error)['texts'])}")
    return 1 if result.refused else 0


@click.command()
@click.option("--maildir", type=click.Path(path_type=Path), help="Deliver into this folder (mail).")
@click.option("--smtp", metavar="HOST[:PORT]", help="Deliver to this SMTP server instead.")
@click.option("--at", type=instant, help="What may leave by this instant (now).")
@click.option("--list", "only_list", is_flag=True, help="Show the outbox; send nothing.")
@host_options
@pass_host
def mail(host: Host, maildir: Path | None, smtp: str | None, at: datetime | None, *, only_list: bool) -> int:
    """Send what waits in the outbox: into a maildir, or by SMTP.

    What is for a library whose system the host's facts name goes there.
    """
    if only_list:
        _list(host)
        return 0
    result = delivering(host, maildir, smtp).deliver(at or now())
    failed = [outgoing.message.key for outgoing in result.failed]
    postponed = [outgoing.message.key for outgoing in result.postponed]
    if host.json:
        as_json({"sent": result.sent, "failed": failed, "postponed": postponed})
    else:
        say(f"{result.sent} sent, {len(failed)} failed, {len(postponed)} put off")
    if failed or postponed:
        complain("why: servflow mail --list")
        return 1
    return 0


def delivering(host: Host, maildir: Path | None, smtp: str | None) -> Desk:
    """The desk with all that sends: letters one way or the other, and messages to other systems."""
    if maildir and smtp:
        raise click.UsageError("--maildir or --smtp, not both")
    sender = host.house
    way: Mail = _server(smtp, sender) if smtp else MaildirMail(maildir or Path("mail"), sender)
    return host.desk(mail=way, partner=HttpPartner(sender.ref) if host.domain is LOANS else None)


def _server(smtp: str, sender: Party) -> Mail:
    from servflow.adapters.mail_smtp import SmtpMail

    server, found, port = smtp.partition(":")
    if not server or (found and not (port.isdecimal() and int(port) in _PORTS)):
        raise click.UsageError(f"--smtp: {smtp!r} is not HOST or HOST:PORT")
    return SmtpMail(sender, host=server, port=int(port or 25))


def _list(host: Host) -> None:
    outbox = list(host.storage().outbox())
    if host.json:
        as_json(host.codec.encode(outbox))
        return
    rows = [(o.message.to, o.message.kind, o.message.about.id, o.status.value, o.note) for o in outbox]
    table("outbox", ("to", "kind", "about", "status", "note"), rows)
