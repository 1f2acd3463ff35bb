"""The host's facts in one TOML file: for the command line, demonstrations and tests.

    [library]                       # the library itself, which lends, or borrows, or both
    id = "CN-NLC"                   # its reference in messages
    name = "…"
    email = "ill@example.org"       # "" if it has none
    language = "zh_CN"              # or "en"
    city = "北京"

    [institutions."CN-110108"]      # one table for each borrower that is known, by reference
    name = "…"
    kind = "university_library"     # a value of InstitutionKind
    place = "same_city"             # or "elsewhere", "abroad"
    city = "北京"                   # left out in the library's own city, or if it does not matter
    email = "huji@example.org"
    language = "zh_CN"

    [unknown]                       # what to take anybody else for; without it, nobody else is served
    kind = "other"
    place = "elsewhere"             # the default

    [[items]]                       # one for each item of the catalogue that may be asked for; a
                                    # reader's request for one of them is held locally
    ids = ["ISBN:9787999000013"]    # as in requests; hyphens and capitals make no difference
    title = "…"                     # ids or a title, or both
    material = "chinese_book"       # a value of Material
    base-collection = true          # the default
    catalogued-on = 2025-06-12      # if known
    reserved = 0                    # own readers who wait for it; 0 is the default
    held-locally-in = ["广州"]      # cities with a library that holds it

    [international-slips]           # slips on file for requests from abroad, by case
    "JP-1000001/77" = "GJ-2026-004"

    [[suppliers]]                   # one for each library that is asked for what is lacking here; the
                                    # first that gives the service is proposed first
    ref = "CN-CQ"
    name = "…"                      # name, email and language: in no other place than among the
    email = "gjhj@example.org"      # institutions, for a supplier that borrows here, too
    language = "zh_CN"
    services = ["Loan", "Copy"]     # values of Service; left out, it gives every service
    closed = false                  # whether it takes no requests now; false is the default
    rulebook = "nlc/interlibrary-loan"  # its rules, a name or a file, as far as they are known here

    [patrons."p-17"]                # one table for each reader who may ask, by an opaque reference
    name = "…"
    email = "reader@example.org"
    language = "zh_CN"
    category = "teacher"            # in the words of the borrowing rulebook
    expired = false                 # these three are the defaults: the card is valid, nothing is
    debarred = false                # barred, nothing is overdue
    overdue = 0                     # how many things the reader has overdue
    debt = "CNY 12.50"              # what the reader owes the library, if anything
    active = 0                      # other requests of the reader that are open, and those filed this
    this-year = 0                   # year: counted by the host, not by the desk; 0 is the default

    [requests."2026-0117"]          # what is known of one reader's request, by case; all of it optional
    suppliers = ["CN-CQ"]           # proposed for it instead of all, the best first
    duplicate-of = "2026-0102"      # another open case with the same need
    held-locally = true             # otherwise: whether it is one of the items
    requestable = false             # true is the default
    copies-this-year = 3            # made of the same source; 0 is the default
    copy-limit = 3                  # how many there may be; left out, there is no limit

The file is read once, when the object is made. All its mistakes are reported at once.

The desk takes ``active`` and ``this-year`` as they are given and adds nothing: a host that keeps its
cases in servflow counts them there, and one with requests elsewhere, too, knows them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NewType

import attrs
from cattrs import BaseValidationError

from servflow.codec import problems, toml
from servflow.core.changes import Aggregate, Command
from servflow.core.errors import InvalidFacts, InvalidValue, MissingValue, NotFound, Problem
from servflow.core.ill.borrowing.commands import DraftRequest
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.ill.lending.model import LendingFacts, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, Material, Place
from servflow.core.ill.terms import Requested, Service
from servflow.core.money import Money
from servflow.core.ports import Party

__all__ = ["FactsFile"]

_Address = NewType("_Address", str)  # an e-mail address, or empty
_Language = NewType("_Language", str)

_Debt = NewType("_Debt", Money)  # above or at nothing

_LANGUAGES: Final = ("zh_CN", "en")
_UNCHECKED: Final = frozenset({CaseState.DRAFT, CaseState.SUBMITTED, CaseState.BLOCKED, CaseState.IN_REVIEW})


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
class _Supplier:
    ref: str
    name: str | None = None
    email: _Address | None = None
    language: _Language | None = None
    services: tuple[Service, ...] = tuple(Service)
    closed: bool = False
    rulebook: str | None = None


@attrs.frozen(kw_only=True)
class _Patron:
    name: str
    email: _Address
    language: _Language
    category: str
    expired: bool = False
    debarred: bool = False
    overdue: toml.Count = attrs.field(default=toml.Count(0))
    debt: _Debt | None = None
    active: toml.Count = attrs.field(default=toml.Count(0))
    this_year: toml.Count = attrs.field(default=toml.Count(0))


@attrs.frozen(kw_only=True)
class _Request:
    suppliers: tuple[str, ...] | None = None
    duplicate_of: str | None = None
    held_locally: bool | None = None
    requestable: bool = True
    copies_this_year: toml.Count = attrs.field(default=toml.Count(0))
    copy_limit: toml.Count | None = None


@attrs.frozen(kw_only=True)
class _File:
    library: _Library
    institutions: Mapping[str, _Institution] = attrs.Factory(dict)
    unknown: _Unknown | None = None
    items: tuple[_Item, ...] = ()
    international_slips: Mapping[str, str] = attrs.Factory(dict)
    suppliers: tuple[_Supplier, ...] = ()
    patrons: Mapping[str, _Patron] = attrs.Factory(dict)
    requests: Mapping[str, _Request] = attrs.Factory(dict)


class FactsFile:
    """The ``Facts`` port over one TOML file; its form stands at the top of this module.

    An item is found by a record id of the request, otherwise by exactly its title. Where nothing
    fits, or more than one item does, its material is not known and staff decide.

    A request that names no suppliers is proposed those of its own table in the file, otherwise all
    that give the service, in the order of the file; one that is closed is passed over when its turn
    comes.

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
        """The library itself: the sender of its letters."""
        return self.party(self._file.library.id)

    @property
    def lenders(self) -> Mapping[str, str]:
        """The rulebooks of the suppliers whose rules are known, each a name or a file, by supplier."""
        known = {each.ref: each.rulebook for each in self._file.suppliers if each.rulebook is not None}
        return MappingProxyType(known)

    def ask(self, command: Command, it: Aggregate | None) -> LendingFacts | BorrowingFacts | None:
        """The facts for a request and for its transaction or case; None for anything else.

        A borrower of a transaction that the file no longer has is taken as another institution of
        the place on record, so that its volumes can still come back; so is a patron of a case that has
        passed its checks.

        Raises:
            MissingValue: who asks is not in the file: an institution, and there is no table
                ``unknown``; or a patron.
        """
        if isinstance(command, DraftRequest):
            return self._borrowing_facts(command.patron, command.requested, command.service, command.case)
        if isinstance(it, BorrowingCase):
            forgettable = it.state not in _UNCHECKED
            return self._borrowing_facts(it.patron, it.requested, it.service, it.id, forgettable=forgettable)
        if isinstance(command, ReceiveRequest):
            return self._lending_facts(command.requester, command.requested, command.case)
        if isinstance(it, SupplyTransaction):
            return self._lending_facts(it.requester, it.requested, it.id, place=it.place)
        return None

    def party(self, ref: str) -> Party:
        """Name, address and language of the library, an institution, a supplier or a patron.

        Raises:
            NotFound: the file has none of that reference.
        """
        file = self._file
        known: dict[str, Any] = {each.ref: each for each in file.suppliers}
        found = {**known, **file.patrons, **file.institutions, file.library.id: file.library}.get(ref)
        if found is None:
            raise NotFound("party", ref)
        return Party(ref=ref, name=found.name, email=found.email, language=found.language)

    def _borrowing_facts(
        self, ref: str, requested: Requested, service: Service, case: str, *, forgettable: bool = False
    ) -> BorrowingFacts:
        patron = self._file.patrons.get(ref)
        if patron is None and not forgettable:
            raise MissingValue(f"what is known of {ref!r}", f"in {self._path}: no such patron")
        known = self._file.requests.get(case) or _Request()
        suppliers = self._file.suppliers
        serving = tuple(each.ref for each in suppliers if _serves(each, service))
        held = known.held_locally
        found = BorrowingFacts(
            requestable=known.requestable,
            copies_this_year=known.copies_this_year,
            copy_limit=known.copy_limit,
            duplicate_of=known.duplicate_of,
            held_locally=bool(self._items(requested)) if held is None else held,
            suppliers=serving if known.suppliers is None else known.suppliers,
            not_taking=tuple(each.ref for each in suppliers if each.closed),
            not_serving=tuple(each.ref for each in suppliers if each.ref not in serving),
        )
        if patron is None:
            return found
        return replace(
            found,
            category=patron.category,
            expired=patron.expired,
            debarred=patron.debarred,
            active=patron.active,
            this_year=patron.this_year,
            debt=patron.debt,
            overdue=patron.overdue,
        )

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
        found = self._items(requested)
        return found[0] if len(found) == 1 else None

    def _items(self, requested: Requested) -> list[_Item]:
        asked = {_comparable(id) for id in requested.record_ids}
        found = [item for item in self._file.items if not asked.isdisjoint(map(_comparable, item.ids))]
        return found or [item for item in self._file.items if item.title == requested.title]


def _serves(supplier: _Supplier, service: Service) -> bool:
    """Whether it gives the service; of "copy or loan", whether it gives either."""
    return service in supplier.services or (service is Service.COPY_OR_LOAN and bool(supplier.services))


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
    yield from _item_contradictions(file)
    yield from _supplier_contradictions(file)
    for ref in file.patrons:
        if ref == library.id or ref in file.institutions or ref in {each.ref for each in file.suppliers}:
            yield Problem(f"patrons.{ref}", "the reference of a library", "one that nobody else has")
    for case, request in file.requests.items():
        for ref in request.suppliers or ():
            if ref not in {each.ref for each in file.suppliers}:
                yield Problem(f"requests.{case}.suppliers", repr(ref), "one of the suppliers of the file")


def _item_contradictions(file: _File) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, item in enumerate(file.items):
        if not item.ids and not item.title:
            yield Problem(f"items[{number}]", "neither ids nor a title", "one of them or both")
        for id in item.ids:
            before = first.setdefault(_comparable(id), number)
            if before != number:
                yield Problem(f"items[{number}].ids", f"{id!r}, as in items[{before}]", "an id of one item")


def _supplier_contradictions(file: _File) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, supplier in enumerate(file.suppliers):
        where, ref = f"suppliers[{number}]", supplier.ref
        before = first.setdefault(ref, number)
        if ref == file.library.id:
            yield Problem(f"{where}.ref", "the library's own id", "another library")
        elif before != number:
            yield Problem(f"{where}.ref", f"{ref!r}, as in suppliers[{before}]", "each supplier once")
        for name in ("name", "email", "language"):
            found, borrows = getattr(supplier, name), ref in file.institutions
            if borrows and found is not None:
                expected = f"no {name} here: institutions.{ref} has it"
                yield Problem(f"{where}.{name}", repr(found), expected)
            elif not borrows and found is None:
                yield Problem(f"{where}.{name}", "nothing", "as for an institution, for it is none of them")


def _debt(text: str) -> Money:
    """The amount that is written as ``CNY 12.50``.

    Raises:
        InvalidValue: it is written otherwise, or below nothing.
    """
    currency, _, amount = text.partition(" ")
    with suppress(InvalidValue):
        if not (debt := Money(amount, currency)).minor < 0:
            return debt
    raise InvalidValue("", text, "an amount of zero or more, such as 'CNY 12.50'")


def _is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return not text or bool(local and domain and "@" not in domain and text.isprintable() and " " not in text)


_a_text: Final = toml.only(str, "an amount such as 'CNY 12.50'")
_CONVERTER: Final = toml.converter()
_CONVERTER.register_structure_hook(_Debt, lambda value, kind: _debt(_a_text(value, kind)))
_CONVERTER.register_structure_hook(
    _Address, toml.only(str, "an address such as ill@example.org, or an empty text", _is_address)
)
_CONVERTER.register_structure_hook(
    _Language, toml.only(str, " or ".join(_LANGUAGES), _LANGUAGES.__contains__)
)
