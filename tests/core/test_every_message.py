"""What the rooms of the core tell: each lists all the kinds of its messages."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from servflow import core

MODULES = [
    module.name
    for module in pkgutil.walk_packages(core.__path__, "servflow.core.")
    if module.name.endswith(".messages")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_lists_of_a_module_hold_each_of_its_kinds_once(name: str) -> None:
    """What a host asks them for, such as a wording for each kind, is asked for no fewer than there are."""
    module = importlib.import_module(name)
    public = {each: getattr(module, each) for each in module.__all__}
    kinds = [value for value in public.values() if isinstance(value, str)]
    listed = [kind for each, value in public.items() if each.endswith("_MESSAGES") for kind in value]

    assert sorted(listed) == sorted(kinds)
    assert len(set(kinds)) == len(kinds)
