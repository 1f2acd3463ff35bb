"""The command line run within this process, and a desk whose story so far is one file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import EXAMPLES, Cli, call


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The program, called from an empty folder; the environment names the host's facts and nothing else."""
    for name in ("DB", "RULEBOOK", "BORROWING_RULEBOOK", "NETWORK_RULEBOOK", "LANG"):
        monkeypatch.delenv(f"SERVFLOW_{name}", raising=False)
    monkeypatch.setenv("SERVFLOW_HOST", str(EXAMPLES / "host.toml"))
    monkeypatch.chdir(tmp_path)
    return call


STORY = (
    "ill do CN-110108 Apply lender=CN-NLC kind=university_library --recorded-at 2026-01-12T10:00:00+08:00",
    "ill do CN-110108 Approve --recorded-at 2026-01-14T10:00:00+08:00",
    "ill do CN-110108 Sign agreements=borrowing,copyright --recorded-at 2026-01-19T10:00:00+08:00",
    "ill do CN-110108 PaySecurity kind=deposit amount=500 --recorded-at 2026-01-20T10:00:00+08:00",
    "ill do CN-320500 Apply lender=CN-NLC kind=university_library --recorded-at 2026-01-12T10:00:00+08:00",
    "ill do CN-320500 Approve --recorded-at 2026-01-14T10:00:00+08:00",
    "ill do CN-320500 Sign agreements=borrowing,copyright --recorded-at 2026-01-19T10:00:00+08:00",
    "ill do CN-320500 PaySecurity kind=deposit amount=500 --recorded-at 2026-01-20T10:00:00+08:00",
    f"ill import --at 2026-01-30T16:00:00+08:00 {' '.join(map(str, sorted(EXAMPLES.glob('requests/*.xml'))))}",
    "ill do CN-320500/PJ-88031 Promise --recorded-at 2026-01-30T17:00:00+08:00",
    "ill do CN-320500/PJ-88031 Ship items=NLC-0018 --recorded-at 2026-01-31T10:00:00+08:00",
)


@pytest.fixture(scope="session")
def told_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story in a database: two relations, seven requests, and one loan that went out of town."""
    db = tmp_path_factory.mktemp("story") / "desk.db"
    for line in STORY:
        said = call("--db", db, "--host", EXAMPLES / "host.toml", *line.split(" "))
        assert said.code == 0, said
    return db


@pytest.fixture
def lent(cli: Cli, told_once: Path, tmp_path: Path) -> Cli:
    """The program over a copy of the story, in the file that it takes without being told.

    ``NEW`` waits for its answer, ``LOAN`` is out, ``RARE`` and four others were answered "no".
    """
    shutil.copy(told_once, tmp_path / "servflow.db")
    return cli
