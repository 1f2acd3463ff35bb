"""The contract of the ``Storage`` port: every promise of it, one test each.

The storage under test is made for ``servflow.testing.toys.TOYS`` and is empty. Nothing is asked of
it but the port, and the hooks that its author gives.
"""

from __future__ import annotations

from servflow.testing.contracts._commands import Commands
from servflow.testing.contracts._commits import Commits
from servflow.testing.contracts._concurrency import Concurrency
from servflow.testing.contracts._damage import Damage
from servflow.testing.contracts._moving import Moving
from servflow.testing.contracts._outbox import Outbox
from servflow.testing.contracts._reading import Reading

__all__ = ["StorageContract"]


class StorageContract(Commits, Commands, Reading, Outbox, Concurrency, Moving, Damage):
    """Subclass it, give the ``storage`` fixture, and every promise is a test of your storage."""
