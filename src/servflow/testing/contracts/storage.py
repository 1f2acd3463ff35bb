"""The contract of the ``Storage`` port: every promise of it, one test each.

The storage under test is made for ``servflow.testing.toys.TOYS`` and is empty. Nothing is asked of
it but the port: faults come from the side of what is being stored, never through a hook.

The file is long because every promise stands alone in a test of its own, to be read by whoever sees
it fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from servflow.codec import Codec, folded
from servflow.core.changes import Aggregate, Change, Command, Key, Message, Withdrawal
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    InvalidValue,
    NotFound,
    Refused,
    StaleVersion,
)
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Outgoing, Receipt, Status, Storage, Writing
from servflow.testing.toys import (
    NOBODY,
    POLICY,
    TOYS,
    Close,
    Count,
    Counter,
    Holder,
    Open,
    OpenHolder,
)

__all__ = ["StorageContract"]

_START = datetime(2026, 1, 31, 8, tzinfo=UTC)
_PATIENCE = 30  # seconds after which a thread that should have ended counts as hanging

_C1, _C2 = Key(Counter.kind, "c1"), Key(Counter.kind, "c2")
_HOLDER = Key(Holder.kind, "h")


def _at(minute: int) -> datetime:
    return _START + timedelta(minutes=minute)


def _open(id: str, case: str, *, holder: str | None = None) -> Open:
    return Open(id=id, case=case, by=NOBODY, happened_at=_START, recorded_at=_START, holder=holder)


def _open_holder(id: str, case: str, limit: int) -> OpenHolder:
    return OpenHolder(id=id, case=case, by=NOBODY, happened_at=_START, recorded_at=_START, limit=limit)


def _close(id: str, case: str) -> Close:
    return Close(id=id, case=case, by=NOBODY, happened_at=_START, recorded_at=_START)


def _count(
    id: str,
    case: str,
    *,
    note: str = "one more",
    recorded: int = 0,
    marks: dict[str, Money] | None = None,
    look_at: datetime | None = None,
    messages: tuple[Message, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
    postings: tuple[Posting, ...] = (),
) -> Count:
    return Count(
        id=id,
        case=case,
        by=NOBODY,
        happened_at=_START,
        recorded_at=_at(recorded),
        note=note,
        marks=marks or {},
        look_at=look_at,
        messages=messages,
        withdrawals=withdrawals,
        postings=postings,
    )


def _message(
    key: str,
    about: Key = _C1,
    *,
    to: str = "party-1",
    kind: str = "reminder",
    not_before: datetime | None = None,
    supersedes: tuple[str, ...] = (),
) -> Message:
    return Message(key=key, to=to, kind=kind, about=about, not_before=not_before, supersedes=supersedes)


def _posting(key: str, *, subject: str = "c1", owner: str = "party-1") -> Posting:
    return Posting(
        key=key,
        debit=Account(AccountKind.RECEIVABLE, owner),
        credit=Account(AccountKind.INCOME, "desk"),
        amount=Money("5", "CNY"),
        value_date=date(2026, 1, 31),
        subject=subject,
        kind="fee",
    )


def _key(command: Command) -> Key:
    return Key(TOYS.of(type(command)).name, command.case)


def _decided(writing: Writing, command: Command, *also: Key) -> Change:
    found = ((key, writing.load(key)) for key in (_key(command), *also))
    aggregates: dict[Key, Aggregate] = {key: it for key, it in found if it is not None}
    return decide(TOYS, command, aggregates, policy=POLICY)


def _do(storage: Storage, command: Command, *also: Key) -> Receipt:
    """What a desk does: the first receipt, or load (``also`` these), decide, commit."""
    with storage.writing() as writing:
        return writing.receipt(command) or writing.commit(_decided(writing, command, *also))


def _counter(storage: Storage, key: Key) -> Counter:
    it = storage.load(key)
    assert isinstance(it, Counter)
    return it


def _contents(storage: Storage) -> tuple[object, ...]:
    """All that can be read out of a storage, to be compared."""
    aggregates = (*storage.aggregates(Counter.kind), *storage.aggregates(Holder.kind))
    return (
        aggregates,
        [[dict(entry.document) for entry in storage.journal(it.key)] for it in aggregates],
        storage.due(_at(10**6)),
        list(storage.postings()),
        list(storage.outbox()),
    )


def _sent_to(storage: Storage, key: str) -> Outgoing:
    (found,) = (outgoing for outgoing in storage.outbox() if outgoing.message.key == key)
    return found


def _claimed(storage: Storage, minute: int, *, until: int, limit: int = 100) -> list[str]:
    claimed = storage.claim(_at(minute), until=_at(until), limit=limit)
    return [outgoing.message.key for outgoing in claimed]


class _BrokenError(Exception):
    """What goes wrong in the middle of a commit."""


class _Breaking(Sequence[Any]):
    """A part of a change that breaks when the item after the first ``good`` ones is asked for."""

    def __init__(self, items: tuple[Any, ...], good: int) -> None:
        self._items = items
        self._good = good

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        if index >= self._good:
            raise _BrokenError
        return self._items[index]


def _together(*jobs: Callable[[], None]) -> None:
    """Run in a thread each, until all have ended; what one of them raised is raised here."""
    raised: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 -- raised again below
            raised.append(error)

    threads = [Thread(target=run, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE)
        assert not thread.is_alive(), f"a thread still hangs after {_PATIENCE} s"
    for error in raised:
        raise error


class StorageContract:
    """Subclass it, give the ``storage`` fixture, and every promise is a test of your storage."""

    @pytest.fixture
    def storage(self) -> Storage:
        """An empty storage for the lifecycles of ``servflow.testing.toys.TOYS``."""
        raise NotImplementedError("override the fixture `storage`")

    def reopened(self, storage: Storage) -> Storage:
        """The storage after its program has ended and was started again.

        One that ends with its program gives back itself, which is what this does.
        """
        return storage

    # --- a commit is whole, or it is nothing ----------------------------------------------------

    def test_a_commit_stores_all_of_a_change(self, storage: Storage) -> None:
        """After a commit everything in the change is there, also after a restart."""
        _do(storage, _open_holder("1", "h", 2))
        _do(storage, _open("2", "c1", holder="h"), _HOLDER)
        message, posting = _message("m1"), _posting("p1")
        command = _count("3", "c1", look_at=_at(60), messages=(message,), postings=(posting,))
        receipt = _do(storage, command)
        assert receipt == Receipt(command_id="3", versions=((_C1, 2),))
        storage = self.reopened(storage)
        counter, holder = _counter(storage, _C1), storage.load(_HOLDER)
        assert (counter.count, counter.log, counter.version) == (1, ("one more",), 2)
        assert isinstance(holder, Holder)
        assert (holder.held, holder.version) == (("c1",), 2)
        assert [entry.command_id for entry in storage.journal(_C1)] == ["2", "3"]
        assert [entry.command_id for entry in storage.journal(_HOLDER)] == ["1", "2/Hold"]
        assert list(storage.postings()) == [posting]
        assert [outgoing.message for outgoing in storage.outbox()] == [message]
        assert storage.due(_at(60)) == ((_C1, _at(60)),)

    def test_a_transaction_left_without_a_commit_wrote_nothing(self, storage: Storage) -> None:
        """Leaving a transaction, on purpose or by an error, leaves no trace, and the next one works."""
        with storage.writing() as writing:
            assert writing.load(_C1) is None

        def stumble() -> None:
            with storage.writing() as writing:
                _decided(writing, _open("1", "c1"))
                raise _BrokenError

        with pytest.raises(_BrokenError):
            stumble()
        assert _contents(storage) == ((), [], (), [], [])
        _do(storage, _open("1", "c1"))
        assert _counter(storage, _C1).version == 1

    @pytest.mark.parametrize("part", ["becomes", "entries", "messages", "withdrawals", "postings", "wakes"])
    def test_a_fault_between_any_two_writes_leaves_nothing(self, storage: Storage, part: str) -> None:
        """Wherever a commit breaks, nothing of its change is there; committed again it is whole."""
        _do(storage, _open_holder("1", "h", 2))
        _do(storage, _open("2", "c2", holder="h"), _HOLDER)
        _do(storage, _count("3", "c2", look_at=_at(1), messages=(_message("m0", _C2),)))
        before = _contents(storage)
        command = _open("4", "c1", holder="h")

        def whole(writing: Writing) -> Change:
            return _decided(writing, command, _HOLDER)._replace(
                messages=(_message("m1"), _message("m2"), _message("m3", kind="other")),
                withdrawals=(Withdrawal(_C2, ("reminder",)), Withdrawal(_C2, ("other",))),
                postings=(_posting("p1"), _posting("p2"), _posting("p3")),
                wakes=((_C1, _at(5)), (_HOLDER, _at(6))),
            )

        for good in range(2 if part in {"becomes", "entries", "withdrawals", "wakes"} else 3):
            with storage.writing() as writing:
                change = whole(writing)
                broken: Any = {part: _Breaking(getattr(change, part), good)}
                with pytest.raises(_BrokenError):
                    writing.commit(change._replace(**broken))
            assert _contents(storage) == before
            assert _contents(self.reopened(storage)) == before
        with storage.writing() as writing:
            assert writing.receipt(command) is None
            writing.commit(whole(writing))
        assert len(list(storage.postings())) == 3
        assert storage.load(_HOLDER).version == 3

    @pytest.mark.parametrize("part", ["posting", "message"])
    def test_a_key_is_never_stored_twice(self, storage: Storage, part: str) -> None:
        """A posting or message under a key that is taken is refused, and all of its change with it."""
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", messages=(_message("m1"),), postings=(_posting("p1"),)))
        before = _contents(storage)
        for number, new in enumerate(("m2", "m1")):  # taken by another of the change; taken before
            keys = ("p2", "p2") if new == "m2" else ("p2", "p1")
            messages = (_message("m2"), _message(new)) if part == "message" else (_message("m2"),)
            postings = tuple(map(_posting, keys)) if part == "posting" else (_posting("p2"),)
            with pytest.raises(AlreadyExists) as refused:
                _do(storage, _count(f"3-{number}", "c1", messages=messages, postings=postings))
            assert refused.value.kind == part
            assert _contents(storage) == before

    # --- versions -------------------------------------------------------------------------------

    def test_a_change_decided_on_an_old_version_is_refused(self, storage: Storage) -> None:
        """What was decided before somebody else's commit is not written over it."""
        _do(storage, _open("1", "c1"))
        with storage.writing() as writing:
            change = _decided(writing, _count("2", "c1", note="late", postings=(_posting("p1"),)))
        _do(storage, _count("3", "c1", note="first"))
        before = _contents(storage)
        with pytest.raises(StaleVersion) as refused, storage.writing() as writing:
            writing.commit(change)
        assert (refused.value.id, refused.value.expected, refused.value.found) == ("c1", 1, 2)
        assert _contents(storage) == before

    def test_an_aggregate_that_was_only_read_is_checked_too(self, storage: Storage) -> None:
        """A decision that looked at something that is different by now is not written."""
        _do(storage, _open("1", "c1"))
        _do(storage, _open("2", "c2"))
        with storage.writing() as writing:
            change = _decided(writing, _count("3", "c1"), _C2)
        _do(storage, _count("4", "c2"))
        before = _contents(storage)
        with pytest.raises(StaleVersion, match="c2"), storage.writing() as writing:
            writing.commit(change)
        assert _contents(storage) == before

    def test_what_exists_is_not_opened_again(self, storage: Storage) -> None:
        """Of two that open the same aggregate the second is refused."""
        with storage.writing() as writing:
            change = _decided(writing, _open("2", "c1"))
        _do(storage, _open("1", "c1"))
        before = _contents(storage)
        with pytest.raises(AlreadyExists) as refused, storage.writing() as writing:
            writing.commit(change)
        assert (refused.value.kind, refused.value.id) == _C1
        assert _contents(storage) == before

    # --- a command counts once ------------------------------------------------------------------

    def test_the_same_command_twice_counts_once(self, storage: Storage) -> None:
        """A command that comes again gets its first receipt, marked as repeated; nothing is written."""
        _do(storage, _open("1", "c1"))
        command = _count("2", "c1", messages=(_message("m1"),), postings=(_posting("p1"),))
        first = _do(storage, command)
        _do(storage, _count("3", "c1"))
        before = _contents(storage)
        again = _do(self.reopened(storage), command)
        assert (first.repeated, again.repeated) == (False, True)
        assert (again.command_id, again.versions) == (first.command_id, first.versions)
        assert _contents(self.reopened(storage)) == before

    def test_a_command_delivered_later_again_is_the_same_one(self, storage: Storage) -> None:
        """When a command was recorded is not part of it: the same message delivered again is the same."""
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1"))
        assert _do(storage, _count("2", "c1", recorded=90)).repeated
        assert _counter(storage, _C1).count == 1

    def test_a_commit_of_a_committed_command_writes_nothing(self, storage: Storage) -> None:
        """A commit asks by itself whether its command was committed before."""
        _do(storage, _open("1", "c1"))
        command = _count("2", "c1", messages=(_message("m1"),))
        with storage.writing() as writing:
            change = _decided(writing, command)
        first = _do(storage, command)
        before = _contents(storage)
        with storage.writing() as writing:
            again = writing.commit(change)
        assert (again.versions, again.repeated) == (first.versions, True)
        assert _contents(storage) == before

    def test_a_command_id_is_not_used_for_another_command(self, storage: Storage) -> None:
        """The same id with another payload, or another command, is an error; nothing is written."""
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", note="this"))
        before = _contents(storage)
        others: tuple[Command, ...] = (_count("2", "c1", note="that"), _close("2", "c1"))
        for other in others:
            with pytest.raises(CommandReused), storage.writing() as writing:
                writing.receipt(other)
            with pytest.raises(CommandReused), storage.writing() as writing:
                writing.commit(_decided(writing, other))
            assert _contents(storage) == before

    # --- aggregates and journals ----------------------------------------------------------------

    def test_an_unknown_key_is_not_found(self, storage: Storage) -> None:
        """What was never stored is not found: by a writer None, by a reader an error, no entries."""
        with storage.writing() as writing:
            assert writing.load(_C1) is None
        with pytest.raises(NotFound) as missing:
            storage.load(_C1)
        assert (missing.value.kind, missing.value.id) == _C1
        assert list(storage.journal(_C1)) == []
        assert list(storage.outbox(about=_C1)) == []

    def test_a_journal_is_in_order_without_gaps(self, storage: Storage) -> None:
        """Entries come in the order of their commits, counted from 1; one may ask for the later ones."""
        _do(storage, _open("1", "c1"))
        for number in range(2, 13):
            _do(storage, _count(str(number), "c1", note=f"note {number}"))
        entries = list(storage.journal(_C1))
        assert [entry.seq for entry in entries] == list(range(1, 13))
        assert [entry.command_id for entry in entries] == [str(number) for number in range(1, 13)]
        assert {entry.key for entry in entries} == {_C1}
        assert [entry.seq for entry in storage.journal(_C1, after=10)] == [11, 12]
        assert list(storage.journal(_C1, after=12)) == []

    def test_an_entry_says_who_said_what_and_on_what_it_was_decided(self, storage: Storage) -> None:
        """An entry's document holds the command, the role, the facts and the digests, as plain data."""
        _do(storage, _open("1", "c1"))
        (entry,) = storage.journal(_C1)
        document = dict(entry.document)
        assert sorted(document) == sorted(
            ("format", "key", "seq", "command", "role", "facts", "rulebook", "calendar", "alterations")
        )
        assert document["command"] == Codec(TOYS).encode_command(_open("1", "c1"))
        assert (document["role"], document["facts"]) == ("anybody", None)
        assert (document["rulebook"], document["calendar"]) == (POLICY.rulebook, POLICY.calendar_digest)

    def test_folding_a_journal_gives_what_is_stored(self, storage: Storage) -> None:
        """The alterations alone, as plain data, put the stored aggregate together again."""
        five, nothing = Money("5", "CNY"), Money("0", "CNY")
        _do(storage, _open_holder("1", "h", 3))
        _do(storage, _open("2", "c1", holder="h"), _HOLDER)
        _do(storage, _count("3", "c1", marks={"a": five, "b": five}, look_at=_at(3)))
        _do(storage, _count("4", "c1", marks={"a": nothing, "c": five}, look_at=_at(9)))
        _do(storage, _close("5", "c1"), _HOLDER)
        storage, codec = self.reopened(storage), Codec(TOYS)
        for key in (_C1, _HOLDER):
            it = storage.load(key)
            document = folded(storage.journal(key))
            assert document == codec.encode_aggregate(it)
            assert codec.decode_aggregate(key, it.version, document) == it

    def test_what_was_read_is_not_what_is_stored(self, storage: Storage) -> None:
        """Whoever changes what he was given changes nothing in the storage."""
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", marks={"a": Money("5", "CNY")}))
        before = repr(_contents(storage))
        marks: Any = _counter(storage, _C1).marks
        marks.clear()
        for entry in storage.journal(_C1):
            document: Any = entry.document
            document.clear()
        assert repr(_contents(storage)) == before

    def test_a_listing_is_in_pages_by_id(self, storage: Storage) -> None:
        """A kind is listed in the order of ids, of one state if asked, on from the last page's end."""
        for number, case in enumerate(("c", "a", "e", "b", "d")):
            _do(storage, _open(str(number), case))
        _do(storage, _open_holder("h", "b2", 1))
        _do(storage, _close("close", "b"))
        kind = Counter.kind
        assert [it.id for it in storage.aggregates(kind)] == ["a", "b", "c", "d", "e"]
        assert [it.id for it in storage.aggregates(kind, limit=2)] == ["a", "b"]
        assert [it.id for it in storage.aggregates(kind, after="b", limit=2)] == ["c", "d"]
        assert [it.id for it in storage.aggregates(kind, after="e")] == []
        assert [it.id for it in storage.aggregates(kind, state="open", after="a", limit=2)] == ["c", "d"]
        assert [it.id for it in storage.aggregates(kind, state="closed")] == ["b"]
        assert [it.id for it in storage.aggregates(Holder.kind)] == ["b2"]

    def test_what_is_due_comes_earliest_first(self, storage: Storage) -> None:
        """Due is what wants to be looked at by then, that instant included, and only its last wish."""
        micro = timedelta(microseconds=1)
        wishes = (("c1", _at(30)), ("c2", _at(10) + micro), ("c3", _at(10)), ("c4", None))
        for case, wish in wishes:
            _do(storage, _open(f"open {case}", case))
            _do(storage, _count(f"count {case}", case, look_at=wish))
        c3 = Key(Counter.kind, "c3")
        assert storage.due(_at(9)) == ()
        assert storage.due(_at(10)) == ((c3, _at(10)),)
        assert storage.due(_at(30)) == ((c3, _at(10)), (_C2, _at(10) + micro), (_C1, _at(30)))
        assert storage.due(_at(30), limit=1) == ((c3, _at(10)),)
        _do(storage, _count("later", "c3", look_at=_at(50)))
        _do(storage, _count("never", "c2"))
        assert storage.due(_at(60)) == ((_C1, _at(30)), (c3, _at(50)))

    def test_postings_come_in_the_order_of_their_commit(self, storage: Storage) -> None:
        """All ledger lines, those of a subject, or those of an account on either side."""
        _do(storage, _open("1", "c1"))
        a, b = _posting("z", subject="x"), _posting("y", subject="x", owner="party-2")
        c = _posting("a", subject="w")
        _do(storage, _count("2", "c1", postings=(a, b)))
        _do(storage, _count("3", "c1", postings=(c,)))
        party, income = Account(AccountKind.RECEIVABLE, "party-1"), Account(AccountKind.INCOME, "desk")
        assert list(storage.postings()) == [a, b, c]
        assert list(storage.postings(subject="x")) == [a, b]
        assert list(storage.postings(account=party)) == [a, c]
        assert list(storage.postings(account=income)) == [a, b, c]
        assert list(storage.postings(subject="x", account=party)) == [a]
        assert list(storage.postings(subject="nothing")) == []

    def test_an_instant_without_an_offset_is_refused(self, storage: Storage) -> None:
        """A naive datetime is never taken for one in UTC."""
        naive = datetime(2026, 1, 31, 8)  # noqa: DTZ001 -- the mistake itself
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", messages=(_message("m1"),)))
        with pytest.raises(InvalidValue):
            storage.due(naive)
        with pytest.raises(InvalidValue):
            storage.claim(naive, until=_at(1))
        with pytest.raises(InvalidValue):
            storage.claim(_at(0), until=naive)
        with pytest.raises(InvalidValue):
            storage.settle("m1", at=naive, status=Status.SENT)
        assert _claimed(storage, 0, until=1) == ["m1"]

    def test_an_instant_beyond_the_calendar_is_refused(self, storage: Storage) -> None:
        """An instant that has no date in UTC is an error of ours, asked or committed; nothing is written."""
        beyond = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-8)))
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", messages=(_message("m1"),)))
        before = _contents(storage)
        with pytest.raises(InvalidValue):
            storage.due(beyond)
        with pytest.raises(InvalidValue):
            storage.claim(beyond, until=beyond)
        with pytest.raises(InvalidValue):
            storage.claim(_at(0), until=beyond)
        with pytest.raises(InvalidValue):
            storage.settle("m1", at=beyond, status=Status.SENT)
        with storage.writing() as writing:
            change = _decided(writing, _count("3", "c1"))
            with pytest.raises(InvalidValue):
                writing.commit(change._replace(wakes=((_C1, beyond),)))
        assert _contents(storage) == before
        assert _claimed(storage, 0, until=1) == ["m1"]

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_below_one_is_refused(self, storage: Storage, limit: int) -> None:
        """Asked for nothing, or for less, a storage says so; it gives neither nothing nor everything."""
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", look_at=_at(0), messages=(_message("m1"),)))
        with pytest.raises(InvalidValue, match="limit"):
            storage.aggregates(Counter.kind, limit=limit)
        with pytest.raises(InvalidValue, match="limit"):
            storage.due(_at(0), limit=limit)
        with pytest.raises(InvalidValue, match="limit"):
            storage.claim(_at(0), until=_at(1), limit=limit)
        assert _claimed(storage, 0, until=1, limit=10**30) == ["m1"]

    # --- the outbox -----------------------------------------------------------------------------

    def test_a_message_waits_in_the_outbox(self, storage: Storage) -> None:
        """A committed message is pending, since its command was recorded; order is that of commits."""
        _do(storage, _open("1", "c1"))
        _do(storage, _open("2", "c2"))
        messages = (_message("z"), _message("a", to="party-2", not_before=_at(60)))
        _do(storage, _count("3", "c1", recorded=7, messages=messages))
        _do(storage, _count("4", "c2", recorded=8, messages=(_message("m", _C2),)))
        found = list(storage.outbox())
        assert [outgoing.message.key for outgoing in found] == ["z", "a", "m"]
        assert found[1] == Outgoing(message=messages[1], status=Status.PENDING, attempts=0, changed_at=_at(7))
        assert list(storage.outbox(about=_C2)) == found[2:]

    def test_a_message_is_claimed_by_one(self, storage: Storage) -> None:
        """What is claimed is left to the claimant until then; the oldest are claimed first."""
        _do(storage, _open("1", "c1"))
        later = _message("m3", not_before=_at(20))
        messages = (_message("m2"), _message("m1"), later, _message("m4"))
        _do(storage, _count("2", "c1", messages=messages))
        assert _claimed(storage, 0, until=10, limit=2) == ["m2", "m1"]
        assert _claimed(storage, 5, until=15) == ["m4"]
        assert _claimed(storage, 9, until=19) == []
        assert _claimed(storage, 10, until=19, limit=1) == ["m2"]  # the first claim has run out
        assert _claimed(storage, 20, until=30) == ["m2", "m1", "m3", "m4"]
        assert {outgoing.status for outgoing in storage.outbox()} == {Status.PENDING}

    def test_what_was_sent_is_never_claimed_again(self, storage: Storage) -> None:
        """A settled message stays what it is: sent, or given up."""
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", messages=(_message("m1"), _message("m2"))))
        assert _claimed(storage, 0, until=10) == ["m1", "m2"]
        storage.settle("m1", at=_at(1), status=Status.SENT)
        storage.settle("m2", at=_at(2), status=Status.FAILED, note="no such mailbox")
        storage.settle("m1", at=_at(3), status=Status.PENDING, note="too late")
        storage = self.reopened(storage)
        assert _claimed(storage, 60, until=70) == []
        sent, failed = storage.outbox()
        assert (sent.status, sent.changed_at, sent.attempts, sent.note) == (Status.SENT, _at(1), 0, "")
        assert (failed.status, failed.changed_at) == (Status.FAILED, _at(2))
        assert (failed.attempts, failed.note) == (1, "no such mailbox")

    def test_a_message_given_back_can_be_claimed_at_once(self, storage: Storage) -> None:
        """A failed try is counted and noted, and the message is there for the next one."""
        _do(storage, _open("1", "c1"))
        _do(storage, _count("2", "c1", messages=(_message("m1"),)))
        for attempt in (1, 2):
            assert _claimed(storage, attempt, until=60) == ["m1"]
            storage.settle("m1", at=_at(attempt), status=Status.PENDING, note=f"try {attempt}")
            outgoing = _sent_to(storage, "m1")
            assert (outgoing.status, outgoing.attempts) == (Status.PENDING, attempt)
            assert (outgoing.changed_at, outgoing.note) == (_at(attempt), f"try {attempt}")

    def test_an_unknown_message_cannot_be_settled(self, storage: Storage) -> None:
        """A message that was never committed has no outcome."""
        with pytest.raises(NotFound):
            storage.settle("m1", at=_at(0), status=Status.SENT)

    def test_a_withdrawal_reaches_the_unsent_ones_it_names(self, storage: Storage) -> None:
        """Withdrawn are messages of these kinds about this aggregate, not sent and not its own."""
        _do(storage, _open("1", "c1"))
        _do(storage, _open("2", "c2"))
        messages = (_message("sent"), _message("m1"), _message("m2", to="party-2"))
        _do(storage, _count("3", "c1", messages=(*messages, _message("other kind", kind="other"))))
        _do(storage, _count("4", "c2", messages=(_message("other case", _C2),)))
        storage.claim(_at(0), until=_at(1), limit=1)
        storage.settle("sent", at=_at(0), status=Status.SENT)
        withdrawals = (Withdrawal(_C1, ("reminder", "nothing")),)
        _do(storage, _count("5", "c1", recorded=5, messages=(_message("new"),), withdrawals=withdrawals))
        states = {outgoing.message.key: outgoing.status for outgoing in storage.outbox()}
        assert states == {
            "sent": Status.SENT,
            "m1": Status.WITHDRAWN,
            "m2": Status.WITHDRAWN,
            "other kind": Status.PENDING,
            "other case": Status.PENDING,
            "new": Status.PENDING,
        }
        withdrawn = _sent_to(storage, "m1")
        assert withdrawn.changed_at == _at(5)
        assert "Count" in withdrawn.note
        assert "5" in withdrawn.note
        assert _claimed(storage, 10, until=20) == ["other kind", "other case", "new"]

    def test_a_later_message_supersedes_an_unsent_one(self, storage: Storage) -> None:
        """Superseded is what is of the kinds, about the same and to the same party, and not sent."""
        _do(storage, _open("1", "c1"))
        _do(storage, _open("2", "c2"))
        messages = (_message("m1"), _message("other party", to="party-2"), _message("other", kind="other"))
        _do(storage, _count("3", "c1", messages=messages))
        _do(storage, _count("4", "c2", messages=(_message("other case", _C2),)))
        _do(storage, _count("5", "c1", recorded=5, messages=(_message("m2", supersedes=("reminder",)),)))
        superseded = _sent_to(storage, "m1")
        assert (superseded.status, superseded.changed_at) == (Status.SUPERSEDED, _at(5))
        assert "m2" in superseded.note
        assert _claimed(storage, 10, until=20) == ["other party", "other", "other case", "m2"]

    def test_a_message_of_the_same_change_can_supersede(self, storage: Storage) -> None:
        """Of two in one change the later supersedes the earlier; both are on record."""
        _do(storage, _open("1", "c1"))
        messages = tuple(_message(key, supersedes=("reminder",)) for key in ("m1", "m2", "m3"))
        _do(storage, _count("2", "c1", messages=messages))
        assert [(outgoing.message.key, outgoing.status) for outgoing in storage.outbox()] == [
            ("m1", Status.SUPERSEDED),
            ("m2", Status.SUPERSEDED),
            ("m3", Status.PENDING),
        ]
        assert _claimed(storage, 10, until=20) == ["m3"]

    @pytest.mark.parametrize("outcome", [Status.SENT, Status.PENDING, Status.FAILED, None])
    def test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again(
        self, storage: Storage, outcome: Status | None
    ) -> None:
        """Sent is sent; if the try fails, or its claimant is never heard of again, it is overtaken."""
        _do(storage, _open("1", "c1"))
        messages = (_message("m1"), _message("n1", kind="notice"))
        _do(storage, _count("2", "c1", messages=messages))
        assert _claimed(storage, 0, until=10) == ["m1", "n1"]
        new, withdrawals = _message("m2", supersedes=("reminder",)), (Withdrawal(_C1, ("notice",)),)
        _do(storage, _count("3", "c1", recorded=5, messages=(new,), withdrawals=withdrawals))
        assert _sent_to(storage, "m1").status is Status.PENDING
        if outcome is not None:
            storage.settle("m1", at=_at(6), status=outcome, note="an outcome")
            storage.settle("n1", at=_at(6), status=outcome, note="an outcome")
        assert _claimed(self.reopened(storage), 10, until=20) == ["m2"]
        reminder, notice = _sent_to(storage, "m1"), _sent_to(storage, "n1")
        assert reminder.changed_at == notice.changed_at == _at(10 if outcome is None else 6)
        if outcome is Status.SENT:
            assert reminder.status is notice.status is Status.SENT
        else:
            assert (reminder.status, notice.status) == (Status.SUPERSEDED, Status.WITHDRAWN)
            assert "m2" in reminder.note
            assert "3" in notice.note

    # --- several at once ------------------------------------------------------------------------

    def test_writers_on_one_key_queue(self, storage: Storage) -> None:
        """A second writer waits, reads what the first committed, and is served; nobody is refused."""
        _do(storage, _open("1", "c1"))
        loaded, waiting = Event(), Event()

        def first() -> None:
            with storage.writing() as writing:
                change = _decided(writing, _count("2", "c1", note="first"))
                loaded.set()
                assert waiting.wait(_PATIENCE)
                writing.commit(change)

        def second() -> None:
            assert loaded.wait(_PATIENCE)
            waiting.set()
            _do(storage, _count("3", "c1", note="second"))

        _together(first, second)
        assert _counter(storage, _C1).log == ("first", "second")

    def test_a_limit_holds_when_many_try_at_once(self, storage: Storage) -> None:
        """Six at once on an account with room for two: two are served, four refused, never a third."""
        _do(storage, _open_holder("0", "h", 2))
        start, refused = Barrier(6), []

        def try_it(case: str) -> None:
            start.wait(_PATIENCE)
            try:
                _do(storage, _open(f"open {case}", case, holder="h"), _HOLDER)
            except Refused as error:
                refused.append(error.reasons[0].code)

        def job(case: str) -> Callable[[], None]:
            return lambda: try_it(case)

        _together(*(job(f"c{number}") for number in range(6)))
        holder = storage.load(_HOLDER)
        assert isinstance(holder, Holder)
        assert refused == ["toy.limit"] * 4
        assert sorted(holder.held) == [it.id for it in storage.aggregates(Counter.kind)]
        assert len(holder.held) == 2

    def test_one_command_at_once_many_times_counts_once(self, storage: Storage) -> None:
        """A command delivered by several at the same time is committed once; all get its receipt."""
        _do(storage, _open("1", "c1"))
        start = Barrier(4)
        receipts: list[Receipt] = []

        def deliver() -> None:
            start.wait(_PATIENCE)
            receipts.append(_do(storage, _count("2", "c1", messages=(_message("m1"),))))

        _together(*[deliver] * 4)
        assert sorted(receipt.repeated for receipt in receipts) == [False, True, True, True]
        assert {receipt.versions for receipt in receipts} == {((_C1, 2),)}
        assert len(list(storage.outbox())) == 1

    def test_claimants_at_once_never_share_a_message(self, storage: Storage) -> None:
        """Several that claim at the same time get every message once between them."""
        _do(storage, _open("1", "c1"))
        keys = [f"m{number:02}" for number in range(20)]
        _do(storage, _count("2", "c1", messages=tuple(map(_message, keys))))
        start = Barrier(4)
        claimed: list[str] = []

        def claim() -> None:
            start.wait(_PATIENCE)
            for _ in keys:
                claimed.extend(_claimed(storage, 0, until=10, limit=3))

        _together(*[claim] * 4)
        assert sorted(claimed) == keys

    def test_a_reader_sees_what_was_committed_last(self, storage: Storage) -> None:
        """Beside an open transaction one reads what was there before it, whole and without waiting."""
        _do(storage, _open("1", "c1"))
        before = _contents(storage)
        with storage.writing() as writing:
            change = _decided(writing, _count("2", "c1", messages=(_message("m1"),)))
            _together(lambda: _compare(storage, before))
            writing.commit(change)
        assert _counter(storage, _C1).count == 1


def _compare(storage: Storage, expected: tuple[object, ...]) -> None:
    assert _contents(storage) == expected
