"""What is looked for across records, as joins over a scratch database: receipts, entries, changes."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["CHANGES", "JOINS", "ROOTS", "TABLES"]

CHANGES: Final = (
    """
    CREATE TABLE part AS SELECT command_id, kind, id, version AS last, n,
        1 + lag(version, 1, 0) OVER (PARTITION BY kind, id ORDER BY version) AS first FROM version
    """,
    "CREATE INDEX part_command ON part (command_id)",
    "CREATE INDEX part_first ON part (kind, id, first)",
)
"""Makes ``part`` of ``version``: which entries of each of its aggregates a command's change wrote.

A receipt says the last; what the receipt before it says is what the first comes after.
"""

TABLES: Final = (
    "CREATE TABLE aggregate (id TEXT, kind TEXT, PRIMARY KEY (id, kind)) WITHOUT ROWID",
    """
    CREATE TABLE entry (kind TEXT, id TEXT, seq INTEGER, n INTEGER, command_id TEXT, print TEXT, said TEXT,
        rules TEXT, PRIMARY KEY (kind, id, seq)) WITHOUT ROWID
    """,
    "CREATE TABLE receipt (command_id TEXT PRIMARY KEY, n INTEGER, print TEXT) WITHOUT ROWID",
    "CREATE TABLE version (kind TEXT, id TEXT, version INTEGER, command_id TEXT, n INTEGER)",
    "CREATE INDEX version_key ON version (kind, id, version)",
    "CREATE TABLE name (sort TEXT, key TEXT, PRIMARY KEY (sort, key)) WITHOUT ROWID",
)

ROOTS: Final = (
    """
    CREATE TABLE root AS SELECT e.command_id, e.kind, e.print, e.said, e.rules FROM part AS p JOIN entry AS e
        ON e.kind = p.kind AND e.id = p.id AND e.seq = p.first AND e.command_id = p.command_id
    """,
    "CREATE INDEX root_command ON root (command_id)",
)
"""The entry of the command that each receipt is of: the first of its aggregate in the change."""


class _Join(NamedTuple):
    """What is looked for once all is read: what finds it; what is said of the columns found."""

    select: str
    where: str
    found: str
    expected: str


JOINS: Final = (
    _Join(
        """
        SELECT v.n, v.command_id, v.kind, v.id, v.version FROM version AS v LEFT JOIN entry AS e
            ON e.kind = v.kind AND e.id = v.id AND e.seq = v.version WHERE e.seq IS NULL
        """,
        "receipt {0}",
        "version {3} of {1} {2}",
        "one of which there is an entry",
    ),
    _Join(
        """
        SELECT max(n), max(command_id), kind, id, version, min(command_id) FROM version
            GROUP BY kind, id, version HAVING count(*) > 1
        """,
        "receipt {0}",
        "version {3} of {1} {2}, as in receipt {4}",
        "one that no other command gave",
    ),
    _Join(
        """
        SELECT n, seq, kind, id, command_id FROM entry AS e WHERE NOT EXISTS
            (SELECT 1 FROM version AS v WHERE v.kind = e.kind AND v.id = e.id AND v.version >= e.seq)
        """,
        "entry {0} of {1} {2}",
        "no receipt that gives this version or a later one",
        "the receipt of {3}, or of the command that entailed it",
    ),
    _Join(
        """
        SELECT r.n, r.command_id, group_concat(e.command_id, ', ') FROM receipt AS r
            JOIN part AS p ON p.command_id = r.command_id
            JOIN entry AS e ON e.kind = p.kind AND e.id = p.id AND e.seq = p.first
            WHERE NOT EXISTS (SELECT 1 FROM root WHERE root.command_id = r.command_id)
            GROUP BY r.command_id
        """,
        "receipt {0}",
        "entries that begin with {1}",
        "an aggregate whose entries since the receipt before it begin with this command",
    ),
    _Join(
        """
        SELECT r.n, r.command_id, r.print FROM receipt AS r
            WHERE r.print IS NOT NULL
            AND EXISTS (SELECT 1 FROM root WHERE root.command_id = r.command_id)
            AND NOT EXISTS (SELECT 1 FROM root WHERE root.command_id = r.command_id
                AND (root.print = r.print OR root.print IS NULL))
        """,
        "receipt {0}, fingerprint",
        "{1}",
        "that of the command in its entry",
    ),
    _Join(
        """
        SELECT DISTINCT e.n, e.seq, e.kind, e.id, root.command_id FROM part AS p
            JOIN root ON root.command_id = p.command_id
            JOIN entry AS e ON e.kind = p.kind AND e.id = p.id AND e.seq BETWEEN p.first AND p.last
            WHERE e.said != root.said OR (e.kind = root.kind AND e.rules != root.rules)
        """,
        "entry {0} of {1} {2}",
        "facts, a rulebook, a calendar or a recorded_at of its own",
        "those of {3}, in whose change it stands; or a receipt is missing",
    ),
)
