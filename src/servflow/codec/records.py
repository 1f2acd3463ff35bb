"""A change as the records that a storage keeps of it, and records as values again.

Whoever stores changes in tables of his own writes what ``writes`` gives, in its order, and gives
back what ``aggregate_of``, ``entry_of``, ``posting_of``, ``outgoing_of`` and ``receipt_of`` make of
what he reads. ``claimable``, ``lapsed`` and ``settled`` say what becomes of a message; a storage
that does the same in its own language is held to them by the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from servflow.codec import Codec, canonical, in_utc, read
from servflow.core.changes import Aggregate, Change, Entry, Key, Message
from servflow.core.errors import DamagedRecord, InvalidValue, NotFound
from servflow.core.ledger import Posting
from servflow.core.ports import Outgoing, Receipt, StoredEntry
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
    Status,
)

__all__ = [
    "Overtaking",
    "aggregate_of",
    "aggregate_record",
    "claimable",
    "entry_of",
    "entry_record",
    "lapsed",
    "message_of",
    "message_record",
    "named",
    "outgoing_of",
    "posting_of",
    "posting_record",
    "readable",
    "receipt_of",
    "receipt_record",
    "settled",
    "writes",
]

T = TypeVar("T")

_COMMITTED_AT: Final = "committed_at"  # in the document of a message, beside its fields


def _utc(name: str, at: datetime | None) -> datetime | None:
    return None if at is None else in_utc(name, at)


# --- from values ----------------------------------------------------------------------------------


def aggregate_record(codec: Codec, it: Aggregate, wake: datetime | None) -> AggregateRecord:
    """The record of an aggregate that is to be looked at again at ``wake``.

    Raises:
        InvalidValue: there is something in it that cannot be stored (see ``Codec.encode``).
    """
    document = canonical(codec.encode_aggregate(it))
    return AggregateRecord(it.key, it.version, it.state.value, _utc("wake", wake), document)


def entry_record(codec: Codec, entry: Entry) -> EntryRecord:
    """The record of a journal entry.

    Raises:
        InvalidValue: as ``aggregate_record``.
    """
    return EntryRecord(entry.key, entry.seq, entry.command.id, canonical(codec.encode_entry(entry)))


def posting_record(codec: Codec, posting: Posting) -> PostingRecord:
    """The record of a ledger line.

    Raises:
        InvalidValue: as ``aggregate_record``.
    """
    return PostingRecord(
        posting.key,
        posting.subject,
        str(posting.debit),
        str(posting.credit),
        posting.amount.minor,
        posting.amount.currency,
        posting.value_date,
        canonical(codec.encode(posting)),
    )


def message_record(codec: Codec, message: Message, at: datetime, *, dated: bool = True) -> MessageRecord:
    """The record of a message that is committed at ``at``: pending, and nobody's yet.

    Its document says when it was committed; without ``dated`` it does not, as those of earlier releases.

    Raises:
        InvalidValue: as ``aggregate_record``.
    """
    committed_at = in_utc("recorded_at", at)
    document = codec.encode(message)
    if dated:
        document[_COMMITTED_AT] = codec.encode(committed_at)
    return MessageRecord(
        message.key,
        message.kind,
        message.about,
        message.to,
        _utc("not_before", message.not_before),
        canonical(document),
        committed_at,
    )


def receipt_record(codec: Codec, change: Change) -> ReceiptRecord:
    """The record of the change's command: what tells that it comes again, and the versions since."""
    versions = tuple((it.key, it.version) for it in change.becomes)
    return ReceiptRecord(change.command.id, codec.fingerprint(change.command), versions)


def writes(codec: Codec, change: Change) -> Iterator[Record | Overtaking]:
    """All that is to be written of a change, in the order in which it is to be written.

    An aggregate's record takes the place of the one before; all other records are new ones. An
    ``Overtaking`` is of messages that are stored by then, those before it among them. Each is made
    when it is asked for.

    Raises:
        InvalidValue: as ``aggregate_record``.
    """
    wakes = dict(change.wakes)
    for it in change.becomes:
        yield aggregate_record(codec, it, wakes.get(it.key))
    for entry in change.entries:
        yield entry_record(codec, entry)
    for posting in change.postings:
        yield posting_record(codec, posting)
    at = in_utc("recorded_at", change.command.recorded_at)
    for withdrawal in change.withdrawals:
        note = f"withdrawn by {type(change.command).__name__} {change.command.id}"
        yield Overtaking(withdrawal.about, withdrawal.kinds, None, Status.WITHDRAWN, note, at)
    for message in change.messages:
        if message.supersedes:
            note = f"superseded by {message.key}"
            yield Overtaking(message.about, message.supersedes, message.to, Status.SUPERSEDED, note, at)
        yield message_record(codec, message, at)
    yield receipt_record(codec, change)


def named(record: Record) -> tuple[str, str]:
    """What ``AlreadyExists`` says of a record whose key is taken: a kind and a key."""
    match record:
        case AggregateRecord(key):
            return key
        case EntryRecord(key, seq):
            return "entry", f"{seq} of {key}"
        case ReceiptRecord(name):
            return "receipt", name
        case PostingRecord(name):
            return "posting", name
        case MessageRecord(name):
            return "message", name


# --- what becomes of messages ---------------------------------------------------------------------


class Overtaking(NamedTuple):
    """Messages that a change overtakes: unsent, about an aggregate, of these kinds, to this party.

    ``to`` is None for all parties. They become ``status`` at the instant ``at``.
    """

    about: Key
    kinds: tuple[str, ...]
    to: str | None
    status: Status
    note: str
    at: datetime

    def of(self, record: MessageRecord) -> MessageRecord | None:
        """The record as it is afterwards; None where it is not overtaken.

        One that somebody is sending stays pending, and is not to be tried again (``overtaken``).
        """
        if record.status is not Status.PENDING or record.overtaken is not None:
            return None
        if record.about != self.about or record.kind not in self.kinds or self.to not in (None, record.to):
            return None
        if record.claimed_until is not None and record.claimed_until > self.at:
            return record._replace(overtaken=self.status, note=self.note)
        return record._replace(status=self.status, note=self.note, changed_at=self.at)


def claimable(record: MessageRecord, at: datetime) -> bool:
    """Whether a message may be claimed at ``at``: pending, its time has come, and nobody has it."""
    return (
        record.status is Status.PENDING
        and record.overtaken is None
        and (record.not_before is None or record.not_before <= at)
        and (record.claimed_until is None or record.claimed_until <= at)
    )


def lapsed(record: MessageRecord, at: datetime) -> MessageRecord | None:
    """The record of one that was overtaken while it was claimed, and whose claim has run out by ``at``.

    None for any other. Whoever had claimed it never said what became of it.
    """
    if record.status is not Status.PENDING or record.overtaken is None:
        return None
    if record.claimed_until is not None and record.claimed_until > at:
        return None
    return record._replace(status=record.overtaken, overtaken=None, changed_at=at)


def settled(record: MessageRecord, *, at: datetime, status: Status, note: str) -> MessageRecord | None:
    """The record after its claimant said what became of it; None where it is not pending any more.

    One that failed becomes sent: whoever gave it up had lost his claim to somebody who sent it.
    """
    if record.status is not Status.PENDING and (record.status, status) != (Status.FAILED, Status.SENT):
        return None
    if record.overtaken is not None and status is not Status.SENT:
        status, note = record.overtaken, record.note
    return record._replace(
        status=status,
        claimed_until=None,
        overtaken=None,
        attempts=record.attempts + (status is not Status.SENT),
        changed_at=at,
        note=note,
    )


# --- to values ------------------------------------------------------------------------------------


def _whole(what: str, read_it: Callable[[], T]) -> T:
    try:
        return read_it()
    except InvalidValue as error:
        raise DamagedRecord(what, f"{error.field}: {error.found!r}", error.expected) from error
    except NotFound as error:
        raise DamagedRecord(what, str(error), "an aggregate of a known lifecycle") from error


def aggregate_of(codec: Codec, record: AggregateRecord) -> Aggregate:
    """The aggregate of a record.

    Raises:
        DamagedRecord: its document is not one of such an aggregate.
    """
    what = (codec, record.key, record.version, record.state, record.document)
    if type(record.document) is str:
        it, document = _whole(f"aggregate {record.key}", lambda: _aggregate(*what))
        return codec.apart(it, document)
    return _whole(f"aggregate {record.key}", lambda: _aggregate.__wrapped__(*what))[0]  # damage, or bytes


# A command reads its aggregates before they are locked and once more after it, and so does the next one: most
# of what a desk did was to read the same texts again.
@lru_cache(maxsize=256, typed=True)
def _aggregate(
    codec: Codec, key: Key, version: int, state: str, text: str
) -> tuple[Aggregate, Mapping[str, Any]]:
    document = read(text)
    if not isinstance(document, dict):
        raise InvalidValue("document", document, "an object")
    if type(version) is not int or version < 1:
        raise InvalidValue("version", version, "a whole number from 1 on")
    it = codec.decode_aggregate(key, version, document)
    if it.state.value != state:
        raise InvalidValue("state", state, f"{it.state.value}, as in its document")
    return it, document


def entry_of(record: EntryRecord) -> StoredEntry:
    """The entry of a record, as plain data.

    Raises:
        DamagedRecord: its document is not plain data with keys.
    """

    def value() -> StoredEntry:
        document: Any = read(record.document)
        if not isinstance(document, dict):
            raise InvalidValue("document", document, "an object")
        return StoredEntry(key=record.key, seq=record.seq, command_id=record.command_id, document=document)

    return _whole(f"entry {record.seq} of {record.key}", value)


def posting_of(codec: Codec, record: PostingRecord) -> Posting:
    """The ledger line of a record.

    Raises:
        DamagedRecord: its document is not one.
    """
    return _whole(f"posting {record.key}", lambda: codec.decode(read(record.document), Posting))


def message_of(codec: Codec, document: str) -> tuple[Message, datetime | None]:
    """The message of a document, and when it was committed; None where an earlier release wrote it.

    Raises:
        InvalidValue: it is not the document of a message.
    """
    said: Any = read(document)
    if not isinstance(said, dict):
        raise InvalidValue("document", said, "an object")
    committed_at = said.pop(_COMMITTED_AT, None)
    message = codec.decode(said, Message)
    return message, None if committed_at is None else codec.decode(committed_at, datetime)


def outgoing_of(codec: Codec, record: MessageRecord) -> Outgoing:
    """The message of a record, and what became of it.

    Raises:
        DamagedRecord: its document is not one of a message, or its status or its instant is none.
    """
    what = f"message {record.key}"
    message, committed_at = _whole(what, lambda: message_of(codec, record.document))
    if not isinstance(record.status, Status):
        raise DamagedRecord(what, f"status {record.status!r}", "one of a message")
    if not isinstance(record.changed_at, datetime):
        raise DamagedRecord(what, f"changed_at {record.changed_at!r}", "an instant")
    return Outgoing(
        message=message,
        status=record.status,
        attempts=record.attempts,
        committed_at=committed_at or record.changed_at,
        changed_at=record.changed_at,
        note=record.note,
    )


def readable(codec: Codec, records: Iterable[MessageRecord]) -> tuple[Outgoing, ...]:
    """The messages of records, without those that cannot be read: they must not keep the others waiting."""

    def read_() -> Iterator[Outgoing]:
        for record in records:
            with suppress(DamagedRecord):
                yield outgoing_of(codec, record)

    return tuple(read_())


def receipt_of(record: ReceiptRecord, *, repeated: bool) -> Receipt:
    """The receipt of a record.

    Raises:
        DamagedRecord: its versions are none.
    """
    if not isinstance(record.versions, tuple):
        expected = "a list of kinds, ids and versions"
        raise DamagedRecord(f"receipt {record.command_id}", repr(record.versions), expected)
    return Receipt(command_id=record.command_id, versions=record.versions, repeated=repeated)
