"""What is told to the systems of other libraries, and what they tell: ISO 18626 over HTTP."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import click

from servflow.adapters.clock_system import SystemClock
from servflow.adapters.partner_iso18626 import (
    Dialect,
    Edition,
    Exchange,
    application,
    command_of,
    is_ours,
    read,
    write,
)
from servflow.cli._clock import delivering
from servflow.cli._host import Host, host_options, instant, now, pass_host
from servflow.cli._loans import find
from servflow.cli._show import as_json, complain, say, table
from servflow.core.errors import InvalidMessage, InvalidValue, MissingExtra, NotFound, Problem
from servflow.core.ill.exchange import for_a_desk
from servflow.core.ports import Outgoing, Storage

__all__ = ["partner"]

_SLOW: Final = 30  # seconds for which a sender may keep silent
_PORT: Final = 8018


@click.group()
@host_options
def partner() -> None:
    """Other libraries' systems, in ISO 18626."""


# --- in -------------------------------------------------------------------------------------------


class _Handler(WSGIRequestHandler):
    """One connection, for which nobody waits for ever; what is logged is the line of the request."""

    timeout = _SLOW

    def log_message(self, format: str, *args: Any) -> None:
        complain(f"{self.client_address[0]} {format % args}")


class _Server(ThreadingMixIn, WSGIServer):
    """A connection a thread; what is being taken in is finished before the end."""

    daemon_threads = False

    def handle_error(self, request: object, client_address: Any) -> None:  # noqa: ARG002 -- theirs
        """Say it in one line; most often somebody has gone away."""
        error = sys.exc_info()[1]
        complain(f"{client_address[0]} {type(error).__name__}: {error}")


@partner.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, help="0: any free one."
)
@click.option("--host-name", default="127.0.0.1", show_default=True, help="The name or address to listen at.")
@host_options
@pass_host
def serve(host: Host, port: int, host_name: str) -> None:
    """Take in what other libraries' systems tell.

    Until it is interrupted. The address is written when it listens. Where the host's facts name a
    key for a system, every sender needs one.
    """
    _needs_lxml()
    facts = host.facts_file
    desk = host.desk(new=True)
    answering = application(Exchange(desk, facts.library.ref), clock=SystemClock(), keys=facts.keys)
    try:
        server = _Server((host_name, port), _Handler)
    except (OSError, UnicodeError) as error:
        raise InvalidValue(
            "--port, --host-name", f"{host_name}:{port}", f"a place to listen: {error}"
        ) from None
    server.set_app(answering)
    with server, _until_told(), suppress(KeyboardInterrupt):
        address = f"http://{host_name}:{server.server_port}/"
        if host.json:
            as_json({"address": address, "library": facts.library.ref, "keys": len(facts.keys)})
        else:
            say(address)
        sys.stdout.flush()
        server.serve_forever()


@contextmanager
def _until_told() -> Iterator[None]:
    """SIGTERM is taken as an interrupt from the keyboard; only the main thread is told of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _needs_lxml() -> None:
    """Say at once what is not installed, and not to the first stranger."""
    try:
        import lxml  # noqa: F401
    except ImportError:
        raise MissingExtra("lxml", "iso18626") from None


@partner.command("read")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--at", type=instant, help="When it came in (now).")
@click.option("--sender", metavar="REF", help="Who sent it, where the message does not say so.")
@host_options
@pass_host
def read_(host: Host, file: Path, at: datetime | None, sender: str | None) -> None:
    """What a message says, and as which command.

    Nothing is taken in. A message that cannot be read is told with all that is wrong with it.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise InvalidMessage(str(file), [Problem("the file", found, "one that can be read")]) from None
    received_at = at or now()
    here = host.facts_file.library.ref if host.facts is not None else None
    incoming = read(data, received_at=received_at, sender=sender, at=here)
    if host.facts is not None and is_ours(host.facts_file, incoming.sender):
        incoming = read(data, received_at=received_at, sender=sender, at=here, lines=True)
    command = host.codec.encode_command(command_of(incoming, received_at=received_at))
    message = host.codec.encode(incoming.message)
    asks = incoming.asks.value if incoming.asks else None
    if host.json:
        as_json(
            {
                "element": incoming.kind,
                "sender": incoming.sender,
                "recipient": incoming.recipient,
                "request": incoming.request_id,
                "sent-at": host.codec.encode(incoming.sent_at),
                "message": message,
                "command": command,
                "asks": asks,
            }
        )
        return
    rows = [
        ("element", incoming.kind),
        ("from", incoming.sender),
        ("for", incoming.recipient),
        ("request", incoming.request_id),
        ("sent at", incoming.sent_at.isoformat()),
        ("says", incoming.message.kind),
        *((name, str(value)) for name, value in incoming.message.facts if name != "request"),
    ]
    table(str(file), ("", "value"), rows)
    envelope = ("command", "id", "by", "happened_at", "recorded_at")
    said = [(name, _line(value)) for name, value in command.items() if name not in envelope and value]
    table(f"heard as {command['command']}", ("field", "value"), said)
    if asks:
        say(f"looked up when it is taken in: {asks}")


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_line(part)}" for name, part in value.items() if part)
    return ", ".join(map(_line, value)) if isinstance(value, list) else str(value)


# --- out ------------------------------------------------------------------------------------------


@partner.command()
@click.option("--maildir", type=click.Path(path_type=Path), help="Deliver letters into this folder (mail).")
@click.option("--smtp", metavar="HOST[:PORT]", help="Deliver letters to this SMTP server instead.")
@click.option("--at", type=instant, help="What may leave by this instant (now).")
@host_options
@pass_host
def send(host: Host, maildir: Path | None, smtp: str | None, at: datetime | None) -> int:
    """Send what waits, to systems and as letters.

    As `servflow mail`, with every message that did not leave, and why. To be called again and again.
    """
    desk = delivering(host, maildir, smtp)
    result = desk.deliver(at or now())
    failed = list(_as_they_are(desk.storage, result.failed))
    postponed = list(_as_they_are(desk.storage, result.postponed))
    if host.json:
        lists = {"failed": list(map(_plain, failed)), "postponed": list(map(_plain, postponed))}
        as_json({"sent": result.sent, **lists})
    else:
        for title, found in (("failed", failed), ("put off", postponed)):
            if found:
                rows = [(o.message.to, o.message.kind, o.message.about.id, o.note) for o in found]
                table(title, ("to", "kind", "about", "why"), rows)
        say(f"{result.sent} sent, {len(failed)} failed, {len(postponed)} put off")
    return 1 if failed else 0


def _as_they_are(storage: Storage, tried: Iterable[Outgoing]) -> Iterator[Outgoing]:
    """These messages with what became of them."""
    keys = {each.message.key: each for each in tried}
    for about in dict.fromkeys(each.message.about for each in keys.values()):
        yield from (each for each in storage.outbox(about=about) if each.message.key in keys)


def _plain(outgoing: Outgoing) -> dict[str, str]:
    message = outgoing.message
    return {"key": message.key, "to": message.to, "kind": message.kind, "why": outgoing.note}


@partner.command()
@click.argument("what", metavar="KEY|ID")
@click.option("--edition", type=click.Choice([each.value for each in Edition]), help="Of this edition.")
@click.option("--dialect", type=click.Choice([each.value for each in Dialect]), help="In this dialect.")
@host_options
@pass_host
def show(host: Host, what: str, edition: str | None, dialect: str | None) -> None:
    """What other libraries are told, as it leaves.

    One message, or all about ID; in the edition and the dialect of the system of whom it is for,
    otherwise in 1.2 and as the standard says.
    """
    sender = host.facts_file.library.ref
    document = []
    for each in _found(host.storage(), what):
        message = each.message
        try:
            system = host.facts_file.party(message.to).system
        except NotFound:
            system = None
        told = write(
            message,
            sender=sender,
            edition=Edition(edition or (system and system.edition) or Edition.V1_2.value),
            dialect=Dialect(dialect or (system and system.dialect) or Dialect.STANDARD.value),
            sent_at=each.committed_at,
            card=system.account or None if system is not None else None,
        )
        document.append({**_plain(each), "status": each.status.value, "xml": told.decode()})
    if host.json:
        as_json(document)
        return
    for row in document:
        say(row["xml"].rstrip("\n"))


def _found(storage: Storage, what: str) -> list[Outgoing]:
    """The message of that key, otherwise all for other libraries about the aggregate of that id.

    Raises:
        NotFound: there is none.
    """
    exact = [each for each in storage.outbox() if each.message.key == what and for_a_desk(each.message)]
    if exact:
        return exact
    found = [each for each in storage.outbox(about=find(storage, what).key) if for_a_desk(each.message)]
    if not found:
        raise NotFound("message for another library", what)
    return found
