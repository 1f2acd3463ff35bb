"""The facts of a service firm in a TOML file: whom it names, what it tells the desk, and its mistakes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from servflow.adapters.service_file import ServiceFile
from servflow.core.aftersales.claims import ServiceContract
from servflow.core.aftersales.tickets.commands import ReportFault, Triage
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.aftersales.tickets.states import Channel, ServiceKind, Stage
from servflow.core.aftersales.units.commands import RegisterUnit
from servflow.core.aftersales.words import ChargeClass, Coverage
from servflow.core.changes import Actor, Office
from servflow.core.dates import Term
from servflow.core.errors import InvalidFacts, NotFound

EXAMPLES = Path(__file__).parents[2] / "examples"
AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
DESK = Actor("desk-1", "firm", Office.STAFF, ("desk",))

FIRM = """
[firm]
ref = "firm"
name = "服务部"
email = "service@example.cn"
language = "zh_CN"
rulebook = "service-dealer/service"
"""
STAFF = """
[staff."eng-1"]
name = "李强"
email = "eng1@example.cn"
language = "zh_CN"
posts = ["engineer"]
[staff."eng-2"]
name = "Chen"
email = ""
language = "en"
posts = ["engineer", "supervisor"]
"""
OTHERS = """
[posts."head-office"]
name = "总部"
email = "head@example.cn"
language = "zh_CN"
[customers."c-1"]
name = "Clinic"
email = "clinic@example.org"
language = "en"
[outlets."o-1"]
name = "北岸"
email = ""
language = "zh_CN"
"""
CONTRACT = """
[[contracts]]
unit = "U-1"
name = "care"
first = 2026-01-01
last = 2026-12-31
"""


def _file(tmp_path: Path, *parts: str) -> ServiceFile:
    path = tmp_path / "service.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return ServiceFile(path)


def _wrong(tmp_path: Path, *parts: str) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidFacts) as caught:
        _file(tmp_path, *parts)
    return [(each.where, each.found, each.expected) for each in caught.value.problems]


def _report(unit: str | None = "U-1") -> ReportFault:
    return ReportFault(
        id="1",
        case="T-1",
        by=DESK,
        happened_at=AT,
        recorded_at=AT,
        firm="firm",
        customer="c-1",
        channel=Channel.HOTLINE,
        symptom="noise",
        unit=unit,
    )


def _ticket(unit: str | None) -> Ticket:
    return Ticket(
        id="T-1",
        version=1,
        state=Stage.REPORTED,
        firm="firm",
        customer="c-1",
        reported_at=AT,
        channel=Channel.HOTLINE,
        service=ServiceKind.REPAIR,
        symptom="noise",
        unit=unit,
    )


def test_the_example_is_whole() -> None:
    """The file that ships can be read, and its firm has somebody in every post of the tables."""
    known = ServiceFile(EXAMPLES / "service.toml")

    assert known.firm.name == "恒通设备服务部"
    assert known.address
    for post in ("desk", "coordinator", "engineer", "stores", "quality", "finance", "supervisor"):
        assert known.serving(post)


def test_who_is_written_to(tmp_path: Path) -> None:
    """The firm, staff, customers and outlets by their references; a post by its mailbox or its first member."""
    known = _file(tmp_path, FIRM, STAFF, OTHERS)

    assert [known.party(ref).name for ref in ("firm", "eng-1", "c-1", "o-1")] == [
        "服务部",
        "李强",
        "Clinic",
        "北岸",
    ]
    assert known.party("firm/head-office").email == "head@example.cn"
    assert known.party("firm/engineer").email == "eng1@example.cn"
    assert known.party("firm/supervisor").ref == "firm/supervisor"
    for ref in ("nobody", "firm/driver", "other/engineer", "firm/"):
        with pytest.raises(NotFound):
            known.party(ref)


def test_who_speaks(tmp_path: Path) -> None:
    """Staff speak in all their posts, a customer for himself, an outlet's staff as its engineers."""
    known = _file(tmp_path, FIRM, STAFF, OTHERS)

    assert known.actor("eng-2") == Actor("eng-2", "firm", Office.STAFF, ("engineer", "supervisor"))
    assert known.actor("c-1") == Actor("c-1", "c-1", Office.PERSON)
    assert known.actor("o-1") == Actor("o-1", "o-1", Office.STAFF, ("engineer",))
    assert (known.customers, known.outlets) == (frozenset({"c-1"}), frozenset({"o-1"}))
    with pytest.raises(NotFound):
        known.actor("firm")


def test_the_contracts_over_a_unit_are_told(tmp_path: Path) -> None:
    """A ticket is decided on the contracts of its unit, and on no other; nothing else has such facts."""
    known = _file(tmp_path, FIRM, CONTRACT)
    care = ServiceContract(name="care", term=Term(date(2026, 1, 1), date(2027, 1, 1)))

    assert known.ask(_report(), None) == TicketFacts(contracts=(care,))
    assert known.ask(_report("U-2"), None) == known.ask(_report(None), None) == TicketFacts()
    said: dict[str, Any] = {"id": "2", "case": "T-1", "by": DESK, "happened_at": AT, "recorded_at": AT}
    triage = Triage(**said, severity=3, fault_code="F", unit="U-1")
    assert known.ask(triage, _ticket(None)) == TicketFacts(contracts=(care,))
    assert known.ask(Triage(**said, severity=3, fault_code="F"), _ticket("U-1")) == TicketFacts(
        contracts=(care,)
    )
    assert known.ask(RegisterUnit(**said, firm="firm", customer="c-1"), None) is None


def test_what_a_contract_says(tmp_path: Path) -> None:
    """Classes, what it gives, and whether it governs are the file's."""
    more = 'classes = ["labour"]\ngives = "free"\ngoverns = true\n'
    (found,) = _file(tmp_path, FIRM, CONTRACT, more).ask(_report(), None).contracts  # type: ignore[union-attr]

    assert (found.classes, found.gives, found.governs) == ((ChargeClass.LABOUR,), Coverage.FREE, True)


def test_rules_may_lie_beside_the_file(tmp_path: Path) -> None:
    """A rulebook or charges that lie beside the file are found there; otherwise they are names."""
    (tmp_path / "ours.toml").write_text("", encoding="utf-8")
    known = _file(tmp_path, FIRM.replace("service-dealer/service", "ours.toml"), 'charges = "a/b"\n')

    assert (known.rulebook, known.charges) == (str(tmp_path / "ours.toml"), "a/b")
    assert _file(tmp_path, FIRM).charges is None
    assert dict(_file(tmp_path, FIRM, "[rates]\nhourly = 80\n").rates) == {"hourly": 80}


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """What a table does not take is named with its place, every one of them."""
    wrong = _wrong(
        tmp_path,
        FIRM.replace('"service@example.cn"', '"nowhere"').replace("zh_CN", "de"),
        STAFF.replace('["engineer"]', '"engineer"'),
        CONTRACT.replace("care", ""),
        'gives = "paid"\n',
    )

    assert [where for where, _, _ in wrong] == [
        "firm.email",
        "firm.language",
        "staff.eng-1.posts",
        "contracts[0].name",
        "contracts[0].gives",
    ]


@pytest.mark.parametrize(
    ("part", "mistake"),
    [
        (
            STAFF.replace("eng-2", "firm"),
            ("staff.firm", "the firm's own reference", "a reference that nobody else has"),
        ),
        (
            STAFF + OTHERS.replace("c-1", "eng-1"),
            ("customers.eng-1", "the reference of staff.eng-1", "a reference that nobody else has"),
        ),
        (STAFF.replace('["engineer"]', "[]"), ("staff.eng-1.posts", "none", "at least one post")),
        (
            STAFF.replace('["engineer"]', '["desk", "desk"]'),
            ("staff.eng-1.posts", "'desk' twice", "each post once"),
        ),
        (
            CONTRACT.replace("2026-12-31", "2025-12-31"),
            ("contracts[0].last", "2025-12-31", "2026-01-01 or a later day"),
        ),
        (CONTRACT + "classes = []\n", ("contracts[0].classes", "none", "at least one class of charges")),
        (
            CONTRACT + 'classes = ["parts", "parts"]\n',
            ("contracts[0].classes", "a class twice", "each class once"),
        ),
        (
            CONTRACT + CONTRACT,
            ("contracts[1].name", "'care'", "a name that no other contract of it has"),
        ),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, part: str, mistake: tuple[str, str, str]) -> None:
    """What each table allows and all of them together do not is one mistake, with its place."""
    assert _wrong(tmp_path, FIRM, part) == [mistake]


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is one mistake."""
    with pytest.raises(InvalidFacts, match="No such file"):
        ServiceFile(tmp_path / "none.toml")
