"""The tables of a library's file of facts, as ``facts_file`` tells their form; what contradicts in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Final, NewType
from urllib.parse import urlsplit

import attrs

from servflow.adapters._host_facts import Address, Contact, Language, reads_parties
from servflow.codec import toml
from servflow.core.errors import InvalidValue, Problem
from servflow.core.ill.lending.states import InstitutionKind, Material, Place
from servflow.core.ill.network import ModeName, Network
from servflow.core.ill.terms import Service
from servflow.core.money import Money

__all__ = [
    "CONVERTER",
    "File",
    "Holding",
    "Institution",
    "Item",
    "Library",
    "Member",
    "Patron",
    "Ranges",
    "Request",
    "Supplier",
    "System",
    "Unknown",
    "comparable",
    "contradictions",
    "systems",
]

_Range = NewType("_Range", str)  # of addresses
_Debt = NewType("_Debt", Money)  # above or at nothing
_Protocol = NewType("_Protocol", str)
_Url = NewType("_Url", str)
_Edition = NewType("_Edition", str)
_Dialect = NewType("_Dialect", str)

_PROTOCOLS: Final = ("iso18626",)
_EDITIONS: Final = ("1.2", "2021-2")
_DIALECTS: Final = ("servflow", "standard", "reshare")


@attrs.frozen(kw_only=True)
class System:
    """How a library's system is reached."""

    protocol: _Protocol
    url: _Url
    edition: _Edition
    dialect: _Dialect
    key_file: str | None = None
    account: str = ""
    code_file: str | None = None


@attrs.frozen(kw_only=True)
class Library:
    """The library itself."""

    id: str
    name: str
    email: Address
    language: Language
    city: str
    address: str = ""
    centre: bool = False
    gateways: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Institution:
    """A library that borrows here."""

    name: str
    kind: InstitutionKind
    place: Place
    city: str | None = None
    email: Address
    language: Language
    near: tuple[str, ...] = ()
    system: System | None = None


@attrs.frozen(kw_only=True)
class Unknown:
    """What to take anybody else for."""

    kind: InstitutionKind
    place: Place = Place.ELSEWHERE


@attrs.frozen(kw_only=True)
class Item:
    """An item of the catalogue."""

    ids: tuple[str, ...] = ()
    title: str | None = None
    material: Material
    base_collection: bool = True
    catalogued_on: date | None = None
    reserved: toml.Count = attrs.field(default=toml.Count(0))
    held_locally_in: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Supplier:
    """A library that is asked."""

    ref: str
    name: str | None = None
    email: Address | None = None
    language: Language | None = None
    services: tuple[Service, ...] = tuple(Service)
    closed: bool = False
    closed_through: date | None = None
    load: toml.Count = attrs.field(default=toml.Count(0))
    capacity: toml.Count = attrs.field(default=toml.Count(1))
    rulebook: str | None = None
    system: System | None = None


@attrs.frozen(kw_only=True)
class Holding:
    """What a library holds, as a centre knows it."""

    library: str
    location: str = ""
    ids: tuple[str, ...] = ()
    title: str | None = None


@attrs.frozen(kw_only=True)
class Patron(Contact):
    """A reader who may ask."""

    category: str
    expired: bool = False
    debarred: bool = False
    overdue: toml.Count = attrs.field(default=toml.Count(0))
    debt: _Debt | None = None
    active: toml.Count = attrs.field(default=toml.Count(0))
    this_year: toml.Count = attrs.field(default=toml.Count(0))
    accounts_at: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Member:
    """A library whose readers file here."""

    mode: ModeName
    librarian: str | None = None
    runs_system: bool = False
    service_library: bool = False
    registered: bool = False
    serves: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Ranges:
    """From which addresses a library's readers come."""

    library: str
    ranges: tuple[_Range, ...]


@attrs.frozen(kw_only=True)
class Request:
    """What is known of one request."""

    suppliers: tuple[str, ...] | None = None
    duplicate_of: str | None = None
    held_locally: bool | None = None
    requestable: bool = True
    copies_this_year: toml.Count = attrs.field(default=toml.Count(0))
    copy_limit: toml.Count | None = None


@attrs.frozen(kw_only=True)
class File:
    """The whole file."""

    library: Library
    institutions: Mapping[str, Institution] = attrs.Factory(dict)
    unknown: Unknown | None = None
    items: tuple[Item, ...] = ()
    international_slips: Mapping[str, str] = attrs.Factory(dict)
    suppliers: tuple[Supplier, ...] = ()
    holdings: tuple[Holding, ...] = ()
    patrons: Mapping[str, Patron] = attrs.Factory(dict)
    members: Mapping[str, Member] = attrs.Factory(dict)
    contacts: Mapping[str, Contact] = attrs.Factory(dict)
    networks: tuple[Ranges, ...] = ()
    requests: Mapping[str, Request] = attrs.Factory(dict)


def comparable(id: str) -> str:
    """A record id without what makes no difference."""
    return id.replace("-", "").replace(" ", "").casefold()


def systems(file: File) -> Iterator[tuple[str, str, System]]:
    """Where each system stands in the file, and whose it is."""
    for ref, institution in file.institutions.items():
        if institution.system is not None:
            yield f"institutions.{ref}.system", ref, institution.system
    for number, supplier in enumerate(file.suppliers):
        if supplier.system is not None:
            yield f"suppliers[{number}].system", supplier.ref, supplier.system


def contradictions(file: File) -> Iterator[Problem]:
    """What each table allows and all of them together do not."""
    library = file.library
    for ref, institution in file.institutions.items():
        where = f"institutions.{ref}"
        if ref == library.id:
            yield Problem(where, "the library's own id", "a borrower; the library has its own table")
        if institution.city and (institution.city == library.city) != (institution.place is Place.SAME_CITY):
            expected = f"a city that goes with the library's own, {library.city}"
            yield Problem(f"{where}.city", f"{institution.city!r}, {institution.place.value}", expected)
    yield from _network_contradictions(file)
    yield from _holding_contradictions(file)
    yield from _item_contradictions(file)
    yield from _supplier_contradictions(file)
    for ref in file.patrons:
        if ref == library.id or ref in file.institutions or ref in {each.ref for each in file.suppliers}:
            yield Problem(f"patrons.{ref}", "the reference of a library", "one that nobody else has")
    for case, request in file.requests.items():
        for ref in request.suppliers or ():
            if ref not in {each.ref for each in file.suppliers}:
                yield Problem(f"requests.{case}.suppliers", repr(ref), "one of the suppliers of the file")


def _network_contradictions(file: File) -> Iterator[Problem]:
    for ref, member in file.members.items():
        if member.librarian is not None and member.librarian not in file.contacts:
            where = f"members.{ref}.librarian"
            yield Problem(where, repr(member.librarian), "one of the contacts of the file")
    for number, network in enumerate(file.networks):
        if network.library not in file.members:
            yield Problem(
                f"networks[{number}].library", repr(network.library), "one of the members of the file"
            )


def _item_contradictions(file: File) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, item in enumerate(file.items):
        if not item.ids and not item.title:
            yield Problem(f"items[{number}]", "neither ids nor a title", "one of them or both")
        for id in item.ids:
            before = first.setdefault(comparable(id), number)
            if before != number:
                yield Problem(f"items[{number}].ids", f"{id!r}, as in items[{before}]", "an id of one item")


def _holding_contradictions(file: File) -> Iterator[Problem]:
    known = {each.ref for each in file.suppliers}
    for number, holding in enumerate(file.holdings):
        if not holding.ids and not holding.title:
            yield Problem(f"holdings[{number}]", "neither ids nor a title", "one of them or both")
        if holding.library not in known:
            yield Problem(
                f"holdings[{number}].library", repr(holding.library), "one of the suppliers of the file"
            )


def _supplier_contradictions(file: File) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, supplier in enumerate(file.suppliers):
        where, ref = f"suppliers[{number}]", supplier.ref
        before = first.setdefault(ref, number)
        if ref == file.library.id:
            yield Problem(f"{where}.ref", "the library's own id", "another library")
        elif before != number:
            yield Problem(f"{where}.ref", f"{ref!r}, as in suppliers[{before}]", "each supplier once")
        for name in ("name", "email", "language", "system"):
            found, borrows = getattr(supplier, name), ref in file.institutions
            if borrows and found is not None:
                expected = f"no {name} here: institutions.{ref} has it"
                yield Problem(f"{where}.{name}", repr(found), expected)
            elif not borrows and found is None and name != "system":
                yield Problem(f"{where}.{name}", "nothing", "as for an institution, for it is none of them")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text and not parts.fragment
    host = bool(parts.hostname) and "@" not in parts.netloc and port != 0
    return plain and host and parts.scheme in ("http", "https")


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


def _is_range(text: str) -> bool:
    with suppress(InvalidValue):
        return bool(Network.parse("", text))
    return False


_a_text: Final = toml.only(str, "an amount such as 'CNY 12.50'")
CONVERTER: Final = reads_parties(toml.converter())
CONVERTER.register_structure_hook(_Debt, lambda value, kind: _debt(_a_text(value, kind)))
CONVERTER.register_structure_hook(
    _Url, toml.only(str, "an address such as https://ill.example.org/iso18626", _is_url)
)
for _kind, _words in ((_Protocol, _PROTOCOLS), (_Edition, _EDITIONS), (_Dialect, _DIALECTS)):
    CONVERTER.register_structure_hook(_kind, toml.only(str, " or ".join(_words), _words.__contains__))
CONVERTER.register_structure_hook(
    _Range, toml.only(str, "a range of addresses such as 202.120.0.0/16 or 2001:da8::/32", _is_range)
)
