"""Something said to the desk: when, by whom, with what; a reader's request, and what a supplier said."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final, TypeVar

import attrs
import click

from servflow.adapters.ids_uuid import UuidIds
from servflow.cli._fields import Readers, own_fields, typed
from servflow.cli._host import EVERY, Host, Kept, day, find, host_options, instant, now, other, pass_host
from servflow.cli._mailed import Mailed, mailed, with_mail
from servflow.cli._show import as_json, say, table
from servflow.codec import read
from servflow.core.changes import Actor, Aggregate, Command, Key
from servflow.core.citations import Reason
from servflow.core.errors import InvalidCommand, NotFound, Problem
from servflow.core.ill.borrowing.commands import DraftRequest, Hear, Submit
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.terms import Level, Requested, Service
from servflow.core.ports import Receipt
from servflow.desk import Desk

__all__ = [
    "Saying",
    "given",
    "hear",
    "own",
    "request",
    "spoken",
    "stored",
    "tell_allowed",
    "timed",
    "with_fields",
]

F = TypeVar("F", bound=Callable[..., Any])

_CITED: Final = tuple(field.name for field in fields(Requested))
_HEARD: Final[Mapping[str, type[Command]]] = {
    re.sub("(?<=.)(?=[A-Z])", "-", each.__name__.removeprefix("Hear")).lower(): each
    for each in BORROWING.commands
    if issubclass(each, Hear)
}
"""What a supplier may have said, by its name on the line: ``renewal-answer``."""


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

    def envelope(self) -> dict[str, Any]:
        """Id and instants of the command."""
        recorded = self.recorded_at or now()
        return {
            "id": self.command_id or UuidIds().new(),
            "happened_at": (self.at or recorded).isoformat(),
            "recorded_at": recorded.isoformat(),
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


def with_fields(command: F) -> F:
    """The argument ``assignments`` and the option ``data``, for ``own``."""
    data = click.option("--data", type=click.File("rb"), help="Fields as a JSON object (-: standard input).")
    return click.argument("assignments", nargs=-1, metavar="[NAME=VALUE]...")(data(command))


def own(
    host: Host,
    kind: type[Command],
    assignments: Iterable[str],
    data: BinaryIO | None,
    readers: Readers = MappingProxyType({}),
) -> dict[str, Any]:
    """What a command says beside its envelope, from the file and as typed."""
    document = read(data.read()) if data else {}
    if not isinstance(document, dict):
        raise InvalidCommand("command", [Problem("--data", type(document).__name__, "a JSON object")])
    currency = host.policy(EVERY.of(kind).name).currency
    return typed(kind, assignments, currency, data=document, readers=readers)


def given(
    host: Host,
    desk: Desk,
    key: Key,
    kind: type[Command],
    said: Mapping[str, Any],
    *,
    by: Actor,
    saying: Saying,
    mail: Mailed | None = None,
) -> None:
    """Give a command that says this beside its envelope; tell what has become of its aggregate.

    ``mail`` is the one that says so.
    """
    it = stored(desk, key)
    envelope = {"command": kind.__name__, "case": key.id, "by": host.codec.encode(by), **saying.envelope()}
    receipt = desk.do(host.codec.decode_command({**said, **envelope}))
    _tell(host, desk, key, kind, before=it, receipt=receipt, mail=mail)


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


def spoken(host: Host, desk: Desk, key: Key, said: Mapping[str, Any], role: str) -> Actor:
    """Who says this in that role to a transaction, a relation or a case, which may be yet to be opened."""
    it = stored(desk, key)
    if it is None:
        speaker: str | None = str(said.get("patron" if role == "patron" else "requester", key.id))
    else:
        assert isinstance(it, Kept)
        speaker = other(it, role, said.get("attempt"))
    return host.actor(role, key.kind, speaker)


def stored(desk: Desk, key: Key) -> Aggregate | None:
    """The aggregate of that key, if there is one."""
    try:
        return desk.storage.load(key)
    except NotFound:
        return None


def _tell(
    host: Host,
    desk: Desk,
    key: Key,
    kind: type[Command],
    *,
    before: Aggregate | None,
    receipt: Receipt,
    mail: Mailed | None = None,
) -> None:
    """What has become of it: the command, what followed of itself, and why; what staff are to see."""
    it = stored(desk, key)
    assert it is not None  # it was said to this
    version = 0 if before is None else before.version
    _, *followed = [entry.document["command"] for entry in desk.storage.journal(key, after=version)] or [{}]
    given = [host.codec.decode(reason, Reason) for said in followed for reason in said.get("reasons", ())]
    reasons = [*given, *(each for each in _attention(it) if each not in _attention(before))]
    texts = [host.texts.reason(reason) for reason in reasons]
    if host.json:
        as_json(
            {
                "id": it.id,
                "state": it.state.value,
                "version": it.version,
                "followed": [said["command"] for said in followed],
                "reasons": host.codec.encode(reasons),
                "texts": texts,
                "repeated": receipt.repeated,
                "receipt": host.codec.encode(receipt),
                **({} if mail is None else {"mail": mail.told()}),
            }
        )
        return
    for line in () if mail is None else mail.lines():
        say(line)
    names = [host.texts.name("command", name) for name in (kind.__name__, *(s["command"] for s in followed))]
    again = " (given before; nothing changed)" if receipt.repeated else ""
    says = f"{it.id}: {'; '.join(names)} -> {host.texts.state(it.kind, it.state)}{again}"
    say("\n".join((says, *(f"  - {text}" for text in texts))))


def _attention(it: Aggregate | None) -> tuple[Reason, ...]:
    found: tuple[Reason, ...] = getattr(it, "attention", ())
    return found


def _one_of(kind: type[Service] | type[Level]) -> click.Choice[str]:
    return click.Choice([each.value for each in kind])


@click.command(
    epilog="For instance: servflow ill request B-17 --patron p-17 --title 溪山琴谱 --max-cost 30 --declared"
)
@click.argument("id")
@click.option("--patron", required=True, metavar="REF", help="The reader who asks.")
@click.option("--title", default="", help="What is asked for: its title.")
@click.option("--author", default="", help="Its author.")
@click.option("--edition", default="", help="Which edition.")
@click.option("--volume", default="", help="Which volume.")
@click.option("--publisher", default="", help="Its publisher.")
@click.option("--year", default="", help="The year of its publication.")
@click.option("--record-id", "record_ids", multiple=True, metavar="ID", help="Such as ISBN:1; repeatable.")
@click.option("--article", default="", help="What of it is to be copied: the article's title.")
@click.option("--pages", default="", help="Which pages are to be copied, as cited.")
@click.option("--service", type=_one_of(Service), default="Loan", show_default=True, help="What is wanted.")
@click.option("--level", type=_one_of(Level), default="Normal", show_default=True, help="How fast.")
@click.option("--need-before", type=day, help="The last day on which it is of use.")
@click.option("--max-cost", metavar="AMOUNT", help="What it may cost without asking again.")
@click.option("--supplier", "suppliers", multiple=True, metavar="REF", help="Whom to ask; repeatable.")
@click.option("--delivery", metavar="WAY", help="How it is wanted, such as 'Email p@example.org'.")
@click.option("--forwardable", is_flag=True, help="A supplier may pass it on to another one.")
@click.option("--note", default="", help="A note of the reader's.")
@click.option("--declared", is_flag=True, help="The reader has accepted the terms (copyright).")
@click.option("--draft", is_flag=True, help="Only write it down; it is filed later, with Submit.")
@click.option(
    "--as",
    "role",
    type=click.Choice(["staff", "patron"]),
    default="staff",
    show_default=True,
    help="Who speaks.",
)
@timed
@host_options
@pass_host
def request(
    host: Host,
    /,
    id: str,
    *,
    patron: str,
    need_before: date | None,
    suppliers: tuple[str, ...],
    declared: bool,
    draft: bool,
    role: str,
    saying: Saying,
    **options: Any,
) -> None:
    """Write down a reader's request, and file it.

    ID is the case that it opens. Filed, it is checked by the rules: blocked, shown to staff, or
    ordered at once. What may not be filed stays a draft.
    """
    terms = [f"{name}={options.pop(name) or 'none'}" for name in ("max_cost", "delivery")]
    cited = {name: options.pop(name, "") for name in _CITED}
    said = {
        **typed(DraftRequest, terms, host.policy(BorrowingCase.kind).currency, data={}),
        **options,
        "patron": patron,
        "library": host.facts_file.library.ref,
        "requested": {**cited, "record_ids": list(cited["record_ids"])},
        "need_before": None if need_before is None else need_before.isoformat(),
        "suppliers": list(suppliers),
    }
    desk = host.desk(new=True)
    by = host.codec.encode(host.actor(role, BorrowingCase.kind, patron))
    envelope = {"case": id, "by": by, **saying.envelope()}
    key = Key(BorrowingCase.kind, id)
    before = stored(desk, key)
    kind: type[Command] = DraftRequest
    receipt = desk.do(host.codec.decode_command({**said, "command": kind.__name__, **envelope}))
    if not draft:
        kind, before = Submit, stored(desk, key)
        said = {"command": kind.__name__, "declared": declared, **envelope, "id": f"{envelope['id']}/submit"}
        receipt = desk.do(host.codec.decode_command(said))
    _tell(host, desk, key, kind, before=before, receipt=receipt)


@click.command(
    help=f"""Enter what a supplier said of a case, by mail or telephone.

    WHAT is one of {", ".join(sorted(_HEARD))}. It is refused in no state: what has no place there is
    shown to staff. With --mail, the ID may be -: the case that the mail answers.
    """,
    epilog="For instance: servflow ill hear B-17 shipped items=CQ-1 due=2026-04-30",
)
@click.argument("id")
@click.argument("what", type=click.Choice(sorted(_HEARD)), metavar="WHAT")
@with_fields
@click.option("--attempt", type=click.IntRange(min=1), help="Of which attempt, from 1 (the present one).")
@with_mail
@timed
@host_options
@pass_host
def hear(
    host: Host,
    id: str,
    what: str,
    assignments: tuple[str, ...],
    *,
    attempt: int | None,
    mail: Path | None,
    from_somebody_else: bool,
    saying: Saying,
    data: BinaryIO | None,
) -> None:
    """Enter what a supplier said of a case; see the help above."""
    kind = _HEARD[what]
    desk = host.desk()
    said_by = None if mail is None else mailed(mail, desk.storage, BorrowingCase.kind, id)
    id = id if said_by is None else said_by.key.id
    it = stored(desk, Key(BorrowingCase.kind, id))
    if not isinstance(it, BorrowingCase):
        told = f"what its borrower says is entered with `servflow ill do {id} COMMAND`"
        raise click.UsageError(f"{find(desk.storage, id).id} is no case; {told}")
    number = attempt or (it.current if said_by is None else said_by.attempt(it))
    if number is None:
        raise click.UsageError(f"{id}: no supplier has been asked yet")
    said = {"attempt": number, **own(host, kind, assignments, data)}
    if said_by is not None:
        said = said_by.fields(kind, said)
        asked = it.numbered(said["attempt"])
        if asked is not None:
            said_by.check_sender(host, asked.supplier, somebody_else=from_somebody_else)
        saying = saying.by_mail(said_by, kind, None if asked is None else asked.sent_at)
    by = spoken(host, desk, it.key, said, "staff")
    given(host, desk, it.key, kind, said, by=by, saying=saying, mail=said_by)
