"""Quotes (报价): what a service is offered for, until when, and what became of the offer.

1. A quote is open from the instant at which it was given to the last one of its validity, both included.
2. It is the customer's: what others pay is not in it. It is accepted as it was given: if a line costs him
   otherwise by then, it is quoted anew. Once accepted, it bounds what he is billed.
3. Who declines it, or lets it lapse, pays for the inspection, where the firm has a rule for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any, Final

from servflow.core.aftersales.costs import Billing, Priced, PricedLine
from servflow.core.aftersales.policy import QuoteValidity, ServiceRules
from servflow.core.aftersales.words import Bearer, ChargeClass
from servflow.core.citations import Clause, Reason
from servflow.core.dates import existing
from servflow.core.errors import CurrencyMismatch, InvalidValue, Refused
from servflow.core.fees import Charge, Facts, Rule, evaluate
from servflow.core.fees.assessment import Obligation
from servflow.core.ledger import Account, AccountKind, check_kind
from servflow.core.money import Money, total

__all__ = [
    "INSPECTION",
    "QUOTE_ACCEPTED",
    "Quote",
    "QuoteState",
    "accepted",
    "billable",
    "declined",
    "inspection",
    "inspection_fee",
    "quoted",
    "refusals",
]

INSPECTION: Final = "inspection"
"""The kind of what is owed for an inspection; the subject is the case."""
QUOTE_ACCEPTED: Final = "quote_accepted"
"""The fact by which a rule for inspections reads whether the quote was taken; the quote itself says it."""


class QuoteState(Enum):
    """How a quote stands (报价状态)."""

    NOT_GIVEN = "not-given"  # not yet
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"  # nobody answered in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer (报价单). ``valid_until`` is the last instant at which it may be accepted.

    Each instant keeps its offset from UTC, and only that: no zone goes with it.

    Raises:
        InvalidValue: it has no number; an instant is naive or does not exist; it ends before it begins; it
            was answered twice, before it was given, or accepted after it ended.
    """

    ref: str
    prices: Priced
    issued_at: datetime
    valid_until: datetime
    clause: Clause
    accepted_at: datetime | None = None
    declined_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.ref:
            raise InvalidValue("ref", self.ref, "the number of the quote")
        for name in ("issued_at", "valid_until", "accepted_at", "declined_at"):
            at = getattr(self, name)
            if at is not None:
                object.__setattr__(self, name, _with_offset(name, at))
        if self.valid_until < self.issued_at:
            expected = f"an instant not before {self.issued_at.isoformat()}"
            raise InvalidValue("valid_until", self.valid_until.isoformat(), expected)
        if self.accepted_at is not None and self.declined_at is not None:
            raise InvalidValue("declined_at", self.declined_at.isoformat(), "one answer")
        answered = self.accepted_at or self.declined_at
        if answered is not None and answered < self.issued_at:
            expected = f"an instant not before {self.issued_at.isoformat()}"
            raise InvalidValue("answer", answered.isoformat(), expected)
        if self.accepted_at is not None and self.accepted_at > self.valid_until:
            expected = f"an instant not after {self.valid_until.isoformat()}"
            raise InvalidValue("accepted_at", self.accepted_at.isoformat(), expected)

    def state(self, at: datetime) -> QuoteState:
        """How it stands at ``at``; what was answered later than that is not known yet.

        Raises:
            InvalidValue: ``at`` is naive or does not exist.
        """
        now = existing("at", at)
        if now < self.issued_at:
            return QuoteState.NOT_GIVEN
        if self.accepted_at is not None and self.accepted_at <= now:
            return QuoteState.ACCEPTED
        if self.declined_at is not None and self.declined_at <= now:
            return QuoteState.DECLINED
        return QuoteState.OPEN if now <= self.valid_until else QuoteState.LAPSED


def quoted(
    rules: ServiceRules,
    ref: str,
    prices: Priced,
    issued_at: datetime,
    *,
    answers: Mapping[str, str],
    given: Mapping[str, Any],
) -> Quote:
    """The quote for ``prices``, valid for as long as the rules say (AS-WARR-2); in the firm's local time.

    ``given`` are lengths that the rulebook leaves blank, by name.

    Raises:
        InvalidValue: the customer pays nothing, so that there is nothing to quote; the number is empty; or an
            instant, an answer or something given does not fit.
        CurrencyMismatch: the prices are not in the currency of the rules.
        MissingValue: no rule says how long, or an answer or a blank that decides it is missing.
        ConflictingRules: two rules say different things.
    """
    if prices.currency != rules.currency:
        raise CurrencyMismatch(rules.currency, prices.currency)
    if not (offered := _customers(prices)):
        raise InvalidValue("prices", offered, "a charge for the customer; what is free needs no quote")
    issued_at = existing("issued_at", issued_at)
    validity = rules.the_one(QuoteValidity, answers)
    allowed = validity.rule.within.filled(given).allowed(issued_at, rules.calendar)
    zone = rules.calendar.zone
    return Quote(
        ref=ref,
        prices=prices,
        issued_at=issued_at.astimezone(zone),
        valid_until=allowed.due.astimezone(zone),
        clause=validity.clause,
    )


def refusals(quote: Quote, at: datetime, current: Priced) -> tuple[Reason, ...]:
    """Every reason why the quote cannot be accepted at ``at``; none: it can.

    ``current`` is what the service costs by now. It has changed if the customer would pay something else for
    a line, or the lines are others; in what order they come, and what they cost the firm, is nothing to him.

    Raises:
        InvalidValue: ``at`` is naive or does not exist.
    """
    found = [*_not_open(quote, existing("at", at))]
    if _offer(current) != _offer(quote.prices):
        facts = (("quoted", _customers(quote.prices)), ("now", _customers(current)))
        found.append(Reason("quote.changed", None, facts))
    return tuple(found)


def _customers(prices: Priced) -> Money:
    return prices.subtotal(Bearer.CUSTOMER).money


def _offer(prices: Priced) -> Counter[tuple[str, ChargeClass, Money]]:
    """The lines as the customer sees them: what is done, and what he pays for it."""
    return Counter(
        (each.work.item, each.work.charge, each.charge.money * int(each.bearer is Bearer.CUSTOMER))
        for each in prices.lines
    )


def accepted(quote: Quote, at: datetime, current: Priced) -> Quote:
    """The quote, accepted at ``at``.

    Raises:
        Refused: it is not open then, or something costs otherwise by now; every reason is named.
        InvalidValue: ``at`` is naive or does not exist.
    """
    found = refusals(quote, at, current)
    if found:
        raise Refused(quote.ref, "accept", found)
    return replace(quote, accepted_at=at)


def declined(quote: Quote, at: datetime) -> Quote:
    """The quote, declined at ``at``; one that has lapsed cannot be declined any more.

    Raises:
        Refused: it is not open then; every reason is named.
        InvalidValue: ``at`` is naive or does not exist.
    """
    found = tuple(_not_open(quote, existing("at", at)))
    if found:
        raise Refused(quote.ref, "decline", found)
    return replace(quote, declined_at=at)


def billable(quote: Quote, at: datetime, prices: Priced) -> Priced:
    """``prices``, by which bills and charges may be made once the quote is accepted; they may be less.

    Extras and the rest are bounded apart. For the rest the customer pays no more than he was quoted. An extra
    that was quoted costs him no more than that either; any other, or more of it, is billed only if somebody
    agreed to it for him (``approved_by``).

    Raises:
        Refused: the quote is not accepted by ``at``, or the customer would pay more.
        InvalidValue: ``at`` is naive or does not exist.
        CurrencyMismatch: the prices are in another currency.
    """
    state, found = quote.state(at), []
    if state is not QuoteState.ACCEPTED:
        found.append(Reason("quote.not-accepted", None, (("state", state.value),)))
    now, extras = _customers(prices), _extras(prices)
    rest = now - total(extras.values(), prices.currency)
    offered = _extras(quote.prices)
    most = min(rest, _customers(quote.prices) - total(offered.values(), quote.prices.currency))
    most += total((each.charge.money for each in prices.lines if _agreed(each)), prices.currency)
    for of, money in _extras(prices, agreed=False).items():
        most += min(money, offered.get(of, money * 0))
    if now > most:
        found.append(Reason("quote.exceeded", None, (("most", most), ("now", now))))
    if found:
        raise Refused(quote.ref, "bill", tuple(found))
    return prices


def _extras(prices: Priced, *, agreed: bool = True) -> dict[tuple[str, ChargeClass], Money]:
    """What the customer pays for each extra; without those that somebody agreed to, unless ``agreed``."""
    found: dict[tuple[str, ChargeClass], Money] = {}
    for each in prices.lines:
        if each.work.billing is Billing.EXTRA and (agreed or not _agreed(each)):
            of = each.work.item, each.work.charge
            found[of] = found.get(of, each.charge.money * 0) + each.charge.money
    return found


def _agreed(line: PricedLine) -> bool:
    """Whether it is an extra that somebody agreed to."""
    return line.work.billing is Billing.EXTRA and bool(line.work.approved_by)


def inspection_fee(quote: Quote, at: datetime, fee: Rule, facts: Facts) -> Charge:
    """What the inspection costs the customer who did not take the quote (检测费), by the rule ``fee``.

    The fact ``quote_accepted`` is the quote's own, whatever ``facts`` say of it.

    Raises:
        Refused: the quote was accepted, may still be, or is not given yet.
        MissingValue: a fact that the rule needs was not given; an amount left blank is never taken as 0.
        InvalidValue: ``at`` is naive or does not exist.
        CurrencyMismatch: the fee is in another currency than the quote.
        ConflictingRules: two special rules of the fee apply and disagree.
    """
    state = quote.state(at)
    if state not in {QuoteState.DECLINED, QuoteState.LAPSED}:
        reason = Reason("quote.not-declined", None, (("state", state.value),))
        raise Refused(quote.ref, "inspection", (reason,))
    charge = evaluate(fee, replace(facts, flags={**facts.flags, QUOTE_ACCEPTED: False}))
    if charge.money.currency != quote.prices.currency:
        raise CurrencyMismatch(quote.prices.currency, charge.money.currency)
    return charge


def inspection(case: str, party: str, income: Account) -> Obligation:
    """What the customer owes for an inspection: ``assess`` posts its fee, ``costs.received`` what he pays.

    Raises:
        InvalidValue: ``income`` is no account of income, or ``case`` or ``party`` is empty.
    """
    check_kind("income", income, AccountKind.INCOME)
    receivable = Account(AccountKind.RECEIVABLE, party)
    return Obligation(subject=case, kind=INSPECTION, debit=receivable, credit=income)


def _with_offset(name: str, at: datetime) -> datetime:
    """The instant with the offset that it has, in no zone: two of one zone compare by the wall clock."""
    existing(name, at)
    return at.replace(tzinfo=timezone(at.utcoffset() or timedelta()), fold=0)


def _not_open(quote: Quote, at: datetime) -> tuple[Reason, ...]:
    state = quote.state(at)
    if state is QuoteState.NOT_GIVEN:
        return (Reason("quote.not-given", None, (("from", quote.issued_at.isoformat()),)),)
    if state is QuoteState.LAPSED:
        facts = (("until", quote.valid_until.isoformat()),)
        return (Reason("quote.lapsed", quote.clause, facts),)
    if state is not QuoteState.OPEN:
        return (Reason("quote.answered", None, (("state", state.value),)),)
    return ()
