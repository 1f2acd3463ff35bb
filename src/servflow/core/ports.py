"""What servflow needs from its host, as protocols: storage, mail, partners, facts, a clock, ids.

Nothing here is implemented. An adapter's author implements one protocol and runs the contract
that ships with it (``servflow.testing.contracts``). Whoever writes a storage reads
``docs/write-a-storage.md`` first: what is to be written of a change is worked out for him.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from servflow.core.changes import Aggregate, Change, Command, Key, Message
from servflow.core.ledger import Account, Posting
from servflow.core.records import Record, Status

__all__ = [
    "Clock",
    "Facts",
    "Ids",
    "Letter",
    "Mail",
    "Outgoing",
    "Partner",
    "Party",
    "Receipt",
    "Status",
    "Storage",
    "StoredEntry",
    "System",
    "Wording",
    "Writing",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That a command was committed: the version that each aggregate of the change has since.

    ``repeated`` is True where the same command had been committed before; nothing was written
    this time, and the versions are those of the first time.
    """

    command_id: str
    versions: tuple[tuple[Key, int], ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """A journal entry as it is stored: plain data in a numbered canonical format.

    ``document`` has the keys ``format``, ``key``, ``seq``, ``command``, ``role``, ``facts``,
    ``rulebook``, ``calendar`` and ``alterations``.
    """

    key: Key
    seq: int
    command_id: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message in the outbox and what became of it. ``attempts`` counts the failed ones.

    ``committed_at`` is when it was committed, the same at every try; ``changed_at`` when its status last
    changed: for a pending one, when it was committed or last tried. (One that an earlier release stored
    does not say when it was committed: it has ``changed_at`` for both.) ``note`` says what overtook it
    or why it failed.
    """

    message: Message
    status: Status
    attempts: int
    committed_at: datetime
    changed_at: datetime
    note: str = ""


class Writing(Protocol):
    """One transaction of a writer: read with a lock, decide, commit; all of it or nothing."""

    def receipt(self, command: Command) -> Receipt | None:
        """The first receipt of this command, marked as repeated; None if it is new.

        Raises:
            CommandReused: its id was used before for another payload.
        """

    def load(self, key: Key) -> Aggregate | None:
        """The aggregate as it stands, locked until the transaction ends; None if there is none."""

    def commit(self, change: Change) -> Receipt:
        """Write the change whole: aggregates, entries, postings, messages, withdrawals, wakes.

        Called at most once. A command committed before gives its first receipt again and nothing
        is written.

        Raises:
            CommandReused: the command's id was used before for another payload.
            StaleVersion: an aggregate is not at the version that the change expects.
            AlreadyExists: an aggregate that the change opens is there already; so is a posting or a
                message of that key (the error's kind is then ``posting`` or ``message``).
            StorageFull, StorageBusy: there is no room, or no getting at it.
            In every case nothing was written.
        """


class Storage(Protocol):
    """Aggregates, journals, postings and the outbox, kept durably.

    Promises, each a test of the contract: a change is committed whole or not at all; versions are
    checked; a command counts once; writers on the same keys queue; journals are ordered without
    gaps; a message is never lost and never invented. What is stored is in the end a set of records
    (``servflow.core.records``); ``servflow.codec.records`` makes them of a change, and values of them.

    Postings and messages come in the order of their commits; those of transactions that overlapped, in
    either order, and one that is committed while they are read may be left out.

    A storage may be part of a transaction of its host's. Mail is delivered through another one
    then, whose ``claim`` and ``settle`` are durable on return: with a rollback of the host's,
    what was sent would be forgotten and sent again.

    Instants are refused (``InvalidValue``) that are naive or lie outside the years 1 to 9999 of UTC.
    So are texts that the place cannot hold: half of a surrogate pair nowhere, U+0000 not everywhere.
    Ids are compared by code point. Every method may raise ``StorageBusy`` (it cannot be had for now)
    and ``UnusableStorage`` (the place cannot be read or written as it is); nothing was written, but for
    a connection lost at a commit, after which only the same command once more can tell. Every method
    that gives back values may raise ``DamagedRecord``: what is stored was not written by servflow so.
    """

    def writing(self) -> AbstractContextManager[Writing]:
        """A transaction for one writer; leaving it without a commit writes nothing.

        Raises:
            StorageBusy: another writer did not finish in time.
        """

    def load(self, key: Key) -> Aggregate:
        """The aggregate as last committed.

        Raises:
            NotFound: there is none of that key.
        """

    def journal(self, key: Key, *, after: int = 0) -> Iterator[StoredEntry]:
        """Its entries in order, those with a ``seq`` above ``after``; none for an unknown key."""

    def aggregates(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[Aggregate, ...]:
        """At most ``limit`` aggregates of a kind, in the order of their ids, those beyond ``after``.

        Raises:
            InvalidValue: ``limit`` is below 1.
        """

    def due(self, at: datetime, *, limit: int = 100) -> tuple[tuple[Key, datetime], ...]:
        """At most ``limit`` aggregates to be looked at by ``at`` (included), the earliest first.

        Raises:
            InvalidValue: ``limit`` is below 1.
        """

    def postings(self, *, subject: str | None = None, account: Account | None = None) -> Iterator[Posting]:
        """Ledger lines in the order of their commit: all, those of one subject, or of one account."""

    def claim(self, at: datetime, *, until: datetime, limit: int = 100) -> tuple[Outgoing, ...]:
        """Pending messages whose time has come, the oldest first, reserved for the caller until ``until``.

        At most ``limit`` of them. A message that another caller has claimed is left out until that
        claim has run out. One that is damaged is claimed and not given, so that it keeps no other
        waiting; the audit names it.

        Raises:
            InvalidValue: ``limit`` is below 1; nothing was claimed.
        """

    def settle(self, message_key: str, *, at: datetime, status: Status, note: str = "") -> None:
        """Record what became of a claimed message.

        ``PENDING`` gives it back for a later try and counts the attempt; so does ``FAILED``, for
        good. A message that is no longer pending stays what it is, but that one that failed may turn
        out to be sent (by somebody who claimed it, too). One that was superseded or withdrawn while
        it was claimed becomes so now, unless it was sent.

        Raises:
            NotFound: no message of that key was ever committed.
        """

    def outbox(self, *, about: Key | None = None, status: Status | None = None) -> Iterator[Outgoing]:
        """Every message ever committed, in the order of the commits.

        Or only those about one aggregate; or only those of one status, such as the failed ones, which
        a person has to look at.
        """

    def reschedule(self, wakes: Iterable[tuple[Key, int, datetime | None]]) -> int:
        """Keep these wakes from now on, each for an aggregate that still is at the version given.

        All of them or none. One whose aggregate has another version by now has a newer wake, and
        keeps it; a key that is not there is nothing. Returns how many became different.
        """

    def records(self) -> Iterator[Record]:
        """All that is stored, as of one moment, each once.

        First the aggregates by kind and id, each followed by its entries; then the receipts by
        command id; then postings, and then messages, in the order of their commit. What is damaged
        comes as it stands. Nobody waits for it.
        """

    def restore(self, records: Iterable[Record]) -> int:
        """Store these records, in the order of ``records``, where nothing is stored yet. Their number.

        All of them or none; an error that ``records`` raises goes through.

        Raises:
            AlreadyExists: something is stored here already, or two of the records are of one key
                (its kind is the aggregate's, or ``entry``, ``receipt``, ``posting``, ``message``).
            StorageFull: there is no room. Nothing was written, here too.
        """

    def rewrite(self, containing: Collection[str], new: Callable[[Record], Record]) -> int:
        """Put what ``new`` gives in the place of records that contain one of these texts.

        All of them or none, while no writer is at work. ``new`` is asked for at least every record
        that has one of the texts, as it stands, in its document or in another of its texts; a record
        that it gives back unchanged stays. It may give another key, but not one that is taken. The
        kinds of records are gone through in the order of ``records`` (all aggregates, then all
        entries), and ``containing`` is read anew for each: what ``new`` has added to it by then, such
        as the fingerprint of a command, is looked for in those that follow. Returns how many became
        different. Afterwards nothing of the old records can be read from where they stood, as far as
        that is the storage's to say.

        Raises:
            AlreadyExists: a key was given that is taken. Nothing was written.
        """

    def close(self) -> None:
        """Give back what it holds; afterwards it is not used any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """How the system of another library is reached.

    ``protocol`` (``iso18626``), ``edition`` and ``dialect`` are words of the ``Partner`` that speaks with
    it; an empty one says that this is left to it. ``url`` is where messages go. ``key`` is by what that
    system knows us, and we know it; empty where neither asks for one. It is shown nowhere.
    ``account`` and ``code`` are what that system has given us to be shown within every message to it; empty
    where it asks for none. The code is as secret as the key.
    """

    protocol: str
    url: str
    edition: str = ""
    dialect: str = ""
    key: str = field(default="", repr=False)
    account: str = ""
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody who can be written to, as the host knows him at this moment.

    ``language`` is one of the catalogues' (``zh_CN``, ``en``). ``email`` is an address without a
    display name; an empty one says that he cannot be reached by mail. ``system`` is that of another
    library; None says that it has none, and reads letters.
    """

    ref: str
    name: str
    email: str
    language: str
    system: System | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail, written and addressed. ``message_id`` is the same at every try of one message."""

    message_id: str
    to: Party
    subject: str
    body: str
    at: datetime


class Wording(Protocol):
    """How a message reads in somebody's language."""

    def letter(self, message: Message, to: Party) -> tuple[str, str]:
        """The subject (one line) and the body of a letter to ``to``, in his language.

        Raises:
            InvalidValue: the language is none of those it knows.
        """


class Mail(Protocol):
    """Where letters leave."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over; on return the other side has taken responsibility for it.

        Raises:
            MailFailed: it was not taken; ``permanent`` says whether trying again is of no use.
        """


class Partner(Protocol):
    """Where messages for the systems of other libraries leave."""

    def takes(self, message: Message, to: Party) -> bool:
        """Whether the message goes to the system of ``to``. Every other one goes as a letter."""

    def send(self, message: Message, *, to: Party, at: datetime) -> None:
        """Hand the message over; on return the other system has taken it.

        Called with what it takes alone. ``at`` is when the message was committed, the same at every try:
        a message whose answer was lost is sent again just as it was, and is recognised there.

        Raises:
            PartnerFailed: it was not taken; ``permanent`` says whether trying again is of no use,
                ``reached`` whether other messages for the same system may fare better.
        """


class Facts(Protocol):
    """What the desk cannot know and the host does; asked before deciding, stored with the entry."""

    def ask(self, command: Command, it: Aggregate | None) -> Any:
        """The facts a command on this aggregate is decided on, as a value of the domain.

        Asked while no lock is held, so that it may take its time; and once more with the lock held
        where somebody else has changed the aggregate in between.

        Raises:
            MissingValue: the host does not know what has to be known.
        """

    def party(self, ref: str) -> Party:
        """Name, address and language of a party, as they are now.

        Raises:
            NotFound: the host does not know the reference (any more).
        """


class Clock(Protocol):
    """What time it is, for hosts that do not say so themselves."""

    def now(self) -> datetime:
        """The present instant, aware."""


class Ids(Protocol):
    """Fresh ids, for commands and cases."""

    def new(self) -> str:
        """An id that was never given before."""
