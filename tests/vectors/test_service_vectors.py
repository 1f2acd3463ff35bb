"""What other systems' own tests expect of service clocks, working time and terms, as the core gives it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest
from service_translators import TRANSLATORS, differences

from servflow.core.errors import InvalidValue

_HERE: Final = Path(__file__).parent
_PAGE: Final = _HERE.parents[1] / "docs" / "peers-service.md"
_DOCUMENTS: Final = [
    json.loads((_HERE / name).read_text(encoding="utf-8"))
    for name in ("service-clocks-and-terms.json", "service-more.json")
]
_CALENDARS: Final[Mapping[str, Any]] = {
    name: spec for document in _DOCUMENTS for name, spec in document["calendars"].items()
}

LEFT_OUT: Final = MappingProxyType(
    {
        "membership_term (fixed)": "terms that begin on a fixed day, with a rollover",
        "membership_status": "words for where a member stands",
        "membership_status_rule": "words for where a member stands, by an order of rules",
        "prorate": "a part of the dues for a part of a term",
        "next_aligned_date": "dates moved to the begin of a week, month or year",
        "extend_static": "an end on a fixed day of the year",
        "extend_grace": "an end on a fixed day of the year, renewed before it",
        "can_renew": "the window in which a membership can be renewed",
        "dues_status": "whether dues are paid, and when to remind",
    }
)
"""Kinds of case that are about memberships and not about clocks, each with what it asks for."""


def _kind(case: Mapping[str, Any]) -> str:
    fixed = case["input"].get("rule", {}).get("period") == "fixed"
    return f"{case['kind']} (fixed)" if fixed else str(case["kind"])


_ALL: Final = [case for document in _DOCUMENTS for case in document["vectors"]]
_CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    case["id"]: case for case in _ALL if _kind(case) not in LEFT_OUT
}

DIFFERENT: Final = MappingProxyType(
    {
        "ZAM-21": "seconds are kept; there a start is cut to the minute",
        "ZAM-M09": "seconds are kept; there a start is cut to the minute",
        "ZAM-M23": "a target of no length is refused; there it silently means that there is no target",
        "BIZ-M26": "at its closing a desk is closed; there it was still open",
        "ODOO-M09": "a count of no days is refused; there it is the instant it begins with",
        "ODOO-M10": "a day is found however far it lies; there the search gives up and says False",
    }
)
"""Cases in which we mean to differ, each with its reason; docs/peers-service.md says the same."""

RIGHT: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "ERP-06": {"total_hold_s": 0, "resolution_by": "2020-03-04T16:00:00"},
        "ERP-M06": {"total_hold_s": 0, "resolution_by": "2020-03-04T16:00:00"},
        "ERP-F05": {"elapsed_s": 0},
        "ERP-F17": {"elapsed_s": 0},
        "ERP-F29": {"elapsed_s": 0},
        "ERP-M10": {"elapsed_s": 0},
        "ERP-M14": {"elapsed_s": 0},
    }
)
"""What comes out where the peer's test holds fast a defect: marked so in the case, never to be copied."""

_REFUSALS: Final = (InvalidValue,)


def _found(case: Mapping[str, Any], **changed: Any) -> Mapping[str, Any]:
    """What the core says to a case: its inputs, its camp, and how much of a list was asked for."""
    inputs = {**case["input"], "boundary": case["boundary"], **changed}
    for name in ("calendar", "a"):
        if name in inputs:
            inputs[name] = _CALENDARS[inputs[name]]
    inputs["take"] = len(case["expected"].get("periods", ()))
    inputs["statuses"] = len(case["expected"].get("status_sequence", ()))
    return TRANSLATORS[case["kind"]](inputs)


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page, without its head."""
    _, _, below = _PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    lines = re.split(r"^## ", below, flags=re.MULTILINE)[0].splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def _project(case: Mapping[str, Any]) -> str:
    return re.split(r"[@(:]", case["source"])[0]


@pytest.mark.parametrize("id", [id for id in _CASES if id not in DIFFERENT and id not in RIGHT])
def test_agrees_with_the_peer(id: str) -> None:
    """The core gives what the peer's own test expects."""
    case = _CASES[id]
    assert differences(case["expected"], _found(case)) == []


@pytest.mark.parametrize("id", DIFFERENT)
def test_really_differs(id: str) -> None:
    """Where we mean to differ from the peer, we do: the case is refused, or comes to something else."""
    case = _CASES[id]
    try:
        found = _found(case)
    except _REFUSALS:
        return
    assert differences(case["expected"], found)


@pytest.mark.parametrize("id", RIGHT)
def test_defects_are_not_copied(id: str) -> None:
    """Where the peer's test holds fast a defect, the right value comes out, for each value it names."""
    case = _CASES[id]
    found = _found(case)
    assert set(RIGHT[id]) == set(case["expected"])
    assert differences(RIGHT[id], found) == []
    assert len(differences(case["expected"], found)) == len(case["expected"])


def test_defects_are_marked() -> None:
    """The defects that are not copied are exactly the cases marked so."""
    assert {id for id, case in _CASES.items() if case.get("verdict") == "DO NOT COPY"} == set(RIGHT)


def test_few_differ() -> None:
    """At most one case in twenty differs, the defects counted in."""
    assert (len(DIFFERENT) + len(RIGHT)) * 20 <= len(_CASES)


@pytest.mark.parametrize("id", [id for id, case in _CASES.items() if case["kind"] in {"due_at", "due_s"}])
def test_camps_part_at_a_closing_only(id: str) -> None:
    """Closing and next opening are two instants where a case says that it runs out at a closing, else one."""
    case = _CASES[id]
    closing, opening = ({**_found(case, boundary=camp)} for camp in ("closing", "next_opening"))
    dues = [name for name in ("due", "response_by", "resolution_by") if closing.get(name)]
    assert all(closing[name] <= opening[name] for name in dues)
    assert (case["boundary"] != "n/a") == any(closing[name] < opening[name] for name in dues)


def test_every_case_is_there_once() -> None:
    """Each document has as many cases as it says, and no case has the id of another."""
    assert [document["count"] for document in _DOCUMENTS] == [len(each["vectors"]) for each in _DOCUMENTS]
    assert len({case["id"] for case in _ALL}) == len(_ALL)


def test_tables_name_what_there_is() -> None:
    """Every difference is a case, every kind is translated or left out, and nothing is named for nothing."""
    assert set(DIFFERENT) | set(RIGHT) <= set(_CASES)
    assert not set(DIFFERENT) & set(RIGHT)
    assert set(TRANSLATORS) == {case["kind"] for case in _CASES.values()}
    assert set(LEFT_OUT) == {_kind(case) for case in _ALL if case["id"] not in _CASES}


def test_page_names_the_differences() -> None:
    """docs/peers-service.md lists exactly the cases that differ and the defects, with the same reasons."""
    assert {row[0]: row[1] for row in _rows("Where we differ")} == dict(DIFFERENT)
    assert {row[0] for row in _rows("What we do not copy")} == set(RIGHT)


def test_page_counts_the_cases() -> None:
    """docs/peers-service.md says how many cases of each kind and project there are, and how many are left out."""
    kinds = Counter(_kind(case) for case in _CASES.values())
    projects = Counter(_project(case) for case in _CASES.values())
    left_out = Counter(kind for case in _ALL if (kind := _kind(case)) in LEFT_OUT)
    assert {row[0]: int(row[1]) for row in _rows("By kind")} == dict(kinds)
    assert {row[0]: int(row[1]) for row in _rows("From which projects")} == dict(projects)
    assert {row[0]: (int(row[1]), row[2]) for row in _rows("Left out")} == {
        kind: (number, LEFT_OUT[kind]) for kind, number in left_out.items()
    }
    assert f"{len(_CASES)} cases" in " ".join(_PAGE.read_text(encoding="utf-8").split())


_CASE: Final = _CASES["ZAM-13"]


@pytest.mark.parametrize(
    ("expected", "camp"),
    [
        ({"first_response_due": "2013-06-04T16:00:00Z"}, "closing"),
        ({"first_response_due": "2013-06-05T07:00:01Z"}, "a second later"),
        ({"first_response_due": "2013-06-05T07:00:00"}, "another zone"),
        ({"first_response_due": None}, "nothing"),
        ({"first_response_in_min": 0}, "a number for nothing"),
        ({"due": "2013-06-05T07:00:00Z"}, "another name"),
    ],
    ids=["closing", "second", "zone", "none", "number", "name"],
)
def test_comparison_of_instants_can_fail(expected: Mapping[str, Any], camp: str) -> None:
    """An instant that is not the expected one is seen."""
    assert differences(expected, _found(_CASE)), camp


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("ERP-F01", {"elapsed_s": 3601}),
        ("HD-26", {"raised_outside_working_hours": False}),
        ("HD-12", {"status_sequence": ["Paused", "Failed", "Fulfilled"]}),
        ("ZAM-32", {"day0": {"23:45": "23:59"}}),
        ("BIZ-20", {"periods": [["2006-01-02T17:00:00Z", "2006-01-02T18:00:00Z"]]}),
        ("PERUN-02", {"to": "2019-03-09"}),
    ],
    ids=["length", "bool", "words", "piece", "openings", "day"],
)
def test_comparison_can_fail(id: str, expected: Mapping[str, Any]) -> None:
    """An outcome of any other sort that is not the expected one is seen."""
    assert differences(expected, _found(_CASES[id]))
