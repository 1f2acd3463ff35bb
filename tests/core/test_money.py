"""Money: exact, one currency, rounded where a rounding is named."""

from __future__ import annotations

import decimal
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.errors import CurrencyMismatch, InvalidValue
from servflow.core.money import Money, Rounding, minor_digits, rounded, total

CURRENCIES = {"CNY": 2, "JPY": 0, "KWD": 3, "CLF": 4}

# --- currencies


@pytest.mark.parametrize(("currency", "digits"), [*CURRENCIES.items(), ("EUR", 2), ("BIF", 0), ("BHD", 3)])
def test_minor_digits_are_those_of_iso_4217(currency, digits):
    """The yuan has two decimals, the yen none, the dinar three, the unidad de fomento four."""
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    "currency", ["", "CN", "CNYY", "cny", "Cny", "A1B", "A B", "CNY\n", "元元元", "ÄÖÜ", None, 3]
)
def test_a_currency_is_three_capital_letters(currency):
    """Anything else is refused, wherever a currency is given."""
    for call in (
        lambda: minor_digits(currency),
        lambda: Money(1, currency),
        lambda: Money.of_minor(1, currency),
        lambda: total([], currency),
        lambda: rounded(Fraction(1), currency, Rounding.DOWN),
    ):
        with pytest.raises(InvalidValue, match=r"^currency: found .*three capital letters") as caught:
            call()
        assert caught.value.found == currency


# --- amounts


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("22.50", "CNY", 2250),
        ("22.5", "CNY", 2250),
        ("22.5000", "CNY", 2250),
        (20, "CNY", 2000),
        (Decimal("0.01"), "CNY", 1),
        ("-3.05", "CNY", -305),
        ("-0.00", "CNY", 0),
        ("2E+1", "CNY", 2000),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("9" * 30, "JPY", int("9" * 30)),
        ("1" + "." + "0" * 30, "CNY", 100),
    ],
)
def test_an_amount_is_taken_exactly(amount, currency, minor):
    """Ints, texts and decimals become whole minor units, nothing lost."""
    assert Money(amount, currency).minor == minor


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (22.5, "an int, a Decimal or a text; never a float"),
        (True, "an int, a Decimal or a text; never a float"),
        (Fraction(1, 2), "an int, a Decimal or a text; never a float"),
        (None, "an int, a Decimal or a text; never a float"),
        ("twenty", "a decimal number such as 22.50"),
        ("", "a decimal number such as 22.50"),
        ("NaN", "a finite number"),
        ("sNaN", "a finite number"),
        ("Infinity", "a finite number"),
        (Decimal("-Infinity"), "a finite number"),
        ("0.001", "at most 2 decimals for CNY"),
        ("1" + "0" * 30, "at most 30 digits on each side of the point"),
        ("1e999999999", "at most 30 digits on each side of the point"),
        ("1e-999999999", "at most 30 digits on each side of the point"),
        ("1." + "0" * 31, "at most 30 digits on each side of the point"),
    ],
)
def test_an_amount_that_is_none_is_refused(amount, expected):
    """No float, no bool, no NaN, no fraction of a cent, and no number that would eat the memory."""
    with pytest.raises(InvalidValue) as caught:
        Money(amount, "CNY")
    assert (caught.value.field, caught.value.expected) == ("amount", expected)


def test_the_ambient_decimal_context_changes_nothing():
    """A program that works with three digits and no traps gets the same amounts and the same refusals."""
    with decimal.localcontext(decimal.Context(prec=3, traps=[])):
        assert Money("123456789.01", "CNY").minor == 12345678901
        assert str(Money("123456789.01", "CNY")) == "CNY 123456789.01"
        with pytest.raises(InvalidValue, match="a finite number"):
            Money("twenty", "CNY")


@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1), Fraction(1)])
def test_minor_units_are_whole(minor):
    """Minor units are an int and nothing that looks like one."""
    with pytest.raises(InvalidValue, match=r"^minor: found .*a whole number of minor units"):
        Money.of_minor(minor, "CNY")


@given(st.integers(), st.sampled_from(sorted(CURRENCIES)))
def test_an_amount_comes_back_as_it_was(minor, currency):
    """Minor units, the amount in decimals, its text, and a pickle all give the same money."""
    money = Money.of_minor(minor, currency)
    assert money.minor == minor
    assert money.amount.as_tuple().exponent == -CURRENCIES[currency]
    assert money.amount == Fraction(minor, 10 ** CURRENCIES[currency])
    assert pickle.loads(pickle.dumps(money)) == money
    if abs(minor) < 10**26:
        assert Money(money.amount, currency) == Money(str(money.amount), currency) == money


def test_money_is_shown_with_all_its_decimals():
    """Twenty yuan are CNY 20.00; nothing owed has no minus sign."""
    assert str(Money(20, "CNY")) == "CNY 20.00"
    assert str(Money.of_minor(-5, "CNY")) == "CNY -0.05"
    assert str(-Money(0, "CNY")) == "CNY 0.00"
    assert str(Money(500, "JPY")) == "JPY 500"
    assert repr(Money("2.5", "CNY")) == "Money('2.50', 'CNY')"


def test_money_cannot_be_changed():
    """Neither part of an amount can be set or deleted."""
    money = Money(1, "CNY")
    for name in ("minor", "currency", "note"):
        with pytest.raises(AttributeError, match=f"^Money is immutable; {name} cannot be set$"):
            setattr(money, name, 2)
        with pytest.raises(AttributeError, match=f"^Money is immutable; {name} cannot be deleted$"):
            delattr(money, name)
    assert money == Money(1, "CNY")


# --- arithmetic and order

minors = st.integers(-(10**12), 10**12)


@given(minors, minors, st.integers(-1000, 1000))
def test_money_adds_up(one, other, times):
    """Sums, differences, multiples and signs are those of the minor units."""
    a, b = Money.of_minor(one, "CNY"), Money.of_minor(other, "CNY")
    assert (a + b).minor == one + other
    assert (a - b).minor == one - other
    assert (a * times).minor == (times * a).minor == one * times
    assert (-a).minor == -one
    assert abs(a).minor == abs(one)
    assert bool(a) is bool(one)
    assert total([a, b, a], "CNY").minor == one + other + one
    assert {(a + b).currency, (a - b).currency, (a * times).currency, (-a).currency, abs(a).currency} == {
        "CNY"
    }


@given(minors, minors)
def test_money_is_ordered_as_its_minor_units(one, other):
    """All six comparisons follow the minor units, and equal amounts have one hash."""
    a, b = Money.of_minor(one, "CNY"), Money.of_minor(other, "CNY")
    assert [a < b, a <= b, a > b, a >= b, a == b, a != b] == [
        one < other,
        one <= other,
        one > other,
        one >= other,
        one == other,
        one != other,
    ]
    assert hash(a) == hash(Money.of_minor(one, "CNY"))


def test_equal_amounts_of_two_currencies_are_not_equal():
    """A yuan is not a dollar, nor the number one."""
    assert Money(1, "CNY") != Money(1, "USD")
    assert len({Money(1, "CNY"), Money(1, "USD"), Money("1.00", "CNY")}) == 2
    assert Money(1, "CNY") != 1
    assert Money(0, "CNY") != 0


def test_two_currencies_never_meet():
    """Sum, difference, order and total of two currencies are refused, naming both."""
    yuan, dollar = Money(1, "CNY"), Money(1, "USD")
    for call in (
        lambda: yuan + dollar,
        lambda: yuan - dollar,
        lambda: yuan < dollar,
        lambda: yuan <= dollar,
        lambda: dollar > yuan,
        lambda: dollar >= yuan,
        lambda: total([yuan, dollar], "CNY"),
        lambda: total([dollar], "CNY"),
    ):
        with pytest.raises(CurrencyMismatch) as caught:
            call()
        assert {caught.value.one, caught.value.other} == {"CNY", "USD"}


@pytest.mark.parametrize("other", [1, 1.0, "1", Decimal(1), None])
def test_money_meets_only_money(other):
    """Money and a bare number have no sum, no difference and no order, from either side."""
    money = Money(1, "CNY")
    for call in (
        lambda: money + other,
        lambda: other + money,
        lambda: money - other,
        lambda: other - money,
        lambda: money < other,
        lambda: other < money,
        lambda: money <= other,
        lambda: money > other,
        lambda: other > money,
        lambda: money >= other,
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("times", [1.5, True, Decimal(2), Fraction(1, 2), Money(1, "CNY")])
def test_money_is_multiplied_by_whole_numbers_only(times):
    """A rate is applied to exact minor units and rounded by name; it never multiplies money."""
    with pytest.raises(TypeError):
        Money(1, "CNY") * times
    with pytest.raises(TypeError):
        times * Money(1, "CNY")


def test_nothing_adds_up_to_nothing():
    """The total of no amounts is nothing of the currency asked for."""
    assert total([], "JPY") == Money(0, "JPY")
    assert total(iter([Money(1, "JPY")]), "JPY") == Money(1, "JPY")


# --- rounding


@pytest.mark.parametrize(
    ("mode", "results"),
    [
        #                -2.5 -1.5 -1.2 -0.5  0  0.5 1.2 1.5 1.7 2.5 3.5
        (Rounding.HALF_UP, [-3, -2, -1, -1, 0, 1, 1, 2, 2, 3, 4]),
        (Rounding.HALF_EVEN, [-2, -2, -1, 0, 0, 0, 1, 2, 2, 2, 4]),
        (Rounding.UP, [-3, -2, -2, -1, 0, 1, 2, 2, 2, 3, 4]),
        (Rounding.DOWN, [-2, -1, -1, 0, 0, 0, 1, 1, 1, 2, 3]),
    ],
)
def test_each_rounding_by_its_own_table(mode, results):
    """Half-way cases, both signs, whole numbers: each mode does what its name says."""
    exact = [
        Fraction(text)
        for text in ["-2.5", "-1.5", "-1.2", "-0.5", "0", "0.5", "1.2", "1.5", "1.7", "2.5", "3.5"]
    ]
    assert [mode.whole(value) for value in exact] == results
    assert [rounded(value, "CNY", mode).minor for value in exact] == results


def test_a_third_of_a_cent_beside_the_half():
    """Just under half a cent falls, just over it rises, in both half modes."""
    under, over = Fraction(1, 2) - Fraction(1, 10**40), Fraction(1, 2) + Fraction(1, 10**40)
    for mode in (Rounding.HALF_UP, Rounding.HALF_EVEN):
        assert (mode.whole(under), mode.whole(over), mode.whole(-under), mode.whole(-over)) == (0, 1, 0, -1)


def test_rounding_to_a_step():
    """To five cents: 12 and a half cents rise to 15 half up, fall to 10 half even; 12 fall in both."""
    assert rounded(Fraction(25, 2), "CNY", Rounding.HALF_UP, step=5) == Money("0.15", "CNY")
    assert rounded(Fraction(25, 2), "CNY", Rounding.HALF_EVEN, step=5) == Money("0.10", "CNY")
    assert rounded(Fraction(12), "CNY", Rounding.HALF_UP, step=5) == Money("0.10", "CNY")
    assert rounded(Fraction(1), "CNY", Rounding.UP, step=100) == Money("1.00", "CNY")


@pytest.mark.parametrize("step", [0, -1, 1.5, "5"])
def test_a_step_is_at_least_one_minor_unit(step):
    """Nothing is rounded to steps of nothing, or of half a cent."""
    with pytest.raises(InvalidValue, match=r"^step: found .*at least one minor unit"):
        rounded(Fraction(1), "CNY", Rounding.UP, step=step)


@pytest.mark.parametrize("exact", [13.5, float("nan"), Decimal("13.5"), "13.5"])
def test_only_exact_numbers_are_rounded(exact):
    """A float never gets in on the way to a rounding either, nor a decimal of the ambient context."""
    with pytest.raises(InvalidValue, match=r"^exact: found .*never a float"):
        rounded(exact, "CNY", Rounding.HALF_UP)


fractions = st.fractions(-(10**9), 10**9)
modes = st.sampled_from(Rounding)
steps = st.integers(1, 100)


@given(fractions, modes, steps)
def test_a_rounding_stays_within_its_step(exact, mode, step):
    """Half modes stay within half a step, directed ones within one; the result is a multiple; once is enough."""
    result = rounded(exact, "CNY", mode, step=step)
    distance = abs(result.minor - exact)
    half = mode in (Rounding.HALF_UP, Rounding.HALF_EVEN)
    assert distance <= Fraction(step, 2) if half else distance < step
    assert result.minor % step == 0
    assert rounded(Fraction(result.minor), "CNY", mode, step=step) == result
    assert mode is not Rounding.DOWN or abs(result.minor) <= abs(exact)
    assert mode is not Rounding.UP or abs(result.minor) >= abs(exact)


@given(fractions, fractions, modes, steps)
def test_rounding_keeps_the_order_and_the_sign(one, other, mode, step):
    """The larger exact value never rounds below the smaller; the negative rounds to the negative."""
    low, high = sorted((one, other))
    assert rounded(low, "CNY", mode, step=step) <= rounded(high, "CNY", mode, step=step)
    assert rounded(-one, "CNY", mode, step=step) == -rounded(one, "CNY", mode, step=step)


# --- made by the thousand


def test_a_maker_makes_amounts_of_one_currency():
    """A maker gives the same amounts as ``of_minor``, without a look at each."""
    for currency in CURRENCIES:
        make = Money.maker(currency)
        for minor in (0, 1, -2250, 10**40):
            assert make(minor) == Money.of_minor(minor, currency)
            assert type(make(minor)) is Money


def test_a_maker_of_no_currency_is_refused():
    """The currency is looked at once, when the maker is made."""
    with pytest.raises(InvalidValue, match=r"^currency: found 'yuan', expected a code of three"):
        Money.maker("yuan")
