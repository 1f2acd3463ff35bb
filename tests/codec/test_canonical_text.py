"""Plain data has one text, and nothing else gets into it."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.codec import canonical, read
from servflow.core.errors import InvalidValue

texts = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | texts,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(texts, parts, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_plain_data_comes_back_from_its_text(document):
    """Reading the text of plain data gives that data, and the text of that is the same."""
    text = canonical(document)
    assert read(text) == document
    assert read(text.encode()) == document
    assert canonical(read(text)) == text


def test_the_text_is_short_sorted_and_readable():
    """Keys are sorted, there are no spaces, and Chinese stays Chinese."""
    assert canonical({"b": [1, None, True], "a": "借书"}) == '{"a":"借书","b":[1,null,true]}'


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        float("inf"),
        Decimal(1),
        {1, 2},
        (1, 2),
        b"x",
        Number.ONE,
        {1: "x"},
        {None: 1},
        [{"a": 1.0}],
    ],
    ids=repr,
)
def test_what_is_not_plain_data_has_no_text(value):
    """Floats, sets, tuples, enums and keys that are no texts are refused, however deep they lie."""
    with pytest.raises(InvalidValue):
        canonical({"a": [value]})


def test_half_a_character_has_no_text():
    """Half of a surrogate pair could not be stored; it is refused before anybody tries."""
    with pytest.raises(InvalidValue, match="Unicode"):
        canonical({"a": "\ud800"})


@pytest.mark.parametrize(
    "text",
    [
        "1.5",
        '{"a": [1e3]}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "{",
        "",
        '{"a": 1, "a": 2}',
        "1" * 5000,
        "[" * 100_000,
        b"\xff",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_not_exact_json_is_not_read(text):
    """Fractions, NaN, doubled keys, broken or endless JSON: one clear error each."""
    with pytest.raises(InvalidValue) as refused:
        read(text)
    assert refused.value.field == "document"
