"""The desk: the application service that a host talks to, over ports that the host gives it.

``do`` a command, ask what is ``allowed``, ``explain`` what is owed, ``wake`` what is due, and
``deliver`` the mail. A host that wants none of it calls ``servflow.core.lifecycle.decide`` itself
and stores the ``Change``.

Over all that is stored: ``audit`` says what is not whole, ``redecide`` what would be decided otherwise
now, ``export`` and ``restore`` move it from one storage to another, and ``erase`` takes a person out.
"""

from __future__ import annotations

from servflow.desk._archive import export, restore
from servflow.desk._audit import audit
from servflow.desk._desk import Deliveries, Desk, Explanation, Wakes
from servflow.desk._erasure import ERASED, Erasure, erase
from servflow.desk._redecision import Difference, Undecided, redecide

__all__ = [
    "ERASED",
    "Deliveries",
    "Desk",
    "Difference",
    "Erasure",
    "Explanation",
    "Undecided",
    "Wakes",
    "audit",
    "erase",
    "export",
    "redecide",
    "restore",
]
