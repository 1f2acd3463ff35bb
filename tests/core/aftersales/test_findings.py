"""Findings: checks recorded and put right, penalties by a clause, appeals judged by another, what is posted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from desk_at_work import FIRM, staff
from people_at_work import (
    FINANCE,
    HEAD,
    HIMSELF,
    LI,
    MANAGER,
    OTHER_HEAD,
    QUALITY,
    SYSTEM,
    People,
    by_code,
    policy,
)
from table_grid import differences, grid_of, read_grid

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.desk_rules import Limit, Listing
from servflow.core.aftersales.findings import commands as c
from servflow.core.aftersales.findings.effects import INCOME, PENALTY, obligation
from servflow.core.aftersales.findings.messages import FINDING_MESSAGES
from servflow.core.aftersales.findings.model import Finding, finding_key
from servflow.core.aftersales.findings.states import FindingRole, FindingState, Source
from servflow.core.aftersales.findings.table import FINDING
from servflow.core.aftersales.policy import Checklist, ServiceRule
from servflow.core.changes import Actor, Change, Office
from servflow.core.citations import Clause
from servflow.core.errors import InvalidValue
from servflow.core.fees import Facts, Flat, evaluate
from servflow.core.fees.charges import Charge
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money

CHECK = "F-1"
CLAUSE = Clause("AS-PEN-1", "四4")
HIS = Account(AccountKind.RECEIVABLE, LI)
GRID = """
                 -           RECORDED     PUT_RIGHT    CONFIRMED    APPEALED      UPHELD    REDUCED   WITHDRAWN  POSTED       CLOSED
RecordFinding    QPSMY>RECORDED .         .            .            .             .         .         .          .            .
PutRight         .           CQPSM>PUT_RIGHT CQPSM>=   CQPSM>=      CQPSM>=       CQPSM>=   CQPSM>=   .          CQPSM>=      .
ConfirmFinding   .           SM>CONFIRMED SM>CONFIRMED .            .             .         .         .          .            .
PostPenalty      .           .            .            FY>POSTED    .             FY>POSTED FY>POSTED .          .            .
AppealFinding    .           .            .            C>APPEALED   .             .         .         .          C>APPEALED   .
UpholdFinding    .           .            .            .            SMP>UPHELD    .         .         .          .            .
ReducePenalty    .           .            .            .            SMP>REDUCED   .         .         .          .            .
WithdrawFinding  .           SM>WITHDRAWN SM>WITHDRAWN SM>WITHDRAWN SMP>WITHDRAWN .         .         .          SM>WITHDRAWN .
CloseFinding     .           QPSMY>CLOSED QPSMY>CLOSED QPSMY>CLOSED .             QPSMY>CLOSED QPSMY>CLOSED .    QPSMY>CLOSED .
"""


def cost(amount: str, currency: str = "CNY") -> Charge:
    """A fine, by a rule that says so much."""
    return evaluate(Flat(Money(amount, currency)), Facts())


def said(**more: Any) -> dict[str, Any]:
    """What is said to the finding, by whom ``more`` names."""
    return {"case": CHECK, **more}


def found(**more: Any) -> People:
    """A firm where an inspector found that Li left without calling."""
    changed: dict[str, ServiceRule | None] = more.pop("rules", {})
    firm = People(policy(**changed))
    usual = {
        "firm": FIRM,
        "source": Source.UNANNOUNCED_CHECK,
        "concerns": LI,
        "faults": ("left without calling",),
    }
    firm.do(c.RecordFinding, **said(by=QUALITY, **(usual | more)))
    return firm


FINE: dict[str, Any] = {"charge": cost("50"), "clause": CLAUSE}


def confirmed(**more: Any) -> People:
    """The same, with a fine of 50 yuan imposed by the head of service on 5 May."""
    firm = found(**more)
    firm.do(c.ConfirmFinding, "05", **said(**FINE))
    return firm


def appealed(*, posted: bool = False, **more: Any) -> People:
    """The same, and Li has appealed: before it was posted, or after it within ten days."""
    rules = more.pop("rules", {})
    window = {"late": Limit(of="appeal", most=10, unit="days", then="final")} if posted else {}
    firm = confirmed(rules=rules | window, **more)
    if posted:
        firm.do(c.PostPenalty, "06", **said(by=FINANCE))
    firm.do(c.AppealFinding, "07", **said(by=HIMSELF, grounds="I did call"))
    return firm


def it(firm: People) -> Finding:
    """The finding as it has become."""
    finding = firm.aggregates[finding_key(CHECK)]
    assert isinstance(finding, Finding)
    return finding


def owed(finding: Finding) -> Money:
    """What is posted on Li's account by it."""
    return balance(finding.posted, HIS, "CNY")


def told(change: Change) -> list[tuple[str, str]]:
    """Who was told what."""
    return [(each.kind.removeprefix("aftersales.finding."), each.to) for each in change.messages]


# --- the table, and who speaks ----------------------------------------------------------------------------


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    roles = {
        "C": FindingRole.CONCERNED,
        "Q": FindingRole.QUALITY,
        "P": FindingRole.PERSONNEL,
        "S": FindingRole.SUPERVISOR,
        "M": FindingRole.MANAGER,
        "F": FindingRole.FINANCE,
        "Y": FindingRole.SYSTEM,
    }
    states = {state.name: state for state in FindingState}
    assert differences(read_grid(GRID, states=states, roles=roles), grid_of(FINDING)) == []


@pytest.mark.parametrize(
    ("by", "roles"),
    [
        (HIMSELF, (FindingRole.CONCERNED,)),
        (staff(LI, "supervisor", "manager"), (FindingRole.CONCERNED,)),
        (Actor(LI, FIRM, Office.PERSON), (FindingRole.CONCERNED,)),
        (Actor("wang", FIRM, Office.PERSON), ()),
        (
            staff("x", "finance", "quality", "personnel"),
            (FindingRole.PERSONNEL, FindingRole.QUALITY, FindingRole.FINANCE),
        ),
        (staff("x", "manager", serves="another"), ()),
        (staff("x", "desk"), ()),
        (SYSTEM, (FindingRole.SYSTEM,)),
        (Actor(LI, FIRM, Office.CLOCK), ()),
    ],
)
def test_whom_it_is_about_is_nobody_else_there(by: Actor, roles: tuple[FindingRole, ...]) -> None:
    """Whatever his post: he neither confirms nor judges what he did."""
    assert FINDING.roles_of(it(found()), by) == roles


def test_a_finding_is_of_the_firm_whose_rules_these_are() -> None:
    """And of somebody who serves it."""
    firm = People(policy())
    usual = said(firm=FIRM, source=Source.OTHER)
    assert firm.codes(c.RecordFinding, **(usual | {"firm": "another"})) == ["aftersales.another-firm"]
    other = staff("x", "quality", serves="another")
    assert firm.codes(c.RecordFinding, **(usual | {"by": other})) == ["aftersales.another-firm"]


# --- recorded, and put right ------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-25", "AS-QA-23")
def test_every_check_is_recorded_also_one_that_found_nothing() -> None:
    """It is closed as it is: there is nothing to put right, and nothing to confirm."""
    firm = found(source=Source.POSING_CUSTOMER, faults=(), note="polite, in time")
    record = it(firm)
    assert (record.source, record.found_on, record.found_by) == (
        Source.POSING_CUSTOMER,
        date(2026, 5, 4),
        "inspector",
    )
    assert firm.codes(c.PutRight, **said(done="x")) == ["aftersales.finding.nothing-wrong"]
    assert firm.codes(c.ConfirmFinding, **said()) == ["aftersales.finding.nothing-wrong"]
    firm.do(c.CloseFinding, "05", **said(by=QUALITY))
    assert (it(firm).state, it(firm).closed_on) == (FindingState.CLOSED, date(2026, 5, 5))


@pytest.mark.clause("AS-QA-25")
def test_the_rulebook_says_what_a_check_by_a_posing_customer_holds() -> None:
    """Its record is on file, or it is not taken; of another check it is not asked."""
    posing = When((("source", ("posing-customer",)),))
    sources = tuple(source.value for source in Source)
    rules: dict[str, ServiceRule] = {
        "paper": Question("source", sources),
        "papers": Checklist(step="check", items=("check-record",), when=posing),
    }
    firm = People(policy(**rules))
    usual = said(firm=FIRM, source=Source.POSING_CUSTOMER, by=QUALITY)
    assert by_code(firm.refusals(c.RecordFinding, **usual)) == [("aftersales.lacking", "X-papers")]
    assert firm.codes(c.RecordFinding, **(usual | {"source": Source.UNANNOUNCED_CHECK})) == []
    firm.do(c.RecordFinding, **usual, shown={"check-record": ("r-1",)})
    assert it(firm).shown == {"check-record": ("r-1",)}


@pytest.mark.clause("AS-QA-23")
def test_what_was_found_wrong_is_put_right_before_it_is_closed() -> None:
    """And what was done is on record; what a list of the rulebook asks is proved by it."""
    firm = found(rules={"papers": Checklist(step="put-right", items=("what-was-done", "photograph"))})
    assert by_code(firm.refusals(c.CloseFinding, **said())) == [
        ("aftersales.finding.not-put-right", "AS-QA-23")
    ]
    assert by_code(firm.refusals(c.PutRight, **said(done="called"))) == [("aftersales.lacking", "X-papers")]
    firm.do(c.PutRight, "05", **said(by=HIMSELF, done="called", shown={"photograph": ("p-1",)}))
    record = it(firm)
    assert (record.state, record.put_right, record.put_right_on) == (
        FindingState.PUT_RIGHT,
        "called",
        date(2026, 5, 5),
    )
    assert record.shown == {"photograph": ("p-1",)}
    firm.do(c.CloseFinding, **said())


def test_answers_that_the_rulebook_does_not_ask_are_named() -> None:
    """A question that there is not."""
    firm = People(policy())
    codes = firm.codes(c.RecordFinding, **said(firm=FIRM, source=Source.OTHER, answers={"weather": "rain"}))
    assert codes == ["aftersales.unknown-question"]


# --- the penalty ------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-7")
def test_a_confirmed_finding_goes_to_him_and_to_appraisal() -> None:
    """With the penalty and its clause; that on a department goes to appraisal alone, on nobody to none."""
    firm = found(source=Source.CORRECTIVE_ACTION)
    change = firm.do(c.ConfirmFinding, "05", **said(**FINE))
    assert told(change) == [("confirmed", LI), ("appraisal", "firm/appraisal")]
    assert [each.key for each in change.messages] == [
        "aftersales.finding/F-1/2/aftersales.finding.confirmed",
        "aftersales.finding/F-1/2/aftersales.finding.appraisal/firm/appraisal",
    ]
    assert dict(change.messages[1].facts) == {
        "finding": CHECK,
        "concerns": LI,
        "department": "",
        "source": "corrective-action",
        "outcome": "confirmed",
        "sanction": "",
        "clause": "AS-PEN-1",
        "amount": Money("50", "CNY"),
    }
    record = it(firm)
    assert (record.confirmed_on, record.confirmed_by) == (date(2026, 5, 5), "head")
    assert told(found(concerns="", department="stores").do(c.ConfirmFinding, **said())) == [
        ("appraisal", "firm/appraisal")
    ]
    assert told(found(concerns="").do(c.ConfirmFinding, **said())) == []


@pytest.mark.clause("AS-PEN-1")
@pytest.mark.parametrize("penalty", [{"sanction": "warning"}, {"charge": cost("50")}])
def test_a_penalty_without_a_clause_is_refused(penalty: dict[str, Any]) -> None:
    """A sanction as well as an amount; a finding without a penalty needs none."""
    assert found().codes(c.ConfirmFinding, **said(**penalty)) == ["aftersales.finding.no-clause"]
    firm = found()
    firm.do(c.ConfirmFinding, **said(clause=CLAUSE))
    assert it(firm).penalty is None


LADDER = {"late": Listing(of="sanctions", entries=("warning", "demerit", "suspension", "dismissal"))}


@pytest.mark.clause("AS-PEN-8")
def test_a_sanction_is_a_step_of_the_firms_ladder() -> None:
    """One that is not on it is refused, a wrong number too; the right one is worked out."""
    firm = found(rules=LADDER)
    assert by_code(firm.refusals(c.ConfirmFinding, **said(sanction="flogging", clause=CLAUSE))) == [
        ("aftersales.finding.sanction-unknown", "X-late")
    ]
    wrong = said(sanction="demerit", ladder_step=3, clause=CLAUSE)
    assert by_code(firm.refusals(c.ConfirmFinding, **wrong)) == [("aftersales.finding.step-wrong", "X-late")]
    firm.do(c.ConfirmFinding, **said(sanction="demerit", clause=CLAUSE))
    penalty = it(firm).penalty
    assert penalty is not None
    assert (penalty.sanction, penalty.step) == ("demerit", 2)
    assert (
        found(rules=LADDER).codes(c.ConfirmFinding, **said(ladder_step=2, sanction="demerit", clause=CLAUSE))
        == []
    )


def test_without_a_ladder_any_sanction_with_a_clause_passes() -> None:
    """Its number is the one that is said."""
    firm = found()
    firm.do(c.ConfirmFinding, **said(sanction="reprimand", ladder_step=1, clause=Clause("AS-PEN-5", "一6")))
    penalty = it(firm).penalty
    assert penalty is not None
    assert (penalty.sanction, penalty.step, penalty.charge) == ("reprimand", 1, None)


def test_a_penalty_has_somebody_to_pay_it_in_the_firms_currency() -> None:
    """What nobody is responsible for costs nobody anything."""
    nobody = found(concerns="", department="stores")
    assert nobody.codes(c.ConfirmFinding, **said(**FINE)) == ["aftersales.finding.nobody-concerned"]
    dollars = said(charge=cost("5", "USD"), clause=CLAUSE)
    assert found().codes(c.ConfirmFinding, **dollars) == ["aftersales.wrong-currency"]


@pytest.mark.clause("AS-PEN-1")
def test_what_a_penalty_comes_to_is_posted_once() -> None:
    """By finance, on his receivable, with the charge and its clause; then it may be closed."""
    firm = confirmed()
    firm.do(c.PutRight, "06", **said(done="called"))
    assert by_code(firm.refusals(c.CloseFinding, "06", **said())) == [
        ("aftersales.finding.not-posted", "AS-PEN-1")
    ]
    assert firm.codes(c.PostPenalty, "06", **said(by=HEAD)) == ["lifecycle.not-yours"]
    [posting] = firm.do(c.PostPenalty, "06", **said(by=FINANCE)).postings
    assert (posting.debit, posting.credit, posting.amount) == (HIS, INCOME, Money("50", "CNY"))
    assert (posting.subject, posting.kind, posting.clause, posting.value_date) == (
        CHECK,
        PENALTY,
        CLAUSE,
        date(2026, 5, 6),
    )
    assert posting.charge == cost("50")
    assert firm.codes(c.PostPenalty, "06", **said(by=FINANCE)) == ["lifecycle.not-in-state"]
    firm.do(c.CloseFinding, "07", **said())
    assert owed(it(firm)) == Money("50", "CNY")


@pytest.mark.parametrize(
    "penalty", [{}, {"sanction": "warning", "clause": CLAUSE}, {"charge": cost("0"), "clause": CLAUSE}]
)
def test_without_an_amount_nothing_is_posted_and_it_is_closed(penalty: dict[str, Any]) -> None:
    """No penalty, a sanction alone, a fee rule that came to nothing."""
    firm = found()
    firm.do(c.ConfirmFinding, **said(**penalty))
    assert firm.codes(c.PostPenalty, **said(by=FINANCE)) == ["aftersales.finding.nothing-to-post"]
    firm.do(c.PutRight, **said(done="called"))
    firm.do(c.CloseFinding, **said())


def test_a_posting_of_a_closed_period_counts_on_the_first_open_day() -> None:
    """Its own day is kept."""
    firm = confirmed()
    closed = People(policy())
    closed.policy = type(closed.policy)(
        rulebook="rulebook",
        calendar=firm.policy.calendar,
        currency="CNY",
        firm=FIRM,
        rules=firm.policy.rules,
        closed_through=date(2026, 5, 31),
    )
    closed.aggregates = firm.aggregates
    [posting] = closed.do(c.PostPenalty, "06", **said(by=FINANCE)).postings
    assert (posting.value_date, posting.happened_on) == (date(2026, 6, 1), date(2026, 5, 6))


# --- the appeal -------------------------------------------------------------------------------------------


def test_an_appeal_goes_to_a_record_and_to_the_manager() -> None:
    """With its grounds; by nobody but whom it is about; while it runs nothing is posted or closed."""
    firm = confirmed()
    assert firm.codes(c.AppealFinding, "06", **said(grounds="x")) == ["lifecycle.not-yours"]
    change = firm.do(c.AppealFinding, "06", **said(by=HIMSELF, grounds="I did call"))
    assert told(change) == [("appealed", "firm/manager")]
    appeal = it(firm).appeal
    assert appeal is not None
    assert (appeal.on, appeal.grounds, appeal.judged_on) == (date(2026, 5, 6), "I did call", None)
    for kind in (c.PostPenalty, c.CloseFinding):
        assert firm.codes(kind, "06", **said(by=FINANCE)) == ["lifecycle.not-in-state"]


def test_without_a_window_the_appeal_is_open_until_it_is_posted() -> None:
    """After that it is too late."""
    firm = confirmed()
    assert firm.codes(c.AppealFinding, "29", **said(by=HIMSELF, grounds="x")) == []
    firm.do(c.PostPenalty, "29", **said(by=FINANCE))
    assert firm.codes(c.AppealFinding, "29", **said(by=HIMSELF, grounds="x")) == ["aftersales.finding.posted"]


@pytest.mark.parametrize("posted", [False, True])
def test_the_window_for_an_appeal_is_the_rulebooks(posted: bool) -> None:
    """Ten days after 5 May end with the 15th, posted or not; until then it is not closed."""
    firm = confirmed(rules={"late": Limit(of="appeal", most=10, unit="days", then="final")})
    firm.do(c.PutRight, "06", **said(done="called"))
    if posted:
        firm.do(c.PostPenalty, "06", **said(by=FINANCE))
    usual = said(by=HIMSELF, grounds="x")
    assert firm.codes(c.AppealFinding, "15", **usual) == []
    assert by_code(firm.refusals(c.AppealFinding, "16", **usual)) == [
        ("aftersales.finding.appeal-late", "X-late")
    ]
    if posted:
        assert by_code(firm.refusals(c.CloseFinding, "15", **said())) == [
            ("aftersales.finding.appeal-possible", "X-late")
        ]
        assert firm.codes(c.CloseFinding, "16", **said()) == []


def test_a_limit_of_something_else_is_no_window() -> None:
    """Nor one in times, nor one whose condition does not hold."""
    urgent = When((("urgent", ("yes",)),))
    for limit in (
        Limit(of="appeal", most=0, unit="times", then="x"),
        Limit(of="appeal", most=0, unit="days", then="x", when=urgent),
    ):
        firm = confirmed(rules={"late": limit})
        assert firm.codes(c.AppealFinding, "29", **said(by=HIMSELF, grounds="x")) == []


JUDGEMENTS: list[tuple[Any, dict[str, Any]]] = [
    (c.UpholdFinding, {}),
    (c.ReducePenalty, {"charge": cost("20"), "clause": CLAUSE}),
    (c.WithdrawFinding, {}),
]


@pytest.mark.parametrize(("kind", "more"), JUDGEMENTS)
def test_nobody_judges_an_appeal_against_what_he_found_or_imposed(kind: Any, more: dict[str, Any]) -> None:
    """Another head may, and the manager; whom it is about may not, whatever his post."""
    firm = appealed()
    for judge in (HEAD, staff("inspector", "quality", "personnel")):
        assert firm.codes(kind, "08", **said(by=judge, reason="x", **more)) == [
            "aftersales.finding.own-judge"
        ]
    himself = staff(LI, "supervisor")
    assert firm.codes(kind, "08", **said(by=himself, reason="x", **more)) == ["lifecycle.not-yours"]
    for judge in (OTHER_HEAD, MANAGER):
        assert firm.codes(kind, "08", **said(by=judge, reason="x", **more)) == []


def judged(firm: People, kind: Any, **more: Any) -> Change:
    """The manager judges on 8 May."""
    return firm.do(kind, "08", **said(by=MANAGER, reason="it is so", **more))


@pytest.mark.parametrize("posted", [False, True])
def test_an_appeal_that_is_upheld_leaves_everything_as_it_was(posted: bool) -> None:
    """He is told why; who judged is on record; there is no second appeal."""
    firm = appealed(posted=posted)
    change = judged(firm, c.UpholdFinding)
    assert told(change) == [("judged", LI)]
    assert dict(change.messages[0].facts).items() >= {"outcome": "upheld", "reason": "it is so"}.items()
    assert change.postings == ()
    appeal = it(firm).appeal
    assert appeal is not None
    assert (appeal.judged_on, appeal.judged_by, appeal.reason) == (date(2026, 5, 8), "manager", "it is so")
    [*postings] = firm.do(c.PostPenalty, "09", **said(by=FINANCE)).postings
    assert len(postings) == (0 if posted else 1)
    assert owed(it(firm)) == Money("50", "CNY")
    assert (
        firm.codes(c.AppealFinding, "09", **said(by=HIMSELF, grounds="x"))[0]
        == "aftersales.finding.judged-before"
    )


def test_a_penalty_that_was_posted_and_upheld_is_closed_without_being_posted_again() -> None:
    """Its appeal is over, so nothing is waited for."""
    firm = appealed(posted=True)
    judged(firm, c.UpholdFinding)
    firm.do(c.PutRight, "08", **said(done="called"))
    firm.do(c.CloseFinding, "08", **said())


@pytest.mark.parametrize("posted", [False, True])
def test_an_appeal_that_succeeds_in_part_is_a_difference(posted: bool) -> None:
    """Of 50 yuan posted 30 are reversed at once; else 20 are posted later. Appraisal hears it."""
    firm = appealed(posted=posted)
    change = judged(firm, c.ReducePenalty, charge=cost("20"), clause=CLAUSE)
    assert told(change) == [("judged", LI), ("appraisal", "firm/appraisal")]
    assert dict(change.messages[0].facts).items() >= {"outcome": "reduced", "reason": "it is so"}.items()
    assert [(each.debit, each.amount) for each in change.postings] == (
        [(INCOME, Money("30", "CNY"))] if posted else []
    )
    firm.do(c.PostPenalty, "09", **said(by=FINANCE))
    assert owed(it(firm)) == Money("20", "CNY")
    assert [penalty.charge for penalty in it(firm).imposed] == [cost("50"), cost("20")]


def test_a_reduction_to_a_sanction_reverses_the_whole_amount() -> None:
    """What is left has no amount, and nothing is posted any more."""
    firm = appealed(posted=True, rules={"early": LADDER["late"]})
    before = it(firm).imposed[-1]
    assert before.step is None
    assert firm.codes(
        c.ReducePenalty, "08", **said(by=MANAGER, reason="x", sanction="warning", clause=CLAUSE)
    ) == ["aftersales.finding.not-lighter"]
    firm = found(
        rules={"early": LADDER["late"], "late": Limit(of="appeal", most=10, unit="days", then="final")}
    )
    firm.do(c.ConfirmFinding, "05", **said(sanction="demerit", **FINE))
    firm.do(c.PostPenalty, "05", **said(by=FINANCE))
    firm.do(c.AppealFinding, "06", **said(by=HIMSELF, grounds="x"))
    [back] = judged(firm, c.ReducePenalty, sanction="warning", clause=CLAUSE).postings
    assert (back.debit, back.credit, back.amount) == (INCOME, HIS, Money("50", "CNY"))
    assert owed(it(firm)) == Money("0", "CNY")
    assert firm.codes(c.PostPenalty, "09", **said(by=FINANCE)) == ["aftersales.finding.nothing-to-post"]


@pytest.mark.parametrize(
    ("penalty", "code"),
    [
        ({"charge": cost("50"), "clause": CLAUSE}, "aftersales.finding.not-lighter"),
        ({"charge": cost("50.01"), "clause": CLAUSE}, "aftersales.finding.not-lighter"),
        ({"charge": cost("20"), "sanction": "warning", "clause": CLAUSE}, "aftersales.finding.not-lighter"),
        ({"charge": cost("20")}, "aftersales.finding.no-clause"),
        ({"clause": CLAUSE}, "aftersales.finding.nothing-left"),
    ],
)
def test_a_reduction_is_lighter_in_something_and_heavier_in_nothing(
    penalty: dict[str, Any], code: str
) -> None:
    """Who lets go of all of it withdraws it."""
    assert appealed().codes(c.ReducePenalty, "08", **said(by=MANAGER, reason="x", **penalty)) == [code]


def test_a_heavier_sanction_is_no_reduction_whatever_it_costs() -> None:
    """Without a ladder the numbers that were said count."""
    firm = found()
    firm.do(c.ConfirmFinding, **said(sanction="reprimand", ladder_step=1, **FINE))
    firm.do(c.AppealFinding, **said(by=HIMSELF, grounds="x"))
    usual = said(by=MANAGER, reason="x", charge=cost("20"), clause=CLAUSE)
    heavier = usual | {"sanction": "demerit", "ladder_step": 2}
    assert firm.codes(c.ReducePenalty, **heavier) == ["aftersales.finding.not-lighter"]
    assert firm.codes(c.ReducePenalty, **(heavier | {"ladder_step": 1})) == []


def test_what_had_no_penalty_is_not_reduced() -> None:
    """It can be upheld or withdrawn."""
    firm = found()
    firm.do(c.ConfirmFinding, **said())
    firm.do(c.AppealFinding, **said(by=HIMSELF, grounds="x"))
    lighter = said(by=MANAGER, reason="x", charge=cost("1"), clause=CLAUSE)
    assert firm.codes(c.ReducePenalty, **lighter) == ["aftersales.finding.not-lighter"]
    judged(firm, c.UpholdFinding)


@pytest.mark.parametrize("posted", [False, True])
def test_an_appeal_that_succeeds_reverses_all_that_was_posted(posted: bool) -> None:
    """He hears it, and so does appraisal, which had heard of it."""
    firm = appealed(posted=posted)
    change = judged(firm, c.WithdrawFinding)
    assert told(change) == [("withdrawn", LI), ("appraisal", "firm/appraisal")]
    assert len(change.postings) == int(posted)
    assert owed(it(firm)) == Money("0", "CNY")
    assert it(firm).penalty is None
    assert (it(firm).state, it(firm).withdrawn) == (FindingState.WITHDRAWN, "it is so")


def test_what_was_wrong_is_withdrawn_without_an_appeal() -> None:
    """Appraisal hears of it only where it had heard of the finding; what was posted is reversed."""
    firm = found()
    assert told(firm.do(c.WithdrawFinding, **said(reason="it was another"))) == [("withdrawn", LI)]
    firm = confirmed()
    firm.do(c.PostPenalty, "06", **said(by=FINANCE))
    change = firm.do(c.WithdrawFinding, "07", **said(reason="it was another"))
    assert told(change) == [("withdrawn", LI), ("appraisal", "firm/appraisal")]
    assert (owed(it(firm)), it(firm).appeal) == (Money("0", "CNY"), None)


# --- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        (c.RecordFinding, {"firm": FIRM, "source": Source.OTHER, "faults": ("a", "a")}, "faults"),
        (c.PutRight, {"done": ""}, "done"),
        (c.ConfirmFinding, {"ladder_step": 0}, "ladder_step"),
        (c.ConfirmFinding, {"ladder_step": True}, "ladder_step"),
        (c.AppealFinding, {"grounds": " "}, "grounds"),
        (c.UpholdFinding, {"reason": ""}, "reason"),
        (c.ReducePenalty, {"reason": ""}, "reason"),
        (c.ReducePenalty, {"reason": "x", "ladder_step": -1}, "ladder_step"),
        (c.WithdrawFinding, {"reason": ""}, "reason"),
    ],
)
def test_what_no_command_may_say(kind: Any, more: dict[str, Any], field: str) -> None:
    """It is refused when it is made, with the field."""
    with pytest.raises(InvalidValue) as refused:
        People().command(kind, "04", **said(**more))
    assert refused.value.field == field


def test_every_kind_of_message_has_a_name_of_its_own() -> None:
    """Nothing is told under another's name."""
    assert len(set(FINDING_MESSAGES)) == len(FINDING_MESSAGES)


def test_what_is_owed_is_owed_by_somebody() -> None:
    """A finding about nobody has no account to be posted on."""
    finding = it(found(concerns=""))
    with pytest.raises(InvalidValue):
        obligation(finding)
    assert obligation(it(found())).subject == CHECK
