"""Construction retention money (建设工程质量保证金) on the tables of deposits, by the shipped national rulebook alone.

The employer is the authority, the contractor the developer; no other code than that of warranty deposits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from deposit_desk import ACCOUNT, AUTHORITY, DepositDesk, approved, building, cny

from servflow.core.changes import Actor, Command, Office
from servflow.core.deposits import parse_length
from servflow.core.deposits.accounts import commands as a
from servflow.core.deposits.accounts.model import Ground
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims.model import CostLine, DepositClaim, claim_key
from servflow.core.deposits.claims.states import ClaimState, DeveloperSays
from servflow.core.deposits.holdings import unpaid
from servflow.core.deposits.words import Origin, PartKind, Payee
from servflow.rulebooks import deposit_policy, load

S = AccountState
BOOK: Final = "national/construction-retention"
CONTRACTOR: Final = Actor("site-manager", "contractor", Office.STAFF)
CLAIM: Final = "claim-1"
BOND: Final = approved("performance-bond", by=(), shown=("paid",))
ACCEPTED: Final = "2026-03-02"
"""The day of the acceptance at completion, which is the handover."""


def assessed(grounds: Iterable[Ground] = ()) -> DepositDesk:
    """An employer's desk where the works were settled at ten million."""
    rules = deposit_policy(load(BOOK), load(f"{BOOK}-fees"), authority=AUTHORITY.serves)
    desk = DepositDesk(rules)
    works = building(
        building_type="works", kinds=("construction-contract",), developer="contractor", supervisor=""
    )
    desk.do(a.AssessDeposit, "2026-01-05", building=works, cost=cny(10_000_000), grounds=tuple(grounds))
    return desk


def accepted(**given: Any) -> DepositDesk:
    """The works were accepted, and the money kept back from the price after it."""
    desk = assessed()
    desk.do(a.NotifyAssessment, "2026-01-06")
    desk.do(a.HandOverBuilding, ACCEPTED, by=CONTRACTOR, design_life=None, **given)
    desk.do(a.LodgeDeposit, "2026-04-01", origin=Origin.RETAINED_MONEY, amount=cny(300_000), receipt="")
    return desk


def say(desk: DepositDesk, said: type[Command], on: str, /, **given: Any) -> None:
    """The employer says it to the claim."""
    desk.do(said, on, case=CLAIM, **given)


def used() -> DepositDesk:
    """The contractor did not repair; the employer had another do it, and took 50,000 for it."""
    desk = accepted()
    say(
        desk,
        c.FileClaim,
        "2026-06-10",
        account=ACCOUNT,
        part="works",
        parts=PartKind.COMMON,
        what="the roof leaks",
        ground="not-performed",
        role="authority",
        reported_on=date(2026, 6, 1),
    )
    say(desk, c.CheckWithDeveloper, "2026-06-11", says=DeveloperSays.REFUSES)
    say(desk, c.ApproveClaim, "2026-06-12")
    say(desk, c.AssignRepairer, "2026-06-13", repairer="other", kind="other-contractor", qualification="2")
    say(desk, c.HandInBudget, "2026-06-14", plan="plan-1", amount=cny(60_000))
    say(desk, c.ApproveBudget, "2026-06-15")
    say(desk, c.FinishRepair, "2026-06-30")
    say(desk, c.HandInCostList, "2026-07-01", lines=(CostLine(what="roof", amount=cny(50_000)),))
    say(desk, c.SignCostList, "2026-07-02")
    say(desk, c.PayOut, "2026-07-03", amount=cny(50_000), payee=Payee.APPLICANT)
    say(desk, c.NotifyUse, "2026-07-04")
    return desk


def test_three_per_cent_of_the_settled_price_are_retained_and_no_more() -> None:
    """Of ten million, 300,000; a cent above it is not taken."""
    desk = assessed()
    assert (desk.account().state, desk.account().target) == (S.ASSESSED, cny(300_000))
    desk.do(a.NotifyAssessment, "2026-01-06")
    more = {"origin": Origin.RETAINED_MONEY, "amount": cny("300000.01"), "receipt": ""}
    assert desk.refused(a.LodgeDeposit, "2026-01-07", **more) == [("deposits.above-unpaid", None)]


def test_beside_a_performance_bond_nothing_is_retained() -> None:
    """The account is exempt from the start, and takes no money; given later, the bond has all of it given back."""
    desk = assessed([BOND])
    assert (desk.account().state, desk.account().target) == (S.EXEMPT, cny(0))
    retained = {"origin": Origin.RETAINED_MONEY, "amount": cny(1), "receipt": ""}
    assert ("deposits.above-unpaid", None) in desk.refused(a.LodgeDeposit, "2026-01-07", **retained)

    later = assessed()
    later.do(a.NotifyAssessment, "2026-01-06")
    later.do(a.LodgeDeposit, "2026-01-07", **(retained | {"amount": cny(300_000)}))
    later.do(
        a.ReassessDeposit, "2026-02-02", cost=cny(10_000_000), grounds=(BOND,), reason="a bond was given"
    )
    assert (later.account().state, later.account().balance) == (S.EXEMPT, cny(0))
    assert later.ledger() == cny(0)


def test_the_acceptance_does_not_wait_for_the_money() -> None:
    """It is kept back from the price, which is settled later."""
    desk = assessed()
    desk.do(a.NotifyAssessment, "2026-01-06")
    desk.do(a.HandOverBuilding, ACCEPTED, by=CONTRACTOR, design_life=None)
    assert (desk.account().state, unpaid(desk.account())) == (S.HELD, cny(300_000))
    desk.do(a.LodgeDeposit, "2026-04-01", origin=Origin.RETAINED_MONEY, amount=cny(300_000), receipt="")
    assert (desk.account().state, desk.account().balance) == (S.HELD, cny(300_000))


def test_the_contract_says_how_long_the_contractor_answers_for_defects() -> None:
    """A year where it says nothing, and what it says else, less or more."""
    until = {
        length: accepted(agreed=(a.AgreedTerm(part="works", length=parse_length(length)),))
        for length in ("6 months", "24 months")
    }
    assert accepted().account().parts["works"].until == date(2027, 3, 3)
    assert until["6 months"].account().parts["works"].until == date(2026, 9, 3)
    assert until["24 months"].account().parts["works"].until == date(2028, 3, 3)


def test_the_employer_takes_what_the_contractor_did_not_repair() -> None:
    """It asks itself, after it asked the contractor, and signs what it pays; nobody else may ask."""
    desk = used()
    claim = desk.aggregates[claim_key(CLAIM)]
    assert isinstance(claim, DepositClaim)
    assert (claim.state, claim.signed_by) == (ClaimState.NOTIFIED, (AUTHORITY.serves,))
    assert desk.account().balance == desk.ledger() == cny(250_000)
    owner = Actor("owner-1201", AUTHORITY.serves, Office.PERSON)
    asks = {
        "case": "claim-2", "by": owner, "account": ACCOUNT, "part": "works", "parts": PartKind.COMMON,
        "what": "x", "ground": "unable", "role": "owner", "reported_on": date(2026, 6, 1),
    }  # fmt: skip
    assert desk.refused(c.FileClaim, "2026-07-05", **asks) == [("deposits.may-not-ask", "CN-RETENTION-9")]


def test_it_is_given_back_within_fourteen_days_of_the_request_and_bears_no_interest() -> None:
    """The clock says that the year is over, and reminds of the last day; what was not used goes, and no more."""
    desk = used()
    assert [type(said) for said in desk.clock("2027-03-02")] == []
    assert [type(said) for said in desk.clock("2027-03-03")] == [a.NoteWarrantyEnd]
    release = {"part": "works", "decision": "decision-1"}
    assert desk.codes(a.ReleasePart, "2027-03-04", **release) == [
        ("deposits.release-not-requested", "CN-RETENTION-10")
    ]
    desk.do(a.RequestRelease, "2027-03-10", by=CONTRACTOR, part="works")
    assert desk.clock("2027-03-23") == []
    (reminder,) = desk.clock("2027-03-24")
    assert isinstance(reminder, a.RemindRelease)
    assert desk.codes(a.ReleasePart, "2027-03-24", part="works") == [
        ("deposits.duty-not-performed", "CN-RETENTION-10")
    ]
    desk.do(a.ReleasePart, "2027-03-24", **release)
    it = desk.account()
    assert (it.state, it.balance) == (S.RELEASED, cny(0))
    assert [(each.kind, each.amount) for each in it.movements] == [
        (MovementKind.PAID_IN, cny(300_000)),
        (MovementKind.USED, cny(50_000)),
        (MovementKind.RELEASED, cny(250_000)),
    ]
    assert desk.ledger() == cny(0)
