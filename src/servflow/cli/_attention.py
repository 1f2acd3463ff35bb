"""What staff have to see to: what was called to their attention, what waits, what could not be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from servflow.cli._host import Host
from servflow.cli._show import as_json, table
from servflow.core.changes import Aggregate
from servflow.core.citations import Reason
from servflow.core.ports import Outgoing

__all__ = ["Seen", "seen_as_json", "untold_rows"]


@attrs.frozen
class Seen:
    """One that staff have to see to."""

    it: Aggregate
    about: str
    """What it is about, such as its title."""
    waits: tuple[str, ...] = ()
    """What does not go on until they decide."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What was called to their attention; of what never calls for it, nothing."""
        found: tuple[Reason, ...] = getattr(self.it, "attention", ())
        return found

    def rows(self, host: Host) -> Iterator[tuple[str, ...]]:
        """A line for everything: the id, what it is about, the state, what has to be seen to, its code."""
        it = self.it
        about = (it.id, self.about, host.texts.state(it.kind, it.state))
        for what in self.waits:
            yield (*about, what, "")
        for reason in self.reasons:
            yield (*about, host.texts.reason(reason), reason.code)

    def plain(self, host: Host) -> dict[str, Any]:
        """The same for machines."""
        return {
            "kind": self.it.kind,
            "id": self.it.id,
            "title": self.about,
            "state": self.it.state.value,
            "waits": list(self.waits),
            "reasons": host.codec.encode(list(self.reasons)),
            "texts": [host.texts.reason(reason) for reason in self.reasons],
            "untold": None,
        }


def seen_as_json(host: Host, seen: Iterable[Seen], failed: Iterable[Outgoing]) -> None:
    """All that staff have to see to, for machines; the messages that failed for good last."""
    as_json([*(each.plain(host) for each in seen), *map(_untold, failed)])


def untold_rows(failed: list[Outgoing], table: Callable[..., None] = table) -> None:
    """The messages that failed for good, as a table; none, where there are none."""
    if failed:
        rows = [(o.message.to, o.message.kind, o.message.about.id, o.note) for o in failed]
        table("could not be told", ("to", "kind", "about", "why"), rows)


def _untold(outgoing: Outgoing) -> dict[str, Any]:
    message = outgoing.message
    return {
        "kind": message.about.kind,
        "id": message.about.id,
        "title": str(dict(message.facts).get("title", "")),
        "state": None,
        "waits": [],
        "reasons": [],
        "texts": [],
        "untold": {"key": message.key, "to": message.to, "kind": message.kind, "why": outgoing.note},
    }
