"""For all tests: a rulebook can be disturbed (``make bite``); a PostgreSQL server runs if it is asked for."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from postgres import Server, served

from servflow.core.errors import Problem
from servflow.rulebooks import _load

# a busy machine is not a defect
settings.register_profile("servflow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# where a change is judged, the same examples every time, and a quarter as many; new ones are looked for at home
settings.register_profile("ci", settings.get_profile("servflow"), derandomize=True, max_examples=25)
settings.load_profile("ci" if os.environ.get("CI") else "servflow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--disturb",
        action="append",
        default=[],
        metavar="RULEBOOK:RULE=VALUE",
        help="read a shipped rulebook with another value, in TOML, for one rule; the word gap for none;"
        " for the rule `calendar`, the hours of its week",
    )


def pytest_configure(config: pytest.Config) -> None:
    for disturbance in config.getoption("--disturb"):
        place, _, value = disturbance.partition("=")
        name, _, rule = place.partition(":")
        _disturb(name, rule, value)
        if problems := _load.check(name):
            raise pytest.UsageError(f"--disturb {disturbance}: {problems[0]}")


def _disturb(name: str, rule: str, written: str) -> None:
    read = _load.document
    if rule != "calendar" and rule not in _load.load(name).rules:
        raise pytest.UsageError(f"--disturb: {name} has no rule {rule}")
    said = {"gap": True} if written == "gap" else tomllib.loads(f"is = {written}", parse_float=Decimal)

    def document(source: str | Path) -> dict[str, Any] | Problem:
        tables = read(source)
        if source == name and isinstance(tables, dict) and rule == "calendar":
            tables["calendar"]["weekly"] = said["is"]
        elif source == name and isinstance(tables, dict):
            rule_table = tables["rules"][rule]
            values = rule_table["values"]
            rule_table["values"] = [{k: v for k, v in each.items() if k != "is"} | said for each in values]
        return tables

    _load.document = document


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for all tests that ask for it."""
    with served() as server:
        yield server
