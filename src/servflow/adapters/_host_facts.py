"""What every host's file of facts has: it is read with all its mistakes at once, and names parties.

A host that is no library has its own table with its rules, and its staff: ``HostFile``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NewType, TypeVar

import attrs
from cattrs import BaseValidationError, Converter

from servflow.codec import problems, toml
from servflow.core.changes import Actor, Office
from servflow.core.errors import InvalidFacts, NotFound, Problem
from servflow.core.ports import Party

__all__ = [
    "LANGUAGES",
    "Address",
    "Contact",
    "Host",
    "HostFile",
    "Language",
    "Staff",
    "found_party",
    "named_twice",
    "read_facts",
    "reads_parties",
    "taken_twice",
]

F = TypeVar("F")

LANGUAGES: Final = ("zh_CN", "en")

Address = NewType("Address", str)
"""An e-mail address, or empty."""

Language = NewType("Language", str)
"""One of ``LANGUAGES``."""


@attrs.frozen(kw_only=True)
class Contact:
    """The table of somebody who is written to."""

    name: str
    email: Address
    language: Language


@attrs.frozen(kw_only=True)
class Host:
    """The table of the host itself; ``rulebook`` and ``charges`` are names, or files beside the file."""

    ref: str
    name: str
    email: Address
    language: Language
    address: str = ""
    rulebook: str
    charges: str | None = None


@attrs.frozen(kw_only=True)
class Staff(Contact):
    """The table of a member of staff, with the posts in which he serves."""

    posts: tuple[str, ...]


class HostFile:
    """What the file of a host says of the host itself and of its staff."""

    def __init__(self, path: Path, host: Host, staff: Mapping[str, Staff]) -> None:
        self._path = path
        self._host = host
        self._staff = staff

    @property
    def address(self) -> str:
        """Where the host is written to by post; empty where the file does not say."""
        return self._host.address

    @property
    def rulebook(self) -> str:
        """The host's rules, a name or a file."""
        return self._beside(self._host.rulebook)

    @property
    def charges(self) -> str | None:
        """The rules of what is charged that go with them, a name or a file; ``None``: there are none."""
        return None if self._host.charges is None else self._beside(self._host.charges)

    def _beside(self, name: str) -> str:
        there = self._path.parent / name
        return str(there) if there.is_file() else name

    def _member(self, ref: str) -> Actor:
        """A member of staff, in his posts."""
        return Actor(ref, self._host.ref, Office.STAFF, self._staff[ref].posts)


def found_party(ref: str, found: Host | Contact | None) -> Party:
    """Name, address and language of whom the file has under that reference.

    Raises:
        NotFound: it has nobody.
    """
    if found is None:
        raise NotFound("party", ref)
    return Party(ref=ref, name=found.name, email=found.email, language=found.language)


def read_facts(
    path: Path, form: type[F], converter: Converter, contradictions: Callable[[F], Iterable[Problem]]
) -> F:
    """What the file says, as its ``form``.

    ``contradictions`` are what each of its tables allows and all of them together do not.

    Raises:
        InvalidFacts: the file cannot be read or has mistakes; it carries every one.
    """
    tables = toml.document(path, "the file")
    if isinstance(tables, Problem):
        raise InvalidFacts(str(path), [tables])
    try:
        file = converter.structure(tables, form)
    except BaseValidationError as error:
        raise InvalidFacts(str(path), problems(error, key=toml.key)) from None
    wrong = tuple(contradictions(file))
    if wrong:
        raise InvalidFacts(str(path), wrong)
    return file


def taken_twice(own: str, owner: str, tables: Mapping[str, Iterable[str]]) -> Iterator[Problem]:
    """What is wrong where a reference stands in two tables, or is the ``own`` one of the ``owner``."""
    taken = {own: f"the {owner}'s own reference"}
    for table, refs in tables.items():
        for ref in refs:
            if ref in taken:
                yield Problem(f"{table}.{ref}", taken[ref], "a reference that nobody else has")
            taken.setdefault(ref, f"the reference of {table}.{ref}")


def named_twice(where: str, words: tuple[str, ...], what: str) -> Iterator[Problem]:
    """What is wrong where a word stands twice in a list of words."""
    for word in sorted({each for each in words if words.count(each) > 1}):
        yield Problem(where, f"{word!r} twice", f"each {what} once")


def reads_parties(converter: Converter) -> Converter:
    """The converter, which reads addresses and languages as well."""
    converter.register_structure_hook(
        Address, toml.only(str, "an address such as ill@example.org, or an empty text", _is_address)
    )
    converter.register_structure_hook(
        Language, toml.only(str, " or ".join(LANGUAGES), LANGUAGES.__contains__)
    )
    return converter


def _is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return not text or bool(local and domain and "@" not in domain and text.isprintable() and " " not in text)
