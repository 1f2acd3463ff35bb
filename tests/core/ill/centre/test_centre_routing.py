"""Whom a centre asks, and what a library hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

import pytest
from centre_network import ASKING, LENDER, MONDAY
from hypothesis import given
from hypothesis import strategies as st

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Actor, Aggregate, Change, Key, Message, Office
from servflow.core.errors import InvalidValue, Refused
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.messages import ROUTE
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.centre.routing import (
    ROUTED,
    ROUTING,
    AskRoute,
    ClearRoutingAttention,
    CloseRouting,
    Holding,
    Routing,
    RoutingFacts,
    RoutingRole,
    RoutingState,
    route,
)
from servflow.core.ill.exchange import for_a_desk, heard
from servflow.core.ill.lending import commands as c
from servflow.core.ill.terms import Requested, Service, Unfilled
from servflow.core.lifecycle import OPENING, check, decide
from servflow.core.money import Money
from servflow.desk import Desk
from servflow.rulebooks import load, network_policy
from servflow.testing.two_ends import Known, TwoEnds

S = RoutingState
CENTRE: Final = "CN-CALIS"
HERE: Final = "CN-CQ"
POLICY: Final = network_policy(load("calis/thesis-centre"), library=CENTRE)
DAY: Final = date(2026, 11, 2)
NOON: Final = datetime(2026, 11, 2, 12, tzinfo=POLICY.zone)
LIBRARY: Final = Actor("ils", HERE, Office.SYSTEM)
CLERK: Final = Actor("clerk", CENTRE, Office.STAFF)


def held(library: str, location: str = "", **more: Any) -> Holding:
    return Holding(library=library, location=location, **more)


def asked_for(*holdings: Holding, **more: Any) -> Any:
    said: dict[str, Any] = {"service": Service.LOAN, "day": DAY, "requester": HERE}
    return route(holdings, **(said | more))


@pytest.mark.clause("CALIS-7")
def test_the_nearest_location_comes_first() -> None:
    """Where it is held says whom to ask; a place that is not among the near ones comes last."""
    found = asked_for(
        held("A", "Beijing"), held("B", "Chengdu"), held("C", "Urumqi"), near=("Chengdu", "Beijing")
    )

    assert found.suppliers == ("B", "A", "C")


def test_of_one_location_the_least_laden_comes_first() -> None:
    """Open requests count by how many a library works on at one time; then the reference decides."""
    found = asked_for(
        held("A", load=9, capacity=10),
        held("B", load=3, capacity=4),
        held("D", load=3, capacity=4),
        held("C", load=1, capacity=1),
    )

    assert found.suppliers == ("B", "D", "A", "C")


def test_everybody_who_is_left_out_is_named_with_the_reason() -> None:
    """The requester, who was asked, who does not give the service, who is closed."""
    found = asked_for(
        held(HERE),
        held("A"),
        held("B", services=(Service.COPY,)),
        held("C", closed_through=DAY),
        held("D", closed_through=date(2026, 11, 1)),
        asked=("A",),
    )

    assert found.suppliers == ("D",)
    assert [(each.code, dict(each.facts)["library"]) for each in found.left_out] == [
        ("ill.route.asked-before", "A"),
        ("ill.route.not-serving", "B"),
        ("ill.route.closed", "C"),
        ("ill.route.is-requester", HERE),
    ]


def test_a_library_with_several_places_counts_at_its_nearest() -> None:
    """It is asked once, and is not left out where one of its places can."""
    found = asked_for(
        held("A", "far"),
        held("A", "near"),
        held("A", "shut", closed_through=DAY),
        held("B", "middle"),
        near=("near", "middle", "far"),
    )

    assert found.suppliers == ("A", "B")
    assert found.left_out == ()


def test_either_service_is_given_by_whoever_gives_one() -> None:
    """ "Copy or loan" is resolved by what is shipped."""
    assert asked_for(held("A", services=(Service.COPY,)), service=Service.COPY_OR_LOAN).suppliers == ("A",)


@pytest.mark.parametrize(
    ("wrong", "name"), [({"library": " "}, "library"), ({"load": -1}, "load"), ({"capacity": 0}, "capacity")]
)
def test_a_holding_that_cannot_be_is_refused(wrong: dict[str, Any], name: str) -> None:
    """Bad input is named by its field."""
    with pytest.raises(InvalidValue, match=name):
        Holding(**({"library": "A"} | wrong))


HOLDINGS: Final = st.lists(
    st.builds(
        Holding,
        library=st.sampled_from("ABCDE"),
        location=st.sampled_from("xyz"),
        load=st.integers(0, 5),
        capacity=st.integers(1, 5),
        closed_through=st.sampled_from((None, DAY)),
        services=st.sampled_from(((), (Service.COPY,), (Service.LOAN,))),
    )
)


@given(HOLDINGS, st.sets(st.sampled_from("ABCDE")))
def test_everybody_who_holds_it_is_either_asked_or_told_of_once(
    holdings: list[Holding], before: set[str]
) -> None:
    """Nobody is forgotten, nobody comes twice; the order they are given in says nothing."""
    found = asked_for(*holdings, asked=before, requester="E", near=("y", "z"))
    left = {dict(each.facts)["library"] for each in found.left_out}

    assert sorted((*found.suppliers, *left)) == sorted({each.library for each in holdings})
    assert before.isdisjoint(found.suppliers)
    assert asked_for(*reversed(holdings), asked=before, requester="E", near=("y", "z")) == found


# --- where the libraries see each other ---------------------------------------------------------------


class Centre:
    """A centre that only says whom to ask, and the question of one library."""

    def __init__(self, *holdings: Holding) -> None:
        self.facts = RoutingFacts(holdings=holdings)
        self.aggregates: dict[Key, Aggregate] = {}
        self.said = 0

    def command(self, kind: type = AskRoute, /, by: Actor = LIBRARY, **said: Any) -> Any:
        self.said += 1
        if kind is AskRoute:
            asks = {
                "requester": HERE,
                "request": "B1",
                "requested": Requested(title="t"),
                "service": Service.LOAN,
            }
            said = asks | said
        about = {"id": f"c-{self.said}", "case": f"{HERE}/B1", "happened_at": NOON, "recorded_at": NOON}
        return kind(**about, by=by, **said)

    def do(self, kind: type = AskRoute, /, **said: Any) -> Change:
        change = decide(ILL, self.command(kind, **said), self.aggregates, policy=POLICY, facts=self.facts)
        self.aggregates |= {it.key: it for it in change.becomes}
        return change

    @property
    def it(self) -> Routing:
        (it,) = self.aggregates.values()
        assert isinstance(it, Routing)
        return it


def standing(centre: Centre) -> RoutingState:
    return centre.it.state


def _suppliers(change: Change) -> str:
    (message,) = change.messages
    assert (message.kind, message.to) == (ROUTED, HERE)
    return str(dict(message.facts)["suppliers"])


def test_a_library_hears_whom_to_ask_and_is_not_named_them_again() -> None:
    """Asked again, the centre names others; at last nobody, and says why."""
    centre = Centre(held("A"), held("B", closed_through=DAY))

    assert _suppliers(centre.do()) == "A"
    assert standing(centre) is S.ROUTED

    assert _suppliers(centre.do(asked=("A",))) == ""
    assert standing(centre) is S.EXHAUSTED
    assert [each.code for each in centre.it.left_out] == ["ill.route.asked-before", "ill.route.closed"]

    centre.facts = RoutingFacts(holdings=(held("B"),))

    assert _suppliers(centre.do()) == "B"
    assert standing(centre) is S.ROUTED


def test_who_holds_nothing_hears_so_at_once() -> None:
    """Nobody is left: the library's case goes on from there."""
    centre = Centre()

    assert _suppliers(centre.do()) == ""
    assert standing(centre) is S.EXHAUSTED


def test_a_closed_question_is_answered_all_the_same() -> None:
    """What a library says is never refused for where the question stands."""
    centre = Centre(held("A"))
    centre.do()
    centre.do(CloseRouting, by=CLERK)

    assert standing(centre) is S.CLOSED
    assert _suppliers(centre.do()) == ""
    assert standing(centre) is S.CLOSED


def test_a_library_asks_for_itself() -> None:
    """The centre's staff enter what came by mail; another library does not."""
    centre = Centre(held("A"))
    stranger = Actor("ils", "CN-X", Office.SYSTEM)
    command = centre.command(by=stranger)

    reasons = check(ILL, command, {}, policy=POLICY, facts=centre.facts)
    assert [each.code for each in reasons] == ["ill.not-the-requester"]
    assert reasons[0].facts == (("requester", command.requester),)
    assert _suppliers(centre.do(by=CLERK)) == "A"
    with pytest.raises(Refused, match="not-yours"):
        centre.do(by=replace(stranger, office=Office.PERSON))


def test_what_another_library_asks_of_a_question_is_before_staff() -> None:
    """It is heard in every state and refused in none: nobody is named, and staff take it off their list."""
    centre = Centre(held("A"))
    centre.do()
    for state in (S.ROUTED, S.CLOSED):
        assert standing(centre) is state
        change = centre.do(by=Actor("ils", "CN-X", Office.SYSTEM))
        (reason,) = centre.it.attention
        assert (reason.code, reason.facts) == (
            "ill.attention.not-expected",
            (("sender", "CN-X"), ("said", "AskRoute")),
        )
        assert (standing(centre), change.messages, centre.it.named) == (state, (), ("A",))
        centre.do(ClearRoutingAttention, by=CLERK, code="ill.attention.other")
        assert centre.it.attention == (reason,)
        centre.do(ClearRoutingAttention, by=CLERK, code=reason.code)
        assert not centre.it.attention
        if state is S.ROUTED:
            centre.do(CloseRouting, by=CLERK)


def test_the_question_and_its_answer_go_over_the_wire() -> None:
    """What the library's desk tells is heard at the centre, and the centre's answer at the library's desk."""
    facts = (("request", "B1"), ("title", "t"), ("service", "Loan"), ("asked", "X\nY"))
    centre = Centre(held("A"))
    question = _message(ROUTE, CENTRE, facts)
    command = heard(question, sender=HERE, at=CENTRE, received_at=NOON)

    assert isinstance(command, AskRoute)
    assert (command.case, command.requester, command.asked) == (f"{HERE}/B1", HERE, ("X", "Y"))

    change = decide(ILL, command, {}, policy=POLICY, facts=centre.facts)
    (answer,) = change.messages
    assert for_a_desk(answer)
    rota = heard(answer, sender=CENTRE, at=HERE, received_at=NOON)
    assert isinstance(rota, b.HearRota)
    assert (rota.case, rota.suppliers) == ("B1", ("A",))


def _message(kind: str, to: str, facts: tuple[tuple[str, Any], ...]) -> Any:
    return Message(key="m-1", to=to, kind=kind, about=Key("ill.borrowing", "B1"), facts=facts)


def test_a_library_asks_whom_the_centre_names_until_nobody_is_left() -> None:
    """Over the wire: the centre names, the library asks them itself, and at last it goes no further."""
    lenders = [replace(LENDER, library=ref) for ref in ("CN-NLC", "CN-ZJU")]
    ends = TwoEnds(ASKING, *lenders, starts=MONDAY)
    for lender in ends.lenders:
        ends.relate(lender, Money(500, "CNY"))
    facts = RoutingFacts(
        holdings=(held("CN-ZJU", "Hangzhou"), held("CN-NLC", "Beijing")), near=("Beijing", "Hangzhou")
    )
    policies: dict[str, Any] = {each.name: POLICY for each in ILL}
    desk = Desk(ILL, storage=MemoryStorage(Codec(ILL)), facts=Known(facts), policy=policies)
    ends.desks = MappingProxyType({**ends.desks, CENTRE: desk})
    about: dict[str, Any] = {
        "patron": "p-1",
        "library": HERE,
        "service": Service.LOAN,
        "requested": Requested(title="t"),
    }
    ends.say(HERE, b.DraftRequest, "B1", routed_by=CENTRE, **about)
    ends.say(HERE, b.Submit, "B1", declared=True)
    ends.drain()

    assert [each.supplier for each in ends.case("B1").attempts] == ["CN-NLC", "CN-ZJU"]

    for number, lender in ((1, "CN-NLC"), (2, "CN-ZJU")):
        ends.say(lender, c.CannotSupply, f"{HERE}/B1~{number}", why=Unfilled.NOT_HELD)
        ends.drain()

    assert ends.case("B1").state is CaseState.ROTA_EXHAUSTED
    (routing,) = desk.storage.aggregates(Routing.kind, limit=9)
    assert (routing.id, routing.state) == (f"{HERE}/B1", S.EXHAUSTED)
    assert ends.bounced == []


GRID: Final[dict[tuple[Any, type], tuple[str, str]]] = {
    # state and command: the roles that may give it, and where it leads
    (OPENING, AskRoute): ("requester staff", "routed exhausted"),
    (S.ROUTED, AskRoute): ("requester staff", "routed exhausted"),
    (S.EXHAUSTED, AskRoute): ("requester staff", "routed exhausted"),
    (S.CLOSED, AskRoute): ("requester staff other", "same"),
    **{(state, ClearRoutingAttention): ("staff", "same") for state in S},
    (S.ROUTED, CloseRouting): ("staff", "closed"),
    (S.EXHAUSTED, CloseRouting): ("staff", "closed"),
}


@pytest.mark.parametrize("state", [OPENING, *S])
@pytest.mark.parametrize("command", ROUTING.commands)
@pytest.mark.parametrize("role", RoutingRole)
def test_every_cell_of_the_table_is_as_it_is_written_here(
    state: Any, command: type, role: RoutingRole
) -> None:
    """A question is asked again in every state, and closed by staff alone."""
    roles, to = GRID.get((state, command), ("", ""))
    rows = ROUTING.cell(state, command).get(role, ())

    expected = to.split() if role.value in roles.split() else []
    if (command, role) == (AskRoute, RoutingRole.OTHER) and state in S:
        expected = ["same"]
    assert [row.to.value for row in rows] == expected
