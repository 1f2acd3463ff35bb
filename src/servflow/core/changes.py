"""What is said and what comes of it: commands, entries, messages, and the one ``Change``.

1. An aggregate is a value with an id, a state and a version. Nobody changes it; a decision
   returns the next one.
2. A ``Change`` is everything that is to be true and to be done after one command. Nothing has
   happened until a storage commits it, whole.
3. An entry holds alterations, never a snapshot. ``fold`` puts them together again without running
   any decision, on values and on stored plain data alike: absent, ``None`` and empty are one and
   the same there, so that a field that a later release adds does not change an old journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

from servflow.core.checks import check_said
from servflow.core.citations import Plain, Reason
from servflow.core.dates import aware, lies_after
from servflow.core.errors import AlreadyExists, InvalidValue, ServflowError, StaleVersion
from servflow.core.ledger import Posting

__all__ = [
    "Actor",
    "Aggregate",
    "Alteration",
    "Append",
    "Change",
    "Command",
    "Drop",
    "Entry",
    "Key",
    "Message",
    "Office",
    "Put",
    "Set",
    "Withdrawal",
    "altered",
    "fold",
]


class Office(Enum):
    """In what office somebody acts; the host authenticates him and says which."""

    PERSON = "person"  # a patron, a customer, an owner: for himself
    STAFF = "staff"  # somebody employed where he serves
    SYSTEM = "system"  # a program of the institution it serves
    CLOCK = "clock"  # time itself: nobody asked


@dataclass(frozen=True, slots=True)
class Actor:
    """Who gives a command: an opaque reference, the institution he acts for, his office.

    Journals keep ``party`` for ever: it is a reference that the host can resolve or forget, never a name.
    ``posts`` (岗位) are those in which a member of staff serves, such as ``engineer`` or ``supervisor``,
    where a desk tells them apart; one that a desk does not know means nothing there.
    """

    party: str
    serves: str
    office: Office
    posts: tuple[str, ...] = ()

    @classmethod
    def policy(cls, institution: str) -> Actor:
        """The institution acting by its own rules: one of its programs."""
        return cls("policy", institution, Office.SYSTEM)

    @classmethod
    def clock(cls, institution: str) -> Actor:
        """Time itself, at the institution."""
        return cls("clock", institution, Office.CLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing that somebody says to one aggregate; subclasses add what he says.

    ``id`` is given by who sends it and makes it idempotent: the same command twice counts once.
    ``case`` is the id of the aggregate. ``happened_at`` may lie before ``recorded_at`` (a return
    found in the book drop), never after it. ``must_say`` names the texts of a subclass that are never
    empty, such as the reason of what needs one.

    Raises:
        InvalidValue: an empty id or case, a naive datetime, something that happened after it was
            recorded, or a text of ``must_say`` that is empty.
    """

    must_say: ClassVar[tuple[str, ...]] = ()

    id: str
    case: str
    by: Actor
    happened_at: datetime
    recorded_at: datetime

    def __post_init__(self) -> None:
        check_said("id", self.id)
        check_said("case", self.case)
        aware("happened_at", self.happened_at)
        aware("recorded_at", self.recorded_at)
        if lies_after(self.happened_at, self.recorded_at):
            expected = f"an instant not after recorded_at ({self.recorded_at.isoformat()})"
            raise InvalidValue("happened_at", self.happened_at.isoformat(), expected)
        for name in self.must_say:
            check_said(name, getattr(self, name))

    def entailed(self, word: str, *, case: str, by: Actor) -> dict[str, Any]:
        """The envelope of a command that this one brings with it in the same change.

        It goes to ``case``, happens when this one happens, and is named after it with ``word``.
        """
        return {
            "id": f"{self.id}/{word}",
            "case": case,
            "by": by,
            "happened_at": self.happened_at,
            "recorded_at": self.recorded_at,
        }


class Key(NamedTuple):
    """Which aggregate: its kind (``ill.supply``) and its id."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What has a lifecycle: subclasses name their ``kind``, their enum of states, their fields.

    ``version`` counts the journal entries so far. Every field that a subclass adds is a value, of
    one type or ``None``: sequences are tuples, mappings are dicts with text keys that nobody
    changes. One added after a release defaults to ``None`` or to an empty tuple or dict.
    """

    kind: ClassVar[str]

    id: str
    state: Enum
    version: int = 0

    @property
    def key(self) -> Key:
        """Its kind and id."""
        return Key(self.kind, self.id)


@dataclass(frozen=True, slots=True)
class Set:
    """A field is ``value`` from now on."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Append:
    """``values`` are added at the end of a sequence."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Put:
    """A mapping has ``value`` under ``name`` from now on."""

    field: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Drop:
    """A mapping no longer has ``name``."""

    field: str
    name: str


Alteration = Set | Append | Put | Drop


@cache
def _fields_of(model: type[Aggregate]) -> tuple[tuple[str, ...], attrgetter[tuple[Any, ...]]]:
    names = tuple(field.name for field in fields(model) if field.name not in ("id", "version"))
    return names, attrgetter(*names, "id")  # the id makes it a tuple, and is cut off by the names


def altered(before: Aggregate | None, after: Aggregate) -> tuple[Alteration, ...]:
    """What an entry says became different; ``before`` is None where ``after`` was just opened.

    Sequences that only grew give ``Append``, mappings give ``Put`` and ``Drop``, so that an
    entry's size does not depend on how long the history is. Id and version are the entry's own.
    """
    names, read = _fields_of(type(after))  # type: ignore[arg-type]  # mypy asks its instances for a hash
    if before is None:
        pairs = zip(names, read(after), strict=False)
        return tuple([Set(name, value) for name, value in pairs if value or not _nothing(value)])
    result: list[Alteration] = []
    for name, old, new in zip(names, read(before), read(after), strict=False):
        if old is not new and old != new:
            result += _alterations(name, old, new)
    return tuple(result)


def _alterations(name: str, old: Any, new: Any) -> list[Alteration]:
    if type(new) is tuple and old and new[: len(old)] == old:
        return [Append(name, new[len(old) :])]
    if type(new) is dict and new and old:
        drops = [Drop(name, part) for part in old if part not in new]
        puts = [
            Put(name, part, value) for part, value in new.items() if part not in old or old[part] != value
        ]
        return [*puts, *drops]  # in this order nothing is empty in between
    return [Set(name, new)]


def fold(start: Mapping[str, Any], alterations: Iterable[Alteration]) -> dict[str, Any]:
    """The fields after ``alterations``, from those before; absent means ``None`` or empty.

    Works on core values and on stored plain data (where a sequence is a list) alike, and knows
    nothing of any decision, table or class.

    Raises:
        InvalidValue: an alteration does not fit what was there; the journal is damaged.
    """
    result: dict[str, Any] = dict(start)
    for alteration in alterations:
        name = alteration.field
        old = result.get(name)
        match alteration:
            case Set(_, value):
                result[name] = value
            case Append(_, values) if isinstance(old, (tuple, list)) and old:
                result[name] = [*old, *values] if isinstance(old, list) else (*old, *values)
            case Put(_, part, value) if isinstance(old, Mapping):
                result[name] = {**old, part: value}
            case Drop(_, part) if isinstance(old, Mapping) and part in old:
                result[name] = {key: value for key, value in old.items() if key != part}
            case _:
                raise InvalidValue(f"journal, field {name}", alteration, f"one that fits {old!r}")
        if _nothing(result[name]):
            del result[name]
    return result


def _nothing(value: object) -> bool:
    return value is None or (isinstance(value, (tuple, list, dict)) and not value)


class Entry(NamedTuple):
    """One line of an aggregate's journal: who said what, in which role, and what became of it.

    ``seq`` is the aggregate's version after it, counted from 1. ``facts`` are those the decision
    was made on; ``rulebook`` and ``calendar`` are the digests of what it was made under.
    """

    key: Key
    seq: int
    command: Command
    role: str
    facts: Any
    rulebook: str
    calendar: str
    alterations: tuple[Alteration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to be told to one party, later, from the outbox.

    ``key`` is unique and stable: it becomes the Message-ID, so a mail delivered twice is
    recognised. ``to`` is a party's reference; name, address and language are asked when it is
    sent. ``kind`` names the text; ``facts`` and ``reasons`` fill it in any language.
    ``supersedes`` lists kinds: unsent messages of those kinds, about the same aggregate and to
    the same party, are recorded as superseded by this one and are not sent.
    """

    key: str
    to: str
    kind: str
    about: Key
    facts: tuple[tuple[str, Plain], ...] = ()
    reasons: tuple[Reason, ...] = ()
    not_before: datetime | None = None
    supersedes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        it: Aggregate,
        kind: str,
        to: str,
        facts: tuple[tuple[str, Plain], ...] = (),
        reasons: tuple[Reason, ...] = (),
        *,
        word: str | None = None,
        not_before: datetime | None = None,
        supersedes: tuple[str, ...] = (),
    ) -> Message:
        """What is told about ``it`` with its next step.

        ``word`` ends the key: the kind, or more, where one step tells several parties the same kind.
        """
        return cls(
            key=f"{it.kind}/{it.id}/{it.version + 1}/{kind if word is None else word}",
            to=to,
            kind=kind,
            about=it.key,
            facts=facts,
            reasons=reasons,
            not_before=not_before,
            supersedes=supersedes,
        )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Unsent messages of these kinds about this aggregate are not to be sent any more."""

    about: Key
    kinds: tuple[str, ...]


class Change(NamedTuple):
    """All that one command makes true, and all that is to be done: commit the whole, or nothing.

    ``becomes`` holds each aggregate after it; ``expects`` the version of every aggregate read,
    0 for one that was not there; ``wakes`` when to look at each again, None for never.
    """

    command: Command
    becomes: tuple[Aggregate, ...]
    expects: tuple[tuple[Key, int], ...]
    entries: tuple[Entry, ...]
    messages: tuple[Message, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    postings: tuple[Posting, ...] = ()
    wakes: tuple[tuple[Key, datetime | None], ...] = ()

    def clash(self, key: Key, expected: int, found: int) -> ServflowError:
        """What a storage raises that has ``key`` at version ``found`` where the change expects another.

        ``AlreadyExists`` where the change was to open it, otherwise ``StaleVersion``.
        """
        if any(entry.key == key and entry.seq == 1 for entry in self.entries):
            return AlreadyExists(key.kind, key.id)
        return StaleVersion(key.kind, key.id, expected, found)
