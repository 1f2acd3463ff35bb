"""The host's facts in one TOML file: for the command line, demonstrations and tests.

    [library]                       # the library itself, which lends, or borrows, or both
    id = "CN-NLC"                   # its reference in messages
    name = "…"
    email = "ill@example.org"       # "" if it has none
    language = "zh_CN"              # or "en"
    city = "北京"
    address = "…"                   # where it is written to by post, in one line: it ends its letters; left
                                    # out, they end with its name
    centre = false                  # true: a dispatch centre, which passes requests on; false is the default
    gateways = ["CN-CALIS"]         # whose gateways may pass on here what readers filed there; [] is the
                                    # default: nobody's

    [institutions."CN-110108"]      # one table for each borrower that is known, by reference
    name = "…"
    kind = "university_library"     # a value of InstitutionKind
    place = "same_city"             # or "elsewhere", "abroad"
    near = ["北京", "天津"]         # to a centre: where it has things from soonest; [] is the default
    city = "北京"                   # left out in the library's own city, or if it does not matter
    email = "huji@example.org"
    language = "zh_CN"

    [institutions."CN-110108".system]   # how its system is reached; left out, it reads letters
    protocol = "iso18626"
    url = "https://ill.example.org/iso18626"
    edition = "2021-2"              # or "1.2"
    dialect = "servflow"            # or "reshare", "standard": how offers and their answers are told
    # key-file = "huji.key"         # the file, beside this one, with the key by which the two systems know
                                    # each other; left out, as here, there is none
    # account = "cque"              # what that system has given us, to be shown within every message to it,
    # code-file = "huji.code"       # and the file, beside this one, with the code that belongs to it

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
    closed-through = 2026-02-20     # the last day on which it takes none, if known
    load = 3                        # its open requests, and how many it works on at one time: a centre
    capacity = 5                    # asks who has least to do; 0 and 1 are the defaults
    rulebook = "nlc/interlibrary-loan"  # its rules, a name or a file, as far as they are known here
                                    # and its system, as of an institution; if it is one, there
    system = { protocol = "iso18626", url = "http://cq/", edition = "1.2", dialect = "reshare" }

    [[holdings]]                    # one for each library that holds something, as a centre knows it; with
                                    # any, nobody else is asked
    library = "CN-CQ"               # one of the suppliers
    location = "重庆"               # where; "" is the default
    ids = ["ISBN:9787999000013"]    # as of an item
    title = "…"

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

    accounts-at = ["CN-330106"]     # libraries where the reader holds an ILL account not kept here; [] is
                                    # the default

    [members."CN-330106"]           # one table for each library whose readers file at this gateway
    mode = "email"                  # a value of ModeName that the library has chosen
    librarian = "CN-330106-ill"     # whose mailbox its requests by mail go to: one of the contacts
    runs-system = false             # these three are the defaults: it runs no ILL system, is no service
    service-library = false         # library, and is not registered at the centre
    registered = false
    serves = ["teacher"]            # the categories of its readers that it serves; left out, all

    [contacts."CN-330106-ill"]      # one table for each who is written to and is neither library nor reader
    name = "…"
    email = "ill@example.org"
    language = "zh_CN"

    [[networks]]                    # from which addresses a library's readers come
    library = "CN-330106"           # one of the members
    ranges = ["202.120.0.0/16", "2001:da8::/32"]

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

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from servflow.adapters import _library_tables as tables
from servflow.adapters._host_facts import read_facts
from servflow.core.changes import Aggregate, Command
from servflow.core.errors import MissingValue, NotFound, Problem
from servflow.core.ill.borrowing.commands import DraftRequest
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.centre.model import CentreFacts
from servflow.core.ill.centre.routing import AskRoute, Holding, RoutingFacts, route
from servflow.core.ill.filing.commands import FileRequest, HearFiling
from servflow.core.ill.filing.model import FilingFacts
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.ill.lending.model import LendingFacts, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, Place
from servflow.core.ill.network import ModeName, Network
from servflow.core.ill.terms import Requested, Service
from servflow.core.ports import Party, System

__all__ = ["FactsFile"]

T = TypeVar("T", tables.Item, tables.Holding)

_SHORTEST_KEY: Final = 16
_KEY: Final = re.compile(rf"[!-~]{{{_SHORTEST_KEY},}}")
_CODE: Final = re.compile(r"\S(?:[^\r\n]*\S)?")  # as the other system made it
_A_KEY: Final = f"a key of {_SHORTEST_KEY} or more letters, figures and other signs without spaces"
_UNCHECKED: Final = frozenset({CaseState.DRAFT, CaseState.SUBMITTED, CaseState.BLOCKED, CaseState.IN_REVIEW})


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
        self._keys: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._file = read_facts(path, tables.File, tables.CONVERTER, self._wrong)

    def _wrong(self, file: tables.File) -> Iterator[Problem]:
        """What contradicts in the file; keys and codes of systems are read, with what is wrong there."""
        yield from tables.contradictions(file)
        folder = self._path.parent
        whose: dict[str, str] = {}
        for where, ref, system in tables.systems(file):
            code = _secret(folder, f"{where}.code-file", system.code_file, _CODE, "a code in one line")
            if isinstance(code, Problem):
                yield code
            else:
                self._codes[ref] = code
            if system.account != system.account.strip():
                yield Problem(f"{where}.account", repr(system.account), "an account without spaces around it")
            key = _secret(folder, f"{where}.key-file", system.key_file, _KEY, _A_KEY)
            if isinstance(key, Problem):
                yield key
            elif key and whose.setdefault(key, ref) != ref:
                yield Problem(f"{where}.key-file", f"the key of {whose[key]}", "a key of its own")
            elif key:
                self._keys[ref] = key

    @property
    def library(self) -> Party:
        """The library itself: the sender of its letters."""
        return self.party(self._file.library.id)

    @property
    def address(self) -> str:
        """Where the library is written to by post; empty where the file does not say."""
        return self._file.library.address

    @property
    def networks(self) -> tuple[Network, ...]:
        """From which addresses the readers of which library come."""
        return tuple(
            Network.parse(each.library, text) for each in self._file.networks for text in each.ranges
        )

    @property
    def lenders(self) -> Mapping[str, str]:
        """The rulebooks of the suppliers whose rules are known, each a name or a file, by supplier."""
        known = {each.ref: each.rulebook for each in self._file.suppliers if each.rulebook is not None}
        return MappingProxyType(known)

    @property
    def keys(self) -> Mapping[str, str]:
        """By which key each library's system is known here: references by key."""
        return MappingProxyType({key: ref for ref, key in self._keys.items()})

    @property
    def libraries(self) -> frozenset[str]:
        """The other libraries of the file: those that borrow here, and those that are asked."""
        return frozenset(self._file.institutions) | {each.ref for each in self._file.suppliers}

    @property
    def readers(self) -> frozenset[str]:
        """The readers of the file, who are no libraries and pay for themselves."""
        return frozenset(self._file.patrons)

    @property
    def centre(self) -> bool:
        """Whether the library is a centre, which passes requests on."""
        return self._file.library.centre

    def ask(
        self, command: Command, it: Aggregate | None
    ) -> LendingFacts | BorrowingFacts | CentreFacts | RoutingFacts | None:
        """The facts for a request and for its transaction or case; None for anything else.

        At a centre a request has the facts of both at once, and of whom to ask it has all the same.

        A borrower of a transaction that the file no longer has is taken as another institution of
        the place on record, so that its volumes can still come back; so is a patron of a case that has
        passed its checks.

        Raises:
            MissingValue: who asks is not in the file: an institution, and there is no table
                ``unknown``; or a patron.
        """
        if isinstance(command, FileRequest):
            return self._filing_facts(command)
        if isinstance(command, AskRoute):
            return self._routing_facts(command.requester, command.requested)
        if isinstance(command, HearFiling):
            return self._passed_on_facts(command)
        if self.centre:
            return self._centre_facts(command, it)
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

    def _routing_facts(self, requester: str, requested: Requested) -> RoutingFacts:
        """Who holds what is asked for, and where things come from soonest."""
        file = self._file
        suppliers = {each.ref: each for each in file.suppliers}
        borrower = file.institutions.get(requester)
        found = tuple(
            Holding(
                library=each.library,
                location=each.location,
                load=suppliers[each.library].load,
                capacity=max(1, suppliers[each.library].capacity),
                closed_through=date.max
                if suppliers[each.library].closed
                else suppliers[each.library].closed_through,
                services=suppliers[each.library].services,
            )
            for each in _fitting(file.holdings, requested)
        )
        return RoutingFacts(holdings=found, near=() if borrower is None else borrower.near)

    def _centre_facts(self, command: Command, it: Aggregate | None) -> CentreFacts | None:
        """Those of whoever asks, and of whom to ask for it; None for anything but a request."""
        match it or command:
            case DraftRequest(patron=who, requested=requested, service=service, case=case):
                place, forgettable = None, False
            case BorrowingCase(patron=who, requested=requested, service=service, id=case):
                place, forgettable = None, True
            case ReceiveRequest(requester=who, requested=requested, service=service, case=case):
                place, forgettable = None, False
            case SupplyTransaction(requester=who, requested=requested, id=case):
                place, forgettable = it.place, True  # type: ignore[union-attr]  # a transaction
                service = it.service or Service.LOAN  # type: ignore[union-attr]
            case _:
                return None
        institution = who in self._file.institutions or (
            self._file.unknown is not None and who not in self._file.patrons
        )
        known = self._borrowing_facts(who, requested, service, case, forgettable=forgettable or institution)
        lending = (
            self._lending_facts(who, requested, case, place=place)
            if institution or place is not None
            else LendingFacts(kind=InstitutionKind.INDIVIDUAL, place=Place.ELSEWHERE)
        )
        member = self._file.members.get(who)
        both = {each.name: getattr(lending, each.name) for each in fields(lending)}
        return CentreFacts(
            **{each.name: getattr(known, each.name) for each in fields(known)} | both,
            mode=ModeName.CENTRE_OPAQUE if member is None else member.mode,
        )

    def party(self, ref: str) -> Party:
        """Name, address, language and system of the library, an institution, supplier, patron or contact.

        Raises:
            NotFound: the file has none of that reference.
        """
        file = self._file
        known: dict[str, Any] = {each.ref: each for each in file.suppliers}
        known |= {**file.contacts, **file.patrons, **file.institutions, file.library.id: file.library}
        found = known.get(ref)
        if found is None:
            raise NotFound("party", ref)
        said: tables.System | None = getattr(found, "system", None)
        system = None
        if said is not None:
            system = System(
                protocol=said.protocol,
                url=said.url,
                edition=said.edition,
                dialect=said.dialect,
                key=self._keys.get(ref, ""),
                account=said.account,
                code=self._codes.get(ref, ""),
            )
        return Party(ref=ref, name=found.name, email=found.email, language=found.language, system=system)

    def _borrowing_facts(
        self, ref: str, requested: Requested, service: Service, case: str, *, forgettable: bool = False
    ) -> BorrowingFacts:
        patron = self._file.patrons.get(ref)
        if patron is None and not forgettable and ref not in self._file.members:
            raise MissingValue(f"what is known of {ref!r}", f"in {self._path}: no such patron")
        known = self._file.requests.get(case) or tables.Request()
        suppliers = self._file.suppliers
        serving = tuple(each.ref for each in suppliers if _serves(each, service))
        held = known.held_locally
        proposed = self._proposed(ref, requested, service, serving)
        found = BorrowingFacts(
            requestable=known.requestable,
            copies_this_year=known.copies_this_year,
            copy_limit=known.copy_limit,
            duplicate_of=known.duplicate_of,
            held_locally=bool(_fitting(self._file.items, requested)) if held is None else held,
            suppliers=proposed if known.suppliers is None else known.suppliers,
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

    def _passed_on_facts(self, said: HearFiling) -> FilingFacts:
        """Those of the case that is opened; of a gateway that is not known, no reader is looked up."""
        gateways = self._file.library.gateways
        if said.by.serves not in gateways:
            return FilingFacts(gateways=gateways)
        known = self._borrowing_facts(said.patron, said.requested, said.service, said.case)
        return FilingFacts(
            gateways=gateways, **{each.name: getattr(known, each.name) for each in fields(known)}
        )

    def _filing_facts(self, said: FileRequest) -> FilingFacts:
        """The home library's, and those of the case that is opened where it is taken in here."""
        known = self._borrowing_facts(said.patron, said.requested, said.service, said.case, forgettable=True)
        patron, member = self._file.patrons.get(said.patron), self._file.members.get(said.home)
        found = FilingFacts(
            accounts_at=patron.accounts_at if patron is not None else (),
            **{each.name: getattr(known, each.name) for each in fields(known)},
        )
        if member is None:
            return found
        return replace(
            found,
            mode=member.mode,
            librarian=member.librarian,
            runs_system=member.runs_system,
            service_library=member.service_library,
            registered=member.registered,
            serves_patron=not member.serves or found.category in member.serves,
        )

    def _lending_facts(
        self, requester: str, requested: Requested, case: str, *, place: Place | None = None
    ) -> LendingFacts:
        borrower = self._file.institutions.get(requester) or self._file.unknown
        if borrower is None and place is not None:  # forgotten since: its loans go on all the same
            borrower = tables.Unknown(kind=InstitutionKind.OTHER, place=place)
        if borrower is None:
            raise MissingValue(f"the kind of {requester!r}", f"in {self._path}: no such institution")
        slip = self._file.international_slips.get(case)
        item = self._item(requested)
        if item is None:
            return LendingFacts(kind=borrower.kind, place=borrower.place, international_slip=slip)
        city = borrower.city if isinstance(borrower, tables.Institution) else None
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

    def _proposed(
        self, requester: str, requested: Requested, service: Service, serving: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Whom a request is proposed: those that hold it, where the file says who does, otherwise all."""
        if not self._file.holdings:
            return serving
        facts = self._routing_facts(requester, requested)
        # who is closed is passed over when its turn comes
        open_ = tuple(replace(each, closed_through=None) for each in facts.holdings)
        return route(open_, service=service, day=date.min, requester=requester, near=facts.near).suppliers

    def _item(self, requested: Requested) -> tables.Item | None:
        found = _fitting(self._file.items, requested)
        return found[0] if len(found) == 1 else None


def _serves(supplier: tables.Supplier, service: Service) -> bool:
    """Whether it gives the service; of "copy or loan", whether it gives either."""
    return service in supplier.services or (service is Service.COPY_OR_LOAN and bool(supplier.services))


def _fitting(things: Iterable[T], requested: Requested) -> list[T]:
    """Those with a record id of the request, otherwise those with exactly its title."""
    asked = {tables.comparable(id) for id in requested.record_ids}
    found = [each for each in things if not asked.isdisjoint(map(tables.comparable, each.ids))]
    return found or [each for each in things if each.title == requested.title]


def _secret(
    folder: Path, where: str, file: str | None, form: re.Pattern[str], expected: str
) -> str | Problem:
    """What stands in the file of a key or a code; empty where there is none."""
    if file is None:
        return ""
    try:
        secret = (folder / file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or type(error).__name__
        return Problem(where, f"{file!r}: {found}", "a file that can be read")
    if not form.fullmatch(secret):  # what stands there is not shown
        return Problem(where, f"{file!r}, with something else", expected)
    return secret
