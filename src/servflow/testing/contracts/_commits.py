"""A commit is whole, or it is nothing; and versions are checked."""

from __future__ import annotations

from typing import Any

import pytest

from servflow.core.changes import Change, Withdrawal
from servflow.core.errors import (
    AlreadyExists,
    ServflowError,
    StaleVersion,
)
from servflow.core.ports import Receipt, Storage, Writing
from servflow.testing.contracts._hooks import StorageHooks
from servflow.testing.contracts._steps import (
    C1,
    C2,
    EMPTY,
    HOLDER,
    Breaking,
    FaultError,
    a_message,
    a_posting,
    contents,
    counter_of,
    decided,
    do,
    instant,
    to_count,
    to_open,
    to_open_holder,
)
from servflow.testing.toys import Holder

__all__ = ["Commits"]


_LARGE = 50 * 2**20


def _full(writing: Writing) -> Change:
    """A change of which every part has something in it; holder and ``c2`` are there."""
    return decided(writing, to_open("4", "c1", holder="h"), HOLDER)._replace(
        messages=(a_message("m1"), a_message("m2", to="party-2"), a_message("m3", supersedes=("reminder",))),
        withdrawals=(Withdrawal(C2, ("reminder",)), Withdrawal(C2, ("other",))),
        postings=(a_posting("p1"), a_posting("p2")),
        wakes=((C1, instant(5)), (HOLDER, instant(6))),
    )


class Commits(StorageHooks):
    """A commit is whole, or it is nothing; and versions are checked."""

    def test_a_commit_stores_all_of_a_change(self, storage: Storage) -> None:
        """After a commit everything in the change is there, also after a restart."""
        do(storage, to_open_holder("1", "h", 2))
        do(storage, to_open("2", "c1", holder="h"), HOLDER)
        message, posting = a_message("m1"), a_posting("p1")
        command = to_count("3", "c1", look_at=instant(60), messages=(message,), postings=(posting,))
        receipt = do(storage, command)
        assert receipt == Receipt(command_id="3", versions=((C1, 2),))
        storage = self.reopened(storage)
        counter, holder = counter_of(storage, C1), storage.load(HOLDER)
        assert (counter.count, counter.log, counter.version) == (1, ("one more",), 2)
        assert isinstance(holder, Holder)
        assert (holder.held, holder.version) == (("c1",), 2)
        assert [entry.command_id for entry in storage.journal(C1)] == ["2", "3"]
        assert [entry.command_id for entry in storage.journal(HOLDER)] == ["1", "2/Hold"]
        assert list(storage.postings()) == [posting]
        assert [outgoing.message for outgoing in storage.outbox()] == [message]
        assert storage.due(instant(60)) == ((C1, instant(60)),)

    def test_a_transaction_left_without_a_commit_wrote_nothing(self, storage: Storage) -> None:
        """Leaving a transaction, on purpose or by an error, leaves no trace, and the next one works."""
        with storage.writing() as writing:
            assert writing.load(C1) is None

        def stumble() -> None:
            with storage.writing() as writing:
                decided(writing, to_open("1", "c1"))
                raise FaultError

        with pytest.raises(FaultError):
            stumble()
        assert contents(storage) == EMPTY
        do(storage, to_open("1", "c1"))
        assert counter_of(storage, C1).version == 1

    @pytest.mark.parametrize("part", ["becomes", "entries", "messages", "withdrawals", "postings", "wakes"])
    def test_a_fault_between_any_two_writes_leaves_nothing(self, storage: Storage, part: str) -> None:
        """Wherever a commit breaks, nothing of its change is there; committed again it is whole."""
        do(storage, to_open_holder("1", "h", 2))
        do(storage, to_open("2", "c2", holder="h"), HOLDER)
        do(storage, to_count("3", "c2", look_at=instant(1), messages=(a_message("m0", C2),)))
        before = contents(storage)
        command = to_open("4", "c1", holder="h")

        def whole(writing: Writing) -> Change:
            return decided(writing, command, HOLDER)._replace(
                messages=(a_message("m1"), a_message("m2"), a_message("m3", kind="other")),
                withdrawals=(Withdrawal(C2, ("reminder",)), Withdrawal(C2, ("other",))),
                postings=(a_posting("p1"), a_posting("p2"), a_posting("p3")),
                wakes=((C1, instant(5)), (HOLDER, instant(6))),
            )

        for good in range(2 if part in {"becomes", "entries", "withdrawals", "wakes"} else 3):
            with storage.writing() as writing:
                change = whole(writing)
                broken: Any = {part: Breaking(getattr(change, part), good)}
                with pytest.raises(FaultError):
                    writing.commit(change._replace(**broken))
            assert contents(storage) == before
            assert contents(self.reopened(storage)) == before
        with storage.writing() as writing:
            assert writing.receipt(command) is None
            writing.commit(whole(writing))
        assert len(list(storage.postings())) == 3
        assert storage.load(HOLDER).version == 3

    @pytest.mark.parametrize("part", ["posting", "message"])
    def test_a_key_is_never_stored_twice(self, storage: Storage, part: str) -> None:
        """A posting or message under a key that is taken is refused, and all of its change with it."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"),), postings=(a_posting("p1"),)))
        before = contents(storage)
        for number, new in enumerate(("m2", "m1")):  # taken by another of the change; taken before
            keys = ("p2", "p2") if new == "m2" else ("p2", "p1")
            messages = (a_message("m2"), a_message(new)) if part == "message" else (a_message("m2"),)
            postings = tuple(map(a_posting, keys)) if part == "posting" else (a_posting("p2"),)
            with pytest.raises(AlreadyExists) as refused:
                do(storage, to_count(f"3-{number}", "c1", messages=messages, postings=postings))
            assert refused.value.kind == part
            assert contents(storage) == before

    def test_a_change_decided_on_an_old_version_is_refused(self, storage: Storage) -> None:
        """What was decided before somebody else's commit is not written over it."""
        do(storage, to_open("1", "c1"))
        with storage.writing() as writing:
            change = decided(writing, to_count("2", "c1", note="late", postings=(a_posting("p1"),)))
        do(storage, to_count("3", "c1", note="first"))
        before = contents(storage)
        with pytest.raises(StaleVersion) as refused, storage.writing() as writing:
            writing.commit(change)
        assert (refused.value.id, refused.value.expected, refused.value.found) == ("c1", 1, 2)
        assert contents(storage) == before

    def test_an_aggregate_that_was_only_read_is_checked_too(self, storage: Storage) -> None:
        """A decision that looked at something that is different by now is not written."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        with storage.writing() as writing:
            change = decided(writing, to_count("3", "c1"), C2)
        do(storage, to_count("4", "c2"))
        before = contents(storage)
        with pytest.raises(StaleVersion, match="c2"), storage.writing() as writing:
            writing.commit(change)
        assert contents(storage) == before

    def test_what_exists_is_not_opened_again(self, storage: Storage) -> None:
        """Of two that open the same aggregate the second is refused."""
        with storage.writing() as writing:
            change = decided(writing, to_open("2", "c1"))
        do(storage, to_open("1", "c1"))
        before = contents(storage)
        with pytest.raises(AlreadyExists) as refused, storage.writing() as writing:
            writing.commit(change)
        assert (refused.value.kind, refused.value.id) == C1
        assert contents(storage) == before

    def test_a_write_that_fails_leaves_nothing_of_its_commit(self, storage: Storage) -> None:
        """Whichever write of a commit the database refuses, nothing is there of it; then it goes on."""
        do(storage, to_open_holder("1", "h", 2))
        do(storage, to_open("2", "c2", holder="h"), HOLDER)
        do(storage, to_count("3", "c2", look_at=instant(1), messages=(a_message("m0", C2),)))

        def commit() -> None:
            with storage.writing() as writing:
                writing.commit(_full(writing))

        self.check_faults(storage, commit)
        assert [entry.seq for entry in storage.journal(HOLDER)] == [1, 2, 3]
        assert [each.key for each in storage.postings()] == ["p1", "p2"]

    def test_a_very_large_document_is_stored_or_refused(self, storage: Storage) -> None:
        """An entry of 50 MB comes back as it was, or is refused by an error of ours and not written."""
        do(storage, to_open("1", "c1"))
        long = "0123456789abcde书" * (_LARGE // 2 // 18)  # it stands twice in the entry
        try:
            do(storage, to_count("2", "c1", note=long))
        except ServflowError:
            assert [entry.seq for entry in storage.journal(C1)] == [1]
            assert counter_of(storage, C1).version == 1
        else:
            assert counter_of(storage, C1).log == (long,)
            *_, entry = storage.journal(C1)
            assert entry.document["command"]["note"] == long
        do(storage, to_count("3", "c1"))
        assert counter_of(storage, C1).log[-1] == "one more"
