"""What a service costs, and whom: lines by a verdict, the tariff, how it is collected, bills, postings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.costs import (
    LIST_PRICE,
    Bill,
    Billing,
    Priced,
    PricedLine,
    WorkLine,
    bills,
    charging,
    collecting,
    obligation,
    priced,
    received,
    tariff,
)
from servflow.core.aftersales.policy import Collection, Grant, Handling, Named, ServiceRules
from servflow.core.aftersales.warranty import Claim, Ruling, TermState, Verdict
from servflow.core.aftersales.warranty import verdict as decide
from servflow.core.aftersales.words import Bearer, ChargeClass, CollectionWay, Coverage
from servflow.core.citations import PRACTICE, Clause
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import (
    Charge,
    Count,
    Facts,
    Flat,
    Given,
    Less,
    Percent,
    PerUnit,
    Quantity,
    Scale,
    evaluate,
    replay,
)
from servflow.core.ledger import Account, AccountKind, Posting, balance, reversal, settlement, trial_balance
from servflow.core.money import Money, Rounding
from servflow.core.worktime import Calendar

DAY = date(2026, 5, 4)
INCOME = Account(AccountKind.INCOME, "service")
CASH = Account(AccountKind.CASH, "counter")
FREE = Clause("AS-WARR-1", "二1")
LIST = Clause("AS-WARR-2", "二2")
DEALER = Clause("AS-WARR-4", "4.1.2")
BUILDER = Clause("AS-ACC-4", "❻")
PARTIES = {Bearer.CUSTOMER: "customer-1", Bearer.DEALER: "dealer-7", Bearer.CAUSER: "causer-3"}


def cny(amount: str | int) -> Money:
    return Money(amount, "CNY")


def listed(amount: str | int, currency: str = "CNY") -> Charge:
    """A list price."""
    return evaluate(Flat(Money(amount, currency)).under(LIST), Facts())


def line(
    amount: str | int = 100,
    charge: ChargeClass = ChargeClass.PARTS,
    billing: Billing = Billing.AS_RULED,
    *,
    cost: Money | None = None,
    approved_by: str = "",
) -> WorkLine:
    return WorkLine(
        item="gear",
        charge=charge,
        billing=billing,
        listed=listed(amount),
        cost=cost,
        approved_by=approved_by,
    )


def ruling(
    charge: ChargeClass,
    coverage: Coverage,
    bearer: Bearer,
    clauses: tuple[Clause, ...],
    borne_by: tuple[Clause, ...],
) -> Ruling:
    return Ruling(
        charge=charge, coverage=coverage, bearer=bearer, basis=("x",), clauses=clauses, borne_by=borne_by
    )


def verdict(
    coverage: Coverage = Coverage.PAID,
    bearer: Bearer = Bearer.CUSTOMER,
    *,
    discount: bool = False,
    labour: Coverage | None = None,
    clauses: tuple[Clause, ...] = (FREE,),
    borne_by: tuple[Clause, ...] = (),
) -> Verdict:
    """The same for every class, but for labour where it is named."""
    return Verdict(
        reported_on=DAY,
        term=TermState.IN,
        parts=ruling(ChargeClass.PARTS, coverage, bearer, clauses, borne_by),
        labour=ruling(ChargeClass.LABOUR, labour or coverage, bearer, clauses, borne_by),
        travel=ruling(ChargeClass.TRAVEL, coverage, bearer, clauses, borne_by),
        covers=(),
        discount=discount,
    )


TENTH_OFF = Less(Given(LIST_PRICE, "CNY"), Percent(Given(LIST_PRICE, "CNY"), Fraction(1, 10))).rounded(
    Rounding.HALF_UP
)


# --- lines ------------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-WARR-1")
def test_a_free_line_costs_nothing_and_says_by_which_clause():
    """In warranty a part is listed at its price and charged at 0, by the clause that makes it free."""
    (made,) = priced(verdict(Coverage.FREE, Bearer.FIRM), [line("99.50")], "CNY").lines

    assert made.work.listed.money == cny("99.50")
    assert made.charge.money == cny(0)
    assert made.charge.derivation.clause == FREE
    assert (made.coverage, made.bearer, made.clauses) == (Coverage.FREE, Bearer.FIRM, (FREE,))


@pytest.mark.clause("AS-WARR-2")
def test_outside_warranty_every_line_costs_its_list_price():
    """Parts, labour and travel are each charged as listed, with the tariff's own derivation."""
    lines = [line(100), line("80.40", ChargeClass.LABOUR), line(30, ChargeClass.TRAVEL)]
    made = priced(verdict(), lines, "CNY")

    assert made.total == made.listed == cny("210.40")
    assert [each.charge for each in made.lines] == [each.listed for each in lines]
    assert made.bearers == (Bearer.CUSTOMER,)


def test_each_class_is_charged_by_its_own_ruling():
    """Free labour does not make the parts free."""
    made = priced(verdict(labour=Coverage.FREE), [line(100), line(80, ChargeClass.LABOUR)], "CNY")
    assert [each.charge.money for each in made.lines] == [cny(100), cny(0)]


def test_what_a_contract_pays_is_not_charged_by_the_line():
    """The contract has its own price; by the line it is nothing."""
    made = priced(verdict(Coverage.CONTRACT), [line(100)], "CNY")
    assert (made.total, made.bearers) == (cny(0), ())


@pytest.mark.clause("AS-WARR-15")
@pytest.mark.parametrize(("cost", "charged"), [("40", "40"), ("100", "100"), ("130", "100"), ("0", "0")])
def test_at_cost_is_at_cost_and_no_more(cost, charged):
    """The firm's cost, and never more than the list price."""
    (made,) = priced(verdict(Coverage.AT_COST), [line(100, cost=cny(cost))], "CNY").lines

    assert made.charge.money == cny(charged)
    assert made.charge.derivation.clause == FREE


def test_a_line_at_cost_without_its_cost_asks_for_it():
    """What it cost is never taken as nothing."""
    with pytest.raises(MissingValue, match="cost has no value for gear"):
        priced(verdict(Coverage.AT_COST), [line(100)], "CNY")


@pytest.mark.clause("AS-WARR-3")
def test_discount_parts_cost_the_discount_price():
    """Parts only, and only where the verdict grants it; the hour costs what it costs."""
    lines = [line("99.50"), line(80, ChargeClass.LABOUR)]

    made = priced(verdict(discount=True), lines, "CNY", discount=TENTH_OFF)
    assert [each.charge.money for each in made.lines] == [cny("89.55"), cny(80)]
    assert priced(verdict(), lines, "CNY", discount=TENTH_OFF).total == cny("179.50")


def test_the_rate_of_the_discount_is_a_fact_that_is_given():
    """Where the source leaves it blank the rule asks for it."""
    rule = Less(
        Given(LIST_PRICE, "CNY"), Scale(Given(LIST_PRICE, "CNY"), Quantity("parts_discount", "part"))
    ).rounded(Rounding.HALF_UP)
    facts = Facts(quantities={"parts_discount": Decimal("0.15")})

    assert priced(verdict(discount=True), [line(100)], "CNY", discount=rule, facts=facts).total == cny(85)
    with pytest.raises(MissingValue, match="parts_discount"):
        priced(verdict(discount=True), [line(100)], "CNY", discount=rule)


def test_discount_parts_without_a_rule_are_not_priced():
    """A discount that nobody names is neither nothing nor everything."""
    with pytest.raises(MissingValue, match="discount has no value for gear"):
        priced(verdict(discount=True), [line(100)], "CNY")


def test_a_discount_price_above_the_list_price_is_refused():
    """Whatever makes it dearer is no discount."""
    with pytest.raises(InvalidValue, match=r"at most the list price, CNY 100\.00"):
        priced(verdict(discount=True), [line(100)], "CNY", discount=Flat(cny("100.01")))


def test_a_free_part_has_no_discount_price():
    """A discount is for what is paid."""
    made = priced(verdict(Coverage.FREE, Bearer.FIRM, discount=True), [line(100)], "CNY")
    assert made.total == cny(0)


@pytest.mark.clause("AS-WARR-4")
def test_a_dealer_is_billed_for_what_is_free_to_the_customer():
    """The list price, to the dealer; the customer pays nothing."""
    made = priced(verdict(Coverage.FREE, Bearer.DEALER, borne_by=(DEALER,)), [line(100)], "CNY")

    assert made.bearers == (Bearer.DEALER,)
    assert made.subtotal(Bearer.DEALER).money == cny(100)
    assert made.subtotal(Bearer.CUSTOMER).money == cny(0)
    assert made.lines[0].clauses == (FREE, DEALER)


def test_the_ruling_says_by_which_clause_somebody_bears_it():
    """That of the rule that names him, for what he bears; the customer bears what he pays without one."""
    named = Named("dealer", Handling(bearer=Bearer.DEALER, all_of_it=True), DEALER)
    granted = Named("free", Grant(outcome=Coverage.FREE), FREE)
    free = decide(rules(named, granted), Claim(reported_on=DAY))

    assert (free.parts.bearer, free.parts.borne_by) == (Bearer.DEALER, (DEALER,))
    assert priced(free, [line(100)], "CNY").lines[0].clauses == (FREE, DEALER)
    rest = Named("dealer", Handling(bearer=Bearer.DEALER), DEALER)
    assert decide(rules(rest), Claim(reported_on=DAY)).parts.borne_by == ()
    assert decide(rules(granted), Claim(reported_on=DAY)).parts.borne_by == ()


@pytest.mark.clause("AS-WARR-17")
def test_who_caused_the_damage_pays_for_it():
    """A paid line whose bearer is the causer is charged to him."""
    made = priced(verdict(bearer=Bearer.CAUSER), [line(100)], "CNY")
    assert (made.bearers, made.subtotal(Bearer.CAUSER).money) == ((Bearer.CAUSER,), cny(100))


@pytest.mark.clause("AS-WARR-18")
def test_what_the_firm_bears_it_bears_whole():
    """Before the handover every repair is the developer's cost: even a paid one is charged to nobody."""
    handover = Clause("AS-WARR-18", "❻")
    for said, clause in (((handover,), handover), ((), PRACTICE)):
        (made,) = priced(verdict(bearer=Bearer.FIRM, borne_by=said), [line(100)], "CNY").lines
        assert (made.charge.money, made.charge.derivation.clause) == (cny(0), clause)


def test_what_is_free_and_borne_by_the_customer_is_free():
    """Free is free: a rule that names the customer as bearer does not bring the price back."""
    assert priced(verdict(Coverage.FREE), [line(100)], "CNY").total == cny(0)


def test_a_free_line_without_a_clause_is_a_choice_of_the_desk():
    """Every step has a clause, also where the verdict names none."""
    (made,) = priced(verdict(Coverage.FREE, clauses=()), [line(100)], "CNY").lines
    assert made.charge.derivation.clause == PRACTICE


def test_an_extra_is_paid_whatever_the_verdict():
    """What the customer asks for besides is not part of the fault."""
    made = priced(verdict(Coverage.FREE, Bearer.FIRM), [line(100), line(30, billing=Billing.EXTRA)], "CNY")
    assert [(each.coverage, each.charge.money) for each in made.lines] == [
        (Coverage.FREE, cny(0)),
        (Coverage.PAID, cny(30)),
    ]
    assert made.bearers == (Bearer.CUSTOMER,)
    assert made.lines[1].clauses == (PRACTICE,)


def test_goodwill_is_free_and_says_that_no_clause_makes_it_so():
    """A paid line that is let go costs nothing, by a choice of the desk, and whose choice it was."""
    (made,) = priced(verdict(), [line(100, billing=Billing.GOODWILL, approved_by="supervisor")], "CNY").lines
    chosen = Clause(PRACTICE.id, "approved by supervisor")
    assert (made.charge.money, made.charge.derivation.clause, made.clauses) == (cny(0), chosen, (chosen,))
    assert (made.coverage, made.bearer) == (Coverage.FREE, Bearer.FIRM)


@pytest.mark.clause("AS-ACC-4")
@pytest.mark.parametrize("coverage", [Coverage.FREE, Coverage.AT_COST, Coverage.PAID])
@pytest.mark.parametrize("cost", ["40", "130"])
def test_a_builder_bears_what_his_defect_cost_and_is_not_billed(coverage, cost):
    """At cost, whatever the list price; it is deducted elsewhere, and no income of the service."""
    made = priced(verdict(coverage, Bearer.BUILDER, borne_by=(BUILDER,)), [line(100, cost=cny(cost))], "CNY")

    assert made.subtotal(Bearer.BUILDER).money == cny(cost)
    assert made.lines[0].charge.derivation.clause == BUILDER
    (bill,) = bills(made, "case-1", PARTIES, DAY)
    assert (bill.bearer, bill.total, len(bill.lines)) == (Bearer.CUSTOMER, cny(0), 1)
    assert charging(made, "case-1", {**PARTIES, Bearer.BUILDER: "builder-2"}, INCOME, (), DAY) == ()
    with pytest.raises(InvalidValue, match="a builder has it deducted"):
        obligation("case-1", Bearer.BUILDER, "builder-2", INCOME)
    with pytest.raises(MissingValue, match="cost has no value for gear"):
        priced(verdict(coverage, Bearer.BUILDER), [line(100)], "CNY")


def test_a_billing_code_is_never_taken_for_granted():
    """A line without one cannot be written, and a text is none."""
    with pytest.raises(TypeError, match="billing"):
        WorkLine(item="gear", charge=ChargeClass.PARTS, listed=listed(1))  # type: ignore[call-arg]
    with pytest.raises(InvalidValue, match="a billing code; there is no default"):
        line(billing="as-ruled")  # type: ignore[arg-type]


@pytest.mark.parametrize("approved_by", ["", "  "])
def test_goodwill_without_somebody_who_approved_it_is_refused(approved_by):
    """Nobody lets his own work go."""
    with pytest.raises(InvalidValue, match="who approved"):
        line(billing=Billing.GOODWILL, approved_by=approved_by)


@pytest.mark.parametrize("item", [" ", None], ids=["blank", "none"])
def test_a_line_says_what_it_is_for(item):
    """An empty item is refused, and so is none."""
    with pytest.raises(InvalidValue, match="what was done or used"):
        WorkLine(item=item, charge=ChargeClass.PARTS, billing=Billing.EXTRA, listed=listed(1))


def test_a_line_is_of_a_class_of_charges():
    """By which the verdict decides; a text is none."""
    with pytest.raises(InvalidValue, match="a class of charges"):
        line(charge="parts")  # type: ignore[arg-type]


def test_a_discount_is_a_part_of_the_price():
    """10 for ten percent is refused: it would make the part free."""
    rule = Less(
        Given(LIST_PRICE, "CNY"), Scale(Given(LIST_PRICE, "CNY"), Quantity("parts_discount", "part"))
    ).rounded(Rounding.HALF_UP)
    for rate, price in ((Decimal(1), 0), (Decimal("0.1"), 90)):
        facts = Facts(quantities={"parts_discount": rate})
        assert priced(verdict(discount=True), [line(100)], "CNY", discount=rule, facts=facts).total == cny(
            price
        )
    facts = Facts(quantities={"parts_discount": 10})
    with pytest.raises(InvalidValue, match="parts_discount: found '10', expected a part of the whole"):
        priced(verdict(discount=True), [line(100)], "CNY", discount=rule, facts=facts)


def test_a_cost_below_nothing_or_in_another_currency_is_refused():
    """A cost is an amount of 0 or more, in the currency of the list price."""
    with pytest.raises(InvalidValue, match="an amount of 0 or more"):
        line(cost=cny(-1))
    with pytest.raises(CurrencyMismatch):
        line(cost=Money(1, "EUR"))


def test_lines_of_another_currency_are_refused():
    """A case is priced in one currency."""
    foreign = WorkLine(item="gear", charge=ChargeClass.PARTS, billing=Billing.EXTRA, listed=listed(1, "EUR"))
    with pytest.raises(CurrencyMismatch):
        priced(verdict(), [foreign], "CNY")
    for work, charge in ((line(), listed(1, "EUR")), (foreign, listed(1))):
        each = PricedLine(
            work=work, coverage=Coverage.PAID, bearer=Bearer.CUSTOMER, charge=charge, clauses=()
        )
        with pytest.raises(CurrencyMismatch):
            Priced(currency="CNY", lines=(each,))


def test_a_case_without_lines_costs_nothing():
    """Nothing done, nothing owed, by nobody."""
    made = priced(verdict(), [], "CNY")
    assert (made.total, made.listed, made.bearers) == (cny(0), cny(0), ())
    assert made.subtotal(Bearer.CUSTOMER).money == cny(0)


LINES = st.lists(
    st.builds(
        line,
        st.integers(0, 10_000),
        st.sampled_from(ChargeClass),
        st.sampled_from(Billing),
        cost=st.integers(0, 20_000).map(cny),
        approved_by=st.just("supervisor"),
    ),
    max_size=4,
)
VERDICTS = st.builds(
    verdict,
    st.sampled_from(Coverage),
    st.sampled_from(Bearer),
    discount=st.booleans(),
    labour=st.sampled_from(Coverage),
)


@given(VERDICTS, LINES)
def test_what_all_pay_adds_up_and_is_never_more_than_listed(decided, lines):
    """The subtotals of those who pay are the total, each line is at most its list price, and replays."""
    made = priced(decided, lines, "CNY", discount=TENTH_OFF)

    assert sum(made.subtotal(bearer).money.minor for bearer in Bearer) == made.total.minor
    assert {bearer for bearer in Bearer if made.subtotal(bearer).money} == set(made.bearers)
    for each in made.lines:
        assert each.charge.money <= each.work.listed.money or each.bearer is Bearer.BUILDER
        assert replay(each.charge.derivation) == each.charge.exact
    for bearer in made.bearers:
        assert replay(made.subtotal(bearer).derivation) == made.subtotal(bearer).money.minor


@given(VERDICTS, LINES)
def test_nobody_pays_for_what_the_firm_bears(decided, lines):
    """The firm's own lines are charged at nothing."""
    made = priced(decided, lines, "CNY", discount=TENTH_OFF)
    assert made.subtotal(Bearer.FIRM).money == cny(0)


@given(st.sampled_from(Bearer), LINES)
def test_dearer_coverage_never_costs_a_customer_less(bearer, lines):
    """Free, at cost, paid: no line falls from one to the next, for whoever of customer and firm bears it."""
    payer = bearer if bearer is Bearer.FIRM else Bearer.CUSTOMER
    totals = [
        priced(verdict(coverage, payer, labour=coverage), lines, "CNY").total
        for coverage in (Coverage.FREE, Coverage.AT_COST, Coverage.PAID)
    ]
    assert totals == sorted(totals)


# --- the tariff -------------------------------------------------------------------------------------------

HOUR = PerUnit(Count("hours", "hour"), cny(80)).under(LIST)
JOURNEY = Given("travel_costs", "CNY").under(LIST)


@pytest.mark.clause("AS-ACC-5")
def test_the_tariff_is_printed_line_by_line():
    """Each rule with its name, what it comes to for one unit, or what it is asked by."""
    rows = tariff(
        {"hour": HOUR, "journey": JOURNEY}, Facts(counts={"hours": 1}), {"hour": "工时费", "journey": ""}
    )

    assert [str(row) for row in rows] == ["工时费: CNY 80.00", "journey: by travel_costs"]
    assert rows[0].charge is not None
    assert rows[0].charge.money == cny(80)
    assert rows[0].rule == 'under("AS-WARR-2 二2", per_unit(count(hours, hour), CNY 80.00))'
    assert (rows[1].charge, rows[1].asks) == (None, ("travel_costs",))


def test_a_tariff_that_is_filled_in_asks_for_nothing():
    """The blanks of a rulebook are the firm's to fill."""
    (row,) = tariff({"journey": JOURNEY}, Facts(amounts={"travel_costs": cny(260)}))
    assert str(row) == "journey: CNY 260.00"


# --- how it is collected ----------------------------------------------------------------------------------

SMALL = Clause("AS-FLOW-4", "(十)")
SHOP = Clause("AS-FLOW-20", "8")


def rules(*named: Named[Any]) -> ServiceRules:
    return ServiceRules(
        firm="service-dealer",
        version="v",
        day=DAY,
        calendar=Calendar.always(UTC),
        currency="CNY",
        rules=named,
    )


COLLECTED = rules(
    Named("amount", Question("amount", ("small", "large")), SMALL),
    Named(
        "on-the-spot",
        Collection(
            way=CollectionWay.ON_THE_SPOT, when=When((("service", ("visit",)), ("amount", ("small",))))
        ),
        SMALL,
    ),
    Named(
        "later",
        Collection(
            way=CollectionWay.INVOICE_SAME_DAY,
            when=When((("service", ("visit",)), ("amount", ("large",)))),
        ),
        SMALL,
    ),
    Named(
        "shop", Collection(way=CollectionWay.INVOICE_ON_RETURN, when=When((("service", ("shop",)),))), SHOP
    ),
)


@pytest.mark.clause("AS-FLOW-4")
def test_small_charges_are_collected_on_the_spot():
    """The technician takes the money on the day of the visit; the invoice follows."""
    made = collecting(COLLECTED, {"service": "visit", "amount": "small"}, served_on=DAY)
    assert (made.way, made.money_on, made.invoice_on) == (CollectionWay.ON_THE_SPOT, DAY, None)
    assert (made.rule, made.clause) == ("on-the-spot", SMALL)


@pytest.mark.clause("AS-FLOW-1")
def test_nothing_is_collected_for_a_free_service():
    """There is neither money nor an invoice, and it is no missing rule."""
    free = Named("free", Collection(way=CollectionWay.NOTHING), SMALL)
    made = collecting(rules(free), {}, served_on=DAY)
    assert (made.way, made.money_on, made.invoice_on) == (CollectionWay.NOTHING, None, None)


@pytest.mark.clause("AS-FLOW-4")
def test_other_charges_are_invoiced_on_the_same_day():
    """The invoice has the day of the visit; the money comes later."""
    made = collecting(COLLECTED, {"service": "visit", "amount": "large"}, served_on=DAY)
    assert (made.way, made.money_on, made.invoice_on) == (CollectionWay.INVOICE_SAME_DAY, None, DAY)


@pytest.mark.clause("AS-FLOW-20")
def test_an_item_taken_into_the_shop_is_invoiced_on_the_day_it_is_given_back():
    """Not on the day on which the work was done, though that may be the same."""
    back = date(2026, 5, 7)
    for day in (DAY, back):
        made = collecting(COLLECTED, {"service": "shop"}, served_on=DAY, returned_on=day)
        assert (made.money_on, made.invoice_on, made.clause) == (None, day, SHOP)


def test_an_item_that_is_not_given_back_is_not_invoiced():
    """The day is asked for; one before the work was done is refused."""
    with pytest.raises(MissingValue, match="returned_on"):
        collecting(COLLECTED, {"service": "shop"}, served_on=DAY)
    with pytest.raises(InvalidValue, match="a day not before 2026-05-04"):
        collecting(COLLECTED, {"service": "shop"}, served_on=DAY, returned_on=date(2026, 5, 3))


def test_a_way_of_collecting_that_no_rule_names_is_asked_for():
    """No rule, or no answer to what decides: neither is guessed."""
    with pytest.raises(MissingValue, match="Collection has no value in service-dealer's rules"):
        collecting(COLLECTED, {"service": "phone"}, served_on=DAY)
    with pytest.raises(MissingValue, match="amount has no value which on-the-spot asks about"):
        collecting(COLLECTED, {"service": "visit"}, served_on=DAY)
    with pytest.raises(InvalidValue, match="small, large"):
        collecting(COLLECTED, {"service": "visit", "amount": "tiny"}, served_on=DAY)


def test_two_rules_of_collecting_have_to_agree():
    """The same said twice is said once; two that differ are an error."""
    spot = Named("spot", Collection(way=CollectionWay.ON_THE_SPOT), SMALL)
    visit = Collection(way=CollectionWay.ON_THE_SPOT, when=When((("service", ("visit",)),)))
    later = Named("later", Collection(way=CollectionWay.INVOICE_SAME_DAY), SHOP)

    twice = collecting(rules(spot, Named("visit", visit, SHOP)), {"service": "visit"}, served_on=DAY)
    assert twice.rule == "spot"
    with pytest.raises(ConflictingRules, match="spot, later"):
        collecting(rules(spot, later), {}, served_on=DAY)


# --- bills and postings -----------------------------------------------------------------------------------


def mixed() -> Priced:
    """A free part, a free hour that the dealer bears, and an extra."""
    base = priced(verdict(Coverage.FREE, Bearer.DEALER), [line(100)], "CNY")
    own = priced(verdict(Coverage.FREE, Bearer.FIRM), [line(40), line(30, billing=Billing.EXTRA)], "CNY")
    return Priced(currency="CNY", lines=(*base.lines, *own.lines))


def test_everybody_who_pays_gets_a_bill_and_the_customer_gets_one_anyway():
    """The customer sees what is free to him, at nothing, but not what the dealer is billed."""
    customer, dealer = bills(mixed(), "case-1", PARTIES, DAY)

    assert (customer.party, customer.total) == ("customer-1", cny(30))
    assert [each.charge.money for each in customer.lines] == [cny(0), cny(0), cny(30)]
    assert customer.lines[0].charge.derivation.clause == FREE
    assert (customer.number, dealer.number) == (1, 1)
    assert (dealer.party, dealer.total, len(dealer.lines)) == ("dealer-7", cny(100), 1)
    assert dealer.charge.money == cny(100)
    assert (customer.case, customer.issued_on, customer.bearer) == ("case-1", DAY, Bearer.CUSTOMER)


def test_a_free_repair_has_a_bill_over_nothing():
    """So the customer reads why it was free."""
    (bill,) = bills(priced(verdict(Coverage.FREE, Bearer.FIRM), [line(100)], "CNY"), "case-1", PARTIES, DAY)
    assert (bill.total, bill.lines[0].charge.derivation.clause) == (cny(0), FREE)


def test_what_a_contract_of_the_dealer_pays_stands_on_the_customers_bill():
    """At nothing, with its clause, and on no other: nobody is billed by the line."""
    made = priced(verdict(Coverage.CONTRACT, Bearer.DEALER), [line(100)], "CNY")
    (bill,) = bills(made, "case-1", PARTIES, DAY)
    assert [(each.item, each.charge.money, each.clauses) for each in bill.lines] == [
        ("gear", cny(0), (FREE,))
    ]


def test_a_bill_is_replaced_where_it_says_something_else_by_now():
    """With the next number; over nothing for a party that pays no longer; the same one is not issued again."""
    first = bills(mixed(), "case-1", PARTIES, DAY)
    paid = priced(verdict(), [line(40)], "CNY")
    other = bills(paid, "case-2", PARTIES, DAY, bills(mixed(), "case-2", PARTIES, DAY))
    second = bills(paid, "case-1", PARTIES, DAY, [*first, *other])

    def said(made: tuple[Bill, ...]) -> list[tuple[str, int, Money, int]]:
        return [(each.party, each.number, each.total, len(each.lines)) for each in made]

    assert said(second) == [("customer-1", 2, cny(40), 1), ("dealer-7", 2, cny(0), 0)]
    assert bills(mixed(), "case-1", PARTIES, DAY, first) == ()
    assert bills(paid, "case-1", PARTIES, DAY, [*second, *first]) == ()
    third = bills(paid, "case-1", {Bearer.CUSTOMER: "customer-2"}, DAY, [*first, *second])
    assert said(third) == [("customer-2", 1, cny(40), 1), ("customer-1", 3, cny(0), 0)]


def test_a_bill_for_somebody_without_a_name_is_refused():
    """Who is billed is given, never guessed."""
    with pytest.raises(MissingValue, match="dealer has no value among the parties of case-1"):
        bills(mixed(), "case-1", {Bearer.CUSTOMER: "customer-1"}, DAY)
    with pytest.raises(MissingValue, match="dealer has no value among the parties of case-1"):
        charging(mixed(), "case-1", {Bearer.CUSTOMER: "customer-1"}, INCOME, (), DAY)


def test_a_bill_is_posted_to_the_receivable_of_who_bears_it():
    """Debit customer and dealer, credit the service income, each with why."""
    made = charging(mixed(), "case-1", PARTIES, INCOME, (), DAY)

    assert [(str(each.debit), str(each.credit), each.amount, each.key) for each in made] == [
        ("receivable/customer-1", "income/service", cny(30), "case-1/service-customer/1"),
        ("receivable/dealer-7", "income/service", cny(100), "case-1/service-dealer/1"),
    ]
    assert all(each.charge is not None and each.charge.money == each.amount for each in made)


def test_billing_twice_is_billing_once():
    """The second time there is nothing left to post."""
    made = charging(mixed(), "case-1", PARTIES, INCOME, (), DAY)
    assert charging(mixed(), "case-1", PARTIES, INCOME, made, DAY) == ()


def test_who_pays_no_longer_has_it_reversed():
    """The verdict is revised from paid to free: what was charged goes back, with the accounts swapped."""
    first = charging(priced(verdict(), [line(100)], "CNY"), "case-1", PARTIES, INCOME, (), DAY)
    free = priced(verdict(Coverage.FREE, Bearer.DEALER), [line(100)], "CNY")
    second = charging(free, "case-1", PARTIES, INCOME, first, DAY)

    assert [(str(each.debit), str(each.credit), each.amount) for each in second] == [
        ("income/service", "receivable/customer-1", cny(100)),
        ("receivable/dealer-7", "income/service", cny(100)),
    ]
    books = [*first, *second]
    assert balance(books, Account(AccountKind.RECEIVABLE, "customer-1"), "CNY") == cny(0)


@pytest.mark.parametrize("parties", [{}, PARTIES], ids=["left-out", "named"])
def test_what_a_party_was_charged_is_reversed_also_where_it_is_left_out(parties):
    """Free by a dealer, then paid by the customer, then free: nobody stays charged with what he owes not."""
    dealers = priced(verdict(Coverage.FREE, Bearer.DEALER), [line(100)], "CNY")
    paid = priced(verdict(), [line(100)], "CNY")
    free = priced(verdict(Coverage.FREE, Bearer.FIRM), [line(100)], "CNY")
    books = list(charging(dealers, "case-1", {Bearer.DEALER: "dealer-7"}, INCOME, (), DAY))

    books += charging(paid, "case-1", {Bearer.CUSTOMER: "customer-1", **parties}, INCOME, books, DAY)
    assert balance(books, Account(AccountKind.RECEIVABLE, "dealer-7"), "CNY") == cny(0)
    books += charging(free, "case-1", parties, INCOME, books, DAY)
    assert balance(books, Account(AccountKind.RECEIVABLE, "customer-1"), "CNY") == cny(0)
    assert balance(books, INCOME, "CNY") == cny(0)
    assert [each.key for each in books] == [
        "case-1/service-dealer/1",
        "case-1/service-customer/1",
        "case-1/service-dealer/2",
        "case-1/service-customer/2",
    ]


def test_a_case_is_not_charged_on_a_second_income():
    """What is charged on one income is charged; on another one only after that was taken back."""
    other = Account(AccountKind.INCOME, "other")
    paid, nothing = priced(verdict(), [line(100)], "CNY"), Priced(currency="CNY", lines=())
    books = list(charging(paid, "case-1", PARTIES, INCOME, (), DAY))

    with pytest.raises(InvalidValue, match="receivable/customer-1 on income/service, which is still charged"):
        charging(paid, "case-1", PARTIES, other, books, DAY)
    books += charging(nothing, "case-1", PARTIES, other, books, DAY)
    assert balance(books, INCOME, "CNY") == balance(books, other, "CNY") == cny(0)
    books += charging(paid, "case-1", PARTIES, other, books, DAY)
    assert (balance(books, INCOME, "CNY"), balance(books, other, "CNY")) == (cny(0), cny(100))
    assert len({each.key for each in books}) == len(books)


def test_whatever_was_charged_for_a_case_is_taken_back_account_by_account():
    """Charged by hand on a second income, too: two reversals, each under a key of its own."""
    books = list(charging(priced(verdict(), [line(100)], "CNY"), "case-1", PARTIES, INCOME, (), DAY))
    books.append(replace(books[0], key="by-hand", credit=Account(AccountKind.INCOME, "other")))
    books += charging(Priced(currency="CNY", lines=()), "case-1", PARTIES, INCOME, books, DAY)

    assert balance(books, Account(AccountKind.RECEIVABLE, "customer-1"), "CNY") == cny(0)
    assert [each.key for each in books[2:]] == ["case-1/service-customer/3", "case-1/service-customer/4"]


def test_income_is_an_account_of_income():
    """Whatever is charged is earned; another kind of account is refused."""
    for make in (
        lambda: charging(mixed(), "case-1", PARTIES, CASH, (), DAY),
        lambda: obligation("case-1", Bearer.CUSTOMER, "customer-1", CASH),
    ):
        with pytest.raises(InvalidValue, match="income: found 'cash/counter', expected an account of income"):
            make()


def test_a_case_is_charged_in_one_currency():
    """What was charged in another one is neither added nor reversed."""
    made = charging(priced(verdict(), [line(100)], "CNY"), "case-1", PARTIES, INCOME, (), DAY)
    with pytest.raises(CurrencyMismatch):
        charging(Priced(currency="EUR", lines=()), "case-1", PARTIES, INCOME, made, DAY)


def test_another_charge_of_the_same_case_is_not_touched():
    """An inspection fee posted for the case stays where it is."""
    other = Posting(
        key="case-1/inspection/1",
        debit=Account(AccountKind.RECEIVABLE, "customer-1"),
        credit=INCOME,
        amount=cny(50),
        value_date=DAY,
        subject="case-1",
        kind="inspection",
    )
    (made,) = charging(priced(verdict(), [line(100)], "CNY"), "case-1", PARTIES, INCOME, [other], DAY)
    assert made.amount == cny(100)


def test_a_case_is_not_charged_to_another_customer_in_passing():
    """The party of a bearer changes only after what was charged to the wrong one was taken back."""
    paid, right = priced(verdict(), [line(100)], "CNY"), {Bearer.CUSTOMER: "customer-2"}
    books = list(charging(paid, "case-1", PARTIES, INCOME, (), DAY))
    with pytest.raises(InvalidValue, match="receivable/customer-2"):
        charging(paid, "case-1", right, INCOME, books, DAY)

    books += charging(Priced(currency="CNY", lines=()), "case-1", right, INCOME, books, DAY)
    books += charging(paid, "case-1", right, INCOME, books, DAY)
    assert balance(books, Account(AccountKind.RECEIVABLE, "customer-1"), "CNY") == cny(0)
    assert balance(books, Account(AccountKind.RECEIVABLE, "customer-2"), "CNY") == cny(100)
    assert charging(paid, "case-1", right, INCOME, books, DAY) == ()


def test_what_was_reversed_by_hand_is_charged_again():
    """Posted is what stands in the books, less every reversal, under whatever key."""
    paid = priced(verdict(), [line(100)], "CNY")
    books = list(charging(paid, "case-1", PARTIES, INCOME, (), DAY))
    books.append(reversal(books[0], DAY, key="mistake-1"))
    (again,) = charging(paid, "case-1", PARTIES, INCOME, books, DAY)
    assert (again.key, again.amount) == ("case-1/service-customer/3", cny(100))


@pytest.mark.clause("AS-ACC-3")
def test_service_money_goes_to_cash_against_the_receivable():
    """By the procedure of cash receipts; what is not paid stays outstanding."""
    owed = obligation("case-1", Bearer.CUSTOMER, "customer-1", INCOME)
    made = list(charging(mixed(), "case-1", PARTIES, INCOME, (), DAY))
    paid = received(owed, CASH, cny(20), made, DAY, key="r-1")
    assert paid is not None
    made.append(paid)

    assert (made[-1].debit, made[-1].credit, made[-1].amount) == (CASH, owed.debit, cny(20))
    assert made[-1].clause == Clause("AS-ACC-3", "(三)")
    state = settlement(made, owed.debit, "CNY")
    assert (state.charged, state.paid, state.outstanding, state.conserved) == (
        cny(30),
        cny(20),
        cny(10),
        True,
    )


def test_what_is_owed_for_something_else_is_not_paid_in_passing():
    """An inspection fee of the same case and customer is an obligation of its own."""
    owed = obligation("case-1", Bearer.CUSTOMER, "customer-1", INCOME)
    other = Posting(
        key="case-1/inspection/1",
        debit=owed.debit,
        credit=INCOME,
        amount=cny(50),
        value_date=DAY,
        subject="case-1",
        kind="inspection",
    )
    made = [other, *charging(mixed(), "case-1", PARTIES, INCOME, (), DAY)]
    with pytest.raises(InvalidValue, match=r"at most what is outstanding, CNY 30\.00"):
        received(owed, CASH, cny(31), made, DAY, key="r-1")


def test_more_than_is_owed_is_not_taken():
    """Nor by anything else than cash: the rest of 10 is the most."""
    owed = obligation("case-1", Bearer.CUSTOMER, "customer-1", INCOME)
    made = list(charging(mixed(), "case-1", PARTIES, INCOME, (), DAY))
    paid = received(owed, CASH, cny(20), made, DAY, key="r-1")
    assert paid is not None
    made.append(paid)

    with pytest.raises(InvalidValue, match=r"at most what is outstanding, CNY 10\.00"):
        received(owed, CASH, cny("10.01"), made, DAY, key="r-2")
    with pytest.raises(InvalidValue, match="an account of cash"):
        received(owed, Account(AccountKind.PREPAYMENT, "customer-1"), cny(1), made, DAY, key="r-2")


def test_money_that_was_received_is_posted_once():
    """The same key again is nothing new, also once all is paid; for something else it is refused."""
    owed = obligation("case-1", Bearer.CUSTOMER, "customer-1", INCOME)
    made = list(charging(mixed(), "case-1", PARTIES, INCOME, (), DAY))
    for amount, key in ((20, "r-1"), (10, "r-2")):
        posting = received(owed, CASH, cny(amount), made, DAY, key=key)
        assert posting is not None
        made.append(posting)

    assert received(owed, CASH, cny(20), made, DAY, key="r-1") is None
    with pytest.raises(InvalidValue, match="a key under which nothing else was posted"):
        received(owed, CASH, cny(19), made, DAY, key="r-1")
    with pytest.raises(CurrencyMismatch):
        received(owed, CASH, Money(1, "EUR"), made, DAY, key="r-3")


@given(st.lists(st.tuples(VERDICTS, LINES), min_size=1, max_size=3))
def test_whatever_was_billed_before_the_books_say_what_is_owed_now(history):
    """After any number of revisions each party's receivable is what it pays by the last one."""
    parties = {bearer: bearer.value for bearer in Bearer}
    books: list[Posting] = []
    for decided, lines in history:
        made = priced(decided, lines, "CNY", discount=TENTH_OFF)
        books += charging(made, "case-1", parties, INCOME, books, DAY)

    for bearer in Bearer:
        account = Account(AccountKind.RECEIVABLE, bearer.value)
        owed = cny(0) if bearer is Bearer.BUILDER else made.subtotal(bearer).money
        assert balance(books, account, "CNY") == owed
    assert len({each.key for each in books}) == len(books)
    assert all(debits == credits_ for debits, credits_ in trial_balance(books).values())
