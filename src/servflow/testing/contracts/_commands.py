"""A command counts once."""

from __future__ import annotations

import pytest

from servflow.core.changes import Command, Key
from servflow.core.errors import CommandReused
from servflow.core.ports import Storage
from servflow.core.records import ReceiptRecord
from servflow.testing.contracts._hooks import StorageHooks
from servflow.testing.contracts._reference import Reference, live
from servflow.testing.contracts._steps import (
    C1,
    a_message,
    a_posting,
    contents,
    counter_of,
    decided,
    do,
    to_close,
    to_count,
    to_open,
)

__all__ = ["Commands"]


class Commands(StorageHooks):
    """A command counts once."""

    def test_the_same_command_twice_counts_once(self, storage: Storage) -> None:
        """A command that comes again gets its first receipt, marked as repeated; nothing is written."""
        do(storage, to_open("1", "c1"))
        command = to_count("2", "c1", messages=(a_message("m1"),), postings=(a_posting("p1"),))
        first = do(storage, command)
        do(storage, to_count("3", "c1"))
        before = contents(storage)
        again = do(self.reopened(storage), command)
        assert (first.repeated, again.repeated) == (False, True)
        assert (again.command_id, again.versions) == (first.command_id, first.versions)
        assert contents(self.reopened(storage)) == before

    def test_a_command_delivered_later_again_is_the_same_one(self, storage: Storage) -> None:
        """When a command was recorded is not part of it: the same message delivered again is the same."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1"))
        assert do(storage, to_count("2", "c1", recorded=90)).repeated
        assert counter_of(storage, C1).count == 1

    def test_a_commit_of_a_committed_command_writes_nothing(self, storage: Storage) -> None:
        """A commit asks by itself whether its command was committed before."""
        do(storage, to_open("1", "c1"))
        command = to_count("2", "c1", messages=(a_message("m1"),))
        with storage.writing() as writing:
            change = decided(writing, command)
        first = do(storage, command)
        before = contents(storage)
        with storage.writing() as writing:
            again = writing.commit(change)
        assert (again.versions, again.repeated) == (first.versions, True)
        assert contents(storage) == before

    def test_a_command_id_is_not_used_for_another_command(self, storage: Storage) -> None:
        """The same id with another payload, or another command, is an error; nothing is written."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", note="this"))
        before = contents(storage)
        others: tuple[Command, ...] = (to_count("2", "c1", note="that"), to_close("2", "c1"))
        for other in others:
            with pytest.raises(CommandReused), storage.writing() as writing:
                writing.receipt(other)
            with pytest.raises(CommandReused), storage.writing() as writing:
                writing.commit(decided(writing, other))
            assert contents(storage) == before

    def test_a_command_counts_once_at_every_moment_of_a_history(self, storage: Storage) -> None:
        """However old a command is by the time it comes again, it is known, with its first versions."""
        reference = Reference()
        live(reference, storage)
        versions: dict[str, tuple[tuple[Key, int], ...]] = {
            record.command_id: record.versions
            for record in reference.records()
            if isinstance(record, ReceiptRecord)
        }
        storage = self.reopened(storage)
        before = contents(storage)
        for command, also in reference.commands:
            receipt = do(storage, command, *also)
            assert (receipt.versions, receipt.repeated) == (versions[command.id], True)
        assert contents(storage) == before
