"""Who hears of what is done with a claim: nobody is left to find out, and nobody is told what he said."""

from __future__ import annotations

from datetime import date

import pytest
from claims_at_work import BODY, COMMITTEE, FOREMAN, MANAGER, OWNER, ClaimDesk, with_
from deposit_desk import AUTHORITY, DEVELOPER, OURS, cny

from servflow.core.changes import Actor
from servflow.core.deposits import Claimants
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims import messages
from servflow.core.deposits.claims.states import ClaimState
from servflow.core.deposits.words import PartKind

S = ClaimState


def together() -> ClaimDesk:
    """A desk with a claim of manager and committee."""
    desk = ClaimDesk()
    desk.file(together_with=(with_(COMMITTEE, "owners-committee"),))
    return desk


@pytest.mark.clause("SD-13")
def test_developer_and_authority_hear_of_a_claim() -> None:
    """When it was reported, and in which role somebody asks; of an emergency just the same."""
    desk = ClaimDesk()
    desk.file()
    told = {"reported_on": date(2026, 6, 1), "role": "property-manager"}
    assert desk.told(messages.FILED) == {"developer": told, OURS: told}
    desk = ClaimDesk()
    desk.emergency(S.FILED)
    assert desk.told(messages.FILED) == dict.fromkeys(("developer", OURS), told | {"role": "owner"})


def test_an_authority_that_asks_itself_is_not_told_so() -> None:
    """Neither that it filed the claim, nor that it approved or refused it."""
    desk = ClaimDesk(claimants=(Claimants(parts=PartKind.COMMON, by=("authority",)),))
    desk.do(c.FileClaim, by=AUTHORITY, role="authority")
    desk.do(c.CheckWithDeveloper)
    desk.do(c.ApproveClaim)
    desk.do(c.RefuseClaim)
    assert {message.to for message in desk.messages} == {"developer"}


@pytest.mark.clause("SD-15")
def test_a_dispute_is_told_to_the_authority_and_to_who_asks() -> None:
    """Why, and who tests it."""
    desk = together()
    desk.do(c.DisputeLiability)
    told = {"reason": "we did not build it so", "body": BODY.serves}
    assert desk.told(messages.DISPUTED) == dict.fromkeys((OURS, "property-manager", "committee"), told)


@pytest.mark.clause("SD-15")
@pytest.mark.parametrize("by", [BODY, AUTHORITY])
@pytest.mark.parametrize("liable", [True, False])
def test_all_hear_what_a_test_found(by: Actor, liable: bool) -> None:
    """Whether the developer is liable, by which report of whom."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    desk.do(c.RecordTest, by=by, liable=liable)
    told = {"body": BODY.serves, "report": "report-1", "liable": liable}
    hear = ("developer", "property-manager", *((OURS,) if by is BODY else ()))
    assert desk.told(messages.TESTED) == dict.fromkeys(hear, told)


@pytest.mark.clause("SD-9")
@pytest.mark.parametrize(
    ("by", "hear"),
    [
        (AUTHORITY, ("developer", "property-manager", "committee", "contractor-1")),
        (MANAGER, (OURS, "developer", "committee", "contractor-1")),
    ],
)
def test_all_others_hear_that_the_developer_repaired_it(by: Actor, hear: tuple[str, ...]) -> None:
    """Also the repairer, who need not come any more."""
    desk = together()
    for kind in (c.CheckWithDeveloper, c.ApproveClaim, c.AssignRepairer):
        desk.do(kind)
    desk.do(c.ConfirmPerformance, by=by)
    assert desk.told(messages.PERFORMED) == {party: {} for party in hear}


def test_a_repairer_hears_that_a_claim_was_withdrawn() -> None:
    """Else he would go to work."""
    desk = ClaimDesk()
    desk.reach(S.ASSIGNED)
    desk.do(c.WithdrawClaim)
    told = {"reason": "it is dry again"}
    assert desk.told(messages.WITHDRAWN) == dict.fromkeys((OURS, "developer", "contractor-1"), told)


@pytest.mark.clause("SD-34")
def test_a_repairer_hears_that_another_one_repairs_it() -> None:
    """Who is assigned again, hears that it is his, and nothing else."""
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.AssignRepairer, repairer="contractor-2")
    assert desk.told(messages.RELIEVED) == {"contractor-1": {}}
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.AssignRepairer)
    assert desk.told(messages.RELIEVED) == {}


@pytest.mark.clause("SD-34")
def test_the_authority_hears_of_a_budget() -> None:
    """Whose, which plan, how much; not where its own staff enter it."""
    desk = ClaimDesk()
    desk.reach(S.ASSIGNED)
    told = {"repairer": "contractor-1", "plan": "plan-1", "amount": cny(30_000)}
    assert desk.told(messages.BUDGET_HANDED_IN) == {OURS: told}
    before = len(desk.messages)
    desk.do(c.HandInBudget, by=AUTHORITY)
    assert len(desk.messages) == before


@pytest.mark.parametrize(
    ("by", "hear"), [(FOREMAN, (OURS, "property-manager")), (AUTHORITY, ("property-manager",))]
)
def test_the_end_of_a_repair_is_told(by: Actor, hear: tuple[str, ...]) -> None:
    """To the authority and to who asked, with the day."""
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.FinishRepair, "2026-06-20", by=by)
    assert desk.told(messages.FINISHED) == {party: {"repaired_on": date(2026, 6, 20)} for party in hear}


@pytest.mark.clause("SD-13")
@pytest.mark.parametrize(
    ("by", "hear"), [(FOREMAN, ("property-manager", "committee")), (MANAGER, ("committee",))]
)
def test_who_is_to_sign_hears_of_the_list(by: Actor, hear: tuple[str, ...]) -> None:
    """With what it comes to; a later list overtakes the letter about the one before."""
    desk = together()
    for kind in (c.CheckWithDeveloper, c.ApproveClaim, c.AssignRepairer, c.HandInBudget, c.ApproveBudget):
        desk.do(kind)
    desk.do(c.FinishRepair)
    desk.do(c.HandInCostList, by=by)
    assert desk.told(messages.COSTS_LISTED) == {party: {"amount": cny(28_000)} for party in hear}
    assert desk.messages[-1].supersedes == (messages.COSTS_LISTED,)


@pytest.mark.clause("SD-14")
def test_with_the_last_signature_the_authority_hears_by_when_it_pays() -> None:
    """Not with the first; signed on 10 June, it is paid through 30 June."""
    desk = together()
    for kind in (c.CheckWithDeveloper, c.ApproveClaim, c.AssignRepairer, c.HandInBudget, c.ApproveBudget):
        desk.do(kind)
    for after in (c.FinishRepair, c.HandInCostList, c.SignCostList):
        desk.do(after)
    assert desk.told(messages.SIGNED) == {}
    desk.do(c.SignCostList, by=COMMITTEE)
    assert desk.told(messages.SIGNED) == {OURS: {"amount": cny(28_000), "last": date(2026, 6, 30)}}


def test_who_signs_for_an_emergency_is_told_as_little_as_others() -> None:
    """The owner himself said it: the authority and the developer hear of it."""
    desk = ClaimDesk()
    desk.emergency(S.COST_LISTED)
    assert {message.to for message in desk.messages if message.kind == messages.SIGNED} == {OURS}
    assert OWNER.party not in desk.told(messages.FILED)
    assert DEVELOPER.serves in desk.told(messages.FILED)
