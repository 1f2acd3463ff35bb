"""What can be said to a filing: one class for one thing said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from servflow.core.changes import Command
from servflow.core.checks import check_id, check_not_negative
from servflow.core.errors import InvalidValue
from servflow.core.ill.filing.states import Channel, Entry
from servflow.core.ill.network.modes import Route
from servflow.core.ill.terms import (
    Delivery,
    Level,
    Requested,
    Service,
)
from servflow.core.money import Money

__all__ = [
    "AskHowItStands",
    "ClearFilingAttention",
    "FileRequest",
    "HandOn",
    "HearFiling",
    "HearTakenIn",
    "NoteOnward",
    "NoteUnanswered",
    "RecordAnswer",
]


def _reference(name: str, value: str) -> None:
    if not isinstance(value, str) or not value or value != value.strip():
        raise InvalidValue(name, value, "a reference without spaces around it")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest(Command):
    """A request is filed at the gateway, by a reader or by a librarian on his behalf; opens the filing.

    ``proposed`` is the library that the gateway proposed by the address the reader came from; ``library``
    is the one that was chosen, empty for the one proposed. ``service_chosen`` says that whoever came by
    the portal chose the ILL service there. ``details`` names the personal details that the host holds
    from the form, not their values. ``delivery`` is how the reader wants it, and how the supplier sends it
    (CALIS-23); its reference is one that the host resolves when it writes, and no e-mail address.
    ``librarian`` is the party that the form was addressed to, empty for the library's own.
    ``declared``: the reader has accepted the terms (copyright declaration).

    Raises:
        InvalidValue: no reader, neither a library proposed nor one chosen, one of these with spaces around
            it, a cost below zero, or an id that cannot be told to others as it is.
    """

    patron: str
    route: Route
    service: Service
    requested: Requested
    entry: Entry = Entry.GATEWAY
    service_chosen: bool = False
    proposed: str | None = None
    library: str = ""
    level: Level = Level.NORMAL
    need_before: date | None = None
    max_cost: Money | None = None
    delivery: Delivery | None = None
    declared: bool = False
    note: str = ""
    details: tuple[str, ...] = ()
    librarian: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_id("case", self.case)
        _reference("patron", self.patron)
        if not self.library and not self.proposed:
            raise InvalidValue("library", self.library, "a library, where none is proposed")
        _reference("library" if self.library else "proposed", self.home)
        check_not_negative("max_cost", self.max_cost)

    @property
    def home(self) -> str:
        """The library that was chosen; without a choice, the one that was proposed."""
        return self.library or self.proposed or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearFiling(Command):
    """Another gateway passes on what was filed there for a reader of this library; opens the filing.

    ``filing`` is its id there. ``routed_by`` is the centre that says whom the case asks, where the mode of
    this library leaves that to one; None where it does not.

    Raises:
        InvalidValue: no reader, no id, a cost below zero, or a reader or centre that is no reference.
    """

    must_say = ("filing",)

    filing: str
    patron: str
    service: Service
    requested: Requested
    level: Level = Level.NORMAL
    need_before: date | None = None
    max_cost: Money | None = None
    delivery: Delivery | None = None
    declared: bool = False
    note: str = ""
    routed_by: str | None = None

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        _reference("patron", self.patron)
        if self.routed_by is not None:
            _reference("routed_by", self.routed_by)
        check_not_negative("max_cost", self.max_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class HearTakenIn(Command):
    """The home library's desk has taken it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOnward(Command):
    """The librarian has filed it on: through which channel, where, by what it is known there (CALIS-18).

    How he obtains it and settles with the reader is his library's own affair (CALIS-16).
    """

    must_say = ("to",)

    channel: Channel
    to: str
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAnswer(Command):
    """What came of it. ``evidence`` says by what that is known: a mail's Message-ID, a telephone note."""

    filled: bool
    note: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHowItStands(Command):
    """Whoever filed it, or the reader, asks how it stands and whether it was filled (CALIS-12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOn(Command):
    """The librarian has handed the document on to the reader (CALIS-11, CALIS-22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearFilingAttention(Command):
    """Staff have looked at what was called to their attention: every reason of that code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteUnanswered(Command):
    """The time for an answer is over (CALIS-3)."""
