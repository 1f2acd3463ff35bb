"""The program as a whole: options and environment, databases that are none, what is shown, what is typed."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from command_line import EXAMPLES, LOAN, NEW, RARE, Cli, Said, call
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servflow import __version__
from servflow.cli import _host


@pytest.fixture
def story(lent: Cli, tmp_path: Path) -> Path:
    """The database of the story, under a name that nobody would guess."""
    return (tmp_path / "servflow.db").rename(tmp_path / "story.db")


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "--db story.db --json ill list",
        "ill --db story.db list --json",
        "--json ill list --db story.db",
        "--db no.db --json ill --db story.db list",
        "--db no.db --json ill list --db story.db",
    ],
)
def test_options_stand_anywhere(cli: Cli, story: Path, line: str) -> None:
    """The options of a whole call stand before or behind a command; the last one typed counts."""
    said = cli(*line.split())

    assert said.code == 0
    assert len(said.document) == 7


def test_the_environment(cli: Cli, story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not typed is taken from the environment."""
    monkeypatch.setenv("SERVFLOW_DB", str(story))
    monkeypatch.setenv("SERVFLOW_LANG", "zh_CN")
    assert "江南书院史料选" in cli("ill", "list").out
    assert "借书费用" in cli("ill", "why", LOAN).out

    monkeypatch.setenv("SERVFLOW_RULEBOOK", "no.toml")
    assert "no.toml" in cli("ill", "list").err


@pytest.mark.parametrize("line", ["--db story.db --lang en ill why", "ill --db story.db --lang en why"])
def test_what_is_typed_counts_before_the_environment(
    cli: Cli, story: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """What is typed anywhere on the line counts before the environment."""
    monkeypatch.setenv("SERVFLOW_DB", "no.db")
    monkeypatch.setenv("SERVFLOW_LANG", "zh_CN")
    said = cli(*line.split(), LOAN)

    assert said.code == 0, said.err
    assert "Loan fee" in said.out


def test_version(cli: Cli) -> None:
    """``--version`` says which release it is."""
    assert cli("--version") == (0, f"servflow, version {__version__}\n", "")


@pytest.mark.parametrize(
    "line",
    ["fly", "ill fly", "--fly", "ill list --fly", "--lang de ill list", "ill show"],
)
def test_wrong_usage(cli: Cli, line: str) -> None:
    """A command or an option that there is not, or half of one, is wrong usage, told on standard error."""
    said = cli(*line.split())

    assert (said.code, said.out) == (2, "")
    assert "Usage: servflow" in said.err


@pytest.mark.parametrize("line", ["", "ill", "fee", "rulebook"])
def test_half_a_command(cli: Cli, line: str) -> None:
    """A group without a command explains itself; older releases of click take that for fine."""
    said = cli(*line.split())

    assert said.code in (0, 2)
    assert "Commands:" in said.out + said.err


def test_interrupted(lent: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who interrupts it gets a line, and no traceback."""

    def interrupted() -> datetime:
        raise KeyboardInterrupt

    monkeypatch.setattr("servflow.cli._clock.now", interrupted)

    assert lent("wake") == (1, "", "servflow: interrupted\n")


# --- databases ------------------------------------------------------------------------------------


def _another_program(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.executescript("PRAGMA application_id = 1234; CREATE TABLE theirs (a)")
    connection.close()


def _newer(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def _text(file: Path) -> None:
    file.write_text("no database at all, but long enough for a header; " * 3, encoding="utf-8")


READS = ("ill", "list")
WRITES = ("ill", "do", "CN-1", "Apply", "lender=CN-NLC", "kind=other")


@pytest.mark.parametrize("arguments", [READS, WRITES])
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_another_program, "another program"),
        (_newer, "layout 99"),
        (_text, "no SQLite database"),
    ],
)
def test_a_database_that_is_none_of_ours(
    cli: Cli, story: Path, spoil: Callable[[Path], None], expected: str, arguments: tuple[str, ...]
) -> None:
    """Another program's database, a newer one, or none at all: it is said, and left as it is."""
    if spoil is _another_program:
        story.unlink()
    spoil(story)
    before, beside = story.read_bytes(), sorted(story.parent.iterdir())
    said = cli("--db", story, *arguments)

    assert said.code == 1
    assert said.out == ""
    assert expected in said.err
    assert str(story) in said.err
    assert story.read_bytes() == before
    assert sorted(story.parent.iterdir()) == beside


@pytest.mark.parametrize("arguments", [READS, WRITES])
def test_a_damaged_database(cli: Cli, story: Path, arguments: tuple[str, ...]) -> None:
    """A database that ends in the middle is a problem, not taken for an empty one."""
    story.write_bytes(story.read_bytes()[:4000])
    said = cli("--db", story, *arguments)

    assert (said.code, said.out) == (1, "")
    assert "malformed" in said.err
    assert story.stat().st_size == 4000


@pytest.mark.parametrize("arguments", [READS, WRITES])
@pytest.mark.parametrize("place", [".", "no/such/folder/desk.db", "x" * 300, "/dev/null/desk.db"])
def test_a_place_for_no_database(cli: Cli, tmp_path: Path, place: str, arguments: tuple[str, ...]) -> None:
    """A folder, a folder that is not there, a name too long: each is a problem, nothing is made."""
    said = cli("--db", place, *arguments)

    assert said.code == 1
    assert said.err.startswith("servflow: ")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.close()


def test_a_locked_database(cli: Cli, story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another one writes, a writer gives up after a while, and a reader does not mind."""
    monkeypatch.setattr(_host, "WAIT_SECONDS", 0)
    with _locked(story):
        writes, reads = cli("--db", story, *WRITES), cli("--db", story, *READS)

    assert writes.code == 1
    assert "locked" in writes.err
    assert reads.code == 0
    assert cli("--db", story, *WRITES).code == 0


def test_the_database_is_one_file(cli: Cli, story: Path) -> None:
    """After a call nothing is left beside the database: it can be copied as it is."""
    assert cli("--db", story, *WRITES).code == 0
    assert list(story.parent.iterdir()) == [story]


# --- what is shown --------------------------------------------------------------------------------

NASTY = "[bold]red[/bold] [/] \x1b[31m\x9b2J \u202efdp.exe\x07 ]0;title"


def _titled(cli: Cli, tmp_path: Path) -> None:
    """A transaction with that title, entered by hand."""
    fields = ["requester=CN-110108", "supplier=CN-NLC", "request_id=7"]
    (tmp_path / "fields.json").write_text(json.dumps({"requested": {"title": NASTY}}), encoding="utf-8")
    said = cli("ill", "do", "CN-110108/7", "ReceiveRequest", *fields, "--data", "fields.json")
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    "line",
    [
        "ill list",
        "ill show CN-110108/7",
        "ill why CN-110108/7",
        "ill list --json",
        "ill show CN-110108/7 --json",
    ],
)
def test_nothing_is_taken_for_markup_or_obeyed(lent: Cli, tmp_path: Path, line: str) -> None:
    """A title with markup, terminal escapes or changes of direction is shown, and not obeyed."""
    _titled(lent, tmp_path)
    said = lent(*line.split())

    assert said.code == 0
    assert "[bold]red[/bold] [/]" in said.out
    assert [sign for sign in said.out if not sign.isprintable() and sign not in "\n\u3000"] == []


def test_json_loses_nothing(lent: Cli, tmp_path: Path) -> None:
    """Escaped or not, what a machine reads is what was said."""
    _titled(lent, tmp_path)

    assert lent("ill", "show", "CN-110108/7", "--json").document["requested"]["title"] == NASTY


def test_complaints_are_harmless_too(lent: Cli) -> None:
    """A name with terminal escapes in it comes back as text."""
    said = lent("ill", "list", "--rulebook", "\x1b[31mred")

    assert said.code == 1
    assert "\\x1b[31mred" in said.err
    assert "\x1b" not in said.err


def test_a_file_of_any_name(lent: Cli, tmp_path: Path) -> None:
    """A file whose name is no Unicode, or has signs that a terminal obeys, gets its line."""
    source = EXAMPLES / "requests" / "01-same-city.xml"
    names = ["\udcff.xml", "a\x1b[31m\nb.xml"]
    for name in names:
        shutil.copy(source, tmp_path / name)
    said, plain = lent("ill", "import", *names), lent("ill", "import", *names, "--json")

    assert said.code == plain.code == 0
    assert "\\udcff.xml" in said.out
    assert "\x1b" not in said.out + plain.out
    assert [row["file"] for row in plain.document] == names


# --- what is typed --------------------------------------------------------------------------------

WORDS = f"""
    ill fee eval table --facts --over --explain surcharge shandong/warranty-deposit-fees days=0..3 end=1,2
    ill wake mail rulebook clauses diagram import list show allowed do why check
    --json --lang zh_CN --on --at --recorded-at --state --relations --after --limit --as requester clock
    --id --data --list --table -- - -h --db --host servflow.db nlc/interlibrary-loan ill.supply
    {LOAN} {NEW} {RARE} CN-110108 Ship Pay CheckIn Recall NoticeDue Apply RecordDamage RequestRenewal BookLoan Waive
    items=A,B amount=5 amount=1e9 due=2026-02-20 reason=x step=1 item=NLC-0018 note= shipped 7
    2026-02-10T10:00:00+08:00 2026-03-20T10:00:00Z 2026-02-10 1900-01-01 2999-12-31
""".split()
ANYTHING = st.text(st.characters(exclude_characters="\0/"), max_size=12)  # no place outside of the folder
TYPED = st.lists(st.sampled_from(WORDS) | ANYTHING, max_size=9)
DONE = st.tuples(
    st.just("ill"),
    st.just("do"),
    st.sampled_from([LOAN, NEW, "CN-110108", "CN-1"]),
    st.sampled_from(
        ["Ship", "Pay", "CheckIn", "Recall", "NoticeDue", "Apply", "BookLoan", "Waive", "CannotSupply"]
    ),
)
FIELD = st.builds(
    "{}={}".format,
    st.sampled_from(
        ["items", "amount", "due", "reason", "step", "out", "charged", "loan", "kind", "why", "reasons"]
    ),
    ANYTHING
    | st.sampled_from(
        ["A,B", "5", "-5", "CNY 5", "2026-02-20", "9999-12-31", "0001-01-01", "none", "{}", "[[]]", "1e400"]
    ),
)


@pytest.fixture
def typing(lent: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """What is typed at random goes to no server, and every example starts from the story."""
    template = tmp_path / "template"
    shutil.copy(tmp_path / "servflow.db", template)

    def typed(*arguments: str | Path) -> Said:
        shutil.copy(template, tmp_path / "servflow.db")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
        return call(*arguments)

    return typed


QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(words=TYPED)
def test_whatever_is_typed(typing: Cli, words: list[str]) -> None:
    """Whatever is typed, the exit code is one of the four, and no error is one of Python's."""
    assert typing(*words).code in range(4)


@QUICK
@given(
    start=DONE,
    fields=st.lists(FIELD, max_size=4),
    role=st.sampled_from(["staff", "requester", "system", "clock"]),
)
def test_whatever_is_done(typing: Cli, start: tuple[str, ...], fields: list[str], role: str) -> None:
    """Whatever fields are typed for a command, the exit code is one of the four."""
    assert typing(*start, *fields, "--as", role, "--recorded-at", "2026-02-10T10:00:00+08:00").code in range(
        4
    )
