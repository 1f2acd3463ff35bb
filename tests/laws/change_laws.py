"""What holds for every decision, and the smallest storage that keeps what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields
from enum import Enum
from typing import Any

from servflow.core.changes import Aggregate, Change, Command, Entry, Key, Message, fold
from servflow.core.errors import AlreadyExists, NotFound, Refused, ServflowError, StaleVersion
from servflow.core.ledger import Posting
from servflow.core.lifecycle import NOT_IN_STATE, NOT_YOURS, Lifecycles, Policy, check, decide

__all__ = ["Store", "decided", "fields_of", "happened", "heard"]


def fields_of(it: Aggregate | None) -> dict[str, Any]:
    """The fields of ``it`` as a journal knows them: absent, None and empty are one and the same."""
    if it is None:
        return {}
    pairs = {each.name: getattr(it, each.name) for each in fields(it)}
    return {
        name: value
        for name, value in pairs.items()
        if name not in {"id", "version"} and value is not None and value not in ((), {})
    }


def decided(
    lifecycles: Lifecycles,
    command: Command,
    read: Mapping[Key, Aggregate],
    *,
    policy: Policy,
    facts: Any = None,
) -> Change | ServflowError:
    """The change or the refusal, after every law has been tried on it.

    Deciding again gives the same; neither a change nor a refusal alters what was read.
    """
    before = deepcopy(dict(read))
    first, second = (_attempt(lifecycles, command, read, policy, facts) for _ in range(2))
    assert read == before
    if isinstance(first, ServflowError):
        assert type(first) is type(second)
        assert str(first) == str(second)
        if isinstance(first, Refused):
            assert first.reasons
            assert first.reasons == check(lifecycles, command, read, policy=policy, facts=facts)
        return first
    assert first == second
    assert check(lifecycles, command, read, policy=policy, facts=facts) == ()
    _hold(lifecycles, first, command, read, policy, facts)
    return first


def _attempt(
    lifecycles: Lifecycles, command: Command, read: Mapping[Key, Aggregate], policy: Policy, facts: Any
) -> Change | ServflowError:
    try:
        return decide(lifecycles, command, read, policy=policy, facts=facts)
    except ServflowError as error:
        return error


def _hold(
    lifecycles: Lifecycles,
    change: Change,
    command: Command,
    read: Mapping[Key, Aggregate],
    policy: Policy,
    facts: Any,
) -> None:
    """Seqs continue the versions, alterations fold to the fields, everything read is expected."""
    became = {it.key: it for it in change.becomes}
    assert len(became) == len(change.becomes)
    assert change.command is command
    assert change.entries[0].command is command
    assert became.keys() == {entry.key for entry in change.entries}
    for key, after in became.items():
        before = read.get(key)
        version = before.version if before else 0
        lines = [entry for entry in change.entries if entry.key == key]
        assert [entry.seq for entry in lines] == list(range(version + 1, version + 1 + len(lines)))
        assert after.version == lines[-1].seq
        alterations = [alteration for entry in lines for alteration in entry.alterations]
        assert fold(fields_of(before), alterations) == fields_of(after)
    lifecycle = lifecycles.of(type(command))
    looked_for = lifecycle.reads(read.get(Key(lifecycle.name, command.case)), command)
    expected = {key: read[key].version if key in read else 0 for key in (*read, *became, *looked_for)}
    assert dict(change.expects) == expected
    assert len(change.expects) == len(expected)
    wakes = {key: lifecycles.named(key.kind).next_wake(it, policy) for key, it in became.items()}
    assert dict(change.wakes) == wakes
    for entry in change.entries:
        assert (entry.rulebook, entry.calendar) == (policy.rulebook, policy.calendar_digest)
        assert entry.facts is facts


def happened(result: Change | ServflowError) -> Change:
    """The change; a refusal is raised."""
    if isinstance(result, ServflowError):
        raise result
    return result


def heard(
    lifecycles: Lifecycles, command: Command, read: Mapping[Key, Aggregate], *, policy: Policy
) -> Enum | None:
    """In which state the command leaves its aggregate; None where its cell is blank.

    A guard's refusal is raised: whoever walks the cells brings samples that every guard lets pass.
    """
    result = decided(lifecycles, command, read, policy=policy)
    if isinstance(result, (NotFound, AlreadyExists)):
        return None
    if isinstance(result, Refused) and {reason.code for reason in result.reasons} <= _BLANK:
        return None
    key = Key(lifecycles.of(type(command)).name, command.case)
    (after,) = (it for it in happened(result).becomes if it.key == key)
    return after.state


_BLANK = {NOT_IN_STATE, NOT_YOURS}


class Store:
    """What was decided: all of a change or nothing of it, and only on the versions it expects."""

    def __init__(self, lifecycles: Lifecycles, policy: Policy) -> None:
        self.lifecycles = lifecycles
        self.policy = policy
        self.aggregates: dict[Key, Aggregate] = {}
        self.journal: list[Entry] = []
        self.messages: list[Message] = []
        self.postings: list[Posting] = []

    def read(self, command: Command) -> dict[Key, Aggregate]:
        """The command's aggregate and those that its decision looks at, as far as they exist."""
        lifecycle = self.lifecycles.of(type(command))
        key = Key(lifecycle.name, command.case)
        keys = (key, *lifecycle.reads(self.aggregates.get(key), command))
        return {each: self.aggregates[each] for each in keys if each in self.aggregates}

    def decide(self, command: Command) -> Change | ServflowError:
        """What is decided on what is stored now; nothing is stored."""
        return decided(self.lifecycles, command, self.read(command), policy=self.policy)

    def commit(self, change: Change) -> None:
        """Raises StaleVersion: an aggregate has another version than expected; nothing is stored."""
        for key, expected in change.expects:
            found = self.aggregates[key].version if key in self.aggregates else 0
            if found != expected:
                raise StaleVersion(key.kind, key.id, expected, found)
        self.aggregates |= {it.key: it for it in change.becomes}
        self.journal += change.entries
        self.messages += change.messages
        self.postings += change.postings

    def do(self, command: Command) -> Change | ServflowError:
        """Decide, and commit if it was not refused; the journal then folds to what is stored."""
        result = self.decide(command)
        if isinstance(result, Change):
            self.commit(result)
            for it in result.becomes:
                lines = [line for entry in self.journal if entry.key == it.key for line in entry.alterations]
                assert fold({}, lines) == fields_of(it)
        return result
