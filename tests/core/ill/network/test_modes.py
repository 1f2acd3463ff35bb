"""The modes of a loan network, facet by facet: written by hand, not taken from the table."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime

import pytest

from servflow.core.citations import PRACTICE, Cited, Dated
from servflow.core.ill.network import MODES, ModeName
from servflow.core.ill.network.modes import Mode
from servflow.rulebooks import load, network_policy
from servflow.rulebooks.clauses import register

EXPECTED = {
    #                     filed by           through    taken in by   routed by     goes to       shipped is received
    "email": ("patron", "mail_form", "librarian", "home_library", "home_library", False),
    "broadcast": ("patron librarian", "login", "home_library", "home_library", "home_library", False),
    "distributed": ("patron librarian", "login", "home_library", "home_library", "home_library", False),
    "centre_transparent": ("patron librarian", "login", "home_library", "centre", "home_library", False),
    "centre_opaque": ("patron librarian", "login", "home_library", "centre", "home_library", False),
    "centre_group": ("librarian", "login", "centre", "centre", "filer", True),
    "centre_individual": ("patron librarian", "login", "centre", "centre", "patron", True),
}
SETTLED = {
    "email": "patron_with_home",
    "broadcast": "patron_with_home home_with_supplier",
    "distributed": "patron_with_home home_with_supplier",
    "centre_transparent": "patron_with_home home_with_supplier",
    "centre_opaque": "patron_with_home home_with_centre centre_with_supplier",
    "centre_group": "patron_with_home home_with_centre centre_with_supplier",
    "centre_individual": "patron_with_centre centre_with_supplier",
}
NEEDED = {
    "email": "serves_patron CALIS-15, librarian_address CALIS-17",
    "broadcast": "serves_patron PRACTICE",
    "distributed": "runs_system CALIS-19, service_library CALIS-19",
    "centre_transparent": "registered PRACTICE",
    "centre_opaque": "registered CALIS-20",
    "centre_group": "registered CALIS-20, institution_account CALIS-21",
    "centre_individual": "registered CALIS-20, patron_account CALIS-24",
}


def facets(mode: Mode) -> tuple[object, ...]:
    """A mode's facets by their values."""
    return (
        " ".join(each.value for each in mode.filed_by.value),
        mode.filed_through.value.value,
        mode.taken_in_by.value.value,
        mode.routed_by.value.value,
        mode.delivered_to.value.value,
        mode.shipping_is_receipt.value,
    )


@pytest.mark.clause("CALIS-5", "CALIS-6", "CALIS-7", "CALIS-8", "CALIS-14", "CALIS-16", "CALIS-22")
@pytest.mark.parametrize("name", list(ModeName), ids=lambda name: name.value)
def test_a_mode_is_its_facets(name: ModeName) -> None:
    """Who files how, who takes it in and routes it, where it goes, and whether shipped means received."""
    assert facets(MODES[name]) == EXPECTED[name.value]


@pytest.mark.clause("CALIS-5", "CALIS-10", "CALIS-16", "CALIS-22")
@pytest.mark.parametrize("name", list(ModeName), ids=lambda name: name.value)
def test_a_mode_says_who_settles_with_whom(name: ModeName) -> None:
    """In group mode the library settles with its own readers, in individual mode the reader with the centre."""
    assert " ".join(each.value.value for each in MODES[name].settled) == SETTLED[name.value]


@pytest.mark.clause("CALIS-15", "CALIS-17", "CALIS-19", "CALIS-20", "CALIS-21", "CALIS-24")
@pytest.mark.parametrize("name", list(ModeName), ids=lambda name: name.value)
def test_a_mode_says_what_it_needs_and_by_which_clause(name: ModeName) -> None:
    """Each need cites its clause."""
    needs = ", ".join(f"{need.value.value} {need.clause.id}" for need in MODES[name].needs)
    assert needs == NEEDED[name.value]


def test_only_broadcast_asks_several_suppliers() -> None:
    """Whoever is asked beside others is so in one mode."""
    assert [name.value for name, mode in MODES.items() if mode.asks_several] == ["broadcast"]


def test_every_clause_of_a_mode_is_in_the_register() -> None:
    """What is cited exists."""
    known = {clause.id for clause in register()} | {"PRACTICE"}
    for mode in MODES.values():
        facets = [getattr(mode, field.name) for field in fields(mode)]
        flat = [each for facet in facets for each in (facet if isinstance(facet, tuple) else (facet,))]
        cited = {each.clause.id for each in flat if isinstance(each, Cited)}
        assert cited
        assert cited <= known


@pytest.mark.clause("CALIS-3")
def test_an_answer_is_in_time_within_a_week() -> None:
    """Seven calendar days in the network's zone; the day on which it was filed is not counted."""
    policy = network_policy(load("calis/thesis-centre"), library="CN-CALIS")
    assert policy.answer_by(datetime(2026, 3, 1, 15, 59, tzinfo=UTC)) == date(2026, 3, 8)
    assert policy.answer_by(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 9)
    assert policy.answer_by(datetime(9999, 12, 30, tzinfo=UTC)) == date.max
    for_ever = replace(policy, answer_days=Dated.always("answer-days", 10**9, PRACTICE))
    assert for_ever.answer_by(datetime(2026, 3, 1, tzinfo=UTC)) == date.max
