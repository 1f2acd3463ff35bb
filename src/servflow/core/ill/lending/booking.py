"""What every effect of the lending desk ends with: charges posted, the account told, the case closed.

Everything that costs something goes through ``assessed``: what is owed by now is posted, less what
was posted before, and the borrower's account hears it in the same change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from servflow.core.changes import Actor, Message, Withdrawal
from servflow.core.citations import Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.fees.assessment import Obligation, assess
from servflow.core.ill.lending import charges, messages
from servflow.core.ill.lending.commands import BookLoan
from servflow.core.ill.lending.guards import Supply, relation_of
from servflow.core.ill.lending.model import OutOnLoan, SupplyTransaction
from servflow.core.ill.lending.states import Closing
from servflow.core.ill.terms import OfferState, seen_to
from servflow.core.ledger import Account, AccountKind, Books, Posting
from servflow.core.lifecycle import Outcome
from servflow.core.money import Money

__all__ = [
    "CANCEL_ASKED",
    "DEFECT",
    "assessed",
    "booked",
    "cancel_refused",
    "closed",
    "up_to",
]

CANCEL_ASKED: Final = "cancel-asked"
"""The code under which a cancellation that waits is among what staff have to look at."""
DEFECT: Final = "defect"
"""The code under which a claim on a copy is."""


def closed(it: SupplyTransaction, closing: Closing, **more: Any) -> SupplyTransaction:
    """``it`` with its outcome: nothing waits any more for an answer, nothing is held, no offer is open."""
    offer = it.offer
    if offer is not None and offer.state is OfferState.OPEN:
        offer = replace(offer, state=OfferState.LAPSED)
    return replace(
        seen_to(it, CANCEL_ASKED),
        closing=closing,
        offer=offer,
        cancel_asked_on=None,
        renewal_asked_on=None,
        renewal_wish=None,
        held_return=None,
        lost_on=None,
        **more,
    )


def cancel_refused(it: SupplyTransaction) -> SupplyTransaction:
    """``it`` with the cancellation that waits answered no."""
    return replace(seen_to(it, CANCEL_ASKED), cancel_asked_on=None, cancel_refused=True)


def up_to(s: Supply) -> date:
    """The day up to which charges are to be posted."""
    return max(today(s), s.it.assessed_on or date.min)


def assessed(
    s: Supply,
    it: SupplyTransaction,
    kind: str | None = None,
    facts: tuple[tuple[str, Plain], ...] = (),
    reasons: tuple[Reason, ...] = (),
    *,
    before: tuple[Message, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
    tells: bool = True,
) -> Outcome:
    """Every charge brought to what is owed: postings for the differences, told to the account.

    Up to the day of the command, or the last day up to which charges are posted already: one that
    happened before something else on record does not undo what that was charged. The requester is
    told ``kind``, with all that was charged so far; where there is nothing else to tell, only that
    something was charged. ``before`` are messages that come first; without ``tells`` nothing is told.
    """
    day, through = today(s), up_to(s)
    books = Books(s.policy.closed_through)
    receivable = Account(AccountKind.RECEIVABLE, it.requester)
    charged = dict(it.charged)
    postings: list[Posting] = []
    grown: list[tuple[str, Money]] = []
    for what, charge in charges.owed(it, s.policy, through):
        obligation = Obligation(
            subject=it.id, kind=what, debit=receivable, credit=Account(AccountKind.INCOME, what)
        )
        earlier = charged.get(what)
        posted, after = assess(obligation, charge.money, earlier, day, charge=charge)
        if posted is not None:
            postings.append(books.admit(posted))
            charged[what] = after
            grown.append((what, after.amount - earlier.amount if earlier else after.amount))
    it = replace(it, charged=charged, assessed_on=through)
    told = before
    if kind is not None:
        told += messages.tell(s, it, kind, facts + messages.charged_so_far(it), reasons)
    elif postings and tells:
        told += messages.tell(s, it, messages.CHARGED, messages.charged_so_far(it))
    return booked(
        s, it, charged=tuple(grown), messages_=told, withdrawals=withdrawals, postings=tuple(postings)
    )


def booked(
    s: Supply,
    it: SupplyTransaction,
    *,
    charged: tuple[tuple[str, Money], ...] = (),
    messages_: tuple[Message, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
    postings: tuple[Posting, ...] = (),
) -> Outcome:
    """With the borrower's account told in the same change, if there is anything to tell it."""
    relation, out, unsettled = relation_of(s, it.requester), _out(it), it.awaits_compensation
    told: tuple[BookLoan, ...] = ()
    if relation is not None and (
        charged or relation.out.get(it.id) != out or (it.id in relation.unsettled) != unsettled
    ):
        book = BookLoan(
            **s.command.entailed("book", case=it.requester, by=Actor.policy(it.supplier)),
            loan=it.id,
            out=out,
            charged=charged,
            unsettled=unsettled,
        )
        told = (book,)
    return Outcome(it=it, messages=messages_, withdrawals=withdrawals, postings=postings, commands=told)


def _out(it: SupplyTransaction) -> OutOnLoan | None:
    """What the borrower's account holds of it; nothing of what is closed, although it may be lost."""
    if it.due is None or it.closing is not None or not it.still_out:
        return None
    return OutOnLoan(volumes=len(it.still_out), due=it.due, held=it.held_return)
