"""What a service costs, and who has paid it (报价、开票、收费): quotes, bills, payments, refunds.

1. Work costs what the verdict makes of it. What was done before a ticket was reopened keeps its prices; what
   is done again because the customer did not accept it costs him nothing.
2. Nothing is charged to the customer beyond the quote that he accepted, but for what he agreed to.
3. What is posted is the difference to what was posted before: billing twice posts nothing.
4. Nobody pays more than he owes, and nobody has more back than he paid.
5. Who is billed as what, and what is invoiced, is said of each cycle: reopening begins a new one.

The file is long because guards and effects of one matter stand together; each is a few lines and stands
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import chain
from typing import Final

from servflow.core.aftersales import quotes
from servflow.core.aftersales.books.commands import VoidNumber
from servflow.core.aftersales.books.model import book_key
from servflow.core.aftersales.costs import (
    Bill,
    Billing,
    Collecting,
    Priced,
    PricedLine,
    WorkLine,
    bills,
    charging,
    collecting,
    obligation,
    priced,
    received,
)
from servflow.core.aftersales.desk_rules import Barred, Series
from servflow.core.aftersales.policy import Collection, QuoteValidity
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import messages
from servflow.core.aftersales.tickets.ground import (
    NOT_TO_BE_HAD,
    Case,
    answers_of,
    entailed,
    local,
    on_record,
    outcome,
    rules_of,
    why,
)
from servflow.core.aftersales.tickets.model import Ticket, Work
from servflow.core.aftersales.tickets.papers import issued
from servflow.core.aftersales.tickets.states import Outcome as Ending
from servflow.core.aftersales.tickets.states import PaperState, Stage
from servflow.core.aftersales.tickets.visiting import stopped
from servflow.core.aftersales.warranty import Ruling, Verdict
from servflow.core.aftersales.words import Bearer, ChargeClass, CollectionWay, Coverage
from servflow.core.attention import attend
from servflow.core.changes import Command, Message
from servflow.core.citations import PRACTICE, Clause, Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.errors import CurrencyMismatch, MissingValue, Refused
from servflow.core.fees.assessment import (
    Obligation,
    OpenItem,
    apply_payment,
    assess,
    open_items,
    posted_for,
    refund,
    refundable,
)
from servflow.core.ledger import Account, AccountKind, Books, Posting, balance, moved
from servflow.core.lifecycle import Outcome, chooser
from servflow.core.money import Money, total

__all__ = [
    "INCOME",
    "REFUND",
    "REFUNDS",
    "accept_quote",
    "agreed_to_pay",
    "all_billed",
    "approve_free",
    "bearers_named",
    "beyond_agreement",
    "bill",
    "charged",
    "charges_settled",
    "collect",
    "collectable",
    "coverage_decided",
    "customers_share",
    "decline_quote",
    "give_quote",
    "is_rework",
    "lacks_invoice",
    "lapse_quote",
    "lines_fit",
    "nothing_to_pay",
    "open_money",
    "outstanding",
    "owed_by_payer",
    "own_currency",
    "own_work",
    "paid_too_much",
    "pays_for",
    "prices",
    "quote_lapsed",
    "quote_open",
    "quote_stands",
    "quote_unanswered",
    "quoting_is_not_theirs",
    "refund_customer",
    "refund_within_price",
    "return_payment",
    "somebody_pays",
    "to_be_agreed",
    "validity_said",
    "within_quote",
]

INCOME: Final = Account(AccountKind.INCOME, "service")
"""Where everything that is charged for services is income (服务收入)."""
REFUNDS: Final = Account(AccountKind.EXPENSE, "refunds")
"""Where what goes back for a unit is an expense (退货退款)."""
REFUND: Final = "refund"
"""The kind of a posting by which the price of a unit goes back; the subject is the ticket."""

_BILLED_THAT_DAY: Final = Clause("AS-FLOW-4", "(十)")
_BILLED_ON_RETURN: Final = Clause("AS-FLOW-20", "售后公司规章制度范本 8")
_AGREED_FIRST: Final = Clause("AS-FLOW-12", "7")
_QUOTED_FIRST: Final = Clause("AS-WARR-2", "二2")
_AT_A_DISCOUNT: Final = Clause("AS-WARR-3", "4.1.1.2")
_BILLED_AFTERWARDS: Final = Clause("AS-WARR-4", "4.1.2")
_NOT_BY_TELEPHONE: Final = Clause("AS-FLOW-31", "3(4)")
_CASH_PROCEDURE: Final = Clause("AS-ACC-3", "(三)")
_NOT_BILLED: Final = frozenset({Bearer.FIRM, Bearer.CUSTOMER, Bearer.BUILDER})
"""Who is never named to be billed: nobody pays himself, the customer is known, a builder has it deducted."""
_RANK: Final = {
    **{f"service-{each.value}": 0 for each in Bearer if each not in {Bearer.FIRM, Bearer.BUILDER}},
    quotes.INSPECTION: 1,
}
"""What a payment pays first: the service, then an inspection."""


# --- prices ---------------------------------------------------------------------------------------


def own_work(it: Ticket) -> tuple[Work, ...]:
    """The work that the verdict is about: what was done since the ticket was reopened, or all of it."""
    return it.work[len(it.settled) :]


def prices(it: Ticket, currency: str) -> Priced:
    """What all work of the ticket costs, and whom.

    Raises:
        MissingValue: a line at cost says no cost, one at a discount no discount price, or there is work and
            no verdict.
        CurrencyMismatch: a line is of another currency.
    """
    return Priced(currency=currency, lines=(*it.settled, *_own(it, currency).lines))


def _own(it: Ticket, currency: str) -> Priced:
    """What the work costs that the verdict is about."""
    return _costing(it, own_work(it), currency)


def customers_share(found: Priced) -> Money:
    """What the customer pays of it."""
    return found.subtotal(Bearer.CUSTOMER).money


def _costing(it: Ticket, lines: Iterable[Work], currency: str) -> Priced:
    """What these lines cost by the verdict as it is now."""
    return Priced(currency=currency, lines=tuple(_priced(it, line, currency) for line in lines))


def _priced(it: Ticket, work: Work, currency: str) -> PricedLine:
    if it.verdict is None:
        raise MissingValue("verdict", f"for {work.line.item}")
    ruled = _done_again(it.verdict) if work.rework else it.verdict
    (made,) = priced(replace(ruled, discount=False), [work.line], currency).lines
    if not (ruled.discount and _a_paid_part(made)):
        return made
    if work.discounted is None:
        raise MissingValue("discounted", f"for {work.line.item}, a part at a discount price")
    return replace(made, charge=work.discounted)


def _done_again(verdict: Verdict) -> Verdict:
    """The verdict on what is done again because the customer did not accept it: the firm bears it."""
    parts, labour, travel = (
        replace(ruling, coverage=Coverage.FREE, bearer=Bearer.FIRM, clauses=(PRACTICE,), borne_by=())
        for ruling in verdict.rulings
    )
    return replace(verdict, parts=parts, labour=labour, travel=travel)


def _a_paid_part(line: PricedLine) -> bool:
    """Whether it is a part that somebody pays by tariff, as part of the fault."""
    work = line.work
    ruled = work.billing is Billing.AS_RULED and work.charge is ChargeClass.PARTS
    return ruled and line.coverage is Coverage.PAID and line.bearer not in {Bearer.FIRM, Bearer.BUILDER}


def _unpriced(it: Ticket, lines: Iterable[Work], currency: str) -> Iterator[Reason]:
    """Every line whose price cannot be worked out, and what it lacks."""
    for work in lines:
        line = work.line
        try:
            _priced(it, work, currency)
        except CurrencyMismatch:
            facts = (("line", line.item), ("currency", currency))
            yield Reason("aftersales.wrong-currency", PRACTICE, facts)
        except MissingValue as found:
            code, clause = _LACKS[found.name]
            yield Reason(code, clause, (("line", line.item),))


_LACKS: Final = {
    "verdict": ("aftersales.coverage-undecided", _QUOTED_FIRST),
    "cost": ("aftersales.cost-missing", PRACTICE),
    "discounted": ("aftersales.discount-missing", _AT_A_DISCOUNT),
}


def _customer_pays(ruling: Ruling) -> bool:
    """Whether a class of charges costs the customer something: paid, or at cost."""
    return ruling.bearer is Bearer.CUSTOMER and ruling.coverage in {Coverage.PAID, Coverage.AT_COST}


def pays_for(it: Ticket, line: WorkLine) -> bool:
    """Whether the customer pays for such a line: an extra, or of a class that the verdict has him pay."""
    if line.billing is not Billing.AS_RULED:
        return line.billing is Billing.EXTRA
    rulings = () if it.verdict is None else it.verdict.rulings
    return any(ruling.charge is line.charge and _customer_pays(ruling) for ruling in rulings)


def _agreed_to(line: PricedLine) -> bool:
    """Whether it is an extra that the customer agreed to."""
    return line.work.billing is Billing.EXTRA and bool(line.work.approved_by)


def beyond_agreement(s: Case, lines: Iterable[Work]) -> Iterator[Reason]:
    """The customer pays no more for these lines than he agreed to (AS-FLOW-12).

    That is the quote that he accepted last, with the extras that he agreed to. Without one he pays for extras
    that he agreed to, and for the rest where a repair agreement is shown, or the firm gives no quotes.
    """
    it, at = s.it, s.command.happened_at
    now = _costing(it, lines, s.policy.currency)
    owed = customers_share(now)
    if not owed:
        return
    quote = it.agreed or it.quote
    if quote is not None:
        try:
            quotes.billable(quote, at, now)
        except Refused as found:
            yield from (replace(reason, clause=_AGREED_FIRST) for reason in found.reasons)
        return
    agreed = total((each.charge.money for each in now.lines if _agreed_to(each)), now.currency)
    signed = "repair-agreement" in on_record(s) or not rules_of(s).of(QuoteValidity)
    if owed > agreed and not signed:
        yield Reason("aftersales.agreement-first", _AGREED_FIRST, (("amount", owed - agreed),))


# --- choosers -------------------------------------------------------------------------------------


@chooser
def quote_unanswered(s: Case) -> bool:
    """A quote is out that nobody has answered."""
    return s.it.open_quote is not None


@chooser
def to_be_agreed(s: Case) -> bool:
    """The customer pays something, and has still to agree to it (AS-FLOW-12)."""
    return bool(charged(s.it)) and not agreed_to_pay(s)


def charged(it: Ticket) -> tuple[ChargeClass, ...]:
    """The classes of charges that cost the customer something by the verdict, if there is one."""
    return tuple(ruling.charge for ruling in _charged(it))


def _charged(it: Ticket) -> tuple[Ruling, ...]:
    """What the verdict has the customer pay; what is done again costs him nothing."""
    rulings = () if it.verdict is None or is_rework(it) else it.verdict.rulings
    return tuple(ruling for ruling in rulings if _customer_pays(ruling))


def agreed_to_pay(s: Case) -> bool:
    """Whether the customer took a quote, or a repair agreement is shown."""
    return s.it.agreed is not None or "repair-agreement" in on_record(s)


# --- guards: quotes -------------------------------------------------------------------------------


def lines_fit(s: Case) -> Iterator[Reason]:
    """Every line can be priced: in the firm's currency, by the verdict, at cost or a discount as it says.

    Its hours are exact and of a day that has come; what the customer would pay for work that is done, he has
    agreed to.
    """
    it, day, lines = s.it, today(s), _as_done(s.it, s.command.lines)
    found = [*_unpriced(it, lines, s.policy.currency), *chain.from_iterable(_misfit(w, day) for w in lines)]
    yield from found
    if not found and not isinstance(s.command, c.GiveQuote):
        earlier = own_work(it)
        if not tuple(_unpriced(it, earlier, s.policy.currency)):
            yield from beyond_agreement(s, (*earlier, *lines))


def _as_done(it: Ticket, lines: tuple[Work, ...]) -> tuple[Work, ...]:
    """The lines marked as done again, or not, as the ticket is."""
    return tuple(replace(line, rework=is_rework(it)) for line in lines)


def is_rework(it: Ticket) -> bool:
    """Whether what is done now is done again, because the customer did not accept it."""
    return bool(it.rework and it.reworks)


def _misfit(work: Work, day: date) -> Iterator[Reason]:
    """What of a line does not fit, whatever the verdict."""
    about = ("line", work.line.item)
    if work.hours is not None and (not isinstance(work.hours, int | Fraction) or work.hours < 0):
        yield Reason("aftersales.hours-not-exact", PRACTICE, (about, ("hours", str(work.hours))))
    if work.on > day:
        yield Reason("aftersales.work-ahead", PRACTICE, (about, ("on", work.on)))
    if work.discounted is not None:
        listed, discounted = work.line.listed.money, work.discounted.money
        if discounted.currency != listed.currency:
            facts = (about, ("currency", listed.currency))
            yield Reason("aftersales.wrong-currency", _AT_A_DISCOUNT, facts)
        elif discounted > listed:
            yield Reason("aftersales.discount-above-list", _AT_A_DISCOUNT, (about, ("listed", listed)))


def coverage_decided(s: Case) -> Iterator[Reason]:
    """Who pays is decided before anything is priced, and before the service is done (AS-WARR-5)."""
    it, said = s.it, s.command
    asked = bool(said.lines if isinstance(said, c.GiveQuote) else own_work(it))
    if it.verdict is None and (asked or isinstance(said, c.Finish)):
        yield Reason("aftersales.coverage-undecided", Clause("AS-WARR-5", "四1"))


def quoting_is_not_theirs(s: Case) -> Iterator[Reason]:
    """Who answers the telephone does not name prices (AS-FLOW-31); the rulebook's clause, if it bars them."""
    barred = (
        named.clause
        for named in rules_of(s).of(Barred)
        if named.rule.step == s.command.step and s.role.value in named.rule.posts
    )
    yield Reason("aftersales.quoting-not-theirs", next(barred, _NOT_BY_TELEPHONE), (("post", s.role.value),))


def somebody_pays(s: Case) -> Iterator[Reason]:
    """The customer pays something for these lines: what is free needs no quote."""
    lines = _as_done(s.it, s.command.lines)
    if not tuple(_unpriced(s.it, lines, s.policy.currency)):  # else it is said what they lack
        found = _costing(s.it, lines, s.policy.currency)
        if not customers_share(found):
            yield Reason("aftersales.nothing-to-quote", _QUOTED_FIRST, (("listed", found.listed),))


def validity_said(s: Case) -> Iterator[Reason]:
    """It is said how long the quote may be accepted: by the rulebook, or else with the quote."""
    rules = rules_of(s)
    if not rules.of(QuoteValidity):
        if s.command.valid_until is None:
            yield Reason("aftersales.asked", _QUOTED_FIRST, (("asked", "valid_until"), ("where", "quote")))
        return
    try:
        named = rules.the_one(QuoteValidity, answers_of(s))
        named.rule.within.filled(s.it.given).allowed(s.command.happened_at, rules.calendar)
    except NOT_TO_BE_HAD as found:
        yield why(found, _QUOTED_FIRST)


def quote_stands(s: Case) -> Iterator[Reason]:
    """The quote is open, and costs what it cost: else it is quoted anew."""
    it, at = s.it, s.command.happened_at
    if it.quote is None:
        yield Reason("aftersales.no-quote", _QUOTED_FIRST)
        return
    found = tuple(_unpriced(it, it.quoted, s.policy.currency))
    yield from found
    if not found:
        current = _costing(it, it.quoted, s.policy.currency)
        yield from (_cited(reason) for reason in quotes.refusals(it.quote, at, current))


def quote_open(s: Case) -> Iterator[Reason]:
    """The quote may still be answered."""
    if s.it.quote is None:
        yield Reason("aftersales.no-quote", _QUOTED_FIRST)
        return
    try:
        quotes.declined(s.it.quote, s.command.happened_at)
    except Refused as found:
        yield from map(_cited, found.reasons)


def quote_lapsed(s: Case) -> Iterator[Reason]:
    """Nobody answered the quote, and its last instant is behind."""
    quote = s.it.quote
    if quote is None:
        yield Reason("aftersales.no-quote", _QUOTED_FIRST)
        return
    state = quote.state(s.command.happened_at)
    if state is not quotes.QuoteState.LAPSED:
        facts = (("state", state.value), ("until", local(s, quote.valid_until)))
        yield Reason("aftersales.quote-not-lapsed", quote.clause, facts)


def _quote(it: Ticket) -> quotes.Quote:
    assert it.quote is not None  # it is answered, or has lapsed
    return it.quote


def _cited(reason: Reason) -> Reason:
    return reason if reason.clause is not None else replace(reason, clause=_QUOTED_FIRST)


def nothing_to_pay(s: Case) -> Iterator[Reason]:
    """No class of charges costs the customer anything: else it is quoted first."""
    for ruling in _charged(s.it):
        facts = (("charge", ruling.charge.value), ("coverage", ruling.coverage.value))
        yield Reason("aftersales.customer-pays", next(iter(ruling.clauses), _QUOTED_FIRST), facts)


# --- guards: bills, payments, refunds -------------------------------------------------------------


def own_currency(s: Case) -> Iterator[Reason]:
    """What is said to be paid is in the firm's currency."""
    amount = s.command.fee if isinstance(s.command, c.DeclineQuote | c.BillService) else s.command.amount
    if amount is not None and amount.currency != s.policy.currency:
        facts = (("found", amount.currency), ("currency", s.policy.currency))
        yield Reason("aftersales.wrong-currency", PRACTICE, facts)


def bearers_named(s: Case) -> Iterator[Reason]:
    """Everybody who pays is named, and is who was billed before (AS-WARR-4)."""
    it, named = s.it, s.command.parties
    for bearer in sorted(named):
        if Bearer(bearer) in _NOT_BILLED:
            yield Reason("aftersales.bearer-not-billed", _BILLED_AFTERWARDS, (("bearer", bearer),))
        elif not named[bearer] or named[bearer] != named[bearer].strip():
            yield Reason("aftersales.bearer-unnamed", _BILLED_AFTERWARDS, (("bearer", bearer),))
    if tuple(_unpriced(it, own_work(it), s.policy.currency)):
        return  # within_quote says what they lack
    before = _billed_to(it)
    for bearer in _own(it, s.policy.currency).bearers:
        said = named.get(bearer.value)
        if bearer in _NOT_BILLED:
            continue
        if said is None and bearer not in before:
            yield Reason("aftersales.bearer-unnamed", _BILLED_AFTERWARDS, (("bearer", bearer.value),))
        elif said is not None and before.get(bearer, said) != said:
            facts = (("bearer", bearer.value), ("before", before[bearer]), ("named", said))
            yield Reason("aftersales.billed-to-another", _BILLED_AFTERWARDS, facts)


def within_quote(s: Case) -> Iterator[Reason]:
    """What is billed has a price, and the customer agreed to what he is billed (AS-FLOW-12).

    A fee for the inspection is billed only to who did not take the quote.
    """
    it = s.it
    found = [*_unpriced(it, own_work(it), s.policy.currency)] if it.verdict is not None else []
    yield from found
    if not found and it.verdict is not None:
        yield from beyond_agreement(s, own_work(it))
    if s.command.fee is not None:
        yield from own_currency(s)
        if it.state is not Stage.DECLINED:
            yield Reason("quote.not-declined", _QUOTED_FIRST, (("stage", it.state.value),))


def collectable(s: Case) -> Iterator[Reason]:
    """It is known how the customer pays: on the spot, or by an invoice, and of which day (AS-FLOW-4)."""
    it = s.it
    try:
        rules_of(s).answered(s.command.answers)
    except NOT_TO_BE_HAD as found:
        yield why(found, _BILLED_THAT_DAY)
        return
    if tuple(_unpriced(it, own_work(it), s.policy.currency)):
        return  # within_quote says what they lack
    if s.command.fee is not None or _for_customer(it, s.policy.currency):
        try:
            _collecting(s)
        except NOT_TO_BE_HAD as found:
            yield why(found, _BILLED_THAT_DAY)


def owed_by_payer(s: Case) -> Iterator[Reason]:
    """Nobody pays more than he owes for this service (AS-ACC-3)."""
    amount: Money = s.command.amount
    owed = outstanding(s.it, _payer(s), s.policy.currency)
    if amount.currency == owed.currency and amount > owed:
        facts = (("payer", _payer(s)), ("owed", owed), ("amount", amount))
        yield Reason("aftersales.paid-above-owed", _CASH_PROCEDURE, facts)


def paid_too_much(s: Case) -> Iterator[Reason]:
    """No more goes back than was paid above what is owed (AS-ACC-3)."""
    amount: Money = s.command.amount
    too_much = -_standing(s.it, _payer(s), s.policy.currency)
    if amount.currency == too_much.currency and amount > too_much:
        facts = (("payer", _payer(s)), ("most", max(too_much, too_much * 0)), ("amount", amount))
        yield Reason("aftersales.refund-above-paid", _CASH_PROCEDURE, facts)


def refund_within_price(s: Case) -> Iterator[Reason]:
    """No more goes back for a unit than was paid for it, for no more units than were bought (AS-RET-1)."""
    it, said = s.it, s.command
    bought = it.purchase
    clause = Clause("AS-RET-1", "服装公司售后服务制度 4")
    if bought is None:
        yield Reason("aftersales.purchase-unknown", clause)
        return
    amount, price = said.amount, bought.price
    if amount.currency != price.currency:
        yield Reason("aftersales.wrong-currency", PRACTICE, (("currency", price.currency),))
        return
    if said.quantity > bought.quantity:
        facts = (("bought", bought.quantity), ("quantity", said.quantity))
        yield Reason("aftersales.refund-above-bought", clause, facts)
    share = price.minor * min(said.quantity, bought.quantity) // bought.quantity
    most = min(Money.of_minor(share, price.currency), price - _refunded(it, price.currency))
    if amount > most:
        yield Reason("aftersales.refund-above-paid", clause, (("most", most), ("amount", amount)))


def charges_settled(s: Case) -> Iterator[Reason]:
    """Before the items go back, what the customer owes is billed, and paid or on account (AS-FLOW-20).

    It is on account, unless the firm collects on the spot. Where it invoices as the item goes back, the
    invoice is of the day on which the last one does; of a service that is neither done nor declined there is
    none yet.
    """
    it = s.it
    unbilled = [*_unbilled(it, s.policy.currency, (Bearer.CUSTOMER,), _BILLED_ON_RETURN)]
    yield from unbilled
    if unbilled:
        return
    owed = outstanding(it, it.customer, s.policy.currency)
    try:
        how = _collecting(s) if owed else None
    except NOT_TO_BE_HAD:
        how = None  # on account
    if how is None:
        return
    if how.way is CollectionWay.ON_THE_SPOT:
        yield Reason("aftersales.unpaid", how.clause, (("owed", owed),))
    last = {item.serial for item in it.in_firms_hands} <= set(s.command.items)
    last = last and it.state in {Stage.REPAIRED, Stage.DECLINED}
    last = last and _billed_now(it, s.policy.currency).minor > 0  # what is of before has its invoice
    if how.way is CollectionWay.INVOICE_ON_RETURN and last and it.invoiced_on != today(s):
        told = () if it.invoiced_on is None else (("invoiced_on", it.invoiced_on),)
        yield Reason("aftersales.not-invoiced-today", how.clause, told)


def all_billed(s: Case) -> Iterator[Reason]:
    """Everything that somebody pays for is posted, and an inspection is invoiced, too (AS-FLOW-4)."""
    it, currency = s.it, s.policy.currency
    yield from _unbilled(it, currency, tuple(Bearer), _BILLED_THAT_DAY)
    inspected = _inspection(it, currency)
    if it.state is not Stage.DECLINED or not inspected or it.invoiced_on is not None:
        return
    try:
        how = _collecting(s)
    except NOT_TO_BE_HAD as found:
        yield why(found, _BILLED_THAT_DAY)
        return
    if how is None or how.way in _INVOICED:
        clause = _BILLED_THAT_DAY if how is None else how.clause
        yield Reason("aftersales.inspection-not-invoiced", clause, (("amount", inspected),))


def _unbilled(it: Ticket, currency: str, bearers: tuple[Bearer, ...], clause: Clause) -> Iterator[Reason]:
    found = tuple(_unpriced(it, own_work(it), currency))
    yield from found
    if found:
        return
    due = _own(it, currency)
    for bearer in bearers:
        if bearer in _NOT_BILLED and bearer is not Bearer.CUSTOMER:
            continue
        wanted, posted = due.subtotal(bearer).money, _posted(it, bearer, currency)
        if wanted != posted:
            facts = (("bearer", bearer.value), ("due", wanted), ("billed", posted))
            yield Reason("aftersales.unbilled", clause, facts)


# --- what was posted ------------------------------------------------------------------------------


def outstanding(it: Ticket, party: str, currency: str) -> Money:
    """What a party still owes for this service, one thing apart from the other."""
    return total((item.outstanding for item in _open(it, party, currency)), currency)


def open_money(it: Ticket, currency: str) -> Iterator[tuple[str, Money]]:
    """Who owes something for this service as a whole, and how much; below nothing: he paid too much."""
    parties = {account.owner: account.kind for each in it.posted for account in (each.debit, each.credit)}
    for party in parties:
        owed = _standing(it, party, currency)
        if owed:
            yield party, owed


def _open(it: Ticket, party: str, currency: str) -> tuple[OpenItem, ...]:
    return open_items(it.posted, Account(AccountKind.RECEIVABLE, party), currency)


def _standing(it: Ticket, party: str, currency: str) -> Money:
    """What a party owes for this service as a whole; below nothing where it paid too much."""
    return balance(it.posted, Account(AccountKind.RECEIVABLE, party), currency)


def _posted_now(it: Ticket) -> tuple[Posting, ...]:
    """What was posted since the ticket was reopened, or all of it."""
    return it.posted[it.settled_postings :]


def _net(it: Ticket, kind: str) -> Mapping[tuple[Account, Account], Money]:
    """What was charged under ``kind`` since the ticket was reopened, by its accounts."""
    accounts = {"debited": [AccountKind.RECEIVABLE], "credited": [AccountKind.INCOME]}
    return moved(_posted_now(it), it.id, kind, **accounts)


def _posted(it: Ticket, bearer: Bearer, currency: str) -> Money:
    return total(_net(it, f"service-{bearer.value}").values(), currency)


def _inspection(it: Ticket, currency: str) -> Money:
    return total(_net(it, quotes.INSPECTION).values(), currency)


def _billed_now(it: Ticket, currency: str) -> Money:
    """What the customer was charged since the ticket was reopened, or in all."""
    return _posted(it, Bearer.CUSTOMER, currency) + _inspection(it, currency)


def lacks_invoice(it: Ticket, currency: str) -> bool:
    """Whether the customer was charged something, in this cycle or before it, that has no invoice yet."""
    return it.uninvoiced or (it.invoiced_on is None and _billed_now(it, currency).minor > 0)


def _billed_to(it: Ticket) -> dict[Bearer, str]:
    """Who is charged something as which bearer, since the ticket was reopened."""
    return {
        bearer: receivable.owner
        for bearer in Bearer
        for (receivable, _), amount in _net(it, f"service-{bearer.value}").items()
        if amount
    }


def _refunded(it: Ticket, currency: str) -> Money:
    """What of the price of the unit went back already."""
    return total((each.amount for each in it.posted if each.kind == REFUND), currency)


def _for_customer(it: Ticket, currency: str) -> Money:
    """What the customer is invoiced: his share of the work, or the inspection of what he declined."""
    share = customers_share(_own(it, currency))
    return share + _inspection(it, currency) if it.state is Stage.DECLINED else share


def _payer(s: Case) -> str:
    named: str | None = s.command.payer
    return s.it.customer if named is None else named


def _cash(it: Ticket) -> Account:
    return Account(AccountKind.CASH, it.firm)


def _admitted(s: Case, postings: Iterable[Posting | None]) -> tuple[Posting, ...]:
    """The postings as they may be made now: none for a day in a closed period."""
    books = Books(s.policy.closed_through)
    return tuple(books.admit(posting) for posting in postings if posting is not None)


def _collecting(s: Case) -> Collecting | None:
    """How the customer's share is collected, ``None`` where the firm has no rule for it.

    Raises:
        MissingValue: no rule holds, or an answer is missing.
        InvalidValue: an answer that there is not.
        ConflictingRules: two rules disagree.
    """
    rules, it, day = rules_of(s), s.it, today(s)
    if not rules.of(Collection):
        return None
    served_on = day if it.finished_at is None else s.policy.day(it.finished_at)
    back = [item.given_back_on for item in it.items.values() if item.given_back_on is not None]
    # the invoice goes with the item: where one is still there, it goes back on the day of the invoice
    returned_on = day if it.in_firms_hands or not back else max(back)
    return collecting(rules, answers_of(s), served_on=served_on, returned_on=max(returned_on, served_on))


# --- effects: quotes ------------------------------------------------------------------------------


def give_quote(s: Case) -> Outcome:
    """The customer is quoted what he would pay; a quote that was given before is behind (报价).

    One that he had accepted bounds what he is billed until he accepts the new one.
    """
    it, said, rules = s.it, s.command, rules_of(s)
    lines = _as_done(it, said.lines)
    offer = _costing(it, lines, s.policy.currency)
    earlier = it.earlier_quotes if it.quote is None else (*it.earlier_quotes, it.quote)
    it, number, taken = issued(s, it, Series.QUOTE)
    ref = f"{Series.QUOTE.value}/{number or len(earlier) + 1}"
    if number is None:
        ref = f"{it.id}/{ref}"
    if rules.of(QuoteValidity):
        quote = quotes.quoted(rules, ref, offer, said.happened_at, answers=answers_of(s), given=it.given)
    else:
        quote = quotes.Quote(
            ref=ref,
            prices=offer,
            issued_at=said.happened_at,
            valid_until=said.valid_until,
            clause=PRACTICE,
        )
    it = replace(it, quote=quote, quoted=lines, agreed_before=it.agreed, earlier_quotes=earlier)
    facts: tuple[tuple[str, Plain], ...] = (
        ("quote", ref),
        *_written(offer),
        ("total", customers_share(offer)),
        ("until", local(s, quote.valid_until)),
    )
    return outcome(s, it, messages=messages.tell(it, messages.QUOTED, facts), commands=taken)


def accept_quote(s: Case) -> Outcome:
    """The customer takes the quote: it bounds what he is billed. Work is what is done, and comes later."""
    current = _costing(s.it, s.it.quoted, s.policy.currency)
    quote = quotes.accepted(_quote(s.it), s.command.happened_at, current)
    return outcome(s, replace(s.it, quote=quote))


def decline_quote(s: Case) -> Outcome:
    """The customer does not take the quote; the inspection is charged, if it costs something (检测费).

    Whoever is at work on it stops.
    """
    quote = quotes.declined(_quote(s.it), s.command.happened_at)
    it, commands, told = stopped(s, replace(s.it, quote=quote))
    postings = _inspected(s, it)
    if postings:
        told += messages.tell(it, messages.BILLED, (("inspection", s.command.fee),))
    return outcome(s, it, messages=told, postings=postings, commands=commands)


def lapse_quote(s: Case) -> Outcome:
    """Nobody answered the quote in time: who is at work stops, and the unit, if it is here, goes back."""
    quote = _quote(s.it)
    it, commands, told = stopped(s, s.it)
    facts = (("quote", quote.ref), ("until", local(s, quote.valid_until)))
    told += messages.tell(it, messages.LAPSED, facts)
    return outcome(s, it, messages=told, commands=commands)


def approve_free(s: Case) -> Outcome:
    """The work may be planned."""
    return outcome(s, s.it)


def _inspected(s: Case, it: Ticket) -> tuple[Posting, ...]:
    """What is posted for the inspection, if the command says what it costs."""
    if s.command.fee is None:
        return ()
    owed = quotes.inspection(it.id, it.customer, INCOME)
    posting, _ = assess(owed, s.command.fee, posted_for(owed, it.posted), today(s))
    return _admitted(s, (posting,))


def _written(found: Priced) -> tuple[tuple[str, Plain], ...]:
    """The lines as the customer reads them, what he does not pay at nothing."""
    nothing = Money.of_minor(0, found.currency)
    return messages.lines(
        (each.work.item, each.charge.money if each.bearer is Bearer.CUSTOMER else nothing)
        for each in found.lines
    )


# --- effects: bills, payments, refunds ------------------------------------------------------------


def bill(s: Case) -> Outcome:
    """What everybody pays is posted, to the difference, and invoiced; the free lines are on the bill, too.

    The customer's invoice is of this day, but where he pays on the spot: then it follows his money. One that
    says something else by now, or is to go with an item on another day, is void and replaced, as long as the
    item is there. An invoice that is later than the rulebook has it is on the list of what staff have to see
    to (AS-FLOW-4).
    """
    it, said, day, currency = s.it, s.command, today(s), s.policy.currency
    names = {Bearer.CUSTOMER: it.customer, **_billed_to(it)}
    names |= {Bearer(bearer): party for bearer, party in said.parties.items()}
    now = _own(it, currency)
    charged = charging(now, it.id, names, INCOME, _posted_now(it), day)
    postings = _admitted(s, (_numbered(it, each) for each in charged)) + _inspected(s, it)
    it = replace(it, answers={**it.answers, **said.answers})
    after = replace(it, posted=(*it.posted, *postings))
    share = _for_customer(after, currency)
    how = _collecting(s) if share else None
    on_return = how is not None and how.way is CollectionWay.INVOICE_ON_RETURN and bool(it.in_firms_hands)
    paid = not outstanding(after, it.customer, currency)
    changed = any(it.customer in {each.debit.owner, each.credit.owner} for each in postings)
    commands: tuple[Command, ...] = ()
    number: int | None = None
    if changed or it.invoiced_on is None or (on_return and it.invoiced_on != day):
        it, commands = _replaced(s, it)
        if share and (how is None or how.way in _INVOICED or paid):
            it, number, taken = issued(s, it, Series.INVOICE)
            commands += taken
            it = replace(it, invoiced_on=day, uninvoiced=it.uninvoiced and not paid)
            if how is not None and how.invoice_on is not None and how.invoice_on < day:
                it = attend(it, "aftersales.attention.invoiced-late", ("due", how.invoice_on))
    facts: tuple[tuple[str, Plain], ...] = () if number is None else (("invoice", number),)
    facts += () if said.fee is None else (("inspection", said.fee),)
    told = tuple(_told(after, now, names, postings, day, facts)) if postings or number else ()
    return outcome(s, it, messages=told, postings=postings, commands=commands)


_INVOICED: Final = frozenset({CollectionWay.INVOICE_SAME_DAY, CollectionWay.INVOICE_ON_RETURN})
"""The ways of collecting in which the invoice does not wait for the money."""


def _numbered(it: Ticket, posting: Posting) -> Posting:
    """With a key that counts what was posted before the ticket was reopened, too."""
    about, key = (posting.subject, posting.kind), posting.key
    before = sum((each.subject, each.kind) == about for each in it.posted[: it.settled_postings])
    name, _, number = key.rpartition("/")
    return replace(posting, key=f"{name}/{int(number) + before}")


def _replaced(s: Case, it: Ticket) -> tuple[Ticket, tuple[Command, ...]]:
    """``it`` with its open invoices void, and what tells their book."""
    book = book_key(it.firm, Series.INVOICE)
    papers, commands = dict(it.papers), list[Command]()
    for ref, paper in it.papers.items():
        if paper.series is Series.INVOICE and paper.state is PaperState.OPEN:
            papers[ref] = replace(paper, state=PaperState.VOID, ended_on=today(s), why="replaced")
            said = {"number": paper.number, "reason": "replaced"}
            commands.append(entailed(s, VoidNumber, book.id, f"void/{ref}", **said))
    return replace(it, papers=papers, invoiced_on=None), tuple(commands)


def _told(
    it: Ticket,
    now: Priced,
    names: Mapping[Bearer, str],
    postings: tuple[Posting, ...],
    day: date,
    said: tuple[tuple[str, Plain], ...],
) -> Iterator[Message]:
    """Everybody for whom something is new hears what he pays, the customer of every line and ``said``.

    Nobody sees what another one pays. Who pays no longer hears that it is nothing.
    """
    shares: dict[str, list[Bill]] = {it.customer: []}
    for account in (account for each in postings for account in (each.debit, each.credit)):
        if account.kind is AccountKind.RECEIVABLE:
            shares.setdefault(account.owner, [])
    for each in bills(now, it.id, names, day):
        if each.party in shares:
            shares[each.party].append(each)
    for party, found in shares.items():
        facts: tuple[tuple[str, Plain], ...] = (
            *messages.lines((line.item, line.charge.money) for each in found for line in each.lines),
            ("total", total((each.total for each in found), now.currency)),
            ("owed", outstanding(it, party, now.currency)),
        )
        customers = party == it.customer
        facts += said if customers else ()
        yield from messages.tell(it, messages.BILLED, facts, to=None if customers else party)


def collect(s: Case) -> Outcome:
    """Money came in: the oldest of what the payer owes for the service first, then the inspection (AS-ACC-3).

    Where the customer pays on the spot, the invoice follows as soon as all is paid (AS-FLOW-4).
    """
    it, said, day, payer = s.it, s.command, today(s), _payer(s)
    applied = apply_payment(_RANK, _open(it, payer, s.policy.currency), said.amount)
    postings = _admitted(
        s,
        (
            received(_owed(it, item.kind, payer), _cash(it), part, it.posted, day, key=f"{said.id}/{number}")
            for number, (item, part) in enumerate(applied.paid, 1)
        ),
    )
    left = outstanding(replace(it, posted=(*it.posted, *postings)), payer, s.policy.currency)
    facts: tuple[tuple[str, Plain], ...] = (("amount", said.amount), ("owed", left))
    commands: tuple[Command, ...] = ()
    if payer == it.customer and not left and lacks_invoice(it, s.policy.currency):
        it, number, commands = issued(s, it, Series.INVOICE)
        it = replace(it, invoiced_on=day, uninvoiced=False)
        facts += () if number is None else (("invoice", number),)
    told = messages.tell(it, messages.PAID, facts, to=None if payer == it.customer else payer)
    return outcome(s, it, messages=told, postings=postings, commands=commands)


def return_payment(s: Case) -> Outcome:
    """What was paid too much goes back to who paid it."""
    it, said, day, payer = s.it, s.command, today(s), _payer(s)
    rest: Money = said.amount
    made: list[Posting] = []
    for kind in _RANK:
        owed = _owed(it, kind, payer)
        credit = -balance((each for each in it.posted if each.kind == kind), owed.debit, rest.currency)
        part = min(rest, credit)
        if part.minor > 0:
            paid = refundable(it.posted, owed)
            made += refund(owed, paid, part, (AccountKind.CASH,), day, key=f"{said.id}/{kind}")
            rest -= part
    facts = (("amount", said.amount), ("reason", said.reason))
    told = messages.tell(it, messages.REFUNDED, facts, to=None if payer == it.customer else payer)
    return outcome(s, it, messages=told, postings=_admitted(s, made))


def _owed(it: Ticket, kind: str, payer: str) -> Obligation:
    """What is owed under ``kind``: for the service, as some bearer, or for an inspection."""
    if kind == quotes.INSPECTION:
        return quotes.inspection(it.id, payer, INCOME)
    return obligation(it.id, Bearer(kind.removeprefix("service-")), payer, INCOME)


def refund_customer(s: Case) -> Outcome:
    """What was paid for the unit goes back to the customer, and the service ends with that (退款)."""
    it, said = s.it, s.command
    number = sum(each.kind == REFUND for each in it.posted) + 1
    posting = Posting(
        key=f"{it.id}/{REFUND}/{number}",
        debit=REFUNDS,
        credit=_cash(it),
        amount=said.amount,
        value_date=today(s),
        subject=it.id,
        kind=REFUND,
    )
    it = replace(it, outcome=Ending.REFUNDED, finished_at=said.happened_at)
    facts = (("amount", said.amount), ("quantity", said.quantity))
    told = messages.tell(it, messages.REFUNDED, facts)
    return outcome(s, it, messages=told, postings=_admitted(s, (posting,)))
