"""Quotes: until when they are open, how they are answered, and what declining one costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.aftersales.circumstances import When
from servflow.core.aftersales.costs import Billing, Priced, PricedLine, WorkLine, charging
from servflow.core.aftersales.policy import Named, QuoteValidity, ServiceRules
from servflow.core.aftersales.quotes import (
    Quote,
    QuoteState,
    accepted,
    billable,
    declined,
    inspection,
    inspection_fee,
    quoted,
    refusals,
)
from servflow.core.aftersales.words import Bearer, ChargeClass, Coverage
from servflow.core.citations import PRACTICE, Clause
from servflow.core.clocks import parse_allowance
from servflow.core.errors import ConflictingRules, CurrencyMismatch, InvalidValue, MissingValue, Refused
from servflow.core.fees import Facts, Flat, Given, Zero, evaluate
from servflow.core.fees import When as Whether
from servflow.core.fees.assessment import assess, posted_for
from servflow.core.ledger import Account, AccountKind
from servflow.core.money import Money
from servflow.core.worktime import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 5, 4, 10, tzinfo=SHANGHAI)
CLAUSE = Clause("AS-WARR-2", "二2")
SECOND = timedelta(seconds=1)
WEEK = Calendar("desk", SHANGHAI, weekly=dict.fromkeys(range(5), ((time(8), time(12)), (time(14), time(18)))))


def rules(*named: Named[Any]) -> ServiceRules:
    return ServiceRules(
        firm="machine-maker", version="v", day=date(2026, 5, 4), calendar=WEEK, currency="CNY", rules=named
    )


def valid(within: str, name: str = "valid", when: When | None = None) -> Named[Any]:
    return Named(name, QuoteValidity(within=parse_allowance(within), when=when or When()), CLAUSE)


def line(
    amount: int = 100,
    item: str = "gear",
    bearer: Bearer = Bearer.CUSTOMER,
    *,
    currency: str = "CNY",
    billing: Billing = Billing.AS_RULED,
    approved_by: str = "",
    cost: int = 50,
) -> PricedLine:
    charge = evaluate(Flat(Money(amount, currency)), Facts())
    work = WorkLine(
        item=item,
        charge=ChargeClass.PARTS,
        billing=billing,
        listed=charge,
        cost=Money(cost, currency),
        approved_by=approved_by,
    )
    return PricedLine(work=work, coverage=Coverage.PAID, bearer=bearer, charge=charge, clauses=())


def prices(amount: int = 100, *more: PricedLine) -> Priced:
    return Priced(currency="CNY", lines=(line(amount), *more))


def given_at(within: str = "3 working days", at: datetime = MONDAY) -> Quote:
    return quoted(rules(valid(within)), "Q-1", prices(), at, answers={}, given={})


@pytest.mark.clause("AS-WARR-2")
@pytest.mark.parametrize(
    ("within", "last"),
    [
        ("3 working days", datetime(2026, 5, 7, 10, tzinfo=SHANGHAI)),
        ("3 working days to closing", datetime(2026, 5, 7, 18, tzinfo=SHANGHAI)),
        ("10 days to midnight", datetime(2026, 5, 15, 0, tzinfo=SHANGHAI)),
        ("24 hours", datetime(2026, 5, 5, 10, tzinfo=SHANGHAI)),
    ],
)
def test_a_quote_is_open_to_the_last_instant_of_its_validity(within, last):
    """That instant included; a second later it has lapsed."""
    quote = given_at(within)

    assert quote.valid_until == last
    assert (quote.issued_at, quote.clause) == (MONDAY, CLAUSE)
    assert quote.state(last) is QuoteState.OPEN
    assert quote.state(last + SECOND) is QuoteState.LAPSED
    assert accepted(quote, last, prices()).accepted_at == last
    with pytest.raises(Refused) as caught:
        accepted(quote, last + SECOND, prices())
    (reason,) = caught.value.reasons
    assert (reason.code, reason.clause) == ("quote.lapsed", CLAUSE)
    assert reason.facts == (("until", last.isoformat()),)


def test_a_quote_that_is_not_given_yet_cannot_be_answered():
    """Not even a second before; from its own instant on it can."""
    quote = given_at()
    assert quote.state(MONDAY - SECOND) is QuoteState.NOT_GIVEN
    assert quote.state(MONDAY) is QuoteState.OPEN
    assert refusals(quote, MONDAY, prices()) == ()
    (reason,) = refusals(quote, MONDAY - SECOND, prices())
    assert (reason.code, dict(reason.facts)) == (
        "quote.not-given",
        {"from": "2026-05-04T10:00:00+08:00"},
    )


def test_a_quote_says_its_instants_in_the_time_of_the_firm():
    """Given by an instant in UTC it lapses in local time, and an hour that comes twice stays two hours."""
    quote = quoted(rules(valid("24 hours")), "Q-1", prices(), MONDAY.astimezone(UTC), answers={}, given={})
    late = refusals(quote, MONDAY + timedelta(days=2), prices())
    assert [dict(reason.facts) for reason in late] == [{"until": "2026-05-05T10:00:00+08:00"}]

    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    hour = Quote(ref="Q-2", prices=prices(), issued_at=first, valid_until=second, clause=CLAUSE)
    assert hour.valid_until - hour.issued_at == timedelta(hours=1)
    assert hour.state(second) is QuoteState.OPEN
    assert hour.state(second.astimezone(UTC) + SECOND) is QuoteState.LAPSED


def test_a_quote_is_accepted_as_it_was_given():
    """If anything costs otherwise by then, every reason is named and nothing is accepted."""
    quote = given_at()
    with pytest.raises(Refused, match="accept refused for Q-1") as caught:
        accepted(quote, quote.valid_until + SECOND, prices(101))

    assert [reason.code for reason in caught.value.reasons] == [
        "quote.lapsed",
        "quote.changed",
    ]
    assert dict(caught.value.reasons[1].facts) == {
        "quoted": Money(100, "CNY"),
        "now": Money(101, "CNY"),
    }


def test_the_same_total_with_other_lines_is_another_offer():
    """What is accepted is the lines, not their sum alone."""
    changed = Priced(currency="CNY", lines=(line(item="bearing"),))
    (reason,) = refusals(given_at(), MONDAY, changed)
    assert reason.code == "quote.changed"


def test_what_is_nothing_to_the_customer_does_not_change_his_quote():
    """What a line costs the firm, the order of the lines, and what a dealer is billed."""
    dealers = line(70, "bearing", Bearer.DEALER)
    quote = quoted(rules(valid("1 day")), "Q-1", prices(100, dealers), MONDAY, answers={}, given={})
    for same in (
        Priced(currency="CNY", lines=(dealers, line(100))),
        prices(100, line(71, "bearing", Bearer.DEALER)),
        Priced(currency="CNY", lines=(line(100, cost=51), dealers)),
    ):
        assert refusals(quote, MONDAY, same) == ()
    (reason,) = refusals(quote, MONDAY, prices(100, line(70, "bearing")))
    assert dict(reason.facts) == {"quoted": Money(100, "CNY"), "now": Money(170, "CNY")}
    assert refusals(quote, MONDAY, prices())  # less is done
    assert refusals(quote, MONDAY, prices(100, dealers, dealers))  # more is done


def test_what_is_billed_is_bound_by_the_accepted_quote():
    """As much or less, and the extras that somebody agreed to; more is refused, and so is one not accepted."""
    quote = accepted(given_at(), MONDAY, prices())
    extra = line(30, "hose", billing=Billing.EXTRA, approved_by="customer")
    for fine in (prices(), prices(99), prices(100, extra), prices(100, line(500, "pump", Bearer.DEALER))):
        assert billable(quote, MONDAY, fine) is fine

    unagreed = line(30, "hose", billing=Billing.EXTRA)
    no_extra = line(30, "hose", approved_by="customer")
    for dear in (prices(101), prices(100, unagreed), prices(100, no_extra), prices(101, extra)):
        with pytest.raises(Refused, match=r"bill refused for Q-1: quote\.exceeded"):
            billable(quote, MONDAY, dear)
    with pytest.raises(Refused) as caught:
        billable(given_at(), MONDAY, prices(101))
    assert [(reason.code, reason.facts) for reason in caught.value.reasons] == [
        ("quote.not-accepted", (("state", "open"),)),
        ("quote.exceeded", (("most", Money(100, "CNY")), ("now", Money(101, "CNY")))),
    ]


def test_an_extra_that_was_quoted_counts_once():
    """Agreeing to it again makes no room for the rest, and without being agreed to it costs what was quoted."""
    wash = line(50, "wash", billing=Billing.EXTRA)
    agreed = line(50, "wash", billing=Billing.EXTRA, approved_by="customer")
    offer = prices(100, wash)
    given = quoted(rules(valid("1 day")), "Q-1", offer, MONDAY, answers={}, given={})
    quote = accepted(given, MONDAY, offer)
    for fine in (offer, prices(100, agreed), prices(100, wash, agreed), prices(90, wash)):
        assert billable(quote, MONDAY, fine) is fine

    dearer = line(51, "wash", billing=Billing.EXTRA)
    hose = line(1, "hose", billing=Billing.EXTRA)
    for most, dear in ((150, prices(150, agreed)), (150, prices(100, dearer)), (90, prices(90, hose))):
        with pytest.raises(Refused) as caught:
            billable(quote, MONDAY, dear)
        (reason,) = caught.value.reasons
        assert dict(reason.facts)["most"] == Money(most, "CNY")


def test_an_extra_that_was_quoted_is_not_agreed_to_twice():
    """What somebody agreed to before the quote is in it already."""
    extra = line(30, "hose", billing=Billing.EXTRA, approved_by="customer")
    offer = prices(100, extra)
    quote = accepted(quoted(rules(valid("1 day")), "Q-1", offer, MONDAY, answers={}, given={}), MONDAY, offer)
    assert billable(quote, MONDAY, offer) is offer
    with pytest.raises(Refused, match="most=CNY 130"):
        billable(quote, MONDAY, prices(101, extra))


@pytest.mark.parametrize("first", ["accepted", "declined"])
def test_a_quote_is_answered_once(first):
    """Whatever was said first stands; the reason names it."""
    quote = given_at()
    answered = (
        accepted(quote, MONDAY + SECOND, prices())
        if first == "accepted"
        else declined(quote, MONDAY + SECOND)
    )

    assert answered.state(MONDAY) is QuoteState.OPEN  # as far as was known by then
    assert answered.state(MONDAY + SECOND).value == first
    assert answered.state(answered.valid_until + SECOND).value == first
    for again in (
        lambda: accepted(answered, MONDAY + 2 * SECOND, prices()),
        lambda: declined(answered, MONDAY + 2 * SECOND),
    ):
        with pytest.raises(Refused) as caught:
            again()
        (reason,) = caught.value.reasons
        assert (reason.code, reason.facts) == ("quote.answered", (("state", first),))


def test_a_quote_that_lapsed_is_not_declined():
    """It is over already."""
    quote = given_at()
    with pytest.raises(Refused, match=r"quote\.lapsed"):
        declined(quote, quote.valid_until + SECOND)


def test_who_declines_or_lets_it_lapse_pays_for_the_inspection():
    """By the firm's rule; an amount that it leaves blank is asked for."""
    quote = given_at()
    fee = Given("inspection_fee", "CNY").under(PRACTICE)
    facts = Facts(amounts={"inspection_fee": Money(50, "CNY")})

    assert inspection_fee(declined(quote, MONDAY), MONDAY, fee, facts).money == Money(50, "CNY")
    late = quote.valid_until + SECOND
    assert inspection_fee(quote, late, fee, facts).money == Money(50, "CNY")
    with pytest.raises(MissingValue, match="inspection_fee"):
        inspection_fee(quote, late, fee, Facts())


def test_whether_the_quote_was_taken_the_quote_says():
    """Facts that say otherwise, or nothing, are not asked."""
    fee = Whether("quote_accepted", Zero("CNY"), otherwise=Given("inspection_fee", "CNY"))
    amounts = {"inspection_fee": Money(50, "CNY")}
    for flags in ({}, {"quote_accepted": True}):
        facts = Facts(amounts=amounts, flags=flags)
        assert inspection_fee(declined(given_at(), MONDAY), MONDAY, fee, facts).money == Money(50, "CNY")


def test_an_inspection_costs_in_the_currency_of_the_quote():
    """A fee in another one is refused."""
    with pytest.raises(CurrencyMismatch):
        inspection_fee(declined(given_at(), MONDAY), MONDAY, Flat(Money(50, "EUR")), Facts())


def test_an_inspection_is_owed_for_the_case_and_posted_once():
    """An obligation of its own, on the customer's receivable; charging the service leaves it alone."""
    income = Account(AccountKind.INCOME, "service")
    owed = inspection("case-1", "customer-1", income)
    charge = inspection_fee(declined(given_at(), MONDAY), MONDAY, Flat(Money(50, "CNY")), Facts())
    posting, _ = assess(owed, charge.money, posted_for(owed, ()), MONDAY.date(), charge=charge)

    assert posting is not None
    assert (posting.key, str(posting.debit)) == ("case-1/inspection/1", "receivable/customer-1")
    assert assess(owed, charge.money, posted_for(owed, [posting]), MONDAY.date())[0] is None
    assert charging(Priced(currency="CNY", lines=()), "case-1", {}, income, [posting], MONDAY.date()) == ()
    with pytest.raises(InvalidValue, match="an account of income"):
        inspection("case-1", "customer-1", Account(AccountKind.CASH, "counter"))


@pytest.mark.parametrize("state", ["not-given", "open", "accepted"])
def test_who_takes_the_quote_or_may_still_take_it_pays_for_no_inspection(state):
    """The fee is for those who do not have it repaired."""
    quote = accepted(given_at(), MONDAY, prices()) if state == "accepted" else given_at()
    with pytest.raises(Refused) as caught:
        inspection_fee(
            quote, MONDAY - SECOND if state == "not-given" else MONDAY, Flat(Money(50, "CNY")), Facts()
        )
    (reason,) = caught.value.reasons
    assert (reason.code, reason.facts) == ("quote.not-declined", (("state", state),))


def test_what_is_free_is_not_quoted():
    """A quote over nothing is none, also where somebody else than the customer pays."""
    for offer in (prices(0), prices(0, line(70, bearer=Bearer.DEALER))):
        with pytest.raises(InvalidValue, match="what is free needs no quote"):
            quoted(rules(valid("1 day")), "Q-1", offer, MONDAY, answers={}, given={})


def test_a_quote_is_in_the_currency_of_the_rules_and_has_a_number():
    """Dollars under rules in yuan, or a quote that nobody can name, are refused."""
    dollars = Priced(currency="USD", lines=(line(currency="USD"),))
    with pytest.raises(CurrencyMismatch):
        quoted(rules(valid("1 day")), "Q-1", dollars, MONDAY, answers={}, given={})
    with pytest.raises(InvalidValue, match="the number of the quote"):
        quoted(rules(valid("1 day")), "", prices(), MONDAY, answers={}, given={})


def test_how_long_a_quote_is_valid_is_not_guessed():
    """No rule, a blank, two rules that differ: each is an error that says what is missing."""
    with pytest.raises(MissingValue, match="QuoteValidity has no value in machine-maker's rules"):
        quoted(rules(), "Q-1", prices(), MONDAY, answers={}, given={})
    blank = rules(valid("{quote-days} working days"))
    with pytest.raises(MissingValue, match="quote-days"):
        quoted(blank, "Q-1", prices(), MONDAY, answers={}, given={})
    filled = quoted(blank, "Q-1", prices(), MONDAY, answers={}, given={"quote-days": 2})
    assert filled.valid_until == datetime(2026, 5, 6, 10, tzinfo=SHANGHAI)
    with pytest.raises(ConflictingRules, match="valid, longer"):
        quoted(
            rules(valid("1 day"), valid("2 days", "longer")), "Q-1", prices(), MONDAY, answers={}, given={}
        )


def test_the_answers_decide_which_validity_holds():
    """One for the shop, another for visits."""
    both = rules(
        valid("1 day", "shop", When((("service", ("shop",)),))),
        valid("2 days", "visit", When((("service", ("visit",)),))),
    )
    made = quoted(both, "Q-1", prices(), MONDAY, answers={"service": "visit"}, given={})
    assert made.valid_until == MONDAY + timedelta(days=2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issued_at": datetime(2026, 5, 4, 10)}, "issued_at"),
        ({"valid_until": MONDAY - SECOND}, "valid_until"),
        ({"accepted_at": MONDAY, "declined_at": MONDAY}, "declined_at"),
        ({"accepted_at": MONDAY - SECOND}, "answer"),
        ({"declined_at": MONDAY - SECOND}, "answer"),
        ({"accepted_at": MONDAY + 2 * SECOND}, "accepted_at"),
    ],
    ids=["naive", "ends-first", "twice", "accepted-before", "declined-before", "accepted-late"],
)
def test_a_quote_that_contradicts_itself_is_not_made(changes, field):
    """Naive instants, an end before the beginning, two answers, answers outside of it."""
    values = {"issued_at": MONDAY, "valid_until": MONDAY + SECOND, **changes}
    with pytest.raises(InvalidValue) as caught:
        Quote(ref="Q-1", prices=prices(), clause=CLAUSE, **values)
    assert caught.value.field == field


def test_a_naive_instant_is_refused_wherever_one_is_given():
    """Answers and questions about a quote have an offset."""
    quote, naive = given_at(), datetime(2026, 5, 4, 10)
    for ask in (
        lambda: quote.state(naive),
        lambda: accepted(quote, naive, prices()),
        lambda: declined(quote, naive),
        lambda: quoted(rules(valid("1 day")), "Q-1", prices(), naive, answers={}, given={}),
    ):
        with pytest.raises(InvalidValue, match="aware"):
            ask()


@given(st.integers(-10, 400_000).map(lambda seconds: MONDAY + timedelta(seconds=seconds)))
def test_a_quote_can_be_accepted_exactly_while_it_is_open(at):
    """Refusals are none from its beginning to its end, both included, and only then."""
    quote = given_at()
    assert (not refusals(quote, at, prices())) is (MONDAY <= at <= quote.valid_until)
