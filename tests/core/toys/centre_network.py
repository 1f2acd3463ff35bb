"""A centre between a library that asks and three that supply: four desks and the wires between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.citations import Dated
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.centre.effects import via
from servflow.core.ill.centre.model import CentreFacts
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import InstitutionKind, Material, Place, SecurityKind
from servflow.core.ill.terms import Requested, Service
from servflow.core.money import Money
from servflow.core.ports import Receipt
from servflow.desk import Desk
from servflow.rulebooks import borrowing_policy, lending_policy, load
from servflow.testing.two_ends import Known, TwoEnds, Wire


def under(policy: Any, **values: Any) -> Any:
    """The policy with other values for these rules, on every day."""
    rules = {name: getattr(policy, name) for name in values}
    return replace(
        policy,
        **{
            name: Dated.always(rules[name].name, value, rules[name].values[-1].cited.clause)
            for name, value in values.items()
        },
    )


HERE: Final = "CN-CQ"
THERE: Final = "CN-CALIS"
NLC, ZJU, PKU = "CN-NLC", "CN-ZJU", "CN-PKU"
SUPPLIERS: Final = (NLC, ZJU, PKU)
REQUEST: Final = "B1~1"
TITLE: Final = "古城水系考"

LENDER: Final = under(
    lending_policy(load("nlc/interlibrary-loan"), library=NLC), undo_minutes=0, copyright_check=False
)
ASKING: Final = under(
    borrowing_policy(load("cque/interlibrary-loan"), library=HERE, lenders={}),
    mediated=False,
    served=(),
    renewals=2,
    copyright_basis=False,
    declaration=(),
    undo_minutes=0,
)
CENTRE_LENDS: Final = under(
    replace(LENDER, library=THERE),
    renewals=9,
    renewal_needs_reason=False,
    renewal_asked_before=0,
    promises_by_itself=False,
    lost_after=None,
)
CENTRE_ASKS: Final = under(
    replace(ASKING, library=THERE),
    sends_itself=True,
    gives_up_itself=True,
    patron_pays=(),
    by_lenders_rules=(),
    cap=Money(0, "CNY"),
    preapproved=(),
)
MONDAY: Final = datetime(2026, 1, 5, 10, tzinfo=ASKING.zone)
FACTS: Final = CentreFacts(
    kind=InstitutionKind.UNIVERSITY_LIBRARY,
    place=Place.ELSEWHERE,
    material=Material.CHINESE_BOOK,
    suppliers=SUPPLIERS,
)
DAY: Final = timedelta(days=1)


class Network(TwoEnds):
    """The library that asks, the centre, which is its one supplier, and those that the centre asks.

    ``centre`` is what the centre is told of everything; a test may change it.
    """

    def __init__(self, wire: Wire | None = None, *, asks: Any = CENTRE_ASKS, **facts: Any) -> None:
        lenders: tuple[LendingPolicy, ...] = tuple(replace(LENDER, library=ref) for ref in SUPPLIERS)
        super().__init__(ASKING, CENTRE_LENDS, *lenders, starts=MONDAY)
        self.centre = Known(replace(FACTS, **facts))
        policies = {kind.name: CENTRE_LENDS for kind in CENTRE} | {BorrowingCase.kind: asks}
        desk = Desk(CENTRE, storage=MemoryStorage(Codec(CENTRE)), facts=self.centre, policy=policies)
        self.desks = MappingProxyType({**self.desks, THERE: desk})
        self.relate(THERE, Money(500, "CNY"))
        for ref in SUPPLIERS:
            self._relate_centre(ref)
        self.drain()
        if wire is not None:
            self.wire = wire

    def _relate_centre(self, ref: str) -> None:
        by = Actor("ils", THERE, Office.SYSTEM)
        kind = InstitutionKind.UNIVERSITY_LIBRARY
        agreements = LENDER.agreements.on(MONDAY.date()).value
        self.say(ref, c.Apply, THERE, by=by, lender=ref, kind=kind)
        self.say(ref, c.Approve, THERE)
        self.say(ref, c.Sign, THERE, agreements=agreements)
        self.say(ref, c.PaySecurity, THERE, kind=SecurityKind.DEPOSIT, amount=Money(500, "CNY"))

    def order(self, case: str = "B1", service: Service = Service.LOAN, **said: Any) -> None:
        """A reader's request is filed at the library, which asks the centre for it; all that is said arrives."""
        self.say(
            HERE,
            b.DraftRequest,
            case,
            patron="p-1",
            library=HERE,
            service=service,
            requested=Requested(title=TITLE),
            suppliers=(THERE,),
            **said,
        )
        self.say(HERE, b.Submit, case, declared=True)
        self.drain()

    @property
    def here(self) -> BorrowingCase:
        """The case of the library that asks."""
        return self.case("B1")

    @property
    def taken(self) -> SupplyTransaction:
        """The centre's transaction towards the library that asks."""
        return self.transaction(THERE, REQUEST)

    @property
    def asked(self) -> BorrowingCase:
        """The centre's case towards its suppliers."""
        it = self.desks[THERE].storage.load(Key(BorrowingCase.kind, via(self.taken.id)))
        assert isinstance(it, BorrowingCase)
        return it

    def centres(self, kind: type[Aggregate]) -> tuple[Any, ...]:
        """All aggregates of a kind at the centre."""
        return self.desks[THERE].storage.aggregates(kind.kind, limit=1000)

    def supplier(self, command: type[Command], /, ref: str = "", **said: Any) -> Receipt:
        """Staff of the supplier that the centre asked last say it; all that is said arrives."""
        attempt = self.asked.attempt
        assert attempt is not None
        receipt = self.say(ref or attempt.supplier, command, f"{THERE}/{attempt.request_id}", **said)
        self.drain()
        return receipt

    def at_home(self, command: type[Command], /, **said: Any) -> Receipt:
        """Staff of the library that asks say it; all that is said arrives."""
        receipt = self.say(HERE, command, "B1", **said)
        self.drain()
        return receipt

    def at_centre(self, command: type[Command], /, case: str = "", **said: Any) -> Receipt:
        """Staff of the centre say it; all that is said arrives."""
        half = self.asked if CENTRE.of(command).name == BorrowingCase.kind else self.taken
        receipt = self.say(THERE, command, case or half.id, **said)
        self.drain()
        return receipt

    def kinds(self, to: str = HERE) -> list[str]:
        """The kinds of all messages that reached a library from the centre."""
        return [m.message.kind for m in self.arrived if m.sender == THERE and m.message.to == to]
