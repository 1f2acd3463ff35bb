"""``servflow rulebook``, ``servflow clauses`` and ``servflow diagram``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from command_line import Cli

from servflow.rulebooks import shipped

NAME = "nlc/interlibrary-loan"

MISTAKES = (
    ('currency = "CNY"', 'currency = "yuan"'),
    ('zone = "Asia/Shanghai"', 'zone = "Beijing"'),
    ("is = 5\n", "is = nan\n"),
    ('clause = "NLC-10"\nat = "七 1"\n\n[rules.end-of-month]', 'clause = "NLC-99"\n\n[rules.end-of-month]'),
    ("is = { months = 36 }", "is = 36"),
    ("[rules.packing]", "[rules.wrapping]"),
)


@pytest.fixture
def written(tmp_path: Path) -> str:
    """The text of the rulebook that ships."""
    place = resources.files("servflow.rulebooks").joinpath("data", "nlc", "interlibrary-loan.toml")
    return place.read_text(encoding="utf-8")


@pytest.fixture
def mistaken(written: str, tmp_path: Path) -> Path:
    """A rulebook with six mistakes."""
    for right, wrong in MISTAKES:
        assert right in written
        written = written.replace(right, wrong, 1)
    file = tmp_path / "mistaken.toml"
    file.write_text(written, encoding="utf-8")
    return file


# --- rulebook check -------------------------------------------------------------------------------


def test_what_ships_is_fine(cli: Cli) -> None:
    """Without a name, all that ship are checked; a name checks that one."""
    assert cli("rulebook", "check") == (0, "".join(f"{name}: fine\n" for name in shipped()), "")
    assert cli("rulebook", "check", NAME) == (0, f"{NAME}: fine\n", "")
    assert cli("rulebook", "check", "--json").document == []


def test_every_mistake_of_a_rulebook(cli: Cli, mistaken: Path) -> None:
    """Six mistakes: all six are printed, each with its file and key, what is there and what should be."""
    said = cli("rulebook", "check", mistaken, NAME)
    lines = said.out.splitlines()

    assert said.code == 1
    assert said.err == ""
    assert lines[-1] == f"{NAME}: fine"
    for key in (
        "currency: found 'yuan'",
        "zone: found 'Beijing'",
        "rules.overdue-rate.values[0].is: found ",
        "rules.loan-period.values[0].clause: found 'NLC-99'",
        "rules.catalogued-before.values[0].is: found 36",
        "rules.wrapping: found an unknown rule",
    ):
        assert [
            line for line in lines if line.startswith(f"  {mistaken}: {key}") and ", expected " in line
        ], key


def test_every_mistake_for_machines(cli: Cli, mistaken: Path) -> None:
    """With ``--json``, a list of them."""
    said = cli("rulebook", "check", mistaken, "--json")

    assert said.code == 1
    assert len(said.document) >= len(MISTAKES)
    assert all(set(problem) == {"rulebook", "where", "found", "expected"} for problem in said.document)
    assert {problem["rulebook"] for problem in said.document} == {str(mistaken)}


@pytest.mark.parametrize("content", [None, b"\xff", b"format = 1\nformat = 2\n", b""])
def test_what_is_no_rulebook(cli: Cli, tmp_path: Path, content: bytes | None) -> None:
    """A file that is not there, is no text, no TOML, or empty has a problem that names it."""
    if content is not None:
        (tmp_path / "book.toml").write_bytes(content)
    said = cli("rulebook", "check", "book.toml")

    assert said.code == 1
    assert said.out.startswith("book.toml: ")


def test_a_mistaken_rulebook_is_not_worked_by(lent: Cli, mistaken: Path) -> None:
    """A rulebook with mistakes is used for nothing: every one is said, and the exit code is 1."""
    for arguments in (("rulebook", "show"), ("ill", "list"), ("wake",)):
        said = lent(*arguments, "--rulebook", mistaken)
        assert said.code == 1
        assert all(key in said.err for key in ("currency", "zone", "rules.wrapping"))


# --- rulebook show --------------------------------------------------------------------------------


def test_show(cli: Cli) -> None:
    """Every rule with its value as it is written: what is given, unlimited or listed can be told apart."""
    said = cli("rulebook", "show")
    values = {line.split()[0]: line for line in said.out.splitlines()[3:] if line}

    assert said.code == 0
    assert " given " in values["fee-abroad"]
    assert " unlimited " in values["most-volumes"]
    assert " 15 days " in values["renewal-period"]
    assert " deposit, prepayment " in values["security"]
    assert all(" unknown " in line for line in values.values())
    assert NAME in said.out


def test_show_for_machines(cli: Cli) -> None:
    """With ``--json``, all the file says, and its digest."""
    said = cli("rulebook", "show", NAME, "--json").document

    assert said["title"] == "国家图书馆馆际互借规则"
    assert len(said["digest"]) == 64
    assert said["rules"]["most-volumes"]["values"][0]["is"] == "unlimited"
    assert said["rules"]["fee-abroad"]["values"][0]["is"] == "given"
    assert said["rules"]["overdue-rate"]["values"][0]["clause"] == "NLC-12"


def test_show_a_file(cli: Cli, written: str, tmp_path: Path) -> None:
    """A rulebook of one's own is shown by its file, named or in ``--rulebook``."""
    (tmp_path / "own.toml").write_text(written.replace("is = 5\n", "is = 6\n"), encoding="utf-8")
    named, option = cli("rulebook", "show", "own.toml"), cli("rulebook", "show", "--rulebook", "own.toml")

    assert named == option
    assert [line for line in named.out.splitlines() if line.startswith("overdue-rate ") and " 6 " in line]


def test_show_what_is_not_there(cli: Cli) -> None:
    """What is neither the name of a rulebook nor a file is a problem."""
    said = cli("rulebook", "show", "nlc/furniture")

    assert said.code == 1
    assert "nlc/furniture" in said.err


def test_another_rulebook_decides(lent: Cli, written: str, tmp_path: Path) -> None:
    """``--rulebook`` is the one that charges are worked out by."""
    (tmp_path / "own.toml").write_text(written.replace("is = 5\n", "is = 6\n"), encoding="utf-8")
    why = ("ill", "why", "CN-320500/PJ-88031", "--on", "2026-03-02")

    assert "CNY 10.00" in lent(*why).out
    assert "CNY 12.00" in lent(*why, "--rulebook", "own.toml").out


# --- clauses --------------------------------------------------------------------------------------


def test_clauses_for_machines(cli: Cli) -> None:
    """A list of the 309 clauses of the register, each with exactly id, tier, carried and tests."""
    said = cli("clauses", "--json")

    assert said.code == 0
    assert len(said.document) == 309
    assert all(set(clause) == {"id", "tier", "carried", "tests"} for clause in said.document)
    assert {clause["tier"] for clause in said.document} == {"A", "B"}
    carried = {clause["id"]: clause["carried"] for clause in said.document}
    assert any("loan-period" in place for place in carried["NLC-10"])


def test_clauses(cli: Cli) -> None:
    """A table of them, and how many are carried."""
    said = cli("clauses")
    carried = sum(bool(clause["carried"]) for clause in cli("clauses", "--json").document)

    assert said.code == 0
    assert said.out.splitlines()[-1] == f"{carried} of 309 clauses are carried"
    assert [line for line in said.out.splitlines() if line.startswith("NLC-10 ") and f"{NAME}: " in line]


# --- diagram --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "command"), [("ill.supply", "RequestRenewal"), ("ill.relation", "PaySecurity")]
)
def test_diagram(cli: Cli, name: str, command: str) -> None:
    """A lifecycle as a Mermaid diagram, or its rows as a table, which also has what changes no state."""
    diagram, rows = cli("diagram", name), cli("diagram", name, "--table")

    assert diagram.code == rows.code == 0
    assert "stateDiagram-v2" in diagram.out
    assert command in rows.out
    assert rows.out.lstrip().startswith("|")


def test_diagram_of_nothing(cli: Cli) -> None:
    """A name that no lifecycle has is wrong usage, and those that are had are named."""
    said = cli("diagram", "ill.lending")

    assert said.code == 2
    assert "ill.supply" in said.err
    assert cli("diagram").code == 2


def test_a_firm_alone_is_its_service(cli: Cli) -> None:
    """``rulebook show`` takes the name of a service firm for that of its service."""
    alone = cli("rulebook", "show", "coach-maker")

    assert alone.code == 0
    assert alone == cli("rulebook", "show", "coach-maker/service")
