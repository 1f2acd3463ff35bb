"""What all commands of the core have in common, whatever each of them says."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from servflow import core
from servflow.core.changes import Command
from servflow.core.errors import InvalidValue

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def commands(kind: type[Command] = Command) -> Iterator[type[Command]]:
    """All that the core has; of a class with slots there may still be the one that it was made from."""
    for each in kind.__subclasses__():
        yield from commands(each)
        found = vars(sys.modules[each.__module__]).get(each.__name__)
        if found is each and each.__module__.startswith("servflow.core."):
            yield each


for module in pkgutil.walk_packages(core.__path__, "servflow.core."):
    importlib.import_module(module.name)
WITH_CHECKS = sorted(
    {each for each in commands() if "__post_init__" in vars(each)},
    key=lambda kind: (kind.__module__, kind.__qualname__),
)


@pytest.mark.parametrize("kind", WITH_CHECKS, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_a_command_checks_its_envelope_before_what_it_says(kind: type[Command]) -> None:
    """One with checks of its own, too, refuses an empty id, an empty case, a time without a zone."""
    bare = object.__new__(kind)
    for field, wrong, right in (
        ("id", "", "c-1"),
        ("case", " ", "case-1"),
        ("happened_at", NOON.replace(tzinfo=None), NOON),
        ("recorded_at", NOON.replace(tzinfo=None), NOON),
    ):
        object.__setattr__(bare, field, wrong)
        with pytest.raises(InvalidValue) as error:
            bare.__post_init__()
        assert error.value.field == field
        object.__setattr__(bare, field, right)
