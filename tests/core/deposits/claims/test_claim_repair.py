"""The repair: who may do it, plan and budget, the cost list and who signs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from claims_at_work import (
    CLAIM,
    FOREMAN,
    MANAGER,
    NEIGHBOUR,
    OWNER,
    REPRESENTATIVE,
    ClaimDesk,
    held,
    lines,
    with_,
)
from deposit_desk import ACCOUNT, AUTHORITY, OURS, building, cny

from servflow.core.changes import Actor, Office
from servflow.core.citations import Clause, Reason
from servflow.core.deposits.accounts.commands import NameParties
from servflow.core.deposits.accounts.model import ClaimBooked
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims import messages
from servflow.core.deposits.claims.effects import ABOVE_DEPOSIT
from servflow.core.deposits.claims.model import Applicant, Budget
from servflow.core.deposits.claims.states import ClaimRole, ClaimState
from servflow.core.deposits.claims.table import DEPOSIT_CLAIM
from servflow.core.deposits.words import Payee
from servflow.core.money import Money

S = ClaimState
OF_MANAGER = {"repairer": "property-manager", "kind": "property-manager", "qualification": ""}


def joint(**rules: Any) -> ClaimDesk:
    """A desk whose building has no committee: manager and representative asked together."""
    desk = ClaimDesk(held(building=building(committee="")), **rules)
    desk.file(together_with=(with_(REPRESENTATIVE, "owners-representative"),))
    for kind in (
        c.CheckWithDeveloper,
        c.ApproveClaim,
        c.AssignRepairer,
        c.HandInBudget,
        c.ApproveBudget,
        c.FinishRepair,
        c.HandInCostList,
    ):
        desk.do(kind)
    return desk


# --- the repairer ---------------------------------------------------------------------------------------


@pytest.mark.clause("SD-34")
@pytest.mark.parametrize(
    ("said", "kind"),
    [({}, "contractor"), (OF_MANAGER, "property-manager")],
)
def test_a_repairer_is_the_manager_or_a_qualified_contractor(said: dict[str, Any], kind: str) -> None:
    """He hears that it is his."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED)
    desk.do(c.AssignRepairer, **said)
    it = desk.claim()
    assert (it.state, it.repairer_kind) == (S.ASSIGNED, kind)
    assert desk.told(messages.ASSIGNED) == {it.repairer: {}}
    assert it.qualification == ("grade 2" if kind == "contractor" else "")


@pytest.mark.clause("SD-34")
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"qualification": ""}, "repairer-not-qualified"),
        ({"kind": "a friend"}, "repairer-not-taken"),
        (OF_MANAGER | {"repairer": "contractor-1"}, "not-the-manager"),
        ({"repairer": "developer"}, "repairer-is-developer"),
    ],
)
def test_nobody_else_repairs(said: dict[str, Any], code: str) -> None:
    """No contractor without a qualification, none who is called the property manager; nor the developer."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED)
    assert desk.codes(c.AssignRepairer, **said) == [(code, "SD-34")]


def test_who_lacks_a_qualification_is_named() -> None:
    """With the kind of repairer as whom he came, for which one is asked."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED)
    (reason,) = desk.reasons(c.AssignRepairer, qualification="")
    assert dict(reason.facts) == {"repairer": "contractor-1", "kind": "contractor"}


@pytest.mark.clause("SD-34")
def test_another_repairer_needs_a_budget_of_his_own() -> None:
    """That of the first does not hold for him, and is not set aside any more."""
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.AssignRepairer, **OF_MANAGER)
    it = desk.claim()
    assert (it.state, it.repairer, it.budget) == (S.ASSIGNED, "property-manager", None)
    assert desk.account().claims[CLAIM] == ClaimBooked(part="roof-waterproofing", open=True)
    assert desk.codes(c.ApproveBudget) == [("no-budget", "SD-34")]


def test_a_repairer_who_handed_in_nothing_leaves_nothing_behind() -> None:
    """Where no budget was there, the account hears nothing."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED)
    assert len(desk.do(c.AssignRepairer).entries) == 1


# --- plan and budget ------------------------------------------------------------------------------------


@pytest.mark.clause("SD-34")
def test_work_starts_after_the_budget_is_approved() -> None:
    """Finishing is refused before, with what is missing, whoever says it."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED)
    (reason,) = desk.reasons(c.FinishRepair, by=AUTHORITY)
    assert (reason.code, reason.clause) == ("deposits.budget-not-approved", Clause("SD-34"))
    assert dict(reason.facts) == {"state": "approved"}
    desk.do(c.AssignRepairer)
    desk.do(c.HandInBudget)
    assert desk.codes(c.FinishRepair) == [("budget-not-approved", "SD-34")]
    desk.do(c.ApproveBudget)
    desk.do(c.FinishRepair, "2026-06-30")
    assert (desk.claim().state, desk.claim().repaired_on) == (S.REPAIRED, date(2026, 6, 30))


@pytest.mark.clause("SD-34")
def test_an_approved_budget_is_set_aside() -> None:
    """The repairer hears the amount."""
    desk = ClaimDesk()
    desk.reach(S.ASSIGNED)
    assert desk.claim().budget == Budget(plan="plan-1", amount=cny(30_000), handed_in_on=date(2026, 6, 10))
    desk.do(c.ApproveBudget, "2026-06-12")
    budget = desk.claim().budget
    assert budget is not None
    assert budget.approved_on == date(2026, 6, 12)
    assert desk.account().claims[CLAIM].budget == cny(30_000)
    assert desk.told(messages.BUDGET_APPROVED) == {"contractor-1": {"amount": cny(30_000)}}
    assert desk.claim().attention == ()


@pytest.mark.clause("SD-34")
def test_another_budget_waits_for_approval_again() -> None:
    """Until then what was approved stays set aside, and nobody works."""
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.HandInBudget, amount=cny(50_000))
    assert desk.claim().state is S.ASSIGNED
    assert desk.account().claims[CLAIM].budget == cny(30_000)
    desk.do(c.ApproveBudget)
    assert desk.account().claims[CLAIM].budget == cny(50_000)


def test_a_budget_is_in_the_currency_of_the_deposit() -> None:
    """Amounts of two currencies cannot be compared."""
    desk = ClaimDesk()
    desk.reach(S.ASSIGNED)
    (reason,) = desk.reasons(c.HandInBudget, amount=Money("5", "EUR"))
    assert reason == Reason("deposits.wrong-currency", None, (("currency", "CNY"),))


@pytest.mark.clause("SD-14")
def test_a_budget_above_the_deposit_is_seen_to() -> None:
    """It is not refused, as more may come in; but staff see it, with what is free, until they have seen to it."""
    desk = ClaimDesk()
    desk.reach(S.ASSIGNED)
    desk.do(c.HandInBudget, amount=cny(6_000_001))
    desk.do(c.ApproveBudget)
    facts = (("amount", cny(6_000_001)), ("held", cny(6_000_000)))
    assert desk.claim().attention == (Reason(ABOVE_DEPOSIT, None, facts),)
    assert desk.codes(c.SeeToClaim, code="deposits.something-else") == [("not-on-the-list", None)]
    desk.do(c.SeeToClaim, code=ABOVE_DEPOSIT)
    assert desk.claim().attention == ()
    assert desk.codes(c.SeeToClaim, code=ABOVE_DEPOSIT) == [("not-on-the-list", None)]


def test_a_budget_of_all_that_is_held_is_covered() -> None:
    """To the cent; what was set aside for the claim itself before does not count against it."""
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.HandInBudget, amount=cny(6_000_000))
    desk.do(c.ApproveBudget)
    assert desk.claim().attention == ()


def test_what_is_set_aside_for_other_claims_is_not_free() -> None:
    """Of claims that are settled nothing is set aside any more."""
    others = {
        "claim-8": ClaimBooked(part="leakage", open=True, budget=cny(5_000_000)),
        "claim-9": ClaimBooked(part="leakage", open=False, budget=cny(900_000)),
    }
    desk = ClaimDesk(replace(held(), claims=others))
    desk.reach(S.ASSIGNED)
    desk.do(c.HandInBudget, amount=cny(1_000_001))
    desk.do(c.ApproveBudget)
    ((_, held_free),) = [each.facts for each in desk.claim().attention]
    assert held_free == ("held", cny(1_000_000))


# --- the cost list --------------------------------------------------------------------------------------


@pytest.mark.clause("SD-13")
def test_a_cost_list_adds_up() -> None:
    """Its total is the sum of its lines."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    costs = desk.claim().costs
    assert costs is not None
    assert (costs.total, costs.lines, costs.signed_on) == (cny(28_000), lines(20_000, 8_000), None)


@pytest.mark.clause("SD-34")
@pytest.mark.parametrize("by", [FOREMAN, MANAGER, AUTHORITY])
def test_costs_stay_within_the_budget(by: Actor) -> None:
    """To the cent, whoever hands them in; both amounts are in the reason."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    (reason,) = desk.reasons(c.HandInCostList, by=by, lines=lines(30_000, "0.01"))
    assert (reason.code, reason.clause) == ("deposits.above-budget", Clause("SD-34"))
    assert dict(reason.facts) == {"costs": cny("30000.01"), "approved": cny(30_000)}
    desk.do(c.HandInCostList, by=by, lines=lines(30_000))
    assert desk.claim().costs is not None


def test_costs_are_in_the_currency_of_the_deposit() -> None:
    """One line of another currency is enough to refuse them, and nothing is compared then."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    mixed = lines(Money("5", "EUR"), 40_000, Money("5", "USD"))
    (reason,) = desk.reasons(c.HandInCostList, lines=mixed)
    assert reason == Reason("deposits.wrong-currency", None, (("currency", "CNY"),))


@pytest.mark.clause("SD-13")
def test_the_applicant_signs_the_list() -> None:
    """With his signature the days for the payment begin."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    desk.do(c.SignCostList, "2026-07-01")
    it = desk.claim()
    assert it.costs is not None
    assert (it.state, it.signed_by) == (S.COST_LISTED, ("property-manager",))
    assert it.costs.signed_on == date(2026, 7, 1)


@pytest.mark.clause("SD-13")
def test_there_is_nothing_to_sign_without_a_list() -> None:
    """The repair alone is no list."""
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.FinishRepair)
    assert desk.codes(c.SignCostList) == [("no-cost-list", "SD-13")]


@pytest.mark.clause("SD-12", "SD-13")
@pytest.mark.parametrize("order", [(MANAGER, REPRESENTATIVE), (REPRESENTATIVE, MANAGER)])
def test_all_who_asked_sign(order: tuple[Actor, Actor]) -> None:
    """With the last signature, in whichever order, the list is the authority's; each signs once."""
    desk = joint()
    desk.do(c.SignCostList, by=order[0])
    it = desk.claim()
    assert it.state is S.REPAIRED
    assert it.costs is not None
    assert it.costs.signed_on is None
    party = it.signed_by[0]
    (reason,) = desk.reasons(c.SignCostList, by=order[0])
    assert (reason.code, reason.clause) == ("deposits.signed-before", Clause("SD-13"))
    assert dict(reason.facts) == {"party": party}
    (unsigned,) = desk.reasons(c.PayOut)
    assert dict(unsigned.facts)["missing"] == next(each.role for each in it.applicants if each.party != party)
    desk.do(c.SignCostList, "2026-06-15", by=order[1])
    it = desk.claim()
    assert it.costs is not None
    assert (it.state, it.costs.signed_on) == (S.COST_LISTED, date(2026, 6, 15))


@pytest.mark.clause("SD-13")
def test_where_not_all_have_to_sign_one_signs_for_all() -> None:
    """The first signature makes the list the authority's."""
    desk = joint(cost_list_signed=False)
    desk.do(c.SignCostList, by=REPRESENTATIVE)
    it = desk.claim()
    assert (it.state, it.signed_by) == (S.COST_LISTED, ("representative",))


def test_nobody_else_signs() -> None:
    """Neither an owner who did not ask, nor the authority, nor the repairer."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    for by in (OWNER, AUTHORITY, FOREMAN):
        assert [reason.code for reason in desk.reasons(c.SignCostList, by=by)] == ["lifecycle.not-yours"]


@pytest.mark.clause("SD-13")
@pytest.mark.parametrize(
    "by",
    [
        Actor("property-manager", OURS, Office.PERSON),
        Actor("property-manager", "elsewhere", Office.STAFF),
        Actor("clerk", "representative", Office.STAFF),
        Actor("representative", "elsewhere", Office.STAFF),
        Actor("representative", "property-manager", Office.SYSTEM),
    ],
)
def test_nobody_signs_by_a_name_like_an_applicants(by: Actor) -> None:
    """A house signs by its staff, a person himself: one who is called like a house is nobody, and the reverse."""
    desk = joint()
    assert [reason.code for reason in desk.reasons(c.SignCostList, by=by)] == ["lifecycle.not-yours"]


def test_another_of_the_applicants_staff_signs_for_the_same_house() -> None:
    """A house signs, by whomever it sends."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    desk.do(c.SignCostList, by=Actor("another-clerk", "property-manager", Office.STAFF))
    assert desk.claim().signed_by == ("property-manager",)


def test_a_new_list_is_unsigned() -> None:
    """Who signed the old one has not signed the new one."""
    desk = joint()
    desk.do(c.SignCostList, by=MANAGER)
    desk.do(c.HandInCostList, lines=lines(29_000))
    assert desk.claim().signed_by == ()
    desk.do(c.SignCostList, by=REPRESENTATIVE)
    assert desk.claim().state is S.REPAIRED


# --- another applicant in the place of one --------------------------------------------------------------

NEW = Actor("new-clerk", "new-manager", Office.STAFF)


def named(desk: ClaimDesk, **parties: str) -> None:
    """The building has others now; where nothing is said, a new manager."""
    desk.do(NameParties, case=ACCOUNT, by=AUTHORITY, **(parties or {"property_manager": "new-manager"}))


@pytest.mark.clause("SD-12", "SD-13")
@pytest.mark.parametrize(
    "state", [S.FILED, S.CHECKED, S.DISPUTED, S.TESTED, S.APPROVED, S.ASSIGNED, S.BUDGETED, S.REPAIRED]
)
def test_a_new_manager_takes_the_place_of_the_old_one(state: S) -> None:
    """In his role, until the list is signed; both hear of it, and the old one has no say any more."""
    desk = ClaimDesk()
    desk.reach(state)
    named(desk)
    desk.do(c.ReplaceApplicant)
    it = desk.claim()
    assert (it.state, it.applicants) == (state, (Applicant(role="property-manager", party="new-manager"),))
    told = {
        "role": "property-manager",
        "party": "new-manager",
        "reason": "the owners have a new manager",
    }
    assert desk.told(messages.REPLACED) == {"new-manager": told, "property-manager": told}
    assert DEPOSIT_CLAIM.roles_of(it, MANAGER) == ()
    assert DEPOSIT_CLAIM.roles_of(it, NEW) == (ClaimRole.APPLICANT,)


@pytest.mark.clause("SD-13", "SD-14")
def test_the_new_one_signs_and_is_paid() -> None:
    """A claim does not end with the manager who filed it."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    named(desk)
    desk.do(c.ReplaceApplicant)
    assert [reason.code for reason in desk.reasons(c.SignCostList)] == ["lifecycle.not-yours"]
    desk.do(c.SignCostList, by=NEW)
    desk.do(c.PayOut, payee=Payee.APPLICANT)
    paid = desk.claim().paid
    assert paid is not None
    assert paid.to == "new-manager"


@pytest.mark.clause("SD-13")
@pytest.mark.parametrize("replaced", ["property-manager", "representative"])
def test_what_who_came_before_signed_does_not_count(replaced: str) -> None:
    """The new one signs himself; what the other applicant signed stays."""
    desk = joint()
    desk.do(c.SignCostList, by=MANAGER)
    new = "new-manager" if replaced == "property-manager" else "new-representative"
    named(desk, property_manager="new-manager", representative="new-representative")
    desk.do(c.ReplaceApplicant, replaced=replaced, party=new)
    assert desk.claim().signed_by == (() if replaced == "property-manager" else ("property-manager",))
    if replaced == "property-manager":
        desk.do(c.SignCostList, by=NEW)
        desk.do(c.SignCostList, by=REPRESENTATIVE)
    else:
        desk.do(c.SignCostList, by=Actor(new, OURS, Office.PERSON))
    assert desk.claim().state is S.COST_LISTED


@pytest.mark.clause("SD-12")
def test_who_does_not_ask_is_not_replaced_and_nobody_asks_twice() -> None:
    """Else one signature would count for two."""
    desk = joint()
    (stranger,) = desk.reasons(c.ReplaceApplicant, replaced="somebody")
    assert (stranger.code, stranger.clause) == ("deposits.does-not-ask", Clause("SD-12"))
    assert dict(stranger.facts) == {"party": "somebody"}
    named(desk, property_manager="representative")
    (twice,) = desk.reasons(c.ReplaceApplicant, party="representative")
    assert (twice.code, twice.clause) == ("deposits.asks-already", Clause("SD-12"))
    assert dict(twice.facts) == {"party": "representative"}


@pytest.mark.clause("SD-12")
def test_the_new_one_is_whom_the_building_names() -> None:
    """Any other is refused, as where a claim is filed; the next owner is known to the host alone."""
    desk = ClaimDesk()
    desk.reach(S.REPAIRED)
    (reason,) = desk.reasons(c.ReplaceApplicant)
    assert (reason.code, reason.clause) == ("deposits.not-named", Clause("SD-12"))
    assert dict(reason.facts) == {"role": "property-manager", "party": "new-manager"}
    desk = ClaimDesk()
    desk.emergency(S.REPAIRED)
    desk.do(c.ReplaceApplicant, replaced=OWNER.party, party=NEIGHBOUR.party, reason="he bought the flat")
    desk.do(c.SignCostList, by=NEIGHBOUR)
    assert desk.claim().state is S.COST_LISTED


@pytest.mark.clause("SD-14")
def test_a_list_that_is_given_back_is_made_anew() -> None:
    """Applicants and repairer hear why; nothing is signed, and the old list is not signed again."""
    desk = ClaimDesk()
    desk.reach(S.COST_LISTED)
    desk.do(c.ReturnCostList)
    it = desk.claim()
    assert (it.state, it.costs, it.signed_by) == (S.REPAIRED, None, ())
    assert it.returned == "the second line is not clear"
    told = {"reason": "the second line is not clear"}
    assert desk.told(messages.RETURNED) == {"property-manager": told, "contractor-1": told}
    assert desk.codes(c.SignCostList) == [("no-cost-list", "SD-13")]
    desk.do(c.HandInCostList, lines=lines(21_000))
    assert desk.claim().returned == ""
    desk.do(c.SignCostList)
    assert desk.claim().state is S.COST_LISTED


@pytest.mark.clause("SD-16")
def test_an_emergencys_list_does_not_grow_when_it_is_given_back() -> None:
    """What was approved is what it came to; nobody but the owner hears of it, as there is no repairer."""
    desk = ClaimDesk()
    desk.emergency(S.COST_LISTED)
    desk.do(c.ReturnCostList)
    assert list(desk.told(messages.RETURNED)) == [OWNER.party]
    assert desk.codes(c.HandInCostList, by=OWNER, lines=lines(8_001)) == [("above-budget", "SD-34")]
    desk.do(c.HandInCostList, by=OWNER, lines=lines(7_500))
    desk.do(c.SignCostList, by=OWNER)
    costs = desk.claim().costs
    assert costs is not None
    assert (desk.claim().state, costs.total) == (S.COST_LISTED, cny(7_500))


def test_the_manager_who_repairs_is_told_once() -> None:
    """Who is applicant and repairer gets one letter."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED)
    desk.do(c.AssignRepairer, **OF_MANAGER)
    for kind in (c.HandInBudget, c.ApproveBudget, c.FinishRepair, c.HandInCostList, c.SignCostList):
        desk.do(kind, by=AUTHORITY if kind is c.ApproveBudget else MANAGER)
    desk.do(c.ReturnCostList)
    assert list(desk.told(messages.RETURNED)) == ["property-manager"]
    assert desk.claim().account == ACCOUNT
