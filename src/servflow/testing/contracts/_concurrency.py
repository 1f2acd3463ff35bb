"""Several at once: writers queue, and nobody is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from threading import Barrier, Event
from typing import Any

import pytest

from servflow.codec import folded
from servflow.core.changes import Command, Key, Withdrawal
from servflow.core.errors import (
    AlreadyExists,
    Refused,
    StorageBusy,
)
from servflow.core.ports import Receipt, Status, Storage
from servflow.testing.contracts._hooks import StorageHooks
from servflow.testing.contracts._reference import few, renamed
from servflow.testing.contracts._steps import (
    C1,
    C2,
    HOLDER,
    PATIENCE,
    Breaking,
    FaultError,
    Pausing,
    a_message,
    a_posting,
    claim,
    contents,
    counter_of,
    decided,
    do,
    instant,
    outgoing,
    to_close,
    to_count,
    to_open,
    to_open_holder,
    to_open_series,
    together,
)
from servflow.testing.toys import Counter, Holder, Series

__all__ = ["Concurrency"]


_ROUNDS = 5  # how often somebody tries again who was told that the storage is busy
_MOMENT = 0.2  # seconds that two wait for each other; where one queues behind the other, they pass in vain
_HELD = 2.0  # seconds after which a writer gives way to one who should have lost his patience


_FIRST = pytest.mark.parametrize("first", ["writer", "other"])


class Concurrency(StorageHooks):
    """Several at once: writers queue, and nobody is forgotten."""

    def test_writers_on_one_key_queue(self, storage: Storage) -> None:
        """A second writer waits, reads what the first committed, and is served; nobody is refused."""
        do(storage, to_open("1", "c1"))
        loaded, waiting = Event(), Event()

        def first() -> None:
            with storage.writing() as writing:
                change = decided(writing, to_count("2", "c1", note="first"))
                loaded.set()
                assert waiting.wait(PATIENCE)
                writing.commit(change)

        def second() -> None:
            assert loaded.wait(PATIENCE)
            waiting.set()
            do(storage, to_count("3", "c1", note="second"))

        together(first, second)
        assert counter_of(storage, C1).log == ("first", "second")

    def test_a_limit_holds_when_many_try_at_once(self, storage: Storage) -> None:
        """Six at once on an account with room for two: two are served, four refused, never a third."""
        do(storage, to_open_holder("0", "h", 2))
        start, refused = Barrier(6), []

        def try_it(case: str) -> None:
            start.wait(PATIENCE)
            try:
                do(storage, to_open(f"open {case}", case, holder="h"), HOLDER)
            except Refused as error:
                refused.append(error.reasons[0].code)

        def job(case: str) -> Callable[[], None]:
            return lambda: try_it(case)

        together(*(job(f"c{number}") for number in range(6)), barrier=start)
        holder = storage.load(HOLDER)
        assert isinstance(holder, Holder)
        assert refused == ["toy.limit"] * 4
        assert sorted(holder.held) == [it.id for it in storage.aggregates(Counter.kind)]
        assert len(holder.held) == 2

    def test_one_command_at_once_many_times_counts_once(self, storage: Storage) -> None:
        """A command delivered by several at the same time is committed once; all get its receipt."""
        do(storage, to_open("1", "c1"))
        start = Barrier(4)
        receipts: list[Receipt] = []

        def deliver() -> None:
            start.wait(PATIENCE)
            receipts.append(do(storage, to_count("2", "c1", messages=(a_message("m1"),))))

        together(*[deliver] * 4, barrier=start)
        assert sorted(receipt.repeated for receipt in receipts) == [False, True, True, True]
        assert {receipt.versions for receipt in receipts} == {((C1, 2),)}
        assert len(list(storage.outbox())) == 1

    def test_claimants_at_once_never_share_a_message(self, storage: Storage) -> None:
        """Several that claim at the same time get every message once between them."""
        do(storage, to_open("1", "c1"))
        keys = [f"m{number:02}" for number in range(20)]
        do(storage, to_count("2", "c1", messages=tuple(map(a_message, keys))))
        start = Barrier(4)
        claimed: list[str] = []

        def take() -> None:
            start.wait(PATIENCE)
            for _ in keys:
                claimed.extend(claim(storage, 0, until=10, limit=3))

        together(*[take] * 4, barrier=start)
        assert sorted(claimed) == keys

    def test_a_reader_sees_what_was_committed_last(self, storage: Storage) -> None:
        """Beside an open transaction one reads what was there before it, whole and without waiting."""
        do(storage, to_open("1", "c1"))
        before = contents(storage)
        with storage.writing() as writing:
            change = decided(writing, to_count("2", "c1", messages=(a_message("m1"),)))
            together(lambda: _compare(storage, before))
            writing.commit(change)
        assert counter_of(storage, C1).count == 1

    def test_two_hundred_writers_on_one_case_are_all_served(self, storage: Storage) -> None:
        """They queue: each is served once, in some order, and the journal has all of them without gaps."""
        do(storage, to_open("0", "c1"))
        ids = [f"{number}" for number in range(1, 201)]
        start = Barrier(len(ids))
        versions: list[int] = []

        def job(id: str) -> Callable[[], None]:
            def write() -> None:
                start.wait(PATIENCE)
                receipt = do(storage, to_count(id, "c1", note=id, messages=(a_message(f"m{id}"),)))
                assert (receipt.command_id, receipt.repeated) == (id, False)
                versions.append(dict(receipt.versions)[C1])

            return write

        together(*map(job, ids), barrier=start)
        counter = counter_of(storage, C1)
        assert (counter.version, counter.count) == (201, 200)
        assert sorted(versions) == list(range(2, 202))
        entries = list(storage.journal(C1))
        assert [entry.seq for entry in entries] == list(range(1, 202))
        assert tuple(entry.command_id for entry in entries[1:]) == counter.log
        assert sorted(counter.log) == sorted(ids)
        assert [each.message.key for each in storage.outbox()] == [f"m{id}" for id in counter.log]

    def test_a_limit_holds_round_after_round(self, storage: Storage) -> None:
        """Where many open and close at once on an account of two, never are three open."""
        do(storage, to_open_holder("0", "h", 2))
        writers, rounds = 8, 6
        start = Barrier(writers)
        seen: list[int] = []

        def is_opened(case: str) -> bool:
            try:
                do(storage, to_open(f"open {case}", case, holder="h"), HOLDER)
            except Refused:
                return False
            return True

        def job(writer: int) -> Callable[[], None]:
            def write() -> None:
                for turn in range(rounds):
                    case = f"{writer}-{turn}"
                    start.wait(PATIENCE)
                    opened = is_opened(case)
                    start.wait(PATIENCE)
                    holder = storage.load(HOLDER)
                    assert isinstance(holder, Holder)
                    seen.append(len(holder.held))
                    start.wait(PATIENCE)
                    if opened:
                        do(storage, to_close(f"close {case}", case), HOLDER)

            return write

        together(*map(job, range(writers)), barrier=start)
        assert seen == [2] * (writers * rounds)
        held = [
            folded([entry for entry in storage.journal(HOLDER) if entry.seq <= seq]).get("held", [])
            for seq in range(1, storage.load(HOLDER).version + 1)
        ]
        assert max(map(len, held)) == 2
        assert len(storage.aggregates(Counter.kind, state="closed")) == 2 * rounds
        assert storage.aggregates(Counter.kind, state="open") == ()

    def test_numbers_have_no_gaps_though_some_writers_fail(self, storage: Storage) -> None:
        """A number is given out with the commit that uses it: none twice, none lost with who failed."""
        do(storage, to_open_series("0", "s"))
        series = Key(Series.kind, "s")
        writers, each = 8, 4
        start = Barrier(writers)

        def draw(case: str, outcome: int) -> None:
            with storage.writing() as writing:
                change = decided(writing, to_open(f"open {case}", case, series="s"), series)
                if outcome == 0:
                    writing.commit(change)
                elif outcome == 1:
                    broken: Any = Breaking((a_posting("p"), a_posting("q")), 1)
                    writing.commit(change._replace(postings=broken))
                else:
                    raise FaultError

        def job(writer: int) -> Callable[[], None]:
            def write() -> None:
                start.wait(PATIENCE)
                for turn in range(each):
                    for outcome in (1, 0, 2) if writer % 2 else (0, 2, 1):
                        with nullcontext() if outcome == 0 else pytest.raises(FaultError):
                            draw(f"{writer}-{turn}-{outcome}", outcome)

            return write

        together(*map(job, range(writers)), barrier=start)
        counters = storage.aggregates(Counter.kind)
        numbers = sorted(it.number or 0 for it in counters if isinstance(it, Counter))
        assert numbers == list(range(1, writers * each + 1))
        drawn = storage.load(series)
        assert isinstance(drawn, Series)
        assert drawn.drawn == writers * each
        assert {it.id[-1] for it in counters} == {"0"}

    def test_writers_that_need_the_same_two_in_turn_do_not_hang(self, storage: Storage) -> None:
        """Each has one and asks for the other's: both are served, or one is busy and served again."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        has_one = {C1: Event(), C2: Event()}

        def job(mine: Key, theirs: Key) -> Callable[[], None]:
            def take_both() -> None:
                with storage.writing() as writing:
                    writing.load(mine)
                    has_one[mine].set()
                    has_one[theirs].wait(0.5)  # where there is one lock for all, the other never gets there
                    writing.commit(decided(writing, to_count(f"count {mine.id}", mine.id), theirs))

            def write() -> None:
                for _ in range(_ROUNDS):
                    try:
                        return take_both()
                    except StorageBusy:
                        assert counter_of(storage, mine).count == 0
                pytest.fail(f"busy {_ROUNDS} times")

            return write

        together(job(C1, C2), job(C2, C1))
        for key in (C1, C2):
            assert counter_of(storage, key).version == 2
            assert [entry.command_id for entry in storage.journal(key)][1:] == [f"count {key.id}"]

    def test_a_rewrite_waits_for_the_writer_at_work(self, storage: Storage) -> None:
        """What a writer commits who was there before is rewritten, too; nothing slips through."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", note="old words"))
        loaded, waiting = Event(), Event()

        def write() -> None:
            with storage.writing() as writing:
                change = decided(writing, to_count("3", "c1", note="more old words"))
                loaded.set()
                assert waiting.wait(PATIENCE)
                writing.commit(change)

        def rewrite() -> None:
            assert loaded.wait(PATIENCE)
            waiting.set()
            storage.rewrite({"old words"}, lambda record: renamed(record, "old words", "new words"))

        together(write, rewrite)
        assert counter_of(storage, C1).log == ("new words", "more new words")
        assert "old words" not in repr(list(storage.records()))

    @_FIRST
    def test_a_reschedule_writes_over_no_commit(self, storage: Storage, first: str) -> None:
        """What a writer commits while wakes are put right is not written over: his version has his wake."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))

        def reschedule(pause: Callable[[], None]) -> None:
            wakes = ((C1, 1, instant(9)), (C2, 1, instant(8)))
            assert storage.reschedule(Pausing(wakes, pause)) in (1, 2)

        _beside(storage, to_count("3", "c1", look_at=instant(5)), reschedule, first=first)
        assert counter_of(storage, C1).log == ("one more",)
        assert storage.load(C1).version == 2
        assert [entry.seq for entry in storage.journal(C1)] == [1, 2]
        assert storage.due(instant(20)) == ((C1, instant(5)), (C2, instant(8)))

    def test_settling_beside_a_writer_loses_neither(self, storage: Storage) -> None:
        """Messages settled while a change overtakes them are sent or overtaken, whoever comes first."""
        outcomes = {"given back": Status.PENDING, "given up": Status.FAILED, "left": Status.SENT}
        kinds = {"reminder": Status.SUPERSEDED, "notice": Status.WITHDRAWN}
        keys = [(f"{kind} {what}", kind, status) for kind in kinds for what, status in outcomes.items()]
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=tuple(a_message(key, kind=kind) for key, kind, _ in keys)))
        assert claim(storage, 0, until=10) == [key for key, _, _ in keys]
        overtaken, done = Event(), [Event() for _ in keys]

        def pause() -> None:
            overtaken.set()
            done[0].wait(_MOMENT)
            for each in done[1:]:
                each.wait(0.01)

        def write() -> None:
            with storage.writing() as writing:
                new, withdrawals = a_message("new", supersedes=("reminder",)), (Withdrawal(C1, ("notice",)),)
                change = decided(writing, to_count("3", "c1", recorded=5, withdrawals=withdrawals))
                messages: Any = Pausing((new,), pause)
                writing.commit(change._replace(messages=messages))

        def job(key: str, status: Status, it: Event) -> Callable[[], None]:
            def settle() -> None:
                assert overtaken.wait(PATIENCE)
                storage.settle(key, at=instant(6), status=status, note="an outcome")
                it.set()

            return settle

        together(write, *(job(key, status, it) for (key, _, status), it in zip(keys, done, strict=True)))
        for key, kind, status in keys:
            found = outgoing(storage, key)
            if status is Status.SENT:
                assert (found.status, found.attempts) == (Status.SENT, 0)
            elif found.status is Status.FAILED:  # given up before it was overtaken
                assert (status, found.attempts) == (Status.FAILED, 1)
            else:
                assert (found.status, found.attempts) == (kinds[kind], 1)
        assert claim(storage, 60, until=70) == ["new"]

    @_FIRST
    def test_a_restore_loses_no_commit(self, storage: Storage, first: str) -> None:
        """Who got a receipt while records were restored is there: before all of them, or after none."""
        records = few().records()

        def restore(pause: Callable[[], None]) -> None:
            try:
                storage.restore(Pausing(tuple(records), pause))
            except AlreadyExists:
                records.clear()

        _beside(storage, to_open("1", "c1"), restore, first=first)
        assert do(storage, to_open("1", "c1")).repeated
        assert counter_of(storage, C1).version == 1
        assert [entry.seq for entry in storage.journal(C1)] == [1]
        found = list(storage.records())
        assert [record for record in found if record in records] == records
        assert len(found) == len(records) + 3

    def test_a_writer_who_waits_too_long_is_told_so(self, storage: Storage) -> None:
        """He gets ``StorageBusy`` and wrote nothing, whoever he waited for goes on, and then so does he."""
        impatient = self.impatient(storage)
        if impatient is None:
            pytest.skip("no writer can be made impatient: the hook `impatient` is not given")
        do(storage, to_open("1", "c1"))
        loaded, over = Event(), Event()
        busy: list[StorageBusy] = []

        def hold() -> None:
            with storage.writing() as writing:
                change = decided(writing, to_count("2", "c1", note="first"))
                loaded.set()
                over.wait(_HELD)
                writing.commit(change)

        def wait() -> None:
            assert loaded.wait(PATIENCE)
            try:
                do(impatient, to_count("3", "c1", note="second", messages=(a_message("m1"),)))
            except StorageBusy as error:
                busy.append(error)
            over.set()

        together(hold, wait)
        assert len(busy) == 1
        assert counter_of(storage, C1).log == ("first",)
        assert list(storage.outbox()) == []
        assert not do(impatient, to_count("3", "c1", note="second")).repeated
        assert counter_of(storage, C1).log == ("first", "second")


def _beside(
    storage: Storage, command: Command, act: Callable[[Callable[[], None]], None], *, first: str
) -> None:
    """A writer and somebody else, each of whom begins before the other ends, wherever that can be.

    The writer has loaded before he is waited for; the other one calls what ``act`` is given when he
    is in the midst of it. Who comes second waits for the ``first`` to be so far.
    """
    loaded, amid, committed = Event(), Event(), Event()

    def write() -> None:
        assert first == "writer" or amid.wait(PATIENCE)
        with storage.writing() as writing:
            change = decided(writing, command)
            loaded.set()
            amid.wait(_MOMENT)
            writing.commit(change)
        committed.set()

    def pause() -> None:
        amid.set()
        committed.wait(_MOMENT)

    def other() -> None:
        assert first != "writer" or loaded.wait(PATIENCE)
        act(pause)

    together(write, other)


def _compare(storage: Storage, expected: tuple[object, ...]) -> None:
    assert contents(storage) == expected
