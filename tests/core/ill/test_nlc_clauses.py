"""The seventeen clauses of the National Library of China's rules, each as its source states it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from servflow.core.changes import Actor, Office
from servflow.core.errors import MissingValue, Refused
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import (
    Closing,
    InstitutionKind,
    Material,
    Place,
    RelationState,
    SecurityKind,
    SupplyState,
)
from servflow.core.ill.terms import Settlement, Unfilled
from servflow.core.money import Money

NOT_LENT = (
    Material.ANCIENT_BOOK,
    Material.RARE_BOOK,
    Material.MANUSCRIPT,
    Material.REFERENCE_WORK,
    Material.ORIGINAL_PERIODICAL,
    Material.NEWSPAPER,
    Material.MAP,
    Material.DISC,
    Material.SERIES,
)


def yuan(amount: int) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


# --- 三, 四: who may borrow -------------------------------------------------------------------------


@pytest.mark.clause("NLC-1")
@pytest.mark.parametrize(
    "kind",
    [
        InstitutionKind.STATE_ORGAN,
        InstitutionKind.PUBLIC_LIBRARY,
        InstitutionKind.UNIVERSITY_LIBRARY,
        InstitutionKind.ACADEMY_LIBRARY,
        InstitutionKind.RESEARCH_INSTITUTE,
        InstitutionKind.ENTERPRISE_LIBRARY,
        InstitutionKind.ARMY_LIBRARY,
    ],
)
def test_institutions_of_the_listed_kinds_may_borrow(lending_desk, kind):
    """Each listed kind of institution is approved without more ado."""
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=kind)

    assert lending_desk.reasons(c.Approve, "2026-01-02") == ()


@pytest.mark.clause("NLC-1")
def test_a_county_institute_asks_through_its_county_library(lending_desk):
    """A research institute of county level or below is sent to the public library of its county."""
    kind = InstitutionKind.COUNTY_RESEARCH_INSTITUTE
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=kind)

    for special in (False, True):
        reasons = lending_desk.reasons(c.Approve, "2026-01-02", special=special)
        assert lending_desk.cited(reasons) == [("ill.through-county-library", "NLC-1")]


@pytest.mark.clause("NLC-1")
def test_other_institutions_borrow_if_the_library_approves(lending_desk):
    """An institution of no listed kind needs the library's own approval, and has it then."""
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.OTHER)

    refused = lending_desk.reasons(c.Approve, "2026-01-02")
    assert lending_desk.cited(refused) == [("ill.kind-needs-approval", "NLC-1")]
    assert lending_desk.reasons(c.Approve, "2026-01-02", special=True) == ()


@pytest.mark.clause("NLC-1", "NLC-15")
def test_an_individual_cannot_have_a_relation(lending_desk):
    """The centre serves institutions: an individual is not approved, not even specially."""
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.INDIVIDUAL)

    for special in (False, True):
        reasons = lending_desk.reasons(c.Approve, "2026-01-02", special=special)
        assert lending_desk.cited(reasons) == [("ill.kind-not-served", "NLC-1")]


@pytest.mark.clause("NLC-2")
def test_a_relation_is_applied_for_approved_and_signed(lending_desk):
    """Nothing is lent before the agreements are signed; from then on the relation is in force."""
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.UNIVERSITY_LIBRARY)
    assert lending_desk.relation().state is RelationState.APPLIED
    approved = lending_desk.do(c.Approve, "2026-01-03")
    assert lending_desk.relation().state is RelationState.APPROVED
    assert [
        dict(reason.facts)["agreement"]
        for reason in lending_desk.told(approved).reasons
        if reason.clause and reason.clause.id == "NLC-2"
    ] == ["borrowing", "copyright"]

    lending_desk.do(c.Sign, "2026-01-04", agreements=("borrowing", "copyright"))

    assert lending_desk.relation().state is RelationState.SIGNED
    assert lending_desk.relation().agreements == ("borrowing", "copyright")


@pytest.mark.clause("NLC-2")
@pytest.mark.parametrize(
    ("signed", "missing"),
    [(("borrowing",), ["copyright"]), (("copyright",), ["borrowing"]), ((), ["borrowing", "copyright"])],
)
def test_both_agreements_are_signed_or_none_is(lending_desk, signed, missing):
    """The copyright agreement is part of it: without it the relation does not begin."""
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.UNIVERSITY_LIBRARY)
    lending_desk.do(c.Approve, "2026-01-03")

    reasons = lending_desk.reasons(c.Sign, "2026-01-04", agreements=signed)

    assert lending_desk.cited(reasons) == [("ill.agreement-missing", "NLC-2")] * len(missing)
    assert [dict(reason.facts)["agreement"] for reason in reasons] == missing


@pytest.mark.clause("NLC-2")
def test_an_institution_declares_that_its_contact_has_changed(lending_desk):
    """The borrower itself declares another contact; another institution cannot."""
    lending_desk.relate()
    other = Actor("somebody", "CN-999999", Office.STAFF)
    lending_desk.do(c.DeclareChange, "2026-02-01", contact="contact-2")

    assert lending_desk.relation().contact == "contact-2"
    with pytest.raises(Refused):
        lending_desk.do(c.DeclareChange, "2026-02-01", contact="contact-3", by=other)


# --- 五 1: security ---------------------------------------------------------------------------------


@pytest.mark.clause("NLC-3")
def test_without_deposit_or_prepayment_nothing_is_lent(lending_desk):
    """The relation is signed, but nothing is paid in: the request waits, neither promised nor shipped."""
    lending_desk.relate(secured=False)
    lending_desk.ask()

    promising = lending_desk.reasons(c.Promise, "2026-01-31")
    shipping = lending_desk.reasons(c.Ship, "2026-01-31", items=("a",))

    assert lending_desk.loan().state is SupplyState.NEW
    assert lending_desk.cited(promising) == lending_desk.cited(shipping) == [("ill.security-unpaid", "NLC-3")]


@pytest.mark.clause("NLC-3")
def test_approval_says_what_is_to_be_paid(lending_desk):
    """Whoever is approved is told that a security comes before the first loan."""
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.UNIVERSITY_LIBRARY)
    change = lending_desk.do(c.Approve, "2026-01-02")

    assert ("ill.security-unpaid", "NLC-3") in lending_desk.cited(lending_desk.told(change).reasons)


@pytest.mark.clause("NLC-3")
@pytest.mark.parametrize("kind", list(SecurityKind))
def test_either_kind_of_security_opens_the_desk(lending_desk, kind):
    """A deposit is enough, and so is a prepayment."""
    lending_desk.relate(secured=False)
    lending_desk.do(c.PaySecurity, "2026-01-10", kind=kind, amount=yuan(300))
    lending_desk.ask()

    assert lending_desk.reasons(c.Ship, "2026-01-31", items=("a",)) == ()
    assert lending_desk.relation().secured(kind) == yuan(300)


@pytest.mark.clause("NLC-3")
def test_a_prepayment_is_used_up_by_what_is_charged(lending_desk):
    """A prepayment pays the fee at once, and what is left still secures the next loan."""
    lending_desk.relate(secured=False)
    lending_desk.do(c.PaySecurity, "2026-01-10", kind=SecurityKind.PREPAYMENT, amount=yuan(30))
    lending_desk.lend()

    assert lending_desk.relation().secured(SecurityKind.PREPAYMENT) == yuan(10)
    assert lending_desk.relation().open == {}


# --- 五 2, 七 1, 七 3: fees, terms, overdue -----------------------------------------------------------


@pytest.mark.clause("NLC-4", "NLC-10", "NLC-12")
@pytest.mark.parametrize(
    ("place", "items", "fee", "overdue", "together"),
    [
        (Place.ELSEWHERE, ("a",), 20, 25, 45),
        (Place.ELSEWHERE, ("a", "b"), 40, 50, 90),
        (Place.SAME_CITY, ("a",), 10, 25, 35),
        (Place.SAME_CITY, ("a", "b"), 20, 50, 70),
    ],
)
def test_a_loan_of_31_january_renewed_and_five_days_late(lending_desk, place, items, fee, overdue, together):
    """Due on 28 February, renewed to 15 March, back on 20 March: the fee and five days a volume."""
    lending_desk.know(place=place)
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=items)
    assert lending_desk.loan().due == date(2026, 2, 28)
    lending_desk.renew("2026-02-20")
    assert lending_desk.loan().due == date(2026, 3, 15)

    change = lending_desk.do(c.CheckIn, "2026-03-20")

    assert lending_desk.owed("2026-03-20") == {"loan-fee": yuan(fee), "overdue": yuan(overdue)}
    assert {kind: posted.amount for kind, posted in lending_desk.loan().charged.items()} == {
        "loan-fee": yuan(fee),
        "overdue": yuan(overdue),
    }
    assert sum(item.outstanding.minor for item in lending_desk.relation().open.values()) == together * 100
    (posting,) = change.postings
    assert {step.clause.id for _, step in posting.charge.lines()} == {"NLC-12"}


@pytest.mark.clause("NLC-4")
@pytest.mark.parametrize(("place", "fee"), [(Place.SAME_CITY, 10), (Place.ELSEWHERE, 20)])
def test_the_fee_is_charged_when_the_volumes_are_shipped(lending_desk, place, fee):
    """Per volume, by the borrower's place, and the borrower is told the fee with its clause."""
    lending_desk.know(place=place)
    lending_desk.relate()
    change = lending_desk.lend(items=("a", "b", "c"))

    (posting,) = change.postings
    assert posting.amount == yuan(3 * fee)
    assert {step.clause.id for _, step in posting.charge.lines()} == {"NLC-4"}
    assert dict(lending_desk.told(change).facts)["fee"] == yuan(3 * fee)


@pytest.mark.clause("NLC-12")
@pytest.mark.parametrize(
    ("back", "owed"), [("2026-02-27", None), ("2026-02-28", None), ("2026-03-01", 5), ("2026-03-02", 10)]
)
def test_the_due_day_itself_is_not_late(lending_desk, back, owed):
    """A return on the due day owes nothing; each day after it, five yuan a volume."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.CheckIn, back)

    assert lending_desk.owed(back).get("overdue") == (None if owed is None else yuan(owed))


@pytest.mark.clause("NLC-12")
def test_volumes_that_come_back_apart_are_late_apart(lending_desk):
    """Two volumes two days late and one volume three days late: seven times five yuan."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b", "c"))
    lending_desk.do(c.CheckIn, "2026-03-02", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-03-03", items=("c",))

    assert lending_desk.owed("2026-03-03")["overdue"] == yuan(35)


# --- 五 3: abroad -----------------------------------------------------------------------------------


@pytest.mark.clause("NLC-5")
def test_a_loan_abroad_is_charged_by_the_tariff_that_is_given(lending_desk):
    """The tariff per volume is asked for when shipping, and is the fee, times the volumes."""
    lending_desk.know(place=Place.ABROAD, international_slip="GJ-1")
    lending_desk.relate()
    lending_desk.ask()

    missing = lending_desk.reasons(c.Ship, "2026-01-31", items=("a", "b"))
    assert lending_desk.cited(missing) == [("ill.tariff-missing", "NLC-5")]
    change = lending_desk.do(c.Ship, "2026-01-31", items=("a", "b"), tariff=yuan(160))

    (posting,) = change.postings
    assert posting.amount == yuan(320)
    assert {step.clause.id for _, step in posting.charge.lines()} == {"NLC-5"}


@pytest.mark.clause("NLC-5")
def test_a_loan_at_home_takes_no_tariff(lending_desk):
    """The tariff is for requests from abroad, in the library's currency."""
    lending_desk.relate()
    lending_desk.ask()
    refused = lending_desk.reasons(c.Ship, "2026-01-31", items=("a",), tariff=yuan(160))
    assert lending_desk.cited(refused) == [("ill.tariff-not-due", "NLC-5")]

    lending_desk.know(place=Place.ABROAD, international_slip="GJ-1")
    lending_desk.ask(case="abroad")
    euros = Money(20, "EUR")
    refused = lending_desk.reasons(c.Ship, "2026-01-31", items=("a",), tariff=euros, case="abroad")
    assert lending_desk.cited(refused) == [("ill.wrong-currency", "NLC-5")]


@pytest.mark.clause("NLC-16")
def test_a_request_from_abroad_needs_its_own_slip(lending_desk):
    """Without the National Library's international loan slip it is neither promised nor shipped."""
    lending_desk.know(place=Place.ABROAD)
    lending_desk.relate()
    lending_desk.ask()
    slip = [("ill.international-slip-missing", "NLC-16")]

    reasons = lending_desk.reasons(c.Promise, "2026-01-31")
    assert lending_desk.cited(reasons) == slip
    assert dict(reasons[0].facts) == {"form": "国家图书馆国际借书单"}
    shipping = lending_desk.reasons(c.Ship, "2026-01-31", items=("a",), tariff=yuan(160))
    assert lending_desk.cited(shipping) == slip
    lending_desk.know(international_slip="GJ-1")
    assert lending_desk.reasons(c.Ship, "2026-01-31", items=("a",), tariff=yuan(160)) == ()


# --- 五 4: without a relation -----------------------------------------------------------------------


@pytest.mark.clause("NLC-6")
@pytest.mark.parametrize("place", [Place.SAME_CITY, Place.ELSEWHERE])
def test_an_individual_is_answered_with_advice(lending_desk, place):
    """An individual's request is recorded, answered no, and told to ask through a related institution."""
    lending_desk.know(kind=InstitutionKind.INDIVIDUAL, place=place)

    change = lending_desk.ask(requester="READER:1")

    loan = lending_desk.loan()
    assert (loan.state, loan.closing) == (SupplyState.CLOSED, Closing.UNFILLED)
    assert loan.why_unfilled is Unfilled.POLICY_PROBLEM
    assert lending_desk.cited(loan.reasons) == [("ill.individual", "NLC-6")]
    assert lending_desk.told(change).to == "READER:1"
    assert lending_desk.told(change).reasons == loan.reasons


@pytest.mark.clause("NLC-6")
def test_an_institution_of_another_place_without_a_relation_is_sent_to_one_that_has_it(lending_desk):
    """Out of town and without a relation: no, with the advice to entrust a related institution there."""
    change = lending_desk.ask()

    assert lending_desk.cited(lending_desk.loan().reasons) == [("ill.no-relation-elsewhere", "NLC-6")]
    assert lending_desk.told(change).reasons == lending_desk.loan().reasons


@pytest.mark.clause("NLC-2")
def test_an_institution_of_the_same_city_without_a_relation_is_asked_to_sign(lending_desk):
    """In the same city the answer is to enter into a relation, not to ask through another."""
    lending_desk.know(place=Place.SAME_CITY)
    lending_desk.ask()

    assert lending_desk.cited(lending_desk.loan().reasons) == [("ill.no-relation", "NLC-2")]


@pytest.mark.clause("NLC-2")
def test_an_approved_but_unsigned_relation_does_not_lend(lending_desk):
    """Approval alone opens nothing, even if money was paid in."""
    lending_desk.know(place=Place.SAME_CITY)
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.UNIVERSITY_LIBRARY)
    lending_desk.do(c.Approve, "2026-01-02")
    lending_desk.do(c.PaySecurity, "2026-01-02", kind=SecurityKind.DEPOSIT, amount=yuan(100))
    lending_desk.ask()

    assert lending_desk.cited(lending_desk.loan().reasons) == [("ill.no-relation", "NLC-2")]


# --- 五 5, 八 2: loss and damage ----------------------------------------------------------------------


@pytest.mark.clause("NLC-7")
def test_nothing_is_lent_while_something_is_overdue(lending_desk):
    """From the day after the due day until the volume is back, nothing more is promised or shipped."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.ask("2026-02-28", case="next")
    assert lending_desk.reasons(c.Ship, "2026-02-28", items=("b",), case="next") == ()

    promising = lending_desk.reasons(c.Promise, "2026-03-01", case="next")
    shipping = lending_desk.reasons(c.Ship, "2026-03-01", items=("b",), case="next")
    assert lending_desk.cited(promising) == [("ill.overdue-loan", "NLC-7")]
    assert dict(promising[0].facts) == {"loan": "CN-320500/1", "due": date(2026, 2, 28)}
    assert shipping == promising

    lending_desk.do(c.CheckIn, "2026-03-01")
    assert lending_desk.reasons(c.Ship, "2026-03-01", items=("b",), case="next") == ()


@pytest.mark.clause("NLC-7")
def test_nothing_is_lent_while_a_compensation_is_unpaid(lending_desk):
    """Loss is declared and compensated by a given amount; until it is paid borrowing is suspended."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lost = lending_desk.do(c.ReportLost, "2026-02-10")
    assert lending_desk.cited(lending_desk.told(lost).reasons) == [("ill.loss-compensated", "NLC-7")]
    charged = lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(180))
    assert lending_desk.cited(lending_desk.told(charged).reasons) == [("ill.compensation-due", "NLC-7")]
    (posting,) = charged.postings
    assert posting.amount == yuan(180)
    assert {step.clause.id for _, step in posting.charge.lines()} == {"NLC-7"}

    lending_desk.ask("2026-02-13", case="next")
    unpaid = [("ill.charge-unpaid", "NLC-7")]
    shipping = lending_desk.reasons(c.Ship, "2026-02-13", items=("b",), case="next")
    assert lending_desk.cited(shipping) == unpaid
    settling = lending_desk.reasons(c.SettleLoss, "2026-02-13", how=Settlement.PAID)
    assert lending_desk.cited(settling) == unpaid

    lending_desk.do(c.Pay, "2026-02-14", amount=yuan(200))
    lending_desk.do(c.SettleLoss, "2026-02-14", how=Settlement.PAID)
    assert lending_desk.loan().closing is Closing.LOST_SETTLED
    assert lending_desk.reasons(c.Ship, "2026-03-20", items=("b",), case="next") == ()


@pytest.mark.clause("NLC-7")
def test_an_unpaid_fee_alone_suspends_nothing(lending_desk):
    """The rule names items not returned and compensation not paid; a loan fee is neither."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.ask("2026-02-01", case="next")

    assert set(lending_desk.relation().open) == {"CN-320500/1/loan-fee"}
    assert lending_desk.reasons(c.Ship, "2026-02-01", items=("b",), case="next") == ()


@pytest.mark.clause("NLC-7")
def test_damage_is_compensated(lending_desk):
    """Damage is put on record with the clause, and a compensation can be set for it alone."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    nothing = lending_desk.reasons(c.Compensate, "2026-02-10", amount=yuan(50))
    assert lending_desk.cited(nothing) == [("ill.nothing-to-compensate", "NLC-7")]
    lending_desk.do(c.CheckIn, "2026-02-10")
    change = lending_desk.do(c.RecordDamage, "2026-02-11", item="NLC-1", note="水渍")
    assert lending_desk.cited(lending_desk.told(change).reasons) == [("ill.damage-compensated", "NLC-7")]

    lending_desk.do(c.Compensate, "2026-02-11", amount=yuan(50))

    assert lending_desk.owed("2026-02-11")["compensation"] == yuan(50)


@pytest.mark.clause("NLC-7")
def test_a_serious_case_ends_the_agreement(lending_desk):
    """Staff terminate the agreement with a reason; what is out and owed stays so, nothing more is lent."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    change = lending_desk.do(c.Terminate, "2026-03-10", reason="屡次逾期不还")

    assert lending_desk.relation().state is RelationState.TERMINATED
    assert dict(lending_desk.told(change).facts)["reason"] == "屡次逾期不还"
    assert lending_desk.relation().volumes_out == 1
    lending_desk.ask("2026-03-11", case="afterwards")
    assert lending_desk.loan("afterwards").closing is Closing.UNFILLED


@pytest.mark.clause("NLC-13")
def test_damage_in_the_return_post_is_the_senders_liability(lending_desk):
    """Damage on the way back is put on record against the institution that sent the volume."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportReturn, "2026-02-20")
    lending_desk.do(c.CheckIn, "2026-02-25")
    change = lending_desk.do(c.RecordDamage, "2026-02-25", item="NLC-1", note="书脊断裂", in_post=True)

    assert lending_desk.cited(lending_desk.told(change).reasons) == [("ill.damaged-in-return-post", "NLC-13")]
    assert lending_desk.told(change).to == "CN-320500"
    lending_desk.do(c.Compensate, "2026-02-26", amount=yuan(60))
    assert lending_desk.relation().open["CN-320500/1/compensation"].outstanding == yuan(60)


@pytest.mark.clause("NLC-13")
def test_loss_in_the_return_post_is_the_senders_liability(lending_desk):
    """What the borrower had sent back and never came is its own loss."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportReturn, "2026-02-20")
    change = lending_desk.do(c.DeclareLost, "2026-03-20")

    assert lending_desk.cited(lending_desk.told(change).reasons) == [("ill.damaged-in-return-post", "NLC-13")]


# --- 六: what is lent -------------------------------------------------------------------------------


@pytest.mark.clause("NLC-8")
def test_a_chinese_book_is_lent_from_the_base_collection_only(lending_desk):
    """The base collection lends its Chinese books; other collections do not."""
    lending_desk.relate()
    lending_desk.ask(case="base")
    lending_desk.know(base_collection=False)
    lending_desk.ask(case="other")

    assert lending_desk.loan("base").state is SupplyState.NEW
    assert lending_desk.loan("other").why_unfilled is Unfilled.NON_CIRCULATING
    assert lending_desk.cited(lending_desk.loan("other").reasons) == [("ill.not-base-collection", "NLC-8")]


@pytest.mark.clause("NLC-8")
@pytest.mark.parametrize(
    ("catalogued", "reasons"),
    [
        (date(2012, 5, 1), []),
        (date(2023, 1, 31), []),
        (date(2023, 2, 1), [("ill.catalogued-lately", "NLC-8")]),
        (date(2025, 6, 12), [("ill.catalogued-lately", "NLC-8")]),
        (None, [("ill.catalogued-unknown", "NLC-8")]),
    ],
)
def test_a_foreign_book_was_catalogued_three_years_ago_or_earlier(lending_desk, catalogued, reasons):
    """Three years to the day is long enough; a day less is not; an unknown day is no day."""
    lending_desk.relate()
    # whether a foreign book stands in the base collection does not matter
    lending_desk.know(material=Material.FOREIGN_BOOK, catalogued_on=catalogued, base_collection=False)
    lending_desk.ask("2026-01-31")

    assert lending_desk.cited(lending_desk.loan().reasons) == reasons


@pytest.mark.clause("NLC-8")
@pytest.mark.parametrize("material", NOT_LENT)
def test_other_materials_are_answered_with_the_offer_of_delivery(lending_desk, material):
    """Not on loan: recorded, answered unfilled, and the borrower is offered document delivery."""
    lending_desk.relate()
    lending_desk.know(material=material)

    change = lending_desk.ask()

    loan = lending_desk.loan()
    assert (loan.state, loan.closing) == (SupplyState.CLOSED, Closing.UNFILLED)
    assert loan.why_unfilled is Unfilled.NON_CIRCULATING
    assert lending_desk.cited(loan.reasons) == [("ill.material-not-lent", "NLC-8")]
    assert [type(entry.command) for entry in change.entries] == [c.ReceiveRequest, c.CannotSupply]
    refusal, offer = lending_desk.told(change).reasons
    assert refusal == loan.reasons[0]
    assert offer.code.startswith("ill.delivery-offered")


@pytest.mark.clause("NLC-9")
def test_delivery_of_rare_books_is_limited_and_of_nothing_else(lending_desk):
    """Document delivery is unlimited in kind and number, but for rare books."""
    lending_desk.relate()
    offers = {}
    for material in NOT_LENT:
        lending_desk.know(material=material)
        change = lending_desk.ask(case=material.value)
        offers[material] = lending_desk.cited(lending_desk.told(change).reasons[1:])

    assert offers.pop(Material.RARE_BOOK) == [("ill.delivery-offered-within-limits", "NLC-9")]
    assert all(offer == [("ill.delivery-offered", "NLC-8")] for offer in offers.values())


# --- 七: renewal, recall ----------------------------------------------------------------------------


@pytest.mark.clause("NLC-10")
@pytest.mark.parametrize(
    ("shipped", "due"),
    [
        ("2026-01-15", date(2026, 2, 15)),
        ("2026-01-28", date(2026, 2, 28)),
        ("2026-01-31", date(2026, 2, 28)),
        ("2028-01-31", date(2028, 2, 29)),
        ("2026-03-31", date(2026, 4, 30)),
        ("2026-12-31", date(2027, 1, 31)),
    ],
)
def test_a_loan_is_for_one_month(lending_desk, shipped, due):
    """The same day of the next month, or its last day where it has no such day."""
    lending_desk.relate()
    change = lending_desk.lend(shipped)

    assert lending_desk.loan().due == due
    assert dict(lending_desk.told(change).facts)["due"] == due


@pytest.mark.clause("NLC-10")
@pytest.mark.parametrize("asked", ["2026-02-01", "2026-02-28"])
def test_a_renewal_is_half_a_month_from_the_old_due_date(lending_desk, asked):
    """Whenever it is asked for, up to the due day itself, the new due date is fifteen days after the old."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.renew(asked)

    assert lending_desk.loan().due == date(2026, 3, 15)
    assert lending_desk.relation().out["CN-320500/1"].due == date(2026, 3, 15)


@pytest.mark.clause("NLC-10")
def test_a_loan_is_renewed_once(lending_desk):
    """A second renewal is answered no, with its clause."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.renew("2026-02-20")

    reasons = lending_desk.not_renewed("2026-03-10")

    assert lending_desk.cited(reasons) == [("ill.renewals-used-up", "NLC-10")]


@pytest.mark.clause("NLC-10")
def test_a_renewal_is_asked_for_before_expiry(lending_desk):
    """On the day after the due day it is too late."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")

    reasons = lending_desk.not_renewed("2026-03-01")

    assert lending_desk.cited(reasons) == [("ill.asked-after-expiry", "NLC-10")]
    assert dict(reasons[0].facts) == {"latest": date(2026, 2, 28)}


@pytest.mark.clause("NLC-10")
def test_a_loan_that_somebody_waits_for_is_not_renewed(lending_desk):
    """A reservation stands in the way of asking, and, if it comes later, of granting."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    waiting = [("ill.reserved", "NLC-10")]
    lending_desk.know(reserved=1)
    asking = lending_desk.not_renewed("2026-02-20")
    assert lending_desk.cited(asking) == waiting

    lending_desk.know(reserved=0)
    lending_desk.do(c.RequestRenewal, "2026-02-20", reason="课程未结束")
    lending_desk.know(reserved=1)
    assert lending_desk.cited(lending_desk.reasons(c.GrantRenewal, "2026-02-21")) == waiting


@pytest.mark.clause("NLC-10")
@pytest.mark.parametrize("reason", ["", "  "])
def test_a_renewal_needs_a_reason(lending_desk, reason):
    """It is asked for with a reason, or answered no."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")

    reasons = lending_desk.not_renewed("2026-02-20", reason=reason)

    assert lending_desk.cited(reasons) == [("ill.renewal-without-reason", "NLC-10")]


@pytest.mark.clause("NLC-10")
def test_every_reason_is_named_at_once_and_the_term_stays(lending_desk):
    """A second renewal, after expiry, without a reason, of what somebody waits for: four reasons."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.renew("2026-02-20")
    lending_desk.know(reserved=2)
    due, renewals = lending_desk.loan().due, lending_desk.loan().renewals

    assert lending_desk.cited(lending_desk.not_renewed("2026-03-16", reason="")) == [
        ("ill.renewals-used-up", "NLC-10"),
        ("ill.asked-after-expiry", "NLC-10"),
        ("ill.reserved", "NLC-10"),
        ("ill.renewal-without-reason", "NLC-10"),
    ]
    assert (lending_desk.loan().due, lending_desk.loan().renewals) == (due, renewals)


@pytest.mark.clause("NLC-11")
def test_the_lender_recalls_before_the_term_ends(lending_desk):
    """A recall shortens the term, stands in the way of a renewal, and names its clause."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    change = lending_desk.do(c.Recall, "2026-02-05", due=date(2026, 2, 12), reason="馆内急需")

    assert lending_desk.loan().due == date(2026, 2, 12)
    assert lending_desk.relation().out["CN-320500/1"].due == date(2026, 2, 12)
    assert lending_desk.cited(lending_desk.told(change).reasons) == [("ill.recalled", "NLC-11")]
    renewal = lending_desk.not_renewed("2026-02-06")
    assert lending_desk.cited(renewal) == [("ill.recalled", "NLC-11")]
    assert lending_desk.owed("2026-02-13")["overdue"] == yuan(5)


@pytest.mark.clause("NLC-11")
def test_a_recall_after_the_term_has_ended_forgives_nothing(lending_desk):
    """Recalled ten days late to two days later: the days from the old due day on are still owed."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    change = lending_desk.do(c.Recall, "2026-03-10", due=date(2026, 3, 12), reason="馆内急需")

    assert dict(lending_desk.told(change).facts)["due"] == date(2026, 3, 12)
    assert lending_desk.loan().due == date(2026, 2, 28)
    assert lending_desk.owed("2026-03-12")["overdue"] == yuan(60)


@pytest.mark.clause("NLC-11")
@pytest.mark.parametrize("due", [date(2026, 2, 4), date(2026, 3, 1)])
def test_a_recall_neither_lies_back_nor_lengthens_the_term(lending_desk, due):
    """The day named lies between today and the end of the term, both included."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")

    reasons = lending_desk.reasons(c.Recall, "2026-02-05", due=due, reason="馆内急需")

    assert lending_desk.cited(reasons) == [("ill.recall-day", "NLC-11")]


# --- 五 2, 一, 二, 八: cards, local supply, ownership, letters ------------------------------------------


@pytest.mark.clause("NLC-14")
def test_an_institution_files_its_own_requests_by_its_card(lending_desk):
    """With a card given out, a request without it or with another is refused, and not taken in."""
    lending_desk.relate()
    lending_desk.do(c.IssueCard, "2026-01-05", card="HJ-0042")
    usual = {"requester": "CN-320500", "supplier": "CN-NLC", "request_id": "1"}
    requested = lending_desk.command(c.ReceiveRequest, "2026-01-31", requested=None, **usual).requested

    for card in (None, "HJ-0041"):
        reasons = lending_desk.reasons(
            c.ReceiveRequest, "2026-01-31", requested=requested, card=card, **usual
        )
        assert lending_desk.cited(reasons) == [("ill.card-not-theirs", "NLC-14")]
    lending_desk.ask(card="HJ-0042")
    assert lending_desk.loan().state is SupplyState.NEW


@pytest.mark.clause("NLC-14")
def test_staff_may_enter_a_request_that_came_by_letter(lending_desk):
    """The card is how an institution shows who it is; the library's own staff know."""
    lending_desk.relate()
    lending_desk.do(c.IssueCard, "2026-01-05", card="HJ-0042")

    lending_desk.ask(by=Actor("a librarian", "CN-NLC", Office.STAFF))

    assert lending_desk.loan().state is SupplyState.NEW


@pytest.mark.clause("NLC-15")
def test_what_the_borrowers_own_place_holds_is_not_lent(lending_desk):
    """Interlibrary loan is for what the borrower's own place cannot supply."""
    lending_desk.relate()
    lending_desk.know(held_locally=True)
    lending_desk.ask()

    assert lending_desk.loan().why_unfilled is Unfilled.POLICY_PROBLEM
    assert lending_desk.cited(lending_desk.loan().reasons) == [("ill.held-locally", "NLC-15")]


@pytest.mark.clause("NLC-15", "NLC-17")
def test_what_goes_out_says_whose_it_is_and_how_to_send_it_back(lending_desk):
    """With the volumes the borrower is told that they stay the library's, and to pack them properly."""
    lending_desk.relate()
    change = lending_desk.lend()

    said = lending_desk.cited(lending_desk.told(change).reasons)
    assert ("ill.ownership-stays", "NLC-15") in said
    assert ("ill.pack-properly", "NLC-17") in said


@pytest.mark.clause("NLC-17")
def test_every_letter_about_a_loan_says_how_letters_are_marked(lending_desk):
    """From the receipt to the return: letters to the centre carry its mark."""
    lending_desk.relate()
    changes = [
        lending_desk.ask(),
        lending_desk.do(c.Promise, "2026-01-31"),
        lending_desk.do(c.Ship, "2026-01-31", items=("a",)),
        lending_desk.renew("2026-02-20"),
        lending_desk.do(c.CheckIn, "2026-03-01"),
    ]

    marks = {dict(message.facts)["mark"] for change in changes for message in change.messages}
    assert marks == {"国家图书馆馆际互借"}


# --- what the rules say together --------------------------------------------------------------------


@pytest.mark.clause("NLC-6", "NLC-8", "NLC-15")
def test_an_answer_names_every_rule_that_says_no(lending_desk):
    """A map, held at home, asked for by an institution without a relation: three reasons at once."""
    lending_desk.know(material=Material.MAP, held_locally=True)
    lending_desk.ask()

    assert lending_desk.cited(lending_desk.loan().reasons) == [
        ("ill.no-relation-elsewhere", "NLC-6"),
        ("ill.held-locally", "NLC-15"),
        ("ill.material-not-lent", "NLC-8"),
    ]


def test_an_amount_left_open_is_never_taken_as_zero(lending_desk):
    """A rulebook in which the compensation is a gap cannot charge one."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    rule = lending_desk.policy.compensation
    gap = type(rule)(rule.name, [replace(rule.values[0], cited=None)])
    lending_desk.policy = replace(lending_desk.policy, compensation=gap)

    with pytest.raises(MissingValue):
        lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(180))
