"""``servflow audit``, ``export``, ``import``, ``erase``; and a database that is named by a URL."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from command_line import EXAMPLES, LOAN, Cli
from postgres import Server

from servflow.core.errors import MissingExtra

TOWN = "CN-320500"


def _edit(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement).rowcount
        connection.commit()


# --- audit ----------------------------------------------------------------------------------------


def test_the_story_is_whole(lent: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program has written has no problems, with or without the host's facts."""
    again, plain = lent("audit", "--redecide"), lent("audit", "--redecide", "--json")
    monkeypatch.delenv("SERVFLOW_HOST")
    said = lent("audit")

    assert (said.code, again.code, plain.code) == (0, 0, 0), again
    assert said.out == again.out == f"{plain.document['records']} records: 0 problems, 0 differences\n"
    assert (plain.document["problems"], plain.document["differences"], plain.document["undecided"]) == (
        [],
        [],
        [],
    )


def test_a_damaged_one(lent: Cli, tmp_path: Path) -> None:
    """Every mistake has its line and its place; what is damaged is not decided again: exit code 1."""
    _edit(
        tmp_path / "servflow.db",
        "UPDATE servflow_posting SET minor = minor + 1, subject = '\x1b[31mx' WHERE n = 1",
    )
    said, plain = lent("audit", "--redecide"), lent("audit", "--json")

    assert said.code == plain.code == 1
    assert "nothing was decided again" in said.err
    assert "\x1b" not in said.out
    assert "\\x1b[31mx" in said.out
    assert [problem["where"].rpartition(", ")[2] for problem in plain.document["problems"]] == [
        "subject",
        "minor",
    ]
    assert set(plain.document["problems"][0]) == {"where", "found", "expected"}


def _other_rules(tmp_path: Path, old: str, new: str) -> Path:
    shipped = files("servflow.rulebooks").joinpath("data", "nlc", "interlibrary-loan.toml")
    text = shipped.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "rules.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_rules_that_are_not_at_hand(lent: Cli, tmp_path: Path) -> None:
    """Under another rulebook nothing is decided again, which is said and no problem; ``--also`` brings it."""
    path = _other_rules(tmp_path, 'title = "', 'title = "another ')
    said = lent("audit", "--redecide", "--rulebook", path)
    both = lent("audit", "--redecide", "--rulebook", path, "--also", "nlc/interlibrary-loan", "--json")

    assert said.code == both.code == 0
    assert "is not at hand" in said.out
    assert both.document["undecided"] == []


def test_what_is_decided_otherwise(lent: Cli, tmp_path: Path) -> None:
    """A difference has its entry, its field and both values: exit code 1."""
    _edit(
        tmp_path / "servflow.db",
        """
        UPDATE servflow_outbox SET document = replace(document, '"title","', '"title","x')
            WHERE n = (SELECT max(n) FROM servflow_outbox)
        """,
    )
    said, plain = lent("audit", "--redecide"), lent("audit", "--redecide", "--json")

    assert said.code == plain.code == 1
    assert "decided otherwise now" in said.out
    (difference,) = plain.document["differences"]
    assert (difference["where"].partition(" ")[0], difference["field"]) == ("message", "facts")
    assert difference["stored"] != difference["now"]


def test_audit_wrong_usage(lent: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--also`` without ``--redecide``, and deciding again without the host's facts, are wrong usage."""
    assert lent("audit", "--also", "nlc/interlibrary-loan").code == 2
    monkeypatch.delenv("SERVFLOW_HOST")
    assert lent("audit", "--redecide").code == 2


# --- export and import ----------------------------------------------------------------------------


def test_out_and_in(lent: Cli, tmp_path: Path) -> None:
    """What is exported, imported and exported again is the same file; the new database is as good."""
    said = lent("export", "one.jsonl")
    taken = lent("import", "one.jsonl", "--db", "new.db", "--json")
    plain = lent("export", "two.jsonl", "--db", "new.db", "--json")

    count = taken.document["records"]
    assert (said.code, said.out) == (0, f"one.jsonl: {count} records\n")
    assert (taken.code, taken.document) == (0, {"file": "one.jsonl", "records": count})
    assert (plain.code, plain.document) == (0, {"file": "two.jsonl", "records": count})
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert (
        lent("ill", "show", LOAN, "--json", "--db", "new.db").out == lent("ill", "show", LOAN, "--json").out
    )
    assert lent("audit", "--db", "new.db").code == 0


def test_through_a_pipe(lent: Cli, tmp_path: Path) -> None:
    """Standard output has the archive and nothing else, and standard input is taken."""
    assert lent("export", "one.jsonl").code == 0
    command = [sys.executable, "-c", "from servflow.cli import main; main()"]
    out = subprocess.run([*command, "export", "--json"], check=True, capture_output=True, timeout=60)
    back = subprocess.run(
        [*command, "import", "-", "--db", "new.db"],
        check=True,
        capture_output=True,
        timeout=60,
        input=out.stdout,
    )

    assert out.stdout == (tmp_path / "one.jsonl").read_bytes()
    assert (out.stderr, back.stderr) == (b"", b"")
    assert back.stdout.startswith(b"-: ")


def test_a_wrong_archive(lent: Cli, tmp_path: Path) -> None:
    """Every mistake is named with its line, nothing is taken in, and a right one can follow."""
    assert lent("export", "right.jsonl").code == 0
    lines = (tmp_path / "right.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = b'{"\x1b[31m":1}\n'
    (tmp_path / "wrong.jsonl").write_bytes(b"".join(lines))
    said = lent("import", "wrong.jsonl", "--db", "new.db")
    plain = lent("import", "wrong.jsonl", "--db", "new.db", "--json")

    assert said.code == plain.code == 1
    assert "line 3" in said.err
    assert "\x1b" not in said.err + plain.out
    assert plain.document["error"] == "invalid-archive"
    assert any(text.startswith(f"line {len(lines)}, sha256") for text in plain.document["texts"])
    assert not list(tmp_path.glob("new.db*"))
    assert lent("import", "right.jsonl", "--db", "new.db").code == 0


def test_an_archive_is_its_owners(lent: Cli, tmp_path: Path) -> None:
    """A new file is readable by its owner only; one that is replaced stays as readable as it was."""
    archive = tmp_path / "one.jsonl"
    assert lent("export", "one.jsonl").code == 0
    assert archive.stat().st_mode & 0o777 == 0o600
    archive.chmod(0o640)
    (tmp_path / "link.jsonl").symlink_to(archive)
    assert lent("export", "link.jsonl").code == 0
    assert archive.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.jsonl").is_symlink()


@pytest.mark.parametrize(
    "address",
    ["postgresql:/u:geheim@h/x", "host=localhost password=geheim dbname=x", "Postgresql://u:ge@heim@h:p/x"],
)
def test_what_is_neither_a_file_nor_an_address(lent: Cli, tmp_path: Path, address: str) -> None:
    """A slip in an address makes no file of that name, and shows no password."""
    before = sorted(tmp_path.iterdir())
    said = lent("audit", "--db", address)

    assert said.code == 2
    assert "heim" not in said.out + said.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_database_that_has_something(lent: Cli) -> None:
    """An archive is taken into an empty database only: wrong usage, and nothing was changed."""
    assert lent("export", "one.jsonl").code == 0
    assert lent("import", "one.jsonl").code == 2
    assert lent("export", "two.jsonl").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "no.jsonl", "--db", "new.db"),
        ("import", "."),
        ("export", "no/such/folder.jsonl"),
        ("import",),
    ],
)
def test_files_that_are_none(lent: Cli, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A file that cannot be read or written is wrong usage; no database is made for it."""
    said = lent(*arguments)

    assert (said.code, said.out) == (2, "")
    assert not (tmp_path / "new.db").exists()


def test_no_half_of_a_file(lent: Cli, tmp_path: Path) -> None:
    """Where the database is damaged, the archive that was there stays, and nothing is left beside it."""
    (tmp_path / "one.jsonl").write_text("the last one", encoding="utf-8")
    _edit(tmp_path / "servflow.db", "UPDATE servflow_posting SET document = 'x'")
    before = sorted(path.name for path in tmp_path.iterdir())
    said = lent("export", "one.jsonl")

    assert said.code == 1
    assert "run the audit" in said.err
    assert (tmp_path / "one.jsonl").read_text(encoding="utf-8") == "the last one"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_what_is_no_file(lent: Cli, tmp_path: Path) -> None:
    """What is there and no file, such as a pipe, is written to as it is, and stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _edit(tmp_path / "servflow.db", "DELETE FROM servflow_outbox")
        said = lent("export", "pipe")  # the first of it fits into the pipe
        first = os.read(reading, 34)
    finally:
        os.close(reading)

    assert said.code == 0
    assert first == b'{"format":1,"servflow":"archive"}\n'
    assert pipe.is_fifo()


def test_no_database(cli: Cli) -> None:
    """Where there is none, there is nothing to audit, to export, or to erase."""
    for arguments in (("audit",), ("export", "x.jsonl"), ("erase", TOWN, "--yes")):
        assert cli(*arguments).code == 1


# --- erase ----------------------------------------------------------------------------------------


def test_erase(lent: Cli, tmp_path: Path) -> None:
    """The party is nowhere any more, its loan goes on under a pseudonym, and the database is whole."""
    said = lent("erase", TOWN, "--yes", "--text", "PJ", "--json", "--at", "2026-02-01T00:00:00+08:00")
    done = said.document
    pseudonym = done["pseudonym"]

    assert said.code == 0, said
    assert set(done) == {
        "pseudonym",
        "aggregates",
        "entries",
        "receipts",
        "postings",
        "messages",
        "withdrawn",
    }
    assert done["aggregates"] >= 2
    content = b"".join(path.read_bytes() for path in tmp_path.glob("servflow.db*"))
    assert TOWN.encode() not in content
    assert lent("ill", "show", LOAN).code == 2
    assert lent("ill", "show", f"{pseudonym}/[erased]-88031").code == 0
    assert lent("audit", "--redecide").code == 0


def test_erase_nobody(lent: Cli) -> None:
    """Of whom nothing is stored, nothing is erased."""
    said, plain = lent("erase", "CN-1", "--yes"), lent("erase", "CN-1", "--yes", "--json")

    assert (said.code, said.out) == (0, "nothing of it is stored\n")
    assert plain.document["pseudonym"] is None


def test_erase_says_what_it_did(lent: Cli) -> None:
    """A person is told the pseudonym, and how many records of each kind were rewritten."""
    said = lent("erase", TOWN, "--yes")

    assert said.code == 0
    assert "stands for it now" in said.out
    assert "withdrawn" in said.out


def test_erase_asks(lent: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks before it begins; who says no, or cannot be asked, has erased nothing."""
    asked: list[str] = []

    def answer(text: str, **_: Any) -> bool:
        asked.append(text)
        raise KeyboardInterrupt

    assert lent("erase", TOWN).code == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", answer)
    said = lent("erase", TOWN)

    assert said.code == 1
    assert TOWN in said.err
    assert asked == ["Erase"]
    assert lent("ill", "show", TOWN).code == 0


def test_erase_refuses(lent: Cli) -> None:
    """A blank reference, and a text that is part of something else, are wrong usage; nothing is erased."""
    assert lent("erase", " ", "--yes").code == 2
    assert lent("erase", TOWN, "--yes", "--text", "CNY").code == 2
    assert lent("ill", "show", TOWN).code == 0


# --- a database by its URL ------------------------------------------------------------------------


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


def test_a_database_of_postgresql(lent: Cli, url: str, tmp_path: Path) -> None:
    """The desk works in it as in a file, and what was in a file goes into it and back."""
    assert lent("export", "one.jsonl").code == 0
    taken = lent("import", "one.jsonl", "--db", url)
    assert taken.code == 0, taken
    assert lent("ill", "show", LOAN, "--json", "--db", url).out == lent("ill", "show", LOAN, "--json").out
    assert lent("audit", "--redecide", "--db", url).code == 0
    assert lent("export", "two.jsonl", "--db", url).code == 0
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert lent("erase", TOWN, "--yes", "--db", url).code == 0
    assert lent("audit", "--redecide", "--db", url).code == 0
    assert lent("export", "three.jsonl", "--db", url).code == 0
    assert TOWN not in (tmp_path / "three.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cr3t%21x@/none?host=/no/such/folder",
        "postgresql+psycopg://me:s3cr3t%21x@/none?host=/no/such/folder",
        "postgresql://me@/none?host=/no/such/folder&password=s3cr3t%21x",
        "mysql://me:s3cr3t%21x@localhost/none",
    ],
)
def test_a_password_is_shown_nowhere(cli: Cli, tmp_path: Path, url: str) -> None:
    """A database that cannot be reached is named without its password; no file of that name is made."""
    said, plain = cli("ill", "list", "--db", url), cli("ill", "list", "--db", url, "--json")

    assert said.code in (1, 2)
    assert said.err.startswith("servflow: ")
    assert "s3cr3t" not in said.out + said.err + plain.out + plain.err
    assert json.loads(plain.out)["error"]
    assert list(tmp_path.iterdir()) == []


def test_whatever_an_error_says(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a driver's own words have the password in them, they are shown without it."""
    from servflow.adapters import storage_sqlalchemy
    from servflow.core.errors import UnusableStorage

    def refuse(database: str, *_: Any, **__: Any) -> None:
        raise UnusableStorage(database, "s3cr3t!x", "another one than s3cr3t%21x")

    monkeypatch.setattr(storage_sqlalchemy, "PostgresStorage", refuse)
    url = "postgresql://me:s3cr3t%21x@localhost/none"
    said, plain = cli("ill", "list", "--db", url), cli("ill", "list", "--db", url, "--json")

    assert "***" in said.err
    assert "s3cr3t" not in said.err + plain.out


def test_what_it_takes_is_not_installed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra it is said which one to install; files go on working."""
    for name in [name for name in sys.modules if name.startswith("servflow.adapters.storage_sqlalchemy")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    said = cli("ill", "list", "--db", "postgresql://localhost/none")

    assert said.code == 2
    assert "install servflow[sql]" in said.err
    assert MissingExtra("x", "sql").extra == "sql"
    shutil.copy(EXAMPLES / "host.toml", "host.toml")
    assert cli("ill", "do", "CN-1", "Apply", "lender=CN-NLC", "kind=other").code == 0
