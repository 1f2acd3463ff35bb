"""A reader's request in a transparent network: filed at the centre, taken in at home, routed by the centre."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pytest
from filing_desk import BOOK, CENTRE, FILING, HOME, READER, Gateway

from servflow.core.changes import Actor, Change, Message, Office
from servflow.core.errors import InvalidMessage, InvalidValue
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.centre.routing import Holding, RoutingFacts
from servflow.core.ill.exchange import heard
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing.states import FilingState
from servflow.core.ill.network.modes import ModeName
from servflow.core.lifecycle import decide

NOON: Final = datetime.fromisoformat("2026-03-02T12:00+08:00")
STAFF: Final = Actor("clerk", CENTRE, Office.STAFF)


def _gateway(mode: ModeName, library: str = CENTRE) -> Gateway:
    """The gateway of a network in which a library may choose every mode."""
    gateway = Gateway(library, mode=mode)
    gateway.rule(modes=tuple(ModeName))
    return gateway


def _told(change: Change, kind: str) -> Message:
    (message,) = (each for each in change.messages if each.kind == kind)
    return message


def _heard(message: Message, *, sender: str, at: str) -> Any:
    return heard(message, sender=sender, at=at, received_at=NOON)


def test_a_centre_that_only_routes_is_asked_by_the_home_library_whom_to_ask() -> None:
    """Over the wire: filed at the centre, a case at home, the centre asked, its answer heard, and sent."""
    centre, home = _gateway(ModeName.CENTRE_TRANSPARENT), Gateway(HOME)
    home.know(suppliers=())
    home.account(READER)
    request = _told(centre.do(c.FileRequest), "ill.gateway.request")
    assert dict(request.facts)["routed_by"] == CENTRE

    taken_in = home.take(_heard(request, sender=CENTRE, at=HOME))
    case = home.case(f"{CENTRE}/{FILING}")
    assert (case.routed_by, case.state, case.patron) == (CENTRE, CaseState.ROUTABLE, READER)
    centre.take(_heard(_told(taken_in, "ill.gateway.taken-in"), sender=HOME, at=CENTRE))
    assert centre.filing().state is FilingState.TAKEN_IN

    question = _heard(_told(taken_in, "ill.borrowing.route"), sender=HOME, at=CENTRE)
    facts = RoutingFacts(holdings=(Holding(library="CN-PKU"), Holding(library=HOME)))
    answer = decide(ILL, question, {}, policy=centre.network, facts=facts)
    sent = home.take(_heard(_told(answer, "ill.centre.routed"), sender=CENTRE, at=HOME))

    assert _told(sent, "ill.borrowing.request").to == "CN-PKU"
    assert home.case(f"{CENTRE}/{FILING}").state is CaseState.SENT


@pytest.mark.parametrize("mode", [ModeName.DISTRIBUTED, ModeName.CENTRE_OPAQUE])
def test_only_where_the_mode_says_so_a_centre_routes(mode: ModeName) -> None:
    """Elsewhere the home library chooses, or the centre asks for itself."""
    request = _told(_gateway(mode).do(c.FileRequest), "ill.gateway.request")
    assert "routed_by" not in dict(request.facts)


def test_at_its_own_gateway_no_library_routes_itself() -> None:
    """The library's own gateway is no centre: whom to ask is its own."""
    gateway = _gateway(ModeName.CENTRE_TRANSPARENT, HOME)
    gateway.do(c.FileRequest)
    assert gateway.case().routed_by is None


def test_a_library_that_is_named_as_its_own_centre_is_not() -> None:
    """What is heard is not refused: the case is the library's own to route, and staff see it."""
    home = Gateway(HOME)
    home.do(c.HearFiling, routed_by=HOME)

    assert home.case(f"{CENTRE}/{FILING}").routed_by is None
    assert [(each.code, each.facts) for each in home.filing(f"{CENTRE}/{FILING}").attention] == [
        ("ill.attention.routed-by-itself", (("sender", CENTRE),))
    ]


@pytest.mark.parametrize("centre", ["", " CN-CALIS"])
def test_a_centre_is_named_by_a_reference(centre: str) -> None:
    """Nothing, or one with spaces around it, is none; over the wire the message says where."""
    with pytest.raises(InvalidValue, match="routed_by"):
        Gateway(HOME).command(c.HearFiling, routed_by=centre)
    if centre:
        request = _told(
            _gateway(ModeName.CENTRE_TRANSPARENT).do(c.FileRequest, requested=BOOK), "ill.gateway.request"
        )
        facts = tuple((name, centre if name == "routed_by" else value) for name, value in request.facts)
        spoilt = Message(key="k", to=HOME, kind=request.kind, about=request.about, facts=facts)
        with pytest.raises(InvalidMessage, match=r"facts\.routed_by"):
            _heard(spoilt, sender=CENTRE, at=HOME)


@pytest.mark.parametrize("kind", [c.HearTakenIn, c.HearFiling])
@pytest.mark.parametrize("answered", [False, True])
def test_what_somebody_else_says_of_a_filing_is_before_staff(kind: Any, answered: bool) -> None:
    """It is never refused and changes nothing else; staff take it off their list."""
    gateway = Gateway(mode=ModeName.EMAIL)
    gateway.by_mail()
    if answered:
        gateway.do(c.RecordAnswer, filled=True)
    before = gateway.filing()
    gateway.do(kind, case=FILING, by=Actor("ils", "CN-440104", Office.SYSTEM))

    after = gateway.filing()
    (reason,) = after.attention
    assert (reason.code, reason.facts) == (
        "ill.attention.not-expected",
        (("sender", "CN-440104"), ("said", kind.__name__)),
    )
    assert after.state is before.state
    gateway.do(c.ClearFilingAttention, by=STAFF, code="ill.attention.other")
    assert gateway.filing().attention == (reason,)
    gateway.do(c.ClearFilingAttention, by=STAFF, code=reason.code)
    assert gateway.filing().attention == ()
