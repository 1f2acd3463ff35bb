"""What stands in a note for programs: lines of our own, and ReShare's codes.

1. ISO 18626 has no element for much that two desks tell each other. Between desks of ours it stands in
   the note, one fact a line, after what is for people: ``#servflow:desired=2026-03-01#``.
2. A text is written as in JSON, a day as ``2026-03-01``, an amount as ``20.00 CNY``, a number and a truth
   value bare; ``null`` takes back what an element seems to say. No value has a number sign or a line
   break in it, so a line ends where it ends.
3. ``Kind`` says what the message is where the elements say something else.
4. Lines count only where they come from a desk of ours; what anybody else writes that looks like one is a
   text, for people. So is a line that cannot be read, says nothing that its message may say, or comes after
   a hundred others: it stays in the note.
5. Codes of others are taken out of the note whoever sent it. What somebody writes that only looks like
   such a code is written with a space in it.

Source for the codes of ReShare: ``openlibraryenvironment/mod-rs`` (NoteSpecials), ``indexdata/crosslink``
(broker/shim).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from operator import itemgetter
from typing import Final

import attrs

from servflow.adapters.partner_iso18626._values import lines as tidied
from servflow.core.citations import Plain
from servflow.core.errors import InvalidValue
from servflow.core.money import Money

__all__ = [
    "ACCEPTED",
    "AGREED",
    "KIND",
    "REJECTED",
    "Note",
    "facts_written",
    "harmless",
    "note_read",
    "plainly",
    "sayable",
]

KIND: Final = "Kind"
"""The line that says what the message is."""

AGREED: Final = "#ReShareLoanConditionAgreeResponse#"
ACCEPTED: Final = "ACCEPT"
REJECTED: Final = "REJECT"

_LINE: Final = re.compile(r"#servflow:(?P<name>Kind|[a-z][A-Za-z0-9_.-]*)=(?P<value>[^#\n]*)#[ \t]*\n?")
_MOST_LINES: Final = 100  # no message of ours has as many facts
_KIND: Final = re.compile("[a-z][a-z0-9.-]{0,60}")
_NAME: Final = re.compile("[a-z][A-Za-z0-9_.-]*")
_CODES: Final = re.compile(r"#ReShare[A-Za-z]+#|#(?:last)?seq:[0-9]+#", re.IGNORECASE)
_LOOKS_LIKE: Final = re.compile("#(?=servflow:|ReShare|seq:|lastseq:)", re.IGNORECASE)
_UNSAFE: Final = re.compile("[#\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_UNWANTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NUMBER: Final = re.compile(r"-?[0-9]{1,100}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONEY: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ([A-Z]{3})")
_BARE: Final[Mapping[str, bool]] = {"true": True, "false": False}


@attrs.frozen(kw_only=True)
class Note:
    """A note as it was read: what is for people, what is for programs, and the codes that stood in it.

    ``lines`` names the lines that were taken out of it, that of the kind included.
    """

    text: str
    kind: str | None = None
    facts: Mapping[str, Plain | None] = attrs.field(factory=dict)
    codes: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()


def note_read(raw: str, *, lines: bool, but: Collection[str] = ()) -> Note:
    """What a note says. Of several lines of one name the last counts.

    Without ``lines`` none counts, and none of a name in ``but``: they stay in the text.
    """
    facts: dict[str, Plain | None] = {}

    def taken(match: re.Match[str]) -> str:
        if len(facts) >= _MOST_LINES or match["name"] in but:
            return match[0]
        try:
            facts[match["name"]] = _value(match["value"])
        except ValueError:
            return match[0]
        return ""

    text = _LINE.sub(taken, raw) if lines else raw
    codes = frozenset(code.casefold() for code in _CODES.findall(text))
    names = frozenset(facts)
    kind = facts.pop(KIND, None)
    return Note(
        text=tidied(_CODES.sub("", text)),
        kind=kind if isinstance(kind, str) and _KIND.fullmatch(kind) else None,
        facts=facts,
        codes=codes,
        lines=names,
    )


def facts_written(facts: Iterable[tuple[str, Plain | None]]) -> str:
    """These facts as lines for programs.

    Raises:
        InvalidValue: a fact has a name that no line can have.
    """
    written = []
    for name, value in facts:
        if name != KIND and not _NAME.fullmatch(name):
            raise InvalidValue("facts", name, "a small letter, then letters, figures, dots, dashes")
        written.append(f"#servflow:{name}={_written(value)}#")
    return "\n".join(written)


def plainly(facts: Iterable[tuple[str, Plain | None]]) -> list[list[str]]:
    """These facts by their names, each with its type, for a fingerprint."""
    return [[name, type(value).__name__, str(value)] for name, value in sorted(facts, key=itemgetter(0))]


def sayable(text: str) -> str:
    """``text`` without what no line says, such as control characters: a space in its place."""
    return _UNWANTED.sub(" ", text)


def harmless(text: str) -> str:
    """``text`` with nothing in it that a program would take for its own."""
    return _LOOKS_LIKE.sub("# ", text)


def _written(value: Plain | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Money():
            return f"{value.amount} {value.currency}"
        case str():
            return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))
        case _:
            return str(value)


def _value(text: str) -> Plain | None:
    """What a value says; ``ValueError`` if it says nothing."""
    if text == "null":
        return None
    if text in _BARE:
        return _BARE[text]
    if _NUMBER.fullmatch(text):
        return int(text)
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    if money := _MONEY.fullmatch(text):
        return Money(money[1], money[2])
    if text[:1] != '"':
        raise ValueError
    said = json.loads(text)
    if not isinstance(said, str) or _UNWANTED.search(said):
        raise ValueError
    return said
