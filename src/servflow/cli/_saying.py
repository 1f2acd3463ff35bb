"""Something said to a desk: when, by whom, with what; what became of it, and what else may be said."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, BinaryIO, TypeVar

import attrs
import click

from servflow.adapters.ids_uuid import UuidIds
from servflow.cli._fields import Readers, own_fields, typed
from servflow.cli._host import EVERY, Host, instant, now
from servflow.cli._mailed import Mailed
from servflow.cli._show import as_json, say, table
from servflow.cli._stored import stored
from servflow.codec import read
from servflow.core.changes import Actor, Aggregate, Command, Key
from servflow.core.citations import Reason
from servflow.core.errors import InvalidCommand, Problem
from servflow.core.ports import Receipt
from servflow.desk import Desk

__all__ = [
    "Outcome",
    "Saying",
    "Typed",
    "give",
    "own",
    "tell",
    "tell_allowed",
    "timed",
    "with_fields",
]

F = TypeVar("F", bound=Callable[..., Any])


@attrs.frozen(kw_only=True)
class Saying:
    """When something happened and was recorded, and under which id."""

    at: datetime | None
    recorded_at: datetime | None
    command_id: str | None

    def __attrs_post_init__(self) -> None:
        if self.command_id is not None and self.at is None:
            raise click.UsageError("--id goes with --at: said again, a command has the same instant")

    def by_mail(self, mail: Mailed, kind: type[Command], after: datetime | None = None) -> Saying:
        """The same, with what the mail says of it where nothing was typed: its date, an id of its own."""
        recorded = self.recorded_at or now()
        return Saying(
            at=self.at or mail.happened_at(recorded, after),
            recorded_at=recorded,
            command_id=self.command_id or mail.command_id(kind),
        )

    def settled(self) -> Saying:
        """The same with all that was left open: the present instant, a fresh id."""
        recorded = self.recorded_at or now()
        return Saying(
            at=self.at or recorded, recorded_at=recorded, command_id=self.command_id or UuidIds().new()
        )

    def envelope(self) -> dict[str, Any]:
        """Id and instants of the command."""
        it = self.settled()
        assert it.at is not None
        assert it.recorded_at is not None
        return {
            "id": it.command_id,
            "happened_at": it.at.isoformat(),
            "recorded_at": it.recorded_at.isoformat(),
        }


def timed(command: F) -> F:
    """The options of a ``Saying``, and the argument ``saying`` made of them."""

    @functools.wraps(command)
    def told(*arguments: Any, **options: Any) -> Any:
        parts = {name: options.pop(name) for name in ("at", "recorded_at", "command_id")}
        return command(*arguments, saying=Saying(**parts), **options)

    made: Any = told
    for option in (
        click.option(
            "--id",
            "command_id",
            help="The command's id, with --at: the same one twice counts once (a fresh one).",
        ),
        click.option("--recorded-at", type=instant, help="When it is recorded (now)."),
        click.option("--at", type=instant, help="When it happened (when it is recorded)."),
    ):
        made = option(made)
    return made  # type: ignore[no-any-return]


@attrs.frozen
class Typed:
    """The fields of a command as they were typed, and the file with more of them."""

    assignments: tuple[str, ...]
    data: BinaryIO | None

    def said(self, name: str) -> str | None:
        """What was typed for a field, before anything is read."""
        texts = (each.partition("=") for each in self.assignments)
        return next((text for field, _, text in texts if field == name), None)


def with_fields(command: F) -> F:
    """The fields of a command and the option ``--data``, and the argument ``fields`` made of them."""

    @functools.wraps(command)
    def told(*arguments: Any, **options: Any) -> Any:
        fields = Typed(options.pop("assignments"), options.pop("data"))
        return command(*arguments, fields=fields, **options)

    data = click.option("--data", type=click.File("rb"), help="Fields as a JSON object (-: standard input).")
    made: Any = click.argument("assignments", nargs=-1, metavar="[NAME=VALUE]...")(data(told))
    return made  # type: ignore[no-any-return]


def own(
    host: Host, kind: type[Command], fields: Typed, readers: Readers = MappingProxyType({})
) -> dict[str, Any]:
    """What a command says beside its envelope, from the file and as typed."""
    document = read(fields.data.read()) if fields.data else {}
    if not isinstance(document, dict):
        raise InvalidCommand("command", [Problem("--data", type(document).__name__, "a JSON object")])
    currency = host.policy(EVERY.of(kind).name).currency
    return typed(kind, fields.assignments, currency, data=document, readers=readers)


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of an aggregate that something was said to."""

    before: Aggregate | None
    it: Aggregate
    kind: type[Command]
    """Which command was given,"""
    followed: tuple[Any, ...]
    """and those that followed of themselves, as they stand in the journal."""
    receipt: Receipt

    @property
    def reasons(self) -> tuple[Any, ...]:
        """Why what followed did, as it stands in the journal."""
        return tuple(reason for said in self.followed for reason in said.get("reasons", ()))

    def plain(self, host: Host) -> dict[str, Any]:
        """The same for machines."""
        return {
            "id": self.it.id,
            "state": self.it.state.value,
            "version": self.it.version,
            "followed": [said["command"] for said in self.followed],
            "repeated": self.receipt.repeated,
            "receipt": host.codec.encode(self.receipt),
        }

    def line(self, host: Host) -> str:
        """The same for a person, in one line."""
        names = (self.kind.__name__, *(said["command"] for said in self.followed))
        given = "; ".join(host.texts.name("command", name) for name in names)
        again = " (given before; nothing changed)" if self.receipt.repeated else ""
        return f"{self.it.id}: {given} -> {host.texts.state(self.it.kind, self.it.state)}{again}"


def give(
    host: Host,
    desk: Desk,
    key: Key,
    kind: type[Command],
    said: Mapping[str, Any],
    *,
    by: Actor,
    saying: Saying,
) -> Outcome:
    """Give a command that says this beside its envelope; nothing is shown."""
    before = stored(desk.storage, key)
    envelope = {"command": kind.__name__, "case": key.id, "by": host.codec.encode(by), **saying.envelope()}
    receipt = desk.do(host.codec.decode_command({**said, **envelope}))
    it = desk.storage.load(key)
    journal = desk.storage.journal(key, after=0 if before is None else before.version)
    _, *followed = [entry.document["command"] for entry in journal] or [{}]
    return Outcome(before=before, it=it, kind=kind, followed=tuple(followed), receipt=receipt)


def tell(host: Host, outcome: Outcome, mail: Mailed | None = None) -> None:
    """What has become of it: the command, what followed of itself, and why; what staff are to see.

    ``mail`` is the one that said so.
    """
    reasons = [host.codec.decode(reason, Reason) for reason in outcome.reasons]
    reasons += [each for each in _attention(outcome.it) if each not in _attention(outcome.before)]
    texts = [host.texts.reason(reason) for reason in reasons]
    if host.json:
        as_json(
            {
                **outcome.plain(host),
                "reasons": host.codec.encode(reasons),
                "texts": texts,
                **({} if mail is None else {"mail": mail.told()}),
            }
        )
        return
    for line in () if mail is None else mail.lines():
        say(line)
    say("\n".join((outcome.line(host), *(f"  - {text}" for text in texts))))


def _attention(it: Aggregate | None) -> tuple[Reason, ...]:
    found: tuple[Reason, ...] = getattr(it, "attention", ())
    return found


def tell_allowed(
    host: Host,
    desk: Desk,
    it: Aggregate,
    by: Actor,
    at: datetime,
    role: str,
    words: Mapping[str, str] = MappingProxyType({}),
    table: Callable[..., None] = table,
) -> None:
    """What somebody may say to it at that instant, and why not the rest; ``words`` in another language."""
    rows = []
    document = []
    for command, reasons in desk.allowed(it.key, by, at).items():
        fields = list(own_fields(command))
        texts = [host.texts.reason(reason) for reason in reasons or ()]
        found = None if reasons is None else host.codec.encode(list(reasons))
        document.append({"command": command.__name__, "fields": fields, "reasons": found, "texts": texts})
        verdict = "depends on its fields" if reasons is None else "\n".join(texts) or "yes"
        verdict = words.get(verdict, verdict)
        rows.append((command.__name__, host.texts.command(command), ", ".join(fields), verdict))
    if host.json:
        as_json(document)
    else:
        title = words.get("title") or f"{it.id}, as {role}"
        table(title, ("command", "in words", "fields", "allowed now"), rows)
