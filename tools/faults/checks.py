"""What must hold of a desk's database whatever befell those who worked at it.

The oracle is the desk itself without any fault: all committed commands are decided once more, in an
order that their journals allow, over a storage in memory. Everything that is stored must be the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from traceback import extract_tb
from typing import Any, Final

from loan_desk import NLC, LoanDesk

from faults.places import CODEC
from faults.smtp import Taken
from faults.work import Borrowers, family_of
from faults.workers import SENDER, Told
from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import read
from servflow.codec.rfc5322 import message_id
from servflow.core.changes import Change, Command, Key
from servflow.core.errors import (
    AlreadyExists,
    InvalidValue,
    NotFound,
    Refused,
    ServflowError,
)
from servflow.core.ill import ILL
from servflow.core.ill.lending.model import Relation
from servflow.core.lifecycle import decide
from servflow.core.ports import Letter, Storage
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
    Status,
)
from servflow.desk import Desk, audit

__all__ = ["audited", "checked", "commands_checked", "drained", "mail_checked", "replayed"]

_MOST: Final = 12  # problems of one sort that are told


def audited(storage: Storage) -> list[str]:
    """What the audit finds in all that is stored."""
    return [f"audit: {problem}" for problem in audit(ILL, storage.records(), policy=NLC)][:_MOST]


def _desk_over(storage: Storage) -> Desk:
    """The desk without anybody at it."""
    host = Borrowers()
    return Desk(ILL, storage=storage, facts=host, policy=NLC, wording=host)


def checked(storage: Storage, told: Told) -> list[str]:
    """Everything that is wrong with what is stored, after what was told; for when nobody works at it.

    What was begun and not acknowledged is given again here: that has to come to one effect.
    """
    found = [*told.broken, *commands_checked(storage, told), *_at_rest(storage)]
    found += _given_again(storage, told)
    found += replayed(list(storage.records()))
    return found + audited(storage)


def _at_rest(storage: Storage) -> Iterator[str]:
    """Journals fold, the ledger balances, accounts and loans agree with it."""
    try:
        LoanDesk(storage, CODEC).prove()
    except (AssertionError, ServflowError) as error:
        said = extract_tb(error.__traceback__)[-1].line
        yield f"books: {type(error).__name__}: {error} ({said})"


# --- commands -------------------------------------------------------------------------------------


def _kept(records: Iterable[Record], kind: type[Record]) -> list[Any]:
    return [record for record in records if type(record) is kind]


def commands_checked(storage: Storage, told: Told) -> list[str]:
    """What was acknowledged is there, what was refused is not, and nothing else is.

    Giving what is there again gives its first receipt and changes nothing.
    """
    before = list(storage.records())
    receipts = {record.command_id: record for record in _kept(before, ReceiptRecord)}
    found = [f"acknowledged and lost: {name}" for name in told.acknowledged if name not in receipts]
    for name, versions in told.acknowledged.items():
        if len(versions) > 1:
            found.append(f"acknowledged twice with different versions: {name}: {versions}")
        elif name in receipts:
            stored = tuple((*key, version) for key, version in receipts[name].versions)
            if versions != {stored}:
                found.append(f"acknowledged {name} with {versions}, stored {stored}")
    found += [f"refused and there: {name}" for name in told.refused if name in receipts]
    found += [f"there and never begun: {name}" for name in receipts if name not in told.commands]
    desk = _desk_over(storage)
    for name, receipt in receipts.items():
        if name in told.commands:
            found += _repeated(desk, told.commands[name], receipt)
    if before != list(storage.records()):
        found.append("commands given again changed something")
    return found[:_MOST]


def _repeated(desk: Desk, command: Command, stored: ReceiptRecord) -> Iterator[str]:
    try:
        receipt = desk.do(command)
    except ServflowError as error:
        yield f"given again, {command.id} was not recognised: {type(error).__name__}: {error}"
        return
    if not receipt.repeated:
        yield f"given again, {command.id} was done again"
    if receipt.versions != stored.versions:
        yield f"given again, {command.id} gave {receipt.versions}, not {stored.versions}"


def _given_again(storage: Storage, told: Told) -> Iterator[str]:
    """What was begun and not acknowledged: given again, it is done once, or refused as it is now."""
    desk = _desk_over(storage)
    for command in told.open:
        try:
            first = desk.do(command)
        except (Refused, NotFound, AlreadyExists, InvalidValue):
            told.refused.add(command.id)
            continue
        except ServflowError as error:
            yield f"begun, {command.id} cannot be given again: {type(error).__name__}: {error}"
            continue
        again = desk.do(command)
        if not again.repeated or again.versions != first.versions:
            yield f"given again twice, {command.id} was done twice"
        told.acknowledged[command.id] = {tuple((*key, version) for key, version in first.versions)}


# --- the oracle -----------------------------------------------------------------------------------


class _Given:
    """A command that was committed: the entries that its change wrote."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: dict[tuple[Key, int], str] = {}
        self.root: EntryRecord | None = None

    @property
    def writes_relation(self) -> bool:
        return any(key.kind == Relation.kind for key, _ in self.entries)


def replayed(records: Sequence[Record]) -> list[str]:
    """How what is stored differs from what the same commands come to where nothing fails.

    Of the status of messages only what can have become of them is compared.
    """
    receipts = {record.command_id for record in _kept(records, ReceiptRecord)}
    given: dict[str, _Given] = {}
    for entry in _kept(records, EntryRecord):
        owner = entry.command_id
        while owner not in receipts and "/" in owner:
            owner = owner.rpartition("/")[0]
        if owner not in receipts:
            return [f"oracle: {entry.command_id}, which wrote {entry.seq} of {entry.key}, has no receipt"]
        one = given.setdefault(owner, _Given(owner))
        one.entries[entry.key, entry.seq] = entry.document
        if entry.command_id == owner:
            one.root = entry
    missing = [f"oracle: receipt {name} and no entry of it" for name in receipts - given.keys()]
    if missing:
        return missing[:_MOST]
    memory = MemoryStorage(CODEC)
    stuck = _Replay(memory, records, given).run()
    if stuck:
        return stuck[:_MOST]
    return _compared(records, list(memory.records()))[:_MOST]


class _Replay:
    """One institution after the other: nobody decides on two of them.

    Commands that change the relation stand in its journal in their order. Of those that only look at
    it the order is not on record: each is done as soon as it comes to what is stored.
    """

    def __init__(self, memory: MemoryStorage, records: Sequence[Record], given: Mapping[str, _Given]) -> None:
        self._memory = memory
        self._host = Borrowers()
        self._families: dict[str, list[_Given]] = defaultdict(list)
        requesters = {
            record.key: family_of(CODEC.decode_aggregate(record.key, record.version, _document(record)))
            for record in _kept(records, AggregateRecord)
        }
        for one in given.values():
            key = next(key for key, _ in one.entries)
            self._families[requesters.get(key, key.id)].append(one)

    def run(self) -> list[str]:
        return [problem for family in self._families.values() for problem in self._family(family)]

    def _family(self, family: list[_Given]) -> list[str]:
        at = {place: one for one in family for place in one.entries}
        reached: dict[Key, int] = dict.fromkeys((key for key, _ in at), 0)
        left = len(family)
        wrong = ""
        while left:
            waiting = {id(one): one for one in self._next(at, reached)}.values()
            for one in sorted(waiting, key=lambda one: one.writes_relation):
                wrong = self._done(one)
                if not wrong:
                    for key, seq in one.entries:
                        reached[key] = max(reached[key], seq)
                    left -= 1
                    break
            else:
                return [f"oracle: {wrong or 'journals that come before each other'}"]
        return []

    @staticmethod
    def _next(at: Mapping[tuple[Key, int], _Given], reached: Mapping[Key, int]) -> Iterator[_Given]:
        """Commands whose aggregates all stand where they stood before them."""
        for key, seq in reached.items():
            one = at.get((key, seq + 1))
            if one is not None and all(
                min(number for other, number in one.entries if other == each) == reached[each] + 1
                for each in {each for each, _ in one.entries}
            ):
                yield one

    def _done(self, one: _Given) -> str:
        """Empty if it came to what is stored; then it is done."""
        if one.root is None:
            return f"{one.name}: no entry of its own"
        command = CODEC.decode_command(read(one.root.document)["command"])
        with self._memory.writing() as writing:
            try:
                change = self._decided(command, one.root.key, writing)
            except ServflowError as error:
                return f"{one.name} was committed, and is refused: {type(error).__name__}: {error}"
            came_to = {(entry.key, entry.seq): CODEC.encode_entry(entry) for entry in change.entries}
            stored = {place: read(document) for place, document in one.entries.items()}
            if came_to != stored:
                differing = sorted(
                    place
                    for place in came_to.keys() | stored.keys()
                    if came_to.get(place) != stored.get(place)
                )
                return f"{one.name} came to other entries: {differing}"
            try:
                writing.commit(change)
            except ServflowError as error:
                return f"{one.name} cannot be committed: {error}"
        return ""

    def _decided(self, command: Command, key: Key, writing: Any) -> Change:
        lifecycle = ILL.of(type(command))
        it = writing.load(key)
        read_ = {each: writing.load(each) for each in (key, *lifecycle.reads(it, command))}
        there = {each: value for each, value in read_.items() if value is not None}
        return decide(ILL, command, there, policy=NLC, facts=self._host.ask(command, it))


def _document(record: AggregateRecord) -> dict[str, Any]:
    document = read(record.document)
    assert isinstance(document, dict)
    return document


_BECOMES: Final = {
    # what nothing overtook cannot have been overtaken; what was overtaken is not waiting to be sent
    Status.PENDING: {Status.PENDING, Status.SENT, Status.FAILED},
    Status.SUPERSEDED: {Status.SUPERSEDED, Status.WITHDRAWN, Status.SENT, Status.FAILED},
    Status.WITHDRAWN: {Status.SUPERSEDED, Status.WITHDRAWN, Status.SENT, Status.FAILED},
}


def _compared(stored: Sequence[Record], due: Sequence[Record]) -> list[str]:
    found: list[str] = []
    for kind, sort in (
        (AggregateRecord, "aggregate"),
        (EntryRecord, "entry"),
        (ReceiptRecord, "receipt"),
        (PostingRecord, "charge or payment"),
        (MessageRecord, "message"),
    ):
        there, wanted = Counter(map(_name, _kept(stored, kind))), Counter(map(_name, _kept(due, kind)))
        found += [f"oracle: {sort} lost: {name}" for name in wanted - there]
        found += [f"oracle: {sort} too many: {name}" for name in there - wanted]
        by_name = {_name(record): record for record in _kept(due, kind)}
        for record in _kept(stored, kind):
            twin = by_name.get(_name(record))
            if twin is not None and _lasting(record) != _lasting(twin):
                found.append(f"oracle: {sort} differs: {_name(record)}: {record}, expected {twin}")
            if twin is not None and isinstance(record, MessageRecord) and isinstance(twin, MessageRecord):
                found += _become(record, twin)
    return found


def _name(record: Record) -> tuple[Any, ...]:
    match record:
        case EntryRecord(key, seq):
            return (*key, seq)
        case AggregateRecord(key):
            return key
        case _:
            return (record[0],)


def _lasting(record: Record) -> Record:
    if not isinstance(record, MessageRecord):
        return record
    return record._replace(
        changed_at=datetime.min.replace(tzinfo=UTC),
        status=Status.PENDING,
        claimed_until=None,
        overtaken=None,
        attempts=0,
        note="",
    )


def _become(record: MessageRecord, twin: MessageRecord) -> Iterator[str]:
    status = record.overtaken or record.status
    if status not in _BECOMES[twin.status]:
        yield f"oracle: message {record.key} is {status.value}; its commands make it {twin.status.value}"


# --- mail -----------------------------------------------------------------------------------------


def drained(desk: Desk, at: datetime, lease: timedelta) -> tuple[int, datetime]:
    """Deliver what waits, once no claim of anybody's is left; how many were sent, and when it was over."""
    sent = 0
    for _ in range(5):
        at += lease * 2
        done = desk.deliver(at, lease=lease)
        sent += done.sent
        if not (done.sent or done.postponed):
            break
    return sent, at


def mail_checked(
    storage: Storage, told: Told, taken: Sequence[Taken], *, refused: Sequence[str] = ()
) -> list[str]:
    """What is wrong with the mail once all of it was to be delivered.

    Nothing waits; what was sent came to its recipient, what came was sent; twice only where a worker
    died over it or did not hear the answer. Who is ``refused`` for good got nothing, and that is noted.
    """
    host = Borrowers()
    copies = Counter(taken)
    found: list[str] = []
    for outgoing in storage.outbox():
        key, to = outgoing.message.key, host.party(outgoing.message.to)
        letter = Letter(message_id=key, to=to, subject="", body="", at=outgoing.changed_at)
        came = copies.pop(Taken(message_id(letter, SENDER), to.email), 0)
        status = outgoing.status
        if status is Status.PENDING:
            found.append(f"mail: {key} still waits: {outgoing.note}")
        elif status is Status.SENT and not came:
            found.append(f"mail: {key} was sent and never came")
        elif status is Status.FAILED and not (to.ref in refused and outgoing.attempts and outgoing.note):
            found.append(f"mail: {key} was given up: {outgoing.note!r}")
        elif to.ref in refused and status is Status.SENT:
            found.append(f"mail: {key} was sent to somebody who is refused")
        if came > 1 + told.unheard[key]:
            found.append(f"mail: {key} came {came} times, and {told.unheard[key]} times nobody could say so")
    found += [
        f"mail: {letter.message_id} came to {letter.recipient} and is of no message" for letter in copies
    ]
    return found[:_MOST]
