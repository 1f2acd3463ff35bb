"""Statements over one connection of psycopg's, and the locks they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeVar

from psycopg import Connection, Cursor, DataError
from psycopg.abc import Buffer
from psycopg.rows import tuple_row
from psycopg.types.datetime import DateLoader, TimestampLoader

from servflow.core.changes import Key

__all__ = [
    "Rows",
    "Send",
    "Statement",
    "as_it_stands",
    "command_lock",
    "key_lock",
    "locking",
    "opening",
    "send",
]

Statement = tuple[str, Sequence[Any] | Mapping[str, Any] | None]
Rows = Cursor[tuple[Any, ...]]


class Send(Protocol):
    """Sends statements, each of which sees what those before it did. Gives their results in order."""

    def __call__(self, *statements: Statement) -> list[Rows]: ...


def send(driver: Connection[Any], *statements: Statement) -> list[Rows]:
    """Run one after the other, until one fails."""
    return [
        as_it_stands(driver.cursor(row_factory=tuple_row)).execute(text, values)
        for text, values in statements
    ]


class _Instant(TimestampLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


class _Day(DateLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


C = TypeVar("C", bound=Cursor[Any])


def as_it_stands(cursor: C) -> C:
    """Have it give an instant or a day that is none of Python's, as ``infinity``, as the text that it is."""
    cursor.adapters.register_loader("timestamp", _Instant)
    cursor.adapters.register_loader("date", _Day)
    return cursor


# Locks last until the end of the transaction. A statement sees what is committed when it begins:
# what is to be seen with a lock held is asked by the statement after it.


def _hashed(*words: str) -> int:
    told = "\0".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8, person=b"servflow").digest(), "big", signed=True)


_WRITERS: Final = _hashed("writers")


def command_lock(command_id: str) -> int:
    """The lock that is held by who commits this command."""
    return _hashed("command", command_id)


def key_lock(key: Key) -> int:
    """The lock that is held by who may open this aggregate; one that is there is locked itself."""
    return _hashed("aggregate", *key)


def locking(locks: Iterable[int]) -> str:
    """Expressions that take these locks, in this order."""
    return ", ".join(f"pg_advisory_xact_lock({lock})" for lock in locks)


def opening(locks: Iterable[int], *, alone: bool, milliseconds: int | None) -> str:
    """What every writer begins with: the lock that he holds with the others, or alone; then his own.

    He waits for each so long at the most, or as long as is set already.
    """
    waiting = "" if milliseconds is None else f"set_config('lock_timeout', '{milliseconds}ms', true), "
    mine = locking([_WRITERS]) if alone else f"pg_advisory_xact_lock_shared({_WRITERS})"
    return ", ".join(filter(None, (waiting + mine, locking(locks))))
