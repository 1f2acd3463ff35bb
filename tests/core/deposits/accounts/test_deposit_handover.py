"""Handover, filing and registration; whom the building names; serious defects; claims as the account knows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from deposit_desk import (
    BANK,
    CLOCK,
    COMMITTEE,
    DEPARTMENT,
    DEVELOPER,
    MANAGER,
    PARTS,
    PROGRAM,
    ZONE,
    DepositDesk,
    approved,
    cny,
    fees,
    policy,
)

from servflow.core.dates import Period
from servflow.core.deposits import PartShare, PartWarranty, parse_length
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import messages as m
from servflow.core.deposits.accounts.model import ClaimBooked
from servflow.core.deposits.accounts.states import AccountState, Gate, MovementKind
from servflow.core.deposits.words import Payee
from servflow.core.money import Money

S = AccountState
INSURED = approved("insurance", shown=("insured",))


def told(desk: DepositDesk, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """To whom messages of that kind went with the last command, and their facts but the clauses."""
    last = [each for each in desk.changes[-1].messages if each.kind == kind]
    return [(each.to, {name: it for name, it in each.facts if name != "clauses"}) for each in last]


def agreed(part: str, length: str) -> tuple[c.AgreedTerm, ...]:
    """What a contract says of a part."""
    return (c.AgreedTerm(part=part, length=parse_length(length)),)


# --- handover ---------------------------------------------------------------------------------------


@pytest.mark.clause("SD-10")
def test_with_the_handover_all_warranties_begin() -> None:
    """Each part is under warranty from that day; heating and cooling go by their seasons."""
    desk = DepositDesk()
    desk.hold()
    it = desk.account()
    assert (it.state, it.handed_over_on) == (S.HELD, date(2026, 3, 2))
    assert it.has_passed(Gate.HANDOVER)
    assert not it.has_passed(Gate.TITLE_REGISTRATION)
    assert it.design_life == Period(months=600)
    assert {name: part.until for name, part in it.parts.items()} == {
        "foundation-and-structure": date(2076, 3, 3),
        "roof-waterproofing": date(2031, 3, 3),
        "leakage": date(2031, 3, 3),
        "outer-wall-insulation": date(2031, 3, 3),
        "heating": date(2028, 3, 16),
        "cooling": date(2027, 10, 1),
        "installations": date(2028, 3, 3),
        "decoration": date(2028, 3, 3),
    }


@pytest.mark.clause("SD-7")
def test_developer_and_owners_have_proof_of_the_deposit() -> None:
    """At handover both have what was deposited, and when."""
    desk = DepositDesk()
    desk.hold()
    found = told(desk, m.PROOF)
    assert [to for to, _ in found] == ["developer", "owners/building-1"]
    assert (found[1][1]["amount"], found[1][1]["paid_on"], found[1][1]["handed_over"]) == (
        cny(6_000_000),
        date(2026, 2, 2),
        date(2026, 3, 2),
    )


@pytest.mark.clause("SD-7")
def test_what_is_not_paid_is_not_handed_over() -> None:
    """Before the letter, due, or partly paid: refused, with what is unpaid."""
    desk = DepositDesk()
    desk.assess()
    unpaid = [("deposits.handover-unpaid", "SD-7")]
    assert desk.refused(c.HandOverBuilding, "2026-03-02", by=DEVELOPER) == unpaid
    desk.do(c.NotifyAssessment, "2026-01-06")
    assert desk.refused(c.HandOverBuilding, "2026-03-02", by=DEVELOPER) == unpaid
    desk.do(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny(5_999_999))
    (reason,) = desk.reasons(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    assert dict(reason.facts) == {"unpaid": cny(1)}


def test_where_payment_does_not_bind_it_is_handed_over_unpaid() -> None:
    """As with money retained by an employer: HELD comes with the handover, the proof with the payment."""
    desk = DepositDesk(policy(paid_before_handover=False))
    desk.notify()
    desk.do(c.HandOverBuilding, "2026-01-20")
    assert desk.account().state is S.HELD
    assert told(desk, m.PROOF) == []
    desk.do(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny(6_000_000))
    assert desk.account().state is S.HELD
    assert len(told(desk, m.PROOF)) == len(("developer", "owners"))
    desk.do(c.ReversePayment, "2026-02-03", by=BANK, number=1, reason="bounced")
    assert desk.account().state is S.HELD
    desk.do(c.LodgeDeposit, "2026-02-04", by=BANK, amount=cny(6_000_000))
    assert told(desk, m.PAID_IN_FULL)[0][1]["on"] == date(2026, 2, 4)


def test_an_exempt_building_is_handed_over_without_proof() -> None:
    """Nothing is asked for, and nothing is in the way; warranties begin all the same."""
    desk = DepositDesk()
    desk.assess(grounds=(INSURED,))
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    it = desk.account()
    assert (it.state, it.parts["leakage"].until) == (S.EXEMPT, date(2031, 3, 3))
    assert desk.changes[-1].messages == ()


def test_a_building_is_handed_over_once() -> None:
    """The second time is refused, with the day of the first."""
    desk = DepositDesk()
    desk.assess(grounds=(INSURED,))
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    (reason,) = desk.reasons(c.HandOverBuilding, "2026-03-03", by=DEVELOPER)
    assert (reason.code, dict(reason.facts)) == ("deposits.handed-over", {"on": date(2026, 3, 2)})
    assert desk.refused(c.HandOverBuilding, "2026-03-03") == [("deposits.handed-over", None)]


@pytest.mark.clause("SD-10")
def test_the_design_life_has_to_be_known() -> None:
    """Without it the warranty of the structure has no end; one beyond the calendar has none either."""
    desk = DepositDesk()
    desk.pay()
    assert desk.refused(c.HandOverBuilding, "2026-03-02", design_life=None) == [
        ("deposits.term-unknown", "SD-10")
    ]
    (reason,) = desk.reasons(c.HandOverBuilding, "2026-03-02", design_life=None)
    assert dict(reason.facts) == {"part": "foundation-and-structure", "missing": "design_life"}
    forever = Period(months=120_000)
    assert desk.refused(c.HandOverBuilding, "2026-03-02", design_life=forever) == [
        ("deposits.term-beyond-calendar", "SD-10")
    ]


@pytest.mark.clause("SD-33")
def test_a_contract_may_give_more_and_never_less() -> None:
    """Six years for the roof are taken; four are refused, with both days."""
    desk = DepositDesk()
    desk.pay()
    less = agreed("roof-waterproofing", "4 years")
    assert desk.refused(c.HandOverBuilding, "2026-03-02", agreed=less) == [
        ("deposits.term-below-least", "SD-33")
    ]
    (reason,) = desk.reasons(c.HandOverBuilding, "2026-03-02", agreed=less)
    assert dict(reason.facts) == {
        "part": "roof-waterproofing",
        "agreed": date(2030, 3, 2),
        "least": date(2031, 3, 2),
    }
    assert desk.codes(c.HandOverBuilding, "2026-03-02", agreed=agreed("roof-waterproofing", "5 years")) == []
    desk.do(c.HandOverBuilding, "2026-03-02", agreed=agreed("roof-waterproofing", "6 years"))
    roof = desk.account().parts["roof-waterproofing"]
    assert (roof.length, roof.until) == (parse_length("6 years"), date(2032, 3, 3))


@pytest.mark.clause("SD-33")
def test_where_the_least_does_not_bind_a_contract_may_give_less() -> None:
    """Four years for the roof are taken; parts of which it says nothing have the least."""
    desk = DepositDesk(policy(least_terms_bind=False))
    desk.pay()
    desk.do(c.HandOverBuilding, "2026-03-02", agreed=agreed("roof-waterproofing", "4 years"))
    parts = desk.account().parts
    assert parts["roof-waterproofing"].until == date(2030, 3, 3)
    assert parts["leakage"].until == date(2031, 3, 3)


def test_what_a_contract_says_less_than_a_missing_design_life_is_not_compared() -> None:
    """The missing design life is the reason, not the contract."""
    desk = DepositDesk()
    desk.pay()
    terms = agreed("foundation-and-structure", "60 years")
    found = desk.reasons(c.HandOverBuilding, "2026-03-02", agreed=terms, design_life=None)
    assert [each.code for each in found] == ["deposits.term-unknown"]


@pytest.mark.clause("SD-33")
def test_parts_that_the_rulebook_leaves_to_the_contract_need_one() -> None:
    """What the contract has to name is asked for; any length will do."""
    warranties = (PartWarranty(part="lifts", least=parse_length("contract")),)
    rules = policy(warranties=warranties, shares=(PartShare(part="lifts", weight=1),))
    desk = DepositDesk(rules)
    desk.pay()
    assert desk.refused(c.HandOverBuilding, "2026-03-02") == [("deposits.term-unknown", "SD-10")]
    desk.rules = policy(warranties=())
    assert desk.refused(c.HandOverBuilding, "2026-03-02") == [("deposits.term-unknown", "SD-10")]
    desk.do(c.HandOverBuilding, "2026-03-02", agreed=agreed("lifts", "1 year"))
    assert desk.account().parts["lifts"].until == date(2027, 3, 3)


def test_a_contract_names_parts_of_the_building() -> None:
    """What it says of a part that the account does not have is refused."""
    desk = DepositDesk()
    desk.pay()
    assert desk.refused(c.HandOverBuilding, "2026-03-02", agreed=agreed("lifts", "5 years")) == [
        ("deposits.part-unknown", "SD-10")
    ]


# --- filing and registration ------------------------------------------------------------------------


@pytest.mark.clause("SD-31")
@pytest.mark.parametrize("gate", [Gate.ACCEPTANCE_FILING, Gate.TITLE_REGISTRATION])
def test_what_is_not_paid_is_neither_filed_nor_registered(gate: Gate) -> None:
    """The department is refused, with what is unpaid, until all is paid; then the day is on record."""
    desk = DepositDesk()
    desk.notify()
    assert desk.refused(c.PassGate, "2026-02-01", by=DEPARTMENT, gate=gate) == [
        ("deposits.registration-unpaid", "SD-31")
    ]
    (reason,) = desk.reasons(c.PassGate, "2026-02-01", by=DEPARTMENT, gate=gate)
    assert dict(reason.facts) == {"gate": gate.value, "unpaid": cny(6_000_000)}
    desk.do(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny(6_000_000))
    desk.do(c.PassGate, "2026-02-03", by=DEPARTMENT, gate=gate)
    assert desk.account().passed == {gate.value: date(2026, 2, 3)}
    assert desk.refused(c.PassGate, "2026-02-04", by=DEPARTMENT, gate=gate) == [
        ("deposits.gate-passed", None)
    ]


def test_where_the_rulebook_does_not_bind_it_is_registered_unpaid() -> None:
    """The rule is a value, and may say no."""
    desk = DepositDesk(policy(paid_before_registration=False))
    desk.notify()
    assert desk.codes(c.PassGate, "2026-02-01", gate=Gate.TITLE_REGISTRATION) == []


# --- whom the building names ------------------------------------------------------------------------


def test_parties_may_be_named_later() -> None:
    """What is named changes, what is not stays; an empty text says that there is nobody."""
    desk = DepositDesk()
    desk.assess()
    desk.do(c.NameParties, "2026-03-02", committee="committee-2", representative="")
    it = desk.account().building
    assert (it.committee, it.representative, it.property_manager) == ("committee-2", "", "property-manager")
    desk.do(c.NameParties, "2026-03-03", property_manager="manager-2")
    assert desk.account().building.property_manager == "manager-2"
    assert desk.account().building.committee == "committee-2"


# --- serious defects --------------------------------------------------------------------------------


@pytest.mark.clause("SD-21")
@pytest.mark.parametrize("by", [MANAGER, COMMITTEE])
def test_a_serious_defect_is_recorded_and_repaired(by: Any) -> None:
    """Manager or committee report it, the developer hears it; the authority says that it is repaired."""
    desk = DepositDesk()
    desk.hold()
    desk.do(c.RecordDefect, "2026-05-01", by=by, name="d-1", part="leakage", what="bathroom 302")
    ((to, facts),) = told(desk, m.DEFECT)
    assert (to, facts["defect"], facts["part"], facts["what"]) == (
        "developer",
        "d-1",
        "leakage",
        "bathroom 302",
    )
    assert desk.account().defects["d-1"].found_on == date(2026, 5, 1)
    desk.do(c.RepairDefect, "2026-06-01", name="d-1")
    assert desk.account().defects["d-1"].repaired_on == date(2026, 6, 1)
    none = [("deposits.no-such-defect", None)]
    assert desk.refused(c.RepairDefect, "2026-06-02", name="d-1") == none
    assert desk.refused(c.RepairDefect, "2026-06-02", name="d-2") == none


@pytest.mark.clause("SD-21")
def test_a_defect_counts_that_was_found_in_warranty() -> None:
    """On the last day of the part's warranty it does, on the day after it does not."""
    desk = DepositDesk()
    desk.hold()
    defect = {"by": MANAGER, "name": "d-1", "part": "decoration", "what": "floor"}
    assert desk.codes(c.RecordDefect, "2028-03-02", **defect) == []
    (reason,) = desk.reasons(c.RecordDefect, "2028-03-03", **defect)
    assert dict(reason.facts) == {"part": "decoration", "last": date(2028, 3, 2)}
    assert desk.refused(c.RecordDefect, "2028-03-03", **defect) == [
        ("deposits.found-after-warranty", "SD-21")
    ]


def test_a_defect_has_a_reference_of_its_own_and_a_part_that_is_there() -> None:
    """A known reference, an unknown part, and a part that was released, are refused."""
    desk = DepositDesk()
    desk.hold()
    desk.do(c.RecordDefect, "2026-05-01", name="d-1", part="leakage", what="x")
    assert desk.refused(c.RecordDefect, "2026-05-02", name="d-1", part="leakage", what="y") == [
        ("deposits.defect-known", None)
    ]
    assert desk.refused(c.RecordDefect, "2026-05-02", name="d-2", part="lifts", what="y") == [
        ("deposits.part-unknown", None)
    ]
    desk.do(c.ReleasePart, "2027-10-05", part="cooling")
    assert desk.refused(c.RecordDefect, "2027-09-30", name="d-3", part="cooling", what="y") == [
        ("deposits.part-released", None)
    ]


# --- claims -----------------------------------------------------------------------------------------


def book(desk: DepositDesk, on: str = "2026-03-05", **given: Any) -> None:
    """A claim on the leakage of wet rooms is open."""
    desk.do(
        c.BookDepositClaim,
        on,
        **({"by": PROGRAM, "claim": "claim-1", "part": "leakage", "open": True} | given),
    )


def draw(**given: Any) -> dict[str, Any]:
    """100,000 for that claim, to its repairer."""
    usual = {
        "by": PROGRAM,
        "claim": "claim-1",
        "part": "leakage",
        "amount": cny(100_000),
        "payee": Payee.REPAIRER,
        "to": "repairer",
    }
    return usual | given


@pytest.mark.clause("SD-14")
def test_a_repair_is_paid_from_the_deposit_for_one_claim() -> None:
    """The movement names claim, part and payee; the claim is settled; the posting is the claim's."""
    desk = DepositDesk()
    desk.hold()
    book(desk, budget=cny(120_000))
    change = desk.do(c.DrawDeposit, "2026-03-10", **draw())
    it = desk.account()
    used = it.movements[-1]
    assert (used.kind, used.on, used.claim, used.part, used.payee) == (
        MovementKind.USED,
        date(2026, 3, 10),
        "claim-1",
        "leakage",
        "repairer",
    )
    assert it.claims == {"claim-1": ClaimBooked(part="leakage", open=False, budget=cny(120_000))}
    (posting,) = change.postings
    assert (posting.subject, posting.kind, posting.key) == ("claim-1", "used", "building-1/used/2")
    assert (posting.debit, posting.credit) == (it.deposit, it.at_the_bank)
    assert told(desk, m.PAY_OUT)[0] == (
        "bank",
        {
            "account": "building-1",
            "project": "project-1",
            "building": "1",
            "amount": cny(100_000),
            "to": "repairer",
            "why": "used",
        },
    )
    assert it.balance == desk.ledger() == cny(5_900_000)


@pytest.mark.clause("SD-14")
def test_no_more_is_drawn_than_is_held() -> None:
    """To the cent; also on the day of a pay-out that is entered late."""
    desk = DepositDesk()
    desk.hold()
    book(desk)
    (reason,) = desk.reasons(c.DrawDeposit, "2026-03-10", **draw(amount=cny("6000000.01")))
    assert dict(reason.facts) == {"amount": cny("6000000.01"), "held": cny(6_000_000)}
    assert desk.refused(c.DrawDeposit, "2026-03-10", **draw(amount=cny("6000000.01"))) == [
        ("deposits.above-balance", "SD-14")
    ]
    desk.do(c.CreditInterest, "2026-03-21")
    late = datetime(2026, 3, 22, 9, tzinfo=ZONE)
    more = draw(amount=cny(6_000_001), recorded_at=late)
    assert desk.codes(c.DrawDeposit, "2026-03-21", **more) == []
    assert desk.refused(c.DrawDeposit, "2026-03-20", **more) == [("deposits.above-balance", "SD-14")]


def test_what_left_earlier_than_it_was_entered_earned_less() -> None:
    """A pay-out of before the interest day, entered after it, has the interest taken back."""
    desk = DepositDesk()
    desk.hold()
    book(desk)
    desk.do(c.CreditInterest, "2026-03-21")
    late = datetime(2026, 3, 22, 9, tzinfo=ZONE)
    desk.do(c.DrawDeposit, "2026-03-11", **draw(amount=cny(3_000_000), recorded_at=late))
    last = desk.account().movements[-1]
    # ten days, 11 to 20 March, on 3,000,000
    assert (last.kind, last.amount) == (MovementKind.INTEREST_TAKEN_BACK, cny("291.67"))
    assert desk.ledger() == desk.account().balance


def test_a_draw_is_for_a_claim_that_is_open_on_that_part() -> None:
    """None, another part, another currency, and one that is settled, are refused."""
    desk = DepositDesk()
    desk.hold()
    none = [("deposits.claim-not-booked", None)]
    assert desk.refused(c.DrawDeposit, "2026-03-10", **draw()) == none
    book(desk)
    assert desk.refused(c.DrawDeposit, "2026-03-10", **draw(part="decoration")) == none
    assert desk.refused(c.DrawDeposit, "2026-03-10", **draw(amount=Money(1, "USD"))) == [
        ("deposits.wrong-currency", None)
    ]
    book(desk, open=False)
    assert desk.refused(c.DrawDeposit, "2026-03-10", **draw()) == none


def test_a_draw_that_leaves_less_than_is_approved_is_for_staff() -> None:
    """Another claim's budget is not covered any more: staff see it."""
    desk = DepositDesk()
    desk.hold()
    book(desk)
    book(desk, claim="claim-2", budget=cny(5_950_000))
    desk.do(c.DrawDeposit, "2026-03-10", **draw())
    (reason,) = desk.account().attention
    assert (reason.code, dict(reason.facts)) == (
        "deposits.budgets-uncovered",
        {"left": cny(5_900_000), "budgets": cny(5_950_000)},
    )


def test_a_claim_is_booked_on_a_part_in_the_accounts_currency() -> None:
    """An unknown part and another currency are refused."""
    desk = DepositDesk()
    desk.hold()
    claim = {"by": PROGRAM, "claim": "claim-1", "open": True}
    assert desk.refused(c.BookDepositClaim, "2026-03-05", part="lifts", **claim) == [
        ("deposits.part-unknown", None)
    ]
    foreign = claim | {"part": "leakage", "budget": Money(1, "USD")}
    assert desk.refused(c.BookDepositClaim, "2026-03-05", **foreign) == [("deposits.wrong-currency", None)]


def test_once_all_is_released_a_claim_can_only_be_settled() -> None:
    """Where open claims hold nothing, one may outlast the deposit: it is settled, and none is opened."""
    desk = DepositDesk(policy(open_claim_holds=False))
    desk.hold()
    book(desk)
    desk.do(c.ReleaseRest, "2031-03-03")
    assert desk.account().state is S.RELEASED
    assert desk.refused(c.CloseDeposit, "2031-03-04", reason="over") == [("deposits.claim-open", None)]
    again = {"by": PROGRAM, "claim": "claim-1", "part": "leakage"}
    assert desk.refused(c.BookDepositClaim, "2031-03-05", open=True, **again) == [
        ("deposits.nothing-left", None)
    ]
    desk.do(c.BookDepositClaim, "2031-03-05", open=False, **again)
    desk.do(c.CloseDeposit, "2031-03-06", reason="over")
    assert desk.account().state is S.CLOSED


def test_the_parts_hold_what_the_account_holds() -> None:
    """Every part of the rulebook is a part of the account, in its order."""
    desk = DepositDesk()
    desk.hold()
    assert tuple(desk.account().parts) == PARTS


def test_a_missing_rule_of_interest_does_not_hold_up_a_claim() -> None:
    """Nothing is credited with a pay-out; the clock may not draw."""
    desk = DepositDesk(policy(fees=fees(interest=None)))
    desk.hold()
    book(desk)
    assert desk.refused(c.DrawDeposit, "2026-03-10", **draw(by=CLOCK)) == [("lifecycle.not-yours", None)]
    desk.do(c.DrawDeposit, "2026-03-10", **draw())
    assert desk.account().balance == cny(5_900_000)


# --- each on its own day -----------------------------------------------------------------------------


@pytest.mark.clause("SD-7")
def test_a_handover_is_judged_on_its_own_day() -> None:
    """Entered late for a day on which something was unpaid, it is refused; on the day of payment it is taken."""
    desk = DepositDesk()
    desk.pay()
    entered = datetime(2026, 3, 2, 12, tzinfo=ZONE)
    assert desk.refused(c.HandOverBuilding, "2026-02-01", recorded_at=entered) == [
        ("deposits.handover-unpaid", "SD-7")
    ]
    assert desk.refused(c.HandOverBuilding, "2026-01-04", recorded_at=entered) == [
        ("deposits.before-assessment", None)
    ]
    assert desk.codes(c.HandOverBuilding, "2026-02-02", recorded_at=entered) == []
    desk.do(c.ReassessDeposit, "2026-02-10", cost=cny(140_000_000), reason="settled cost")
    assert desk.refused(c.HandOverBuilding, "2026-02-10") == [("deposits.handover-unpaid", "SD-7")]
    desk.do(c.HandOverBuilding, "2026-02-09", recorded_at=entered)
    assert desk.account().state is S.HELD
    exempt = DepositDesk()
    exempt.notify()
    exempt.do(c.ReassessDeposit, "2026-01-20", grounds=(INSURED,))
    assert exempt.refused(c.HandOverBuilding, "2026-01-19") == [("deposits.handover-unpaid", "SD-7")]
    assert exempt.codes(c.HandOverBuilding, "2026-01-20") == []


@pytest.mark.clause("SD-31")
def test_a_filing_is_judged_on_its_own_day() -> None:
    """Before the payment, or before anything was assessed, nothing is filed, whenever it is entered."""
    desk = DepositDesk()
    desk.pay()
    entered = {
        "by": DEPARTMENT,
        "gate": Gate.ACCEPTANCE_FILING,
        "recorded_at": datetime(2026, 3, 2, 12, tzinfo=ZONE),
    }
    assert desk.refused(c.PassGate, "2026-02-01", **entered) == [("deposits.registration-unpaid", "SD-31")]
    assert desk.refused(c.PassGate, "2026-01-04", **entered) == [("deposits.before-assessment", None)]
    assert desk.codes(c.PassGate, "2026-02-02", **entered) == []


@pytest.mark.clause("SD-21")
def test_a_defect_is_repaired_after_it_was_found() -> None:
    """On the day itself it may be; before it cannot."""
    desk = DepositDesk()
    desk.hold()
    desk.do(c.RecordDefect, "2026-05-01", name="d-1", part="leakage", what="x")
    (reason,) = desk.reasons(c.RepairDefect, "2026-04-30", name="d-1")
    assert (reason.code, dict(reason.facts)) == (
        "deposits.repaired-before-found",
        {"defect": "d-1", "found": date(2026, 5, 1)},
    )
    assert desk.codes(c.RepairDefect, "2026-05-01", name="d-1") == []
