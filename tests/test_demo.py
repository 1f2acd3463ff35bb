"""examples/demo.py, the main job: it runs, it comes out right, and it does no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.ill import ILL

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEMO, folder],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        env={**os.environ, "PYTHONUTF8": "1"},
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "out"


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """What the demonstration says; it ends well."""
    run = _run(folder)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def _section(said: str, heading: str) -> list[str]:
    """The lines below a heading that is underlined, up to the next one."""
    lines = said.splitlines()
    begin = lines.index(heading) + 3
    rest = lines[begin:]
    ends = [number - 1 for number, line in enumerate(rest) if line and set(line) == {"="}]
    return rest[: ends[0]] if ends else rest


def test_what_became_of_the_requests(said: str) -> None:
    """Seven requests: three loans that were completed, four that the rules answered "no", with their clauses."""
    lines = _section(said, "The requests, and what became of them")[1:]
    cases = [line for line in lines if line and not line.startswith(" ")]
    outcomes = Counter("completed" if " completed " in case else "not filled" for case in cases)

    assert len(cases) == 7
    assert outcomes == {"completed": 3, "not filled": 4}
    assert all(" not filled " in case or " completed " in case for case in cases)
    clauses = [word.rstrip(".") for line in lines for word in line.split() if word.startswith("[NLC-")]
    assert clauses == ["[NLC-6]", "[NLC-6]", "[NLC-8]", "[NLC-8]"]


def test_what_is_owed(said: str) -> None:
    """35 in the same city, 45 out of town, 110 for two volumes: in the table, and in both languages."""
    lines = _section(said, "The requests, and what became of them")
    statements = "\n".join(_section(said, "What is owed, clause by clause"))

    for amount in ("35.00", "45.00", "110.00"):
        assert sum(f"CNY {amount} " in line for line in lines) == 1
        assert f"Owed in all: CNY {amount}\n" in statements
        assert f"应付合计：¥{amount}\n" in statements


def test_a_second_renewal(said: str) -> None:
    """The second renewal is answered no, with every reason."""
    lines = _section(said, "A second renewal, asked for too late and without a reason, was answered no")

    assert [line[-8:] for line in lines if line] == ["[NLC-10]"] * 3


def test_what_a_college_borrowed(said: str) -> None:
    """One library kept silent, the next one sent it; the reader pays for the days the book was with her.

    By the rate and the clause of the library that lent it; the days in the post are the college's.
    """
    lines = [line.strip() for line in _section(said, "At a college library: two readers' requests")]
    done = [line[17:].strip() for line in lines if line.endswith(")") and line[:1].isdigit()]

    assert done.count("Ask the next library (policy)") == 2
    assert done.index("Wait no longer for an answer (clock)") < done.index("Accept the terms (policy)")
    assert "1 volume × 5 days × CNY 5.00 = CNY 25.00 [NLC-12]" in lines
    assert "The library owes CN-NLC by then: CNY 70.00" in lines
    assert "There is an unpaid debt of CNY 12.50. [CQ-1]" in lines


def test_the_proofs(said: str) -> None:
    """Every journal folds to its snapshot, and the books balance."""
    proofs = _section(said, "Two proofs")

    assert proofs[0] == "Proof 1: 12 journals folded, 0 differ from their snapshot."
    for line, library in zip(proofs[1:], ("CN-NLC", "CN-500113"), strict=True):
        words = line.replace(",", "").rstrip(".").split()
        assert line.startswith(f"Proof 2: the books of {library} in CNY: ")
        assert words[words.index("debit") - 1] == words[words.index("credit") - 1] != "0.00"


def test_the_files(said: str, folder: Path) -> None:
    """A letter as a file for every message that was sent, in Chinese and in English, and the diagram."""
    storage = SqliteStorage(folder / "desk.db", Codec(ILL))
    statuses = Counter(outgoing.status.value for outgoing in storage.outbox())
    storage.close()
    letters = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("mail/new/*")
    ]

    assert f"{len(letters)} letters of the lender as files" in said
    assert len(letters) == statuses["sent"] > 0
    assert statuses["superseded"] > 0
    assert set(statuses) == {"sent", "superseded"}
    assert len({letter["Message-ID"] for letter in letters}) == len(letters)
    assert {letter["Subject"].isascii() for letter in letters} == {True, False}
    assert "stateDiagram-v2" in (folder / "lending.mmd").read_text(encoding="utf-8")


def test_nothing_of_this_machine_is_said(said: str, folder: Path) -> None:
    """What is said differs from folder to folder by the folder's name alone, and no file is left beside."""
    assert str(DEMO.parent) not in said.replace(str(folder), "")
    made = {"desk.db", "lending.mmd", "mail", "college.db", "college-mail"}
    assert {path.name for path in folder.iterdir()} == made


def test_a_second_run_replaces_the_first(said: str, folder: Path) -> None:
    """Run once more into the same folder, it says the same, and nothing is there twice."""
    again = _run(folder)

    assert (again.returncode, again.stdout) == (0, said)


@pytest.mark.parametrize("names", [("thesis.txt",), ("desk.db", "thesis.txt"), ("mail",)])
def test_a_folder_of_somebody_else(tmp_path: Path, names: tuple[str, ...]) -> None:
    """A folder that holds anything else is refused and left alone."""
    for name in names:
        (tmp_path / name).write_text("years of work", encoding="utf-8")
    run = _run(tmp_path)

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == dict.fromkeys(
        names, "years of work"
    )


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    """A file is no folder: refused, and left alone."""
    file = tmp_path / "out"
    file.write_text("years of work", encoding="utf-8")

    assert _run(file).returncode == 2
    assert file.read_text(encoding="utf-8") == "years of work"
