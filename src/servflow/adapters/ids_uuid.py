"""Random ids."""

from __future__ import annotations

from uuid import uuid4

__all__ = ["UuidIds"]


class UuidIds:
    """The ``Ids`` port over random UUIDs (RFC 9562, version 4)."""

    def new(self) -> str:
        """A fresh id: 36 characters, lower case."""
        return str(uuid4())
