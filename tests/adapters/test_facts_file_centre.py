"""The facts file of a dispatch centre: who holds what, and one value for both halves of a request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from servflow.adapters.facts_file import FactsFile
from servflow.core.changes import Actor, Office
from servflow.core.errors import InvalidFacts, MissingValue
from servflow.core.ill.borrowing.commands import DraftRequest
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.centre.model import CentreFacts
from servflow.core.ill.centre.routing import AskRoute, Holding, RoutingFacts
from servflow.core.ill.filing.commands import HearFiling
from servflow.core.ill.filing.model import FilingFacts
from servflow.core.ill.lending.commands import Apply, Promise, ReceiveRequest
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, Place, SupplyState
from servflow.core.ill.network.modes import ModeName
from servflow.core.ill.terms import Level, Requested, Service

CENTRE: Final = "CN-CALIS"
BOOK: Final = Requested(title="古城水系考", record_ids=("ISBN:978-7-99-900001-3",))
NOON: Final = datetime(2026, 11, 2, 4, tzinfo=UTC)
FILE: Final = """
[library]
id = "CN-CALIS"
name = "中心"
email = ""
language = "zh_CN"
city = "北京"
centre = true

[institutions."CN-CQ"]
name = "重庆馆"
kind = "university_library"
place = "elsewhere"
near = ["成都", "北京"]
email = ""
language = "zh_CN"

[members."CN-CQ"]
mode = "centre_group"

[patrons."u-1"]
name = "读者"
email = ""
language = "zh_CN"
category = "teacher"

[[suppliers]]
ref = "CN-PKU"
name = "北京馆"
email = ""
language = "zh_CN"
load = 2
capacity = 5

[[suppliers]]
ref = "CN-SCU"
name = "成都馆"
email = ""
language = "zh_CN"
closed = true

[[suppliers]]
ref = "CN-ZJU"
name = "杭州馆"
email = ""
language = "zh_CN"
closed-through = 2026-12-01
services = ["Copy"]

[[holdings]]
library = "CN-PKU"
location = "北京"
ids = ["ISBN:9787999000013"]

[[holdings]]
library = "CN-SCU"
location = "成都"
ids = ["ISBN:9787999000013"]

[[holdings]]
library = "CN-ZJU"
title = "别的书"
"""


def host(tmp_path: Path, text: str = FILE) -> FactsFile:
    path = tmp_path / "centre.toml"
    path.write_text(text, encoding="utf-8")
    return FactsFile(path)


def command(kind: type, /, **said: Any) -> Any:
    by = Actor("staff", CENTRE, Office.STAFF)
    return kind(**({"id": "c", "case": "x", "by": by, "happened_at": NOON, "recorded_at": NOON} | said))


def ask_route() -> Any:
    return command(AskRoute, requester="CN-CQ", request="B1", requested=BOOK, service=Service.LOAN)


def test_who_holds_what_is_told_with_place_load_and_closing(tmp_path: Path) -> None:
    """One that is closed takes nothing on any day."""
    assert host(tmp_path).ask(ask_route(), None) == RoutingFacts(
        holdings=(
            Holding(library="CN-PKU", location="北京", load=2, capacity=5, services=tuple(Service)),
            Holding(library="CN-SCU", location="成都", closed_through=date.max, services=tuple(Service)),
        ),
        near=("成都", "北京"),
    )


def test_a_request_has_the_facts_of_both_halves(tmp_path: Path) -> None:
    """Who asks, in which mode, and whom to ask, the nearest first; who is closed is passed over later."""
    file = host(tmp_path)
    asks = command(ReceiveRequest, requester="CN-CQ", supplier=CENTRE, request_id="B1", requested=BOOK)
    found = file.ask(asks, None)

    assert file.centre
    assert isinstance(found, CentreFacts)
    assert (found.kind, found.place) == (InstitutionKind.UNIVERSITY_LIBRARY, Place.ELSEWHERE)
    assert found.mode is ModeName.CENTRE_GROUP
    assert (found.suppliers, found.not_taking) == (("CN-SCU", "CN-PKU"), ("CN-SCU",))


def test_a_reader_at_the_centre_is_an_individual(tmp_path: Path) -> None:
    """The case of a reader's own has his category; what nobody holds is proposed to nobody."""
    about = {"patron": "u-1", "library": CENTRE, "service": Service.LOAN}
    found = host(tmp_path).ask(command(DraftRequest, requested=Requested(title="无"), **about), None)

    assert isinstance(found, CentreFacts)
    assert (found.kind, found.category, found.suppliers) == (InstitutionKind.INDIVIDUAL, "teacher", ())
    assert found.mode is ModeName.CENTRE_OPAQUE


def test_what_is_under_way_goes_on_without_its_requester_in_the_file(tmp_path: Path) -> None:
    """A borrower that the file has forgotten is still served to the end."""
    file = host(tmp_path)
    it = SupplyTransaction(
        id="x",
        state=SupplyState.NEW,
        requester="CN-GONE",
        supplier=CENTRE,
        request_id="1",
        requested=BOOK,
        place=Place.SAME_CITY,
    )
    case = BorrowingCase(
        id="y",
        state=CaseState.SENT,
        patron="CN-GONE",
        library=CENTRE,
        service=Service.LOAN,
        requested=BOOK,
        level=Level.NORMAL,
    )
    promise = command(Promise)

    for held in (it, case):
        assert isinstance(file.ask(promise, held), CentreFacts)
    assert file.ask(command(Apply, lender=CENTRE, kind=InstitutionKind.OTHER), None) is None


def test_who_asks_and_is_not_known_is_named(tmp_path: Path) -> None:
    """Without a table ``unknown`` nobody else is served."""
    asks = command(ReceiveRequest, requester="CN-X", supplier=CENTRE, request_id="B1", requested=BOOK)
    with pytest.raises(MissingValue, match="CN-X"):
        host(tmp_path).ask(asks, None)


def test_a_holding_names_a_supplier_and_what_it_holds(tmp_path: Path) -> None:
    """Both mistakes are reported, each with its place."""
    with pytest.raises(InvalidFacts) as wrong:
        host(tmp_path, FILE + '\n[[holdings]]\nlibrary = "CN-NONE"\n')

    assert [problem.where for problem in wrong.value.problems] == ["holdings[3]", "holdings[3].library"]


def test_who_may_pass_filings_on(tmp_path: Path) -> None:
    """The gateways that may are those of the file, by default none; of any other no reader is looked up."""
    path = tmp_path / "host.toml"
    said: dict[str, Any] = {"filing": "F-1", "patron": "u-1", "requested": BOOK, "service": Service.LOAN}
    said |= {"id": "c-1", "case": "CN-2/F-1", "happened_at": NOON, "recorded_at": NOON}
    heard = HearFiling(**said, by=Actor("ils", "CN-2", Office.SYSTEM))
    path.write_text(FILE, encoding="utf-8")
    assert FactsFile(path).ask(heard, None) == FilingFacts()
    path.write_text(FILE.replace("centre = true", 'gateways = ["CN-2"]'), encoding="utf-8")
    known = FactsFile(path).ask(heard, None)
    assert isinstance(known, FilingFacts)
    assert (known.gateways, known.category) == (("CN-2",), "teacher")
    nobody = replace(heard, patron="u-9")
    with pytest.raises(MissingValue):
        FactsFile(path).ask(nobody, None)
    other = replace(nobody, by=Actor("ils", "CN-3", Office.SYSTEM))
    assert FactsFile(path).ask(other, None) == FilingFacts(gateways=("CN-2",))
