"""A place beside the storage to join records in: bounded memory, whatever there is of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["scratch"]


@contextmanager
def scratch(tables: Iterable[str]) -> Iterator[sqlite3.Cursor]:
    """A database of one's own with these tables; on disk only when it grows, and gone at the end."""
    import sqlite3  # a desk that looks after its cases does not need it

    connection = sqlite3.connect("", isolation_level=None)
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = OFF")
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute("BEGIN")  # one for all: a transaction for each statement costs more than it does
        for table in tables:
            cursor.execute(table)
        yield cursor
    finally:
        connection.close()
