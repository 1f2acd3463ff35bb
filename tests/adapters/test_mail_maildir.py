from __future__ import annotations

import errno
import mailbox
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servflow.adapters.mail_maildir import MaildirMail
from servflow.core.errors import MailFailed
from servflow.core.ports import Letter, Party

SENDER = Party(ref="CN-NLC", name="馆际互借中心", email="ill@example.cn", language="zh_CN")
READER = Party(ref="CN-110108", name="京西图书馆", email="huji@example.org", language="zh_CN")
LETTER = Letter(
    message_id="ill.supply CN-110108/1:due:1",
    to=READER,
    subject="图书即将到期",
    body="您好。\n",
    at=datetime(2026, 2, 26, tzinfo=UTC),
)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_letter_is_a_file_that_mail_programs_read(tmp_path: Path):
    """a letter handed over is one unread message of a Maildir"""
    MaildirMail(tmp_path / "mail" / "out", SENDER).send(LETTER)
    box = mailbox.Maildir(tmp_path / "mail" / "out", create=False)
    [message] = box
    assert message["To"].endswith("<huji@example.org>")
    assert message.get_subdir() == "new"
    assert message.get_payload(decode=True) == "您好。\n".encode()
    assert "您好。" in next((tmp_path / "mail" / "out" / "new").iterdir()).read_text("utf-8")


def test_the_same_letter_twice_is_one_file(tmp_path: Path):
    """a letter handed over again is the same file, unread or read, also at a later time"""
    mail = MaildirMail(tmp_path, SENDER)
    mail.send(LETTER)
    [name] = files(tmp_path)
    content = (tmp_path / name).read_bytes()
    mail.send(replace(LETTER, at=datetime(2026, 3, 1, tzinfo=UTC)))
    assert files(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == content
    read = tmp_path / "cur" / f"{Path(name).name}:2,S"
    (tmp_path / name).rename(read)
    mail.send(LETTER)
    assert files(tmp_path) == [str(read.relative_to(tmp_path))]


def test_another_letter_is_another_file(tmp_path: Path):
    """letters of different ids are different files, even with the same text"""
    mail = MaildirMail(tmp_path, SENDER)
    mail.send(LETTER)
    mail.send(replace(LETTER, message_id="../../etc/passwd"))
    assert len(files(tmp_path)) == 2
    assert all(name.startswith("new/") for name in files(tmp_path))


def test_letters_are_for_their_owner_only(tmp_path: Path):
    """nobody else may read the letters"""
    MaildirMail(tmp_path / "mail", SENDER).send(LETTER)
    [name] = files(tmp_path / "mail")
    assert stat.S_IMODE((tmp_path / "mail" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "mail" / "new").stat().st_mode) == 0o700


def test_it_is_on_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """the file is synced before it gets its name, the folder after"""
    done: list[str] = []
    sync, move = os.fsync, os.replace

    def fsync(handle: int) -> None:
        done.append("folder synced" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file synced")
        sync(handle)

    def rename(source: str, target: Path) -> None:
        done.append("renamed")
        move(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", rename)
    MaildirMail(tmp_path, SENDER).send(LETTER)
    assert done == ["file synced", "renamed", "folder synced"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str):
    """where the letter cannot be written, it may be tried again, and no file is left behind"""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(MailFailed, match="No space left on device") as caught:
            MaildirMail(tmp_path, SENDER).send(LETTER)
    assert not caught.value.permanent
    assert caught.value.recipient == "CN-110108"
    assert files(tmp_path) == []
    MaildirMail(tmp_path, SENDER).send(LETTER)
    assert len(files(tmp_path)) == 1


def test_a_place_that_is_no_folder(tmp_path: Path):
    """a file in the folder's place is an error that says so, to be tried again once mended"""
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(MailFailed, match="mail") as caught:
        MaildirMail(tmp_path / "mail", SENDER).send(LETTER)
    assert not caught.value.permanent


def test_who_cannot_be_written_to(tmp_path: Path):
    """a letter to somebody without an address is given up, and nothing is written"""
    with pytest.raises(MailFailed, match="no address") as caught:
        MaildirMail(tmp_path / "mail", SENDER).send(replace(LETTER, to=replace(READER, email="")))
    assert caught.value.permanent
    assert not (tmp_path / "mail").exists()
