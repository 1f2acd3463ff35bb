"""Rules and measures as trees: walked, and made anew with something in them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, TypeVar

from servflow.core.fees import AsOf, Bracket, Rounded, Rule, Segmented, Under
from servflow.core.fees.expressions import Expression
from servflow.core.fees.measures import OpenDays, OpenMinutes

E = TypeVar("E", bound=Expression)


def nodes(expression: Expression) -> Iterator[Expression]:
    """The expression and all that it is made of, from the top down."""
    yield expression
    for part in expression.parts:
        yield from nodes(part)


def bare(rule: Rule) -> Rule:
    """The rule without the roundings and clauses around it."""
    while isinstance(rule, (Under, Rounded)):
        rule = rule.rule
    return rule


def rebuilt(expression: E, change: Callable[[Any], Any]) -> E:
    """The tree made anew, each value in it being what ``change`` makes of it, from the inside out.

    ``change`` is asked for every form, and for everything a form or a bracket holds.
    """

    def made(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(made, value))
        if isinstance(value, (Expression, Bracket)) and is_dataclass(value):
            held = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
            anew = {name: made(each) for name, each in held.items()}
            if any(anew[name] is not each for name, each in held.items()):
                value = replace(value, **anew)
        return change(value)

    result: E = made(expression)
    return result


def calendars_in(expression: Expression) -> tuple[Any, ...]:
    """Every calendar that is asked, in the order in which it is."""
    return tuple(node.calendar for node in nodes(expression) if isinstance(node, (OpenDays, OpenMinutes)))


def starts_in(expression: Expression) -> tuple[date | str | None, ...]:
    """From when each version begins, of every rule in it that has versions."""
    dated = (node for node in nodes(expression) if isinstance(node, (AsOf, Segmented)))
    return tuple(start for node in dated for start, _ in node.versions)


def spans_in(expression: Expression) -> tuple[tuple[str, str], ...]:
    """Every span that something in it is measured over or charged for, as two facts, each once."""
    spanned: Any = [node for node in nodes(expression) if hasattr(node, "through")]
    return tuple(dict.fromkeys((node.after, node.through) for node in spanned))
