"""What a value of the core says where nothing was said.

A record that was stored before one of its fields existed is read with the default of that field.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from inspect import isclass

from servflow import core

UP = {
    "BorrowingFacts.requestable",
    "CentreFacts.base_collection",
    "CentreFacts.requestable",
    "FilingFacts.requestable",
    "HearShipped.renewable",
    "LendingFacts.base_collection",
    "Warranty.transferable",
}
ONE = {
    "Book.next",
    "Bracket.per",
    "Claim.quantity",
    "Holding.capacity",
    "PerUnit.per",
    "Purchase.quantity",
    "RefundCustomer.quantity",
    "Rounded.step",
    "RoundedQuantity.step",
    "TakeNumbers.count",
}


def defaults() -> Iterator[tuple[str, object]]:
    """Of every dataclass of the core the fields that have one."""
    for module in pkgutil.walk_packages(core.__path__, "servflow.core."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            if isclass(kind) and kind.__module__ == module.name and dataclasses.is_dataclass(kind):
                for field in dataclasses.fields(kind):
                    yield f"{name}.{field.name}", field.default


def test_a_flag_is_down_unless_it_is_said() -> None:
    """But for what nearly everything is, so that one says where it is not."""
    flags = {(name, said) for name, said in defaults() if isinstance(said, bool)}

    assert {name for name, said in flags if said} == UP
    assert len(flags) > len(UP)


def test_a_count_is_nothing_unless_it_is_said() -> None:
    """But for those of things of which there is always one, and of what is divided by."""
    counts = {(name, said) for name, said in defaults() if type(said) is int}

    assert {each for each in counts if each[1]} == {(name, 1) for name in ONE}
    assert len(counts) > len(ONE)
