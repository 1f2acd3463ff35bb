"""A small library's own system: its database, its circulation desk, and what it knows. No storage in here.

Two of servflow's ports are the library's knowledge, and stand here: ``Facts`` and ``Mail``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from servflow.core.changes import Aggregate, Command
from servflow.core.errors import NotFound
from servflow.core.ill.lending.model import LendingFacts
from servflow.core.ill.lending.states import InstitutionKind, Material, Place
from servflow.core.ports import Letter, Party

__all__ = ["Library", "LibraryFacts", "LibraryMail", "hand_out", "note"]

TABLES = Path(__file__).with_name("library.sql").read_text(encoding="utf-8")


class Library:
    """The library's database in one SQLite file, made if there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            with closing(self.connect()) as connection:
                connection.executescript(TABLES)
                connection.execute("PRAGMA journal_mode = WAL")  # readers wait for no writer

    def connect(self, wait: int = 10) -> sqlite3.Connection:
        """A connection as every program of the library opens it."""
        connection = sqlite3.connect(self.path, timeout=wait, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction of the library's: committed at its end, or after an error rolled back."""
        with closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # closing without it rolls back


def hand_out(connection: sqlite3.Connection, barcode: str, *, who: str, at: int) -> None:
    """The library's own bookkeeping when an item leaves the house. Raises ``LookupError``: it is not in."""
    out = connection.execute("UPDATE item SET in_house = 0 WHERE barcode = ? AND in_house", (barcode,))
    if not out.rowcount:
        raise LookupError(f"there is no {barcode} in the house")
    note(connection, f"{barcode} left the house", who=who, at=at)


def note(connection: sqlite3.Connection, what: str, *, who: str, at: int) -> None:
    """A line in the library's audit trail."""
    connection.execute("INSERT INTO audit_line (at, who, what) VALUES (?, ?, ?)", (at, who, what))


class LibraryFacts:
    """The ``Facts`` port: asked before each decision, and when a letter is written."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def ask(self, command: Command, it: Aggregate | None) -> LendingFacts:  # noqa: ARG002
        """Here every borrower is a university of the same city, and every item a book."""
        return LendingFacts(
            kind=InstitutionKind.UNIVERSITY_LIBRARY, place=Place.SAME_CITY, material=Material.CHINESE_BOOK
        )

    def party(self, ref: str) -> Party:
        find = "SELECT full_name, mail_address, lang FROM agency WHERE symbol = ?"
        with closing(self._library.connect()) as connection:
            for name, email, language in connection.execute(find, (ref,)).fetchall():
                return Party(ref=ref, name=name, email=email, language=language)
        raise NotFound("party", ref)


class LibraryMail:
    """The ``Mail`` port; a real one hands the letter to the library's mail server."""

    def send(self, letter: Letter) -> None:
        print(f"   to {letter.to.email}: {letter.subject}")
