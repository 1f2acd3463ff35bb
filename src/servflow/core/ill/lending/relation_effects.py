"""What follows when a command to a relation is taken: standing, security, and the borrower's account.

What a loan does to the account comes as ``BookLoan``, within the change of the loan. Payments,
waivers and securities are postings here, in the same order as on the account.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from servflow.core.citations import Reason
from servflow.core.fees.assessment import OpenItem, apply_payment
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.commands import (
    Apply,
    BookLoan,
    DeclareChange,
    Decline,
    IssueCard,
    Pay,
    PaySecurity,
    Sign,
    Suspend,
    Terminate,
    Waive,
)
from servflow.core.ill.lending.guards import today
from servflow.core.ill.lending.model import Relation
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import (
    RelationState,
    SecurityKind,
)
from servflow.core.ledger import Account, AccountKind, Books, Posting
from servflow.core.lifecycle import Outcome, Situation
from servflow.core.money import Money

__all__ = [
    "book_loan",
    "change_contact",
    "issue_card",
    "open_relation",
    "pay",
    "reinstate",
    "sign",
    "suspend",
    "take_security",
    "tell_approved",
    "tell_declined",
    "terminate",
    "waive",
]

_PREPAYMENT: Final = SecurityKind.PREPAYMENT.value


def open_relation(s: Situation[None, Apply, LendingPolicy, Any]) -> Outcome:
    """The relation as it begins: applied for."""
    c = s.command
    return Outcome(
        it=Relation(
            id=c.case, state=RelationState.APPLIED, lender=c.lender, institution=c.kind, contact=c.contact
        )
    )


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
    account = {SecurityKind.DEPOSIT: AccountKind.DEPOSIT, SecurityKind.PREPAYMENT: AccountKind.PREPAYMENT}
    paid_in = _moved(
        s, 0, _cash(s), Account(account[c.kind], s.it.id), c.amount, c.case, f"{c.kind.value}-paid-in"
    )
    it, postings = _drawn(s, _with_security(s.it, c.kind.value, c.amount), 1)
    facts = (("amount", c.amount), ("kind", c.kind.value))
    told = messages.tell_institution(it, messages.SECURED, facts)
    return Outcome(it=it, messages=told, postings=(paid_in, *postings))


def book_loan(s: Situation[Relation, BookLoan, LendingPolicy, Any]) -> Outcome:
    """What is out, and what is owed for it; a prepayment pays it at once."""
    c = s.command
    out = {loan: held for loan, held in s.it.out.items() if loan != c.loan}
    if c.out is not None:
        out[c.loan] = c.out
    unsettled = tuple(loan for loan in s.it.unsettled if loan != c.loan)
    if c.unsettled:
        unsettled += (c.loan,)
    items = dict(s.it.open)
    for kind, grown in c.charged:
        about = f"{c.loan}/{kind}"
        item = items.get(about) or OpenItem(subject=c.loan, kind=kind, since=today(s), outstanding=grown * 0)
        items[about] = replace(item, outstanding=item.outstanding + grown)
    it, postings = _drawn(s, replace(s.it, out=out, unsettled=unsettled, open=items), 0)
    return Outcome(it=it, postings=postings)


def pay(s: Situation[Relation, Pay, LendingPolicy, Any]) -> Outcome:
    """The oldest charges of each kind are paid, kind by kind; the rest becomes prepayment."""
    order = s.policy.payment_order.on(today(s)).value
    it, postings, rest = _applied(s, s.it, _cash(s), s.command.amount, order, 0)
    if rest:
        prepaid = Account(AccountKind.PREPAYMENT, it.id)
        postings += (_moved(s, len(postings), _cash(s), prepaid, rest, s.command.case, "prepayment-paid-in"),)
        it = _with_security(it, _PREPAYMENT, rest)
    facts = (("amount", s.command.amount), ("rest", rest))
    return Outcome(it=it, postings=postings, messages=messages.tell_institution(it, messages.PAID, facts))


def waive(s: Situation[Relation, Waive, LendingPolicy, Any]) -> Outcome:
    """The charge is smaller by what is waived; the lender bears it."""
    c = s.command
    about = f"{c.loan}/{c.kind}"
    item = s.it.open[about]
    waived = Account(AccountKind.WAIVED, s.policy.library)
    posting = _moved(s, 0, waived, Account(AccountKind.RECEIVABLE, s.it.id), c.amount, c.loan, c.kind)
    it = _with_open(s.it, about, replace(item, outstanding=item.outstanding - c.amount))
    return Outcome(it=_with_waived(it, about, c.amount), postings=(posting,))


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


def _cash(s: Situation[Any, Any, LendingPolicy, Any]) -> Account:
    return Account(AccountKind.CASH, s.policy.library)


def _moved(
    s: Situation[Any, Any, LendingPolicy, Any],
    number: int,
    debit: Account,
    credit: Account,
    amount: Money,
    subject: str,
    kind: str,
) -> Posting:
    posting = Posting(
        key=f"{s.command.id}/{number}",
        debit=debit,
        credit=credit,
        amount=amount,
        value_date=today(s),
        subject=subject,
        kind=kind,
    )
    return Books(s.policy.closed_through).admit(posting)


def _with_security(it: Relation, kind: str, more: Money) -> Relation:
    held = it.security[kind] + more if kind in it.security else more
    security = {each: amount for each, amount in it.security.items() if each != kind}
    return replace(it, security={**security, kind: held} if held else security)


def _with_open(it: Relation, about: str, item: OpenItem) -> Relation:
    items = {each: other for each, other in it.open.items() if each != about}
    return replace(it, open={**items, about: item} if item.outstanding else items)


def _with_waived(it: Relation, about: str, more: Money) -> Relation:
    waived = it.waived[about] + more if about in it.waived else more
    others = {each: amount for each, amount in it.waived.items() if each != about}
    return replace(it, waived={**others, about: waived} if waived else others)


def _drawn(
    s: Situation[Relation, Any, LendingPolicy, Any], it: Relation, number: int
) -> tuple[Relation, tuple[Posting, ...]]:
    """What was reversed after it was paid becomes prepayment; a prepayment pays what is open.

    A waiver of what was reversed is taken back first: nobody gets what he never paid.
    """
    receivable = Account(AccountKind.RECEIVABLE, it.id)
    prepaid = Account(AccountKind.PREPAYMENT, it.id)
    waivers = Account(AccountKind.WAIVED, s.policy.library)
    postings: tuple[Posting, ...] = ()
    for about, item in sorted(it.open.items()):
        if item.outstanding.minor >= 0:
            continue
        credit = -item.outstanding
        waived = min(credit, it.waived.get(about, credit * 0))
        it = _with_waived(it, about, -waived)
        it = _with_security(it, _PREPAYMENT, credit - waived)
        it = _with_open(it, about, replace(item, outstanding=credit * 0))
        for account, part in ((waivers, waived), (prepaid, credit - waived)):
            if part:
                n = number + len(postings)
                postings += (_moved(s, n, receivable, account, part, item.subject, item.kind),)
    held = it.security.get(_PREPAYMENT)
    if held is not None:
        order = s.policy.payment_order.on(today(s)).value
        it, paid, rest = _applied(s, it, prepaid, held, order, number + len(postings))
        postings += paid
        it = _with_security(it, _PREPAYMENT, rest - held)
    it = replace(it, open={about: item for about, item in it.open.items() if item.outstanding})
    return it, postings


def _applied(
    s: Situation[Relation, Any, LendingPolicy, Any],
    it: Relation,
    source: Account,
    amount: Money,
    order: tuple[str, ...],
    number: int,
) -> tuple[Relation, tuple[Posting, ...], Money]:
    """What ``amount`` from ``source`` pays of the open charges; the postings, and what is left."""
    receivable = Account(AccountKind.RECEIVABLE, it.id)
    ranks = {kind: rank for rank, kind in enumerate(order)}
    applied = apply_payment(ranks, it.open.values(), amount)
    postings: list[Posting] = []
    for item, part in applied.paid:
        postings.append(_moved(s, number + len(postings), source, receivable, part, item.subject, item.kind))
        about = f"{item.subject}/{item.kind}"
        it = _with_open(it, about, replace(item, outstanding=item.outstanding - part))
    return it, tuple(postings), applied.rest
