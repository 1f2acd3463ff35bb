"""What a value refuses when it is made: a text that says nothing, an amount below zero, a thing twice."""

from __future__ import annotations

from servflow.core.errors import InvalidValue
from servflow.core.money import Money

__all__ = ["check_above_nothing", "check_id", "check_not_negative", "check_said", "each_once"]

_LONGEST_ID = 200


def check_said(name: str, text: str) -> None:
    """Refuse a text that says nothing.

    Raises:
        InvalidValue: it is none, or empty.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidValue(name, text, "a text that is not empty")


def check_id(name: str, text: str) -> None:
    """Refuse an id that cannot be told to others as it is.

    Raises:
        InvalidValue: it has white space around it, or several spaces in a row, line breaks or other control
            characters, or more than 200 characters: others have room for 250, and more is added to it.
    """
    if text != " ".join(text.split()) or not text.isprintable() or len(text) > _LONGEST_ID:
        expected = f"one line of at most {_LONGEST_ID} characters, without spaces around or in a row"
        raise InvalidValue(name, text, expected)


def check_above_nothing(name: str, amount: Money) -> None:
    """Refuse an amount that is not above zero.

    Raises:
        InvalidValue: it is zero or less, or no amount.
    """
    if not isinstance(amount, Money) or amount.minor <= 0:
        raise InvalidValue(name, str(amount), "an amount above zero")


def check_not_negative(name: str, amount: Money | None) -> None:
    """Refuse an amount below zero; None is fine.

    Raises:
        InvalidValue: it is below zero, or no amount.
    """
    if amount is not None and (not isinstance(amount, Money) or amount.minor < 0):
        raise InvalidValue(name, str(amount), "an amount of zero or more")


def each_once(name: str, values: tuple[object, ...], *, least: int = 0) -> None:
    """Refuse values that are empty, come twice, or are fewer than ``least``.

    Raises:
        InvalidValue: they are; all of them are shown.
    """
    if len(set(values)) < len(values) or len(values) < least or "" in values:
        written = [getattr(each, "value", each if isinstance(each, str) else str(each)) for each in values]
        expected = "each value once, none empty" + ", and at least one" * bool(least)
        raise InvalidValue(name, written, expected)
