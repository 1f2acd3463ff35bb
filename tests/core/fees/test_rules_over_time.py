"""Rules by when: versions by a day, versions over a span, balances over a span, surcharges, interest."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.citations import Clause
from servflow.core.dates import EndOfMonth
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import (
    AsOf,
    Bracket,
    Count,
    Counting,
    DayCount,
    DayCountConvention,
    Days,
    FactKind,
    Facts,
    Fixed,
    Flat,
    Gap,
    Given,
    Minutes,
    Months,
    Operation,
    OverBalance,
    PerUnit,
    Rule,
    Scale,
    Segmented,
    Tiered,
    Tiering,
    Zero,
    adds_up,
    daily_surcharge,
    evaluate,
    interest,
    missing,
)
from servflow.core.fees.compiled import compiled
from servflow.core.money import Money, Rounding


def cny(amount: str) -> Money:
    return Money(amount, "CNY")


JULY = date(2026, 7, 1)
OLD, NEW = PerUnit(Days(), cny("1")), PerUnit(Days(), cny("2"))
ONE, TWO = Flat(cny("1")), Flat(cny("2"))


def span(due: date, end: date, **others: date) -> Facts:
    return Facts(days={"due": due, "end": end, **others})


# --- by one day


@pytest.mark.parametrize(
    ("checkout", "money"),
    [(date.min, "1"), (date(2026, 6, 30), "1"), (JULY, "2"), (date(2026, 7, 2), "2"), (date.max, "2")],
)
def test_the_version_in_force_on_a_day(checkout, money):
    """A version holds from its day until the day before the next one; the first may hold from ever."""
    rule = AsOf("checkout", ((None, ONE), (JULY, TWO)))
    charge = evaluate(rule, Facts(days={"checkout": checkout}))
    assert charge.money == cny(money)
    start = () if money == "1" else (("start", JULY),)
    assert charge.derivation.inputs == (("checkout", checkout), *start)


def test_before_the_first_version():
    """A day before all versions has no rule, and the error says the day, its name and the first day."""
    rule = AsOf("checkout", ((JULY, ONE),))
    assert evaluate(rule, Facts(days={"checkout": JULY})).money == cny("1")
    with pytest.raises(MissingValue) as caught:
        evaluate(rule, Facts(days={"checkout": date(2026, 6, 30)}))
    assert caught.value.name == "rule"
    assert caught.value.where == "on 2026-06-30 (checkout); its first day is 2026-07-01"


def test_a_later_version_changes_no_earlier_charge():
    """What is appended holds from its own day on, and never before."""
    before = AsOf("checkout", ((None, ONE),))
    after = AsOf("checkout", ((None, ONE), (JULY, TWO)))
    for offset in range(-3, 0):
        facts = Facts(days={"checkout": JULY + timedelta(offset)})
        assert evaluate(before, facts).money == evaluate(after, facts).money


@pytest.mark.parametrize(
    "versions",
    [
        (),
        ((JULY, ONE), (JULY, TWO)),
        ((JULY, ONE), (date(2026, 6, 30), TWO)),
        ((JULY, ONE), (None, TWO)),
        ((None, ONE), (None, TWO)),
    ],
)
def test_bad_versions(versions):
    """There is a version, days ascend, and only the first may hold from ever."""
    for make in (lambda: AsOf("due", versions), lambda: Segmented("due", "end", versions)):
        with pytest.raises(InvalidValue) as caught:
            make()
        assert caught.value.field == "versions"
        assert caught.value.found == [str(start) for start, _ in versions]
        expected = "at least one version; days that ascend, and only the first without one"
        assert caught.value.expected == expected


def test_versions_of_a_pinned_rule_begin_on_days():
    """A named day would be a second anchor: only a rule over a span has such versions."""
    with pytest.raises(InvalidValue, match=r"^versions: .*recalled_on.*days that ascend"):
        AsOf("due", ((None, ONE), ("recalled_on", TWO)))  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"^versions: found 'recalled on', expected a name"):
        Segmented("due", "end", ((None, ONE), ("recalled on", TWO)))


def test_names_of_days():
    """Anchors, ends of a span and histories are names of facts."""
    for field, make in {
        "anchor": lambda: AsOf("the due day", ((None, ONE),)),
        "after": lambda: Segmented("", "end", ((None, ONE),)),
        "through": lambda: Segmented("due", "the end", ((None, ONE),)),
        "history": lambda: OverBalance("un-paid", ONE),
    }.items():
        with pytest.raises(InvalidValue, match=f"^{field}: found .*expected a name"):
            make()
    with pytest.raises(InvalidValue, match=r"^through: found .*expected a name"):
        OverBalance("unpaid", ONE, through="1")


def test_versions_of_one_currency():
    """Two currencies do not meet in the versions of one rule."""
    euro = Flat(Money("1", "EUR"))
    for make in (
        lambda: AsOf("due", ((None, ONE), (JULY, euro))),
        lambda: Segmented("due", "end", ((None, ONE), (JULY, euro))),
    ):
        with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
            make()


# --- over a span


def test_a_rate_that_changes_within_a_span():
    """Overdue from 28 June to 3 July: three days at 1, and from 1 July on three at 2. Each at its own rate."""
    rule = Segmented("due", "end", ((None, OLD), (JULY, NEW)))
    charge = evaluate(rule, span(date(2026, 6, 27), date(2026, 7, 3)))
    assert charge.money == cny("9")
    parts = [(int(part.exact), part.parts[0].inputs) for part in charge.derivation.parts]
    assert parts == [
        (300, (("due", date(2026, 6, 27)), ("end", date(2026, 6, 30)))),
        (600, (("due", date(2026, 6, 30)), ("end", date(2026, 7, 3)))),
    ]


@pytest.mark.parametrize(
    ("due", "end", "money"),
    [
        (date(2026, 6, 29), date(2026, 6, 30), "1"),
        (date(2026, 6, 29), JULY, "3"),
        (date(2026, 6, 30), JULY, "2"),
        (JULY, date(2026, 7, 2), "2"),
        (JULY, JULY, "0"),
        (JULY, date(2026, 6, 1), "0"),
    ],
)
def test_days_around_a_change(due, end, money):
    """30 June is still the old rate, 1 July the new one; a span without days costs nothing."""
    rule = Segmented("due", "end", ((None, OLD), (JULY, NEW)))
    assert evaluate(rule, span(due, end)).money == cny(money)


def test_a_rate_pinned_at_checkout():
    """Whoever borrowed before the change keeps the old rate, on the days after it too."""
    rule = AsOf("checkout", ((None, OLD), (JULY, NEW)))
    late = {"due": date(2026, 6, 27), "end": date(2026, 7, 3)}
    assert evaluate(rule, Facts(days={"checkout": date(2026, 6, 1), **late})).money == cny("6")
    assert evaluate(rule, Facts(days={"checkout": JULY, **late})).money == cny("12")


RECALL = Segmented("due", "end", ((None, OLD), ("recalled_on", PerUnit(Days(), cny("5")))))


@pytest.mark.parametrize(
    ("recalled_on", "money"),
    [
        (date(2026, 3, 25), "5"),  # after it was back
        (date(2026, 3, 20), "9"),
        (date(2026, 3, 18), "17"),
        (date(2026, 3, 16), "25"),
        (date(2026, 3, 1), "25"),  # before it was due
    ],
)
def test_the_recall_rate_is_for_the_days_after_the_recall(recalled_on, money):
    """Five days late, recalled on one of them: the recall rate from that day on, never for the days before."""
    facts = span(date(2026, 3, 15), date(2026, 3, 20), recalled_on=recalled_on)
    assert evaluate(RECALL, facts).money == cny(money)


def test_a_named_day_that_is_missing():
    """Without the day of the recall there is no charge: it is not taken as never."""
    with pytest.raises(MissingValue, match="recalled_on has no value among the days given"):
        evaluate(RECALL, span(date(2026, 3, 15), date(2026, 3, 20)))


@pytest.mark.parametrize(
    ("recalled_on", "money"),
    [
        (date(2026, 6, 29), "17"),  # 28 at 1; 29 and 30 at 5; 1, 2, 3 July at 2
        (JULY, "9"),  # 28, 29, 30 at 1; then at 2: the one below takes its place
        (date(2026, 7, 2), "9"),
    ],
)
def test_a_version_that_would_begin_before_the_one_above(recalled_on, money):
    """Of two that begin out of order the one further down takes the other one's place from then on."""
    rule = Segmented("due", "end", ((None, OLD), ("recalled_on", PerUnit(Days(), cny("5"))), (JULY, NEW)))
    facts = span(date(2026, 6, 27), date(2026, 7, 3), recalled_on=recalled_on)
    assert evaluate(rule, facts).money == cny(money)


def test_a_span_that_begins_before_the_first_version():
    """A day that no version holds on is an error; the day before the first one may be the due day."""
    rule = Segmented("due", "end", ((JULY, NEW),))
    assert evaluate(rule, span(date(2026, 6, 30), JULY)).money == cny("2")
    assert evaluate(rule, span(date(2026, 6, 1), date(2026, 6, 1))).money == cny("0")
    with pytest.raises(MissingValue) as caught:
        evaluate(rule, span(date(2026, 6, 29), JULY))
    assert caught.value.where == "before 2026-07-01; the days begin after 2026-06-29"


@given(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=4, unique=True), st.integers(0, 400))
def test_versions_partition_the_days(starts, length):
    """Whatever the versions, each day is charged once, by the version in force on it."""
    days = sorted(starts)
    rates = [cny(str(number + 1)) for number in range(len(days) + 1)]
    versions = [(None, PerUnit(Days(), rates[0]))]
    versions += [(day, PerUnit(Days(), rate)) for day, rate in zip(days, rates[1:], strict=True)]
    due = date(2026, 1, 1)
    charge = evaluate(Segmented("due", "end", tuple(versions)), span(due, due + timedelta(length)))
    by_day = [1 + sum(start <= due + timedelta(number) for start in days) for number in range(1, length + 1)]
    assert charge.money == cny(str(sum(by_day)))


# --- over a balance

UNPAID = Given("unpaid", "CNY")
SURCHARGE = OverBalance(
    "unpaid", daily_surcharge(UNPAID, Decimal("0.003"), Days(), compounded=False, capped=False)
)
MILLION = (
    (date(2026, 3, 1), cny("1000000")),
    (date(2026, 3, 11), cny("600000")),
    (date(2026, 3, 21), cny("0")),
)


def owed(history, due: date, end: date) -> Facts:
    return Facts(days={"due": due, "end": end}, histories={"unpaid": history})


def test_a_daily_surcharge_on_what_is_unpaid():
    """0.3 % a day on 1,000,000, of which 400,000 are paid after ten days and the rest after ten more: 48,000."""
    rule = SURCHARGE.rounded(Rounding.HALF_UP)
    charge = evaluate(rule, owed(MILLION, date(2026, 2, 28), date(2026, 4, 1)))
    assert charge.money == cny("48000")
    (over,) = charge.derivation.parts
    assert (over.operation, over.inputs) == (Operation.OVER_BALANCE, (("history", "unpaid"),))
    first, second = over.parts
    assert [first.exact, second.exact] == [30_000_00, 18_000_00]
    days = [part.parts[1] for part in over.parts]
    assert [(int(each.exact), each.inputs) for each in days] == [
        (10, (("due", date(2026, 2, 28)), ("end", date(2026, 3, 10)))),
        (10, (("due", date(2026, 3, 10)), ("end", date(2026, 3, 20)))),
    ]


def test_a_small_balance_for_a_long_time():
    """0.3 % of 1.50 a day are 0.0045, for thirty days 0.135: rounded once, 0.14, and not 0.00 for ever."""
    facts = owed(((date(2026, 3, 1), cny("1.50")),), date(2026, 3, 1), date(2026, 3, 31))
    assert evaluate(SURCHARGE.rounded(Rounding.HALF_UP), facts).money == cny("0.14")
    daily = OverBalance("unpaid", Scale(UNPAID.percent(Decimal("0.003")).rounded(Rounding.HALF_UP), Days()))
    assert evaluate(daily, facts).money == cny("0")


def test_nothing_unpaid_is_not_asked_about():
    """Where the balance is nothing there is no part at all."""
    facts = owed(MILLION, date(2026, 3, 20), date(2026, 4, 1))
    charge = evaluate(SURCHARGE.rounded(Rounding.HALF_UP), facts)
    assert charge.money == cny("0")
    assert charge.derivation.parts[0].parts == ()


def test_days_before_the_history():
    """Before its first day a history says nothing, which is not the same as 0."""
    with pytest.raises(MissingValue) as caught:
        evaluate(SURCHARGE.rounded(Rounding.UP), owed(MILLION, date(2026, 2, 27), date(2026, 4, 1)))
    assert caught.value.name == "unpaid"
    assert caught.value.where == "before 2026-03-01; the days begin after 2026-02-27"
    early = owed(MILLION, date(2026, 1, 1), date(2026, 1, 1))
    assert evaluate(SURCHARGE.rounded(Rounding.UP), early).money == cny("0")


def test_a_history_of_another_currency():
    """A balance in euro bears no surcharge in yuan."""
    facts = owed(((date(2026, 3, 1), Money("1", "EUR")),), date(2026, 3, 1), date(2026, 3, 2))
    with pytest.raises(CurrencyMismatch, match="CNY and EUR"):
        evaluate(SURCHARGE.rounded(Rounding.UP), facts)


@pytest.mark.parametrize(
    ("compounded", "capped", "days", "money"),
    [
        (False, False, 2, "20"),
        (True, False, 2, "21"),
        (False, True, 11, "100"),
        (False, False, 11, "110"),
        (True, True, 11, "100"),
    ],
)
def test_the_choices_of_a_daily_surcharge(compounded, capped, days, money):
    """10 % of 100 a day: simple or compound, capped at the principal or not."""
    rule = daily_surcharge(
        Flat(cny("100")), Fraction(1, 10), Fixed(days, "day"), compounded=compounded, capped=capped
    )
    assert evaluate(rule.rounded(Rounding.HALF_UP), Facts()).money == cny(money)


def test_what_a_daily_surcharge_refuses():
    """No float as a ratio, and nothing compounds over parts of a day."""
    with pytest.raises(InvalidValue, match=r"^ratio: .*never a float"):
        daily_surcharge(ONE, 0.003, Days(), compounded=False, capped=False)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"^periods: "):
        daily_surcharge(ONE, 1, Minutes(), compounded=True, capped=False)


def yearly(*rates) -> Rule:
    return interest("unpaid", "CNY", rates, DayCountConvention.ACT_365F).rounded(Rounding.HALF_UP)


def test_interest_at_dated_rates():
    """36.5 % a year are 0.1 % a day: ten days before and ten after the rate doubles, on what was owed."""
    rule = yearly((None, Decimal("0.365")), (date(2026, 3, 11), Decimal("0.73")))
    history = ((date(2026, 3, 1), cny("1000")), (date(2026, 3, 16), cny("500")))
    charge = evaluate(rule, owed(history, date(2026, 2, 28), date(2026, 3, 20)))
    # 1000: 10 days at 1.00, 5 at 2.00; 500: 5 days at 1.00
    assert charge.money == cny("25")
    spans = [int(step.exact * 365) for _, step in charge.lines() if step.operation is Operation.YEARS]
    assert spans == [10, 5, 5]


def test_interest_over_other_days():
    """The two ends may go by other names."""
    rates = [(None, Decimal("0.36"))]
    convention = DayCountConvention.ACT_360
    rule = interest("principal", "CNY", rates, convention, after="lent_on", through="paid_on")
    facts = Facts(
        days={"lent_on": date(2026, 1, 1), "paid_on": date(2026, 1, 11)},
        histories={"principal": ((date(2026, 1, 1), cny("1000")),)},
    )
    assert evaluate(rule.rounded(Rounding.UP), facts).money == cny("10")


@pytest.mark.parametrize(
    ("rates", "field"),
    [
        ([], "versions"),
        ([(JULY, 1), (JULY, 2)], "versions"),
        ([(None, 0.05)], "ratio"),
        ([(None, Decimal("-0.05"))], "ratio"),
    ],
)
def test_bad_rates(rates, field):
    """There is a rate, days ascend, and no rate is negative or a float."""
    with pytest.raises(InvalidValue) as caught:
        yearly(*rates)
    assert caught.value.field == field


def test_a_balance_that_stays_the_same_begins_no_stretch():
    """Begun months over 30 days are one month, also where the history has a day on which nothing changed."""
    rule = OverBalance("unpaid", PerUnit(Days().periods(30, Counting.START), cny("10")))
    once = ((date(2026, 1, 1), cny("1000")),)
    twice = (*once, (date(2026, 1, 15), cny("1000")))
    for history in (once, twice):
        facts = owed(history, date(2026, 1, 1), date(2026, 1, 31))
        assert evaluate(rule, facts).money == cny("10")
        assert compiled(rule)(due=date(2026, 1, 1), end=date(2026, 1, 31), unpaid=history) == cny("10")


@pytest.mark.parametrize(
    "make",
    [
        lambda inner: OverBalance("unpaid", inner, after="ordered_by"),
        lambda inner: Segmented("ordered_by", "end", ((None, inner),)),
    ],
)
def test_what_is_counted_from_one_end_only_is_refused_in_stretches(make):
    """Days from another fact to the end of the span would be counted again in every stretch."""
    with pytest.raises(InvalidValue, match="between due and end"):
        make(PerUnit(Days(), cny("1")))
    make(PerUnit(Days(after="ordered_by"), cny("1")))
    make(PerUnit(Days(after="lent", through="returned"), cny("1")))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Days(after="due", through="due"),
        lambda: Segmented("due", "due", ((None, ONE),)),
        lambda: OverBalance("unpaid", ONE, after="end", through="end"),
    ],
)
def test_a_span_from_a_fact_to_itself_is_refused(make):
    """It would be nothing for ever."""
    with pytest.raises(InvalidValue, match="another fact") as caught:
        make()
    assert caught.value.field == "through"


def test_only_the_versions_that_are_met_ask_for_facts():
    """A version of 2030 that reads the price asks for none in 2026; a version pinned within a stretch does."""
    later = PerUnit(Days(), cny("1")).at_most(Given("price", "CNY"))
    rule = Segmented("due", "end", ((None, PerUnit(Days(), cny("1"))), (date(2030, 1, 1), later)))
    days = {"due": date(2026, 3, 1), "end": date(2026, 3, 5)}
    assert missing(rule, Facts(days=days)) == {}
    late = Facts(days={"due": date(2029, 12, 30), "end": date(2030, 1, 5)})
    assert missing(rule, late) == {"price": FactKind.AMOUNT}

    unpaid = OverBalance("unpaid", Given("unpaid", "CNY"))
    facts = Facts(days=days, histories={"unpaid": ((date(2026, 1, 1), cny("5")),)})
    assert missing(unpaid, facts) == {}
    pinned = AsOf("due", ((None, Given("old", "CNY")), (date(2026, 3, 3), Given("new", "CNY"))))
    both = Segmented("due", "end", ((None, pinned), (date(2026, 3, 4), pinned)))
    assert set(missing(both, Facts(days=days))) == {"old", "new"}


def test_one_day_has_one_name():
    """The same fact cannot begin two versions."""
    with pytest.raises(InvalidValue, match=r"^versions"):
        Segmented("due", "end", ((None, ONE), ("recalled_on", ONE), ("recalled_on", ONE)))


SPAN_DAYS = PerUnit(Days(), cny("1"))


@pytest.mark.parametrize(
    "rule",
    [
        SPAN_DAYS,
        Zero("CNY"),
        Gap("CNY"),
        Zero("CNY") + Gap("CNY"),
        SPAN_DAYS.under(Clause("X-1")).percent(1),
        SPAN_DAYS + SPAN_DAYS + Zero("CNY"),
        SPAN_DAYS.when("flag"),
        SPAN_DAYS * 2,
        Zero("CNY") * Days(),
        Given("price", "CNY") * Days(),
        PerUnit(Days() * Count("volumes", "volume"), cny("1")),
        PerUnit((Days() + Days()).converted(24, "hour"), cny("1")),
        Given("price", "CNY").percent(1) * DayCount(DayCountConvention.ACT_365F),
        AsOf("checkout", ((None, SPAN_DAYS),)),
        Segmented("due", "end", ((None, SPAN_DAYS), (JULY, Zero("CNY")))),
        OverBalance("unpaid", Given("unpaid", "CNY") * Days()),
    ],
)
def test_what_adds_up(rule):
    """Rates for each day do, however they are scaled, chosen, cited and added; so does nothing at all."""
    assert adds_up(rule, "due", "end")


@pytest.mark.parametrize(
    "rule",
    [
        ONE,
        Given("price", "CNY"),
        SPAN_DAYS + ONE,
        SPAN_DAYS.when("flag", otherwise=ONE),
        SPAN_DAYS.at_most(cny("8")),
        SPAN_DAYS.rounded(Rounding.UP),
        SPAN_DAYS * Days(),
        PerUnit(Days().deduct(Fixed(2, "day")), cny("1")),
        PerUnit(Days().periods(7, Counting.START), cny("1")),
        PerUnit(Months(Rounding.UP, EndOfMonth.CLAMP), cny("1")),
        PerUnit(Months(Rounding.UP, EndOfMonth.CLAMP, after="lent", through="returned"), cny("1")),
        PerUnit(Days(after="lent", through="returned"), cny("1")),
        PerUnit(Days(after="lent"), cny("1")),
        Tiered(Days(), (Bracket(0, None, cny("1")),), Tiering.GRADUATED),
        AsOf("due", ((None, SPAN_DAYS),)),
        SPAN_DAYS.at_most(Given("price", "CNY")).less(ONE),
        Given("price", "CNY").at_most(ONE) * Count("volumes", "volume"),
        Given("price", "CNY").percent(1) * DayCount(DayCountConvention.U30_360),
        Segmented("due", "end", ((None, SPAN_DAYS), ("end", SPAN_DAYS))),
        OverBalance("unpaid", Given("unpaid", "CNY")),
        Segmented("lent", "returned", ((None, PerUnit(Days(after="lent", through="returned"), cny("1"))),)),
    ],
)
def test_what_does_not_add_up(rule):
    """A flat amount, a cap, a grace, brackets, periods, months: in two parts they cost something else."""
    assert not adds_up(rule, "due", "end")
