"""What staff have to look at (待处理事项): reasons on an aggregate, each once.

Until somebody has seen to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from servflow.core.citations import Plain, Reason

__all__ = ["Attending", "attend", "raised", "seen_to"]


class Attending(Protocol):
    """An aggregate with a list of what staff have to look at."""

    @property
    def attention(self) -> tuple[Reason, ...]:
        """The reasons for which they do."""
        ...


A = TypeVar("A", bound=Attending)


def raised(before: tuple[Reason, ...], code: str, *facts: tuple[str, Plain]) -> tuple[Reason, ...]:
    """The list ``before`` with one reason more; one of the same code and facts counts once."""
    reason = Reason(code, None, facts)
    return before if reason in before else (*before, reason)


def attend(it: A, code: str, *facts: tuple[str, Plain]) -> A:
    """``it`` with one more reason for staff to look at it."""
    after = raised(it.attention, code, *facts)
    return it if after is it.attention else _with(it, after)


def seen_to(it: A, code: str) -> A:
    """``it`` without the reasons of this code."""
    left = tuple(reason for reason in it.attention if reason.code != code)
    return it if left == it.attention else _with(it, left)


def _with(it: Any, attention: tuple[Reason, ...]) -> Any:
    return replace(it, attention=attention)
