"""What a service costs, and whom (费用): work lines and a verdict to charges, bills and postings.

1. A line has a list price, worked out by the tariff, and a billing code, which is always given. What is
   charged follows from the two and the verdict, by the fee algebra, in one currency.
2. A free line stays on the customer's bill, at nothing, with the clause that makes it free.
3. At cost is at cost and no more: never above the list price. What a builder bears is never billed: what it
   cost is deducted from his contract money (``provision.deducted_from_builder``).
4. What is posted is the difference to what was posted before; billing twice is billing once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.policy import Collection, ServiceRules
from servflow.core.aftersales.rates import check_rates
from servflow.core.aftersales.warranty import Ruling, Verdict
from servflow.core.aftersales.words import Bearer, ChargeClass, CollectionWay, Coverage
from servflow.core.citations import PRACTICE, Clause
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import Charge, Facts, Given, Operation, Rule, Step, Zero, evaluate, missing
from servflow.core.fees.assessment import Obligation, Posted, assess, settle
from servflow.core.fees.text import text_of
from servflow.core.ledger import Account, AccountKind, Posting, check_kind, moved
from servflow.core.money import Money, total

__all__ = [
    "LIST_PRICE",
    "Bill",
    "BillLine",
    "Billing",
    "Collecting",
    "Priced",
    "PricedLine",
    "TariffLine",
    "WorkLine",
    "bills",
    "charging",
    "collecting",
    "obligation",
    "priced",
    "received",
    "tariff",
]

LIST_PRICE: Final = "list_price"
"""The fact by which a rule for discount parts reads what a line costs by the tariff."""

_COST: Final = "cost"
_BILLED: Final = tuple(bearer for bearer in Bearer if bearer is not Bearer.BUILDER)
_CASH_PROCEDURE: Final = Clause("AS-ACC-3", "(三)")


# --- the tariff -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffLine:
    """One line of a printed tariff (收费标准): the rule, and what it comes to.

    ``charge`` is ``None`` where something is still asked for; ``asks`` says what, in alphabetical order.
    """

    name: str
    label: str
    rule: str
    charge: Charge | None
    asks: tuple[str, ...]

    def __str__(self) -> str:
        said = f"by {', '.join(self.asks)}" if self.charge is None else str(self.charge.money)
        return f"{self.label or self.name}: {said}"


def tariff(
    rules: Mapping[str, Rule], facts: Facts, labels: Mapping[str, str] = MappingProxyType({})
) -> tuple[TariffLine, ...]:
    """The tariff as it is published to customers (收费标准公示), in the order of the rules (AS-ACC-5).

    ``facts`` are the rates that a rulebook leaves to the firm, and the quantities that a line is for: one
    hour, one kilometre.

    Raises:
        InvalidValue: a rule gives parts of a minor unit, and none of it is rounded.
        MissingValue: a rule says nothing for these facts.
        CurrencyMismatch: an amount given is of another currency than its rule.
        ConflictingRules: two special rules apply and disagree.
    """
    lines = []
    for name, rule in rules.items():
        asks = tuple(sorted(missing(rule, facts)))
        charge = None if asks else evaluate(rule, facts)
        label = labels.get(name, "")
        lines.append(TariffLine(name=name, label=label, rule=text_of(rule), charge=charge, asks=asks))
    return tuple(lines)


# --- lines and their prices -----------------------------------------------------------------------------


class Billing(Enum):
    """The billing code of a work line (计费代码). It is given with each line, never taken for granted."""

    AS_RULED = "as-ruled"  # 按保修判定: part of the fault that the verdict is about
    EXTRA = "extra"  # 另项有偿: asked for besides, paid whatever the verdict
    GOODWILL = "goodwill"  # 优惠免收: let go, with somebody's approval


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """One line of work (服务明细): hours, a part, a journey.

    ``listed`` is what the whole line costs by the tariff, ``cost`` what it costs the firm, where that is
    known. ``approved_by`` is who lets a line go, or agreed for the customer to an extra that was not quoted.

    Raises:
        InvalidValue: the item is empty, the class or the billing code is none, the cost is negative, or
            goodwill has no one who approved it.
        CurrencyMismatch: cost and list price are of different currencies.
    """

    item: str
    charge: ChargeClass
    billing: Billing
    listed: Charge
    cost: Money | None = None
    approved_by: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.item, str) and self.item.strip()):
            raise InvalidValue("item", self.item, "what was done or used")
        if not isinstance(self.charge, ChargeClass):
            raise InvalidValue("charge", self.charge, "a class of charges")
        if not isinstance(self.billing, Billing):
            raise InvalidValue("billing", self.billing, "a billing code; there is no default")
        if self.cost is not None:
            if self.cost.currency != self.listed.money.currency:
                raise CurrencyMismatch(self.listed.money.currency, self.cost.currency)
            if self.cost.minor < 0:
                raise InvalidValue("cost", self.cost, "an amount of 0 or more")
        if self.billing is Billing.GOODWILL and not self.approved_by.strip():
            raise InvalidValue("approved_by", self.approved_by, "who approved that nothing is charged")


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """A line with what it costs ``bearer``; ``clauses`` are those of its cover, and of who bears it."""

    work: WorkLine
    coverage: Coverage
    bearer: Bearer
    charge: Charge
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """All lines of a case with their prices.

    Raises:
        CurrencyMismatch: a line is of another currency than ``currency``.
    """

    currency: str
    lines: tuple[PricedLine, ...]

    def __post_init__(self) -> None:
        for line in self.lines:
            for money in (line.charge.money, line.work.listed.money):
                if money.currency != self.currency:
                    raise CurrencyMismatch(self.currency, money.currency)

    @property
    def listed(self) -> Money:
        """What all lines cost by the tariff."""
        return total((line.work.listed.money for line in self.lines), self.currency)

    @property
    def total(self) -> Money:
        """What all lines come to, whoever bears them."""
        return total((line.charge.money for line in self.lines), self.currency)

    @property
    def bearers(self) -> tuple[Bearer, ...]:
        """Who has something to bear, in the order of ``Bearer``; a builder has it deducted."""
        paying = {line.bearer for line in self.lines if line.charge.money}
        return tuple(bearer for bearer in Bearer if bearer in paying)

    def subtotal(self, bearer: Bearer) -> Charge:
        """What ``bearer`` pays for all lines; nothing for no lines, with no step below it."""
        parts = tuple(line.charge.derivation for line in self.lines if line.bearer is bearer)
        if not parts:
            return evaluate(Zero(self.currency), Facts())
        return Charge(Step.taken(Operation.SUM, self.currency, None, (), parts))


def priced(
    verdict: Verdict,
    lines: Iterable[WorkLine],
    currency: str,
    *,
    discount: Rule | None = None,
    facts: Facts | None = None,
) -> Priced:
    """What each line costs, and whom, by the verdict.

    Free, and by contract, is nothing; at cost is the firm's cost, at most the list price; paid is the list
    price (AS-WARR-2). Where the verdict grants discount parts, a paid part costs what ``discount`` makes of
    the fact ``list_price`` (AS-WARR-3). A free line that somebody else than firm or customer bears, a
    dealer or a supplier, is billed to him at the list price (AS-WARR-4). A builder bears what it cost, and
    has it deducted (AS-ACC-4). What the firm bears it bears whole.

    Raises:
        MissingValue: a line at cost, or of a builder, says no cost, parts at a discount have no rule, or that
            lacks a fact.
        InvalidValue: the discount price is above the list price, or its rate above 1.
        CurrencyMismatch: a line, or the discount price, is of another currency.
        ConflictingRules: two special discounts apply and disagree.
    """
    rulings = {each.charge: each for each in (verdict.parts, verdict.labour, verdict.travel)}
    made = []
    for line in lines:
        if line.listed.money.currency != currency:
            raise CurrencyMismatch(currency, line.listed.money.currency)
        if line.billing is Billing.AS_RULED:
            made.append(_as_ruled(line, verdict, rulings[line.charge], discount, facts or Facts()))
        elif line.billing is Billing.EXTRA:
            made.append(_line(line, Coverage.PAID, Bearer.CUSTOMER, line.listed, (PRACTICE,)))
        else:
            let_go = Clause(PRACTICE.id, f"approved by {line.approved_by}")
            made.append(_line(line, Coverage.FREE, Bearer.FIRM, _nothing(currency, let_go), (let_go,)))
    return Priced(currency=currency, lines=tuple(made))


def _as_ruled(
    line: WorkLine, verdict: Verdict, ruling: Ruling, discount: Rule | None, facts: Facts
) -> PricedLine:
    coverage, bearer = ruling.coverage, ruling.bearer
    said = ruling.borne_by
    why = said if coverage is Coverage.PAID else ruling.clauses
    clause = (*why, PRACTICE)[0]
    free = coverage is Coverage.FREE and bearer is Bearer.CUSTOMER
    if free or coverage is Coverage.CONTRACT or bearer is Bearer.FIRM:
        charge = _nothing(line.listed.money.currency, clause)
    elif bearer is Bearer.BUILDER:
        charge = _at_cost(line, (*said, PRACTICE)[0], capped=False)
    elif coverage is Coverage.AT_COST:
        charge = _at_cost(line, clause)
    elif coverage is Coverage.PAID and line.charge is ChargeClass.PARTS and verdict.discount:
        charge = _discounted(line, discount, facts)
    else:
        charge = line.listed
    return _line(line, coverage, bearer, charge, tuple(dict.fromkeys((*ruling.clauses, *said))))


def _line(
    line: WorkLine, coverage: Coverage, bearer: Bearer, charge: Charge, clauses: tuple[Clause, ...]
) -> PricedLine:
    return PricedLine(work=line, coverage=coverage, bearer=bearer, charge=charge, clauses=clauses)


def _nothing(currency: str, clause: Clause) -> Charge:
    return evaluate(Zero(currency).under(clause), Facts())


def _at_cost(line: WorkLine, clause: Clause, *, capped: bool = True) -> Charge:
    if line.cost is None:
        raise MissingValue(_COST, f"for {line.item}, which is charged at cost")
    listed = line.listed.money
    cost = Given(_COST, listed.currency)
    rule = cost.at_most(Given(LIST_PRICE, listed.currency)) if capped else cost
    return evaluate(rule.under(clause), Facts(amounts={_COST: line.cost, LIST_PRICE: listed}))


def _discounted(line: WorkLine, discount: Rule | None, facts: Facts) -> Charge:
    if discount is None:
        raise MissingValue("discount", f"for {line.item}, a part at a discount price")
    listed = line.listed.money
    charge = evaluate(discount, facts.within({}, {LIST_PRICE: listed}))
    check_rates(charge)
    if charge.money > listed:
        raise InvalidValue("discount", charge.money, f"at most the list price, {listed}")
    return charge


# --- how it is collected -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """How and when a charge is collected (收费).

    ``money_on`` is the day on which it is taken, ``None`` where it is collected later; ``invoice_on`` the
    day of the invoice, ``None`` where it follows the money without a day.
    """

    way: CollectionWay
    money_on: date | None
    invoice_on: date | None
    rule: str
    clause: Clause


def collecting(
    rules: ServiceRules, answers: Mapping[str, str], *, served_on: date, returned_on: date | None = None
) -> Collecting:
    """How what is due for a service is collected (AS-FLOW-4, AS-FLOW-20).

    On the spot: on ``served_on``, and the invoice follows. By an invoice of the same day, or of the day on
    which the item is given back: the money later. Nothing: there is neither.

    Raises:
        MissingValue: no rule holds, an answer is missing, or the item is not given back yet.
        InvalidValue: an answer that there is not, or the item was given back before it was served.
        ConflictingRules: two rules hold and say different things.
    """
    named = rules.the_one(Collection, answers)
    way = named.rule.way
    invoice_on: date | None = None
    if way is CollectionWay.INVOICE_SAME_DAY:
        invoice_on = served_on
    elif way is CollectionWay.INVOICE_ON_RETURN:
        if returned_on is None:
            raise MissingValue("returned_on", f"which {named.name} invoices by")
        if returned_on < served_on:
            raise InvalidValue("returned_on", returned_on, f"a day not before {served_on.isoformat()}")
        invoice_on = returned_on
    return Collecting(
        way=way,
        money_on=served_on if way is CollectionWay.ON_THE_SPOT else None,
        invoice_on=invoice_on,
        rule=named.name,
        clause=named.clause,
    )


# --- bills and postings ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of a bill: what it costs whom the bill is for, and by which clauses."""

    item: str
    coverage: Coverage
    charge: Charge
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one party pays for a case (账单): its lines, the free ones too, and their sum.

    ``number`` counts the bills of the case to the party from 1; each replaces the one before it.
    """

    case: str
    bearer: Bearer
    party: str
    number: int
    issued_on: date
    lines: tuple[BillLine, ...]
    charge: Charge

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return self.charge.money


def bills(
    prices: Priced,
    case: str,
    parties: Mapping[Bearer, str],
    issued_on: date,
    before: Iterable[Bill] = (),
) -> tuple[Bill, ...]:
    """One bill for the customer, and one for everybody else who is billed something.

    The customer's comes first and shows every line; what he does not pay stands on it at nothing, and nobody
    sees what another one is billed. Of the bills ``before`` it, each that says something else by now is
    replaced: by one over nothing and without a line, where its party pays no longer.

    Raises:
        MissingValue: the customer, or somebody who is billed, has no name in ``parties``.
    """
    last: dict[tuple[Bearer, str], Bill] = {}
    for bill in sorted(before, key=lambda bill: bill.number):
        if bill.case == case:
            last[bill.bearer, bill.party] = bill
    billed = [bearer for bearer in _BILLED if bearer is Bearer.CUSTOMER or bearer in prices.bearers]
    for bearer in billed:
        if bearer not in parties:
            raise MissingValue(bearer.value, f"among the parties of {case}")
    now = [(bearer, parties[bearer]) for bearer in billed]
    made = []
    for who in dict.fromkeys((*now, *last)):
        shown = prices if who in now else Priced(currency=prices.currency, lines=())
        earlier = last.get(who)
        bill = Bill(
            case=case,
            bearer=who[0],
            party=who[1],
            number=1 if earlier is None else earlier.number + 1,
            issued_on=issued_on,
            lines=tuple(_bill_lines(shown, who[0])),
            charge=shown.subtotal(who[0]),
        )
        if earlier is None or (earlier.lines, earlier.charge) != (bill.lines, bill.charge):
            made.append(bill)
    return tuple(made)


def _bill_lines(prices: Priced, bearer: Bearer) -> Iterator[BillLine]:
    for line in prices.lines:
        if bearer in (line.bearer, Bearer.CUSTOMER):
            own = line.bearer in (bearer, Bearer.FIRM)
            charge = line.charge if own else _nothing(prices.currency, (*line.clauses, PRACTICE)[0])
            yield BillLine(item=line.work.item, coverage=line.coverage, charge=charge, clauses=line.clauses)


def obligation(case: str, bearer: Bearer, party: str, income: Account) -> Obligation:
    """What ``party`` owes for the service of a case: his receivable against the firm's service income.

    Raises:
        InvalidValue: ``income`` is no account of income, ``case`` or ``party`` is empty, or a builder is
            named: what he bears is no income.
    """
    check_kind("income", income, AccountKind.INCOME)
    if bearer is Bearer.BUILDER:
        raise InvalidValue("bearer", bearer.value, "somebody who is billed; a builder has it deducted")
    return Obligation(
        subject=case,
        kind=f"service-{bearer.value}",
        debit=Account(AccountKind.RECEIVABLE, party),
        credit=income,
    )


def charging(
    prices: Priced,
    case: str,
    parties: Mapping[Bearer, str],
    income: Account,
    posted: Iterable[Posting],
    on: date,
) -> tuple[Posting, ...]:
    """The postings that bring what every party was charged for the case to what it pays by ``prices``.

    None where all of it is posted already. Who pays less than was charged before has the difference
    reversed; of a bearer who pays nothing any more, whether he is among ``parties`` or not, all is, on the
    accounts on which it was charged. Charges for other things in the case, an inspection, are not touched.

    Raises:
        MissingValue: somebody who pays has no name in ``parties``.
        InvalidValue: ``income`` is no account of income, or something is still charged to another party or
            on another income; without a line of that bearer it is reversed first.
        CurrencyMismatch: it was charged in another currency before.
    """
    before = tuple(posted)
    made: list[Posting] = []
    for bearer in _BILLED:
        charge = prices.subtotal(bearer)
        if charge.money and bearer not in parties:
            raise MissingValue(bearer.value, f"among the parties of {case}")
        owed = obligation(case, bearer, parties[bearer], income) if charge.money else None
        made += _charged(case, f"service-{bearer.value}", owed, charge, before, on)
    return tuple(made)


def _charged(
    case: str, kind: str, owed: Obligation | None, charge: Charge, posted: tuple[Posting, ...], on: date
) -> Iterator[Posting]:
    """From what is charged to whom for ``kind`` to ``charge``, which is ``owed``, or to nothing."""
    net = moved(posted, case, kind, debited=[AccountKind.RECEIVABLE], credited=[AccountKind.INCOME])
    target = None if owed is None else (owed.debit, owed.credit)
    for (debit, credit), amount in net.items():
        if target is not None and amount and (debit, credit) != target:
            found, expected = " on ".join(map(str, target)), f"{debit} on {credit}, which is still charged"
            raise InvalidValue(kind, found, expected)
    number = sum((each.subject, each.kind) == (case, kind) for each in posted)
    for pair in dict.fromkeys((*net, *([] if target is None else [target]))):
        due = Obligation(subject=case, kind=kind, debit=pair[0], credit=pair[1])
        wanted = charge if pair == target else evaluate(Zero(charge.money.currency), Facts())
        charged = Posted(net.get(pair, charge.money * 0), number)
        posting, after = assess(due, wanted.money, charged, on, charge=wanted)
        if posting is not None:
            number = after.postings
            yield posting


def received(
    owed: Obligation, cash: Account, amount: Money, posted: Iterable[Posting], on: date, *, key: str
) -> Posting | None:
    """The posting of service money as it comes in: to cash, against the receivable (AS-ACC-3).

    ``None`` where it is posted under its ``key`` already.

    Raises:
        InvalidValue: ``cash`` is no account of cash; the amount is not above 0, or more than is still owed;
            or something else was posted under the key.
        CurrencyMismatch: it is owed in another currency.
    """
    check_kind("cash", cash, AccountKind.CASH)
    before, about = tuple(posted), (owed.subject, owed.kind)
    for each in before:
        if each.key == key:
            same = (each.subject, each.kind, each.debit, each.credit, each.amount)
            if same != (*about, cash, owed.debit, amount):
                raise InvalidValue("key", key, "a key under which nothing else was posted")
            return None
    lines = (each for each in before if (each.subject, each.kind) == about)
    outstanding = total((each.on(owed.debit) for each in lines), amount.currency)
    return settle(owed, cash, amount, outstanding, on, key=key, clause=_CASH_PROCEDURE)
