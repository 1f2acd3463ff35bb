"""``servflow ill import``: requests in, each with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import EXAMPLES, NEW, RARE, Cli

RECEIVED = ("--at", "2026-01-30T16:00:00+08:00")


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    """A request of our own making, to be changed."""
    file = tmp_path / "request.xml"
    file.write_bytes((EXAMPLES / "requests" / "01-same-city.xml").read_bytes())
    return file


def _changed(file: Path, found: str, put: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert found in text
    file.write_text(text.replace(found, put), encoding="utf-8")
    return file


def test_a_request_opens_a_transaction(lent: Cli, request_file: Path) -> None:
    """A request that comes in opens a transaction, which the answer names."""
    _changed(request_file, "2026-0117", "2026-0118")
    said = lent("ill", "import", request_file, *RECEIVED, "--json")

    assert said.code == 0
    assert said.document == [
        {
            "file": str(request_file),
            "case": "CN-110108/2026-0118",
            "title": "古城水系考",
            "state": "new",
            "repeated": False,
            "reasons": [],
            "texts": [],
        }
    ]
    assert lent("ill", "show", "CN-110108/2026-0118").code == 0


def test_a_no_is_an_answer(lent: Cli) -> None:
    """A rare book was answered "no" by the rules: that is recorded with its clause."""
    said = lent("ill", "show", RARE, "--json").document

    assert said["state"] == "closed"
    assert said["closing"] == "unfilled"
    assert [reason["clause"]["id"] for reason in said["reasons"]] == ["NLC-8"]


def test_a_no_is_told_in_the_line(cli: Cli) -> None:
    """The line of a request that was answered "no" says why, in the language asked for."""
    said = cli("ill", "import", EXAMPLES / "requests" / "05-rare-book.xml", *RECEIVED, "--lang", "zh_CN")

    assert said.code == 0
    assert "已结束" in said.out
    assert "[NLC-8]" in said.out
    assert "善本" in said.out


def test_the_same_files_again(lent: Cli) -> None:
    """Requests taken in before are recognised, one by one, and nothing changes."""
    before = lent("ill", "list", "--json").out
    files = sorted(EXAMPLES.glob("requests/*.xml"))
    said = lent("ill", "import", *files, "--json")
    again = lent("ill", "import", *files)

    assert said.code == again.code == 0
    assert [row["repeated"] for row in said.document] == [True] * 7
    assert again.out.count("taken in before") == 7
    assert lent("ill", "list", "--json").out == before


def test_a_mixture(lent: Cli, request_file: Path, tmp_path: Path) -> None:
    """Among broken files the good one is taken in; each file has its line, and the exit code tells."""
    _changed(request_file, "2026-0117", "2026-0118")
    broken = tmp_path / "broken.xml"
    broken.write_text("<ISO18626Message><request>", encoding="utf-8")
    missing = tmp_path / "missing.xml"
    files = [broken, missing, tmp_path, request_file, request_file]
    said = lent("ill", "import", *files, *RECEIVED, "--json")
    shown = lent("ill", "import", *files, *RECEIVED)

    assert said.code == shown.code == 1
    rows = said.document
    assert [row["file"] for row in rows] == list(map(str, files))
    assert [row.get("error") for row in rows] == ["invalid-message"] * 3 + [None, None]
    assert [row.get("repeated") for row in rows] == [None, None, None, False, True]
    assert all(len(row["texts"]) == 1 for row in rows[:3])
    assert set(rows[0]) == {"file", "error", "texts"}
    for text in ("well-formed XML", "No such file", "directory", "taken in before"):
        assert text in shown.out


def test_a_hostile_message(cli: Cli, tmp_path: Path) -> None:
    """A message that declares entities is refused; nothing is taken in."""
    bomb = tmp_path / "bomb.xml"
    bomb.write_text('<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', encoding="utf-8")
    said = cli("ill", "import", bomb)

    assert said.code == 1
    assert "DOCTYPE" in said.out
    assert cli("ill", "list", "--json").document == []


def test_a_request_to_somebody_else(lent: Cli, request_file: Path) -> None:
    """A request addressed to another library is refused by a rule: exit code 3, also beside good ones."""
    _changed(request_file, "CN-NLC", "CN-ELSEWHERE")
    _changed(request_file, "2026-0117", "2026-0118")
    said = lent("ill", "import", request_file, *RECEIVED, "--json")

    assert said.code == 3
    assert said.document[0]["error"] == "refused"
    assert [reason["code"] for reason in said.document[0]["reasons"]] == ["ill.not-addressed-to-us"]
    assert lent("ill", "show", "CN-110108/2026-0118").code == 2


def test_the_same_number_for_another_book(lent: Cli, request_file: Path) -> None:
    """A request under a number that was used for another one is a problem of its own line."""
    _changed(request_file, "古城水系考", "古城水系考 续编")
    said = lent("ill", "import", request_file, *RECEIVED, "--json")

    assert said.code == 1
    assert said.document[0]["error"] in ("command-reused", "already-exists")
    assert lent("ill", "show", NEW, "--json").document["version"] == 1


@pytest.mark.parametrize("facts", [None, "broken.toml", "missing.toml"])
def test_without_the_facts_there_is_no_database(
    cli: Cli, request_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: str | None
) -> None:
    """Without usable facts of the host nothing is begun: no database is made."""
    monkeypatch.delenv("SERVFLOW_HOST")
    (tmp_path / "broken.toml").write_text('[library]\nid = ""\nlanguage = "de"\n', encoding="utf-8")
    said = cli("ill", "import", request_file, *(["--host", facts] if facts else []))

    assert said.code == (1 if facts else 2)
    assert re.search(facts or "--host FILE", said.err)
    assert not (tmp_path / "servflow.db").exists()
    if facts == "broken.toml":
        assert all(key in said.err for key in ("library.id", "library.name", "library.language"))
