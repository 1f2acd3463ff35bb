"""Deciding again what was decided, under the rulebooks that the entries name: is it still the same?

1. A change is decided again on what its aggregates were before it, which their journals give, and on
   the facts stored with it. What comes of it is compared with what is stored: entries with all their
   parts, those of entailed and following commands among them, messages and postings.
2. Whatever comes of it now, the next change is decided on what is stored: one difference makes no other.
3. Of an aggregate that was only looked at, no version is on record, and instants do not tell it: a
   command may be recorded before it is decided, or long after. So a decision is called different only
   where no version of it gives what is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from servflow.codec import Codec, canonical, folded_on, read
from servflow.codec.records import entry_of
from servflow.core.changes import Aggregate, Change, Command, Key
from servflow.core.errors import DamagedRecord, InvalidValue, MissingValue, ServflowError
from servflow.core.lifecycle import Lifecycles, Policies, Policy, decide
from servflow.core.ports import StoredEntry
from servflow.core.records import EntryRecord, MessageRecord, PostingRecord, ReceiptRecord, Record
from servflow.desk._joins import CHANGES
from servflow.desk._scratch import scratch

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Difference", "Undecided", "redecide"]


@attrs.frozen
class Difference:
    """Something that a decision would make another now: ``stored`` and ``now`` are JSON, or words."""

    where: str
    field: str
    stored: str
    now: str


@attrs.frozen
class Undecided:
    """A command that was not decided again, and why; that is no difference."""

    where: str
    why: str


def redecide(
    lifecycles: Lifecycles,
    records: Iterable[Record],
    policies: Mapping[tuple[str, str], Policy],
    *,
    facts: type | dict[str, type] | None = None,
) -> Iterator[Difference | Undecided]:
    """What would be decided otherwise now than it was, command by command, as they were recorded.

    ``policies`` are found by the digests of rulebook and calendar. ``facts`` is the class of the facts
    that commands were decided on, or the class for each lifecycle by its name; without it, only those
    are decided again that had none. Needs as much room on the disk, for a while, as the journals take.

    Raises:
        DamagedRecord: the records do not belong to each other; the audit says how.
    """
    with scratch(_TABLES) as cursor:
        for record in records:
            _keep(cursor, record)
        for statement in (*CHANGES, *_ORDER):
            cursor.execute(statement)
        yield from _Redecision(lifecycles, policies, facts, cursor).all()


_TABLES: Final = (
    """
    CREATE TABLE entry (kind TEXT, id TEXT, seq INTEGER, command_id TEXT, recorded_at TEXT, document TEXT,
        PRIMARY KEY (kind, id, seq)) WITHOUT ROWID
    """,
    "CREATE TABLE version (kind TEXT, id TEXT, version INTEGER, command_id TEXT, n INTEGER)",
    "CREATE TABLE told (sort TEXT, key TEXT, document TEXT, PRIMARY KEY (sort, key)) WITHOUT ROWID",
    """
    CREATE TABLE now (kind TEXT, id TEXT, version INTEGER, document TEXT, PRIMARY KEY (kind, id))
        WITHOUT ROWID
    """,
)

_ORDER: Final = (
    # What comes before a change: the one before it of each of its aggregates.
    """
    CREATE TABLE change AS SELECT p.command_id, e.kind, e.id, e.seq, e.recorded_at,
        (SELECT count(*) FROM part AS o WHERE o.command_id = p.command_id AND o.first > 1) AS waiting
        FROM part AS p JOIN entry AS e
        ON e.kind = p.kind AND e.id = p.id AND e.seq = p.first AND e.command_id = p.command_id
    """,
    "CREATE UNIQUE INDEX change_command ON change (command_id)",
    "CREATE INDEX change_next ON change (waiting, recorded_at, command_id)",
)

_NEXT: Final = (
    "SELECT command_id, kind, id, seq FROM change WHERE waiting = 0 ORDER BY recorded_at, command_id LIMIT 1"
)


def _keep(cursor: sqlite3.Cursor, record: Record) -> None:
    """What is needed of a record once all of them are read."""
    match record:
        case EntryRecord():
            recorded_at = _recorded_at(entry_of(record))
            row = (*record.key, record.seq, record.command_id, recorded_at, record.document)
            cursor.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", row)
        case ReceiptRecord():
            rows = [(*key, version, record.command_id) for key, version in record.versions]
            cursor.executemany("INSERT INTO version VALUES (?, ?, ?, ?, 0)", rows)
        case PostingRecord() | MessageRecord():
            sort = "posting" if isinstance(record, PostingRecord) else "message"
            cursor.execute("INSERT INTO told VALUES (?, ?, ?)", (sort, record.key, record.document))


def _recorded_at(entry: StoredEntry) -> str:
    """When its command was recorded, as a text of one width, which sorts as instants do."""
    try:
        at = datetime.fromisoformat(entry.document["command"]["recorded_at"])
    except (KeyError, TypeError, ValueError):
        found = entry.document.get("command")
        raise DamagedRecord(f"entry {entry.seq} of {entry.key}", repr(found), "a recorded command") from None
    return at.replace(tzinfo=None).isoformat(timespec="microseconds")


class _Redecision:
    """One run: ``now`` holds each aggregate as it stands before the change that comes next."""

    def __init__(
        self,
        lifecycles: Lifecycles,
        policies: Mapping[tuple[str, str], Policy],
        facts: type | dict[str, type] | None,
        cursor: sqlite3.Cursor,
    ) -> None:
        self._lifecycles = lifecycles
        self._codec = Codec(lifecycles)
        self._policies = policies
        self._facts = facts
        self._cursor = cursor
        self._whole = True  # everything was decided again: what nobody told then, nobody tells

    def all(self) -> Iterator[Difference | Undecided]:
        whole = "SELECT 1 FROM version WHERE command_id NOT IN (SELECT command_id FROM change) LIMIT 1"
        if self._cursor.execute(whole).fetchall():
            raise DamagedRecord("the receipts", "one without the entry of its command", "an entry of each")
        while rows := self._cursor.execute(_NEXT).fetchall():
            ((command_id, kind, id, seq),) = rows
            entries = list(self._entries(command_id))
            root = next(each for each in entries if (each.key, each.seq) == (Key(kind, id), seq))
            yield from self._again(root, entries)
            self._advance(command_id, entries)
        if self._cursor.execute("SELECT 1 FROM change WHERE waiting > 0 LIMIT 1").fetchall():
            raise DamagedRecord("the receipts", "changes that come before each other", "an order of them")
        left = self._cursor.execute("SELECT * FROM told ORDER BY sort, key").fetchall()
        if self._whole:
            for sort, key, document in left:
                yield Difference(f"{sort} {key}", "document", document, "nothing")
        elif left:
            why = "no command that was decided again tells them"
            yield Undecided(f"{len(left)} postings and messages", why)

    def _entries(self, command_id: str) -> Iterator[StoredEntry]:
        """All that a change wrote in journals."""
        select = (
            "SELECT e.kind, e.id, e.seq, e.command_id, e.document FROM part AS p JOIN entry AS e"
            " ON e.kind = p.kind AND e.id = p.id AND e.seq BETWEEN p.first AND p.last WHERE p.command_id = ?"
        )
        for kind, id, seq, name, document in self._cursor.execute(select, (command_id,)).fetchall():
            yield entry_of(EntryRecord(Key(kind, id), seq, name, document))

    def _advance(self, command_id: str, entries: list[StoredEntry]) -> None:
        for entry in entries:
            _, document = self._standing(entry.key)
            try:
                after = folded_on(document, entry)
            except (InvalidValue, KeyError, TypeError) as error:
                raise DamagedRecord(
                    f"entry {entry.seq} of {entry.key}", str(error), "one that folds"
                ) from None
            row = (*entry.key, entry.seq, canonical(after))
            self._cursor.execute("INSERT OR REPLACE INTO now VALUES (?, ?, ?, ?)", row)
        self._cursor.execute("UPDATE change SET waiting = -1 WHERE command_id = ?", (command_id,))
        self._cursor.execute(
            "UPDATE change SET waiting = waiting - (SELECT count(*) FROM part AS n JOIN part AS o"
            " ON o.kind = n.kind AND o.id = n.id AND n.first = o.last + 1"
            " WHERE n.command_id = change.command_id AND o.command_id = ?1)"
            " WHERE command_id IN (SELECT n.command_id FROM part AS o JOIN part AS n"
            " ON o.kind = n.kind AND o.id = n.id AND n.first = o.last + 1 WHERE o.command_id = ?1)",
            (command_id,),
        )

    def _standing(self, key: Key) -> tuple[int, dict[str, Any]]:
        """Version and document of an aggregate; 0 and none where it is not there."""
        select = "SELECT version, document FROM now WHERE kind = ? AND id = ?"
        rows = self._cursor.execute(select, key).fetchall()
        return (rows[0][0], read(rows[0][1])) if rows else (0, {})

    def _load(self, key: Key) -> Aggregate | None:
        version, document = self._standing(key)
        return self._codec.decode_aggregate(key, version, document) if version else None

    # --- one change -------------------------------------------------------------------------------

    def _again(self, root: StoredEntry, entries: list[StoredEntry]) -> Iterator[Difference | Undecided]:
        where = f"command {root.command_id}"
        policy, why = self._policies_of(root, entries)
        if policy is None:
            self._whole = False
            yield Undecided(where, why)
            return
        try:
            facts = self._facts_of(root)
        except InvalidValue as error:
            self._whole = False
            yield Difference(where, "facts", canonical(root.document["facts"]), str(error))
            return
        except MissingValue as error:
            self._whole = False
            yield Undecided(where, str(error))
            return
        try:
            command = self._codec.decode_command(root.document["command"])
            read_ = self._read(root.key, command, entries)
        except ServflowError as error:
            self._whole = False
            yield Undecided(where, str(error))
            return
        change, found = self._decided(where, command, read_, policy, facts, entries)
        if found:
            for other in self._otherwise(command, read_, {entry.key for entry in entries}):
                perhaps, differences = self._decided(where, command, other, policy, facts, entries)
                if not differences:
                    change, found = perhaps, []
                    break
        if change is None:
            self._whole = False
        else:
            self._strike(change)
        yield from found

    def _decided(
        self,
        where: str,
        command: Command,
        read_: dict[Key, Aggregate],
        policy: Policies,
        facts: Any,
        entries: list[StoredEntry],
    ) -> tuple[Change | None, list[Difference]]:
        """What comes of it now, if anything does, and how that differs from what is stored."""
        try:
            change = decide(self._lifecycles, command, read_, policy=policy, facts=facts)
            return change, list(self._compared(change, entries))
        except Exception as error:  # noqa: BLE001 -- the host's own code, which may have become another
            return None, [Difference(where, "decision", "taken", f"{type(error).__name__}: {error}")]

    def _otherwise(
        self, command: Command, read_: dict[Key, Aggregate], written: Collection[Key]
    ) -> Iterator[dict[Key, Aggregate]]:
        """What else may have been read: of an aggregate that was only looked at, any version, or none."""
        lifecycle = self._lifecycles.of(type(command))
        it = read_.get(Key(lifecycle.name, command.case))
        for key in lifecycle.reads(it, command):
            if key not in written:
                yield {each: value for each, value in read_.items() if each != key}
                for version in self._versions(key):
                    yield {**read_, key: version}

    def _versions(self, key: Key) -> Iterator[Aggregate]:
        document: dict[str, Any] = {}
        select = (
            "SELECT kind, id, seq, command_id, document FROM entry WHERE kind = ? AND id = ? ORDER BY seq"
        )
        for kind, id, seq, name, text in self._cursor.execute(select, key).fetchall():
            document = folded_on(document, entry_of(EntryRecord(Key(kind, id), seq, name, text)))
            yield self._codec.decode_aggregate(key, seq, document)

    def _strike(self, change: Change) -> None:
        """What the change tells now is accounted for."""
        for sort, told in (("message", change.messages), ("posting", change.postings)):
            keys = [(sort, each.key) for each in told]
            self._cursor.executemany("DELETE FROM told WHERE sort = ? AND key = ?", keys)

    def _policies_of(self, root: StoredEntry, entries: list[StoredEntry]) -> tuple[Policies | None, str]:
        """The policy of the change; where several lifecycles went by several, one for each of them."""
        first, why = self._policy(root)
        if first is None:
            return None, why
        made: dict[str, Policy] = {lifecycle.name: first for lifecycle in self._lifecycles}
        for entry in entries:
            policy, why = self._policy(entry)
            if policy is None:
                return None, why
            made[entry.key.kind] = policy
        return (first if all(each is first for each in made.values()) else made), ""

    def _policy(self, root: StoredEntry) -> tuple[Policy | None, str]:
        digests = (str(root.document.get("rulebook")), str(root.document.get("calendar")))
        if digests in self._policies:
            return self._policies[digests], ""
        if any(digests[0] == rulebook for rulebook, _ in self._policies):
            return None, f"calendar {digests[1]} is not at hand"
        return None, f"rulebook {digests[0]} is not at hand"

    def _facts_of(self, root: StoredEntry) -> Any:
        document = root.document["facts"]
        if document is None:
            return None
        kind = self._facts.get(root.key.kind) if isinstance(self._facts, dict) else self._facts
        if kind is None:
            raise MissingValue("the class of the facts", "here")
        return self._codec.decode(document, kind)

    def _read(self, key: Key, command: Command, entries: list[StoredEntry]) -> dict[Key, Aggregate]:
        """What was read for a command, as it stood: what it changed, and what it looks at."""
        it = self._load(key)
        others = [*(entry.key for entry in entries), *self._lifecycles.of(type(command)).reads(it, command)]
        found = {key: it, **{other: self._load(other) for other in others}}
        return {each: value for each, value in found.items() if value is not None}

    def _compared(self, change: Change, entries: list[StoredEntry]) -> Iterator[Difference]:
        stored = {(entry.key, entry.seq): dict(entry.document) for entry in entries}
        now = {(entry.key, entry.seq): self._codec.encode_entry(entry) for entry in change.entries}
        for key, seq in sorted(stored.keys() | now.keys()):
            where = f"entry {seq} of {key}"
            was, is_ = stored.get((key, seq)), now.get((key, seq))
            if was is None or is_ is None:
                yield Difference(where, "entry", _shown(was), _shown(is_))
            else:
                yield from _differences(where, "", _by_field(was), _by_field(is_))
        for sort, told in (("message", change.messages), ("posting", change.postings)):
            for each in told:
                yield from self._told(sort, each.key, self._codec.encode(each), change)

    def _told(self, sort: str, key: str, now: dict[str, Any], change: Change) -> Iterator[Difference]:
        select = "SELECT document FROM told WHERE sort = ? AND key = ?"
        rows = self._cursor.execute(select, (sort, key)).fetchall()
        if not rows:
            yield Difference(f"{sort} {key}", "document", "nothing", _shown(now))
            return
        was = read(rows[0][0])
        if "committed_at" in was:  # beside what the message says; those of earlier releases have it not
            now = {**now, "committed_at": self._codec.encode(change.command.recorded_at)}
        yield from _differences(f"{sort} {key}", "", was, now)


def _by_field(document: dict[str, Any]) -> dict[str, Any]:
    """An entry with its alterations by the field that they are of."""
    fields: dict[str, list[Any]] = {}
    for alteration in document["alterations"]:
        fields.setdefault(alteration[1], []).append([alteration[0], *alteration[2:]])
    for of in fields.values():  # in the order of the command's names, which its document does not keep
        if all(kind in ("put", "drop") for kind, *_ in of):
            of.sort(key=canonical)
    return {**document, "alterations": fields}


def _differences(
    where: str, field: str, stored: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[Difference]:
    for name in sorted(stored.keys() | now.keys()):
        was, is_ = stored.get(name), now.get(name)
        path = f"{field}.{name}" if field else name
        if was != is_ and isinstance(was, dict) and isinstance(is_, dict):
            yield from _differences(where, path, was, is_)
        elif was != is_:
            yield Difference(where, path, _shown(was), _shown(is_))


def _shown(value: Any) -> str:
    return "nothing" if value is None else canonical(value)
