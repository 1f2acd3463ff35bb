"""Assessment, letter and review: what is asked of a building, on what grounds less, and who hears of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from deposit_desk import (
    ACCOUNT,
    APPROVERS,
    BANK,
    DEVELOPER,
    OURS,
    PARTS,
    PROGRAM,
    SUPERVISOR,
    DepositDesk,
    approved,
    building,
    cny,
    fees,
    policy,
)

from servflow.core.changes import Actor, Office
from servflow.core.citations import Clause, Dated, Since
from servflow.core.deposits import PartShare, parse_length
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import messages as m
from servflow.core.deposits.accounts.model import ClaimBooked, Ground
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.words import Payee
from servflow.core.errors import AlreadyExists
from servflow.core.ledger import AccountKind
from servflow.core.money import Money

S = AccountState
AWARD = approved("award", grade="provincial", shown=("won",))
INSURED = approved("insurance", shown=("insured",))


def told(desk: DepositDesk, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """To whom messages of that kind went with the last command, and their facts but the clauses."""
    last = [each for each in desk.changes[-1].messages if each.kind == kind]
    return [(each.to, {name: it for name, it in each.facts if name != "clauses"}) for each in last]


# --- how much ---------------------------------------------------------------------------------------


@pytest.mark.clause("SD-1")
def test_a_high_rise_is_asked_for_five_percent() -> None:
    """A high-rise that cost 120,000,000 is asked for 6,000,000; the account is open, with its parts."""
    desk = DepositDesk()
    desk.assess()
    it = desk.account()
    assert it.state is S.ASSESSED
    assert it.target == cny(6_000_000)
    assert tuple(it.parts) == PARTS
    assert {part.weight for part in it.parts.values()} == {1}
    assert it.assessment.on == date(2026, 1, 5)
    assert desk.changes[-1].messages == ()


@pytest.mark.clause("SD-4")
def test_the_floor_shows_in_the_derivation() -> None:
    """2A, a provincial award and one more point leave 1 %: 1,200,000, and the floor is a step of its own."""
    desk = DepositDesk()
    grounds = (
        approved("performance", grade="2A", shown=("finally-reviewed",)),
        AWARD,
        approved("systems", points=Decimal(1), shown=("sound",)),
    )
    desk.assess(grounds=grounds)
    it = desk.account()
    assert it.target == cny(1_200_000)
    steps = {step.operation.value: step for _, step in it.assessment.charge.lines()}
    floor = steps["floor"]
    assert [part.exact for part in floor.parts] == [0, 120_000_000]  # in fen: nothing, and 1 % of the cost
    assert it.assessment.grounds == grounds


@pytest.mark.clause("SD-29")
def test_the_base_may_be_an_average_by_floor_area() -> None:
    """3,000 for each of 20,000 square metres are as a cost of 60,000,000."""
    desk = DepositDesk()
    desk.assess(average_cost=cny(3_000), floor_area=Decimal(20_000))
    assert desk.account().target == cny(3_000_000)


@pytest.mark.clause("SD-2")
def test_an_insured_building_is_exempt() -> None:
    """No deposit is asked for an insured building, and the developer hears it at once."""
    desk = DepositDesk()
    desk.assess(grounds=(INSURED,))
    assert desk.account().state is S.EXEMPT
    assert told(desk, m.EXEMPTED) == [
        ("developer", {"account": ACCOUNT, "project": "project-1", "building": "1"})
    ]


def test_shares_may_be_said_for_a_building() -> None:
    """The weights that the assessment names take the place of the rulebook's."""
    desk = DepositDesk()
    desk.assess(
        shares=(PartShare(part="leakage", weight=3), PartShare(part="foundation-and-structure", weight=0))
    )
    weights = {name: part.weight for name, part in desk.account().parts.items()}
    assert weights == {"leakage": 3, "foundation-and-structure": 0}


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.clause("SD-27")
def test_a_reduction_without_one_approval_is_refused() -> None:
    """Each ground needs both approvals: the reason names the ground, and who is missing."""
    desk = DepositDesk()
    grounds = (
        approved("award", ("property-authority",), grade="provincial", shown=("won",)),
        Ground(name="insurance"),
    )
    found = desk.reasons(c.AssessDeposit, "2026-01-05", grounds=grounds)
    assert [(each.code, dict(each.facts)) for each in found] == [
        ("deposits.approval-missing", {"ground": "award", "by": "development-authority"}),
        ("deposits.approval-missing", {"ground": "insurance", "by": "property-authority"}),
        ("deposits.approval-missing", {"ground": "insurance", "by": "development-authority"}),
    ]
    assert {each.clause.id for each in found if each.clause} == {"SD-27"}
    assert desk.refused(c.AssessDeposit, "2026-01-05", grounds=grounds)
    desk.rules = policy(approvals=("property-authority",))
    assert desk.codes(c.AssessDeposit, "2026-01-05", grounds=grounds[:1]) == []


@pytest.mark.clause("SD-22")
def test_what_is_out_of_scope_is_refused() -> None:
    """A building that is not new and for sale is asked for nothing: each that it lacks is a reason."""
    desk = DepositDesk()
    old = building(kinds=("for-sale",))
    assert desk.refused(c.AssessDeposit, "2026-01-05", building=old) == [("deposits.out-of-scope", "SD-22")]
    none = building(kinds=())
    assert len(desk.refused(c.AssessDeposit, "2026-01-05", building=none)) == len(("new", "for-sale"))


def test_another_authority_opens_no_account() -> None:
    """Who assesses is of the authority whose rulebook decides."""
    desk = DepositDesk()
    stranger = Actor("clerk", "another", Office.STAFF)
    expected = [("deposits.another-authority", None)]
    assert desk.refused(c.AssessDeposit, "2026-01-05", by=stranger) == expected
    assert desk.codes(c.AssessDeposit, "2026-01-05", by=PROGRAM) == []


def test_a_building_has_a_part_with_a_share() -> None:
    """Without any share there is no account."""
    desk = DepositDesk()
    desk.rules = policy(shares=())
    assert desk.refused(c.AssessDeposit, "2026-01-05") == [("deposits.shares-missing", "PRACTICE")]
    desk.rules = policy(shares=(PartShare(part="leakage", weight=0),))
    assert desk.refused(c.AssessDeposit, "2026-01-05") == [("deposits.shares-missing", "PRACTICE")]


@pytest.mark.clause("SD-33")
def test_a_part_that_the_rulebook_does_not_list_goes_by_the_contract() -> None:
    """It has a share like any other; how long it is under warranty, the contract says at handover."""
    desk = DepositDesk()
    shares = (PartShare(part="doors-and-windows", weight=1), PartShare(part="decoration", weight=1))
    desk.pay(shares=shares)
    assert set(desk.account().parts) == {"doors-and-windows", "decoration"}
    handover: dict[str, Any] = {"by": DEVELOPER}
    assert desk.refused(c.HandOverBuilding, "2026-03-02", **handover) == [("deposits.term-unknown", "SD-10")]
    agreed = (c.AgreedTerm(part="doors-and-windows", length=parse_length("1 year")),)
    desk.do(c.HandOverBuilding, "2026-03-02", **handover, agreed=agreed)
    assert desk.account().parts["doors-and-windows"].until == date(2027, 3, 3)


@pytest.mark.clause("SD-36")
def test_before_the_rules_are_in_force_no_deposit_is_asked_for() -> None:
    """Whatever the building is; the reason cites what says so, where anything does."""
    desk = DepositDesk()
    scope, issued = desk.rules.scope.values[0].cited, date(2026, 1, 5)
    since = Since(issued, scope)
    late = {
        name: Dated(name, [Since(issued, getattr(desk.rules, name).on(issued))])
        for name in ("shares", "warranties", "approvals", "reduction_grounds")
    }
    gap: Since[tuple[str, ...]] = Since(date.min, None, gap=Clause("SD-36", "33"))
    desk.rules = policy(scope=Dated("scope", [gap, since]), **late)
    given: dict[str, Any] = {"grounds": (approved("award", grade="city", shown=("won",)),)}
    assert desk.refused(c.AssessDeposit, "2026-01-04", **given) == [("deposits.out-of-scope", "SD-36")]
    (reason,) = desk.reasons(c.AssessDeposit, "2026-01-04", **given)
    assert dict(reason.facts) == {"needed": "in-force"}
    assert desk.codes(c.AssessDeposit, "2026-01-05", **given) == []
    desk.rules = policy(scope=Dated("scope", [since]), **late)
    assert desk.refused(c.AssessDeposit, "2026-01-04") == [("deposits.out-of-scope", None)]


@pytest.mark.clause("SD-3")
def test_what_the_rule_does_not_ask_of_a_ground_cannot_be_shown() -> None:
    """A word that is misspelt would be passed over; and neither the grade nor an approval is a condition."""
    desk = DepositDesk()

    def shown(*words: str) -> list[str]:
        grounds = (approved("systems", points=Decimal(1), shown=words),)
        found = desk.reasons(c.AssessDeposit, "2026-01-05", grounds=grounds)
        assert {(each.code, each.clause.id if each.clause else "") for each in found} <= {
            ("deposits.condition-unknown", "SD-3")
        }
        return [str(dict(each.facts)["condition"]) for each in found]

    assert shown("sound") == []
    assert shown("sound", "sond", "points") == ["sond", "points"]


@pytest.mark.clause("SD-3")
def test_a_ground_that_the_rulebook_does_not_know_is_refused() -> None:
    """Nothing is reduced on another ground."""
    desk = DepositDesk()
    grounds = (approved("good-will"),)
    assert desk.refused(c.AssessDeposit, "2026-01-05", grounds=grounds) == [
        ("deposits.ground-unknown", "SD-3")
    ]


def test_what_cannot_be_worked_out_is_refused() -> None:
    """A type without a rate, a grade that was not said, another currency, an absurd number: each has a reason."""
    desk = DepositDesk()

    def codes(**given: Any) -> list[tuple[str, str | None]]:
        return desk.refused(c.AssessDeposit, "2026-01-05", **given)

    assert codes(building=building(building_type="palace")) == [("deposits.not-assessable", None)]
    no_grade = (approved("award", shown=("won",)),)
    assert codes(grounds=no_grade) == [("deposits.not-assessable", None)]
    found = desk.reasons(c.AssessDeposit, "2026-01-05", grounds=no_grade)
    assert dict(found[0].facts)["missing"] == "award"
    assert codes(cost=cny(1) * 10**45) == [("deposits.not-assessable", None)]
    dollars = type(cny(1))(1_000, "USD")
    assert codes(cost=dollars) == [("deposits.wrong-currency", None)]
    desk.rules = policy(fees={})
    assert codes() == [("deposits.not-assessable", None)]


def test_an_account_is_opened_once() -> None:
    """A building that has an account is not assessed a first time again."""
    desk = DepositDesk()
    desk.assess()
    with pytest.raises(AlreadyExists):
        desk.assess()


# --- the letter and the review ----------------------------------------------------------------------


@pytest.mark.clause("SD-29")
def test_the_letter_goes_to_developer_and_supervisor() -> None:
    """Both hear the amount; one without a supervisor goes to the developer alone."""
    desk = DepositDesk()
    desk.notify()
    assert desk.account().state is S.DUE
    assert desk.account().notified_on == date(2026, 1, 6)
    letters = told(desk, m.NOTIFIED)
    assert [to for to, _ in letters] == ["developer", "supervisor"]
    assert letters[0][1]["amount"] == cny(6_000_000)
    alone = DepositDesk()
    alone.notify(building=building(supervisor=""))
    assert [to for to, _ in told(alone, m.NOTIFIED)] == ["developer"]


@pytest.mark.clause("SD-5")
def test_a_review_is_asked_for_within_seven_days() -> None:
    """Received on the 10th, it may be asked for through the 17th; the day itself does not count."""
    desk = DepositDesk()
    desk.notify()
    desk.do(c.ConfirmLetter, "2026-01-10", by=DEVELOPER)
    assert desk.codes(c.AskReview, "2026-01-17", by=DEVELOPER, objection="too much") == []
    found = desk.reasons(c.AskReview, "2026-01-18", by=DEVELOPER, objection="too much")
    assert [(each.code, dict(each.facts)) for each in found] == [
        ("deposits.review-late", {"last": date(2026, 1, 17)})
    ]
    assert desk.refused(c.AskReview, "2026-01-18", by=DEVELOPER, objection="x") == [
        ("deposits.review-late", "SD-5")
    ]


def test_while_the_letter_is_not_known_to_be_received_a_review_may_be_asked_for() -> None:
    """The days have not begun."""
    desk = DepositDesk()
    desk.notify()
    assert desk.codes(c.AskReview, "2026-06-01", by=DEVELOPER, objection="too much") == []


def test_a_letter_is_received_once_and_not_before_it_was_sent() -> None:
    """A second confirmation, and one of an earlier day, are refused."""
    desk = DepositDesk()
    desk.notify()
    assert desk.refused(c.ConfirmLetter, "2026-01-05", by=DEVELOPER) == [("deposits.before-the-letter", None)]
    desk.do(c.ConfirmLetter, "2026-01-06")
    assert desk.refused(c.ConfirmLetter, "2026-01-07", by=DEVELOPER) == [("deposits.letter-confirmed", None)]


def test_a_letter_that_is_sent_again_has_days_of_its_own() -> None:
    """With a second letter nothing is received yet."""
    desk = DepositDesk()
    desk.notify()
    desk.do(c.ConfirmLetter, "2026-01-06")
    desk.do(c.NotifyAssessment, "2026-01-20")
    assert desk.account().letter_received_on is None
    assert desk.account().notified_on == date(2026, 1, 20)


@pytest.mark.clause("SD-5")
def test_a_review_is_answered() -> None:
    """The authority hears the objection, the developer the answer; what is due is due."""
    desk = DepositDesk()
    desk.notify()
    desk.do(c.AskReview, "2026-01-08", by=DEVELOPER, objection="the cost is too high")
    assert desk.account().state is S.UNDER_REVIEW
    assert told(desk, m.REVIEW_ASKED)[0][0] == OURS
    assert told(desk, m.REVIEW_ASKED)[0][1]["objection"] == "the cost is too high"
    desk.do(c.ReassessDeposit, "2026-01-09", cost=cny(100_000_000), reason="settled cost")
    assert desk.account().state is S.UNDER_REVIEW
    desk.do(c.AnswerReview, "2026-01-10", answer="corrected")
    it = desk.account()
    assert (it.state, it.target, it.review_answer) == (S.DUE, cny(5_000_000), "corrected")
    assert told(desk, m.REVIEW_ANSWERED)[0][1]["unpaid"] == cny(5_000_000)


def test_what_was_paid_during_a_review_counts_with_the_answer() -> None:
    """Paid in full meanwhile, it is PAID with the answer; where the building was handed over, it stays HELD."""
    for handed_over, meanwhile, state in ((False, S.UNDER_REVIEW, S.PAID), (True, S.HELD, S.HELD)):
        desk = DepositDesk(policy(paid_before_handover=False))
        desk.notify()
        desk.do(c.AskReview, "2026-01-08", by=DEVELOPER, objection="too much")
        if handed_over:
            desk.do(c.HandOverBuilding, "2026-01-09")
        desk.do(c.LodgeDeposit, "2026-01-10", by=BANK, amount=cny(6_000_000))
        assert desk.account().state is meanwhile
        desk.do(c.AnswerReview, "2026-01-11", answer="it stays")
        assert desk.account().state is state


@pytest.mark.clause("SD-5")
def test_nothing_is_paid_before_the_letter() -> None:
    """How much is to be paid, the letter says."""
    desk = DepositDesk()
    desk.assess()
    expected = [("deposits.not-notified", "SD-5")]
    assert desk.refused(c.LodgeDeposit, "2026-01-06", by=SUPERVISOR, amount=cny(1)) == expected


# --- another assessment -----------------------------------------------------------------------------


@pytest.mark.clause("SD-28")
def test_an_award_after_payment_is_refunded_in_one_posting() -> None:
    """3,600,000 paid at 3 %; a provincial award leaves 1 %: 2,400,000 go back in one posting, with its charge."""
    desk = DepositDesk()
    desk.pay(building=building(building_type="multi_storey"))
    assert desk.account().balance == cny(3_600_000)
    change = desk.do(c.ReassessDeposit, "2026-02-20", grounds=(AWARD,), reason="provincial award")
    it = desk.account()
    assert (it.state, it.target, it.balance) == (S.PAID, cny(1_200_000), cny(1_200_000))
    (posting,) = change.postings
    assert (posting.amount, posting.kind, posting.subject) == (cny(2_400_000), "refunded", ACCOUNT)
    assert posting.key == f"{ACCOUNT}/refunded/2"
    assert posting.charge == it.assessment.charge
    assert (posting.debit, posting.credit) == (it.deposit, it.at_the_bank)
    assert desk.ledger() == it.balance
    assert told(desk, m.REFUNDED)[0][1]["amount"] == cny(2_400_000)
    assert told(desk, m.PAY_OUT) == [
        (
            "bank",
            {
                "account": ACCOUNT,
                "project": "project-1",
                "building": "1",
                "amount": cny(2_400_000),
                "to": "developer",
                "why": "refunded",
            },
        )
    ]
    assert [to for to, _ in told(desk, m.REASSESSED)] == ["developer", "supervisor"]


@pytest.mark.clause("SD-3")
def test_an_award_after_handover_is_refunded_with_what_interest_is_due() -> None:
    """Interest due by the day is credited first; the refund is of what was deposited, the interest stays."""
    desk = DepositDesk()
    desk.hold()
    desk.do(c.ReassessDeposit, "2026-04-01", grounds=(AWARD,))
    it = desk.account()
    assert it.state is S.HELD
    assert [each.kind for each in it.movements] == [
        MovementKind.PAID_IN,
        MovementKind.INTEREST,
        MovementKind.REFUNDED,
    ]
    assert it.movements[-1].amount == cny(2_400_000)
    assert it.balance == cny("3602741.67")


@pytest.mark.parametrize(
    ("used", "back", "left"),
    [(5_000_000, 0, 1_000_000), (2_000_000, 400_000, 3_600_000), (1, 2_399_999, 3_600_000)],
)
def test_a_refund_leaves_what_is_asked_for(used: int, back: int, left: int) -> None:
    """6,000,000 less what repairs took, and 3,600,000 are asked for after the award: only what is above it."""
    desk = DepositDesk(policy(interest_days=()))
    desk.hold()
    book(desk, "claim-1", None)
    desk.do(
        c.DrawDeposit,
        "2026-03-10",
        by=PROGRAM,
        claim="claim-1",
        part="leakage",
        amount=cny(used),
        payee=Payee.REPAIRER,
        to="repairer",
    )
    change = desk.do(c.ReassessDeposit, "2026-03-11", grounds=(AWARD,))
    assert [posting.amount for posting in change.postings] == [cny(back)] * bool(back)
    assert (desk.account().balance, desk.account().attention) == (cny(left), ())


def test_what_was_approved_for_a_claim_is_held_back_from_a_refund() -> None:
    """Of 2,400,000 as much is refunded as leaves the budget; staff have the rest on their list until it is."""
    desk = DepositDesk()
    desk.hold()
    book(desk, "claim-1", cny(5_000_000))
    desk.do(c.ReassessDeposit, "2026-03-11", grounds=(AWARD,))
    it = desk.account()
    assert it.movements[-1].amount == cny(1_000_000)
    assert it.balance == cny(5_000_000)
    (reason,) = it.attention
    assert (reason.code, dict(reason.facts)) == (
        "deposits.refund-held-back",
        {"amount": cny(1_400_000)},
    )
    book(desk, "claim-1", None, open=False)
    desk.do(c.ReassessDeposit, "2026-03-12", grounds=(AWARD,), reason="claim settled")
    assert desk.account().balance == cny(3_600_000)
    assert desk.account().attention == ()


def test_no_refund_where_claims_need_all_that_is_held() -> None:
    """Budgets above what is held leave nothing to refund."""
    desk = DepositDesk()
    desk.hold()
    book(desk, "claim-1", cny(7_000_000))
    desk.do(c.ReassessDeposit, "2026-03-11", grounds=(AWARD,))
    assert desk.account().balance == cny(6_000_000)
    assert told(desk, m.REFUNDED) == []


def book(desk: DepositDesk, claim: str, budget: Any, *, open: bool = True) -> None:
    """A claim on the leakage of wet rooms is open, with that budget."""
    desk.do(
        c.BookDepositClaim, "2026-03-05", by=PROGRAM, claim=claim, part="leakage", open=open, budget=budget
    )
    assert desk.account().claims[claim] == ClaimBooked(part="leakage", open=open, budget=budget)


def test_a_higher_cost_leaves_something_unpaid() -> None:
    """PAID becomes DUE again, and the difference is to be paid; nothing is refunded."""
    desk = DepositDesk()
    desk.pay()
    desk.do(c.ReassessDeposit, "2026-02-10", cost=cny(140_000_000), reason="settled cost")
    it = desk.account()
    assert (it.state, it.paid_in_full_on) == (S.DUE, None)
    letter = told(desk, m.REASSESSED)[0][1]
    assert letter["unpaid"] == cny(1_000_000)
    assert (letter["reason"], letter["before"]) == ("settled cost", cny(6_000_000))
    assert letter["refund"] == cny(0)
    assert desk.changes[-1].postings == ()
    assert it.letter_received_on is None
    assert it.notified_on == date(2026, 2, 10)


@pytest.mark.parametrize(("handed_over", "state"), [(False, S.PAID), (True, S.HELD)])
def test_less_to_deposit_may_complete_a_payment(handed_over: bool, state: AccountState) -> None:
    """4,000,000 paid of 6,000,000 are enough with an award; the development authority hears that all is paid."""
    desk = DepositDesk(policy(paid_before_handover=False))
    desk.pay(amount=cny(4_000_000))
    if handed_over:
        desk.do(c.HandOverBuilding, "2026-02-03")
    desk.do(c.ReassessDeposit, "2026-02-10", grounds=(AWARD,))
    it = desk.account()
    assert (it.state, it.balance, it.paid_in_full_on) == (state, cny(3_600_000), date(2026, 2, 10))
    assert [to for to, _ in told(desk, m.PAID_IN_FULL)] == ["development-authority"]
    assert len(told(desk, m.PROOF)) == (2 if handed_over else 0)


@pytest.mark.clause("SD-2")
def test_insurance_after_payment_gives_all_back_with_interest_to_the_day() -> None:
    """An exemption leaves nothing in the account: deposit and interest up to the day before go in one posting."""
    desk = DepositDesk()
    desk.pay()
    desk.do(c.ReassessDeposit, "2026-02-12", grounds=(INSURED,), reason="insured")
    it = desk.account()
    assert (it.state, it.balance) == (S.EXEMPT, cny(0))
    # ten days, 2 to 11 February, of 0.35 % a year of 360 days
    assert it.movements[1].amount == cny("583.33")
    assert it.movements[2].amount == cny("6000583.33")
    assert [to for to, _ in told(desk, m.EXEMPTED)] == ["developer", "supervisor"]
    assert it.notified_on is None
    assert desk.ledger() == cny(0)


def test_an_exemption_may_end() -> None:
    """Without the insurance the building is assessed again, and notified when the letter goes."""
    desk = DepositDesk()
    desk.assess(grounds=(INSURED,))
    desk.do(c.ReassessDeposit, "2026-02-12", reason="insurance cancelled")
    assert desk.account().state is S.ASSESSED
    assert desk.changes[-1].messages == ()
    desk.do(c.NotifyAssessment, "2026-02-13")
    assert desk.account().state is S.DUE


def test_a_reassessment_is_held_to_the_same_as_the_first() -> None:
    """Unknown grounds, missing approvals and what cannot be worked out are refused, whatever the state."""
    desk = DepositDesk()
    desk.pay()
    wrong = Ground(name="good-will")
    assert desk.refused(c.ReassessDeposit, "2026-02-10", grounds=(wrong,)) == [
        ("deposits.ground-unknown", "SD-3"),
        ("deposits.approval-missing", "SD-27"),
        ("deposits.approval-missing", "SD-27"),
    ]
    no_grade = (approved("award", APPROVERS, shown=("won",)),)
    assert desk.refused(c.ReassessDeposit, "2026-02-10", grounds=no_grade) == [
        ("deposits.not-assessable", None)
    ]


def test_a_reassessment_does_not_go_behind_what_moved() -> None:
    """What is worked out on a day before the last movement or assessment is refused; on that day it is not."""
    desk = DepositDesk()
    desk.pay()
    assert desk.refused(c.ReassessDeposit, "2026-02-01") == [("deposits.later-movement", None)]
    assert desk.codes(c.ReassessDeposit, "2026-02-02") == []
    fresh = DepositDesk()
    fresh.assess()
    assert fresh.refused(c.ReassessDeposit, "2026-01-04") == [("deposits.later-movement", None)]


def test_a_reassessment_needs_the_rates_for_what_it_credits() -> None:
    """Where no rate is known for interest that is due, nothing is refunded without it."""
    desk = DepositDesk()
    desk.hold()
    desk.rules = policy(fees=fees(interest=None))
    assert desk.refused(c.ReassessDeposit, "2026-04-01", grounds=(AWARD,)) == [
        ("deposits.rate-missing", "SD-18")
    ]
    assert desk.codes(c.ReassessDeposit, "2026-03-03", grounds=(AWARD,)) == []


def test_the_posting_of_a_closed_period_counts_on_the_first_open_day() -> None:
    """A payment of a closed month is posted on the first of the next, and its own day is kept."""
    desk = DepositDesk()
    desk.notify()
    desk.rules = policy(closed_through=date(2026, 2, 28))
    change = desk.do(c.LodgeDeposit, "2026-02-02", by=BANK, amount=cny(6_000_000))
    (posting,) = change.postings
    assert (posting.value_date, posting.happened_on) == (date(2026, 3, 1), date(2026, 2, 2))
    assert desk.account().movements[0].on == date(2026, 2, 2)
    assert desk.ledger(AccountKind.CASH, "bank") == cny(6_000_000)


# --- after the handover, and during a review ---------------------------------------------------------


@pytest.mark.clause("SD-2")
def test_after_the_handover_no_building_becomes_exempt() -> None:
    """What is held stands for warranties that run: insured before is exempt, insured after is not, nor at no cost."""
    desk = DepositDesk()
    desk.hold()
    late = [("deposits.exempt-too-late", "SD-2")]
    assert desk.refused(c.ReassessDeposit, "2026-06-01", grounds=(INSURED,)) == late
    assert desk.refused(c.ReassessDeposit, "2026-06-01", cost=cny(0)) == [
        ("deposits.exempt-too-late", "SD-4")
    ]
    assert desk.codes(c.ReassessDeposit, "2026-06-01", grounds=(AWARD,)) == []
    assert desk.codes(c.ReassessDeposit, "2026-06-01", cost=Money(1, "EUR")) == [
        ("deposits.wrong-currency", None)
    ]
    desk.rules = policy(fees=fees(deposit="zero(CNY)"))
    assert desk.refused(c.ReassessDeposit, "2026-06-01") == [("deposits.exempt-too-late", None)]


@pytest.mark.clause("SD-2")
def test_an_exemption_that_ends_after_the_handover_makes_the_building_held() -> None:
    """The developer has the letter at once; claims, defects and ends work, and what is unpaid is asked for."""
    desk = DepositDesk()
    desk.assess(grounds=(INSURED,))
    desk.do(c.HandOverBuilding, "2026-02-01", by=DEVELOPER)
    desk.do(c.ReassessDeposit, "2026-03-01", reason="insurance cancelled")
    it = desk.account()
    assert (it.state, it.notified_on) == (S.HELD, date(2026, 3, 1))
    ((to, facts), _) = told(desk, m.REASSESSED)
    assert (to, facts["unpaid"]) == ("developer", cny(6_000_000))
    assert desk.codes(c.OrderPayment, "2026-03-02", by_day=date(2026, 4, 1)) == []
    assert desk.codes(c.RecordDefect, "2026-03-02", name="d", part="leakage", what="x") == []
    assert desk.refused(c.CloseDeposit, "2026-03-02", reason="x") == [("lifecycle.not-in-state", None)]
    desk.do(c.LodgeDeposit, "2026-03-03", by=BANK, amount=cny(6_000_000))
    assert desk.account().state is S.HELD
    assert len(told(desk, m.PROOF)) == len(("developer", "owners"))


@pytest.mark.clause("SD-5")
def test_what_was_handed_over_before_the_letter_is_notified_first() -> None:
    """HELD without a letter, nothing is confirmed, reviewed, ordered or paid before it was sent."""
    desk = DepositDesk(policy(paid_before_handover=False))
    desk.assess()
    desk.do(c.HandOverBuilding, "2026-01-20")
    assert desk.account().state is S.HELD
    first = [("deposits.not-notified", "SD-5")]
    tries: tuple[tuple[Any, dict[str, Any]], ...] = (
        (c.ConfirmLetter, {}),
        (c.AskReview, {"by": DEVELOPER, "objection": "too much"}),
        (c.OrderPayment, {"by_day": date(2026, 3, 1)}),
        (c.LodgeDeposit, {"by": BANK, "amount": cny(1)}),
    )
    for kind, given in tries:
        assert desk.refused(kind, "2026-01-21", **given) == first
    desk.do(c.NotifyAssessment, "2026-01-21")
    assert desk.account().state is S.HELD
    for kind, given in tries:
        assert desk.codes(kind, "2026-01-22", **given) == []


@pytest.mark.clause("SD-5")
def test_whoever_paid_at_once_may_still_ask_for_a_review() -> None:
    """PAID is under review until it is answered; HELD stays HELD meanwhile, and nothing is ordered."""
    desk = DepositDesk()
    desk.pay(on="2026-01-08")
    desk.do(c.ConfirmLetter, "2026-01-09", by=DEVELOPER)
    desk.do(c.AskReview, "2026-01-10", by=DEVELOPER, objection="too much")
    assert desk.account().state is S.UNDER_REVIEW
    desk.do(c.AnswerReview, "2026-01-11", answer="it stays")
    assert desk.account().state is S.PAID
    desk.do(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)
    desk.do(c.ReassessDeposit, "2026-06-15", cost=cny(150_000_000), reason="settled cost")
    desk.do(c.ConfirmLetter, "2026-06-16", by=DEVELOPER)
    assert desk.refused(c.AnswerReview, "2026-06-17", answer="x") == [("deposits.no-review-open", "SD-5")]
    late = {"by": DEVELOPER, "objection": "too much"}
    assert desk.refused(c.AskReview, "2026-06-24", **late) == [("deposits.review-late", "SD-5")]
    desk.do(c.AskReview, "2026-06-23", **late)
    assert (desk.account().state, desk.account().under_review) == (S.HELD, True)
    open_ = [("deposits.review-open", "SD-5")]
    assert desk.refused(c.AskReview, "2026-06-23", **late) == open_
    assert desk.refused(c.OrderPayment, "2026-06-23", by_day=date(2026, 7, 1)) == open_
    desk.do(c.AnswerReview, "2026-06-24", answer="it stays")
    assert (desk.account().state, desk.account().under_review) == (S.HELD, False)
    assert told(desk, m.REVIEW_ANSWERED)[0][1]["unpaid"] == cny(1_500_000)


@pytest.mark.clause("SD-5")
@pytest.mark.parametrize("hold", [False, True])
def test_an_assessment_is_reviewed_once(hold: bool) -> None:
    """Answered, it is not asked for again, also of the same letter sent again; a new assessment may be reviewed."""
    desk = DepositDesk(policy(paid_before_handover=False))
    desk.notify()
    if hold:
        desk.do(c.HandOverBuilding, "2026-01-07")
    ask = {"by": DEVELOPER, "objection": "too much"}
    desk.do(c.AskReview, "2026-01-08", **ask)
    desk.do(c.AnswerReview, "2026-01-09", answer="it stays")
    desk.do(c.NotifyAssessment, "2026-01-10")
    assert desk.refused(c.AskReview, "2026-01-11", **ask) == [("deposits.reviewed-before", "SD-5")]
    desk.do(c.ReassessDeposit, "2026-01-12", cost=cny(110_000_000), reason="settled cost")
    desk.do(c.AskReview, "2026-01-12", **ask)
    desk.do(c.ReassessDeposit, "2026-01-13", cost=cny(100_000_000), reason="review")
    desk.do(c.AnswerReview, "2026-01-13", answer="corrected")
    assert desk.codes(c.AskReview, "2026-01-13", **ask) == []


@pytest.mark.clause("SD-21")
def test_a_serious_defect_and_a_claim_without_a_budget_hold_a_refund_back() -> None:
    """As much stays as their parts hold; after the repair the next reassessment pays it."""
    desk = DepositDesk(policy(interest_days=(), shares=(PartShare(part="leakage", weight=1),)))
    desk.hold()
    desk.do(c.RecordDefect, "2026-03-05", name="d", part="leakage", what="x")
    desk.do(c.ReassessDeposit, "2026-03-11", grounds=(AWARD,))
    it = desk.account()
    assert (it.target, it.balance) == (cny(3_600_000), cny(6_000_000))
    assert [(each.code, dict(each.facts)) for each in it.attention] == [
        ("deposits.refund-held-back", {"amount": cny(2_400_000)})
    ]
    book(desk, "claim-1", None)
    desk.do(c.RepairDefect, "2026-03-12", name="d")
    desk.do(c.ReassessDeposit, "2026-03-12", grounds=(AWARD,))
    assert desk.account().balance == cny(6_000_000)
    assert len(desk.account().attention) == 1
    book(desk, "claim-1", None, open=False)
    desk.do(c.ReassessDeposit, "2026-03-13", grounds=(AWARD,))
    assert (desk.account().balance, desk.account().attention) == (cny(3_600_000), ())
