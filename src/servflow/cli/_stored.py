"""What is stored: found by id, read kind by kind; one of them with its journal, its postings, its mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import attrs

from servflow.cli._host import Host
from servflow.cli._show import as_json, table
from servflow.core.changes import Aggregate, Key
from servflow.core.errors import NotFound
from servflow.core.ledger import Posting
from servflow.core.ports import Outgoing, Storage

__all__ = [
    "Beside",
    "Words",
    "every",
    "field_rows",
    "first_of",
    "loaded",
    "plain",
    "shown_whole",
    "stored",
]

T = TypeVar("T", bound=Aggregate)

_PAGE: Final = 1000


def stored(storage: Storage, key: Key) -> Aggregate | None:
    """The aggregate of that key, if there is one."""
    try:
        return storage.load(key)
    except NotFound:
        return None


def loaded(storage: Storage, kind: type[T], id: str) -> T:
    """The aggregate of that class and id.

    Raises:
        NotFound: there is none.
    """
    it = storage.load(Key(kind.kind, id))
    assert isinstance(it, kind)
    return it


def first_of(storage: Storage, kinds: Iterable[type[T]], id: str, expected: str) -> T:
    """What has that id, of the first of these classes that has one.

    Raises:
        NotFound: there is none of what is ``expected``.
    """
    for kind in kinds:
        it = stored(storage, Key(kind.kind, id))
        if it is not None:
            assert isinstance(it, kind)
            return it
    raise NotFound(expected, id)


def every(storage: Storage, kind: type[T]) -> Iterator[T]:
    """All aggregates of that class, in the order of their ids, a page at a time."""
    after = ""
    while page := storage.aggregates(kind.kind, after=after, limit=_PAGE):
        for it in page:
            assert isinstance(it, kind)
            yield it
        after = page[-1].id


def plain(host: Host, it: Aggregate) -> dict[str, Any]:
    """An aggregate for machines."""
    return {"kind": it.kind, "id": it.id, "version": it.version, **host.codec.encode_aggregate(it)}


def field_rows(host: Host, it: Aggregate) -> list[tuple[str, str]]:
    """Its fields and their values, for a table."""
    fields = host.codec.encode_aggregate(it).items()
    return [(name, _line(value)) for name, value in fields if value != ""]


@attrs.frozen(kw_only=True)
class Words:
    """How a table of title, columns and rows is shown, and how its instants, roles and states read."""

    instant: Callable[[datetime], str]
    table: Callable[..., None] = table
    role: Callable[[str], str] = str
    status: Callable[[str], str] = str


@attrs.frozen
class Beside:
    """What is stored beside an aggregate: its journal, the postings and the mail about it."""

    journal: Sequence[Any]
    postings: Sequence[Posting]
    outbox: Sequence[Outgoing]

    @classmethod
    def of(cls, storage: Storage, it: Aggregate) -> Beside:
        """What the storage has of it."""
        return cls(
            [entry.document for entry in storage.journal(it.key)],
            list(storage.postings(subject=it.id)),
            list(storage.outbox(about=it.key)),
        )

    def plain(self, host: Host) -> dict[str, Any]:
        """The same for machines."""
        encode = host.codec.encode
        return {
            "journal": self.journal,
            "postings": encode(list(self.postings)),
            "outbox": encode(list(self.outbox)),
        }

    def show(self, host: Host, kind: str, words: Words | None = None) -> None:
        """The same as tables; in other ``words`` than those of the loan desk."""
        words = words or Words(instant=lambda at: host.texts.instant(at, host.policy(kind).zone))
        texts = host.texts
        words.table(
            "journal",
            ("#", "happened", "recorded", "command", "by"),
            [_entry(host, words, entry) for entry in self.journal],
        )
        moved = [
            (
                texts.day(p.value_date),
                str(p.debit),
                str(p.credit),
                texts.money(p.amount),
                texts.charge_kind(p.kind),
            )
            for p in self.postings
        ]
        if moved:
            words.table("postings", ("day", "debit", "credit", "amount", "for"), moved)
        mail = [(o.message.to, o.message.kind, words.status(o.status.value), o.note) for o in self.outbox]
        if mail:
            words.table("mail", ("to", "kind", "status", "note"), mail)


def shown_whole(host: Host, storage: Storage, it: Aggregate) -> None:
    """All of it: fields, journal, postings, mail."""
    beside = Beside.of(storage, it)
    if host.json:
        as_json({**plain(host, it), **beside.plain(host)})
        return
    table(f"{it.kind} {it.id}", ("field", "value"), field_rows(host, it))
    beside.show(host, it.kind)


def _entry(host: Host, words: Words, entry: Any) -> tuple[str, ...]:
    command = entry["command"]
    happened, recorded = (
        words.instant(datetime.fromisoformat(command[name])) for name in ("happened_at", "recorded_at")
    )
    by = f"{command['by']['party']} ({words.role(entry['role'])})"
    if command.get("evidence"):  # by what staff know what somebody else has said
        by += f": {command['evidence']}"
    return str(entry["seq"]), happened, recorded, host.texts.name("command", command["command"]), by


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_line(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_line, value))
    return str(value)
