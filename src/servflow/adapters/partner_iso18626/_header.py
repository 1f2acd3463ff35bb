"""A message's envelope and what every kind of message needs; each problem with its place and its type.

What is needed and wrong gives None and leaves a problem behind, so that all of them are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from servflow.adapters.partner_iso18626._editions import CONFIRMATIONS, MESSAGES, SUPPLYING
from servflow.adapters.partner_iso18626._message import ErrorType, Header
from servflow.adapters.partner_iso18626._notes import Note, note_read
from servflow.adapters.partner_iso18626._values import (
    LONGEST_ID,
    agency_reference,
    as_id,
    calculated,
    date_time,
    shown,
    tidy,
)
from servflow.adapters.partner_iso18626._words import exactly
from servflow.adapters.partner_iso18626._xml import Element
from servflow.core.errors import Problem

__all__ = ["MOST_AHEAD", "Envelope", "Reading"]

MOST_AHEAD: Final = timedelta(days=1)
"""How far a sender's clock may be ahead of ours."""

_VERSION: Final = re.compile(r"[vV]?(?P<major>[0-9]{1,9})(?:[._-].*)?")
_PLACEHOLDERS: Final = ("req_agency_value", "sup_agency_value")  # Koha's, whoever sends
_FIRST_YEAR: Final = 2000  # a number above it is a year of publication, by which later editions are named


@attrs.frozen(kw_only=True)
class Envelope:
    """What every message says of itself."""

    supplier: str
    requester: str
    request_id: str
    sent_at: datetime


class Reading:
    """One message being read: its problems so far, and as much of its header as is known.

    A ``lenient`` one also takes a message without its envelope, and a timestamp as Koha writes it: with a
    blank for the T, and without an offset; it is taken as of UTC. ``sender`` and ``at`` stand for an agency
    that the message does not name, or only by Koha's placeholder. ``lines`` says whether the lines for
    programs in its note count, but for those named in ``left``.
    """

    def __init__(
        self,
        *,
        lenient: bool = False,
        sender: str | None = None,
        at: str | None = None,
        lines: bool = False,
    ) -> None:
        self.lenient = lenient
        self.lines = lines
        self.left: frozenset[str] = frozenset()
        self.noted = Note(text="")
        self.stand_in = (sender, at)
        self.problems: list[Problem] = []
        self.error = ErrorType.BADLY_FORMED  # of the first problem
        self.header = Header()

    def problem(
        self, where: str, found: str, expected: str, error: ErrorType = ErrorType.BADLY_FORMED
    ) -> None:
        """Something is wrong there."""
        if not self.problems:
            self.error = error
        self.problems.append(Problem(where, found, expected))

    def body(self, root: Element, allowed: tuple[str, ...], expected: str) -> Element | None:
        """The one message within the root."""
        if self.lenient and root.name in allowed:
            self.header = attrs.evolve(self.header, kind=root.name)
            return root
        if root.name != "ISO18626Message":
            self.problem(root.path, shown(root.name), "ISO18626Message as the root element")
            return None
        messages = [child for child in root.children if child.name in (*MESSAGES, *CONFIRMATIONS)]
        if len(messages) != 1 or messages[0].name not in allowed:
            found = ", ".join(child.name for child in (messages or root.children)[:5]) or "nothing"
            self.problem(root.path, shown(found), expected, ErrorType.UNKNOWN_ELEMENT)
            return None
        self._version(root)
        self.header = attrs.evolve(self.header, kind=messages[0].name)
        return messages[0]

    def envelope(self, body: Element, latest: datetime) -> Envelope | None:
        """The header, complete; what could be read of it is kept in any case."""
        header = self.needed(body, "header")
        if header is None:
            return None
        sender, at = self.stand_in
        ours, theirs = (at, sender) if body.name == SUPPLYING else (sender, at)
        requester = self._agency(header, "requestingAgencyId", ours)
        supplier = self._agency(header, "supplyingAgencyId", theirs)
        request_id = self.id(header, "requestingAgencyRequestId", given=True)
        sent_at = self._timestamp(header, latest)
        self.header = attrs.evolve(
            self.header,
            supplier=supplier,
            requester=requester,
            request_id=request_id,
            timestamp=header.said("timestamp") or None,
        )
        if not (requester and supplier and request_id and sent_at):
            return None
        return Envelope(supplier=supplier, requester=requester, request_id=request_id, sent_at=sent_at)

    def note(self, elements: Iterable[Element]) -> Note:
        """What stands in its note, which is kept as ``noted``, too."""
        raw = "\n".join(element.text for element in elements)
        self.noted = note_read(raw, lines=self.lines, but=self.left)
        return self.noted

    # --- what is needed -----------------------------------------------------------------------

    def needed(self, parent: Element, name: str) -> Element | None:
        """The one child of that name."""
        found = parent.named(name)
        if len(found) != 1:
            count = f"{len(found)} of them" if found else "nothing"
            self.problem(f"{parent.path}/{name}", count, "one such element")
            return None
        return found[0]

    def id(self, parent: Element, name: str, *, given: bool = False) -> str | None:
        """The text of the one child of that name, which is not empty; one that is ``given``, as it came."""
        element = self.needed(parent, name)
        if element is None:
            return None
        text = as_id(element.text) if given else tidy(element.text)
        if not text:
            self.problem(element.path, "nothing", "a text")
        elif len(text) > LONGEST_ID:
            self.problem(element.path, f"{len(text)} characters", f"at most {LONGEST_ID} characters")
        else:
            return text
        return None

    def one_of(
        self, parent: Element, name: str, allowed: tuple[str, ...], *, otherwise: str = "", note: str = ""
    ) -> str | None:
        """A word of a list, written exactly so."""
        text = parent.said(name) or otherwise
        if text not in allowed:
            expected = " or ".join(allowed) + note
            error = ErrorType.UNKNOWN_VALUE if text else ErrorType.BADLY_FORMED
            self.problem(f"{parent.path}/{name}", shown(text) if text else "nothing", expected, error)
            return None
        return text

    def word(self, parent: Element, name: str, allowed: tuple[str, ...], error: ErrorType) -> str | None:
        """A word of a closed list, in whatever case; one that is not in it is an error of that type."""
        text = parent.said(name)
        found = exactly(text, allowed)
        if found is None:
            error = error if text else ErrorType.BADLY_FORMED
            what = shown(text) if text else "nothing"
            self.problem(f"{parent.path}/{name}", what, f"one of {', '.join(allowed)}", error)
        return found

    # --- parts of a header --------------------------------------------------------------------

    def _version(self, root: Element) -> None:
        """Later editions are read by what is known of them; another major version is another language."""
        match = _VERSION.fullmatch(root.version)
        if match and 1 < int(match["major"]) < _FIRST_YEAR:
            expected = "a version 1, or one that is named by its year"
            self.problem(f"{root.path}/@version", shown(root.version), expected, ErrorType.UNKNOWN_VALUE)

    def _agency(self, header: Element, name: str, stand_in: str | None) -> str | None:
        if stand_in and header.said(name, "agencyIdValue") in ("", *_PLACEHOLDERS):
            return stand_in
        agency = self.needed(header, name)
        if agency is None:
            return None
        kind = self.id(agency, "agencyIdType")
        value = self.id(agency, "agencyIdValue")
        if kind and ":" in kind:
            self.problem(f"{agency.path}/agencyIdType", shown(kind), "a type without a colon")
            return None
        return agency_reference(kind, value) if kind and value else None

    def _timestamp(self, header: Element, latest: datetime) -> datetime | None:
        expected = "an instant such as 2026-01-26T09:30:00+08:00"
        element = self.needed(header, "timestamp")
        if element is None:
            return None
        text = tidy(element.text)
        at = date_time(text.replace(" ", "T", 1) if self.lenient else text)
        if at and at.tzinfo is None and self.lenient:
            at = at.replace(tzinfo=UTC)
        if at and at.tzinfo is None:
            self.problem(element.path, shown(text), f"{expected}, with its offset from UTC")
            return None
        utc = at and calculated(lambda: at.astimezone(UTC))
        if utc is None:
            self.problem(element.path, shown(text), expected)
        elif utc > latest:
            expected = f"an instant not after {latest.isoformat()}"
            self.problem(element.path, shown(text), expected, ErrorType.UNKNOWN_VALUE)
            return None
        return utc
