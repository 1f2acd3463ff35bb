"""What an authority that keeps warranty deposits knows, in one TOML file: for the command line and tests.

    [authority]                     # the authority itself (物业主管部门), or an employer that retains money
    ref = "linjiang"                # its reference: in accounts and claims
    name = "…"
    email = "deposits@example.cn"   # "" if it has none
    language = "zh_CN"              # or "en"
    address = "…"                   # where it is written to by post, in one line: it ends its letters; left
                                    # out, they end with its name
    rulebook = "shandong/warranty-deposits"         # its rules: a name, or a file beside this one
    charges = "shandong/warranty-deposit-fees"      # how much it is, the surcharge, the interest; left out,
                                    # nothing can be assessed

    [staff."clerk-1"]               # one table for each member of staff, by an opaque reference
    name = "…"
    email = "clerk1@example.cn"
    language = "zh_CN"
    posts = ["collection"]          # the authority's own words; the first in the file speaks for it

    [developers."dev-1"]            # one table for each of those who have to do with a building; each
    name = "…"                      # somebody stands in one table, whatever else he does: a property manager
    email = "dev1@example.cn"       # that repairs is among the property managers
    language = "zh_CN"

    [banks."bank-1"]                # the special accounts (专户)
    [supervisors."presale-1"]       # of pre-sale funds (预售资金监管部门)
    [departments."housing-1"]       # the development authority, acceptance filing, title registration
    [property-managers."pm-1"]      # 物业服务企业
    [committees."committee-1"]      # owners' committees (业主委员会)
    [repairers."repair-1"]          # 维修单位
    [inspection-bodies."test-1"]    # 工程质量检测机构
    [owners."o-1"]                  # owners and their representatives: people

    [buildings."A-1"]               # one for each building, by the id of its account: what is known of it
    project = "riverside"           # when its deposit is assessed
    building = "1"
    building-type = "high_rise"     # a word of the charges
    kinds = ["new", "for-sale"]     # the rulebook's words
    developer = "dev-1"
    bank = "bank-1"
    development-authority = "housing-1"     # this and what follows is left out where there is none
    supervisor = "presale-1"
    property-manager = "pm-1"
    committee = "committee-1"
    representative = "o-1"

    [buildings."A-1".board]         # where all its owners are told something (公示栏); left out, what is for
    name = "…"                      # them is sent to the authority, to be put up
    email = "board1@example.cn"
    language = "zh_CN"

The file is read once, when the object is made. All its mistakes are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

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
from servflow.core.changes import Actor, Aggregate, Command, Office
from servflow.core.deposits.accounts.model import Building
from servflow.core.deposits.accounts.states import AccountRole
from servflow.core.errors import NotFound, Problem
from servflow.core.ports import Party

__all__ = ["DepositsFile"]

_OWNERS: Final = "owners/"
"""What stands before an account's id where all owners of its building are meant."""


@attrs.frozen(kw_only=True)
class _Staff(Staff):
    posts: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class _Building:
    project: str
    building: str
    building_type: str
    kinds: tuple[str, ...]
    developer: str
    bank: str
    development_authority: str = ""
    supervisor: str = ""
    property_manager: str = ""
    committee: str = ""
    representative: str = ""
    board: Contact | None = None

    @property
    def known(self) -> Building:
        """The same as the core has it."""
        return Building(**attrs.asdict(self, filter=lambda field, _: field.name != "board"))


@attrs.frozen(kw_only=True)
class _File:
    authority: Host
    staff: Mapping[str, _Staff] = attrs.Factory(dict)
    developers: Mapping[str, Contact] = attrs.Factory(dict)
    banks: Mapping[str, Contact] = attrs.Factory(dict)
    supervisors: Mapping[str, Contact] = attrs.Factory(dict)
    departments: Mapping[str, Contact] = attrs.Factory(dict)
    property_managers: Mapping[str, Contact] = attrs.Factory(dict)
    committees: Mapping[str, Contact] = attrs.Factory(dict)
    repairers: Mapping[str, Contact] = attrs.Factory(dict)
    inspection_bodies: Mapping[str, Contact] = attrs.Factory(dict)
    owners: Mapping[str, Contact] = attrs.Factory(dict)
    buildings: Mapping[str, _Building] = attrs.Factory(dict)


_HOUSES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "developers": (),
        "banks": (),
        "supervisors": (),
        "departments": (AccountRole.DEPARTMENT.value,),
        "property_managers": (AccountRole.PROPERTY_MANAGER.value,),
        "committees": (AccountRole.COMMITTEE.value,),
        "repairers": (),
        "inspection_bodies": (),
    }
)
"""The tables of those who speak through their staff, and the post in which these do."""

_NAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "developer": "developers",
        "bank": "banks",
        "development_authority": "departments",
        "supervisor": "supervisors",
        "property_manager": "property_managers",
        "committee": "committees",
        "representative": "owners",
    }
)
"""In which table somebody is whom a building names, by the field that names him."""


class DepositsFile(HostFile):
    """The ``Facts`` port over one TOML file; its form stands at the top of this module.

    Raises:
        InvalidFacts: the file cannot be read or has mistakes; it carries every one.
    """

    def __init__(self, path: Path) -> None:
        self._file = read_facts(path, _File, _CONVERTER, _contradictions)
        super().__init__(path, self._file.authority, self._file.staff)

    @property
    def authority(self) -> Party:
        """The authority itself: the sender of its letters."""
        return self.party(self._file.authority.ref)

    @property
    def buildings(self) -> Mapping[str, Building]:
        """The buildings, by the ids of their accounts, in the order of the file."""
        return MappingProxyType({id: each.known for id, each in self._file.buildings.items()})

    @property
    def parties(self) -> tuple[str, ...]:
        """The references of all who may speak, in the order of the tables."""
        file = self._file
        houses = (ref for table in _HOUSES for ref in getattr(file, table))
        return (*file.staff, *houses, *file.owners)

    def actor(self, ref: str) -> Actor:
        """A party of the file as somebody who speaks; a house through a member of its staff.

        The authority itself speaks through the first member of staff of the file.

        Raises:
            NotFound: the file has none of that reference.
        """
        file = self._file
        ours = file.authority.ref
        if ref == ours:
            first = next(iter(file.staff), None)
            return Actor(ours, ours, Office.STAFF) if first is None else self.actor(first)
        if ref in file.staff:
            return self._member(ref)
        for table, posts in _HOUSES.items():
            if ref in getattr(file, table):
                return Actor(ref, ref, Office.STAFF, posts)
        if ref in file.owners:
            return Actor(ref, ref, Office.PERSON)
        raise NotFound("party", ref)

    def ask(self, command: Command, it: Aggregate | None) -> None:
        """Nothing: whatever is decided about a deposit is said in the command, or on record."""

    def party(self, ref: str) -> Party:
        """Name, address and language of somebody in the file.

        ``owners/A-1`` are all owners of the building ``A-1``: its board; without one, the authority.

        Raises:
            NotFound: the file has none of that reference.
        """
        file = self._file
        if ref.startswith(_OWNERS):
            building = file.buildings.get(ref.removeprefix(_OWNERS))
            board = None if building is None else building.board
            found: Contact | Host | None = board or file.authority
        elif ref == file.authority.ref:
            found = file.authority
        else:
            tables: tuple[Mapping[str, Contact], ...] = (
                file.staff,
                *(getattr(file, table) for table in _HOUSES),
                file.owners,
            )
            found = next((table[ref] for table in tables if ref in table), None)
        return found_party(ref, found)


# --- reading the file -----------------------------------------------------------------------------


def _contradictions(file: _File) -> Iterator[Problem]:
    """What each table allows and all of them together do not."""
    tables = {toml.key(table): getattr(file, table) for table in ("staff", *_HOUSES, "owners")}
    yield from taken_twice(file.authority.ref, "authority", tables)
    for ref, member in file.staff.items():
        yield from named_twice(f"staff.{ref}.posts", member.posts, "post")
    for id, building in file.buildings.items():
        yield from _wrong_of_building(file, f"buildings.{id}", building)


def _wrong_of_building(file: _File, where: str, building: _Building) -> Iterator[Problem]:
    yield from named_twice(f"{where}.kinds", building.kinds, "kind")
    for name, table in _NAMED.items():
        ref = getattr(building, name)
        if ref and ref not in getattr(file, table):
            known = ", ".join(getattr(file, table)) or "there is none"
            expected = f"one of [{toml.key(table)}]: {known}"
            yield Problem(f"{where}.{toml.key(name)}", repr(ref), expected)


_CONVERTER: Final = reads_parties(toml.converter())
