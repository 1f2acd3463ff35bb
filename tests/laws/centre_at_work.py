"""A centre at work, so that its texts are made of what it really says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from centre_network import CENTRE_ASKS, Network, under
from filing_desk import FILING, HOME, READER, Gateway

from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import Reason
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.commands import (
    AcceptOffer,
    FillLocally,
    HearOffer,
    HearShipped,
    HearUnfilled,
)
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.centre.model import CentreFacts
from servflow.core.ill.centre.routing import AskRoute, Holding, RoutingFacts
from servflow.core.ill.centre.settled import SettledTerms
from servflow.core.ill.centre.settlement import Due, SettlementFacts
from servflow.core.ill.centre.settling import (
    DisputeSettlement,
    DrawUpSettlement,
    RemindMembers,
    SettleMember,
    Settlement,
)
from servflow.core.ill.centre.table import CENTRE as CENTRE_DESK
from servflow.core.ill.filing.commands import FileRequest, HearFiling, HearTakenIn
from servflow.core.ill.lending.states import InstitutionKind, Place
from servflow.core.ill.network.modes import ModeName
from servflow.core.ill.terms import Condition, Requested, Service, Unfilled
from servflow.core.lifecycle import check, decide
from servflow.core.money import Money
from servflow.rulebooks import load, network_policy

__all__ = ["every_attention", "every_message", "every_refusal"]

CENTRE: Final = "CN-CALIS"
HERE: Final = "CN-320500"
POLICY: Final = network_policy(load("calis/thesis-centre"), library=CENTRE)
CLERK: Final = Actor("clerk-1", CENTRE, Office.STAFF)
NOVEMBER: Final[dict[str, Any]] = {"first": date(2026, 11, 1), "last": date(2026, 11, 30)}


def cny(amount: int) -> Money:
    return Money(amount, "CNY")


DUES: Final = (
    Due(member=HERE, owes=cny(30), owed=cny(4)),
    Due(member="CN-ZJU", owes=cny(5), owed=cny(40)),
    Due(member="CN-PKU", owes=cny(3), owed=cny(0)),
)


class Centre:
    """Commands decided one after the other by the thesis centre's rules, and all that was told."""

    def __init__(self, facts: Any) -> None:
        self.facts = facts
        self.it: dict[Key, Aggregate] = {}
        self.told: list[Message] = []

    def command(self, kind: type[Command], day: str, case: str, by: Actor, **own: Any) -> Command:
        at = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=POLICY.zone)
        return kind(
            id=f"c{len(self.told)}-{kind.__name__}", case=case, by=by, happened_at=at, recorded_at=at, **own
        )

    def do(self, kind: type[Command], day: str, case: str = "2026-11", by: Actor = CLERK, **own: Any) -> None:
        change = decide(
            ILL, self.command(kind, day, case, by, **own), self.it, policy=POLICY, facts=self.facts
        )
        self.it.update({after.key: after for after in change.becomes})
        self.told += change.messages

    def refusal(
        self, kind: type[Command], day: str, case: str = "2026-11", by: Actor = CLERK, **own: Any
    ) -> tuple[Reason, ...]:
        """Why the command is refused."""
        command = self.command(kind, day, case, by, **own)
        return check(ILL, command, self.it, policy=POLICY, facts=self.facts)


def _settled() -> Centre:
    centre = Centre(SettlementFacts(dues=DUES))
    centre.do(DrawUpSettlement, "2026-12-01", **NOVEMBER)
    centre.do(SettleMember, "2026-12-03", member="CN-PKU")
    centre.do(DisputeSettlement, "2026-12-04", member=HERE, note="十一月已付现金")
    centre.do(RemindMembers, "2027-06-01", by=Actor("clock", CENTRE, Office.CLOCK))
    centre.do(SettleMember, "2027-06-02", member=HERE)
    centre.do(SettleMember, "2027-06-02", member="CN-ZJU")
    return centre


def every_message() -> Iterator[Message]:
    """Messages of every kind that a centre says, besides those of any loan desk."""
    asks: dict[str, Any] = {
        "requester": HERE,
        "request": "2026-0117",
        "requested": Requested(title="江南书院史料选"),
        "service": Service.LOAN,
    }
    routing = Centre(RoutingFacts(holdings=(Holding(library="CN-440104"),)))
    for _ in range(2):
        routing.do(AskRoute, "2026-11-02", f"{HERE}/2026-0117", **asks)
    yield from routing.told
    yield from _settled().told
    yield from _sent_directly()


def _sent_directly() -> Iterator[Message]:
    """What a reader who had filed at the centre hears of what a supplier sends him, or does not."""
    gateway = Gateway(mode=ModeName.CENTRE_INDIVIDUAL)
    gateway.account(READER)
    gateway.do(FileRequest, case="2026-0042")
    supplier, said = Actor("ils", "CN-ZJU", Office.SYSTEM), {"case": "2026-0042", "attempt": 1}
    offer: dict[str, Any] = {"conditions": (Condition.LIBRARY_USE_ONLY,), "revision": 1}
    gateway.do(HearOffer, by=supplier, **said, **offer)
    if gateway.case("2026-0042").state is CaseState.OFFERED:
        gateway.do(AcceptOffer, by=gateway.reader, case="2026-0042", revision=1)
    filed = Gateway(mode=ModeName.CENTRE_INDIVIDUAL)
    filed.account(READER)
    filed.do(FileRequest, case="2026-0042")
    yield from filed.do(HearUnfilled, by=supplier, **said, why=Unfilled.NOT_HELD).messages
    command = gateway.command(HearShipped, by=supplier, **said, due=date(2026, 4, 1))
    facts = CentreFacts(kind=InstitutionKind.INDIVIDUAL, place=Place.ELSEWHERE)
    yield from decide(CENTRE_DESK, command, gateway.aggregates, policy=gateway.policies, facts=facts).messages


def every_attention() -> Iterator[Reason]:
    """Whatever staff of a centre may have to look at, besides what any loan desk has."""
    network = Network(asks=under(CENTRE_ASKS, mediated=True))
    network.order()
    network.at_centre(FillLocally, item="K825.6/12")
    yield from network.taken.attention
    for it in _settled().it.values():
        assert isinstance(it, (Settlement, SettledTerms))
        yield from it.attention if isinstance(it, Settlement) else ()
    home = Gateway(HOME)
    home.do(HearFiling, routed_by=HOME)
    home.do(HearTakenIn, case=f"{CENTRE}/{FILING}", by=Actor("ils", "CN-440104", Office.SYSTEM))
    yield from home.filing(f"{CENTRE}/{FILING}").attention


def every_refusal() -> Iterator[Reason]:
    """Why a centre's desk refuses what is done out of place in a settlement."""
    odd: dict[str, Any] = {
        "strangers": DUES[:1],
        "other_money": (Due(member="CN-ZJU", owes=Money(0, "EUR"), owed=Money(9, "EUR")),),
    }
    centre = Centre(SettlementFacts(**odd, dues=(Due(member="CN-X", owes=Money(1, "USD"), owed=cny(0)),)))
    stranger = Actor("clerk-2", HERE, Office.STAFF)
    yield from centre.refusal(DrawUpSettlement, "2026-11-30", by=stranger, **NOVEMBER)
    for term in (NOVEMBER, {"first": date(2026, 10, 1), "last": date(2026, 10, 31)}):
        yield from _settled().refusal(DrawUpSettlement, "2026-12-01", "2026-10", **term)
    settled = Centre(SettlementFacts(dues=DUES))
    settled.do(DrawUpSettlement, "2026-12-01", **NOVEMBER)
    yield from settled.refusal(SettleMember, "2026-11-30", member=HERE)
    yield from settled.refusal(SettleMember, "2026-12-02", member="CN-X")
    clock = Actor("clock", CENTRE, Office.CLOCK)
    yield from settled.refusal(SettleMember, "2026-12-02", by=clock, member=HERE)
    settled.do(SettleMember, "2026-12-02", member=HERE)
    yield from settled.refusal(SettleMember, "2026-12-02", member=HERE)
