"""What a borrowing institution gets back, and how one that was declined or has left begins anew."""

from __future__ import annotations

import pytest

from servflow.core.errors import InvalidValue
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import InstitutionKind, RelationState, SecurityKind
from servflow.core.ill.terms import Settlement
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money

BORROWER = "CN-320500"


def cny(amount: int | str) -> Money:
    return Money(amount, "CNY")


@pytest.mark.clause("NLC-3")
def test_a_deposit_is_given_back(lending_desk):
    """What was held is the institution's again, it hears so, and borrowing waits for another security."""
    lending_desk.relate()
    change = lending_desk.do(c.RefundSecurity, "2026-02-01", kind=SecurityKind.DEPOSIT, amount=cny(500))

    (posting,) = change.postings
    assert (str(posting.debit), str(posting.credit)) == (f"deposit/{BORROWER}", "cash/CN-NLC")
    assert (posting.amount, posting.kind, posting.subject) == (cny(500), "deposit-given-back", BORROWER)
    assert lending_desk.relation().security == {}
    told = lending_desk.told(change)
    assert (told.kind, dict(told.facts)) == (
        "ill.relation.security-refunded",
        {"amount": cny(500), "kind": "deposit"},
    )
    lending_desk.ask("2026-02-02")
    reasons = lending_desk.reasons(c.Ship, "2026-02-02", items=("NLC-1",))
    assert ("ill.security-unpaid", "NLC-3") in lending_desk.cited(reasons)


@pytest.mark.clause("NLC-3")
def test_what_is_left_of_a_prepayment_is_given_back(lending_desk):
    """In part or as a whole; the ledger then holds nothing more."""
    lending_desk.relate(secured=False)
    lending_desk.do(c.PaySecurity, "2026-01-03", kind=SecurityKind.PREPAYMENT, amount=cny(50))
    lending_desk.do(c.RefundSecurity, "2026-02-01", kind=SecurityKind.PREPAYMENT, amount=cny(20))
    assert lending_desk.relation().secured(SecurityKind.PREPAYMENT) == cny(30)
    lending_desk.do(c.RefundSecurity, "2026-02-01", kind=SecurityKind.PREPAYMENT, amount=cny(30))

    prepaid = Account(AccountKind.PREPAYMENT, BORROWER)
    assert balance(lending_desk.postings, prepaid, "CNY") == cny(0)


@pytest.mark.clause("NLC-3")
def test_no_more_is_given_back_than_is_held(lending_desk):
    """Nor of a security that was never paid, nor in another currency."""
    lending_desk.relate()
    deposit, prepayment = SecurityKind.DEPOSIT, SecurityKind.PREPAYMENT

    for kind, amount, held in ((deposit, "500.01", 500), (prepayment, "0.01", 0)):
        (reason,) = lending_desk.reasons(c.RefundSecurity, "2026-02-01", kind=kind, amount=cny(amount))
        assert (reason.code, dict(reason.facts)) == (
            "ill.security-not-held",
            {"kind": kind.value, "held": cny(held)},
        )
    foreign = lending_desk.reasons(c.RefundSecurity, "2026-02-01", kind=deposit, amount=Money(1, "EUR"))
    assert [reason.code for reason in foreign] == ["ill.wrong-currency"]
    with pytest.raises(InvalidValue, match="amount"):
        lending_desk.command(c.RefundSecurity, "2026-02-01", kind=deposit, amount=cny(0))


@pytest.mark.clause("NLC-3", "NLC-7")
def test_a_security_stays_while_something_is_out_or_owed(lending_desk):
    """Each loan, each compensation that was not set and each charge is named; also when the agreement has ended."""
    lending_desk.relate()
    lending_desk.lend()
    said = {"kind": SecurityKind.DEPOSIT, "amount": cny(500)}

    out = lending_desk.reasons(c.RefundSecurity, "2026-02-10", **said)
    assert [reason.code for reason in out] == ["ill.still-out", "ill.charge-unpaid"]
    lending_desk.do(c.ReportLost, "2026-02-11")
    lending_desk.do(c.Terminate, "2026-02-12", reason="grave")
    lost = [reason.code for reason in lending_desk.reasons(c.RefundSecurity, "2026-02-12", **said)]
    assert "ill.compensation-unset" in lost
    lending_desk.do(c.Compensate, "2026-02-13", amount=cny(40))
    lending_desk.do(c.Pay, "2026-02-14", amount=cny(60))
    lending_desk.do(c.SettleLoss, "2026-02-14", how=Settlement.PAID)
    assert lending_desk.reasons(c.RefundSecurity, "2026-02-15", **said) == ()


def test_who_was_declined_applies_again(lending_desk):
    """Under the same reference, as another kind of institution if it says so, and to be approved anew."""
    by = lending_desk.command(
        c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.OTHER, contact="c-1"
    ).by
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.OTHER, contact="c-1")
    lending_desk.do(c.Decline, "2026-01-03", reason="kind not served")
    lending_desk.do(c.Reapply, "2026-01-05", by=by, kind=InstitutionKind.PUBLIC_LIBRARY, contact="c-2")

    relation = lending_desk.relation()
    assert (relation.state, relation.why) == (RelationState.APPLIED, None)
    assert (relation.institution, relation.contact) == (InstitutionKind.PUBLIC_LIBRARY, "c-2")
    assert lending_desk.reasons(c.Approve, "2026-01-06") == ()


@pytest.mark.clause("NLC-7")
def test_whose_agreement_has_ended_applies_again(lending_desk):
    """What is out, owed and held stays on the account; agreements and card are to be had anew."""
    lending_desk.relate()
    lending_desk.do(c.IssueCard, "2026-01-03", card="B-1")
    lending_desk.ask(card="B-1")
    lending_desk.do(c.Ship, "2026-01-31", items=("NLC-1",))
    lending_desk.do(c.Terminate, "2026-02-10", reason="grave")
    before = lending_desk.relation()
    lending_desk.do(c.Reapply, "2026-02-11")

    relation = lending_desk.relation()
    assert (relation.state, relation.agreements, relation.card) == (RelationState.APPLIED, (), None)
    assert (relation.institution, relation.out, relation.security) == (
        before.institution,
        before.out,
        before.security,
    )
    lending_desk.do(c.CheckIn, "2026-02-12")
    assert lending_desk.relation().out == {}
    lending_desk.do(c.Pay, "2026-02-13", amount=cny(20))
