"""What follows when a command to a relation is taken: standing, security, and the borrower's account.

What a loan does to the account comes as ``BookLoan``, within the change of the loan. Payments,
waivers and securities are postings here, in the same order as on the account.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servflow.core.citations import Reason
from servflow.core.ill import paying
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.commands import (
    Apply,
    BookLoan,
    DeclareChange,
    Decline,
    IssueCard,
    Pay,
    PaySecurity,
    Reapply,
    RefundSecurity,
    SettleDues,
    Sign,
    Suspend,
    Terminate,
    Waive,
)
from servflow.core.ill.lending.model import Relation
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import RelationState
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "apply_again",
    "book_loan",
    "change_contact",
    "issue_card",
    "open_relation",
    "pay",
    "refund_security",
    "reinstate",
    "settle",
    "sign",
    "suspend",
    "take_security",
    "tell_approved",
    "tell_declined",
    "terminate",
    "waive",
]


def open_relation(s: Situation[None, Apply, LendingPolicy, Any]) -> Outcome:
    """The relation as it begins: applied for."""
    c = s.command
    return Outcome(
        it=Relation(
            id=c.case, state=RelationState.APPLIED, lender=c.lender, institution=c.kind, contact=c.contact
        )
    )


def apply_again(s: Situation[Relation, Reapply, LendingPolicy, Any]) -> Outcome:
    """As at the first time: to be approved and signed anew. What is out, owed and held stays so."""
    c = s.command
    it = replace(
        s.it,
        institution=c.kind or s.it.institution,
        contact=c.contact or s.it.contact,
        agreements=(),
        card=None,
        why=None,
    )
    return Outcome(it=it)


def tell_approved(s: Situation[Relation, Any, LendingPolicy, Any]) -> Outcome:
    """The institution hears that it may sign, what, and what it pays before it may borrow."""
    day = s.policy.day(s.command.happened_at)
    agreements, security = s.policy.agreements.on(day), s.policy.security.on(day)
    reasons = (
        *(
            Reason("ill.agreement-missing", agreements.clause, (("agreement", agreement),))
            for agreement in agreements.value
        ),
        *((Reason("ill.security-unpaid", security.clause),) if security.value else ()),
    )
    return Outcome(it=s.it, messages=messages.tell_institution(s.it, messages.APPROVED, (), reasons))


def tell_declined(s: Situation[Relation, Decline, LendingPolicy, Any]) -> Outcome:
    """The institution hears why not."""
    it = replace(s.it, why=s.command.reason)
    facts = (("reason", s.command.reason),)
    return Outcome(it=it, messages=messages.tell_institution(it, messages.DECLINED, facts))


def sign(s: Situation[Relation, Sign, LendingPolicy, Any]) -> Outcome:
    """The relation is in force."""
    it = replace(s.it, agreements=s.command.agreements)
    return Outcome(it=it, messages=messages.tell_institution(it, messages.SIGNED))


def issue_card(s: Situation[Relation, IssueCard, LendingPolicy, Any]) -> Outcome:
    """From now on its requests are known by this number."""
    return Outcome(it=replace(s.it, card=s.command.card))


def change_contact(s: Situation[Relation, DeclareChange, LendingPolicy, Any]) -> Outcome:
    """The contact is another one."""
    return Outcome(it=replace(s.it, contact=s.command.contact))


def take_security(s: Situation[Relation, PaySecurity, LendingPolicy, Any]) -> Outcome:
    """The money is held for the institution; a prepayment pays at once what is open."""
    c = s.command
    it, postings = paying.taken_in(s, s.it, c.kind, c.amount)
    facts = (("amount", c.amount), ("kind", c.kind.value))
    return Outcome(it=it, messages=messages.tell_institution(it, messages.SECURED, facts), postings=postings)


def refund_security(s: Situation[Relation, RefundSecurity, LendingPolicy, Any]) -> Outcome:
    """So much of what was paid in is the institution's again."""
    c = s.command
    it, postings = paying.given_back(s, s.it, c.kind, c.amount)
    facts = (("amount", c.amount), ("kind", c.kind.value))
    return Outcome(it=it, messages=messages.tell_institution(it, messages.REFUNDED, facts), postings=postings)


def book_loan(s: Situation[Relation, BookLoan, LendingPolicy, Any]) -> Outcome:
    """What is out, and what is owed for it; a prepayment pays it at once."""
    c = s.command
    out = {loan: held for loan, held in s.it.out.items() if loan != c.loan}
    if c.out is not None:
        out[c.loan] = c.out
    unsettled = tuple(loan for loan in s.it.unsettled if loan != c.loan)
    if c.unsettled:
        unsettled += (c.loan,)
    it, postings = paying.booked(s, replace(s.it, out=out, unsettled=unsettled), c.loan, c.charged)
    return Outcome(it=it, postings=postings)


def pay(s: Situation[Relation, Pay, LendingPolicy, Any]) -> Outcome:
    """The oldest charges of each kind are paid, kind by kind; the rest becomes prepayment."""
    it, postings, rest = paying.paid(s, s.it, s.command.amount)
    facts = (("amount", s.command.amount), ("rest", rest))
    return Outcome(it=it, postings=postings, messages=messages.tell_institution(it, messages.PAID, facts))


def settle(s: Situation[Relation, SettleDues, LendingPolicy, Any]) -> Outcome:
    """What a settlement says is paid; the settlement tells it."""
    c = s.command
    it, postings = paying.settled(s, s.it, c.amount, c.set_off, c.settlement)
    return Outcome(it=it, postings=postings)


def waive(s: Situation[Relation, Waive, LendingPolicy, Any]) -> Outcome:
    """The charge is smaller by what is waived; the lender bears it."""
    c = s.command
    it, postings = paying.less_waived(s, s.it, c.loan, c.kind, c.amount)
    return Outcome(it=it, postings=postings)


def suspend(s: Situation[Relation, Suspend, LendingPolicy, Any]) -> Outcome:
    """Nothing is lent until it is reinstated."""
    it = replace(s.it, why=s.command.reason)
    facts = (("reason", s.command.reason),)
    return Outcome(it=it, messages=messages.tell_institution(it, messages.SUSPENDED, facts))


def reinstate(s: Situation[Relation, Any, LendingPolicy, Any]) -> Outcome:
    """Lending goes on."""
    it = replace(s.it, why=None)
    return Outcome(it=it, messages=messages.tell_institution(it, messages.REINSTATED))


def terminate(s: Situation[Relation, Terminate, LendingPolicy, Any]) -> Outcome:
    """The agreement is over; what is out and owed stays so."""
    it = replace(s.it, why=s.command.reason)
    facts = (("reason", s.command.reason),)
    return Outcome(it=it, messages=messages.tell_institution(it, messages.TERMINATED, facts))
