"""The host's facts in one TOML file: for the command line, demonstrations and tests.

    [library]                       # the lender himself
    id = "CN-NLC"                   # his reference in messages
    name = "…"
    email = "ill@example.org"       # "" if he has none
    language = "zh_CN"              # or "en"
    city = "北京"

    [institutions."CN-110108"]      # one table for each borrower that is known, by reference
    name = "…"
    kind = "university_library"     # a value of InstitutionKind
    place = "same_city"             # or "elsewhere", "abroad"
    city = "北京"                   # left out in the lender's own city, or if it does not matter
    email = "huji@example.org"
    language = "zh_CN"

    [unknown]                       # what to take anybody else for; without it, nobody else is served
    kind = "other"
    place = "elsewhere"             # the default

    [[items]]                       # one for each item of the catalogue that may be asked for
    ids = ["ISBN:9787999000013"]    # as in requests; hyphens and capitals make no difference
    title = "…"                     # ids or a title, or both
    material = "chinese_book"       # a value of Material
    base-collection = true          # the default
    catalogued-on = 2025-06-12      # if known
    reserved = 0                    # own readers who wait for it; 0 is the default
    held-locally-in = ["广州"]      # cities with a library that holds it

    [international-slips]           # slips on file for requests from abroad, by case
    "JP-1000001/77" = "GJ-2026-004"

The file is read once, when the object is made. All its mistakes are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final, NewType

import attrs
from cattrs import BaseValidationError

from servflow.codec import problems, toml
from servflow.core.changes import Aggregate, Command
from servflow.core.errors import InvalidFacts, MissingValue, NotFound, Problem
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.ill.lending.model import LendingFacts, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, Material, Place
from servflow.core.ill.terms import Requested
from servflow.core.ports import Party

__all__ = ["FactsFile"]

_Address = NewType("_Address", str)  # an e-mail address, or empty
_Language = NewType("_Language", str)

_LANGUAGES: Final = ("zh_CN", "en")


@attrs.frozen(kw_only=True)
class _Library:
    id: str
    name: str
    email: _Address
    language: _Language
    city: str


@attrs.frozen(kw_only=True)
class _Institution:
    name: str
    kind: InstitutionKind
    place: Place
    city: str | None = None
    email: _Address
    language: _Language


@attrs.frozen(kw_only=True)
class _Unknown:
    kind: InstitutionKind
    place: Place = Place.ELSEWHERE


@attrs.frozen(kw_only=True)
class _Item:
    ids: tuple[str, ...] = ()
    title: str | None = None
    material: Material
    base_collection: bool = True
    catalogued_on: date | None = None
    reserved: toml.Count = attrs.field(default=toml.Count(0))
    held_locally_in: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class _File:
    library: _Library
    institutions: Mapping[str, _Institution] = attrs.Factory(dict)
    unknown: _Unknown | None = None
    items: tuple[_Item, ...] = ()
    international_slips: Mapping[str, str] = attrs.Factory(dict)


class FactsFile:
    """The ``Facts`` port over one TOML file; its form stands at the top of this module.

    An item is found by a record id of the request, otherwise by exactly its title. Where nothing
    fits, or more than one item does, its material is not known and staff decide.

    Raises:
        InvalidFacts: the file cannot be read or has mistakes; it carries every one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        tables = toml.document(path, "the file")
        if isinstance(tables, Problem):
            raise InvalidFacts(str(path), [tables])
        try:
            self._file = _CONVERTER.structure(tables, _File)
        except BaseValidationError as error:
            raise InvalidFacts(str(path), problems(error, key=toml.key)) from None
        contradictions = tuple(_contradictions(self._file))
        if contradictions:
            raise InvalidFacts(str(path), contradictions)

    @property
    def library(self) -> Party:
        """The lender himself: the sender of its letters."""
        return self.party(self._file.library.id)

    def ask(self, command: Command, it: Aggregate | None) -> LendingFacts | None:
        """The facts for a request and for its transaction; None for anything else.

        A borrower of a transaction that the file no longer has is taken as another institution of
        the place on record, so that its volumes can still come back.

        Raises:
            MissingValue: who asks is not in the file and it has no table ``unknown``.
        """
        if isinstance(command, ReceiveRequest):
            return self._lending_facts(command.requester, command.requested, command.case)
        if isinstance(it, SupplyTransaction):
            return self._lending_facts(it.requester, it.requested, it.id, place=it.place)
        return None

    def party(self, ref: str) -> Party:
        """Name, address and language of the library or of an institution.

        Raises:
            NotFound: the file has neither of that reference.
        """
        library = self._file.library
        found = library if ref == library.id else self._file.institutions.get(ref)
        if found is None:
            raise NotFound("party", ref)
        return Party(ref=ref, name=found.name, email=found.email, language=found.language)

    def _lending_facts(
        self, requester: str, requested: Requested, case: str, *, place: Place | None = None
    ) -> LendingFacts:
        borrower = self._file.institutions.get(requester) or self._file.unknown
        if borrower is None and place is not None:  # forgotten since: its loans go on all the same
            borrower = _Unknown(kind=InstitutionKind.OTHER, place=place)
        if borrower is None:
            raise MissingValue(f"the kind of {requester!r}", f"in {self._path}: no such institution")
        slip = self._file.international_slips.get(case)
        item = self._item(requested)
        if item is None:
            return LendingFacts(kind=borrower.kind, place=borrower.place, international_slip=slip)
        city = borrower.city if isinstance(borrower, _Institution) else None
        if borrower.place is Place.SAME_CITY:
            city = self._file.library.city
        return LendingFacts(
            kind=borrower.kind,
            place=borrower.place,
            material=item.material,
            base_collection=item.base_collection,
            catalogued_on=item.catalogued_on,
            reserved=item.reserved,
            held_locally=city in item.held_locally_in,
            international_slip=slip,
        )

    def _item(self, requested: Requested) -> _Item | None:
        asked = {_comparable(id) for id in requested.record_ids}
        found = [item for item in self._file.items if not asked.isdisjoint(map(_comparable, item.ids))]
        if not found:
            found = [item for item in self._file.items if item.title == requested.title]
        return found[0] if len(found) == 1 else None


def _comparable(id: str) -> str:
    return id.replace("-", "").replace(" ", "").casefold()


# --- reading the file -----------------------------------------------------------------------------


def _contradictions(file: _File) -> Iterator[Problem]:
    """What each table allows and all of them together do not."""
    library = file.library
    for ref, institution in file.institutions.items():
        where = f"institutions.{ref}"
        if ref == library.id:
            yield Problem(where, "the library's own id", "a borrower; the library has its own table")
        if institution.city and (institution.city == library.city) != (institution.place is Place.SAME_CITY):
            expected = f"a city that goes with the library's own, {library.city}"
            yield Problem(f"{where}.city", f"{institution.city!r}, {institution.place.value}", expected)
    first: dict[str, int] = {}
    for number, item in enumerate(file.items):
        if not item.ids and not item.title:
            yield Problem(f"items[{number}]", "neither ids nor a title", "one of them or both")
        for id in item.ids:
            before = first.setdefault(_comparable(id), number)
            if before != number:
                yield Problem(f"items[{number}].ids", f"{id!r}, as in items[{before}]", "an id of one item")


def _is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return not text or bool(local and domain and "@" not in domain and text.isprintable() and " " not in text)


_CONVERTER: Final = toml.converter()
_CONVERTER.register_structure_hook(
    _Address, toml.only(str, "an address such as ill@example.org, or an empty text", _is_address)
)
_CONVERTER.register_structure_hook(
    _Language, toml.only(str, " or ".join(_LANGUAGES), _LANGUAGES.__contains__)
)
