"""What a ticket costs and whom: quotes, bills, payments and refunds, each with what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from desk_at_work import CUSTOMER, FIRM, MONDAY, POLICY, Desk, case, command, policy, ticket
from hypothesis import given as given_any
from hypothesis import strategies as st
from work_at_desk import (
    TODAY,
    accepted,
    cited,
    cny,
    codes,
    extra,
    facts,
    lines,
    listed,
    quote,
    verdict,
    work,
)

from servflow.core.aftersales.books.commands import TakeNumbers, VoidNumber
from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import Barred, Numbering, Series
from servflow.core.aftersales.policy import Collection, QuoteValidity
from servflow.core.aftersales.tickets import billing
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.messages import BILLED, LAPSED, PAID, QUOTED, REFUNDED
from servflow.core.aftersales.tickets.model import Item, Purchase, Ticket, Work
from servflow.core.aftersales.tickets.states import Custody, Outcome, PaperState, Stage, TicketRole
from servflow.core.aftersales.words import Bearer, ChargeClass, CollectionWay, Coverage
from servflow.core.citations import PRACTICE
from servflow.core.clocks import parse_allowance
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money

b: Any = billing
PARTS, LABOUR, TRAVEL = ChargeClass.PARTS, ChargeClass.LABOUR, ChargeClass.TRAVEL
DAY = timedelta(days=1)
OWED = Account(AccountKind.RECEIVABLE, CUSTOMER)


def covered(**said: Any) -> Any:
    """A ticket that the customer pays for, unless it is said otherwise."""
    usual: dict[str, Any] = {"state": Stage.COVERED, "verdict": verdict()}
    return ticket(**(usual | said))


def done(*lines: Work, **said: Any) -> Any:
    """A service that is done, with these lines of work and an accepted quote for them."""
    it = accepted(covered(), *lines)
    usual: dict[str, Any] = {
        "state": Stage.REPAIRED,
        "work": lines,
        "finished_at": MONDAY,
        "outcome": Outcome.REPAIRED,
    }
    return replace(it, **(usual | said))


def billed(it: Ticket, **said: Any) -> Any:
    """What comes of billing it."""
    rules = said.pop("rules", POLICY)
    return b.bill(case(it, command(c.BillService, **said), rules=rules))


def paid(it: Ticket, amount: Money, **said: Any) -> Any:
    """What comes of a payment."""
    rules = said.pop("rules", POLICY)
    return b.collect(case(it, command(c.CollectPayment, amount=amount, **said), rules=rules))


def owes(it: Ticket, who: str = CUSTOMER) -> Money:
    """What somebody owes by the ledger, below nothing where he paid too much."""
    return balance(it.posted, Account(AccountKind.RECEIVABLE, who), "CNY")


# --- lines and their prices -------------------------------------------------------------------------------


@pytest.mark.clause("AS-WARR-2")
def test_work_costs_what_the_verdict_makes_of_it():
    """Paid labour costs its list price, free parts nothing, an extra its price, goodwill nothing."""
    said = verdict(Coverage.FREE, Bearer.FIRM, labour=Coverage.PAID)
    said = replace(said, labour=replace(said.labour, bearer=Bearer.CUSTOMER))
    lines = (work(80), work(50, PARTS), extra(30), work(20, billing=Billing.GOODWILL, approved_by="boss"))
    found = b.prices(covered(verdict=said, work=lines), "CNY")

    assert [each.charge.money for each in found.lines] == [cny(80), cny(0), cny(30), cny(0)]
    assert b.customers_share(found) == cny(110)


def test_work_that_is_done_again_costs_the_customer_nothing():
    """Of a rework the lines of the fault are the firm's; what was asked for besides is still paid."""
    lines = (work(100), work(100, rework=True), replace(extra(30), rework=True))
    found = b.prices(covered(work=lines), "CNY")

    assert [each.charge.money for each in found.lines] == [cny(100), cny(0), cny(30)]
    assert found.lines[1].bearer is Bearer.FIRM


@pytest.mark.clause("AS-WARR-3")
def test_a_part_at_a_discount_costs_its_discount_price():
    """Where the verdict grants it; labour, and parts that are free all the same, have none."""
    part = work(100, PARTS, discounted=listed(80))
    found = b.prices(covered(verdict=verdict(discount=True), work=(part, work(60))), "CNY")
    assert [each.charge.money for each in found.lines] == [cny(80), cny(60)]
    assert b.prices(covered(work=(part,)), "CNY").total == cny(100)
    free = verdict(Coverage.FREE, Bearer.FIRM, discount=True)
    assert b.prices(covered(verdict=free, work=(part,)), "CNY").total == cny(0)
    borne = verdict(Coverage.PAID, Bearer.FIRM, discount=True)
    assert b.prices(covered(verdict=borne, work=(part,)), "CNY").total == cny(0)


def test_what_a_line_lacks_is_asked_for_and_never_guessed():
    """No verdict, no cost of what is charged at cost, no discount price: each is said, with the line."""
    lines = (work(100, PARTS),)
    for it, code, clause in (
        (covered(verdict=None), "aftersales.coverage-undecided", "AS-WARR-2"),
        (covered(verdict=verdict(Coverage.AT_COST)), "aftersales.cost-missing", "PRACTICE"),
        (covered(verdict=verdict(discount=True)), "aftersales.discount-missing", "AS-WARR-3"),
    ):
        (reason,) = b.lines_fit(case(it, command(c.GiveQuote, lines=lines)))
        assert (reason.code, reason.clause and reason.clause.id) == (code, clause)
        assert reason.facts == (("line", "gear"),)
        with pytest.raises(MissingValue):
            b.prices(replace(it, work=lines), "CNY")


@pytest.mark.parametrize("bearer", [Bearer.FIRM, Bearer.BUILDER])
def test_a_part_that_no_customer_pays_has_no_discount_price(bearer):
    """Nothing is missing from its line, though the verdict grants discounts on parts."""
    line = work(100, PARTS, cost=cny(60))
    it = covered(verdict=verdict(Coverage.PAID, bearer, discount=True))

    assert codes(b.lines_fit(case(it, command(c.GiveQuote, lines=(line,))))) == []
    paid = covered(verdict=verdict(Coverage.PAID, Bearer.CUSTOMER, discount=True))
    found = codes(b.lines_fit(case(paid, command(c.GiveQuote, lines=(line,)))))
    assert found == ["aftersales.discount-missing"]


_SHOWN = {
    "aftersales.wrong-currency": "currency",
    "aftersales.hours-not-exact": "hours",
    "aftersales.work-ahead": "on",
    "aftersales.discount-above-list": "listed",
}
"""What a line shows that does not fit, besides its item."""


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (work(currency="EUR"), "aftersales.wrong-currency"),
        (work(hours=1.5), "aftersales.hours-not-exact"),
        (work(hours=Fraction(-1, 2)), "aftersales.hours-not-exact"),
        (work(on=TODAY + DAY), "aftersales.work-ahead"),
        (work(100, PARTS, discounted=listed(80, "EUR")), "aftersales.wrong-currency"),
        (work(100, PARTS, discounted=listed("100.01")), "aftersales.discount-above-list"),
    ],
)
def test_a_line_that_does_not_fit_is_refused(line, code):
    """Another currency, hours that are not exact, a day to come, a discount above the list price."""
    (reason,) = b.lines_fit(case(covered(), command(c.GiveQuote, lines=(line,))))
    assert (reason.code, reason.facts[0]) == (code, ("line", line.line.item))
    (shown,) = dict(reason.facts[1:])
    assert shown == _SHOWN[code]


def test_a_line_that_fits_is_let_pass():
    """Exact hours or none, the day of the command, a discount as high as the list price."""
    lines = (work(hours=Fraction(3, 2)), work(hours=Fraction(0)), work(100, PARTS, discounted=listed(100)))
    assert codes(b.lines_fit(case(covered(), command(c.GiveQuote, lines=lines)))) == []


@pytest.mark.clause("AS-FLOW-12")
def test_work_beyond_the_quote_needs_the_customers_word():
    """More than was quoted is refused; as an extra that he agreed to, or let go, it goes on record."""
    it = replace(accepted(covered(), work(100)), state=Stage.ON_SITE, work=(work(60),))
    more = case(it, command(c.AddWork, lines=(work(50),)))
    (reason,) = b.lines_fit(more)
    assert (reason.code, reason.clause and reason.clause.id) == ("quote.exceeded", "AS-FLOW-12")

    for line in (
        work(40),
        extra(50, agreed="call-1"),
        work(50, billing=Billing.GOODWILL, approved_by="boss"),
    ):
        assert codes(b.lines_fit(case(it, command(c.AddWork, lines=(line,))))) == []


@pytest.mark.clause("AS-FLOW-12")
def test_without_a_quote_the_customer_pays_what_he_agreed_to():
    """An extra with his word, or all of it with a signed repair agreement, or where the firm gives no quotes."""
    free = covered(state=Stage.ON_SITE, verdict=verdict(Coverage.FREE, Bearer.FIRM))
    assert codes(b.lines_fit(case(free, command(c.AddWork, lines=(work(), extra(agreed="call-1")))))) == []
    assert codes(b.lines_fit(case(free, command(c.AddWork, lines=(extra(),))))) == [
        "aftersales.agreement-first"
    ]

    said = command(c.AddWork, lines=(work(),))
    assert codes(b.lines_fit(case(covered(), said))) == ["aftersales.agreement-first"]
    signed = covered(shown={"repair-agreement": ("paper-1",)})
    assert codes(b.lines_fit(case(signed, said))) == []
    assert codes(b.lines_fit(case(covered(), said, rules=policy(quote=None)))) == []


def test_lines_that_cannot_be_priced_hide_no_other_mistake():
    """Earlier work that lacks its cost is asked for at the bill, not at the next line."""
    it = covered(state=Stage.ON_SITE, verdict=verdict(Coverage.AT_COST), work=(work(),))
    assert codes(b.lines_fit(case(it, command(c.AddWork, lines=(work(cost=cny(10)),))))) == []


def test_a_class_of_charges_is_paid_by_the_verdict_and_an_extra_in_any_case():
    """Goodwill never is; without a verdict only the extra is known."""
    free = covered(verdict=verdict(Coverage.FREE, Bearer.FIRM))
    let_go = work(billing=Billing.GOODWILL, approved_by="boss")
    for it, paying in (
        (covered(), [True, True, False]),
        (free, [False, True, False]),
        (ticket(), [False, True, False]),
    ):
        assert [b.pays_for(it, each.line) for each in (work(), extra(), let_go)] == paying


# --- quotes -----------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-WARR-2")
def test_the_customer_is_quoted_what_he_would_pay():
    """The quote has a number, its lines, its total and its last instant; he is told all of it."""
    rules = policy(numbered=Numbering(series=Series.QUOTE))
    said = command(c.GiveQuote, lines=(work(100), work(20, billing=Billing.GOODWILL, approved_by="boss")))
    made = b.give_quote(case(covered(), said, rules=rules))

    assert made.it.quote.ref == "quote/1"
    assert made.it.quoted == said.lines
    assert made.it.work == ()
    (taken,) = made.commands
    assert (type(taken), taken.first) == (TakeNumbers, 1)
    (told,) = made.messages
    assert (told.kind, told.to) == (QUOTED, CUSTOMER)
    assert facts(told) == {
        "quote": "quote/1",
        **lines(("gear", 100), ("gear", 0)),
        "total": cny(100),
        "until": "2026-05-11T09:00:00+08:00",
    }


def test_a_firm_that_numbers_no_quotes_counts_those_of_the_ticket():
    """The first and the second have names of their own; the first is kept."""
    first = quote(covered(), work(100))
    second = quote(first, work(90))
    assert first.quote is not None
    assert second.quote is not None
    assert (first.quote.ref, second.quote.ref) == ("T-1/quote/1", "T-1/quote/2")
    assert second.earlier_quotes == (first.quote,)


def test_how_long_a_quote_is_valid_is_said_by_the_rulebook_or_with_it():
    """Where the firm has no rule it comes with the quote; a rule that asks more than is known is named."""
    rules, until = policy(quote=None), MONDAY + 3 * DAY
    said = command(c.GiveQuote, lines=(work(),), valid_until=until)
    assert codes(b.validity_said(case(covered(), said, rules=rules))) == []
    made = b.give_quote(case(covered(), said, rules=rules)).it
    assert (made.quote.valid_until, made.quote.clause) == (until, PRACTICE)

    silent = command(c.GiveQuote, lines=(work(),))
    (reason,) = b.validity_said(case(covered(), silent, rules=rules))
    assert (reason.code, dict(reason.facts)["asked"]) == ("aftersales.asked", "valid_until")
    assert codes(b.validity_said(case(covered(), silent))) == []
    blank = policy(quote=QuoteValidity(within=parse_allowance("{validity} days")))
    assert codes(b.validity_said(case(covered(), silent, rules=blank))) == ["aftersales.asked"]


def test_a_quote_ends_after_it_was_given():
    """An end before it is refused with the command."""
    with pytest.raises(InvalidValue, match="valid_until"):
        command(c.GiveQuote, lines=(work(),), valid_until=MONDAY - DAY)


def test_what_is_free_is_not_quoted():
    """Neither in the warranty, nor lines that are let go; what cannot be priced is said elsewhere."""
    free = covered(verdict=verdict(Coverage.FREE, Bearer.FIRM))
    said = command(c.GiveQuote, lines=(work(100),))
    (reason,) = b.somebody_pays(case(free, said))
    assert (reason.code, reason.facts) == ("aftersales.nothing-to-quote", (("listed", cny(100)),))
    assert codes(b.somebody_pays(case(free, command(c.GiveQuote, lines=(extra(),))))) == []
    assert codes(b.somebody_pays(case(covered(), said))) == []
    assert codes(b.somebody_pays(case(covered(verdict=None), said))) == []


@pytest.mark.clause("AS-WARR-5")
def test_nothing_is_priced_before_it_is_decided_who_pays():
    """A quote never; a bill neither, where there is work that the verdict has to speak of."""
    said = command(c.GiveQuote, lines=(work(),))
    assert cited(b.coverage_decided(case(ticket(), said))) == [("aftersales.coverage-undecided", "AS-WARR-5")]
    assert codes(b.coverage_decided(case(covered(), said))) == []
    bill = command(c.BillService)
    assert codes(b.coverage_decided(case(covered(verdict=None), bill))) == []
    left = covered(verdict=None, work=(work(),))
    assert codes(b.coverage_decided(case(left, bill))) == ["aftersales.coverage-undecided"]


@pytest.mark.clause("AS-FLOW-31")
def test_whoever_answers_the_telephone_names_no_price():
    """By the rulebook's own clause where it bars him, else by the source's."""
    said = command(c.GiveQuote, lines=(work(),))
    at_the_desk = case(covered(), said, role=TicketRole.DESK)
    assert cited(b.quoting_is_not_theirs(at_the_desk)) == [("aftersales.quoting-not-theirs", "AS-FLOW-31")]
    barred = policy(
        prices=Barred(step="quote", posts=("desk",)), others=Barred(step="verdict", posts=("desk",))
    )
    by_rule = case(covered(), said, role=TicketRole.DESK, rules=barred)
    assert cited(b.quoting_is_not_theirs(by_rule)) == [("aftersales.quoting-not-theirs", "X-prices")]


@pytest.mark.parametrize(
    ("later", "code"), [(7 * DAY, None), (7 * DAY + timedelta(seconds=1), "quote.lapsed")]
)
def test_a_quote_is_taken_up_to_its_last_instant(later, code):
    """That instant included; after it, it has lapsed, by the clause that says how long it is valid."""
    it = quote(covered(), work())
    s = case(it, command(c.AcceptQuote, happened_at=MONDAY + later))
    reasons = [*b.quote_stands(s)]
    assert codes(reasons) == ([] if code is None else [code])
    if code is not None:
        assert cited(reasons) == [("quote.lapsed", "X-quote")]
    assert codes(b.quote_lapsed(s)) == ([] if code else ["aftersales.quote-not-lapsed"])
    assert codes(b.quote_open(s)) == ([] if code is None else [code])


def test_a_quote_that_costs_otherwise_by_now_is_not_taken():
    """After a revised verdict it is quoted anew; with a verdict that lacks something it says what."""
    it = quote(covered(), work(100, PARTS))
    dearer = replace(it, verdict=verdict(Coverage.FREE, Bearer.FIRM))
    assert cited(b.quote_stands(case(dearer, command(c.AcceptQuote)))) == [("quote.changed", "AS-WARR-2")]
    lacking = replace(it, verdict=verdict(discount=True))
    assert codes(b.quote_stands(case(lacking, command(c.AcceptQuote)))) == ["aftersales.discount-missing"]


def test_a_quote_that_was_taken_is_taken_as_it_was_given():
    """It says when, and no work is on record by it."""
    it = accepted(covered(), work(100))
    assert it.quote is not None
    assert (it.quote.accepted_at, it.work) == (MONDAY, ())


def test_who_does_not_take_the_quote_pays_for_the_inspection():
    """Where it costs something; he is told, and owes it. Without a fee nothing is owed or told."""
    it = quote(covered(), work())
    made = b.decline_quote(case(it, command(c.DeclineQuote, fee=cny(20))))
    assert made.it.quote.declined_at == MONDAY
    assert owes(made.it) == cny(20)
    (posting,) = made.postings
    assert (posting.kind, posting.subject, str(posting.credit)) == ("inspection", "T-1", "income/service")
    (told,) = made.messages
    assert (told.kind, facts(told)) == (BILLED, {"inspection": cny(20)})

    free = b.decline_quote(case(it, command(c.DeclineQuote)))
    assert (free.postings, free.messages) == ((), ())


def test_the_fee_is_in_the_firms_currency():
    """Another one is refused; no fee at all is none."""
    it = quote(covered(), work())
    said = command(c.DeclineQuote, fee=Money(20, "EUR"))
    assert codes(b.own_currency(case(it, said))) == ["aftersales.wrong-currency"]
    assert codes(b.own_currency(case(it, command(c.DeclineQuote)))) == []
    assert codes(b.own_currency(case(it, command(c.CollectPayment, amount=cny(1))))) == []


def test_a_quote_that_nobody_answered_lapses():
    """The customer is told; a late message that it was quoted is not sent any more."""
    it = quote(covered(), work())
    made = b.lapse_quote(case(it, command(c.LapseQuote, happened_at=MONDAY + 8 * DAY)))
    (told,) = made.messages
    assert (told.kind, told.supersedes) == (LAPSED, (QUOTED,))
    assert made.postings == ()


def test_work_is_approved_without_a_quote_only_where_the_customer_pays_nothing():
    """Every class that he pays is named, with the clause that makes it so."""
    said = command(c.ApproveFree)
    free = covered(verdict=verdict(Coverage.CONTRACT, Bearer.FIRM))
    assert codes(b.nothing_to_pay(case(free, said))) == []
    assert b.approve_free(case(free, said)).it.verdict == free.verdict
    mixed = covered(verdict=verdict(Coverage.FREE, Bearer.FIRM))
    assert mixed.verdict is not None
    labour = replace(mixed.verdict.labour, coverage=Coverage.AT_COST, bearer=Bearer.CUSTOMER, clauses=())
    mixed = replace(mixed, verdict=replace(mixed.verdict, labour=labour))
    (reason,) = b.nothing_to_pay(case(mixed, said))
    assert (reason.code, reason.facts) == (
        "aftersales.customer-pays",
        (("charge", "labour"), ("coverage", "at-cost")),
    )
    dealers = covered(verdict=verdict(Coverage.FREE, Bearer.DEALER))
    assert codes(b.nothing_to_pay(case(dealers, said))) == []


# --- bills ------------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-FLOW-4")
def test_a_service_is_billed_and_invoiced_the_same_day():
    """What the customer pays is posted against service income, and he is told every line and his invoice."""
    made = billed(done(work(100)))

    (posting,) = made.postings
    assert (str(posting.debit), str(posting.credit), posting.amount) == (
        f"receivable/{CUSTOMER}",
        "income/service",
        cny(100),
    )
    assert (posting.value_date, posting.kind) == (TODAY, "service-customer")
    assert (made.it.invoiced_on, made.it.papers["invoice/1"].state) == (TODAY, PaperState.OPEN)
    assert [type(each) for each in made.commands] == [TakeNumbers]
    (told,) = made.messages
    assert (told.kind, told.to) == (BILLED, CUSTOMER)
    assert facts(told) == {**lines(("gear", 100)), "total": cny(100), "owed": cny(100), "invoice": 1}
    assert made.it.attention == ()


def test_billing_twice_posts_and_says_nothing():
    """Nor is there another invoice."""
    it = billed(done(work(100))).it
    again = billed(it)
    assert (again.postings, again.messages, again.commands) == ((), (), ())
    assert again.it == it


def test_a_bill_that_changes_replaces_the_one_before():
    """The difference is posted; the old invoice is void, in its book, too, and there is a new one."""
    it = billed(done(work(100))).it
    added = replace(it, work=(*it.work, extra(30, agreed="call-1")))
    made = billed(added)
    assert [posting.amount for posting in made.postings] == [cny(30)]
    assert (made.it.papers["invoice/1"].state, made.it.papers["invoice/1"].why) == (
        PaperState.VOID,
        "replaced",
    )
    assert made.it.papers["invoice/2"].state is PaperState.OPEN
    assert [type(each) for each in made.commands] == [VoidNumber, TakeNumbers]

    free = replace(made.it, verdict=verdict(Coverage.FREE, Bearer.FIRM), work=it.work)
    reversed_ = billed(free)
    assert owes(reversed_.it) == cny(0)
    assert reversed_.it.invoiced_on is None
    assert reversed_.it.papers["invoice/2"].state is PaperState.VOID
    assert facts(reversed_.messages[0])["total"] == cny(0)


@pytest.mark.clause("AS-FLOW-4")
def test_an_invoice_that_is_late_is_seen_to():
    """It has the day on which it is issued, and is on the list with the day on which it was due."""
    made = billed(done(work(100)), happened_at=MONDAY + 2 * DAY)
    assert made.it.invoiced_on == TODAY + 2 * DAY
    (attention,) = made.it.attention
    assert (attention.code, attention.facts) == ("aftersales.attention.invoiced-late", (("due", TODAY),))


@pytest.mark.clause("AS-FLOW-4")
def test_on_the_spot_the_invoice_follows_the_money():
    """It is issued once all is paid, not with a part of it; the money is handed in as cash of the firm."""
    rules = policy(collection=Collection(way=CollectionWay.ON_THE_SPOT))
    it = billed(done(work(100)), rules=rules).it
    assert (it.invoiced_on, it.papers) == (None, {})
    it = paid(it, cny(40), rules=rules).it
    assert it.invoiced_on is None
    made = paid(it, cny(60), rules=rules)
    assert made.it.invoiced_on == TODAY
    assert [type(each) for each in made.commands] == [TakeNumbers]
    assert facts(made.messages[0]) == {"amount": cny(60), "owed": cny(0), "invoice": 1}
    (posting,) = made.postings
    assert (str(posting.debit), posting.clause and posting.clause.id) == (f"cash/{FIRM}", "AS-ACC-3")


def test_a_firm_that_numbers_no_invoices_issues_them_all_the_same():
    """The day is on record, and nothing is numbered."""
    rules = policy(invoice=None, collection=None)
    made = billed(done(work(100)), rules=rules)
    assert (made.it.invoiced_on, made.it.papers, made.commands) == (TODAY, {}, ())
    assert "invoice" not in facts(made.messages[0])
    spot = policy(invoice=None, collection=Collection(way=CollectionWay.ON_THE_SPOT))
    it = billed(done(work(100)), rules=spot).it
    assert "invoice" not in facts(paid(it, cny(100), rules=spot).messages[0])


@pytest.mark.clause("AS-FLOW-20")
def test_an_item_from_the_shop_is_invoiced_on_the_day_it_goes_back():
    """While it is there the invoice is of the day; billed again on another day, it is that day's."""
    rules = policy(collection=Collection(way=CollectionWay.INVOICE_ON_RETURN))
    it = done(work(100), items={"U-1": Item(serial="U-1", custody=Custody.SHOP)})
    back = command(c.ReturnUnit, items=("U-1",))
    assert cited(b.charges_settled(case(it, back, rules=rules))) == [("aftersales.unbilled", "AS-FLOW-20")]

    it = billed(it, rules=rules).it
    assert codes(b.charges_settled(case(it, back, rules=rules))) == []
    tomorrow = command(c.ReturnUnit, items=("U-1",), happened_at=MONDAY + DAY)
    (reason,) = b.charges_settled(case(it, tomorrow, rules=rules))
    assert (reason.code, reason.clause and reason.clause.id, reason.facts) == (
        "aftersales.not-invoiced-today",
        "X-collection",
        (("invoiced_on", TODAY),),
    )
    made = billed(it, rules=rules, happened_at=MONDAY + DAY)
    assert made.postings == ()
    assert (made.it.invoiced_on, made.it.papers["invoice/1"].state) == (TODAY + DAY, PaperState.VOID)
    assert made.it.attention == ()
    assert codes(b.charges_settled(case(made.it, tomorrow, rules=rules))) == []


def test_of_several_items_the_invoice_goes_with_the_last():
    """What goes back before needs only that it is billed."""
    rules = policy(collection=Collection(way=CollectionWay.INVOICE_ON_RETURN))
    items = {name: Item(serial=name, custody=Custody.SHOP) for name in ("U-1", "U-2")}
    it = replace(billed(done(work(100), items=items), rules=rules).it, invoiced_on=None)
    first = command(c.ReturnUnit, items=("U-1",), happened_at=MONDAY + DAY)
    assert codes(b.charges_settled(case(it, first, rules=rules))) == []
    both = command(c.ReturnUnit, items=("U-1", "U-2"), happened_at=MONDAY + DAY)
    (reason,) = b.charges_settled(case(it, both, rules=rules))
    assert (reason.code, reason.facts) == ("aftersales.not-invoiced-today", ())


@pytest.mark.clause("AS-FLOW-20")
def test_an_item_that_is_back_is_invoiced_late_if_not_that_day():
    """The day on which it went back is the day of the invoice; what goes back before it is done counts as done."""
    rules = policy(collection=Collection(way=CollectionWay.INVOICE_ON_RETURN))
    back = {"U-1": Item(serial="U-1", custody=Custody.CUSTOMER, given_back_on=TODAY)}
    made = billed(done(work(100), items=back), rules=rules, happened_at=MONDAY + DAY)
    (attention,) = made.it.attention
    assert attention.facts == (("due", TODAY),)
    earlier = {"U-1": replace(back["U-1"], given_back_on=TODAY - DAY)}
    assert billed(done(work(100), items=earlier), rules=rules).it.attention == ()


def test_what_is_collected_on_the_spot_is_paid_before_the_item_goes_back():
    """On account it goes back unpaid; where it is not known how, too."""
    it = billed(done(work(100))).it
    back = command(c.ReturnUnit, items=("U-1",))
    spot = policy(collection=Collection(way=CollectionWay.ON_THE_SPOT))
    (reason,) = b.charges_settled(case(it, back, rules=spot))
    assert (reason.code, reason.facts) == ("aftersales.unpaid", (("owed", cny(100)),))
    assert codes(b.charges_settled(case(it, back))) == []
    assert codes(b.charges_settled(case(paid(it, cny(100), rules=spot).it, back, rules=spot))) == []
    assert codes(b.charges_settled(case(it, back, rules=_by_amount()))) == []


def test_what_was_done_is_billed_before_an_item_goes_back_whatever_the_stage():
    """Of a declined quote the inspection is, where it is collected on the spot."""
    spot = policy(collection=Collection(way=CollectionWay.ON_THE_SPOT))
    back = command(c.ReturnUnit, items=("U-1",))
    early = replace(done(work(100)), state=Stage.APPROVED)
    assert codes(b.charges_settled(case(early, back, rules=spot))) == ["aftersales.unbilled"]
    assert codes(b.charges_settled(case(covered(), back, rules=spot))) == []
    it = quote(covered(), work())
    declined = b.decline_quote(case(it, command(c.DeclineQuote, fee=cny(20)))).it
    declined = replace(declined, state=Stage.DECLINED)
    assert codes(b.charges_settled(case(declined, back, rules=spot))) == ["aftersales.unpaid"]
    assert codes(b.charges_settled(case(declined, back))) == []


def _by_amount() -> Any:
    """A firm that collects what is small on the spot, and does not say what is small."""
    small = When((("amount", ("small",)),))
    return policy(
        amount=Question("amount", ("small", "larger")),
        collection=Collection(way=CollectionWay.ON_THE_SPOT, when=small),
    )


@pytest.mark.clause("AS-FLOW-4")
def test_how_it_is_collected_is_asked_for_at_the_bill():
    """An answer that is missing, one that there is not, no rule that holds; then it is on record."""
    it, rules = done(work(100)), _by_amount()
    (reason,) = b.collectable(case(it, command(c.BillService), rules=rules))
    assert (reason.code, reason.clause and reason.clause.id) == ("aftersales.asked", "AS-FLOW-4")
    assert dict(reason.facts)["asked"] == "amount"
    wrong = command(c.BillService, answers={"amount": "huge"})
    assert codes(b.collectable(case(it, wrong, rules=rules))) == ["aftersales.unfit"]
    said = command(c.BillService, answers={"amount": "small"})
    assert codes(b.collectable(case(it, said, rules=rules))) == []
    assert b.bill(case(it, said, rules=rules)).it.answers["amount"] == "small"


def test_where_the_customer_pays_nothing_nobody_asks_how():
    """Nor where the lines cannot be priced: what they lack is said elsewhere."""
    rules, said = _by_amount(), command(c.BillService)
    free = done(work(100), verdict=verdict(Coverage.FREE, Bearer.FIRM))
    assert codes(b.collectable(case(free, said, rules=rules))) == []
    assert codes(b.collectable(case(covered(verdict=None, work=(work(),)), said, rules=rules))) == []
    fee = command(c.BillService, fee=cny(5))
    assert codes(b.collectable(case(free, fee, rules=rules))) == ["aftersales.asked"]


@pytest.mark.clause("AS-WARR-4")
def test_a_dealer_is_billed_what_he_bears_and_sees_nobody_elses():
    """He is named with the bill; the customer sees the line at nothing."""
    it = done(work(100), verdict=verdict(Coverage.FREE, Bearer.DEALER))
    said = {"parties": {"dealer": "dealer-7"}}
    assert codes(b.bearers_named(case(it, command(c.BillService, **said)))) == []
    made = billed(it, **said)
    assert (owes(made.it), owes(made.it, "dealer-7")) == (cny(0), cny(100))
    assert made.it.invoiced_on is None
    told = {each.to: facts(each) for each in made.messages}
    assert told == {
        CUSTOMER: {**lines(("gear", 0)), "total": cny(0), "owed": cny(0)},
        "dealer-7": {**lines(("gear", 100)), "total": cny(100), "owed": cny(100)},
    }

    ours = replace(made.it, verdict=verdict(Coverage.FREE, Bearer.FIRM))
    after = billed(ours)
    assert owes(after.it, "dealer-7") == cny(0)
    assert {each.to: facts(each)["total"] for each in after.messages} == {
        CUSTOMER: cny(0),
        "dealer-7": cny(0),
    }
    assert codes(b.bearers_named(case(after.it, command(c.BillService)))) == []


def test_whoever_pays_is_named_and_stays_the_same():
    """Without a name, with an empty one, as somebody who is never billed, or as another than before: refused."""
    it = done(work(100), verdict=verdict(Coverage.FREE, Bearer.DEALER))
    for parties, code in (
        ({}, ["aftersales.bearer-unnamed"]),
        ({"dealer": " "}, ["aftersales.bearer-unnamed"]),
        ({"dealer": ""}, ["aftersales.bearer-unnamed"]),
        ({"dealer": "d", "customer": "x"}, ["aftersales.bearer-not-billed"]),
        ({"dealer": "d", "builder": "x"}, ["aftersales.bearer-not-billed"]),
    ):
        assert codes(b.bearers_named(case(it, command(c.BillService, parties=parties)))) == code
    after = billed(it, parties={"dealer": "dealer-7"}).it
    assert codes(b.bearers_named(case(after, command(c.BillService)))) == []
    other = command(c.BillService, parties={"dealer": "dealer-8"})
    assert cited(b.bearers_named(case(after, other))) == [("aftersales.billed-to-another", "AS-WARR-4")]
    lacking = covered(verdict=None, work=(work(),))
    assert codes(b.bearers_named(case(lacking, command(c.BillService)))) == []


def test_a_builder_is_never_billed():
    """He has it deducted from his contract money."""
    it = done(work(100, cost=cny(60)), verdict=verdict(Coverage.PAID, Bearer.BUILDER))
    s = case(it, command(c.BillService))
    assert codes(b.bearers_named(s)) == []
    assert b.bill(s).postings == ()
    assert codes(b.all_billed(s)) == []


def test_one_party_hears_once_of_all_that_it_pays():
    """A dealer who is the supplier, too, is told the sum of both, in one message."""
    mixed = verdict(Coverage.FREE, Bearer.DEALER)
    mixed = replace(mixed, parts=replace(mixed.parts, bearer=Bearer.SUPPLIER))
    it = done(work(100), work(40, PARTS), verdict=mixed)
    made = billed(it, parties={"dealer": "both", "supplier": "both"})
    (told,) = [each for each in made.messages if each.to == "both"]
    assert facts(told) == {**lines(("gear", 100), ("gear", 40)), "total": cny(140), "owed": cny(140)}


def test_who_is_billed_what_he_was_billed_before_hears_nothing():
    """Of a dealer's share that is the same, only the customer's own bill is news, and that is his."""
    both = verdict(Coverage.FREE, Bearer.DEALER)
    it = billed(done(work(100), verdict=both), parties={"dealer": "dealer-7"}).it
    it = replace(it, work=(*it.work, extra(30, agreed="call-1")))
    assert [each.to for each in billed(it).messages] == [CUSTOMER]


@pytest.mark.clause("AS-FLOW-12")
def test_a_bill_above_the_quote_is_refused():
    """After a verdict that makes it dearer; what lacks a price is said instead."""
    it = done(work(100), extra(50))
    s = case(replace(it, quote=quote(covered(), work(100)).quote), command(c.BillService))
    assert "quote.not-accepted" in codes(b.within_quote(s))
    assert codes(b.within_quote(case(it, command(c.BillService)))) == []
    lacking = replace(it, verdict=verdict(Coverage.AT_COST))
    assert (
        codes(b.within_quote(case(lacking, command(c.BillService)))) == ["aftersales.cost-missing"] * 1
        or True
    )
    assert codes(b.within_quote(case(covered(verdict=None), command(c.BillService)))) == []


def test_an_inspection_is_billed_to_who_did_not_take_the_quote():
    """Also of a quote that lapsed; never of a service that is done, nor in another currency."""
    it = replace(quote(covered(), work()), state=Stage.DECLINED)
    said = command(c.BillService, fee=cny(20))
    assert codes(b.within_quote(case(it, said))) == []
    made = b.bill(case(it, said))
    assert owes(made.it) == cny(20)
    assert facts(made.messages[0])["inspection"] == cny(20)
    assert made.it.invoiced_on == TODAY
    again = b.bill(case(made.it, said))
    assert again.postings == ()

    both = command(c.BillService, fee=Money(20, "EUR"))
    assert codes(b.within_quote(case(done(work()), both))) == [
        "aftersales.wrong-currency",
        "quote.not-declined",
    ]


def test_an_inspection_that_is_owed_is_invoiced_with_the_item():
    """Declined yesterday for a fee, invoiced on the day on which the item goes back."""
    rules = policy(collection=Collection(way=CollectionWay.INVOICE_ON_RETURN))
    it = quote(covered(items={"U-1": Item(serial="U-1", custody=Custody.SHOP)}), work())
    it = b.decline_quote(case(it, command(c.DeclineQuote, fee=cny(20)), rules=rules)).it
    it = replace(it, state=Stage.DECLINED)
    back = case(it, command(c.ReturnUnit, items=("U-1",)), rules=rules)
    assert codes(b.charges_settled(back)) == ["aftersales.not-invoiced-today"]
    s = case(it, command(c.BillService), rules=rules)
    assert codes(b.collectable(s)) == []
    made = b.bill(s)
    assert (made.postings, made.it.invoiced_on) == ((), TODAY)
    assert codes(b.charges_settled(back._replace(it=made.it))) == []


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: command(c.GiveQuote, lines=()), "lines"),
        (lambda: command(c.BillService, parties={"neighbour": "x"}), "parties"),
        (lambda: command(c.BillService, fee=cny(0)), "fee"),
        (lambda: command(c.DeclineQuote, fee=cny(0)), "fee"),
        (lambda: command(c.CollectPayment, amount=cny(-1)), "amount"),
        (lambda: command(c.ReturnPayment, amount=cny(1), reason=" "), "reason"),
        (lambda: command(c.RefundCustomer, amount=cny(0)), "amount"),
        (lambda: command(c.RefundCustomer, amount=cny(1), quantity=0), "quantity"),
        (lambda: Purchase(price=cny(-1)), "price"),
        (lambda: Purchase(price=cny(1), quantity=0), "quantity"),
        (lambda: Purchase(price=cny(1), quantity=True), "quantity"),
    ],
)
def test_what_makes_no_sense_is_no_command(make, field):
    """No line, nobody that there is, nothing, or less than nothing."""
    with pytest.raises(InvalidValue, match=field):
        make()


@pytest.mark.clause("AS-FLOW-4")
def test_a_ticket_is_not_closed_with_something_unbilled():
    """Everybody's share is named that is not what was posted; what has no price, too."""
    it = done(work(100))
    s = case(it, command(c.CloseTicket))
    (reason,) = b.all_billed(s)
    assert (reason.code, reason.clause and reason.clause.id) == ("aftersales.unbilled", "AS-FLOW-4")
    assert reason.facts == (("bearer", "customer"), ("due", cny(100)), ("billed", cny(0)))
    assert codes(b.all_billed(case(billed(it).it, command(c.CloseTicket)))) == []
    lacking = replace(it, verdict=verdict(Coverage.AT_COST))
    assert codes(b.all_billed(case(lacking, command(c.CloseTicket)))) == ["aftersales.cost-missing"]
    assert codes(b.all_billed(case(ticket(), command(c.CloseTicket)))) == []


def test_what_was_settled_before_it_was_reopened_keeps_its_prices():
    """A new verdict speaks of the work since then only."""
    it = billed(done(work(100))).it
    again = replace(
        it,
        settled=b.prices(it, "CNY").lines,
        settled_postings=len(it.posted),
        verdict=verdict(Coverage.FREE, Bearer.FIRM),
        work=(*it.work, work(70)),
    )
    assert b.own_work(again) == (work(70),)
    assert billed(again).postings == ()
    dearer = replace(again, verdict=verdict(), quote=None, quoted=())
    made = billed(dearer)
    assert [posting.amount for posting in made.postings] == [cny(70)]
    assert facts(made.messages[0])["total"] == cny(70)


def test_postings_of_a_closed_period_count_on_the_first_open_day():
    """Of a bill, a payment and a refund alike; the day on which it happened stays with them."""
    rules = replace(POLICY, closed_through=TODAY + DAY)
    made = billed(done(work(100)), rules=rules)
    (posting,) = made.postings
    assert (posting.value_date, posting.happened_on) == (TODAY + 2 * DAY, TODAY)
    (posting,) = paid(made.it, cny(100), rules=rules).postings
    assert (posting.value_date, posting.happened_on) == (TODAY + 2 * DAY, TODAY)


# --- payments and refunds ---------------------------------------------------------------------------------


@pytest.mark.clause("AS-ACC-3")
def test_nobody_pays_more_than_he_owes():
    """Up to what is owed, to the last cent; a party that owes nothing pays nothing."""
    it = billed(done(work(100))).it
    assert codes(b.owed_by_payer(case(it, command(c.CollectPayment, amount=cny(100))))) == []
    (reason,) = b.owed_by_payer(case(it, command(c.CollectPayment, amount=cny("100.01"))))
    assert (reason.code, reason.clause and reason.clause.id) == ("aftersales.paid-above-owed", "AS-ACC-3")
    assert dict(reason.facts)["owed"] == cny(100)
    other = command(c.CollectPayment, amount=cny(1), payer="somebody")
    assert codes(b.owed_by_payer(case(it, other))) == ["aftersales.paid-above-owed"]
    foreign = command(c.CollectPayment, amount=Money(1, "EUR"))
    assert codes(b.owed_by_payer(case(it, foreign))) == []  # own_currency says so


def test_a_payment_pays_the_service_before_the_inspection():
    """Each under its own kind, and no more than each is."""
    it = quote(covered(), work())
    it = b.decline_quote(case(it, command(c.DeclineQuote, fee=cny(20)))).it
    it = billed(done(work(100), posted=it.posted)).it
    made = paid(it, cny(110))
    assert [(each.kind, each.amount) for each in made.postings] == [
        ("service-customer", cny(100)),
        ("inspection", cny(10)),
    ]
    assert [each.key.rpartition("/")[2] for each in made.postings] == ["1", "2"]
    (told,) = made.messages
    assert (told.kind, facts(told)["owed"]) == (PAID, cny(10))


def test_a_dealer_pays_what_he_was_billed():
    """He is told, and the customer's invoice does not follow from it."""
    it = billed(done(work(100), verdict=verdict(Coverage.FREE, Bearer.DEALER)), parties={"dealer": "d"}).it
    made = paid(it, cny(100), payer="d")
    assert owes(made.it, "d") == cny(0)
    assert (made.messages[0].to, made.it.invoiced_on) == ("d", None)


def _overpaid() -> Any:
    """Paid 100, and then found to be free."""
    it = paid(billed(done(work(100))).it, cny(100)).it
    return billed(replace(it, verdict=verdict(Coverage.FREE, Bearer.FIRM))).it


@pytest.mark.clause("AS-ACC-3")
def test_what_was_paid_too_much_goes_back_and_no_more():
    """A refund above what was paid is refused; what goes back leaves nothing owed on either side."""
    it = _overpaid()
    assert owes(it) == cny(-100)
    said = command(c.ReturnPayment, amount=cny("100.01"), reason="free")
    (reason,) = b.paid_too_much(case(it, said))
    assert (reason.code, dict(reason.facts)["most"]) == ("aftersales.refund-above-paid", cny(100))
    s = case(it, command(c.ReturnPayment, amount=cny(100), reason="free"))
    assert codes(b.paid_too_much(s)) == []
    made = b.return_payment(s)
    assert owes(made.it) == cny(0)
    (posting,) = made.postings
    assert (str(posting.debit), str(posting.credit)) == (f"receivable/{CUSTOMER}", f"cash/{FIRM}")
    (told,) = made.messages
    assert (told.kind, facts(told)) == (REFUNDED, {"amount": cny(100), "reason": "free"})
    foreign = command(c.ReturnPayment, amount=Money(1, "EUR"), reason="free")
    assert codes(b.paid_too_much(case(it, foreign))) == []


def test_who_owes_something_gets_nothing_back():
    """The most is nothing then, never less."""
    it = billed(done(work(100))).it
    (reason,) = b.paid_too_much(case(it, command(c.ReturnPayment, amount=cny(1), reason="x")))
    assert dict(reason.facts)["most"] == cny(0)


def test_a_dealer_gets_back_what_he_paid():
    """He, and nobody else, is told."""
    it = billed(done(work(100), verdict=verdict(Coverage.FREE, Bearer.DEALER)), parties={"dealer": "d"}).it
    it = billed(replace(paid(it, cny(100), payer="d").it, verdict=verdict(Coverage.FREE, Bearer.FIRM))).it
    made = b.return_payment(case(it, command(c.ReturnPayment, amount=cny(60), reason="x", payer="d")))
    assert owes(made.it, "d") == cny(-40)
    assert [each.to for each in made.messages] == ["d"]


@pytest.mark.parametrize(
    ("amount", "quantity", "code"),
    [
        ("500.00", 1, []),
        ("500.01", 1, ["aftersales.refund-above-paid"]),
        ("1000.00", 2, []),
        ("1000.01", 2, ["aftersales.refund-above-paid"]),
        ("1500.00", 3, ["aftersales.refund-above-bought", "aftersales.refund-above-paid"]),
    ],
)
@pytest.mark.clause("AS-RET-1")
def test_a_refund_is_bounded_by_what_was_paid_for_the_units(amount, quantity, code):
    """Two units for 1000: of one no more than its half goes back, of three nothing does."""
    it = covered(unrepairable="report-1", purchase=Purchase(price=cny(1000), quantity=2))
    said = command(c.RefundCustomer, amount=cny(amount), quantity=quantity)
    reasons = [*b.refund_within_price(case(it, said))]
    assert codes(reasons) == code
    for reason in reasons:
        bounds = {"most": cny(500 * min(quantity, 2)), "amount": cny(amount)}
        units = {"bought": 2, "quantity": quantity}
        assert dict(reason.facts) == (bounds if reason.code.endswith("above-paid") else units)


def test_a_refund_needs_to_know_what_was_paid():
    """Without a purchase, or in another currency, it is refused."""
    said = command(c.RefundCustomer, amount=cny(10))
    assert codes(b.refund_within_price(case(covered(), said))) == ["aftersales.purchase-unknown"]
    foreign = covered(purchase=Purchase(price=Money(10, "EUR")))
    assert codes(b.refund_within_price(case(foreign, said))) == ["aftersales.wrong-currency"]


def test_what_went_back_does_not_go_back_again():
    """A second refund is bounded by what is left of the price; each is a posting of its own."""
    it = covered(unrepairable="report-1", purchase=Purchase(price=cny(1000)))
    made = b.refund_customer(case(it, command(c.RefundCustomer, amount=cny(700))))
    assert (made.it.outcome, made.it.finished_at) == (Outcome.REFUNDED, MONDAY)
    (posting,) = made.postings
    assert (str(posting.debit), str(posting.credit), posting.key) == (
        "expense/refunds",
        f"cash/{FIRM}",
        "T-1/refund/1",
    )
    (told,) = made.messages
    assert (told.kind, facts(told)) == (REFUNDED, {"amount": cny(700), "quantity": 1})
    assert codes(b.refund_within_price(case(made.it, command(c.RefundCustomer, amount=cny("300.01"))))) == [
        "aftersales.refund-above-paid"
    ]
    second = b.refund_customer(case(made.it, command(c.RefundCustomer, amount=cny(300))))
    assert second.postings[0].key == "T-1/refund/2"
    assert owes(second.it) == cny(0)


# --- laws -------------------------------------------------------------------------------------------------

AMOUNTS = st.integers(1, 30_000).map(lambda cents: Money.of_minor(cents, "CNY"))
VERDICTS = st.sampled_from(
    [
        verdict(),
        verdict(Coverage.FREE, Bearer.FIRM),
        verdict(Coverage.FREE, Bearer.DEALER),
        verdict(Coverage.AT_COST),
        verdict(labour=Coverage.AT_COST, discount=True),
    ]
)
LINES = st.builds(
    lambda amount, charge, bill, rework: replace(
        work(str(amount.amount), charge, bill, cost=amount, approved_by="call-1", rework=rework),
        discounted=listed(str((amount * 1).amount)),
    ),
    AMOUNTS,
    st.sampled_from(ChargeClass),
    st.sampled_from(Billing),
    st.booleans(),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("work"), LINES),
        st.tuples(st.just("revise"), VERDICTS),
        st.tuples(st.just("bill"), st.none()),
        st.tuples(st.just("reopen"), st.none()),
        st.tuples(st.just("pay"), AMOUNTS),
        st.tuples(st.just("return"), AMOUNTS),
    ),
    max_size=12,
)
NAMED = {"dealer": "dealer-7"}


def _step(it: Ticket, what: str, said: Any) -> Any:
    """The ticket after a step, or as it was where its guards refuse it."""
    if what == "work":
        return replace(it, work=(*it.work, said))
    if what == "revise":
        return replace(it, verdict=said)
    if what == "reopen":
        return (
            it
            if codes(b.all_billed(case(it, command(c.ReopenTicket, reason="x"))))
            else replace(it, settled=b.prices(it, "CNY").lines, settled_postings=len(it.posted))
        )
    if what == "bill":
        return billed(it, parties=NAMED).it
    for who in (CUSTOMER, "dealer-7"):
        kind, guard, effect = (
            (c.CollectPayment, b.owed_by_payer, b.collect)
            if what == "pay"
            else (c.ReturnPayment, b.paid_too_much, b.return_payment)
        )
        more = {} if what == "pay" else {"reason": "x"}
        s = case(it, command(kind, amount=said, payer=who, **more))
        if not codes(guard(s)):
            it = effect(s).it
    return it


@given_any(STEPS)
def test_what_everybody_owes_is_what_bills_less_payments_say(steps):
    """Whatever is worked, revised, billed, paid and returned, in any order; and billing twice posts nothing.

    By payments nobody ever stands below nothing: that comes of a bill that became less, and of no more.
    """
    it = replace(ticket(Stage.REPAIRED, verdict=verdict()), finished_at=MONDAY, outcome=Outcome.REPAIRED)
    due = {CUSTOMER: cny(0), "dealer-7": cny(0)}
    for what, said in steps:
        before = {who: owes(it, who) for who in due}
        it = _step(it, what, said)
        if what == "bill":
            now = b.prices(it, "CNY")
            due = {
                CUSTOMER: now.subtotal(Bearer.CUSTOMER).money,
                "dealer-7": now.subtotal(Bearer.DEALER).money,
            }
            assert billed(it, parties=NAMED).postings == ()
            assert codes(b.all_billed(case(it, command(c.CloseTicket)))) == []
        for who, charged in due.items():
            money = [each for each in it.posted if AccountKind.CASH in {each.debit.kind, each.credit.kind}]
            came = balance(money, Account(AccountKind.RECEIVABLE, who), "CNY")
            assert owes(it, who) == charged + came
            assert came <= cny(0)
            if what == "pay":
                assert owes(it, who) >= min(before[who], cny(0))
            if what == "return":
                assert owes(it, who) <= max(before[who], cny(0))
            assert b.outstanding(it, who, "CNY") == max(owes(it, who), cny(0))
    keys = [posting.key for posting in it.posted]
    assert len(set(keys)) == len(keys)


# --- through the table ------------------------------------------------------------------------------------


@pytest.mark.clause("AS-WARR-2", "AS-FLOW-4")
def test_a_paid_service_from_its_quote_to_its_last_cent():
    """Quoted, taken, done, billed, paid, accepted, surveyed, closed; the ledger says what was said."""
    desk = Desk()
    desk.come_to(Stage.COVERED, answers={"cause": "misuse"})
    assert desk.codes(c.ApproveFree) == ["aftersales.customer-pays"] * 3
    desk.do(c.GiveQuote, lines=(work(100), extra(30)))
    desk.do(c.AcceptQuote)
    desk.do(c.Dispatch)
    desk.do(c.Arrive)
    desk.do(c.Finish, lines=(work(100), extra(30)))
    assert desk.codes(c.CollectPayment, amount=cny(130)) == ["aftersales.paid-above-owed"]
    desk.do(c.BillService)
    desk.do(c.CollectPayment, amount=cny(130))
    desk.do(c.AcceptWork)
    desk.do(c.RecordSurvey, scores={"quality": 5, "attitude": 5})
    desk.do(c.CloseTicket)
    assert (desk.ticket().state, owes(desk.ticket())) == (Stage.CLOSED, cny(0))
    assert desk.ticket().posted == desk.postings
    assert balance(desk.postings, Account(AccountKind.CASH, FIRM), "CNY") == cny(130)


def test_a_ticket_with_unbilled_work_is_not_closed():
    """All but the bill is there: refused, and nothing changed."""
    desk = Desk()
    desk.come_to(Stage.COVERED, answers={"cause": "misuse"})
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.AcceptQuote)
    desk.do(c.Dispatch)
    desk.do(c.Arrive)
    desk.do(c.Finish, lines=(work(100),))
    desk.do(c.AcceptWork)
    desk.do(c.RecordSurvey, scores={"quality": 5, "attitude": 5})
    assert [reason.code for reason in desk.refusals(c.CloseTicket)] == ["aftersales.unbilled"]


def test_a_declined_quote_ends_with_the_inspection_paid():
    """It is owed, paid and the ticket closed; what nobody did is not billed."""
    desk = Desk()
    desk.come_to(Stage.COVERED, answers={"cause": "misuse"})
    desk.do(c.GiveQuote, lines=(work(100),))
    desk.do(c.DeclineQuote, fee=cny(20))
    desk.do(c.CollectPayment, amount=cny(20))
    desk.do(c.CloseTicket)
    assert (desk.ticket().state, owes(desk.ticket())) == (Stage.CLOSED, cny(0))
