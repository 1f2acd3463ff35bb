"""Assessment: from what is owed to postings, and from a payment to what it pays.

What is owed is worked out anew each time; posted is only the difference to what was posted before.
So it may be done twice, late, or not at all for a week, and the books are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, compress, pairwise
from types import MappingProxyType

from servflow.core.citations import Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.fees.charges import Charge
from servflow.core.fees.facts import History
from servflow.core.ledger import PAYING, Account, AccountKind, Posting
from servflow.core.money import Money, total

__all__ = [
    "Applied",
    "Obligation",
    "OpenItem",
    "Posted",
    "allocate",
    "apply_payment",
    "assess",
    "balance_history",
    "open_items",
    "posted_for",
    "refund",
    "refundable",
    "room",
    "set_off",
    "settle",
    "void_waivers",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What something is owed for, ``kind`` in the case ``subject``, and by whom to whom.

    A charge debits ``debit`` (the receivable of whoever owes) and credits ``credit`` (the income).

    Raises:
        InvalidValue: the subject is empty; the kind is, or has a ``/`` in it, by which keys are read.
    """

    subject: str
    kind: str
    debit: Account
    credit: Account

    def __post_init__(self) -> None:
        if not self.subject:
            raise InvalidValue("subject", self.subject, "the id of a case")
        if not self.kind or "/" in self.kind:
            raise InvalidValue("kind", self.kind, "a word without /, such as overdue")


@dataclass(frozen=True, slots=True)
class Posted:
    """What was charged for an obligation so far: ``amount``, less reversals, in so many ``postings``."""

    amount: Money
    postings: int


def posted_for(obligation: Obligation, postings: Iterable[Posting]) -> Posted | None:
    """What was charged for ``obligation`` in ``postings``; ``None`` if it never was.

    Those on the income of this obligation are counted; what was paid or waived is not.

    Raises:
        InvalidValue: it was charged to somebody else.
        CurrencyMismatch: it was charged in two currencies.
    """
    posted: Posted | None = None
    for posting in postings:
        accounts = {posting.debit, posting.credit}
        about = (posting.subject, posting.kind)
        if about != (obligation.subject, obligation.kind) or obligation.credit not in accounts:
            continue
        if obligation.debit not in accounts:
            expected = f"the account that was charged in {posting.key}"
            raise InvalidValue("debit", str(obligation.debit), expected)
        added = posting.on(obligation.debit)
        posted = Posted(posted.amount + added, posted.postings + 1) if posted else Posted(added, 1)
    return posted


def assess(
    obligation: Obligation,
    target: Money,
    posted: Posted | None,
    value_date: date,
    *,
    charge: Charge | None = None,
    clause: Clause | None = None,
) -> tuple[Posting | None, Posted]:
    """The posting that brings what was charged for ``obligation`` to ``target``, and what is then posted.

    There is none if the target is met. If less is owed than was posted, debit and credit are
    swapped. The key is ``subject/kind/n``, the n-th posting of the obligation: of two made at once
    on the same state both have the same key, and only one can be stored.

    Raises:
        InvalidValue: the target is negative, or ``charge`` came to another amount.
        CurrencyMismatch: it was charged in another currency before.
    """
    if target.minor < 0:
        raise InvalidValue("target", target, "an amount of 0 or more")
    if charge is not None and charge.money != target:
        raise InvalidValue("target", target, f"what the charge came to, {charge.money}")
    before = posted or Posted(target * 0, 0)
    difference = target - before.amount
    if not difference:
        return None, before
    accounts = (obligation.debit, obligation.credit)
    debit, credit = accounts if difference.minor > 0 else reversed(accounts)
    after = Posted(target, before.postings + 1)
    posting = Posting(
        key=f"{obligation.subject}/{obligation.kind}/{after.postings}",
        debit=debit,
        credit=credit,
        amount=abs(difference),
        value_date=value_date,
        subject=obligation.subject,
        kind=obligation.kind,
        charge=charge,
        clause=clause,
    )
    return posting, after


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """An obligation that is not settled: since when there is something, and what is still owed."""

    subject: str
    kind: str
    since: date
    outstanding: Money


def open_items(postings: Iterable[Posting], receivable: Account, currency: str) -> tuple[OpenItem, ...]:
    """What ``receivable`` still owes in ``currency``, the oldest first.

    ``since`` is the first day on which something of it happened, also where that was posted later
    because its period was closed.
    """
    items: dict[tuple[str, str], OpenItem] = {}
    for posting in postings:
        if posting.amount.currency != currency or receivable not in {posting.debit, posting.credit}:
            continue
        about = (posting.subject, posting.kind)
        day, owed = _happened(posting), posting.on(receivable)
        if about in items:
            day, owed = min(day, items[about].since), owed + items[about].outstanding
        items[about] = OpenItem(subject=posting.subject, kind=posting.kind, since=day, outstanding=owed)
    still = (item for item in items.values() if item.outstanding.minor > 0)
    return tuple(sorted(still, key=lambda item: (item.since, item.subject, item.kind)))


def _happened(posting: Posting) -> date:
    return posting.happened_on or posting.value_date


@dataclass(frozen=True, slots=True)
class Applied:
    """What a payment pays, each item with its amount above 0, and what is left of it."""

    paid: tuple[tuple[OpenItem, Money], ...]
    rest: Money


def apply_payment(order: Mapping[str, int], items: Iterable[OpenItem], payment: Money) -> Applied:
    """What ``payment`` pays, to the last cent.

    ``order`` gives each kind that it may pay a rank: the lowest is paid first, and within a rank the
    oldest. With one rank for all it is the oldest first, whatever its kind. Kinds without a rank are
    not paid, so that a payment for a fine is not swallowed by the price of a lost volume.

    Raises:
        InvalidValue: the payment or an item is negative.
        CurrencyMismatch: the items it may pay are not all in the payment's currency.
    """
    if payment.minor < 0:
        raise InvalidValue("payment", payment, "an amount of 0 or more")
    paid = []
    rest = payment
    ranked = [item for item in items if item.kind in order]
    for item in sorted(ranked, key=lambda item: (order[item.kind], item.since, item.subject, item.kind)):
        if item.outstanding.minor < 0:
            raise InvalidValue("outstanding", item.outstanding, "an amount of 0 or more")
        if item.outstanding.currency != payment.currency:
            raise CurrencyMismatch(payment.currency, item.outstanding.currency)
        part = min(rest, item.outstanding)
        if part:
            paid.append((item, part))
            rest -= part
    return Applied(tuple(paid), rest)


def room(limit: Money, outstanding: Money) -> Money:
    """How much more may be charged under an account-wide ``limit``; nothing if it is reached.

    Which of several charges gets the room is for the caller to say: in a stated order, or shared with
    ``allocate`` and its limits, so that the order of processing has no say.

    Raises:
        InvalidValue: the limit is negative.
        CurrencyMismatch: the two are of different currencies.
    """
    if limit.minor < 0:
        raise InvalidValue("limit", limit, "an amount of 0 or more")
    return max(limit - outstanding, limit * 0)


def settle(
    obligation: Obligation,
    source: Account,
    amount: Money,
    outstanding: Money,
    value_date: date,
    *,
    key: str,
    clause: Clause | None = None,
) -> Posting:
    """The posting that pays ``amount`` of what is outstanding, or lets go of it.

    ``source`` says which: cash, a deposit or a prepayment pays, an account of waivers lets go.

    Raises:
        InvalidValue: the amount is not above 0, or more than is outstanding; or the source is none of these.
        CurrencyMismatch: the two are of different currencies.
    """
    if source.kind not in PAYING | {AccountKind.WAIVED}:
        raise InvalidValue("source", str(source), "cash, a deposit, a prepayment or an account of waivers")
    if not outstanding * 0 < amount <= outstanding:
        raise InvalidValue("amount", amount, f"an amount above 0, at most what is outstanding, {outstanding}")
    return Posting(
        key=key,
        debit=source,
        credit=obligation.debit,
        amount=amount,
        value_date=value_date,
        subject=obligation.subject,
        kind=obligation.kind,
        clause=clause,
    )


def refundable(postings: Iterable[Posting], obligation: Obligation) -> Mapping[Account, Money]:
    """What was paid for ``obligation``, by the account it came from, less what was paid back.

    What was waived was never paid, and is not among it; nor is a source that had more back than it paid.

    Raises:
        CurrencyMismatch: one source paid in two currencies.
    """
    paid: dict[Account, Money] = {}
    for posting in postings:
        if (posting.subject, posting.kind) != (obligation.subject, obligation.kind):
            continue
        accounts = {posting.debit, posting.credit}
        for source in accounts - {obligation.debit}:
            if source.kind in PAYING and obligation.debit in accounts:
                back = -posting.on(obligation.debit)
                paid[source] = back + paid.get(source, back * 0)
    return {source: amount for source, amount in paid.items() if amount.minor > 0}


def refund(
    obligation: Obligation,
    paid: Mapping[Account, Money],
    amount: Money,
    order: Sequence[AccountKind],
    value_date: date,
    *,
    key: str,
    clause: Clause | None = None,
) -> tuple[Posting, ...]:
    """The postings that give ``amount`` back to where it was ``paid`` from, to the first in ``order`` first.

    What is still charged is outstanding again by as much. Their keys are ``key/1``, ``key/2`` and so on.

    Raises:
        InvalidValue: the amount is not above 0, or more than was paid from accounts of these kinds.
        CurrencyMismatch: it was paid in another currency.
    """
    sources = [source for source, held in paid.items() if source.kind in order and held.minor > 0]
    sources.sort(key=lambda source: (order.index(source.kind), source.owner))
    most = total((paid[source] for source in sources), amount.currency)
    if not amount * 0 < amount <= most:
        raise InvalidValue("amount", amount, f"an amount above 0, at most what was paid, {most}")
    postings: list[Posting] = []
    for source in sources:
        part = min(paid[source], amount)
        if part:
            amount -= part
            number = len(postings) + 1
            postings.append(_given_back(obligation, source, part, value_date, f"{key}/{number}", clause))
    return tuple(postings)


def void_waivers(
    postings: Iterable[Posting], obligation: Obligation, value_date: date, *, key: str
) -> tuple[Posting, ...]:
    """The postings that take waivers back where less is owed now than was paid and waived; often none.

    Of what is in credit as much as was waived: nobody is owed what nobody paid. Their keys are
    ``key/1``, ``key/2`` and so on, one for each account of waivers.

    Raises:
        CurrencyMismatch: the obligation was charged in two currencies.
    """
    waived: dict[Account, Money] = {}
    credit: Money | None = None
    for posting in postings:
        about = (posting.subject, posting.kind)
        added = posting.on(obligation.debit)
        if about == (obligation.subject, obligation.kind) and added:
            credit = -added if credit is None else credit - added
            other = posting.credit if posting.debit == obligation.debit else posting.debit
            if other.kind is AccountKind.WAIVED:
                waived[other] = waived.get(other, added * 0) - added
    made: list[Posting] = []
    for source in sorted(waived, key=str):
        part = min(waived[source], credit or waived[source] * 0)
        if part.minor > 0:
            made.append(_given_back(obligation, source, part, value_date, f"{key}/{len(made) + 1}"))
            credit = None if credit is None else credit - part
    return tuple(made)


def set_off(
    credited: Obligation, debt: Obligation, through: Account, amount: Money, value_date: date, *, key: str
) -> tuple[Posting, Posting]:
    """The two postings by which a credit pays another debt: over ``through``, a prepayment of the owner.

    Their keys are ``key/credit`` and ``key/debt``. How much is in credit and how much is owed is for the
    caller to know.

    Raises:
        InvalidValue: the amount is not above 0, or ``through`` is no prepayment.
    """
    if through.kind is not AccountKind.PREPAYMENT:
        raise InvalidValue("through", str(through), "a prepayment")
    taken = _given_back(credited, through, amount, value_date, f"{key}/credit")
    return taken, settle(debt, through, amount, amount, value_date, key=f"{key}/debt")


def _given_back(
    obligation: Obligation,
    to: Account,
    amount: Money,
    value_date: date,
    key: str,
    clause: Clause | None = None,
) -> Posting:
    return Posting(
        key=key,
        debit=obligation.debit,
        credit=to,
        amount=amount,
        value_date=value_date,
        subject=obligation.subject,
        kind=obligation.kind,
        clause=clause,
    )


def balance_history(
    postings: Iterable[Posting], account: Account, currency: str, *, since: date | None = None
) -> History:
    """What ``account`` held, from each day on which that changed: the fact that ``OverBalance`` reads.

    Days are those on which something happened, also where it was posted later because its period was
    closed. Below nothing (a receivable in credit) counts as nothing. ``since`` is a day from which on
    the history is to speak: before the first posting the account held nothing.

    Raises:
        InvalidValue: nothing was posted on it in that currency, and there is no ``since``.
    """
    nothing = Money.of_minor(0, currency)
    moved: dict[date, Money] = {} if since is None else {since: nothing}
    for posting in postings:
        if posting.amount.currency == currency and account in {posting.debit, posting.credit}:
            day = _happened(posting)
            moved[day] = posting.on(account) + moved.get(day, nothing)
    if not moved:
        raise InvalidValue("account", str(account), f"an account on which something of {currency} was posted")
    days = sorted(moved)
    held = [max(balance, nothing) for balance in accumulate(moved[day] for day in days)]
    changed = [True, *(one != other for one, other in pairwise(held))]
    return tuple(compress(zip(days, held, strict=True), changed))


def allocate(
    whole: Money, weights: Mapping[str, int], *, limits: Mapping[str, Money] = MappingProxyType({})
) -> Mapping[str, Money]:
    """``whole`` shared in proportion to ``weights``, every cent of it; by key, in the order of the keys.

    Each share is rounded down; the cents left over go to the largest remainders, of equal ones to
    the first key. So the order in which the weights come means nothing, and each share lies within
    one cent of its exact size. A key with a limit gets no more than that; what it would have had
    above it is shared among the others.

    Raises:
        InvalidValue: the whole, a weight or a limit is negative, no weight is above 0, or the limits
            leave something over.
        CurrencyMismatch: a limit is of another currency.
    """
    if whole.minor < 0:
        raise InvalidValue("whole", whole, "an amount of 0 or more")
    for key, weight in weights.items():
        if type(weight) is not int or weight < 0:
            raise InvalidValue(f"weight of {key}", weight, "a whole number, 0 or more")
    if not sum(weights.values()):
        raise InvalidValue("weights", dict(weights), "at least one weight above 0")
    for key, limit in limits.items():
        if key not in weights or limit < whole * 0:
            raise InvalidValue(f"limit of {key}", limit, "an amount of 0 or more, for a key with a weight")
    full: dict[str, int] = {}  # those that get their limit, in minor units
    while True:
        sharing = {key: weights[key] for key in sorted(weights) if key not in full}
        left, every = whole.minor - sum(full.values()), sum(sharing.values())
        over = [key for key in sharing if key in limits and left * weights[key] > limits[key].minor * every]
        if not over:
            break
        full |= {key: limits[key].minor for key in over}
    if left and not every:
        raise InvalidValue("limits", total(limits.values(), whole.currency), f"room for {whole}")
    parts = {key: divmod(left * weight, every) if every else (0, 0) for key, weight in sharing.items()}
    cents = left - sum(share for share, _ in parts.values())
    first = set(sorted(parts, key=lambda key: (-parts[key][1], key))[:cents])
    shares = full | {key: share + (key in first) for key, (share, _) in parts.items()}
    return {key: Money.of_minor(shares[key], whole.currency) for key in sorted(weights)}
