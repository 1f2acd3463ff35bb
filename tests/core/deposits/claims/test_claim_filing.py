"""Filing a claim: who asks for which part, in warranty, for what cause and ground; emergencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from claims_at_work import (
    CLAIM,
    COMMITTEE,
    HANDED_OVER,
    MANAGER,
    NEIGHBOUR,
    OWNER,
    REPRESENTATIVE,
    ClaimDesk,
    held,
    lines,
    with_,
)
from deposit_desk import ACCOUNT, AUTHORITY, DEVELOPER, OURS, account, approved, building, cny

from servflow.core.changes import Actor, Command, Office
from servflow.core.deposits import Claimants
from servflow.core.deposits.accounts.model import ClaimBooked
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims.model import Applicant, CostLine
from servflow.core.deposits.claims.states import ClaimState
from servflow.core.deposits.words import PartKind
from servflow.core.errors import InvalidValue
from servflow.core.money import Money

PRIVATE: dict[str, Any] = {
    "parts": PartKind.PRIVATE,
    "part": "leakage",
    "unit": "1201",
    "role": "owner",
    "by": OWNER,
}
JOINT: dict[str, Any] = {"it": held(building=building(committee=""))}
"""A building without an owners' committee."""


def by_representative(**changes: Any) -> dict[str, Any]:
    return {
        "by": REPRESENTATIVE,
        "role": "owners-representative",
        "together_with": (with_(MANAGER, "property-manager"),),
    } | changes


# --- what comes of it -----------------------------------------------------------------------------------


@pytest.mark.clause("SD-13")
def test_a_claim_begins_with_what_was_said() -> None:
    """Who asked, for which part, when it was reported and filed; the developer is the building's."""
    it = ClaimDesk().file(evidence=("photo-1",), cause="a seam")
    assert (it.state, it.version) == (ClaimState.FILED, 1)
    assert (it.authority, it.account, it.developer) == (OURS, ACCOUNT, "developer")
    assert (it.part, it.parts, it.unit, it.what) == (
        "roof-waterproofing",
        PartKind.COMMON,
        "",
        "the roof leaks",
    )
    assert (it.ground, it.cause, it.evidence) == ("not-performed", "a seam", ("photo-1",))
    assert (it.reported_on, it.filed_on) == (date(2026, 6, 1), date(2026, 6, 10))
    assert it.applicants == (Applicant(role="property-manager", party="property-manager"),)
    assert it.costs is None


def test_a_claim_is_booked_on_the_account_in_the_same_change() -> None:
    """By the authority's own rules; nothing is approved for it yet."""
    desk = ClaimDesk()
    change = desk.do(c.FileClaim)
    assert [type(entry.command).__name__ for entry in change.entries] == ["FileClaim", "BookDepositClaim"]
    assert change.entries[1].command.by == Actor.policy(OURS)
    assert desk.account().claims == {CLAIM: ClaimBooked(part="roof-waterproofing", open=True)}
    assert desk.account().balance == cny(6_000_000)


# --- who asks -------------------------------------------------------------------------------------------


@pytest.mark.clause("SD-12")
@pytest.mark.parametrize(
    ("with_committee", "said", "role"),
    [
        (True, {}, "property-manager"),
        (True, {"by": COMMITTEE, "role": "owners-committee"}, "owners-committee"),
        (True, {"together_with": (with_(COMMITTEE, "owners-committee"),)}, "property-manager"),
        (True, PRIVATE, "owner"),
        (False, PRIVATE, "owner"),
        (False, {"together_with": (with_(REPRESENTATIVE, "owners-representative"),)}, "property-manager"),
        (False, by_representative(), "owners-representative"),
        (True, PRIVATE | {"together_with": (with_(NEIGHBOUR, "owner"),)}, "owner"),
    ],
)
def test_those_who_may_ask(with_committee: bool, said: dict[str, Any], role: str) -> None:
    """The owner for his own part; manager or committee for common ones, manager and representative without one."""
    desk = ClaimDesk() if with_committee else ClaimDesk(**JOINT)
    change = desk.do(c.FileClaim, **said)
    assert change.entries[0].role == role
    together = said.get("together_with", ())
    assert [each.role for each in desk.claim().applicants] == [role, *(each.role for each in together)]


@pytest.mark.clause("SD-12")
def test_an_owner_asks_for_no_common_part() -> None:
    """It is refused with the article on applicants, and says who may."""
    (reason,) = ClaimDesk().reasons(c.FileClaim, by=OWNER, role="owner")
    assert (reason.code, reason.clause.id if reason.clause else "") == ("deposits.may-not-ask", "SD-12")
    assert dict(reason.facts) == {
        "role": "owner",
        "parts": "common",
        "may": "property-manager, owners-committee",
    }
    (reason,) = ClaimDesk(**JOINT).reasons(c.FileClaim, by=OWNER, role="owner")
    assert dict(reason.facts) == {
        "role": "owner",
        "parts": "common",
        "together": "property-manager, owners-representative",
    }


@pytest.mark.clause("SD-12")
@pytest.mark.parametrize(
    ("with_committee", "said"),
    [
        (True, {"parts": PartKind.PRIVATE, "unit": "1201"}),
        (True, by_representative(together_with=())),
        (True, {"together_with": (with_(OWNER, "owner"),)}),
        (False, {"by": COMMITTEE, "role": "owners-committee"}),
    ],
)
def test_those_who_may_not_ask(with_committee: bool, said: dict[str, Any]) -> None:
    """The manager for a private part, the representative beside a committee, an owner with the manager."""
    desk = ClaimDesk() if with_committee else ClaimDesk(**JOINT)
    assert ("may-not-ask", "SD-12") in desk.codes(c.FileClaim, **said)


@pytest.mark.clause("SD-12")
@pytest.mark.parametrize(
    ("said", "missing"),
    [({}, "owners-representative"), (by_representative(together_with=()), "property-manager")],
)
def test_without_a_committee_neither_asks_alone(said: dict[str, Any], missing: str) -> None:
    """Property manager and representative ask together, and it is said who is missing."""
    (reason,) = ClaimDesk(**JOINT).reasons(c.FileClaim, **said)
    assert reason.code == "deposits.not-together"
    assert dict(reason.facts)["missing"] == missing
    assert dict(reason.facts)["asked"] == "property-manager, owners-representative"


@pytest.mark.clause("SD-12")
def test_jointly_or_either_is_a_choice_of_the_rulebook() -> None:
    """Where committees ask together with the manager, neither asks alone."""
    together = Claimants(parts=PartKind.COMMON, by=("property-manager", "owners-committee"), jointly=True)
    desk = ClaimDesk(claimants=(together,))
    assert desk.codes(c.FileClaim) == [("not-together", "SD-12")]
    assert desk.file(together_with=(with_(COMMITTEE, "owners-committee"),)).state is ClaimState.FILED


def test_an_employer_asks_for_itself_where_its_rulebook_says_so() -> None:
    """Retention money (工程质量保证金): the authority's own staff file, in their own name."""
    desk = ClaimDesk(claimants=(Claimants(parts=PartKind.COMMON, by=("authority",)),))
    change = desk.do(c.FileClaim, by=AUTHORITY, role="authority")
    assert change.entries[0].role == "authority"
    assert desk.claim().applicants == (Applicant(role="authority", party=OURS),)


def test_nobody_elses_staff_ask_in_the_name_of_the_authority() -> None:
    """That staff of any house are heard where a claim is opened does not make them the authority."""
    desk = ClaimDesk(claimants=(Claimants(parts=PartKind.COMMON, by=("authority",)),))
    assert desk.codes(c.FileClaim, by=DEVELOPER, role="authority") == [("not-in-that-role", "SD-12")]


@pytest.mark.clause("SD-12")
@pytest.mark.parametrize(
    ("actor", "role"),
    [
        (Actor("clerk", "another-manager", Office.STAFF, ("property-manager",)), "property-manager"),
        (Actor("clerk", "another-committee", Office.STAFF, ("owners-committee",)), "owners-committee"),
        (Actor("clerk", "property-manager", Office.STAFF), "property-manager"),
        (OWNER, "property-manager"),
    ],
)
def test_who_asks_is_whom_the_building_names(actor: Actor, role: str) -> None:
    """Another company's staff, staff without the post, an owner: none speaks for the property manager."""
    assert ("not-in-that-role", "SD-12") in ClaimDesk().codes(c.FileClaim, by=actor, role=role)


@pytest.mark.clause("SD-12")
def test_a_representative_is_the_one_whom_the_building_names() -> None:
    """Another person with that post is not."""
    other = Actor("somebody", OURS, Office.PERSON, ("owners-representative",))
    assert ClaimDesk(**JOINT).codes(c.FileClaim, **by_representative(by=other)) == [
        ("not-in-that-role", "SD-12")
    ]


@pytest.mark.clause("SD-12")
@pytest.mark.clause("SD-12")
@pytest.mark.parametrize("part", ["foundation-and-structure", "roof-waterproofing", "outer-wall-insulation"])
def test_a_common_part_is_common_whatever_the_owner_calls_it(part: str) -> None:
    """For the roof no owner asks alone by calling it his own."""
    assert ClaimDesk().codes(c.FileClaim, **(PRIVATE | {"part": part})) == [("part-is-common", "SD-12")]
    assert ClaimDesk(common_parts=()).do(c.FileClaim, **(PRIVATE | {"part": part})).entries


def test_an_owner_whom_nobody_could_find_again_does_not_ask() -> None:
    """Who has no reference is nobody: he could neither sign nor be told."""
    nobody = Actor("", OURS, Office.PERSON)
    private = PRIVATE | {"by": nobody}
    assert ClaimDesk().codes(c.FileClaim, **private) == [("not-in-that-role", "SD-12")]


def test_a_building_without_a_committee_has_nobody_who_speaks_for_it() -> None:
    """Not even staff who serve nowhere."""
    nobody = Actor("nobody", "", Office.STAFF, ("owners-committee",))
    codes = ClaimDesk(**JOINT).codes(c.FileClaim, by=nobody, role="owners-committee")
    assert ("not-in-that-role", "SD-12") in codes


def test_a_representative_may_ask_as_an_owner() -> None:
    """Of two roles he speaks in the one in which he asks."""
    change = ClaimDesk().do(c.FileClaim, **(PRIVATE | {"by": REPRESENTATIVE}))
    assert change.entries[0].role == "owner"


@pytest.mark.clause("SD-12")
@pytest.mark.parametrize(
    ("other", "code"),
    [
        (with_(REPRESENTATIVE, "owners-representative", signed=""), "no-signature"),
        (with_(REPRESENTATIVE, "owners-representative", signed=" "), "no-signature"),
        (Applicant(role="owners-representative", party="somebody", signed="paper"), "not-named"),
    ],
)
def test_who_asks_with_him_has_signed_and_is_named(other: Applicant, code: str) -> None:
    """A name alone is no signature, and a signature of somebody else none either."""
    assert ClaimDesk(**JOINT).codes(c.FileClaim, together_with=(other,)) == [(code, "SD-12")]


@pytest.mark.clause("SD-12")
def test_nobody_asks_together_with_himself() -> None:
    """An owner who names himself has not found a second one."""
    said = PRIVATE | {"together_with": (with_(OWNER, "owner"),)}
    (reason,) = ClaimDesk().reasons(c.FileClaim, **said)
    assert (reason.code, reason.clause.id if reason.clause else "") == ("deposits.asks-already", "SD-12")
    assert dict(reason.facts) == {"party": OWNER.party}


# --- which account, which part --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [c.FileClaim, c.FileEmergencyClaim])
def test_without_an_account_there_is_nothing_to_use(kind: type[Command]) -> None:
    """It is refused for that alone."""
    assert ClaimDesk().codes(kind, account="building-9") == [("no-account", "SD-9")]


def test_an_account_of_another_authority_is_not_used_here() -> None:
    """Deposits keep their owner and their keeper."""
    assert ("no-account", "SD-9") in ClaimDesk(held(authority="elsewhere")).codes(c.FileClaim)


def test_a_part_that_the_building_does_not_have() -> None:
    """It is refused with the article on parts."""
    assert ClaimDesk().codes(c.FileClaim, part="lift") == [("part-unknown", "SD-10")]


@pytest.mark.clause("SD-2")
@pytest.mark.parametrize("state", [AccountState.EXEMPT, AccountState.HELD])
def test_of_an_insured_building_no_deposit_is_used(state: AccountState) -> None:
    """The reason cites by what its deposit came to nothing, before the handover or after it."""
    insured = account(
        grounds=(approved("insurance", shown=("insured",)),),
        state=state,
        handed_over_on=HANDED_OVER,
    )
    assert ClaimDesk(insured).codes(c.FileClaim) == [("exempt", "SD-2")]


@pytest.mark.clause("SD-10")
def test_before_handover_nothing_is_under_warranty() -> None:
    """And a deposit that is only paid is not used."""
    paid = account(paid=((date(2026, 2, 2), cny(6_000_000)),), state=AccountState.PAID)
    codes = ClaimDesk(paid).codes(c.FileClaim)
    assert codes == [("not-handed-over", "SD-10"), ("nothing-held", "SD-14")]


def test_an_empty_account_pays_nothing() -> None:
    """It is refused before anybody goes to work."""
    assert ClaimDesk(replace(held(), movements=())).codes(c.FileClaim) == [("nothing-held", "SD-14")]


def test_a_part_whose_share_was_given_back() -> None:
    """Nothing is used for it any more."""
    it = held()
    roof = replace(it.parts["roof-waterproofing"], released_on=date(2026, 6, 5), released_after=1)
    released = replace(it, parts={**it.parts, "roof-waterproofing": roof}, state=AccountState.PARTLY_RELEASED)
    (reason,) = ClaimDesk(released).reasons(c.FileClaim)
    assert (reason.code, reason.clause.id if reason.clause else "") == (
        "deposits.part-released",
        "SD-20",
    )
    assert dict(reason.facts)["on"] == date(2026, 6, 5)
    assert ClaimDesk(released).file(part="leakage").state is ClaimState.FILED


# --- in warranty ----------------------------------------------------------------------------------------


@pytest.mark.clause("SD-10")
@pytest.mark.parametrize(
    ("handed_over", "reported_on", "code"),
    [
        ("2026-03-02", "2026-03-01", "before-handover"),
        ("2026-03-02", "2026-03-02", None),
        ("2026-03-02", "2031-03-01", None),
        ("2026-03-02", "2031-03-02", None),
        ("2026-03-02", "2031-03-03", "out-of-warranty"),
        ("2024-02-28", "2029-02-28", None),
        ("2024-02-28", "2029-03-01", "out-of-warranty"),
        ("2024-02-29", "2029-02-28", None),
        ("2024-02-29", "2029-03-01", "out-of-warranty"),
        ("2023-02-28", "2028-02-28", None),
        ("2023-02-28", "2028-02-29", "out-of-warranty"),
        ("2023-03-01", "2028-02-29", None),
        ("2023-03-01", "2028-03-01", None),
        ("2023-03-01", "2028-03-02", "out-of-warranty"),
    ],
)
def test_a_roof_is_under_warranty_for_five_years(
    handed_over: str, reported_on: str, code: str | None
) -> None:
    """From the day of handover through the same day five years later, in a leap year or not."""
    desk = ClaimDesk(held(handed_over=date.fromisoformat(handed_over)))
    said = {"reported_on": date.fromisoformat(reported_on)}
    if code is None:
        assert desk.file("2031-03-10", **said).reported_on == said["reported_on"]
    else:
        assert desk.codes(c.FileClaim, "2031-03-10", **said) == [(code, "SD-10")]


@pytest.mark.clause("SD-10")
def test_the_reason_names_the_last_day() -> None:
    """So that whoever asks can see by how much it is too late."""
    (reason,) = ClaimDesk().reasons(c.FileClaim, "2031-03-10", reported_on=date(2031, 3, 3))
    assert dict(reason.facts) == {
        "part": "roof-waterproofing",
        "reported_on": date(2031, 3, 3),
        "last": date(2031, 3, 2),
    }


@pytest.mark.clause("SD-10")
def test_the_day_of_the_report_counts_and_not_that_of_the_claim() -> None:
    """What was reported in warranty may be filed after it."""
    assert ClaimDesk().file("2031-09-01", reported_on=date(2031, 3, 2)).filed_on == date(2031, 9, 1)


@pytest.mark.clause("SD-10")
def test_each_part_has_its_own_end() -> None:
    """On a day on which the roof still is, installations are not under warranty any more."""
    desk = ClaimDesk()
    said = {"reported_on": date(2028, 3, 3)}
    assert desk.codes(c.FileClaim, "2028-03-03", part="installations", **said) == [
        ("out-of-warranty", "SD-10")
    ]
    assert desk.file("2028-03-03", **said).state is ClaimState.FILED


def test_nothing_is_reported_on_a_day_to_come() -> None:
    """Else tomorrow's leak would be claimed today."""
    assert ClaimDesk().codes(c.FileClaim, reported_on=date(2026, 6, 11)) == [("day-to-come", None)]
    assert ClaimDesk().file(reported_on=date(2026, 6, 10)).reported_on == date(2026, 6, 10)


# --- cause and ground -----------------------------------------------------------------------------------


@pytest.mark.clause("SD-11")
@pytest.mark.parametrize(
    "cause", ["misuse", "unauthorised-alteration", "not-built-by-developer", "force-majeure"]
)
def test_what_no_warranty_covers(cause: str) -> None:
    """Each excluded cause is refused with the article on exclusions."""
    (reason,) = ClaimDesk().reasons(c.FileClaim, cause=cause)
    assert (reason.code, reason.clause.id if reason.clause else "") == (
        "deposits.cause-excluded",
        "SD-11",
    )
    assert dict(reason.facts) == {"cause": cause}


@pytest.mark.clause("SD-9")
def test_a_deposit_is_used_on_the_grounds_of_the_rulebook() -> None:
    """The developer does not perform, or cannot; nothing else."""
    assert ClaimDesk().codes(c.FileClaim, ground="convenient") == [("use-ground-unknown", "SD-9")]
    assert ClaimDesk().file(ground="unable").ground == "unable"


def test_all_reasons_come_at_once() -> None:
    """Whoever asks need not find them out one by one."""
    said = {"part": "lift", "cause": "misuse", "ground": "convenient", "by": OWNER, "role": "owner"}
    assert ClaimDesk().codes(c.FileClaim, **said) == [
        ("part-unknown", "SD-10"),
        ("cause-excluded", "SD-11"),
        ("use-ground-unknown", "SD-9"),
        ("may-not-ask", "SD-12"),
    ]


# --- emergencies ----------------------------------------------------------------------------------------


@pytest.mark.clause("SD-16")
def test_an_emergency_comes_with_what_was_paid_and_the_evidence() -> None:
    """Its costs are listed from the beginning, and signed by nobody yet."""
    it = ClaimDesk().emergency(ClaimState.FILED)
    assert (it.emergency, it.repaired_on, it.evidence) == (
        "structural-safety",
        date(2026, 6, 1),
        ("photo-1",),
    )
    assert it.costs is not None
    assert (it.costs.total, it.costs.handed_in_on, it.costs.signed_on) == (
        cny(8_000),
        date(2026, 6, 10),
        None,
    )


@pytest.mark.clause("SD-16")
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"parts": PartKind.COMMON, "unit": ""},
        {"by": MANAGER, "role": "property-manager"},
        {"together_with": (with_(MANAGER, "property-manager"),)},
    ],
)
def test_who_paid_first_asks_whosever_the_part_is(said: dict[str, Any]) -> None:
    """An owner also for a common part, the property manager also for a private one."""
    desk = ClaimDesk()
    desk.do(c.FileEmergencyClaim, **said)
    assert desk.claim().state is ClaimState.FILED
    assert desk.account().claims[CLAIM] == ClaimBooked(part="leakage", open=True)


@pytest.mark.clause("SD-16")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"emergency": "a dripping tap"}, [("no-emergency", "SD-16")]),
        ({"evidence": ()}, [("no-evidence", "SD-16")]),
        ({"by": COMMITTEE, "role": "owners-committee"}, [("may-not-pay-first", "SD-16")]),
        ({"together_with": (with_(COMMITTEE, "owners-committee"),)}, [("may-not-pay-first", "SD-16")]),
        ({"repaired_on": date(2026, 6, 11)}, [("day-to-come", None)]),
        ({"lines": lines(Money("5", "EUR"), 5)}, [("wrong-currency", None)]),
        ({"reported_on": date(2026, 3, 1)}, [("before-handover", "SD-10")]),
        ({"repaired_on": date(2026, 5, 31)}, [("before-the-step-before", None)]),
        ({"cause": "misuse"}, [("cause-excluded", "SD-11")]),
    ],
)
def test_emergencies_that_are_refused(said: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    """Each with its article; the conditions of use hold for emergencies, too."""
    assert ClaimDesk().codes(c.FileEmergencyClaim, **said) == expected


@pytest.mark.clause("SD-16")
@pytest.mark.parametrize("reported_on", [date(2026, 3, 1), date(2026, 3, 2)])
def test_what_was_repaired_before_the_handover_was_no_emergency_of_the_owner(reported_on: date) -> None:
    """The later of report and handover is the first day on which it was repaired."""
    said = {"reported_on": reported_on, "repaired_on": date(2026, 3, 1)}
    reasons = {reason.code: reason for reason in ClaimDesk().reasons(c.FileEmergencyClaim, **said)}
    facts = dict(reasons["deposits.before-the-step-before"].facts)
    assert facts == {"day": date(2026, 3, 1), "before": HANDED_OVER}


@pytest.mark.parametrize("account_", ["building-9", ACCOUNT])
def test_an_emergency_has_its_order_also_where_nothing_was_handed_over(account_: str) -> None:
    """Without an account, or before the handover, the day of the report is what there is."""
    paid = account(paid=((date(2026, 2, 2), cny(6_000_000)),), state=AccountState.PAID)
    said = {"account": account_, "repaired_on": date(2026, 5, 31)}
    reasons = {reason.code: reason for reason in ClaimDesk(paid).reasons(c.FileEmergencyClaim, **said)}
    assert dict(reasons["deposits.before-the-step-before"].facts)["before"] == date(2026, 6, 1)


# --- what cannot be said --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (c.FileClaim, {"what": " "}, "what"),
        (c.FileClaim, {"unit": "1201"}, "unit"),
        (c.FileClaim, {"parts": PartKind.PRIVATE}, "unit"),
        (c.FileClaim, {"evidence": ("photo", "photo")}, "evidence"),
        (c.FileClaim, {"together_with": (with_(OWNER, "owner"), with_(NEIGHBOUR, "owner"))}, "together_with"),
        (c.FileEmergencyClaim, {"emergency": ""}, "emergency"),
        (c.FileEmergencyClaim, {"lines": ()}, "lines"),
        (c.FileEmergencyClaim, {"lines": lines(5, 0)}, "lines[1].amount"),
        (c.DisputeLiability, {"reason": ""}, "reason"),
        (c.DisputeLiability, {"body": ""}, "body"),
        (c.OrderTest, {"body": ""}, "body"),
        (c.RecordTest, {"report": ""}, "report"),
        (c.RefuseClaim, {"reason": ""}, "reason"),
        (c.WithdrawClaim, {"reason": ""}, "reason"),
        (c.ReplaceApplicant, {"replaced": ""}, "replaced"),
        (c.ReplaceApplicant, {"party": " "}, "party"),
        (c.ReplaceApplicant, {"reason": ""}, "reason"),
        (c.AssignRepairer, {"repairer": ""}, "repairer"),
        (c.AssignRepairer, {"kind": ""}, "kind"),
        (c.HandInBudget, {"plan": ""}, "plan"),
        (c.HandInBudget, {"amount": cny(0)}, "amount"),
        (c.HandInCostList, {"lines": ()}, "lines"),
        (c.ReturnCostList, {"reason": ""}, "reason"),
        (c.PayOut, {"amount": cny(-1)}, "amount"),
        (c.SeeToClaim, {"code": ""}, "code"),
    ],
)
def test_what_says_nothing_is_no_command(kind: type[Command], said: dict[str, Any], field: str) -> None:
    """It is refused when it is made, with the field."""
    with pytest.raises(InvalidValue) as caught:
        ClaimDesk().said(kind, **said)
    assert caught.value.field == field


@pytest.mark.parametrize("said", [{"role": ""}, {"party": ""}])
def test_an_applicant_is_somebody_in_a_role(said: dict[str, str]) -> None:
    """Neither is empty."""
    with pytest.raises(InvalidValue):
        Applicant(**({"role": "owner", "party": "owner-1201"} | said))


def test_a_line_of_costs_says_for_what() -> None:
    """An amount alone is no line."""
    with pytest.raises(InvalidValue):
        CostLine(what="", amount=cny(1))
