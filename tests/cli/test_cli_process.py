"""``servflow`` as a process of its own: exit codes, pipes, terminals, and what is not installed."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import EXAMPLES, LOAN

MAIN = "from servflow.cli import main; main()"

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def _run(
    *arguments: str | Path, code: str = MAIN, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, **(env or {})},
        check=False,
    )


def test_help() -> None:
    """The program starts, explains itself, and ends well."""
    said = _run("--help")

    assert (said.returncode, said.stderr) == (0, "")
    assert "Usage: servflow" in said.stdout


def test_exit_codes(told_once: Path, tmp_path: Path) -> None:
    """The exit code of the process is the one that the page promises: 1, 2 and 3."""
    host = ("--db", told_once, "--host", EXAMPLES / "host.toml")

    assert _run("--db", tmp_path, "ill", "list").returncode == 1
    assert _run("fly").returncode == 2
    assert _run(*host, "ill", "do", LOAN, "GrantRenewal").returncode == 3


MANY = ("fee", "table", "golf-club/refunds", "refund", "--over", "refused_on=2026-01-01..2050-01-01")


@pytest.mark.parametrize("arguments", [("clauses", "--json"), MANY])
def test_who_reads_has_seen_enough(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """``servflow clauses | head -1`` ends without a word, and so does a long table."""
    (tmp_path / "facts.json").write_text('{"paid": 100, "paid_by_card": false}', encoding="utf-8")
    facts = ("--facts", str(tmp_path / "facts.json")) if "table" in arguments else ()
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments, *facts], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) in (0, 1)  # all of it may have been written by then


def test_little_that_nobody_reads() -> None:
    """What fits into the pipe before anybody reads it, and is not read, ends without a word too."""
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, "--version"], stdout=write, stderr=subprocess.PIPE
    ) as process:
        os.close(write)
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1


def test_no_standard_output_at_all() -> None:
    """Started without a standard output, it works, and says nothing."""
    said = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" rulebook show >&-', sys.executable, MAIN],
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (said.returncode, said.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk() -> None:
    """Output that cannot be written is a problem, told in one line."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        said = subprocess.run(
            [sys.executable, "-c", MAIN, "clauses"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    assert said.returncode == 1
    assert said.stderr.startswith("servflow: ")
    assert said.stderr.count("\n") == 1


def test_an_encoding_without_chinese() -> None:
    """Where the output cannot hold a sign, its escape stands there."""
    said = _run("rulebook", "show", env={"PYTHONIOENCODING": "latin-1"})

    assert (said.returncode, said.stderr) == (0, "")
    assert "\\u56fd\\u5bb6\\u56fe\\u4e66\\u9986" in said.stdout


def test_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal an import shows how far it is, and a table is no wider than the terminal."""
    watched, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, "ill", "import", *EXAMPLES.glob("requests/*.xml")],
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        env={
            **os.environ,
            "TERM": "xterm",
            "COLUMNS": "60",
            "SERVFLOW_HOST": str(EXAMPLES / "host.toml"),
            "SERVFLOW_DB": str(tmp_path / "desk.db"),
        },
    ) as process:
        os.close(terminal)
        shown = b""
        try:
            while part := os.read(watched, 4096):
                shown += part
        except OSError:  # the other side has closed it
            pass
        assert process.wait(timeout=60) == 0
    os.close(watched)
    text = shown.decode()

    assert "Reading requests" in text
    table = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).splitlines()[-20:]
    assert "NLC-6" in "".join(table)
    assert max(map(len, table)) <= 60


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("click", "cli", ("--help",)),
        ("rich", "cli", ("--help",)),
        ("lxml", "iso18626", ("ill", "import", EXAMPLES / "requests" / "01-same-city.xml")),
        ("hypothesis", "testing", ("fee", "laws", "golf-club/refunds")),
    ],
)
def test_what_is_not_installed(
    tmp_path: Path, module: str, extra: str, arguments: tuple[str | Path, ...]
) -> None:
    """Without one of its packages it says in one line which extra brings it: exit code 2."""
    env = {"SERVFLOW_HOST": str(EXAMPLES / "host.toml"), "SERVFLOW_DB": str(tmp_path / "desk.db")}
    said = _run(*arguments, code=BLOCKED.format(module=module) + MAIN, env=env)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == f"servflow: {module} is not installed; install servflow[{extra}]\n"
