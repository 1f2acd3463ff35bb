"""Whose business a claim is: the check with the developer, disputes, tests, approval and what ends it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from claims_at_work import BODY, CLAIM, COMMITTEE, FOREMAN, MANAGER, OWNER, ClaimDesk, lines, with_
from deposit_desk import AUTHORITY, DEVELOPER, OURS, cny

from servflow.core.changes import Actor, Command
from servflow.core.citations import Cited, Clause, Dated, Since
from servflow.core.deposits.accounts.model import ClaimBooked
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims import messages
from servflow.core.deposits.claims.states import ClaimState, DeveloperSays

S = ClaimState
SAYS = DeveloperSays


# --- the check with the developer -----------------------------------------------------------------------


@pytest.mark.clause("SD-13")
@pytest.mark.parametrize("says", DeveloperSays)
def test_what_the_developer_says_is_on_record_and_told(says: DeveloperSays) -> None:
    """He reads what was taken down."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.CheckWithDeveloper, says=says)
    assert (desk.claim().state, desk.claim().developer_says) == (S.CHECKED, says)
    assert desk.told(messages.CHECKED) == {"developer": {"says": says.value}}


def test_a_message_says_which_claim_it_is_about() -> None:
    """Claim, account, part, and what is wrong."""
    desk = ClaimDesk()
    desk.reach(S.CHECKED)
    *_, message = desk.messages
    assert message.facts[:4] == (
        ("claim", CLAIM),
        ("account", "building-1"),
        ("part", "roof-waterproofing"),
        ("what", "the roof leaks"),
    )
    assert message.key.endswith("/deposits.claim.checked/developer")
    assert message.supersedes == (messages.CHECKED,)


@pytest.mark.clause("SD-13")
def test_nothing_is_approved_before_the_developer_was_heard() -> None:
    """The refusal says who is to be asked."""
    desk = ClaimDesk()
    desk.file()
    (reason,) = desk.reasons(c.ApproveClaim)
    assert (reason.code, reason.clause) == ("deposits.developer-not-heard", Clause("SD-13"))
    assert dict(reason.facts) == {"developer": "developer"}


@pytest.mark.clause("SD-13", "SD-15")
def test_a_test_does_not_replace_the_check() -> None:
    """Where the authority had it tested at once, the developer is still asked."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.OrderTest)
    desk.do(c.RecordTest)
    assert desk.codes(c.ApproveClaim) == [("developer-not-heard", "SD-13")]
    desk.do(c.CheckWithDeveloper)
    assert desk.claim().state is S.TESTED
    desk.do(c.ApproveClaim)
    assert desk.claim().state is S.APPROVED


@pytest.mark.clause("SD-13")
def test_where_the_developer_need_not_be_heard_a_test_is_enough() -> None:
    """One of both is needed even so: then no clause says it."""
    desk = ClaimDesk(developer_heard=False)
    desk.file()
    assert desk.codes(c.ApproveClaim) == [("developer-not-heard", None)]
    desk.do(c.OrderTest)
    desk.do(c.RecordTest)
    desk.do(c.ApproveClaim)
    assert desk.claim().state is S.APPROVED


@pytest.mark.clause("SD-9")
@pytest.mark.parametrize(
    ("says", "approved"),
    [(SAYS.REFUSES, True), (SAYS.NO_ANSWER, True), (SAYS.CANNOT, True), (SAYS.WILL_REPAIR, False)],
)
def test_a_deposit_is_used_where_the_developer_does_not_perform(says: DeveloperSays, approved: bool) -> None:
    """He refuses, does not answer, cannot; where he says that he repairs it, he is waited for."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.CheckWithDeveloper, says=says)
    if approved:
        desk.do(c.ApproveClaim)
        assert desk.claim().state is S.APPROVED
    else:
        assert desk.codes(c.ApproveClaim) == [("developer-repairs", "SD-9")]


@pytest.mark.clause("SD-9")
def test_a_promise_that_is_not_kept_holds_nothing() -> None:
    """He said that he repairs it, and did not: what he says last counts."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.CheckWithDeveloper, says=SAYS.WILL_REPAIR)
    desk.do(c.CheckWithDeveloper, says=SAYS.NO_ANSWER)
    desk.do(c.ApproveClaim)
    assert desk.claim().state is S.APPROVED


# --- disputes and tests ---------------------------------------------------------------------------------


@pytest.mark.clause("SD-15")
def test_who_disputes_has_it_tested() -> None:
    """The body and the day are on record; a promise that he made before is off."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.CheckWithDeveloper, says=SAYS.WILL_REPAIR)
    desk.do(c.DisputeLiability)
    it = desk.claim()
    assert (it.state, it.disputed, it.developer_says) == (S.DISPUTED, "we did not build it so", None)
    (test,) = it.tests
    assert (test.body, test.ordered_on, test.by_order) == (BODY.serves, date(2026, 6, 10), False)
    assert (test.liable, test.found_on, it.found_liable) == (None, None, None)


@pytest.mark.clause("SD-15")
def test_a_test_may_be_ordered() -> None:
    """The developer hears by whom; another body may be named as long as nothing is found."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.OrderTest, body="body-1")
    assert desk.told(messages.TEST_ORDERED) == {"developer": {"body": "body-1"}}
    desk.do(c.OrderTest)
    it = desk.claim()
    assert it.state is S.DISPUTED
    assert [(test.body, test.by_order) for test in it.tests] == [("body-1", True), (BODY.serves, True)]


@pytest.mark.clause("SD-15")
@pytest.mark.parametrize(("kind", "by"), [(c.DisputeLiability, DEVELOPER), (c.OrderTest, AUTHORITY)])
@pytest.mark.parametrize("body", ["developer", "property-manager"])
def test_nobody_tests_what_is_his_own_business(kind: type[Command], by: Actor, body: str) -> None:
    """Neither the developer nor who asks is an inspection body, whoever names it."""
    desk = ClaimDesk()
    desk.file()
    (reason,) = desk.reasons(kind, by=by, body=body)
    assert (reason.code, reason.clause) == ("deposits.not-independent", Clause("SD-15"))
    assert dict(reason.facts) == {"body": body}


@pytest.mark.clause("SD-15")
@pytest.mark.parametrize("by", [DEVELOPER, MANAGER, FOREMAN])
def test_what_a_test_found_is_said_by_the_body_or_the_authority(by: Actor) -> None:
    """Not by the developer, who would be glad to say it, nor by who asks."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    assert [reason.code for reason in desk.reasons(c.RecordTest, by=by, liable=False)] == [
        "lifecycle.not-yours"
    ]


@pytest.mark.clause("SD-15")
def test_a_test_that_is_not_brought_is_not_waited_for() -> None:
    """It was the developer's to have made: the authority checks again, and approval is open."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    assert desk.codes(c.ApproveClaim, "2026-09-10") == [("test-open", "SD-15")]
    desk.do(c.CheckWithDeveloper, "2026-09-10", says=SAYS.NO_ANSWER)
    it = desk.claim()
    assert (it.state, it.developer_says, it.found_liable) == (S.CHECKED, SAYS.NO_ANSWER, None)
    desk.do(c.ApproveClaim, "2026-09-10")
    assert desk.claim().state is S.APPROVED


@pytest.mark.clause("SD-15")
def test_who_gives_his_dispute_up_may_say_that_he_repairs() -> None:
    """Then he is waited for, as if he had said so at once."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    desk.do(c.CheckWithDeveloper, says=SAYS.WILL_REPAIR)
    assert desk.codes(c.ApproveClaim) == [("developer-repairs", "SD-9")]


@pytest.mark.clause("SD-11", "SD-15")
@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"liable": False}, ("not-liable", "SD-15")),
        ({"liable": True, "cause": "misuse"}, ("cause-found-excluded", "SD-11")),
    ],
)
def test_a_second_test_that_is_not_brought_leaves_the_first(
    found: dict[str, Any], code: tuple[str, str]
) -> None:
    """Ordering tests that nobody makes does not do away with what one found, however many are ordered."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    desk.do(c.RecordTest, **found)
    desk.do(c.OrderTest, body="body-2")
    desk.do(c.OrderTest, body="body-3")
    desk.do(c.CheckWithDeveloper, says=SAYS.REFUSES)
    assert desk.claim().found_liable is found["liable"]
    assert desk.codes(c.ApproveClaim) == [code]


@pytest.mark.clause("SD-15")
def test_while_it_is_tested_nothing_is_approved() -> None:
    """The refusal says on whom it waits."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    (reason,) = desk.reasons(c.ApproveClaim)
    assert (reason.code, reason.clause) == ("deposits.test-open", Clause("SD-15"))
    assert dict(reason.facts) == {"body": BODY.serves}


@pytest.mark.clause("SD-15")
@pytest.mark.parametrize("by", [BODY, AUTHORITY])
def test_what_was_found_stands_with_the_test(by: Any) -> None:
    """Whoever enters it, the body or the authority."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    desk.do(c.RecordTest, "2026-07-01", by=by)
    (test,) = desk.claim().tests
    assert (test.liable, test.report, test.found_on) == (True, "report-1", date(2026, 7, 1))
    assert (test.body, test.ordered_on) == (BODY.serves, date(2026, 6, 10))
    assert desk.claim().found_liable is True


@pytest.mark.clause("SD-15")
def test_a_developer_who_disputed_and_is_liable_has_been_heard() -> None:
    """His dispute was his answer; nobody has to ask him again."""
    desk = ClaimDesk()
    desk.file()
    desk.do(c.DisputeLiability)
    desk.do(c.RecordTest)
    desk.do(c.ApproveClaim)
    assert desk.claim().state is S.APPROVED


@pytest.mark.clause("SD-15")
def test_who_is_not_liable_does_not_pay() -> None:
    """The refusal names the report."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    desk.do(c.RecordTest, liable=False, report="report-7")
    (reason,) = desk.reasons(c.ApproveClaim)
    assert (reason.code, reason.clause) == ("deposits.not-liable", Clause("SD-15"))
    assert dict(reason.facts) == {"report": "report-7"}


@pytest.mark.clause("SD-15")
def test_where_a_test_does_not_bind_the_authority_weighs_what_it_found() -> None:
    """It may use the deposit against the finding; as long as the test is open, it may not even so."""
    desk = ClaimDesk(disputes_tested=False)
    desk.reach(S.DISPUTED)
    assert desk.codes(c.ApproveClaim) == [("test-open", None)]
    desk.do(c.RecordTest, liable=False)
    desk.do(c.ApproveClaim)
    assert desk.claim().state is S.APPROVED


@pytest.mark.clause("SD-15")
def test_the_last_test_counts() -> None:
    """Where the authority has it tested again, the first finding does not hold any more."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    desk.do(c.RecordTest, liable=False)
    desk.do(c.OrderTest, body="another-body")
    assert desk.claim().found_liable is None
    desk.do(c.RecordTest, by=AUTHORITY, report="report-2")
    desk.do(c.ApproveClaim)
    assert [test.liable for test in desk.claim().tests] == [False, True]
    assert desk.claim().state is S.APPROVED


@pytest.mark.clause("SD-11")
def test_a_cause_that_a_test_found_may_be_excluded() -> None:
    """Then it is not approved, whatever was said of liability."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    desk.do(c.RecordTest, cause="misuse")
    (reason,) = desk.reasons(c.ApproveClaim)
    assert (reason.code, reason.clause) == ("deposits.cause-found-excluded", Clause("SD-11"))
    assert dict(reason.facts) == {"cause": "misuse", "report": "report-1"}


@pytest.mark.clause("SD-11")
def test_a_cause_is_found_in_the_words_of_the_rulebook() -> None:
    """Else a word that is written otherwise would be approved unnoticed."""
    desk = ClaimDesk()
    desk.reach(S.DISPUTED)
    (reason,) = desk.reasons(c.RecordTest, cause="force majeure")
    assert (reason.code, reason.clause) == ("deposits.cause-unknown", Clause("SD-11"))
    assert (
        dict(reason.facts)["known"]
        == "misuse, unauthorised-alteration, improper-decoration, not-built-by-developer, force-majeure"
    )


@pytest.mark.clause("SD-11")
def test_the_rules_of_the_day_of_filing_say_what_is_excluded() -> None:
    """A cause that was excluded later does not turn against a claim that was filed before."""
    later = Dated(
        "exclusions",
        [
            Since(date.min, Cited(("misuse",), Clause("SD-11"))),
            Since(date(2026, 7, 1), Cited(("force-majeure",), Clause("X-1"))),
        ],
    )
    desk = ClaimDesk(exclusions=later)
    desk.reach(S.DISPUTED)
    assert desk.codes(c.RecordTest, "2026-07-02", cause="force-majeure") == [("cause-unknown", "SD-11")]
    desk.do(c.RecordTest, "2026-07-02", cause="misuse")
    assert desk.codes(c.ApproveClaim, "2026-07-02") == [("cause-found-excluded", "SD-11")]


# --- approval, and the ends -----------------------------------------------------------------------------


def test_who_asked_and_the_developer_hear_that_it_is_approved() -> None:
    """Nothing is set aside before there is a budget."""
    desk = ClaimDesk()
    desk.reach(S.APPROVED)
    assert desk.told(messages.APPROVED) == {"property-manager": {}, "developer": {}}
    assert desk.account().claims[CLAIM] == ClaimBooked(part="roof-waterproofing", open=True)


@pytest.mark.parametrize("state", [S.FILED, S.CHECKED, S.DISPUTED, S.TESTED])
def test_a_refusal_says_why_and_is_booked(state: ClaimState) -> None:
    """To who asked and to the developer; the account knows that it is settled."""
    desk = ClaimDesk()
    desk.reach(state)
    desk.do(c.RefuseClaim)
    assert (desk.claim().state, desk.claim().why) == (S.REFUSED, "not serious")
    told = {"reason": "not serious"}
    assert desk.told(messages.REFUSED) == {"property-manager": told, "developer": told}
    assert desk.account().claims[CLAIM] == ClaimBooked(part="roof-waterproofing", open=False)


@pytest.mark.parametrize("state", [S.APPROVED, S.ASSIGNED, S.BUDGETED, S.REPAIRED])
def test_what_was_approved_wrongly_is_revoked(state: ClaimState) -> None:
    """Until the cost list is signed; what was set aside is free, and a repairer hears why."""
    desk = ClaimDesk()
    desk.reach(state)
    desk.do(c.RefuseClaim, reason="it was misuse after all")
    told = {"reason": "it was misuse after all"}
    repairer = {"contractor-1": told} if state is not S.APPROVED else {}
    assert desk.claim().state is S.REFUSED
    assert desk.told(messages.REFUSED) == {"property-manager": told, "developer": told} | repairer
    assert desk.account().claims[CLAIM] == ClaimBooked(part="roof-waterproofing", open=False)


@pytest.mark.clause("SD-9")
@pytest.mark.parametrize("state", [S.FILED, S.CHECKED, S.DISPUTED, S.TESTED, S.APPROVED, S.ASSIGNED])
@pytest.mark.parametrize("by", [AUTHORITY, MANAGER])
def test_a_developer_may_still_perform(state: ClaimState, by: Any) -> None:
    """Until work starts: then the deposit is not needed."""
    desk = ClaimDesk()
    desk.reach(state)
    desk.do(c.ConfirmPerformance, "2026-06-20", by=by)
    assert (desk.claim().state, desk.claim().repaired_on) == (S.PERFORMED, date(2026, 6, 20))
    assert not desk.account().claims[CLAIM].open
    assert desk.account().balance == cny(6_000_000)


@pytest.mark.parametrize("state", [S.FILED, S.CHECKED, S.DISPUTED, S.TESTED, S.APPROVED, S.ASSIGNED])
def test_who_asked_may_withdraw(state: ClaimState) -> None:
    """Until work starts; the account knows it."""
    desk = ClaimDesk()
    desk.reach(state)
    desk.do(c.WithdrawClaim)
    assert (desk.claim().state, desk.claim().why) == (S.WITHDRAWN, "it is dry again")
    assert not desk.account().claims[CLAIM].open


@pytest.mark.clause("SD-12")
@pytest.mark.parametrize("emergency", [False, True])
def test_of_several_only_who_filed_it_withdraws(emergency: bool) -> None:
    """The others hear of it; they do not end what he asked for."""
    desk = ClaimDesk()
    asks = {"together_with": (with_(COMMITTEE, "owners-committee"),)}
    if emergency:
        desk = ClaimDesk(emergency_claimants=("owner", "owners-committee"))
        desk.do(c.FileEmergencyClaim, **asks)
        desk.do(c.CheckWithDeveloper)
        desk.do(c.ApproveClaim)
        filer, role = OWNER, "owner"
    else:
        desk.file(**asks)
        filer, role = MANAGER, "property-manager"
    (reason,) = desk.reasons(c.WithdrawClaim, by=COMMITTEE)
    assert (reason.code, reason.clause) == ("deposits.filed-by-another", Clause("SD-12"))
    party = OWNER.party if emergency else "property-manager"
    assert dict(reason.facts) == {"role": role, "party": party}
    desk.do(c.WithdrawClaim, by=filer)
    assert desk.claim().state is S.WITHDRAWN
    told = {"reason": "it is dry again"}
    assert desk.told(messages.WITHDRAWN) == dict.fromkeys((OURS, "developer", "committee"), told)


def test_a_withdrawn_claim_frees_what_was_set_aside() -> None:
    """The budget that was approved before another one was handed in goes with it."""
    desk = ClaimDesk()
    desk.reach(S.BUDGETED)
    desk.do(c.HandInBudget, amount=cny(40_000))
    desk.do(c.WithdrawClaim)
    assert desk.account().claims[CLAIM] == ClaimBooked(part="roof-waterproofing", open=False)


# --- emergencies ----------------------------------------------------------------------------------------


@pytest.mark.clause("SD-16")
@pytest.mark.parametrize(
    ("says", "clear"),
    [(SAYS.REFUSES, True), (SAYS.CANNOT, True), (SAYS.NO_ANSWER, False), (SAYS.WILL_REPAIR, False)],
)
def test_an_emergency_is_reimbursed_once_liability_is_clear(says: DeveloperSays, clear: bool) -> None:
    """The developer said that he does not perform or cannot; that he is silent makes nothing clear."""
    desk = ClaimDesk()
    desk.emergency(S.FILED)
    desk.do(c.CheckWithDeveloper, says=says)
    if clear:
        desk.do(c.ApproveClaim)
        assert desk.claim().state is S.REPAIRED
    else:
        assert desk.codes(c.ApproveClaim) == [("liability-not-clear", "SD-16")]


@pytest.mark.clause("SD-15", "SD-16")
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"liable": True}, []),
        ({"liable": False}, [("liability-not-clear", "SD-16"), ("not-liable", "SD-15")]),
        ({"liable": True, "cause": "misuse"}, [("cause-found-excluded", "SD-11")]),
    ],
)
def test_a_test_makes_liability_clear(found: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """The developer disputed it: what the body found decides."""
    desk = ClaimDesk()
    desk.emergency(S.FILED)
    desk.do(c.DisputeLiability)
    desk.do(c.RecordTest, **found)
    if expected:
        assert desk.codes(c.ApproveClaim) == expected
    else:
        desk.do(c.ApproveClaim)
        assert desk.claim().state is S.REPAIRED


@pytest.mark.clause("SD-16")
def test_what_an_emergency_cost_is_set_aside_when_it_is_approved() -> None:
    """And the owner and the developer hear of it."""
    desk = ClaimDesk()
    desk.emergency(S.REPAIRED)
    assert desk.account().claims[CLAIM] == ClaimBooked(part="leakage", open=True, budget=cny(8_000))
    assert desk.told(messages.APPROVED) == {OWNER.party: {}, "developer": {}}
    assert desk.claim().attention == ()


@pytest.mark.clause("SD-16")
def test_what_is_repaired_is_not_performed_any_more() -> None:
    """An emergency is withdrawn or refused, not repaired by the developer."""
    desk = ClaimDesk()
    desk.emergency(S.CHECKED)
    assert desk.codes(c.ConfirmPerformance) == [("repaired-already", "SD-16")]


@pytest.mark.parametrize("state", [S.REPAIRED, S.COST_LISTED])
def test_a_reimbursement_may_be_withdrawn_until_it_is_paid(state: ClaimState) -> None:
    """The developer paid the owner himself: nobody else waits for the money."""
    desk = ClaimDesk()
    desk.emergency(state)
    desk.do(c.WithdrawClaim, by=OWNER)
    assert desk.claim().state is S.WITHDRAWN
    assert desk.account().claims[CLAIM] == ClaimBooked(part="leakage", open=False)


@pytest.mark.parametrize("state", [S.REPAIRED, S.COST_LISTED])
def test_what_a_repairer_did_is_not_withdrawn(state: ClaimState) -> None:
    """His work is to be paid."""
    desk = ClaimDesk()
    desk.reach(state)
    (reason,) = desk.reasons(c.WithdrawClaim)
    assert (reason.code, reason.clause) == ("deposits.repairer-waits", Clause("SD-14"))
    assert dict(reason.facts) == {"repairer": "contractor-1"}


def test_an_authority_confirms_no_opening_in_another_state() -> None:
    """A claim is filed once: the second with its id is not taken for it."""
    desk = ClaimDesk()
    desk.file()
    kind: type[Command] = c.FileEmergencyClaim
    with pytest.raises(Exception, match=CLAIM):
        desk.do(kind, lines=lines(1))
    assert desk.claim().authority == OURS
