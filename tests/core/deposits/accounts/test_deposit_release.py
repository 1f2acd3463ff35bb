"""Interest, statements, and how a deposit goes back: part by part, at the limit, and the end of the account."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from deposit_desk import (
    BANK,
    CLOCK,
    DEVELOPER,
    MANAGER,
    PARTS,
    PROGRAM,
    DepositDesk,
    approved,
    cny,
    fees,
    policy,
)

from servflow.core.dates import Period
from servflow.core.deposits import PartShare
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import messages as m
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.holdings import held_by_part
from servflow.core.deposits.words import AtTheLimit, KeptSince, Payee, ReleaseSince
from servflow.core.money import total

S = AccountState
RATE: str = "scale(percent(given(balance, CNY), 0.36%), years(act_360, after, through))"
GAP: str = (
    f"rounded(over_balance(balance, segmented(after, through, [2010-09-15: {RATE},"
    " 2026-05-10: gap(CNY)]), after, through), half_up)"
)
"""Interest whose rate is known up to 9 May 2026."""


def told(desk: DepositDesk, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """To whom messages of that kind went with the last command, and their facts but the clauses."""
    last = [each for each in desk.changes[-1].messages if each.kind == kind]
    return [(each.to, {name: it for name, it in each.facts if name != "clauses"}) for each in last]


def kinds(desk: DepositDesk) -> list[MovementKind]:
    """The kinds of all movements."""
    return [each.kind for each in desk.account().movements]


def held(**given: Any) -> DepositDesk:
    """6,000,000 deposited on 2 February 2026, handed over on 2 March."""
    desk = DepositDesk(policy(**given))
    desk.hold()
    return desk


def no_interest(**given: Any) -> DepositDesk:
    """The same where a deposit bears none."""
    return held(interest_days=(), **given)


def use(desk: DepositDesk, amount: int, part: str = "decoration") -> None:
    """A claim on that part is opened, and paid."""
    desk.do(c.BookDepositClaim, "2026-04-05", by=PROGRAM, claim="claim-1", part=part, open=True)
    desk.do(
        c.DrawDeposit,
        "2026-04-10",
        by=PROGRAM,
        claim="claim-1",
        part=part,
        amount=cny(amount),
        payee=Payee.REPAIRER,
        to="repairer",
    )


# --- interest ---------------------------------------------------------------------------------------


@pytest.mark.clause("SD-18")
def test_interest_is_credited_when_somebody_looks() -> None:
    """All that is due is credited on the days after its interest days, each with a posting of its own."""
    desk = held()
    change = desk.do(c.CreditInterest, "2026-07-01", by=BANK)
    credits_ = desk.account().movements[1:]
    assert [(each.on, each.amount) for each in credits_] == [
        (date(2026, 3, 21), cny("2741.67")),
        (date(2026, 6, 21), cny("5369.12")),
    ]
    assert [each.value_date for each in change.postings] == [date(2026, 3, 21), date(2026, 6, 21)]
    assert {each.kind for each in change.postings} == {"interest"}
    assert desk.ledger() == desk.account().balance
    assert desk.do(c.CreditInterest, "2026-07-01", by=BANK).postings == ()


@pytest.mark.clause("SD-18")
def test_without_a_rate_no_interest_is_credited() -> None:
    """The reason names the first day for which no rate is known."""
    desk = held(fees=fees(interest=GAP))
    assert desk.codes(c.CreditInterest, "2026-06-20", by=BANK) == []
    desk.do(c.CreditInterest, "2026-03-21", by=BANK)
    (reason,) = desk.reasons(c.CreditInterest, "2026-06-21", by=BANK)
    assert dict(reason.facts) == {"from": date(2026, 5, 10)}
    assert desk.refused(c.CreditInterest, "2026-06-21", by=BANK) == [("deposits.rate-missing", "SD-18")]


def test_a_rule_that_is_missing_is_missing_from_the_first_day_on() -> None:
    """Without any rule of interest, that is the day of the first payment."""
    desk = held(fees=fees(interest=None))
    (reason,) = desk.reasons(c.CreditInterest, "2026-03-21", by=BANK)
    assert dict(reason.facts) == {"from": date(2026, 2, 2)}


@pytest.mark.clause("SD-20")
def test_what_a_part_holds_does_not_depend_on_who_looked_when() -> None:
    """Interest that was due before a use is credited with it, by what each part held before."""
    late, punctual = held(), held()
    punctual.do(c.CreditInterest, "2026-03-21", by=BANK)
    for desk in (late, punctual):
        use(desk, 700_000)
        desk.do(c.CreditInterest, "2026-12-31", by=BANK)
    assert held_by_part(late.account()) == held_by_part(punctual.account())
    assert kinds(late) == kinds(punctual)


@pytest.mark.clause("SD-18")
def test_without_a_rate_for_interest_that_is_due_nothing_is_used() -> None:
    """The reason names the first day for which no rate is known; the claim is paid once there is one."""
    desk = held(fees=fees(interest=None))
    desk.do(c.BookDepositClaim, "2026-04-05", by=PROGRAM, claim="claim-1", part="decoration", open=True)
    said = {"claim": "claim-1", "part": "decoration", "amount": cny(1), "payee": Payee.REPAIRER, "to": "r"}
    assert desk.refused(c.DrawDeposit, "2026-04-10", by=PROGRAM, **said) == [
        ("deposits.rate-missing", "SD-18")
    ]


# --- statements -------------------------------------------------------------------------------------


@pytest.mark.clause("SD-19")
def test_the_statement_of_a_year_adds_up() -> None:
    """Developer, owners and manager have what was opened with, what moved, and what it closed with."""
    desk = held()
    use(desk, 100_000)
    desk.do(c.PublishStatement, "2027-03-31", by=CLOCK, year=2026)
    found = told(desk, m.STATEMENT)
    assert [to for to, _ in found] == ["developer", "owners/building-1", "property-manager"]
    facts = found[0][1]
    assert facts["year"] == 2026
    assert (facts["opening"], facts["paid_in"], facts["used"]) == (cny(0), cny(6_000_000), cny(100_000))
    left = facts["opening"] + facts["paid_in"] + facts["interest"]
    assert left - facts["used"] - facts["refunded"] - facts["released"] == facts["closing"]
    assert facts["interest"] > cny(0)
    assert desk.account().published == (2026,)


@pytest.mark.clause("SD-19")
def test_a_year_is_published_once_when_it_is_over() -> None:
    """Before its end, a second time, and a year before the first payment, are refused."""
    desk = held()
    assert desk.refused(c.PublishStatement, "2026-12-31", year=2026) == [("deposits.year-not-over", "SD-19")]
    assert desk.refused(c.PublishStatement, "2027-01-01", year=2025) == [
        ("deposits.nothing-to-publish", "SD-19")
    ]
    desk.do(c.PublishStatement, "2027-01-01", year=2026)
    assert desk.refused(c.PublishStatement, "2027-01-02", year=2026) == [("deposits.year-published", None)]


@pytest.mark.clause("SD-18")
def test_without_a_rate_nothing_is_published() -> None:
    """A statement without the interest would be wrong."""
    desk = held(fees=fees(interest=GAP))
    assert desk.refused(c.PublishStatement, "2027-03-31", year=2026) == [("deposits.rate-missing", "SD-18")]


# --- release of a part ------------------------------------------------------------------------------


@pytest.mark.clause("SD-20")
def test_a_share_goes_back_with_its_interest() -> None:
    """An eighth of deposit and interest up to the day before, in one posting; the others keep theirs."""
    desk = held()
    change = desk.do(c.ReleasePart, "2028-03-20", part="decoration")
    it = desk.account()
    share = it.movements[-1]
    assert (share.kind, share.part, share.on) == (MovementKind.RELEASED, "decoration", date(2028, 3, 20))
    assert it.movements[-2].on == date(2028, 3, 20)
    assert share.amount > cny(750_000)
    assert abs(share.amount.minor - it.balance.minor // 7) <= 8
    assert it.state is S.PARTLY_RELEASED
    assert it.parts["decoration"].released_on == date(2028, 3, 20)
    assert held_by_part(it)["decoration"].held == cny(0)
    assert change.postings[-1].key == f"building-1/released/{share.number}"
    assert desk.ledger() == it.balance
    ((to, facts),) = told(desk, m.RELEASED)
    assert (to, facts["parts"], facts["amount"]) == ("developer", "decoration", share.amount)
    assert told(desk, m.PAY_OUT)[0][1]["amount"] == share.amount


def test_where_the_rulebook_says_so_a_share_goes_without_the_interest_of_the_quarter() -> None:
    """What was not due by then is credited later, to the parts that are left; with the last part all of it goes."""
    shares = (PartShare(part="decoration", weight=1), PartShare(part="installations", weight=1))
    desk = held(interest_at_release=False, shares=shares)
    desk.do(c.ReleasePart, "2028-03-20", part="decoration")
    assert desk.account().movements[-2].on < date(2028, 3, 20)
    desk.do(c.ReleasePart, "2028-03-25", part="installations")
    it = desk.account()
    assert (it.state, it.balance) == (S.RELEASED, cny(0))
    assert it.movements[-2].on == date(2028, 3, 25)


@pytest.mark.clause("SD-20")
def test_a_part_is_released_after_its_warranty() -> None:
    """On the last day of the warranty it is refused, with that day; on the next it is not."""
    desk = no_interest()
    (reason,) = desk.reasons(c.ReleasePart, "2028-03-02", part="decoration")
    assert dict(reason.facts) == {"part": "decoration", "last": date(2028, 3, 2)}
    running = [("deposits.warranty-running", "SD-20")]
    assert desk.refused(c.ReleasePart, "2028-03-02", part="decoration") == running
    assert desk.refused(c.RequestRelease, "2028-03-02", by=DEVELOPER, part="decoration") == running
    assert desk.codes(c.ReleasePart, "2028-03-03", part="decoration") == []


@pytest.mark.clause("SD-35")
def test_at_the_end_of_the_keeping_longer_warranties_hold_nothing() -> None:
    """Where all goes back then, the structure's share may be released or asked for with the day after it."""
    desk = no_interest()
    structure = {"part": "foundation-and-structure"}
    assert desk.codes(c.ReleasePart, "2031-03-02", **structure) == [("deposits.warranty-running", "SD-20")]
    assert desk.codes(c.ReleasePart, "2031-03-03", **structure) == []
    assert desk.codes(c.RequestRelease, "2031-03-03", by=DEVELOPER, **structure) == []
    carried = no_interest(at_the_limit=AtTheLimit.CARRIED)
    assert carried.codes(c.ReleasePart, "2031-03-03", **structure) == [("deposits.warranty-running", "SD-20")]


def test_a_part_is_released_once() -> None:
    """The second time is refused, with the day of the first; so is a part that is none."""
    desk = no_interest()
    desk.do(c.ReleasePart, "2028-03-03", part="decoration")
    gone = [("deposits.part-released", None)]
    assert desk.refused(c.ReleasePart, "2028-03-04", part="decoration") == gone
    assert desk.refused(c.RequestRelease, "2028-03-04", by=DEVELOPER, part="decoration") == gone
    unknown = [("deposits.part-unknown", None)]
    assert desk.refused(c.ReleasePart, "2028-03-04", part="lifts") == unknown
    assert desk.refused(c.RequestRelease, "2028-03-04", by=DEVELOPER, part="lifts") == unknown


def test_where_the_days_count_from_a_request_it_is_asked_for() -> None:
    """Nothing is released before the developer asks; he asks once, and the first day counts."""
    desk = no_interest(release_since=ReleaseSince.REQUESTED)
    assert desk.refused(c.ReleasePart, "2028-03-03", part="decoration") == [
        ("deposits.release-not-requested", "SD-20")
    ]
    desk.do(c.RequestRelease, "2028-03-10", by=DEVELOPER, part="decoration")
    ((to, facts),) = told(desk, m.RELEASE_REQUESTED)
    assert (to, facts["part"], facts["last"]) == ("authority", "decoration", date(2028, 4, 9))
    desk.do(c.RequestRelease, "2028-03-12", by=DEVELOPER, part="decoration")
    assert desk.account().parts["decoration"].requested_on == date(2028, 3, 10)
    desk.do(c.ReleasePart, "2028-03-13", part="decoration")


@pytest.mark.clause("SD-21")
def test_a_serious_defect_holds_the_release_of_its_part() -> None:
    """Until it is repaired; other parts are released, and where the rulebook says so it holds nothing."""
    desk = no_interest()
    desk.do(c.RecordDefect, "2028-02-01", by=MANAGER, name="d-1", part="decoration", what="floor")
    (reason,) = desk.reasons(c.ReleasePart, "2028-03-03", part="decoration")
    assert dict(reason.facts) == {"defect": "d-1", "part": "decoration", "what": "floor"}
    holds = [("deposits.serious-defect", "SD-21")]
    assert desk.refused(c.ReleasePart, "2028-03-03", part="decoration") == holds
    assert desk.refused(c.ReleaseRest, "2031-03-03") == holds
    assert desk.codes(c.ReleasePart, "2028-03-03", part="installations") == []
    rules = desk.rules
    desk.rules = policy(interest_days=(), serious_defect_holds=False)
    assert desk.codes(c.ReleasePart, "2028-03-03", part="decoration") == []
    desk.rules = rules
    desk.do(c.RepairDefect, "2028-03-04", name="d-1")
    assert desk.codes(c.ReleasePart, "2028-03-04", part="decoration") == []


def test_an_open_claim_holds_the_release_of_its_part() -> None:
    """Until it is settled; where the rulebook says so it holds nothing but what was approved for it."""
    desk = no_interest()
    claim = {"by": PROGRAM, "claim": "claim-1", "part": "decoration"}
    desk.do(c.BookDepositClaim, "2028-02-01", open=True, **claim)
    (reason,) = desk.reasons(c.ReleasePart, "2028-03-03", part="decoration")
    assert dict(reason.facts) == {"claim": "claim-1", "part": "decoration"}
    holds = [("deposits.claim-open", "PRACTICE")]
    assert desk.refused(c.ReleasePart, "2028-03-03", part="decoration") == holds
    assert desk.refused(c.ReleaseRest, "2031-03-03") == holds
    assert desk.codes(c.ReleasePart, "2028-03-03", part="installations") == []
    rules = desk.rules
    desk.rules = policy(interest_days=(), open_claim_holds=False)
    assert desk.codes(c.ReleasePart, "2028-03-03", part="decoration") == []
    desk.rules = rules
    desk.do(c.BookDepositClaim, "2028-03-04", open=False, **claim)
    assert desk.codes(c.ReleasePart, "2028-03-04", part="decoration") == []


def test_what_was_approved_for_a_claim_stays_covered() -> None:
    """5,250,000 are left after a part of 750,000 is released: as much may be approved, and no cent more."""
    desk = no_interest()
    claim = {"by": PROGRAM, "claim": "claim-1", "part": "leakage", "open": True}
    desk.do(c.BookDepositClaim, "2028-02-01", budget=cny(5_250_000), **claim)
    assert desk.codes(c.ReleasePart, "2028-03-03", part="decoration") == []
    desk.do(c.BookDepositClaim, "2028-02-02", budget=cny("5250000.01"), **claim)
    (reason,) = desk.reasons(c.ReleasePart, "2028-03-03", part="decoration")
    assert dict(reason.facts) == {"left": cny(5_250_000), "budgets": cny("5250000.01")}
    assert desk.refused(c.ReleasePart, "2028-03-03", part="decoration") == [
        ("deposits.budgets-uncovered", None)
    ]


def test_where_a_rate_is_missing_that_is_the_reason() -> None:
    """What a release would leave is not known, and not compared with what was approved."""
    desk = held(fees=fees(interest=None))
    claim = {"by": PROGRAM, "claim": "claim-1", "part": "leakage", "open": True}
    desk.do(c.BookDepositClaim, "2028-02-01", budget=cny(7_000_000), **claim)
    assert desk.refused(c.ReleasePart, "2028-03-03", part="decoration") == [
        ("deposits.rate-missing", "SD-18")
    ]


@pytest.mark.clause("SD-20")
def test_a_developer_that_did_not_perform_gets_the_rest_by_decision() -> None:
    """Where the deposit was used for a part, its release needs a reason; other parts need none."""
    desk = no_interest()
    use(desk, 100_000)
    (reason,) = desk.reasons(c.ReleasePart, "2028-03-03", part="decoration")
    assert dict(reason.facts) == {"part": "decoration", "used": cny(100_000)}
    undecided = [("deposits.duty-not-performed", "SD-20")]
    assert desk.refused(c.ReleasePart, "2028-03-03", part="decoration") == undecided
    assert desk.refused(c.ReleaseRest, "2031-03-03") == undecided
    assert desk.codes(c.ReleasePart, "2028-03-03", part="installations") == []
    desk.do(c.ReleasePart, "2028-03-03", part="decoration", decision="settled with the owners")
    assert desk.account().movements[-1].amount == cny(650_000)
    other = no_interest(released_if_performed=False)
    use(other, 100_000)
    assert other.codes(c.ReleasePart, "2028-03-03", part="decoration") == []


def test_a_release_does_not_go_behind_what_moved() -> None:
    """Entered for a day before the last movement it is refused, with that day."""
    desk = held()
    desk.do(c.CreditInterest, "2028-03-21")
    assert desk.refused(c.ReleasePart, "2028-03-20", part="decoration") == [("deposits.later-movement", None)]
    (reason,) = desk.reasons(c.ReleasePart, "2028-03-20", part="decoration")
    assert dict(reason.facts) == {"last": date(2028, 3, 21)}


def test_with_the_last_part_everything_is_released() -> None:
    """Part after part, the account is empty to the cent with the last one."""
    desk = held(kept_at_most=None, released_if_performed=False)
    use(desk, 123_456)
    ends = {name: part.until for name, part in desk.account().parts.items()}
    for name in sorted(PARTS, key=lambda part: ends[part] or date.max):
        day = ends[name]
        assert day is not None
        if name == "foundation-and-structure":
            assert desk.account().state is S.PARTLY_RELEASED
            day = date(2076, 3, 3)
        desk.do(c.ReleasePart, day, part=name)
        it = desk.account()
        parts = held_by_part(it)
        assert total((each.held for each in parts.values()), "CNY") == it.balance == desk.ledger()
    assert (it.state, it.balance) == (S.RELEASED, cny(0))
    released = [each for each in it.movements if each.kind is MovementKind.RELEASED]
    assert {each.part for each in released} == set(PARTS)


def test_a_part_of_which_nothing_is_left_is_released_without_a_posting() -> None:
    """A claim used all of it: the part is released, nothing moves, and the bank pays nothing."""
    shares = (PartShare(part="decoration", weight=1), PartShare(part="installations", weight=1))
    desk = no_interest(shares=shares)
    use(desk, 3_000_000)
    change = desk.do(c.ReleasePart, "2028-03-03", part="decoration", decision="nothing left")
    assert change.postings == ()
    assert told(desk, m.PAY_OUT) == []
    assert told(desk, m.RELEASED)[0][1]["amount"] == cny(0)
    assert desk.account().parts["decoration"].released_after == len(desk.account().movements)
    assert desk.account().state is S.PARTLY_RELEASED


def test_parts_without_a_share_go_with_the_last_that_has_one() -> None:
    """The structure's warranty runs on; as nothing is held for it, the account is released with the decoration."""
    shares = (
        PartShare(part="decoration", weight=1),
        PartShare(part="foundation-and-structure", weight=0),
    )
    desk = no_interest(shares=shares)
    desk.do(c.ReleasePart, "2028-03-03", part="decoration")
    it = desk.account()
    assert (it.state, it.balance) == (S.RELEASED, cny(0))
    assert it.parts["foundation-and-structure"].released_on == date(2028, 3, 3)
    assert told(desk, m.RELEASED)[0][1]["parts"] == "decoration, foundation-and-structure"
    assert len(desk.changes[-1].postings) == 1


# --- the limit --------------------------------------------------------------------------------------


@pytest.mark.clause("SD-18", "SD-35")
def test_at_the_limit_all_that_is_left_goes_back() -> None:
    """Five years from 2 March 2026 end with 2 March 2031: on the day after all goes, a posting for each part."""
    desk = held()
    desk.do(c.ReleasePart, "2028-03-03", part="decoration")
    (reason,) = desk.reasons(c.ReleaseRest, "2031-03-02")
    assert dict(reason.facts) == {"last": date(2031, 3, 2)}
    assert desk.refused(c.ReleaseRest, "2031-03-02") == [("deposits.limit-not-reached", "SD-18")]
    change = desk.do(c.ReleaseRest, "2031-03-03")
    it = desk.account()
    assert (it.state, it.balance) == (S.RELEASED, cny(0))
    left = [each for each in change.postings if each.kind == "released"]
    assert len(left) == len(PARTS) - 1
    assert desk.ledger() == cny(0)
    assert all(part.released_on is not None for part in it.parts.values())
    (pay_out,) = told(desk, m.PAY_OUT)
    assert pay_out[1]["amount"] == total((each.amount for each in left), "CNY")


@pytest.mark.clause("SD-35")
def test_where_longer_warranties_are_carried_the_rest_stays() -> None:
    """The limit releases nothing by itself: every part waits for its own warranty."""
    desk = no_interest(at_the_limit=AtTheLimit.CARRIED)
    assert desk.refused(c.ReleaseRest, "2031-03-03") == [("deposits.shares-stay", "SD-35")]


@pytest.mark.clause("SD-18")
def test_without_a_limit_nothing_ends() -> None:
    """No longest keeping, one beyond the calendar, and one that counts from a payment that is not complete."""
    for given in ({"kept_at_most": None}, {"kept_at_most": Period(months=200_000)}):
        desk = no_interest(**given)
        assert desk.refused(c.ReleaseRest, "2076-01-01") == [("deposits.no-limit", "SD-18")]
    unpaid = no_interest(kept_since=KeptSince.PAID_IN_FULL)
    unpaid.do(c.ReassessDeposit, "2026-04-01", cost=cny(140_000_000), reason="settled cost")
    assert unpaid.refused(c.ReleaseRest, "2076-01-01") == [("deposits.no-limit", "SD-18")]


def test_the_keeping_may_count_from_the_payment() -> None:
    """Paid in full on 2 February 2026, it ends with 2 February 2031."""
    desk = no_interest(kept_since=KeptSince.PAID_IN_FULL)
    assert desk.codes(c.ReleaseRest, "2031-02-02") == [("deposits.limit-not-reached", "SD-18")]
    assert desk.codes(c.ReleaseRest, "2031-02-03") == []


# --- the end ----------------------------------------------------------------------------------------


def test_a_released_account_is_closed() -> None:
    """With a reason, and the developer hears it; its last years are published all the same."""
    desk = no_interest()
    desk.do(c.ReleaseRest, "2031-03-03")
    desk.do(c.CloseDeposit, "2031-04-01", reason="all released")
    it = desk.account()
    assert (it.state, it.closed_on, it.why) == (S.CLOSED, date(2031, 4, 1), "all released")
    assert told(desk, m.CLOSED)[0][1]["reason"] == "all released"
    assert {type(said) for said in desk.clock("2040-01-01")} == {c.PublishStatement}
    assert desk.account().published == tuple(range(2026, 2032))
    assert desk.clock("2060-01-01") == []


def test_an_account_with_money_in_it_is_not_closed() -> None:
    """A project that is given up with something paid in: what is held is the reason, until it is refunded."""
    desk = DepositDesk()
    desk.pay(amount=cny(100))
    assert desk.refused(c.CloseDeposit, "2026-02-03", reason="given up") == [("deposits.still-held", None)]
    desk.do(c.ReassessDeposit, "2026-02-03", cost=cny(0), reason="given up")
    assert desk.account().state is S.EXEMPT
    desk.do(c.CloseDeposit, "2026-02-03", reason="given up")
    assert desk.account().state is S.CLOSED


def test_what_was_posted_of_the_surcharge_is_brought_to_what_is_owed_at_the_end() -> None:
    """An exemption on the day of the last posting takes that day off: the difference is taken back with the closing."""
    desk = DepositDesk()
    desk.notify()
    desk.do(c.OrderPayment, "2026-02-10", by_day=date(2026, 3, 1))
    desk.do(c.PaySurcharge, "2026-03-03", by=BANK, amount=cny(18_000))
    desk.do(
        c.ReassessDeposit,
        "2026-03-03",
        grounds=(approved("insurance", shown=("insured",)),),
        reason="insured on the third day",
    )
    change = desk.do(c.CloseDeposit, "2026-03-03", reason="insured")
    assert [(each.kind, each.amount) for each in change.postings] == [("surcharge", cny(18_000))]
    posted = desk.account().surcharged
    assert sum(1 for each in posted if each.charge is not None) == len(posted) - 1


def test_other_commands_are_not_for_an_account_that_keeps_nothing() -> None:
    """What only an account with a handed-over building takes is refused before."""
    desk = DepositDesk()
    desk.pay()
    assert desk.refused(c.ReleasePart, "2028-03-03", part="decoration") == [("lifecycle.not-in-state", None)]


# --- when nothing holds a part any more --------------------------------------------------------------


@pytest.mark.clause("SD-21")
def test_when_the_last_defect_is_repaired_after_the_end_that_is_told() -> None:
    """Authority and developer hear that nothing holds the part any more, with its share."""
    desk = no_interest()
    for name in ("d-1", "d-2"):
        desk.do(c.RecordDefect, "2028-02-01", by=MANAGER, name=name, part="decoration", what="floor")
    desk.do(c.RecordDefect, "2028-02-01", by=MANAGER, name="d-3", part="leakage", what="wet")
    desk.do(c.RecordDefect, "2028-02-01", by=MANAGER, name="d-4", part="installations", what="wires")
    desk.do(c.RepairDefect, "2028-02-02", name="d-4")
    assert told(desk, m.RELEASE_FREE) == []
    desk.clock("2028-04-02")
    desk.do(c.RepairDefect, "2028-09-01", name="d-1")
    assert told(desk, m.RELEASE_FREE) == []
    desk.do(c.RepairDefect, "2028-09-02", name="d-2")
    found = told(desk, m.RELEASE_FREE)
    assert [to for to, _ in found] == ["authority", "developer"]
    assert (found[0][1]["part"], found[0][1]["share"]) == ("decoration", cny(750_000))


def test_when_the_last_claim_is_settled_after_the_end_that_is_told() -> None:
    """A claim given up, or paid, frees its part as a repair does; where it holds nothing, nothing is said."""
    desk = no_interest()
    claim: dict[str, Any] = {"by": PROGRAM, "claim": "claim-1", "part": "decoration"}
    desk.do(c.BookDepositClaim, "2028-02-01", open=True, **claim)
    desk.do(c.BookDepositClaim, "2028-02-01", open=True, **(claim | {"claim": "claim-2"}))
    desk.clock("2028-04-02")
    desk.do(c.BookDepositClaim, "2028-09-01", open=False, **claim)
    assert told(desk, m.RELEASE_FREE) == []
    paid = {"amount": cny(50_000), "payee": Payee.REPAIRER, "to": "repairer"}
    before = desk.account()
    desk.do(c.DrawDeposit, "2028-09-02", **(claim | {"claim": "claim-2"}), **paid)
    assert told(desk, m.RELEASE_FREE)[1] == (
        "developer",
        {**told(desk, m.RELEASE_FREE)[0][1], "share": cny(700_000)},
    )
    desk.aggregates[before.key] = before
    desk.rules = policy(interest_days=(), open_claim_holds=False)
    desk.do(c.DrawDeposit, "2028-09-02", **(claim | {"claim": "claim-2"}), **paid)
    assert told(desk, m.RELEASE_FREE) == []


def test_of_a_part_that_was_released_nothing_is_freed() -> None:
    """Its claim may still be settled where an open claim holds nothing."""
    desk = no_interest(open_claim_holds=False)
    claim: dict[str, Any] = {"by": PROGRAM, "claim": "claim-1", "part": "decoration"}
    desk.do(c.BookDepositClaim, "2028-02-01", open=True, **claim)
    desk.clock("2028-04-02")
    desk.do(c.ReleasePart, "2028-04-03", part="decoration")
    desk.rules = policy(interest_days=())
    desk.do(c.BookDepositClaim, "2028-04-04", open=False, **claim)
    assert told(desk, m.RELEASE_FREE) == []


@pytest.mark.clause("SD-21")
def test_the_release_of_another_part_leaves_what_a_defect_holds() -> None:
    """5,250,000 are left of which a claim has 4,500,000 approved: the defect's 750,000 stay too, and no cent less."""
    desk = no_interest()
    claim: dict[str, Any] = {"by": PROGRAM, "claim": "claim-1", "part": "leakage", "open": True}
    desk.do(c.RecordDefect, "2028-02-01", by=MANAGER, name="d-1", part="installations", what="wires")
    desk.do(c.BookDepositClaim, "2028-02-01", budget=cny(4_500_000), **claim)
    assert desk.codes(c.ReleasePart, "2028-03-03", part="decoration") == []
    desk.do(c.BookDepositClaim, "2028-02-02", budget=cny("4500000.01"), **claim)
    (reason,) = desk.reasons(c.ReleasePart, "2028-03-03", part="decoration")
    assert dict(reason.facts) == {"left": cny(5_250_000), "budgets": cny("5250000.01")}
