"""What values refuse when they are made."""

from __future__ import annotations

from typing import Any

import pytest

from servflow.core.checks import check_above_nothing, check_id, check_not_negative, check_said, each_once
from servflow.core.errors import InvalidValue
from servflow.core.money import Money

NOTHING, SOME, LESS = Money("0", "CNY"), Money("0.01", "CNY"), Money("-0.01", "CNY")


@pytest.mark.parametrize("text", ["", "  \n", None, 7])
def test_a_text_says_something(text: Any) -> None:
    """White space says nothing, and what is no text is none."""
    check_said("note", " 是 ")
    with pytest.raises(InvalidValue, match="note"):
        check_said("note", text)


@pytest.mark.parametrize("text", [" a", "a  b", "a\nb", "a\x07b", "a" * 201])
def test_an_id_is_one_short_line(text: str) -> None:
    """It is told to others as it is: 200 characters, single spaces inside."""
    check_id("id", "a b" + "c" * 197)
    with pytest.raises(InvalidValue, match="id"):
        check_id("id", text)


@pytest.mark.parametrize("amount", [NOTHING, LESS, None, 5])
def test_an_amount_above_nothing(amount: Any) -> None:
    """The smallest unit is enough, nothing is not."""
    check_above_nothing("amount", SOME)
    with pytest.raises(InvalidValue, match="above zero"):
        check_above_nothing("amount", amount)


@pytest.mark.parametrize("amount", [LESS, 5])
def test_an_amount_that_is_not_negative(amount: Any) -> None:
    """Nothing is fine, and so is that none was said."""
    check_not_negative("amount", NOTHING)
    check_not_negative("amount", None)
    with pytest.raises(InvalidValue, match="zero or more"):
        check_not_negative("amount", amount)


@pytest.mark.parametrize(
    ("values", "least", "expected"),
    [
        (("a", "a"), 0, "each value once, none empty"),
        (("a", ""), 0, "each value once, none empty"),
        ((), 1, "each value once, none empty, and at least one"),
    ],
)
def test_each_once(values: tuple[str, ...], least: int, expected: str) -> None:
    """What comes twice, is empty, or is lacking, is refused with all that was there."""
    each_once("items", (), least=0)
    each_once("items", ("a", "b", NOTHING), least=1)
    with pytest.raises(InvalidValue) as refused:
        each_once("items", values, least=least)
    assert refused.value.expected == expected
