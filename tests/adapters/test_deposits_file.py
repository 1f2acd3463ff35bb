"""The facts of an authority that keeps deposits in a TOML file: whom it names, its buildings, its mistakes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from servflow.adapters.deposits_file import DepositsFile
from servflow.core.changes import Actor, Office
from servflow.core.deposits.accounts.commands import NotifyAssessment
from servflow.core.deposits.accounts.model import Building
from servflow.core.errors import InvalidFacts, NotFound

EXAMPLES = Path(__file__).parents[2] / "examples"

AUTHORITY = """
[authority]
ref = "authority"
name = "物业科"
email = "deposits@example.cn"
language = "zh_CN"
rulebook = "shandong/warranty-deposits"
charges = "shandong/warranty-deposit-fees"
"""
STAFF = """
[staff."clerk-1"]
name = "王芳"
email = "clerk1@example.cn"
language = "zh_CN"
posts = ["collection"]
"""


def _house(table: str, ref: str, name: str = "a house") -> str:
    return f'[{table}."{ref}"]\nname = "{name}"\nemail = ""\nlanguage = "en"\n'


HOUSES = "".join(
    _house(table, ref)
    for table, ref in (
        ("developers", "dev"),
        ("banks", "bank"),
        ("supervisors", "presale"),
        ("departments", "housing"),
        ("property-managers", "pm"),
        ("committees", "committee"),
        ("repairers", "repair"),
        ("inspection-bodies", "test"),
        ("owners", "o-1"),
    )
)
BUILDING = """
[buildings."A-1"]
project = "riverside"
building = "1"
building-type = "high_rise"
kinds = ["new", "for-sale"]
developer = "dev"
bank = "bank"
"""
NAMED = """
development-authority = "housing"
supervisor = "presale"
property-manager = "pm"
committee = "committee"
representative = "o-1"
"""
BOARD = '[buildings."A-1".board]\nname = "全体业主"\nemail = "board@example.cn"\nlanguage = "zh_CN"\n'


def _file(tmp_path: Path, *parts: str) -> DepositsFile:
    path = tmp_path / "deposits.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return DepositsFile(path)


def _wrong(tmp_path: Path, *parts: str) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidFacts) as caught:
        _file(tmp_path, *parts)
    return [(each.where, each.found, each.expected) for each in caught.value.problems]


def test_the_example_is_whole() -> None:
    """The file that ships can be read, has an address, and somebody who speaks for the authority."""
    known = DepositsFile(EXAMPLES / "deposits.toml")

    assert known.authority.name == "临江市房产管理局物业科"
    assert known.address
    assert list(known.buildings) == ["JW-1", "JW-2", "NG-A"]
    assert known.actor("linjiang").party == "clerk-1"


def test_what_is_known_of_a_building(tmp_path: Path) -> None:
    """A building is as an assessment says it; who is left out is nobody."""
    least = {
        "project": "riverside",
        "building": "1",
        "building_type": "high_rise",
        "kinds": ("new", "for-sale"),
        "developer": "dev",
        "bank": "bank",
    }

    known = _file(tmp_path, AUTHORITY, HOUSES, BUILDING)
    assert dict(known.buildings) == {"A-1": Building(**least)}  # type: ignore[arg-type]
    known = _file(tmp_path, AUTHORITY, HOUSES, BUILDING, NAMED, BOARD)
    assert known.buildings["A-1"] == Building(
        **least,  # type: ignore[arg-type]
        development_authority="housing",
        supervisor="presale",
        property_manager="pm",
        committee="committee",
        representative="o-1",
    )


def test_who_is_written_to(tmp_path: Path) -> None:
    """Everybody by his reference; all owners of a building at its board, without one through the authority."""
    known = _file(tmp_path, AUTHORITY, STAFF, HOUSES, BUILDING, BOARD)

    assert known.party("authority").name == "物业科"
    assert known.party("clerk-1").email == "clerk1@example.cn"
    for ref in ("dev", "bank", "presale", "housing", "pm", "committee", "repair", "test", "o-1"):
        assert (known.party(ref).ref, known.party(ref).name) == (ref, "a house")
    assert known.party("owners/A-1").email == "board@example.cn"
    assert known.party("owners/A-2").email == "deposits@example.cn"
    assert _file(tmp_path, AUTHORITY, HOUSES, BUILDING).party("owners/A-1").name == "物业科"
    with pytest.raises(NotFound):
        known.party("nobody")


def test_who_speaks(tmp_path: Path) -> None:
    """Staff in their posts, a house through its staff in the post that its table gives, an owner for himself."""
    known = _file(tmp_path, AUTHORITY, STAFF, HOUSES)

    assert known.actor("clerk-1") == Actor("clerk-1", "authority", Office.STAFF, ("collection",))
    assert known.actor("authority") == known.actor("clerk-1")
    assert known.actor("dev") == Actor("dev", "dev", Office.STAFF)
    assert known.actor("housing").posts == ("department",)
    assert known.actor("pm").posts == ("property-manager",)
    assert known.actor("committee").posts == ("owners-committee",)
    assert known.actor("o-1") == Actor("o-1", "o-1", Office.PERSON)
    assert known.parties[:3] == ("clerk-1", "dev", "bank")
    assert known.parties[-1] == "o-1"
    with pytest.raises(NotFound):
        known.actor("nobody")
    assert _file(tmp_path, AUTHORITY).actor("authority") == Actor("authority", "authority", Office.STAFF)


def test_nothing_is_asked_of_the_host(tmp_path: Path) -> None:
    """What a deposit is decided on is said in commands."""
    at = datetime(2026, 5, 4, 9, tzinfo=UTC)
    known = _file(tmp_path, AUTHORITY, STAFF)
    said = NotifyAssessment(id="1", case="A-1", by=known.actor("clerk-1"), happened_at=at, recorded_at=at)

    known.ask(said, None)


def test_rules_may_lie_beside_the_file(tmp_path: Path) -> None:
    """Rules or charges that lie beside the file are found there; otherwise they are names, or left out."""
    for name in ("rules.toml", "fees.toml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    ours = AUTHORITY.replace("shandong/warranty-deposits", "rules.toml")
    known = _file(tmp_path, ours.replace("shandong/warranty-deposit-fees", "fees.toml"))

    assert (known.rulebook, known.charges) == (str(tmp_path / "rules.toml"), str(tmp_path / "fees.toml"))
    named = _file(tmp_path, AUTHORITY)
    assert (named.rulebook, named.charges) == ("shandong/warranty-deposits", "shandong/warranty-deposit-fees")
    without = AUTHORITY.replace('charges = "shandong/warranty-deposit-fees"\n', "")
    assert _file(tmp_path, without).charges is None


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """What a table does not take is named with its place, every one of them."""
    wrong = _wrong(
        tmp_path,
        AUTHORITY.replace('"deposits@example.cn"', '"nowhere"').replace("zh_CN", "de"),
        STAFF.replace('["collection"]', '"collection"'),
        BUILDING.replace('"high_rise"', "3").replace('bank = "bank"\n', ""),
    )

    assert [where for where, _, _ in wrong] == [
        "authority.email",
        "authority.language",
        "staff.clerk-1.posts",
        "buildings.A-1.building-type",
        "buildings.A-1.bank",
    ]


def test_what_is_no_table(tmp_path: Path) -> None:
    """A table that nothing of an authority is called by is a mistake."""
    assert _wrong(tmp_path, AUTHORITY, _house("customers", "c-1"))[0][0] == "customers"


@pytest.mark.parametrize(
    ("part", "mistake"),
    [
        (
            STAFF.replace("clerk-1", "authority"),
            ("staff.authority", "the authority's own reference", "a reference that nobody else has"),
        ),
        (
            HOUSES + _house("property-managers", "repair"),
            (
                "repairers.repair",
                "the reference of property-managers.repair",
                "a reference that nobody else has",
            ),
        ),
        (
            STAFF.replace('["collection"]', '["claims", "claims"]'),
            ("staff.clerk-1.posts", "'claims' twice", "each post once"),
        ),
        (
            HOUSES + BUILDING.replace('"for-sale"', '"new"'),
            ("buildings.A-1.kinds", "'new' twice", "each kind once"),
        ),
        (
            HOUSES + BUILDING.replace('"dev"', '"pm"'),
            ("buildings.A-1.developer", "'pm'", "one of [developers]: dev"),
        ),
        (
            _house("developers", "dev") + BUILDING,
            ("buildings.A-1.bank", "'bank'", "one of [banks]: there is none"),
        ),
        (
            HOUSES + BUILDING + 'property-manager = "dev"\n',
            ("buildings.A-1.property-manager", "'dev'", "one of [property-managers]: pm"),
        ),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, part: str, mistake: tuple[str, str, str]) -> None:
    """What each table allows and all of them together do not is one mistake, with its place."""
    assert _wrong(tmp_path, AUTHORITY, part) == [mistake]


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is one mistake."""
    with pytest.raises(InvalidFacts, match="No such file"):
        DepositsFile(tmp_path / "none.toml")
