"""docs/working-by-mail.md, line by line, at the times that stand in it; and what ``--mail`` refuses.

Run as a program (``python tests/cli/test_working_by_mail.py``), it writes the answers on the page anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from command_line import EXAMPLES, Cli, call
from told_page import played

PAGE = Path(__file__).parents[2] / "docs" / "working-by-mail.md"
AT = "2026-01-20T09:30:00+08:00"


def _laid_out(folder: Path) -> None:
    shutil.copy(EXAMPLES / "host.toml", folder)
    shutil.copytree(EXAMPLES / "mail", folder / "mail")


@pytest.fixture
def mail_desk(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The program in a folder with the files of the example."""
    _laid_out(tmp_path)
    monkeypatch.setenv("SERVFLOW_HOST", "host.toml")
    return cli


@pytest.fixture
def asked(mail_desk: Cli) -> Cli:
    """A request that was sent to the library in Guangzhou."""
    for line in (
        "ill request B-7 --patron p-23 --title 运河船谱 --supplier CN-440100 --max-cost 30",
        "ill do B-7 ApproveRequest",
    ):
        assert mail_desk(*line.split(), "--recorded-at", "2026-01-19T10:00:00+08:00").code == 0
    return mail_desk


def _journal(cli: Cli, id: str) -> list[dict[str, Any]]:
    return [entry["command"] for entry in cli("ill", "show", id, "--json").document["journal"]]


def test_the_page_is_as_it_is_told(mail_desk: Cli) -> None:
    """Every answer on the page is the one that the program gives when the line is typed at its time."""
    page = PAGE.read_text(encoding="utf-8")

    assert list(played(page, mail_desk)) == page.splitlines()


def test_the_page_leaves_who_entered_what_from_which_mail(mail_desk: Cli) -> None:
    """The journal has the mail's id, its date and its text beside what was entered."""
    list(played(PAGE.read_text(encoding="utf-8"), mail_desk))
    heard = next(each for each in _journal(mail_desk, "B-7") if each["command"] == "HearPromise")

    assert heard["by"] == {"party": "staff", "serves": "CN-NLC", "office": "staff"}
    assert heard["evidence"] == "<7001@zhujiang.example.cn>"
    assert heard["note"] == "可以提供，借书费用15元，明日寄出。"
    assert heard["happened_at"] == "2026-01-20T01:05:00Z"
    taken = next(iter(_journal(mail_desk, "CN-320500/PJ-90001")))
    assert (taken["command"], taken["evidence"]) == ("ReceiveRequest", "<3301@pingjiang.example.cn>")


def test_what_was_found_is_told_to_machines(asked: Cli) -> None:
    """The answer says which mail it was, and which letter of ours it answers."""
    said = asked("ill", "hear", "-", "promise", "--mail", "mail/01-yes.eml", "--recorded-at", AT, "--json")

    assert said.document["mail"] == {
        "file": "mail/01-yes.eml",
        "message_id": "<7001@zhujiang.example.cn>",
        "from": "gjhj@zhujiang.example.cn",
        "date": "2026-01-20T09:05:00+08:00",
        "automatic": False,
        "attachments": [],
        "answers": "ill.borrowing/B-7/5/ill.borrowing.request",
        "about": "B-7",
    }


def _written(name: str, *, sender: str = "gjhj@zhujiang.example.cn", **headers: str) -> str:
    lines = [f"From: {sender}", *(f"{key.replace('_', '-')}: {value}" for key, value in headers.items())]
    Path(name).write_text("\n".join([*lines, "", "yes"]), encoding="utf-8")
    return name


def test_a_mail_program_that_refers_to_nothing(asked: Cli) -> None:
    """The request id in the subject names the case and the attempt."""
    file = _written("plain.eml", Subject="AW: B-7~1", Message_ID="<p@z>")
    said = asked("ill", "hear", "-", "promise", "--mail", file, "--recorded-at", AT)

    assert said.code == 0, said.err
    assert "it answers no letter of ours" in said.out
    heard = next(each for each in _journal(asked, "B-7") if each["command"] == "HearPromise")
    assert (heard["attempt"], heard["happened_at"]) == (1, "2026-01-20T01:30:00Z")


@pytest.mark.parametrize("subject", ["hello", "B-99~1"])
def test_a_mail_about_nothing_of_ours(asked: Cli, subject: str) -> None:
    """It is refused with what would help; with the case named, it is taken."""
    file = _written("stray.eml", Subject=subject)
    said = asked("ill", "hear", "-", "promise", "--mail", file, "--recorded-at", AT)

    assert said.code == 1
    assert "our request id in the subject; otherwise name the case" in said.err
    assert asked("ill", "hear", "B-7", "promise", "--mail", file, "--recorded-at", AT).code == 0


def test_who_was_not_asked_is_not_heard(asked: Cli) -> None:
    """A mail from another address changes nothing, until somebody says that it counts."""
    file = _written("other.eml", sender="x@elsewhere.example", Subject="B-7~1")
    line = ("ill", "hear", "-", "promise", "--mail", file, "--recorded-at", AT)
    said = asked(*line)

    assert said.code == 1
    assert (
        "From: found x@elsewhere.example, expected gjhj@zhujiang.example.cn, the address of CN-440100"
        in said.err
    )
    assert asked("ill", "show", "B-7", "--json").document["state"] == "sent"
    assert asked(*line, "--from-somebody-else").code == 0


def test_a_mail_about_another_case_is_taken_for_the_one_that_is_named(asked: Cli) -> None:
    """What staff say counts, and they are told what the mail program says."""
    line = "ill request B-8 --patron p-23 --title 太湖渔俗志 --supplier CN-440100"
    for each in (line, "ill do B-8 ApproveRequest"):
        assert asked(*each.split(), "--recorded-at", "2026-01-19T10:00:00+08:00").code == 0
    said = asked("ill", "hear", "B-8", "promise", "--mail", "mail/01-yes.eml", "--recorded-at", AT)

    assert said.code == 0, said.err
    assert "request B-7~1; it is taken for B-8 all the same" in said.out
    assert asked("ill", "show", "B-8", "--json").document["state"] == "promised"
    assert asked("ill", "show", "B-7", "--json").document["state"] == "sent"


def test_a_mail_from_before_its_question_or_from_the_future(asked: Cli) -> None:
    """Somebody's clock is wrong: an answer does not come before what it answers, nor after now."""
    early = _written("early.eml", Subject="B-7~1", Date="Mon, 1 Jan 2024 09:00:00 +0800")
    late = _written("late.eml", Subject="B-7~1", Date="Fri, 1 Jan 2027 09:00:00 +0800")
    assert asked("ill", "hear", "-", "received", "--mail", early, "--recorded-at", AT).code == 0
    assert asked("ill", "hear", "-", "expect", "--mail", late, "--recorded-at", AT).code == 0
    heard = {each["command"]: each["happened_at"] for each in _journal(asked, "B-7")}

    assert heard["HearReceived"] == "2026-01-19T02:00:00Z"
    assert heard["HearExpect"] == "2026-01-20T01:30:00Z"


@pytest.mark.parametrize(
    ("file", "found"),
    [("nowhere.eml", "No such file"), ("host.toml", "no headers at all"), (".", "directory")],
)
def test_a_file_that_is_no_mail(asked: Cli, file: str, found: str) -> None:
    """It is said what is wrong with it, and nothing is changed."""
    said = asked("ill", "hear", "-", "promise", "--mail", file, "--recorded-at", AT)

    assert said.code == 1
    assert found in said.err


def test_what_no_other_library_says_takes_no_mail(asked: Cli) -> None:
    """What is done here is said by staff themselves."""
    said = asked("ill", "do", "B-7", "Receive", "--mail", "mail/01-yes.eml", "--recorded-at", AT)

    assert said.code == 2
    assert "Receive is not said by another library" in said.err


def test_what_is_typed_counts_before_what_the_mail_says(asked: Cli) -> None:
    """A note, an instant and an id that are given stay as they are; the evidence is the mail's all the same."""
    at = "2026-01-20T08:00:00+08:00"
    said = asked(
        *("ill", "hear", "-", "promise", "note=they will", "--mail", "mail/01-yes.eml"),
        *("--at", at, "--id", "own-1", "--recorded-at", AT),
    )
    heard = next(each for each in _journal(asked, "B-7") if each["command"] == "HearPromise")

    assert said.code == 0, said.err
    assert (heard["id"], heard["note"], heard["happened_at"]) == (
        "own-1",
        "they will",
        "2026-01-20T00:00:00Z",
    )
    assert heard["evidence"] == "<7001@zhujiang.example.cn>"


def test_a_reply_of_a_machine_and_its_files_are_pointed_out(asked: Cli) -> None:
    """Staff see that nobody wrote it, and what was attached."""
    body = "--b\nContent-Type: text/plain\n\nabsent\n--b\nContent-Type: image/png; name=x.png\n\nx\n--b--\n"
    head = "From: gjhj@zhujiang.example.cn\nSubject: B-7~1\nAuto-Submitted: auto-replied\n"
    Path("away.eml").write_text(
        f"{head}Content-Type: multipart/mixed; boundary=b\n\n{body}", encoding="utf-8"
    )
    said = asked("ill", "hear", "-", "notification", "--mail", "away.eml", "--recorded-at", AT)

    assert said.code == 0, said.err
    assert "no person wrote it: it is an automatic reply" in said.out
    assert "attached, not kept: x.png" in said.out


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        _laid_out(Path(_folder))
        os.chdir(_folder)
        os.environ["SERVFLOW_HOST"] = "host.toml"
        _page = "\n".join(played(PAGE.read_text(encoding="utf-8"), call)) + "\n"
    PAGE.write_text(_page, encoding="utf-8")
