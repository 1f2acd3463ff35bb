"""servflow: the interlibrary loan desk and the after-sales desk, and the money that hangs on them.

The names here are loaded when they are first used; ``import servflow`` itself loads nothing but
the standard library. The tables of the lending desk are in ``servflow.core.ill``, the desk in
``servflow.desk``, what it plugs into in ``servflow.adapters``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Message, Office
    from servflow.core.citations import Cited, Clause, Dated, Reason
    from servflow.core.errors import Refused, ServflowError
    from servflow.core.lifecycle import (
        ALWAYS,
        OPENING,
        SAME,
        Lifecycle,
        Lifecycles,
        Outcome,
        Row,
        Situation,
        check,
        chooser,
        decide,
    )
    from servflow.core.money import Money, Rounding

__all__ = [
    "ALWAYS",
    "OPENING",
    "SAME",
    "Actor",
    "Aggregate",
    "Change",
    "Cited",
    "Clause",
    "Command",
    "Dated",
    "Key",
    "Lifecycle",
    "Lifecycles",
    "Message",
    "Money",
    "Office",
    "Outcome",
    "Reason",
    "Refused",
    "Rounding",
    "Row",
    "ServflowError",
    "Situation",
    "check",
    "chooser",
    "decide",
]

_HOMES = {
    "changes": ("Actor", "Aggregate", "Change", "Command", "Key", "Message", "Office"),
    "citations": ("Cited", "Clause", "Dated", "Reason"),
    "errors": ("Refused", "ServflowError"),
    "lifecycle": (
        "ALWAYS",
        "OPENING",
        "SAME",
        "Lifecycle",
        "Lifecycles",
        "Outcome",
        "Row",
        "Situation",
        "check",
        "chooser",
        "decide",
    ),
    "money": ("Money", "Rounding"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'servflow' has no attribute {name!r}")
    value = getattr(import_module(f"servflow.core.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
