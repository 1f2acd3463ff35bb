"""Paying: what somebody owes this desk, kind by kind, and the securities it holds of him.

One home for the relation of a borrowing institution and for a reader's account: whatever has
``security``, ``open`` and ``waived`` is charged, pays, is let off and gets its money back in the same
way. Every step gives the next value and the postings that go with it, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, replace
from typing import Any, ClassVar, Final, Protocol, TypeVar

from servflow.core.desk_rules import today
from servflow.core.fees.assessment import OpenItem, apply_payment
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.ledger import Account, AccountKind, Books, Posting
from servflow.core.lifecycle import Situation
from servflow.core.money import Money

__all__ = [
    "GIVEN_BACK",
    "SETTLED",
    "Owing",
    "booked",
    "given_back",
    "less_waived",
    "paid",
    "settled",
    "taken_in",
]

SETTLED: Final = "settlement"
"""The kind of the postings by which a settlement is paid."""
GIVEN_BACK: Final = "settlement-given-back"
"""The kind of a charge for what a settlement gave back beyond what was prepaid."""

_Said = Situation[Any, Any, Any, Any]
_PREPAYMENT: Final = SecurityKind.PREPAYMENT.value
_HELD_IN: Final = {
    SecurityKind.DEPOSIT: AccountKind.DEPOSIT,
    SecurityKind.PREPAYMENT: AccountKind.PREPAYMENT,
}


class Owing(Protocol):
    """Who owes and pays: ``open`` charges by ``subject/kind``, what was ``waived`` of them, ``security``."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def id(self) -> str:
        """His reference, by which his accounts in the ledger are named."""

    @property
    def security(self) -> Mapping[str, Money]:
        """What he has paid in and is not used up, by kind of security."""

    @property
    def open(self) -> Mapping[str, OpenItem]:
        """What he owes."""

    @property
    def waived(self) -> Mapping[str, Money]:
        """What was waived of his charges."""


A = TypeVar("A", bound=Owing)


def taken_in(s: _Said, it: A, kind: SecurityKind, amount: Money) -> tuple[A, tuple[Posting, ...]]:
    """The money is held for him; a prepayment pays at once what is open."""
    held = Account(_HELD_IN[kind], it.id)
    paid_in = _moved(s, 0, _cash(s), held, amount, s.command.case, f"{kind.value}-paid-in")
    it, postings = _drawn(s, _with_security(it, kind.value, amount), 1)
    return it, (paid_in, *postings)


def given_back(
    s: _Said, it: A, kind: SecurityKind, amount: Money, number: int = 0
) -> tuple[A, tuple[Posting, ...]]:
    """So much of a security is given back to him; ``number`` counts the postings of this command."""
    held = Account(_HELD_IN[kind], it.id)
    posting = _moved(s, number, held, _cash(s), amount, s.command.case, f"{kind.value}-given-back")
    return _with_security(it, kind.value, -amount), (posting,)


def booked(
    s: _Said, it: A, subject: str, charged: Iterable[tuple[str, Money]]
) -> tuple[A, tuple[Posting, ...]]:
    """With the charges of ``subject`` grown by so much, by kind; a prepayment pays them at once."""
    items, day = dict(it.open), today(s)
    for kind, grown in charged:
        about = f"{subject}/{kind}"
        item = items.get(about) or OpenItem(subject=subject, kind=kind, since=day, outstanding=grown * 0)
        items[about] = replace(item, outstanding=item.outstanding + grown)
    return _drawn(s, replace(it, open=items), 0)


def paid(s: _Said, it: A, amount: Money) -> tuple[A, tuple[Posting, ...], Money]:
    """The oldest charges of each kind are paid, kind by kind; the rest becomes prepayment."""
    order = s.policy.payment_order.on(today(s)).value
    it, postings, rest = _applied(s, it, _cash(s), amount, order, 0)
    if rest:
        prepaid = Account(AccountKind.PREPAYMENT, it.id)
        number = len(postings)
        postings += (_moved(s, number, _cash(s), prepaid, rest, s.command.case, "prepayment-paid-in"),)
        it = _with_security(it, _PREPAYMENT, rest)
    return it, postings, rest


def settled(s: _Said, it: A, amount: Money, set_off: Money, subject: str) -> tuple[A, tuple[Posting, ...]]:
    """What is owed of a term is paid, so much of it by what the desk owes him; the rest becomes prepayment.

    Below 0 the desk gives it back: out of what is prepaid, and where that is not enough, what is given
    too much is owed again, under the settlement ``subject``. A payment is posted as that of a settlement, so
    that it does not count in the sheet of another term; what is owed again does.
    """
    nothing = amount * 0
    if amount < nothing:
        return _returned(s, it, -amount, subject)
    order = s.policy.payment_order.on(today(s)).value
    prepaid = Account(AccountKind.PREPAYMENT, it.id)
    postings: tuple[Posting, ...] = ()
    for source, part in ((Account(AccountKind.PAYABLE, it.id), set_off), (_cash(s), amount - set_off)):
        if not part:
            continue
        it, more, rest = _applied(s, it, source, part, order, len(postings), SETTLED)
        postings += more
        if rest:
            postings += (_moved(s, len(postings), source, prepaid, rest, s.command.case, SETTLED),)
            it = _with_security(it, _PREPAYMENT, rest)
    return it, postings


def _returned(s: _Said, it: A, amount: Money, subject: str) -> tuple[A, tuple[Posting, ...]]:
    held = min(amount, it.security.get(_PREPAYMENT, amount * 0))
    more, about = amount - held, f"{subject}/{GIVEN_BACK}"
    postings: tuple[Posting, ...] = ()
    if held:
        it, postings = given_back(s, it, SecurityKind.PREPAYMENT, held)
    if more:
        receivable = Account(AccountKind.RECEIVABLE, it.id)
        postings += (_moved(s, len(postings), receivable, _cash(s), more, subject, GIVEN_BACK),)
        again = OpenItem(subject=subject, kind=GIVEN_BACK, since=today(s), outstanding=more)
        it = _with_open(it, about, again)
    return it, postings


def less_waived(s: _Said, it: A, subject: str, kind: str, amount: Money) -> tuple[A, tuple[Posting, ...]]:
    """The charge is smaller by what is waived; the desk's library bears it."""
    about = f"{subject}/{kind}"
    item = it.open[about]
    waived = Account(AccountKind.WAIVED, s.policy.library)
    posting = _moved(s, 0, waived, Account(AccountKind.RECEIVABLE, it.id), amount, subject, kind)
    it = _with_open(it, about, replace(item, outstanding=item.outstanding - amount))
    return _with_waived(it, about, amount), (posting,)


def _cash(s: _Said) -> Account:
    return Account(AccountKind.CASH, s.policy.library)


def _moved(
    s: _Said, number: int, debit: Account, credit: Account, amount: Money, subject: str, kind: str
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


def _with_security(it: A, kind: str, more: Money) -> A:
    held = it.security[kind] + more if kind in it.security else more
    security = {each: amount for each, amount in it.security.items() if each != kind}
    return replace(it, security={**security, kind: held} if held else security)


def _with_open(it: A, about: str, item: OpenItem) -> A:
    items = {each: other for each, other in it.open.items() if each != about}
    return replace(it, open={**items, about: item} if item.outstanding else items)


def _with_waived(it: A, about: str, more: Money) -> A:
    waived = it.waived[about] + more if about in it.waived else more
    others = {each: amount for each, amount in it.waived.items() if each != about}
    return replace(it, waived={**others, about: waived} if waived else others)


def _drawn(s: _Said, it: A, number: int) -> tuple[A, tuple[Posting, ...]]:
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
        it, drawn, rest = _applied(s, it, prepaid, held, order, number + len(postings))
        postings += drawn
        it = _with_security(it, _PREPAYMENT, rest - held)
    it = replace(it, open={about: item for about, item in it.open.items() if item.outstanding})
    return it, postings


def _applied(
    s: _Said, it: A, source: Account, amount: Money, order: tuple[str, ...], number: int, kind: str = ""
) -> tuple[A, tuple[Posting, ...], Money]:
    """What ``amount`` from ``source`` pays of the open charges; the postings, and what is left.

    They are of the kind of each charge, unless it is said of which.
    """
    receivable = Account(AccountKind.RECEIVABLE, it.id)
    ranks = {kind: rank for rank, kind in enumerate(order)}
    applied = apply_payment(ranks, it.open.values(), amount)
    postings: list[Posting] = []
    for item, part in applied.paid:
        n, of = number + len(postings), kind or item.kind
        postings.append(_moved(s, n, source, receivable, part, item.subject, of))
        about = f"{item.subject}/{item.kind}"
        it = _with_open(it, about, replace(item, outstanding=item.outstanding - part))
    return it, tuple(postings), applied.rest
