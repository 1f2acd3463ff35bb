"""What other systems' own tests expect of fees, as the algebra gives it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest
from fee_translators import TRANSLATORS, differences

from servflow.core.errors import InvalidValue

_HERE: Final = Path(__file__).parent
_PAGE: Final = _HERE.parents[1] / "docs" / "peers-fees.md"
_CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    case["id"]: case for case in json.loads((_HERE / "fees.json").read_text(encoding="utf-8"))["vectors"]
}

DIFFERENT: Final = MappingProxyType(
    {
        "folio-open-005": "opening hours that end before they begin are refused; there they silently count as none",
        "folio-grace-061": "a grace in an unknown unit is refused; there it silently becomes a grace of 0",
    }
)
"""Cases in which we mean to differ, each with its reason; docs/peers-fees.md says the same."""

_REFUSALS: Final = (InvalidValue, TypeError)


def _wrong(case: Mapping[str, Any]) -> list[str]:
    return differences(case["expected"], TRANSLATORS[case["kind"]](case["inputs"]))


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page, without its head."""
    _, _, below = _PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    lines = re.split(r"^## ", below, flags=re.MULTILINE)[0].splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("id", [id for id in _CASES if id not in DIFFERENT])
def test_agrees_with_the_peer(id: str) -> None:
    """The algebra gives what the peer's own test expects."""
    case = _CASES[id]
    assert case["kind"] in TRANSLATORS, "each kind has a translator"
    assert _wrong(case) == []


@pytest.mark.parametrize("id", DIFFERENT)
def test_really_differs(id: str) -> None:
    """Where we mean to differ from the peer, we do: the case is refused, or comes to something else."""
    try:
        wrong = _wrong(_CASES[id])
    except _REFUSALS:
        return
    assert wrong


def test_few_differ() -> None:
    """At most one case in twenty differs."""
    assert len(DIFFERENT) * 20 <= len(_CASES)


def test_tables_name_what_there_is() -> None:
    """Every difference is a case, every kind is translated, and each translator is used."""
    kinds = {case["kind"] for case in _CASES.values()}
    assert set(DIFFERENT) <= set(_CASES)
    assert set(TRANSLATORS) == kinds


def test_page_names_the_differences() -> None:
    """docs/peers-fees.md lists exactly the cases that differ, with the same reasons."""
    assert {row[0]: row[1] for row in _rows("Where we differ")} == dict(DIFFERENT)


def test_page_counts_the_cases() -> None:
    """docs/peers-fees.md says how many cases of each kind there are, and from which projects."""
    kinds = Counter(case["kind"] for case in _CASES.values())
    projects = Counter(case["source"]["repo"] for case in _CASES.values())
    assert {row[0]: int(row[1]) for row in _rows("By kind")} == dict(kinds)
    assert {row[0]: int(row[1]) for row in _rows("From which projects")} == dict(projects)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"amount": "1.00"}, {"amount": 2}),
        ({"amount": "1.00"}, {}),
        ({"value": "0.00"}, {"value": "-0.00"}),
        ({"valid": True}, {"valid": 1}),
        ({"credit": None}, {"credit": 0}),
        ({"parts": ["1", "2"]}, {"parts": [1]}),
        ({"item": {"status": "Open"}}, {"item": {"status": "Closed"}}),
        ({"fraction": "0.5", "tolerance": "1e-10"}, {"fraction": 1}),
    ],
)
def test_comparison_can_fail(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """An outcome that is not the expected one is seen."""
    assert differences(expected, found)
