"""A real mail server on the loopback, in a process of its own that can be killed and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from contextlib import suppress
from email import message_from_bytes
from pathlib import Path
from shutil import rmtree
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from aiosmtpd.smtp import SMTP, Envelope

__all__ = ["MailServer", "Taken"]

_LIFE: Final = 900  # seconds after which a server ends by itself, whatever became of its parent


class Taken(NamedTuple):
    """A letter for which the server took responsibility."""

    message_id: str
    recipient: str


class _Answers:
    """What the server does: it writes down what it takes before it says so."""

    def __init__(self, log: int, mood: Path) -> None:
        self._log = log
        self._mood = mood

    @property
    def mood(self) -> str:
        """What it is told to do, at this moment."""
        return self._mood.read_text()

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        mood = self.mood
        if address.startswith("refused") and "550" in mood:
            return "550 no such user here"
        if address.startswith("later") and "451" in mood:
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        mood = self.mood
        if "dropping" in mood:  # all of it has come, none of it was taken
            os.kill(os.getpid(), signal.SIGKILL)
        assert isinstance(envelope.content, bytes)
        message_id = message_from_bytes(envelope.content)["Message-ID"].strip()
        os.write(self._log, f"{message_id} {envelope.rcpt_tos[0]}\n".encode())
        if "forgetful" in mood:  # taken, and nobody heard it
            os.kill(os.getpid(), signal.SIGKILL)
        if "slow" in mood:
            await asyncio.sleep(1)
        return "250 taken"


class _Session(SMTP):
    def __init__(self, answers: _Answers, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(answers, hostname="localhost", loop=loop)
        self._answers = answers

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if "dying" in self._answers.mood:
            await self.push("354 go on")
            await asyncio.sleep(0.01)  # some of it has come
            os.kill(os.getpid(), signal.SIGKILL)
        await super().smtp_DATA(arg)


class MailServer:
    """The server on one port, for as long as the block lasts; ``moods`` are words that it looks at.

    ``550`` and ``451``: so answered are those who are called refused, and later. ``slow``: it answers
    late. ``dying``: it dies while a letter comes; ``dropping``: when all of it has come; ``forgetful``:
    when it has taken it and before it says so.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="servflow-mail-"))
        self._log = self._folder / "taken"
        self._log.touch()
        self._moods = self._folder / "moods"
        self.moods("")
        self._pid = 0
        # Kept by us, so that the port stays ours while the server is down.
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._kept.bind(("127.0.0.1", 0))
        self.port: int = self._kept.getsockname()[1]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _k: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.kill()
        self._kept.close()
        rmtree(self._folder)

    def moods(self, words: str) -> None:
        """From now on it behaves so."""
        new = self._moods.with_suffix(".new")
        new.write_text(words)
        new.replace(self._moods)

    def start(self) -> None:
        """Run; it is there once it answers, or was, where it has died since."""
        self._pid = os.fork()
        if not self._pid:
            try:
                signal.alarm(_LIFE)
                self._serve()
            finally:
                os._exit(1)
        deadline = monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if os.waitpid(self._pid, os.WNOHANG)[0]:  # over a letter already
                self._pid = 0
                return
            if monotonic() > deadline:
                raise TimeoutError("the mail server did not come up")
            sleep(0.01)

    def _serve(self) -> None:
        log = os.open(self._log, os.O_WRONLY | os.O_APPEND)
        loop = asyncio.new_event_loop()
        answers = _Answers(log, self._moods)

        def session() -> SMTP:
            return _Session(answers, loop)

        loop.run_until_complete(loop.create_server(session, "127.0.0.1", self.port, reuse_port=True))
        loop.run_forever()

    def kill(self) -> None:
        """Gone at once, if it is still there."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)  # ours until it was waited for
            os.waitpid(self._pid, 0)
            self._pid = 0

    def revive(self) -> None:
        """Run again, if it has died or was killed."""
        if self._pid and os.waitpid(self._pid, os.WNOHANG)[0]:
            self._pid = 0
        if not self._pid:
            self.start()

    def taken(self) -> list[Taken]:
        """All that it ever took, in that order."""
        return [Taken(*line.split(" ", 1)) for line in self._log.read_text().splitlines()]
