"""``servflow wake`` and ``servflow mail``: reminders, and letters that leave."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from command_line import EXAMPLES, LOAN, NEW, Cli

END = "2026-03-31T23:00:00+08:00"


class Server:
    """A mail server on the loopback that takes every letter."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self._loop = asyncio.new_event_loop()
        session = lambda: SMTP(self, hostname="localhost", loop=self._loop)  # noqa: E731
        self._server = self._loop.run_until_complete(self._loop.create_server(session, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 OK"

    def stop(self) -> None:
        async def stopped() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stopped(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port of the loopback on which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def _statuses(cli: Cli) -> dict[str, int]:
    found: dict[str, int] = {}
    for outgoing in cli("mail", "--list", "--json").document:
        found[outgoing["status"]] = found.get(outgoing["status"], 0) + 1
    return found


# --- wake -----------------------------------------------------------------------------------------


def test_a_reminder_is_due(lent: Cli) -> None:
    """Nothing is done before its day, then the reminder, and then nothing more for it."""
    early = lent("wake", "--at", "2026-02-24T23:59:00+08:00")
    due, again = (lent("wake", "--at", "2026-02-25T00:00:00+08:00", "--json") for _ in range(2))

    assert (early.code, early.out) == (0, "0 done\n")
    assert (due.code, due.document) == (0, {"rebuilt": 0, "done": 1, "refused": []})
    assert again.document == {"rebuilt": 0, "done": 0, "refused": []}


def test_rules_that_changed_are_asked_anew(lent: Cli, tmp_path: Path) -> None:
    """With --rebuild what is due is worked out by the rulebook of now: here, with no reminder before the day."""
    shipped = files("servflow.rulebooks").joinpath("data", "nlc", "interlibrary-loan.toml")
    text = shipped.read_text(encoding="utf-8")
    changed = text.replace("is = [-3, 1, 8, 22]", "is = [1, 8, 22]")
    assert changed != text
    rules = tmp_path / "rules.toml"
    rules.write_text(changed, encoding="utf-8")
    early = ("wake", "--at", "2026-02-25T00:00:00+08:00", "--rulebook", str(rules))
    rebuilt = lent(*early, "--rebuild", "--json")

    assert rebuilt.document == {"rebuilt": 1, "done": 0, "refused": []}
    assert lent(*early, "--rebuild").out == "0 to be looked at at another time than before\n0 done\n"


def test_one_late_run_does_it_all(lent: Cli) -> None:
    """A run after a month does what a run every day would have done; overtaken reminders are not mailed.

    Four reminders; and a request that nobody has answered is not needed any more.
    """
    assert lent("wake", "--at", END).out == "5 done\n"

    reminders = [
        outgoing
        for outgoing in lent("ill", "show", LOAN, "--json").document["outbox"]
        if outgoing["message"]["kind"] in ("ill.supply.due-soon", "ill.supply.overdue")
    ]
    assert [outgoing["status"] for outgoing in reminders] == ["superseded"] * 3 + ["pending"]


def test_a_wake_that_cannot_be(lent: Cli, tmp_path: Path) -> None:
    """What the rulebook does not say stops one case, is reported, and is a problem: exit code 1."""
    shipped = files("servflow.rulebooks").joinpath("data", "nlc", "interlibrary-loan.toml")
    head, mark, rest = shipped.read_text(encoding="utf-8").partition("[[rules.letter-mark.values]]")
    gap = rest.replace('is = "国家图书馆馆际互借"', "gap = true", 1)
    (tmp_path / "rules.toml").write_text(head + mark + gap, encoding="utf-8")
    said = lent("wake", "--at", END, "--rulebook", "rules.toml")
    plain = lent("wake", "--at", END, "--rulebook", "rules.toml", "--json")

    assert said.code == plain.code == 1
    assert LOAN in said.err
    assert "letter-mark" in said.err
    refused = [(each["kind"], each["id"], each["error"]) for each in plain.document["refused"]]
    assert refused == [("ill.supply", id, "missing-value") for id in (LOAN, NEW)]


def test_wake_asks_for_facts_when_it_needs_them(lent: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the host's facts nothing can be said to anybody: wrong usage, but only if something is due."""
    monkeypatch.delenv("SERVFLOW_HOST")

    assert lent("wake", "--at", "2026-02-01T00:00:00+08:00").code == 0
    assert lent("wake", "--at", END).code == 2


# --- mail -----------------------------------------------------------------------------------------


def test_mail_into_a_maildir(lent: Cli, tmp_path: Path) -> None:
    """Every letter that waits becomes a file, once; it is then recorded as sent."""
    waiting = _statuses(lent)["pending"]
    said = lent("mail", "--at", END, "--json")
    again = lent("mail", "--at", END)
    letters = list((tmp_path / "mail" / "new").iterdir())

    assert (said.code, said.document) == (0, {"sent": waiting, "failed": [], "postponed": []})
    assert again.out == "0 sent, 0 failed, 0 put off\n"
    assert len(letters) == waiting == _statuses(lent)["sent"]
    message = message_from_bytes(letters[0].read_bytes(), policy=policy.default)
    assert message["From"].addresses[0].addr_spec == "ill@library.example.cn"


def test_another_maildir(lent: Cli, tmp_path: Path) -> None:
    """``--maildir`` names the folder; it is made."""
    assert lent("mail", "--maildir", "out/box", "--at", END).code == 0
    assert any((tmp_path / "out" / "box" / "new").iterdir())


def test_mail_by_smtp(lent: Cli, server: Server) -> None:
    """``--smtp`` hands every letter to the server."""
    waiting = _statuses(lent)["pending"]
    said = lent("mail", "--smtp", f"127.0.0.1:{server.port}", "--at", END)

    assert said.code == 0, lent("mail", "--list").out
    assert len(server.taken) == waiting
    assert {envelope.mail_from for envelope in server.taken} == {"ill@library.example.cn"}
    assert _statuses(lent).get("pending", 0) == 0


def test_nobody_takes_the_mail(lent: Cli, nobody: int) -> None:
    """Where no server answers, the letters stay, with the reason; a later run sends them."""
    waiting = _statuses(lent)["pending"]
    said = lent("mail", "--smtp", f"127.0.0.1:{nobody}", "--at", END)

    assert said.code == 1
    assert said.out == f"0 sent, 0 failed, {waiting} put off\n"
    assert "servflow mail --list" in said.err
    assert f"127.0.0.1:{nobody}" in lent("mail", "--list").out
    assert lent("mail", "--at", END).code == 0


def test_a_maildir_that_is_none(lent: Cli, tmp_path: Path) -> None:
    """Where the folder cannot be made, the letters stay."""
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    said = lent("mail", "--maildir", "file", "--at", END, "--json")

    assert said.code == 1
    assert said.document["sent"] == 0
    assert len(said.document["postponed"]) == _statuses(lent)["pending"]


def test_a_letter_without_an_address(lent: Cli, tmp_path: Path) -> None:
    """Who has no address gets no letter: it has failed for good, the others are sent."""
    text = (EXAMPLES / "host.toml").read_text(encoding="utf-8")
    (tmp_path / "host.toml").write_text(text.replace("ill@pingjiang.example.cn", ""), encoding="utf-8")
    said = lent("mail", "--host", "host.toml", "--at", END, "--json")

    assert said.code == 1
    assert said.document["sent"]
    assert len(said.document["failed"]) == _statuses(lent)["failed"]


def test_the_outbox_is_shown(lent: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--list`` shows the outbox and sends nothing; it does without the host's facts."""
    monkeypatch.delenv("SERVFLOW_HOST")
    said, plain = lent("mail", "--list"), lent("mail", "--list", "--json")

    assert said.code == plain.code == 0
    assert LOAN in said.out
    assert all(
        {"message", "status", "attempts", "changed_at"} <= set(outgoing) for outgoing in plain.document
    )
    assert not (tmp_path / "mail").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--smtp", "localhost:0"),
        ("--smtp", "localhost:99999"),
        ("--smtp", "localhost:smtp"),
        ("--smtp", "localhost:"),
        ("--smtp", ":25"),
        ("--smtp", "localhost", "--maildir", "mail"),
        ("--at", "2026-03-20"),
    ],
)
def test_mail_wrong_usage(lent: Cli, arguments: tuple[str, ...]) -> None:
    """What names no way for the mail, or two, is wrong usage; nothing is sent."""
    assert lent("mail", *arguments).code == 2
    assert "sent" not in _statuses(lent)


def test_mail_needs_to_know_who_writes(lent: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the host's facts no letter can be written: wrong usage."""
    monkeypatch.delenv("SERVFLOW_HOST")

    assert lent("mail").code == 2
