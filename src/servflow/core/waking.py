"""When the clock looks at an aggregate, and what it says then.

Each thing is said once, at its scheduled instant, the earliest first. What was said is on record, so that
the clock may speak daily, or once after a month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from servflow.core.changes import Actor, Aggregate, Command
from servflow.core.dates import lies_after

__all__ = ["Wake", "at_of", "next_of", "said_by"]

_NOTHING_MORE: Final[Mapping[str, Any]] = MappingProxyType({})


class Wake(NamedTuple):
    """At what instant the clock says what: the command, its fields, and the ``word`` that names it in its id.

    As long as nothing else is said, the same thing has the same word: then it counts once. So what happens
    once for a state of things has the aggregate's version in it.
    """

    at: datetime
    kind: type[Command]
    word: str
    said: Mapping[str, Any] = _NOTHING_MORE


def next_of(wakes: Iterable[Wake]) -> Wake | None:
    """The earliest, of several at one instant the first; ``None`` where there is none."""
    return min(wakes, key=_instant, default=None)


def _instant(wake: Wake) -> datetime:
    return wake.at


def at_of(wake: Wake | None) -> datetime | None:
    """The instant at which it comes; ``None``: never."""
    return None if wake is None else wake.at


def said_by(
    wake: Wake | None, it: Aggregate, institution: str, recorded_at: datetime, named: str | None = None
) -> Command | None:
    """What the clock of the institution says to ``it``; ``None`` while its instant has not come by then.

    The command's id is ``clock/{named}/{word}``; ``named`` is the id of ``it`` where nothing else is said.
    """
    if wake is None or lies_after(wake.at, recorded_at):
        return None
    return wake.kind(
        id=f"clock/{it.id if named is None else named}/{wake.word}",
        case=it.id,
        by=Actor.clock(institution),
        happened_at=wake.at,
        recorded_at=recorded_at,
        **wake.said,
    )
