"""How the systems of other libraries are reached, in the host's file of facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from servflow.adapters import _library_tables
from servflow.adapters.facts_file import FactsFile
from servflow.adapters.partner_iso18626 import PROTOCOL, Dialect, Edition
from servflow.core.errors import InvalidFacts
from servflow.core.ports import System

KEY = "a-key-of-sixteen-signs"
LIBRARY = """
[library]
id = "CN-NLC"
name = "Library"
email = "ill@example.cn"
language = "en"
city = "北京"
"""
FAR = """
[institutions."CN-320500"]
name = "Pingjiang University Library"
kind = "public_library"
place = "elsewhere"
email = "ill@example.org"
language = "en"
"""
SUPPLIER = """
[[suppliers]]
ref = "CN-CQ"
name = "Supplier"
email = ""
language = "en"
"""
SYSTEM = """
protocol = "iso18626"
url = "https://a.example/b?c=1"
edition = "2021-2"
dialect = "reshare"
"""
OF_FAR = FAR + '[institutions."CN-320500".system]' + SYSTEM
OF_SUPPLIER = SUPPLIER + "[suppliers.system]" + SYSTEM
WITH_KEY = 'key-file = "partner.key"\n'


def facts(folder: Path, *tables: str, key: str | None = KEY) -> FactsFile:
    """The host of these tables; beside them a key."""
    if key is not None:
        (folder / "partner.key").write_text(key, encoding="utf-8")
    path = folder / "host.toml"
    path.write_text("".join(tables), encoding="utf-8")
    return FactsFile(path)


def mistakes(folder: Path, *tables: str, key: str | None = KEY) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFacts) as raised:
        facts(folder, *tables, key=key)
    assert KEY not in str(raised.value)
    return [(problem.where, problem.found) for problem in raised.value.problems]


def test_a_system_without_a_key(tmp_path: Path) -> None:
    """An institution's system, and a supplier's, is how each is reached; without a key it has none."""
    host = facts(tmp_path, LIBRARY, OF_FAR, OF_SUPPLIER)
    expected = System(
        protocol="iso18626",
        url="https://a.example/b?c=1",
        edition="2021-2",
        dialect="reshare",
    )

    assert (host.party("CN-320500").system, host.party("CN-CQ").system) == (expected, expected)
    assert host.keys == {}


def test_without_a_system(tmp_path: Path) -> None:
    """Whoever has none reads letters; so does the library itself."""
    host = facts(tmp_path, LIBRARY, FAR, SUPPLIER)

    assert [host.party(ref).system for ref in ("CN-320500", "CN-CQ", "CN-NLC")] == [None] * 3


def test_a_key_stands_in_a_file_of_its_own(tmp_path: Path) -> None:
    """A key is read from the file beside the facts, without the line's end, and tells whose system it is."""
    host = facts(tmp_path, LIBRARY, OF_FAR, WITH_KEY, OF_SUPPLIER, key=f"{KEY}\n")
    found = host.party("CN-320500").system

    assert found is not None
    assert found.key == KEY
    assert KEY not in repr(found)
    assert host.keys == {KEY: "CN-320500"}


def test_a_supplier_that_borrows_here(tmp_path: Path) -> None:
    """The system of a supplier that is an institution, too, stands among the institutions, and there only."""
    both = '[[suppliers]]\nref = "CN-320500"\n'
    host = facts(tmp_path, LIBRARY, OF_FAR, both)

    assert host.party("CN-320500").system is not None
    ((where, _),) = mistakes(tmp_path, LIBRARY, FAR, both, "[suppliers.system]", SYSTEM)
    assert where == "suppliers[0].system"


CODE = "a secret word"
WITH_CODE = 'account = "cq"\ncode-file = "partner.code"\n'


def test_what_a_system_has_given_us(tmp_path: Path) -> None:
    """An account stands in the file, its code in one of its own, without the line's end; it is not shown."""
    (tmp_path / "partner.code").write_text(f"{CODE}\r\n", encoding="utf-8")
    host = facts(tmp_path, LIBRARY, OF_FAR, WITH_CODE, WITH_KEY, OF_SUPPLIER, WITH_CODE)
    for ref, key in (("CN-320500", KEY), ("CN-CQ", "")):
        found = host.party(ref).system
        assert found is not None
        assert (found.account, found.code, found.key) == ("cq", CODE, key)
        assert CODE not in repr(found)


def test_an_account_without_a_code(tmp_path: Path) -> None:
    """A system may ask for the account alone; for none, nothing is shown."""
    host = facts(tmp_path, LIBRARY, OF_FAR, 'account = "cq"\n', OF_SUPPLIER)
    found, other = host.party("CN-320500").system, host.party("CN-CQ").system

    assert found is not None
    assert other is not None
    assert (found.account, found.code, other.account, other.code) == ("cq", "", "", "")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (None, "'partner.code': No such file or directory"),
        ("", "'partner.code', with something else"),
        ("one\ntwo", "'partner.code', with something else"),
    ],
)
def test_a_code_that_is_none(tmp_path: Path, code: str | None, found: str) -> None:
    """A file of a code that is not there, or holds no line or several, is a mistake beside all others."""
    if code is not None:
        (tmp_path / "partner.code").write_text(code, encoding="utf-8")
    assert mistakes(tmp_path, LIBRARY, OF_FAR, WITH_CODE, WITH_KEY, key=None) == [
        ("institutions.CN-320500.system.code-file", found),
        ("institutions.CN-320500.system.key-file", "'partner.key': No such file or directory"),
    ]


def test_an_account_with_spaces_around_it(tmp_path: Path) -> None:
    """It would arrive as another one."""
    (tmp_path / "partner.code").write_text(CODE, encoding="utf-8")
    assert mistakes(tmp_path, LIBRARY, OF_FAR, WITH_CODE.replace("cq", " cq")) == [
        ("institutions.CN-320500.system.account", "' cq'")
    ]


def test_the_words_are_those_that_are_spoken() -> None:
    """The editions and dialects of the file are those of the adapter that speaks them."""
    assert list(_library_tables._EDITIONS) == [each.value for each in Edition]
    assert list(_library_tables._DIALECTS) == [each.value for each in Dialect]
    assert list(_library_tables._PROTOCOLS) == [PROTOCOL]


@pytest.mark.parametrize(
    ("was", "is_", "where", "found"),
    [
        ('"iso18626"', '"ncip"', "protocol", "'ncip'"),
        ('"2021-2"', '"2014"', "edition", "'2014'"),
        ('"2021-2"', "1.2", "edition", "1.2"),
        ('"reshare"', '"latin"', "dialect", "'latin'"),
        ('edition = "2021-2"\n', "", "edition", "nothing"),
        ('dialect = "reshare"\n', 'dialect = "reshare"\nkey = "abc"\n', "key", "an unknown field"),
        ("https:", "ftp:", "url", "'ftp://a.example/b?c=1'"),
        ("https://a.example/b?c=1", "a.example", "url", "'a.example'"),
        ("https://a.example/b?c=1", "https://", "url", "'https://'"),
        ("https://a.example", "https://[ill", "url", "'https://[ill/b?c=1'"),
        ("a.example", "a:b@a.example", "url", "'https://a:b@a.example/b?c=1'"),
        ("a.example", "a.example:0", "url", "'https://a.example:0/b?c=1'"),
        ("a.example", "a.example:x", "url", "'https://a.example:x/b?c=1'"),
        ("c=1", "c 1", "url", "'https://a.example/b?c 1'"),
        ("c=1", "#c", "url", "'https://a.example/b?#c'"),
        ("a.example", "馆.example", "url", "'https://馆.example/b?c=1'"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, was: str, is_: str, where: str, found: str) -> None:
    """What is wrong with a system is told with its place, wherever the system stands."""
    assert mistakes(tmp_path, LIBRARY, OF_FAR.replace(was, is_)) == [
        (f"institutions.CN-320500.system.{where}", found)
    ]
    assert mistakes(tmp_path, LIBRARY, OF_SUPPLIER.replace(was, is_)) == [
        (f"suppliers[0].system.{where}", found)
    ]


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (None, "'partner.key': No such file or directory"),
        ("short", "'partner.key', with something else"),
        ("two words of a key", "'partner.key', with something else"),
        ("schlüssel-mit-umlaut", "'partner.key', with something else"),
        ("", "'partner.key', with something else"),
    ],
)
def test_a_key_that_is_none(tmp_path: Path, key: str | None, found: str) -> None:
    """A file of a key that is not there, or holds something else, is a mistake; what it holds is not shown."""
    assert mistakes(tmp_path, LIBRARY, OF_FAR, WITH_KEY, key=key) == [
        ("institutions.CN-320500.system.key-file", found)
    ]


def test_a_key_that_is_no_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 holds no key."""
    (tmp_path / "partner.key").write_bytes(b"\xff" * 20)
    ((where, found),) = mistakes(tmp_path, LIBRARY, OF_FAR, WITH_KEY, key=None)

    assert (where, found) == (
        "institutions.CN-320500.system.key-file",
        "'partner.key': UnicodeDecodeError",
    )


def test_a_key_of_two_libraries(tmp_path: Path) -> None:
    """A key tells who shows it; so no two systems have the same one."""
    assert mistakes(tmp_path, LIBRARY, OF_FAR, WITH_KEY, OF_SUPPLIER, WITH_KEY) == [
        ("suppliers[0].system.key-file", "the key of CN-320500")
    ]


def test_everything_that_is_wrong_is_told(tmp_path: Path) -> None:
    """A key that is missing is told beside what else contradicts itself."""
    twice = mistakes(tmp_path, LIBRARY, OF_FAR, WITH_KEY, SUPPLIER * 2, key=None)

    assert [where for where, _ in twice] == ["suppliers[1].ref", "institutions.CN-320500.system.key-file"]
