"""The desk: the application service that a host talks to, over ports that the host gives it.

``do`` a command, ask what is ``allowed``, ``explain`` what is owed, ``wake`` what is due, and
``deliver`` the mail. A host that wants none of it calls ``servflow.core.lifecycle.decide`` itself
and stores the ``Change``.
"""

from __future__ import annotations

from servflow.desk._desk import Deliveries, Desk, Explanation, Wakes

__all__ = ["Deliveries", "Desk", "Explanation", "Wakes"]
