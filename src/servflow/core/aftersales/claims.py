"""What is claimed under a warranty (保修申请): the unit's dates and contracts, its history, the answers.

Every date is one of the site. What is not known is left out, never guessed at.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.circumstances import DISTANCE, Distance
from servflow.core.aftersales.words import ChargeClass, Coverage, Event, Lasting
from servflow.core.citations import Clause
from servflow.core.dates import Term, day_of, existing
from servflow.core.errors import InvalidValue

__all__ = ["PART", "Claim", "PastRepair", "Replacement", "ServiceContract"]

PART: Final = "part"
"""The question which part it is, where a rulebook asks it; it is answered by ``Claim.part``."""

_IN_ORDER: Final = (
    (Event.MANUFACTURED, Event.SHIPPED, Event.DELIVERED, Event.INSTALLED),
    (Event.MANUFACTURED, Event.ACTIVATED),
    (Event.MANUFACTURED, Event.ACCEPTED),
    (Event.HANDED_OVER, Event.MOVED_IN),
)
"""What can only happen in this order, on one day or later; an invoice may come before or after."""

_BY_THE_REPORT: Final = frozenset(event for events in _IN_ORDER for event in events) | {
    Event.SOLD,
    Event.REGISTERED,
}
"""What has happened by the day of the report, or has not happened yet."""


def _checked_day(name: str, day: object) -> None:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidValue(name, day, "a date")


def _checked_term(name: str, lasting: object) -> None:
    if not isinstance(lasting, Lasting):
        raise InvalidValue(name, lasting, "a term, as parse_lasting reads it")


def _each_once(name: str, values: Iterable[Hashable], *, empty: bool = True) -> None:
    found = tuple(values)
    if len(set(found)) < len(found) or not (found or empty):
        raise InvalidValue(name, list(found), "each once" if empty else "one or more, each once")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContract:
    """A contract over the unit (服务合同): its term, the classes that it covers, and where it says so.

    ``governs``: a dealer-service or agency contract, whose terms replace the firm's warranty where a rule
    of the firm says so, as long as it is in force. ``gives`` is what it says of those classes, whatever the
    cause of the fault: ``FREE`` where it grants free service, not prepaid service.

    Raises:
        InvalidValue: it has no name, there is no class, or one comes twice, or it gives what is paid without
            it.
    """

    name: str
    term: Term
    classes: tuple[ChargeClass, ...] = tuple(ChargeClass)
    gives: Coverage = Coverage.CONTRACT
    governs: bool = False
    clause: Clause | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidValue("name", self.name, "the name of the contract")
        _each_once("classes", self.classes, empty=False)
        if self.gives is Coverage.PAID:
            raise InvalidValue("gives", self.gives.value, "free, contract or at-cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRepair:
    """An earlier repair of the same unit (维修记录).

    ``parts`` are those that it replaced; none: they were not told apart, and its warranty covers every part
    of the fault. ``lasting`` is the repair's own warranty where it was promised one; ``coverage`` by whom it
    was paid.

    Raises:
        InvalidValue: it has no name, its day is no date, it does not say which fault it was, or its term is
            none.
    """

    ref: str
    finished_on: date
    fault_group: str
    parts: tuple[str, ...] = ()
    lasting: Lasting | None = None
    coverage: Coverage | None = None
    clause: Clause | None = None

    def __post_init__(self) -> None:
        if not self.ref:
            raise InvalidValue("ref", self.ref, "the name of the repair")
        _checked_day("finished_on", self.finished_on)
        if self.lasting is not None:
            _checked_term("lasting", self.lasting)
        if not self.fault_group:
            raise InvalidValue("fault_group", self.fault_group, f"the fault group of repair {self.ref}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """That the unit took the place of another one (换机): since when, and its own term.

    The dates of the claim are those of the unit it replaced, so that the rest of that warranty goes on.

    Raises:
        InvalidValue: its day is no date, its term is none, or there is no class, or one comes twice.
    """

    on: date
    lasting: Lasting
    classes: tuple[ChargeClass, ...] = tuple(ChargeClass)
    clause: Clause | None = None

    def __post_init__(self) -> None:
        _checked_day("on", self.on)
        _checked_term("lasting", self.lasting)
        _each_once("classes", self.classes, empty=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is claimed for one unit (保修申请), and everything that is known of it.

    ``reported_on`` is the date of the report at the site (see ``day``). ``answers`` by question, without
    ``term`` and ``coverage``, which the verdict answers, and ``distance``, whose band it finds. ``dates`` by
    event; ``None``: it has not happened yet, as what is planned for a day after the report; one that is left
    out is unknown. ``given`` are terms that the rulebook leaves to the contract, by name. ``part`` is the one
    in question; of several each is a claim of its own. ``covered_quantity`` is how many the cover is for;
    ``None``: they are not counted.

    Raises:
        InvalidValue: a day is no date or that of no event, dates are in an order in which things do not
            happen, what happens to a unit, a repair or a replacement lies after the report, two contracts or
            repairs have one name, a term is none, a band is among the answers, the part is said twice and
            differently, ``transferred`` is neither true nor false, or more is claimed than is covered.
    """

    reported_on: date
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)
    distance: Distance | None = None
    dates: Mapping[Event, date | None] = field(default_factory=dict, hash=False)
    given: Mapping[str, Lasting] = field(default_factory=dict, hash=False)
    fault_group: str = ""
    part: str = ""
    contracts: tuple[ServiceContract, ...] = ()
    repairs: tuple[PastRepair, ...] = ()
    replacement: Replacement | None = None
    transferred: bool = False
    quantity: int = 1
    covered_quantity: int | None = None

    def __post_init__(self) -> None:
        for name in ("answers", "dates", "given"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        _checked_day("reported_on", self.reported_on)
        _each_once("contracts", (contract.name for contract in self.contracts))
        _each_once("repairs", (repair.ref for repair in self.repairs))
        self._check_dates()
        self._check_history()
        self._check_quantity()
        for name, lasting in self.given.items():
            if not isinstance(lasting, Lasting) or lasting.given:
                raise InvalidValue(name, str(lasting), "a term, 'lifetime' or 'none', as the contract says")
        if DISTANCE in self.answers:
            expected = "a distance in metres, with how it was measured"
            raise InvalidValue(DISTANCE, self.answers[DISTANCE], expected)
        if self.part and self.answers.get(PART, self.part) != self.part:
            raise InvalidValue(PART, self.answers[PART], f"{self.part}, the part in question")
        if not isinstance(self.transferred, bool):
            raise InvalidValue("transferred", self.transferred, "true or false")

    def _check_dates(self) -> None:
        reported = self.reported_on.isoformat()
        for event, day in self.dates.items():
            if not isinstance(event, Event):
                raise InvalidValue("dates", event, "events")
            if day is not None:
                _checked_day(event.value, day)
                if event in _BY_THE_REPORT and day > self.reported_on:
                    expected = f"a day up to that of the report, {reported}, or that it has not happened yet"
                    raise InvalidValue(event.value, day.isoformat(), expected)
        told = self.dates.get(Event.REPORTED, self.reported_on)
        if told != self.reported_on:
            raise InvalidValue(
                Event.REPORTED.value, told and told.isoformat(), f"the day of the report, {reported}"
            )
        for events in _IN_ORDER:
            known = [event for event in events if event in self.dates]
            for before, after in pairwise(known):
                self._check_order(before, after.value, self.dates[after])

    def _check_order(self, before: Event, what: str, then: date | None) -> None:
        first = self.dates.get(before, date.min)
        if then is not None and (first is None or then < first):
            found = f"{then.isoformat()}, {before.value} {first.isoformat() if first else 'not yet'}"
            raise InvalidValue(what, found, f"a day not before it was {before.value}")

    def _check_history(self) -> None:
        done = [(f"repair {repair.ref}", repair.finished_on) for repair in self.repairs]
        if self.replacement is not None:
            done.append(("replacement", self.replacement.on))
            self._check_order(Event.SOLD, "replacement", self.replacement.on)
        for what, day in done:
            self._check_order(Event.MANUFACTURED, what, day)
            if day > self.reported_on:
                expected = f"a day up to that of the report, {self.reported_on.isoformat()}"
                raise InvalidValue(what, day.isoformat(), expected)

    def _check_quantity(self) -> None:
        most = self.covered_quantity
        for name, number, least in (("quantity", self.quantity, 1), ("covered_quantity", most, 0)):
            if number is not None and (type(number) is not int or number < least):
                raise InvalidValue(name, number, f"a whole number, {least} or more")
        if most is not None and self.quantity > most:
            raise InvalidValue("quantity", self.quantity, f"at most {most}, as many as are covered")

    @staticmethod
    def day(at: datetime, site: tzinfo) -> date:
        """The day of a report at the instant ``at``, by the clocks of the site.

        Raises:
            InvalidValue: ``at`` is naive, or does not exist in its zone.
        """
        return day_of(existing("at", at), site)
