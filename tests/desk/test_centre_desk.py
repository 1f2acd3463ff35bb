"""A centre's desk and its storage: both halves are written together, or neither is, and can be audited."""

from __future__ import annotations

from typing import Any

import pytest
from centre_network import CENTRE_ASKS, CENTRE_LENDS, DAY, FACTS, THERE, Network

from servflow.core.changes import Actor, Office
from servflow.core.errors import StaleVersion
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.centre.model import CentreFacts
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.terms import Unfilled
from servflow.core.lifecycle import decide
from servflow.desk import audit, redecide

POLICIES: dict[str, Any] = {each.name: CENTRE_LENDS for each in CENTRE} | {BorrowingCase.kind: CENTRE_ASKS}


@pytest.fixture
def network() -> Network:
    """A loan that has gone out after one supplier had said no, and its receipt."""
    network = Network()
    network.order()
    network.supplier(c.CannotSupply, why=Unfilled.NOT_HELD)
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    network.at_home(b.Receive)
    return network


def test_both_halves_are_in_one_change(network: Network) -> None:
    """What the supplier says moves the case and the transaction; both were read, and both are expected."""
    desk = network.desks[THERE]
    case, it = network.asked, network.taken
    command = b.HearCheckedIn(
        id="x",
        case=case.id,
        by=Actor("ils", "CN-ZJU", Office.SYSTEM),
        happened_at=network.now,
        recorded_at=network.now,
        attempt=2,
    )
    lifecycle = CENTRE.of(b.HearCheckedIn)
    keys = (case.key, *lifecycle.reads(case, command))
    found = {key: desk.storage.load(key) for key in keys if key in {case.key, it.key}}
    change = decide(CENTRE, command, found, policy=POLICIES, facts=FACTS)

    assert {each.key for each in change.becomes} == {case.key, it.key}
    assert {case.key, it.key} <= {key for key, _ in change.expects}


def test_a_change_that_comes_too_late_writes_neither_half(network: Network) -> None:
    """Whoever decided on an older version of the other half has to decide again."""
    storage = network.desks[THERE].storage
    case, it = network.asked, network.taken
    command = b.HearCheckedIn(
        id="late",
        case=case.id,
        by=Actor("ils", "CN-ZJU", Office.SYSTEM),
        happened_at=network.now,
        recorded_at=network.now,
        attempt=2,
    )
    change = decide(CENTRE, command, {case.key: case, it.key: it}, policy=POLICIES, facts=FACTS)
    network.say(THERE, c.RecordDamage, it.id, item="v1", note="torn")  # the transaction has gone on

    with pytest.raises(StaleVersion), storage.writing() as writing:
        writing.commit(change)
    assert network.asked == case


def test_what_a_centre_has_stored_is_whole_and_decides_the_same_again(network: Network) -> None:
    """Its journals fold to what is stored, and every decision comes out as it did."""
    storage = network.desks[THERE].storage

    assert list(audit(CENTRE, storage.records(), policy=POLICIES)) == []
    facts: dict[str, type] = {SupplyTransaction.kind: CentreFacts, BorrowingCase.kind: CentreFacts}
    policies = {(each.rulebook, each.calendar_digest): each for each in POLICIES.values()}
    facts |= {Relation.kind: CentreFacts}
    assert list(redecide(CENTRE, storage.records(), policies, facts=facts)) == []
