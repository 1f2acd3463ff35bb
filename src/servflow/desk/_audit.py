"""Whether all that is stored is whole and agrees: documents, journals, receipts, postings, the outbox.

1. The documents count. Every other column is worked out again from its document and compared.
2. A mistake does not hide the ones behind it: each is reported, with its place, and the audit goes on.
3. What holds however a ledger is written is not looked for: a posting debits what it credits, so the
   trial balance and every settlement come out even wherever postings can be read at all. A wrong
   column, a document that is none, a derivation that does not come to its charge, is found.
4. One aggregate is in memory at a time; what belongs together across them is joined on the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from reprlib import repr as shown
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from servflow.codec import FORMAT, Codec, canonical, fingerprint, folded_on, in_utc, read
from servflow.codec.records import (
    aggregate_record,
    message_of,
    message_record,
    posting_record,
)
from servflow.core.changes import Aggregate, Key
from servflow.core.errors import DamagedRecord, InvalidValue, NotFound, Problem, ServflowError
from servflow.core.fees.charges import Step
from servflow.core.ledger import Posting
from servflow.core.lifecycle import Lifecycles, Policies, policy_for
from servflow.core.ports import StoredEntry
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
    Status,
)
from servflow.desk._columns import COLUMNS, NEEDED, is_count, is_text
from servflow.desk._joins import CHANGES, JOINS, ROOTS, TABLES
from servflow.desk._scratch import scratch

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Auditor", "audit", "auditing", "name_of"]


def audit(
    lifecycles: Lifecycles, records: Iterable[Record], *, policy: Policies | None = None
) -> Iterator[Problem]:
    """Everything that is wrong with ``records``, which are all that a storage has (``Storage.records``).

    Each aggregate's journal is complete, in order, and folds to its document; each receipt has its
    entries, each entry its receipt; columns say what documents say; ledger lines and messages can be
    read and are about what there is; a derivation comes to its charge; what became of a message can
    have become of it. With a ``policy``, which is the one in force, each aggregate is looked at again
    when that policy says so: a wake that an older one left is reported, and mended by a rebuild of the
    wakes. Nothing is decided again (see ``redecide``), and nothing is written.

    A record that cannot even be taken from the storage ends it; the last problem says so.
    """
    with auditing(lifecycles, policy) as auditor:
        try:
            for n, record in enumerate(records, start=1):
                for _, problem in auditor.of(n, record):
                    yield problem
        except DamagedRecord as error:
            yield Problem(error.record, error.found, error.expected)
            expected = "records that can be taken from it; what comes after was not looked at"
            yield Problem("the storage", f"an end at {error.record}", expected)
        else:
            for _, problem in auditor.end():
                yield problem


@contextmanager
def auditing(lifecycles: Lifecycles, policy: Policies | None = None) -> Iterator[Auditor]:
    """An auditor that is told of the records one by one."""
    with scratch(TABLES) as cursor:
        yield Auditor(lifecycles, policy, cursor)


def name_of(record: Record) -> str:
    """What a record is called in problems."""
    match record:
        case AggregateRecord(key):
            return f"aggregate {_named(key)}"
        case EntryRecord(key, seq):
            return f"entry {seq} of {_named(key)}"
        case ReceiptRecord(command_id):
            return f"receipt {command_id}"
        case PostingRecord(key):
            return f"posting {key}"
        case MessageRecord(key):
            return f"message {key}"


def _named(key: Any) -> str:
    return str(key) if isinstance(key, Key) else shown(key)


_Problems = Iterator[tuple[int, Problem]]

_ENTRY: Final = frozenset(
    {"format", "key", "seq", "command", "role", "facts", "rulebook", "calendar", "alterations"}
)


class _Journal(NamedTuple):
    """An aggregate whose entries are being read: ``document`` as stored, ``folded`` so far, if all fitted."""

    n: int
    record: AggregateRecord
    document: Any
    seq: int = 0
    folded: dict[str, Any] | None = MappingProxyType({})  # type: ignore[assignment]


class Auditor:
    """One run: what it was told so far. Problems come with the number of the record that they are about."""

    def __init__(self, lifecycles: Lifecycles, policy: Policies | None, cursor: sqlite3.Cursor) -> None:
        self._lifecycles = lifecycles
        self._codec = Codec(lifecycles)
        self._policy = policy
        self._cursor = cursor
        self._journal: _Journal | None = None
        self._place: tuple[Any, ...] = ()

    def end(self) -> _Problems:
        """What can be said once all records were told, of those that belong together."""
        yield from self._end_of_journal()
        for statement in (*CHANGES, *ROOTS):
            self._cursor.execute(statement)
        for join in JOINS:
            for n, *parts in self._cursor.execute(join.select).fetchall():
                yield (
                    n,
                    Problem(
                        join.where.format(*parts), join.found.format(*parts), join.expected.format(*parts)
                    ),
                )

    def of(self, n: int, record: Record) -> _Problems:
        """What can be said of the next record, number ``n``, and of what ends with the one before it."""
        wrong = [name for name, (fits, _) in COLUMNS[type(record)].items() if not fits(getattr(record, name))]
        for name in wrong:
            found = shown(getattr(record, name))
            yield n, Problem(f"{name_of(record)}, {name}", found, COLUMNS[type(record)][name][1])
        if not isinstance(record, EntryRecord) or not self._continues(record):
            yield from self._end_of_journal()
        if not NEEDED.isdisjoint(wrong):
            return
        yield from self._in_order(n, record)
        match record:
            case AggregateRecord():
                yield from self._aggregate(n, record, wrong)
            case EntryRecord():
                yield from self._entry(n, record)
            case ReceiptRecord():
                yield from self._receipt(n, record, wrong)
            case PostingRecord():
                yield from self._posting(n, record, wrong)
            case MessageRecord():
                yield from self._message(n, record, wrong)

    def _in_order(self, n: int, record: Record) -> _Problems:
        place: tuple[Any, ...]
        match record:
            case AggregateRecord(key):
                place = (0, *key, 0)
            case EntryRecord(key, seq):
                place = (0, *key, seq)
            case ReceiptRecord(command_id):
                place = (1, command_id)
            case PostingRecord():
                place = (2,)
            case MessageRecord():
                place = (3,)
        if place < self._place or (place == self._place and len(place) > 1):
            found = "it twice" if place == self._place else "it behind what it comes before"
            expected = "aggregates with their entries by kind and id, receipts, postings, messages"
            yield n, Problem(name_of(record), found, expected)
        self._place = max(place, self._place)

    def _read(self, n: int, name: str, text: str, made: list[Any]) -> _Problems:
        """The document of a record is put into ``made``, if it is one."""
        if not is_text(text):
            return  # said already
        try:
            document = read(text)
            again = canonical(document)
        except InvalidValue as error:
            yield n, Problem(f"{name}, document", shown(error.found), error.expected)
            return
        except RecursionError:
            yield n, Problem(f"{name}, document", "data within data without end", "a document of servflow")
            return
        if type(document) is not dict:
            yield n, Problem(f"{name}, document", shown(document), "an object")
            return
        if again != text:
            yield n, Problem(f"{name}, document", "another text of the same data", "its canonical text")
        made.append(document)

    def _agree(self, n: int, stored: Record, made: Record, but: Collection[str] = ()) -> _Problems:
        """Columns say what the document says."""
        for name in stored._fields:
            there, due = getattr(stored, name), getattr(made, name)
            if name in but or there == due:
                continue
            if name == "document":
                if _same_data(there, due):
                    continue  # said already
                yield (
                    n,
                    Problem(f"{name_of(stored)}, document", "parts that it is not written with", shown(due)),
                )
            else:
                yield (
                    n,
                    Problem(
                        f"{name_of(stored)}, {name}",
                        _as_shown(there),
                        f"{_as_shown(due)}, as in its document",
                    ),
                )

    # --- aggregates and their entries -------------------------------------------------------------

    def _aggregate(self, n: int, record: AggregateRecord, wrong: list[str]) -> _Problems:
        name = name_of(record)
        self._cursor.execute("INSERT OR IGNORE INTO aggregate (kind, id) VALUES (?, ?)", record.key)
        made: list[Any] = []
        yield from self._read(n, name, record.document, made)
        self._journal = _Journal(n, record, made[0] if made else None)
        if not made or "version" in wrong:
            return
        try:
            it = self._codec.decode_aggregate(record.key, record.version, made[0])
            again = aggregate_record(self._codec, it, None)
        except ServflowError as error:
            yield n, _problem(name, error, "an aggregate of a known lifecycle")
            return
        yield from self._agree(n, record, again, ("wake", *wrong))
        if self._policy is not None and "wake" not in wrong:
            yield from self._wake(n, record, it, self._policy)

    def _wake(self, n: int, record: AggregateRecord, it: Aggregate, policy: Policies) -> _Problems:
        where = f"{name_of(record)}, wake"
        try:
            lifecycle = self._lifecycles.named(it.kind)
            wake = lifecycle.next_wake(it, policy_for(lifecycle, policy))
            due = None if wake is None else in_utc("wake", wake)
        except ServflowError as error:
            yield n, _problem(where, error, "a policy that says when")
            return
        if due != record.wake:
            expected = f"{_as_shown(due)}, by the policy in force; a rebuild of the wakes mends it"
            yield n, Problem(where, _as_shown(record.wake), expected)

    def _continues(self, record: EntryRecord) -> bool:
        return self._journal is not None and record.key == self._journal.record.key

    def _entry(self, n: int, record: EntryRecord) -> _Problems:
        name = name_of(record)
        made: list[Any] = []
        yield from self._read(n, name, record.document, made)
        document = made[0] if made else None
        print_ = said = rules = None
        if document is not None:
            yield from ((n, problem) for problem in self._parts_of_entry(record, document))
            command = document.get("command")
            if type(command) is dict:
                print_ = fingerprint(command)
                ground = [document.get("facts"), command.get("recorded_at")]
                said = sha256(canonical(ground).encode()).hexdigest()
                rules = canonical([document.get("rulebook"), document.get("calendar")])
        self._cursor.execute(
            "INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*record.key, record.seq, n, record.command_id, print_, said, rules),
        )
        journal = self._journal
        if journal is None:
            yield n, Problem(name, "no aggregate of that kind and id", "the aggregate that it is an entry of")
            return
        fold = journal.folded
        if record.seq != journal.seq + 1:
            if record.seq > journal.seq + 1:
                missing = _missing(journal.seq, record.seq)
                yield n, Problem(f"{name_of(journal.record)}, journal", missing, "all of them")
            fold = None
        if fold is not None:
            try:
                stored = StoredEntry(
                    key=record.key, seq=record.seq, command_id=record.command_id, document=document or {}
                )
                fold = folded_on(fold, stored)
            except (InvalidValue, KeyError, TypeError) as error:
                if document is not None and document.get("format") is FORMAT:
                    found = error.found if isinstance(error, InvalidValue) else document.get("alterations")
                    yield n, Problem(f"{name}, alterations", shown(found), "those that fit what was there")
                fold = None
        self._journal = journal._replace(seq=max(record.seq, journal.seq), folded=fold)

    def _parts_of_entry(self, record: EntryRecord, document: dict[str, Any]) -> Iterator[Problem]:
        name = name_of(record)
        if document.get("format") != FORMAT or document.get("format") is True:
            found = shown(document.get("format"))
            yield Problem(f"{name}, format", found, f"{FORMAT} or an earlier one")
        for part in sorted(_ENTRY - document.keys()):
            yield Problem(f"{name}, {part}", "nothing", "a value; it is missing")
        for part in sorted(document.keys() - _ENTRY):
            yield Problem(f"{name}, {part}", "an unknown part", f"one of {', '.join(sorted(_ENTRY))}")
        command = document.get("command")
        own = command.get("id") if isinstance(command, dict) else None
        case = command.get("case") if isinstance(command, dict) else None
        for part, value, expected in (
            ("key", document.get("key"), {"kind": record.key.kind, "id": record.key.id}),
            ("seq", document.get("seq"), record.seq),
            ("command.id", own, record.command_id),
            ("command.case", case, record.key.id),
        ):
            if value != expected or type(value) is not type(expected):
                yield Problem(f"{name}, {part}", shown(value), f"{shown(expected)}, as in its columns")
        for part in ("role", "rulebook", "calendar"):
            if part in document and type(document[part]) is not str:
                yield Problem(f"{name}, {part}", shown(document[part]), "a text")
        yield from self._role(name, record.key, document.get("role"))
        yield from self._command(name, record.key, command)

    def _role(self, name: str, key: Key, role: Any) -> Iterator[Problem]:
        with suppress(NotFound):  # of a lifecycle that is no more, anything may have been a role
            roles = [each.value for each in self._lifecycles.named(key.kind).roles]
            if type(role) is str and role not in roles:
                yield Problem(f"{name}, role", shown(role), "one of " + ", ".join(roles))

    def _command(self, name: str, key: Key, command: Any) -> Iterator[Problem]:
        """One that is known is written as it is now; a journal outlives the others."""
        known = {each.__name__: each for lifecycle in self._lifecycles for each in lifecycle.commands}
        named = command.get("command") if isinstance(command, dict) else None
        if type(named) is not str:
            yield Problem(f"{name}, command", shown(named), "a command by its name")
        if type(named) is not str or named not in known:
            return
        try:
            decoded = self._codec.decode_command(command)
        except ServflowError as error:
            for problem in getattr(error, "problems", (Problem("", str(error), "a command"),)):
                yield Problem(f"{name}, command.{problem.where}", problem.found, problem.expected)
            return
        again = self._codec.encode_command(decoded)
        for part in sorted(again.keys() | command.keys()):
            if again.get(part) != command.get(part):
                yield Problem(f"{name}, command.{part}", shown(command.get(part)), shown(again.get(part)))
        kind = self._lifecycles.of(type(decoded)).name
        if kind != key.kind:
            yield Problem(f"{name}, command", f"a command to {kind}", f"one to {key.kind}")

    def _end_of_journal(self) -> _Problems:
        journal, self._journal = self._journal, None
        if journal is None:
            return
        name = name_of(journal.record)
        version = journal.record.version
        if not is_count(version):
            return  # said already
        if journal.seq < version:
            yield journal.n, Problem(f"{name}, journal", _missing(journal.seq, version + 1), "all of them")
        if journal.seq > version:
            yield journal.n, Problem(f"{name}, version", str(version), f"{journal.seq}, its last entry")
        if journal.seq != version or journal.folded is None or journal.document is None:
            return
        for part in sorted(journal.folded.keys() | journal.document.keys()):
            stored, due = journal.document.get(part), journal.folded.get(part)
            if stored != due:
                expected = f"{shown(due)}, to which its journal folds"
                yield journal.n, Problem(f"{name}, document, {part}", shown(stored), expected)

    # --- all others -------------------------------------------------------------------------------

    def _receipt(self, n: int, record: ReceiptRecord, wrong: list[str]) -> _Problems:
        name = name_of(record)
        keys = [key for key, _ in record.versions]
        if not keys:
            yield n, Problem(f"{name}, versions", "none", "one for each aggregate of the change")
        for key in {key: None for key in keys if keys.count(key) > 1}:
            yield n, Problem(f"{name}, versions", f"{key} more than once", "each aggregate once")
        row = (record.command_id, n, None if wrong else record.fingerprint)
        self._cursor.execute("INSERT OR IGNORE INTO receipt VALUES (?, ?, ?)", row)
        self._cursor.executemany(
            "INSERT INTO version VALUES (?, ?, ?, ?, ?)",
            [(*key, version, record.command_id, n) for key, version in dict(record.versions).items()],
        )

    def _posting(self, n: int, record: PostingRecord, wrong: list[str]) -> _Problems:
        name = name_of(record)
        yield from self._once(n, name, "posting", record.key)
        made: list[Any] = []
        yield from self._read(n, name, record.document, made)
        if not made:
            return
        try:
            posting = self._codec.decode(read(record.document), Posting)
            again = posting_record(self._codec, posting)
        except ServflowError as error:
            yield n, _problem(name, error, "a posting")
            return
        yield from self._agree(n, record, again, wrong)
        if not self._cursor.execute("SELECT 1 FROM aggregate WHERE id = ?", (posting.subject,)).fetchall():
            yield n, Problem(f"{name}, subject", repr(posting.subject), "the id of an aggregate")
        for _, step in posting.charge.lines() if posting.charge else ():
            yield from self._step(n, name, step)

    def _step(self, n: int, name: str, step: Step) -> _Problems:
        """What a step of a charge comes to is what its inputs and parts come to."""
        where = f"{name}, charge, {step.operation.value}"
        try:
            due = Step.taken(step.operation, step.unit, step.clause, step.inputs, step.parts).exact
        except InvalidValue as error:
            yield n, Problem(where, shown(error.found), error.expected)
            return
        if due != step.exact:
            yield n, Problem(where, str(step.exact), f"{due}, as its parts come to")

    def _message(self, n: int, record: MessageRecord, wrong: list[str]) -> _Problems:
        name = name_of(record)
        yield from self._once(n, name, "message", record.key)
        made: list[Any] = []
        yield from self._read(n, name, record.document, made)
        if made:
            yield from self._told(n, record, wrong)
        if wrong:
            return
        if record.status is not Status.PENDING and record.overtaken is not None:
            yield n, Problem(f"{name}, overtaken", record.overtaken.value, "nothing, as it is not pending")
        if record.status is Status.PENDING and record.overtaken is not None and record.claimed_until is None:
            yield (
                n,
                Problem(f"{name}, claimed_until", "nothing", "the end of the claim while it was overtaken"),
            )
        if record.status in (Status.SENT, Status.FAILED) and record.claimed_until is not None:
            found = record.claimed_until.isoformat()
            yield n, Problem(f"{name}, claimed_until", found, f"nothing, as it is {record.status.value}")
        if record.status is Status.FAILED and not record.attempts:
            yield n, Problem(f"{name}, attempts", "0", "1 or more, as it failed")

    def _told(self, n: int, record: MessageRecord, wrong: list[str]) -> _Problems:
        name = name_of(record)
        try:
            message, committed_at = message_of(self._codec, record.document)
            at = committed_at or datetime.min.replace(tzinfo=UTC)
            again = message_record(self._codec, message, at, dated=committed_at is not None)
        except ServflowError as error:
            yield n, _problem(name, error, "a message")
            return
        lasting = again._replace(
            **{
                part: getattr(record, part)
                for part in ("changed_at", "status", "claimed_until", "overtaken", "attempts", "note")
            }
        )
        yield from self._agree(n, record, lasting, wrong)
        if not message.to.strip():
            yield n, Problem(f"{name}, to", repr(message.to), "a party")
        about = "SELECT 1 FROM aggregate WHERE kind = ? AND id = ?"
        if not self._cursor.execute(about, message.about).fetchall():
            yield n, Problem(f"{name}, about", str(message.about), "an aggregate that there is")

    def _once(self, n: int, name: str, sort: str, key: str) -> _Problems:
        self._cursor.execute("INSERT OR IGNORE INTO name VALUES (?, ?)", (sort, key))
        if not self._cursor.rowcount:
            yield n, Problem(name, "it twice", f"each {sort} once")


def _same_data(one: str, other: str) -> bool:
    try:
        return bool(canonical(read(one)) == other)
    except InvalidValue:
        return True  # it was said that it cannot be read


def _as_shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Key) else shown(value)


def _missing(after: int, before: int) -> str:
    first, last = after + 1, before - 1
    return f"no entry {first}" if first == last else f"no entries {first} to {last}"


def _problem(name: str, error: ServflowError, expected: str) -> Problem:
    """What is wrong, said of the record that it is about."""
    if not isinstance(error, InvalidValue):
        return Problem(name, str(error), expected)
    where = error.field
    for prefix in (f"{name.partition(' ')[2]}.", "Posting.", "Message."):
        where = where.removeprefix(prefix)
    return Problem(f"{name}, {where}", shown(error.found), error.expected)
