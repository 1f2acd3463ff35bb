"""What a storage keeps, record by record: the columns it finds things by, and the documents that count.

1. A document is the text of a value in the codec's format. It is stored as it is, read back as it
   is, and never put together by a storage.
2. All other fields can be told from the document, except what only a storage knows: when to look
   at an aggregate again, and what became of a message. They are there to be found by. Whoever
   audits a storage works them out again and compares.
3. Records are what is moved from one storage to another (``Storage.records``, ``Storage.restore``):
   the same records, in whatever tables they stood.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import NamedTuple

from servflow.core.changes import Key

__all__ = [
    "AggregateRecord",
    "EntryRecord",
    "MessageRecord",
    "PostingRecord",
    "ReceiptRecord",
    "Record",
    "Status",
]


class Status(Enum):
    """What became of a message in the outbox."""

    PENDING = "pending"  # not sent yet; somebody may have claimed it for a while
    SENT = "sent"
    SUPERSEDED = "superseded"  # overtaken by a later message before it was sent
    WITHDRAWN = "withdrawn"  # no longer to be sent
    FAILED = "failed"  # given up; a person has to look


class AggregateRecord(NamedTuple):
    """An aggregate as last committed. ``wake`` is when to look at it again; None is never."""

    key: Key
    version: int
    state: str
    wake: datetime | None
    document: str


class EntryRecord(NamedTuple):
    """A journal entry; ``seq`` counts from 1 without gaps, for each aggregate."""

    key: Key
    seq: int
    command_id: str
    document: str


class ReceiptRecord(NamedTuple):
    """That a command was committed, by what it is recognised, and which versions came of it."""

    command_id: str
    fingerprint: str
    versions: tuple[tuple[Key, int], ...]


class PostingRecord(NamedTuple):
    """A ledger line; ``debit`` and ``credit`` are accounts as text, ``minor`` counts minor units."""

    key: str
    subject: str
    debit: str
    credit: str
    minor: int
    currency: str
    value_date: date
    document: str


class MessageRecord(NamedTuple):
    """A message in the outbox.

    ``claimed_until`` is the end of a claim that was not settled. ``overtaken`` is what becomes of a
    pending message unless its claimant sends it, and ``note`` by what it was overtaken.
    """

    key: str
    kind: str
    about: Key
    to: str
    not_before: datetime | None
    document: str
    changed_at: datetime
    status: Status = Status.PENDING
    claimed_until: datetime | None = None
    overtaken: Status | None = None
    attempts: int = 0
    note: str = ""


Record = AggregateRecord | EntryRecord | ReceiptRecord | PostingRecord | MessageRecord
