"""A service firm's facts in one TOML file: for the command line, demonstrations and tests.

    [firm]                          # the service firm itself
    ref = "service-dealer"          # its reference: in tickets, and in the names of its posts
    name = "…"
    email = "service@example.org"   # "" if it has none
    language = "zh_CN"              # or "en"
    address = "…"                   # where it is written to by post, in one line: it ends its letters; left
                                    # out, they end with its name
    rulebook = "service-dealer/service"         # its rules: a name, or a file, beside this one if it is there
    charges = "service-template/service-charges"    # the rules by which lines of work are priced; left out,
                                    # every line says its price

    [rates]                         # facts that these rules ask of the firm, as for `servflow fee`: what they
    hourly_rate = 80                # leave it to set

    [staff."eng-1"]                 # one table for each member of staff, by an opaque reference
    name = "…"
    email = "eng1@example.org"
    language = "zh_CN"
    posts = ["engineer"]            # those in which somebody serves: desk, coordinator, engineer, stores,
                                    # quality, finance, supervisor, or one of the firm's own

    [posts."head-office"]           # the mailbox of a post, such as one that a chain of the rulebook names;
    name = "…"                      # what is for a post without one goes to the first member of staff in it
    email = "head@example.org"
    language = "zh_CN"

    [customers."c-17"]              # one table for each customer, by an opaque reference
    name = "…"
    email = "reader@example.org"
    language = "en"

    [outlets."o-2"]                 # one table for each service outlet of the network, whose staff are not
    name = "…"                      # the firm's
    email = "outlet@example.org"
    language = "zh_CN"

    [[contracts]]                   # one for each contract over a unit that is not in the unit's own record
    unit = "U-1"
    name = "care"
    first = 2026-01-01              # its first and its last day
    last = 2026-12-31
    classes = ["labour", "travel"]  # values of ChargeClass; left out, all
    gives = "contract"              # the default, or "free", "at-cost"
    governs = false                 # whether its terms replace the firm's warranty; false is the default

The file is read once, when the object is made. All its mistakes are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NewType

import attrs

from servflow.adapters._host_facts import (
    Contact,
    Host,
    HostFile,
    Staff,
    found_party,
    named_twice,
    read_facts,
    reads_parties,
    taken_twice,
)
from servflow.codec import toml
from servflow.core.aftersales.claims import ServiceContract
from servflow.core.aftersales.tickets.commands import ReportFault
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.aftersales.words import ChargeClass, Coverage
from servflow.core.changes import Actor, Aggregate, Command, Office
from servflow.core.dates import Term
from servflow.core.errors import NotFound, Problem
from servflow.core.ports import Party

__all__ = ["ServiceFile"]

_Fact = NewType("_Fact", object)  # what the rules of the charges read
_Gives = NewType("_Gives", Coverage)

_DAY: Final = timedelta(days=1)
_GIVEN: Final = {each.value: each for each in Coverage if each is not Coverage.PAID}
_OUTLETS_POST: Final = ("engineer",)


@attrs.frozen(kw_only=True)
class _Contract:
    unit: str
    name: str
    first: date
    last: date
    classes: tuple[ChargeClass, ...] = tuple(ChargeClass)
    gives: _Gives = attrs.field(default=_Gives(Coverage.CONTRACT))
    governs: bool = False


@attrs.frozen(kw_only=True)
class _File:
    firm: Host
    rates: Mapping[str, _Fact] = attrs.Factory(dict)
    staff: Mapping[str, Staff] = attrs.Factory(dict)
    posts: Mapping[str, Contact] = attrs.Factory(dict)
    customers: Mapping[str, Contact] = attrs.Factory(dict)
    outlets: Mapping[str, Contact] = attrs.Factory(dict)
    contracts: tuple[_Contract, ...] = ()


class ServiceFile(HostFile):
    """The ``Facts`` port over one TOML file; its form stands at the top of this module.

    Raises:
        InvalidFacts: the file cannot be read or has mistakes; it carries every one.
    """

    def __init__(self, path: Path) -> None:
        self._file = read_facts(path, _File, _CONVERTER, _contradictions)
        super().__init__(path, self._file.firm, self._file.staff)

    @property
    def firm(self) -> Party:
        """The firm itself: the sender of its letters."""
        return self.party(self._file.firm.ref)

    @property
    def rates(self) -> Mapping[str, Any]:
        """The facts that the firm itself gives the rules of its charges, as plain data."""
        return MappingProxyType(dict(self._file.rates))

    @property
    def staff(self) -> Mapping[str, tuple[str, ...]]:
        """The posts of each member of staff, in the order of the file."""
        return MappingProxyType({ref: each.posts for ref, each in self._file.staff.items()})

    @property
    def customers(self) -> frozenset[str]:
        """The customers of the file."""
        return frozenset(self._file.customers)

    @property
    def outlets(self) -> frozenset[str]:
        """The service outlets of the file."""
        return frozenset(self._file.outlets)

    def serving(self, post: str) -> tuple[str, ...]:
        """The members of staff in a post, in the order of the file."""
        return tuple(ref for ref, posts in self.staff.items() if post in posts)

    def actor(self, ref: str) -> Actor:
        """A party of the file as somebody who speaks: with his posts, or for himself.

        The staff of an outlet speak as engineers of their own firm.

        Raises:
            NotFound: the file has neither staff, customer nor outlet of that reference.
        """
        if ref in self._file.staff:
            return self._member(ref)
        if ref in self._file.customers:
            return Actor(ref, ref, Office.PERSON)
        if ref in self._file.outlets:
            return Actor(ref, ref, Office.STAFF, _OUTLETS_POST)
        raise NotFound("party", ref)

    def ask(self, command: Command, it: Aggregate | None) -> TicketFacts | None:
        """The contracts over the unit of a ticket that the file knows; None for anything but a ticket."""
        if isinstance(it, Ticket):
            unit = getattr(command, "unit", None) or it.unit
        elif isinstance(command, ReportFault):
            unit = command.unit
        else:
            return None
        return TicketFacts(
            contracts=tuple(
                ServiceContract(
                    name=each.name,
                    term=Term(each.first, each.last + _DAY),
                    classes=each.classes,
                    gives=each.gives,
                    governs=each.governs,
                )
                for each in self._file.contracts
                if each.unit == unit
            )
        )

    def party(self, ref: str) -> Party:
        """Name, address and language of the firm, a member of staff, a post, a customer or an outlet.

        A post is named ``firm/post``; one without a mailbox of its own is the first member of staff in it.

        Raises:
            NotFound: the file has none of that reference, or nobody in that post.
        """
        file = self._file
        known: dict[str, Host | Contact]
        known = {**file.outlets, **file.customers, **file.staff, file.firm.ref: file.firm}
        found = known.get(ref)
        of_firm, sign, post = ref.partition("/")
        if found is None and sign and of_firm == file.firm.ref:
            found = file.posts.get(post) or next((file.staff[who] for who in self.serving(post)), None)
        return found_party(ref, found)


# --- reading the file -----------------------------------------------------------------------------


def _contradictions(file: _File) -> Iterator[Problem]:
    """What each table allows and all of them together do not."""
    tables = {"staff": file.staff, "customers": file.customers, "outlets": file.outlets}
    yield from taken_twice(file.firm.ref, "firm", tables)
    for ref, member in file.staff.items():
        if not member.posts:
            yield Problem(f"staff.{ref}.posts", "none", "at least one post")
        yield from named_twice(f"staff.{ref}.posts", member.posts, "post")
    for number, contract in enumerate(file.contracts):
        yield from _wrong_of_contract(f"contracts[{number}]", contract, file.contracts[:number])


def _wrong_of_contract(where: str, contract: _Contract, before: tuple[_Contract, ...]) -> Iterator[Problem]:
    if contract.last < contract.first:
        yield Problem(f"{where}.last", str(contract.last), f"{contract.first} or a later day")
    if not contract.classes:
        yield Problem(f"{where}.classes", "none", "at least one class of charges")
    if len(set(contract.classes)) < len(contract.classes):
        yield Problem(f"{where}.classes", "a class twice", "each class once")
    if any((each.unit, each.name) == (contract.unit, contract.name) for each in before):
        yield Problem(f"{where}.name", repr(contract.name), "a name that no other contract of it has")


_CONVERTER: Final = reads_parties(toml.converter())
_CONVERTER.register_structure_hook(_Fact, lambda value, _: value)
_a_text: Final = toml.only(str, " or ".join(_GIVEN), _GIVEN.__contains__)
_CONVERTER.register_structure_hook(_Gives, lambda value, kind: _GIVEN[_a_text(value, kind)])
